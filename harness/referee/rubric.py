"""The rubric: what each check is called, is worth and is good for, from a TOML file.

It holds the words and the points, so that a teacher changes both without touching code.
How a check is made it does not know, and it knows no program. The engine grades its
findings with it; the reports never read it, for all they show stands in the findings.

The form of the file is told at the top of `rubric.toml`, which stands beside this module.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from harness.referee.result import Finding, Layer, Manual, Verdict

DEFAULT = Path(__file__).with_name("rubric.toml")

CHECKS = {
    Layer.REQUIRED: (
        "starts",
        "connects",
        "prompts-first",
        "six-lines",
        "turns",
        "quit-client",
        "quit-server",
        "clean-exit",
        "no-traceback",
        "restart",
    ),
    Layer.EXTRA: ("game-starts", "game-turns", "game-bad-move", "game-ends"),
    Layer.ROBUSTNESS: (
        "client-first",
        "server-killed",
        "client-killed",
        "reset",
        "long-1500",
        "long-4096",
        "long-5000",
        "long-6000",
        "split",
        "joined",
        "split-character",
        "empty-line",
        "non-ascii",
        "invalid-utf8",
        "quit-first",
        "quit-inside-word",
        "quit-in-game",
        "type-ahead",
        "second-client",
        "port-scan",
        "http-request",
        "idle",
    ),
}
"""Every check there is, in the layer where it usually stands."""

QUIT_ENDS = ("both", "typist")


class RubricError(Exception):
    """A rubric cannot be used; the message is one sentence with the file and the key."""


@dataclass(frozen=True)
class Rule:
    """What the rubric says of one check."""

    name: str
    title: str
    layer: Layer
    points: float
    about: str  # what it shows, one sentence
    help: str  # what to do when it fails
    hidden: bool = False  # its outcome is shown to the teacher alone
    tolerated: float = 1.0  # the share of the points that a tolerated outcome gets


@dataclass(frozen=True)
class Term:
    """What the assignment's text of one term asks of the quit word."""

    name: str
    about: str
    quit_ends: Literal["both", "typist"]


