"""The protocol on one connection: bytes in, events out; calls in, bytes out.

A link is born with a connection and ends with it. It is never reset: when a client comes
back, a new link goes on with the session of the old one. The rules of this file:

* no I/O and no clock: bytes and the time are arguments, and nothing is waited for;
* no role: which end says HELLO first is an argument, and everything else is the same for
  the client and for the server;
* after an error the link stays in error: nothing that the peer sends is looked at;
* the outcome does not depend on how TCP cut the bytes into reads.

How a link works. Bytes go in with `receive_data`, and the reader makes frames of them.
`next_event` takes one frame after the other. The table FRAMES says, for the state that the
link is in, which kinds of frame are welcome and which function handles each; every other
kind is an error of the peer. A function may change the state, write an answer into the
output and return an event. After an event no further frame is looked at until the next
event is asked for. So the answer to one event (`welcome`, `shown`) comes before the frames
behind it are judged.

The end of the stream and an error in the bytes are held back in the same way, until all
frames before them were handled.

    GREETING   the peer's HELLO has not come
    DECIDING   the HELLO of a peer that spoke first has come; `welcome` or `refuse` is next
    REFUSED    we answered that HELLO with BYE, and wait for the peer's BYE
    OPEN       messages and their ACKs, PINGs and PONGs
    CLOSING    we said BYE; what the peer sent before its own BYE still arrives
    CLOSED     both said BYE; only ACKs may still arrive
    LOST       the stream ended before all was said and acknowledged; a new link can go on
    FAILED     the peer broke a rule

A message is acknowledged only after `shown` was called: a line is on the screen, words
about a game were handled. One ACK answers for all messages up to its number, so an ACK that
is not urgent may wait for more, as TCP's own delayed ACKs do (RFC 1122, 4.2.3.2). The
connection decides how long; then it calls `data_to_send` with `hurry`.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum

from chatlib.errors import (
    LocalProtocolError,
    RemoteProtocolError,
    UnknownSessionError,
    VersionError,
)
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
    Trace,
    silent,
)
from chatlib.protocol.frames import HEADER, Bye, Frame, Hello, Kind, Mode, Reason, decode
from chatlib.protocol.pulse import PING_SECONDS, Advice, Pulse
from chatlib.protocol.reader import FrameReader
from chatlib.protocol.session import Message, Session

RUN = 128
"""Messages that one event reports at most: where the screen is slow, each costs time, and
what was shown is to be acknowledged soon."""

RUN_BYTES = 8192
"""Bytes of text after which an event takes no further message, with the peer's name before
each line: a screen that takes 2 kB a second shows that in 4 s."""

STEP = 16
"""Frames without an event after which `next_event` returns, because its caller may have
something else to do: with `-vv` each of them is shown."""

ACK_AT = 32
"""Messages after which their ACK does not wait for more: a small part of the window."""


class State(Enum):
    """Where a link stands; the module's docstring says what each state means."""

    GREETING = "GREETING"
    DECIDING = "DECIDING"
    REFUSED = "REFUSED"
    OPEN = "OPEN"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"
    LOST = "LOST"
    FAILED = "FAILED"


# Looked up once, because a member of an enum costs 70 ns at every use in Python 3.11, and
# these are used for every line.
_OPEN, _TEXT, _FREE = State.OPEN, Kind.TEXT, Mode.FREE
_LOST, _FAILED = State.LOST, State.FAILED
_pack = HEADER.pack
_new = tuple.__new__  # a named tuple's own constructor takes three times as long: 300 ns

_HANDLED = Handled(STEP)

_FINISHED = (State.CLOSED, State.LOST, State.FAILED)
_SAID_BYE = (State.REFUSED, State.CLOSING, State.CLOSED)

# The reasons of a BYE by which a person leaves, and those by which a client may refuse the
# HELLO of its server.
_LEAVING = (Reason.QUIT, Reason.STOPPED)
_FROM_CLIENTS = (Reason.VERSION, Reason.UNKNOWN_SESSION)


