"""The reader: whole frames only, however TCP cut them, and bad headers refused at once."""

import random
import re
import sys
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.errors import RemoteProtocolError
from chatlib.protocol import reader as reader_module
from chatlib.protocol.frames import LENGTHS, Frame, Kind
from chatlib.protocol.reader import FrameReader
from harness import wire
from tests.helpers import feed_three_ways

HELLO = wire.hello()
TALK = (
    HELLO
    + wire.text(1, "hello")
    + wire.frame(wire.ACK, 1)
    + wire.text(2, "Grüße, 你好 🙂")
    + wire.text(3, "x")
    + wire.bye(3, wire.QUIT, "see you")
)


def collect(pieces: list[bytes]) -> tuple[list[Frame], str]:
    """Feed pieces; give the frames that came out and the error, if one did."""
    reader = FrameReader()
    frames: list[Frame] = []
    error = ""
    for piece in pieces:
        reader.feed(piece)
        try:
            for frame in reader:
                frames.append(frame)
        except RemoteProtocolError as refusal:
            error = str(refusal)
    return frames, error


def test_a_talk_cut_at_any_byte_gives_the_same_frames() -> None:
    """Whole, byte by byte, and in two pieces at every offset."""
    frames, error = collect([TALK])
    assert [(f.kind, f.number, f.body) for f in frames] == wire.split(TALK)
    assert error == ""
    feed_three_ways(TALK, collect)


def test_a_frame_is_there_only_when_its_last_byte_is() -> None:
    """Not one byte before, and nothing is missing then."""
    reader = FrameReader()
    frame = wire.text(1, "hello")
    reader.feed(frame[:-1])
    assert (len(reader.frames), reader.missing) == (0, 1)
    assert list(reader) == []
    reader.feed(frame[-1:])
    assert (len(reader.frames), reader.missing) == (1, 0)
    assert list(reader) == [Frame(Kind.TEXT, 1, b"hello")]
    assert list(reader) == []


def test_several_frames_of_one_read_all_come_out() -> None:
    """And the piece after them is kept for the next read."""
    reader = FrameReader()
    reader.feed(wire.text(1, "one") + wire.text(2, "two") + wire.text(3, "three")[:9])
    assert [frame.text for frame in reader] == ["one", "two"]
    reader.feed(wire.text(3, "three")[9:] + wire.text(4, "four"))
    assert [frame.text for frame in reader] == ["three", "four"]


