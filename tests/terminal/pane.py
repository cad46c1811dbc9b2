"""A real program on a real terminal: what a person would see there, and what is left of it.

The harness plays whole conversations between the two programs. Here is what it has no
sign for: any command, a shell included; every byte that was written, not only the picture
that it makes; and the terminal's own settings, before and after.

Everything goes to the one terminal, stderr too. No test sleeps: it reads while it waits.
"""

import os
from collections.abc import Callable
from pathlib import Path

from harness.child import COLUMNS, Child
from harness.readers import Readers
from harness.stage import PATIENCE, ROOT


class Pane(Child):
    """A command on a terminal of its own; its files go to `folder`.

    In `environment` a variable that is None is removed.
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
        known = {name: value for name, value in world.items() if value is not None}
        super().__init__(command, folder, known)

    @property
    def ended(self) -> bool:
        """Whether no program has the terminal any more, and all of it was read."""
        return self.drained

    @property
    def lines(self) -> list[str]:
        """The lines from the very first down to the cursor's row, scrolled off or not."""
        return [*self.view.lines, self.view.row]

    def shows(self, *lines: str) -> bool:
        """Whether these are the last lines, with the cursor in the very last, at rest."""
        return self.view.at_rest and self.lines[-len(lines) :] == [*lines]

    @property
    def rows(self) -> list[str]:
        """The rows of the window, up to the last with anything in it."""
        rows = self.view.rows
        while rows and not rows[-1]:
            rows.pop()
        return rows


class Desk:
    """All terminals of a test: opened, read and closed together.

    A program whose terminal nobody reads stands still, and then the other, which the test
    waits for, may never get what it waits for itself.
    """

    def __init__(self, folder: Path) -> None:
        self.panes: list[Pane] = []
        self._live: list[Pane] = []  # those that are still read
        self._folder = folder
        self._readers = Readers()

    def opens(self, *command: str, **environment: str | None) -> Pane:
        """Start a command on a terminal of its own."""
        self._sweep()  # a descriptor that was closed may come back as this one's
        pane = Pane(self._folder, command, environment)
        self.panes.append(pane)
        self._live.append(pane)
        self._readers.attend(pane.fd, pane.read)
        return pane

    def until(self, condition: Callable[[], object], what: str = "it") -> None:
        """Read all terminals until the condition holds; fail with all that they show."""
        happened = self._readers.until(condition, PATIENCE, self._turn)
        assert happened, f"{what} never happened:\n{self}"

    def _turn(self, seconds: float) -> None:
        self._sweep()
        assert self._live, f"every program has ended:\n{self}"
        self._readers.turn(seconds)

    def _sweep(self) -> None:
        """Stop reading the terminals that have come to their end."""
        for pane in [each for each in self._live if each.ended]:
            self._live.remove(pane)
            self._readers.forget(pane.fd)

    def close(self) -> None:
        """End every program that still runs."""
        for pane in self.panes:
            pane.close()
        self._readers.close()

    def __str__(self) -> str:
        """Show every window, framed."""
        edge = "-" * COLUMNS
        return "\n".join(line for pane in self.panes for line in (edge, *pane.rows, edge))
