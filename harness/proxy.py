"""A network between the two programs that misbehaves on command.

TCP may hand a message over in pieces of any size, late, or not at all. Over loopback it
hardly ever does, so programs that take one read for one message, or a broken connection
for a goodbye, seem to work. This network takes orders:

    cut client>server after 37 bytes        once so many more have gone that way
    cut, cut by RST                         now; by an end of the stream, or a reset
    damages client>server after 37 bytes    once, one bit of the byte that follows
    freezes, freezes server>client, thaws   nothing arrives, and nobody is told
    refuses, admits                         nobody listens any more, somebody does again
    delivers 3 bytes at a time              each read before the next is sent
    delivers as it comes
    delays 0.1 s                            what comes from now on arrives so much later

It lives on the selector of whoever owns it and imports nothing of the product.
"""

import re
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from harness.phrases import look_up

WAYS = ("client>server", "server>client")

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing throws away what is under way and sends a reset."""

PACE_SECONDS = 0.0001
"""Between two looks at whether the reader has read the last piece. Where the kernel does
not answer that (not Linux), it is the time between two pieces: a pace, and no promise."""


class Queues:
    """The kernel's answer to how many bytes wait unread at the far end of a connection.

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
        """Close the socket that asks the kernel."""
        if self._socket:
            self._socket.close()


