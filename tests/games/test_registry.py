"""Which games there are, and that the other end can only choose among them."""

import sys
from pathlib import Path

import pytest

from chatlib.games import registry
from chatlib.games.connectfour import ConnectFour
from chatlib.games.game import Game
from chatlib.games.hangman import Hangman
from chatlib.games.tictactoe import TicTacToe

NIM = """
from chatlib.games.game import Game

ROWS = 3

class Nim(Game):
    name = "nim"
"""

ENTRIES = """
[chat.games]
nim = nim_for_chat:Nim
tictactoe = nim_for_chat:Nim
absent = there_is_no_such_module:Game
without = nim_for_chat:Chess
number = nim_for_chat:ROWS
exploding = explodes_for_chat:Game

[other.group]
other = nim_for_chat:Nim
"""

OTHERS = ("nim", "absent", "without", "number", "exploding")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install another package with games: one that is right, and some that are not."""
    information = tmp_path / "nim-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: nim\nVersion: 1.0\n"
    )
    (information / "entry_points.txt").write_text(ENTRIES)
    (tmp_path / "nim_for_chat.py").write_text(NIM)
    (tmp_path / "explodes_for_chat.py").write_text("raise RuntimeError('at import')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "nim_for_chat", raising=False)
    return tmp_path


def test_our_own_games_are_found_by_their_names() -> None:
    """Each says its own."""
    for game in (TicTacToe, Hangman, ConnectFour):
        assert registry.find_game(game.name) is game
    assert registry.game_names()[:3] == ["tictactoe", "hangman", "connectfour"]


def test_every_game_says_its_name_and_how_to_move() -> None:
    """One word in small letters, and a few."""
    for name, game in registry.BUILT_IN.items():
        assert name == name.lower() and name.isidentifier()
        assert game.hint


@pytest.mark.usefixtures("package")
def test_a_game_of_another_package_is_found() -> None:
    """By the name of its entry point; its module is loaded only then."""
    assert set(OTHERS) < set(registry.game_names())
    assert "nim_for_chat" not in sys.modules
    game = registry.find_game("nim")
    assert game is not None and issubclass(game, Game)
    assert game.name == "nim"


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("name", OTHERS[1:])
def test_a_broken_game_is_none(name: str) -> None:
    """Whatever is wrong with it: it ends no talk."""
    assert registry.find_game(name) is None


@pytest.mark.usefixtures("package")
def test_nobody_else_can_take_the_name_of_one_of_our_games() -> None:
    """And it is listed once."""
    assert registry.find_game("tictactoe") is TicTacToe
    assert registry.game_names().count("tictactoe") == 1


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    "name",
    ["", "other", "nim_for_chat:Nim", "nim_for_chat", "os", "../nim", "Nim", "nim "],
)
def test_what_the_other_end_names_cannot_load_anything_else(name: str) -> None:
    """Not even a module that is there."""
    before = set(sys.modules)
    assert registry.find_game(name) is None
    assert not {each for each in set(sys.modules) - before if each.endswith("for_chat")}
