"""One program on a terminal of its own, and all of pexpect's traps.

pexpect gives the terminal, the typing and the exit status. What it does not do for two
programs is done here, once:

* While one program is waited for, nobody would read the other, and a program whose
  output nobody reads stands still. So the stage reads both, all the time, and this
  class only keeps what came.
* `expect` looks for a pattern anywhere and finds the echo of our own typing. Here a
  line is a whole line, and the echo of what was typed begins with the prompt.
* Line ends are CR LF on a terminal; `delaybeforesend` sleeps 50 ms; the exit status is
  there only after end of file and `close`; closing before that kills.
* A terminal made by Python lacks IUTF8, so erasing would cut a character in two.

stderr goes to a named pipe: stdout is then exactly what the program meant it to be.
"""

import codecs
import os
import re
import signal
import termios
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pexpect
import ptyprocess

from harness.view import View

ROWS, COLUMNS = 24, 80
ENTER = "\r"
IUTF8 = 0o40000  # termios(3); the termios module does not name it


class Stream:
    """What came from one descriptor: text, in lines, and how far it has been seen."""

    def __init__(self) -> None:
        self.raw = bytearray()
        self.lines: list[str] = []  # the whole lines so far
        self.unfinished = ""  # what stands after the last line end: a prompt, or nothing
        self.ended = False
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._half = ""
        self._seen = 0  # lines that the script has been past

    def feed(self, data: bytes) -> list[str]:
        """Take what was read; return the lines that it completes."""
        self.raw += data
        text = self._half + self._decode(data)
        # Half a line end may be all that this read has brought of it.
        self._half = "\r" if text.endswith("\r") else ""
        text = self.unfinished + text.removesuffix("\r").replace("\r\n", "\n")
        *lines, self.unfinished = text.split("\n")
        self.lines += lines
        return lines

    @property
    def text(self) -> str:
        """All that came, as text."""
        return "\n".join([*self.lines, self.unfinished])

    @property
    def seen(self) -> int:
        """How many lines the script has been past."""
        return self._seen

    @property
    def unseen(self) -> list[str]:
        """The whole lines that the script has not been past."""
        return self.lines[self._seen :]

    def sees(self, pattern: re.Pattern[str]) -> bool:
        """Look for a whole line after the last one seen; go past it if it is there."""
        for index, line in enumerate(self.lines[self._seen :]):
            if pattern.fullmatch(line):
                self._seen += index + 1
                return True
        return False

    def asks(self, prompt: str) -> bool:
        """Whether the prompt is the last that came, and waits."""
        # What a carriage return has been written over is not on the screen any more; and
        # a prompt may have been answered by a line that was echoed before it.
        line = self.unfinished.rpartition("\r")[2]
        return bool(line) and not line.replace(prompt, "")


