"""The referee's own JSON: all of a result, exactly, to be read again.

Of it every other report can be made later. It is versioned: a reader refuses what it was
not written for instead of guessing. Texts stand in it as the programs printed them; JSON
escapes all that is not ASCII by itself.
"""

import dataclasses
import json
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

from harness.referee.reports.wording import ReportError
from harness.referee.result import FORMAT, Class, Submission


def render(result: Class) -> str:
    """Write a class as JSON."""
    return json.dumps({"format": FORMAT, **dataclasses.asdict(result)}, indent=1) + "\n"


def read(text: str) -> Class:
    """Read what `render` wrote; raises ReportError for everything else."""
    tables = _parse(text)
    version = tables.pop("format", None)
    if version != FORMAT:
        raise ReportError(
            f"this record is of version {version!r} and this referee reads version "
            f"{FORMAT}: make it anew, or read it with the referee that wrote it."
        )
    result: Class = _build(Class, tables, "record")
    return result


def submission_to_json(submission: Submission) -> str:
    """Write one submission, for a worker to pass it on; it carries no version."""
    return json.dumps(dataclasses.asdict(submission))


def submission_from_json(text: str) -> Submission:
    """Read what `submission_to_json` wrote; raises ReportError."""
    submission: Submission = _build(Submission, _parse(text), "submission")
    return submission


def _parse(text: str) -> dict[str, Any]:
    try:
        tables = json.loads(text)
    except ValueError as error:
        raise ReportError(f"this record is not JSON: {error}.") from error
    if not isinstance(tables, dict):
        raise ReportError("this record is JSON, but not a result of the referee.")
    return tables


def _build(kind: Any, value: Any, place: str) -> Any:
    """Build a value of a type from JSON; `place` is where it stands in the record."""
    if dataclasses.is_dataclass(kind):
        return _fields(kind, value, place)
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            raise ReportError(f"{place} in the record is not a list.")
        inner = get_args(kind)[0]
        return tuple(_build(inner, each, f"{place}[{at}]") for at, each in enumerate(value))
    if issubclass(kind, StrEnum) and value in list(kind):
        return kind(value)
    if type(value) is kind or (kind is float and type(value) is int):
        return kind(value)
    raise ReportError(f"{place} in the record is {value!r}, not a {kind.__name__}.")


def _fields(kind: Any, value: Any, place: str) -> Any:
    hints = get_type_hints(kind)
    if not isinstance(value, dict):
        raise ReportError(f"{place} in the record is not a table.")
    for name in value.keys() - hints.keys():
        raise ReportError(f"{place} in the record has {name!r}, which is not known.")
    built = {name: _build(hints[name], value[name], f"{place}.{name}") for name in value}
    try:
        return kind(**built)
    except TypeError as error:
        raise ReportError(f"{place} in the record is not whole: {error}.") from error
