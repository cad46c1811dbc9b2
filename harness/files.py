"""Text files that somebody names: a profile, a rubric, a conversation."""

import errno
import os
import stat
from pathlib import Path

LIMIT = 1 << 20
"""Bytes that such a file may have."""


def read_text(path: Path) -> str:
    """Return the text of a regular file in UTF-8. Raises OSError with the reason.

    A named pipe or a device is refused, because it may never end.
    """
    # Looked at before it is opened, which has an effect on some devices, and afterwards.
    _demand_regular(os.stat(path), path)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with open(os.open(path, flags), "rb") as file:
        _demand_regular(os.fstat(file.fileno()), path)
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise OSError(errno.EFBIG, f"it is longer than {LIMIT} bytes", str(path))
    try:
        return data.decode("utf-8-sig")  # some editors put a byte order mark before it
    except UnicodeDecodeError:
        raise OSError(errno.EILSEQ, "it is not UTF-8", str(path)) from None


def _demand_regular(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
