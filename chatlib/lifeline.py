"""How long the other side is looked for when the connection is lost, and who does it.

The client calls again; the server only has to keep the seat, because it listens all the
time. Knows no protocol and no terminal; `program` builds one for the chat.
"""

from collections.abc import Callable

from chatlib.loop import Loop, Timer


class Lifeline:
    """A search with an end that only ever comes nearer.

    `patience` is how many seconds the person has for it; 0 means not to search at all.
    `doing` says in words what is done.
    `call` and `hang_up` are what the client does to come back, and how it stops that;
    who has nothing to do leaves them as they are.
    """

    def __init__(self, loop: Loop, patience: float, doing: str = "trying again") -> None:
        self.doing = doing
        self.patience = patience
        self.call: Callable[[], None] = lambda: None
        self.hang_up: Callable[[], None] = lambda: None
        self._loop = loop
        self._timer: Timer | None = None

    def search(self, seconds: float, given_up: Callable[[], None]) -> None:
        """Look for the other side; after so many seconds, `given_up()`."""
        self.limit(seconds, given_up)
        self.call()

    def limit(self, seconds: float, given_up: Callable[[], None]) -> None:
        """Give up in at most so many seconds; an earlier end stands."""
        timer = self._loop.call_later(seconds, given_up)
        if self._timer and self._timer.pending:
            nearer, later = sorted((self._timer, timer), key=lambda each: each.when)
            later.cancel()
            timer = nearer
        self._timer = timer

    def rest(self) -> None:
        """The other side is there again, or nobody is to look for it any more."""
        if self._timer:
            self._timer.cancel()
        self.hang_up()
