"""Mistakes in the plain terminal: lines in, lines out."""

from tests.mutants.mutant import TERMINAL_TESTS, Module, Mutant

_LINES_IN = (
    Mutant(
        "lines are passed on although none is wanted",
        "Plain._deliver",
        ("self._listening and self._lines", "self._lines"),
    ),
    Mutant(
        "a read of whole lines drops the piece before it",
        "LineBuffer.feed",
        ("not self.held", "True"),
    ),
    Mutant(
        "a line in a read of whole lines may be over the limit",
        "LineBuffer.feed",
        ("len(data) <= LINE_LIMIT", "True"),
    ),
    Mutant(
        "a read of a single line drops the piece before it",
        "Plain._readable",
        ("not self._buffer.held", "True"),
    ),
    Mutant(
        "a single line overtakes the lines that wait",
        "Plain._readable",
        ("not self._lines", "True"),
    ),
    Mutant(
        "a single line keeps the carriage return of Windows",
        "Plain._readable",
        ('line.removesuffix(b"\\r")', "line"),
    ),
)

_LINES_OUT = (
    Mutant(
        "only the first message of a run has a name",
        "Plain.message",
        ('f"\\n{before}"', '"\\n"'),
    ),
    Mutant(
        "only the first message of a run has a time",
        "Plain.message",
        (
            'before = f"{streams.stamp()}{before}"',
            'before, lead = _label(speaker), f"{lead}{streams.stamp()}"',
        ),
    ),
    Mutant(
        "a run is shown with its control characters",
        "Plain.message",
        ('texts if is_plain("".join(texts)) else map(visible, texts)', "texts"),
    ),
    Mutant(
        "only the last message of a run is searched for control characters",
        "Plain.message",
        ('"".join(texts)', "texts[-1]"),
    ),
)

MODULE = Module("chatlib/terminal/plain.py", TERMINAL_TESTS, (*_LINES_IN, *_LINES_OUT))
