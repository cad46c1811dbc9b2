"""The profile of a pair: how it is started, how it prompts, how it shows text.

A profile is TOML; every key has a default that fits most. One profile serves a class: its
`[submission.NAME]` tables have what is different for the folder NAME. Points are the
rubric's, and nothing is guessed while a profile is read.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.files import read_text
from harness.referee.tables import TableError, change

SIDES = ("server", "client")

STYLES = ("turns", "free")

TRANSFORMS: dict[str, Callable[[str], str]] = {
    "": str,
    "lower": str.lower,
    "upper": str.upper,
    "strip": str.strip,
}
"""What some programs do to a text before they show it."""


_SERVERS = ("server*.py", "*server.py", "*_server*.py", "Server*.py", "chatd*.py")
_CLIENTS = ("client*.py", "*client.py", "*_client*.py", "Client*.py", "chatc*.py")
"""Where a submission's programs are looked for, unless the profile says."""


_WORDS = {
    "table": "{place} wants a table",
    "unknown": "there is no key {place}: use one of {wanted}",
    "str": "{place} wants a text, not {value!r}",
    "int": "{place} wants a whole number, not {value!r}",
    "float": "{place} wants a number, not {value!r}",
}
"""How a mistake in a profile is put into words, by its kind (`tables`)."""


class ProfileError(Exception):
    """A profile that cannot be used; the message says what is wrong, in one sentence."""


@dataclass(frozen=True)
class Question:
    """What a program asks before the chat begins, and what is typed then."""

    expect: str = ""  # a regular expression
    send: str = ""


@dataclass(frozen=True)
class Program:
    """One side's program."""

    command: str = ""  # `{python}` and `{port}` are filled in
    find: tuple[str, ...] = ()  # where it is in a submission's folder, the first that fits
    prompt: str = r"> *\n?"  # a regular expression, looked for at the end of the output
    shows: str = "{text}"  # how it shows what arrives; part of a line
    transform: str = ""
    questions: tuple[Question, ...] = ()
    codes: tuple[int, ...] = (0,)  # the exit codes of a clean end; empty: any

    def shown(self, text: str) -> str:
        """Return what it should show of a message."""
        return self.shows.replace("{text}", TRANSFORMS[self.transform](text))


@dataclass(frozen=True)
class Quit:
    """What the quit word does."""

    word: str = "/q"
    ends: str = ""  # both, typist; empty: what the rubric's term says
    within: float = 4.0  # seconds


@dataclass(frozen=True)
class Case:
    """One of several things that a game may show, and what is typed then."""

    expect: str = ""
    type: str | None = None


@dataclass(frozen=True)
class Step:
    """One step of a game: something is seen on a side, and something is typed there."""

    side: str = "client"
    expect: str = ""  # a regular expression, in what came since the side's last line
    type: str | None = None
    cases: tuple[Case, ...] = ()  # instead of `type`: the first whose `expect` is seen
    repeat: int = 1  # at most so often
    until: str = ""  # and no more once this is seen


@dataclass(frozen=True)
class Game:
    """A game's script: one list of steps for each check."""

    start: tuple[Step, ...] = ()
    turns: tuple[Step, ...] = ()
    bad_move: tuple[Step, ...] = ()
    end: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Limits:
    """How long anything may take, in seconds."""

    start: float = 10.0
    wait: float = 4.0
    check: float = 20.0
    submission: float = 120.0


