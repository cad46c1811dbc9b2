"""Every conversation file, with both real programs: whole and a byte at a time."""

from pathlib import Path

import pytest

from harness.script import Script
from harness.stage import Stage
from tests.conftest import perform

FOLDER = Path(__file__).parent.parent / "harness" / "conversations"


@pytest.mark.parametrize("piece", [0, 1], ids=["whole", "byte-by-byte"])
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.chat")), ids=lambda path: path.stem)
def test_conversation(path: Path, piece: int, tmp_path: Path) -> None:
    """Play it to its end; a failure shows both screens and the last frames."""
    with Stage(tmp_path, piece) as stage:
        perform(stage, Script.read(path))


def test_every_conversation_says_what_it_shows() -> None:
    """Its first line is a comment: the table in the documentation is made of them."""
    silent = [path.stem for path in FOLDER.glob("*.chat") if not Script.read(path).about]
    assert not silent
