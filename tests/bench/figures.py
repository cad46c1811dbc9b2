"""`make figures`: what start-up and waiting cost, measured on this machine, now.

Start-up is timed from the outside, in pairs: one run of ours and one of the interpreter
with three imports, in turn, so that a machine that changes its speed changes both.
"""

import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pexpect
from rich.console import Console
from rich.table import Table

from harness.script import Script
from harness.stage import ROOT, Stage, Watcher
from tests.bench.pouring import measure as measure_pouring
from tests.bench.typing import measure
from tests.processes import memory, switches, threads

RUNS = 25
IDLE_SECONDS = 60
LINES = 1600
MILLION = 1_000_000
PINGS = 24
"""Every ten seconds a question and its answer: a sleep after each, on both ends."""

SILENCE = "lost: nothing was heard for"
SILENCE_SECONDS = 20.1
"""How long a connection may be dead before both programs say so: 20 s after the last byte
that came, and a moment until it is seen here."""

IMPORTS = "import socket, selectors, argparse"


class Figure(NamedTuple):
    """One row of the table: what it is, what was measured, what it may be at most."""

    name: str
    measured: str
    value: float = 0
    limit: float | None = None


def main() -> int:
    """Measure and print a table; 0 when every figure is within its limit."""
    figures = [*start_up(), *first_prompt(), *waiting(), *typing(), *pouring()]
    table = Table("figure", "measured", "at most")
    for figure in figures:
        limit = "" if figure.limit is None else f"{figure.limit:g}"
        table.add_row(figure.name, figure.measured, limit)
    Console().print(table)
    kept = [figure.limit is None or figure.value <= figure.limit for figure in figures]
    return 0 if all(kept) else 1


def start_up() -> Iterator[Figure]:
    """Time a server until it listens, against the bare interpreter, pair by pair."""
    ratio, ours, bare = compare(partial(timed, _listen), partial(timed, _import))
    yield Figure("'listening' / `python3 -c 'import ...'`", f"{ratio:.2f}", ratio, 1.6)
    yield Figure("'listening' after start, ms", f"{ours:.1f} (bare {bare:.1f})")


def first_prompt() -> Iterator[Figure]:
    """Time a client until its prompt can be seen, against a bare interpreter."""
    port = _listen("--again", "--mode", "free", "--keep", "0")
    client = [sys.executable, "-m", "chatc", "--port", port]
    ratio, ours, bare = compare(partial(_prompt, client), partial(timed, _bare))
    yield Figure("first prompt, edited, ms", f"{ours:.1f} (bare {bare:.1f})", ours, 200)
    yield Figure("first prompt, edited / `python3 -c ''`", f"{ratio:.1f}")


def compare(one: Callable[[], float], other: Callable[[], float]) -> tuple[float, ...]:
    """Take the times of both, in turn; give the median ratio, and medians in ms."""
    pairs = [(one(), other()) for _ in range(RUNS + 2)]
    pairs = pairs[2:]  # the first runs compile and fill the caches
    ours, bare = zip(*pairs, strict=True)
    ratio = statistics.median(first / second for first, second in pairs)
    return ratio, 1000 * statistics.median(ours), 1000 * statistics.median(bare)


