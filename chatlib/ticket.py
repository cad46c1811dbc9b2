"""A ticket: one line that is handed over, and is the key to a private talk.

    chat1:192.0.2.7,[fe80::1%eth0]:7777:4k2v-7h3c-...

It has the version, the addresses and the port where the server listens, and 32 random bytes
with a checksum, in the characters of Bech32 (BIP 173), which are hard to confuse. The
checksum is that of Bech32m (BIP 350) and covers the whole line: as a code of distance 4 up
to 1023 symbols it finds every three wrong ones and tells where a single one is. Two of a
thousand million other lines pass for a ticket. Nothing is corrected silently: the line
is a key, and who mistypes it is told where to look.

What this ticket opens is derived from the 32 bytes alone (HKDF, RFC 5869). They stand in no
error, no log and no `repr`.
"""

import hashlib
import hmac
import os
import re
import socket
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache

from chatlib.errors import TicketError, describe
from chatlib.files import open_regular, read_whole

VERSION = "chat1"

SECRET_BYTES = 32

LINE_LIMIT = 400
"""Characters in a ticket at most: the checksum covers two symbols for each, up to 1023."""

ADDRESSES_LIMIT = 8

_CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {character: value for value, character in enumerate(_CHARACTERS)}
_CHECKSUM = 6
KEY_CHARACTERS = -(-8 * SECRET_BYTES // 5) + _CHECKSUM
_GROUP = 4

# What the other parts are made of, and so what a wrong character in them may have been.
_TEXT = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,:[]%_-"
_BLANKS = " \t\r\n"

# The generator of Bech32's checksum, and the constant of Bech32m.
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CONSTANT = 0x2BC830A3

_PLACE = re.compile(r"chat1:(?P<addresses>[^,]+(?:,[^,]+)*):(?P<port>[1-9][0-9]{0,4}):")


@dataclass(frozen=True)
class Ticket:
    """Where a server listens, and the secret that both ends of a private talk share."""

    addresses: tuple[str, ...]
    port: int
    secret: bytes = field(repr=False)

    @property
    def line(self) -> str:
        """The one line that is handed over."""
        hosts = ",".join(f"[{each}]" if ":" in each else each for each in self.addresses)
        place = f"{VERSION}:{hosts}:{self.port}:"
        key = _encode(self.secret)
        rest = _divide([*_expand(place), *key, *[0] * _CHECKSUM]) ^ _CONSTANT
        key += [rest >> 5 * (_CHECKSUM - 1 - index) & 31 for index in range(_CHECKSUM)]
        text = "".join(_CHARACTERS[value] for value in key)
        # Hyphens are no part of what is checked: they only help the eye.
        groups = (text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
        return place + "-".join(groups)


def make_secret() -> bytes:
    """Return 32 random bytes, from the system's own source."""
    return os.urandom(SECRET_BYTES)


def derive_bytes(secret: bytes, label: str, salt: bytes = b"") -> bytes:
    """Return 32 bytes for one purpose, by HKDF with SHA-256 (RFC 5869)."""
    key = hmac.digest(salt or bytes(32), secret, hashlib.sha256)
    return hmac.digest(key, label.encode() + b"\x01", hashlib.sha256)


def parse(line: str) -> Ticket:
    """Return the ticket that a line is. Raises TicketError, which says what is wrong.

    Blanks, line ends and the key's hyphens are ignored, because mail programs and people
    add them and leave them out, and so is the case of the key.
    """
    # What is not even near a ticket is not searched for the place of a mistake.
    if not line.isascii() or not 40 <= len(line) <= LINE_LIMIT or line.count(":") < 2:
        raise TicketError("this is not a ticket: a ticket begins with chat1:")
    places = _find_places(line)
    text = "".join(line[index] for index in places)
    text = text[:-KEY_CHARACTERS] + text[-KEY_CHARACTERS:].lower()
    if _remainder(text) != 0:
        raise TicketError(f"this ticket is not right: {_explain(text, places)}")
    match = _PLACE.fullmatch(text[:-KEY_CHARACTERS])
    secret = _decode(text[-KEY_CHARACTERS:])
    if match and secret and int(match["port"]) < 65536:
        addresses = tuple(each.strip("[]") for each in match["addresses"].split(","))
        if len(addresses) <= ADDRESSES_LIMIT and all(map(_is_address, addresses)):
            return Ticket(addresses, int(match["port"]), secret)
    raise TicketError("this ticket is of another version: use the version that made it")


def _find_places(line: str) -> list[int]:
    """Return where the characters of a line stand that count."""
    places = [index for index, each in enumerate(line) if each not in _BLANKS]
    # A hyphen counts in the name of an interface alone: behind a '%' and before the key.
    # That begins behind the last ':' that has enough behind it: another one is a slip.
    letters = [index for index in places if line[index] != "-"]
    colons = [index for index in letters[: 1 - KEY_CHARACTERS] if line[index] == ":"]
    name = range(line.find("%") % len(line), colons[-1] if colons else 0)
    return [index for index in places if index in name or line[index] != "-"]


def _is_address(address: str) -> bool:
    """Return whether this is a numeric address; a name would be asked of a resolver."""
    host = address.partition("%")[0]
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return True
    return False


# The checksum.


def _encode(data: bytes) -> list[int]:
    """Return bytes as symbols of five bits, with zeros behind the last bit."""
    number = int.from_bytes(data, "big")
    count = -(-8 * len(data) // 5)
    number <<= 5 * count - 8 * len(data)
    return [number >> 5 * (count - 1 - index) & 31 for index in range(count)]


def _decode(key: str) -> bytes | None:
    """Return the bytes in a key; None where its last bits are not zeros."""
    number = 0
    for character in key[:-_CHECKSUM]:
        number = number << 5 | _VALUES[character]
    spare = 5 * (KEY_CHARACTERS - _CHECKSUM) - 8 * SECRET_BYTES
    # Else several keys would stand for one secret, and not each slip be noticed.
    if number & (1 << spare) - 1:
        return None
    return (number >> spare).to_bytes(SECRET_BYTES, "big")


def _expand(text: str) -> list[int]:
    """Return two symbols for each character of a text."""
    return [symbol for character in text for symbol in divmod(ord(character), 32)]


def _remainder(line: str) -> int | None:
    """Return 0 where a line's checksum is right, and None for what can be none at all."""
    key = line[-KEY_CHARACTERS:]
    if len(line) < KEY_CHARACTERS or not _VALUES.keys() >= {*key}:
        return None
    symbols = _expand(line[:-KEY_CHARACTERS]) + [_VALUES[each] for each in key]
    return _divide(symbols) ^ _CONSTANT


def _divide(symbols: Sequence[int], rest: int = 1) -> int:
    """Return the rest of these symbols, as a polynomial, divided by the generator."""
    # As BIP 173 writes it: thirty bits, and the five that leave them at the top choose
    # which rows of the generator are taken off.
    for symbol in symbols:
        top = rest >> 25
        rest = (rest & 0x1FFFFFF) << 5 ^ symbol
        for index, factor in enumerate(_GENERATOR):
            if top >> index & 1:
                rest ^= factor
    return rest


# What is wrong with a line.


def _explain(line: str, places: list[int]) -> str:
    """Return what is wrong with a line, and where.

    `places` is where each of its characters stood in what was typed.
    """
    # Each is made of the one before: from the first on there is no deep recursion.
    for shift in range(2 * len(line)):
        _effects(shift)
    for what, found in (
        ("mistyped", _find_changed(line)),
        ("two characters are in the wrong order", _find_swapped(line)),
        ("there is one character too many", _find_extra(line)),
        ("a character is missing", _find_missing(line)),
    ):
        if found:
            spots = [str(places[min(index, len(places) - 1)] + 1) for index in found]
            near = " or ".join(spots[:3])
            return f"{what} near character {near}{_name_group(line, found[0])}"
    # No single change explains it. The length of the key is known, that of the rest is not.
    key = line.rpartition(":")[2]
    if abs(more := len(key) - KEY_CHARACTERS) in range(2, KEY_CHARACTERS // 2):
        what = f"{more} characters too many" if more > 0 else f"{-more} characters missing"
        return f"behind its last ':' there are {what}"
    return "it is mistyped in more than one place"


def _name_group(line: str, index: int) -> str:
    """Return which of the key's groups of four a character stands in, "" before the key."""
    inside = index - line.rfind(":", 0, 2 - KEY_CHARACTERS) - 1
    return f", in group {inside // _GROUP + 1} of the key" if inside >= 0 else ""


def _find_changed(line: str) -> list[int]:
    """Return where another character would make the line right."""
    return [
        index for index in range(len(line)) if _can_mend(line[:index], line[index + 1 :])
    ]


def _find_swapped(line: str) -> list[int]:
    """Return where two neighbours in the other order would make the line right."""
    return [
        index
        for index in range(len(line) - 1)
        if _remainder(line[:index] + line[index + 1] + line[index] + line[index + 2 :]) == 0
    ]


def _find_missing(line: str) -> list[int]:
    """Return where one more character would make the line right."""
    return [
        index for index in range(len(line) + 1) if _can_mend(line[:index], line[index:])
    ]


def _find_extra(line: str) -> list[int]:
    """Return where one character less would make the line right."""
    return [
        index
        for index in range(len(line))
        if _remainder(line[:index] + line[index + 1 :]) == 0
    ]


def _can_mend(before: str, after: str) -> bool:
    """Return whether some character between these two makes the line right."""
    # To try each of them would take seconds. The remainder is linear: that of a line is
    # that of the line with zeros in this place, and what the character adds to it.
    behind = len(after)
    in_key = behind < KEY_CHARACTERS
    remainder = _remainder(before + ("q" if in_key else "\0") + after)
    if remainder is None:
        return False
    if in_key:
        low = _effects(behind)
        return remainder in low
    shift = 2 * behind - KEY_CHARACTERS
    low, high = _effects(shift), _effects(shift + 1)
    return any(high[ord(each) >> 5] ^ low[ord(each) & 31] == remainder for each in _TEXT)


@cache
def _effects(shift: int) -> list[int]:
    """Return what each symbol with so many others behind it adds to the remainder."""
    return [_divide([0], each) for each in _effects(shift - 1)] if shift else [*range(32)]


# A ticket's file.


def read_ticket_file(path: str) -> Ticket:
    """Return the ticket in a file that is the user's alone. Raises TicketError, OSError.

    It may be in several rows, as an editor or a letter breaks it. A link is not followed:
    it would let somebody else choose which file is read. FileNotFoundError is left to the
    caller, who may make the file.
    """
    if os.path.islink(path):
        raise TicketError(f"{path} is a link: name the file itself")
    try:
        fd = open_regular(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise TicketError(f"{path}: {describe(error)}") from None
    try:
        _demand_private(os.fstat(fd), path)
        data = read_whole(fd, 2 * LINE_LIMIT, path)
    except OSError as error:
        raise TicketError(f"{path}: {describe(error)}") from None
    finally:
        os.close(fd)
    try:
        return parse(data.decode("ascii", "replace"))
    except TicketError as error:
        raise TicketError(f"{path}: {error}") from None


def write_ticket_file(path: str, ticket: Ticket) -> None:
    """Write a ticket to a file that nobody else may read; one that is there is replaced.

    At no moment is there half a ticket. Raises TicketError.
    """
    new = f"{path}.{os.getpid()}.new"
    try:
        if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
            raise TicketError(f"{path} is no regular file: name another one")
        fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, f"{ticket.line}\n".encode())
            os.fsync(fd)
        finally:
            os.close(fd)
        # After a failure of power there is the old file or the new one.
        os.replace(new, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(new)
        raise TicketError(f"{path} cannot be written: {describe(error)}") from None


def _demand_private(status: os.stat_result, path: str) -> None:
    """Raise TicketError for a file that others can read, write, or have made."""
    if status.st_uid != os.geteuid():
        raise TicketError(f"{path} is not yours: a ticket is read from your own file only")
    if status.st_mode & 0o077:
        raise TicketError(f"others may read {path}: type 'chmod 600 {path}' and try again")
