"""A program from its command line to its exit code: from the outside, and part by part.

Wrong calls, signals, closed streams, and how one talk follows another. Conversation files
show the common cases; here are those that no conversation has.
"""

import builtins
import errno
import fcntl
import gc
import os
import pty
import resource
import select
import signal
import socket
import subprocess
import sys
import types
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pexpect
import pytest

from chatlib import program as program_module
from chatlib.chat import Chat
from chatlib.commands import COMPLETIONS
from chatlib.connection import HELLO_SECONDS, Owner
from chatlib.ending import LISTED, explain_stop, name_stop
from chatlib.errors import Exit, ScreenClosedError, StartError
from chatlib.games.registry import game_names
from chatlib.loop import Loop
from chatlib.program import Program, list_words, open_terminal
from chatlib.program import run as run_program
from chatlib.protocol.events import Trace, silent
from chatlib.protocol.link import Link, State
from chatlib.settings import read_settings
from chatlib.terminal.streams import is_pipe
from chatlib.terminal.terminal import Terminal
from harness import wire
from harness.script import Script
from harness.stage import PATIENCE, ROOT, Stage
from tests.conftest import Play, perform
from tests.helpers import Clock, make_client, make_server, move, socket_pair
from tests.processes import counted, memory, switches

PROGRAMS = ("chatd", "chatc")
LISTENING = "server< Server listening on: localhost on port: {port}"
DOORS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(
    program: str, *arguments: str, cwd: Path = ROOT, **options: str
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, without a terminal."""
    environment = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": "/nonexistent", **options}
    return subprocess.run(
        [sys.executable, "-m", program, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


# The command line.


WRONG_CALLS = {
    "--port 70000": "--port: expected a port from 0 to 65535, not '70000'",
    "--port -1": "--port: expected a port from 0 to 65535, not '-1'",
    "--port http": "--port: expected a whole number, not 'http'",
    "--port": "--port needs a value; '{0} --help' lists what there is",
    "--speed 9": "there is no option --speed; '{0} --help' lists what there is",
    "7777": "'7777' has no option before it, such as --port; '{0} --help' lists",
    "--host=": "--host: expected the name or address of a host, not ''",
    "--name=": "--name: expected a name of 1 to 127 bytes, not ''",
    "--config /nonexistent/x.toml": "/nonexistent/x.toml: No such file",
}


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("arguments", WRONG_CALLS)
def test_a_wrong_call_is_one_sentence_and_exit_code_2(program: str, arguments: str) -> None:
    """It names the option and what to do."""
    ended = run(program, *arguments.split())
    assert (ended.returncode, ended.stdout) == (2, "")
    sentence = WRONG_CALLS[arguments].format(program)
    assert ended.stderr.startswith(f"{program}: {sentence}")
    # Into a file or a pipe it is one line, however long.
    assert ended.stderr.count("\n") == 1


def test_an_error_is_broken_at_words_where_a_person_reads_it() -> None:
    """Its other rows stand under the text, as those of a notice."""
    with pexpect.spawn(
        sys.executable,
        ["-m", "chatd", "--port", "70000"],
        cwd=ROOT,
        dimensions=(24, 40),
        encoding="utf-8",
        timeout=PATIENCE,
    ) as child:
        rows = child.read().split("\r\n")
    assert rows == [
        "chatd: --port: expected a port from 0 to",
        "    65535, not '70000'",
        "",
    ]


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_and_version_go_to_stdout(program: str) -> None:
    """And end with 0."""
    ended = run(program, "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "--frame-log FILE" in ended.stdout
    assert ("--again" in ended.stdout) == (program == "chatd")
    assert ("--wait" in ended.stdout) == (program == "chatc")
    ended = run(program, "--version")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split()[0] == program


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_wrong_environment_names_its_variable(program: str) -> None:
    """Not the option, which was not typed."""
    ended = run(program, CHAT_PORT="many")
    assert ended.returncode == 2
    assert ended.stderr == f"{program}: CHAT_PORT: expected a whole number, not 'many'\n"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_harmful_file_in_the_current_folder_is_noticed_and_not_obeyed(
    program: str, tmp_path: Path
) -> None:
    """The program starts: here to find that it cannot have this port."""
    log = tmp_path / "log"
    (tmp_path / "chat.toml").write_text(f"host = 'x.invalid'\nframe_log = '{log}'")
    port = "--port=1" if program == "chatc" else "--host=192.0.2.7"
    options = [] if program == "chatd" else ["--wait=0"]
    ended = run(program, port, *options, cwd=tmp_path, PYTHONPATH=str(ROOT))
    assert ended.returncode == 3
    notice, error = ended.stderr.splitlines()
    assert notice.startswith(
        f"{program}: chat.toml in this folder cannot set 'host' and 'frame-log': "
    )
    assert "x.invalid" not in error
    assert not log.exists()


def test_an_unknown_host_is_exit_code_3() -> None:
    """For the server too."""
    ended = run("chatd", "--host", "no-such-host.invalid")
    assert ended.returncode == 3
    assert ended.stderr.startswith("chatd: there is no host no-such-host.invalid (")


# Signals, in every state.


@pytest.mark.parametrize("number", DOORS, ids=lambda number: number.name)
@pytest.mark.parametrize("actor", ["server", "client"])
def test_a_signal_before_the_talk_ends_the_program_at_once(
    play: Play, actor: str, number: signal.Signals
) -> None:
    """The exit code is 128 + n; there is no peer to tell."""
    play(LISTENING if actor == "server" else "client: starts\nclient! No server{any}")
    play(f"{actor}: gets {number.name}")
    play(f"{actor}! Goodbye: you left before anybody came.\n{actor}: exits {128 + number}")


@pytest.mark.parametrize("number", DOORS, ids=lambda number: number.name)
@pytest.mark.parametrize("actor", ["server", "client"])
@pytest.mark.parametrize("turn", ["its", "the other's"])
def test_a_signal_during_the_chat_says_goodbye(
    play: Play, actor: str, number: signal.Signals, turn: str
) -> None:
    """The other side shows what that means, and ends with 0."""
    other = "client" if actor == "server" else "server"
    play("client> Hello\nserver< Hello")
    if (turn == "its") == (actor == "client"):
        play("server> Hi\nclient< Hi")
    play(f"{actor}: gets {number.name}\n{actor}: exits {128 + number}")
    play(f"{other}! Goodbye: the {actor} {explain_stop(name_stop(number))[0]}{{any}}")
    play(f"{other}: exits 0")


def test_a_signal_that_the_starter_ignores_stays_ignored(tmp_path: Path) -> None:
    """`nohup chatd` survives the end of its terminal."""
    server = subprocess.Popen(
        ["nohup", sys.executable, "-m", "chatd", "--port", "0"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert server.stdout
    assert b"listening" in server.stdout.readline()
    server.send_signal(signal.SIGHUP)
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=PATIENCE)
    assert server.returncode == 128 + signal.SIGTERM


# Standard streams that are closed, full, or not read.


def start_server(
    *arguments: str, stdout: int | None = None
) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server without a terminal; return it and the port in its banner."""
    read, write = os.pipe()
    server = subprocess.Popen(
        [sys.executable, "-m", "chatd", "--port", "0", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=write if stdout is None else stdout,
        stderr=subprocess.PIPE,
    )
    os.close(write)
    banner = b""
    while stdout is None and not banner.endswith(b"\n"):
        assert select.select([read], [], [], PATIENCE)[0]
        banner += os.read(read, 100)
    os.close(read)  # from here on nobody reads the server's stdout
    return server, int(banner.rpartition(b" ")[2] or 0)


def test_a_closed_stdout_ends_the_server_at_once() -> None:
    """`chatd | head -1`: only the banner was read."""
    server, _ = start_server()
    _, errors = server.communicate(timeout=PATIENCE)
    assert server.returncode == 128 + signal.SIGPIPE
    lines = errors.decode().splitlines()
    assert lines[0] == "chatd: the screen was closed (Broken pipe)"
    assert lines[1:] == ["Goodbye: you left before anybody came."]


def test_a_full_disk_under_stdout_is_reported() -> None:
    """Nothing could be shown, so the server does not even begin."""
    with open("/dev/full", "w") as full:
        server, _ = start_server(stdout=full.fileno())
        _, errors = server.communicate(timeout=PATIENCE)
    assert server.returncode == Exit.LOST
    assert errors.startswith(
        b"chatd: the screen cannot be written to (No space left on device)\n"
    )


def test_a_fifo_opened_for_both_is_no_broken_pipe(tmp_path: Path) -> None:
    """`exec 7<>fifo; chatd >&7`: what we wrote ourselves makes it readable."""
    os.mkfifo(tmp_path / "fifo")
    fifo = os.open(tmp_path / "fifo", os.O_RDWR)
    server = subprocess.Popen(
        [sys.executable, "-m", "chatd", "--port", "0"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=fifo,
        stderr=subprocess.PIPE,
    )
    port = int(os.read(fifo, 100).rpartition(b" ")[2])
    os.write(fifo, b"something to read")
    client = run("chatc", "--port", str(port))
    _, errors = server.communicate(timeout=PATIENCE)
    os.close(fifo)
    assert (client.returncode, server.returncode) == (0, 0), errors


def test_a_program_that_inherits_two_thousand_descriptors_asks_for_a_line() -> None:
    """On a terminal of its own, plain: the prompt comes after a look at the keyboard."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    keyboard, terminal = pty.openpty()
    code = f"""
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({min(4096, hard)}, {hard}))
for _ in range(1100):
    os.set_inheritable(os.open(os.devnull, os.O_RDONLY), True)
call = [sys.executable, "-m", "chatd", "--plain", "--port", "0"]
os.execv(sys.executable, call)
"""
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    with closing(socket.socket()) as client:
        port = int(os.read(keyboard, 100).rpartition(b" ")[2])
        client.connect(("127.0.0.1", port))
        client.sendall(wire.hello() + wire.text(1, "Hello"))
        shown = b""
        while not shown.endswith(b">"):
            assert select.select([keyboard], [], [], PATIENCE)[0], shown
            shown += os.read(keyboard, 1000)
    server.kill()
    server.wait()
    os.close(keyboard)


@pytest.fixture
def port() -> Iterator[int]:
    """Return a port that no other program is given; a server can bind it all the same."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_from_the_beginning_does_no_harm(
    redirection: str, port: int
) -> None:
    """A socket must not get the number of a missing stdin or stdout."""
    script = f"exec '{sys.executable}' -m chatd --port {port} {redirection}"
    server = subprocess.Popen(
        ["sh", "-c", script],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    client = subprocess.run(
        [sys.executable, "-m", "chatc", "--port", str(port)],
        cwd=ROOT,
        input=b"Hello\n",
        capture_output=True,
        timeout=PATIENCE,
    )
    output, errors = server.communicate(timeout=PATIENCE)
    # The server has no input: it shows what comes and leaves when it is asked.
    assert (client.returncode, server.returncode) == (0, 0)
    # Its first line may be that it had to wait for the server.
    assert client.stderr.endswith(
        b"Goodbye: the server left; your message was delivered.\n"
    )
    assert (b"\nHello\n" in output) == (">&-" not in redirection.replace("2>&-", ""))
    assert b"Traceback" not in errors


@pytest.mark.parametrize("path", ["/dev/full", "/nonexistent/x", "/"])
def test_a_frame_log_that_cannot_be_written_costs_one_warning(
    play: Play, path: str
) -> None:
    """The chat goes on."""
    stage = play(f"server: starts with --frame-log {path}")
    play("client> Hello\nserver< Hello\nserver> Hi\nclient< Hi\nclient> /q")
    play("client: exits 0\nserver: exits 0")
    warnings = [
        line for line in stage.players["server"].errors.lines if "frame log" in line
    ]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"No frame log from here on: {path}: ")


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="needs a small pipe")
def test_a_signal_ends_a_server_whose_output_nobody_reads() -> None:
    """The signal interrupts a write that would never end; the client reads a BYE."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    server = subprocess.Popen(
        [sys.executable, "-m", "chatd", "--port", "0", "-v"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=write,
        stderr=subprocess.PIPE,
    )
    os.close(write)
    port = int(os.read(read, 100).rpartition(b" ")[2])
    assert server.stderr
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(wire.hello())
        assert wire.receive(client)[0] == wire.HELLO
        client.sendall(wire.text(1, "x" * 4096))
        while b"< TEXT" not in server.stderr.readline():
            pass  # what comes next is the write that cannot end
        server.send_signal(signal.SIGTERM)
        assert wire.receive(client)[0] == wire.BYE
    server.wait(PATIENCE)
    server.stderr.close()
    os.close(read)
    assert server.returncode == 128 + signal.SIGTERM


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="needs a small pipe")
def test_a_server_that_was_stopped_and_continued_still_waits_for_its_reader(
    port: int,
) -> None:
    """Ctrl-Z and `fg` are no signals that end a write to a slow pager."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    server = subprocess.Popen(
        [sys.executable, "-m", "chatd", "--port", str(port), "-v"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=write,
        stderr=subprocess.PIPE,
    )
    os.close(write)
    assert b"listening" in os.read(read, 100)
    assert server.stderr
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(wire.hello())
        assert wire.receive(client)[0] == wire.HELLO
        client.sendall(wire.text(1, "x" * 4096) + wire.bye(1))
        while b"< TEXT" not in server.stderr.readline():
            pass  # what comes next is the write that has to wait for us
        for number in (signal.SIGSTOP, signal.SIGCONT):
            server.send_signal(number)
        # The span in which it must not give up: longer than BLOCKED_SECONDS.
        assert select.select([client], [], [], 1.2)[0] == []
        shown = b""
        while not shown.endswith(b"x\n"):
            shown += os.read(read, 4096)
        assert [wire.receive(client)[0] for _ in range(2)] == [wire.ACK, wire.BYE]
    server.communicate(timeout=PATIENCE)
    os.close(read)
    assert server.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_screen_that_blocks_after_a_signal_does_not_keep_the_program(
    port: int, number: signal.Signals
) -> None:
    """The goodbye is said, and then the messages that were on their way find no room."""
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
    server = subprocess.Popen(
        [sys.executable, "-m", "chatd", "--port", str(port), "--mode", "free"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=write,
        stderr=subprocess.PIPE,
    )
    os.close(write)
    assert b"listening" in os.read(read, 100)
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(wire.hello())
        assert wire.receive(client)[0] == wire.HELLO
        server.send_signal(number)
        assert wire.receive(client)[:2] == (wire.BYE, 0)
        client.sendall(wire.text(1, "x" * 8192))
        # 0.7 s for our BYE, and a second in which the pipe might have been read.
        server.wait(3)
    server.communicate()
    os.close(read)
    assert server.returncode == 128 + number


def end_unsent(path: Path, port: int, text: str) -> tuple[int, list[str]]:
    """Let a client leave before the server can send its file; return code and notices."""
    path.write_text(text)
    with open(path) as source:
        server = subprocess.Popen(
            [sys.executable, "-m", "chatd", "--port", str(port)],
            cwd=ROOT,
            stdin=source,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
    client = subprocess.run(
        [sys.executable, "-m", "chatc", "--port", str(port)],
        cwd=ROOT,
        input="/q\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    _, errors = server.communicate(timeout=PATIENCE)
    assert client.returncode == 0
    return server.returncode, errors.splitlines()


@pytest.mark.parametrize("count", [2, 30_000])
def test_a_file_that_was_not_sent_is_listed_and_costs_the_exit_code(
    tmp_path: Path, port: int, count: int
) -> None:
    """The first lines are listed, then the fact that there were more."""
    lines = [f"line {number}" for number in range(count)]
    code, told = end_unsent(tmp_path / "lines", port, "\n".join(lines))
    assert code == 1
    assert told[1:3] == ["Never sent: line 0", "Never sent: line 1"]
    assert (told[-1] == "Never sent either: the rest of the input.") == (count > 2)
    assert len(told) == (3 if count == 2 else LISTED + 3)  # the goodbye stays in sight


@pytest.mark.parametrize(
    ("text", "code"),
    [("\n\n", 0), ("\n" * 70_000 + "end", 1)],
    ids=["two empty lines", "more than one read of them"],
)
def test_empty_lines_that_were_not_sent_are_no_loss(
    tmp_path: Path, port: int, text: str, code: int
) -> None:
    """A line that may follow them is."""
    ended, told = end_unsent(tmp_path / "lines", port, text)
    assert ended == code
    assert len(told) == 1 + code  # the goodbye, and that more was never sent


@pytest.mark.parametrize(
    ("errors", "typed"),
    [("a pipe", b"\n"), ("the terminal", b"\n"), ("the terminal", b"")],
    ids=["Enter, stderr a pipe", "Enter", "nothing typed"],
)
def test_a_screen_that_closes_while_the_prompt_stands_is_reported_once(
    errors: str, typed: bytes
) -> None:
    """stdin is a terminal, stdout a pipe whose reader has gone."""
    keyboard, terminal = pty.openpty()
    read, write = os.pipe()
    server = subprocess.Popen(
        [sys.executable, "-m", "chatd", "--port", "0"],
        cwd=ROOT,
        stdin=terminal,
        stdout=write,
        stderr=subprocess.PIPE if errors == "a pipe" else terminal,
    )
    os.close(write)
    port = int(os.read(read, 100).rpartition(b" ")[2])
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        client.sendall(wire.hello() + wire.text(1, "Hello"))
        shown = b""
        while not shown.endswith(b">"):
            shown += os.read(read, 1000)
        os.close(read)
        os.write(keyboard, typed)
        kinds = [wire.receive(client)[0] for _ in range(3)]
        assert kinds == [wire.HELLO, wire.ACK, wire.BYE]
        client.sendall(wire.bye(1))
    _, told = server.communicate(timeout=PATIENCE)
    os.close(terminal)
    told = told or read_rest(keyboard)
    os.close(keyboard)
    assert server.returncode == 128 + signal.SIGPIPE
    assert [*filter(None, told.decode().splitlines())] == [
        "chatd: the screen was closed (Broken pipe)",
        "Goodbye: you left.",
    ]


def read_rest(keyboard: int) -> bytes:
    """Return what was written to a terminal that was closed since."""
    data = b""
    with suppress(OSError):  # EIO: that was all
        while piece := os.read(keyboard, 1000):
            data += piece
    return data


def test_a_long_pipe_arrives_whole_and_in_order(tmp_path: Path, port: int) -> None:
    """20,000 lines go into one program and come out of the other."""
    lines = [f"{number} " + "x" * (number % 80) for number in range(20_000)]
    (tmp_path / "lines").write_text("\n".join(lines))
    with open(tmp_path / "out", "wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "chatd", "--port", str(port), "--mode", "free"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=out,
        )
    with open(tmp_path / "lines") as source:
        client = subprocess.run(
            [sys.executable, "-m", "chatc", "--port", str(port)],
            cwd=ROOT,
            stdin=source,
            capture_output=True,
            timeout=60,
        )
    server.communicate(timeout=PATIENCE)
    assert (client.returncode, server.returncode) == (0, 0)
    assert client.stderr.endswith(
        b"Goodbye: you left; your 20000 messages were delivered.\n"
    )
    shown = (tmp_path / "out").read_text().splitlines()
    assert [line for line in shown if line.startswith("client: ")] == [
        f"client: {line}" for line in lines
    ]


# The shell that a program was started from.


@pytest.fixture
def shell(play: Play) -> Iterator["pexpect.spawn[str]"]:
    """Return an interactive shell in which a client talks to a server on the stage."""
    stage = play(LISTENING)
    environment = {"PATH": os.environ["PATH"], "PS1": "$ ", "TERM": "dumb", "HOME": "/"}
    child = pexpect.spawn(
        "bash",
        ["--norc", "--noprofile", "-i"],
        cwd=str(ROOT),
        env=environment,
        encoding="utf-8",
        timeout=PATIENCE,
    )
    child.delaybeforesend = None
    with closing(child):
        child.expect_exact("$ ")
        child.sendline(f"'{sys.executable}' -m chatc --port {stage.port}; echo code=$?")
        child.expect_exact("Enter message to send...\r\n>")
        yield child


def test_nothing_half_typed_reaches_the_shell(
    play: Play, shell: "pexpect.spawn[str]"
) -> None:
    """A line that was being typed when the peer left must not become a command."""
    shell.send("echo half a command")
    shell.expect_exact("half a command")
    play("server>> /q\nserver: exits 0")
    shell.expect_exact("code=0\r\n$ ")
    shell.sendline("echo whole")
    shell.expect_exact("echo whole\r\nwhole\r\n$ ")


def test_the_shell_keeps_a_blocking_stdin(play: Play, shell: "pexpect.spawn[str]") -> None:
    """`cat` after the chat would fail with EAGAIN on a stdin that was left nonblocking."""
    play("server>> /q\nserver: exits 0")
    shell.expect_exact("code=0\r\n$ ")
    shell.sendline(
        f"'{sys.executable}' -c 'import os; print(*map(os.get_blocking, range(3)))'"
    )
    shell.expect_exact("True True True\r\n$ ")
    shell.sendline("sh -c 'echo ready; cat'")
    shell.expect_exact("ready\r\n")
    shell.sendline("still here")
    shell.expect_exact("still here\r\nstill here\r\n")


def test_stopped_and_continued_the_chat_goes_on(
    play: Play, shell: "pexpect.spawn[str]"
) -> None:
    """Ctrl-Z, then `fg`, in the middle of a talk."""
    shell.send("\x1a")
    shell.expect("Stopped.*code=148\r\n\\$ ")
    shell.sendline("fg")
    shell.expect_exact("chatc")
    shell.sendline("Hello")
    play("server< Hello\nserver> /q\nserver: exits 0")
    shell.expect_exact("Goodbye: the server left; your message was delivered.\r\n$ ")


def test_a_server_in_the_background_ends_at_a_signal(
    shell: "pexpect.spawn[str]",
) -> None:
    """It leaves the terminal alone: touching that from the background would stop it."""
    shell.sendline("/q")
    shell.expect_exact("code=0\r\n$ ")
    shell.sendline(f"'{sys.executable}' -m chatd --port 0 & echo job=$!=; sleep 1000")
    shell.expect("job=([0-9]+)=\r\n")
    server = int(shell.match[1])  # type: ignore[index]
    shell.expect("listening on: localhost on port: [0-9]+\r\n")
    os.kill(server, signal.SIGTERM)
    shell.expect_exact("Goodbye: you left before anybody came.")
    shell.send("\x03")
    shell.expect_exact("$ ")
    shell.sendline(f"wait {server}; echo code=$?")
    shell.expect_exact("code=143\r\n")


# The cost of waiting.


@counted
@pytest.mark.parametrize(("terminal", "limit"), [("plain", 20), ("edited", 40)])
def test_an_idle_server_and_client_never_wake_up_and_take_little_memory(
    terminal: str, limit: float, tmp_path: Path
) -> None:
    """Nothing happens, so nothing runs. `make bench` counts over 60 seconds."""
    lines = "client> Hello\nserver< Hello\nserver> Hi\nclient< Hi\nclient: asks"
    with Stage(tmp_path, terminal=terminal) as stage:
        perform(stage, Script.parse("idle", lines))
        processes = [player.process for player in stage.players.values()]
        # Both come to rest; the editor waits a second for what may follow an Escape.
        select.select([], [], [], 2.5 if terminal == "edited" else 0.2)
        before = [switches(process) for process in processes]
        select.select([], [], [], 2)  # the span that is measured, not a wait for something
        assert [switches(process) for process in processes] == before
        assert all(memory(process) < limit for process in processes)
        perform(stage, Script.parse("idle", "client> /q\nclient: exits 0\nserver: exits 0"))


# The parts of a program, in this process.


class Notes(Terminal):
    """A terminal that records its calls and runs the loop."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.unsent: tuple[list[str], bool] = [], False
        self.told: list[str] = []
        self.calls: list[str] = []

    def start(
        self, typed: Callable[[deque[str]], None], input_ended: Callable[[], None]
    ) -> None:
        """Record it."""
        self.calls.append("start")

    def run(self) -> None:
        """Run the loop."""
        self._loop.run()

    @property
    def hung_up(self) -> bool:
        """Whether the terminal was closed: never."""
        return False

    def refresh(
        self, asking: bool, accepting: bool, describe: Callable[[], tuple[str, ...]]
    ) -> None:
        """Do nothing."""

    def show_status(self, describe: Callable[[], tuple[str, ...]]) -> None:
        """Do nothing."""

    def begin_line(self) -> None:
        """Do nothing."""

    def notify(self, text: str) -> None:
        """Record it."""
        self.told.append(text)

    def remove_prompt(self) -> None:
        """Record it."""
        self.calls.append("remove prompt")

    def resume(self) -> None:
        """Record it."""
        self.calls.append("resume")

    def take_unsent(self) -> tuple[list[str], bool]:
        """Return what the test has set."""
        return self.unsent

    def close(self) -> None:
        """Record it."""
        self.calls.append("close")


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator["Callable[..., Program]"]:
    """Return a function that makes a program without a terminal; close them all."""
    monkeypatch.setattr(program_module, "open_terminal", lambda loop, *_: Notes(loop))
    monkeypatch.setattr(program_module, "is_pipe", lambda fd: False)
    made: list[Program] = []

    def make(command: str, *arguments: str, loop: Loop | None = None) -> Program:
        settings = read_settings(command, "", arguments, {"HOME": "/"})
        role = "server" if command == "chatd" else "client"
        made.append(Program(command, role, settings, loop))
        return made[-1]

    yield make
    for each in made:
        each.close()
    gc.unfreeze()


Make = Callable[..., Program]


def notes_of(program: Program) -> Notes:
    """Return the terminal of a program, which records its calls."""
    assert isinstance(program.terminal, Notes)
    return program.terminal


@pytest.mark.parametrize(
    ("command", "option", "activity"),
    [("chatd", "--keep", "waiting for it"), ("chatc", "--retry", "trying again")],
    ids=["server", "client"],
)
def test_every_talk_has_a_recovery_of_its_own(
    make: Make, command: str, option: str, activity: str
) -> None:
    """With the time of this program's setting; the chat sets its callback."""
    program = make(command, option, "7")
    first = program.recovery
    assert (first.seconds, first.activity) == (7, activity)
    assert first.expired == program.chat.stop_searching
    program.new_chat()
    assert program.recovery is not first
    assert program.recovery.expired == program.chat.stop_searching


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((), "server"), (("--name", "Ann"), "Ann")],
    ids=["role", "name"],
)
def test_a_program_is_named_by_its_settings_or_else_by_its_role(
    make: Make, arguments: tuple[str, ...], name: str
) -> None:
    """That is what the peer sees."""
    assert make("chatd", *arguments).name == name


def test_the_end_of_a_talk_ends_the_program_with_its_code(make: Make) -> None:
    """`run` returns it, after the chat was started."""
    program = make("chatc")
    program.loop.call_later(0, lambda: program.end_talk(3, False))
    assert program.run() == 3
    assert notes_of(program).calls == ["start"]
    assert notes_of(program).told == []


def test_the_garbage_collector_is_on_during_the_talk(make: Make) -> None:
    """The programs turn it off while they import their modules."""
    program = make("chatd")
    seen: list[bool] = []
    program.loop.call_later(0, lambda: seen.append(gc.isenabled()))
    program.loop.call_later(0, lambda: program.end_talk(0, False))
    gc.disable()
    try:
        program.run()
    finally:
        gc.enable()
    assert seen == [True]


@pytest.mark.parametrize("by_us", [False, True], ids=["the peer leaves", "we leave"])
def test_with_again_the_next_talk_begins_unless_it_was_us_who_left(
    make: Make, by_us: bool
) -> None:
    """It has a new chat; the old one is not touched any more."""
    program = make("chatd")
    old = program.chat
    chats: list[Chat] = []
    program.again = lambda: chats.append(program.chat)
    program.end_talk(1, by_us)
    assert program.code == (1 if by_us else None)
    assert chats == ([] if by_us else [program.chat])
    assert (program.chat is old) == by_us


def test_without_again_the_talk_is_the_last(make: Make) -> None:
    """The program ends, whoever has left."""
    program = make("chatd")
    program.end_talk(0, False)
    assert program.code == 0


@pytest.mark.parametrize("person", [False, True], ids=["a pipe", "a person"])
def test_lines_that_were_never_sent_are_listed_and_cost_a_pipe_its_exit_code(
    make: Make, person: bool
) -> None:
    """A person sees them; a script sees only the code."""
    program = make("chatc")
    notes = notes_of(program)
    notes.interactive = person
    notes.unsent = ["one", "two"], True
    program.end_talk(0, True)
    assert notes.told == [
        "Never sent: one",
        "Never sent: two",
        "Never sent either: the rest of the input.",
    ]
    assert program.code == (Exit.GOODBYE if person else Exit.LOST)


def test_lines_that_were_never_sent_do_not_hide_the_code_of_a_signal(make: Make) -> None:
    """128 + n stays."""
    program = make("chatc")
    notes_of(program).unsent = ["one"], False
    program.end_talk(143, True)
    assert program.code == 143


def test_an_error_without_a_talk_ends_the_program_with_its_sentence(make: Make) -> None:
    """The command is named, as a shell does."""
    program = make("chatc")
    program.fail(StartError("no server there"))
    assert program.code == Exit.START
    assert notes_of(program).told == ["chatc: no server there"]


def open_link(trace: Trace) -> Link:
    """Return the link of a client."""
    return make_client(trace)


def test_a_new_connection_has_said_hello_and_has_five_seconds_for_the_answer(
    make: Make,
) -> None:
    """After that time it is closed."""
    clock = Clock()
    program = make("chatc", loop=Loop(clock))
    near, far = socket_pair()
    with far:
        connection = program.open_connection(near, "there", Owner(), "CONNECTED", open_link)
        assert wire.receive(far)[0] == wire.HELLO
        move(program.loop, clock, HELLO_SECONDS - 0.001)
        assert near.fileno() != -1
        move(program.loop, clock, 0.001)
        assert near.fileno() == -1
        assert connection.link.state is State.LOST
        assert connection._trace is silent  # which costs nothing
    assert notes_of(program).told == []  # nothing was logged


def test_the_frame_log_numbers_the_connections_and_says_how_they_came_to_be(
    make: Make,
) -> None:
    """The second has its number behind the name."""
    program = make("chatd", "-v")
    for _ in range(2):
        near, far = socket_pair()
        with far:
            program.open_connection(near, "1.2.3.4", Owner(), "ACCEPTED", open_link).close()
    told = [line.partition(" ")[2] for line in notes_of(program).told]
    assert [line for line in told if "ACCEPTED" in line] == [
        "server = ACCEPTED 1.2.3.4",
        "server#2 = ACCEPTED 1.2.3.4",
    ]
    assert [line for line in told if "> HELLO" in line]


# Signals and a closed screen, in this process.


def test_a_signal_ends_the_talk_and_sigcont_restores_the_terminal(make: Make) -> None:
    """The chat that is current gets the signal, not the one that was wired first."""
    program = make("chatd")
    first = program.chat
    program.loop.call_later(0, program.new_chat)
    program.loop.call_later(0, lambda: os.kill(os.getpid(), signal.SIGCONT))
    program.loop.call_later(0.05, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert program.run() == 128 + signal.SIGTERM
    notes = notes_of(program)
    assert notes.calls == ["start", "resume", "remove prompt"]
    assert notes.told == ["Goodbye: you left before anybody came."]
    assert not first.is_leaving


def test_two_signals_at_once_end_the_talk_once(make: Make) -> None:
    """A session that ends may send SIGTERM and SIGHUP: one goodbye is shown."""
    program = make("chatd")

    def kill() -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)

    program.loop.call_later(0, kill)
    program.run()
    assert notes_of(program).told == ["Goodbye: you left before anybody came."]


def test_the_signals_of_another_system_are_those_that_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """macOS has no real-time signals, and ignores SIGIO by default."""
    stopping = program_module._stopping()
    assert {signal.SIGQUIT, signal.SIGIO, signal.SIGRTMIN + 1} <= {*stopping}
    assert signal.SIGSEGV not in stopping
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.delattr(signal, "SIGRTMIN")
    monkeypatch.delattr(signal, "SIGRTMAX")
    monkeypatch.delattr(signal, "SIGPWR")
    found = program_module._stopping()
    assert {*stopping} - {*found} == {
        signal.SIGIO,
        30,  # SIGPWR on Linux
        *range(34, 65),
    }


def test_a_signal_that_the_parent_ignores_has_no_handler(make: Make) -> None:
    """`nohup` has made it so."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        program = make("chatd")
        program.loop.call_later(0, lambda: os.kill(os.getpid(), signal.SIGHUP))
        program.loop.call_later(0.05, lambda: program.end_talk(0, True))
        assert program.run() == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def close_screen() -> None:
    """Raise what a write to a closed screen raises."""
    raise ScreenClosedError("the screen was closed (Broken pipe)")


CLOSED = [
    "chatd: the screen was closed (Broken pipe)",
    "Goodbye: you left before anybody came.",
]


def test_a_closed_screen_ends_the_program_like_sigpipe(make: Make) -> None:
    """Once, however often a write fails; the prompt is not restored."""
    program = make("chatd")
    for _ in range(2):
        program.loop.call_later(0, close_screen)
    assert program.run() == 128 + signal.SIGPIPE
    assert notes_of(program).told == CLOSED
    assert notes_of(program).calls[:2] == ["start", "remove prompt"]
    assert program.chat._screen_closed  # so that it acknowledges nothing more


def test_an_error_of_the_system_before_a_talk_comes_out_of_run(make: Make) -> None:
    """The program could not begin its work, and says so."""
    program = make("chatd")

    def fail() -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    program.loop.call_later(0, fail)
    with pytest.raises(OSError, match="Cannot allocate memory"):
        program.run()


@pytest.mark.parametrize("failures", [1, 2])
def test_an_error_of_the_system_ends_a_talk_with_what_was_not_confirmed(
    make: Make, failures: int
) -> None:
    """The peer is told; at the second error nothing is waited for any more."""
    program = make("chatc", "--retry", "0")
    near, far = socket_pair()

    def begin() -> None:
        owner = Owner()
        connection = program.open_connection(near, "there", owner, "CONNECTED", open_link)
        session, server = connection.link.session, make_server()
        far.settimeout(PATIENCE)
        server.receive_data(far.recv(1000))
        assert server.next_event()
        server.welcome()
        far.sendall(server.data_to_send())
        while not session.can_talk:
            program.loop.turn()
        program.chat.begin(connection, "connected")
        connection.lift_deadline()
        program.chat.typed(deque(["Hello?"]))
        for _ in range(failures):
            program.loop.call_later(0, fail)

    def fail() -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    program.loop.call_later(0, begin)
    with far:
        assert program.run() == Exit.LOST
        told = notes_of(program).told
        assert told[0] == "chatc: the chat cannot go on: Cannot allocate memory"
        assert told[1].endswith("your message was not confirmed.")
        assert told[2:] == ["Not confirmed: Hello?"]
        frames = wire.split(wire.receive_all(far))
        assert frames[-1] == (wire.BYE, 1, bytes([wire.STOPPED]) + b"its system failed")


def test_a_signal_that_comes_with_the_closed_screen_is_the_reason(make: Make) -> None:
    """It is handled first, and its number is the exit code."""
    program = make("chatd")

    def kill() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        close_screen()

    program.loop.call_later(0, kill)
    assert program.run() == 128 + signal.SIGTERM


def test_a_reader_that_closes_our_stdout_is_noticed_without_a_write(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe whose reader is gone becomes readable on our end."""
    read, write = os.pipe()
    monkeypatch.setattr(program_module, "STDOUT", write)
    monkeypatch.setattr(program_module, "is_pipe", is_pipe)
    program = make("chatd")
    program.loop.call_later(0, lambda: os.close(read))
    assert program.run() == 128 + signal.SIGPIPE
    assert notes_of(program).told == CLOSED
    os.close(write)


# Which terminal a program opens.


@pytest.fixture
def terminals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list of the kinds of terminal that were opened; sit at a good one."""
    opened: list[str] = []

    class Plain(Terminal):
        def __init__(self, *_: object, **options: object) -> None:
            opened.append(f"plain {sorted(options)}")

    class Edited(Terminal):
        def __init__(self, *_: object, **options: object) -> None:
            assert options["commands"] is COMPLETIONS
            opened.append("edited")

    module = types.ModuleType("chatlib.terminal.edited")
    module.Edited = Edited  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "chatlib.terminal.edited", module)
    monkeypatch.setattr(program_module, "Plain", Plain)
    monkeypatch.setattr(os, "isatty", lambda fd: True)
    monkeypatch.setenv("TERM", "xterm")
    return opened


def test_the_words_behind_a_command_are_the_games() -> None:
    """Behind /play alone; they are looked for when somebody asks."""
    assert [*list_words("/play")][:2] == [*game_names()][:2]
    assert not list_words("/say")


def open_one(*arguments: str) -> None:
    """Open the terminal that these arguments ask for."""
    loop = Loop()
    open_terminal(loop, read_settings("chatc", "", arguments, {"HOME": "/"}), "client")
    loop.close()


PLAIN = "plain ['bell', 'timestamps']"


def test_a_person_at_a_real_terminal_gets_the_editor(terminals: list[str]) -> None:
    """With --plain not."""
    open_one()
    open_one("--plain")
    assert terminals == ["edited", PLAIN]


def test_for_a_screen_reader_nothing_is_painted() -> None:
    """Wherever one sits, and with --plain too."""
    loop = Loop()
    settings = read_settings("chatc", "", ("--reader", "--plain"), {"HOME": "/"})
    terminal = open_terminal(loop, settings, "client")
    assert type(terminal).__name__ == "Reader"
    terminal.close()
    loop.close()


@pytest.mark.parametrize("term", ["", "dumb", "unknown"])
def test_a_terminal_that_can_only_print_gets_no_editor(
    terminals: list[str], monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    """It could not show one."""
    monkeypatch.setenv("TERM", term)
    open_one()
    assert terminals == [PLAIN]


@pytest.mark.parametrize("pipe", [0, 1], ids=["stdin", "stdout"])
def test_a_pipe_gets_no_editor(
    terminals: list[str], monkeypatch: pytest.MonkeyPatch, pipe: int
) -> None:
    """Neither to read from nor to write to."""
    monkeypatch.setattr(os, "isatty", lambda fd: fd != pipe)
    open_one()
    assert terminals == [PLAIN]


def hide(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Let the import of the editor fail, because this module is missing."""
    monkeypatch.delitem(sys.modules, "chatlib.terminal.edited")
    imported = builtins.__import__

    def find(name: str, *arguments: Any) -> Any:
        if name == "chatlib.terminal.edited":
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
        return imported(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", find)


@pytest.mark.parametrize("missing", ["prompt_toolkit.input", "wcwidth"])
def test_without_the_libraries_of_the_editor_the_plain_terminal_serves(
    terminals: list[str], monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Both programs run on the standard library alone."""
    hide(monkeypatch, missing)
    open_one()
    assert terminals == [PLAIN]


def test_a_module_of_ours_that_is_missing_is_an_error(
    terminals: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken installation must not pass for one without an editor."""
    hide(monkeypatch, "chatlib.terminal.history")
    with pytest.raises(ModuleNotFoundError):
        open_one()
    assert terminals == []


# From the command line to the exit code, in this process.


@pytest.fixture
def closed(make: Make, monkeypatch: pytest.MonkeyPatch) -> list[Program]:
    """Return a list of the programs that were closed."""
    closed: list[Program] = []
    close = Program.close

    def note(program: Program) -> None:
        closed.append(program)
        close(program)

    monkeypatch.setattr(Program, "close", note)
    return closed


def test_run_returns_the_exit_code_and_closes_the_program(closed: list[Program]) -> None:
    """Its terminal too."""

    def begin(program: Program) -> None:
        program.loop.call_later(0, lambda: program.end_talk(4, False))

    assert run_program("chatc", "client", "", begin, []) == 4
    (program,) = closed
    assert notes_of(program).calls == ["start", "close"]


ERRORS = {
    "an error of ours": (StartError("no \x1b there"), "chatc: no ^[ there", Exit.START),
    "a system error": (
        OSError(errno.EMFILE, "Too many open files"),
        "chatc: Too many open files",
        Exit.START,
    ),
}


@pytest.mark.parametrize(("error", "sentence", "code"), ERRORS.values(), ids=ERRORS)
def test_an_error_at_the_beginning_is_one_visible_sentence_and_a_code(
    closed: list[Program],
    capfd: pytest.CaptureFixture[str],
    error: Exception,
    sentence: str,
    code: int,
) -> None:
    """The program is closed before it is reported."""

    def begin(program: Program) -> None:
        raise error

    assert run_program("chatc", "client", "", begin, []) == code
    assert capfd.readouterr().err == f"{sentence}\n"
    assert len(closed) == 1


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (40, ["chatc: --port: expected a whole number,", "    not 'x'"]),
        (0, ["chatc: --port: expected a whole number, not 'x'"]),
    ],
    ids=["a narrow window", "a terminal whose size nobody has set"],
)
def test_a_sentence_fits_the_window_that_it_is_written_to(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    columns: int,
    rows: list[str],
) -> None:
    """It is broken at blanks alone, so that what is to be typed can be copied."""

    def no_begin(program: Program) -> None:
        pytest.fail("begun")

    size = os.terminal_size((columns, 24))
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: size)
    assert run_program("chatc", "client", "", no_begin, ["--port", "x"]) == Exit.USAGE
    assert capfd.readouterr().err.splitlines() == rows


def test_what_a_file_may_not_set_is_told_before_the_program_begins(
    closed: list[Program],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The file in the current folder names no host."""
    (tmp_path / "chat.toml").write_text("host = 'elsewhere.example'\n")
    monkeypatch.chdir(tmp_path)

    def begin(program: Program) -> None:
        raise StartError(f"it is {program.settings.host}")

    assert run_program("chatc", "client", "", begin, []) == Exit.START
    told, ended = capfd.readouterr().err.splitlines()
    assert told.startswith("chatc: chat.toml in this folder cannot set 'host': ")
    assert ended == "chatc: it is localhost"
    assert len(closed) == 1


def test_a_wrong_call_does_not_make_a_program(
    closed: list[Program], capfd: pytest.CaptureFixture[str]
) -> None:
    """The sentence names the option."""

    def begin(program: Program) -> None:
        pytest.fail("begun")

    assert run_program("chatc", "client", "", begin, ["--port", "x"]) == Exit.USAGE
    assert capfd.readouterr().err == "chatc: --port: expected a whole number, not 'x'\n"
    assert closed == []
