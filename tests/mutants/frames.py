"""Mistakes in the frames, one by one and in a run."""

from tests.mutants.mutant import FRAME_TESTS, Module, Mutant

MODULE = Module(
    "chatlib/protocol/frames.py",
    FRAME_TESTS,
    (
        Mutant(
            "a header may have flags",
            "check_header",
            ("if flags: ...", "if False: ..."),
        ),
        Mutant(
            "a body may have any length",
            "check_header",
            ("length not in allowed", "False"),
        ),
        Mutant(
            "the limit of a message counts characters, not bytes",
            "encode_text",
            ("len(body) > limit", "len(text) > limit"),
        ),
        Mutant(
            "numbers are little endian",
            "",
            ('Struct("!HBBI")', 'Struct("<HBBI")'),
        ),
        Mutant(
            "all frames of a run have the number of the first",
            "encode_run",
            ("count(number)", "repeat(number)"),
        ),
        Mutant(
            "all frames of a run have the length of the first",
            "encode_run",
            ("map(len, bodies)", "repeat(len(bodies[0]) if bodies else 0)"),
        ),
        Mutant(
            "all frames of a run are TEXT",
            "encode_run",
            ("kinds", "repeat(Kind.TEXT, len(bodies))"),
        ),
        Mutant(
            "a name that is not UTF-8 is repaired",
            "decode",
            ("body.decode()", 'body.decode("utf-8", "replace")'),
        ),
    ),
)
