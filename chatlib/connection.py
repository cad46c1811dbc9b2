"""A nonblocking socket and its link.

A connection reads what is there, lets its link interpret it, passes the events to the
owner, and writes what the link wants to send. At the end it writes everything, half-closes,
and reads to the end of the stream: closing a socket that still has unread bytes makes TCP
discard what is on its way to the peer.

It knows no terminal, nor which end it is.
"""

import socket
from collections.abc import Iterable

from chatlib.channel import Channel, Clear
from chatlib.errors import describe
from chatlib.keeping import Keeping
from chatlib.loop import READ, WRITE, Deadline, Loop, Timer
from chatlib.protocol.events import Event, Handled, Trace, silent
from chatlib.protocol.frames import Reason
from chatlib.protocol.link import Link, State
from chatlib.protocol.pulse import PING_SECONDS
from chatlib.protocol.session import Session

READ_SIZE = 65536
"""Bytes per read. From 128 KiB on, malloc maps and unmaps memory at every read."""

ACK_SECONDS = 0.005
"""How long an ACK may wait for more messages to acknowledge: nobody can see that. Where
two programs talk quickly with each other, it saves nearly every second packet."""

FRAME_SECONDS = 10.0
"""How long a frame may take from its first byte to its last."""

HELLO_SECONDS = 5.0
"""How long either side may take to say HELLO; `program` sets that deadline."""

GOODBYE_SECONDS = 4.5
"""How long the peer may take to close when both have said BYE, and to answer a BYE that a
person waits for (`chat` sets that deadline): the program has ended within 5 s."""

CLOSING_SECONDS = 2 * PING_SECONDS
"""How long the peer may take to answer our BYE, or to acknowledge one more of the messages
before it, where nobody waits: as long as it may be silent during a talk."""

DISMISSAL_SECONDS = 1.0
"""How long a peer that broke the protocol may take to read why."""

LATE = "nothing came in time"
"""Why a connection was lost whose deadline passed."""

_OPEN = State.OPEN  # looked up once: see `link`

# How long the peer has once the link is in one of these states.
_LIMITS = {
    State.REFUSED: GOODBYE_SECONDS,
    State.CLOSING: CLOSING_SECONDS,
    State.CLOSED: GOODBYE_SECONDS,
    State.FAILED: DISMISSAL_SECONDS,
}


class Owner:
    """The object that is told what happens on a connection; by default it does nothing."""

    def handle(self, connection: "Connection", event: Event) -> None:
        """Handle one event of the link."""

    def proceed(self) -> None:
        """Do what is next, when all events of one read were handled and answered."""

    def closed(self, connection: "Connection") -> None:
        """Note that the socket is closed; no other call follows for this connection."""


