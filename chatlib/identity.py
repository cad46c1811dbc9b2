"""The keys and certificates that both ends of a private talk make out of its ticket.

The 32 bytes of a ticket give two Ed25519 keys by HKDF: one for the server, one for the
client. Each end has both, and so makes the same two certificates, byte for byte: it shows
its own and takes nobody's but the other. TLS 1.3 then proves to each end that the other one
holds the ticket, without an authority and without an account.

The certificates are built here, byte by byte, and not by a library: two friends may have
different versions of it, and one byte of difference would part them. `cryptography` only
computes what Ed25519 has to.

Only a program with a ticket imports this module: it takes 40 ms.
"""

import base64
import hashlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatlib.ticket import derive_bytes

# A certificate that is always valid: a clock that is wrong by years does no harm. The end
# is the date that stands for none (RFC 5280, 4.1.2.5).
_FIRST_DAY = b"700101000000Z"
_LAST_DAY = b"99991231235959Z"

CURVE = "prime256v1"
"""The curve of all key exchanges (NIST P-256): every library has it."""

# The tags of DER, in which certificates and keys are written (X.690).
_BOOLEAN, _INTEGER, _BITS, _OCTETS, _OBJECT = 0x01, 0x02, 0x03, 0x04, 0x06
_TEXT, _SHORT_TIME, _TIME, _SEQUENCE, _SET = 0x0C, 0x17, 0x18, 0x30, 0x31
_FIELD_0, _FIELD_3 = 0xA0, 0xA3

# The names of things in certificates: Ed25519 (RFC 8410), the name of a person (X.520), and
# three extensions (RFC 5280, 4.2.1).
_ED25519 = bytes.fromhex("2b6570")
_COMMON_NAME = bytes.fromhex("550403")
_CONSTRAINTS, _KEY_ID, _USAGE = (
    bytes.fromhex(f"551d{each}") for each in ("13", "0e", "0f")
)


class End(NamedTuple):
    """What one end shows, and proves to be its own."""

    certificate: bytes  # DER
    certificate_pem: str
    key_pem: str

    def __repr__(self) -> str:
        """Return which certificate it is, and nothing of the key."""
        return f"End({self.fingerprint})"

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate, in hexadecimal."""
        return hashlib.sha256(self.certificate).hexdigest()


class Identity(NamedTuple):
    """Both ends of the talks that one ticket opens."""

    server: End
    client: End


def derive(secret: bytes) -> Identity:
    """Return the ends that a ticket's secret stands for; the same ones every time."""
    return Identity(_make_end(secret, "server"), _make_end(secret, "client"))


def make_context(identity: Identity, *, server: bool) -> ssl.SSLContext:
    """Return how one end speaks TLS: version 1.3 only, and with the other end only.

    `SSLKEYLOGFILE` in the environment names a file for the keys of the connections, from
    which Wireshark decrypts them. Raises OSError where that file cannot be written.
    """
    own, other = identity if server else reversed(identity)
    protocol = ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # Else a stranger chooses: a hello for ffdhe8192 costs 100 ms, and this one 0.3 ms.
    context.set_ecdh_curve(CURVE)
    # It is not the name in the certificate that counts, but that it is this very one.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=other.certificate)
    if server:
        # No connection is ever resumed: each one proves anew who is there.
        context.num_tickets = 0
    with _path_of(own) as path:
        context.load_cert_chain(path)
    if log := os.environ.get("SSLKEYLOGFILE"):
        context.keylog_filename = log
    return context


