"""What a typed line does and what an arriving message does, without a terminal.

Two real connections over loopback, a real loop, and a terminal that writes down what
it is told: the part that both programs share.
"""

import signal
from collections import deque
from collections.abc import Callable

import pytest
from chatlib.lifeline import Lifeline

from chatlib.chat import DRAFTS_LIMIT, Chat
from chatlib.connection import Connection
from chatlib.errors import ScreenClosedError
from chatlib.loop import Loop
from chatlib.protocol.frames import TEXT_LIMIT
from chatlib.protocol.session import (
    WINDOW,
    Event,
    Greeted,
    Mode,
    Opened,
    Reason,
    Said,
    Session,
    State,
)
from chatlib.terminal.terminal import Terminal
from harness import wire
from tests.helpers import Clock, make_client, make_server, socket_pair, until

HINTS = ["show Type /q to quit", "show Enter message to send..."]


class Notes(Terminal):
    """A terminal that writes down what it is told."""

    def __init__(self, *, interactive: bool) -> None:
        self.interactive = interactive
        self.closed = False
        self.listening = False
        self.asking = False
        self.standing = ""
        self.written: list[str] = []

    @property
    def hung_up(self) -> bool:
        """Whether the test has closed the terminal."""
        return self.closed

    def refresh(self, asking: bool, accepting: bool, describe: Callable[[], str]) -> None:
        """As a pipe does."""
        if asking:
            self.ask()
        self.listen(accepting or self.interactive)
        self.show_status(describe)

    def listen(self, on: bool) -> None:
        """Remember it."""
        self.listening = on

    def show(self, text: str) -> None:
        """Write it down."""
        self.written.append(f"show {text}")

    def show_messages(self, speaker: str, texts: list[str]) -> None:
        """Write it down as the plain terminal shows it."""
        for text in texts:
            self.show(f"{speaker}: {text}" if speaker else text)

    def refuse(self, reason: str, text: str) -> None:
        """Write it down."""
        self.written.append(f"refuse {reason}: {text}")

    def show_status(self, describe: Callable[[], str]) -> None:
        """Remember the last."""
        self.standing = describe()

    def notify(self, text: str) -> None:
        """Write it down."""
        self.written.append(f"notice {text}")

    def ask(self) -> None:
        """Write it down, once until it is answered."""
        if not self.asking:
            self.written.append("ask")
        self.asking = True

    def echo(self, text: str) -> None:
        """Write it down."""
        self.written.append(f"echo {text}")

    def remove_prompt(self) -> None:
        """Remember it."""
        self.asking = False

    def begin_line(self) -> None:
        """Write it down."""
        self.written.append("interrupt")

    def news(self) -> list[str]:
        """Give what was written since the last time."""
        news, self.written = self.written, []
        return news


class Greeter:
    """The owner of a connection until both have said HELLO; then the chat takes over."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def handle(self, connection: Connection, event: Event) -> None:
        """Welcome who greets; begin when greeted."""
        assert isinstance(event, Greeted | Opened)
        if isinstance(event, Greeted):
            connection.session.welcome()
        self._chat.begin(connection, "Connected")

    def settle(self) -> None:
        """Nothing."""

    def closed(self, connection: Connection) -> None:
        """Nothing."""


class Person:
    """One side: a chat, its terminal's notes, its connection, and how it ended."""

    def __init__(self, loop: Loop, *, interactive: bool = True) -> None:
        self.notes = Notes(interactive=interactive)
        self.ends: list[tuple[int, bool]] = []
        self.chat = Chat(
            self.notes,
            lambda code, by_me: self.ends.append((code, by_me)),
            Lifeline(loop, 0),
        )
        self.connection: Connection
        self.session: Session

    def types(self, *lines: str) -> None:
        """Type lines, each with Enter."""
        for line in lines:
            self.notes.asking = False
            self.chat.said(line)

    def pours(self, *lines: str) -> int:
        """Give many lines at once, as a pipe does; return how many were taken."""
        waiting = deque(lines)
        taken = self.chat.pour(waiting)
        assert [*waiting] == [*lines[taken:]]
        return taken


