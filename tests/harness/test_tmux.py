"""Both programs in one window of tmux: what is left of it."""

import os
import select
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import tmux
from harness.script import Script
from harness.stage import PATIENCE, Stage
from tests.conftest import perform

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="there is no tmux here")

BEGIN = """\
terminal: edited
window: 161 x 12
tmux: starts
tmux: the screen shows - Server listening on: localhost on port: {port}
tmux: presses Ctrl-B
tmux: presses %
tmux: the screen shows {any} with Bob{any}
"""


def test_tmux_ends_with_the_terminal_that_shows_it(tmp_path: Path) -> None:
    """Its own process is nobody's child: it would stay, and both programs in it."""
    with Stage(tmp_path, terminal="edited", camera=lambda name, stage: None) as stage:
        perform(stage, Script.parse("begin", BEGIN))
        order = [
            "tmux",
            "-S",
            str(tmp_path / tmux.ACTOR),
            "display-message",
            "-p",
            "#{pid}",
        ]
        found = subprocess.run(order, capture_output=True, text=True, check=True)
        process = os.pidfd_open(int(found.stdout))
    ended, _, _ = select.select([process], [], [], PATIENCE)
    os.close(process)
    assert ended, "tmux goes on when its terminal is closed"
