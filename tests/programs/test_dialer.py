"""How the addresses of a host are tried, with real sockets on loopback."""

import errno
import os
import resource
import select
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from chatc.dialer import (
    CONNECT_SECONDS,
    LEAST_SECONDS,
    STAGGER_SECONDS,
    Dialer,
    _rank,
    _read_error,
)
from chatlib import resolver
from chatlib.addresses import Address
from chatlib.loop import Loop
from chatlib.resolver import LOOK_UP_SECONDS, Resolver
from tests.helpers import SECONDS, Clock, move, patience, until


class Calls:
    """A dialer for some addresses, and its results."""

    def __init__(self, loop: Loop, *addresses: Address) -> None:
        self.sockets: list[socket.socket] = []
        self.errors: list[OSError] = []
        self.resolver = Resolver(loop, "127.0.0.1" if addresses else "friend.example", 9)
        self.resolver.addresses = list(addresses)
        self.dialer = Dialer(loop, self.resolver, self.sockets.append, self.errors.append)

    def wait(self) -> None:
        """Wait until the kernel knows how an attempt ended, which the dialer does not."""
        assert select.select([], self.attempts, [], SECONDS)[1]

    @property
    def attempts(self) -> list[socket.socket]:
        """The sockets that are connecting."""
        return [*self.dialer._attempts]

    @property
    def codes(self) -> list[int | None]:
        """The numbers of the errors that were reported."""
        return [error.errno for error in self.errors]

    @property
    def over(self) -> bool:
        """Whether there is a result."""
        return bool(self.sockets or self.errors)


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


class Full:
    """A listener whose queue is full: the kernel drops what comes."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.address: Address = (socket.AF_INET, self.socket.getsockname())
        self._fillers = [socket.socket() for _ in range(3)]
        for filler in self._fillers:
            filler.setblocking(False)
            filler.connect_ex(self.socket.getsockname())

    def accept(self) -> None:
        """Accept the first one, so that there is room for another."""
        self.socket.settimeout(SECONDS)
        self.socket.accept()[0].close()
        for filler in self._fillers:
            filler.close()

    def close(self) -> None:
        """Close all."""
        for each in (self.socket, *self._fillers):
            each.close()


@pytest.fixture
def deaf() -> Iterator[Address]:
    """Return an address that does not answer."""
    with closing(Full()) as full:
        yield full.address


def test_an_address_that_does_not_answer_fails_after_ten_seconds(deaf: Address) -> None:
    """Not a moment earlier."""
    clock = Clock()
    loop = Loop(clock)
    calls = Calls(loop, deaf)
    calls.dialer.dial()
    for seconds, codes in ((CONNECT_SECONDS - 0.1, []), (0.2, [errno.ETIMEDOUT])):
        move(loop, clock, seconds)
        assert calls.codes == codes


def test_cancel_reports_nothing(loop: Loop, server: socket.socket) -> None:
    """The socket is closed."""
    calls = Calls(loop, (socket.AF_INET, server.getsockname()))
    calls.dialer.dial()
    (sock,) = calls.attempts
    calls.dialer.cancel()
    assert sock.fileno() == -1
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


def test_an_address_without_a_socket_has_failed(
    loop: Loop, refused: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel has no such family of addresses, or the process no descriptor."""

    def fail(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "socket", fail)
    calls = Calls(loop, refused)
    calls.dialer.dial()
    assert calls.codes == [errno.EMFILE]


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
        (attempt,) = calls.attempts
        until(loop, lambda: calls.over)  # noqa: B023
        assert (attempt.fileno() == -1) == bool(calls.codes)
        assert patience(loop) is None
        assert not loop._callbacks
        for sock in calls.sockets:
            sock.close()


# An address that does not answer soon, and the next one.


class Later:
    """A dialer on a clock that stands still until it is moved."""

    def __init__(self, *addresses: Address) -> None:
        self.clock = Clock()
        self.loop = Loop(self.clock)
        self.calls = Calls(self.loop, *addresses)
        self.dialer = self.calls.dialer

    def move(self, seconds: float) -> None:
        """Let time pass."""
        move(self.loop, self.clock, seconds)

    def until_over(self) -> None:
        """Wait for the result."""
        until(self.loop, lambda: self.calls.over)


