"""A connection over real TCP: nothing is lost, nobody is waited for without end."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from chatlib.connection import (
    ACK_SECONDS,
    CLOSING_SECONDS,
    FRAME_SECONDS,
    GOODBYE_SECONDS,
    LATE,
    SLOW_SECONDS,
    Connection,
)
from chatlib.errors import ScreenClosedError
from chatlib.loop import READ, WRITE, Loop
from chatlib.protocol.frames import Frame, Kind
from chatlib.protocol.session import (
    ACK_AT,
    PING_SECONDS,
    Event,
    Failed,
    Greeted,
    Left,
    Lost,
    Mode,
    Played,
    Reason,
    Said,
    Session,
    State,
)
from tests.helpers import (
    SECONDS,
    Clock,
    make_client,
    make_pair,
    make_server,
    move,
    patience,
    socket_pair,
    until,
)

ROUNDS = 200
"""How many messages of 4 kB `say_much` says."""

GARBAGE = b"GET / HTTP/1.1\r\n"
"""Not a frame: of an unknown kind, as its fourth byte says."""


class Owner:
    """Writes down what it is told, and shows every message, as a chat does."""

    def __init__(self) -> None:
        self.calls: list[Event | str] = []
        self.traces: list[str] = []
        self.answer: Callable[[Connection, Event], None] = show

    @property
    def events(self) -> list[Event]:
        """What the session had to say, in order."""
        return [call for call in self.calls if not isinstance(call, str)]

    @property
    def closed_times(self) -> int:
        """How often the end was told."""
        return self.calls.count("closed")

    def handle(self, connection: Connection, event: Event) -> None:
        """Take one event of the session."""
        self.calls.append(event)
        self.answer(connection, event)

    def settle(self) -> None:
        """A read has been handled."""
        self.calls.append("settled")

    def closed(self, connection: Connection) -> None:
        """It is over."""
        self.calls.append("closed")

    def trace(self, sign: str, what: object, raw: bytes) -> None:
        """Keep what a frame log would show."""
        self.traces.append(f"{sign} {what}")


class Peer:
    """The other end, worked by hand: a session in memory and a blocking socket."""

    def __init__(self, sock: socket.socket, session: Session) -> None:
        sock.settimeout(SECONDS)
        self.socket = sock
        self.session = session

    def send(self, data: bytes | None = None) -> None:
        """Send these bytes, or else what the session wants to send."""
        self.socket.sendall(self.session.data_to_send() if data is None else data)

    def receive(self) -> list[Event]:
        """Take the next bytes; wait until there are some."""
        data = self.socket.recv(65536)
        self.session.receive_data(data) if data else self.session.receive_eof()
        return list(self.session.events())

    def read(self, count: int) -> bytes:
        """Read so many bytes, or fewer when the stream ends before."""
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
    """Close what a test has connected, the last first."""
    while _closers:
        _closers.pop()()


@pytest.fixture(autouse=True)
def everything_is_closed() -> Iterator[None]:
    """Whatever a test has connected, it need not close."""
    yield
    close_everything()


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop on the real clock."""
    loop = Loop()
    yield loop
    close_everything()
    loop.close()


def show(connection: Connection, event: Event) -> None:
    """Welcome who says HELLO, acknowledge what is said."""
    if isinstance(event, Greeted):
        connection.session.welcome()
    elif isinstance(event, Said | Played):
        connection.session.shown(event.number)


def connect(
    loop: Loop, *, server: bool = False, mode: Mode = Mode.TURNS
) -> tuple[Connection, Owner, Peer]:
    """Give our end on the loop, its owner, and a peer; nothing has been said yet."""
    near, far = socket_pair()
    near.settimeout(SECONDS)  # left like this, it would fail here instead of hanging
    owner = Owner()
    session = make_server(owner.trace) if server else make_client(owner.trace)
    connection = Connection(loop, near, far.getsockname(), session, owner, owner.trace)
    _closers.extend((connection.close, far.close))
    return connection, owner, Peer(far, make_client() if server else make_server(mode=mode))


def talk(loop: Loop, mode: Mode = Mode.TURNS) -> tuple[Connection, Owner, Peer]:
    """Give our end, a client, with both HELLOs said; it is our turn."""
    connection, owner, peer = connect(loop, mode=mode)
    connection.flush()
    while not peer.receive():
        pass
    peer.session.welcome()
    peer.send()
    until(loop, lambda: connection.session.state is State.OPEN)
    owner.calls.clear()
    return connection, owner, peer


def part(loop: Loop) -> tuple[Owner, Peer]:
    """Let our end ask something and say BYE; neither is answered yet."""
    connection, owner, peer = talk(loop)
    connection.session.say("question")
    connection.session.leave(Reason.QUIT, "")
    connection.flush()
    return owner, peer


