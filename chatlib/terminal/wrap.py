"""Where a text is broken into the rows of a screen: at words, and links stay whole.

A break replaces one blank or nothing, so that the pieces are the text again when they are
joined. Widths are counted in columns, and rather too many than too few: a row that is wider
on the screen than counted would be broken by the terminal, and its rest would begin where
no text of the peer may begin, at the left edge.

Pure: text in, text out. Texts must have passed `visible`, except those for `split_lines`.
"""

import re
from bisect import bisect_right
from functools import cache, lru_cache
from itertools import accumulate
from unicodedata import category, east_asian_width

LINES_SHOWN = 100
"""So many lines of one message are shown under each other; the rest follows in a row."""

CACHED_LENGTH = 8
"""Code points of a grapheme whose width is remembered; a family of four has seven."""

WIDTHS_LIMIT = 4096
"""So many code points are remembered; a peer could send each of a million once."""

NARROW, WIDE, _UNKNOWN = "\x01", "\x02", "\x00"
"""The columns of a character that stands alone; ASCII is narrow."""

_ALONE = (
    ("\u00c0", "\u02af"),  # Latin
    ("\u0400", "\u052f"),  # Cyrillic
    ("\u3000", "\u3029"),  # Chinese and Japanese, except the two signs that are emoji
    ("\u3041", "\u30ff"),
    ("\u3400", "\u4dbf"),
    ("\u4e00", "\u9fff"),
    ("\uac00", "\ud7a3"),  # Korean
    ("\uff01", "\uff60"),
)
"""Characters of which a text is mostly made where it is not ASCII, and that are one with
none but a mark, a vowel or a joiner."""

_CLOSING = frozenset(
    "\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff01\uff1f"  # comma, stop, colons, ! and ?
    "\u300d\u300f\uff09\u3011\u300b\u3009\uff3d\uff5d"  # closing brackets
    "\u30fc"  # the mark of a long vowel
)
"""What must not begin a row in Chinese and Japanese."""


def split_lines(text: str) -> list[str]:
    """Return the lines of a message; those after LINES_SHOWN as one, with a count.

    In that one more than two line ends side by side are a count, too: a message of nothing
    but line ends would push the conversation off the screen.
    """
    # What was copied on another system ends its lines with both.
    lines = text.replace("\r\n", "\n").split("\n")
    rest = lines[LINES_SHOWN:]
    if not rest:
        return lines
    # Nothing but line ends is left out: what is acknowledged has been on the screen.
    more = re.sub(r"\n{3,}", lambda found: f"<{len(found[0])} line ends>", "\n".join(rest))
    return [*lines[:LINES_SHOWN], f"{len(rest)} more: {more}"]


def fold(text: str, first: int, rest: int) -> list[str]:
    """Return the pieces of a text for a row of `first` columns and others of `rest`.

    A word that is wider than a row is cut, except a link and a ticket: they are left to the
    terminal, for which they are one thing, to click or to copy, only in one piece.
    """
    rows: list[str] = []
    room = max(first, 1)
    while True:
        end, between = _fit(text, room)
        if end == len(text):
            return [*rows, text]
        stop, start = _find_break(text, end, between)
        rows.append(text[:stop])
        # A blank at the very end would stand alone in a row.
        if start == len(text):
            return rows
        text = text[start:]
        room = max(rest, 1)


def fill(text: str, width: int) -> str:
    """Return paragraphs, broken into rows; lines of a table stay lines of their own."""
    rows: list[str] = []
    paragraph = ""
    for line in [*text.split("\n"), ""]:
        # The texts of the program are written in short lines, which are no paragraphs.
        if line and not find_column(line):
            paragraph = f"{paragraph} {line}" if paragraph else line
            continue
        if paragraph:
            rows += fold(paragraph, width, width)
            paragraph = ""
        rows += _fold_row(line, width)
    return "\n".join(rows[:-1])


def find_column(line: str) -> int:
    """Return where in a line of a table of commands the description begins; 0 if nowhere.

    Such a line begins with a slash, and two blanks or more follow the command.
    """
    _, gap, said = line.partition("  ")
    return len(line) - len(said.lstrip(" ")) if gap and line[0] == "/" else 0


def _fold_row(line: str, width: int) -> list[str]:
    column = find_column(line)
    # In half a window there would be one word in each row.
    column = column if column * 2 <= width else 2
    first, *rest = fold(line, width, width - column)
    return [first, *(" " * column + row for row in rest)]


