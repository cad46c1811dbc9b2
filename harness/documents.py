"""The transcripts and tables of the documentation, made by the real programs.

Two markers in a Markdown file say where one belongs and what it is:

    <!-- made by `make docs`: conversation assignment -->
    ...
    <!-- end -->

`make docs` writes the text between them anew; a test fails when that would change it.
Ports, clock times and session ids are set to fixed ones, so that a page changes only
when what the programs do has changed.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import StringIO
from pathlib import Path

from rich.console import Console

from harness import screens, wire
from harness.referee.reports.record import read
from harness.referee.reports.text import show
from harness.referee.result import Class
from harness.referee.rubric import Rubric
from harness.report import column_of, explain, printable
from harness.script import Script
from harness.stage import NETWORK, ROOT, Stage, Unmet

CONVERSATIONS = ROOT / "harness" / "conversations"

KEPT = ROOT / "docs" / "performance.json"
"""The samples of a run of `make bench`."""

CLASS = ROOT / "docs" / "class.json"
"""The referee's record of a class."""

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

COLUMN = 46
"""Characters of the left column of a conversation."""

_SECTION = re.compile(
    r"(?P<head><!-- made by `make docs`: (?P<kind>\w+)(?: (?P<what>[^\n]+))? -->\n)"
    r".*?(?P<tail><!-- end -->)",
    re.DOTALL,
)

_FIXED = (
    (re.compile(r"\('127\.0\.0\.1', \d+\)"), "('127.0.0.1', 60441)"),
    (re.compile(r"port(:?) \d{5}\b"), r"port\1 7777 "),  # as wide, for the tables
    (re.compile(r"\b\d\d:\d\d:\d\d\.\d\d\d\b"), "12:04:07.312"),
    (re.compile(r"HELLO 0 [0-9a-f]{8}"), "HELLO 0 9f3ac01b"),
)

_TRAILING = re.compile(r" +$", re.MULTILINE)


def conversation(what: str) -> str:
    """Play a conversation; return it in two columns, in the order of its steps.

    The lines do not stand in the order in which they came: which of two programs writes
    its last line first is chance, and a page must not change by chance.
    """
    lines = [f"{'server':{COLUMN}}client", ""]
    script = Script.read(CONVERSATIONS / f"{what}.chat")
    shown: Counter[tuple[str, bool]] = Counter()
    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder)) as stage:
        for step in script.steps:
            stage.play(replace(script, steps=(step,)))
            if step.actor == NETWORK:
                lines.append(f"{f'(the network {step.text})':^{2 * COLUMN}}")
                continue
            is_error = step.sign == "!"
            player = stage.players[step.actor]
            stream = player.errors if is_error else player.screen
            end = len(stream.lines) if step.sign in (">", ">>") else stream.seen
            for line in stream.lines[shown[step.actor, is_error] : end]:
                indent = "" if column_of(step.actor) == 0 else " " * COLUMN
                lines.append(indent + printable(line))
            shown[step.actor, is_error] = max(end, shown[step.actor, is_error])
    return _fence("\n".join(lines))


def windows(what: str) -> str:
    """Play a conversation on the edited terminal up to its last look at the screen.

    Both windows are shown as a person sees them at that moment, side by side.
    """
    script = Script.read(CONVERSATIONS / f"{what}.chat")
    last = max(n for n, step in enumerate(script.steps) if "screen shows" in step.text)
    with (
        tempfile.TemporaryDirectory() as folder,
        Stage(Path(folder), terminal="edited") as stage,
    ):
        stage.play(replace(script, steps=script.steps[: last + 1]))
        windows = [stage.players[actor].view.rows for actor in ("server", "client")]
    lines = [f"{'server':{COLUMN}}client", ""]
    for left, right in zip(*windows, strict=True):
        lines.append(f"{left:{COLUMN - 2}}  {right}")
    return _fence("\n".join(lines).rstrip())


def log(what: str) -> str:
    """Return a server's -vv log of a message that arrives in three pieces.

    A raw client sends the next piece only when the server has logged the one before:
    otherwise TCP might join two of them.
    """
    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder)) as stage:
        stage.play(Script.parse("log", "server: starts with -vv\nserver< Server{any}"))
        with socket.create_connection(("127.0.0.1", stage.port)) as client:
            client.sendall(wire.hello())
            stage.play(Script.parse("log", "server! {any} ~ wrote 36 bytes"))
            frame = wire.text(1, "hello")
            for piece in (frame[:3], frame[3:10], frame[10:]):
                client.sendall(piece)
                seen = f"server! {{any}} ~ read {len(piece)} bytes: {{any}}"
                stage.play(Script.parse("log", seen))
            stage.play(Script.parse("log", "server! {any} ~ wrote 8 bytes"))
        errors = stage.players["server"].errors
        lines = errors.lines[: errors.seen]
    return _fence("\n".join(lines))


