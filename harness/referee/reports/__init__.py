"""The reports: one module a format, each of which reads a result and nothing else.

`text` writes on a terminal; the others give a text for a file. What they share, and the
one place where the text of programs is made harmless, is `wording`.
"""

import os
from collections.abc import Callable
from pathlib import Path

from harness.referee.reports import csv, gradescope, junit, markdown, page, record
from harness.referee.reports.wording import ReportError
from harness.referee.result import Class

__all__ = ["WRITERS", "ReportError", "write"]

WRITERS: dict[str, Callable[[Class], str]] = {
    "markdown": markdown.render,
    "html": page.render,
    "junit": junit.render,
    "csv": csv.render,
    "json": record.render,
    "gradescope": gradescope.render,
}
"""The formats, by the names of their options. A writer may raise ReportError."""


def write(kind: str, result: Class, path: Path) -> None:
    """Write a report to a file, which is whole at every moment.

    A new file replaces the old one in one step; only what is no file, such as
    /dev/stdout, is written in place. Raises ReportError and OSError.
    """
    report = WRITERS[kind](result).encode("utf-8")
    if path.exists() and not path.is_file():
        path.write_bytes(report)
        return
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(report)
    os.replace(part, path)
