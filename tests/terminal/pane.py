"""A real program on a real terminal: what a person would see there, and what is left of it.

The harness plays whole conversations between the two programs. Here is what it has no
sign for: any command, a shell included; every byte that was written, not only the picture
that it makes; and the terminal's own settings, before and after.

Everything goes to the one terminal, stderr too. No test sleeps: it reads while it waits.
"""

import os
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from harness import wire
from harness.child import COLUMNS, Child
from harness.readers import Readers
from harness.stage import PATIENCE, ROOT

CLIENT = (sys.executable, "-m", "chatc", "--retry", "0")
FREE = 2
HALF = "rm -rf half"
STANDING = " with the server | /help lists the commands"

ANNOUNCED = ("sh", "-c", 'echo "process=$$"; exec "$@"', "-")
"""Put before a command, this writes its process number first."""


class Pane(Child):
    """A command on a terminal of its own; its files go to `folder`.

    In `environment` a variable that is None is removed.
    """

    def __init__(
        self, folder: Path, command: tuple[str, ...], environment: dict[str, str | None]
    ) -> None:
        world: dict[str, str | None] = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "XDG_CONFIG_HOME": str(folder),
            "XDG_STATE_HOME": str(folder),
            **environment,
        }
        known = {name: value for name, value in world.items() if value is not None}
        super().__init__(command, folder, known)

    @property
    def ended(self) -> bool:
        """Whether no program has the terminal any more, and all of it was read."""
        return self.drained

    @property
    def lines(self) -> list[str]:
        """The lines from the very first down to the cursor's row, scrolled off or not."""
        return [*self.view.lines, self.view.row]

    def shows(self, *lines: str) -> bool:
        """Whether these are the last lines, with the cursor in the very last, at rest."""
        return self.view.at_rest and self.lines[-len(lines) :] == [*lines]

    @property
    def rows(self) -> list[str]:
        """The rows of the window, up to the last with anything in it."""
        rows = self.view.rows
        while rows and not rows[-1]:
            rows.pop()
        return rows


class Desk:
    """All terminals of a test: opened, read and closed together.

    A program whose terminal nobody reads stands still, and then the other, which the test
    waits for, may never get what it waits for itself.
    """

    def __init__(self, folder: Path) -> None:
        self.panes: list[Pane] = []
        self._live: list[Pane] = []  # those that are still read
        self._folder = folder
        self._readers = Readers()

    def opens(self, *command: str, **environment: str | None) -> Pane:
        """Start a command on a terminal of its own."""
        self._sweep()  # a descriptor that was closed may come back as this one's
        pane = Pane(self._folder, command, environment)
        self.panes.append(pane)
        self._live.append(pane)
        self._readers.attend(pane.fd, pane.read)
        return pane

    def until(self, condition: Callable[[], object], what: str = "it") -> None:
        """Read all terminals until the condition holds; fail with all that they show."""
        happened = self._readers.until(condition, PATIENCE, self._turn)
        assert happened, f"{what} never happened:\n{self}"

    def _turn(self, seconds: float) -> None:
        self._sweep()
        assert self._live, f"every program has ended:\n{self}"
        self._readers.turn(seconds)

    def _sweep(self) -> None:
        """Stop reading the terminals that have come to their end."""
        for pane in [each for each in self._live if each.ended]:
            self._live.remove(pane)
            self._readers.forget(pane.fd)

    def close(self) -> None:
        """End every program that still runs."""
        for pane in self.panes:
            pane.close()
        self._readers.close()

    def __str__(self) -> str:
        """Show every window, framed."""
        edge = "-" * COLUMNS
        return "\n".join(line for pane in self.panes for line in (edge, *pane.rows, edge))


class Peer:
    """A server made of bytes, which sends and receives only what a test asks for.

    That is little: while it waits, the terminals need not be read.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.place = ("--host", "127.0.0.1", "--port", f"{self._listener.getsockname()[1]}")
        self._said = 0

    def meets(self) -> None:
        """Accept the client's connection and answer its HELLO."""
        self._socket, _ = self._listener.accept()
        self._socket.settimeout(PATIENCE)
        _, _, body = wire.receive(self._socket)
        self._socket.sendall(wire.hello("server", FREE, body[5:21]))

    def says(self, text: str) -> None:
        """Send a message."""
        self._said += 1
        self._socket.sendall(wire.text(self._said, text))

    def hears(self) -> str:
        """Return the next message or, in `<>`, the words of the client's goodbye."""
        while True:
            kind, number, body = wire.receive(self._socket)
            if kind == wire.TEXT:
                self._socket.sendall(wire.frame(wire.ACK, number))
                return body.decode()
            if kind == wire.BYE:
                return f"<{body[1:].decode()}>"

    def leaves(self) -> None:
        """Send a goodbye, or answer one, and half-close."""
        self._socket.sendall(wire.bye(self._said))
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close both sockets."""
        self._listener.close()
        self._socket.close()


def open_client(desk: Desk, peer: Peer, *arguments: str, **environment: str | None) -> Pane:
    """Start an edited client that is connected to the peer, and wait for its prompt."""
    pane = desk.opens(*CLIENT, *peer.place, *arguments, **environment)
    peer.meets()
    desk.until(
        lambda: pane.shows("- Both may write: Enter sends, /q leaves.", ">"),
        "the prompt",
    )
    return pane


def types_half(desk: Desk, pane: Pane, text: str = HALF) -> None:
    """Type the beginning of a line, and wait until it is shown."""
    pane.presses(text)
    desk.until(lambda: pane.shows(f">{text}"), "the half-typed line")


def open_shell(desk: Desk) -> Pane:
    """Start an interactive shell."""
    pane = desk.opens("bash", "--norc", "--noprofile", "-i", PS1="$ ", INPUTRC="/dev/null")
    desk.until(lambda: pane.shows("$"))
    return pane


def announced(pane: Pane) -> int:
    """Return the process that `ANNOUNCED` has written to a terminal."""
    return int(re.findall(rb"process=(\d+)", pane.raw)[-1])