def _fit(text: str, room: int) -> tuple[int, int]:
    """Return how many code points fit into so many columns, one character at least.

    Also the last place before there where a wide character lets a row end, or 0.
    """
    # With the character after the row, which may be a mark on the last one in it.
    if text[: room + 1].isascii():
        return min(len(text), room), 0
    if 2 * len(text) <= room:  # no code point is wider than two columns
        return len(text), 0
    # One more again: the character after the row may have a mark.
    widths = text[: room + 2].translate(_WIDTHS)
    if _UNKNOWN not in widths:
        return _fit_alone(text, widths, room)
    from wcwidth import iter_graphemes

    end = used = between = 0
    wide_before = False
    # Lazy: of a long text only what fits is looked at.
    for grapheme in iter_graphemes(text):
        width = _width(grapheme)
        # Scripts whose characters are wide set no blanks between words.
        wide = width > 1
        if end and (wide or wide_before) and grapheme[0] not in _CLOSING and used <= room:
            between = end
        if end and used + width > room:
            return end, between
        used += width
        end += len(grapheme)
        wide_before = wide
    return end, between


def _fit_alone(text: str, widths: str, room: int) -> tuple[int, int]:
    """Return the same for a text whose first characters all stand alone.

    `widths` has one of NARROW and WIDE for each of them, and for the one after the row.
    """
    end = bisect_right([*accumulate(map(ord, widths))], room) or 1
    if end == len(text):
        return end, 0
    place = end
    while place and (WIDE not in widths[place - 1 : place + 1] or text[place] in _CLOSING):
        place -= 1
    return end, place


class _Widths(dict[int, str]):
    """The columns of each code point, as a character; found when it is first asked for.

    _UNKNOWN is for those that may be one with their neighbours.
    """

    def __missing__(self, code: int) -> str:
        if len(self) >= WIDTHS_LIMIT:
            self.clear()
        width = self[code] = _find_width(chr(code))
        return width


def _find_width(character: str) -> str:
    if character.isascii():
        return NARROW
    alone = any(first <= character <= last for first, last in _ALONE)
    # A mark is one with the character before it; what is not assigned may become one.
    if not alone or category(character)[0] in "MC":
        return _UNKNOWN
    return WIDE if east_asian_width(character) in "WF" else NARROW


_WIDTHS = _Widths()


def _find_break(text: str, end: int, between: int) -> tuple[int, int]:
    """Return where a row ends and where the next begins; `end` code points fit into it."""
    # The word ends exactly where the row does.
    if text[end] == " ":
        return end, end + 1
    # Blanks that the text begins with are its indentation, and stay with its first word.
    blank = text.rfind(" ", 0, end)
    if blank >= between and text[:blank].strip(" "):
        return blank, blank + 1
    # Between two wide characters nothing is replaced.
    if between:
        return between, between
    # One word fills the row.
    link = _link_pattern().match(text)
    if link:
        stop = link.end()
        return stop, stop + (text[stop : stop + 1] == " ")
    return end, end


def _width(grapheme: str) -> int:
    # A grapheme has no limit (Hangul), and the cache is not to keep what a peer invents.
    short = len(grapheme) <= CACHED_LENGTH
    return _cached_width(grapheme) if short else _measure_width(grapheme)


@lru_cache(maxsize=4096)
def _cached_width(grapheme: str) -> int:
    return _measure_width(grapheme)


def _measure_width(grapheme: str) -> int:
    """Return the columns of a grapheme: its own, or those of its parts if they are more.

    Some terminals draw an emoji of several parts as one, and others part by part.
    """
    from wcwidth import wcswidth, wcwidth

    # Negative for what a terminal does not print; `visible` leaves nothing of that.
    if len(grapheme) == 1:
        return max(wcwidth(grapheme), 0)
    return max(wcswidth(grapheme), sum(max(wcwidth(each), 0) for each in grapheme))


@cache
def _link_pattern() -> re.Pattern[str]:
    # ASCII without a blank: what a terminal breaks begins at the left edge, and cannot
    # look there like a row of ours, which has a blank in its second column.
    # The limits keep a search from going to the end of a text for each of its rows.
    return re.compile(
        r" {0,24}[\"'(<\[]{0,8}(?:[A-Za-z][A-Za-z0-9+.-]{1,15}://|chat1:)[!-~]+"
    )
