"""A look-up asks a child, blocks nothing, and leaves neither process nor descriptor."""

import os
import signal
import socket
import sys
from collections.abc import Iterator

import pytest

from chatlib import resolver
from chatlib.addresses import Address
from chatlib.errors import StartError
from chatlib.loop import Loop
from chatlib.resolver import (
    ADDRESSES_LIMIT,
    ANSWER_LIMIT,
    LOOK_UP_SECONDS,
    PAUSE_SECONDS,
    Resolver,
    _parse,
    _start_child,
)
from tests.helpers import Clock, move, patience, until

ANSWER = "::1 0 0 0\n192.0.2.1 0\nfe80::1 0 0 3\n192.0.2.1 0\nend\n"

FOUND: list[Address] = [
    (socket.AF_INET, ("192.0.2.1", 80)),
    (socket.AF_INET6, ("::1", 80, 0, 0)),
    (socket.AF_INET6, ("fe80::1", 80, 0, 3)),
]


def child(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let look-ups start this shell script; the name is $0."""
    monkeypatch.setattr(resolver, "COMMAND", ("/bin/sh", "-c", script))


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Let every look-up get this answer."""
    child(monkeypatch, f"printf '{text}'")


def descriptors() -> list[str]:
    """Return the open descriptors of this process."""
    return os.listdir("/dev/fd")


class Looks:
    """A resolver of one host, and the results of its look-ups."""

    def __init__(self, host: str = "friend.example", loop: Loop | None = None) -> None:
        self.clock = Clock()
        self.loop = loop or Loop(self.clock)
        self.resolver = Resolver(self.loop, host, 80)
        self.found = 0
        self.errors: list[OSError] = []

    def up(self) -> None:
        """Begin a look-up."""
        self.resolver.look_up(self._find, self.errors.append)

    def _find(self) -> None:
        self.found += 1

    def finish(self) -> None:
        """Look up, and wait for the result."""
        self.up()
        until(self.loop, lambda: not self.resolver.busy)


@pytest.fixture
def looks() -> Iterator[Looks]:
    """Yield a resolver of a name, and check afterwards that nothing is left of it."""
    before = descriptors()
    looks = Looks()
    opened = len(descriptors()) - len(before)
    yield looks
    assert len(descriptors()) == len(before) + opened
    assert patience(looks.loop) is None
    assert not looks.loop._callbacks
    looks.loop.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "LocalHost"])
def test_a_host_that_needs_no_resolver_is_known_at_once(host: str) -> None:
    """And nobody has to be asked for it, now or later."""
    looks = Looks(host)
    assert looks.resolver.addresses
    looks.clock.now += 1000
    assert not looks.resolver.is_stale
    looks.loop.close()


def test_what_cannot_be_a_name_is_refused_at_once(loop: Loop) -> None:
    """Before any child is started."""
    with pytest.raises(StartError, match="there is no host ü"):
        Resolver(loop, "ü" * 64, 80)


