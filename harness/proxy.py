"""A network between the two programs that delivers a few bytes at a time.

TCP may hand a message over in pieces of any size. Over loopback it hardly ever does,
so programs that take one read for one message seem to work. Through this proxy every
piece of `size` bytes travels on its own, in both directions.

It lives on the selector of whoever owns it and imports nothing of the product.
"""

import selectors
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress

PACE_SECONDS = 0.0001
"""Between two looks at whether the reader has taken the last piece. Where the kernel
does not say (not Linux), it is the time between two pieces: a pace, and no promise."""


class Queues:
    """Asks the kernel how many bytes wait unread at the far end of a connection.

    TCP tells a sender what has arrived, never what was read; on one machine Linux can be
    asked for the other end's queue (sock_diag(7), the interface of `ss`).
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        with suppress(OSError, AttributeError):
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)

    def unread(self, near: socket.socket) -> int:
        """Count the bytes that the reader of what `near` sends has not read yet."""
        if self._socket is None:
            return 0
        try:
            question = _question(near.getpeername(), near.getsockname())
            self._socket.send(question)
            answer = self._socket.recv(4096)
        except OSError:
            return 0
        # An error message (no such connection) is shorter than an answer.
        return int(struct.unpack_from("=I", answer, 72)[0]) if len(answer) >= 76 else 0

    def close(self) -> None:
        """Ask no more."""
        if self._socket:
            self._socket.close()


def _question(source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """Lay out an inet_diag_req_v2 for one IPv4 connection, in any state."""
    ends = struct.pack("!HH", source[1], target[1])
    for host, _ in (source, target):
        ends += socket.inet_aton(host).ljust(16, b"\0")
    wanted = struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0xFFFFFFFF)
    request = wanted + ends + struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
    return struct.pack("=IHHII", 16 + len(request), 20, 1, 0, 0) + request


class Direction:
    """One way through the proxy: what came in at `source` and is due at `target`."""

    def __init__(
        self, source: socket.socket, target: socket.socket, size: int, queues: Queues
    ) -> None:
        self._queues = queues
        self.source = source
        self.target = target
        self.carried = 0  # bytes delivered so far
        self._size = size
        self._waiting = bytearray()
        self._ended = False
        self.over = False  # the end has been delivered too

    def take(self) -> bool:
        """Read what is there; returns whether more may come."""
        try:
            data = self.source.recv(65536)
        except OSError:
            data = b""  # a reset travels as an end
        self._waiting += data
        self._ended = not data
        return bool(data)

    def give(self) -> None:
        """Deliver one piece once the last was read, or after the last one the end."""
        if self._waiting and self._queues.unread(self.target):
            return
        piece, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
        with suppress(OSError):  # the target has gone: what it was to get is lost
            if piece:
                self.target.sendall(piece)
                self.carried += len(piece)
            elif self._ended and not self.over:
                self.over = True
                self.target.shutdown(socket.SHUT_WR)

    @property
    def busy(self) -> bool:
        """Whether something is to be delivered."""
        return bool(self._waiting) or (self._ended and not self.over)


class Proxy:
    """Has a `port` of its own on localhost and passes everything on to a server's.

    The owner's selector calls the callbacks registered as data; `pump` delivers what is
    due and says in how many seconds it wants to be called again. Until `listen` it
    refuses connections, like a server that is not there yet.
    """

    def __init__(self, selector: selectors.BaseSelector, size: int = 1) -> None:
        self.directions: list[Direction] = []
        self._selector = selector
        self._size = size
        self._target = 0
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets = [self._listener]
        self._due = 0.0
        self._queues = Queues()

    def listen(self, target: int) -> None:
        """Pass connections on to the server on this port from now on."""
        if not self._target:
            self._listener.listen()
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._target = target

    def pump(self) -> float | None:
        """Deliver one piece each way if it is time; None: nothing is waiting."""
        now = time.monotonic()
        if now >= self._due:
            for direction in self.directions:
                direction.give()
            self._due = now + PACE_SECONDS
        busy = any(direction.busy for direction in self.directions)
        return max(0.0, self._due - now) if busy else None

    def close(self) -> None:
        """Cut all connections and stop listening."""
        self._queues.close()
        for sock in self._sockets:
            with suppress(KeyError):
                self._selector.unregister(sock)
            sock.close()

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            near.close()  # no server: to the client it looks as if it had gone at once
            return
        for source, target in ((near, far), (far, near)):
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            direction = Direction(source, target, self._size, self._queues)
            self.directions.append(direction)
            self._sockets.append(source)
            self._selector.register(source, selectors.EVENT_READ, self._reader(direction))

    def _reader(self, direction: Direction) -> Callable[[], None]:
        def read() -> None:
            if not direction.take():
                self._selector.unregister(direction.source)

        return read
