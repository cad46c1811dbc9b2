"""One program on a terminal of its own: what it shows, what is typed at it, how it ends.

Its stdin, stdout and stderr are the terminal, as for a person: a program decides by that
whether to prompt and when to flush. The echo is off, so all that comes is the program's
own; the window is wide, so that nothing wraps. It says nothing of chats or prompts.
"""

import codecs
import fcntl
import os
import re
import resource
import select
import signal
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import ptyprocess

from harness.referee import isolation, processes

SIZE = (50, 16000)
"""Rows and columns: wider than the longest message that a check types."""

CAP = 256 * 1024
"""Bytes of output that one program may make in a run; what makes more spins."""

TIOCGPTPEER = 0x5441  # ioctl_tty(2): opens the program's end of a terminal

IUTF8 = 0o40000  # termios(3); the termios module does not name it

_CONTROLS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\^_])")
"""Colours and titles, which are not part of what is said (ECMA-48, 5.4)."""


class NotStarted(Exception):
    """The program could not even be started; the message says why."""


class Terminal:
    """A program, started at once, and everything that it has shown."""

    def __init__(
        self,
        actor: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
    ) -> None:
        self.actor = actor
        self.command = list(command)
        self.text = ""  # all that it has shown, lines ended by \n
        self.flooded = False
        self.closed = False  # the screen: nothing more will come
        self.status: int | None = None  # as os.waitpid gives it; None: it runs
        self._mark = 0
        self._bytes = 0
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._half = ""
        self._unsent = b""
        try:
            self._pty = ptyprocess.PtyProcess.spawn(
                [_located(self.command[0], folder), *self.command[1:]],
                cwd=str(folder),
                env=dict(environment),
                echo=False,
                preexec_fn=_prepare,
                dimensions=SIZE,
            )
        except (OSError, ptyprocess.PtyProcessError) as error:
            raise NotStarted(f"{self.command[0]} cannot be started: {error}") from error
        self.fd: int = self._pty.fd
        self.pid: int = self._pty.pid
        os.set_blocking(self.fd, False)

    def read(self) -> str:
        """Take what is there; returns the new text."""
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return ""
        except OSError:  # Linux: EIO once the last program has closed it
            data = b""
        self.closed = not data
        self._bytes += len(data)
        if self._bytes > CAP and not self.flooded:
            self.flooded = True
            processes.end(self.family)
        return "" if self.flooded else self._feed(data)

    def types(self, data: bytes) -> None:
        """Type bytes; from now on `since` is what came after them."""
        self._mark = len(self.text)
        self._unsent += data
        self.push()

    def push(self) -> bool:
        """Hand on what the terminal did not take yet; False: there is still more."""
        with suppress(OSError):  # full, or gone
            while self._unsent:
                self._unsent = self._unsent[os.write(self.fd, self._unsent) :]
        return not self._unsent or self.closed

    def settle(self) -> None:
        """See that what was typed has come to where the program reads it.

        What is written to a terminal is carried over by a kernel thread, which a busy
        machine may let wait for long. Asking the program's end whether there is anything
        to read waits for that thread (n_tty_poll in Linux); elsewhere this does nothing.
        """
        if self.closed or self.status is not None:
            return
        with suppress(OSError):
            end = fcntl.ioctl(self.fd, TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY)
            try:
                select.select([end], [], [], 0)
            finally:
                os.close(end)

    @property
    def since(self) -> str:
        """What came after the last line typed here."""
        return self.text[self._mark :]

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines of the screen."""
        return tuple(self.text.rstrip("\n").split("\n")[-8:])

    def goes_raw(self) -> None:
        """Lift the 4095 bytes that a line of a canonical terminal can have (termios(3))."""
        attributes = termios.tcgetattr(self.fd)
        attributes[3] &= ~termios.ICANON
        attributes[6][termios.VMIN], attributes[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self.fd, termios.TCSANOW, attributes)

    # How it is doing.

    @property
    def family(self) -> list[int]:
        """The program's processes; empty when it has ended."""
        return [] if self.has_ended else processes.descendants(self.pid)

    @property
    def has_ended(self) -> bool:
        """Whether the program itself has gone, which this looks up."""
        if self.status is None:
            with suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.status = status if pid else None
        return self.status is not None

    @property
    def exit_code(self) -> int | None:
        """What it exited with; None while it runs, and when a signal ended it."""
        if self.status is None or not os.WIFEXITED(self.status):
            return None
        return os.WEXITSTATUS(self.status)

    @property
    def outcome(self) -> str:
        """Say how it ended: `exits 1`, `signal 11`; `runs` while it does."""
        if self.flooded:
            return f"spins: printed more than {CAP // 1024} KiB"
        if not self.has_ended or self.status is None:
            return "runs"
        if os.WIFSIGNALED(self.status):
            return f"signal {os.WTERMSIG(self.status)}"
        return f"exits {os.WEXITSTATUS(self.status)}"

    def signals(self, number: int) -> None:
        """Send a signal to the program and to what it has started."""
        for pid in self.family:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """End the program and what it has started, at once."""
        processes.end(self.family)
        if self.status is None:
            with suppress(ChildProcessError):
                self.status = os.waitpid(self.pid, 0)[1]

    def close(self) -> None:
        """End the program, and give everything back."""
        self.kill()
        self._pty.terminated = True  # or it would look for the child again, and sleep
        self._pty.delayafterclose = 0
        self._pty.close()

    def _feed(self, data: bytes) -> str:
        text = self._half + self._decode(data)
        # Half a line end, or half a colour, may be all that this read has brought of it.
        cut = re.search(r"(?:\r|\x1b[^@-Z\\^_a-z]*)\Z", text)
        self._half = text[cut.start() :] if cut and data else ""
        text = text.removesuffix(self._half) if self._half else text
        text = _CONTROLS.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
        self.text += text
        return text


def _located(program: str, folder: Path) -> str:
    """Give a program that is named by its place, such as `./server`, from that folder.

    ptyprocess looks for it before it goes there.
    """
    return str(folder / program) if "/" in program else program


def _prepare() -> None:
    """Set up the child before the program begins: no core files, characters not bytes."""
    isolation.end_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whoever started the referee may ignore these, and programs would inherit that.
    for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    attributes = termios.tcgetattr(0)
    attributes[0] |= IUTF8
    termios.tcsetattr(0, termios.TCSANOW, attributes)
