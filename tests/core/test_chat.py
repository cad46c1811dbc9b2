"""What a typed line does and what an arriving message does, without a terminal.

Two chats, real connections over loopback, a real loop, and terminals that record their
calls: everything that both programs share.
"""

import signal
import socket
from collections.abc import Callable

import pytest

from chatlib.chat import Chat, Host
from chatlib.commands import _COMMANDS, HELP, NAMES
from chatlib.connection import (
    Connection,
    Owner,
)
from chatlib.ending import LISTED
from chatlib.loop import Loop
from chatlib.protocol.events import Event, Greeted
from chatlib.protocol.frames import Mode, Reason
from chatlib.protocol.link import State
from chatlib.protocol.session import Session
from harness import wire
from tests.helpers import (
    SESSION_ID,
    Clock,
    make_client,
    make_server,
    move,
    patience,
    remember,
    socket_pair,
    until,
)
from tests.talks import (
    HINTS,
    SEARCH_SECONDS,
    Person,
    Talk,
    edited,
    fail_to_show,
)

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
    talk.server.chat.commands.admit = lambda: done.append(True)
    talk.server.types("/admit")
    assert done == [True]
    assert talk.server.notes.news() == []
    talk.client.types("/admit")
    says = "notify Only the server can do that: it is the one that waits."
    assert talk.client.notes.news() == [says, "ask"]


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


# The search for a peer whose connection was lost.


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
    assert talk.server.chat.peer.connection is not old
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
                answers.append(talk.server.chat.peer.expects(event))
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
        assert self.chat.peer.connection
        return self.chat.peer.connection.link.session

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


ENDED = "The chat was ended by the client"
UNKNOWN = "The client came back to a talk that is not known here"


@pytest.mark.parametrize(
    ("reason", "told"),
    [(wire.UNKNOWN_SESSION, UNKNOWN), (wire.VERSION, ENDED), (wire.PROTOCOL, ENDED)],
)
def test_a_client_that_refuses_our_hello_is_forgotten(reason: int, told: str) -> None:
    """It may have taken this server for another one."""
    server = Server()
    server.client.sendall(wire.bye(0, reason))
    server.client.close()
    until(server.loop, lambda: server.chat.is_free)
    assert server.dropped == [f"{told}. Nothing was said yet: waiting for a client."]
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


# A chat that is over.


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
        f"trying again until {lost.client.chat.standing.until} | your turn"
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
    assert person.chat.standing.describe() == ("nobody here yet",)
    person.chat.standing.wait_for("no server yet")
    assert person.notes.status == "no server yet"
    person.types("/status", "/who")
    assert person.notes.news() == ["notify No server yet."] * 2


# At an edited terminal.


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
    until = talk.client.chat.standing.until
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


def test_status_tells_how_the_talk_stands(talk: Talk) -> None:
    """In turns: with the lines that are kept for later."""
    talk.server.types("one")
    talk.server.notes.news()
    talk.server.types("/status")
    assert talk.server.notes.news() == [
        f"notify With the client at there, since {talk.server.chat.standing.since}.",
        "notify Mode: turns, it is the client's turn.",
        "notify Private: no. Who can read the network can read this talk.",
        "notify Round trip: measured after 10 s of silence.",
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
    assert found[0] == f"notify {LISTED + 3} messages have this, the last {LISTED} are:"
    assert len(found) == LISTED + 1


def test_a_script_has_nothing_that_it_could_find(pipes: Talk) -> None:
    """Remembering would cost each of its lines, and nobody would ask."""
    pipes.client.types("Hello", "/find Hello")
    assert "notify Not done, /find is for a keyboard." in pipes.client.notes.news()
    assert not pipes.client.chat._memory._entries


def test_during_a_game_the_status_has_the_move_and_not_the_turn(talk: Talk) -> None:
    """Whose turn it is to talk matters less."""
    talk.client.types("/play tictactoe")
    talk.until(
        lambda: (
            talk.server.chat._playing.table
            and talk.server.chat._playing.table.offer_received
        )
    )
    talk.server.types("/play")
    talk.until(
        lambda: talk.client.chat._playing.table and talk.client.chat._playing.table.game
    )
    client, server = (person.notes.status.split(" | ")[1] for person in talk.people)
    assert {client, server} == {
        "tictactoe, you are O, the client's move",
        "tictactoe, you are X, your move",
    }
