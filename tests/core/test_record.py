"""The records of a journal: what is whole, what is damaged, and what is found again."""

import pytest

from chatlib.cipher import Cipher, Key
from chatlib.record import (
    FIRST_SIZE,
    VERSION,
    Coder,
    First,
    Gap,
    Note,
    Record,
    find_version,
    read_first,
)

RECORDS: list[Record] = [
    (Note.TEXT, 0, 1, b"hello"),
    (Note.ACK, 1, 1, b""),
    (Note.GAME, 1, 2, b"play" * 100),
]

FIRST = First(VERSION, 1, False, bytes(range(16)), bytes(16))

KEYS = {"clear": None, "sealed": Cipher(bytes(32)).derive(FIRST.salt, "client")}

keys = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)


def encode(coder: Coder, records: list[Record] = RECORDS) -> bytes:
    """Return a file with these records."""
    data = FIRST.encode()
    for record in records:
        data += coder.encode(len(data), record)
    return data


@keys
def test_records_are_read_as_they_were_written(key: Key | None) -> None:
    """Whatever bytes their bodies contain."""
    coder = Coder(FIRST.salt, key)
    assert list(coder.decode(encode(coder))) == RECORDS


@keys
def test_a_file_that_is_cut_anywhere_has_the_records_before_the_cut(
    key: Key | None,
) -> None:
    """And the rest is counted as a gap at its end."""
    coder = Coder(FIRST.salt, key)
    data, whole = encode(coder), [len(encode(coder, RECORDS[:n])) for n in range(4)]
    for size in range(FIRST_SIZE, len(data)):
        count = sum(end <= size for end in whole) - 1
        rest = [Gap(whole[count], size)] if size > whole[count] else []
        assert list(coder.decode(data[:size])) == [*RECORDS[:count], *rest]


@keys
def test_a_changed_bit_is_noticed_wherever_it_is(key: Key | None) -> None:
    """One record is lost by it, and the others are found."""
    coder = Coder(FIRST.salt, key)
    data = encode(coder)
    for at in range(FIRST_SIZE, len(data)):
        for bit in (1, 128):
            spoiled = bytearray(data)
            spoiled[at] ^= bit
            found = list(coder.decode(bytes(spoiled)))
            assert len(found) == 3 and sum(isinstance(each, Gap) for each in found) == 1


def test_another_salt_makes_other_records() -> None:
    """So nothing of an older file is taken for a part of this one."""
    data = encode(Coder(bytes(16), None))
    assert list(Coder(FIRST.salt, None).decode(data)) == [Gap(FIRST_SIZE, len(data))]


def test_a_sealed_record_has_one_place_and_one_header() -> None:
    """The checksum alone would not show who has changed them."""
    key = KEYS["sealed"]
    assert key
    sealed = key.seal(7, b"text", b"header")
    assert key.unseal(7, sealed, b"header") == b"text"
    assert key.unseal(8, sealed, b"header") is None
    assert key.unseal(7, sealed, b"hEader") is None
    assert key.unseal(7, sealed[:-1], b"header") is None


def test_a_sealed_record_whose_checksum_was_made_anew_is_a_gap() -> None:
    """Whoever has the file knows its salt, and can make checksums, but no seals."""
    coder, forger = Coder(FIRST.salt, KEYS["sealed"]), Coder(FIRST.salt, None)
    body = bytes(30)
    data = FIRST.encode() + forger.encode(FIRST_SIZE, (Note.ACK, 0, 9, body))
    assert [type(each) for each in coder.decode(data)] == [Gap]


def test_the_first_record_is_read_in_any_version() -> None:
    """Its place, its length and what it begins with stay as they are."""
    for version in (0, 1, 2, 4000):
        data = FIRST._replace(version=version).encode()
        assert find_version(data) == version
    assert read_first(FIRST.encode() + b"more") == FIRST


@pytest.mark.parametrize("data", [b"", b"CHAT journal", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_another_file_is_no_journal(data: bytes) -> None:
    """However short it is."""
    assert find_version(data) is None


def test_a_damaged_first_record_is_noticed() -> None:
    """Wherever it is damaged, or cut short."""
    data = FIRST.encode()
    for at in range(20, len(data)):
        assert read_first(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]) is None
        assert read_first(data[:at]) is None
