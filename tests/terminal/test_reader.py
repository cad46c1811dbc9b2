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


def test_a_message_is_not_appended_to_what_is_being_typed(
    person: Person, loop: Loop
) -> None:
    """Also where no prompt is open, as in the other side's turn."""
    reader = start(loop)
    reader.remove_prompt()
    person.sees(person.out, b"You say: \r\n")
    os.write(person.keyboard, b"half a li")
    person.sees(person.out, b"half a li")
    reader.show_messages("Ann", ["hi"])
    person.sees(person.out, b"Ann says: hi\r\n")
    assert person.seen[person.out].endswith(b"half a li\r\nAnn says: hi\r\n")


def test_no_escape_sequence_is_written_whatever_happens(person: Person, loop: Loop) -> None:
    """Nor any other control but the ends of lines: what is appended can be spoken."""
    reader = start(loop)
    reader.show("a \x1b[31m banner\a")
    reader.show_messages("Ann\x1b[A", ["\x1b]0;title\a", "one\ntwo\rthree\x9b2J"])
    reader.show_board(["row 1: X, empty", "row 2:\x1b[K"], 1)
    reader.notify("lost \x1b[2J")
    reader.show_pending("later\x08", "Ann is away")
    reader.refuse("Too long", "\x1b[1m" * 3)
    reader.ask("Your word: ")
    reader.return_text("back\x1b")
    reader.ask("")
    reader.resume()
    reader.refresh(True, True, lambda: ("status",))
    reader.show_own("early")
    reader.discard_typed()
    reader.close()
    os.write(streams.STDOUT, b"#")
    person.sees(person.out, b"#")
    seen = person.seen[person.out] + person.seen[person.err]
    controls = {each for each in seen.decode() if not each.isprintable()}
    assert controls <= {"\r", "\n"}, seen


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