def talk(what: str) -> str:
    """Return the frames of a short talk as the client logs them, with their bytes."""
    lines = (
        "client> hello\nserver< hello\nserver> hi\nclient< hi\nclient> /q\nclient: exits 0"
    )
    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder)) as stage:
        stage.play(Script.parse("talk", lines))
        log = stage.log("client").read_text("utf-8").splitlines()
    rows = []
    for record in map(json.loads, log):
        if record["sign"] in "<>":
            raw = bytes.fromhex(record["raw"])
            if raw[2] == wire.HELLO:  # its session id is fixed, too
                raw = raw[:13] + bytes.fromhex("9f3ac01b").ljust(16, b"\x5e") + raw[29:]
            rows += [f"{record['sign']} {record['text']}", *_hex(raw)]
    return _fence("\n".join(rows))


def _hex(raw: bytes) -> list[str]:
    """Return bytes in hex, sixteen a line, the header first on a line of its own."""
    pieces = [raw[:8], *(raw[at : at + 16] for at in range(8, len(raw), 16))]
    return [f"      {piece.hex(' ')}" for piece in pieces]


def failure(what: str) -> str:
    """Play a conversation with a mistake in it; return the report."""
    text = (
        "# A mistake.\n"
        "client< Enter message to send...\n"
        "server< Waiting for message...\n"
        "client> Hello\n"
        "server< Hullo\n"
    )
    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder)) as stage:
        stage.patience = 1
        try:
            stage.play(Script.parse("greeting", text))
        except Unmet as unmet:
            return _fence(explain("greeting", unmet, stage, 96).rstrip())
    raise AssertionError("the mistake was not noticed")


def table(what: str) -> str:
    """Return the list of the conversations, and what each shows."""
    rows = ["| conversation | what it shows |", "|---|---|"]
    for path in sorted(CONVERSATIONS.glob("*.chat")):
        about = Script.read(path).about.replace("|", "\\|")
        rows.append(f"| [{path.stem}](../harness/conversations/{path.name}) | {about} |")
    return "\n".join(rows) + "\n"


def file(what: str) -> str:
    """Return a file of the project as it is."""
    return _fence((ROOT / what).read_text("utf-8").rstrip())


def help(what: str) -> str:
    """Return the help that a command prints."""
    command = [sys.executable, "-m", *what.split()]
    environment = {**os.environ, "COLUMNS": "88"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    return _fence(run.stdout.rstrip())


def bench(what: str) -> str:
    """Return the tables of a suite from the run of `make bench` that is kept."""
    return _measured().get(what, "not measured").strip() + "\n"


def states(what: str) -> str:
    """Return the states of a link as a picture, drawn from the table of its rules."""
    command = [sys.executable, "-m", "tests.core.diagram"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return f"```mermaid\n{run.stdout.rstrip()}\n```\n"


@cache
def _measured() -> dict[str, str]:
    """Return all tables of the kept run by their headings; "about" is how it was made."""
    command = [sys.executable, "-m", "tests.bench", "--from-json", str(KEPT)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    about, *suites = run.stdout.split("\n## ")
    tables = dict(suite.split("\n", 1) for suite in suites)
    return {"about": about, **tables}


def submission(what: str) -> str:
    """Return the report on one submission of the class that is kept."""
    result = _refereed()
    (found,) = (each for each in result.submissions if each.name == what)
    return _shown(replace(result, submissions=(found,)))


def grades(what: str) -> str:
    """Return the table of the class that is kept."""
    return _shown(_refereed())


def rules(what: str) -> str:
    """Return the list of the checks."""
    rows = ["| check | layer | points | what it shows |", "|---|---|---:|---|"]
    rows += [
        f"| `{each.name}` | {each.layer} | {each.points:g} | {each.about} |"
        for each in Rubric.read(None).rules
    ]
    return "\n".join(rows) + "\n"


@cache
def _refereed() -> Class:
    return read(CLASS.read_text("utf-8"))


def _shown(result: Class) -> str:
    """Return what the referee prints of a result."""
    console = Console(file=StringIO(), width=96, color_system=None)
    with console.capture() as printed:
        show(console, result)
    return _fence(printed.get().rstrip())


MAKERS: dict[str, Callable[[str], str]] = {
    maker.__name__: maker
    for maker in (
        *(conversation, windows, log, talk, failure, table, file, help, bench),
        *(submission, grades, rules, states),
    )
}


def renew(text: str) -> str:
    """Return a page in which everything between two markers is made anew."""

    def make(match: re.Match[str]) -> str:
        made = MAKERS[match["kind"]](match["what"] or "")
        for pattern, fixed in _FIXED:
            made = pattern.sub(fixed, made)
        return f"{match['head']}{_TRAILING.sub('', made)}{match['tail']}"

    return _SECTION.sub(make, text)


def _fence(text: str) -> str:
    return f"```\n{text}\n```\n"


def main() -> int:
    """Write every page anew."""
    for page in PAGES:
        page.write_text(renew(page.read_text("utf-8")), "utf-8")
        print(f"{page.relative_to(ROOT)} is up to date")
    print(f"{len(screens.renew())} screens are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
