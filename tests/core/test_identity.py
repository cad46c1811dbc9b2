"""The keys of a ticket: made alike on both ends, and good for nobody else."""

import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from cryptography import x509

from chatlib.identity import End, Identity, derive, make_context
from tests.vectors import read_vectors

SECRET, OTHER = bytes(range(32)), bytes(range(1, 33))

IDENTITY = derive(SECRET)


@pytest.mark.parametrize(
    "vector", read_vectors()["tickets"], ids=lambda each: each["line"][:30]
)
def test_the_certificates_are_those_of_the_vectors(vector: dict[str, str]) -> None:
    """Byte for byte: both ends make them, and compare."""
    identity = derive(bytes.fromhex(vector["secret"]))
    for end, role in ((identity.server, "server"), (identity.client, "client")):
        assert end.certificate.hex() == vector[f"{role}_certificate"]
        assert end.fingerprint == vector[f"{role}_fingerprint"]


def test_another_process_makes_the_same() -> None:
    """Nothing of the time, the machine or chance is in them."""
    code = (
        "from chatlib.identity import derive; i = derive(bytes(range(32)));"
        "print(i.server.fingerprint, i.client.fingerprint)"
    )
    out = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert out.split() == [IDENTITY.server.fingerprint, IDENTITY.client.fingerprint]


def test_a_library_reads_in_the_certificates_what_they_say() -> None:
    """They are built here; another implementation of X.509 is to agree on every part."""
    for end, role in zip(IDENTITY, ("server", "client"), strict=True):
        certificate = x509.load_der_x509_certificate(end.certificate)
        certificate.verify_directly_issued_by(certificate)
        assert certificate.subject.rfc4514_string() == f"CN=chat {role}"
        assert certificate.not_valid_before_utc == datetime(1970, 1, 1, tzinfo=UTC)
        last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
        assert certificate.not_valid_after_utc == last
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
        assert len(certificate.extensions) == 3
        assert x509.load_pem_x509_certificate(end.certificate_pem.encode()) == certificate


CLOCK = """
#include <stdlib.h>
#include <time.h>
time_t time(time_t *t) { time_t now = atoll(getenv("AT")); if (t) *t = now; return now; }
"""

AT_ANOTHER_TIME = """
import ssl
from datetime import datetime
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption
from cryptography.hazmat.primitives.serialization import PrivateFormat
from chatlib.identity import End, Identity, derive, make_context
from tests.core.test_identity import shake

def make_ordinary():
    key = Ed25519PrivateKey.generate()
    name = x509.Name([])
    made = (x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2030, 1, 1))
        .sign(key, None))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    own = made.public_bytes(Encoding.PEM).decode()
    return End(made.public_bytes(Encoding.DER), own, pem)

for ends in derive(bytes(32)), Identity(make_ordinary(), make_ordinary()):
    contexts = [make_context(ends, server=server) for server in (True, False)]
    for each in contexts:
        each.verify_flags &= ~ssl.VERIFY_X509_STRICT
    print(shake(*contexts)[1] or "met")
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a compiler")
@pytest.mark.parametrize("year", [1971, 2200])
def test_a_clock_that_is_wrong_by_years_does_not_matter(tmp_path: Path, year: int) -> None:
    """OpenSSL is shown another time: it then refuses a certificate of some years."""
    source, library = tmp_path / "clock.c", tmp_path / "clock.so"
    source.write_text(CLOCK)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    seconds = int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
    environment = os.environ | {"AT": str(seconds), "LD_PRELOAD": str(library)}
    command = [sys.executable, "-c", AT_ANOTHER_TIME]
    out = subprocess.check_output(command, env=environment, text=True).splitlines()
    assert out[0] == "met"
    assert re.search("not yet valid" if year == 1971 else "expired", out[1]), out


def test_a_handshake_is_cheap() -> None:
    """For both ends together; half a millisecond each is usual, five are the limit."""
    server, client = context(SECRET, server=True), context(SECRET, server=False)
    costs = []
    for _ in range(9):
        began = time.process_time()
        assert shake(server, client) == ("", "")
        costs.append(time.process_time() - began)
    assert min(costs) <= 0.005, costs


def test_keys_are_loaded_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a bare chroot, or on FreeBSD, where a file in memory has no path."""
    monkeypatch.setattr("chatlib.identity.os.path.isdir", lambda _: False)
    monkeypatch.setattr("chatlib.identity.os.memfd_create", lambda *_: 1 / 0)
    assert shake(context(SECRET, server=True), context(SECRET, server=False)) == ("", "")


