"""Made-up results for the tests of the reports: a class as a teacher might have it."""

from dataclasses import replace

from harness.referee.reports.wording import CONCERNS
from harness.referee.result import (
    Class,
    Evidence,
    Finding,
    Manual,
    Moment,
    Side,
    Submission,
    Verdict,
)
from harness.referee.rubric import Rubric

RUBRIC = Rubric.read()

GLUED = Evidence(
    expected="the client shows one line of 6000 bytes",
    seen="the client shows 4096 bytes, and 1904 bytes as the next message",
    moments=(
        Moment(0.0, "referee", ":", "starts the server"),
        Moment(0.21, "server", "<", "Server listening on: localhost on port: 7777"),
        Moment(0.36, "client", "<", "Connected to: localhost on port: 7777"),
        Moment(0.37, "client", "?", "its prompt, '>'"),
        Moment(0.41, "client", ">", "0123456789" * 600),
        Moment(0.45, "server", "<", "0123456789" * 400),
        Moment(0.45, "network", ":", "segment of 1904 bytes held back for 0.4 s"),
        Moment(2.45, "server2", "<", "nothing more"),
    ),
    sides=(
        Side("server", "python3 server.py", "waits", ("Server listening", "01234567")),
        Side("client", "python3 client.py", "ended with exit status 1", ("> ",)),
    ),
    repeat=(
        "python3 server.py",
        "stty -icanon; python3 client.py",
        "paste 6000 characters, Enter",
    ),
)

WHY = "One recv() is not one message: what did not fit was taken for the next."


def finding(check: str, verdict: Verdict) -> Finding:
    """Return a finding, graded by the rubric."""
    rule = RUBRIC.by_name[check]
    why = "" if verdict is Verdict.PASS else WHY
    bare = Finding(check, "", rule.layer, verdict, why, seconds=1.25)
    if verdict in CONCERNS:
        bare = replace(bare, evidence=GLUED)
    return RUBRIC.grade(bare)


def submission(name: str, verdicts: dict[str, Verdict] | None = None) -> Submission:
    """Return a submission that keeps every rule but those that are named."""
    found = (verdicts or {}).get
    return Submission(
        name=name,
        findings=tuple(
            finding(rule.name, found(rule.name) or Verdict.PASS) for rule in RUBRIC.rules
        ),
        server="python3 server.py --port 7777",
        client="python3 client.py",
        python="python3.11 (3.11.7)",
        seconds=41.5,
        manual=RUBRIC.manual,
    )


def everywhere(text: str) -> Class:
    """Return a class with a text in every place that a program or a file name can fill."""
    evidence = Evidence(
        expected=text,
        seen=text,
        moments=(Moment(0.5, "client", "<", text), Moment(0.6, "network", ":", text)),
        sides=(Side("server", text, text, (text, text)),),
        repeat=(text,),
    )
    findings = tuple(
        replace(finding(check, verdict), explanation=text, help=text, evidence=evidence)
        for check, verdict in zip(RUBRIC.by_name, Verdict, strict=False)
    )
    one = Submission(
        text, findings, text, text, text, notes=(text,), manual=(Manual(text, 5, text),)
    )
    other = replace(one, findings=(), problem=text or "none")
    return Class("A class", (one, other), 2.0)


COURSE = Class(
    rubric=RUBRIC.title,
    submissions=(
        submission("ada"),
        submission("grace", {"six-lines": Verdict.FAIL, "long-6000": Verdict.TOLERATED}),
        submission(
            "edsger",
            {
                "starts": Verdict.FAIL,
                "connects": Verdict.NOT_RUN,
                "six-lines": Verdict.NOT_RUN,
                "idle": Verdict.ERROR,
            },
        ),
        Submission("alan", (), "", "", problem="there is no server in submissions/alan."),
    ),
    seconds=130.0,
)
"""Four submissions: all kept, a little wrong, much wrong, and not to be refereed."""
