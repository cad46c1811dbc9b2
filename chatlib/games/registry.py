"""The games that can be played: our own, and those of other packages.

A package adds one with an entry point in its `pyproject.toml`:

    [project.entry-points."chat.games"]
    nim = "my_package.nim:Nim"

A game is found by the name of its entry point alone, and to find it imports nothing of its
package (see `foreign`). So the other end can only choose among the installed games, and no
words of its own make this end run anything.
"""

from functools import cache

from chatlib.games.connectfour import ConnectFour
from chatlib.games.game import Game, Installed
from chatlib.games.hangman import Hangman
from chatlib.games.tictactoe import TicTacToe

ENTRY_POINT_GROUP = "chat.games"

# Looked up first: a package cannot replace one of our own games by another of its name.
BUILT_IN: dict[str, type[Game]] = {
    game.name: game for game in (TicTacToe, Hangman, ConnectFour)
}


def game_names() -> list[str]:
    """Return the names of all games, our own first."""
    return [*BUILT_IN, *(name for name in _find_others() if name not in BUILT_IN)]


def find_game(name: str) -> Installed | None:
    """Return the game of this name, not loaded yet; None if there is none."""
    kind = BUILT_IN.get(name)
    return Installed(kind) if kind else _find_others().get(name)


# Once: it reads a file of every installed package, and a peer may ask for many names.
@cache
def _find_others() -> dict[str, Installed]:
    """Return the games of other packages, by name; a later start finds newer ones."""
    # The imports take 15 ms, which only a program that plays pays.
    from importlib.metadata import entry_points

    from chatlib.games.foreign import ForeignInstalled

    try:
        found = entry_points(group=ENTRY_POINT_GROUP)
    # Whatever is wrong with one package's files, it is not this talk's fault.
    except Exception:
        return {}
    return {entry.name: ForeignInstalled(entry) for entry in found}
