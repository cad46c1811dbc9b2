"""Dial a host: try its addresses one after the other, without waiting for any.

Knows no protocol: what comes out is a connected socket, or why there is none.
"""

import errno
import select
import socket
from collections.abc import Callable

from chatlib.addresses import Address
from chatlib.loop import WRITE, Loop, Timer

CONNECT_SECONDS = 10.0
"""How long one address may take to answer before the next is tried."""


class Dialer:
    """One host's addresses, and the attempt that is under way.

    `connected(sock)` gets the socket; `failed(code)` the last address's error number
    when no address has answered.
    """

    def __init__(
        self,
        loop: Loop,
        addresses: list[Address],
        connected: Callable[[socket.socket], None],
        failed: Callable[[int], None],
    ) -> None:
        self._loop = loop
        self.addresses = addresses
        self._connected = connected
        self._failed = failed
        self._next = 0  # which address is to be tried
        self._attempt: socket.socket | None = None
        self._late: Timer | None = None

    @property
    def busy(self) -> bool:
        """Whether an attempt is under way."""
        return self._attempt is not None

    def dial(self) -> None:
        """Begin with the first address."""
        self._next = 0
        self._try()

    def cancel(self) -> None:
        """Forget the attempt; nobody is told."""
        sock = self._end_attempt()
        if sock:
            sock.close()

    def give_up(self) -> None:
        """Try no other address, and wait for this one no longer.

        Should its answer be there already, the loop is about to say so: that counts.
        """
        self._next = len(self.addresses) - 1
        if self._attempt and not select.select([], [self._attempt], [], 0)[1]:
            self._decide(errno.ETIMEDOUT)

    def _try(self) -> None:
        """Begin a connection to the next address."""
        family, address = self.addresses[self._next]
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # no IPv6 in this kernel, no descriptor left
            self._fail(error.errno or errno.EIO)
            return
        self._attempt = sock
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            self._decide(code)
            return
        # Whichever comes first: an answer, or the end of this address's time.
        self._late = self._loop.call_later(
            CONNECT_SECONDS, lambda: self._decide(errno.ETIMEDOUT)
        )
        self._loop.watch(sock.fileno(), WRITE, lambda _: self._decide(_outcome(sock)))

    def _decide(self, code: int) -> None:
        """The connection is there, or `code` says why not."""
        sock = self._end_attempt()
        assert sock is not None
        if code:
            sock.close()
            self._fail(code)
        else:
            self._connected(sock)

    def _end_attempt(self) -> socket.socket | None:
        sock, self._attempt = self._attempt, None
        if sock:
            self._loop.forget(sock.fileno())
        if self._late:
            self._late.cancel()
        return sock

    def _fail(self, code: int) -> None:
        """Go on with the next address; after the last, say so."""
        self._next = (self._next + 1) % len(self.addresses)
        if self._next:
            self._try()
        else:
            self._failed(code)


def _outcome(sock: socket.socket) -> int:
    """Ask how the connection attempt ended: 0, or the error's number."""
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    try:
        itself = not code and sock.getsockname() == sock.getpeername()
    except OSError as error:  # reset in this very moment
        return error.errno or errno.ECONNRESET
    if itself:
        # On one machine TCP can connect a free port to itself, when the kernel happens
        # to pick the number that is being called. There is no server behind that.
        return errno.ECONNREFUSED
    return code
