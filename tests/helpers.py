"""What several test files need: links joined in memory, sockets, a clock, a person."""

import os
import select
import socket
import time
from collections.abc import Callable
from typing import Literal
from unicodedata import category, name

from chatlib.loop import Loop
from chatlib.program import Program
from chatlib.protocol.events import Event, Greeted, Opened, Trace, silent
from chatlib.protocol.frames import Hello, Mode
from chatlib.protocol.link import Link
from chatlib.protocol.session import Session
from chatlib.settings import read_settings
from chatlib.terminal import streams
from chatlib.terminal.visible import DEFAULT_IGNORABLE

SESSION_ID = bytes(range(16))


def make_client(
    trace: Trace = silent, name: str = "client", session: Session | None = None
) -> Link:
    """Return the link of a client: it greets first and talks first.

    `session` is the talk that it goes on with; None begins a new one.
    """
    new = Session(Hello(SESSION_ID, Mode.ANY, name), talks_first=True)
    return Link(session or new, greets_first=True, trace=trace)


def make_server(
    trace: Trace = silent, name: str = "server", mode: Mode = Mode.TURNS
) -> Link:
    """Return the link of a server: it is greeted, and listens first."""
    session = Session(Hello(b"", mode, name), talks_first=False)
    return Link(session, greets_first=False, trace=trace)


def remember(session: Session) -> dict[str, object]:
    """Return all that a session knows, copied."""
    return {**vars(session), "kept": [*session.kept]}


def events_of(link: Link) -> list[Event]:
    """Return all events that a link has to report."""
    return list(iter(link.next_event, None))


def deliver(
    source: Link, target: Link, piece: int = 65536, session: Session | None = None
) -> list[Event]:
    """Carry what one link sends to the other, `piece` bytes at a time.

    A HELLO that waits for an answer is welcomed, to `session` if there is one. Returns
    the events.
    """
    data = source.data_to_send()
    events: list[Event] = []
    for start in range(0, len(data), piece):
        target.receive_data(data[start : start + piece])
        while event := target.next_event():
            events.append(event)
            if isinstance(event, Greeted):
                target.welcome(session)
    return events


def make_pair(piece: int = 65536, mode: Mode = Mode.TURNS) -> tuple[Link, Link]:
    """Return the links of a client and a server that have said HELLO."""
    client, server = make_client(), make_server(mode=mode)
    (greeted,) = deliver(client, server, piece)
    assert isinstance(greeted, Greeted)
    (opened,) = deliver(server, client, piece)
    assert isinstance(opened, Opened)
    return client, server


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return two ends of a real TCP connection over loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    return near, far


SECONDS = 5.0
"""How long a test waits for something that should happen at once."""


def until(loop: Loop, condition: Callable[[], object]) -> None:
    """Turn the loop until something is so; fail when it takes too long.

    The real time counts, also where the loop's own clock stands still.
    """
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never happened"
        bounded_turn(loop)


def bounded_turn(loop: Loop) -> None:
    """Turn the loop once, with a timer that ends the wait should nothing else do so."""
    safety = loop.call_later(SECONDS, lambda: None)
    try:
        loop.turn()
    finally:
        safety.cancel()


def patience(loop: Loop) -> float | None:
    """Seconds until the loop's next timer; None when there is none."""
    return loop._timers[0].when - loop.now() if loop._timers else None


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def move(loop: Loop, clock: Clock, seconds: float) -> None:
    """Let time pass and make the calls that are due, without waiting for more."""
    clock.now += seconds
    loop.call_later(0, lambda: None)
    loop.turn()


def feed_three_ways(data: bytes, feed: Callable[[list[bytes]], object]) -> None:
    """Feed the same bytes whole, byte by byte and split in two at every place.

    `feed` gets the pieces and returns what came of them, which must always be the same.
    """
    whole = feed([data])
    assert feed([bytes([byte]) for byte in data]) == whole
    for place in range(1, len(data)):
        assert feed([data[:place], data[place:]]) == whole, f"split at {place}"


UNSAFE: tuple[Literal["Cc", "Cf", "Co", "Cs", "Zl", "Zp"], ...] = (
    "Cc",
    "Cf",
    "Co",
    "Cs",
    "Zl",
    "Zp",
)
"""Controls, formats, private use, surrogates, line and paragraph separators."""

JOINERS = "\u200c\u200d"
"""Formats too, but these may stand between letters or emoji."""


def obeyed(text: str) -> set[str]:
    """Return the characters of a text that a terminal would obey, or that show nothing.

    Those that are part of a letter or an emoji as people write them are left out.
    """
    return {
        each
        for place, each in enumerate(text)
        if (category(each) in UNSAFE or is_ignorable(each)) and not _is_needed(text, place)
    }


def is_ignorable(character: str) -> bool:
    """Return whether a character has the property Default_Ignorable_Code_Point."""
    return any(first <= ord(character) <= last for first, last in DEFAULT_IGNORABLE)


