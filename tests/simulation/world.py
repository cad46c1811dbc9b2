"""Both ends of a talk and the network between them: no socket, no clock, no chance.

What happens is decided by who calls: every step is a method, and with the same calls
the same comes out. The two ends do what the real programs do with their sessions, and
no more: show and acknowledge, let the one back in whose HELLO it is, leave when asked.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from chatlib.errors import RemoteProtocolError
from chatlib.protocol.session import (
    Event,
    Failed,
    Greeted,
    Hello,
    Left,
    Lost,
    Mode,
    Played,
    Reason,
    Said,
    Session,
    State,
)

SESSION_ID = bytes(range(16))

ROUNDS_LIMIT = 10_000
"""Rounds after which a talk that does not come to rest never will."""


class Verdict(NamedTuple):
    """What became of the messages that one end has said: all must be 0."""

    lost: int = 0
    doubled: int = 0
    unexpected: int = 0
    reordered: int = 0


def judge(said: list[str], shown: list[str]) -> Verdict:
    """Hold what one end has shown against what the other has said."""
    wanted, got = Counter(said), Counter(shown)
    doubled = sum(count - wanted[text] for text, count in got.items() if wanted[text])
    first = list(dict.fromkeys(text for text in shown if text in wanted))
    return Verdict(
        lost=(wanted - got).total(),
        doubled=sum((got - wanted)[text] for text in wanted) if doubled > 0 else 0,
        unexpected=sum(count for text, count in got.items() if text not in wanted),
        reordered=int(first != [text for text in dict.fromkeys(said) if text in got]),
    )


def look_away(words: str) -> None:
    """Play no games."""


@dataclass
class End:
    """One program: its session, what its person said, saw and heard of the end.

    `watch` is called with what the other end tells about a game. `pours` and `sweeps`
    are its habits: how many of the lines that wait it says as one run, as from a pipe,
    and whether it takes the messages that came together as one. They may change at any
    time, and nobody is to notice.
    """

    session: Session
    said: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    waiting: deque[str] = field(default_factory=deque)  # to be said when it is time
    leaving: bool = False  # its person has said /q
    left: bool = False  # the other end has said goodbye
    told: list[str] = field(default_factory=list)  # about games
    watched: list[str] = field(default_factory=list)
    watch: Callable[[str], None] = look_away
    error: RemoteProtocolError | None = None
    pours: int = 0
    sweeps: bool = False
    poured: int = 0  # messages said in one run with others
    swept: int = 0  # messages taken behind another

    def act(self) -> None:
        """Say what can be said; when all is said, leave if the person wants to."""
        self._pour()
        while self.waiting and self.session.has_turn():
            text = self.waiting.popleft()
            self.session.say(text)
            self.said.append(text)
        if self.leaving and self.session.can_talk and not self.waiting:
            self.session.leave(Reason.QUIT, "")

    def _pour(self) -> None:
        """Say some of what waits as one run, as far as that is possible."""
        count = self.session.say_all(islice(self.waiting, self.pours))
        self.said += [self.waiting.popleft() for _ in range(count)]
        self.poured += count if count > 1 else 0

    def tell(self, words: str) -> None:
        """Tell the other end about a game."""
        self.told.append(words)
        self.session.play(words)

    def handle(self, event: Event) -> None:
        """Do what a chat does with an event."""
        match event:
            case Said(_, text):
                others = self.session.next_texts() if self.sweeps else []
                self.shown += [text, *others]
                self.swept += len(others)
                self.session.shown(self.session.received)
            case Played(number, words):
                self.watched.append(words)
                self.watch(words)
                self.session.shown(number)
            case Left():
                self.left = True
            case Failed(error):
                self.error = error

    @property
    def done(self) -> bool:
        """Whether all is said, shown and confirmed on this end, the goodbyes too."""
        closed = self.session.state in (State.CLOSED, State.LOST)
        return closed and self.left and not self.session.unconfirmed


class Pipe:
    """What travels one way; `left` bytes still go through before the cut, if any."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.carried = 0
        self.left: int | None = None

    def take(self, count: int) -> bytes:
        """Deliver so many bytes, or as many as there are and may go through."""
        if self.left is not None:
            count = min(count, self.left)
        piece = bytes(self.bytes[:count])
        del self.bytes[:count]
        self.carried += len(piece)
        if self.left is not None:
            self.left -= len(piece)
        return piece


