"""Mistakes by which a ticket would be seen by others."""

from tests.mutants.mutant import Module, Mutant

MODULE = Module(
    "chatlib/ticket.py",
    ("tests/core/test_ticket.py",),
    (
        Mutant(
            "a log or a traceback that shows a ticket shows its secret",
            "Ticket",
            ("field(repr=False)", "field()"),
        ),
    ),
)
