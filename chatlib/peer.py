"""The other side of a talk: the connection to it, what it is called, who has come.

The parts of a chat that speak with the peer have one `Peer` in common. It knows nothing of
goodbyes, games and lines that wait.
"""

from chatlib.connection import Connection
from chatlib.memory import Memory
from chatlib.protocol.events import Greeted
from chatlib.protocol.frames import Mode
from chatlib.protocol.session import Session
from chatlib.standing import capital
from chatlib.terminal.terminal import Terminal
from chatlib.terminal.visible import visible_name

# The words of the assignment sheet, which end as they do there. An edited terminal shows
# one sentence in their place: see `_explain_beginning`.
HINTS = ("Type /q to quit", "Enter message to send...")

NAMELESS = "the other side"
"""What a peer is called that has no name, or none that can be seen."""


class Peer:
    """Whoever sits at the other end: nobody at first, and at most one at a time.

    `name` is what the peer is called in sentences, and `speaker` before its lines.
    """

    def __init__(self, terminal: Terminal, memory: Memory) -> None:
        self._terminal = terminal
        self._memory = memory
        # The present connection, or the last one; None while nobody has come.
        self.connection: Connection | None = None
        self.name, self.speaker = NAMELESS, ""
        # The lines that are to announce the peer; the hints for beginners were shown.
        self.banner: list[str] = []
        self.hinted = False

    @property
    def session(self) -> Session:
        """The talk, over all its connections; somebody has come."""
        assert self.connection is not None
        return self.connection.link.session

    @property
    def mode(self) -> Mode:
        """The mode of the talk; ANY while nobody has come."""
        return self.session.mode if self.connection else Mode.ANY

    def has_turn(self) -> bool:
        """Return whether a message may be sent now."""
        return self.connection is not None and self.connection.link.session.has_turn()

    def expects(self, greeting: Greeted) -> bool:
        """Return whether a stranger's HELLO is that of our own peer, which comes back."""
        return self.connection is not None and self.session.expects(
            greeting.hello, greeting.seen
        )

    def knows(self, greeting: Greeted) -> bool:
        """Return whether a stranger's HELLO names our talk, whatever else is in it."""
        return self.connection is not None and self.session.knows(greeting.hello)

    def arrive(self, connection: Connection, banner: str) -> None:
        """Note who has come; `announce` shows the banner."""
        self.connection = connection
        self.note_name()
        self.banner = [banner]
        if not self.has_turn():
            self.banner.append("Waiting for message...")

    def note_name(self) -> None:
        """Note what the peer calls itself, which may change when it comes back."""
        self.name, name = call(self.session)
        # The assignment's screen in turns has no names.
        named = self.mode is not Mode.TURNS or self._terminal.names_turns
        self.speaker = name if named else ""

    def announce(self) -> None:
        """Show who has come, if that was not done yet."""
        for line in self.banner:
            self._terminal.show(line)
        if self.banner and self._terminal.edits and self._memory.is_first("begin"):
            self._terminal.show(self._explain_beginning())
        self.banner = []

    def _explain_beginning(self) -> str:
        """Return who may write now, how to send, and how to leave."""
        # Each of the three has the same end, so that it is found again at a glance.
        if self.mode is Mode.FREE:
            return "Both may write: Enter sends, /q leaves."
        if self.has_turn():
            return "You may write now: Enter sends, /q leaves."
        return f"{capital(self.name)} writes first: Enter sends, /q leaves."

    def show_hints(self) -> None:
        """Show once, when it is first our turn, what can be done."""
        if self.has_turn():
            self.hinted = True
            # At an edited terminal all was said at the beginning.
            for hint in () if self._terminal.edits else HINTS:
                self._terminal.show(hint)


def call(session: Session) -> tuple[str, str]:
    """Return what the peer is called in sentences, and before its lines.

    Everything that shows a name has it from here, so that lines, notices and the status
    agree.
    """
    assert session.peer is not None
    name = visible_name(session.peer.name)
    own = visible_name(session.hello.name)
    # A peer named "you" would make our sentences say that we did what it did.
    if not name or name.casefold() == "you":
        name = in_sentences = NAMELESS
    elif name.casefold() == own.casefold():
        name = in_sentences = f"the other {name}"
    else:
        # These two are what a program calls itself that was given no name.
        in_sentences = f"the {name}" if name in ("server", "client") else name
    return in_sentences, name
