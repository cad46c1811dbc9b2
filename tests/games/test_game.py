"""The base classes of games: what a new game has to write, and what it gets for nothing."""

from collections.abc import Callable

import pytest

from chatlib.games.game import (
    BoardGame,
    CheatingError,
    Game,
    IllegalMoveError,
    Installed,
    Outcome,
)

WON, LOST, DRAWN = Outcome.WON, Outcome.LOST, Outcome.DRAWN


class Race(BoardGame):
    """A game on three squares: number 2 wins, and 0 and 1 together are a draw."""

    name = "race"

    def __init__(self, begins: bool) -> None:
        super().__init__(begins)
        self.taken: dict[int, int] = {}

    def is_move(self, line: str) -> bool:
        """Return whether a line is one of the three numbers."""
        return line in {"0", "1", "2"}

    def place(self, player: int, move: str) -> int:
        """Mark a square that is free."""
        if not self.is_move(move) or int(move) in self.taken:
            raise IllegalMoveError("it is not free")
        self.taken[int(move)] = player
        return int(move)

    def winner(self) -> int | None:
        """Return the player on square 2."""
        return self.taken.get(2)

    def is_full(self) -> bool:
        """Return whether the other two squares are taken."""
        return {0, 1} <= set(self.taken)

    def draw_board(self) -> str:
        """Return the three squares in a row."""
        return "".join(
            self.draw_square(each, self.taken.get(each), ".") for each in range(3)
        )


def play(*moves: str) -> tuple[Race, Race]:
    """Play these moves by turns; return the end that begins, and the other one."""
    ends = Race(True), Race(False)
    for number, move in enumerate(moves):
        mover, other = ends[number % 2], ends[1 - number % 2]
        assert mover.make_move(move) == [move]
        assert other.receive(move) == []
    return ends


MISSING: dict[str, Callable[[], object]] = {
    "my_move": lambda: Game(True).my_move,
    "is_move": lambda: Game(True).is_move("5"),
    "make_move": lambda: Game(True).make_move("5"),
    "receive": lambda: Game(True).receive("5"),
    "draw_board": lambda: Game(True).draw_board(),
    "place": lambda: BoardGame(True).place(0, "5"),
    "winner": lambda: BoardGame(True).winner(),
    "is_full": lambda: BoardGame(True).is_full(),
}


@pytest.mark.parametrize("name", MISSING)
def test_a_game_must_write_its_own(name: str) -> None:
    """A game that lacks it fails at the first call, and not in the middle of a talk."""
    with pytest.raises(NotImplementedError):
        MISSING[name]()


def test_a_game_begins_without_an_outcome_and_with_a_current_board() -> None:
    """So a game without hidden answers need not override `board_is_current`."""
    game = Game(False)
    assert (game.begins, game.outcome, game.board_is_current) == (False, None, True)


def test_the_players_move_in_turn() -> None:
    """The end that begins is player 0 on both ends."""
    first, second = play()
    assert (first.my_move, second.my_move) == (True, False)
    first, second = play("0")
    assert (first.my_move, second.my_move) == (False, True)
    assert first.taken == second.taken == {0: 0}


@pytest.mark.parametrize("moves", [(), ("0",), ("2",)], ids=["first", "later", "over"])
def test_a_move_out_of_turn_is_illegal_here_and_a_cheat_there(
    moves: tuple[str, ...],
) -> None:
    """At the beginning, in the middle, and after the end."""
    ends = play(*moves)
    mover = 1 - len(moves) % 2
    with pytest.raises(IllegalMoveError, match=r"^it is not your move$"):
        ends[mover].make_move("1")
    with pytest.raises(CheatingError, match=r"^moved out of turn$"):
        ends[1 - mover].receive("1")


def test_an_illegal_move_changes_nothing_here_and_is_a_cheat_there() -> None:
    """The player may try again; the other end's program should have refused it."""
    first, second = play("0")
    with pytest.raises(IllegalMoveError, match=r"^it is not free$"):
        second.make_move("0")
    assert (second.my_move, second.last_square, second.draw_board()) == (
        True,
        0,
        "(X) .  . ",
    )
    with pytest.raises(CheatingError, match=r"^made a move that is none: it is not free$"):
        first.receive("0")
    assert (first.my_move, first.last_square) == (False, 0)


@pytest.mark.parametrize(
    ("moves", "outcomes"),
    [
        (("0",), (None, None)),
        (("2",), (WON, LOST)),
        (("0", "2"), (LOST, WON)),
        (("0", "1"), (DRAWN, DRAWN)),
    ],
    ids=["goes-on", "first-player-wins", "second-player-wins", "full"],
)
def test_both_ends_see_the_same_outcome(
    moves: tuple[str, ...], outcomes: tuple[Outcome | None, Outcome | None]
) -> None:
    """After it nobody is to move."""
    first, second = play(*moves)
    assert (first.outcome, second.outcome) == outcomes
    assert (first.my_move or second.my_move) == (outcomes == (None, None))


def test_a_win_with_the_last_free_square_is_no_draw() -> None:
    """The winner is looked for before the board is found full."""

    class Short(Race):
        def is_full(self) -> bool:
            return bool(self.taken)

    game = Short(True)
    game.make_move("2")
    assert game.outcome is WON


def test_a_square_shows_its_player_and_the_last_one_is_in_brackets() -> None:
    """X begins; a free square shows what the game wants there."""
    for game in play("0"):
        assert game.draw_board() == "(X) .  . "
    for game in play("1", "0"):
        assert game.draw_board() == "(O) X  . "


def test_a_game_of_ours_is_installed_and_never_fails() -> None:
    """There is nothing to load, and each game is a new one."""
    installed = Installed(Race)
    installed.load()
    games = [installed.start(begins, pytest.fail) for begins in (True, False)]
    assert [type(game) for game in games] == [Race, Race]
    assert [game.begins for game in games] == [True, False]


def test_a_player_is_told_the_mark_and_what_the_other_has_played() -> None:
    """The own move was just typed, and is no news."""
    first, second = play("0")
    assert (first.role, second.role) == ("you are X", "you are O")
    assert (first.news, second.news) == ("", "{peer} plays 0")
    second.make_move("1")
    assert second.news == ""


def test_a_game_has_no_role_no_question_and_no_first_words_of_its_own() -> None:
    """It may have them."""
    game = Game(True)
    assert (game.role, game.question, game.first_words(), game.news) == ("", "", [], "")
