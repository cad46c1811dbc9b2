"""Connect four: four in a line, on seven columns of six rows. Pure rules and text."""

from collections.abc import Iterator

from chatlib.games.game import BoardGame, IllegalMoveError

COLUMNS, ROWS = 7, 6

DIRECTIONS = ((1, 0), (0, 1), (1, 1), (1, -1))
"""Right, up, and the two diagonals; a line is looked for both ways along each."""

# The pieces of one player in a line that win.
LINE_LENGTH = 4


class ConnectFour(BoardGame):
    """Connect four, as one end sees it."""

    name = "connectfour"
    hint = "a number drops into that column"
    row_length = COLUMNS

    def __init__(self, begins: bool) -> None:
        super().__init__(begins)
        # The player in each square: from the lowest row up, and there from left to right.
        self.squares = [None] * (COLUMNS * ROWS)

    def is_move(self, line: str) -> bool:
        """Return whether a line is one digit from 1 to 7."""
        # Not `isdigit`, which also accepts the digits of other scripts.
        return len(line) == 1 and line in "1234567"

    def place(self, player: int, move: str) -> int:
        """Drop a piece into a column: it takes the lowest free square there."""
        if not self.is_move(move):
            raise IllegalMoveError(f"a move is a number from 1 to {COLUMNS}")
        for square in range(int(move) - 1, COLUMNS * ROWS, COLUMNS):
            if self.squares[square] is None:
                self.squares[square] = player
                return square
        raise IllegalMoveError(f"column {move} is full")

    def winner(self) -> int | None:
        """Return the player who has four in a line through the last square."""
        assert self.last_square is not None
        player = self.squares[self.last_square]
        row, column = divmod(self.last_square, COLUMNS)
        for right, up in DIRECTIONS:
            # The last piece may lie anywhere in its line, so both ways are counted.
            ways = (right, up), (-right, -up)
            length = 1 + sum(self._count(column, row, way, player) for way in ways)
            if length >= LINE_LENGTH:
                return player
        return None

    def is_full(self) -> bool:
        """Return whether every square is taken."""
        return None not in self.squares

    def draw_board(self) -> str:
        """Return six rows, the highest first, under the numbers of the columns."""
        head = " " + "".join(f" {column} " for column in range(1, COLUMNS + 1)).rstrip()
        rows = [self._draw_row(row) for row in reversed(range(ROWS))]
        return "\n".join([head, *rows, "+" + "-" * (3 * COLUMNS) + "+"])

    def say_board(self) -> str:
        """Return six rows of words, in the order in which they fill."""
        return f"row 1 is the lowest\n{super().say_board()}"

    def _draw_row(self, row: int) -> str:
        squares = range(row * COLUMNS, (row + 1) * COLUMNS)
        cells = [self.draw_square(each, self.squares[each], ".") for each in squares]
        return f"|{''.join(cells)}|"

    def _count(
        self, column: int, row: int, direction: tuple[int, int], player: int | None
    ) -> int:
        """Count the player's squares next to one in a direction, up to another's."""
        count = 0
        for square in _squares_along(column, row, direction):
            if self.squares[square] != player:
                break
            count += 1
        return count


def _squares_along(column: int, row: int, direction: tuple[int, int]) -> Iterator[int]:
    """Yield the squares between one and the edge of the board, without that one."""
    right, up = direction
    column, row = column + right, row + up
    # Column and row are checked, and not the number of the square: that of the next row
    # begins where a row ends.
    while 0 <= column < COLUMNS and 0 <= row < ROWS:
        yield row * COLUMNS + column
        column, row = column + right, row + up
