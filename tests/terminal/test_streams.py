"""The standard streams: every byte is written, and a signal ends a write that blocks."""

import errno
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from chatlib.errors import ScreenClosedError
from chatlib.loop import Loop
from chatlib.terminal import streams
from chatlib.terminal.streams import (
    Screen,
    discard_typed,
    hung_up,
    is_pipe,
    open_missing_descriptors,
    report,
    stamp,
)
from tests.helpers import SECONDS, Person, Place

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.usefixtures("bounded")


def fill(fd: int) -> int:
    """Write into a pipe until it takes no more; leave it nonblocking."""
    os.set_blocking(fd, False)
    filled = 0
    with suppress(BlockingIOError):
        while True:
            filled += os.write(fd, b"-" * 65536)
    return filled


# What is written.


def test_each_text_goes_to_its_stream_unchanged(piped: Person, loop: Loop) -> None:
    """Only `report` adds a line end."""
    screen = Screen(loop)
    screen.write("shown\n")
    screen.paint("drawn")
    screen.write_error("told")
    report("reported")
    assert piped.screen == "shown\ndrawn"
    assert piped.errors == "toldreported\n"


def test_a_stamp_is_the_time_of_day() -> None:
    """To the second, with a space behind it."""
    before = time.strftime("%H:%M:%S ")
    assert stamp() in (before, time.strftime("%H:%M:%S "))


def test_lone_surrogates_are_written_as_question_marks(piped: Person, loop: Loop) -> None:
    """A file name that is not UTF-8 must not end the program."""
    Screen(loop).write("a\udcffb\n")
    report("a\udcffb")
    assert piped.screen == "a?b\n"
    assert piped.errors == "a?b\n"


# Streams that do not take it.


def test_writing_to_a_closed_stdout_raises(piped: Person, loop: Loop) -> None:
    """`chatd | head -1`: the exit code is the shell's for SIGPIPE."""
    piped.closes(piped.out)
    with pytest.raises(ScreenClosedError) as raised:
        Screen(loop).write("hello\n")
    assert str(raised.value) == "the screen was closed (Broken pipe)"
    assert raised.value.code == 128 + signal.SIGPIPE


def test_writing_to_a_full_disk_raises(place: Place, loop: Loop) -> None:
    """The error has the system's own words."""
    place("STDOUT", os.open("/dev/full", os.O_WRONLY))
    with pytest.raises(ScreenClosedError, match="No space left on device"):
        Screen(loop).write("hello\n")


def test_painting_on_a_closed_stdout_is_no_error(piped: Person, loop: Loop) -> None:
    """The next `write` raises."""
    piped.closes(piped.out)
    screen = Screen(loop)
    screen.paint("-")
    with pytest.raises(ScreenClosedError):
        screen.write("hello\n")


def test_a_closed_stderr_raises_nothing(piped: Person, loop: Loop) -> None:
    """The conversation on stdout goes on."""
    piped.closes(piped.err)
    screen = Screen(loop)
    screen.write_error("By the way.\n")
    report("chatd: the port is in use")
    screen.write("hello\n")
    assert piped.screen == "hello\n"