class Talk:
    """A server's and a client's person, connected; `name` is the client's."""

    def __init__(
        self,
        loop: Loop,
        *,
        interactive: bool = True,
        mode: Mode = Mode.TURNS,
        name: str = "client",
    ) -> None:
        self.loop = loop
        self.client = Person(loop, interactive=interactive)
        self.server = Person(loop, interactive=interactive)
        near, far = socket_pair()
        for person, sock, session in (
            (self.client, near, make_client(name=name)),
            (self.server, far, make_server(mode=mode)),
        ):
            person.session = session
            person.chat.start()
            person.connection = Connection(
                loop, sock, "there", session, Greeter(person.chat)
            )
        self.client.connection.flush()
        self.until(lambda: self.client.notes.asking or not interactive)
        self.until(lambda: self.client.session.has_turn())

    def until(self, condition: Callable[[], bool]) -> None:
        """Turn the loop until the condition holds; five seconds at most."""
        late: list[bool] = []
        timer = self.loop.call_later(5.0, lambda: late.append(True))
        while not condition():
            self.loop.turn()
            assert not late, (self.client.notes.written, self.server.notes.written)
        timer.cancel()

    def over(self) -> None:
        """Turn the loop until both sides have ended."""
        self.until(lambda: bool(self.client.ends and self.server.ends))


@pytest.fixture
def talk(loop: Loop) -> Talk:
    """Two people who have just been connected; the client is asked."""
    talk = Talk(loop)
    assert talk.client.notes.news() == ["show Connected", *HINTS, "ask"]
    assert talk.server.notes.news() == ["show Connected", "show Waiting for message..."]
    return talk


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


def test_a_message_is_acknowledged_after_it_was_shown(talk: Talk) -> None:
    """If showing it fails, the other side is never told that it was shown."""

    def fail(text: str) -> None:
        raise RuntimeError("no screen")

    talk.server.notes.show = fail  # type: ignore[method-assign]
    talk.client.types("Hello")
    with pytest.raises(RuntimeError):
        talk.until(lambda: False)
    assert talk.server.session.received == 1
    assert talk.server.session.confirmed == 0


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
def test_what_is_text_and_what_is_not(talk: Talk, line: str, arrives: str) -> None:
    """A command begins the line; everything else goes out as it was typed."""
    talk.client.types(line)
    talk.until(lambda: talk.server.notes.asking)
    assert f"show {arrives}" in talk.server.notes.news()


@pytest.mark.parametrize("line", ["", "/say", "/say "])
def test_an_empty_line_sends_nothing_and_asks_again(talk: Talk, line: str) -> None:
    """It is still our turn."""
    talk.client.types(line)
    hint = ["notice /say needs a text."] if line else []
    assert talk.client.notes.news() == [*hint, "ask"]
    assert talk.client.session.sent == 0


def test_an_unknown_command_is_given_back(talk: Talk) -> None:
    """With the way to send it as text."""
    talk.client.types("/quit now")
    assert talk.client.notes.news() == [
        "notice There is no command /quit (see /help); //quit now sends it as text."
        " Did you mean /q?",
        "ask",
    ]


def test_help_lists_the_commands_and_costs_no_turn(talk: Talk) -> None:
    """One line each."""
    talk.client.types("/help")
    news = talk.client.notes.news()
    assert any(line.startswith("notice /q ") for line in news)
    assert news[-1] == "ask"


def test_a_message_over_the_limit_is_given_back(talk: Talk) -> None:
    """Nothing was sent, and it is still our turn."""
    text = "ü" * 16385
    talk.client.types(text)
    assert talk.client.notes.news() == [
        f"refuse Not sent, the message is 32770 bytes long, the limit is 32768: {text}",
        "ask",
    ]
    assert talk.client.session.has_turn()


def test_a_kept_line_over_the_limit_is_given_back_when_its_turn_comes(talk: Talk) -> None:
    """The next that was kept goes out in its place."""
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


def test_of_an_early_line_that_cannot_be_sent_the_reason_is_told(loop: Loop) -> None:
    """Also where `/q` was typed behind it: that is not why."""
    person, text = Person(loop), "x" * (TEXT_LIMIT + 1)
    near, far = socket_pair()
    person.session = make_client()
    greeter = Greeter(person.chat)
    person.connection = Connection(loop, near, "there", person.session, greeter)
    person.chat.greet(person.connection)
    person.connection.flush()
    person.types("early", text, "/q")
    person.notes.news()
    server = make_server(mode=Mode.FREE)
    server.receive_data(far.recv(65536))
    assert isinstance(server.next_event(), Greeted)
    server.welcome()
    far.sendall(server.data_to_send())
    until(loop, lambda: person.session.state is State.CLOSING)
    refused = [note for note in person.notes.news() if note.startswith("refuse")]
    assert refused == [
        f"refuse Not sent, the message is 32769 bytes long, the limit is 32768: {text}"
    ]
    person.connection.close()
    far.close()


