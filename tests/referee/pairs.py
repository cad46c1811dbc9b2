"""Pairs of programs for the referee to judge: one right, many wrong in one way each.

`pairs.toml` names every wrong pair and the checks that it must fail. Most are the right
pair with a few texts replaced, each of which occurs in it exactly once; where `folder`
is given, the pair is that folder's files as they are. It is not itself a test; tests
import it.
"""

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent

FOLDERS = HERE / "pairs"

RIGHT = "right"
"""The name of the pair that fails nothing, and of its folder."""


class Replacement(NamedTuple):
    """One text of a file, and what stands there instead."""

    file: str
    old: str
    new: str


class Pair(NamedTuple):
    """A server and a client, and the checks of the referee that they must fail."""

    name: str
    about: str
    fails: frozenset[str]
    replacements: tuple[Replacement, ...] = ()
    folder: str = RIGHT

    def build(self, parent: Path) -> Path:
        """Write the pair's files into a folder of its name; return the folder.

        Raises ValueError where a text to be replaced is not there, or not once.
        """
        folder = parent / self.name
        shutil.copytree(
            FOLDERS / self.folder, folder, ignore=shutil.ignore_patterns("__pycache__")
        )
        for each in self.replacements:
            path = folder / each.file
            text = path.read_text("utf-8")
            if text.count(each.old) != 1:
                raise ValueError(f"{self.name}: not there, or not once: {each.old!r}")
            path.write_text(text.replace(each.old, each.new), "utf-8")
        return folder


def pairs() -> Iterator[Pair]:
    """Yield the right pair, then every wrong one."""
    yield Pair(RIGHT, "strict turns, framed, and nothing to complain of", frozenset())
    for entry in tomllib.loads((HERE / "pairs.toml").read_text("utf-8"))["pair"]:
        yield Pair(
            name=entry["name"],
            about=entry["about"],
            fails=frozenset(entry["fails"]),
            replacements=tuple(Replacement(**each) for each in entry.get("replace", ())),
            folder=entry.get("folder", RIGHT),
        )
