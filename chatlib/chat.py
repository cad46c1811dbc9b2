"""One person's side of a talk: what a typed line does, and what an arriving message does.

A chat is the same for both programs: which end may write first follows from the session.
It knows no selector and no socket. `program` builds a chat for every talk; `chatd` and
`chatc` pass it the connection once both sides have said HELLO.

How a talk goes, as seen from here. Until `begin` there is nobody to talk with. Lines that
are typed before their time become drafts, and are sent when it is our turn. A message is
shown first and acknowledged afterwards. When the connection breaks, a search for the peer
begins, if the person wants one. What may be said meanwhile is kept by the session, the rest
as drafts, and `resume` (server) or `resumed` (client) goes on with a new connection. A talk
that has begun ends in `_report_end`, whoever left: it shows how the talk ended and which
messages were not delivered. Every chat ends in `_finish`. On the server a client that is
lost before the first message leaves the chat as it was before `begin`: see `_free_seat`.
"""

import signal
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import takewhile

from chatlib.commands import HELP, SLASH, explain_unknown, parse
from chatlib.connection import GOODBYE_SECONDS, Connection, Owner
from chatlib.ending import (
    LISTED,
    describe_delivery,
    explain_stop,
    list_lines,
    name_stop,
)
from chatlib.errors import Exit, LocalProtocolError, TableError
from chatlib.games.game import Game, Installed
from chatlib.games.table import Table
from chatlib.loop import Deadline
from chatlib.memory import Memory
from chatlib.protocol.events import Event, Failed, Greeted, Left, Lost, Played, Said
from chatlib.protocol.frames import FAREWELL_LIMIT, Mode, Reason
from chatlib.protocol.link import State
from chatlib.protocol.session import Session
from chatlib.recovery import Recovery
from chatlib.standing import Standing, View, capital
from chatlib.terminal.terminal import Terminal
from chatlib.terminal.visible import visible_name

# The words of the assignment sheet, which end as they do there. An edited terminal shows
# one sentence in their place: see `_explain_beginning`.
HINTS = ("Type /q to quit", "Enter message to send...")

NAMELESS = "the other side"
"""What a peer is called that has no name, or none that can be seen."""

DRAFTS_LIMIT = 256
"""Lines that are kept for later when they are typed before their time."""

ADVICE_SECONDS = 20.0
"""After how long somebody who waits is told the likely cause, and one thing to try."""

STOP_SECONDS = 0.7
"""How long a program that was stopped by a signal waits for the peer's goodbye: with all
that comes before and after, it has ended within a second."""


class Host:
    """What a server wants of a talk, and what it is told.

    `again` is whether another talk may follow this one. A client that is to be `quiet` is
    announced with its first message, or ours, and not when it is seated.
    """

    def __init__(self, dropped: Callable[[str], None], *, again: bool, quiet: bool) -> None:
        # Called with a sentence when the client has gone before the first message: the
        # chat is free again.
        self.dropped = dropped
        self.again = again
        self.quiet = quiet
        # It is the end of the input that ends the talk, and the server waits for the next.
        self.stays = False


