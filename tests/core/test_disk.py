"""The system calls of a journal, on a real disk."""

import os
from pathlib import Path

import pytest

from chatlib import disk as module
from chatlib.disk import Disk


def test_a_file_is_appended_to_and_read_whole(tmp_path: Path) -> None:
    """Wherever it was read before; more than the limit is not read to its end."""
    disk, path = Disk(), str(tmp_path / "file")
    fd = disk.create(path)
    assert disk.write(fd, b"one") == 3
    assert disk.read(fd, 100) == b"one"
    disk.write(fd, b"two" * 1_000_000)
    disk.sync(fd)
    disk.sync_folder(path)
    assert disk.read(fd, 1 << 30) == b"one" + b"two" * 1_000_000
    assert 10 < len(disk.read(fd, 10)) < 2_000_000
    disk.close(fd)


def test_only_one_may_lock_a_file(tmp_path: Path) -> None:
    """Until it is closed."""
    disk, path = Disk(), str(tmp_path / "file")
    first, second = disk.open(path), disk.open(path)
    disk.lock(first)
    with pytest.raises(BlockingIOError):
        disk.lock(second)
    disk.close(first)
    disk.lock(second)
    disk.close(second)


def test_a_name_leads_to_one_file(tmp_path: Path) -> None:
    """Through links and renames."""
    disk, path, other = Disk(), str(tmp_path / "file"), str(tmp_path / "other")
    fd = disk.open(path)
    disk.link(path, other)
    with pytest.raises(FileExistsError):
        disk.link(path, other)
    with pytest.raises(FileExistsError):
        disk.create(path)
    assert disk.is_at(fd, path) and disk.is_at(fd, other)
    disk.unlink(path)
    disk.unlink(path)
    assert not disk.is_at(fd, path)
    disk.rename(other, path)
    assert disk.is_at(fd, path)
    disk.close(fd)


def test_a_file_is_ours_if_nobody_else_may_open_it(tmp_path: Path) -> None:
    """Its group neither."""
    disk, path = Disk(), str(tmp_path / "file")
    fd = disk.open(path)
    assert disk.is_ours(fd)
    for mode in (0o640, 0o604, 0o620, 0o601):
        os.chmod(path, mode)
        assert not disk.is_ours(fd)
    disk.close(fd)


def test_a_run_of_the_machine_has_a_name_where_linux_knows_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Elsewhere it has none, and every run counts as another one."""
    assert Disk().find_boot() == Disk().find_boot()
    monkeypatch.setattr(module, "BOOT", "/nowhere/boot_id")
    assert Disk().find_boot() == b""
    assert Disk().make_salt(16) != Disk().make_salt(16)
    assert Disk().now() > 1e9
