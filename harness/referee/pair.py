"""Both programs of a submission, in one run: started, typed at, looked at, ended."""

import os
import re
import shlex
import signal
import socket
import sys
import uuid
from pathlib import Path

from harness.child import NotStarted
from harness.referee import processes, prompts
from harness.referee.isolation import Network
from harness.referee.moments import Moments, shorten
from harness.referee.profile import Profile, other
from harness.referee.relay import Relay
from harness.referee.result import Side
from harness.referee.terminal import Terminal
from harness.referee.watch import Watch

TROUBLE = re.compile(
    r"Traceback \(most recent call last\)|Exception in thread|Segmentation fault"
    r"|Unhandled exception|core dumped|panic: |panicked at |terminate called"
    r"|AddressSanitizer|Fatal Python error"
)
"""What programs print that have failed in a way their author did not foresee."""

DEFAULT_PORT = 7777


class Unreached(Exception):
    """What a check is about was not reached, because something before it did not work."""


class Pair:
    """One run of both programs. `relayed` puts a relay between them.

    Raises nothing for what the programs do, but `Unreached` from `begin`.
    """

    def __init__(
        self,
        profile: Profile,
        folder: Path,
        network: Network,
        *,
        relayed: bool = False,
        busy: frozenset[str] = frozenset(),
    ) -> None:
        self.profile = profile
        self.moments = Moments()
        self.watch = Watch(self.moments, profile.limits.check, busy)
        self.terminals = self.watch.terminals  # by actor: server, client, client2
        self.relay: Relay | None = None  # made once the server listens
        self.port = profile.port or (_free_port(network) if profile.port_is_free else 0)
        self._folder = folder / profile.folder
        self._network = network
        self._relayed = relayed
        self._retired: list[Side] = []  # programs in whose place another was started
        self._lines = 0  # texts made so far
        # In the environment of both programs, and so of all that they ever start.
        self._tag = f"REFEREE_RUN={uuid.uuid4().hex}"

    # Starting.

    def begin(self) -> None:
        """Start both and wait until they talk to each other. Raises Unreached."""
        for side in (self.profile.order, other(self.profile.order)):
            if not self.start(side):
                raise Unreached(f"the {side} did not start: {self.standing(side)}")
            if side == "server" and not self.listens():
                raise Unreached(f"the server does not listen: {self.standing(side)}")
        if not self.connects():
            raise Unreached("the client did not reach the server")
        self._until_ready()

    def _until_ready(self) -> None:
        """Wait for the first prompt, or until both have shown what they show at first."""
        first = self.profile.first
        if self.profile.program(first).prompt:
            self.watch.until(lambda: self.asks(first), self.profile.limits.wait)
        if self.relay or not self.asks(first) or self.profile.style == "free":
            self.watch.until_quiet()

    def start(self, side: str, actor: str = "") -> bool:
        """Start a program and answer its questions; return False if that does not work.

        `actor` is its name in this run, if it is not that of the side: client2.
        """
        actor = actor or side
        if actor in self.terminals:
            self._retired.append(self._side(actor))
            self.watch.remove(actor)
        command = self._filled(self.profile.program(side).command, side)
        try:
            # Without a relay between them, both are in the server's network.
            place = side if self._relayed or self.relay else "server"
            with self._network.inside(place):
                terminal = Terminal(
                    actor, shlex.split(command), self._folder, self._environment()
                )
        except (NotStarted, ValueError, IndexError) as error:
            self.moments.note(actor, ":", f"not started: {error}")
            return False
        self.moments.note(actor, ":", f"starts: {command}")
        self.watch.add(terminal)
        return self._answer(side, actor)

    def listens(self) -> bool:
        """Wait until the server listens, and learn the port; return whether it does.

        That is looked up, and never tried: the server may accept only one connection.
        """
        self.moments.wait("referee", "for the server to listen")
        server = self.terminals["server"]
        self.watch.until(
            lambda: server.has_ended or bool(self.listeners()), self.profile.limits.start
        )
        ports = [link.local for link in self.listeners()]
        if not ports:
            # Without /proc nobody can look: a server that runs counts as one that listens.
            return not processes.HAS_PROC and not server.has_ended and bool(self.port)
        if self.port and self.port not in ports:
            return False
        self.port = self.port or ports[0]
        self.moments.note("server", ":", f"listens on port {self.port}")
        if self._relayed and self.relay is None:
            self.stand_between()
        return True

    def stand_between(self) -> None:
        """Put a relay between the server and the clients that are started from now on."""
        port = self.port if self._network.isolated else 0
        self.relay = Relay(self._network, self.watch.readers, self.port, port)

    def listeners(self) -> list[processes.Socket]:
        """Return the sockets on which the server listens."""
        return processes.listening(self.terminals["server"].family)

    def connects(self, limit: float = 0.0) -> bool:
        """Wait until the client has a connection that the server has accepted.

        Returns whether it has.
        """
        client = self.terminals["client"]
        self.moments.wait("referee", "for the connection")
        self.watch.until(
            lambda: self.is_connected or client.has_ended,
            limit or self.profile.limits.start,
        )
        if not processes.HAS_PROC:  # nobody can look: a client that runs counts
            return not client.has_ended
        return self.is_connected

    @property
    def is_connected(self) -> bool:
        """Whether there is an established connection, as both programs have it."""
        if not {"server", "client"} <= self.terminals.keys():
            return False
        near = processes.connected(self.terminals["client"].family)
        far = processes.connected(self.terminals["server"].family)
        target = self.relay.port if self.relay else self.port
        return any(link.remote == target for link in near) and any(
            link.local == self.port for link in far
        )

    # Typing and seeing.

    def line(self, words: str) -> str:
        """Return the words with a number that no other text of this run has."""
        self._lines += 1
        return f"{words} {self._lines:02}"

    def types(self, side: str, text: str) -> None:
        """Type a line at a program, whether it asks or not."""
        self.moments.note(side, ">", text)
        terminal = self.terminals[side]
        terminal.queue(f"{text}\n".encode("utf-8", "surrogateescape"))
        self.watch.until(terminal.push, self.profile.limits.wait)

    def says(self, side: str, text: str) -> bool:
        """Type a line when its side asks, and wait until the other side has shown it.

        Returns whether it was shown. In turns, waits also until the other side asks.
        """
        self.await_prompt(side)
        self.types(side, text)
        return self.arrives(other(side), text)

    def arrives(self, side: str, text: str) -> bool:
        """Wait until a side has shown a text and, in turns, asks.

        Returns whether it was shown.
        """
        self.moments.wait(
            side, f"to show {text!r}" if len(text) < 80 else "to show the message"
        )
        limit = self.profile.limits.wait
        if not self.watch.until(lambda: self.times_shown(side, text) > 0, limit):
            return False
        self.await_prompt(side)
        return True

    def times_shown(self, side: str, text: str) -> int:
        """Count how often a side has shown a text."""
        return self.terminals[side].text.count(self.profile.program(side).shown(text))

    def await_prompt(self, side: str) -> bool:
        """Wait until a side asks, if there are turns and the profile has a prompt.

        Returns False if it should ask and does not.
        """
        if self.profile.style == "turns" and self.profile.program(side).prompt:
            return self.watch.until(lambda: self.asks(side), self.profile.limits.wait)
        return True

    def asks(self, side: str) -> bool:
        """Whether a prompt is the last that came since the last line typed there."""
        return self.prompts(side) > 0

    def prompts(self, side: str) -> int:
        """Count the prompts at the end of what came since the last line typed there."""
        prompt = self.profile.program(side).prompt
        return prompts.count(prompt, self.terminals[side].since)

    def answer(self, side: str) -> str:
        """Return what came since the last line typed there, without prompts at the end."""
        prompt = self.profile.program(side).prompt
        return prompts.remove(prompt, self.terminals[side].since)

    # Looking back.

    def trouble(self, *actors: str) -> str:
        """Return how a program of these actors, or of all, has failed; empty: none has."""
        for actor in actors or tuple(self.terminals):
            terminal = self.terminals[actor]
            if TROUBLE.search(terminal.text):
                last = shorten(terminal.text.rstrip().rpartition("\n")[2])
                return f"the {actor} shows a traceback, whose last line is: {last}"
            if terminal.has_ended and terminal.exit_code is None and not terminal.flooded:
                return f"the {actor} ends by {terminal.ending}"
        return ""

    def standing(self, actor: str) -> str:
        """Return how a program stands: exits 0, signal 9, prompts, waits, spins."""
        terminal = self.terminals.get(actor)
        if terminal is None:
            return "not started"
        if terminal.has_ended or terminal.flooded:
            return terminal.ending
        side = actor.rstrip("0123456789")
        return "prompts" if side == actor and self.asks(side) else "waits"

    @property
    def standings(self) -> str:
        """How all programs stand, in one line."""
        return "; ".join(f"the {actor} {self.standing(actor)}" for actor in self.terminals)

    def sides(self) -> tuple[Side, ...]:
        """Return how all programs stand, for the evidence."""
        return (*self._retired, *(self._side(actor) for actor in self.terminals))

    def leftovers(self) -> list[int]:
        """Return the processes that were left behind by programs that have ended."""
        own = {pid for each in self.terminals.values() for pid in each.family}
        return [pid for pid in processes.tagged(self._tag.encode()) if pid not in own]

    def close(self) -> None:
        """End all programs, and the processes that they have started."""
        self.watch.close()
        processes.kill(processes.tagged(self._tag.encode()))
        if self.relay:
            self.relay.close()
        self.watch.readers.close()

    # How it is done.

    def _answer(self, side: str, actor: str) -> bool:
        """Answer a program's questions; return False if one of them did not come."""
        terminal = self.terminals[actor]
        for question in self.profile.program(side).questions:
            pattern = re.compile(question.expect)
            self.moments.wait(actor, f"to ask {question.expect!r}")
            limit = self.profile.limits.start
            if not self.watch.until(lambda: bool(pattern.search(terminal.since)), limit):  # noqa: B023
                return False
            self.types(actor, self._filled(question.send, side))
        return True

    def _side(self, actor: str) -> Side:
        terminal = self.terminals[actor]
        command = shlex.join(terminal.command)
        lines = tuple(map(shorten, terminal.last_lines))
        return Side(actor, command, self.standing(actor), lines)

    def _filled(self, text: str, side: str) -> str:
        port = self.relay.port if self.relay and side == "client" else self.port
        python = shlex.quote(self.profile.python or sys.executable)
        return text.replace("{python}", python).replace("{port}", str(port))

    def _environment(self) -> dict[str, str]:
        """Return an environment in which little of this machine's user counts."""
        kept = ("PATH", "HOME", "JAVA_HOME", "GOPATH", "GOCACHE", "TMPDIR")
        name, _, value = self._tag.partition("=")
        return {
            **{each: os.environ[each] for each in kept if each in os.environ},
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
            "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_CONFIG_HOME": "/nonexistent",
            name: value,
        }


def stop(terminal: Terminal) -> None:
    """Stop a program, so that it reads nothing."""
    terminal.signals(signal.SIGSTOP)


def resume(terminal: Terminal) -> None:
    """Continue a program that was stopped."""
    terminal.signals(signal.SIGCONT)


def _free_port(network: Network) -> int:
    """Return a port that nobody uses: any one, in a network of the pair's own."""
    if network.isolated:
        return DEFAULT_PORT
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])
