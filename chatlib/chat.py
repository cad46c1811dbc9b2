"""Joins session and terminal: what a typed line does, what an arriving message does.

The same for both programs: whether this end is asked first follows from the session.
Knows no selector and no socket; `program` builds it, `chatd` and `chatc` hand it the
connection once both sides have said HELLO.
"""

import signal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile

from chatlib.connection import GOODBYE_SECONDS, Connection
from chatlib.errors import Exit, LocalProtocolError, TableError
from chatlib.lifeline import Lifeline
from chatlib.protocol.session import (
    FAREWELL_LIMIT,
    PING_SECONDS,
    WORRY_SECONDS,
    Event,
    Failed,
    Left,
    Lost,
    Mode,
    Played,
    Reason,
    Said,
    Session,
    State,
)

TYPE_CHECKING = False  # see `connection`
if TYPE_CHECKING:
    from typing import Protocol

    from chatlib.games.game import Game
    from chatlib.games.table import Table

    class Terminal(Protocol):
        """What a chat needs of the person's side; `terminal.plain` says what each does."""

        interactive: bool

        @property
        def gone(self) -> bool:
            """Whether the terminal that a person sat at has been closed."""

        def start(
            self,
            said: Callable[[str], None],
            ended: Callable[[], None],
            pour: Callable[[deque[str]], int],
        ) -> None:
            """Wire the keyboard."""

        def show(self, text: str) -> None:
            """Write a line of the conversation."""

        def message(self, speaker: str, texts: list[str]) -> None:
            """Write lines of the peer's."""

        def notice(self, text: str) -> None:
            """Write a line about the chat."""

        def refuse(self, reason: str, text: str) -> None:
            """Say why a line could not be taken, and give it back."""

        def status(self, standing: Callable[[], str]) -> None:
            """Say how the talk stands, where there is a place for it."""

        def settle(self, asking: bool, mine: bool, standing: Callable[[], str]) -> None:
            """Put up the prompt, let lines through, and say how the talk stands."""

        def echo(self, text: str) -> None:
            """Show a line that was typed early at the prompt."""

        def withdraw(self) -> None:
            """Take the prompt back."""

        def interrupt(self) -> None:
            """Begin a new line after a Ctrl-C."""


HINTS = ("Type /q to quit", "Enter message to send...")

HELP = """\
/q [WORDS]    leave the chat, with a last word if you like
/say TEXT     send TEXT, also when it is a move or begins with a slash; //TEXT sends /TEXT
/play GAME    offer a game; /play alone takes one that is offered, or plays again
/decline      do not take it
/move MOVE    make a move; what is just a move of the game is one anyway
/board        show the board again
/resign       give the game up
/help         show these lines
Everything else is sent as it is; where you take turns, when it is yours."""

QUIT_WORDS = ("/quit", "/exit", "/bye", "/q!", "/q")
"""What else people say when they want to leave."""

COMMANDS = ("/q", "/say ", "/play ", "/decline", "/move ", "/board", "/resign", "/help")
"""What a line may begin with, for who completes it."""

DRAFTS_LIMIT = 256
"""Lines that are kept for later when they are typed before their time."""

STOP_SECONDS = 0.7
"""How long a program that was stopped by a signal waits for the peer's goodbye: with all
that comes before and after, it has ended within a second."""


