"""What the line under the input shows, and what it leaves out."""

import termios

import pytest

from chatlib.terminal import streams
from harness.child import ROWS
from tests.terminal.seat import Script, Seat


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        pytest.param(80, " alone | waiting | /help lists the commands", id="wide"),
        pytest.param(30, " alone | waiting", id="narrow"),
        pytest.param(6, " alone", id="only-the-first"),
        pytest.param(5, " a...", id="narrower-than-a-part"),
        pytest.param(2, " ...", id="narrower-than-its-mark"),
    ],
)
def test_parts_that_do_not_fit_are_left_out(seat: Seat, columns: int, shown: str) -> None:
    """From the right, each as a whole; of the first the beginning stays."""
    termios.tcsetwinsize(streams.STDOUT, (ROWS, columns))
    seat.view.resize(ROWS, columns)
    terminal = seat.opens()

    def script() -> Script:
        terminal.show_status(lambda: ("alone", "waiting"))
        yield seat.shows(">", shown[:columns])

    seat.plays(script())


def test_wide_characters_count_twice(seat: Seat) -> None:
    """No half of one is shown."""
    termios.tcsetwinsize(streams.STDOUT, (ROWS, 10))
    seat.view.resize(ROWS, 10)
    terminal = seat.opens()

    def script() -> Script:
        terminal.show_status(lambda: ("日本日本日",))
        yield seat.shows(">", " 日本日...")
        terminal.show_status(lambda: ("日本日本",))
        yield seat.shows(">", " 日本日本")

    seat.plays(script())


def test_choices_that_do_not_fit_are_left_out(seat: Seat) -> None:
    """A mark says that there are more."""
    termios.tcsetwinsize(streams.STDOUT, (ROWS, 20))
    seat.view.resize(ROWS, 20)
    seat.opens(commands=("/one", "/two", "/three", "/four"), status=False)

    def script() -> Script:
        yield lambda: seat.rows[:1] == [">"]
        seat.presses("\t\t")
        yield seat.shows(">/", " /one  /two  ...")

    seat.plays(script())
