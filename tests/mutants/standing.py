"""Mistakes in the words for how a talk stands."""

from tests.mutants.mutant import Module, Mutant

MODULE = Module(
    "chatlib/standing.py",
    ("tests/core/test_standing.py",),
    (
        Mutant(
            "a silence is shown while the answer to a PING is not overdue",
            "_describe_silence",
            ("silence > PING_SECONDS + WORRY_SECONDS / 2", "True"),
        ),
        Mutant(
            "a silence is shown although the peer was heard",
            "_describe_silence",
            ("overdue and connection.link.pulse.is_worrying", "overdue or True"),
        ),
        Mutant(
            "a line on its way is shown as not confirmed at once",
            "Standing._describe_lines",
            ("(self.confirmation.late or view.lost or view.leaving)", "True"),
        ),
        Mutant(
            "a game is shown to a person who leaves",
            "Standing.describe",
            ("view.leaving", "False"),
        ),
    ),
)
