"""Two chats that talk with each other, without a terminal.

Real connections over loopback, a real loop, and terminals that record their calls.
"""

import socket
from collections import deque
from collections.abc import Callable

from chatlib.chat import Chat
from chatlib.connection import (
    ACK_SECONDS,
    Connection,
    Owner,
)
from chatlib.loop import Loop
from chatlib.protocol.events import Event, Greeted, Opened
from chatlib.protocol.frames import Mode
from chatlib.protocol.link import Link
from chatlib.protocol.session import Session
from chatlib.recovery import Recovery
from chatlib.terminal.terminal import Terminal
from harness import wire
from tests.helpers import (
    SESSION_ID,
    Clock,
    make_client,
    make_server,
    patience,
    socket_pair,
    until,
)

HINTS = ["show Type /q to quit", "show Enter message to send..."]


SEARCH_SECONDS = 60.0
"""How long a chat of these tests searches for a peer, where it does."""


class Notes(Terminal):
    """A terminal that records its calls."""

    def __init__(self, *, interactive: bool, edits: bool = False) -> None:
        self.interactive = interactive
        self.edits = edits
        self.closed_by_person = False
        self.accepting = False
        self.asking = False
        self.status = ""
        self.question = ""
        self.written: list[str] = []

    @property
    def hung_up(self) -> bool:
        """Whether the test has closed it."""
        return self.closed_by_person

    def start(
        self, typed: Callable[[deque[str]], None], input_ended: Callable[[], None]
    ) -> None:
        """Do nothing: the test calls the chat itself."""

    def refresh(
        self, asking: bool, accepting: bool, describe: Callable[[], tuple[str, ...]]
    ) -> None:
        """Record a prompt where none stands yet, and the status."""
        if asking and not self.asking:
            self.written.append("ask")
        self.asking = asking or self.asking
        self.accepting = accepting or self.interactive
        self.show_status(describe)

    def show(self, text: str) -> None:
        """Record it."""
        self.written.append(f"show {text}")

    def show_messages(self, speaker: str, texts: list[str]) -> None:
        """Record each message as the plain terminal shows it."""
        for text in texts:
            self.show(f"{speaker}: {text}" if speaker else text)

    def refuse(self, reason: str, text: str) -> None:
        """Record it."""
        self.written.append(f"refuse {reason}: {text}")

    def ask(self, prompt: str) -> None:
        """Record it."""
        self.question = prompt

    def show_status(self, describe: Callable[[], tuple[str, ...]]) -> None:
        """Record the last one."""
        self.status = " | ".join(describe())

    def notify(self, text: str) -> None:
        """Record it."""
        self.written.append(f"notify {text}")

    def return_text(self, text: str) -> None:
        """Record it."""
        self.written.append(f"return {text}")

    def show_own(self, text: str) -> None:
        """Record it."""
        self.written.append(f"echo {text}")

    def show_pending(self, text: str, why: str) -> None:
        """Record it as the plain terminal shows it."""
        self.notify(f"Kept for later, because {why}: {text}")

    def remove_prompt(self) -> None:
        """Record that no prompt stands."""
        self.asking = False

    def begin_line(self) -> None:
        """Record it."""
        self.written.append("begin line")

    def news(self) -> list[str]:
        """Return what was recorded since the last time."""
        news, self.written = self.written, []
        return news


