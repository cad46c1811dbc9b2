"""`make bench`: measure ours and others side by side, print Markdown, judge the limits.

    python -m tests.bench [--quick] [--suite NAMES] [--rounds N] [--json FILE]
    python -m tests.bench --from-json FILE [--suite NAMES]

All that is to be compared is measured in turn, round after round: A B C A B C. Tables go
to stdout, progress to stderr. Exit codes: 1 a figure missed its limit, 2 wrong call,
3 something could not be measured.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import CalledProcessError

from tests.bench import limits, table
from tests.bench.codec import Wrong
from tests.bench.pairs import Broken
from tests.bench.results import Results
from tests.bench.suites import NAMED, SLOW, SUITES
from tests.bench.table import Scope, Suite

LIMITS = "limits"
"""Names the table of verdicts where suites are named."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, or read what was measured, and print it; 1 when a limit is missed."""
    options = _parser().parse_args(arguments)
    if options.from_json:
        try:
            results = Results.load(options.from_json)
        except (OSError, ValueError) as error:
            return _fail(f"cannot read {options.from_json}: {error}")
        names = options.suite or [*SUITES, LIMITS]
    elif not Path("/proc/self/schedstat").exists():
        return _fail("what a process costs is counted in /proc: this needs Linux")
    else:
        unasked = {*NAMED, *(SLOW if options.quick else ())}
        names = options.suite or [each for each in (*SUITES, LIMITS) if each not in unasked]
        try:
            results = measure(names, options.quick, options.rounds, options.before)
        except (Broken, Wrong, CalledProcessError) as error:
            return _fail(str(error), 3)
        if options.json:
            results.save(options.json)
    return report(results, names)


def report(results: Results, names: Sequence[str]) -> int:
    """Print what was asked for; 1 when a figure of it has missed its limit."""
    about = [f"{key}: {value}" for key, value in results.about.items()]
    print("; ".join(about), end="\n\n")
    for name in names:
        if results.names(name):
            print(table.show(results, SUITES[name]))
    verdicts = [
        each
        for each in limits.judge(results)
        if {each.limit.figure.suite, LIMITS} & {*names}
    ]
    if LIMITS in names:
        print(limits.show(results))
    missed = [each for each in verdicts if not each.kept]
    for verdict in missed:
        found = f"{verdict.found.median:.3g}, must be {verdict.limit.bounds}"
        print(f"bench: {verdict.limit.what}: {found}", file=sys.stderr)
    return 1 if missed else 0


def measure(
    names: Sequence[str],
    quick: bool,
    rounds: int | None,
    before: Path | None = None,
) -> Results:
    """Run the suites that are named.

    Side effect: what is started from here on keeps what it compiles. Where the environment
    forbids that, each start would compile all of the program anew.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    results = Results(_about(quick))
    for name in names:
        if name != LIMITS:
            run(SUITES[name], results, quick, rounds, before)
    return results


def run(
    suite: Suite,
    results: Results,
    quick: bool,
    rounds: int | None = None,
    before: Path | None = None,
) -> None:
    """Measure one suite, in interleaved rounds, and keep all samples."""
    from rich.console import Console
    from rich.progress import Progress

    rounds = rounds or (suite.quick_rounds if quick else suite.rounds)
    with Progress(console=Console(stderr=True)) as progress:
        scope = Scope(quick, progress.console.print, before)
        task = progress.add_task(f"{suite.name:10}", total=None)
        with suite.jobs(scope) as jobs:
            progress.update(task, total=rounds * len(jobs))
            for _ in range(rounds):
                for job in jobs:
                    for sample in job():
                        results.add(suite.name, sample)
                    progress.advance(task)


def _about(quick: bool) -> dict[str, str]:
    """Return what must be known to compare with another run."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "Python": platform.python_version(),
        "kernel": platform.release(),
        "CPUs": str(len(os.sched_getaffinity(0))),
        "rounds": "quick" if quick else "full",
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("make bench", description="Measure side by side.")
    parser.add_argument("--quick", action="store_true", help="less of all, under 2 minutes")
    parser.add_argument(
        "--suite",
        type=_names,
        metavar="NAMES",
        help=f"some of: {','.join([*SUITES, LIMITS])}",
    )
    parser.add_argument("--rounds", type=_count, metavar="N", help="so many rounds of each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep every sample there")
    parser.add_argument(
        "--before", type=Path, metavar="DIR", help="an older checkout, for suite 'versions'"
    )
    parser.add_argument(
        "--from-json", type=Path, metavar="FILE", help="print the tables of a kept run"
    )
    return parser


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SUITES and name != LIMITS:
            raise argparse.ArgumentTypeError(f"there is no suite {name!r}")
    return names


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rounds, at least 1")
    return int(text)


def _fail(sentence: str, code: int = 2) -> int:
    print(f"bench: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
