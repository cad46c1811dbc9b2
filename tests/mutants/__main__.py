"""`make mutants`: wrong versions of the code, each of which some test must notice.

A test that has never failed proves nothing. Each mutant is one small mistake that
somebody could make, put into a copy of the tree; then the tests near that module run and
must fail. A mutant that survives breaks a promise that no test checks.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.stage import ROOT
from tests.mutants.mutant import Module, Mutant

TREES = ("chatlib", "chatd", "chatc", "harness", "tests", "pyproject.toml")
"""What the tests need of the tree."""

UNWANTED = shutil.ignore_patterns("__pycache__")

PYTEST = (
    *(sys.executable, "-m", "pytest", "-x", "-q"),
    *("-p", "no:cacheprovider"),
    *("-p", "no:hypothesispytest"),  # 0.6 s at every start; `given` does not need it
)
"""How the tests of a mutant are run: up to the first that fails."""

TOGETHER = 2
"""How many mutants are tried at a time."""

SECONDS = 120
"""How long the tests of a mutant may run; one that makes them hang is noticed, too."""


def load() -> dict[str, Module]:
    """Return the mutants of every module, by the name of the file that lists them."""
    modules = {}
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        if path.stem != "mutant" and not path.stem.startswith("test_"):
            module: Module = import_module(f"tests.mutants.{path.stem}").MODULE
            modules[path.stem] = module
    return modules


def survives(module: Module, mutant: Mutant) -> bool:
    """Return whether the tests pass although the mistake is in their copy of the tree."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        _copy_tree(Path(folder))
        path = Path(folder) / module.file
        path.write_text(mutant.apply(path.read_text("utf-8"), module.file), "utf-8")
        tests = mutant.tests or module.tests
        try:
            run = subprocess.run(
                [*PYTEST, *tests], cwd=folder, capture_output=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return False
    if run.returncode not in (0, 1):
        raise RuntimeError(f"{mutant.mistake}: the tests cannot run: {run.stdout.decode()}")
    return run.returncode == 0


def _copy_tree(folder: Path) -> None:
    for name in TREES:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=UNWANTED)
        else:
            shutil.copy(source, target)


def main(arguments: list[str]) -> int:
    """Try the mutants of these modules, or of all; return 1 when one has survived."""
    modules = load()
    parser = argparse.ArgumentParser("tests.mutants", description="Try wrong code.")
    parser.add_argument("modules", nargs="*", help=f"of {', '.join(modules)}; else all")
    parser.add_argument("--only", default="", help="mutants with these words in them")
    options = parser.parse_args(arguments)
    unknown = set(options.modules) - set(modules)
    if unknown:
        parser.error(f"no mutants of {', '.join(sorted(unknown))}")
    tried = [
        (module, mutant)
        for name, module in modules.items()
        for mutant in module.mutants
        if name in (options.modules or modules) and options.only in mutant.mistake
    ]
    with ThreadPoolExecutor(TOGETHER) as pool:
        survived = list(pool.map(lambda pair: survives(*pair), tried))
    table = Table("mistake", "where", "noticed")
    for (module, mutant), alive in zip(tried, survived, strict=True):
        where = f"{module.file} {mutant.function}"
        table.add_row(mutant.mistake, where, "[bold red]no" if alive else "yes")
    console = Console()
    console.print(table)
    console.print(f"{survived.count(False)} of {len(tried)} mutants noticed")
    return 1 if any(survived) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
