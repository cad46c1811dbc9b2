"""One event is one line, on the screen and in the file; a bad file costs one warning."""

import errno
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chatlib import framelog
from chatlib.framelog import LEGEND, FrameLog
from chatlib.protocol.frames import Frame, Kind
from harness.stage import ROOT

SIGNS = "<>=~x!"
HOSTILE = "one\ntwo\r\x1b[2J\u2028\u202e\ud800 \0"


def make_log(
    level: int = 0, path: Path | str | None = None, program: str = "server"
) -> tuple[FrameLog, list[str]]:
    """Return a log and the list of the lines that it shows to the person."""
    shown: list[str] = []
    return FrameLog(
        program, level, None if path is None else str(path), shown.append
    ), shown


def records(path: Path) -> list[dict[str, Any]]:
    """Parse the file as a program that analyses it would."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


# On the screen.


def test_a_line_has_time_program_sign_and_text() -> None:
    """The form that the README shows."""
    log, shown = make_log(level=1)
    log.make_trace(1)("<", Frame(Kind.TEXT, 1, b"hello"), b"")
    (line,) = shown
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d\d\d server < TEXT 1 'hello' \[5 bytes\]", line
    ), line


def test_the_time_is_the_local_time_to_the_millisecond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So two logs can be read side by side."""
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.1875)
    monkeypatch.setattr(time, "localtime", time.gmtime)
    log, shown = make_log(level=1)
    log.make_trace(1)("=", "OPEN", b"")
    assert shown == ["22:13:20.187 server = OPEN"]


@pytest.mark.parametrize(
    ("level", "signs"), [(0, ""), (1, "<>=x!"), (2, SIGNS)], ids=["none", "-v", "-vv"]
)
def test_the_level_decides_which_signs_are_shown(level: int, signs: str) -> None:
    """Nothing without `-v`; raw reads and writes only with `-vv`."""
    log, shown = make_log(level)
    trace = log.make_trace(1)
    for sign in SIGNS:
        trace(sign, "what", b"")
    assert "".join(line.split()[2] for line in shown) == signs


def test_the_legend_names_every_sign() -> None:
    """`--help` explains every sign that a log may contain."""
    signs = {word for word in LEGEND.split() if len(word) == 1}
    assert signs == set(SIGNS)


def test_a_later_connection_has_its_number_behind_the_program() -> None:
    """So the lines of a stranger differ from those of the talk."""
    log, shown = make_log(level=1)
    for number in (1, 2, 17):
        log.make_trace(number)("=", "OPEN", b"")
    assert [line.split()[1] for line in shown] == ["server", "server#2", "server#17"]


def test_a_hostile_frame_is_one_printable_line_on_the_screen() -> None:
    """No byte of it reaches the terminal unescaped."""
    log, shown = make_log(level=1)
    body = HOSTILE.encode("utf-8", "replace")
    log.make_trace(1)("<", Frame(Kind.TEXT, 1, body), body)
    (line,) = shown
    assert line.isprintable()


def test_a_log_is_enabled_while_it_shows_or_writes_anything(tmp_path: Path) -> None:
    """A disabled log lets connections skip tracing."""
    assert not make_log()[0].enabled
    assert make_log(level=1)[0].enabled
    assert not make_log(path=tmp_path)[0].enabled  # a folder cannot be written
    log, _ = make_log(path=tmp_path / "log")
    assert log.enabled
    log.close()
    assert not log.enabled


# In the file.


def test_a_record_has_both_clocks_program_sign_text_and_raw_bytes(tmp_path: Path) -> None:
    """The wall clock compares two files, the monotonic clock measures."""
    path = tmp_path / "log"
    log, shown = make_log(path=path)
    frame = Frame(Kind.TEXT, 1, b"hello")
    wall, clock = time.time_ns(), time.monotonic_ns()
    log.make_trace(2)(">", frame, frame.encode())
    (record,) = records(path)
    assert wall <= record.pop("wall_ns") <= time.time_ns()
    assert clock <= record.pop("clock_ns") <= time.monotonic_ns()
    assert record == {
        "who": "server#2",
        "sign": ">",
        "text": "TEXT 1 'hello' [5 bytes]",
        "raw": "0005020000000001" + b"hello".hex(),
    }
    assert shown == []
    log.close()


