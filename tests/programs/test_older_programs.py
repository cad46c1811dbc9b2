"""Programs of the first release talk with those of today, either way round."""

import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path

import pytest

from harness.stage import ROOT
from harness.ticket import write_ticket

FIRST = "789ebad"
"""The commit of the first release."""

SECONDS = 20

PORT = re.compile(r"on port: (\d+)")


@pytest.fixture(scope="session")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the first release; skip the test where its commit is not at hand."""
    command = ["git", "archive", FIRST, "chatlib", "chatd", "chatc"]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True)
    if archive.returncode:
        pytest.skip(f"commit {FIRST} is not here: {archive.stderr.decode().strip()}")
    folder = tmp_path_factory.mktemp("first")
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


@contextmanager
def start(tree: Path, program: str, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a program of a checkout on pipes; end it in any case."""
    process = subprocess.Popen(
        [sys.executable, "-m", program, "--plain", "--host", "127.0.0.1", *options],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def says(process: "subprocess.Popen[str]", line: str) -> None:
    """Type a line."""
    assert process.stdin
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def sees(process: "subprocess.Popen[str]", text: str) -> str:
    """Read lines until one has this text; return it."""
    assert process.stdout
    read: list[str] = []
    for line in process.stdout:
        read.append(line)
        if text in line:
            return line
    raise AssertionError(f"{text!r} never came, but {read}")


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("mode", ["turns", "free"])
@pytest.mark.parametrize("old", ["chatd", "chatc"])
def test_a_talk_with_a_program_of_the_first_release(
    first: Path, old: str, mode: str
) -> None:
    """Lines both ways, a game in between, and a goodbye that delivers everything."""
    trees = {name: first if name == old else ROOT for name in ("chatd", "chatc")}
    with ExitStack() as stack:
        server = stack.enter_context(
            start(trees["chatd"], "chatd", "--port", "0", "--mode", mode)
        )
        found = PORT.search(sees(server, "listening"))
        assert found
        client = stack.enter_context(start(trees["chatc"], "chatc", "--port", found[1]))
        for number in range(3):
            says(client, f"question {number}")
            sees(server, f"question {number}")
            says(server, f"answer {number}")
            sees(client, f"answer {number}")
        # A pipe of the server is read when it has the turn, and here the client has it.
        if old == "chatd":
            says(client, "/play battleship")
            sees(client, "declines the game")
        says(client, "/play tictactoe")
        sees(server, "offers a game of tictactoe")
        says(client, "the last word")
        sees(server, "the last word")
        says(server, "/q")
        assert server.wait(SECONDS) == client.wait(SECONDS) == 0


@pytest.mark.usefixtures("bounded")
def test_a_client_of_the_first_release_is_refused_a_kept_seat_and_let_in(
    first: Path,
) -> None:
    """It does not wait; started again after `/admit`, it has the seat."""
    with ExitStack() as stack:
        server = stack.enter_context(start(ROOT, "chatd", "--port", "0", "--mode", "free"))
        found = PORT.search(sees(server, "listening"))
        assert found
        lost = stack.enter_context(start(ROOT, "chatc", "--port", found[1]))
        says(lost, "Hello")
        sees(server, "Hello")
        lost.kill()
        assert server.stderr
        assert "was lost" in server.stderr.readline()
        refused = stack.enter_context(start(first, "chatc", "--port", found[1]))
        assert refused.wait(SECONDS) == 4
        assert "asks for the seat" in server.stderr.readline()
        says(server, "/admit")
        assert "was lost" in server.stderr.readline()
        assert "The seat is free" in server.stderr.readline()
        client = stack.enter_context(start(first, "chatc", "--port", found[1]))
        says(client, "It is me")
        sees(server, "It is me")
        says(client, "/q")
        assert client.wait(SECONDS) == server.wait(SECONDS) == 0


@pytest.mark.usefixtures("bounded")
def test_an_older_client_is_shown_that_the_talk_is_private(first: Path) -> None:
    """It gets a frame that it understands, ends, and the server goes on waiting."""
    with start(ROOT, "chatd", "--private", "--port", "0") as server:
        match = PORT.search(sees(server, "on port"))
        assert match
        with start(first, "chatc", "--port", match[1]) as client:
            assert client.stderr
            assert "this talk is private: ask for its ticket" in client.stderr.read()
            assert client.wait() != 0
        assert server.poll() is None


@pytest.mark.usefixtures("bounded")
def test_a_ticket_at_an_older_server_is_told_that_there_is_none(
    first: Path, tmp_path: Path
) -> None:
    """What the older program says to TLS is enough to know it by."""
    with start(first, "chatd", "--port", "0") as server:
        match = PORT.search(sees(server, "on port"))
        assert match
        ticket = tmp_path / "ticket"
        write_ticket(ticket, ["127.0.0.1"], int(match[1]))
        with start(ROOT, "chatc", "--ticket", str(ticket), "--port", match[1]) as client:
            assert client.stderr
            assert "uses no ticket" in client.stderr.read()
            assert client.wait() == 5
        assert server.poll() is None
