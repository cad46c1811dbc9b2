"""Two programs in memory, with journals on disks that may fail: what their screens show.

The sessions and links are the real ones, so that the rules of the wire decide what becomes
of a message. A program that has died is started again from what its disk still has; the
screen, and what was typed, are the person's, and outlast both.
"""

from collections import deque
from collections.abc import Iterable
from copy import copy
from itertools import islice
from typing import NamedTuple

from chatlib.cipher import Cipher
from chatlib.errors import UnknownSessionError
from chatlib.journal import Journal
from chatlib.protocol.events import Event, Failed, Greeted, Left, Opened, Played, Said
from chatlib.protocol.frames import Hello, Mode, Reason
from chatlib.protocol.link import Link
from chatlib.protocol.session import Session
from chatlib.record import Note
from tests.simulation.disk import ModelDisk

SESSION_ID = bytes(range(16))

PATH = "talk"


class Shown(NamedTuple):
    """A line on a screen; `marked` says that it was perhaps shown before."""

    text: str
    marked: bool


class Person:
    """A person: what was typed and taken, and what the screen has shown."""

    def __init__(self) -> None:
        # Lines and words about games that were sent, and what the peer's were.
        self.said: list[str] = []
        self.told: list[str] = []
        self.screen: list[Shown] = []
        self.played: list[str] = []
        # What is being sent: should the program die now, nobody has said that it was taken.
        self.typed: list[str] = []
        self.unsure: set[str] = set()
        # What the program has told its person about the journal.
        self.warnings: list[str] = []

    def copy(self) -> "Person":
        """Return the same person, who may live on in another way."""
        other = Person()
        for name, value in vars(self).items():
            setattr(other, name, copy(value))
        return other

    def see_it_die(self) -> None:
        """Remember of what was typed last that it may or may not arrive."""
        self.unsure |= {*self.typed}
        self.typed = []


