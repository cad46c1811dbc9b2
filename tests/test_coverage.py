"""Every module of `chatlib` has its own tests; `make coverage` measures what they run."""

import pytest

from harness.stage import ROOT
from tests import coverage


@pytest.mark.parametrize("module", coverage.modules())
def test_a_module_has_a_test_file_of_its_own(module: str) -> None:
    """A stranger knows where to look."""
    assert (ROOT / coverage.test_file(module)).is_file()


def test_every_folder_of_the_product_is_measured() -> None:
    """Also one that is new."""
    found = {path.parent.relative_to(ROOT) for path in (ROOT / "chatlib").rglob("*.py")}
    assert {path.as_posix() for path in found} == set(coverage.FOLDERS)


@pytest.mark.parametrize(
    ("lines", "branches", "text"),
    [
        pytest.param([], [], "", id="nothing"),
        pytest.param([3, 5, 6, 7], [], "3, 5-7", id="lines"),
        pytest.param([], [(3, 5), (8, -1)], "3->5, 8->exit", id="branches"),
        pytest.param([5], [(3, 5), (5, 8)], "5", id="branches of lines that are missing"),
    ],
)
def test_what_is_missing_is_named(
    lines: list[int], branches: list[tuple[int, int]], text: str
) -> None:
    """Lines that never ran, and branches between lines that did."""
    assert coverage.missing(lines, branches) == text


def test_a_module_that_its_tests_cover_is_complete() -> None:
    """Measured with the real tools."""
    assert coverage.measure("chatlib/terminal/visible.py") == (100, "")


def test_a_module_that_its_tests_do_not_run_is_incomplete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Here the tests are those of another module."""
    monkeypatch.setattr(coverage, "test_file", lambda _: "tests/terminal/test_visible.py")
    result = coverage.measure("chatlib/terminal/history.py")
    assert not result.complete
    assert result.detail.startswith("its tests never run it")


def test_an_unknown_module_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the name that is wrong."""
    with pytest.raises(SystemExit):
        coverage.main(["nosuch"])
    assert "there is no module nosuch" in capsys.readouterr().err
