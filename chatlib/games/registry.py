"""The games that can be played: our own, and those of other packages.

A package adds one with an entry point in its `pyproject.toml`:

    [project.entry-points."chat.games"]
    nim = "my_package.nim:Nim"

A game is found by the name of its entry point alone, and to find it imports nothing of its
package (see `foreign`). So the other end can only choose among the installed games, and no
words of its own make this end run anything.
"""

import os
import stat
import sys
from collections.abc import Iterator
from functools import cache

from chatlib.games.battleship import Battleship
from chatlib.games.connectfour import ConnectFour
from chatlib.games.game import Game, Installed
from chatlib.games.hangman import Hangman
from chatlib.games.tictactoe import TicTacToe

ENTRY_POINT_GROUP = "chat.games"

FILE_LIMIT = 65536
"""The bytes of the longest list of entry points that is read."""

# Looked up first: a package cannot replace one of our own games by another of its name.
BUILT_IN: dict[str, type[Game]] = {
    game.name: game for game in (TicTacToe, Hangman, ConnectFour, Battleship)
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
    from chatlib.games.foreign import ForeignInstalled

    found: dict[str, Installed] = {}
    for folder in sys.path:
        for package, name, value in _list_entries(folder):
            # Of two packages Python would import the one that comes first.
            found.setdefault(name, ForeignInstalled(name, value, package))
    return found


# Not `importlib.metadata`: importing it takes 15 ms and 3 MiB, at an offer of the peer's;
# and it waits for ever where a list is a FIFO.
def _list_entries(folder: str) -> Iterator[tuple[str, str, str]]:
    """Yield package, name and value of each entry point of ours that a folder lists."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for package in names:
        if package.endswith((".dist-info", ".egg-info")):
            text = _read_list(os.path.join(folder, package, "entry_points.txt"))
            for name, value in _parse_list(text):
                yield package.rpartition(".")[0].partition("-")[0], name, value


def _read_list(path: str) -> str:
    """Return the text of a list, "" where there is none that can be read."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_LIMIT:
            return ""
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def _parse_list(text: str) -> Iterator[tuple[str, str]]:
    """Yield the lines `name = value` of our group."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        name, equals, value = map(str.strip, line.partition("="))
        if line.startswith("["):
            group = line[1:-1].strip()
        elif group == ENTRY_POINT_GROUP and equals and not line.startswith(("#", ";")):
            yield name, value
