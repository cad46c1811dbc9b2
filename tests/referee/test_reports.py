"""The reports: each shows what was found, and nothing that a program printed harms it."""

import csv
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

from harness.referee.reports import WRITERS, ReportError, record, text, write
from harness.referee.reports.markdown import code, fenced
from harness.referee.reports.wording import sanitize
from harness.referee.result import Class, Layer, Submission, Verdict
from tests.referee.results import COURSE, RUBRIC, everywhere, finding, submission

HOSTILE = (
    "\0\x1b[2J\x9b\r\n\t`|<>&*_[](){}\\\"'=+-@#~!$%:\u202e\ufeff\uffff\ud800é\U0001f600"
)

# Characters, and whole pieces of markup that characters would hardly ever make by chance.
PIECES = [*HOSTILE, "a", "Z", "1", " ", "<b>", "</pre>", "<!--", "&lt;", "```", "**a**"]
PIECES += ["`a`", "](x)", "[a](b)", "~~a~~", "{{", "{%", "]]>", "http://a.b", "\n\n# a\n"]

TEXTS = st.lists(st.sampled_from(PIECES)).map("".join) | st.text(
    st.characters(exclude_categories=())
)

NASTY = {
    "controls": "\x1b]0;title\x07\x1b[2J\x00\x04",
    "script": "</script><script>alert(1)</script><img src=x onerror=alert(1)>",
    "fence": "```\n# not a heading\n~~~",
    "table": "a | b | c\n|---|---|",
    "markup": "]]> <!-- &lt; &#0; <?xml?> {{ 7 * 7 }} {% raw %}",
    "formula": "=HYPERLINK(1)",
    "unicode": "\ud800 \ufffe \u2028 \u202egnp.exe",
    "long": "x" * 9000,
}

ALONE = replace(COURSE, submissions=COURSE.submissions[1:2])
"""One submission, with a failure and something tolerated."""


def written(kind: str, result: Class) -> str:
    """Write a report; Gradescope's is of the first submission alone."""
    if kind == "gradescope":
        result = replace(result, submissions=result.submissions[:1])
    return WRITERS[kind](result)


def on_terminal(result: Class, **options: Any) -> str:
    """Show a result on a terminal of 100 columns without colours."""
    console = Console(file=StringIO(), width=100, color_system=None)
    text.show(console, result, **options)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def harmless(report: str) -> None:
    """Fail if a report has a character that is neither printable nor the end of a line."""
    assert {each for each in report if not each.isprintable()} <= {"\n", "\r"}
    report.encode("utf-8")


# What every report must bear.


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_no_report_passes_a_control_character_on(kind: str, nasty: str) -> None:
    """Whatever a program printed, and whatever the name of a file is."""
    harmless(written(kind, everywhere(nasty)))


@pytest.mark.parametrize("nasty", NASTY.values(), ids=NASTY)
def test_the_terminal_gets_no_control_character(nasty: str) -> None:
    """Nor does the reader's own terminal, with all transcripts."""
    harmless(on_terminal(everywhere(nasty), transcripts=True))


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_is_replaced_in_one_step(kind: str, tmp_path: Path) -> None:
    """A reader that has the old file open keeps it; no other file is left."""
    path = tmp_path / "report"
    path.write_text("old", "utf-8")
    with path.open("r", encoding="utf-8") as old:
        write(kind, ALONE, path)
        assert old.read() == "old"
    assert path.read_bytes() == written(kind, ALONE).encode("utf-8")
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_file_is_written_as_it_is(tmp_path: Path) -> None:
    """A pipe stays a pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write("csv", ALONE, pipe)
    assert os.read(reader, 1 << 16) == written("csv", ALONE).encode("utf-8")
    os.close(reader)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_submission_that_could_not_be_refereed_says_why(kind: str) -> None:
    """It has no findings, but a problem."""
    unstarted = replace(COURSE, submissions=COURSE.submissions[3:])
    assert "there is no server in submissions/alan." in written(kind, unstarted)


@pytest.mark.parametrize("kind", ["markdown", "html", "junit", "gradescope", "csv"])
def test_a_fault_of_the_referee_is_not_laid_on_the_submission(kind: str) -> None:
    """The report has a sentence about it beside the numbers."""
    broken = replace(COURSE, submissions=COURSE.submissions[2:3])
    assert "The referee itself failed at idle." in written(kind, broken)


@pytest.mark.parametrize("kind", ["markdown", "html", "junit", "gradescope"])
def test_evidence_stands_in_the_report(kind: str) -> None:
    """Expected, seen, both sides' ends, who typed what when, and how to repeat it."""
    report = written(kind, ALONE)
    for words in (
        "the client shows one line of 6000 bytes",
        "the client shows 4096 bytes, and 1904 bytes as the next message",
        "One recv() is not one message",
        "exit status 1",
        "0.410",
        "... 5760 characters ...",
        "segment of 1904 bytes held back",
        "stty -icanon; python3 client.py",
    ):
        assert words in (report if kind != "markdown" else report.replace("\\", "")), words