@dataclass(frozen=True)
class Profile:
    """All that the referee knows about a pair before it runs."""

    style: str = "turns"
    first: str = "client"  # the side that speaks first
    order: str = "server"  # the side that is started first
    port: int = 0  # 0: whichever the server listens on, or 7777 for `{port}`
    python: str = ""  # what `{python}` stands for; empty: the one that runs the referee
    folder: str = ""  # working directory, in the submission's folder
    prepare: str = ""  # a command that makes the programs first, such as `make`
    longest: int = 0  # bytes that a message may have; 0: the assignment gives no limit
    server: Program = field(default_factory=lambda: Program(find=_SERVERS))
    client: Program = field(default_factory=lambda: Program(find=_CLIENTS))
    quit: Quit = field(default_factory=Quit)
    game: Game = field(default_factory=Game)
    limits: Limits = field(default_factory=Limits)

    def program(self, side: str) -> Program:
        """Return the program of a side."""
        return self.server if side == "server" else self.client

    @property
    def sides(self) -> tuple[str, str]:
        """Both sides, beginning with the one that speaks first."""
        return (self.first, other(self.first))

    @property
    def port_is_free(self) -> bool:
        """Whether both commands have a {port} in them, so that any port will do."""
        return all("{port}" in self._words(side) for side in SIDES)

    def _words(self, side: str) -> str:
        program = self.program(side)
        return program.command + "".join(each.send for each in program.questions)


def other(side: str) -> str:
    """Return the other side."""
    return "client" if side == "server" else "server"


def read(path: Path) -> "Class":
    """Read a profile with its submissions. Raises ProfileError, and OSError."""
    try:
        table = tomllib.loads(read_text(path))
    except (ValueError, RecursionError) as error:  # not TOML, or deeper than Python goes
        raise ProfileError(f"{path} is not TOML: {error}") from error
    return parse(table, str(path))


def parse(table: Mapping[str, Any], source: str = "the profile") -> "Class":
    """Build a profile from a table. Raises ProfileError."""
    table = dict(table)
    special = table.pop("submission", {})
    if not isinstance(special, dict):
        raise ProfileError(f"{source}: [submission] wants a table for each folder")
    profile = _change(Profile(), table, source)
    own = {
        name: _change(profile, each, f"{source}, submission {name}")
        for name, each in special.items()
    }
    return Class(profile, own)


@dataclass(frozen=True)
class Class:
    """The profile of a class, and of those submissions that are different."""

    profile: Profile = field(default_factory=Profile)
    own: Mapping[str, Profile] = field(default_factory=dict)

    def of(self, name: str) -> Profile:
        """Return the profile of the submission in the folder of that name."""
        return self.own.get(name, self.profile)


def _change(profile: Profile, table: Any, source: str) -> Profile:
    try:
        changed: Profile = change(profile, table)
    except TableError as error:
        raise ProfileError(f"{source}: {error.sentence(_WORDS)}") from error
    _check(changed, source)
    return changed


def _check(profile: Profile, source: str) -> None:
    """Refuse what has the right type and yet cannot be. Raises ProfileError."""
    choices = [
        ("style", profile.style, STYLES),
        ("first", profile.first, SIDES),
        ("order", profile.order, SIDES),
        ("quit.ends", profile.quit.ends, ("", "both", "typist")),
    ]
    for side in SIDES:
        program = profile.program(side)
        choices.append((f"{side}.transform", program.transform, tuple(TRANSFORMS)))
        if "{text}" not in program.shows:
            raise ProfileError(f"{source}: {side}.shows has no {{text}} in it")
    game = profile.game
    for step in (*game.start, *game.turns, *game.bad_move, *game.end):
        choices.append(("a game's side", step.side, SIDES))
    for name, value, allowed in choices:
        if value not in allowed:
            names = ", ".join(filter(None, allowed))
            raise ProfileError(f"{source}: {name} is {value!r}: use one of {names}")
    for pattern in _patterns(profile):
        _compile(pattern, source)


def _patterns(profile: Profile) -> list[str]:
    found = []
    for side in SIDES:
        program = profile.program(side)
        found += [program.prompt, *(each.expect for each in program.questions)]
    game = profile.game
    for step in (*game.start, *game.turns, *game.bad_move, *game.end):
        found += [step.expect, step.until, *(each.expect for each in step.cases)]
    return found


def _compile(pattern: str, source: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ProfileError(
            f"{source}: {pattern!r} is no regular expression: {error}"
        ) from error
