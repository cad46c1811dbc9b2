"""Everything that one owner reads, and the wait for what comes of it.

A program whose output nobody reads stands still. So all terminals, pipes and sockets of
an owner are read together, for as long as it waits for any one of them.
"""

import selectors
import time
from collections.abc import Callable
from contextlib import suppress


class Readers(selectors.SelectSelector):
    """A selector whose data are callbacks.

    It is select's, for two reasons: select waits in microseconds, where epoll counts in
    milliseconds, and it asks each terminal anew every time, which waits for what the
    kernel has still to carry over to it.
    """

    def attend(self, fd: int, read: Callable[[], object]) -> None:
        """Call `read` from now on whenever there is something to read."""
        self.register(fd, selectors.EVENT_READ, read)

    def forget(self, fd: int) -> None:
        """Read this descriptor no more; one that is not attended is ignored."""
        with suppress(KeyError, ValueError):
            self.unregister(fd)

    def turn(self, seconds: float | None) -> bool:
        """Read what comes within so many seconds; return whether anything came.

        None: wait until something comes.
        """
        events = self.select(seconds)
        for key, _ in events:
            key.data()
        return bool(events)

    def until(
        self,
        condition: Callable[[], object],
        seconds: float,
        turn: Callable[[float], object] | None = None,
    ) -> bool:
        """Read until the condition holds; return False when the time is over.

        `turn` is what to do instead of `self.turn`; it gets the seconds that are left.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            (turn or self.turn)(left)
        return True
