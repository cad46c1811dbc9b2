"""A clock on the wall that stands still, for programs whose screens are drawn.

Python imports this module first where its folder is in PYTHONPATH. What a program shows as
the time of day is then what stands in the file named by HARNESS_CLOCK (seconds since 1970,
in UTC). Deadlines count on other clocks, which go as ever.
"""

import os
import time
from pathlib import Path

_format, _split = time.strftime, time.gmtime


def _localtime(seconds: float | None = None) -> time.struct_time:
    wall = int(Path(os.environ["HARNESS_CLOCK"]).read_text())
    # So many seconds from now are as many on the wall.
    return _split(wall + (0 if seconds is None else round(seconds - time.time())))


def _strftime(pattern: str, when: time.struct_time | None = None) -> str:
    return _format(pattern, _localtime() if when is None else when)


time.localtime = _localtime  # type: ignore[assignment]
time.strftime = _strftime  # type: ignore[assignment]
