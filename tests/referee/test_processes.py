"""What the kernel knows of a program: whether it is blocked, listens, spins."""

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
    """Yield a function that runs Python code with pipes as stdin and stdout."""
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
    """Look again and again: the kernel does not notify when a process goes to sleep."""
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
def test_a_program_that_waits_without_a_time_limit_is_blocked(run: Run, code: str) -> None:
    """All its threads are: then nothing more can come."""
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
def test_a_program_that_wakes_by_itself_is_not_blocked(run: Run, code: str) -> None:
    """It sleeps as quietly, but has a time limit."""
    child = run(f"print(flush=True); {code}")
    assert child.stdout
    child.stdout.readline()
    assert until(lambda: is_asleep(child.pid))
    assert not processes.is_blocked([child.pid])


def test_a_stopped_program_is_blocked(run: Run) -> None:
    """It counts as blocked until a signal continues it."""
    child = run("time.sleep(60)")
    child.send_signal(signal.SIGSTOP)
    assert until(lambda: processes.is_blocked([child.pid]))


def test_a_listener_is_found_without_a_connection(run: Run) -> None:
    """Its port is known, and its accept() still waits."""
    child = run("s = socket.create_server(('127.0.0.1', 0)); s.accept()")
    assert until(lambda: bool(processes.listening([child.pid])))
    (link,) = processes.listening([child.pid])
    assert link.local > 0
    assert not processes.connected([child.pid])


def test_a_loop_wants_the_processor_and_a_sleeper_does_not(run: Run) -> None:
    """Waiting for a processor counts as wanting it."""
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
