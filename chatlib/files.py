"""The only way to a file that was found and not given: regular files, of bounded length.

A named pipe in the place of a file would block the program until somebody opens its other
end, and a device such as /dev/zero never ends. So a path is looked at before it is opened,
and again when it is open, because the file may have been replaced in between.
"""

import errno
import os
import stat
from collections.abc import Mapping


def open_regular(path: str, flags: int, mode: int = 0o600) -> int:
    """Open a regular file without waiting; return its descriptor.

    `mode` is that of a file which is created. Raises OSError, also for a file of another
    kind, and ValueError for a path with a null byte.
    """
    try:
        # Merely to open some devices has an effect, and a pipe's writer is woken up by it.
        _demand_regular(os.stat(path), path)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    fd = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY, mode)
    try:
        _demand_regular(os.fstat(fd), path)
    except OSError:
        os.close(fd)
        raise
    return fd


def _demand_regular(status: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)


def read_open(fd: int, limit: int) -> bytes:
    """Return what is left of an open file, at most `limit` bytes. Raises OSError."""
    parts = []
    while limit > 0 and (part := os.read(fd, limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def read_file(path: str, limit: int) -> bytes:
    """Return the content of a regular file. Raises OSError if it is longer than `limit`.

    /dev/null is empty, as everywhere: with it somebody says that there is no such file.
    """
    if path == os.devnull:
        return b""
    fd = open_regular(path, os.O_RDONLY)
    try:
        return read_whole(fd, limit, path)
    finally:
        os.close(fd)


def read_whole(fd: int, limit: int, path: str) -> bytes:
    """Return the content of an open file. Raises OSError if it is longer than `limit`."""
    data = read_open(fd, limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"longer than {limit} bytes", path)
    return data


# The user's folders.


def find_home(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the path of the user's home folder; None if there is none to be known.

    HOME counts if it is set, also if it is empty: then there is none. A user of whom
    neither HOME nor the password file says one is what containers often run as.
    """
    home = environment.get("HOME")
    if home is None:
        home = os.path.expanduser("~")  # stays "~" if it is not known
    return home if os.path.isabs(home) else None


def find_folder(
    variable: str, default: str, environment: Mapping[str, str] = os.environ
) -> str | None:
    """Return one of the user's folders in the XDG Base Directory Specification.

    `variable` names it, and `default` is where it is in the home folder otherwise. A
    relative path in the variable is ignored, as the specification has it: it would lead
    to another place in every folder. None: the home folder is not known either.
    """
    folder = environment.get(variable, "")
    if os.path.isabs(folder):
        return folder
    home = find_home(environment)
    return None if home is None else os.path.join(home, default)