class Replies:
    """What we owe the peer and have not sent: one ACK and one PONG at most.

    One of each, however many messages and PINGs have come: otherwise a peer that sends
    and never reads would fill our memory with the answers. `acknowledged` is the number
    in our last ACK, or in our HELLO, which counts as one.
    """

    def __init__(self, acknowledged: int) -> None:
        # An ACK is owed, and what is owed must not wait for more.
        self.ack = False
        self.urgent = False
        self._acknowledged = acknowledged
        # The number of the last PING that was not answered.
        self._pong: int | None = None

    def owe_ack(self, shown: int) -> bool:
        """Note that messages up to `shown` were shown and are to be acknowledged.

        Return whether the connection has something to do: an ACK that only joins one
        that is waiting already needs nobody's attention.
        """
        news = not self.ack
        self.ack = True
        if shown - self._acknowledged >= ACK_AT:
            self.urgent = True
        return news or self.urgent

    def owe_pong(self, number: int) -> None:
        """Note that the PING with this number is to be answered; at once."""
        self._pong = number
        self.urgent = True

    def take(self, shown: int) -> list[Message]:
        """Return the frames that are owed, once; `shown` is the number for the ACK."""
        frames: list[Message] = []
        if self.ack:
            self._acknowledged = shown
            frames.append((Kind.ACK, shown, b""))
        if self._pong is not None:
            frames.append((Kind.PONG, self._pong, b""))
        self.ack, self.urgent, self._pong = False, False, None
        return frames


