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


def threads(process: int) -> int:
    """Count the threads of a process."""
    return _status(process, "Threads")


def _status(process: int, name: str) -> int:
    text = Path(f"/proc/{process}/status").read_text("ascii")
    match = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    assert match
    return int(match[1])
