"""The addresses of a host, from the system's resolver.

Imports nothing of the project but `errors`; only `chatd` and `chatc` import it. The
resolver blocks, so both programs call it before they enter the loop.
"""

import socket

from chatlib.errors import StartError, describe

Address = tuple[int, tuple[str | int | bytes, ...]]
"""A family, and what `bind` and `connect` take: host, port, and IPv6's flow and scope."""


def resolve(host: str, port: int) -> list[Address]:
    """Return every address of a host, each once, IPv4 first. Raises StartError."""
    try:
        # A str makes Python load its table for names in other scripts (IDNA): 1 ms.
        name = host.encode() if host.isascii() else host
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise StartError(f"there is no host {host} ({describe(error)})") from None
    addresses: list[Address] = [
        (int(family), address) for family, _, _, _, address in found
    ]
    # RFC 6724 would put IPv6 first. Here `localhost` is 127.0.0.1 on every machine, and a
    # server that listens on IPv4 alone is found with the first attempt.
    addresses.sort(key=lambda address: address[0] != socket.AF_INET)
    return list(dict.fromkeys(addresses))
