"""`make` in a folder, an environment and a configuration that nobody has prepared."""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pexpect
import pyte
import pytest

from chatlib import VERSION
from harness.stage import ROOT

PYTHON = f"""\
#!/bin/sh
# Stands for an interpreter that has nothing installed. Its venv has a pip that does what
# the file `pip` says.
if [ "$2" = venv ]; then
    mkdir -p .venv/bin
    printf '#!/bin/sh\\n[ "$2" = pip ] && . ./pip\\nexec {sys.executable} -S "$@"\\n' \\
        > .venv/bin/python
    exec chmod +x .venv/bin/python
fi
exec {sys.executable} -S "$@"
"""

READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd "$1" && shift &&'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy of what the run targets need, and an interpreter of its own."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("chatd", "chatc", "chatlib"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    for name in ("Makefile", "prepare.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tree / name)
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    (tree / "pip").write_text("exit 0")
    return tree


def make(
    tree: Path,
    *arguments: str,
    before: Sequence[str] = (),
    environment: Mapping[str, str] = {},
) -> subprocess.CompletedProcess[str]:
    """Run make in a tree, in this environment and no other."""
    return subprocess.run(
        [*before, "make", *arguments],
        cwd=tree,
        env={"PATH": os.environ["PATH"]} | dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
    )


def run_server(
    tree: Path, *, before: Sequence[str] = (), environment: Mapping[str, str] = {}
) -> subprocess.CompletedProcess[str]:
    """Make the server print its version, with the tree's own interpreter."""
    python = tree.parent / "python"
    arguments = ("run-server", "ARGS=--version", f"PYTHON={python}")
    return make(tree, *arguments, before=before, environment=environment)


def test_a_mode_for_the_client_is_not_ignored_in_silence(tree: Path) -> None:
    """The server has it, and the client follows: nobody is to wonder why it did nothing."""
    arguments = ("ARGS=--version", f"PYTHON={tree.parent / 'python'}")
    told = "make: MODE is for run-server: the client takes it from there."
    with_mode = make(tree, "run-client", "MODE=free", *arguments)
    assert told in with_mode.stderr.splitlines()
    assert (with_mode.returncode, with_mode.stdout) == (0, f"chatc {VERSION}\n")
    assert told not in make(tree, "run-client", *arguments).stderr.splitlines()


# The environment.

TARGETS = ("run-server", "run-client", "play", "test", "fuzz", "lint", "bench")

EXPORTED = {
    "HOST": "x86_64-conda-linux-gnu",
    "PORT": "8080",
    "MODE": "production",
    "V": "true",
    "ARGS": "--nonsense",
    "SECONDS": "17",
    "FILE": "/etc/passwd",
    "PYTHON": "/usr/bin/python2",
    "WORKERS": "99",
    "BIN": "/bin",
    "OPTIONS": "--nonsense",
    "PIP": "false",
    "RUN": "false",
    "REASON": "none",
    "CONVERSATIONS": "none",
}
"""What build tools, shells and platforms export, and the other names of the Makefile."""


@pytest.mark.parametrize("name", EXPORTED)
def test_a_variable_of_the_environment_changes_nothing(name: str, tree: Path) -> None:
    """It means something else to whoever has exported it."""
    plain = make(tree, "-n", *TARGETS)
    assert plain.returncode == 0
    assert "--host 'localhost' --port '7777'" in plain.stdout
    told = make(tree, "-n", *TARGETS, environment={name: EXPORTED[name]})
    assert told.stdout == plain.stdout


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("HOST=::1", "--host '::1'"),
        ("PORT=7000", "--port '7000'"),
        ("MODE=free", "--mode 'free'"),
        ("V=1", " -v"),
        ("V=2", " -vv"),
        ("ARGS=--again", " --again"),
        ("SECONDS=17", "tests.core.fuzz 17"),
        ("FILE=x.chat", "harness play  x.chat"),
        ("PYTHON=/opt/python", "prepare.py run '/opt/python'"),
        ("WORKERS=99", "-n 99"),
    ],
)
def test_the_command_line_of_make_changes_what_it_names(
    given: str, words: str, tree: Path
) -> None:
    """As `make help` and the README have it."""
    assert words not in make(tree, "-n", *TARGETS).stdout
    assert words in make(tree, "-n", *TARGETS, given).stdout


def test_the_bare_interpreter_finds_this_folder_whatever_the_environment_says(
    tree: Path,
) -> None:
    """PYTHONSAFEPATH would hide it."""
    (tree / "pip").write_text("exit 1")
    ended = run_server(tree, environment={"PYTHONSAFEPATH": "1"})
    assert (ended.returncode, ended.stdout) == (0, f"chatd {VERSION}\n")


LONG = {
    "test": "5 min",
    "check": "6 min",
    "mutants": "3 min",
    "pairs": "4 min",
    "bench": "12 min",
}


