"""Finding the server, with the real client; the server is a raw socket that may lie."""

import errno
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from chatc.connector import Connector
from chatlib.errors import StartError
from chatlib.program import Program
from chatlib.settings import read_settings
from harness import wire
from harness.stage import PATIENCE, Stage
from tests.conftest import Play
from tests.helpers import World, patience

HELLO = wire.hello(session=bytes(16))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A raw server's listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        yield listener


@pytest.fixture
def meet(play: Play, listener: socket.socket) -> Callable[[str], socket.socket]:
    """Start a client against the raw server; give its connection after its HELLO."""

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
    """Lay out the right answer to the HELLO that the client has just said."""
    return wire.hello("Bob", mode, meet.session)  # type: ignore[attr-defined]


def test_the_client_takes_the_servers_answer_and_talks(
    play: Play, meet: Callable[[str], socket.socket]
) -> None:
    """A server written after the protocol page alone can talk with it."""
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
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
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
)
def test_an_answer_that_is_no_welcome_ends_in_one_sentence(
    play: Play,
    meet: Callable[[str], socket.socket],
    reply: bytes,
    says: str,
    code: int,
) -> None:
    """Whatever the thing at that port is."""
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
)
def test_a_server_that_breaks_the_protocol_ends_the_chat_with_one_sentence(
    play: Play, meet: Callable[[str], socket.socket], data: bytes, says: str
) -> None:
    """And is told what it did."""
    with closing(meet("")) as server:
        server.sendall(answer(meet) + data)
        frames = wire.split(wire.receive_all(server))
        assert frames == [(wire.BYE, 0, bytes([wire.PROTOCOL]) + says.encode())]
        play(f"client! The protocol was broken by Bob: {says}.\nclient: exits 1")


def test_a_server_that_is_reset_is_a_lost_connection(
    play: Play, meet: Callable[[str], socket.socket]
) -> None:
    """What was not confirmed is given back."""
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
    """As the same session: the server may have heard the first HELLO."""
    meet("").close()
    server, _ = listener.accept()
    with closing(server):
        server.settimeout(PATIENCE)
        assert wire.receive(server)[2][5:21] == meet.session  # type: ignore[attr-defined]
        server.sendall(answer(meet))
        play("client> Hello")
        assert wire.receive(server)[2] == b"Hello"


def test_a_server_in_another_mode_is_refused(
    play: Play, meet: Callable[[str], socket.socket]
) -> None:
    """The server decides the mode, so it has to name one that we know."""
    with closing(meet("")) as server:
        server.sendall(answer(meet, mode=99))
        play("client! {any} HELLO with unknown mode 99\nclient: exits 1")


def make_program(*arguments: str) -> Program:
    """Give a client's parts, in this process."""
    return Program("chatc", "client", read_settings("chatc", "", list(arguments), {}))


def test_port_0_is_nobodys_port() -> None:
    """chatd takes any port; chatc has to be told which."""
    program = make_program("--port", "0")
    with pytest.raises(StartError, match="port 0"):
        Connector(program).start()
    program.close()


