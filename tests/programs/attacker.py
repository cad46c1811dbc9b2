"""Somebody who is not invited to a private talk, and tries everything.

Each attack is one connection to the server. What it has read in answer is returned: the
plaintext of a channel that was opened, or what came in clear.
"""

import os
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain
from tlslite.errors import TLSError
from tlslite.utils.keyfactory import parsePEMKey

from chatlib.identity import derive, make_context
from harness import wire
from harness.stage import PATIENCE

CLOSED_SECONDS = 5.5
"""Each stranger is answered or closed within five seconds."""

GREETING = wire.hello("mallory")
"""What would open the talk, if it were let in."""

FRAME_HEADER = 8


@dataclass(frozen=True)
class Attack:
    """One connection: what it is called, and what it does to the server on a port.

    `run` returns all that the server has said in answer, as far as it could be read.
    """

    name: str
    run: Callable[[int], bytes]


class Client:
    """A client's end of TLS over a socket, a step at a time, with any bytes changed."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self.socket = connect(port)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing)

    def first_flight(self) -> bytes:
        """Return the bytes with which the handshake begins."""
        with suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self._outgoing.read()

    def second_flight(self) -> bytes:
        """Read the server's answer; return certificate, proof, end and our HELLO."""
        while True:
            data = self.socket.recv(65536)
            if not data:
                return b""
            self._incoming.write(data)
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                continue
        self._tls.write(GREETING)
        return self._outgoing.read()

    def send(self, data: bytes) -> None:
        """Send these bytes, if the server still listens."""
        send(self.socket, data)

    def heard(self) -> bytes:
        """Return the plaintext of all that the server says until it closes."""
        self._incoming.write(read_all(self.socket))
        plain = b""
        try:
            while piece := self._tls.read(65536):
                plain += piece
        except ssl.SSLError:
            pass
        return plain


def connect(port: int) -> socket.socket:
    """Return a connection to the server."""
    return socket.create_connection(("127.0.0.1", port), PATIENCE)


def send(sock: socket.socket, data: bytes) -> None:
    """Send these bytes and half-close, unless the server has closed already."""
    try:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def read_all(sock: socket.socket) -> bytes:
    """Return what comes until the server closes; fail if it does not in time."""
    deadline = time.monotonic() + CLOSED_SECONDS
    data = b""
    with sock:
        while select.select([sock], [], [], max(0, deadline - time.monotonic()))[0]:
            try:
                piece = sock.recv(65536)
            except OSError:
                return data
            if not piece:
                return data
            data += piece
    raise AssertionError(f"the server leaves a stranger's connection open: {data!r}")


# What an attack does.


def say_in_clear(opening: bytes, port: int) -> bytes:
    """Send bytes that no channel has sealed."""
    sock = connect(port)
    send(sock, opening)
    return read_all(sock)


def shake(context: Callable[[], ssl.SSLContext], port: int) -> bytes:
    """Go through the handshake with these keys, and send a sealed HELLO behind it."""
    client = Client(port, context())
    client.socket.sendall(client.first_flight())
    try:
        client.send(client.second_flight())
    except (ssl.SSLError, OSError):
        return read_all(client.socket)
    return client.heard()


def truncate(context: ssl.SSLContext, flight: int, length: int, port: int) -> bytes:
    """Send the first bytes of a right handshake's first or second flight, and the end."""
    client = Client(port, context)
    data = client.first_flight()
    if flight == 2:
        client.socket.sendall(data)
        data = client.second_flight()
    client.send(data[:length])
    return client.heard()