def test_lines_typed_early_are_kept_and_sent_a_turn_each(talk: Talk) -> None:
    """In their order, shown at the prompt when they go out."""
    talk.server.types("one", "two")
    assert talk.server.notes.news() == [
        "notice Kept for later, because it is not your turn: one",
        "notice Kept for later, because it is not your turn: two",
    ]
    talk.client.types("Hello")
    talk.until(lambda: talk.client.notes.asking)
    assert talk.server.notes.news() == ["show Hello", *HINTS, "echo one"]
    talk.client.types("Go on")
    talk.until(lambda: talk.client.notes.asking)
    assert talk.server.notes.news() == ["show Go on", "echo two"]
    assert talk.client.notes.news() == ["show one", "ask", "show two", "ask"]


def test_more_early_lines_than_are_kept_are_given_back(talk: Talk) -> None:
    """256 lines wait at most; the keyboard is still read, so `/q` works."""
    for number in range(DRAFTS_LIMIT):
        talk.server.types(str(number))
    talk.server.notes.news()
    talk.server.types("one too many")
    assert talk.server.notes.news() == [
        f"refuse Not kept, {DRAFTS_LIMIT} lines wait already: one too many"
    ]
    assert talk.server.notes.listening
    talk.server.types("/q")
    talk.over()
    assert talk.server.ends == [(0, True)]


def test_a_pipe_is_read_only_when_it_is_its_turn(loop: Loop) -> None:
    """What is not read yet stays in the kernel and is not lost."""
    talk = Talk(loop, interactive=False)
    assert talk.client.notes.listening
    assert not talk.server.notes.listening
    talk.client.types("Hello")
    assert not talk.client.notes.listening
    talk.until(lambda: talk.server.notes.listening)


def test_in_free_talk_both_are_asked_at_once_and_names_stand_before_texts(
    loop: Loop,
) -> None:
    """The line that arrives takes the prompt's place, and the prompt comes again."""
    talk = Talk(loop, mode=Mode.FREE)
    for person in (talk.client, talk.server):
        assert person.notes.news() == ["show Connected", *HINTS, "ask"]
    talk.server.types("one", "two")
    talk.until(lambda: "show server: two" in talk.client.notes.written)
    talk.client.types("uno")
    talk.until(lambda: "show client: uno" in talk.server.notes.written)
    assert [line for line in talk.client.notes.news() if line != "ask"] == [
        "show server: one",
        "show server: two",
    ]


def test_in_free_talk_a_pipe_is_read_until_too_much_is_under_way(loop: Loop) -> None:
    """Then it waits for confirmations: a peer that does not read costs no memory."""
    talk = Talk(loop, interactive=False, mode=Mode.FREE)
    for number in range(WINDOW):
        assert talk.client.notes.listening
        talk.client.types(f"line {number}")
    assert not talk.client.notes.listening
    talk.until(lambda: talk.client.notes.listening)
    talk.client.chat.ended()
    talk.over()
    assert talk.client.ends == [(0, True)]
    shown = [line for line in talk.server.notes.news() if line.startswith("show client: ")]
    assert shown == [f"show client: line {number}" for number in range(WINDOW)]


# Many lines at once, from a pipe.


@pytest.fixture
def pipes(loop: Loop) -> Talk:
    """Two pipes that talk freely."""
    talk = Talk(loop, interactive=False, mode=Mode.FREE)
    talk.until(lambda: talk.server.session.has_turn())
    return talk


@pytest.mark.parametrize("other", ["/q", "/say x", "//x", "", "x" * 32769, "\ud800"])
def test_lines_go_together_up_to_the_first_that_needs_a_thought(
    pipes: Talk, other: str
) -> None:
    """They arrive in their order; that one, and what follows it, is left."""
    assert pipes.client.pours("one", "two", other, "three") == 2
    assert pipes.client.pours(other, "three") == 0
    assert pipes.client.pours("three") == 1
    pipes.until(lambda: not pipes.client.session.unconfirmed)
    shown = [line for line in pipes.server.notes.news() if "client: " in line]
    assert shown == ["show client: one", "show client: two", "show client: three"]


