"""Which games there are: our own, and those of other packages. Pure but for the look.

A package adds one with an entry point in its `pyproject.toml`:

    [project.entry-points."chat.games"]
    nim = "my_package.nim:Nim"

A game is loaded by its name only, and only when it is in this list: what the other side
asks for can choose from it, not add to it.
"""

from chatlib.games.connectfour import ConnectFour
from chatlib.games.game import Game
from chatlib.games.hangman import Hangman
from chatlib.games.tictactoe import TicTacToe

GROUP = "chat.games"

OWN: dict[str, type[Game]] = {game.name: game for game in (TicTacToe, Hangman, ConnectFour)}


def names() -> list[str]:
    """Name all games, our own first."""
    return [*OWN, *(each for each in _others() if each not in OWN)]


def find(name: str) -> type[Game] | None:
    """Give the game of this name; None: there is none, or it cannot be loaded."""
    if name in OWN:
        return OWN[name]
    entry = _others().get(name)
    try:
        game = entry.load() if entry else None
    except Exception:  # somebody else's package: whatever is wrong with it ends no talk
        return None
    is_game = isinstance(game, type) and issubclass(game, Game)
    return game if is_game else None


def _others() -> "dict[str, EntryPoint]":
    from importlib.metadata import entry_points  # 15 ms that only those pay who play

    return {entry.name: entry for entry in entry_points(group=GROUP)}


TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
