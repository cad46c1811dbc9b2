"""What a frame is: bytes both ways, limits checked at the header, one line in a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.errors import LocalProtocolError, RemoteProtocolError, VersionError
from chatlib.protocol.frames import (
    BODY_LENGTHS,
    FAREWELL_LIMIT,
    HELLO_LENGTHS,
    NAME_LIMIT,
    OPENING,
    TEXT_LIMIT,
    Bye,
    Frame,
    Hello,
    Kind,
    Mode,
    Reason,
    busy_words,
    check_header,
    check_opening,
    decode,
    encode,
    encode_text,
    seat_seconds,
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
    ids=["TEXT", "ACK", "BYE", "longest-number-and-two-bytes-of-length"],
)
def test_a_frame_is_encoded_as_the_protocol_page_says(frame: Frame, raw: bytes) -> None:
    """Big endian: length, kind, flags, number, body."""
    assert frame.encode() == encode(*frame) == raw
    assert wire.frame(frame.kind, frame.number, frame.body) == raw


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_each_kind_has_its_shortest_and_its_longest_body(kind: Kind) -> None:
    """Both limits are allowed, and one byte beyond each is refused."""
    allowed = BODY_LENGTHS[kind]
    shortest, longest = allowed.start, allowed.stop - 1
    check_header(shortest, kind, 0, BODY_LENGTHS)
    check_header(longest, kind, 0, BODY_LENGTHS)
    for length in {shortest - 1, longest + 1} - {-1}:
        with pytest.raises(RemoteProtocolError, match=f"{kind.name} of {length} bytes"):
            check_header(length, kind, 0, BODY_LENGTHS)


def test_the_limits_are_those_of_the_protocol_page() -> None:
    """What a header may say; a HELLO of this version has less room."""
    limits = {
        kind.name: (BODY_LENGTHS[kind].start, BODY_LENGTHS[kind].stop - 1) for kind in Kind
    }
    assert limits == {
        "HELLO": (5, 32768),
        "TEXT": (1, 32768),
        "ACK": (0, 0),
        "GAME": (1, 512),
        "PING": (0, 0),
        "PONG": (0, 0),
        "BYE": (1, 128),
    }
    assert (HELLO_LENGTHS.start, HELLO_LENGTHS.stop - 1) == (22, 149)


@pytest.mark.parametrize("length", [5, 22, 149, 32768])
def test_a_hello_of_another_version_may_have_another_length(length: int) -> None:
    """Its sender is told which version this is, and not that its HELLO is too long."""
    check_header(length, Kind.HELLO, 0, BODY_LENGTHS)
    with pytest.raises(VersionError, match="version 2, this is version 1"):
        check_opening(b"CHAT\x02", length)
    with pytest.raises(VersionError, match="version 2, this is version 1"):
        Hello.decode(b"CHAT\x02".ljust(length))


@pytest.mark.parametrize(("length", "right"), [(21, 0), (22, 1), (149, 1), (150, 0)])
def test_a_hello_of_this_version_has_its_limits(length: int, right: int) -> None:
    """They are judged behind the version; the body need not be there yet."""
    if right:
        check_opening(b"CHAT\x01", length)
        return
    for judge in (
        lambda: check_opening(b"CHAT\x01", length),
        lambda: Hello.decode(b"CHAT\x01".ljust(length)),
    ):
        with pytest.raises(RemoteProtocolError, match=f"{length} bytes, allowed 22 to 149"):
            judge()


@pytest.mark.parametrize("kind", sorted(set(range(256)) - set(Kind)))
def test_an_unknown_kind_is_refused(kind: int) -> None:
    """Every number that no kind has today."""
    with pytest.raises(RemoteProtocolError, match=f"^unknown kind {kind}$"):
        check_header(1, kind, 0, BODY_LENGTHS)


@pytest.mark.parametrize("flags", [1, 0x80, 0xFF], ids=hex)
def test_flags_that_are_not_0_are_refused(flags: int) -> None:
    """Otherwise two programs could disagree about the meaning of a flag."""
    with pytest.raises(RemoteProtocolError, match="TEXT with flags 0x"):
        check_header(5, Kind.TEXT, flags, BODY_LENGTHS)


def test_a_kind_that_is_not_allowed_yet_is_refused() -> None:
    """Before HELLO no other frame may come, however well it is formed."""
    with pytest.raises(RemoteProtocolError, match="TEXT before HELLO"):
        check_header(5, Kind.TEXT, 0, {Kind.HELLO: BODY_LENGTHS[Kind.HELLO]})
    with pytest.raises(RemoteProtocolError, match="HELLO behind another frame"):
        check_header(22, Kind.HELLO, 0, {Kind.TEXT: BODY_LENGTHS[Kind.TEXT]})


@pytest.mark.parametrize(
    "name",
    ["", "server", "Grüße", "x" * NAME_LIMIT],
    ids=["empty", "ascii", "not-ascii", "longest"],
)
@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name)
def test_a_hello_is_decoded_to_what_was_encoded(name: str, mode: Mode) -> None:
    """Session id, mode and name; the harness lays out the same bytes."""
    hello = Hello(SESSION, mode, name)
    body = hello.encode()
    assert Hello.decode(body) == hello
    assert wire.hello(name, mode, SESSION)[8:] == body


@pytest.mark.parametrize(
    ("body", "error", "text"),
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
    ids=["magic", "version", "mode", "name"],
)
def test_a_malformed_hello_is_refused(
    body: bytes, error: type[Exception], text: str
) -> None:
    """With an error of its own for each field."""
    with pytest.raises(error, match=text) as caught:
        Hello.decode(body)
    assert type(caught.value) is error


def test_a_name_over_the_limit_is_a_local_error() -> None:
    """The limit counts bytes and not characters."""
    with pytest.raises(LocalProtocolError, match="the name is 128 bytes long"):
        Hello(SESSION, Mode.ANY, "ü" * 64).encode()


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
@pytest.mark.parametrize("words", ["", "see you", "ü" * 63], ids=["empty", "short", "long"])
def test_a_bye_is_decoded_to_what_was_encoded(reason: Reason, words: str) -> None:
    """Reason and text; the harness lays out the same bytes."""
    body = Bye(reason, words).encode()
    assert Bye.decode(body) == Bye(reason, words)
    assert wire.bye(1, reason, words)[8:] == body


def test_a_long_farewell_is_cut_between_characters() -> None:
    """127 bytes have room for 63 characters of two bytes; half a character is dropped."""
    body = Bye(Reason.QUIT, "ü" * 100).encode()
    assert len(body) <= 1 + FAREWELL_LIMIT
    assert Bye.decode(body).text == "ü" * 63


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"\0", "unknown reason 0"), (b"\x01\xff", "the text of BYE is not UTF-8")],
    ids=["reason", "words"],
)
def test_a_malformed_bye_is_refused(body: bytes, text: str) -> None:
    """For an unknown reason, and for a text that is not UTF-8."""
    with pytest.raises(RemoteProtocolError, match=text):
        Bye.decode(body)


@pytest.mark.parametrize("unit", ["x", "ü", "日", "🙂"], ids=["1", "2", "3", "4"])
def test_a_message_may_be_as_long_as_the_limit_and_no_longer(unit: str) -> None:
    """The limit counts bytes, in characters of one to four."""
    size = len(unit.encode())
    longest = unit * (TEXT_LIMIT // size) + "." * (TEXT_LIMIT % size)
    assert len(encode_text(longest)) == TEXT_LIMIT
    with pytest.raises(LocalProtocolError, match=f"is {TEXT_LIMIT + size} bytes long"):
        encode_text(longest + unit)


@pytest.mark.parametrize(
    ("text", "error"),
    [("", "empty"), ("\udcff", "not valid Unicode")],
    ids=["empty", "lone-surrogate"],
)
def test_a_text_that_cannot_be_encoded_is_a_local_error(text: str, error: str) -> None:
    """It is refused before anything is sent."""
    with pytest.raises(LocalProtocolError, match=error):
        encode_text(text)


def test_a_body_that_is_not_utf_8_is_refused() -> None:
    """The error says at which byte, so that it can be found in a log."""
    assert decode("Grüße".encode(), "TEXT 3") == "Grüße"
    with pytest.raises(RemoteProtocolError, match=r"^TEXT 3 is not UTF-8 at byte 2$"):
        decode(b"ab\xff", "TEXT 3")


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
        (Frame(Kind.HELLO, 0, b"CHAT\2"), r"HELLO 0 'CHAT\x02' [5 bytes]"),
        (Frame(Kind.BYE, 1, b"\1see you"), "BYE 1 quit 'see you' [8 bytes]"),
        (Frame(Kind.BYE, 1, b"\0"), r"BYE 1 '\x00' [1 bytes]"),
    ],
    ids=[
        "TEXT",
        "TEXT-not-ascii",
        "TEXT-with-controls",
        "TEXT-not-utf-8",
        "TEXT-too-long-for-a-line",
        "ACK",
        "HELLO",
        "HELLO-malformed",
        "HELLO-of-another-version",
        "BYE",
        "BYE-malformed",
    ],
)
def test_a_frame_is_shown_on_one_line_of_a_log(frame: Frame, line: str) -> None:
    """Kind, number, what is in the body, and the length of it."""
    assert str(frame) == line


@given(st.sampled_from(Kind), st.binary(min_size=OPENING.size, max_size=200))
def test_the_log_line_of_any_frame_is_printable(kind: Kind, body: bytes) -> None:
    """No body can break the line or control the terminal that shows it."""
    line = str(Frame(kind, 1, body))
    assert line.isprintable()


# The words of a refusal because the server is busy.


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "a talk is on"),
        (0, "a seat is kept for 0 s"),
        (42, "a seat is kept for 42 s"),
        (999_999_999, "a seat is kept for 999999999 s"),
    ],
)
def test_a_busy_server_says_whether_a_talk_is_on_or_how_long_a_seat_is_kept(
    seconds: int | None, words: str
) -> None:
    """The client reads from the words what the server wrote."""
    assert busy_words(seconds) == words
    assert seat_seconds(words) == seconds


def test_a_longer_time_than_the_form_has_room_for_is_cut() -> None:
    """The form has room for nine digits."""
    assert busy_words(10**12) == "a seat is kept for 999999999 s"


@pytest.mark.parametrize(
    "words",
    [
        "",
        "a seat is kept for  s",
        "a seat is kept for 042 s",
        "a seat is kept for -1 s",
        "a seat is kept for 1_0 s",
        "a seat is kept for 4.5 s",
        "a seat is kept for ٤٢ s",
        "a seat is kept for ² s",
        "a seat is kept for 1000000000 s",
        "a seat is kept for " + "9" * 100 + " s",
        "a seat is kept for " + "9" * 5000 + " s",  # more than `int` converts
        "a seat is kept for 42 s.",
        "A seat is kept for 42 s",
        "a seat is kept for 42",
        "42 s",
        "42",
        "the server keeps its seat for a client that it has lost",
    ],
)
def test_other_words_of_a_busy_server_name_no_seconds(words: str) -> None:
    """They come from a peer: only the exact form counts."""
    assert seat_seconds(words) is None