@pytest.mark.parametrize("size", [1, 2, 1023, 1024, 1025, 4095, 4096, 32768])
@pytest.mark.parametrize("unit", ["x", "ü", "日", "🙂"])
def test_messages_of_every_size_come_whole(size: int, unit: str) -> None:
    """In characters of one to four bytes, filled up to the byte."""
    width = len(unit.encode())
    text = unit * (size // width) + "." * (size % width)
    data = wire.text(1, text)
    for pieces in ([data], [bytes([byte]) for byte in data], [data[:-1], data[-1:]]):
        frames, error = collect(pieces)
        assert [frame.text for frame in frames] == [text]
        assert error == ""


BAD_HEADERS = [
    (b"\xff\xff\2\0\0\0\0\1", "TEXT of 65535 bytes, allowed 1 to 32768"),
    (b"\0\0\2\0\0\0\0\1", "TEXT of 0 bytes, allowed 1 to 32768"),
    (b"\x80\1\2\0\0\0\0\1", "TEXT of 32769 bytes, allowed 1 to 32768"),
    (b"\0\1\4\0\0\0\0\1", "ACK of 1 bytes, allowed 0 to 0"),
    (b"\0\0\7\0\0\0\0\1", "BYE of 0 bytes, allowed 1 to 128"),
    (b"\0\5\2\1\0\0\0\1", "TEXT with flags 0x01, expected 0"),
    (b"\0\5\x2a\0\0\0\0\1", "unknown kind 42"),
    (b"GET / HTTP/1.1\r\n", "unknown kind 84"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01", "HELLO with flags 0x02"),  # a TLS ClientHello
    (b"SSH-2.0-OpenSSH", "unknown kind 72"),
    (bytes(8), "unknown kind 0"),
    (b"\xff" * 8, "unknown kind 255"),
]


@pytest.mark.parametrize(("header", "says"), BAD_HEADERS)
def test_a_bad_header_is_refused_at_its_eighth_byte(header: bytes, says: str) -> None:
    """Whole, byte by byte and with trailing data; the good frames before it are given."""
    good = wire.text(1, "good")
    feed_three_ways(good + header[:8], collect)
    feed_three_ways(good + header + wire.text(2, "after"), collect)
    frames, error = collect([good + header[:7]])
    assert (len(frames), error) == (1, "")
    frames, error = collect([good + header[:8]])
    assert [frame.text for frame in frames] == ["good"]
    assert says in error


@pytest.mark.parametrize(("header", "says"), BAD_HEADERS)
def test_a_header_that_was_refused_is_refused_again(header: bytes, says: str) -> None:
    """By every reader there is: what one has seen is not known to be right by that."""
    for _ in range(3):
        for first in (tuple(Kind), (Kind.HELLO,)):
            reader = FrameReader(first)
            reader.feed(HELLO + header)
            frames = iter(reader)
            assert next(frames) == (Kind.HELLO, 0, HELLO[8:])
            with pytest.raises(RemoteProtocolError, match=re.escape(says)):
                next(frames)


def test_a_header_that_is_known_is_right_with_its_own_length_kind_and_flags_only() -> None:
    """The number is no part of it; whatever else differs is looked at anew."""
    good = wire.text(1, "hello")
    for place, change in ((0, 0x80), (1, 5), (2, 6), (2, 40), (3, 1), (3, 0x80)):
        reader = FrameReader()
        reader.feed(good * 2)
        other = bytearray(good)
        other[place] ^= change
        reader.feed(bytes(other))
        with pytest.raises(RemoteProtocolError):
            list(reader)


def test_nothing_of_a_refused_frame_is_stored() -> None:
    """Nor anything after it: a peer in error costs no memory."""
    reader = FrameReader()
    reader.feed(b"\xff\xff\2\0\0\0\0\1and what comes with it")
    for _ in range(3):
        with pytest.raises(RemoteProtocolError, match="65535"):
            list(reader)
        assert len(reader.unfinished) == 0
        assert (reader.missing, reader.progress, reader.cut) == (0, "", "")
        reader.feed(b"x" * 65536)


@pytest.mark.parametrize("frame", [wire.text(1, "x"), wire.frame(wire.ACK, 0), wire.bye(0)])
def test_before_hello_everything_else_is_refused_at_its_header(frame: bytes) -> None:
    """Before its body is looked at; after a HELLO all kinds may come."""
    reader = FrameReader((Kind.HELLO,))
    reader.feed(frame[:8])
    with pytest.raises(RemoteProtocolError, match="before HELLO"):
        list(reader)
    reader = FrameReader((Kind.HELLO,))
    reader.feed(HELLO + frame)
    assert len(list(reader)) == 2


def test_the_log_can_say_what_is_missing() -> None:
    """A frame that arrives in three pieces can be followed read by read."""
    reader = FrameReader()
    frame = wire.text(1, "hello")
    seen = []
    for piece in (frame[:3], frame[3:8], frame[8:10], frame[10:]):
        reader.feed(piece)
        seen.append((reader.missing, reader.progress, reader.cut))
    assert seen == [
        (5, "header 3 of 8", "stream ends after 3 bytes, expected 8"),
        (5, "TEXT 1, body 0 of 5", "stream ends after 8 bytes, expected 13"),
        (3, "TEXT 1, body 2 of 5", "stream ends after 10 bytes, expected 13"),
        (0, "", ""),
    ]


def operations(call: Callable[[], object]) -> int:
    """Count the calls and lines that a piece of work takes: its cost without a clock."""
    count = 0

    def trace(frame: object, event: str, argument: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()  # the coverage tool's, when it runs
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        call()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("size", [64, 4096])
def test_reading_byte_by_byte_costs_the_same_for_every_byte(size: int) -> None:
    """Linear: the steps for a byte do not grow with the frame that it belongs to."""
    data = wire.text(1, "x" * size)
    pieces = [bytes([byte]) for byte in data]
    reader = FrameReader()

    def feed() -> None:
        for piece in pieces:
            reader.feed(piece)

    steps = operations(feed)
    assert steps / len(data) < 12


def test_a_waiting_frame_is_looked_at_twice_and_no_more() -> None:
    """When its header is there and when all of it is: not at every read."""
    looks: list[int] = []

    class Counting(reader_module._Known):
        def __getitem__(self, start: int) -> tuple[Kind, int]:
            looks.append(start)
            return super().__getitem__(start)

    reader = FrameReader()
    reader._known = Counting(Kind)
    for byte in wire.text(1, "x" * 4096):
        reader.feed(bytes([byte]))
    assert (len(looks), len(reader.frames)) == (2, 1)


@given(st.binary(max_size=300), st.integers(0, 2**32))
def test_random_bytes_whole_or_cut_give_the_same_and_only_our_own_error(
    data: bytes, seed: int
) -> None:
    """Nothing but RemoteProtocolError is ever raised, at the same place."""
    _compare(data, seed)


@given(
    st.lists(st.tuples(st.sampled_from(list(Kind)), st.binary(max_size=40))), st.integers()
)
def test_random_frames_whole_or_cut_give_the_same(
    frames: list[tuple[int, bytes]], seed: int
) -> None:
    """Right and wrong lengths mixed."""
    data = b"".join(wire.frame(kind, n, body) for n, (kind, body) in enumerate(frames))
    _compare(data, seed)


def _compare(data: bytes, seed: int) -> None:
    """Read the bytes whole, byte by byte and at random cuts."""
    choose = random.Random(seed)
    cuts = sorted(choose.randrange(len(data) + 1) for _ in range(5))
    edges = [0, *cuts, len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    whole = collect([data])
    assert collect(pieces) == whole
    assert collect([bytes([byte]) for byte in data]) == whole


def test_headers_of_every_length_fill_less_than_a_megabyte() -> None:
    """What was found right is remembered only as far as a terminal's longest line."""
    known = reader_module._Known(Kind)
    for kind in (Kind.TEXT, Kind.GAME):
        for length in LENGTHS[kind]:
            assert known[length << 16 | kind << 8] == (kind, 8 + length)
    entries = [item for pair in known.items() for item in (pair[0], pair[1], pair[1][1])]
    assert sys.getsizeof(known) + sum(map(sys.getsizeof, entries)) < 1 << 20
