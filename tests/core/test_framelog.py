"""One event is one line, on the screen and in the file; a bad file costs one warning."""

import json
import os
import re
import select
import signal
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from chatlib.framelog import LEGEND, FrameLog
from chatlib.protocol.frames import Frame, Kind

SIGNS = "<>=~x!"
HOSTILE = "one\ntwo\r\x1b[2J\u2028\u202e\ud800 \0"


def make_log(
    level: int = 0, path: Path | str | None = None, who: str = "server"
) -> tuple[FrameLog, list[str]]:
    """Give a log and the list of what it tells the person."""
    told: list[str] = []
    return FrameLog(who, level, None if path is None else str(path), told.append), told


def records(path: Path) -> list[dict[str, Any]]:
    """Read the file as whoever analyses it would."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


# On the screen.


def test_a_line_has_the_time_who_the_sign_and_what() -> None:
    """The form that the README shows."""
    log, told = make_log(level=1)
    log.tracer(1)("<", Frame(Kind.TEXT, 1, b"hello"), b"")
    (line,) = told
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.\d\d\d server < TEXT 1 'hello' \[5 bytes\]", line
    ), line


def test_the_time_is_that_of_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Local, to the millisecond, so that two logs can be laid side by side."""
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.1875)
    monkeypatch.setattr(time, "localtime", time.gmtime)
    log, told = make_log(level=1)
    log.tracer(1)("=", "OPEN", b"")
    assert told == ["22:13:20.187 server = OPEN"]


@pytest.mark.parametrize(("level", "shown"), [(0, ""), (1, "<>=x!"), (2, SIGNS)])
def test_the_level_decides_which_signs_are_shown(level: int, shown: str) -> None:
    """Nothing without `-v`; raw reads and writes only with `-vv`."""
    log, told = make_log(level)
    trace = log.tracer(1)
    for sign in SIGNS:
        trace(sign, "what", b"")
    assert "".join(line.split()[2] for line in told) == shown


def test_the_legend_names_every_sign() -> None:
    """`--help` explains all that a log may contain."""
    signs = {word for word in LEGEND.split() if len(word) == 1}
    assert signs == set(SIGNS)


def test_a_later_connection_has_its_number_behind_the_name() -> None:
    """Strangers can be told apart from the one who is talked with."""
    log, told = make_log(level=1)
    for number in (1, 2, 17):
        log.tracer(number)("=", "OPEN", b"")
    assert [line.split()[1] for line in told] == ["server", "server#2", "server#17"]


def test_a_hostile_frame_stays_one_line_on_the_screen() -> None:
    """The frame quotes itself; the screen gets nothing that it would obey."""
    log, told = make_log(level=1)
    body = HOSTILE.encode("utf-8", "replace")
    log.tracer(1)("<", Frame(Kind.TEXT, 1, body), body)
    (line,) = told
    assert line.isprintable()


def test_a_log_is_wanted_when_anybody_listens(tmp_path: Path) -> None:
    """Otherwise connections may trace into nothing at all."""
    assert not make_log()[0].wanted
    assert make_log(level=1)[0].wanted
    assert not make_log(path=tmp_path)[0].wanted  # a folder cannot be written
    log, _ = make_log(path=tmp_path / "log")
    assert log.wanted
    log.close()
    assert not log.wanted


# In the file.


def test_a_record_has_both_clocks_who_sign_text_and_raw_bytes(tmp_path: Path) -> None:
    """The wall to lay two files side by side, the other clock to measure with."""
    path = tmp_path / "log"
    log, told = make_log(path=path)
    frame = Frame(Kind.TEXT, 1, b"hello")
    wall, clock = time.time_ns(), time.monotonic_ns()
    log.tracer(2)(">", frame, frame.encode())
    (record,) = records(path)
    assert wall <= record.pop("wall_ns") <= time.time_ns()
    assert clock <= record.pop("clock_ns") <= time.monotonic_ns()
    assert record == {
        "who": "server#2",
        "sign": ">",
        "text": "TEXT 1 'hello' [5 bytes]",
        "raw": "0005020000000001" + b"hello".hex(),
    }
    assert told == []
    log.close()


def test_the_file_has_every_sign_whatever_the_level(tmp_path: Path) -> None:
    """Nobody can know beforehand what will be looked for."""
    path = tmp_path / "log"
    log, _ = make_log(level=0, path=path)
    trace = log.tracer(1)
    for sign in SIGNS:
        trace(sign, "what", b"")
    assert "".join(record["sign"] for record in records(path)) == SIGNS
    log.close()


