"""One HTML page: the class as a table to sort, then a section for each submission.

It is one file that loads nothing: style and script stand in it, and its policy
(Content-Security-Policy) lets just these two through, by their hashes. So even a mistake
in the template could not make a program's output run in the reader's browser. Without
script it is still whole; it only cannot be sorted.
"""

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.referee.reports import wording
from harness.referee.reports.csv import checks_of
from harness.referee.result import Class, Finding, Layer, Submission, Verdict
from harness.report import column_of

FOLDER = Path(__file__).parent

RANKS = (Verdict.FAIL, Verdict.ERROR, Verdict.TOLERATED, Verdict.NOT_RUN, Verdict.PASS)
"""The order of verdicts in a sorted column: what wants to be looked at comes first."""


def render(result: Class) -> str:
    """Write a class, or a single submission in one, as a page."""
    result = wording.sanitize(result)
    style, script = ((FOLDER / name).read_text("utf-8") for name in ("page.css", "page.js"))
    page = _environment().get_template("page.html")
    return page.render(
        result=result,
        checks=[
            (layer, [each for each in checks_of(result) if each.layer is layer])
            for layer in Layer
        ],
        style=Markup(style),  # our own, and not to be quoted
        script=Markup(script),
        policy=f"default-src 'none'; img-src data:; style-src {_hash(style)}; "
        f"script-src {_hash(script)}",
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {
        "words": wording,
        "layers": list(Layer),
        "rank": RANKS.index,
        "column_of": column_of,
        "outcome": _outcome,
        "kept_by": _kept_by,
        "share": _share,
    }
    return environment


def _hash(text: str) -> str:
    """Return the name of a script in a policy: CSP 3, section 2.3.1, hash-source."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _outcome(submission: Submission, check: str) -> Finding | None:
    return next((each for each in submission.findings if each.check == check), None)


def _kept_by(result: Class, check: str) -> int:
    """Return how many submissions keep a check."""
    good = (Verdict.PASS, Verdict.TOLERATED)
    outcomes = [_outcome(each, check) for each in result.submissions]
    return sum(each is not None and each.verdict in good for each in outcomes)


def _share(submission: Submission, layer: Layer) -> float:
    """Return how much of a layer was reached, from 0 to 1, in points or else in checks."""
    if out_of := submission.out_of(layer):
        return submission.points(layer) / out_of
    return wording.count_kept(submission, layer) / max(
        1, wording.count_run(submission, layer)
    )
