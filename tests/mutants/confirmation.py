"""Mistakes in the watch on what is not confirmed."""

from tests.mutants.mutant import CHAT_TESTS, Module, Mutant

MODULE = Module(
    "chatlib/confirmation.py",
    CHAT_TESTS,
    (
        Mutant(
            "a line that was late is never delivered",
            "Confirmation.note",
            ("self.late or (session.kept and not self.watching)", "session.kept"),
        ),
    ),
)
