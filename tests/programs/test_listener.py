"""How the server listens, seats one client, and answers all others.

Clients and strangers are bare sockets that speak the harness's own reading of the wire.
"""

import errno
import resource
import select
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from chatd.listener import (
    ENDED_LIMIT,
    PORT_TRIES,
    STRANGERS_LIMIT,
    Listener,
    describe_everywhere,
    listen,
)
from chatlib.addresses import Address
from chatlib.errors import StartError
from chatlib.goodbye import STOP_SECONDS
from chatlib.protocol.link import Link
from chatlib.recovery import CUTS_TOLD
from harness import wire
from harness.stage import PATIENCE, Stage
from tests.conftest import Play
from tests.helpers import World, patience, remember

Leave = Callable[[socket.socket], None]

HELLO_SESSION = bytes(range(16))

HELLO = wire.hello(session=HELLO_SESSION)

LISTENING = "server< Server listening on: localhost on port: {port}"


def call(stage: Stage) -> socket.socket:
    """Connect to the server as a stranger; every call on this socket has a time limit."""
    return socket.create_connection(("127.0.0.1", stage.port), PATIENCE)


def abort(sock: socket.socket) -> None:
    """Close with a reset instead of an end of the stream."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


OPENINGS = {
    "HTTP": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "unknown kind 84"),
    "TLS": (
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(32),
        "there is no ticket here",
    ),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", "unknown kind 72"),
    "zeros": (bytes(64), "unknown kind 0"),
    "ones": (b"\xff" * 64, "unknown kind 255"),
    "length 65535": (b"\xff\xff\x01\0\0\0\0\0", "HELLO of 65535 bytes"),
    "flags": (b"\0\x1c\x01\x01\0\0\0\0", "HELLO with flags 0x01"),
    "TEXT first": (wire.text(1, "hi"), "TEXT before HELLO"),
    "zero-length TEXT": (b"\0\0\x02\0\0\0\0\x01", "TEXT before HELLO"),
    "unknown kind": (b"\0\x05\x2a\0\0\0\0\x01hello", "unknown kind 42"),
    "wrong magic": (HELLO.replace(b"CHAT", b"CHAP"), "HELLO begins with b'CHAP'"),
    "version 2": (HELLO.replace(b"CHAT\x01", b"CHAT\x02"), "HELLO of version 2"),
    "name not UTF-8": (wire.hello("xx").replace(b"xx", b"x\xff"), "is not UTF-8"),
}


@pytest.mark.parametrize("opening", OPENINGS)
def test_a_stranger_is_refused_and_told_and_the_server_goes_on_waiting(
    play: Play, opening: str
) -> None:
    """Before a client is seated the person at the server sees a sentence too."""
    data, says = OPENINGS[opening]
    stage = play(LISTENING)
    with closing(call(stage)) as stranger:
        stranger.sendall(data)
        kind, _, body = wire.receive(stranger)
        assert kind == wire.BYE
        assert body[0] == (wire.VERSION if opening == "version 2" else wire.PROTOCOL)
        assert says in body[1:].decode()
        assert stranger.recv(1) == b""
    play(f"server! Refused ('127.0.0.1', {{any}}): {{any}}{says}{{any}}")
    play("client> Hello\nserver< Hello\nserver> /q\nserver: exits 0\nclient: exits 0")


LEAVES: dict[str, Leave] = {"an end": socket.socket.close, "a reset": abort}

PIECES = {
    "nothing": b"",
    "one byte": b"\0",
    "a part of a header": HELLO[:7],
    "a part of a HELLO": HELLO[:-1],
}


@pytest.mark.parametrize("data", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("leave", LEAVES.values(), ids=LEAVES)
def test_a_scan_does_not_disturb_a_server_that_waits(
    play: Play, data: bytes, leave: Leave
) -> None:
    """The seat stays free after connections that send a little, or nothing, and end.

    Half a HELLO is reported to the person who waits, once; an empty connection is not.
    """
    stage = play(LISTENING)
    for _ in range(3):
        stranger = call(stage)
        stranger.sendall(data)
        leave(stranger)
    play("client> Hello\nserver< Hello\nserver> /q\nserver: exits 0\nclient: exits 0")
    told = stage.players["server"].errors.lines
    assert len(told) == (2 if data else 1)
    assert all("stream ends after" in line for line in told[:-1])


def test_during_a_chat_strangers_neither_join_nor_disturb(play: Play) -> None:
    """No byte of theirs and no sentence about them reaches the person who talks."""
    stage = play("client> Hello\nserver< Hello")
    for data, _ in OPENINGS.values():
        with closing(call(stage)) as stranger:
            stranger.sendall(data)
            assert wire.receive(stranger)[0] == wire.BYE
    play("server> Hi\nclient< Hi\nclient> /q\nclient: exits 0\nserver: exits 0")
    assert len(stage.players["server"].errors.lines) == 1


def test_a_second_client_is_told_busy_in_a_frame(play: Play) -> None:
    """A third one too; the person at the server is told of the first one only."""
    stage = play("client> Hello\nserver< Hello")
    for _ in range(2):
        with closing(call(stage)) as second:
            second.sendall(wire.hello())
            kind, number, body = wire.receive(second)
            assert (kind, number, body[0]) == (wire.BYE, 0, wire.BUSY)
            second.sendall(wire.bye(0))
            assert second.recv(1) == b""
    play("server> Hi\nclient< Hi\nclient> /q\nclient: exits 0\nserver: exits 0")
    assert len(stage.players["server"].errors.lines) == 2


def test_silent_strangers_do_not_keep_a_client_out(play: Play) -> None:
    """The oldest is closed for the next one."""
    stage = play(LISTENING)
    crowd = [call(stage) for _ in range(40)]
    play("client> Hello\nserver< Hello\nserver> /q\nserver: exits 0\nclient: exits 0")
    for stranger in crowd:
        stranger.close()


def test_without_descriptors_the_server_waits_for_some(play: Play) -> None:
    """It neither ends nor keeps the processor busy, and serves a client later."""
    stage = play(LISTENING)
    server = stage.players["server"].process
    open_files = 12
    resource.prlimit(server, resource.RLIMIT_NOFILE, (open_files, open_files))
    crowd = [call(stage) for _ in range(open_files)]
    for stranger in crowd:
        stranger.close()
    play("client> Hello\nserver< Hello\nserver> /q\nserver: exits 0\nclient: exits 0")


# A client that breaks the rules after it was seated.

BREACHES = {
    "out of turn": (wire.text(1, "a") + wire.text(2, "b"), "TEXT 2 out of turn"),
    "a gap": (wire.text(2, "b"), "TEXT 2 where 1 was next"),
    "number 0": (wire.text(0, "b"), "TEXT 0 where 1 was next"),
    "not UTF-8": (wire.frame(wire.TEXT, 1, b"a\xff"), "TEXT 1 is not UTF-8 at byte 1"),
    "zero length": (wire.frame(wire.TEXT, 1), "TEXT of 0 bytes, allowed 1 to 32768"),
    "too long": (wire.text(1, "x" * 32769), "TEXT of 32769 bytes, allowed 1 to 32768"),
    "flags": (b"\0\x01\x02\x80\0\0\0\x01x", "TEXT with flags 0x80, expected 0"),
    "unknown kind": (wire.frame(99, 1, b"x"), "unknown kind 99"),
    "an ACK too many": (wire.frame(wire.ACK, 7), "ACK 7, only 0 were sent"),
    "a second HELLO": (HELLO, "HELLO behind another frame"),
    "a BYE that miscounts": (wire.bye(3), "BYE after 3 messages, 0 came"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_client_that_breaks_the_protocol_ends_the_chat_with_one_sentence(
    play: Play, breach: str
) -> None:
    """No traceback, exit code 1, and the client reads which rule it broke."""
    data, says = BREACHES[breach]
    stage = play(LISTENING)
    with closing(call(stage)) as client:
        client.sendall(wire.hello("Mallory"))
        assert wire.receive(client)[0] == wire.HELLO
        client.sendall(data)
        frames = wire.split(wire.receive_all(client))
        assert frames[-1][0] == wire.BYE
        assert frames[-1][2] == bytes([wire.PROTOCOL]) + says.encode()
    play(f"server! The protocol was broken by Mallory: {says}.\nserver: exits 1")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "The connection to Mallory was lost."),
        (wire.text(1, "x")[:3], "{any} lost: stream ends after 3 bytes, expected 8."),
        (wire.text(1, "xyz")[:9], "{any} lost: stream ends after 9 bytes, expected 11."),
    ],
    ids=["between two frames", "in a header", "in a body"],
)
@pytest.mark.parametrize("leave", LEAVES.values(), ids=LEAVES)
def test_an_end_without_goodbye_is_a_lost_connection(
    play: Play, data: bytes, says: str, leave: Leave
) -> None:
    """Inside a frame the sentence counts the bytes."""
    stage = play(f"server: starts with --keep 0\n{LISTENING}")
    client = call(stage)
    client.sendall(wire.hello("Mallory"))
    wire.receive(client)
    client.sendall(data)
    play("server< Waiting for message...")
    leave(client)
    if leave is abort and data:
        says = "The connection to Mallory was lost{any}"  # a reset may overtake the bytes
    play(f"server! {says}\nserver: exits 1")


# The server in this process, on a clock that stands still until it is moved.


class Server(World):
    """A server in this process that listens."""

    def __init__(self, *arguments: str, edits: bool = False) -> None:
        super().__init__("chatd", "--port", "0", *arguments)
        self.program.terminal.edits = edits
        self.listener = Listener(self.program)
        self.listener.open()
        self.until(lambda: bool(self.shown))  # no `chat.start()`: the test types
        self.port = int(self.shown[0].rpartition(" ")[2])

    @property
    def talks(self) -> int:
        """How many talks have begun."""
        return len([line for line in self.shown if line.startswith("Connected by")])

    @property
    def link(self) -> Link:
        """The link of the talk."""
        connection = self.program.chat.peer.connection
        assert connection
        return connection.link

    def types(self, *lines: str) -> None:
        """Type lines."""
        for line in lines:
            self.program.chat.typed(deque([line]))

    def knock(self) -> socket.socket:
        """Connect to the server, and send nothing."""
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def sit_down(self, hello: bytes = HELLO) -> socket.socket:
        """Connect, say HELLO and be seated."""
        client, before = self.knock(), self.talks
        client.sendall(hello)
        self.until(lambda: self.talks > before)
        assert wire.receive(client)[0] == wire.HELLO
        return client

    @property
    def banner(self) -> str:
        """The line that names the port."""
        return f"Server listening on: localhost on port: {self.port}"

    def knock_and_greet(self) -> socket.socket:
        """Connect to the server and say a new HELLO; return when it has answered."""
        client = self.knock()
        client.sendall(wire.hello())
        self.until_readable(client)
        assert wire.receive(client)[0] == wire.HELLO
        return client

    def until_readable(self, sock: socket.socket) -> None:
        """Turn the loop until the server has sent something to this socket."""
        self.until(lambda: bool(select.select([sock], [], [], 0)[0]))

    def close(self) -> None:
        """Close everything."""
        for sock in self.listener._sockets:
            sock.close()
        self.program.close()


@pytest.fixture
def world() -> Iterator[Server]:
    """Return a server that waits for one client after the other."""
    with closing(Server("--again")) as world:
        world.program.again = world.listener.wait_again
        yield world


@pytest.fixture
def keeper() -> Iterator[Server]:
    """Return a server that keeps the seat of a client whose connection was lost."""
    with closing(Server("--keep", "60")) as keeper:
        yield keeper


def test_a_stranger_without_a_hello_is_closed_after_five_seconds(world: Server) -> None:
    """Not a moment earlier."""
    with closing(world.knock()) as stranger:
        stranger.sendall(b"\0\x1c")
        world.until(lambda: patience(world.loop) == 5.0)
        world.pass_time(4.9)
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.recv(1)
        world.pass_time(0.1)
        assert stranger.recv(100) == b""
    assert ["stream ends after 2 bytes" in line for line in world.told] == [True]


def test_a_client_may_be_silent_for_as_long_as_it_answers_pings(world: Server) -> None:
    """The deadline of its HELLO was lifted; a PONG every ten seconds is enough."""
    with closing(world.sit_down()) as client:
        for number in range(1, 101):
            world.pass_time(10)
            assert wire.receive(client) == (wire.PING, number, b"")
            client.sendall(wire.frame(wire.PONG, number))
            world.until(lambda: not world.link.pulse.is_worrying)
        client.sendall(wire.text(1, "still here"))
        world.until(lambda: "still here" in world.shown)


def test_a_client_that_answers_no_ping_is_lost_after_twenty_seconds(
    world: Server,
) -> None:
    """Not a moment earlier: a pause of 19.9 seconds is only a pause."""
    with closing(world.sit_down()):
        world.pass_time(10)
        for _ in range(9):
            world.pass_time(1.1)
        assert world.told == []
        world.pass_time(0.11)  # a little more: the sum of what was added is not exact
        lost = "The connection to the client was lost: nothing was heard for 20 s."
        assert world.told[0] == lost


def test_a_client_that_is_refused_late_has_4_5_s_to_read_why(world: Server) -> None:
    """The rest of the time for its HELLO does not count."""
    with closing(world.sit_down()), closing(world.knock()) as second:
        world.until(lambda: patience(world.loop) == 5.0)
        world.pass_time(4.9)
        second.sendall(wire.hello())
        world.until(lambda: len(world.told) == 1)
        world.pass_time(4.4)
        assert wire.receive(second)[2][0] == wire.BUSY
        second.setblocking(False)
        with pytest.raises(BlockingIOError):
            second.recv(1)
        world.pass_time(0.1)
        assert second.recv(1) == b""


def test_the_oldest_stranger_is_closed_when_there_are_too_many(world: Server) -> None:
    """Only that one."""
    crowd = [world.knock() for _ in range(STRANGERS_LIMIT + 1)]
    oldest = crowd[0]
    world.until_readable(oldest)
    assert oldest.recv(1) == b""
    assert select.select(crowd[1:], [], [], 0)[0] == []
    for stranger in crowd:
        stranger.close()


def test_without_descriptors_the_server_accepts_nobody_for_a_second(
    world: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To try again at once would be a busy loop."""
    tried: list[int] = []

    def accept(sock: socket.socket) -> None:
        tried.append(1)
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch, closing(world.knock()):
        patch.setattr(socket.socket, "accept", accept)
        world.until(lambda: bool(tried))
        for _ in range(10):
            world.turn()
        assert len(tried) == 1
        world.pass_time(1.0)
        world.until(lambda: len(tried) == 2)


