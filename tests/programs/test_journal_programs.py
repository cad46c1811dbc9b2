"""A program with a journal is killed at any moment, and started again.

The talk goes on: no line is lost, none is shown out of order, and what is shown a second
time is marked, one run of lines for a crash.
"""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harness.stage import PATIENCE, ROOT

WHOLE = bool(os.environ.get("CHAT_WHOLE"))
MOMENTS = 100 if WHOLE else 4
LINES = 400

MARK = re.compile(r"The next (?:(\d+) lines|line) may have been shown before")


class Run:
    """One program from its start to its end; what it shows is collected."""

    def __init__(self, program: str, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", program, *options],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.shown: list[str] = []
        self._grown = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            with self._grown:
                self.shown.append(line.rstrip("\n"))
                self._grown.notify_all()
        with self._grown:
            self.shown.append("<end>")
            self._grown.notify_all()

    def await_line(self, words: str) -> str:
        """Return the first line that has these words, as soon as it is shown."""

        def find() -> str | None:
            return next((line for line in self.shown if words in line), None)

        with self._grown:
            found = self._grown.wait_for(lambda: find() or "<end>" in self.shown, PATIENCE)
        line = find()
        assert found and line is not None, f"expected {words!r}, shown: {self.shown[-20:]}"
        return line

    def say(self, *lines: str) -> None:
        """Type lines."""
        assert self.process.stdin
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def kill(self) -> None:
        """Kill the program; all that it has shown is read."""
        self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)

    def end(self) -> int:
        """Return the exit code of a program that ends."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code


@contextmanager
def stage(folder: Path, mode: str) -> Iterator["Stage"]:
    """Return two programs on one port that end with the test."""
    stage = Stage(folder, mode)
    try:
        yield stage
    finally:
        for run in stage.runs:
            run.kill()
            assert run.process.stdin
            with suppress(BrokenPipeError):
                run.process.stdin.close()


class Stage:
    """The server and the client of one test, with a journal each."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.folder = folder
        self.runs: list[Run] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = str(free.getsockname()[1])
        self._mode = mode

    def start(self, program: str, *options: str) -> Run:
        """Start a program, for the first time or again with the same command."""
        mode = ("--mode", self._mode) if program == "chatd" else ()
        journal = ("--journal", str(self.journal(program)))
        run = Run(program, "--port", self.port, *mode, *journal, *options)
        self.runs.append(run)
        if program == "chatd":
            run.await_line("Server listening")
        return run

    def journal(self, program: str) -> Path:
        """Return the journal of a program."""
        return self.folder / program


def messages(runs: list[Run], who: str) -> list[str]:
    """Return the lines of one speaker that these runs have shown as new."""
    found = list[str]()
    for run in runs:
        begun, again = False, 0
        for line in run.shown:
            if line.startswith(("Connected to", "Connected by")):
                begun = True
            mark = MARK.search(line)
            if mark:
                again = int(mark[1] or 1)
            elif begun and (text := re.search(rf"{who} line \d+$", line)):
                if again:
                    again -= 1
                    if text[0] in found:
                        continue
                found.append(text[0])
    return found


@pytest.mark.parametrize("mode", ["turns", "free"])
@pytest.mark.parametrize("victims", [("chatc",), ("chatd",), ("chatd", "chatc")])
def test_a_talk_goes_on_after_a_kill(
    tmp_path: Path, mode: str, victims: tuple[str, ...]
) -> None:
    """The same turn, the last lines above, and what was typed too early is sent."""
    with stage(tmp_path, mode) as two:
        now = {"chatd": two.start("chatd"), "chatc": two.start("chatc")}
        now["chatc"].await_line("Connected to")
        now["chatc"].say("client line 1")
        now["chatd"].await_line("client line 1")
        now["chatd"].say("server line 1")
        now["chatc"].await_line("server line 1")
        marks = [line for run in now.values() for line in run.shown if MARK.search(line)]
        assert not marks, "nothing was shown before a new talk"
        for victim in victims:
            now[victim].kill()
        for victim in victims:
            now[victim] = two.start(victim)
            now[victim].await_line("was interrupted at")
            now[victim].await_line("client line 1")
        now["chatc"].say("client line 2")
        now["chatd"].await_line("client line 2")
        now["chatd"].say("server line 2")
        now["chatc"].await_line("server line 2")
        if len(victims) == 1:
            other = now["chatc" if victims == ("chatd",) else "chatd"]
            other.await_line("lost")
            other.await_line("again")
        now["chatc"].say("/q")
        assert [now["chatc"].end(), now["chatd"].end()] == [0, 0]
    assert not [*tmp_path.iterdir()], "a goodbye leaves no journal"


