"""Pictures of screens: windows as they stand, drawn as one SVG file.

A picture needs nothing but itself: no script, no font and no colour from elsewhere. It is
dark where its reader's screen is dark (`prefers-color-scheme`). Every run of text is given
the width of its cells, so that columns stand under each other in any font.

What differs from run to run (a port, a count of seconds) is drawn as fixed text of the same
width.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from pyte.screens import Char

from harness.view import View

COLUMN, ROW = 8.4, 18
"""Width and height of a cell, in pixels: 0.6 em of a monospace font of 14 px."""

MARGIN, HEAD = 12, 26
"""Pixels around a window's text, and the height of the bar that it begins with."""

GAP = 14
"""Pixels between two windows."""

SIDE_BY_SIDE = 170
"""Columns of all windows up to which they stand side by side, and not below each other."""

PORT = 60441
"""What is drawn instead of the first port; every further one is one higher."""

_Ports = dict[str, str]
"""What is drawn instead of each port of a picture, all windows together."""

_PORT = re.compile(r"\b[1-6]\d{4}\b")
_VARYING = (
    (re.compile(r"(?<=confirmed for )\d(?= s)"), "2"),
    (re.compile(r"(?<=for )\d\d(?= s more)"), "58"),
    (re.compile(r"(?<=trying until )\d\d:\d\d:\d\d"), "12:05:07"),
    (re.compile(r"(?<=the seat until )\d\d:\d\d:\d\d"), "12:05:06"),
)
"""Counts of seconds, and times that follow from one."""

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
    sizes = [_measure(view) for _, view in windows]
    stacked = sum(len(view.cells[0]) for _, view in windows) > SIDE_BY_SIDE
    left, top, parts = 0.0, 0, []
    ports: _Ports = {}
    for (name, view), (width, height) in zip(windows, sizes, strict=True):
        parts += [_frame(name, left, top, width, height), *_rows(view, left, top, ports)]
        left, top = (left, top + height + GAP) if stacked else (left + width + GAP, top)
    width = max(width for width, _ in sizes) if stacked else left - GAP
    height = top - GAP if stacked else max(height for _, height in sizes)
    return "\n".join([*_head(width, height, about), *parts, "</svg>\n"])


def _measure(view: View) -> tuple[float, int]:
    """Return the width and the height of a window, its frame included."""
    cells = view.cells
    return len(cells[0]) * COLUMN + 2 * MARGIN, HEAD + len(cells) * ROW + MARGIN


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


def _frame(name: str, left: float, top: int, width: float, height: int) -> str:
    place = f'x="{left:g}" y="{top}" width="{width:g}" rx="8"'
    return (
        f'<rect class="paper" {place} height="{height}"/>'
        f'<rect class="bar" {place} height="{HEAD - 6}"/>'
        f'<text class="faint" x="{left + MARGIN:g}" y="{top + 15}">{escape(name)}</text>'
    )


# The rows of a window.


def _rows(view: View, left: float, above: int, ports: _Ports) -> Iterator[str]:
    row, column = view.cursor
    for number, cells in enumerate(view.cells):
        top = above + HEAD + number * ROW
        start = 0
        for style, group in groupby(_steady(cells, ports), key=_look):
            run = list(group)
            yield from _run(style, run, left + MARGIN + start * COLUMN, top)
            start += len(run)
        if number == row and view.at_rest:
            x = left + MARGIN + column * COLUMN
            yield f'<rect class="text" x="{x:g}" y="{top + 1}" width="2" height="{ROW}"/>'


_Style = tuple[str, str, str]
"""The colours of the text and of what is behind it, and the classes of its font."""


def _look(cell: Char) -> _Style:
    front, back = _colour(cell.fg, "text"), _colour(cell.bg, "paper")
    if cell.reverse:
        front, back = back, front
    font = [
        name
        for name, on in (("b", cell.bold), ("i", cell.italics), ("u", cell.underscore))
        if on
    ]
    return front, back, " ".join(font)


def _colour(name: str, usual: str) -> str:
    """Return the class of a colour; one of the 240 others is drawn as the usual one."""
    # pyte has a slip of the pen in one of its names.
    name = name.removeprefix("bright").removeprefix("bfight")
    return name if name in _COLOURS else usual


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
        data = cell.data if cell else ""
        if data and data.isascii():
            start, text = (start, text) if text else (column, "")
            text += data
            continue
        if text.strip():
            blanks = len(text) - len(text.lstrip())
            yield start + blanks, text.strip(), len(text.strip())
        text = ""
        if data:
            # The second cell of a wide character is empty.
            wide = column + 1 < len(cells) and not cells[column + 1].data
            yield column, data, 2 if wide else 1


def _steady(cells: list[Char], ports: _Ports) -> list[Char]:
    """Replace what differs from run to run by fixed text of the same width."""
    plain = "".join(cell.data if len(cell.data) == 1 else "\0" for cell in cells)

    def number(match: re.Match[str]) -> str:
        return ports.setdefault(match[0], str(PORT + len(ports)))

    fixed = _PORT.sub(number, plain)
    for pattern, text in _VARYING:
        fixed = pattern.sub(text, fixed)
    return [
        cell if before == after else cell._replace(data=after)
        for cell, before, after in zip(cells, plain, fixed, strict=True)
    ]
