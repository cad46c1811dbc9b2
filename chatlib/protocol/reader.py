"""FrameReader: feed bytes as they come, iterate the frames that are whole.

A message is whole only when its last byte is there. One read may hold a piece of a
frame, several frames, or several and a piece; the same bytes give the same frames
however they were cut. No I/O here. Only `session` and tests import this module.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from struct import Struct

from chatlib.errors import RemoteProtocolError
from chatlib.protocol.frames import HEADER, LENGTHS, Frame, Kind, check_header

# The header once more, as two numbers: all that can be wrong is in the first of them.
_unpack = Struct("!II").unpack_from
_SIZE = HEADER.size

REMEMBERED = 4096
"""Longest body whose header is remembered when it was found right: a terminal's longest
line. A peer that sends every length there is makes us remember less than a MiB."""


class _Known(dict[int, tuple[Kind, int]]):
    """Headers that were found right: their kind, and the bytes of the whole frame.

    A lookup instead of a check is what makes the reader three times as fast; what is not
    known yet is checked here. `first` are the kinds that the very first may have.
    """

    def __init__(self, first: Iterable[Kind]) -> None:
        self._lengths: Mapping[int, range] = {kind: LENGTHS[kind] for kind in first}

    def __missing__(self, start: int) -> tuple[Kind, int]:
        """Check a header by its first number. Raises RemoteProtocolError."""
        length, kind, flags = start >> 16, start >> 8 & 255, start & 255
        check_header(length, kind, flags, self._lengths)
        self._lengths = LENGTHS  # behind the first any may come
        found = Kind(kind), _SIZE + length
        if length <= REMEMBERED:
            self[start] = found
        return found


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

    def __init__(self, first: Iterable[Kind] = Kind) -> None:
        self.frames: deque[tuple[Kind, int, bytes]] = deque()
        self._known = _Known(first)
        self.error: RemoteProtocolError | None = None
        # The frame that is not whole yet, and how many bytes it takes to go on. Parsing
        # only then, instead of at every read, keeps byte-by-byte feeding linear.
        self.unfinished = bytearray()
        self._needed = _SIZE

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
        # One offset walks through the data: cutting the rest off after every frame
        # (`data = data[n:]`) costs three times as much. Names are local because a
        # global or an attribute costs 20 ns, a tenth of what a frame does.
        start, end = 0, len(data)
        last = end - _SIZE  # where a header may begin
        unpack, frames, known = _unpack, self.frames, self._known
        try:
            while start <= last:
                word, number = unpack(data, start)
                kind, size = known[word]
                after = start + size
                if after > end:
                    break
                frames.append((kind, number, data[start + _SIZE : after]))
                start = after
        except RemoteProtocolError as error:
            self.error = error
            return
        if start < end:
            self._needed = size if start <= last else _SIZE
            buffer += data[start:]

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
        if held < _SIZE:
            return f"header {held} of {_SIZE}"
        _, kind, _, number = HEADER.unpack_from(self.unfinished)
        held, needed = held - _SIZE, self._needed - _SIZE
        return f"{Kind(kind).name} {number}, body {held} of {needed}"

    @property
    def contents(self) -> str:
        """What waits here, for a log: whole frames, and the piece behind them."""
        count = len(self.frames)
        frames = [f"{count} frame{'s' if count > 1 else ''}"] if count else []
        return ", ".join([*frames, *filter(None, [self.progress])])

    @property
    def cut(self) -> str:
        """What an end of stream at this point breaks off; "" between frames."""
        if not self.unfinished:
            return ""
        return f"stream ends after {len(self.unfinished)} bytes, expected {self._needed}"
