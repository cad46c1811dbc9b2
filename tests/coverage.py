"""`make coverage`: is every module of `chatlib` covered completely by its own tests?

A module and its test file are read together, so the test file alone has to run every line
and every branch: what other tests run by chance is not counted. Nor is what a program does
that a test starts: a module that is tested mainly so is named, and not measured.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from harness.stage import ROOT

FOLDERS = {
    "chatlib": "tests/core",
    "chatlib/protocol": "tests/core",
    "chatlib/terminal": "tests/terminal",
    "chatlib/games": "tests/games",
}
"""Where the tests of a folder's modules are."""

TOGETHER = 2
"""How many modules are measured at a time."""


class Result(NamedTuple):
    """What was found out about one module."""

    percent: float
    detail: str

    @property
    def complete(self) -> bool:
        """Whether all tests have passed and nothing is missing."""
        return not self.detail


def modules() -> list[str]:
    """Return the files of `chatlib`'s modules; `__init__` files have only a docstring."""
    return [
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in sorted((ROOT / folder).glob("*.py"))
        if path.stem != "__init__"
    ]


def test_file(module: str) -> str:
    """Return where the tests of a module are, whether there are any or not."""
    path = Path(module)
    return f"{FOLDERS[path.parent.as_posix()]}/test_{path.stem}.py"


def measure(module: str) -> Result:
    """Run a module's own tests and return what they cover of it."""
    if not (ROOT / test_file(module)).is_file():
        return Result(0, f"no {test_file(module)}")
    pytest = ("-m", "pytest", "-q", "-p", "no:cacheprovider", test_file(module))
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        tests = _coverage(folder, "run", f"--include={module}", *pytest)
        if tests.returncode:
            return Result(0, f"its tests fail: {tests.stdout.strip().splitlines()[-1]}")
        report = _coverage(folder, "json", "-o", "-")
    if report.returncode:
        return Result(0, "its tests never run it, or only in another process")
    covered = json.loads(report.stdout)["files"][module]
    return Result(
        covered["summary"]["percent_covered"],
        missing(covered["missing_lines"], covered["missing_branches"]),
    )


def _coverage(folder: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "coverage", *arguments],
        cwd=ROOT,
        env={**os.environ, "COVERAGE_FILE": f"{folder}/data"},
        capture_output=True,
        text=True,
    )


def missing(lines: list[int], branches: list[tuple[int, int]]) -> str:
    """Return the lines that never ran, and the branches between lines that did."""
    runs = [
        [line for _, line in run]
        for _, run in groupby(enumerate(lines), lambda pair: pair[1] - pair[0])
    ]
    parts = [f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]
    for start, end in branches:
        if start not in lines and end not in lines:
            parts.append(f"{start}->{'exit' if end < 0 else end}")
    return ", ".join(parts)


def main(arguments: list[str]) -> int:
    """Measure these modules, or all; return 1 when one is not covered completely."""
    parser = argparse.ArgumentParser("tests.coverage", description="Measure coverage.")
    parser.add_argument("modules", nargs="*", help="as in `reader link`; else all")
    wanted = set(parser.parse_args(arguments).modules)
    unknown = wanted - {Path(module).stem for module in modules()}
    if unknown:
        parser.error(f"there is no module {', '.join(sorted(unknown))}")
    measured = [name for name in modules() if not wanted or Path(name).stem in wanted]
    with ThreadPoolExecutor(TOGETHER) as pool:
        results = []
        for module, result in zip(measured, pool.map(measure, measured), strict=True):
            print(f"{result.percent:5.1f} %  {module:30} {result.detail}", flush=True)
            results.append(result)
    incomplete = sum(not result.complete for result in results)
    print(f"{len(results) - incomplete} of {len(results)} modules are covered completely")
    return 1 if incomplete else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
