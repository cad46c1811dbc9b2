"""Mistakes in what a restart makes of a journal."""

from tests.mutants.mutant import Module, Mutant

MODULE = Module(
    "chatlib/past.py",
    (
        "tests/core/test_past.py",
        "tests/core/test_journal.py",
        "tests/simulation/test_crashes.py",
    ),
    (
        Mutant(
            "a line that was about to be shown counts as shown",
            "Past.add_message",
            (
                "if not is_line: self.shown = self.showing",
                "self.shown = self.showing",
            ),
        ),
        Mutant(
            "a line that was perhaps shown is not marked",
            "Past.settle",
            (
                "self.uncertain = self.showing.messages",
                "self.uncertain = self.shown.messages",
            ),
        ),
        Mutant(
            "after a power cut the journal is believed to be whole",
            "Past.settle",
            ("boot and boot == self.boot", "True"),
        ),
        Mutant(
            "a program that has ended in order counts as killed",
            "Past.settle",
            ("self.stopped or not self.boot", "not self.boot"),
        ),
        Mutant(
            "the number of a line that was lost is left out",
            "Past._fill_holes",
            ("whole.extend(_fill(last, Count(number - 1, max(before, last.texts))))", ""),
        ),
        Mutant(
            "lines that come again are shown among the old ones, too",
            "Past.settle",
            ("self.history = deque(seen, HISTORY)", ""),
        ),
        Mutant(
            "what is not confirmed is left out when a file is compacted",
            "Past.records",
            ("for note, line in self.kept: ...", ""),
        ),
        Mutant(
            "lines are counted twice when a file is compacted",
            "Past.records",
            ("make_record(Note.TEXT, PAST, line)", "make_record(Note.TEXT, 0, line)"),
        ),
    ),
)
