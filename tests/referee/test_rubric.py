"""The rubric: the one that comes along is whole, and a mistake in another is named."""

from pathlib import Path

import pytest

from harness.referee.checks.all import CHECKS
from harness.referee.result import Finding, Layer, Verdict
from harness.referee.rubric import DEFAULT, Rubric, RubricError

RUBRIC = Rubric.read()

SMALL = """\
title = "A small one"
term = "2023"
tolerated = 0.5

[terms.2023]
quit_ends = "both"
about = "Both end."

[checks.split]
title = "Split"
layer = "robustness"
points = 4
about = "It is shown once."
help = "Read on."

[checks.starts]
title = "Starts"
layer = "required"
points = 2.5
about = "It starts."
help = "Call listen()."
hidden = true
tolerated = 1

[[manual]]
title = "Comments"
points = 10
about = "The code says why."
"""


def small(tmp_path: Path, text: str = SMALL) -> Rubric:
    """Read a rubric from a file of its own."""
    path = tmp_path / "my.toml"
    path.write_text(text, "utf-8")
    return Rubric.read(path)


def found(check: str, verdict: Verdict) -> Finding:
    """Return a finding as a check makes it: without title and points."""
    return Finding(check, "", Layer.REQUIRED, verdict)


def test_the_rubric_that_comes_along_has_every_check_in_its_layer() -> None:
    """Each once, in the order of the layers."""
    layers = {check.name: check.layer for check in CHECKS}
    assert {rule.name: rule.layer for rule in RUBRIC.rules} == layers
    order = [list(Layer).index(rule.layer) for rule in RUBRIC.rules]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("layer", "points"), [(Layer.REQUIRED, 100), (Layer.EXTRA, 10), (Layer.ROBUSTNESS, 0)]
)
def test_points_of_each_layer(layer: Layer, points: float) -> None:
    """Required is a hundred, extra credit its own ten, robustness is worth nothing."""
    assert sum(rule.points for rule in RUBRIC.rules if rule.layer is layer) == points


def test_the_words_are_sentences() -> None:
    """The words of each check begin and end as sentences do."""
    for rule in RUBRIC.rules:
        assert rule.about.endswith(".") and rule.about[0].isupper(), rule.name
        assert rule.help.endswith("."), rule.name
        assert len(rule.title) <= 30, f"{rule.name}: too long for a column's head"


def test_the_terms_differ_in_whom_the_quit_word_ends() -> None:
    """In 2021 it ends one program, in 2023 both; 2023 is the default."""
    assert {term.name: term.quit_ends for term in RUBRIC.terms.values()} == {
        "2021": "typist",
        "2023": "both",
    }
    assert RUBRIC.terms[RUBRIC.term].quit_ends == "both"


@pytest.mark.parametrize(
    ("verdict", "points"),
    [
        (Verdict.PASS, 4),
        (Verdict.TOLERATED, 2),
        (Verdict.FAIL, 0),
        (Verdict.NOT_RUN, 0),
        (Verdict.ERROR, 0),
    ],
)
def test_a_verdict_gives_its_share_of_the_points(
    tmp_path: Path, verdict: Verdict, points: float
) -> None:
    """All, the tolerated share, or none."""
    graded = small(tmp_path).grade(found("split", verdict))
    assert (graded.points, graded.out_of) == (points, 4)
    assert (graded.title, graded.layer) == ("Split", Layer.ROBUSTNESS)
    assert bool(graded.help) == (verdict in (Verdict.TOLERATED, Verdict.FAIL))


def test_a_check_may_have_its_own_share_and_be_hidden(tmp_path: Path) -> None:
    """A share at the check comes before the share at the top."""
    graded = small(tmp_path).grade(found("starts", Verdict.TOLERATED))
    assert graded.points == 2.5
    assert graded.hidden


