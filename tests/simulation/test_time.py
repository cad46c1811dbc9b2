"""Silence, on a fake clock: a pause is no loss, a dead path is noticed in time."""

import pytest

from chatlib.protocol.session import PING_SECONDS, State
from tests.simulation.world import World


def talking() -> World:
    """Give a world in which both have said HELLO."""
    world = World()
    world.run()
    assert world.client.session.state is State.OPEN
    return world


def test_a_hundred_pauses_of_eight_seconds_are_nothing() -> None:
    """Nobody is even asked for a sign of life."""
    world = talking()
    for number in range(100):
        world.pass_time(8)
        speaker = world.client if number % 2 == 0 else world.server
        speaker.waiting.append(f"after the pause {number}")
        world.run()
    assert len(world.client.shown) == len(world.server.shown) == 50
    assert world.client.session.round_trip is None


def test_a_silence_of_an_hour_is_nothing_where_both_are_there() -> None:
    """Every ten seconds one asks and the other answers."""
    world = talking()
    carried = world.up.carried + world.down.carried
    for _ in range(3600):
        world.pass_time(1)
        world.run()
    assert world.client.session.state is State.OPEN
    assert world.server.session.state is State.OPEN
    # At most one question and one answer of eight bytes each way in ten seconds.
    assert world.up.carried + world.down.carried - carried <= 360 * 4 * 8


@pytest.mark.parametrize("end", ["client", "server"])
def test_a_dead_path_is_noticed_within_twenty_seconds(end: str) -> None:
    """And not a moment earlier, on both ends: nothing arrives, nobody is told."""
    world = talking()
    session = getattr(world, end).session
    for _ in range(199):
        world.now += 0.1
        session.pass_time(world.now)
        assert not list(session.events())
    world.now += 0.2
    session.pass_time(world.now)
    assert [str(event.detail) for event in session.events()] == [
        "nothing was heard for 20 s"
    ]


def test_the_round_trip_is_measured_by_the_answer() -> None:
    """From the question to the answer, on the clock that is passed in."""
    world = talking()
    world.pass_time(PING_SECONDS)
    assert world.client.session.worried
    world.now += 0.25
    world.run()
    assert world.client.session.round_trip == pytest.approx(0.25)
    assert not world.client.session.worried


def test_when_to_look_again_is_known() -> None:
    """Not before there is something to do; every second while an answer is awaited."""
    world = talking()
    session = world.client.session
    assert session.patience(0) == PING_SECONDS
    assert session.patience(4) == 6
    session.pass_time(PING_SECONDS)
    assert session.patience(10) == 1
    assert session.patience(19.5) == 0.5
    assert session.patience(25) == 0
