"""What was measured, kept as it came: one value a round; and the arithmetic on it.

Nothing here measures. A machine that changes its speed changes all that is measured in
the same round, so two figures are compared round by round, and only then is the median
taken: the ratio of two medians would keep the drift that the ratio of a pair has lost.
"""

import json
import re
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

DIGITS = 5
"""Significant digits that are kept of a value in a file."""

_NUMBERS = re.compile(r"\[([^][{}]*)\]")


class Sample(NamedTuple):
    """One value: of whom (a contender, a program, a case), of what, how much."""

    name: str
    metric: str
    value: float


class Spread(NamedTuple):
    """The median of some values, and the ends of their inner 80 %."""

    median: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread:
    """Return the median and the inner 80 %; of fewer than ten values, the ends."""
    ordered = sorted(values)
    cut = len(ordered) // 10
    return Spread(statistics.median(ordered), ordered[cut], ordered[-1 - cut])


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Divide pair by pair; both must have been measured in the same rounds."""
    return [one / other for one, other in zip(over, under, strict=True)]


def percentile(values: Iterable[float], share: float) -> float:
    """Return the value below which such a share of the values is."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Results:
    """All samples of a run, by suite, name and metric, in the order they came in.

    `about` says on what machine, when and how they were made.
    """

    def __init__(self, about: dict[str, str] | None = None) -> None:
        self.about = about or {}
        self.suites: dict[str, dict[str, dict[str, list[float]]]] = {}

    def add(self, suite: str, sample: Sample) -> None:
        """Keep one more sample."""
        metrics = self.suites.setdefault(suite, {}).setdefault(sample.name, {})
        metrics.setdefault(sample.metric, []).append(sample.value)

    def names(self, suite: str) -> list[str]:
        """Name those of whom there is something in a suite."""
        return list(self.suites.get(suite, {}))

    def values(self, suite: str, name: str, metric: str) -> list[float]:
        """Return one value a round; none where that was not measured."""
        return self.suites.get(suite, {}).get(name, {}).get(metric, [])

    def save(self, path: Path) -> None:
        """Write everything to a file, as JSON."""
        for metrics in (each for suite in self.suites.values() for each in suite.values()):
            for metric, values in metrics.items():
                metrics[metric] = [float(f"{value:.{DIGITS}g}") for value in values]
        kept = {"about": self.about, "suites": self.suites}
        # One line a name: a new run changes few lines, and each can be read.
        text = json.dumps(kept, indent=1)
        path.write_text(_join_numbers(text) + "\n", "utf-8")

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Read what was saved. Raises OSError, or ValueError where it is something else."""
        kept = json.loads(path.read_text("utf-8"))
        try:
            results = cls(kept["about"])
            results.suites = kept["suites"]
        except (KeyError, TypeError):
            raise ValueError("no results of a run") from None
        return results


def _join_numbers(text: str) -> str:
    """Put the numbers of an indented list on one line."""
    return _NUMBERS.sub(lambda match: f"[{' '.join(match[1].split())}]", text)


class Figure(NamedTuple):
    """What a cell of a table, or a limit, is about: a value, or the ratio of two.

    `under` names the name and metric of the same suite that it is divided by.
    """

    suite: str
    name: str
    metric: str
    under: tuple[str, str] | None = None

    def values(self, results: Results) -> list[float]:
        """Look it up; none where a part of it was not measured."""
        over = results.values(self.suite, self.name, self.metric)
        if not self.under:
            return over
        under = results.values(self.suite, *self.under)
        return ratios(over, under) if over and under else []
