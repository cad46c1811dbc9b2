"""The history file: private, bounded, and its errors ignored."""

import errno
import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prompt_toolkit.history import FileHistory

from chatlib.terminal import history
from chatlib.terminal.history import LineHistory, open_history


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set the state folder of all programs to one of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def file(home: Path) -> Path:
    """Return the path of the history file, in a folder that exists."""
    (home / "chat").mkdir(parents=True)
    return home / "chat" / "history-server"


def remember(*lines: str) -> None:
    """Store lines as one run of a program does."""
    kept = LineHistory("server")
    for line in lines:
        kept.store_string(line)


def remembered() -> list[str]:
    """Return the entries that the next run loads, the oldest first."""
    return [*LineHistory("server").load_history_strings()][::-1]


def mode(path: Path) -> int:
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


# What it keeps, and for whom.


def test_lines_are_loaded_by_the_next_run(home: Path) -> None:
    """In the order in which they were typed, those of several runs too."""
    assert remembered() == []
    remember("one", "two")
    remember("日本 👨\u200d👩\u200d👧", "+# not a comment", "")
    assert remembered()[:2] == ["one", "two"]
    assert remembered()[2:] == ["日本 👨\u200d👩\u200d👧", "+# not a comment", ""]


def test_lines_submitted_together_are_one_entry() -> None:
    """Blank lines and lines that look like the file's own format included."""
    remember("one\n\n# three\n+four", "five")
    assert remembered() == ["one\n\n# three\n+four", "five"]


def test_only_the_owner_may_read_it(home: Path) -> None:
    """Whatever the umask allows."""
    before = os.umask(0)
    try:
        remember("secret")
    finally:
        os.umask(before)
    assert mode(home / "chat") == 0o700
    assert mode(home / "chat" / "history-server") == 0o600


