"""The journal: a file from which a program goes on with its talk after it has died.

Each `note_...` method appends to the file what has happened or is about to, with one
`write`. That is enough for a program that is killed. `commit` is called before any bytes
are handed to the channel; where a power cut is to be outlasted, too, it waits for the disk.
So nothing is sent, neither a message nor an ACK, that the journal does not have.

    our message        note_sent, commit, the channel
    a message of the   note_showing, the screen, note_shown, commit, the channel (its ACK)
    peer

A file is made for every start of the program, beside the one before, and takes its place;
the same is done when it has grown. Nothing is ever written into the middle of a file, and
none is cut off or removed before another has all that it contained.

When the journal cannot be written, the person is told once, and the talk goes on without.
`docs/journal.md` describes the format, and what each failure gets.
"""

import errno
import os
from collections.abc import Callable, Iterable, Sequence

from chatlib.cipher import CHECK_BYTES, SALT_BYTES, Cipher, Key
from chatlib.disk import Disk
from chatlib.errors import ChatError, Exit, describe
from chatlib.past import STAMP, STATE, TIME, Line, Past, make_record
from chatlib.protocol.frames import Bye, Kind
from chatlib.protocol.session import Message, Session
from chatlib.record import (
    DRAFTED,
    ROLES,
    THEIRS,
    VERSION,
    Coder,
    First,
    Gap,
    Note,
    Record,
    find_version,
    read_first,
)

GROWTH = 1 << 20
"""Bytes by which a file may grow before a shorter one takes its place."""

READ_LIMIT = 1 << 26
"""Bytes of the longest file that is read; none that this code writes is as long."""

BROKEN_LIMIT = 1000
"""How many damaged files are kept beside each other."""

NEW, BROKEN = ".new", ".broken"
"""What is put behind the name of the file for one that is to take its place, and for one
that was damaged."""

TRIES = 10
"""How often a file is opened that is replaced by another one in the same moment."""

_NO_CHECK = bytes(CHECK_BYTES)

_REASONS = {
    errno.ENOENT: "its folder is not there; make it, or name another one",
    errno.ENOTDIR: "its folder is a file; name another one",
    errno.EISDIR: "that is a folder; name a file in it",
    errno.ELOOP: "that is a symbolic link; name the file itself",
    errno.EINVAL: "that is not a regular file; name another one",
    errno.EACCES: "you may not write there",
    errno.EROFS: "nothing can be written there, it is read-only",
    errno.ENOSPC: "the disk is full",
}
"""What an error means, and what to do, where the system's own words do not say it."""


class JournalError(ChatError):
    """The journal cannot be used; its file is as it was."""

    code = Exit.START


class _File:
    """One file of a journal, open and locked, which is only ever appended to."""

    def __init__(self, disk: Disk, path: str, fd: int) -> None:
        self.fd = fd
        self.size = 0
        self._disk = disk
        self._path = path
        self._coder = Coder(b"", None)

    def begin(self, role: str, cipher: Cipher | None) -> None:
        """Write the first record, with a salt of its own, and so with a key of its own."""
        salt = self._disk.make_salt(SALT_BYTES)
        key = cipher.derive(salt, role) if cipher else None
        check = key.check if key else _NO_CHECK
        first = First(VERSION, ROLES.index(role), key is not None, salt, check).encode()
        self._coder, self.size = Coder(salt, key), len(first)
        self._write_whole(first)

    def write(self, records: Iterable[Record]) -> None:
        """Append records with one call of the system. Raises OSError."""
        parts, place = list[bytes](), self.size
        for record in records:
            part = self._coder.encode(place, record)
            parts.append(part)
            place += len(part)
        # Before it is written: should that fail, no other record is sealed under the place.
        self.size = place
        self._write_whole(b"".join(parts))

    def _write_whole(self, data: bytes) -> None:
        while data:
            data = data[self._disk.write(self.fd, data) :]

    def sync(self) -> None:
        """Wait until what was written outlasts a power cut. Raises OSError."""
        self._disk.sync(self.fd)

    def is_in_place(self) -> bool:
        """Return whether the path leads to this file. Raises OSError."""
        return self._disk.is_at(self.fd, self._path)

    def close(self) -> None:
        """Close the file, and release its lock."""
        self._disk.close(self.fd)


