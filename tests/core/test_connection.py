"""A connection over real TCP: no message is lost, and no wait is without an end."""

import errno
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from chatlib.connection import (
    ACK_SECONDS,
    CLOSING_SECONDS,
    DISMISSAL_SECONDS,
    FRAME_SECONDS,
    GOODBYE_SECONDS,
    LATE,
    Connection,
    Owner,
    is_abandoned,
)
from chatlib.errors import LocalProtocolError, ScreenClosedError
from chatlib.loop import READ, TURN_SECONDS, WRITE, Loop
from chatlib.protocol.events import (
    Event,
    Failed,
    Greeted,
    Left,
    Lost,
    Opened,
    Played,
    Said,
    Trace,
    silent,
)
from chatlib.protocol.frames import Frame, Kind, Mode, Reason
from chatlib.protocol.link import ACK_AT, RUN, STEP, Link, State
from chatlib.protocol.pulse import PING_SECONDS
from tests.helpers import (
    SECONDS,
    Clock,
    events_of,
    make_client,
    make_pair,
    make_server,
    move,
    patience,
    socket_pair,
    until,
)

ROUNDS = 200
"""How many messages of 4 kB `say_much` sends."""

GARBAGE = b"GET / HTTP/1.1\r\n"
"""Not a frame: its fourth byte is no kind of frame."""


class Recorder(Owner):
    """An owner that records its calls, and shows every message, as a chat does."""

    def __init__(self) -> None:
        self.calls: list[Event | str] = []
        self.traces: list[str] = []
        self.answer: Callable[[Connection, Event], None] = show

    @property
    def events(self) -> list[Event]:
        """The events of the link, in order."""
        return [call for call in self.calls if not isinstance(call, str)]

    @property
    def closed_times(self) -> int:
        """How often `closed` was called."""
        return self.calls.count("closed")

    def handle(self, connection: Connection, event: Event) -> None:
        """Record an event, and answer it."""
        self.calls.append(event)
        self.answer(connection, event)

    def proceed(self) -> None:
        """Record that all events of one read were handled."""
        self.calls.append("proceed")

    def closed(self, connection: Connection) -> None:
        """Record the end."""
        self.calls.append("closed")

    def trace(self, sign: str, what: object, raw: bytes) -> None:
        """Record what a frame log would show."""
        self.traces.append(f"{sign} {what}")


