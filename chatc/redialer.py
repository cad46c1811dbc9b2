"""Call the server again when the connection is lost, until it answers.

How long that may last is decided by the recovery, and how the talk goes on by the session.
"""

import os
import socket

from chatc.dialer import Dialer
from chatlib.connection import Connection, Owner
from chatlib.errors import UnknownSessionError
from chatlib.loop import Timer
from chatlib.program import Program
from chatlib.protocol.events import Event, Failed, Left, Lost, Opened, Trace
from chatlib.protocol.frames import Reason
from chatlib.protocol.link import Link
from chatlib.protocol.session import Session
from chatlib.resolver import Resolver

FIRST_DELAY, LAST_DELAY = 0.1, 5.0
"""Seconds before a try. They double, and each is shortened by chance, to half at most, so
that many clients of one broken network do not all come back in the same moment."""

LASTING_SECONDS = 10.0
"""A connection that breaks earlier is one of a series: the delays go on growing, unless a
message was acknowledged since the loss before."""

FORGOTTEN = "the server does not know this talk"
"""What a server says, of every version, that was started after the talk had begun."""

NEW_SERVER = (
    "is a new server now, which does not know this talk; start again to talk with it"
)
"""What a person is told of such a server, behind its place."""


class Redialer(Owner):
    """The way back to a server whose connection was lost."""

    def __init__(
        self, program: Program, resolver: Resolver, session: Session, place: str
    ) -> None:
        self._program = program
        self._session = session
        # The server, in words.
        self._place = place
        self._dialer = Dialer(program.loop, resolver, self._greet, self._fail)
        # A connection whose HELLO is not answered yet.
        self._connection: Connection | None = None
        # The next try, and the seconds before it.
        self._timer: Timer | None = None
        self._delay = FIRST_DELAY
        # An earlier try of this search has failed: the server may have another address.
        self._again = False
        # Why no other try would help, in words.
        self._refusal = ""
        # The person knows that somebody without our ticket answers, in this search.
        self._stranger_is_told = False
        # When the last connection was open again.
        self._since = -LASTING_SECONDS
        # The messages of both sides that were acknowledged before the last loss.
        self._acknowledged = 0

    def start(self) -> None:
        """Dial soon; later each time, where connections neither last nor carry anything."""
        acknowledged = self._session.acknowledged + self._session.shown
        lasted = self._program.loop.now() - self._since >= LASTING_SECONDS
        if lasted or acknowledged > self._acknowledged:
            self._delay = FIRST_DELAY
        self._acknowledged = acknowledged
        self._again = self._stranger_is_told = False
        self._wait()

    def stop(self) -> None:
        """Dial no more, and close a connection whose HELLO was not answered."""
        if self._timer:
            self._timer.cancel()
        self._dialer.cancel()
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    # For the connection.

    def handle(self, connection: Connection, event: Event) -> None:
        """Pass an open connection to the chat, or note why there is none."""
        match event:
            case Opened():
                self._connection = None
                connection.lift_deadline()
                self._since = self._program.loop.now()
                self._program.chat.resumed(connection)
            case Left() | Failed() if self._program.chat.note_server_gone():
                pass  # it has left the talk, and may be in another one by now
            case Left(Reason.UNKNOWN_SESSION, text) if text == FORGOTTEN:
                self._refusal = f"{self._place} {NEW_SERVER}"
            case Failed(UnknownSessionError()):
                self._refusal = f"{self._place} {NEW_SERVER}"
            case Left(_, text):
                self._refusal = f"{self._place} refused to go on: {text}"
            case Lost() if connection.channel.refuses:
                self._note_stranger(connection)
            case Failed(error):
                self._refusal = f"{self._place} cannot go on: {error}"

    def closed(self, connection: Connection) -> None:
        """Try again, unless it was a refusal, or the search is over."""
        if connection is not self._connection:
            return
        self._connection = None
        if self._refusal:
            self._program.chat.stop_searching(self._refusal)
        else:
            self._wait()

    def _note_stranger(self, connection: Connection) -> None:
        """Show, once, that somebody without our ticket answers in the server's place.

        It is no refusal by the server, which may come back: whoever stands in between could
        end any talk otherwise.
        """
        if not self._stranger_is_told:
            self._stranger_is_told = True
            self._program.terminal.notify(
                f"What answers at {self._place} is not who you talked with: "
                f"{connection.channel.error}. Trying on; nothing is sent to it."
            )

    # Dialing.

    def _wait(self) -> None:
        """Dial after a while, next time after a longer one."""
        seconds = self._delay * (1 + os.urandom(1)[0] / 255) / 2
        self._delay = min(2 * self._delay, LAST_DELAY)
        self._timer = self._program.loop.call_later(seconds, self._dial)

    def _dial(self) -> None:
        self._dialer.dial(self._again)
        self._again = True

    def _fail(self, error: OSError) -> None:
        """Wait for the next try, when no address has answered."""
        refused = isinstance(error, ConnectionRefusedError)
        if not (refused and self._program.chat.note_server_gone()):
            self._wait()

    def _greet(self, sock: socket.socket) -> None:
        """Send HELLO again, for the talk that was cut."""
        self._connection = self._program.open_connection(
            sock, self._place, self, "CONNECTED", self._make_link
        )

    def _make_link(self, trace: Trace) -> Link:
        return Link(self._session, greets_first=True, trace=trace)