class Link:
    """The protocol on one connection, for either end.

    `session` is the talk that the connection serves: a new one, or one whose last
    connection broke. With `greets_first` our HELLO is ready to be sent at once. Without,
    the owner decides when the peer's HELLO has come: see `welcome`.
    """

    def __init__(
        self, session: Session, *, greets_first: bool, trace: Trace = silent
    ) -> None:
        self.session = session
        self.pulse = Pulse()
        self._trace = trace
        # The state and the rules that hold in it; `_enter` alone changes them.
        self.state = State.GREETING
        self._rules = RULES[State.GREETING]
        # Nothing more will ever be sent on this connection.
        self.finished = False
        # Which end we are: it decides what a HELLO means.
        self._greets_first = greets_first
        # The HELLO of a peer that waits for our answer, and the number in it.
        self._hello: Hello | None = None
        self._seen = 0

        # Bytes in. A peer that greets us begins with HELLO; a server may refuse with BYE.
        first = (Kind.HELLO, Kind.BYE) if greets_first else (Kind.HELLO,)
        self._reader = FrameReader(first)
        # The frames that have come and were not handled, and what has come of the next.
        self.waiting = self._reader.frames
        self.unfinished = self._reader.unfinished
        # The stream has ended, and why, where that is known.
        self._ended = False
        self._detail = ""

        # Bytes out: frames that are written, and answers that are owed but not written.
        self._output: list[bytes] = []
        self.replies = Replies(session.shown)
        # Whether the connection must ask for `data_to_send`. This one flag is what the
        # connection looks at after every read, so that it can skip the work of writing.
        self.wants_to_send = False
        if greets_first:
            # A client that returns names the mode of its talk; a new one leaves it open.
            hello = session.hello._replace(mode=session.mode)
            self._write(((Kind.HELLO, session.shown, hello.encode()),))

    # Bytes and time in, events out.

    def receive_data(self, data: bytes, now: float = 0.0) -> int:
        """Cut bytes from the peer, read at the time `now`, into frames.

        Return how many frames are whole; `next_event` reports what they mean.
        """
        self.pulse.heard = now
        if self.state is not _LOST and self.state is not _FAILED:
            self._reader.feed(data)
        if self._trace is not silent:
            contents = self._reader.contents
            found = f": {contents}" if contents else ""
            self._trace("~", f"read {len(data)} bytes{found}", data)
        return len(self.waiting)

    def receive_eof(self, detail: str = "") -> None:
        """Note the end of the stream; `detail` says why it ended, where that is known."""
        self._ended = True
        self._detail = self._detail or detail  # the first reason is the cause

    def pass_time(self, now: float, urgent: bool = False) -> None:
        """Send a silent peer a PING; treat one that does not answer as lost.

        With `urgent` the PING is sent to any peer, unless one is on its way.
        """
        if self.state is not _OPEN:
            return
        advice = self.pulse.advise(now, urgent)
        if advice is Advice.PING:
            self._write(((Kind.PING, self.pulse.pings, b""),))
        elif advice is Advice.LOST:
            self.receive_eof(f"nothing was heard for {now - self.pulse.heard:.0f} s")

    def seconds_left(self, now: float) -> float:
        """Return after how many seconds `pass_time` may have something to do."""
        return self.pulse.seconds_left(now) if self.state is _OPEN else PING_SECONDS

    def next_event(self) -> Event | None:
        """Return the next thing that happened, or None when there is nothing yet."""
        frames = self.waiting
        left = STEP
        try:
            while frames:
                kind, number, body = frames.popleft()
                if self._trace is not silent:
                    self._log("<", kind, number, body)
                rule = self._rules.get(kind)
                if rule is None:
                    raise RemoteProtocolError(f"{kind.name} in state {self.state.value}")
                event = rule(self, kind, number, body)
                if event is not None:
                    return event
                left -= 1
                if not left and frames:
                    return _HANDLED
        except RemoteProtocolError as error:
            return self._fail(error)
        return self._end() if self._ended or self._reader.error else None

    def _end(self) -> Event | None:
        """Return what ended the stream behind the frames that were handled, if news."""
        listening = self.state is not _LOST and self.state is not _FAILED
        if self._reader.error and listening:
            return self._fail(self._reader.error)
        # After both goodbyes, and with everything acknowledged, the end is expected.
        if not self._ended or not listening or self.session.over:
            return None
        self._output.clear()
        self.replies = Replies(self.session.shown)
        self._enter(State.LOST)
        return Lost(self._reader.cut or self._detail)

    # Bytes out.

    def data_to_send(self, hurry: bool = True) -> bytes:
        """Return the bytes that are to be written now, once.

        Without `hurry` an ACK waits for more messages to acknowledge, unless it is urgent
        or a goodbye was said: behind a BYE nothing else may come that would carry it.
        """
        if hurry or self.replies.urgent or self.state is not _OPEN:
            self._write(self.replies.take(self.session.shown))
        # Outside of a talk the connection has to look at the state after every read.
        self.wants_to_send = self.state is not _OPEN
        if not self._output:
            return b""
        data = b"".join(self._output)
        self._output.clear()
        self.session.written = self.session.sent
        return data

    # Calls: the answer to a HELLO.

    def welcome(self, session: Session | None = None) -> None:
        """Answer the peer's HELLO with ours: the talk begins, or goes on.

        `session` is the talk that the peer returns to; None is the new one. Raises
        UnknownSessionError when the peer has seen messages that were never sent in that
        talk; then nothing has changed, and `refuse` is the answer.
        """
        _require(self.state is State.DECIDING, self.state)
        assert self._hello is not None
        session = session or self.session
        session.begin(self._hello, session.hello.mode, self._seen)
        self.session = session
        self.replies = Replies(session.shown)
        hello = Hello(self._hello.session, session.mode, session.hello.name)
        self._write(((Kind.HELLO, session.shown, hello.encode()),))
        self._open()

    def refuse(self, reason: Reason, text: str) -> None:
        """Answer the peer's HELLO with BYE, which counts no messages."""
        _require(self.state is State.DECIDING, self.state)
        self._write(((Kind.BYE, 0, Bye(reason, text).encode()),))
        self._enter(State.REFUSED)

    # Calls: the talk. While the link is not open they change the session only, and the
    # next link sends what was said.

    def say(self, texts: Iterable[str]) -> int:
        """Send as many of these lines as may be sent now; return how many.

        Raises LocalProtocolError when the first may not be sent: it is not our turn, or
        the line is empty or too long. Then nothing has changed.
        """
        messages = self.session.add_texts(texts)
        self._send(messages)
        return len(messages)

    def play(self, words: str) -> None:
        """Send words about a game; that takes no turn.

        Raises LocalProtocolError when the talk is over, too many messages wait for their
        ACK, or the words are too long.
        """
        _require(self.session.can_talk, self.state)
        self._send((self.session.add_words(words),))

    def shown(self, number: int) -> None:
        """Acknowledge the peer's messages up to `number`: the person can see them."""
        session = self.session
        if not session.shown < number <= session.received:
            raise LocalProtocolError(f"message {number} is not waiting to be shown")
        session.shown = number
        if self.replies.owe_ack(number):
            self.wants_to_send = True

    def leave(self, reason: Reason, text: str) -> None:
        """Send BYE, now or when a connection is open again.

        What the peer sends before its own BYE still arrives.
        """
        session = self.session
        _require(session.can_talk, self.state)
        farewell = Bye(reason, text)
        session.leave(farewell)
        if self.state is _OPEN:
            self._say_bye(farewell)

    # The rules: what each kind of frame does where it is welcome. All have the same
    # arguments, because the table calls them; each may raise RemoteProtocolError.

    # Two frames in one: the first word of a peer that greets us, and the answer to ours.
    def _receive_hello(self, kind: Kind, number: int, body: bytes) -> Event:
        hello = Hello.decode(body)
        if not self._greets_first:
            self._hello, self._seen = hello, number
            self._enter(State.DECIDING)
            return Greeted(hello, number)
        session = self.session
        if hello.session != session.hello.session:
            raise RemoteProtocolError("HELLO answers for another session")
        if hello.mode is Mode.ANY:
            raise RemoteProtocolError("HELLO answers without a mode")
        if session.peer and hello.mode is not session.mode:
            now, before = hello.mode.name.lower(), session.mode.name.lower()
            raise RemoteProtocolError(
                f"HELLO answers with another mode than before: {now}, not {before}"
            )
        session.begin(hello, hello.mode, number)
        self._open()
        return Opened(hello)

    # The next line is shown, one that came before is only acknowledged, and a gap is an
    # error: TCP loses nothing, so a message that is missing was never sent.
    def _receive_text(self, kind: Kind, number: int, body: bytes) -> Event | None:
        session = self.session
        if number != session.received + 1:
            self._receive_again(kind, number)
            return None
        free = session.mode is _FREE
        if not free and not session.peer_has_turn:
            raise RemoteProtocolError(f"TEXT {number} out of turn")
        try:
            texts = [body.decode()]
        except UnicodeDecodeError:
            texts = [decode(body, f"TEXT {number}")]  # raises, in words
        if free and self.waiting:
            number = self._receive_run(texts, number, len(body))
        session.received = number
        session.lead -= len(texts)
        return _new(Said, (number, texts))

    def _receive_run(self, texts: list[str], number: int, size: int) -> int:
        """Add the messages right behind `number` to `texts`; return the last number.

        In free talk no answer to one changes how the next is judged, so the hundred lines
        of one read need not be a hundred events, which takes six times as long.
        """
        frames = self.waiting
        peer = self.session.peer
        name = len(peer.name) if peer else 0
        while frames and len(texts) < RUN and size < RUN_BYTES:
            kind, following, body = frames[0]
            if kind is not _TEXT or following != number + 1:
                break
            try:
                texts.append(body.decode())
            except UnicodeDecodeError:
                break  # an error, but only after the messages before it were shown
            frames.popleft()
            if self._trace is not silent:
                self._log("<", kind, following, body)
            number = following
            size += name + len(body)
        return number

    # Like a line, but it takes no turn, and its text is for the game, not for the screen.
    def _receive_game(self, kind: Kind, number: int, body: bytes) -> Event | None:
        session = self.session
        if number != session.received + 1:
            self._receive_again(kind, number)
            return None
        words = decode(body, f"GAME {number}")
        session.received = number
        return Played(number, words)

    def _receive_again(self, kind: Kind, number: int) -> None:
        """Acknowledge a message once more that a peer sends again; it is not shown."""
        received = self.session.received
        if not 0 < number <= received:
            raise RemoteProtocolError(f"{kind.name} {number} where {received + 1} was next")
        self.replies.owe_ack(self.session.shown)
        self.wants_to_send = True

    def _receive_ack(self, kind: Kind, number: int, body: bytes) -> None:
        session = self.session
        # More than what was handed to a connection cannot be acknowledged: a peer that
        # could do so, and reads nothing, would have us fill our memory.
        if number > session.written:
            raise RemoteProtocolError(f"ACK {number}, only {session.written} were sent")
        session.acknowledge(number)
        if self.state is State.CLOSED and not session.kept:
            session.end()

    # Answered with the next bytes that we send, one PONG for all PINGs of a read.
    def _receive_ping(self, kind: Kind, number: int, body: bytes) -> None:
        if self.state is _OPEN:  # after a BYE only ACKs may follow
            self.replies.owe_pong(number)
            self.wants_to_send = True

    # A PONG with an old number is harmless; one for a PING that was never sent is not.
    # PINGs are numbered from 1, so PONG 0 answers none.
    def _receive_pong(self, kind: Kind, number: int, body: bytes) -> None:
        if not 0 < number <= self.pulse.pings:
            raise RemoteProtocolError(f"PONG {number}, only {self.pulse.pings} were asked")
        self.pulse.receive_pong(number)

    # The goodbye of the peer is answered with ours, if that was not said.
    def _receive_bye(self, kind: Kind, number: int, body: bytes) -> Event:
        session = self.session
        bye = Bye.decode(body)
        refusal = self.state not in (_OPEN, State.CLOSING)
        if not refusal:
            refusing = () if self._greets_first else _FROM_CLIENTS
            _check_bye(bye.reason, number, session.received, refusing)
        elif self.state is State.GREETING and number:
            raise RemoteProtocolError(f"BYE {number} where no talk was, expected 0")
        if self.state not in _SAID_BYE:
            farewell = Bye(Reason.QUIT, "")
            session.leave(farewell)
            self._say_bye(farewell)
        self._enter(State.CLOSED)
        # Behind any other goodbye come no ACKs, so there is nothing to come back for.
        if refusal or not session.kept or bye.reason not in _LEAVING:
            session.end()
        return Left(bye.reason, bye.text)

    # The only ways to change the state, to write, and to fail.

    # What follows from the state is worked out here, once, and not at every frame.
    def _enter(self, state: State) -> None:
        self.state = state
        self.finished = state in _FINISHED
        self._rules = RULES[state]
        self.wants_to_send = True
        self._trace("=", state.value, b"")

    def _open(self) -> None:
        """Both have said HELLO: send what the peer has not seen, and our goodbye."""
        self._enter(_OPEN)
        self._write(self.session.kept)
        if self.session.farewell:
            self._say_bye(self.session.farewell)

    def _send(self, messages: Sequence[Message]) -> None:
        """Write new messages, if the link is open; otherwise the next link does it."""
        if self.state is _OPEN:
            # In turns an answer acknowledges the line that it answers. In free talk an
            # ACK waits for more, as it would without this message, unless it is urgent or
            # would have to wait behind many messages.
            if self.replies.urgent or len(messages) > 1 or self.session.mode is not _FREE:
                self._write(self.replies.take(self.session.shown))
            self._write(messages)

    def _write(self, frames: Iterable[Message]) -> None:
        """Put frames into the output, one after the other, and log them."""
        output = self._output
        for kind, number, body in frames:
            # What `frames.encode` does, without the call: every line comes through here.
            output.append(_pack(len(body), kind, 0, number) + body)
            if self._trace is not silent:
                self._log(">", kind, number, body)
        self.wants_to_send = True

    def _say_bye(self, bye: Bye) -> None:
        """Write BYE behind all that is owed: only ACKs may follow it."""
        self._write(self.replies.take(self.session.shown))
        self._write(((Kind.BYE, self.session.sent, bye.encode()),))
        self._enter(State.CLOSING)

    def _fail(self, error: RemoteProtocolError) -> Failed:
        """Name the peer's error in a BYE, unless ours was said, and stop listening."""
        self._trace("!", error, b"")
        if self.state not in _SAID_BYE:
            reason = _REASONS.get(type(error), Reason.PROTOCOL)
            self._say_bye(Bye(reason, str(error)))
        self.waiting.clear()
        self.unfinished.clear()
        self.session.end()
        self._enter(State.FAILED)
        return Failed(error)

    def _log(self, sign: str, kind: Kind, number: int, body: bytes) -> None:
        frame = Frame(kind, number, body)
        self._trace(sign, frame, frame.encode())


