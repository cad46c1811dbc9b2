"""Only regular files are read, and not for ever; no folder is guessed."""

import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatlib.files import find_folder, find_home, open_regular, read_file, read_open


@pytest.fixture(autouse=True)
def impatience() -> Iterator[None]:
    """Fail in a test that waits for longer than five seconds."""

    def give_up(*_: object) -> None:
        raise AssertionError("a file was waited for")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 5)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


# Files of another kind.

WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "a-pipe": (os.mkfifo, "not a regular file"),
    "a-link-to-a-device": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    "a-folder": (Path.mkdir, "Is a directory"),
}

FLAGS = {
    "read": os.O_RDONLY,
    "write": os.O_WRONLY,
    "append": os.O_WRONLY | os.O_APPEND | os.O_CREAT,
}


@pytest.mark.parametrize("flags", FLAGS.values(), ids=FLAGS)
@pytest.mark.parametrize(("make", "reason"), WRONG.values(), ids=WRONG)
def test_only_a_regular_file_is_opened(
    make: Callable[[Path], object], reason: str, flags: int, tmp_path: Path
) -> None:
    """The error names the path, and says what it is not."""
    make(tmp_path / "file")
    with pytest.raises(OSError, match=reason) as caught:
        open_regular(str(tmp_path / "file"), flags)
    assert caught.value.strerror == reason
    assert caught.value.filename == str(tmp_path / "file")


def test_a_pipe_is_not_even_opened(tmp_path: Path) -> None:
    """Its writer, who waits for a reader, would be woken up."""
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def fail(*_: object) -> int:
        raise AssertionError("it was opened")

    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="regular"):
        patch.setattr(os, "open", fail)
        open_regular(str(path), os.O_RDONLY)


def test_a_file_that_is_replaced_meanwhile_is_closed_again(tmp_path: Path) -> None:
    """Between the look at it and the opening of it."""
    path = tmp_path / "file"
    path.touch()
    real = os.open
    opened: list[int] = []

    def replace(*rest: object) -> int:
        path.unlink()
        os.mkfifo(path)
        opened.append(real(path, os.O_RDONLY | os.O_NONBLOCK))
        return opened[0]

    with pytest.MonkeyPatch.context() as patch, pytest.raises(OSError, match="regular"):
        patch.setattr(os, "open", replace)
        open_regular(str(path), os.O_RDONLY)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


def test_a_file_is_created_for_its_owner_alone(tmp_path: Path) -> None:
    """If it is to be created at all."""
    path = tmp_path / "file"
    with pytest.raises(FileNotFoundError):
        open_regular(str(path), os.O_WRONLY)
    before = os.umask(0)
    fd = open_regular(str(path), os.O_WRONLY | os.O_CREAT)
    os.umask(before)
    assert os.fstat(fd).st_mode & 0o777 == 0o600
    assert not os.get_inheritable(fd)
    os.close(fd)


# How much is read.


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    """One byte more is an error."""
    path = tmp_path / "file"
    path.write_bytes(b"1234")
    assert read_file(str(path), 4) == b"1234"
    with pytest.raises(OSError, match="longer than 3 bytes") as caught:
        read_file(str(path), 3)
    assert caught.value.errno == errno.EFBIG


def test_dev_null_is_an_empty_file() -> None:
    """`--config /dev/null` says that there is none."""
    assert read_file("/dev/null", 10) == b""


def test_all_is_read_however_little_comes_at_a_time(tmp_path: Path) -> None:
    """As some file systems have it."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    real = os.read
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "read", lambda fd, count: real(fd, min(count, 2)))
        assert read_file(str(path), 9) == b"12345"
        fd = os.open(path, os.O_RDONLY)
        assert read_open(fd, 3) == b"123"
        os.close(fd)


# The user's folders.

HOMES = {
    "set": ({"HOME": "/home/ann"}, "/home/ann"),
    "root": ({"HOME": "/"}, "/"),
    "empty": ({"HOME": ""}, None),
    "relative": ({"HOME": "ann"}, None),
    "known-to-the-password-file": ({}, "/passwd/ann"),
}


@pytest.mark.parametrize(("environment", "home"), HOMES.values(), ids=HOMES)
def test_a_home_is_an_absolute_path_or_unknown(
    environment: dict[str, str], home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HOME counts where it is set."""
    monkeypatch.setattr(os.path, "expanduser", lambda path: "/passwd/ann")
    assert find_home(environment) == home


def test_a_home_that_nobody_knows_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python then leaves the ~ as it is."""
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert find_home({}) is None
    assert find_folder("XDG_X_HOME", ".x", {}) is None


@pytest.mark.parametrize("value", [None, "", "rel", "~/x"])
def test_a_folder_that_is_not_absolute_is_the_default(value: str | None) -> None:
    """In the home folder."""
    environment = (
        {"HOME": "/ann"} if value is None else {"HOME": "/ann", "XDG_X_HOME": value}
    )
    assert find_folder("XDG_X_HOME", ".x", environment) == "/ann/.x"


def test_a_folder_that_is_set_needs_no_home() -> None:
    """The variable is enough."""
    assert find_folder("XDG_X_HOME", ".x", {"HOME": "", "XDG_X_HOME": "/x"}) == "/x"
