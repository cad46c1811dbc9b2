"""Find the server: try every address, wait for one that is not there yet, say HELLO.

When the server has answered HELLO the connection is handed over to the chat.
"""

import os
import socket
from collections.abc import Callable

from chatc.dialer import Dialer
from chatc.redialer import Redialer
from chatlib.addresses import Address, resolve
from chatlib.connection import LATE, Connection
from chatlib.errors import ChatError, Exit, RemoteProtocolError, StartError
from chatlib.loop import Timer
from chatlib.program import Program
from chatlib.protocol.session import (
    SESSION_BYTES,
    Event,
    Failed,
    Hello,
    Left,
    Lost,
    Mode,
    Opened,
    Reason,
    Session,
    State,
    Trace,
)

NOTICE_SECONDS = 1.0
"""After how long the person is told that there is no answer yet."""

HELLO_TRIES = 5
"""How often a connection that breaks before HELLO was answered is tried again: it may be
the network's fault, but most of the time it is no chat server that answers there."""

FIRST_DELAY, LAST_DELAY = 0.1, 1.0
"""Seconds between two tries: doubling, because TCP tells nobody that a server starts."""


class BusyError(ChatError):
    """The server is talking with somebody else."""

    code = Exit.BUSY


class RefusedError(ChatError):
    """The server does not want this talk."""


class Connector:
    """The way to the server, up to its HELLO."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._host = program.settings.host
        self._port = program.settings.port
        self._addresses: list[Address] = []
        self._delay = FIRST_DELAY
        self._timers: list[Timer] = []  # those that have no meaning any more once connected
        self._patient = program.settings.wait > 0
        self._told = False
        self._refusal = ""
        self._session: Session | None = None
        self._tries = HELLO_TRIES
        self._notice: Timer | None = None
        self._greeting = False  # connected, and HELLO is not answered yet
        self._error: ChatError = StartError(f"{self._place} has gone")

    def start(self) -> None:
        """Resolve the host; the loop's first turn tries it. Raises StartError."""
        if not self._port:
            raise StartError("port 0 is no server's port: give chatc the one chatd prints")
        self._addresses = resolve(self._host, self._port)
        self._dialer = Dialer(self._program.loop, self._addresses, self._greet, self._fail)
        self._later(0, self._dialer.dial)
        if self._patient:
            self._later(self._program.settings.wait, self._lose_patience)
            self._notice = self._program.loop.call_later(NOTICE_SECONDS, self._say_waiting)

    # What the connection calls.

    def handle(self, connection: Connection, event: Event) -> None:
        """Hand over to the chat, or keep why that cannot be until all is closed."""
        match event:
            case Opened():
                self._open(connection)
            case Left(reason, text):
                self._error = self._explain(reason, text)
            case Lost(detail):
                ending = f": {detail}" if detail else ""
                self._refusal = f"it did not say hello{ending}"
                self._tries = 0 if detail == LATE else self._tries - 1
                self._error = StartError(f"{self._place} did not say hello{ending}")
            case Failed(error):
                what = f"{self._place} does not speak this protocol: {error}"
                self._error = RemoteProtocolError(what)

    def settle(self) -> None:
        """Nothing to do: the talk has not begun."""

    def closed(self, connection: Connection) -> None:
        """There is no talk; what came before said why. Try again, if that may help."""
        self._greeting = False
        self._program.chat.greet(None)
        again = self._patient and self._tries > 0 and not self._program.chat.leaving
        if connection.session.state is State.LOST and again:
            self._wait()
        else:
            self._program.fail(self._error)

    @property
    def _place(self) -> str:
        return f"{self._host} port {self._port}"

    def _later(self, seconds: float, callback: Callable[[], None]) -> None:
        self._timers.append(self._program.loop.call_later(seconds, callback))

    def _fail(self, code: int) -> None:
        """No address has answered: wait, or give up."""
        self._refusal = os.strerror(code)
        if self._patient:
            self._wait()
        else:
            self._give_up()

    def _wait(self) -> None:
        """Try again a little later."""
        self._say_waiting()
        self._later(self._delay, self._dialer.dial)
        self._delay = min(2 * self._delay, LAST_DELAY)

    def _say_waiting(self) -> None:
        """Say once that there is no server yet."""
        if not self._told:
            self._told = True
            seconds = self._program.settings.wait
            self._program.terminal.notify(
                f"No server at {self._place} yet: waiting for it up to {seconds:g} s."
            )

    def _lose_patience(self) -> None:
        """The time that the person gave is over, whatever is being tried."""
        self._patient = False
        if self._greeting:
            return  # it has the time of a HELLO, and no try after that
        if self._dialer.busy:
            self._dialer.give_up()
        else:
            self._give_up()

    def _give_up(self) -> None:
        self._forget_timers()
        self._program.fail(
            StartError(
                f"no server at {self._place} ({self._refusal}): "
                f"start one with 'chatd --port {self._port}'"
            )
        )

    def _forget_timers(self) -> None:
        for timer in [*self._timers, self._notice]:
            if timer:
                timer.cancel()

    def _greet(self, sock: socket.socket) -> None:
        """Say HELLO on the new connection."""
        address = (self._host, self._port)
        connection = self._program.meet(sock, address, self, "CONNECTED", self._begin)
        self._greeting = True
        if self._notice:
            self._notice.cancel()
        self._program.chat.greet(connection)

    def _begin(self, trace: Trace) -> Session:
        """Give the session, with a HELLO to say: always the same, also at a new try.

        The server may have heard the first and lost the way to answer it: then it keeps
        the seat for just this session.
        """
        if self._session:
            self._session.resume(trace)
        else:
            self._session = Session(
                greets_first=True,
                talks_first=True,
                hello=Hello(os.urandom(SESSION_BYTES), Mode.ANY, self._program.name),
                trace=trace,
            )
        return self._session

    def _open(self, connection: Connection) -> None:
        self._forget_timers()
        connection.stay()
        redialer = Redialer(self._program, self._addresses, connection.session, self._place)
        self._program.lifeline.call = redialer.call
        self._program.lifeline.hang_up = redialer.hang_up
        banner = f"Connected to: {self._host} on port: {self._port}"
        self._program.chat.begin(connection, banner)

    def _explain(self, reason: Reason, text: str) -> ChatError:
        if reason is Reason.BUSY:
            return BusyError(f"{self._place} is busy: {text}; try again later")
        return RefusedError(f"{self._place} refused the talk: {text}")
