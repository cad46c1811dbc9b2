"""The talk: what one end remembers of it for as long as it lasts.

A talk may need several connections, because a connection can break. What the protocol has
to know beyond one connection is kept here, and nothing else is. The rules of this file:

* no bytes of the stream, no socket, no clock: what belongs to one connection belongs to
  its `Link`, which is given a session and calls it;
* a message has a number: 1, 2, 3, ... on each side, lines of the talk and words about a
  game together. A number is never used twice;
* a message is kept from the moment it gets its number until the peer has acknowledged
  it. On every new connection what is still kept is sent again;
* whose turn it is follows from counting the lines of both sides. There is no turn that
  could be lost with a connection, and words about a game take none.

How a talk goes, as seen from here. A session begins empty, its `mode` ANY. On every
connection `begin` notes the HELLO of the peer; from the first one on, the mode and the
peer's name are known. `add_texts` and `add_words` give messages their numbers, and
`acknowledge` drops those that the peer has shown. When a connection breaks, nothing
happens here: what may be said is kept for the next connection. That one opens with a HELLO
that carries `shown`, so that each side knows what the other one lacks.

A talk is `over` when both have said goodbye and the peer has acknowledged all our messages,
or when the peer broke the protocol. Nobody can come back to it then.
"""

from collections import deque, namedtuple
from collections.abc import Iterable, Mapping

from chatlib.errors import LocalProtocolError, UnknownSessionError
from chatlib.protocol.frames import (
    GAME_LIMIT,
    LAST_NUMBER,
    Bye,
    Hello,
    Kind,
    Mode,
    encode_text,
)

WINDOW = 2048
"""Messages that may wait for their ACK before the person has to wait, in free talk.

Two reads full of short lines: the sender need not stand still while the other side shows
the last read."""

GAMES_WINDOW = 256
"""How many more may wait if they are words about a game: a game needs room for its
answers, but not without a limit, when the peer reads nothing."""

MOVE_WORDS = 16
"""Messages of one move in a game, at most."""

WINDOW_BYTES = 1 << 20
"""Bytes of text that may wait for their ACK; the last message may go beyond."""

NUMBERS_USED_UP = "this talk has no number left for a message: leave and connect again"
"""Why nothing is sent behind message 4,294,967,295: a header has room for no more."""

Message = tuple[Kind, int, bytes]
"""A message as it is kept: kind, number, body."""


class Count(namedtuple("Count", ("messages", "texts"))):
    """How many messages one end has sent, and how many of them were lines of the talk."""

    __slots__ = ()
    messages: int
    texts: int


# A member of an enum is found only after 70 ns in Python 3.11 (20 in 3.12). These are
# looked up for every line that is typed or shown.
_FREE, _TEXT = Mode.FREE, Kind.TEXT


