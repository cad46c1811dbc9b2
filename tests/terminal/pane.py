"""A command on a real terminal: its picture, its bytes, and the terminal's settings.

The harness plays conversations between the two programs; this runs any command, a shell
included. stdout and stderr go to the one terminal. Waiting is always reading: nothing
sleeps.
"""

import os
import pty
import select
import signal
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import ptyprocess

from harness.stage import PATIENCE, ROOT
from harness.view import View

ROWS, COLUMNS = 24, 80


class Pane:
    """A command on a terminal of its own; its files go to `folder`.

    A variable that is None in `environment` is unset.
    """

    def __init__(
        self, folder: Path, command: tuple[str, ...], environment: dict[str, str | None]
    ) -> None:
        world: dict[str, str | None] = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "XDG_CONFIG_HOME": str(folder),
            "XDG_STATE_HOME": str(folder),
            **environment,
        }
        self.raw = bytearray()
        self.ended = False  # no process has the terminal open, and all was read
        self._drawn = 0  # bytes that the view has been fed
        self._view = View(ROWS, COLUMNS)
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            command[0],
            list(command[1:]),
            env={name: value for name, value in world.items() if value is not None},
            cwd=str(folder),
            dimensions=(ROWS, COLUMNS),
            encoding=None,
            preexec_fn=_reset_signals,
        )
        self._child.delaybeforesend = None
        self._pty: ptyprocess.PtyProcess = self._child.ptyproc  # type: ignore[attr-defined]
        self.untouched = _default_settings()

    def fileno(self) -> int:
        """Return the descriptor of the terminal's other end."""
        fd: int = self._child.child_fd
        return fd

    def read(self) -> None:
        """Read once what the program has written."""
        try:
            self.raw += os.read(self.fileno(), 1 << 16)
        except OSError:  # EIO: no process has the terminal open any more
            self.ended = True

    @property
    def view(self) -> View:
        """The picture of all that was read, drawn only when it is asked for."""
        self._view.feed(bytes(self.raw[self._drawn :]))
        self._drawn = len(self.raw)
        return self._view

    @property
    def lines(self) -> list[str]:
        """All lines down to the cursor's row, also those that scrolled off."""
        return [*self.view.lines, self.view.row]

    def shows(self, *lines: str) -> bool:
        """Return whether these are the last lines, with the cursor at rest in the last."""
        return self.view.at_rest and self.lines[-len(lines) :] == [*lines]

    @property
    def rows(self) -> list[str]:
        """The rows of the window down to the last that is not blank."""
        rows = self.view.rows
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def types(self, text: str) -> None:
        """Type a line and Enter."""
        self.presses(f"{text}\r")

    def presses(self, keys: str | bytes) -> None:
        """Press keys: characters, bytes, or what a terminal sends for others."""
        self._child.send(keys.encode() if isinstance(keys, str) else keys)

    def resizes(self, rows: int, columns: int) -> None:
        """Change the size of the window."""
        self.view.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def hangs_up(self) -> None:
        """Close the terminal, as closing its window does."""
        self._pty.fileobj.close()
        self.ended = True

    def signals(self, number: int) -> None:
        """Send the program a signal, if it still runs."""
        self._child.kill(number)

    @property
    def process(self) -> int:
        """The number of the process."""
        pid: int = self._pty.pid
        return pid

    @property
    def attributes(self) -> list[object]:
        """The terminal's settings (termios(3))."""
        return termios.tcgetattr(self.fileno())

    def outcome(self) -> int:
        """Return the exit code, or minus the signal that ended the program."""
        self._child.wait()
        if self._child.signalstatus is not None:
            return -int(self._child.signalstatus)
        return int(self._child.exitstatus or 0)

    def close(self) -> None:
        """End the program if it still runs, and give everything back."""
        self.signals(signal.SIGCONT)
        self.signals(signal.SIGKILL)
        self._pty.delayafterclose = 0  # it would sleep for 0.1 s
        self._child.close(force=True)


class Desk:
    """All terminals of a test: opened, read and closed together.

    A program whose terminal is not read blocks, and with it the peer that waits for it.
    """

    def __init__(self, folder: Path) -> None:
        self.panes: list[Pane] = []
        self._folder = folder

    def opens(self, *command: str, **environment: str | None) -> Pane:
        """Start a command on a terminal of its own."""
        pane = Pane(self._folder, command, environment)
        self.panes.append(pane)
        return pane

    def until(self, condition: Callable[[], object], what: str = "it") -> None:
        """Read all terminals until the condition holds; fail with all that they show."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            live = [pane for pane in self.panes if not pane.ended]
            patience = deadline - time.monotonic()
            assert live and patience > 0, f"{what} never happened:\n{self}"
            for pane in select.select(live, [], [], patience)[0]:
                pane.read()

    def close(self) -> None:
        """End every program that still runs."""
        for pane in self.panes:
            pane.close()

    def __str__(self) -> str:
        """Show every window, framed."""
        edge = "-" * COLUMNS
        return "\n".join(line for pane in self.panes for line in (edge, *pane.rows, edge))


def _default_settings() -> list[object]:
    """Return the settings of a new terminal, on which no program has been.

    They are those of another terminal: on this one a program may be at work already.
    """
    ends = pty.openpty()
    attributes = termios.tcgetattr(ends[0])
    for fd in ends:
        os.close(fd)
    return attributes


def _reset_signals() -> None:
    """Ignore no signal, even if the tests were started with some ignored (nohup, `&`)."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
