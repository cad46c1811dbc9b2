"""Connect four: gravity, lines in every direction, and 10,000 random games."""

import random
from collections.abc import Iterable

import pytest

from chatlib.games.connectfour import COLUMNS, ROWS, ConnectFour
from chatlib.games.game import CheatingError, IllegalMoveError, Outcome

GAMES = 10_000

WON, LOST, DRAWN = Outcome.WON, Outcome.LOST, Outcome.DRAWN

DRAW = "441365675334466335442232661515577771217122"
"""A game that fills the board: every square is taken, and there is no line."""

WAYS = {
    "row": ("6371415", "53517214"),
    "column": ("6164676", "33134373"),
    "rising": ("13434442352", "244133534254"),
    "falling": ("42131136122", "231263121134"),
}
"""Games won by a line of this direction: by the player who begins, and by the other."""


def play(moves: Iterable[str]) -> tuple[ConnectFour, ConnectFour]:
    """Let two ends make these moves by turns; return the end that begins, and the other."""
    ends = ConnectFour(True), ConnectFour(False)
    for number, move in enumerate(moves):
        mover, other = ends[number % 2], ends[1 - number % 2]
        (sent,) = mover.make_move(move)
        assert other.receive(sent) == []
    assert ends[0].draw_board() == ends[1].draw_board()
    return ends


def all_lines() -> list[tuple[int, ...]]:
    """Return the squares of all 69 lines, found by trying every square and direction."""
    found = []
    for start in range(COLUMNS * ROWS):
        for right, up in ((1, 0), (0, 1), (1, 1), (-1, 1)):
            places = [
                (start % COLUMNS + right * step, start // COLUMNS + up * step)
                for step in range(4)
            ]
            if all(0 <= x < COLUMNS and 0 <= y < ROWS for x, y in places):
                found.append(tuple(y * COLUMNS + x for x, y in places))
    return found


LINES = all_lines()

THROUGH = [[line for line in LINES if square in line] for square in range(COLUMNS * ROWS)]
"""The lines that go through each square."""


def winners(squares: list[int | None]) -> set[int]:
    """Return the players who have a line, by looking at all of them."""
    owners = ({squares[square] for square in line} for line in LINES)
    return {
        owner for each in owners if len(each) == 1 for owner in each if owner is not None
    }


def test_a_piece_falls_to_the_lowest_free_square_of_its_column() -> None:
    """Onto the pieces that are there already."""
    first, _ = play("4445")
    taken = {
        square: player for square, player in enumerate(first.squares) if player is not None
    }
    assert taken == {3: 0, 10: 1, 17: 0, 4: 1}


def test_a_full_column_is_refused_and_costs_nothing() -> None:
    """It is full with six pieces; the player may choose another one."""
    first, second = play("444444")
    before = first.draw_board()
    with pytest.raises(IllegalMoveError, match="column 4 is full"):
        first.make_move("4")
    assert (first.draw_board(), first.my_move) == (before, True)
    with pytest.raises(CheatingError, match="a move that is none: column 4 is full"):
        second.receive("4")


@pytest.mark.parametrize(
    "move",
    ["", "0", "8", "44", "a", " 4", "4 ", "٣", "\N{FULLWIDTH DIGIT FOUR}"],
    ids=[
        "nothing",
        "0",
        "8",
        "two-digits",
        "a-letter",
        "blank-before",
        "blank-behind",
        "arabic-digit",
        "fullwidth-digit",
    ],
)
def test_only_a_digit_from_1_to_7_is_a_move(move: str) -> None:
    """Anything else is talk, and refused as a move."""
    game = ConnectFour(True)
    assert not game.is_move(move)
    with pytest.raises(IllegalMoveError, match="a number from 1 to 7"):
        game.make_move(move)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("winner", [0, 1], ids=["first", "second"])
def test_four_in_a_line_win_in_each_direction_for_either_player(
    way: str, winner: int
) -> None:
    """With the fourth piece and not before; mirrored, too."""
    game = WAYS[way][winner]
    for moves in (game, "".join(str(8 - int(move)) for move in game)):
        assert play(moves[:-1])[0].outcome is None
        ends = play(moves)
        assert (ends[winner].outcome, ends[1 - winner].outcome) == (WON, LOST)


def test_the_last_piece_may_be_in_the_middle_of_its_line() -> None:
    """The line is counted both ways."""
    first, _ = play("1122443")
    assert first.outcome is WON


def test_a_line_does_not_continue_at_the_other_edge() -> None:
    """Squares 6 and 7 of one row and 1 and 2 of the next are no line."""
    first, _ = play("1122667" + "3" + "7")
    assert first.outcome is None


def test_a_full_board_without_a_line_is_a_draw() -> None:
    """After 42 moves, at both ends."""
    first, second = play(DRAW)
    assert winners(first.squares) == set()
    assert (first.outcome, second.outcome) == (DRAWN, DRAWN)


def test_the_board_shows_the_columns_and_the_last_move_in_brackets() -> None:
    """The highest row comes first."""
    rows = play("44")[0].draw_board().split("\n")
    assert rows[0] == "  1  2  3  4  5  6  7"
    assert rows[5] == "| .  .  . (O) .  .  . |"
    assert rows[6] == "| .  .  .  X  .  .  . |"
    assert rows[7] == "+---------------------+"


def wins_by_search(game: ConnectFour) -> bool:
    """Return whether the last square is in a line, by looking at all that go through it."""
    assert game.last_square is not None
    player = game.squares[game.last_square]
    return any(
        all(game.squares[square] == player for square in line)
        for line in THROUGH[game.last_square]
    )


def play_random_game(dice: random.Random) -> ConnectFour:
    """Play a random game to its end; check the winner after every move."""
    game = ConnectFour(True)
    while game.outcome is None:
        free = [move for move in "1234567" if game.squares[34 + int(move)] is None]
        game._move(game.next_player, dice.choice(free))
        assert (game.winner() is not None) == wins_by_search(game)
    return game


def test_the_winner_is_the_player_that_a_search_of_all_lines_finds() -> None:
    """In 10,000 random games; a failure names the seed."""
    assert len(LINES) == 69
    for seed in range(GAMES):
        game = play_random_game(random.Random(seed))
        wanted = {WON: {0}, LOST: {1}, DRAWN: set()}[game.outcome or DRAWN]
        assert winners(game.squares) == wanted, f"seed {seed}"
        assert wanted or game.is_full(), f"seed {seed}"


def test_the_board_can_be_said_in_words_from_the_lowest_row_up() -> None:
    """In the order in which the rows fill."""
    assert play("44")[0].say_board().splitlines() == [
        "row 1 is the lowest",
        "row 1: empty, empty, empty, X, empty, empty, empty",
        "row 2: empty, empty, empty, O, empty, empty, empty",
        *(f"row {number}: empty" for number in range(3, 7)),
    ]
