"""The autograder's folder, laid out as Gradescope does, with a referee of our own in it.

What the real referee does there is its own tests' matter; here it is one that behaves as
badly as any program can, for whatever happens there must be a results.json.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.stage import ROOT

FOLDER = ROOT / "docs" / "gradescope"

SERVER = """
import socket
listener = socket.create_server(("localhost", 7777))
print("Waiting for message...")
peer, _ = listener.accept()
while (said := peer.recv(4096).decode()) not in ("", "/q"):
    print(said)
    peer.sendall((typed := input(">")).encode())
    if typed == "/q":
        break
"""

CLIENT = """
import socket
peer = socket.create_connection(("localhost", 7777))
while True:
    peer.sendall((typed := input(">")).encode())
    if typed == "/q" or (said := peer.recv(4096).decode()) in ("", "/q"):
        break
    print(said)
"""

WRITES = """
import json, os, sys
found = {"tests": [{"name": "x", "score": 1, "output": json.dumps(sys.argv)}]}
path = sys.argv[sys.argv.index("--gradescope") + 1]
open(path + ".new", "w").write(json.dumps(found))
os.replace(path + ".new", path)
"""


def grade(root: Path, referee: str, seconds: float = 30) -> tuple[dict[str, Any], str]:
    """Run the autograder with another referee; return the results and its output."""
    package = root / "source" / "referee" / "harness"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(referee, "utf-8")
    return autograde(root, package.parent, seconds)


def autograde(root: Path, path: Path, seconds: float) -> tuple[dict[str, Any], str]:
    """Run the autograder as Gradescope does; the referee is the one in `path`."""
    (root / "submission").mkdir(exist_ok=True)
    run = subprocess.run(
        [sys.executable, str(FOLDER / "run_autograder")],
        cwd=root,
        env={
            **os.environ,
            "PYTHONPATH": str(path),
            "REFEREE_SECONDS": str(seconds),
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert [each.name for each in (root / "results").iterdir()] == ["results.json"]
    found = json.loads((root / "results" / "results.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found, run.stdout


def arguments(found: dict[str, Any]) -> list[str]:
    """Return the arguments that the referee was called with."""
    words = json.loads(found["tests"][0]["output"])
    assert isinstance(words, list)
    return words[1:]


def test_both_can_be_executed() -> None:
    """Gradescope starts them as they are."""
    for name in ("setup.sh", "run_autograder"):
        assert os.access(FOLDER / name, os.X_OK), name
    subprocess.run(["bash", "-n", str(FOLDER / "setup.sh")], check=True)


def test_the_referee_is_called_for_the_submission(tmp_path: Path) -> None:
    """It writes the file that Gradescope reads."""
    found, _ = grade(tmp_path, WRITES)
    results = str(tmp_path / "results" / "results.json")
    assert arguments(found) == [
        "referee",
        str(tmp_path / "submission"),
        "--gradescope",
        results,
    ]


def test_the_teachers_files_are_used(tmp_path: Path) -> None:
    """A profile and a rubric beside the autograder, if there are any."""
    (tmp_path / "source").mkdir()
    for name in ("profile.toml", "rubric.toml"):
        (tmp_path / "source" / name).touch()
    words = arguments(grade(tmp_path, WRITES)[0])
    assert words[2:6] == [
        "--profile",
        str(tmp_path / "source" / "profile.toml"),
        "--rubric",
        str(tmp_path / "source" / "rubric.toml"),
    ]


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        (["chat/server.py", "chat/client.py"], "submission/chat"),
        (["chat/server.py", "__MACOSX/x"], "submission/chat"),
        (["server.py", "client.py"], "submission"),
        (["server.py"], "submission"),
        (["one/server.py", "two/client.py"], "submission"),
    ],
)
def test_a_folder_in_the_zip_is_the_submission(
    tmp_path: Path, files: list[str], folder: str
) -> None:
    """Whether files were uploaded or the folder that they are in."""
    for name in files:
        path = tmp_path / "submission" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert arguments(grade(tmp_path, WRITES)[0])[1] == str(tmp_path / folder)


@pytest.mark.parametrize(
    ("referee", "says"),
    [
        ("raise SystemExit(3)", "it ended with status 3"),
        ("import os; os.kill(os.getpid(), 9)", "it ended with status -9"),
        (WRITES + "open(path, 'w').write('{')", "it ended with status 0"),
        ("import time\ntime.sleep(99)", "it took longer than 1 seconds"),
        ("while True: print('x' * 99)", "it took longer than 1 seconds"),
    ],
)
def test_there_is_a_result_whatever_happens(
    tmp_path: Path, referee: str, says: str
) -> None:
    """It has no points, and a sentence with the reason."""
    found, _ = grade(tmp_path, referee, seconds=1 if "1 seconds" in says else 30)
    assert found["score"] == 0
    assert says in found["output"]


def test_results_written_in_place_count_as_well(tmp_path: Path) -> None:
    """The referee may write the file itself instead of replacing it."""
    lines = WRITES.splitlines()[:-2]
    found, _ = grade(tmp_path, "\n".join([*lines, "json.dump(found, open(path, 'w'))"]))
    assert found["tests"][0]["score"] == 1


def test_what_was_found_in_time_is_kept(tmp_path: Path) -> None:
    """A referee that writes after every check loses nothing when it is stopped."""
    found, _ = grade(tmp_path, WRITES + "import time\ntime.sleep(99)", seconds=4)
    assert found["tests"][0]["score"] == 1


def test_the_real_referee_judges_there(tmp_path: Path) -> None:
    """Checks for which there is no time are `not run`."""
    pytest.importorskip("harness.referee.call")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "profile.toml").write_text("[limits]\nsubmission = 4", "utf-8")
    (tmp_path / "submission").mkdir()
    for name, program in (("server.py", SERVER), ("client.py", CLIENT)):
        (tmp_path / "submission" / name).write_text(program, "utf-8")
    found, printed = autograde(tmp_path, ROOT, seconds=50)
    tests = {each["name"]: each for each in found["tests"]}
    assert tests["The server starts (starts)"].get("score") == 10, printed
    assert len(tests) == 36
    assert "not run" in tests["Idle (idle)"]["output"]


def test_nothing_is_left_running(tmp_path: Path) -> None:
    """Not even a process that the referee has started and forgotten."""
    forgotten = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
        "print('child', child.pid, flush=True)\n"
    )
    began = time.monotonic()
    _, printed = grade(tmp_path, forgotten + WRITES, seconds=5)
    assert time.monotonic() - began < 30
    pid = int(printed.split("child ")[1].split()[0])
    with pytest.raises(ProcessLookupError):
        wait_for_end(pid)


def wait_for_end(pid: int) -> None:
    """Raise ProcessLookupError as soon as a process is gone, or a zombie of init's."""
    for _ in range(500):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rsplit(")")[-1].split()[0] == "Z":
            raise ProcessLookupError
        time.sleep(0.01)  # nobody tells us of a process that is not our child
