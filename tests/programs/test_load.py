"""Many lines: while one is typed, and from a pipe. `make bench` does more of it."""

import os
import select
import signal

from chatlib.connection import GOODBYE_SECONDS
from chatlib.protocol.session import WINDOW
from tests.bench.growth import Flow
from tests.bench.pairs import OURS, Pair
from tests.bench.typing import measure

LIMIT = 0.005
"""Seconds from sent to shown, the median."""

LINE = b"x" * 63 + b"\n"

ENOUGH = 100_000
"""Lines after which a client that still takes them would take any number."""

COUNT = WINDOW - 100

STILL_SECONDS = GOODBYE_SECONDS + 0.5
"""How long a screen stands still: longer than a person waits for an answer to `/q`."""

FULL_SECONDS = 0.5
"""How long a pipe that nobody reads is watched."""


def test_no_line_is_damaged_or_late_while_a_person_types() -> None:
    """200 lines and 60 keys a second; every line that is typed arrives too."""
    load = measure(400)
    assert not load.damaged
    assert load.screen.count("  peer: m00400") == 1
    assert len(load.typed) > 2
    assert load.received == load.typed
    assert load.median <= LIMIT


def test_a_pipe_is_delivered_whole_and_costs_no_memory() -> None:
    """`cat big.txt | chatc`: every line, in order; no side keeps more than the window."""
    flow = Flow(64)
    with flow.pair:
        flow.pour_until(100_000)  # raises Broken when a line is not what it should be
        assert max(flow.grown) < 4


def test_no_more_of_a_pipe_is_read_than_the_window_while_the_peer_is_stopped() -> None:
    """The rest waits in the kernel, and arrives when the peer is continued."""
    with Pair(OURS) as pair:
        pair.settle()
        pair.listener.process.send_signal(signal.SIGSTOP)
        taken = take_all(pair.connector.input)
        pair.listener.process.send_signal(signal.SIGCONT)
        os.set_blocking(pair.connector.input, True)
        os.write(pair.connector.input, b"the last\n")
        shown = pair.listener.read_until(b"the last\n").count(LINE)
    # Some wait in the kernel's pipe, and one read of them in the client.
    assert WINDOW <= taken <= WINDOW + 2 * 65536 // len(LINE) + 1
    assert shown == taken


def take_all(pipe: int) -> int:
    """Write lines until no more are read; return how many were."""
    os.set_blocking(pipe, False)
    count = 0
    while count < ENOUGH and select.select([], [pipe], [], FULL_SECONDS)[1]:
        count += os.write(pipe, LINE) // len(LINE)
    return count


def test_a_screen_that_stands_still_delays_a_goodbye_and_loses_no_line() -> None:
    """A pipe that has ended waits until the peer has shown its lines."""
    # All may be sent, for they are less than the window; but the pipe that nobody reads
    # holds only half of them.
    with Pair(OURS) as pair:
        pair.settle()
        for _ in range(2):
            os.write(pair.connector.input, LINE * (COUNT // 2))
        pair.connector.end_input()
        select.select([], [], [], STILL_SECONDS)
        shown = pair.listener.read_to_the_end().count(LINE)
        codes = [end.process.wait() for end in pair.ends]
    assert (shown, codes) == (COUNT, [0, 0])
