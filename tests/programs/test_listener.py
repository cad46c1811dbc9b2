"""Listening, seating one client, and answering everybody else, with the real server.

Strangers are raw sockets that speak the harness's own reading of the wire.
"""

import errno
import resource
import select
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from chatd.listener import STRANGERS_LIMIT, Listener, listen
from chatlib.addresses import Address
from chatlib.errors import StartError
from harness import wire
from harness.stage import PATIENCE, Stage
from tests.conftest import Play
from tests.helpers import World, patience

Leave = Callable[[socket.socket], None]

HELLO = wire.hello(session=bytes(range(16)))

LISTENING = "server< Server listening on: localhost on port: {port}"


def call(stage: Stage) -> socket.socket:
    """Connect to the server as a stranger; everything on this socket has a limit."""
    return socket.create_connection(("127.0.0.1", stage.port), PATIENCE)


def abort(sock: socket.socket) -> None:
    """Close with a reset instead of an end."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


OPENINGS = {
    "HTTP": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "unknown kind 84"),
    "TLS": (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", "HELLO of 5635 bytes"),
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
    """Before a client is seated: the person at the server is told too."""
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


@pytest.mark.parametrize("data", [b"", b"\0", HELLO[:7], HELLO[:-1]])
@pytest.mark.parametrize("leave", [socket.socket.close, abort])
def test_a_scan_does_not_disturb_a_server_that_waits(
    play: Play, data: bytes, leave: Leave
) -> None:
    """Connect, perhaps send a little, and go: the seat stays free.

    Half a HELLO is worth a sentence to the person who waits, a mere look is not.
    """
    stage = play(LISTENING)
    for _ in range(3):
        stranger = call(stage)
        stranger.sendall(data)
        leave(stranger)
    play("client> Hello\nserver< Hello\nserver> /q\nserver: exits 0\nclient: exits 0")
    told = stage.players["server"].errors.lines
    assert len(told) == (4 if data else 1)
    assert all("stream ends after" in line for line in told[:-1])


def test_during_a_chat_strangers_neither_join_nor_disturb(play: Play) -> None:
    """Every opening there is; nothing of it reaches the person who talks."""
    stage = play("client> Hello\nserver< Hello")
    for data, _ in OPENINGS.values():
        with closing(call(stage)) as stranger:
            stranger.sendall(data)
            assert wire.receive(stranger)[0] == wire.BYE
    play("server> Hi\nclient< Hi\nclient> /q\nclient: exits 0\nserver: exits 0")
    assert len(stage.players["server"].errors.lines) == 1


def test_a_second_client_is_told_busy_in_a_frame(play: Play) -> None:
    """And a third; the person is told of the first only."""
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


def test_silent_strangers_cannot_keep_a_client_out(play: Play) -> None:
    """However many they are: the oldest has to go for the next."""
    stage = play(LISTENING)
    crowd = [call(stage) for _ in range(40)]
    play("client> Hello\nserver< Hello\nserver> /q\nserver: exits 0\nclient: exits 0")
    for stranger in crowd:
        stranger.close()


def test_without_descriptors_the_server_waits_for_some(play: Play) -> None:
    """It neither ends nor spins; who comes when there is room is served."""
    stage = play(LISTENING)
    server = stage.players["server"].process
    open_files = 12
    resource.prlimit(server, resource.RLIMIT_NOFILE, (open_files, open_files))
    crowd = [call(stage) for _ in range(open_files)]
    for stranger in crowd:
        stranger.close()
    play("client> Hello\nserver< Hello\nserver> /q\nserver: exits 0\nclient: exits 0")


# A client that is seated and then breaks the rules.

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
    "a second HELLO": (HELLO, "HELLO in state OPEN"),
    "a BYE that miscounts": (wire.bye(3), "BYE after 3 messages, 0 came"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_client_that_breaks_the_protocol_ends_the_chat_with_one_sentence(
    play: Play, breach: str
) -> None:
    """No traceback, exit code 1, and the client is told what it did."""
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
)
@pytest.mark.parametrize("leave", [socket.socket.close, abort])
def test_an_end_without_goodbye_is_a_lost_connection(
    play: Play, data: bytes, says: str, leave: Leave
) -> None:
    """Inside a frame the bytes are counted."""
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


# Time, on a clock that stands still until it is moved.


@pytest.fixture
def world() -> Iterator[World]:
    """A server in this process, listening."""
    world = World("chatd", "--port", "0", "--again")
    listener = Listener(world.program)
    listener.open()
    world.program.repeat(listener.wait_again)
    world.until(lambda: bool(world.shown))  # no `chat.start()`: the keyboard is the test's
    yield world
    for sock in listener._sockets:
        sock.close()
    world.program.close()


def knock(world: World) -> socket.socket:
    """Connect to the server in this process."""
    port = int(world.shown[0].rpartition(" ")[2])
    return socket.create_connection(("127.0.0.1", port), PATIENCE)


def sit_down(world: World) -> socket.socket:
    """Connect, say HELLO and be seated."""
    client = knock(world)
    client.sendall(wire.hello())
    talks = world.shown.count("Waiting for message...")
    world.until(lambda: world.shown.count("Waiting for message...") > talks)
    assert wire.receive(client)[0] == wire.HELLO
    return client


def test_who_says_nothing_is_sent_away_after_five_seconds(world: World) -> None:
    """And not a moment earlier."""
    with closing(knock(world)) as stranger:
        stranger.sendall(b"\0\x1c")
        world.until(lambda: patience(world.loop) == 5.0)
        world.pass_time(4.9)
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.recv(1)
        world.pass_time(0.1)
        assert stranger.recv(100) == b""
    assert ["stream ends after 2 bytes" in line for line in world.told] == [True]


def test_a_client_that_is_seated_may_be_silent_while_it_answers(world: World) -> None:
    """The time to say HELLO is over for it; every ten seconds a sign of life will do."""
    with closing(sit_down(world)) as client:
        for number in range(1, 101):
            world.pass_time(10)
            assert wire.receive(client) == (wire.PING, number, b"")
            client.sendall(wire.frame(wire.PONG, number))
            world.until(lambda: not world.talk.worried)
        client.sendall(wire.text(1, "still here"))
        world.until(lambda: "still here" in world.shown)


def test_a_client_that_gives_no_sign_of_life_is_lost_after_twenty_seconds(
    world: World,
) -> None:
    """And not a moment earlier: a pause of 19.9 seconds is only a pause."""
    with closing(sit_down(world)):
        world.pass_time(10)
        for _ in range(9):
            world.pass_time(1.1)
        assert world.told == []
        world.pass_time(0.11)  # a little more: the sum of what was added is not exact
        lost = "The connection to the client was lost: nothing was heard for 20 s."
        assert world.told[0] == lost


def test_who_is_refused_late_has_the_time_of_a_goodbye(world: World) -> None:
    """To read that the server is busy."""
    with closing(sit_down(world)), closing(knock(world)) as second:
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


def test_the_oldest_stranger_goes_when_one_too_many_comes(world: World) -> None:
    """And only that one."""
    crowd = [knock(world) for _ in range(STRANGERS_LIMIT + 1)]
    oldest = crowd[0]
    world.until(lambda: bool(select.select([oldest], [], [], 0)[0]))
    assert oldest.recv(1) == b""
    assert select.select(crowd[1:], [], [], 0)[0] == []
    for stranger in crowd:
        stranger.close()


def test_without_descriptors_nobody_is_accepted_for_a_second(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying again at once would be a busy loop; a second later it is tried again."""
    tried: list[int] = []

    def accept(sock: socket.socket) -> None:
        tried.append(1)
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch, closing(knock(world)):
        patch.setattr(socket.socket, "accept", accept)
        world.until(lambda: bool(tried))
        for _ in range(10):
            world.turn()
        assert len(tried) == 1
        world.pass_time(1.0)
        world.until(lambda: len(tried) == 2)