class Journal:
    """The journal of one program, from its start to its end.

    `role` is "server" or "client", and `warn` is called with a sentence for the person.
    With `sync` nothing is lost by a power cut either. With a `cipher` the records are
    sealed. No method but `open` raises an error.
    """

    def __init__(
        self,
        path: str,
        role: str,
        warn: Callable[[str], None],
        sync: bool,
        cipher: Cipher | None,
        disk: Disk,
    ) -> None:
        self.path = path
        # Nothing is written any more: a write has failed, or the journal was closed.
        self.failed = False
        self._role = role
        self._warn = warn
        self._sync = sync
        self._cipher = cipher
        self._disk = disk
        self._past = Past()
        # None before the start and after the end.
        self._file: _File | None = None
        # The size at which a shorter file takes the place of this one.
        self._limit = 0
        # Something was written that must be on the disk before anything is sent.
        self._unsynced = False

    @classmethod
    def open(
        cls,
        path: str,
        role: str,
        *,
        warn: Callable[[str], None],
        sync: bool = False,
        cipher: Cipher | None = None,
        disk: Disk | None = None,
    ) -> tuple["Journal", Past]:
        """Open the file, or make it; return the journal, and what it contains.

        Raises JournalError, and then leaves the file as it is. What is damaged in a file
        is told with `warn`, and the file is kept beside the new one.
        """
        journal = cls(path, role, warn, sync, cipher, disk or Disk())
        try:
            journal._begin()
        except (OSError, ValueError) as error:  # ValueError: the path has a null byte
            journal._release()
            raise JournalError(f"the journal {path}: {_explain(error)}") from None
        except JournalError:
            journal._release()
            raise
        return journal, journal._past

    # What has happened, or is about to.

    def note_talk(self, session: Session) -> None:
        """Note who talks in which mode, when both have said HELLO; before ours is sent."""
        assert session.peer
        past, when = self._past, self._disk.now()
        ours = session.hello._replace(session=session.peer.session, mode=session.mode)
        theirs = session.peer._replace(mode=session.mode)
        records: list[Record] = [(Note.TIME, 0, 0, TIME.pack(when))]
        if (ours, theirs) != (past.hello, past.peer):
            records.append((Note.HELLO, 0, 0, ours.encode()))
            records.append((Note.HELLO, THEIRS, 0, theirs.encode()))
            self._unsynced = True
        if session.sent > past.sent.messages:
            # The peer has shown messages that the journal had lost.
            sent = session.sent, session.texts_sent
            counts = (*sent, *sent, *past.shown, *past.showing)
            records.append((Note.STATE, 0, 0, STATE.pack(*counts)))
        self._note(records)
        # Without the names of the two, what follows in the file would be of no use.
        self.commit()

    def note_sent(self, messages: Sequence[Message], drafts: int = 0) -> None:
        """Note messages of ours that have a number and are about to be sent.

        The first `drafts` of them were the oldest drafts.
        """
        # How many lines there were is stored with each message. So whose turn it is can be
        # found out although records before it are damaged.
        texts, when = self._past.sent.texts, self._disk.now()
        records = []
        for at, (kind, number, body) in enumerate(messages):
            if kind is Kind.TEXT:
                texts += 1
            else:
                # A board cannot be made again without one of the words about it.
                self._unsynced = True
            flags = DRAFTED if at < drafts else 0
            line = Line(True, number, texts, when, body)
            self._past.add_message(kind, flags, line)
            records.append(make_record(kind, flags, line))
        self._unsynced = self._unsynced or self._sync
        self._append(records)

    def note_showing(self, number: int, texts: Sequence[str]) -> None:
        """Note lines of the peer that are about to be shown; `number` is the last one's."""
        # The text goes before the screen, and a short record behind it. A program that
        # dies between the two knows at its next start that it does not know.
        lines, when = self._past.showing.texts, self._disk.now()
        records = []
        for at, text in enumerate(texts, 1):
            which = number - len(texts) + at
            line = Line(False, which, lines + at, when, text.encode("utf-8", "replace"))
            self._past.add_message(Note.TEXT, 0, line)
            records.append(make_record(Note.TEXT, 0, line))
        self._append(records)

    def note_shown(self, number: int) -> None:
        """Note that the lines of the peer up to `number` are on the screen."""
        count = self._past.count_shown(number)
        self._unsynced = self._unsynced or self._sync
        self._note([(Note.ACK, 0, number, STAMP.pack(count.texts, 0.0))])

    def note_played(self, number: int, words: str) -> None:
        """Note words of the peer about a game, before the game is told of them.

        What the game answers is noted after them. An answer that is missing is found when
        the game is played again from its words.
        """
        # One record and not two: were the words noted as handled only after the answer, a
        # program that dies between the two would answer them twice.
        texts, when = self._past.showing.texts, self._disk.now()
        line = Line(False, number, texts, when, words.encode("utf-8", "replace"))
        self._past.add_message(Note.GAME, 0, line)
        self._unsynced = True  # see `note_sent`
        self._append([make_record(Note.GAME, 0, line)])

    def note_aside(self, words: str) -> None:
        """Note words about a game that only this side may know; before others of it."""
        self._note([(Note.ASIDE, 0, 0, words.encode("utf-8", "replace"))])

    def note_cleared(self) -> None:
        """Note that no game is on: the words before this are needed no more."""
        self._note([(Note.CLEARED, 0, 0, b"")])

    def note_draft(self, text: str) -> None:
        """Note a line that was typed before its time."""
        self._note([(Note.DRAFT, 0, 0, text.encode("utf-8", "replace"))])
        # Nothing is sent that would wait for it.
        self._unsynced = self._unsynced or self._sync
        self.commit()

    def note_unsent(self) -> None:
        """Note that the newest draft was returned to the person."""
        self._note([(Note.DRAFT, 0, 0, b"")])

    def note_acknowledged(self, number: int) -> None:
        """Note that the peer has acknowledged our messages up to `number`."""
        count = self._past.count_sent(number)
        self._note([(Note.ACK, THEIRS, number, STAMP.pack(count.texts, 0.0))])

    def note_farewell(self, farewell: Bye) -> None:
        """Note our goodbye, before it is sent."""
        self._note([(Note.BYE, 0, self._past.sent.messages, farewell.encode())])

    def note_time(self) -> None:
        """Note that the two were connected until now."""
        self._note([(Note.TIME, 0, 0, TIME.pack(self._disk.now()))])

    # What happens to the file.

    def commit(self) -> None:
        """Wait for the disk, if something was noted that must not be lost from here on.

        Called before any bytes are handed to the channel.
        """
        if not self._unsynced or self.failed or not self._file:
            return
        self._unsynced = False
        try:
            self._file.sync()
        except OSError as error:
            # Never tried again: the system may have dropped what it could not write.
            self._fail(error)

    def end(self) -> None:
        """Remove the file: the talk is over, after a goodbye of both."""
        try:
            # The person may have put another file there.
            if self._file and self._file.is_in_place():
                self._disk.unlink(self.path)
                self._disk.sync_folder(self.path)
        except OSError as error:
            self._warn(f"The journal {self.path} cannot be removed: {_explain(error)}.")
        self._release()

    def close(self) -> None:
        """Keep the file for the next start, and release it: the program ends in order."""
        self._note([(Note.STOP, 0, 0, b"")])
        self._unsynced = True
        self.commit()
        self._release()

    def _note(self, records: Sequence[Record]) -> None:
        """Add records to what we know, and to the file."""
        for record in records:
            self._past.apply(record)
        self._append(records)

    def _append(self, records: Sequence[Record]) -> None:
        """Write records with one call; replace the file when it has grown too long."""
        if self.failed or not self._file:
            return
        try:
            self._file.write(records)
            if self._file.size > self._limit:
                self._compact(self._file)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        """Write nothing more, and explain that once. The file stays, and stays locked."""
        self.failed = True
        self._warn(
            f"The journal {self.path} cannot be written: {_explain(error)}. The talk goes"
            " on without it: should this program die, the lines from here on die with it."
        )

    def _release(self) -> None:
        """Close the file, if one is open."""
        self.failed = True
        if self._file:
            self._file.close()
        self._file = None

    # A file that takes the place of another one.

    def _compact(self, old: _File) -> None:
        """Let a shorter file take the place of this one, unless that is not possible."""
        try:
            new = self._make_file()
        except OSError:
            # The old one is whole and goes on, until it is twice as long.
            self._limit = 2 * old.size
            return
        self._put_in_place(new, old)

    def _make_file(self) -> _File:
        """Return a new file beside ours, on the disk, with all that ours contains."""
        path, disk = self.path + NEW, self._disk
        # What a crash has left there is a copy of what the file has that we have locked.
        disk.unlink(path)
        new = _File(disk, self.path, disk.create(path))
        try:
            disk.lock(new.fd)
            new.begin(self._role, self._cipher)
            start = Note.START, 0, 0, disk.find_boot()
            new.write([*self._past.records(), start])
            new.sync()
        except OSError:
            new.close()
            disk.unlink(path)
            raise
        return new

    def _put_in_place(self, new: _File, old: _File) -> None:
        """Let a new file have the name of the old one, and write into it from here on."""
        self._disk.rename(self.path + NEW, self.path)
        self._file = new
        self._limit = new.size + GROWTH
        # With the old file its lock goes; that of the new one is ours already.
        old.close()
        self._disk.sync_folder(self.path)

    # The start.

    def _begin(self) -> None:
        """Lock the file, read it, and let a new one take its place."""
        old = self._file = self._lock()
        data = self._disk.read(old.fd, READ_LIMIT)
        gaps = self._load(data) if data else []
        self._past.settle(self._disk.find_boot())
        new = self._make_file()
        # The new file is whole before the old one is touched, and a damaged one keeps a
        # name: whenever this is interrupted, the next start finds the same.
        name = self._keep_broken(old) if gaps else ""
        self._put_in_place(new, old)
        if gaps:
            self._warn(_describe_damage(self.path, self._past, gaps, len(data), name))

    def _lock(self) -> _File:
        """Return the file that has the name, open and locked. Raises JournalError."""
        for _ in range(TRIES):
            file = _File(self._disk, self.path, self._disk.open(self.path))
            try:
                self._disk.lock(file.fd)
                if file.is_in_place():
                    self._check_owner(file)
                    return file
            except BlockingIOError:
                file.close()
                break
            except (OSError, JournalError):
                file.close()
                raise
            # Another program has just put a new file in its place.
            file.close()
        raise _refusal(
            self.path, "a running program uses it; end that one, or name another file"
        )

    def _check_owner(self, file: _File) -> None:
        # Who could write it could put words into the mouth of either.
        if not self._disk.is_ours(file.fd):
            raise _refusal(
                self.path, "another user can open it; name another file, or chmod 600"
            )

    def _load(self, data: bytes) -> list[Gap]:
        """Read a file into the past; return what is damaged. Raises JournalError."""
        _check_version(self.path, data)
        first = read_first(data)
        if first is None:
            raise _refusal(
                self.path, "its beginning is damaged, it cannot be read; name another file"
            )
        coder = Coder(first.salt, _find_key(self.path, first, self._role, self._cipher))
        gaps = list[Gap]()
        for found in coder.decode(data):
            if isinstance(found, Gap):
                gaps.append(found)
            else:
                self._past.apply(found)
        if self._past.has_messages and not self._past.has_talk:
            raise _refusal(
                self.path,
                "the names of the two are damaged, so it cannot go on; name another file",
            )
        return gaps

    def _keep_broken(self, file: _File) -> str:
        """Let a file have a name that no other has, unless it has one; return that."""
        for count in range(1, BROKEN_LIMIT):
            name = self.path + BROKEN + (f"-{count}" if count > 1 else "")
            try:
                self._disk.link(self.path, name)
            except FileExistsError:
                # A program that was killed right here has given it this name.
                if not self._disk.is_at(file.fd, name):
                    continue
            # Before the file loses its other name.
            self._disk.sync_folder(name)
            return name
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self.path)


