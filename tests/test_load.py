"""Many lines: while one is typed, and from a pipe. `make bench` does more of it."""

from tests.bench.growth import Flow
from tests.bench.typing import measure

LIMIT = 0.005
"""Seconds from sent to shown, the median."""


def test_no_line_is_damaged_and_none_late_while_one_types() -> None:
    """200 lines a second arrive, 60 keys a second are typed; all that is typed is sent."""
    load = measure(400)
    assert not load.damaged
    assert load.screen.count("peer: m00400") == 1
    assert len(load.typed) > 2
    assert load.received == load.typed
    assert load.median <= LIMIT


def test_a_pipe_is_delivered_whole_and_costs_no_memory() -> None:
    """`cat big.txt | chatc`: every line, in order; nobody holds more than the window."""
    flow = Flow(64)
    with flow.pair:
        flow.pour_until(100_000)  # raises Broken when a line is not what it should be
        assert max(flow.grown) < 4
