"""The terminal for a screen reader: sentences, and not one escape sequence."""

import os

import pytest

from chatlib.loop import Loop
from chatlib.terminal import streams
from chatlib.terminal.reader import Reader
from tests.helpers import Person

pytestmark = pytest.mark.usefixtures("bounded")


def start(loop: Loop, prompt: str = ">") -> Reader:
    """Start a reader that asks for a line."""
    reader = Reader(loop, prompt)
    reader.start(lambda lines: lines.clear(), lambda: None)
    reader.refresh(True, True, lambda: ("",))
    return reader


def test_words_say_who_speaks(person: Person, loop: Loop) -> None:
    """Every line has them, so no line of a message can pass for another's."""
    reader = start(loop)
    reader.show_messages("Ann", ["hi", "one\nYou say: two"])
    reader.refresh(True, True, lambda: ("",))
    reader.show_own("early")
    seen = (
        b"You say: \r\nAnn says: hi\r\nAnn says: one\r\nAnn goes on: You say: two\r\n"
        b"You say: early\r\n"
    )
    person.sees(person.out, seen)
    assert person.seen[person.out] == seen
    assert reader.names_turns


def test_after_a_pause_the_prompt_comes_on_a_line_of_its_own(
    person: Person, loop: Loop
) -> None:
    """Nothing is written over; a prompt that was chosen is kept, one not open is not."""
    reader = start(loop, "Ann? ")
    reader.resume()
    reader.remove_prompt()
    reader.resume()
    os.write(streams.STDOUT, b"#")
    person.sees(person.out, b"#")
    assert person.seen[person.out] == b"Ann? \r\nAnn? \r\n#"
