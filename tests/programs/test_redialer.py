"""How the client calls a server again after a loss: rarer and rarer, until it answers."""

import os
import socket
from collections import deque
from collections.abc import Iterator
from contextlib import closing

import pytest

from chatc.connector import Connector
from chatc.dialer import CONNECT_SECONDS
from chatc.redialer import FIRST_DELAY, LAST_DELAY, LASTING_SECONDS
from chatlib import resolver
from chatlib.connection import HELLO_SECONDS
from chatlib.errors import Exit
from harness import wire
from harness.stage import PATIENCE
from tests.helpers import World, patience


class Server:
    """A bare socket as the server, and the client that talks with it in this process."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE)
        self.port = self.socket.getsockname()[1]
        options = ("--host", host, "--port", str(self.port), "--retry", "60")
        self.world = World("chatc", *options)
        connector = Connector(self.world.program)
        self.resolver = connector._resolver
        connector.start()
        self.world.turn()
        self.world.until(lambda: not self.resolver.busy)
        self.peer, self.session = self.greeted()
        self.answers()
        self.world.until(lambda: bool(self.world.shown))

    def greeted(self, seen: int = 0) -> tuple[socket.socket, bytes]:
        """Accept the client and read its HELLO; return the socket and the session id."""
        peer, _ = self.socket.accept()
        peer.settimeout(PATIENCE)
        self.world.turn()
        self.world.turn()
        kind, number, body = wire.receive(peer)
        assert (kind, number) == (wire.HELLO, seen)
        return peer, body[5:21]

    def answers(self, seen: int = 0) -> None:
        """Send the HELLO of the server of this talk."""
        self.peer.sendall(wire.hello("Bob", wire.FREE, self.session, seen))

    def loses(self) -> None:
        """Cut the connection, and wait until the client reports that."""
        told = len(self.world.told)
        self.peer.close()
        self.world.until(lambda: len(self.world.told) > told)

    def is_called(self) -> None:
        """Let time pass until the client calls, and read its HELLO."""
        self.world.pass_time(LAST_DELAY)
        before = self.session
        self.peer, self.session = self.greeted()
        assert self.session == before

    def is_called_early(self) -> None:
        """Let only the time of the next try pass: a person who leaves waits for less."""
        self.world.pass_time(self.waiting() + 0.001)
        self.peer, _ = self.greeted()

    def waiting(self) -> float:
        """Return the seconds until the next try, when none is in progress."""

        def delay() -> float:
            return patience(self.world.loop) or CONNECT_SECONDS

        self.world.until(lambda: delay() < CONNECT_SECONDS - 1)
        return delay()

    def types(self, line: str) -> None:
        """Type a line at the client."""
        self.world.program.chat.typed(deque([line]))

    def close(self) -> None:
        """Close everything."""
        self.peer.close()
        self.socket.close()
        self.world.program.close()


@pytest.fixture
def server() -> Iterator[Server]:
    """Return a server in the middle of a talk."""
    with closing(Server()) as server:
        yield server


def test_the_client_comes_back_to_the_same_talk(server: Server) -> None:
    """A line that was typed meanwhile is sent then."""
    server.loses()
    server.types("while it was lost")
    server.is_called()
    server.answers()
    server.world.until(lambda: server.world.told[-1] == "Connected with Bob again.")
    assert wire.receive(server.peer) == (wire.TEXT, 1, b"while it was lost")


def test_a_connection_that_breaks_before_the_answer_is_tried_again(server: Server) -> None:
    """For as long as the search lasts."""
    server.loses()
    for _ in range(3):
        server.is_called()
        server.peer.close()
        server.world.until(lambda: patience(server.world.loop) is not None)
        server.world.turn()
    server.is_called()
    server.answers()
    server.world.until(lambda: server.world.told[-1] == "Connected with Bob again.")


def test_the_delay_between_two_tries_doubles_up_to_five_seconds(server: Server) -> None:
    """Each is shortened by chance, to half at most."""
    server.loses()
    server.socket.close()
    limit = FIRST_DELAY
    for _ in range(10):
        delay = server.waiting()
        # The difference of two times on the clock is not exact.
        assert limit / 2 <= round(delay, 6) <= limit
        server.world.clock.now += delay
        limit = min(2 * limit, LAST_DELAY)


def test_a_search_ends_when_its_time_is_over(server: Server) -> None:
    """With the exit code of a lost connection, and no timer left."""
    server.loses()
    server.types("never heard")
    server.world.clock.now += 61
    server.world.until(lambda: server.world.program.code is not None)
    assert server.world.program.code == Exit.LOST
    assert server.world.told[-1] == "Not confirmed: never heard"
    server.world.turn()
    assert patience(server.world.loop) is None


def test_after_a_short_connection_the_delays_go_on_growing(server: Server) -> None:
    """It is one of a series; after one that lasted they begin again."""
    server.loses()
    for _ in range(4):
        server.is_called()
        server.answers()
        server.world.until(lambda: server.world.told[-1] == "Connected with Bob again.")
        server.loses()
    delay = server.waiting()
    assert delay > FIRST_DELAY
    server.is_called_early()
    server.answers()
    server.world.until(lambda: server.world.told[-1] == "Connected with Bob again.")
    server.world.clock.now += LASTING_SECONDS + 1
    server.loses()
    assert server.waiting() <= FIRST_DELAY


@pytest.mark.parametrize("sender", ["client", "server"])
def test_after_a_connection_that_carried_a_message_the_delays_begin_again(
    server: Server, sender: str
) -> None:
    """However short it was: the way is there, and it is used."""
    server.loses()
    for _ in range(4):
        server.is_called()
        server.answers()
        server.world.until(lambda: server.world.told[-1] == "Connected with Bob again.")
        server.loses()
    assert server.waiting() > FIRST_DELAY
    server.is_called()
    server.answers()
    server.world.until(lambda: server.world.told[-1] == "Connected with Bob again.")
    if sender == "client":
        server.types("Hello")
        server.peer.sendall(wire.frame(wire.ACK, 1))
        server.world.until(lambda: not server.world.talk.kept)
    else:
        server.peer.sendall(wire.text(1, "Hello"))
        server.world.until(lambda: server.world.talk.shown == 1)
    server.loses()
    assert server.waiting() <= FIRST_DELAY


def test_a_talk_that_ends_without_a_loss_calls_nobody(server: Server) -> None:
    """Its redialer was never started."""
    server.types("/q")
    assert wire.receive(server.peer) == (wire.BYE, 0, bytes([wire.QUIT]))
    server.peer.sendall(wire.bye(0))
    server.peer.shutdown(socket.SHUT_WR)
    server.world.until(lambda: server.world.program.code is not None)
    assert server.world.program.code == Exit.GOODBYE
    server.world.turn()
    assert patience(server.world.loop) is None


def test_a_connection_that_is_open_again_has_no_deadline_of_its_hello(
    server: Server,
) -> None:
    """The talk goes on for longer than that."""
    server.loses()
    server.is_called()
    server.answers()
    server.world.until(lambda: server.world.told[-1] == "Connected with Bob again.")
    server.world.pass_time(HELLO_SECONDS)
    assert not server.world.program.chat.is_searching


def test_a_search_that_ends_between_two_tries_leaves_no_timer(server: Server) -> None:
    """No other try follows."""
    server.loses()
    server.waiting()
    server.world.program.chat.stop_searching("enough")
    server.world.turn()
    assert server.world.program.code == Exit.LOST
    assert patience(server.world.loop) is None


def test_a_search_that_ends_while_hello_is_unanswered_closes_that_connection(
    server: Server,
) -> None:
    """No other try follows, and no timer is left."""
    server.loses()
    server.is_called()
    server.world.program.chat.stop_searching("enough")
    assert server.peer.recv(1) == b""
    assert server.world.program.code == Exit.LOST
    assert patience(server.world.loop) is None


def test_a_search_ends_while_a_try_is_in_progress(server: Server) -> None:
    """The try is abandoned."""
    server.loses()
    delay = server.waiting()
    server.socket.listen(0)
    server.world.clock.now += delay
    server.world.loop._call_due_timers(server.world.clock.now)
    server.world.program.chat.stop_searching("enough")
    server.world.turn()
    assert server.world.program.code == Exit.LOST
    assert patience(server.world.loop) is None


def test_an_answer_for_another_talk_ends_the_search(server: Server) -> None:
    """The server broke the protocol: another try would not help."""
    server.loses()
    server.is_called()
    server.peer.sendall(wire.hello("Bob", wire.FREE, b"?" * 16))
    server.peer.shutdown(socket.SHUT_WR)
    server.world.until(lambda: server.world.program.code is not None)
    assert server.world.program.code == Exit.LOST
    assert server.world.told[-1].endswith(
        " cannot go on: HELLO answers for another session."
    )


GONE = {
    "busy": wire.bye(0, wire.BUSY, "a talk is on"),
    "unknown session": wire.bye(0, wire.UNKNOWN_SESSION, "who are you?"),
    "another version": wire.bye(0, wire.VERSION, "I am 2"),
    "another talk": wire.hello("Bob", wire.FREE, b"?" * 16),
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@pytest.mark.parametrize("reply", GONE.values(), ids=GONE)
def test_a_server_that_is_in_no_talk_with_us_answers_a_goodbye(
    server: Server, reply: bytes
) -> None:
    """It has ended the talk, and all was confirmed: that is no loss."""
    confirm(server, "heard")
    server.loses()
    server.types("/q")
    server.is_called_early()
    server.peer.sendall(reply)
    server.peer.shutdown(socket.SHUT_WR)
    server.world.until(lambda: server.world.program.code is not None)
    assert server.world.program.code == Exit.GOODBYE
    assert server.world.told[-1] == "Goodbye: you left; your message was delivered."


@pytest.mark.parametrize("reply", GONE.values(), ids=GONE)
def test_a_server_that_is_in_no_talk_with_us_confirms_no_message(
    server: Server, reply: bytes
) -> None:
    """What it may never have shown is listed, and that is a loss."""
    confirm(server, "heard")
    server.types("perhaps")
    assert wire.receive(server.peer) == (wire.TEXT, 2, b"perhaps")
    server.loses()
    server.types("/q")
    server.is_called_early()
    server.peer.sendall(reply)
    server.peer.shutdown(socket.SHUT_WR)
    server.world.until(lambda: server.world.program.code is not None)
    assert server.world.program.code == Exit.LOST
    assert server.world.told[-2:] == [
        "You left, but Bob did not answer; 1 of your 2 messages was not confirmed.",
        "Not confirmed: perhaps",
    ]


def confirm(server: Server, line: str) -> None:
    """Type a line, and acknowledge it."""
    server.types(line)
    assert wire.receive(server.peer)[0] == wire.TEXT
    server.peer.sendall(wire.frame(wire.ACK, 1))
    server.world.until(lambda: not server.world.talk.kept)


def test_a_server_that_refuses_connections_may_be_there_again(server: Server) -> None:
    """As long as the person has not left."""
    server.loses()
    server.socket.close()
    server.world.pass_time(LAST_DELAY)
    server.waiting()
    assert server.world.program.code is None
    server.socket = socket.create_server(("127.0.0.1", server.port))
    server.socket.settimeout(PATIENCE)
    server.is_called()
    server.answers()
    server.world.until(lambda: server.world.told[-1] == "Connected with Bob again.")


@pytest.mark.parametrize(
    "reason", [wire.BUSY, wire.UNKNOWN_SESSION], ids=["busy", "unknown session"]
)
def test_a_refusal_ends_the_search(server: Server, reason: int) -> None:
    """The person reads the reason of the server."""
    server.loses()
    server.is_called()
    server.peer.sendall(wire.bye(0, reason, "who are you?"))
    server.peer.shutdown(socket.SHUT_WR)
    server.world.until(lambda: server.world.program.code is not None)
    assert server.world.program.code == Exit.LOST
    assert "refused to go on: who are you?" in server.world.told[-1]


def test_a_server_that_was_started_anew_is_called_a_new_one(server: Server) -> None:
    """Its own words, which all versions say, would be read as those of the old one."""
    server.loses()
    server.is_called()
    words = "the server does not know this talk"
    server.peer.sendall(wire.bye(0, wire.UNKNOWN_SESSION, words))
    server.peer.shutdown(socket.SHUT_WR)
    server.world.until(lambda: server.world.program.code is not None)
    told = server.world.told[-1]
    assert told.endswith(
        " is a new server now, which does not know this talk; start again to talk with it."
    )
    assert "refused" not in told


def test_a_refused_connection_answers_a_goodbye(
    server: Server,
) -> None:
    """The server has left too, and nothing is undelivered: that is no loss."""
    server.socket.close()
    server.loses()
    server.types("/q")
    server.world.pass_time(LAST_DELAY)
    server.world.until(lambda: server.world.program.code is not None)
    assert server.world.program.code == Exit.GOODBYE
    assert server.world.told[-1] == "Goodbye: you left."


# A server that is known by its name.


class Named(Server):
    """A server whose name leads to it by look-ups that the test answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.leads_to("127.0.0.1")
        super().__init__("friend.example")

    def leads_to(self, host: str) -> None:
        """Let look-ups find this address."""
        script = f"printf '%s 0\\nend\\n' {host}"
        self._monkeypatch.setattr(resolver, "COMMAND", ("/bin/sh", "-c", script))

    def moves(self, host: str) -> None:
        """Listen at another address only, and let the name lead there."""
        self.leads_to(host)
        self.socket.close()
        self.socket = socket.create_server((host, self.port))
        self.socket.settimeout(PATIENCE)


