"""Suite `floods`: how long is a key not answered while a peer sends without an end?

The peer is a raw socket that says HELLO and then sends one kind of frame as fast as the
program takes it. On the program's terminal a short command is typed now and then, and timed
until its answer is seen. The terminal is read as fast as it comes.
"""

import os
import pty
import re
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path

from harness import wire
from harness.stage import BANNER, ROOT
from tests.bench.results import Sample
from tests.bench.table import Column, Job, Scope, Suite, Table

KEYS = 12
QUICK_KEYS = 4
"""How often the command is typed during each flood."""

BETWEEN = 0.1
"""Seconds from an answer to the next command."""

PATIENCE = 20.0
"""Seconds after which an answer is missing, and the time counts as this long."""

NAME = "n" * 127
"""The longest name that there is: it stands before every line of the peer."""

BLOCK = 1 << 16
"""Bytes that are made at once, roughly."""

WORST = "\x01\u00ad\u202e\N{COMBINING ACUTE ACCENT}"
"""Characters that need work: controls and formats that are shown by name, and a mark."""


def numbered(body: bytes, kind: int) -> Iterator[bytes]:
    """Yield blocks of messages with this body, numbered from 1 without a gap."""
    size = max(1, BLOCK // (8 + len(body)))
    for first in count(1, size):
        yield b"".join(wire.frame(kind, first + each, body) for each in range(size))


def repeated(frames: bytes, before: bytes = b"") -> Iterator[bytes]:
    """Yield the same frames again and again."""
    block = frames * max(1, BLOCK // len(frames))
    yield before
    while True:
        yield block


FLOODS: dict[str, Callable[[], Iterator[bytes]]] = {
    "offers": lambda: numbered(b"offer x me", wire.GAME),
    "moves": lambda: numbered(b"move 5", wire.GAME),
    "replays": lambda: repeated(wire.text(1, "x"), wire.text(1, "x")),
    "PINGs": lambda: repeated(wire.frame(wire.PING, 7)),
    "ACKs": lambda: repeated(wire.frame(wire.ACK, 0)),
    "one-byte lines": lambda: numbered(b"x", wire.TEXT),
    "32 KiB lines": lambda: numbered((WORST * 4095).encode(), wire.TEXT),
}
"""What is sent after HELLO, by the name of its row."""

WAYS: dict[str, tuple[str, ...]] = {
    "edited": (),
    "edited -vv": ("-vv", "--frame-log"),
    "plain": ("--plain",),
    "plain -vv": ("--plain", "-vv", "--frame-log"),
}
"""The options of the server, by the name of their column."""


READY = re.compile(rb"to send\.\.\.|/q leaves")
"""What a new user is told once somebody has come, on the plain and the edited terminal."""


class Flooded:
    """A server on a terminal of its own, and a peer that floods it."""

    def __init__(self, options: Sequence[str], flood: Iterator[bytes], log: Path) -> None:
        self.seen = b""
        self._flood = flood
        self._block = b""
        extra = [str(log)] if "--frame-log" in options else []
        command = [sys.executable, "-m", "chatd", "--port", "0", "--mode", "free"]
        self.terminal, child = pty.openpty()
        self.process = subprocess.Popen(
            [*command, "--no-history", *options, *extra],
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm-256color"},
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
        )
        os.close(child)
        while not (banner := BANNER.search(_plain(self.seen))):
            self.seen += os.read(self.terminal, BLOCK)
        self.peer = socket.create_connection(("127.0.0.1", int(banner[1])))
        self.peer.sendall(wire.hello(NAME))
        assert wire.receive(self.peer)[0] == wire.HELLO
        self.peer.setblocking(False)
        while not READY.search(self.seen):
            self.seen += os.read(self.terminal, BLOCK)

    def close(self) -> None:
        """End the server and the peer."""
        self.process.kill()
        self.process.wait()
        self.peer.close()
        os.close(self.terminal)

    def until(self, condition: Callable[[], bool], seconds: float) -> float:
        """Flood and read until something is so; return the seconds that took."""
        began = time.perf_counter()
        fds = [self.terminal, self.peer.fileno()]
        while not condition() and time.perf_counter() - began < seconds:
            readable, writable, _ = select.select(fds, [self.peer], [], 0.01)
            if self.terminal in readable:
                self.seen = self.seen[-BLOCK:] + os.read(self.terminal, BLOCK)
            with suppress(BlockingIOError):
                if fds[1] in readable and not self.peer.recv(BLOCK):
                    raise ConnectionError(_plain(self.seen[-1000:]))
            if writable:
                self._send()
        return time.perf_counter() - began

    def _send(self) -> None:
        self._block = self._block or next(self._flood)
        with suppress(BlockingIOError):
            self._block = self._block[self.peer.send(self._block) :]

    def press(self, number: int) -> float:
        """Type a command that does not exist; return the seconds until that is said."""
        word = b"/k%d" % number
        answer = b"There is no command %s " % word
        os.write(self.terminal, word + b"\r")
        return self.until(lambda: answer in self.seen, PATIENCE)


def _plain(data: bytes) -> str:
    return data.replace(b"\r", b"").decode(errors="replace")


def worst(way: str, kind: str, keys: int) -> float:
    """Return the seconds that the slowest of so many answers took during a flood."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        flooded = Flooded(WAYS[way], FLOODS[kind](), Path(folder, "log"))
        stack.callback(flooded.close)
        flooded.until(lambda: False, 3 * BETWEEN)
        slowest = 0.0
        for number in range(keys):
            slowest = max(slowest, flooded.press(number))
            flooded.until(lambda: False, BETWEEN)
    return slowest


@contextmanager
def jobs(scope: Scope) -> Iterator[Sequence[Job]]:
    """Yield one job for each flood; it starts a server for each way."""
    keys = QUICK_KEYS if scope.quick else KEYS
    yield [partial(_sample, kind, keys) for kind in FLOODS]


def _sample(kind: str, keys: int) -> list[Sample]:
    name = f"a key under {kind}"
    found = {way: 1000 * worst(way, kind, keys) for way in WAYS}
    return [
        *(Sample(name, way, milliseconds) for way, milliseconds in found.items()),
        Sample(name, "worst", max(found.values())),
    ]


FLOODED = Suite(
    "floods",
    "A peer sends one kind of frame without an end, as fast as it is taken. Meanwhile a "
    f"short command is typed {KEYS} times on the server's terminal, and timed until its "
    "answer is seen: the worst of them.",
    [
        Table(
            "a key until it is answered, worst, ms",
            "",
            [*(Column(way, way) for way in WAYS), Column("worst", "worst")],
        )
    ],
    jobs,
    rounds=1,
    quick_rounds=1,
)
