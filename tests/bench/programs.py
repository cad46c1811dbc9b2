"""Suite `programs`: whole programs, from one's stdin to the other's stdout.

Three ways, each round with a fresh pair of each chat:

* typed: a line is written when both programs have been asleep for a moment, as they are
  when a person types; in turn to one and to the other.
* there and back: the next line is written as soon as the last one has come.
* bulk: numbered lines, as many as the pipe takes; every one must come, in its place.

For the first two all run on one CPU, we too: then it is the path that is timed and not
how fast one CPU wakes up another. In bulk each program has a CPU of its own.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from tests.bench.pairs import CHATS, OURS, Broken, Chat, Pair, available, numbered
from tests.bench.results import Sample, percentile
from tests.bench.table import Column, Job, Scope, Suite, Table

TYPED = 100
QUICK_TYPED = 40
BACK = 1500
QUICK_BACK = 500
BULK = 100_000
QUICK_BULK = 30_000

WARM = 20
"""Lines there and back before anything is timed."""


@contextmanager
def jobs(scope: Scope) -> Iterator[Sequence[Job]]:
    """Yield one job for each chat; each starts its own pair."""
    cpus = os.sched_getaffinity(0)
    try:
        chats = [chat for chat in available(CHATS, scope.say) if works(chat, scope.say)]
        yield [partial(measure, chat, scope.quick) for chat in chats]
    finally:
        os.sched_setaffinity(0, cpus)


def works(chat: Chat, say: Callable[[str], None]) -> bool:
    """Start a pair once: what is compiled, is; another kind of nc is left out.

    Raises Broken for ours: without it there is nothing to measure.
    """
    try:
        with Pair(chat):
            return True
    except Broken as error:
        if chat is OURS:
            raise
        say(f"{chat.name} is left out: {error}")
        return False


def measure(chat: Chat, quick: bool) -> list[Sample]:
    """Measure one chat once, in all three ways."""
    first, *_, last = sorted(os.sched_getaffinity(0)) * 2
    cpus = os.sched_getaffinity(0)
    lines = QUICK_BULK if quick else BULK
    with Pair(chat) as pair:
        pin(pair, {first}, first, first)
        there_and_back(pair, WARM)
        alone = typed(pair, QUICK_TYPED if quick else TYPED)
        back = there_and_back(pair, QUICK_BACK if quick else BACK)
        pin(pair, cpus, first, last)
        used = pair.cpu_seconds()
        seconds = pair.pour(0, lines)
        used = pair.cpu_seconds() - used
    figures = {
        "p50": 1e6 * percentile(alone, 0.5),
        "p99": 1e6 * percentile(alone, 0.99),
        "back p50": 1e6 * percentile(back, 0.5),
        "back p99": 1e6 * percentile(back, 0.99),
        "lines/s": lines / seconds,
        "CPU us/line": 1e6 * used / lines,
    }
    return [Sample(chat.name, metric, value) for metric, value in figures.items()]


def pin(pair: Pair, ours: set[int], listener: int, connector: int) -> None:
    """Choose the CPUs on which we and both programs run."""
    os.sched_setaffinity(0, ours)
    pair.listener.pin(listener)
    pair.connector.pin(connector)


def typed(pair: Pair, count: int) -> list[float]:
    """Write single lines to sleeping programs; give the seconds of each."""
    times = []
    for number, line in enumerate(numbered(0, count)):
        source, target = pair.ends[:: -1 if number % 2 else 1]
        pair.settle()
        began = time.perf_counter()
        os.write(source.input, line)
        target.expect(line)
        times.append(time.perf_counter() - began)
    return times


def there_and_back(pair: Pair, count: int) -> list[float]:
    """Write a line to one, when it has come one to the other, and so on."""
    near, far = pair.ends
    times = []
    for line in numbered(0, count):
        began = time.perf_counter()
        os.write(near.input, line)
        far.expect(line)
        os.write(far.input, line)
        near.expect(line)
        times.append(time.perf_counter() - began)
    return times


PROGRAMS = Suite(
    "programs",
    "64-byte lines from one program's stdin to the other's stdout. Ours are numbered, "
    "acknowledged and made safe for a screen; nc copies bytes.",
    [
        Table(
            "typed: both asleep before each line, all on one CPU",
            "",
            [
                Column("p50, us", "p50"),
                Column("p99, us", "p99"),
                Column("p50 / nc", "p50", "nc"),
                Column("p50 / websockets", "p50", "websockets"),
            ],
        ),
        Table(
            "there and back, without a pause, all on one CPU",
            "",
            [
                Column("p50, us", "back p50"),
                Column("p99, us", "back p99"),
                Column("p50 / nc", "back p50", "nc"),
                Column("p50 / websockets", "back p50", "websockets"),
            ],
        ),
        Table(
            "bulk, one way, one CPU each",
            "",
            [
                Column("lines/s", "lines/s"),
                Column("x websockets", "lines/s", "websockets"),
                Column("CPU us/line", "CPU us/line"),
                Column("CPU / websockets", "CPU us/line", "websockets"),
            ],
        ),
    ],
    jobs,
    rounds=21,  # where its libraries lie in memory is a program's luck, for all of a round
    quick_rounds=3,
)
