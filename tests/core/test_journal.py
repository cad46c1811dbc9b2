"""The journal as a file: what is in it, who may open it, and what each failure gets."""

import errno
import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from zlib import crc32

import pytest

from chatlib import journal as module
from chatlib.cipher import Cipher, Key
from chatlib.journal import Journal, JournalError
from chatlib.past import HISTORY, LOST_TEXT, Past
from chatlib.protocol.frames import HEADER, Bye, Hello, Kind, Mode, Reason
from chatlib.protocol.session import Count, Session
from chatlib.record import FIRST_SIZE, VERSION, Note
from harness.stage import ROOT
from tests.helpers import SESSION_ID
from tests.simulation.disk import ModelDisk

TICKET = Cipher(bytes(range(32)))

TOLD: list[str] = []
"""What the person was told during a test."""


@pytest.fixture(autouse=True)
def nothing_told() -> None:
    """Begin with a person who was told nothing."""
    TOLD.clear()


def new_session(mode: Mode = Mode.FREE) -> Session:
    """Return the session of a client that has met its server."""
    session = Session(Hello(SESSION_ID, Mode.ANY, "Ann"), talks_first=True)
    session.begin(Hello(SESSION_ID, mode, "Bob"), mode, 0)
    return session


def say(journal: Journal, session: Session, *texts: str) -> None:
    """Number these lines, and note them."""
    journal.note_sent(session.add_texts(texts))


def show(journal: Journal, number: int, *texts: str) -> None:
    """Note lines of the peer, before and after the screen."""
    journal.note_showing(number, texts)
    journal.note_shown(number)


def begin(
    path: str,
    disk: ModelDisk | None = None,
    sync: bool = False,
    cipher: Cipher | None = None,
) -> Journal:
    """Return the journal of a talk: two lines of ours, one of them confirmed, two shown."""
    journal, _ = open_journal(path, disk, sync=sync, cipher=cipher)
    session = new_session()
    journal.note_talk(session)
    say(journal, session, "one", "two")
    show(journal, 2, "three", "four")
    journal.note_acknowledged(1)
    return journal


def open_journal(
    path: str,
    disk: ModelDisk | None = None,
    role: str = "client",
    sync: bool = False,
    cipher: Cipher | None = None,
) -> tuple[Journal, Past]:
    """Open a journal of this test's person."""
    return Journal.open(path, role, warn=TOLD.append, sync=sync, cipher=cipher, disk=disk)


