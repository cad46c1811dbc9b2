"""Suite `pressure`: what a program holds when its peer takes less than it is given.

The peer is a raw socket. It says HELLO and then never reads, or reads slowly and
acknowledges; lines are poured into the program's stdin as fast as the pipe takes them.
"""

import os
import select
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from harness import wire
from tests.bench.pairs import numbered
from tests.bench.results import Sample
from tests.bench.startup import listen
from tests.bench.table import Column, Job, Scope, Suite, Table
from tests.processes import memory, peak

SECONDS = 8.0
QUICK_SECONDS = 2.0

SIZE = 1024
"""Bytes of a line: many would be held, if any."""

SIP = 4096
"""Bytes that a slow peer reads at once, a hundred times a second."""


class Sipper:
    """A peer that reads a little, and acknowledges the messages that have come whole."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._rest = b""

    def sip(self) -> None:
        """Read once."""
        with suppress(BlockingIOError):
            self._rest += self._sock.recv(SIP)
        number = 0
        while len(self._rest) >= 8:
            end = 8 + int.from_bytes(self._rest[:2], "big")
            if len(self._rest) < end:
                break
            ((kind, found, _),) = wire.split(self._rest[:end])
            number = found if kind == wire.TEXT else number
            self._rest = self._rest[end:]
        if number:
            self._sock.send(wire.frame(wire.ACK, number))


@contextmanager
def jobs(scope: Scope) -> Iterator[Sequence[Job]]:
    """Yield one job for each peer; each starts its own server."""
    seconds = QUICK_SECONDS if scope.quick else SECONDS
    yield [
        partial(measure, "peer that never reads", seconds, False),
        partial(measure, "peer that reads slowly", seconds, True),
    ]


def measure(name: str, seconds: float, reads: bool) -> list[Sample]:
    """Pour lines for so long; say how much was taken and what memory that cost."""
    server, port = listen("--mode", "free")
    assert server.stdin
    try:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(wire.hello("peer"))
            assert wire.receive(sock)[0] == wire.HELLO
            sock.setblocking(False)
            before = memory(server.pid)
            taken = pour(server, Sipper(sock) if reads else None, seconds)
            grown = max(memory(server.pid), peak(server.pid)) - before
    finally:
        server.kill()
        with suppress(BrokenPipeError):
            server.communicate()
    return [
        Sample(name, "taken MiB", taken / (1 << 20)),
        Sample(name, "grown MiB", grown),
    ]


def pour(server: "subprocess.Popen[str]", peer: Sipper | None, seconds: float) -> int:
    """Write to a program's stdin whenever it takes something; give the bytes taken."""
    assert server.stdin
    stdin = server.stdin.fileno()
    os.set_blocking(stdin, False)
    data, taken = b"".join(numbered(0, 64, SIZE)), 0
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        with suppress(BlockingIOError):
            start = taken % SIZE  # what was begun goes on where the pipe was full
            taken += os.write(stdin, data[start:])
        if peer:
            peer.sip()
        select.select([], [stdin] if not peer else [], [], 0.01)
    return taken


PRESSURE = Suite(
    "pressure",
    f"Lines of {SIZE} bytes are poured into a server's stdin while its peer does not "
    "read, or reads up to 400 KiB a second. What is taken beyond what the peer reads "
    "waits in the kernel, or with us.",
    [
        Table(
            "pressure",
            "",
            [
                Column("taken, MiB", "taken MiB"),
                Column("memory grown by, MiB", "grown MiB"),
            ],
        )
    ],
    jobs,
    rounds=3,
    quick_rounds=1,
)