def flip(context: ssl.SSLContext, flight: int, place: int, port: int) -> bytes:
    """Send a right handshake in which one bit of one flight was changed."""
    client = Client(port, context)
    data = client.first_flight()
    if flight == 2:
        client.socket.sendall(data)
        data = client.second_flight()
    place %= len(data)
    client.send(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
    return client.heard()


def replay(flights: list[bytes], port: int) -> bytes:
    """Send again what another connection has sent."""
    sock = connect(port)
    send(sock, b"".join(flights))
    return read_all(sock)


def lack_the_key(certificate: str, key: str, port: int) -> bytes:
    """Show the right certificate, and sign the proof with another key."""
    sock = connect(port)
    tls = TLSConnection(sock)
    chain = X509CertChain()
    chain.parsePemList(certificate)
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = (3, 4)
    # OpenSSL does not take a compressed certificate of a client's.
    settings.certificate_compression_send = settings.certificate_compression_receive = ()
    try:
        tls.handshakeClientCert(chain, parsePEMKey(key, private=True), settings=settings)
        tls.sendall(GREETING)
        return bytes(tls.recv(1))
    except (TLSError, OSError):
        return b""
    finally:
        sock.close()


# The contexts of those who are not invited: they verify nothing, which costs them nothing.


def careless(secret: bytes) -> ssl.SSLContext:
    """Return the keys of another ticket, which take any server."""
    context = make_context(derive(secret), server=False)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def without_certificate() -> ssl.SSLContext:
    """Return a context that shows no certificate, and takes any server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def of_the_past(secret: bytes) -> ssl.SSLContext:
    """Return the right keys, which want TLS 1.2."""
    context = careless(secret)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def flipped(secret: bytes, bit: int) -> bytes:
    """Return the secret with one bit changed."""
    changed = int.from_bytes(secret, "big") ^ 1 << bit
    return changed.to_bytes(len(secret), "big")


OPENINGS = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
    b"",
    b"\x00",
    b"\x16",
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    b"\x16\x03\x01\xff\xff" + bytes(70000),
    b"\x15\x03\x03\x00\x02\x02\x28",
    b"\x17\x03\x03\x00\x40" + bytes(64),
    wire.hello("chatc"),
    wire.hello("chatc", wire.ANY, b"?" * 16, 1),
    wire.hello("chatc") + wire.text(1, "Let me in!") + wire.bye(1),
    wire.bye(0),
    wire.frame(wire.PING, 1),
)
"""What a connection may begin with that has no ticket at all."""


def all_attacks(secret: bytes, port: int) -> Iterator[Attack]:
    """Yield every attack on the server at this port, whose ticket has this secret.

    Where a real handshake is recorded or damaged, it is the holder's: so much can be seen
    by whoever stands in between.
    """
    for number, opening in enumerate(OPENINGS):
        yield Attack(f"opening {number} in clear", partial(say_in_clear, opening))
    for number in range(20):
        yield Attack(f"noise {number}", partial(say_in_clear, os.urandom(1 + 37 * number)))
    for bit in range(8 * len(secret)):
        keys = partial(careless, flipped(secret, bit))
        yield Attack(f"a ticket with bit {bit} flipped", partial(shake, keys))
    yield Attack("no certificate", partial(shake, without_certificate))
    yield Attack("TLS 1.2", partial(say_old, secret))
    right, other = derive(secret), derive(flipped(secret, 0))
    for end in (right.client, right.server):
        run = partial(lack_the_key, end.certificate_pem, other.client.key_pem)
        yield Attack("a right certificate without its key", run)
    context = make_context(right, server=False)
    recording = Client(port, context)
    flights = [recording.first_flight()]
    recording.socket.sendall(flights[0])
    flights.append(recording.second_flight())
    recording.socket.close()
    for shown in ([flights[0]], flights, [flights[1]], flights * 2):
        yield Attack("a handshake of before", partial(replay, shown))
    for number, length in enumerate(map(len, flights), 1):
        for place in range(length - 1):
            yield Attack(
                f"flight {number} cut after {place}",
                partial(truncate, context, number, place),
            )
        # Whoever damages the record of six bytes that stands before the second flight for
        # the sake of old machines in between has changed nothing (RFC 8446, appendix D.4).
        for place in range(6, length, 4):
            yield Attack(
                f"flight {number} with a bit flipped in byte {place}",
                partial(flip, context, number, place),
            )


def say_old(secret: bytes, port: int) -> bytes:
    """Try with the right keys and an old version of TLS."""
    return shake(partial(of_the_past, secret), port)
