"""What a typed line does and what an arriving message does, without a terminal.

Two chats, real connections over loopback, a real loop, and terminals that record their
calls: everything that both programs share.
"""

import signal
import socket
from collections import deque
from collections.abc import Callable

import pytest

from chatlib.chat import _COMMANDS, DRAFTS_LIMIT, STOP_SECONDS, Chat, Host
from chatlib.commands import HELP, NAMES
from chatlib.connection import (
    ACK_SECONDS,
    CLOSING_SECONDS,
    GOODBYE_SECONDS,
    Connection,
    Owner,
)
from chatlib.ending import LISTED
from chatlib.errors import ScreenClosedError
from chatlib.loop import Loop
from chatlib.protocol.events import Event, Greeted, Opened, Said
from chatlib.protocol.frames import TEXT_LIMIT, Hello, Mode, Reason
from chatlib.protocol.link import Link, State
from chatlib.protocol.session import GAMES_WINDOW, WINDOW, Session
from chatlib.recovery import Recovery
from chatlib.terminal.terminal import Terminal
from harness import wire
from tests.helpers import (
    SESSION_ID,
    Clock,
    events_of,
    make_client,
    make_server,
    move,
    patience,
    remember,
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
        if isinstance(event, Greeted) and self._chat.expects(event):
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


@pytest.fixture
def talk(loop: Loop) -> Talk:
    """Return two people who take turns and have just been connected."""
    talk = Talk(loop)
    assert talk.client.notes.news() == ["show Connected", *HINTS, "ask"]
    assert talk.server.notes.news() == ["show Connected", "show Waiting for message..."]
    return talk


@pytest.fixture
def free(loop: Loop) -> Talk:
    """Return two people who talk freely and have just been connected."""
    talk = Talk(loop, mode=Mode.FREE)
    talk.until(lambda: talk.server.session.has_turn())
    return talk


@pytest.fixture
def pipes(loop: Loop) -> Talk:
    """Return two pipes that talk freely."""
    talk = Talk(loop, interactive=False, mode=Mode.FREE)
    talk.until(lambda: talk.server.session.has_turn())
    return talk


# Messages.


def test_a_line_appears_on_the_other_side_and_the_turn_passes(talk: Talk) -> None:
    """The hints come once on each side, before its first prompt."""
    talk.client.types("Hello")
    talk.until(lambda: talk.server.notes.asking)
    assert talk.server.notes.news() == ["show Hello", *HINTS, "ask"]
    talk.server.types("Hi")
    talk.until(lambda: talk.client.notes.asking)
    assert talk.client.notes.news() == ["show Hi", "ask"]
    talk.client.types("Bye")
    talk.until(lambda: talk.server.notes.asking)
    assert talk.server.notes.news() == ["show Bye", "ask"]


def fail_to_show(person: Person) -> None:
    """Let the person's screen fail at the next message."""

    def fail(text: str) -> None:
        raise RuntimeError("no screen")

    person.notes.show = fail  # type: ignore[method-assign]


def test_a_message_is_acknowledged_after_it_was_shown(talk: Talk) -> None:
    """A message that could not be shown is not acknowledged."""
    fail_to_show(talk.server)
    talk.client.types("Hello")
    with pytest.raises(RuntimeError):
        talk.until(lambda: False)
    assert talk.server.session.received == 1
    assert talk.server.session.shown == 0


@pytest.mark.parametrize(
    ("line", "arrives"),
    [
        ("type /q to quit", "type /q to quit"),
        (" /q", " /q"),
        ("//q", "/q"),
        ("/say /q", "/q"),
        ("/say  two spaces", " two spaces"),
        ("//", "/"),
        ("  ", "  "),
    ],
)
def test_a_line_that_is_no_command_is_sent_as_it_was_typed(
    talk: Talk, line: str, arrives: str
) -> None:
    """A command begins the line; `/say` and `//` send what looks like one."""
    talk.client.types(line)
    talk.until(lambda: talk.server.notes.asking)
    assert f"show {arrives}" in talk.server.notes.news()


@pytest.mark.parametrize("line", ["", "/say", "/say "])
def test_an_empty_line_sends_nothing_and_asks_again(talk: Talk, line: str) -> None:
    """It is still our turn."""
    talk.client.types(line)
    hint = ["notify Not sent, /say needs a text: /say TEXT"] if line else []
    assert talk.client.notes.news() == [*hint, "ask"]
    assert talk.client.session.sent == 0


def test_a_message_over_the_limit_is_given_back(talk: Talk) -> None:
    """Nothing was sent, and it is still our turn."""
    text = "ü" * 16385
    talk.client.types(text)
    assert talk.client.notes.news() == [
        f"refuse Not sent, the message is 32770 bytes long, the limit is 32768: {text}",
        "ask",
    ]
    assert talk.client.session.has_turn()


def test_a_pipe_with_a_line_over_the_limit_ends_with_1(pipes: Talk) -> None:
    """A person could mend it; a script sees only the exit code."""
    pipes.client.types("x" * 32769, "/q")
    pipes.until_over()
    assert [person.ends for person in pipes.people] == [[(1, True)], [(0, False)]]


def test_a_pipe_is_read_only_when_it_is_its_turn(loop: Loop) -> None:
    """A line that is not read yet stays in the kernel and is not lost."""
    talk = Talk(loop, interactive=False)
    assert talk.client.notes.accepting
    assert not talk.server.notes.accepting
    talk.client.types("Hello")
    assert not talk.client.notes.accepting
    talk.until(lambda: talk.server.notes.accepting)


def test_in_free_talk_both_are_asked_at_once_and_names_stand_before_texts(
    free: Talk,
) -> None:
    """There is no turn to wait for."""
    for person in free.people:
        assert person.notes.news() == ["show Connected", *HINTS, "ask"]
    free.server.types("one", "two")
    free.until(lambda: "show server: two" in free.client.notes.written)
    free.client.types("uno")
    free.until(lambda: "show client: uno" in free.server.notes.written)
    assert free.client.shown() == ["one", "two"]


def test_a_peer_without_a_name_has_a_name_all_the_same(loop: Loop) -> None:
    """Where names stand before texts, a line without one could pass for a banner."""
    talk = Talk(loop, mode=Mode.FREE, name="")
    talk.client.types("Hello")
    talk.until(lambda: "show the other side: Hello" in talk.server.notes.written)


# Drafts: lines that were typed before they could be sent.


def test_a_draft_over_the_limit_is_given_back_when_its_turn_comes(talk: Talk) -> None:
    """The next draft is sent in its place."""
    text = "x" * 32769
    talk.server.types(text, "short")
    talk.server.notes.news()
    talk.client.types("Hello")
    talk.until(lambda: talk.client.notes.asking)
    assert talk.server.notes.news() == [
        "show Hello",
        *HINTS,
        f"echo {text}",
        f"refuse Not sent, the message is 32769 bytes long, the limit is 32768: {text}",
        "echo short",
    ]
    assert talk.client.notes.news() == ["show short", "ask"]


def test_a_draft_that_cannot_be_sent_is_given_back_with_the_reason(loop: Loop) -> None:
    """Also when `/q` was typed after it: the goodbye is not the reason."""
    person, text = Person(loop), "x" * (TEXT_LIMIT + 1)
    near, far = socket_pair()
    person.connect(near, make_client())
    person.chat.set_connection(person.connection)
    person.types("early", text, "/q")
    person.notes.news()
    server = make_server(mode=Mode.FREE)
    server.receive_data(far.recv(65536))
    assert isinstance(server.next_event(), Greeted)
    server.welcome()
    far.sendall(server.data_to_send())
    until(loop, lambda: person.connection.link.state is State.CLOSING)
    refused = [note for note in person.notes.news() if note.startswith("refuse")]
    assert refused == [
        f"refuse Not sent, the message is 32769 bytes long, the limit is 32768: {text}"
    ]
    person.connection.close()
    far.close()


def test_in_turns_one_draft_is_sent_each_turn(talk: Talk) -> None:
    """In their order, each shown at the prompt when it is sent."""
    talk.server.types("one", "two")
    assert talk.server.notes.news() == [
        "notify Kept for later, because it is not your turn: one",
        "notify Kept for later, because it is not your turn: two",
    ]
    talk.client.types("Hello")
    talk.until(lambda: talk.client.notes.asking)
    assert talk.server.notes.news() == ["show Hello", *HINTS, "echo one"]
    talk.client.types("Go on")
    talk.until(lambda: talk.client.notes.asking)
    assert talk.server.notes.news() == ["show Go on", "echo two"]
    assert talk.client.notes.news() == ["show one", "ask", "show two", "ask"]


def test_in_free_talk_drafts_are_sent_one_after_the_other_each_echoed(loop: Loop) -> None:
    """Those of `/say` too: a slash in front does not make a draft a command."""
    client, server = Person(loop), Person(loop)
    client.types("one", "/say /q", "//help", "two")
    client.notes.news()
    near, far = socket_pair()
    server.connect(far, make_server(mode=Mode.FREE))
    client.connect(near, make_client())
    until(loop, lambda: server.session.received == 4)
    texts = ["one", "/q", "/help", "two"]
    assert client.notes.news() == [
        "show Connected",
        *HINTS,
        *(f"echo {text}" for text in texts),
        "ask",
    ]
    assert server.shown() == texts


def test_more_than_256_drafts_are_given_back(talk: Talk) -> None:
    """The keyboard is still read, so `/q` works."""
    for number in range(DRAFTS_LIMIT):
        talk.server.types(str(number))
    talk.server.notes.news()
    talk.server.types("one too many")
    assert talk.server.notes.news() == [
        f"refuse Not kept, {DRAFTS_LIMIT} lines wait already: one too many"
    ]
    assert talk.server.notes.accepting
    talk.server.types("/q")
    talk.until_over()
    assert talk.server.ends == [(0, True)]


def test_drafts_that_were_never_sent_are_listed_at_the_end(talk: Talk) -> None:
    """No line that was typed is lost in silence."""
    talk.server.types("too early")
    talk.client.types("/q")
    talk.until_over()
    assert talk.server.notes.news()[-1] == "notify Never sent: too early"


def test_no_line_overtakes_a_draft(talk: Talk) -> None:
    """Not even in the moment in which its turn has come."""
    talk.server.types("early")
    link = talk.server.connection.link
    link.receive_data(wire.text(1, "now you"))
    assert [type(event) for event in events_of(link)] == [Said]
    assert talk.server.session.has_turn()
    talk.server.types("late")
    assert talk.server.session.unacknowledged == {1: "early"}


# Many lines at once.

LEFT_OUT = {
    "a command": "/q",
    "a text with /say": "/say x",
    "a text with //": "//x",
    "an empty line": "",
    "a line over the limit": "x" * 32769,
    "a line that is no UTF-8": "\ud800",
}


@pytest.mark.parametrize("other", LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_run_of_lines_stops_before_one_that_is_no_message(
    pipes: Talk, other: str
) -> None:
    """The messages before it are sent together; it is one line of its own then."""
    assert pipes.client.pastes("one", "two", other, "three") == 2
    assert pipes.client.pastes(other, "three") == 1
    assert pipes.client.session.farewell or pipes.client.pastes("three") == 1
    pipes.until(lambda: not pipes.client.session.kept)
    shown = pipes.server.shown()
    assert shown[:2] == ["one", "two"]
    assert shown[2:] == {"/q": [], "/say x": ["x", "three"], "//x": ["/x", "three"]}.get(
        other, ["three"]
    )


def start_game(talk: Talk, name: str = "tictactoe") -> None:
    """Let the client offer a game that the server accepts; the client begins."""
    received = talk.server.session.received, talk.client.session.received
    talk.client.types(f"/play {name}")
    talk.until(lambda: talk.server.session.received > received[0])
    talk.server.types("/play")
    talk.until(lambda: talk.client.session.received > received[1])


def test_a_run_of_lines_stops_before_a_move_of_the_game_that_is_on(pipes: Talk) -> None:
    """After the game the same line is a message like any other."""
    start_game(pipes)
    assert pipes.client.pastes("hello", "a word", "5", "more") == 2
    assert pipes.client.pastes("5", "more") == 1
    assert pipes.client.pastes("more") == 1
    sent = pipes.client.session.unacknowledged
    assert [*sent.values()] == ["hello", "a word", "more"]
    pipes.client.types("/resign")
    assert pipes.client.pastes("5", "more") == 2


def test_in_turns_a_run_of_lines_is_one_line(talk: Talk) -> None:
    """The next one is kept until its turn comes."""
    assert talk.client.pastes("one", "two") == 1
    assert talk.client.pastes("two") == 1
    assert "notify Kept for later, because it is not your turn: two" in (
        talk.client.notes.news()
    )


def test_in_free_talk_a_pipe_is_read_until_the_window_is_full(pipes: Talk) -> None:
    """Then it waits for ACKs: a peer that does not read costs no memory."""
    for number in range(WINDOW):
        assert pipes.client.notes.accepting
        pipes.client.types(f"line {number}")
    assert not pipes.client.notes.accepting
    pipes.until(lambda: pipes.client.notes.accepting)
    pipes.client.chat.input_ended()
    pipes.until_over()
    assert pipes.client.ends == [(0, True)]
    assert pipes.server.shown() == [f"line {number}" for number in range(WINDOW)]


def test_a_run_of_lines_stops_when_the_window_is_full(pipes: Talk) -> None:
    """No line is taken that could only be kept; ACKs let the next ones through."""
    lines = [f"line {number}" for number in range(WINDOW + 10)]
    assert pipes.client.pastes(*lines) == WINDOW
    assert not pipes.client.notes.accepting
    pipes.until(lambda: pipes.client.notes.accepting)
    assert pipes.client.pastes(*lines[WINDOW:]) == 10
    pipes.client.chat.input_ended()
    pipes.until_over()
    assert pipes.server.shown() == lines
    assert pipes.client.notes.news()[-1].endswith(f"{WINDOW + 10} messages were delivered.")


def test_before_the_talk_and_after_a_goodbye_lines_are_taken_one_by_one(
    loop: Loop, pipes: Talk
) -> None:
    """Each is kept or given back, with its reason."""
    early = Person(loop, interactive=False)
    assert early.pastes("one", "two") == 1
    assert early.notes.news() == [
        "notify Kept for later, because there is nobody here yet: one"
    ]
    pipes.client.types("/q")
    assert pipes.client.pastes("one", "two") == 1
    assert pipes.client.notes.news()[-1] == "refuse Not sent, you have left: one"
    pipes.until_over()


def test_lines_that_were_sent_are_taken_off_before_anything_can_fail(
    free: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen that is closed at that moment gets no line sent twice."""

    def fail(*_: object) -> None:
        raise ScreenClosedError("closed")

    monkeypatch.setattr(free.server.notes, "refresh", fail)
    lines = deque(["one", "two"])
    with pytest.raises(ScreenClosedError):
        free.server.chat.typed(lines)
    assert not lines


def test_of_many_messages_none_is_acknowledged_before_all_are_shown(pipes: Talk) -> None:
    """When the screen fails at one of them, the peer sends all of them again."""
    fail_to_show(pipes.server)
    assert pipes.client.pastes("one", "two", "three") == 3
    with pytest.raises(RuntimeError):
        pipes.until(lambda: False)
    assert pipes.server.session.shown == 0


def test_many_messages_in_one_read_are_shown_in_order_and_acknowledged_once(
    loop: Loop,
) -> None:
    """The peer, a bare socket, reads a single ACK with the number of the last."""
    person = Person(loop)
    near, far = socket_pair()
    person.connect(near, make_server(mode=Mode.FREE))
    far.sendall(wire.hello())
    until(loop, lambda: not person.chat.is_free)
    assert wire.receive(far)[0] == wire.HELLO
    texts = [f"line {number}" for number in range(1, 301)]
    far.sendall(b"".join(wire.text(number, text) for number, text in enumerate(texts, 1)))
    until(loop, lambda: person.session.shown == len(texts))
    person.types("/q")
    assert wire.receive(far) == (wire.ACK, len(texts), b"")
    assert wire.receive(far)[0] == wire.BYE
    assert person.shown() == texts
    person.connection.close()
    far.close()


# Commands.


def test_there_is_a_function_for_each_command_and_no_other() -> None:
    """What can be completed can be done, and is in the help."""
    assert set(_COMMANDS) == NAMES


def test_an_unknown_command_is_explained_and_costs_no_turn(talk: Talk) -> None:
    """With the way to send it as text."""
    talk.client.types("/quit now")
    assert talk.client.notes.news() == [
        "notify There is no command /quit (see /help); //quit now sends it as text."
        " Did you mean /q?",
        "ask",
    ]


def test_help_lists_the_commands_and_costs_no_turn(talk: Talk) -> None:
    """Each line is a line of its own."""
    talk.client.types("/help")
    lines = [f"notify {line}" for line in HELP.split("\n")]
    assert talk.client.notes.news() == [*lines, "ask"]


def test_admit_does_what_the_server_has_set_and_nothing_on_a_client(talk: Talk) -> None:
    """It costs no turn."""
    done: list[bool] = []
    talk.server.chat.admit = lambda: done.append(True)
    talk.server.types("/admit")
    assert done == [True]
    assert talk.server.notes.news() == []
    talk.client.types("/admit")
    says = "notify Only the server can do that: it is the one that waits."
    assert talk.client.notes.news() == [says, "ask"]


# Games.


def test_a_game_is_offered_accepted_played_shown_and_given_up(talk: Talk) -> None:
    """Moves take no turn of the talk; `/move` and the move alone do the same."""
    start_game(talk)
    assert talk.client.notes.asking  # for a move, and it has the turn of the talk too
    talk.client.types("5")
    talk.until(lambda: talk.server.notes.asking)  # for a move: it has no turn
    talk.server.notes.news()
    talk.server.types("/move  1 ")
    talk.until(lambda: talk.client.session.received == 2)
    board = [line for line in talk.server.notes.news() if line.startswith("show")]
    talk.server.types("/board")
    assert talk.server.notes.news()[: len(board)] == board
    talk.server.types("/resign")
    talk.until(lambda: talk.client.session.received == 3)
    score = "Score in tictactoe: you 1, the server 0"
    assert f"show The server gives up. {score}. /play plays again." in (
        talk.client.notes.news()
    )
    assert talk.client.session.has_turn()


QUESTION = "Your word (the server does not see it)>"


def test_the_word_of_hangman_is_asked_for_and_is_no_talk(free: Talk) -> None:
    """What is no word is given back; commands are still commands."""
    start_game(free, "hangman")
    assert (free.client.notes.question, free.server.notes.question) == (QUESTION, "")
    free.client.types("two words")
    assert free.client.notes.news()[-2] == (
        "refuse Not done, a word is 1 to 30 letters: two words"
    )
    free.client.types("/say by the way")
    assert free.client.notes.question == QUESTION
    free.client.types("banana")
    assert free.client.notes.question == ""
    free.until(
        lambda: (
            "show The client has set a word of 6 letters." in (free.server.notes.written)
        )
    )
    free.client.types("now we talk")
    free.until(lambda: free.server.session.received == free.client.session.sent)
    shown = free.server.notes.news()
    assert not any("banana" in line or "two words" in line for line in shown)
    assert [line for line in shown if "by the way" in line or "we talk" in line] == [
        "show client: by the way",
        "show client: now we talk",
    ]


def test_the_question_for_the_word_can_be_put_off_and_asked_again(free: Talk) -> None:
    """An empty line puts it off, and what is typed then is talk; `/move` asks again."""
    start_game(free, "hangman")
    free.client.types("")
    assert free.client.notes.question == ""
    assert any("Put off: " in line for line in free.client.notes.news())
    free.client.types("hello")
    free.until(lambda: "show client: hello" in free.server.notes.written)
    free.client.types("/move")
    assert free.client.notes.question == QUESTION
    free.client.types("", "/move banana")
    assert free.client.notes.question == ""
    assert "show You have set a word of 6 letters." in free.client.notes.news()
    free.client.types("/move")
    assert "notify Not done, it is not your move." in free.client.notes.news()


def test_a_question_ends_with_its_game(free: Talk) -> None:
    """When the peer resigns, the next line is talk again."""
    start_game(free, "hangman")
    free.server.types("/resign")
    free.until(lambda: free.client.notes.question == "")
    free.client.types("hello")
    free.until(lambda: "show client: hello" in free.server.notes.written)


def test_a_question_ends_with_its_talk(clock: Clock) -> None:
    """The next talk is with somebody else, and begins at the usual prompt."""
    talk = Talk(Loop(clock), search=SEARCH_SECONDS, mode=Mode.FREE)
    start_game(talk, "hangman")
    assert talk.client.notes.question == QUESTION
    talk.cut()
    move(talk.loop, clock, SEARCH_SECONDS)
    assert talk.client.notes.question == ""


def test_who_leaves_is_asked_nothing(free: Talk) -> None:
    """The question is taken away with the prompt."""
    start_game(free, "hangman")
    free.client.types("/q")
    assert free.client.notes.question == ""
    free.until_over()


def test_a_pipe_is_asked_nothing(pipes: Talk) -> None:
    """Its lines are sent as ever: a script says `/move WORD`."""
    start_game(pipes, "hangman")
    assert pipes.client.notes.question == ""
    pipes.client.types("hello", "/move banana")
    pipes.until(
        lambda: (
            "show The client has set a word of 6 letters." in (pipes.server.notes.written)
        )
    )
    assert "show client: hello" in pipes.server.notes.written


def test_in_a_game_the_status_says_whose_move_it_is(talk: Talk) -> None:
    """And not whose turn it is to talk."""
    start_game(talk)
    status = "tictactoe, you are X, your move"
    assert talk.client.notes.status == f"with the server | {status}"
    talk.client.types("5")
    assert talk.client.notes.status.endswith("tictactoe, you are X, the server's move")
    talk.client.types("/resign")
    assert talk.client.notes.status.startswith("with the server | your turn")


def test_an_offer_can_be_declined(talk: Talk) -> None:
    """And both sides see it."""
    talk.client.types("/play tictactoe")
    talk.until(lambda: talk.server.session.received == 1)
    talk.server.types("/decline")
    talk.until(lambda: "show The server declines the game." in talk.client.notes.written)
    assert "show You decline the game." in talk.server.notes.news()


def test_without_a_name_play_lists_the_games(talk: Talk) -> None:
    """Unless there is a game to accept or to play again."""
    talk.client.types("/play")
    assert talk.client.notes.news() == [
        "notify There are these games: tictactoe, hangman, connectfour, battleship.",
        "notify Not done, which game? /play NAME.",
        "ask",
    ]


def test_nobody_plays_before_the_talk_or_after_a_goodbye(loop: Loop, talk: Talk) -> None:
    """There is nobody to play with."""
    person = Person(loop)
    person.types("/play tictactoe")
    talk.client.types("/q", "/board")
    for each in (person, talk.client):
        assert "notify Not now: there is nobody to play with." in each.notes.news()


def test_words_about_a_game_that_find_no_room_are_explained(free: Talk) -> None:
    """A peer that acknowledges nothing does not fill our memory with them."""
    lines = deque(["x"] * WINDOW)
    free.client.connection.link.say(lines)
    for _ in range(GAMES_WINDOW):
        free.client.connection.link.play("x")
    free.client.notes.news()
    free.client.types("/play tictactoe")
    assert free.client.notes.news()[0] == (
        f"notify Not done, {WINDOW + GAMES_WINDOW} messages are not confirmed yet."
    )


def test_a_move_that_finds_no_room_is_not_made(free: Talk) -> None:
    """Both ends would wait for each other's move without an end."""
    start_game(free)
    lines = deque(["x"] * WINDOW)
    free.client.connection.link.say(lines)
    for _ in range(GAMES_WINDOW):
        free.client.connection.link.play("x")
    free.client.notes.news()
    free.client.types("5")
    assert free.client.notes.news()[0] == (
        f"notify Not done, {WINDOW + GAMES_WINDOW} messages are not confirmed yet."
    )
    assert free.client.chat._table and free.client.chat._table.my_move


def test_words_about_a_game_are_acknowledged_while_we_leave(talk: Talk) -> None:
    """The answer of the table to them cannot be sent any more; that harms nothing."""
    talk.server.types("/q")
    talk.client.connection.play("offer nonsense me")
    talk.client.types("last words")
    talk.until_over()
    assert [person.ends[0][0] for person in talk.people] == [0, 0]
    assert talk.client.notes.news()[-1] == (
        "notify Goodbye: the server left; your message was delivered."
    )


# Goodbyes.


@pytest.mark.parametrize("leaver", ["client", "server"])
def test_q_ends_both_with_0(talk: Talk, leaver: str) -> None:
    """Whichever side has the turn."""
    first, second = talk.people if leaver == "client" else talk.people[::-1]
    first.types("/q so long")
    talk.until_over()
    assert first.ends == [(0, True)]
    assert second.ends == [(0, False)]
    assert first.notes.news()[-1] == "notify Goodbye: you left."
    assert (
        second.notes.news()[-1] == f"notify Goodbye: the {leaver} left. Last words: so long"
    )


def test_q_after_a_message_shows_the_message_first(talk: Talk) -> None:
    """Everything typed before `/q` arrives."""
    talk.client.types("last words", "/q")
    talk.until_over()
    assert "show last words" in talk.server.notes.news()
    assert talk.client.notes.news()[-1] == (
        "notify Goodbye: you left; your message was delivered."
    )


def test_both_may_leave_at_once(talk: Talk) -> None:
    """Neither waits for the other in vain, and each sees the other's last words."""
    talk.client.types("/q so long")
    talk.server.types("/q take care")
    talk.until_over()
    assert [person.ends for person in talk.people] == [[(0, True)], [(0, True)]]
    assert talk.client.notes.news()[-1] == "notify Goodbye: you left. Last words: take care"
    assert talk.server.notes.news()[-1] == "notify Goodbye: you left. Last words: so long"


def test_last_words_cannot_forge_lines(talk: Talk) -> None:
    """A line end in them stays inside the one notice, which the terminal makes visible."""
    talk.client.connection.leave(Reason.QUIT, "bye\nGoodbye: forged.")
    talk.until_over()
    assert (
        "notify Goodbye: the client left. Last words: bye\nGoodbye: forged."
        in talk.server.notes.news()
    )


def test_last_words_over_the_limit_are_cut_and_the_person_is_told(talk: Talk) -> None:
    """A goodbye carries 127 bytes of them."""
    words = "x" * 128
    talk.client.types(f"/q {words}")
    talk.until_over()
    assert f"notify Cut to 127 bytes: {words}" in talk.client.notes.news()
    assert talk.server.notes.news()[-1].endswith(f"Last words: {words[:127]}")


def test_last_words_cannot_pass_for_ours(talk: Talk) -> None:
    """They stand at the end of the line: everything after "Last words" is the peer's."""
    talk.client.types("one", "/q x; your 9 messages were delivered.")
    talk.until_over()
    assert talk.server.notes.news()[-1] == (
        "notify Goodbye: the client left. Last words: x; your 9 messages were delivered."
    )


def test_a_goodbye_that_is_answered_with_an_error_is_no_goodbye(talk: Talk) -> None:
    """The peer says that we broke the protocol: that counts, although we left first."""
    talk.client.types("/q")
    talk.server.connection.leave(Reason.PROTOCOL, "you broke it")
    talk.until_over()
    assert talk.client.ends == [(1, True)]
    assert talk.client.notes.news()[-1] == (
        "notify The chat was ended by the server. Last words: you broke it"
    )


def test_a_line_after_our_goodbye_is_given_back(talk: Talk) -> None:
    """At once: no turn will come for it."""
    talk.client.types("/q", "one more thing")
    assert "refuse Not sent, you have left: one more thing" in talk.client.notes.news()
    talk.until_over()


def test_a_line_after_the_peers_goodbye_is_given_back(talk: Talk) -> None:
    """Before the connection is closed it is clear already that nobody will read it."""
    talk.server.types("/q")
    talk.until(lambda: talk.client.chat.is_leaving)
    talk.client.types("one more thing")
    assert "refuse Not sent, the server has left: one more thing" in (
        talk.client.notes.news()
    )
    talk.until_over()


def test_a_second_goodbye_changes_nothing(talk: Talk) -> None:
    """Neither /q again nor the end of the input."""
    talk.client.types("/q", "/q", "more")
    talk.client.chat.input_ended()
    talk.until_over()
    assert talk.client.ends == [(0, True)]
    assert "notify Goodbye: you left." in talk.client.notes.news()


def test_the_end_of_input_is_a_goodbye(talk: Talk) -> None:
    """Like `/q`."""
    talk.client.chat.input_ended()
    talk.until_over()
    assert [person.ends for person in talk.people] == [[(0, True)], [(0, False)]]


def test_before_the_peers_hello_a_goodbye_waits_for_it(loop: Loop) -> None:
    """Without an answer it is over as if nobody had come."""
    person = Person(loop)
    near, far = socket_pair()
    person.connect(near, make_client())
    person.chat.set_connection(person.connection)
    assert not person.chat.is_free
    person.types("/q")
    assert person.ends == []
    person.chat.set_connection(None)
    assert person.chat.is_free
    person.chat.fail("chatc: the server has gone", 3)
    assert person.ends == [(0, True)]
    assert person.notes.news() == ["notify Goodbye: you left before anybody came."]
    person.connection.close()
    far.close()


def test_a_talk_that_never_began_ends_with_the_reason_and_its_code() -> None:
    """Lines that were typed meanwhile are listed."""
    person = Person(Loop())
    person.types("Anybody?")
    person.notes.news()
    person.chat.fail("chatc: no server there", 3)
    assert person.ends == [(3, False)]
    assert person.notes.news() == [
        "notify chatc: no server there",
        "notify Never sent: Anybody?",
    ]


LEAVES: dict[str, tuple[Callable[[Chat], None], int]] = {
    "quit": (lambda chat: chat.typed(deque(["/q"])), 0),
    "end of input": (lambda chat: chat.input_ended(), 0),
    "signal": (lambda chat: chat.stop(signal.SIGTERM), 143),
}


@pytest.mark.parametrize(("leave", "code"), LEAVES.values(), ids=LEAVES)
def test_before_anybody_came_a_goodbye_ends_at_once(
    leave: Callable[[Chat], None], code: int
) -> None:
    """There is no peer to wait for; the lines that were typed are listed."""
    person = Person(Loop())
    person.chat.start()
    person.types("Anybody?")
    leave(person.chat)
    assert person.ends == [(code, True)]
    assert person.notes.news() == [
        "notify Kept for later, because there is nobody here yet: Anybody?",
        "notify Goodbye: you left before anybody came.",
        "notify Never sent: Anybody?",
    ]


@pytest.mark.parametrize(
    ("number", "how"),
    [
        (signal.SIGINT, "left"),
        (signal.SIGTERM, "was stopped"),
        (signal.SIGHUP, "closed the window"),
    ],
)
def test_a_signal_says_goodbye_and_ends_with_128_and_its_number(
    talk: Talk, number: signal.Signals, how: str
) -> None:
    """The other side is told what that means, and ends with 0."""
    talk.server.chat.stop(number)
    talk.until_over()
    assert talk.server.ends == [(128 + number, True)]
    assert talk.client.ends == [(0, False)]
    assert talk.client.notes.news()[-1] == (f"notify Goodbye: the server {how}.")
    assert talk.server.notes.news()[0] == (
        "begin line" if number == signal.SIGINT else "notify Goodbye: you left."
    )


def test_a_second_signal_does_not_wait_for_the_peer(talk: Talk) -> None:
    """Its number is the exit code."""
    talk.client.chat.stop(signal.SIGTERM)
    talk.client.chat.stop(signal.SIGINT)
    assert talk.client.ends == [(128 + signal.SIGINT, True)]
    assert talk.client.notes.news()[-1] == (
        "notify You left, but the server did not answer."
    )


def test_a_closed_terminal_counts_as_a_hang_up(talk: Talk) -> None:
    """Its end of input is no goodbye of the person; the signal that follows says less."""
    talk.client.notes.closed_by_person = True
    talk.client.chat.input_ended()
    talk.client.chat.stop(signal.SIGHUP)  # the signal itself comes a little later
    talk.until_over()
    assert [person.ends for person in talk.people] == [[(129, True)], [(0, False)]]
    assert talk.client.notes.news()[-1] == "notify Goodbye: you left."
    assert talk.server.notes.news()[-1].endswith("the client closed the window.")


# A screen that nobody can read.


def test_without_a_screen_no_message_is_shown_or_acknowledged(talk: Talk) -> None:
    """Its sender is told that the message was not confirmed."""
    talk.client.types("Hello")
    talk.server.chat.close_screen()
    talk.server.chat.leave_without_screen(141, "its screen was closed")
    talk.until_over()
    assert talk.server.ends == [(128 + signal.SIGPIPE, True)]
    assert talk.client.ends == [(1, False)]
    assert "notify Not confirmed: Hello" in talk.client.notes.news()
    assert not any("show" in line for line in talk.server.notes.news())


def test_without_a_screen_no_game_goes_on(talk: Talk) -> None:
    """Words about one are not acknowledged: nobody could see its board."""
    talk.server.chat.close_screen()
    talk.client.types("/play tictactoe")
    talk.until(lambda: talk.server.session.received == 1)
    assert talk.server.session.shown == 0
    assert talk.server.notes.news() == []
    talk.server.chat.leave_without_screen(141, "its screen was closed")
    talk.until_over()
    assert len(talk.client.session.kept) == 1


def test_a_screen_that_closes_with_its_terminal_is_a_hang_up() -> None:
    """Not a pipe that nobody reads."""
    person = Person(Loop())
    person.notes.closed_by_person = True
    person.chat.leave_without_screen(141, "its screen was closed")
    assert person.ends == [(128 + signal.SIGHUP, True)]


def test_a_signal_that_came_before_the_screen_closed_is_the_reason(talk: Talk) -> None:
    """The exit code is that of the signal."""
    talk.server.chat.stop(signal.SIGTERM)
    talk.server.chat.close_screen()
    talk.server.chat.leave_without_screen(141, "its screen was closed")
    talk.until_over()
    assert talk.server.ends == [(128 + signal.SIGTERM, True)]


def test_without_a_screen_nobody_searches_for_a_lost_peer(loop: Loop) -> None:
    """Nothing that it sends could be shown."""
    talk = Talk(loop, search=SEARCH_SECONDS)
    talk.server.chat.close_screen()
    for person in talk.people:
        person.connection._socket.shutdown(2)
    talk.until(lambda: bool(talk.server.ends))
    assert talk.server.ends == [(1, False)]
    assert not talk.server.chat.is_searching


def test_a_screen_that_cannot_be_written_to_is_what_the_peer_is_told(talk: Talk) -> None:
    """No signal has stopped it."""
    talk.server.chat.close_screen()
    talk.server.chat.leave_without_screen(1, "its screen cannot be written to")
    talk.server.chat.leave_without_screen(141, "its screen was closed")  # no news
    talk.until_over()
    assert talk.server.ends == [(1, True)]
    assert talk.client.notes.news()[-1] == (
        "notify Goodbye: the server left, as its screen cannot be written to."
    )
    talk.server.chat.break_off(1, "too late")
    assert talk.server.ends == [(1, True)]


def test_a_real_time_signal_has_no_name(talk: Talk) -> None:
    """It is told by its number."""
    talk.server.chat.stop(40)
    talk.until_over()
    assert talk.server.ends == [(168, True)]
    assert talk.client.notes.news()[-1].endswith("the server was stopped.")


# Losses and errors.


def test_of_very_many_lines_the_first_are_listed_and_the_others_counted(
    free: Talk,
) -> None:
    """Otherwise they would push the sentence before them off the screen."""
    free.loop.forget(free.server.connection._socket.fileno())  # the server reads no more
    free.client.types(*map(str, range(2 * LISTED)))
    free.client.notes.news()
    free.server.connection._socket.close()
    free.until(lambda: bool(free.client.ends))
    told = free.client.notes.news()[1:]
    assert told[:LISTED] == [f"notify Not confirmed: {each}" for each in range(LISTED)]
    assert told[LISTED:] == [f"notify Not confirmed either: {LISTED} more."]


def test_a_lost_connection_lists_the_messages_that_were_not_confirmed(talk: Talk) -> None:
    """By text; the exit code says that something was lost."""
    talk.loop.forget(talk.server.connection._socket.fileno())  # the server reads no more
    talk.client.types("Hello?")
    talk.server.connection._socket.close()
    talk.until(lambda: bool(talk.client.ends))
    assert talk.client.ends == [(1, False)]
    assert talk.client.notes.news() == [
        "notify The connection to the server was lost; your message was not confirmed.",
        "notify Not confirmed: Hello?",
    ]


def test_of_many_messages_those_that_were_not_confirmed_are_counted(free: Talk) -> None:
    """The delivered ones are not listed; the frame that was cut is described."""
    free.client.types("one")
    free.until(lambda: not free.client.session.kept)
    free.loop.forget(free.server.connection._socket.fileno())  # the server reads no more
    free.client.types("two", "three")
    free.client.notes.news()
    free.server.connection._socket.send(b"\0")
    free.server.connection._socket.shutdown(1)
    free.until(lambda: bool(free.client.ends))
    assert free.client.notes.news() == [
        "notify The connection to the server was lost: stream ends after 1 bytes, "
        "expected 8; 2 of your 3 messages were not confirmed.",
        "notify Not confirmed: two",
        "notify Not confirmed: three",
    ]


def test_a_peer_that_breaks_the_protocol_is_named(talk: Talk) -> None:
    """The chat ends with 1 on both sides."""
    talk.client.connection._pending += b"\xff" * 8
    talk.client.connection.flush()
    talk.until_over()
    assert talk.server.ends == [(1, False)]
    assert (
        "notify The protocol was broken by the client: unknown kind 255."
        in talk.server.notes.news()
    )
    assert talk.client.ends == [(1, False)]
    assert (
        "notify The chat was ended by the server. Last words: unknown kind 255"
        in talk.client.notes.news()
    )


# The search for a peer whose connection was lost.


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still until it is moved."""
    return Clock()


@pytest.fixture
def lost(clock: Clock) -> Talk:
    """Return two people whose connection has just broken; nothing is under way."""
    talk = Talk(Loop(clock), search=SEARCH_SECONDS)
    talk.cut()
    for person in talk.people:
        assert person.notes.news()[-1].endswith(" was lost: trying again for up to 60 s.")
    return talk


def test_a_search_that_finds_the_peer_goes_on_with_the_talk(lost: Talk) -> None:
    """Lines typed meanwhile arrive once, and the turns go on where they were."""
    lost.client.types("typed meanwhile")
    assert lost.client.session.unacknowledged == {1: "typed meanwhile"}
    lost.mend()
    lost.until(lambda: lost.server.notes.asking)
    assert lost.server.notes.news() == [
        "notify Connected with the client again.",
        "show typed meanwhile",
        *HINTS,
        "ask",
    ]
    lost.until(lambda: not lost.client.session.kept)
    assert lost.client.ends == lost.server.ends == []


def test_a_peer_that_returns_under_another_name_is_called_by_that(clock: Clock) -> None:
    """The person is told in the notice of its return, and only when it has changed."""
    talk = Talk(Loop(clock), mode=Mode.FREE, name="Ann", search=SEARCH_SECONDS)
    server = talk.server
    for name, notice in {
        "Bob|": "Connected with Ann again, now called Bob\u00a6.",
        "Bob\u00a6 ": "Connected with Bob\u00a6 again.",
        "": "Connected with Bob\u00a6 again, now called the other side.",
        "Cleo": "Connected with the other side again, now called Cleo.",
    }.items():
        talk.cut()
        talk.client.session.hello = Hello(SESSION_ID, Mode.ANY, name)
        server.notes.news()
        talk._connect(make_client(session=talk.client.session))
        talk.until(lambda: "again" in "".join(server.notes.written))
        assert server.notes.news() == [f"notify {notice}"]
    assert server.notes.status == "with Cleo"
    talk.client.types("Hello", "/play tictactoe")
    talk.until(lambda: "show Cleo: Hello" in server.notes.written)
    offer = "show Cleo offers a game of tictactoe: /play or /decline."
    talk.until(lambda: offer in server.notes.written)


def test_a_search_that_was_successful_has_no_deadline_left(
    lost: Talk, clock: Clock
) -> None:
    """The talk lasts longer than the search might have."""
    lost.mend()
    for _ in range(10):  # with a sign of life every ten seconds
        move(lost.loop, clock, SEARCH_SECONDS / 6)
        lost.until(
            lambda: (
                not any(person.connection.link.pulse.is_worrying for person in lost.people)
            )
        )
    assert lost.client.ends == lost.server.ends == []
    assert not lost.client.chat.is_searching


def test_a_search_without_success_ends_as_a_loss(lost: Talk, clock: Clock) -> None:
    """When its time is over; what was typed meanwhile is listed."""
    lost.client.types("never heard", "nor this")
    lost.client.notes.news()
    move(lost.loop, clock, SEARCH_SECONDS - 0.001)
    assert lost.client.ends == []
    move(lost.loop, clock, 0.001)
    assert lost.client.ends == [(1, False)]
    assert lost.client.notes.news() == [
        "notify The connection to the server was lost; your message was not confirmed.",
        "notify Not confirmed: never heard",
        "notify Never sent: nor this",
    ]
    assert patience(lost.loop) is None


def test_a_search_can_be_ended_with_a_reason(lost: Talk) -> None:
    """It comes last: it ends with words of the peer, which must not pass for ours."""
    lost.client.types("never heard")
    lost.client.notes.news()
    words = "no; your message was delivered"
    lost.client.chat.stop_searching(f"the server refused to go on: {words}")
    assert lost.client.ends == [(1, False)]
    assert lost.client.notes.news() == [
        "notify The connection to the server was lost; your message was not confirmed; "
        f"the server refused to go on: {words}.",
        "notify Not confirmed: never heard",
    ]


def test_a_peer_may_come_back_while_its_old_connection_looks_alive(clock: Clock) -> None:
    """The server closes the old one, and nothing is reported as lost."""
    talk = Talk(Loop(clock), search=SEARCH_SECONDS)
    old = talk.server.connection
    client_side = talk.client.connection
    talk.client.connection.owner = Owner()  # only the client knows that it is broken
    talk.client.chat.is_searching = True
    talk.mend()
    assert old._socket.fileno() == -1
    talk.client.types("Hello")
    talk.until(lambda: talk.server.notes.asking)
    assert "show Hello" in talk.server.notes.news()
    assert talk.server.ends == []
    assert talk.server.chat._connection is not old
    client_side.close()


STRANGERS = {
    "a new client": wire.hello("chatc", wire.ANY, b"?" * 16),
    "another talk": wire.hello("chatc", wire.TURNS, b"?" * 16, 1),
    "our talk, with more seen than was sent": wire.hello(
        "client", wire.TURNS, SESSION_ID, 9
    ),
    "no HELLO": wire.text(1, "x"),
    "garbage": b"\xff" * 64,
    "half a HELLO": wire.hello("client", wire.TURNS, SESSION_ID)[:20],
}


@pytest.mark.parametrize("data", STRANGERS.values(), ids=STRANGERS)
@pytest.mark.parametrize("searching", [True, False], ids=["searching", "talking"])
def test_a_stranger_never_touches_the_session_of_the_talk(
    clock: Clock, data: bytes, searching: bool
) -> None:
    """Whatever it sends: its link has a session of its own until it is welcomed."""
    talk = Talk(Loop(clock), search=SEARCH_SECONDS)
    talk.client.types("Hello")
    talk.until(lambda: talk.server.session.shown == 1)
    talk.until(lambda: not talk.client.session.kept)
    if searching:
        talk.cut()
    session = talk.server.session
    before = remember(session)
    answers: list[bool] = []

    class Doorkeeper(Owner):
        def handle(self, connection: Connection, event: Event) -> None:
            if isinstance(event, Greeted):
                answers.append(talk.server.chat.expects(event))
                connection.refuse(Reason.BUSY, "no")

    near, far = socket_pair()
    stranger = Connection(talk.loop, near, "there", make_server(), Doorkeeper())
    far.sendall(data)
    far.shutdown(1)
    talk.until(lambda: stranger._socket.fileno() == -1)
    assert remember(session) == before
    assert True not in answers
    assert talk.server.ends == []
    far.close()


def test_nobody_is_expected_before_the_talk_and_after_it(talk: Talk) -> None:
    """A HELLO that goes on with a talk is only our peer's while there is one."""
    hello = Greeted(Hello(SESSION_ID, Mode.TURNS, "client"), 0)
    assert not Person(talk.loop).chat.expects(hello)
    assert talk.server.chat.expects(hello)
    talk.client.types("/q")
    talk.until_over()
    assert not talk.server.chat.expects(hello)


# Leaving while the peer is searched for.


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [(("/q",), STOP_SECONDS), (("Hello", "/q"), GOODBYE_SECONDS)],
    ids=["nothing under way", "a message under way"],
)
def test_a_person_who_leaves_during_a_search_waits_no_longer_than_for_a_goodbye(
    lost: Talk, clock: Clock, lines: tuple[str, ...], seconds: float
) -> None:
    """And less where only the goodbye itself would be lost."""
    lost.client.types(*lines)
    move(lost.loop, clock, seconds - 0.001)
    assert lost.client.ends == []
    move(lost.loop, clock, 0.002)
    assert lost.client.ends == [(1, True)]
    sentence = "notify You left, but the server did not answer"
    assert any(line.startswith(sentence) for line in lost.client.notes.news())


def test_a_second_q_during_a_search_waits_a_moment_only(lost: Talk, clock: Clock) -> None:
    """Whatever is under way."""
    lost.client.types("Hello", "/q", "/q")
    move(lost.loop, clock, STOP_SECONDS)
    assert lost.client.ends == [(1, True)]


def test_a_goodbye_during_a_search_is_said_when_the_peer_is_found(
    lost: Talk, clock: Clock
) -> None:
    """The message before it arrives first, and both end with 0."""
    lost.client.types("Hello", "/q so long")
    lost.mend()
    lost.until_over()
    assert [person.ends for person in lost.people] == [[(0, True)], [(0, False)]]
    assert lost.server.notes.news()[-3:] == [
        "notify Connected with the client again.",
        "show Hello",
        "notify Goodbye: the client left. Last words: so long",
    ]


def test_a_peer_that_comes_back_and_falls_silent_does_not_delay_a_goodbye(
    clock: Clock,
) -> None:
    """The time of a goodbye begins again when it comes back, once."""
    loop = Loop(clock)
    person = Person(loop, search=SEARCH_SECONDS)
    far = meet(loop, person)
    person.types("Hello")
    far.close()
    until(loop, lambda: person.chat.is_searching)
    person.types("/q")
    move(loop, clock, GOODBYE_SECONDS - 0.001)
    near, far = socket_pair()
    person.connect(near, make_client(session=person.session))
    far.sendall(wire.hello("server", wire.FREE, SESSION_ID))
    until(loop, lambda: not person.chat.is_searching)
    move(loop, clock, GOODBYE_SECONDS - 0.001)
    assert person.ends == []
    move(loop, clock, 0.001)
    assert person.ends == [(1, True)]
    far.close()


def test_a_peer_that_left_and_comes_back_silent_does_not_delay_the_end(
    clock: Clock,
) -> None:
    """It came for a message that it had not acknowledged, and has 4.5 s for that."""
    loop = Loop(clock)
    person = Person(loop, search=SEARCH_SECONDS)
    far = meet(loop, person)
    person.types("Hello")
    far.sendall(wire.bye(0))
    far.shutdown(1)
    until(loop, lambda: person.chat.is_searching)
    near, again = socket_pair()
    person.connect(near, make_client(session=person.session))
    again.sendall(wire.hello("server", wire.FREE, SESSION_ID))
    until(loop, lambda: not person.chat.is_searching)
    move(loop, clock, GOODBYE_SECONDS - 0.001)
    assert person.ends == []
    move(loop, clock, 0.002)
    assert person.ends == [(1, False)]
    far.close()
    again.close()


def test_a_connection_that_breaks_while_a_person_leaves_is_not_explained(
    clock: Clock,
) -> None:
    """The person has left: a search goes on in silence, for as long as a goodbye."""
    loop = Loop(clock)
    person = Person(loop, search=SEARCH_SECONDS)
    far = meet(loop, person)
    person.types("Hello", "/q")
    person.notes.news()
    far.close()
    until(loop, lambda: person.chat.is_searching)
    assert person.notes.news() == []
    move(loop, clock, GOODBYE_SECONDS)
    assert person.ends == [(1, True)]


def test_a_pipe_that_has_ended_searches_for_as_long_as_it_may(clock: Clock) -> None:
    """No person waits for it."""
    loop = Loop(clock)
    person = Person(loop, interactive=False, search=SEARCH_SECONDS)
    far = meet(loop, person)
    person.types("Hello")
    person.chat.input_ended()
    far.close()
    until(loop, lambda: person.chat.is_searching)
    move(loop, clock, SEARCH_SECONDS - 0.001)
    assert person.ends == []
    move(loop, clock, 0.001)
    assert person.ends == [(1, True)]


def test_a_person_waits_4_5_s_for_the_answer_to_a_goodbye(clock: Clock) -> None:
    """And a pipe as long as the peer may be silent."""
    for interactive, seconds in ((True, GOODBYE_SECONDS), (False, CLOSING_SECONDS)):
        loop = Loop(clock)
        person = Person(loop, interactive=interactive)
        far = meet(loop, person)
        person.types("/q")
        move(loop, clock, seconds - 0.001)
        assert person.ends == []
        move(loop, clock, 0.001)
        assert person.ends == [(1, True)]
        far.close()


@pytest.mark.parametrize("search", [0, SEARCH_SECONDS])
@pytest.mark.parametrize("cut", [False, True])
def test_a_peer_that_leaves_and_owes_an_ack_has_4_5_s_in_all(
    clock: Clock, search: float, cut: bool
) -> None:
    """Not again after its connection is lost, by the deadline or otherwise."""
    loop = Loop(clock)
    person = Person(loop, search=search)
    far = meet(loop, person)
    person.types("Hello")
    far.sendall(wire.bye(0))
    until(loop, lambda: person.chat.is_leaving)
    move(loop, clock, GOODBYE_SECONDS - 0.001)
    assert person.ends == []
    if cut and search:
        far.close()
        until(loop, lambda: person.chat.is_searching)
        assert person.ends == []
    move(loop, clock, 0.001)
    assert person.ends == [(1, False)]
    far.close()


@pytest.mark.parametrize("first", ["ours", "the peer's"])
def test_after_both_goodbyes_a_person_waits_a_moment(clock: Clock, first: str) -> None:
    """Whoever said the first one, there is nothing left but the end of the stream."""
    loop = Loop(clock)
    person = Person(loop, search=SEARCH_SECONDS)
    far = meet(loop, person)
    if first == "ours":
        person.types("/q")
    far.sendall(wire.bye(0))
    until(loop, lambda: person.session.over)
    until(loop, lambda: person.connection.link.finished)
    move(loop, clock, STOP_SECONDS - 0.001)
    assert person.ends == []
    move(loop, clock, 0.002)
    assert person.ends == [(0, first == "ours")]
    far.close()


def test_a_signal_during_a_search_waits_a_moment_and_a_second_one_not_at_all(
    clock: Clock,
) -> None:
    """The exit code is that of the last signal."""
    for numbers in ((signal.SIGTERM,), (signal.SIGTERM, signal.SIGINT)):
        talk = Talk(Loop(clock), search=SEARCH_SECONDS)
        talk.cut()
        talk.client.types("under way")
        for number in numbers:
            assert talk.client.ends == []
            talk.client.chat.stop(number)
        if len(numbers) == 1:
            move(talk.loop, clock, STOP_SECONDS)
        assert talk.client.ends == [(128 + numbers[-1], True)]


def test_a_signal_keeps_its_short_time_when_the_peer_is_found(
    lost: Talk, clock: Clock
) -> None:
    """A peer that comes back does not extend it."""
    lost.client.chat.stop(signal.SIGTERM)
    move(lost.loop, clock, STOP_SECONDS - 0.001)
    lost.server.chat.stop_searching()  # it is there no more
    near, far = socket_pair()
    lost.client.connect(near, make_client(session=lost.client.session))
    far.sendall(wire.hello("server", wire.TURNS, SESSION_ID))
    lost.until(lambda: not lost.client.chat.is_searching)
    move(lost.loop, clock, 0.001)
    assert lost.client.ends == [(128 + signal.SIGTERM, True)]
    far.close()


def test_where_no_server_listens_any_more_a_goodbye_is_answered(lost: Talk) -> None:
    """The server has left too, unless a message is still to be delivered."""
    chat = lost.client.chat
    assert not chat.note_server_gone()  # it may be there again in a moment
    lost.client.types("Hello", "/q")
    assert not chat.note_server_gone()  # the message may still arrive
    lost.client.session.acknowledge(1)
    assert chat.note_server_gone()
    assert lost.client.ends == [(0, True)]
    assert lost.client.notes.news()[-1] == (
        "notify Goodbye: you left; your message was delivered."
    )


def test_where_the_server_has_said_goodbye_nobody_needs_to_listen(clock: Clock) -> None:
    """Its goodbye counts, although messages of ours were not confirmed."""
    loop = Loop(clock)
    person = Person(loop, search=SEARCH_SECONDS)
    far = meet(loop, person)
    person.types("Hello")
    far.sendall(wire.bye(0, wire.QUIT, "so long"))
    far.shutdown(1)
    until(loop, lambda: person.chat.is_searching)
    assert person.chat.note_server_gone()
    assert person.ends == [(1, False)]
    assert person.notes.news()[-2:] == [
        "notify Goodbye: the server left; your message was not confirmed."
        " Last words: so long",
        "notify Not confirmed: Hello",
    ]
    far.close()


def test_events_of_a_handshake_are_no_events_of_a_talk(talk: Talk) -> None:
    """The chat leaves them to the owner before it."""
    talk.client.chat.handle(talk.client.connection, Opened(talk.server.session.hello))
    assert talk.client.notes.news() == []
    assert talk.client.session.has_turn()


# A chat that is over.


# What a server wants of a talk.


class Server:
    """A server's person, and a bare socket as its client, which has said HELLO."""

    def __init__(
        self,
        *,
        interactive: bool = True,
        mode: Mode = Mode.FREE,
        again: bool = False,
        quiet: bool = False,
    ) -> None:
        self.loop = Loop(Clock())
        self.dropped: list[str] = []
        self.person = Person(self.loop, interactive=interactive, search=SEARCH_SECONDS)
        self.notes, self.chat = self.person.notes, self.person.chat
        self.host = Host(self.dropped.append, again=again, quiet=quiet)
        self._mode = mode
        self.client = self.meet()

    def meet(self) -> socket.socket:
        """Seat a client; return its socket."""
        near, far = socket_pair()
        link = make_server(mode=self._mode)
        connection = Connection(self.loop, near, "there", link, Owner())
        far.sendall(wire.hello("client", wire.ANY, SESSION_ID))
        until(self.loop, lambda: link.state is State.DECIDING)
        connection.welcome()
        self.chat.begin(connection, "Connected", self.host)
        assert wire.receive(far)[0] == wire.HELLO
        self.client = far
        return far

    @property
    def session(self) -> Session:
        """The talk."""
        assert self.chat._connection
        return self.chat._connection.link.session

    def hears(self, *frames: bytes) -> None:
        """Let the client send frames, and the last one be a message that is shown."""
        before = self.session.shown
        self.client.sendall(b"".join(frames))
        until(self.loop, lambda: self.session.shown > before)

    def goodbye(self) -> None:
        """Let the client leave, and close."""
        self.client.sendall(wire.bye(self.session.received))
        self.client.close()
        until(self.loop, lambda: bool(self.person.ends))


def test_a_client_that_is_lost_before_the_first_message_is_forgotten() -> None:
    """The lines that were kept for it are for the next client."""
    server = Server(mode=Mode.TURNS)
    server.person.types("a draft")
    server.client.close()
    until(server.loop, lambda: server.chat.is_free)
    assert server.dropped == [
        "The connection to the client was lost. Nothing was said yet: waiting for a client."
    ]
    assert (server.notes.status, server.notes.asking) == ("nobody here yet", False)
    assert patience(server.loop) is None
    server.meet()
    server.hears(wire.text(1, "Hello"))
    until(server.loop, lambda: "echo a draft" in server.notes.written)
    assert server.person.ends == []


@pytest.mark.parametrize("reason", [wire.UNKNOWN_SESSION, wire.VERSION, wire.PROTOCOL])
def test_a_client_that_refuses_our_hello_is_forgotten(reason: int) -> None:
    """It may have taken this server for another one."""
    server = Server()
    server.client.sendall(wire.bye(0, reason))
    server.client.close()
    until(server.loop, lambda: server.chat.is_free)
    assert server.dropped == [
        "The chat was ended by the client. Nothing was said yet: waiting for a client."
    ]
    assert not server.chat.is_leaving
    server.meet()
    server.goodbye()
    assert server.person.ends == [(0, False)]


def test_a_client_that_breaks_a_rule_before_the_first_message_ends_the_talk() -> None:
    """The person is to read of it."""
    server = Server()
    server.client.sendall(wire.text(2, "x"))
    server.client.close()
    until(server.loop, lambda: bool(server.person.ends))
    assert server.person.ends == [(1, False)]
    assert server.dropped == []


def test_a_screen_that_closes_before_the_first_message_ends_the_talk() -> None:
    """Nobody waits for another client then."""
    server = Server()
    server.chat.close_screen()
    server.client.close()
    until(server.loop, lambda: bool(server.person.ends))
    assert server.dropped == []


@pytest.mark.parametrize(
    "frame",
    [wire.text(1, "Hello"), wire.frame(wire.GAME, 1, b"offer tictactoe me")],
    ids=["text", "game"],
)
def test_a_quiet_client_is_announced_with_its_first_message(frame: bytes) -> None:
    """Before it."""
    server = Server(quiet=True)
    assert server.notes.news() == []
    server.hears(frame)
    assert server.notes.news()[0] == "show Connected"
    server.hears(wire.text(2, "Hello again"))
    assert "show Connected" not in server.notes.news()


def test_a_quiet_client_changes_nothing_on_the_screen() -> None:
    """No hint and no prompt: neither comes before it is announced, nor goes with it."""
    server = Server(quiet=True)
    server.chat.proceed()
    assert not server.notes.asking
    server.client.close()
    until(server.loop, lambda: server.chat.is_free)
    assert [note for note in server.notes.news() if note != "remove prompt"] == []
    server.meet()
    server.hears(wire.text(1, "Hello"))
    server.chat.proceed()
    assert server.notes.asking
    assert [*HINTS] == [note for note in server.notes.news() if note in HINTS]


@pytest.mark.parametrize("line", ["Hello", "/play tictactoe"])
def test_a_quiet_client_is_announced_with_our_first_message(line: str) -> None:
    """The person is to know who reads it."""
    server = Server(quiet=True)
    server.person.types(line)
    assert "show Connected" in server.notes.news()


def test_a_line_that_cannot_be_sent_yet_announces_nobody() -> None:
    """In turns a client speaks first."""
    server = Server(quiet=True, mode=Mode.TURNS)
    server.person.types("a draft")
    assert "show Connected" not in server.notes.news()


@pytest.mark.parametrize(("again", "told"), [(True, 0), (False, 2)])
def test_a_quiet_client_that_leaves_is_named_where_the_program_ends(
    *, again: bool, told: int
) -> None:
    """Not where the server waits for the next one."""
    server = Server(quiet=True, again=again)
    server.goodbye()
    assert server.person.ends == [(0, False)]
    words = ["show Connected", "notify Goodbye: the client left."]
    assert [each for each in server.notes.news() if each in words] == words[:told]


def test_a_peer_that_is_lost_often_is_not_reported_each_time(lost: Talk) -> None:
    """The first ten times; the first of these was before.

    Where a loss was not reported, its end is not reported either.
    """
    for _ in range(11):
        lost.mend_in_silence()
        lost.cut()
    written = lost.server.notes.written
    losses = [line for line in written if "lost" in line]
    returns = [line for line in written if line.startswith("notify Connected with")]
    assert (len(losses), len(returns)) == (9, 10)
    assert lost.server.chat.is_searching


def test_the_seconds_of_a_kept_seat_are_known(lost: Talk) -> None:
    """None while nobody is searched for."""
    assert lost.server.chat.seconds_kept == SEARCH_SECONDS
    lost.mend()
    assert lost.server.chat.seconds_kept is None


def test_a_talk_knows_its_own_id_alone(free: Talk) -> None:
    """Whatever number comes with it; before a talk none is known."""
    hello = Hello(SESSION_ID, Mode.ANY, "client")
    assert free.server.chat.knows(Greeted(hello, 99))
    assert not free.server.chat.knows(Greeted(hello._replace(session=b"?" * 16), 0))
    assert not Person(Loop()).chat.knows(Greeted(hello, 0))


# The end of a server's input.


@pytest.mark.parametrize("again", [False, True])
def test_in_free_talk_a_server_whose_pipe_has_ended_goes_on_receiving(
    *, again: bool
) -> None:
    """Until the client leaves."""
    server = Server(interactive=False, again=again)
    server.chat.input_ended()
    server.hears(wire.text(1, "Hello"))
    assert not server.chat.is_leaving
    server.goodbye()
    assert server.person.ends == [(0, False)]


@pytest.mark.parametrize("again", [False, True])
def test_in_turns_a_server_whose_pipe_has_ended_leaves_the_talk(*, again: bool) -> None:
    """Its client would wait for ever; with --again the next one may come."""
    server = Server(interactive=False, mode=Mode.TURNS, again=again)
    server.hears(wire.text(1, "Hello"))
    server.chat.input_ended()
    assert server.chat.is_leaving
    server.goodbye()
    assert server.person.ends == [(0, not again)]


@pytest.mark.parametrize("line", ["", "/q"])
def test_with_again_a_server_that_is_asked_to_leave_does_not_come_back(line: str) -> None:
    """By a signal, or by `/q` in its pipe before the pipe has ended."""
    server = Server(interactive=False, mode=Mode.TURNS, again=True)
    server.hears(wire.text(1, "Hello"))
    if line:
        server.person.pastes(line)
        server.chat.input_ended()
    else:
        server.chat.input_ended()
        server.chat.stop(signal.SIGTERM)
    server.goodbye()
    assert server.person.ends == [(0 if line else 143, True)]


@pytest.mark.parametrize("mode", [Mode.TURNS, Mode.FREE])
def test_ctrl_d_at_a_servers_terminal_is_a_goodbye(mode: Mode) -> None:
    """A person ends the program, with --again too."""
    server = Server(mode=mode, again=True)
    server.hears(wire.text(1, "Hello"))
    server.chat.input_ended()
    server.goodbye()
    assert server.person.ends == [(0, True)]


def over_before_anybody_came() -> Person:
    """Return a person who left before anybody came."""
    person = Person(Loop())
    person.types("/q")
    return person


def over_after_a_goodbye() -> Person:
    """Return a person whose peer has left."""
    talk = Talk(Loop(), mode=Mode.FREE)
    talk.server.types("/q")
    talk.until_over()
    return talk.client


def over_after_a_loss() -> Person:
    """Return a person whose connection was lost for good."""
    talk = Talk(Loop(Clock()), mode=Mode.FREE, search=SEARCH_SECONDS)
    talk.cut()
    talk.client.chat.stop_searching()
    return talk.client


ENDS = (over_before_anybody_came, over_after_a_goodbye, over_after_a_loss)


@pytest.fixture(params=ENDS, ids=lambda end: end.__name__.replace("_", " "))
def finished(request: pytest.FixtureRequest) -> Person:
    """Return a person whose chat is over."""
    end: Callable[[], Person] = request.param
    person = end()
    assert len(person.ends) == 1
    person.notes.news()
    return person


@pytest.mark.parametrize(
    ("line", "news"),
    [("Hello", ["notify Never sent: Hello"]), ("", []), ("/help", []), ("/q", [])],
    ids=["a message", "just Enter", "a command", "a goodbye"],
)
def test_a_line_typed_into_a_finished_chat_is_only_given_back(
    finished: Person, line: str, news: list[str]
) -> None:
    """The next talk has a chat of its own, which may be there already."""
    finished.types(line)
    assert finished.notes.news() == news
    assert len(finished.ends) == 1


LATE_CALLS: dict[str, Callable[[Chat], None]] = {
    "the end of input": lambda chat: chat.input_ended(),
    "a signal": lambda chat: chat.stop(signal.SIGTERM),
    "Ctrl-C": lambda chat: chat.stop(signal.SIGINT),
    "the end of a read": lambda chat: chat.proceed(),
}


@pytest.mark.parametrize("call", LATE_CALLS.values(), ids=LATE_CALLS)
def test_a_finished_chat_ends_once(finished: Person, call: Callable[[Chat], None]) -> None:
    """Whatever still comes, twice: no second goodbye is shown."""
    for _ in range(2):
        call(finished.chat)
    assert finished.notes.news() == []
    assert len(finished.ends) == 1


# The status.


def test_before_the_talk_the_status_is_that_nobody_is_here(loop: Loop) -> None:
    """Also after our HELLO was sent: the name of the peer is not known yet."""
    person = Person(loop)
    person.chat.start()
    assert person.notes.status == "nobody here yet"
    near, far = socket_pair()
    with far:
        person.connect(near, make_client())
        person.chat.set_connection(person.connection)
        person.types("")
        assert person.notes.status == "nobody here yet"
        person.connection.close()


def test_the_status_names_the_peer_and_the_turn(talk: Talk) -> None:
    """From the beginning, and after every message."""
    client, server = talk.client.notes, talk.server.notes
    assert client.status == "with the server | your turn"
    assert server.status == "with the client | the client's turn"
    talk.client.types("Hello")
    talk.until(lambda: server.status == "with the client | your turn")
    talk.until(lambda: client.status == "with the server | the server's turn")


PEER_NAMES = {
    "a name": ("Ann", "Ann", "Ann"),
    "no name": ("", "the other side", "the other side"),
    "a blank": (" \u3000 ", "the other side", "the other side"),
    "the name of a role": ("client", "client", "the client"),
    "our own name": ("Server ", "the other Server", "the other Server"),
    "a word for us": ("You", "the other side", "the other side"),
    "a bar": ("Ann | your turn", "Ann \u00a6 your turn", "Ann \u00a6 your turn"),
    "spaces": (" Ann \t B", "Ann B", "Ann B"),
    "controls": ("\x1b[2J\u3164", "^[[2J<U+3164>", "^[[2J<U+3164>"),
    "too long": ("x" * 127, "x" * 31 + "\u2026", "x" * 31 + "\u2026"),
}
"""A peer's name for itself, and what it is called before lines and in sentences."""


@pytest.mark.parametrize(("name", "speaker", "called"), PEER_NAMES.values(), ids=PEER_NAMES)
def test_lines_notices_and_status_agree_on_the_name_of_the_peer(
    loop: Loop, name: str, speaker: str, called: str
) -> None:
    """ "server" and "client" are no names, but what the programs call themselves."""
    turns = Talk(loop, name=name).server
    assert turns.notes.status == f"with {called} | {called}'s turn"
    free = Talk(loop, mode=Mode.FREE, name=name)
    assert free.server.notes.status == f"with {called}"
    free.client.types("Hello", "/play tictactoe", "/q")
    free.until(lambda: free.server.ends)
    game, shown = f"{called} offers a game", free.server.notes.written
    assert f"show {speaker}: Hello" in shown
    assert any(line[5:].casefold().startswith(game.casefold()) for line in shown)
    assert shown[-1] == f"notify Goodbye: {called} left."


def test_in_free_talk_the_status_has_no_turn(free: Talk) -> None:
    """Both may send at any time."""
    assert free.client.notes.status == "with the server"
    assert free.server.notes.status == "with the client"


def test_the_status_counts_the_drafts(talk: Talk) -> None:
    """Until they are sent."""
    lead = "with the client | the client's turn"
    notes = talk.server.notes
    talk.server.types("one")
    assert notes.status == f"{lead} | 1 line kept for later"
    talk.server.types("two")
    assert notes.status == f"{lead} | 2 lines kept for later"
    talk.client.types("Hello")
    talk.until(lambda: notes.status == f"{lead} | 1 line kept for later")
    talk.client.types("Go on")
    talk.until(lambda: notes.status == lead)


def test_after_a_goodbye_the_status_is_leaving(talk: Talk) -> None:
    """It has no turn, but the lines that are not confirmed."""
    talk.client.types("Hello", "/q")
    assert talk.client.notes.status == ("with the server | leaving | 1 line not confirmed")
    talk.until_over()


def test_during_a_search_the_status_says_so(lost: Talk) -> None:
    """In the place of the peer, and without the round trip."""
    lost.client.connection.link.pulse.round_trip = 1.0
    lost.client.types("")
    assert lost.client.notes.status == (
        "connection lost | "
        f"trying again until {lost.client.chat._standing.until} | your turn"
    )


def test_the_status_shows_a_long_silence_and_the_last_round_trip() -> None:
    """Only of a peer that has not answered a PING for longer than usual."""
    clock = Clock()
    talk = Talk(Loop(clock))
    notes, link = talk.client.notes, talk.client.connection.link
    clock.now += 10
    link.pass_time(clock.now)
    talk.client.types("")
    assert notes.status == "with the server | your turn"  # the PING was just sent
    clock.now += 2
    talk.client.types("")
    assert notes.status == "with the server | nothing heard for 12 s | your turn"
    talk.client.connection.flush()
    clock.now += 0.0123
    until(talk.loop, lambda: not link.pulse.is_worrying)
    assert notes.status == "with the server | your turn | round trip 2000 ms"
    for seconds, text in ((0.0009, ""), (0.1999, ""), (0.2, " | round trip 200 ms")):
        link.pulse.round_trip = seconds
        talk.client.types("")
        assert notes.status == f"with the server | your turn{text}"


def test_a_refused_line_changes_nothing_in_the_status(talk: Talk) -> None:
    """It is neither under way nor kept."""
    talk.client.types("x" * 32769)
    assert talk.client.notes.status == "with the server | your turn"


def test_words_about_a_game_are_acknowledged_when_the_table_has_them(talk: Talk) -> None:
    """As a line is when it is on the screen."""
    talk.client.types("/play tictactoe")
    talk.until(lambda: not talk.client.session.kept)
    assert talk.server.session.shown == talk.client.session.sent == 1


def test_a_status_line_may_wait_for_something_else(loop: Loop) -> None:
    """Until somebody comes; `/status` and `/who` say it in a sentence."""
    person = Person(loop)
    assert person.chat._describe_status() == ("nobody here yet",)
    person.chat.wait_for("no server yet")
    assert person.notes.status == "no server yet"
    person.types("/status", "/who")
    assert person.notes.news() == ["notify No server yet."] * 2


# At an edited terminal.


def edited(clock: Clock, mode: Mode = Mode.TURNS, search: float = 0) -> Talk:
    """Return two people at edited terminals."""
    return Talk(Loop(clock), edits=True, mode=mode, search=search)


def test_the_first_screen_says_three_things(clock: Clock) -> None:
    """Who may write now, how to send, how to leave; and not what the plain one says."""
    talk = edited(clock)
    assert talk.client.notes.news() == [
        "show Connected",
        "show You may write now: Enter sends, /q leaves.",
        "ask",
    ]
    assert talk.server.notes.news() == [
        "show Connected",
        "show Waiting for message...",
        "show The client writes first: Enter sends, /q leaves.",
    ]
    talk.client.types("Hello")
    talk.until(lambda: talk.server.notes.asking)
    assert talk.server.notes.news() == ["show Hello", "ask"]


def test_the_first_screen_of_free_talk(clock: Clock) -> None:
    """Both may write."""
    talk = edited(clock, Mode.FREE)
    assert talk.client.notes.news()[1] == ("show Both may write: Enter sends, /q leaves.")


def test_a_later_talk_does_not_say_it_again(clock: Clock) -> None:
    """The memory is that of the program."""
    talk = edited(clock)
    memory = talk.client.chat._memory
    person = Person(talk.loop, edits=True)
    person.chat = Chat(person.notes, lambda *_: None, person.recovery, memory)
    with meet(talk.loop, person):
        assert person.notes.news() == ["show Connected", "ask"]


def test_an_empty_line_is_explained_once(clock: Clock) -> None:
    """It is nothing that could be sent."""
    talk = edited(clock)
    talk.client.notes.news()
    talk.client.types("", "")
    assert talk.client.notes.news() == ["notify An empty line is not sent.", "ask", "ask"]


def test_a_line_that_is_not_confirmed_is_shown_after_a_second(clock: Clock) -> None:
    """With its age, ever more rarely; then that it was delivered, for a moment."""
    talk = edited(clock, Mode.FREE)
    notes = talk.client.notes
    person = talk.server
    person.chat.close_screen()  # so it acknowledges nothing
    talk.client.types("Hello")
    assert notes.status == "with the server"
    for seconds, age in ((1, 1), (1, 2), (1, 3)):
        move(talk.loop, clock, seconds)
        assert notes.status == f"with the server | 1 line not confirmed for {age} s"
    talk.client.types("/status")
    assert "notify Not confirmed: 1 line for 3 s." in notes.news()
    person.connection.link.shown(1)
    person.connection.flush(hurry=True)
    talk.until(lambda: notes.status == "with the server | delivered")
    move(talk.loop, clock, 5)
    assert notes.status == "with the server"


def test_who_does_not_come_back_is_explained(clock: Clock) -> None:
    """After 20 s: why that may be, until when we wait, and how not to."""
    talk = edited(clock, search=60)
    talk.cut()
    talk.client.notes.news()
    move(talk.loop, clock, 20)
    until = talk.client.chat._standing.until
    assert talk.client.notes.news() == [
        "notify The server has not come back for 20 s: the network may be down, or the "
        f"other program has ended. Wait until {until}, or leave with /q."
    ]


def test_who_comes_back_early_is_not_explained(clock: Clock) -> None:
    """The timer ends with the search."""
    talk = edited(clock, search=60)
    talk.cut()
    talk.mend()
    talk.client.notes.news()
    move(talk.loop, clock, 9)
    move(talk.loop, clock, 9)
    move(talk.loop, clock, 9)
    assert not any("has not come back" in each for each in talk.client.notes.news())


# What can be asked.


def test_a_line_that_is_kept_can_be_taken_back(talk: Talk) -> None:
    """The last one first; what was sent cannot."""
    talk.server.types("one", "two", "/unsend", "/unsend", "/unsend")
    nothing = "notify Nothing is kept for later. A line that was sent cannot be taken back."
    assert talk.server.notes.news()[-3:] == ["return two", "return one", nothing]
    assert not talk.server.chat._drafts


def test_status_tells_how_the_talk_stands(talk: Talk) -> None:
    """In turns: with the lines that are kept for later."""
    talk.server.types("one")
    talk.server.notes.news()
    talk.server.types("/status")
    assert talk.server.notes.news() == [
        f"notify With the client at there, since {talk.server.chat._standing.since}.",
        "notify Mode: turns, it is the client's turn.",
        "notify Private: no, for now. Who can read the network can read this talk.",
        "notify Round trip: not known before 10 s of silence.",
        "notify Not confirmed: nothing.",
        "notify Kept for later: one",
    ]


def test_who_tells_both_names(talk: Talk) -> None:
    """And where the other side is."""
    talk.client.types("/who")
    assert talk.client.notes.news()[0] == (
        "notify You are the client, and talk with the server at there."
    )


def test_find_shows_the_messages_with_all_words(free: Talk) -> None:
    """In any case, both sides' own, the newest last; the last ones, when they are many."""
    free.client.types("The red House", "a house")
    free.until(lambda: free.server.session.shown == 2)
    free.server.types("My HOUSE is red")
    free.until(lambda: free.client.session.shown == 1)
    free.client.notes.news()
    free.client.types("/find house RED")
    found = [each for each in free.client.notes.news() if each != "ask"]
    assert [each[len("notify 12:00 ") :] for each in found] == [
        "you: The red House",
        "the server: My HOUSE is red",
    ]
    free.client.types("/find", "/find  ", "/find tree")
    assert [each for each in free.client.notes.news() if each != "ask"] == [
        "notify Not done, find what? /find WORDS",
        "notify Not done, find what? /find WORDS",
        "notify No message of this run has: tree",
    ]
    free.client.pastes(*["house"] * LISTED)
    free.client.types("/find house")
    found = [each for each in free.client.notes.news() if each != "ask"]
    assert found[0] == f"notify {LISTED + 3} lines have this, the last {LISTED} are:"
    assert len(found) == LISTED + 1


def test_a_script_has_nothing_that_it_could_find(pipes: Talk) -> None:
    """Remembering would cost each of its lines, and nobody would ask."""
    pipes.client.types("Hello", "/find Hello")
    assert "notify Not done, /find is for a keyboard." in pipes.client.notes.news()
    assert not pipes.client.chat._memory._entries


def test_during_a_game_the_status_has_the_move_and_not_the_turn(talk: Talk) -> None:
    """Whose turn it is to talk matters less."""
    talk.client.types("/play tictactoe")
    talk.until(lambda: talk.server.chat._table and talk.server.chat._table.offer_received)
    talk.server.types("/play")
    talk.until(lambda: talk.client.chat._table and talk.client.chat._table.game)
    client, server = (person.notes.status.split(" | ")[1] for person in talk.people)
    assert {client, server} == {
        "tictactoe, you are O, the client's move",
        "tictactoe, you are X, your move",
    }