class Connection:
    """One TCP connection, from its handshake to its last byte.

    `address` is the peer's, for people to read. Link and channel are the same for life; no
    byte passes between link and socket but through the channel. The owner changes once:
    whoever made the connection passes it on to the chat after the HELLO.
    """

    # What outlives the program: by default nothing, and one such memory is enough for all.
    # `program` replaces it.
    keeping = Keeping()

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        address: object,
        link: Link,
        owner: Owner,
        trace: Trace = silent,
        channel: Channel | None = None,
    ) -> None:
        self.address = address
        self.link, self.channel = link, channel or Clear()
        self.owner = owner
        self._loop = loop
        self._socket = sock
        self._trace = trace
        # Bytes that were taken from the link and not yet by the kernel.
        self._pending = b""
        # The socket is open; the end of the stream was not read; our half was closed.
        self._open = self._reading = True
        self._half_closed = False
        # Why nothing is written any more: a write has failed, or the peer was given up.
        self._write_error = ""
        # READ, WRITE or both: what the loop was asked to watch for.
        self._awaited = 0

        # When the peer is given up; the messages it had acknowledged at the last delay.
        self._deadline = Deadline(loop, self._miss_deadline)
        self._progress = 0
        # One timer each for the frame that has begun to arrive, for the peer's silence,
        # for an ACK that waits for more messages, and for what is left to the next turn.
        self._frame_timer: Timer | None = None
        self._pulse_timer: Timer | None = None
        self._ack_timer: Timer | None = None
        self._resume_timer: Timer | None = None

        sock.setblocking(False)
        # Nagle's algorithm (RFC 896) would delay a second small segment by up to 40 ms.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch()

    @property
    def silence(self) -> float:
        """Seconds since the peer was last heard."""
        return self._loop.now() - self.link.pulse.heard

    # What the owner says. Each call writes at once what the link makes of it, as far as
    # the kernel takes it, so that nobody has to remember to flush.

    def welcome(self, session: Session | None = None) -> None:
        """Answer the peer's HELLO with ours; see `Link.welcome`."""
        self.link.welcome(session)
        self.flush()

    def refuse(self, reason: Reason, text: str) -> None:
        """Answer the peer's HELLO with BYE."""
        self.link.refuse(reason, text)
        self.flush()

    def say(self, texts: Iterable[str]) -> int:
        """Send as many of these lines as may be sent now; see `Link.say`."""
        count = self.link.say(texts)
        self.flush()
        return count

    def play(self, words: str) -> None:
        """Send words about a game; see `Link.play`."""
        self.link.play(words)
        self.flush()

    def leave(self, reason: Reason, text: str) -> None:
        """Send BYE, now or when a connection is open again."""
        self.link.leave(reason, text)
        self.flush()

    # Deadlines.

    def set_deadline(self, seconds: float) -> None:
        """Drop the peer in at most so many seconds; an earlier deadline stands."""
        if self._open:
            self._deadline.limit(seconds)

    def lift_deadline(self) -> None:
        """Let the peer take as long as it likes."""
        self._deadline.lift()

    def _miss_deadline(self) -> None:
        """Drop a peer that took too long."""
        self._trace("!", "the peer took too long", b"")
        self.give_up(self._write_error or LATE)

    def give_up(self, why: str) -> None:
        """Count the connection as lost, because of that: the peer is not heard any more."""
        self._stop_reading()
        self.link.receive_eof(why)
        self._report(len(self.link.waiting))

    def _time_frame(self, whole: int) -> None:
        """Limit the time of every frame from its first byte, however slowly it trickles in.

        Where frames became `whole` in this read, the one that has begun is another one
        than after the last read. Its time begins when they have been handled: the time
        that our screen took is not the peer's fault.
        """
        begun = bool(self.link.unfinished)
        if self._frame_timer and (whole or not begun):
            self._frame_timer.cancel()
            self._frame_timer = None
        if begun and not self._frame_timer:
            self._frame_timer = self._loop.call_later(FRAME_SECONDS, self._miss_deadline)

    def _time_pulse(self) -> None:
        """Look at the silence of the peer when it may have become too long.

        The timer is not moved at every read: when it fires, it looks how long ago the
        last one was.
        """
        seconds = self.link.seconds_left(self._loop.now())
        self._pulse_timer = self._loop.call_later(seconds, self._check_pulse)

    def _check_pulse(self) -> None:
        self._pulse_timer = None
        if self._resume_timer:
            return  # signs of life may wait to be read: it is set again after the frames
        if self._reading:
            self._read(READ)  # a slow screen may have kept us from reading a sign of life
        if self._open:
            self.link.pass_time(self._loop.now())
            self._report(len(self.link.waiting))

    def _acknowledge(self) -> None:
        """Send the ACK now: it has waited long enough for more messages."""
        self._ack_timer = None
        self.flush(hurry=True)

    # Reading.

    def read(self) -> None:
        """Read now what is there, in the middle of a turn of the loop."""
        if self._open and self._reading:
            self._read(READ)

    def _ready(self, mask: int) -> None:
        if mask & READ and self._reading:
            self._read(READ)
        if mask & WRITE and self._open:
            self.flush()

    def _read(self, mask: int) -> None:
        """Read once and report what came, unless frames of the last read are waiting."""
        if self._resume_timer:
            return
        try:
            data = self._socket.recv(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            if self._write_error:
                self.give_up(self._write_error)  # all that had come was read
            return
        except OSError as error:
            # A reset, mostly. For the link it is an end of the stream like any other,
            # because the frames that came before it still count.
            self._trace("!", describe(error), b"")
            data = b""
        if data:
            channel = self.channel
            # No plaintext is neither data nor the end, and no sign of life.
            if plain := channel.receive(data):
                self._report(self.link.receive_data(plain, self._loop.now()))
            if (not plain or channel.waiting or channel.error) and self._open:
                # A part of the handshake is answered, or an error is told.
                if channel.error:
                    # The peer has a moment to read why; then the connection is lost.
                    self.link.receive_eof(str(channel.error))
                    self.set_deadline(DISMISSAL_SECONDS)
                self.flush()
            return
        self._reading = False
        self._trace("~", "read the end of the stream", b"")
        self.link.receive_eof()
        self._report(len(self.link.waiting))

    def _report(self, whole: int) -> None:
        """Pass the events on, send the answers, and set the timers.

        `whole` is how many frames are to be handled. Those that this turn of the loop has
        no time for are left to the next one, and nothing is read before.
        """
        link, loop = self.link, self._loop
        late = False
        while event := link.next_event():
            if event.__class__ is not Handled:
                self.owner.handle(self, event)
                if not self._open:
                    return
            if whole > 1 and loop.now() >= loop.turn_ends and link.waiting:
                late = True
                self._pause()
                break
        else:
            if self._frame_timer or link.unfinished:
                self._time_frame(whole)
            if not self._pulse_timer:
                self._time_pulse()
        if link.wants_to_send:
            self.flush(hurry=late)  # what was shown may have taken the time
            if not self._open:
                return
        self.owner.proceed()

    def _pause(self) -> None:
        """Leave the frames that are waiting to the next turn of the loop."""
        self._resume_soon()
        if self._frame_timer:  # the frame that it was for is whole: see `_time_frame`
            self._frame_timer.cancel()
            self._frame_timer = None

    def _resume_soon(self) -> None:
        if not self._resume_timer:
            self._resume_timer = self._loop.call_later(0, self._resume)

    def _resume(self) -> None:
        """Go on with the frames that are waiting, or with reading after a failed write."""
        self._resume_timer = None
        if self.link.waiting:
            self._report(len(self.link.waiting))
            # While we were busy the peer may have had no reason to say anything.
            self.link.pulse.heard = self._loop.now()
        else:
            self._read(READ)
        if self._reading and self._write_error:
            self._resume_soon()

    def _stop_reading(self) -> None:
        """Want nothing more from the peer, and send it nothing more."""
        self._reading = False
        self._pending = b""
        self._write_error = self._write_error or LATE

    # Writing.

    def flush(self, hurry: bool = False) -> None:
        """Write what the link wants to send, as far as the kernel takes it.

        The rest stays and is written when the socket asks for it. When the link has
        finished and all is written, the sending half is closed. An ACK waits a moment for
        more messages, unless there is reason to `hurry`.
        """
        link = self.link
        # Also while no connection is open: what is said then is sent on the next one.
        self.keeping.note(link.session)
        # In the middle of a talk with nothing pending, as nearly always, neither deadlines
        # nor what the loop watches for can change.
        channel = self.channel
        ordinary = link.state is _OPEN and self._awaited == READ and channel.established
        if not ordinary:
            if not self._open:
                return
            self._limit_goodbye()
            if self._pending:
                self._write(self._pending)
        # While the kernel takes nothing, the link is asked for nothing. It adds up what it
        # owes, and a peer that sends and never reads does not fill our memory.
        if not self._pending:
            if channel.established and (data := link.data_to_send(hurry)):
                self._write(channel.seal(data))
            if link.replies.ack and not self._ack_timer:
                self._ack_timer = self._loop.call_later(ACK_SECONDS, self._acknowledge)
        # Behind what is pending: a record that is cut in two cannot be opened.
        if channel.waiting and not self._pending:
            self._write(channel.take())
        if self._pending or not ordinary:
            self._watch()

    def _limit_goodbye(self) -> None:
        """Set a deadline where the link waits for the peer to go; stop when it is lost."""
        link = self.link
        if link.state is State.LOST:
            self._stop_reading()
        parting = link.state is State.CLOSING or link.state is State.CLOSED
        if parting and link.session.acknowledged > self._progress:
            # It is slow, but every message that it acknowledges brings the end nearer.
            self._progress = link.session.acknowledged
            self._deadline.lift()
        limit = _LIMITS.get(link.state)
        if limit is not None:
            self.set_deadline(limit)

    def _write(self, data: bytes) -> None:
        """Write as much as the kernel takes; the rest is pending.

        After a failure nothing is written any more: the peer would miss the bytes between.
        """
        if self._write_error:
            return
        try:
            count = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            count = 0
        except OSError as error:
            self._trace("!", describe(error), b"")
            self._end_writing(describe(error))
            return
        self._pending = data[count:]
        if self._trace is not silent:
            if count:
                self._trace("~", f"wrote {count} bytes", data[:count])
            if self._pending:
                self._trace("~", f"{len(self._pending)} bytes wait to be written", b"")

    def _end_writing(self, why: str) -> None:
        """Write nothing any more; read what the peer has sent, then drop the connection."""
        self._write_error = why
        self._pending = b""
        # What has come is soon read. A peer that sends for ever is given up.
        self.set_deadline(DISMISSAL_SECONDS)
        self._resume_soon()

    # What the loop watches for, and the end.

    def _watch(self) -> None:
        """Ask the loop for exactly what is awaited; close when that is nothing."""
        finished = self.link.finished or self.channel.error is not None
        if finished and not self._pending:
            self._half_close()
        # WRITE only while bytes are pending: an idle socket always has room, and the loop
        # would turn without end.
        mask = (READ if self._reading else 0) | (WRITE if self._pending else 0)
        if mask == self._awaited:
            return
        if not mask and (not finished or self._resume_timer):
            return  # the end was read, and the frames before it are still to be handled
        self._awaited = mask
        if mask:
            ready = self._read if mask == READ else self._ready
            self._loop.watch(self._socket.fileno(), mask, ready)
        else:
            self.close()

    def _half_close(self) -> None:
        """Close our half of the connection; what the peer sent is still read."""
        if self._half_closed:
            return
        self._half_closed = True
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            return  # the peer has gone already
        self._trace("x", "half-closed, nothing more will be sent", b"")

    def close(self) -> None:
        """Close the socket now and tell the owner; what was not written is lost."""
        if not self._open:
            return
        self._open = False
        self._deadline.lift()
        for timer in (
            self._frame_timer,
            self._pulse_timer,
            self._ack_timer,
            self._resume_timer,
        ):
            if timer:
                timer.cancel()
        self._awaited = 0
        self._loop.forget(self._socket.fileno())
        self._socket.close()
        self._trace("x", "connection closed", b"")
        self.owner.closed(self)


def is_abandoned(connection: Connection) -> bool:
    """Return whether the stream ends right behind the frames that were handled."""
    if connection.link.waiting or connection.link.unfinished:
        return False
    try:
        return not connection._socket.recv(1, socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True  # a reset
