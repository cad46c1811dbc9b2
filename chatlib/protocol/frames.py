r"""What a frame is: its kinds, limits, bytes, and how it shows itself in a log.

    length u16 | kind u8 | flags u8 = 0 | number u32 | body: `length` bytes

Big endian. There is no end-of-message mark on a TCP socket and there cannot be
one inside free text, so the length goes first: a reader knows after eight bytes
how many belong to the message, however the network cuts or joins them.

No I/O here. `reader` and `session` import this module, and nothing above them
needs to: its constants and classes are passed on through the session.
"""

from collections import namedtuple
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from enum import IntEnum
from itertools import count, repeat
from struct import Struct

from chatlib.errors import LocalProtocolError, RemoteProtocolError, VersionError

HEADER = Struct("!HBBI")
"""Length of the body, kind, flags, number: eight bytes."""

VERSION = 1
"""The version of the protocol that this code speaks."""

MAGIC = b"CHAT"
"""How a HELLO begins, so that no other protocol's opening can pass for one."""

SESSION_BYTES = 16
"""The length of a session id: 128 random bits never meet by chance."""

TEXT_LIMIT = 32768
"""Bytes of UTF-8 in one message: room for 6000 characters of any script, emoji too."""

GAME_LIMIT = 512
"""Bytes of UTF-8 in what is told about a game: a verb and its arguments."""

NAME_LIMIT = 127
"""Bytes of UTF-8 in a name."""

FAREWELL_LIMIT = 127
"""Bytes of UTF-8 that a BYE may carry beside its reason."""

ELIDED_AT = 75
"""Characters of a text that a log line shows; enough for one line of a terminal."""


class Kind(IntEnum):
    """What a frame is for."""

    HELLO = 1
    TEXT = 2
    GAME = 3
    ACK = 4
    PING = 5
    PONG = 6
    BYE = 7


class Mode(IntEnum):
    """How the two take turns. The server decides; a client may leave it open."""

    ANY = 0
    TURNS = 1
    FREE = 2


class Reason(IntEnum):
    """Why somebody says BYE."""

    QUIT = 1
    """The person left: `/q`, Ctrl-D, end of input."""
    BUSY = 2
    """The server talks with somebody else."""
    VERSION = 3
    """Your version of the protocol is not mine."""
    UNKNOWN_SESSION = 4
    """You speak of messages that I never sent: yours is not a session of mine."""
    PROTOCOL = 5
    """You broke the protocol."""
    STOPPED = 6
    """The program was stopped: a signal, a closed terminal, a closed screen."""


# Python 3.11 cannot ask an enum whether it has a member of some value.
_MODES = frozenset(map(int, Mode))
_REASONS = frozenset(map(int, Reason))

HELLO_FIXED = Struct(f"!4sB{SESSION_BYTES}sB")
"""The part of a HELLO before the name: magic, version, session id, mode."""

LENGTHS: Mapping[int, range] = {
    Kind.HELLO: range(HELLO_FIXED.size, HELLO_FIXED.size + NAME_LIMIT + 1),
    Kind.TEXT: range(1, TEXT_LIMIT + 1),
    Kind.GAME: range(1, GAME_LIMIT + 1),
    Kind.ACK: range(1),
    Kind.PING: range(1),
    Kind.PONG: range(1),
    Kind.BYE: range(1, 1 + FAREWELL_LIMIT + 1),
}
"""Which body lengths each kind may have: all that is checked before storing any."""


def check_header(
    length: int, kind: int, flags: int, lengths: Mapping[int, range] = LENGTHS
) -> None:
    """Refuse a header that cannot be right, before a byte of its body is stored.

    `lengths` says which kinds are admitted at this moment, and how long each may be.
    Raises RemoteProtocolError.
    """
    if kind not in LENGTHS:
        raise RemoteProtocolError(f"unknown kind {kind}")
    name = Kind(kind).name
    if kind not in lengths:
        raise RemoteProtocolError(f"{name} before HELLO")
    if flags:
        raise RemoteProtocolError(f"{name} with flags {flags:#04x}, expected 0")
    allowed = lengths[kind]
    if length not in allowed:
        raise RemoteProtocolError(
            f"{name} of {length} bytes, allowed {allowed.start} to {allowed.stop - 1}"
        )


class Frame(namedtuple("Frame", ("kind", "number", "body"))):
    """One frame, whole: its kind, its number and the bytes of its body.

    A named tuple and not a dataclass: the import of `dataclasses` alone takes
    8 ms, as long as the interpreter itself.
    """

    __slots__ = ()
    kind: Kind
    number: int
    body: bytes

    def encode(self) -> bytes:
        """Give the frame as it travels: eight bytes of header, then the body."""
        return encode(*self)

    @property
    def text(self) -> str:
        """The body of a TEXT or GAME. Raises RemoteProtocolError if it is not UTF-8."""
        return decode(self.body, f"{self.kind.name} {self.number}")

    def __str__(self) -> str:
        """Show the frame on one line, whatever its bytes are.

        `repr` escapes everything that is not printable, line ends included, so a
        frame can neither break a log line nor reach the terminal that shows it.
        """
        parts = [self.kind.name, str(self.number), *_describe(self)]
        return f"{' '.join(parts)} [{len(self.body)} bytes]"


