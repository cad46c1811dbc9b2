"""The class that docs/referee.md shows: `python3 -m tests.referee.example` judges it anew.

A few pairs are judged as a teacher's class would be. docs/class.json has the findings
without the transcripts, which would be a megabyte.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from harness.documents import CLASS
from harness.referee.reports import record
from harness.referee.result import Class, Evidence, Submission
from harness.referee.rubric import Rubric
from tests.referee.matrix import judge
from tests.referee.pairs import pairs

NAMES = {
    "classic",
    "cut-at-4096",
    "end-is-empty",
    "no-length",
    "no-reuse",
    "prompts-twice",
    "quit-untold",
    "right",
}


def main() -> int:
    """Judge the class and write the record of it."""
    chosen = [(pair, ()) for pair in pairs() if pair.name in NAMES]
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        found = judge(chosen, Path(folder), Console())
    submissions = tuple(_slim(found[name]) for name in sorted(found))
    CLASS.write_text(
        record.render_short(Class(Rubric.read(None).title, submissions)), "utf-8"
    )
    return 0


def _slim(submission: Submission) -> Submission:
    """Remove what is long, and what differs from machine to machine."""
    findings = [
        replace(each, seconds=0, evidence=Evidence(seen=each.evidence.seen))
        for each in submission.findings
    ]
    return replace(
        submission,
        findings=tuple(findings),
        server=submission.server.replace(sys.executable, "python3"),
        client=submission.client.replace(sys.executable, "python3"),
        python="python3",
        seconds=0,
    )


if __name__ == "__main__":
    sys.exit(main())
