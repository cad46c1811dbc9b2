"""What a journal contains, read or written: the talk as far as a restart needs it.

A `Past` is made of records, one after the other, and can be turned into records again:
few ones, however many it was made of. No I/O here.
"""

from collections import deque, namedtuple
from collections.abc import Callable, Iterator
from struct import Struct

from chatlib.protocol.frames import Bye, Hello, Kind
from chatlib.protocol.session import WINDOW, Count, Message, Session
from chatlib.record import DRAFTED, KEPT, PAST, THEIRS, Note, Record

HISTORY = 40
"""Lines of both sides that are kept to be shown again, at most."""

WORDS = 2048
"""Words about games that are kept to be played again, at most: a game has fewer."""

STAMP = Struct("!Id")
"""What the body of a message begins with: how many lines its side had sent with it, and
when it was noted, in seconds since 1970."""

STATE = Struct("!8I")
"""The counts `sent`, `acknowledged`, `shown` and `showing`: messages and lines of each."""

TIME = Struct("!d")

# Looked up once, because a member of an enum costs 70 ns at every use in Python 3.11.
_TEXT = Note.TEXT

LOST_TEXT = "(a line that was lost in a damaged journal)"
"""What is sent in the place of a line of ours that cannot be read any more."""


class Line(namedtuple("Line", ("ours", "number", "texts", "when", "body"))):
    """A message of the past, of either side."""

    __slots__ = ()
    ours: bool
    number: int
    texts: int
    when: float
    body: bytes

    @property
    def text(self) -> str:
        """The text of the message."""
        return self.body.decode("utf-8", "replace")


class Entry(namedtuple("Entry", ("note", "line"))):
    """A message with its kind, or words about a game that only this side may know."""

    __slots__ = ()
    note: int
    line: Line


