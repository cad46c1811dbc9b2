"""What the kernel says of a program: whether it can go on by itself, listens, spins."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from harness.referee import processes
from tests.processes import is_asleep

SECONDS = 5.0

Run = Callable[[str], subprocess.Popen[bytes]]

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="there is no /proc")


@pytest.fixture
def run() -> Iterator[Run]:
    """Give a function that runs Python code, which says on stdout when it is ready."""
    children: list[subprocess.Popen[bytes]] = []

    def run(code: str) -> subprocess.Popen[bytes]:
        code = f"import os, select, socket, sys, time, threading\n{code}"
        pipe = subprocess.PIPE
        child = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe)
        children.append(child)
        return child

    yield run
    for child in children:
        child.kill()
        child.communicate()


def until(condition: Callable[[], bool]) -> bool:
    """Look again and again: nobody tells when a process goes to sleep."""
    end = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize(
    "code",
    [
        "sys.stdin.read()",
        "a, b = socket.socketpair(); a.recv(1)",
        "select.select([0], [], [])",
        "threading.Thread(target=sys.stdin.read).start()",
    ],
)
def test_who_waits_for_others_without_a_limit_is_blocked(run: Run, code: str) -> None:
    """Every thread of it: then nothing more can come by itself."""
    child = run(code)
    assert until(lambda: processes.is_blocked([child.pid]))


@pytest.mark.parametrize(
    "code",
    [
        "time.sleep(60)",
        "a, b = socket.socketpair(); a.settimeout(60); a.recv(1)",
        "select.select([0], [], [], 60)",
        "threading.Thread(target=sys.stdin.read).start(); time.sleep(60)",
    ],
)
def test_who_may_wake_by_itself_is_not(run: Run, code: str) -> None:
    """However quiet it is: it would be wrong to give it up."""
    child = run(f"print(flush=True); {code}")
    assert child.stdout
    child.stdout.readline()
    assert until(lambda: is_asleep(child.pid))
    assert not processes.is_blocked([child.pid])


def test_who_is_stopped_does_nothing_by_itself(run: Run) -> None:
    """It takes a signal to let it go on."""
    child = run("time.sleep(60)")
    child.send_signal(signal.SIGSTOP)
    assert until(lambda: processes.is_blocked([child.pid]))


def test_a_listener_is_looked_up_and_never_called(run: Run) -> None:
    """Its port is known, and its only accept() is not used up."""
    child = run("s = socket.create_server(('127.0.0.1', 0)); s.accept()")
    assert until(lambda: bool(processes.listening([child.pid])))
    (link,) = processes.listening([child.pid])
    assert link.local > 0
    assert not processes.connected([child.pid])


def test_a_loop_wants_the_processor_and_a_sleeper_does_not(run: Run) -> None:
    """Also when it has to stand in line for it."""
    busy, idle = run("while True: pass"), run("sys.stdin.read()")
    assert until(lambda: processes.seconds_wanted([busy.pid]) > 0.2)
    assert until(lambda: processes.is_blocked([idle.pid]))
    before = processes.seconds_wanted([idle.pid])
    assert until(lambda: processes.seconds_wanted([busy.pid]) > 0.4)
    assert processes.seconds_wanted([idle.pid]) == before


def test_children_are_found_by_what_they_inherit() -> None:
    """Also those that went where no parent and no group leads to them."""
    code = "import os, sys, time; os.fork() or (os.setsid(), os.fork() or time.sleep(60))"
    mark = f"MARK={time.monotonic_ns()}"
    name, _, value = mark.partition("=")
    subprocess.run([sys.executable, "-c", code], env={name: value}, check=True)
    assert until(lambda: len(processes.tagged(mark.encode())) == 1)
    processes.kill(processes.tagged(mark.encode()))
    assert until(lambda: not processes.tagged(mark.encode()))