class World:
    """A client, a server, and at most one connection that both believe in."""

    def __init__(self, mode: Mode = Mode.TURNS) -> None:
        self.now = 0.0
        self.mode = mode
        hello = Hello(SESSION_ID, Mode.ANY, "client")
        self.client = End(Session(greets_first=True, talks_first=True, hello=hello))
        self.server = End(self._stranger())
        self.up, self.down = Pipe(), Pipe()  # client to server, and back
        self.connected = True
        self.carried = {"up": 0, "down": 0}  # on connections that are over
        self._caller = self.server.session  # who reads what comes up: a stranger at first
        self._met = False

    def _stranger(self) -> Session:
        hello = Hello(b"", self.mode, "server")
        return Session(greets_first=False, talks_first=False, hello=hello)

    # What can happen.

    def move(self, way: str, count: int = 1 << 20) -> int:
        """Deliver up to `count` bytes one way; returns how many there were."""
        pipe = self.up if way == "up" else self.down
        self._write()
        piece = pipe.take(count) if self.connected else b""
        if piece:
            session = self._caller if way == "up" else self.client.session
            session.receive_data(piece, self.now)
            self._settle()
        return len(piece)

    def cut(self, *, reset: bool = False, half: bool = False) -> None:
        """Break the connection: by a reset, what is under way is lost at once.

        Otherwise both ends read what was sent before they read the end; `half` tells
        only the client: the server believes in the connection until another comes.
        """
        if not self.connected:
            return
        if not reset:
            for way, pipe in (("up", self.up), ("down", self.down)):
                if pipe.left is None:
                    self.move(way)
        self.connected = False
        self.client.session.receive_eof()
        self._settle()
        if not half:
            self._caller.receive_eof()
            self._settle()

    def reconnect(self) -> None:
        """The client calls again, if it has lost its connection and is not done."""
        if self.connected or self.client.session.state is not State.LOST:
            return
        self.carried["up"] += self.up.carried
        self.carried["down"] += self.down.carried
        self.up, self.down = Pipe(), Pipe()
        self.connected = True
        self.client.session.resume()
        self._caller = self._stranger()

    def pass_time(self, seconds: float) -> None:
        """Let time go by on both ends."""
        self.now += seconds
        self.client.session.pass_time(self.now)
        self._caller.pass_time(self.now)
        self._settle()
        self._write()
        if State.LOST in (self.client.session.state, self._caller.state):
            self.cut(reset=True)  # who gives up closes

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
        """Let both ends act and write; returns whether anything is under way."""
        for end in (self.client, self.server):
            end.act()
        if not self.connected:
            return False  # what lay in the pipes when it broke will never arrive
        self.up.bytes += self.client.session.data_to_send()
        self.down.bytes += self._caller.data_to_send()
        return bool(self.up.bytes or self.down.bytes)

    def _settle(self) -> None:
        """Handle what has happened on both ends."""
        for event in self.client.session.events():
            self.client.handle(event)
        while news := self._caller.next_event():
            if isinstance(news, Greeted):
                self._seat()
            elif self._caller is self.server.session:
                self.server.handle(news)

    def _seat(self) -> None:
        """Do what the listener does with who has said HELLO."""
        stranger = self._caller
        if not self._met:
            self._met = True
            self.server.session = stranger
        elif self.server.session.is_awaited(stranger):
            self.server.session.take_over(stranger)
            self._caller = self.server.session
        else:
            stranger.refuse(Reason.BUSY, "")
            return
        self._caller.welcome()


__all__ = ["End", "Lost", "Pipe", "Verdict", "World", "judge"]