class Peer:
    """The other end, driven by the test: a link in memory and a blocking socket."""

    def __init__(self, sock: socket.socket, link: Link) -> None:
        sock.settimeout(SECONDS)
        self.socket = sock
        self.link = link

    def send(self, data: bytes | None = None) -> None:
        """Send these bytes, or else those that the link wants to send."""
        self.socket.sendall(self.link.data_to_send() if data is None else data)

    def receive(self) -> list[Event]:
        """Read once, which waits for bytes, and return the events in them."""
        data = self.socket.recv(65536)
        if data:
            self.link.receive_data(data)
        else:
            self.link.receive_eof()
        return events_of(self.link)

    def read(self, count: int) -> bytes:
        """Return the next `count` bytes; fewer when the stream ends before."""
        data = bytearray()
        while len(data) < count and (piece := self.socket.recv(count - len(data))):
            data += piece
        return bytes(data)

    def reset(self) -> None:
        """Close so that TCP sends a reset instead of an end of stream."""
        linger = struct.pack("ii", 1, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()


_closers: list[Callable[[], None]] = []


def close_everything() -> None:
    """Close every socket of the test, the last one first."""
    while _closers:
        _closers.pop()()


@pytest.fixture(autouse=True)
def everything_is_closed() -> Iterator[None]:
    """Close the sockets that a test has left open."""
    yield
    close_everything()


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    """Return a loop on the real clock, with time enough in each turn for a whole read."""
    monkeypatch.setattr("chatlib.loop.TURN_SECONDS", SECONDS)
    loop = Loop()
    yield loop
    close_everything()
    loop.close()


def show(connection: Connection, event: Event) -> None:
    """Welcome a peer that says HELLO, and acknowledge every message."""
    if isinstance(event, Greeted):
        connection.welcome()
    elif isinstance(event, Said | Played):
        connection.link.shown(event.number)


def connect(
    loop: Loop, *, server: bool = False, mode: Mode = Mode.TURNS, traced: bool = True
) -> tuple[Connection, Recorder, Peer]:
    """Return our end on the loop, its owner, and a peer, before any HELLO."""
    near, far = socket_pair()
    near.settimeout(SECONDS)  # left like this, it would fail here instead of hanging
    owner = Recorder()
    trace: Trace = owner.trace if traced else silent
    link = make_server(trace) if server else make_client(trace)
    connection = Connection(loop, near, far.getsockname(), link, owner, trace)
    _closers.extend((connection.close, far.close))
    return connection, owner, Peer(far, make_client() if server else make_server(mode=mode))


def talk(
    loop: Loop, mode: Mode = Mode.TURNS, *, traced: bool = True
) -> tuple[Connection, Recorder, Peer]:
    """Return our end, a client, after both HELLOs; it is our turn."""
    connection, owner, peer = connect(loop, mode=mode, traced=traced)
    connection.flush()
    while not peer.receive():
        pass
    peer.link.welcome()
    peer.send()
    until(loop, lambda: connection.link.state is State.OPEN)
    owner.calls.clear()
    return connection, owner, peer


def part(loop: Loop) -> tuple[Recorder, Peer]:
    """Send a message and BYE from our end; neither is answered yet."""
    connection, owner, peer = talk(loop)
    connection.say(["question"])
    connection.leave(Reason.QUIT, "")
    return owner, peer


def say_much(loop: Loop, connection: Connection, owner: Recorder, peer: Peer) -> bytes:
    """Talk with a peer that sends and does not read; return all bytes of our side.

    They are more than the kernels at both ends take, so the rest has to wait.
    """
    for sock, option in (
        (connection._socket, socket.SO_SNDBUF),
        (peer.socket, socket.SO_RCVBUF),
    ):
        sock.setsockopt(socket.SOL_SOCKET, option, 65536)

    def answer(connection: Connection, event: Event) -> None:
        show(connection, event)
        if isinstance(event, Said):
            # Not written at once: so all of it becomes pending, at the end of the read.
            connection.link.say([f"{event.number + 1}{'x' * 4000}"])

    owner.answer = answer
    connection.say(["1"])
    # The link judges each message after the answer to the one before: all are in turn.
    peer.send(b"".join(frame(Kind.TEXT, number, b"go on") for number in range(1, ROUNDS)))
    until(loop, lambda: connection.link.session.sent == ROUNDS)
    assert watched(loop) == [READ | WRITE]
    owner.answer = show
    owner.calls.clear()
    ours = bytearray(frame(Kind.TEXT, 1, b"1"))
    for number in range(1, ROUNDS):
        text = f"{number + 1}{'x' * 4000}".encode()
        ours += frame(Kind.ACK, number) + frame(Kind.TEXT, number + 1, text)
    return bytes(ours)


def take(loop: Loop, connection: Connection, peer: Peer, count: int) -> bytes:
    """Return what the peer reads, `count` bytes, while the loop writes what is pending."""
    received = bytearray()
    peer.socket.setblocking(False)

    def drained() -> bool:
        with suppress(BlockingIOError):
            while data := peer.socket.recv(65536):
                received.extend(data)
        return not connection._pending

    until(loop, drained)
    peer.socket.settimeout(SECONDS)
    return bytes(received) + peer.read(count - len(received))


def until_received(peer: Peer, state: State) -> None:
    """Let the peer read until its link is in this state."""
    while peer.link.state is not state:
        peer.receive()


def watched(loop: Loop) -> list[int]:
    """Return what the loop waits for: the events of every descriptor."""
    return [key.events for key in loop._selector.get_map().values()]


def assert_nothing_left(loop: Loop) -> None:
    """Check that the loop watches no descriptor and has no timer."""
    assert watched(loop) == []
    assert patience(loop) is None


def frame(kind: Kind, number: int, body: bytes = b"") -> bytes:
    """Return the bytes of a frame."""
    return Frame(kind, number, body).encode()


# The socket.


def test_a_message_does_not_wait_for_the_next_one() -> None:
    """TCP_NODELAY is set: Nagle's algorithm would delay a short line by 40 ms."""
    connection, _, _peer = connect(Loop())
    assert connection._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_socket_is_nonblocking_whatever_it_was_before() -> None:
    """A blocking write to a slow peer would stop the loop."""
    connection, _, _peer = connect(Loop())
    assert not connection._socket.getblocking()


def test_an_idle_connection_waits_for_reading_only(loop: Loop) -> None:
    """A socket is nearly always writable: watching for that would keep the loop busy."""
    _connection, _, _peer = talk(loop)
    assert watched(loop) == [READ]


# Reading.


def test_a_message_that_comes_byte_by_byte_is_reported_once_and_whole(loop: Loop) -> None:
    """However TCP cuts it, there is one event, after the last byte."""
    connection, owner, peer = talk(loop)
    connection.say(["question"])
    data = frame(Kind.TEXT, 1, "für dich".encode())
    for place in range(len(data)):
        assert owner.events == []
        peer.send(data[place : place + 1])
        until(loop, lambda: owner.calls.count("proceed") > place)  # noqa: B023
    assert owner.events == [Said(1, ["für dich"])]


def test_the_events_of_one_read_come_in_order_and_proceed_is_called_once(
    loop: Loop,
) -> None:
    """Several frames may come in one read; `proceed` follows when all are handled."""
    connection, owner, peer = talk(loop)
    connection.say(["question"])
    peer.send(
        frame(Kind.ACK, 1) + frame(Kind.TEXT, 1, b"answer") + frame(Kind.BYE, 1, b"\1")
    )
    until(loop, lambda: owner.calls)
    assert owner.calls == [
        Said(1, ["answer"]),
        Left(Reason.QUIT, ""),
        "proceed",
    ]


def test_an_answer_to_an_event_is_sent_at_once(loop: Loop) -> None:
    """It leaves in the same turn of the loop, and takes the ACK along."""
    connection, owner, peer = talk(loop)

    def reply(connection: Connection, event: Event) -> None:
        show(connection, event)
        connection.say(["and you?"])

    owner.answer = reply
    connection.say(["question"])
    peer.send(frame(Kind.TEXT, 1, b"answer"))
    until(loop, lambda: owner.calls)
    sent = [
        frame(Kind.TEXT, 1, b"question"),
        frame(Kind.ACK, 1),  # with the answer, in one packet
        frame(Kind.TEXT, 2, b"and you?"),
    ]
    assert peer.read(len(b"".join(sent))) == b"".join(sent)


def test_an_ack_waits_5_ms_for_more_messages(loop: Loop) -> None:
    """And not longer, when no other message comes."""
    connection, owner, peer = talk(loop)
    connection.say(["question"])
    peer.send(frame(Kind.TEXT, 1, b"answer"))
    until(loop, lambda: owner.calls)
    assert connection.link.replies.ack
    began = loop.now()
    until(loop, lambda: not connection.link.replies.ack)
    assert ACK_SECONDS - 0.001 <= loop.now() - began < 1
    sent = frame(Kind.TEXT, 1, b"question") + frame(Kind.ACK, 1)
    assert peer.read(len(sent)) == sent


def test_every_ack_that_waits_is_sent_in_the_end(loop: Loop) -> None:
    """Each one that waits has a timer of its own, not the first only."""
    connection, owner, peer = talk(loop)
    for number in (1, 2, 3):
        peer.send(frame(Kind.GAME, number, b"x"))
        until(loop, lambda: len(owner.events) >= number)  # noqa: B023
        until(loop, lambda: not connection.link.replies.ack)
        assert peer.read(8) == frame(Kind.ACK, number)


def test_in_turns_a_message_takes_the_waiting_ack_along() -> None:
    """No ACK is sent alone then, and none twice."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    peer.send(frame(Kind.GAME, 1, b"x"))
    until(loop, lambda: owner.events)
    connection.say(["question"])
    move(loop, clock, 1)
    assert "~ wrote 0 bytes" not in owner.traces
    connection.leave(Reason.QUIT, "")
    sent = frame(Kind.ACK, 1) + frame(Kind.TEXT, 1, b"question") + frame(Kind.BYE, 1, b"\1")
    assert peer.read(len(sent)) == sent


def test_in_free_talk_a_message_leaves_the_ack_waiting() -> None:
    """The ACK is sent when its time has come, once."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop, Mode.FREE)

    def reply(connection: Connection, event: Event) -> None:
        show(connection, event)
        connection.say(["question"])

    owner.answer = reply
    peer.send(frame(Kind.GAME, 1, b"x"))
    until(loop, lambda: owner.events)
    assert peer.read(8 + 8) == frame(Kind.TEXT, 1, b"question")
    assert connection.link.replies.ack
    move(loop, clock, ACK_SECONDS)
    assert not connection.link.replies.ack
    move(loop, clock, 1)
    connection.leave(Reason.QUIT, "")
    sent = frame(Kind.ACK, 1) + frame(Kind.BYE, 1, b"\1")
    assert peer.read(len(sent)) == sent


def test_an_ack_is_sent_before_the_stream_ends(loop: Loop) -> None:
    """A message in the same read as the last BYE is acknowledged before the half-close."""
    connection, owner, peer = talk(loop)
    connection.leave(Reason.QUIT, "")
    peer.send(frame(Kind.GAME, 1, b"x") + frame(Kind.BYE, 1, b"\1"))
    until(loop, lambda: len(owner.events) >= 2)
    assert peer.read(100) == frame(Kind.BYE, 0, b"\1") + frame(Kind.ACK, 1)


def test_an_ack_that_left_with_our_bye_is_not_sent_again() -> None:
    """A write after the half-close would be an error in the log."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    peer.send(frame(Kind.GAME, 1, b"x"))
    until(loop, lambda: owner.events)
    peer.send(frame(Kind.BYE, 1, b"\1"))
    until(loop, lambda: connection.link.finished)
    move(loop, clock, 1)
    assert not [trace for trace in owner.traces if trace.startswith("! ")]


def test_the_ack_of_many_messages_is_sent_at_once(loop: Loop) -> None:
    """Their sender may be waiting for room in its window."""
    connection, owner, peer = talk(loop)
    peer.send(b"".join(frame(Kind.GAME, each, b"x") for each in range(1, ACK_AT + 1)))
    until(loop, lambda: len(owner.calls) >= ACK_AT)
    assert not connection.link.replies.ack
    assert peer.read(8) == frame(Kind.ACK, ACK_AT)


def test_a_read_that_finds_nothing_changes_nothing(loop: Loop) -> None:
    """The kernel may discard a bad packet after it has reported the socket as readable."""
    connection, owner, _peer = talk(loop)
    connection._ready(READ | WRITE)
    assert owner.calls == []
    assert watched(loop) == [READ]


def test_the_owner_may_read_in_the_middle_of_a_turn(loop: Loop) -> None:
    """What has come is reported at once; after the end nothing is read."""
    connection, owner, peer = talk(loop)
    connection.say(["question"])
    while not peer.receive():
        pass
    peer.link.say(["answer"])
    peer.send()
    connection.read()
    assert Said(1, ["answer"]) in owner.events
    connection.close()
    connection.read()


def note_abandoned(found: list[bool]) -> Callable[[Connection, Event], None]:
    """Return an answer to events that notes whether the peer has gone already."""
    return lambda connection, event: found.append(is_abandoned(connection))


def test_a_stream_that_ends_behind_a_hello_is_abandoned(loop: Loop) -> None:
    """Not one that goes on, nor one with more frames, or a part of one, before its end."""
    for behind, goes, abandoned in (
        (b"", True, True),
        (b"", False, False),
        (b"\0", True, False),
        (frame(Kind.TEXT, 1, b"x"), True, False),
    ):
        _connection, owner, peer = connect(loop, server=True)
        found: list[bool] = []
        owner.answer = note_abandoned(found)
        peer.send(peer.link.data_to_send() + behind)
        if goes:
            peer.socket.shutdown(socket.SHUT_WR)
        while not found:
            loop.turn()
        assert found[0] == abandoned


def test_a_stream_that_was_reset_is_abandoned(loop: Loop) -> None:
    """As soon as the kernel says so."""
    connection, _, peer = connect(loop, server=True)
    peer.reset()
    until(loop, lambda: is_abandoned(connection))


def test_an_owner_that_raises_at_one_event_gets_the_next_one(loop: Loop) -> None:
    """A closed screen ends the talk with an orderly goodbye."""
    connection, owner, peer = talk(loop)

    def fail(_: Connection, event: Event) -> None:
        owner.answer = show
        raise RuntimeError(event)

    connection.say(["question"])
    peer.send(frame(Kind.ACK, 1))
    until(loop, lambda: owner.calls)
    owner.calls.clear()
    owner.answer = fail
    peer.send(frame(Kind.TEXT, 1, b"answer") + frame(Kind.BYE, 1, b"\1"))
    with pytest.raises(RuntimeError):
        until(loop, lambda: owner.calls)
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert owner.events == [Said(1, ["answer"]), Left(Reason.QUIT, "")]
    assert_nothing_left(loop)


def test_a_new_owner_gets_the_events_that_follow(loop: Loop) -> None:
    """A listener passes a connection on in the middle of a read."""
    connection, first, peer = connect(loop, server=True)
    second = Recorder()

    def hand_over(connection: Connection, _: Event) -> None:
        connection.welcome()
        connection.owner = second

    first.answer = hand_over
    peer.send(peer.link.data_to_send() + frame(Kind.TEXT, 1, b"first words"))
    until(loop, lambda: second.calls)
    assert [type(call) for call in first.calls] == [Greeted]
    assert second.calls == [Said(1, ["first words"]), "proceed"]
    connection.close()
    assert first.closed_times == 0
    assert second.closed_times == 1


def test_an_owner_that_closes_in_the_middle_of_a_read_gets_no_more_events(
    loop: Loop,
) -> None:
    """`closed` is the last call, whatever else is in that read."""
    connection, owner, peer = talk(loop)
    owner.answer = lambda connection, _: connection.close()
    connection.say(["question"])
    peer.send(frame(Kind.TEXT, 1, b"answer") + frame(Kind.BYE, 1, b"\1"))
    until(loop, lambda: owner.calls)
    connection.close()
    assert owner.calls == [Said(1, ["answer"]), "closed"]
    assert_nothing_left(loop)


# Many messages in one read.

MANY = [f"line {number}" for number in range(1, 301)]
"""More lines than one event reports."""


def say_many(loop: Loop, owner: Recorder, peer: Peer, piece: int = 1 << 16) -> None:
    """Let the peer send many lines at once, or in pieces of so many bytes."""
    peer.link.say(MANY)
    data = peer.link.data_to_send()
    for start in range(0, len(data), piece):
        before = owner.calls.count("proceed")
        peer.send(data[start : start + piece])
        until(loop, lambda: owner.calls.count("proceed") > before)  # noqa: B023
    assert texts_of(owner) == MANY


def texts_of(owner: Recorder) -> list[str]:
    """Return the texts that were reported, in order."""
    said = [event for event in owner.events if isinstance(event, Said)]
    return [text for event in said for text in event.texts]


def test_many_messages_in_one_read_are_reported_in_order_and_acknowledged_once(
    loop: Loop,
) -> None:
    """Few events report them, and one ACK with the last number answers for all."""
    connection, owner, peer = talk(loop, Mode.FREE)
    say_many(loop, owner, peer)
    numbers = [event.number for event in owner.events if isinstance(event, Said)]
    assert numbers == [RUN, 2 * RUN, len(MANY)]
    assert owner.calls.count("proceed") == 1
    connection.leave(Reason.QUIT, "")
    sent = frame(Kind.ACK, len(MANY)) + frame(Kind.BYE, 0, b"\1")
    assert peer.read(len(sent)) == sent


@pytest.mark.parametrize("piece", [1 << 16, 1000, 100], ids="pieces of {} bytes".format)
def test_a_traced_connection_reports_and_acknowledges_the_same_as_a_silent_one(
    piece: int,
) -> None:
    """The log sees every message of a read, and changes neither events nor answers."""
    outcomes = []
    for traced in (True, False):
        loop = Loop(Clock())
        connection, owner, peer = talk(loop, Mode.FREE, traced=traced)
        say_many(loop, owner, peer, piece)
        connection.leave(Reason.QUIT, "")
        peer.send(frame(Kind.BYE, len(MANY), b"\1"))
        until(loop, lambda: connection.link.finished)  # noqa: B023
        outcomes.append((owner.calls, peer.read(10000)))
        logged = [trace for trace in owner.traces if trace.startswith("< TEXT")]
        assert len(logged) == (len(MANY) if traced else 0)
    assert outcomes[0] == outcomes[1]


# Writing.


def test_lines_that_may_not_be_sent_write_nothing(loop: Loop) -> None:
    """The error is the caller's to explain; the first line is sent, the second is not."""
    connection, _, peer = talk(loop)
    assert connection.say(["question", "too early"]) == 1
    with pytest.raises(LocalProtocolError, match="it is not your turn"):
        connection.say(["too early"])
    connection.leave(Reason.QUIT, "")
    sent = frame(Kind.TEXT, 1, b"question") + frame(Kind.BYE, 1, b"\1")
    assert peer.read(len(sent)) == sent


def test_words_about_a_game_are_written_at_once(loop: Loop) -> None:
    """They take no turn."""
    connection, _, peer = talk(loop)
    connection.play("offer chess")
    assert peer.read(8 + 11) == frame(Kind.GAME, 1, b"offer chess")


def test_bytes_that_the_kernel_does_not_take_are_written_later(loop: Loop) -> None:
    """The loop watches for writing exactly while bytes wait; none is lost or doubled."""
    connection, owner, peer = talk(loop)
    ours = say_much(loop, connection, owner, peer)
    before = 0
    while before != len(connection._pending):  # up to a write that takes nothing at all
        before = len(connection._pending)
        connection.flush()
    assert f"~ {before} bytes wait to be written" in owner.traces
    assert take(loop, connection, peer, len(ours)) == ours
    assert watched(loop) == [READ]


def test_reading_goes_on_while_bytes_wait_to_be_written(loop: Loop) -> None:
    """A peer that is slow to read may still send messages and BYE."""
    connection, owner, peer = talk(loop)
    say_much(loop, connection, owner, peer)
    peer.send(frame(Kind.TEXT, ROUNDS, b"answer"))
    until(loop, lambda: owner.calls)
    assert owner.events == [Said(ROUNDS, ["answer"])]
    assert watched(loop) == [READ | WRITE]


def test_a_peer_that_does_not_read_adds_nothing_to_the_pending_bytes(
    loop: Loop,
) -> None:
    """However many PINGs and moves it sends: the answers are counted, not queued."""
    connection, owner, peer = talk(loop)
    say_much(loop, connection, owner, peer)
    owner.traces.clear()
    for number in range(ROUNDS, ROUNDS + 20):
        peer.send(frame(Kind.PING, number) + frame(Kind.GAME, number, b"x"))
        until(loop, lambda: connection.link.session.shown >= number)  # noqa: B023
    assert connection._pending
    assert not [trace for trace in owner.traces if trace.startswith("> ")]


def test_a_failed_write_loses_no_message_that_had_arrived(loop: Loop) -> None:
    """Our BYE finds a peer that has gone; its last message is shown before the loss."""
    connection, owner, peer = talk(loop)
    connection.say(["question"])
    peer.send(frame(Kind.ACK, 1) + frame(Kind.TEXT, 1, b"last words"))
    peer.reset()
    connection.leave(Reason.QUIT, "")
    assert any(trace.startswith("! ") for trace in owner.traces), owner.traces
    assert owner.calls == []
    until(loop, lambda: owner.closed_times)
    assert owner.events == [Said(1, ["last words"]), Lost("")]
    assert_nothing_left(loop)


class Failing:
    """A socket whose next `send` fails once, as for want of memory in the kernel."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.failures = 1
        self.sent = b""

    def __getattr__(self, name: str) -> object:
        return getattr(self._socket, name)

    def send(self, data: bytes) -> int:
        """Raise OSError the first time, then send."""
        if self.failures:
            self.failures -= 1
            raise OSError(errno.ENOBUFS, "No buffer space available")
        self.sent += data
        return self._socket.send(data)


def test_after_a_failed_write_nothing_more_is_written_and_the_connection_is_lost(
    loop: Loop,
) -> None:
    """Otherwise the peer sees message 2 where 1 was next. What it had sent is read."""
    connection, owner, peer = talk(loop, Mode.FREE)
    sock = Failing(connection._socket)
    connection._socket = sock  # type: ignore[assignment]
    peer.send(b"".join(frame(Kind.TEXT, each, b"x") for each in range(1, 4)))
    peer.send(frame(Kind.PING, 1))
    connection.say(["one"])
    connection.say(["two"])
    until(loop, lambda: owner.closed_times)
    assert sock.sent == b""
    assert owner.events == [Said(3, ["x", "x", "x"]), Lost("No buffer space available")]
    assert [*connection.link.session.unacknowledged.values()] == ["one", "two"]
    assert_nothing_left(loop)


def test_after_a_failed_write_the_frames_of_a_paused_read_are_still_handled() -> None:
    """The connection is lost behind them, not between them."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    connection._socket = Failing(connection._socket)  # type: ignore[assignment]

    def take_long(connection: Connection, event: Event) -> None:
        clock.now += TURN_SECONDS
        show(connection, event)

    owner.answer = take_long
    peer.send(b"".join(frame(Kind.GAME, each, b"x") for each in range(1, 6)))
    until(loop, lambda: owner.closed_times)
    games = [Played(each, "x") for each in range(1, 6)]
    assert owner.events == [*games, Lost("No buffer space available")]
    assert_nothing_left(loop)


def test_a_peer_that_sends_for_ever_is_dropped_a_second_after_a_failed_write() -> None:
    """Reading what has come would have no end."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    connection._socket = Failing(connection._socket)  # type: ignore[assignment]

    def send_another(connection: Connection, event: Event) -> None:
        clock.now += DISMISSAL_SECONDS / 8
        show(connection, event)
        if isinstance(event, Played):
            peer.send(frame(Kind.GAME, event.number + 1, b"x"))

    owner.answer = send_another
    connection.say(["question"])
    peer.send(frame(Kind.GAME, 1, b"x"))
    until(loop, lambda: owner.closed_times)
    assert owner.events[-1] == Lost("No buffer space available")
    assert 8 <= len(owner.events) <= 10
    assert_nothing_left(loop)


def test_a_peer_that_closed_is_read_to_its_end_after_a_failed_write(loop: Loop) -> None:
    """Also where the end of the stream comes before the last look at the socket."""
    connection, owner, peer = talk(loop)
    connection._socket.shutdown(socket.SHUT_WR)
    connection.say(["question"])
    assert "! Broken pipe" in owner.traces
    peer.send(frame(Kind.TEXT, 1, b"still here"))
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert owner.events == [Said(1, ["still here"]), Lost("")]
    assert_nothing_left(loop)


# Many frames at once, handled in more than one turn of the loop.


def count_turns(loop: Loop) -> list[int]:
    """Return a list that gets an entry in every turn, as a key would be heard there."""
    turns: list[int] = []

    def note() -> None:
        turns.append(len(turns))
        loop.call_later(0, note)

    note()
    return turns


def test_a_turn_ends_when_its_time_is_over_and_the_next_goes_on() -> None:
    """A key that is pressed meanwhile is heard between two events."""
    clock = Clock()
    loop = Loop(clock)
    _, owner, peer = talk(loop)
    heard: list[int] = []
    turns = count_turns(loop)

    def take_long(connection: Connection, event: Event) -> None:
        clock.now += TURN_SECONDS / 2
        heard.append(len(turns))
        show(connection, event)

    owner.answer = take_long
    peer.send(b"".join(frame(Kind.GAME, each, b"x") for each in range(1, 10)))
    until(loop, lambda: len(owner.events) == 9)
    assert owner.events == [Played(each, "x") for each in range(1, 10)]
    assert max(heard.count(each) for each in heard) == 2


def test_pings_alone_do_not_keep_a_turn_from_ending() -> None:
    """No event is between them, but with -vv each is shown, which takes time."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    turns = count_turns(loop)
    logged: list[int] = []

    def trace(sign: str, what: object, raw: bytes) -> None:
        if sign == "<":
            clock.now += TURN_SECONDS / STEP
            logged.append(len(turns))

    connection.link._trace = trace
    peer.send(b"".join(frame(Kind.PING, each) for each in range(10 * STEP)))
    until(loop, lambda: len(logged) == 10 * STEP)
    assert max(logged.count(each) for each in logged) == STEP
    assert owner.events == []


def test_nothing_is_read_while_frames_are_waiting() -> None:
    """Otherwise a peer that sends faster than we show would fill our memory."""
    clock = Clock()
    loop = Loop(clock)
    _, owner, peer = talk(loop)
    waiting: list[int] = []

    def take_long(connection: Connection, event: Event) -> None:
        clock.now += TURN_SECONDS
        waiting.append(len(connection.link.waiting))
        peer.send(frame(Kind.GAME, 10 + len(waiting), b"y"))
        show(connection, event)

    owner.answer = take_long
    peer.send(b"".join(frame(Kind.GAME, each, b"x") for each in range(1, 11)))
    until(loop, lambda: len(waiting) == 10)
    assert waiting == [*range(9, -1, -1)]
    owner.answer = show
    until(loop, lambda: len(owner.events) == 20)


def test_a_deadline_that_passes_between_two_turns_loses_no_frame() -> None:
    """The frames had come in time. It is the end of what is read, not of what was read."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    connection.leave(Reason.QUIT, "")

    def take_long(connection: Connection, event: Event) -> None:
        clock.now += CLOSING_SECONDS
        show(connection, event)

    owner.answer = take_long
    peer.send(
        b"".join(frame(Kind.GAME, each, b"x") for each in range(1, 5))
        + frame(Kind.BYE, 4, b"\1")
    )
    until(loop, lambda: owner.closed_times)
    games = [Played(each, "x") for each in range(1, 5)]
    assert owner.events == [*games, Left(Reason.QUIT, "")]
    assert_nothing_left(loop)


def test_acks_behind_the_goodbyes_are_handled_although_the_time_is_over() -> None:
    """They prove that everything arrived: closing before would list them as lost."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop, Mode.FREE)
    connection.say([str(each) for each in range(3 * STEP)])
    connection.leave(Reason.QUIT, "")

    def take_long(connection: Connection, event: Event) -> None:
        clock.now += GOODBYE_SECONDS
        show(connection, event)

    owner.answer = take_long
    acks = b"".join(frame(Kind.ACK, each) for each in range(1, 3 * STEP + 1))
    peer.send(frame(Kind.BYE, 0, b"\1") + acks)
    until(loop, lambda: not connection.link.waiting and owner.events)
    connection._miss_deadline()
    until(loop, lambda: owner.closed_times)
    assert owner.events == [Left(Reason.QUIT, "")]
    assert connection.link.session.over
    assert_nothing_left(loop)


def test_the_time_of_a_frame_that_became_whole_is_over_when_the_turn_ends() -> None:
    """The timer that ran for it must not drop a peer whose frames are still waiting."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    data = b"".join(frame(Kind.GAME, each, b"x") for each in range(1, 4))
    peer.send(data[:5])
    until(loop, lambda: connection.link.unfinished)

    def take_long(connection: Connection, event: Event) -> None:
        clock.now += FRAME_SECONDS
        show(connection, event)

    owner.answer = take_long
    peer.send(data[5:] + data[:5])
    until(loop, lambda: len(owner.events) == 3)
    move(loop, clock, ACK_SECONDS)
    move(loop, clock, FRAME_SECONDS - 2 * ACK_SECONDS)
    assert owner.closed_times == 0
    move(loop, clock, ACK_SECONDS)
    assert owner.events[-1] == Lost("stream ends after 5 bytes, expected 8")


def test_the_silence_is_not_judged_between_two_turns() -> None:
    """What the peer sent meanwhile was not read yet."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)

    def take_long(connection: Connection, event: Event) -> None:
        clock.now += PING_SECONDS
        show(connection, event)

    owner.answer = take_long
    peer.send(b"".join(frame(Kind.GAME, each, b"x") for each in range(1, 5)))
    until(loop, lambda: len(owner.events) == 3)
    peer.send(frame(Kind.ACK, 0))
    until(loop, lambda: len(owner.events) == 4)
    loop.turn(0)
    loop.turn(0)
    assert owner.events == [Played(each, "x") for each in range(1, 5)]
    assert not connection.link.pulse.pings
    assert connection.silence == 0  # it begins when what was read has been handled


def test_closing_between_two_turns_leaves_nothing_behind() -> None:
    """As when the peer comes back on another connection."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)

    def take_long(connection: Connection, event: Event) -> None:
        clock.now += TURN_SECONDS
        show(connection, event)

    owner.answer = take_long
    peer.send(b"".join(frame(Kind.GAME, each, b"x") for each in range(1, 5)))
    until(loop, lambda: owner.events)
    connection.close()
    assert owner.events == [Played(1, "x")]
    assert_nothing_left(loop)


# A connection that is lost.


def test_an_end_between_two_frames_is_a_loss_without_detail(loop: Loop) -> None:
    """No frame was cut, but nobody said BYE."""
    _, owner, peer = talk(loop)
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert owner.calls == [Lost(""), "closed"]
    assert_nothing_left(loop)


def test_an_end_inside_a_frame_is_a_loss_that_counts_the_bytes(loop: Loop) -> None:
    """The detail says that 3 bytes of 8 came."""
    _, owner, peer = talk(loop)
    peer.send(frame(Kind.ACK, 0)[:3])
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert owner.events == [Lost("stream ends after 3 bytes, expected 8")]
    assert_nothing_left(loop)


def test_a_reset_is_a_loss_like_any_other(loop: Loop) -> None:
    """A peer that was killed causes no traceback."""
    _, owner, peer = talk(loop)
    peer.reset()
    until(loop, lambda: owner.closed_times)
    assert owner.calls == [Lost(""), "closed"]
    assert "! Connection reset by peer" in owner.traces
    assert_nothing_left(loop)


def test_a_message_that_came_before_a_reset_is_reported_before_the_loss(loop: Loop) -> None:
    """The kernel keeps bytes that had arrived."""
    connection, owner, peer = talk(loop)
    connection.say(["question"])
    peer.read(1)  # or the close would find bytes unread
    peer.send(frame(Kind.TEXT, 1, b"last words"))
    peer.reset()
    until(loop, lambda: owner.closed_times)
    assert owner.events == [Said(1, ["last words"]), Lost("")]
    assert_nothing_left(loop)


def test_close_is_reported_once_and_leaves_nothing_behind(loop: Loop) -> None:
    """No watched descriptor, no timer, no second call of `closed`."""
    connection, owner, peer = talk(loop)
    peer.send(b"\0")
    until(loop, lambda: connection.link.unfinished)
    connection.set_deadline(60)
    connection.close()
    connection.close()
    assert owner.closed_times == 1
    assert connection._socket.fileno() == -1
    assert_nothing_left(loop)


def test_a_closed_connection_makes_no_more_calls() -> None:
    """Also when it is flushed once more: `closed` was the last call."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, _peer = talk(loop)
    connection.leave(Reason.QUIT, "")
    connection.close()
    connection.flush()
    move(loop, clock, 60)
    assert owner.calls == ["closed"]
    assert owner.traces[-1] == "x connection closed"  # nothing was written into the void
    assert_nothing_left(loop)


# Goodbyes.


def test_messages_after_our_bye_are_still_reported(loop: Loop) -> None:
    """Up to the peer's own BYE."""
    connection, owner, peer = talk(loop)
    connection.say(["question"])
    connection.leave(Reason.QUIT, "see you")
    until_received(peer, State.CLOSED)
    peer.send(frame(Kind.TEXT, 1, b"one more thing"))
    until(loop, lambda: owner.events)
    assert owner.closed_times == 0
    peer.send(frame(Kind.BYE, 1, b"\1"))
    until(loop, lambda: connection.link.finished)
    assert owner.events == [Said(1, ["one more thing"]), Left(Reason.QUIT, "")]


def test_after_the_goodbyes_all_is_written_then_half_closed_then_read_to_the_end(
    loop: Loop,
) -> None:
    """Only the end of the peer's stream closes the socket; all that we sent arrives."""
    connection, owner, peer = talk(loop)
    ours = say_much(loop, connection, owner, peer)
    connection.leave(Reason.QUIT, "see you")
    peer.send(frame(Kind.ACK, ROUNDS) + frame(Kind.BYE, ROUNDS - 1, b"\1"))
    until(loop, lambda: connection.link.finished)
    # Our BYE still waits behind what the peer has not read: no end of stream yet.
    assert watched(loop) == [READ | WRITE]
    assert not any("half-closed" in trace for trace in owner.traces)
    ours += frame(Kind.BYE, ROUNDS, b"\1see you")
    assert take(loop, connection, peer, len(ours)) == ours
    assert watched(loop) == [READ]
    assert peer.read(1) == b""
    assert owner.closed_times == 0
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert owner.events == [Left(Reason.QUIT, "")]
    assert owner.traces[-3:] == [
        "x half-closed, nothing more will be sent",
        "~ read the end of the stream",
        "x connection closed",
    ]
    assert_nothing_left(loop)


def test_the_peers_goodbye_is_answered_before_the_half_close(loop: Loop) -> None:
    """The peer reads our BYE, then the end of the stream, and closes first."""
    _, owner, peer = talk(loop)
    peer.link.leave(Reason.QUIT, "see you")
    peer.send()
    until(loop, lambda: owner.events)
    assert peer.read(10000) == frame(Kind.BYE, 0, b"\1")
    assert owner.events == [Left(Reason.QUIT, "see you")]
    assert owner.closed_times == 0
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert_nothing_left(loop)


@pytest.mark.parametrize("leaver", [0, 1], ids=["the client leaves", "the server leaves"])
def test_a_goodbye_needs_no_timer_on_either_side(leaver: int) -> None:
    """Both say BYE and close while the clock stands still, whichever side leaves."""
    loop = Loop(Clock())
    near, far = socket_pair()
    owners = (Recorder(), Recorder())
    ends = (
        Connection(loop, near, "server", make_client(), owners[0]),
        Connection(loop, far, "client", make_server(), owners[1]),
    )
    ends[0].flush()
    until(loop, lambda: all(end.link.state is State.OPEN for end in ends))
    ends[0].say(["last words"])
    ends[leaver].leave(Reason.QUIT, "see you")
    until(loop, lambda: all(owner.closed_times for owner in owners))
    assert Said(1, ["last words"]) in owners[1].events
    assert Left(Reason.QUIT, "see you") in owners[1 - leaver].events
    assert Left(Reason.QUIT, "") in owners[leaver].events
    assert not ends[0].link.session.unacknowledged
    assert_nothing_left(loop)


def test_a_refused_stranger_reads_the_reason_and_the_end_of_the_stream() -> None:
    """Its own BYE ends the connection; without one its time is over after 4.5 s."""
    clock = Clock()
    loop = Loop(clock)
    for polite in (True, False):
        connection, owner, peer = connect(loop, server=True)
        owner.answer = lambda connection, _: connection.refuse(Reason.BUSY, "not now")
        peer.send()
        until(loop, lambda: owner.events)  # noqa: B023
        owner.answer = show
        if polite:
            peer.send(frame(Kind.BYE, 0, b"\1"))
            until(loop, lambda: connection.link.finished)  # noqa: B023
            peer.socket.shutdown(socket.SHUT_WR)
            until(loop, lambda: owner.closed_times)  # noqa: B023
        else:
            move(loop, clock, GOODBYE_SECONDS - 0.001)
            assert owner.closed_times == 0
            move(loop, clock, 0.001)
        assert owner.closed_times == 1
        assert peer.read(100) == frame(Kind.BYE, 0, bytes([Reason.BUSY]) + b"not now")
        assert_nothing_left(loop)


# A peer that breaks the rules.


def test_a_broken_rule_is_answered_with_a_bye_that_names_it(loop: Loop) -> None:
    """The peer reads the reason, then the end of the stream."""
    _, owner, peer = talk(loop)
    peer.send(GARBAGE)
    until(loop, lambda: owner.events)
    (failed,) = owner.events
    assert isinstance(failed, Failed)
    why = str(failed.error).encode()
    assert peer.read(10000) == frame(Kind.BYE, 0, bytes([Reason.PROTOCOL]) + why)
    assert owner.closed_times == 0
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert_nothing_left(loop)


def test_bytes_after_an_error_are_read_and_discarded(loop: Loop) -> None:
    """A close with unread bytes would make TCP discard our BYE too."""
    connection, owner, peer = talk(loop)
    connection.say(["question"])
    peer.send(GARBAGE)
    until(loop, lambda: owner.events)
    rest = frame(Kind.TEXT, 1, b"never mind") * 20000
    peer.socket.setblocking(False)

    def sent() -> bool:
        nonlocal rest
        with suppress(BlockingIOError):
            rest = rest[peer.socket.send(rest) :]
        return not rest

    until(loop, sent)
    peer.socket.settimeout(SECONDS)
    peer.socket.shutdown(socket.SHUT_WR)
    until(loop, lambda: owner.closed_times)
    assert [type(event) for event in owner.events] == [Failed]
    assert peer.read(10000).startswith(frame(Kind.TEXT, 1, b"question"))
    assert_nothing_left(loop)


def test_an_error_after_our_bye_gets_no_second_bye(loop: Loop) -> None:
    """BYE is sent once; the stream ends behind it."""
    connection, owner, peer = talk(loop)
    connection.leave(Reason.QUIT, "")
    peer.send(GARBAGE)
    until(loop, lambda: owner.events)
    assert peer.read(10000) == frame(Kind.BYE, 0, b"\1")
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert [type(event) for event in owner.events] == [Failed]


# A peer that takes its time, on a clock that the test moves.


def test_a_frame_that_is_not_whole_after_ten_seconds_is_a_loss() -> None:
    """The time runs from its first byte: a byte a second does not extend it."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    connection.say(["question"])
    data = frame(Kind.TEXT, 1, b"x" * 100)
    for place in range(10):
        peer.send(data[place : place + 1])
        until(loop, lambda: owner.calls.count("proceed") > place)  # noqa: B023
        assert owner.closed_times == 0
        move(loop, clock, 0.999 if place == 9 else 1)
    assert owner.events == []
    move(loop, clock, 0.001)
    assert [type(event) for event in owner.events] == [Lost]
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_messages_behind_the_hello_of_a_returning_client_belong_to_its_talk(
    loop: Loop,
) -> None:
    """Also those in the same read: the new link has adopted the session by then."""
    client, server = make_pair(mode=Mode.FREE)
    connection, owner, peer = connect(loop, server=True)
    owner.answer = lambda connection, event: (
        connection.welcome(server.session)
        if isinstance(event, Greeted)
        else show(connection, event)
    )
    peer.link = make_client(session=client.session)
    peer.send(peer.link.data_to_send() + frame(Kind.TEXT, 1, b"again"))
    until(loop, lambda: len(owner.events) == 2)
    assert owner.events[1] == Said(1, ["again"])
    assert connection.link.session is server.session
    assert server.session.shown == 1
    assert [type(event) for event in peer.receive()] == [Opened]


def test_a_message_sent_on_a_closed_connection_is_kept_for_the_next_one(loop: Loop) -> None:
    """Nothing is written and no timer is set."""
    connection, owner, _ = talk(loop)
    connection.close()
    owner.traces.clear()
    connection.say(["hello"])
    assert not [trace for trace in owner.traces if trace[0] in "~!"]
    assert connection.link.session.unacknowledged == {1: "hello"}
    assert patience(loop) is None


def test_every_frame_has_its_own_time() -> None:
    """Where one frame ends and the next begins in one read, the time begins again."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    data = frame(Kind.ACK, 0)
    peer.send(data[:4])
    until(loop, lambda: connection.link.unfinished)
    for _ in range(3):
        move(loop, clock, 9)
        before = owner.calls.count("proceed")
        peer.send(data[4:] + data[:4])
        until(loop, lambda: owner.calls.count("proceed") > before)  # noqa: B023
    assert owner.closed_times == 0
    move(loop, clock, 10)
    assert owner.closed_times == 1


def test_a_slow_screen_takes_no_time_from_a_frame_that_has_begun() -> None:
    """The rest of it may have come meanwhile and was not read yet."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = connect(loop, mode=Mode.FREE)
    connection.flush()
    peer.receive()
    peer.link.welcome()
    peer.link.say(["one"])
    peer.link.play("x")
    data = peer.link.data_to_send()

    def take_long(connection: Connection, event: Event) -> None:
        if event == Said(1, ["one"]):
            clock.now += 2 * FRAME_SECONDS
            peer.send(data[-3:])
        show(connection, event)

    owner.answer = take_long
    peer.send(data[:-3])
    until(loop, lambda: len(owner.events) == 3)
    assert owner.events[1:] == [Said(1, ["one"]), Played(2, "x")]
    assert owner.closed_times == 0


def test_between_two_frames_no_time_runs() -> None:
    """A person thinks before answering."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    data = frame(Kind.ACK, 0)
    peer.send(data[:4])
    until(loop, lambda: connection.link.unfinished)
    assert patience(loop) is not None
    peer.send(data[4:])
    until(loop, lambda: not connection.link.unfinished)
    assert patience(loop) == 10.0  # a sign of life will be asked for, that is all
    move(loop, clock, 9.9)
    assert owner.closed_times == 0


def test_a_bye_without_an_answer_is_a_loss_after_20_seconds() -> None:
    """The loss is reported, because the peer never said BYE.

    A person who waits has a shorter limit: see test_chat and test_doors.
    """
    clock = Clock()
    loop = Loop(clock)
    connection, owner, _peer = talk(loop)
    connection.leave(Reason.QUIT, "")
    move(loop, clock, CLOSING_SECONDS - 0.001)
    assert owner.events == []
    move(loop, clock, 0.001)
    assert owner.events == [Lost(LATE)]
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_a_message_after_our_bye_does_not_extend_the_deadline() -> None:
    """The time runs from our BYE, whatever the peer still sends."""
    clock = Clock()
    loop = Loop(clock)
    owner, peer = part(loop)
    move(loop, clock, CLOSING_SECONDS - 1)
    peer.send(frame(Kind.TEXT, 1, b"wait"))
    until(loop, lambda: owner.events)
    assert owner.closed_times == 0
    move(loop, clock, 1)
    assert owner.closed_times == 1


def test_an_ack_after_our_bye_extends_the_deadline() -> None:
    """A peer with a slow screen has time for as long as it acknowledges messages."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    for number in range(1, 4):
        connection.play(f"word {number}")
    connection.leave(Reason.QUIT, "")
    for number in range(1, 4):
        move(loop, clock, CLOSING_SECONDS - 1)
        peer.send(frame(Kind.ACK, number))
        until(loop, lambda: connection.link.session.acknowledged == number)  # noqa: B023
    assert owner.closed_times == 0
    move(loop, clock, CLOSING_SECONDS)
    assert owner.closed_times == 1


def test_the_last_ack_after_our_bye_extends_the_deadline_too() -> None:
    """It comes with the peer's own BYE: the whole time for closing follows."""
    clock = Clock()
    loop = Loop(clock)
    owner, peer = part(loop)
    move(loop, clock, CLOSING_SECONDS - 1)
    peer.send(frame(Kind.ACK, 1) + frame(Kind.BYE, 0, b"\1"))
    until(loop, lambda: owner.events)
    move(loop, clock, GOODBYE_SECONDS - 0.001)
    assert owner.closed_times == 0
    move(loop, clock, 0.001)
    assert owner.closed_times == 1


def test_pending_bytes_are_written_between_the_events_on_a_slow_screen() -> None:
    """Otherwise the peer would read nothing until a whole read was shown."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    ours = say_much(loop, connection, owner, peer)
    waiting: list[int] = []

    def take_long(connection: Connection, event: Event) -> None:
        clock.now += 2 * TURN_SECONDS
        show(connection, event)
        peer.read(16384)
        waiting.append(len(connection._pending))

    owner.answer = take_long
    peer.send(
        b"".join(frame(Kind.GAME, number, b"x") for number in range(ROUNDS, ROUNDS + 9))
    )
    until(loop, lambda: len(waiting) == 9)
    assert len(ours) > waiting[0] > waiting[-1]


def test_while_bytes_are_pending_no_ack_timer_runs() -> None:
    """It could send nothing, and would fire again and again."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    say_much(loop, connection, owner, peer)
    peer.send(frame(Kind.GAME, ROUNDS, b"x"))
    until(loop, lambda: connection.link.replies.ack)
    assert patience(loop) == PING_SECONDS


def raise_at(*numbers: int) -> Callable[[Connection, Event], None]:
    """Return an answer that raises at these messages: the screen was closed."""

    def answer(connection: Connection, event: Event) -> None:
        if isinstance(event, Played) and event.number in numbers:
            raise ScreenClosedError("the screen was closed")
        show(connection, event)

    return answer


def receive_interrupted(loop: Loop, owner: Recorder, peer: Peer) -> None:
    """Receive three messages in one read, and raise at the first one."""
    owner.answer = raise_at(1)
    peer.send(b"".join(frame(Kind.GAME, number, b"x") for number in (1, 2, 3)))
    with pytest.raises(ScreenClosedError):
        until(loop, lambda: owner.closed_times)


def test_the_end_of_the_stream_is_reported_after_all_events_before_it() -> None:
    """Also after an owner that raised, and that leaves at one of those events."""
    loop = Loop(Clock())
    _, owner, peer = talk(loop)
    receive_interrupted(loop, owner, peer)

    def leave(connection: Connection, event: Event) -> None:
        show(connection, event)
        if event == Played(2, "x"):
            connection.leave(Reason.STOPPED, "")

    owner.answer = leave
    peer.socket.shutdown(socket.SHUT_WR)
    until(loop, lambda: owner.closed_times)
    assert owner.events[-3:] == [Played(2, "x"), Played(3, "x"), Lost("")]
    assert_nothing_left(loop)


def test_events_before_the_end_of_the_stream_are_not_lost_with_the_pulse() -> None:
    """Where an owner raised twice, the check of the silence reports what is left."""
    clock = Clock()
    loop = Loop(clock)
    _, owner, peer = talk(loop)
    receive_interrupted(loop, owner, peer)
    owner.answer = raise_at(2)
    peer.socket.shutdown(socket.SHUT_WR)
    with pytest.raises(ScreenClosedError):
        until(loop, lambda: owner.closed_times)
    owner.answer = show
    clock.now += PING_SECONDS
    loop._call_due_timers(clock.now)  # the timer comes before the socket is looked at
    assert owner.events[-3:] == [Played(2, "x"), Played(3, "x"), Lost("")]
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_an_end_of_the_stream_that_the_pulse_finds_is_reported_once() -> None:
    """The check of the silence reads first, and closes the connection then."""
    clock = Clock()
    loop = Loop(clock)
    _, owner, peer = talk(loop)
    peer.socket.close()
    clock.now += PING_SECONDS
    loop._call_due_timers(clock.now)  # the timer comes before the socket is looked at
    assert owner.calls == [Lost(""), "closed"]
    assert_nothing_left(loop)


def test_a_sign_of_life_that_was_not_read_yet_is_read_before_the_peer_counts_as_lost() -> (
    None
):
    """A slow callback of ours is not the peer's silence."""
    clock = Clock()
    loop = Loop(clock)
    _, owner, peer = talk(loop)
    move(loop, clock, PING_SECONDS)  # asked for a sign of life
    owner.calls.clear()
    clock.now += PING_SECONDS  # spent in a callback of ours; meanwhile the peer speaks
    peer.send(frame(Kind.PONG, 1))
    loop._call_due_timers(clock.now)  # the timer comes before the socket is looked at
    assert owner.events == []
    assert owner.closed_times == 0


def test_on_a_slow_screen_messages_are_acknowledged_within_a_read() -> None:
    """The rest of the read may take a slow screen long."""
    clock = Clock()
    loop = Loop(clock)
    _connection, owner, peer = talk(loop)
    owed: list[int] = []

    def watch(connection: Connection, event: Event) -> None:
        link = connection.link
        owed.append(link.session.shown - link.replies._acknowledged)
        clock.now += TURN_SECONDS / 4
        show(connection, event)

    owner.answer = watch
    peer.send(b"".join(frame(Kind.GAME, each, b"x") for each in range(1, 4 * ACK_AT)))
    until(loop, lambda: len(owed) == 4 * ACK_AT - 1)
    assert max(owed) == 3


def test_a_peer_that_said_bye_but_does_not_close_is_closed() -> None:
    """Both goodbyes were sent, so that is no loss."""
    clock = Clock()
    loop = Loop(clock)
    _, owner, peer = talk(loop)
    peer.link.leave(Reason.QUIT, "")
    peer.send()
    until(loop, lambda: owner.events)
    move(loop, clock, 4.499)
    assert owner.closed_times == 0
    move(loop, clock, 0.001)
    assert owner.events == [Left(Reason.QUIT, "")]
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_a_bye_to_a_peer_that_does_not_read_ends_in_time() -> None:
    """Pending bytes do not keep the program alive."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    say_much(loop, connection, owner, peer)
    connection.leave(Reason.QUIT, "")
    assert watched(loop) == [READ | WRITE]
    move(loop, clock, CLOSING_SECONDS)
    assert owner.events == [Lost(LATE)]
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_a_peer_that_broke_a_rule_has_one_second_to_read_why() -> None:
    """Then the connection is closed, whatever it sends."""
    clock = Clock()
    loop = Loop(clock)
    _, owner, peer = talk(loop)
    peer.send(GARBAGE)
    until(loop, lambda: owner.events)
    move(loop, clock, 0.999)
    assert owner.closed_times == 0
    move(loop, clock, 0.001)
    assert owner.closed_times == 1
    assert [type(event) for event in owner.events] == [Failed]
    assert_nothing_left(loop)


def test_a_stranger_that_broke_a_rule_has_one_second_too() -> None:
    """Not the rest of its time to say HELLO."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = connect(loop, server=True)
    connection.set_deadline(5)
    peer.send(GARBAGE)
    until(loop, lambda: owner.events)
    move(loop, clock, 1)
    assert owner.closed_times == 1


def test_a_deadline_that_the_owner_sets_is_kept() -> None:
    """A program sets one for the HELLO."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, _peer = connect(loop, server=True)
    connection.set_deadline(5)
    move(loop, clock, 4.999)
    assert owner.closed_times == 0
    move(loop, clock, 0.001)
    assert owner.calls == [Lost(LATE), "closed"]
    assert_nothing_left(loop)


def test_of_two_deadlines_the_earlier_one_stands() -> None:
    """In whatever order they are set."""
    for first, second in ((5, 50), (50, 5)):
        clock = Clock()
        loop = Loop(clock)
        connection, owner, _peer = connect(loop, server=True)
        connection.set_deadline(first)
        connection.set_deadline(second)
        move(loop, clock, 4.999)
        assert owner.closed_times == 0
        move(loop, clock, 0.001)
        assert owner.closed_times == 1
        assert_nothing_left(loop)


def test_a_deadline_can_be_lifted_and_set_again() -> None:
    """Between the two there is no limit."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, _peer = connect(loop, server=True)
    connection.lift_deadline()  # harmless where there was none
    connection.set_deadline(5)
    connection.lift_deadline()
    assert patience(loop) is None
    move(loop, clock, 1_000_000)
    assert owner.closed_times == 0
    connection.set_deadline(50)
    move(loop, clock, 49)
    assert owner.closed_times == 0
    move(loop, clock, 1)
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_a_closed_connection_takes_no_deadline(loop: Loop) -> None:
    """No timer is left behind."""
    connection, owner, _peer = connect(loop, server=True)
    connection.close()
    connection.set_deadline(5)
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_the_owner_can_shorten_the_time_of_a_goodbye() -> None:
    """A program that was stopped by a signal does not wait 20 seconds."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, _peer = talk(loop)
    connection.leave(Reason.STOPPED, "")
    connection.set_deadline(1)
    connection.flush()
    move(loop, clock, 1)
    assert owner.closed_times == 1
    assert_nothing_left(loop)