def _refusal(path: str, why: str) -> JournalError:
    return JournalError(f"the journal {path}: {why}")


def _check_version(path: str, data: bytes) -> None:
    """Raise JournalError for a file that is no journal, or of another version."""
    version = find_version(data)
    if version is None or len(data) > READ_LIMIT:
        raise _refusal(path, "that file is no journal; name another one")
    if version != VERSION:
        age = "a newer" if version > VERSION else "an older"
        raise _refusal(
            path,
            f"{age} version of this program has written it ({version}, this one reads"
            f" {VERSION}); use that version, or name another file",
        )


def _find_key(path: str, first: First, role: str, cipher: Cipher | None) -> Key | None:
    """Return the key of a file. Raises JournalError for a wrong ticket, or a role."""
    if first.role != ROLES.index(role):
        raise _refusal(path, f"it is not a {role}'s; name another file")
    if not cipher:
        if first.is_sealed:
            raise _refusal(path, "it is sealed with a ticket; start with that ticket")
        return None
    if not first.is_sealed:
        raise _refusal(path, "its talk has no ticket; start without, or name another file")
    key = cipher.derive(first.salt, role)
    # Without the check every record would seem to be damaged.
    if key.check != first.check:
        raise _refusal(path, "it is sealed with another ticket; start with that ticket")
    return key


def _describe_damage(
    path: str, past: Past, gaps: Sequence[Gap], size: int, name: str
) -> str:
    """Return the sentence about a damaged file, which is kept under another name."""
    count = sum(gap.end - gap.start for gap in gaps)
    where = "at its end" if gaps[0].end == size else "in it"
    lost = f" {past.lost} of your lines cannot be sent." if past.lost else ""
    return (
        f"The journal {path} was damaged: {count} of {size} bytes {where} cannot"
        f" be read. The last whole message of yours is number {past.sent.messages}, of"
        f" the other side number {past.shown.messages}.{lost} The file as it was is"
        f" kept: {name}."
    )


def _explain(error: Exception) -> str:
    """Return what went wrong, for the person."""
    return _REASONS.get(getattr(error, "errno", 0) or 0, describe(error))