def test_a_look_up_finds_every_address_once_ipv4_first(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the port and the scope; each look-up calls back once."""
    answer(monkeypatch, ANSWER)
    assert looks.resolver.is_stale
    assert looks.resolver.addresses == []
    looks.finish()
    assert looks.resolver.addresses == FOUND
    assert (looks.found, looks.errors) == (1, [])


def test_a_child_is_given_the_name_and_none_of_our_descriptors(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keyboard and its errors are /dev/null."""
    child(monkeypatch, 'printf "error 0 %s " $0; echo $(ls /proc/self/fd) >&2; cat')
    looks.finish()
    assert looks.errors[0].strerror == "friend.example "


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no /proc here")
def test_a_child_has_three_descriptors(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fourth is that of `ls` itself."""
    child(monkeypatch, 'echo "error 0" $(ls /proc/self/fd | wc -l)')
    looks.finish()
    assert int(str(looks.errors[0].strerror)) == 4


def test_a_name_in_another_script_is_looked_up_as_idna(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As Python's own look-up does."""
    child(monkeypatch, 'echo "error 0" $0')
    looks = Looks("bücher.example")
    looks.finish()
    assert looks.errors[0].strerror == "xn--bcher-kva.example"
    looks.loop.close()


def test_the_error_of_the_resolver_is_reported(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And addresses that were known before are kept."""
    answer(monkeypatch, ANSWER)
    looks.finish()
    answer(monkeypatch, f"error {int(socket.EAI_NONAME)} Name or service not known\\n")
    looks.finish()
    (error,) = looks.errors
    assert isinstance(error, socket.gaierror)
    assert error.args == (socket.EAI_NONAME, "Name or service not known")
    assert looks.resolver.addresses == FOUND


GARBAGE = {
    "nothing": "",
    "no address": "end\n",
    "no end": "192.0.2.1 0\n",
    "a name": "friend.example 0\nend\n",
    "no number": "192.0.2.1 x\nend\n",
    "two numbers": "::1 0 0\nend\n",
    "a wide number": "::1 0 0 99999999999\nend\n",
    "an address of the other family": "::1 0\nend\n",
    "no code": "error\n",
    "no number of an error": "error x y\n",
    "not ASCII": "\\303\\274 0\nend\n",
    "something else": "Traceback\n",
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
def test_any_other_answer_is_a_failure_that_may_pass(
    looks: Looks, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A child may have been killed, or could not run."""
    answer(monkeypatch, text)
    looks.finish()
    assert looks.found == 0
    (error,) = looks.errors
    assert "/" not in str(error.strerror)
    assert looks.resolver.addresses == []


def test_an_answer_without_an_end_is_a_failure(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not kept beyond a limit, and the child is killed."""
    child(monkeypatch, "while :; do echo 192.0.2.1 0; done")
    looks.finish()
    assert len(looks.errors) == 1
    assert len(looks.resolver._answer) <= 2 * ANSWER_LIMIT


DEAF = "exec sleep 1000"


def test_a_look_up_without_an_answer_fails_in_the_end(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a moment earlier; the child is killed."""
    child(monkeypatch, DEAF)
    looks.up()
    move(looks.loop, looks.clock, LOOK_UP_SECONDS - 0.1)
    assert looks.resolver.busy
    move(looks.loop, looks.clock, 0.2)
    assert [error.strerror for error in looks.errors] == ["the resolver does not answer"]
    assert not looks.resolver.busy


def test_a_look_up_can_be_limited(looks: Looks, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seconds count from its beginning; without a look-up there is nothing to limit."""
    looks.resolver.limit(1)
    child(monkeypatch, DEAF)
    for passed, left in ((0.6, 0.3), (3.0, 0.0)):
        looks.errors.clear()
        looks.up()
        looks.clock.now += passed
        looks.resolver.limit(1)
        move(looks.loop, looks.clock, left)
        assert bool(looks.errors) == (left == 0.0)
        move(looks.loop, looks.clock, 0.2)
        assert len(looks.errors) == 1


def test_a_cancelled_look_up_calls_nobody(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child is killed; without one there is nothing to do."""
    child(monkeypatch, DEAF)
    looks.up()
    looks.resolver.cancel()
    looks.resolver.cancel()
    move(looks.loop, looks.clock, LOOK_UP_SECONDS)
    assert (looks.found, looks.errors) == (0, [])


def test_addresses_are_stale_a_while_after_the_last_look_up(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While there are none they always are; while a look-up is in progress never."""
    answer(monkeypatch, f"error {int(socket.EAI_AGAIN)} Try again\\n")
    looks.finish()
    assert looks.resolver.is_stale
    answer(monkeypatch, ANSWER)
    looks.up()
    assert not looks.resolver.is_stale
    until(looks.loop, lambda: not looks.resolver.busy)
    assert not looks.resolver.is_stale
    looks.clock.now += PAUSE_SECONDS
    assert looks.resolver.is_stale


def test_where_no_child_can_be_started_the_caller_is_told(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a descriptor left behind."""
    monkeypatch.setattr(resolver, "COMMAND", ("/no/such/program",))
    with pytest.raises(FileNotFoundError):
        looks.up()
    assert not looks.resolver.busy


def test_a_child_that_the_kernel_has_forgotten_is_no_error(
    monkeypatch: pytest.MonkeyPatch, loop: Loop
) -> None:
    """Where SIGCHLD is ignored, as a parent may have it, nobody waits for children."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        answer(monkeypatch, ANSWER)
        looks = Looks(loop=loop)
        looks.finish()
        assert looks.resolver.addresses == FOUND
    finally:
        signal.signal(signal.SIGCHLD, before)


def ask(name: str) -> bytes:
    """Return the answer of a child that asks the real resolver."""
    pid, pipe = _start_child(name.encode())
    with os.fdopen(pipe, "rb") as stream:
        answer = stream.read()
    os.waitpid(pid, 0)
    return answer


def test_the_real_child_writes_the_answer_of_the_resolver() -> None:
    """For addresses, as these need no network."""
    assert _parse(ask("127.0.0.1"), 80) == [(socket.AF_INET, ("127.0.0.1", 80))]
    assert _parse(ask("::1"), 80) == [(socket.AF_INET6, ("::1", 80, 0, 0))]


def test_the_real_child_writes_the_error_of_the_resolver() -> None:
    """For a name with a label that is too long, which no name server is asked for."""
    with pytest.raises(socket.gaierror):
        _parse(ask("a" * 64), 80)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("OSError(24, 'Too many open files')", socket.EAI_AGAIN),
        ("socket.gaierror(-2, 'Name or service not known')", -2),
    ],
    ids=["a system error", "an error of the resolver"],
)
def test_the_real_child_writes_every_error(
    monkeypatch: pytest.MonkeyPatch, fault: str, code: int
) -> None:
    """One of the system says nothing about the name, so it may pass."""
    raises = f"def fail(*_, **__): raise {fault}\nsocket.getaddrinfo = fail\n"
    code_line = resolver.COMMAND[4].replace("try:\n", f"{raises}try:\n", 1)
    command = (*resolver.COMMAND[:4], code_line)
    monkeypatch.setattr(resolver, "COMMAND", command)
    with pytest.raises(socket.gaierror) as raised:
        _parse(ask("friend.example"), 80)
    assert raised.value.errno == code


def test_the_real_child_writes_no_more_than_an_answer_has_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name may have hundreds of addresses."""
    longest = "ffff:" * 7 + "ffff"
    many = f"[(0, 0, 0, '', ('{longest}', 0, 0, 2**31))] * 500"
    finds = f"socket.getaddrinfo = lambda *_, **__: {many}\n"
    code = resolver.COMMAND[4].replace("try:\n", f"{finds}try:\n", 1)
    monkeypatch.setattr(resolver, "COMMAND", (*resolver.COMMAND[:4], code))
    found = ask("friend.example")
    assert found.count(b"\n") == ADDRESSES_LIMIT + 1
    assert len(found) <= ANSWER_LIMIT


def test_the_real_child_is_our_own_interpreter_without_the_users_modules() -> None:
    """Nothing in the current folder or in PYTHONPATH can take its place."""
    assert resolver.COMMAND[:3] == (sys.executable, "-I", "-S")


def test_a_child_without_a_parent_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The alarm is set before the resolver is asked."""
    code = resolver.COMMAND[4].replace(f"({LOOK_UP_SECONDS:.0f})", "(1)", 1)
    code = code.replace("try:\n", "signal.pause()\ntry:\n", 1)
    monkeypatch.setattr(resolver, "COMMAND", (*resolver.COMMAND[:4], code))
    pid, pipe = _start_child(b"friend.example")
    os.close(pipe)
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGALRM
