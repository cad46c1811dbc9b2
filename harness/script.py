r"""Conversation files: one file is a test, a transcript and a recording.

    # Comments, and at the top what the conversation shows.
    server< Server listening on: localhost on port: {port}
    client> Hello
    server< Hello
    client: exits 0

    ACTOR< TEXT    its screen (stdout) shows this line, now or later
    ACTOR! TEXT    its stderr shows this line, now or later
    ACTOR> TEXT    when it asks, types the text and Enter
    ACTOR>> TEXT   types the text and Enter at once, asked or not
    ACTOR| TEXT    a line of the pipe or file that it is started from
    ACTOR: EVENT   something happens: `docs/testing.md` lists the events

In a text, `{port}` is the server's port, `{any}` stands for anything, `{9 x}` for nine
x, and `\e`, `\t`, `\n`, `\\` and `\x1b` are what they are in C.

A line `terminal: edited` or `terminal: plain` says that the conversation is about this
terminal only; others are for both. `window: 60 x 16` is the size of every window, in
columns and rows. `ticket: none` says that the conversation is about what is otherwise in
a private talk. `picture: NAME` is a picture of all windows at that moment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.files import read_text

SIGNS = ("<", "!", ">>", ">", "|", ":")

_LINE = re.compile(r"(?P<actor>[a-z]+[0-9]*)(?P<sign>>>|[<!>|:])(?: (?P<text>.*))?")
_REPEAT = re.compile(r"\{(\d+) (.+?)\}")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)")
_NAMED = {"e": "\x1b", "t": "\t", "n": "\n", "r": "\r", "a": "\a", "\\": "\\"}

TERMINALS = ("plain", "edited")

_ABOUT_ALL = ("terminal", "window", "ticket")
"""What stands in the actor's place in lines that are no steps."""

PICTURE = "picture"
"""The actor of a line that asks for a picture."""

CLOCK = "clock"
"""The actor of a line that sets the clock of a picture's programs."""

ROWS, COLUMNS = 24, 80
"""The size of a window where a conversation names none."""

_SIZE = re.compile(r"(?:(?P<actor>[a-z]+[0-9]*) )?(?P<columns>\d+) x (?P<rows>\d+)")


class ScriptError(Exception):
    """A conversation file that cannot be read; the message says where and why."""


@dataclass(frozen=True)
class Step:
    """One line of a conversation."""

    number: int  # of the line in the file, from 1
    actor: str  # server, client, client2, network
    sign: str  # one of SIGNS
    text: str  # with its escapes resolved
    source: str  # the line as it stands in the file


@dataclass(frozen=True)
class Script:
    """A conversation, read from its file."""

    name: str
    about: str  # the comment at the top of the file
    steps: tuple[Step, ...]
    terminals: tuple[str, ...] = TERMINALS  # those on which it can be played
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # see `size`
    in_clear: bool = False  # what it is about is otherwise where there is a ticket

    def size(self, actor: str) -> tuple[int, int]:
        """Return the rows and columns of an actor's window."""
        return self.sizes.get(actor) or self.sizes.get("", (ROWS, COLUMNS))

    @classmethod
    def read(cls, path: Path) -> "Script":
        """Read a conversation file. Raises ScriptError, and OSError."""
        return cls.parse(path.stem, read_text(path))

    @classmethod
    def parse(cls, name: str, text: str) -> "Script":
        """Read a conversation from its text. Raises ScriptError."""
        lines = text.splitlines()
        steps = [
            _step(name, number, line)
            for number, line in enumerate(lines, 1)
            if line.strip() and not line.startswith("#")
        ]
        chosen = tuple(step.text for step in steps if step.actor == "terminal")
        sizes = dict(_size(name, step) for step in steps if step.actor == "window")
        in_clear = any(step.actor == "ticket" for step in steps)
        steps = [step for step in steps if step.actor not in _ABOUT_ALL]
        if not steps:
            raise ScriptError(f"{name}: no step in it")
        if not set(chosen) <= set(TERMINALS):
            raise ScriptError(f"{name}: a terminal is one of {' '.join(TERMINALS)}")
        terminals = chosen or TERMINALS
        return cls(name, _about(lines), tuple(steps), terminals, sizes, in_clear)


def _about(lines: list[str]) -> str:
    """Return the comment that the file begins with, on one line."""
    comments = []
    for line in lines:
        if not line.startswith("#"):
            break
        comments.append(line.removeprefix("#").strip())
    return " ".join(comments)


def _size(name: str, step: Step) -> tuple[str, tuple[int, int]]:
    """Return whose window it is, "" for all, and its rows and columns."""
    match = _SIZE.fullmatch(step.text)
    if not match:
        raise ScriptError(f"{name}:{step.number}: a window is COLUMNS x ROWS")
    return match["actor"] or "", (int(match["rows"]), int(match["columns"]))


def _step(name: str, number: int, line: str) -> Step:
    match = _LINE.fullmatch(line)
    if not match:
        raise ScriptError(
            f"{name}:{number}: expected an actor, one of {' '.join(SIGNS)}, text: {line!r}"
        )
    text = _unescape(f"{name}:{number}", match["text"] or "")
    return Step(number, match["actor"], match["sign"], text, line)


def _unescape(where: str, text: str) -> str:
    def resolve(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in _NAMED:
            raise ScriptError(f"{where}: unknown escape \\{code}")
        return _NAMED[code]

    text = _ESCAPE.sub(resolve, text)
    return _REPEAT.sub(lambda match: match[2] * int(match[1]), text)
