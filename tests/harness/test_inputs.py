"""The lines that a program gets from a pipe or a file."""

import os
import stat
from pathlib import Path

import pytest

from harness.inputs import Inputs


@pytest.mark.parametrize("source", ["a pipe", "a file"])
def test_the_lines_of_an_actor_become_its_stdin(tmp_path: Path, source: str) -> None:
    """Each with its line end, in order; the lines of others stay where they are."""
    inputs = Inputs(tmp_path)
    for actor, line in (("client", "one"), ("server", "other"), ("client", "two")):
        inputs.add(actor, line)
    path, fill = inputs.prepare("client", source)
    assert stat.S_ISFIFO(path.stat().st_mode) == (source == "a pipe")
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fill()
    assert os.read(reader, 99) == b"one\ntwo\n"
    assert os.read(reader, 99) == b""
    os.close(reader)


def test_the_next_start_gets_only_new_lines(tmp_path: Path) -> None:
    """Those of the last start have been read."""
    inputs = Inputs(tmp_path)
    inputs.add("client", "one")
    inputs.prepare("client", "a file")
    inputs.add("client", "two")
    path, _ = inputs.prepare("client", "a file")
    assert path.read_text("utf-8") == "two\n"