def test_a_second_client_is_reported_once_in_each_talk(world: Server) -> None:
    """With --again in the next talk again."""
    for _ in range(2):
        world.told.clear()
        client = world.sit_down(wire.hello())
        for _ in range(2):
            with closing(world.knock()) as second:
                second.sendall(wire.hello())
                world.until_readable(second)
        assert len([line for line in world.told if "busy" in line]) == 1
        client.sendall(wire.bye(0))
        client.close()
        world.until(lambda: world.told[-1] == "Waiting for the next client.")


def test_a_signal_ends_a_server_that_would_wait_again(world: Server) -> None:
    """--again is for clients that leave; the peer has 0.7 seconds for its goodbye."""
    with closing(world.sit_down()) as client:
        world.program.chat.stop(signal.SIGTERM)
        assert wire.receive(client)[2][0] == wire.STOPPED
        world.pass_time(0.6)
        assert world.program.code is None
        world.pass_time(0.1)
        assert world.program.code == 128 + signal.SIGTERM


def test_after_the_last_talk_no_other_client_is_seated(world: Server) -> None:
    """Not even one whose HELLO came in the very same turn of the loop."""
    world.program.again = None
    client = world.sit_down()
    stranger = world.knock()
    stranger.sendall(HELLO[:20])
    world.until(lambda: patience(world.loop) == 5.0)
    client.close()
    stranger.sendall(HELLO[20:])
    world.loop.run()
    assert world.program.code == 1
    assert world.talks == 1
    stranger.close()


