"""Both programs from the outside: wrong calls, every door, closed streams, no noise.

Conversation files show the common cases; here are those that no conversation has.
"""

import fcntl
import os
import pty
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pexpect
import pytest

from harness import wire
from harness.script import Script
from harness.stage import PATIENCE, ROOT, Stage
from tests.conftest import Play, perform
from tests.processes import counted, memory, switches

PROGRAMS = ("chatd", "chatc")
LISTENING = "server< Server listening on: localhost on port: {port}"
DOORS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(program: str, *arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, without a terminal."""
    environment = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": "/nonexistent", **options}
    return subprocess.run(
        [sys.executable, "-m", program, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


# The command line.


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "70000"], "--port: expected a port from 0 to 65535, not '70000'"),
        (["--port", "-1"], "--port: expected a port from 0 to 65535, not '-1'"),
        (["--port", "http"], "--port: expected a whole number, not 'http'"),
        (["--port"], "argument --port: expected one argument; '{0} --help' lists what"),
        (["--speed", "9"], "unrecognized arguments: --speed 9; '{0} --help' lists what"),
        (["7777"], "unrecognized arguments: 7777; '{0} --help' lists what there is"),
        (["--host", ""], "--host: expected the name or address of a host, not ''"),
        (["--name", ""], "--name: expected 1 to 127 bytes, not ''"),
        (["--config", "/nonexistent/x.toml"], "/nonexistent/x.toml: No such file"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_code_2(
    program: str, arguments: list[str], says: str
) -> None:
    """It names the option and what to do."""
    ended = run(program, *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"{program}: {says.format(program)}")
    assert ended.stderr.count("\n") == 1


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
    """Not the option, which nobody has typed."""
    ended = run(program, CHAT_PORT="many")
    assert ended.returncode == 2
    assert ended.stderr == f"{program}: CHAT_PORT: expected a whole number, not 'many'\n"


def test_an_unknown_host_is_exit_code_3() -> None:
    """For the server too."""
    ended = run("chatd", "--host", "no-such-host.invalid")
    assert ended.returncode == 3
    assert ended.stderr.startswith("chatd: there is no host no-such-host.invalid (")


# Doors: every signal, in every state.


@pytest.mark.parametrize("number", DOORS, ids=lambda number: number.name)
@pytest.mark.parametrize("actor", ["server", "client"])
def test_a_signal_while_waiting_for_the_other_ends_at_once(
    play: Play, actor: str, number: signal.Signals
) -> None:
    """Exit code 128 + n; nobody had to be told."""
    play(LISTENING if actor == "server" else "client: starts\nclient! No server{any}")
    play(f"{actor}: gets {number.name}")
    play(f"{actor}! Goodbye: you left before anybody came.\n{actor}: exits {128 + number}")


@pytest.mark.parametrize("number", DOORS, ids=lambda number: number.name)
@pytest.mark.parametrize("actor", ["server", "client"])
@pytest.mark.parametrize("turn", ["its", "the other's"])
def test_a_signal_during_the_chat_says_goodbye(
    play: Play, actor: str, number: signal.Signals, turn: str
) -> None:
    """The other side is told which signal, and ends with 0."""
    other = "client" if actor == "server" else "server"
    play("client> Hello\nserver< Hello")
    if (turn == "its") == (actor == "client"):
        play("server> Hi\nclient< Hi")
    play(f"{actor}: gets {number.name}\n{actor}: exits {128 + number}")
    play(f"{other}! Goodbye: the {actor} left{{any}} Last words: stopped by {number.name}")
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


# Streams that are not there.


def start_server(
    *arguments: str, stdout: int | None = None
) -> tuple[subprocess.Popen[bytes], int]:
    """Start a server without a terminal; learn its port from its frame log's banner."""
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
    """`chatd | head -1`: the banner was read, and then nobody reads any more."""
    server, _ = start_server()
    _, errors = server.communicate(timeout=PATIENCE)
    assert server.returncode == 128 + signal.SIGPIPE
    lines = errors.decode().splitlines()
    assert lines[0] == "chatd: the screen was closed (Broken pipe)"
    assert lines[1:] == ["Goodbye: you left before anybody came."]


def test_a_full_disk_under_stdout_is_said() -> None:
    """There is nothing that could be shown, so the server does not even begin."""
    with open("/dev/full", "w") as full:
        server, _ = start_server(stdout=full.fileno())
        _, errors = server.communicate(timeout=PATIENCE)
    assert server.returncode == 128 + signal.SIGPIPE
    assert errors.startswith(b"chatd: the screen was closed (No space left on device)\n")


@pytest.fixture
def port() -> Iterator[int]:
    """A port that nobody else is given, and that a server may bind all the same."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_from_the_beginning_harms_nobody(
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
    """It stands in a write that never ends, and is got out of it; the client is told."""
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
def test_a_pause_of_the_reader_is_waited_for(port: int) -> None:
    """Stopped and continued, as by Ctrl-Z and `fg`, the server still waits for a pager."""
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


def end_unsent(path: Path, port: int, text: str) -> tuple[int, list[str]]:
    """Let a client leave before the server's file can be sent; give code and notices."""
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
def test_a_file_that_was_not_sent_is_said_and_told_by_the_exit_code(
    tmp_path: Path, port: int, count: int
) -> None:
    """The first lines of it one by one, and that there were more."""
    lines = [f"line {number}" for number in range(count)]
    code, told = end_unsent(tmp_path / "lines", port, "\n".join(lines))
    assert code == 1
    assert told[1:3] == ["Never sent: line 0", "Never sent: line 1"]
    assert (told[-1] == "Never sent either: what came after that.") == (count > 2)


@pytest.mark.parametrize(("text", "code"), [("\n\n", 0), ("\n" * 70_000 + "end", 1)])
def test_empty_lines_that_were_not_sent_are_no_loss(
    tmp_path: Path, port: int, text: str, code: int
) -> None:
    """But what may stand behind them is."""
    ended, told = end_unsent(tmp_path / "lines", port, text)
    assert ended == code
    assert len(told) == 1 + code  # the goodbye, and that more was never sent


@pytest.mark.parametrize(
    ("errors", "typed"), [("a pipe", b"\n"), ("the terminal", b"\n"), ("the terminal", b"")]
)
def test_a_screen_that_closes_while_the_prompt_stands_is_said_once(
    errors: str, typed: bytes
) -> None:
    """stdin is a terminal, stdout a pipe that nobody reads any more."""
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
    """Read what was written to a terminal that nobody holds any more."""
    data = b""
    with suppress(OSError):  # EIO: that was all
        while piece := os.read(keyboard, 1000):
            data += piece
    return data


def test_a_long_pipe_arrives_whole_and_in_order(tmp_path: Path, port: int) -> None:
    """20,000 lines into one program, out of the other."""
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


# The shell that started us.


@pytest.fixture
def shell(play: Play) -> Iterator["pexpect.spawn[str]"]:
    """An interactive shell in which a client talks to a server on the stage."""
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
    """A line that was being typed when the other side left must not become a command."""
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


def test_a_server_in_the_background_ends_when_it_is_told_to(
    shell: "pexpect.spawn[str]",
) -> None:
    """Without touching the terminal, which belongs to somebody else: that would stop it."""
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


# What it costs to wait.


@counted
@pytest.mark.parametrize(("terminal", "limit"), [("plain", 20), ("edited", 40)])
def test_an_idle_server_and_client_never_wake_up_and_are_small(
    terminal: str, limit: float, tmp_path: Path
) -> None:
    """No polling: nothing happens, so nothing runs. `make bench` counts 60 seconds."""
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
