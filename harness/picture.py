"""Pictures of screens: windows as they stand, drawn as one SVG file.

A picture needs nothing but itself: no script, no font and no colour from elsewhere. It is
dark where its reader's screen is dark (`prefers-color-scheme`). Every run of text is given
the width of its cells, so that columns stand under each other in any font.

What differs from run to run (ports, clock times) is drawn as fixed text of the same width.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from pyte.screens import Char
from wcwidth import wcswidth

from harness.view import View

COLUMN, ROW = 8.4, 18
"""Width and height of a cell, in pixels: 0.6 em of a monospace font of 14 px."""

MARGIN, HEAD = 12, 26
"""Pixels around a window's text, and the height of the bar that it begins with."""

GAP = 14
"""Pixels between two windows."""

_FIXED = (
    (re.compile(r"\b[1-6]\d{4}\b"), "60441"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "12:04:07"),
    (re.compile(r"\b\d\d:\d\d\b(?!:)"), "12:04"),
)

# The sixteen colours of a terminal, on paper and on slate, and what else a window has.
_COLOURS = {
    "black": ("#24292f", "#6e7681"),
    "red": ("#b62324", "#ff7b72"),
    "green": ("#116329", "#56d364"),
    "brown": ("#7d4e00", "#e3b341"),
    "blue": ("#0550ae", "#79c0ff"),
    "magenta": ("#8250df", "#d2a8ff"),
    "cyan": ("#0b6e75", "#56d4dd"),
    "white": ("#57606a", "#c9d1d9"),
    "faint": ("#6e7781", "#8b949e"),
    "text": ("#1f2328", "#e6edf3"),
    "paper": ("#ffffff", "#0d1117"),
    "bar": ("#eaeef2", "#21262d"),
}


def draw(windows: Sequence[tuple[str, View]], about: str) -> str:
    """Return an SVG picture of windows side by side, each under its name.

    `about` is what the picture shows, for those who cannot see it.
    """
    left, parts, height = 0.0, [], 0
    for name, view in windows:
        cells = view.cells
        width = len(cells[0]) * COLUMN + 2 * MARGIN
        tall = HEAD + len(cells) * ROW + MARGIN
        parts += [_frame(name, left, width, tall), *_rows(view, left)]
        left += width + GAP
        height = max(height, tall)
    return "\n".join([*_head(left - GAP, height, about), *parts, "</svg>\n"])


def _head(width: float, height: float, about: str) -> list[str]:
    text = escape(about)
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'role="img" aria-label="{text}">',
        f"<title>{text}</title>",
        f"<style>{_style()}</style>",
    ]


def _style() -> str:
    light = "".join(_rule(name, light) for name, (light, _) in _COLOURS.items())
    dark = "".join(_rule(name, dark) for name, (_, dark) in _COLOURS.items())
    return (
        "text{font:14px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
        "white-space:pre}.b{font-weight:bold}.i{font-style:italic}"
        f".u{{text-decoration:underline}}.paper{{stroke:#8b949e;stroke-width:.5}}{light}"
        f"@media (prefers-color-scheme:dark){{{dark}}}"
    )


def _rule(name: str, colour: str) -> str:
    return f".{name}{{fill:{colour}}}"


def _frame(name: str, left: float, width: float, height: float) -> str:
    return (
        f'<rect class="paper" x="{left:g}" width="{width:g}" height="{height:g}" rx="8"/>'
        f'<rect class="bar" x="{left:g}" width="{width:g}" height="{HEAD - 6}" rx="8"/>'
        f'<text class="faint" x="{left + MARGIN:g}" y="15">{escape(name)}</text>'
    )


# The rows of a window.


def _rows(view: View, left: float) -> Iterator[str]:
    row, column = view.cursor
    for number, cells in enumerate(view.cells):
        top = HEAD + number * ROW
        start = 0
        for style, group in groupby(_steady(cells), key=_look):
            run = list(group)
            yield from _run(style, run, left + MARGIN + start * COLUMN, top)
            start += len(run)
        if number == row:
            x = left + MARGIN + column * COLUMN
            yield f'<rect class="text" x="{x:g}" y="{top + 1}" width="2" height="{ROW}"/>'


_Style = tuple[str, str, str]
"""The colours of the text and of what is behind it, and the classes of its font."""


def _look(cell: Char) -> _Style:
    front = "text" if cell.fg == "default" else cell.fg.removeprefix("bright")
    back = "paper" if cell.bg == "default" else cell.bg.removeprefix("bright")
    if cell.reverse:
        front, back = back, front
    font = [
        name
        for name, on in (("b", cell.bold), ("i", cell.italics), ("u", cell.underscore))
        if on
    ]
    return front, back, " ".join(font)


def _run(style: _Style, cells: list[Char], x: float, top: float) -> Iterator[str]:
    """Draw cells of one style: what is behind them, and then their text."""
    front, back, font = style
    if back != "paper":
        width = len(cells) * COLUMN
        yield (
            f'<rect class="{back}" x="{x:g}" y="{top + 1}" '
            f'width="{width:g}" height="{ROW}"/>'
        )
    for start, text, width in _words(cells):
        yield (
            f'<text class="{f"{front} {font}".strip()}" x="{x + start * COLUMN:g}" '
            f'y="{top + 15}" textLength="{width * COLUMN:g}" '
            f'lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
        )


def _words(cells: list[Char]) -> Iterator[tuple[int, str, int]]:
    """Return pieces of text: the column, the text, and its width in columns.

    Blanks at either end are no text. A character that is not ASCII stands alone: fonts
    disagree about its width.
    """
    start, text = 0, ""
    for column, cell in enumerate([*cells, None]):
        if cell is not None and cell.data.isascii() and cell.data:
            start, text = (start, text) if text else (column, "")
            text += cell.data
            continue
        if text.strip():
            blanks = len(text) - len(text.lstrip())
            yield start + blanks, text.strip(), len(text.strip())
        text = ""
        if cell is not None and cell.data:
            yield column, cell.data, max(1, wcswidth(cell.data))


def _steady(cells: list[Char]) -> list[Char]:
    """Replace what differs from run to run by fixed text of the same width."""
    plain = "".join(cell.data if len(cell.data) == 1 else "\0" for cell in cells)
    fixed = plain
    for pattern, text in _FIXED:
        fixed = pattern.sub(text, fixed)
    return [
        cell if before == after else cell._replace(data=after)
        for cell, before, after in zip(cells, plain, fixed, strict=True)
    ]