def test_a_pipe_that_pours_stands_still_when_too_much_is_under_way(pipes: Talk) -> None:
    """No line is read that could only be kept; confirmations let it go on."""
    lines = [f"line {number}" for number in range(WINDOW + 10)]
    assert pipes.client.pours(*lines) == WINDOW
    assert not pipes.client.notes.listening
    pipes.until(lambda: pipes.client.notes.listening)
    assert pipes.client.pours(*lines[WINDOW:]) == 10
    pipes.client.chat.ended()
    pipes.over()
    shown = [line for line in pipes.server.notes.news() if "client: " in line]
    assert shown == [f"show client: {line}" for line in lines]
    assert pipes.client.notes.news()[-1].endswith(f"{WINDOW + 10} messages were delivered.")


def test_nothing_overtakes_the_lines_that_were_typed_early(talk: Talk) -> None:
    """Not even in the moment in which their turn has come."""
    talk.server.types("early")
    talk.server.session.receive_data(wire.text(1, "now you"))
    assert [type(event) for event in talk.server.session.events()] == [Said]
    assert talk.server.session.has_turn()
    assert talk.server.pours("late", "later") == 0
    assert talk.server.session.sent == 0


def test_during_a_game_every_line_is_looked_at(pipes: Talk) -> None:
    """It may be a move; after the game many go at once again."""
    pipes.client.types("/play tictactoe")
    pipes.until(lambda: bool(pipes.server.session.received))
    pipes.server.types("/play")
    pipes.until(lambda: bool(pipes.client.session.received))
    assert pipes.client.pours("5", "hello") == 0
    assert pipes.server.pours("5", "hello") == 0
    pipes.client.types("/resign")
    assert pipes.client.pours("5", "hello") == 2


def test_nobody_pours_before_the_talk_or_after_it(loop: Loop, pipes: Talk) -> None:
    """Such lines are kept or given back, each with its reason."""
    assert Person(loop, interactive=False).pours("one", "two") == 0
    pipes.client.types("/q")
    assert pipes.client.pours("one", "two") == 0
    pipes.over()
    assert pipes.server.pours("one", "two") == 0
    assert pipes.client.notes.news()[-1] == "notice Goodbye: you left."


def test_of_many_messages_none_is_acknowledged_before_all_are_shown(pipes: Talk) -> None:
    """If showing them fails, the other side is never told that they were shown."""

    def fail(text: str) -> None:
        raise RuntimeError("no screen")

    pipes.server.notes.show = fail  # type: ignore[method-assign]
    assert pipes.client.pours("one", "two", "three") == 3
    with pytest.raises(RuntimeError):
        pipes.until(lambda: False)
    assert pipes.server.session.confirmed == 0


def test_of_many_messages_all_are_acknowledged(pipes: Talk) -> None:
    """Those that came together too."""
    assert pipes.client.pours("one", "two", "three") == 3
    pipes.until(lambda: pipes.server.session.received == 3)
    assert pipes.server.session.confirmed == 3
    pipes.until(lambda: not pipes.client.session.unconfirmed)


@pytest.mark.parametrize("leaver", ["client", "server"])
def test_q_ends_both_with_0(talk: Talk, leaver: str) -> None:
    """Whoever's turn it is."""
    first, second = (
        (talk.client, talk.server) if leaver == "client" else (talk.server, talk.client)
    )
    first.types("/q so long")
    talk.over()
    assert first.ends == [(0, True)]
    assert second.ends == [(0, False)]
    assert first.notes.news()[-1] == "notice Goodbye: you left."
    assert (
        second.notes.news()[-1] == f"notice Goodbye: the {leaver} left. Last words: so long"
    )


def test_q_at_once_with_a_message_shows_the_message_first(talk: Talk) -> None:
    """Everything typed before `/q` arrives."""
    talk.client.types("last words", "/q")
    talk.over()
    assert "show last words" in talk.server.notes.news()
    assert talk.client.notes.news()[-1] == (
        "notice Goodbye: you left; your message was delivered."
    )


def test_both_may_leave_at_once(talk: Talk) -> None:
    """Neither waits for the other in vain."""
    talk.client.types("/q")
    talk.server.types("/q")
    talk.over()
    assert [person.ends[0][0] for person in (talk.client, talk.server)] == [0, 0]


