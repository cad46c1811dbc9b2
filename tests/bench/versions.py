"""Suite `versions`: this checkout beside an older one, in pairs of rounds.

    python -m tests.bench --suite versions --before ../older

Both run on the interpreter that runs this. What is measured is what a user of either can
feel, or what stands on the way of every line.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from harness.stage import BANNER, ROOT
from tests.bench import programs
from tests.bench.pairs import Broken, Chat, Pair
from tests.bench.results import Sample
from tests.bench.table import Column, Job, Scope, Suite, Table
from tests.processes import memory

BEFORE, NOW = "before", "now"

# Both versions have these two names; each runs this in a process of its own.
CODEC = """
import time
from chatlib.protocol.frames import Kind, encode
from chatlib.protocol.reader import FrameReader

bodies = [b"%064d" % number for number in range(50_000)]
began = time.perf_counter()
wire = b"".join([encode(Kind.TEXT, 1, body) for body in bodies])
encoded = time.perf_counter() - began
chunks = [wire[at : at + 65536] for at in range(0, len(wire), 65536)]
reader = FrameReader()
began = time.perf_counter()
for chunk in chunks:
    reader.feed(chunk)
    reader.frames.clear()
decoded = time.perf_counter() - began
print(1e9 * encoded / len(bodies), 1e9 * decoded / len(bodies))
"""


@contextmanager
def jobs(scope: Scope) -> Iterator[Sequence[Job]]:
    """Yield one job for each of the two checkouts. Raises Broken without an older one."""
    if scope.before is None:
        raise Broken("the suite 'versions' needs --before DIR, an older checkout")
    trees = {BEFORE: scope.before.resolve(), NOW: ROOT}
    for tree in trees.values():
        with Pair(chat(NOW, tree)):
            pass  # the first run compiles
    yield [partial(measure, name, tree, scope.quick) for name, tree in trees.items()]


def measure(name: str, tree: Path, quick: bool) -> list[Sample]:
    """Measure one checkout once."""
    samples = list(programs.measure(chat(name, tree), quick))
    encode, decode = code(tree)
    with Pair(chat(name, tree)) as pair:
        used = memory(pair.listener.pid)
    figures = {
        "'listening' ms": 1000 * until_listening(tree),
        "MiB": used,
        "encode ns": encode,
        "decode ns": decode,
    }
    return [*samples, *(Sample(name, metric, value) for metric, value in figures.items())]


def chat(name: str, tree: Path) -> Chat:
    """Return the two programs of a checkout, in free talk."""
    where = ("--host", "127.0.0.1", "--port", "{port}")
    return Chat(
        name,
        "chatd",
        (*start(tree, "chatd"), "--mode", "free", *where),
        (*start(tree, "chatc"), *where),
        (b"client: ", b"server: "),
    )


def start(tree: Path, program: str) -> list[str]:
    """Return the command that runs a program of a checkout, wherever it is started."""
    code = (
        f"import os, sys, runpy; os.chdir({str(tree)!r}); sys.path[0] = {str(tree)!r}; "
        f"sys.argv[0] = {program!r}; runpy.run_module({program!r}, run_name='__main__')"
    )
    return [sys.executable, "-c", code.replace("{", "{{").replace("}", "}}")]


def code(tree: Path) -> tuple[float, float]:
    """Return nanoseconds for a 64-byte message: encoded, decoded."""
    command = [sys.executable, "-c", CODEC]
    run = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True)
    encoded, decoded = map(float, run.stdout.split())
    return encoded, decoded


def until_listening(tree: Path) -> float:
    """Return the seconds from a server's start until it prints that it listens."""
    began = time.perf_counter()
    server = subprocess.Popen(
        [*start(tree, "chatd"), "--port", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout
    found = BANNER.search(server.stdout.readline())
    seconds = time.perf_counter() - began
    server.kill()
    server.communicate()
    assert found
    return seconds


def _columns() -> Iterator[Column]:
    """Yield each figure, and what part of the older one it is, over the pairs of rounds."""
    for metric in (
        *("back p50", "lines/s", "CPU us/line"),
        *("'listening' ms", "MiB", "encode ns", "decode ns"),
    ):
        yield Column(metric, metric)
        yield Column(f"{metric} / {BEFORE}", metric, BEFORE)


VERSIONS = Suite(
    "versions",
    "This checkout and an older one. 64-byte lines; there and back on one CPU, bulk with "
    "one CPU each, memory of the server with a client.",
    [Table("before and now", "", list(_columns()))],
    jobs,
    rounds=15,
    quick_rounds=5,
)
