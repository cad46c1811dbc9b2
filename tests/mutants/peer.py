"""Mistakes in who the peer is."""

from tests.mutants.mutant import CHAT_TESTS, Module, Mutant

MODULE = Module(
    "chatlib/peer.py",
    CHAT_TESTS,
    (
        Mutant(
            "every stranger is our own peer",
            "Peer.expects",
            (
                "self.session.expects(greeting.hello, greeting.seen)",
                "True",
            ),
        ),
        Mutant(
            "a name is shown as the peer has sent it",
            "call",
            ("visible_name(session.peer.name)", "session.peer.name"),
        ),
        Mutant(
            "a peer that calls itself as we do has our name",
            "call",
            ("name.casefold() == own.casefold()", "False"),
        ),
        Mutant(
            "a peer may be called like the person",
            "call",
            ('name.casefold() == "you"', "False"),
        ),
    ),
)
