"""`pip install .` installs every package, and the files beside the code."""

import tomllib
from pathlib import Path

from harness.referee.command import FORMATS
from harness.referee.reports import WRITERS
from tests.test_layers import PACKAGES

ROOT = Path(__file__).parent.parent.parent

SETUP = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]


def test_every_package_is_installed() -> None:
    """So that the programs also start outside of the project's folder."""
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for package in PACKAGES
        for path in (ROOT / package).rglob("__init__.py")
    }
    assert set(SETUP["packages"]) == found


def test_every_file_beside_the_code_is_installed() -> None:
    """The rubric, and the parts of the page."""
    given = {
        ROOT.joinpath(*package.split("."), name)
        for package, names in SETUP["package-data"].items()
        for name in names
    }
    beside = {
        path
        for path in (ROOT / "harness" / "referee").rglob("*.*")
        if path.suffix not in (".py", ".pyc")
    }
    assert given == beside


def test_every_report_has_its_option() -> None:
    """The command line lists them by hand, because it must not import them."""
    assert set(FORMATS) == set(WRITERS)
