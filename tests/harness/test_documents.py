"""The documentation is true: what the programs made is what they make today."""

from pathlib import Path

import pytest

from harness.documents import CLASS, PAGES, renew
from harness.referee.reports import record
from harness.stage import ROOT


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_shows_what_the_programs_do_today(page: Path) -> None:
    """Where it does not, `make docs` was not run."""
    text = page.read_text("utf-8")
    assert renew(text) == text


def test_a_page_that_differs_is_noticed() -> None:
    """Text that was edited by hand between two markers is replaced."""
    page = "<!-- made by `make docs`: help chatd --version -->\nold\n<!-- end -->\n"
    assert "old" not in renew(page)
    assert "chatd " in renew(page)


def test_every_link_to_a_file_leads_to_one() -> None:
    """In every page that is made, and in CONTRIBUTING.md."""
    import re

    for page in (*PAGES, ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_class_that_is_kept_has_no_default_in_it() -> None:
    """A reader of its history sees findings, and no field that has its default."""
    text = CLASS.read_text("utf-8")
    assert record.render_short(record.read(text)) == text
    assert text.count("\n") < 400
