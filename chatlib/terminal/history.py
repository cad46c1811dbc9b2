"""The history of typed lines, kept in a file between runs. Only `edited` imports it.

The file is in the user's state folder (XDG Base Directory Specification) and readable by
its owner alone; each program has one of its own. Without such a folder there is no file. A
file that cannot be read, written or made private never stops the chat: the history then
lasts as long as the program.
"""

import datetime
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from prompt_toolkit.history import History, InMemoryHistory

from chatlib.files import find_folder, open_regular, read_open

SIZE_LIMIT = 1 << 20
"""Bytes of the file; when it is longer at the start, its last half MiB is kept."""

ENTRY = b"\n# "
"""The bytes that begin an entry, in prompt_toolkit's format."""


def open_history(name: str) -> History:
    """Return the history of a program; "" is one that is kept nowhere."""
    return LineHistory(name) if name else InMemoryHistory()


class LineHistory(History):
    """A history in prompt_toolkit's file format, private and bounded, its errors ignored.

    `name` is the program's, the end of the file's name. prompt_toolkit's own class opens
    whatever is found there: a pipe would block the start.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        folder = find_folder("XDG_STATE_HOME", ".local/state")
        # None: no folder is known in which it could be.
        self._path = None
        if folder is not None:
            # Former versions had one file for both programs.
            self._shared_path = os.path.join(folder, "chat", "history")
            self._path = f"{self._shared_path}-{name}"

    def load_history_strings(self) -> Iterable[str]:
        """Return the lines of former runs, the latest first."""
        try:
            # Read as a whole, once in the life of a program.
            return reversed(_parse(self._load()))
        except OSError:
            return []

    def store_string(self, string: str) -> None:
        """Append an entry to the file, if that is possible."""
        # Typed bytes that are not UTF-8 are lone surrogates here.
        line = string.encode("utf-8", "replace").replace(b"\n", b"\n+")
        self._append(b"%b%b\n+%b\n" % (ENTRY, str(datetime.datetime.now()).encode(), line))

    def _load(self) -> bytes:
        """Return the file's content; it begins as a copy of the shared one. OSError."""
        if self._path is None:
            return b""
        try:
            return _read(self._path)
        except FileNotFoundError:
            data = _read(self._shared_path)
            self._append(data)
            return data

    def _append(self, data: bytes) -> None:
        """Append to the file, if that is possible; make it if it is missing."""
        if self._path is None:
            return
        with suppress(OSError):
            os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
            with _open_private(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) as fd:
                os.write(fd, data)


def _read(path: str) -> bytes:
    """Return a file's content, of a long file the last entries. Raises OSError."""
    with _open_private(path, os.O_RDONLY) as fd:
        size = os.fstat(fd).st_size
        if size < SIZE_LIMIT:
            return read_open(fd, SIZE_LIMIT)
        os.lseek(fd, size - SIZE_LIMIT // 2, os.SEEK_SET)
        data = read_open(fd, SIZE_LIMIT)
    start = data.find(ENTRY)
    # If no entry begins in the part that is kept, nothing is.
    data = data[start:] if start >= 0 else b""
    # An entry that another program appends at the same moment is lost.
    with _open_private(path, os.O_WRONLY) as fd:
        os.truncate(fd, os.write(fd, data))
    return data


@contextmanager
def _open_private(path: str, flags: int) -> Iterator[int]:
    """Open the file for its owner alone, whoever could read it before. Raises OSError."""
    fd = open_regular(path, flags)
    try:
        if stat.S_IMODE(os.fstat(fd).st_mode) & 0o077:
            # Fails if the file is somebody else's, who shall not get what is typed.
            os.fchmod(fd, 0o600)
        yield fd
    finally:
        os.close(fd)


def _parse(data: bytes) -> list[str]:
    """Return the entries in the content of the file, the oldest first."""
    entries = []
    lines: list[str] = []
    for line in [*data.split(b"\n"), b""]:
        if line.startswith(b"+"):
            lines.append(line[1:].decode("utf-8", "replace"))
        elif lines:
            entries.append("\n".join(lines))
            lines = []
    return entries
