"""The view: whole lines, wherever the terminal wrapped or scrolled them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcwidth import wcwidth

from harness.view import View
from tests.helpers import feed_three_ways

MARKS = [
    pytest.param("👩\u200d💻", id="joiner"),
    pytest.param("❤\ufe0f", id="variation-selector"),
    pytest.param("हिन्दी", id="vowel-signs"),
    pytest.param("e\u0301\u0323", id="accents"),
    pytest.param("日\u0301", id="on-a-wide-character"),
]

# A mark at the beginning of a line would have nothing to stand on.
LINES = st.text(
    st.characters(categories=("L", "M", "N", "P", "S", "Zs")), max_size=60
).filter(lambda line: not line or wcwidth(line[0]) != 0)


def view(text: str, rows: int = 5, columns: int = 10) -> View:
    """Return a small window that has been fed with a text."""
    view = View(rows, columns)
    view.feed(text.encode())
    return view


# Lines.


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("abcdefghijklmno", id="letters"),
        pytest.param("abcdefghij", id="just-fits"),
        pytest.param("a" * 35, id="over-four-rows"),
        pytest.param("a" * 500, id="over-more-rows-than-there-are"),
        pytest.param("abcdefghi klm", id="a-blank-before-the-wrap"),
        pytest.param("abcdefghij lm", id="a-blank-after-the-wrap"),
        pytest.param("a" + 25 * " " + "b", id="a-row-of-blanks"),
        pytest.param("日本語日本語日本語", id="wide"),
        pytest.param("a日本語日本語日本語", id="wide-at-an-odd-column"),
    ],
)
def test_a_wrapped_line_is_one_line_again(line: str) -> None:
    """With all its blanks; the next line is a line of its own."""
    assert view(f"{line}\r\nnext\r\n").lines == [line, "next"]


def test_a_wide_character_is_wrapped_whole() -> None:
    """Where one column is left, a terminal leaves it empty."""
    shown = view("abcdefghi日本")
    assert shown.rows[:2] == ["abcdefghi", "日本"]
    assert shown.before_cursor == "日本"


def test_a_line_end_after_a_full_row_does_not_join_it_with_the_next() -> None:
    """It is one line feed, not a wrap and a line feed."""
    assert view("abcdefghij\r\nklm\r\n").lines == ["abcdefghij", "klm"]


def test_what_scrolls_off_the_top_is_kept_in_its_order() -> None:
    """The window shows the last of it, the lines are all that there ever were."""
    lines = [f"line number {number}" for number in range(50)]
    shown = view("".join(f"{line}\r\n" for line in lines))
    assert shown.lines == lines
    assert shown.rows == ["line numbe", "r 48", "line numbe", "r 49", ""]


def test_the_cursors_row_is_not_one_of_the_lines() -> None:
    """It is still being written, or edited."""
    shown = view("one\r\ntwo\r\n>thr")
    assert shown.lines == ["one", "two"]
    assert shown.row == ">thr"


@pytest.mark.parametrize(
    "erase",
    [
        pytest.param("\x1b[A\r\x1b[J", id="below"),
        pytest.param("\x1b[3;1H\x1b[1J", id="above"),
        pytest.param("\x1b[2J", id="all"),
    ],
)
def test_erased_rows_forget_that_they_were_wrapped(erase: str) -> None:
    """Lines that are written there next are lines of their own."""
    shown = view("abcdefghijklm")
    shown.feed(f"{erase}\x1b[1;1Hone\x1b[2;1Htwo\r\n".encode())
    assert shown.lines == ["one", "two"]


def test_a_line_feed_leads_to_a_line_of_its_own() -> None:
    """Also where a wrapped line stood before, and was written over."""
    shown = view("abcdefghijklm\x1b[A\rone\x1b[K\r\ntwo\x1b[K\r\n")
    assert shown.lines == ["one", "two"]


def test_rows_that_are_not_erased_stay_joined() -> None:
    """An editor erases its own line, under those that have been shown."""
    shown = view("abcdefghijklm\r\n>half a line")
    shown.feed(b"\x1b[A\r\x1b[Jnews\r\n>half a line")
    shown.feed(b"\r\n")
    assert shown.lines == ["abcdefghijklm", "news", ">half a line"]


@pytest.mark.parametrize("text", MARKS)
def test_marks_without_width_are_kept(text: str) -> None:
    """So is the text after them, in the same read and at the end of a row."""
    for line in (f"{text}after", text * 30, f"123456789{text}"):
        assert view(f"{line}\r\n").lines == [line]


@pytest.mark.parametrize("text", MARKS)
def test_a_mark_does_not_move_the_cursor(text: str) -> None:
    """It stands on the character before it."""
    shown = view(f"{text}x\by")
    assert shown.row == f"{text}y"
    assert shown.before_cursor == f"{text}y"


def test_bytes_may_be_cut_anywhere() -> None:
    """In a character, in an escape sequence, in a line end."""
    data = (
        "\x1b]2;title\x07é日本語日本語\r\n\x1b[?25l\x1b[1mbold\x1b[m\r\n👩\u200d💻x\x1b[D"
    )

    def look(pieces: list[bytes]) -> tuple[list[str], list[str], str, str, bool]:
        shown = View(4, 10)
        for piece in pieces:
            shown.feed(piece)
        return shown.lines, shown.rows, shown.before_cursor, shown.title, shown.at_rest

    feed_three_ways(data.encode(), look)
    assert look([data.encode()])[0] == ["é日本語日本語", "bold"]


@settings(deadline=None)  # drawing takes the longer, the more tests run beside
@given(
    lines=st.lists(LINES, max_size=12),
    rows=st.integers(1, 8),
    columns=st.integers(1, 40),
    data=st.data(),
)
def test_lines_come_back_whatever_the_window_and_however_the_bytes_are_cut(
    lines: list[str], rows: int, columns: int, data: st.DataObject
) -> None:
    """Only blanks at the end cannot be seen."""
    raw = "".join(f"{line}\r\n" for line in lines).encode()
    place = data.draw(st.integers(0, len(raw)))
    shown = View(rows, columns)
    shown.feed(raw[:place])
    shown.feed(raw[place:])
    assert shown.lines == [line.rstrip() for line in lines]


# The window.


def resized(rows: int, columns: int) -> View:
    """Return a window of 5 rows and 10 columns that was resized while a line was typed."""
    shown = view("abcdefghijklm\r\nshort\r\n>half")
    shown.resize(rows, columns)
    shown.feed(b"\r\x1b[J>half\r\n")
    return shown


@pytest.mark.parametrize(
    ("rows", "columns", "window"),
    [
        pytest.param(2, 10, [">half", ""], id="lower"),
        pytest.param(1, 10, [""], id="one-row"),
        pytest.param(6, 10, ["abcdefghij", "klm", "short", ">half", "", ""], id="higher"),
        pytest.param(5, 4, ["klm", "shor", ">hal", "f", ""], id="narrower"),
        pytest.param(5, 30, ["abcdefghij", "klm", "short", ">half", ""], id="wider"),
        pytest.param(3, 30, ["short", ">half", ""], id="lower-and-wider"),
    ],
)
def test_a_window_of_another_size_keeps_the_lines_above(
    rows: int, columns: int, window: list[str]
) -> None:
    """Also those that the window does not show any more."""
    shown = resized(rows, columns)
    assert shown.rows == window
    assert shown.lines == ["abcdefghijklm", "short", ">half"]


def test_what_a_narrower_window_hides_is_there_again_when_it_is_wide() -> None:
    """Unless it was erased in between: then nothing of it comes back."""
    shown = view("abcdefgh\r\nijklmnop\r\nq")
    shown.resize(5, 4)
    shown.feed(b"\x1b[A\r\x1b[J")
    assert shown.rows == ["abcd", "", "", "", ""]
    shown.resize(5, 10)
    assert shown.rows == ["abcdefgh", "", "", "", ""]


def test_what_a_lower_window_cuts_off_at_the_bottom_is_gone() -> None:
    """No program had written so far down."""
    shown = view("one\r\ntwo\r\nthree\x1b[H")
    shown.resize(2, 10)
    shown.resize(5, 10)
    assert shown.rows == ["one", "two", "", "", ""]


def test_the_cursor_stays_in_a_narrower_window() -> None:
    """The next characters begin the next row, and are one line with the rest."""
    shown = view("abcdefgh")
    shown.resize(5, 4)
    assert shown.before_cursor == "abcd"
    shown.feed(b"XY\r\n")
    assert shown.rows[:2] == ["abcd", "XY"]


def test_what_stands_on_the_left_of_the_cursor_ends_at_its_column() -> None:
    """Blanks count there; what is on the right of it does not."""
    shown = view("日 abcd\x1b[K\x1b[D\x1b[K\x1b[2D")
    assert (shown.before_cursor, shown.row) == ("日 a", "日 abc")
    shown.feed(b"\r")
    assert shown.before_cursor == ""
    shown.feed(b"\x1b[9C")
    assert shown.before_cursor == "日 abc   "


def test_the_rows_are_the_window_and_no_more() -> None:
    """Blanks at the end cannot be seen, those at the beginning can."""
    assert view("  a  \r\nb", 3).rows == ["  a", "b", ""]


def test_the_title_is_the_last_that_was_set() -> None:
    """There is none until a program sets one; it is no line of the screen."""
    shown = view("a")
    assert shown.title == ""
    shown.feed(b"\x1b]2;first\x07\x1b]0;second\x1b\\\x1b]1;icon\x07")
    assert (shown.title, shown.row) == ("second", "a")


def test_a_program_can_ask_for_marked_pastes() -> None:
    """It can ask for that and give it up again."""
    shown = view("")
    assert not shown.pastes_in_brackets
    shown.feed(b"\x1b[?2004h")
    assert shown.pastes_in_brackets
    shown.feed(b"\x1b[?2004l")
    assert not shown.pastes_in_brackets


def test_a_screen_is_at_rest_while_its_cursor_can_be_seen() -> None:
    """An editor hides it, paints, and shows it again."""
    shown = view("")
    assert shown.at_rest
    shown.feed(b"\x1b[?25l")
    assert not shown.at_rest
    shown.feed(b"\x1b[?25h")
    assert shown.at_rest
