"""Windows drawn as SVG: what a terminal shows, and the same picture in every run."""

import re
from xml.etree import ElementTree

import pytest

from harness.picture import COLUMN, GAP, HEAD, MARGIN, ROW, draw
from harness.view import View

SVG = "{http://www.w3.org/2000/svg}"


def picture(text: str, columns: int = 20, rows: int = 2) -> ElementTree.Element:
    """Return the picture of a window to which this text was written."""
    view = View(rows, columns)
    view.feed(text.encode())
    return ElementTree.fromstring(draw([("client", view)], "about"))


def texts(drawn: ElementTree.Element) -> list[tuple[str, str]]:
    """Return every text in the windows, with its classes."""
    found = drawn.findall(f"{SVG}text")
    # The first one is the window's name.
    return [(each.text or "", each.attrib["class"]) for each in found[1:]]


def columns_of(drawn: ElementTree.Element) -> list[tuple[str, int, int]]:
    """Return every text with its first column and its width in columns."""
    found = drawn.findall(f"{SVG}text")[1:]
    return [
        (
            each.text or "",
            round((float(each.attrib["x"]) - MARGIN) / COLUMN),
            round(float(each.attrib["textLength"]) / COLUMN),
        )
        for each in found
    ]


def cursors(drawn: ElementTree.Element) -> list[tuple[float, float]]:
    """Return where cursors are drawn: column and row."""
    return [
        (
            round((float(each.attrib["x"]) - MARGIN) / COLUMN, 2),
            (float(each.attrib["y"]) - HEAD - 1) / ROW,
        )
        for each in drawn.findall(f"{SVG}rect")
        if each.attrib["width"] == "2"
    ]


@pytest.mark.parametrize(
    ("graphics", "classes"),
    [
        ("", "text"),
        ("1", "text b"),
        ("3", "text i"),
        ("4", "text u"),
        ("1;4", "text b u"),
        ("2", "faint"),
        ("2;22", "text"),
        ("36", "cyan"),
        ("1;36", "cyan b"),
        ("94", "blue"),
        ("95", "magenta"),
        ("38;5;2", "text"),
        ("38;5;208", "text"),
        ("38;2;1;2;3", "text"),
        ("7", "paper"),
        ("7;2", "paper"),
        ("41", "text"),
    ],
)
def test_the_looks_of_a_text(graphics: str, classes: str) -> None:
    """Each is a class, which has a colour on paper and one on slate."""
    drawn = picture(f"\x1b[{graphics}mHello\x1b[m")
    assert texts(drawn) == [("Hello", classes)]
    style = drawn.find(f"{SVG}style")
    assert style is not None and style.text
    colour = classes.split()[0]
    light, dark = re.findall(rf"\.{colour}{{fill:(#\w+)}}", style.text)
    assert light != dark
    assert style.text.rindex(dark) > style.text.index("prefers-color-scheme:dark")


@pytest.mark.parametrize(
    ("graphics", "behind"),
    [("7", "text"), ("7;2", "faint"), ("7;31", "red"), ("41", "red"), ("105", "magenta")],
)
def test_what_is_behind_a_text(graphics: str, behind: str) -> None:
    """Reversed text has its colour behind it, blanks included."""
    drawn = picture(f"ab\x1b[{graphics}mHe lo \x1b[m")
    (back,) = [
        each
        for each in drawn.findall(f"{SVG}rect")
        if each.attrib["class"] == behind and each.attrib["width"] != "2"
    ]
    assert float(back.attrib["x"]) == pytest.approx(MARGIN + 2 * COLUMN)
    assert float(back.attrib["width"]) == pytest.approx(6 * COLUMN)


def test_columns_stand_under_each_other() -> None:
    """Wide characters, marks and joined families take the cells that they have."""
    drawn = picture("a漢字b é👩\u200d👧 ❤\ufe0fz e\u0301")
    assert columns_of(drawn) == [
        ("a", 0, 1),
        ("漢", 1, 2),
        ("字", 3, 2),
        ("b", 5, 1),
        ("é", 7, 1),
        ("👩\u200d", 8, 2),
        ("👧", 10, 2),
        ("❤\ufe0f", 13, 1),
        ("z", 14, 1),
        ("e\u0301", 16, 1),
    ]


