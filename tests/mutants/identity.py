"""Mistakes in what the two ends of a private talk demand of each other."""

from tests.mutants.mutant import Module, Mutant

MODULE = Module(
    "chatlib/identity.py",
    ("tests/core/test_sealed.py", "tests/core/test_identity.py"),
    (
        Mutant(
            "nobody is verified",
            "make_context",
            ("ssl.CERT_REQUIRED", "ssl.CERT_NONE"),
        ),
        Mutant(
            "only the server verifies",
            "make_context",
            ("ssl.CERT_REQUIRED", "ssl.CERT_REQUIRED if server else ssl.CERT_NONE"),
        ),
        Mutant(
            "only the client verifies",
            "make_context",
            ("ssl.CERT_REQUIRED", "ssl.CERT_NONE if server else ssl.CERT_REQUIRED"),
        ),
        Mutant(
            "an older TLS is accepted",
            "make_context",
            ("context.minimum_version = ssl.TLSVersion.TLSv1_3", ""),
        ),
        Mutant(
            "a connection may be resumed",
            "make_context",
            ("context.num_tickets = 0", ""),
        ),
        Mutant(
            "both ends have the same key",
            "_make_end",
            ('f"chat1 {role}"', '"chat1"'),
        ),
    ),
)
