"""The pairs themselves: every one can be built, and the right one holds a talk."""

import re
import socket
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pexpect
import pytest

from tests.helpers import SECONDS
from tests.referee.pairs import FOLDERS, HERE, RIGHT, Pair, Replacement, pairs

Seat: TypeAlias = "pexpect.spawn[str]"

Seats: TypeAlias = tuple[Seat, Seat]

PAIRS = {pair.name: pair for pair in pairs()}

CHECKS = """
    starts connects prompts-first six-lines turns quit-client quit-server clean-exit
    no-traceback restart game-starts game-turns game-bad-move game-ends client-first
    server-killed client-killed reset long-1500 long-4096 long-5000 long-6000 split joined
    split-character empty-line non-ascii invalid-utf8 quit-first quit-inside-word
    quit-in-game type-ahead second-client port-scan http-request idle
"""


@pytest.mark.parametrize("name", PAIRS)
def test_every_pair_can_be_built_and_compiles(name: str, tmp_path: Path) -> None:
    """Each replaced text is there once, and the result is Python."""
    folder = PAIRS[name].build(tmp_path)
    for path in folder.glob("*.py"):
        compile(path.read_text("utf-8"), path, "exec")


def test_a_text_that_is_not_there_once_is_refused(tmp_path: Path) -> None:
    """Else a wrong pair would turn right unnoticed when the right one is edited."""
    for old in ("no such text", "return"):
        pair = Pair("odd", "", frozenset(), (Replacement("chat.py", old, ""),))
        with pytest.raises(ValueError, match="not there, or not once"):
            pair.build(tmp_path / old)


def test_every_wrong_pair_fails_something_that_there_is() -> None:
    """A name spelt wrong would never be found failed."""
    for pair in PAIRS.values():
        assert pair.fails <= set(CHECKS.split())
        assert bool(pair.fails) == (pair.name != RIGHT)


def test_names_are_used_once() -> None:
    """Two pairs of one name would be judged as one."""
    entries = tomllib.loads((HERE / "pairs.toml").read_text("utf-8"))["pair"]
    assert len(PAIRS) == len(entries) + 1


def test_nearly_every_check_is_failed_by_some_pair() -> None:
    """A check that nobody can fail proves nothing."""
    failed = frozenset[str]().union(*(pair.fails for pair in PAIRS.values()))
    assert failed >= set(CHECKS.split()) - {"joined"}


@pytest.fixture
def talk() -> Iterator[Seats]:
    """Yield the terminals of the right pair: the server's and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        closing(seat("server.py", port)) as server,
        closing(seat_after(server, port)) as client,
    ):
        yield server, client


def seat(program: str, port: int) -> Seat:
    """Start one of the two programs on a terminal without echo."""
    command = ["-B", str(FOLDERS / RIGHT / program), str(port)]
    return pexpect.spawn(
        sys.executable, command, echo=False, encoding="utf-8", timeout=SECONDS
    )


def seat_after(server: Seat, port: int) -> Seat:
    """Start the client as soon as the server waits for it."""
    server.expect_exact("Waiting for a client")
    return seat("client.py", port)


def says(speaker: Seat, line: str, listener: Seat) -> None:
    """Type a line at the prompt, and wait until the other has it and is prompted."""
    speaker.sendline(line)
    listener.expect(rf"(?m)^{re.escape(line)}\r\n>")


def test_the_right_pair_holds_a_talk(talk: Seats) -> None:
    """Turns, a game with a bad move in it, and `/q` that ends both with status 0."""
    server, client = talk
    client.expect_exact("plays.\r\n>")
    says(client, "good morning", server)
    says(server, "καλημέρα 🌞", client)
    client.sendline("/guess")
    server.expect_exact("digit from 1 to 9.\r\n>")
    server.sendline("77")
    server.expect_exact("please.\r\n>")
    server.sendline("5")
    client.expect_exact("5 is too low.\r\n>")
    client.sendline("7")
    server.expect_exact("the game is over.\r\n>")
    server.sendline("/q")
    for program in talk:
        program.expect_exact("Goodbye.")
        assert program.wait() == 0
