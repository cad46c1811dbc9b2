"""What a check works with: runs of the pair, and the evidence that they leave behind.

A check is a function with a docstring. Its argument is a bench, its result an outcome;
the checks that it needs stand where it is registered. It never raises for what a program
does, except `Unreached`: then what it is about was not reached.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.referee import processes
from harness.referee.isolation import Network
from harness.referee.pair import Pair
from harness.referee.profile import Profile
from harness.referee.result import Moment, Side, Verdict

TIME_WAIT_SECONDS = 65.0
"""Longer than Linux keeps a port for a connection that it closed first (60 s)."""


@dataclass(frozen=True)
class Outcome:
    """How a check came out once, and what the verdict rests on, in the reader's words."""

    verdict: Verdict
    explanation: str = ""
    expected: str = ""
    seen: str = ""
    applies: bool = True  # False: a pair of this kind need not keep the rule


def passed(seen: str = "") -> Outcome:
    """Return the outcome of a rule that was kept."""
    return Outcome(Verdict.PASS, seen=seen)


def failed(explanation: str, expected: str = "", seen: str = "") -> Outcome:
    """Return the outcome of a rule that was broken."""
    return Outcome(Verdict.FAIL, explanation, expected, seen)


def tolerated(explanation: str, expected: str = "", seen: str = "") -> Outcome:
    """Return an outcome that is not as one would wish, though nothing is lost."""
    return Outcome(Verdict.TOLERATED, explanation, expected, seen)


def not_run(reason: str) -> Outcome:
    """Return the outcome of a check that could not be tried."""
    return Outcome(Verdict.NOT_RUN, reason)


def does_not_apply(reason: str) -> Outcome:
    """Return the outcome of a check for another kind of pair: no points are at stake."""
    return Outcome(Verdict.NOT_RUN, reason, applies=False)


@dataclass
class Traces:
    """The evidence of one or several runs."""

    moments: list[Moment] = field(default_factory=list)
    sides: list[Side] = field(default_factory=list)

    def add(self, pair: Pair) -> None:
        """Add the time line of a run; keep only the last run's ends."""
        if self.moments:
            self.moments.append(Moment(0.0, "referee", ":", "another run"))
        self.moments += pair.moments.all()
        self.sides = list(pair.sides())


@dataclass
class SharedOutcomes:
    """The outcomes of several checks from the same run, with its evidence."""

    outcomes: Mapping[str, Outcome]
    traces: Traces


class Bench:
    """One submission's programs, ready to be run as often as a check wants."""

    def __init__(
        self, profile: Profile, folder: Path, quit_ends: str, *, isolated: bool
    ) -> None:
        self.profile = profile
        self.first_wanted = (
            profile.first
        )  # `profile.first` changes if the other side begins
        self.folder = folder
        self.quit_ends = profile.quit.ends or quit_ends  # both or typist
        self.isolated = isolated
        self.attempt = 0  # of the check that is run, from 0
        self.can_talk = False  # whether plain lines get through, each way
        self.traces = Traces()  # of this attempt
        self.trouble = ""  # the first traceback that a required check saw
        self.busy: frozenset[str] = frozenset()  # sides that run all the time, even idle
        self.reuses_port = False  # whether the server can have a port in TIME_WAIT
        self._port = profile.port  # of the last run
        # By the name of the run, and the attempt at the checks that look at it.
        self._shared: dict[tuple[str, int], SharedOutcomes] = {}

    @property
    def can_relay(self) -> bool:
        """Whether a relay can stand between the two."""
        return self.isolated or "{port}" in self.profile.client.command

    @contextmanager
    def run(self, *, relayed: bool = False, started: bool = True) -> Iterator[Pair]:
        """Run the pair, and end it; keep its evidence whatever happens."""
        network = Network(isolated=self.isolated)
        if not (self.isolated or self.reuses_port):
            self._wait_for_port()
        pair = Pair(self.profile, self.folder, network, relayed=relayed, busy=self.busy)
        try:
            if started:
                pair.begin()
            yield pair
        finally:
            self.traces.add(pair)
            pair.close()
            self._port = pair.port
            network.close()

    def _wait_for_port(self) -> None:
        """Wait until the last run's connection no longer keeps the port, or give up."""
        end = time.monotonic() + TIME_WAIT_SECONDS
        while processes.in_time_wait(os.getpid(), self._port) and time.monotonic() < end:
            time.sleep(0.5)  # the kernel does not notify when it forgets a connection

    def share(
        self, name: str, play: Callable[["Bench"], Mapping[str, Outcome]]
    ) -> Mapping[str, Outcome]:
        """Return outcomes of a run that several checks look at; run it once an attempt."""
        key = (name, self.attempt)
        if key not in self._shared:
            before, self.traces = self.traces, Traces()
            self._shared[key] = SharedOutcomes(play(self), self.traces)
            self.traces = before
        self.traces = self._shared[key].traces
        return self._shared[key].outcomes


class Clock:
    """The time that is left for a submission."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._end
