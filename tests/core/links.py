"""Links for tests: brought into a state, and fed bytes by a peer that may lie."""

from collections.abc import Callable

import pytest

from chatlib.errors import RemoteProtocolError
from chatlib.protocol.events import Event, Failed, Greeted, Lost, Trace, silent
from chatlib.protocol.frames import Mode, Reason
from chatlib.protocol.link import Link, State
from chatlib.protocol.session import Session
from harness import wire
from tests.helpers import SESSION_ID, deliver, events_of, make_client, make_server, remember

Maker = Callable[..., Link]
"""A function that makes a link; see `open_client`."""


def feed(link: Link, *pieces: bytes) -> list[Event]:
    """Pass bytes to a link, one read for each piece, and return the events.

    A HELLO that waits for an answer is welcomed.
    """
    events: list[Event] = []
    for piece in pieces:
        link.receive_data(piece)
        while event := link.next_event():
            events.append(event)
            if isinstance(event, Greeted):
                link.welcome()
    return events


def sent(link: Link) -> list[tuple[int, int, bytes]]:
    """Return the frames that the link wants to send, as the harness reads them."""
    return wire.split(link.data_to_send())


def break_rule(link: Link, *pieces: bytes) -> RemoteProtocolError:
    """Pass bytes that break a rule, and return the error.

    Checks that the link has failed, and that it does not look at what comes after that.
    """
    events = feed(link, *pieces)
    failure = events[-1]
    assert isinstance(failure, Failed), events
    assert link.state is State.FAILED
    assert feed(link, wire.text(1, "after"), wire.bye(1)) == []
    assert link.state is State.FAILED
    return failure.error


def open_client(mode: Mode = Mode.TURNS, trace: Trace = silent) -> Link:
    """Return a client's link that is open; its HELLO has been taken away."""
    client, server = make_client(trace), make_server(mode=mode)
    deliver(client, server)
    deliver(server, client)
    return client


def open_server(mode: Mode = Mode.TURNS, trace: Trace = silent) -> Link:
    """Return a server's link that is open; its HELLO has been taken away."""
    client, server = make_client(), make_server(trace, mode=mode)
    deliver(client, server)
    server.data_to_send()
    return server


def greeted_server(seen: int = 0) -> Link:
    """Return a server's link that has received a HELLO and not answered it."""
    server = make_server()
    server.receive_data(wire.hello("Ann", wire.ANY, SESSION_ID, seen))
    assert [type(event) for event in events_of(server)] == [Greeted]
    return server


def refusing_server() -> Link:
    """Return a server's link that has refused a client."""
    server = greeted_server()
    server.refuse(Reason.BUSY, "later")
    server.data_to_send()
    return server


def leave(link: Link) -> Link:
    """Leave, and return the link; its BYE has been taken away."""
    link.leave(Reason.QUIT, "")
    link.data_to_send()
    return link


def close(link: Link) -> Link:
    """Leave, be answered, and return the link."""
    feed(leave(link), wire.bye(link.session.received))
    return link


def lose(link: Link) -> Link:
    """End the stream without a goodbye, and return the link."""
    link.receive_eof()
    assert events_of(link) == [Lost("")]
    return link


def spoil(link: Link) -> Link:
    """Break the protocol, and return the link; its BYE has been taken away."""
    break_rule(link, b"\xff" * 8)
    link.data_to_send()
    return link


def return_to(session: Session) -> Link:
    """Return the link of a client that comes back; its HELLO has been taken away."""
    client = make_client(session=session)
    client.data_to_send()
    return client


def standing(link: Link) -> tuple[object, ...]:
    """Return how a link stands, and all that it would write."""
    return (
        link.state,
        link.finished,
        link.pulse.pings,
        link.replies.ack,
        remember(link.session),
        link.data_to_send(),
    )


both_ends = pytest.mark.parametrize(
    "open_link", [open_client, open_server], ids=["client", "server"]
)
"""Run a test with an open link of either end."""
