"""JUnit XML, for programs that show test results: a suite a submission, a case a check.

There is no one standard. This keeps to what Jenkins' schema allows (`junit-10.xsd` of its
xunit plugin): a case may have no properties, so that the points stand in the suite's, by
the check's name. `failure` is the submission's fault, `error` the referee's.

XML 1.0 has no control characters, not even escaped, and ElementTree does not refuse them:
`sanitize` has taken them out before.
"""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harness.referee.reports.wording import account, number, remarks, sanitize, verdict
from harness.referee.result import Class, Finding, Submission, Verdict

OUTCOMES = {
    Verdict.FAIL: "failure",
    Verdict.ERROR: "error",
    Verdict.NOT_RUN: "skipped",
}
"""The element for a verdict; a pass and a tolerated outcome have none."""


def render(result: Class) -> str:
    """Write a class, or a single submission in one, as an XML document."""
    result = sanitize(result)
    suites = [_suite(each) for each in result.submissions]
    root = Element("testsuites", name=result.rubric, time=_time(result.seconds))
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    root.extend(suites)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, "unicode")}\n'


def _suite(submission: Submission) -> Element:
    verdicts = [each.verdict for each in submission.findings]
    unstarted = bool(submission.problem)  # a case of its own, so that nobody overlooks it
    suite = Element(
        "testsuite",
        name=submission.name,
        tests=str(len(verdicts) + unstarted),
        failures=str(verdicts.count(Verdict.FAIL)),
        errors=str(verdicts.count(Verdict.ERROR) + unstarted),
        skipped=str(verdicts.count(Verdict.NOT_RUN)),
        time=_time(submission.seconds),
    )
    _properties(suite, submission)
    if submission.problem:
        case = SubElement(suite, "testcase", name="refereed", classname="referee")
        SubElement(case, "error", type="error", message=submission.problem)
    for each in submission.findings:
        suite.append(_case(each))
    if notes := remarks(submission):
        SubElement(suite, "system-out").text = "\n".join(notes)
    return suite


def _properties(suite: Element, submission: Submission) -> None:
    properties = SubElement(suite, "properties")
    for each in submission.findings:
        points = {"points": each.points, "out_of": each.out_of}
        for name, value in points.items():
            SubElement(
                properties, "property", name=f"{each.check}.{name}", value=number(value)
            )


def _case(finding: Finding) -> Element:
    case = Element(
        "testcase",
        name=f"{finding.check}: {finding.title}",
        classname=finding.layer,
        time=_time(finding.seconds),
    )
    evidence = account(finding)
    if finding.verdict in OUTCOMES:
        outcome = SubElement(
            case,
            OUTCOMES[finding.verdict],
            type=finding.check,
            message=finding.explanation or finding.evidence.seen,
        )
        outcome.text = "\n".join([finding.explanation, finding.help, *evidence]).strip()
    if evidence or finding.verdict is Verdict.TOLERATED:
        lines = [f"{verdict(finding)}. {finding.explanation}".strip(), *evidence]
        SubElement(case, "system-out").text = "\n".join(lines)
    return case


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"
