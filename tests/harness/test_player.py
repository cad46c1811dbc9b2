"""One program on a terminal: its streams, its keyboard, its end. Small children of ours."""

import os
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.child import COLUMNS, ROWS
from harness.player import Painted, Player, Stream
from harness.stage import PATIENCE, _pattern
from harness.view import View

Spawn = Callable[..., Player]
"""Run Python code on a terminal; `painted` if it paints its screen."""


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Return a function that runs Python code on a terminal of its own."""
    players: list[Player] = []

    def spawn(code: str, *, painted: bool = False) -> Player:
        command = [sys.executable, "-u", "-c", code]
        name, world = f"child{len(players)}", {"LC_ALL": "C.UTF-8"}
        player = Player(name, command, tmp_path, world, painted=painted)
        players.append(player)
        return player

    yield spawn
    for player in players:
        player.close()


def until(player: Player, condition: Callable[[], bool]) -> None:
    """Read both streams until the condition holds."""
    while not condition():
        fds = [player.fd] if not player.screen.ended else []
        fds += [player.errors_fd] if not player.errors.ended else []
        ready = select.select(fds, [], [], PATIENCE)[0]
        assert ready, f"nothing more came; the screen is {player.screen.text!r}"
        if player.fd in ready:
            player.read_screen()
        if player.errors_fd in ready:
            player.read_errors()


def test_a_stream_splits_off_whole_lines() -> None:
    """Pieces of characters and of line ends are put together."""
    stream = Stream()
    lines = [line for byte in "é\r\nb\r\n>".encode() for line in stream.feed(bytes([byte]))]
    assert (lines, stream.lines, stream.unfinished) == (["é", "b"], ["é", "b"], ">")


def test_a_stream_is_seen_forwards_only() -> None:
    """Lines in between are passed over and not seen again."""
    stream = Stream()
    stream.feed(b"one\ntwo\nthree\n")
    assert stream.sees(_pattern("two"))
    assert stream.unseen == ["three"]
    assert not stream.sees(_pattern("one"))
    assert not stream.sees(_pattern("thre"))
    assert stream.sees(_pattern("t{any}e"))


# A screen that is painted.


class Easel(Painted):
    """A painted screen with a view of its own, which it feeds."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__(View(ROWS, COLUMNS))
        for piece in pieces:
            self.feed(piece)

    def feed(self, data: bytes) -> list[str]:
        """Paint, and return the lines that are new."""
        self._view.feed(data)
        return super().feed(data)


def test_the_lines_of_a_painted_screen_are_those_above_the_cursor() -> None:
    """The cursor's own line is not finished; erased text is gone."""
    screen = Easel(b"one\r\n>half")
    assert (screen.lines, screen.unfinished) == (["one"], ">half")
    assert screen.feed(b"\r\x1b[Jtwo\r\nthree\r\n>half") == ["two", "three"]
    assert screen.lines == ["one", "two", "three"]
    assert screen.text == "one\ntwo\nthree\n>half"


def test_the_lines_do_not_change_while_a_screen_is_painted() -> None:
    """The cursor is hidden meanwhile: nobody has seen a half-painted screen."""
    screen = Easel(b"one\r\n>half")
    assert screen.feed(b"\x1b[?25l\r\n\r\n") == []
    assert (screen.lines, screen.unfinished) == (["one"], ">half")
    assert screen.feed(b"\x1b[A\r\x1b[A\x1b[Jtwo\r\n>\x1b[?25h") == ["two"]
    assert (screen.lines, screen.unfinished) == (["one", "two"], ">")


def test_what_is_painted_over_lines_that_were_seen_is_new() -> None:
    """As a board over the last one, with the lines below that one above it."""
    screen = Easel(b"one\r\nboard\r\ntwo\r\n>")
    assert screen.sees(_pattern("two"))
    screen.feed(b"\x1b[2A\r\x1b[Jtwo\r\nboard\r\n>")
    assert screen.unseen == ["two", "board"]
    assert screen.sees(_pattern("board")) and screen.unseen == []


