"""A real program on a real terminal: what a person would see there, and what is left of it.

The harness plays whole conversations between the two programs. Here is what it has no
sign for: any command, a shell included; every byte that was written, not only the picture
that it makes; and the terminal's own settings, before and after.

Everything goes to the one terminal, stderr too. Nothing ever sleeps: who waits, reads.
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

    In `environment` a variable that is None is taken away.
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
        self.ended = False  # nobody has the terminal any more, and all of it was read
        self._drawn = 0  # bytes that the view has been fed
        self._view = View(ROWS, COLUMNS)
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            command[0],
            list(command[1:]),
            env={name: value for name, value in world.items() if value is not None},
            cwd=str(folder),
            dimensions=(ROWS, COLUMNS),
            encoding=None,
            preexec_fn=_heed_signals,
        )
        self._child.delaybeforesend = None
        self._pty: ptyprocess.PtyProcess = self._child.ptyproc  # type: ignore[attr-defined]
        self.untouched = _untouched()

    def fileno(self) -> int:
        """Give the descriptor of the terminal's other end."""
        fd: int = self._child.child_fd
        return fd

    def read(self) -> None:
        """Read what is there."""
        try:
            self.raw += os.read(self.fileno(), 1 << 16)
        except OSError:  # EIO: the last who had the terminal has gone
            self.ended = True

    @property
    def view(self) -> View:
        """What a person sees; drawn only now, because reading must be quick."""
        self._view.feed(bytes(self.raw[self._drawn :]))
        self._drawn = len(self.raw)
        return self._view

    @property
    def lines(self) -> list[str]:
        """The lines from the very first down to the cursor's row, scrolled off or not."""
        return [*self.view.lines, self.view.row]

    def shows(self, *lines: str) -> bool:
        """Whether these are the last lines, with the cursor in the very last, at rest."""
        return self.view.at_rest and self.lines[-len(lines) :] == [*lines]

    @property
    def rows(self) -> list[str]:
        """What stands in the window, up to the last row with anything in it."""
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
        """Close the terminal, as closing its window would; nothing can be read after."""
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
        """How the terminal is set, as termios(3) tells it."""
        return termios.tcgetattr(self.fileno())

    def outcome(self) -> int:
        """Give the exit code, or the signal that ended it as a negative number."""
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

    Together, because a program whose terminal nobody reads stands still, and then the
    other, which is waited for, may never get what it waits for.
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


def _untouched() -> list[object]:
    """Tell how a terminal is set that no program has been on: all begin alike.

    Asked of another one: by the time we came to ask, a program on this may be at work.
    """
    ends = pty.openpty()
    attributes = termios.tcgetattr(ends[0])
    for fd in ends:
        os.close(fd)
    return attributes


def _heed_signals() -> None:
    """Ignore nothing, whatever the tests' own starter does (nohup, a script's `&`)."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
