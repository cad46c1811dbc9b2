"""Where a ticket comes from and where it is kept: options, files, environment."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chatlib.errors import Exit
from chatlib.ticket import Ticket, read_ticket_file, write_ticket_file
from harness.stage import ROOT
from tests.programs.private import Talker

TICKET = Ticket(("127.0.0.1",), 1, bytes(range(32)))


def run(
    *arguments: str, typed: str = "", bare: bool = False, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; `bare` with the standard library alone."""
    options = ["-S"] if bare else []
    return subprocess.run(
        [sys.executable, *options, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=30,
    )


def serve(*options: str, **environment: str) -> str:
    """Start a server, and end it as soon as it has shown its ticket; return that."""
    command = [sys.executable, "-m", "chatd", "--port", "0", *options]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdin=null, stdout=pipe, text=True
    ) as server:
        assert server.stdout
        lines = [server.stdout.readline() for _ in range(3)]
        server.terminate()
    assert lines[1].startswith("Private: give this line"), lines
    return lines[2].strip()


def key(line: str) -> str:
    """Return the characters of a ticket that stand for its secret."""
    return line.rpartition(":")[2][:60]


def test_a_server_keeps_its_ticket_in_a_file(tmp_path: Path) -> None:
    """It makes the file, for its user alone; the next start shows the same key."""
    path = tmp_path / "ticket"
    first = serve("--ticket", str(path))
    assert read_ticket_file(str(path)).line == first
    assert path.stat().st_mode & 0o777 == 0o600
    again = serve("--ticket", str(path))
    assert key(again) == key(first)
    assert read_ticket_file(str(path)).line == first  # it was only read
    assert key(serve(CHAT_TICKET=str(path))) == key(first)


def test_a_new_ticket_replaces_the_old_one(tmp_path: Path) -> None:
    """Only where it is asked for."""
    path = tmp_path / "ticket"
    write_ticket_file(str(path), TICKET)
    new = serve("--ticket", str(path), "--new-ticket")
    assert read_ticket_file(str(path)).line == new
    assert read_ticket_file(str(path)).secret != TICKET.secret


def test_a_new_ticket_cannot_be_written_to_stdin() -> None:
    """No file with such a name is made."""
    server = run("chatd", "--port", "0", "--ticket", "-", "--new-ticket")
    assert server.returncode == Exit.USAGE
    assert "--new-ticket needs the file" in server.stderr
    assert not (ROOT / "-").exists()


@pytest.mark.parametrize("program", ["chatd", "chatc"])
def test_a_ticket_where_ps_shows_it_is_refused(program: str) -> None:
    """The error does not repeat it."""
    for done in (
        run(program, "--ticket", TICKET.line),
        run(program, TICKET.line),
        run(program, CHAT_TICKET=TICKET.line),
    ):
        assert done.returncode == Exit.USAGE
        assert "ps shows it" in done.stderr
        assert TICKET.line[-20:] not in done.stdout + done.stderr


@pytest.mark.parametrize("program", ["chatd", "chatc"])
def test_who_lacks_cryptography_is_told_how_to_get_it(program: str) -> None:
    """In one sentence; without a ticket nothing is missing."""
    done = run(program, "--port", "0", "--private", typed=f"{TICKET.line}\n", bare=True)
    assert done.returncode == Exit.START
    assert done.stderr.count("\n") == 1
    assert "-m pip install cryptography" in done.stderr


def test_a_key_log_that_cannot_be_written_is_told() -> None:
    """Whoever set it waits for a file that would never come."""
    done = run("chatd", "--port", "0", "--private", SSLKEYLOGFILE="/nonexistent/keys")
    assert done.returncode == Exit.START
    assert done.stderr.startswith("chatd: SSLKEYLOGFILE names a file that cannot be")


@pytest.mark.parametrize(("make", "words"), [("", "--host '*'"), ("1", "HOST='*'")])
def test_a_ticket_for_this_machine_alone_is_told_with_what_to_add(
    make: str, words: str
) -> None:
    """In the words of the command that was typed."""
    server = Talker("chatd", "--port", "0", "--private", CHAT_MAKE=make)
    server.sees(f"a partner on another machine needs {words}.")
    server.sees("chat1:")
    server.process.terminate()
    server.exits(128 + signal.SIGTERM)


def test_who_holds_a_ticket_is_not_told_to_start_a_server_without_one() -> None:
    """Where nobody listens at the ticket's address."""
    done = run("chatc", "--private", "--wait", "0", typed=f"{TICKET.line}\n")
    assert done.returncode == Exit.START
    assert "start one with: chatd --private --port 1\n" in done.stderr


def test_a_new_ticket_needs_the_file_that_it_goes_into() -> None:
    """Without one nothing would be kept, and nobody would know."""
    server = run("chatd", "--port", "0", "--new-ticket")
    assert server.returncode == Exit.USAGE
    assert "--new-ticket needs the file" in server.stderr