def test_in_every_new_chat_a_second_client_is_told_of_again(world: World) -> None:
    """Once a chat, with --again too."""
    for _ in range(2):
        world.told.clear()
        client = sit_down(world)
        for _ in range(2):
            with closing(knock(world)) as second:
                second.sendall(wire.hello())
                world.until(lambda s=second: bool(select.select([s], [], [], 0)[0]))  # type: ignore[misc]
        assert len([line for line in world.told if "busy" in line]) == 1
        client.sendall(wire.bye(0))
        client.close()
        world.until(lambda: world.told[-1] == "Waiting for the next client.")


def test_a_signal_ends_a_server_that_would_wait_again(world: World) -> None:
    """--again is for clients who leave, and 0.7 seconds are what a goodbye gets."""
    with closing(sit_down(world)) as client:
        world.program.chat.stop(signal.SIGTERM)
        assert wire.receive(client)[2][0] == wire.STOPPED
        world.pass_time(0.6)
        assert world.program.code is None
        world.pass_time(0.1)
        assert world.program.code == 128 + signal.SIGTERM


def test_when_the_talk_is_over_nobody_else_is_seated(world: World) -> None:
    """Not even who was ready in the very same turn."""
    world.program.repeat(None)
    client = sit_down(world)
    stranger = knock(world)
    stranger.sendall(HELLO[:20])
    world.until(lambda: patience(world.loop) == 5.0)
    client.close()
    stranger.sendall(HELLO[20:])
    world.loop.run()
    assert world.program.code == 1
    assert len([line for line in world.shown if line.startswith("Connected by")]) == 1
    stranger.close()


# Binding.


@pytest.fixture
def addresses() -> list[Address]:
    """Two addresses that every Linux machine has; `localhost` may well be two."""
    return [(socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET, ("127.0.0.2", 0))]


def test_every_address_of_the_host_is_bound_on_one_port(addresses: list[Address]) -> None:
    """Also when the port is free-chosen; each is nonblocking and reusable."""
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


def test_an_address_of_another_machine_is_passed_over(
    addresses: list[Address],
) -> None:
    """As long as there is another: 192.0.2.1 is nobody's (RFC 5737)."""
    foreign: Address = (socket.AF_INET, ("192.0.2.1", 0))
    (sock,) = listen([foreign, addresses[0]], 0)
    sock.close()
    with pytest.raises(StartError, match="the host is not this machine"):
        listen([foreign], 0)


def test_a_taken_port_is_said_and_nothing_stays_bound(
    addresses: list[Address],
) -> None:
    """On whichever of the addresses it is taken."""
    with socket.create_server(("127.0.0.2", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} is in use: stop the other"):
            listen(addresses, port)
        socket.create_server(("127.0.0.1", port)).close()


def test_a_port_of_the_system_is_said_to_be_one(
    addresses: list[Address], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the kernel says to somebody who may not; here we may."""

    def refuse(sock: socket.socket, address: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(StartError, match="port 80 is not for everybody"):
        listen(addresses, 80)
