"""Games of installed packages: one that fails ends its game, and a flood of offers nothing.

Both real programs, each with a package of its own.
"""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic

import pytest

from chatlib.protocol.session import GAMES_WINDOW, WINDOW
from harness import wire
from harness.stage import ROOT

SECONDS = 20

PORT = re.compile(r"on port: (\d+)")

GAME, ACK, PING, PONG = 3, 4, 5, 6

OFFERS = 3600

MODULE = """
import sys
from pathlib import Path
from chatlib.games.game import Game

Path(__file__).with_name("imported").touch()

class Nim(Game):
    name = "nim"
    hint = "take some"

    @property
    def my_move(self):
        return self.begins

    def is_move(self, line):
        return line == "5"

    def make_move(self, move):
        return [move]

    def receive(self, words):
        RECEIVE

    def draw_board(self):
        return "|||"
"""

FAULTS = {
    "an-error": ('int("x")', "ValueError in nim_for_chat.py, line 23"),
    "an-exit": ("sys.exit(3)", "SystemExit in nim_for_chat.py, line 23"),
    "an-endless-loop": (
        "\n            ".join(("while True:", "pass")),
        "it did not come back within 1 s",
    ),
    "an-endless-answer": ("return iter(int, 1)", "it sends something that is no short"),
}


def install(folder: Path, receive: str) -> Path:
    """Install the package, whose game does this when the peer has moved."""
    information = folder / "nim_for_chat-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: nim-for-chat\n")
    (information / "entry_points.txt").write_text("[chat.games]\nnim = nim_for_chat:Nim\n")
    (folder / "nim_for_chat.py").write_text(MODULE.replace("RECEIVE", receive))
    return folder


@contextmanager
def start(package: Path, program: str, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a program that finds this package; end it in any case."""
    process = subprocess.Popen(
        [sys.executable, "-m", program, "--plain", "--host", "127.0.0.1", *options],
        cwd=package,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{package}",
            "PYTHONUNBUFFERED": "1",
        },
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


def port_of(server: "subprocess.Popen[str]") -> str:
    """Return the port that the server listens on."""
    found = PORT.search(sees(server, "listening"))
    assert found
    return found[1]


@pytest.mark.usefixtures("bounded")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_game_that_fails_is_over_and_the_talk_goes_on(fault: str, tmp_path: Path) -> None:
    """Its code does not run before its offer is accepted, and no traceback is shown."""
    receive, report = FAULTS[fault]
    broken = install(tmp_path / "server", receive)
    right = install(tmp_path / "client", "return []")
    with ExitStack() as stack:
        server = stack.enter_context(
            start(broken, "chatd", "--port", "0", "--mode", "free")
        )
        client = stack.enter_context(start(right, "chatc", "--port", port_of(server)))
        says(client, "/play nim")
        sees(server, "The client offers a game of nim: /play or /decline.")
        assert (right / "imported").exists() and not (broken / "imported").exists()
        says(server, "/play")
        sees(client, "A game of nim: you begin.")
        says(client, "5")
        ending = sees(server, "The game is over, without a result: ")
        assert f"the game nim of the package nim_for_chat has failed ({report}" in ending
        sees(client, "The game failed at the server's end: no result.")
        for one, other, name in ((server, client, "server"), (client, server, "client")):
            says(one, "5")
            assert sees(other, "5") == f"{name}: 5\n"
        says(server, "/q")
        assert server.wait(SECONDS) == client.wait(SECONDS) == 0
        assert server.stderr and "Traceback" not in server.stderr.read()


@pytest.mark.usefixtures("bounded")
def test_a_flood_of_offers_delays_nobody(tmp_path: Path) -> None:
    """Each once looked through every installed package: that took 45 s."""
    package = install(tmp_path / "server", "return []")
    offers = [b"offer nim me", b"offer x me"]
    flood = [wire.frame(GAME, n, offers[n % 2]) for n in range(1, OFFERS + 1)]
    with start(package, "chatd", "--port", "0") as server:
        port = int(port_of(server))
        with socket.create_connection(("127.0.0.1", port), SECONDS) as peer:
            peer.sendall(wire.hello("Bob"))
            wire.receive(peer)
            begun = monotonic()
            peer.sendall(b"".join(flood) + wire.frame(PING, 7))
            answers = []
            while (frame := wire.receive(peer))[:2] != (PONG, 7):
                answers += [frame[1:]] if frame[0] == GAME else []
            assert monotonic() - begun < 3
            # One that is shown waits for an answer. What the peer does not acknowledge
            # fills our window, and there the answers end.
            assert answers == [(n, b"decline") for n in range(1, WINDOW + GAMES_WINDOW + 1)]
            assert not (package / "imported").exists()
            acknowledged = wire.frame(ACK, len(answers))
            peer.sendall(acknowledged + wire.bye(OFFERS))
            wire.receive_all(peer)
        output, errors = server.communicate(timeout=SECONDS)
    assert "Traceback" not in errors
    assert output.count("offer") < 20
