"""Networks of one's own, each tried in a process that ends: there is no way back."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.referee.isolation import can_isolate

ROOT = Path(__file__).parent.parent.parent

needs_namespaces = pytest.mark.skipif(
    not can_isolate(), reason="this system gives no network namespaces"
)


def in_a_network(code: str) -> str:
    """Run code in an isolated process; return what it prints."""
    start = (
        "import socket\n"
        "from harness.referee.isolation import Network, isolate\n"
        "assert isolate()\n"
        "network = Network(isolated=True)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", start + code], cwd=ROOT, capture_output=True, text=True
    )
    assert not run.stderr
    return run.stdout.strip()


@needs_namespaces
def test_the_host_is_called_localhost() -> None:
    """So that gethostname() is as good an address as any that students write."""
    code = "print(socket.gethostname(), socket.gethostbyname(socket.gethostname()))"
    assert in_a_network(code) == "localhost 127.0.0.1"


@needs_namespaces
def test_both_places_have_the_same_port_free() -> None:
    """A listener in one is not reached from the other."""
    code = (
        "ears = {}\n"
        "for place in ('server', 'client'):\n"
        "    with network.inside(place):\n"
        "        ears[place] = socket.create_server(('127.0.0.1', 7777))\n"
        "with network.inside('client'):\n"
        "    near = socket.create_connection(('127.0.0.1', 7777))\n"
        "far, _ = ears['client'].accept()\n"
        "print(far.getpeername() == near.getsockname())\n"
        "ears['server'].setblocking(False)\n"
        "try:\n"
        "    ears['server'].accept()\n"
        "except BlockingIOError:\n"
        "    print('nobody')\n"
    )
    assert in_a_network(code) == "True\nnobody"


@needs_namespaces
def test_what_a_run_leaves_behind_does_not_reach_the_next() -> None:
    """A port in TIME_WAIT is free in a new network."""
    code = (
        "def talk():\n"
        "    ear = socket.socket()\n"
        "    ear.bind(('127.0.0.1', 7777))\n"
        "    ear.listen()\n"
        "    near = socket.create_connection(('127.0.0.1', 7777))\n"
        "    far, _ = ear.accept()\n"
        "    far.close(); near.close(); ear.close()\n"
        "talk()\n"
        "try:\n"
        "    talk()\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
        "network = Network(isolated=True)\n"
        "talk()\n"
    )
    assert in_a_network(code) == "Address already in use"
