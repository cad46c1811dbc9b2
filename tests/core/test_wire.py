"""The wire's table against links in memory, however TCP cuts the bytes.

What a program does around its links, it does here as simply as can be: it answers every
HELLO by R1.4, shows what comes and sends what was typed as soon as it may.
"""

import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest

from chatlib.protocol.events import Event, Failed, Greeted, Lost, Played, Said
from chatlib.protocol.frames import Hello, Mode, Reason, busy_words
from chatlib.protocol.link import Link, State
from chatlib.protocol.session import Session
from harness import wire
from tests.core import wire_cases as table
from tests.core.wire_cases import (
    CASES,
    Case,
    Connects,
    Cut,
    Gets,
    Leaves,
    Send,
    Shows,
    Silence,
    Step,
    Types,
    Want,
)

Frame = tuple[int, int, bytes]
"""Kind, number and body."""


class Side:
    """The side that is tested: a talk, and a link for each connection."""

    def __init__(self, case: Case) -> None:
        self._serves = case.side == table.SERVER
        self._mode = Mode(case.mode)
        self._now = 0.0
        self._drafts: deque[str] = deque()
        self._session: Session | None = None
        if not self._serves:
            self._session = Session(Hello(table.ID, Mode.ANY, "c"), talks_first=True)
        self.links: list[Link] = []
        # The frames of each link that nobody has looked at, and what last happened on it.
        self.sent: list[list[Frame]] = []
        self.last: list[Event | None] = []
        self.closed: set[int] = set()
        self.shown: list[str] = []
        # The connection that the talk uses, and the highest message sent.
        self._used = 0
        self.highest = 0
        self.connect()

    # The steps.

    def connect(self) -> None:
        """Open a connection."""
        session = self._session
        if self._serves or session is None:
            session = Session(Hello(b"", self._mode, "s"), talks_first=False)
        self.links.append(Link(session, greets_first=not self._serves))
        self.sent.append([])
        self.last.append(None)
        self._used = len(self.links) - 1 if not self._serves else self._used
        self._proceed()

    def receive(self, data: bytes, on: int) -> None:
        """Receive bytes on a connection, in one read."""
        self.links[on].receive_data(data, self._now)
        self._proceed()

    def type(self, lines: tuple[str, ...]) -> None:
        """Type lines."""
        self._drafts += lines
        self._proceed()

    def leave(self) -> None:
        """Leave."""
        self.links[self._used].leave(Reason.QUIT, "")
        self._proceed()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        self.links[self._used].pass_time(self._now)
        self._proceed()

    def cut(self, on: int) -> None:
        """End the stream of a connection."""
        self.links[on].receive_eof()
        self._proceed()
        if self._serves and self._session and not self._session.has_messages:
            self._session = None  # before the first message there is no seat to keep

    # What a program does.

    def _proceed(self) -> None:
        """Handle what has happened on every link, and take what each wants to send."""
        for on, link in enumerate(self.links):
            while on not in self.closed and (event := link.next_event()):
                self.last[on] = event
                self._handle(on, link, event)
            self._send_drafts(on, link)
            if on not in self.closed:
                self._collect(on, link)

    def _handle(self, on: int, link: Link, event: Event) -> None:
        match event:
            case Greeted():
                self._answer(on, link, event)
            case Said(number, texts):
                self.shown += texts
                link.shown(number)
            case Played(number, _):
                link.shown(number)

    def _answer(self, on: int, link: Link, greeting: Greeted) -> None:
        """Answer a HELLO: R1.4 and R5.3."""
        talk = self._session
        if talk and talk.expects(greeting.hello, greeting.seen):
            if on < self._used:
                self.closed.add(on)
                return
            self.closed.add(self._used)
            link.welcome(talk)
            self._used = on
        elif talk and talk.knows(greeting.hello):
            link.refuse(Reason.UNKNOWN_SESSION, "")
        elif talk:
            lost = self.links[self._used].state is State.LOST
            link.refuse(Reason.BUSY, busy_words(60 if lost else None))
        elif greeting.is_new:
            link.welcome()
            self._session, self._used = link.session, on
        else:
            link.refuse(Reason.UNKNOWN_SESSION, "")

    def _send_drafts(self, on: int, link: Link) -> None:
        while on == self._used and self._drafts and link.session.has_turn():
            for _ in range(link.say(self._drafts)):
                self._drafts.popleft()

    def _collect(self, on: int, link: Link) -> None:
        for frame in wire.split(link.data_to_send()):
            if self.sent[on] and self.sent[on][-1][0] == frame[0] == wire.ACK:
                self.sent[on].pop()
            self.sent[on].append(frame)
            if frame[0] in (wire.TEXT, wire.GAME):
                self.highest = max(self.highest, frame[1])


