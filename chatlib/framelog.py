"""The frame log: `-v`, `-vv` and `--frame-log FILE`.

One event is one line:

    12:04:07.312 server ~ read 3 bytes: header 3 of 8
    12:04:07.313 server < TEXT 1 'hello' [5 bytes]
    12:04:09.020 server > BYE 1 quit 'see you' [8 bytes]
    12:04:09.020 server = CLOSING

    <  a frame was received                 >  a frame was sent
    =  the session changed its state        ~  bytes were read or written
    x  half of the connection, or all of it, was closed
    !  an error

`-v` shows every sign but `~`, and `-vv` that one too. The file has all of them, with the
raw bytes. The text behind a frame's sign is the frame's own `str`.

This module knows no frame, no socket and no terminal: a connection calls it with what
happened, and it calls the function that shows a line.
"""

import errno
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from chatlib.errors import describe

LEGEND = "< received, > sent, = state, ~ raw bytes, x closed, ! error."
"""The signs on one line, for `--help`."""

RAW = "~"
"""The sign of raw reads and writes."""

STDOUT, STDERR = 1, 2

PIPE_SIZE = 1 << 20
"""Bytes of records that a pipe holds while its reader does something else, on Linux."""

_REASONS = {
    errno.ENXIO: "no program reads from it, or it is a socket",
    errno.EAGAIN: "the program that reads from it does not keep up",
}
"""What an error means that only a pipe, a socket or a device has."""


class FrameLog:
    """The frame log of one program: text for the person, JSON lines for the file.

    `level` 0 shows nothing, 1 frames and states, 2 raw reads and writes too. `show(line)`
    shows one line to the person. The first error of the file closes it with one warning,
    and the chat goes on.
    """

    def __init__(
        self, program: str, level: int, path: str | None, show: Callable[[str], None]
    ) -> None:
        # The name in every line: "server" or "client".
        self._program = program
        self._level = level
        self._show = show
        self._path = path
        # The descriptor of the file; -1 when none is open.
        self._file = -1
        # The file is the terminal that has our stderr: what is written to it is shown.
        self._shown = False
        if path is not None:
            self._open(path)

    @property
    def enabled(self) -> bool:
        """Whether anything is shown or written, so that tracing has a use."""
        return self._level > 0 or self._file >= 0

    def make_trace(self, number: int) -> Callable[[str, object, bytes], None]:
        """Return the trace function, `trace(sign, what, raw)`, of one connection.

        `number` counts the program's connections from 1. The first has the program's name
        in its lines; a later one has its number too, `server#2`, so that second clients
        and strangers can be distinguished.
        """
        name = self._program if number == 1 else f"{self._program}#{number}"
        return partial(self._write, name)

    def close(self) -> None:
        """Close the file, if one is open."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _write(self, name: str, sign: str, what: object, raw: bytes) -> None:
        if self._level > 1 or (self._level and sign != RAW):
            self._show(f"{_time_of_day()} {name} {sign} {what}")
        if self._file >= 0:
            self._append(name, sign, what, raw)

    def _open(self, path: str) -> None:
        # The user has named it, so it may be a pipe or a device. O_NONBLOCK: to open a
        # pipe would otherwise wait for a reader, and to write for one that is slow.
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            # 0600: the log contains what two people say to each other.
            self._file = os.open(path, flags | os.O_NOCTTY, 0o600)
            self._share()
            self._widen()
        except (OSError, ValueError) as error:  # ValueError: the path has a null byte
            self._warn(error)

    def _share(self) -> None:
        """Write through our own stdout or stderr if the file is the same."""
        log = os.fstat(self._file)
        # The editor paints on the terminal, and has to know what else appears there.
        self._shown = os.isatty(self._file) and os.path.samestat(log, os.fstat(STDERR))
        for fd in (STDOUT, STDERR):
            # A second descriptor of a file has a position of its own: as in `2>log
            # --frame-log /dev/stderr`, where one would overwrite what the other wrote.
            if stat.S_ISREG(log.st_mode) and os.path.samestat(log, os.fstat(fd)):
                os.close(self._file)
                self._file = os.dup(fd)
                break

    def _widen(self) -> None:
        """Let a pipe hold more than the usual 64 KiB, which is about 300 records."""
        import fcntl

        # Neither is there outside Linux, nor allowed for another kind of file.
        with suppress(AttributeError, OSError):
            fcntl.fcntl(self._file, fcntl.F_SETPIPE_SZ, PIPE_SIZE)

    def _append(self, name: str, sign: str, what: object, raw: bytes) -> None:
        # The import takes 2 ms, which only a program with such a file pays.
        import json

        record = {
            # The wall clock puts two files beside each other, the other one measures.
            "wall_ns": time.time_ns(),
            "clock_ns": time.monotonic_ns(),
            "who": name,
            "sign": sign,
            "text": str(what),
            "raw": raw.hex(),
        }
        if self._shown:
            self._show(json.dumps(record))
            return
        try:
            # Without a buffer: a program that is killed leaves a log of all before.
            _write_record(self._file, json.dumps(record).encode() + b"\n")
        except OSError as error:
            self.close()
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        reason = _REASONS.get(getattr(error, "errno", 0), describe(error))
        self._show(f"No frame log from here on: {self._path}: {reason}.")


def _time_of_day() -> str:
    """Return the local time to the millisecond, as in 12:04:07.312."""
    now = time.time()
    # `strftime` knows no milliseconds.
    return f"{time.strftime('%H:%M:%S', time.localtime(now))}.{int(now * 1000) % 1000:03d}"


def _write_record(fd: int, record: bytes) -> None:
    """Write a whole line, or none of it and raise OSError: half of one is no JSON.

    What a full disk has taken of it is cut off again, unless somebody else has written
    behind it. In a pipe it stays, and its line is ended if that is possible.
    """
    rest = record
    try:
        while rest:
            rest = rest[os.write(fd, rest) :]
    except OSError:
        if len(rest) < len(record):
            with suppress(OSError):
                _take_back(fd, len(record) - len(rest))
        raise


def _take_back(fd: int, count: int) -> None:
    """Cut the last bytes that were written off a file; end the line in a pipe."""
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.write(fd, b"\n")
    elif status.st_size == os.lseek(fd, 0, os.SEEK_CUR):
        os.ftruncate(fd, status.st_size - count)
