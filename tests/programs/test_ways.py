"""The ways to each other that docs/ways.md names, each in a network of its own."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.namespaces import Machine, Network, needed, network
from tests.programs.private import Talker, start

pytestmark = needed

IN_BETWEEN = "a firewall may be in between"


@pytest.fixture
def net() -> Iterator[Network]:
    """An empty network."""
    with network() as made:
        yield made


@contextmanager
def serve(machine: Machine, host: str) -> Iterator[tuple[Talker, str]]:
    """Run a private server on a machine; yield it, and its ticket."""
    with start("chatd", "--private", "--host", host, before=machine.enter) as server:
        yield server, server.sees("chat1:")


@contextmanager
def call(machine: Machine, ticket: str, *options: str) -> Iterator[Talker]:
    """Run a client on a machine; give it the ticket."""
    with start("chatc", "--private", *options, before=machine.enter) as client:
        client.says(ticket)
        yield client


def talk(server: Talker, client: Talker) -> None:
    """A line arrives, and both end by a goodbye."""
    client.sees("privately")
    client.says("Over there")
    server.sees("Over there")
    server.says("Back again")
    client.sees("Back again")
    client.says("/q")
    client.exits(0)
    server.exits(0)


def pair(net: Network, one: str, other: str) -> tuple[Machine, Machine]:
    """Return a server's and a client's machine with a wire between them."""
    server, client = net.machine("s"), net.machine("c")
    net.wire(server, one, client, other)
    return server, client


def home(net: Network) -> tuple[Machine, Machine, Machine]:
    """Return a server's machine, the router that it is behind, and a client's outside."""
    server, router, client = net.machine("s"), net.machine("r"), net.machine("c")
    net.wire(router, "192.0.2.1/24", client, "192.0.2.2/24")
    net.wire(server, "10.7.0.2/24", router, "10.7.0.1/24")
    server.go_by("10.7.0.1")
    router.translate("eth0")
    return server, router, client


class Ssh:
    """Keys and a known host in a folder of the test's own; no file of the user's."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        for name in ("host", "user"):
            command = [
                "ssh-keygen",
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-f",
                f"{folder}/{name}",
            ]
            subprocess.run(command, check=True, timeout=10)

    def listen(self, machine: Machine, address: str) -> None:
        """Run sshd on a machine until the test ends."""
        config = self._folder / "sshd_config"
        config.write_text(
            f"ListenAddress {address}\nHostKey {self._folder}/host\nPidFile none\n"
            f"AuthorizedKeysFile {self._folder}/user.pub\nStrictModes no\nUsePAM no\n"
            "PermitRootLogin prohibit-password\nPasswordAuthentication no\n"
        )
        Path("/run/sshd").mkdir(exist_ok=True)
        sshd = ("/usr/sbin/sshd", "-D", "-e", "-f", str(config))
        self._start(machine, "Server listening", *sshd)

    def forward(self, machine: Machine, way: str, address: str) -> None:
        """Run `ssh -N` with this -L or -R until the test ends; wait until it works."""
        options = ["-F", "none", "-i", f"{self._folder}/user", "-o", "BatchMode=yes"]
        options += ["-o", "StrictHostKeyChecking=no"]
        options += ["-o", f"UserKnownHostsFile={self._folder}/known"]
        options += ["-o", "ExitOnForwardFailure=yes"]
        ready = "remote forward success" if way == "-R" else "Entering interactive session"
        line = ("-N", way, "7777:localhost:7777", f"root@{address}")
        self._start(machine, ready, "ssh", "-v", *options, *line)

    def _start(self, machine: Machine, ready: str, *command: str) -> None:
        process = subprocess.Popen(
            [*machine.enter, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._stack.callback(process.communicate)
        self._stack.callback(process.terminate)
        assert process.stderr
        seen = ""
        for line in process.stderr:
            seen += line
            if ready in line:
                return
        pytest.fail(f"{ready!r} never came:\n{seen}")


@pytest.fixture
def ssh(net: Network, tmp_path: Path) -> Iterator[Ssh]:
    """SSH between its machines."""
    with ExitStack() as stack:
        yield Ssh(tmp_path, stack)


@pytest.mark.parametrize(
    ("one", "other", "host"),
    [
        ("192.0.2.1/24", "192.0.2.2/24", "0.0.0.0"),
        ("2001:db8::1/64", "2001:db8::2/64", "::"),
    ],
    ids=["IPv4", "IPv6 alone"],
)
def test_one_network(net: Network, one: str, other: str, host: str) -> None:
    """The printed ticket is enough."""
    here, there = pair(net, one, other)
    with serve(here, host) as (server, ticket), call(there, ticket) as client:
        assert one.partition("/")[0] in ticket
        talk(server, client)


def test_link_local(net: Network) -> None:
    """An address with its interface is enough where the other's interface has that name."""
    here, there = pair(net, "192.0.2.1/24", "192.0.2.2/24")
    address = f"{here.link_local('eth0')}%eth0"
    with serve(here, address) as (server, ticket), call(there, ticket) as client:
        assert "%eth0" in ticket
        talk(server, client)


def test_port_forwarding(net: Network) -> None:
    """A server behind a router is out of reach until the router passes its port on."""
    here, router, there = home(net)
    with serve(here, "0.0.0.0") as (server, ticket):
        with call(there, ticket, "--wait", "0") as client:
            client.exits(3)
        router.forward(7777, "10.7.0.2")
        with call(there, ticket, "--host", "192.0.2.1", "--port", "7777") as client:
            talk(server, client)


@pytest.mark.parametrize("verdict", ["drop", "reject"])
def test_firewall(net: Network, verdict: str) -> None:
    """Out of reach, until the port is opened."""
    here, there = pair(net, "192.0.2.1/24", "192.0.2.2/24")
    here.filter(
        "table inet wall {\nchain in {\ntype filter hook input priority 0;\n"
        f"tcp dport 7777 {verdict}\n}}\n}}\n"
    )
    with serve(here, "192.0.2.1") as (server, ticket):
        with call(there, ticket, "--wait", "1") as client:
            client.exits(3)
        here.run("nft", "flush", "chain", "inet", "wall", "in")
        with call(there, ticket) as client:
            talk(server, client)


def test_in_vain(net: Network) -> None:
    """Who gives up before the advice of 20 s is told, too, what may be in between."""
    here, _, there = home(net)
    with serve(here, "0.0.0.0") as (_, ticket), call(there, ticket, "--wait", "1") as it:
        assert IN_BETWEEN in it.exits(3)


def test_ssh_to_the_server(net: Network, ssh: Ssh) -> None:
    """`ssh -L` on the client's machine reaches a server on its own loopback."""
    here, there = pair(net, "192.0.2.1/24", "192.0.2.2/24")
    ssh.listen(here, "192.0.2.1")
    with serve(here, "127.0.0.1") as (server, ticket):
        ssh.forward(there, "-L", "192.0.2.1")
        with call(there, ticket, "--host", "localhost", "--port", "7777") as client:
            talk(server, client)


def test_ssh_to_the_client(net: Network, ssh: Ssh) -> None:
    """`ssh -R` on the server's machine, which is behind a router, reaches the client."""
    here, _, there = home(net)
    ssh.listen(there, "192.0.2.2")
    with serve(here, "127.0.0.1") as (server, ticket):
        ssh.forward(here, "-R", "192.0.2.2")
        with call(there, ticket, "--host", "localhost", "--port", "7777") as client:
            talk(server, client)


def test_ssh_to_a_third(net: Network, ssh: Ssh) -> None:
    """Both are behind a router of their own: they meet on a machine that both reach."""
    here, _, third = home(net)
    gate, there = net.machine("g"), net.machine("x")
    net.wire(gate, "198.51.100.1/24", third, "198.51.100.2/24")
    net.wire(there, "10.8.0.2/24", gate, "10.8.0.1/24")
    there.go_by("10.8.0.1")
    gate.translate("eth0")
    ssh.listen(third, "0.0.0.0")
    with serve(here, "127.0.0.1") as (server, ticket):
        ssh.forward(here, "-R", "192.0.2.2")
        ssh.forward(there, "-L", "198.51.100.2")
        with call(there, ticket, "--host", "localhost", "--port", "7777") as client:
            talk(server, client)