def test_a_painted_screen_is_seen_forwards_only() -> None:
    """Also where a line was wrapped or the last one is repainted."""
    screen = Easel(b"one\r\n" + b"x" * 100 + b"\r\n>")
    assert screen.sees(_pattern("x" * 100))
    screen.feed(b"\r\x1b[Jone\r\n>")
    assert screen.unseen == ["one"]
    assert screen.sees(_pattern("one"))
    assert not screen.sees(_pattern("one"))


def test_a_line_without_edge_and_name_is_one_too() -> None:
    """As a plain terminal shows it: an own line behind the prompt."""
    screen = Easel(b"  Ann: hi\r\n> Bob: hello\r\n> /help\r\n- Ann left.\r\n> ")
    assert not screen.sees(_pattern("hello"))
    for line in ("hi", ">hello", ">/help", "- Ann left."):
        assert screen.sees(_pattern(line))
    assert Easel(b"  Ann: hi\r\n> ").sees(_pattern("Ann: hi"))
    assert Easel(b"  banner\r\n> ").sees(_pattern("banner"))
    assert Easel(b"- banner\r\n> ").sees(_pattern("banner"))
    assert not Easel(b"~ banner\r\n> ").sees(_pattern("banner"))


@pytest.mark.parametrize(
    ("screen", "asks"),
    [
        pytest.param(b"> ", True, id="waits"),
        pytest.param(b"one\r\n> \r\n status\x1b[A\r\x1b[2C", True, id="status-under-it"),
        pytest.param(b"", False, id="nothing"),
        pytest.param(b">", False, id="half-of-it"),
        pytest.param(b"> x", False, id="answered"),
        pytest.param(b"> x\x1b[D", False, id="cursor-in-the-answer"),
        pytest.param(b"> \r", False, id="cursor-before-it"),
        pytest.param(b"> \r\n", False, id="cursor-under-it"),
        pytest.param(b"> \x1b[?25l", False, id="being-painted"),
    ],
)
def test_a_painted_prompt_asks_where_the_cursor_stands_behind_it(
    screen: bytes, asks: bool
) -> None:
    """Nothing else may stand in its row."""
    assert Easel(screen).asks("> ") == asks


# A program.


def test_stdout_is_a_terminal_and_stderr_is_kept_apart(spawn: Spawn) -> None:
    """A notice on stderr cannot be mistaken for a line of the talk."""
    player = spawn("import os; print(os.isatty(0), os.isatty(1)); os.write(2, b'oops\\n')")
    until(player, lambda: player.ended)
    assert player.screen.lines == ["True True"]
    assert player.errors.lines == ["oops"]
    assert player.ending() == "0"


def test_what_is_typed_is_echoed_by_the_terminal_and_read_by_the_program(
    spawn: Spawn,
) -> None:
    """The echo stands behind the prompt."""
    player = spawn("print('>', end='', flush=True); print(input()[::-1])")
    until(player, lambda: player.asks)
    player.types("Hallöchen")
    until(player, lambda: player.ended)
    assert player.screen.lines == [">Hallöchen", "nehcöllaH"]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        pytest.param("raise SystemExit(3)", "3", id="exit-code"),
        pytest.param("import os; os.kill(os.getpid(), 15)", "signal 15", id="signal"),
    ],
)
def test_how_a_program_ended_is_known(spawn: Spawn, code: str, outcome: str) -> None:
    """By its exit code or a signal; it can be asked twice."""
    player = spawn(code)
    until(player, lambda: player.ended)
    assert (player.ending(), player.ending()) == (outcome, outcome)