def test_what_is_shown_is_shortened_but_a_command_is_not() -> None:
    """Long lines are cut in the middle, long runs counted; a command is to be pasted."""
    one = sanitize(everywhere("z" * 6000)).submissions[0]
    side = one.findings[0].evidence.sides[0]
    assert side.last_lines[0] == "[z x 6000]"
    assert side.command == one.server == "z" * 6000
    moment = (
        sanitize(everywhere("01" * 3000)).submissions[0].findings[0].evidence.moments[0]
    )
    assert "... 5760 characters ..." in moment.text


def test_hidden_checks_are_marked_for_the_teacher() -> None:
    """The teacher sees them, with a note that the student does not."""
    hidden = replace(ALONE.submissions[0].findings[3], hidden=True)
    one = replace(ALONE, submissions=(replace(ALONE.submissions[0], findings=(hidden,)),))
    assert "hidden from the student" in on_terminal(one)
    assert "hidden from the student" in written("html", one)
    assert "fail, hidden" in written("markdown", one)


# The terminal.


def test_one_submission_is_a_table_of_its_rules() -> None:
    """Rule, verdict, points, what was seen, why, what to do, and each layer's sum."""
    report = on_terminal(ALONE)
    for words in (
        "required: 80 / 100",
        "extra credit: 10 / 10",
        "robustness: 22 of 22 kept",
        "The server starts",
        "✓ pass",
        "✗ fail",
        "≈ tolerated",
        "0 / 20",
        "What was seen, and why".lower(),
        "Use sendall()",
        "Write-up, __ / 15",
    ):
        assert words in report, words
    assert "segment of 1904" not in report


def test_a_transcript_has_the_server_left_and_the_client_right() -> None:
    """On one time line, for the checks that were not simply kept."""
    lines = on_terminal(ALONE, transcripts=True).splitlines()
    (server, client), *_ = (
        (lines[at].index("< Server listening"), later.index("< Connected"))
        for at, line in enumerate(lines)
        if "< Server listening" in line
        for later in lines[at : at + 4]
        if "< Connected" in later
    )
    assert server < 20 and client > 45
    assert (
        sum(line.startswith(("✗ fail: Six", "≈ tolerated: A line")) for line in lines) == 2
    )


def test_a_class_is_a_row_a_submission() -> None:
    """With the sums of each layer, and which required checks were not kept."""
    rows = {
        line.split()[0]: line for line in on_terminal(COURSE).splitlines() if line.split()
    }
    assert "100 / 100" in rows["ada"] and "22 of 22 kept" in rows["ada"]
    assert "80 / 100" in rows["grace"] and "six-lines" in rows["grace"]
    assert "60 / 100" in rows["edsger"] and "starts" in rows["edsger"]
    assert "there is no server" in rows["alan"]


