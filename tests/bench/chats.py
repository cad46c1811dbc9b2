"""Chats to compare ours with: the shortest that a good user of each library writes.

    python -m tests.bench.chats NAME listen|connect PORT

Each carries lines from its stdin to the other's stdout, both ways, as frames. None has
names, limits, acknowledgements, or anything against what a line does to a screen.
"""

import asyncio
import os
import select
import socket
import sys
from collections.abc import Callable
from typing import Any

from tests.bench.contenders import PREFIX

HOST = "127.0.0.1"
READ_SIZE = 65536


def write_all(data: bytes) -> None:
    """Write to stdout."""
    while data:
        data = data[os.write(1, data) :]


def open_socket(listens: bool, port: int) -> socket.socket:
    """Wait for the other's call, or call."""
    if listens:
        with socket.create_server((HOST, port)) as listener:
            sock, _ = listener.accept()
    else:
        sock = socket.create_connection((HOST, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def sockets(listens: bool, port: int) -> None:
    """Carry lines over a bare blocking socket: poll, one read, one write a line."""
    sock = open_socket(listens, port)
    stream = sock.makefile("rb", buffering=0)
    poll = select.poll()
    poll.register(0, select.POLLIN)
    poll.register(sock, select.POLLIN)
    typed = received = b""
    while True:
        for fd, _ in poll.poll():
            data = os.read(fd, READ_SIZE) if fd == 0 else stream.read(READ_SIZE)
            if not data:
                return
            if fd == 0:
                *lines, typed = (typed + data).split(b"\n")
                for line in lines:
                    sock.sendall(PREFIX.pack(len(line)) + line)
            else:
                received = show_frames(received + data)


def show_frames(data: bytes) -> bytes:
    """Print every whole frame; give back the rest."""
    start = 0
    while len(data) - start >= PREFIX.size:
        end = start + PREFIX.size + PREFIX.unpack_from(data, start)[0]
        if end > len(data):
            break
        write_all(data[start + PREFIX.size : end] + b"\n")
        start = end
    return data[start:]


def connections(listens: bool, port: int) -> None:
    """Carry lines over multiprocessing.connection."""
    from multiprocessing.connection import Client, Listener, wait

    if listens:
        with Listener((HOST, port)) as listener:
            connection = listener.accept()
    else:
        connection = Client((HOST, port))
    with socket.socket(fileno=os.dup(connection.fileno())) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    typed = b""
    while True:
        for ready in wait([0, connection]):
            if ready is connection:
                write_all(connection.recv_bytes() + b"\n")
            else:
                data = os.read(0, READ_SIZE)
                if not data:
                    return
                *lines, typed = (typed + data).split(b"\n")
                for line in lines:
                    connection.send_bytes(line)


async def keyboard() -> asyncio.StreamReader:
    """Return stdin as asyncio reads it."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def streams(listens: bool, port: int) -> None:
    """Carry lines over asyncio's streams."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send() -> None:
            lines = await keyboard()
            while line := await lines.readline():
                writer.write(PREFIX.pack(len(line) - 1) + line[:-1])
                await writer.drain()

        async def receive() -> None:
            while True:
                (size,) = PREFIX.unpack(await reader.readexactly(PREFIX.size))
                write_all(await reader.readexactly(size) + b"\n")

        await asyncio.gather(send(), receive())

    async def run() -> None:
        if listens:
            server = await asyncio.start_server(talk, HOST, port)
            await server.serve_forever()
        else:
            await talk(*await asyncio.open_connection(HOST, port))

    asyncio.run(run())


def websockets(listens: bool, port: int) -> None:
    """Carry lines over websockets' asyncio API, without compression."""
    from websockets.asyncio.client import connect
    from websockets.asyncio.server import serve

    async def talk(connection: Any) -> None:
        async def send() -> None:
            lines = await keyboard()
            while line := await lines.readline():
                await connection.send(line[:-1])

        async def receive() -> None:
            async for message in connection:
                write_all(message + b"\n")

        await asyncio.gather(send(), receive())

    async def run() -> None:
        if listens:
            async with serve(talk, HOST, port, compression=None) as server:
                await server.serve_forever()
        else:
            url = f"ws://{HOST}:{port}/"
            async with connect(url, compression=None, proxy=None) as connection:
                await talk(connection)

    asyncio.run(run())


def twisted(listens: bool, port: int) -> None:
    """Carry lines over twisted's Int32StringReceiver."""
    from twisted.internet import endpoints, protocol, reactor, stdio
    from twisted.protocols.basic import Int32StringReceiver, LineOnlyReceiver

    class Keyboard(LineOnlyReceiver):
        delimiter = b"\n"

        def __init__(self, peer: Any) -> None:
            self.peer = peer

        def lineReceived(self, line: bytes) -> None:
            self.peer.sendString(line)

    class Peer(Int32StringReceiver):
        def connectionMade(self) -> None:
            self.transport.setTcpNoDelay(True)
            self.keyboard = Keyboard(self)
            stdio.StandardIO(self.keyboard)

        def stringReceived(self, string: bytes) -> None:
            self.keyboard.sendLine(string)

    loop: Any = reactor
    factory = protocol.Factory.forProtocol(Peer)
    if listens:
        endpoints.TCP4ServerEndpoint(loop, port, interface=HOST).listen(factory)
    else:
        endpoints.TCP4ClientEndpoint(loop, HOST, port).connect(factory)
    loop.run()


CHATS: dict[str, Callable[[bool, int], None]] = {
    each.__name__: each for each in (sockets, connections, streams, websockets, twisted)
}

if __name__ == "__main__":
    CHATS[sys.argv[1]](sys.argv[2] == "listen", int(sys.argv[3]))
