"""The rules of the talk. All of the protocol's state lives here.

Three laws:

* no I/O: bytes and events go in and out as arguments, nobody is waited for;
* this module does not know which end it is: who greets first and who talks first
  are two arguments, everything else is the same for both;
* after an error the session stays in error.

What happens, in the order of the rules in `docs/protocol.md`:

    GREETING   the peer's HELLO has not come; nothing else may be said
    DECIDING   it has come to the one who did not greet first: welcome or refuse
    REFUSED    we answered it with BYE and wait for the peer's; nothing else may come
    OPEN       messages and their ACKs
    CLOSING    we said BYE and wait for the peer's; what is under way still arrives
    CLOSED     both said BYE; only ACKs may still arrive
    LOST       the stream ended before that was done; a new connection goes on from here
    FAILED     the peer broke a rule

A message has a number: 1, 2, ... on each side. It is kept until the peer has
acknowledged it, and it is acknowledged only after it was shown to the person.
Whose turn it is follows from counting messages, so there is no turn to lose.

A session outlives its connections. Who greets first takes a new one with `resume`; the
other learns from the HELLO on a new one, which a fresh session has read, that it is its
own peer that is back, and takes it with `take_over`. Both HELLOs say how far one has
shown the other's messages; the rest is sent again.
"""

from collections import deque, namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from itertools import count, islice, repeat

from chatlib.errors import (
    LocalProtocolError,
    RemoteProtocolError,
    UnknownSessionError,
    VersionError,
)
from chatlib.protocol.frames import (
    FAREWELL_LIMIT,
    GAME_LIMIT,
    HEADER,
    SESSION_BYTES,
    TEXT_LIMIT,
    Bye,
    Frame,
    Hello,
    Kind,
    Mode,
    Reason,
    decode,
    encode,
    encode_text,
)
from chatlib.protocol.reader import FrameReader

__all__ = [
    "FAREWELL_LIMIT",
    "SESSION_BYTES",
    "WINDOW",
    "WINDOW_BYTES",
    "Bye",
    "Event",
    "Failed",
    "Greeted",
    "Hello",
    "Left",
    "Lost",
    "Mode",
    "Opened",
    "Played",
    "Reason",
    "Said",
    "Session",
    "State",
    "Trace",
    "silent",
]


WINDOW = 2048
"""Messages that may be on their way without a confirmation: two reads full of short
lines, so that who sends need not stand still while the other one shows the last."""

GAMES_WINDOW = 256
"""How many more may be, so that there is room for a game: nor is that to fill our memory
when the peer does not read."""

WINDOW_BYTES = 1 << 20
"""Bytes of text that may be, where the messages are long; the last may go beyond."""

RUN = 128
"""Messages that `next_texts` gives at once: with a screen that is slow, or a name that is
long, each costs time or memory, and what is shown is to be acknowledged soon."""

RUN_BYTES = 8192
"""Bytes of text after which it gives no more: at 2 kB a second, 4 s for a screen."""

ACK_AT = 32
"""Messages after which an ACK does not wait for more: a small part of WINDOW."""

PING_SECONDS = 10.0
"""After how long a silence the peer is asked for a sign of life; after as long again
without one the connection counts as lost."""

WORRY_SECONDS = 1.0
"""How often the time without an answer is looked at, for who wants to show it."""


class State(Enum):
    """Where the session stands; the module's docstring says what each allows."""

    GREETING = "GREETING"
    DECIDING = "DECIDING"
    REFUSED = "REFUSED"
    OPEN = "OPEN"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"
    LOST = "LOST"
    FAILED = "FAILED"


# An enum's member is found only after 70 ns in Python 3.11 (20 in 3.12): the rules that
# every message passes know theirs by a name of their own.
_TEXT, _ACK = Kind.TEXT, Kind.ACK
_FREE = Mode.FREE
_OPEN = State.OPEN
_TALKING = (State.OPEN, State.LOST, State.GREETING)
_new = tuple.__new__  # a named tuple's own constructor costs three times as much: 300 ns


class Greeted(namedtuple("Greeted", ("hello",))):
    """A peer said HELLO, and waits.

    Call `welcome` or `refuse`, or let the session that it comes back to `take_over`.
    """

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


