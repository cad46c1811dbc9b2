"""The rules of the talk. All of the protocol's state lives here.

Three laws:

* no I/O: bytes and events go in and out as arguments, nobody is waited for;
* this module does not know which end it is: who greets first and who talks first
  are two arguments, everything else is the same for both;
* after an error the session stays in error.

What happens, in the order of the rules in `docs/protocol.md`:

    GREETING   the peer's HELLO has not come; nothing else may be said
    DECIDING   it has come to the one who did not greet first: welcome or refuse
    OPEN       messages and their ACKs
    CLOSING    we said BYE and wait for the peer's; what is under way still arrives
    CLOSED     both said BYE; only ACKs may still arrive
    LOST       the stream ended before both said BYE
    FAILED     the peer broke a rule

A message has a number: 1, 2, ... on each side. It is kept until the peer has
acknowledged it, and it is acknowledged only after it was shown to the person.
Whose turn it is follows from counting messages, so there is no turn to lose.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator
from enum import Enum

from chatlib.errors import (
    LocalProtocolError,
    RemoteProtocolError,
    UnknownSessionError,
    VersionError,
)
from chatlib.protocol.frames import (
    FAREWELL_LIMIT,
    SESSION_BYTES,
    Bye,
    Frame,
    Hello,
    Kind,
    Mode,
    Reason,
    encode_text,
)
from chatlib.protocol.reader import FrameReader

__all__ = [
    "FAREWELL_LIMIT",
    "SESSION_BYTES",
    "WINDOW",
    "WINDOW_BYTES",
    "Bye",
    "Delivered",
    "Event",
    "Failed",
    "Greeted",
    "Hello",
    "Left",
    "Lost",
    "Mode",
    "Opened",
    "Reason",
    "Said",
    "Session",
    "State",
    "Trace",
    "silent",
]


WINDOW = 256
"""Messages that may be on their way without a confirmation."""

WINDOW_BYTES = 1 << 20
"""Bytes of text that may be, where the messages are long; the last may go beyond."""


class State(Enum):
    """Where the session stands; the module's docstring says what each allows."""

    GREETING = "GREETING"
    DECIDING = "DECIDING"
    OPEN = "OPEN"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"
    LOST = "LOST"
    FAILED = "FAILED"


class Greeted(namedtuple("Greeted", ("hello",))):
    """A peer said HELLO and waits: call `welcome` or `refuse`."""

    __slots__ = ()
    hello: Hello


class Opened(namedtuple("Opened", ("hello",))):
    """The peer answered our HELLO: the talk may begin."""

    __slots__ = ()
    hello: Hello


class Said(namedtuple("Said", ("number", "text"))):
    """The peer's next message: show it, then call `shown(number)`."""

    __slots__ = ()
    number: int
    text: str


class Delivered(namedtuple("Delivered", ("number",))):
    """The peer has shown all our messages up to this number."""

    __slots__ = ()
    number: int


class Left(namedtuple("Left", ("reason", "text"))):
    """The peer said BYE; ours, if it was not said before, is on its way."""

    __slots__ = ()
    reason: Reason
    text: str


class Lost(namedtuple("Lost", ("detail",))):
    """The stream ended without a goodbye; `detail` counts the bytes of a cut frame."""

    __slots__ = ()
    detail: str


class Failed(namedtuple("Failed", ("error",))):
    """The peer broke a rule; a BYE that says which is on its way."""

    __slots__ = ()
    error: RemoteProtocolError


Event = Greeted | Opened | Said | Delivered | Left | Lost | Failed

Trace = Callable[[str, object, bytes], None]
"""Who is told what happens: a sign of `framelog`, what it is, and its raw bytes."""


def silent(sign: str, what: object, raw: bytes = b"") -> None:
    """Trace nothing."""