class Painted(Stream):
    """What a program that paints its screen has put there: the lines above its cursor.

    While it paints, which it does with a hidden cursor, the lines are those of before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.view = View(ROWS, COLUMNS)

    def feed(self, data: bytes) -> list[str]:
        """Draw what was read; return the lines that stand above the cursor since then."""
        self.raw += data
        self.view.feed(data)
        count = len(self.lines)
        if self.view.at_rest:
            self.lines = self.view.lines
            self.unfinished = self.view.row
        return self.lines[count:]

    def asks(self, prompt: str) -> bool:
        """Whether the cursor stands behind the prompt, and nothing else does."""
        view = self.view
        return view.at_rest and prompt.rstrip() == view.row and prompt == view.before_cursor


class Player:
    """A program, started at once: its keyboard, its screen and how it ended.

    `stdin` None gives it the terminal's keyboard, else the file of that name.
    `folder` is where its files go; the program's name keeps players apart there.
    `painted` says that it edits its line itself, and so paints its screen.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        prompt: str = ">",
        stdin: Path | None = None,
        *,
        painted: bool = False,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.prompt = prompt
        self.screen = Painted() if painted else Stream()
        self.errors = Stream()
        self._size = ROWS, COLUMNS
        self.began = time.monotonic()
        pipe = folder / f"{name}.stderr"
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe)
        # Opened before the program opens the other end, so that neither waits.
        self.errors_fd = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            self.command[0],
            self.command[1:],
            env=dict(environment),
            cwd=str(folder),
            dimensions=(ROWS, COLUMNS),
            encoding=None,
            preexec_fn=partial(_redirect, pipe, stdin),
        )
        self._child.delaybeforesend = None
        self._pty: ptyprocess.PtyProcess = self._child.ptyproc  # type: ignore[attr-defined]
        _set_utf8(self.screen_fd)
        self.settings = termios.tcgetattr(self.screen_fd)  # before the program's own

    @property
    def screen_fd(self) -> int:
        """The descriptor of the terminal that the program runs on."""
        fd: int = self._child.child_fd
        return fd

    @property
    def asks(self) -> bool:
        """Whether the prompt stands on the screen and waits."""
        return self.screen.asks(self.prompt)

    @property
    def view(self) -> View:
        """What a person sees at this moment."""
        if isinstance(self.screen, Painted):
            return self.screen.view
        view = View(*self._size)
        view.feed(bytes(self.screen.raw))
        return view

    @property
    def process(self) -> int:
        """The number of the process."""
        pid: int = self._pty.pid
        return pid

    def stream(self, name: str) -> Stream:
        """Give the stream that a step speaks of: `screen` or `stderr`."""
        return self.screen if name == "screen" else self.errors

    def read_screen(self) -> list[str]:
        """Read what is there from the terminal; return the lines that it completes."""
        try:
            return self.screen.feed(self._child.read_nonblocking(65536, timeout=0))
        except pexpect.TIMEOUT:
            return []
        except pexpect.EOF:
            self.screen.ended = True
            return []

    def read_errors(self) -> list[str]:
        """Read what is there from stderr; return the lines that it completes."""
        try:
            data = os.read(self.errors_fd, 65536)
        except BlockingIOError:
            return []
        self.errors.ended = not data
        return self.errors.feed(data)

    def types(self, text: str) -> None:
        """Type a line and Enter."""
        self._child.send(text.encode("utf-8", "surrogateescape") + ENTER.encode())

    def presses(self, keys: str) -> None:
        """Press keys: characters, or what a terminal sends for others."""
        self._child.send(keys.encode())

    def pastes(self, text: str) -> None:
        """Paste, as a terminal does it: marked where the program has asked for that."""
        # A terminal sends a line end as the key that makes one.
        keys = text.replace("\n", ENTER)
        marked = self.view.pastes_in_brackets
        self.presses(f"\x1b[200~{keys}\x1b[201~" if marked else keys)

    def resizes(self, rows: int, columns: int) -> None:
        """Change the size of the window."""
        self._size = rows, columns
        if isinstance(self.screen, Painted):
            self.screen.view.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def signals(self, number: int) -> None:
        """Send the program a signal."""
        if self._child.isalive():
            self._child.kill(number)

    def hangs_up(self) -> None:
        """Close the terminal, as closing its window would; nothing can be read after."""
        self._pty.fileobj.close()
        self.screen.ended = True

    @property
    def settings_are_back(self) -> bool:
        """Whether the terminal is set as it was before the program started."""
        return termios.tcgetattr(self.screen_fd) == self.settings

    @property
    def ended(self) -> bool:
        """Whether the program has gone and all that it wrote has been read."""
        return self.screen.ended and self.errors.ended

    def outcome(self) -> str:
        """Say how the program ended: `0`, `1`, ... or `signal 9`. Waits until it has."""
        self._child.wait()
        if self._child.signalstatus is not None:
            return f"signal {self._child.signalstatus}"
        return str(self._child.exitstatus)

    def close(self) -> None:
        """End the program if it still runs, and give everything back."""
        self.signals(signal.SIGCONT)
        self.signals(signal.SIGKILL)
        self._pty.delayafterclose = 0  # it would sleep for 0.1 s
        self._child.close(force=True)
        os.close(self.errors_fd)


def _redirect(stderr: Path, stdin: Path | None) -> None:
    """Do in the child what a shell does for `2>stderr <stdin`.

    By name, because pexpect closes all other descriptors of the child before. The child
    opens them before `spawn` returns: from then on a pipe has its reader.
    """
    os.dup2(os.open(stderr, os.O_WRONLY), 2)
    if stdin:
        os.dup2(os.open(stdin, os.O_RDONLY), 0)


def _set_utf8(fd: int) -> None:
    attributes = termios.tcgetattr(fd)
    attributes[0] |= IUTF8
    termios.tcsetattr(fd, termios.TCSANOW, attributes)
