"""What a game is: its rules as one of the two ends sees them. Anybody may import it.

Both ends run the same rules, and both check every move: the player's before it is sent,
the other's when it comes. So an end trusts nothing that it is told, and a cheat can be
named. `docs/games.md` writes a new game from here.
"""

from enum import Enum


class IllegalMoveError(Exception):
    """A move that the rules do not allow; the text says why, and it costs nothing."""


class CheatingError(Exception):
    """The other end did what the rules do not allow: its program would have refused."""


class Outcome(Enum):
    """How a game has ended, for this end."""

    WON = "won"
    LOST = "lost"
    DRAWN = "drawn"


class Game:
    """One game between this end and the other.

    `begins` says whether this end is the one who begins. What `mine` and `theirs` give
    is what the other end's `theirs` gets, each on its own, in this order.
    """

    name = ""
    """What it is called in `/play NAME`: lower case, one word."""

    hint = ""
    """How one moves, in a few words."""

    def __init__(self, begins: bool) -> None:
        self.begins = begins
        self.outcome: Outcome | None = None

    @property
    def my_move(self) -> bool:
        """Whether this end's player is to move."""
        raise NotImplementedError

    @property
    def settled(self) -> bool:
        """Whether the board may be looked at: no answer is on its way that changes it."""
        return True

    def is_move(self, line: str) -> bool:
        """Whether a line that was typed is a move and not talk."""
        raise NotImplementedError

    def mine(self, move: str) -> list[str]:
        """Make this end's move; returns what to tell. Raises IllegalMoveError."""
        raise NotImplementedError

    def theirs(self, told: str) -> list[str]:
        """Take what the other end tells; returns what to answer. Raises CheatingError."""
        raise NotImplementedError

    def board(self) -> str:
        """Draw the game as it stands: lines of text, the same on both ends."""
        raise NotImplementedError


class BoardGame(Game):
    """A game in which two move in turn, and everybody sees everything.

    A subclass has `place`, `winner`, `full` and `board`; players are 0, who begins, and 1.
    """

    MARKS = "XO"

    def __init__(self, begins: bool) -> None:
        super().__init__(begins)
        self._me = 0 if begins else 1
        self.turn = 0
        self.last: int | None = None  # the square that was taken last

    @property
    def my_move(self) -> bool:
        """Whether this end's player is to move."""
        return self.outcome is None and self.turn == self._me

    def mine(self, move: str) -> list[str]:
        """Make a move and tell it as it was typed."""
        if not self.my_move:
            raise IllegalMoveError("it is not your move")
        self._move(self._me, move)
        return [move]

    def theirs(self, told: str) -> list[str]:
        """Make the other's move, if it is one."""
        if self.outcome is not None or self.my_move:
            raise CheatingError("moved out of turn")
        try:
            self._move(1 - self._me, told)
        except IllegalMoveError as error:
            raise CheatingError(f"made a move that is none: {error}") from None
        return []

    def place(self, player: int, move: str) -> int:
        """Put a player's mark where the move says; returns the square it is in.

        Raises IllegalMoveError, and then nothing has changed.
        """
        raise NotImplementedError

    def winner(self) -> int | None:
        """Give the player who has won by the last move, if one has."""
        raise NotImplementedError

    def full(self) -> bool:
        """Whether nobody can move any more."""
        raise NotImplementedError

    def _move(self, player: int, move: str) -> None:
        self.last = self.place(player, move)
        self.turn = 1 - player
        winner = self.winner()
        if winner is not None:
            self.outcome = Outcome.WON if winner == self._me else Outcome.LOST
        elif self.full():
            self.outcome = Outcome.DRAWN

    def mark(self, square: int, player: int | None, empty: str) -> str:
        """Draw one square three characters wide, the last move in brackets."""
        text = empty if player is None else self.MARKS[player]
        return f"({text})" if square == self.last else f" {text} "
