"""One person's side of a talk: what a typed line does, and what an arriving message does.

A chat is the same for both programs: which end may write first follows from the session.
It knows no selector and no socket. `program` builds a chat for every talk; `chatd` and
`chatc` pass it the connection once both sides have said HELLO.

How a talk goes, as seen from here. Until `begin` there is nobody to talk with. Lines that
are typed before their time become drafts, and are sent when it is our turn. A message is
shown first and acknowledged afterwards. When the connection breaks, a search for the peer
begins, if the person wants one. What may be said meanwhile is kept by the session, the rest
as drafts, and `resume` (server) or `resumed` (client) goes on with a new connection. A talk
that has begun ends in `_report_end`, whoever left, and every chat in `_finish`. On the
server a client that is lost before the first message leaves the chat as it was before
`begin`: see `_free_seat`.

What a chat consists of: the `Peer`, the `Goodbye` of both sides, the `Outbox` for what the
person types, the games (`Playing`), the `Commands`, and the words for the status line
(`Standing`). They share no state. Each knows those before it, and none knows the chat.
"""

import signal
from collections import deque
from collections.abc import Callable
from itertools import takewhile

from chatlib.commands import SLASH, Commands
from chatlib.connection import GOODBYE_SECONDS, Connection, Owner
from chatlib.ending import name_stop
from chatlib.errors import Exit
from chatlib.goodbye import Goodbye
from chatlib.keeping import Keeping
from chatlib.loop import Deadline
from chatlib.memory import Memory
from chatlib.outbox import Outbox
from chatlib.peer import Peer
from chatlib.playing import Playing
from chatlib.protocol.events import Event, Failed, Left, Lost, Played, Said
from chatlib.protocol.frames import Mode, Reason
from chatlib.protocol.link import State
from chatlib.recovery import Recovery
from chatlib.standing import Standing, View, capital
from chatlib.terminal.terminal import Terminal

