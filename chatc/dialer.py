"""Connect to a host: find its addresses and try them all, without blocking.

An address that does not answer soon does not keep the next one waiting, and is not dropped
either: the first that is connected wins (RFC 8305). Knows no protocol: the result is a
connected socket, or the most telling error.
"""

import errno
import os
import socket
from collections import deque
from collections.abc import Callable
from functools import partial

from chatlib.addresses import Address
from chatlib.loop import WRITE, Deadline, Loop, Timer
from chatlib.resolver import Resolver

CONNECT_SECONDS = 10.0
"""How long one address may take to answer."""

STAGGER_SECONDS = 0.25
"""How long after an attempt the next address is tried as well (RFC 8305, section 5)."""

LEAST_SECONDS = 1.0
"""How long an address, or a look-up, may take even where the person's time is over, and how
long a failure waits for a look-up that may find another address."""

_NO_WAY = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""Errors that speak of this machine, as when it has no IPv6, and not of the server."""


class Attempt:
    """A socket that is connecting, since when, and its deadline."""

    def __init__(self, loop: Loop, timed_out: Callable[[], None]) -> None:
        self.began = loop.now()
        self.deadline = Deadline(loop, timed_out)


class Dialer:
    """The attempts to connect to one host.

    `connected(sock)` is called with the connected socket; `failed(error)` with the most
    telling error when all addresses have failed, or when none was found.
    """

    def __init__(
        self,
        loop: Loop,
        resolver: Resolver,
        connected: Callable[[socket.socket], None],
        failed: Callable[[OSError], None],
    ) -> None:
        self._loop = loop
        self._resolver = resolver
        self._connected = connected
        self._failed = failed
        # Between `dial` and its result: the addresses that are not tried yet, all that are
        # known in this time, the attempts in progress, and why others have failed.
        self._running = False
        self._waiting: deque[Address] = deque()
        self._known: set[Address] = set()
        self._attempts: dict[socket.socket, Attempt] = {}
        self._errors: list[OSError] = []
        # For what is done when nothing has happened meanwhile.
        self._stagger: Timer | None = None
        # Host and port of addresses that are not to be tried any more.
        self._skipped: set[tuple[str | int | bytes, ...]] = set()
        # The person's time is over.
        self._hurried = False

    @property
    def busy(self) -> bool:
        """Whether there will be a result."""
        return self._running

    def dial(self, again: bool = False) -> None:
        """Try all addresses, beginning with the first.

        With `again` an earlier call had no success: a name is looked up once more, while
        the addresses that are known are tried.
        """
        self._running = True
        self._known.clear()
        self._errors.clear()
        self._add_addresses()
        if self._resolver.is_stale and (again or not self._waiting):
            try:
                self._resolver.look_up(self._try_found, self._note_unresolved)
            except OSError as error:  # no descriptor or no process left
                self._errors.append(error)
        self._try_next()

    def cancel(self) -> None:
        """Abandon all attempts and a look-up, and report nothing."""
        self._running = False
        self._resolver.cancel()
        self._waiting.clear()
        self._cancel_stagger()
        for sock in [*self._attempts]:
            self._stop_attempt(sock)
            sock.close()

    def skip(self, place: tuple[str | int | bytes, ...]) -> bool:
        """Try this host and port never again; return whether there are other addresses."""
        self._skipped.add(place)
        return any(self._may_try(each) for each in self._resolver.addresses)

    def hurry(self) -> None:
        """Try all that is left now, and report a failure within few seconds.

        Every attempt has LEAST_SECONDS since its beginning, and so has a look-up.
        """
        self._hurried = True
        self._resolver.limit(LEAST_SECONDS)
        for attempt in self._attempts.values():
            seconds = attempt.began + LEAST_SECONDS - self._loop.now()
            attempt.deadline.limit(max(seconds, 0))
        if self._running:
            self._try_next()

    # Finding addresses.

    def _add_addresses(self) -> None:
        """Add the addresses that are new to those that are to be tried."""
        found = filter(self._may_try, self._resolver.addresses)
        new = [each for each in found if each not in self._known]
        self._known.update(new)
        self._waiting += new

    def _may_try(self, address: Address) -> bool:
        return address[1][:2] not in self._skipped

    def _try_found(self) -> None:
        """Try the addresses that a look-up has found, unless there is a result already."""
        if self._running:
            self._add_addresses()
            self._try_next()

    def _note_unresolved(self, error: OSError) -> None:
        """Report that no address was found; those that were known before still count."""
        if not self._known:
            self._errors.append(error)
        if self._running and not self._attempts:
            self._try_next()

    # Attempts.

    def _try_next(self) -> None:
        """Try the next address; after the last one wait for what is in progress."""
        self._cancel_stagger()
        while self._waiting:
            begun = self._begin_attempt(*self._waiting.popleft())
            if begun and self._waiting and not self._hurried:
                self._stagger = self._loop.call_later(STAGGER_SECONDS, self._try_next)
                return
        if not self._attempts:
            self._fail()

    def _fail(self) -> None:
        """Report that no address has answered, unless a look-up may find another."""
        if self._resolver.busy:
            if not self._known:
                return
            left = self._resolver.began + LEAST_SECONDS - self._loop.now()
            if left > 0:
                self._stagger = self._loop.call_later(left, self._try_next)
                return
        self._running = False
        self._failed(min(self._errors, key=_rank))

    def _begin_attempt(self, family: int, address: tuple[str | int | bytes, ...]) -> bool:
        """Start to connect to an address; return whether it can still succeed."""
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # no IPv6 in this kernel, no descriptor left
            self._errors.append(error)
            return False
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            sock.close()
            self._errors.append(OSError(code, os.strerror(code)))
            return False
        # The attempt is finished by an answer or by the deadline, whichever comes first.
        attempt = Attempt(self._loop, partial(self._finish, sock, errno.ETIMEDOUT))
        attempt.deadline.limit(LEAST_SECONDS if self._hurried else CONNECT_SECONDS)
        self._attempts[sock] = attempt
        self._loop.watch(
            sock.fileno(), WRITE, lambda _: self._finish(sock, _read_error(sock))
        )
        return True

    def _finish(self, sock: socket.socket, code: int) -> None:
        """Report the connected socket, or try the next address after an error."""
        self._stop_attempt(sock)
        if code:
            sock.close()
            self._errors.append(OSError(code, os.strerror(code)))
            self._try_next()
        else:
            self.cancel()
            self._connected(sock)

    def _stop_attempt(self, sock: socket.socket) -> None:
        """Stop waiting for an answer to this attempt."""
        self._loop.forget(sock.fileno())
        self._attempts.pop(sock).deadline.lift()

    def _cancel_stagger(self) -> None:
        if self._stagger:
            self._stagger.cancel()


def _rank(error: OSError) -> int:
    """Return how little an error says about the server; 0 says most."""
    if isinstance(error, ConnectionRefusedError):
        return 0  # the machine is there, but no server
    return 2 if error.errno in _NO_WAY else 1


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
