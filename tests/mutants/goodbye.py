"""Mistakes in how a talk ends."""

from tests.mutants.mutant import CHAT_TESTS, Module, Mutant

MODULE = Module(
    "chatlib/goodbye.py",
    CHAT_TESTS,
    (
        Mutant(
            "an unacknowledged message is not listed at the end",
            "Goodbye.report",
            ('list_lines(self._terminal.notify, "Not confirmed", lost)', "pass"),
        ),
        Mutant(
            "a goodbye after which messages were not acknowledged counts as one",
            "Goodbye.report",
            ("lost and code is Exit.GOODBYE", "False"),
        ),
        Mutant(
            "a client that refuses our HELLO ends the program",
            "Goodbye.is_refused",
            (
                "closed and self._verdict is not None and self._verdict[1] is Exit.LOST",
                "False",
            ),
        ),
        Mutant(
            "a client that breaks a rule at once is forgotten",
            "Goodbye.is_refused",
            (
                "closed and self._verdict is not None and self._verdict[1] is Exit.LOST",
                "self._verdict is not None and self._verdict[1] is Exit.LOST",
            ),
        ),
        Mutant(
            "our goodbye is forgotten with a client that has said nothing",
            "Goodbye.is_nothing_said",
            (
                "not self._peer.session.has_messages and self.farewell is None",
                "not self._peer.session.has_messages",
            ),
            tests=(
                "tests/programs/test_listener.py::"
                "test_our_own_goodbye_before_the_first_message_is_not_forgotten",
            ),
        ),
        Mutant(
            "the time of the peer's goodbye begins again when it is lost",
            "Goodbye.hear",
            ("self._limit()", "pass"),
        ),
    ),
)
