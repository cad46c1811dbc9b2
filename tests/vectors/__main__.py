"""Make tests/vectors/tickets.json anew."""

import json
from hashlib import sha256

from chatlib.errors import TicketError
from chatlib.identity import derive
from chatlib.ticket import Ticket, derive_bytes, parse
from tests.vectors import PATH

PLACES: tuple[tuple[tuple[str, ...], int], ...] = (
    (("127.0.0.1",), 7777),
    (("192.0.2.7", "198.51.100.4"), 7777),
    (("192.0.2.7", "2001:db8::7"), 443),
    (("fe80::1%eth0",), 65535),
    (("fe80::1%br-lan",), 65535),
    (("::1",), 1),
)

DAMAGES: tuple[tuple[str, str], ...] = (
    ("one character of the version", "0 s"),
    ("one digit of an address", "8 s"),
    ("one digit of the port", "17 s"),
    ("one character of the key", "32 s"),
    ("the last character", "-1 s"),
    ("a character is missing in the key", "32 d"),
    ("a character is missing in the address", "9 d"),
    ("a character too many in the key", "32 i"),
    ("a character too many in the address", "9 i"),
    ("two characters of the key", "32 s 43 s"),
    ("five characters are missing", "31 d 31 d 31 d 31 d 31 d 31 d"),
)


def main() -> None:
    """Write the file."""
    vectors = {
        "tickets": [make_ticket(number, *place) for number, place in enumerate(PLACES)],
        "damaged": [make_damaged(what, how) for what, how in DAMAGES]
        + [
            explain(line) for line in ("hello", "chat1:", "chat1:127.0.0.1:7777", "x" * 500)
        ],
    }
    PATH.write_text(json.dumps(vectors, indent=1) + "\n", "utf-8")


def make_ticket(number: int, addresses: tuple[str, ...], port: int) -> dict[str, object]:
    """Return a ticket and all that is derived from it."""
    secret = sha256(b"vector %d" % number).digest() if number else bytes(range(32))
    identity = derive(secret)
    return {
        "line": Ticket(addresses, port, secret).line,
        "addresses": addresses,
        "port": port,
        "secret": secret.hex(),
        "server_seed": derive_bytes(secret, "chat1 server").hex(),
        "client_seed": derive_bytes(secret, "chat1 client").hex(),
        "server_certificate": identity.server.certificate.hex(),
        "client_certificate": identity.client.certificate.hex(),
        "server_fingerprint": identity.server.fingerprint,
        "client_fingerprint": identity.client.fingerprint,
    }


def make_damaged(what: str, how: str) -> dict[str, str]:
    """Return a line that was damaged in these places, and what is said of it."""
    line = Ticket(("192.0.2.7",), 7777, bytes(range(32))).line
    words = how.split()
    for place, kind in zip(map(int, words[::2]), words[1::2], strict=True):
        place %= len(line)
        other = "9" if line[place] != "9" else "8"
        changed = {"s": other, "d": "", "i": other + line[place]}[kind]
        line = line[:place] + changed + line[place + 1 :]
    return {"what": what, **explain(line)}


def explain(line: str) -> dict[str, str]:
    """Return a line that is no ticket, and what is said of it."""
    try:
        parse(line)
    except TicketError as error:
        return {"line": line, "told": str(error)}
    raise SystemExit(f"this is a ticket: {line}")


if __name__ == "__main__":
    main()
