"""Tic-tac-toe: its rules at both ends, and every game that there is."""

from collections import Counter
from collections.abc import Iterable

import pytest

from chatlib.games.game import CheatingError, IllegalMoveError, Outcome
from chatlib.games.tictactoe import LINES, TicTacToe

WON, LOST, DRAWN = Outcome.WON, Outcome.LOST, Outcome.DRAWN

GAMES_OF_LENGTH = {5: 1440, 6: 5328, 7: 47952, 8: 72576, 9: 127872}

GAMES_WON_BY = {0: 131184, 1: 77904, None: 46080}

SAMPLE = 500
"""One of so many games is played at both ends, too."""


def play(moves: Iterable[str]) -> tuple[TicTacToe, TicTacToe]:
    """Let two ends make these moves by turns; return the end that begins, and the other."""
    ends = TicTacToe(True), TicTacToe(False)
    for number, move in enumerate(moves):
        mover, other = ends[number % 2], ends[1 - number % 2]
        (sent,) = mover.make_move(move)
        assert other.receive(sent) == []
        assert mover.draw_board() == other.draw_board()
    return ends


def filled(line: tuple[int, ...]) -> list[str]:
    """Return moves with which the player who begins fills a line, and the other none."""
    others = [square for square in range(9) if square not in line]
    harmless = next(
        (first, second)
        for first in others
        for second in others
        if first != second
        and not any({first, second} <= set(each) for each in LINES)  # not even two of one
    )
    squares = [line[0], harmless[0], line[1], harmless[1], line[2]]
    return [str(square + 1) for square in squares]


@pytest.mark.parametrize("line", LINES, ids=str)
def test_each_of_the_eight_lines_wins_for_the_player_who_begins(
    line: tuple[int, ...],
) -> None:
    """And loses at the other end."""
    first, second = play(filled(line))
    assert (first.outcome, second.outcome) == (WON, LOST)


@pytest.mark.parametrize("line", LINES, ids=str)
def test_each_of_the_eight_lines_wins_for_the_other_player(line: tuple[int, ...]) -> None:
    """The one who began has one square more by then, and no line."""
    mine = filled(line)
    free = [str(square) for square in range(1, 10) if str(square) not in mine]
    moves = [mine[1], mine[0], mine[3], mine[2], None, mine[4]]
    for spare in free:
        first, second = play(move or spare for move in moves)
        if first.outcome is LOST:
            break
    assert (first.outcome, second.outcome) == (LOST, WON)


def test_a_full_board_without_a_line_is_a_draw() -> None:
    """At both ends, and nobody is to move."""
    first, second = play("123547698")
    assert (first.outcome, second.outcome) == (DRAWN, DRAWN)
    assert not first.my_move and not second.my_move


def test_a_line_completed_by_the_ninth_move_wins() -> None:
    """Although the board is full."""
    first, _ = play("325189674")
    assert (first.outcome, first.is_full()) == (WON, True)


def test_a_taken_square_is_refused_and_costs_nothing() -> None:
    """The player may take another one."""
    first, second = play("5")
    before = second.draw_board()
    with pytest.raises(IllegalMoveError, match="square 5 is taken"):
        second.make_move("5")
    assert (second.draw_board(), second.my_move) == (before, True)
    first.receive(*second.make_move("1"))
    assert first.draw_board() == second.draw_board()


@pytest.mark.parametrize(
    "move",
    ["", "0", "10", "x", "-1", " 5", "5 ", "1\n", "٣", "\N{FULLWIDTH DIGIT FIVE}", "¹"],
    ids=[
        "nothing",
        "0",
        "two-digits",
        "a-letter",
        "negative",
        "blank-before",
        "blank-behind",
        "line-end",
        "arabic-digit",
        "fullwidth-digit",
        "superscript",
    ],
)
def test_only_a_digit_from_1_to_9_is_a_move(move: str) -> None:
    """Anything else is talk, refused as a move, and a cheat from the other end."""
    first, second = TicTacToe(True), TicTacToe(False)
    assert not first.is_move(move)
    with pytest.raises(IllegalMoveError, match="a number from 1 to 9"):
        first.make_move(move)
    with pytest.raises(CheatingError, match="a move that is none"):
        second.receive(move)
    assert first.draw_board() == second.draw_board() == TicTacToe(True).draw_board()


def test_the_digits_from_1_to_9_are_moves() -> None:
    """At both ends, whosever move it is."""
    for digit in "123456789":
        assert TicTacToe(True).is_move(digit) and TicTacToe(False).is_move(digit)


def test_a_move_out_of_turn_is_refused_here_and_caught_there() -> None:
    """At the beginning, after a move, and after the end."""
    for moves, mover in (("", 1), ("5", 0), ("14253", 1)):
        ends = play(moves)
        with pytest.raises(IllegalMoveError, match="not your move"):
            ends[mover].make_move("9")
        with pytest.raises(CheatingError, match="out of turn"):
            ends[1 - mover].receive("9")


def test_the_board_shows_numbers_marks_and_the_last_move_in_brackets() -> None:
    """The same text at both ends."""
    board = "(O)| 2 | 3\n---+---+---\n 4 | X | 6\n---+---+---\n 7 | 8 | 9"
    assert [end.draw_board() for end in play("51")] == [board, board]


def walk(game: TicTacToe, moves: list[str], leaves: Counter[tuple[int, int | None]]) -> int:
    """Play every game that goes on from here; return how many there are.

    A move is undone by restoring what it has changed.
    """
    before = game.next_player, game.last_square
    count = 0
    for square in range(9):
        if game.squares[square] is not None:
            continue
        moves.append(str(square + 1))
        game._move(game.next_player, moves[-1])
        count += 1 if count_if_over(game, moves, leaves) else walk(game, moves, leaves)
        moves.pop()
        game.squares[square], game.outcome = None, None
        game.next_player, game.last_square = before
    return count


def count_if_over(
    game: TicTacToe, moves: list[str], leaves: Counter[tuple[int, int | None]]
) -> bool:
    """Count a game if it has ended; return whether it has."""
    if game.outcome is None:
        return False
    winner = {WON: 0, LOST: 1, DRAWN: None}[game.outcome]
    leaves[len(moves), winner] += 1
    if leaves.total() % SAMPLE == 0:
        first, second = play(moves)
        assert first.outcome is game.outcome
        assert second.outcome is {WON: LOST, LOST: WON, DRAWN: DRAWN}[game.outcome]
        assert first.squares == second.squares == game.squares
    return True


def test_there_are_255168_games_and_each_ends_as_published() -> None:
    """Counted by length and by winner."""
    leaves: Counter[tuple[int, int | None]] = Counter()
    assert walk(TicTacToe(True), [], leaves) == 255_168
    lengths: Counter[int] = Counter()
    winners: Counter[int | None] = Counter()
    for (length, winner), count in leaves.items():
        lengths[length] += count
        winners[winner] += count
    assert lengths == GAMES_OF_LENGTH
    assert winners == GAMES_WON_BY


def test_the_board_can_be_said_in_words() -> None:
    """For who hears it; a row without a mark is one word."""
    assert play("51")[0].say_board().splitlines() == [
        "row 1: O, empty, empty",
        "row 2: empty, X, empty",
        "row 3: empty",
    ]
