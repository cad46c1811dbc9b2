"""Battleship: two ends played against each other, and all that a cheat can try."""

from collections import Counter, deque
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.games.battleship import LENGTHS, SQUARES, Battleship, lay_ships
from chatlib.games.game import CheatingError, IllegalMoveError, Outcome
from chatlib.games.secret import Secrets, make_salt
from chatlib.protocol.frames import GAME_LIMIT

SHIPS = sum(LENGTHS.values())
"""The squares of all ships together."""


def begin() -> tuple[Battleship, Battleship]:
    """Return an end that begins, and the other, which have each other's commitment."""
    ends = Battleship(True), Battleship(False)
    for one, other in (ends, ends[::-1]):
        for words in one.first_words():
            assert other.receive(words) == []
    return ends


def exchange(mover: Battleship, other: Battleship, move: str) -> list[str]:
    """Make a move and deliver everything that follows; return all words that were sent."""
    sent = []
    queue = deque((other, words) for words in mover.make_move(move))
    while queue:
        to, words = queue.popleft()
        sent.append(words)
        queue.extend((mover if to is other else other, each) for each in to.receive(words))
    return sent


def targets(game: Battleship, *, hit: bool) -> list[str]:
    """Return the squares of a sea where there is a ship, or those where there is none."""
    return [
        name for name, ship in zip(SQUARES, game.sea, strict=True) if (ship != "0") is hit
    ]


def play_to_the_end() -> tuple[Battleship, Battleship, list[str]]:
    """Let the end that begins hit with every shot; return both, and what was sent."""
    winner, loser = begin()
    sent = []
    for hit, miss in zip(
        targets(loser, hit=True), targets(winner, hit=False), strict=False
    ):
        sent += exchange(winner, loser, hit)
        if winner.outcome is None:
            sent += exchange(loser, winner, miss)
    return winner, loser, sent


def test_nobody_shoots_before_both_have_committed() -> None:
    """So nobody can lay the ships with a shot in mind; there is no board to see either."""
    game = Battleship(True)
    assert not game.my_move and not game.board_is_current
    with pytest.raises(IllegalMoveError, match="not your move"):
        game.make_move("a1")
    other = Battleship(False)
    with pytest.raises(CheatingError, match="said 'shot' where"):
        other.receive("shot a1")
    first, second = begin()
    assert first.my_move and not second.my_move
    assert first.board_is_current and second.board_is_current


def test_both_shoot_by_turns_and_see_what_was_hit() -> None:
    """An answer is awaited before the board is shown."""
    first, second = begin()
    hit, miss = targets(second, hit=True)[0], targets(first, hit=False)[0]
    (shot,) = first.make_move(hit)
    assert not first.board_is_current and not first.my_move
    (answer,) = second.receive(shot)
    assert second.my_move and second.news == f"{{peer}} shoots at {hit}: hit"
    assert first.receive(answer) == []
    assert first.board_is_current and not first.my_move
    assert first.news == f"You shoot at {hit}: hit"
    exchange(second, first, miss)
    assert second.news == f"You shoot at {miss}: miss"
    assert first.my_move


def test_all_of_a_ship_is_hit_and_sunk() -> None:
    """The last of its squares says so."""
    first, second = begin()
    ship = [name for name, each in zip(SQUARES, second.sea, strict=True) if each == "4"]
    misses = targets(first, hit=False)
    exchange(first, second, ship[0])
    exchange(second, first, misses[0])
    exchange(first, second, ship[1])
    assert first.news == f"You shoot at {ship[1]}: hit and sunk"
    assert second.news == f"{{peer}} shoots at {ship[1]}: hit and sunk"


def test_who_has_hit_all_ships_has_won_and_shows_its_own() -> None:
    """Both ends agree, and the loser sees where the ships lay that it has not hit."""
    winner, loser, sent = play_to_the_end()
    assert (winner.outcome, loser.outcome) == (Outcome.WON, Outcome.LOST)
    assert loser.other_sea == winner.sea
    assert sent[-1].startswith("was ")
    assert not winner.my_move and not loser.my_move
    assert winner.board_is_current and loser.board_is_current
    for game in (winner, loser):
        with pytest.raises(CheatingError, match="where it makes no sense"):
            game.receive("shot a1")


def test_all_that_is_sent_fits_into_a_frame() -> None:
    """With the word `move` before it."""
    *_, sent = play_to_the_end()
    assert max(len(f"move {words}".encode()) for words in sent) < GAME_LIMIT


