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
            "_check_length",
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
        Mutant(
            "the length of a HELLO is judged before its version",
            "check_opening",
            (
                """
                magic, version = OPENING.unpack_from(body)
                """,
                """
                magic, version = OPENING.unpack_from(body)
                _check_length("HELLO", length, HELLO_LENGTHS)
                """,
            ),
        ),
        Mutant(
            "the version of a HELLO is judged before its magic",
            "check_opening",
            ("magic != MAGIC", "magic != MAGIC and version == VERSION"),
        ),
        Mutant(
            "a HELLO of this version may have any length",
            "check_opening",
            ('_check_length("HELLO", length, HELLO_LENGTHS)', ""),
        ),
        Mutant(
            "a HELLO may be too short for its version",
            "",
            ("range(OPENING.size, TEXT_LIMIT + 1)", "range(0, TEXT_LIMIT + 1)"),
        ),
        Mutant(
            "a seat is kept for a number of any form",
            "_number_in",
            ("write(int(digits)) == words", "True"),
        ),
        Mutant(
            "a seat is kept for any number of seconds",
            "_number_in",
            ("len(digits) > SEAT_DIGITS", "False"),
        ),
        Mutant(
            "a seat is kept for more seconds than the form has room for",
            "busy_words",
            ("min(seconds, 10**SEAT_DIGITS - 1)", "seconds"),
        ),
        Mutant(
            "digits of other scripts count as seconds",
            "_number_in",
            ("digits.isascii()", "True"),
        ),
    ),
)
