"""A program on a terminal of its own: what it inherits, what is seen, how it ends."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.child import COLUMNS, ROWS, Child, NotStarted
from harness.readers import Readers
from harness.stage import PATIENCE

Spawn = Callable[..., Child]
"""Run Python code on a terminal of its own."""


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Return a function that runs Python code on a terminal of its own."""
    children: list[Child] = []

    def spawn(code: str, *, echo: bool = True) -> Child:
        command = [sys.executable, "-u", "-c", code]
        children.append(Child(command, tmp_path, {"LC_ALL": "C.UTF-8"}, echo=echo))
        return children[-1]

    yield spawn
    for child in children:
        child.close()


def until(child: Child, condition: Callable[[], bool]) -> None:
    """Read the terminal until the condition holds."""
    with Readers() as readers:
        readers.attend(child.fd, child.read)
        assert readers.until(lambda: condition() or child.drained, PATIENCE), child.raw
    assert condition(), bytes(child.raw)


def test_the_program_has_a_terminal_of_the_usual_size(spawn: Spawn) -> None:
    """For stdin, stdout and stderr alike."""
    child = spawn(
        "import os; print([os.isatty(n) for n in range(3)], *os.get_terminal_size())"
    )
    until(child, lambda: child.drained)
    assert child.raw == f"[True, True, True] {COLUMNS} {ROWS}\r\n".encode()


def test_all_bytes_are_kept_and_the_view_shows_what_they_draw(spawn: Spawn) -> None:
    """Both of the same output."""
    child = spawn(r"print('one\rtwo', end=''); input()")
    until(child, lambda: child.view.before_cursor == "two")
    assert child.raw == b"one\rtwo"
    assert child.view.row == "two"


def test_erasing_a_character_erases_all_its_bytes(spawn: Spawn) -> None:
    """The terminal knows that it is UTF-8."""
    child = spawn("print('>', end='', flush=True); print(ascii(input()))")
    until(child, lambda: child.raw == b">")
    child.presses("aé\x7fb\r")
    until(child, lambda: child.raw.endswith(b"'ab'\r\n"))


def test_a_typed_line_is_echoed_unless_the_echo_is_off(spawn: Spawn) -> None:
    """The program reads it either way."""
    code = "print('>', end='', flush=True); print(input()[::-1])"
    for echo, expected in ((True, b">abc\r\ncba\r\n"), (False, b">cba\r\n")):
        child = spawn(code, echo=echo)
        until(child, lambda: child.raw == b">")  # noqa: B023
        child.types("abc")
        until(child, lambda: child.drained)  # noqa: B023
        assert child.raw == expected


def test_signals_that_the_tests_ignore_reach_the_program(spawn: Spawn) -> None:
    """A shell starts a job in its background with SIGINT ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        child = spawn("print('ready'); import signal; signal.pause()")
    finally:
        signal.signal(signal.SIGHUP, before)
    until(child, lambda: b"ready" in child.raw)
    child.signals(signal.SIGHUP)
    until(child, lambda: child.drained)
    assert child.outcome() == -signal.SIGHUP


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("raise SystemExit(3)", 3, id="exit-code"),
        pytest.param("import os; os.kill(os.getpid(), 15)", -15, id="signal"),
    ],
)
def test_the_outcome_is_an_exit_code_or_a_negative_signal(
    spawn: Spawn, code: str, outcome: int
) -> None:
    """Also when it is asked for twice, and when the end was noticed before."""
    child = spawn(code)
    assert (child.outcome(), child.outcome(), child.has_ended) == (outcome, outcome, True)


def test_a_program_that_runs_has_not_ended(spawn: Spawn) -> None:
    """Stopped or not; it ends when it is killed."""
    child = spawn("import signal; signal.pause()")
    child.signals(signal.SIGSTOP)
    assert not child.has_ended
    child.kill()
    assert child.has_ended


def test_a_program_in_the_folder_is_found_by_its_place(tmp_path: Path) -> None:
    """`./program` is in the folder where it is to run, wherever the tests run."""
    script = tmp_path / "program"
    script.write_text("#!/bin/sh\npwd\n", "utf-8")
    script.chmod(0o755)
    child = Child(["./program"], tmp_path, {})
    until(child, lambda: child.drained)
    assert child.raw == f"{tmp_path}\r\n".encode()
    child.close()


@pytest.mark.parametrize("program", ["no-such-program", "./no-such-program"])
def test_a_program_that_is_not_there_is_not_started(tmp_path: Path, program: str) -> None:
    """The error has the name as it was written."""
    with pytest.raises(NotStarted, match=f"^{program} cannot be started: "):
        Child([program], tmp_path, {})


def test_settings_are_back_only_if_the_program_restored_them(spawn: Spawn) -> None:
    """Compared with a terminal on which no program has ever been."""
    code = "import tty, termios; old = termios.tcgetattr(0); tty.setraw(0); print('raw');"
    rude = spawn(f"{code} input()")
    until(rude, lambda: b"raw" in rude.raw)
    assert not rude.settings_are_back
    polite = spawn(
        f"{code} termios.tcsetattr(0, termios.TCSANOW, old); print('back'); input()"
    )
    until(polite, lambda: b"back" in polite.raw)
    assert polite.settings_are_back


def test_a_closed_child_leaves_no_descriptor_and_no_process(tmp_path: Path) -> None:
    """Also one whose terminal was hung up before."""
    before = len(os.listdir("/proc/self/fd"))
    for hang_up in (True, False):  # the last one is still referred to
        child = Child([sys.executable, "-c", "input()"], tmp_path, {})
        if hang_up:
            child.hangs_up()
            assert child.drained
        child.close()
        assert not Path(f"/proc/{child.process}").exists()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.usefixtures("bounded")
def test_the_end_of_a_program_that_fills_its_terminal_is_reached(tmp_path: Path) -> None:
    """Nobody has read what it wrote, which is more than a terminal holds."""
    code = "print('x' * 200_000); raise SystemExit(3)"
    child = Child([sys.executable, "-c", code], tmp_path, {})
    try:
        assert child.outcome() == 3
        assert child.raw.count(b"x") > 100_000
    finally:
        child.close()
