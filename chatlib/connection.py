"""A nonblocking socket and its session.

Reads what is there, lets the session say what it means, tells the owner, writes what
the session wants to send; then drains, half-closes and reads to the end, because
closing a socket with unread bytes in it makes TCP throw away what is still under way.

Knows no terminal and not which end it is. `chat`, `chatd` and `chatc` import it.
"""

import socket

from chatlib.errors import describe
from chatlib.loop import READ, WRITE, Deadline, Loop, Timer
from chatlib.protocol.session import (
    PING_SECONDS,
    Event,
    Session,
    State,
    Trace,
    silent,
)

TYPE_CHECKING = False  # `typing` costs 2 ms at start-up, for this one constant
if TYPE_CHECKING:
    from typing import Protocol

    class Owner(Protocol):
        """Who is told what happens on a connection."""

        def handle(self, connection: "Connection", event: Event) -> None:
            """Take one event of the session."""

        def settle(self) -> None:
            """All that one read brought has been handled and answered."""

        def closed(self, connection: "Connection") -> None:
            """The socket is closed; this is the last that is heard of it."""


READ_SIZE = 65536
"""Bytes per read. From 128 KiB on, malloc maps and unmaps memory at every read."""

ACK_SECONDS = 0.005
"""How long an ACK may wait for more messages to confirm: nobody sees it. Where two programs
talk quickly with each other, it saves nearly every second packet."""

SLOW_SECONDS = 0.1
"""After how long what was shown of a read is acknowledged before all of it is. An ACK for
each run, whatever the screen, costs a third of the rate of a pipe."""

FRAME_SECONDS = 10.0
"""How long a frame that was begun may take to become whole."""

HELLO_SECONDS = 5.0
"""How long either side may take to say HELLO; `program` sees to that."""

GOODBYE_SECONDS = 4.5
"""How long the peer may take to close when both have said BYE, and to answer a BYE that a
person waits for (`chat` sees to that): one is gone within 5 s."""

CLOSING_SECONDS = 2 * PING_SECONDS
"""How long it may take to answer our BYE, or to confirm one more of the messages before
it, where nobody waits: as long as it may be silent in the middle of a talk."""

DISMISSAL_SECONDS = 1.0
"""How long a peer that broke the protocol may take to read why."""

LATE = "nothing came in time"
"""How a peer was lost whose time was over."""

_OPEN = State.OPEN  # looked up once: see `session`

# How long the peer has once the session is in one of these states.
_LIMITS = {
    State.REFUSED: GOODBYE_SECONDS,
    State.CLOSING: CLOSING_SECONDS,
    State.CLOSED: GOODBYE_SECONDS,
    State.FAILED: DISMISSAL_SECONDS,
}


