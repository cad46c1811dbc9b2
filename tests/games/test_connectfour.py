"""Connect four: gravity, lines in every direction, and 10,000 games by chance."""

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
"""Games that who begins wins with a line like this, and games that the other wins."""


def play(moves: Iterable[str]) -> tuple[ConnectFour, ConnectFour]:
    """Let two ends make these moves in turn; give who begins, and the other."""
    ends = ConnectFour(True), ConnectFour(False)
    for number, move in enumerate(moves):
        mover, other = ends[number % 2], ends[1 - number % 2]
        (told,) = mover.make_move(move)
        assert other.receive(told) == []
    assert ends[0].draw_board() == ends[1].draw_board()
    return ends


def lines() -> list[tuple[int, ...]]:
    """List the squares of all 69 lines, found by trying every square and direction."""
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


LINES = lines()

THROUGH = [[line for line in LINES if square in line] for square in range(COLUMNS * ROWS)]
"""The lines that each square is in."""


def winners(squares: list[int | None]) -> set[int]:
    """Name the players who have a line, by looking at all of them."""
    owners = ({squares[square] for square in line} for line in LINES)
    return {
        owner for each in owners if len(each) == 1 for owner in each if owner is not None
    }


def test_what_is_dropped_falls_onto_what_lies_there() -> None:
    """Into the lowest free square of its column."""
    first, _ = play("4445")
    taken = {
        square: player for square, player in enumerate(first.squares) if player is not None
    }
    assert taken == {3: 0, 10: 1, 17: 0, 4: 1}


def test_a_full_column_is_refused_and_costs_nothing() -> None:
    """Six fit in; the seventh goes elsewhere."""
    first, second = play("444444")
    before = first.draw_board()
    with pytest.raises(IllegalMoveError, match="column 4 is full"):
        first.make_move("4")
    assert (first.draw_board(), first.my_move) == (before, True)
    with pytest.raises(CheatingError, match="a move that is none: column 4 is full"):
        second.receive("4")


@pytest.mark.parametrize(
    "move", ["", "0", "8", "44", "a", " 4", "4 ", "٣", "\N{FULLWIDTH DIGIT FOUR}"]
)
def test_what_is_no_number_from_1_to_7_is_no_move(move: str) -> None:
    """It is talk, and as a move it is refused."""
    game = ConnectFour(True)
    assert not game.is_move(move)
    with pytest.raises(IllegalMoveError, match="a number from 1 to 7"):
        game.make_move(move)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("winner", [0, 1])
def test_four_in_a_row_win_in_each_direction_for_either(way: str, winner: int) -> None:
    """With the last of them, and not before; mirrored, too."""
    game = WAYS[way][winner]
    for moves in (game, "".join(str(8 - int(move)) for move in game)):
        assert play(moves[:-1])[0].outcome is None
        ends = play(moves)
        assert (ends[winner].outcome, ends[1 - winner].outcome) == (WON, LOST)


def test_the_last_of_four_may_be_one_in_the_middle() -> None:
    """It is looked both ways from where it fell."""
    first, _ = play("1122443")
    assert first.outcome is WON


def test_a_row_does_not_go_on_at_the_other_edge() -> None:
    """Squares 6 and 7 of one row and 1 and 2 of the next are no four."""
    first, _ = play("1122667" + "3" + "7")
    assert first.outcome is None


def test_a_full_board_without_a_line_is_a_draw() -> None:
    """After 42 moves, on both ends."""
    first, second = play(DRAW)
    assert winners(first.squares) == set()
    assert (first.outcome, second.outcome) == (DRAWN, DRAWN)


def test_the_board_shows_the_columns_and_the_last_move_in_brackets() -> None:
    """The highest row first."""
    rows = play("44")[0].draw_board().split("\n")
    assert rows[0] == "  1  2  3  4  5  6  7"
    assert rows[5] == "| .  .  . (O) .  .  . |"
    assert rows[6] == "| .  .  .  X  .  .  . |"
    assert rows[7] == "+---------------------+"


def wins_by_force(game: ConnectFour) -> bool:
    """Say whether the last square is in a line of one player's, by looking at them all."""
    if game.last_square is None:
        return False
    player = game.squares[game.last_square]
    return any(
        all(game.squares[square] == player for square in line)
        for line in THROUGH[game.last_square]
    )


def play_by_chance(dice: random.Random) -> ConnectFour:
    """Play a game to its end; after every move all lines of its square are looked at."""
    game = ConnectFour(True)
    while game.outcome is None:
        free = [move for move in "1234567" if game.squares[34 + int(move)] is None]
        game._move(game.next_player, dice.choice(free))
        assert (game.winner() is not None) == wins_by_force(game)
    return game


def test_who_has_won_is_what_a_look_at_all_lines_says() -> None:
    """In 10,000 games by chance; a failure names the seed."""
    assert len(LINES) == 69
    for seed in range(GAMES):
        game = play_by_chance(random.Random(seed))
        wanted = {WON: {0}, LOST: {1}, DRAWN: set()}[game.outcome or DRAWN]
        assert winners(game.squares) == wanted, f"seed {seed}"
        assert wanted or game.is_full(), f"seed {seed}"