class Greeter(Owner):
    """The owner of a connection until both have said HELLO, as in the two programs."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def handle(self, connection: Connection, event: Event) -> None:
        """Begin the talk, or go on with it."""
        if isinstance(event, Greeted) and self._chat.peer.expects(event):
            self._chat.resume(connection)
        elif isinstance(event, Greeted):
            connection.welcome()
            self._chat.begin(connection, "Connected")
        elif isinstance(event, Opened) and self._chat.is_searching:
            self._chat.resumed(connection)
        elif isinstance(event, Opened):
            self._chat.begin(connection, "Connected")


class Person:
    """One side: a chat, its terminal, its recovery, its connection, and how it ended."""

    def __init__(
        self,
        loop: Loop,
        *,
        interactive: bool = True,
        search: float = 0,
        edits: bool = False,
    ) -> None:
        self.notes = Notes(interactive=interactive, edits=edits)
        self.ends: list[tuple[int, bool]] = []
        self.recovery = Recovery(loop, search, "trying again")
        self.chat = Chat(
            self.notes,
            lambda code, by_us: self.ends.append((code, by_us)),
            self.recovery,
        )
        self.connection: Connection
        self._loop = loop

    def connect(self, sock: socket.socket, link: Link) -> None:
        """Connect the person by this socket; a link that greets first sends its HELLO."""
        self.connection = Connection(
            self._loop,
            sock,
            "there",
            link,
            Greeter(self.chat),
        )
        self.connection.flush()

    @property
    def session(self) -> Session:
        """The talk."""
        return self.connection.link.session

    def types(self, *lines: str) -> None:
        """Type lines, one after the other."""
        for line in lines:
            self.notes.asking = False
            assert self.pastes(line) == 1

    def pastes(self, *lines: str) -> int:
        """Pass many lines at once, as from a pipe; return how many were taken."""
        waiting = deque(lines)
        self.chat.typed(waiting)
        taken = len(lines) - len(waiting)
        assert [*waiting] == [*lines[taken:]]
        return taken

    def shown(self) -> list[str]:
        """Return the messages of the peer that were shown since the last time."""
        lead = ("show client: ", "show server: ")
        return [line[13:] for line in self.notes.news() if line.startswith(lead)]


class Talk:
    """A server's and a client's person, connected; `name` is the client's."""

    def __init__(
        self,
        loop: Loop,
        *,
        interactive: bool = True,
        mode: Mode = Mode.TURNS,
        name: str = "client",
        search: float = 0,
        edits: bool = False,
    ) -> None:
        self.loop = loop
        self.client = Person(loop, interactive=interactive, search=search, edits=edits)
        self.server = Person(loop, interactive=interactive, search=search, edits=edits)
        self._mode = mode
        self.people = (self.client, self.server)
        for person in self.people:
            person.chat.start()
        self._connect(make_client(name=name))
        self.until(lambda: self.client.notes.asking or not interactive)
        self.until(lambda: self.client.session.has_turn())

    def _connect(self, link: Link) -> None:
        """Connect the two: the client with this link, the server as with a stranger."""
        near, far = socket_pair()
        self.server.connect(far, make_server(mode=self._mode))
        self.client.connect(near, link)

    def cut(self) -> None:
        """Break the connection on both sides."""
        for person in self.people:
            person.connection._socket.shutdown(2)
        self.until(lambda: all(person.chat.is_searching for person in self.people))

    def mend_in_silence(self) -> None:
        """Connect the two again, whatever is shown of that."""
        self._connect(make_client(session=self.client.session))
        self.until(lambda: not any(person.chat.is_searching for person in self.people))

    def mend(self) -> None:
        """Connect the two again, as a redialer does."""
        self._connect(make_client(session=self.client.session))
        again = "notify Connected with the {} again.".format
        self.until(lambda: again("client") in self.server.notes.written)
        self.until(lambda: again("server") in self.client.notes.written)

    def until(self, condition: Callable[[], object]) -> None:
        """Turn the loop until the condition holds; let the time of each ACK pass."""
        clock = self.loop.now

        def is_met() -> object:
            wait = patience(self.loop)
            if isinstance(clock, Clock) and wait is not None and wait <= ACK_SECONDS:
                clock.now += wait
            return condition()

        until(self.loop, is_met)

    def until_over(self) -> None:
        """Turn the loop until both sides have ended."""
        self.until(lambda: all(person.ends for person in self.people))


def meet(loop: Loop, person: Person) -> socket.socket:
    """Let a person talk freely with a bare socket, a server; return that socket."""
    near, far = socket_pair()
    person.connect(near, make_client())
    far.sendall(wire.hello("server", wire.FREE, SESSION_ID))
    until(loop, lambda: not person.chat.is_free)
    return far


def fail_to_show(person: Person) -> None:
    """Let the person's screen fail at the next message."""

    def fail(text: str) -> None:
        raise RuntimeError("no screen")

    person.notes.show = fail  # type: ignore[method-assign]


def start_game(talk: Talk, name: str = "tictactoe") -> None:
    """Let the client offer a game that the server accepts; the client begins."""
    received = talk.server.session.received, talk.client.session.received
    talk.client.types(f"/play {name}")
    talk.until(lambda: talk.server.session.received > received[0])
    talk.server.types("/play")
    talk.until(lambda: talk.client.session.received > received[1])


def edited(clock: Clock, mode: Mode = Mode.TURNS, search: float = 0) -> Talk:
    """Return two people at edited terminals."""
    return Talk(Loop(clock), edits=True, mode=mode, search=search)
