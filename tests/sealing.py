"""Channels of two ends that hold one ticket, and of strangers, for tests."""

import hmac
import re
import ssl
from functools import cached_property
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from chatlib import identity
from chatlib.channel import Channel
from chatlib.protocol.events import Trace, silent
from chatlib.protocol.frames import Bye, Kind
from chatlib.protocol.reader import FrameReader
from chatlib.sealed import Sealed

SECRET = bytes(range(32))
OTHER = bytes(range(1, 33))


def make_context(secret: bytes, *, server: bool) -> ssl.SSLContext:
    """Return the context of an end that holds the ticket with this secret."""
    return identity.make_context(identity.derive(secret), server=server)


def make_channel(*, server: bool, secret: bytes = SECRET, trace: Trace = silent) -> Sealed:
    """Return the channel of an end that holds this ticket."""
    return Sealed(make_context(secret, server=server), server=server, trace=trace)


def feed(channel: Channel, data: bytes, size: int = 1 << 20) -> bytes:
    """Return what a channel makes of these bytes, read in pieces of this size."""
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(channel.receive(piece) for piece in pieces)


def bye_in(data: bytes) -> Bye:
    """Return the BYE that these bytes are, in clear."""
    reader = FrameReader()
    reader.feed(data)
    ((kind, number, body),) = reader.frames
    assert (kind, number, reader.contents) == (Kind.BYE, 0, "1 frame")
    return Bye.decode(body)


class Forger:
    """A client that holds the ticket and seals records as no library would.

    It takes its key from the key log, and counts its records itself.
    """

    def __init__(self, folder: Path) -> None:
        self._log = folder / "keys"
        context = make_context(SECRET, server=False)
        context.keylog_filename = str(self._log)
        self.channel = Sealed(context, server=False, trace=silent)
        self._count = 0

    def seal(self, inner: bytes, kind: int = 23) -> bytes:
        """Return a record of this kind, even an empty one."""
        key, iv = self._keys()
        nonce = (int.from_bytes(iv, "big") ^ self._count).to_bytes(12, "big")
        self._count += 1
        head = b"\x17\x03\x03" + (len(inner) + 17).to_bytes(2, "big")
        return head + AESGCM(key).encrypt(nonce, inner + bytes((kind,)), head)

    def update_keys(self) -> bytes:
        """Return a record that asks for new keys, both ways; the next has the new one."""
        record = self.seal(b"\x18\x00\x00\x01\x01", 22)
        self._secret = _expand(self._secret, b"traffic upd", 48)
        self._count = 0
        return record

    @cached_property
    def _secret(self) -> bytes:
        found = re.search(
            r"CLIENT_TRAFFIC_SECRET_0 \w+ (\w+)", self._log.read_text("ascii")
        )
        assert found
        return bytes.fromhex(found[1])

    def _keys(self) -> tuple[bytes, bytes]:
        return _expand(self._secret, b"key", 32), _expand(self._secret, b"iv", 12)


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """Return what HKDF-Expand-Label makes of a secret (RFC 8446, 7.1), by SHA-384."""
    label = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes((len(label),)) + label + b"\x00"
    return hmac.digest(secret, info + b"\x01", "sha384")[:length]