def test_a_client_that_is_gone_before_it_was_accepted_changes_nothing(
    world: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one is accepted."""
    gone: list[int] = []

    def accept(sock: socket.socket) -> None:
        gone.append(1)
        raise ConnectionAbortedError(errno.ECONNABORTED, "Software caused abort")

    with closing(world.knock()):
        with monkeypatch.context() as patch:
            patch.setattr(socket.socket, "accept", accept)
            world.until(lambda: bool(gone))
        world.sit_down().close()
    assert world.told == []


# One talk after the other.


def test_with_again_a_new_talk_begins_empty(world: Server) -> None:
    """No draft, hint, game or verdict of the last one is left."""
    client = world.sit_down()
    client.sendall(wire.text(1, "Hello") + wire.frame(wire.GAME, 2, b"offer hangman me"))
    world.until(lambda: world.talk.received == 2)
    world.types("/play", "Hi", "a draft")
    assert "Enter message to send..." in world.shown
    assert (
        world.told[-1]
        == "Kept for later, because it is not your turn (/unsend takes it back): a draft"
    )
    client.sendall(wire.bye(2, wire.QUIT, "so long"))
    client.close()
    world.until(lambda: world.told[-1] == "Waiting for the next client.")
    chat = world.program.chat
    assert chat.is_free
    assert not chat.is_leaving
    assert chat.standing.describe()[0].startswith("nobody here yet")
    world.told.clear()
    world.shown.clear()
    world.types("/board")
    assert world.told == ["Not now: there is nobody to play with."]
    assert world.program.code is None


def test_with_again_the_next_client_is_talked_with_like_the_first(world: Server) -> None:
    """Its hints come again, its numbers begin again, and it hears nothing of the last."""
    for _ in range(2):
        world.shown[1:] = []
        with closing(world.sit_down(wire.hello())) as client:
            client.sendall(wire.text(1, "Hello"))
            world.until(lambda: world.talk.shown == 1)
            assert world.shown[2:] == [
                "Waiting for message...",
                "Hello",
                "Type /q to quit",
                "Enter message to send...",
            ]
            world.types("/board", "Hi")
            assert world.told[-1] == "Not done, no game is on: /play NAME offers one."
            assert wire.receive(client) == (wire.ACK, 1, b"")
            assert wire.receive(client) == (wire.TEXT, 1, b"Hi")
            world.types("a draft")
            client.sendall(wire.frame(wire.ACK, 1) + wire.bye(1))
        world.until(lambda: world.program.chat.is_free)


# A client that lost its connection, and strangers meanwhile.


def lose(keeper: Server, client: socket.socket) -> None:
    """Cut the connection, and see that the server waits for the client."""
    client.close()
    keeper.until(lambda: keeper.program.chat.is_searching)


def test_a_client_that_comes_back_goes_on_with_its_talk(keeper: Server) -> None:
    """The messages that it has not seen follow the server's HELLO."""
    client = keeper.sit_down()
    client.sendall(wire.text(1, "Hello"))
    keeper.until(lambda: keeper.talk.shown == 1)
    session = keeper.talk
    lose(keeper, client)
    keeper.types("Hi")
    with closing(keeper.knock()) as client:
        client.sendall(wire.hello("", wire.TURNS, HELLO_SESSION))
        keeper.until(lambda: not keeper.program.chat.is_searching)
        kind, number, body = wire.receive(client)
        assert (kind, number, body[5:21]) == (wire.HELLO, 1, HELLO_SESSION)
        assert wire.receive(client) == (wire.TEXT, 1, b"Hi")
        assert keeper.talk is session
        assert keeper.talks == 1
        assert not keeper.listener._strangers
    keeper.until(lambda: keeper.program.chat.is_searching)


STRANGERS = OPENINGS | {
    "a new client": (wire.hello(session=b"?" * 16), ""),
    "a client of another talk": (wire.hello("", wire.TURNS, b"?" * 16, 1), ""),
    "our client, with too much seen": (wire.hello("", wire.TURNS, HELLO_SESSION, 9), ""),
    "half a HELLO": (HELLO[:20], ""),
}


@pytest.mark.parametrize("opening", STRANGERS)
@pytest.mark.parametrize("lost", [False, True], ids=["talking", "searching"])
def test_a_stranger_never_touches_the_session_of_the_talk(
    keeper: Server, opening: str, lost: bool
) -> None:
    """Its link has a session of its own, whatever it sends."""
    data, _ = STRANGERS[opening]
    client = keeper.sit_down()
    client.sendall(wire.text(1, "Hello"))
    keeper.until(lambda: keeper.talk.shown == 1)
    keeper.types("Hi")
    if lost:
        lose(keeper, client)
    session = keeper.talk
    before = remember(session)
    with closing(keeper.knock()) as stranger:
        stranger.sendall(data)
        stranger.shutdown(socket.SHUT_WR)
        keeper.until(lambda: bool(keeper.listener._strangers))
        keeper.until(lambda: not keeper.listener._strangers)
    assert remember(session) == before
    assert keeper.talk is session
    assert keeper.program.chat.is_searching == lost
    client.close()


ASKS = (
    "Somebody at 127.0.0.1{} asks for the seat: /admit lets them in, and ends the talk "
    "with the one you have lost."
)


@pytest.mark.parametrize("lost", [False, True], ids=["talking", "searching"])
def test_a_second_client_is_told_why_it_is_refused_and_for_how_long(
    keeper: Server, lost: bool
) -> None:
    """The person at the server reads of it; the seconds are rounded up."""
    client = keeper.sit_down()
    if lost:
        speak(keeper, client)
        lose(keeper, client)
        keeper.pass_time(2.3)
    assert ask(keeper) == ("a seat is kept for 58 s" if lost else "a talk is on")
    if lost:
        assert keeper.told[-1] == ASKS.format("")
    else:
        assert keeper.told[-1].startswith("Another client, from ('127.0.0.1', ")
        assert keeper.told[-1].endswith("), was told that you are busy.")
    client.close()


def ask(keeper: Server, name: str = "client", number: int = 1) -> str:
    """Ask for the seat, and return the words of the answer, which is BUSY."""
    with closing(keeper.knock()) as second:
        second.sendall(wire.hello(name, session=bytes([number]) * 16))
        keeper.until_readable(second)
        kind, _, body = wire.receive(second)
        assert (kind, body[0]) == (wire.BYE, wire.BUSY)
        return body[1:].decode()


def seat(keeper: Server, name: str, number: int = 1) -> socket.socket:
    """Ask for the seat, and get it."""
    return keeper.sit_down(wire.hello(name, session=bytes([number]) * 16))


# /admit: the person lets somebody in while the client is lost.


def be_lost(keeper: Server, hello: bytes = HELLO) -> None:
    """Seat a client that says something, is answered, and goes without a goodbye."""
    client = keeper.sit_down(hello)
    speak(keeper, client)
    keeper.types("Hi")
    lose(keeper, client)
    keeper.told.clear()


def test_many_that_ask_for_the_seat_are_one_line(keeper: Server) -> None:
    """The first of them is named; its further tries and all others are not."""
    be_lost(keeper)
    for number in range(5):
        ask(keeper, "Bob")
        ask(keeper, f"Mallory {number}", 2 + number)
    assert keeper.told == [ASKS.format(" (named 'Bob')")]


def test_the_name_of_who_asks_is_shown_like_any_name(keeper: Server) -> None:
    """It can neither give orders to the terminal nor stand before the address."""
    be_lost(keeper)
    ask(keeper, "Ann' at 10.0.0.1\x1b[2J\n")
    assert keeper.told == [ASKS.format(" (named 'Ann' at 10.0.0.1^[[2J')")]


@pytest.mark.parametrize("again", [False, True])
def test_who_asks_for_the_seat_is_let_in(again: bool) -> None:
    """The old talk ends, what was not confirmed is listed, and a new talk begins."""
    with closing(Server("--keep", "60", *["--again"] * again)) as keeper:
        if again:
            keeper.program.again = keeper.listener.wait_again
        former = keeper.program.again
        be_lost(keeper)
        keeper.types("a draft")
        ask(keeper, "Bob")
        keeper.types("/admit")
        assert keeper.told == [
            "Kept for later, because it is not your turn (/unsend takes it back): a draft",
            ASKS.format(" (named 'Bob')"),
            "The connection to the client was lost; your message was not confirmed; "
            "you let somebody else in.",
            "Not confirmed: Hi",
            "Never sent: a draft",
            "The seat is free: waiting for somebody at 127.0.0.1 (named 'Bob').",
        ]
        assert keeper.program.code is None
        assert keeper.program.again == former
        with closing(seat(keeper, "Bob", 9)) as client:
            speak(keeper, client)
            keeper.types("Hi")
            assert wire.receive(client) == (wire.ACK, 1, b"")
            assert wire.receive(client) == (wire.TEXT, 1, b"Hi")
            client.sendall(wire.frame(wire.ACK, 1) + wire.bye(1))
            client.shutdown(socket.SHUT_WR)
            ended = "Waiting for the next client." if again else "Goodbye: Bob left; "
            keeper.until(lambda: keeper.told[-1].startswith(ended))
            assert keeper.program.code == (None if again else 0)


def test_for_eight_seconds_nobody_else_gets_the_seat(keeper: Server) -> None:
    """They are told for how long; after that whoever comes first has it."""
    be_lost(keeper)
    ask(keeper, "Bob")
    keeper.types("/admit")
    keeper.told.clear()
    assert ask(keeper, "Mallory", 2) == "a seat is kept for 8 s"
    keeper.pass_time(7.5)
    assert ask(keeper, "Mallory", 2) == "a seat is kept for 1 s"
    keeper.pass_time(0.5)
    assert keeper.told == []
    seat(keeper, "Mallory", 2).close()


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 is an address on Linux")
def test_the_name_alone_is_not_let_in(keeper: Server) -> None:
    """The same name from another host is somebody else."""
    be_lost(keeper)
    ask(keeper, "Bob")
    keeper.types("/admit")
    with socket.socket() as other:
        other.bind(("127.0.0.2", 0))
        other.connect(("127.0.0.1", keeper.port))
        other.sendall(wire.hello("Bob", session=b"?" * 16))
        keeper.until_readable(other)
        assert wire.receive(other)[2][0] == wire.BUSY
    seat(keeper, "Bob").close()


def test_the_seat_is_reserved_for_one_talk(keeper: Server) -> None:
    """Bob comes, says nothing and goes: whoever comes next is seated."""
    be_lost(keeper)
    ask(keeper, "Bob")
    keeper.types("/admit")
    seat(keeper, "Bob").close()
    keeper.until(lambda: keeper.program.chat.is_free)
    seat(keeper, "Carol", 3).close()


def test_the_lost_client_is_not_let_back_into_a_talk_that_was_ended(
    keeper: Server,
) -> None:
    """Before, during and after the talk with the other one it is told the same."""
    be_lost(keeper)
    ask(keeper, "Bob")
    keeper.types("/admit")

    def returns(seen: int) -> None:
        with closing(keeper.knock()) as client:
            client.sendall(wire.hello("", wire.TURNS, HELLO_SESSION, seen))
            keeper.until_readable(client)
            kind, _, body = wire.receive(client)
            assert (kind, body[0]) == (wire.BYE, wire.UNKNOWN_SESSION)

    returns(0)
    with closing(seat(keeper, "Bob")) as client:
        speak(keeper, client)
        told = [*keeper.told]
        returns(0)
        returns(1)
        assert keeper.told == told
        assert not keeper.program.chat.is_searching


def test_nobody_is_let_in_during_a_talk(keeper: Server) -> None:
    """Nor before one, nor while nobody asks, nor while the person leaves."""
    says = "Not now: /admit is for when you have lost the one you talk with."
    keeper.types("/admit")
    assert keeper.told == [says]
    with closing(keeper.sit_down()) as client:
        ask(keeper, "Bob")
        keeper.types("/admit")
        assert keeper.told[2:] == [says]
        speak(keeper, client)
    keeper.until(lambda: keeper.program.chat.is_searching)
    keeper.types("/admit")
    assert keeper.told[-1] == "Nobody else asks for the seat."
    keeper.types("Hi", "/q")
    ask(keeper, "Bob")
    keeper.types("/admit")
    assert keeper.told[-1] == "Not now: this talk is ending already."


def test_who_asked_before_the_client_came_back_does_not_ask_any_more(
    keeper: Server,
) -> None:
    """After the next loss it has to ask again, and is named again."""
    be_lost(keeper)
    ask(keeper, "Bob")
    client = keeper.knock()
    client.sendall(wire.hello("", wire.TURNS, HELLO_SESSION))
    keeper.until(lambda: not keeper.program.chat.is_searching)
    lose(keeper, client)
    keeper.types("/admit")
    assert keeper.told[-1] == "Nobody else asks for the seat."
    ask(keeper, "Bob")
    assert keeper.told[-1] == ASKS.format(" (named 'Bob')")


def test_a_client_that_is_lost_again_and_again_does_not_fill_the_screen_so(
    keeper: Server,
) -> None:
    """Where its loss is not told, who asks is named at the first /admit only."""
    be_lost(keeper)
    for _ in range(20):
        client = keeper.knock()
        client.sendall(wire.hello("", wire.TURNS, HELLO_SESSION))
        keeper.until(lambda: not keeper.program.chat.is_searching)
        lose(keeper, client)
        ask(keeper, "Bob")
    asks = ASKS.format(" (named 'Bob')")
    assert keeper.told.count(asks) == CUTS_TOLD - 1
    keeper.types("/admit")
    assert keeper.program.chat.is_searching
    assert keeper.told.count(asks) == CUTS_TOLD
    keeper.types("/admit")
    assert keeper.program.chat.is_free


def test_with_again_a_client_that_was_given_up_is_not_seated_as_a_new_one(
    world: Server,
) -> None:
    """Its last message was shown and not acknowledged: it would be shown twice."""
    client = world.sit_down()
    speak(world, client)
    client.close()
    world.until(lambda: world.told[-1:] == ["Waiting for the next client."])
    with closing(world.knock()) as client:
        client.sendall(wire.hello("", wire.TURNS, HELLO_SESSION))
        world.until_readable(client)
        assert wire.receive(client)[2][0] == wire.UNKNOWN_SESSION
    assert world.program.chat.is_free


# How a client may end its talk so that neither side can go on with it.
ENDINGS = {
    "a goodbye": wire.bye(0),
    "a goodbye behind a message": wire.text(1, "once") + wire.bye(1),
    "a stop behind a message": wire.text(1, "once") + wire.bye(1, wire.STOPPED),
    "an error": b"\0\0\x2a\0\0\0\0\0",
    "an error behind a message": wire.text(1, "once") + b"\0\0\x2a\0\0\0\0\0",
    "the wrong talk": wire.bye(0, wire.UNKNOWN_SESSION),
    "the wrong talk behind a message": wire.text(1, "once") + wire.bye(1, 4),
}


@pytest.mark.parametrize("keep", ["0", "60"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_client_whose_talk_has_ended_is_not_seated_again(ending: str, keep: str) -> None:
    """It has missed the last ACK or BYE: its message is not shown a second time."""
    with closing(Server("--again", "--keep", keep)) as world:
        world.program.again = world.listener.wait_again
        client = world.sit_down()
        client.sendall(ENDINGS[ending])
        world.until(lambda: world.program.chat.is_leaving)
        abort(client)
        world.until(lambda: world.program.chat.is_free)
        told, shown = [*world.told], [*world.shown]
        with closing(world.knock()) as client:
            client.sendall(HELLO)
            world.until_readable(client)
            words = b"\4the talk is over"
            assert wire.receive(client) == (wire.BYE, 0, words)
        assert world.program.chat.is_free
        assert (world.told, world.shown) == (told, shown)
        world.sit_down(wire.hello()).close()


def test_a_client_to_which_we_said_goodbye_is_not_seated_again() -> None:
    """A server without a person has left at the end of its input, and got no answer."""
    with closing(Server("--again", "--keep", "60")) as world:
        world.program.again = world.listener.wait_again
        client = world.sit_down()
        world.program.chat.input_ended()
        abort(client)
        world.until(lambda: world.program.chat.is_searching)
        world.pass_time(60)
        world.until(lambda: world.program.chat.is_free)
        with closing(world.knock()) as client:
            client.sendall(HELLO)
            world.until_readable(client)
            assert wire.receive(client)[0] == wire.BYE


def test_the_last_sixteen_talks_are_remembered(world: Server) -> None:
    """The one before those is not: its id is free again."""

    def goodbye(number: int) -> None:
        with closing(world.knock()) as client:
            client.sendall(wire.hello(session=bytes([number]) * 16) + wire.bye(0))
            world.until(lambda: world.program.chat.is_leaving)
        world.until(lambda: world.program.chat.is_free)

    for number in range(ENDED_LIMIT + 1):
        goodbye(number)
    for number, answer in ((1, wire.BYE), (ENDED_LIMIT, wire.BYE), (0, wire.HELLO)):
        with closing(world.knock()) as client:
            client.sendall(wire.hello(session=bytes([number]) * 16))
            world.until_readable(client)
            assert wire.receive(client)[0] == answer


@pytest.mark.parametrize(
    "hello",
    [wire.hello(mode=mode, session=b"?" * 16, seen=1) for mode in (wire.ANY, wire.TURNS)],
    ids=["any mode", "the mode of its talk"],
)
def test_a_client_of_a_talk_that_the_server_does_not_know_is_refused(
    world: Server, hello: bytes
) -> None:
    """The seat stays free."""
    with closing(world.knock()) as client:
        client.sendall(hello)
        world.until_readable(client)
        kind, _, body = wire.receive(client)
        assert (kind, body[0]) == (wire.BYE, wire.UNKNOWN_SESSION)
    assert world.told[0].endswith(
        ": it goes on with a talk that this server does not know."
    )
    assert world.program.chat.is_free
    world.sit_down().close()


# A client that has gone before the first message.


def speak(server: Server, client: socket.socket) -> None:
    """Let the client send its first message."""
    client.sendall(wire.text(1, "Hello"))
    server.until(lambda: server.talk.shown == 1)


def test_before_the_first_message_no_seat_is_kept(keeper: Server) -> None:
    """The next client is seated at once; what was typed meanwhile is for it."""
    client = keeper.sit_down()
    keeper.types("a draft")
    client.close()
    keeper.until(lambda: keeper.program.chat.is_free)
    assert keeper.told[-1] == (
        "The connection to the client was lost. Nothing was said yet: waiting for a client."
    )
    assert not keeper.program.chat.is_searching
    assert keeper.program.chat.standing.describe()[0].startswith("nobody here yet")
    with closing(keeper.sit_down(wire.hello("Bob", session=b"?" * 16))) as client:
        speak(keeper, client)
        assert wire.receive(client) == (wire.ACK, 1, b"")
        assert wire.receive(client) == (wire.TEXT, 1, b"a draft")


@pytest.mark.parametrize("mode", [wire.ANY, wire.TURNS, wire.FREE])
def test_a_client_that_returns_before_the_first_message_is_seated_like_a_new_one(
    keeper: Server, mode: int
) -> None:
    """With the same id, whichever mode it names; its first message arrives."""
    keeper.sit_down().close()
    keeper.until(lambda: keeper.program.chat.is_free)
    with closing(keeper.sit_down(wire.hello("", mode, HELLO_SESSION))) as client:
        speak(keeper, client)
    assert keeper.talks == 2


@pytest.mark.parametrize("sender", ["client", "server", "a game"])
def test_after_the_first_message_the_seat_is_kept(sender: str) -> None:
    """Whichever side has sent it, and for words about a game too."""
    with closing(Server("--keep", "60", "--mode", "free")) as keeper:
        client = keeper.sit_down()
        if sender == "client":
            speak(keeper, client)
        elif sender == "server":
            keeper.types("Hello")
        else:
            client.sendall(wire.frame(wire.GAME, 1, b"offer hangman me"))
            keeper.until(lambda: keeper.talk.shown == 1)
        lose(keeper, client)


def test_a_client_that_knows_another_talk_frees_the_seat(keeper: Server) -> None:
    """It says so in a BYE, because the server has begun a new talk with it."""
    keeper.program.terminal.interactive = True
    with closing(keeper.sit_down()) as client:
        client.sendall(wire.bye(0, wire.UNKNOWN_SESSION, "5 were confirmed"))
        client.shutdown(socket.SHUT_WR)
        keeper.until(lambda: keeper.program.chat.is_free)
    assert keeper.told[-1] == (
        "The client came back to a talk that is not known here. "
        "Nothing was said yet: waiting for a client."
    )
    # Nor does it end later, when the end of that connection was awaited long enough.
    keeper.pass_time(STOP_SECONDS + 1)
    assert keeper.program.code is None
    keeper.sit_down(wire.hello()).close()


def test_before_the_first_message_a_goodbye_ends_the_talk(keeper: Server) -> None:
    """`/q` as the first line of a client sends nothing else."""
    with closing(keeper.sit_down()) as client:
        client.sendall(wire.bye(0))
        client.shutdown(socket.SHUT_WR)
        keeper.until(lambda: keeper.program.code == 0)


def test_our_own_goodbye_before_the_first_message_is_not_forgotten(keeper: Server) -> None:
    """The client is lost before it has answered: the program ends all the same."""
    client = keeper.sit_down()
    keeper.types("/q")
    client.close()
    keeper.until(lambda: keeper.program.chat.is_searching)
    keeper.pass_time(60)
    assert keeper.program.code == 1


def test_a_client_that_has_gone_before_its_hello_was_read_is_not_seated(
    keeper: Server,
) -> None:
    """The stream ends right behind HELLO: nobody is announced."""
    with closing(keeper.knock()) as client:
        client.sendall(HELLO)
        client.shutdown(socket.SHUT_WR)
        keeper.until(lambda: bool(keeper.listener._strangers))
        keeper.until(lambda: not keeper.listener._strangers)
        assert client.recv(1) == b""
    assert (keeper.talks, keeper.told) == (0, [])


def test_a_client_that_sends_all_at_once_and_goes_is_heard(keeper: Server) -> None:
    """A message and a goodbye behind HELLO count as if they had come after the answer."""
    with closing(keeper.knock()) as client:
        client.sendall(HELLO + wire.text(1, "Hello") + wire.bye(1))
        client.shutdown(socket.SHUT_WR)
        keeper.until(lambda: keeper.program.code == 0)
    assert "Hello" in keeper.shown


# What strangers can cause as often as they like.


def test_of_many_strangers_that_were_refused_a_few_are_shown(keeper: Server) -> None:
    """The first, and then a count."""
    for _ in range(100):
        with closing(keeper.knock()) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
            keeper.until_readable(stranger)
    first, tenth, hundredth = keeper.told
    assert first.startswith("Refused ('127.0.0.1', ")
    assert tenth.startswith("Refused 10 connections so far, the last ('127.0.0.1', ")
    assert hundredth.startswith("Refused 100 connections so far, the last ")
    assert hundredth.endswith("): unknown kind 84.")
    keeper.pass_time(60)
    with closing(keeper.knock()) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        keeper.until_readable(stranger)
    assert keeper.told[-1].startswith("Refused 101 connections so far")


def gone(server: Server) -> None:
    """Let a client say HELLO and go."""
    server.knock_and_greet().close()
    server.until(lambda: server.program.chat.is_free)


def leave(server: Server) -> None:
    """Let a client say HELLO and goodbye."""
    with closing(server.knock_and_greet()) as client:
        client.sendall(wire.bye(0))
        client.shutdown(socket.SHUT_WR)
        server.until(lambda: server.program.chat.is_free)


@pytest.mark.parametrize("keep", ["0", "60"])
@pytest.mark.parametrize("go", [gone, leave])
def test_of_many_clients_that_say_nothing_a_few_are_announced(
    go: Callable[[Server], None], keep: str
) -> None:
    """The next one is announced with its first message."""
    with closing(Server("--again", "--keep", keep)) as world:
        world.program.again = world.listener.wait_again
        for _ in range(99):
            go(world)
        assert world.talks == 4  # the first three, and the tenth
        assert len(world.told) <= 8
        shown = len(world.shown)
        with closing(world.knock_and_greet()) as client:
            assert world.talks == 5  # the hundredth
            speak(world, client)
        assert world.shown[shown + 1 :][:2] == ["Waiting for message...", "Hello"]
        world.until(lambda: bool(world.program.chat.is_searching or keep == "0"))


def test_a_client_that_was_not_announced_is_announced_with_its_first_message(
    world: Server,
) -> None:
    """Before the message, so that the person sees who speaks."""
    for _ in range(4):
        gone(world)
    assert world.talks == 3
    world.shown.clear()
    world.told.clear()
    world.shown.append(world.banner)
    with closing(world.knock_and_greet()) as client:
        assert world.shown == [world.banner]
        speak(world, client)
        assert world.shown[1].startswith("Connected by ('127.0.0.1', ")
        assert world.shown[2:4] == ["Waiting for message...", "Hello"]
    world.until(lambda: world.told[-1:] == ["Waiting for the next client."])
    gone(world)  # after a talk the first ones are announced again
    assert world.talks == 2


def test_a_client_that_was_not_announced_and_leaves_is_named_where_the_program_ends(
    keeper: Server,
) -> None:
    """Nobody is to wonder why."""
    for _ in range(3):
        gone(keeper)
    keeper.told.clear()
    with closing(keeper.knock_and_greet()) as client:
        assert keeper.talks == 3
        client.sendall(wire.bye(0))
        client.shutdown(socket.SHUT_WR)
        keeper.until(lambda: keeper.program.code == 0)
    assert keeper.talks == 4
    assert keeper.told == ["Goodbye: the client left."]


def test_of_many_returns_of_one_client_a_few_are_shown(keeper: Server) -> None:
    """The first ten, and then a count."""
    client = keeper.sit_down()
    speak(keeper, client)
    back = wire.hello("client", wire.TURNS, HELLO_SESSION)
    for _ in range(100):
        before = client
        client = keeper.knock()
        client.sendall(back)
        keeper.until_readable(client)
        before.close()
    client.close()
    again = [line for line in keeper.told if "again" in line]
    assert len(again) == 11
    assert again[0] == "Connected with the client again."
    assert again[-1] == "Connected with the client again, 100 times so far."


# Several connections of one client.


def test_of_several_connections_of_a_client_that_returns_the_newest_counts(
    keeper: Server,
) -> None:
    """A server that was stopped finds all of them; the person reads one sentence."""
    client = keeper.sit_down()
    speak(keeper, client)
    back = wire.hello("client", wire.TURNS, HELLO_SESSION)
    callers = [keeper.knock() for _ in range(4)]
    for caller in callers:
        caller.sendall(back)
    keeper.until_readable(callers[-1])
    assert wire.receive(callers[-1])[0] == wire.HELLO
    keeper.until(lambda: not keeper.listener._strangers)
    for caller in callers[:-1]:
        assert caller.recv(1) == b""  # without an answer: nobody waits for one
    assert keeper.told == ["Connected with the client again."]
    for sock in (client, *callers):
        sock.close()


def test_a_late_hello_on_an_older_connection_displaces_nothing(keeper: Server) -> None:
    """Its client has given that connection up before it opened the other one."""
    client = keeper.sit_down()
    speak(keeper, client)
    back = wire.hello("client", wire.TURNS, HELLO_SESSION)
    older, newer = keeper.knock(), keeper.knock()
    newer.sendall(back)
    keeper.until_readable(newer)
    link = keeper.link
    older.sendall(back)
    keeper.until_readable(older)
    assert older.recv(1) == b""
    assert keeper.link is link
    assert keeper.told == ["Connected with the client again."]
    for sock in (client, older, newer):
        sock.close()


def test_a_connection_that_its_client_has_closed_is_not_taken(keeper: Server) -> None:
    """Neither the newest nor an older one that was closed; one that is open is."""
    client = keeper.sit_down()
    speak(keeper, client)
    back = wire.hello("client", wire.TURNS, HELLO_SESSION)
    callers = [keeper.knock() for _ in range(3)]
    for caller in callers:
        caller.sendall(back)
    callers[0].close()
    callers[2].close()
    keeper.until_readable(callers[1])
    assert wire.receive(callers[1])[0] == wire.HELLO
    keeper.until(lambda: not keeper.listener._strangers)
    assert keeper.told == ["Connected with the client again."]
    for sock in (client, callers[1]):
        sock.close()


def test_the_newest_connection_counts_beside_strangers(keeper: Server) -> None:
    """What a stranger sends behind it changes nothing."""
    client = keeper.sit_down()
    speak(keeper, client)
    callers = [keeper.knock() for _ in range(4)]
    back = wire.hello("client", wire.TURNS, HELLO_SESSION)
    for caller, data in zip(callers, (back, back, HELLO[:5], b"x" * 20), strict=True):
        caller.sendall(data)
    keeper.until_readable(callers[1])
    assert wire.receive(callers[1])[0] == wire.HELLO
    assert wire.receive(callers[3])[0] == wire.BYE
    for sock in (client, *callers):
        sock.close()


@pytest.mark.parametrize("lost", [False, True], ids=["talking", "searching"])
def test_our_talk_with_an_impossible_number_is_an_unknown_session(
    keeper: Server, lost: bool
) -> None:
    """It is not "busy": to try again later would not help."""
    client = keeper.sit_down()
    speak(keeper, client)
    if lost:
        lose(keeper, client)
    with closing(keeper.knock()) as other:
        other.sendall(wire.hello("", wire.TURNS, HELLO_SESSION, 9))
        keeper.until_readable(other)
        assert wire.receive(other)[2][0] == wire.UNKNOWN_SESSION
    assert keeper.program.chat.is_searching == lost
    assert len(keeper.told) == lost
    client.close()


def test_a_hello_that_waits_is_read_before_its_connection_is_closed(
    keeper: Server,
) -> None:
    """However many silent strangers come behind it in the same moment."""
    client = keeper.knock()
    client.sendall(HELLO)
    crowd = [keeper.knock() for _ in range(2 * STRANGERS_LIMIT)]
    keeper.until(lambda: keeper.talks == 1)
    assert wire.receive(client)[0] == wire.HELLO
    for sock in (client, *crowd):
        sock.close()


def test_a_server_that_was_stopped_lets_its_client_back_in_once(play: Play) -> None:
    """It finds four connections of the client that waits, all but the last one closed."""
    stage = play(LISTENING)
    with closing(call(stage)) as client:
        client.sendall(HELLO + wire.text(1, "Hello"))
        assert wire.receive(client)[0] == wire.HELLO
        play("server< Hello\nserver: stop")
    for _ in range(4):
        caller = call(stage)
        caller.sendall(wire.hello("client", wire.TURNS, HELLO_SESSION))
        if _ < 3:
            caller.close()
    play("server: continue\nserver! Connected with the client again.\nserver> Hi")
    with closing(caller):
        assert wire.receive(caller)[0] == wire.HELLO
        assert wire.receive(caller) == (wire.TEXT, 1, b"Hi")
        caller.sendall(wire.frame(wire.ACK, 1) + wire.bye(1))
        play("server: exits 0")
    told = stage.players["server"].errors.lines
    assert len([line for line in told if "again" in line]) == 1
    assert len(told) == 3  # lost, connected again, goodbye


# Binding.


@pytest.mark.parametrize("host", ["*", "::"])
def test_every_address_of_this_machine_is_listened_on(host: str) -> None:
    """IPv4 and IPv6, on one port; the banner says so, with the machine's name."""
    with closing(Server("--host", host)) as server:
        place = describe_everywhere(server.listener._sockets)
        assert server.shown[0].startswith(f"Server listening on: {place} on port: ")
        assert place.endswith(f" of {socket.gethostname()}")
        port = int(server.shown[0].rpartition(" ")[2])
        socket.create_connection(("127.0.0.2", port), PATIENCE).close()
        if place.startswith("all addresses"):
            socket.create_connection(("::1", port), PATIENCE).close()


def test_without_ipv6_the_banner_names_ipv4_alone() -> None:
    """Nothing is promised that is not listened on."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        assert describe_everywhere([sock]) == (
            f"all IPv4 addresses of {socket.gethostname()}"
        )


@pytest.fixture
def addresses() -> list[Address]:
    """Return two addresses that every Linux machine has; `localhost` may be two as well."""
    return [(socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET, ("127.0.0.2", 0))]


def test_every_address_of_the_host_is_bound_on_one_port(addresses: list[Address]) -> None:
    """Also on a port that the kernel chose; each socket is nonblocking and reusable."""
    sockets = listen(addresses, 0)
    names = [sock.getsockname() for sock in sockets]
    assert [host for host, _ in names] == ["127.0.0.1", "127.0.0.2"]
    assert names[0][1] == names[1][1] != 0
    for sock in sockets:
        assert not sock.getblocking()
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
        sock.close()


def test_ipv4_and_ipv6_share_a_port() -> None:
    """As `localhost` does on most machines."""
    both: list[Address] = [
        (socket.AF_INET, ("127.0.0.1", 0)),
        (socket.AF_INET6, ("::1", 0)),
    ]
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    sockets = listen(both, 0)
    assert len({sock.getsockname()[1] for sock in sockets}) == 1
    assert len(sockets) == 2
    for sock in sockets:
        sock.close()


def test_an_address_of_another_machine_is_left_out(
    addresses: list[Address],
) -> None:
    """Unless there is no other: no machine has 192.0.2.1 (RFC 5737)."""
    foreign: Address = (socket.AF_INET, ("192.0.2.1", 0))
    (sock,) = listen([foreign, addresses[0]], 0)
    sock.close()
    with pytest.raises(StartError, match="and the host is another: try --host localhost"):
        listen([foreign], 0)


def test_a_port_in_use_is_reported_and_no_address_stays_bound(
    addresses: list[Address],
) -> None:
    """Also where it is in use on the second address only."""
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} is in use: stop the other"):
            listen(addresses, port)
        socket.create_server(("127.0.0.1", port)).close()


def test_a_port_below_1024_is_explained(
    addresses: list[Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test may bind one itself, so the error of the kernel is simulated."""

    def refuse(sock: socket.socket, address: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(StartError, match="port 80 is kept for the system"):
        listen(addresses, 80)


def test_any_other_error_of_the_kernel_is_named(
    addresses: list[Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the port."""

    def fail(sock: socket.socket, backlog: int) -> None:
        raise OSError(errno.ENOBUFS, "No buffer space available")

    monkeypatch.setattr(socket.socket, "listen", fail)
    with pytest.raises(StartError, match="cannot listen on port 80: No buffer space"):
        listen(addresses, 80)


def test_an_address_of_a_family_that_the_kernel_lacks_is_left_out(
    addresses: list[Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    """IPv6 can be switched off; the other address is bound."""
    real = socket.socket

    def make(family: int, kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(family, kind)

    monkeypatch.setattr(socket, "socket", make)
    (sock,) = listen([(socket.AF_INET6, ("::1", 0)), addresses[0]], 0)
    sock.close()


class Binds:
    """The binds of the listener: of those to the second address some find it in use."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, failures: int) -> None:
        self.sockets: list[socket.socket] = []  # all of them
        self.ports: list[int] = []  # that were tried on the second address
        bind = socket.socket.bind

        def bind_or_fail(sock: socket.socket, address: tuple[str, int]) -> None:
            self.sockets.append(sock)
            if address[0] == "127.0.0.2":
                self.ports.append(address[1])
                if len(self.ports) <= failures:
                    raise OSError(errno.EADDRINUSE, "Address already in use")
            bind(sock, address)

        monkeypatch.setattr(socket.socket, "bind", bind_or_fail)

    @property
    def open(self) -> list[socket.socket]:
        """The sockets that are not closed."""
        return [sock for sock in self.sockets if sock.fileno() != -1]


def test_another_free_port_is_chosen_where_one_is_in_use_on_one_address(
    addresses: list[Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel knows what is free on the first address only."""
    binds = Binds(monkeypatch, failures=3)
    sockets = listen(addresses, 0)
    assert len(binds.ports) == 4
    assert {sock.getsockname()[1] for sock in sockets} == {binds.ports[-1]}
    assert binds.open == sockets
    for sock in sockets:
        sock.close()


def test_ten_ports_that_are_in_use_on_one_address_are_enough(
    addresses: list[Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person has to choose one then; nothing stays bound."""
    binds = Binds(monkeypatch, failures=PORT_TRIES)
    with pytest.raises(StartError, match="no port is free on every address"):
        listen(addresses, 0)
    assert len(binds.ports) == PORT_TRIES
    assert binds.open == []


# What a person at an edited terminal is told while nobody comes.


def test_after_twenty_seconds_the_other_command_is_shown() -> None:
    """On one machine; and how another machine could connect."""
    world = Server(edits=True)
    world.pass_time(19)
    assert world.told == []
    world.pass_time(1)
    assert world.told == [
        "Nobody has connected for 20 s. On this machine, the other side starts with: "
        f"chatc --host localhost --port {world.port}",
        "From another machine nobody can connect: for that, add --host '*'",
    ]
    world.program.close()


OPEN_TO_ALL = (
    "Anybody who can reach this port can take the seat, and read the talk on its way: "
    "--private lets in only who has the ticket."
)


def test_who_listens_for_all_without_a_ticket_is_told_what_that_means() -> None:
    """In one line, at a terminal and in a script; loopback is not for all."""
    for host, told in (("0.0.0.0", [OPEN_TO_ALL]), ("localhost", [])):
        world = Server("--host", host)
        assert world.told == told
        world.program.close()


def test_who_started_with_make_reads_the_words_of_make(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In all advice."""
    monkeypatch.setenv("CHAT_MAKE", "1")
    world = Server(edits=True)
    world.pass_time(20)
    assert world.told == [
        "Nobody has connected for 20 s. On this machine, the other side starts with: "
        f"make run-client HOST=localhost PORT={world.port}",
        "From another machine nobody can connect: for that, add HOST='*'",
    ]
    world.program.close()


@pytest.mark.parametrize(
    ("own", "hosts"),
    [(["192.0.2.7", "2001:db8::7"], ["192.0.2.7", "2001:db8::7"]), ([], ["here"])],
)
def test_who_listens_everywhere_is_shown_the_command_at_once(
    monkeypatch: pytest.MonkeyPatch, own: list[str], hosts: list[str]
) -> None:
    """With the addresses of this machine, or its name where it has none."""
    monkeypatch.setattr("chatd.listener.find_own", lambda: own)
    monkeypatch.setattr(socket, "gethostname", lambda: "here")
    world = Server("--host", "*", edits=True)
    commands = [f"chatc --host {host} --port {world.port}" for host in hosts]
    lines = [f"Or with: {each}" for each in commands]
    assert world.told == [
        OPEN_TO_ALL,
        f"The other side starts with: {commands[0]}",
        *lines[1:],
    ]
    world.told.clear()
    world.pass_time(20)
    assert world.told[0] == (
        "Nobody has connected for 20 s. A firewall may be in between. "
        f"The other side starts with: {commands[0]}"
    )
    world.program.close()


def test_who_has_a_client_is_given_no_advice() -> None:
    """Nor is a plain terminal, whose screen is the assignment's."""
    world = Server(edits=True)
    world.pass_time(15)
    with closing(world.sit_down()):
        world.pass_time(5)
        assert world.told == []
    world.program.close()
    world = Server(edits=True)
    world.sit_down().close()  # it was here, so somebody can connect
    world.pass_time(20)
    assert not any("Nobody has connected" in line for line in world.told)
    world.program.close()
    world = Server("--host", "*")
    world.pass_time(20)
    assert world.told == [OPEN_TO_ALL]
    world.program.close()
