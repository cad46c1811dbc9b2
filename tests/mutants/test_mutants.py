"""The list of mutants is about the code of today; `make mutants` says what they prove."""

from collections import Counter

import pytest

from harness.stage import ROOT
from tests.mutants.__main__ import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.mistake)
def test_the_text_of_a_mutant_stands_in_its_file_once(mutant: Mutant) -> None:
    """Otherwise it is not known what it would change, and the rest is still Python."""
    text = (ROOT / mutant.file).read_text("utf-8")
    assert text.count(mutant.right) == 1
    assert mutant.wrong != mutant.right
    compile(text.replace(mutant.right, mutant.wrong), mutant.file, "exec")


def test_the_tests_that_are_to_notice_a_mutant_are_there() -> None:
    """A file that was renamed would notice everything, by not being found."""
    for mutant in MUTANTS:
        assert all((ROOT / name).is_file() for name in mutant.tests)


def test_no_mutant_is_there_twice() -> None:
    """Neither its name nor what it does."""
    for count in (
        Counter(mutant.mistake for mutant in MUTANTS),
        Counter((mutant.file, mutant.right, mutant.wrong) for mutant in MUTANTS),
    ):
        assert max(count.values()) == 1
