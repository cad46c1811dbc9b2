"""The reports: one module a format, each of which reads a result and nothing else.

`text` writes on a terminal; the others give a text for a file. What they share, and the
one place where the text of programs is made harmless, is `shown`.
"""

from collections.abc import Callable

from harness.referee.reports import csv, gradescope, junit, markdown, page, record
from harness.referee.reports.shown import ReportError
from harness.referee.result import Class

__all__ = ["WRITERS", "ReportError"]

WRITERS: dict[str, Callable[[Class], str]] = {
    "markdown": markdown.render,
    "html": page.render,
    "junit": junit.render,
    "csv": csv.render,
    "json": record.render,
    "gradescope": gradescope.render,
}
"""The formats, by the names of their options. A writer may raise ReportError."""
