"""FrameReader: feed bytes as they come, iterate the frames that are whole.

A message is whole only when its last byte is there. One read may hold a piece of a
frame, several frames, or several and a piece; the same bytes give the same frames
however they were cut. No I/O here. Only `session` and tests import this module.
"""

from collections import deque
from collections.abc import Iterator, Mapping

from chatlib.errors import RemoteProtocolError
from chatlib.protocol.frames import HEADER, LENGTHS, Frame, Kind, check_header


class FrameReader:
    """Turn bytes into frames, in time linear in the bytes, also one byte at a time.

    `first` names the kinds that the very first frame may have; anything else is
    refused at its eighth byte. At most one frame's bytes are held (4104).

    After an error the reader stays in error: what is fed later is forgotten.
    """

    def __init__(self, first: tuple[Kind, ...] = tuple(Kind)) -> None:
        self._lengths: Mapping[int, range] = {kind: LENGTHS[kind] for kind in first}
        self._frames: deque[Frame] = deque()
        self._error: RemoteProtocolError | None = None
        # The frame that is not whole yet: its pieces as they came, how many bytes they
        # are together, and how many it takes to go on. Joining them only then, instead
        # of at every read, is what keeps byte-by-byte feeding linear.
        self._pieces: list[bytes] = []
        self._held = 0
        self._needed = HEADER.size

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream; raises nothing."""
        if self._error:
            return
        self._pieces.append(data)
        self._held += len(data)
        if self._held >= self._needed:
            self._parse(b"".join(self._pieces))

    def __len__(self) -> int:
        """How many whole frames are waiting to be iterated."""
        return len(self._frames)

    def take(self) -> Frame | None:
        """Hand out the next whole frame, or None when there is none yet.

        Raises RemoteProtocolError after the last good frame when what follows it
        cannot be a frame.
        """
        if self._frames:
            return self._frames.popleft()
        if self._error:
            raise self._error
        return None

    def __iter__(self) -> Iterator[Frame]:
        """Hand out the whole frames in order, each once; raises what `take` raises."""
        while frame := self.take():
            yield frame

    @property
    def missing(self) -> int:
        """How many bytes the frame that was begun still lacks, as far as is known.

        Eight minus what is there while the header is not whole; 0 between frames.
        """
        return self._needed - self._held if self._held else 0

    @property
    def progress(self) -> str:
        """What the frame that was begun has so far, for a log; "" between frames."""
        if not self._held:
            return ""
        if self._held < HEADER.size:
            return f"header {self._held} of {HEADER.size}"
        _, kind, _, number = HEADER.unpack_from(b"".join(self._pieces))
        held, needed = self._held - HEADER.size, self._needed - HEADER.size
        return f"{Kind(kind).name} {number}, body {held} of {needed}"

    @property
    def cut(self) -> str:
        """What an end of stream at this point breaks off; "" between frames."""
        if not self._held:
            return ""
        return f"stream ends after {self._held} bytes, expected {self._needed}"

    def _parse(self, buffer: bytes) -> None:
        """Take every whole frame off the buffer and keep the rest."""
        try:
            rest = self._take(buffer)
        except RemoteProtocolError as error:
            self._error = error
            rest = b""
        self._pieces = [rest] if rest else []
        self._held = len(rest)

    def _take(self, buffer: bytes) -> bytes:
        """Queue the whole frames and return what is left; sets how much is needed.

        One offset walks through the buffer: cutting the rest off after every frame
        (`buffer = buffer[n:]`) costs three to four times as much.
        """
        start, end = 0, len(buffer)
        while end - start >= HEADER.size:
            length, kind, flags, number = HEADER.unpack_from(buffer, start)
            check_header(length, kind, flags, self._lengths)
            body = start + HEADER.size
            if body + length > end:
                self._needed = HEADER.size + length
                return buffer[start:]
            start = body + length
            self._frames.append(Frame(Kind(kind), number, buffer[body:start]))
            self._lengths = LENGTHS
        self._needed = HEADER.size
        return buffer[start:]