def _require(possible: bool, state: State) -> None:
    """Raise LocalProtocolError for a call that makes no sense in this state."""
    if not possible:
        raise LocalProtocolError(f"not possible in state {state.value}")


def _check_bye(
    reason: Reason, number: int, received: int, refusing: tuple[Reason, ...]
) -> None:
    """Refuse a BYE in a talk that cannot be: by its reason, or by its number.

    Raises RemoteProtocolError.
    """
    if reason in _LEAVING:
        # The number proves that nothing is missing that was sent before.
        wrong = number != received
    elif reason is Reason.PROTOCOL:
        # Whoever found an error on a new connection may not have retransmitted all.
        wrong = number < received
    elif reason in refusing:
        # Whoever does not know the session counts the messages of another one.
        wrong = False
    else:
        raise RemoteProtocolError(f"BYE {reason.name} in a talk")
    if wrong:
        raise RemoteProtocolError(f"BYE after {number} messages, {received} came")


# The reason that a BYE gives for an error, where there is one of its own.
_REASONS: dict[type[RemoteProtocolError], Reason] = {
    VersionError: Reason.VERSION,
    UnknownSessionError: Reason.UNKNOWN_SESSION,
}

Rule = Callable[[Link, Kind, int, bytes], Event | None]

FRAMES: tuple[tuple[State, Kind, Rule, tuple[State, ...]], ...] = (
    (State.GREETING, Kind.HELLO, Link._receive_hello, (State.DECIDING, State.OPEN)),
    (State.GREETING, Kind.BYE, Link._receive_bye, (State.CLOSED,)),
    (State.REFUSED, Kind.BYE, Link._receive_bye, (State.CLOSED,)),
    (State.OPEN, Kind.TEXT, Link._receive_text, (State.OPEN,)),
    (State.OPEN, Kind.GAME, Link._receive_game, (State.OPEN,)),
    (State.OPEN, Kind.ACK, Link._receive_ack, (State.OPEN,)),
    (State.OPEN, Kind.PING, Link._receive_ping, (State.OPEN,)),
    (State.OPEN, Kind.PONG, Link._receive_pong, (State.OPEN,)),
    (State.OPEN, Kind.BYE, Link._receive_bye, (State.CLOSED,)),
    (State.CLOSING, Kind.TEXT, Link._receive_text, (State.CLOSING,)),
    (State.CLOSING, Kind.GAME, Link._receive_game, (State.CLOSING,)),
    (State.CLOSING, Kind.ACK, Link._receive_ack, (State.CLOSING,)),
    (State.CLOSING, Kind.PING, Link._receive_ping, (State.CLOSING,)),
    (State.CLOSING, Kind.PONG, Link._receive_pong, (State.CLOSING,)),
    (State.CLOSING, Kind.BYE, Link._receive_bye, (State.CLOSED,)),
    (State.CLOSED, Kind.ACK, Link._receive_ack, (State.CLOSED,)),
)
"""Which frame is welcome in which state, the rule that handles it, and the next state.

Where two states are named, the first is that of the end that is greeted first. Only the
other end can get a BYE in state GREETING: for the end that is greeted, the reader accepts
nothing but HELLO. Every frame that has no row is an error of the peer, and so is one that
its rule finds wrong: then FAILED is next. `docs/architecture.md` has the picture."""

RULES: dict[State, dict[Kind, Rule]] = {
    state: {kind: rule for of, kind, rule, _ in FRAMES if of is state} for state in State
}
