"""What becomes of a typed line that is a message: sent, kept for later, given back.

Two chats over a real connection, as in `tests/talks.py`.
"""

from collections import deque

import pytest

from chatlib.errors import ScreenClosedError
from chatlib.loop import Loop
from chatlib.outbox import DRAFTS_LIMIT
from chatlib.protocol.events import Greeted, Said
from chatlib.protocol.frames import TEXT_LIMIT, Mode
from chatlib.protocol.link import State
from chatlib.protocol.session import WINDOW
from harness import wire
from tests.helpers import (
    Clock,
    events_of,
    make_client,
    make_server,
    socket_pair,
    until,
)
from tests.talks import HINTS, Person, Talk, edited, fail_to_show, start_game

# Messages.


def test_a_message_over_the_limit_is_given_back(talk: Talk) -> None:
    """Nothing was sent, and it is still our turn."""
    text = "ü" * 16385
    talk.client.types(text)
    assert talk.client.notes.news() == [
        f"refuse Not sent, the message is 32770 bytes long, the limit is 32768: {text}",
        "ask",
    ]
    assert talk.client.session.has_turn()


def test_a_pipe_with_a_line_over_the_limit_ends_with_1(pipes: Talk) -> None:
    """A person could mend it; a script sees only the exit code."""
    pipes.client.types("x" * 32769, "/q")
    pipes.until_over()
    assert [person.ends for person in pipes.people] == [[(1, True)], [(0, False)]]


# Drafts: lines that were typed before they could be sent.


def test_a_draft_over_the_limit_is_given_back_when_its_turn_comes(talk: Talk) -> None:
    """The next draft is sent in its place."""
    text = "x" * 32769
    talk.server.types(text, "short")
    talk.server.notes.news()
    talk.client.types("Hello")
    talk.until(lambda: talk.client.notes.asking)
    assert talk.server.notes.news() == [
        "show Hello",
        *HINTS,
        f"echo {text}",
        f"refuse Not sent, the message is 32769 bytes long, the limit is 32768: {text}",
        "echo short",
    ]
    assert talk.client.notes.news() == ["show short", "ask"]


def test_a_draft_that_cannot_be_sent_is_given_back_with_the_reason(loop: Loop) -> None:
    """Also when `/q` was typed after it: the goodbye is not the reason."""
    person, text = Person(loop), "x" * (TEXT_LIMIT + 1)
    near, far = socket_pair()
    person.connect(near, make_client())
    person.chat.set_connection(person.connection)
    person.types("early", text, "/q")
    person.notes.news()
    server = make_server(mode=Mode.FREE)
    server.receive_data(far.recv(65536))
    assert isinstance(server.next_event(), Greeted)
    server.welcome()
    far.sendall(server.data_to_send())
    until(loop, lambda: person.connection.link.state is State.CLOSING)
    refused = [note for note in person.notes.news() if note.startswith("refuse")]
    assert refused == [
        f"refuse Not sent, the message is 32769 bytes long, the limit is 32768: {text}"
    ]
    person.connection.close()
    far.close()


def test_in_turns_one_draft_is_sent_each_turn(talk: Talk) -> None:
    """In their order, each shown at the prompt when it is sent."""
    talk.server.types("one", "two")
    assert talk.server.notes.news() == [
        "notify Kept for later, because it is not your turn: one",
        "notify Kept for later, because it is not your turn: two",
    ]
    talk.client.types("Hello")
    talk.until(lambda: talk.client.notes.asking)
    assert talk.server.notes.news() == ["show Hello", *HINTS, "echo one"]
    talk.client.types("Go on")
    talk.until(lambda: talk.client.notes.asking)
    assert talk.server.notes.news() == ["show Go on", "echo two"]
    assert talk.client.notes.news() == ["show one", "ask", "show two", "ask"]


