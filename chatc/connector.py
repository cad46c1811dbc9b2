"""Find the server: look it up, wait for one that is not there yet, say HELLO.

When the server has answered our HELLO, the connection is passed to the chat.
"""

import os
import socket
from collections.abc import Callable

from chatc.dialer import Dialer
from chatc.place import Place
from chatc.redialer import Redialer
from chatlib.addresses import explain, is_final
from chatlib.advice import command
from chatlib.channel import NotInvitedError
from chatlib.chat import ADVICE_SECONDS
from chatlib.connection import LATE, Connection, Owner
from chatlib.errors import ChatError, Exit, RemoteProtocolError, StartError, describe
from chatlib.loop import Timer
from chatlib.program import Program
from chatlib.protocol.events import Event, Failed, Left, Lost, Opened, Trace
from chatlib.protocol.frames import (
    SESSION_BYTES,
    TICKET_NEEDED,
    Hello,
    Mode,
    Reason,
    lines_arrived,
    seat_seconds,
)
from chatlib.protocol.link import Link, State
from chatlib.protocol.session import Session
from chatlib.resolver import Resolver
from chatlib.standing import count_lines

NOTICE_SECONDS = 1.0
"""After how long the person is told that there is no answer yet."""

HELLO_TRIES = 5
"""How many connections may break before HELLO is answered: it may be the network's fault,
but most of the time no chat server listens there."""

FIRST_DELAY, LAST_DELAY = 0.1, 1.0
"""Seconds between two tries. They double: TCP does not tell when a server starts."""


FIRST_LOOK, LAST_LOOK = 1.0, 5.0
"""Seconds between two looks at a seat that is kept for another client. They grow by the
first: the server's person may free the seat before its time."""

SEAT_MARGIN = 5.0
"""Seconds for which a seat is waited for beyond what the server said at first."""

SEAT_LONGEST = 600.0
"""Seconds for which a seat is waited for at most, whatever the server says."""


HERE = ("localhost", "127.0.0.1", "::1")
"""Hosts that are this machine."""

OUT_OF_REACH = (
    "a firewall may be in between, the ticket's addresses may be of another network, or "
    "nobody waits there; docs/ways.md has the ways out"
)
"""What may be wrong where no address of a ticket answers, and what to try."""


class BusyError(ChatError):
    """The server is talking with somebody else."""

    code = Exit.BUSY


class RefusedError(ChatError):
    """The server does not want this talk."""


class KeptSeat:
    """A seat that the server keeps for a client it has lost, and our wait for it.

    `willing` is whether the person waits for anything. Then the limit is what the server
    said first: a later answer does not extend it.
    """

    def __init__(self, now: Callable[[], float], *, willing: bool) -> None:
        self._now = now
        self._willing = willing
        # Seconds until it is free, by the answer to the last HELLO; None if that was none.
        self.seconds: int | None = None
        # It is waited for, or was.
        self.awaited = False
        # When that ends, and how long until the next look.
        self._end = 0.0
        self._look = 0.0

    @property
    def may_come(self) -> bool:
        """Whether it makes sense to ask again, after the answer to the last HELLO."""
        in_time = not self.awaited or self._now() < self._end
        return self.seconds is not None and self._willing and in_time

    def wait(self) -> float:
        """Begin to wait, or go on; return the seconds until the next look."""
        assert self.seconds is not None
        if not self.awaited:
            self.awaited = True
            self._end = self._now() + min(self.seconds + SEAT_MARGIN, SEAT_LONGEST)
        self._look = min(self._look + FIRST_LOOK, LAST_LOOK)
        return max(min(self._look, self.seconds), FIRST_LOOK)


