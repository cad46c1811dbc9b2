"""How a talk stands, in words: the status line, `/status` and `/who`.

A `Standing` belongs to one chat and keeps what only these words need. All else it finds in
a view of the talk, which is made anew each time.
"""

from collections import namedtuple
from collections.abc import Callable

from chatlib.confirmation import Confirmation
from chatlib.connection import Connection
from chatlib.loop import Loop
from chatlib.protocol.frames import Mode
from chatlib.protocol.pulse import PING_SECONDS, WORRY_SECONDS

SLOW_SECONDS = 0.2
"""The status line shows a round trip from here on: below it nobody notices one, and it
changes with every PING."""


# No typing.NamedTuple: importing `typing` takes as long as all of these modules.
class View(namedtuple("View", ("peer", "connection", "lost", "leaving", "move", "drafts"))):
    """A talk at one moment, as one of the two sees it.

    `peer` is what the other side is called. `lost` says what is done while the connection
    is lost, and is empty during the talk. `move` says whose move it is in a game, and is
    empty without one. `drafts` counts the lines that are kept for later.
    """

    __slots__ = ()
    peer: str
    connection: Connection
    lost: str
    leaving: bool
    move: str
    drafts: int


class Standing:
    """What is told of a talk beyond its state: since when, until when, what is late.

    `view()` returns the talk as it is now, or None while nobody has come. `show(describe)`
    shows the status line that `describe` returns.
    """

    def __init__(
        self,
        loop: Loop,
        view: Callable[[], View | None],
        show: Callable[[Callable[[], tuple[str, ...]]], None],
    ) -> None:
        self._view = view
        self._show = show
        # What is waited for while nobody has come.
        self.absence = "nobody here yet"
        # Times of day: when the talk began, and when the search for a lost peer ends.
        self.since, self.until = "", ""
        self.confirmation = Confirmation(loop, self.update)

    def wait_for(self, what: str) -> None:
        """Describe in the status line what is waited for, and until when."""
        self.absence = what
        self.update()

    def update(self) -> None:
        """Show the status line as it is now."""
        self._show(self.describe)

    def describe(self) -> tuple[str, ...]:
        """Return the parts of the status line, the most important first."""
        view = self._view()
        if view is None:
            return (self.absence,)
        session = view.connection.link.session
        if view.lost:
            # Short, so that the window has room for what is not confirmed.
            parts = ["connection lost", f"{view.lost} until {self.until}"]
        else:
            parts = [f"with {view.peer}", *_describe_silence(view.connection)]
        # One of the three: what is to be done next. During a game that is a move.
        if view.leaving:
            parts.append("leaving")
        elif view.move:
            parts.append(view.move)
        elif session.mode is Mode.TURNS:
            parts.append("your turn" if session.has_turn() else f"{view.peer}'s turn")
        parts += self._describe_lines(view)
        # It does not change, and so gives way to all that does.
        if view.connection.channel.private and not view.lost:
            parts.append("private")
        round_trip = view.connection.link.pulse.round_trip
        if round_trip is not None and round_trip >= SLOW_SECONDS and not view.lost:
            parts.append(f"round trip {milliseconds(round_trip)}")
        return tuple(parts)

    def _describe_lines(self, view: View) -> list[str]:
        """Return what became of our lines: not confirmed, delivered late, or kept."""
        parts = []
        waiting = view.connection.link.session.texts_kept
        # A line on its way is nothing to tell of, unless it takes long.
        if waiting and (self.confirmation.late or view.lost or view.leaving):
            parts.append(f"{count_lines(waiting)} not confirmed{self._delay}")
        # Only of a line that was late: all others arrive at once.
        elif self.confirmation.delivered:
            parts.append("delivered")
        if view.drafts:
            parts.append(f"{count_lines(view.drafts)} kept for later")
        return parts

    @property
    def _delay(self) -> str:
        """For how long the oldest of our lines waits, where that is long."""
        watch = self.confirmation
        return f" for {watch.seconds} s" if watch.seconds else ""

    def describe_people(self) -> str:
        """Return who talks with whom: the answer to `/who`."""
        view = self._view()
        if view is None:
            return f"{capital(self.absence)}."
        own = view.connection.link.session.hello.name
        # These two are what a program calls itself that was given no name.
        own = f"the {own}" if own in ("server", "client") else own
        return f"You are {own}, and talk with {view.peer} at {place(view.connection)}."

    def describe_talk(self) -> list[str]:
        """Return sentences about the talk: the answer to `/status`."""
        view = self._view()
        if view is None:
            return [f"{capital(self.absence)}."]
        # All that the status line leaves out, too: it has room for little, and changes.
        first = f"With {view.peer} at {place(view.connection)}, since {self.since}."
        if view.lost:
            first += f" The connection is lost: {view.lost} until {self.until}."
        waiting = view.connection.link.session.texts_kept
        lines = f"{count_lines(waiting)}{self._delay}" if waiting else "nothing"
        return [
            first,
            _describe_mode(view),
            _describe_privacy(view.connection),
            _describe_round_trip(view.connection),
            f"Not confirmed: {lines}.",
        ]


def _describe_silence(connection: Connection) -> list[str]:
    """Return for how long nothing was heard, if that is longer than usual."""
    silence = connection.silence
    # Not while a PONG is simply on its way: that would be painted at every PING.
    overdue = silence > PING_SECONDS + WORRY_SECONDS / 2
    if overdue and connection.link.pulse.is_worrying:
        return [f"nothing heard for {silence:.0f} s"]
    return []


def _describe_mode(view: View) -> str:
    session = view.connection.link.session
    # Whose turn it is does not matter any more.
    if view.leaving:
        return "Leaving: nothing more is sent."
    if session.mode is Mode.FREE:
        return "Mode: free, both may write at any time."
    turn = "it is your turn" if session.has_turn() else f"it is {view.peer}'s turn"
    return f"Mode: turns, {turn}."


def _describe_privacy(connection: Connection) -> str:
    if connection.channel.private:
        return "Private: yes. Only who holds the ticket can read this talk."
    return "Private: no. Who can read the network can read this talk."


def _describe_round_trip(connection: Connection) -> str:
    round_trip = connection.link.pulse.round_trip
    # The last one that was measured, however long ago that is.
    if round_trip is None:
        # It is measured with a PING, and that is sent when nothing else is.
        return f"Round trip: measured after {PING_SECONDS:g} s of silence."
    return f"Round trip: {milliseconds(round_trip)}."


def place(connection: Connection) -> str:
    """Return the peer's address in words."""
    # A server knows host and port, a client that has come back a text.
    match connection.address:
        case (host, port):
            return f"{host} port {port}"
        case address:
            return str(address)


def milliseconds(seconds: float) -> str:
    """Return a time to two figures: with more it would be painted again at every PONG."""
    return f"{float(f'{1000 * seconds:.2g}'):g} ms" if seconds >= 0.001 else "below 1 ms"


def count_lines(count: int) -> str:
    """Return a number of lines in words."""
    return "1 line" if count == 1 else f"{count} lines"


def capital(words: str) -> str:
    """Return words as they stand at the beginning of a sentence."""
    return words[:1].upper() + words[1:]