def test_a_last_word_cannot_forge_lines(talk: Talk) -> None:
    """A line end in it stays inside the one notice, for the terminal to make visible."""
    talk.client.session.leave(Reason.QUIT, "bye\nGoodbye: forged.")
    talk.client.connection.flush()
    talk.over()
    assert (
        "notice Goodbye: the client left. Last words: bye\nGoodbye: forged."
        in talk.server.notes.news()
    )


def test_a_last_word_over_the_limit_is_given_back(talk: Talk) -> None:
    """It is cut to what a goodbye carries, and that is said."""
    words = "x" * 128
    talk.client.types(f"/q {words}")
    talk.over()
    assert f"notice Cut to 127 bytes: {words}" in talk.client.notes.news()
    assert talk.server.notes.news()[-1].endswith(f"Last words: {words[:127]}")


def test_a_last_word_cannot_pass_for_ours(talk: Talk) -> None:
    """It stands at the end of the line: whatever follows "Last words" is the peer's."""
    talk.client.types("one", "/q x; your 9 messages were delivered.")
    talk.over()
    assert talk.server.notes.news()[-1] == (
        "notice Goodbye: the client left. Last words: x; your 9 messages were delivered."
    )


def test_when_both_leave_at_once_each_hears_the_others_last_word(talk: Talk) -> None:
    """Both have left, and neither word is lost."""
    talk.client.types("/q so long")
    talk.server.types("/q take care")
    talk.over()
    assert talk.client.notes.news()[-1] == "notice Goodbye: you left. Last words: take care"
    assert talk.server.notes.news()[-1] == "notice Goodbye: you left. Last words: so long"


def test_a_goodbye_that_is_answered_with_a_complaint_is_no_goodbye(talk: Talk) -> None:
    """The peer says that we broke the protocol: that counts, although we left first."""
    talk.client.types("/q")
    talk.server.session.leave(Reason.PROTOCOL, "you broke it")
    talk.server.connection.flush()
    talk.over()
    assert talk.client.ends == [(1, True)]
    assert talk.client.notes.news()[-1] == (
        "notice The chat was ended by the server. Last words: you broke it"
    )


def test_what_is_typed_after_the_goodbye_is_given_back(talk: Talk) -> None:
    """At once: there is no turn to come for it."""
    talk.client.types("/q", "one more thing")
    assert "refuse Not sent, you have left: one more thing" in talk.client.notes.news()
    talk.over()


def test_a_second_goodbye_changes_nothing(talk: Talk) -> None:
    """Neither /q again nor the end of the input."""
    talk.client.types("/q", "/q", "more")
    talk.client.chat.ended()
    talk.over()
    assert talk.client.ends == [(0, True)]
    assert "notice Goodbye: you left." in talk.client.notes.news()


def test_what_was_never_sent_is_listed_at_the_end(talk: Talk) -> None:
    """Nothing typed is lost in silence."""
    talk.server.types("too early")
    talk.client.types("/q")
    talk.over()
    assert talk.server.notes.news()[-1] == "notice Never sent: too early"


def test_a_lost_connection_lists_what_was_not_confirmed(talk: Talk) -> None:
    """By text, and the exit code says that something was lost."""
    talk.loop.forget(talk.server.connection._socket.fileno())  # the server reads no more
    talk.client.types("Hello?")
    talk.server.connection._socket.close()
    talk.until(lambda: bool(talk.client.ends))
    assert talk.client.ends == [(1, False)]
    assert talk.client.notes.news() == [
        "notice The connection to the server was lost; your message was not confirmed.",
        "notice Not confirmed: Hello?",
    ]


