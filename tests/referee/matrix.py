"""`make pairs`: every pair, every check; each pair must fail exactly what it is made for.

Nearly every check is failed by some pair, and none by the right one. So this is a test of
the referee: it must see each fault every time, and blame nothing else for it. It takes
three minutes; test_matrix does a part of it within a test's time.
"""

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.referee import profile as profiles
from harness.referee.isolation import can_isolate
from harness.referee.result import Submission, Verdict
from harness.referee.rubric import Rubric
from harness.referee.workers import Job, judge_all
from tests.referee.pairs import HERE, Pair, pairs

TOGETHER = 8
"""How many are judged at a time: most of a check is waiting, so more than processors."""


def judge(
    chosen: Iterable[tuple[Pair, Iterable[str]]], parent: Path, console: Console
) -> dict[str, Submission]:
    """Build pairs, and referee each by some checks, or by all where none is named."""
    course = profiles.read(HERE / "profile.toml")
    term = Rubric.read(None).term
    jobs = [
        Job(pair.name, pair.build(parent), course.of(pair.name), "", term, tuple(only))
        for pair, only in chosen
    ]
    # Where the system gives no networks, all share one, and one pair at a time uses it.
    submissions = judge_all(jobs, TOGETHER if can_isolate() else 1, console)
    return {submission.name: submission for submission in submissions}


def complaint(pair: Pair, submission: Submission) -> str:
    """Return where the findings are not as they should be; empty: nowhere."""
    if submission.problem:
        return submission.problem
    found = {each.check: each for each in submission.findings}
    failed = {name for name, each in found.items() if each.verdict is Verdict.FAIL}
    wrong = [f"{name} did not fail" for name in sorted(pair.fails - failed)]
    wrong += [f"{name}: {found[name].explanation}" for name in sorted(failed - pair.fails)]
    for name, each in found.items():
        if each.verdict is Verdict.ERROR or each.evidence.attempts:
            wrong.append(f"{name}: {each.verdict}, {each.explanation}")
    return "; ".join(wrong)


def main(names: list[str]) -> int:
    """Judge all pairs, or those that are named; return 0 if all findings are right."""
    chosen = [pair for pair in pairs() if not names or pair.name in names]
    console = Console()
    with tempfile.TemporaryDirectory(prefix="pairs-") as folder:
        found = judge([(pair, ()) for pair in chosen], Path(folder), Console(stderr=True))
    table = Table("pair", "seconds", "must fail", "and what else was found")
    complaints = {pair.name: complaint(pair, found[pair.name]) for pair in chosen}
    for pair in chosen:
        seconds = f"{found[pair.name].seconds:.0f}"
        fails = ", ".join(sorted(pair.fails))
        table.add_row(pair.name, seconds, fails, f"[bold red]{complaints[pair.name]}")
    console.print(table)
    right = list(complaints.values()).count("")
    console.print(f"{right} of {len(chosen)} pairs were judged exactly")
    return 0 if right == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
