"""Channels of two ends that hold one ticket, and of strangers, for tests."""

import datetime
import ssl, tempfile, os, hashlib
from cryptography import x509
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chatlib.protocol.events import Trace, silent
from chatlib.sealed import Sealed

SECRET = bytes(range(32))
OTHER = bytes(range(1, 33))


def _make(secret, role):
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(role + secret).digest())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, role.decode())])
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
      .serial_number(1).not_valid_before(datetime.datetime(1970,1,1)).not_valid_after(datetime.datetime(9999,12,31))
      .sign(key, None))
    return (key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()), cert.public_bytes(s.Encoding.PEM))


def make_context(secret, *, server):
    mine, theirs = (_make(secret, r) for r in ((b"server", b"client") if server else (b"client", b"server")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    if server: context.num_tickets = 0
    context.load_verify_locations(cadata=theirs[1].decode())
    with tempfile.NamedTemporaryFile() as f:
        f.write(mine[0] + mine[1]); f.flush()
        context.load_cert_chain(f.name)
    return context


def make_channel(*, server: bool, secret: bytes = SECRET, trace: Trace = silent) -> Sealed:
    """Return the channel of an end that holds this ticket."""
    return Sealed(make_context(secret, server=server), server=server, trace=trace)