def die(journal: Journal) -> None:
    """Let the program die: the system closes its file."""
    assert journal._file
    journal._file.close()


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return the name of a journal that is not there yet."""
    return str(tmp_path / "talk")


# What a restart finds.


@pytest.mark.parametrize("cipher", [None, TICKET], ids=["clear", "sealed"])
def test_all_that_was_noted_is_there_after_a_kill(path: str, cipher: Cipher | None) -> None:
    """Without any call that would end the program in order; and after a second kill."""
    journal = begin(path, cipher=cipher)
    journal.note_draft("for later")
    journal.note_draft("taken back")
    journal.note_unsent()
    journal.note_sent([(Kind.GAME, 3, b"play tictactoe")])
    journal.note_aside("salt")
    journal.note_played(3, "accept")
    journal.note_farewell(Bye(Reason.QUIT, "see you"))
    for _ in range(2):
        die(journal)
        journal, past = open_journal(path, cipher=cipher)
        session = past.make_session(talks_first=True)
        assert TOLD == []
        assert past.peer == Hello(SESSION_ID, Mode.FREE, "Bob")
        assert session.hello == Hello(SESSION_ID, Mode.FREE, "Ann")
        assert [*session.kept] == [
            (Kind.TEXT, 2, b"two"),
            (Kind.GAME, 3, b"play tictactoe"),
        ]
        assert (session.sent, session.acknowledged, session.shown) == (3, 1, 3)
        assert (session.lead, session.texts_sent) == (0, 2)
        assert session.farewell == Bye(Reason.QUIT, "see you")
        assert [line.text for line in past.history] == ["one", "two", "three", "four"]
        assert [(note, line.ours, line.text) for note, line in past.words] == [
            (Note.GAME, True, "play tictactoe"),
            (Note.ASIDE, True, "salt"),
            (Note.GAME, False, "accept"),
        ]
        assert [*past.drafts] == ["for later"]
        assert past.uncertain == 3


def test_a_journal_without_a_talk_has_none(path: str) -> None:
    """A new one, and one whose program died before anybody came."""
    for _ in range(2):
        journal, past = open_journal(path)
        assert not past.has_talk
        die(journal)


def test_lines_that_were_about_to_be_shown_are_uncertain(path: str) -> None:
    """They come again, so they are not among the lines that were shown."""
    journal = begin(path)
    journal.note_showing(4, ["five", "six"])
    die(journal)
    _, past = open_journal(path)
    assert (past.shown, past.uncertain) == (Count(2, 2), 4)
    assert past.history[-1].text == "four"


def test_after_a_power_cut_any_line_may_have_been_shown() -> None:
    """The journal may lack its end; not if the program had ended in order."""
    disk = ModelDisk()
    begin("talk", disk)
    _, past = open_journal("talk", ModelDisk(disk.files(), b"another run"))
    assert past.uncertain > 1000
    journal = begin("talk", disk := ModelDisk())
    journal.close()
    _, past = open_journal("talk", ModelDisk(disk.files(), b"another run"))
    assert past.uncertain == 2


def test_a_draft_that_is_sent_is_none_any_more(path: str) -> None:
    """It is one record: there is no moment in which it is both, or neither."""
    journal = begin(path)
    journal.note_draft("first")
    journal.note_draft("second")
    journal.note_sent([(Kind.TEXT, 3, b"first")], drafts=1)
    die(journal)
    _, past = open_journal(path)
    assert [*past.drafts] == ["second"]
    assert past.kept[-1].line.text == "first"


def test_it_is_known_since_when_the_talk_was_interrupted() -> None:
    """By the clock on the wall, which goes on while no program runs."""
    disk = ModelDisk()
    journal = begin("talk", disk)
    journal.note_time()
    when = disk.now() - 1
    _, past = open_journal("talk", ModelDisk(disk.files()))
    assert past.when == when
    _, past = open_journal("talk", ModelDisk(disk.files()))
    assert past.when == when


def test_games_that_are_over_are_forgotten(path: str) -> None:
    """Otherwise the file would grow with every game."""
    journal = begin(path)
    journal.note_played(3, "play")
    journal.note_cleared()
    die(journal)
    assert not open_journal(path)[1].words


def test_numbers_that_the_peer_knows_and_the_journal_does_not_are_noted(path: str) -> None:
    """The next restart must not use them either."""
    journal = begin(path)
    die(journal)
    journal, past = open_journal(path)
    session = past.make_session(talks_first=True)
    session.begin(Hello(SESSION_ID, Mode.FREE, "Bob"), Mode.FREE, 5)
    journal.note_talk(session)
    say(journal, session, "six")
    die(journal)
    session = open_journal(path)[1].make_session(talks_first=True)
    assert [*session.kept] == [(Kind.TEXT, 6, b"six")]
    assert (session.sent, session.texts_sent) == (6, 6)


def test_a_goodbye_of_both_leaves_no_journal(path: str) -> None:
    """Nor anything beside it."""
    begin(path).end()
    assert os.listdir(os.path.dirname(path)) == []


def test_a_file_that_somebody_has_put_there_is_not_removed(path: str) -> None:
    """It is not the journal of this talk."""
    journal = begin(path)
    os.rename(path, path + "-mine")
    Path(path).write_text("another file")
    journal.end()
    assert Path(path).read_text() == "another file"


def test_a_program_that_ends_in_order_leaves_its_journal(path: str) -> None:
    """Another one may then open it at once."""
    begin(path).close()
    assert open_journal(path)[1].sent == Count(2, 2)


WRITER = """\
import sys
from chatlib.journal import Journal
from chatlib.protocol.frames import Kind
from tests.core.test_journal import new_session

journal, past = Journal.open(sys.argv[1], "client", warn=print)
session = past.make_session(talks_first=True) if past.has_talk else new_session()
session.begin(session.peer, session.mode, session.sent)
journal.note_talk(session)
while True:
    journal.note_sent(session.add_texts(["x" * (session.sent % 500 + 1)]))
    print(session.sent, flush=True)
    session.acknowledge(session.sent)
    journal.note_acknowledged(session.sent)
