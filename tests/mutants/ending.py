"""Mistakes in the sentences about how a talk ended."""

from tests.mutants.mutant import Module, Mutant

MODULE = Module(
    "chatlib/ending.py",
    ("tests/core/test_ending.py",),
    (
        Mutant(
            "words that only begin like those of a program are translated",
            "explain_stop",
            ("re.fullmatch(_STOPPED, words)", "re.match(_STOPPED, words)"),
        ),
        Mutant(
            "one message is several",
            "describe_delivery",
            ('"was" if lost == 1 else "were"', '"were"'),
        ),
    ),
)
