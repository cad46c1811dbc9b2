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
            ("start >= end", "start >= end or 0 < start"),
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
            ("_HeaderCache(first_kinds)", "_HeaderCache(Kind)"),
        ),
        Mutant(
            "every frame must be of a kind that may come first",
            "_HeaderCache.__missing__",
            ("self._lengths = _LATER_LENGTHS", ""),
        ),
        Mutant(
            "an unfinished frame is parsed again at every byte",
            "FrameReader.feed",
            ("size if start <= last else _SIZE", "0"),
        ),
        Mutant(
            "a header is cached without a check",
            "_HeaderCache.__missing__",
            ("check_header(length, kind, flags, self._lengths)", ""),
        ),
        Mutant(
            "a header is cached before the check",
            "_HeaderCache.__missing__",
            (
                """
                check_header(length, kind, flags, self._lengths)
                self._lengths = _LATER_LENGTHS
                found = Kind(kind), _NEVER if kind == _HELLO else _SIZE + length
                """,
                """
                found = Kind(kind) if kind in list(Kind) else kind, _SIZE + length
                self[start] = found
                check_header(length, kind, flags, self._lengths)
                self._lengths = _LATER_LENGTHS
                """,
            ),
        ),
        Mutant(
            "a header passes because it was cached with other flags",
            "FrameReader.feed",
            (
                "headers[word]",
                "headers[word & ~1] if word & ~1 in headers else headers[word]",
            ),
        ),
        Mutant(
            "every header is cached, however long its body",
            "_HeaderCache.__missing__",
            ("length <= CACHED_LENGTH_LIMIT or kind == _HELLO", "True"),
        ),
        Mutant(
            "a HELLO is judged only when it is whole",
            "FrameReader._feed_hello",
            ("end >= _OPENED", "end >= size"),
        ),
        Mutant(
            "a HELLO is judged before its version is there",
            "FrameReader._feed_hello",
            ("size if opened else _OPENED", "size"),
        ),
        Mutant(
            "a HELLO may come twice",
            "FrameReader._feed_hello",
            ("self._headers.clear()", ""),
        ),
        Mutant(
            "the bytes behind a HELLO are dropped",
            "FrameReader._feed_hello",
            ("self.feed(data[size:])", ""),
        ),
        Mutant(
            "the end of the stream in a HELLO expects its opening only",
            "FrameReader._feed_hello",
            ("self._needed = size", "self._needed = _OPENED"),
        ),
    ),
)
