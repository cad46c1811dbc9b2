"""Many lines: while one is typed, and from a pipe. `make figures` does more of it."""

import os
import signal
import subprocess

from chatlib.protocol.session import WINDOW
from tests.bench import pouring
from tests.bench.typing import measure
from tests.processes import counted, switches

LIMIT = 0.005
"""Seconds from sent to shown, the median."""

LINE = b"x" * 63 + b"\n"

ENOUGH = 100_000
"""Lines after which a client that still takes them would take any number."""


def test_no_line_is_damaged_and_none_late_while_one_types() -> None:
    """200 lines a second arrive, 60 keys a second are typed; all that is typed is sent."""
    load = measure(400)
    assert not load.damaged
    assert load.screen.count("peer: m00400") == 1
    assert len(load.typed) > 2
    assert load.received == load.typed
    assert load.median <= LIMIT


def test_a_pipe_is_delivered_whole_and_costs_no_memory() -> None:
    """`cat big.txt | chatc`: every line, in order."""
    pour = pouring.measure(100_000)
    assert pour.complete
    assert pour.growth < 4


@counted
def test_of_a_pipe_no_more_is_taken_than_the_window_while_the_other_stands_still() -> None:
    """The rest waits in the kernel, and arrives when the other goes on."""
    options = ("--mode", "free", "--port", "0")
    with pouring.start("chatd", *options, stdout=subprocess.PIPE) as server:
        assert server.stdout
        port = server.stdout.readline().split()[-1].decode()
        with pouring.start("chatc", "--port", port, stdout=subprocess.DEVNULL) as client:
            assert client.stdin
            pouring.wait_until_idle(server, client)
            server.send_signal(signal.SIGSTOP)
            taken = take_all(client)
            server.send_signal(signal.SIGCONT)
            client.stdin.close()
            shown = server.stdout.read().count(b"client: " + LINE)
        # Some wait in the kernel's pipe, and one read of them in the client.
    assert WINDOW <= taken <= WINDOW + 2 * 65536 // len(LINE) + 1
    assert shown == taken


def take_all(client: "subprocess.Popen[bytes]") -> int:
    """Pour lines until the client takes no more of them; return how many it took."""
    assert client.stdin
    pipe, count = client.stdin.fileno(), 0
    os.set_blocking(pipe, False)
    for _ in range(ENOUGH):
        try:
            count += os.write(pipe, LINE) // len(LINE)
        except BlockingIOError:
            before = switches(client.pid)
            pouring.wait_until_idle(client)
            if before == switches(client.pid):
                break
    return count