def test_the_file_has_every_sign_whatever_the_level(tmp_path: Path) -> None:
    """The file is complete even without `-v`."""
    path = tmp_path / "log"
    log, _ = make_log(level=0, path=path)
    trace = log.make_trace(1)
    for sign in SIGNS:
        trace(sign, "what", b"")
    assert "".join(record["sign"] for record in records(path)) == SIGNS
    log.close()


def test_a_record_is_in_the_file_as_soon_as_it_is_traced(tmp_path: Path) -> None:
    """A program that is killed leaves a log of everything before."""
    path = tmp_path / "log"
    log, _ = make_log(path=path)
    for count in range(1, 4):
        log.make_trace(1)("=", "OPEN", b"")
        assert len(records(path)) == count
    log.close()


def test_hostile_text_is_one_line_of_ascii_in_the_file(tmp_path: Path) -> None:
    """`cat` and `grep` on the file are as safe as a JSON parser."""
    path = tmp_path / "log"
    log, _ = make_log(path=path)
    log.make_trace(1)("!", HOSTILE, HOSTILE.encode("utf-8", "replace"))
    data = path.read_bytes()
    assert data.endswith(b"\n")
    assert data[:-1].decode("ascii").isprintable()
    assert records(path)[0]["text"] == HOSTILE
    log.close()


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    """It contains what two people say to each other."""
    path = tmp_path / "log"
    before = os.umask(0)
    try:
        log, _ = make_log(path=path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    log.close()


def test_a_second_program_appends_to_the_file(tmp_path: Path) -> None:
    """Both programs may write into one file; neither overwrites the other."""
    path = tmp_path / "log"
    server, _ = make_log(path=path)
    client, _ = make_log(path=path, program="client")
    for log in (server, client, server):
        log.make_trace(1)("=", "OPEN", b"")
    server.close()
    client.close()
    assert [record["who"] for record in records(path)] == ["server", "client", "server"]


def test_a_closed_log_ignores_traces(tmp_path: Path) -> None:
    """Closing it twice is harmless, too."""
    path = tmp_path / "log"
    log, shown = make_log(path=path)
    trace = log.make_trace(1)
    log.close()
    log.close()
    trace("=", "CLOSED", b"")
    assert path.read_bytes() == b""
    assert shown == []


# A file that cannot be written.


def _null_byte_error(path: str) -> str:
    """Return Python's own text, which its versions change, for a null byte in a path."""
    with pytest.raises(ValueError, match="null") as caught:
        os.open(path, os.O_RDONLY)
    return str(caught.value)


def test_a_file_that_cannot_be_opened_costs_one_warning(tmp_path: Path) -> None:
    """The chat and the lines on the screen go on."""
    (tmp_path / "file").touch()
    reasons: dict[Path | str, str] = {
        tmp_path: "Is a directory",
        tmp_path / "no" / "such" / "folder": "No such file or directory",
        tmp_path / "file" / "below": "Not a directory",
        f"{tmp_path}/\0": _null_byte_error(f"{tmp_path}/\0"),
    }
    for path, reason in reasons.items():
        log, shown = make_log(level=1, path=path)
        assert shown == [f"No frame log from here on: {path}: {reason}."]
        log.make_trace(1)("=", "OPEN", b"")
        log.make_trace(1)("=", "CLOSED", b"")
        assert [line.split(" ", 1)[1] for line in shown[1:]] == [
            "server = OPEN",
            "server = CLOSED",
        ]


@contextmanager
def give_up_after(seconds: float) -> Iterator[None]:
    """Fail if what is done takes longer."""

    def give_up(*_: object) -> None:
        raise AssertionError("the log waited for a reader")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_opening_a_pipe_without_a_reader_does_not_block(tmp_path: Path) -> None:
    """It is refused with a warning, as the program has to start."""
    path = tmp_path / "fifo"
    os.mkfifo(path)

    with give_up_after(5):
        _, shown = make_log(path=path)
    assert shown == [
        f"No frame log from here on: {path}: no program reads from it, or it is a socket."
    ]


def test_a_full_disk_costs_one_warning() -> None:
    """The first failing write closes the file."""
    log, shown = make_log(path="/dev/full")
    assert shown == []
    trace = log.make_trace(1)
    trace("=", "OPEN", b"")
    trace("=", "CLOSED", b"")
    assert shown == ["No frame log from here on: /dev/full: No space left on device."]
    assert not log.enabled


def test_a_pipe_with_a_reader_can_be_written(tmp_path: Path) -> None:
    """`--frame-log` may feed another program, until that one ends."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log, shown = make_log(path=path)
    log.make_trace(1)("=", "OPEN", b"")
    assert select.select([reader], [], [], 5)[0]
    assert json.loads(os.read(reader, 65536))["text"] == "OPEN"
    os.close(reader)
    log.make_trace(1)("=", "CLOSED", b"")
    log.make_trace(1)("=", "CLOSED", b"")
    assert shown == [f"No frame log from here on: {path}: Broken pipe."]


def test_a_reader_that_stops_reading_does_not_stop_the_chat(tmp_path: Path) -> None:
    """The pipe is full at some time; then the file costs its one warning."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log, shown = make_log(path=path)
    trace = log.make_trace(1)
    with give_up_after(5):
        for _ in range(10_000):
            trace("=", "x" * 1000, b"")
    os.close(reader)
    assert shown == [
        f"No frame log from here on: {path}: "
        "the program that reads from it does not keep up."
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a pipe has its size")
def test_a_reader_may_be_late(tmp_path: Path) -> None:
    """A burst of a thousand frames, of which it has read nothing yet, is all there."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log, shown = make_log(path=path)
    trace = log.make_trace(1)
    for count in range(1000):
        trace("<", f"TEXT {count} 'hello' [5 bytes]", b"x" * 13)
    assert shown == []
    log.close()
    with open(reader, "rb") as pipe:
        assert len([json.loads(line) for line in pipe]) == 1000


# Our own stdout and stderr.

OWN = """
import os, sys
from chatlib.framelog import FrameLog
show = lambda line: os.write(2, f"shown {line}\\n".encode())
log = FrameLog("server", 0, sys.argv[1], show)
trace = log.make_trace(1)
for word in ("one", "two"):
    os.write(2, b"a notice that is longer than what comes next\\n")
    trace("=", word, b"")
print(log.enabled)
"""


def run_own(path: str, *redirections: str) -> subprocess.CompletedProcess[str]:
    """Run a program with a frame log, as a shell does with these redirections."""
    command = 'exec "$0" -c "$1" "$2" ' + " ".join(redirections)
    return subprocess.run(
        ["sh", "-c", command, sys.executable, OWN, path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("path", ["/dev/stderr", "/dev/fd/2"])
def test_the_log_may_be_stderr(path: str) -> None:
    """Whether it is a pipe, as here, or something else, as below."""
    ended = run_own(path)
    assert ended.stdout == "True\n"
    lines = ended.stderr.splitlines()
    assert [json.loads(line)["text"] for line in lines[1::2]] == ["one", "two"]


def test_the_log_overwrites_nothing_in_the_file_of_stderr(tmp_path: Path) -> None:
    """Although each opening of a file has a position of its own."""
    for path in ("/dev/stderr", str(tmp_path / "log")):
        run_own(path, f"2>{tmp_path}/log")
        lines = (tmp_path / "log").read_text().splitlines()
        assert [line[:8] for line in lines] == ["a notice", '{"wall_n'] * 2


def test_a_record_is_shown_if_the_log_is_our_terminal() -> None:
    """There the editor paints, so nothing else may write."""
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    ended = run_own("/dev/stderr", f"2>{name}")
    assert ended.stdout == "True\n"
    lines = os.read(ours, 65536).decode().splitlines()
    assert [line[:12] for line in lines] == ["a notice tha", 'shown {"wall'] * 2
    os.close(ours)
    os.close(theirs)


def test_a_log_on_another_terminal_is_written(tmp_path: Path) -> None:
    """As on a second window."""
    ours, theirs = pty.openpty()
    ended = run_own(os.ttyname(theirs))
    assert ended.stdout == "True\n"
    lines = os.read(ours, 65536).decode().splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["one", "two"]
    os.close(ours)
    os.close(theirs)


def test_stdout_and_stderr_are_found_in_this_process_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A regular file is written through the descriptor that is open; a terminal shown."""
    path = tmp_path / "log"
    with open(path, "wb") as file:
        monkeypatch.setattr(framelog, "STDOUT", file.fileno())
        log, _ = make_log(path=path)
        os.write(file.fileno(), b"one\n")
        log.make_trace(1)("=", "OPEN", b"")
        os.write(file.fileno(), b"two\n")
        log.close()
    assert [line[:4] for line in path.read_bytes().splitlines()] == [
        b"one",
        b'{"wa',
        b"two",
    ]
    ours, theirs = pty.openpty()
    monkeypatch.setattr(framelog, "STDERR", theirs)
    log, shown = make_log(path=os.ttyname(theirs))
    log.make_trace(1)("=", "OPEN", b"")
    assert [json.loads(line)["text"] for line in shown] == ["OPEN"]
    log.close()
    os.close(ours)
    os.close(theirs)


# A record that is not taken whole.


def test_half_a_record_on_a_full_disk_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the first record of the next run stands on a line of its own."""
    path = tmp_path / "log"
    write = os.write
    log, shown = make_log(path=path)
    trace = log.make_trace(1)
    trace("=", "OPEN", b"")
    room = [30]

    def fill(fd: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = write(fd, data[: room[0]])
        room[0] -= taken
        return taken

    monkeypatch.setattr(os, "write", fill)
    trace("=", "CLOSING", b"")
    monkeypatch.setattr(os, "write", write)
    assert shown == [f"No frame log from here on: {path}: No space left on device."]
    make_log(path=path)[0].make_trace(1)("=", "LOST", b"")
    assert [each["text"] for each in records(path)] == ["OPEN", "LOST"]


def test_a_record_that_is_taken_in_pieces_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short write is no error; the rest follows."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))
    log, shown = make_log(path=tmp_path / "log")
    log.make_trace(1)("=", "OPEN", b"")
    assert shown == []
    assert [each["text"] for each in records(tmp_path / "log")] == ["OPEN"]


def test_what_another_program_wrote_behind_half_a_record_is_not_cut_off(
    tmp_path: Path,
) -> None:
    """Two programs may share the file."""
    path = tmp_path / "log"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, b"half")
    with open(path, "ab") as other:
        other.write(b"whole\n")
    framelog._take_back(fd, 4)
    os.close(fd)
    assert path.read_bytes() == b"halfwhole\n"


def test_half_a_record_in_a_pipe_gets_a_line_end() -> None:
    """It cannot be taken back; what comes from another writer stands on its own line."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.read(reader, 4096)
    with pytest.raises(BlockingIOError):
        framelog._write_record(writer, b"y" * 8000 + b"\n")
    assert os.read(reader, 65536).endswith(b"y")
    framelog._take_back(writer, 1)
    assert os.read(reader, 65536) == b"\n"
    os.close(reader)
    os.close(writer)
