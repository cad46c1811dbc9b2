"""What all reports share: what of a result may be shown, and in which words.

`sanitize` is the one place where text of programs under test is made harmless. It leaves
no control character, no line end and nothing that is not printable in any string of a
result; a report has still to quote the markup of its own format. All reports begin with
it but `record`, which must be read back exactly.
"""

import dataclasses
import re
from typing import Any, TypeVar

from harness.referee.result import (
    Class,
    Evidence,
    Finding,
    Layer,
    Moment,
    Side,
    Submission,
    Verdict,
)
from harness.report import printable, shorten

Result = TypeVar("Result", Class, Submission)

RUN = 60
"""A run of so many of the same character is written shorter: [z x 6000]."""

SIGNS = {
    Verdict.PASS: "✓",
    Verdict.TOLERATED: "≈",
    Verdict.FAIL: "✗",
    Verdict.NOT_RUN: "○",
    Verdict.ERROR: "!",
}
"""A sign for each verdict. It stands beside the word, or its colour, never alone."""

CONCERNS = (Verdict.FAIL, Verdict.TOLERATED, Verdict.ERROR)
"""The verdicts that a report explains with their evidence."""


# Only these are shortened: a command must stay as it is, for it is pasted into a shell.
_LONG = {
    Moment: {"text"},
    Side: {"last_lines", "ending"},
    Evidence: {"expected", "seen"},
    Finding: {"explanation"},
}

_REPEATED = re.compile(rf"(.)\1{{{RUN - 1},}}")


class ReportError(Exception):
    """A report cannot be made or read; the message is one sentence."""


def sanitize(result: Result) -> Result:
    """Return a result in which every text is printable, on one line, and not too long.

    It may be called once only: a second call would shorten the shortened texts.
    """
    return _sanitize(result, shorter=False)  # type: ignore[no-any-return]


def _sanitize(value: Any, *, shorter: bool) -> Any:
    if isinstance(value, tuple):
        return tuple(_sanitize(each, shorter=shorter) for each in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        long = _LONG.get(type(value), set())
        return dataclasses.replace(
            value,
            **{
                field.name: _sanitize(
                    getattr(value, field.name), shorter=field.name in long
                )
                for field in dataclasses.fields(value)
            },
        )
    if type(value) is str:  # Layer and Verdict are of another type
        return shorten(_runs(value)) if shorter else printable(value)
    return value


def _runs(text: str) -> str:
    return _REPEATED.sub(lambda run: f"[{run[1]} x {len(run[0])}]", text)


def number(value: float) -> str:
    """Write points, or seconds, without zeros at the end: 85, 7.5, 0.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def sentence(text: str) -> str:
    """Return a text with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]


def score(submission: Submission, layer: Layer) -> str:
    """Write a layer's sum: "85 / 100", or for one without points "14 of 20 kept"."""
    if out_of := submission.out_of(layer):
        return f"{number(submission.points(layer))} / {number(out_of)}"
    if not submission.of_layer(layer):
        return ""
    rules = count_run(submission, layer)
    return f"{count_kept(submission, layer)} of {rules} kept" if rules else "none run"


def count_kept(submission: Submission, layer: Layer) -> int:
    """Return how many rules of a layer were kept; a tolerated outcome counts."""
    good = (Verdict.PASS, Verdict.TOLERATED)
    return sum(each.verdict in good for each in submission.of_layer(layer))


def count_run(submission: Submission, layer: Layer) -> int:
    """Return how many rules of a layer could be broken: those that were run."""
    outcomes = [each.verdict for each in submission.of_layer(layer)]
    return len(outcomes) - outcomes.count(Verdict.NOT_RUN)


def verdict(finding: Finding) -> str:
    """Write a verdict: its sign, its word, and how often it failed if not always."""
    attempts = f", {finding.evidence.attempts}" if finding.evidence.attempts else ""
    return f"{SIGNS[finding.verdict]} {finding.verdict}{attempts}"


def missed(submission: Submission) -> list[str]:
    """Return the names of the required checks that were not kept."""
    return [
        each.check
        for each in submission.of_layer(Layer.REQUIRED)
        if each.verdict in (Verdict.FAIL, Verdict.ERROR)
    ]


def concerns(submission: Submission) -> list[Finding]:
    """Return the findings that are to be explained with their evidence."""
    return [each for each in submission.findings if each.verdict in CONCERNS]


def remarks(submission: Submission) -> list[str]:
    """Return a submission's notes, and what its reader must know before the numbers."""
    lines = list(submission.notes)
    if submission.problem:
        lines.insert(0, f"It could not be refereed: {submission.problem}")
    errors = [each for each in submission.findings if each.verdict is Verdict.ERROR]
    if errors:
        names = ", ".join(each.check for each in errors)
        lines.append(
            f"The referee itself failed at {names}. That is no fault of the submission, "
            "and its points are not final: run it again."
        )
    return lines


def time_line(evidence: Evidence) -> list[str]:
    """Write what happened, a line a moment, for reports in plain text."""
    return [
        f"{each.seconds:8.3f}  {each.actor:8} {each.sign} {each.text}".rstrip()
        for each in evidence.moments
    ]


def last_lines(side: Side) -> list[str]:
    """Write how a side stood at the end."""
    return [f"{side.actor}: {side.ending}", *(f"  | {line}" for line in side.last_lines)]


def account(finding: Finding) -> list[str]:
    """Write all evidence of a finding as lines of plain text."""
    evidence = finding.evidence
    named = {"expected": evidence.expected, "seen": evidence.seen}
    lines = [f"{name}: {text}" for name, text in named.items() if text]
    for side in evidence.sides:
        lines += last_lines(side)
    if evidence.repeat:
        lines += ["to see it by hand:", *(f"  {step}" for step in evidence.repeat)]
    if evidence.moments:
        lines += ["what happened, in seconds:", *time_line(evidence)]
    return lines


def commands(submission: Submission) -> dict[str, str]:
    """Return the command lines that were run, and the interpreter."""
    named = {
        "server": submission.server,
        "client": submission.client,
        "python": submission.python,
    }
    return {name: text for name, text in named.items() if text}