def test_while_an_address_does_not_answer_the_next_one_is_tried(
    deaf: Address, server: socket.socket
) -> None:
    """A quarter of a second later; the winner is reported, and the other closed."""
    later = Later(deaf, (socket.AF_INET, server.getsockname()))
    later.dialer.dial()
    later.move(STAGGER_SECONDS - 0.01)
    (first,) = later.calls.attempts
    later.move(0.02)
    assert len(later.calls.attempts) == 2 or later.calls.over
    later.until_over()
    (winner,) = later.calls.sockets
    assert winner.getpeername() == server.getsockname()
    assert first.fileno() == -1
    assert patience(later.loop) is None
    assert not later.loop._callbacks
    winner.close()


def test_an_address_that_answers_late_still_wins(deaf: Address) -> None:
    """The first attempt goes on while the next address is tried."""
    with closing(Full()) as first:
        later = Later(first.address, deaf)
        later.dialer.dial()
        later.move(STAGGER_SECONDS)
        assert len(later.calls.attempts) == 2
        first.accept()  # now there is room, and the kernel asks again after a second
        later.until_over()
        (winner,) = later.calls.sockets
        assert winner.getpeername() == first.address[1]
        assert later.calls.attempts == []
        winner.close()


def test_each_address_follows_after_the_same_time() -> None:
    """And each has its ten seconds, after which the failure is reported once."""
    with closing(Full()) as one, closing(Full()) as two, closing(Full()) as three:
        later = Later(one.address, two.address, three.address)
        later.dialer.dial()
        for count in (1, 2, 3, 3):
            assert len(later.calls.attempts) == count
            later.move(STAGGER_SECONDS)
        later.clock.now += CONNECT_SECONDS - 4 * STAGGER_SECONDS
        for count in (2, 1):
            later.move(0)
            assert len(later.calls.attempts) == count
            assert not later.calls.over
            later.move(STAGGER_SECONDS)
        assert later.calls.codes == [errno.ETIMEDOUT]
        assert patience(later.loop) is None


def test_after_a_refusal_the_next_address_does_not_wait(
    deaf: Address, refused: Address, server: socket.socket
) -> None:
    """As RFC 8305 has it: the delay is for an address that says nothing."""
    later = Later(refused, deaf, (socket.AF_INET, server.getsockname()))
    later.dialer.dial()
    later.calls.wait()
    later.move(0)
    assert len(later.calls.attempts) == 1  # the deaf one, and no time has passed
    later.move(STAGGER_SECONDS)
    later.until_over()
    assert len(later.calls.sockets) == 1
    later.calls.sockets[0].close()


# The person's time is over.


def test_hurry_tries_all_addresses_that_are_left(
    deaf: Address, server: socket.socket
) -> None:
    """With a short `--wait` none is left out."""
    with closing(Full()) as other:
        later = Later(deaf, other.address, (socket.AF_INET, server.getsockname()))
        later.dialer.dial()
        later.dialer.hurry()
        later.until_over()
        assert len(later.calls.sockets) == 1
        later.calls.sockets[0].close()


def test_in_a_hurry_every_address_has_a_second_since_its_attempt(deaf: Address) -> None:
    """One that had longer is not waited for any more."""
    with closing(Full()) as other:
        later = Later(deaf, other.address)
        later.dialer.dial()
        later.move(STAGGER_SECONDS - 0.01)
        later.dialer.hurry()
        assert len(later.calls.attempts) == 2
        later.move(LEAST_SECONDS - STAGGER_SECONDS + 0.02)
        assert len(later.calls.attempts) == 1
        later.move(LEAST_SECONDS)
        assert later.calls.codes == [errno.ETIMEDOUT]
        assert not later.dialer.busy
    later = Later(deaf)
    later.dialer.dial()
    later.move(LEAST_SECONDS)
    later.dialer.hurry()
    later.move(0)
    assert later.calls.codes == [errno.ETIMEDOUT]


