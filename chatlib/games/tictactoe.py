"""Tic-tac-toe: three in a row, on nine numbered squares. Pure rules and text."""

from chatlib.games.game import BoardGame, IllegalMoveError

# Squares are counted from 0, from left to right and from the top down.
LINES = (
    *((0, 1, 2), (3, 4, 5), (6, 7, 8)),
    *((0, 3, 6), (1, 4, 7), (2, 5, 8)),
    *((0, 4, 8), (2, 4, 6)),
)
"""The squares of the eight lines: rows, columns, diagonals."""


class TicTacToe(BoardGame):
    """Tic-tac-toe, as one end sees it."""

    name = "tictactoe"
    hint = "a number takes that square"
    row_length = 3

    def __init__(self, begins: bool) -> None:
        super().__init__(begins)
        self.squares = [None] * 9

    def is_move(self, line: str) -> bool:
        """Return whether a line is one digit from 1 to 9."""
        # Not `isdigit`, which also accepts the digits of other scripts.
        return len(line) == 1 and line in "123456789"

    def place(self, player: int, move: str) -> int:
        """Mark a free square, by its number."""
        if not self.is_move(move):
            raise IllegalMoveError("a move is a number from 1 to 9")
        square = int(move) - 1
        if self.squares[square] is not None:
            raise IllegalMoveError(f"square {move} is taken")
        self.squares[square] = player
        return square

    def winner(self) -> int | None:
        """Return the player who has all three squares of a line."""
        for line in LINES:
            # One element, unless two players share the line or a square of it is free.
            players = {self.squares[square] for square in line}
            if len(players) == 1 and None not in players:
                return players.pop()
        return None

    def is_full(self) -> bool:
        """Return whether all nine squares are taken."""
        return None not in self.squares

    def draw_board(self) -> str:
        """Return three rows; a free square shows its number."""
        cells = [
            self.draw_square(square, player, str(square + 1))
            for square, player in enumerate(self.squares)
        ]
        rows = ["|".join(cells[start : start + 3]).rstrip() for start in (0, 3, 6)]
        return "\n---+---+---\n".join(rows)