def test_results_are_made_whole(tmp_path: Path) -> None:
    """In the rubric's order; other checks are `not run`, with the reason."""
    whole = small(tmp_path).complete([found("split", Verdict.PASS)], "The time was up.")
    assert [(each.check, each.verdict) for each in whole] == [
        ("starts", Verdict.NOT_RUN),
        ("split", Verdict.PASS),
    ]
    assert whole[0].explanation == "The time was up."
    assert (whole[0].out_of, whole[1].points) == (2.5, 4)


def test_a_line_for_a_person_is_kept(tmp_path: Path) -> None:
    """With its title, its points and what it is about."""
    (line,) = small(tmp_path).manual
    assert (line.title, line.out_of, line.about) == ("Comments", 10, "The code says why.")


MISTAKES = [
    ('title = "A small one"\n', "", "my.toml: title: is missing."),
    ('title = "A small one"', "title = 1", "title: must be a text"),
    ('title = "A small one"', 'title = " "', "title: must be a text"),
    ("tolerated = 0.5", "tolerated = 1.5", "tolerated: must be a share from 0 to 1."),
    ("tolerated = 0.5", "tolarated = 0.5", "tolarated: is not known."),
    ('term = "2023"', 'term = "2022"', "term: must be one of 2023."),
    ('quit_ends = "both"', 'quit_ends = "all"', "terms.2023.quit_ends: must be one"),
    ("[terms.2023]", "[terms]", "terms.quit_ends: must be a table."),
    ("[checks.split]", "[checks.spilt]", "checks.spilt: there is no such check."),
    ('layer = "robustness"', 'layer = "required "', "checks.split.layer: must be one"),
    ('layer = "robustness"', "layer = []", "checks.split.layer: must be one"),
    ("points = 4", "points = -4", "checks.split.points: must be a number, 0 or more."),
    ("points = 4", "points = nan", "checks.split.points: must be a number"),
    ("points = 4", "points = inf", "checks.split.points: must be a number"),
    ("points = 4", "points = true", "checks.split.points: must be a number"),
    ("points = 4", 'points = "4"', "checks.split.points: must be a number"),
    ("points = 4\n", "", "checks.split.points: is missing."),
    ("points = 4", "points = 4\npoint = 4", "checks.split.point: is not known."),
    ("points = 4", "points = 4\npoints = 4", "my.toml: not TOML: "),
    ("hidden = true", 'hidden = "yes"', "checks.starts.hidden: must be true or false."),
    ("tolerated = 1\n", "tolerated = 2\n", "checks.starts.tolerated: must be a share"),
    ("[[manual]]", "[manual]", "manual: must be written as [[manual]]."),
    ("points = 10", "points = []", "manual[1].points: must be a number"),
]
"""A text of SMALL, what stands there instead, and what the error says."""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    MISTAKES,
    ids=[f"{new.strip()}: {says}" for _, new, says in MISTAKES],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    """The sentence has the file and the key."""
    assert SMALL.count(old) == 1
    with pytest.raises(RubricError) as caught:
        small(tmp_path, SMALL.replace(old, new))
    assert says in str(caught.value)
    assert str(tmp_path / "my.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_rubric_without_a_check_is_refused(tmp_path: Path) -> None:
    """An empty table of checks grades nothing."""
    text = 'title = "x"\nterm = "a"\n[terms.a]\nquit_ends = "both"\nabout = "x"\n[checks]\n'
    with pytest.raises(RubricError, match="checks: must not be empty"):
        small(tmp_path, text)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    """It is refused in a sentence with the reason."""
    with pytest.raises(RubricError, match=r"none\.toml: cannot be read: No such file"):
        Rubric.read(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(RubricError, match=r"binary\.toml: cannot be read: it is not UTF-8"):
        Rubric.read(tmp_path / "binary.toml")


def test_the_head_of_the_file_names_every_key() -> None:
    """It is the only manual that a teacher has open while editing."""
    head = DEFAULT.read_text("utf-8").split("\ntitle = ")[0]
    for key in ("title", "term", "tolerated", "layer", "points", "about", "help", "hidden"):
        assert f"# {key} " in head or f"#   {key} " in head, key
    assert "quit_ends" in head and "[[manual]]" in head
