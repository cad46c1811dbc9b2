"""An edited terminal on a pty in this process, and the person in front of it."""

import os
import select
import time
from collections import deque
from collections.abc import Callable, Iterator

from chatlib.loop import READ, Loop
from chatlib.terminal import streams
from chatlib.terminal.edited import Edited
from harness.child import COLUMNS, ROWS
from harness.stage import PATIENCE
from harness.view import View
from tests.helpers import SECONDS, Person

Script = Iterator[Callable[[], object]]
"""Acts, and yields the condition under which it is to be continued."""


class Seat:
    """An edited terminal on a pty in this process, and the person in front of it."""

    def __init__(self, person: Person, loop: Loop) -> None:
        self.person = person
        self.loop = loop
        self.raw = b""  # all that was written to the pty
        self.heard: list[str | None] = []  # the lines passed on; None is the end of input
        self.typed: Callable[[str], None] = self.heard.append
        self.terminal: Edited
        self._view = View(ROWS, COLUMNS)
        self._drawn = 0  # bytes that the view was fed

    def opens(self, *, history: str = "", **options: object) -> Edited:
        """Build the terminal, with a prompt."""
        self.terminal = Edited(self.loop, ">", history=history, **options)  # type: ignore[arg-type]
        self.terminal.start(self._typed, lambda: self.heard.append(None))
        self.terminal.refresh(True, True, lambda: ("with the server",))
        return self.terminal

    def plays(self, script: Script) -> None:
        """Run the terminal until the script is over; fail when a step takes too long."""
        self._script = script
        self._condition: Callable[[], object] = lambda: True
        self._deadline = time.monotonic() + PATIENCE
        if self.person.keyboard >= 0:
            self.loop.watch(self.person.out, READ, self._read)
        self.loop.call_later(0, self._advance)
        self.terminal.run()
        if self.person.keyboard >= 0:
            self._read_to_mark()

    def _read_to_mark(self) -> None:
        """Read all that was written: the kernel passes it on a moment later."""
        mark = b"<#mark#>"
        os.write(streams.STDOUT, mark)
        while mark not in self.raw:
            assert select.select([self.person.out], [], [], SECONDS)[0], self.raw
            self._read(READ)
        self.raw = self.raw.replace(mark, b"")

    def presses(self, sent: str | bytes) -> None:
        """Press keys."""
        os.write(self.person.keyboard, sent.encode() if isinstance(sent, str) else sent)

    def hangs_up(self) -> None:
        """Close the terminal."""
        self.loop.forget(self.person.out)
        self.person.leaves()

    @property
    def view(self) -> View:
        """The window with all that was written so far."""
        self._view.feed(self.raw[self._drawn :])
        self._drawn = len(self.raw)
        return self._view

    @property
    def rows(self) -> list[str]:
        """The rows of the window down to the last that is not blank."""
        rows = self.view.rows
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def shows(self, *rows: str) -> Callable[[], bool]:
        """Return a condition: the window ends with these rows, and the cursor rests."""
        return lambda: self.view.at_rest and self.rows[-len(rows) :] == [*rows]

    def _typed(self, lines: deque[str]) -> None:
        assert len(lines) == 1
        self.typed(lines.popleft())

    def _read(self, mask: int) -> None:
        self.raw += os.read(self.person.out, 65536)

    def _advance(self) -> None:
        while self._condition():
            try:
                self._condition = next(self._script)
                self._deadline = time.monotonic() + PATIENCE
            except StopIteration:
                self.loop.stop()
                return
        assert time.monotonic() < self._deadline, (self.rows, self.heard)
        self.loop.call_later(0.002, self._advance)
