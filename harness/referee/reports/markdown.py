"""Markdown (GitHub's): a summary table, then a section for each check that wants one."""

import re
from collections.abc import Iterable

from harness.referee.reports.wording import (
    SIGNS,
    commands,
    concerns,
    last_lines,
    missed,
    number,
    remarks,
    sanitize,
    score,
    sentence,
    time_line,
    verdict,
)
from harness.referee.result import Class, Evidence, Finding, Layer, Submission

_MARKUP = re.compile(r"([\\`*_\[\]<>|&~#$])")

_BACKTICKS = re.compile(r"`+")


def render(result: Class) -> str:
    """Write a class, or a single submission in one."""
    result = sanitize(result)
    blocks = [f"# {escaped(result.rubric)}"]
    if len(result.submissions) > 1:
        blocks += [_class_table(result)]
    for each in result.submissions:
        blocks += _submission(each)
    return "\n\n".join(blocks) + "\n"


def _class_table(result: Class) -> str:
    head = ["submission", *Layer, "required, but not kept"]
    rows = [
        [
            escaped(each.name),
            *(score(each, layer) for layer in Layer),
            ", ".join(missed(each)) or ("not refereed" if each.problem else ""),
        ]
        for each in result.submissions
    ]
    return _table(head, rows)


def _submission(submission: Submission) -> list[str]:
    named = [f"{name}: {code(text)}" for name, text in commands(submission).items()]
    points = [f"{layer}: **{score(submission, layer)}**" for layer in Layer]
    blocks = [
        f"## {escaped(submission.name)}",
        _list([*named, *points]),
        _list(escaped(remark) for remark in remarks(submission)),
        _summary(submission) if submission.findings else "",
        _manual(submission) if submission.manual else "",
    ]
    for each in concerns(submission):
        blocks += _section(each)
    return [block for block in blocks if block]


def _summary(submission: Submission) -> str:
    rows = [
        [
            f"{escaped(each.title)} ({code(each.check)})",
            verdict(each),
            f"{number(each.points)} / {number(each.out_of)}" if each.out_of else "",
            escaped(each.evidence.seen or each.explanation),
        ]
        for each in submission.findings
    ]
    return _table(["rule", "verdict", "points", "seen"], rows)


def _manual(submission: Submission) -> str:
    rows = [
        [escaped(each.title), f"____ / {number(each.out_of)}", escaped(each.about)]
        for each in submission.manual
    ]
    return _table(["for a person to judge", "points", "about"], rows)


def _section(finding: Finding) -> list[str]:
    evidence = finding.evidence
    hidden = ", hidden" if finding.hidden else ""
    sign = SIGNS[finding.verdict]
    blocks = [
        f"### {sign} {escaped(finding.title)} ({finding.layer}, {finding.verdict}{hidden})",
        escaped(sentence(finding.explanation)),
        f"**What to do.** {escaped(finding.help)}" if finding.help else "",
        _list(_expectation(evidence)),
        *(fenced(last_lines(side)) for side in evidence.sides),
    ]
    if evidence.repeat:
        blocks += ["To see it by hand:", fenced(evidence.repeat)]
    if evidence.moments:
        blocks += ["What happened, in seconds:", fenced(time_line(evidence))]
    return [block for block in blocks if block]


def _expectation(evidence: Evidence) -> list[str]:
    named = {
        "expected": evidence.expected,
        "seen": evidence.seen,
        "how often": evidence.attempts,
    }
    return [f"{name}: {escaped(text)}" for name, text in named.items() if text]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"* {line}" for line in lines)


def escaped(text: str) -> str:
    """Write a text so that Markdown shows it as it is, in a table as well."""
    return _MARKUP.sub(r"\\\1", text).strip()


def code(text: str) -> str:
    """Write a text as code within a line, not of a table: pipes are left alone."""
    ticks = "`" * (_longest(text) + 1)
    space = " " if {text[:1], text[-1:]} & {"`", " "} else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def fenced(lines: Iterable[str]) -> str:
    """Write lines as they are, in a fence that none of them can close."""
    text = "\n".join(lines)
    fence = "`" * max(3, _longest(text) + 1)
    return f"{fence}text\n{text}\n{fence}"


def _longest(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)