def test_what_was_not_run_is_not_counted_as_broken() -> None:
    """A rule that does not apply to anybody must not look as if all had broken it."""
    one = submission("one", {"joined": Verdict.NOT_RUN, "split": Verdict.FAIL})
    assert "robustness: 20 of 21 kept" in on_terminal(replace(COURSE, submissions=(one,)))
    (row,) = rows(replace(COURSE, submissions=(one,)))
    assert (row["robustness kept"], row["robustness run"]) == ("20", "21")
    none = submission("none", dict.fromkeys(RUBRIC.by_name, Verdict.NOT_RUN))
    report = on_terminal(replace(COURSE, submissions=(none,)))
    assert "robustness: none run" in report and "required: 0 / 100" in report


# Markdown.


def blocks(report: str) -> list[Any]:
    """Return the tokens of Markdown, parsed as GitHub does, in one flat list."""
    flat = []
    for token in MarkdownIt("commonmark").enable("table").parse(report):
        flat += [token, *(token.children or ())]
    return flat


@given(TEXTS)
def test_markdown_keeps_its_structure(nasty: str) -> None:
    """A text opens no table, no heading, no markup: the blocks are as with a word."""
    kinds = [each.type for each in blocks(written("markdown", everywhere(f"a{nasty}z")))]
    plain = [each.type for each in blocks(written("markdown", everywhere("word")))]
    assert [each for each in kinds if each != "text_special"] == plain
    assert "html_inline" not in kinds and "html_block" not in kinds


@given(st.lists(st.text("`") | st.text("`~ ab"), min_size=1))
def test_a_fence_holds_whatever_stands_in_it(lines: list[str]) -> None:
    """It is longer than any run of backticks inside."""
    (fence,) = blocks(fenced(lines))
    assert (fence.type, fence.content) == ("fence", "\n".join(lines) + "\n")


@given(st.text("`|\\ ab", min_size=1))
def test_a_command_in_markdown_is_the_command(command: str) -> None:
    """Character by character, so that it can be copied."""
    inner = [each for each in blocks(f"a: {code(command)}.") if each.type == "code_inline"]
    if command.strip():
        assert [each.content for each in inner] == [command]


def test_markdown_has_a_section_for_each_check_that_wants_one() -> None:
    """Failed, tolerated, or the referee's own fault; not for what was kept or not run."""
    found = blocks(written("markdown", COURSE))
    heads = [
        after.content
        for each, after in pairwise(found)
        if each.type == "heading_open" and each.tag == "h3"
    ]
    assert heads == [
        "✗ Six lines arrive (required, fail)",
        "≈ A line of 6000 bytes (robustness, tolerated)",
        "✗ The server starts (required, fail)",
        "! Idle (robustness, error)",
    ]


# HTML; what the browser makes of it is tested in test_page.


