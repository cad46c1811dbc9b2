"""How the conversation looks on an edited terminal: marks, names, colours, rows.

Every row begins with two columns that are ours: `> ` before a line of the person's own,
`~ ` before one that is kept for later, `- ` before a notice, blanks before all else. A
text of the peer begins behind its name, and so do the rows after its first. So no text can
look like an own line, a notice or another name, not even where there are no colours and
after it has scrolled away.

Writes nothing: `edited` writes the rows.
"""

import time
from collections import namedtuple
from collections.abc import Callable

from chatlib.terminal.visible import columns, is_shown_as_is, visible, visible_name
from chatlib.terminal.wrap import find_column, fold, split_lines

OWN, PENDING, NOTICE, OTHER = "> ", "~ ", "- ", "  "
"""The marks at the left edge, of two columns each."""

COMMAND = "/"
"""How a typed line begins that is no message."""

YOU = "you"
"""The name before own lines without --name. `chat` lets no peer be called that."""

STAMP_BLANK = " " * len("12:34 ")

COLOURS = 8
"""The least number of colours of a terminal on which colours are used."""

BRIGHT = 16
"""From so many colours on there is a bright blue."""

NARROW_INDENT = 4
"""The columns before a text whose name would take more than half of the window."""


class Look(namedtuple("Look", ("peer", "own", "notice"), defaults=("", "", ""))):
    """The graphics of a screen (SGR numbers): both names, and what is no message.

    "" is the terminal's own.
    """

    __slots__ = ()
    peer: str
    own: str
    notice: str


def find_look(name: str, colours: int) -> Look:
    """Return the look of this name on a terminal of so many colours."""
    if colours < COLOURS or name == "none":
        return Look()
    if name == "contrast":
        # No colours and nothing faint: black on white, or white on black.
        # The peer's name is reversed and one's own underlined, which no eye mistakes.
        return Look("1;7", "1;4", "")
    if name == "colour-blind":
        # Blue and orange differ for all eyes; there is no orange among the sixteen
        # colours, and yellow comes next to it.
        return Look("1;94" if colours >= BRIGHT else "1;34", "1;33", "2")
    # The sixteen colours and no others: a person has chosen them to suit the background.
    return Look("1;36", "1;32", "2")


def paint(graphics: str, text: str) -> str:
    """Return a piece of one row in these graphics."""
    return f"\x1b[{graphics}m{text}\x1b[m" if graphics and text else text


