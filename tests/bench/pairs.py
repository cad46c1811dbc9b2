"""Two programs that carry lines to each other, on pipes: ours, nc, small chats.

`Pair` starts both, brings them into the middle of a talk, and writes to one and reads
from the other. Linux only: what a process does is looked up in /proc.
"""

import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from harness.stage import ROOT
from tests.processes import cpu_seconds, is_asleep, switches

PATIENCE = 60.0
"""Seconds without a byte after which a pair is given up."""

QUIET = 0.01
"""Seconds in which a program that is at rest has not run at all: longer than an ACK of
ours waits for more to confirm."""

READ_SIZE = 65536
"""Bytes per read. A megabyte would be mapped and unmapped at every read: that is 30 us, and
what runs between two of them finds the caches empty and takes a third longer."""


class Chat(NamedTuple):
    """A program, or two, for both ends; `{port}` stands for the port.

    `needs` is the module or the command that must be there. What comes out at an end has
    that end's `prefix` before it: the other's name.
    """

    name: str
    needs: str
    listen: Sequence[str]
    connect: Sequence[str]
    prefixes: tuple[bytes, bytes] = (b"", b"")


def _small(name: str, needs: str, function: str) -> Chat:
    command = (sys.executable, "-m", "tests.bench.chats", function)
    return Chat(
        name, needs, (*command, "listen", "{port}"), (*command, "connect", "{port}")
    )


_WHERE = ("--host", "127.0.0.1", "--port", "{port}")

OURS = Chat(
    "ours",
    "chatd",
    (sys.executable, "-m", "chatd", "--mode", "free", *_WHERE),
    (sys.executable, "-m", "chatc", *_WHERE),
    (b"client: ", b"server: "),
)

CHATS = (
    OURS,
    Chat("nc", "nc", ("nc", "-l", "127.0.0.1", "{port}"), ("nc", "127.0.0.1", "{port}")),
    _small("websockets", "websockets", "websockets"),
    _small("asyncio streams", "asyncio", "streams"),
    _small("twisted Int32", "twisted", "twisted"),
    _small("mp.connection", "multiprocessing", "connections"),
    _small("blocking sockets", "socket", "sockets"),
)


class Broken(Exception):
    """A pair that does not do what it is here for; the sentence says what."""


def available(chats: Iterable[Chat], say: Callable[[str], None]) -> list[Chat]:
    """Leave out what is not installed, and say so."""
    there = []
    for chat in chats:
        if shutil.which(chat.needs) or find_spec(chat.needs):
            there.append(chat)
        else:
            say(f"{chat.name} is left out: {chat.needs} is not installed")
    return there


def numbered(first: int, count: int, size: int = 64) -> list[bytes]:
    """Make lines that tell their number, of so many bytes with their end."""
    return [b"%0*d\n" % (size - 1, number) for number in range(first, first + count)]


