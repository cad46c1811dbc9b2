"""Thousands of talks with cuts, splits and pauses by chance; each can be played again."""

import random

import pytest

from chatlib.protocol.frames import Mode
from tests.simulation.test_cuts import PERFECT, assert_settled, finish
from tests.simulation.world import World

RUNS = 20_000
PARTS = 8
"""So that they can run beside each other."""

SIZES = (1, 2, 3, 7, 8, 9, 30, 200, 1 << 20)

BURSTS = (0, 2, 3, 100)
"""How many lines that wait are said in one call, if there are so many."""


def play(seed: int) -> World:
    """Play the talk that belongs to a seed, to its end."""
    dice = random.Random(seed)
    world = World(dice.choice((Mode.TURNS, Mode.FREE)))
    for end, name in ((world.client, "c"), (world.server, "s")):
        count = dice.randint(0, 6)
        end.waiting.extend(
            f"{name}{n}" + "." * dice.choice((0, 3, 40)) for n in range(count)
        )
    form_habits(world, dice)
    for _ in range(dice.randint(0, 5)):
        wander(world, dice)
        world.cut(reset=dice.random() < 0.5, half=dice.random() < 0.3)
        world.reconnect()
    dice.choice((world.client, world.server)).leaving = True
    if dice.random() < 0.3:
        world.client.leaving = world.server.leaving = True
    for end in (world.client, world.server):
        if world.mode is Mode.TURNS:
            end.waiting.clear()  # an end without the turn might wait for ever
    finish(world)
    return world


def form_habits(world: World, dice: random.Random) -> None:
    """Let chance decide which end speaks in runs, and which acknowledges one by one."""
    for end in world.ends:
        end.burst, end.stepwise = dice.choice(BURSTS), dice.random() < 0.5


def wander(world: World, dice: random.Random) -> None:
    """Deliver a few pieces, either way; sometimes let time go by, or say more."""
    for step in range(dice.randint(0, 12)):
        world.move(dice.choice(("up", "down")), dice.choice(SIZES))
        chance = dice.random()
        if chance < 0.1:
            world.pass_time(dice.choice((1, 8, 11)))
        elif chance < 0.2:
            form_habits(world, dice)
            lines = range(dice.randint(1, 4))
            waiting = dice.choice(world.ends).waiting
            waiting.extend(f"{chance} {step} {n}" for n in lines)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_message_is_lost_doubled_or_reordered_whatever_happens(part: int) -> None:
    """20,000 talks with up to five cuts each, many in runs; a failure names the seed."""
    poured = joined = 0
    for seed in range(part * RUNS // PARTS, (part + 1) * RUNS // PARTS):
        world = play(seed)
        assert world.verdicts == PERFECT, f"seed {seed}"
        assert_settled(world)
        poured += sum(end.poured for end in world.ends)
        joined += sum(end.joined for end in world.ends)
    assert min(poured, joined) > RUNS // PARTS // 2, "there were hardly any runs"
