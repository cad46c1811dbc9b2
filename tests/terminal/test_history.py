"""The history file: private, bounded, and never in the way."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from prompt_toolkit.history import FileHistory

from chatlib.terminal import history
from chatlib.terminal.history import LineHistory


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the state of every program be kept in a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def file(home: Path) -> Path:
    """Name the file, where there is a folder for it already."""
    (home / "chat").mkdir(parents=True)
    return home / "chat" / "history"


def remember(*lines: str) -> None:
    """Let a program remember some lines and end."""
    kept = LineHistory()
    for line in lines:
        kept.store_string(line)


def remembered() -> list[str]:
    """Give what the next program remembers, the oldest first."""
    return [*LineHistory().load_history_strings()][::-1]


def mode(path: Path) -> int:
    """Say who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


# What it keeps, and for whom.


def test_lines_are_there_in_the_next_run(home: Path) -> None:
    """In the order in which they were typed, and after two programs too."""
    assert remembered() == []
    remember("one", "two")
    remember("日本 👨\u200d👩\u200d👧", "+# not a comment", "")
    assert remembered()[:2] == ["one", "two"]
    assert remembered()[2:] == ["日本 👨\u200d👩\u200d👧", "+# not a comment", ""]


def test_several_lines_that_were_sent_at_once_come_back_at_once() -> None:
    """What was pasted and sent with one Enter is one entry, blank lines included."""
    remember("one\n\n# three\n+four", "five")
    assert remembered() == ["one\n\n# three\n+four", "five"]


def test_nobody_else_may_read_it(home: Path) -> None:
    """Whatever the umask allows: what is said in private stays there."""
    before = os.umask(0)
    try:
        remember("secret")
    finally:
        os.umask(before)
    assert mode(home / "chat") == 0o700
    assert mode(home / "chat" / "history") == 0o600


def test_without_a_state_folder_it_is_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the XDG Base Directory Specification; an empty variable counts as none."""
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    remember("one")
    assert (tmp_path / ".local" / "state" / "chat" / "history").exists()


# What can be wrong with it.


def folder_is_a_file(file: Path) -> None:
    """Put a file where the folder should be."""
    file.parent.rmdir()
    file.parent.write_text("")


def file_is_a_folder(file: Path) -> None:
    """Put a folder where the file should be."""
    file.mkdir()


def folder_is_locked(file: Path) -> None:
    """Allow nobody anything; whoever is root may do it all the same."""
    file.write_text("\n# then\n+one\n")
    file.chmod(0)
    file.parent.chmod(0)


def link_goes_round(file: Path) -> None:
    """Let the file be behind itself."""
    file.symlink_to(file)


@pytest.mark.parametrize(
    "wrong", [folder_is_a_file, file_is_a_folder, folder_is_locked, link_goes_round]
)
def test_a_history_that_cannot_be_kept_stops_nothing(
    file: Path, wrong: Callable[[Path], None]
) -> None:
    """It lasts as long as the program then."""
    wrong(file)
    kept = LineHistory()
    assert [*kept.load_history_strings()] in ([], ["one"])
    kept.append_string("two")
    assert kept.get_strings()[-1:] == ["two"]
    file.parent.chmod(0o700)


def test_a_full_disk_stops_nothing(file: Path) -> None:
    """The file is there and can be opened, but takes nothing."""
    file.symlink_to("/dev/full")
    kept = LineHistory()
    kept.append_string("one")
    assert kept.get_strings() == ["one"]


def test_a_file_that_was_damaged_gives_what_can_be_read(file: Path) -> None:
    """Bytes that are no text, and lines that nobody wrote like this."""
    file.write_bytes(b"\0\xff\n# then\n+a\xff\n\xfe\n+b")
    assert remembered()[0] == "a\ufffd"
    remember("c")
    assert remembered()[-1] == "c"


def test_a_line_that_is_not_all_utf_8_is_kept_as_text(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keyboard's bytes come as lone surrogates: prompt_toolkit is to get none."""
    given: list[str] = []
    monkeypatch.setattr(FileHistory, "store_string", lambda _, line: given.append(line))
    remember("a\udcff\udcfeb")
    assert given[0].encode()


# How long it grows.


def entry(number: int) -> str:
    """Give an entry that is long enough to be cut, and looks like several."""
    return f"{number}{'x' * 100}\n# {number}\n+{number}"


def test_of_a_file_that_has_grown_too_long_the_younger_half_is_kept(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entry by entry, none of them cut, and the next line follows the last."""
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


def test_a_file_that_is_not_too_long_is_left_alone(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One byte less than the limit is within it."""
    remember("one", "two")
    monkeypatch.setattr(history, "SIZE_LIMIT", file.stat().st_size + 1)
    assert remembered() == ["one", "two"]


def test_a_file_that_is_all_one_entry_is_dropped_whole(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it would be something that nobody has ever typed."""
    remember("x" * 100)
    monkeypatch.setattr(history, "SIZE_LIMIT", 100)
    assert remembered() == []
    remember("one")
    assert remembered() == ["one"]