@pytest.mark.parametrize("target", LONG)
def test_help_says_how_long_a_target_takes_that_takes_minutes(
    target: str, tree: Path
) -> None:
    """Before one starts it and wonders."""
    lines = make(tree, "help").stdout.splitlines()
    (line,) = (each for each in lines if each.split()[0] == target)
    assert re.search(rf"takes? {LONG[target]}\b", line)


# The first time.


def test_pip_installs_into_the_venv_whatever_its_configuration_says(tree: Path) -> None:
    """`user = true` is the default of some systems."""
    (tree / "pip").write_text('echo "user: ${PIP_USER-unset}"; exit 0')
    ended = run_server(tree)
    first, last = ended.stderr.splitlines()
    assert first == "make: preparing .venv, once ..."
    assert re.fullmatch(r"make: \.venv is ready \(\d+ s\)\.", last)
    assert (ended.returncode, ended.stdout) == (0, f"chatd {VERSION}\n")
    assert (tree / ".venv/log").read_text() == "user: 0\n"
    assert run_server(tree).stderr == ""


def test_the_reason_for_no_venv_is_told_once(tree: Path) -> None:
    """It is the error that pip has written last."""
    (tree / "pip").write_text("echo Looking; echo 'ERROR: No index for x'; echo; exit 1")
    ended = run_server(tree)
    assert (ended.returncode, ended.stdout) == (0, f"chatd {VERSION}\n")
    _, reason, advice = ended.stderr.splitlines()
    assert reason == "make: no .venv: No index for x"
    assert advice.startswith(
        f"make: going on with {tree.parent}/python; for the line editor"
    )
    again = run_server(tree)
    assert (again.stdout, again.stderr) == (f"chatd {VERSION}\n", "")


def test_the_reason_for_no_venv_is_an_error_and_no_note_behind_it(tree: Path) -> None:
    """As pip has written it without a network: the error is of a pip within pip."""
    log = (
        "  error: subprocess-exited-with-error",
        "      ERROR: No matching distribution found for setuptools>=68",
        "      [end of output]",
        "  note: This error originates from a subprocess",
    )
    (tree / "pip").write_text("".join(f"echo '{line}'; " for line in log) + "exit 1")
    reason = "make: no .venv: No matching distribution found for setuptools>=68"
    assert reason in run_server(tree).stderr.splitlines()


def test_the_tests_cannot_go_on_without_their_packages(tree: Path) -> None:
    """The reason is told there, too."""
    (tree / "pip").write_text("echo 'ERROR: No index for x'; exit 1")
    ended = make(tree, "lint", f"PYTHON={tree.parent}/python")
    assert ended.returncode == 2
    assert "make: cannot install the test packages: No index for x\n" in ended.stderr


# A folder that cannot be written.


def read_only(tree: Path) -> tuple[str, ...]:
    """Return what to put before a command that shall find the tree read-only."""
    before = ("unshare", "-rm", "sh", "-ec", f'{READ_ONLY} exec "$@"', "sh", str(tree))
    if make(tree, "-v", before=before).returncode == 0:
        return before
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere, and cannot mount here")
    tree.chmod(0o555)
    return ()


def test_a_folder_that_cannot_be_written_runs(tree: Path) -> None:
    """With the bare interpreter; one line says so."""
    ended = run_server(tree, before=read_only(tree))
    assert (ended.returncode, ended.stdout) == (0, f"chatd {VERSION}\n")
    assert ended.stderr == (
        "make: no .venv: this folder cannot be written; "
        f"going on with {tree.parent}/python.\n"
    )


@pytest.mark.parametrize("prepared", [True, False], ids=["up-to-date", "outdated"])
def test_a_venv_that_somebody_else_has_made_is_used(prepared: bool, tree: Path) -> None:
    """Also if it is older than the page that says what to install."""
    run_server(tree)
    (tree / ".venv/bin/python").write_text("#!/bin/sh\necho theirs\n")
    if not prepared:
        os.utime(tree / ".venv/run", (1, 1))
    ended = run_server(tree, before=read_only(tree))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "theirs\n", "")


def test_tools_say_that_they_want_to_write(tree: Path) -> None:
    """Instead of the shell, which says which file it cannot create."""
    ended = make(tree, "lint", f"PYTHON={tree.parent}/python", before=read_only(tree))
    assert ended.returncode == 2
    assert ended.stderr.startswith("make: this folder cannot be written: ")
    assert len(ended.stderr.splitlines()) == 2


# At a terminal.

LINES, COLUMNS = 24, 160


class Window:
    """A terminal in which make runs, and what stands on its screen."""

    def __init__(self, tree: Path, *arguments: str, term: str = "xterm") -> None:
        python = f"PYTHON={tree.parent}/python"
        environment = {"PATH": os.environ["PATH"], "TERM": term, "HOME": str(tree)}
        self.make = pexpect.spawn(
            "make",
            [*arguments, python],
            cwd=str(tree),
            env=environment,
            dimensions=(LINES, COLUMNS),
            timeout=20,
        )

    def wait(self, words: str) -> None:
        """Wait until these words have been written."""
        self.make.expect_exact(words.encode())

    def end(self) -> str:
        """Wait until make has ended; return the screen since the last wait."""
        self.make.expect(pexpect.EOF)
        self.make.close()
        screen = pyte.Screen(COLUMNS, LINES)
        stream = pyte.ByteStream(screen)
        assert isinstance(self.make.before, bytes)
        stream.feed(self.make.before)
        return "\n".join(row.rstrip() for row in screen.display).rstrip()


