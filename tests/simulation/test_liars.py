"""A peer that lies about what it has seen and sent: each lie is named, nothing is shown."""

import pytest

from chatlib.errors import RemoteProtocolError, UnknownSessionError
from chatlib.protocol.events import Event, Failed, Greeted, Left, Lost, Said
from chatlib.protocol.frames import Mode, Reason
from chatlib.protocol.link import Link, State
from chatlib.protocol.session import Session
from harness import wire
from tests.helpers import (
    SESSION_ID,
    deliver,
    events_of,
    make_client,
    make_pair,
    make_server,
)


def break_off(mode: Mode = Mode.FREE) -> tuple[Session, Session]:
    """Return the sessions of a client and a server whose connection broke.

    Each end has sent two messages that were acknowledged, and a third that was on its way.
    """
    client, server = make_pair(mode=mode)
    for number in (1, 2):
        for speaker, hearer in ((client, server), (server, client)):
            speaker.say([f"message {number}"])
            deliver(speaker, hearer)
            hearer.shown(number)
            deliver(hearer, speaker)
    for speaker in (client, server):
        speaker.say(["message 3"])
        speaker.data_to_send()
        speaker.receive_eof()
        assert events_of(speaker) == [Lost("")]
    return client.session, server.session


def greet(hello: bytes) -> tuple[Link, Greeted]:
    """Return the link of a stranger that has said this HELLO to the server."""
    stranger = make_server()
    stranger.receive_data(hello)
    greeting = stranger.next_event()
    assert isinstance(greeting, Greeted)
    return stranger, greeting


def is_expected(session: Session, hello: bytes) -> bool:
    """Return whether the server takes a stranger with this HELLO for its own client."""
    _, greeting = greet(hello)
    return session.expects(greeting.hello, greeting.seen)


def answer(session: Session, data: bytes) -> tuple[Link, list[Event]]:
    """Return the link of a client that comes back and gets this answer, and its events."""
    client = make_client(session=session)
    client.data_to_send()
    client.receive_data(data)
    return client, events_of(client)


def error_of(events: list[Event]) -> RemoteProtocolError:
    """Return the error of the one event that there must be."""
    (event,) = events
    assert isinstance(event, Failed)
    return event.error


@pytest.mark.parametrize("seen", [2, 3])
def test_a_client_with_the_right_id_and_number_is_let_back_in(seen: int) -> None:
    """It has seen the messages that it acknowledged, or the one on its way too."""
    _, talk = break_off()
    server, greeting = greet(wire.hello("client", wire.ANY, SESSION_ID, seen))
    assert talk.expects(greeting.hello, greeting.seen)
    server.welcome(talk)
    assert len(talk.kept) == 3 - seen
    kinds = [kind for kind, _, _ in wire.split(server.data_to_send())]
    assert kinds == [wire.HELLO] + [wire.TEXT] * (3 - seen)


@pytest.mark.parametrize(
    "hello",
    [
        pytest.param(wire.hello("client", wire.ANY, b"?" * 16, 2), id="another id"),
        pytest.param(
            wire.hello("client", wire.ANY, SESSION_ID, 1), id="less than acknowledged"
        ),
        pytest.param(wire.hello("client", wire.ANY, SESSION_ID, 4), id="more than sent"),
    ],
)
def test_a_client_with_another_id_or_number_is_not_let_back_in(hello: bytes) -> None:
    """The talk stays what it was, for the client that it belongs to."""
    _, talk = break_off()
    assert not is_expected(talk, hello)
    assert not talk.over
    assert is_expected(talk, wire.hello("client", wire.ANY, SESSION_ID, 2))