def test_a_peer_that_breaks_the_protocol_is_named(talk: Talk) -> None:
    """And ends the chat with 1 on our side."""
    talk.client.connection._pending += b"\xff" * 8
    talk.client.connection.flush()
    talk.over()
    assert talk.server.ends == [(1, False)]
    assert (
        "notice The protocol was broken by the client: unknown kind 255."
        in talk.server.notes.news()
    )
    assert talk.client.ends == [(1, False)]
    assert (
        "notice The chat was ended by the server. Last words: unknown kind 255"
        in talk.client.notes.news()
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_says_goodbye_and_ends_with_128_and_its_number(
    talk: Talk, number: signal.Signals
) -> None:
    """The other side is told which and ends with 0."""
    talk.server.chat.stop(number)
    talk.over()
    assert talk.server.ends == [(128 + number, True)]
    assert talk.client.ends == [(0, False)]
    assert talk.client.notes.news()[-1] == (
        f"notice Goodbye: the server left. Last words: stopped by {number.name}"
    )
    assert talk.server.notes.news()[0] == (
        "interrupt" if number == signal.SIGINT else "notice Goodbye: you left."
    )


def test_a_closed_terminal_counts_as_a_hang_up(talk: Talk) -> None:
    """The end of input is a goodbye, but not when there is nobody left to have meant it."""
    talk.client.notes.closed = True
    talk.client.chat.ended()
    talk.client.chat.stop(signal.SIGHUP)  # the signal itself comes a little later
    talk.over()
    assert (talk.client.ends, talk.server.ends) == ([(129, True)], [(0, False)])
    assert talk.client.notes.news()[-1] == "notice Goodbye: you left."
    assert talk.server.notes.news()[-1].endswith("left. Last words: stopped by SIGHUP")


def test_the_end_of_input_is_a_goodbye(talk: Talk) -> None:
    """Like `/q`."""
    talk.client.chat.ended()
    talk.over()
    assert (talk.client.ends, talk.server.ends) == ([(0, True)], [(0, False)])


def test_without_a_screen_nothing_more_is_shown_or_acknowledged(talk: Talk) -> None:
    """The message under way stays unconfirmed, and its sender is told so."""
    talk.client.types("Hello")
    talk.server.chat.lose_screen()
    talk.server.chat.leave_blind()
    talk.over()
    assert talk.server.ends == [(128 + signal.SIGPIPE, True)]
    assert talk.client.ends == [(1, False)]
    assert "notice Not confirmed: Hello" in talk.client.notes.news()
    assert not any("show" in line for line in talk.server.notes.news())


def test_without_a_screen_no_game_goes_on(talk: Talk) -> None:
    """What was told about one is not acknowledged: its board was seen by nobody."""
    talk.server.chat.lose_screen()
    talk.client.types("/play tictactoe")
    talk.until(lambda: talk.server.session.received == 1)
    assert talk.server.session.confirmed == 0
    assert talk.server.notes.news() == []
    talk.server.chat.leave_blind()
    talk.over()
    assert talk.client.session.unconfirmed == 1


def test_before_anybody_came_q_and_signals_end_at_once() -> None:
    """There is nobody to wait for."""
    leaves: list[tuple[Callable[[Chat], None], int]] = [
        (lambda chat: chat.said("/q"), 0),
        (lambda chat: chat.ended(), 0),
        (lambda chat: chat.stop(signal.SIGTERM), 143),
    ]
    for leave, code in leaves:
        person = Person(
            Loop(),
        )
        person.chat.start()
        leave(person.chat)
        assert person.ends == [(code, True)]


def test_lines_typed_before_anybody_came_are_kept(loop: Loop) -> None:
    """And listed when the program ends before."""
    person = Person(
        Loop(),
    )
    person.chat.start()
    person.types("Anybody?")
    person.types("/q")
    assert person.notes.news() == [
        "notice Kept for later, because there is nobody here yet: Anybody?",
        "notice Goodbye: you left before anybody came.",
        "notice Never sent: Anybody?",
    ]


# How the talk stands.


def stands(person: Person, text: str) -> bool:
    """Whether this is what the person is told last of how the talk stands."""
    return person.notes.standing == text


def test_before_anybody_came_nobody_is_here(loop: Loop) -> None:
    """Nor before a peer has answered: who it is has not been said."""
    person = Person(loop)
    person.chat.start()
    assert stands(person, "nobody here yet")
    near, far = socket_pair()
    with far:
        connection = Connection(loop, near, "there", make_client(), Greeter(person.chat))
        person.chat.greet(connection)
        person.types("")
        assert stands(person, "nobody here yet")
        connection.close()


def test_it_is_said_with_whom_one_talks_and_whose_turn_it_is(talk: Talk) -> None:
    """From the first moment, and with every message."""
    assert stands(talk.client, "with the server | your turn")
    assert stands(talk.server, "with the client | the client's turn")
    talk.client.types("Hello")
    talk.until(lambda: stands(talk.server, "with the client | your turn"))
    talk.until(lambda: stands(talk.client, "with the server | the server's turn"))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Ann", "with Ann | Ann's turn"),
        ("", "with the other side | the other side's turn"),
        ("server", "with the server | the server's turn"),
    ],
)
def test_one_talks_with_a_name_where_there_is_one(loop: Loop, name: str, told: str) -> None:
    """The two words that the programs say of themselves are no names."""
    assert stands(Talk(loop, name=name).server, told)