def say_much(loop: Loop, connection: Connection, owner: Owner, peer: Peer) -> bytes:
    """Let a talk go on with a peer that speaks and does not read; return all of our side.

    It is more than the kernels at both ends take, so the rest has to wait.
    """
    for sock, option in (
        (connection._socket, socket.SO_SNDBUF),
        (peer.socket, socket.SO_RCVBUF),
    ):
        sock.setsockopt(socket.SOL_SOCKET, option, 65536)

    def answer(connection: Connection, event: Event) -> None:
        show(connection, event)
        if isinstance(event, Said):
            connection.session.say(f"{event.number + 1}{'x' * 4000}")

    owner.answer = answer
    connection.session.say("1")
    connection.flush()
    # Judged one by one, each after the answer to the one before: all are in turn.
    peer.send(b"".join(frame(Kind.TEXT, number, b"go on") for number in range(1, ROUNDS)))
    until(loop, lambda: connection.session.sent == ROUNDS)
    assert watched(loop) == [READ | WRITE]
    owner.answer = show
    owner.calls.clear()
    ours = bytearray(frame(Kind.TEXT, 1, b"1"))
    for number in range(1, ROUNDS):
        text = f"{number + 1}{'x' * 4000}".encode()
        ours += frame(Kind.ACK, number) + frame(Kind.TEXT, number + 1, text)
    return bytes(ours)


def take(loop: Loop, connection: Connection, peer: Peer, count: int) -> bytes:
    """Let the peer read so many bytes while the loop turns, until none wait with us."""
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
    """Let the peer read until its session is in this state."""
    while peer.session.state is not state:
        peer.receive()


def watched(loop: Loop) -> list[int]:
    """What the loop waits for: the events of every descriptor."""
    return [key.events for key in loop._selector.get_map().values()]


def assert_nothing_left(loop: Loop) -> None:
    """A loop that nobody wants anything of: no descriptor, no timer."""
    assert watched(loop) == []
    assert patience(loop) is None


def frame(kind: Kind, number: int, body: bytes = b"") -> bytes:
    """Give a frame as it travels."""
    return Frame(kind, number, body).encode()


# The socket.


def test_a_message_is_not_held_back_for_the_next() -> None:
    """TCP_NODELAY is set: Nagle's algorithm would cost a short line 40 ms."""
    connection, _, _peer = connect(Loop())
    assert connection._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_socket_is_nonblocking_whatever_it_was_before() -> None:
    """One slow peer must not stop the loop."""
    connection, _, _peer = connect(Loop())
    assert not connection._socket.getblocking()


def test_an_idle_connection_waits_for_reading_only(loop: Loop) -> None:
    """A socket is nearly always writable: asking for that would spin."""
    _connection, _, _peer = talk(loop)
    assert watched(loop) == [READ]


# Reading.


def test_a_message_that_comes_byte_by_byte_is_told_once_and_whole(loop: Loop) -> None:
    """However TCP cuts it, there is one message, and only after its last byte."""
    connection, owner, peer = talk(loop)
    connection.session.say("question")
    connection.flush()
    data = frame(Kind.TEXT, 1, "für dich".encode())
    for place in range(len(data)):
        assert owner.events == []
        peer.send(data[place : place + 1])
        until(loop, lambda: owner.calls.count("settled") > place)  # noqa: B023
    assert owner.events == [Said(1, "für dich")]


def test_what_one_read_brings_is_told_in_order_and_then_settled_once(loop: Loop) -> None:
    """Several frames may come in one piece; the owner is told when all are handled."""
    connection, owner, peer = talk(loop)
    connection.session.say("question")
    connection.flush()
    peer.send(
        frame(Kind.ACK, 1) + frame(Kind.TEXT, 1, b"answer") + frame(Kind.BYE, 1, b"\1")
    )
    until(loop, lambda: owner.calls)
    assert owner.calls == [
        Said(1, "answer"),
        Left(Reason.QUIT, ""),
        "settled",
    ]


def test_what_an_event_was_answered_with_is_sent_at_once(loop: Loop) -> None:
    """The owner says something, and need not care that nothing else is awaited."""
    connection, owner, peer = talk(loop)

    def reply(connection: Connection, event: Event) -> None:
        show(connection, event)
        connection.session.say("and you?")

    owner.answer = reply
    connection.session.say("question")
    connection.flush()
    peer.send(frame(Kind.TEXT, 1, b"answer"))
    until(loop, lambda: owner.calls)
    sent = [
        frame(Kind.TEXT, 1, b"question"),
        frame(Kind.ACK, 1),  # with the answer, in one packet
        frame(Kind.TEXT, 2, b"and you?"),
    ]
    assert peer.read(len(b"".join(sent))) == b"".join(sent)


