"""Tic-tac-toe: three in a row, on nine numbered squares. Pure rules and text."""

from chatlib.games.game import BoardGame, IllegalMoveError

LINES = (
    *((0, 1, 2), (3, 4, 5), (6, 7, 8)),
    *((0, 3, 6), (1, 4, 7), (2, 5, 8)),
    *((0, 4, 8), (2, 4, 6)),
)
"""The squares of the eight lines."""


class TicTacToe(BoardGame):
    """Three rows of three, as seen from one end."""

    name = "tictactoe"
    hint = "a number takes that square"

    def __init__(self, begins: bool) -> None:
        super().__init__(begins)
        self.squares: list[int | None] = [None] * 9

    def is_move(self, line: str) -> bool:
        """One digit from 1 to 9."""
        return len(line) == 1 and line in "123456789"

    def place(self, player: int, move: str) -> int:
        """Take a square by its number."""
        if not self.is_move(move):
            raise IllegalMoveError("a move is a number from 1 to 9")
        square = int(move) - 1
        if self.squares[square] is not None:
            raise IllegalMoveError(f"square {move} is taken")
        self.squares[square] = player
        return square

    def winner(self) -> int | None:
        """Whoever has all three squares of a line."""
        for line in LINES:
            players = {self.squares[square] for square in line}
            if len(players) == 1 and None not in players:
                return players.pop()
        return None

    def full(self) -> bool:
        """Whether all nine squares are taken."""
        return None not in self.squares

    def board(self) -> str:
        """Draw three rows; a free square shows its number."""
        cells = [
            self.mark(square, player, str(square + 1))
            for square, player in enumerate(self.squares)
        ]
        rows = ["|".join(cells[start : start + 3]).rstrip() for start in (0, 3, 6)]
        return "\n---+---+---\n".join(rows)
