"""Both programs of a submission, in one run: started, typed at, watched, ended.

Every wait is for something that a program does. It ends when that has happened; or when
both programs sleep with no time limit, so that nothing more can happen; or, where the
kernel cannot say that, when the profile's patience is over. What was typed, shown and
waited for is kept on one time line.
"""

import os
import re
import selectors
import shlex
import signal
import socket
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.child import NotStarted
from harness.referee import processes
from harness.referee.isolation import Network
from harness.referee.profile import Profile, other
from harness.referee.relay import Relay
from harness.referee.result import Moment, Side
from harness.referee.terminal import Terminal

LOOK = 0.02
"""Seconds between two looks at what no descriptor tells: sockets, states of processes."""

STILL = 0.08
"""Seconds for which both must sleep, with nothing under way, before they are stuck."""

QUIET = 0.2
"""Seconds without output or work after which a program rests that could wake by itself."""

SPIN = 0.8
"""Seconds after which a program that ran for most of them counts as spinning."""

WIDTH = 240
"""Characters of a line that a time line shows."""

TROUBLE = re.compile(
    r"Traceback \(most recent call last\)|Exception in thread|Segmentation fault"
    r"|Unhandled exception|core dumped|panic: |panicked at |terminate called"
    r"|AddressSanitizer|Fatal Python error"
)
"""What programs print that have failed in a way their author did not foresee."""

DEFAULT_PORT = 7777


class Unreached(Exception):
    """What a check is about was not reached, because something before it did not work."""


@dataclass
class _Happening:
    seconds: float
    actor: str
    sign: str
    text: str


