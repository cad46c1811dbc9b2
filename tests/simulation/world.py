"""Both ends of a talk and the network between them: no socket, no clock, no chance.

Every step is a method, and the same calls always have the same outcome. The two ends do
what the real programs do with their sessions and links, and no more: show and acknowledge
messages, let the client back in that belongs to the talk, leave when asked.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from chatlib.channel import Channel, Clear
from chatlib.errors import RemoteProtocolError
from chatlib.protocol.events import Event, Failed, Greeted, Left, Played, Said
from chatlib.protocol.frames import Hello, Mode, Reason
from chatlib.protocol.link import Link, State
from chatlib.protocol.session import Session

SESSION_ID = bytes(range(16))

ROUNDS_LIMIT = 10_000
"""Rounds after which a talk that does not come to rest never will."""


class Verdict(NamedTuple):
    """What became of the messages that one end has sent: all must be 0."""

    lost: int = 0
    doubled: int = 0
    unexpected: int = 0
    reordered: int = 0


def judge(said: list[str], shown: list[str]) -> Verdict:
    """Compare the messages that one end has shown with those that the other has sent."""
    wanted, got = Counter(said), Counter(shown)
    doubled = sum(count - wanted[text] for text, count in got.items() if wanted[text])
    first = list(dict.fromkeys(text for text in shown if text in wanted))
    return Verdict(
        lost=(wanted - got).total(),
        doubled=sum((got - wanted)[text] for text in wanted) if doubled > 0 else 0,
        unexpected=sum(count for text, count in got.items() if text not in wanted),
        reordered=int(first != [text for text in dict.fromkeys(said) if text in got]),
    )


def ignore(words: str) -> None:
    """Play no games."""


@dataclass
class End:
    """One program: its talk, the link of its connection, and its person.

    The session is the same for the whole talk; with every new connection the link is
    another one. `watch` is called with the words of the other end about a game.

    `burst` and `stepwise` are habits: how many of the lines that wait are said in one
    call, as from a pipe, and whether the messages of a run are acknowledged one by one,
    as by a slow screen. They may change at any time, and the other end must not notice.
    """

    link: Link
    session: Session
    said: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    waiting: deque[str] = field(default_factory=deque)  # lines to be said when possible
    leaving: bool = False  # its person has typed /q
    left: bool = False  # the other end has said goodbye
    told: list[str] = field(default_factory=list)  # about games
    watched: list[str] = field(default_factory=list)  # what the other end told
    watch: Callable[[str], None] = ignore
    error: RemoteProtocolError | None = None
    burst: int = 0
    stepwise: bool = False
    poured: int = 0  # messages that were said in one call with others
    joined: int = 0  # messages that were reported behind another in one event

    def act(self) -> None:
        """Send what can be sent; after all of it, leave if the person wants to."""
        self._pour()
        while self.waiting and self.session.has_turn():
            text = self.waiting.popleft()
            assert self.link.say([text]) == 1
            self.said.append(text)
        if self.leaving and self.session.can_talk and not self.waiting:
            self.link.leave(Reason.QUIT, "")

    def _pour(self) -> None:
        """Send some of the lines that wait in one call, as far as that is possible."""
        if not (self.burst and self.waiting and self.session.has_turn()):
            return
        count = self.link.say(islice(self.waiting, self.burst))
        self.said += [self.waiting.popleft() for _ in range(count)]
        self.poured += count if count > 1 else 0

    def tell(self, words: str) -> None:
        """Send words about a game."""
        self.told.append(words)
        self.link.play(words)

    def handle(self, event: Event) -> None:
        """Do what a chat does with an event."""
        match event:
            case Said(number, texts):
                self._show(number, texts)
            case Played(number, words):
                self.watched.append(words)
                self.watch(words)
                self.link.shown(number)
            case Left():
                self.left = True
            case Failed(error):
                self.error = error

    def _show(self, number: int, texts: list[str]) -> None:
        """Show a run of messages and acknowledge it, at once or one by one."""
        self.shown += texts
        self.joined += len(texts) - 1
        first = number - len(texts) + 1
        for each in range(first if self.stepwise else number, number + 1):
            self.link.shown(each)

    @property
    def done(self) -> bool:
        """Whether all is said, shown and acknowledged on this end, the goodbyes too."""
        closed = self.link.state in (State.CLOSED, State.LOST)
        return closed and self.left and not self.session.kept


class Pipe:
    """The bytes on their way to one end; `left` is how many get through before a cut.

    The byte at `spoiled` arrives with one bit turned over.
    """

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.carried = 0
        self.left: int | None = None
        self.spoiled: int | None = None

    def take(self, count: int) -> bytes:
        """Remove and return so many bytes, or as many as there are and may get through."""
        if self.left is not None:
            count = min(count, self.left)
        if self.spoiled is not None and 0 <= self.spoiled - self.carried < count:
            at = self.spoiled - self.carried
            if at < len(self.bytes):
                self.bytes[at] ^= 1
                self.spoiled = None
        piece = bytes(self.bytes[:count])
        del self.bytes[:count]
        self.carried += len(piece)
        if self.left is not None:
            self.left -= len(piece)
        return piece


Channels = Callable[[], tuple[Channel, Channel]]
"""Makes the channels of a new connection: the client's and the server's."""


def in_clear() -> tuple[Channel, Channel]:
    """Return the channels of two programs without a ticket."""
    return Clear(), Clear()


def written(link: Link, channel: Channel) -> bytes:
    """Return what an end writes now: its channel's own words, and its link's sealed."""
    own = channel.take() if channel.waiting else b""
    data = link.data_to_send() if channel.established else b""
    return own + channel.seal(data) if data else own


def read(link: Link, channel: Channel, piece: bytes, now: float) -> None:
    """Let an end read a piece, as a connection does."""
    if plain := channel.receive(piece):
        link.receive_data(plain, now)
    if channel.error:
        link.receive_eof()


class World:
    """A client, a server, and at most one connection that both believe in.

    `channels` makes what the bytes of each connection go through.
    """

    def __init__(self, mode: Mode = Mode.TURNS, channels: Channels = in_clear) -> None:
        self.now = 0.0
        self.mode = mode
        self._make_channels = channels
        self._channels = channels()
        talk = Session(Hello(SESSION_ID, Mode.ANY, "client"), talks_first=True)
        self.client = End(Link(talk, greets_first=True), talk)
        stranger = self._accept()
        self.server = End(stranger, stranger.session)
        self.up, self.down = Pipe(), Pipe()  # client to server, and back
        self.connected = True
        self.carried = {"up": 0, "down": 0}  # on connections that are over
        self._caller = stranger  # the link that reads what comes up: a stranger's at first
        self._met = False

    def _accept(self) -> Link:
        """Return the link of a client that has not said HELLO."""
        session = Session(Hello(b"", self.mode, "server"), talks_first=False)
        return Link(session, greets_first=False)

    # What can happen.

    def move(self, way: str, count: int = 1 << 20) -> int:
        """Deliver up to `count` bytes one way; return how many there were."""
        pipe = self.up if way == "up" else self.down
        self._write()
        piece = pipe.take(count) if self.connected else b""
        if piece:
            link = self._caller if way == "up" else self.client.link
            read(link, self._channels[way == "up"], piece, self.now)
            self._handle_events()
        return len(piece)

    def cut(self, *, reset: bool = False, half: bool = False) -> None:
        """Break the connection. By a reset, the bytes that are on their way are lost.

        Otherwise both ends read what was sent before they read the end. With `half` only
        the client is told: the server believes in the connection until another comes.
        """
        if not self.connected:
            return
        if not reset:
            for way, pipe in (("up", self.up), ("down", self.down)):
                if pipe.left is None:
                    self.move(way)
        self.connected = False
        self.client.link.receive_eof()
        self._handle_events()
        if not half:
            self._caller.receive_eof()
            self._handle_events()

    def reconnect(self) -> None:
        """Let the client call again, if it has lost its connection and is not done."""
        if self.connected or self.client.link.state is not State.LOST:
            return
        self.carried["up"] += self.up.carried
        self.carried["down"] += self.down.carried
        self.up, self.down = Pipe(), Pipe()
        self._channels = self._make_channels()
        self.connected = True
        self.client.link = Link(self.client.session, greets_first=True)
        self._caller = self._accept()

    def pass_time(self, seconds: float) -> None:
        """Let time go by on both ends."""
        self.now += seconds
        self.client.link.pass_time(self.now)
        self._caller.pass_time(self.now)
        self._handle_events()
        self._write()
        if State.LOST in (self.client.link.state, self._caller.state):
            self.cut(reset=True)  # an end that gives up closes its socket

    def run(self, size: int = 1 << 20) -> None:
        """Deliver `size` bytes each way in turn until nothing is left to do.

        A pipe that may carry no more is a cut: it happens as soon as a byte is held back.
        """
        for _ in range(ROUNDS_LIMIT):
            moved = self.move("up", size) + self.move("down", size)
            if not moved and not self._write():
                return
            if self.is_blocked:
                return
        raise AssertionError("the talk does not come to rest")

    @property
    def is_blocked(self) -> bool:
        """Whether a byte is held back by a cut that was ordered."""
        return any(pipe.left == 0 and pipe.bytes for pipe in (self.up, self.down))

    @property
    def ends(self) -> tuple[End, End]:
        """The client and the server."""
        return self.client, self.server

    @property
    def verdicts(self) -> tuple[Verdict, Verdict]:
        """What became of the client's messages, and of the server's."""
        client, server = self.client, self.server
        return judge(client.said, server.shown), judge(server.said, client.shown)

    # How it is done.

    def _write(self) -> bool:
        """Let both ends act and write; return whether any bytes are on their way."""
        for end in self.ends:
            end.act()
        if not self.connected:
            return False  # what lay in the pipes when they broke will never arrive
        self.up.bytes += written(self.client.link, self._channels[0])
        self.down.bytes += written(self._caller, self._channels[1])
        return bool(self.up.bytes or self.down.bytes)

    def _handle_events(self) -> None:
        """Handle what has happened on both ends."""
        while event := self.client.link.next_event():
            self.client.handle(event)
        while event := self._caller.next_event():
            if isinstance(event, Greeted):
                self._answer(self._caller, event)
            elif self._caller is self.server.link:
                self.server.handle(event)

    def _answer(self, stranger: Link, greeting: Greeted) -> None:
        """Answer a HELLO as the listener does."""
        if not self._met:
            self._met = True
            self.server.session = stranger.session
            stranger.welcome()
        elif self.server.session.expects(greeting.hello, greeting.seen):
            stranger.welcome(self.server.session)
        else:
            known = self.server.session.knows(greeting.hello)
            stranger.refuse(Reason.UNKNOWN_SESSION if known else Reason.BUSY, "")
            return
        self.server.link = stranger


__all__ = ["End", "Pipe", "Verdict", "World", "judge"]
