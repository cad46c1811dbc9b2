"""Mistakes in the frame reader."""

from tests.mutants.mutant import FRAME_TESTS, Module, Mutant

MODULE = Module(
    "chatlib/protocol/reader.py",
    FRAME_TESTS,
    (
        Mutant(
            "a header is read before it is whole",
            "FrameReader.feed",
            ("while start <= last: ...", "while start <= last + 1: ..."),
        ),
        Mutant(
            "a body counts as whole a byte too early",
            "FrameReader.feed",
            ("after > end", "after > end + 1"),
        ),
        Mutant(
            "the bytes behind a whole frame are dropped",
            "FrameReader.feed",
            ("start < end", "0 == start < end"),
        ),
        Mutant(
            "the reader goes on after an error",
            "FrameReader.feed",
            ("if self.error: return", ""),
        ),
        Mutant(
            "the bytes behind an error are stored",
            "FrameReader.feed",
            ("self.error = error; return", "self.error = error"),
        ),
        Mutant(
            "the first frame may be of any kind",
            "FrameReader.__init__",
            ("_Known(first)", "_Known(Kind)"),
        ),
        Mutant(
            "every frame must be of a kind that may come first",
            "_Known.__missing__",
            ("self._lengths = LENGTHS", ""),
        ),
        Mutant(
            "an unfinished frame is parsed again at every byte",
            "FrameReader.feed",
            ("size if start <= last else _SIZE", "0"),
        ),
        Mutant(
            "a header is remembered without a check",
            "_Known.__missing__",
            ("check_header(length, kind, flags, self._lengths)", ""),
        ),
        Mutant(
            "a header is remembered before the check",
            "_Known.__missing__",
            (
                """
                check_header(length, kind, flags, self._lengths)
                self._lengths = LENGTHS
                found = Kind(kind), _SIZE + length
                """,
                """
                found = Kind(kind) if kind in list(Kind) else kind, _SIZE + length
                self[start] = found
                check_header(length, kind, flags, self._lengths)
                self._lengths = LENGTHS
                """,
            ),
        ),
        Mutant(
            "a header passes because it was remembered with other flags",
            "FrameReader.feed",
            ("known[word]", "known[word & ~1] if word & ~1 in known else known[word]"),
        ),
        Mutant(
            "every header is remembered, however long its body",
            "_Known.__missing__",
            ("length <= REMEMBERED", "True"),
        ),
    ),
)
