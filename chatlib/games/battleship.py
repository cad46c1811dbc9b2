"""Battleship, on seas that are committed to before the first shot. Pure rules and text.

Both ends send `fleet COMMITMENT` for their 64 squares. Then by turns one sends `shot b4`
and the other `at OPENING`, which opens that square alone: the ship there, or 0. The winner
sends `was SEED`, from which its ships follow: an empty sea would answer truly, too.
"""

from chatlib.games.game import CheatingError, Game, IllegalMoveError, Outcome
from chatlib.games.secret import Secrets, digest, make_salt, open_one

SQUARES = [column + row for row in "12345678" for column in "abcdefgh"]
LENGTHS = {"1": 4, "2": 3, "3": 3, "4": 2}
"""Each ship's squares. A sea has a ship or 0 for each of the SQUARES, or ?: not known."""


class Battleship(Game):
    """Battleship, as one end sees it."""

    name = "battleship"
    hint = "b4 shoots at that square; X is a hit, o a miss, # your ships, laid by chance"

    def __init__(self, begins: bool) -> None:
        super().__init__(begins)
        self._seed = make_salt()
        self.sea, self.other_sea = lay_ships(self._seed), ["?"] * len(SQUARES)
        self._secrets, self._commitment = Secrets(self.sea, self._seed), ""  # the other's
        self.received, self.fired = list[int](), list[int]()  # the squares of both's shots
        self._due = "fleet"  # what the other end has to send next, or why that is nothing

    @property
    def my_move(self) -> bool:
        """Whether it is this player's shot: both shoot by turns."""
        return self._due == "my move"

    @property
    def board_is_current(self) -> bool:
        """Whether both have committed, and nothing that the last shot asks for is due."""
        return self._due not in ("fleet", "at", "was")

    def first_words(self) -> list[str]:
        """Return the commitment to this end's sea."""
        return [f"fleet {self._secrets.commitment}"]

    def is_move(self, line: str) -> bool:
        """Return whether a line is a square."""
        return line in SQUARES

    def make_move(self, move: str) -> list[str]:
        """Shoot at a square of the other end's sea."""
        if not self.my_move:
            raise IllegalMoveError("it is not your move")
        if move not in SQUARES or SQUARES.index(move) in self.fired:
            raise IllegalMoveError("a move is a square from a1 to h8, each of them once")
        self.fired, self._due = [*self.fired, SQUARES.index(move)], "at"
        return [f"shot {move}"]

    def receive(self, words: str) -> list[str]:
        """Handle what the other end sent, if that is due."""
        verb, _, rest = words.partition(" ")
        if verb != self._due:
            raise CheatingError(f"said {verb!r} where it makes no sense")
        if verb == "fleet":
            self._commitment, self._due = rest, "my move" if self.begins else "shot"
        elif verb == "shot":
            return self._receive_shot(rest)
        elif verb == "at":
            return self._receive_answer(self.fired[-1], rest)
        else:
            self.other_sea, self._due = lay_ships(rest), "all over"
            self.outcome = Outcome.LOST
            if Secrets(self.other_sea, rest).commitment != self._commitment:
                raise CheatingError("laid its ships against the rules")
        return []

    def draw_board(self) -> str:
        """Return this end's sea, and beside it the other's as far as it is known."""
        seas = self._draw("ships", self.sea, self.received)
        shots = self._draw("shots", self.other_sea, self.fired)
        return "\n".join(map("{:21}{}".format, seas, shots))

    def _receive_shot(self, square: str) -> list[str]:
        if square not in SQUARES or SQUARES.index(square) in self.received:
            raise CheatingError("shot at a square that is none, or twice at one")
        self.received.append(SQUARES.index(square))
        what, over = self._judge(self.sea, self.received)
        self.news, self._due = f"{{peer}} shoots at {what}", "was" if over else "my move"
        return [f"at {self._secrets.open(self.received[-1])}"]

    def _receive_answer(self, at: int, opening: str) -> list[str]:
        self.other_sea[at] = open_one(self._commitment, at, len(SQUARES), opening)
        what, over = self._judge(self.other_sea, self.fired)
        self.news, self._due = f"You shoot at {what}", "all over" if over else "shot"
        self.outcome = Outcome.WON if over else None
        return [f"was {self._seed}"] if over else []

    def _judge(self, sea: list[str], shots: list[int]) -> tuple[str, bool]:
        """Return what the last shot has hit, and whether no ship is left."""
        ship, hits = sea[shots[-1]], [sea[at] for at in shots if sea[at] in LENGTHS]
        sunk = hits.count(ship) == LENGTHS.get(ship)
        what = "hit and sunk" if sunk else "hit" if ship in hits else "miss"
        return f"{SQUARES[shots[-1]]}: {what}", len(hits) == sum(LENGTHS.values())

    def _draw(self, title: str, sea: list[str], shots: list[int]) -> list[str]:
        marks = {"0": ".o", "?": "..", **dict.fromkeys(LENGTHS, "#X")}
        cells = [marks.get(ship, "..")[at in shots] for at, ship in enumerate(sea)]
        rows = [f"{at // 8 + 1} {' '.join(cells[at : at + 8])}" for at in range(0, 64, 8)]
        return [f"  your {title}", "  a b c d e f g h", *rows]


def lay_ships(seed: str) -> list[str]:
    """Return the sea that follows from a seed: each ship lies in one of the free lines."""
    sea = ["0"] * len(SQUARES)
    for ship, length in LENGTHS.items():
        rows = [range(at, at + length) for at in range(64) if at % 8 + length <= 8]
        columns = [range(at, at + 8 * length, 8) for at in range(72 - 8 * length)]
        free = [line for line in rows + columns if all(sea[at] == "0" for at in line)]
        for at in free[int(digest(seed, ship), 16) % len(free)]:
            sea[at] = ship
    return sea
