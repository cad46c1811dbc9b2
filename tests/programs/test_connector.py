"""How the client finds its server, which is a bare socket here and may lie."""

import errno
import os
import select
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chatc.connector import HELLO_TRIES, LAST_DELAY, SEAT_LONGEST, Connector
from chatc.place import Place
from chatlib import resolver
from chatlib.addresses import Address
from chatlib.errors import StartError
from chatlib.program import Program
from chatlib.resolver import PAUSE_SECONDS
from chatlib.settings import read_settings
from harness import wire
from harness.stage import PATIENCE, Stage
from tests.conftest import Play
from tests.helpers import World, patience

HELLO = wire.hello(session=bytes(16))

GARBAGE = b"HTTP/1.1 400 Bad Request\r\n\r\n"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return the listening socket of a server without a program."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        yield listener


@pytest.fixture
def meet(play: Play, listener: socket.socket) -> Callable[[str], socket.socket]:
    """Return a function that starts a client, and returns its connection after HELLO."""

    def meet(arguments: str = "") -> socket.socket:
        stage = play("client| nothing")  # nobody has come on the stage yet
        stage.port = listener.getsockname()[1]
        play(f"client: starts with --wait 5 {arguments}")
        sock, _ = listener.accept()
        sock.settimeout(PATIENCE)
        kind, number, body = wire.receive(sock)
        assert (kind, number, body[:5]) == (wire.HELLO, 0, b"CHAT\x01")
        assert body[21] == wire.ANY
        meet.session = body[5:21]  # type: ignore[attr-defined]
        return sock

    return meet


def answer(meet: Callable[[str], socket.socket], mode: int = wire.TURNS) -> bytes:
    """Return the right answer to the HELLO that the client has just sent."""
    return wire.hello("Bob", mode, meet.session)  # type: ignore[attr-defined]


def test_the_client_talks_with_a_server_that_answers_its_hello(
    play: Play, meet: Callable[[str], socket.socket]
) -> None:
    """A server that was written after the protocol page alone can talk with it."""
    with closing(meet("--name Ann")) as server:
        server.sendall(answer(meet))
        play("client> Hello")
        assert wire.receive(server) == (wire.TEXT, 1, b"Hello")
        server.sendall(wire.frame(wire.ACK, 1) + wire.text(1, "Hi"))
        assert wire.receive(server) == (wire.ACK, 1, b"")
        play("client< Hi\nclient> /q")
        assert wire.receive(server) == (wire.BYE, 1, bytes([wire.QUIT]))
        server.sendall(wire.bye(1))
        assert server.recv(1) == b""
    play("client! Goodbye: you left; your message was delivered.\nclient: exits 0")


@pytest.mark.parametrize(
    ("reply", "says", "code"),
    [
        (b"", "localhost port {port} did not say hello", 3),
        (
            GARBAGE,
            "{any} speak this protocol: unknown kind 84",
            1,
        ),
        (wire.text(1, "x"), "{any} not speak this protocol: TEXT before HELLO", 1),
        (
            wire.hello("x", wire.TURNS, b"?" * 16),
            "{any} HELLO answers for another session",
            1,
        ),
        (
            HELLO[:20],
            "{any} say hello: stream ends after 20 bytes, expected 36",
            3,
        ),
        (wire.bye(0, wire.BUSY, "not now"), "{any} is busy: not now; try again later", 4),
        (wire.bye(0, wire.VERSION, "I am 2"), "{any} refused the talk: I am 2", 1),
        (
            wire.bye(0, wire.BUSY, "\x1b[2J\nX"),
            "{any} is busy: ^[[2J^JX; try again later",
            4,
        ),
    ],
    ids=[
        "the end of the stream",
        "HTTP",
        "TEXT first",
        "another session",
        "half a HELLO",
        "busy",
        "another version",
        "busy, with control characters",
    ],
)
def test_an_answer_that_is_no_welcome_ends_in_one_sentence(
    play: Play,
    meet: Callable[[str], socket.socket],
    reply: bytes,
    says: str,
    code: int,
) -> None:
    """Whatever program listens at that port."""
    with closing(meet("--wait 0")) as server:
        server.sendall(reply)
        server.shutdown(socket.SHUT_WR)
        wire.receive_all(server)
        play(f"client! chatc: {says}\nclient: exits {code}")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (wire.text(1, "me first"), "TEXT 1 out of turn"),
        (wire.frame(wire.TEXT, 1), "TEXT of 0 bytes, allowed 1 to 32768"),
        (wire.frame(wire.ACK, 1), "ACK 1, only 0 were sent"),
        (wire.bye(2), "BYE after 2 messages, 0 came"),
    ],
    ids=["out of turn", "zero length", "an ACK too many", "a BYE that miscounts"],
)
def test_a_server_that_breaks_the_protocol_ends_the_chat_with_one_sentence(
    play: Play, meet: Callable[[str], socket.socket], data: bytes, says: str
) -> None:
    """The server reads which rule it broke."""
    with closing(meet("")) as server:
        server.sendall(answer(meet) + data)
        frames = wire.split(wire.receive_all(server))
        assert frames == [(wire.BYE, 0, bytes([wire.PROTOCOL]) + says.encode())]
        play(f"client! The protocol was broken by Bob: {says}.\nclient: exits 1")


