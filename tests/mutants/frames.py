"""Mistakes in the frames: headers, limits, texts."""

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
            "an empty message is sent",
            "encode_text",
            ("if not body: ...", ""),
        ),
        Mutant(
            "a message over the limit is sent",
            "encode_text",
            ("if len(body) > limit: ...", ""),
        ),
        Mutant(
            "text that is not valid Unicode raises an error of Python",
            "encode_text",
            ("UnicodeEncodeError", "UnicodeDecodeError"),
        ),
        Mutant(
            "a name that is not UTF-8 is repaired",
            "decode",
            ("body.decode()", 'body.decode("utf-8", "replace")'),
        ),
    ),
)
