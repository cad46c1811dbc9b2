"""Windows that change their width while a line is being typed.

In tmux, which breaks rows anew, and in pyte, which cuts them off: nothing of the old line
stays, neither on the screen nor in the scrollback.
"""

import os
import shutil
import signal
import subprocess
import termios
from collections.abc import Callable, Iterator, Mapping
from itertools import count, product

import pytest
from prompt_toolkit.data_structures import Point
from prompt_toolkit.layout.screen import Char

from chatlib.loop import Loop
from chatlib.terminal import streams
from chatlib.terminal.reflow import Picture, Reflow, Resizes, take_picture
from harness.keys import keys
from harness.readers import Readers
from harness.stage import PATIENCE, ROOT
from tests.terminal.pane import CLIENT, STANDING, Desk, Peer, open_client
from tests.terminal.seat import Script, Seat


def make_text(length: int, *, wide: bool = False) -> str:
    """Return a text in which no part comes twice."""
    first = 0x4E00 if wide else 0x100
    return "".join(chr(first + number) for number in range(length))


LINES = [(10, 0), (30, 25), (70, 0), (70, 35), (200, 0), (200, 100), (220, 7)]
"""How long a line is, and how far the cursor stands before its end."""


# What is computed.


@pytest.mark.parametrize(
    ("rows", "column", "columns", "place"),
    [
        ([[]], 0, 20, (0, 0)),
        ([[1] * 30], 30, 40, (30, 0)),
        ([[1] * 70], 70, 40, (30, 1)),
        ([[1] * 70], 40, 40, (0, 1)),
        ([[1] * 40], 40, 40, (40, 0)),
        ([[1] * 40], 40, 20, (20, 1)),
        ([[1] * 70], 79, 20, (10, 3)),
        ([[1] * 80, [1] * 5], 5, 40, (5, 2)),
        ([[1] * 80, [1] * 75], 41, 40, (1, 3)),
        ([[2] * 40], 80, 41, (40, 1)),
        ([[2] * 40], 40, 21, (0, 2)),
    ],
)
def test_the_cursors_place_follows_from_the_rows(
    rows: list[list[int]], column: int, columns: int, place: tuple[int, int]
) -> None:
    """Behind the end of a row it is behind its last character; a wide one stays whole."""
    assert Picture(rows, column).place(columns) == Point(*place)


def test_a_picture_is_taken_of_what_was_painted() -> None:
    """Blanks at the end of a row are not painted; a wide character has two cells."""
    row: Mapping[int, Char] = {
        0: Char("日"), 1: Char(""), 2: Char("e\u0301"), 3: Char(" "), 4: Char(" ")
    }  # fmt: skip
    picture = take_picture({0: row, 1: {}}, Point(3, 1))
    assert picture.height == 1
    assert picture.place(2) == Point(0, 2)


def test_a_short_line_is_safe() -> None:
    """It is broken in no window that is wide enough to be used."""
    assert Picture([[1] * 60], 19).is_safe
    assert not Picture([[1] * 60], 20).is_safe
    assert not Picture([[1] * 80, [1]], 1).is_safe


LONG = Picture([[1] * 80, [1] * 50], 50)


@pytest.mark.parametrize(
    ("at", "height"),
    [(10, 3), (39, 1), (40, 1), (None, 1)],
    ids=["broken", "cut", "behind", "silent"],
)
def test_the_cursors_column_tells_what_the_terminal_does(
    at: int | None, height: int
) -> None:
    """One that does not answer is a simple one. What was learnt is remembered."""
    reflow = Reflow({})
    assert reflow.must_ask(LONG, 40)
    assert reflow.height(LONG, 40, True, at) == height
    same = Picture([[1] * 80, [1] * 5], 5)
    assert not reflow.must_ask(same, 40)
    assert reflow.height(same, 40, False, None) == (2 if height == 3 else 1)


def test_before_anything_was_learnt_the_environment_counts() -> None:
    """The variables are those that terminals of one kind set."""
    same = Picture([[1] * 80, [1] * 5], 5)
    assert Reflow({"TMUX": "/tmp/tmux"}).height(same, 40, False, None) == 2
    assert Reflow({"TMUX": ""}).height(same, 40, False, None) == 1