class Played(namedtuple("Played", ("number", "words"))):
    """What the peer tells about a game: take it, then call `shown(number)`."""

    __slots__ = ()
    number: int
    words: str


class Left(namedtuple("Left", ("reason", "text"))):
    """The peer said BYE; ours, if it was not said before, is on its way."""

    __slots__ = ()
    reason: Reason
    text: str


class Lost(namedtuple("Lost", ("detail",))):
    """The stream ended before all was said; `detail` says where or why, if it is known."""

    __slots__ = ()
    detail: str


class Failed(namedtuple("Failed", ("error",))):
    """The peer broke a rule; a BYE that says which is on its way."""

    __slots__ = ()
    error: RemoteProtocolError


Event = Greeted | Opened | Said | Played | Left | Lost | Failed

Trace = Callable[[str, object, bytes], None]
"""Who is told what happens: a sign of `framelog`, what it is, and its raw bytes."""


def silent(sign: str, what: object, raw: bytes = b"") -> None:
    """Trace nothing."""


class Session:
    """One end of the talk: `receive_data` and calls in, `events` and bytes out.

    `hello` is what this end says of itself. Who does not greet first takes over the
    session id of the peer, so the one in its own `hello` is never looked at.
    """

    # With more than thirty attributes an object keeps them in a dict of its own; named
    # here, each is found at once, and a misspelt one is an error.
    __slots__ = (
        "_detail",
        "_farewell",
        "_games_received",
        "_games_sent",
        "_games_unconfirmed",
        "_greets_first",
        "_handed",
        "_hello",
        "_kept",
        "_listens",
        "_outstanding",
        "_owes_pong",
        "_pinged",
        "_pings",
        "_reader",
        "_rules",
        "_talks_first",
        "_told",
        "_trace",
        "acknowledged",
        "can_talk",
        "confirmed",
        "ends",
        "heard",
        "mode",
        "output",
        "owes_ack",
        "peer",
        "received",
        "round_trip",
        "seen",
        "sent",
        "state",
        "unfinished",
        "urgent",
        "waiting",
    )

    def __init__(
        self,
        *,
        greets_first: bool,
        talks_first: bool,
        hello: Hello,
        trace: Trace = silent,
    ) -> None:
        self.sent = 0  # the number of our last message
        self.acknowledged = 0  # how many of them the peer has shown, as far as we know
        self.received = 0  # the number of the peer's last message
        # How many of all those were GAME: they are few, so it is they that are counted.
        self._games_sent = self._games_received = self._games_unconfirmed = 0
        # The number of our last message that may be on its way. A peer that confirmed more
        # than that could have us pour into our memory what it never reads.
        self._handed = 0
        self.confirmed = 0  # the number of the peer's last message that was shown
        self.peer: Hello | None = None
        self.can_talk = False
        self.mode = Mode.ANY  # the one that holds, once both have said HELLO
        self.seen = 0  # the number in the peer's HELLO
        self.heard = 0.0  # when bytes last came, on the clock of who passes them in
        self._greets_first = greets_first
        self._talks_first = talks_first
        self._hello = hello
        # Our messages that are not acknowledged, in order: kind, number, body.
        self._kept: deque[tuple[Kind, int, bytes]] = deque()
        self._outstanding = 0  # the bytes of those
        self._farewell: Bye | None = None  # ours, once it was said
        self._pings = 0
        self._begin(FrameReader(_FIRST[self._greets_first]), trace)
        if greets_first:
            self._greet()

    def _begin(self, reader: FrameReader, trace: Trace) -> None:
        """Be on a new connection: new bytes in, nothing to write. The numbers stay."""
        self.round_trip: float | None = None  # seconds, of the last PING
        self._stand(State.GREETING)
        self._reader = reader
        self.waiting = reader.frames  # those that have come and were not looked at
        self.unfinished = reader.unfinished  # what has come of the frame after them
        self._trace = trace
        self.output = bytearray()  # what `data_to_send` is to hand over
        self.owes_ack = False  # for what was shown
        self.urgent = False  # for so many that it cannot wait, or a PONG
        self._told = self.confirmed  # the number in our last ACK, or HELLO
        self._owes_pong: int | None = None
        self._pinged: float | None = None  # when, if the answer is still awaited
        self._detail = ""  # what is known of the end, beside the bytes that it cut
        # Whether something ends what is waiting: the stream, or what cannot be a frame.
        self.ends = reader.error is not None

    # What whoever has the connections calls.

    def resume(self, trace: Trace = silent) -> None:
        """Say HELLO on a new connection, after the last was lost."""
        self._demand(self.state is State.LOST)
        self._begin(FrameReader(_FIRST[self._greets_first]), trace)
        self._greet()

    @property
    def is_new(self) -> bool:
        """Whether the peer's HELLO begins a talk: who goes on with one knows its mode."""
        return self.peer is not None and self.peer.mode is Mode.ANY and not self.seen

    def is_awaited(self, stranger: "Session") -> bool:
        """Whether the HELLO that a fresh session has read comes from our own peer."""
        peer = stranger.peer
        return (
            self.peer is not None
            and peer is not None
            and (self.state is State.LOST or not self._done)
            and peer.session == self.peer.session
            and self.acknowledged <= stranger.seen <= self.sent
        )

    def take_over(self, stranger: "Session") -> None:
        """Go on where that HELLO was read; `welcome` answers it.

        The last connection may look alive: the peer knows first that it is not.
        """
        stranger._demand(stranger.state is State.DECIDING)
        self._begin(stranger._reader, stranger._trace)
        self.peer, self.seen, self.heard = stranger.peer, stranger.seen, stranger.heard
        self._stand(State.DECIDING)

    # What the connection calls.

    def receive_data(self, data: bytes, now: float = 0.0) -> None:
        """Take bytes from the peer; `events` says what they mean."""
        self.heard = now
        if self._listens:
            self._reader.feed(data)
            if self._reader.error:
                self.ends = True
        if self._trace is not silent:  # saying what is still missing has its price
            self._trace("~", f"read {len(data)} bytes{self._brought()}", data)

    def receive_eof(self, detail: str = "") -> None:
        """Take the end of the stream; `events` says whether it was a goodbye."""
        self.ends = True
        self._detail = detail

    def pass_time(self, now: float) -> None:
        """Ask a silent peer for a sign of life; count one that gives none as lost."""
        silence = now - self.heard
        if self.state is not State.OPEN:
            return
        if silence >= 2 * PING_SECONDS:
            self.receive_eof(f"nothing was heard for {silence:.0f} s")
        elif silence < PING_SECONDS:
            self._pinged = None  # whatever came is a sign of life
        elif self._pinged is None:
            self._pinged = now
            self._pings += 1
            self._send(Kind.PING, self._pings)

    def patience(self, now: float) -> float:
        """After how many seconds `pass_time` has something to do."""
        if self.state is not State.OPEN:
            return PING_SECONDS
        due = self.heard + PING_SECONDS * (2 if self.worried else 1) - now
        return max(0.0, min(due, WORRY_SECONDS) if self.worried else due)

    @property
    def worried(self) -> bool:
        """Whether a sign of life was asked for and has not come."""
        return self._pinged is not None

    def events(self) -> Iterator[Event]:
        """Yield what happened, one event at a time, each exactly once."""
        while event := self.next_event():
            yield event

    def next_event(self) -> Event | None:
        """Give the next thing that happened, or None when there is none yet.

        The next frame is looked at only when the next event is asked for, so the
        answer to one event (`welcome`, `shown`) is given before what follows it is
        judged: the outcome does not depend on how TCP cut the bytes.
        """
        try:
            while self.waiting:
                kind, number, body = self.waiting.popleft()
                if self._trace is not silent:
                    self._note(Frame(kind, number, body))
                event = self._rules[kind](self, kind, number, body)
                if event is not None:
                    return event
        except RemoteProtocolError as error:
            return self._fail(error)
        return self._end() if self.ends else None

    def _end(self) -> Event | None:
        """What was waiting has been told: say what ended it, if that is news."""
        if self._reader.error and self._listens:
            return self._fail(self._reader.error)
        if not self._done:
            detail = self._reader.cut or self._detail
            self.output.clear()
            self.owes_ack, self._owes_pong = False, None
            self._enter(State.LOST)
            return Lost(detail)
        return None

    def next_texts(self) -> list[str]:
        """Take the messages that have come right behind the one that was just said.

        In free talk no answer to one changes how the next is judged, so a hundred that
        one read brought need not be a hundred events (which is six times as slow).
        Whatever is not simply the next message, or is traced, is left to `next_event`.
        """
        texts: list[str] = []
        frames = self.waiting
        if not frames or self.mode is not _FREE or self._trace is not silent:
            return texts
        size, waiting = 0, islice(frames, RUN)
        with suppress(UnicodeDecodeError):
            for number, (kind, found, body) in enumerate(waiting, self.received + 1):
                if kind is not _TEXT or found != number or size >= RUN_BYTES:
                    break
                texts.append(body.decode())
                size += len(body)
        for _ in texts:
            frames.popleft()
        self.received += len(texts)
        return texts

    def data_to_send(self, hurry: bool = True) -> bytes:
        """Hand over the bytes that are to be written, once.

        Without `hurry` an ACK of a few messages is left for later: one serves for all that
        come meanwhile, as with TCP's own delayed ACKs (RFC 1122, 4.2.3.2). Where it is
        `urgent`, or no talk goes on, it is not.
        """
        if hurry or self.urgent or self.state is not _OPEN:  # behind a BYE it may end
            self._pay()
        if not self.output:
            return b""
        data = bytes(self.output)
        self.output.clear()
        self._handed = self.sent
        return data

    @property
    def finished(self) -> bool:
        """Whether nothing more will ever be sent on this connection."""
        return self.state in (State.CLOSED, State.LOST, State.FAILED)

    @property
    def _done(self) -> bool:
        """Whether the end of the stream is nothing new, or as it should be."""
        return not self._listens or (self.state is State.CLOSED and not self._kept)

    # What the person's side calls.

    def welcome(self) -> None:
        """Answer the peer's HELLO with ours: the talk may begin, or go on.

        Raises LocalProtocolError when its HELLO speaks of messages that we never sent.
        """
        self._demand(self.state is State.DECIDING)
        assert self.peer is not None
        if self.seen > self.sent:
            raise LocalProtocolError(_unknown(self.seen, self.sent))
        hello = Hello(self.peer.session, self._hello.mode, self._hello.name)
        self.mode = hello.mode
        self._send(Kind.HELLO, self.confirmed, hello.encode())
        self._open()

    def refuse(self, reason: Reason, text: str) -> None:
        """Answer the peer's HELLO with BYE."""
        self._demand(self.state is State.DECIDING)
        self._send(Kind.BYE, self.sent, Bye(reason, text).encode())
        self._enter(State.REFUSED)

    @property
    def senior(self) -> bool:
        """Whether this end's word counts where both have said something at once."""
        return self._talks_first

    def has_turn(self) -> bool:
        """Whether we may send the next message.

        In turns, who talks first may when both have sent equally many, the other when
        it is one behind. In free talk anybody may at any time, until too many messages
        are not confirmed: a peer that does not read is to cost no memory.
        """
        # No property, though it reads like one: Python 3.11 calls those by way of C, and on
        # the way of a line that costs 6 % of all of it.
        if not self.can_talk:
            return False
        if self.mode is _FREE:
            return len(self._kept) < WINDOW and self._outstanding < WINDOW_BYTES
        return self._lead == (0 if self._talks_first else -1)

    def say(self, text: str) -> int:
        """Send a message and return its number.

        Raises LocalProtocolError when it is not our turn, or when the message is empty
        or over TEXT_LIMIT bytes; then nothing has changed.
        """
        if not self.has_turn():
            self._demand(self.can_talk)
            raise LocalProtocolError(self.obstacle)
        self._keep(_TEXT, encode_text(text))
        return self.sent

    def say_all(self, texts: Iterable[str]) -> int:
        """Send as many of these messages as may be sent at once; return how many.

        The first that is no message, and all behind it, are left to `say`, which can
        explain. One call for a thousand, because each call of `say` costs 3 us.
        """
        room = WINDOW - len(self._kept) if self.mode is _FREE else 1
        size = self._outstanding
        bodies: list[bytes] = []
        try:
            for text in islice(texts, room if self.has_turn() else 0):
                body = text.encode()
                if not 0 < len(body) <= TEXT_LIMIT or size >= WINDOW_BYTES:
                    break
                bodies.append(body)
                size += len(body)
        except UnicodeEncodeError:
            pass  # left to `say`
        if len(bodies) == 1:  # spares 3 us
            self._keep(_TEXT, bodies[0])
        elif bodies:
            self._keep_all(bodies)
        return len(bodies)

    def play(self, words: str) -> int:
        """Tell something about a game and return its number; it takes no turn.

        Raises LocalProtocolError like `say`.
        """
        self._demand(self.can_talk)
        if len(self._kept) >= WINDOW + GAMES_WINDOW:
            raise LocalProtocolError(self._backlog)
        body = encode_text(words, GAME_LIMIT)
        self._games_sent += 1
        self._games_unconfirmed += 1
        self._keep(Kind.GAME, body)
        return self.sent

    @property
    def texts_sent(self) -> int:
        """How many of our messages were no words about a game."""
        return self.sent - self._games_sent

    @property
    def texts_unconfirmed(self) -> int:
        """How many of those the peer has not confirmed."""
        return len(self._kept) - self._games_unconfirmed

    @property
    def unacknowledged(self) -> Mapping[int, str]:
        """Our messages that the peer has not confirmed, by number."""
        return {
            number: body.decode() for kind, number, body in self._kept if kind is Kind.TEXT
        }

    @property
    def unconfirmed(self) -> int:
        """How many those are, and what was told about games with them."""
        return len(self._kept)

    @property
    def obstacle(self) -> str:
        """Why it is not our turn, in words for the person."""
        if self.mode is Mode.FREE:
            return self._backlog
        return "it is not your turn"

    @property
    def _backlog(self) -> str:
        return f"{len(self._kept)} messages are not confirmed yet"

    def shown(self, number: int) -> None:
        """Acknowledge the peer's messages up to `number`: they are on the screen.

        One ACK serves for all that came in one read, and for what comes soon after.
        """
        if not self.confirmed < number <= self.received:
            raise LocalProtocolError(f"message {number} is not waiting to be shown")
        self.confirmed = number
        self.owes_ack = True
        if number - self._told >= ACK_AT:
            self.urgent = True

    def leave(self, reason: Reason, text: str) -> None:
        """Say BYE, now or when the connection is back.

        The peer's BYE, and what it sent before, are still awaited.
        """
        self._demand(self.can_talk)
        self._farewell = Bye(reason, text)
        self.can_talk = False
        if self.state is State.OPEN:
            self._say_bye(self._farewell)

    # The rules, a frame at a time.

    def _note(self, frame: Frame) -> None:
        self._trace("<", frame, frame.encode())

    def _receive_unwelcome(self, kind: Kind, number: int, body: bytes) -> None:
        raise RemoteProtocolError(f"{kind.name} in state {self.state.value}")

    def _receive_hello(self, kind: Kind, number: int, body: bytes) -> Event:
        hello = Hello.decode(body)
        self.seen = number
        if not self._greets_first:
            self.peer = hello
            self._enter(State.DECIDING)
            return Greeted(hello)
        if hello.session != self._hello.session:
            raise RemoteProtocolError("HELLO answers for another session")
        if hello.mode is Mode.ANY:
            raise RemoteProtocolError("HELLO answers without a mode")
        if self.peer and hello.mode is not self.mode:
            raise RemoteProtocolError("HELLO answers with another mode than before")
        if self.seen > self.sent:
            raise UnknownSessionError(_unknown(self.seen, self.sent))
        if self.seen < self.acknowledged:
            raise UnknownSessionError(
                f"HELLO has seen {self.seen} messages, {self.acknowledged} were confirmed"
            )
        self.peer = hello
        self.mode = hello.mode
        self._open()
        return Opened(hello)

    def _receive_text(self, kind: Kind, number: int, body: bytes) -> Event | None:
        if number != self.received + 1:
            self._receive_again(kind, number)
            return None
        if kind is _TEXT and self.mode is not _FREE and not self._peers_turn:
            raise RemoteProtocolError(f"TEXT {number} out of turn")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = decode(body, f"{kind.name} {number}")  # which says what is wrong
        self.received = number
        if kind is not _TEXT:
            self._games_received += 1
            return Played(number, text)
        return _new(Said, (number, text))

    def _receive_again(self, kind: Kind, number: int) -> None:
        """Take a replay of what was shown once: it is told again, and not shown."""
        if not 0 < number <= self.received:
            expected = self.received + 1
            raise RemoteProtocolError(f"{kind.name} {number} where {expected} was next")
        self.owes_ack = True

    def _receive_ack(self, kind: Kind, number: int, body: bytes = b"") -> None:
        if number > self._handed:
            raise RemoteProtocolError(f"ACK {number}, only {self._handed} were sent")
        for _ in range(self.acknowledged, number):
            kind, _, body = self._kept.popleft()
            self._outstanding -= len(body)
            if kind is not _TEXT:
                self._games_unconfirmed -= 1
        if number > self.acknowledged:
            self.acknowledged = number

    def _receive_ping(self, kind: Kind, number: int, body: bytes) -> None:
        if self.state is State.OPEN:  # after a BYE only ACKs may follow
            self._owes_pong = number
            self.urgent = True

    def _receive_pong(self, kind: Kind, number: int, body: bytes) -> None:
        if number > self._pings:
            raise RemoteProtocolError(f"PONG {number}, only {self._pings} were asked")
        if self._pinged is not None and number == self._pings:
            self.round_trip = self.heard - self._pinged
            self._pinged = None

    def _receive_bye(self, kind: Kind, number: int, body: bytes) -> Event:
        bye = Bye.decode(body)
        refused = self.state in (State.GREETING, State.REFUSED)
        counts = bye.reason in (Reason.QUIT, Reason.STOPPED) and not refused
        if number != self.received and counts:
            raise RemoteProtocolError(f"BYE after {number} messages, {self.received} came")
        if not self._said_bye:
            self._farewell = Bye(Reason.QUIT, "")
            self._say_bye(self._farewell)
        self._enter(State.CLOSED)
        return Left(bye.reason, bye.text)

    @property
    def _said_bye(self) -> bool:
        """Whether our BYE has been said on this connection."""
        return self.state in (State.REFUSED, State.CLOSING, State.CLOSED)

    @property
    def _peers_turn(self) -> bool:
        """Whether the peer may send, in turns: `has_turn` seen from its side."""
        return self._lead == (1 if self._talks_first else 0)

    @property
    def _lead(self) -> int:
        """How many more messages we have sent than the peer."""
        received = self.received - self._games_received
        return self.texts_sent - received

    # The only ways to change state, to send, and to fail.

    def _enter(self, state: State) -> None:
        self._stand(state)
        self._trace("=", state.value, b"")

    def _stand(self, state: State) -> None:
        self.state = state
        # What follows from it, so that nobody has to work it out at every frame.
        self._rules = _RULES[state]
        # Whether both have said HELLO and we have not said BYE: also while the connection
        # is lost. What is said then is sent when it is back.
        known = self.mode is not Mode.ANY and self._farewell is None
        self.can_talk = known and state in _TALKING
        self._listens = state is not State.LOST and state is not State.FAILED

    def _greet(self) -> None:
        """Say HELLO first; who comes back names the mode that holds."""
        hello = self._hello._replace(mode=self.mode)
        self._send(Kind.HELLO, self.confirmed, hello.encode())

    def _open(self) -> None:
        """Both have said HELLO: send again what the peer has not seen, our BYE too."""
        self._handed = max(self._handed, self.seen)  # a HELLO that was found right
        self._receive_ack(_ACK, self.seen)
        self._enter(State.OPEN)
        if self._kept:
            kinds, numbers, bodies = zip(*self._kept, strict=True)
            self._write_run(kinds, numbers[0], bodies)
        if self._farewell:
            self._say_bye(self._farewell)

    def _keep(self, kind: Kind, body: bytes) -> None:
        """Number a message, keep it until it is acknowledged, write it if we can."""
        self.sent = number = self.sent + 1
        self._kept.append((kind, number, body))
        self._outstanding += len(body)
        if self.state is _OPEN:
            if self.owes_ack and self.mode is not _FREE:
                self._pay()  # the answer is to confirm what it answers
            self._send(kind, number, body)

    def _keep_all(self, bodies: list[bytes]) -> None:
        """Do the same for many of TEXT: those are written in one go."""
        first = self.sent + 1
        self._kept += zip(repeat(_TEXT), count(first), bodies, strict=False)
        self._outstanding += sum(map(len, bodies))
        self.sent += len(bodies)
        if self.state is _OPEN:
            self._write_run(repeat(_TEXT), first, bodies)

    def _pay(self) -> None:
        """Say what is owed: one ACK for all that was shown since the last, one PONG.

        One for each would let a peer that talks and never reads fill our memory.
        """
        self.urgent = False
        if self.owes_ack:
            self.owes_ack = False
            self._told = self.confirmed
            self._send(_ACK, self.confirmed)
        if self._owes_pong is not None:
            number, self._owes_pong = self._owes_pong, None
            self._send(Kind.PONG, number)

    def _send(self, kind: Kind, number: int, body: bytes = b"") -> None:
        # What `encode` does, without the call: this is on the way of every line.
        self.output += HEADER.pack(len(body), kind, 0, number) + body
        if self._trace is not silent:
            frame = Frame(kind, number, body)
            self._trace(">", frame, frame.encode())

    def _write_run(
        self, kinds: Iterable[Kind], number: int, bodies: Sequence[bytes]
    ) -> None:
        """Write messages that are kept, numbered from `number` on.

        What is owed goes first: it is not to wait behind a thousand of them.
        """
        self._pay()
        if self._trace is silent:
            self.output += b"".join(map(encode, kinds, count(number), bodies))
        else:
            for kind, each, body in zip(kinds, count(number), bodies, strict=False):
                self._send(kind, each, body)

    def _say_bye(self, bye: Bye) -> None:
        self._pay()  # only ACKs may follow
        self._send(Kind.BYE, self.sent, bye.encode())
        self._enter(State.CLOSING)

    def _fail(self, error: RemoteProtocolError) -> Failed:
        """Tell the peer what it did, unless our BYE has been said, and stop listening."""
        self._trace("!", error, b"")
        if not self._said_bye:
            reason = _REASONS.get(type(error), Reason.PROTOCOL)
            self._say_bye(Bye(reason, str(error)))
        self.waiting.clear()  # nothing is looked at any more
        self.unfinished.clear()
        self._enter(State.FAILED)
        return Failed(error)

    def _demand(self, possible: bool) -> None:
        """Refuse a call that makes no sense now; raises LocalProtocolError."""
        if not possible:
            raise LocalProtocolError(f"not possible in state {self.state.value}")

    def _brought(self) -> str:
        """Return what the reader holds, for the log: ": 2 frames, header 3 of 8"."""
        contents = self._reader.contents
        return f": {contents}" if contents else ""


