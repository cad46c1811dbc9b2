"""The picture that a person would see: a terminal, drawn by pyte from a program's bytes.

Rows, cursor, title, and whole lines: a line that the terminal wrapped is one line again,
and what has scrolled off the top is kept. What pyte does not do is done here, once:

* it forgets which rows were wrapped;
* it drops the rest of a chunk after a character without width (a joiner, a variation
  selector, many vowel signs), so here every character is drawn on its own;
* a wide character in the last column it cuts in two, where a terminal wraps it whole;
* when the window gets lower it loses the rows at the top, when it gets narrower what
  stands on the right;
* it knows no faint text: here that is a colour of its own.
"""

from collections.abc import Iterator

import pyte
from pyte import modes
from pyte.screens import Char
from wcwidth import wcwidth

BRACKETED_PASTE = 2004 << 5
"""The mode in which a terminal marks what is pasted; pyte shifts private modes."""


FAINT, COLOUR, COLOUR_256 = 2, (38, 48), 5
"""SGR: faint text, and what begins a colour that more numbers follow (ECMA-48, xterm)."""


class Paper(pyte.Screen):
    """pyte's screen, on paper that never ends."""

    def __init__(self, columns: int, rows: int) -> None:
        self.past: list[str] = []  # the rows that have scrolled off the top
        self.joined: set[int] = set()  # rows, counted from the first, that go on a line
        super().__init__(columns, rows)

    @property
    def height(self) -> int:
        """The number of the cursor's row, counted from the first row ever written."""
        return len(self.past) + int(self.cursor.y)

    def text(self, row: int, columns: int | None = None) -> str:
        """Return a row's text: so many columns, or by default all that were written to."""
        cells = self.buffer[row]
        if columns is None:
            columns = max(cells, default=-1) + 1
        return "".join(cells[column].data for column in range(columns))

    def draw(self, data: str) -> None:
        """Draw one character after the other, and note where a line was wrapped."""
        for character in data:
            width = wcwidth(character)
            if width == 0:
                self._add_mark(character)
                continue
            if width == 2 and self.cursor.x == self.columns - 1:
                self._skip_column()
            wraps = self.cursor.x == self.columns and modes.DECAWM in self.mode
            super().draw(character)
            if wraps:
                self.joined.add(self.height)

    def select_graphic_rendition(self, *numbers: int, **private: bool) -> None:
        """Set the looks of what is drawn next; faint is the colour of that name."""
        super().select_graphic_rendition(*numbers)
        if _makes_faint(numbers):
            self.cursor.attrs = self.cursor.attrs._replace(fg="faint")

    def linefeed(self) -> None:
        """Move to the next row, which begins a line of its own."""
        super().linefeed()
        self.joined.discard(self.height)

    def index(self) -> None:
        """Scroll, and keep the row that leaves the window at the top."""
        if self.cursor.y == self.lines - 1 and not self.margins:
            self.past.append(self.text(0))
        super().index()

    def erase_in_display(self, how: int = 0, *rest: object, **private: bool) -> None:
        """Erase rows; what is written there next is no part of the line before."""
        here = self.cursor.y
        erased = {0: range(here + 1, self.lines), 1: range(here)}
        rows = erased.get(how, range(self.lines))
        self.joined -= {len(self.past) + row for row in rows}
        super().erase_in_display(how, *rest, **private)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        """Erase a row, also the part that a narrower window hides on the right."""
        super().erase_in_line(how, private)
        cells = self.buffer[self.cursor.y]
        for column in [each for each in cells if each >= self.columns]:
            del cells[column]

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Change the size; of a lower window the rows at the top scroll off.

        What a narrower window hides on the right is kept.
        """
        lines = lines or self.lines
        while self.cursor.y >= lines:
            self.past.append(self.text(0))
            for row in range(self.lines - 1):
                self.buffer[row] = self.buffer[row + 1]
            self.cursor.y -= 1
        for row in range(lines, self.lines):
            self.buffer.pop(row, None)
        self.lines, self.columns = lines, columns or self.columns
        self.cursor.x = min(self.cursor.x, self.columns)
        self.set_margins()

    def _skip_column(self) -> None:
        """Leave the last column empty: a wide character does not fit in it."""
        self.buffer[self.cursor.y][self.cursor.x] = self.cursor.attrs._replace(data="")
        self.cursor.x = self.columns

    def _add_mark(self, character: str) -> None:
        """Put a character without width into the cell before the cursor.

        Of a wide character that is its first one: the second stays empty.
        """
        cells = self.buffer[self.cursor.y]
        column = max(0, self.cursor.x - 1)
        if column and not cells[column].data:
            column -= 1
        cells[column] = cells[column]._replace(data=cells[column].data + character)


class View:
    """A window of `rows` and `columns`, fed with the bytes that a program writes."""

    def __init__(self, rows: int, columns: int) -> None:
        self._drawn = Paper(columns, rows)
        self._stream = pyte.ByteStream(self._drawn)
        self._undrawn = bytearray()  # what came since somebody looked

    def feed(self, data: bytes) -> None:
        """Add the next bytes. They are drawn when somebody looks: reading must be quick."""
        self._undrawn += data

    def resize(self, rows: int, columns: int) -> None:
        """Change the size of the window."""
        self._paper.resize(rows, columns)

    @property
    def _paper(self) -> Paper:
        """The paper with everything drawn that came so far."""
        if self._undrawn:
            data, self._undrawn = bytes(self._undrawn), bytearray()
            self._stream.feed(data)
        return self._drawn

    @property
    def rows(self) -> list[str]:
        """The rows of the window, without trailing blanks."""
        paper = self._paper
        return [paper.text(row, paper.columns).rstrip() for row in range(paper.lines)]

    @property
    def cells(self) -> list[list[Char]]:
        """The rows of the window, cell by cell; a wide character's second cell is empty."""
        paper = self._paper
        return [
            [paper.buffer[row][column] for column in range(paper.columns)]
            for row in range(paper.lines)
        ]

    @property
    def cursor(self) -> tuple[int, int]:
        """The row and the column of the cursor, from 0."""
        cursor = self._paper.cursor
        return cursor.y, min(cursor.x, self._paper.columns - 1)

    @property
    def row(self) -> str:
        """The cursor's row."""
        return self._paper.text(self._paper.cursor.y, self._paper.columns).rstrip()

    @property
    def before_cursor(self) -> str:
        """The text of the cursor's row on the left of the cursor."""
        return self._paper.text(self._paper.cursor.y, self._paper.cursor.x)

    @property
    def at_rest(self) -> bool:
        """Whether the cursor can be seen: an editor hides it while it paints."""
        return not self._paper.cursor.hidden

    @property
    def title(self) -> str:
        """The title of the window; empty until a program sets one."""
        title: str = self._paper.title
        return title

    @property
    def pastes_in_brackets(self) -> bool:
        """Whether the program has asked for pasted text to be marked."""
        return BRACKETED_PASTE in self._paper.mode

    @property
    def lines(self) -> list[str]:
        """The lines from the very first up to the one above the cursor's row."""
        lines: list[str] = []
        for number, text in enumerate(self._rows_above()):
            if number in self._paper.joined:
                lines[-1] += text
            else:
                lines.append(text)
        return [line.rstrip() for line in lines]

    def _rows_above(self) -> Iterator[str]:
        yield from self._paper.past
        for row in range(self._paper.cursor.y):
            yield self._paper.text(row)


def _makes_faint(numbers: tuple[int, ...]) -> bool:
    """Return whether SGR numbers end with faint on; a colour's own numbers are none."""
    faint, rest = False, list(numbers)
    while rest:
        number = rest.pop(0)
        if number in COLOUR:
            del rest[: 2 if rest[:1] == [COLOUR_256] else 4]
        faint = number == FAINT or (faint and number not in (0, 22))
    return faint
