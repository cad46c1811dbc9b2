"""Where on the screen the last board of a game is, for as long as that is certain.

The next board is to take its place. What was written below it moves up, so the rows of all
that are counted. Pure: it neither reads nor writes the screen.
"""

import re
from collections.abc import Callable

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
"""What changes the looks of a text and takes no room."""

Written = tuple[Callable[[str], None], str]
"""A text without its last line end, and the function that has written it."""


class LastBoard:
    """The last board, and what was written below it. The size is in columns and rows."""

    def __init__(self) -> None:
        # The game that it is of; 0 is none.
        self._number = 0
        # The rows from its first to the line being edited, and the size of the window.
        self._rows = 0
        self._size = (0, 0)
        self._below: list[Written] = []
        # The most rows that the line being edited and the status under it have taken.
        self._painted = 0

    def place(self, number: int, text: str, size: tuple[int, int]) -> None:
        """Note that the board of a game was written."""
        self._number, self._rows, self._size, self._painted = number, 0, size, 0
        self._below = []
        self._add_rows(text)

    def add(self, write: Callable[[str], None], text: str) -> None:
        """Note what was written below it."""
        if self._number:
            self._below.append((write, text))
            self._add_rows(text)

    def note_painting(self, height: int, size: tuple[int, int]) -> None:
        """Note how high the line being edited is, and in a window of which size."""
        if size != self._size:
            self.forget()  # the terminal may have wrapped all lines anew
        self._painted = max(self._painted, height)

    def forget(self) -> None:
        """Leave the board where it is, because others may have written below it."""
        # The size and the rows may stay: they count for the board of a game only.
        self._number = 0
        self._below = []

    def lift(self, number: int, size: tuple[int, int]) -> tuple[int, list[Written]]:
        """Return how many rows to erase for a newer board, and what to write again.

        That is nothing where the last board is of another game, where part of it may have
        left the window, or where it is not certain how many rows were written.
        """
        # The line being edited has pushed up by its own rows whatever is above it.
        fits = self._rows + max(self._painted, 1) <= size[1]
        if number == self._number and size == self._size and fits:
            return self._rows, self._below
        return 0, []

    def _add_rows(self, text: str) -> None:
        for line in COLOURS.sub("", text).split("\n"):
            rows = count_rows(line, self._size[0])
            if rows is None:
                self.forget()
                return
            self._rows += rows
        # A window that is full keeps no text: what is below would grow for ever.
        if self._rows > self._size[1]:
            self.forget()


def count_rows(line: str, columns: int) -> int | None:
    """Return how many rows a line takes; None where terminals may differ about that."""
    # A tab, or a character that some terminals show and some do not.
    if not line.isprintable():
        return None
    # No character is wider than two columns, and ASCII ones have one.
    widest = sum(1 if character.isascii() else 2 for character in line)
    if widest <= columns:
        return 1
    return -(-widest // columns) if line.isascii() and columns else None
