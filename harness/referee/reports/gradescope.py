"""Gradescope's results.json, of one submission.

Fields as documented at https://gradescope-autograders.readthedocs.io/en/latest/specs/.
A check with points has a score; one without, as robustness has it, has none and is shown
as information. Gradescope knows no "skipped" and prints its own stdout to instructors
only, so all that a student is to read stands in `output`.

It may be written after every check: a check that is still to come is not in it, or
`not run` (`Rubric.complete`).
"""

import json
from typing import Any

from harness.referee.reports.wording import (
    ReportError,
    account,
    commands,
    remarks,
    sanitize,
    score,
    sentence,
    verdict,
)
from harness.referee.result import Class, Finding, Layer, Submission, Verdict

OUTPUT = 20_000
"""Characters of one check's output: a web page has to show it."""


def render(result: Class) -> str:
    """Write the results; raises ReportError unless there is just one submission."""
    if len(result.submissions) != 1:
        raise ReportError(
            f"Gradescope's results.json is of one submission, not of "
            f"{len(result.submissions)}: referee them one by one, or write --json."
        )
    (submission,) = sanitize(result).submissions
    return json.dumps(_results(submission), indent=1) + "\n"


def _results(submission: Submission) -> dict[str, Any]:
    tests = [_test(number, each) for number, each in enumerate(submission.findings, 1)]
    results: dict[str, Any] = {
        "execution_time": round(submission.seconds, 3),
        "output": "\n".join(_summary(submission)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    if not any("score" in test for test in tests):
        results["score"] = 0  # Gradescope wants one somewhere
    return results


def _summary(submission: Submission) -> list[str]:
    lines = [f"{name}: {text}" for name, text in commands(submission).items()]
    # A hidden check's points must not be guessed from a sum.
    if not any(each.hidden for each in submission.findings):
        lines += [f"{layer}: {score(submission, layer)}" for layer in Layer]
    return [*lines, *remarks(submission)]


def _test(number: int, finding: Finding) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": f"{finding.title} ({finding.check})",
        "number": str(number),
        "tags": [str(finding.layer)],
        "visibility": "hidden" if finding.hidden else "visible",
        "output": _output(finding),
    }
    if finding.out_of and finding.verdict is not Verdict.ERROR:
        test |= {"score": finding.points, "max_score": finding.out_of}
    if finding.verdict in (Verdict.PASS, Verdict.TOLERATED):
        test["status"] = "passed"
    elif finding.verdict is Verdict.FAIL:
        test["status"] = "failed"
    return test


def _output(finding: Finding) -> str:
    lines = [f"{verdict(finding)}. {sentence(finding.explanation)}".strip(), finding.help]
    if finding.verdict not in (Verdict.PASS, Verdict.NOT_RUN):
        lines += account(finding)
    text = "\n".join(line for line in lines if line)
    if len(text) <= OUTPUT:
        return text
    return f"{text[:OUTPUT]}\n... and {len(text) - OUTPUT} characters more."