def fits(want: Want, frame: Frame) -> bool:
    """Return whether a frame is the one that is expected."""
    kind, number, body = frame
    if (kind, number) != (want.kind, want.number):
        return False
    if want.words is not None and not re.fullmatch(want.words, body[1:].decode()):
        return False
    found: bytes | int = body
    if kind == wire.HELLO:
        assert body[:5] == b"CHAT\1"
        found = body[21]
    elif kind == wire.BYE:
        found = body[0]
    return want.detail is None or want.detail == found


Cutter = Callable[[bytes], list[bytes]]


def whole(data: bytes) -> list[bytes]:
    """Return the bytes as one read."""
    return [data]


def single(data: bytes) -> list[bytes]:
    """Return the bytes one by one."""
    return [data[place : place + 1] for place in range(len(data))]


def take(side: Side, step: Step, cutter: Cutter) -> None:
    """Play one step, and check what it expects."""
    newest = len(side.links) - 1
    match step:
        case Send(data, on):
            for piece in cutter(data):
                side.receive(piece, newest if on < 0 else on)
        case Gets(wanted, on):
            on = newest if on < 0 else on
            got, side.sent[on] = side.sent[on], []
            assert len(got) == len(wanted), got
            assert all(map(fits, wanted, got)), got
        case Shows(texts):
            assert tuple(side.shown) == texts
        case Types(lines):
            side.type(lines)
        case Leaves():
            side.leave()
        case Silence(seconds):
            side.wait(seconds)
        case Cut():
            side.cut(newest)
        case Connects():
            side.connect()


def check_end(side: Side, end: str, on: int) -> None:
    """Check how a case ends, on one of its connections."""
    link, sent = side.links[on], side.sent[on]
    if end == table.OPEN:
        assert (link.state, sent) == (State.OPEN, [])
    elif end == table.WAITING:
        assert (link.finished, sent) == (False, [])
    elif end == table.CLOSED:
        assert (on in side.closed, sent) == (True, [])
    elif end in table.REASONS:
        assert isinstance(side.last[on], Failed)
        ((kind, number, body),) = sent
        assert (kind, number, body[0]) == (wire.BYE, side.highest, table.REASONS[end])
        assert body[1:].decode()
    elif end == table.ERROR_UNSAID:
        assert isinstance(side.last[on], Failed)
        assert sent == []
    else:
        assert sent == [] or end == table.LEFT
        side.cut(on)
        assert isinstance(side.last[on], Lost) is (end == table.LOST)
        assert link.state is (State.LOST if end == table.LOST else State.CLOSED)


def check_after(side: Side, end: str, on: int) -> None:
    """Check that an open connection is alive, and that one in error is deaf."""
    side.sent[on].clear()
    ping = wire.frame(wire.PING, 77)
    if end == table.OPEN:
        side.receive(ping, on)
        assert side.sent[on] == [(wire.PONG, 77, b"")]
    elif end in (*table.REASONS, table.ERROR_UNSAID):
        shown = list(side.shown)
        side.receive(wire.text(1, "deaf") + ping + wire.bye(0), on)
        side.cut(on)
        assert (side.sent[on], side.shown) == ([], shown)


def name_of(case: Case) -> str:
    """Return the name of a case, for a report."""
    return f"{case.rule} {case.side}: {case.name}"


every_case = pytest.mark.parametrize("case", CASES, ids=name_of)


@pytest.mark.parametrize("cutter", [whole, single])
@every_case
def test_a_link_obeys_the_rule(case: Case, cutter: Cutter) -> None:
    """However the bytes of a step are cut."""
    side = Side(case)
    for step in case.steps:
        take(side, step, cutter)
    on = case.on if case.on >= 0 else len(side.links) - 1
    check_end(side, case.end, on)
    check_after(side, case.end, on)


TRAILING = {table.OPEN: wire.text(9, "x")[:5]} | dict.fromkeys(
    (*table.REASONS, table.ERROR_UNSAID), wire.text(1, "deaf") + b"\xff" * 20
)
"""What may come in one read with the last bytes of a case, by its end."""


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.end in TRAILING and isinstance(case.steps[-1], Send)],
    ids=name_of,
)
def test_what_trails_the_last_bytes_changes_nothing(case: Case) -> None:
    """Half a header behind a right frame, and anything behind a wrong one."""
    *steps, last = case.steps
    assert isinstance(last, Send)
    side = Side(case)
    for step in (*steps, last._replace(data=last.data + TRAILING[case.end])):
        take(side, step, whole)
    check_end(side, case.end, case.on if case.on >= 0 else len(side.links) - 1)


def test_the_table_names_every_rule_and_every_case_once() -> None:
    """Both sides are tested, by each of the ten groups of rules."""
    names = [name_of(case) for case in CASES]
    assert len(names) == len(set(names))
    for side in (table.SERVER, table.CLIENT):
        groups = {case.rule.split(".")[0] for case in CASES if case.side == side}
        assert groups == {f"R{number}" for number in range(1, 11)}


def test_the_table_imports_nothing_of_the_product() -> None:
    """Otherwise a mistake of the product could be its own judge."""
    assert table.__file__
    assert not re.search(r"import chat|from chat", Path(table.__file__).read_text("utf-8"))