@pytest.fixture(params=["plain", "edited"])
def prepared(request: pytest.FixtureRequest, tree: Path) -> Path:
    """Return a tree whose .venv is there already, without the line editor or with it."""
    (tree / ".venv/bin").mkdir(parents=True)
    edited = request.param == "edited"
    python = Path(sys.executable) if edited else tree.parent / "python"
    start = f'#!/bin/sh\nexec {python} "$@"\n'
    (tree / ".venv/bin/python").write_text(start)
    (tree / ".venv/bin/python").chmod(0o755)
    (tree / ".venv/run").touch()
    os.utime(tree / "pyproject.toml", (1, 1))
    return tree


@pytest.mark.parametrize("key", ["\x03", "\x04", "/q\r"], ids=["Ctrl-C", "Ctrl-D", "q"])
def test_a_goodbye_is_the_last_line_on_the_screen(key: str, prepared: Path) -> None:
    """Make gets the signal of a Ctrl-C as well."""
    window = Window(prepared, "run-server", "PORT=0")
    window.wait("Server listening")
    window.make.send(key)
    last = window.end().splitlines()[-1]
    assert last.removeprefix("- ") == "Goodbye: you left before anybody came."


def test_an_error_is_the_last_line_on_the_screen(prepared: Path) -> None:
    """It names what one types next, in make's words."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        screen = Window(prepared, "run-server", "HOST=127.0.0.1", f"PORT={port}").end()
    other = port + 1 if port < 65535 else port - 1
    assert screen == (
        f"chatd: port {port} is in use: "
        f"stop the other program or add PORT={other} to both commands"
    )


def test_a_script_gets_the_exit_code(prepared: Path) -> None:
    """Make names the program's, and ends with its own."""
    ended = make(prepared, "run-server", "ARGS=--nonsense")
    assert ended.returncode == 2
    assert re.search(r"make: \*\*\* \[.*run-server\] Error 2\n$", ended.stderr)


def test_a_signal_to_make_ends_the_program_as_well(prepared: Path) -> None:
    """Between make and the program stands no shell that would leave it behind."""
    window = Window(prepared, "run-server", "PORT=0")
    window.wait("Server listening")
    window.make.kill(signal.SIGTERM)
    assert "Goodbye: you left before anybody came." in window.end()


@pytest.fixture
def slow(tree: Path) -> Iterator[Path]:
    """Yield a tree whose pip says a step and then waits to be let go on."""
    os.mkfifo(tree / "gate")
    (tree / "pip").write_text("echo Collecting something; read line < gate; exit 0")
    yield tree


def test_a_line_moves_while_pip_works(slow: Path) -> None:
    """It shows the step and counts seconds, and it is gone at the end."""
    window = Window(slow, "run-server", "ARGS=--version")
    window.wait(" s ... Collecting something")
    window.wait(" s ... Collecting something")  # a second later
    (slow / "gate").write_text("go on\n")
    first, last = window.end().splitlines()
    assert re.fullmatch(r"make: \.venv is ready \(\d+ s\)\.", first)
    assert last == f"chatd {VERSION}"


def test_ctrl_c_erases_the_line_that_moves(slow: Path) -> None:
    """Make has the last word: here something has been interrupted."""
    window = Window(slow, "run-server", "ARGS=--version")
    window.wait(" s ... Collecting something")
    window.make.send("\x03")
    screen = window.end()
    # Where the child has ended before make hears of the signal, make 4.3 misses it, and
    # says "wait: No child processes" instead of "Interrupt".
    assert all(line.startswith("make: *** ") for line in screen.splitlines())
    (slow / "pip").write_text("exit 0")
    assert run_server(slow).stdout == f"chatd {VERSION}\n"


def test_where_nothing_can_move_lines_are_written(slow: Path) -> None:
    """A terminal without cursor movements, and a log."""
    window = Window(slow, "run-server", "ARGS=--version", term="dumb")
    window.wait("make: preparing .venv, once ...\r\n")
    (slow / "gate").write_text("go on\n")
    assert len(window.end().splitlines()) == 2


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_a_second_make_says_what_it_waits_for(term: str, tree: Path) -> None:
    """And goes on when the first has done it."""
    with (tree / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        window = Window(tree, "run-server", "ARGS=--version", term=term)
        window.wait("make: waiting for the other make, which prepares .venv")
        (tree / ".venv/bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(tree.parent / "python", tree / ".venv/bin/python")
        (tree / ".venv/run").touch()
    assert window.end().splitlines()[-1] == f"chatd {VERSION}"
    assert not (tree / ".venv/log").read_bytes()
