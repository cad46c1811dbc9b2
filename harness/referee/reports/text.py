"""The report on a terminal, right after the run."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.referee.reports.wording import (
    commands,
    concerns,
    last_lines,
    missed,
    number,
    remarks,
    sanitize,
    score,
    sentence,
    verdict,
)
from harness.referee.result import (
    Class,
    Evidence,
    Finding,
    Layer,
    Moment,
    Submission,
    Verdict,
)
from harness.report import column_of

STYLES = {
    Verdict.PASS: "green",
    Verdict.TOLERATED: "yellow",
    Verdict.FAIL: "bold red",
    Verdict.NOT_RUN: "dim",
    Verdict.ERROR: "bold magenta",
}

NAME_WIDTH = 24
"""Columns that a submission's name gets before it is folded."""


def show(console: Console, result: Class, *, transcripts: bool = False) -> None:
    """Show one submission's table, or one row for each of a class.

    With transcripts, each check that was not simply kept is shown with both programs'
    time line in two columns, and each submission of a class with its table.
    """
    result = sanitize(result)
    is_class = len(result.submissions) != 1
    if is_class:
        console.print(_class_table(result))
    for each in result.submissions if transcripts or not is_class else ():
        _submission(console, each)
        for finding in concerns(each) if transcripts else ():
            _transcript(console, finding)


def _class_table(result: Class) -> Table:
    table = Table(title=Text(result.rubric), title_justify="left", box=box.SIMPLE_HEAD)
    longest = max((len(each.name) for each in result.submissions), default=0)
    width = min(longest, NAME_WIDTH)
    table.add_column("submission", overflow="fold", ratio=3, min_width=width)
    for layer in Layer:
        table.add_column(layer, justify="right")
    table.add_column("required, but not kept", overflow="fold", ratio=5)
    for each in result.submissions:
        table.add_row(
            Text(each.name),
            *(Text(score(each, layer)) for layer in Layer),
            Text(each.problem or ", ".join(missed(each)), style="red"),
        )
    return table


def _submission(console: Console, submission: Submission) -> None:
    console.print(Text(submission.name, style="bold"))
    for name, command in commands(submission).items():
        console.print(Text(f"  {name}: {command}", style="dim"), soft_wrap=True)
    for layer in Layer:
        if submission.of_layer(layer):
            console.print(_layer_table(submission, layer))
    for each in submission.manual:
        line = f"For a person to judge: {each.title}, __ / {number(each.out_of)}"
        console.print(Text(line))
    for remark in remarks(submission):
        console.print(Text(remark))


def _layer_table(submission: Submission, layer: Layer) -> Table:
    title = f"{layer}: {score(submission, layer)}"
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, expand=True)
    table.add_column("rule", overflow="fold", ratio=3)
    table.add_column("verdict", no_wrap=True)
    if submission.out_of(layer):
        table.add_column("points", justify="right", no_wrap=True)
    table.add_column("what was seen, and why", overflow="fold", ratio=8)
    for each in submission.of_layer(layer):
        cells = [Text(each.title), Text(verdict(each), style=STYLES[each.verdict])]
        if submission.out_of(layer):
            cells.append(Text(f"{number(each.points)} / {number(each.out_of)}"))
        table.add_row(*cells, _seen(each))
    return table


def _seen(finding: Finding) -> Text:
    """Return what was seen, in the next line why, and in the last what to do."""
    hidden = "(hidden from the student)" if finding.hidden else ""
    lines = {
        finding.evidence.seen: "",
        sentence(finding.explanation): "italic",
        finding.help: "dim",
        hidden: "dim",
    }
    return Text("\n").join(Text(line, style=style) for line, style in lines.items() if line)


def _transcript(console: Console, finding: Finding) -> None:
    evidence = finding.evidence
    console.rule(Text(f"{verdict(finding)}: {finding.title}"), align="left")
    for name, text in (("expected", evidence.expected), ("seen", evidence.seen)):
        if text:
            console.print(Text(f"{name}: {text}"), soft_wrap=True)
    console.print(_time_line(evidence))
    for each in evidence.sides:
        console.print(Text("\n".join(last_lines(each))), soft_wrap=True)
    if evidence.repeat:
        console.print(Text("to see it by hand:"))
        for step in evidence.repeat:
            console.print(Text(f"  {step}"), soft_wrap=True)


def _time_line(evidence: Evidence) -> Table:
    table = Table.grid(expand=True, padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    for _ in ("server", "client"):
        table.add_column(ratio=1, overflow="fold")
    if evidence.moments:
        table.add_row(*(Text(name, style="bold") for name in ("s", "server", "client")))
    for each in evidence.moments:
        cells = [Text(), Text()]
        cells[column_of(each.actor)] = _moment(each)
        table.add_row(Text(f"{each.seconds:.3f}", style="dim"), *cells)
    return table


def _moment(moment: Moment) -> Text:
    name = "" if moment.actor in ("server", "client") else f"[{moment.actor}] "
    return Text(f"{name}{moment.sign} {moment.text}", style=_MOMENTS.get(moment.sign, ""))


_MOMENTS = {">": "bold", ":": "italic", "?": "dim"}
