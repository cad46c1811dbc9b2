"""Suite `growth`: does the millionth message cost more than the thousandth?

For each size there is a pair that has carried a thousand messages, one that has carried a
hundred thousand, and one a million; in each round each is given a few more, in turn, and
timed. The pair at its thousandth is a new one in each round.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from tests.bench.pairs import OURS, Pair
from tests.bench.results import Sample
from tests.bench.table import Column, Job, Scope, Suite, Table
from tests.processes import memory, peak

SIZES = (64, 1024, 4096, 32768)
"""Bytes of a message; the last is the longest that there is."""

MARKS = {"1,000th": 1_000, "100,000th": 100_000, "1,000,000th": 1_000_000}

FULL = 1_000_000, 4 << 30
QUICK = 100_000, 128 << 20
"""What a pair carries at most before it is timed: messages, bytes."""

BLOCK = 4 << 20
"""Bytes that are made, poured and looked at in one go."""

BURST = 20_000
"""Messages, at most, of what is timed in one round: a tenth of a second."""


class Flow:
    """A pair of ours that numbered messages of one size are poured through.

    Raises Broken, of `pairs`, when one does not come as it should.
    """

    def __init__(self, size: int) -> None:
        self.pair = Pair(OURS)
        self._size = size
        self._count = 0
        self.pair.settle()
        self._before = [memory(end.pid) for end in self.pair.ends]

    def pour(self, count: int) -> float:
        """Pour so many more; give the seconds that took."""
        seconds = self.pair.pour(self._count, count, self._size + 1)
        self._count += count
        return seconds

    def pour_until(self, mark: int) -> None:
        """Pour as many as are missing until so many have gone through."""
        block = _at_most(BLOCK, self._size)
        while self._count < mark:
            self.pour(min(block, mark - self._count))

    @property
    def grown(self) -> tuple[float, float]:
        """MiB that the server's and the client's memory has grown by, at its greatest.

        What was freed before the talk began counts against that; it is less than a MiB.
        """
        server, client = (
            max(peak(end.pid), memory(end.pid)) - before
            for end, before in zip(self.pair.ends, self._before, strict=True)
        )
        return server, client


@contextmanager
def jobs(scope: Scope) -> Iterator[Sequence[Job]]:
    """Bring pairs to their marks; give a job for each size and mark."""
    with ExitStack() as stack:
        given: list[Job] = []
        messages, total = QUICK if scope.quick else FULL
        for size in SIZES:
            young, *old = MARKS.items()
            given.append(partial(measure_young, size, *young))
            for mark, count in old:
                if count <= messages and count * size <= total:
                    flow = stack.enter_context(flowing(size, count))
                    given.append(partial(measure, flow, size, mark))
        yield given


@contextmanager
def flowing(size: int, count: int) -> Iterator[Flow]:
    """Return a flow that has carried so many messages."""
    cpus = sorted(os.sched_getaffinity(0))
    flow = Flow(size)
    with flow.pair:
        # Where the kernel has put them, and together or not, would be half of a figure.
        flow.pair.listener.pin(cpus[0])
        flow.pair.connector.pin(cpus[-1])
        flow.pour_until(count)
        yield flow


def measure_young(size: int, mark: str, count: int) -> list[Sample]:
    """Measure a pair that has only now come to its mark."""
    with flowing(size, count) as flow:
        return measure(flow, size, mark)


def measure(flow: Flow, size: int, mark: str) -> list[Sample]:
    """Pour a burst; say what a message took, and what the programs' memory is."""
    flow.pair.settle()
    count = min(BURST, 2 * _at_most(BLOCK, size))
    spent = flow.pair.cpu_seconds()
    seconds = flow.pour(count)
    spent = flow.pair.cpu_seconds() - spent
    name = f"{size} B"
    server, client = flow.grown
    return [
        Sample(name, mark, 1e6 * seconds / count),
        Sample(name, f"CPU {mark}", 1e6 * spent / count),
        Sample(name, f"server MiB {mark}", memory(flow.pair.listener.pid)),
        Sample(name, f"client MiB {mark}", memory(flow.pair.connector.pid)),
        Sample(name, f"server grown MiB {mark}", server),
        Sample(name, f"client grown MiB {mark}", client),
    ]


def _at_most(total: int, size: int) -> int:
    return max(1, total // size)


def _columns(make: Callable[[str], Column]) -> list[Column]:
    return [make(mark) for mark in MARKS]


GROWTH = Suite(
    "growth",
    "Messages from the client's pipe to the server's stdout, both our programs, a burst "
    f"of up to {BURST:,} at each mark.",
    [
        Table(
            "time of a message, us",
            "message",
            [
                *_columns(lambda mark: Column(mark, mark)),
                *(
                    Column(f"{mark} / 1,000th", mark, beside="1,000th")
                    for mark in [*MARKS][1:]
                ),
            ],
        ),
        Table(
            "CPU time of a message, both programs, us",
            "message",
            _columns(lambda mark: Column(mark, f"CPU {mark}")),
        ),
        Table(
            "memory, MiB",
            "message",
            [
                Column(f"{program}, {mark}", f"{program} MiB {mark}")
                for program in ("server", "client")
                for mark in MARKS
            ],
        ),
        Table(
            "memory at its greatest, above that when connected, MiB",
            "message",
            [
                Column(f"{program}, {mark}", f"{program} grown MiB {mark}")
                for program in ("server", "client")
                for mark in MARKS
            ],
        ),
    ],
    jobs,
    rounds=31,
    quick_rounds=5,
)
