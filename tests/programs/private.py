"""Both programs in a private talk, as real processes on pipes."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness.stage import ROOT

SECONDS = 15.0
"""How long a test waits for something that should happen soon."""


class Talker:
    """A program: what is typed into it, and what it shows.

    stdout and stderr are one stream, in the order in which they were written.
    `before` is a command that runs the program, such as one that enters a namespace.
    """

    def __init__(
        self,
        program: str,
        *options: str,
        before: tuple[str, ...] = (),
        **environment: str,
    ) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-m", program, "--plain", *options],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.shown = ""
        self._at = 0  # behind what the test has seen

    def says(self, *lines: str) -> None:
        """Type lines."""
        assert self.process.stdin
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self.process.stdin.flush()

    def sees(self, text: str) -> str:
        """Wait for a line with this text, behind those that were seen; return it."""
        end = time.monotonic() + SECONDS
        while True:
            at = self.shown.find(text, self._at)
            stop = self.shown.find("\n", at)
            if at >= 0 and stop >= 0:
                self._at = stop
                return self.shown[self.shown.rfind("\n", 0, at) + 1 : stop]
            left = max(0, end - time.monotonic())
            assert self._read(left), f"{text!r} never came behind:\n{self.shown}"

    def exits(self, code: int) -> str:
        """Wait for the end, and check the exit code; return all that was shown."""
        end = time.monotonic() + SECONDS
        while self._read(max(0, end - time.monotonic())):
            pass
        assert self.process.wait(SECONDS) == code, self.shown
        assert "Traceback" not in self.shown, self.shown
        return self.shown

    def _read(self, seconds: float) -> bool:
        """Read what is there; return False at the end of the stream, or of the time."""
        assert self.process.stdout
        fd = self.process.stdout.fileno()
        if not select.select([fd], [], [], seconds)[0]:
            return False
        data = os.read(fd, 65536)
        self.shown += data.decode()
        return bool(data)

    def end(self) -> None:
        """Kill what is left of it."""
        self.process.kill()
        self.process.communicate()

    def stand_still(self) -> None:
        """Stop it, as Ctrl-Z does."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it run again."""
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def start(
    program: str, *options: str, before: tuple[str, ...] = (), **environment: str
) -> Iterator[Talker]:
    """Run a program; end it in any case."""
    talker = Talker(program, *options, before=before, **environment)
    try:
        yield talker
    finally:
        talker.end()


@contextmanager
def serve(*options: str, **environment: str) -> Iterator[tuple[Talker, str]]:
    """Run a private server; yield it, and its ticket's line."""
    given = ("--private", "--host", "127.0.0.1", "--port", "0", *options)
    with start("chatd", *given, before=(), **environment) as server:
        yield server, server.sees("chat1:")


@contextmanager
def call(ticket: str, *options: str, **environment: str) -> Iterator[Talker]:
    """Run a client that is given this ticket."""
    with start("chatc", "--private", *options, before=(), **environment) as client:
        client.says(ticket)
        yield client


def port_of(ticket: str) -> int:
    """Return the port in a ticket's line."""
    found = re.fullmatch(r"chat1:.*:(\d+):[^:]*", ticket)
    assert found
    return int(found[1])
