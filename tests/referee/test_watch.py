"""The watch over the programs of a run: it reads all, and waits no longer than it must."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.referee import processes
from harness.referee.moments import Moments
from harness.referee.terminal import Terminal
from harness.referee.watch import Watch

SECONDS = 20.0
"""The deadline of the watch: longer than any of these waits should take."""

Run = Callable[[str, str], Terminal]

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="there is no /proc")


@pytest.fixture
def moments() -> Moments:
    """Return an empty time line."""
    return Moments()


@pytest.fixture
def watch(moments: Moments) -> Iterator[Watch]:
    """Yield a watch, and end its programs after the test."""
    watch = Watch(moments, SECONDS, busy=frozenset({"busy"}))
    yield watch
    watch.close()
    watch.readers.close()


@pytest.fixture
def run(watch: Watch, tmp_path: Path) -> Run:
    """Return a function that runs Python code as an actor."""

    def run(actor: str, code: str) -> Terminal:
        command = [sys.executable, "-u", "-c", code]
        watch.add(Terminal(actor, command, tmp_path, {}))
        return watch.terminals[actor]

    return run


def test_a_wait_ends_as_soon_as_its_condition_holds(watch: Watch, run: Run) -> None:
    """All programs are read meanwhile."""
    server, client = run("server", "print('one'); input()"), run("client", "print('two')")
    assert watch.until(lambda: "one" in server.text and "two" in client.text, SECONDS)


def test_a_wait_ends_early_when_nothing_more_can_happen(watch: Watch, run: Run) -> None:
    """Both programs wait for input: no program will ever print."""
    for actor in ("server", "client"):
        terminal = run(actor, "print('ready'); input()")
        assert watch.until(lambda: "ready" in terminal.text, SECONDS)  # noqa: B023
    began = time.monotonic()
    assert not watch.until(lambda: False, SECONDS)
    assert time.monotonic() - began < SECONDS / 2


def test_a_program_with_a_time_limit_is_waited_for(watch: Watch, run: Run) -> None:
    """It may wake by itself; it is quiet for a while all the same."""
    server = run("server", "import time; print('a'); time.sleep(1); print('b'); input()")
    assert watch.until(lambda: "a" in server.text, SECONDS)
    assert watch.until_quiet()
    assert "b" not in server.text
    assert watch.until(lambda: "b" in server.text, SECONDS)


def test_a_loop_spins_and_a_program_that_waits_does_not(watch: Watch, run: Run) -> None:
    """An actor that is known to be busy does not count as spinning."""
    run("server", "input()")
    run("client", "while True: pass")
    run("busy", "while True: pass")
    assert not watch.until_quiet(1.0)
    assert watch.spins("client")
    assert watch.until(watch.spinning("client"), SECONDS)
    assert not watch.spins("server")
    assert not watch.spins("busy")


def test_output_and_ends_stand_on_the_time_line(
    watch: Watch, run: Run, moments: Moments
) -> None:
    """Each end once, by how the program ended."""
    server = run("server", "print('bye'); raise SystemExit(3)")
    assert watch.until(lambda: server.has_ended and server.drained, SECONDS)
    watch.pause(0.05)
    rows = [(each.actor, each.sign, each.text) for each in moments.all()]
    assert sorted(rows) == [("server", ":", "exits 3"), ("server", "<", "bye")]


def test_a_removed_program_is_ended_and_read_no_more(watch: Watch, run: Run) -> None:
    """Another may be started in its place."""
    old = run("server", "input()")
    watch.remove("server")
    assert old.has_ended
    new = run("server", "print('new'); input()")
    assert watch.until(lambda: "new" in new.text, SECONDS)
