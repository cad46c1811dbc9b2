"""Mistakes in the records of a journal: checksums, torn tails, what is found again."""

from tests.mutants.mutant import Module, Mutant

MODULE = Module(
    "chatlib/record.py",
    ("tests/core/test_record.py", "tests/core/test_journal.py"),
    (
        Mutant(
            "no checksum is looked at",
            "Coder._read",
            ("CHECKSUM.unpack_from(data, end)[0] != checksum", "False"),
        ),
        Mutant(
            "a torn tail is accepted",
            "Coder.decode",
            ("yield Gap(start, place)", ""),
        ),
        Mutant(
            "what is behind a damaged record is not looked for",
            "Coder._find",
            ("while match := _LIKELY.search(data, place + 2): ...", ""),
        ),
        Mutant(
            "a record is whole although its checksum is not",
            "Coder._read",
            ("end + CHECKSUM.size > len(data)", "end > len(data)"),
        ),
        Mutant(
            "a record is taken from another place of the file",
            "Coder._read",
            ("self._seed ^ place", "self._seed"),
        ),
        Mutant(
            "a record is taken from another file",
            "Coder.__init__",
            ("crc32(salt)", "0"),
        ),
        Mutant(
            "the header of a sealed record can be changed",
            "Coder._read",
            ("if self._key: ...", "if self._key: body = self._key._aead and b''"),
        ),
        Mutant(
            "a first record that is damaged is believed",
            "read_first",
            ("first.encode() == data[:FIRST_SIZE]", "True"),
        ),
    ),
)
