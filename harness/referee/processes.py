"""What the kernel knows of running programs: children, sockets, whether they sleep.

The referee must not guess whether a silent program waits, works or spins. Linux shows it
(proc(5)): in which system call a thread sleeps and whether that has a time limit, how long
it ran and how long it wanted to run. Without /proc every answer here is "unknown", and
the referee goes by time alone. Nothing here knows of terminals or chats.
"""

import os
import platform
import signal
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")

HAS_PROC = (PROC / "self" / "stat").exists()

LISTEN, ESTABLISHED, TIME_WAIT = 0x0A, 0x01, 0x06
"""States of a TCP socket (include/net/tcp_states.h)."""

_NO_LIMIT = -1
"""In a table of system calls: this one always sleeps until something happens."""

# By number: which argument is the time limit, and the value that means none. Pointers are
# none when they are 0, a poll's milliseconds when they are -1.
_CALLS = {
    "x86_64": {
        **dict.fromkeys((0, 20, 34, 43, 45, 47, 61, 130, 247, 288), (_NO_LIMIT, 0)),
        7: (2, -1),
        232: (3, -1),
        281: (3, -1),
        23: (4, 0),
        270: (4, 0),
        271: (2, 0),
        202: (3, 0),
    },
    "aarch64": {
        **dict.fromkeys((63, 66, 202, 207, 212, 242, 260, 95, 133), (_NO_LIMIT, 0)),
        22: (3, -1),
        73: (2, 0),
        72: (4, 0),
        98: (3, 0),
    },
}.get(platform.machine(), {})


@dataclass(frozen=True)
class Socket:
    """One TCP socket as /proc/net/tcp lists it."""

    local: int  # port
    remote: int
    state: int
    inode: int  # 0: nobody has it, as before accept() and after close()
    unsent: int  # bytes that the peer's kernel has not acknowledged yet


def descendants(pid: int) -> list[int]:
    """Return a process and all its descendants, the oldest first."""
    family = [pid]
    for each in family:  # the list grows in the loop
        family += _children(each)
    return family


def _children(pid: int) -> list[int]:
    """Return the processes that its threads have made (proc(5), `children`).

    A walk over all of /proc takes ten times as long, and this is asked 50 times a second.
    """
    found: list[int] = []
    for _, task in _tasks([pid]):
        with suppress(OSError):
            path = PROC / str(pid) / "task" / str(task) / "children"
            found += map(int, path.read_text().split())
    return found


def kill(pids: Iterable[int]) -> None:
    """Kill these processes, also those that are stopped."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def is_blocked(pids: Iterable[int]) -> bool:
    """Return whether all threads sleep in a system call that has no time limit.

    Such programs will do nothing more by themselves, however long one waits. Also False
    where the kernel does not show it.
    """
    return (
        HAS_PROC
        and bool(_CALLS)
        and all(_is_blocked(pid, task) for pid, task in _tasks(pids))
    )


def seconds_wanted(pids: Iterable[int]) -> float:
    """Return the seconds that these ran or stood in line for a processor.

    Standing in line counts, so that the figure is the same on a busy machine.
    """
    return sum(_schedule(pid, task, 2) for pid, task in _tasks(pids))


def seconds_used(pids: Iterable[int]) -> float:
    """Return the seconds that these ran."""
    return sum(_schedule(pid, task, 1) for pid, task in _tasks(pids))


def listening(pids: Iterable[int]) -> list[Socket]:
    """Return the sockets on which one of these listens."""
    return [each for each in _sockets(pids) if each.state == LISTEN]


def connected(pids: Iterable[int]) -> list[Socket]:
    """Return the connections of these that are open, and accepted by accept()."""
    return [each for each in _sockets(pids) if each.state == ESTABLISHED]


def has_bytes_under_way(pid: int) -> bool:
    """Return whether bytes are under way between two sockets in a process's network."""
    # A listener has the length of its queue in the same field.
    return any(
        each.unsent and each.state not in (LISTEN, TIME_WAIT)
        for family in ("tcp", "tcp6")
        for each in _table(pid, family)
    )


def in_time_wait(pid: int, port: int) -> bool:
    """Return whether a port is kept for a connection that was closed here first."""
    return any(
        each.local == port and each.state == TIME_WAIT
        for family in ("tcp", "tcp6")
        for each in _table(pid, family)
    )


def _sockets(pids: Iterable[int]) -> list[Socket]:
    pids = list(pids)
    own = {inode for pid in pids for inode in _inodes(pid)}
    if not own:
        return []
    # All of a program's processes are in the same network namespace.
    tables = (_table(pids[0], family) for family in ("tcp", "tcp6"))
    return [each for table in tables for each in table if each.inode in own]


def _table(pid: int, family: str) -> list[Socket]:
    try:
        rows = (PROC / str(pid) / "net" / family).read_text().splitlines()[1:]
    except OSError:
        return []
    return [_socket(row.split()) for row in rows]


def _socket(fields: list[str]) -> Socket:
    return Socket(
        int(fields[1].rpartition(":")[2], 16),
        int(fields[2].rpartition(":")[2], 16),
        int(fields[3], 16),
        int(fields[9]),
        int(fields[4].partition(":")[0], 16),
    )


def _inodes(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for entry in (PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):  # closed while it was looked at
                target = os.readlink(entry)
                if target.startswith("socket:["):
                    yield int(target[8:-1])


def _stat(pid: int, task: int | None = None) -> list[str]:
    """Return the fields of a stat file from the state on; none if the process is gone."""
    path = PROC / str(pid) / (f"task/{task}/stat" if task else "stat")
    try:
        # The name before may contain anything, also blanks and brackets.
        return path.read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _tasks(pids: Iterable[int]) -> list[tuple[int, int]]:
    tasks = []
    for pid in pids if HAS_PROC else ():
        with suppress(OSError):
            tasks += [(pid, int(each)) for each in os.listdir(PROC / str(pid) / "task")]
    return tasks


def _state(pid: int, task: int) -> str:
    fields = _stat(pid, task)
    return fields[0] if fields else "X"


def _is_blocked(pid: int, task: int) -> bool:
    if _state(pid, task) in "TtZX":  # stopped by the referee, or gone
        return True
    try:
        fields = (PROC / str(pid) / "task" / str(task) / "syscall").read_text().split()
    except OSError:
        return False
    if not fields[0].isdigit() or int(fields[0]) not in _CALLS:
        return False
    argument, unlimited = _CALLS[int(fields[0])]
    if argument == _NO_LIMIT:
        return True
    value = int(fields[1 + argument], 16)
    return value == 0 if unlimited == 0 else _signed(value) == unlimited


def _signed(value: int) -> int:
    """Read the lower half of a register as the C int that it holds."""
    return int(struct.unpack("=i", struct.pack("=I", value & 0xFFFFFFFF))[0])


def _schedule(pid: int, task: int, count: int) -> float:
    try:
        path = PROC / str(pid) / "task" / str(task) / "schedstat"
        return sum(map(int, path.read_text().split()[:count])) / 1e9
    except (OSError, ValueError):
        return 0.0


def is_running(pid: int) -> bool:
    """Return whether a process still runs; a zombie does not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] not in "ZX"


def tagged(tag: bytes) -> list[int]:
    """Return the processes that have a tag in their environment, whatever their parent."""
    found = []
    for entry in PROC.iterdir() if HAS_PROC else ():
        if entry.name.isdigit():
            with suppress(OSError):
                if tag in (entry / "environ").read_bytes() and is_running(int(entry.name)):
                    found.append(int(entry.name))
    return found