def test_in_free_talk_drafts_are_sent_one_after_the_other_each_echoed(loop: Loop) -> None:
    """Those of `/say` too: a slash in front does not make a draft a command."""
    client, server = Person(loop), Person(loop)
    client.types("one", "/say /q", "//help", "two")
    client.notes.news()
    near, far = socket_pair()
    server.connect(far, make_server(mode=Mode.FREE))
    client.connect(near, make_client())
    until(loop, lambda: server.session.received == 4)
    texts = ["one", "/q", "/help", "two"]
    assert client.notes.news() == [
        "show Connected",
        *HINTS,
        *(f"echo {text}" for text in texts),
        "ask",
    ]
    assert server.shown() == texts


def test_more_than_256_drafts_are_given_back(talk: Talk) -> None:
    """The keyboard is still read, so `/q` works."""
    for number in range(DRAFTS_LIMIT):
        talk.server.types(str(number))
    talk.server.notes.news()
    talk.server.types("one too many")
    assert talk.server.notes.news() == [
        f"refuse Not kept, {DRAFTS_LIMIT} lines wait already: one too many"
    ]
    assert talk.server.notes.accepting
    talk.server.types("/q")
    talk.until_over()
    assert talk.server.ends == [(0, True)]


def test_drafts_that_were_never_sent_are_listed_at_the_end(talk: Talk) -> None:
    """No line that was typed is lost in silence."""
    talk.server.types("too early")
    talk.client.types("/q")
    talk.until_over()
    assert talk.server.notes.news()[-1] == "notify Never sent: too early"


def test_no_line_overtakes_a_draft(talk: Talk) -> None:
    """Not even in the moment in which its turn has come."""
    talk.server.types("early")
    link = talk.server.connection.link
    link.receive_data(wire.text(1, "now you"))
    assert [type(event) for event in events_of(link)] == [Said]
    assert talk.server.session.has_turn()
    talk.server.types("late")
    assert talk.server.session.unacknowledged == {1: "early"}


# Many lines at once.


LEFT_OUT = {
    "a command": "/q",
    "a text with /say": "/say x",
    "a text with //": "//x",
    "an empty line": "",
    "a line over the limit": "x" * 32769,
    "a line that is no UTF-8": "\ud800",
}


