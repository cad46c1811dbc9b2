"""A program on a terminal of its own: the base of every program that is driven here.

The terminal is a pty, as a person's window has one: by it a program decides whether to
prompt and when to flush. pexpect starts the program there. What pexpect does otherwise than
the harness needs it is mended here, once, for the players of a conversation, the programs
that the referee judges and the panes of the tests:

* a new terminal lacks IUTF8, so that erasing would cut a character in two;
* the shell that starts the tests may ignore signals, and the program would inherit that;
* pexpect looks for `./server` in the current folder and not in the program's;
* it sleeps before it types and whenever it closes a terminal;
* it waits for one program at a time, and takes its exit status while it reads;
* line ends on a terminal are CR LF, and Enter is CR.
"""

import os
import pty
import select
import signal
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pexpect

from harness.view import View

ROWS, COLUMNS = 24, 80
"""The size of a window that nobody has resized."""

ENTER = "\r"

IUTF8 = 0o40000  # termios(3); the termios module does not name it

CHUNK = 1 << 16
"""Bytes that one read asks for; Linux hands over 4096 at most."""


class NotStarted(Exception):
    """The program could not even be started; the message says why."""


class Child:
    """A program, started at once, and all that it has written to its terminal.

    `prepare` is called in the child before the program begins. Raises NotStarted.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        size: tuple[int, int] = (ROWS, COLUMNS),
        *,
        echo: bool = True,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self.raw = bytearray()  # all bytes that came
        self.view = View(*size)  # the window, drawn from them
        self.drained = False  # no program has the terminal any more, and all was read
        self.status: int | None = None  # of os.waitpid; None: the program runs
        self._child = _spawn(command, folder, environment, size, echo, prepare)
        self._child.delaybeforesend = None  # it would sleep for 0.05 s
        self.fd: int = self._child.child_fd  # our end of the terminal
        self.process: int = self._child.ptyproc.pid  # type: ignore[attr-defined]

    # Its screen.

    def read(self) -> bytes:
        """Read what is there and return it; set `drained` at the end."""
        try:
            data = os.read(self.fd, CHUNK)
        except BlockingIOError:
            return b""
        except OSError:  # Linux: EIO once the last program has closed the terminal
            data = b""
        self.drained = not data
        self.raw += data
        self.view.feed(data)
        return data

    @property
    def attributes(self) -> list[object]:
        """How the terminal is set at this moment (termios(3))."""
        return termios.tcgetattr(self.fd)

    @property
    def untouched(self) -> list[object]:
        """How the terminal was set before the program started: all begin alike."""
        # Another terminal is asked: a program may be at work on this one by now.
        ends = pty.openpty()
        _set_utf8(ends[1])
        attributes = termios.tcgetattr(ends[0])
        for fd in ends:
            os.close(fd)
        return attributes

    @property
    def settings_are_back(self) -> bool:
        """Whether the terminal is set as before the program started."""
        return self.attributes == self.untouched

    # Its keyboard.

    def types(self, text: str) -> None:
        """Type a line and Enter."""
        self.presses(text.encode("utf-8", "surrogateescape") + ENTER.encode())

    def presses(self, keys: str | bytes) -> None:
        """Press keys: characters, bytes, or what a terminal sends for other keys."""
        data = keys.encode() if isinstance(keys, str) else keys
        while data:
            data = data[self._child.send(data) :]

    # Its window.

    def resizes(self, rows: int, columns: int) -> None:
        """Change the size of the window."""
        self.view.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def hangs_up(self) -> None:
        """Close the terminal, as closing its window would; nothing can be read after."""
        self._child.ptyproc.fileobj.close()  # type: ignore[attr-defined]
        self.drained = True

    # Its process.

    @property
    def has_ended(self) -> bool:
        """Whether the program has ended; asks the kernel while it has not."""
        if self.status is None:
            process, status = os.waitpid(self.process, os.WNOHANG)
            self.status = status if process else None
        return self.status is not None

    def outcome(self) -> int:
        """Wait for the end; return the exit code, or minus the number of the signal."""
        if self.status is None:
            if sys.platform == "linux":
                self._read_to_end()
            self.status = os.waitpid(self.process, 0)[1]
        return os.waitstatus_to_exitcode(self.status)

    def _read_to_end(self) -> None:
        """Read until the program has ended: with a full terminal it would never end."""
        end = os.pidfd_open(self.process)
        try:
            watched = [end, self.fd]
            while end not in select.select([end] if self.drained else watched, [], [])[0]:
                self.read()
        finally:
            os.close(end)

    def signals(self, number: int) -> None:
        """Send the program a signal, if it still runs."""
        if not self.has_ended:
            os.kill(self.process, number)

    def kill(self) -> None:
        """End the program at once, stopped or not."""
        self.signals(signal.SIGKILL)
        self.outcome()

    def close(self) -> None:
        """End the program if it still runs, and close its terminal."""
        self.kill()
        terminal = self._child.ptyproc  # type: ignore[attr-defined]
        terminal.terminated = True  # or pexpect would ask for the exit status, too
        terminal.delayafterclose = 0
        self._child.close()


def _spawn(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    size: tuple[int, int],
    echo: bool,
    prepare: Callable[[], None],
) -> "pexpect.spawn[bytes]":
    program, *arguments = command

    def set_up() -> None:
        for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        _set_utf8(0)
        prepare()

    try:
        return pexpect.spawn(
            str(folder / program) if "/" in program else program,
            arguments,
            cwd=str(folder),
            env=dict(environment),
            echo=echo,
            encoding=None,
            preexec_fn=set_up,
            dimensions=size,
        )
    except (OSError, pexpect.ExceptionPexpect) as error:
        raise NotStarted(f"{program} cannot be started: {error}") from error


def _set_utf8(fd: int) -> None:
    attributes = termios.tcgetattr(fd)
    attributes[0] |= IUTF8
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
