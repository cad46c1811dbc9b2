"""Of what a peer can cause at will only some times are told."""

from chatlib.tally import QUIET_SECONDS, Tally
from tests.helpers import Clock


def test_the_first_times_and_then_powers_of_ten_are_told() -> None:
    """Ten thousand times in one moment are a few lines."""
    tally = Tally(Clock(), 3)
    told = [count for _ in range(10_000) if (count := tally.add())]
    assert told == [1, 2, 3, 10, 100, 1000, 10_000]


def test_after_a_minute_without_a_notice_the_next_time_is_told() -> None:
    """Not a moment earlier; then the minute begins again."""
    clock = Clock()
    tally = Tally(clock)
    assert tally.add() == 1
    clock.now += QUIET_SECONDS - 0.1
    assert tally.add() == 0
    clock.now += 0.1
    assert tally.add() == 3
    assert tally.add() == 0


def test_a_clock_that_begins_at_zero_changes_nothing() -> None:
    """The first time is told at any time."""
    clock = Clock()
    clock.now = 0.0
    assert Tally(clock).add() == 1
