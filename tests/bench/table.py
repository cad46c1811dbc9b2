"""Markdown tables of results, and what a suite is: its jobs and its tables."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from tests.bench.results import Figure, Results, Sample, Spread, spread

GAP = "-"
"""Stands where nothing was measured; a row or column of nothing else is left out."""

Job = Callable[[], Iterable[Sample]]
"""Measures something once."""


class Scope(NamedTuple):
    """How much is to be measured, and where to say what is left out.

    `before` is an older checkout, for the suite that compares two.
    """

    quick: bool
    say: Callable[[str], None]
    before: Path | None = None


class Column(NamedTuple):
    """One column: a metric of each row's name, or its ratio to another's.

    `against` names whom each is divided by, `beside` the metric (the same one, unless it
    is named); `faster` turns the ratio of two times into how many times as fast.
    """

    title: str
    metric: str
    against: str = ""
    beside: str = ""
    faster: bool = False
    scale: float = 1

    def cell(self, results: Results, suite: str, name: str) -> str:
        """Write the median; of a ratio the range, too."""
        if not self.against and not self.beside:
            values = results.values(suite, name, self.metric)
            return plain(spread(values).median * self.scale) if values else GAP
        other = self.against or name
        over, under = (name, self.metric), (other, self.beside or self.metric)
        if over == under:
            return "1"
        if self.faster:
            over, under = under, over
        values = Figure(suite, *over, under).values(results)
        return ranged(spread(values)) if values else GAP


class Table(NamedTuple):
    """One table of a suite: a title, what its rows are, the columns."""

    title: str
    rows: str
    columns: Sequence[Column]


class Suite(NamedTuple):
    """What is measured together, in interleaved rounds.

    `jobs` prepares everything, gives the jobs of one round, and tidies up afterwards.
    """

    name: str
    about: str
    tables: Sequence[Table]
    jobs: Callable[[Scope], AbstractContextManager[Sequence[Job]]]
    rounds: int
    quick_rounds: int


def show(results: Results, suite: Suite) -> str:
    """Write a suite's tables, one under the other."""
    parts = [f"## {suite.name}", suite.about]
    for table in suite.tables:
        names = results.names(suite.name)
        columns = [_column(each, results, suite.name, names) for each in table.columns]
        columns = [each for each in columns if any(cell != GAP for cell in each[1:])]
        rows = [
            row for row in zip(names, *(c[1:] for c in columns), strict=True) if columns
        ]
        rows = [row for row in rows if any(cell != GAP for cell in row[1:])]
        if rows:
            head = [table.rows, *(title for title, *_ in columns)]
            parts += [f"**{table.title}**", markdown(head, rows)]
    return "\n\n".join(parts) + "\n"


def _column(
    column: Column, results: Results, suite: str, names: Sequence[str]
) -> list[str]:
    """Return a column's title and its cells."""
    return [column.title, *(column.cell(results, suite, name) for name in names)]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table; all columns but the first are numbers."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (head, rule, *rows))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"


def plain(value: float) -> str:
    """Write a value with three digits, or all that stand before the point."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 9.995 else f"{value:.2f}"


def ranged(found: Spread) -> str:
    """Write a median with its range."""
    return f"{plain(found.median)} ({plain(found.low)}-{plain(found.high)})"