def test_an_ack_waits_a_moment_for_more_to_confirm(loop: Loop) -> None:
    """And not longer: 5 ms after the read it is on its way."""
    connection, owner, peer = talk(loop)
    connection.session.say("question")
    connection.flush()
    peer.send(frame(Kind.TEXT, 1, b"answer"))
    until(loop, lambda: owner.calls)
    assert connection.session.owes_ack
    began = loop.now()
    until(loop, lambda: not connection.session.owes_ack)
    assert ACK_SECONDS - 0.001 <= loop.now() - began < 1
    sent = frame(Kind.TEXT, 1, b"question") + frame(Kind.ACK, 1)
    assert peer.read(len(sent)) == sent


def test_every_ack_that_waits_is_sent_in_the_end(loop: Loop) -> None:
    """The second as the first, however long nothing else is said."""
    connection, owner, peer = talk(loop)
    for number in (1, 2, 3):
        peer.send(frame(Kind.GAME, number, b"x"))
        until(loop, lambda: len(owner.events) >= number)  # noqa: B023
        until(loop, lambda: not connection.session.owes_ack)
        assert peer.read(8) == frame(Kind.ACK, number)


def test_what_is_said_in_time_takes_the_ack_along() -> None:
    """Where turns alternate: there is none that goes alone, nor is one sent twice."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    peer.send(frame(Kind.GAME, 1, b"x"))
    until(loop, lambda: owner.events)
    connection.session.say("question")
    connection.flush()
    move(loop, clock, 1)
    assert "~ wrote 0 bytes" not in owner.traces
    connection.session.leave(Reason.QUIT, "")
    connection.flush()
    sent = frame(Kind.ACK, 1) + frame(Kind.TEXT, 1, b"question") + frame(Kind.BYE, 1, b"\1")
    assert peer.read(len(sent)) == sent


def test_in_free_talk_an_answer_leaves_the_ack_to_its_time() -> None:
    """Which has begun all the same: it is sent then, and once."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop, Mode.FREE)

    def reply(connection: Connection, event: Event) -> None:
        show(connection, event)
        connection.session.say("question")

    owner.answer = reply
    peer.send(frame(Kind.GAME, 1, b"x"))
    until(loop, lambda: owner.events)
    assert peer.read(8 + 8) == frame(Kind.TEXT, 1, b"question")
    assert connection.session.owes_ack
    move(loop, clock, ACK_SECONDS)
    assert not connection.session.owes_ack
    move(loop, clock, 1)
    connection.session.leave(Reason.QUIT, "")
    connection.flush()
    sent = frame(Kind.ACK, 1) + frame(Kind.BYE, 1, b"\1")
    assert peer.read(len(sent)) == sent


def test_an_ack_is_sent_before_the_stream_ends(loop: Loop) -> None:
    """What came with the last goodbye was shown, and its sender is told so."""
    connection, owner, peer = talk(loop)
    connection.session.leave(Reason.QUIT, "")
    connection.flush()
    peer.send(frame(Kind.GAME, 1, b"x") + frame(Kind.BYE, 1, b"\1"))
    until(loop, lambda: len(owner.events) >= 2)
    assert peer.read(100) == frame(Kind.BYE, 0, b"\1") + frame(Kind.ACK, 1)


