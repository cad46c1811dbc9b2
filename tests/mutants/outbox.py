"""Mistakes in what is sent, kept for later, or given back."""

from tests.mutants.mutant import CHAT_TESTS, Module, Mutant

MODULE = Module(
    "chatlib/outbox.py",
    CHAT_TESTS,
    (
        Mutant(
            "one of the typed lines is sent twice",
            "Outbox.send",
            ("range(count)", "range(count - 1)"),
        ),
        Mutant(
            "typed lines beyond what was sent are taken off",
            "Outbox.send",
            ("range(count)", "range(len(lines))"),
        ),
        Mutant(
            "a text that cannot be sent now is refused",
            "Outbox._explain",
            ("self._peer.has_turn()", "True"),
        ),
        Mutant(
            "a person who leaves is told that a text was not sent for that reason",
            "Outbox._explain",
            (
                "self._peer.has_turn()",
                "self._peer.has_turn() and not self._goodbye.is_leaving",
            ),
        ),
        Mutant(
            "any number of lines is kept for later",
            "Outbox.keep",
            ("len(self.drafts) == DRAFTS_LIMIT", "False"),
        ),
        Mutant(
            "the first line that is kept is taken back, and not the last",
            "Outbox.unsend",
            ("self.drafts.pop()", "self.drafts.popleft()"),
        ),
        Mutant(
            "a line that is sent later is not echoed",
            "Outbox.send_drafts",
            ("self._terminal.show_own(text)", ""),
        ),
        Mutant(
            "a line that was never sent is not listed at the end",
            "Outbox.report",
            (
                'list_lines(self._terminal.notify, "Never sent", self.drafts)',
                "pass",
            ),
        ),
    ),
)
