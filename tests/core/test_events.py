"""What a link reports: tuples that `match` takes apart, and a trace that may be silent."""

import pytest

from chatlib.errors import RemoteProtocolError
from chatlib.protocol.events import (
    Event,
    Failed,
    Greeted,
    Handled,
    Left,
    Lost,
    Opened,
    Played,
    Said,
    silent,
)
from chatlib.protocol.frames import Hello, Mode, Reason

ID = bytes(16)


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name)
@pytest.mark.parametrize(("seen", "is_new"), [(0, True), (1, False), (7, False)])
def test_a_hello_whose_sender_has_shown_no_message_may_begin_a_talk(
    mode: Mode, seen: int, is_new: bool
) -> None:
    """Whatever mode it wishes: the server decides."""
    assert Greeted(Hello(ID, mode, "Ann"), seen).is_new is is_new


ERROR = RemoteProtocolError("TEXT 2 out of turn")
HELLO = Hello(ID, Mode.FREE, "Ann")


def take_apart(event: Event) -> tuple[object, ...]:
    """Return the parts of an event, as `match` sees them."""
    match event:
        case Greeted(hello, seen):
            return hello, seen
        case Opened(hello):
            return (hello,)
        case Said(number, texts):
            return number, texts
        case Played(number, words):
            return number, words
        case Left(reason, text):
            return reason, text
        case Lost(detail):
            return (detail,)
        case Failed(error):
            return (error,)
        case Handled(count):
            return (count,)


@pytest.mark.parametrize(
    ("event", "parts"),
    [
        (Greeted(HELLO, 3), (HELLO, 3)),
        (Opened(HELLO), (HELLO,)),
        (Said(2, ["one", "two"]), (2, ["one", "two"])),
        (Played(3, "move 5"), (3, "move 5")),
        (Left(Reason.QUIT, "see you"), (Reason.QUIT, "see you")),
        (Lost("nothing was heard for 20 s"), ("nothing was heard for 20 s",)),
        (Failed(ERROR), (ERROR,)),
        (Handled(16), (16,)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_event_is_told_apart_by_its_class_and_has_its_parts_in_order(
    event: Event, parts: tuple[object, ...]
) -> None:
    """Each of the seven; each is true, so that `while event := ...` sees them all."""
    assert take_apart(event) == parts
    assert event


@pytest.mark.parametrize("raw", [(), (b"\0",)], ids=["no bytes", "a byte"])
def test_a_silent_trace_takes_what_a_frame_log_takes(
    raw: tuple[bytes, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    """A sign, a thing, and its bytes where it has some; it writes nothing anywhere."""
    silent("=", "OPEN", *raw)
    assert capfd.readouterr() == ("", "")
