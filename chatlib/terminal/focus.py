"""Whether the person looks at this window, where the terminal reports it."""

import os
from collections.abc import Mapping

FOCUS_ON, FOCUS_OFF = "\x1b[?1004h", "\x1b[?1004l"
"""What makes a terminal report it, and stop that (xterm's mode 1004)."""

LOOKED_AWAY = "since you looked away:"
"""What stands before the first line that came while the person looked elsewhere."""

NEWS = "A message has come."
"""What a notification of the desktop says; nothing of the peer's is in it."""


class Focus:
    """What is known of the person's eyes, and what is still to be told of an absence."""

    def __init__(self) -> None:
        # The person looks at another window. None: the terminal has never told.
        self.away: bool | None = None
        # In this absence nothing came yet that was marked, or told to the desktop. No
        # property: it is read for every line.
        self.unmarked = self._untold = False

    def change(self, away: bool) -> None:
        """Note that the person looks away, or here."""
        self.away = self.unmarked = self._untold = away

    def take_notification(self) -> bool:
        """Return whether the first message of this absence comes now."""
        due, self._untold = self._untold, False
        return due


def make_notification(environment: Mapping[str, str] = os.environ) -> str:
    """Return the sequence that makes the desktop tell of a message.

    iTerm2 and kitty know OSC 9, most others OSC 777. tmux passes it on if its option
    `allow-passthrough` is on, and drops it otherwise.
    """
    if environment.get("TERM_PROGRAM") == "iTerm.app" or "KITTY_WINDOW_ID" in environment:
        sequence = f"\x1b]9;{NEWS}\x1b\\"
    else:
        sequence = f"\x1b]777;notify;chat;{NEWS}\x1b\\"
    if environment.get("TMUX"):
        # Within, every Escape is doubled.
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    return sequence
