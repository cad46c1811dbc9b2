"""The three standard streams, written to without losing text and without blocking for ever.

Both terminals write through a `Screen`; `report` writes before a terminal exists and
after it was closed. Reading is left to the terminals. Knows no protocol.
"""

import errno
import os
import select
import signal
import stat
import termios
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from chatlib.errors import ScreenClosedError, ScreenFailedError
from chatlib.loop import BLOCKED_SECONDS, WRITE, Loop, is_ready

STDIN, STDOUT, STDERR = 0, 1, 2


class Screen:
    """stdout and stderr, whose writes a signal can interrupt.

    A write blocks while its reader (a pager, a stopped program) reads nothing. The loop
    then ends the write BLOCKED_SECONDS after a signal, so that the signal can be handled.
    With `keys_are_read` the keyboard makes no signals, and makes them while a write waits.
    """

    def __init__(self, loop: Loop, keys_are_read: bool = False) -> None:
        self._loop = loop
        # What is written to in place of a stream: there no write blocks in the kernel.
        self._opened = open_again((STDOUT, STDERR)) if keys_are_read else {}
        self._abandoned = (
            False  # a signal had to interrupt a write: nothing more is written
        )

    def write(self, text: str) -> None:
        """Write to stdout. Raises ScreenClosedError when it cannot be written to."""
        try:
            self._write(STDOUT, text)
        except (BrokenPipeError, InterruptedError) as error:
            raise ScreenClosedError(f"the screen was closed ({error.strerror})") from None
        except OSError as error:
            why = f"the screen cannot be written to ({error.strerror})"
            raise ScreenFailedError(why) from None

    def paint(self, text: str) -> None:
        """Write to stdout what is no news; an error is left to the next `write`."""
        with suppress(OSError):
            self._write(STDOUT, text)

    def write_error(self, text: str) -> None:
        """Write to stderr. An error is ignored: no stream is left to report it to."""
        with suppress(OSError):
            self._write(STDERR, text)

    def _write(self, fd: int, text: str) -> None:
        """Write to a descriptor; raises InterruptedError once a write was interrupted."""
        if self._abandoned:  # the next write would block like the one before
            raise InterruptedError(errno.EINTR, "nobody reads it")
        self._loop.blocked = True
        try:
            _write_all(self._opened.get(fd, fd), text)
        except InterruptedError:
            self._abandoned = True
            raise
        finally:
            self._loop.blocked = False

    def close(self) -> None:
        """Close what was opened; the streams themselves stay open."""
        while self._opened:
            os.close(self._opened.popitem()[1])


# Descriptors.


def open_again(streams: Iterable[int]) -> dict[int, int]:
    """Return a nonblocking descriptor for each of the streams that is a terminal.

    Whether a descriptor blocks is shared with other programs, so those of the streams are
    left as they are. Without the right to open it a terminal is left out.
    """
    opened = {}
    for fd in streams:
        with suppress(OSError):  # no terminal
            flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
            opened[fd] = os.open(os.ttyname(fd), flags)
    return opened


def open_missing_descriptors() -> None:
    """Open /dev/null in place of a stdin, stdout or stderr that is closed (`<&-`).

    Without this the first socket gets the number of the closed stream, and lines meant for
    the screen go to the peer. Must be called before anything else is opened.
    """
    for fd in (STDIN, STDOUT, STDERR):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: fd


def is_pipe(fd: int) -> bool:
    """Return whether `fd` is the writing end of a pipe, readable only without a reader.

    One that was opened for both (`<>`) is readable as soon as anything is written. Without
    `poll` nothing is reported.
    """
    if not hasattr(select, "poll") or not stat.S_ISFIFO(os.fstat(fd).st_mode):
        return False
    import fcntl  # 0.3 ms, which only a program in a pipe pays

    return fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_WRONLY


def hung_up(fd: int) -> bool:
    """Return whether the terminal behind `fd` was closed."""
    try:
        termios.tcgetattr(fd)
    except termios.error:
        return True
    return False


def discard_typed(fd: int) -> None:
    """Discard what was typed and not read, unless the terminal is another program's now.

    There the line is meant for the program in the foreground.
    """
    if is_ours(fd):
        with never_stopped(), suppress(termios.error):  # closed: the line is lost
            termios.tcflush(fd, termios.TCIFLUSH)


# A terminal is lent to one group of processes at a time, the one in the foreground.


def is_ours(fd: int) -> bool:
    """Return whether this program is in the foreground of its terminal.

    True also where the terminal knows no foreground: it does not control this program, or
    it was closed.
    """
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return True


def set_attributes(fd: int, attributes: list[int | list[bytes | int]]) -> None:
    """Set a terminal, unless it is another program's now, or was closed."""
    if is_ours(fd):
        with never_stopped(), suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSANOW, attributes)


@contextmanager
def never_stopped() -> Iterator[None]:
    """Use the terminal without being stopped, if it is given to another program meanwhile.

    The kernel stops a group of processes in the background that sets its terminal, and,
    after `stty tostop`, one that writes to it (SIGTTOU).
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stop(process: int, unless: Callable[[], bool]) -> bool:
    """Stop a process, 0 for the whole group, until SIGCONT; return whether that was done.

    It is the program itself, and `unless()`, asked at the last moment, may keep it running.
    A SIGCONT that comes after that call is not lost: then nothing stops for good.
    """
    # While it is blocked, the signal waits in the kernel, where SIGCONT removes it. A look
    # before it was sent would not do: SIGCONT might come between the two.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTSTP])
    handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    os.kill(process, signal.SIGTSTP)
    put_off = unless()
    if put_off:
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # removes it as well
    signal.pthread_sigmask(signal.SIG_SETMASK, before)  # returns after SIGCONT
    signal.signal(signal.SIGTSTP, handler)
    return not put_off


def ignore_stops() -> None:
    """Let the program end in the background too, where the terminal is another's."""
    for number in (signal.SIGTTIN, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)


def ends_anywhere() -> bool:
    """Return whether `ignore_stops` was called."""
    return signal.getsignal(signal.SIGTTOU) == signal.SIG_IGN


# Text.


def stamp() -> str:
    """Return the local time of day with a space behind it, to stand before a line."""
    return time.strftime("%H:%M:%S ")


def report(text: str) -> None:
    """Write a line to stderr; text of the peer in it must have passed `visible`."""
    with suppress(OSError):  # as in `Screen.write_error`
        _write_all(STDERR, f"{text}\n")


def _write_all(fd: int, text: str) -> None:
    """Write all of a text, waiting while a nonblocking descriptor takes no more."""
    data = text.encode("utf-8", "replace")
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            _wait_for_room(fd)


def _wait_for_room(fd: int) -> None:
    """Wait until a descriptor takes more; where that is long, Ctrl-C is a signal meanwhile.

    An editor reads it as a key otherwise, and it reads none while the program waits here.
    """
    if is_ready(fd, WRITE, BLOCKED_SECONDS / 2):
        return
    try:
        before = termios.tcgetattr(STDIN)
    except termios.error:
        before = None
    if before and not before[3] & termios.ISIG:
        set_attributes(STDIN, [*before[:3], before[3] | termios.ISIG, *before[4:]])
    try:
        is_ready(fd, WRITE, None)
    finally:
        if before:
            set_attributes(STDIN, before)