def test_a_wide_character_at_the_right_edge() -> None:
    """It stands in the next row, and the last column is empty."""
    drawn = picture("abc漢", columns=4)
    assert columns_of(drawn) == [("abc", 0, 3), ("漢", 0, 2)]


def test_blanks_are_not_drawn() -> None:
    """Only what stands between them."""
    assert columns_of(picture("   a b   ")) == [("a b", 3, 3)]


def test_the_cursor_stands_where_it_is() -> None:
    """It is behind the text, in the last column too, and gone where it is hidden."""
    assert cursors(picture("Hello")) == [(5, 0)]
    assert cursors(picture("Hello\r\n漢")) == [(2, 1)]
    assert cursors(picture("Hello", columns=5)) == [(4, 0)]
    assert cursors(picture("Hello\x1b[?25l")) == []


def test_what_differs_from_run_to_run_does_not() -> None:
    """A port and a count of seconds are the same in every picture; all else stays."""
    first, second, other = (
        picture(f"port {port}, 1 not confirmed for {seconds} s, {number}", columns=60)
        for port, seconds, number in [("34567", 1, 7), ("51234", 3, 7), ("51234", 3, 8)]
    )
    assert texts(first) == texts(second) != texts(other)
    early, late = (
        picture(
            f"for {seconds} s more, trying until 12:05:{seconds} "
            f"waiting for the seat until 12:04:{seconds}",
            columns=80,
        )
        for seconds in (57, 59)
    )
    assert texts(early) == texts(late)
    assert texts(first) == [("port 60441, 1 not confirmed for 2 s, 7", "text")]


def test_ports_that_differ_are_drawn_as_different_ports() -> None:
    """They are counted in the order in which they appear, in all windows together."""
    server, client = View(1, 40), View(1, 40)
    server.feed(b"port 51234, from 40001")
    client.feed(b"from 40001 to 51234, not 33333")
    root = ElementTree.fromstring(draw([("server", server), ("client", client)], "about"))
    drawn = [text for text, _ in texts(root)]
    assert drawn == [
        "port 60441, from 60442",
        "client",
        "from 60442 to 60441, not 60443",
    ]


def test_a_wide_character_before_a_port_moves_nothing() -> None:
    """Text is replaced cell by cell."""
    assert columns_of(picture("漢 34567")) == [("漢", 0, 2), ("60441", 3, 5)]


def test_text_is_no_markup() -> None:
    """Whatever a peer sends is text."""
    drawn = picture("<script>&\"'</script>", columns=40)
    assert texts(drawn) == [("<script>&\"'</script>", "text")]


def test_nothing_is_loaded_and_nothing_runs() -> None:
    """The only address in it is the name of the format."""
    view = View(2, 20)
    drawn = draw([("a <b>", view)], 'what "it" <shows>')
    assert re.findall(r"\w+://[^\"]+", drawn) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|href|url\(|@import| on\w+=", drawn)
    root = ElementTree.fromstring(drawn)
    assert root.attrib["aria-label"] == 'what "it" <shows>'
    assert root.findtext(f"{SVG}title") == 'what "it" <shows>'


def size(*columns: int) -> list[float]:
    """Return the width and the height of a picture of windows with two rows."""
    windows = [("window", View(2, each)) for each in columns]
    root = ElementTree.fromstring(draw(windows, "about"))
    return [float(each) for each in root.attrib["viewBox"].split()[2:]]


def test_windows_stand_side_by_side_while_there_is_room() -> None:
    """Wide ones stand below each other."""
    height = HEAD + 2 * ROW + MARGIN
    frame = 2 * MARGIN
    assert size(80) == [80 * COLUMN + frame, height]
    assert size(80, 80) == [160 * COLUMN + 2 * frame + GAP, height]
    assert size(200, 100) == [200 * COLUMN + frame, 2 * height + GAP]