def test_an_ack_that_has_gone_with_a_goodbye_is_not_tried_again() -> None:
    """Nothing can be sent behind the end of the stream, and no log is to complain."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    peer.send(frame(Kind.GAME, 1, b"x"))
    until(loop, lambda: owner.events)
    peer.send(frame(Kind.BYE, 1, b"\1"))
    until(loop, lambda: connection.session.finished)
    move(loop, clock, 1)
    assert not [trace for trace in owner.traces if trace.startswith("! ")]


def test_the_ack_of_many_messages_waits_for_nothing(loop: Loop) -> None:
    """Their sender may be waiting for room to go on."""
    connection, owner, peer = talk(loop)
    peer.send(b"".join(frame(Kind.GAME, each, b"x") for each in range(1, ACK_AT + 1)))
    until(loop, lambda: len(owner.calls) >= ACK_AT)
    assert not connection.session.owes_ack
    assert peer.read(8) == frame(Kind.ACK, ACK_AT)


def test_a_readiness_that_turns_out_empty_is_harmless(loop: Loop) -> None:
    """The kernel may throw a bad packet away after it has said that there is one."""
    connection, owner, _peer = talk(loop)
    connection._ready(READ | WRITE)
    assert owner.calls == []
    assert watched(loop) == [READ]


def test_an_owner_that_fails_at_one_message_still_gets_the_next(loop: Loop) -> None:
    """A screen that is closed ends the talk, but with a goodbye and not a mess."""
    connection, owner, peer = talk(loop)

    def fail(_: Connection, event: Event) -> None:
        owner.answer = show
        raise RuntimeError(event)

    connection.session.say("question")
    connection.flush()
    peer.send(frame(Kind.ACK, 1))
    until(loop, lambda: owner.calls)
    owner.calls.clear()
    owner.answer = fail
    peer.send(frame(Kind.TEXT, 1, b"answer") + frame(Kind.BYE, 1, b"\1"))
    with pytest.raises(RuntimeError):
        until(loop, lambda: owner.calls)
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert owner.events == [Said(1, "answer"), Left(Reason.QUIT, "")]
    assert_nothing_left(loop)


def test_the_new_owner_is_told_what_comes_after_the_handing_over(loop: Loop) -> None:
    """A listener gives the connection away in the middle of a read."""
    connection, first, peer = connect(loop, server=True)
    second = Owner()

    def hand_over(connection: Connection, _: Event) -> None:
        connection.session.welcome()
        connection.owner = second

    first.answer = hand_over
    peer.send(peer.session.data_to_send() + frame(Kind.TEXT, 1, b"first words"))
    until(loop, lambda: second.calls)
    assert [type(call) for call in first.calls] == [Greeted]
    assert second.calls == [Said(1, "first words"), "settled"]
    connection.close()
    assert first.closed_times == 0
    assert second.closed_times == 1


def test_an_owner_that_closes_in_the_middle_hears_no_more_of_it(loop: Loop) -> None:
    """`closed` is the last: no event of the same read comes after it."""
    connection, owner, peer = talk(loop)
    owner.answer = lambda connection, _: connection.close()
    connection.session.say("question")
    connection.flush()
    peer.send(frame(Kind.TEXT, 1, b"answer") + frame(Kind.BYE, 1, b"\1"))
    until(loop, lambda: owner.calls)
    connection.close()
    assert owner.calls == [Said(1, "answer"), "closed"]
    assert_nothing_left(loop)


# Writing.


def test_what_the_kernel_does_not_take_is_written_later_and_whole(loop: Loop) -> None:
    """Write interest exists exactly while bytes wait, and no byte is lost or doubled."""
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
    """A peer that is slow to read may still speak, and say goodbye."""
    connection, owner, peer = talk(loop)
    say_much(loop, connection, owner, peer)
    peer.send(frame(Kind.TEXT, ROUNDS, b"answer"))
    until(loop, lambda: owner.calls)
    assert owner.events == [Said(ROUNDS, "answer")]
    assert watched(loop) == [READ | WRITE]


def test_a_peer_that_asks_and_plays_and_does_not_read_is_owed_one_answer(
    loop: Loop,
) -> None:
    """While the kernel takes nothing, nothing is added to what waits for it."""
    connection, owner, peer = talk(loop)
    say_much(loop, connection, owner, peer)
    owner.traces.clear()
    for number in range(ROUNDS, ROUNDS + 20):
        peer.send(frame(Kind.PING, number) + frame(Kind.GAME, number, b"x"))
        until(loop, lambda: connection.session.confirmed >= number)  # noqa: B023
    assert connection._pending
    assert not [trace for trace in owner.traces if trace.startswith("> ")]


def test_a_send_that_fails_loses_no_message_that_had_arrived(loop: Loop) -> None:
    """Our BYE meets a peer that has gone, but what it said before is shown first."""
    connection, owner, peer = talk(loop)
    connection.session.say("question")
    connection.flush()
    peer.send(frame(Kind.ACK, 1) + frame(Kind.TEXT, 1, b"last words"))
    peer.reset()
    connection.session.leave(Reason.QUIT, "")
    connection.flush()
    assert any(trace.startswith("! ") for trace in owner.traces), owner.traces
    assert owner.calls == []
    until(loop, lambda: owner.closed_times)
    assert owner.events == [Said(1, "last words"), Lost("")]
    assert_nothing_left(loop)


def test_a_broken_pipe_leaves_the_reading_side_alone(loop: Loop) -> None:
    """EPIPE says that nothing can be sent; the peer may still be talking."""
    connection, owner, peer = talk(loop)
    connection._socket.shutdown(socket.SHUT_WR)
    connection.session.say("question")
    connection.flush()
    assert "! Broken pipe" in owner.traces
    assert watched(loop) == [READ]
    peer.send(frame(Kind.TEXT, 1, b"still here"))
    until(loop, lambda: owner.events)
    assert owner.events == [Said(1, "still here")]
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert owner.events[1:] == [Lost("")]
    assert_nothing_left(loop)


# The end that nobody asked for.


def test_an_end_between_two_frames_is_a_loss_without_detail(loop: Loop) -> None:
    """Nothing was cut, but nobody said goodbye."""
    _, owner, peer = talk(loop)
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert owner.calls == [Lost(""), "closed"]
    assert_nothing_left(loop)


def test_an_end_inside_a_frame_is_a_loss_that_counts(loop: Loop) -> None:
    """Three bytes of eight say how far it came."""
    _, owner, peer = talk(loop)
    peer.send(frame(Kind.ACK, 0)[:3])
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert owner.events == [Lost("stream ends after 3 bytes, expected 8")]
    assert_nothing_left(loop)


def test_a_reset_is_a_loss_like_any_other(loop: Loop) -> None:
    """A peer that was killed is no reason for a traceback."""
    _, owner, peer = talk(loop)
    peer.reset()
    until(loop, lambda: owner.closed_times)
    assert owner.calls == [Lost(""), "closed"]
    assert "! Connection reset by peer" in owner.traces
    assert_nothing_left(loop)


def test_what_came_before_a_reset_is_told_before_the_loss(loop: Loop) -> None:
    """The kernel keeps what had arrived; so do we."""
    connection, owner, peer = talk(loop)
    connection.session.say("question")
    connection.flush()
    peer.read(1)  # or the close would find bytes unread
    peer.send(frame(Kind.TEXT, 1, b"last words"))
    peer.reset()
    until(loop, lambda: owner.closed_times)
    assert owner.events == [Said(1, "last words"), Lost("")]
    assert_nothing_left(loop)


def test_closing_is_told_once_and_leaves_nothing_behind(loop: Loop) -> None:
    """Neither a watched descriptor nor a timer nor a second call."""
    connection, owner, peer = talk(loop)
    peer.send(b"\0")
    until(loop, lambda: connection.session.unfinished)
    connection.expire_in(60)
    connection.close()
    connection.close()
    assert owner.closed_times == 1
    assert connection._socket.fileno() == -1
    assert_nothing_left(loop)


def test_a_closed_connection_is_never_heard_of_again() -> None:
    """Also when somebody who has not noticed yet flushes it: `closed` was the last."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, _peer = talk(loop)
    connection.session.leave(Reason.QUIT, "")
    connection.close()
    connection.flush()
    move(loop, clock, 60)
    assert owner.calls == ["closed"]
    assert owner.traces[-1] == "x connection closed"  # nothing was written into the void
    assert_nothing_left(loop)


