"""A relay between the two programs that knows nothing of their framing.

It stands where the client looks for the server. It passes everything on as it comes,
until it is told to hold what goes one way; then a check cuts, joins or changes the held
bytes and lets them go. The ends of a stream and resets are passed on as they are.
"""

import selectors
import socket
from contextlib import suppress

from harness.proxy import RESET, Queues
from harness.referee.isolation import Network


class Stream:
    """One way through a connection, from whoever writes at `source`."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source = source
        self.target = target
        self.holds = False
        self.held = bytearray()
        self.record = bytearray()  # all that ever came
        self.ended = False
        self._reset = False
        self._over = False

    def take(self) -> bytes:
        """Read what is there, and hand it on unless it is held."""
        data = b""
        with suppress(BlockingIOError):
            try:
                data = self.source.recv(65536)
            except ConnectionResetError:
                self._reset = True
            self.ended = not data
        self.held += data
        self.record += data
        if not self.holds:
            self.release()
        return data

    def give(self, count: int) -> None:
        """Hand on the first bytes of what is held, in one segment."""
        piece, self.held = bytes(self.held[:count]), self.held[count:]
        # A blocking send: the reader is on this machine, and a held message is small.
        with suppress(OSError):
            self.target.sendall(piece)

    def release(self) -> None:
        """Hand on all that is held, and go on as it comes."""
        self.holds = False
        self.give(len(self.held))
        if self.ended and not self._over:
            self._over = True
            with suppress(OSError):
                self._end()

    def _end(self) -> None:
        if self._reset:
            reset(self.target)
        else:
            self.target.shutdown(socket.SHUT_WR)


class Relay:
    """Stands at `port` of the clients' network, once the server listens on its own."""

    def __init__(
        self, network: Network, selector: selectors.BaseSelector, target: int, port: int
    ) -> None:
        self.streams: dict[str, Stream] = {}  # of the latest connection, by who writes
        self._network = network
        self._selector = selector
        self._target = target
        self._open: list[socket.socket] = []
        self._queues: dict[str, Queues] = {}
        for side, reader in (("client", "server"), ("server", "client")):
            with network.of(reader):  # each network has its own sockets to ask for
                self._queues[side] = Queues()
        with network.of("client"):
            self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def hold(self, side: str) -> Stream:
        """Keep what a side sends from now on; returns the stream, to let it go."""
        self.streams[side].holds = True
        return self.streams[side]

    def has_been_read(self, side: str) -> bool:
        """Whether the receiver has read all that was handed on from a side."""
        return not self._queues[side].unread(self.streams[side].target)

    def reset(self) -> None:
        """Break the connection off at both ends, as a router that has lost it would."""
        for stream in self.streams.values():
            self._forget(stream.source)
            reset(stream.source)
        self.streams.clear()

    def close(self) -> None:
        """Close everything."""
        for each in [self._listener, *self._open]:
            self._forget(each)
            each.close()
        for queues in self._queues.values():
            queues.close()

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        try:
            with self._network.of("server"):
                far = socket.create_connection(("127.0.0.1", self._target), 1)
        except OSError:
            reset(near)
            return
        for each in (near, far):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.settimeout(1)
        self._open += [near, far]
        self.streams = {"client": Stream(near, far), "server": Stream(far, near)}
        for stream in self.streams.values():
            self._register(stream)

    def _register(self, stream: Stream) -> None:
        def read() -> None:
            stream.take()
            if stream.ended:
                self._forget(stream.source)
            if stream.target.fileno() < 0:  # closed, to pass a reset on
                self._forget(stream.target)

        self._selector.register(stream.source, selectors.EVENT_READ, read)

    def _forget(self, sock: socket.socket) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(sock)


def reset(sock: socket.socket) -> None:
    """Close so that the other end gets a reset instead of an end of stream."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    sock.close()
