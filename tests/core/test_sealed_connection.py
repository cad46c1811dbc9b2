"""A sealed connection over real TCP: one door for all bytes, and no wait without an end."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from chatlib.channel import Channel, Fault
from chatlib.connection import DISMISSAL_SECONDS, HELLO_SECONDS, READ_SIZE, Connection
from chatlib.loop import Loop
from chatlib.protocol.events import Event, Greeted, Left, Lost, Opened, Said
from chatlib.protocol.frames import Mode, Reason
from chatlib.protocol.link import Link, State
from chatlib.protocol.pulse import PING_SECONDS
from chatlib.sealed import ANSWERS_LIMIT
from tests.core.test_connection import Recorder
from tests.helpers import Clock, make_client, make_server, move, socket_pair, until
from tests.sealing import OTHER, Forger, make_channel

CROWD = 400
"""Lines of 4 kB: more than the kernel takes at once."""


class Near(socket.socket):
    """A socket into which no more can be written once it is `full`."""

    full = False

    def send(self, data: bytes, flags: int = 0) -> int:  # type: ignore[override]
        """Write, or raise what the kernel has an error for."""
        if self.full:
            raise BlockingIOError
        return super().send(data, flags)


class Hall:
    """A sealed connection of a server, and the sockets on the way to it."""

    def __init__(self, channel: Channel | None = None) -> None:
        self.clock = Clock()
        self.loop = Loop(self.clock)
        near, self.far = socket_pair()
        self.near = Near(fileno=near.detach())
        self.far.setblocking(False)
        self.far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.owner = Recorder()
        self.owner.answer = answer
        self.channel = channel or make_channel(server=True)
        link = make_server(mode=Mode.FREE)
        self.server = Connection(
            *(self.loop, self.near, "there", link, self.owner),
            trace=self.owner.trace,
            channel=self.channel,
        )
        self.server.set_deadline(HELLO_SECONDS)

    def receive(self) -> bytes:
        """Return what has come for the other end."""
        with suppress(BlockingIOError):
            return self.far.recv(READ_SIZE)
        return b""

    def exchange(self, other: Channel, link: Link) -> list[Event]:
        """Pass bytes on until nothing moves; return the events of the other end."""
        events: list[Event] = []
        for _ in range(50):
            own = other.take() if other.waiting else b""
            data = link.data_to_send() if other.established else b""
            self.far.sendall(own + (other.seal(data) if data else b""))
            self.turn()
            if plain := other.receive(self.receive() or b""):
                link.receive_data(plain)
            events += iter(link.next_event, None)
        return events

    def turn(self) -> None:
        """Turn the loop without waiting."""
        self.loop.call_later(0, lambda: None)
        self.loop.turn()

    def close(self) -> None:
        """Close what is left open."""
        self.server.close()
        self.far.close()
        self.loop.close()


def answer(connection: Connection, event: Event) -> None:
    """Welcome a client, and show what it says."""
    match event:
        case Greeted():
            connection.lift_deadline()
            connection.welcome()
        case Said(number, _):
            connection.link.shown(number)


@pytest.fixture
def hall() -> Iterator[Hall]:
    """A server that waits for a client."""
    hall = Hall()
    yield hall
    hall.close()


def test_a_client_says_hello_only_when_the_channel_is_established() -> None:
    """Two real connections; the server hears nothing before it has verified the client."""
    loop = Loop()
    near, far = socket_pair()
    owners = [Recorder(), Recorder()]
    owners[1].answer = answer
    trace = owners[1].trace
    channels = make_channel(server=False), make_channel(server=True, trace=trace)
    links = make_client(), make_server(trace)
    client, _ = (
        Connection(loop, sock, "there", link, owner, owner.trace, channel)
        for sock, link, owner, channel in zip(
            (near, far), links, owners, channels, strict=True
        )
    )
    client.flush()
    until(loop, lambda: links[0].state is State.OPEN)
    assert [type(event) for event in owners[0].events] == [Opened]
    first, *others = owners[1].traces
    assert first.startswith("~ opened") and first.endswith(": 0 inside")
    assert "= SEALED by TLSv1.3" in others[: others.index("~ read 36 bytes: 1 frame")]
    client.leave(Reason.QUIT, "bye")
    until(loop, lambda: "closed" in owners[0].calls and "closed" in owners[1].calls)
    assert Left(Reason.QUIT, "bye") in owners[1].events
    loop.close()


def test_much_arrives_whole_although_the_kernel_takes_it_in_pieces(hall: Hall) -> None:
    """Records are neither lost nor mixed with those that follow."""
    other, link = make_channel(server=False), make_client()
    hall.exchange(other, link)
    hall.near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    lines = [f"{number} " + "x" * 4000 for number in range(CROWD)]
    sent = hall.server.say(lines)
    assert sent and hall.server._pending
    # What is said while bytes are pending follows them.
    hall.server.leave(Reason.QUIT, "")
    events: list[Event] = []
    assert any(collect(hall, other, link, events) for _ in range(CROWD))
    got = [text for event in events if isinstance(event, Said) for text in event.texts]
    assert got == lines[:sent] and other.error is None


def collect(hall: Hall, other: Channel, link: Link, events: list[Event]) -> bool:
    """Read once at the other end; return whether the last event is a goodbye."""
    hall.turn()
    if plain := other.receive(hall.receive()):
        link.receive_data(plain)
    events += iter(link.next_event, None)
    return bool(events) and isinstance(events[-1], Left)


def test_a_stranger_that_never_ends_its_handshake_is_closed_in_time(hall: Hall) -> None:
    """The deadline for HELLO covers it, however the bytes trickle in."""
    first = make_channel(server=False).take()
    for byte in first[:-1]:
        hall.far.sendall(bytes((byte,)))
        hall.turn()
        hall.clock.now += (HELLO_SECONDS - 0.1) / len(first)
    assert hall.owner.closed_times == 0
    move(hall.loop, hall.clock, 0.2)
    hall.turn()
    assert hall.owner.closed_times == 1
    assert isinstance(hall.owner.events[-1], Lost)


def test_a_part_of_a_record_is_no_sign_of_life(hall: Hall) -> None:
    """Who sends a byte of it now and then is asked, and counts as lost in 20 s."""
    other, link = make_channel(server=False), make_client()
    hall.exchange(other, link)
    link.say(["x" * 1000])
    record = other.seal(link.data_to_send())
    for byte in record[: 2 * int(PING_SECONDS) + 2]:
        hall.far.sendall(bytes((byte,)))
        hall.turn()
        move(hall.loop, hall.clock, 1)
        if hall.owner.closed_times:
            break
    assert isinstance(hall.owner.events[-1], Lost)
    assert hall.server.link.pulse.pings == 1


def test_a_stranger_is_told_and_then_closed_although_it_stays(hall: Hall) -> None:
    """It has a moment to read the alert; the owner learns what was wrong."""
    other = make_channel(server=False, secret=OTHER)
    other_link = make_client()
    assert hall.exchange(other, other_link) == []
    assert other.error and hall.channel.error
    hall.far.sendall(b"\x17\x03\x03\x00\x01x" * 100)  # it goes on talking
    hall.turn()
    assert hall.owner.closed_times == 0
    move(hall.loop, hall.clock, DISMISSAL_SECONDS + 0.1)
    hall.turn()
    assert hall.owner.closed_times == 1
    assert hall.owner.events == [Lost("it does not hold this ticket")]
    assert hall.server.channel.refuses


def test_a_record_that_was_changed_costs_the_connection_and_no_line(hall: Hall) -> None:
    """What came before it in the same read is shown; the rest counts as lost."""
    other, link = make_channel(server=False), make_client()
    hall.exchange(other, link)
    link.say(["one"])
    good = other.seal(link.data_to_send())
    link.say(["two"])
    bad = bytearray(other.seal(link.data_to_send()))
    bad[-1] ^= 1
    hall.far.sendall(good + bad)
    until(hall.loop, lambda: hall.channel.error)
    hall.far.shutdown(socket.SHUT_WR)
    until(hall.loop, lambda: hall.owner.closed_times)
    _, said, lost = hall.owner.events
    assert said == Said(1, ["one"])
    assert isinstance(lost, Lost) and "changed on the way" in lost.detail
    assert hall.channel.error and hall.channel.error.fault is Fault.BROKEN


def test_answers_to_a_peer_that_asks_for_keys_and_reads_nothing_are_limited(
    tmp_path: Path,
) -> None:
    """The kernel takes no more, and what waits stays small."""
    hall = Hall()
    forger, link = Forger(tmp_path), make_client()
    server = hall.channel
    while not server.established:
        for data in (forger.channel.take(), b""):
            hall.far.sendall(data)
            hall.turn()
            forger.channel.receive(hall.receive() or b"")
    hall.far.sendall(forger.seal(link.data_to_send()))
    until(hall.loop, lambda: hall.server.link.state is State.OPEN)
    hall.near.full = True
    for _ in range(ANSWERS_LIMIT // 20):
        hall.far.sendall(forger.update_keys() + forger.update_keys())
        hall.turn()
        if server.error:
            break
    assert server.error and server.error.fault is Fault.BROKEN
    assert len(hall.server._pending) <= 2 * ANSWERS_LIMIT
    hall.close()