def test_after_an_interrupted_write_nothing_more_is_written(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next write would block too, and need a signal of its own."""
    written: list[str] = []

    def interrupt(fd: int, text: str) -> None:
        written.append(text)
        raise InterruptedError(errno.EINTR, "nobody reads it")

    screen = Screen(loop)
    monkeypatch.setattr(streams, "_write_all", interrupt)
    for _ in range(2):
        with pytest.raises(ScreenClosedError, match="nobody reads it"):
            screen.write("hello")
    screen.paint("-")
    screen.write_error("Goodbye.")
    assert written == ["hello"]


@pytest.mark.parametrize("write", [Screen.write, Screen.paint, Screen.write_error])
def test_the_loop_knows_while_a_write_may_block(
    write: Callable[[Screen, str], None], loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`blocked` is set before the write and cleared after it, even if the write fails."""
    blocked: list[bool | None] = []

    def fail(fd: int, text: str) -> None:
        blocked.append(loop.blocked)
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(streams, "_write_all", fail)
    with suppress(ScreenClosedError):
        write(Screen(loop), "hello")
    assert [*blocked, loop.blocked] == [True, False]


def test_waiting_for_a_nonblocking_stdout_uses_no_cpu(piped: Person, loop: Loop) -> None:
    """It waits in `select` until a signal interrupts it."""
    fill(streams.STDOUT)
    loop.on_signals([signal.SIGUSR1], lambda number: None)
    waker = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    closer = threading.Timer(SECONDS, lambda: piped.closes(piped.out))
    waker.start()
    closer.start()  # ends the test if the signal does not: the loop uses the alarm itself
    before = time.thread_time()
    # The signal comes after a tenth of a second, the interruption a second later.
    with pytest.raises(ScreenClosedError, match="nobody reads it"):
        Screen(loop).write("hello\n")
    assert time.thread_time() - before < 0.3
    closer.cancel()
    waker.join()


@pytest.mark.parametrize("blocking", [False, True], ids=["nonblocking", "blocking"])
def test_a_slow_reader_gets_every_byte(piped: Person, loop: Loop, blocking: bool) -> None:
    """Whether the pipe is blocking or not: another program may have changed that."""
    filled = fill(streams.STDOUT)  # so that the very first write finds no room
    os.set_blocking(streams.STDOUT, blocking)
    text = "é" * 1_000_000
    received = bytearray()

    def read_all() -> None:
        while len(received) < filled + len(text.encode()):
            received.extend(os.read(piped.out, 65535))  # odd: characters are cut in two

    reader = threading.Thread(target=read_all, daemon=True)
    reader.start()
    Screen(loop).write(text)
    reader.join(SECONDS)
    assert received[filled:] == text.encode()


# The terminal behind them.


def test_a_terminal_that_was_closed_has_hung_up(person: Person) -> None:
    """A terminal that is open has not."""
    assert not hung_up(streams.STDIN)
    person.leaves()
    assert hung_up(streams.STDIN)


def test_a_pipe_counts_as_hung_up(piped: Person) -> None:
    """The question makes sense only where a terminal was before."""
    assert hung_up(streams.STDIN)


def test_typed_text_is_discarded_finished_or_not(person: Person) -> None:
    """What is typed afterwards is read."""
    person.types(b"a line\nand a half")
    discard_typed(streams.STDIN)
    person.types(b"ls\n")
    assert os.read(streams.STDIN, 100) == b"ls\n"


def test_discarding_without_a_terminal_does_nothing(
    piped: Person, place: Place, tmp_path: Path
) -> None:
    """A pipe keeps its content; a closed terminal raises nothing."""
    piped.types(b"a line\n")
    discard_typed(streams.STDIN)
    assert os.read(streams.STDIN, 100) == b"a line\n"
    master, slave = pty.openpty()
    place("STDIN", slave)
    os.close(master)
    discard_typed(streams.STDIN)


DISCARDS = """
import os, select, sys
from chatlib.terminal.streams import discard_typed
os.open(os.ttyname(0), os.O_RDWR)  # as the first of its session: from here on it is ours
child = os.fork()
if not child:
    if sys.argv[1] == "behind":
        os.setpgid(0, 0)
    discard_typed(0)
    os._exit(0)
_, status = os.waitpid(child, os.WUNTRACED)
if os.WIFSTOPPED(status):
    os.kill(child, 9)
print(os.WIFEXITED(status), bool(select.select([0], [], [], 0)[0]))
"""


@pytest.mark.parametrize(
    ("where", "left"),
    [
        pytest.param("in front", False, id="foreground"),
        pytest.param("behind", True, id="background"),
    ],
)
def test_typed_text_is_discarded_in_the_foreground_only(where: str, left: bool) -> None:
    """In the background the kernel would stop the process for it."""
    master, slave = pty.openpty()
    person = Person(master, master, master)
    person.types(b"a line\n")
    ended = subprocess.run(
        [sys.executable, "-c", DISCARDS, where],
        stdin=slave,
        capture_output=True,
        text=True,
        cwd=ROOT,
        start_new_session=True,
        timeout=SECONDS,
    )
    os.close(slave)
    person.close()
    assert ended.stdout == f"True {left}\n", ended.stderr


def test_a_program_in_the_background_discards_nothing(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process group in the foreground is another one: the line is typed to that."""
    monkeypatch.setattr(os, "tcgetpgrp", lambda fd: os.getpgrp() + 1)
    person.types(b"a line\n")
    discard_typed(streams.STDIN)
    assert os.read(streams.STDIN, 100) == b"a line\n"


# Descriptors.


def test_a_pipe_is_told_from_a_file(piped: Person, tmp_path: Path) -> None:
    """`poll` reports the closed end of a pipe; a file has no other end."""
    assert is_pipe(streams.STDOUT)
    with open(tmp_path / "file", "w") as file:
        assert not is_pipe(file.fileno())


def test_a_missing_descriptor_becomes_dev_null(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the lowest free number, which is that of the missing one."""
    missing = os.dup(0)
    os.close(missing)
    monkeypatch.setattr(streams, "STDIN", missing)
    open_missing_descriptors()
    try:
        assert os.fstat(missing).st_rdev == os.stat(os.devnull).st_rdev
    finally:
        os.close(missing)


OPENS_THE_MISSING = """
import os, socket, sys
from chatlib.terminal.streams import open_missing_descriptors
open_missing_descriptors()
null = os.stat(os.devnull).st_rdev
found = [os.fstat(fd).st_rdev == null for fd in range(3)]
found.append(socket.socket().fileno() > 2)
os.write(int(sys.argv[1]), repr(found).encode())
"""


@pytest.mark.parametrize(
    ("closed", "is_null"),
    [
        pytest.param("<&-", [True, False, False], id="stdin"),
        pytest.param(">&- 2>&-", [False, True, True], id="stdout-and-stderr"),
        pytest.param("<&- >&- 2>&-", [True, True, True], id="all"),
        pytest.param("", [False, False, False], id="none"),
    ],
)
def test_missing_descriptors_are_opened_before_a_socket_gets_them(
    closed: str, is_null: list[bool]
) -> None:
    """Open ones stay; a missing one becomes /dev/null."""
    reader, writer = os.pipe()
    command = f'exec "$0" -c "$1" {writer} {closed}'
    shell = subprocess.run(
        ["sh", "-c", command, sys.executable, OPENS_THE_MISSING],
        stdin=subprocess.PIPE,
        capture_output=True,
        pass_fds=[writer],
        cwd=ROOT,
        timeout=SECONDS,
        check=True,
    )
    os.close(writer)
    assert os.read(reader, 1000).decode() == repr([*is_null, True]), shell.stderr
    os.close(reader)


def test_a_terminal_of_another_program_is_left_as_it_is(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed one cannot be set either."""
    before = termios.tcgetattr(streams.STDIN)
    changed = [*before]
    changed[3] ^= termios.TOSTOP
    monkeypatch.setattr(streams, "is_ours", lambda fd: False)
    streams.set_attributes(streams.STDIN, changed)
    assert termios.tcgetattr(streams.STDIN) == before
    monkeypatch.setattr(streams, "is_ours", lambda fd: True)
    streams.set_attributes(streams.STDIN, changed)
    assert termios.tcgetattr(streams.STDIN) == changed


def test_a_program_that_ends_is_not_stopped_in_the_background() -> None:
    """Neither for reading nor for writing."""
    numbers = (signal.SIGTTIN, signal.SIGTTOU)
    # Another test of this process may have ended a program.
    before = [signal.signal(number, signal.SIG_DFL) for number in numbers]
    assert not streams.ends_anywhere()
    streams.ignore_stops()
    assert streams.ends_anywhere()
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


STOPS = """
import os, signal
from chatlib.terminal import streams

def continues():
    os.kill(os.getpid(), signal.SIGCONT)
    return False

signal.signal(signal.SIGCONT, lambda *_: None)
handler = signal.signal(signal.SIGTSTP, lambda *_: None)
done = streams.stop(0, {unless})
assert not {{signal.SIGTSTP, signal.SIGCONT}} & signal.sigpending()
assert signal.getsignal(signal.SIGTSTP) not in (signal.SIG_DFL, signal.SIG_IGN)
signal.raise_signal(signal.SIGTSTP)
os._exit(10 + done)
"""
"""Stops itself, and ends after that with 10, or with 11 for a stop that was done."""


def run_until_a_change(unless: str) -> tuple[int, int]:
    """Start STOPS in a group of its own; return its process and how it changed."""
    program = (sys.executable, "-c", STOPS.format(unless=unless))
    number = os.posix_spawn(
        sys.executable, program, {**os.environ, "PYTHONPATH": str(ROOT)}, setpgroup=0
    )
    return number, os.waitpid(number, os.WUNTRACED)[1]


def test_a_program_that_stops_itself_goes_on_after_sigcont() -> None:
    """And it handles stops as before."""
    number, change = run_until_a_change("lambda: False")
    assert os.WIFSTOPPED(change), change
    assert os.WSTOPSIG(change) == signal.SIGTSTP
    os.kill(number, signal.SIGCONT)
    assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 11


@pytest.mark.parametrize(("unless", "code"), [("continues", 11), ("lambda: True", 10)])
def test_a_stop_that_is_over_or_put_off_stops_nothing(unless: str, code: int) -> None:
    """SIGCONT may come at the last moment; a stop that waits in the kernel is removed."""
    number, change = run_until_a_change(unless)
    if os.WIFSTOPPED(change):  # leave nothing behind
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
    assert os.WIFEXITED(change), f"it stopped ({change}) instead of going on"
    assert os.waitstatus_to_exitcode(change) == code
