"""How long the other side is looked for when the connection is lost, and who does it.

The client calls again; the server only has to keep the seat, because it listens all the
time. Knows no protocol and no terminal; `program` builds one for the chat.
"""

from collections.abc import Callable

from chatlib.loop import Deadline, Loop


class Lifeline:
    """A search with an end that only ever comes nearer.

    `patience` is how many seconds the person has for it; 0 means not to search at all.
    `doing` says in words what is done.
    `call` and `hang_up` are what the client does to come back, and how it stops that;
    who has nothing to do leaves them as they are. `given_up` is what the chat does when
    the time is over.
    """

    def __init__(self, loop: Loop, patience: float, doing: str = "trying again") -> None:
        self.doing = doing
        self.patience = patience
        self.call: Callable[[], None] = lambda: None
        self.hang_up: Callable[[], None] = lambda: None
        self.given_up: Callable[[], None] = lambda: None
        self._deadline = Deadline(loop, lambda: self.given_up())

    def search(self, seconds: float) -> None:
        """Look for the other side, for at most so many seconds."""
        self.limit(seconds)
        self.call()

    def limit(self, seconds: float) -> None:
        """Give up in at most so many seconds; an earlier end stands."""
        self._deadline.limit(seconds)

    def rest(self) -> None:
        """The other side is there again, or nobody is to look for it any more."""
        self._deadline.lift()
        self.hang_up()