def test_in_a_hurry_an_answer_that_is_there_counts(
    loop: Loop, server: socket.socket
) -> None:
    """The loop has not read it yet."""
    calls = Calls(loop, (socket.AF_INET, server.getsockname()))
    calls.dialer.dial()
    calls.wait()
    calls.dialer.hurry()
    assert not calls.over
    until(loop, lambda: calls.over)
    assert len(calls.sockets) == 1
    calls.sockets[0].close()


def test_hurry_without_an_attempt_reports_nothing(loop: Loop, refused: Address) -> None:
    """There is nothing to end."""
    calls = Calls(loop, refused)
    calls.dialer.hurry()
    assert not calls.over


# Which error is reported.


def test_the_most_telling_error_is_reported(loop: Loop, refused: Address) -> None:
    """A refusal says more than a way that is missing, in whatever order they come."""
    nowhere: Address = (socket.AF_INET, ("224.0.0.1", 9))
    for addresses in ((refused, nowhere), (nowhere, refused)):
        calls = Calls(loop, *addresses)
        calls.dialer.dial()
        until(loop, lambda: calls.over)  # noqa: B023
        assert calls.codes == [errno.ECONNREFUSED]


def test_an_error_of_the_network_says_more_than_one_of_this_machine() -> None:
    """And a refusal more than both."""
    errors = [
        OSError(errno.ENETUNREACH, "Network is unreachable"),
        OSError(errno.ETIMEDOUT, "Connection timed out"),
        OSError(errno.ECONNREFUSED, "Connection refused"),
    ]
    assert [_rank(error) for error in errors] == [2, 1, 0]


# Looking a name up.


def answer(monkeypatch: pytest.MonkeyPatch, *addresses: Address, last: str = "end") -> None:
    """Let a look-up find these addresses of IPv4."""
    lines = [*(f"{address[0]!s} 0" for _, address in addresses), last]
    command = ("/bin/sh", "-c", f"printf '%s\\n' {' '.join(map(repr, lines))}")
    monkeypatch.setattr(resolver, "COMMAND", command)


def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let look-ups have no answer."""
    monkeypatch.setattr(resolver, "COMMAND", ("/bin/sh", "-c", "exec sleep 1000"))


def named(loop: Loop, port: int) -> Calls:
    """Return a dialer for a name that was never looked up, at this port."""
    calls = Calls(loop)
    calls.resolver._port = port
    return calls


def test_a_name_is_looked_up_before_it_is_called(
    loop: Loop, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its addresses are tried as any others."""
    _, port = server.getsockname()
    answer(monkeypatch, (socket.AF_INET, ("127.0.0.1", port)))
    calls = named(loop, port)
    calls.dialer.dial()
    assert calls.dialer.busy
    until(loop, lambda: calls.over)
    assert len(calls.sockets) == 1
    calls.sockets[0].close()


