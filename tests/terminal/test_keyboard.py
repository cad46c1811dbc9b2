"""The keyboard of the line editor: every key of the table, and no byte of a report.

The table is played in the editor, on a pty in this process, and by the decoder alone for
all the places where a slow line may cut a sequence.
"""

from collections.abc import Iterable

from harness.keys import keys
from tests.terminal.key_table import (
    CURSOR,
    LINE,
    RESULTS,
    ROWS,
    Row,
)
from tests.terminal.seat import Script, Seat

STANDING = " with the server | /help lists the commands"
BEGIN, END = "\x1b[200~", "\x1b[201~"

BEFORE = keys("Ctrl-G Ctrl-E Ctrl-U") + LINE + keys("Left") * (len(LINE) - CURSOR)
"""Keys that bring the table's line into the editor, whatever stands there."""

MARK = "\u00a7"
"""Typed behind every key of the table: it shows where the cursor is, and that it types."""

AT_ONCE = 16
"""Rows that are sent in one piece; a pty holds 4095 bytes."""


def is_of_history(row: Row) -> bool:
    """Return whether a row goes to another line, which has to be loaded first."""
    return row.does in ("up", "down")


def distinct(rows: Iterable[Row]) -> list[Row]:
    """Return the rows without those whose bytes another one has."""
    return list({row.sent: row for row in rows}.values())


def heard_after(row: Row) -> list[str]:
    """Return what is sent if a row is pressed in the line, then the mark and Enter."""
    if row.does == "send":
        return [LINE, MARK]
    if row.does.startswith("text "):
        return [f"{LINE[:CURSOR]}{row.does[5:]}{MARK}{LINE[CURSOR:]}"]
    return [RESULTS[row.does].replace("|", MARK)]


def plays_rows(seat: Seat, rows: list[Row], around: str = "{}") -> None:
    """Press the keys of rows, each in the table's line, and compare what is sent then.

    A long row is pressed by itself.
    """
    seat.opens()
    wrong: list[tuple[Row, list[str | None]]] = []

    def script() -> Script:
        yield seat.shows(">", STANDING)
        left = list(rows)
        while left:
            some = [left.pop(0)]
            while left and len(some) < AT_ONCE and len(left[0].sent) < 100:
                some.append(left.pop(0))
            expected = [line for row in some for line in heard_after(row)]
            seat.heard.clear()
            for row in some:
                seat.presses(f"{BEFORE}{around.format(row.sent)}{MARK}\r")
            yield lambda: len(seat.heard) >= len(expected)  # noqa: B023
            wrong.extend(differing(some, seat.heard))

    seat.plays(script())
    assert wrong == []


def differing(
    rows: list[Row], heard: list[str | None]
) -> list[tuple[Row, list[str | None]]]:
    """Return the rows after which something else was sent than the table says."""
    wrong, at = [], 0
    for row in rows:
        expected = heard_after(row)
        found = heard[at : at + len(expected)]
        at += len(expected)
        if found != expected:
            wrong.append((row, found))
    return wrong


# In the editor.


def test_every_key_does_what_the_table_says_and_no_report_becomes_text(
    seat: Seat,
) -> None:
    """Each in the middle of a line; what is typed before and behind it is sent."""
    plays_rows(seat, [row for row in distinct(ROWS) if not is_of_history(row)])


def test_in_a_search_no_report_becomes_text(seat: Seat) -> None:
    """Ctrl-G afterwards brings the line back."""
    nothing = [row for row in distinct(ROWS) if row.does == "nothing"]
    search = keys("Ctrl-R") + "{}" + keys("Ctrl-G")
    plays_rows(seat, [row for row in nothing if row.sent != "\x07"], search)