@pytest.mark.parametrize("other", LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_run_of_lines_stops_before_one_that_is_no_message(
    pipes: Talk, other: str
) -> None:
    """The messages before it are sent together; it is one line of its own then."""
    assert pipes.client.pastes("one", "two", other, "three") == 2
    assert pipes.client.pastes(other, "three") == 1
    assert pipes.client.session.farewell or pipes.client.pastes("three") == 1
    pipes.until(lambda: not pipes.client.session.kept)
    shown = pipes.server.shown()
    assert shown[:2] == ["one", "two"]
    assert shown[2:] == {"/q": [], "/say x": ["x", "three"], "//x": ["/x", "three"]}.get(
        other, ["three"]
    )


def test_a_run_of_lines_stops_before_a_move_of_the_game_that_is_on(pipes: Talk) -> None:
    """After the game the same line is a message like any other."""
    start_game(pipes)
    assert pipes.client.pastes("hello", "a word", "5", "more") == 2
    assert pipes.client.pastes("5", "more") == 1
    assert pipes.client.pastes("more") == 1
    sent = pipes.client.session.unacknowledged
    assert [*sent.values()] == ["hello", "a word", "more"]
    pipes.client.types("/resign")
    assert pipes.client.pastes("5", "more") == 2


def test_in_turns_a_run_of_lines_is_one_line(talk: Talk) -> None:
    """The next one is kept until its turn comes."""
    assert talk.client.pastes("one", "two") == 1
    assert talk.client.pastes("two") == 1
    assert "notify Kept for later, because it is not your turn: two" in (
        talk.client.notes.news()
    )


def test_in_free_talk_a_pipe_is_read_until_the_window_is_full(pipes: Talk) -> None:
    """Then it waits for ACKs: a peer that does not read costs no memory."""
    for number in range(WINDOW):
        assert pipes.client.notes.accepting
        pipes.client.types(f"line {number}")
    assert not pipes.client.notes.accepting
    pipes.until(lambda: pipes.client.notes.accepting)
    pipes.client.chat.input_ended()
    pipes.until_over()
    assert pipes.client.ends == [(0, True)]
    assert pipes.server.shown() == [f"line {number}" for number in range(WINDOW)]


def test_a_run_of_lines_stops_when_the_window_is_full(pipes: Talk) -> None:
    """No line is taken that could only be kept; ACKs let the next ones through."""
    lines = [f"line {number}" for number in range(WINDOW + 10)]
    assert pipes.client.pastes(*lines) == WINDOW
    assert not pipes.client.notes.accepting
    pipes.until(lambda: pipes.client.notes.accepting)
    assert pipes.client.pastes(*lines[WINDOW:]) == 10
    pipes.client.chat.input_ended()
    pipes.until_over()
    assert pipes.server.shown() == lines
    assert pipes.client.notes.news()[-1].endswith(f"{WINDOW + 10} messages were delivered.")


def test_before_the_talk_and_after_a_goodbye_lines_are_taken_one_by_one(
    loop: Loop, pipes: Talk
) -> None:
    """Each is kept or given back, with its reason."""
    early = Person(loop, interactive=False)
    assert early.pastes("one", "two") == 1
    assert early.notes.news() == [
        "notify Kept for later, because there is nobody here yet: one"
    ]
    pipes.client.types("/q")
    assert pipes.client.pastes("one", "two") == 1
    assert pipes.client.notes.news()[-1] == "refuse Not sent, you have left: one"
    pipes.until_over()


def test_lines_that_were_sent_are_taken_off_before_anything_can_fail(
    free: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen that is closed at that moment gets no line sent twice."""

    def fail(*_: object) -> None:
        raise ScreenClosedError("closed")

    monkeypatch.setattr(free.server.notes, "refresh", fail)
    lines = deque(["one", "two"])
    with pytest.raises(ScreenClosedError):
        free.server.chat.typed(lines)
    assert not lines


def test_of_many_messages_none_is_acknowledged_before_all_are_shown(pipes: Talk) -> None:
    """When the screen fails at one of them, the peer sends all of them again."""
    fail_to_show(pipes.server)
    assert pipes.client.pastes("one", "two", "three") == 3
    with pytest.raises(RuntimeError):
        pipes.until(lambda: False)
    assert pipes.server.session.shown == 0


def test_many_messages_in_one_read_are_shown_in_order_and_acknowledged_once(
    loop: Loop,
) -> None:
    """The peer, a bare socket, reads a single ACK with the number of the last."""
    person = Person(loop)
    near, far = socket_pair()
    person.connect(near, make_server(mode=Mode.FREE))
    far.sendall(wire.hello())
    until(loop, lambda: not person.chat.is_free)
    assert wire.receive(far)[0] == wire.HELLO
    texts = [f"line {number}" for number in range(1, 301)]
    far.sendall(b"".join(wire.text(number, text) for number, text in enumerate(texts, 1)))
    until(loop, lambda: person.session.shown == len(texts))
    person.types("/q")
    assert wire.receive(far) == (wire.ACK, len(texts), b"")
    assert wire.receive(far)[0] == wire.BYE
    assert person.shown() == texts
    person.connection.close()
    far.close()


# What can be asked.


def test_a_line_that_is_kept_can_be_taken_back(talk: Talk) -> None:
    """The last one first; what was sent cannot."""
    talk.server.types("one", "two", "/unsend", "/unsend", "/unsend")
    nothing = "notify Nothing is kept for later. A line that was sent cannot be taken back."
    assert talk.server.notes.news()[-3:] == ["return two", "return one", nothing]
    assert not talk.server.chat._outbox.drafts


def test_at_an_edited_terminal_it_is_told_that_a_line_is_kept_no_more(clock: Clock) -> None:
    """Its row stays on the screen, and would look as if it were still kept."""
    talk = edited(clock)
    talk.server.types("one", "two\nmore")
    talk.server.notes.news()
    talk.server.types("/unsend", "/unsend")
    assert [line for line in talk.server.notes.news() if line != "ask"] == [
        "notify Taken back, not kept any more: two...",
        "return two\nmore",
        "notify Taken back, not kept any more: one",
        "return one",
    ]