def _unknown(seen: int, sent: int) -> str:
    return f"HELLO has seen {seen} messages, {sent} were sent"


# What a BYE says of errors that have a reason of their own.
_REASONS: dict[type[RemoteProtocolError], Reason] = {
    VersionError: Reason.VERSION,
    UnknownSessionError: Reason.UNKNOWN_SESSION,
}

# What the first frame on a connection may be, for who greets first and who does not.
_FIRST = {True: (Kind.HELLO, Kind.BYE), False: (Kind.HELLO,)}

_Rule = Callable[[Session, Kind, int, bytes], Event | None]

_TALK: dict[Kind, _Rule] = {
    Kind.TEXT: Session._receive_text,
    Kind.GAME: Session._receive_text,
    Kind.ACK: Session._receive_ack,
    Kind.BYE: Session._receive_bye,
    Kind.PING: Session._receive_ping,
    Kind.PONG: Session._receive_pong,
}

# Which frame is welcome in which state, and what handles it.
_WELCOME: dict[State, dict[Kind, _Rule]] = {
    State.GREETING: {
        Kind.HELLO: Session._receive_hello,
        Kind.BYE: Session._receive_bye,
    },
    State.REFUSED: {Kind.BYE: Session._receive_bye},
    State.OPEN: _TALK,
    State.CLOSING: _TALK,
    State.CLOSED: {Kind.ACK: Session._receive_ack},
}

# The same with nothing left open: every other frame is an error of the peer's.
_RULES: dict[State, dict[Kind, _Rule]] = {
    state: {
        kind: _WELCOME.get(state, {}).get(kind, Session._receive_unwelcome) for kind in Kind
    }
    for state in State
}
