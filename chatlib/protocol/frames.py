r"""What a frame is: its kinds, limits and bytes, and its line in a log.

    length u16 | kind u8 | flags u8 = 0 | number u32 | body: `length` bytes

Big endian. TCP delivers a stream of bytes without any mark between two messages, and no
byte can serve as a mark because a text may contain every one. So the length goes first:
after eight bytes a reader knows how many more belong to the frame, however the network
cuts or joins them.

No I/O here. Modules outside the protocol package need not import this one: the session
passes on what they use.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import IntEnum
from struct import Struct

from chatlib.errors import LocalProtocolError, RemoteProtocolError, VersionError

# Layout.

HEADER = Struct("!HBBI")
"""Length of the body, kind, flags, number: eight bytes."""

VERSION = 1
"""The version of the protocol that this code speaks."""

MAGIC = b"CHAT"
"""The first bytes of a HELLO; the opening of no other protocol has them in this place."""

SESSION_BYTES = 16
"""The length of a session id: two ids of 128 random bits are never equal by chance."""

LAST_NUMBER = 2**32 - 1
"""The highest number that a header has room for: no message comes after this one."""

# Limits, all in bytes of UTF-8.

TEXT_LIMIT = 32768
"""The longest text of one message: 6000 characters of any script, emoji too."""

GAME_LIMIT = 512
"""The longest words about a game: a verb and its arguments."""

NAME_LIMIT = 127
"""The longest name of a person."""

FAREWELL_LIMIT = 127
"""The longest text of a BYE, behind its reason."""

QUOTE_LIMIT = 75
"""The characters of a text in a log line, so that most lines fit on one of a terminal."""


class Kind(IntEnum):
    """The kinds of frames, as numbered on the wire."""

    HELLO = 1
    TEXT = 2
    GAME = 3
    ACK = 4
    PING = 5
    PONG = 6
    BYE = 7


class Mode(IntEnum):
    """The ways to take turns. The server chooses one; a client may say ANY."""

    ANY = 0
    TURNS = 1
    FREE = 2


class Reason(IntEnum):
    """The reasons of a BYE."""

    # The person left: `/q`, Ctrl-D, end of input.
    QUIT = 1
    # The server has another client, or keeps the seat of one: see `busy_words`.
    BUSY = 2
    # The peer speaks another version of the protocol.
    VERSION = 3
    # The peer counts messages that the sender never sent: its session is not one of ours.
    UNKNOWN_SESSION = 4
    # The peer broke the protocol.
    PROTOCOL = 5
    # The program was stopped: a signal, a closed terminal, a closed screen.
    STOPPED = 6


# The words of a BYE with reason BUSY have a form of their own, so that a client can show
# how long the seat is kept. Any other words are only shown.

_TALK_IS_ON = "a talk is on"
_SEAT_BEFORE, _SEAT_AFTER = "a seat is kept for ", " s"

SEAT_DIGITS = 9
"""The most digits in those seconds; a longer number is no number of seconds."""


def busy_words(seconds: int | None) -> str:
    """Return the words of a BYE with reason BUSY.

    `seconds` is how long the seat of a lost client is kept yet, or None during a talk. Of
    a longer time than SEAT_DIGITS can tell, the longest that they can is returned.
    """
    if seconds is None:
        return _TALK_IS_ON
    return f"{_SEAT_BEFORE}{min(seconds, 10**SEAT_DIGITS - 1)}{_SEAT_AFTER}"


def seat_seconds(words: str) -> int | None:
    """Return the seconds in the words of a BYE with reason BUSY, or None for other words.

    Only what `busy_words` may have written counts: ASCII digits, no leading zero.
    """
    return _number_in(words, busy_words)


TICKET_IN_USE = "this ticket is in use"
"""The words of a BYE with reason BUSY for a second program with the ticket of a talk."""


def new_start_words(lines: int) -> str:
    """Return the words of a BYE with reason BUSY for a person that has started anew.

    `lines` is how many of its lines had arrived in the talk that ends by this. The seat is
    free: its program says HELLO again at once.
    """
    return f"a new start, {min(lines, 10**SEAT_DIGITS - 1)} lines had arrived"


def lines_arrived(words: str) -> int | None:
    """Return the number of lines in what `new_start_words` has written, or else None."""
    return _number_in(words, new_start_words)


def _number_in(words: str, write: Callable[[int], str]) -> int | None:
    """Return the number for which `write` returns these words; None if there is none."""
    before, _, after = write(0).partition("0")
    digits = words.removeprefix(before).removesuffix(after)
    if len(digits) > SEAT_DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if write(int(digits)) == words else None


# The words by which two ends find that only one of them uses a ticket. They travel in
# clear, in a BYE with reason PROTOCOL, and any program shows them.

TICKET_NEEDED = "this talk is private: ask for its ticket, and use it with chatc --private"
NO_TICKET = "there is no ticket here: connect without one, or start chatd --private"


# In Python 3.11 `9 in Mode` raises TypeError for a number that is no member.
_MODES = frozenset(map(int, Mode))
_REASONS = frozenset(map(int, Reason))

HELLO_FIXED = Struct(f"!4sB{SESSION_BYTES}sB")
"""The part of a HELLO before the name: magic, version, session id, mode."""

OPENING = Struct("!4sB")
"""What every version begins a HELLO with: magic, version."""

HELLO_LENGTHS = range(HELLO_FIXED.size, HELLO_FIXED.size + NAME_LIMIT + 1)
"""The body lengths that a HELLO of this version may have."""

BODY_LENGTHS: Mapping[int, range] = {
    # A HELLO of a later version may be longer, and has to be told which one this is.
    Kind.HELLO: range(OPENING.size, TEXT_LIMIT + 1),
    Kind.TEXT: range(1, TEXT_LIMIT + 1),
    Kind.GAME: range(1, GAME_LIMIT + 1),
    Kind.ACK: range(1),
    Kind.PING: range(1),
    Kind.PONG: range(1),
    Kind.BYE: range(1, 1 + FAREWELL_LIMIT + 1),
}
"""The body lengths that each kind may have, as far as its header can say."""


def check_header(length: int, kind: int, flags: int, lengths: Mapping[int, range]) -> None:
    """Refuse a wrong header before a byte of its body is stored.

    `lengths` has the kinds that are allowed at this moment, and the body lengths of each.
    Raises RemoteProtocolError.
    """
    if kind not in BODY_LENGTHS:
        raise RemoteProtocolError(f"unknown kind {kind}")
    name = Kind(kind).name
    if kind not in lengths:
        why = "behind another frame" if kind == Kind.HELLO else "before HELLO"
        raise RemoteProtocolError(f"{name} {why}")
    # No flag is defined yet. Refusing all keeps two programs from reading one differently.
    if flags:
        raise RemoteProtocolError(f"{name} with flags {flags:#04x}, expected 0")
    _check_length(name, length, lengths[kind])


def check_opening(body: bytes, length: int) -> None:
    """Refuse the HELLO of another protocol or version, or of a wrong length.

    `body` begins with OPENING, and `length` is that of the whole body. In this order:
    only a peer that speaks this protocol has a version of it, and another version may
    have other lengths. Raises RemoteProtocolError or VersionError.
    """
    magic, version = OPENING.unpack_from(body)
    if magic != MAGIC:
        raise RemoteProtocolError(f"HELLO begins with {magic!r}, not with {MAGIC!r}")
    if version != VERSION:
        raise VersionError(f"HELLO of version {version}, this is version {VERSION}")
    _check_length("HELLO", length, HELLO_LENGTHS)


def _check_length(name: str, length: int, allowed: range) -> None:
    if length not in allowed:
        raise RemoteProtocolError(
            f"{name} of {length} bytes, allowed {allowed.start} to {allowed.stop - 1}"
        )


# Frames. Named tuples and not dataclasses: the import of `dataclasses` alone takes 8 ms,
# as long as the start of the interpreter.


class Frame(namedtuple("Frame", ("kind", "number", "body"))):
    """One whole frame: its kind, its number and the bytes of its body."""

    __slots__ = ()
    kind: Kind
    number: int
    body: bytes

    def encode(self) -> bytes:
        """Return the bytes of the frame on the wire."""
        return encode(*self)

    def __str__(self) -> str:
        """Return the frame's log line: one printable line for any body."""
        fields = [self.kind.name, str(self.number), *_body_fields(self)]
        return f"{' '.join(fields)} [{len(self.body)} bytes]"