class Chat:
    """One person's side of the talk.

    `over(code, by_me)` is called once the talk has ended and its last line is written:
    with the exit code it deserves and whether this side ended it. `lifeline` is how the
    other side is found again when the connection is lost; while that is so, the chat is
    `adrift`.
    """

    def __init__(
        self,
        terminal: "Terminal",
        over: Callable[[int, bool], None],
        lifeline: Lifeline,
    ) -> None:
        self._terminal = terminal
        self._over = over
        self._lifeline = lifeline
        lifeline.given_up = self.abandon
        self._stopped = 0  # the exit code of a signal that ends the program
        self._blind = False  # nobody reads our stdout any more
        self._forget()

    def _forget(self) -> None:
        """Be as before the first talk."""
        self._connection: Connection | None = None
        self._table: Table | None = None  # where games are played, once both have met
        self._speaker = ""  # who is named before the peer's text
        self._drafts: deque[str] = deque()
        self._refused = 0  # lines that were no messages
        self._hinted = False
        self.adrift = False
        self._loss = ""  # how it was lost
        self._impatient = False  # the person has said goodbye more than once
        # Our own goodbye, once we want to leave: it may have to wait for the HELLO.
        self._farewell: tuple[Reason, str] | None = None
        # How the other side ended the talk, the exit code for it, and its last words.
        self._verdict: tuple[str, Exit, str] | None = None

    @property
    def vacant(self) -> bool:
        """Whether there is nobody to talk with yet."""
        return self._connection is None

    @property
    def leaving(self) -> bool:
        """Whether one of the two has said goodbye."""
        return self._farewell is not None or self._verdict is not None

    def start(self) -> None:
        """Let the person type. A pipe waits in the kernel until there is a peer."""
        self._terminal.start(self.said, self.ended, self.pour)
        self._terminal.settle(False, self._has_turn(), self._standing)

    def greet(self, connection: Connection | None) -> None:
        """Our HELLO is on its way, or not: a goodbye has to wait for the answer."""
        self._connection = connection

    def begin(self, connection: Connection, banner: str) -> None:
        """Talk on this connection; both sides have said HELLO."""
        self._connection = connection
        connection.owner = self
        self._speaker = _speaker(connection.session)
        self._table = self._set_table(connection.session.senior)
        self._terminal.show(banner)
        if not self._has_turn():
            self._terminal.show("Waiting for message...")

    def awaits(self, stranger: Session) -> bool:
        """Whether a stranger that has said HELLO is our own peer, on a new connection."""
        return self._connection is not None and self._connection.session.is_awaited(
            stranger
        )

    def take_back(self, connection: Connection) -> None:
        """Go on with it there; answers its HELLO."""
        assert self._connection is not None
        session = self._connection.session
        session.take_over(connection.session)
        connection.session = session
        session.welcome()
        self.returned(connection)

    def returned(self, connection: Connection) -> None:
        """Both have said HELLO again: go on where the talk was cut."""
        assert self._connection is not None
        before, self._connection = self._connection, connection
        connection.owner = self
        before.close()  # it may look alive on our side
        self.adrift = False
        if not (self._stopped or self._impatient):
            self._lifeline.rest()
            if self.leaving and self._hurried:
                self._lifeline.limit(GOODBYE_SECONDS)
        self._terminal.notice(f"Connected with {self._peer} again.")

    def abandon(self, reason: str = "") -> None:
        """Wait for the other side no longer; `reason` is why, where that is known."""
        assert self._connection is not None
        self._lifeline.rest()
        if reason:
            self._loss = f"{self._loss}; {reason}"
        if self.adrift:
            self._conclude()
        else:
            self._connection.close()

    def nobody_listens(self) -> bool:
        """Take that nobody listens where the other side was; True: the search is over.

        That is the answer to a goodbye when nothing else is open: it has left too.
        """
        assert self._connection is not None
        if self._verdict is None:
            if self._farewell is None or self._connection.session.unconfirmed:
                return False  # it may be there again in a moment
            self._judge("Goodbye: you left", Exit.GOODBYE, "")
        self.abandon()
        return True

    # What the terminal calls.

    def said(self, line: str) -> None:
        """Take a line that the person has typed."""
        if line[:1] == "/":
            self._obey(line)
        elif self._table and self._table.game and self._table.game.is_move(line):
            self._play(lambda table: table.move(line))
        else:
            self._talk(line)
        self.settle()

    def _obey(self, line: str) -> None:
        """Do what a line says that begins with a slash."""
        if line[:2] == "//":
            self._talk(line[1:])
            return
        word, _, rest = line.partition(" ")
        command = _COMMANDS.get(word)
        if command:
            command(self, rest)
            return
        meant = " Did you mean /q?" if word.lower() in QUIT_WORDS else ""
        self._terminal.notice(
            f"There is no command {word} (see /help); /{line} sends it as text.{meant}"
        )

    def pour(self, lines: deque[str]) -> int:
        """Take off the first of these lines, as far as they are messages that may go now.

        Returns how many those are. Whatever needs a thought is left to `said`.
        """
        connection, table = self._connection, self._table
        occupied = self._drafts or self.leaving or (table and table.game)
        if connection is None or occupied:
            return 0
        messages = takewhile(lambda line: line[:1] != "/", lines)
        taken = connection.session.say_all(messages)
        for _ in range(taken):  # before anything that may fail: they are said
            lines.popleft()
        if taken:
            connection.flush()
            self.settle()
        return taken

    def ended(self) -> None:
        """The input has ended: Ctrl-D, the end of a file, or a terminal that is gone."""
        if self._terminal.gone:
            self.stop(signal.SIGHUP)
        else:
            self._leave(Reason.QUIT, "")

    # What the connection calls.

    def handle(self, connection: Connection, event: Event) -> None:
        """Take one event of the session."""
        match event:
            case Said():
                self._receive(connection.session, event.text)
            case Played(number, words):
                self._watch(connection, number, words)
            case Left(reason, text):
                self._take_leave(reason, text)
            case Lost(detail):
                self._lose(detail)
            case Failed(error):
                sentence = f"The protocol was broken by {self._peer}: {error}"
                self._judge(sentence, Exit.LOST, "")

    def settle(self) -> None:
        """If it is our turn: send what was typed early, else ask for a message.

        In any case the terminal is told how the talk stands now.
        """
        if not self._hinted:
            self._hint()
        while self._drafts and self._has_turn():
            text = self._drafts.popleft()
            self._terminal.echo(text)
            self._talk(text)
        mine = self._has_turn()
        asking = mine or (self._table is not None and self._table.my_move)
        if self._farewell:
            self._say_farewell()
            asking = False
        self._terminal.settle(asking, mine, self._standing)

    def closed(self, connection: Connection) -> None:
        """The socket is closed: look for the other side again, or say how it ended."""
        if connection is not self._connection:
            return  # the other side has come back on a new one
        lost = connection.session.state is State.LOST
        if lost and self._lifeline.patience and not self._blind:
            self._drift()
        else:
            self._conclude()

    def give_up(self, sentence: str, code: int) -> None:
        """There will be no talk: say why, unless it is the person who has left."""
        if self._farewell:
            self._leave_alone()
        else:
            self._terminal.notice(sentence)
            self._finish(code)

    # What the loop calls.

    def stop(self, number: int) -> None:
        """End the program because of a signal: tell the peer, but do not wait long.

        A second signal does not wait at all.
        """
        impatient = self._stopped and number != signal.SIGHUP
        self._stopped = 128 + number
        if number == signal.SIGINT:
            self._terminal.interrupt()
        if self._connection and impatient:
            self.abandon()
            return
        self._leave(Reason.STOPPED, f"stopped by {signal.Signals(number).name}")

    def lose_screen(self) -> bool:
        """Show nothing more, and acknowledge nothing: nobody reads what we show.

        Returns whether that is news.
        """
        before, self._blind = self._blind, True
        return not before

    def leave_blind(self) -> None:
        """End the program because of that, unless it is ending already."""
        if not self._stopped:
            self.stop(signal.SIGHUP if self._terminal.gone else signal.SIGPIPE)

    # How it is done.

    def _has_turn(self) -> bool:
        return self._connection is not None and self._connection.session.has_turn()

    @property
    def _peer(self) -> str:
        """The name that the peer goes by."""
        peer = self._connection.session.peer if self._connection else None
        if peer is None or not peer.name:
            return "the other side"
        return f"the {peer.name}" if peer.name in ("server", "client") else peer.name

    def _talk(self, text: str) -> None:
        """Send a message now, or keep it until it is our turn."""
        if not text:
            return  # just Enter: ask again, send nothing
        if self._connection is None:
            self._keep(text)
            return
        try:
            self._connection.session.say(text)
        except LocalProtocolError as error:
            self._explain(text, error)
        else:
            self._connection.flush()

    def _explain(self, text: str, error: LocalProtocolError) -> None:
        """Give back a message that could not be sent, or keep it until it can."""
        if self._has_turn():  # so it is the text
            self._terminal.refuse(f"Not sent, {error}", text)
            self._refused += 1
        elif self.leaving:
            who = "you have" if self._farewell else f"{self._peer} has"
            self._terminal.refuse(f"Not sent, {who} left", text)
        else:
            self._keep(text)

    def _keep(self, text: str) -> None:
        """Keep a line that was typed before its time."""
        if len(self._drafts) == DRAFTS_LIMIT:
            self._terminal.refuse(f"Not kept, {DRAFTS_LIMIT} lines wait already", text)
        else:
            self._drafts.append(text)
            self._terminal.notice(f"Kept for later, because {self._obstacle}: {text}")

    @property
    def _obstacle(self) -> str:
        """Why nothing can be sent at the moment."""
        if self._connection is None or self._connection.session.peer is None:
            return "there is nobody here yet"
        return self._connection.session.obstacle

    def _receive(self, session: Session, text: str) -> None:
        """Show a message and those right behind it, and only then acknowledge them."""
        if self._blind:
            return
        texts = [text, *session.next_texts()] if session.waiting else [text]
        self._terminal.message(self._speaker, texts)
        session.shown(session.received)

    # Games.

    def _set_table(self, senior: bool) -> "Table":
        """Give the place where the two can play."""
        from chatlib.games.table import Table  # not needed before somebody is there

        return Table(
            _find, self._tell, self._terminal.show, wins_ties=senior, peer=self._peer
        )

    def _play(self, act: "Callable[[Table], None]") -> None:
        """Do something at the table; what cannot be done is said."""
        if self._table is None or self._farewell:
            self._terminal.notice("Not now: there is nobody to play with.")
            return
        try:
            act(self._table)
        except TableError as error:
            self._terminal.notice(f"Not done, {error}.")

    def _offer(self, name: str) -> None:
        if not name and self._table and self._table.needs_name:
            from chatlib.games.registry import game_names

            self._terminal.notice(f"There are these games: {', '.join(game_names())}.")
        self._play(lambda table: table.play(name.strip()))

    def _tell(self, words: str) -> None:
        """Tell the other end about a game."""
        assert self._connection is not None
        try:
            self._connection.session.play(words)
        except LocalProtocolError as error:
            raise TableError(str(error)) from None
        self._connection.flush()

    def _watch(self, connection: Connection, number: int, words: str) -> None:
        """Take what the other end tells about a game, and only then acknowledge it."""
        if self._blind or self._table is None:
            return
        with suppress(TableError):  # we are leaving: there is nobody to answer any more
            self._table.receive(words)
        connection.session.shown(number)

    def _hint(self) -> None:
        """Say once, when it is first our turn, what can be done."""
        if self._has_turn() and not self._farewell:
            self._hinted = True
            for hint in HINTS:
                self._terminal.show(hint)

    def _standing(self) -> str:
        """How the talk stands: with whom, whose turn, what is not confirmed yet."""
        if self._connection is None or self._connection.session.peer is None:
            return "nobody here yet"
        session = self._connection.session
        if self.adrift:
            parts = [f"connection to {self._peer} lost, {self._lifeline.doing}"]
        else:
            parts = [f"with {self._peer}"]
        # Not while the answer to a PING is on its way: that would be painted at each.
        overdue = (
            session.worried and self._connection.silence > PING_SECONDS + WORRY_SECONDS / 2
        )
        if overdue and not self.adrift:
            parts.append(f"nothing heard for {self._connection.silence:.0f} s")
        if self.leaving:
            parts.append("leaving")
        elif session.mode is Mode.TURNS:
            parts.append("your turn" if session.has_turn() else f"{self._peer}'s turn")
        if session.texts_unconfirmed:
            parts.append(f"{_lines(session.texts_unconfirmed)} not confirmed yet")
        if self._drafts:
            parts.append(f"{_lines(len(self._drafts))} kept for later")
        if session.round_trip is not None and not self.adrift:
            parts.append(f"round trip {_milliseconds(session.round_trip)}")
        return " | ".join(parts)

    def _say(self, text: str) -> None:
        if text:
            self._talk(text)
        else:
            self._terminal.notice("/say needs a text.")

    def _help(self, rest: str) -> None:
        for line in HELP.split("\n"):
            self._terminal.notice(line)

    def _quit(self, words: str) -> None:
        """The person says `/q`, perhaps with a last word."""
        if len(words.encode("utf-8", "replace")) > FAREWELL_LIMIT:
            self._terminal.notice(f"Cut to {FAREWELL_LIMIT} bytes: {words}")
        self._leave(Reason.QUIT, words)

    def _leave(self, reason: Reason, text: str) -> None:
        """Say goodbye as soon as that is possible; without a peer it is over at once."""
        self._impatient = self._farewell is not None
        self._farewell = self._farewell or (reason, text)
        if self._connection is None:
            self._leave_alone()
        else:
            self._say_farewell()
            self._terminal.status(self._standing)

    def _leave_alone(self) -> None:
        self._terminal.withdraw()
        self._terminal.notice("Goodbye: you left before anybody came.")
        self._finish(Exit.GOODBYE)

    def _say_farewell(self) -> None:
        """Say BYE, unless that was done, or has to wait until HELLO was answered."""
        assert self._connection is not None and self._farewell is not None
        session = self._connection.session
        if session.can_talk:
            session.leave(*self._farewell)
            self._connection.flush()
        if self._hurried:
            # Where nobody is there and nothing waits, there is only the goodbye to tell.
            matters = session.state is State.CLOSING or session.unconfirmed
            quick = self._stopped or self._impatient or not matters
            self._lifeline.limit(STOP_SECONDS if quick else GOODBYE_SECONDS)

    @property
    def _hurried(self) -> bool:
        """Whether somebody waits for us to leave: a pipe that has ended does not."""
        return bool(self._stopped) or self._terminal.interactive

    def _drift(self) -> None:
        """Keep everything, and look for the other side."""
        self.adrift = True
        parting = self.leaving and self._hurried
        seconds = GOODBYE_SECONDS if parting else self._lifeline.patience
        if not self.leaving:
            doing = self._lifeline.doing
            self._terminal.notice(f"{self._loss}: {doing} for up to {seconds:g} s.")
        self._terminal.status(self._standing)
        self._lifeline.search(seconds)

    def _conclude(self) -> None:
        """Say how it ended and which messages did not arrive."""
        assert self._connection is not None
        self._terminal.withdraw()
        session = self._connection.session
        sentence, code, words = self._verdict or self._outcome
        unconfirmed = list(session.unacknowledged.values())
        if unconfirmed and code is Exit.GOODBYE:
            code = Exit.LOST
        # The peer's words come last: whatever they say, it is said by the peer.
        last = f" Last words: {words}" if words else ""
        account = self._account(session.texts_sent, len(unconfirmed))
        self._terminal.notice(f"{sentence}{account}.{last}")
        for text in unconfirmed:
            self._terminal.notice(f"Not confirmed: {text}")
        self._finish(code)

    def _take_leave(self, reason: Reason, text: str) -> None:
        """The peer has said BYE: in answer to ours, or of its own accord."""
        if reason in (Reason.QUIT, Reason.STOPPED):
            who = "you" if self._farewell else self._peer
            self._judge(f"Goodbye: {who} left", Exit.GOODBYE, text)
        else:
            self._judge(f"The chat was ended by {self._peer}", Exit.LOST, text)

    def _lose(self, detail: str) -> None:
        """The stream has ended before all was said."""
        ending = f": {detail}" if detail else ""
        self._loss = f"The connection to {self._peer} was lost{ending}"

    def _judge(self, sentence: str, code: Exit, words: str) -> None:
        """Keep how the talk has ended; from here on nobody is asked any more."""
        self._terminal.withdraw()
        self._verdict = (sentence, code, words)

    @property
    def _outcome(self) -> tuple[str, Exit, str]:
        """The verdict when there was no word from the other side."""
        if self._farewell:
            return (f"You left, but {self._peer} did not answer", Exit.LOST, "")
        return (self._loss, Exit.LOST, "")

    def _account(self, sent: int, unconfirmed: int) -> str:
        """Say what became of our messages, to follow how the chat ended."""
        if not sent:
            return ""
        if unconfirmed and sent == 1:
            return "; your message was not confirmed"
        if unconfirmed:
            return f"; {unconfirmed} of your {sent} messages were not confirmed"
        return f"; your {'message was' if sent == 1 else f'{sent} messages were'} delivered"

    def _finish(self, code: int) -> None:
        """Give back what was never sent, be as before, and report the end."""
        for text in self._drafts:
            self._terminal.notice(f"Never sent: {text}")
        # A person has seen it and could mend it; a script can only look at the code.
        if self._refused and not self._terminal.interactive:
            code = code or Exit.LOST
        self._lifeline.rest()
        by_me = self._farewell is not None
        self._forget()
        self._over(self._stopped or code, by_me)


_COMMANDS: dict[str, Callable[[Chat, str], None]] = {
    "/q": Chat._quit,
    "/say": Chat._say,
    "/play": Chat._offer,
    "/decline": lambda chat, _: chat._play(lambda table: table.decline()),
    "/move": lambda chat, move: chat._play(lambda table: table.move(move.strip())),
    "/board": lambda chat, _: chat._play(lambda table: table.show_board()),
    "/resign": lambda chat, _: chat._play(lambda table: table.resign()),
    "/help": Chat._help,
}


def _speaker(session: Session) -> str:
    """Who is named before the peer's text: where turns alternate, nobody."""
    if session.mode is Mode.TURNS or session.peer is None:
        return ""
    return session.peer.name or "the other side"


def _find(name: str) -> "type[Game] | None":
    """Find a game; they are loaded when the first is wanted: hashing alone costs 4 MiB."""
    from chatlib.games.registry import find_game

    return find_game(name)


def _milliseconds(seconds: float) -> str:
    """Say how long that is, to two figures: with more it would be painted every time."""
    return f"{float(f'{1000 * seconds:.2g}'):g} ms" if seconds >= 0.001 else "below 1 ms"


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"
