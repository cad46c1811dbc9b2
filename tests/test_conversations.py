"""Every conversation file, with both real programs: whole and a byte at a time."""

from pathlib import Path

import pytest

from harness.report import explain
from harness.script import Script
from harness.stage import Stage, Unmet

FOLDER = Path(__file__).parent.parent / "harness" / "conversations"


@pytest.mark.parametrize("piece", [0, 1], ids=["whole", "byte-by-byte"])
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.chat")), ids=lambda path: path.stem)
def test_conversation(path: Path, piece: int, tmp_path: Path) -> None:
    """Play it to its end; a failure shows both screens and the last frames."""
    script = Script.read(path)
    with Stage(tmp_path, piece) as stage:
        report = ""
        try:
            stage.play(script)
        except Unmet as unmet:
            report = explain(script.name, unmet, stage)
    if report:
        pytest.fail(report, pytrace=False)


def test_every_conversation_says_what_it_shows() -> None:
    """Its first line is a comment: the table in the documentation is made of them."""
    silent = [path.stem for path in FOLDER.glob("*.chat") if not Script.read(path).about]
    assert not silent