def _make_end(secret: bytes, role: str) -> End:
    """Return the key of one end, and its certificate, which it has signed itself."""
    seed = derive_bytes(secret, f"chat1 {role}")
    key = Ed25519PrivateKey.from_private_bytes(seed)
    content = _describe(role, key.public_key().public_bytes_raw())
    signature = key.sign(content)  # the same each time (RFC 8032)
    certificate = _der(_SEQUENCE, content, _algorithm(), _bits(signature))
    # The key's own form is PKCS 8 (RFC 5958), with the seed in octets within octets.
    private = _der(
        _SEQUENCE, _der(_INTEGER, b"\0"), _algorithm(), _der(_OCTETS, _der(_OCTETS, seed))
    )
    return End(certificate, _pem("CERTIFICATE", certificate), _pem("PRIVATE KEY", private))


def _describe(role: str, public: bytes) -> bytes:
    """Return what the certificate of one end says: name, time, key (RFC 5280, 4.1.2)."""
    common_name = _der(_OBJECT, _COMMON_NAME), _der(_TEXT, f"chat {role}".encode())
    name = _der(_SEQUENCE, _der(_SET, _der(_SEQUENCE, *common_name)))
    return _der(
        _SEQUENCE,
        _der(_FIELD_0, _der(_INTEGER, b"\2")),  # the third version
        _der(_INTEGER, b"\1"),  # its number
        _algorithm(),
        name,
        _der(_SEQUENCE, _der(_SHORT_TIME, _FIRST_DAY), _der(_TIME, _LAST_DAY)),
        name,
        _der(_SEQUENCE, _algorithm(), _bits(public)),
        _der(_FIELD_3, _der(_SEQUENCE, *_extensions(public))),
    )


def _extensions(public: bytes) -> Iterator[bytes]:
    """Yield what a strict look demands of a certificate that vouches for itself."""
    yes = _der(_BOOLEAN, b"\xff")
    # It may sign nothing but itself: a path of length 0.
    constraints = _der(_SEQUENCE, yes, _der(_INTEGER, b"\0"))
    key_id = _der(_OCTETS, hashlib.sha1(public, usedforsecurity=False).digest())
    # The first of these nine bits is for a signature of data, the sixth of certificates.
    usage = _der(_BITS, b"\2\x84")
    yield _der(_SEQUENCE, _der(_OBJECT, _CONSTRAINTS), yes, _der(_OCTETS, constraints))
    yield _der(_SEQUENCE, _der(_OBJECT, _KEY_ID), _der(_OCTETS, key_id))
    yield _der(_SEQUENCE, _der(_OBJECT, _USAGE), yes, _der(_OCTETS, usage))


def _algorithm() -> bytes:
    return _der(_SEQUENCE, _der(_OBJECT, _ED25519))


def _bits(data: bytes) -> bytes:
    # The byte before them is how many bits of the last one do not count.
    return _der(_BITS, b"\0", data)


def _der(tag: int, *parts: bytes) -> bytes:
    """Return parts as one element of DER: its tag, its length, its content."""
    content = b"".join(parts)
    size = len(content)
    # From 128 on the length has its own length before it.
    wide = size.to_bytes(-(-size.bit_length() // 8), "big") if size > 127 else b""
    length = bytes([0x80 | len(wide)]) + wide if wide else bytes([size])
    return bytes([tag]) + length + content


def _pem(label: str, data: bytes) -> str:
    """Return DER in the letters of PEM (RFC 7468)."""
    letters = base64.encodebytes(data).decode().replace("\n", "")
    rows = [letters[start : start + 64] for start in range(0, len(letters), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *rows, f"-----END {label}-----", ""])


@contextmanager
def _path_of(end: End) -> Iterator[str]:
    """Yield a path from which OpenSSL reads key and certificate; it takes nothing else.

    On Linux the file is in memory and has no name. Elsewhere, and where there is no /proc,
    it is a temporary one, which only the user may read, for a moment.
    """
    data = (end.key_pem + end.certificate_pem).encode()
    if hasattr(os, "memfd_create") and os.path.isdir("/proc/self/fd"):
        fd = os.memfd_create("chat", os.MFD_CLOEXEC)
        try:
            os.write(fd, data)
            yield f"/proc/self/fd/{fd}"
        finally:
            os.close(fd)
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file.name