def test_the_board_has_both_seas_side_by_side() -> None:
    """In 40 columns; a ship is seen at its own end alone."""
    first, second = begin()
    hit, miss = targets(second, hit=True)[0], targets(first, hit=False)[0]
    exchange(first, second, hit)
    exchange(second, first, miss)
    for game in (first, second):
        rows = game.draw_board().splitlines()
        assert rows[:2] == [
            "  your ships           your shots",
            "  a b c d e f g h      a b c d e f g h",
        ]
        assert len(rows) == 10 and max(map(len, rows)) <= 40
    marks = ["".join(game.draw_board().splitlines()[2:]) for game in (first, second)]
    assert [each.count("X") for each in marks] == [1, 1]
    assert [each.count("o") for each in marks] == [1, 1]
    assert [each.count("#") for each in marks] == [SHIPS, SHIPS - 1]


def test_only_a_square_is_a_move_and_each_one_once() -> None:
    """Anything else is talk, or is refused."""
    first, second = begin()
    assert first.is_move("a1") and first.is_move("h8")
    assert not any(map(first.is_move, ["a9", "i1", "A1", "a", "", "a1 "]))
    exchange(first, second, "a1")
    exchange(second, first, "a1")
    for move in ("a1", "i1"):
        with pytest.raises(IllegalMoveError, match="from a1 to h8, each of them once"):
            first.make_move(move)


@given(st.text())
def test_the_ships_of_every_seed_lie_as_the_rules_say(seed: str) -> None:
    """Each in a straight line, none upon another."""
    sea = lay_ships(seed)
    assert Counter(sea) == {**LENGTHS, "0": len(SQUARES) - SHIPS}
    for ship, length in LENGTHS.items():
        at = [number for number, each in enumerate(sea) if each == ship]
        steps = {after - before for before, after in pairwise(at)}
        assert steps in ({1}, {8})
        assert steps == {8} or at[0] // 8 == at[-1] // 8
        assert len(at) == length


def test_ships_lie_everywhere() -> None:
    """No square is without a ship in a hundred games."""
    seas = [lay_ships(make_salt()) for _ in range(100)]
    assert all(any(sea[at] != "0" for sea in seas) for at in range(len(SQUARES)))


# What a changed program may try.


def test_a_false_answer_is_named_at_once() -> None:
    """A hit that is denied, the answer of another square, and no answer at all."""
    first, second = begin()
    hit = targets(second, hit=True)[0]
    first.make_move(hit)
    at = SQUARES.index(hit)
    true = second._secrets.open(at)
    other = second._secrets.open((at + 1) % 64)
    for answer in (f"{true[:-1]}0", other, "", true[65:], f"{true} "):
        with pytest.raises(CheatingError, match="changed what had been promised"):
            first.receive(f"at {answer}")
    assert first.receive(f"at {true}") == []


def test_a_wrong_shot_is_named() -> None:
    """At no square, or twice at one."""
    first, second = begin()
    with pytest.raises(CheatingError, match="none, or twice"):
        second.receive("shot i9")
    exchange(first, second, "a1")
    exchange(second, first, "a1")
    with pytest.raises(CheatingError, match="none, or twice"):
        second.receive("shot a1")


@pytest.mark.parametrize(
    "words", ["shot a1", "at x", "was x", "fleet x", "", "all over", "my move", "sink a1"]
)
def test_what_is_not_due_is_named(words: str) -> None:
    """The end that is to shoot expects nothing."""
    first, _ = begin()
    with pytest.raises(CheatingError, match="where it makes no sense"):
        first.receive(words)


def test_a_winner_without_ships_is_named_at_the_end() -> None:
    """All its answers were true; the seed that it would have to show does not exist."""
    cheat, honest = Battleship(True), Battleship(False)
    cheat.sea = ["0"] * len(SQUARES)
    cheat._secrets = Secrets(cheat.sea, cheat._seed)
    honest.receive(*cheat.first_words())
    cheat.receive(*honest.first_words())
    hits = targets(honest, hit=True)
    for hit, shot in zip(hits[:-1], SQUARES, strict=False):
        exchange(cheat, honest, hit)
        exchange(honest, cheat, shot)
    (shot,) = cheat.make_move(hits[-1])
    (answer,) = honest.receive(shot)
    (reveals,) = cheat.receive(answer)
    with pytest.raises(CheatingError, match="laid its ships against the rules"):
        honest.receive(reveals)
