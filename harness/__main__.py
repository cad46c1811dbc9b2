"""`python3 -m harness play FILE...`: play conversations and show them as they happen."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from harness.report import TwoColumns, explain
from harness.script import TERMINALS, Script, ScriptError
from harness.stage import Stage, Unmet


def play(path: Path, piece: int, terminal: str, console: Console) -> bool:
    """Play one conversation visibly; returns whether all of it came true."""
    script = Script.read(path)
    if terminal not in script.terminals:
        (terminal,) = script.terminals  # there is only one that it is about
    console.rule(f"[bold]{script.name}")
    console.print(script.about, style="italic")
    with (
        tempfile.TemporaryDirectory(prefix="conversation-") as folder,
        Stage(Path(folder), piece, TwoColumns(console), terminal) as stage,
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: 0 when all came true, 1 when not, 2 for a wrong call."""
    parser = argparse.ArgumentParser(prog="harness", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("play", help="play conversation files")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE")
    command.add_argument(
        "--piece", type=int, default=0, metavar="N", help="deliver N bytes at a time"
    )
    command.add_argument(
        "--terminal", choices=TERMINALS, default="plain", help="what one sits at"
    )
    options = parser.parse_args(arguments)
    console = Console(highlight=False)
    try:
        played = [
            play(path, options.piece, options.terminal, console) for path in options.files
        ]
    except (ScriptError, OSError) as error:
        print(f"harness: {error}", file=sys.stderr)
        return 2
    console.rule()
    console.print(f"{played.count(True)} passed, {played.count(False)} failed")
    return 0 if all(played) else 1


if __name__ == "__main__":
    sys.exit(main())