@pytest.mark.parametrize("victims", [("chatc",), ("chatd",), ("chatd", "chatc")])
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_nothing_is_lost_or_doubled_by_a_kill_at_any_moment(
    tmp_path: Path, moment: int, victims: tuple[str, ...]
) -> None:
    """Both pour lines; the moment is random, and about the same in every run."""
    chance = random.Random(f"{moment} {victims}")
    count = chance.randrange(1, LINES)
    lines = [f"line {number}" for number in range(LINES)]
    with stage(tmp_path, "free") as two:
        now = {"chatd": two.start("chatd"), "chatc": two.start("chatc")}
        first = dict(now)
        now["chatc"].await_line("Connected to")
        for program, who in (("chatd", "server"), ("chatc", "client")):
            now[program].say(*(f"{who} {line}" for line in lines))
        watcher = "chatd" if victims == ("chatc",) else "chatc"
        speaker = "client" if watcher == "chatd" else "server"
        now[watcher].await_line(f"{speaker} line {count}")
        for victim in victims:
            now[victim].kill()
        for victim in victims:
            now[victim] = two.start(victim)
        now["chatc"].await_line("Connected")
        for program, who in (("chatd", "server"), ("chatc", "client")):
            now[program].say(f"{who} line 1000")
        now["chatc"].await_line("server line 1000")
        now["chatd"].await_line("client line 1000")
        for program, who in (("chatd", "client"), ("chatc", "server")):
            runs = [first[program]]
            runs += [now[program]] if now[program] is not first[program] else []
            found = messages(runs, who)
            numbers = [int(text.split()[-1]) for text in found]
            assert numbers == sorted(set(numbers)), f"{program}: {numbers}"
            sender = "chatc" if who == "client" else "chatd"
            # What the victim had not read from its pipe went with it, from the end.
            sent = numbers[:-1]
            assert sent == [*range(len(sent))], f"{program}: {numbers}"
            assert sender in victims or len(sent) == LINES
            marks = [line for line in now[program].shown if MARK.search(line)]
            assert len(marks) <= 1


def test_a_journal_in_use_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """Two programs never write into one journal."""
    with stage(tmp_path, "free") as two:
        two.start("chatd")
        second = Run("chatd", "--port", "0", "--journal", str(two.journal("chatd")))
        two.runs.append(second)
        second.await_line("a running program uses it")
        assert second.end() == 3


def test_a_journal_of_the_other_role_is_refused(tmp_path: Path) -> None:
    """The journal of a server is no client's."""
    with stage(tmp_path, "free") as two:
        two.start("chatd").kill()
        client = Run("chatc", "--port", two.port, "--journal", str(two.journal("chatd")))
        two.runs.append(client)
        client.await_line("it is not a client's")
        assert client.end() == 3


def test_a_talk_that_is_given_up_is_kept_and_forgotten_only_on_demand(
    tmp_path: Path,
) -> None:
    """The end of --retry is no end of the talk, and --forget is."""
    with stage(tmp_path, "free") as two:
        server, client = two.start("chatd"), two.start("chatc", "--retry", "0.2")
        client.await_line("Connected to")
        client.say("client line 1")
        server.await_line("client line 1")
        server.kill()
        client.await_line("the same command goes on")
        assert client.end() == 1
        server, client = two.start("chatd"), two.start("chatc")
        server.await_line("client line 1")
        client.await_line("Connected to")
        client.say("client line 2")
        server.await_line("client line 2")
        server.kill()
        client.kill()
        server, client = two.start("chatd", "--forget"), two.start("chatc", "--forget")
        client.await_line("Connected to")
        client.say("client line 3")
        server.await_line("client line 3")
        assert not any("line 1" in line for line in server.shown)


def test_a_signal_ends_the_talk_and_its_journal(tmp_path: Path) -> None:
    """Who is stopped in order says goodbye."""
    with stage(tmp_path, "free") as two:
        server, client = two.start("chatd"), two.start("chatc")
        client.await_line("Connected to")
        client.say("client line 1")
        server.await_line("client line 1")
        client.process.send_signal(signal.SIGTERM)
        assert client.end() == 128 + signal.SIGTERM
        assert server.end() == 0
    assert not [*tmp_path.iterdir()]
