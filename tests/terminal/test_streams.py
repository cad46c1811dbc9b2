"""stdin, stdout and stderr: all of it is written, and nobody stands still for it."""

import errno
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from chatlib.errors import ScreenClosedError
from chatlib.loop import Loop
from chatlib.terminal import streams
from chatlib.terminal.streams import Screen, forget_typed, hung_up, report, stamp
from tests.helpers import SECONDS, Person, Place

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.usefixtures("bounded")


def fill(fd: int) -> int:
    """Write into a pipe until nothing more goes in; leave it nonblocking."""
    os.set_blocking(fd, False)
    filled = 0
    with suppress(BlockingIOError):
        while True:
            filled += os.write(fd, b"-" * 65536)
    return filled


# What is written.


def test_each_stream_gets_what_is_meant_for_it_and_nothing_else(
    piped: Person, loop: Loop
) -> None:
    """What is shown and drawn, on stdout; what is told, on stderr; no line end is added."""
    screen = Screen(loop)
    screen.show("shown\n")
    screen.draw("drawn")
    screen.tell("told")
    report("reported")
    assert piped.screen == "shown\ndrawn"
    assert piped.errors == "toldreported\n"


def test_a_stamp_is_the_time_of_day() -> None:
    """To the second, and what follows stands apart from it."""
    before = time.strftime("%H:%M:%S ")
    assert stamp() in (before, time.strftime("%H:%M:%S "))


def test_what_is_no_text_is_written_all_the_same(piped: Person, loop: Loop) -> None:
    """Half a character of a file name, say, must not end the program."""
    Screen(loop).show("a\udcffb\n")
    report("a\udcffb")
    assert piped.screen == "a?b\n"
    assert piped.errors == "a?b\n"


# Streams that do not take it.


def test_a_closed_stdout_is_told_to_who_writes(piped: Person, loop: Loop) -> None:
    """`chatd | head -1`: the shell's code for it is 128 + SIGPIPE."""
    piped.closes(piped.out)
    with pytest.raises(ScreenClosedError) as raised:
        Screen(loop).show("hello\n")
    assert str(raised.value) == "the screen was closed (Broken pipe)"
    assert raised.value.code == 128 + signal.SIGPIPE


def test_a_full_disk_is_told_to_who_writes(place: Place, loop: Loop) -> None:
    """In the system's own words."""
    place("STDOUT", os.open("/dev/full", os.O_WRONLY))
    with pytest.raises(ScreenClosedError, match="No space left on device"):
        Screen(loop).show("hello\n")


def test_drawing_on_a_closed_stdout_is_no_error(piped: Person, loop: Loop) -> None:
    """Nothing new was said with it; the next that shows something is told."""
    piped.closes(piped.out)
    screen = Screen(loop)
    screen.draw("-")
    with pytest.raises(ScreenClosedError):
        screen.show("hello\n")


def test_a_closed_stderr_is_no_reason_to_stop(piped: Person, loop: Loop) -> None:
    """Nobody is left to be told; the conversation goes on."""
    piped.closes(piped.err)
    screen = Screen(loop)
    screen.tell("By the way.\n")
    report("chatd: the port is in use")
    screen.show("hello\n")
    assert piped.screen == "hello\n"


