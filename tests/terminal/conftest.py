"""What the tests of the edited terminal share.

Nothing of `chatlib.terminal` is imported before a test asks for it: what a module's own
tests run of it is measured.
"""

import curses
import os
import shlex
import signal
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chatlib.loop import Loop
from harness.child import COLUMNS, ROWS
from tests.helpers import Person
from tests.terminal.pane import (
    ANNOUNCED,
    CLIENT,
    Desk,
    Pane,
    Peer,
    open_shell,
    types_half,
)

if TYPE_CHECKING:
    from tests.terminal.seat import Seat


@pytest.fixture
def seat(
    person: Person, loop: Loop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> "Seat":
    """Seat a person at a pty that has a size, a name and 256 colours."""
    from tests.terminal.seat import Seat

    termios.tcsetwinsize(person.keyboard, (ROWS, COLUMNS))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    # curses looks at the first terminal of a process only.
    monkeypatch.setattr(curses, "setupterm", lambda fd: None)
    monkeypatch.setattr(curses, "tigetnum", lambda name: 256)
    return Seat(person, loop)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Return a desk, on which programs are started; end them after the test."""
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Return a server for a client to connect to."""
    peer = Peer()
    yield peer
    peer.close()


@pytest.fixture
def shell(desk: Desk, peer: Peer) -> Pane:
    """Start a shell, in it a client connected to the peer, and type half a line."""
    pane = open_shell(desk)
    pane.types(shlex.join([*ANNOUNCED, *CLIENT, *peer.place]))
    peer.meets()
    desk.until(lambda: pane.shows("- Both may write: Enter sends, /q leaves.", ">"))
    types_half(desk, pane)
    return pane


@pytest.fixture
def stops(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[object]]]:
    """Replace `os.kill`: a stop of this process notes the terminal's settings instead."""
    from chatlib.terminal import streams

    stops: list[list[object]] = []

    def kill(pid: int, number: int) -> None:
        if signal.getsignal(number) != signal.SIG_IGN:
            stops.append(termios.tcgetattr(streams.STDIN))

    monkeypatch.setattr(os, "kill", kill)
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    yield stops
    signal.signal(signal.SIGTSTP, before)
