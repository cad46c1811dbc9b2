"""The games that there are; the other end can only choose among them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatlib.games import registry
from chatlib.games.connectfour import ConnectFour
from chatlib.games.game import BrokenGameError, Game
from chatlib.games.hangman import Hangman
from chatlib.games.tictactoe import TicTacToe

NIM = """
from chatlib.games.game import Game

ROWS = 3

class Nim(Game):
    name = "nim"
    hint = "take some"
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
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
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
    registry._find_others.cache_clear()
    yield tmp_path
    registry._find_others.cache_clear()


def kind_of(name: str) -> type[Game]:
    """Load the game of this name and begin it; return its class."""
    installed = registry.find_game(name)
    assert installed is not None
    installed.load()
    game = installed.start(True, pytest.fail)
    inner: Game = getattr(game, "_game", game)
    return type(inner)


def test_our_own_games_are_found_by_their_names() -> None:
    """They come first in the list of all."""
    for game in (TicTacToe, Hangman, ConnectFour):
        assert kind_of(game.name) is game
    assert registry.game_names()[:4] == [
        "tictactoe",
        "hangman",
        "connectfour",
        "battleship",
    ]


def test_every_game_has_a_name_and_a_hint() -> None:
    """The name is one word in lower case."""
    for name, game in registry.BUILT_IN.items():
        assert name == name.lower() and name.isidentifier()
        assert game.hint


@pytest.mark.usefixtures("package")
def test_a_game_of_another_package_is_found_by_its_entry_point() -> None:
    """Its module is imported only when it is loaded."""
    assert set(OTHERS) < set(registry.game_names())
    assert registry.find_game("nim")
    assert "nim_for_chat" not in sys.modules
    assert kind_of("nim").name == "nim"
    assert "nim_for_chat" in sys.modules


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("name", OTHERS[1:])
def test_a_game_that_cannot_be_loaded_names_its_package(name: str) -> None:
    """Whatever is wrong with it, when it is loaded and not when it is found."""
    installed = registry.find_game(name)
    assert installed is not None
    with pytest.raises(BrokenGameError, match=f"game {name} of the package nim has failed"):
        installed.load()


@pytest.mark.usefixtures("package")
def test_the_installed_packages_are_looked_through_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many games a peer offers: each look reads a file of every package."""
    looks: list[str] = []
    look = os.listdir

    def note(folder: str) -> list[str]:
        looks.append(folder)
        return look(folder)

    monkeypatch.setattr(os, "listdir", note)
    for number in range(100):
        assert registry.find_game(f"x{number}") is None
    assert sorted(looks) == sorted(sys.path)


@pytest.mark.parametrize("kind", ["fifo", "huge", "latin-1", "folder"])
def test_a_list_that_cannot_be_read_offers_no_games(kind: str, package: Path) -> None:
    """It does not end or stop a talk in which a peer offers a game."""
    path = package / "nim-1.0.dist-info" / "entry_points.txt"
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "huge":
        path.write_text(ENTRIES + "#" * registry.FILE_LIMIT)
    else:
        path.write_bytes(ENTRIES.encode() + b"\xff")
    assert registry.find_game("nim") is None


def test_of_two_packages_the_first_on_the_path_offers_a_game(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is with modules."""
    information = tmp_path / "first" / "first-1.0.dist-info"
    information.mkdir(parents=True)
    entries = "# ours\n[ chat.games ]\n; ab = c:d\nnim=there_is_no_such_module:Game\n"
    (information / "entry_points.txt").write_text(entries)
    monkeypatch.syspath_prepend(information.parent)
    installed = registry.find_game("nim")
    assert installed is not None and registry.find_game("; ab") is None
    with pytest.raises(BrokenGameError, match="game nim of the package first has failed"):
        installed.load()


@pytest.mark.usefixtures("package")
def test_a_package_cannot_replace_one_of_our_games() -> None:
    """And its name is listed once."""
    assert kind_of("tictactoe") is TicTacToe
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
