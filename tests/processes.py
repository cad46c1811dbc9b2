"""What Linux says of a running process (proc_pid_status(5))."""

import re
from pathlib import Path

import pytest

counted = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="counted in /proc"
)
"""Marks a test that asks one of these."""


def switches(process: int) -> int:
    """Count how often a process has gone to sleep and was woken up again."""
    return _status(process, "voluntary_ctxt_switches")


def memory(process: int) -> float:
    """Give the resident memory of a process, in MiB."""
    return _status(process, "VmRSS") / 1024


def peak(process: int) -> float:
    """Give the most resident memory that a process has had so far, in MiB."""
    return _status(process, "VmHWM") / 1024


def is_asleep(process: int) -> bool:
    """Whether a process waits for something at this moment."""
    text = Path(f"/proc/{process}/stat").read_text("ascii", "replace")
    return text.rpartition(")")[2].split()[0] == "S"


def cpu_seconds(process: int) -> float:
    """Give the CPU time of a process, all threads, as the scheduler counts it: to the ns.

    The counters of proc_pid_stat(5) go by ticks of 10 ms.
    """
    spent = 0
    for thread in Path(f"/proc/{process}/task").iterdir():
        spent += int((thread / "schedstat").read_text("ascii").split()[0])
    return spent / 1e9


def threads(process: int) -> int:
    """Count the threads of a process."""
    return _status(process, "Threads")


def _status(process: int, name: str) -> int:
    text = Path(f"/proc/{process}/status").read_text("ascii")
    match = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    assert match
    return int(match[1])
