"""How a talk ends: our goodbye, the peer's, and the sentence that the person reads.

A talk that has begun ends in `report`, whoever left. It shows how, and which messages were
not delivered.
"""

from chatlib.connection import GOODBYE_SECONDS
from chatlib.ending import describe_delivery, explain_stop, list_lines
from chatlib.errors import Exit, RemoteProtocolError
from chatlib.peer import Peer
from chatlib.protocol.frames import Reason
from chatlib.protocol.link import State
from chatlib.recovery import Recovery
from chatlib.standing import capital
from chatlib.terminal.terminal import Terminal

STOP_SECONDS = 0.7
"""How long a program that was stopped by a signal waits for the peer's goodbye: with all
that comes before and after, it has ended within a second."""


class Goodbye:
    """What both sides have said about the end of their talk, and how it was cut off.

    The values are replaced, and never changed in place.
    """

    # Our goodbye, once we want to leave: it may have to wait for a HELLO. The person
    # has said it more than once.
    farewell: tuple[Reason, str] | None = None
    impatient = False
    # The exit code, where a signal or a failure of the system ends the program.
    signal_code = 0
    # How the peer ended the talk, the exit code for that, and the peer's last words.
    _verdict: tuple[str, Exit, str] | None = None
    # How the last connection was lost; why none can follow.
    loss = refusal = ""

    def __init__(self, terminal: Terminal, recovery: Recovery, peer: Peer) -> None:
        self._terminal = terminal
        self._recovery = recovery
        self._peer = peer

    @property
    def is_leaving(self) -> bool:
        """Whether one of the two has said goodbye."""
        return self.farewell is not None or self._verdict is not None

    @property
    def is_nothing_said(self) -> bool:
        """Whether neither side has sent a message, nor have we said goodbye."""
        return not self._peer.session.has_messages and self.farewell is None

    @property
    def is_over(self) -> bool:
        """Whether the talk has ended with a goodbye, and nobody can need it any more."""
        said = self._verdict is not None and self._verdict[1] is Exit.GOODBYE
        session = self._peer.session
        return said and (session.over or not session.kept)

    @property
    def is_refused(self) -> bool:
        """Whether the peer has ended the talk with a BYE that is no goodbye."""
        assert self._peer.connection is not None
        closed = self._peer.connection.link.state is State.CLOSED
        return closed and self._verdict is not None and self._verdict[1] is Exit.LOST

    @property
    def person_waits(self) -> bool:
        """Whether somebody waits for us to end: at a pipe that has ended nobody does."""
        return bool(self.signal_code) or self._terminal.interactive

    # Our own.

    def plan(self, reason: Reason, text: str) -> None:
        """Note that we want to leave; the first reason counts."""
        # Who says it again wants to wait no longer; the peer is told the first reason.
        self.impatient = self.farewell is not None
        self.farewell = self.farewell or (reason, text)

    def send(self) -> None:
        """Send our BYE, unless that was done, or has to wait until HELLO was answered."""
        assert self._peer.connection is not None and self.farewell is not None
        if self._peer.session.can_talk:
            self._peer.connection.leave(*self.farewell)
        self._limit()

    def _limit(self) -> None:
        """Limit how long a person waits from the first BYE, lost connections included."""
        assert self._peer.connection is not None
        if self.person_waits:
            link = self._peer.connection.link
            # Where the peer's BYE is not awaited, or cannot come, and nothing is kept, only
            # our own BYE can still be lost.
            matters = link.state is State.CLOSING or link.session.kept
            quick = self.signal_code or self.impatient or not matters
            self._recovery.limit(STOP_SECONDS if quick else GOODBYE_SECONDS)

    def resume(self) -> None:
        """End the search, as the peer is there again; what is hurried stays so."""
        if not (self.signal_code or self.impatient):
            self._recovery.end()
            if self.is_leaving and self.person_waits:
                self._recovery.limit(GOODBYE_SECONDS)

    # How the peer went.

    def hear(self, reason: Reason, text: str) -> None:
        """Note the peer's BYE: the answer to ours, or its own."""
        if reason in (Reason.QUIT, Reason.STOPPED):
            # Words of BYE 6 are for programs; a person reads what they mean.
            stopped = reason is Reason.STOPPED
            how, words = explain_stop(text) if stopped else ("left", text)
            who = "you left" if self.farewell else f"{self._peer.name} {how}"
            self._decide(f"Goodbye: {who}", Exit.GOODBYE, words)
        else:
            ended = f"The chat was ended by {self._peer.name}"
            # To a server that was started anew, a client that has lost the old one.
            unknown = (
                f"{capital(self._peer.name)} came back to a talk that is not known here"
            )
            strange = reason is Reason.UNKNOWN_SESSION
            self._decide(unknown if strange else ended, Exit.LOST, text)
        self._limit()

    def note_fault(self, error: RemoteProtocolError) -> None:
        """Note that the peer has broken a rule of the protocol."""
        sentence = f"The protocol was broken by {self._peer.name}: {error}"
        self._decide(sentence, Exit.LOST, "")

    def note_loss(self, detail: str) -> None:
        """Note that the connection was lost, and how, where that is known."""
        ending = f": {detail}" if detail else ""
        self.loss = f"The connection to {self._peer.name} was lost{ending}"

    def note_server_gone(self) -> bool:
        """Return whether it is the end that nobody listens where the server was.

        It is, when there is nothing left but our goodbye: the server has left too.
        """
        if self._verdict is None:
            if self.farewell is None or self._peer.session.kept:
                return False  # it may be there again in a moment
            # All was acknowledged, and only our BYE had no answer: nobody waits for it.
            self._decide("Goodbye: you left", Exit.GOODBYE, "")
        return True

    def _decide(self, sentence: str, code: Exit, words: str) -> None:
        """Keep how the peer ended the talk; from here on the person is not asked."""
        self._terminal.remove_prompt()
        self._verdict = (sentence, code, words)

    def forget(self) -> str:
        """Return how a peer has gone that left no talk behind, and forget it."""
        sentence = self._verdict[0] if self._verdict else self.loss
        self._verdict = None
        self._recovery.end()  # nobody waits for the end of that stream any more
        return sentence

    # The end, in sentences.

    @property
    def _verdict_without_peer(self) -> tuple[str, Exit, str]:
        """How the talk ended when there was no word from the peer."""
        if self.farewell:
            return f"You left, but {self._peer.name} did not answer", Exit.LOST, ""
        return self.loss, Exit.LOST, ""

    def report(self) -> Exit:
        """Show how the talk ended and what did not arrive; return the exit code."""
        session = self._peer.session
        sentence, code, words = self._verdict or self._verdict_without_peer
        # A goodbye is only as good as its deliveries: a script sees nothing but the code.
        lost = list(session.unacknowledged.values())
        if lost and code is Exit.GOODBYE:
            code = Exit.LOST
        # The peer's words come last, so that they cannot pass for ours; a refusal ends with
        # words of the peer, too.
        last = f" Last words: {words}" if words else ""
        why = f"; {self.refusal}" if self.refusal and sentence == self.loss else ""
        delivery = describe_delivery(session.texts_sent, len(lost))
        # All connections of a talk have the same kind of channel, so the last one tells.
        connection = self._peer.connection
        private = (
            " The talk was private." if connection and connection.channel.private else ""
        )
        self._terminal.notify(f"{sentence}{delivery}{why}.{private}{last}")
        list_lines(self._terminal.notify, "Not confirmed", lost)
        return code
