"""Suite `busy`: a line is typed while others arrive. Is any damaged, or late?

A raw client sends numbered lines to a real `chatd` in free talk on the edited terminal,
at a steady rate, while keys are typed there, at another. Every line is timed from the
moment it is sent until it comes out of the terminal.
"""

import re
import select
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from harness import wire
from harness.player import Player
from harness.script import Script
from harness.stage import Stage
from tests.bench.results import Sample, percentile
from tests.bench.table import Column, Job, Scope, Suite, Table

KEYS = "the quick brown fox jumps over the lazy dog "

LINES = 1600
QUICK_LINES = 400
LINES_RATE = 200.0
"""Lines a second that arrive."""

KEYS_RATE = 60.0
"""Keys a second that are pressed."""

LINE_KEYS = 50
"""Keys after which the typist presses Enter."""

_SHOWN = re.compile(rb"m(\d{5})")


@dataclass
class Load:
    """What came of it."""

    latencies: list[float] = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    screen: list[str] = field(default_factory=list)

    @property
    def damaged(self) -> list[str]:
        """The lines of the screen that are neither the peer's nor the typist's, whole."""
        own = {f"> you: {line}".rstrip() for line in self.typed}
        return [
            line
            for line in self.screen
            if not re.fullmatch(r"  peer: m\d{5}", line) and line not in own
        ]

    @property
    def median(self) -> float:
        """The median of the latencies, in seconds."""
        return statistics.median(self.latencies)


class Talk:
    """The peer, the typist and the clock that moves both."""

    def __init__(self, player: Player, peer: socket.socket) -> None:
        self.load = Load()
        self._player = player
        self._peer = peer
        self._heard = b""
        self._seen = b""
        self._sent: list[float] = []
        self._keys = 0
        self._line = ""

    def run(self, lines: int, lines_rate: float, keys_rate: float) -> None:
        """Send and type at these rates (a second) until all lines have been shown."""
        began = time.perf_counter()
        while len(self.load.latencies) < lines:
            now = time.perf_counter() - began
            while len(self._sent) < min(lines, now * lines_rate):
                self._send()
            while self._keys < now * keys_rate:
                self._press()
            due = min(
                (len(self._sent) + 1) / lines_rate if len(self._sent) < lines else now + 1,
                (self._keys + 1) / keys_rate,
            )
            self._listen(max(0.0, due - now))

    def finish(self) -> None:
        """Press Enter, and wait until the peer has all that was typed."""
        self._enter()
        while self.load.received != self.load.typed:
            self._listen(5)

    def _send(self) -> None:
        number = len(self._sent) + 1
        self._sent.append(time.perf_counter())
        self._peer.sendall(wire.text(number, f"m{number:05}"))

    def _press(self) -> None:
        key = KEYS[self._keys % len(KEYS)]
        self._keys += 1
        self._line += key
        self._player.presses(key)
        if self._keys % LINE_KEYS == 0:
            self._enter()

    def _enter(self) -> None:
        self._player.presses("\r")
        self.load.typed.append(self._line)
        self._line = ""

    def _listen(self, seconds: float) -> None:
        peer = self._peer.fileno()
        fds = [self._player.fd, self._player.errors_fd, peer]
        ready = select.select(fds, [], [], seconds)[0]
        if self._player.fd in ready:
            self._look()
        if self._player.errors_fd in ready:
            self._player.read_errors()
        if peer in ready:
            self._hear()

    def _look(self) -> None:
        """Note what has come out; drawing it waits until nothing is timed any more."""
        data = self._player.read()
        now = time.perf_counter()
        self._seen += data
        for match in _SHOWN.finditer(self._seen):
            if int(match[1]) == len(self.load.latencies) + 1:  # a repaint shows none again
                self.load.latencies.append(now - self._sent[int(match[1]) - 1])
        self._seen = self._seen[-20:]

    def _hear(self) -> None:
        self._heard += self._peer.recv(65536)
        while len(self._heard) >= 8:
            end = 8 + int.from_bytes(self._heard[:2], "big")
            if len(self._heard) < end:
                break
            if self._heard[2] == wire.TEXT:
                self.load.received.append(self._heard[8:end].decode())
            self._heard = self._heard[end:]


def measure(
    lines: int, lines_rate: float = LINES_RATE, keys_rate: float = KEYS_RATE
) -> Load:
    """Let so many lines arrive; give what came of it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stage(Path(folder), terminal="edited") as stage,
    ):
        stage.play(Script.parse("load", "server: starts with --mode free"))
        with socket.create_connection(("127.0.0.1", stage.port)) as peer:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.sendall(wire.hello("peer"))
            assert wire.receive(peer)[0] == wire.HELLO
            stage.play(Script.parse("load", "server: asks"))
            player = stage.players["server"]
            head = len(player.screen.lines)
            talk = Talk(player, peer)
            talk.run(lines, lines_rate, keys_rate)
            talk.finish()
            player.screen.feed(b"")  # by now the view has it all
            talk.load.screen = player.screen.lines[head:]
    return talk.load


@contextmanager
def jobs(scope: Scope) -> Iterator[Sequence[Job]]:
    """Yield the one job: it starts its own server."""
    yield [partial(_sample, QUICK_LINES if scope.quick else LINES)]


def _sample(lines: int) -> list[Sample]:
    load = measure(lines)
    return [
        Sample("chatd", "damaged", len(load.damaged)),
        Sample("chatd", "p50", 1000 * load.median),
        Sample("chatd", "p99", 1000 * percentile(load.latencies, 0.99)),
    ]


BUSY = Suite(
    "busy",
    f"{LINES_RATE:g} lines a second arrive on the edited terminal while {KEYS_RATE:g} keys "
    "a second are typed there.",
    [
        Table(
            "sent until shown",
            "",
            [
                Column("p50, ms", "p50"),
                Column("p99, ms", "p99"),
                Column("damaged lines", "damaged"),
            ],
        )
    ],
    jobs,
    rounds=1,
    quick_rounds=1,
)
