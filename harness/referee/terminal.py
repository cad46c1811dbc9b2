"""One program that is judged: what it shows as text, and the processes that it has.

Its stdin, stdout and stderr are the terminal, as for a person. The echo is off, so that
all that comes is the program's own; the window is wide, so that nothing wraps. Nothing
here knows of chats or prompts.
"""

import codecs
import fcntl
import os
import re
import resource
import select
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from harness.child import Child
from harness.referee import isolation, processes

SIZE = (50, 16000)
"""Rows and columns: wider than the longest message that a check types."""

CAP = 256 * 1024
"""Bytes of output that one program may make in a run; what makes more spins."""

TIOCGPTPEER = 0x5441  # ioctl_tty(2): opens the program's end of a terminal

_CONTROLS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\^_])")
"""Colours and titles, which are not part of what is said (ECMA-48, 5.4)."""


class Terminal(Child):
    """A program, started at once, and all that it has shown as text."""

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
        self.flooded = False  # whether it was ended because it showed too much
        self._typed_at = 0  # the length of the text when the last line was typed
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._half = ""  # of a line end or of a control sequence
        self._unsent = b""  # what was typed and the terminal did not accept yet
        super().__init__(
            command, folder, environment, SIZE, echo=False, prepare=_limit_process
        )
        os.set_blocking(self.fd, False)

    def read_text(self) -> str:
        """Read what is there; return the new text."""
        data = self.read()
        if len(self.raw) > CAP and not self.flooded:
            self.flooded = True
            processes.kill(self.family)
        return "" if self.flooded or not (data or self.drained) else self._feed(data)

    def queue(self, data: bytes) -> None:
        """Type bytes; from now on `since` is what came after them."""
        self._typed_at = len(self.text)
        self._unsent += data
        self.push()

    def push(self) -> bool:
        """Type what the terminal did not accept yet; return whether nothing is left."""
        with suppress(OSError):  # full, or closed
            while self._unsent:
                self._unsent = self._unsent[os.write(self.fd, self._unsent) :]
        return not self._unsent or self.drained

    def carry_over(self) -> None:
        """Wait until what was typed is where the program reads it.

        What is written to a terminal is carried over by a kernel thread, which a busy
        machine may let wait for long. Asking the program's end whether there is anything
        to read waits for that thread (n_tty_poll in Linux); elsewhere this does nothing.
        """
        if self.drained or self.status is not None:
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
        return self.text[self._typed_at :]

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The last lines of the screen."""
        return tuple(self.text.rstrip("\n").split("\n")[-8:])

    def lift_line_limit(self) -> None:
        """Lift the 4095 bytes that a line of a canonical terminal can have (termios(3))."""
        attributes = termios.tcgetattr(self.fd)
        attributes[3] &= ~termios.ICANON
        attributes[6][termios.VMIN], attributes[6][termios.VTIME] = 1, 0
        termios.tcsetattr(self.fd, termios.TCSANOW, attributes)

    # Its processes.

    @property
    def family(self) -> list[int]:
        """The program's processes; empty when it has ended."""
        return [] if self.has_ended else processes.descendants(self.process)

    @property
    def exit_code(self) -> int | None:
        """What it exited with; None while it runs, and when a signal ended it."""
        if self.status is None or not os.WIFEXITED(self.status):
            return None
        return os.WEXITSTATUS(self.status)

    @property
    def ending(self) -> str:
        """How it ended: `exits 1`, `signal 11`; `runs` while it does."""
        if self.flooded:
            return f"spins: printed more than {CAP // 1024} KiB"
        if not self.has_ended or self.status is None:
            return "runs"
        if os.WIFSIGNALED(self.status):
            return f"signal {os.WTERMSIG(self.status)}"
        return f"exits {os.WEXITSTATUS(self.status)}"

    def signals(self, number: int) -> None:
        """Send a signal to the program and to the processes that it has started."""
        for process in self.family:
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def _feed(self, data: bytes) -> str:
        text = self._half + self._decode(data)
        # Half a line end, or half a colour, may be all that this read has brought of it.
        cut = re.search(r"(?:\r|\x1b[^@-Z\\^_a-z]*)\Z", text)
        self._half = text[cut.start() :] if cut and data else ""
        text = text.removesuffix(self._half) if self._half else text
        text = _CONTROLS.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
        self.text += text
        return text


def _limit_process() -> None:
    """Make the program end with the referee, and write no core file."""
    isolation.end_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
