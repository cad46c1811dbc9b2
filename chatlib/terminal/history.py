"""The lines that were typed, kept between runs. Only `edited` imports it.

A file in the user's state folder (XDG Base Directory Specification), readable by nobody
else. A history that cannot be read or written never stops the chat: then it lasts as
long as the program.
"""

import os
from collections.abc import Iterable
from contextlib import suppress

from prompt_toolkit.history import FileHistory

SIZE_LIMIT = 1 << 20
"""Bytes of the file; when it is longer at the start, its older half is dropped."""

ENTRY = b"\n# "
"""How an entry begins in prompt_toolkit's format."""


class LineHistory(FileHistory):
    """prompt_toolkit's history in a file, made private, bounded, and never in the way."""

    def __init__(self) -> None:
        super().__init__(_path())

    def load_history_strings(self) -> Iterable[str]:
        """Give the lines of former runs, the latest first."""
        try:
            self._shorten()
            return super().load_history_strings()
        except OSError:
            return []

    def store_string(self, string: str) -> None:
        """Append a line, if that is possible."""
        with suppress(OSError):
            os.makedirs(os.path.dirname(self.filename), 0o700, exist_ok=True)
            # Made by us, because nobody else is to read what is said in private.
            os.close(os.open(self.filename, os.O_WRONLY | os.O_CREAT, 0o600))
            # What the keyboard sent and is not UTF-8 has come as lone surrogates.
            super().store_string(string.encode("utf-8", "replace").decode())

    def _shorten(self) -> None:
        """Drop the older half of a file that has grown too long.

        What another program appends in this very moment is lost: it is only history.
        """
        if not os.path.exists(self.filename) or os.path.getsize(self.filename) < SIZE_LIMIT:
            return
        with open(self.filename, "r+b") as file:
            data = file.read()
            start = data.find(ENTRY, len(data) // 2)
            file.seek(0)
            file.write(data[start:] if start >= 0 else b"")
            file.truncate()


def _path() -> str:
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(home, "chat", "history")
