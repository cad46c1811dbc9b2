"""The referee as a person calls it: a small pair, a class, and wrong calls."""

import json
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.referee.bench import Traces, failed, passed
from harness.referee.result import Verdict
from harness.referee.trial import Tries, decide

ROOT = Path(__file__).parent.parent.parent

SERVER = """\
import socket
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("", 5050))
listener.listen()
peer, _ = listener.accept()
while True:
    text = peer.recv(4096).decode()
    if text in ("", "/q"):
        break
    print(text)
    text = input("> ")
    peer.sendall(text.encode())
    if text == "/q":
        break
"""

CLIENT = """\
import socket
peer = socket.socket()
peer.connect(("localhost", 5050))
while True:
    text = input("> ")
    peer.sendall(text.encode())
    if text == "/q":
        break
    text = peer.recv(4096).decode()
    if text in ("", "/q"):
        break
    print(text)
"""


def referee(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the referee as from a shell."""
    return subprocess.run(
        [sys.executable, "-m", "harness", "referee", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


def pair(folder: Path, server: str = SERVER, client: str = CLIENT) -> Path:
    """Write a submission."""
    folder.mkdir(exist_ok=True)
    (folder / "server.py").write_text(server)
    (folder / "client.py").write_text(client)
    return folder


def findings(path: Path) -> dict[str, dict[str, Any]]:
    """Return the findings about the first submission, by check."""
    (submission, *_) = json.loads(path.read_text())["submissions"]
    return {each["check"]: each for each in submission["findings"]}


def test_a_simple_pair_with_a_fixed_port_keeps_all_that_is_required(tmp_path: Path) -> None:
    """It runs in networks of its own, where the port is free."""
    only = "six-lines,turns,quit-client,quit-server,clean-exit,no-traceback,restart"
    run = referee(pair(tmp_path / "ann"), "--only", only, "--json", tmp_path / "found")
    found = findings(tmp_path / "found")
    assert {each["verdict"] for each in found.values()} == {"pass"}, run.stdout
    assert (run.returncode, len(found)) == (0, 7)


def test_one_recv_for_one_message_is_explained_with_evidence(tmp_path: Path) -> None:
    """The evidence has what was typed, the cut, the screens, and how to see it by hand."""
    folder = pair(tmp_path / "ann")
    run = referee(folder, "--only", "split", "--json", tmp_path / "found")
    found = findings(tmp_path / "found")["split"]
    evidence = found["evidence"]
    assert found["verdict"] == "fail"
    assert "one recv() is not one message" in found["explanation"]
    assert "delivers 14 bytes of 28" in [each["text"] for each in evidence["moments"]]
    assert {each["actor"] for each in evidence["sides"]} == {"server", "client"}
    assert any("type in the client's terminal" in each for each in evidence["repeat"])
    assert run.returncode == 0  # nothing that is required has failed


def test_a_prompt_that_no_profile_names_is_shown_where_one_is_missed(
    tmp_path: Path,
) -> None:
    """Who prompts with `You: ` is told to name the prompt, not to write another loop."""
    folder = pair(
        tmp_path / "ann", SERVER.replace("> ", "You: "), CLIENT.replace("> ", "You: ")
    )
    only = "prompts-first,turns"
    run = referee(folder, "--only", only, "--json", tmp_path / "found")
    assert run.returncode == 1
    found = findings(tmp_path / "found")
    for check, side in (("prompts-first", "client"), ("turns", "server")):
        assert found[check]["explanation"].startswith(
            f"the {side}'s screen ends with 'You: ', which is no prompt that the profile "
            "names"
        ), found[check]


def test_a_one_sided_quit_fails_and_names_the_side_that_is_left(tmp_path: Path) -> None:
    """The exit code is 1, because a required check failed."""
    deaf = CLIENT.replace('    if text in ("", "/q"):\n        break\n', "")
    folder = pair(tmp_path / "ann", client=deaf)
    run = referee(folder, "--only", "quit-server", "--json", tmp_path / "found")
    found = findings(tmp_path / "found")["quit-server"]
    assert found["verdict"] == "fail"
    assert "the server ends and the client does not" in found["explanation"]
    assert run.returncode == 1


def test_a_term_may_ask_less_of_the_quit_word(tmp_path: Path) -> None:
    """In 2021 it ended only the program in which it was typed."""
    deaf = CLIENT.replace('    if text in ("", "/q"):\n        break\n', "")
    folder = pair(tmp_path / "ann", client=deaf)
    run = referee(folder, "--term", "2021", "--only", "quit-server")
    assert run.returncode == 0, run.stdout


def test_a_program_with_a_slash_is_in_the_folder_of_the_submission(tmp_path: Path) -> None:
    """`./server` is in the submission's folder, wherever the referee is called."""
    folder = pair(tmp_path / "ann")
    for side in ("server", "client"):
        script = folder / side
        script.write_text(f"#!/bin/sh\nexec {sys.executable} {side}.py\n", "utf-8")
        script.chmod(0o755)
    commands = ("--server", "./server", "--client", "./client")
    run = referee(folder, *commands, "--only", "connects")
    assert run.returncode == 0, run.stdout


def test_a_command_that_no_shell_could_parse_is_a_wrong_call(tmp_path: Path) -> None:
    """It is refused in one sentence, before a worker starts."""
    run = referee(pair(tmp_path / "ann"), "--server", "python3 'server.py")
    assert run.returncode == 2
    assert "is no command" in run.stderr
    assert "Traceback" not in run.stderr


def test_what_could_not_be_tried_is_no_success(tmp_path: Path) -> None:
    """The exit code is 1 if a required check was not run."""
    run = referee(
        pair(tmp_path / "ann", server="import sys; sys.exit(1)"), "--only", "turns"
    )
    assert run.returncode == 1


def test_a_server_that_asks_before_it_listens_wants_questions(tmp_path: Path) -> None:
    """Only the profile can have the answer."""
    folder = pair(tmp_path / "ann", server="port = input('Which port? ')\n" + SERVER)
    referee(folder, "--only", "starts", "--json", tmp_path / "found")
    found = findings(tmp_path / "found")["starts"]
    assert found["verdict"] == "fail"
    assert "`questions`" in found["explanation"]
    (tmp_path / "class.toml").write_text(
        '[server]\nquestions = [{expect = "port", send = "5050"}]\n'
        "[submission.amn]\nport = 7\n"
    )
    run = referee(folder, "--profile", tmp_path / "class.toml", "--only", "starts")
    assert run.returncode == 0
    assert "[submission.amn], and there is no such folder" in run.stderr


def test_what_was_judged_before_ctrl_c_is_not_lost(tmp_path: Path) -> None:
    """The findings are shown and written; the exit code is 130."""
    pair(tmp_path / "ann", server="import sys; sys.exit(1)")
    endless = tmp_path / "began"
    server = f"import pathlib, time\npathlib.Path({str(endless)!r}).touch()\ntime.sleep(99)"
    pair(tmp_path / "bob", server=server)
    command = [
        sys.executable,
        "-m",
        "harness",
        "referee",
        "--csv",
        str(tmp_path / "grades"),
    ]
    folders = [str(tmp_path / name) for name in ("ann", "bob")]
    run = subprocess.Popen(
        [*command, *folders], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while not endless.exists():
        assert time.monotonic() < deadline
        select.select([], [], [], 0.05)
    run.send_signal(signal.SIGINT)
    shown, told = run.communicate(timeout=30)
    assert run.returncode == 130
    assert b"1 of 2 submissions were refereed" in told
    assert b"ann" in shown and b"bob" not in shown
    assert "ann" in (tmp_path / "grades").read_text()


def test_a_class_is_judged_side_by_side(tmp_path: Path) -> None:
    """All use one port; one does not start, and one lacks its client."""
    for name in ("ann", "bob"):
        pair(tmp_path / name)
    pair(tmp_path / "cat", server="print('(")
    pair(tmp_path / "dan")
    (tmp_path / "dan" / "client.py").unlink()
    folders = [tmp_path / name for name in ("ann", "bob", "cat", "dan")]
    run = referee(*folders, "-j", "2", "--only", "connects", "--json", tmp_path / "found")
    told = json.loads((tmp_path / "found").read_text())["submissions"]
    assert [each["name"] for each in told] == ["ann", "bob", "cat", "dan"]
    verdicts = [[one["verdict"] for one in each["findings"]] for each in told]
    assert verdicts == [["pass"], ["pass"], ["not run"], []]
    assert "looks like the client" in told[3]["problem"]
    assert run.returncode == 1


def test_a_guess_is_a_profile_to_be_read_and_used(tmp_path: Path) -> None:
    """It has the port, the prompts, and what stands around a message."""
    server = SERVER.replace("print(text)", 'print("Client:", text.lower())')
    folder = pair(tmp_path / "ann", server=server)
    run = referee(folder, "--guess")
    assert 'shows = "Client: {text}"\ntransform = "lower"' in run.stdout
    assert "port = 5050" in run.stdout
    (tmp_path / "class.toml").write_text(run.stdout)
    only = ("--only", "six-lines,turns")
    assert referee(folder, *only).returncode == 1
    judged = referee(folder, "--profile", tmp_path / "class.toml", *only)
    assert judged.returncode == 0, judged.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say --server COMMAND and --client COMMAND"),
        (["/nowhere"], "/nowhere is no folder"),
        (["--only", "beauty", "."], "no check 'beauty'"),
        (["--term", "1066", "."], "no term '1066'"),
        (["--only", "", "."], "no check ''"),
        (["--profile", "/nowhere", "."], "/nowhere cannot be read: No such file"),
        (["--html", "/nowhere/page", "."], "/nowhere/page cannot be written"),
        (["--csv", "/tmp", "."], "/tmp cannot be written: it is a folder"),
        (["-j", "0", "."], "at least one"),
    ],
)
def test_a_wrong_call_is_told_in_one_sentence(arguments: list[str], words: str) -> None:
    """The sentence is on stderr, and the exit code is 2."""
    run = referee(*arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert words in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("outcomes", "verdict", "attempts"),
    [
        ("P", Verdict.PASS, ""),
        ("FFF", Verdict.FAIL, ""),
        ("FPFPF", Verdict.FAIL, "failed 3 of 5"),
        ("FPPFP", Verdict.TOLERATED, "failed 2 of 5"),
    ],
)
def test_the_majority_of_the_attempts_decides(
    outcomes: str, verdict: Verdict, attempts: str
) -> None:
    """If attempts differ, the explanation has how often."""
    made: Tries = [
        (passed() if each == "P" else failed("lost"), Traces()) for each in outcomes
    ]
    outcome, _, told = decide(made)
    assert (outcome.verdict, told) == (verdict, attempts)


def test_without_a_network_of_its_own_a_pair_is_judged_just_the_same(
    tmp_path: Path,
) -> None:
    """The port is then the machine's, and a relay needs a `{port}`."""
    only = "six-lines,quit-client,split"
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = str(sock.getsockname()[1])
    server, client = (each.replace("5050", port) for each in (SERVER, CLIENT))
    folder = pair(tmp_path / "ann", server, client)
    run = referee(folder, "--shared", "--only", only, "--json", tmp_path / "found")
    found = findings(tmp_path / "found")
    verdicts = [found[name]["verdict"] for name in only.split(",")]
    assert verdicts == ["pass", "pass", "not run"], run.stdout


def test_gradescopes_file_is_whole_after_every_check(tmp_path: Path) -> None:
    """A run that Gradescope cuts off keeps the points until then."""
    path = tmp_path / "results.json"
    command = [sys.executable, "-m", "harness", "referee", "--only", "starts,idle"]
    process = subprocess.Popen(
        [*command, "--gradescope", str(path), str(pair(tmp_path / "ann"))],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.02)
    assert {each["name"] for each in json.loads(path.read_text())["tests"]}
    assert process.poll() is None
    process.wait()
    assert len(json.loads(path.read_text())["tests"]) == 2