def encode(kind: Kind, number: int, body: bytes) -> bytes:
    """Return the bytes of a frame on the wire: eight of header, then the body."""
    return HEADER.pack(len(body), kind, 0, number) + body


# What the bodies contain.


class Hello(namedtuple("Hello", ("session", "mode", "name"))):
    """The content of a HELLO: session id, mode, and the name of the person."""

    __slots__ = ()
    session: bytes
    mode: Mode
    name: str

    def encode(self) -> bytes:
        """Return the body of the HELLO. Raises LocalProtocolError for a long name."""
        name = self.name.encode("utf-8", "replace")
        if len(name) > NAME_LIMIT:
            raise LocalProtocolError(
                f"the name is {len(name)} bytes long, the limit is {NAME_LIMIT}"
            )
        return HELLO_FIXED.pack(MAGIC, VERSION, self.session, self.mode) + name

    @classmethod
    def decode(cls, body: bytes) -> "Hello":
        """Parse the body of a HELLO. Raises RemoteProtocolError or VersionError."""
        check_opening(body, len(body))
        _, _, session, mode = HELLO_FIXED.unpack_from(body)
        if mode not in _MODES:
            raise RemoteProtocolError(f"HELLO with unknown mode {mode}")
        name = decode(body[HELLO_FIXED.size :], "the name in HELLO")
        return cls(session, Mode(mode), name)


