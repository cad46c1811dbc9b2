"""A ticket for the programs under test, written as docs/private.md describes it.

It imports nothing of the product: this is a second reading of the page.
"""

import os
from collections.abc import Sequence
from pathlib import Path

CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
CONSTANT = 0x2BC830A3


def write_ticket(path: Path, addresses: Sequence[str], port: int) -> None:
    """Write a new ticket to a file that is the user's alone."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{make_line(addresses, port, os.urandom(32))}\n")


def make_line(addresses: Sequence[str], port: int, secret: bytes) -> str:
    """Return the line of a ticket with these 32 bytes."""
    hosts = ",".join(f"[{each}]" if ":" in each else each for each in addresses)
    place = f"chat1:{hosts}:{port}:"
    bits = "".join(f"{byte:08b}" for byte in secret) + "0" * 4
    data = [int(bits[start : start + 5], 2) for start in range(0, len(bits), 5)]
    symbols = [half for each in place.encode() for half in (each >> 5, each & 31)]
    check = _remainder([*symbols, *data, 0, 0, 0, 0, 0, 0]) ^ CONSTANT
    data += [check >> shift & 31 for shift in (25, 20, 15, 10, 5, 0)]
    key = "".join(CHARACTERS[each] for each in data)
    return place + "-".join(key[start : start + 4] for start in range(0, len(key), 4))


def _remainder(symbols: Sequence[int]) -> int:
    remainder = 1
    for symbol in symbols:
        top = remainder >> 25
        remainder = (remainder & 0x1FFFFFF) << 5 ^ symbol
        for bit, factor in enumerate(GENERATOR):
            remainder ^= factor if top >> bit & 1 else 0
    return remainder
