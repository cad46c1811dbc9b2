"""Mistakes in the plain terminal: lines in, lines out."""

from tests.mutants.mutant import TERMINAL_TESTS, Module, Mutant

_LINES_IN = (
    Mutant(
        "lines are passed on although none is wanted",
        "Plain._pass_on",
        ("self._accepting and self._lines", "self._lines"),
    ),
    Mutant(
        "lines that one callback has left are not passed on again",
        "Plain._pass_on",
        (
            "while self._accepting and self._lines: ...",
            "if self._accepting and self._lines: ...",
        ),
    ),
    Mutant(
        "a read drops the piece of a line before it",
        "LineBuffer.feed",
        ("if lines and self.held: ...", "self.held.clear()"),
    ),
    Mutant(
        "a read without a line end drops the piece before it",
        "LineBuffer.feed",
        ("if rest: ...", "if rest: self.held[:] = rest"),
    ),
    Mutant(
        "a line may be over the limit",
        "LineBuffer._hold",
        ("piece[:room]", "piece"),
    ),
    Mutant(
        "the bytes over the limit are not counted",
        "LineBuffer._hold",
        ("self._over += len(piece[room:])", ""),
    ),
    Mutant(
        "the next line over the limit counts the lost bytes of the one before, too",
        "LineBuffer._release",
        ("self._over = 0", ""),
    ),
    Mutant(
        "the lines of the next read count the lost bytes of the one before",
        "LineBuffer.feed",
        ("self.lost = 0", ""),
    ),
    Mutant(
        "every line of a read counts the lost bytes of the first",
        "Plain._queue_lines",
        ("lost = 0", ""),
    ),
    Mutant(
        "a line overtakes the lines that wait",
        "Plain._queue_lines",
        ("self._lines.append", "self._lines.appendleft"),
    ),
    Mutant(
        "a line keeps the carriage return of Windows",
        "Plain._queue_lines",
        ('line.removesuffix(b"\\r")', "line"),
    ),
    Mutant(
        "the last line is lost if it has no line end",
        "Plain._queue_lines",
        (
            "self._buffer.feed(data) if data else self._buffer.finish()",
            "self._buffer.feed(data)",
        ),
    ),
    Mutant(
        "the end of a pipe is reported before lines are wanted",
        "Plain._pass_on",
        ("self._accepting and not self._end_reported", "not self._end_reported"),
    ),
    Mutant(
        "the end of the input is reported twice",
        "Plain._pass_on",
        ("self._accepting and not self._end_reported", "self._accepting"),
    ),
    Mutant(
        "a pipe is read although no line is wanted",
        "Plain._watch_input",
        ("self._accepting and not self._at_end", "not self._at_end"),
    ),
    Mutant(
        "a person is not heard while it is the peer's turn",
        "Plain.refresh",
        ("accepting = True", ""),
    ),
)

_LINES_OUT = (
    Mutant(
        "only the first message of a run has a name",
        "Plain._write_lines",
        ('f"\\n{prefix}"', '"\\n"'),
    ),
    Mutant(
        "only the first message of a run has a time",
        "Plain._write_lines",
        (
            'prefix = f"{streams.stamp()}{prefix}"',
            'first = f"{first}{streams.stamp()}"',
        ),
    ),
    Mutant(
        "messages are shown with their control characters",
        "Plain._write_lines",
        (
            'texts if is_shown_as_is("".join(texts)) else map(visible, texts)',
            "texts",
        ),
    ),
    Mutant(
        "only the last message of a run is searched for control characters",
        "Plain._write_lines",
        ('"".join(texts)', "texts[-1]"),
    ),
    Mutant(
        "a name is shown with its control characters",
        "_prefix",
        ("visible(speaker)", "speaker"),
    ),
    Mutant(
        "a message is written behind the prompt",
        "Plain._write_lines",
        ('"\\n" if self._prompt_open else ""', '""'),
    ),
    Mutant(
        "after a notice the prompt is gone",
        "Plain.notify",
        ("self._show_prompt()", ""),
    ),
    Mutant(
        "a prompt is written behind a line that waits to be read",
        "Plain._show_prompt",
        ("not self._has_input()", "True"),
    ),
)

MODULE = Module("chatlib/terminal/plain.py", TERMINAL_TESTS, (*_LINES_IN, *_LINES_OUT))
