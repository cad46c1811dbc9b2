"""One program on a terminal: its streams, its keyboard, its end. Small children of ours."""

import os
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.player import Player, Stream
from harness.stage import PATIENCE, _pattern

Spawn = Callable[[str], Player]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Give a function that runs Python code on a terminal of its own."""
    players: list[Player] = []

    def spawn(code: str) -> Player:
        command = [sys.executable, "-u", "-c", code]
        player = Player(f"child{len(players)}", command, tmp_path, {"LC_ALL": "C.UTF-8"})
        players.append(player)
        return player

    yield spawn
    for player in players:
        player.close()


def until(player: Player, condition: Callable[[], bool]) -> None:
    """Read both streams until the condition holds."""
    while not condition():
        fds = [player.screen_fd] if not player.screen.ended else []
        fds += [player.errors_fd] if not player.errors.ended else []
        ready = select.select(fds, [], [], PATIENCE)[0]
        assert ready, f"nothing more came; the screen is {player.screen.text!r}"
        if player.screen_fd in ready:
            player.read_screen()
        if player.errors_fd in ready:
            player.read_errors()


def test_a_stream_gives_whole_lines_and_the_rest() -> None:
    """Pieces of characters and of line ends are put together."""
    stream = Stream()
    lines = [line for byte in "é\r\nb\r\n>".encode() for line in stream.feed(bytes([byte]))]
    assert (lines, stream.lines, stream.unfinished) == (["é", "b"], ["é", "b"], ">")


def test_a_stream_is_seen_forwards_only() -> None:
    """Lines in between are passed over; what was passed is gone."""
    stream = Stream()
    stream.feed(b"one\ntwo\nthree\n")
    assert stream.sees(_pattern("two"))
    assert stream.unseen == ["three"]
    assert not stream.sees(_pattern("one"))
    assert not stream.sees(_pattern("thre"))
    assert stream.sees(_pattern("t{any}e"))


def test_stdout_is_a_terminal_and_stderr_is_kept_apart(spawn: Spawn) -> None:
    """So what was meant for one cannot pass for the other."""
    player = spawn("import os; print(os.isatty(0), os.isatty(1)); os.write(2, b'oops\\n')")
    until(player, lambda: player.ended)
    assert player.screen.lines == ["True True"]
    assert player.errors.lines == ["oops"]
    assert player.outcome() == "0"


def test_what_is_typed_is_echoed_by_the_terminal_and_read_by_the_program(
    spawn: Spawn,
) -> None:
    """As it would be for a person."""
    player = spawn("print('>', end='', flush=True); print(input()[::-1])")
    until(player, lambda: player.asks)
    player.types("Hallöchen")
    until(player, lambda: player.ended)
    assert player.screen.lines == [">Hallöchen", "nehcöllaH"]


def test_erasing_a_character_erases_all_its_bytes(spawn: Spawn) -> None:
    """The terminal knows that it is UTF-8."""
    player = spawn("print('>', end='', flush=True); print(ascii(input()))")
    until(player, lambda: player.asks)
    player.presses("aé\x7fb\n")
    until(player, lambda: player.ended)
    assert player.screen.lines[-1] == "'ab'"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("raise SystemExit(3)", "3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "signal 15"),
    ],
)
def test_how_a_program_ended_is_known(spawn: Spawn, code: str, outcome: str) -> None:
    """An exit code or a signal, also when asked twice."""
    player = spawn(code)
    until(player, lambda: player.ended)
    assert (player.outcome(), player.outcome()) == (outcome, outcome)


def test_a_program_whose_terminal_is_closed_is_hung_up(spawn: Spawn) -> None:
    """As when a window is closed."""
    player = spawn("print('ready'); import signal; signal.pause()")
    until(player, lambda: player.screen.lines == ["ready"])
    player.hangs_up()
    until(player, lambda: player.ended)
    assert player.outcome() == "signal 1"


def test_stdin_may_be_a_file(tmp_path: Path) -> None:
    """And is then no terminal."""
    path = tmp_path / "input"
    path.write_text("from a file\n")
    code = "import os; print(os.isatty(0), input())"
    player = Player("reader", [sys.executable, "-c", code], tmp_path, {}, stdin=path)
    until(player, lambda: player.ended)
    assert player.screen.lines == ["False from a file"]
    player.close()


def test_descriptors_are_given_back(spawn: Spawn, tmp_path: Path) -> None:
    """A hundred conversations in one process must not run out of them."""
    before = len(os.listdir("/proc/self/fd"))
    player = Player("brief", [sys.executable, "-c", ""], tmp_path, {})
    player.close()
    assert len(os.listdir("/proc/self/fd")) == before
