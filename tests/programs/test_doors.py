"""Every way out, in every state, of both programs, on both terminals.

Whatever the moment: the program has ended within a second, with the right exit code and
the terminal as it was; and the peer, if there is one, has been told why.
"""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from chatlib.ending import explain_stop, name_stop
from chatlib.program import SIGNALS as STOPPING
from harness.player import Player
from harness.script import Script
from harness.stage import Stage
from tests.conftest import perform

SECONDS = 1.0


class Door(NamedTuple):
    """A way out: the event, the exit code, and what the peer reads."""

    event: str
    code: int
    how: str = "left"


def signals(number: signal.Signals) -> Door:
    """Return the way out that is a signal."""
    return Door(f"gets {number.name}", 128 + number, explain_stop(name_stop(number))[0])


DOORS = {
    "SIGINT": signals(signal.SIGINT),
    "SIGTERM": signals(signal.SIGTERM),
    "SIGHUP": signals(signal.SIGHUP),
    "end of input": Door("presses Ctrl-D", 0),
    "closed terminal": signals(signal.SIGHUP)._replace(event="hangs up"),
}


class Scene:
    """A stage, the program that is to leave, and everything that has to be closed."""

    def __init__(self, folder: Path, program: str, terminal: str, stack: ExitStack) -> None:
        self.stage = stack.enter_context(Stage(folder, terminal=terminal))
        self.program = program
        self.other = {"server": "client", "client": "server"}[program]
        self._stack = stack

    def play(self, lines: str) -> None:
        """Play some lines."""
        perform(self.stage, Script.parse(self.program, lines))

    @property
    def player(self) -> Player:
        """The program that is to leave."""
        return self.stage.players[self.program]

    # The states.

    def waiting(self) -> None:
        """Wait for a peer that is not there yet."""
        notice = {
            "server": "server< Server listening{any}",
            "client": "client: starts\nclient! No server{any}",
        }
        self.play(notice[self.program])
        if self.stage.terminal == "edited":
            status = {"server": "nobody here yet", "client": "no server there"}
            shown = status[self.program]
            self.play(f"{self.program}: the screen shows  {shown}{{any}}")

    def connecting(self) -> None:
        """Be connected with a peer that has not said HELLO."""
        if self.program == "server":
            self.waiting()
            self._stack.enter_context(self._call())
        else:
            listener = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            self.stage.port = listener.getsockname()[1]
            self.play("client: starts with -v\nclient! {any} > HELLO{any}")

    def chatting(self) -> None:
        """Talk; both have sent a message."""
        self.play(TALK)

    def lost(self) -> None:
        """Lose the connection; nobody listens where the peer was."""
        self.play("network: delivers as it comes")
        self._talk()
        self.play("network: refuses\nnetwork: cut")
        self.play(f"{self.program}! The connection to {{any}} was lost: {{any}}")

    def closing(self) -> None:
        """Leave while the peer is stopped."""
        self._talk()
        self.play(f"{self.other}: stop\n{self.program}>> /q")
        self.play(f"{self.program}! {{any}} = CLOSING")

    def _talk(self) -> None:
        """Talk until every message of the program is confirmed, as its log shows."""
        for actor in ("server", "client"):
            self.play(f"{actor}: starts{' with -v' if actor == self.program else ''}")
        self.play(f"{TALK}{self.program}! {{any}} < ACK 1{{any}}")

    def _call(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.stage.port))


TALK = "client> Hello\nserver< Hello\nserver> Hi\nclient< Hi\n"

STATES = ("waiting", "connecting", "chatting", "lost", "closing")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Return a stack that closes everything that a test has opened."""
    with ExitStack() as stack:
        yield stack


@pytest.mark.parametrize("terminal", ["plain", "edited"])
@pytest.mark.parametrize("program", ["server", "client"])
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", DOORS)
def test_a_program_ends_within_a_second_and_leaves_the_terminal_as_it_was(
    name: str, state: str, program: str, terminal: str, tmp_path: Path, stack: ExitStack
) -> None:
    """The peer, if it can be reached, ends with 0 and shows how we left."""
    door, scene = DOORS[name], Scene(tmp_path, program, terminal, stack)
    getattr(scene, state)()
    began = time.monotonic()
    scene.play(f"{program}: {door.event}")
    # A client that finds no listener where the server was knows that it has left too.
    unanswered = state == "closing" or (state, program) == ("lost", "server")
    code = 1 if unanswered and not door.code else door.code
    scene.play(f"{program}: exits {code}")
    assert time.monotonic() - began < SECONDS
    if name != "closed terminal":
        assert scene.player.settings_are_back
    if state == "chatting":
        scene.play(f"{scene.other}! Goodbye: the {program} {door.how}{{any}}.")
        scene.play(f"{scene.other}: exits 0")


ENDING = [
    *(
        each.name
        for each in signal.Signals
        if each.name in STOPPING and each not in (signal.SIGPIPE, signal.SIGXFSZ)
    ),
    *(f"signal {number}" for number in (signal.SIGRTMIN + 1, signal.SIGRTMAX - 1)),
]
"""The signals that end a process by default, without those that Python ignores."""


@pytest.mark.parametrize("terminal", ["plain", "edited"])
@pytest.mark.parametrize("name", ENDING)
def test_every_signal_that_ends_a_process_is_a_goodbye(
    name: str, terminal: str, tmp_path: Path, stack: ExitStack
) -> None:
    """The terminal is as it was, and the peer is told which it was."""
    scene = Scene(tmp_path, "server", terminal, stack)
    scene.chatting()
    number = getattr(signal, name, None) or int(name.split()[1])
    os.kill(scene.player.process, number)
    scene.play(f"server: exits {128 + number}")
    assert scene.player.settings_are_back
    scene.play(f"client! Goodbye: the server {explain_stop(name_stop(number))[0]}{{any}}")
    scene.play("client: exits 0")


@pytest.mark.parametrize("terminal", ["plain", "edited"])
def test_ctrl_backslash_is_sigquit(terminal: str, tmp_path: Path, stack: ExitStack) -> None:
    """As a shell's user expects, but with a goodbye instead of a core dump."""
    scene = Scene(tmp_path, "server", terminal, stack)
    scene.chatting()
    scene.player.presses("\x1c")
    scene.play("server: exits 131")
    assert scene.player.settings_are_back
