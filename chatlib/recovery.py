"""The search for a peer whose connection was lost: how long it lasts, and who calls whom.

The client calls the server again. The server, which listens all the time, just keeps the
seat. A recovery knows no protocol and no terminal; `program` builds one for every talk.
"""

from collections.abc import Callable
from math import ceil, inf

from chatlib.loop import Deadline, Loop
from chatlib.tally import Tally

CUTS_TOLD = 10
"""Lost connections of one talk that the person is always told of, and some of the rest: a
peer may lose its connection and come back as often as it likes."""


class Recovery:
    """A search for the peer, with a deadline that can only come nearer until it ends.

    `seconds` is how long the person wants the search to last; at 0 the chat begins none.
    `activity` says in words what is done meanwhile.
    """

    def __init__(self, loop: Loop, seconds: float, activity: str) -> None:
        self.loop = loop
        self.seconds = seconds
        self.activity = activity
        # What the client does to come back, and how it stops that; the server does nothing.
        self.start_calling: Callable[[], None] = lambda: None
        self.stop_calling: Callable[[], None] = lambda: None
        # What the chat does when the time is over.
        self.expired: Callable[[], None] = lambda: None
        # The connections that the talk has lost, and whether the person is told of the
        # last loss and its end.
        self._cuts = Tally(loop.now, CUTS_TOLD)
        self.cut_is_told = True
        self._now = loop.now
        self._deadline = Deadline(loop, lambda: self.expired())
        # When that is, on the loop's clock.
        self._end = inf

    @property
    def seconds_left(self) -> int:
        """How long the search lasts yet, in whole seconds, rounded up; it has begun."""
        return max(ceil(self._end - self._now()), 0)

    def count_cut(self) -> str:
        """Count a lost connection; return the words for that where not each is told."""
        count = self._cuts.add()
        self.cut_is_told = count > 0
        return f", {count} times so far" if count > CUTS_TOLD else ""

    def begin(self, seconds: float) -> None:
        """Search for at most so many seconds."""
        self.limit(seconds)
        self.start_calling()

    def limit(self, seconds: float) -> None:
        """End the search in at most so many seconds; an earlier deadline stands."""
        self._deadline.limit(seconds)
        self._end = min(self._end, self._now() + seconds)

    def end(self) -> None:
        """Search no more: the peer is there again, or is not wanted any more."""
        self._deadline.lift()
        self._end = inf
        self.stop_calling()