class Pair:
    """One run of both programs. `relayed` puts a relay between them.

    Raises nothing for what the programs do, but `Unreached` from `begin`.
    """

    def __init__(
        self, profile: Profile, folder: Path, network: Network, *, relayed: bool = False
    ) -> None:
        self.profile = profile
        self.terminals: dict[str, Terminal] = {}
        self.relay: Relay | None = None
        self.port = profile.port or (_free_port(network) if profile.port_is_free else 0)
        self.busy: frozenset[str] = frozenset()  # who runs all the time in any case
        self.deadline = time.monotonic() + profile.limits.check
        self.gone: list[Side] = []  # programs that another took the place of
        self._folder = folder / profile.folder
        self._network = network
        self._relayed = relayed
        self._began = time.monotonic()
        self._line: list[_Happening] = []
        self._count = 0
        self._ended: set[str] = set()  # whose end is on the time line
        self._mark = f"REFEREE_RUN={uuid.uuid4().hex}"
        # Of all selectors this one asks each terminal anew every time, which waits for
        # what the kernel has still to carry over; epoll waits to be told.
        self._selector = selectors.SelectSelector()

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
        self._settle()

    def _settle(self) -> None:
        """Wait for the first prompt, or until whatever both say at first is said."""
        first = self.profile.first
        if self.profile.program(first).prompt:
            self.until(lambda: self.asks(first), self.profile.limits.wait)
        if self.relay or not self.asks(first) or self.profile.style == "free":
            self.rests()

    def start(self, side: str, actor: str = "") -> bool:
        """Start a program and answer its questions; False: it cannot be started."""
        actor = actor or side
        if actor in self.terminals:
            self._retire(actor)
        command = self._filled(self.profile.program(side).command, side)
        try:
            # With nobody in between, both are where the server is.
            place = side if self._relayed or self.relay else "server"
            with self._network.of(place):
                terminal = Terminal(
                    actor, shlex.split(command), self._folder, self._environment()
                )
        except (NotStarted, ValueError, IndexError) as error:
            self.note(actor, ":", f"not started: {error}")
            return False
        self.note(actor, ":", f"starts: {command}")
        self.terminals[actor] = terminal
        self._selector.register(
            terminal.fd, selectors.EVENT_READ, lambda: self._hear(terminal)
        )
        return self._answer(side, actor)

    def listens(self) -> bool:
        """Wait until the server listens, looked up and never tried; learn the port."""
        self.wait("referee", "for the server to listen")
        server = self.terminals["server"]
        self.until(
            lambda: server.has_ended or bool(self.listeners()), self.profile.limits.start
        )
        ports = [link.local for link in self.listeners()]
        if not ports:
            # Where nobody can look, a server that runs has to be believed.
            return not processes.HAS_PROC and not server.has_ended and bool(self.port)
        if self.port and self.port not in ports:
            return False
        self.port = self.port or ports[0]
        self.note("server", ":", f"listens on port {self.port}")
        if self._relayed and self.relay is None:
            self.stand_between()
        return True

    def stand_between(self) -> None:
        """Put a relay between the server and the clients that are started from now on."""
        port = self.port if self._network.isolated else 0
        self.relay = Relay(self._network, self._selector, self.port, port)

    def listeners(self) -> list[processes.Link]:
        """Give the sockets on which the server listens."""
        return processes.listening(self.terminals["server"].family)

    def connects(self, limit: float = 0.0) -> bool:
        """Wait until the client has a connection that the server has accepted."""
        client = self.terminals["client"]
        self.wait("referee", "for the connection")
        self.until(
            lambda: self.is_connected or client.has_ended,
            limit or self.profile.limits.start,
        )
        if not processes.HAS_PROC:  # nobody can look: a client that runs is believed
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
        """Make a text that nobody has typed yet in this run."""
        self._count += 1
        return f"{words} {self._count:02}"

    def types(self, side: str, text: str) -> None:
        """Type a line at a program, whatever it does, and read on until it is typed."""
        self.note(side, ">", text)
        terminal = self.terminals[side]
        terminal.queue(f"{text}\n".encode("utf-8", "surrogateescape"))
        self.until(terminal.push, self.profile.limits.wait)

    def says(self, side: str, text: str) -> bool:
        """Type a line when it is time, and wait until it is shown and answered for.

        Returns whether it was shown. In turns, the other side is then waited for to ask.
        """
        self.awaits(side)
        self.types(side, text)
        return self.arrives(other(side), text)

    def arrives(self, side: str, text: str) -> bool:
        """Wait until a side has shown a text and, in turns, asks."""
        self.wait(side, f"to show {text!r}" if len(text) < 80 else "to show the message")
        limit = self.profile.limits.wait
        if not self.until(lambda: self.shows(side, text) > 0, limit):
            return False
        self.awaits(side)
        return True

    def shows(self, side: str, text: str) -> int:
        """Count how often a side has shown a text."""
        return self.terminals[side].text.count(self.profile.program(side).shown(text))

    def awaits(self, side: str) -> bool:
        """Wait until a side asks, where there are turns and a prompt to know it by."""
        if self.profile.style == "turns" and self.profile.program(side).prompt:
            return self.until(lambda: self.asks(side), self.profile.limits.wait)
        return True

    def asks(self, side: str) -> bool:
        """Whether a prompt is the last that came since the last line typed there."""
        return self.prompts(side) > 0

    def prompts(self, side: str) -> int:
        """Count the prompts at the end of what came since the last line typed there."""
        prompt = self.profile.program(side).prompt
        if not prompt:
            return 0
        text, count = self.terminals[side].since, 0
        at_end = re.compile(rf"(?:{prompt})\s*\Z")
        while match := _last(at_end, text):
            text, count = text[: match.start()], count + 1
        return count

    def said(self, side: str) -> str:
        """Give what came since the last line typed there, without prompts at the end."""
        text, prompt = self.terminals[side].since, self.profile.program(side).prompt
        at_end = re.compile(rf"(?:{prompt or '(?!)'})\s*\Z")
        while match := _last(at_end, text):
            text = text[: match.start()]
        return text.strip()

    # Waiting.

    def until(self, condition: Callable[[], bool], limit: float) -> bool:
        """Keep everything moving until the condition holds, or cannot any more."""
        deadline = min(time.monotonic() + limit, self.deadline)
        since: float | None = None
        while not condition():
            now = time.monotonic()
            if now > deadline:
                return condition()
            if self.turn(LOOK) or not self.is_stuck:
                since = None
            elif since is None:
                since = now
            elif now - since > STILL:
                return condition()
        return True

    def rests(self, limit: float = 1.5) -> bool:
        """Wait until the programs do nothing; False: they still do."""
        deadline = min(time.monotonic() + limit, self.deadline)
        since, wanted = time.monotonic(), self._wanted()
        while True:
            moved, stuck = self.turn(LOOK), self.is_stuck
            now = time.monotonic()
            if moved or self._wanted() - wanted > (now - since) / 2:
                since, wanted = now, self._wanted()
            if now - since > (STILL if stuck else QUIET):
                return True
            if now > deadline:
                return False

    def spins(self, side: str, seconds: float = 0.5) -> bool:
        """Measure whether a program wants the processor most of the time."""
        terminal = self.terminals[side]
        began, wanted = time.monotonic(), processes.wanted(terminal.family)
        while time.monotonic() - began < seconds and not terminal.has_ended:
            self.turn(LOOK)
        passed = time.monotonic() - began
        wanted = processes.wanted(terminal.family) - wanted
        if side in self.busy:
            return terminal.flooded  # it is no news that it runs
        return terminal.flooded or (not terminal.has_ended and wanted > passed / 2)

    def is_spinning(self, side: str) -> Callable[[], bool]:
        """Give a condition to wait for: that a side has run for most of a while."""
        terminal, began = self.terminals[side], time.monotonic()
        before = processes.wanted(terminal.family)

        def spins() -> bool:
            passed = time.monotonic() - began
            wanted = processes.wanted(terminal.family) - before
            return terminal.flooded or (passed > SPIN and wanted > passed * 0.7)

        return spins

    def passes(self, seconds: float) -> None:
        """Let so many seconds pass, and go on reading."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.turn(left)

    @property
    def is_stuck(self) -> bool:
        """Whether every program sleeps until somebody else does something."""
        families = [each.family for each in self.terminals.values()]
        pids = [family[0] for family in families if family]
        # What is under way, on a terminal or on a wire, may still wake one of them.
        for terminal in self.terminals.values():
            terminal.carry_over()
        return all(map(processes.is_blocked, families)) and not any(
            map(processes.is_under_way, pids)
        )

    def turn(self, seconds: float) -> bool:
        """Read what comes in so many seconds; returns whether anything came."""
        events = self._selector.select(seconds)
        for key, _ in events:
            key.data()
        for actor, terminal in self.terminals.items():
            if actor not in self._ended and terminal.has_ended:
                self._ended.add(actor)
                self.note(actor, ":", terminal.ending)
        return bool(events)

    # Looking back.

    def trouble(self, *actors: str) -> str:
        """Say how one of these, or of all, shows that it failed; empty: none does."""
        for actor in actors or tuple(self.terminals):
            terminal = self.terminals[actor]
            if TROUBLE.search(terminal.text):
                last = shorten(terminal.text.rstrip().rpartition("\n")[2])
                return f"the {actor} shows a traceback, whose last line is: {last}"
            if terminal.has_ended and terminal.exit_code is None and not terminal.flooded:
                return f"the {actor} ends by {terminal.ending}"
        return ""

    def standing(self, actor: str) -> str:
        """Say how a program stands: exits 0, signal 9, prompts, waits, spins."""
        terminal = self.terminals.get(actor)
        if terminal is None:
            return "not started"
        if terminal.has_ended or terminal.flooded:
            return terminal.ending
        side = actor.rstrip("0123456789")
        return "prompts" if side == actor and self.asks(side) else "waits"

    @property
    def standings(self) -> str:
        """Say how all programs stand, in one line."""
        return "; ".join(f"the {actor} {self.standing(actor)}" for actor in self.terminals)

    def sides(self) -> tuple[Side, ...]:
        """Say how all programs stand, for the evidence."""
        return (*self.gone, *(self._side(actor) for actor in self.terminals))

    def note(self, actor: str, sign: str, text: str) -> None:
        """Put something on the time line."""
        seconds = time.monotonic() - self._began
        self._line.append(_Happening(seconds, actor, sign, text))

    def wait(self, actor: str, what: str) -> None:
        """Put on the time line what is waited for."""
        self.note(actor, "?", what)

    def moments(self) -> tuple[Moment, ...]:
        """Give the time line, a moment for every line that was shown."""
        return tuple(
            Moment(round(each.seconds, 3), each.actor, each.sign, shorten(text))
            for each in self._line
            for text in (each.text.split("\n") if each.sign == "<" else [each.text])
            if text or each.sign != "<"
        )

    def leftovers(self) -> list[int]:
        """Give the processes that programs which have ended left behind."""
        own = {pid for each in self.terminals.values() for pid in each.family}
        return [pid for pid in processes.marked(self._mark.encode()) if pid not in own]

    def close(self) -> None:
        """End all programs, and whatever they have started."""
        # The clients first: who closes first keeps a port, and theirs is nobody's concern.
        for _, terminal in sorted(self.terminals.items()):
            self._deafen(terminal)
            terminal.close()
        processes.end(processes.marked(self._mark.encode()))
        if self.relay:
            self.relay.close()
        self._selector.close()

    # How it is done.

    def _answer(self, side: str, actor: str) -> bool:
        """Answer what a program asks before the chat; False: it did not ask."""
        terminal = self.terminals[actor]
        for question in self.profile.program(side).questions:
            pattern = re.compile(question.expect)
            self.wait(actor, f"to ask {question.expect!r}")
            limit = self.profile.limits.start
            if not self.until(lambda: bool(pattern.search(terminal.since)), limit):  # noqa: B023
                return False
            self.types(actor, self._filled(question.send, side))
        return True

    def _retire(self, actor: str) -> None:
        self.gone.append(self._side(actor))
        terminal = self.terminals.pop(actor)
        self._ended.discard(actor)
        self._deafen(terminal)
        terminal.close()

    def _side(self, actor: str) -> Side:
        terminal = self.terminals[actor]
        command = shlex.join(terminal.command)
        lines = tuple(map(shorten, terminal.last_lines))
        return Side(actor, command, self.standing(actor), lines)

    def _hear(self, terminal: Terminal) -> None:
        text = terminal.read_text()
        last = self._line[-1] if self._line else None
        if text and last and (last.actor, last.sign) == (terminal.actor, "<"):
            last.text += text
        elif text:
            self.note(terminal.actor, "<", text)
        if terminal.drained:
            self._deafen(terminal)

    def _deafen(self, terminal: Terminal) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(terminal.fd)

    def _wanted(self) -> float:
        return sum(
            processes.wanted(each.family)
            for actor, each in self.terminals.items()
            if actor not in self.busy
        )

    def _filled(self, text: str, side: str) -> str:
        port = self.relay.port if self.relay and side == "client" else self.port
        python = shlex.quote(self.profile.python or sys.executable)
        return text.replace("{python}", python).replace("{port}", str(port))

    def _environment(self) -> dict[str, str]:
        """Give the programs a world in which little of this machine's user counts."""
        kept = ("PATH", "HOME", "JAVA_HOME", "GOPATH", "GOCACHE", "TMPDIR")
        name, _, value = self._mark.partition("=")
        return {
            **{each: os.environ[each] for each in kept if each in os.environ},
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
            "PYTHONDONTWRITEBYTECODE": "1",
            "XDG_CONFIG_HOME": "/nonexistent",
            name: value,
        }


def shorten(text: str) -> str:
    """Cut a long line in the middle, and say how much is not shown."""
    if len(text) <= WIDTH:
        return text
    half = WIDTH // 3
    return f"{text[:half]} ... {len(text) - 2 * half} characters ... {text[-half:]}"


def stop(terminal: Terminal) -> None:
    """Let a program stand still, so that it reads nothing."""
    terminal.signals(signal.SIGSTOP)


def resume(terminal: Terminal) -> None:
    """Let it go on."""
    terminal.signals(signal.SIGCONT)


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Find the shortest match that ends the text; an empty one does not count."""
    # A search from the left would take several prompts in a row for one.
    for start in range(len(text) - 1, max(-1, len(text) - 200), -1):
        match = pattern.match(text, start)
        if match and match.group().strip():
            return match
    return None


def _free_port(network: Network) -> int:
    if network.isolated:
        return DEFAULT_PORT
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])
