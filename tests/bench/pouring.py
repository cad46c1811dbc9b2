"""Pour numbered lines from a pipe through both real programs into a file.

Every line is numbered, acknowledged and made safe for a screen on its way. What is
looked at: that all arrive, in order; the lines a second; what both programs' memory has
grown by since they were idle.
"""

import select
import subprocess
import sys
import tempfile
import time
from typing import IO, NamedTuple

from harness.stage import ROOT
from tests.processes import memory, switches

WIDTH = 64
"""Bytes of a line, its end included."""

CHUNK = 10_000


class Pour(NamedTuple):
    """What came of it."""

    complete: bool
    rate: float
    """Lines a second, from the first written to both programs' end."""
    growth: float
    """MiB that the memory of the program that grew more has grown by, at most."""


def measure(count: int) -> Pour:
    """Pour so many lines."""
    with tempfile.TemporaryFile("w+b") as out:
        server = start("chatd", "--mode", "free", "--port", "0", stdout=subprocess.PIPE)
        assert server.stdout
        port = server.stdout.readline().split()[-1].decode()
        # What follows goes to the file: nobody here reads while the lines are poured.
        copier = subprocess.Popen(["cat"], stdin=server.stdout, stdout=out)
        client = start("chatc", "--port", port, stdout=subprocess.DEVNULL)
        wait_until_idle(server, client)
        before = [memory(process.pid) for process in (server, client)]
        began = time.perf_counter()
        assert client.stdin
        growth = _pour(client.stdin, count, (server, client), before)
        for process in (client, server, copier):
            process.wait()
        rate = count / (time.perf_counter() - began)
        out.seek(0)
        complete = _is_complete(out, count)
    return Pour(complete, rate, growth)


def start(program: str, *options: str, stdout: int) -> "subprocess.Popen[bytes]":
    """Start a program that is poured into."""
    return subprocess.Popen(
        [sys.executable, "-m", program, *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
    )


def wait_until_idle(*processes: "subprocess.Popen[bytes]") -> None:
    """Both have started and said HELLO when neither runs any more."""
    while True:
        before = [switches(each.pid) for each in processes]
        select.select([], [], [], 0.2)
        if before == [switches(each.pid) for each in processes]:
            return


def _pour(
    pipe: IO[bytes],
    count: int,
    processes: tuple["subprocess.Popen[bytes]", ...],
    before: list[float],
) -> float:
    growth = 0.0
    for start in range(0, count, CHUNK):
        numbers = range(start, min(start + CHUNK, count))
        pipe.write(b"".join(b"%0*d\n" % (WIDTH - 1, number) for number in numbers))
        now = [memory(process.pid) for process in processes]
        growth = max(growth, *(new - old for new, old in zip(now, before, strict=True)))
    pipe.close()
    return growth


def _is_complete(out: IO[bytes], count: int) -> bool:
    lines = (line for line in out if line.startswith(b"client: "))
    expected = (b"client: %0*d\n" % (WIDTH - 1, number) for number in range(count))
    return all(line == wanted for line, wanted in zip(lines, expected, strict=True))
