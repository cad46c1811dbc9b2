"""How the line, the search and the status line are arranged, on a screen of a pty."""

import termios

import pytest

from chatlib.terminal import streams
from harness.child import COLUMNS, ROWS
from harness.keys import keys
from tests.terminal.seat import Script, Seat

STANDING = " with the server | /help lists the commands"
FIFTY = "\x1b[200~" + "\r".join(f"line {number}" for number in range(1, 51)) + "\x1b[201~"
HINT = " 50 lines: Enter sends, Esc drops them | Ctrl-O sends one message"
SEARCHING = " Right takes it, Esc leaves | Ctrl-R goes on"


def resizes(seat: Seat, rows: int, columns: int) -> None:
    """Change the size of the window before the editor begins."""
    termios.tcsetwinsize(streams.STDOUT, (rows, columns))
    seat.view.resize(rows, columns)


def test_of_a_long_paste_the_first_and_the_last_lines_are_shown(seat: Seat) -> None:
    """With what the keys do; the talk above it stays in sight."""
    terminal = seat.opens()

    def script() -> Script:
        terminal.show("server: hello")
        yield seat.shows("- server: hello", ">", STANDING)
        seat.presses(FIFTY)
        lines = ("line 2", "... 46 more lines ...", "line 49", "line 50")
        yield seat.shows("- server: hello", ">line 1", *lines, HINT)
        seat.presses("!" + keys("Up Up Up"))
        lines = ("line 2", "... line 47 of 50 ...", "line 47", "line 48")
        yield seat.shows("- server: hello", ">line 1", *lines, HINT)
        assert seat.view.before_cursor == "line 47"
        seat.presses("!\r")
        yield lambda: len(seat.heard) == 50

    seat.plays(script())
    assert seat.heard[46] == "line 47!"
    assert seat.heard[49] == "line 50!"


def test_a_short_paste_is_shown_whole(seat: Seat) -> None:
    """Up to five lines."""
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("\x1b[200~1\r2\r3\r4\r5\r\x1b[201~")
        hint = " 5 lines: Enter sends, Esc drops them | Ctrl-O sends one message"
        yield seat.shows(">1", "2", "3", "4", "5", "", hint)

    seat.plays(script())


def test_in_a_low_window_only_the_last_lines_are_shown(seat: Seat) -> None:
    """The input has half of it."""
    resizes(seat, 6, COLUMNS)
    terminal = seat.opens()

    def script() -> Script:
        terminal.show("server: hello")
        yield seat.shows("- server: hello", ">", STANDING)
        seat.presses(FIFTY)
        yield seat.shows("- server: hello", "line 48", "line 49", "line 50", HINT)

    seat.plays(script())


def test_a_long_line_gets_half_of_the_window(seat: Seat) -> None:
    """Then its beginning is out of sight, and not the talk."""
    terminal = seat.opens()

    def script() -> Script:
        terminal.show("server: hello")
        yield seat.shows("- server: hello", ">", STANDING)
        seat.presses("x" * COLUMNS * ROWS)
        yield lambda: seat.view.at_rest and seat.rows[-2] == "x"
        assert seat.rows[:1] == ["- server: hello"]
        assert len(seat.rows) == 1 + ROWS // 2 + 1

    seat.plays(script())


def test_a_search_shows_its_match_while_words_are_typed(seat: Seat) -> None:
    """In the line, whatever the case; and says when there is none."""
    terminal = seat.opens()

    def typed(line: str) -> None:
        seat.heard.append(line)
        terminal.refresh(True, True, lambda: ("with the server",))

    seat.typed = typed

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("over there\rother\r")
        yield seat.shows("> you: over there", "> you: other", ">", STANDING)
        seat.presses(keys("Ctrl-R"))
        yield seat.shows(">", "search:", SEARCHING)
        seat.presses("THE")
        yield seat.shows(">other", "search: THE", SEARCHING)
        seat.presses("re")
        yield seat.shows(">over there", "search: THEre", SEARCHING)
        seat.presses("x")
        yield seat.shows(">", "no match: THErex", SEARCHING)
        seat.presses(keys("Backspace Right") + "!\r")
        yield lambda: seat.heard[2:] == ["over !there"]

    seat.plays(script())


def test_a_search_may_go_forward(seat: Seat) -> None:
    """With Ctrl-S, as in a shell."""
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(keys("Ctrl-S"))
        yield seat.shows(">", "search forward:", SEARCHING)

    seat.plays(script())


@pytest.mark.parametrize("status", [True, False], ids=["one-row", "switched-off"])
def test_there_may_be_no_status_line(seat: Seat, status: bool) -> None:
    """A window of one row has none, and neither has one who switched it off."""
    if status:
        resizes(seat, 1, COLUMNS)
    seat.opens(status=status)

    def script() -> Script:
        yield seat.shows(">")

    seat.plays(script())
    assert b"with the server" not in seat.raw


def test_without_a_status_line_what_keys_do_is_shown(seat: Seat) -> None:
    """As long as that is not clear."""
    seat.opens(status=False)

    def script() -> Script:
        yield seat.shows(">")
        seat.presses("\x1b[200~one\rtwo\x1b[201~")
        hint = " 2 lines: Enter sends, Esc drops them | Ctrl-O sends one message"
        yield seat.shows(">one", "two", hint)
        seat.presses("\r")
        yield lambda: seat.heard == ["one", "two"]
        yield lambda: seat.view.at_rest and hint not in seat.rows

    seat.plays(script())
