"""The addresses of a host, and the sentence for a host that has none.

Imports nothing of the project but `errors`. `chatd` calls `resolve` before it enters the
loop, where Ctrl-C simply ends it. `chatc` must answer keys meanwhile and look names up
again later: `resolver` does that, with what stands here.
"""

import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

from chatlib.errors import StartError, describe

Address = tuple[int, tuple[str | int | bytes, ...]]
"""A family, and what `bind` and `connect` take: host, port, and IPv6's flow and scope."""

_TEMPORARY = (socket.EAI_AGAIN, socket.EAI_MEMORY)
"""The resolver's errors that say nothing about the name: a later answer may differ."""


# Linux's request for an interface's address, and the size of its structure (netdevice(7)).
_ADDRESS_OF_INTERFACE, _REQUEST_SIZE = 0x8915, 256


def resolve(host: str, port: int) -> list[Address]:
    """Return every address of a host, each once, IPv4 first. Raises StartError.

    Blocks until the resolver has answered.
    """
    try:
        found = socket.getaddrinfo(encode(host), port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise StartError(explain(host, error)) from None
    return sort((int(family), address) for family, _, _, _, address in found)


def find_at_once(host: str, port: int) -> list[Address]:
    """Return the addresses of a host that no resolver has to be asked for.

    These are numeric addresses, and `localhost`, which stands in a file of this machine.
    For all others the list is empty. Raises StartError for what cannot be a name.
    """
    flags = 0 if host.lower() == "localhost" else socket.AI_NUMERICHOST
    try:
        found = socket.getaddrinfo(encode(host), port, type=socket.SOCK_STREAM, flags=flags)
    except OSError:
        return []
    return sort((int(family), address) for family, _, _, _, address in found)


def encode(host: str) -> bytes:
    """Return a host as the resolver takes it. Raises StartError for what is no name."""
    try:
        # Python's table for names in other scripts (IDNA) takes 1 ms to load.
        return host.encode() if host.isascii() else host.encode("idna")
    except UnicodeError as error:
        raise StartError(_explain_unknown(host, error)) from None


def find_own() -> list[str]:
    """Return addresses at which other machines may reach this one, at most one a family.

    They are those from which this machine would send to the Internet. Nothing is sent, and
    no resolver is asked: connecting a UDP socket only chooses a route.
    """
    # Addresses that belong to nobody (RFC 5737, RFC 3849).
    elsewhere = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
    found = []
    for family, address in elsewhere:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as sock:
            # The discard port, should a system ever send something after all.
            sock.connect((address, 9))
            found.append(str(sock.getsockname()[0]))
    return found


def find_all() -> list[str]:
    """Return the addresses of this machine at which others may reach it.

    Those of `find_own` come first. On Linux the others follow, of every network that the
    machine is in, also of one without a way to the Internet; elsewhere they are not known.
    Loopback is none of them, nor is an address that counts on one cable alone (fe80::).
    """
    own = find_own()
    others = [*_find_of_interfaces(), *_find_of_ipv6()]
    return [*dict.fromkeys([*own, *others])]


def _find_of_interfaces() -> Iterator[str]:
    """Yield the IPv4 address of each network interface that is not loopback."""
    import fcntl

    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _, name in socket.if_nameindex() if sys.platform == "linux" else ():
            with suppress(OSError):  # it has none, or has gone
                request = name.encode().ljust(_REQUEST_SIZE, b"\0")
                answer = fcntl.ioctl(sock, _ADDRESS_OF_INTERFACE, request)
                address = socket.inet_ntoa(answer[20:24])
                if not is_loopback(address):
                    yield address


def _find_of_ipv6() -> Iterator[str]:
    """Yield the IPv6 addresses that more than one cable knows, from Linux's own list."""
    try:
        with open("/proc/net/if_inet6", encoding="ascii") as file:
            rows = [row.split() for row in file]
    except OSError:
        return  # no Linux, or no IPv6 in it
    for digits, _, _, scope, *_ in rows:
        if scope == "00":  # global; loopback is 10, link 20
            yield socket.inet_ntop(socket.AF_INET6, bytes.fromhex(digits))


def is_loopback(address: str) -> bool:
    """Return whether only this machine itself reaches this numeric address."""
    # An IPv4 address in IPv6's form is what a socket of both kinds has.
    return address.startswith(("127.", "::ffff:127.")) or address == "::1"


def sort(addresses: Iterable[Address]) -> list[Address]:
    """Return the addresses, each once, IPv4 first, otherwise in the resolver's order."""
    # RFC 6724 would put IPv6 first. Here `localhost` is 127.0.0.1 on every machine, and a
    # server that listens on IPv4 alone is found with the first attempt.
    return sorted(dict.fromkeys(addresses), key=lambda each: each[0] != socket.AF_INET)


def is_final(error: OSError) -> bool:
    """Return whether the resolver knows that there is no such host, now and later."""
    return isinstance(error, socket.gaierror) and error.errno not in _TEMPORARY


def explain(host: str, error: OSError) -> str:
    """Return the sentence for a host whose addresses were not found."""
    if is_final(error):
        return _explain_unknown(host, error)
    why = describe(error)
    return f"cannot look up {host} ({why}): try again when the network is up"


def _explain_unknown(host: str, error: Exception) -> str:
    return f"there is no host {host} ({describe(error)}): check how it is spelled"
