"""Names of hosts to addresses: the one question that both programs ask the resolver.

Imports nothing of the project but `errors`; only `chatd` and `chatc` import it. The
resolver blocks, so both ask before they enter the loop.
"""

import socket

from chatlib.errors import StartError, words

Address = tuple[int, tuple[str | int | bytes, ...]]
"""Family, and what `bind` and `connect` take: host, port, and IPv6's flow and scope."""


def resolve(host: str, port: int) -> list[Address]:
    """Find every address of a host, each once, IPv4 first. Raises StartError.

    IPv4 first, against RFC 6724: so that `localhost` is 127.0.0.1 on every machine, as
    on the assignment sheet, and a server that only knows IPv4 is found at once.
    """
    try:
        # As bytes, where it can be: of a str Python loads its table for names in other
        # scripts (IDNA) first, which takes 1 ms.
        name = host.encode() if host.isascii() else host
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise StartError(f"there is no host {host} ({words(error)})") from None
    addresses: list[Address] = [
        (int(family), address) for family, _, _, _, address in found
    ]
    addresses.sort(key=lambda address: address[0] != socket.AF_INET)
    return list(dict.fromkeys(addresses))
