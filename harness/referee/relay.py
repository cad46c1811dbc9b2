"""A relay between the two programs that knows nothing of their framing.

It stands where the client looks for the server. It passes everything on as it comes,
until a check holds what goes one way, cuts, joins or changes the held bytes, and
releases them. The ends of a stream and resets are passed on as they are.
"""

import selectors
import socket
from contextlib import suppress

from harness.proxy import RESET, Queues
from harness.referee.isolation import Network


class Stream:
    """One way through a connection, from the program that writes at `source`."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source = source
        self.target = target
        self.is_held = False
        self.held = bytearray()  # what came and was not passed on
        self.record = bytearray()  # all that has come
        self.ended = False  # nothing more will come
        self._reset = False  # it ended by a reset
        self._end_passed_on = False

    def read(self) -> None:
        """Read what is there, and pass it on unless it is held."""
        data = b""
        with suppress(BlockingIOError):
            try:
                data = self.source.recv(65536)
            except ConnectionResetError:
                self._reset = True
            self.ended = not data
        self.held += data
        self.record += data
        if not self.is_held:
            self.release()

    def pass_on(self, count: int) -> None:
        """Pass on the first bytes of what is held, in one segment."""
        piece, self.held = bytes(self.held[:count]), self.held[count:]
        # A blocking send: the reader is on this machine, and a held message is small.
        with suppress(OSError):
            self.target.sendall(piece)

    def release(self) -> None:
        """Pass on all that is held, and what comes from now on at once."""
        self.is_held = False
        self.pass_on(len(self.held))
        if self.ended and not self._end_passed_on:
            self._end_passed_on = True
            with suppress(OSError):
                self._pass_end_on()

    def _pass_end_on(self) -> None:
        if self._reset:
            reset(self.target)
        else:
            self.target.shutdown(socket.SHUT_WR)


class Relay:
    """A listener in the clients' network that passes everything on to the server."""

    def __init__(
        self, network: Network, selector: selectors.BaseSelector, target: int, port: int
    ) -> None:
        self.streams: dict[
            str, Stream
        ] = {}  # of the latest connection, by the side that writes
        self._network = network
        self._selector = selector
        self._target = target
        self._open: list[socket.socket] = []  # of all connections so far
        self._queues: dict[str, Queues] = {}  # by the side whose bytes are read
        for side, reader in (("client", "server"), ("server", "client")):
            with network.inside(reader):  # each network has its own sockets to ask for
                self._queues[side] = Queues()
        with network.inside("client"):
            self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def hold(self, side: str) -> Stream:
        """Keep back what a side sends from now on; return the stream that holds it."""
        self.streams[side].is_held = True
        return self.streams[side]

    def has_been_read(self, side: str) -> bool:
        """Whether the receiver has read all that was passed on from a side."""
        return not self._queues[side].unread(self.streams[side].target)

    def reset(self) -> None:
        """Reset the connection at both ends, as a router would that has forgotten it."""
        for stream in self.streams.values():
            self._forget(stream.source)
            reset(stream.source)
        self.streams.clear()

    def close(self) -> None:
        """Close the listener and every connection."""
        for each in [self._listener, *self._open]:
            self._forget(each)
            each.close()
        for queues in self._queues.values():
            queues.close()

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        try:
            with self._network.inside("server"):
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
            stream.read()
            if stream.ended:
                self._forget(stream.source)
            if stream.target.fileno() < 0:  # closed, to pass a reset on
                self._forget(stream.target)

        self._selector.register(stream.source, selectors.EVENT_READ, read)

    def _forget(self, sock: socket.socket) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(sock)


def reset(sock: socket.socket) -> None:
    """Close a socket so that its peer gets a reset instead of an end of stream."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    sock.close()
