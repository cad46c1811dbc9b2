"""Listen, seat one client, answer the rest.

Everybody who connects is a stranger until it has said HELLO. The first to do so gets
the seat; a later one is told "busy" in a frame of its own and never touches the chat.
"""

import errno
import socket
from functools import partial

from chatlib.addresses import Address, resolve
from chatlib.connection import Connection
from chatlib.errors import StartError, describe
from chatlib.loop import READ
from chatlib.program import Program
from chatlib.protocol.session import (
    Event,
    Failed,
    Greeted,
    Hello,
    Lost,
    Mode,
    Reason,
    Session,
    Trace,
)

STRANGERS_LIMIT = 16
"""Strangers at one time; one more, and the oldest has to go. A real client says HELLO
at once, so silent connections cannot keep it out."""

TAKEN = "the server is talking with somebody else"
KEPT = "the server keeps its seat for a client that it has lost"

BACKLOG = 128
"""Connections that the kernel holds ready for us (listen(2)): when there is no room, it
drops the next, and a client behind a crowd would be tried again a second later."""

PAUSE_SECONDS = 1.0
"""How long nobody is accepted after the system ran out of descriptors."""

PORT_TRIES = 10
"""How often a free port is looked for that is free on every address of the host."""


class Listener:
    """The listening sockets, and the strangers who have not said HELLO yet."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._settings = program.settings
        self._sockets: list[socket.socket] = []
        self._strangers: list[Connection] = []
        self._second_told = False

    def open(self) -> None:
        """Bind and listen; the loop's first turn says so. Raises StartError."""
        host, port = self._settings.host, self._settings.port
        self._sockets = listen(resolve(host, port), port)
        self._program.loop.call_later(0, self._announce)

    def wait_again(self) -> None:
        """The talk is over: the seat is free for the next client."""
        self._second_told = False
        self._program.terminal.forget_typed()
        self._program.terminal.notice("Waiting for the next client.")
        self._program.chat.start()

    # What a stranger's connection calls.

    def handle(self, connection: Connection, event: Event) -> None:
        """Seat or refuse who has said HELLO; forget who has not."""
        match event:
            case Greeted():
                self._greet(connection)
            case Failed(error):
                self._tell(connection, str(error))
            case Lost(detail) if detail:
                self._tell(connection, detail)

    def settle(self) -> None:
        """Nothing to do: a stranger is not talked with."""

    def closed(self, connection: Connection) -> None:
        """A stranger has gone."""
        self._strangers.remove(connection)

    def _announce(self) -> None:
        """Say where: whoever reads this may connect, or send a signal, at once."""
        host, port = self._settings.host, self._sockets[0].getsockname()[1]
        self._program.terminal.show(f"Server listening on: {host} on port: {port}")
        self._watch()

    def _watch(self) -> None:
        for sock in self._sockets:
            self._program.loop.watch(sock.fileno(), READ, partial(self._accept, sock))

    def _accept(self, sock: socket.socket, mask: int) -> None:
        try:
            stranger, address = sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # it has gone again before we came
        except OSError:
            self._pause()
            return
        if len(self._strangers) == STRANGERS_LIMIT:
            self._strangers[0].close()
        connection = self._program.meet(
            stranger, address[:2], self, "ACCEPTED", self._begin
        )
        self._strangers.append(connection)

    def _begin(self, trace: Trace) -> Session:
        """Give the session of a stranger."""
        mode = Mode[self._settings.mode.upper()]
        hello = Hello(b"", mode, self._program.name)
        return Session(greets_first=False, talks_first=False, hello=hello, trace=trace)

    def _greet(self, connection: Connection) -> None:
        """Seat the first; let the one back in whom we talk with; refuse all others."""
        chat = self._program.chat
        if chat.awaits(connection.session):
            self._admit(connection)
            chat.take_back(connection)
        elif not chat.vacant:
            self._refuse(connection)
        elif connection.session.is_new:
            self._admit(connection)
            connection.session.welcome()
            chat.begin(connection, f"Connected by {connection.address}")
        else:
            self._dismiss(connection)

    def _admit(self, connection: Connection) -> None:
        """It is no stranger any more, and may take its time."""
        connection.stay()
        self._strangers.remove(connection)

    def _dismiss(self, connection: Connection) -> None:
        """It comes back to a talk that this program has never had, or has forgotten."""
        connection.stay()
        connection.session.refuse(
            Reason.UNKNOWN_SESSION, "the server does not know this talk"
        )
        self._tell(connection, "it goes on with a talk that this server does not know")

    def _refuse(self, connection: Connection) -> None:
        connection.stay()  # it has said HELLO in time: now it has the time of a goodbye
        lost = self._program.chat.adrift
        connection.session.refuse(Reason.BUSY, KEPT if lost else TAKEN)
        what = "wait for the one you have lost" if lost else "are busy"
        if not self._second_told:  # once a chat: a crowd at the door is not to disturb it
            self._second_told = True
            self._program.terminal.notice(
                f"Another client, from {connection.address}, was told that you {what}."
            )

    def _tell(self, connection: Connection, what: str) -> None:
        """Say what a stranger did wrong, unless the person has somebody to talk with."""
        if self._program.chat.vacant:
            self._program.terminal.notice(f"Refused {connection.address}: {what}.")

    def _pause(self) -> None:
        """Out of descriptors or memory: without a pause `accept` would fail for ever."""
        for sock in self._sockets:
            self._program.loop.forget(sock.fileno())
        self._program.loop.call_later(PAUSE_SECONDS, self._watch)


def listen(addresses: list[Address], port: int) -> list[socket.socket]:
    """Listen on every address that this machine has, all on one port.

    Port 0 takes one that is free on all of them. Raises StartError.
    """
    for _ in range(PORT_TRIES):
        sockets: list[socket.socket] = []
        try:
            for family, (host, _, *scope) in addresses:
                taken = sockets[0].getsockname()[1] if sockets else port
                sockets += _listen_at(family, (host, taken, *scope))
        except OSError as error:
            _close(sockets)
            if error.errno != errno.EADDRINUSE or port:
                raise StartError(_explain(error, port)) from None
            continue
        if sockets:
            return sockets
        raise StartError("the host is not this machine: try --host localhost")
    raise StartError("no port is free on every address: choose one with --port")


def _listen_at(family: int, address: tuple[str | int | bytes, ...]) -> list[socket.socket]:
    """Listen on one address; on none when this machine does not have it."""
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return []  # no IPv6 in this kernel
    try:
        # Lets a server start again while connections of the last one are in TIME_WAIT.
        # It helps only if the last one had set it too.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRNOTAVAIL:
            return []
        raise
    return [sock]


def _close(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def _explain(error: OSError, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} is in use: stop the other program or choose another --port"
        case errno.EACCES:
            return f"port {port} is not for everybody: choose one from 1024 with --port"
        case _:
            return f"cannot listen on port {port}: {describe(error)}"
