"""Connect to a host: try its addresses one after the other, without blocking.

Knows no protocol: the result is a connected socket, or the error number of the last
address.
"""

import errno
import select
import socket
from collections.abc import Callable

from chatlib.addresses import Address
from chatlib.loop import WRITE, Loop, Timer

CONNECT_SECONDS = 10.0
"""How long one address may take to answer before the next one is tried."""


class Dialer:
    """The addresses of one host, and the connection attempt that is in progress.

    `connected(sock)` is called with the connected socket; `failed(code)` with the error
    number of the last address, when all of them have failed.
    """

    def __init__(
        self,
        loop: Loop,
        addresses: list[Address],
        connected: Callable[[socket.socket], None],
        failed: Callable[[int], None],
    ) -> None:
        self.addresses = addresses
        self._loop = loop
        self._connected = connected
        self._failed = failed
        self._next = 0  # the index of the address that is tried now, or next
        self._attempt: socket.socket | None = None  # the socket that is connecting
        self._timeout: Timer | None = None  # for an address that does not answer

    @property
    def busy(self) -> bool:
        """Whether an attempt is in progress."""
        return self._attempt is not None

    def dial(self) -> None:
        """Try the addresses, beginning with the first."""
        self._next = 0
        self._try()

    def cancel(self) -> None:
        """Abandon the attempt and report nothing."""
        sock = self._stop_attempt()
        if sock:
            sock.close()

    def give_up(self) -> None:
        """Try no further address, and let the attempt in progress fail.

        An answer that is there already counts: the loop is about to report it.
        """
        self._next = len(self.addresses) - 1
        if self._attempt and not select.select([], [self._attempt], [], 0)[1]:
            self._finish_attempt(errno.ETIMEDOUT)

    def _try(self) -> None:
        """Start to connect to the next address."""
        family, address = self.addresses[self._next]
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # no IPv6 in this kernel, no descriptor left
            self._try_next(error.errno or errno.EIO)
            return
        self._attempt = sock
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            self._finish_attempt(code)
            return
        # The attempt is finished by an answer or by the timeout, whichever comes first.
        self._timeout = self._loop.call_later(
            CONNECT_SECONDS, lambda: self._finish_attempt(errno.ETIMEDOUT)
        )
        self._loop.watch(
            sock.fileno(), WRITE, lambda _: self._finish_attempt(_read_error(sock))
        )

    def _finish_attempt(self, code: int) -> None:
        """Report the connected socket, or try the next address after an error."""
        sock = self._stop_attempt()
        assert sock is not None
        if code:
            sock.close()
            self._try_next(code)
        else:
            self._connected(sock)

    def _stop_attempt(self) -> socket.socket | None:
        """Stop waiting for an answer; return the socket of the attempt, if there is one."""
        sock, self._attempt = self._attempt, None
        if sock:
            self._loop.forget(sock.fileno())
        if self._timeout:
            self._timeout.cancel()
        return sock

    def _try_next(self, code: int) -> None:
        """Try the next address; after the last one, report its error number."""
        self._next = (self._next + 1) % len(self.addresses)
        if self._next:
            self._try()
        else:
            self._failed(code)


def _read_error(sock: socket.socket) -> int:
    """Return how an attempt ended: 0 for a connection, or the number of the error."""
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    try:
        itself = not code and sock.getsockname() == sock.getpeername()
    except OSError as error:  # reset in this very moment
        return error.errno or errno.ECONNRESET
    if itself:
        # On one machine TCP can connect a free port to itself, when the kernel happens
        # to choose the port that is called as our own. There is no server behind it.
        return errno.ECONNREFUSED
    return code
