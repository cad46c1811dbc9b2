"""The keys and certificates that both ends of a private talk make out of its ticket.

The 32 bytes of a ticket give two Ed25519 keys by HKDF: one for the server, one for the
client. Each end has both, and so makes the same two certificates, byte for byte: it shows
its own and takes nobody's but the other. TLS 1.3 then proves to each end that the other one
holds the ticket, without an authority and without an account.

Only a program with a ticket imports this module: `cryptography` takes 100 ms.
"""

import hashlib
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from chatlib.ticket import derive_bytes

# A certificate that is always valid: a clock that is wrong by years does no harm. The end
# is the date that stands for none (RFC 5280, 4.1.2.5).
_FIRST_DAY = datetime(1970, 1, 1)
_LAST_DAY = datetime(9999, 12, 31, 23, 59, 59)


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
    key = Ed25519PrivateKey.from_private_bytes(derive_bytes(secret, f"chat1 {role}"))
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"chat {role}")])
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name)
        .public_key(public)
        .serial_number(1)
        .not_valid_before(_FIRST_DAY)
        .not_valid_after(_LAST_DAY)
        # What a strict look demands of a certificate that vouches for itself (RFC 5280).
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_USAGE, critical=True)
        .sign(key, None)
    )
    return End(
        certificate.public_bytes(Encoding.DER),
        certificate.public_bytes(Encoding.PEM).decode(),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@contextmanager
def _path_of(end: End) -> Iterator[str]:
    """Yield a path from which OpenSSL reads key and certificate; it takes nothing else.

    On Linux the file is in memory and has no name. Elsewhere it is a temporary one, which
    only the user may read, for a moment.
    """
    data = (end.key_pem + end.certificate_pem).encode()
    if hasattr(os, "memfd_create"):
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
