"""The wire's table against both programs, over real sockets, on a clock that is moved.

The same cases as in `tests/core/test_wire.py`: here the listener answers the HELLOs, the
client calls again, and the chat shows and sends.
"""

import select
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from chatc.connector import Connector
from chatc.redialer import LAST_DELAY
from chatd.listener import Listener
from chatlib.connection import ACK_SECONDS
from harness import wire
from harness.stage import PATIENCE
from tests.core import wire_cases as table
from tests.core.test_wire import Frame, fits, name_of
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
from tests.helpers import SECONDS, World

QUIET_TURNS = 4
"""So many turns without a byte: nothing is on its way over loopback any more."""

MODES = {wire.TURNS: "turns", wire.FREE: "free"}


class Program:
    """The program that is tested, in this process, and the peer's sockets."""

    def __init__(self, case: Case) -> None:
        self._port = socket.create_server(("127.0.0.1", 0))
        self._port.settimeout(PATIENCE)
        self._serves = case.side == table.SERVER
        options = ["--host", "127.0.0.1", "--mode", MODES[case.mode], "--keep", "60"]
        if not self._serves:
            port = self._port.getsockname()[1]
            options = ["--host", "127.0.0.1", "--port", str(port), "--retry", "60"]
        self.world = World(*self._command(), *options)
        self.shown: list[str] = []
        self.world.program.terminal.show_messages = self._show  # type: ignore[method-assign]
        self.sockets: list[socket.socket] = []
        self.data: list[bytes] = []
        self.ended: set[int] = set()
        self.highest = 0
        # The session id that a client chose, for the one of the table.
        self._id = table.ID
        self._start()
        self.connect()

    def _command(self) -> tuple[str, ...]:
        return ("chatd", "--port", "0") if self._serves else ("chatc",)

    def _show(self, speaker: str, texts: list[str]) -> None:
        self.shown += texts

    def _start(self) -> None:
        if self._serves:
            Listener(self.world.program).open()
            self.world.until(lambda: bool(self.world.shown))
        else:
            Connector(self.world.program).start()
            self.world.turn()

    def close(self) -> None:
        """Close everything."""
        for sock in (*self.sockets, self._port):
            sock.close()
        self.world.program.close()

    # The steps.

    def connect(self) -> None:
        """Open a connection, or accept the client's."""
        if self._serves:
            port = int(self.world.shown[0].rpartition(" ")[2])
            sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        else:
            sock = self._accept()
        sock.setblocking(False)
        self.sockets.append(sock)
        self.data.append(b"")
        self.settle()
        if not self._serves:
            self.until(lambda: len(self.data[-1]) > 29)
            self._id = self.data[-1][13:29]

    def _accept(self) -> socket.socket:
        """Let time pass until the client calls."""
        for _ in range(100):
            if select.select([self._port], [], [], 0)[0]:
                return self._port.accept()[0]
            self.world.pass_time(LAST_DELAY / 100)
        raise AssertionError((self.world.told, self.world.shown))

    def send(self, data: bytes, on: int) -> None:
        """Send bytes, with the client's own session id in them."""
        self.sockets[on].setblocking(True)
        self.sockets[on].sendall(data.replace(table.ID, self._id))
        self.sockets[on].setblocking(False)
        self.settle()

    def type(self, lines: tuple[str, ...]) -> None:
        """Type lines."""
        typed = deque(lines)
        while typed:
            self.world.program.chat.typed(typed)
        self.settle()

    def cut(self, on: int) -> None:
        """End the stream of a connection."""
        self.sockets[on].close()
        self.ended.add(on)
        self.settle()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.world.pass_time(seconds)
        self.settle()

    def until(self, condition: Callable[[], bool]) -> None:
        """Turn the loop and read until the condition holds, in real time."""
        end = time.monotonic() + SECONDS
        self._read()
        while not condition():
            assert time.monotonic() < end, (self.data, self.world.told, self.world.shown)
            self.world.turn()
            self._read()

    def settle(self) -> None:
        """Turn the loop until nothing comes any more; an ACK that waits is sent, too."""
        quiet = 0
        while quiet < QUIET_TURNS:
            self.world.clock.now += ACK_SECONDS
            self.world.turn()
            quiet = 0 if self._read() else quiet + 1

    def _read(self) -> bool:
        """Read what has come on all sockets; return whether there was anything."""
        found = False
        for on, sock in enumerate(self.sockets):
            if on in self.ended:
                continue
            try:
                data = sock.recv(1 << 20)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                data = b""
            if data:
                self.data[on] += data
                found = True
            else:
                self.ended.add(on)
        return found

    def take(self, on: int) -> list[Frame]:
        """Return the frames that have come since the last call."""
        frames = self.frames(on)
        self.data[on] = b""
        numbers = [number for kind, number, _ in frames if kind in (wire.TEXT, wire.GAME)]
        self.highest = max(self.highest, *numbers, 0)
        return frames

    def frames(self, on: int) -> list[Frame]:
        """Return the whole frames that have come; of several ACKs in a row the last."""
        data, frames = self.data[on], list[Frame]()
        while len(data) >= 8 and len(data) >= (size := 8 + int.from_bytes(data[:2], "big")):
            (frame,) = wire.split(data[:size])
            if frames and frames[-1][0] == frame[0] == wire.ACK:
                frames.pop()
            frames.append(frame)
            data = data[size:]
        return frames

    def gets(self, on: int, wanted: tuple[Want, ...]) -> None:
        """Wait until exactly these frames have come."""

        def complete() -> bool:
            got = self.frames(on)
            return len(got) == len(wanted) and all(map(fits, wanted, got))

        self.until(complete)
        self.take(on)


