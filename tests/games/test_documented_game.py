"""The game in `docs/games.md`, taken from the page and played."""

import re
from collections import deque

import pytest

from chatlib.games.game import CheatingError, Game, IllegalMoveError, Installed, Outcome
from chatlib.games.secret import Secret
from chatlib.games.table import Table
from harness.stage import ROOT

WON, LOST, DRAWN = Outcome.WON, Outcome.LOST, Outcome.DRAWN

LINES_LIMIT = 60


def code() -> str:
    """Return the page's only block of Python."""
    page = (ROOT / "docs" / "games.md").read_text("utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    assert isinstance(block, str)
    return block


@pytest.fixture
def game() -> type[Game]:
    """Run that code; return the game that it defines."""
    module: dict[str, type[Game]] = {"__name__": "rps"}  # type: ignore[dict-item]
    exec(compile(code(), "docs/games.md", "exec"), module)
    return module["RockPaperScissors"]


def play(game: type[Game], mine: str, theirs: str) -> tuple[Game, Game]:
    """Let both choose before either receives anything; return both ends."""
    first, second = game(True), game(False)
    to_second, to_first = deque(first.make_move(mine)), deque(second.make_move(theirs))
    while to_first or to_second:
        if to_second:
            to_first += second.receive(to_second.popleft())
        if to_first:
            to_second += first.receive(to_first.popleft())
    return first, second


@pytest.mark.parametrize(
    ("mine", "theirs", "outcomes"),
    [
        ("rock", "scissors", (WON, LOST)),
        ("paper", "rock", (WON, LOST)),
        ("rock", "paper", (LOST, WON)),
        ("rock", "rock", (DRAWN, DRAWN)),
    ],
    ids=["rock-scissors", "paper-rock", "rock-paper", "rock-rock"],
)
def test_the_game_is_won_lost_or_drawn(
    game: type[Game], mine: str, theirs: str, outcomes: tuple[Outcome, Outcome]
) -> None:
    """Both ends have the same board."""
    first, second = play(game, mine, theirs)
    assert (first.outcome, second.outcome) == outcomes
    assert first.draw_board() == second.draw_board() == f"{mine} : {theirs}"
    assert not first.my_move and not second.my_move


def test_no_choice_is_revealed_before_both_have_committed(game: type[Game]) -> None:
    """So the player who chooses last knows nothing."""
    first, second = game(True), game(False)
    (commitment,) = first.make_move("rock")
    assert "rock" not in commitment
    assert second.receive(commitment) == []
    assert first.draw_board() == second.draw_board() == "? : ?"
    _, opening = second.make_move("paper")
    assert opening.endswith(" paper")


def test_a_player_who_changes_the_choice_is_caught(game: type[Game]) -> None:
    """Another choice does not fit the commitment, and has to be one of the three."""
    first = game(True)
    secret = Secret("rock", "salt")
    first.receive(secret.commitment)
    first.make_move("paper")
    with pytest.raises(CheatingError, match="changed what had been promised"):
        first.receive("salt scissors")
    second = game(True)
    second.make_move("paper")
    second.receive(Secret("well", "salt").commitment)
    with pytest.raises(CheatingError, match="chose 'well'"):
        second.receive("salt well")


def test_a_choice_that_comes_too_early_or_twice_is_refused(game: type[Game]) -> None:
    """From the other end it is a cheat, here it is illegal."""
    first = game(True)
    secret = Secret("rock", "salt")
    first.receive(secret.commitment)
    with pytest.raises(CheatingError, match="too early"):
        first.receive(secret.opening)
    for moves in (["well"], ["rock", "paper"]):
        other = game(True)
        with pytest.raises(IllegalMoveError, match="once"):
            for move in moves:
                other.make_move(move)


def test_the_game_is_played_at_a_table(game: type[Game]) -> None:
    """A name that finds it is all that the table needs."""
    sent: list[deque[str]] = [deque(), deque()]
    lines: list[list[str]] = [[], []]
    ann, bob = (
        Table(
            {"rps": Installed(game)}.get,
            sent[side].append,
            lines[side].append,
            lambda board, number: None,
            wins_ties=not side,
            peer=("Bob", "Ann")[side],
        )
        for side in (0, 1)
    )

    def deliver() -> None:
        while any(sent):
            for queue, table in zip(sent, (bob, ann), strict=True):
                while queue:
                    table.receive(queue.popleft())

    ann.play("rps")
    deliver()
    bob.play("")
    deliver()
    bob.move("rock")
    ann.move("paper")
    deliver()
    assert lines[0][-1] == "You have won. Score in rps: you 1, Bob 0. /play plays again."
    assert lines[1][-1] == "Ann has won. Score in rps: you 0, Ann 1. /play plays again."


def test_the_game_is_short() -> None:
    """At most 60 lines, as the page is to show that it is easy."""
    assert len(code().splitlines()) <= LINES_LIMIT