class Chat(Owner):
    """One person's side of one talk, from waiting for the peer to the last sentence.

    `ended(code, by_us)` is called when all has been said: with the exit code that the
    talk deserves, and whether this side ended it.
    """

    # More methods than anywhere else, on purpose: this is where a person, a peer, a game
    # and a broken connection meet, and each of them may end the talk at any moment. They
    # share one state, which parts of their own would have to pass around.

    # How every chat begins. The values are replaced, and never changed in place.

    # Our goodbye, once we want to leave: it may have to wait for a HELLO. The person
    # has said it more than once.
    _farewell: tuple[Reason, str] | None = None
    _impatient = False
    # The exit code, where a signal or a failure of the system ends the program.
    _signal_code = 0
    # Nobody can read any more what is shown.
    _screen_closed = False
    # How the peer ended the talk, the exit code for that, and the peer's last words.
    _verdict: tuple[str, Exit, str] | None = None
    # All has been said, and the next talk may have begun.
    _over = False

    # The prompt of a game's question: the next line is its answer, and no talk.
    _question = ""
    # The game whose question was put off.
    _put_off: Game | None = None
    # What `/admit` does. Only a server sets it: a client has nobody to let in.
    admit: Callable[[], None] | None = None

    def __init__(
        self,
        terminal: Terminal,
        ended: Callable[[int, bool], None],
        recovery: Recovery,
        memory: Memory | None = None,
    ) -> None:
        self._terminal = terminal
        self._ended = ended
        self._recovery = recovery
        recovery.expired = self.stop_searching
        # What this run of the program remembers, from talk to talk.
        self._memory = memory or Memory()
        # The words for how the talk stands, and when to say what to try without a peer.
        self._standing = Standing(recovery.loop, self._update_status)
        self._advice = Deadline(recovery.loop, self._advise)

        # The present connection, or the last one; None while nobody has come.
        self._connection: Connection | None = None
        # What the peer is called in our sentences, and before its lines: see `_call`.
        self._peer_name, self._speaker = NAMELESS, ""
        # Where games are played, once both have met.
        self._table: Table | None = None
        # What the server passes to `begin`; the lines that are to announce the peer.
        self._host: Host | None = None
        self._banner: list[str] = []

        # Lines that wait for their turn, and how many could not be messages at all.
        self._drafts: deque[str] = deque()
        self._refused = 0
        # The hints for beginners were shown.
        self._hinted = False

        # A new connection is awaited; how the last one was lost; why none can follow.
        self.is_searching = False
        self._loss, self._refusal = "", ""

    # For the program, and for whoever looks for a peer.

    @property
    def is_free(self) -> bool:
        """Whether there is nobody to talk with yet."""
        return self._connection is None

    @property
    def is_leaving(self) -> bool:
        """Whether one of the two has said goodbye."""
        return self._farewell is not None or self._verdict is not None

    def start(self) -> None:
        """Let the person type. A pipe waits in the kernel until there is a peer."""
        self._terminal.start(self.typed, self.input_ended)
        self._terminal.refresh(False, self._has_turn(), self._describe_status)

    def wait_for(self, what: str) -> None:
        """Describe in the status line what is waited for, and until when."""
        self._standing.absence = what
        self._update_status()

    def set_connection(self, connection: Connection | None) -> None:
        """Note that our HELLO was sent, or that it was not answered.

        From then on a goodbye has to wait for the answer.
        """
        self._connection = connection

    def begin(self, connection: Connection, banner: str, host: Host | None = None) -> None:
        """Talk on this connection: both sides have said HELLO."""
        self._connection = connection
        self._host = host
        self._standing.since = self._memory.time_of_day()
        connection.owner = self
        self._note_name(connection.link.session)
        self._table = Table(
            _find_game,
            self._send_words,
            self._terminal.show,
            self._terminal.show_board,
            wins_ties=connection.link.session.talks_first,
            peer=self._peer_name,
            in_words=self._terminal.says_boards,
            check_room=self._check_room,
        )
        self._banner = [banner]
        if not self._has_turn():
            self._banner.append("Waiting for message...")
        if not (host and host.quiet):
            self._announce()

    def _announce(self) -> None:
        """Show who has come, if that was not done yet."""
        for line in self._banner:
            self._terminal.show(line)
        if self._banner and self._terminal.edits and self._memory.is_first("begin"):
            self._terminal.show(self._explain_beginning())
        self._banner = []

    def _explain_beginning(self) -> str:
        """Return who may write now, how to send, and how to leave."""
        # Each of the three has the same end, so that it is found again at a glance.
        if self._mode is Mode.FREE:
            return "Both may write: Enter sends, /q leaves."
        if self._has_turn():
            return "You may write now: Enter sends, /q leaves."
        return f"{capital(self._peer_name)} writes first: Enter sends, /q leaves."

    def expects(self, greeting: Greeted) -> bool:
        """Return whether a stranger's HELLO is that of our own peer, which comes back."""
        return self._connection is not None and self._connection.link.session.expects(
            greeting.hello, greeting.seen
        )

    def knows(self, greeting: Greeted) -> bool:
        """Return whether a stranger's HELLO names our talk, whatever else is in it."""
        return self._connection is not None and self._connection.link.session.knows(
            greeting.hello
        )

    @property
    def seconds_kept(self) -> int | None:
        """For how many seconds the seat of a lost peer is kept yet; None during a talk."""
        return self._recovery.seconds_left if self.is_searching else None

    def resume(self, connection: Connection) -> None:
        """Answer the HELLO of our own peer, and go on with the talk there."""
        assert self._connection is not None
        connection.welcome(self._connection.link.session)
        self.resumed(connection)

    def resumed(self, connection: Connection) -> None:
        """Go on with the talk on this connection: both have said HELLO again."""
        assert self._connection is not None
        before, self._connection = self._connection, connection
        connection.owner = self
        # The peer may have noticed the loss, and we have not.
        often = "" if self.is_searching else self._recovery.count_cut()
        # To us the old one may still look alive. It is closed after the new one is noted,
        # so that `closed` knows that the talk goes on.
        before.close()
        self.is_searching = False
        self._advice.lift()
        if not (self._signal_code or self._impatient):
            self._recovery.end()
            if self.is_leaving and self._person_waits:
                self._recovery.limit(GOODBYE_SECONDS)
        # A peer that returns without an end keeps its name: each change is told.
        if self._recovery.cut_is_told:
            former = self._peer_name
            self._note_name(connection.link.session)
            change = f", now called {self._peer_name}" if self._peer_name != former else ""
            self._terminal.notify(f"Connected with {former} again{change}{often}.")

    def stop_searching(self, reason: str = "") -> None:
        """Wait for the peer no longer; `reason` is why, where that is known."""
        assert self._connection is not None
        self._recovery.end()
        self._refusal = reason
        if self.is_searching:
            self._report_end()
        else:
            self._connection.close()

    def note_server_gone(self) -> bool:
        """Handle that nobody listens where the server was; return whether that is the end.

        It is, when there is nothing left but our goodbye: the server has left too.
        """
        assert self._connection is not None
        if self._verdict is None:
            if self._farewell is None or self._connection.link.session.kept:
                return False  # it may be there again in a moment
            # All was acknowledged, and only our BYE had no answer: nobody waits for it.
            self._set_verdict("Goodbye: you left", Exit.GOODBYE, "")
        self.stop_searching()
        return True

    def fail(self, sentence: str, code: int) -> None:
        """End without a talk: show why, unless it is the person who has left."""
        if self._farewell:
            self._leave_alone()
        else:
            self._terminal.notify(sentence)
            self._finish(code)

    # For the loop.

    def stop(self, number: int) -> None:
        """End the program because of a signal: tell the peer, but do not wait long.

        A second signal does not wait at all.
        """
        if self._over:
            return  # the program ends already, or the next talk has a chat of its own
        # Of a terminal that is being closed several SIGHUPs may come: that is no hurry.
        impatient = self._signal_code and number != signal.SIGHUP
        self._signal_code = 128 + number
        if number == signal.SIGINT:
            self._terminal.begin_line()
        if self._connection and impatient:
            self.stop_searching()
            return
        self._leave(Reason.STOPPED, name_stop(number))

    def close_screen(self) -> None:
        """Show no message any more, and so acknowledge none: nobody could read it."""
        self._screen_closed = True

    def leave_without_screen(self, code: int, words: str) -> None:
        """End the program because of that, unless it is ending already."""
        if self._terminal.hung_up and not self._signal_code:
            self.stop(signal.SIGHUP)
        else:
            self.break_off(code, words)

    def break_off(self, code: int, words: str) -> None:
        """End the program with this code, unless it is ending; tell the peer why."""
        if not self._signal_code and not self._over:
            self._signal_code = code
            self._leave(Reason.STOPPED, words)

    # For the terminal: what the person types.

    def typed(self, lines: deque[str]) -> None:
        """Handle typed lines: remove them from the front, one at least.

        Messages that may be sent now are taken together; anything else is one line.
        """
        # What a line is depends on how the talk stands: a digit is a move while a game is
        # on. So each is looked at when it is its turn and not when it was typed.
        line = lines[0]
        game = self._table.game if self._table else None
        if self._over:
            if lines.popleft() and self._is_message(line):
                self._terminal.notify(f"Never sent: {line}")
        elif line[:1] == SLASH:
            self._run_command(lines.popleft())
        elif game is not None and self._question:
            self._answer(lines.popleft())
        elif game is not None and game.is_move(line):
            lines.popleft()
            self._play(lambda table: table.move(line))
        elif line and self._drafts and self._has_turn():
            self._keep(lines.popleft())  # it must not overtake them
        elif line:
            more = len(lines) > 1
            self._send(lines, takewhile(self._is_message, lines) if more else lines)
        else:
            lines.popleft()  # just Enter: ask again, send nothing
            if self._terminal.edits and self._memory.is_first("empty"):
                self._terminal.notify("An empty line is not sent.")
        self.proceed()

    def input_ended(self) -> None:
        """Leave at the end of the input: Ctrl-D, the end of a file, a closed terminal.

        A server without a person goes on receiving in free talk, until its client leaves.
        In turns the client would wait for ever for an answer, so the server leaves the
        talk, and with `--again` waits for the next client.
        """
        if self._over:
            return
        if self._terminal.hung_up:
            self.stop(signal.SIGHUP)
            return
        unattended = self._host is not None and not self._terminal.interactive
        if unattended and self._mode is Mode.FREE:
            return
        if self._host and unattended and self._farewell is None:
            self._host.stays = self._host.again
        self._leave(Reason.QUIT, "")

    # For the connection.

    def handle(self, connection: Connection, event: Event) -> None:
        """Handle one event of the link."""
        match event:
            case Said():
                self._show_messages(connection, event)
            case Played(number, words):
                self._take_words(connection, number, words)
            case Left(reason, text):
                self._hear_goodbye(reason, text)
            case Lost(detail):
                ending = f": {detail}" if detail else ""
                self._loss = f"The connection to {self._peer_name} was lost{ending}"
            case Failed(error):
                sentence = f"The protocol was broken by {self._peer_name}: {error}"
                self._set_verdict(sentence, Exit.LOST, "")

    def proceed(self) -> None:
        """Send drafts while it is our turn, then ask for a line; show the status.

        Called after everything that may have changed whose turn it is.
        """
        if self._over:
            return
        # Of a guest that is not announced nothing is seen, neither hints nor a prompt.
        if not self._hinted and not self._banner:
            self._show_hints()
        while self._drafts and self._has_turn():
            text = self._drafts.popleft()
            self._terminal.show_own(text)
            self._send_one(text)
        connection = self._connection
        # The same question as `_has_turn`, without the call: this is on every line's way.
        may_write = connection is not None and connection.link.session.has_turn()
        if self._terminal.edits and connection is not None:
            self._watch(connection.link.session)
        asking = may_write or (self._table is not None and self._table.my_move)
        if self._farewell:
            self._say_farewell()
            asking = False
        if self._banner:
            asking = False
        if self._question or (self._table is not None and self._table.game is not None):
            self._ask_question()
        self._terminal.refresh(asking, may_write, self._describe_status)

    def closed(self, connection: Connection) -> None:
        """Search for the peer when the connection was lost, else report how it ended."""
        if connection is not self._connection:
            return  # the peer has come back on a new one
        lost = connection.link.state is State.LOST
        patient = lost and self._recovery.seconds
        if self._screen_closed:
            self._report_end()
        elif self._host and self._is_nothing_said and (patient or self._is_refused):
            self._free_seat(self._host)
        elif patient:
            self._search()
        else:
            self._report_end()

    @property
    def _mode(self) -> Mode:
        """The mode of the talk; ANY while nobody has come."""
        return self._connection.link.session.mode if self._connection else Mode.ANY

    @property
    def _is_nothing_said(self) -> bool:
        """Whether neither side has sent a message, nor have we said goodbye."""
        session = self._connection.link.session if self._connection else None
        left = self._farewell is not None
        return session is not None and not session.has_messages and not left

    @property
    def _is_refused(self) -> bool:
        """Whether the peer has ended the talk with a BYE that is no goodbye."""
        assert self._connection is not None
        closed = self._connection.link.state is State.CLOSED
        return closed and self._verdict is not None and self._verdict[1] is Exit.LOST

    def _free_seat(self, host: Host) -> None:
        """Wait for a client as if none had come; lines kept for later stay.

        A client that says HELLO and goes must not keep others out. One that comes back
        loses nothing: it is seated like a new client, and its messages follow.
        """
        sentence = self._verdict[0] if self._verdict else self._loss
        self._terminal.remove_prompt()
        self._connection = self._table = self._verdict = None
        self._standing.confirmation.end()
        host.dropped(f"{sentence}. Nothing was said yet: waiting for a client.")
        self._terminal.refresh(False, False, self._describe_status)

    # Whose turn it is, and who the peer is.

    def _has_turn(self) -> bool:
        return self._connection is not None and self._connection.link.session.has_turn()

    def _note_name(self, session: Session) -> None:
        """Note what the peer calls itself, which may change when it comes back."""
        self._peer_name, name = _call(session)
        # The assignment's screen in turns has no names.
        named = session.mode is not Mode.TURNS or self._terminal.names_turns
        self._speaker = name if named else ""
        if self._table:
            self._table.peer = self._peer_name

    def _show_hints(self) -> None:
        """Show once, when it is first our turn, what can be done."""
        if self._has_turn() and not self._farewell:
            self._hinted = True
            # At an edited terminal all was said at the beginning.
            for hint in () if self._terminal.edits else HINTS:
                self._terminal.show(hint)

    # Messages.

    def _send(self, lines: deque[str], messages: Iterable[str]) -> None:
        """Send those of the `messages` that may be sent now; take them off the `lines`.

        `messages` are lines at the front of `lines`. One that cannot be sent is kept for
        later, or given back with the reason.
        """
        if self._connection is None:
            self._keep(lines.popleft())
            return
        if self._banner and self._has_turn():
            self._announce()
        try:
            count = self._connection.say(messages)
        except LocalProtocolError as error:
            self._explain(lines.popleft(), error)
            return
        # Taken off only now: a line that was not sent must not be lost.
        sent = [lines.popleft() for _ in range(count)]
        # A script asks for nothing that was said, and each of its lines would cost 0.5 us
        # more.
        if self._terminal.interactive:
            self._memory.add("you", sent)

    def _send_one(self, text: str) -> None:
        """Send a text whatever it looks like, or keep it, or give it back."""
        lines = deque((text,))
        self._send(lines, lines)

    def _is_message(self, line: str) -> bool:
        return line[:1] != SLASH and not self._is_move(line)

    def _is_move(self, line: str) -> bool:
        game = self._table.game if self._table else None
        return game is not None and game.is_move(line)

    def _explain(self, text: str, error: LocalProtocolError) -> None:
        """Keep a message that could not be sent, or return it with the reason."""
        if self._has_turn():  # so it is the text that is wrong
            self._terminal.refuse(f"Not sent, {error}", text)
            self._refused += 1
        elif self.is_leaving:
            who = "you have" if self._farewell else f"{self._peer_name} has"
            self._terminal.refuse(f"Not sent, {who} left", text)
        else:
            self._keep(text)

    def _keep(self, text: str) -> None:
        """Keep a line that was typed before its time."""
        if len(self._drafts) == DRAFTS_LIMIT:
            self._terminal.refuse(f"Not kept, {DRAFTS_LIMIT} lines wait already", text)
        else:
            self._drafts.append(text)
            session = self._connection.link.session if self._connection else None
            why = session.obstacle if session else "there is nobody here yet"
            self._terminal.show_pending(text, why)

    def _show_messages(self, connection: Connection, said: Said) -> None:
        """Show messages, and only then acknowledge them."""
        # The order is the promise: what the peer counts as delivered was on our screen. If
        # the screen fails, the exception leaves this function before the ACK is owed.
        if not self._screen_closed:
            if self._banner:
                self._announce()
            self._terminal.show_messages(self._speaker, said.texts)
            connection.link.shown(said.number)
            if self._terminal.interactive:
                self._memory.add(self._peer_name, said.texts)

    # Commands.

    def _run_command(self, line: str) -> None:
        found = parse(line)
        if found:
            name, rest = found
            _COMMANDS[name](self, rest)
        else:
            self._terminal.notify(explain_unknown(line))

    def _say(self, text: str) -> None:
        if text:
            self._send_one(text)
        else:
            self._terminal.notify("Not sent, /say needs a text: /say TEXT")

    def _unsend(self, rest: str) -> None:
        """Return the last line that is kept for later to the person."""
        # A command and not the Up key: that one goes through the history, and what it does
        # must not depend on whether our turn comes while it is pressed.
        if self._drafts:
            self._terminal.return_text(self._drafts.pop())
        else:
            self._terminal.notify(
                "Nothing is kept for later. A line that was sent cannot be taken back."
            )

    # What can be asked.

    def _find(self, words: str) -> None:
        if not words.strip():
            self._terminal.notify("Not done, find what? /find WORDS")
            return
        if not self._terminal.interactive:
            self._terminal.notify("Not done, /find is for a keyboard.")
            return
        # The newest stand last, above the prompt, where the person looks.
        count, found = self._memory.find(words, LISTED)
        if not found:
            self._terminal.notify(f"No message of this run has: {words}")
            return
        if count > LISTED:
            self._terminal.notify(f"{count} lines have this, the last {LISTED} are:")
        for line in found:
            self._terminal.notify(line)

    def _show_people(self, rest: str) -> None:
        self._terminal.notify(self._standing.describe_people(self._view))

    def _show_standing(self, rest: str) -> None:
        for line in self._standing.describe_talk(self._view):
            self._terminal.notify(line)
        list_lines(self._terminal.notify, "Kept for later", self._drafts)

    def _help(self, rest: str) -> None:
        for line in HELP.split("\n"):
            self._terminal.notify(line)

    def _quit(self, words: str) -> None:
        if len(words.encode("utf-8", "replace")) > FAREWELL_LIMIT:
            self._terminal.notify(f"Cut to {FAREWELL_LIMIT} bytes: {words}")
        self._leave(Reason.QUIT, words)

    def _admit(self, rest: str) -> None:
        """Let in who asks for the seat of our lost peer, if this is the server."""
        if self.admit:
            self.admit()
        else:
            self._terminal.notify("Only the server can do that: it is the one that waits.")

    # Games.

    def _play(self, act: Callable[[Table], None]) -> None:
        """Do something at the table; explain what cannot be done."""
        if self._table is None or self._farewell:
            self._terminal.notify("Not now: there is nobody to play with.")
            return
        try:
            act(self._table)
        except TableError as error:
            self._terminal.notify(f"Not done, {error}.")

    def _ask_question(self) -> None:
        """Ask a person what the other end must not see, unless that was put off."""
        table = self._table
        # A script that is written for pipes sends the word with /move.
        wanted = table is not None and self._terminal.interactive and not self.is_leaving
        question = table.question if table and wanted else ""
        if table and table.game is self._put_off:
            question = ""
        if question != self._question:
            self._question = question
            self._terminal.ask(question)

    def _answer(self, line: str) -> None:
        """Make a move of what was typed at the question; an empty line puts that off."""
        assert self._table is not None
        # Not as `_play` does it: what cannot be a word goes back to the prompt.
        if line:
            try:
                self._table.move(line)
            except TableError as error:
                self._terminal.refuse(f"Not done, {error}", line)
        else:
            self._put_off = self._table.game
            self._terminal.notify(
                "Put off: what you type now is talk; /move asks again, /move WORD answers."
            )

    def _move(self, move: str) -> None:
        """Make a move; without one ask again what was put off."""
        # With an answer it is a move like any other, whether that was put off or not.
        table = self._table
        if table and table.question and table.game is self._put_off and not move:
            self._put_off = None
        else:
            self._play(lambda table: table.move(move))

    def _offer(self, name: str) -> None:
        if not name and self._table and self._table.needs_name:
            from chatlib.games.registry import game_names

            self._terminal.notify(f"There are these games: {', '.join(game_names())}.")
        self._play(lambda table: table.play(name.strip()))

    def _check_room(self) -> None:
        """Raise TableError when no move can be sent: then none may be made."""
        assert self._connection is not None
        session = self._connection.link.session
        if not session.has_room_for_move:
            raise TableError(f"{len(session.kept)} messages are not confirmed yet")

    def _send_words(self, words: str) -> None:
        """Send words about a game. Raises TableError when that cannot be."""
        assert self._connection is not None
        self._announce()
        try:
            self._connection.play(words)
        except LocalProtocolError as error:
            raise TableError(str(error)) from None

    def _take_words(self, connection: Connection, number: int, words: str) -> None:
        """Pass the peer's words about a game to the table, then acknowledge them."""
        if self._screen_closed or self._table is None:
            return
        self._announce()
        with suppress(TableError):  # we are leaving, so the table's answer is not sent
            self._table.receive(words)
        connection.link.shown(number)

    # Leaving.

    def _leave(self, reason: Reason, text: str) -> None:
        """Leave as soon as that is possible; without a peer it is over at once."""
        self._impatient = self._farewell is not None
        self._farewell = self._farewell or (reason, text)
        if self._connection is None:
            self._leave_alone()
        else:
            self._say_farewell()
            self._update_status()

    def _leave_alone(self) -> None:
        self._terminal.remove_prompt()
        self._terminal.notify("Goodbye: you left before anybody came.")
        self._finish(Exit.GOODBYE)

    def _say_farewell(self) -> None:
        """Send our BYE, unless that was done, or has to wait until HELLO was answered."""
        assert self._connection is not None and self._farewell is not None
        connection = self._connection
        if connection.link.session.can_talk:
            connection.leave(*self._farewell)
        self._limit_goodbye()

    def _limit_goodbye(self) -> None:
        """Limit how long a person waits from the first BYE, lost connections included."""
        assert self._connection is not None
        if self._person_waits:
            link = self._connection.link
            # Where the peer's BYE is not awaited, or cannot come, and nothing is kept, only
            # our own BYE can still be lost.
            matters = link.state is State.CLOSING or link.session.kept
            quick = self._signal_code or self._impatient or not matters
            self._recovery.limit(STOP_SECONDS if quick else GOODBYE_SECONDS)

    @property
    def _person_waits(self) -> bool:
        """Whether somebody waits for us to end: at a pipe that has ended nobody does."""
        return bool(self._signal_code) or self._terminal.interactive

    def _hear_goodbye(self, reason: Reason, text: str) -> None:
        """Note the peer's BYE: the answer to ours, or its own."""
        if reason in (Reason.QUIT, Reason.STOPPED):
            # Words of BYE 6 are for programs; a person reads what they mean.
            stopped = reason is Reason.STOPPED
            how, words = explain_stop(text) if stopped else ("left", text)
            who = "you left" if self._farewell else f"{self._peer_name} {how}"
            self._set_verdict(f"Goodbye: {who}", Exit.GOODBYE, words)
            self._limit_goodbye()
        else:
            sentence = f"The chat was ended by {self._peer_name}"
            self._set_verdict(sentence, Exit.LOST, text)

    def _search(self) -> None:
        """Keep everything, and search for the peer."""
        self.is_searching = True
        leaving = self.is_leaving and self._person_waits
        # A person who leaves does not wait for a minute until the goodbye is heard.
        seconds = GOODBYE_SECONDS if leaving else self._recovery.seconds
        often = self._recovery.count_cut()
        if self._recovery.cut_is_told and not self.is_leaving:
            activity = f"{self._recovery.activity} for up to {seconds:g} s"
            self._terminal.notify(f"{self._loss}{often}: {activity}.")
        # A time of day and not a countdown, which would be painted every second.
        self._standing.until = self._memory.time_of_day(seconds)
        self._update_status()
        # Not where a script waits, and not when the search is over before.
        if self._terminal.edits and seconds > ADVICE_SECONDS:
            self._advice.limit(ADVICE_SECONDS)
        self._recovery.begin(seconds)

    def _advise(self) -> None:
        """Show what may be wrong, and what to try, when the peer does not come back."""
        self._terminal.notify(
            f"{capital(self._peer_name)} has not come back for {ADVICE_SECONDS:g} s: "
            f"the network may be down, or the other program has ended. Wait until "
            f"{self._standing.until}, or leave with /q."
        )

    # The end of the talk, in sentences.

    def _set_verdict(self, sentence: str, code: Exit, words: str) -> None:
        """Keep how the peer ended the talk; from here on the person is not asked."""
        self._terminal.remove_prompt()
        self._verdict = (sentence, code, words)

    @property
    def _verdict_without_peer(self) -> tuple[str, Exit, str]:
        """How the talk ended when there was no word from the peer."""
        if self._farewell:
            return f"You left, but {self._peer_name} did not answer", Exit.LOST, ""
        return self._loss, Exit.LOST, ""

    def _report_end(self) -> None:
        """Show how the talk ended and which messages did not arrive."""
        assert self._connection is not None
        self._terminal.remove_prompt()
        if self._banner and self._host and self._host.again and self._farewell is None:
            # Nobody was told that this client had come, and the server waits for the next.
            self._finish(Exit.GOODBYE)
            return
        self._announce()
        session = self._connection.link.session
        sentence, code, words = self._verdict or self._verdict_without_peer
        # A goodbye is only as good as its deliveries: a script sees nothing but the code.
        lost = list(session.unacknowledged.values())
        if lost and code is Exit.GOODBYE:
            code = Exit.LOST
        # The peer's words come last, so that they cannot pass for ours; a refusal ends with
        # words of the peer, too.
        last = f" Last words: {words}" if words else ""
        why = f"; {self._refusal}" if self._refusal and sentence == self._loss else ""
        delivery = describe_delivery(session.texts_sent, len(lost))
        self._terminal.notify(f"{sentence}{delivery}{why}.{last}")
        list_lines(self._terminal.notify, "Not confirmed", lost)
        self._finish(code)

    def _finish(self, code: int) -> None:
        """Show what was never sent, and pass on that the talk is over."""
        list_lines(self._terminal.notify, "Never sent", self._drafts)
        # A person has seen a refusal and could mend it; a script sees only the exit code.
        if self._refused and not self._terminal.interactive:
            code = code or Exit.LOST
        self._recovery.end()
        self._advice.lift()
        self._standing.confirmation.end()
        self._over = True
        if self._question:
            self._question = ""  # the next talk has another person to keep it from
            self._terminal.ask("")
        # With `--again` the end of the input ends one talk, and a person ends the program.
        by_us = self._farewell is not None and not (self._host and self._host.stays)
        self._ended(self._signal_code or code, by_us or bool(self._signal_code))

    # How the talk stands.

    def _watch(self, session: Session) -> None:
        """Note since when our lines wait to be confirmed, and when they are."""
        watch = self._standing.confirmation
        if watch.late or (session.kept and not watch.watching):
            watch.look(session)

    def _update_status(self) -> None:
        self._terminal.show_status(self._describe_status)

    def _describe_status(self) -> tuple[str, ...]:
        return self._standing.describe_parts(self._view)

    @property
    def _view(self) -> View | None:
        """How the talk stands; None while nobody has come."""
        connection, table = self._connection, self._table
        if connection is None or connection.link.session.peer is None:
            return None
        move = table.status if table and table.game else ""
        lost = self._recovery.activity if self.is_searching else ""
        drafts = len(self._drafts)
        return View(self._peer_name, connection, lost, self.is_leaving, move, drafts)