def _question(source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """Return an inet_diag_req_v2 for one IPv4 connection, in any state."""
    ends = struct.pack("!HH", source[1], target[1])
    for host, _ in (source, target):
        ends += socket.inet_aton(host).ljust(16, b"\0")
    wanted = struct.pack("=BBBxI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0xFFFFFFFF)
    request = wanted + ends + struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
    return struct.pack("=IHHII", 16 + len(request), 20, 1, 0, 0) + request


@dataclass
class Faults:
    """What the orders say about the bytes that go one way."""

    size: int = 0  # bytes that are delivered at a time; 0: as they come
    delay: float = 0.0  # seconds
    frozen: bool = False
    left: int | None = None  # bytes that still go through before the connection is cut
    reset: bool = False  # whether it is cut by a reset
    intact: int | None = None  # bytes that still go through before one is damaged


class Direction:
    """One way through a connection: what came in at `source` and is due at `target`."""

    def __init__(
        self, source: socket.socket, target: socket.socket, faults: Faults, queues: Queues
    ) -> None:
        self.source = source
        self.target = target
        self.delivered = 0  # bytes so far
        self.end_delivered = False
        self._faults = faults  # shared with the orders, which change them
        self._queues = queues
        self._waiting: deque[tuple[float, bytes]] = deque()  # since when, and what
        self._ended = False  # the source has sent its last byte

    def read(self) -> bool:
        """Read what is there; return whether more may come."""
        try:
            data = self.source.recv(65536)
        except OSError:
            data = b""  # a reset travels as an end
        if data:
            self._waiting.append((time.monotonic(), data))
        self._ended = not data
        return bool(data)

    def deliver(self) -> bool:
        """Deliver what is due, and after the last byte the end.

        Returns False where the connection is to be cut.
        """
        if self._faults.frozen:
            return True
        if self._waiting and self._faults.left == 0:
            return False
        while self._due <= 0 and self._deliver_piece():
            if self._faults.left == 0:
                return False
        if self._ended and not self._waiting and not self.end_delivered:
            self.end_delivered = True
            with suppress(OSError):
                self.target.shutdown(socket.SHUT_WR)
        return True

    @property
    def wait(self) -> float | None:
        """Seconds until something can be delivered; None: nothing waits."""
        end_waits = self._ended and not self.end_delivered
        if self._faults.frozen or not (self._waiting or end_waits):
            return None
        return max(PACE_SECONDS, self._due)

    @property
    def _due(self) -> float:
        if not self._waiting:
            return float("inf")
        return self._waiting[0][0] + self._faults.delay - time.monotonic()

    def _deliver_piece(self) -> bool:
        """Deliver one piece; return whether the next may follow at once.

        Where pieces have a size, the next waits until the reader has read the last.
        """
        if self._faults.size and self._queues.unread(self.target):
            return False
        since, data = self._waiting.popleft()
        limits = [len(data), self._faults.size or len(data)]
        if self._faults.left is not None:
            limits.append(self._faults.left)
        sent = self._send(self._damaged(data[: min(limits)]))
        if self._faults.left is not None:
            self._faults.left -= sent
        if self._faults.intact is not None:
            left = self._faults.intact - sent
            self._faults.intact = left if left >= 0 else None
        self.delivered += sent
        if data[sent:]:
            self._waiting.appendleft((since, data[sent:]))
        return bool(sent) and not self._faults.size

    def _damaged(self, piece: bytes) -> bytes:
        """Return the piece, with one bit changed of the byte that is to be damaged."""
        place = self._faults.intact
        if place is None or place >= len(piece):
            return piece
        return piece[:place] + bytes([piece[place] ^ 1]) + piece[place + 1 :]

    def _send(self, piece: bytes) -> int:
        try:
            return self.target.send(piece)
        except BlockingIOError:
            return 0
        except OSError:
            return len(piece)  # the target is closed: what it was to get is lost


class Proxy:
    """A network that passes everything on from a `port` of its own to a server's.

    The owner's selector calls the callbacks that are registered as its data; `pump`
    delivers what is due and returns in how many seconds it is to be called again. Until
    `listen` connections are refused, as by a server that is not there yet. `report` is
    called with what happens, in words.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        size: int = 0,
        port: int = 0,
        report: Callable[[str], None] = lambda what: None,
    ) -> None:
        self.directions: list[Direction] = []  # two for each connection, side by side
        self.faults = {way: Faults(size) for way in WAYS}
        self.connections = 0  # accepted so far
        self._selector = selector
        self._report = report
        self._target = ("127.0.0.1", 0)  # the server
        self._queues = Queues()
        self._listener: socket.socket | None = None
        # Keeps the port when nobody listens on it.
        self._reservation = self._bind(port)
        self.port: int = self._reservation.getsockname()[1]

    def listen(self, port: int, host: str = "127.0.0.1") -> None:
        """Accept connections from now on, and pass them on to the server there."""
        self._target = (host, port)
        self._admit()

    def order(self, text: str) -> bool:
        """Carry out an order of the list above; return False if there is no such order."""
        found = look_up(_ORDERS, text)
        if found:
            self._report(f"order: {text}")
            obey, match = found
            obey(self, match)
        return bool(found)

    def pump(self) -> float | None:
        """Deliver what is due each way; return the seconds until more is, or None."""
        for direction in self.directions[:]:
            if direction in self.directions and not direction.deliver():
                self._cut()
        for near, far in zip(self.directions[::2], self.directions[1::2], strict=True):
            if near.end_delivered and far.end_delivered:
                self._close(near, far)
        waits = [direction.wait for direction in self.directions]
        return min((wait for wait in waits if wait is not None), default=None)

    def close(self) -> None:
        """Cut all connections and stop listening."""
        self._cut()
        self._refuse()
        self._queues.close()
        self._reservation.close()

    # The orders.

    def _order_cut(self, match: re.Match[str]) -> None:
        way = match["way"]
        for faults in self.faults.values():
            faults.reset = match["how"] == "RST"
        if way:
            self.faults[way].left = int(match["count"])
        else:
            self._cut()

    def _order_damage(self, match: re.Match[str]) -> None:
        self.faults[match["way"]].intact = int(match["count"])

    def _order_freeze(self, match: re.Match[str]) -> None:
        for way in [match["way"]] if match["way"] else WAYS:
            self.faults[way].frozen = True
        if not match["way"]:
            self._refuse(deaf=True)

    def _order_thaw(self, match: re.Match[str]) -> None:
        for faults in self.faults.values():
            faults.frozen = False
        self._admit()

    def _order_refuse(self, match: re.Match[str]) -> None:
        self._refuse()

    def _order_admit(self, match: re.Match[str]) -> None:
        self._admit()

    def _order_size(self, match: re.Match[str]) -> None:
        for faults in self.faults.values():
            faults.size = int(match["size"] or 0)

    def _order_delay(self, match: re.Match[str]) -> None:
        for faults in self.faults.values():
            faults.delay = float(match["seconds"])

    # The sockets.

    def _bind(self, port: int) -> socket.socket:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        return sock

    def _admit(self) -> None:
        """Accept connections, or accept them again."""
        if not self._listener:
            self._listener = self._bind(self.port)
            self._listener.listen()
        if self._listener not in self._selector.get_map():
            self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _refuse(self, *, deaf: bool = False) -> None:
        """Accept no connection; a `deaf` network does not even refuse one."""
        if not self._listener:
            return
        with suppress(KeyError):
            self._selector.unregister(self._listener)
        if not deaf:
            self._listener.close()
            self._listener = None

    def _accept(self) -> None:
        assert self._listener
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(self._target)
        except OSError:
            self._report("no server answers")
            near.close()  # to the client it looks as if the server had closed at once
            return
        self.connections += 1
        self._report(f"connection {self.connections}")
        for way, source, target in ((WAYS[0], near, far), (WAYS[1], far, near)):
            source.setblocking(False)
            source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            direction = Direction(source, target, self.faults[way], self._queues)
            self.directions.append(direction)
            self._selector.register(source, selectors.EVENT_READ, self._reader(direction))

    def _reader(self, direction: Direction) -> Callable[[], None]:
        def read() -> None:
            if not direction.read():
                self._selector.unregister(direction.source)

        return read

    def _close(self, *directions: Direction) -> None:
        """Close a connection that has ended both ways."""
        for direction in directions:
            self.directions.remove(direction)
            direction.source.close()

    def _cut(self) -> None:
        """Close every connection at both ends, with all that is still on its way."""
        if self.directions:
            gone = ", ".join(str(each.delivered) for each in self.directions)
            self._report(f"cut, after {gone} bytes there and back")
        for direction in self.directions:
            with suppress(KeyError):
                self._selector.unregister(direction.source)
            if any(faults.reset for faults in self.faults.values()):
                direction.source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            direction.source.close()
        self.directions.clear()
        for faults in self.faults.values():
            faults.left = None


_WAY = "(?P<way>client>server|server>client)"

_Order = Callable[[Proxy, re.Match[str]], None]

_ORDERS: tuple[tuple[str, _Order], ...] = (
    (
        rf"cut(?: {_WAY} after (?P<count>\d+) bytes?)?(?: by (?P<how>FIN|RST))?",
        Proxy._order_cut,
    ),
    (rf"damages {_WAY} after (?P<count>\d+) bytes?", Proxy._order_damage),
    (rf"freezes(?: {_WAY})?", Proxy._order_freeze),
    (r"thaws", Proxy._order_thaw),
    (r"refuses", Proxy._order_refuse),
    (r"admits", Proxy._order_admit),
    (r"delivers (?:(?P<size>\d+) bytes? at a time|as it comes)", Proxy._order_size),
    (r"delays (?P<seconds>\d+(?:\.\d+)?) s", Proxy._order_delay),
)


def is_order(order: str) -> bool:
    """Return whether there is such an order."""
    return look_up(_ORDERS, order) is not None
