"""A disk in memory that can fail at any call, and lose what was not synced.

A program that is killed leaves all that it has written. After a power cut, of what was
not synced any part may be there: each write and each change of a name, or none of them, a
piece of a write, or a last sector of zeros or garbage.
"""

import errno
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from chatlib.disk import Disk

SECTOR = 512

EVERY_SUBSET = 8
"""Of so many pending writes every subset is tried; of more, some by chance."""

Files = dict[str, bytes]
"""What is on a disk: contents by name."""


class CrashError(BaseException):
    """The program was killed, or the power failed; nothing may catch it."""


@dataclass(eq=False)
class File:
    """One file: its content, and what of it is safe."""

    content: bytearray = field(default_factory=bytearray)
    safe: bytes = b""
    locked: bool = False


Change = tuple[tuple[str, File | None], ...]
"""One change of a folder: what each name leads to from then on."""


class ModelDisk(Disk):
    """A disk with these files, whose program is killed in call number `crash_at`.

    `faults` are errors that calls end with, by the name of the method; each is used up.
    The `boot` is another one after a power cut.
    """

    def __init__(
        self, files: Files | None = None, boot: bytes = b"1", salt: int = 0
    ) -> None:
        self.names: dict[str, File] = {}
        for name, content in (files or {}).items():
            self.names[name] = File(bytearray(content), content)
        self.safe_names: dict[str, File] = dict(self.names)
        # What is not safe, in order.
        self.changes: list[Change] = []
        self.pending: list[tuple[File, int, bytes]] = []
        self.opened: list[File] = []
        self.boot = boot
        self.calls = 0
        self.crash_at: int | None = None
        self.faults: list[tuple[str, int]] = []
        self.history: list[str] = []
        self.room: int | None = None  # bytes that can still be written
        self.before_write: Callable[[bytes], None] = lambda data: None
        self._salts = random.Random(salt)
        self._time = 1000.0

    # The calls.

    def _call(self, name: str) -> None:
        """Count a call that has had its effect; the program may be killed behind it."""
        self.calls += 1
        self.history.append(name)
        if self.calls == self.crash_at:
            raise CrashError

    def _meet_fault(self, name: str) -> None:
        if self.faults and self.faults[0][0] == name:
            code = self.faults.pop(0)[1]
            self.history.append(f"{name} fails")
            raise OSError(code, os.strerror(code))

    def open(self, path: str) -> int:
        """Open a file, made if it is not there."""
        self._meet_fault("open")
        if path not in self.names:
            self._change(((path, File()),))
            self._call("open")
        self.opened.append(self.names[path])
        return len(self.opened) - 1

    def create(self, path: str) -> int:
        """Make a file."""
        self._meet_fault("create")
        if path in self.names:
            raise FileExistsError(errno.EEXIST, "there", path)
        self._change(((path, File()),))
        self._call("create")
        self.opened.append(self.names[path])
        return len(self.opened) - 1

    def lock(self, fd: int) -> None:
        """Lock a file."""
        if self.opened[fd].locked:
            raise BlockingIOError(errno.EAGAIN, "locked")
        self.opened[fd].locked = True

    def is_ours(self, fd: int) -> bool:
        """Return that it is."""
        return True

    def is_at(self, fd: int, path: str) -> bool:
        """Return whether a name leads to an open file."""
        return self.names.get(path) is self.opened[fd]

    def read(self, fd: int, limit: int) -> bytes:
        """Return the content of a file."""
        return bytes(self.opened[fd].content)

    def write(self, fd: int, data: bytes) -> int:
        """Append to a file; a full disk takes what there is room for."""
        self._meet_fault("write")
        self.before_write(data)
        if self.room is not None:
            data = data[: self.room]
            self.room -= len(data)
            if not data:
                raise OSError(errno.ENOSPC, "full")
        file = self.opened[fd]
        self.pending.append((file, len(file.content), data))
        file.content += data
        self._call("write")
        return len(data)

    def sync(self, fd: int) -> None:
        """Make safe what was written."""
        self._meet_fault("sync")
        file = self.opened[fd]
        file.safe = bytes(file.content)
        self.pending = [write for write in self.pending if write[0] is not file]
        self._call("sync")

    def _change(self, change: Change) -> None:
        self.changes.append(change)
        _apply(self.names, change)

    def link(self, path: str, other: str) -> None:
        """Let a second name lead to a file."""
        self._meet_fault("link")
        if other in self.names:
            raise FileExistsError(errno.EEXIST, "there", other)
        self._change(((other, self.names[path]),))
        self._call("link")

    def rename(self, path: str, other: str) -> None:
        """Let a file have another name."""
        self._meet_fault("rename")
        self._change(((other, self.names[path]), (path, None)))
        self._call("rename")

    def unlink(self, path: str) -> None:
        """Remove a name."""
        self._meet_fault("unlink")
        if path in self.names:
            self._change(((path, None),))
            self._call("unlink")

    def sync_folder(self, path: str) -> None:
        """Make the names safe."""
        self._meet_fault("sync_folder")
        self.safe_names = dict(self.names)
        self.changes.clear()
        self._call("sync_folder")

    def close(self, fd: int) -> None:
        """Release a file."""
        self.opened[fd].locked = False

    def now(self) -> float:
        """Return a time that is a second later at every call."""
        self._time += 1
        return self._time

    def find_boot(self) -> bytes:
        """Return the run of the machine."""
        return self.boot

    def make_salt(self, size: int) -> bytes:
        """Return bytes that are the same in every run of the test."""
        return self._salts.randbytes(size)

    # What is left.

    def files(self) -> Files:
        """Return all files as a program that was killed leaves them."""
        return {name: bytes(file.content) for name, file in self.names.items()}

    def cut_short(self) -> Iterator[Files]:
        """Yield all files with the last write cut short at every byte, if it came last."""
        if self.history and self.history[-1] == "write":
            file, place, data = self.pending[-1]
            others = [True] * (len(self.pending) - 1)
            for size in range(len(data)):
                yield self._build(self.names, others, (file, place, data[:size]))

    def torn(self) -> Iterator[Files]:
        """Yield the last pending write torn at every byte, or with a bad last sector."""
        pending = self.pending
        if not pending:
            return
        file, place, data = pending[-1]
        others = [True] * (len(pending) - 1)
        for names in self._folders():
            for size in range(1, len(data)):
                yield self._build(names, others, (file, place, data[:size]))
            start = max(0, (place + len(data) - 1) // SECTOR * SECTOR - place)
            size = len(data) - start
            for bad in (bytes(size), random.Random(size).randbytes(size)):
                yield self._build(names, others, (file, place, data[:start] + bad))

    def subsets(self, count: int, dice: random.Random) -> Iterator[Files]:
        """Yield the files with every subset of the pending writes, or with `count`."""
        size = len(self.pending)
        choices: Iterator[Sequence[bool]]
        if size <= EVERY_SUBSET:
            choices = product((False, True), repeat=size)
        else:
            choices = ([dice.random() < 0.5 for _ in range(size)] for _ in range(count))
        folders = list(self._folders())
        for choice in choices:
            for names in folders:
                yield self._build(names, choice)

    def _folders(self) -> Iterator[dict[str, File]]:
        """Yield the folder with every subset of the changes that are not safe."""
        for choice in product((False, True), repeat=len(self.changes)):
            names = dict(self.safe_names)
            for change, there in zip(self.changes, choice, strict=True):
                if there:
                    _apply(names, change)
            yield names

    def _build(
        self,
        names: dict[str, File],
        choice: Sequence[bool],
        last: tuple[File, int, bytes] | None = None,
    ) -> Files:
        contents = {id(file): bytearray(file.safe) for file in names.values()}
        writes = [w for w, there in zip(self.pending, choice, strict=False) if there]
        for file, place, data in [*writes, *([last] if last else [])]:
            content = contents.get(id(file))
            if content is not None:
                content.extend(bytes(max(0, place + len(data) - len(content))))
                content[place : place + len(data)] = data
        return {name: bytes(contents[id(file)]) for name, file in names.items()}


def _apply(names: dict[str, File], change: Change) -> None:
    for name, file in change:
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file
