"""Suite `tests`: how long `make test` takes, from its first line to its last."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from harness.stage import ROOT
from tests.bench.results import Sample
from tests.bench.table import Column, Job, Scope, Suite, Table


@contextmanager
def jobs(scope: Scope) -> Iterator[Sequence[Job]]:
    """Yield the one job."""
    yield [measure]


def measure() -> list[Sample]:
    """Run all tests, and time their output. Raises CalledProcessError when one fails."""
    command = ["make", "test"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as run:
        assert run.stdout
        times = [time.perf_counter() for _ in run.stdout]
    if run.returncode:
        raise subprocess.CalledProcessError(run.returncode, command)
    return [Sample("make test", "s", times[-1] - times[0])]


TESTS = Suite(
    "tests",
    "All tests, both real programs included.",
    [Table("tests", "", [Column("first to last line, s", "s")])],
    jobs,
    rounds=1,
    quick_rounds=1,
)
