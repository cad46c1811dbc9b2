"""A text file is read when it is one, and refused with a reason when it is not."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.files import LIMIT, read_text
from harness.stage import ROOT


@pytest.fixture(autouse=True)
def impatience() -> Iterator[None]:
    """Fail in a test that waits for a file."""

    def give_up(*_: object) -> None:
        raise AssertionError("a file was waited for")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 20)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def make_device(path: Path) -> None:
    """Put a link to a device there that never ends."""
    path.symlink_to("/dev/zero")


def make_long(path: Path) -> None:
    """Put a file there that is longer than any text that is meant for us."""
    path.touch()
    os.truncate(path, 1 << 34)


def make_binary(path: Path) -> None:
    """Put a file there that is no text."""
    path.write_bytes(b"\xff\xfe#\0")


WRONG: dict[Callable[[Path], object], str] = {
    os.mkfifo: "it is not a regular file",
    make_device: "it is not a regular file",
    Path.mkdir: "Is a directory",
    make_long: f"it is longer than {LIMIT} bytes",
    make_binary: "it is not UTF-8",
}


@pytest.mark.parametrize(
    ("make", "reason"), WRONG.items(), ids=[each.__name__ for each in WRONG]
)
def test_what_is_no_text_file_is_refused(
    make: Callable[[Path], object], reason: str, tmp_path: Path
) -> None:
    """By every command that reads one: one sentence and exit code 2."""
    path = tmp_path / "file"
    make(path)
    with pytest.raises(OSError, match=reason):
        read_text(path)
    for command in (["play"], ["referee", "--rubric"], ["referee", "--profile"]):
        ended = subprocess.run(
            [
                sys.executable,
                "-m",
                "harness",
                *command,
                path,
                *(["."] if command[1:] else []),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert ended.returncode == 2
        assert ended.stderr.startswith(f"harness: {path}")
        assert reason in ended.stderr
        assert ended.stderr.count("\n") == 1


def test_a_file_that_is_replaced_meanwhile_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at it and the opening of it."""
    path = tmp_path / "file"
    path.touch()
    real = os.open

    def replace(*_: object) -> int:
        return real("/dev/zero", os.O_RDONLY)

    monkeypatch.setattr(os, "open", replace)
    with pytest.raises(OSError, match="it is not a regular file"):
        read_text(path)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    """Some editors put one before it."""
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbf# \xc3\xa9")
    assert read_text(path) == "# é"
