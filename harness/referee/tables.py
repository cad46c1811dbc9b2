"""Dataclasses out of tables, and tables out of dataclasses: TOML and JSON, one reader.

The fields of a dataclass and their types are the grammar of a table. `build` makes a new
object, whose other fields get their defaults; `change` starts from an object, and keeps
the fields that the table does not name. `table` is the way back: it leaves out every
field that has its default.

A value that does not fit raises `TableError`, which knows the place and the kind of the
mistake. The sentence is written by the caller, in the words of its file.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

Place = tuple[str | int, ...]
"""Where a value stands: keys of tables, and numbers of list items from 0."""


class TableError(Exception):
    """A value does not fit where it stands.

    `problem` is `table` or `list` (it should be one), `unknown` or `missing` (of a key),
    `choice` (not one of `wanted`), or the name of the type that it should have.
    """

    def __init__(
        self, place: Place, problem: str, value: object = None, wanted: object = ""
    ) -> None:
        super().__init__(f"{_dotted(place)}: {problem}")
        self.place = place
        self.problem = problem
        self.value = value
        self.wanted = wanted

    def sentence(self, words: Mapping[str, str], first: int | None = None) -> str:
        """Return the words for this problem, filled in.

        They may use {place}, {parent} (the place of the table around it), {key}, {value}
        and {wanted}. `first` is the number of a list's first item; None leaves all
        numbers out.
        """
        return words[self.problem].format(
            place=_dotted(self.place, first) or "it",
            parent=_dotted(self.place[:-1], first),
            key=self.place[-1] if self.place else "",
            value=self.value,
            wanted=self.wanted,
        )


def _dotted(place: Place, first: int | None = 0) -> str:
    text = ""
    for each in place:
        if isinstance(each, str):
            text += f".{each}" if text else each
        elif first is not None:
            text += f"[{each + first}]"
    return text


def build(kind: Any, value: object, place: Place = (), *, lone: bool = False) -> Any:
    """Build a value of a type, such as a dataclass. Raises TableError.

    With `lone` a single value may stand where a list of one is wanted.
    """
    origin = get_origin(kind)
    if is_dataclass(kind):
        return _fill(kind, kind, value, place, lone)
    if origin is tuple:
        return _items(get_args(kind)[0], value, place, lone)
    if origin is Mapping:
        inner = get_args(kind)[1]
        return {
            name: build(inner, each, (*place, name), lone=lone)
            for name, each in _checked_table(value, place).items()
        }
    return _leaf(kind, value, place)


def change(old: Any, value: object, place: Place = ()) -> Any:
    """Return a copy of a dataclass in which what a table names is changed.

    A dataclass in a field is changed in the same way; all else is built anew, and a
    single value may stand where a list of one is wanted. Raises TableError.
    """
    return _fill(old, type(old), value, place, lone=True)


def table(value: Any) -> Any:
    """Return plain tables, lists and texts, without the fields that have their default."""
    if is_dataclass(value):
        kept = {each.name: getattr(value, each.name) for each in fields(value)}
        return {
            each.name: table(kept[each.name])
            for each in fields(value)
            if kept[each.name] != _default(each)  # MISSING equals nothing
        }
    if isinstance(value, tuple):
        return [table(each) for each in value]
    if isinstance(value, Mapping):
        return {name: table(each) for name, each in value.items()}
    return str(value) if isinstance(value, Path) else value


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield every text and number of a dataclass, with its place."""
    if is_dataclass(value):
        value = {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, tuple):
        value = dict(enumerate(value))
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from leaves(each, (*place, key))
    else:
        yield place, value


def _fill(source: Any, kind: Any, value: object, place: Place, lone: bool) -> Any:
    """Return a dataclass made of a table.

    `source` is the type itself for a new object, else the object that is changed.
    """
    hints = get_type_hints(kind)
    values = {}
    for key, each in _checked_table(value, place).items():
        here = (*place, key)
        if key not in hints:
            raise TableError(here, "unknown", each, ", ".join(sorted(hints)))
        old = None if source is kind else getattr(source, key)
        if is_dataclass(old):
            values[key] = change(old, each, here)
        else:
            values[key] = build(hints[key], each, here, lone=lone)
    if source is not kind:
        return replace(source, **values)
    for field in fields(kind):
        if field.name not in values and _default(field) is MISSING:
            raise TableError((*place, field.name), "missing")
    return kind(**values)


def _checked_table(value: object, place: Place) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TableError(place, "table", value)
    return value


def _items(kind: Any, value: object, place: Place, lone: bool) -> tuple[Any, ...]:
    if not isinstance(value, list):
        if not lone:
            raise TableError(place, "list", value)
        value = [value]
    return tuple(
        build(kind, each, (*place, number), lone=lone) for number, each in enumerate(value)
    )


def _leaf(kind: Any, value: object, place: Place) -> Any:
    """Build a value that has no parts. TOML and JSON may write a whole float as an int."""
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        choices = tuple(kind)
    if choices:
        if value not in choices:
            raise TableError(place, "choice", value, ", ".join(choices))
        return kind(value) if isinstance(kind, type) else value
    kinds = tuple(each for each in get_args(kind) or (kind,) if each is not NoneType)
    if kinds == (Path,) and isinstance(value, str):
        return Path(value)
    if kinds == (float,) and type(value) is int:
        return float(value)
    # By the exact type: a bool is an int in Python, and no number in a table.
    if type(value) not in kinds:
        raise TableError(place, kinds[0].__name__, value)
    return value


def _default(field: Field[Any]) -> Any:
    """Return what a field has when nothing is said; MISSING where it must be said."""
    factory: Callable[[], Any] | Any = field.default_factory
    return field.default if factory is MISSING else factory()