def test_a_stranger_cannot_choose_an_expensive_key_exchange() -> None:
    """The largest of OpenSSL's costs 100 ms, and it would be computed for anybody."""
    stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    stranger.check_hostname = False
    stranger.verify_mode = ssl.CERT_NONE
    try:
        stranger.set_ecdh_curve("ffdhe8192")
    except ValueError:  # OpenSSL before 3 has only curves there
        stranger.set_ecdh_curve("secp521r1")
    refused, _ = shake(context(SECRET, server=True), stranger)
    assert "NO_SUITABLE" in refused or "NO_SHARED" in refused, refused


def test_the_keys_of_the_two_ends_differ() -> None:
    """Else a stranger could send an end its own words back."""
    assert IDENTITY.server.key_pem != IDENTITY.client.key_pem
    assert IDENTITY.server.certificate != IDENTITY.client.certificate


def test_nothing_of_a_key_is_in_what_is_printed() -> None:
    """Neither of the seed nor of the file that OpenSSL reads."""
    key = "".join(IDENTITY.client.key_pem.splitlines()[1:-1])
    for text in (repr(IDENTITY), str(IDENTITY.client), f"{IDENTITY.server}"):
        assert "PRIVATE" not in text
        assert key[-20:] not in text


def test_two_holders_of_a_ticket_meet() -> None:
    """With TLS 1.3, and with nothing negotiated that nobody wants."""
    server, client = context(SECRET, server=True), context(SECRET, server=False)
    seen, heard = shake(server, client)
    assert (seen, heard) == ("", "")


@pytest.mark.parametrize(
    ("server", "client", "refuser"),
    [(SECRET, OTHER, "client"), (OTHER, SECRET, "client")],
    ids=["wrong client", "wrong server"],
)
def test_two_tickets_do_not_meet(server: bytes, client: bytes, refuser: str) -> None:
    """The client finds it first, because it sees the other's certificate first."""
    seen, heard = shake(context(server, server=True), context(client, server=False))
    assert "CERTIFICATE_VERIFY_FAILED" in heard, (seen, refuser)


def test_a_server_takes_only_the_clients_certificate() -> None:
    """Neither none, nor another ticket's, nor its own."""
    server = context(SECRET, server=True)
    reflected = Identity(IDENTITY.server, IDENTITY.server)
    for name, client in (
        ("none", ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)),
        ("another ticket's", context(OTHER, server=False)),
        ("its own", make_context(reflected, server=False)),
    ):
        client.check_hostname = False
        client.verify_mode = ssl.CERT_NONE
        seen, _ = shake(server, client)
        assert "CERTIFICATE" in seen, name


def test_an_older_version_of_tls_is_refused() -> None:
    """By both ends."""
    old = context(SECRET, server=False)
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert shake(context(SECRET, server=True), old)[0]
    older = context(SECRET, server=True)
    older.minimum_version = older.maximum_version = ssl.TLSVersion.TLSv1_2
    assert any(shake(older, context(SECRET, server=False)))


def test_a_certificate_without_its_key_is_of_no_use() -> None:
    """OpenSSL itself refuses the two; test_attacks tries it with another implementation."""
    mixed = End(
        IDENTITY.client.certificate,
        IDENTITY.client.certificate_pem,
        derive(OTHER).client.key_pem,
    )
    with pytest.raises(ssl.SSLError, match="KEY_VALUES_MISMATCH"):
        make_context(Identity(IDENTITY.server, mixed), server=False)


def test_the_keys_of_a_connection_are_written_where_sslkeylogfile_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nowhere else."""
    path = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(path))
    assert shake(context(SECRET, server=True), context(SECRET, server=False)) == ("", "")
    assert "CLIENT_TRAFFIC_SECRET_0" in path.read_text()


def context(secret: bytes, *, server: bool) -> ssl.SSLContext:
    """Return how an end with this ticket speaks."""
    return make_context(derive(secret), server=server)


def shake(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[str, str]:
    """Let two ends shake hands in memory; return the error of each, "" for none."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    errors = ["", ""]
    for _ in range(4):
        for index, end in enumerate(ends):
            try:
                with suppress(ssl.SSLWantReadError):
                    end.do_handshake()
            except ssl.SSLError as error:
                errors[index] = errors[index] or str(error)
    if not any(errors):
        assert {end.version() for end in ends} == {"TLSv1.3"}
        assert {end.selected_alpn_protocol() for end in ends} == {None}
        assert {end.compression() for end in ends} == {None}
    return errors[1], errors[0]


def test_where_no_file_can_be_in_memory_the_keys_pass_through_a_private_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on macOS; it is gone as soon as it was read."""
    monkeypatch.delattr(os, "memfd_create", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    identity = derive(bytes(32))
    server, client = (make_context(identity, server=each) for each in (True, False))
    assert shake(server, client) == ("", "")
    assert not [*tmp_path.iterdir()]
