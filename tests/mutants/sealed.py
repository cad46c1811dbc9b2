"""Mistakes in the channel of who uses a ticket."""

from tests.mutants.mutant import Module, Mutant

MODULE = Module(
    "chatlib/sealed.py",
    ("tests/core/test_sealed.py", "tests/core/test_sealed_connection.py"),
    (
        Mutant(
            "the handshake counts as over before the client is verified",
            "Sealed._shake",
            (
                "self._tls.do_handshake()\nself.established = True",
                "self.established = True\nself._tls.do_handshake()",
            ),
        ),
        Mutant(
            "who speaks in clear is believed",
            "Sealed._begin",
            ("first in FIRST_OF_TLS", "True"),
        ),
        Mutant(
            "who speaks in clear is not told why it is refused",
            "Sealed._begin",
            ("self._answer = refusal(TICKET_NEEDED)", ""),
        ),
        Mutant(
            "of several records in one read the first is taken",
            "Sealed._read",
            ("not incoming.pending and not tls.pending()", "True"),
        ),
        Mutant(
            "records behind one that was changed are read",
            "Sealed.receive",
            ("self.error or self._closed or not data", "self._closed or not data"),
        ),
        Mutant(
            "a peer that asks for keys without end fills our memory",
            "Sealed.receive",
            ("self._outgoing.pending > ANSWERS_LIMIT", "False"),
        ),
        Mutant(
            "a stranger counts as a fault on the way, and is tried again",
            "Sealed._open",
            ("reason in _STRANGERS", "False"),
        ),
        Mutant(
            "lines are sealed after the channel has failed",
            "Sealed._fail",
            ("self.established = False", ""),
        ),
    ),
)
