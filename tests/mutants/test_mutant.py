"""A mutant finds its code by the function and the code alone, and exactly once."""

import pytest

from tests.mutants.mutant import Mutant, MutantError

SOURCE = '''
"""A module."""

LIMIT = 3


class Counter:
    """Count up to a limit."""

    step = 1

    def count(self, number: int) -> int:
        """Return the next number."""
        # One more, unless that is over the limit.
        if number < LIMIT:
            number += 1
            self.note("up")
        else:
            number = 0
        self.note("done")
        return number

    def note(self, text: str) -> None:
        """Print a text."""
        print(text)


def twice(number: int) -> int:
    """Return twice the number."""

    def one() -> int:
        return number

    return one() + one()
'''

BRANCHES = "if number < LIMIT:\n    number += 1\n    self.note('up')\nelse:\n    number = 0"


def mutate(function: str, *edits: tuple[str, str], source: str = SOURCE) -> str:
    """Return the source with some edits in one function."""
    return Mutant("a mistake", function, *edits).apply(source, "counter.py")


def body(text: str, start: str, end: str) -> str:
    """Return what stands between two texts, without the indentation."""
    lines = text.split(start)[1].split(end)[0].splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def count(*edits: tuple[str, str]) -> str:
    """Return the changed statements of `Counter.count`."""
    return body(mutate("Counter.count", *edits), 'next number."""', "def note")


def test_an_expression_is_replaced() -> None:
    """Wherever in a statement it stands."""
    assert "if number <= LIMIT:" in count(("number < LIMIT", "number <= LIMIT"))


def test_a_statement_is_replaced() -> None:
    """By one or more."""
    changed = count(("number = 0", "number = 1; self.note('again')"))
    assert "else:\nnumber = 1\nself.note('again')" in changed


def test_an_empty_text_removes_a_statement() -> None:
    """A body that would be empty gets a `pass`."""
    assert "else:\npass" in count(("number = 0", ""))


def test_statements_in_a_row_are_replaced() -> None:
    """In another order, for instance."""
    changed = count(("self.note('done')\nreturn number", "return number"))
    assert changed.endswith("number = 0\nreturn number")


def test_an_open_body_matches_any_body_and_is_kept() -> None:
    """The `else` behind it, too."""
    changed = count(("if number < LIMIT: ...", "if True: ..."))
    assert changed.startswith("if True:\nnumber += 1")
    assert "else:\nnumber = 0" in changed


def test_an_open_body_can_be_removed() -> None:
    """With the statement that it belongs to."""
    assert count(("if number < LIMIT: ...", "")).startswith("pass\nself.note('done')")


def test_open_bodies_are_kept_in_their_order() -> None:
    """Each body of the wrong code is filled by the next one of the right code."""
    right = "if number < LIMIT: ...\nelse: ..."
    assert count((right, "if number > LIMIT: ...\nelse: ...")).startswith(
        BRANCHES.replace("<", ">").replace("    ", "")
    )


def test_several_edits_are_made_one_after_the_other() -> None:
    """A mistake may need more than one."""
    changed = count(("number += 1", "number += 2"), ("number = 0", "number = 2"))
    assert "number += 2" in changed and "number = 2" in changed


def test_the_module_itself_is_named_by_an_empty_name() -> None:
    """Its functions and classes are not searched then."""
    assert "LIMIT = 4" in mutate("", ("LIMIT = 3", "LIMIT = 4"))
    with pytest.raises(
        MutantError, match="outside of functions and classes: found 0 times"
    ):
        mutate("", ("number < LIMIT", "True"))


def test_a_class_is_named_for_what_stands_in_it() -> None:
    """But in none of its methods."""
    assert "step = 2" in mutate("Counter", ("step = 1", "step = 2"))


def test_a_function_in_a_function_has_a_name_of_its_own() -> None:
    """It is not searched with the function around it."""
    assert "return -number" in mutate("twice.one", ("number", "-number"))
    with pytest.raises(MutantError, match="twice: found 0 times"):
        mutate("twice", ("return number", ""))


def test_another_comment_or_layout_breaks_no_mutant() -> None:
    """Nor do another docstring, other quotes, and brackets."""
    source = SOURCE.replace("One more, unless", "Go on, unless").replace(
        "if number < LIMIT:", "if (  # as long as there is room\n            number<LIMIT):"
    )
    source = source.replace(
        'self.note("up")', "self.note(\n                'up',\n            )"
    )
    source = source.replace("Return the next number.", "Return one more.")
    edit = ("if number < LIMIT:\n    number += 1\n    self.note('up')\nelse: ...", "pass")
    assert "LIMIT:" not in mutate("Counter.count", edit, source=source)


def test_code_that_is_not_there_is_refused() -> None:
    """The error names the file, the function, and the code as it was written."""
    with pytest.raises(MutantError) as caught:
        count(("number > LIMIT", "True"))
    assert str(caught.value) == (
        "counter.py, Counter.count: found 0 times, must be there once: number > LIMIT"
    )


def test_code_that_is_there_twice_is_refused() -> None:
    """With the number of times."""
    with pytest.raises(MutantError, match=r"twice: found 2 times, .* once: one\(\)"):
        mutate("twice", ("one()", "0"))


def test_a_function_that_is_not_there_is_refused() -> None:
    """With its name."""
    with pytest.raises(MutantError, match=r"found 0 functions or classes Counter\.reset"):
        mutate("Counter.reset", ("number", "0"))


def test_an_expression_is_not_removed_out_of_a_statement() -> None:
    """What would be left is no Python: only whole statements can be removed."""
    with pytest.raises(MutantError, match="found 0 times"):
        count(("number < LIMIT", ""))


def test_an_open_body_in_the_wrong_code_needs_one_in_the_right_code() -> None:
    """There would be nothing to fill it with."""
    with pytest.raises(MutantError, match=r"more bodies `\.\.\.`"):
        count(("number = 0", "if number: ..."))
