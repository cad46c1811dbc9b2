"""One cut at every byte of a talk, both ways, by an end and by a reset: nothing is lost."""

from collections.abc import Callable

import pytest

from chatlib.protocol.session import Mode
from tests.simulation.world import Verdict, World, judge

TEXTS = ("Hello", "Grüß Gott", "日本", "🙂", "x" * 60, "the last word")

PERFECT = (Verdict(), Verdict())


def turns(world: World) -> None:
    """Six messages each way, turn by turn; the client leaves."""
    world.client.waiting.extend(f"c {text}" for text in TEXTS)
    world.server.waiting.extend(f"s {text}" for text in TEXTS)
    world.client.leaving = True


def turns_server_leaves(world: World) -> None:
    """The same, but the server leaves."""
    turns(world)
    world.client.leaving, world.server.leaving = False, True


def free(world: World) -> None:
    """All at once, both ways; the client leaves behind its last message."""
    turns(world)


def free_server_leaves(world: World) -> None:
    """The server leaves behind its last."""
    turns_server_leaves(world)


def free_both_leave(world: World) -> None:
    """Both leave at once, each behind its last message."""
    turns(world)
    world.server.leaving = True


def free_in_runs(world: World) -> None:
    """All at once, said in runs and taken in runs; both leave."""
    free_both_leave(world)
    for end in world.ends:
        end.pours, end.sweeps = 4, True


SCHEDULES: dict[str, tuple[Mode, Callable[[World], None]]] = {
    "turns, the client leaves": (Mode.TURNS, turns),
    "turns, the server leaves": (Mode.TURNS, turns_server_leaves),
    "free, the client leaves": (Mode.FREE, free),
    "free, the server leaves": (Mode.FREE, free_server_leaves),
    "free, both leave": (Mode.FREE, free_both_leave),
    "free, in runs": (Mode.FREE, free_in_runs),
}


def begin(schedule: str) -> World:
    """Give a world in which that is about to be said."""
    mode, prepare = SCHEDULES[schedule]
    world = World(mode)
    prepare(world)
    return world


def lengths(schedule: str) -> dict[str, int]:
    """Count the bytes of a talk that is never cut, each way."""
    world = begin(schedule)
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
    """One end is done; the other too, or it lacks the very last words of the first.

    The last word of all can be lost, and nobody can confirm it: then what was shown is
    listed as not confirmed, which is the truth.
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
    """And in the end both have said goodbye, and nothing is unconfirmed."""
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


def test_enough_places_are_cut() -> None:
    """At least 1,900 of them: all bytes of all schedules, both ways."""
    places = sum(sum(lengths(schedule).values()) + 2 for schedule in SCHEDULES)
    assert places >= 1900


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_client_that_comes_back_before_the_server_knows_takes_over(schedule: str) -> None:
    """Cut at every byte, and the server believes in the old connection all the while."""
    for offset in range(lengths(schedule)["up"] + 1):
        world = begin(schedule)
        world.up.left = offset
        world.run(1)
        world.cut(half=True)
        finish(world)
        assert world.verdicts == PERFECT, f"cut after {offset} bytes"


def test_the_answer_to_a_goodbye_may_be_lost() -> None:
    """Who has given it knows that all was said, and does not come back for it."""
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
    """A checker that cannot find anything would find everything perfect."""
    said = ["a", "b", "c"]
    assert judge(said, said) == Verdict()
    assert judge(said, ["a", "c"]) == Verdict(lost=1)
    assert judge(said, ["a", "b", "b", "c"]) == Verdict(doubled=1)
    assert judge(said, ["a", "b", "c", "d"]) == Verdict(unexpected=1)
    assert judge(said, ["b", "a", "c"]) == Verdict(reordered=1)