def _is_needed(text: str, place: int) -> bool:
    """Return whether what would be invisible alone belongs to its neighbours."""
    each, before, after = text[place], text[:place][-1:], text[place + 1 :][:1]
    script = name(before, "UNASSIGNED").split("-")[0].split()[0] if before else "NOTHING"
    symbol = script != "NOTHING" and (category(before) in ("So", "Sk", "Sm", "Sc", "Cn"))
    if each in JOINERS:
        emoji = symbol or "\ufe0e" <= before <= "\ufe0f"
        letter = category(before or " ")[0] in "LM" and script not in ("LATIN", "GREEK")
        return letter or (emoji and category(after or " ") in ("So", "Sk", "Sm", "Cn"))
    if "\ufe00" <= each <= "\ufe0f":
        key = before in [*"#*0123456789"] and after == "\u20e3"
        return key or symbol or script == "CJK" or before in [*"\u203c\u2049\u2139\u3030"]
    if "\U000e0100" <= each <= "\U000e01ef":
        return script == "CJK" or "\U00020000" <= before <= "\U0003ffff"
    if "\U000e0020" <= each <= "\U000e007f":
        return "\U0001f3f4" in text[max(0, place - 7) : place]
    return "\u180b" <= each <= "\u180f" and "MONGOLIAN" in script


class World:
    """A program's parts in this process, on a clock that stands still until moved."""

    def __init__(self, command: str, *arguments: str) -> None:
        self.clock = Clock()
        self.loop = Loop(self.clock)
        role = {"chatd": "server", "chatc": "client"}[command]
        # A connection that is lost is lost: who wants to see it mended says so.
        given = ["--plain", "--keep" if command == "chatd" else "--retry", "0", *arguments]
        settings = read_settings(command, "", given, {"HOME": "/"})
        self.program = Program(command, role, settings, self.loop)
        self.told: list[str] = []
        self.shown: list[str] = []
        self.program.terminal.notify = self.told.append  # type: ignore[assignment, method-assign]
        self.program.terminal.show = self._show  # type: ignore[assignment, method-assign]
        self.program.terminal.show_messages = self._show_messages  # type: ignore[method-assign]

    def _show(self, line: str) -> None:
        self.shown.append(line)

    def _show_messages(self, speaker: str, texts: list[str]) -> None:
        self.shown += [f"{speaker}: {text}" if speaker else text for text in texts]

    @property
    def talk(self) -> Session:
        """The session of the talk that is going on."""
        connection = self.program.chat.peer.connection
        assert connection
        return connection.link.session

    def until(self, condition: Callable[[], bool]) -> None:
        """Turn the loop until the condition holds; five real seconds at most."""
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, (self.told, self.shown)
            self.turn()

    def turn(self) -> None:
        """Turn the loop once without waiting."""
        self.loop.call_later(0, lambda: None)
        self.loop.turn()

    def pass_time(self, seconds: float) -> None:
        """Let time go by, and what was due in it happen."""
        self.clock.now += seconds
        for _ in range(3):
            self.turn()


Place = Callable[[str, int], None]
"""Put a descriptor in the place of STDIN, STDOUT or STDERR."""


class Person:
    """Who sits at a terminal: types, and sees what is on the screen.

    Without a pty the person is a pipe: what it "types" comes in at stdin, and stdout
    and stderr are two more pipes.
    """

    def __init__(self, keyboard: int, screen: int, errors: int) -> None:
        self.keyboard = keyboard
        self.seen = {screen: b""}
        self.seen.setdefault(errors, b"")
        self.out, self.err = screen, errors

    def types(self, data: bytes) -> None:
        """Type; at a pty, until the kernel's echo of it can be seen."""
        before = len(self.seen[self.out])
        os.write(self.keyboard, data)
        if os.isatty(self.keyboard):
            self.sees(self.out, data.replace(b"\n", b"\r\n"), before)

    def leaves(self) -> None:
        """Close the keyboard: the end of a pipe, a terminal that is gone."""
        self.closes(self.keyboard)
        self.keyboard = -1

    def closes(self, fd: int) -> None:
        """Close one of the three for good."""
        os.close(fd)
        self.seen.pop(fd, None)

    @property
    def screen(self) -> str:
        """All that has been written to stdout, and at a pty to stderr too."""
        return self._all(self.out, streams.STDOUT)

    @property
    def errors(self) -> str:
        """All that has been written to stderr."""
        return self._all(self.err, streams.STDERR)

    def _all(self, fd: int, standard: int) -> str:
        """Read what is on its way, up to a mark that is sent after it."""
        mark = b"<#mark#>"
        os.write(standard, mark)
        self.sees(fd, mark)
        self.seen[fd] = self.seen[fd].replace(mark, b"")
        return self.seen[fd].decode().replace("\r\n", "\n")

    def sees(self, fd: int, expected: bytes, start: int = 0) -> None:
        """Read until these bytes have come, after so many others."""
        while expected not in self.seen[fd][start:]:
            assert select.select([fd], [], [], SECONDS)[0], self.seen[fd]
            self.seen[fd] += os.read(fd, 65536)

    def close(self) -> None:
        """Close what the test has left open."""
        for fd in {self.keyboard, *self.seen} - {-1}:
            os.close(fd)