"""
"""A program that notes one line after the other, and tells which it has noted."""


@pytest.mark.parametrize("moment", [1, 2, 50, 500, 3000])
def test_a_process_that_is_killed_has_noted_all_that_it_told(
    path: str, moment: int
) -> None:
    """And the system has released its lock, so that the next one goes on at once."""
    told = 0
    for _ in range(3):
        command = [sys.executable, "-c", WRITER, path]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout
            for line in islice(process.stdout, moment):
                told = int(line)
            process.kill()
        journal, past = open_journal(path)
        assert past.sent.messages >= told
        # A write across two pages may be cut between them by the kill.
        assert all("at its end" in each for each in TOLD)
        journal.close()
        told = past.sent.messages
    assert told >= 3 * moment


# The file.


def test_nobody_else_may_read_the_file(path: str) -> None:
    """Whatever the umask allows, also after the file was replaced."""
    old = os.umask(0)
    try:
        begin(path)
    finally:
        os.umask(old)
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_record_begins_with_the_frame_of_the_wire(path: str) -> None:
    """Length aside, as the body has a stamp before the text."""
    journal = begin(path)
    size = os.path.getsize(path)
    journal.note_sent([(Kind.TEXT, 3, b"hello")])
    data = Path(path).read_bytes()[size:]
    length, kind, flags, number = HEADER.unpack_from(data)
    assert (kind, flags, number) == (Kind.TEXT, 0, 3)
    assert data[: HEADER.size + length].endswith(b"hello")
    assert len(data) == HEADER.size + length + 4


def test_each_note_is_one_write() -> None:
    """So a program that is killed leaves whole records."""
    journal = begin("talk", disk := ModelDisk())
    disk.history.clear()
    journal.note_sent([(Kind.TEXT, number, b"x") for number in range(3, 100)])
    journal.note_showing(50, ["y"] * 48)
    assert disk.history == ["write", "write"]


def test_a_sealed_journal_shows_nothing_of_the_talk(path: str) -> None:
    """Neither lines nor names."""
    begin(path, cipher=TICKET)
    data = Path(path).read_bytes()
    assert not [each for each in (b"one", b"three", b"Ann", b"Bob") if each in data]


def test_no_nonce_is_used_twice_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the tail was torn, at every start and compaction, and for both roles."""
    seal = Key.seal

    def note(key: Key, place: int, text: bytes, header: bytes) -> bytes:
        assert (key.check, place) not in done
        done.add((key.check, place))
        return seal(key, place, text, header)

    done = set[tuple[bytes, int]]()
    monkeypatch.setattr(Key, "seal", note)
    monkeypatch.setattr(module, "GROWTH", 200)
    for role in ("client", "server"):
        files: dict[str, bytes] = {}
        for start in range(12):
            disk = ModelDisk(files, salt=start)
            journal, past = open_journal("talk", disk, role, cipher=TICKET)
            session = (
                past.make_session(talks_first=True) if past.has_talk else new_session()
            )
            session.begin(Hello(SESSION_ID, Mode.FREE, "Bob"), Mode.FREE, session.sent)
            journal.note_talk(session)
            for number in range(5):
                say(journal, session, f"{start} {number} {role}" * (1 + start % 3))
            files = disk.files()
            files["talk"] = files["talk"][: -1 - 5 * start]
    assert len(done) > 200 and len({check for check, _ in done}) > 30


# Durability.


def test_before_anything_is_sent_it_is_on_the_disk_with_sync() -> None:
    """A message of ours, and that a line was shown; once for all that was noted."""
    journal = begin("talk", disk := ModelDisk(), sync=True)
    journal.commit()
    disk.history.clear()
    journal.note_sent([(Kind.TEXT, 3, b"x")])
    journal.commit()
    show(journal, 3, "y")
    show(journal, 4, "z")
    journal.commit()
    journal.commit()
    assert disk.history == ["write", "sync", "write", "write", "write", "write", "sync"]
    assert not disk.pending
    journal.note_acknowledged(3)
    journal.note_farewell(Bye(Reason.QUIT, ""))
    journal.commit()
    assert disk.history[7:] == ["write", "write"]


def test_without_sync_only_names_and_games_wait_for_the_disk() -> None:
    """A talk without its names, or a board without a move, would be of no use."""
    journal = begin("talk", disk := ModelDisk())
    assert disk.history.count("sync") == 2  # the new file, and the names
    journal.commit()
    assert disk.history.count("sync") == 2
    journal.note_sent([(Kind.GAME, 3, b"play")])
    journal.commit()
    journal.note_played(3, "accept")
    journal.commit()
    assert disk.history.count("sync") == 4