class Bye(namedtuple("Bye", ("reason", "text"))):
    """The content of a BYE: the reason, and a few words for the person."""

    __slots__ = ()
    reason: Reason
    text: str

    def encode(self) -> bytes:
        """Return the body of the BYE, its text cut to FAREWELL_LIMIT between characters."""
        cut = self.text.encode("utf-8", "replace")[:FAREWELL_LIMIT]
        # "ignore" drops the part of a character that the cut may have left at the end.
        return bytes([self.reason]) + cut.decode("utf-8", "ignore").encode()

    @classmethod
    def decode(cls, body: bytes) -> "Bye":
        """Parse the body of a BYE. Raises RemoteProtocolError."""
        if body[0] not in _REASONS:
            raise RemoteProtocolError(f"BYE with unknown reason {body[0]}")
        return cls(Reason(body[0]), decode(body[1:], "the text of BYE"))


def encode_text(text: str, limit: int = TEXT_LIMIT) -> bytes:
    """Return the body of a TEXT, or of a GAME with GAME_LIMIT.

    Raises LocalProtocolError for a text that is empty, too long, or has half a character.
    """
    try:
        body = text.encode()
    except UnicodeEncodeError:
        raise LocalProtocolError("the message is not valid Unicode") from None
    if not body:
        raise LocalProtocolError("the message is empty")
    if len(body) > limit:
        raise LocalProtocolError(
            f"the message is {len(body)} bytes long, the limit is {limit}"
        )
    return body


def decode(body: bytes, what: str) -> str:
    """Decode UTF-8 strictly; `what` names it in the text of the RemoteProtocolError."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise RemoteProtocolError(f"{what} is not UTF-8 at byte {error.start}") from None


# The line of a frame in a log. `repr` escapes everything that is not printable, line ends
# among it, so a frame can neither break the line nor reach the terminal that shows it.


def _body_fields(frame: Frame) -> list[str]:
    """Return what a log line says about the body; raises nothing."""
    if frame.kind in (Kind.TEXT, Kind.GAME):
        return [_quote(frame.body)]
    try:
        if frame.kind is Kind.HELLO:
            hello = Hello.decode(frame.body)
            return [hello.session.hex()[:8], hello.mode.name.lower(), repr(hello.name)]
        if frame.kind is Kind.BYE:
            bye = Bye.decode(frame.body)
            return [bye.reason.name.lower(), repr(bye.text)]
    except RemoteProtocolError:
        # The frame is about to be refused; its bytes show the reason.
        return [_quote(frame.body)]
    return []


def _quote(body: bytes) -> str:
    """Return a body in quotes, a long one without its middle; not as text if not UTF-8."""
    shown: str | bytes = body
    with suppress(UnicodeDecodeError):
        shown = body.decode()
    if len(shown) <= QUOTE_LIMIT:
        return repr(shown)
    half = QUOTE_LIMIT // 2
    return f"{shown[:half]!r}...{shown[-half:]!r}"
