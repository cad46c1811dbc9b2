"""The records of a journal: frames of the wire, a checksum behind each.

    length u16 | kind u8 | flags u8 | number u32 | body: `length` bytes | checksum u32

The header is the wire's own, and so are the kinds HELLO, TEXT, GAME, ACK and BYE; `flags`
tells whose the frame was. `docs/journal.md` has all kinds and what their bodies contain.

The checksum is a CRC-32 that begins with a number made from the file's random salt and the
place of the record in the file. So bytes of an older file, a record in another place, and a
text that looks like a record are none: whoever wrote that text does not know the salt.
"""

import re
from collections import namedtuple
from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from zlib import crc32

from chatlib.cipher import CHECK_BYTES, SALT_BYTES, TAG_BYTES, Key
from chatlib.protocol.frames import HEADER

VERSION = 1
"""The version of the format that this code reads and writes."""

MAGIC = b"CHAT journal"
"""What the body of the first record begins with, in every version of the format."""

BEGINNING = Struct(f"!{len(MAGIC)}sBB{SALT_BYTES}s{CHECK_BYTES}s")
"""The body of the first record: magic, role, whether the others are sealed, salt, check."""

CHECKSUM = Struct("!I")

OVERHEAD = HEADER.size + CHECKSUM.size
"""Bytes of a record beside its body."""

FIRST_SIZE = OVERHEAD + BEGINNING.size

ROLES = ("server", "client")


class Note(IntEnum):
    """The kinds of records: first those of the wire, with its numbers."""

    HELLO = 1
    TEXT = 2
    GAME = 3
    ACK = 4
    BYE = 7
    # The first record of a file; its number is the version of the format.
    BEGINNING = 0x10
    # What is counted, when a file begins with the middle of a talk.
    STATE = 0x11
    # The program was started; it has ended in order.
    START = 0x12
    STOP = 0x13
    # When the other side was last connected.
    TIME = 0x14
    # Words about a game that only this side may know, as a secret and its salt.
    ASIDE = 0x15
    # A line that was typed before its time; without a body the newest was taken back.
    DRAFT = 0x16
    # The words about games before this one are needed no more.
    CLEARED = 0x17


# Flags. Without any, a record is of a message of ours that is about to be sent.

THEIRS = 1
"""The peer sent it; an ACK is the peer's."""

PAST = 2
"""A message that was counted before, and is only to be shown or played again."""

KEPT = 4
"""A message of ours that was counted before, and that the peer has not acknowledged."""

DRAFTED = 8
"""The line was the oldest draft, which it is no longer."""

_LIKELY = re.compile(rb"[\x01-\x04\x07\x10-\x17][\x00-\x0f]", re.DOTALL)
"""The kind and the flags of a record, by which one is looked for behind damage."""

Record = tuple[int, int, int, bytes]
"""Kind, flags, number, body."""


class Gap(namedtuple("Gap", ("start", "end"))):
    """Bytes of a file that are no records."""

    __slots__ = ()
    start: int
    end: int


class First(namedtuple("First", ("version", "role", "is_sealed", "salt", "check"))):
    """The first record of a file."""

    __slots__ = ()
    version: int
    role: int
    is_sealed: bool
    salt: bytes
    check: bytes

    def encode(self) -> bytes:
        """Return the bytes of the record."""
        body = BEGINNING.pack(MAGIC, self.role, self.is_sealed, self.salt, self.check)
        data = HEADER.pack(len(body), Note.BEGINNING, 0, self.version) + body
        return data + CHECKSUM.pack(crc32(data))


def find_version(data: bytes) -> int | None:
    """Return the version of the format of a file; None if it is no journal."""
    if len(data) < OVERHEAD or not data[HEADER.size :].startswith(MAGIC):
        return None
    version: int = HEADER.unpack_from(data)[3]
    return version


def read_first(data: bytes) -> First | None:
    """Return the first record of a file of this version; None if it is damaged."""
    if len(data) < FIRST_SIZE:
        return None
    _, role, is_sealed, salt, check = BEGINNING.unpack_from(data, HEADER.size)
    first = First(find_version(data), role, bool(is_sealed), salt, check)
    return first if first.encode() == data[:FIRST_SIZE] else None


class Coder:
    """The records of one file: its salt decides their checksums, and its key seals them."""

    def __init__(self, salt: bytes, key: Key | None) -> None:
        self._seed = crc32(salt)
        self._key = key

    def encode(self, place: int, record: Record) -> bytes:
        """Return the bytes of a record that begins at this place of the file."""
        kind, flags, number, body = record
        size = len(body) + (TAG_BYTES if self._key else 0)
        data = HEADER.pack(size, kind, flags, number)
        data += self._key.seal(place, body, data) if self._key else body
        return data + CHECKSUM.pack(crc32(data, self._seed ^ place))

    def decode(self, data: bytes) -> Iterator[Record | Gap]:
        """Yield the records of a whole file behind the first one, and the gaps between.

        After bytes that are no record, the next one is looked for.
        """
        place, end = FIRST_SIZE, len(data)
        while place < end:
            found = self._read(data, place)
            # A file is not cut off at the first damage: what was written behind it is as
            # good as what was written before.
            if found is None:
                start, place = place, self._find(data, place + 1)
                yield Gap(start, place)
            else:
                yield found
                place += len(found[3]) + OVERHEAD + (TAG_BYTES if self._key else 0)

    def _find(self, data: bytes, place: int) -> int:
        """Return where the next record begins; the end of the file if there is none."""
        while match := _LIKELY.search(data, place + 2):
            place = match.start() - 2
            if self._read(data, place):
                return place
            place += 1
        return len(data)

    def _read(self, data: bytes, place: int) -> Record | None:
        """Return the record that begins at a place; None if there is no whole one."""
        start = place + HEADER.size
        if start > len(data) or not _LIKELY.match(data, place + 2):
            return None
        length, kind, flags, number = HEADER.unpack_from(data, place)
        end = start + length
        if end + CHECKSUM.size > len(data):
            return None
        checksum = crc32(memoryview(data)[place:end], self._seed ^ place)
        if CHECKSUM.unpack_from(data, end)[0] != checksum:
            return None
        # The checksum finds an accident, and the seal finds an intruder. It is looked at
        # last, because it takes longer.
        body: bytes | None = data[start:end]
        if self._key:
            body = self._key.unseal(place, data[start:end], data[place:start])
        return None if body is None else (kind, flags, number, body)
