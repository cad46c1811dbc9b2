"""A host becomes a list of addresses in a fixed order, or one sentence that says why."""

import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from chatlib.addresses import (
    explain,
    find_all,
    find_at_once,
    find_own,
    is_final,
    is_loopback,
    resolve,
)
from chatlib.errors import Exit, StartError

STREAM = socket.SOCK_STREAM
SIX = (socket.AF_INET6, STREAM, 6, "", ("::1", 80, 0, 0))
OTHER_SIX = (socket.AF_INET6, STREAM, 6, "", ("2001:db8::1", 80, 0, 0))
FOUR = (socket.AF_INET, STREAM, 6, "", ("127.0.0.1", 80))
OTHER_FOUR = (socket.AF_INET, STREAM, 6, "", ("192.0.2.1", 80))


def let_the_resolver_find(monkeypatch: pytest.MonkeyPatch, *found: tuple[Any, ...]) -> None:
    """Replace the resolver, whose real answers differ between machines."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: list(found))


def test_a_numeric_address_resolves_to_itself() -> None:
    """The resolver needs no network for it."""
    assert resolve("127.0.0.1", 7777) == [(socket.AF_INET, ("127.0.0.1", 7777))]
    assert resolve("::1", 7777) == [(socket.AF_INET6, ("::1", 7777, 0, 0))]


def test_localhost_is_127_0_0_1_first() -> None:
    """As on the assignment sheet, on every machine."""
    assert resolve("localhost", 7777)[0] == (socket.AF_INET, ("127.0.0.1", 7777))


def test_ipv4_addresses_come_before_ipv6_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within each family the resolver's order is kept."""
    let_the_resolver_find(monkeypatch, SIX, OTHER_FOUR, OTHER_SIX, FOUR)
    assert resolve("example", 80) == [
        (socket.AF_INET, ("192.0.2.1", 80)),
        (socket.AF_INET, ("127.0.0.1", 80)),
        (socket.AF_INET6, ("::1", 80, 0, 0)),
        (socket.AF_INET6, ("2001:db8::1", 80, 0, 0)),
    ]


def test_an_address_that_the_resolver_finds_twice_is_returned_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hosts file may list one twice, and a server cannot bind it twice."""
    let_the_resolver_find(monkeypatch, FOUR, SIX, FOUR, SIX)
    assert resolve("example", 80) == [
        (socket.AF_INET, ("127.0.0.1", 80)),
        (socket.AF_INET6, ("::1", 80, 0, 0)),
    ]


def test_an_unknown_host_is_reported_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It names the host and the reason, without the error's number."""

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # A real query for an unknown name may take as long as the network is slow.
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(StartError) as raised:
        resolve("nowhere.example", 7777)
    assert str(raised.value) == (
        "there is no host nowhere.example (Name or service not known): "
        "check how it is spelled"
    )
    assert raised.value.code == Exit.START


def test_port_0_stays_0() -> None:
    """A server passes port 0 to get a free port."""
    assert resolve("127.0.0.1", 0) == [(socket.AF_INET, ("127.0.0.1", 0))]


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("a" * 64, id="label-too-long"),
        pytest.param("ü" * 64, id="unicode-label-too-long"),
        pytest.param("a.." * 100, id="empty-label"),
        pytest.param("\udcff", id="not-unicode"),
    ],
)
def test_a_malformed_host_is_reported_in_one_sentence_too(host: str) -> None:
    """Python refuses such a name before the resolver sees it; no traceback follows."""
    with pytest.raises(StartError) as raised:
        resolve(host, 7777)
    sentence = str(raised.value)
    assert sentence.startswith(f"there is no host {host} (")
    assert sentence.endswith("): check how it is spelled")
    assert "[Errno" not in sentence
    assert "\n" not in sentence
    assert raised.value.code == Exit.START
    # No "during handling of the above exception" behind it.
    assert raised.value.__suppress_context__


