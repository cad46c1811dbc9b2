"""Mistakes in the program: one chat after the other, the exit code."""

from tests.mutants.mutant import PROGRAM_TESTS, Module, Mutant

MODULE = Module(
    "chatlib/program.py",
    PROGRAM_TESTS,
    (
        Mutant(
            "a chat after --again remembers the last talk's lines",
            "Program.end_talk",
            ("self.new_chat()", ""),
        ),
        Mutant(
            "with --again the program goes on although the person has left",
            "Program.end_talk",
            ("self.again and not by_us", "self.again"),
        ),
        Mutant(
            "lines that were never sent cost a script nothing",
            "Program.end_talk",
            ("bool(lines or more) and not self.terminal.interactive", "False"),
        ),
    ),
)