_COMMANDS: dict[str, Callable[[Chat, str], None]] = {
    "/q": Chat._quit,
    "/say": Chat._say,
    "/play": Chat._offer,
    "/decline": lambda chat, _: chat._play(lambda table: table.decline()),
    "/move": lambda chat, move: chat._move(move.strip()),
    "/board": lambda chat, _: chat._play(lambda table: table.show_board()),
    "/resign": lambda chat, _: chat._play(lambda table: table.resign()),
    "/unsend": Chat._unsend,
    "/find": Chat._find,
    "/status": Chat._show_standing,
    "/who": Chat._show_people,
    "/admit": Chat._admit,
    "/help": Chat._help,
}


def _call(session: Session) -> tuple[str, str]:
    """Return what the peer is called in sentences, and before its lines.

    Everything that shows a name has it from here, so that lines, notices and the status
    agree.
    """
    assert session.peer is not None
    name = visible_name(session.peer.name)
    own = visible_name(session.hello.name)
    # A peer named "you" would make our sentences say that we did what it did.
    if not name or name.casefold() == "you":
        name = in_sentences = NAMELESS
    elif name.casefold() == own.casefold():
        name = in_sentences = f"the other {name}"
    else:
        # These two are what a program calls itself that was given no name.
        in_sentences = f"the {name}" if name in ("server", "client") else name
    return in_sentences, name


def _find_game(name: str) -> Installed | None:
    """Find a game by its name; that imports our own games, and no other package."""
    from chatlib.games.registry import find_game

    return find_game(name)