class Past:
    """The talk of a journal.

    `sent` counts our messages, `acknowledged` those that the peer has acknowledged, and
    `kept` are the others. `showing` counts the peer's messages that were about to be
    shown, and `shown` those that are known to be on the screen. After a restart the
    messages up to number `uncertain` may have been on it, too.
    """

    def __init__(self) -> None:
        # None until a talk has begun.
        self.hello: Hello | None = None
        self.peer: Hello | None = None
        self.farewell: Bye | None = None
        self.sent = self.acknowledged = self.shown = self.showing = Count(0, 0)
        self.kept: deque[Entry] = deque()
        self.uncertain = 0
        # Messages of ours that were to be sent, and were lost in a damaged journal.
        self.lost = 0
        # The last lines; those that are about to be shown; words about games since the last
        # that are needed no more; lines that were typed before their time.
        self.history: deque[Line] = deque(maxlen=HISTORY)
        self.coming: deque[Line] = deque()
        self.words: deque[Entry] = deque(maxlen=WORDS)
        self.drafts: deque[str] = deque()
        # When the two were last known to be connected; 0.0 if never.
        self.when = 0.0
        # In which run of the machine the program ran, and whether it has ended in order.
        self.boot = b""
        self.stopped = False

    @property
    def has_talk(self) -> bool:
        """Whether a talk has begun that can go on."""
        return self.hello is not None and self.peer is not None

    @property
    def has_messages(self) -> bool:
        """Whether a message of either side was counted."""
        return bool(self.sent.messages or self.showing.messages)

    # From records.

    def apply(self, record: Record) -> None:
        """Add what a record tells; ignore one of an unknown kind."""
        kind, flags, number, body = record
        rule = _RULES.get(kind)
        if rule:
            rule(self, flags, number, body)

    def add_message(self, kind: int, flags: int, line: Line) -> None:
        """Add a message of either side."""
        is_line = kind == _TEXT
        if not flags & KEPT:
            if is_line:
                (self.history if line.ours or flags & PAST else self.coming).append(line)
            else:
                self.words.append(Entry(Note.GAME, line))
        # In a file that has taken the place of another, the counts have a record of their
        # own.
        if flags & PAST:
            return
        ours, number, texts, when, _ = line
        if when > self.when:
            self.when = when
        count = Count(number, texts)
        if not ours:
            self.showing = max(self.showing, count)
            # What a game makes of the words is made again when it is played again.
            if not is_line:
                self.shown = self.showing
            return
        self.sent = max(self.sent, count)
        if number > self.acknowledged.messages:
            self.kept.append(Entry(kind, line))
        if flags & DRAFTED and self.drafts:
            self.drafts.popleft()

    def acknowledge(self, count: Count) -> None:
        """Let go of our first messages, so many: the peer has shown them."""
        while self.kept and self.kept[0].line.number <= count.messages:
            self.kept.popleft()
        self.acknowledged = max(self.acknowledged, count)
        self.sent = max(self.sent, count)

    def count_sent(self, number: int) -> Count:
        """Return the count of our messages up to `number`, which are kept yet."""
        texts = self.acknowledged.texts
        for _, line in self.kept:
            if line.number > number:
                break
            texts = line.texts
        return Count(number, texts)

    def count_shown(self, number: int) -> Count:
        """Return the count of the peer's messages up to `number`, which are shown."""
        # Those above are lines: words about a game are not shown, so they wait for nothing.
        return Count(number, self.showing.texts - (self.showing.messages - number))

    def _apply_hello(self, flags: int, number: int, body: bytes) -> None:
        if flags & THEIRS:
            self.peer = Hello.decode(body)
        else:
            self.hello = Hello.decode(body)

    def _apply_text(self, flags: int, number: int, body: bytes) -> None:
        self.add_message(Note.TEXT, flags, _read_line(flags, number, body))

    def _apply_game(self, flags: int, number: int, body: bytes) -> None:
        self.add_message(Note.GAME, flags, _read_line(flags, number, body))

    def _apply_ack(self, flags: int, number: int, body: bytes) -> None:
        count = Count(number, STAMP.unpack(body)[0])
        if flags & THEIRS:
            self.acknowledge(count)
        else:
            self.shown = max(self.shown, count)
            self.showing = max(self.showing, self.shown)
            while self.coming and self.coming[0].number <= number:
                self.history.append(self.coming.popleft())

    def _apply_bye(self, flags: int, number: int, body: bytes) -> None:
        if not flags & THEIRS:
            self.farewell = Bye.decode(body)

    def _apply_state(self, flags: int, number: int, body: bytes) -> None:
        values = STATE.unpack(body)
        counts = [Count(*values[at : at + 2]) for at in range(0, 8, 2)]
        sent, acknowledged, shown, showing = counts
        self.sent = max(self.sent, sent)
        self.acknowledge(acknowledged)
        self.shown, self.showing = max(self.shown, shown), max(self.showing, showing)

    def _apply_start(self, flags: int, number: int, body: bytes) -> None:
        self.boot, self.stopped = body, False

    def _apply_stop(self, flags: int, number: int, body: bytes) -> None:
        self.stopped = True

    def _apply_time(self, flags: int, number: int, body: bytes) -> None:
        (when,) = TIME.unpack(body)
        self.when = max(self.when, when)

    def _apply_aside(self, flags: int, number: int, body: bytes) -> None:
        self.words.append(Entry(Note.ASIDE, Line(True, number, 0, 0.0, body)))

    def _apply_draft(self, flags: int, number: int, body: bytes) -> None:
        if body:
            self.drafts.append(body.decode("utf-8", "replace"))
        elif self.drafts:
            self.drafts.pop()

    def _apply_cleared(self, flags: int, number: int, body: bytes) -> None:
        self.words.clear()

    # After a restart.

    def settle(self, boot: bytes) -> None:
        """Work out what a restart cannot know, when all records were added.

        `boot` identifies this run of the machine: in another one, what was written last
        may be missing, unless the program had ended in order.
        """
        if self.stopped or not self.boot:  # or nothing was ever written
            self.uncertain = self.shown.messages
        elif boot and boot == self.boot:
            self.uncertain = self.showing.messages
        else:
            self.uncertain = self.shown.messages + WINDOW
        # The peer sends again what was not acknowledged, so these lines will come a second
        # time, and are no history yet.
        shown = self.shown.messages
        seen = [line for line in self.history if line.ours or line.number <= shown]
        self.history = deque(seen, HISTORY)
        self.coming.clear()
        self.showing = self.shown
        self._fill_holes()

    def _fill_holes(self) -> None:
        """Put a text in the place of each message that is to be sent and is missing.

        Its number must be used: the peer shows no message before the one before it.
        """
        # Whether a missing message was a line or about a game is seen from how many lines
        # the next whole one counts.
        whole = deque[Entry]()
        last = self.acknowledged
        for each in sorted(self.kept, key=lambda each: each.line.number):
            number, texts = each.line.number, each.line.texts
            before = texts - (each.note == Note.TEXT)
            whole.extend(_fill(last, Count(number - 1, max(before, last.texts))))
            last = Count(number, texts)
            whole.append(each)
        whole.extend(_fill(last, self.sent))
        self.lost = len(whole) - len(self.kept)
        self.kept = whole

    def make_session(self, *, talks_first: bool) -> Session:
        """Return the session that goes on with the talk; `settle` was called before."""
        assert self.hello and self.peer
        kept: list[Message] = [
            (Kind(note), line.number, line.body) for note, line in self.kept
        ]
        return Session.restored(
            self.hello,
            self.peer,
            talks_first=talks_first,
            ours=self.sent,
            theirs=self.shown,
            kept=kept,
            farewell=self.farewell,
        )

    # Into records.

    def records(self) -> Iterator[Record]:
        """Yield the records of a new file that contains the same as this past."""
        if self.hello and self.peer:
            yield Note.HELLO, 0, 0, self.hello.encode()
            yield Note.HELLO, THEIRS, 0, self.peer.encode()
        counts = (self.sent, self.acknowledged, self.shown, self.showing)
        state = STATE.pack(*(value for count in counts for value in count))
        # Twice, because nothing else in the file could replace it if it is damaged.
        yield Note.STATE, 0, 0, state
        if self.farewell:
            yield Note.BYE, 0, 0, self.farewell.encode()
        if self.when:
            yield Note.TIME, 0, 0, TIME.pack(self.when)
        for line in (*self.history, *self.coming):
            yield make_record(Note.TEXT, PAST, line)
        for note, line in self.words:
            if note is Note.ASIDE:
                yield Note.ASIDE, 0, line.number, line.body
            else:
                yield make_record(Note.GAME, PAST, line)
        for note, line in self.kept:
            yield make_record(note, KEPT, line)
        for text in self.drafts:
            yield Note.DRAFT, 0, 0, text.encode("utf-8", "replace")
        yield Note.STATE, 0, 0, state


