"""Suites `idle` and `silence`: what it costs to wait, and to find out that nobody is there.

Idle programs are all watched in the same seconds, with nothing else running here.
"""

import select
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from math import ceil
from pathlib import Path

from harness.script import Script
from harness.stage import Stage, Watcher
from tests.bench.limits import PING_WAKE_UPS
from tests.bench.results import Sample
from tests.bench.startup import listen
from tests.bench.table import Column, Job, Scope, Suite, Table
from tests.processes import cpu_seconds, memory, switches, threads

SECONDS = 60
QUICK_SECONDS = 12

REST = 2
"""Seconds before it counts: the editor waits one for what may follow an Escape."""

PING_EVERY = 10
"""Seconds without input after which a program asks whether the other is there."""

LOST = "lost: nothing was heard for"
"""What a program says when it was not."""

MIDDLE = "client> Hello\nserver< Hello\nserver> Hi\nclient< Hi\nclient: asks"
"""A conversation that has come to rest."""


@contextmanager
def idling(scope: Scope) -> Iterator[Sequence[Job]]:
    """Start a server, and a pair on each terminal; give one job for all of them."""
    with ExitStack() as stack:
        processes = {"server, waiting": _server(stack)}
        for terminal in ("plain", "edited"):
            players = _talk(stack, terminal).players
            for actor in ("server", "client"):
                processes[f"{actor}, {terminal}"] = players[actor].process
        yield [partial(watch, processes, QUICK_SECONDS if scope.quick else SECONDS)]


def watch(processes: dict[str, int], seconds: float) -> list[Sample]:
    """Let time pass; say what each process has done meanwhile."""
    select.select([], [], [], REST)
    before = {each: (switches(each), cpu_seconds(each)) for each in processes.values()}
    select.select([], [], [], seconds)
    samples = []
    for name, process in processes.items():
        wake_ups = switches(process) - before[process][0]
        pings = PING_WAKE_UPS * ceil(seconds / PING_EVERY)
        figures = {
            "wake-ups": wake_ups,
            "beyond PINGs": max(0, wake_ups - pings),
            "CPU ms": 1000 * (cpu_seconds(process) - before[process][1]),
            "MiB": memory(process),
            "threads": threads(process),
        }
        samples += [Sample(name, metric, value) for metric, value in figures.items()]
    return samples


def _server(stack: ExitStack) -> int:
    """Start a server to which nobody comes."""
    server, _ = listen()
    stack.callback(server.communicate)
    stack.callback(server.kill)
    assert isinstance(server, subprocess.Popen)
    return server.pid


def _talk(
    stack: ExitStack, terminal: str, watcher: Watcher | None = None, before: str = ""
) -> Stage:
    """Bring two programs into the middle of a talk."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    stage = stack.enter_context(Stage(folder, watcher=watcher, terminal=terminal))
    stage.play(Script.parse("the middle of a talk", before + MIDDLE))
    return stage


@contextmanager
def freezing(scope: Scope) -> Iterator[Sequence[Job]]:
    """Yield the one job: it starts its own pair."""
    yield [freeze]


def freeze() -> list[Sample]:
    """Freeze the network in the middle of a talk; time until each program says so."""
    noticed: dict[str, float] = {}

    def look(actor: str, sign: str, line: str) -> None:
        if LOST in line:
            noticed[actor] = time.perf_counter() - began

    with ExitStack() as stack:
        stage = _talk(stack, "plain", look, "network: delivers as it comes\n")
        stage.play(Script.parse("silence", "network: freezes"))
        began = time.perf_counter()
        stage.patience = 4 * PING_EVERY
        stage.wait(lambda: len(noticed) == 2, lambda: f"noticed so far: {noticed}")
    return [Sample(actor, "s", seconds) for actor, seconds in sorted(noticed.items())]


IDLE = Suite(
    "idle",
    f"Nothing happens for {SECONDS} s ({QUICK_SECONDS} s with --quick). A PING and its "
    f"answer go each way every {PING_EVERY} s: {PING_WAKE_UPS} wake-ups of each program.",
    [
        Table(
            "idle",
            "",
            [
                Column("wake-ups", "wake-ups"),
                Column("beyond the PINGs", "beyond PINGs"),
                Column("CPU, ms", "CPU ms"),
                Column("memory, MiB", "MiB"),
                Column("threads", "threads"),
            ],
        )
    ],
    idling,
    rounds=1,
    quick_rounds=1,
)

SILENCE = Suite(
    "silence",
    "The network freezes in the middle of a talk: nothing arrives, and nobody is told.",
    [Table("a dead path", "noticed by the", [Column("after, s", "s")])],
    freezing,
    rounds=1,
    quick_rounds=1,
)
