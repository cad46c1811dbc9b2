"""What a frame is: bytes both ways, limits checked at the header, one line in a log."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.errors import LocalProtocolError, RemoteProtocolError, VersionError
from chatlib.protocol.frames import (
    FAREWELL_LIMIT,
    HELLO_FIXED,
    LENGTHS,
    NAME_LIMIT,
    TEXT_LIMIT,
    Bye,
    Frame,
    Hello,
    Kind,
    Mode,
    Reason,
    check_header,
    encode_run,
    encode_text,
)
from harness import wire

SESSION = bytes(range(16))


@pytest.mark.parametrize(
    ("frame", "raw"),
    [
        (Frame(Kind.TEXT, 1, b"hello"), b"\0\5\2\0\0\0\0\1hello"),
        (Frame(Kind.ACK, 0x01020304, b""), b"\0\0\4\0\1\2\3\4"),
        (Frame(Kind.BYE, 2, b"\1see you"), b"\0\x08\7\0\0\0\0\2\1see you"),
        (
            Frame(Kind.TEXT, 2**32 - 1, b"x" * 256),
            b"\1\0\2\0\xff\xff\xff\xff" + b"x" * 256,
        ),
    ],
)
def test_a_frame_travels_as_the_protocol_page_says(frame: Frame, raw: bytes) -> None:
    """Big endian: length, kind, flags, number, body."""
    assert frame.encode() == raw
    assert wire.frame(frame.kind, frame.number, frame.body) == raw


@given(
    st.lists(st.tuples(st.sampled_from(Kind), st.binary(max_size=300))), st.integers(0, 99)
)
def test_a_run_of_frames_travels_as_each_of_them_does(
    frames: list[tuple[Kind, bytes]], first: int
) -> None:
    """One behind the other, each of its own kind and length, and numbered on."""
    kinds, bodies = [kind for kind, _ in frames], [body for _, body in frames]
    each = [wire.frame(*frame) for frame in zip(kinds, count(first), bodies, strict=False)]
    assert encode_run(kinds, first, bodies) == b"".join(each)


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_its_shortest_and_its_longest_body(kind: Kind) -> None:
    """Both ends of the range are allowed, one byte beyond each is not."""
    allowed = LENGTHS[kind]
    shortest, longest = allowed.start, allowed.stop - 1
    check_header(shortest, kind, 0)
    check_header(longest, kind, 0)
    for length in {shortest - 1, longest + 1} - {-1}:
        with pytest.raises(RemoteProtocolError, match=f"{kind.name} of {length} bytes"):
            check_header(length, kind, 0)


def test_the_limits_are_those_of_the_protocol_page() -> None:
    """HELLO 22 to 149, TEXT 1 to 32768, GAME 1 to 512, BYE 1 to 128, the others 0."""
    limits = {kind.name: (LENGTHS[kind].start, LENGTHS[kind].stop - 1) for kind in Kind}
    assert limits == {
        "HELLO": (22, 149),
        "TEXT": (1, 32768),
        "ACK": (0, 0),
        "GAME": (1, 512),
        "PING": (0, 0),
        "PONG": (0, 0),
        "BYE": (1, 128),
    }


@pytest.mark.parametrize("kind", sorted(set(range(256)) - set(Kind)))
def test_an_unknown_kind_is_refused(kind: int) -> None:
    """Also the kinds that are kept for later."""
    with pytest.raises(RemoteProtocolError, match=f"^unknown kind {kind}$"):
        check_header(1, kind, 0)


@pytest.mark.parametrize("flags", [1, 0x80, 0xFF])
def test_flags_that_are_not_0_are_refused(flags: int) -> None:
    """Two readers must not be able to differ about what a flag means."""
    with pytest.raises(RemoteProtocolError, match="TEXT with flags 0x"):
        check_header(5, Kind.TEXT, flags)


def test_a_kind_that_is_not_admitted_yet_is_refused() -> None:
    """Before HELLO nothing else may come, however well it is formed."""
    with pytest.raises(RemoteProtocolError, match="TEXT before HELLO"):
        check_header(5, Kind.TEXT, 0, {Kind.HELLO: LENGTHS[Kind.HELLO]})


@pytest.mark.parametrize("name", ["", "server", "Grüße", "x" * NAME_LIMIT])
@pytest.mark.parametrize("mode", Mode)
def test_a_hello_comes_back_as_it_was(name: str, mode: Mode) -> None:
    """Session id, mode and name survive the wire; the harness lays it out alike."""
    hello = Hello(SESSION, mode, name)
    body = hello.encode()
    assert Hello.decode(body) == hello
    assert wire.hello(name, mode, SESSION)[8:] == body


@pytest.mark.parametrize(
    ("body", "error", "says"),
    [
        (b"GET \x01" + SESSION + b"\0", RemoteProtocolError, "begins with b'GET '"),
        (b"CHAT\x02" + SESSION + b"\0", VersionError, "version 2, this is version 1"),
        (b"CHAT\x01" + SESSION + b"\x09", RemoteProtocolError, "unknown mode 9"),
        (
            b"CHAT\x01" + SESSION + b"\0a\xff",
            RemoteProtocolError,
            "name in HELLO is not",
        ),
    ],
)
def test_a_hello_that_is_none_is_refused(
    body: bytes, error: type[Exception], says: str
) -> None:
    """Each mistake has words of its own."""
    with pytest.raises(error, match=says) as caught:
        Hello.decode(body)
    assert type(caught.value) is error


def test_a_name_over_the_limit_is_our_own_error() -> None:
    """Counted in bytes and not in characters."""
    with pytest.raises(LocalProtocolError, match="the name is 128 bytes long"):
        Hello(SESSION, Mode.ANY, "ü" * 64).encode()


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("words", ["", "see you", "ü" * 63])
def test_a_bye_comes_back_as_it_was(reason: Reason, words: str) -> None:
    """Reason and words survive the wire; the harness lays it out alike."""
    body = Bye(reason, words).encode()
    assert Bye.decode(body) == Bye(reason, words)
    assert wire.bye(1, reason, words)[8:] == body


def test_a_long_farewell_is_cut_between_characters() -> None:
    """127 bytes hold 63 two-byte characters and not a half one more."""
    body = Bye(Reason.QUIT, "ü" * 100).encode()
    assert len(body) <= 1 + FAREWELL_LIMIT
    assert Bye.decode(body).text == "ü" * 63


@pytest.mark.parametrize(
    ("body", "says"), [(b"\0", "unknown reason 0"), (b"\x01\xff", "words of BYE")]
)
def test_a_bye_that_is_none_is_refused(body: bytes, says: str) -> None:
    """A reason nobody knows, and words that are no text."""
    with pytest.raises(RemoteProtocolError, match=says):
        Bye.decode(body)


@pytest.mark.parametrize("unit", ["x", "ü", "日", "🙂"])
def test_a_message_may_be_as_long_as_the_limit_and_no_longer(unit: str) -> None:
    """Bytes count, in characters of one to four."""
    size = len(unit.encode())
    longest = unit * (TEXT_LIMIT // size) + "." * (TEXT_LIMIT % size)
    assert len(encode_text(longest)) == TEXT_LIMIT
    with pytest.raises(LocalProtocolError, match=f"is {TEXT_LIMIT + size} bytes long"):
        encode_text(longest + unit)


@pytest.mark.parametrize(("text", "says"), [("", "empty"), ("\udcff", "not valid Unicode")])
def test_a_message_that_cannot_travel_is_our_own_error(text: str, says: str) -> None:
    """Nothing is sent and nothing has changed."""
    with pytest.raises(LocalProtocolError, match=says):
        encode_text(text)


def test_a_text_that_is_not_utf_8_says_where() -> None:
    """At which byte, so that it can be found in a log."""
    with pytest.raises(RemoteProtocolError, match="TEXT 3 is not UTF-8 at byte 2"):
        _ = Frame(Kind.TEXT, 3, b"ab\xff").text


@pytest.mark.parametrize(
    ("frame", "line"),
    [
        (Frame(Kind.TEXT, 1, b"hello"), "TEXT 1 'hello' [5 bytes]"),
        (Frame(Kind.TEXT, 2, "ü".encode()), "TEXT 2 'ü' [2 bytes]"),
        (Frame(Kind.TEXT, 3, b"a\nb\x1b["), r"TEXT 3 'a\nb\x1b[' [5 bytes]"),
        (Frame(Kind.TEXT, 4, b"\xff"), r"TEXT 4 b'\xff' [1 bytes]"),
        (
            Frame(Kind.TEXT, 5, b"x" * 40 + b"y" * 40),
            f"TEXT 5 '{'x' * 37}'...'{'y' * 37}' [80 bytes]",
        ),
        (Frame(Kind.ACK, 7, b""), "ACK 7 [0 bytes]"),
        (
            Frame(Kind.HELLO, 0, Hello(SESSION, Mode.TURNS, "server").encode()),
            "HELLO 0 00010203 turns 'server' [28 bytes]",
        ),
        (Frame(Kind.HELLO, 0, b"x" * 22), f"HELLO 0 '{'x' * 22}' [22 bytes]"),
        (Frame(Kind.BYE, 1, b"\1see you"), "BYE 1 quit 'see you' [8 bytes]"),
        (Frame(Kind.BYE, 1, b"\0"), r"BYE 1 '\x00' [1 bytes]"),
    ],
)
def test_a_frame_shows_itself_on_one_line(frame: Frame, line: str) -> None:
    """Kind, number, what is in it, and how many bytes that was."""
    assert str(frame) == line


@given(st.sampled_from(Kind), st.binary(min_size=HELLO_FIXED.size, max_size=200))
def test_whatever_the_bytes_are_a_log_line_is_one_printable_line(
    kind: Kind, body: bytes
) -> None:
    """No body can break a line or reach the terminal through the log."""
    line = str(Frame(kind, 1, body))
    assert line.isprintable()
