"""Every conversation file, with both real programs: whole and a byte at a time."""

import os
from pathlib import Path

import pytest

from harness.script import Script
from harness.stage import Stage
from tests.conftest import perform

FOLDER = Path(__file__).parent.parent.parent / "harness" / "conversations"


WAYS = {"whole": (0, "plain"), "byte-by-byte": (1, "plain"), "edited": (0, "edited")}

PATHS = sorted(FOLDER.glob("*.chat"))

PRIVATE = [path for path in PATHS if not Script.read(path).in_clear]
PRIVATE = PRIVATE if os.environ.get("CHAT_WHOLE") else PRIVATE[::8]
"""Those that are played in private: all of them in `make private`."""

SMALL = 1 if os.environ.get("CHAT_WHOLE") else 16
"""Bytes at a time in private. A handshake has 2000, and five seconds: on a busy machine a
byte at a time may take longer."""


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


@pytest.mark.parametrize("piece", [0, SMALL], ids=["whole", "in pieces"])
@pytest.mark.parametrize("path", PRIVATE, ids=lambda path: path.stem)
def test_conversation_in_private(path: Path, piece: int, tmp_path: Path) -> None:
    """With a ticket the same is said and shown, and only its holder is let in."""
    script = Script.read(path)
    with Stage(tmp_path, piece, terminal=script.terminals[0], private=True) as stage:
        # A long line is shown when its record is whole: 16 KiB, a byte at a time.
        stage.patience *= 6
        perform(stage, script)


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
