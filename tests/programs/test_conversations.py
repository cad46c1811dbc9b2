"""Every conversation file, with both real programs: whole and a byte at a time."""

from pathlib import Path

import pytest

from harness.script import Script
from harness.stage import Stage
from tests.conftest import perform

FOLDER = Path(__file__).parent.parent.parent / "harness" / "conversations"


WAYS = {"whole": (0, "plain"), "byte-by-byte": (1, "plain"), "edited": (0, "edited")}

PATHS = sorted(FOLDER.glob("*.chat"))


@pytest.mark.parametrize(
    ("path", "piece", "terminal"),
    [
        pytest.param(path, piece, terminal, id=f"{path.stem}-{way}")
        for path in PATHS
        for way, (piece, terminal) in WAYS.items()
        if terminal in Script.read(path).terminals
    ],
)
def test_conversation(path: Path, piece: int, terminal: str, tmp_path: Path) -> None:
    """It is played to its end; a failure shows both screens and the last frames."""
    with Stage(tmp_path, piece, terminal=terminal) as stage:
        perform(stage, Script.read(path))


def test_for_a_screen_reader_no_escape_sequence_is_written(tmp_path: Path) -> None:
    """Not during a whole talk with a game, a loss and return, and a goodbye."""
    with Stage(tmp_path) as stage:
        perform(stage, Script.read(FOLDER / "reader.chat"))
        written = {name: bytes(player.raw) for name, player in stage.players.items()}
    assert {*written} == {"server", "client"}
    for screen in written.values():
        assert b"You say: " in screen
        # Nor is anything written over: a carriage return is a part of a line end.
        assert b"\x1b" not in screen
        assert b"\b" not in screen
        assert b"\r" not in screen.replace(b"\r\n", b"")


def test_every_conversation_begins_with_a_comment() -> None:
    """The table in the documentation is made of these first lines."""
    silent = [path.stem for path in FOLDER.glob("*.chat") if not Script.read(path).about]
    assert not silent
