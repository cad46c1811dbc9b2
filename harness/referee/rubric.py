"""The rubric: the title, the points and the help of each check, from a TOML file.

A teacher changes words and points there without touching code. The rubric knows the names
of the checks, not how they are made, and no program. Findings are graded with it; the
reports never read it, for all that they show stands in the findings.

The form of the file is described at the top of `rubric.toml`, beside this module.
"""

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from harness.files import read_text
from harness.referee.checks.all import CHECKS
from harness.referee.result import Finding, Layer, Manual, Verdict
from harness.referee.tables import TableError, build, leaves

DEFAULT = Path(__file__).with_name("rubric.toml")

NAMES = frozenset(check.name for check in CHECKS)
"""Every check that a rubric may have."""

_WORDS = {
    "table": "{place}: must be a table.",
    "list": "{place}: must be written as [[{place}]].",
    "unknown": "{place}: is not known.",
    "missing": "{place}: is missing.",
    "choice": "{place}: must be one of {wanted}.",
    "str": "{place}: must be a text that is not empty.",
    "float": "{place}: must be a number, 0 or more.",
    "share": "{place}: must be a share from 0 to 1.",
    "bool": "{place}: must be true or false.",
    "empty": "{place}: must not be empty.",
    "check": "{place}: there is no such check.",
}
"""How a mistake in a rubric is put into words, by its kind (`tables`)."""


class RubricError(Exception):
    """A rubric that cannot be used; the message is one sentence with file and key."""


@dataclass(frozen=True)
class Rule:
    """The rubric's words and points for one check."""

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
    """What the assignment's text asks of the quit word in one term."""

    name: str
    about: str
    quit_ends: Literal["both", "typist"]


@dataclass(frozen=True)
class Rubric:
    """All rules, in the order in which reports show them, and the terms."""

    title: str
    rules: tuple[Rule, ...]
    terms: Mapping[str, Term]
    term: str  # the name of the one that holds by default
    manual: tuple[Manual, ...] = ()

    @classmethod
    def read(cls, path: Path | None = None) -> "Rubric":
        """Read a rubric; None is the one that comes with the referee.

        Raises RubricError.
        """
        path = DEFAULT if path is None else path
        try:
            tables = tomllib.loads(read_text(path))
        except OSError as error:
            raise RubricError(f"{path}: cannot be read: {error.strerror}.") from error
        except (ValueError, RecursionError) as error:  # not TOML, or too deep for Python
            raise RubricError(f"{path}: not TOML: {error}.") from error
        try:
            return _rubric(build(_File, tables))
        except TableError as error:
            raise RubricError(f"{path}: {error.sentence(_WORDS, first=1)}") from error

    @cached_property
    def by_name(self) -> Mapping[str, Rule]:
        """The rules by the names of their checks; a check may have none."""
        return {rule.name: rule for rule in self.rules}

    def grade(self, finding: Finding) -> Finding:
        """Fill in title, layer, help, hidden and points from the rule of the check.

        A pass gets all points, a tolerated outcome its share of them, all else none.
        A pass gets no help. Raises KeyError for a check that the rubric leaves out.
        """
        rule = self.by_name[finding.check]
        shares = {Verdict.PASS: 1.0, Verdict.TOLERATED: rule.tolerated}
        needs_help = finding.verdict in (Verdict.TOLERATED, Verdict.FAIL)
        return replace(
            finding,
            title=rule.title,
            layer=rule.layer,
            help=rule.help if needs_help else "",
            points=rule.points * shares.get(finding.verdict, 0.0),
            out_of=rule.points,
            hidden=rule.hidden,
        )

    def complete(self, findings: Iterable[Finding], why: str) -> tuple[Finding, ...]:
        """Grade findings and put them in order; every other check is `not run`.

        So a result is whole after every check, and when the time is up. `why` is the
        explanation of what was not run.
        """
        found = {each.check: each for each in findings}
        return tuple(
            self.grade(
                found.get(rule.name)
                or Finding(rule.name, rule.title, rule.layer, Verdict.NOT_RUN, why)
            )
            for rule in self.rules
        )


@dataclass(frozen=True)
class _Check:
    """A table [checks.NAME] of the file."""

    title: str
    layer: Layer
    points: float
    about: str
    help: str
    hidden: bool = False
    tolerated: float | None = None  # None: the share at the top of the file


@dataclass(frozen=True)
class _Term:
    """A table [terms.NAME] of the file."""

    quit_ends: Literal["both", "typist"]
    about: str


@dataclass(frozen=True)
class _Manual:
    """A table [[manual]] of the file."""

    title: str
    points: float
    about: str


@dataclass(frozen=True)
class _File:
    """A rubric as it is written: the grammar of the TOML file."""

    title: str
    term: str
    terms: Mapping[str, _Term]
    checks: Mapping[str, _Check]
    tolerated: float = 1.0
    manual: tuple[_Manual, ...] = ()


def _demand(file: _File) -> None:
    """Refuse what has the right type and yet cannot be. Raises TableError."""
    for place, value in leaves(file):
        if isinstance(value, str) and not value.strip():
            raise TableError(place, "str")
        if isinstance(value, float) and not 0 <= value < math.inf:  # nan is neither
            raise TableError(place, "float")
        if place[-1] == "tolerated" and value is not None and value > 1:
            raise TableError(place, "share")
    for name in ("checks", "terms"):
        if not getattr(file, name):
            raise TableError((name,), "empty")
    for name in file.checks:
        if name not in NAMES:
            raise TableError(("checks", name), "check")
    if file.term not in file.terms:
        raise TableError(("term",), "choice", file.term, ", ".join(file.terms))


def _rubric(file: _File) -> Rubric:
    _demand(file)
    order = list(Layer)
    rules = [_rule(name, each, file.tolerated) for name, each in file.checks.items()]
    rules.sort(key=lambda rule: order.index(rule.layer))
    terms = {
        name: Term(name, each.about, each.quit_ends) for name, each in file.terms.items()
    }
    manual = tuple(Manual(each.title, each.points, each.about) for each in file.manual)
    return Rubric(file.title, tuple(rules), terms, file.term, manual)


def _rule(name: str, check: _Check, tolerated: float) -> Rule:
    share = tolerated if check.tolerated is None else check.tolerated
    return Rule(**{**vars(check), "name": name, "tolerated": share})
