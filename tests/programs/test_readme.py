"""Every command of the pages is typed as it stands, in a shell, in a fresh copy.

A command is a line of a code block, or inline code whose first word is a program and which
has another word. What a page tells one to type must be found and understood; that what it
starts works is what the other tests are for. TABLE says for each kind of command how it is
tried; a command that no row knows fails.
"""

import os
import re
import select
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pexpect
import pytest

from harness.stage import PATIENCE, ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]

PROGRAMS = (
    r"(?:make|chatd|chatc|python3?|pip|git|ssh|nc|stty|kill|zip|cd|mkdir|cp|\.|\.?/\w+/\S+)"
)
"""What the first word of a command is."""

CODE = re.compile(
    r"""^```(?P<kind>\w*)\n (?P<block>.*?) ^```  # a code block
    | ^[ ]{4} (?P<line>\S[^\n]*)                # an indented one, line by line
    | (?<!`) ` (?P<code>[^`]+) `                # code within a sentence""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)

ISOLATE = ("unshare", "--user", "--map-root-user", "--net", "sh", "-c")
"""A network of our own: the ports that the pages name are free there."""

START = 'ip link set lo up && exec "$@"'

CLONE = shutil.ignore_patterns(".*_cache", ".venv*", ".git", ".hypothesis", "__pycache__")


# What the pages say.


class Command(NamedTuple):
    """A command, and the page and line where it stands."""

    place: str
    text: str


def find_commands(page: Path) -> Iterator[Command]:
    """Yield the commands of a page, in the order in which they stand there."""
    text = page.read_text("utf-8")
    # What `make docs` has made is output, of commands that its own tests run.
    text = re.sub(r"<!-- made by .*?<!-- end -->", blank, text, flags=re.DOTALL)
    for match in CODE.finditer(text):
        place = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, match.start()) + 1}"
        for command in read_commands(match):
            yield Command(place, command)


def blank(match: re.Match[str]) -> str:
    """Return as many lines, so that the numbers of those behind stay right."""
    return "\n" * match[0].count("\n")


def read_commands(match: re.Match[str]) -> Iterator[str]:
    """Yield the commands of a block, of an indented line or of inline code."""
    if match["block"] is not None:
        lines = match["block"].splitlines() if match["kind"] in ("", "sh") else []
    else:
        # Inline code goes on in the next line; in a table `|` is written as `\|`.
        code = " ".join((match["line"] or match["code"]).split()).replace("\\|", "|")
        # A single word in a sentence is a name.
        end = r"( \S|$)" if match["line"] else r" \S"
        lines = [code] if re.match(PROGRAMS + end, code) else []
    for line in lines:
        for command in re.sub(r"\s#\s.*", "", line).split(" && "):
            if command.strip():
                yield command.strip()


# How a command is tried.


class Shell:
    """A shell at a terminal, in a network of its own, that finds no program of .venv."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "chat"
        own, paths = f"{sys.prefix}/bin", os.environ["PATH"].split(os.pathsep)
        environment = {
            "PATH": os.pathsep.join(path for path in paths if path != own),
            "HOME": str(folder),
            "TERM": "dumb",
            "PS1": "<$?>",
            "VIRTUAL_ENV_DISABLE_PROMPT": "1",
            # The .venv that is shared knows another folder.
            "PYTHONPATH": str(self._folder),
        }
        bash = ("bash", "--norc", "--noprofile", "--noediting")
        self._bash = pexpect.spawn(
            ISOLATE[0],
            [*ISOLATE[1:], START, "", *bash],
            cwd=str(folder),
            env=environment,
            timeout=PATIENCE,
            encoding="utf-8",
            dimensions=(24, 200),
        )
        self._wait_for_prompt()

    def run(self, command: str) -> str:
        """Type a command; return what it shows. It must end with 0."""
        self._bash.sendline(command)
        shown, code = self._wait_for_prompt()
        assert code == 0, shown
        return shown

    def start(self, command: str, words: str) -> None:
        """Type a command, wait until it shows these words, and leave it with Ctrl-C."""
        self._bash.sendline(command)
        found = self._bash.expect([words, r"<\d+>$"])
        assert found == 0, self._bash.before
        self._bash.send("\x03")
        self._wait_for_prompt()

    def start_writing(self, command: str, words: str) -> None:
        """Type a command whose screen is the file `log`, and do as `start` does."""
        log = self._folder / "log"
        os.mkfifo(log)
        reader = os.open(log, os.O_RDWR)
        self._bash.sendline(command)
        assert select.select([reader], [], [], PATIENCE)[0], (
            f"nothing comes into {log.name}"
        )
        assert os.read(reader, 4096).decode().startswith(words)
        self._bash.send("\x03")
        self._wait_for_prompt()
        os.close(reader)
        log.unlink()

    def close(self) -> None:
        """End the shell and what runs in it."""
        self._bash.close(force=True)

    def _wait_for_prompt(self) -> tuple[str, int]:
        self._bash.expect(r"<(\d+)>$")
        assert isinstance(self._bash.match, re.Match)
        return str(self._bash.before), int(self._bash.match[1])


def elsewhere(shell: Shell, command: str) -> None:
    """Only read it as a shell does: it needs another machine or folder, or no program."""
    assert shlex.split(command)


def run(shell: Shell, command: str) -> None:
    """Run it to its end."""
    shell.run(command.replace("FILE...", "my.chat"))


def start_server(shell: Shell, command: str) -> None:
    """Start it; it listens."""
    start = shell.start_writing if command.endswith(" > log") else shell.start
    chosen = re.search(r"--host ([\w.]+)", command)
    where = f"{chosen[1] if chosen else 'localhost'} on port: "
    if "--host '*'" in command:
        where = "all addresses of "
    start(command, f"Server listening on: {where}")


def start_client(shell: Shell, command: str) -> None:
    """Start it; it looks for a server, or asks first."""
    shell.start(
        command, "Ticket: " if re.search("--private|PRIVATE=1", command) else "waiting "
    )


def start_proxy(shell: Shell, command: str) -> None:
    """Start it; it listens."""
    shell.start(command, "Network listening on port: ")


def dry_run(shell: Shell, command: str) -> None:
    """Let make say what it would do, which takes too long; and know the options in ARGS."""
    commands = shell.run(command.replace("make ", "make -n ", 1))
    arguments = [word[5:] for word in shlex.split(command) if word.startswith("ARGS=")]
    if arguments:
        module = re.search(r"python -m ([\w.]+)", commands)
        assert module
        know_options(f"{module[1]}", arguments[0])


def read_options(shell: Shell, command: str) -> None:
    """Know each option: a referee takes long, and needs two programs."""
    module, words = command.removeprefix("python3 -m ").split(" ", 1)
    know_options(f"{module} {words.split()[0]}", words)


def know_options(call: str, words: str) -> None:
    """Find each option among those that the `--help` of a call lists."""
    options = [word for word in shlex.split(words) if word.startswith("-")]
    assert set(options) <= set(re.findall(r"(?<!\S)--?\w[\w-]*", show_help(call)))


@cache
def show_help(call: str) -> str:
    """Return what `python3 -m CALL --help` writes."""
    words = [sys.executable, "-m", *call.split(), "--help"]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout


def find_extra(shell: Shell, command: str) -> None:
    """Know what is to be installed: the network may not be there."""
    name = command.partition("[")[2].partition("]")[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert name in project["optional-dependencies"]


TABLE: list[tuple[str, Callable[[Shell, str], None]]] = [
    (r"git clone ADDRESS chat", elsewhere),  # a copy is there already
    (r"git worktree add .*", elsewhere),  # the copy has no history
    (r"cd chat|\. \.venv/bin/activate", run),
    (r"make run-server\b.*", start_server),
    (r"chatd --version|chatd \| head -1", run),  # the second ends when head has its line
    (r"chatd\b.*", start_server),
    (r"(make run-client|chatc)\b.*", start_client),
    (r"python3 -m harness proxy --listen .*", start_proxy),
    (r"python3 -m harness play .*", run),
    (r"python3 -m harness referee .*", read_options),
    (r"make (demo|help|play FILE=my\.chat)", run),
    (
        r"make (test|check|e2e|lint|types|coverage|mutants|fuzz|pairs|private|bench|docs)"
        r"\b.*",
        dry_run,
    ),
    (r"make crashes", dry_run),
    (r"pip install '\S*\[\w+\]'", find_extra),
    (r"stty sane", run),
    (r"kill -9", elsewhere),
    (r"ssh (-N )?-[LR] .*", elsewhere),  # to another machine
    (r"python -m tests\.vectors", elsewhere),
    # On Gradescope, and in the folder of somebody else's programs.
    (r"(git archive|zip --junk-paths) .*", elsewhere),
    (r"(mkdir -p try/source try/submission|cd try|cp /path/to/\S+ .*)", elsewhere),
    (r"/path/to/project/docs/gradescope/run_autograder", elsewhere),
    (r"python3 -m json\.tool results/results\.json", elsewhere),
]
"""How each kind of command is tried. The first row that fits a whole command counts."""

NO_COMMANDS = re.compile(
    r"length (u16 \||kind flags ).*|00 05 .*|client server|\|.*(\||read)", re.DOTALL
)
"""The lines of code blocks that are pictures of bytes, or of a handshake."""


def choose(text: str) -> Callable[[Shell, str], None] | None:
    """Return how a command is tried, or None for one that no row knows."""
    return next((how for form, how in TABLE if re.fullmatch(form, text)), None)


COMMANDS: dict[str, str] = {}
"""Each command of the pages once, and where it stands first."""

for _page in PAGES:
    for _command in find_commands(_page):
        if not NO_COMMANDS.fullmatch(" ".join(_command.text.split())):
            COMMANDS.setdefault(_command.text, _command.place)


# The tests.


def test_the_pages_have_commands() -> None:
    """If they were written in another way, nothing would be tried."""
    assert len(COMMANDS) > 30
    assert {"make run-server", "chatc < lines.txt"} <= set(COMMANDS)


def test_every_row_of_the_table_is_needed() -> None:
    """A row for a command that no page has any more is taken out."""
    used = {
        next((form for form, _ in TABLE if re.fullmatch(form, each)), "")
        for each in COMMANDS
    }
    assert [form for form, _ in TABLE if form not in used] == []


@pytest.mark.parametrize("text", [text for text in COMMANDS if choose(text) is None])
def test_no_command_is_unknown(text: str) -> None:
    """Every command has a row in TABLE: add one, or write it so that it can be typed."""
    pytest.fail(f"{COMMANDS[text]}: no row of TABLE knows {text!r}", pytrace=False)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Yield a shell that has a fresh copy in its folder, as `git clone` leaves it."""
    isolated = [*ISOLATE, START, "", "true"]
    if (
        not shutil.which("unshare")
        or subprocess.run(isolated, capture_output=True).returncode
    ):
        pytest.skip("this machine lets nobody make a network namespace")
    venv = Path(sys.prefix)
    if not (venv / "bin" / "chatd").exists():
        pytest.skip("the project is not installed where the tests run")
    folder = tmp_path_factory.mktemp("readme")
    link_venv(copy(folder), venv)
    shell = Shell(folder)
    yield shell
    shell.close()


def copy(folder: Path) -> Path:
    """Copy the project into `folder/chat`, with the files that commands name."""
    clone = folder / "chat"
    shutil.copytree(ROOT, clone, ignore=CLONE)
    (clone / "lines.txt").write_text("one\ntwo\n")
    shutil.copy(clone / "harness/conversations/empty-line.chat", clone / "my.chat")
    return clone


def link_venv(clone: Path, venv: Path) -> None:
    """Link the .venv of these tests into a copy, where it is ready: no installation."""
    (clone / ".venv").mkdir()
    for path in venv.iterdir():
        if path.name not in ("run", "dev", "bench", "log"):
            (clone / ".venv" / path.name).symlink_to(path)
    for name in ("run", "dev", "bench"):
        (clone / ".venv" / name).touch()
    os.utime(clone / "pyproject.toml", (1, 1))


def test_every_command_can_be_typed(shell: Shell) -> None:
    """In one shell, one after the other, as somebody who reads the README first does."""
    wrong = []
    for text, place in COMMANDS.items():
        how = choose(text)
        try:
            if how:
                how(shell, text)
        except (AssertionError, pexpect.TIMEOUT, pexpect.EOF) as error:
            # An error of pexpect goes on with all that it knows of the child.
            wrong.append(f"{place}: {text}\n    {str(error).partition(' object at ')[0]}")
            if not isinstance(error, AssertionError):
                break
    assert not wrong, "\n".join(wrong)