class Session:
    """One end's memory of a talk.

    `hello` is what this end says of itself. The end that says HELLO first chooses the
    session id in it; the other end answers with the same id.
    `talks_first` is true on exactly one of the two ends: the client's.
    """

    def __init__(self, hello: Hello, *, talks_first: bool) -> None:
        self.hello = hello
        self.talks_first = talks_first
        # What the peer last said of itself; None until it has said HELLO.
        self.peer: Hello | None = None
        # The mode of the talk, once both have said HELLO.
        self.mode = Mode.ANY
        # Our goodbye, once we want to leave. It may have to wait for a connection.
        self.farewell: Bye | None = None
        # Both have said HELLO, and we have not said goodbye. True also while no connection
        # is open: what is said then is sent on the next one.
        self.can_talk = False
        # Nobody can come back to this talk.
        self.over = False
        # This end was restarted, and the peer has not said HELLO since: it may have shown
        # messages of ours that we do not remember.
        self.restarted = False

        # Our messages: the number of the last one, and how many were words about a game.
        self.sent = 0
        self.games_sent = 0
        # The highest number that was handed to a connection: a peer cannot have seen more.
        self.written = 0
        # The highest number that the peer has acknowledged, and the messages above it, in
        # order, with the bytes of their bodies added up.
        self.acknowledged = 0
        self.kept: deque[Message] = deque()
        self.kept_bytes = 0

        # The peer's messages: the number of the last one that has come, and of the last
        # one that the person can see.
        self.received = 0
        self.shown = 0

        # How many more lines we have sent than the peer, words about games not counted.
        # Whose turn it is follows from this alone.
        self.lead = 0

    # Beginning, going on with another connection, and ending.

    @classmethod
    def restored(
        cls,
        hello: Hello,
        peer: Hello,
        *,
        talks_first: bool,
        ours: Count,
        theirs: Count,
        kept: Iterable[Message],
        farewell: Bye | None = None,
    ) -> "Session":
        """Return the session of a program that was restarted, from what it has stored.

        `ours` counts all our messages and `kept` are the last of them, without a gap, that
        the peer has not acknowledged as far as is known. `theirs` counts the messages of
        the peer that were shown. Nothing can be said before the peer's HELLO has come:
        only then is it known which number is free.
        """
        session = cls(hello, talks_first=talks_first)
        session.peer, session.mode, session.farewell = peer, peer.mode, farewell
        session.restarted = True
        session.kept.extend(kept)
        session.kept_bytes = sum(len(body) for _, _, body in session.kept)
        session.sent = session.written = ours.messages
        session.games_sent = ours.messages - ours.texts
        session.acknowledged = ours.messages - len(session.kept)
        session.received = session.shown = theirs.messages
        session.lead = ours.texts - theirs.texts
        return session

    def begin(self, peer: Hello, mode: Mode, seen: int) -> None:
        """Note that both ends have said HELLO, for the first time or again.

        `seen` is how many of our messages the peer has shown. Raises UnknownSessionError
        when that cannot be: then the peer means another talk.
        """
        if self.restarted:
            self._recall(seen)
        if seen > self.sent:
            raise UnknownSessionError(
                f"HELLO has seen {seen} messages, {self.sent} were sent"
            )
        if seen < self.acknowledged:
            raise UnknownSessionError(
                f"HELLO has seen {seen} messages, {self.acknowledged} were confirmed"
            )
        self.peer, self.mode = peer, mode
        self.restarted = False
        self.can_talk = self.farewell is None and not self.over
        # A peer that claims more than was handed to a connection harms only itself; its
        # later ACKs of that must not look like an error.
        self.written = max(self.written, seen)
        self.acknowledge(seen)

    def _recall(self, seen: int) -> None:
        """Count messages that the peer has shown and that this end does not remember.

        A new message with one of their numbers would be taken for a retransmission: the
        peer would acknowledge it and show it to nobody.
        """
        missing = seen - self.sent
        if missing <= 0:
            return
        # In turns it is the peer's turn then. Words about games are never forgotten.
        behind = int(self.talks_first) - self.lead
        lines = missing if self.mode is _FREE else min(missing, behind)
        self.kept.clear()
        self.kept_bytes = 0
        self.sent = self.acknowledged = seen
        self.games_sent += missing - lines
        self.lead += lines

    def leave(self, farewell: Bye) -> None:
        """Note our goodbye: from here on we send no message."""
        self.farewell = farewell
        self.can_talk = False

    def end(self) -> None:
        """End the talk for good: nobody can come back to it."""
        self.over = True
        self.can_talk = False

    def knows(self, hello: Hello) -> bool:
        """Return whether this HELLO, on a new connection, names our talk.

        If it does and is not expected, it is refused as an unknown session: the peer
        counts other messages than we do, or the talk is over.
        """
        return self.peer is not None and hello.session == self.peer.session

    def expects(self, hello: Hello, seen: int) -> bool:
        """Return whether this HELLO, on a new connection, is our own peer's.

        The old connection may still look alive: the peer knows first that it is not. The
        mode in the HELLO is a wish, and is not looked at.
        """
        known = self.acknowledged <= seen <= self.sent
        forgotten = self.restarted and seen > self.sent
        return not self.over and self.knows(hello) and (known or forgotten)

    @property
    def has_messages(self) -> bool:
        """Whether a message was numbered on either side.

        Before the first there is nothing that a returning client could go on with, so its
        seat is not kept.
        """
        return bool(self.sent or self.received)

    # Whether we may send.

    def has_turn(self) -> bool:
        """Return whether we may send the next line.

        In turns, the end that talks first may when both have sent equally many, and the
        other end when it is one behind. In free talk either may at any time, until too
        many messages wait for their ACK: a peer that reads nothing must cost no memory.
        """
        # A method and not a property, because Python 3.11 calls properties by way of C:
        # on the way of a line that costs 6 % of all of it.
        if not self.can_talk:
            return False
        if self.mode is _FREE:
            return len(self.kept) < WINDOW and self.kept_bytes < WINDOW_BYTES
        return self.lead == (0 if self.talks_first else -1)

    @property
    def peer_has_turn(self) -> bool:
        """Whether the peer may send a line, in turns: `has_turn` as seen from its side."""
        return self.lead == (1 if self.talks_first else 0)

    @property
    def obstacle(self) -> str:
        """Why we may not send a line now, in words for the person."""
        if not self.can_talk:
            absent = self.peer is None or self.restarted
            return "there is nobody here yet" if absent else "the talk is over"
        if self.mode is _FREE:
            return f"{len(self.kept)} messages are not confirmed yet"
        return "it is not your turn"

    # Our messages.

    def add_texts(self, texts: Iterable[str]) -> list[Message]:
        """Number and keep as many of these lines as may be sent now; return them.

        Stops before the first that may not. Raises LocalProtocolError when that is the
        very first: it is not our turn, no number is left, or the line is empty, or over
        TEXT_LIMIT bytes.
        """
        if not self.has_turn():
            raise LocalProtocolError(self.obstacle)
        room = WINDOW - len(self.kept) if self.mode is _FREE else 1
        number, size = self.sent, self.kept_bytes
        if number > LAST_NUMBER - room:
            room = self._numbers_left()
        messages: list[Message] = []
        for text in texts:
            try:
                body = encode_text(text)
            except LocalProtocolError:
                if messages:
                    break  # it is the first next time, and is explained then
                raise
            number += 1
            messages.append((_TEXT, number, body))
            size += len(body)
            if len(messages) == room or size >= WINDOW_BYTES:
                break
        self.kept += messages
        self.kept_bytes = size
        self.sent = number
        self.lead += len(messages)
        return messages

    def add_words(self, words: str) -> Message:
        """Number and keep words about a game, which take no turn; return the message.

        Raises LocalProtocolError when too many messages wait for their ACK, when no number
        is left, or when the words are over GAME_LIMIT bytes.
        """
        self._numbers_left()
        if len(self.kept) >= WINDOW + GAMES_WINDOW:
            raise LocalProtocolError(f"{len(self.kept)} messages are not confirmed yet")
        message = Kind.GAME, self.sent + 1, encode_text(words, GAME_LIMIT)
        self.kept.append(message)
        self.kept_bytes += len(message[2])
        self.sent += 1
        self.games_sent += 1
        return message

    def _numbers_left(self) -> int:
        """Return how many messages can be numbered. Raises LocalProtocolError at none."""
        if self.sent == LAST_NUMBER:
            raise LocalProtocolError(NUMBERS_USED_UP)
        return LAST_NUMBER - self.sent

    def acknowledge(self, number: int) -> None:
        """Let go of our messages up to `number`: the peer has shown them."""
        for _ in range(self.acknowledged, number):
            _, _, body = self.kept.popleft()
            self.kept_bytes -= len(body)
        self.acknowledged = max(self.acknowledged, number)

    # What has become of them, in numbers for the person.

    @property
    def has_room_for_move(self) -> bool:
        """Whether a move in a game, of up to MOVE_WORDS messages, may be sent now."""
        full = len(self.kept) > WINDOW + GAMES_WINDOW - MOVE_WORDS
        return not full and self.sent <= LAST_NUMBER - MOVE_WORDS

    @property
    def texts_sent(self) -> int:
        """How many lines we have sent."""
        return self.sent - self.games_sent

    @property
    def texts_kept(self) -> int:
        """How many of those the peer has not acknowledged."""
        return sum(kind is _TEXT for kind, _, _ in self.kept)

    @property
    def unacknowledged(self) -> Mapping[int, str]:
        """Our lines that the peer has not acknowledged, by number."""
        return {number: body.decode() for kind, number, body in self.kept if kind is _TEXT}
