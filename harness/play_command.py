"""`python3 -m harness play`: conversations, played for somebody to watch."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.report import TwoColumns, explain
from harness.script import Script, ScriptError
from harness.stage import Stage, Unmet


def play_all(
    paths: Sequence[Path], piece: int, terminal: str, private: bool = False
) -> int:
    """Play conversations visibly; return 0 if all came true, 1 if not, 2 for no script."""
    console = Console(highlight=False)
    try:
        played = [play(path, piece, terminal, console, private) for path in paths]
    except ScriptError as error:
        print(f"harness: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        named = f"{error.filename} cannot be read: {error.strerror}"
        print(f"harness: {named if error.filename else error}", file=sys.stderr)
        return 2
    console.rule()
    console.print(f"{played.count(True)} passed, {played.count(False)} failed")
    return 0 if all(played) else 1


def play(
    path: Path, piece: int, terminal: str, console: Console, private: bool = False
) -> bool:
    """Play one conversation visibly; return whether all of it came true."""
    script = Script.read(path)
    if terminal not in script.terminals:
        (terminal,) = script.terminals  # the only one that it is about
    console.rule(f"[bold]{script.name}")
    console.print(script.about, style="italic")
    with (
        tempfile.TemporaryDirectory(prefix="conversation-") as folder,
        Stage(Path(folder), piece, TwoColumns(console), terminal, private=private) as stage,
    ):
        try:
            stage.play(script)
        except Unmet as unmet:
            console.print(
                explain(script.name, unmet, stage, console.width),
                markup=False,
                highlight=False,
                style="red",
            )
            return False
    return True
