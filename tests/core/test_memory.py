"""What one run of a program remembers."""

import sys
import time

import pytest

from chatlib.memory import ENTRY_BYTES, LIMIT_BYTES, Memory

NOON = time.mktime((2026, 3, 1, 12, 0, 5, 0, 0, -1))


def test_lines_are_found_by_all_their_words() -> None:
    """In any order and case; a message that was sent with others is found alone."""
    memory = Memory(lambda: NOON)
    memory.add("you", ["Straße nach Rom", "no"])
    memory.add("Bob", ["Rom", "rom, STRASSE", "Strasse"])
    assert memory.find("rom strasse", 20)[1] == [
        "12:00 you: Straße nach Rom",
        "12:00 Bob: rom, STRASSE",
    ]
    assert memory.find("nothing", 20) == (0, [])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\nrome\nthree", ["one", "  rome", "  three"]),
        ("one\ntwo\nthree\nrome", ["one", "  two", "  three", "  (1 more line)"]),
        ("rome\n\n\n\n\n", ["rome", "  ", "  ", "  (3 more lines)"]),
    ],
)
def test_a_message_of_many_lines_is_shown_from_its_beginning(
    text: str, shown: list[str]
) -> None:
    """Whichever of its lines has the words; beyond the third they are counted."""
    memory = Memory(lambda: NOON)
    memory.add("Bob", ["before", text, "after"])
    count, lines = memory.find("rome", 20)
    assert count == 1
    assert lines == [f"12:00 Bob: {shown[0]}", *shown[1:]]


def test_what_is_no_text_is_remembered_too() -> None:
    """A lone surrogate stands for a typed byte."""
    memory = Memory(lambda: NOON)
    memory.add("you", ["a\udcffb"])
    assert memory.find("a", 20)[1] == ["12:00 you: a?b"]


def test_the_oldest_is_forgotten() -> None:
    """What is kept never takes more than the limit."""
    memory = Memory(lambda: NOON)
    many = LIMIT_BYTES // (1 + ENTRY_BYTES)
    for _ in range(many):
        memory.add("Bob", ["x"])
    assert memory.find("x", 1)[0] == many
    memory.add("Bob", ["y" * 1000])
    assert memory._size <= LIMIT_BYTES
    assert memory.find("y", 1)[0] == 1
    assert 0 < many - memory.find("x", 1)[0] <= 6
    memory.add("Bob", ["z" * LIMIT_BYTES])
    assert (len(memory._entries), memory._size) == (0, 0)


def test_a_time_of_day_is_now_or_later() -> None:
    """In local time."""
    memory = Memory(lambda: NOON)
    assert memory.time_of_day() == "12:00:05"
    assert memory.time_of_day(60) == "12:01:05"


def test_any_number_of_seconds_has_a_time() -> None:
    """--keep, --retry and --wait may be any: the time is shown while they last."""
    memory = Memory(lambda: NOON)
    assert memory.time_of_day(86399) == "12:00:04"
    assert memory.time_of_day(86400) == "2026-03-02 12:00"
    assert memory.time_of_day(1e17) == "you leave"
    assert memory.time_of_day(sys.float_info.max) == "you leave"


def test_what_was_explained_is_not_explained_again() -> None:
    """Each thing for itself."""
    memory = Memory()
    assert [memory.is_first(what) for what in ("a", "b", "a", "b")] == [
        True,
        True,
        False,
        False,
    ]
