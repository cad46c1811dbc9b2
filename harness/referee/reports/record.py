"""The referee's own JSON: all of a result, exactly, to be read again.

Every other report can be made of it later. It is versioned: a reader refuses a version
that it was not written for. Texts stand in it as the programs printed them; JSON escapes
all that is not ASCII.

`render` writes every field, for the programs of others, which need not know a default.
`render_short` leaves the defaults out and writes a finding a line, for a file that is
kept. `read` reads both.
"""

import dataclasses
import json
from typing import Any

from harness.referee.reports.wording import ReportError
from harness.referee.result import FORMAT, Class
from harness.referee.tables import TableError, build, table

FINDING_DEPTH = 4
"""Tables and lists around a finding: the record, its submissions, one, its findings."""

_WORDS = {
    "table": "{place} in the record is not a table.",
    "list": "{place} in the record is not a list.",
    "unknown": "{parent} in the record has {key!r}, which is not known.",
    "missing": "{parent} in the record is not whole: {key!r} is missing.",
    "choice": "{place} in the record is {value!r}, not one of {wanted}.",
    "str": "{place} in the record is {value!r}, not a str.",
    "float": "{place} in the record is {value!r}, not a float.",
    "bool": "{place} in the record is {value!r}, not a bool.",
}
"""How a mistake in a record is put into words, by its kind (`tables`)."""


def render(result: Class) -> str:
    """Write a class as JSON, with every field."""
    return json.dumps({"format": FORMAT, **dataclasses.asdict(result)}, indent=1) + "\n"


def render_short(result: Class) -> str:
    """Write a class as JSON without the fields that have their default."""
    return _layout({"format": FORMAT, **table(result)}, FINDING_DEPTH) + "\n"


def read(text: str) -> Class:
    """Read what `render` or `render_short` wrote; raises ReportError for all else."""
    tables = _parse(text)
    version = tables.pop("format", None)
    if version != FORMAT:
        raise ReportError(
            f"this record is of version {version!r} and this referee reads version "
            f"{FORMAT}: make it anew, or read it with the referee that wrote it."
        )
    try:
        result: Class = build(Class, tables, ("record",))
    except TableError as error:
        raise ReportError(error.sentence(_WORDS, first=0)) from error
    return result


def _parse(text: str) -> dict[str, Any]:
    try:
        tables = json.loads(text)
    except ValueError as error:
        raise ReportError(f"this record is not JSON: {error}.") from error
    if not isinstance(tables, dict):
        raise ReportError("this record is JSON, but not a result of the referee.")
    return tables


def _layout(value: Any, depth: int, indent: str = "") -> str:
    """Write JSON with a line for each item down to a depth, and deeper ones on one line."""
    if not depth or not value or not isinstance(value, dict | list):
        return json.dumps(value)
    inner = indent + " "
    if isinstance(value, dict):
        items = [
            f"{json.dumps(key)}: {_layout(each, depth - 1, inner)}"
            for key, each in value.items()
        ]
    else:
        items = [_layout(each, depth - 1, inner) for each in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    lines = f",\n{inner}".join(items)
    return f"{opening}\n{inner}{lines}\n{indent}{closing}"
