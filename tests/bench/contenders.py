"""Who is measured beside us, on bytes in memory: decoding and encoding.

Each is written as a good user of it would write it. A decoder is given its chunks and
hands over what a chunk has completed; nothing is kept, and nothing is called between two
chunks that complete nothing, so that it is the decoder that is timed.

A library is imported when its contender is made, so that none need be installed.
"""

import asyncio
import struct
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, NamedTuple

from chatlib.protocol.frames import HEADER, TEXT_LIMIT, Kind
from chatlib.protocol.reader import FrameReader
from harness import wire

Take = Callable[[Any], object]
"""Is given each batch of what was completed; it must not keep the batch itself."""

Decode = Callable[[Iterable[bytes], Take], None]
Encode = Callable[[Sequence[bytes]], bytes]

PREFIX = struct.Struct("!I")
"""The header of those who have nothing but a length."""


class Contender(NamedTuple):
    """One way to frame messages.

    `frame` gives the bytes of one message, written out by hand: what must be decoded, and
    what encoding must give. `body` takes the message out of what was decoded.
    """

    name: str
    library: str
    frame: Callable[[bytes], bytes]
    decode: Decode
    encode: Encode | None
    body: Callable[[Any], bytes]


def available(
    contenders: Iterable[Contender], say: Callable[[str], None]
) -> list[Contender]:
    """Leave out whose library is not installed, and say so."""
    there = []
    for contender in contenders:
        if find_spec(contender.library):
            there.append(contender)
        else:
            say(f"{contender.name} is left out: {contender.library} is not installed")
    return there


def our_frame(body: bytes) -> bytes:
    """Return a TEXT as the protocol's page has it; always the first, as nobody counts."""
    return wire.frame(wire.TEXT, 1, body)


def our_decode(chunks: Iterable[bytes], take: Take) -> None:
    """Feed the reader; read and clear what it has."""
    reader = FrameReader()
    feed, frames = reader.feed, reader.frames
    for chunk in chunks:
        feed(chunk)
        if frames:
            take(frames)
            frames.clear()


def our_encode(bodies: Sequence[bytes]) -> bytes:
    """Return the frames of some messages, numbered from 1, made as a link makes them."""
    pack, kind, output = HEADER.pack, Kind.TEXT, []
    for number, body in enumerate(bodies, 1):
        output.append(pack(len(body), kind, 0, number) + body)
    return b"".join(output)


def websocket_frame(body: bytes) -> bytes:
    """Return a whole binary message, unmasked, as a server sends it (RFC 6455, 5.2)."""
    size = len(body)
    if size < 126:
        return bytes([0x82, size]) + body
    return struct.pack("!BBH", 0x82, 126, size) + body


def websocket_decode(chunks: Iterable[bytes], take: Take) -> None:
    """Feed the sans-I/O protocol of a client: what comes to it is not masked."""
    from websockets.protocol import Protocol, Side

    protocol = Protocol(Side.CLIENT, max_size=TEXT_LIMIT)
    receive, received = protocol.receive_data, protocol.events_received
    for chunk in chunks:
        receive(chunk)
        if frames := received():
            take(frames)


def websocket_encode(bodies: Sequence[bytes]) -> bytes:
    """Send every message through the sans-I/O protocol of a server."""
    from websockets.protocol import Protocol, Side

    protocol = Protocol(Side.SERVER)
    send = protocol.send_binary
    for body in bodies:
        send(body)
    return b"".join(protocol.data_to_send())


def prefixed_frame(body: bytes) -> bytes:
    """Return a message after its length in four bytes."""
    return PREFIX.pack(len(body)) + body


def prefixed_encode(bodies: Sequence[bytes]) -> bytes:
    """Return what one writes to a stream: each length, each message."""
    pack = PREFIX.pack
    return b"".join([pack(len(body)) + body for body in bodies])


def streams_decode(chunks: Iterable[bytes], take: Take) -> None:
    """Read exactly four bytes, then exactly so many, from asyncio's StreamReader.

    The coroutine is resumed by hand: no event loop runs, none is timed.
    """
    loop = asyncio.new_event_loop()
    try:
        reader = asyncio.StreamReader(loop=loop)
        batch: list[bytes] = []
        resume = _read_exactly(reader, batch).send
        resume(None)
        for chunk in chunks:
            reader.feed_data(chunk)
            resume(None)
            if batch:
                take(batch)
                batch.clear()
    finally:
        loop.close()


async def _read_exactly(reader: asyncio.StreamReader, batch: list[bytes]) -> None:
    while True:
        (size,) = PREFIX.unpack(await reader.readexactly(PREFIX.size))
        if size > TEXT_LIMIT:
            raise ValueError(f"{size} bytes are too many")
        body = await reader.readexactly(size)
        batch.append(body)


def twisted_decode(chunks: Iterable[bytes], take: Take) -> None:
    """Feed an Int32StringReceiver, which calls for every message."""
    from twisted.protocols.basic import Int32StringReceiver

    batch: list[bytes] = []

    class Receiver(Int32StringReceiver):
        MAX_LENGTH = TEXT_LIMIT

        def stringReceived(self, string: bytes) -> None:
            batch.append(string)

    feed = Receiver().dataReceived
    for chunk in chunks:
        feed(chunk)
        if batch:
            take(batch)
            batch.clear()


def twisted_encode(bodies: Sequence[bytes]) -> bytes:
    """Send every message through an Int32StringReceiver into a list of writes."""
    from twisted.protocols.basic import Int32StringReceiver

    written: list[bytes] = []
    sender = Int32StringReceiver()
    sender.transport = SimpleNamespace(write=written.append)
    send = sender.sendString
    for body in bodies:
        send(body)
    return b"".join(written)


def _itself(body: bytes) -> bytes:
    return body


CONTENDERS = (
    Contender(
        "ours", "chatlib", our_frame, our_decode, our_encode, lambda frame: bytes(frame[2])
    ),
    Contender(
        "websockets",
        "websockets",
        websocket_frame,
        websocket_decode,
        websocket_encode,
        lambda frame: bytes(frame.data),
    ),
    Contender(
        "asyncio streams",
        "asyncio",
        prefixed_frame,
        streams_decode,
        prefixed_encode,
        _itself,
    ),
    Contender(
        "twisted Int32", "twisted", prefixed_frame, twisted_decode, twisted_encode, _itself
    ),
)
