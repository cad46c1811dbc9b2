"""Look a host's addresses up without blocking: a child process asks the system's resolver.

The resolver is a function of the C library that blocks, for half a minute where no name
server answers. There is no other way to it that knows hosts files, mDNS and all that the
machine is configured to use. So a child process calls it, and the loop watches the pipe
that the answer comes through. A thread would do the same, but nobody could end it.

Numeric addresses and `localhost` need neither the resolver nor a child.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from chatlib.addresses import Address, encode, find_at_once, sort
from chatlib.loop import READ, Deadline, Loop

LOOK_UP_SECONDS = 30.0
"""How long a look-up may take. With one name server that is silent, glibc needs 10 s."""

PAUSE_SECONDS = 2.0
"""The least time between the beginnings of two look-ups of a name that has addresses."""

ADDRESSES_LIMIT = 64
"""How many addresses of a host are used at most: each may be tried at the same time."""

ANSWER_LIMIT = 8192
"""The longest answer in bytes: there is room for ADDRESSES_LIMIT lines."""

COMMAND = (
    sys.executable or "",
    "-I",
    "-S",
    "-c",
    f"""\
import signal, socket, sys
signal.alarm({LOOK_UP_SECONDS:.0f})
try:
    found = socket.getaddrinfo(sys.argv[1].encode(), 0, type=socket.SOCK_STREAM)
    for _, _, _, _, address in found[:{ADDRESSES_LIMIT}]:
        print(*address)
    print("end")
except socket.gaierror as error:
    print("error", *error.args)
except OSError as error:
    print("error", int(socket.EAI_AGAIN), error.strerror)
""",
)
"""What a child runs, before the name. Every line that it writes is an address: host, port
and, for IPv6, flow and scope. After the last one stands `end`; in place of it `error`, the
number of the resolver's error and its words. The alarm ends a child without a parent."""


class Resolver:
    """The addresses of one host as far as they are known, and a look-up in progress.

    `others` are hosts that are known to be numeric: further addresses of the same server.
    Raises StartError for what cannot be the name of a host.
    """

    def __init__(
        self, loop: Loop, host: str, port: int, others: Sequence[str] = ()
    ) -> None:
        # A ticket has several addresses of one server; no other host has.
        known = find_at_once(host, port)
        self._others = [each for other in others for each in find_at_once(other, port)]
        self.addresses = [*known, *self._others]
        self._loop = loop
        self._name = encode(host)
        self._port = port
        # The addresses cannot change: nobody has to be asked for them.
        self._fixed = bool(self.addresses)
        # When the last look-up began, on the loop's clock.
        self.began = loop.now() - PAUSE_SECONDS
        # The child that asks now, the pipe that it answers through, and the answer so far.
        self._child: tuple[int, int] | None = None
        self._answer = bytearray()
        self._deadline = Deadline(loop, self._time_out)
        # What the owner of the look-up in progress wants to be called.
        self._found: Callable[[], None] = lambda: None
        self._failed: Callable[[OSError], None] = lambda error: None

    @property
    def busy(self) -> bool:
        """Whether a look-up is in progress."""
        return self._child is not None

    @property
    def is_stale(self) -> bool:
        """Whether the addresses may be others by now, and may be asked for again."""
        if self._fixed or self.busy:
            return False
        return not self.addresses or self._loop.now() - self.began >= PAUSE_SECONDS

    def look_up(self, found: Callable[[], None], failed: Callable[[OSError], None]) -> None:
        """Ask for the addresses, and call one of the two when the answer has come.

        The addresses that were known before are kept until others are found. Raises
        OSError when no child can be started.
        """
        self.began = self._loop.now()
        self._child = _, pipe = _start_child(self._name)
        self._found, self._failed = found, failed
        self._answer.clear()
        self._deadline.limit(LOOK_UP_SECONDS)
        self._loop.watch(pipe, READ, lambda _: self._read(pipe))

    def limit(self, seconds: float) -> None:
        """Let a look-up that is in progress take at most so long since its beginning."""
        if self._child:
            left = self.began + seconds - self._loop.now()
            self._deadline.limit(max(left, 0))

    def cancel(self) -> None:
        """Kill the child, if there is one, and call nobody."""
        child, self._child = self._child, None
        if child:
            pid, pipe = child
            self._deadline.lift()
            self._loop.forget(pipe)
            os.close(pipe)
            _end_child(pid)

    def _read(self, pipe: int) -> None:
        """Read what the child writes; at the end of it call back with the result."""
        data = os.read(pipe, ANSWER_LIMIT)
        self._answer += data
        if data and len(self._answer) <= ANSWER_LIMIT:
            return
        self.cancel()
        try:
            found = _parse(bytes(self._answer), self._port)
        except OSError as error:
            self._failed(error)
        else:
            self.addresses = [*found, *self._others]
            self._found()

    def _time_out(self) -> None:
        self.cancel()
        self._failed(_temporary("the resolver does not answer"))


def _start_child(name: bytes) -> tuple[int, int]:
    """Start a child that looks a name up; return its process id and the pipe from it."""
    reader, writer = os.pipe()
    try:
        # Not `subprocess`, which takes 10 ms to import. Of our descriptors a child gets
        # only those that are named here (PEP 446).
        pid = os.posix_spawn(
            COMMAND[0],
            [os.fsencode(word) for word in (*COMMAND, name)],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, writer, 1),
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    return pid, reader


def _end_child(pid: int) -> None:
    """Kill a child unless it has ended, and leave no zombie."""
    # Where our parent ignores SIGCHLD, the kernel forgets a child that has ended.
    with suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _parse(answer: bytes, port: int) -> list[Address]:
    """Return the addresses in a child's answer. Raises OSError for any other answer."""
    *lines, last = answer.decode("ascii", "replace").splitlines() or [""]
    match last.split(" ", 2):
        case ["end"] if lines:
            return sort(_parse_address(line, port) for line in lines)
        case ["error", number, words] if _is_number(number.removeprefix("-")):
            raise socket.gaierror(int(number), words)
    raise _temporary("the look-up has failed")


def _parse_address(line: str, port: int) -> Address:
    """Return the address in one line of an answer. Raises OSError."""
    host, *numbers = line.split(" ")
    if len(numbers) not in (1, 3) or not all(map(_is_number, numbers)):
        raise _temporary("the look-up has failed")
    family = socket.AF_INET if len(numbers) == 1 else socket.AF_INET6
    socket.inet_pton(family, host)
    return int(family), (host, port, *map(int, numbers[1:]))


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 11


def _temporary(words: str) -> OSError:
    return socket.gaierror(socket.EAI_AGAIN, words)