def test_a_server_that_is_reset_is_a_lost_connection(
    play: Play, meet: Callable[[str], socket.socket]
) -> None:
    """The message that was not confirmed is listed."""
    server = meet("--retry 0")
    server.sendall(answer(meet))
    play("client> Hello")
    assert wire.receive(server)[0] == wire.TEXT
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    server.close()
    play("client! The connection to Bob was lost; your message was not confirmed.")
    play("client! Not confirmed: Hello\nclient: exits 1")


def test_a_connection_that_breaks_before_the_answer_is_tried_again(
    play: Play, meet: Callable[[str], socket.socket], listener: socket.socket
) -> None:
    """With the same session id: the server may have read the first HELLO."""
    meet("").close()
    server, _ = listener.accept()
    with closing(server):
        server.settimeout(PATIENCE)
        assert wire.receive(server)[2][5:21] == meet.session  # type: ignore[attr-defined]
        server.sendall(answer(meet))
        play("client> Hello")
        assert wire.receive(server)[2] == b"Hello"


def test_a_server_with_an_unknown_mode_is_refused(
    play: Play, meet: Callable[[str], socket.socket]
) -> None:
    """The server decides the mode, so it has to name a known one."""
    with closing(meet("")) as server:
        server.sendall(answer(meet, mode=99))
        play("client! {any} HELLO with unknown mode 99\nclient: exits 1")


def make_program(*arguments: str) -> Program:
    """Return the parts of a client, in this process."""
    return Program("chatc", "client", read_settings("chatc", "", list(arguments), {}))


def test_port_0_is_no_port_of_a_server() -> None:
    """chatd chooses one then; chatc needs to know which."""
    program = make_program("--port", "0")
    with pytest.raises(StartError, match="port 0"):
        Connector(program).start()
    program.close()


def test_every_address_is_tried(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first refuses, the second answers."""
    port = listener.getsockname()[1]
    find(monkeypatch, "127.0.0.2", "127.0.0.1")
    world = World("chatc", "--port", str(port), "--wait", "0")
    Connector(world.program).start()
    accept(world, listener).close()
    world.program.close()


def find(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    """Let every host have these addresses, without a look-up."""

    def find_at_once(host: str, port: int) -> list[Address]:
        return [(socket.AF_INET, (each, port)) for each in hosts]

    monkeypatch.setattr(resolver, "find_at_once", find_at_once)


def test_with_a_short_wait_no_address_is_left_out(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first does not answer, and the person's time is over before the next is due."""
    port = listener.getsockname()[1]
    with closing(fill("127.0.0.2", port)):
        find(monkeypatch, "127.0.0.2", "127.0.0.1")
        world = World("chatc", "--port", str(port), "--wait", "0.1")
        Connector(world.program).start()
        world.turn()
        world.pass_time(0.1)
        accept(world, listener).close()
        assert world.program.code is None
        world.program.close()


class Full:
    """A listener whose queue is full: the kernel drops what comes."""

    def __init__(self, host: str, port: int) -> None:
        self._sockets = [socket.create_server((host, port), backlog=0)]
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self._sockets[0].getsockname())
            self._sockets.append(filler)
        self.port = self._sockets[0].getsockname()[1]

    def close(self) -> None:
        """Close all sockets."""
        for each in self._sockets:
            each.close()


