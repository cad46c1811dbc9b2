"""Find the server: try every address, wait for one that is not there yet, say HELLO.

When the server has answered HELLO the connection is handed over to the chat.
"""

import errno
import os
import socket

from chatlib.addresses import Address, resolve
from chatlib.connection import Connection
from chatlib.errors import ChatError, Exit, RemoteProtocolError, StartError
from chatlib.loop import WRITE, Timer
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
)

CONNECT_SECONDS = 10.0
"""How long one address may take to answer before the next is tried."""

HELLO_SECONDS = 5.0
"""How long the server may take to answer our HELLO."""

FIRST_DELAY, LAST_DELAY = 0.1, 1.0
"""Seconds between two tries: doubling, because TCP tells nobody that a server starts."""


class BusyError(ChatError):
    """The server is talking with somebody else."""

    code = Exit.BUSY


class LostError(ChatError):
    """The connection ended before the talk began."""


class Connector:
    """The way to the server, up to its HELLO."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._host = program.settings.host
        self._port = program.settings.port
        self._addresses: list[Address] = []
        self._next = 0  # which address is to be tried
        self._delay = FIRST_DELAY
        self._patience: Timer | None = None
        self._waiting = program.settings.wait > 0
        self._refusal = ""
        self._error: ChatError = LostError(f"{self._place} has gone")

    def start(self) -> None:
        """Resolve the host and try its first address. Raises StartError."""
        if not self._port:
            raise StartError("port 0 is no server's port: give chatc the one chatd prints")
        self._addresses = resolve(self._host, self._port)
        self._program.loop.call_later(0, self._try)

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
                self._error = LostError(f"{self._place} did not say hello{ending}")
            case Failed(error):
                what = f"{self._place} does not speak this protocol: {error}"
                self._error = RemoteProtocolError(what)

    def settle(self, connection: Connection) -> None:
        """Nothing to do: the talk has not begun."""

    def closed(self, connection: Connection) -> None:
        """There will be no talk; what came before said why."""
        self._program.fail(self._error)

    @property
    def _place(self) -> str:
        return f"{self._host} port {self._port}"

    def _try(self) -> None:
        """Begin a connection to the next address."""
        family, address = self._addresses[self._next]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            self._fail(sock, code)
            return
        timer = self._program.loop.call_later(
            CONNECT_SECONDS, lambda: self._decide(sock, timer, errno.ETIMEDOUT)
        )
        self._program.loop.watch(
            sock.fileno(), WRITE, lambda _: self._decide(sock, timer, _outcome(sock))
        )

    def _decide(self, sock: socket.socket, timer: Timer, code: int) -> None:
        """The connection is there, or `code` says why not."""
        timer.cancel()
        self._program.loop.forget(sock.fileno())
        if code:
            self._fail(sock, code)
        else:
            self._greet(sock)

    def _fail(self, sock: socket.socket, code: int) -> None:
        """Go on with the next address; after the last, wait or give up."""
        sock.close()
        self._refusal = os.strerror(code)
        self._next = (self._next + 1) % len(self._addresses)
        if self._next:
            self._try()
        elif self._waiting:
            self._wait()
        else:
            self._give_up()

    def _wait(self) -> None:
        """Try again a little later, until the patience of the person is over."""
        if self._patience is None:
            seconds = self._program.settings.wait
            self._patience = self._program.loop.call_later(seconds, self._lose_patience)
            self._program.terminal.notice(
                f"No server at {self._place} yet: waiting for it up to {seconds:g} s."
            )
        self._program.loop.call_later(self._delay, self._try)
        self._delay = min(2 * self._delay, LAST_DELAY)

    def _lose_patience(self) -> None:
        """The next try is the last one."""
        self._waiting = False

    def _give_up(self) -> None:
        self._program.fail(
            StartError(
                f"no server at {self._place} ({self._refusal}): "
                f"start one with 'chatd --port {self._port}'"
            )
        )

    def _greet(self, sock: socket.socket) -> None:
        """Say HELLO on the new connection."""
        trace = self._program.trace()
        trace("=", f"CONNECTED {sock.getpeername()[:2]}", b"")
        session = Session(
            greets_first=True,
            talks_first=True,
            hello=Hello(os.urandom(SESSION_BYTES), Mode.ANY, self._program.name),
            trace=trace,
        )
        address = (self._host, self._port)
        connection = Connection(self._program.loop, sock, address, session, self, trace)
        connection.expire_in(HELLO_SECONDS)
        connection.flush()

    def _open(self, connection: Connection) -> None:
        connection.stay()
        if self._patience:
            self._patience.cancel()
        banner = f"Connected to: {self._host} on port: {self._port}"
        self._program.chat.begin(connection, banner)

    def _explain(self, reason: Reason, text: str) -> ChatError:
        if reason is Reason.BUSY:
            return BusyError(f"{self._place} is busy: {text}; try again later")
        return LostError(f"{self._place} refused the talk: {text}")


def _outcome(sock: socket.socket) -> int:
    """Ask how the connection attempt ended: 0, or the error's number."""
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if not code and sock.getsockname() == sock.getpeername():
        # On one machine TCP can connect a free port to itself, when the kernel happens
        # to pick the number that is being called. There is no server behind that.
        return errno.ECONNREFUSED
    return code