def test_a_screen_that_stood_still_once_is_not_written_to_again(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal got us out of one write; the next would have to be got out of again."""
    written: list[str] = []

    def interrupt(fd: int, text: str) -> None:
        written.append(text)
        raise InterruptedError(errno.EINTR, "nobody reads it")

    screen = Screen(loop)
    monkeypatch.setattr(streams, "_write", interrupt)
    for _ in range(2):
        with pytest.raises(ScreenClosedError, match="nobody reads it"):
            screen.show("hello")
    screen.draw("-")
    screen.tell("Goodbye.")
    assert written == ["hello"]


@pytest.mark.parametrize("write", [Screen.show, Screen.draw, Screen.tell])
def test_while_it_writes_a_signal_may_get_it_out(
    write: Callable[[Screen, str], None], loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop is told before and after, also where the write fails."""
    blocked: list[bool] = []

    def fail(fd: int, text: str) -> None:
        blocked.append(loop.blocked)
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(streams, "_write", fail)
    with suppress(ScreenClosedError):
        write(Screen(loop), "hello")
    assert [*blocked, loop.blocked] == [True, False]


def test_waiting_for_a_nonblocking_stdout_costs_nothing(piped: Person, loop: Loop) -> None:
    """It is waited for with `select`, not by trying again and again."""
    fill(streams.STDOUT)
    loop.on_signals([signal.SIGUSR1], lambda number: None)
    waker = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    closer = threading.Timer(SECONDS, lambda: piped.closes(piped.out))
    waker.start()
    closer.start()  # the loop has the alarm that else would end a wait that does not end
    before = time.thread_time()
    # A second after the signal, and a tenth.
    with pytest.raises(ScreenClosedError, match="nobody reads it"):
        Screen(loop).show("hello\n")
    assert time.thread_time() - before < 0.3
    closer.cancel()
    waker.join()


@pytest.mark.parametrize("blocking", [False, True])
def test_a_slow_reader_gets_all_of_it(piped: Person, loop: Loop, blocking: bool) -> None:
    """Whoever shares the pipe may have made it nonblocking; not a byte is lost."""
    filled = fill(streams.STDOUT)  # so that the very first write finds no room
    os.set_blocking(streams.STDOUT, blocking)
    text = "é" * 1_000_000
    received = bytearray()

    def read_all() -> None:
        while len(received) < filled + len(text.encode()):
            received.extend(os.read(piped.out, 65535))  # odd: characters are cut in two

    reader = threading.Thread(target=read_all, daemon=True)
    reader.start()
    Screen(loop).show(text)
    reader.join(SECONDS)
    assert received[filled:] == text.encode()


# The terminal behind them.


def test_a_terminal_that_was_closed_has_hung_up(person: Person) -> None:
    """One that is there has not; where there never was one, there is none."""
    assert not hung_up(streams.STDIN)
    person.leaves()
    assert hung_up(streams.STDIN)


def test_a_pipe_is_no_terminal_that_is_there(piped: Person) -> None:
    """Nobody sits at it: only who has seen a terminal before asks."""
    assert hung_up(streams.STDIN)


def test_what_was_typed_is_forgotten_finished_or_not(person: Person) -> None:
    """And what is typed after it is not."""
    person.types(b"a line\nand a half")
    forget_typed(streams.STDIN)
    person.types(b"ls\n")
    assert os.read(streams.STDIN, 100) == b"ls\n"


def test_where_nothing_can_be_forgotten_nothing_is_said(
    piped: Person, place: Place, tmp_path: Path
) -> None:
    """A pipe keeps what is in it; a terminal that has gone keeps nothing."""
    piped.types(b"a line\n")
    forget_typed(streams.STDIN)
    assert os.read(streams.STDIN, 100) == b"a line\n"
    master, slave = pty.openpty()
    place("STDIN", slave)
    os.close(master)
    forget_typed(streams.STDIN)


FORGETS = """
import os, select, sys
from chatlib.terminal.streams import forget_typed
os.open(os.ttyname(0), os.O_RDWR)  # as the first of its session: from here on it is ours
child = os.fork()
if not child:
    if sys.argv[1] == "behind":
        os.setpgid(0, 0)
    forget_typed(0)
    os._exit(0)
_, status = os.waitpid(child, os.WUNTRACED)
if os.WIFSTOPPED(status):
    os.kill(child, 9)
print(os.WIFEXITED(status), bool(select.select([0], [], [], 0)[0]))
"""


@pytest.mark.parametrize(("where", "left"), [("in front", False), ("behind", True)])
def test_what_was_typed_to_somebody_else_is_left_alone(where: str, left: bool) -> None:
    """In the background the line is the shell's, and who touches it is stopped."""
    master, slave = pty.openpty()
    person = Person(master, master, master)
    person.types(b"a line\n")
    ended = subprocess.run(
        [sys.executable, "-c", FORGETS, where],
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


# Streams that are not there.


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
        ("<&-", [True, False, False]),
        (">&- 2>&-", [False, True, True]),
        ("<&- >&- 2>&-", [True, True, True]),
        ("", [False, False, False]),
    ],
)
def test_missing_descriptors_are_opened_before_a_socket_gets_them(
    closed: str, is_null: list[bool]
) -> None:
    """What is there stays; what is not is /dev/null (terminal.md, trap 8)."""
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