def test_a_name_that_moves_during_a_cut_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the second call; the talk goes on there."""
    with closing(Named(monkeypatch)) as server:
        server.world.clock.now += 60
        server.loses()
        server.moves("127.0.0.2")
        for _ in range(2):
            server.world.pass_time(server.waiting() + 0.001)
        server.world.until(lambda: not server.resolver.busy)
        server.peer, session = server.greeted()
        assert session == server.session
        server.answers()
        server.world.until(lambda: server.world.told[-1] == "Connected with Bob again.")


def test_the_first_call_after_a_cut_looks_nothing_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nearly always the server is where it was, also after a search of several calls."""
    with closing(Named(monkeypatch)) as server:
        for calls in (2, 1):
            server.world.clock.now += 60
            began = server.resolver.began
            server.loses()
            for call in range(calls):
                if call:
                    server.peer.close()
                    server.world.until(lambda: patience(server.world.loop) is not None)
                    server.world.turn()
                server.is_called()
                assert (server.resolver.began != began) == (call > 0)
            server.answers()
            told = server.world.told
            server.world.until(lambda told=told: told[-1].endswith(" again."))  # type: ignore[misc]


def test_a_search_that_ends_during_a_look_up_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is killed."""
    with closing(Named(monkeypatch)) as server:
        server.world.clock.now += 60
        monkeypatch.setattr(resolver, "COMMAND", ("/bin/sh", "-c", "exec sleep 1000"))
        server.loses()
        server.socket.close()
        for _ in range(2):
            server.world.pass_time(server.waiting() + 0.001)
        assert server.resolver.busy
        server.world.program.chat.stop_searching("enough")
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        server.world.turn()
        assert patience(server.world.loop) is None