def make_record(note: int, flags: int, line: Line) -> Record:
    """Return the record of a message."""
    whose = 0 if line.ours else THEIRS
    return note, flags | whose, line.number, STAMP.pack(line.texts, line.when) + line.body


def _read_line(flags: int, number: int, body: bytes) -> Line:
    texts, when = STAMP.unpack_from(body)
    return Line(not flags & THEIRS, number, texts, when, body[STAMP.size :])


def _fill(last: Count, next_one: Count) -> Iterator[Entry]:
    """Yield a message for each number behind `last` up to that of `next_one`."""
    texts = last.texts
    for number in range(last.messages + 1, next_one.messages + 1):
        is_line = texts < next_one.texts
        texts += is_line
        line = Line(True, number, texts, 0.0, LOST_TEXT.encode())
        yield Entry(Note.TEXT if is_line else Note.GAME, line)


_RULES: dict[int, Callable[[Past, int, int, bytes], None]] = {
    Note.HELLO: Past._apply_hello,
    Note.TEXT: Past._apply_text,
    Note.GAME: Past._apply_game,
    Note.ACK: Past._apply_ack,
    Note.BYE: Past._apply_bye,
    Note.STATE: Past._apply_state,
    Note.START: Past._apply_start,
    Note.STOP: Past._apply_stop,
    Note.TIME: Past._apply_time,
    Note.ASIDE: Past._apply_aside,
    Note.DRAFT: Past._apply_draft,
    Note.CLEARED: Past._apply_cleared,
}
