"""How the addresses of a host are tried, with real sockets on loopback."""

import errno
import select
import socket
from collections.abc import Iterator

import pytest

from chatc.dialer import CONNECT_SECONDS, Dialer, _read_error
from chatlib.addresses import Address
from chatlib.loop import Loop
from tests.helpers import SECONDS, Clock, move, patience, until

NOBODY: Address = (socket.AF_INET, ("192.0.2.1", 9))
"""An address that no machine has (RFC 5737)."""


class Calls:
    """A dialer for some addresses, and its results."""

    def __init__(self, loop: Loop, *addresses: Address) -> None:
        self.sockets: list[socket.socket] = []
        self.codes: list[int] = []
        self.dialer = Dialer(loop, list(addresses), self.sockets.append, self.codes.append)

    def wait(self) -> None:
        """Wait until the kernel knows how the attempt ended, which the dialer does not."""
        assert self.dialer._attempt
        assert select.select([], [self.dialer._attempt], [], SECONDS)[1]

    @property
    def over(self) -> bool:
        """Whether there is a result."""
        return bool(self.sockets or self.codes)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """Return a socket that listens on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def refused() -> Iterator[Address]:
    """Return an address at which nobody listens, and which no other program is given."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield socket.AF_INET, sock.getsockname()


def test_an_address_that_answers_is_connected(loop: Loop, server: socket.socket) -> None:
    """Then no attempt is in progress any more."""
    calls = Calls(loop, (socket.AF_INET, server.getsockname()))
    calls.dialer.dial()
    assert calls.dialer.busy
    until(loop, lambda: calls.over)
    assert calls.sockets[0].getpeername() == server.getsockname()
    assert not calls.dialer.busy
    calls.sockets[0].close()


def test_after_an_address_that_refuses_the_next_one_is_tried(
    loop: Loop, server: socket.socket, refused: Address
) -> None:
    """The error is not reported."""
    calls = Calls(loop, refused, (socket.AF_INET, server.getsockname()))
    calls.dialer.dial()
    until(loop, lambda: calls.over)
    assert len(calls.sockets) == 1
    calls.sockets[0].close()


def test_when_no_address_answers_the_last_error_is_reported(
    loop: Loop, refused: Address
) -> None:
    """Once; after that the dialer can be used again."""
    calls = Calls(loop, refused, refused)
    for count in (1, 2):
        calls.dialer.dial()
        until(loop, lambda count=count: len(calls.codes) == count)  # type: ignore[misc]
    assert calls.codes == [errno.ECONNREFUSED] * 2


@pytest.fixture
def deaf() -> Iterator[Address]:
    """Return an address that does not answer: the queue of its listener is full."""
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


def test_an_address_that_does_not_answer_fails_after_ten_seconds(deaf: Address) -> None:
    """Not a moment earlier."""
    clock = Clock()
    loop = Loop(clock)
    calls = Calls(loop, deaf)
    calls.dialer.dial()
    for seconds, codes in ((CONNECT_SECONDS - 0.1, []), (0.2, [errno.ETIMEDOUT])):
        move(loop, clock, seconds)
        assert calls.codes == codes


def test_give_up_ends_the_attempt_in_progress(loop: Loop, deaf: Address) -> None:
    """No other address is tried."""
    calls = Calls(loop, deaf, NOBODY)
    calls.dialer.dial()
    calls.dialer.give_up()
    assert calls.codes == [errno.ETIMEDOUT]
    assert not calls.dialer.busy


def test_cancel_reports_nothing(loop: Loop, server: socket.socket) -> None:
    """The socket is closed."""
    calls = Calls(loop, (socket.AF_INET, server.getsockname()))
    calls.dialer.dial()
    sock = calls.dialer._attempt
    calls.dialer.cancel()
    assert sock and sock.fileno() == -1
    calls.dialer.cancel()  # harmless where no attempt is in progress
    loop.call_later(0, lambda: None)
    loop.turn()
    assert not calls.over
    assert not calls.dialer.busy


def test_a_port_that_tcp_connected_to_itself_is_no_server() -> None:
    """Linux does that when it happens to choose the port that is called as our own."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.connect(sock.getsockname())
        assert _read_error(sock) != 0


def test_give_up_does_not_lose_an_answer_that_is_there(
    loop: Loop, server: socket.socket
) -> None:
    """The loop has not read it yet."""
    calls = Calls(loop, (socket.AF_INET, server.getsockname()))
    calls.dialer.dial()
    calls.wait()
    calls.dialer.give_up()
    assert not calls.over
    until(loop, lambda: calls.over)
    assert len(calls.sockets) == 1
    calls.sockets[0].close()


def test_give_up_tries_no_address_after_one_that_has_refused(
    loop: Loop, server: socket.socket, refused: Address
) -> None:
    """Its refusal is there, and is reported as the error."""
    calls = Calls(loop, refused, (socket.AF_INET, server.getsockname()))
    calls.dialer.dial()
    calls.wait()
    calls.dialer.give_up()
    until(loop, lambda: calls.over)
    assert calls.codes == [errno.ECONNREFUSED]


def test_give_up_without_an_attempt_reports_nothing(loop: Loop, refused: Address) -> None:
    """There is nothing to end."""
    calls = Calls(loop, refused)
    calls.dialer.give_up()
    assert not calls.over


def test_an_address_that_the_kernel_rejects_at_once_has_failed(
    loop: Loop, server: socket.socket
) -> None:
    """Without an attempt: a TCP connection to a multicast address (RFC 1122, 4.2.3.10)."""
    multicast: Address = (socket.AF_INET, ("224.0.0.1", 9))
    calls = Calls(loop, multicast, (socket.AF_INET, server.getsockname()))
    calls.dialer.dial()
    until(loop, lambda: calls.over)
    assert len(calls.sockets) == 1
    calls.sockets[0].close()
    calls = Calls(loop, multicast)
    calls.dialer.dial()
    assert calls.codes[0] in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EINVAL)
    assert not calls.dialer.busy


@pytest.mark.parametrize(
    ("error", "code"),
    [(OSError(errno.EMFILE, "Too many open files"), errno.EMFILE), (OSError(), errno.EIO)],
    ids=["no descriptor", "no error number"],
)
def test_an_address_without_a_socket_has_failed(
    loop: Loop, refused: Address, monkeypatch: pytest.MonkeyPatch, error: OSError, code: int
) -> None:
    """The kernel has no such family of addresses, or the process no descriptor."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(socket, "socket", fail)
    calls = Calls(loop, refused)
    calls.dialer.dial()
    assert calls.codes == [code]


def test_a_connection_that_is_reset_before_it_was_looked_at_has_failed() -> None:
    """A socket without a peer any more is not reported as connected."""
    with socket.socket() as sock:
        assert _read_error(sock) == errno.ENOTCONN


def test_a_finished_attempt_leaves_no_timer_and_no_socket_open(
    loop: Loop, server: socket.socket, refused: Address
) -> None:
    """Except the one that is connected."""
    for address in (refused, (socket.AF_INET, server.getsockname())):
        calls = Calls(loop, address)
        calls.dialer.dial()
        attempt = calls.dialer._attempt
        until(loop, lambda: calls.over)  # noqa: B023
        assert attempt and (attempt.fileno() == -1) == bool(calls.codes)
        assert patience(loop) is None
        assert not loop._callbacks
        for sock in calls.sockets:
            sock.close()
