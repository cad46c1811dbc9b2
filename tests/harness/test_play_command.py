"""`python3 -m harness play`: two columns as it happens, and the exit code."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.stage import ROOT


def play(*arguments: str, **world: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "harness", "play", *arguments],
        cwd=ROOT,
        env={"PATH": "", "COLUMNS": "100", **world},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_talk_is_shown_in_two_columns(tmp_path: Path) -> None:
    """The server's lines on the left, the client's on the right, each as it came."""
    ended = play("harness/conversations/assignment.chat")
    lines = ended.stdout.splitlines()
    assert ended.returncode == 0
    assert "                                                  How are you?" in ended.stdout
    assert any(line.startswith("Hello ") for line in lines)
    assert lines[-1] == "1 passed, 0 failed"


def test_a_failure_is_exit_code_1_with_the_report(tmp_path: Path) -> None:
    """The conversations after it are played all the same."""
    wrong = tmp_path / "wrong.chat"
    wrong.write_text("# Wrong.\nserver>> /q\nserver: exits 7\n")
    right = tmp_path / "right.chat"
    right.write_text("# Right.\nserver>> /q\nserver: exits 0\n")
    ended = play(str(wrong), str(right))
    assert ended.returncode == 1
    assert "wrong, line 3, was not met:" in ended.stdout
    assert "server ended with 0" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "1 passed, 1 failed"


EDITOR = "server: starts\nserver: the screen shows {any}/help lists the commands\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [([], 1), (["--terminal", "plain"], 1), (["--terminal", "edited"], 0)],
)
def test_an_option_chooses_the_terminal(
    tmp_path: Path, arguments: list[str], code: int
) -> None:
    """The plain one is the default."""
    path = tmp_path / "editor.chat"
    path.write_text(f"# Only an editor has a line under the input.\n{EDITOR}")
    patience = {"HARNESS_SECONDS": "1"} if code else {}  # what never comes comes no later
    ended = play(*arguments, str(path), **patience)
    assert (ended.returncode, ended.stderr) == (code, "")


@pytest.mark.parametrize("terminal", ["plain", "edited"])
def test_a_conversation_about_one_terminal_is_played_there(
    tmp_path: Path, terminal: str
) -> None:
    """The option is ignored for it: at the other terminal it would fail."""
    path = tmp_path / "editor.chat"
    path.write_text(f"terminal: edited\n{EDITOR}")
    ended = play("--terminal", terminal, str(path))
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_unknown_terminal_is_exit_code_2() -> None:
    """The sentence has the choices."""
    ended = play("--terminal", "vt52", "harness/conversations/assignment.chat")
    assert ended.returncode == 2
    assert "invalid choice: 'vt52'" in ended.stderr


def test_a_file_that_cannot_be_read_is_exit_code_2(tmp_path: Path) -> None:
    """It is told in one sentence, whether it is missing or no conversation."""
    ended = play("/nonexistent/x.chat")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("harness: ")
    broken = tmp_path / "broken.chat"
    broken.write_text("Once upon a time\n")
    ended = play(str(broken))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "broken:1: expected an actor" in ended.stderr