def test_a_line_that_is_kept_for_later_is_on_the_disk_at_once_with_sync() -> None:
    """Nothing is sent that would wait for it."""
    journal = begin("talk", disk := ModelDisk(), sync=True)
    journal.note_draft("later")
    assert not disk.pending


def test_a_failed_sync_is_never_tried_again() -> None:
    """The system may have dropped what it could not write, and then call it written."""
    journal = begin("talk", disk := ModelDisk(), sync=True)
    disk.faults = [("sync", errno.EIO)]
    journal.commit()
    disk.history.clear()
    journal.note_sent([(Kind.TEXT, 3, b"x")])
    journal.commit()
    assert disk.history == []
    (warning,) = TOLD
    assert warning.startswith("The journal talk cannot be written: Input/output error. The")


def test_a_full_disk_is_told_once_and_the_talk_goes_on() -> None:
    """What was noted before is there at the next start, and is not taken for all."""
    journal = begin("talk", disk := ModelDisk())
    disk.room = 20
    session = new_session()
    session.sent = 2
    say(journal, session, "three", "four")
    say(journal, session, "five")
    show(journal, 3, "x")
    journal.commit()
    journal.close()
    (warning,) = TOLD
    assert warning == (
        "The journal talk cannot be written: the disk is full. The talk goes on without it:"
        " should this program die, the lines from here on die with it."
    )
    _, past = open_journal("talk", ModelDisk(disk.files()))
    assert past.sent == Count(2, 2)
    assert "20 of " in TOLD[-1]


def test_a_journal_that_failed_is_removed_after_the_goodbye() -> None:
    """It is of no use to anybody."""
    journal = begin("talk", disk := ModelDisk())
    disk.room = 0
    journal.note_time()
    journal.end()
    assert disk.files() == {}


def test_a_journal_that_cannot_be_removed_is_told() -> None:
    """Otherwise the next start would go on with a talk that is over."""
    journal = begin("talk", disk := ModelDisk())
    disk.faults = [("unlink", errno.EROFS)]
    journal.end()
    assert TOLD == [
        "The journal talk cannot be removed: nothing can be written there, it is read-only."
    ]


# Compaction.


def test_a_long_talk_has_a_short_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """And at every moment all is there that is not confirmed."""
    monkeypatch.setattr(module, "GROWTH", 2000)
    disk = ModelDisk()
    journal, _ = open_journal("talk", disk)
    session = new_session()
    journal.note_talk(session)
    for number in range(1, 2001):
        say(journal, session, f"line {number}")
        if number % 7 == 0:
            session.acknowledge(number - 3)
            journal.note_acknowledged(number - 3)
        show(journal, number, f"answer {number}")
        assert len(disk.files()["talk"]) < 2000 + 7000
    _, past = open_journal("talk", ModelDisk(disk.files()))
    assert [line.number for _, line in past.kept] == [
        *range(session.acknowledged + 1, 2001)
    ]
    assert (past.sent, past.shown) == (Count(2000, 2000), Count(2000, 2000))
    assert len(past.history) == HISTORY and past.history[-1].text == "answer 2000"
    assert list(disk.files()) == ["talk"]
    assert disk.history.count("rename") > 20


@pytest.mark.parametrize("call", ["create", "write", "sync"])
def test_a_compaction_that_fails_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The old file goes on."""
    journal = begin("talk", disk := ModelDisk())
    session = new_session()
    session.begin(Hello(SESSION_ID, Mode.FREE, "Bob"), Mode.FREE, 0)
    session.sent = 2
    monkeypatch.setattr(journal, "_limit", 0)
    write = disk.write

    def fail(fd: int, data: bytes) -> int:
        if disk.opened[fd] is not disk.names["talk"]:
            raise OSError(errno.ENOSPC, "full")
        return write(fd, data)

    if call == "write":
        monkeypatch.setattr(disk, "write", fail)
    else:
        disk.faults = [(call, errno.ENOSPC)]
    say(journal, session, "three")
    say(journal, session, "four")
    assert list(disk.files()) == ["talk"] and TOLD == []
    _, past = open_journal("talk", ModelDisk(disk.files()))
    assert past.sent == Count(4, 4)


def test_the_lock_moves_along_with_the_file(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no moment in which another program could take the journal."""
    journal = begin(path)
    monkeypatch.setattr(journal, "_limit", 0)
    journal.note_time()
    with pytest.raises(JournalError, match="a running program uses it"):
        open_journal(path)


