"""The result: verdicts with their evidence, for one submission or a class.

Plain data, no behaviour but sums: the checks write it, the reports read it, and nothing
else passes between them. As JSON it is the referee's own format, from which every other
report can be made.
"""

from dataclasses import dataclass, field
from enum import StrEnum

FORMAT = 1
"""The version of the JSON form; one more whenever a reader would have to change."""


class Layer(StrEnum):
    """What a check is for. Points of one layer never make up for another's."""

    REQUIRED = "required"
    EXTRA = "extra credit"
    ROBUSTNESS = "robustness"


class Verdict(StrEnum):
    """How a check came out."""

    PASS = "pass"
    TOLERATED = (
        "tolerated"  # not as one would wish, but the talk goes on and nothing is lost
    )
    FAIL = "fail"
    NOT_RUN = "not run"  # a check that it needs failed, or it does not apply
    ERROR = "error"  # the referee's own fault, never the student's


@dataclass(frozen=True)
class Moment:
    """One thing that happened on a pair's time line."""

    seconds: float  # since the check began
    actor: str  # server, client, client2, network, referee
    sign: str  # `>` was typed, `<` was shown, `:` happened, `?` was waited for
    text: str


@dataclass(frozen=True)
class Side:
    """How one program stood at the end of a check."""

    actor: str
    command: str  # to be pasted into a shell
    ending: str  # exits 0, signal 11, waits, prompts, spins, not started
    last_lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on."""

    expected: str = ""
    seen: str = ""
    moments: tuple[Moment, ...] = ()
    sides: tuple[Side, ...] = ()
    repeat: tuple[str, ...] = ()  # how to see it by hand, a line a step
    attempts: str = ""  # "3 of 5" when a failing check was repeated and did not always fail


@dataclass(frozen=True)
class Finding:
    """One check's outcome on one submission."""

    check: str  # its name in the rubric: "six-lines"
    title: str
    layer: Layer
    verdict: Verdict
    explanation: str = (
        ""  # one sentence for the student: what was seen, and why TCP did that
    )
    help: str = ""  # what to do about it
    points: float = 0.0
    out_of: float = 0.0
    seconds: float = 0.0
    hidden: bool = False  # shown to the teacher alone
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True)
class Manual:
    """A line of the rubric that only a person can judge."""

    title: str
    out_of: float
    about: str = ""


@dataclass(frozen=True)
class Submission:
    """All findings about one pair of programs."""

    name: str
    findings: tuple[Finding, ...]
    server: str  # the command lines that were run
    client: str
    python: str = ""  # the interpreter that `{python}` stood for, with its version
    seconds: float = 0.0
    problem: str = ""  # why it could not be refereed at all; then there are no findings
    notes: tuple[str, ...] = ()  # remarks
    manual: tuple[Manual, ...] = ()  # lines of the rubric that a person fills in

    def points(self, layer: Layer) -> float:
        """Return the sum of the points reached in a layer."""
        return sum(each.points for each in self.findings if each.layer is layer)

    def out_of(self, layer: Layer) -> float:
        """Return the sum of the points that a layer has."""
        return sum(each.out_of for each in self.findings if each.layer is layer)

    def of_layer(self, layer: Layer) -> tuple[Finding, ...]:
        """Return the findings of a layer, in the order of the rubric."""
        return tuple(each for each in self.findings if each.layer is layer)


@dataclass(frozen=True)
class Class:
    """A whole class: every submission, with the rubric that all were held against."""

    rubric: str  # its title
    submissions: tuple[Submission, ...]
    seconds: float = 0.0