ADVICE_SECONDS = 20.0
"""After how long somebody who waits is told the likely cause, and one thing to try."""


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

    # Nobody can read any more what is shown.
    _screen_closed = False
    # All has been said, and the next talk may have begun.
    _over = False
    # A new connection is awaited.
    is_searching = False
    # The person lets somebody else in: nobody can come back to this talk.
    is_given_up = False
    # What the server passes to `begin`.
    _host: Host | None = None

    def __init__(
        self,
        terminal: Terminal,
        ended: Callable[[int, bool], None],
        recovery: Recovery,
        memory: Memory | None = None,
        keeping: Keeping | None = None,
    ) -> None:
        self._terminal = terminal
        self._ended = ended
        self._recovery = recovery
        recovery.expired = self.stop_searching
        # What this run of the program remembers, from talk to talk.
        self._memory = memory or Memory()
        # What outlives the program.
        self._keeping = keeping or Keeping()
        self._advice = Deadline(recovery.loop, self._advise)
        # The parts of the chat, from those that know nothing of the others upwards.
        self.standing = Standing(recovery.loop, self._view, terminal.show_status)
        self.peer = Peer(terminal, self._memory)
        self._goodbye = Goodbye(terminal, recovery, self.peer)
        if farewell := self._keeping.farewell:
            # The person had left before the crash, and it was not heard.
            self._goodbye.plan(*farewell)
        self._outbox = Outbox(
            terminal, self._memory, self.peer, self._goodbye, self._keeping
        )
        self._playing = Playing(terminal, self.peer, self._goodbye, self._keeping)
        self.commands = Commands(
            terminal,
            self._memory,
            self._outbox,
            self._playing,
            self.standing,
            lambda words: self._leave(Reason.QUIT, words),
        )

    # For the program, and for whoever looks for a peer.

    @property
    def is_free(self) -> bool:
        """Whether there is nobody to talk with yet."""
        return self.peer.connection is None

    @property
    def is_leaving(self) -> bool:
        """Whether one of the two has said goodbye."""
        return self._goodbye.is_leaving

    def start(self) -> None:
        """Let the person type. A pipe waits in the kernel until there is a peer."""
        self._terminal.start(self.typed, self.input_ended)
        self._terminal.know_moves(self._playing.is_move)
        accepting = self.peer.has_turn()
        self._terminal.refresh(False, accepting, self.standing.describe)

    def set_connection(self, connection: Connection | None) -> None:
        """Note that our HELLO was sent, or that it was not answered.

        From then on a goodbye has to wait for the answer.
        """
        self.peer.connection = connection

    def begin(self, connection: Connection, banner: str, host: Host | None = None) -> None:
        """Talk on this connection: both sides have said HELLO."""
        self._host = host
        self.standing.since = self._memory.time_of_day()
        connection.owner = self
        self._keeping.note(connection.link.session)
        self.peer.arrive(connection, banner)
        self._playing.sit_down()
        if not (host and host.quiet):
            self.peer.announce()

    @property
    def seconds_kept(self) -> int | None:
        """For how many seconds the seat of a lost peer is kept yet; None during a talk."""
        return self._recovery.seconds_left if self.is_searching else None

    def resume(self, connection: Connection) -> None:
        """Answer the HELLO of our own peer, and go on with the talk there."""
        connection.welcome(self.peer.session)
        self.resumed(connection)

    def resumed(self, connection: Connection) -> None:
        """Go on with the talk on this connection: both have said HELLO again."""
        before, self.peer.connection = self.peer.connection, connection
        assert before is not None
        connection.owner = self
        self._keeping.note(connection.link.session)
        # The peer may have noticed the loss, and we have not.
        often = "" if self.is_searching else self._recovery.count_cut()
        # To us the old one may still look alive. It is closed after the new one is noted,
        # so that `closed` knows that the talk goes on.
        before.close()
        self.is_searching = False
        self._advice.lift()
        self._goodbye.resume()
        # A peer that returns without an end keeps its name: each change is told.
        if self._recovery.cut_is_told:
            former = self.peer.name
            self.peer.note_name()
            self._playing.note_name()
            change = f", now called {self.peer.name}" if self.peer.name != former else ""
            self._terminal.notify(f"Connected with {former} again{change}{often}.")

    def stop_searching(self, reason: str = "") -> None:
        """Wait for the peer no longer; `reason` is why, where that is known."""
        self._recovery.end()
        self._goodbye.refusal = reason
        if self.is_searching:
            self._report_end()
        else:
            assert self.peer.connection is not None
            self.peer.connection.close()

    def note_server_gone(self) -> bool:
        """Handle that nobody listens any more; see `Goodbye.note_server_gone`."""
        gone = self._goodbye.note_server_gone()
        if gone:
            self.stop_searching()
        return gone

    def fail(self, sentence: str, code: int) -> None:
        """End without a talk: show why, unless it is the person who has left."""
        if self._goodbye.farewell:
            self._terminal.remove_prompt()
            when = "" if self._memory.talked else " before anybody came"
            sentence, code = f"Goodbye: you left{when}.", Exit.GOODBYE
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
        impatient = self._goodbye.signal_code and number != signal.SIGHUP
        self._goodbye.signal_code = 128 + number
        if number == signal.SIGINT:
            self._terminal.begin_line()
        if self.peer.connection and impatient:
            self.stop_searching()
            return
        self._leave(Reason.STOPPED, name_stop(number))

    def close_screen(self) -> None:
        """Show no message any more, and so acknowledge none: nobody could read it."""
        self._screen_closed = True

    def leave_without_screen(self, code: int, words: str) -> None:
        """End the program because of that, unless it is ending already."""
        if self._terminal.hung_up and not self._goodbye.signal_code:
            self.stop(signal.SIGHUP)
        else:
            self.break_off(code, words)

    def break_off(self, code: int, words: str) -> None:
        """End the program with this code, unless it is ending; tell the peer why."""
        if not self._goodbye.signal_code and not self._over:
            self._goodbye.signal_code = code
            self._leave(Reason.STOPPED, words)

    # For the terminal: what the person types.

    def typed(self, lines: deque[str]) -> None:
        """Handle typed lines: remove them from the front, one at least.

        Messages that may be sent now are taken together; anything else is one line.
        """
        # What a line is depends on how the talk stands: a digit is a move while a game is
        # on. So each is looked at when it is its turn and not when it was typed.
        line = lines[0]
        table = self._playing.table
        game = table.game if table else None
        if self._over:
            if lines.popleft() and self._is_message(line):
                self._terminal.notify(f"Never sent: {line}")
        elif line[:1] == SLASH:
            self.commands.run(lines.popleft())
        elif game is not None and self._playing.question:
            self._playing.answer(lines.popleft())
        elif game is not None and game.is_move(line):
            lines.popleft()
            self._playing.act(lambda table: table.move(line))
        elif line and self._outbox.drafts and self.peer.has_turn():
            self._outbox.keep(lines.popleft())  # it must not overtake them
        elif line:
            more = len(lines) > 1
            self._outbox.send(lines, takewhile(self._is_message, lines) if more else lines)
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
        if unattended and self.peer.mode is Mode.FREE:
            return
        if self._host and unattended and self._goodbye.farewell is None:
            self._host.stays = self._host.again
        self._leave(Reason.QUIT, "")

    def _is_message(self, line: str) -> bool:
        return line[:1] != SLASH and not self._playing.is_move(line)

    # For the connection.

    def handle(self, connection: Connection, event: Event) -> None:
        """Handle one event of the link."""
        match event:
            case Said():
                self._show_messages(connection, event)
            case Played(number, words):
                if not self._screen_closed:
                    self._playing.receive(connection, number, words)
            case Left(reason, text):
                self._goodbye.hear(reason, text)
            case Lost(detail):
                self._goodbye.note_loss(detail)
            case Failed(error):
                self._goodbye.note_fault(error)

    def _show_messages(self, connection: Connection, said: Said) -> None:
        """Show messages, and only then acknowledge them."""
        # The order is the promise: what the peer counts as delivered was on our screen. If
        # the screen fails, the exception leaves this function before the ACK is owed.
        if not self._screen_closed:
            if self.peer.banner:
                self.peer.announce()
            number, texts = said
            # After a crash nobody knows of some lines whether they were read.
            if mark := self._keeping.describe_again(number, len(texts)):
                self._terminal.notify(mark)
            # The texts are noted before the screen and the rest behind it: a restart knows
            # from that which lines it does not know of.
            self._keeping.note_showing(number, texts)
            self._terminal.show_messages(self.peer.speaker, texts)
            self._keeping.note_shown(number)
            connection.link.shown(number)
            if self._terminal.interactive:
                self._memory.add(self.peer.name, said.texts)

    def proceed(self) -> None:
        """Send drafts while it is our turn, then ask for a line; show the status.

        Called after everything that may have changed whose turn it is.
        """
        if self._over:
            return
        peer, farewell = self.peer, self._goodbye.farewell
        # Of a guest that is not announced nothing is seen, neither hints nor a prompt.
        if not peer.hinted and not peer.banner and not farewell:
            peer.show_hints()
        if self._outbox.drafts:
            self._outbox.send_drafts()
        connection = peer.connection
        # The same question as `has_turn`, without the call: this is on every line's way.
        may_write = connection is not None and connection.link.session.has_turn()
        if self._terminal.edits and connection is not None:
            self.standing.confirmation.note(connection.link.session)
        table = self._playing.table
        asking = may_write or (table is not None and table.my_move)
        if farewell:
            self._goodbye.send()
            asking = False
        if peer.banner:
            asking = False
        if self._playing.question or (table is not None and table.game is not None):
            self._playing.ask_question()
        self._terminal.refresh(asking, may_write, self.standing.describe)

    def closed(self, connection: Connection) -> None:
        """Search for the peer when the connection was lost, else report how it ended."""
        if connection is not self.peer.connection:
            return  # the peer has come back on a new one
        lost = connection.link.state is State.LOST
        patient = lost and self._recovery.seconds
        if self._screen_closed:
            self._report_end()
        elif (
            self._host
            and self._goodbye.is_nothing_said
            and (patient or self._goodbye.is_refused)
        ):
            self._free_seat(self._host)
        elif patient:
            self._search()
        else:
            self._report_end()

    def _free_seat(self, host: Host) -> None:
        """Wait for a client as if none had come; lines kept for later stay.

        A client that says HELLO and goes must not keep others out. One that comes back
        loses nothing: it is seated like a new client, and its messages follow.
        """
        sentence = self._goodbye.forget()
        self._terminal.remove_prompt()
        self.peer.connection = self._playing.table = None
        self.standing.confirmation.end()
        host.dropped(f"{sentence}. Nothing was said yet: waiting for a client.")
        self._terminal.refresh(False, False, self.standing.describe)

    # Leaving, and searching.

    def _leave(self, reason: Reason, text: str) -> None:
        """Leave as soon as that is possible; without a peer it is over at once."""
        self._goodbye.plan(reason, text)
        if self.peer.connection is None:
            self.fail("", Exit.GOODBYE)
        else:
            self._goodbye.send()
            self.standing.update()

    def _search(self) -> None:
        """Keep everything, and search for the peer."""
        self.is_searching = True
        leaving = self.is_leaving and self._goodbye.person_waits
        # A person who leaves does not wait for a minute until the goodbye is heard.
        seconds = GOODBYE_SECONDS if leaving else self._recovery.seconds
        often = self._recovery.count_cut()
        if self._recovery.cut_is_told and not self.is_leaving:
            activity = f"{self._recovery.activity} for up to {seconds:g} s"
            self._terminal.notify(f"{self._goodbye.loss}{often}: {activity}.")
        # A time of day and not a countdown, which would be painted every second.
        self.standing.until = self._memory.time_of_day(seconds)
        self.standing.update()
        # Not where a script waits, and not when the search is over before.
        if self._terminal.edits and seconds > ADVICE_SECONDS:
            self._advice.limit(ADVICE_SECONDS)
        self._recovery.begin(seconds)

    def _advise(self) -> None:
        """Show what may be wrong, and what to try, when the peer does not come back."""
        self._terminal.notify(
            f"{capital(self.peer.name)} has not come back for {ADVICE_SECONDS:g} s: "
            f"the network may be down, or the other program has ended. Wait until "
            f"{self.standing.until}, or leave with /q."
        )

    def _report_end(self) -> None:
        """Show how the talk ended and which messages did not arrive."""
        self._terminal.remove_prompt()
        left = self._goodbye.farewell is not None
        if self.peer.banner and self._host and self._host.again and not left:
            # Nobody was told that this client had come, and the server waits for the next.
            self._finish(Exit.GOODBYE)
        else:
            self.peer.announce()
            self._memory.talked = True
            self._finish(self._goodbye.report())

    def _finish(self, code: int) -> None:
        """Show what was never sent, and pass on that the talk is over."""
        code = self._outbox.report(code)
        met = self.peer.connection is not None
        over = self.is_given_up or (met and self._goodbye.is_over)
        if kept := self._keeping.finish(over):
            self._terminal.notify(kept)
            code = code or Exit.LOST
        self._recovery.end()
        self._advice.lift()
        self.standing.confirmation.end()
        self._over = True
        self._playing.stop_asking()
        # With `--again` the end of the input ends one talk, and a person ends the program.
        by_us = self._goodbye.farewell is not None and not (self._host and self._host.stays)
        self._ended(
            self._goodbye.signal_code or code, by_us or bool(self._goodbye.signal_code)
        )

    def _view(self) -> View | None:
        """Return how the talk stands; None while nobody has come."""
        connection, table = self.peer.connection, self._playing.table
        if connection is None or connection.link.session.peer is None:
            return None
        move = table.status if table and table.game else ""
        lost = self._recovery.activity if self.is_searching else ""
        drafts = len(self._outbox.drafts)
        return View(self.peer.name, connection, lost, self.is_leaving, move, drafts)