# The goodbye.


def test_our_goodbye_waits_for_what_is_under_way(loop: Loop) -> None:
    """After our BYE the peer's words are still shown, up to its own BYE."""
    connection, owner, peer = talk(loop)
    connection.session.say("question")
    connection.session.leave(Reason.QUIT, "see you")
    connection.flush()
    until_received(peer, State.CLOSED)
    peer.send(frame(Kind.TEXT, 1, b"one more thing"))
    until(loop, lambda: owner.events)
    assert owner.closed_times == 0
    peer.send(frame(Kind.BYE, 1, b"\1"))
    until(loop, lambda: connection.session.finished)
    assert owner.events == [Said(1, "one more thing"), Left(Reason.QUIT, "")]


def test_a_goodbye_is_drained_then_half_closed_then_read_to_the_end(loop: Loop) -> None:
    """Only the peer's end of stream closes the socket; what we sent all arrives before."""
    connection, owner, peer = talk(loop)
    ours = say_much(loop, connection, owner, peer)
    connection.session.leave(Reason.QUIT, "see you")
    connection.flush()
    peer.send(frame(Kind.ACK, ROUNDS) + frame(Kind.BYE, ROUNDS - 1, b"\1"))
    until(loop, lambda: connection.session.finished)
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
    """The peer gets our BYE, then the end of the stream, and closes first."""
    _, owner, peer = talk(loop)
    peer.session.leave(Reason.QUIT, "see you")
    peer.send()
    until(loop, lambda: owner.events)
    assert peer.read(10000) == frame(Kind.BYE, 0, b"\1")
    assert owner.events == [Left(Reason.QUIT, "see you")]
    assert owner.closed_times == 0
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert_nothing_left(loop)


