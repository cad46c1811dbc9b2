"""Silence, on a fake clock: a pause is no loss, a dead path is noticed in time."""

import pytest

from chatlib.protocol.events import Lost
from chatlib.protocol.link import State
from chatlib.protocol.pulse import PING_SECONDS
from tests.helpers import events_of
from tests.simulation.world import World


def talking() -> World:
    """Return a world in which both have said HELLO."""
    world = World()
    world.run()
    assert world.client.link.state is State.OPEN
    return world


def test_a_hundred_pauses_of_eight_seconds_are_nothing() -> None:
    """No PING is sent."""
    world = talking()
    for number in range(100):
        world.pass_time(8)
        speaker = world.client if number % 2 == 0 else world.server
        speaker.waiting.append(f"after the pause {number}")
        world.run()
    assert len(world.client.shown) == len(world.server.shown) == 50
    assert world.client.link.pulse.round_trip is None


def test_a_silence_of_an_hour_is_nothing_where_both_are_there() -> None:
    """Every ten seconds one end sends PING and the other PONG."""
    world = talking()
    carried = world.up.carried + world.down.carried
    for _ in range(3600):
        world.pass_time(1)
        world.run()
    assert world.client.link.state is State.OPEN
    assert world.server.link.state is State.OPEN
    # At most one PING and one PONG of eight bytes each way in ten seconds.
    assert world.up.carried + world.down.carried - carried <= 360 * 4 * 8


@pytest.mark.parametrize("end", ["client", "server"])
def test_a_dead_path_is_noticed_within_twenty_seconds(end: str) -> None:
    """And not a moment earlier, on either end; nothing arrives that would tell it."""
    world = talking()
    link = getattr(world, end).link
    for _ in range(199):
        world.now += 0.1
        link.pass_time(world.now)
        assert not events_of(link)
    world.now += 0.2
    link.pass_time(world.now)
    assert events_of(link) == [Lost("nothing was heard for 20 s")]


def test_the_round_trip_is_measured_by_the_answer() -> None:
    """From PING to PONG, on the clock that is passed in."""
    world = talking()
    world.pass_time(PING_SECONDS)
    assert world.client.link.pulse.is_worrying
    world.now += 0.25
    world.run()
    assert world.client.link.pulse.round_trip == pytest.approx(0.25)
    assert not world.client.link.pulse.is_worrying


def test_a_link_knows_when_to_look_at_the_silence() -> None:
    """Not before there is something to do; every second while an answer is awaited."""
    world = talking()
    link = world.client.link
    assert link.seconds_left(0) == PING_SECONDS
    assert link.seconds_left(4) == 6
    link.pass_time(PING_SECONDS)
    assert link.seconds_left(10) == 1
    assert link.seconds_left(19.5) == 0.5
    assert link.seconds_left(25) == 0
