"""The system calls of a journal: one method each, so that a test can model a crash.

A file is opened for one program alone, and is only ever appended to. Every method raises
OSError.
"""

import fcntl
import os
import time
from contextlib import suppress

from chatlib.files import open_regular

BOOT = "/proc/sys/kernel/random/boot_id"
"""Where Linux has a text that is another one after every start of the machine."""

PIECE = 1 << 20
"""Bytes per read."""


class Disk:
    """The real disk, clock and source of chance."""

    def open(self, path: str) -> int:
        """Open a regular file, made with mode 0600 if it is not there; no link."""
        return open_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW)

    def create(self, path: str) -> int:
        """Make a file with mode 0600; FileExistsError if anything has this name."""
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.open(path, flags, 0o600)

    def lock(self, fd: int) -> None:
        """Lock a file until it is closed; BlockingIOError if another program has it."""
        # Not `lockf`: its lock would be lost as soon as any other descriptor of the file is
        # closed in this program.
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def is_ours(self, fd: int) -> bool:
        """Return whether the file is this user's and nobody else may open it."""
        status = os.fstat(fd)
        return status.st_uid == os.geteuid() and not status.st_mode & 0o077

    def is_at(self, fd: int, path: str) -> bool:
        """Return whether the open file is what this path leads to."""
        try:
            return os.path.samestat(os.fstat(fd), os.lstat(path))
        except FileNotFoundError:
            return False

    def read(self, fd: int, limit: int) -> bytes:
        """Return the content of a file, or a little more than `limit` bytes of it."""
        pieces, size = list[bytes](), 0
        while size <= limit and (piece := os.pread(fd, PIECE, size)):
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)

    def write(self, fd: int, data: bytes) -> int:
        """Append to a file; return how many bytes were taken."""
        return os.write(fd, data)

    def sync(self, fd: int) -> None:
        """Wait until what was written outlasts a power cut."""
        # Where there is no `fdatasync`, as on macOS, its elder sister does as well.
        getattr(os, "fdatasync", os.fsync)(fd)

    def link(self, path: str, other: str) -> None:
        """Let a second name lead to a file; FileExistsError if anything has it."""
        os.link(path, other, follow_symlinks=False)

    def rename(self, path: str, other: str) -> None:
        """Let a file have another name, in the place of what has it."""
        os.rename(path, other)

    def unlink(self, path: str) -> None:
        """Remove a name; it need not be there."""
        with suppress(FileNotFoundError):
            os.unlink(path)

    def sync_folder(self, path: str) -> None:
        """Wait until the names in the folder of this file outlast a power cut."""
        # A name is an entry of its folder, and is on the disk when the folder is.
        fd = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def close(self, fd: int) -> None:
        """Close a file, and release its lock."""
        os.close(fd)

    def now(self) -> float:
        """Return the time of day, in seconds since 1970."""
        return time.time()

    def find_boot(self) -> bytes:
        """Return what identifies this run of the machine; b"" if that is not known."""
        try:
            with open(BOOT, "rb") as file:
                return file.read(64).strip()
        except OSError:
            return b""

    def make_salt(self, size: int) -> bytes:
        """Return random bytes."""
        return os.urandom(size)
