"""What the person wants to be sent: at once, later, or not at all.

A line that comes too early becomes a draft, and is sent when it is our turn. One that can
be no message is given back with the reason. No line is lost in silence.
"""

from collections import deque
from collections.abc import Iterable

from chatlib.ending import list_lines
from chatlib.errors import Exit, LocalProtocolError
from chatlib.goodbye import Goodbye
from chatlib.keeping import Keeping
from chatlib.memory import Memory
from chatlib.peer import Peer
from chatlib.terminal.terminal import Terminal

DRAFTS_LIMIT = 256
"""Lines that are kept for later when they are typed before their time."""


class Outbox:
    """The lines of one chat that are on their way from the person to the connection."""

    def __init__(
        self,
        terminal: Terminal,
        memory: Memory,
        peer: Peer,
        goodbye: Goodbye,
        keeping: Keeping,
    ) -> None:
        self._terminal = terminal
        self._memory = memory
        self._peer = peer
        self._goodbye = goodbye
        self._keeping = keeping
        # Lines that wait for their turn, and how many could not be messages at all.
        self.drafts: deque[str] = deque(keeping.drafts)
        self._refused = 0

    def send(self, lines: deque[str], messages: Iterable[str]) -> None:
        """Send those of the `messages` that may be sent now; take them off the `lines`.

        `messages` are lines at the front of `lines`. One that cannot be sent is kept for
        later, or given back with the reason.
        """
        connection = self._peer.connection
        if connection is None:
            self.keep(lines.popleft())
            return
        # A quiet client is announced with our first message, if it can be sent.
        if self._peer.banner and self._peer.has_turn():
            self._peer.announce()
        try:
            count = connection.say(messages)
        except LocalProtocolError as error:
            self._explain(lines.popleft(), error)
            return
        # Taken off only now: a line that was not sent must not be lost.
        sent = [lines.popleft() for _ in range(count)]
        # A script asks for nothing that was said, and each of its lines would cost 0.5 us
        # more.
        if self._terminal.interactive:
            self._memory.add(self._terminal.own_name, sent)

    def send_one(self, text: str) -> None:
        """Send a text whatever it looks like, or keep it, or give it back."""
        lines = deque((text,))
        self.send(lines, lines)

    def send_drafts(self) -> None:
        """Send what was kept for later, while it is our turn."""
        while self.drafts and self._peer.has_turn():
            text = self.drafts.popleft()
            self._terminal.show_own(text)
            self._keeping.note_sending_draft()
            self.send_one(text)
            self._keeping.note_refused(self.drafts)

    def _explain(self, text: str, error: LocalProtocolError) -> None:
        """Keep a message that could not be sent, or return it with the reason."""
        if self._peer.has_turn():  # so it is the text that is wrong
            self._terminal.refuse(f"Not sent, {error}", text)
            self._refused += 1
        elif self._goodbye.is_leaving:
            who = "you have" if self._goodbye.farewell else f"{self._peer.name} has"
            self._terminal.refuse(f"Not sent, {who} left", text)
        else:
            self.keep(text)

    def keep(self, text: str) -> None:
        """Keep a line that was typed before its time."""
        if len(self.drafts) == DRAFTS_LIMIT:
            self._terminal.refuse(f"Not kept, {DRAFTS_LIMIT} lines wait already", text)
        else:
            self.drafts.append(text)
            self._keeping.note_draft(text)
            session = self._peer.session if self._peer.connection else None
            why = session.obstacle if session else "there is nobody here yet"
            self._terminal.show_pending(text, why)

    def unsend(self) -> None:
        """Return the last line that is kept for later to the person."""
        # A command and not the Up key: that one goes through the history, and what it does
        # must not depend on whether our turn comes while it is pressed.
        if self.drafts:
            text = self.drafts.pop()
            self._keeping.note_unsent()
            if self._terminal.edits:
                # Its row stays on the screen, with the mark of a line that is kept.
                first, more, _ = text.partition("\n")
                dots = "..." if more else ""
                self._terminal.notify(f"Taken back, not kept any more: {first}{dots}")
            self._terminal.return_text(text)
        else:
            self._terminal.notify(
                "Nothing is kept for later. A line that was sent cannot be taken back."
            )

    def report(self, code: int) -> int:
        """Show what was never sent; return the exit code that this leaves of `code`."""
        list_lines(self._terminal.notify, "Never sent", self.drafts)
        # A person has seen a refusal and could mend it; a script sees only the exit code.
        if self._refused and not self._terminal.interactive:
            return code or Exit.LOST
        return code
