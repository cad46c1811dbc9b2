"""`python3 -m harness proxy`: a network that takes orders from its arguments and stdin."""

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.proxy import is_order
from harness.proxy_command import ORDERS
from harness.stage import PATIENCE, ROOT


def command(*arguments: str) -> list[str]:
    """Return the command line, with the interpreter of the tests."""
    return [sys.executable, "-m", "harness", "proxy", *arguments]


@contextmanager
def ending(process: subprocess.Popen[str]) -> Iterator[None]:
    """End a process after a test, and when it is silent for too long."""
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        process.kill()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """Return a socket that listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        yield server


def test_bytes_pass_and_orders_are_carried_out(server: socket.socket) -> None:
    """Those of the command line at once, those of stdin as they come."""
    target = f"127.0.0.1:{server.getsockname()[1]}"
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(
            command("--to", target, "delivers 1 byte at a time"),
            cwd=ROOT,
            stdin=pipe,
            stdout=pipe,
            text=True,
        ) as proxy,
        ending(proxy),
    ):
        assert proxy.stdin and proxy.stdout
        banner = proxy.stdout.readline()
        assert banner.endswith(f", to {target}\n")
        assert proxy.stdout.readline() == "order: delivers 1 byte at a time\n"
        match = re.search(r"port: (\d+)", banner)
        assert match
        with socket.create_connection(("127.0.0.1", int(match[1])), PATIENCE) as client:
            peer, _ = server.accept()
            assert proxy.stdout.readline() == "connection 1\n"
            client.sendall(b"ab")
            assert peer.recv(9) == b"a"
            proxy.stdin.write("dances\nhelp\ncut\n")
            proxy.stdin.flush()
            assert (
                proxy.stdout.readline() == "There is no order 'dances'; help lists them.\n"
            )
            listed = [proxy.stdout.readline() for _ in ORDERS.splitlines()]
            assert "".join(listed) == ORDERS + "\n"
            assert proxy.stdout.readline() == "order: cut\n"
            peer.close()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        pytest.param(["--to", "a:b"], "'a:b' is not HOST:PORT", id="no-port"),
        pytest.param(["--to", ":1", "dances"], "there is no order 'dances'", id="no-order"),
    ],
)
def test_a_wrong_call_is_exit_code_2(arguments: list[str], says: str) -> None:
    """In one sentence, before anything listens."""
    run = subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert says in run.stderr and run.stderr.count("\n") == 1


def test_a_port_that_is_in_use_is_exit_code_3(server: socket.socket) -> None:
    """The sentence has the port."""
    port = str(server.getsockname()[1])
    run = subprocess.run(
        command("--listen", port, "--to", ":1"), cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 3
    assert f"cannot listen on port {port}" in run.stderr


def test_each_listed_order_is_one() -> None:
    """As `help` shows them: several in a line, with a comma between, and what they do."""
    listed = [re.split(r" {2,}", line)[0].split(", ") for line in ORDERS.splitlines()]
    orders = [order for line in listed for order in line]
    assert len(orders) >= 10
    assert all(map(is_order, orders))


def test_a_call_without_a_command_names_the_commands() -> None:
    """And is a wrong call."""
    run = subprocess.run(
        [sys.executable, "-m", "harness"], cwd=ROOT, capture_output=True, text=True
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert {"play", "proxy", "referee"} <= {
        line.split()[0] for line in run.stderr.splitlines() if line
    }
    assert run.stderr.splitlines()[0].startswith("usage: python3 -m harness ")