def test_a_file_that_was_replaced_in_the_moment_of_opening_is_not_taken() -> None:
    """Its lock is free, but it is not the journal any more."""
    journal = begin("talk", disk := ModelDisk())
    seen = disk.is_at

    def replace(fd: int, path: str) -> bool:
        disk.is_at = seen  # type: ignore[method-assign]
        disk.names["talk"] = replaced
        return seen(fd, path)

    die(journal)
    copied = ModelDisk(disk.files())
    replaced = copied.names["talk"]
    replaced.locked = True
    disk.is_at = replace  # type: ignore[method-assign]
    with pytest.raises(JournalError, match="a running program uses it"):
        open_journal("talk", disk)


def test_a_file_that_is_replaced_all_the_time_is_given_up() -> None:
    """Each time another program was faster."""
    disk = ModelDisk()
    disk.is_at = lambda fd, path: False  # type: ignore[method-assign]
    with pytest.raises(JournalError, match="a running program uses it"):
        open_journal("talk", disk)


# Damage.


def damage(path: str, change: Callable[[bytes], bytes]) -> bytes:
    """Change the file of a program that has died; return what it contains then."""
    die(begin(path))
    data = change(Path(path).read_bytes())
    Path(path).write_bytes(data)
    return data


def test_a_torn_tail_is_counted_named_and_kept(path: str) -> None:
    """The sentence names the last whole message of both."""
    data = damage(path, lambda data: data + b"torn!")
    _, past = open_journal(path)
    assert [
        f"The journal {path} was damaged: 5 of {len(data)} bytes at its end cannot be read."
        " The last whole message of yours is number 2, of the other side number 2. The file"
        f" as it was is kept: {path}.broken."
    ] == TOLD
    assert Path(path + ".broken").read_bytes() == data
    assert past.sent == Count(2, 2)


def test_no_damaged_file_takes_the_place_of_another(path: str) -> None:
    """Each has a number behind its name."""
    kept = []
    for tail in (b"a", b"bb", b"ccc"):
        kept.append(damage(path, lambda data, tail=tail: data + tail))  # type: ignore[misc]
        journal, _ = open_journal(path)
        journal.end()
    names = [path + each for each in (".broken", ".broken-2", ".broken-3")]
    assert [Path(name).read_bytes() for name in names] == kept


