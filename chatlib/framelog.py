"""Verbose frame logs: `-v`, `-vv` and `--frame-log FILE`.

One event is one line:

    12:04:07.312 server ~ read 3 bytes: header 3 of 8
    12:04:07.313 server < TEXT 1 'hello' [5 bytes]
    12:04:09.020 server > BYE 1 quit 'see you' [8 bytes]
    12:04:09.020 server = CLOSING

    <  a frame was received                 >  a frame was sent
    =  the session changed its state        ~  bytes were read or written
    x  half of the connection, or all of it, was closed
    !  an error

`-v` shows all but `~`, `-vv` those too, the file has everything, with raw bytes. The
text after a frame's sign is the frame's own `str`. Knows no frame, no socket and no
terminal: it is given what to write and where.
"""

import os
import time
from collections.abc import Callable
from functools import partial

from chatlib.errors import words

LEGEND = "< received, > sent, = state, ~ raw bytes, x closed, ! error."
"""The signs, in one line, for `--help`."""

RAW = "~"
"""The sign that only `-vv` and the file show."""


class FrameLog:
    """Where traces go: to the screen's side as text, to a file as JSON lines.

    `level` 0 shows nothing, 1 frames and states, 2 raw reads and writes too.
    `tell` writes one line for the person. A file that cannot be written is given up
    after one warning; the chat goes on.
    """

    def __init__(
        self, who: str, level: int, path: str | None, tell: Callable[[str], None]
    ) -> None:
        self._who = who
        self._level = level
        self._tell = tell
        self._path = path
        self._file = -1
        if path is not None:
            self._open(path)

    @property
    def wanted(self) -> bool:
        """Whether anybody listens at all."""
        return self._level > 0 or self._file >= 0

    def tracer(self, number: int) -> Callable[[str, object, bytes], None]:
        """Give the trace function of the connection with this number.

        The first connection of a program is called by the program's name; a later one
        has its number behind it, so that strangers and second clients can be told
        apart: `server#2`.
        """
        who = self._who if number == 1 else f"{self._who}#{number}"
        return partial(self._write, who)

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _write(self, who: str, sign: str, what: object, raw: bytes) -> None:
        if self._level > 1 or (self._level and sign != RAW):
            self._tell(f"{_clock()} {who} {sign} {what}")
        if self._file >= 0:
            self._record(who, sign, what, raw)

    def _open(self, path: str) -> None:
        # Nonblocking, because opening a named pipe would wait for its reader.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            self._file = os.open(path, flags, 0o600)
        except (OSError, ValueError) as error:
            self._warn(error)

    def _record(self, who: str, sign: str, what: object, raw: bytes) -> None:
        """Append one JSON object: at once, so that a crash loses none."""
        import json  # 2 ms that only those pay who asked for the file

        record = {
            "wall_ns": time.time_ns(),
            "clock_ns": time.monotonic_ns(),
            "who": who,
            "sign": sign,
            "text": str(what),
            "raw": raw.hex(),
        }
        try:
            os.write(self._file, json.dumps(record).encode() + b"\n")
        except OSError as error:
            self.close()
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        self._tell(f"No frame log from here on: {self._path}: {words(error)}.")


def _clock() -> str:
    """Give the time of day to the millisecond, in the local time zone."""
    now = time.time()
    return f"{time.strftime('%H:%M:%S', time.localtime(now))}.{int(now * 1000) % 1000:03d}"
