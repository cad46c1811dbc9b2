"""How often something happened that a peer can cause at will, and which times are told.

A stranger can connect, and a peer can lose its connection, thousands of times a minute. The
person reads of the first times, and then of a few with their count; the frame log has each.
Imports nothing of the project.
"""

from collections.abc import Callable

QUIET_SECONDS = 60.0
"""After so long without a notice the next time is told, whatever its count."""


class Tally:
    """A count that says which of its steps the person is to be told of.

    Told are the first `always` times, the 10th, 100th, 1000th, and so on, and the first
    after QUIET_SECONDS in which nothing was told. `now` returns the time in seconds.
    """

    def __init__(self, now: Callable[[], float], always: int = 1) -> None:
        self._now = now
        self._always = always
        # How often it has happened, and when that was last told.
        self._count = 0
        self._told = 0.0

    def add(self) -> int:
        """Count one more; return the count if the person is to be told, and else 0."""
        self._count += 1
        count, now = self._count, self._now()
        due = count <= self._always or now - self._told >= QUIET_SECONDS
        if not due and count != 10 ** (len(str(count)) - 1):
            return 0
        self._told = now
        return count