@pytest.mark.parametrize("leaver", [0, 1])
def test_two_connections_part_without_waiting_for_a_timer(leaver: int) -> None:
    """Whoever leaves: both say goodbye, both close, within the patience of no clock."""
    loop = Loop(Clock())
    near, far = socket_pair()
    owners = (Owner(), Owner())
    ends = (
        Connection(loop, near, "server", make_client(), owners[0]),
        Connection(loop, far, "client", make_server(), owners[1]),
    )
    ends[0].flush()
    until(loop, lambda: all(end.session.state is State.OPEN for end in ends))
    ends[0].session.say("last words")
    ends[leaver].session.leave(Reason.QUIT, "see you")
    ends[0].flush()
    ends[1].flush()
    until(loop, lambda: all(owner.closed_times for owner in owners))
    assert Said(1, "last words") in owners[1].events
    assert Left(Reason.QUIT, "see you") in owners[1 - leaver].events
    assert Left(Reason.QUIT, "") in owners[leaver].events
    assert not ends[0].session.unacknowledged
    assert_nothing_left(loop)


# A peer that breaks the rules.


def test_a_broken_rule_is_answered_with_a_goodbye_that_says_which(loop: Loop) -> None:
    """The peer reads why, then the end of the stream."""
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


def test_what_follows_an_error_is_read_and_thrown_away(loop: Loop) -> None:
    """A close with bytes unread would make TCP throw our BYE away too."""
    connection, owner, peer = talk(loop)
    connection.session.say("question")
    connection.flush()
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


def test_an_error_after_our_goodbye_gets_no_second_one(loop: Loop) -> None:
    """BYE is said once; the stream ends behind it."""
    connection, owner, peer = talk(loop)
    connection.session.leave(Reason.QUIT, "")
    connection.flush()
    peer.send(GARBAGE)
    until(loop, lambda: owner.events)
    assert peer.read(10000) == frame(Kind.BYE, 0, b"\1")
    peer.socket.close()
    until(loop, lambda: owner.closed_times)
    assert [type(event) for event in owner.events] == [Failed]


# A peer that takes its time. The clock is moved by hand, nobody waits.


def test_a_frame_that_trickles_is_given_up_after_ten_seconds() -> None:
    """Its time runs from its first byte: a byte a second does not buy more of it."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    connection.session.say("question")
    connection.flush()
    data = frame(Kind.TEXT, 1, b"x" * 100)
    for place in range(10):
        peer.send(data[place : place + 1])
        until(loop, lambda: owner.calls.count("settled") > place)  # noqa: B023
        assert owner.closed_times == 0
        move(loop, clock, 0.999 if place == 9 else 1)
    assert owner.events == []
    move(loop, clock, 0.001)
    assert [type(event) for event in owner.events] == [Lost]
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_behind_a_hello_the_session_that_takes_over_is_asked(loop: Loop) -> None:
    """Also of what came in the same read: the stranger has nothing more to tell."""
    client, session = make_pair(mode=Mode.FREE)
    for each in (client, session):
        each.receive_eof()
        assert list(each.events()) == [Lost("")]
    _, owner, peer = connect(loop, server=True)

    def take_over(connection: Connection, event: Event) -> None:
        if isinstance(event, Greeted):
            session.take_over(connection.session)
            connection.session = session
            session.welcome()

    owner.answer = take_over
    client.resume()
    peer.send(client.data_to_send() + frame(Kind.TEXT, 1, b"again"))
    until(loop, lambda: len(owner.events) == 2)
    assert owner.events[1] == Said(1, "again")


def test_a_connection_that_is_closed_writes_no_more(loop: Loop) -> None:
    """Its session may go on, on another one."""
    connection, owner, _ = talk(loop)
    connection.close()
    owner.traces.clear()
    connection.session.say("hello")
    connection.flush()
    assert owner.traces == ["> TEXT 1 'hello' [5 bytes]"]
    assert len(connection.session.data_to_send()) == 8 + 5
    assert patience(loop) is None


def test_every_frame_has_its_own_time() -> None:
    """Where one frame ends and the next begins in one read, the clock begins anew."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    data = frame(Kind.ACK, 0)
    peer.send(data[:4])
    until(loop, lambda: connection.session.unfinished)
    for _ in range(3):
        move(loop, clock, 9)
        before = owner.calls.count("settled")
        peer.send(data[4:] + data[:4])
        until(loop, lambda: owner.calls.count("settled") > before)  # noqa: B023
    assert owner.closed_times == 0
    move(loop, clock, 10)
    assert owner.closed_times == 1


