"""The referee judges the pairs: the right one by all checks, a wrong one by its own.

Here are as many wrong pairs as it takes for each check to be failed by one. A wrong pair
is also asked for six lines in turns, which most of them keep. `make pairs` judges
the other pairs, and all by every check, which takes longer than a test may.
"""

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from harness.referee.result import Submission, Verdict
from tests.referee.matrix import complaint, judge
from tests.referee.pairs import RIGHT, Pair, pairs

TALK = {"six-lines", "turns"}


def choose() -> Iterator[Pair]:
    """Yield the right pair, and the first wrong one for each check."""
    seen = set[str]()
    for pair in pairs():
        if pair.name == RIGHT or pair.fails - seen:
            seen |= pair.fails
            yield pair


PAIRS = {pair.name: pair for pair in choose()}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Submission]:
    """Referee them as one class, the right one by every check there is."""
    chosen = [
        (pair, () if pair.name == RIGHT else pair.fails | TALK) for pair in PAIRS.values()
    ]
    return judge(chosen, tmp_path_factory.mktemp("pairs"), Console(file=io.StringIO()))


def test_every_pair_fails_what_it_is_made_for(found: dict[str, Submission]) -> None:
    """Each fault is seen, every time it is looked for; none is seen where there is none."""
    complaints = {name: complaint(PAIRS[name], each) for name, each in found.items()}
    assert not {name: each for name, each in complaints.items() if each}


def test_the_right_pair_passes_every_check(found: dict[str, Submission]) -> None:
    """All but `joined`: in strict turns there are never two messages at once."""
    verdicts = {each.check: each.verdict for each in found[RIGHT].findings}
    assert verdicts.pop("joined") is Verdict.NOT_RUN
    assert len(verdicts) == 35
    assert set(verdicts.values()) == {Verdict.PASS}
