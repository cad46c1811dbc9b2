"""Suite `private`: the same talk with a ticket and in clear, in pairs of rounds."""

import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from chatlib.identity import Identity, derive, make_context
from chatlib.ticket import make_secret
from harness.stage import ROOT
from harness.ticket import write_ticket
from tests.bench import programs
from tests.bench.pairs import Chat, Pair
from tests.bench.results import Sample
from tests.bench.table import Column, Job, Scope, Suite, Table
from tests.bench.versions import start
from tests.processes import memory

CLEAR, PRIVATE = "in clear", "in private"

# What a process grows by when it imports what only a private talk needs, in MiB.
IMPORT = """
import re

def resident():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmRSS:\\s+(\\d+)", status.read())[1]) / 1024

import chatd.listener
before = resident()
import chatlib.identity, chatlib.sealed
print(resident() - before)
"""

HANDSHAKES = 50


@contextmanager
def jobs(scope: Scope) -> Iterator[Sequence[Job]]:
    """Yield one job for each kind of talk, and one for the handshake."""
    with tempfile.TemporaryDirectory(prefix="ticket-") as folder:
        path = Path(folder) / "ticket"
        write_ticket(path, ["127.0.0.1"], 1)
        talks = (chat(CLEAR), chat(PRIVATE, "--ticket", str(path)))
        for talk in talks:
            with Pair(talk):
                pass  # the first run compiles
        yield [*(partial(measure, talk, scope.quick) for talk in talks), shake_hands]


def chat(name: str, *options: str) -> Chat:
    """Return the two programs, in free talk, with these options on both sides."""
    where = ("--host", "127.0.0.1", "--port", "{port}", *options)
    return Chat(
        name,
        "chatd",
        (*start(ROOT, "chatd"), "--mode", "free", *where),
        (*start(ROOT, "chatc"), *where),
        (b"client: ", b"server: "),
    )


def measure(talk: Chat, quick: bool) -> list[Sample]:
    """Measure one kind of talk once."""
    samples = list(programs.measure(talk, quick))
    with Pair(talk) as pair:
        used = memory(pair.listener.pid)
    return [*samples, Sample(talk.name, "MiB", used)]


def shake_hands() -> list[Sample]:
    """Return what a handshake costs, both ends together, and what comes before it."""
    identity = derive(make_secret())
    contexts = [make_context(identity, server=server) for server in (False, True)]
    began = time.process_time()
    for _ in range(HANDSHAKES):
        shake(*contexts)
    spent = 1000 * (time.process_time() - began) / HANDSHAKES
    began = time.process_time()
    prepare(make_secret())
    made = 1000 * (time.process_time() - began)
    command = [sys.executable, "-c", IMPORT]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [
        Sample(PRIVATE, "import MiB", float(run.stdout)),
        Sample(PRIVATE, "handshake CPU ms", spent),
        Sample(PRIVATE, "keys CPU ms", made),
    ]


def prepare(secret: bytes) -> Identity:
    """Make the keys, and the context of one end."""
    identity = derive(secret)
    make_context(identity, server=True)
    return identity


def shake(client: ssl.SSLContext, server: ssl.SSLContext) -> None:
    """Let two ends shake hands; each has nothing more to say after three turns."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(3):
        for end in ends:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    assert ends[1].version() == "TLSv1.3"


def _columns() -> Iterator[Column]:
    """Yield each figure, and what part of that in clear it is, over the pairs of rounds."""
    for metric in ("back p50", "lines/s", "CPU us/line", "MiB"):
        yield Column(metric, metric)
        yield Column(f"{metric} / clear", metric, CLEAR)
    for metric in ("import MiB", "handshake CPU ms", "keys CPU ms"):
        yield Column(metric, metric)


PRIVATE_TALK = Suite(
    "private",
    "A talk with a ticket beside one in clear. 64-byte lines; there and back on one CPU, "
    "bulk with one CPU each, memory of the server with a client; the part of it that is "
    "the import of TLS and keys stands beside it. Handshake: both ends together; keys: all "
    "that a program makes of a ticket at its start.",
    [Table("in clear and in private", "", list(_columns()))],
    jobs,
    rounds=15,
    quick_rounds=5,
)
