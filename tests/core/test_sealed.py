"""A sealed channel: what goes in comes out at the other end as it was, or not at all."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time

import pytest

from chatlib.channel import Channel, Fault
from chatlib.connection import READ_SIZE
from chatlib.identity import CURVE
from chatlib.loop import TURN_SECONDS
from chatlib.protocol.frames import TICKET_NEEDED, Bye, Reason
from chatlib.sealed import ANSWERS_LIMIT, RECORD_SIZE, Sealed
from tests.sealing import OTHER, Forger, bye_in, feed, make_channel, make_context

TEXT = b"Gr\xc3\xbc\xc3\x9f Gott"


def shake(client: Channel, server: Channel, size: int = 1 << 20) -> None:
    """Pass on what each channel has to say until neither has anything."""
    while True:
        up, down = client.take(), server.take()
        if not up and not down:
            return
        assert feed(server, up, size) == feed(client, down, size) == b""


def make_pair(size: int = 1 << 20) -> tuple[Sealed, Sealed]:
    """Return a client and a server that are established."""
    client, server = make_channel(server=False), make_channel(server=True)
    shake(client, server, size)
    assert client.established and server.established
    return client, server


def test_two_holders_of_a_ticket_understand_each_other(size: int) -> None:
    """In both directions, whatever TCP makes of the bytes."""
    client, server = make_pair(size)
    for sender, receiver in ((client, server), (server, client)):
        for text in (TEXT, b"x", bytes(3 * RECORD_SIZE)):
            assert feed(receiver, sender.seal(text), size) == text
    assert client.error is server.error is None


def test_nothing_but_the_handshake_is_said_before_it_is_over() -> None:
    """The connection sees from `established` that HELLO has to wait."""
    client, server = make_channel(server=False), make_channel(server=True)
    assert not client.established and not server.established
    assert server.receive(client.take()) == b""
    assert not server.established, "the client's certificate has not come"
    assert client.receive(server.take()) == b""
    assert client.established and not server.established


def test_no_connection_can_be_resumed() -> None:
    """The server sends no ticket of TLS, so that each connection proves who is there."""
    client, server = make_channel(server=False), make_channel(server=True)
    server.receive(client.take())
    client.receive(server.take())
    server.receive(client.take())
    assert server.established and not server.waiting


def test_what_comes_with_the_end_of_the_handshake_is_read_too(size: int) -> None:
    """The client's last words of the handshake and its HELLO are one write."""
    client, server = make_channel(server=False), make_channel(server=True)
    server.receive(client.take())
    client.receive(server.take())
    assert feed(server, client.seal(TEXT), size) == TEXT
    assert server.established


def test_a_part_of_a_record_is_neither_data_nor_the_end() -> None:
    """It is kept until the rest comes."""
    client, server = make_pair()
    sealed = client.seal(TEXT)
    assert feed(server, sealed[:-1], 1) == b""
    assert server.error is None and server.established
    assert server.receive(sealed[-1:]) == TEXT


def test_a_line_that_was_sealed_cannot_be_read_or_recognised() -> None:
    """Nor do the same words look the same twice."""
    client, server = make_pair()
    first, second = client.seal(TEXT), client.seal(TEXT)
    assert TEXT not in first and first[5:] != second[5:]
    assert server.receive(first + second) == 2 * TEXT


STRANGERS: dict[str, Callable[[], ssl.SSLContext]] = {
    "another ticket": lambda: make_context(OTHER, server=False),
    "another ticket, and believes anybody": lambda: trusting(OTHER),
    "no certificate": lambda: bare(),
}


def trusting(secret: bytes | None) -> ssl.SSLContext:
    """Return the context of a client that verifies nobody."""
    context = make_context(secret, server=False) if secret else bare()
    context.verify_mode = ssl.CERT_NONE
    return context