class Skeleton(HTMLParser):
    """The tags of a page with the names of their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self.values: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.values += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data


@given(TEXTS)
def test_html_keeps_its_structure(nasty: str) -> None:
    """A text makes no tag and no attribute, and is shown as it is."""
    nasty = f"a{nasty}z"
    page = Skeleton(written("html", everywhere(nasty)))
    assert page.tags == Skeleton(written("html", everywhere("word"))).tags
    assert sanitize(everywhere(nasty)).submissions[0].name in page.text


def test_the_page_loads_nothing() -> None:
    """No attribute leads out of it; its policy forbids all but its own two texts."""
    page = Skeleton(written("html", COURSE))
    names = {name for _, attributes in page.tags for name in attributes}
    assert not names & {"src", "srcset", "style", "action", "onclick", "onload"}
    assert not [value for value in page.values if "//" in value or "url(" in value]
    policy = next(value for value in page.values if value.startswith("default-src"))
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy
    assert policy.count("'sha256-") == 2


# JUnit.

# What Jenkins' junit-10.xsd allows that we use: attributes that must be and that may be,
# and children.
SCHEMA = {
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"time", "skipped", "timestamp", "hostname", "id", "package"},
        {"properties", "testcase", "system-out", "system-err"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": (
        {"name"},
        {"time", "classname"},
        {"failure", "error", "skipped", "system-out", "system-err"},
    ),
    "failure": (set(), {"type", "message"}, set()),
    "error": (set(), {"type", "message"}, set()),
    "skipped": (set(), {"type", "message"}, set()),
    "system-out": (set(), set(), set()),
}


def suites(result: Class) -> ElementTree.Element:
    """Write JUnit XML, read it and compare it with the schema."""
    root = ElementTree.fromstring(written("junit", result).encode("utf-8"))
    assert root.tag == "testsuites"
    for element in root.iter():
        must, may, children = SCHEMA[element.tag]
        assert must <= element.attrib.keys() <= must | may, element.attrib
        assert {child.tag for child in element} <= children
        for name in element.attrib.keys() & {"time", "tests", "failures", "errors"}:
            float(element.attrib[name])
    return root


@given(TEXTS)
def test_xml_parses_whatever_a_program_printed(nasty: str) -> None:
    """It keeps to the schema, and shows the text."""
    root = suites(everywhere(nasty))
    assert [each.get("name") for each in root] == [
        sanitize(everywhere(nasty)).submissions[0].name
    ] * 2


def test_a_suite_a_submission_and_a_case_a_check() -> None:
    """With the layer as class name, and numbers that are those of the cases."""
    root = suites(COURSE)
    assert [each.get("name") for each in root] == ["ada", "grace", "edsger", "alan"]
    for suite in root:
        counted = {"failures": "failure", "errors": "error", "skipped": "skipped"}
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        for attribute, tag in counted.items():
            assert suite.get(attribute) == str(len(suite.findall(f"testcase/{tag}")))
    for attribute in ("tests", "failures", "errors"):
        assert int(root.get(attribute, "")) == sum(
            int(each.get(attribute, "")) for each in root
        )
    layers = [case.get("classname") for case in root[0].findall("testcase")]
    assert layers == [rule.layer for rule in RUBRIC.rules]


def test_verdicts_in_xml() -> None:
    """A failure is the submission's, an error the referee's, not run is skipped."""
    outcomes = {
        (case.get("name") or "").split(":")[0]: [child.tag for child in case]
        for case in suites(COURSE)[2].findall("testcase")
    }
    assert outcomes["starts"] == ["failure", "system-out"]
    assert outcomes["connects"] == ["skipped"]
    assert outcomes["idle"] == ["error", "system-out"]
    assert outcomes["restart"] == []


def test_points_are_properties_of_the_suite() -> None:
    """The schema allows a case none."""
    values = {
        each.get("name"): each.get("value") for each in suites(ALONE).iter("property")
    }
    assert (values["starts.points"], values["starts.out_of"]) == ("10", "10")
    assert (values["six-lines.points"], values["six-lines.out_of"]) == ("0", "20")


# CSV.


def rows(result: Class) -> list[dict[str, str]]:
    """Write CSV and read it back by its columns."""
    table = list(csv.reader(StringIO(written("csv", result), newline="")))
    assert {len(row) for row in table} == {len(table[0])}
    assert len(set(table[0])) == len(table[0])
    return [dict(zip(table[0], row, strict=True)) for row in table[1:]]


def test_the_grade_book() -> None:
    """One row a submission: points, one column a check, and empty ones to be filled in."""
    ada, grace, edsger, alan = rows(COURSE)
    assert [each["submission"] for each in (ada, grace, edsger, alan)] == [
        each.name for each in COURSE.submissions
    ]
    assert (grace["required points"], grace["required out of"]) == ("80", "100")
    assert (grace["extra credit points"], grace["robustness kept"]) == ("10", "22")
    assert (grace["six-lines"], grace["long-6000"]) == ("fail", "tolerated")
    assert (edsger["connects"], edsger["idle"]) == ("not run", "error")
    assert ada["Write-up (of 15)"] == ada["remarks"] == ""
    assert alan["starts"] == "" and "there is no server" in alan["remarks"]


@given(TEXTS)
def test_csv_reads_back(nasty: str) -> None:
    """No cell begins a formula, whatever the name of a folder is."""
    cells = [cell for row in rows(everywhere(nasty)) for cell in row.values()]
    assert not [cell for cell in cells if cell.strip()[:1] in (*"=+-@＝＋－＠",)]  # noqa: RUF001
    name = sanitize(everywhere(nasty)).submissions[0].name
    assert rows(everywhere(nasty))[0]["submission"] in (name, f"'{name}")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "＝1"])  # noqa: RUF001
def test_a_formula_is_defused(cell: str) -> None:
    """It is a text in the spreadsheet, with an apostrophe in front."""
    assert rows(everywhere(cell))[0]["submission"] == f"'{cell}"


# The referee's own record.


@given(TEXTS, st.floats(0, 1e9))
def test_a_record_is_read_back_exactly(nasty: str, seconds: float) -> None:
    """Every character and every number."""
    result = replace(everywhere(nasty), seconds=seconds)
    assert record.read(record.render(result)) == result
    assert record.read(record.render_short(result)) == result


def test_a_whole_class_is_read_back() -> None:
    """With all verdicts and layers as what they are."""
    assert record.read(record.render(COURSE)) == COURSE


def spoilt(change: Callable[[dict[str, Any]], object]) -> str:
    """Return a record in which something has been changed."""
    tables = json.loads(record.render(ALONE))
    change(tables)
    return json.dumps(tables)


WRONG: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda it: it.update(format=2), "is of version 2 and this referee reads version 1"),
    (lambda it: it.pop("format"), "is of version None"),
    (lambda it: it.update(rubrik=""), "record in the record has 'rubrik'"),
    (lambda it: it.pop("rubric"), "is not whole"),
    (lambda it: it.update(rubric=3), "record.rubric in the record is 3, not a str"),
    (lambda it: it.update(seconds=True), "record.seconds in the record is True"),
    (
        lambda it: it.update(submissions={}),
        "record.submissions in the record is not a list",
    ),
    (lambda it: it.update(submissions=[1]), "submissions[0] in the record is not a table"),
    (
        lambda it: it["submissions"][0]["findings"][2].update(verdict="passed"),
        "submissions[0].findings[2].verdict in the record is 'passed', not one of pass",
    ),
]


@pytest.mark.parametrize(("change", "says"), WRONG, ids=[says for _, says in WRONG])
def test_another_record_is_refused(
    change: Callable[[dict[str, Any]], object], says: str
) -> None:
    """The sentence has the place in the record."""
    with pytest.raises(ReportError) as caught:
        record.read(spoilt(change))
    assert says in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "1", '"x"', "null"])
def test_what_is_no_record_is_refused(content: str) -> None:
    """Whether it is JSON or not."""
    with pytest.raises(ReportError, match="this record is"):
        record.read(content)


# Gradescope.

# https://gradescope-autograders.readthedocs.io/en/latest/specs/
TOP = {
    "score": (int, float),
    "execution_time": (int, float),
    "output": str,
    "output_format": str,
    "test_output_format": str,
    "test_name_format": str,
    "visibility": str,
    "stdout_visibility": str,
    "extra_data": dict,
    "tests": list,
    "leaderboard": list,
}
TEST = {
    "score": (int, float),
    "max_score": (int, float),
    "status": str,
    "name": str,
    "name_format": str,
    "number": str,
    "output": str,
    "output_format": str,
    "tags": list,
    "visibility": str,
    "extra_data": dict,
}
CHOICES = {
    "status": {"passed", "failed"},
    "visibility": {"hidden", "after_due_date", "after_published", "visible"},
    "stdout_visibility": {"hidden", "after_due_date", "after_published", "visible"},
    "output_format": {"text", "html", "simple_format", "md", "ansi"},
    "test_output_format": {"text", "html", "simple_format", "md", "ansi"},
    "test_name_format": {"text", "html", "simple_format", "md", "ansi"},
}


def documented(table: dict[str, Any], fields: dict[str, Any]) -> Iterator[str]:
    """Yield each field of a table that Gradescope does not document so."""
    for name, value in table.items():
        if name not in fields or not isinstance(value, fields[name]):
            yield name
        if name in CHOICES and value not in CHOICES[name]:
            yield name


def results(one: Submission) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Write results.json, compare it with the documentation; return it, and its tests."""
    found = json.loads(written("gradescope", replace(COURSE, submissions=(one,))))
    assert not list(documented(found, TOP))
    assert not [name for each in found["tests"] for name in documented(each, TEST)]
    # Gradescope wants a score on top or one in a test at least.
    assert "score" in found or any("score" in each for each in found["tests"])
    return found, {each["name"].rsplit("(")[-1][:-1]: each for each in found["tests"]}


