"""`make` in a folder, an environment and a configuration that nobody has prepared."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

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
    """It is what pip has written last."""
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
