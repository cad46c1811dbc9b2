"""A process for every submission, so that nothing of one can reach another.

The parent writes each worker a job as a line of JSON and reads lines back: each check that
begins, and in the end all findings. A worker that dies or is late is the referee's
problem, and never the student's.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed

from harness.referee.profile import Profile
from harness.referee.result import Submission
from harness.referee.tables import build, table

ROOT = Path(__file__).resolve().parent.parent.parent

GRACE = 60.0
"""Seconds that a worker may take beyond its submission's limit: the last check is still
finished, and the programs may have to be made before the first."""


@dataclass(frozen=True)
class Job:
    """One submission to be judged."""

    name: str
    folder: Path  # of the submission
    profile: Profile
    rubric: str  # a file; empty: the referee's own
    term: str
    only: tuple[str, ...] = ()
    shared: bool = False  # whether it uses the machine's own network
    stepwise: bool = False  # whether the worker sends its findings after every check

    def to_json(self) -> str:
        """Write it in one line."""
        return json.dumps(table(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Read what `to_json` wrote."""
        job: Job = build(cls, json.loads(text))
        return job


class Worker:
    """One running worker."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.check = "starting"  # the one that it is at
        self.so_far: Submission | None = None  # findings that nobody has seen yet
        self.found: Submission | None = None  # all findings; None: it has not finished
        self.began = time.monotonic()
        self._half = b""  # of a line
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness", "referee", "--worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
        assert self._process.stdin and self._process.stdout
        self.stdout = self._process.stdout
        # A job is smaller than a pipe: this never waits for the worker.
        with suppress(BrokenPipeError):
            self._process.stdin.write(job.to_json().encode() + b"\n")
            self._process.stdin.close()

    @property
    def deadline(self) -> float:
        """When it should have ended, on the monotonic clock."""
        return self.began + self.job.profile.limits.submission + GRACE

    def read(self) -> bool:
        """Read what it has written; return False at the end of its output."""
        data = os.read(self.stdout.fileno(), 1 << 20)
        *lines, self._half = (self._half + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            self.check = message.get("check", self.check)
            if "so far" in message:
                self.so_far = build(Submission, message["so far"])
            if "found" in message:
                self.found = build(Submission, message["found"])
        return bool(data)

    def report(self, update: Callable[[Submission], None]) -> str:
        """Call `update` with findings that are new; return the submission and its check."""
        if self.so_far:
            update(self.so_far)
            self.so_far = None
        return f"{self.job.name}: {self.check}"

    def end(self) -> Submission:
        """End it if it still runs; return its findings, or the problem that it had."""
        if self.found is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        self.stdout.close()
        return self.found or self._lost(status)

    def _lost(self, status: int) -> Submission:
        profile = self.job.profile
        late = time.monotonic() > self.deadline
        what = "took too long" if late else f"ended with {status}"
        return Submission(
            self.job.name,
            (),
            profile.server.command,
            profile.client.command,
            seconds=round(time.monotonic() - self.began, 1),
            problem=f"the referee itself {what} at the check {self.check}.",
        )


def judge_all(
    jobs: Sequence[Job],
    at_once: int,
    console: Console,
    update: Callable[[Submission], None] = lambda submission: None,
) -> list[Submission]:
    """Judge all, so many at a time, with a bar that shows how far it is.

    After Ctrl-C only the submissions that were finished are returned. `update` is called
    with the findings so far of each job that is `stepwise`.
    """
    waiting = list(enumerate(jobs))
    running: dict[int, Worker] = {}
    found: dict[int, Submission] = {}
    with selectors.DefaultSelector() as selector, _bar(console) as bar:
        task = bar.add_task("", total=len(jobs), now="")
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    number, job = waiting.pop(0)
                    running[number] = Worker(job)
                    selector.register(running[number].stdout, selectors.EVENT_READ, number)
                for number in _finished(selector, running):
                    selector.unregister(running[number].stdout)
                    found[number] = running.pop(number).end()
                now = ", ".join(each.report(update) for each in running.values())
                bar.update(task, completed=len(found), now=now)
                bar.refresh()
        except KeyboardInterrupt:
            pass  # the findings until then may have taken an hour
        finally:
            for worker in running.values():
                worker.end()
    return [found[number] for number in sorted(found)]


def _finished(selector: selectors.BaseSelector, running: dict[int, Worker]) -> list[int]:
    """Read what comes within a second; return the workers that are finished, or late."""
    finished = {key.data for key, _ in selector.select(1) if not running[key.data].read()}
    late = {n for n, each in running.items() if time.monotonic() > each.deadline}
    return sorted(finished | late)


def _bar(console: Console) -> Progress:
    """Return a bar that has no thread of its own, and that vanishes at the end."""
    return Progress(
        TextColumn("refereed"),
        BarColumn(),
        MofNCompleteColumn(),
        Elapsed(),
        TextColumn("{task.fields[now]}", markup=False),
        console=console,
        auto_refresh=False,
        transient=True,
    )
