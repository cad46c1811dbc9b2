"""Trying a host's addresses, with real sockets on loopback."""

import errno
import socket
from collections.abc import Iterator

import pytest

from chatc.dialer import CONNECT_SECONDS, Dialer, _outcome
from chatlib.addresses import Address
from chatlib.loop import Loop
from tests.helpers import Clock, move, until

NOBODY: Address = (socket.AF_INET, ("192.0.2.1", 9))
"""An address that is nobody's (RFC 5737)."""


class Calls:
    """A dialer for some addresses, and what came of it."""

    def __init__(self, loop: Loop, *addresses: Address) -> None:
        self.sockets: list[socket.socket] = []
        self.codes: list[int] = []
        self.dialer = Dialer(loop, list(addresses), self.sockets.append, self.codes.append)

    @property
    def over(self) -> bool:
        """Whether there is an outcome."""
        return bool(self.sockets or self.codes)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """Listen on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def refused() -> Iterator[Address]:
    """Give an address at which nobody listens, and nobody else will."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield socket.AF_INET, sock.getsockname()


def test_who_answers_is_connected(loop: Loop, server: socket.socket) -> None:
    """And the dialer has nothing under way any more."""
    calls = Calls(loop, (socket.AF_INET, server.getsockname()))
    calls.dialer.dial()
    assert calls.dialer.busy
    until(loop, lambda: calls.over)
    assert calls.sockets[0].getpeername() == server.getsockname()
    assert not calls.dialer.busy
    calls.sockets[0].close()


def test_an_address_that_refuses_is_passed_over(
    loop: Loop, server: socket.socket, refused: Address
) -> None:
    """The next one is tried."""
    calls = Calls(loop, refused, (socket.AF_INET, server.getsockname()))
    calls.dialer.dial()
    until(loop, lambda: calls.over)
    assert len(calls.sockets) == 1
    calls.sockets[0].close()


def test_when_no_address_answers_the_last_error_is_told(
    loop: Loop, refused: Address
) -> None:
    """Once; and one may dial again."""
    calls = Calls(loop, refused, refused)
    for count in (1, 2):
        calls.dialer.dial()
        until(loop, lambda count=count: len(calls.codes) == count)  # type: ignore[misc]
    assert calls.codes == [errno.ECONNREFUSED] * 2


@pytest.fixture
def deaf() -> Iterator[Address]:
    """Give an address that does not answer: its queue is full, so the kernel is silent."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
            fillers.append(filler)
        yield socket.AF_INET, server.getsockname()
        for filler in fillers:
            filler.close()


def test_an_address_that_is_silent_has_its_time(deaf: Address) -> None:
    """Then it has failed."""
    clock = Clock()
    loop = Loop(clock)
    calls = Calls(loop, deaf)
    calls.dialer.dial()
    for seconds, codes in ((CONNECT_SECONDS - 0.1, []), (0.2, [errno.ETIMEDOUT])):
        move(loop, clock, seconds)
        assert calls.codes == codes


def test_who_gives_up_waits_no_longer(loop: Loop, deaf: Address) -> None:
    """And tries no other address."""
    calls = Calls(loop, deaf, NOBODY)
    calls.dialer.dial()
    calls.dialer.give_up()
    assert calls.codes == [errno.ETIMEDOUT]
    assert not calls.dialer.busy


def test_who_cancels_hears_nothing_more(loop: Loop, server: socket.socket) -> None:
    """The attempt is closed."""
    calls = Calls(loop, (socket.AF_INET, server.getsockname()))
    calls.dialer.dial()
    calls.dialer.cancel()
    loop.call_later(0, lambda: None)
    loop.turn()
    assert not calls.over
    assert not calls.dialer.busy


def test_a_port_that_TCP_connected_to_itself_is_no_server() -> None:
    """Linux does that when the port called happens to be the one it picks for us."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.connect(sock.getsockname())
        assert _outcome(sock) != 0