class Program:
    """One run of a program: its session, the link of its connection, and its journal."""

    def __init__(
        self,
        role: str,
        person: Person,
        mode: Mode = Mode.FREE,
        disk: ModelDisk | None = None,
        sync: bool = False,
        cipher: Cipher | None = None,
        session: Session | None = None,
    ) -> None:
        self.role = role
        self.person = person
        self.disk = disk
        self.journal: Journal | None = None
        self.uncertain = 0
        self.error: Exception | None = None
        self.left = False
        self.outbox = b""
        self.link: Link | None = None
        name = Hello(SESSION_ID, Mode.ANY, role)
        if role == "server":
            name = Hello(b"", mode, role)
        self.session = session or Session(name, talks_first=role == "client")
        self.is_new = session is None
        if disk:
            self._restore(disk, sync, cipher)

    def _restore(self, disk: ModelDisk, sync: bool, cipher: Cipher | None) -> None:
        """Go on with the talk of the journal, if there is one in it."""
        warn = self.person.warnings.append
        self.journal, past = Journal.open(
            PATH, self.role, warn=warn, sync=sync, cipher=cipher, disk=disk
        )
        if past.has_talk:
            self.session = past.make_session(talks_first=self.role == "client")
            self.uncertain = past.uncertain
            self.is_new = False
            # A game is played again from its words.
            self.person.played = [
                line.text
                for note, line in past.words
                if note is Note.GAME and not line.ours
            ]

    def survive(self) -> "Program":
        """Return a copy of a program without a journal that has lost its connection."""
        session = copy(self.session)
        session.kept = deque(self.session.kept)
        copied = Program(self.role, self.person.copy(), session=session)
        copied.is_new, copied.left = self.is_new, self.left
        return copied

    # What a chat does.

    def connect(self) -> None:
        """Begin a connection."""
        self.outbox = b""
        if self.role == "client":
            self.link = Link(self.session, greets_first=True)
            self.write()
        else:
            new = Session(Hello(b"", self.session.hello.mode, "server"), talks_first=False)
            self.link = Link(new, greets_first=False)

    def say(self, texts: Iterable[str]) -> None:
        """Send lines: they are noted, and then they leave."""
        assert self.link
        self.person.typed = list(texts)
        self.person.said += self.person.typed
        count = self.link.say(self.person.typed)
        assert count == len(self.person.typed)
        self._note_sent(count)
        self.write()
        self.person.typed = []

    def play(self, words: str) -> None:
        """Send words about a game."""
        assert self.link
        self.person.typed = [words]
        self.person.told.append(words)
        self.link.play(words)
        self._note_sent(1)
        self.write()
        self.person.typed = []

    def _note_sent(self, count: int) -> None:
        if self.journal:
            kept = self.session.kept
            self.journal.note_sent(list(islice(kept, len(kept) - count, None)))

    def leave(self) -> None:
        """Leave with a goodbye."""
        assert self.link
        self.link.leave(Reason.QUIT, "")
        if self.journal and self.session.farewell:
            self.journal.note_farewell(self.session.farewell)
        self.write()

    def write(self, hurry: bool = True) -> None:
        """Hand to the channel what the link wants to send: the journal has it then."""
        assert self.link
        data = self.link.data_to_send(hurry)
        if data and self.journal:
            self.journal.commit()
        self.outbox += data

    def receive(self, data: bytes, hurry: bool = True) -> None:
        """Handle bytes of the peer, and write the answers."""
        assert self.link
        self.link.receive_data(data)
        acknowledged = self.session.acknowledged
        while event := self.link.next_event():
            self._handle(event)
        if self.journal and self.session.acknowledged > acknowledged:
            self.journal.note_acknowledged(self.session.acknowledged)
        self.write(hurry)
        self._end()

    def _handle(self, event: Event) -> None:
        assert self.link
        match event:
            case Greeted():
                self._welcome(event)
            case Opened():
                self._open()
            case Said(number, texts):
                self._show(number, texts)
            case Played(number, words):
                if self.journal:
                    self.journal.note_played(number, words)
                self.person.played.append(words)
                self.link.shown(number)
            case Left():
                self.left = True
            case Failed(error):
                self.error = error

    def _welcome(self, greeting: Greeted) -> None:
        assert self.link
        if self.is_new:
            self.is_new = False
            self.session = self.link.session
            self.link.welcome()
        elif self.session.expects(greeting.hello, greeting.seen):
            self.link.welcome(self.session)
        else:
            self.error = UnknownSessionError("the talk cannot go on")
            self.link.refuse(Reason.UNKNOWN_SESSION, "")
            return
        self._open()

    def _open(self) -> None:
        if self.journal:
            self.journal.note_talk(self.session)

    def _show(self, number: int, texts: list[str]) -> None:
        assert self.link
        first = number - len(texts) + 1
        lines = [Shown(text, first + at <= self.uncertain) for at, text in enumerate(texts)]
        if self.journal:
            self.journal.note_showing(number, texts)
        self.person.screen += lines
        if self.journal:
            self.journal.note_shown(number)
        self.link.shown(number)

    def _end(self) -> None:
        """Remove the journal, if both have said goodbye and nothing is missing."""
        if self.journal and self.session.over and self.session.farewell and not self.error:
            self.journal.end()
            self.journal = None

    def lose(self) -> None:
        """Notice that the connection is lost."""
        if self.link:
            self.link.receive_eof()
            while event := self.link.next_event():
                self._handle(event)


def exchange(one: Program, other: Program, hurry: bool = True) -> None:
    """Carry all that the two want to send, until both are silent."""
    while one.outbox or other.outbox:
        for source, target in ((one, other), (other, one)):
            data, source.outbox = source.outbox, b""
            if data:
                target.receive(data, hurry)


def meet(one: Program, other: Program) -> None:
    """Let the two find each other, and carry all that they have to send."""
    for program in sorted((one, other), key=lambda each: each.role, reverse=True):
        program.connect()
    exchange(one, other)
