"""FrameReader: feed bytes as they come, iterate the frames that are whole.

A message is whole only when its last byte is there. One read may hold a piece of a
frame, several frames, or several and a piece; the same bytes give the same frames
however they were cut. No I/O here. Only `session` and tests import this module.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from struct import Struct

from chatlib.errors import RemoteProtocolError
from chatlib.protocol.frames import HEADER, LENGTHS, Frame, Kind, check_header

_HEADER = Struct("!II")
"""The header once more, as two numbers: all that can be wrong is in the first of them."""

REMEMBERED = 4096
"""Longest body whose header is remembered when it was found right: a terminal's longest
line. A peer that sends every length there is makes us remember less than a MiB."""


class _Known(dict[int, tuple[Kind, int]]):
    """Headers that were found right: their kind, and the bytes of the whole frame.

    A lookup instead of a check is what makes the reader three times as fast; what is not
    known yet is checked here. `kinds` are those that are admitted.
    """

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._lengths: dict[int, range] = {kind: LENGTHS[kind] for kind in kinds}

    def __missing__(self, start: int) -> tuple[Kind, int]:
        """Check a header by its first number. Raises RemoteProtocolError."""
        length, kind, flags = start >> 16, start >> 8 & 255, start & 255
        check_header(length, kind, flags, self._lengths)
        found = Kind(kind), HEADER.size + length
        if length <= REMEMBERED:
            self[start] = found
        return found


_ALL = _Known(Kind)


class FrameReader:
    """Turn bytes into frames, in time linear in the bytes, also one byte at a time.

    `first` names the kinds that the very first frame may have; anything else is
    refused at its eighth byte. At most one unfinished frame is held (32776 bytes).

    `frames` are those that are whole and waiting: plain triples of kind, number and
    body, because a tuple with names costs 130 ns and all the rest of a frame 220.
    To iterate gives each as a Frame. `error` is what is wrong with what follows them,
    where that cannot be a frame: it stays, and what is fed later is forgotten.
    `unfinished` is what has come of the frame behind them.
    """

    def __init__(self, first: tuple[Kind, ...] | None = None) -> None:
        self.frames: deque[tuple[Kind, int, bytes]] = deque()
        self._known = _ALL if first is None else _Known(first)
        self.error: RemoteProtocolError | None = None
        # The frame that is not whole yet, and how many bytes it takes to go on. Parsing
        # only then, instead of at every read, keeps byte-by-byte feeding linear.
        self.unfinished = bytearray()
        self._needed = HEADER.size

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream; raises nothing."""
        buffer = self.unfinished
        if buffer:
            buffer += data
            if len(buffer) < self._needed:
                return
            data = bytes(buffer)
            buffer.clear()
        if self.error:
            return
        try:
            rest = data[self._take(data) :]
        except RemoteProtocolError as error:
            self.error, rest = error, b""
        buffer += rest

    def __iter__(self) -> Iterator[Frame]:
        """Hand out the whole frames in order, each once; then raise the `error`."""
        while self.frames:
            yield Frame._make(self.frames.popleft())
        if self.error:
            raise self.error

    @property
    def missing(self) -> int:
        """How many bytes the frame that was begun still lacks, as far as is known.

        Eight minus what is there while its header is not whole; 0 between frames.
        """
        return self._needed - len(self.unfinished) if self.unfinished else 0

    @property
    def progress(self) -> str:
        """What the frame that was begun has so far, for a log; "" between frames."""
        if not self.unfinished:
            return ""
        held = len(self.unfinished)
        if held < HEADER.size:
            return f"header {held} of {HEADER.size}"
        _, kind, _, number = HEADER.unpack_from(self.unfinished)
        held, needed = held - HEADER.size, self._needed - HEADER.size
        return f"{Kind(kind).name} {number}, body {held} of {needed}"

    @property
    def cut(self) -> str:
        """What an end of stream at this point breaks off; "" between frames."""
        if not self.unfinished:
            return ""
        return f"stream ends after {len(self.unfinished)} bytes, expected {self._needed}"

    def _take(self, buffer: bytes) -> int:
        """Queue the whole frames and return how long they are; sets what is needed.

        One offset walks through the buffer: cutting the rest off after every frame
        (`buffer = buffer[n:]`) costs three times as much. Names are local because a
        global or an attribute costs 20 ns, a tenth of what a frame does.
        """
        start, end, header = 0, len(buffer), HEADER.size
        unpack, queue, known = _HEADER.unpack_from, self.frames.append, self._known
        self._needed = header
        while end - start >= header:
            word, number = unpack(buffer, start)
            kind, size = known[word]
            after = start + size
            if after > end:
                self._needed = size
                break
            queue((kind, number, buffer[start + header : after]))
            start = after
            known = self._known = _ALL
        return start
