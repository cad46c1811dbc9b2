"""The games that there are; the other end can only choose among them."""

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
    """Install a package with one right game and several broken ones."""
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
    """They come first in the list of all."""
    for game in (TicTacToe, Hangman, ConnectFour):
        assert registry.find_game(game.name) is game
    assert registry.game_names()[:3] == ["tictactoe", "hangman", "connectfour"]


def test_every_game_has_a_name_and_a_hint() -> None:
    """The name is one word in lower case."""
    for name, game in registry.BUILT_IN.items():
        assert name == name.lower() and name.isidentifier()
        assert game.hint


@pytest.mark.usefixtures("package")
def test_a_game_of_another_package_is_found_by_its_entry_point() -> None:
    """Its module is imported only then."""
    assert set(OTHERS) < set(registry.game_names())
    assert "nim_for_chat" not in sys.modules
    game = registry.find_game("nim")
    assert game is not None and issubclass(game, Game)
    assert game.name == "nim"


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("name", OTHERS[1:])
def test_a_game_that_cannot_be_loaded_is_not_found(name: str) -> None:
    """Whatever is wrong with its package, no error is raised."""
    assert registry.find_game(name) is None


@pytest.mark.usefixtures("package")
def test_a_package_cannot_replace_one_of_our_games() -> None:
    """And its name is listed once."""
    assert registry.find_game("tictactoe") is TicTacToe
    assert registry.game_names().count("tictactoe") == 1


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    "name",
    ["", "other", "nim_for_chat:Nim", "nim_for_chat", "os", "../nim", "Nim", "nim "],
    ids=[
        "nothing",
        "another-group",
        "object",
        "module",
        "standard-library",
        "path",
        "upper-case",
        "blank-behind",
    ],
)
def test_no_name_makes_this_end_import_anything_else(name: str) -> None:
    """Not even a module that exists."""
    before = set(sys.modules)
    assert registry.find_game(name) is None
    assert not {each for each in set(sys.modules) - before if each.endswith("for_chat")}
