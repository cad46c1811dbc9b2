"""Calling the server again: rarer and rarer, as the same session, until it answers."""

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from chatc.connector import Connector
from chatc.dialer import CONNECT_SECONDS
from chatc.redialer import FIRST_DELAY, LAST_DELAY
from chatlib.errors import Exit
from harness import wire
from harness.stage import PATIENCE
from tests.helpers import World, patience


class Server:
    """A raw server, and the client that talks with it in this process."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE)
        self.port = self.socket.getsockname()[1]
        options = ("--host", "127.0.0.1", "--port", str(self.port), "--retry", "60")
        self.world = World("chatc", *options)
        Connector(self.world.program).start()
        self.world.turn()
        self.peer, self.session = self.greeted()
        self.answers()
        self.world.until(lambda: bool(self.world.shown))

    def greeted(self, seen: int = 0) -> tuple[socket.socket, bytes]:
        """Accept the client and take its HELLO; give its session's id."""
        peer, _ = self.socket.accept()
        peer.settimeout(PATIENCE)
        self.world.turn()
        self.world.turn()
        kind, number, body = wire.receive(peer)
        assert (kind, number) == (wire.HELLO, seen)
        return peer, body[5:21]

    def answers(self, seen: int = 0) -> None:
        """Say HELLO as the server of this session."""
        self.peer.sendall(wire.hello("Bob", wire.FREE, self.session, seen))

    def loses(self) -> None:
        """Cut the connection, and see that the client has noticed."""
        told = len(self.world.told)
        self.peer.close()
        self.world.until(lambda: len(self.world.told) > told)

    def is_called(self) -> None:
        """Let time pass until the client calls, and take its HELLO."""
        self.world.pass_time(LAST_DELAY)
        before = self.session
        self.peer, self.session = self.greeted()
        assert self.session == before

    def waiting(self) -> float:
        """Turn until no try is under way; give the seconds until the next."""

        def delay() -> float:
            return patience(self.world.loop) or CONNECT_SECONDS

        self.world.until(lambda: delay() < CONNECT_SECONDS - 1)
        return delay()

    def close(self) -> None:
        """Give everything back."""
        self.peer.close()
        self.socket.close()
        self.world.program.close()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server in the middle of a talk."""
    with closing(Server()) as server:
        yield server


def test_the_client_comes_back_as_the_same_session(server: Server) -> None:
    """And what was said meanwhile is sent then."""
    server.loses()
    server.world.program.chat.said("while it was lost")
    server.is_called()
    server.answers()
    server.world.until(lambda: server.world.told[-1] == "Connected with Bob again.")
    assert wire.receive(server.peer) == (wire.TEXT, 1, b"while it was lost")


def test_a_connection_that_breaks_before_the_answer_is_tried_again(server: Server) -> None:
    """The time is not over yet."""
    server.loses()
    for _ in range(3):
        server.is_called()
        server.peer.close()
        server.world.until(lambda: patience(server.world.loop) is not None)
        server.world.turn()
    server.is_called()
    server.answers()
    server.world.until(lambda: server.world.told[-1] == "Connected with Bob again.")


def test_the_tries_become_rarer_up_to_one_in_five_seconds(server: Server) -> None:
    """Doubling, and each shortened by chance to a half at most."""
    server.loses()
    server.socket.close()
    limit = FIRST_DELAY
    for _ in range(10):
        delay = server.waiting()
        # The difference of two times on the clock is not exact.
        assert limit / 2 <= round(delay, 6) <= limit
        server.world.clock.now += delay
        limit = min(2 * limit, LAST_DELAY)


def test_after_its_time_the_search_is_over(server: Server) -> None:
    """With the exit code of a lost connection, and nothing left to do."""
    server.loses()
    server.world.program.chat.said("never heard")
    server.world.clock.now += 61
    server.world.until(lambda: server.world.program.code is not None)
    assert server.world.program.code == Exit.LOST
    assert server.world.told[-1] == "Not confirmed: never heard"
    server.world.turn()
    assert patience(server.world.loop) is None


@pytest.mark.parametrize("reason", [wire.BUSY, wire.UNKNOWN_SESSION])
def test_a_refusal_ends_the_search(server: Server, reason: int) -> None:
    """The server says why, and so does the client."""
    server.loses()
    server.is_called()
    server.peer.sendall(wire.bye(0, reason, "who are you?"))
    server.peer.shutdown(socket.SHUT_WR)
    server.world.until(lambda: server.world.program.code is not None)
    assert server.world.program.code == Exit.LOST
    assert "refused to go on: who are you?" in server.world.told[-1]


def test_a_goodbye_where_nobody_listens_any_more_is_answered_by_that(
    server: Server,
) -> None:
    """The server has gone and nothing is open: it is a goodbye like any other."""
    server.socket.close()
    server.loses()
    server.world.program.chat.said("/q")
    server.world.pass_time(LAST_DELAY)
    server.world.until(lambda: server.world.program.code is not None)
    assert server.world.program.code == Exit.GOODBYE
    assert server.world.told[-1] == "Goodbye: you left."
