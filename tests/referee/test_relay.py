"""The relay between two programs: passes on, holds, cuts, resets, and keeps a record."""

import socket
from collections.abc import Callable, Iterator

import pytest

from harness.readers import Readers
from harness.referee.isolation import Network
from harness.referee.relay import Relay

SECONDS = 5.0


class Wire:
    """Two sockets with a relay between them, on the machine's own network."""

    def __init__(self) -> None:
        self.readers = Readers()
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        self.relay = Relay(Network(isolated=False), self.readers, port, 0)
        self.client = socket.create_connection(("127.0.0.1", self.relay.port))
        self.until(lambda: bool(self.relay.streams))
        self.server, _ = listener.accept()
        listener.close()
        for each in (self.client, self.server):
            each.settimeout(SECONDS)

    def until(self, condition: Callable[[], bool]) -> None:
        """Read until the condition holds."""
        assert self.readers.until(condition, SECONDS), "nothing happens"

    def close(self) -> None:
        """Close all sockets."""
        self.relay.close()
        self.client.close()
        self.server.close()
        self.readers.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    """Yield a wire, and close it after the test."""
    wire = Wire()
    yield wire
    wire.close()


def test_bytes_pass_as_they_come_and_are_kept_on_record(wire: Wire) -> None:
    """Both ways, unchanged."""
    wire.client.sendall(b"there")
    wire.until(lambda: wire.relay.streams["client"].record == b"there")
    wire.server.sendall(b"back")
    wire.until(lambda: wire.relay.streams["server"].record == b"back")
    assert (wire.server.recv(9), wire.client.recv(9)) == (b"there", b"back")


def test_held_bytes_arrive_when_they_are_passed_on(wire: Wire) -> None:
    """In several segments, and changed in between."""
    stream = wire.relay.hold("client")
    wire.client.sendall(b"one two")
    wire.until(lambda: len(stream.held) == 7)
    stream.pass_on(3)
    assert wire.server.recv(9) == b"one"
    stream.held[0:1] = b"-"
    stream.release()
    assert wire.server.recv(9) == b"-two"


def test_it_knows_when_the_receiver_has_read(wire: Wire) -> None:
    """A check sends the second segment only then."""
    stream = wire.relay.hold("client")
    wire.client.sendall(b"abc")
    wire.until(lambda: len(stream.held) == 3)
    stream.pass_on(1)
    assert not wire.relay.has_been_read("client")
    wire.server.recv(1)
    assert wire.relay.has_been_read("client")


def test_an_end_of_stream_comes_after_the_last_byte(wire: Wire) -> None:
    """Also when these bytes were held."""
    stream = wire.relay.hold("client")
    wire.client.sendall(b"bye")
    wire.client.close()
    wire.until(lambda: stream.ended)
    stream.release()
    assert (wire.server.recv(9), wire.server.recv(9)) == (b"bye", b"")


def test_a_reset_is_felt_at_both_ends(wire: Wire) -> None:
    """Both get ConnectionResetError, and no end of stream."""
    wire.relay.reset()
    for each in (wire.client, wire.server):
        with pytest.raises(ConnectionResetError):
            each.recv(1)


def test_a_reset_of_one_end_is_passed_on_as_one(wire: Wire) -> None:
    """The other end gets no end of stream instead."""
    wire.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    stream = wire.relay.streams["client"]
    wire.client.close()
    wire.until(lambda: stream.ended)
    with pytest.raises(ConnectionResetError):
        wire.server.recv(1)