def timed(call: Callable[[], object]) -> float:
    """Give the seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


_servers: list[subprocess.Popen[bytes]] = []


def _listen(*options: str) -> str:
    """Start a server, wait for its banner, give its port. All are ended at the end."""
    server = subprocess.Popen(
        [sys.executable, "-m", "chatd", "--port", "0", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    _servers.append(server)
    assert server.stdout
    banner = server.stdout.readline().decode()
    assert banner.startswith("Server listening")
    return banner.split()[-1]


def _import() -> None:
    subprocess.run([sys.executable, "-c", IMPORTS], cwd=ROOT, check=True)


def _bare() -> None:
    subprocess.run([sys.executable, "-c", ""], cwd=ROOT, check=True)


def _prompt(command: list[str]) -> float:
    """Start a client on a terminal; give the seconds until its prompt can be seen."""
    began = time.perf_counter()
    child: pexpect.spawn[bytes] = pexpect.spawn(command[0], command[1:], cwd=str(ROOT))
    child.expect_exact("to send...")
    child.expect_exact(">")
    seconds = time.perf_counter() - began
    child.close(force=True)
    return seconds


def waiting() -> Iterator[Figure]:
    """Let programs be in the middle of a talk, and count what they do: nothing.

    Meanwhile two others find out that nothing comes from anywhere any more.
    """
    with ExitStack() as stack:
        stages = {name: _talk(stack, name) for name in ("plain", "edited")}
        processes = {
            f"{actor}, {terminal}": stage.players[actor].process
            for terminal, stage in stages.items()
            for actor in ("server", "client")
        }
        select.select([], [], [], 2)  # the editor waits for what may follow an Escape
        before = {name: switches(each) for name, each in processes.items()}
        end = time.perf_counter() + IDLE_SECONDS
        yield from dead_path()
        select.select([], [], [], end - time.perf_counter())
        for name, process in processes.items():
            count = switches(process) - before[name]
            yield Figure(f"wake-ups in {IDLE_SECONDS} s, {name}", str(count), count, PINGS)
        for name, process in processes.items():
            size = memory(process)
            limit = 20 if "plain" in name else None
            yield Figure(f"memory of the {name}, MiB", f"{size:.1f}", size, limit)
        most = max(threads(process) for process in processes.values())
        yield Figure("threads", str(most), most, 1)


def dead_path() -> Iterator[Figure]:
    """Freeze the network in the middle of a talk; time until each program says so."""
    noticed: dict[str, float] = {}

    def watch(actor: str, sign: str, line: str) -> None:
        if SILENCE in line:
            noticed[actor] = time.perf_counter() - began

    with ExitStack() as stack:
        stage = _talk(stack, "plain", watch, "network: delivers as it comes\n")
        stage.play(Script.parse("dead path", "network: freezes"))
        began = time.perf_counter()
        stage.patience = 2 * SILENCE_SECONDS
        stage.wait(lambda: len(noticed) == 2, lambda: f"noticed so far: {noticed}")
    for actor, seconds in sorted(noticed.items()):
        name = f"until the {actor} notices a dead path, s"
        yield Figure(name, f"{seconds:.2f}", seconds, SILENCE_SECONDS)


def _talk(
    stack: ExitStack, terminal: str, watcher: Watcher | None = None, before: str = ""
) -> Stage:
    """Bring two programs into the middle of a talk."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    stage = stack.enter_context(Stage(folder, watcher=watcher, terminal=terminal))
    lines = "client> Hello\nserver< Hello\nserver> Hi\nclient< Hi\nclient: asks"
    stage.play(Script.parse("the middle of a talk", before + lines))
    return stage


def typing() -> Iterator[Figure]:
    """Let 1600 lines arrive, 200 a second, while 60 keys a second are typed."""
    load = measure(LINES)
    median, longest = 1000 * load.median, 1000 * max(load.latencies)
    damaged = len(load.damaged)
    yield Figure(f"damaged of {LINES} lines while one types", str(damaged), damaged, 0)
    yield Figure("sent to shown, p50, ms", f"{median:.1f} (max {longest:.1f})", median, 5)


def pouring() -> Iterator[Figure]:
    """Pour a million lines from a pipe through both programs."""
    pour = measure_pouring(MILLION)
    yield Figure(
        "lost of a million lines", "0" if pour.complete else "some", not pour.complete, 0
    )
    yield Figure("lines a second", f"{pour.rate:.0f}")
    yield Figure("memory grown by meanwhile, MiB", f"{pour.growth:.1f}", pour.growth, 4)


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        for server in _servers:
            server.kill()