def test_our_slow_screen_takes_no_time_from_a_frame_that_has_begun() -> None:
    """What is left of it may have come meanwhile, and was not looked at."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = connect(loop, mode=Mode.FREE)
    connection.flush()
    peer.receive()
    peer.session.welcome()
    peer.session.say_all(["one", "two"])
    data = peer.session.data_to_send()

    def take_long(connection: Connection, event: Event) -> None:
        if event == Said(1, "one"):
            clock.now += 2 * FRAME_SECONDS
            peer.send(data[-3:])
        show(connection, event)

    owner.answer = take_long
    peer.send(data[:-3])
    until(loop, lambda: len(owner.events) == 3)
    assert owner.events[1:] == [Said(1, "one"), Said(2, "two")]
    assert owner.closed_times == 0


def test_between_two_frames_the_peer_may_take_its_time() -> None:
    """People think before they answer."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    data = frame(Kind.ACK, 0)
    peer.send(data[:4])
    until(loop, lambda: connection.session.unfinished)
    assert patience(loop) is not None
    peer.send(data[4:])
    until(loop, lambda: not connection.session.unfinished)
    assert patience(loop) == 10.0  # a sign of life will be asked for, that is all
    move(loop, clock, 9.9)
    assert owner.closed_times == 0


def test_a_goodbye_that_nobody_answers_is_over_like_a_talk_that_is_silent() -> None:
    """The session is told the truth: the peer never said goodbye.

    A person who waits is not kept so long: test_chat and test_doors have that.
    """
    clock = Clock()
    loop = Loop(clock)
    connection, owner, _peer = talk(loop)
    connection.session.leave(Reason.QUIT, "")
    connection.flush()
    move(loop, clock, CLOSING_SECONDS - 0.001)
    assert owner.events == []
    move(loop, clock, 0.001)
    assert owner.events == [Lost(LATE)]
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_words_after_our_goodbye_do_not_buy_more_time() -> None:
    """The time runs from our BYE, whatever the peer still has to say."""
    clock = Clock()
    loop = Loop(clock)
    owner, peer = part(loop)
    move(loop, clock, CLOSING_SECONDS - 1)
    peer.send(frame(Kind.TEXT, 1, b"wait"))
    until(loop, lambda: owner.events)
    assert owner.closed_times == 0
    move(loop, clock, 1)
    assert owner.closed_times == 1


def test_each_message_that_is_confirmed_after_our_goodbye_does() -> None:
    """A screen may be slow: as long as it comes nearer to the end, it is waited for."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    for number in range(1, 4):
        connection.session.play(f"word {number}")
    connection.session.leave(Reason.QUIT, "")
    connection.flush()
    for number in range(1, 4):
        move(loop, clock, CLOSING_SECONDS - 1)
        peer.send(frame(Kind.ACK, number))
        until(loop, lambda: connection.session.acknowledged == number)  # noqa: B023
    assert owner.closed_times == 0
    move(loop, clock, CLOSING_SECONDS)
    assert owner.closed_times == 1


def test_the_last_ack_of_a_goodbye_renews_its_time_too() -> None:
    """It comes with the peer's own BYE: then there is all the time of a close."""
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


def test_while_the_screen_is_slow_what_waits_for_the_kernel_is_tried_again() -> None:
    """Else the peer would hear nothing until all of a read has been shown."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    ours = say_much(loop, connection, owner, peer)
    waiting: list[int] = []

    def take_long(connection: Connection, event: Event) -> None:
        clock.now += 2 * SLOW_SECONDS
        show(connection, event)
        peer.read(16384)
        waiting.append(len(connection._pending))

    owner.answer = take_long
    peer.send(
        b"".join(frame(Kind.GAME, number, b"x") for number in range(ROUNDS, ROUNDS + 9))
    )
    until(loop, lambda: len(waiting) == 9)
    assert len(ours) > waiting[0] > waiting[-1]


def test_while_nothing_can_be_written_no_ack_is_waited_for() -> None:
    """There would be nothing to do when its time has come, again and again."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    say_much(loop, connection, owner, peer)
    peer.send(frame(Kind.GAME, ROUNDS, b"x"))
    until(loop, lambda: connection.session.owes_ack)
    assert patience(loop) == PING_SECONDS


def test_the_end_of_the_stream_is_told_behind_all_that_came_before_it() -> None:
    """Also where the owner was interrupted, and what waited is written in between."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)

    def interrupt(connection: Connection, event: Event) -> None:
        owner.answer = show
        raise ScreenClosedError("the screen was closed")

    owner.answer = interrupt
    peer.send(b"".join(frame(Kind.GAME, number, b"x") for number in (1, 2, 3)))
    with pytest.raises(ScreenClosedError):
        until(loop, lambda: owner.closed_times)
    clock.now += 2 * SLOW_SECONDS
    connection._pending = frame(Kind.PING, 1)  # as if the kernel had not taken it
    connection._watch()
    peer.socket.shutdown(socket.SHUT_WR)
    until(loop, lambda: owner.closed_times)
    assert owner.events[-3:] == [Played(2, "x"), Played(3, "x"), Lost("")]


def test_what_has_come_while_the_screen_kept_us_is_heard_before_we_complain() -> None:
    """Our own slowness is not the peer's silence."""
    clock = Clock()
    loop = Loop(clock)
    _, owner, peer = talk(loop)
    move(loop, clock, PING_SECONDS)  # asked for a sign of life
    owner.calls.clear()
    clock.now += PING_SECONDS  # spent in a callback of ours; meanwhile the peer speaks
    peer.send(frame(Kind.PONG, 1))
    loop._call_due_timers()  # the timer comes before the socket is looked at
    assert owner.events == []
    assert owner.closed_times == 0