def test_there_is_an_end_to_the_damaged_files_that_are_kept(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the start is refused, and the person looks at them."""
    monkeypatch.setattr(module, "BROKEN_LIMIT", 2)
    Path(path + ".broken").write_bytes(b"from last year")
    damage(path, lambda data: data + b"torn!")
    with pytest.raises(JournalError, match="File exists"):
        open_journal(path)


def test_a_damaged_file_that_has_a_second_name_already_needs_no_third(path: str) -> None:
    """The start before was killed just behind giving it."""
    damage(path, lambda data: data + b"torn!")
    os.link(path, path + ".broken")
    open_journal(path)
    assert sorted(os.listdir(os.path.dirname(path))) == ["talk", "talk.broken"]


@pytest.mark.parametrize("bad", [b"\0", b"\xff"])
def test_records_behind_a_damaged_one_are_found(path: str, bad: bytes) -> None:
    """A line of ours that is lost has its number used, so that those behind it arrive."""

    def spoil(data: bytes) -> bytes:
        at = data.index(b"two")
        return data[: at - 9] + bad * 12 + data[at + 3 :]

    damage(path, spoil)
    _, past = open_journal(path)
    session = past.make_session(talks_first=True)
    assert (session.sent, session.shown, session.lead) == (2, 2, 0) or session.sent == 1
    assert "in it cannot be read" in TOLD[0]


def test_a_line_that_is_lost_is_replaced_and_counted(path: str) -> None:
    """The peer shows no message before the one before it."""
    journal, _ = open_journal(path)
    session = new_session()
    journal.note_talk(session)
    say(journal, session, "one", "two", "three")
    die(journal)
    data = Path(path).read_bytes()
    Path(path).write_bytes(data.replace(b"two", b"t\0o"))
    journal, past = open_journal(path)
    kept = past.make_session(talks_first=True).kept
    assert [body.decode() for _, _, body in kept] == ["one", LOST_TEXT, "three"]
    assert "1 of your lines cannot be sent" in TOLD[0]


def test_a_text_that_looks_like_a_record_is_none(path: str) -> None:
    """Its sender would have to know the salt of the file."""
    journal = begin(path)
    record = HEADER.pack(12, Kind.ACK, 0, 4000) + bytes(12)
    forged = b"".join(
        record + crc32(record, place).to_bytes(4, "big") for place in range(2000)
    )
    journal.note_showing(3, [forged.decode("latin-1")[:9000]])
    die(journal)
    data = bytearray(Path(path).read_bytes())
    data[-9000] ^= 1
    Path(path).write_bytes(data)
    assert open_journal(path)[1].shown == Count(2, 2)


def test_a_record_of_another_place_is_none(path: str) -> None:
    """As the system may leave a piece of a file where another one should be."""
    size = 0

    def twice(data: bytes) -> bytes:
        nonlocal size
        at = data.index(b"two") - 20
        size = len(data)
        return data + data[at : at + 27]

    damage(path, twice)
    _, past = open_journal(path)
    assert past.sent == Count(2, 2)
    assert f"of {size + 27} bytes at its end" in TOLD[0]


def test_any_damage_is_survived(path: str) -> None:
    """A thousand files with a byte changed, a piece cut out, or one put in."""
    die(begin(path))
    data = Path(path).read_bytes()
    for seed in range(1000):
        dice = random.Random(seed)
        start = dice.randrange(FIRST_SIZE, len(data))
        end = min(len(data), start + dice.choice((0, 1, 30, 1000)))
        files = {
            "talk": data[:start] + dice.randbytes(dice.choice((0, 1, 40))) + data[end:]
        }
        try:
            _, past = open_journal("talk", disk := ModelDisk(files))
        except JournalError as error:
            assert "names of the two are damaged" in str(error)
            continue
        if past.has_talk:
            past.make_session(talks_first=True)
        # What was cut off between two records is not missed.
        whole = data.startswith(files["talk"])
        assert whole or files["talk"] in disk.files().values(), f"seed {seed}"


# Who may open what.


def make_fifo(path: str) -> None:
    """Put a named pipe there."""
    os.mkfifo(path)


def make_socket(path: str) -> None:
    """Put a socket there."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(path)


def make_text(path: str) -> None:
    """Put a file there that is no journal."""
    Path(path).write_text("Dear diary, this is no journal of a talk.\n")
    os.chmod(path, 0o600)


def make_open_file(path: str) -> None:
    """Put a journal there that others can read."""
    die(begin(path))
    os.chmod(path, 0o640)


def make_link(path: str) -> None:
    """Put a symbolic link to a journal there."""
    die(begin(path + "-other"))
    os.symlink(path + "-other", path)


def make_version(version: int) -> Callable[[str], None]:
    """Return a function that puts a journal of another version there."""

    def make(path: str) -> None:
        damage(path, lambda data: data[:4] + version.to_bytes(4, "big") + data[8:])

    return make


def spoil_beginning(path: str) -> None:
    """Put a journal there whose salt is damaged."""
    damage(path, lambda data: data[:25] + bytes([data[25] ^ 1]) + data[26:])


def spoil_names(path: str) -> None:
    """Put a journal there that has forgotten who talked."""
    damage(path, lambda data: data.replace(b"Bob", b"B\0b"))


def make_server(path: str) -> None:
    """Put the journal of a server there."""
    die(open_journal(path, role="server")[0])


def seal(path: str) -> None:
    """Put a sealed journal there."""
    die(begin(path, cipher=TICKET))


REFUSED: dict[str, tuple[Callable[[str], object], Cipher | None, str]] = {
    "folder": (os.mkdir, None, "that is a folder; name a file in it"),
    "FIFO": (make_fifo, None, "that is not a regular file; name another one"),
    "socket": (make_socket, None, "that is not a regular file; name another one"),
    "symbolic link": (make_link, None, "that is a symbolic link; name the file itself"),
    "no journal": (make_text, None, "that file is no journal; name another one"),
    "readable": (
        make_open_file,
        None,
        "another user can open it; name another file, or chmod 600",
    ),
    "newer": (
        make_version(VERSION + 1),
        None,
        "a newer version of this program has written it (2, this one reads 1); use that"
        " version, or name another file",
    ),
    "older": (
        make_version(0),
        None,
        "an older version of this program has written it (0, this one reads 1); use that"
        " version, or name another file",
    ),
    "beginning": (
        spoil_beginning,
        None,
        "its beginning is damaged, it cannot be read; name another file",
    ),
    "names": (
        spoil_names,
        None,
        "the names of the two are damaged, so it cannot go on; name another file",
    ),
    "role": (make_server, None, "it is not a client's; name another file"),
    "no ticket": (seal, None, "it is sealed with a ticket; start with that ticket"),
    "wrong ticket": (
        seal,
        Cipher(bytes(32)),
        "it is sealed with another ticket; start with that ticket",
    ),
    "no seal": (
        lambda path: die(begin(path)),
        TICKET,
        "its talk has no ticket; start without, or name another file",
    ),
    "locked": (
        begin,
        None,
        "a running program uses it; end that one, or name another file",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_gets_one_sentence_and_stays_as_it_is(
    path: str, name: str
) -> None:
    """Nothing is removed or cut to get going, and nothing is left beside it."""
    make, cipher, sentence = REFUSED[name]
    kept = make(path)
    before = {each: read(each) for each in Path(path).parent.iterdir()}
    with pytest.raises(JournalError) as caught:
        open_journal(path, cipher=cipher)
    assert str(caught.value) == f"the journal {path}: {sentence}"
    assert {each: read(each) for each in Path(path).parent.iterdir()} == before
    del kept


def read(path: Path) -> bytes | int:
    """Return what a file contains, or of what kind it is."""
    return path.read_bytes() if path.is_file() else path.lstat().st_mode


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/dev/full", "that is not a regular file; name another one"),
        ("/nowhere/talk", "its folder is not there; make it, or name another one"),
        ("/dev/null/talk", "its folder is a file; name another one"),
        ("a\0b", "embedded null byte"),
    ],
)
def test_a_path_that_leads_nowhere_gets_one_sentence(path: str, sentence: str) -> None:
    """Before anything is written."""
    with pytest.raises(JournalError) as caught:
        open_journal(path)
    assert str(caught.value) == f"the journal {path}: {sentence}"


@pytest.mark.parametrize(
    ("call", "code", "sentence"),
    [
        ("open", errno.EACCES, "you may not write there"),
        ("open", errno.EROFS, "nothing can be written there, it is read-only"),
        ("create", errno.EACCES, "you may not write there"),
        ("write", errno.ENOSPC, "the disk is full"),
        ("sync", errno.EIO, "Input/output error"),
        ("link", errno.EPERM, "Operation not permitted"),
        ("rename", errno.EIO, "Input/output error"),
    ],
)
def test_a_start_that_fails_gets_one_sentence_and_loses_nothing(
    call: str, code: int, sentence: str
) -> None:
    """The next start, on a disk that works, finds all."""
    begin("talk", disk := ModelDisk())
    files = {"talk": disk.files()["talk"] + b"torn"}
    disk = ModelDisk(files)
    disk.faults = [(call, code)]
    with pytest.raises(JournalError) as caught:
        open_journal("talk", disk)
    assert str(caught.value) == f"the journal talk: {sentence}"
    _, past = open_journal("talk", disk)
    assert past.sent == Count(2, 2) and len(TOLD) == 1


def test_a_journal_of_another_user_is_refused(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who could write it could put words into the mouth of either."""
    die(begin(path))
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(path).st_uid + 1)
    with pytest.raises(JournalError, match="another user can open it"):
        open_journal(path)


def test_an_empty_file_is_a_new_journal(path: str) -> None:
    """As `mktemp` makes one."""
    os.close(os.open(path, os.O_CREAT, 0o600))
    assert not open_journal(path)[1].has_talk


def test_what_a_crash_left_of_a_compaction_is_replaced(path: str) -> None:
    """It is a copy of what the journal has."""
    die(begin(path))
    Path(path + ".new").write_bytes(b"half a copy")
    assert open_journal(path)[1].sent == Count(2, 2)
    assert os.listdir(os.path.dirname(path)) == ["talk"]
