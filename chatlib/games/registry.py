"""The games that can be played: our own, and those of other packages.

A package adds one with an entry point in its `pyproject.toml`:

    [project.entry-points."chat.games"]
    nim = "my_package.nim:Nim"

A game is found by the name of its entry point alone. So the other end can only choose
among the installed games; no words of its own make this end import anything else.
"""

from collections.abc import Callable

from chatlib.games.connectfour import ConnectFour
from chatlib.games.game import Game
from chatlib.games.hangman import Hangman
from chatlib.games.tictactoe import TicTacToe

ENTRY_POINT_GROUP = "chat.games"

# Looked up first: a package cannot replace one of our own games by another of its name.
BUILT_IN: dict[str, type[Game]] = {
    game.name: game for game in (TicTacToe, Hangman, ConnectFour)
}


def game_names() -> list[str]:
    """Return the names of all games, our own first."""
    return [*BUILT_IN, *(name for name in _find_loaders() if name not in BUILT_IN)]


def find_game(name: str) -> type[Game] | None:
    """Return the game of this name; None if there is none, or it cannot be loaded."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    load = _find_loaders().get(name)
    try:
        game = load() if load else None
    # Any error: importing a package runs its code, and its mistakes must not end the talk.
    except Exception:
        return None
    return game if isinstance(game, type) and issubclass(game, Game) else None


def _find_loaders() -> dict[str, Callable[[], object]]:
    """Return the function that loads each game of another package, by name."""
    # The import takes 15 ms, which only a program that plays pays.
    from importlib.metadata import entry_points

    return {entry.name: entry.load for entry in entry_points(group=ENTRY_POINT_GROUP)}
