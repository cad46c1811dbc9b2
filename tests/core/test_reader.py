"""The reader: whole frames only, however TCP cut them; wrong headers refused at once."""

import random
import sys
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.protocol import reader as reader_module
from chatlib.protocol.frames import BODY_LENGTHS, Kind
from chatlib.protocol.reader import CACHED_LENGTH_LIMIT, FrameReader
from harness import wire
from tests.helpers import feed_three_ways

Triple = tuple[int, int, bytes]
"""Kind, number and body of a frame."""

HELLO = wire.hello()

FOLLOWING = wire.text(4, "one") + wire.frame(wire.ACK, 2)

TRAILING = FOLLOWING + wire.text(5, "half of it")[:12]
"""Two whole frames and a piece of a third."""


def collect(pieces: list[bytes]) -> tuple[list[Triple], str]:
    """Feed some pieces; return the frames and the text of the error, "" without one."""
    reader = FrameReader()
    frames: list[Triple] = []
    for piece in pieces:
        reader.feed(piece)
        frames.extend(reader.frames)
        reader.frames.clear()
    return frames, str(reader.error or "")


def read(data: bytes) -> tuple[list[Triple], str]:
    """Read bytes whole, byte by byte and in two pieces, alone and with trailing data.

    Trailing frames must follow when the bytes are right, and must be ignored otherwise.
    """
    feed_three_ways(data, collect)
    feed_three_ways(data + TRAILING, collect)
    frames, error = collect([data])
    following = [] if error else wire.split(FOLLOWING)
    assert collect([data + TRAILING]) == (frames + following, error)
    return frames, error


# Whole frames.

FRAMES = {
    "shortest-HELLO": wire.hello(""),
    "longest-HELLO": wire.hello("x" * 127),
    "shortest-TEXT": wire.text(1, "x"),
    "TEXT-in-four-scripts": wire.text(2, "Grüße, 你好, שלום 🙂"),
    "TEXT-with-a-header-in-it": wire.text(3, wire.text(1, "hi").decode()),
    "highest-number": wire.text(2**32 - 1, "x"),
    "GAME": wire.frame(wire.GAME, 1, b"offer tictactoe me"),
    "ACK": wire.frame(wire.ACK, 7),
    "PING": wire.frame(wire.PING, 1),
    "PONG": wire.frame(wire.PONG, 1),
    "shortest-BYE": wire.frame(wire.BYE, 1, b"\1"),
    "longest-BYE": wire.bye(1, wire.QUIT, "x" * 127),
}


@pytest.mark.parametrize("data", FRAMES.values(), ids=FRAMES)
def test_a_frame_is_read_however_it_is_cut(data: bytes) -> None:
    """Whole, byte by byte, in two pieces, and with trailing data."""
    assert read(data) == (wire.split(data), "")


def test_a_whole_talk_is_read_however_it_is_cut() -> None:
    """One frame of every kind behind the other."""
    data = b"".join(data for name, data in FRAMES.items() if name != "longest-HELLO")
    assert read(data) == (wire.split(data), "")


