"""Call the server again when the connection is lost, until it answers or time is up.

How long that may take is the lifeline's business; how the talk goes on the session's.
"""

import errno
import os
import socket

from chatc.dialer import Dialer
from chatlib.addresses import Address
from chatlib.connection import Connection
from chatlib.loop import Timer
from chatlib.program import Program
from chatlib.protocol.session import (
    Event,
    Failed,
    Left,
    Opened,
    Reason,
    Session,
    Trace,
)

FIRST_DELAY, LAST_DELAY = 0.1, 5.0
"""Seconds before a try: doubling, and each shortened by chance to a half at most, so
that many clients of one lost network do not all come back in the same moment."""

LASTING_SECONDS = 10.0
"""A connection that breaks before is one of a series."""


class Redialer:
    """The way back to a server that was lost."""

    def __init__(
        self, program: Program, addresses: list[Address], session: Session, place: str
    ) -> None:
        self._program = program
        self._session = session
        self._place = place
        self._dialer = Dialer(program.loop, addresses, self._greet, self._fail)
        self._connection: Connection | None = None  # one whose HELLO is not answered yet
        self._timer: Timer | None = None
        self._delay = FIRST_DELAY
        self._refusal = ""
        self._since = -LASTING_SECONDS  # when the last connection was there again

    def call(self) -> None:
        """Begin to call, soon; later each time, where connections do not last."""
        if self._program.loop.now() - self._since >= LASTING_SECONDS:
            self._delay = FIRST_DELAY
        self._wait()

    def hang_up(self) -> None:
        """Call no more."""
        if self._timer:
            self._timer.cancel()
        self._dialer.cancel()
        connection, self._connection = self._connection, None
        if connection:
            connection.close()

    # What the connection calls.

    def handle(self, connection: Connection, event: Event) -> None:
        """Hand over to the chat, or keep why that cannot be until all is closed."""
        match event:
            case Opened():
                self._connection = None
                connection.stay()
                self._since = self._program.loop.now()
                self._program.chat.returned(connection)
            case Left(Reason.UNKNOWN_SESSION) if self._program.chat.nobody_listens():
                pass  # it has ended the talk, and is there for another
            case Left(_, text):
                self._refusal = f"{self._place} refused to go on: {text}"
            case Failed(error):
                self._refusal = f"{self._place} cannot go on: {error}"

    def settle(self) -> None:
        """Nothing to do: the talk has not gone on yet."""

    def closed(self, connection: Connection) -> None:
        """Try again, unless it was a refusal, or nobody calls any more."""
        if connection is not self._connection:
            return
        self._connection = None
        if self._refusal:
            self._program.chat.abandon(self._refusal)
        else:
            self._wait()

    def _wait(self) -> None:
        """Try after a while, next time after a longer one."""
        seconds = self._delay * (1 + os.urandom(1)[0] / 255) / 2
        self._delay = min(2 * self._delay, LAST_DELAY)
        self._timer = self._program.loop.call_later(seconds, self._dialer.dial)

    def _fail(self, code: int) -> None:
        """No address has answered."""
        refused = code == errno.ECONNREFUSED
        if not (refused and self._program.chat.nobody_listens()):
            self._wait()

    def _greet(self, sock: socket.socket) -> None:
        """Say HELLO again, as who we are."""
        self._connection = self._program.meet(
            sock, self._place, self, "CONNECTED", self._resume
        )

    def _resume(self, trace: Trace) -> Session:
        self._session.resume(trace)
        return self._session
