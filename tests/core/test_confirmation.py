"""The watch on messages that are not confirmed."""

import pytest

from chatlib.confirmation import LATE_SECONDS, NEWS_SECONDS, Confirmation
from chatlib.loop import Loop
from chatlib.protocol.frames import Hello, Mode
from chatlib.protocol.session import Session
from tests.helpers import Clock, move


class Watched:
    """A session, its watch, and what was shown."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.loop = Loop(self.clock)
        self.session = Session(Hello(b"", Mode.FREE, "Ann"), talks_first=True)
        self.session.begin(Hello(b"", Mode.FREE, "Bob"), Mode.FREE, 0)
        self.changes = 0
        self.watch = Confirmation(self.loop, self._change)

    def _change(self) -> None:
        self.changes += 1

    def says(self, count: int = 1) -> None:
        """Send lines, and look as the chat does."""
        self.session.add_texts(["x"] * count)
        self.looks()

    def hears(self, number: int) -> None:
        """Have them confirmed."""
        self.session.acknowledge(number)
        self.looks()

    def looks(self) -> None:
        """Look where the chat would."""
        self.watch.note(self.session)

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        move(self.loop, self.clock, seconds)


@pytest.fixture
def watched() -> Watched:
    """Return a watch in the middle of a talk."""
    return Watched()


def test_a_line_that_is_confirmed_at_once_is_nothing_to_tell(watched: Watched) -> None:
    """And no timer is left after a second."""
    watched.says()
    watched.hears(1)
    watched.passes(LATE_SECONDS)
    assert not watched.loop._timers
    assert (watched.changes, watched.watch.late, watched.watch.watching) == (
        0,
        False,
        False,
    )


def test_its_age_is_told_ever_more_rarely(watched: Watched) -> None:
    """Each second, then each ten, then each minute."""
    watched.says()
    told = []
    for _ in range(200):
        before = watched.changes
        watched.passes(1)
        if watched.changes != before:
            told.append(watched.watch.seconds)
    assert told == [*range(1, 11), 20, 30, 40, 50, 60, 120, 180]


def test_a_busy_talk_is_looked_at_once_a_second(watched: Watched) -> None:
    """While each message is confirmed in time, whatever comes after it."""
    for number in range(1, 10):
        watched.says()
        watched.passes(0.4)
        watched.hears(number)
        watched.looks()
        assert len(watched.loop._timers) <= 1
    assert watched.changes == 0


def test_the_next_message_is_watched_after_the_first(watched: Watched) -> None:
    """From when it is known to wait."""
    watched.says()
    watched.passes(0.5)
    watched.says()
    watched.hears(1)
    watched.passes(0.5)
    assert (watched.watch.late, watched.watch.watching) == (False, True)
    watched.passes(1)
    assert (watched.watch.late, watched.watch.seconds) == (True, 1)


def test_a_late_message_that_is_confirmed_is_news_for_a_while(watched: Watched) -> None:
    """Or until the next line."""
    watched.says()
    watched.passes(1)
    watched.hears(1)
    assert (watched.watch.late, watched.watch.delivered) == (False, True)
    watched.passes(NEWS_SECONDS)
    assert not watched.watch.delivered
    assert watched.changes == 2
    assert not watched.loop._timers
    watched.says()
    watched.passes(1)
    watched.hears(2)
    watched.says()
    assert not watched.watch.delivered


def test_late_messages_are_late_until_all_are_confirmed(watched: Watched) -> None:
    """A status that forgot the others for a second would only flicker."""
    watched.says(2)
    watched.passes(3)
    assert (watched.watch.late, watched.watch.seconds) == (True, 3)
    watched.hears(1)
    # The second is watched in its place, and nobody knows how old it is.
    assert (watched.watch.late, watched.watch.seconds) == (True, 0)
    assert (watched.watch.delivered, watched.watch.watching) == (False, True)
    watched.passes(1)
    assert (watched.watch.late, watched.watch.seconds) == (True, 1)
    watched.hears(2)
    assert (watched.watch.late, watched.watch.delivered) == (False, True)


def test_news_end_with_the_next_message_of_the_peer(watched: Watched) -> None:
    """The talk has gone on, and the word would seem to be about something else."""
    watched.says()
    watched.passes(1)
    watched.hears(1)
    watched.looks()
    assert watched.watch.delivered
    watched.session.received += 1
    watched.looks()
    assert not watched.watch.delivered


def test_a_late_move_is_no_line_that_was_delivered(watched: Watched) -> None:
    """The status has not said that it was late."""
    watched.session.add_words("move 5")
    watched.looks()
    watched.passes(1)
    assert watched.watch.late
    watched.hears(1)
    assert (watched.watch.late, watched.watch.delivered) == (False, False)


@pytest.mark.parametrize("begun", [False, True])
def test_at_the_end_of_a_talk_nothing_is_watched(watched: Watched, begun: bool) -> None:
    """Whether a timer was set or not."""
    if begun:
        watched.says()
        watched.passes(1)
    watched.watch.end()
    assert not watched.loop._timers
    assert not watched.watch.late
