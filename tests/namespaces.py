"""Networks of the tests' own: machines, wires and routers as network namespaces.

No packet leaves them. Root and iproute2 are needed; a router's rules need nft.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

TOOLS = ("ip", "nft", "sshd", "ssh", "ssh-keygen")

MISSING = [tool for tool in TOOLS if not shutil.which(tool)]

needed = pytest.mark.skipif(
    os.geteuid() != 0 or bool(MISSING),
    reason=f"needs root and {', '.join(MISSING or TOOLS)}",
)
"""Mark of a test that builds a network."""


class Machine:
    """A network namespace."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.enter = ("ip", "netns", "exec", name)
        self._wires = 0
        _run("ip", "netns", "add", name)

    def set_up(self) -> None:
        """Bring its loopback up; IPv6 addresses count at once, without a look for twins."""
        self.run("sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *command: str) -> str:
        """Run a command inside; return what it wrote. Raises CalledProcessError."""
        return _run(*self.enter, *command)

    def next_interface(self) -> str:
        """Return the name of its next interface: eth0, eth1."""
        self._wires += 1
        return f"eth{self._wires - 1}"

    def go_by(self, router: str) -> None:
        """Send what is for other networks to this address."""
        self.run("ip", "route", "add", "default", "via", router)

    def filter(self, rules: str) -> None:
        """Load rules of nft."""
        _run(*self.enter, "nft", "-f", "-", given=rules)

    def translate(self, outside: str) -> None:
        """Route, as a router at home does: who goes out there gets the router's address,
        and nobody comes in unasked.
        """
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.filter(
            "table ip home {\n"
            "chain out { type nat hook postrouting priority 100;"
            f' oifname "{outside}" masquerade; }}\n'
            "chain in { type nat hook prerouting priority -100; }\n"
            "}\n"
        )

    def forward(self, port: int, to: str) -> None:
        """Pass connections to this port on to a machine inside."""
        self.filter(f"add rule ip home in tcp dport {port} dnat to {to}:{port}\n")

    def link_local(self, interface: str) -> str:
        """Return the address that this interface has without being given one."""
        words = self.run("ip", "-6", "-o", "addr", "show", "dev", interface).split()
        return next(word for word in words if word.startswith("fe80")).partition("/")[0]


class Network:
    """Machines, and the wires between them."""

    def __init__(self) -> None:
        self._prefix = f"chat{secrets.token_hex(4)}"
        self._machines: list[Machine] = []

    def machine(self, name: str) -> Machine:
        """Add a machine without any wire."""
        machine = Machine(f"{self._prefix}{name}")
        self._machines.append(machine)
        machine.set_up()
        return machine

    def wire(self, one: Machine, address: str, other: Machine, others: str) -> None:
        """Lay a wire between two; the addresses have a prefix's length."""
        near, far = one.next_interface(), other.next_interface()
        peer = ("peer", "name", far, "netns", other.name)
        _run("ip", "-n", one.name, "link", "add", near, "type", "veth", *peer)
        for machine, interface, given in ((one, near, address), (other, far, others)):
            machine.run("ip", "addr", "add", given, "dev", interface)
            machine.run("ip", "link", "set", interface, "up")

    def remove(self) -> None:
        """Remove all of it. Programs inside must have ended."""
        for machine in self._machines:
            _run("ip", "netns", "del", machine.name)


@contextmanager
def network() -> Iterator[Network]:
    """Make an empty network; remove it in any case."""
    made = Network()
    try:
        yield made
    finally:
        made.remove()


def _run(*command: str, given: str = "") -> str:
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=10, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout
