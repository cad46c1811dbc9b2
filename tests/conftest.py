"""A stage for every test that wants one, with a short way to play a few lines on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatlib.loop import Loop
from harness.report import explain
from harness.script import Script
from harness.stage import Stage, Unmet

Play = Callable[[str], Stage]
"""Play some lines of a conversation; returns the stage, for what follows."""


def perform(stage: Stage, script: Script) -> None:
    """Play a script; fail with both screens and the last frames, and no traceback."""
    report = ""
    try:
        stage.play(script)
    except Unmet as unmet:
        report = explain(script.name, unmet, stage)
    if report:
        pytest.fail(report, pytrace=False)


@pytest.fixture
def loop() -> Iterator[Loop]:
    """Give a loop on the real clock, and take it back."""
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Give a function that plays lines, one call after the other, on one stage.

    Whatever the test does to the programs, nobody is to see a traceback.
    """
    with Stage(tmp_path) as stage:

        def play(lines: str) -> Stage:
            perform(stage, Script.parse("the test", lines))
            return stage

        yield play
        for player in stage.players.values():
            assert "Traceback" not in player.screen.text + player.errors.text