def test_gradescope_scores() -> None:
    """Points where there are some; robustness is shown and has no score."""
    found, tests = results(COURSE.submissions[1])
    assert "score" not in found
    assert (tests["starts"]["score"], tests["starts"]["max_score"]) == (10, 10)
    assert (tests["six-lines"]["score"], tests["six-lines"]["status"]) == (0, "failed")
    assert tests["long-6000"]["status"] == "passed"
    assert not [
        name
        for rule in RUBRIC.rules
        if rule.layer is Layer.ROBUSTNESS
        for name in ("score", "max_score")
        if name in tests[rule.name]
    ]
    assert sum(each.get("score", 0) for each in tests.values()) == 90


def test_gradescope_says_not_run_and_error_in_words() -> None:
    """It has no such status; an error of ours takes no points from anybody."""
    found, tests = results(COURSE.submissions[2])
    assert tests["connects"]["output"].startswith("○ not run.")
    assert "status" not in tests["connects"]
    assert tests["idle"]["output"].startswith("! error.")
    assert "status" not in tests["idle"]
    assert "no fault of the submission" in found["output"]
    wrong = replace(COURSE.submissions[0], findings=(finding("starts", Verdict.ERROR),))
    assert "score" not in results(wrong)[1]["starts"]


def test_gradescope_hides_what_is_hidden() -> None:
    """The check itself, and every sum from which it could be guessed."""
    first, *rest = COURSE.submissions[0].findings
    one = replace(COURSE.submissions[0], findings=(replace(first, hidden=True), *rest))
    found, tests = results(one)
    assert tests["starts"]["visibility"] == "hidden"
    assert tests["connects"]["visibility"] == "visible"
    assert "100" not in found["output"]
    assert "required: 100 / 100" in results(COURSE.submissions[0])[0]["output"]