def test_a_host_that_needs_no_resolver_is_found_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A numeric address, with its scope, and `localhost`."""
    assert find_at_once("127.0.0.1", 80) == [(socket.AF_INET, ("127.0.0.1", 80))]
    assert find_at_once("::1", 80) == [(socket.AF_INET6, ("::1", 80, 0, 0))]
    scope = socket.if_nametoindex("lo") if hasattr(socket, "if_nametoindex") else 1
    assert find_at_once(f"fe80::1%{scope}", 80)[0][1][3] == scope
    assert find_at_once("localhost", 80)[0] == (socket.AF_INET, ("127.0.0.1", 80))
    assert find_at_once("LOCALHOST", 80) == find_at_once("localhost", 80)


def test_for_a_name_the_resolver_is_not_asked_at_once() -> None:
    """It could block."""
    assert find_at_once("friend.example", 80) == []


def test_an_error_that_may_pass_is_not_final() -> None:
    """A network that comes up later, or a system without memory."""
    for error in (
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure"),
        socket.gaierror(socket.EAI_MEMORY, "Memory allocation failure"),
        OSError(24, "Too many open files"),
    ):
        assert not is_final(error)
    assert is_final(socket.gaierror(socket.EAI_NONAME, "Name or service not known"))


def test_an_error_that_may_pass_is_not_said_to_be_an_unknown_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sentence says what to do."""
    error = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    expected = (
        "cannot look up friend.example (Temporary failure in name resolution): "
        "try again when the network is up"
    )
    assert explain("friend.example", error) == expected

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(StartError) as raised:
        resolve("friend.example", 7777)
    assert str(raised.value) == expected


class Route:
    """A UDP socket of a machine that has one IPv4 address and no IPv6."""

    def __init__(self, family: int, kind: int) -> None:
        assert kind == socket.SOCK_DGRAM
        if family == socket.AF_INET6:
            raise OSError("no IPv6 in this kernel")

    def __enter__(self) -> "Route":
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def connect(self, address: tuple[str, int]) -> None:
        """Choose a route; a socket that did more would have no such method here."""
        assert address[0] == "192.0.2.1"

    def getsockname(self) -> tuple[str, int]:
        """Return the address of this machine."""
        return "192.0.2.7", 40000


def test_own_addresses_are_those_of_the_routes_outward(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No resolver is asked, and nothing is sent."""
    let_the_resolver_find(monkeypatch)
    monkeypatch.setattr(socket, "socket", Route)
    assert find_own() == ["192.0.2.7"]


def test_own_addresses_of_this_machine_can_be_looked_for() -> None:
    """There may be none, as in a container without a network."""
    assert all(isinstance(each, str) for each in find_own())


IN_A_NETWORK = """
ip link set lo up
ip link add d0 type veth peer name d1
ip addr add 10.9.8.7/24 dev d0
ip addr add fd00::5/64 dev d0 nodad
ip link set d0 up
ip link set d1 up
exec {python} -c 'from chatlib.addresses import find_all, find_own
print(find_own(), *find_all())'
"""


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="makes a network")
def test_addresses_are_found_in_a_network_without_a_way_out() -> None:
    """Loopback and what counts on one cable alone are left out."""
    script = IN_A_NETWORK.format(python=sys.executable)
    run = ["unshare", "--net", "sh", "-ec", script]
    done = subprocess.run(run, capture_output=True, text=True, timeout=20)
    if "not permitted" in done.stderr:
        pytest.skip("this machine makes no network namespaces")
    assert done.stdout == "[] 10.9.8.7 fd00::5\n", done.stderr


def test_the_way_out_comes_first_among_all_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And each address is there once."""
    own = find_own()
    assert find_all()[: len(own)] == own
    assert len({*find_all()}) == len(find_all())
    monkeypatch.setattr("chatlib.addresses.find_own", lambda: ["192.0.2.9"])
    assert find_all()[0] == "192.0.2.9"


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.7", False),
        ("12.7.0.0", False),
    ],
)
def test_a_loopback_address_is_known(address: str, local: bool) -> None:
    """All others may be reached from elsewhere."""
    assert is_loopback(address) is local
