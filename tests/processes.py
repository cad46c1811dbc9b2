"""Figures that Linux has of a running process (proc_pid_status(5))."""

import re
from pathlib import Path

import pytest

counted = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="counted in /proc"
)
"""Mark of a test that needs one of these."""


def switches(process: int) -> int:
    """Return how often a process went to sleep and was woken up again."""
    return _status(process, "voluntary_ctxt_switches")


def memory(process: int) -> float:
    """Return the resident memory of a process, in MiB."""
    return _status(process, "VmRSS") / 1024


def peak(process: int) -> float:
    """Return the most resident memory that a process has had so far, in MiB."""
    return _status(process, "VmHWM") / 1024


def is_asleep(process: int) -> bool:
    """Return whether a process waits for something at this moment."""
    text = Path(f"/proc/{process}/stat").read_text("ascii", "replace")
    return text.rpartition(")")[2].split()[0] == "S"


def cpu_seconds(process: int) -> float:
    """Return the CPU seconds of all threads, as the scheduler counts them: to the ns.

    The counters of proc_pid_stat(5) go by ticks of 10 ms.
    """
    spent = 0
    for thread in Path(f"/proc/{process}/task").iterdir():
        spent += int((thread / "schedstat").read_text("ascii").split()[0])
    return spent / 1e9


def threads(process: int) -> int:
    """Return the number of threads of a process."""
    return _status(process, "Threads")


def _status(process: int, name: str) -> int:
    text = Path(f"/proc/{process}/status").read_text("ascii")
    match = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    assert match
    return int(match[1])
