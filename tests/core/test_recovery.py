"""The search for a lost peer has a deadline that only ever comes nearer."""

import pytest

from chatlib.loop import Loop
from chatlib.recovery import Recovery
from tests.helpers import Clock, move, patience


class Search:
    """A recovery on a clock that the test moves, and the calls that it made."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.loop = Loop(self.clock)
        self.calls: list[str] = []
        self.recovery = Recovery(self.loop, 120, "trying again")
        self.recovery.start_calling = lambda: self.calls.append("start calling")
        self.recovery.stop_calling = lambda: self.calls.append("stop calling")
        self.recovery.expired = lambda: self.calls.append("expired")

    def move(self, seconds: float) -> None:
        """Let time pass."""
        move(self.loop, self.clock, seconds)


@pytest.fixture
def search() -> Search:
    """Return a recovery that has not begun."""
    return Search()


def test_a_recovery_keeps_what_the_chat_shows_of_it(search: Search) -> None:
    """How long the person wants to search, and what is done meanwhile."""
    assert search.recovery.seconds == 120
    assert search.recovery.activity == "trying again"
    assert search.calls == []


def test_a_search_starts_calling_and_expires_when_its_time_is_over(search: Search) -> None:
    """Not a moment earlier."""
    search.recovery.begin(10)
    assert search.calls == ["start calling"]
    search.move(9.9)
    assert search.calls == ["start calling"]
    search.move(0.2)
    assert search.calls == ["start calling", "expired"]


def test_a_search_can_be_shortened(search: Search) -> None:
    """A person who leaves meanwhile waits less; it expires once."""
    search.recovery.begin(10)
    search.recovery.limit(1)
    search.move(0.9)
    assert search.calls == ["start calling"]
    search.move(0.2)
    assert search.calls == ["start calling", "expired"]
    search.move(10)
    assert search.calls == ["start calling", "expired"]


def test_a_search_cannot_be_extended(search: Search) -> None:
    """The earlier of two deadlines stands."""
    search.recovery.begin(1)
    search.recovery.limit(10)
    search.move(1)
    assert search.calls == ["start calling", "expired"]


def test_a_search_that_was_ended_never_expires(search: Search) -> None:
    """Calling is stopped, and no timer is left."""
    search.recovery.begin(10)
    search.recovery.end()
    assert patience(search.loop) is None
    search.move(100)
    assert search.calls == ["start calling", "stop calling"]


def test_after_a_search_there_can_be_another(search: Search) -> None:
    """With a deadline of its own: connections break more than once."""
    search.recovery.begin(1)
    search.recovery.end()
    search.calls.clear()
    search.recovery.begin(10)
    search.move(5)
    assert search.calls == ["start calling"]
    search.move(6)
    assert search.calls == ["start calling", "expired"]


def test_a_server_searches_without_calling_anybody() -> None:
    """It listens all the time: only the deadline counts, and nothing else is set."""
    clock = Clock()
    loop = Loop(clock)
    recovery = Recovery(loop, 120, "waiting for it")
    expired: list[bool] = []
    recovery.begin(10)
    recovery.expired = lambda: expired.append(True)
    move(loop, clock, 10)
    assert expired == [True]
    recovery.end()


def test_a_search_that_nobody_waits_for_expires_in_silence() -> None:
    """Before the chat has set its callback there is nothing to call."""
    clock = Clock()
    loop = Loop(clock)
    Recovery(loop, 120, "waiting for it").begin(1)
    move(loop, clock, 1)
    assert patience(loop) is None


def test_the_first_ten_lost_connections_are_told(search: Search) -> None:
    """And then the hundredth, with the count."""
    told = []
    for _ in range(100):
        words = search.recovery.count_cut()
        if search.recovery.cut_is_told:
            told.append(words)
    assert told == [""] * 10 + [", 100 times so far"]


def test_the_seconds_that_are_left_are_rounded_up(search: Search) -> None:
    """A client that waits so long finds the seat free; they are never below 0."""
    search.recovery.begin(60)
    assert search.recovery.seconds_left == 60
    search.clock.now += 0.1
    assert search.recovery.seconds_left == 60
    search.clock.now += 0.9
    assert search.recovery.seconds_left == 59
    search.recovery.limit(100)
    assert search.recovery.seconds_left == 59
    search.recovery.limit(1)
    assert search.recovery.seconds_left == 1
    search.clock.now += 2
    assert search.recovery.seconds_left == 0
    search.recovery.end()
    search.recovery.begin(120)
    assert search.recovery.seconds_left == 120