@dataclass(frozen=True)
class Rubric:
    """All rules, in the order in which reports show them, and the terms."""

    title: str
    rules: tuple[Rule, ...]
    terms: Mapping[str, Term]
    term: str  # the name of the one that holds if nobody says another
    manual: tuple[Manual, ...] = ()

    @classmethod
    def read(cls, path: Path | None = None) -> "Rubric":
        """Read a rubric; None is the one that comes with the referee.

        Raises RubricError.
        """
        path = DEFAULT if path is None else path
        try:
            tables = tomllib.loads(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise RubricError(f"{path}: cannot be read: {reason}.") from error
        except tomllib.TOMLDecodeError as error:
            raise RubricError(f"{path}: not TOML: {error}.") from error
        return _rubric(_Table(str(path), "", tables))

    @cached_property
    def by_name(self) -> Mapping[str, Rule]:
        """Give the rules by the names of their checks; a check may have none."""
        return {rule.name: rule for rule in self.rules}

    def grade(self, finding: Finding) -> Finding:
        """Fill in title, layer, help, hidden and points from the rule of the check.

        A pass gets all points, a tolerated outcome its share of them, all else none.
        The help is for those who need it: a pass has none. What a check itself says
        as help stands. Raises KeyError for a check that the rubric leaves out.
        """
        rule = self.by_name[finding.check]
        shares = {Verdict.PASS: 1.0, Verdict.TOLERATED: rule.tolerated}
        needs_help = finding.verdict in (Verdict.TOLERATED, Verdict.FAIL)
        return replace(
            finding,
            title=rule.title,
            layer=rule.layer,
            help=(finding.help or rule.help) if needs_help else "",
            points=rule.points * shares.get(finding.verdict, 0.0),
            out_of=rule.points,
            hidden=rule.hidden,
        )

    def complete(self, findings: Iterable[Finding], why: str) -> tuple[Finding, ...]:
        """Grade findings, set them in order and say `not run` of all that is not there.

        This is how results look whole after every check, and when the time is up.
        """
        found = {each.check: each for each in findings}
        return tuple(
            self.grade(
                found.get(rule.name)
                or Finding(rule.name, rule.title, rule.layer, Verdict.NOT_RUN, why)
            )
            for rule in self.rules
        )


class _Table:
    """A table of the file, read key by key; what nobody asked for is a mistake."""

    def __init__(self, file: str, place: str, values: object) -> None:
        self.file, self.place = file, place
        if not isinstance(values, dict):
            raise self.error("", "must be a table")
        self._left: dict[str, Any] = dict(values)

    def error(self, key: str, what: str) -> RubricError:
        where = ".".join(part for part in (self.place, key) if part)
        return RubricError(f"{self.file}: {where}: {what}.")

    def take(self, key: str, default: object = None) -> Any:
        if key in self._left:
            return self._left.pop(key)
        if default is None:
            raise self.error(key, "is missing")
        return default

    def text(self, key: str) -> str:
        value = self.take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, "must be a text that is not empty")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        value = self.take(key, default)
        real = isinstance(value, int | float) and not isinstance(value, bool)
        if not real or not math.isfinite(value) or value < 0:
            raise self.error(key, "must be a number, 0 or more")
        return float(value)

    def share(self, key: str, default: float) -> float:
        value = self.number(key, default)
        if value > 1:
            raise self.error(key, "must be a share from 0 to 1")
        return value

    def choice(self, key: str, choices: Iterable[str]) -> Any:
        value = self.take(key)
        if value not in (known := list(choices)):
            raise self.error(key, "must be one of " + ", ".join(known))
        return value

    def flag(self, key: str) -> bool:
        value = self.take(key, False)
        if not isinstance(value, bool):
            raise self.error(key, "must be true or false")
        return value

    def tables(self, key: str) -> "dict[str, _Table]":
        """Open a table of tables, which must have one at least."""
        inner = _Table(self.file, key, self.take(key))
        if not inner._left:
            raise self.error(key, "must not be empty")
        return {
            name: _Table(self.file, f"{key}.{name}", values)
            for name, values in inner._left.items()
        }

    def rows(self, key: str) -> "list[_Table]":
        values = self.take(key, ())
        if not isinstance(values, list | tuple):
            raise self.error(key, f"must be written as [[{key}]]")
        return [
            _Table(self.file, f"{key}[{at}]", each) for at, each in enumerate(values, 1)
        ]

    def end(self) -> None:
        """Complain of the first key that nobody has asked for."""
        for key in self._left:
            raise self.error(key, "is not known")


def _rubric(table: _Table) -> Rubric:
    title = table.text("title")
    tolerated = table.share("tolerated", 1.0)
    rules = [_rule(name, each, tolerated) for name, each in table.tables("checks").items()]
    terms = {name: _term(name, each) for name, each in table.tables("terms").items()}
    term = table.choice("term", terms)
    manual = [_manual(each) for each in table.rows("manual")]
    table.end()
    order = list(Layer)
    rules.sort(key=lambda rule: order.index(rule.layer))
    return Rubric(title, tuple(rules), terms, term, tuple(manual))


def _rule(name: str, table: _Table, tolerated: float) -> Rule:
    if not any(name in names for names in CHECKS.values()):
        raise table.error("", "there is no such check")
    rule = Rule(
        name=name,
        title=table.text("title"),
        layer=Layer(table.choice("layer", Layer)),
        points=table.number("points"),
        about=table.text("about"),
        help=table.text("help"),
        hidden=table.flag("hidden"),
        tolerated=table.share("tolerated", tolerated),
    )
    table.end()
    return rule


def _term(name: str, table: _Table) -> Term:
    term = Term(name, table.text("about"), table.choice("quit_ends", QUIT_ENDS))
    table.end()
    return term


def _manual(table: _Table) -> Manual:
    line = Manual(table.text("title"), table.number("points"), table.text("about"))
    table.end()
    return line
