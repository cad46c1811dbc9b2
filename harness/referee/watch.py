"""The watch over the programs of a run: all are read, and waited for.

Every wait is for something that a program does. It ends when that has happened; or when
all programs sleep with no time limit, so that nothing more can happen; or, where the
kernel cannot say that, when the patience is over.
"""

import time
from collections.abc import Callable

from harness.readers import Readers
from harness.referee import processes
from harness.referee.moments import Moments
from harness.referee.terminal import Terminal

LOOK = 0.02
"""Seconds between two looks at what no descriptor tells: sockets, states of processes."""

STILL = 0.08
"""Seconds for which all must sleep, with nothing under way, before they are stuck."""

QUIET = 0.2
"""Seconds without output or work after which a program rests that could wake by itself."""

SPIN = 0.8
"""Seconds after which a program that ran for most of them counts as spinning."""


class Watch:
    """The terminals of one run, read together until a deadline.

    `busy` names the actors whose programs run all the time in any case.
    """

    def __init__(
        self, moments: Moments, seconds: float, busy: frozenset[str] = frozenset()
    ) -> None:
        self.terminals: dict[str, Terminal] = {}  # by actor
        self.readers = Readers()
        self._moments = moments
        self._deadline = time.monotonic() + seconds
        self._busy = busy
        self._ended: set[str] = set()  # actors whose end is on the time line

    def add(self, terminal: Terminal) -> None:
        """Read a terminal from now on."""
        self.terminals[terminal.actor] = terminal
        self.readers.attend(terminal.fd, lambda: self._hear(terminal))

    def remove(self, actor: str) -> None:
        """End an actor's program, and read its terminal no more."""
        terminal = self.terminals.pop(actor)
        self._ended.discard(actor)
        self.readers.forget(terminal.fd)
        terminal.close()

    def close(self) -> None:
        """End all programs."""
        # The clients first: the end that closes first keeps a port, and theirs is free.
        for actor in sorted(self.terminals):
            self.remove(actor)

    # Waiting.

    def until(self, condition: Callable[[], bool], limit: float) -> bool:
        """Read until the condition holds, or cannot any more; return whether it does."""
        deadline = min(time.monotonic() + limit, self._deadline)
        since: float | None = None  # when all came to be stuck
        while not condition():
            now = time.monotonic()
            if now > deadline:
                return condition()
            if self.turn(LOOK) or not self.is_stuck:
                since = None
            elif since is None:
                since = now
            elif now - since > STILL:  # one look may fall between two actions
                return condition()
        return True

    def until_quiet(self, limit: float = 1.5) -> bool:
        """Read until the programs do nothing; return False if they still do something."""
        deadline = min(time.monotonic() + limit, self._deadline)
        since, wanted = time.monotonic(), self._wanted()
        while True:
            moved, stuck = self.turn(LOOK), self.is_stuck
            now = time.monotonic()
            # A program that works half of the time is not at rest, though it is silent.
            if moved or self._wanted() - wanted > (now - since) / 2:
                since, wanted = now, self._wanted()
            if now - since > (STILL if stuck else QUIET):
                return True
            if now > deadline:
                return False

    def pause(self, seconds: float) -> None:
        """Read for so many seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.turn(left)

    def turn(self, seconds: float) -> bool:
        """Read what comes within so many seconds; return whether anything came."""
        came = self.readers.turn(seconds)
        for actor, terminal in self.terminals.items():
            if actor not in self._ended and terminal.has_ended:
                self._ended.add(actor)
                self._moments.note(actor, ":", terminal.ending)
        return came

    # What the programs do.

    @property
    def is_stuck(self) -> bool:
        """Whether every program sleeps until somebody else does something."""
        families = [each.family for each in self.terminals.values()]
        first = [family[0] for family in families if family]
        # What is under way, on a terminal or on a wire, may still wake one of them.
        for terminal in self.terminals.values():
            terminal.carry_over()
        return all(map(processes.is_blocked, families)) and not any(
            map(processes.has_bytes_under_way, first)
        )

    def spins(self, actor: str, seconds: float = 0.5) -> bool:
        """Measure whether a program wants the processor most of the time."""
        terminal = self.terminals[actor]
        began, before = time.monotonic(), processes.seconds_wanted(terminal.family)
        while time.monotonic() - began < seconds and not terminal.has_ended:
            self.turn(LOOK)
        passed = time.monotonic() - began
        wanted = processes.seconds_wanted(terminal.family) - before
        if actor in self._busy:
            return terminal.flooded  # it is no news that it runs
        return terminal.flooded or (not terminal.has_ended and wanted > passed / 2)

    def spinning(self, actor: str) -> Callable[[], bool]:
        """Return a condition to wait for: that a program ran for most of a while."""
        terminal, began = self.terminals[actor], time.monotonic()
        before = processes.seconds_wanted(terminal.family)

        def spins() -> bool:
            passed = time.monotonic() - began
            wanted = processes.seconds_wanted(terminal.family) - before
            return terminal.flooded or (passed > SPIN and wanted > passed * 0.7)

        return spins

    def _wanted(self) -> float:
        return sum(
            processes.seconds_wanted(each.family)
            for actor, each in self.terminals.items()
            if actor not in self._busy
        )

    def _hear(self, terminal: Terminal) -> None:
        if text := terminal.read_text():
            self._moments.show(terminal.actor, text)
        if terminal.drained:
            self.readers.forget(terminal.fd)
