"""Two people who were just connected, for the tests of the chat and its parts."""

import pytest

from chatlib.loop import Loop
from chatlib.protocol.frames import Mode
from tests.helpers import (
    Clock,
)
from tests.talks import HINTS, SEARCH_SECONDS, Talk


@pytest.fixture
def talk(loop: Loop) -> Talk:
    """Return two people who take turns and have just been connected."""
    talk = Talk(loop)
    assert talk.client.notes.news() == ["show Connected", *HINTS, "ask"]
    assert talk.server.notes.news() == ["show Connected", "show Waiting for message..."]
    return talk


@pytest.fixture
def free(loop: Loop) -> Talk:
    """Return two people who talk freely and have just been connected."""
    talk = Talk(loop, mode=Mode.FREE)
    talk.until(lambda: talk.server.session.has_turn())
    return talk


@pytest.fixture
def pipes(loop: Loop) -> Talk:
    """Return two pipes that talk freely."""
    talk = Talk(loop, interactive=False, mode=Mode.FREE)
    talk.until(lambda: talk.server.session.has_turn())
    return talk


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still until it is moved."""
    return Clock()


@pytest.fixture
def lost(clock: Clock) -> Talk:
    """Return two people whose connection has just broken; nothing is under way."""
    talk = Talk(Loop(clock), search=SEARCH_SECONDS)
    talk.cut()
    for person in talk.people:
        assert person.notes.news()[-1].endswith(" was lost: trying again for up to 60 s.")
    return talk


PIECES = {"byte by byte": 1, "in sevens": 7, "whole": 1 << 20}


@pytest.fixture(params=[*PIECES.values()], ids=[*PIECES])
def size(request: pytest.FixtureRequest) -> int:
    """How many bytes come in one read."""
    return int(request.param)