def fill(host: str, port: int = 0) -> Full:
    """Listen at an address, and let nobody in."""
    return Full(host, port)


# Looking a name up. The answers are those of a script, which stands in for the child.


def look_up(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let look-ups start this shell script."""
    monkeypatch.setattr(resolver, "COMMAND", ("/bin/sh", "-c", script))


AGAIN = f"error {int(socket.EAI_AGAIN)} Temporary failure in name resolution"
UNKNOWN = f"error {int(socket.EAI_NONAME)} Name or service not known"


def name(port: int, *arguments: str) -> World:
    """Return a client in this process that looks for a server by its name."""
    world = World("chatc", "--host", "friend.example", "--port", str(port), *arguments)
    Connector(world.program).start()
    return world


def test_a_resolver_that_comes_up_later_is_waited_for(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The person reads once what is missing; a server that is found ends the wait."""
    up = tmp_path / "up"
    port = listener.getsockname()[1]
    look_up(monkeypatch, f"[ -e {up} ] && printf '127.0.0.1 0\\nend' || echo {AGAIN}")
    world = World("chatc", "--host", "friend.example:" + str(port), "--wait", "30")
    connector = Connector(world.program)
    connector.start()
    world.turn()
    for _ in range(3):
        world.until(lambda: not connector._resolver.busy)
        world.pass_time(LAST_DELAY)
    up.touch()
    world.until(lambda: not connector._resolver.busy)
    world.pass_time(LAST_DELAY)
    accept(world, listener).close()
    assert world.told == [
        "Cannot look up friend.example yet (Temporary failure in name resolution): "
        "waiting for it up to 30 s."
    ]
    world.program.chat.stop(2)
    world.program.close()


def test_a_name_that_moves_while_a_server_is_awaited_is_found(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked up again while its old address is tried."""
    look_up(monkeypatch, "printf '127.0.0.2 0\\nend'")
    world = name(listener.getsockname()[1], "--wait", "30")
    world.until(lambda: bool(world.told))
    look_up(monkeypatch, "printf '127.0.0.1 0\\nend'")
    world.clock.now += PAUSE_SECONDS
    accept(world, listener).close()
    world.program.chat.stop(2)
    world.program.close()


@pytest.mark.parametrize(
    ("wait", "answer", "says"),
    [
        (
            "0",
            AGAIN,
            "cannot look up friend.example (Temporary failure in name resolution)",
        ),
        ("60", UNKNOWN, "there is no host friend.example (Name or service not known)"),
    ],
    ids=["a failure that may pass, without wait", "an unknown name"],
)
def test_a_name_that_is_not_found_ends_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, wait: str, answer: str, says: str
) -> None:
    """Waiting for an unknown name would not help."""
    look_up(monkeypatch, f"echo '{answer}'")
    world = name(9, "--wait", wait)
    world.until(lambda: world.program.code is not None)
    assert world.program.code == 3
    assert len(world.told) == 1
    assert world.told[0].startswith(f"chatc: {says}")
    world.turn()
    assert patience(world.loop) is None
    world.program.close()


DEAF = "exec sleep 1000"


def test_a_resolver_that_does_not_answer_is_waited_for_as_long_as_wait_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The person reads that after a second; no process is left in the end."""
    look_up(monkeypatch, DEAF)
    world = name(9, "--wait", "7")
    world.turn()
    world.pass_time(1.0)
    assert len(world.told) == 1
    assert "waiting for it up to 7 s" in world.told[0]
    world.pass_time(5.9)
    assert world.program.code is None
    world.pass_time(0.1)
    world.until(lambda: world.program.code is not None)
    assert world.program.code == 3
    assert "the resolver does not answer" in world.told[-1]
    assert_no_child()
    world.program.close()


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143)])
def test_a_signal_is_heard_during_a_look_up(
    monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    """No process is left, and nothing waits for it."""
    look_up(monkeypatch, DEAF)
    world = name(9)
    world.turn()
    world.program.chat.stop(number)
    assert world.program.code == code
    assert_no_child()
    assert patience(world.loop) is None
    world.program.close()


def assert_no_child() -> None:
    """Fail when a child of this process runs, or is a zombie."""
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_star_is_no_address_of_a_server() -> None:
    """It is what chatd calls all addresses; chatc needs to know one."""
    world = World("chatc", "--host", "*")
    with pytest.raises(StartError, match="all addresses"):
        Connector(world.program).start()
    world.program.close()


@pytest.fixture
def world(listener: socket.socket) -> Iterator[World]:
    """Return a client in this process that looks for that server."""
    world = World("chatc", "--port", str(listener.getsockname()[1]), "--wait", "60")
    Connector(world.program).start()  # and no `chat.start()`: the keyboard is the test's
    yield world
    world.program.close()


def test_a_server_has_five_seconds_to_answer_our_hello(
    world: World, listener: socket.socket
) -> None:
    """After that there is no talk, and no other try."""
    listener.setblocking(False)
    world.until(lambda: patience(world.loop) == 5.0)
    world.pass_time(4.9)
    assert world.told == []
    world.pass_time(0.1)
    assert "did not say hello" in world.told[-1]
    assert world.program.code == 3


def test_after_the_answer_no_deadline_of_the_search_is_left(
    world: World, listener: socket.socket
) -> None:
    """Not that of `--wait`, of the address, or of the HELLO: only the pulse is timed."""
    world.until(lambda: patience(world.loop) == 5.0)
    server, _ = listener.accept()
    session = wire.receive(server)[2][5:21]
    server.sendall(wire.hello("Bob", wire.TURNS, session))
    world.until(lambda: bool(world.shown))
    assert patience(world.loop) == 10.0  # for the first PING
    assert len(world.loop._timers) == 1
    world.pass_time(10)
    assert wire.receive(server)[0] == wire.PING
    server.sendall(wire.bye(0, wire.QUIT, "so long"))
    server.shutdown(socket.SHUT_WR)
    world.until(lambda: bool(world.told))
    assert world.told == ["Goodbye: Bob left. Last words: so long"]
    server.close()


def types(world: World, *lines: str) -> None:
    """Type lines at the client."""
    for line in lines:
        world.program.chat.typed(deque([line]))


def accept(world: World, listener: socket.socket) -> socket.socket:
    """Accept the client and read its HELLO."""
    world.until(lambda: bool(select.select([listener], [], [], 0)[0]))
    server, _ = listener.accept()
    server.settimeout(PATIENCE)
    world.until(lambda: bool(select.select([server], [], [], 0)[0]))
    assert wire.receive(server)[0] == wire.HELLO
    return server


NO_TALKS = {
    "busy": (wire.bye(0, wire.BUSY, "not now"), "is busy: not now; try again later", 4),
    "busy with a talk": (
        wire.bye(0, wire.BUSY, "a talk is on"),
        "is busy: a talk is on; try again later",
        4,
    ),
    "a refusal": (wire.bye(0, wire.VERSION, "I am 2"), "refused the talk: I am 2", 1),
    "another protocol": (GARBAGE, "does not speak this protocol: unknown kind 84", 1),
}


@pytest.mark.parametrize(("reply", "says", "code"), NO_TALKS.values(), ids=NO_TALKS)
def test_an_answer_that_is_no_welcome_is_not_asked_for_again(
    world: World, listener: socket.socket, reply: bytes, says: str, code: int
) -> None:
    """Whatever `--wait` says: another try would get the same answer."""
    with closing(accept(world, listener)) as server:
        server.sendall(reply)
        server.shutdown(socket.SHUT_WR)
        world.until(lambda: world.program.code is not None)
    place = f"localhost port {listener.getsockname()[1]}"
    assert world.told == [f"chatc: {place} {says}"]
    assert world.program.code == code


# A seat that the server keeps for a client that it has lost.


def keep_seat(world: World, listener: socket.socket, words: str) -> bytes:
    """Accept the client and refuse it with these words of BUSY; return its session id."""
    world.until(lambda: bool(select.select([listener], [], [], 0)[0]))
    server, _ = listener.accept()
    with closing(server):
        server.settimeout(PATIENCE)
        world.until(lambda: bool(select.select([server], [], [], 0)[0]))
        session = wire.receive(server)[2][5:21]
        server.sendall(wire.bye(0, wire.BUSY, words))
        server.shutdown(socket.SHUT_WR)
        world.until(lambda: world.program.chat.is_free)
    return session


def kept_for(seconds: int) -> str:
    """Return the words of a server that keeps a seat so long."""
    return f"a seat is kept for {seconds} s"


def pause(world: World) -> float:
    """Return the seconds until the next look, and let them pass; `--wait` is longer."""
    seconds = patience(world.loop)
    assert seconds is not None
    world.pass_time(seconds)
    return round(seconds, 3)


def test_a_seat_that_is_kept_is_waited_for_and_the_person_is_told_once(
    world: World, listener: socket.socket
) -> None:
    """The looks are ever rarer, with one id, and the last is when the seat is free."""
    left, pauses, ids = 20, [], set()
    while left:
        ids.add(keep_seat(world, listener, kept_for(left)))
        # The status line does not say that there is no server.
        status = world.program.chat.standing.describe()[0]
        assert status.startswith("waiting for the seat until "), status
        pauses.append(pause(world))
        left -= int(pauses[-1])
    assert pauses == [1, 2, 3, 4, 5, 5]
    types(world, "It is me")
    with closing(accept(world, listener)) as server:
        server.sendall(wire.hello("Ann", wire.TURNS, ids.pop()))
        world.until(lambda: bool(world.shown))
        world.until(lambda: bool(select.select([server], [], [], 0)[0]))
        assert wire.receive(server) == (wire.TEXT, 1, b"It is me")
    assert not ids
    assert world.told[:2] == [
        f"localhost port {listener.getsockname()[1]} keeps the seat of a lost client for "
        "20 s more. You get it then, or when /admit is typed there. Ctrl-C leaves.",
        "Kept for later, because there is nobody here yet (/unsend takes it back): "
        "It is me",
    ]


def test_a_seat_is_waited_for_longer_than_wait_says(listener: socket.socket) -> None:
    """`--wait` is for a server that is not there; the server has said how long this is."""
    world = World("chatc", "--port", str(listener.getsockname()[1]), "--wait", "0.5")
    Connector(world.program).start()
    keep_seat(world, listener, kept_for(60))
    for _ in range(5):
        world.pass_time(5)
        keep_seat(world, listener, kept_for(30))
    assert world.program.code is None
    world.program.close()


@pytest.mark.parametrize("seconds", [601, 999_999_999])
def test_a_seat_is_waited_for_ten_minutes_at_most(
    world: World, listener: socket.socket, seconds: int
) -> None:
    """Whatever the server says; the person reads both."""
    passed = 0.0
    while world.program.code is None:
        assert passed <= SEAT_LONGEST + 5
        keep_seat(world, listener, kept_for(seconds))
        if world.program.code is None:
            passed += pause(world)
    assert passed >= SEAT_LONGEST
    assert world.told[0].endswith(
        " You get it then, or when /admit is typed there. This program waits for 600 s. "
        "Ctrl-C leaves."
    )
    assert world.program.code == 4


BUSY = "is busy: it keeps the seat of a client that it has lost; try again in 3 s"


def test_without_wait_a_seat_is_not_waited_for(listener: socket.socket) -> None:
    """`--wait 0` waits for nothing."""
    world = World("chatc", "--port", str(listener.getsockname()[1]), "--wait", "0")
    Connector(world.program).start()
    keep_seat(world, listener, kept_for(3))
    place = f"localhost port {listener.getsockname()[1]}"
    assert world.told == [f"chatc: {place} {BUSY}"]
    assert world.program.code == 4
    world.program.close()


def test_a_server_cannot_extend_the_wait_for_a_seat(
    world: World, listener: socket.socket
) -> None:
    """The limit is what it said at first, and five seconds."""
    keep_seat(world, listener, kept_for(3))
    passed = pause(world)
    while world.program.code is None:
        assert passed <= 3 + 5 + 5
        keep_seat(world, listener, kept_for(3))
        if world.program.code is None:
            passed += pause(world)
    assert passed >= 3 + 5
    assert len(world.told) == 2
    assert world.told[1].endswith(BUSY)
    assert world.program.code == 4


def test_a_server_that_says_0_s_is_asked_once_a_second(
    world: World, listener: socket.socket
) -> None:
    """Whatever it answers, it is not asked more often."""
    for _ in range(3):
        keep_seat(world, listener, kept_for(0))
        assert pause(world) == 1


def test_a_talk_that_has_gone_on_ends_the_wait_for_its_seat(
    world: World, listener: socket.socket
) -> None:
    """The lost client has come back: then the seat may be taken for hours."""
    keep_seat(world, listener, kept_for(30))
    pause(world)
    keep_seat(world, listener, "a talk is on")
    assert world.told[-1].endswith("is busy: a talk is on; try again later")
    assert world.program.code == 4


@pytest.mark.parametrize("asking", [False, True])
def test_a_person_may_leave_while_a_seat_is_waited_for(
    world: World, listener: socket.socket, asking: bool
) -> None:
    """Between two looks at once; during one when it is answered. Typed lines are listed."""
    keep_seat(world, listener, kept_for(30))
    types(world, "It is me")
    if asking:
        pause(world)
        with closing(accept(world, listener)) as server:
            types(world, "/q")
            server.sendall(wire.bye(0, wire.BUSY, kept_for(29)))
            server.shutdown(socket.SHUT_WR)
            world.until(lambda: world.program.code is not None)
    else:
        types(world, "/q")
    assert world.told[2:] == [
        "Goodbye: you left before anybody came.",
        "Never sent: It is me",
    ]
    assert world.program.code == 0
    assert not patience(world.loop)  # no look follows


def test_a_server_that_has_ended_meanwhile_is_waited_for_as_long_as_wait_says() -> None:
    """Its client did not come back; another server may be started at its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        port = listener.getsockname()[1]
        world = World("chatc", "--port", str(port), "--wait", "4")
        Connector(world.program).start()
        keep_seat(world, listener, kept_for(2))
    pause(world)
    gone = f"The server at localhost port {port} has gone: waiting for another one."
    world.until(lambda: world.told[1:] == [gone])
    world.pass_time(3)
    world.until(lambda: world.program.code is not None)
    assert world.told[-1].startswith(f"chatc: no server at localhost port {port} (")
    assert world.program.code == 3
    world.program.close()


def test_five_connections_that_break_before_the_answer_are_enough(
    world: World, listener: socket.socket
) -> None:
    """Most of the time no chat server listens there."""
    ids = set()
    for _ in range(HELLO_TRIES):
        assert world.program.code is None
        world.pass_time(LAST_DELAY)
        server, _ = listener.accept()
        server.settimeout(PATIENCE)
        ids.add(wire.receive(server)[2][5:21])
        server.close()
        world.until(lambda: world.program.chat.is_free)
    assert world.program.code == 3
    assert world.told[-1].endswith("did not say hello")
    assert len(ids) == 1


def test_a_connection_that_breaks_without_wait_is_the_end(
    listener: socket.socket,
) -> None:
    """The sentence says how far the answer came."""
    world = World("chatc", "--port", str(listener.getsockname()[1]), "--wait", "0")
    Connector(world.program).start()
    with closing(accept(world, listener)) as server:
        server.sendall(HELLO[:20])
    world.until(lambda: world.program.code is not None)
    assert world.program.code == 3
    assert world.told[-1].endswith(
        "did not say hello: stream ends after 20 bytes, expected 36"
    )
    world.program.close()


def test_when_the_time_of_wait_is_over_a_server_that_was_found_may_still_answer(
    listener: socket.socket,
) -> None:
    """It has the five seconds of a HELLO; if the connection breaks, no try follows."""
    world = World("chatc", "--port", str(listener.getsockname()[1]), "--wait", "3")
    Connector(world.program).start()
    with closing(accept(world, listener)):
        world.pass_time(4.9)
        assert world.program.code is None
    world.until(lambda: world.program.code is not None)
    assert world.program.code == 3
    assert world.told[-1].endswith("did not say hello")
    world.program.close()


def test_between_two_tries_the_time_of_wait_ends_the_search() -> None:
    """The sentence names the last error, and the command that starts a server."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        world = World("chatc", "--port", str(port), "--wait", "0.05")
        Connector(world.program).start()
        world.until(lambda: bool(world.told))
        assert world.program.code is None
        world.pass_time(0.06)
        world.until(lambda: world.program.code is not None)
        assert world.program.code == 3
        assert world.told[-1] == (
            f"chatc: no server at localhost port {port} (Connection refused): "
            f"start one with: chatd --port {port}"
        )
        assert patience(world.loop) is None
        world.program.close()


@pytest.mark.parametrize(("command", "code"), [("/q", 0), ("signal", 143)])
def test_a_goodbye_before_the_answer_waits_for_it(
    world: World, listener: socket.socket, command: str, code: int
) -> None:
    """The server reads the BYE, and before it the message that was typed before it."""
    world.until(lambda: patience(world.loop) == 5.0)
    server, _ = listener.accept()
    session = wire.receive(server)[2][5:21]
    types(world, "early")
    if command == "/q":
        types(world, "/q")
        types(world, "too late")
        assert world.told[-1] == "Not sent, you have left: too late"
    else:
        world.program.chat.stop(15)
    assert world.program.code is None
    server.sendall(wire.hello("Bob", wire.TURNS, session))
    world.until(lambda: bool(select.select([server], [], [], 0)[0]))
    assert wire.receive(server) == (wire.TEXT, 1, b"early")
    assert wire.receive(server)[:2] == (wire.BYE, 1)
    server.sendall(wire.frame(wire.ACK, 1) + wire.bye(0))
    server.close()
    world.until(lambda: world.program.code is not None)
    assert world.program.code == code
    assert world.told[-1] == "Goodbye: you left; your message was delivered."


def test_a_goodbye_to_a_server_that_never_answers_ends_after_five_seconds(
    world: World, listener: socket.socket
) -> None:
    """The lines that were typed are listed."""
    world.until(lambda: patience(world.loop) == 5.0)
    types(world, "early")
    types(world, "/q")
    world.pass_time(5.0)
    assert world.program.code == 0
    assert world.told[-2:] == [
        "Goodbye: you left before anybody came.",
        "Never sent: early",
    ]


def test_after_a_goodbye_a_connection_that_breaks_before_the_answer_is_the_end(
    world: World, listener: socket.socket
) -> None:
    """There is no other try."""
    world.until(lambda: patience(world.loop) == 5.0)
    server, _ = listener.accept()
    wire.receive(server)
    types(world, "/q")
    server.close()
    world.until(lambda: world.program.code is not None)
    assert world.program.code == 0
    assert world.told == ["Goodbye: you left before anybody came."]


def test_a_host_that_does_not_answer_is_waited_for_as_long_as_wait_says() -> None:
    """The person reads that after a second, and the client ends after `--wait`."""
    with closing(fill("127.0.0.1")) as full:
        world = World("chatc", "--port", str(full.port), "--wait", "7")
        Connector(world.program).start()
        world.turn()
        world.pass_time(1.0)
        assert ["waiting for it up to 7 s" in line for line in world.told] == [True]
        world.pass_time(5.9)
        assert world.program.code is None
        world.pass_time(0.1)
        world.until(lambda: world.program.code is not None)
        assert world.program.code == 3
        assert "Connection timed out" in world.told[-1]
        world.program.close()


def test_an_answer_that_is_there_counts_when_the_time_of_wait_is_over(
    listener: socket.socket,
) -> None:
    """`--wait 0.00001` finds a server that is there."""
    port = listener.getsockname()[1]
    world = World("chatc", "--port", str(port), "--wait", "0.00001")
    Connector(world.program).start()
    world.pass_time(1.0)
    world.until(lambda: patience(world.loop) == 5.0)  # for the answer to HELLO
    assert world.program.code is None
    world.program.close()


def test_the_delay_between_two_tries_doubles_up_to_a_second() -> None:
    """It begins with 0.1 s."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        world = World("chatc", "--port", str(port), "--wait", "60")
        Connector(world.program).start()
        world.until(lambda: bool(world.told))
        delays = []
        for _ in range(6):
            delay = patience(world.loop)
            assert delay is not None
            delays.append(round(delay, 3))
            world.pass_time(delay)
        # The second look in between is that for the notice, which has been given.
        assert delays == [0.1, 0.2, 0.4, 0.3, 0.5, 1.0]
        world.program.close()


def test_without_descriptors_the_client_waits_and_does_not_crash(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An address without a socket has failed like any other."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    world = World("chatc", "--wait", "0")
    Connector(world.program).start()
    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", refuse)
        world.turn()
    assert world.program.code == 3
    assert "Too many open files" in world.told[-1]
    world.program.close()


def test_the_client_gives_up_when_the_time_of_wait_is_over(play: Play) -> None:
    """The person has read once that it waits."""
    stage: Stage = play("client: starts with --wait 0.3")
    play("client! No server at localhost port {port} yet: waiting for it up to 0.3 s.")
    play("client! chatc: no server at localhost port {port} (Connection refused): {any}")
    play("client: exits 3")
    assert len(stage.players["client"].errors.lines) == 2


def test_an_unknown_host_is_reported_in_one_sentence(play: Play) -> None:
    """At once, with `--wait` too: waiting would not help."""
    play("client: starts with --host no-such-host.invalid")
    play(
        "client! chatc: there is no host no-such-host.invalid ({any}): check how it is "
        "spelled\nclient: exits 3"
    )


@pytest.mark.parametrize(
    ("host", "advice"),
    [
        ("localhost", "in another window, start it with: chatd --port {}"),
        (
            "192.0.2.7",
            "a firewall may be in between, or nobody has typed there: "
            "chatd --host '*' --port {}",
        ),
    ],
)
def test_after_twenty_seconds_a_person_is_told_what_to_try(host: str, advice: str) -> None:
    """At an edited terminal, while no server answers; the status line has the time."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        world = World("chatc", "--host", host, "--port", str(port), "--wait", "60")
        world.program.terminal.edits = True
        connector = Connector(world.program)
        connector._dialer.dial = lambda again=False: None  # type: ignore[method-assign]
        connector.start()
        world.pass_time(1)
        assert world.program.chat.standing.describe()[0].startswith(
            "no server there, trying until "
        )
        world.pass_time(19)
        assert world.told[-1] == (
            f"No server at {host} port {port} after 20 s: {advice.format(port)}"
        )
        connector._stop()
        world.program.close()


def test_who_has_a_ticket_is_told_after_twenty_seconds_what_may_be_in_between() -> None:
    """All addresses of the ticket are named, and the commonest causes."""
    world = World("chatc", "--wait", "60")
    world.program.private = True
    hosts = ("192.0.2.7", "198.51.100.4")
    Connector(world.program, Place(hosts, 7777))._advise()
    assert world.told == [
        "No server at 192.0.2.7 or 198.51.100.4 port 7777 after 20 s: a firewall may be in "
        "between, the ticket's addresses may be of another network, or nobody waits there; "
        "docs/ways.md has the ways out"
    ]
    world.program.close()


def test_a_name_that_is_not_found_is_what_may_be_wrong() -> None:
    """Not the server."""
    world = World("chatc", "--host", "example", "--wait", "60")
    connector = Connector(world.program)
    connector._unresolved = "Cannot look up example yet (Try again)"
    connector._advise()
    assert world.told == [
        "No server at example port 7777 after 20 s: "
        "is the network up, and is the name spelled right?"
    ]
    world.program.close()


def test_a_server_that_was_found_is_given_its_time(
    world: World, listener: socket.socket
) -> None:
    """To say HELLO; nothing is said of a missing server."""
    connector = Connector(world.program)
    connector._greeting = True
    connector._advise()
    assert world.told == []
