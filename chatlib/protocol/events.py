"""What a link reports: events to its user, and a trace to the frame log.

A trace is called at once, with everything that happens. An event waits until it is asked
for, because what its user does may change how the frames behind it are judged.
"""

from collections import namedtuple
from collections.abc import Callable

from chatlib.errors import RemoteProtocolError
from chatlib.protocol.frames import Hello, Reason

# Named tuples, so that `match` takes them apart, and not dataclasses: importing
# `dataclasses` alone takes 8 ms, as long as starting the interpreter.


class Greeted(namedtuple("Greeted", ("hello", "seen"))):
    """The peer said HELLO first, and waits for `welcome` or `refuse`.

    `seen` is how many of our messages the peer has shown: above 0 only when it comes
    back to a talk.
    """

    __slots__ = ()
    hello: Hello
    seen: int

    @property
    def is_new(self) -> bool:
        """Whether this HELLO may begin a talk: its sender has shown no message.

        The mode in it is a wish; the server alone decides.
        """
        return not self.seen


class Opened(namedtuple("Opened", ("hello",))):
    """The peer answered our HELLO: the talk may begin, or go on."""

    __slots__ = ()
    hello: Hello


class Said(namedtuple("Said", ("number", "texts"))):
    """The peer's next messages: show them, then call `shown(number)`.

    `number` is that of the last of `texts`. In turns there is one text; in free talk
    a read may bring many, which are reported together.
    """

    __slots__ = ()
    number: int
    texts: list[str]


class Played(namedtuple("Played", ("number", "words"))):
    """The peer's next words about a game: handle them, then call `shown(number)`."""

    __slots__ = ()
    number: int
    words: str


class Left(namedtuple("Left", ("reason", "text"))):
    """The peer said BYE. If we had not said BYE yet, ours is ready to be sent."""

    __slots__ = ()
    reason: Reason
    text: str


class Lost(namedtuple("Lost", ("detail",))):
    """The stream ended, or was given up, before all was said and acknowledged.

    `detail` is where or why it ended, in words; "" when nothing is known.
    """

    __slots__ = ()
    detail: str


class Failed(namedtuple("Failed", ("error",))):
    """The peer broke a rule. A BYE says which, unless ours was said before."""

    __slots__ = ()
    error: RemoteProtocolError


class Handled(namedtuple("Handled", ("count",))):
    """So many frames were handled that nobody need be told of, and more are waiting.

    It lets whoever asks for events do something else between PINGs without an end.
    """

    __slots__ = ()
    count: int


Event = Greeted | Opened | Said | Played | Left | Lost | Failed | Handled

Trace = Callable[[str, object, bytes], None]
"""A function that logs what happens: a sign of `framelog`, what it is, its raw bytes."""


def silent(sign: str, what: object, raw: bytes = b"") -> None:
    """Log nothing."""
