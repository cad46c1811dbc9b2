"""What a game is: its rules, as one of the two ends sees them.

Both ends run the same rules, and both check every move: the own one before it is sent, the
other end's when it arrives. So no end has to trust the other, and one that cheats can be
named. Every module may import this one; `docs/games.md` shows how to write a new game.
"""

from collections.abc import Callable
from enum import Enum


class IllegalMoveError(Exception):
    """The rules do not allow a move; the text says why, and nothing has changed."""


class CheatingError(Exception):
    """The other end sent what an honest program would have refused to send."""


class BrokenGameError(Exception):
    """The code of another package failed; the text says which package, and how."""


class Outcome(Enum):
    """How a game has ended, for this end."""

    WON = "won"
    LOST = "lost"
    DRAWN = "drawn"


class Game:
    """The base class of every game between this end and the other.

    `begins` says whether this end begins. The strings that `make_move` and `receive`
    return are sent, and each is passed to the other end's `receive`, in the same order.
    """

    # What /play calls the game: one word in lower case.
    name = ""
    # How to move, in a few words.
    hint = ""

    def __init__(self, begins: bool) -> None:
        self.begins = begins
        # None while the game is on.
        self.outcome: Outcome | None = None
        # What happened last, as `{peer} plays 5`: a line above the next board. "" is none.
        self.news = ""

    @property
    def role(self) -> str:
        """What this end's player is, as `you are X`; "" where both are alike."""
        return ""

    @property
    def question(self) -> str:
        """What this player is asked for, out of the other's sight; "" for nothing.

        The next line that is typed is then a move, whatever it is.
        """
        return ""

    def first_words(self) -> list[str]:
        """Return what to send as soon as the game has begun."""
        return []

    @property
    def my_move(self) -> bool:
        """Whether this end's player is to move."""
        raise NotImplementedError

    @property
    def board_is_current(self) -> bool:
        """Whether the board may be shown: no answer that changes it is on its way."""
        # Only where something is hidden does a move wait for an answer.
        return True

    def is_move(self, line: str) -> bool:
        """Return whether a typed line is a move; any other line is talk."""
        raise NotImplementedError

    def make_move(self, move: str) -> list[str]:
        """Make this player's move; return what to send. Raises IllegalMoveError."""
        raise NotImplementedError

    def receive(self, words: str) -> list[str]:
        """Handle what the other end sent; return what to answer. Raises CheatingError."""
        raise NotImplementedError

    def draw_board(self) -> str:
        """Return the board as lines of text, the same on both ends."""
        raise NotImplementedError

    def say_board(self) -> str:
        """Return the board in words, for who hears it; without any, the drawn one."""
        return self.draw_board()


class Installed:
    """A game that can be played at this end. To know of it runs no code of the game."""

    def __init__(self, kind: type[Game]) -> None:
        self._kind = kind

    def load(self) -> None:
        """Load the game's code, unless that was done. Raises BrokenGameError."""

    def start(self, begins: bool, failed: Callable[[str], None]) -> Game:
        """Return a new game. Raises BrokenGameError.

        `failed(why)` is called, at most once, when the game's code fails afterwards.
        """
        return self._kind(begins)


class BoardGame(Game):
    """The base class of games in which two move in turn and both see everything.

    A subclass has `place`, `winner`, `is_full` and `draw_board`. Player 0 begins, the
    other one is 1.
    """

    # The mark of player 0, and that of player 1.
    MARKS = "XO"
    # How many squares a row has; 0 where the board cannot be said row by row.
    row_length = 0
    # The player who has taken each square; None while it is free.
    squares: list[int | None]

    def __init__(self, begins: bool) -> None:
        super().__init__(begins)
        self.next_player = 0
        # The square that was taken last.
        self.last_square: int | None = None
        self._my_player = 0 if begins else 1

    # What the rules of the game say.

    def place(self, player: int, move: str) -> int:
        """Put a player's mark where the move says; return the square that it is on.

        Raises IllegalMoveError, and then nothing has changed.
        """
        raise NotImplementedError

    def winner(self) -> int | None:
        """Return the player who has won by the last move, or None."""
        raise NotImplementedError

    def is_full(self) -> bool:
        """Return whether no more move is possible."""
        raise NotImplementedError

    # What all of these games have in common.

    @property
    def my_move(self) -> bool:
        """Whether this end's player is to move."""
        return self.outcome is None and self.next_player == self._my_player

    @property
    def role(self) -> str:
        """Which mark is this player's."""
        return f"you are {self.MARKS[self._my_player]}"

    def make_move(self, move: str) -> list[str]:
        """Make this player's move; it is sent as it was typed."""
        if not self.my_move:
            raise IllegalMoveError("it is not your move")
        self._move(self._my_player, move)
        self.news = ""  # the player has just typed it
        return [move]

    def receive(self, words: str) -> list[str]:
        """Make the other player's move, which needs no answer."""
        # An honest program refuses such a move before it sends it; the next one, too.
        if self.outcome is not None or self.my_move:
            raise CheatingError("moved out of turn")
        try:
            self._move(1 - self._my_player, words)
        except IllegalMoveError as error:
            raise CheatingError(f"made a move that is none: {error}") from None
        self.news = f"{{peer}} plays {words}"
        return []

    def draw_square(self, square: int, player: int | None, empty: str) -> str:
        """Return a square, three characters wide; the one taken last is in brackets."""
        text = empty if player is None else self.MARKS[player]
        return f"({text})" if square == self.last_square else f" {text} "

    def say_board(self) -> str:
        """Return the board as rows of words, where `row_length` is set."""
        if not self.row_length:
            return self.draw_board()
        words = ["empty" if each is None else self.MARKS[each] for each in self.squares]
        starts = range(0, len(words), self.row_length)
        rows = [words[start : start + self.row_length] for start in starts]
        return "\n".join(
            f"row {number}: {', '.join(row) if {*row} != {'empty'} else 'empty'}"
            for number, row in enumerate(rows, 1)
        )

    def _move(self, player: int, move: str) -> None:
        self.last_square = self.place(player, move)
        self.next_player = 1 - player
        # The winner comes first: a line that the last free square completes is no draw.
        winner = self.winner()
        if winner is not None:
            self.outcome = Outcome.WON if winner == self._my_player else Outcome.LOST
        elif self.is_full():
            self.outcome = Outcome.DRAWN