class End:
    """One program of a pair, and what it has printed that was not looked at."""

    def __init__(self, command: Sequence[str], port: int, prefix: bytes) -> None:
        self.process = subprocess.Popen(
            [word.format(port=port) for word in command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert self.process.stdin and self.process.stdout
        self.input = self.process.stdin.fileno()
        self.output = self.process.stdout.fileno()
        self.prefix = prefix
        self._printed = b""
        self._poll = select.poll()
        self._poll.register(self.output, select.POLLIN)

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self.process.pid

    def expect(self, text: bytes) -> None:
        """Read until this has been printed, and past it. Raises Broken."""
        self.read_until(text)

    def read_until(self, text: bytes) -> bytes:
        """Read until this has been printed; give what stood before it. Raises Broken."""
        while text not in self._printed:
            if not self._poll.poll(1000 * PATIENCE):
                raise Broken(f"{text!r} has not come")
            data = os.read(self.output, READ_SIZE)
            if not data:
                raise Broken(f"ended before {text!r}")
            self._printed += data
        before, _, self._printed = self._printed.partition(text)
        return before

    def end_input(self) -> None:
        """Close its input: it is at its end."""
        assert self.process.stdin
        self.process.stdin.close()

    def read_to_the_end(self) -> bytes:
        """Read all that it prints until it has ended."""
        printed = bytearray(self._printed)
        while data := os.read(self.output, READ_SIZE):
            printed += data
        return bytes(printed)

    def pin(self, cpu: int) -> None:
        """Let it run on one CPU only, with all its threads."""
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {cpu})

    def close(self) -> None:
        """End it, if it still runs."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream
            with suppress(BrokenPipeError):
                stream.close()


class Pair:
    """Both ends of a chat in the middle of a talk; ended at the end of a `with`.

    Raises Broken when that cannot be reached.
    """

    def __init__(self, chat: Chat) -> None:
        port = _free_port()
        with ExitStack() as stack:
            self.listener = End(chat.listen, port, chat.prefixes[0])
            stack.callback(self.listener.close)
            _wait_until_listening(self.listener, port)
            self.connector = End(chat.connect, port, chat.prefixes[1])
            stack.callback(self.connector.close)
            self.ends = (self.listener, self.connector)
            for source, target in (self.ends[::-1], self.ends):
                os.write(source.input, b"here I am\n")
                target.expect(b"here I am\n")
            self._stack = stack.pop_all()

    def __enter__(self) -> "Pair":
        """Be closed at the end of a `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """End both."""
        self._stack.close()

    def settle(self) -> None:
        """Wait until both sleep, and have not run at all for a moment."""
        processes = [end.pid for end in self.ends]
        before: list[tuple[int, float]] = []
        since = 0.0
        while True:
            now = [(switches(each), cpu_seconds(each)) for each in processes]
            if now != before or not all(map(is_asleep, processes)):
                since = time.perf_counter()
            elif time.perf_counter() - since >= QUIET:
                return
            before = now
            select.select([], [], [], QUIET / 5)

    def cpu_seconds(self) -> float:
        """Return the CPU time that both have taken so far."""
        return sum(cpu_seconds(end.pid) for end in self.ends)

    def pour(self, first: int, count: int, size: int = 64) -> float:
        """Write numbered lines to the connector, as a pipe takes them, and read the
        listener's output until all have been printed; give the seconds that took.

        Raises Broken when one is missing, doubled, damaged or not in its place.
        """
        source, target = self.connector, self.listener
        lines = numbered(first, count, size)
        expected = target.prefix + target.prefix.join(lines)
        seconds, printed = _carry(source, target, b"".join(lines), len(expected))
        if printed != expected:
            raise Broken(f"what came of the lines {first} to {first + count} differs")
        return seconds


def _carry(source: End, target: End, data: bytes, expected: int) -> tuple[float, bytes]:
    """Write and read at once, until so many bytes have come."""
    rest = memoryview(data)
    printed: list[bytes] = []
    poll = select.poll()
    poll.register(source.input, select.POLLOUT)
    poll.register(target.output, select.POLLIN)
    os.set_blocking(source.input, False)
    began = time.perf_counter()
    while expected > 0:
        ready = poll.poll(1000 * PATIENCE)
        if not ready:
            raise Broken(f"{expected} bytes have not come")
        for fd, _ in ready:
            if fd == target.output:
                printed.append(os.read(fd, READ_SIZE))
                expected -= len(printed[-1])
                if not printed[-1]:
                    raise Broken(f"ended {expected} bytes before the end")
            else:
                with suppress(BlockingIOError):
                    rest = rest[os.write(fd, rest[:65536]) :]
                if not rest:
                    poll.unregister(fd)
    seconds = time.perf_counter() - began
    os.set_blocking(source.input, True)
    return seconds, b"".join(printed)


def _free_port() -> int:
    """Return a port that nobody has at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _wait_until_listening(end: End, port: int) -> None:
    """Wait for it without connecting: that would take the only seat."""
    deadline = time.monotonic() + PATIENCE
    while not _listens(port):
        if end.process.poll() is not None or time.monotonic() > deadline:
            raise Broken(f"{end.process.args!r} does not listen")
        select.select([], [], [], 0.001)


def _listens(port: int) -> bool:
    """Look whether a port is in state LISTEN (proc_net_tcp: 0A)."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text("ascii").splitlines():
            words = line.split()
            if words[3] == "0A" and words[1].endswith(f":{port:04X}"):
                return True
    return False
