"""FrameReader: bytes in, whole frames out, however TCP cut the bytes.

One read may contain a piece of a frame, several frames, or several and a piece. A frame is
whole when its last byte has arrived, and not before. Two rules:

* the same bytes give the same frames and the same error, in whatever pieces they come;
* a wrong header is refused at its eighth byte, before anything behind it is stored; from
  then on the reader stays in error. A HELLO is refused at the fifth byte of its body if it
  is one of another version, or of a wrong length for this one.

No I/O here. In the product only this package imports the module.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from struct import Struct

from chatlib.errors import RemoteProtocolError
from chatlib.protocol.frames import (
    BODY_LENGTHS,
    HEADER,
    OPENING,
    Kind,
    check_header,
    check_opening,
)

# The header as two numbers: whatever can be wrong in it is in the first one.
_unpack = Struct("!II").unpack_from
_SIZE = HEADER.size
_OPENED = _SIZE + OPENING.size  # the part of a HELLO by which it is judged
_HELLO = Kind.HELLO
_NEVER = 1 << 32  # a size that no frame has

_LATER_LENGTHS: Mapping[int, range] = {
    kind: BODY_LENGTHS[kind] for kind in Kind if kind is not _HELLO
}
"""The kinds that may follow the first frame, with their lengths."""

CACHED_LENGTH_LIMIT = 4096
"""The longest body whose header is cached: the longest line that a terminal passes on.

A peer that sends every length up to it makes the cache grow to less than a MiB.
"""


class _HeaderCache(dict[int, tuple[Kind, int]]):
    """The headers that were found right: kind and size in bytes of the whole frame.

    The key is a header's first number. A lookup instead of a check makes the reader three
    times as fast; a header that is not in the cache is checked when it is looked up.
    """

    def __init__(self, first_kinds: Iterable[Kind]) -> None:
        # The kinds that are allowed now, with their lengths: for the very first frame
        # `first_kinds`, and then all but HELLO.
        self._lengths: Mapping[int, range] = {
            kind: BODY_LENGTHS[kind] for kind in first_kinds
        }

    def __missing__(self, start: int) -> tuple[Kind, int]:
        """Check a header by its first number. Raises RemoteProtocolError."""
        length, kind, flags = start >> 16, start >> 8 & 255, start & 255
        check_header(length, kind, flags, self._lengths)
        self._lengths = _LATER_LENGTHS
        # A HELLO is never whole for `feed`, which passes it on to `_feed_hello`.
        found = Kind(kind), _NEVER if kind == _HELLO else _SIZE + length
        if length <= CACHED_LENGTH_LIMIT or kind == _HELLO:
            self[start] = found
        return found


class FrameReader:
    """The frames in a stream of bytes, in time linear in the bytes, even one by one.

    `first_kinds` are the kinds that the very first frame may have; any other is refused.
    At most one unfinished frame is stored, which is 32776 bytes.
    """

    def __init__(self, first_kinds: Iterable[Kind] = Kind) -> None:
        # The whole frames, for the caller to take: kind, number and body. Plain tuples,
        # because a `Frame` takes 130 ns to make and all the rest of one 220.
        self.frames: deque[tuple[Kind, int, bytes]] = deque()
        # What is wrong with the bytes behind the frames. Later bytes are ignored.
        self.error: RemoteProtocolError | None = None
        # What has arrived of the frame behind the whole ones.
        self.unfinished = bytearray()
        # The size at which it is whole, as far as is known: that of the header, then that
        # of the frame.
        self._needed = _SIZE
        # The size at which it is parsed again. Parsing it at every read would take time
        # quadratic in the bytes.
        self._parsed_at = _SIZE
        self._headers = _HeaderCache(first_kinds)

    def feed(self, data: bytes) -> None:
        """Add the next bytes of the stream to `frames`, `unfinished`, or `error`."""
        buffer = self.unfinished
        if buffer:
            buffer += data
            if len(buffer) < self._parsed_at:
                return
            data = bytes(buffer)
            buffer.clear()
        if self.error:
            return
        # One offset moves through the data: `data = data[n:]` after every frame would copy
        # the rest each time and take three times as long. The names are local because a
        # global or an attribute takes 20 ns, a tenth of a frame.
        start, end = 0, len(data)
        last = end - _SIZE  # the last place where a whole header may begin
        unpack, frames, headers = _unpack, self.frames, self._headers
        try:
            while start <= last:
                word, number = unpack(data, start)
                kind, size = headers[word]
                after = start + size
                if after > end:
                    break
                frames.append((kind, number, data[start + _SIZE : after]))
                start = after
        except RemoteProtocolError as error:
            self.error = error
            return
        if start >= end:
            return
        if start <= last and kind is _HELLO:
            self._feed_hello(data[start:])
            return
        # Only a frame whose header is whole has been given a `size`.
        self._needed = self._parsed_at = size if start <= last else _SIZE
        buffer += data[start:]

    def _feed_hello(self, data: bytes) -> None:
        """Add a HELLO, which only the first frame can be, and the bytes behind it.

        It is judged as soon as its opening is there, before more of its body is stored.
        """
        length, _, _, number = HEADER.unpack_from(data)
        size, end = _SIZE + length, len(data)
        opened = end >= _OPENED
        if opened:
            try:
                check_opening(data[_SIZE:], length)
            except RemoteProtocolError as error:
                self.error = error
                return
        if end < size:
            self._needed = size
            self._parsed_at = size if opened else _OPENED
            self.unfinished += data
            return
        self._headers.clear()  # the same header is wrong when it comes again
        self.frames.append((_HELLO, number, data[_SIZE:size]))
        self.feed(data[size:])

    @property
    def contents(self) -> str:
        """What the reader holds, for a log: "2 frames, header 3 of 8"; "" when empty."""
        count = len(self.frames)
        frames = [f"{count} frame{'s' if count > 1 else ''}"] if count else []
        return ", ".join([*frames, *self._unfinished_parts()])

    @property
    def cut(self) -> str:
        """What an end of the stream would cut off, for a person; "" between two frames."""
        if not self.unfinished:
            return ""
        return f"stream ends after {len(self.unfinished)} bytes, expected {self._needed}"

    def _unfinished_parts(self) -> list[str]:
        """Return how much of the unfinished frame has arrived, if there is one."""
        arrived = len(self.unfinished)
        if not arrived:
            return []
        if arrived < _SIZE:
            return [f"header {arrived} of {_SIZE}"]
        _, kind, _, number = HEADER.unpack_from(self.unfinished)
        body = f"body {arrived - _SIZE} of {self._needed - _SIZE}"
        return [f"{Kind(kind).name} {number}", body]