@pytest.mark.parametrize(
    ("hello", "says"),
    [
        pytest.param(
            wire.hello("s", wire.FREE, SESSION_ID, 1),
            "seen 1 messages, 2 were confirmed",
            id="less than acknowledged",
        ),
        pytest.param(
            wire.hello("s", wire.FREE, SESSION_ID, 4),
            "has seen 4 messages, 3 were sent",
            id="more than sent",
        ),
    ],
)
def test_the_talk_does_not_go_on_with_a_server_that_has_forgotten_it(
    hello: bytes, says: str
) -> None:
    """It was started anew, or it is another: a message it lacks would never be shown."""
    talk, _ = break_off()
    client, events = answer(talk, hello)
    error = error_of(events)
    assert isinstance(error, UnknownSessionError)
    assert says in str(error)
    assert client.state is State.FAILED
    assert talk.unacknowledged == {3: "message 3"}


@pytest.mark.parametrize(
    ("hello", "says"),
    [
        pytest.param(
            wire.hello("s", wire.TURNS, SESSION_ID, 2),
            "another mode than before",
            id="mode",
        ),
        pytest.param(
            wire.hello("s", wire.ANY, SESSION_ID, 2), "without a mode", id="no mode"
        ),
        pytest.param(
            wire.hello("s", wire.FREE, b"?" * 16, 2), "for another session", id="id"
        ),
    ],
)
def test_the_talk_does_not_go_on_with_a_server_that_has_changed(
    hello: bytes, says: str
) -> None:
    """The rules of a talk hold to its end."""
    _, events = answer(break_off()[0], hello)
    assert says in str(error_of(events))


def test_a_message_that_was_shown_before_the_cut_is_not_shown_again() -> None:
    """It is acknowledged, nothing more."""
    talk, _ = break_off()
    again = wire.text(1, "message 1") + wire.text(2, "message 2") + wire.text(3, "new")
    client, events = answer(talk, wire.hello("s", wire.FREE, SESSION_ID, 3) + again)
    assert [event for event in events if isinstance(event, Said)] == [Said(3, ["new"])]
    client.shown(3)
    frames = wire.split(client.data_to_send())
    assert [frame for frame in frames if frame[0] == wire.ACK][-1] == (wire.ACK, 3, b"")


def test_a_gap_after_the_cut_is_an_error() -> None:
    """The missing message was never shown."""
    hello = wire.hello("s", wire.FREE, SESSION_ID, 3)
    _, events = answer(break_off()[0], hello + wire.text(4, "where is 3?"))
    assert "TEXT 4 where 3 was next" in str(error_of(events[-1:]))


@pytest.mark.parametrize(
    "reason", [Reason.BUSY, Reason.UNKNOWN_SESSION], ids=lambda reason: reason.name
)
def test_a_server_may_refuse_to_go_on(reason: Reason) -> None:
    """And the messages that were not acknowledged are still known."""
    talk, _ = break_off()
    _, events = answer(talk, wire.bye(0, reason, "no"))
    assert events == [Left(reason, "no")]
    assert talk.unacknowledged == {3: "message 3"}
    assert not talk.can_talk


def test_a_message_that_was_never_written_does_not_go_out_before_the_answer() -> None:
    """A server that believes in the old connection may still have it in the output."""
    _, old = make_pair(mode=Mode.FREE)
    old.say(["still in the output"])
    server, _ = greet(wire.hello("client", wire.ANY, SESSION_ID, 0))
    server.welcome(old.session)
    frames = wire.split(server.data_to_send())
    assert [kind for kind, _, _ in frames] == [wire.HELLO, wire.TEXT]


@pytest.mark.parametrize(
    ("behind", "says"),
    [
        pytest.param(wire.text(4, "x") + b"\xff" * 8, "TEXT 4 where 3 was next", id="gap"),
        pytest.param(b"\xff" * 8, "unknown kind 255", id="no frame"),
    ],
)
def test_what_follows_the_hello_of_a_returning_client_is_judged_by_its_talk(
    behind: bytes, says: str
) -> None:
    """Also when it came in the same read, and when it cannot be a frame."""
    _, talk = break_off()
    server, _ = greet(wire.hello("client", wire.ANY, SESSION_ID, 3) + behind)
    server.welcome(talk)
    assert says in str(error_of(events_of(server)))
    assert talk.over
