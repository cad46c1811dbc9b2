"""Mistakes in the journal: the order of writes, files that replace others, failures."""

from tests.mutants.mutant import Module, Mutant

_ORDER = (
    Mutant(
        "an ACK leaves before the journal has what it acknowledges",
        "Journal.note_shown",
        ("self._unsynced = self._unsynced or self._sync", ""),
    ),
    Mutant(
        "a message leaves before the journal has it",
        "Journal.note_sent",
        ("self._unsynced = self._unsynced or self._sync", ""),
    ),
    Mutant(
        "a word about a game leaves before the journal has it",
        "Journal.note_sent",
        ("self._unsynced = True", ""),
    ),
    Mutant(
        "a word of the peer is acknowledged before the journal has it",
        "Journal.note_played",
        ("self._unsynced = True", ""),
    ),
    Mutant(
        "a message follows before the journal has the names of the two",
        "Journal.note_talk",
        ("self.commit()", ""),
    ),
    Mutant(
        "lines are noted only when they are shown",
        "Journal.note_showing",
        ("self._append(records)", ""),
    ),
    Mutant(
        "numbers that the journal had lost are used again after the next restart",
        "Journal.note_talk",
        ("session.sent > past.sent.messages", "False"),
    ),
    Mutant(
        "a line that is kept for later is lost by a power cut",
        "Journal.note_draft",
        ("self.commit()", ""),
    ),
)

_FILES = (
    Mutant(
        "a file is compacted by cutting it off",
        "Journal._make_file",
        (
            "disk.unlink(path)\nnew = _File(disk, self.path, disk.create(path))",
            "disk.unlink(self.path)\nnew = _File(disk, self.path, disk.create(path))",
        ),
    ),
    Mutant(
        "a new file takes the place of the old one before it is on the disk",
        "Journal._make_file",
        ("new.sync()", ""),
    ),
    Mutant(
        "a new file is not locked",
        "Journal._make_file",
        ("disk.lock(new.fd)", ""),
    ),
    Mutant(
        "the names in the folder are left to chance",
        "Journal._put_in_place",
        ("self._disk.sync_folder(self.path)", ""),
    ),
    Mutant(
        "a file grows without an end",
        "Journal._append",
        ("self._file.size > self._limit", "False"),
    ),
    Mutant(
        "a compaction that fails is the end of the journal",
        "Journal._compact",
        ("return", "raise"),
    ),
    Mutant(
        "the journal is left behind after a goodbye",
        "Journal.end",
        ("self._disk.unlink(self.path)", ""),
    ),
    Mutant(
        "the file of another program is removed after a goodbye",
        "Journal.end",
        ("self._file and self._file.is_in_place()", "self._file"),
    ),
    Mutant(
        "a damaged file is lost",
        "Journal._begin",
        ("self._keep_broken(old) if gaps else ''", "''"),
    ),
    Mutant(
        "a damaged file may lose its only name",
        "Journal._keep_broken",
        ("self._disk.sync_folder(name)", ""),
    ),
    Mutant(
        "a damaged file gets a name at every start",
        "Journal._keep_broken",
        ("if not self._disk.is_at(file.fd, name): ...", "continue"),
    ),
)

_FAILURES = (
    Mutant(
        "a sync that has failed is tried again",
        "Journal.commit",
        ("self._fail(error)", "self._unsynced = True"),
    ),
    Mutant(
        "a full disk is told with every line",
        "Journal._fail",
        ("self.failed = True", ""),
    ),
    Mutant(
        "a file that was replaced in the moment of opening is taken",
        "Journal._lock",
        ("file.is_in_place()", "True"),
    ),
    Mutant(
        "a file that others can open is taken",
        "Journal._check_owner",
        ("not self._disk.is_ours(file.fd)", "False"),
    ),
    Mutant(
        "the journal of the other role is taken",
        "_find_key",
        ("first.role != ROLES.index(role)", "False"),
    ),
    Mutant(
        "a wrong ticket makes a sealed journal look damaged",
        "_find_key",
        ("key.check != first.check", "False"),
    ),
    Mutant(
        "a talk whose names are damaged is forgotten",
        "Journal._load",
        ("self._past.has_messages and not self._past.has_talk", "False"),
    ),
)

_SEALING = (
    Mutant(
        "a nonce is repeated in a file",
        "_File.write",
        ("place += len(part)", ""),
        ("self.size = place", "self.size = place + sum(map(len, parts))"),
    ),
    Mutant(
        "a nonce is repeated after a restart",
        "_File.begin",
        ("salt = self._disk.make_salt(SALT_BYTES)", "salt = bytes(SALT_BYTES)"),
    ),
)

MODULE = Module(
    "chatlib/journal.py",
    ("tests/core/test_journal.py", "tests/simulation/test_crashes.py"),
    (*_ORDER, *_FILES, *_FAILURES, *_SEALING),
)