@pytest.mark.parametrize("size", [1, 2, 1023, 1024, 1025, 4095, 4096, 4097, 32768])
@pytest.mark.parametrize("unit", ["x", "ü", "日", "🙂"], ids=["1", "2", "3", "4"])
def test_a_message_of_any_size_is_read(size: int, unit: str) -> None:
    """In characters of one to four bytes, with full stops up to the exact size."""
    width = len(unit.encode())
    text = unit * (size // width) + "." * (size % width)
    data = wire.text(1, text)
    for pieces in ([data], [bytes([byte]) for byte in data], [data[:-1], data[-1:]]):
        assert collect(pieces) == ([(Kind.TEXT, 1, text.encode())], "")


def test_a_frame_is_there_when_its_last_byte_is() -> None:
    """And not one byte before."""
    reader = FrameReader()
    frame = wire.text(1, "hello")
    reader.feed(frame[:-1])
    assert (list(reader.frames), bytes(reader.unfinished)) == ([], frame[:-1])
    reader.feed(frame[-1:])
    assert (list(reader.frames), bytes(reader.unfinished)) == (
        [(Kind.TEXT, 1, b"hello")],
        b"",
    )


def test_a_frame_waits_until_it_is_taken() -> None:
    """Frames of later reads queue up behind it, and none is lost or doubled."""
    reader = FrameReader()
    for number in range(1, 6):
        reader.feed(wire.text(number, "x") + wire.text(number, "y"))
    numbers = [number for _, number, _ in reader.frames]
    assert numbers == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_the_kind_of_a_frame_is_a_member_of_the_enum() -> None:
    """Also where its header comes from the cache."""
    reader = FrameReader()
    reader.feed(wire.text(1, "x") * 3 + wire.frame(wire.ACK, 1))
    kinds = [kind for kind, _, _ in reader.frames]
    assert kinds == [Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.ACK]
    assert all(isinstance(kind, Kind) for kind in kinds)


# Wrong headers.

WRONG_HEADERS = {
    "TEXT-far-too-long": (
        b"\xff\xff\2\0\0\0\0\1",
        "TEXT of 65535 bytes, allowed 1 to 32768",
    ),
    "TEXT-one-byte-too-long": (
        b"\x80\1\2\0\0\0\0\1",
        "TEXT of 32769 bytes, allowed 1 to 32768",
    ),
    "TEXT-empty": (b"\0\0\2\0\0\0\0\1", "TEXT of 0 bytes, allowed 1 to 32768"),
    "ACK-with-a-body": (b"\0\1\4\0\0\0\0\1", "ACK of 1 bytes, allowed 0 to 0"),
    "BYE-empty": (b"\0\0\7\0\0\0\0\1", "BYE of 0 bytes, allowed 1 to 128"),
    "a-second-HELLO": (b"\0\x1c\1\0\0\0\0\0", "HELLO behind another frame"),
    "flags": (b"\0\5\2\1\0\0\0\1", "TEXT with flags 0x01, expected 0"),
    "unknown-kind": (b"\0\5\x2a\0\0\0\0\1", "unknown kind 42"),
    "HTTP": (b"GET / HTTP/1.1\r\n", "unknown kind 84"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01", "HELLO behind another frame"),
    "SSH": (b"SSH-2.0-OpenSSH", "unknown kind 72"),
    "zeros": (bytes(8), "unknown kind 0"),
    "ones": (b"\xff" * 8, "unknown kind 255"),
}

GOOD = wire.text(1, "good")


@pytest.mark.parametrize(
    ("header", "error"), WRONG_HEADERS.values(), ids=WRONG_HEADERS.keys()
)
def test_a_wrong_header_is_refused_at_its_eighth_byte(header: bytes, error: str) -> None:
    """However it is cut; the frames before it are read, and nothing behind it."""
    good = (Kind.TEXT, 1, b"good")
    assert collect([GOOD + header[:7]]) == ([good], "")
    assert read(GOOD + header[:8]) == ([good], error)
    assert read(GOOD + header) == ([good], error)


@pytest.mark.parametrize(
    ("header", "error"), WRONG_HEADERS.values(), ids=WRONG_HEADERS.keys()
)
@pytest.mark.parametrize("first_kinds", [tuple(Kind), (Kind.HELLO,)], ids=["any", "HELLO"])
def test_a_wrong_header_is_refused_by_every_reader(
    header: bytes, error: str, first_kinds: tuple[Kind, ...]
) -> None:
    """A header that one reader has refused is not in the cache of the next."""
    for _ in range(3):
        reader = FrameReader(first_kinds)
        reader.feed(HELLO + header)
        assert list(reader.frames) == [(Kind.HELLO, 0, HELLO[8:])]
        assert str(reader.error) == error


@pytest.mark.parametrize(
    ("place", "change"),
    [(0, 0x80), (1, 4), (2, 6), (2, 40), (3, 1), (3, 0x80)],
    ids=[
        "high-byte-of-length",
        "low-byte-of-length",
        "kind-ACK",
        "kind-42",
        "lowest-flag",
        "highest-flag",
    ],
)
def test_a_header_that_differs_from_a_cached_one_is_checked(
    place: int, change: int
) -> None:
    """In its length, kind or flags; only the number may differ."""
    reader = FrameReader()
    other = bytearray(GOOD)
    other[place] ^= change
    reader.feed(GOOD + wire.text(2, "good") + bytes(other))
    assert len(reader.frames) == 2
    assert reader.error


def test_nothing_behind_a_wrong_header_is_stored() -> None:
    """A peer in error costs no memory, whatever it sends."""
    reader = FrameReader()
    reader.feed(b"\xff\xff\2\0\0\0\0\1and more behind it")
    for _ in range(3):
        assert "65535" in str(reader.error)
        assert (len(reader.frames), len(reader.unfinished)) == (0, 0)
        assert (reader.contents, reader.cut) == ("", "")
        reader.feed(GOOD * 1000)


@pytest.mark.parametrize(
    "frame",
    [wire.text(1, "x"), wire.frame(wire.ACK, 0), wire.bye(0)],
    ids=["TEXT", "ACK", "BYE"],
)
def test_the_first_frame_must_be_of_the_kinds_allowed_first(frame: bytes) -> None:
    """It is refused at its header; behind a HELLO every kind may follow."""
    reader = FrameReader((Kind.HELLO,))
    reader.feed(frame[:8])
    assert str(reader.error) == f"{Kind(frame[2]).name} before HELLO"
    reader = FrameReader((Kind.HELLO,))
    reader.feed(HELLO + frame)
    assert (len(reader.frames), reader.error) == (2, None)


# HELLO.

WRONG_HELLOS = {
    "empty": ("0000", "", "HELLO of 0 bytes, allowed 5 to 32768"),
    "no room for the version": ("0004", "43484154", "HELLO of 4 bytes, allowed 5 to 32768"),
    "far too long": ("8001", "4348415402", "HELLO of 32769 bytes, allowed 5 to 32768"),
    "later version": ("8000", "4348415402", "HELLO of version 2, this is version 1"),
    "short later version": (
        "0005",
        "43484154ff",
        "HELLO of version 255, this is version 1",
    ),
    "later version, usual length": ("0016", "4348415402", "HELLO of version 2, this is"),
    "version 0": ("0016", "4348415400", "HELLO of version 0, this is version 1"),
    "one byte too short": ("0015", "4348415401", "HELLO of 21 bytes, allowed 22 to 149"),
    "one byte too long": ("0096", "4348415401", "HELLO of 150 bytes, allowed 22 to 149"),
    "longest": ("8000", "4348415401", "HELLO of 32768 bytes, allowed 22 to 149"),
    "another protocol": ("0016", "4348415301", "HELLO begins with b'CHAS', not with"),
    "another protocol, long": ("8000", "0000000000", "HELLO begins with b'\\x00"),
}
"""The length in the header, the first bytes of the body, and how the error begins."""


@pytest.mark.parametrize(
    ("length", "body", "error"), WRONG_HELLOS.values(), ids=WRONG_HELLOS
)
@pytest.mark.parametrize("first_kinds", [tuple(Kind), (Kind.HELLO,)], ids=["any", "HELLO"])
def test_a_wrong_hello_is_refused_at_the_fifth_byte_of_its_body(
    length: str, body: str, error: str, first_kinds: tuple[Kind, ...]
) -> None:
    """The version before the length: one of a later version is told which one this is."""
    data = bytes.fromhex(f"{length}010000000000{body}")
    if "allowed 5 to" in error:
        data = data[:8]  # that is refused by its header
    for pieces in ([data], [bytes([byte]) for byte in data]):
        reader = FrameReader(first_kinds)
        for piece in pieces:
            assert not reader.error
            reader.feed(piece)
        assert str(reader.error).startswith(error)
        assert (len(reader.frames), len(reader.unfinished)) == (0, 0)
    _, said = collect([data])
    assert collect([data + bytes(32768) + GOOD]) == ([], said)


def test_what_an_end_cuts_off_a_hello_is_counted() -> None:
    """From its header on, all of it is expected."""
    reader = FrameReader()
    for byte in HELLO[:-1]:
        reader.feed(bytes([byte]))
        expected = 8 if len(reader.unfinished) < 8 else len(HELLO)
        assert reader.cut.endswith(f"bytes, expected {expected}")
    reader.feed(HELLO[-1:] + GOOD)
    assert (reader.cut, reader.contents) == ("", "2 frames")


def test_a_hello_is_the_first_frame_or_none() -> None:
    """The same one again is refused at its header, wherever the bytes are cut."""
    data = HELLO + HELLO + GOOD
    found = [(Kind.HELLO, 0, HELLO[8:])], "HELLO behind another frame"
    feed_three_ways(data, collect)
    assert collect([data]) == found
    assert collect([HELLO + HELLO[:8]]) == found
    assert collect([GOOD + HELLO]) == ([(Kind.TEXT, 1, b"good")], found[1])


# What the log says.


def test_the_log_can_follow_a_frame_piece_by_piece() -> None:
    """And an end of the stream can say what it cut off."""
    reader = FrameReader()
    frame = wire.text(1, "hello")
    assert (reader.contents, reader.cut) == ("", "")
    seen = []
    for piece in (frame[:3], frame[3:8], frame[8:10], frame[10:]):
        reader.feed(piece)
        seen.append((reader.contents, reader.cut))
    assert seen == [
        ("header 3 of 8", "stream ends after 3 bytes, expected 8"),
        ("TEXT 1, body 0 of 5", "stream ends after 8 bytes, expected 13"),
        ("TEXT 1, body 2 of 5", "stream ends after 10 bytes, expected 13"),
        ("1 frame", ""),
    ]


@pytest.mark.parametrize(
    ("data", "contents"),
    [
        (b"", ""),
        (wire.text(1, "x"), "1 frame"),
        (wire.text(1, "x") * 2, "2 frames"),
        (wire.text(1, "x") * 2 + b"\0\5\2", "2 frames, header 3 of 8"),
        (wire.text(1, "x") + wire.bye(1)[:8], "1 frame, BYE 1, body 0 of 1"),
        (wire.text(1, "x") + bytes(8), "1 frame"),
    ],
    ids=[
        "nothing",
        "one",
        "two",
        "two-and-a-header",
        "one-and-no-body",
        "one-and-an-error",
    ],
)
def test_the_log_can_say_what_a_read_contained(data: bytes, contents: str) -> None:
    """The whole frames, and how much there is of the one behind them."""
    reader = FrameReader()
    reader.feed(data)
    assert reader.contents == contents


# Time and memory.


def operations(call: Callable[[], object]) -> int:
    """Count the calls and lines of a piece of work: its time, without a clock."""
    count = 0

    def trace(frame: object, event: str, argument: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()  # that of the coverage tool, when it runs
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        call()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("size", [64, 4096])
def test_the_time_for_a_byte_does_not_grow_with_its_frame(size: int) -> None:
    """Reading byte by byte takes time linear in the bytes."""
    data = wire.text(1, "x" * size)
    pieces = [bytes([byte]) for byte in data]
    reader = FrameReader()

    def feed() -> None:
        for piece in pieces:
            reader.feed(piece)

    assert operations(feed) / len(data) < 12


def test_an_unfinished_frame_is_parsed_twice_and_no_more() -> None:
    """When its header is there and when all of it is, not at every read."""
    lookups: list[int] = []

    class Counting(reader_module._HeaderCache):
        def __getitem__(self, start: int) -> tuple[Kind, int]:
            lookups.append(start)
            return super().__getitem__(start)

    reader = FrameReader()
    reader._headers = Counting(Kind)
    for byte in wire.text(1, "x" * 4096):
        reader.feed(bytes([byte]))
    assert (len(lookups), len(reader.frames)) == (2, 1)


def test_the_cache_of_headers_takes_less_than_a_megabyte() -> None:
    """Even for a peer that sends frames of every length there is."""
    headers = reader_module._HeaderCache(Kind)
    for kind in (Kind.TEXT, Kind.GAME):
        for length in BODY_LENGTHS[kind]:
            assert headers[length << 16 | kind << 8] == (kind, 8 + length)
    assert max(size for _, size in headers.values()) == CACHED_LENGTH_LIMIT + 8
    parts = [item for pair in headers.items() for item in (pair[0], pair[1], pair[1][1])]
    assert sys.getsizeof(headers) + sum(map(sys.getsizeof, parts)) < 1 << 20


# Random bytes.


@given(st.binary(max_size=300), st.integers(0, 2**32))
def test_random_bytes_are_read_alike_however_they_are_cut(data: bytes, seed: int) -> None:
    """The same frames, and the same error in the same place."""
    _compare(data, seed)


@given(
    st.lists(st.tuples(st.sampled_from(list(Kind)), st.binary(max_size=40))), st.integers()
)
def test_random_frames_are_read_alike_however_they_are_cut(
    frames: list[tuple[int, bytes]], seed: int
) -> None:
    """Frames of right and of wrong lengths."""
    data = b"".join(wire.frame(kind, n, body) for n, (kind, body) in enumerate(frames))
    _compare(data, seed)


def _compare(data: bytes, seed: int) -> None:
    """Read the bytes whole, byte by byte, and cut in five random places."""
    dice = random.Random(seed)
    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(5))
    edges = [0, *cuts, len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    whole = collect([data])
    assert collect(pieces) == whole
    assert collect([bytes([byte]) for byte in data]) == whole
