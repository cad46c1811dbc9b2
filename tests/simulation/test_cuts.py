"""A talk cut at every byte, both ways, by end of stream and by reset: nothing is lost."""

from collections.abc import Callable

import pytest

from chatlib.protocol.frames import Mode
from tests.simulation.world import Verdict, World, judge

TEXTS = ("Hello", "Grüß Gott", "日本", "🙂", "x" * 60, "the last word")

PERFECT = (Verdict(), Verdict())


def turns(world: World) -> None:
    """Prepare six messages each way, turn by turn; the client leaves."""
    world.client.waiting.extend(f"c {text}" for text in TEXTS)
    world.server.waiting.extend(f"s {text}" for text in TEXTS)
    world.client.leaving = True


def turns_server_leaves(world: World) -> None:
    """Prepare the same, but the server leaves."""
    turns(world)
    world.client.leaving, world.server.leaving = False, True


def free(world: World) -> None:
    """Prepare all at once, both ways; the client leaves behind its last message."""
    turns(world)


def free_server_leaves(world: World) -> None:
    """Prepare the same, but the server leaves behind its last message."""
    turns_server_leaves(world)


def free_both_leave(world: World) -> None:
    """Prepare the same, but both leave, each behind its last message."""
    turns(world)
    world.server.leaving = True


def free_in_runs(world: World) -> None:
    """Prepare lines that are said in runs and acknowledged one by one; both leave."""
    free_both_leave(world)
    for end in world.ends:
        end.burst, end.stepwise = 4, True


SCHEDULES: dict[str, tuple[Mode, Callable[[World], None]]] = {
    "turns, the client leaves": (Mode.TURNS, turns),
    "turns, the server leaves": (Mode.TURNS, turns_server_leaves),
    "free, the client leaves": (Mode.FREE, free),
    "free, the server leaves": (Mode.FREE, free_server_leaves),
    "free, both leave": (Mode.FREE, free_both_leave),
    "free, in runs": (Mode.FREE, free_in_runs),
}


def begin(schedule: str) -> World:
    """Return a world in which the lines of a schedule wait to be said."""
    mode, prepare = SCHEDULES[schedule]
    world = World(mode)
    prepare(world)
    return world


def lengths(schedule: str) -> dict[str, int]:
    """Count the bytes of a talk that is never cut, each way."""
    return run_uncut(begin(schedule))


def run_uncut(world: World) -> dict[str, int]:
    """Run a talk to its end; return the bytes that it took each way."""
    world.run()
    assert world.verdicts == PERFECT
    assert world.client.done and world.server.done
    return {"up": world.up.carried, "down": world.down.carried}


def finish(world: World, size: int = 1 << 20) -> None:
    """Connect again and run until both ends are done, or nothing helps any more."""
    for _ in range(5):
        world.reconnect()
        world.run(size)
        if world.client.done and world.server.done:
            return
        world.cut()


def assert_settled(world: World) -> None:
    """Check that one end is done, and that the other lacks its very last words at most.

    The last words of all can be lost, because no words follow that would acknowledge them:
    then a message that was shown counts as not acknowledged, which is the truth.
    """
    ends = world.client, world.server
    assert any(end.done for end in ends)
    for end, other in (ends, ends[::-1]):
        assert end.done or other.done
        assert end.error is None


@pytest.mark.parametrize("size", [1, 1 << 20], ids=["byte-by-byte", "whole"])
@pytest.mark.parametrize("reset", [False, True], ids=["end", "reset"])
@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_cut_at_any_byte_loses_doubles_and_reorders_nothing(
    schedule: str, way: str, reset: bool, size: int
) -> None:
    """And in the end both have said goodbye, and every message is acknowledged."""
    offsets = range(lengths(schedule)[way] + 1)
    assert len(offsets) > 50
    for offset in offsets:
        world = begin(schedule)
        pipe = world.up if way == "up" else world.down
        pipe.left = offset
        world.run(size)
        world.cut(reset=reset)
        finish(world, size)
        assert world.verdicts == PERFECT, f"cut {way} after {offset} bytes"
        assert_settled(world)


def test_talks_are_cut_at_1900_places_at_least() -> None:
    """At all bytes of all schedules, both ways."""
    places = sum(sum(lengths(schedule).values()) + 2 for schedule in SCHEDULES)
    assert places >= 1900


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_client_that_comes_back_before_the_server_knows_takes_over(schedule: str) -> None:
    """Cut at every byte; the server believes in the old connection until the HELLO."""
    for offset in range(lengths(schedule)["up"] + 1):
        world = begin(schedule)
        world.up.left = offset
        world.run(1)
        world.cut(half=True)
        finish(world)
        assert world.verdicts == PERFECT, f"cut after {offset} bytes"


def test_the_answer_to_a_goodbye_may_be_lost() -> None:
    """The end that has sent it knows that all was said, and does not come back."""
    world = World()
    world.move("up")
    world.server.leaving = True
    world.move("down")
    world.pass_time(1)
    assert world.up.bytes
    world.cut(reset=True)
    finish(world)
    assert world.client.done and not world.server.done
    assert_settled(world)


def test_the_judge_counts_what_it_is_for() -> None:
    """A judge that cannot find anything would find everything perfect."""
    said = ["a", "b", "c"]
    assert judge(said, said) == Verdict()
    assert judge(said, ["a", "c"]) == Verdict(lost=1)
    assert judge(said, ["a", "b", "b", "c"]) == Verdict(doubled=1)
    assert judge(said, ["a", "b", "c", "d"]) == Verdict(unexpected=1)
    assert judge(said, ["b", "a", "c"]) == Verdict(reordered=1)