class Connection:
    """One TCP connection, from the handshake to the last byte.

    The owner may change: a listener hands a connection over to the chat when it has
    greeted. So may the session: a peer that was lost comes back on a new connection.
    `address` is the peer's, for people to read.
    """

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        address: object,
        session: Session,
        owner: "Owner",
        trace: Trace = silent,
    ) -> None:
        self.address = address
        self.session = session
        self.owner = owner
        self._loop = loop
        self._socket = sock
        self._trace = trace
        self._pending = b""  # handed over by the session, not yet by the kernel
        self._reading = True
        self._awaited = 0  # what the loop was asked for
        self._half_closed = False
        self._open = True
        self._frame_timer: Timer | None = None
        self._deadline = Deadline(loop, self._give_up)
        self._confirmed = 0  # how many messages were when that was put off
        self._life_timer: Timer | None = None
        self._ack_timer: Timer | None = None
        sock.setblocking(False)
        # One message is one small segment; Nagle's algorithm would hold the second
        # back until the first is acknowledged, up to 40 ms with delayed ACKs.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch()

    def flush(self, hurry: bool = False) -> None:
        """Write what the session wants to send, as far as the kernel takes it.

        What it does not take stays and is written when the socket asks for it. When
        the session has finished and all is written, the sending half is closed. An ACK
        waits a moment for more to confirm, unless there is reason to `hurry`.
        """
        session = self.session
        # In the middle of a talk, and nothing waits for the kernel: as nearly always.
        ordinary = session.state is _OPEN and self._awaited == READ
        if not ordinary:
            if not self._open:
                return
            self._wind_up()
            if self._pending:
                self._write(self._pending)
        # While the kernel takes nothing, nothing is asked for: the session adds up what
        # it owes, and a peer that talks and never reads does not fill our memory.
        if not self._pending:
            data = session.data_to_send(hurry)
            if data:
                self._write(data)
            if session.owes_ack and not self._ack_timer:
                self._ack_timer = self._loop.call_later(ACK_SECONDS, self._acknowledge)
        if self._pending or not ordinary:
            self._watch()

    def _wind_up(self) -> None:
        """When the session is not in the middle of a talk, see that it does not stay so."""
        session = self.session
        if session.state is State.LOST:
            self._stop_reading()
        parting = session.state is State.CLOSING or session.state is State.CLOSED
        if parting and session.acknowledged > self._confirmed:
            self._confirmed = session.acknowledged
            self._deadline.lift()  # it takes its time, but it comes nearer
        limit = _LIMITS.get(session.state)
        if limit is not None:
            self.expire_in(limit)

    def expire_in(self, seconds: float) -> None:
        """Give the peer up in at most so many seconds; an earlier end stands."""
        if self._open:
            self._deadline.limit(seconds)

    def stay(self) -> None:
        """Let the peer take as long as it likes, whatever was said before."""
        self._deadline.lift()

    def close(self) -> None:
        """Close the socket now and tell the owner; what was not written is lost."""
        if not self._open:
            return
        self._open = False
        self._deadline.lift()
        for timer in (self._frame_timer, self._life_timer, self._ack_timer):
            if timer:
                timer.cancel()
        self._awaited = 0
        self._loop.forget(self._socket.fileno())
        self._socket.close()
        self._trace("x", "connection closed", b"")
        self.owner.closed(self)

    def _ready(self, mask: int) -> None:
        if mask & READ and self._reading:
            self._read(READ)
        if mask & WRITE and self._open:
            self.flush()

    def _read(self, mask: int) -> None:
        try:
            data = self._socket.recv(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            # A reset. For the session it is the end of the stream like any other.
            self._trace("!", describe(error), b"")
            data = b""
        if data:
            self.session.receive_data(data, self._loop.now())
        else:
            self._reading = False
            self._trace("~", "read the end of the stream", b"")
            self.session.receive_eof()
        self._report()

    def _report(self) -> None:
        """Tell the owner what came, send the answers, and see how things stand."""
        session = self.session
        whole = bool(session.waiting)
        while (session.waiting or session.ends) and (event := session.next_event()):
            self.owner.handle(self, event)
            if not self._open:
                return
            session = self.session  # to an event the owner may answer with another one
            if session.waiting and self.silence > SLOW_SECONDS:
                self.flush(hurry=True)  # the screen is slow: what was shown of it is told
        if self._frame_timer or session.unfinished:
            self._time_frame(whole)
        if not self._life_timer:
            self._time_life()
        # Mostly there is nothing but an ACK that waits already, and no need to ask.
        unheard = session.owes_ack and not self._ack_timer
        if unheard or session.urgent or session.output or session.state is not _OPEN:
            self.flush()
            if not self._open:
                return
        self.owner.settle()

    def _write(self, data: bytes) -> None:
        """Write as much as the kernel takes; the rest is pending."""
        try:
            count = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            count = 0
        except OSError as error:
            # Nobody reads any more, but what the peer sent before may still be in our
            # buffer: only the reading side decides that the connection is lost.
            self._trace("!", describe(error), b"")
            self._pending = b""
            return
        self._pending = data[count:]
        if self._trace is not silent:
            if count:
                self._trace("~", f"wrote {count} bytes", data[:count])
            if self._pending:
                self._trace("~", f"{len(self._pending)} bytes wait to be written", b"")

    def _watch(self) -> None:
        """Ask the loop for exactly what is awaited; close when that is nothing."""
        if not self._open:
            return
        if self.session.finished and not self._pending:
            self._half_close()
        mask = (READ if self._reading else 0) | (WRITE if self._pending else 0)
        if mask == self._awaited:
            return
        if not mask and not self.session.finished:
            return  # the end was read, and what came before it is still to be told
        self._awaited = mask
        if mask:
            ready = self._read if mask == READ else self._ready
            self._loop.watch(self._socket.fileno(), mask, ready)
        else:
            self.close()

    def _half_close(self) -> None:
        """Tell the peer that nothing more comes; what it sent is still read."""
        if self._half_closed:
            return
        self._half_closed = True
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            return  # the peer has gone already
        self._trace("x", "half-closed, nothing more will be sent", b"")

    def _time_frame(self, whole: bool) -> None:
        """Give every frame its time from its first byte, however slowly it trickles.

        Where `whole` frames have come before it, what has begun is another than at the last
        read. It is looked at when those have been shown: our screen's time is not its own.
        """
        begun = self.session.unfinished
        if self._frame_timer and (whole or not begun):
            self._frame_timer.cancel()
            self._frame_timer = None
        if begun and not self._frame_timer:
            self._frame_timer = self._loop.call_later(FRAME_SECONDS, self._give_up)

    def _acknowledge(self) -> None:
        """What was shown is told now: it has waited long enough for more."""
        self._ack_timer = None
        self.flush(hurry=True)

    def _time_life(self) -> None:
        """See that a silent peer is asked for a sign of life.

        The timer is not moved at every read: when it is due it looks how long ago that was.
        """
        seconds = self.session.patience(self._loop.now())
        self._life_timer = self._loop.call_later(seconds, self._pass_time)

    def _pass_time(self) -> None:
        self._life_timer = None
        if self._reading:
            self._read(READ)  # a slow screen may have kept us from hearing what has come
        if self._open:
            self.session.pass_time(self._loop.now())
            self._report()

    def _stop_reading(self) -> None:
        """Want nothing more from the peer, and tell it nothing more."""
        self._reading = False
        self._pending = b""

    @property
    def silence(self) -> float:
        """Seconds since the peer was last heard of."""
        return self._loop.now() - self.session.heard

    def _give_up(self) -> None:
        """The peer took too long: treat it as the end of the stream."""
        self._trace("!", "the peer took too long", b"")
        self._stop_reading()
        self.session.receive_eof(LATE)
        self._report()
