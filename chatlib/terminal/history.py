"""The history of typed lines, kept in a file between runs. Only `edited` imports it.

The file is in the user's state folder (XDG Base Directory Specification) and readable by
its owner alone. A file that cannot be read or written never stops the chat: the history
then lasts as long as the program.
"""

import os
from collections.abc import Iterable
from contextlib import suppress

from prompt_toolkit.history import FileHistory

SIZE_LIMIT = 1 << 20
"""Bytes of the file; when it is longer at the start, its older half is dropped."""

ENTRY = b"\n# "
"""The bytes that begin an entry in prompt_toolkit's format."""


class LineHistory(FileHistory):
    """prompt_toolkit's history in a file, made private and bounded, its errors ignored."""

    def __init__(self) -> None:
        super().__init__(_history_path())

    def load_history_strings(self) -> Iterable[str]:
        """Return the lines of former runs, the latest first."""
        try:
            # Here, because the file is read as a whole, once in the life of a program.
            self._drop_older_half()
            return super().load_history_strings()
        except OSError:
            return []

    def store_string(self, string: str) -> None:
        """Append an entry to the file, if that is possible."""
        with suppress(OSError):
            os.makedirs(os.path.dirname(self.filename), 0o700, exist_ok=True)
            # prompt_toolkit would create a file that everybody may read.
            os.close(os.open(self.filename, os.O_WRONLY | os.O_CREAT, 0o600))
            # Typed bytes that are not UTF-8 are lone surrogates here.
            super().store_string(string.encode("utf-8", "replace").decode())

    def _drop_older_half(self) -> None:
        """Drop the older half of the entries if the file is longer than SIZE_LIMIT.

        An entry that another program appends at the same moment is lost.
        """
        if not os.path.exists(self.filename) or os.path.getsize(self.filename) < SIZE_LIMIT:
            return
        with open(self.filename, "r+b") as file:
            data = file.read()
            start = data.find(ENTRY, len(data) // 2)
            # If no entry begins in the later half, the file is one entry, and is emptied.
            file.seek(0)
            file.write(data[start:] if start >= 0 else b"")
            file.truncate()


def _history_path() -> str:
    home = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(home, "chat", "history")
