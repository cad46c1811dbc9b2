"""The lines that a program gets from a pipe or a file instead of a keyboard."""

import os
from collections.abc import Callable
from pathlib import Path


class Inputs:
    """The `|` lines of a conversation that no program has been started with yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: dict[str, list[str]] = {}  # by actor

    def add(self, actor: str, line: str) -> None:
        """Keep a line for the actor's next start."""
        self._lines.setdefault(actor, []).append(line)

    def prepare(self, actor: str, source: str) -> tuple[Path, Callable[[], None]]:
        """Make the stdin of an actor, `a pipe` or `a file`, of the lines kept for it.

        Returns its path, and what is to be called once the program has started.
        """
        text = "".join(f"{line}\n" for line in self._lines.pop(actor, []))
        path = self._folder / f"{actor}.stdin"
        path.unlink(missing_ok=True)
        if source == "a file":
            path.write_text(text, "utf-8")
            return path, lambda: None
        os.mkfifo(path)
        # Open for reading as well, so that opening it does not wait for the program.
        pipe = os.open(path, os.O_RDWR)

        def fill() -> None:
            os.write(pipe, text.encode())
            os.close(pipe)

        return path, fill
