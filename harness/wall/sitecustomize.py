"""A clock that stands still and chance that repeats itself, for programs that are drawn.

Python imports this module first where its folder is in PYTHONPATH. What a program shows as
the time of day is then what stands in the file named by HARNESS_CLOCK (seconds since 1970,
in UTC). Deadlines count on other clocks, which go as ever. The bytes of os.urandom follow
from HARNESS_CHANCE, which differs from program to program.
"""

import hashlib
import itertools
import os
import time
from pathlib import Path

_format, _split = time.strftime, time.gmtime
_counter = itertools.count()


def _localtime(seconds: float | None = None) -> time.struct_time:
    wall = int(Path(os.environ["HARNESS_CLOCK"]).read_text())
    # So many seconds from now are as many on the wall.
    return _split(wall + (0 if seconds is None else round(seconds - time.time())))


def _strftime(pattern: str, when: time.struct_time | None = None) -> str:
    return _format(pattern, _localtime() if when is None else when)


def _urandom(size: int) -> bytes:
    seed = f"{os.environ['HARNESS_CHANCE']} {next(_counter)}"
    return hashlib.shake_256(seed.encode()).digest(size)


time.localtime = _localtime  # type: ignore[assignment]
time.strftime = _strftime  # type: ignore[assignment]
os.urandom = _urandom