def test_the_default_folder_is_the_xdg_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty XDG_STATE_HOME counts as unset."""
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    remember("one")
    assert (tmp_path / ".local" / "state" / "chat" / "history-server").exists()


def test_a_file_that_others_could_read_is_made_private(file: Path) -> None:
    """Whether it is only loaded or a line is added."""
    for use in (remembered, lambda: remember("two")):
        file.write_text("\n# then\n+one\n")
        file.chmod(0o644)
        use()
        assert mode(file) == 0o600
    assert remembered() == ["one", "two"]


def test_a_file_that_cannot_be_made_private_gets_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It belongs to somebody else."""

    def refuse(fd: int, mode: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    file.write_text("")
    file.chmod(0o666)
    monkeypatch.setattr(os, "fchmod", refuse)
    remember("secret")
    assert file.read_text() == ""
    assert remembered() == []


def test_the_format_is_that_of_prompt_toolkit(file: Path) -> None:
    """Files of former versions are read, and theirs can read ours."""
    former = FileHistory(file)
    former.store_string("one\n# two\n+three")
    remember("four\n\nfive", "")
    entries = ["one\n# two\n+three", "four\n\nfive", ""]
    assert remembered() == [*former.load_history_strings()][::-1] == entries


# One for each program.


def test_without_a_name_there_is_no_file(home: Path) -> None:
    """The history lasts as long as the program."""
    kept = open_history("")
    kept.append_string("one")
    assert kept.get_strings() == ["one"]
    assert not home.exists()
    assert isinstance(open_history("server"), LineHistory)


def test_each_program_has_its_own_file() -> None:
    """What is typed in one is not offered in the other."""
    LineHistory("server").store_string("one")
    LineHistory("client").store_string("two")
    assert [*LineHistory("server").load_history_strings()] == ["one"]
    assert [*LineHistory("client").load_history_strings()] == ["two"]


def test_the_file_of_former_versions_is_where_each_begins(file: Path) -> None:
    """It is read once, copied for the owner alone, and left as it is."""
    shared = file.parent / "history"
    former = FileHistory(shared)
    former.store_string("one\ntwo")
    shared.chmod(0o600)
    before = shared.read_bytes()
    assert remembered() == ["one\ntwo"]
    assert file.read_bytes() == shared.read_bytes() == before
    assert mode(file) == 0o600
    former.store_string("three")
    remember("four")
    assert remembered() == ["one\ntwo", "four"]


def test_a_shared_file_that_cannot_be_copied_is_read_all_the_same(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full."""
    FileHistory(file.parent / "history").store_string("one")

    def fail(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", fail)
    assert remembered() == ["one"]


# Where it is.


UNKNOWN = {
    "no-home": {"HOME": None},
    "empty-home": {"HOME": ""},
    "relative-home": {"HOME": "somewhere"},
    "relative-state-folder": {"HOME": "", "XDG_STATE_HOME": "state"},
}


@pytest.mark.parametrize("variables", UNKNOWN.values(), ids=UNKNOWN)
def test_without_a_known_folder_there_is_no_file(
    variables: dict[str, str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In particular none in a folder of the name ~, nor in the root folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_STATE_HOME")
    for name, value in variables.items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    # As for a user of whom the password file knows nothing.
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)

    def fail(path: str, *_: object, **__: object) -> None:
        raise AssertionError(f"{path} was to be made")

    monkeypatch.setattr(os, "makedirs", fail)
    remember("one")
    assert remembered() == []
    assert not any(tmp_path.iterdir())


def test_a_relative_state_folder_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the XDG Base Directory Specification has it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    remember("one")
    assert (tmp_path / "home" / ".local" / "state" / "chat" / "history-server").exists()
    assert not (tmp_path / "state").exists()


# What can be wrong with it.


@pytest.fixture
def impatience() -> Iterator[None]:
    """Raise TimeoutError in a test that waits for longer than five seconds."""

    def give_up(*_: object) -> None:
        raise AssertionError("the history waited")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 5)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def file_is_a_pipe(file: Path) -> None:
    """Put a named pipe in its place, which nobody else opens."""
    os.mkfifo(file)


def file_is_endless(file: Path) -> None:
    """Put a link to a device in its place."""
    file.symlink_to("/dev/zero")


def file_is_null(file: Path) -> None:
    """Put a link to /dev/null in its place, as people do who want no history."""
    file.symlink_to(os.devnull)


def folder_is_a_file(file: Path) -> None:
    """Put a file in the place of the folder."""
    file.parent.rmdir()
    file.parent.write_text("")


def file_is_a_folder(file: Path) -> None:
    """Put a folder in the place of the file."""
    file.mkdir()


def folder_is_locked(file: Path) -> None:
    """Remove all permissions; root may read the file all the same."""
    file.write_text("\n# then\n+one\n")
    file.chmod(0)
    file.parent.chmod(0)


def link_goes_round(file: Path) -> None:
    """Make the file a link to itself."""
    file.symlink_to(file)


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize(
    "wrong",
    [
        folder_is_a_file,
        file_is_a_folder,
        file_is_a_pipe,
        file_is_endless,
        file_is_null,
        folder_is_locked,
        link_goes_round,
    ],
)
def test_a_file_that_cannot_be_used_raises_nothing(
    file: Path, wrong: Callable[[Path], None]
) -> None:
    """The history then lasts as long as the program."""
    null = os.stat(os.devnull).st_mode
    wrong(file)
    kept = LineHistory("server")
    assert [*kept.load_history_strings()] in ([], ["one"])
    kept.append_string("two")
    assert kept.get_strings()[-1:] == ["two"]
    file.parent.chmod(0o700)
    assert os.stat(os.devnull).st_mode == null


def test_a_full_disk_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file can be opened but not written."""

    def fail(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", fail)
    kept = LineHistory("server")
    kept.append_string("one")
    assert kept.get_strings() == ["one"]


def test_a_damaged_file_is_loaded_as_far_as_possible(file: Path) -> None:
    """Bytes that are not UTF-8 are replaced; new entries can be appended."""
    file.write_bytes(b"\0\xff\n# then\n+a\xff\n\xfe\n+b")
    assert remembered()[0] == "a\ufffd"
    remember("c")
    assert remembered()[-1] == "c"


def test_lone_surrogates_are_replaced_before_they_are_stored() -> None:
    """Typed bytes that are not UTF-8 arrive as such; they cannot be encoded."""
    remember("a\udcff\udcfeb")
    assert remembered() == ["a??b"]


# How long it grows.


def entry(number: int) -> str:
    """Return an entry of several lines that look like the file's own format."""
    return f"{number}{'x' * 100}\n# {number}\n+{number}"


def test_of_a_long_file_the_later_half_of_the_entries_is_kept(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No entry is cut, and the next one is appended to the last."""
    entries = [entry(number) for number in range(1000, 1101)]  # odd: one is in the middle
    remember(*entries)
    size = file.stat().st_size
    monkeypatch.setattr(history, "SIZE_LIMIT", size)
    kept = remembered()
    assert kept == entries[51:]
    assert file.stat().st_size < size / 2
    remember("and on")
    assert remembered() == [*kept, "and on"]
    assert mode(file) == 0o600


def test_a_file_below_the_limit_is_left_alone(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One byte less than the limit is enough."""
    remember("one", "two")
    monkeypatch.setattr(history, "SIZE_LIMIT", file.stat().st_size + 1)
    assert remembered() == ["one", "two"]


def test_a_long_file_of_one_entry_is_emptied(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the entry would be a line that was never typed."""
    remember("x" * 100)
    monkeypatch.setattr(history, "SIZE_LIMIT", 100)
    assert remembered() == []
    remember("one")
    assert remembered() == ["one"]


def test_of_a_huge_file_only_the_end_is_read(file: Path) -> None:
    """However long it is: here it is 16 GiB of nothing, and two entries."""
    file.touch()
    os.truncate(file, 1 << 34)
    remember("one", "two")
    assert remembered() == ["one", "two"]
    assert file.stat().st_size < 1000
