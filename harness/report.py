"""The talk in two columns, and the report on what went wrong, for a person to read.

Text that programs showed is escaped before it is printed: a report must not do to the
reader's terminal what a program under test does to its own.
"""

from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.player import Player
from harness.stage import Stage, Unmet

SCREEN_LINES = 20
"""Lines of each screen that a failure report shows."""

LINE_WIDTH = 240
"""Characters of a line that a report shows."""

FRAMES = 8
"""Frames of each side that it shows."""


def printable(text: str) -> str:
    """Escape every character that is not printable, as Python's repr does."""
    if text.isprintable():  # nearly always, and much faster
        return text
    return "".join(
        character if character.isprintable() else repr(character)[1:-1]
        for character in text
    )


def shorten(text: str) -> str:
    """Escape a line and cut it in the middle when it is longer than a reader wants."""
    text = printable(text)
    if len(text) <= LINE_WIDTH:
        return text
    half = LINE_WIDTH // 2
    return f"{text[:half]} ... {len(text) - 2 * half} characters ... {text[-half:]}"


def column_of(actor: str) -> int:
    """Return the column of an actor: 0 (left) for servers, 1 for all others."""
    return 0 if actor.startswith("server") else 1


class TwoColumns:
    """A watcher that prints each line in its speaker's column as it appears."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._show(Text("server", style="bold"), Text("client", style="bold"))

    def __call__(self, actor: str, sign: str, line: str) -> None:
        """Print one line; stderr is dim, and an actor with a number is named."""
        name = "" if actor in ("server", "client") else f"[{actor}] "
        text = Text(f"{name}{printable(line)}", style="dim" if sign == "!" else "")
        cells = [Text(), Text()]
        cells[column_of(actor)] = text
        self._show(*cells)

    def _show(self, left: Text, right: Text) -> None:
        grid = Table.grid(expand=True, padding=(0, 2))
        grid.add_column(ratio=1)
        grid.add_column(ratio=1)
        grid.add_row(left, right)
        self._console.print(grid)


def explain(name: str, unmet: Unmet, stage: Stage, width: int = 100) -> str:
    """Return the report on a step that was not met.

    It has what was expected, what came and where, with all screens and last frames.
    """
    console = Console(file=StringIO(), width=width, color_system=None)
    table = Table(expand=True, show_lines=True)
    columns = sorted(stage.players, key=column_of)
    for actor in columns:
        table.add_column(actor, ratio=1, overflow="fold")
    table.add_row(*(_screen(stage.players[actor]) for actor in columns))
    table.add_row(*(_frames(stage, actor) for actor in columns))
    if columns:
        console.print(table)
    for line in (
        f"{name}, line {unmet.step.number}, was not met:",
        f"    {shorten(unmet.step.source)}",
        f"    {shorten(unmet.reason)}",
    ):
        console.print(line, markup=False, soft_wrap=True)
    written = console.file
    assert isinstance(written, StringIO)
    return written.getvalue()


def _screen(player: Player) -> Text:
    """Return the last lines of the screen, then those of stderr."""
    shown = player.screen.text.split("\n")[-SCREEN_LINES:]
    errors = [f"stderr: {line}" for line in player.errors.lines[-SCREEN_LINES:]]
    return Text("\n".join(shorten(line) for line in [*shown, *errors]))


def _frames(stage: Stage, actor: str) -> Text:
    lines = [shorten(line) for line in stage.frames(actor, FRAMES)]
    return Text("\n".join(["last frames:", *lines]))
