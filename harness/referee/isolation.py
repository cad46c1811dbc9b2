"""A network of its own for every pair, where the system allows it.

Two namespaces a run: the server's and the clients'. Each has nothing but a loopback, and
the host is called `localhost` in both, so that "", "localhost", "127.0.0.1" and
gethostname() all mean the same. A socket stays in the namespace in which it was made,
so the referee itself can have sockets in both: a relay can stand between any two
programs, even if both have the same port written in. Nothing that a program leaves
behind (a port in TIME_WAIT, a child that still listens) reaches the next run.

It needs no root: a user namespace gives the right (namespaces(7), user_namespaces(7)).
Where that is forbidden, and on macOS, pairs share the machine's network, one at a time.
"""

import ctypes
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NEW_UTS, NEW_USER, NEW_NET = 0x04000000, 0x10000000, 0x40000000
"""Flags of unshare(2); Python has names for them from 3.12 on."""

SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
"""Of netdevice(7)."""

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
"""Of prctl(2)."""

_CHILD_ENTRIES = Path("/proc/sys/net/ipv4/tcp_child_ehash_entries")
"""How many entries the next network's table of connections has (ip-sysctl(7))."""

_LIBC = ctypes.CDLL(None, use_errno=True)

_NET = Path("/proc/self/ns/net")


class Network:
    """The network of one run: where the server is, and where the clients are.

    Shared with the whole machine unless this process has been `isolate`d.
    """

    def __init__(self, *, isolated: bool) -> None:
        self.isolated = isolated
        self._places: dict[str, int] = {}  # a descriptor for each namespace
        if isolated:
            self._places = {place: _new_network() for place in ("client", "server")}

    @contextmanager
    def inside(self, place: str) -> Iterator[None]:
        """Put the sockets and programs that are made inside into `server` or `client`."""
        if not self.isolated:
            yield
            return
        _enter(self._places[place])
        try:
            yield
        finally:
            _enter(self._places["server"])

    def close(self) -> None:
        """Close the namespaces; they vanish with the last socket in them."""
        for fd in self._places.values():
            os.close(fd)
        self._places.clear()


def isolate() -> bool:
    """Move this process for good into namespaces in which it may make networks.

    Returns False if the system does not allow it.
    """
    uid, gid = os.getuid(), os.getgid()
    try:
        if not _unshare(NEW_NET | NEW_UTS):
            if not _unshare(NEW_USER | NEW_NET | NEW_UTS):
                return False
            with suppress(OSError):  # an old kernel has no such file
                Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
            Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        _LIBC.sethostname(b"localhost", len(b"localhost"))
        _raise_loopback()
    except (OSError, AttributeError):
        return False
    return True


def can_isolate() -> bool:
    """Return whether `isolate` would work; a child process tries it and ends."""
    child = os.fork()
    if not child:
        os._exit(0 if isolate() else 1)
    return os.waitpid(child, 0)[1] == 0


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none is lost."""
    with suppress(AttributeError):
        _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent() -> None:
    """In a child: be killed when the referee ends, by whatever cause."""
    with suppress(AttributeError):
        _LIBC.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)


def _new_network() -> int:
    """Make a network with a loopback and enter it; return its descriptor."""
    # A small table of connections of its own: to list the whole machine's takes 4 ms.
    with suppress(OSError):  # Linux before 6.1 has no such file
        _CHILD_ENTRIES.write_text("256")
    if not _unshare(NEW_NET):
        raise OSError(errno.EPERM, "this system gives no network of its own any more")
    _raise_loopback()
    return os.open(_NET, os.O_RDONLY | os.O_CLOEXEC)


def _enter(fd: int) -> None:
    if _LIBC.setns(fd, NEW_NET):
        raise OSError(ctypes.get_errno(), "setns")


def _unshare(flags: int) -> bool:
    return hasattr(_LIBC, "unshare") and _LIBC.unshare(flags) == 0


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING)
        fcntl.ioctl(sock, SIOCSIFFLAGS, request)