def test_in_free_talk_it_is_nobodys_turn(loop: Loop) -> None:
    """There is nothing to say of it."""
    talk = Talk(loop, mode=Mode.FREE)
    assert stands(talk.client, "with the server")
    assert stands(talk.server, "with the client")


def test_what_is_not_confirmed_is_counted_until_it_is(loop: Loop) -> None:
    """One line is not two."""
    talk = Talk(loop, mode=Mode.FREE)
    talk.client.types("one")
    assert stands(talk.client, "with the server | 1 line not confirmed yet")
    talk.client.types("two")
    assert stands(talk.client, "with the server | 2 lines not confirmed yet")
    talk.until(lambda: stands(talk.client, "with the server"))


def test_what_is_kept_for_later_is_counted_until_it_is_sent(talk: Talk) -> None:
    """After all the rest: it has not even gone out."""
    lead = "with the client | the client's turn"
    talk.server.types("one")
    assert stands(talk.server, f"{lead} | 1 line kept for later")
    talk.server.types("two")
    assert stands(talk.server, f"{lead} | 2 lines kept for later")
    talk.client.types("Hello")
    talk.until(lambda: stands(talk.server, f"{lead} | 1 line kept for later"))
    talk.client.types("Go on")
    talk.until(lambda: stands(talk.server, lead))


def test_who_leaves_is_told_that_it_is_under_way(talk: Talk) -> None:
    """It is nobody's turn then, but what was sent still waits."""
    talk.client.types("Hello", "/q")
    assert stands(talk.client, "with the server | leaving | 1 line not confirmed yet")
    talk.over()


def test_a_lost_connection_stands_in_the_place_of_the_one_who_was_there(talk: Talk) -> None:
    """For as long as the other side is looked for; the rest stays as it was."""
    talk.client.chat._lifeline.patience = 60
    talk.loop.forget(talk.server.connection._socket.fileno())
    talk.server.connection._socket.close()
    lost = "connection to the server lost, trying again"
    talk.until(lambda: stands(talk.client, f"{lost} | your turn"))


def test_a_silence_that_worries_is_counted_and_the_way_there_and_back_measured() -> None:
    """Of a peer that was asked for a sign of life; when it gives one, how quickly."""
    clock = Clock()
    talk = Talk(Loop(clock))
    clock.now += 10
    talk.client.session.pass_time(clock.now)
    talk.client.types("")
    assert stands(talk.client, "with the server | your turn")  # it was asked just now
    clock.now += 2
    talk.client.types("")
    assert stands(talk.client, "with the server | nothing heard for 12 s | your turn")
    talk.client.connection.flush()
    clock.now += 0.0123
    until(talk.loop, lambda: not talk.client.session.worried)
    assert stands(talk.client, "with the server | your turn | round trip 2000 ms")
    for seconds, told in ((0.0009, "below 1 ms"), (0.00149, "1.5 ms"), (1.234, "1200 ms")):
        talk.client.session.round_trip = seconds
        talk.client.types("")
        assert stands(talk.client, f"with the server | your turn | round trip {told}")


def test_what_is_refused_changes_nothing(talk: Talk) -> None:
    """It is neither under way nor kept."""
    talk.client.types("x" * 32769)
    assert stands(talk.client, "with the server | your turn")


def test_when_the_next_is_awaited_nobody_is_here_again(talk: Talk) -> None:
    """Of the one who has left nothing remains."""
    talk.server.types("early")
    talk.client.types("/q")
    talk.over()
    talk.server.chat.start()
    assert stands(talk.server, "nobody here yet")


def test_what_is_sent_at_once_is_off_the_hands_before_anything_can_fail(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A screen that is closed at that moment gets no line sent twice."""
    talk = Talk(loop, mode=Mode.FREE)

    def fail() -> None:
        raise ScreenClosedError("closed")

    monkeypatch.setattr(talk.server.notes, "ask", fail)
    lines = deque(["one", "two"])
    with pytest.raises(ScreenClosedError):
        talk.server.chat.pour(lines)
    assert not lines
