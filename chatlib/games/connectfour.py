"""Connect four: seven columns, six rows, and what is dropped falls. Pure rules and text."""

from collections.abc import Iterator

from chatlib.games.game import BoardGame, IllegalMoveError

COLUMNS, ROWS = 7, 6

DIRECTIONS = ((1, 0), (0, 1), (1, 1), (1, -1))
"""Right, up, and the two slopes; each is looked along both ways."""

WANTED = 4


class ConnectFour(BoardGame):
    """Squares are counted from the lowest on the left, row by row."""

    name = "connectfour"
    hint = "a number drops into that column"

    def __init__(self, begins: bool) -> None:
        super().__init__(begins)
        self.squares: list[int | None] = [None] * (COLUMNS * ROWS)

    def is_move(self, line: str) -> bool:
        """One digit from 1 to 7."""
        return len(line) == 1 and line in "1234567"

    def place(self, player: int, move: str) -> int:
        """Drop into a column: the lowest free square of it is taken."""
        if not self.is_move(move):
            raise IllegalMoveError(f"a move is a number from 1 to {COLUMNS}")
        for square in range(int(move) - 1, COLUMNS * ROWS, COLUMNS):
            if self.squares[square] is None:
                self.squares[square] = player
                return square
        raise IllegalMoveError(f"column {move} is full")

    def winner(self) -> int | None:
        """Whoever has four in a row through the last square."""
        if self.last is None:
            return None
        player = self.squares[self.last]
        row, column = divmod(self.last, COLUMNS)
        for right, up in DIRECTIONS:
            ways = (right, up), (-right, -up)
            run = 1 + sum(self._run(column, row, way, player) for way in ways)
            if run >= WANTED:
                return player
        return None

    def full(self) -> bool:
        """Whether every square is taken."""
        return None not in self.squares

    def board(self) -> str:
        """Draw six rows under the numbers of the columns."""
        head = " " + "".join(f" {column} " for column in range(1, COLUMNS + 1)).rstrip()
        rows = [self._row(row) for row in reversed(range(ROWS))]
        return "\n".join([head, *rows, "+" + "-" * (3 * COLUMNS) + "+"])

    def _row(self, row: int) -> str:
        squares = range(row * COLUMNS, (row + 1) * COLUMNS)
        marks = "".join(self.mark(each, self.squares[each], ".") for each in squares)
        return f"|{marks}|"

    def _run(self, column: int, row: int, way: tuple[int, int], player: int | None) -> int:
        """Count the player's squares in a row from there, that one not included."""
        count = 0
        for square in _along(column, row, way):
            if self.squares[square] != player:
                break
            count += 1
        return count


def _along(column: int, row: int, way: tuple[int, int]) -> Iterator[int]:
    """Walk from a square to the edge; it is not one of them itself."""
    column, row = column + way[0], row + way[1]
    while 0 <= column < COLUMNS and 0 <= row < ROWS:
        yield row * COLUMNS + column
        column, row = column + way[0], row + way[1]