class Connector(Owner):
    """The way to the server, up to its HELLO."""

    def __init__(self, program: Program, place: Place | None = None) -> None:
        self._program = program
        settings = program.settings
        # Without a ticket, which has a place of its own.
        self._place = place or Place((settings.host,), settings.port)
        # The same at every try, with the same session id: the server may have read our
        # first HELLO and lost the way to answer it. Then it keeps the seat for this talk.
        self._hello = Hello(os.urandom(SESSION_BYTES), Mode.ANY, program.name)
        self._session = self._make_session()
        host, *others = self._place.hosts
        self._resolver = Resolver(program.loop, host, self._place.port, others)
        self._dialer = Dialer(program.loop, self._resolver, self._greet, self._fail)
        # Seconds before the next try, and tries left for connections that break early.
        self._delay = FIRST_DELAY
        self._tries = HELLO_TRIES
        # Connected, and our HELLO is not answered.
        self._greeting = False
        self._seat = KeptSeat(program.loop.now, willing=settings.wait > 0)
        # How many of our lines had arrived in the talk that this start has ended, and
        # whether HELLO is to be said again for it.
        self._arrived: int | None = None
        self._starts_anew = False

        # There is time left that the person is willing to wait.
        self._patient = settings.wait > 0
        # Until when, for the status line.
        self._until = ""
        # The person was told that we wait, and the timer for telling it.
        self._person_knows = False
        self._notice: Timer | None = None
        # All other timers; of no use once connected.
        self._timers: list[Timer] = []

        # Why the last try failed, in a sentence, and what ends the program once a server
        # has answered, or has gone.
        self._failure = ""
        # The same for a name that was not found, as the start of what the person is told.
        self._unresolved = ""
        self._error: ChatError = StartError(f"{self._place} has gone")

    def start(self) -> None:
        """Let the loop's first turn dial the host. Raises StartError."""
        if not self._place.port:
            raise StartError("port 0 is no server's port: give chatc the one chatd prints")
        if self._place.host == "*":
            raise StartError(
                "'*' is chatd's word for all addresses: give chatc the server's own one"
            )
        # However the program ends, no look-up and no attempt is left behind.
        self._program.recovery.stop_calling = self._stop
        self._later(0, self._dialer.dial)
        if self._patient:
            self._later(self._program.settings.wait, self._lose_patience)
            self._until = self._program.memory.time_of_day(self._program.settings.wait)
            self._show_waiting()
            self._notice = self._program.loop.call_later(NOTICE_SECONDS, self._say_waiting)
            if self._program.terminal.edits:
                self._later(ADVICE_SECONDS, self._advise)

    # For the connection.

    def handle(self, connection: Connection, event: Event) -> None:
        """Pass an open connection to the chat, or note why there is none."""
        match event:
            case Opened():
                self._begin(connection)
            case Left(reason, text):
                busy = reason is Reason.BUSY
                self._seat.seconds = seat_seconds(text) if busy else None
                self._note_new_start(lines_arrived(text) if busy else None)
                self._error = self._explain(reason, text)
            case Lost() if connection.channel.refuses:
                assert connection.channel.error
                self._place.note_refusal(connection.channel.error)
            case Lost(detail):
                ending = f": {detail}" if detail else ""
                self._failure = self._explain_absence(f"it did not say hello{ending}")
                self._tries = 0 if detail == LATE else self._tries - 1
                self._error = StartError(f"{self._place} did not say hello{ending}")
            case Failed(error):
                what = f"{self._place} does not speak this protocol: {error}"
                self._error = RemoteProtocolError(what)

    def closed(self, connection: Connection) -> None:
        """Try again, if that may help; else end the program with what was noted."""
        self._greeting = False
        self._program.chat.set_connection(None)
        leaving = self._program.chat.is_leaving
        again = self._patient and self._tries > 0 and not leaving
        if connection.channel.refuses:
            self._try_others(leaving)
        elif connection.link.state is State.LOST and again:
            self._wait()
        elif self._seat.may_come and not leaving:
            self._wait_for_seat()
        elif self._starts_anew and not leaving:
            self._start_anew()
        else:
            self._program.fail(self._error)

    # Dialing.

    def _later(self, seconds: float, callback: Callable[[], None]) -> None:
        self._timers.append(self._program.loop.call_later(seconds, callback))

    def _fail(self, error: OSError) -> None:
        """Wait, or give up, when no address has answered or none was found."""
        if isinstance(error, socket.gaierror):
            self._failure = explain(self._place.host, error)
            self._unresolved = f"Cannot look up {self._place.host} yet ({describe(error)})"
        else:
            self._failure = self._explain_absence(describe(error))
        if self._patient and not is_final(error):
            self._wait()
        else:
            self._give_up()

    def _explain_absence(self, why: str) -> str:
        if self._program.private and self._place.host not in HERE:
            what = OUT_OF_REACH
        else:
            what = f"start one with: {start_here(self._place, self._program.private)}"
        return f"no server at {self._place} ({why}): {what}"

    def _wait(self) -> None:
        """Dial again a little later."""
        self._say_waiting()
        self._show_waiting()
        self._later(self._delay, lambda: self._dialer.dial(again=True))
        self._delay = min(2 * self._delay, LAST_DELAY)

    def _show_waiting(self) -> None:
        self._program.chat.standing.wait_for(f"no server there, trying until {self._until}")

    def _say_waiting(self) -> None:
        """Show, once, that there is no server yet and how long we wait."""
        if not self._person_knows:
            self._person_knows = True
            seconds = self._program.settings.wait
            what = self._unresolved or f"No server at {self._place} yet"
            limit = f"it up to {seconds:g} s"
            if self._seat.awaited:  # some of the time has gone by
                what, limit = f"The server at {self._place} has gone", "another one"
            self._program.terminal.notify(f"{what}: waiting for {limit}.")

    def _advise(self) -> None:
        """Show what may be wrong, and what to try, when no server has answered."""
        if self._greeting or self._seat.awaited:
            return
        if self._unresolved:
            what = "is the network up, and is the name spelled right?"
        elif self._place.host in HERE:
            start = start_here(self._place, self._program.private)
            what = f"in another window, start it with: {start}"
        elif self._program.private:
            what = OUT_OF_REACH
        else:
            start = command("chatd", host="*", port=str(self._place.port))
            what = f"a firewall may be in between, or nobody has typed there: {start}"
        place, seconds = self._place, f"{ADVICE_SECONDS:g} s"
        self._program.terminal.notify(f"No server at {place} after {seconds}: {what}")

    def _lose_patience(self) -> None:
        """End the attempts, whatever is being tried: the person's time is over."""
        self._patient = False
        # A server that has accepted us still has the time of a HELLO; no try follows.
        # And a seat is waited for as long as the server keeps it for another client.
        if self._greeting or self._seat.awaited:
            return
        if self._dialer.busy:
            self._dialer.hurry()
        else:
            self._give_up()

    def _wait_for_seat(self) -> None:
        """Dial again when the seat is free, and a few times before."""
        assert self._seat.seconds is not None
        if not self._seat.awaited:
            long = self._seat.seconds > SEAT_LONGEST
            limit = f" This program waits for {SEAT_LONGEST:g} s." if long else ""
            self._program.terminal.notify(
                f"{self._place} keeps the seat of a lost client for {self._seat.seconds} s "
                f"more. You get it then, or when /admit is typed there.{limit} Ctrl-C "
                "leaves."
            )
        # The refusal has ended the talk that it answered.
        self._session = self._make_session()
        self._later(self._seat.wait(), lambda: self._dialer.dial(again=True))
        until = self._program.memory.time_of_day(min(self._seat.seconds, SEAT_LONGEST))
        self._program.chat.standing.wait_for(f"waiting for the seat until {until}")

    def _try_others(self, leaving: bool) -> None:
        """Dial the other addresses of the ticket: this one belongs to somebody else."""
        if self._dialer.skip(self._place.peer) and not leaving:
            self._later(0, self._dialer.dial)
        else:
            self._give_up()

    def _note_new_start(self, lines: int | None) -> None:
        """Note a server that has freed its seat for us, who started anew; once only."""
        self._starts_anew = lines is not None and self._arrived is None
        if self._starts_anew:
            self._arrived = lines

    def _start_anew(self) -> None:
        """Send HELLO again: the seat is free."""
        self._session = self._make_session()
        self._later(0, self._dialer.dial)

    def _give_up(self) -> None:
        self._stop()
        self._program.fail(self._place.refusal or StartError(self._failure))

    def _stop(self) -> None:
        """Dial no more, and wait for nothing."""
        self._dialer.cancel()
        for timer in [*self._timers, self._notice]:
            if timer:
                timer.cancel()

    # Saying HELLO.

    def _greet(self, sock: socket.socket) -> None:
        """Send HELLO on the new connection."""
        self._place.note_connected(sock)
        address = (self._place.host, self._place.port)
        connection = self._program.open_connection(
            sock, address, self, "CONNECTED", self._make_link
        )
        self._greeting = True
        self._seat.seconds = None
        self._starts_anew = False
        if self._notice:
            self._notice.cancel()
        self._program.chat.set_connection(connection)

    def _make_session(self) -> Session:
        """Return the talk of the journal, or else a new one."""
        kept = self._program.keeping.make_session()
        return kept or Session(self._hello, talks_first=True)

    def _make_link(self, trace: Trace) -> Link:
        return Link(self._session, greets_first=True, trace=trace)

    def _begin(self, connection: Connection) -> None:
        """Pass the connection to the chat, and prepare for its loss."""
        self._stop()
        connection.lift_deadline()
        redialer = Redialer(self._program, self._resolver, self._session, str(self._place))
        self._program.recovery.start_calling = redialer.start
        self._program.recovery.stop_calling = redialer.stop
        private = ", privately" if connection.channel.private else ""
        host, port = self._place.host, self._place.port
        banner = f"Connected to: {host} on port: {port}{private}"
        self._program.chat.begin(connection, banner)
        if self._arrived is not None:
            self._program.terminal.notify(
                f"This is a new start: {count_lines(self._arrived)} of yours had arrived "
                "in the talk before."
            )

    def _explain(self, reason: Reason, text: str) -> ChatError:
        """Return the error for a server that answered our HELLO with BYE."""
        if self._seat.seconds is not None:
            # Also for whoever was that client: a program that is killed forgets its talk.
            return BusyError(
                f"{self._place} is busy: it keeps the seat of a client that it has lost; "
                f"try again in {self._seat.seconds} s"
            )
        if text == TICKET_NEEDED:
            return NotInvitedError(
                f"{self._place} is private: ask for its ticket, and use it with: "
                f"{command('chatc', private='')}"
            )
        if reason is Reason.BUSY:
            return BusyError(f"{self._place} is busy: {text}; try again later")
        return RefusedError(f"{self._place} refused the talk: {text}")


def start_here(place: Place, private: bool) -> str:
    """Return the command that starts a server on this machine."""
    port = str(place.port)
    if private:
        return command("chatd", private="", port=port)
    return command("chatd", port=port)