def encode(kind: Kind, number: int, body: bytes) -> bytes:
    """Give a frame as it travels: eight bytes of header, then the body."""
    return HEADER.pack(len(body), kind, 0, number) + body


def encode_run(kinds: Iterable[Kind], number: int, bodies: Sequence[bytes]) -> bytes:
    """Give frames of these kinds, numbered from `number` on, as they travel.

    Headers and bodies are interleaved by the interpreter's own loops: 103 ns a frame of
    64 bytes, where packing one by one takes 127 and `Frame.encode` 392.
    """
    parts = [b""] * (2 * len(bodies))
    parts[::2] = map(HEADER.pack, map(len, bodies), kinds, repeat(0), count(number))
    parts[1::2] = bodies
    return b"".join(parts)


class Hello(namedtuple("Hello", ("session", "mode", "name"))):
    """What a HELLO carries: the session's id, the mode, the speaker's name."""

    __slots__ = ()
    session: bytes
    mode: Mode
    name: str

    def encode(self) -> bytes:
        """Give the body of the HELLO. Raises LocalProtocolError for a long name."""
        name = self.name.encode("utf-8", "replace")
        if len(name) > NAME_LIMIT:
            raise LocalProtocolError(
                f"the name is {len(name)} bytes long, the limit is {NAME_LIMIT}"
            )
        return HELLO_FIXED.pack(MAGIC, VERSION, self.session, self.mode) + name

    @classmethod
    def decode(cls, body: bytes) -> "Hello":
        """Read the body of a HELLO.

        Raises RemoteProtocolError, and its kind VersionError when everything but the
        version would do.
        """
        magic, version, session, mode = HELLO_FIXED.unpack_from(body)
        if magic != MAGIC:
            raise RemoteProtocolError(f"HELLO begins with {magic!r}, not with {MAGIC!r}")
        if version != VERSION:
            raise VersionError(f"HELLO of version {version}, this is version {VERSION}")
        if mode not in _MODES:
            raise RemoteProtocolError(f"HELLO with unknown mode {mode}")
        name = decode(body[HELLO_FIXED.size :], "the name in HELLO")
        return cls(session, Mode(mode), name)


class Bye(namedtuple("Bye", ("reason", "text"))):
    """What a BYE carries: why, and a few words for the person."""

    __slots__ = ()
    reason: Reason
    text: str

    def encode(self) -> bytes:
        """Give the body of the BYE; words over the limit are cut between characters."""
        words = self.text.encode("utf-8", "replace")[:FAREWELL_LIMIT]
        # "ignore" drops the half character that the cut may have left at the end.
        return bytes([self.reason]) + words.decode("utf-8", "ignore").encode()

    @classmethod
    def decode(cls, body: bytes) -> "Bye":
        """Read the body of a BYE. Raises RemoteProtocolError."""
        if body[0] not in _REASONS:
            raise RemoteProtocolError(f"BYE with unknown reason {body[0]}")
        return cls(Reason(body[0]), decode(body[1:], "the words of BYE"))


def encode_text(text: str, limit: int = TEXT_LIMIT) -> bytes:
    """Give the body of a TEXT, or of a GAME with its own limit.

    Raises LocalProtocolError when it cannot be one.
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
    """Read UTF-8 strictly; `what` names it in the RemoteProtocolError."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise RemoteProtocolError(f"{what} is not UTF-8 at byte {error.start}") from None


def _describe(frame: Frame) -> list[str]:
    """Give the words between number and length in a log line; never raises."""
    if frame.kind in (Kind.TEXT, Kind.GAME):
        return [_elide(frame.body)]
    try:
        if frame.kind is Kind.HELLO:
            hello = Hello.decode(frame.body)
            return [hello.session.hex()[:8], hello.mode.name.lower(), repr(hello.name)]
        if frame.kind is Kind.BYE:
            bye = Bye.decode(frame.body)
            return [bye.reason.name.lower(), repr(bye.text)]
    except RemoteProtocolError:
        return [_elide(frame.body)]  # it is being refused: show the bytes themselves
    return []


def _elide(body: bytes) -> str:
    """Quote a body for a log line, shortened in the middle; bytes if it is not UTF-8."""
    shown: str | bytes = body
    with suppress(UnicodeDecodeError):
        shown = body.decode()
    if len(shown) <= ELIDED_AT:
        return repr(shown)
    half = ELIDED_AT // 2
    return f"{shown[:half]!r}...{shown[-half:]!r}"
