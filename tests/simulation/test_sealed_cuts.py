"""A private talk cut at every byte of its ciphertext, both ways: nothing is lost."""

import os

import pytest

from chatlib.channel import Channel
from chatlib.protocol.events import silent
from chatlib.sealed import Sealed
from tests.sealing import SECRET, make_context
from tests.simulation.test_cuts import (
    PERFECT,
    SCHEDULES,
    assert_settled,
    finish,
    run_uncut,
)
from tests.simulation.world import World

WHOLE = bool(os.environ.get("CHAT_WHOLE"))
"""Whether every byte is tried. `make private` sets it, which takes a few minutes."""

SAMPLE = 13
"""Else every so many bytes, which are other places in every schedule and way."""


CONTEXTS = [make_context(SECRET, server=server) for server in (False, True)]


def sealed() -> tuple[Channel, Channel]:
    """Return the channels of two programs that hold one ticket."""
    client, server = CONTEXTS
    return (
        Sealed(client, server=False, trace=silent),
        Sealed(server, server=True, trace=silent),
    )


def begin(schedule: str) -> World:
    """Return a world in which the lines of a schedule wait to be said, sealed."""
    mode, prepare = SCHEDULES[schedule]
    world = World(mode, sealed)
    prepare(world)
    return world


def lengths(schedule: str) -> dict[str, int]:
    """Count the bytes of a talk that is never cut, each way."""
    return run_uncut(begin(schedule))


@pytest.mark.parametrize("reset", [False, True], ids=["end", "reset"])
@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_cut_at_any_byte_loses_doubles_and_reorders_nothing(
    schedule: str, way: str, reset: bool
) -> None:
    """The handshake's bytes too; and in the end both have said goodbye."""
    length = lengths(schedule)[way]
    assert length > 700, "the handshake alone has as many"
    step = 1 if WHOLE else SAMPLE
    for offset in range(len(schedule) % step, length + 1, step):
        world = begin(schedule)
        pipe = world.up if way == "up" else world.down
        pipe.left = offset
        world.run()
        world.cut(reset=reset)
        finish(world)
        assert world.verdicts == PERFECT, f"cut {way} after {offset} bytes"
        assert_settled(world)


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_byte_that_was_changed_anywhere_is_a_cut(way: str) -> None:
    """Whoever can change bytes can break the connection, and no more than that."""
    schedule = "free, both leave"
    length = lengths(schedule)[way]
    for offset in range(0, length, 1 if WHOLE else SAMPLE):
        world = begin(schedule)
        pipe = world.up if way == "up" else world.down
        pipe.spoiled = offset
        world.run()
        world.cut()
        finish(world)
        assert world.verdicts == PERFECT, f"changed {way} at {offset}"
        assert_settled(world)
