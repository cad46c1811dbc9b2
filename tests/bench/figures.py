"""`make figures`: what start-up and waiting cost, measured on this machine, now.

Start-up is timed from the outside, in pairs: one run of ours and one of the interpreter
with three imports, in turn, so that a machine that changes its speed changes both.
"""

import re
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.script import Script
from harness.stage import ROOT, Stage

RUNS = 25
IDLE_SECONDS = 60
IMPORTS = "import socket, selectors, argparse"


def main() -> int:
    """Measure and print a table; 0 when every figure is within its limit."""
    ratio, listening, bare = start_up()
    wakeups, memory = idle()
    rows = [
        ("'listening' / `python3 -c 'import ...'`", f"{ratio:.2f}", 1.6, ratio),
        ("'listening' after start, ms", f"{listening:.1f} (bare {bare:.1f})", None, 0),
        (
            f"wake-ups of the server, {IDLE_SECONDS} s idle",
            str(wakeups[0]),
            0,
            wakeups[0],
        ),
        (
            f"wake-ups of the client, {IDLE_SECONDS} s idle",
            str(wakeups[1]),
            0,
            wakeups[1],
        ),
        ("memory of the server, MiB", f"{memory[0]:.1f}", 20, memory[0]),
        ("memory of the client, MiB", f"{memory[1]:.1f}", 20, memory[1]),
    ]
    table = Table("figure", "measured", "at most")
    for name, measured, limit, _ in rows:
        table.add_row(name, measured, "" if limit is None else f"{limit:g}")
    Console().print(table)
    return 0 if all(limit is None or value <= limit for _, _, limit, value in rows) else 1


def start_up() -> tuple[float, float, float]:
    """Give the median ratio of a pair, and both medians in milliseconds."""
    pairs = []
    for _ in range(RUNS + 2):
        pairs.append((timed(_listen), timed(_import)))
    pairs = pairs[2:]  # the first runs compile and fill the caches
    ours, bare = zip(*pairs, strict=True)
    ratio = statistics.median(one / other for one, other in pairs)
    return ratio, 1000 * statistics.median(ours), 1000 * statistics.median(bare)


def timed(call: Callable[[], None]) -> float:
    """Give the seconds that a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


_servers: list[subprocess.Popen[bytes]] = []


def _listen() -> None:
    """Start a server and wait for its banner; the one before is ended outside the time."""
    command = [sys.executable, "-m", "chatd", "--port", "0"]
    server = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert server.stdout
    assert server.stdout.readline().startswith(b"Server listening")
    _servers.append(server)


def _import() -> None:
    subprocess.run([sys.executable, "-c", IMPORTS], cwd=ROOT, check=True)


def idle() -> tuple[list[int], list[float]]:
    """Let both programs be in the middle of a talk and count what they do: nothing."""
    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder)) as stage:
        lines = "client> Hello\nserver< Hello\nserver> Hi\nclient< Hi\nclient: asks"
        stage.play(Script.parse("idle", lines))
        processes = [stage.players[actor].process for actor in ("server", "client")]
        select.select([], [], [], 0.5)  # both have come to rest
        before = [_status(process, "voluntary_ctxt_switches") for process in processes]
        select.select([], [], [], IDLE_SECONDS)
        after = [_status(process, "voluntary_ctxt_switches") for process in processes]
        memory = [_status(process, "VmRSS") / 1024 for process in processes]
    return [end - start for start, end in zip(before, after, strict=True)], memory


def _status(process: int, name: str) -> int:
    text = Path(f"/proc/{process}/status").read_text("ascii")
    match = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    assert match
    return int(match[1])


if __name__ == "__main__":
    try:
        sys.exit(main())
    finally:
        for server in _servers:
            server.kill()
