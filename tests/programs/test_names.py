"""The client and the real resolver: hosts files and name servers that a test makes.

In a mount namespace of its own a program reads other files in the place of /etc/hosts and
/etc/resolv.conf; nothing outside is changed.
"""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harness import wire
from harness.stage import PATIENCE, ROOT
from tests.programs.test_connector import fill

ENTER = ("unshare", "--user", "--map-root-user", "--mount")

MOUNT = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
"""Put one file in the place of another, and become the program behind."""

SILENT = """\
import os, socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(("127.0.0.1", 53))
    server.set_inheritable(True)
    os.execv(sys.argv[1], sys.argv[1:])
"""
"""Be a name server that reads nothing, and become the program behind."""


def possible(*command: str) -> bool:
    """Return whether a command can be run here."""
    try:
        return not subprocess.run(command, capture_output=True).returncode
    except OSError:
        return False


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Yield a function that starts a client with the file `hosts` as its hosts file."""
    (tmp_path / "hosts").write_text("")
    if not possible(*ENTER, "sh", "-c", MOUNT, "", str(tmp_path), "/mnt", "true"):
        pytest.skip("this machine lets nobody make a mount namespace")
    with Started() as started:

        def start(*arguments: str, before: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
            hosts = str(tmp_path / "hosts")
            command = (*ENTER, *before[:1], "sh", "-c", MOUNT, "", hosts, "/etc/hosts")
            started.add((*command, *before[1:], sys.executable, "-m", "chatc", *arguments))
            return started.programs[-1]

        yield start


class Started:
    """The programs that a test has started; they are killed in the end."""

    def __init__(self) -> None:
        self.programs: list[subprocess.Popen[str]] = []

    def add(self, command: tuple[str, ...]) -> None:
        """Start a program with pipes in the place of a terminal."""
        pipe = subprocess.PIPE
        self.programs.append(
            subprocess.Popen(
                command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True
            )
        )

    def __enter__(self) -> "Started":
        """Return the programs."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill those that run."""
        for program in self.programs:
            program.kill()
            program.communicate()


def welcome(listener: socket.socket) -> tuple[socket.socket, bytes]:
    """Accept a client and answer its HELLO; return the connection and the session id."""
    listener.settimeout(PATIENCE)
    sock, _ = listener.accept()
    sock.settimeout(PATIENCE)
    kind, number, body = wire.receive(sock)
    assert (kind, number) == (wire.HELLO, 0)
    sock.sendall(wire.hello("Bob", wire.FREE, body[5:21]))
    return sock, body[5:21]


def test_the_second_address_of_a_name_is_found_though_the_first_is_silent(
    start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    """With a wait that is shorter than the time of one address."""
    names = "127.0.0.2 two.example\n127.0.0.3 two.example\n"
    (tmp_path / "hosts").write_text(names)
    with socket.create_server(("127.0.0.3", 0)) as listener:
        port = listener.getsockname()[1]
        with closing(fill("127.0.0.2", port)):
            client = start("--host", f"two.example:{port}", "--wait", "1")
            sock, _ = welcome(listener)
            with sock:
                assert client.stdout
                banner = f"Connected to: two.example on port: {port}\n"
                assert client.stdout.readline() == banner


def test_a_talk_goes_on_where_its_name_has_moved(
    start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    """The client comes back with the session id of the talk."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.2 moving.example\n")
    with socket.create_server(("127.0.0.2", 0)) as listener:
        port = listener.getsockname()[1]
        start("--host", "moving.example", "--port", str(port), "--retry", "30")
        sock, session = welcome(listener)
        # It is written in place: a new file would not be the one that is mounted.
        hosts.write_text("127.0.0.3 moving.example\n")
    with socket.create_server(("127.0.0.3", port)) as listener:
        sock.close()
        again, other = welcome(listener)
        again.close()
        assert other == session


def test_ctrl_c_is_heard_while_a_name_server_is_silent(
    start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    """The client ends at once, and says so."""
    if not possible(*ENTER, "--net", "ip", "link", "set", "lo", "up"):
        pytest.skip("this machine lets nobody make a network namespace")
    resolv = tmp_path / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:30\n")
    up = f'ip link set lo up && mount --bind {resolv} /etc/resolv.conf && exec "$@"'
    silent = ("--net", "sh", "-c", up, "", sys.executable, "-c", SILENT)
    client = start("--host", "friend.example", before=silent)
    assert client.stderr
    assert "waiting for it up to 60 s" in client.stderr.readline()
    client.send_signal(signal.SIGINT)
    _, errors = client.communicate(timeout=PATIENCE)
    assert client.returncode == 130
    assert errors == "Goodbye: you left before anybody came.\n"
