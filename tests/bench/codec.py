"""Suites `decode` and `encode`: bytes in memory, all contenders in this one process.

Every contender is first given every kind of chunks untimed and must give back what was
framed; then all are timed in turn, scenario by scenario, with the garbage collector's
heap frozen, so that nobody pays for what others have built.
"""

import gc
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from tests.bench.contenders import CONTENDERS, Contender, available
from tests.bench.results import Sample
from tests.bench.table import Column, Job, Scope, Suite, Table

CHUNK = 65536
"""Bytes of one read, as our programs read."""

BATCH = 1 << 20
"""Bytes, about, that are decoded in one go."""

SECONDS = 0.01
"""How long one contender is timed in one round: many times the clock's resolution."""

QUICK_SECONDS = 0.004


class Scenario(NamedTuple):
    """Messages of some sizes, cut into chunks; what one time is divided by.

    `sizes` are the least and the greatest, drawn by chance where they differ. `pieces`
    likewise are the lengths of the chunks.
    """

    name: str
    sizes: tuple[int, int]
    pieces: tuple[int, int] = (CHUNK, CHUNK)
    batch: int = BATCH

    @property
    def bytewise(self) -> bool:
        """Whether every byte comes alone; then a byte is what is counted."""
        return self.pieces == (1, 1)

    def bodies(self) -> list[bytes]:
        """Make the messages, always the same ones."""
        chance = random.Random(7)
        pool = chance.randbytes(2 * self.sizes[1] + 4096)
        bodies, left = [], self.batch
        while left > 0:
            size, start = chance.randint(*self.sizes), chance.randrange(4096)
            bodies.append(pool[start : start + size])
            left -= size + 8
        return bodies

    def chunks(self, data: bytes) -> list[bytes]:
        """Cut a stream."""
        chance, pieces, start = random.Random(13), [], 0
        while start < len(data):
            end = start + chance.randint(*self.pieces)
            pieces.append(data[start:end])
            start = end
        return pieces


SIZES = (16, 64, 256, 1024, 4096)
WHOLE = tuple(Scenario(f"{size} B", (size, size)) for size in SIZES)
MIXED = Scenario("16-4096 B", (16, 4096))
SPLIT = Scenario("64 B, splits 1-200", (64, 64), (1, 200), 100_000)
BYTEWISE = tuple(
    Scenario(f"{size} B, byte by byte", (size, size), (1, 1), 8 * 4104)
    for size in (64, 4096)
)

DECODED = (*WHOLE, MIXED, SPLIT, *BYTEWISE)
ENCODED = (*WHOLE, MIXED)


class Wrong(Exception):
    """A contender has given something else than it was given."""


def check_decoder(
    contender: Contender, bodies: Sequence[bytes], scenario: Scenario
) -> None:
    """See that a decoder gives what was framed. Raises Wrong."""
    found: list[bytes] = []
    wire = b"".join(map(contender.frame, bodies))
    contender.decode(
        scenario.chunks(wire), lambda batch: found.extend(map(contender.body, batch))
    )
    if found != list(bodies):
        raise Wrong(f"{contender.name} does not decode {scenario.name}")


def check_encoder(contender: Contender, bodies: Sequence[bytes]) -> None:
    """See that an encoder gives the frames that were written by hand. Raises Wrong."""
    assert contender.encode
    wire = contender.encode(bodies)
    found: list[bytes] = []
    contender.decode([wire], lambda batch: found.extend(map(contender.body, batch)))
    # Ours numbers its messages, which the frame written by hand does not.
    size = sum(len(contender.frame(body)) for body in bodies)
    if found != list(bodies) or len(wire) != size:
        raise Wrong(f"{contender.name} does not encode")


@contextmanager
def decoding(scope: Scope) -> Iterator[Sequence[Job]]:
    """Check and prepare every decoder in every scenario."""
    jobs: list[Job] = []
    for scenario in DECODED:
        bodies = scenario.bodies()
        for contender in available(CONTENDERS, _once(scope, scenario)):
            check_decoder(contender, bodies, scenario)
            wire = b"".join(map(contender.frame, bodies))
            chunks = scenario.chunks(wire)
            count = len(wire) if scenario.bytewise else len(bodies)
            # `len` is the cheapest that can be called with a batch.
            call = partial(contender.decode, chunks, len)
            jobs.append(_job(contender.name, scenario.name, call, count, scope.quick))
    with _frozen():
        yield jobs


@contextmanager
def encoding(scope: Scope) -> Iterator[Sequence[Job]]:
    """Check and prepare every encoder in every scenario."""
    jobs: list[Job] = []
    for scenario in ENCODED:
        bodies = scenario._replace(batch=CHUNK).bodies()
        for contender in available(CONTENDERS, _once(scope, scenario)):
            if contender.encode:
                check_encoder(contender, bodies)
                call = partial(contender.encode, bodies)
                jobs.append(
                    _job(contender.name, scenario.name, call, len(bodies), scope.quick)
                )
    with _frozen():
        yield jobs


def _once(scope: Scope, scenario: Scenario) -> Callable[[str], None]:
    """Return a function that reports what is left out, for the first scenario only."""
    return scope.say if scenario is WHOLE[0] else lambda words: None


def _job(name: str, metric: str, call: Callable[[], Any], count: int, quick: bool) -> Job:
    """Return a job that repeats a call for some time; nanoseconds for each of `count`."""
    seconds = QUICK_SECONDS if quick else SECONDS
    once = min(_time(call, 1) for _ in range(2))
    repeats = max(1, round(seconds / once))

    def job() -> list[Sample]:
        return [Sample(name, metric, 1e9 * _time(call, repeats) / count)]

    return job


def _time(call: Callable[[], Any], repeats: int) -> float:
    """Return the seconds that one call takes, on average."""
    began = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - began) / repeats


@contextmanager
def _frozen() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _both(scenarios: Sequence[Scenario]) -> Iterator[Column]:
    """Yield for each scenario the time, and how many times as fast as websockets it is."""
    for each in scenarios:
        yield Column(f"ns, {each.name}", each.name)
        yield Column("x websockets", each.name, "websockets", faster=True)


def _tables(scenarios: Sequence[Scenario]) -> list[Table]:
    """Return two tables, for many scenarios: the times, and how many times as fast."""
    times = [Column(each.name, each.name) for each in scenarios]
    faster = [Column(each.name, each.name, "websockets", faster=True) for each in scenarios]
    return [
        Table("ns per message", "", times),
        Table("times as fast as websockets", "", faster),
    ]


DECODE = Suite(
    "decode",
    "Messages out of bytes, in memory, in chunks of 64 KiB unless said otherwise. Ours are "
    "checked and numbered, websockets' unmasked; the others have nothing but a length.",
    [
        *_tables((*WHOLE, MIXED)),
        Table("in small chunks: ns per message", "", [*_both([SPLIT])]),
        Table("byte by byte: ns per byte", "", [*_both(BYTEWISE)]),
    ],
    decoding,
    rounds=41,
    quick_rounds=11,
)

ENCODE = Suite(
    "encode",
    "Messages into one buffer of about 64 KiB, in memory.",
    _tables(ENCODED),
    encoding,
    rounds=41,
    quick_rounds=11,
)
