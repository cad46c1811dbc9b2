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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from chatlib.errors import ScreenClosedError, ScreenFailedError
from chatlib.loop import WRITE, Loop, is_ready

STDIN, STDOUT, STDERR = 0, 1, 2


class Screen:
    """stdout and stderr, whose writes a signal can interrupt.

    A write blocks while its reader (a pager, a stopped program) reads nothing. The loop
    then ends the write BLOCKED_SECONDS after a signal, so that the signal can be handled.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
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
            _write_all(fd, text)
        except InterruptedError:
            self._abandoned = True
            raise
        finally:
            self._loop.blocked = False


# Descriptors.


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
            is_ready(fd, WRITE, None)
