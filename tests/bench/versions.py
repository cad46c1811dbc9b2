"""Suite `versions`: this checkout beside an older one, in pairs of rounds.

    python -m tests.bench --suite versions --before ../older

Both run on the interpreter that runs this. What is measured is what a user of either can
feel, or what stands on the way of every line.
"""

import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pexpect

from harness.stage import BANNER, ROOT
from tests.bench import programs
from tests.bench.pairs import Broken, Chat, Pair
from tests.bench.results import Sample
from tests.bench.startup import listen, until_prompt
from tests.bench.table import Column, Job, Scope, Suite, Table
from tests.processes import cpu_seconds, memory, switches

BEFORE, NOW = "before", "now"

IDLE_SECONDS = 20
QUICK_IDLE_SECONDS = 11
"""Of silence in each round, at least a PING long."""

IDLE = ("idle wake-ups", "idle CPU ms")

TERMINALS: dict[str, tuple[str, ...]] = {"edited": (), "plain": ("--plain",)}
"""The options for each terminal."""

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
    with ExitStack() as stack:
        server, port = listen("--again", "--mode", "free", "--keep", "0")
        stack.callback(server.communicate)
        stack.callback(server.kill)
        talks = {
            (name, terminal): talk(stack, tree, options)
            for name, tree in trees.items()
            for terminal, options in TERMINALS.items()
        }
        yield [
            *(partial(measure, *each, port, scope.quick) for each in trees.items()),
            partial(watch, talks, QUICK_IDLE_SECONDS if scope.quick else IDLE_SECONDS),
        ]


def measure(name: str, tree: Path, port: int, quick: bool) -> list[Sample]:
    """Measure one checkout once; at this port a server waits for its clients."""
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
    for terminal, options in TERMINALS.items():
        began = time.perf_counter()
        until_prompt([*on_terminal(tree, "chatc"), "--port", str(port), *options])
        figures[f"prompt, {terminal}, ms"] = 1000 * (time.perf_counter() - began)
    return [*samples, *(Sample(name, metric, value) for metric, value in figures.items())]


def talk(stack: ExitStack, tree: Path, options: Sequence[str]) -> list[int]:
    """Bring a checkout's two programs into a talk, each on a terminal; return their ids."""
    server = spawn(stack, [*on_terminal(tree, "chatd"), "--port", "0", *options])
    server.expect(r"port:\s+(\d+)\D")
    assert isinstance(server.match, re.Match)
    port = server.match[1]
    client = spawn(stack, [*on_terminal(tree, "chatc"), "--port", port, *options])
    client.expect("to send|/q leaves")
    return [each.pid for each in (server, client) if each.pid]


def spawn(stack: ExitStack, command: Sequence[str]) -> "pexpect.spawn[str]":
    """Start a program on a terminal of its own, until the stack is closed."""
    child = pexpect.spawn(command[0], [*command[1:]], encoding="utf-8")
    stack.callback(child.close, force=True)
    return child


def watch(talks: dict[tuple[str, str], list[int]], seconds: float) -> list[Sample]:
    """Let time pass; return what both programs of each talk have done meanwhile."""
    before = {each: spent(processes) for each, processes in talks.items()}
    select.select([], [], [], seconds)
    samples = []
    for (name, terminal), processes in talks.items():
        used = spent(processes)
        for metric, old, new in zip(IDLE, before[name, terminal], used, strict=True):
            samples.append(Sample(name, f"{metric}, {terminal}", new - old))
    return samples


def spent(processes: Sequence[int]) -> tuple[float, float]:
    """Return how often these were woken, and their CPU time in milliseconds."""
    return sum(map(switches, processes)), 1000 * sum(map(cpu_seconds, processes))


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


def on_terminal(tree: Path, program: str) -> list[str]:
    """Return the command that runs a program on a terminal that can do everything."""
    return ["env", "TERM=xterm-256color", *start(tree, program)]


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
        *("'listening' ms", *(f"prompt, {each}, ms" for each in TERMINALS), "MiB"),
        *("encode ns", "decode ns"),
        *(f"{metric}, {each}" for each in TERMINALS for metric in IDLE),
    ):
        yield Column(metric, metric)
        yield Column(f"{metric} / {BEFORE}", metric, BEFORE)


VERSIONS = Suite(
    "versions",
    "This checkout and an older one. 64-byte lines; there and back on one CPU, bulk with "
    "one CPU each, memory of the server with a client. Idle: both programs of a silent "
    f"talk together, {IDLE_SECONDS} s a round ({QUICK_IDLE_SECONDS} s with --quick).",
    [Table("before and now", "", list(_columns()))],
    jobs,
    rounds=15,
    quick_rounds=5,
)
