"""Mistakes at the door: which client gets the seat, and what strangers may write."""

from tests.mutants.mutant import Module, Mutant

MODULE = Module(
    "chatd/listener.py",
    ("tests/programs/test_listener.py",),
    (
        Mutant(
            "an older connection of a client displaces a newer one",
            "Listener._let_back",
            (
                "self._seated > number or is_abandoned(connection)",
                "is_abandoned(connection)",
            ),
        ),
        Mutant(
            "a connection that its client has closed is taken",
            "Listener._let_back",
            ("self._seated > number or is_abandoned(connection)", "self._seated > number"),
        ),
        Mutant(
            "of several connections of a client the first one is taken",
            "Listener._let_back",
            ("other.read()", "pass"),
        ),
        Mutant(
            "a client that has gone already is announced",
            "Listener._seat",
            ("is_abandoned(connection)", "False"),
        ),
        Mutant(
            "of the connections that wait one is accepted in each turn",
            "Listener._accept",
            ("self._accept_one(sock) and len(self._strangers) < STRANGERS_LIMIT", "not 1"),
        ),
        Mutant(
            "a HELLO that waits to be read is closed unread",
            "Listener._make_room",
            ("next(iter(self._strangers)).read()", "pass"),
        ),
        Mutant(
            "our talk with an impossible number is told busy",
            "Listener._answer",
            ("chat.knows(greeting)", "False"),
        ),
        Mutant(
            "a client that was given up is seated as a new one",
            "Listener._answer",
            ("greeting.hello.session not in self._ended", "True"),
        ),
        Mutant(
            "each stranger that was refused is shown",
            "Listener._report",
            ("self._refusals.add()", "1"),
        ),
        Mutant(
            "each client that says nothing is announced",
            "Listener._seat",
            ("self._clients.add()", "1"),
        ),
        Mutant(
            "a crowd during a talk is reported one by one",
            "Listener._refuse",
            ("not self._person_knows", "True"),
        ),
    ),
)
