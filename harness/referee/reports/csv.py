"""CSV for a grade book: one row a submission, one column a check.

RFC 4180 as the standard library writes it. A spreadsheet evaluates a cell that begins
with `=` as a formula, also one that a program printed; so it gets an apostrophe in front
(https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
from collections.abc import Iterable
from io import StringIO

from harness.referee.reports.wording import count_kept, count_run, number, remarks, sanitize
from harness.referee.result import Class, Finding, Layer, Manual, Submission

FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001  # the wide ones, too, begin a formula
"""What a cell must not begin with."""


def render(result: Class) -> str:
    """Write the table; a manual line of the rubric is a column that is left empty."""
    result = sanitize(result)
    written = StringIO()
    table = csv.writer(written)
    checks, manual = checks_of(result), manual_of(result)
    table.writerow(
        [
            "submission",
            *(f"{layer}{what}" for layer in Layer for what in (" points", " out of")),
            *(f"{layer}{what}" for layer in Layer for what in (" kept", " run")),
            *(each.check for each in checks),
            *(defuse(f"{each.title} (of {number(each.out_of)})") for each in manual),
            "remarks",
        ]
    )
    for each in result.submissions:
        table.writerow(_row(each, checks, manual))
    return written.getvalue()


def _row(
    submission: Submission, checks: Iterable[Finding], manual: Iterable[Manual]
) -> list[str]:
    verdicts = {each.check: str(each.verdict) for each in submission.findings}
    sums = (submission.points, submission.out_of)
    counts = (count_kept, count_run)
    return [
        defuse(submission.name),
        *(number(total(layer)) for layer in Layer for total in sums),
        *(str(count(submission, layer)) for layer in Layer for count in counts),
        *(verdicts.get(each.check, "") for each in checks),
        *("" for _ in manual),
        defuse(" ".join(remarks(submission))),
    ]


def checks_of(result: Class) -> tuple[Finding, ...]:
    """Return one finding for each check that any submission has, in the rubric's order."""
    found: dict[str, Finding] = {}
    for submission in sorted(result.submissions, key=lambda each: -len(each.findings)):
        for each in submission.findings:
            found.setdefault(each.check, each)
    order = list(Layer)
    return tuple(sorted(found.values(), key=lambda each: order.index(each.layer)))


def manual_of(result: Class) -> tuple[Manual, ...]:
    """Return each manual line that any submission has, once."""
    lines = (each for submission in result.submissions for each in submission.manual)
    return tuple(dict.fromkeys(lines))


def defuse(cell: str) -> str:
    """Return a cell that no spreadsheet evaluates as a formula."""
    return f"'{cell}" if cell.lstrip().startswith(FORMULA) else cell