@pytest.mark.parametrize("done", [0, 1, 7, 36])
def test_gradescope_can_be_written_after_every_check(done: int) -> None:
    """Each time it is whole and has a score; other checks are `not run`."""
    one = COURSE.submissions[1]
    _, tests = results(replace(one, findings=one.findings[:done]))
    assert len(tests) == done
    whole = RUBRIC.complete(one.findings[:done], "The time was up.")
    _, tests = results(replace(one, findings=whole))
    assert len(tests) == 36
    unfinished = [each for each in tests.values() if "The time was up." in each["output"]]
    assert len(unfinished) == 36 - done


@given(TEXTS)
def test_gradescope_shows_no_control_character(nasty: str) -> None:
    """JSON would hide it, and the page of Gradescope would get it."""
    found, tests = results(everywhere(nasty).submissions[0])
    for each in (found["output"], *(each["output"] for each in tests.values())):
        harmless(each)


def test_gradescope_knows_one_submission() -> None:
    """A class is refused in a sentence."""
    with pytest.raises(ReportError, match="of one submission, not of 4: referee them one"):
        WRITERS["gradescope"](COURSE)


def test_gradescope_gets_no_endless_output() -> None:
    """One check's text stays within what a web page can show."""
    made = everywhere("01" * 500).submissions[0]
    many = made.findings[2].evidence
    many = replace(many, sides=many.sides * 200)
    wrong = replace(made.findings[2], evidence=many)
    _, tests = results(replace(submission("long"), findings=(wrong,)))
    assert len(tests[wrong.check]["output"]) < 20_100