# A series of resizes.


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock at 0."""
    return Clock()


def make_series(
    clock: Clock, asks: bool
) -> tuple[Resizes, Callable[[float], None], list[object]]:
    """Return a series, what lets seconds go by, and the list of what happens."""
    loop = Loop(clock)
    notes: list[object] = []

    def ask() -> bool:
        notes.append("ask")
        return asks

    series = Resizes(loop, ask, lambda asked, at: notes.append((asked, at)))

    def wait(seconds: float) -> None:
        clock.now += seconds
        loop.turn(0)

    return series, wait, notes


def test_a_series_goes_on_until_the_size_stays(clock: Clock) -> None:
    """Every resize begins the wait again; nobody is asked when it would tell nothing."""
    series, wait, notes = make_series(clock, False)
    series.stop()
    assert not series.going_on
    series.begin()
    wait(0.2)
    series.begin()
    wait(0.2)
    assert series.going_on
    assert notes == []
    wait(0.2)
    assert notes == ["ask", (False, None)]
    assert not series.going_on
    series.answer(3)
    assert len(notes) == 2


@pytest.mark.parametrize("answers", [True, False])
def test_an_answer_is_awaited_for_a_moment(clock: Clock, answers: bool) -> None:
    """Then the terminal counts as one that does not answer."""
    series, wait, notes = make_series(clock, True)
    series.begin()
    series.answer(1)
    wait(0.31)
    assert notes == ["ask"]
    if answers:
        series.answer(7)
    wait(0.16)
    assert notes == ["ask", (True, 7 if answers else None)]


def test_a_series_can_be_stopped_at_once(clock: Clock) -> None:
    """Then neither its time nor a late answer settles anything."""
    series, wait, notes = make_series(clock, True)
    series.begin()
    wait(0.31)
    series.stop()
    assert not series.going_on
    series.answer(7)
    wait(0.5)
    assert notes == ["ask"]


# Text that comes during a series.


@pytest.mark.parametrize("kind", ["message", "board", "notice"])
def test_what_comes_is_shown_in_a_series_that_does_not_end(seat: Seat, kind: str) -> None:
    """The peer is told that it is shown; and what waited would fill the memory."""
    terminal = seat.opens()
    line = "x" * 49
    comes = {
        "message": lambda: terminal.show_messages("server", ["hello"]),
        "board": lambda: terminal.show_board(["hello"], 1),
        "notice": lambda: terminal.notify("hello"),
    }

    def resized_and_shown() -> bool:
        # One more resize at each look.
        signal.raise_signal(signal.SIGWINCH)
        return b"hello" in seat.raw

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(line)
        yield seat.shows(f">{line}", STANDING)
        termios.tcsetwinsize(streams.STDOUT, (24, 100))
        comes[kind]()
        yield resized_and_shown

    seat.plays(script())


def test_what_comes_in_a_series_costs_no_text_above_the_line(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size that tmux tells may be an old one, at which the line had more rows."""
    monkeypatch.setenv("TMUX", "/tmp/tmux")
    terminal = seat.opens()
    line = make_text(70)

    def script() -> Script:
        yield seat.shows(">", STANDING)
        for text in "one", "two", "three":
            terminal.show(text)
        seat.presses(line)
        yield seat.shows("- one", "- two", "- three", f">{line}", STANDING)
        termios.tcsetwinsize(streams.STDOUT, (24, 20))
        terminal.show_messages("server", ["hello"])
        termios.tcsetwinsize(streams.STDOUT, (24, 80))
        yield seat.shows(
            "- one", "- two", "- three", "  server: hello", f">{line}", STANDING
        )

    seat.plays(script())


# In pyte.


