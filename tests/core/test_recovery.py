"""How long a lost peer is looked for: an end that only ever comes nearer."""

import pytest
from chatlib.lifeline import Lifeline

from chatlib.loop import Loop
from tests.helpers import Clock, move


class Search:
    """A lifeline on a clock of its own, and what it has called."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.loop = Loop(self.clock)
        self.calls: list[str] = []
        self.lifeline = Lifeline(self.loop, 120)
        self.lifeline.call = lambda: self.calls.append("call")
        self.lifeline.hang_up = lambda: self.calls.append("hang up")
        self.lifeline.given_up = lambda: self.calls.append("give up")

    def move(self, seconds: float) -> None:
        """Let time pass."""
        move(self.loop, self.clock, seconds)


@pytest.fixture
def search() -> Search:
    """Give a lifeline that has nothing to do yet."""
    return Search()


def test_a_search_calls_and_gives_up_when_its_time_is_over(search: Search) -> None:
    """Not a moment earlier."""
    search.lifeline.search(10)
    assert search.calls == ["call"]
    search.move(9.9)
    assert search.calls == ["call"]
    search.move(0.2)
    assert search.calls == ["call", "give up"]


def test_a_search_may_be_cut_short(search: Search) -> None:
    """Who leaves meanwhile waits no longer than it wants; and gives up once."""
    search.lifeline.search(10)
    search.lifeline.limit(1)
    search.move(0.9)
    assert search.calls == ["call"]
    search.move(0.2)
    assert search.calls == ["call", "give up"]
    search.move(10)
    assert search.calls == ["call", "give up"]


def test_who_was_found_is_not_given_up(search: Search) -> None:
    """And nobody calls any more."""
    search.lifeline.search(10)
    search.lifeline.rest()
    search.move(100)
    assert search.calls == ["call", "hang up"]


def test_after_a_search_there_can_be_another(search: Search) -> None:
    """With a time of its own: connections break more than once."""
    search.lifeline.search(1)
    search.lifeline.rest()
    search.calls.clear()
    search.lifeline.search(10)
    search.move(5)
    assert search.calls == ["call"]
    search.move(6)
    assert search.calls == ["call", "give up"]
