"""What the tests of the edited terminal share.

Nothing of `chatlib.terminal` is imported before a test asks for it: what a module's own
tests run of it is measured.
"""

import curses
import termios
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chatlib.loop import Loop
from harness.child import COLUMNS, ROWS
from tests.helpers import Person

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
