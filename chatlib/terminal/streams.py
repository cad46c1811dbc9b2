"""The three standard streams, written to so that nothing is lost and nobody stands still.

Both terminals write through a `Screen`; `report` is for whoever has no terminal yet or
any more. Reading is each terminal's own business. Knows no protocol.
"""

import errno
import os
import select
import stat
import termios
import time
from contextlib import suppress

from chatlib.errors import ScreenClosedError
from chatlib.loop import Loop

STDIN, STDOUT, STDERR = 0, 1, 2


class Screen:
    """What is written to, by a program that a signal can still end."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._mute = False  # nobody reads what is written, and a signal had to say so

    def show(self, text: str) -> None:
        """Write to stdout. Raises ScreenClosedError when nobody can read it any more."""
        try:
            self._put(STDOUT, text)
        except OSError as error:
            raise ScreenClosedError(f"the screen was closed ({error.strerror})") from None

    def draw(self, text: str) -> None:
        """Write to stdout what says nothing new; if that fails, `show` will say so."""
        with suppress(OSError):
            self._put(STDOUT, text)

    def tell(self, text: str) -> None:
        """Write to stderr; where it is gone, nobody is left to be told."""
        with suppress(OSError):
            self._put(STDERR, text)

    def _put(self, fd: int, text: str) -> None:
        """Write, until a signal ends it where nobody takes it off our hands.

        From then on nothing is written any more: the next write would stand there too.
        """
        if self._mute:
            raise InterruptedError(errno.EINTR, "nobody reads it")
        self._loop.blocked = True
        try:
            _write(fd, text)
        except InterruptedError:
            self._mute = True
            raise
        finally:
            self._loop.blocked = False


def open_missing_descriptors() -> None:
    """Open /dev/null in place of a stdin, stdout or stderr that is closed (`<&-`).

    Otherwise the first socket would get its number, and lines meant for the screen
    would go to the peer. To be called before anything is opened.
    """
    for fd in (STDIN, STDOUT, STDERR):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: fd


def stamp() -> str:
    """Give the time of day, as it stands before a line where that is wanted."""
    return time.strftime("%H:%M:%S ")


def is_pipe(fd: int) -> bool:
    """Whether `fd` is a pipe of which `poll` says so when its other end is closed."""
    return hasattr(select, "poll") and stat.S_ISFIFO(os.fstat(fd).st_mode)


def hung_up(fd: int) -> bool:
    """Whether the terminal behind `fd` has been closed."""
    try:
        termios.tcgetattr(fd)
    except termios.error:
        return True
    return False


def forget_typed(fd: int) -> None:
    """Empty the line that is being typed, unless it is typed to somebody else.

    In the background the line is meant for the program in front, and the kernel would
    stop us for touching it.
    """
    try:
        in_front = os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        in_front = True  # not the terminal that we were started from: no groups there
    if in_front:
        with suppress(termios.error):  # the terminal is gone, and the line with it
            termios.tcflush(fd, termios.TCIFLUSH)


def report(text: str) -> None:
    """Write lines of our own to stderr; the peer's text in them must be `visible`."""
    with suppress(OSError):  # see `Screen.tell`
        _write(STDERR, f"{text}\n")


def _write(fd: int, text: str) -> None:
    """Write it all, waiting where the reader is slow and the descriptor nonblocking."""
    data = text.encode("utf-8", "replace")
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:
            select.select([], [fd], [])