def test_a_program_whose_terminal_is_closed_is_hung_up(spawn: Spawn) -> None:
    """It gets SIGHUP, as when a window is closed."""
    player = spawn("print('ready'); import signal; signal.pause()")
    until(player, lambda: player.screen.lines == ["ready"])
    player.hangs_up()
    until(player, lambda: player.ended)
    assert player.ending() == "signal 1"


def test_stdin_may_be_a_file(tmp_path: Path) -> None:
    """The program then sees that it is no terminal."""
    path = tmp_path / "input"
    path.write_text("from a file\n")
    code = "import os; print(os.isatty(0), input())"
    player = Player("reader", [sys.executable, "-c", code], tmp_path, {}, stdin=path)
    until(player, lambda: player.ended)
    assert player.screen.lines == ["False from a file"]
    player.close()


def test_a_closed_player_leaves_no_descriptor(spawn: Spawn, tmp_path: Path) -> None:
    """A hundred conversations in one process must not run out of them."""
    before = len(os.listdir("/proc/self/fd"))
    player = Player("brief", [sys.executable, "-c", ""], tmp_path, {})
    player.close()
    assert len(os.listdir("/proc/self/fd")) == before


# Its window.


@pytest.mark.parametrize("painted", [False, True], ids=["plain", "painted"])
def test_every_program_has_a_view_of_its_window(spawn: Spawn, painted: bool) -> None:
    """Also where the cursor was moved back and something was written over."""
    player = spawn("print('one\\n>three\\rtwo', end=''); input()", painted=painted)
    until(player, lambda: player.view.before_cursor == "two")
    assert player.view.rows[:2] == ["one", "tworee"]


READS_A_PASTE = """
import os, tty
tty.setraw(0)
os.write(1, b"%s>")
got = b""
while not got.endswith((b"two", b"~")):
    got += os.read(0, 100)
os.write(1, b"\\r\\n%%a\\r\\n" %% got)
"""


@pytest.mark.parametrize("painted", [False, True], ids=["plain", "painted"])
@pytest.mark.parametrize(
    ("wish", "comes"),
    [
        pytest.param("", rb"b'one\rtwo'", id="never-asked-for"),
        pytest.param(r"\x1b[?2004h", rb"b'\x1b[200~one\rtwo\x1b[201~'", id="asked-for"),
        pytest.param(r"\x1b[?2004h\x1b[?2004l", rb"b'one\rtwo'", id="given-up"),
    ],
)
def test_pasted_text_is_marked_if_the_program_asks_for_it(
    spawn: Spawn, painted: bool, wish: str, comes: bytes
) -> None:
    """A line end comes as the key that makes one."""
    player = spawn(READS_A_PASTE % wish, painted=painted)
    until(player, lambda: player.view.row == ">")
    player.pastes("one\ntwo")
    until(player, lambda: player.ended)
    assert player.screen.lines[-1] == comes.decode()


TELLS_ITS_SIZE = """
import os, signal
def tell(*_):
    print(*os.get_terminal_size())
signal.signal(signal.SIGWINCH, tell)
tell()
while True:
    signal.pause()
"""


@pytest.mark.parametrize("painted", [False, True], ids=["plain", "painted"])
def test_a_program_notices_a_resized_window(spawn: Spawn, painted: bool) -> None:
    """It gets SIGWINCH, as from a window whose corner is pulled."""
    player = spawn(TELLS_ITS_SIZE, painted=painted)
    until(player, lambda: player.screen.lines == [f"{COLUMNS} {ROWS}"])
    player.resizes(5, 40)
    until(player, lambda: player.screen.lines[1:] == ["40 5"])


def test_the_view_has_the_size_of_the_window(spawn: Spawn) -> None:
    """Lines that were shown stay shown after a resize."""
    player = spawn("print('x' * 30, end=''); input()", painted=True)
    until(player, lambda: player.view.row == "x" * 30)
    assert len(player.view.rows) == ROWS
    player.resizes(5, 20)
    assert player.view.rows == ["x" * 20, "", "", "", ""]
