"""The network that delivers a byte at a time: it loses nothing, and passes ends on."""

import select
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from harness.proxy import Proxy
from harness.readers import Readers
from harness.stage import PATIENCE


class Network:
    """A proxy on a selector of its own, and a server's listening socket behind it."""

    def __init__(self, size: int) -> None:
        self.readers = Readers()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.proxy = Proxy(self.readers, size)
        self.size = size

    def until(self, condition: Callable[[], bool]) -> None:
        """Keep the proxy going until the condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline
            self.readers.turn(self.proxy.pump() or 0.001)

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """Return both ends of a connection through the proxy."""
        client = socket.create_connection(("127.0.0.1", self.proxy.port))
        self.until(lambda: bool(self.proxy.directions))
        server, _ = self.server.accept()
        for sock in (client, server):
            sock.settimeout(PATIENCE)
        return client, server

    def read(self, sock: socket.socket, count: int) -> bytes:
        """Read so many bytes, as they come."""
        data = b""
        while len(data) < count:
            self.until(lambda: bool(select.select([sock], [], [], 0)[0]))
            data += sock.recv(count)
        return data

    def close(self) -> None:
        """Close all sockets."""
        self.proxy.close()
        self.server.close()
        self.readers.close()


@pytest.fixture(params=[1, 3], ids=["byte-by-byte", "three-at-a-time"])
def network(request: pytest.FixtureRequest) -> Iterator[Network]:
    """A network that delivers one byte, or three, at a time."""
    network = Network(request.param)
    yield network
    network.close()


def listening(network: Network) -> Network:
    """Return the network, whose proxy listens now."""
    network.proxy.listen(network.server.getsockname()[1])
    return network


def delivered(network: Network, count: int) -> Callable[[], bool]:
    """Return the condition that so many bytes have been delivered in all."""
    return lambda: sum(each.delivered for each in network.proxy.directions) == count


def test_everything_arrives_in_order_in_both_directions(network: Network) -> None:
    """Byte by byte, or three at a time."""
    client, server = listening(network).connect()
    client.sendall(b"to the server")
    server.sendall(b"and back")
    assert network.read(server, 13) == b"to the server"
    assert network.read(client, 8) == b"and back"


def test_one_step_delivers_one_piece(network: Network) -> None:
    """The next one waits until the reader has read it."""
    client, _ = listening(network).connect()
    forward = network.proxy.directions[0]
    client.sendall(b"abcdef")
    select.select([forward.source], [], [], PATIENCE)
    forward.read()
    network.proxy.pump()
    assert forward.delivered == network.size
    assert network.proxy.pump() is not None
    assert forward.delivered == network.size


def test_one_bit_is_damaged_once_and_one_way(network: Network) -> None:
    """Of the byte that was named, wherever the pieces begin and end."""
    client, server = listening(network).connect()
    assert network.proxy.order("damages client>server after 4 bytes")
    client.sendall(b"abcdefgh")
    assert network.read(server, 8) == b"abcddfgh"
    server.sendall(b"abcdefgh")
    assert network.read(client, 8) == b"abcdefgh"
    client.sendall(b"abcdefgh")
    assert network.read(server, 8) == b"abcdefgh"


def test_an_end_travels_after_the_bytes_and_leaves_the_other_way_open(
    network: Network,
) -> None:
    """A half-close is not a close."""
    client, server = listening(network).connect()
    client.sendall(b"last")
    client.shutdown(socket.SHUT_WR)
    assert network.read(server, 4) == b"last"
    network.until(lambda: network.proxy.directions[0].end_delivered)
    assert server.recv(1) == b""
    server.sendall(b"answer")
    assert network.read(client, 6) == b"answer"


def test_before_it_listens_it_refuses() -> None:
    """A client that waits for its server goes on waiting."""
    network = Network(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", network.proxy.port))
    network.close()


def test_with_no_server_behind_it_a_connection_just_ends() -> None:
    """The proxy accepts the next one all the same."""
    network = Network(1)
    listening(network).server.close()
    for _ in range(2):
        client = socket.create_connection(("127.0.0.1", network.proxy.port), PATIENCE)
        ended: list[bytes] = []
        client.setblocking(False)

        def ends(client: socket.socket = client, ended: list[bytes] = ended) -> bool:
            try:
                ended.append(client.recv(1))
            except BlockingIOError:
                return False
            return True

        network.until(ends)
        assert ended == [b""]
    network.close()


def test_the_next_piece_waits_until_the_last_was_read(network: Network) -> None:
    """Then every read of the reader returns one piece and no more."""
    client, server = listening(network).connect()
    client.sendall(b"abcdef")
    network.until(delivered(network, network.size))
    for _ in range(3):
        network.proxy.pump()
    assert delivered(network, network.size)()
    for size in [network.size] * (6 // network.size):
        network.until(lambda: bool(select.select([server], [], [], 0)[0]))
        assert len(server.recv(100)) == size


def test_when_nothing_waits_nothing_is_due(network: Network) -> None:
    """An idle network does not wake its owner."""
    listening(network).connect()
    assert network.proxy.pump() is None