@pytest.mark.parametrize(
    ("length", "back"),
    [(10, 0), (30, 25), (70, 0), (70, 35), (200, 0), (200, 100)],
)
@pytest.mark.parametrize("wide", [False, True])
def test_in_pyte_nothing_of_the_old_line_stays(
    desk: Desk, peer: Peer, length: int, back: int, wide: bool
) -> None:
    """At many widths, one after the other, while messages come; in half of the window."""
    client = open_client(desk, peer)
    text = make_text(length // (1 + wide), wide=wide)
    back //= 1 + wide
    client.presses(text + keys("Left") * back)
    desk.until(lambda: text[-3:] in "".join(client.rows))
    said: list[str] = []
    for number, columns in enumerate((60, 40, 20, 33, 300, 79, 41)):
        client.resizes(24, columns)
        said.append(f"  server: {number}")
        peer.says(f"{number}")
        desk.until(lambda: client.view.at_rest and whole(client.rows, said, text))
    client.presses(keys("End") + "!\r")
    assert peer.hears() == f"{text}!"


def whole(rows: list[str], said: list[str], text: str) -> bool:
    """Return whether the window ends with what was said and the line, each once."""
    shown = "".join(rows[:-1])
    return (
        shown.endswith("".join([*said, ">", text]))
        and rows.count(said[-1]) == 1
        and all(shown.count(letter) == 1 for letter in text)
    )


# In tmux.

_numbers = count()


class Tmux:
    """A window of tmux with a client in it."""

    def __init__(self, peer: Peer, above: int) -> None:
        server = (
            "tmux",
            "-u",
            "-L",
            f"chat-{os.getpid()}-{next(_numbers)}",
            "-f",
            "/dev/null",
        )
        self._call = ("env", "LC_ALL=C.UTF-8", *server)
        self._readers = Readers()
        script = 'i=0; while [ $i -lt "$0" ]; do echo line $i; i=$((i+1)); done; exec "$@"'
        self.orders(
            *("new-session", "-d", "-x", "80", "-y", "24", "-c", str(ROOT)),
            *("bash", "-c", script, str(above), *CLIENT, "--no-history", *peer.place),
        )

    def orders(self, *order: str) -> str:
        """Run a command of tmux; return what it writes."""
        done = subprocess.run((*self._call, *order), capture_output=True, check=True)
        return done.stdout.decode()

    @property
    def rows(self) -> list[str]:
        """All rows, the scrollback too."""
        return self.orders("capture-pane", "-p", "-S", "-").rstrip("\n").split("\n")

    @property
    def column(self) -> int:
        """The cursor's column."""
        return int(self.orders("display-message", "-p", "#{cursor_x}"))

    @property
    def told_columns(self) -> int:
        """The columns that the window's terminal tells; tmux sets them a moment later."""
        name = self.orders("display-message", "-p", "#{pane_tty}").strip()
        terminal = os.open(name, os.O_RDONLY | os.O_NOCTTY)
        try:
            return termios.tcgetwinsize(terminal)[1]
        finally:
            os.close(terminal)

    def until(self, condition: Callable[[], object]) -> None:
        """Look until the condition holds."""
        happened = self._readers.until(condition, PATIENCE, lambda _: None)
        assert happened, "\n".join(self.rows)

    def close(self) -> None:
        """End tmux and all in it."""
        subprocess.run((*self._call, "kill-server"), capture_output=True, check=False)
        self._readers.close()


def find_column(characters: int, wide: bool) -> int:
    """Return the cursor's column behind the prompt and so many characters, of 80."""
    if not wide:
        return (1 + characters) % 80
    return 1 + 2 * characters if characters < 40 else (characters - 39) % 40 * 2


@pytest.fixture
def tmux(peer: Peer) -> Iterator[Tmux]:
    """Return a window that is full, in which a client stands at its prompt."""
    if not shutil.which("tmux"):
        pytest.skip("there is no tmux here")
    tmux = Tmux(peer, 30)
    peer.meets()
    tmux.until(lambda: "- Both may write: Enter sends, /q leaves." in tmux.rows)
    yield tmux
    tmux.close()


SERIES = [(60, 40, 20), (33,), (20, 80), (300, 41), (79,), (40,)]
"""Widths of the window, one quickly after the other."""

CASES = list(product(LINES, [False, True], SERIES))
"""All of them take a minute (`make resizes`); `make check` tries every seventh."""


@pytest.mark.parametrize(
    ("line", "wide", "series"),
    CASES if os.environ.get("CHAT_WHOLE") else CASES[::7],
    ids=str,
)
def test_in_tmux_nothing_of_the_old_line_stays(
    tmux: Tmux,
    peer: Peer,
    line: tuple[int, int],
    wide: bool,
    series: tuple[int, ...],
) -> None:
    """Neither on the screen nor in the scrollback, after a quick series of resizes."""
    length, back = line
    text = make_text(length // (1 + wide), wide=wide)
    back //= 1 + wide
    tmux.orders("send-keys", "-l", text)
    if back:
        tmux.orders("send-keys", "-N", str(back), "Left")
    before = len(text) - back
    column = find_column(before, wide)
    tmux.until(lambda: text[-3:] in "".join(tmux.rows) and tmux.column == column)
    for columns in series:
        tmux.orders("resize-window", "-x", str(columns))
    # What is typed is painted when the series is over. A message would end it before.
    tmux.until(lambda: tmux.told_columns == series[-1])
    tmux.orders("send-keys", "-l", "!")
    typed = f"{text[:before]}!{text[before:]}"
    tmux.until(lambda: f"{text[before - 1]}!" in "".join(tmux.rows))
    peer.says("hello")
    tmux.until(lambda: "  server: hello" in tmux.rows and typed in "".join(tmux.rows))
    shown = "".join(tmux.rows)
    assert all(shown.count(letter) == 1 for letter in text)
    assert shown.count("line 29") == shown.count("Both may write") == 1
    assert tmux.rows.count("line 29") == tmux.rows.count("  server: hello") == 1