class Page:
    """Lays out what is shown, as rows that end in a line end.

    `name` stands before own lines. `width()` returns the columns of the window; without
    `wrap` the terminal breaks the rows. With `timestamps` the time stands before the first
    row of every minute.
    """

    def __init__(
        self,
        look: Look,
        name: str,
        width: Callable[[], int],
        *,
        wrap: bool = True,
        timestamps: bool = False,
    ) -> None:
        self._look = look
        # As the other side sees it, bars and too many columns left out.
        self.name = visible_name(name) or YOU
        self._width = width
        self._wrap = wrap
        self._timestamps = timestamps
        # Who has spoken last: the name, what is shown of it, and its columns.
        self._speaker = "", OTHER, len(OTHER)
        # No date is shown for the day on which the program was started.
        # The day and the minute of the last row.
        self._day = time.localtime()[:3] if timestamps else None
        self._minute = ""
        # Why lines are kept for later, as it was shown last.
        self._reason = ""

    def messages(self, speaker: str, texts: list[str]) -> str:
        """Return the rows of messages of the peer."""
        # A talk of 10,000 lines has two speakers, so what is shown of the last one is kept.
        name, head, indent = self._speaker
        if name != speaker:
            head, indent = self._head(OTHER, visible(speaker), self._look.peer)
            self._speaker = speaker, head, indent
        stamp = self._begin() if self._timestamps else ""
        room = self._width() - indent - len(self._blank_stamp)
        # Joined at the end: a long string that grows may be copied for each message.
        shown: list[str] = []
        for text in texts:
            # What nearly every message is: printable ASCII that fits into one row. It needs
            # neither a search for a break nor a table of widths.
            if len(text) <= room and is_shown_as_is(text):
                shown += stamp, head, text, "\n"
            else:
                rows = self._lay(OTHER, visible(speaker), text, self._look.peer)
                shown += stamp, rows
            # Messages that came together came in the same minute.
            stamp = self._blank_stamp
        return "".join(shown)

    def own(self, text: str) -> str:
        """Return the rows of a message of the person's own."""
        self._reason = ""
        return self._begin() + self._lay(OWN, self.name, text, self._look.own)

    def typed(self, text: str, is_move: bool = False) -> str:
        """Return the rows of a typed line: a message, or without a name what is none."""
        if text and not text.startswith(COMMAND) and not is_move:
            return self.own(text)
        return self._begin() + self._lay(OWN, "", text, self._look.own)

    def pending(self, text: str, why: str) -> str:
        """Return the rows of a line that is kept for later; the reason once for a run."""
        notice = ""
        # Who types five lines ahead need not be told five times why they wait.
        if why != self._reason:
            self._reason = why
            notice = self.notice(f"Kept for later, because {why}:")
        # Faint as a whole: it is no message yet, and stands there once more when it is.
        faint = self._look.notice
        return notice + self._begin() + self._lay(PENDING, "", text, faint, faint)

    def notice(self, text: str) -> str:
        """Return the rows of a line about the chat."""
        faint = self._look.notice
        # It may have words of the peer in it: their line ends begin no row.
        return self._begin() + self._lay(NOTICE, "", visible(text), faint, faint)

    def mark(self, text: str) -> str:
        """Return the row of a short notice that has no time, as it comes before others."""
        faint = self._look.notice
        return self._lay(NOTICE, "", text, faint, faint)

    def line(self, text: str) -> str:
        """Return the rows of a line of the conversation that nobody has said."""
        # Marked as notices are: a peer named "Goodbye" is not to speak for the program.
        return self._begin() + self._lay(NOTICE, "", visible(text), "")

    def board(self, lines: list[str]) -> str:
        """Return the rows of a board of a game: neither broken nor with a time."""
        # One that is broken would not be a board any more, and the editor counts its rows.
        edge = f"{self._blank_stamp}{OTHER}"
        return "".join(f"{edge}{visible(line)}\n" for line in lines)

    # Times.

    @property
    def _blank_stamp(self) -> str:
        return STAMP_BLANK if self._timestamps else ""

    def _begin(self) -> str:
        """Return what stands before a first row: the time, unless the minute is the same.

        Before a new day comes a row with its date.
        """
        if not self._timestamps:
            return ""
        # A row says when it was shown. When it was sent only the clock of the peer knows.
        now = time.localtime()
        minute = time.strftime("%H:%M ", now)
        new_day = ""
        # A talk that is left open overnight would otherwise show 09:00 under 23:00.
        if now[:3] != self._day:
            self._day, self._minute = now[:3], ""
            date = f"{now.tm_mday} {time.strftime('%B %Y, %A', now)}"
            new_day = paint(self._look.notice, f"{STAMP_BLANK}{NOTICE}{date}") + "\n"
        if minute == self._minute:
            return STAMP_BLANK
        self._minute = minute
        return new_day + paint(self._look.notice, minute)

    # Rows.

    def _head(self, mark: str, name: str, graphics: str) -> tuple[str, int]:
        """Return mark and name as they are shown, and their columns."""
        if not name:
            return paint(graphics, mark), len(mark)
        # Blanks stay as they are: a reversed edge would be a mark.
        blank = mark if mark.isspace() else ""
        called = paint(graphics, f"{mark[len(blank) :]}{name}:")
        return f"{blank}{called} ", columns(f"{mark}{name}: ")

    def _lay(self, mark: str, name: str, text: str, graphics: str, rest: str = "") -> str:
        """Return the rows of a text behind mark and name, each with its line end.

        Mark and name are in `graphics`, the text in `rest`.
        """
        # Split first: a line end that `visible` sees becomes ^J.
        lines = [*map(visible, split_lines(text))]
        head, indent = self._head(mark, name, graphics)
        before = len(self._blank_stamp)
        width = self._width() - before
        if not self._wrap:
            # Then a window that is made wider joins rows again, and what is copied has no
            # line end that was not sent; the terminal's own rows begin at the left edge.
            rows = lines
        elif name and indent * 2 > width:
            # The name is a part of what is broken: under a name of 32 columns a window of
            # 40 would have one word in each row.
            named, called = head, f"{name}: "
            head, indent = paint(graphics, mark), NARROW_INDENT
            lines[0] = f"{called}{lines[0]}"
            rows = _fold_all(lines, width - len(mark), width - indent)
            if rows[0].startswith(called):
                head, rows[0] = named, rows[0].removeprefix(called)
        else:
            first, indent = _measure(mark, lines[0], width, indent)
            rows = _fold_all(lines, first, width - indent)
        edge = " " * (before + indent)
        # A blank row has no blanks in it: copied, it is what it was.
        shown = [f"{edge}{paint(rest, row)}\n" if row else "\n" for row in rows[1:]]
        return "".join([f"{head}{paint(rest, rows[0])}\n", *shown])


def _measure(mark: str, line: str, width: int, indent: int) -> tuple[int, int]:
    """Return the columns of a first row, and how far the others are indented.

    In a table of commands those stand under what is said of the command.
    """
    first = width - indent
    deep = indent + find_column(line)
    if mark == NOTICE:
        # Never where messages stand, because the peer's words may begin a row.
        return first, deep if deep > indent and deep * 2 <= width else indent + 2
    return first, indent


def _fold_all(lines: list[str], first: int, rest: int) -> list[str]:
    """Return the rows of lines, where only the very first has `first` columns."""
    rows = fold(lines[0], first, rest)
    for line in lines[1:]:
        rows += fold(line, rest, rest)
    return rows
