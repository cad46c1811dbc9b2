"""A peer that lies about what it has seen and sent: each lie is named, nothing is shown."""

import pytest

from chatlib.errors import RemoteProtocolError, UnknownSessionError
from chatlib.protocol.session import (
    Event,
    Failed,
    Greeted,
    Lost,
    Mode,
    Reason,
    Said,
    Session,
    State,
)
from harness import wire
from tests.helpers import SESSION_ID, deliver, make_client, make_pair, make_server


def talk(mode: Mode = Mode.FREE) -> tuple[Session, Session]:
    """Give a client and a server that have each said two things, confirmed, and a third.

    The third is on its way when the connection breaks.
    """
    client, server = make_pair(mode=mode)
    for number in (1, 2):
        for speaker, hearer in ((client, server), (server, client)):
            speaker.say(f"message {number}")
            deliver(speaker, hearer)
            hearer.shown(number)
            deliver(hearer, speaker)
    for speaker in (client, server):
        speaker.say("message 3")
        speaker.data_to_send()
        speaker.receive_eof()
        assert list(speaker.events()) == [Lost("")]
    return client, server


def come_back(server: Session, hello: bytes) -> Session:
    """Let a stranger say a HELLO to a server that has lost its client."""
    stranger = make_server()
    stranger.receive_data(hello)
    assert list(stranger.events())
    return stranger


def answer(client: Session, data: bytes) -> list[Event]:
    """Let the client come back and be answered by this."""
    client.resume()
    client.data_to_send()
    client.receive_data(data)
    return list(client.events())


def failed(events: list[Event]) -> RemoteProtocolError:
    """Give the error of the one event that there must be."""
    (event,) = events
    assert isinstance(event, Failed)
    return event.error


@pytest.mark.parametrize("seen", [2, 3])
def test_who_has_the_session_and_the_right_number_comes_back(seen: int) -> None:
    """It has seen what was confirmed, or what was on its way too."""
    _, server = talk()
    stranger = come_back(server, wire.hello("client", wire.ANY, SESSION_ID, seen))
    assert server.is_awaited(stranger)
    server.take_over(stranger)
    server.welcome()
    assert server.unconfirmed == 3 - seen
    kinds = [kind for kind, _, _ in wire.split(server.data_to_send())]
    assert kinds == [wire.HELLO] + [wire.TEXT] * (3 - seen)


@pytest.mark.parametrize(
    "hello",
    [
        wire.hello("client", wire.ANY, b"?" * 16, 2),
        wire.hello("client", wire.ANY, SESSION_ID, 1),  # less than it has confirmed
        wire.hello("client", wire.ANY, SESSION_ID, 4),  # more than was ever sent
    ],
)
def test_another_session_or_number_does_not_come_back(hello: bytes) -> None:
    """The talk stays what it was, for the one whose it is."""
    _, server = talk()
    assert not server.is_awaited(come_back(server, hello))
    assert server.state is State.LOST
    right = wire.hello("client", wire.ANY, SESSION_ID, 2)
    assert server.is_awaited(come_back(server, right))


@pytest.mark.parametrize(
    ("hello", "says"),
    [
        (
            wire.hello("s", wire.FREE, SESSION_ID, 1),
            "seen 1 messages, 2 were confirmed",
        ),
        (wire.hello("s", wire.FREE, SESSION_ID, 4), "has seen 4 messages, 3 were sent"),
    ],
)
def test_a_server_that_has_forgotten_the_talk_is_not_talked_with(
    hello: bytes, says: str
) -> None:
    """It was started anew, or it is another: what it lacks would never be shown."""
    client, _ = talk()
    error = failed(answer(client, hello))
    assert isinstance(error, UnknownSessionError)
    assert says in str(error)
    assert client.unacknowledged == {3: "message 3"}


@pytest.mark.parametrize(
    ("hello", "says"),
    [
        (wire.hello("s", wire.TURNS, SESSION_ID, 2), "another mode than before"),
        (wire.hello("s", wire.ANY, SESSION_ID, 2), "without a mode"),
        (wire.hello("s", wire.FREE, b"?" * 16, 2), "for another session"),
    ],
)
def test_a_server_that_has_changed_is_not_talked_with(hello: bytes, says: str) -> None:
    """The rules of a talk hold to its end."""
    client, _ = talk()
    assert says in str(failed(answer(client, hello)))


def test_what_was_shown_before_the_cut_is_not_shown_again() -> None:
    """A replay is acknowledged, nothing more."""
    client, _ = talk()
    replay = wire.text(1, "message 1") + wire.text(2, "message 2") + wire.text(3, "new")
    events = answer(client, wire.hello("s", wire.FREE, SESSION_ID, 3) + replay)
    assert [event for event in events if isinstance(event, Said)] == [Said(3, "new")]
    client.shown(3)
    frames = wire.split(client.data_to_send())
    assert [frame for frame in frames if frame[0] == wire.ACK][-1] == (wire.ACK, 3, b"")


def test_a_gap_after_the_cut_is_an_error() -> None:
    """What is missing was shown to nobody."""
    client, _ = talk()
    hello = wire.hello("s", wire.FREE, SESSION_ID, 3)
    events = answer(client, hello + wire.text(4, "what was 3?"))
    error = failed(events[-1:])
    assert "TEXT 4 where 3 was next" in str(error)


@pytest.mark.parametrize("reason", [Reason.BUSY, Reason.UNKNOWN_SESSION])
def test_a_server_may_refuse_to_go_on(reason: Reason) -> None:
    """And what was not confirmed is still known."""
    client, _ = talk()
    events = answer(client, wire.bye(0, reason, "no"))
    assert len(events) == 1
    assert client.unacknowledged == {3: "message 3"}
    assert not client.can_talk


def test_only_a_lost_session_is_resumed() -> None:
    """A second connection of a living one would show things twice."""
    client = make_client()
    with pytest.raises(Exception, match="not possible in state GREETING"):
        client.resume()


def test_what_was_never_written_does_not_go_out_before_the_answer() -> None:
    """A server that believes in the old connection may have words for it in hand."""
    _, server = make_pair(mode=Mode.FREE)
    server.say("still in hand")
    stranger = come_back(server, wire.hello("client", wire.ANY, SESSION_ID, 0))
    server.take_over(stranger)
    server.welcome()
    frames = wire.split(server.data_to_send())
    assert [kind for kind, _, _ in frames] == [wire.HELLO, wire.TEXT]


def test_what_follows_the_hello_of_who_comes_back_is_judged_by_the_session() -> None:
    """Also when it came in the same read and cannot be a frame."""
    server = talk()[1]
    stranger = make_server()
    hello = wire.hello("client", wire.ANY, SESSION_ID, 3)
    stranger.receive_data(hello + wire.text(4, "again") + b"\xff" * 8)
    assert isinstance(stranger.next_event(), Greeted)
    server.take_over(stranger)
    server.welcome()
    event = server.next_event()
    assert isinstance(event, Failed)
    assert "TEXT 4 where 3 was next" in str(event.error)


def test_what_is_no_frame_behind_the_hello_of_who_comes_back_is_refused() -> None:
    """The session that takes the connection over takes the error with it."""
    server = talk()[1]
    stranger = make_server()
    stranger.receive_data(wire.hello("client", wire.ANY, SESSION_ID, 3) + b"\xff" * 8)
    assert isinstance(stranger.next_event(), Greeted)
    server.take_over(stranger)
    server.welcome()
    assert server.ends
    event = server.next_event()
    assert isinstance(event, Failed)
    assert "unknown kind 255" in str(event.error)
