"""Mistakes in who has the seat when a program starts anew with the ticket."""

from tests.mutants.mutant import Module, Mutant

MODULE = Module(
    "chatd/newstart.py",
    ("tests/programs/test_private.py",),
    (
        Mutant(
            "a second program with the ticket takes the seat of one that lives",
            "NewStart._decide",
            ("alive and not chat.is_searching", "False"),
        ),
        Mutant(
            "a program that stands still keeps the seat",
            "NewStart._was_heard",
            ("old.link.pulse.heard >= asked", "True"),
        ),
        Mutant(
            "who starts anew is not told how many of its lines had arrived",
            "NewStart._replace",
            ("new_start_words(lines)", "TICKET_IN_USE"),
        ),
    ),
)
