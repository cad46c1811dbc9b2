"""The channel of who uses a ticket: TLS 1.3, in memory.

Both ends have made their keys and the other's certificate out of the same 32 bytes, so the
handshake proves to each that the other one holds the ticket too. Only the program imports
this module, and only with a ticket: `ssl` takes longer to import than all of ours.

What TLS has and this does not: a goodbye of its own (`close_notify`). The protocol's BYE
says how many messages there were, which is more; the end is TCP's half-close. One that
comes is no more than the end of what is read.
"""

import ssl
from collections.abc import Callable

from chatlib.channel import FIRST_OF_TLS, Channel, ChannelError, Fault, refusal
from chatlib.protocol.events import Trace, silent
from chatlib.protocol.frames import TICKET_NEEDED

RECORD_SIZE = 16384
"""Bytes in one record of TLS at most, and so in one read of it."""

ANSWERS_LIMIT = 4096
"""Bytes of answers to a peer that asks for new keys, beyond which it is given up: each of
them is answered, and a peer that reads nothing would fill our memory. Ours never ask."""

# The alerts by which a peer refuses our certificate, and the errors by which we refuse its:
# it has none, another one, or does not have the key to ours.
_STRANGERS = (
    "CERTIFICATE_VERIFY_FAILED",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE",
    "BAD_SIGNATURE",
    "TLSV1_ALERT_UNKNOWN_CA",
    "TLSV1_ALERT_DECRYPT_ERROR",
    "TLSV1_ALERT_ACCESS_DENIED",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "SSLV3_ALERT_BAD_CERTIFICATE",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
)


class Sealed(Channel):
    """One end of a sealed connection: ciphertext in, plaintext out, and the other way.

    `context` has the keys and what to verify. The client speaks first. `trace` is told how
    many bytes there were before and after.
    """

    private = True

    def __init__(self, context: ssl.SSLContext, *, server: bool, trace: Trace) -> None:
        self.established = False
        self.error: ChannelError | None = None
        self._trace = trace
        # Ciphertext that came and was not opened, and what is to be written. In memory: no
        # call of TLS ever waits, and the connection alone touches the socket.
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=server)
        # The first byte of the peer has come, and was one of TLS.
        self._begun = False
        # Its `close_notify` has come.
        self._closed = False
        # What a peer that speaks in clear is told.
        self._answer = b""
        if not server:
            # The first words of a client answer nothing, so nothing would call for them.
            self._open(self._shake)

    def receive(self, data: bytes) -> bytes:
        """Return the plaintext in these bytes, as far as its records are whole."""
        # Behind its `close_notify` nothing of the peer counts, and nothing is kept.
        if self.error or self._closed or not data:
            return b""
        if not self._begun and not self._begin(data):
            return b""
        self._incoming.write(data)
        # Filled record by record: what was opened before an error still counts.
        pieces: list[bytes] = []
        self._open(lambda: self._read(pieces))
        if self._outgoing.pending > ANSWERS_LIMIT:
            self._fail(Fault.BROKEN, "it asks for new keys without end")
        plain = b"".join(pieces)
        if self._trace is not silent:
            self._trace("~", f"opened {len(data)} bytes: {len(plain)} inside", data)
        return plain

    def seal(self, data: bytes) -> bytes:
        """Return these bytes in records."""
        # All of it is taken at once, in records of RECORD_SIZE and a last one. What an
        # answer to the peer has put there before leaves first, as it must.
        self._tls.write(data)
        sealed = self._outgoing.read()
        if self._trace is not silent:
            self._trace("~", f"sealed {len(data)} bytes: {len(sealed)} outside", b"")
        return sealed

    @property
    def waiting(self) -> bool:  # type: ignore[override]
        """Whether the handshake, an alert or an answer is to be written."""
        return bool(self._answer or self._outgoing.pending)

    def take(self) -> bytes:
        """Return what the handshake, an alert or an answer has to say, once."""
        answer, self._answer = self._answer or self._outgoing.read(), b""
        return answer

    def _begin(self, data: bytes) -> bool:
        """Judge the peer by its first byte; return whether it may speak TLS."""
        first = data[0]
        self._begun = True
        if first in FIRST_OF_TLS:
            return True
        # The first frame of the protocol, in clear, is shorter than 256 bytes.
        if first == 0:
            self._fail(Fault.NO_TICKET, "it uses no ticket")
        elif chr(first) in "HG":
            self._fail(Fault.FOREIGN, "it speaks another language, perhaps HTTP")
        else:
            self._fail(Fault.FOREIGN, "it speaks another language")
        self._answer = refusal(TICKET_NEEDED)
        return False

    def _read(self, pieces: list[bytes]) -> None:
        """Go on with the handshake, then take what was sealed; each piece is a record."""
        if not self.established:
            self._shake()
        tls, incoming = self._tls, self._incoming
        while piece := tls.read(RECORD_SIZE):
            pieces.append(piece)
            # To ask once more and be refused would cost as much as a record.
            if not incoming.pending and not tls.pending():
                return
        self._closed = True  # an empty piece is `close_notify`

    def _shake(self) -> None:
        # Raises while the peer's part is not whole. A server passes this line only when it
        # has verified the client's certificate, its key, and the handshake as a whole.
        self._tls.do_handshake()
        self.established = True
        self._trace("=", f"SEALED by {self._tls.version()}", b"")

    def _open(self, step: Callable[[], None]) -> None:
        """Do a step of TLS, which may have to wait for more bytes, or fail for good."""
        try:
            step()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            reason = error.reason or "UNKNOWN"
            if reason in _STRANGERS:
                self._fail(Fault.WRONG_TICKET, "it does not hold this ticket")
            elif self.established:
                # Whoever can change bytes can cut the connection: that is all it gains.
                self._fail(Fault.BROKEN, f"its bytes were changed on the way ({reason})")
            else:
                self._fail(Fault.FOREIGN, f"it does not speak as a ticket asks ({reason})")

    def _fail(self, fault: Fault, words: str) -> None:
        """Note what is wrong with the peer: nothing of the link is sealed any more."""
        self.error = ChannelError(fault, words)
        self._trace("!", self.error, b"")
        self.established = False