def test_a_name_that_is_not_found_is_a_failure(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is that of the resolver, and the next call looks it up again."""
    answer(monkeypatch, last=f"error {int(socket.EAI_AGAIN)} Temporary failure")
    calls = named(loop, 9)
    for count in (1, 2):
        calls.dialer.dial(again=count == 2)
        until(loop, lambda count=count: len(calls.errors) == count)  # type: ignore[misc]
    assert calls.codes == [socket.EAI_AGAIN] * 2
    assert not calls.dialer.busy


def test_where_no_name_can_be_looked_up_the_call_has_failed(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No child can be started."""
    monkeypatch.setattr(resolver, "COMMAND", ("/no/such/program",))
    calls = named(loop, 9)
    calls.dialer.dial()
    assert calls.codes == [errno.ENOENT]


def test_a_second_call_finds_that_the_name_has_moved(
    deaf: Address, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address from before is tried at the same time, and the new one wins."""
    host, port = server.getsockname()
    later = Later()
    later.calls = named(later.loop, port)
    later.dialer = later.calls.dialer
    later.calls.resolver.addresses = [deaf]
    answer(monkeypatch, (socket.AF_INET, (host, port)))
    later.dialer.dial()
    assert not later.calls.resolver.busy  # the first call knows an address
    later.dialer.cancel()
    later.dialer.dial(again=True)
    assert later.calls.resolver.busy
    assert len(later.calls.attempts) == 1
    later.until_over()
    (winner,) = later.calls.sockets
    assert winner.getpeername() == (host, port)
    assert not later.loop._callbacks
    winner.close()


def test_a_name_that_is_not_found_again_keeps_its_addresses(
    deaf: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt goes on, and the failure that is reported is that of the attempt."""
    later = Later()
    later.calls = named(later.loop, 9)
    later.calls.resolver.addresses = [deaf]
    answer(monkeypatch, last=f"error {int(socket.EAI_NONAME)} No such name")
    later.calls.dialer.dial(again=True)
    until(later.loop, lambda: not later.calls.resolver.busy)
    assert not later.calls.over
    later.move(CONNECT_SECONDS)
    assert later.calls.codes == [errno.ETIMEDOUT]


def test_a_failure_waits_a_second_for_another_address(
    refused: Address, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the address that was known has refused before the look-up had an answer."""
    host, port = server.getsockname()
    later = Later()
    later.calls = named(later.loop, port)
    later.calls.resolver.addresses = [refused]
    answer(monkeypatch, (socket.AF_INET, (host, port)))
    later.calls.dialer.dial(again=True)
    later.until_over()
    assert later.calls.errors == []
    later.calls.sockets[0].close()


def test_a_failure_waits_no_longer_for_a_resolver(
    refused: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look-up goes on, and what it finds is for the next call."""
    silence(monkeypatch)
    later = Later()
    later.calls = named(later.loop, 9)
    later.calls.resolver.addresses = [refused]
    later.calls.dialer.dial(again=True)
    until(later.loop, lambda: not later.calls.attempts)
    later.move(LEAST_SECONDS - 0.1)
    assert not later.calls.over
    later.move(0.2)
    assert later.calls.codes == [errno.ECONNREFUSED]
    assert later.calls.resolver.busy
    later.calls.dialer.dial(again=True)
    until(later.loop, lambda: len(later.calls.errors) == 2)
    later.move(LOOK_UP_SECONDS)
    assert later.calls.codes == [errno.ECONNREFUSED] * 2
    assert not later.calls.resolver.busy


@pytest.mark.parametrize("last", ["end", "error 0 no"], ids=["the same", "an error"])
def test_a_look_up_that_finds_nothing_new_lets_the_call_fail(
    refused: Address, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """At once, with the error of the address that was known, which is tried once."""
    later = Later()
    later.calls = named(later.loop, refused[1][1])  # type: ignore[arg-type]
    later.calls.resolver.addresses = [refused]
    answer(monkeypatch, refused, last=last)
    later.calls.dialer.dial(again=True)
    later.until_over()
    assert later.calls.codes == [errno.ECONNREFUSED]
    assert len(later.calls.dialer._errors) == 1
    assert patience(later.loop) is None


def test_in_a_hurry_a_look_up_has_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the failure is reported, and no process is left."""
    silence(monkeypatch)
    later = Later()
    later.calls = named(later.loop, 9)
    later.calls.dialer.dial()
    later.move(0.1)
    later.calls.dialer.hurry()
    later.move(LEAST_SECONDS - 0.2)
    assert not later.calls.over
    later.move(0.2)
    assert later.calls.codes == [socket.EAI_AGAIN]
    assert not later.calls.resolver.busy


def test_cancel_ends_a_look_up(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is reported, and no process is left."""
    silence(monkeypatch)
    calls = named(loop, 9)
    calls.dialer.dial()
    calls.dialer.cancel()
    assert not calls.resolver.busy
    assert not loop._callbacks
    assert not calls.over


def test_a_call_works_with_more_descriptors_than_select_knows(
    server: socket.socket,
) -> None:
    """A parent may leave a thousand of them open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 1200:
        pytest.skip("this machine allows fewer than 1200 descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1200), hard))
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1030)]
    try:
        with closing(Full()) as full:
            later = Later(full.address, (socket.AF_INET, server.getsockname()))
            later.dialer.dial()
            assert later.calls.attempts[0].fileno() > 1024
            later.dialer.hurry()
            later.until_over()
            later.calls.sockets[0].close()
    finally:
        for descriptor in opened:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