def act(program: Program, step: Step) -> None:
    """Play one step, and check what it expects."""
    newest = len(program.sockets) - 1
    match step:
        case Send(data, on):
            program.send(data, newest if on < 0 else on)
        case Gets(wanted, on):
            program.gets(newest if on < 0 else on, wanted)
        case Shows(texts):
            program.until(lambda: tuple(program.shown) == texts)
        case Types(lines):
            program.type(lines)
        case Leaves():
            program.type(("/q",))
        case Silence(seconds):
            program.wait(seconds)
        case Cut():
            program.cut(newest)
        case Connects():
            program.connect()


def check_end(program: Program, end: str, on: int) -> None:
    """Check how a case ends, on one of its connections."""
    if end in table.REASONS:
        program.gets(on, (Want(wire.BYE, program.highest, table.REASONS[end]),))
    if end != table.LEFT:
        program.gets(on, ())
    if end == table.OPEN:
        program.send(wire.frame(wire.PING, 77), on)
        program.gets(on, (Want(wire.PONG, 77),))
    elif end == table.WAITING:
        assert on not in program.ended
    elif end in (table.OVER, table.LEFT, table.LOST):
        program.cut(on)
        chat = program.world.program.chat
        searches = chat.is_searching and not chat._over
        # Before the first message a server does not search: its seat is free again.
        assert searches is (end == table.LOST) or chat.is_free
    else:
        program.wait(1)
        program.until(lambda: on in program.ended)
        assert program.frames(on) == []


@pytest.fixture
def program(case: Case) -> Iterator[Program]:
    """Return the program that a case tests."""
    with closing(Program(case)) as program:
        yield program


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_program_obeys_the_rule(case: Case, program: Program) -> None:
    """The same table as for a link."""
    for step in case.steps:
        act(program, step)
    check_end(program, case.end, case.on if case.on >= 0 else len(program.sockets) - 1)


LAST_WORDS = (
    Send(b""),
    Types(("the last", "one more")),
    Gets((Want(wire.TEXT, table.LAST, b"the last"),)),
    Send(table.ack(table.LAST)),
    Leaves(),
    Gets((Want(wire.BYE, table.LAST, wire.QUIT),)),
    Send(wire.bye(0)),
)
"""A talk whose next message has the last number, up to the goodbyes."""


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize(
    "case",
    [
        Case("the last number", "R3.1", side, wire.FREE, LAST_WORDS, table.OVER)
        for side in (table.SERVER, table.CLIENT)
    ],
    ids=name_of,
)
def test_a_talk_ends_honestly_when_no_number_is_left(case: Case, program: Program) -> None:
    """What cannot be numbered is given back, and the talk can still be left."""
    for step in table.opening(case.side, case.mode):
        act(program, step)
    talk = program.world.talk
    talk.sent = talk.written = talk.acknowledged = table.LAST - 1
    for step in case.steps:
        act(program, step)
    check_end(program, case.end, 0)
    assert any("no number left" in line for line in program.world.told)