def test_what_is_shown_is_acknowledged_before_all_of_a_read_is() -> None:
    """The rest of it may take a slow screen long."""
    clock = Clock()
    loop = Loop(clock)
    _connection, owner, peer = talk(loop)
    owed: list[int] = []

    def watch(connection: Connection, event: Event) -> None:
        owed.append(connection.session.confirmed - connection.session._told)
        clock.now += SLOW_SECONDS / 4
        show(connection, event)

    owner.answer = watch
    peer.send(b"".join(frame(Kind.GAME, each, b"x") for each in range(1, 4 * ACK_AT)))
    until(loop, lambda: len(owed) == 4 * ACK_AT - 1)
    assert max(owed) == 4


def test_a_peer_that_said_goodbye_but_does_not_close_is_closed() -> None:
    """Everything has been said, so that is no loss."""
    clock = Clock()
    loop = Loop(clock)
    _, owner, peer = talk(loop)
    peer.session.leave(Reason.QUIT, "")
    peer.send()
    until(loop, lambda: owner.events)
    move(loop, clock, 4.499)
    assert owner.closed_times == 0
    move(loop, clock, 0.001)
    assert owner.events == [Left(Reason.QUIT, "")]
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_a_goodbye_to_a_peer_that_does_not_read_ends_in_time() -> None:
    """Bytes that nobody takes do not keep the program alive."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = talk(loop)
    say_much(loop, connection, owner, peer)
    connection.session.leave(Reason.QUIT, "")
    connection.flush()
    assert watched(loop) == [READ | WRITE]
    move(loop, clock, CLOSING_SECONDS)
    assert owner.events == [Lost(LATE)]
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_a_peer_that_broke_a_rule_has_one_second_to_read_why() -> None:
    """It is in no position to ask for five."""
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


def test_a_stranger_that_breaks_a_rule_has_no_more_than_one_second_either() -> None:
    """What was left of its time to say HELLO is not added."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, peer = connect(loop, server=True)
    connection.expire_in(5)
    peer.send(GARBAGE)
    until(loop, lambda: owner.events)
    move(loop, clock, 1)
    assert owner.closed_times == 1


def test_a_deadline_of_the_owners_counts() -> None:
    """A listener gives a stranger so long to say HELLO."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, _peer = connect(loop, server=True)
    connection.expire_in(5)
    move(loop, clock, 4.999)
    assert owner.closed_times == 0
    move(loop, clock, 0.001)
    assert owner.calls == [Lost(LATE), "closed"]
    assert_nothing_left(loop)


def test_a_deadline_only_ever_comes_nearer() -> None:
    """Of two that are asked for, in whatever order, the earlier stands."""
    for first, second in ((5, 50), (50, 5)):
        clock = Clock()
        loop = Loop(clock)
        connection, owner, _peer = connect(loop, server=True)
        connection.expire_in(first)
        connection.expire_in(second)
        move(loop, clock, 4.999)
        assert owner.closed_times == 0
        move(loop, clock, 0.001)
        assert owner.closed_times == 1
        assert_nothing_left(loop)


def test_a_deadline_can_be_called_off_and_set_anew() -> None:
    """Whoever is welcome may stay for ever, up to the next deadline."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, _peer = connect(loop, server=True)
    connection.stay()  # harmless where there was none
    connection.expire_in(5)
    connection.stay()
    assert patience(loop) is None
    move(loop, clock, 1_000_000)
    assert owner.closed_times == 0
    connection.expire_in(50)
    move(loop, clock, 49)
    assert owner.closed_times == 0
    move(loop, clock, 1)
    assert owner.closed_times == 1
    assert_nothing_left(loop)


def test_an_owner_that_hurries_the_goodbye_is_obeyed() -> None:
    """A program that was stopped by a signal does not wait five seconds."""
    clock = Clock()
    loop = Loop(clock)
    connection, owner, _peer = talk(loop)
    connection.session.leave(Reason.STOPPED, "")
    connection.flush()
    connection.expire_in(1)
    connection.flush()
    move(loop, clock, 1)
    assert owner.closed_times == 1
    assert_nothing_left(loop)