def test_every_address_is_tried(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first refuses, the second answers."""
    port = listener.getsockname()[1]
    addresses = [("127.0.0.2", port), ("127.0.0.1", port)]
    monkeypatch.setattr(
        "chatc.connector.resolve",
        lambda host, port: [(socket.AF_INET, address) for address in addresses],
    )
    program = make_program("--port", str(port), "--wait", "0")
    Connector(program).start()
    listener.setblocking(False)
    accepted: list[socket.socket] = []
    program.loop.watch(
        listener.fileno(), 1, lambda _: accepted.append(listener.accept()[0])
    )
    program.loop.call_later(PATIENCE, lambda: accepted.append(listener))
    while not accepted:
        program.loop.turn()
    assert accepted[0] is not listener
    accepted[0].settimeout(PATIENCE)
    assert wire.receive(accepted[0])[0] == wire.HELLO
    accepted[0].close()
    program.close()


@pytest.fixture
def world(listener: socket.socket) -> Iterator[World]:
    """A client in this process that looks for the raw server."""
    world = World("chatc", "--port", str(listener.getsockname()[1]), "--wait", "60")
    Connector(world.program).start()  # and no `chat.start()`: the keyboard is the test's
    yield world
    world.program.close()


def test_a_server_that_does_not_answer_hello_is_given_five_seconds(
    world: World, listener: socket.socket
) -> None:
    """Then there is no talk."""
    listener.setblocking(False)
    world.until(lambda: patience(world.loop) == 5.0)
    world.pass_time(4.9)
    assert world.told == []
    world.pass_time(0.1)
    assert "did not say hello" in world.told[-1]
    assert world.program.code == 3


def test_a_server_that_has_answered_may_be_silent_as_long_as_it_is_there(
    world: World, listener: socket.socket
) -> None:
    """Neither the patience, nor the address's time, nor that for HELLO is still running."""
    world.until(lambda: patience(world.loop) == 5.0)
    server, _ = listener.accept()
    session = wire.receive(server)[2][5:21]
    server.sendall(wire.hello("Bob", wire.TURNS, session))
    world.until(lambda: bool(world.shown))
    assert patience(world.loop) == 10.0  # the first sign of life is asked for then
    world.pass_time(10)
    assert wire.receive(server)[0] == wire.PING
    server.sendall(wire.bye(0, wire.QUIT, "so long"))
    server.shutdown(socket.SHUT_WR)
    world.until(lambda: bool(world.told))
    assert world.told == ["Goodbye: Bob left. Last words: so long"]
    server.close()


@pytest.mark.parametrize(("command", "code"), [("/q", 0), ("signal", 143)])
def test_a_goodbye_before_the_answer_waits_for_it(
    world: World, listener: socket.socket, command: str, code: int
) -> None:
    """The server is told, and what was typed before the goodbye arrives."""
    world.until(lambda: patience(world.loop) == 5.0)
    server, _ = listener.accept()
    session = wire.receive(server)[2][5:21]
    world.program.chat.said("early")
    if command == "/q":
        world.program.chat.said("/q")
        world.program.chat.said("too late")
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


def test_a_goodbye_to_a_server_that_never_answers_ends_too(
    world: World, listener: socket.socket
) -> None:
    """With what was typed given back."""
    world.until(lambda: patience(world.loop) == 5.0)
    world.program.chat.said("early")
    world.program.chat.said("/q")
    world.pass_time(5.0)
    assert world.program.code == 0
    assert world.told[-2:] == [
        "Goodbye: you left before anybody came.",
        "Never sent: early",
    ]


def test_who_leaves_before_the_answer_is_out_when_the_connection_breaks(
    world: World, listener: socket.socket
) -> None:
    """There is no other try: nobody is waiting for it any more."""
    world.until(lambda: patience(world.loop) == 5.0)
    server, _ = listener.accept()
    wire.receive(server)
    world.program.chat.said("/q")
    server.close()
    world.until(lambda: world.program.code is not None)
    assert world.program.code == 0
    assert world.told == ["Goodbye: you left before anybody came."]


def test_a_host_that_never_answers_costs_no_more_than_was_given() -> None:
    """After a second the person is told, after `--wait` it is over."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        others = []
        for _ in range(3):  # fill the queue: from then on the kernel drops what comes
            other = socket.socket()
            other.setblocking(False)
            other.connect_ex(full.getsockname())
            others.append(other)
        world = World("chatc", "--port", str(full.getsockname()[1]), "--wait", "7")
        Connector(world.program).start()
        world.turn()
        world.pass_time(1.0)
        assert ["waiting for it up to 7 s" in line for line in world.told] == [True]
        world.pass_time(5.9)
        assert world.program.code is None
        world.pass_time(0.1)
        assert world.program.code == 3
        assert "Connection timed out" in world.told[-1]
        world.program.close()
        for other in others:
            other.close()


def test_an_answer_that_is_there_counts_when_the_patience_ends(
    listener: socket.socket,
) -> None:
    """However short it was: `--wait 0.00001` finds a server that is there."""
    port = listener.getsockname()[1]
    world = World("chatc", "--port", str(port), "--wait", "0.00001")
    Connector(world.program).start()
    world.pass_time(1.0)
    world.until(lambda: patience(world.loop) == 5.0)  # for the answer to HELLO
    assert world.program.code is None
    world.program.close()


def test_the_tries_become_rarer_up_to_one_a_second() -> None:
    """0.1 s, then twice as long each time."""
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
    """It is one more way in which an address may fail."""

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


def test_the_client_gives_up_when_its_patience_is_over(play: Play) -> None:
    """Having said once that it waits."""
    stage: Stage = play("client: starts with --wait 0.3")
    play("client! No server at localhost port {port} yet: waiting for it up to 0.3 s.")
    play("client! chatc: no server at localhost port {port} (Connection refused): {any}")
    play("client: exits 3")
    assert len(stage.players["client"].errors.lines) == 2


def test_an_unknown_host_is_said_in_one_sentence(play: Play) -> None:
    """At once, with or without patience: waiting would not help."""
    play("client: starts with --host no-such-host.invalid")
    play("client! chatc: there is no host no-such-host.invalid ({any})\nclient: exits 3")