def bare() -> ssl.SSLContext:
    """Return the context of a client that has no certificate, and verifies nobody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ecdh_curve(CURVE)  # else the server would ask for it first
    return context


@pytest.mark.parametrize("make", STRANGERS.values(), ids=STRANGERS)
def test_a_stranger_is_refused_before_a_byte_of_it_is_read(
    make: Callable[[], ssl.SSLContext], size: int
) -> None:
    """Even if it sends HELLO right behind its part of the handshake."""
    client = Sealed(make(), server=False, trace=lambda *_: None)
    server = make_channel(server=True)
    feed(server, client.take(), size)
    client.receive(server.take())
    words = client.seal(TEXT) if client.established else client.take()
    assert feed(server, words, size) == b""
    assert server.error and server.error.fault is Fault.WRONG_TICKET
    assert not server.established and server.refuses
    # An alert tells the other side.
    client.receive(server.take())
    assert client.error and client.error.fault is Fault.WRONG_TICKET


def test_a_client_refuses_a_server_with_another_ticket() -> None:
    """It is not sent a word; both know why."""
    client, server = make_channel(server=False), make_channel(server=True, secret=OTHER)
    shake(client, server)
    assert client.error and client.error.fault is Fault.WRONG_TICKET
    assert server.error and server.error.fault is Fault.WRONG_TICKET


def test_an_older_tls_is_refused() -> None:
    """TLS 1.2 shows the certificates to everybody, and has much that we do not need."""
    context = bare()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    client, server = (
        Sealed(context, server=False, trace=lambda *_: None),
        make_channel(server=True),
    )
    shake(client, server)
    assert server.error and server.error.fault is Fault.FOREIGN
    assert not server.established and not client.established


CLEAR = {
    "a HELLO": (b"\x00\x1c\x01\x00\x00\x00\x00\x00CHAT", Fault.NO_TICKET),
    "HTTP": (b"HTTP/1.1 400 Bad Request\r\n\r\n", Fault.FOREIGN),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", Fault.FOREIGN),
    "noise": (b"\xff" * 64, Fault.FOREIGN),
}


@pytest.mark.parametrize("words", CLEAR)
@pytest.mark.parametrize("server", [True, False], ids=["server", "client"])
def test_who_speaks_in_clear_is_told_so_in_clear(
    words: str, server: bool, size: int
) -> None:
    """Programs of every version understand the BYE, and show its words."""
    data, fault = CLEAR[words]
    channel = make_channel(server=server)
    channel.take()
    assert feed(channel, data, size) == b""
    assert channel.error and channel.error.fault is fault
    assert bye_in(channel.take()) == Bye(Reason.PROTOCOL, TICKET_NEEDED)
    assert channel.take() == b"" and not channel.established


def test_after_an_error_nothing_is_read_any_more() -> None:
    """Not even what would have been right before it."""
    client, server = make_pair()
    good = client.seal(TEXT)
    assert server.receive(b"\x17\x03\x03\x00\x20" + bytes(32)) == b""
    assert server.error and server.error.fault is Fault.BROKEN and not server.refuses
    assert server.receive(good) == b""
    assert not server.established, "else the connection would seal more lines"


def spoil(record: bytes, bit: int) -> bytes:
    """Return a record with one bit turned over."""
    spoiled = bytearray(record)
    spoiled[bit // 8] ^= 1 << bit % 8
    return bytes(spoiled)


def test_one_bit_that_was_changed_is_noticed_wherever_it_is() -> None:
    """What was sealed before still counts, and nothing after it."""
    length = len(make_pair()[0].seal(TEXT))
    for bit in range(8 * length):
        client, server = make_pair()
        before, record, after = (client.seal(each) for each in (b"1", TEXT, b"3"))
        assert server.receive(before + spoil(record, bit) + after) == b"1", bit
        if not server.error:  # a length that grew waits for what it promises
            assert server.receive(bytes(1 << 15)) == b""
        assert server.error and server.error.fault is Fault.BROKEN


def test_records_that_are_repeated_left_out_or_exchanged_are_noticed() -> None:
    """Each has a number that is not on the wire."""
    for order in ((0, 0), (1,), (1, 0), (0, 2)):
        client, server = make_pair()
        records = [client.seal(b"%d" % each) for each in range(3)]
        got = server.receive(b"".join(records[each] for each in order))
        assert got in (b"", b"0")
        assert server.error and server.error.fault is Fault.BROKEN, order


def test_the_records_of_one_connection_are_worth_nothing_on_another() -> None:
    """Each connection has keys of its own, from the same ticket."""
    client, _ = make_pair()
    _, server = make_pair()
    assert server.receive(client.seal(TEXT)) == b""
    assert server.error


@pytest.fixture
def forged(tmp_path: Path) -> tuple[Forger, Sealed]:
    """A client whose records are made by hand, and the server that reads them."""
    forger, server = Forger(tmp_path), make_channel(server=True)
    shake(forger.channel, server)
    return forger, server


def test_the_end_that_tls_has_is_no_more_than_a_pause(
    forged: tuple[Forger, Sealed], size: int
) -> None:
    """The protocol's own BYE counts, and TCP ends the stream."""
    forger, server = forged
    data = forger.seal(TEXT) + forger.seal(b"\x01\x00", 21)
    assert feed(server, data, size) == TEXT
    assert server.error is None
    assert forger.channel.receive(server.seal(TEXT)) == TEXT


def test_new_keys_are_taken_and_answered(forged: tuple[Forger, Sealed], size: int) -> None:
    """The answer waits although the link has nothing to send."""
    forger, server = forged
    data = b"".join(forger.update_keys() + forger.seal(TEXT) for _ in range(3))
    assert feed(server, data, size) == 3 * TEXT
    assert server.waiting
    assert forger.channel.receive(server.take()) == b"" and not server.waiting
    assert forger.channel.receive(server.seal(TEXT)) == TEXT


FLOODS: dict[str, Callable[[Forger], bytes]] = {
    "empty records": lambda forger: forger.seal(b""),
    "new keys": lambda forger: forger.update_keys(),
    "records of one byte": lambda forger: forger.seal(b"x"),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_flood_of_records_takes_little_time_and_memory(
    forged: tuple[Forger, Sealed], flood: Callable[[Forger], bytes]
) -> None:
    """One read of them takes less than a turn of the loop may last, three times over."""
    forger, server = forged
    data = b"".join(iter_until(lambda: flood(forger), READ_SIZE))
    began = process_time()
    server.receive(data)
    assert process_time() - began < 3 * TURN_SECONDS
    assert len(server.take()) <= READ_SIZE + ANSWERS_LIMIT
    assert bool(server.error) is (flood is not FLOODS["records of one byte"])


def iter_until(make: Callable[[], bytes], size: int) -> Iterator[bytes]:
    """Make pieces until there are so many bytes."""
    while size > 0:
        piece = make()
        size -= len(piece)
        yield piece


def test_of_a_record_that_never_ends_only_so_much_is_kept() -> None:
    """A length above the limit is refused at once, and nothing behind it is stored."""
    _, server = make_pair()
    assert server.receive(b"\x17\x03\x03\xff\xff") == b""
    assert server.error and server.error.fault is Fault.BROKEN


def test_behind_the_end_that_tls_has_nothing_is_kept(
    forged: tuple[Forger, Sealed],
) -> None:
    """Else a peer could fill our memory with what nobody opens."""
    forger, server = forged
    server.receive(forger.seal(b"\x01\x00", 21))
    for _ in range(16):
        assert server.receive(forger.seal(TEXT)) == b""
    assert server._incoming.pending == 0
