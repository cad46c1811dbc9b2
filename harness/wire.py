"""A second, independent reading of the wire format, written from `docs/protocol.md`.

For tests that speak to a program over a raw socket. It shares no code with the
product: a mistake that both made together would have to be made twice.
"""

import os
import socket

HELLO, TEXT, GAME, ACK, PING, PONG, BYE = 1, 2, 3, 4, 5, 6, 7
QUIT, BUSY, VERSION, UNKNOWN_SESSION, PROTOCOL, STOPPED = range(1, 7)
ANY, TURNS, FREE = 0, 1, 2


def frame(kind: int, number: int, body: bytes = b"") -> bytes:
    """Return one frame."""
    return (
        len(body).to_bytes(2, "big") + bytes([kind, 0]) + number.to_bytes(4, "big") + body
    )


def hello(
    name: str = "client", mode: int = ANY, session: bytes = b"", seen: int = 0
) -> bytes:
    """Return a client's HELLO, of a new session unless one is named."""
    session = session or os.urandom(16)
    return frame(HELLO, seen, b"CHAT\x01" + session + bytes([mode]) + name.encode())


def text(number: int, words: str) -> bytes:
    """Return a message."""
    return frame(TEXT, number, words.encode())


def bye(number: int, reason: int = QUIT, words: str = "") -> bytes:
    """Return a goodbye."""
    return frame(BYE, number, bytes([reason]) + words.encode())


def split(data: bytes) -> list[tuple[int, int, bytes]]:
    """Cut a stream of whole frames into (kind, number, body)."""
    frames = []
    while data:
        length = int.from_bytes(data[:2], "big")
        assert data[3] == 0, f"flags {data[3]}"
        assert len(data) >= 8 + length, f"half a frame: {data!r}"
        frames.append((data[2], int.from_bytes(data[4:8], "big"), data[8 : 8 + length]))
        data = data[8 + length :]
    return frames


def receive(sock: socket.socket) -> tuple[int, int, bytes]:
    """Read exactly one frame from a blocking socket. Raises EOFError at its end."""
    header = _receive_exactly(sock, 8)
    body = _receive_exactly(sock, int.from_bytes(header[:2], "big"))
    return split(header + body)[0]


def receive_all(sock: socket.socket) -> bytes:
    """Read to the end of the stream; a reset counts as the end."""
    data = b""
    try:
        while piece := sock.recv(65536):
            data += piece
    except ConnectionResetError:
        pass
    return data


def _receive_exactly(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise EOFError(f"stream ends after {len(data)} of {count} bytes")
        data += piece
    return data
