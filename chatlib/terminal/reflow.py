"""Where the line being edited stands after the window got another width.

Some terminals break rows anew that are wider than the window (tmux, VTE, kitty), which
moves the cursor down; others cut them off (xterm, the Linux console). No terminal says
which kind it is, but the cursor's column shows it, in nearly all cases.

A resize is often one of a series: tmux has changed the window before it tells, so that
nothing can be concluded until the series is over. Text does not wait for that: it ends the
series, because what is acknowledged must stand on the screen.
"""

import os
from collections.abc import Callable, Mapping, Sequence

from prompt_toolkit.data_structures import Point
from prompt_toolkit.layout.screen import Char

from chatlib.loop import Loop, Timer

QUIET_SECONDS = 0.3
"""How long a window keeps its size until it counts: tmux tells of changes every 0.25 s."""

ANSWER_SECONDS = 0.15
"""How long the terminal may take to tell where the cursor is."""

SAFE_COLUMNS = 20
"""The narrowest window that counts. What is shorter is nowhere broken."""

KNOWN = ("TMUX", "VTE_VERSION", "KITTY_WINDOW_ID", "WT_SESSION", "ITERM_SESSION_ID")
"""Variables of the environment that terminals set which break rows anew."""


class Picture:
    """The rows that were painted down to the cursor's, and the cursor's column.

    `rows` are the widths of the characters of each row.
    """

    def __init__(self, rows: Sequence[Sequence[int]], column: int) -> None:
        self._rows = rows
        self._column = column

    @property
    def is_safe(self) -> bool:
        """Whether the cursor stays in the picture's first row at every width."""
        return len(self._rows) == 1 and self._column < SAFE_COLUMNS

    @property
    def height(self) -> int:
        """The rows above the cursor's, as painted: the fewest there are at any width."""
        return len(self._rows) - 1

    def place(self, columns: int) -> Point:
        """Return the cursor's place in the picture, if rows are broken anew."""
        *above, last = self._rows
        row, column = _break(last, columns, self._column)
        return Point(column, row + sum(_count_rows(each, columns) for each in above))

    def column_if_cut(self, columns: int) -> int:
        """Return the cursor's column, if rows are cut off."""
        return min(self._column, columns - 1)


class Reflow:
    """What is known of the terminal: whether it breaks rows anew.

    `environment` has a hint, for the widths at which the column tells nothing.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._breaks = any(environment.get(name) for name in KNOWN)

    def must_ask(self, picture: Picture, columns: int) -> bool:
        """Return whether the cursor's column would show what kind of terminal this is."""
        place = picture.place(columns)
        cut = picture.column_if_cut(columns)
        return place.y != picture.height and min(place.x, columns - 1) != cut

    def height(self, picture: Picture, columns: int, asked: bool, at: int | None) -> int:
        """Return how many rows the picture's first row is above the cursor's.

        `at` is the column of the cursor, if the terminal was `asked` and answered.
        """
        if asked:
            # A terminal that does not answer is a simple one.
            cut = picture.column_if_cut(columns)
            self._breaks = at is not None and min(at, columns - 1) != cut
        return picture.place(columns).y if self._breaks else picture.height


class Resizes:
    """A series of resizes: it is over when the size stays, and the cursor's place is known.

    `ask()` asks for that and returns whether it did. Then `settle(asked, column)` is
    called; without an answer the column is None. Nothing is painted until then.
    """

    def __init__(
        self,
        loop: Loop,
        ask: Callable[[], bool],
        settle: Callable[[bool, int | None], None],
    ) -> None:
        self._loop = loop
        self._ask = ask
        self._settle = settle
        # The line stands where nobody knows. No property: it is read for every line.
        self.going_on = False
        self._timer: Timer | None = None
        self._asked = False

    def begin(self) -> None:
        """Note that the size has changed, again perhaps."""
        self.going_on = True
        self._asked = False
        self._wait(QUIET_SECONDS, self._end_quiet)

    def answer(self, column: int) -> None:
        """Note the cursor's column, if it was asked for."""
        if self._asked:
            self._end(column)

    def stop(self) -> None:
        """End the series without `settle`: somebody cannot wait."""
        self.going_on = self._asked = False
        if self._timer:
            self._timer.cancel()

    def _end_quiet(self) -> None:
        self._asked = self._ask()
        if self._asked:
            self._wait(ANSWER_SECONDS, lambda: self._end(None))
        else:
            self._end(None)

    def _end(self, column: int | None) -> None:
        asked = self._asked
        self.stop()
        self._settle(asked, column)

    def _wait(self, seconds: float, callback: Callable[[], None]) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, callback)


def take_picture(cells: Mapping[int, Mapping[int, Char]], cursor: Point) -> Picture:
    """Return the picture of what prompt_toolkit has painted, cells by row and column."""
    rows = [_measure(cells[number]) for number in range(cursor.y + 1)]
    return Picture(rows, cursor.x)


def _measure(cells: Mapping[int, Char]) -> list[int]:
    """Return the widths of a row's characters; blanks at its end are not painted."""
    end = max((at for at, cell in cells.items() if cell.char.strip()), default=-1)
    widths: list[int] = []
    at = 0
    while at <= end:
        widths.append(cells[at].width or 1)
        at += widths[-1]
    return widths


def _count_rows(widths: Sequence[int], columns: int) -> int:
    return _break(widths, columns, sum(widths))[0] + 1


def _break(widths: Sequence[int], columns: int, wanted: int) -> tuple[int, int]:
    """Return the row and column that a column gets when its row is broken anew.

    What is behind the row's end gets the place behind its last character.
    """
    row = column = passed = 0
    for width in widths:
        if column + width > columns:
            row, column = row + 1, 0
        if passed >= wanted:
            break
        column += width
        passed += width
    return row, column