def test_every_record_is_in_the_file_at_once(tmp_path: Path) -> None:
    """A program that is killed leaves a log of all that happened before."""
    path = tmp_path / "log"
    log, _ = make_log(path=path)
    for count in range(1, 4):
        log.tracer(1)("=", "OPEN", b"")
        assert len(records(path)) == count
    log.close()


def test_hostile_text_stays_one_line_of_ascii(tmp_path: Path) -> None:
    """`grep` and `cat` on the file are as safe as a JSON reader."""
    path = tmp_path / "log"
    log, _ = make_log(path=path)
    log.tracer(1)("!", HOSTILE, HOSTILE.encode("utf-8", "replace"))
    data = path.read_bytes()
    assert data.endswith(b"\n")
    assert data[:-1].decode("ascii").isprintable()
    assert records(path)[0]["text"] == HOSTILE
    log.close()


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """It holds what two people said to each other."""
    path = tmp_path / "log"
    before = os.umask(0)
    try:
        log, _ = make_log(path=path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    log.close()


def test_a_second_program_appends(tmp_path: Path) -> None:
    """Both sides may write into one file; neither overwrites the other."""
    path = tmp_path / "log"
    server, _ = make_log(path=path)
    client, _ = make_log(path=path, who="client")
    for log in (server, client, server):
        log.tracer(1)("=", "OPEN", b"")
    server.close()
    client.close()
    assert [record["who"] for record in records(path)] == ["server", "client", "server"]


def test_after_close_nothing_is_written(tmp_path: Path) -> None:
    """Closing twice, and tracing into a closed log, are harmless."""
    path = tmp_path / "log"
    log, told = make_log(path=path)
    trace = log.tracer(1)
    log.close()
    log.close()
    trace("=", "CLOSED", b"")
    assert path.read_bytes() == b""
    assert told == []


# A file that cannot be written.


def _refusal(path: str) -> str:
    """Say in Python's own words, which change, why a path is none."""
    with pytest.raises(ValueError, match="null") as caught:
        os.open(path, os.O_RDONLY)
    return str(caught.value)


def test_a_file_that_cannot_be_opened_costs_one_warning(tmp_path: Path) -> None:
    """The chat goes on, and so does what the screen shows."""
    (tmp_path / "file").touch()
    reasons: dict[Path | str, str] = {
        tmp_path: "Is a directory",
        tmp_path / "no" / "such" / "folder": "No such file or directory",
        tmp_path / "file" / "below": "Not a directory",
        f"{tmp_path}/\0": _refusal(f"{tmp_path}/\0"),
    }
    for path, reason in reasons.items():
        log, told = make_log(level=1, path=path)
        assert told == [f"No frame log from here on: {path}: {reason}."]
        log.tracer(1)("=", "OPEN", b"")
        log.tracer(1)("=", "CLOSED", b"")
        assert [line.split(" ", 1)[1] for line in told[1:]] == [
            "server = OPEN",
            "server = CLOSED",
        ]


def test_a_pipe_without_a_reader_is_not_waited_for(tmp_path: Path) -> None:
    """Opening it as a file is opened would stand still for ever."""
    path = tmp_path / "fifo"
    os.mkfifo(path)

    def give_up(*_: object) -> None:
        raise TimeoutError("the log waited for a reader")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 5)
    try:
        _, told = make_log(path=path)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert told == [f"No frame log from here on: {path}: No such device or address."]


def test_a_disk_that_is_full_costs_one_warning() -> None:
    """The file is given up at the first write that fails."""
    log, told = make_log(path="/dev/full")
    assert told == []
    trace = log.tracer(1)
    trace("=", "OPEN", b"")
    trace("=", "CLOSED", b"")
    assert told == ["No frame log from here on: /dev/full: No space left on device."]
    assert not log.wanted


def test_a_pipe_with_a_reader_is_a_file_like_any_other(tmp_path: Path) -> None:
    """`--frame-log` may feed another program, until that has gone."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log, told = make_log(path=path)
    log.tracer(1)("=", "OPEN", b"")
    assert select.select([reader], [], [], 5)[0]
    assert json.loads(os.read(reader, 65536))["text"] == "OPEN"
    os.close(reader)
    log.tracer(1)("=", "CLOSED", b"")
    log.tracer(1)("=", "CLOSED", b"")
    assert told == [f"No frame log from here on: {path}: Broken pipe."]
