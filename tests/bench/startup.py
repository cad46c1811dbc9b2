"""Suite `startup`: until a server listens, until a prompt can be seen; from outside.

Beside ours, in the same round, the interpreter alone, with the same .venv: nobody starts
faster than that.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import pexpect

from harness.stage import BANNER, ROOT
from tests.bench.results import Sample
from tests.bench.table import Column, Job, Scope, Suite, Table

IMPORTS = "socket, selectors, argparse"

BARE = "nothing"
"""Names the interpreter that does nothing at all."""


@contextmanager
def jobs(scope: Scope) -> Iterator[Sequence[Job]]:
    """Run a server that clients can call, and give one job for each way to start."""
    server, port = listen("--again", "--mode", "free", "--keep", "0")
    client = [sys.executable, "-m", "chatc", "--port", str(port)]
    timed: dict[str, Callable[[], None]] = {
        BARE: partial(interpret, ""),
        IMPORTS: partial(interpret, f"import {IMPORTS}"),
        "'listening'": until_listening,
        "prompt, plain": partial(until_prompt, [*client, "--plain"]),
        "prompt, edited": partial(until_prompt, client),
    }
    try:
        for call in timed.values():
            call()  # the first run compiles, and fills the caches
        yield [partial(_sample, name, call) for name, call in timed.items()]
    finally:
        server.kill()
        server.communicate()


def _sample(name: str, call: Callable[[], None]) -> list[Sample]:
    began = time.perf_counter()
    call()
    return [Sample(name, "ms", 1000 * (time.perf_counter() - began))]


def listen(*options: str) -> tuple["subprocess.Popen[str]", int]:
    """Start a server on a free port, wait for its banner; give both."""
    server = subprocess.Popen(
        [sys.executable, "-m", "chatd", "--port", "0", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout
    banner = BANNER.search(server.stdout.readline())
    assert banner
    return server, int(banner[1])


def until_listening() -> None:
    """Start a server; return when it has said that it listens. It is ended untimed."""
    server, _ = listen()
    server.kill()
    server.communicate()


def interpret(code: str) -> None:
    """Run the bare interpreter."""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def until_prompt(command: Sequence[str]) -> None:
    """Start a client on a terminal; return when its prompt can be seen."""
    child: pexpect.spawn[bytes] = pexpect.spawn(
        command[0], list(command[1:]), cwd=str(ROOT)
    )
    child.expect([r"to send\.\.\.", "/q leaves"])  # the plain and the edited terminal
    child.expect_exact(">")
    child.close(force=True)


STARTUP = Suite(
    "startup",
    "From the start of the process until it says so, or until it has ended where it is "
    "only the interpreter.",
    [
        Table(
            "start-up",
            "until",
            [
                Column("ms", "ms"),
                Column(f"/ {IMPORTS}", "ms", IMPORTS),
                Column(f"/ {BARE}", "ms", BARE),
            ],
        )
    ],
    jobs,
    rounds=41,
    quick_rounds=11,
)
