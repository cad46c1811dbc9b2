"""Prompts at the end of a text, by a profile's regular expression."""

import pytest

from harness.referee.prompts import REACH, count, remove

DEFAULT = r"> *\n?"
"""The pattern of a profile that has none of its own."""


@pytest.mark.parametrize(
    ("prompt", "text", "number", "rest"),
    [
        pytest.param(DEFAULT, "hello\n> ", 1, "hello", id="one"),
        pytest.param(DEFAULT, "hello\n> > ", 2, "hello", id="two-on-a-line"),
        pytest.param(DEFAULT, "hello\n>\n>\n", 2, "hello", id="two-lines"),
        pytest.param(DEFAULT, "> hello\n", 0, "> hello", id="only-before"),
        pytest.param(DEFAULT, "hello", 0, "hello", id="none"),
        pytest.param("", "hello\n> ", 0, "hello\n>", id="no-pattern"),
        pytest.param(r"x*", "hello\n", 0, "hello", id="empty-match"),
        pytest.param(r"Your turn: ", "a\nYour turn: \n", 1, "a", id="blanks-behind"),
        pytest.param("a+", "b" + "a" * 3, 3, "b", id="shortest-match-counts"),
    ],
)
def test_prompts_are_counted_and_removed(
    prompt: str, text: str, number: int, rest: str
) -> None:
    """Those at the end alone: one with an answer behind it waits no more."""
    assert count(prompt, text) == number
    assert remove(prompt, text) == rest


def test_a_prompt_is_looked_for_near_the_end_only() -> None:
    """A pattern that could match a whole screen costs no time."""
    assert count(f"x{{{REACH}}}", "x" * REACH) == 1
    assert count(f"x{{{REACH + 1}}}", "x" * (REACH + 1)) == 0