class Session:
    """One end of the talk: `receive_data` and calls in, `events` and bytes out.

    `hello` is what this end says of itself. Who does not greet first takes over the
    session id of the peer, so the one in its own `hello` is never looked at.
    """

    def __init__(
        self,
        *,
        greets_first: bool,
        talks_first: bool,
        hello: Hello,
        trace: Trace = silent,
    ) -> None:
        self.state = State.GREETING
        self.sent = 0  # the number of our last message
        self.received = 0  # the number of the peer's last message
        self.confirmed = 0  # the number of the peer's last message that was shown
        self.frames_received = 0
        self.unacknowledged: dict[int, str] = {}
        self._outstanding = 0  # the bytes of those
        self.peer: Hello | None = None
        self.mode = Mode.ANY  # the one that holds, once both have said HELLO
        self._greets_first = greets_first
        self._talks_first = talks_first
        self._hello = hello
        self._trace = trace
        self._output = bytearray()
        self._ended = False
        self._owes_ack = False
        first = (Kind.HELLO, Kind.BYE) if greets_first else (Kind.HELLO,)
        self._reader = FrameReader(first)
        if greets_first:
            self._send(Kind.HELLO, self.confirmed, hello.encode())

    # What the connection calls.

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the peer; `events` says what they mean."""
        self._reader.feed(data)
        if self._trace is not silent:  # saying what is still missing has its price
            self._trace("~", f"read {len(data)} bytes{self._brought()}", data)

    def receive_eof(self) -> None:
        """Take the end of the stream; `events` says whether it was a goodbye."""
        self._ended = True

    def events(self) -> Iterator[Event]:
        """Yield what happened, one event at a time, each exactly once.

        The next frame is looked at only when the next event is asked for, so the
        answer to one event (`welcome`, `shown`) is given before what follows it is
        judged: the outcome does not depend on how TCP cut the bytes.
        """
        frames = iter(self._reader)
        while self.state is not State.FAILED:
            try:
                frame = next(frames, None)
                if frame is None:
                    break
                event = self._apply(frame)
            except RemoteProtocolError as error:
                event = self._fail(error)
            if event is not None:
                yield event
        if self._ended and not self.finished:
            self._enter(State.LOST)
            yield Lost(self._reader.cut)

    def data_to_send(self) -> bytes:
        """Hand over the bytes that are to be written, once."""
        self._pay_ack()
        data = bytes(self._output)
        self._output.clear()
        return data

    @property
    def missing(self) -> int:
        """How many bytes the frame that was begun still lacks; 0 between frames."""
        return self._reader.missing

    @property
    def finished(self) -> bool:
        """Whether nothing more will ever be sent."""
        return self.state in (State.CLOSED, State.LOST, State.FAILED)

    # What the person's side calls.

    def welcome(self) -> None:
        """Answer the peer's HELLO with ours: the talk may begin."""
        self._demand(State.DECIDING)
        assert self.peer is not None
        hello = Hello(self.peer.session, self._hello.mode, self._hello.name)
        self.mode = hello.mode
        self._send(Kind.HELLO, self.confirmed, hello.encode())
        self._enter(State.OPEN)

    def refuse(self, reason: Reason, text: str) -> None:
        """Answer the peer's HELLO with BYE."""
        self._demand(State.DECIDING)
        self._say_bye(reason, text)

    @property
    def my_turn(self) -> bool:
        """Whether we may send the next message.

        In turns, who talks first may when both have sent equally many, the other when
        it is one behind. In free talk anybody may at any time, until too many messages
        are not confirmed: a peer that does not read is to cost no memory.
        """
        if self.state is not State.OPEN:
            return False
        if self.mode is Mode.FREE:
            return len(self.unacknowledged) < WINDOW and self._outstanding < WINDOW_BYTES
        return self.received - self.sent == (0 if self._talks_first else 1)

    def say(self, text: str) -> int:
        """Send a message and return its number.

        Raises LocalProtocolError when it is not our turn, or when the message is empty
        or over TEXT_LIMIT bytes; then nothing has changed.
        """
        self._demand(State.OPEN)
        if not self.my_turn:
            raise LocalProtocolError(self.obstacle)
        body = encode_text(text)
        self.sent += 1
        self.unacknowledged[self.sent] = text
        self._outstanding += len(body)
        self._send(Kind.TEXT, self.sent, body)
        return self.sent

    @property
    def obstacle(self) -> str:
        """Why it is not our turn, in words for the person."""
        if self.mode is Mode.FREE:
            return f"{len(self.unacknowledged)} messages are not confirmed yet"
        return "it is not your turn"

    def shown(self, number: int) -> None:
        """Acknowledge the peer's messages up to `number`: they are on the screen.

        The ACK goes out with the next bytes, one for all that came in one read.
        """
        if not self.confirmed < number <= self.received:
            raise LocalProtocolError(f"message {number} is not waiting to be shown")
        self.confirmed = number
        self._owes_ack = True

    def leave(self, reason: Reason, text: str) -> None:
        """Say BYE. The peer's BYE, and what it sent before, are still awaited."""
        self._demand(State.OPEN)
        self._say_bye(reason, text)

    # The rules, a frame at a time.

    def _apply(self, frame: Frame) -> Event | None:
        """Hold one frame against the rules of the present state."""
        self.frames_received += 1
        if self._trace is not silent:  # spares encoding it again
            self._trace("<", frame, frame.encode())
        rule = _RULES.get((self.state, frame.kind))
        if rule is None:
            raise RemoteProtocolError(f"{frame.kind.name} in state {self.state.value}")
        return rule(self, frame)

    def _receive_hello(self, frame: Frame) -> Event:
        hello = Hello.decode(frame.body)
        if frame.number > self.sent:
            raise UnknownSessionError(
                f"HELLO has seen {frame.number} messages, {self.sent} were sent"
            )
        self.peer = hello
        if not self._greets_first:
            self._enter(State.DECIDING)
            return Greeted(hello)
        if hello.session != self._hello.session:
            raise RemoteProtocolError("HELLO answers for another session")
        if hello.mode is Mode.ANY:
            raise RemoteProtocolError("HELLO answers without a mode")
        self.mode = hello.mode
        self._enter(State.OPEN)
        return Opened(hello)

    def _receive_text(self, frame: Frame) -> Event | None:
        if 0 < frame.number <= self.received:
            self._owes_ack = True  # a replay: shown once, told again
            return None
        if frame.number != self.received + 1:
            raise RemoteProtocolError(
                f"TEXT {frame.number} where {self.received + 1} was next"
            )
        if not self._peers_turn:
            raise RemoteProtocolError(f"TEXT {frame.number} out of turn")
        text = frame.text
        self.received = frame.number
        return Said(frame.number, text)

    def _receive_ack(self, frame: Frame) -> Event | None:
        if frame.number > self.sent:
            raise RemoteProtocolError(f"ACK {frame.number}, only {self.sent} were sent")
        news = [number for number in self.unacknowledged if number <= frame.number]
        for number in news:
            self._outstanding -= len(self.unacknowledged.pop(number).encode())
        return Delivered(frame.number) if news else None

    def _receive_bye(self, frame: Frame) -> Event:
        bye = Bye.decode(frame.body)
        if frame.number != self.received:
            raise RemoteProtocolError(
                f"BYE after {frame.number} messages, {self.received} came"
            )
        if self.state is not State.CLOSING:
            self._say_bye(Reason.QUIT, "")
        self._enter(State.CLOSED)
        return Left(bye.reason, bye.text)

    @property
    def _peers_turn(self) -> bool:
        """Whether the peer may send: `my_turn` seen from its side."""
        ahead = 1 if self._talks_first else 0
        return self.mode is Mode.FREE or self.sent - self.received == ahead

    # The only ways to change state, to send, and to fail.

    def _enter(self, state: State) -> None:
        self.state = state
        self._trace("=", state.value, b"")

    def _pay_ack(self) -> None:
        """Acknowledge, with one frame, all that was shown since the last time.

        One for each would let a peer that talks and never reads fill our memory.
        """
        if self._owes_ack:
            self._owes_ack = False
            self._send(Kind.ACK, self.confirmed)

    def _send(self, kind: Kind, number: int, body: bytes = b"") -> None:
        self._pay_ack()
        frame = Frame(kind, number, body)
        raw = frame.encode()
        self._output += raw
        self._trace(">", frame, raw)

    def _say_bye(self, reason: Reason, text: str) -> None:
        self._send(Kind.BYE, self.sent, Bye(reason, text).encode())
        self._enter(State.CLOSING)

    def _fail(self, error: RemoteProtocolError) -> Failed:
        """Tell the peer what it did, unless our BYE has been said, and stop listening."""
        self._trace("!", error, b"")
        if self.state not in (State.CLOSING, State.CLOSED):
            self._say_bye(_REASONS.get(type(error), Reason.PROTOCOL), str(error))
        self._enter(State.FAILED)
        return Failed(error)

    def _demand(self, state: State) -> None:
        """Refuse a call that makes no sense now; raises LocalProtocolError."""
        if self.state is not state:
            raise LocalProtocolError(f"not possible in state {self.state.value}")

    def _brought(self) -> str:
        """Say what a read brought, for the log: whole frames and the piece after them."""
        count = len(self._reader)
        frames = [f"{count} frame{'s' if count > 1 else ''}"] if count else []
        parts = [*frames, *filter(None, [self._reader.progress])]
        return f": {', '.join(parts)}" if parts else ""


# What a BYE says of errors that have a reason of their own.
_REASONS: dict[type[RemoteProtocolError], Reason] = {
    VersionError: Reason.VERSION,
    UnknownSessionError: Reason.UNKNOWN_SESSION,
}

_Rule = Callable[[Session, Frame], Event | None]

# Which frame is welcome in which state, and what handles it. A row that is missing is
# an error of the peer's.
_RULES: dict[tuple[State, Kind], _Rule] = {
    (State.GREETING, Kind.HELLO): Session._receive_hello,
    (State.GREETING, Kind.BYE): Session._receive_bye,
    (State.OPEN, Kind.TEXT): Session._receive_text,
    (State.OPEN, Kind.ACK): Session._receive_ack,
    (State.OPEN, Kind.BYE): Session._receive_bye,
    (State.CLOSING, Kind.TEXT): Session._receive_text,
    (State.CLOSING, Kind.ACK): Session._receive_ack,
    (State.CLOSING, Kind.BYE): Session._receive_bye,
    (State.CLOSED, Kind.ACK): Session._receive_ack,
}
