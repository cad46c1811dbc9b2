"""The history file: private, bounded, and its errors ignored."""

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
    """Set the state folder of all programs to one of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def file(home: Path) -> Path:
    """Return the path of the history file, in a folder that exists."""
    (home / "chat").mkdir(parents=True)
    return home / "chat" / "history"


def remember(*lines: str) -> None:
    """Store lines as one run of a program does."""
    kept = LineHistory()
    for line in lines:
        kept.store_string(line)


def remembered() -> list[str]:
    """Return the entries that the next run loads, the oldest first."""
    return [*LineHistory().load_history_strings()][::-1]


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
    assert mode(home / "chat" / "history") == 0o600


def test_the_default_folder_is_the_xdg_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty XDG_STATE_HOME counts as unset."""
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    remember("one")
    assert (tmp_path / ".local" / "state" / "chat" / "history").exists()


# What can be wrong with it.


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


@pytest.mark.parametrize(
    "wrong", [folder_is_a_file, file_is_a_folder, folder_is_locked, link_goes_round]
)
def test_a_file_that_cannot_be_used_raises_nothing(
    file: Path, wrong: Callable[[Path], None]
) -> None:
    """The history then lasts as long as the program."""
    wrong(file)
    kept = LineHistory()
    assert [*kept.load_history_strings()] in ([], ["one"])
    kept.append_string("two")
    assert kept.get_strings()[-1:] == ["two"]
    file.parent.chmod(0o700)


def test_a_full_disk_raises_nothing(file: Path) -> None:
    """The file can be opened but not written."""
    file.symlink_to("/dev/full")
    kept = LineHistory()
    kept.append_string("one")
    assert kept.get_strings() == ["one"]


def test_a_damaged_file_is_loaded_as_far_as_possible(file: Path) -> None:
    """Bytes that are not UTF-8 are replaced; new entries can be appended."""
    file.write_bytes(b"\0\xff\n# then\n+a\xff\n\xfe\n+b")
    assert remembered()[0] == "a\ufffd"
    remember("c")
    assert remembered()[-1] == "c"


def test_lone_surrogates_are_replaced_before_they_are_stored(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed bytes that are not UTF-8 arrive as such; they cannot be encoded."""
    given: list[str] = []
    monkeypatch.setattr(FileHistory, "store_string", lambda _, line: given.append(line))
    remember("a\udcff\udcfeb")
    assert given[0].encode()


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
