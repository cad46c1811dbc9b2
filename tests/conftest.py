"""For every test that wants one: a stage, a loop, a person at a terminal or at pipes."""

import os
import pty
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatlib.loop import Loop
from chatlib.terminal import streams
from harness.report import explain
from harness.script import Script
from harness.stage import Stage, Unmet
from tests.helpers import SECONDS, Person, Place

STANDARD = ("STDIN", "STDOUT", "STDERR")

# A shell starts what runs in its background with Ctrl-C ignored, and whoever is started
# from there inherits it: the programs under test would keep it so.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

Play = Callable[[str], Stage]
"""Play some lines of a conversation; returns the stage, for what follows."""


def perform(stage: Stage, script: Script) -> None:
    """Play a script; fail with both screens and the last frames, and no traceback."""
    report = ""
    try:
        stage.play(script)
    except Unmet as unmet:
        report = explain(script.name, unmet, stage)
    if report:
        pytest.fail(report, pytrace=False)


@pytest.fixture
def loop() -> Iterator[Loop]:
    """Yield a loop on the real clock, and close it."""
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Yield a function that plays lines, one call after the other, on one stage.

    Whatever the test does to the programs, nobody is to see a traceback.
    """
    with Stage(tmp_path) as stage:

        def play(lines: str) -> Stage:
            perform(stage, Script.parse("the test", lines))
            return stage

        yield play
        for player in stage.players.values():
            assert "Traceback" not in player.screen.text + player.errors.text


@pytest.fixture
def bounded() -> Iterator[None]:
    """Fail where the code under test stands still: some of these bugs are just that."""

    def give_up(*_: object) -> None:
        raise TimeoutError("the terminal stood still")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 2 * SECONDS)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Yield a function that puts a descriptor in the place of STDIN, STDOUT or STDERR.

    In the module's eyes only: 0 to 2 themselves belong to pytest, which changes them
    behind a test's back. What stood there is closed, and all is closed in the end.
    """
    placed: dict[str, int] = {}

    def place(name: str, fd: int) -> None:
        if name in placed:
            os.close(placed[name])
        placed[name] = fd
        monkeypatch.setattr(streams, name, fd)

    yield place
    for fd in placed.values():
        os.close(fd)


@pytest.fixture
def person(place: Place) -> Iterator[Person]:
    """Seat a person at a pty, which is stdin, stdout and stderr."""
    master, slave = pty.openpty()
    person = Person(master, master, master)
    for name in STANDARD:
        place(name, os.dup(slave))
    os.close(slave)
    yield person
    person.close()


@pytest.fixture
def piped(place: Place) -> Iterator[Person]:
    """Put pipes in the place of stdin, stdout and stderr."""
    stdin, keyboard = os.pipe()
    screen, stdout = os.pipe()
    errors, stderr = os.pipe()
    person = Person(keyboard, screen, errors)
    for name, fd in zip(STANDARD, (stdin, stdout, stderr), strict=True):
        place(name, fd)
    yield person
    person.close()
