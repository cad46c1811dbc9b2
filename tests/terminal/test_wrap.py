"""Where texts are broken into rows, and what a row may be at most as wide as."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from chatlib.terminal import wrap
from chatlib.terminal.visible import columns, visible
from chatlib.terminal.wrap import (
    LINES_SHOWN,
    fill,
    find_column,
    fold,
    split_lines,
)

LINK = "https://example.org/a/rather/long/way"
TICKET = "chat1:192.0.2.7:7777:qqqs-yqcy-q5rq"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("text", "first", "rest", "rows"),
    [
        pytest.param("", 10, 10, [""], id="empty"),
        pytest.param("ten column", 10, 10, ["ten column"], id="exactly-as-wide"),
        pytest.param("one two three", 10, 10, ["one two", "three"], id="words"),
        pytest.param("one two three", 7, 10, ["one two", "three"], id="blank-at-the-edge"),
        pytest.param("one two three", 5, 99, ["one", "two three"], id="first-row"),
        pytest.param("one  two", 4, 9, ["one ", "two"], id="one-blank-is-replaced"),
        pytest.param("abcdefgh", 3, 3, ["abc", "def", "gh"], id="long-word"),
        pytest.param("a bcdefgh", 3, 3, ["a", "bcd", "efg", "h"], id="long-word-later"),
        pytest.param("   abcdef", 5, 5, ["   ab", "cdef"], id="indented"),
        pytest.param("abc ", 3, 3, ["abc"], id="blank-at-the-end"),
        pytest.param("ab", 0, -3, ["a", "b"], id="no-room"),
        pytest.param(f"see {LINK} now", 9, 9, ["see", LINK, "now"], id="link"),
        pytest.param(f"({LINK}", 9, 9, [f"({LINK}"], id="link-alone"),
        pytest.param(f"{TICKET} x", 9, 9, [TICKET, "x"], id="ticket"),
        pytest.param(f"see {LINK}", 38, 38, ["see", LINK], id="link-fits-the-next"),
        pytest.param(f"{LINK}\u3002x", 9, 9, [LINK, "\u3002x"], id="link-and-stop"),
        pytest.param("日本語", 4, 4, ["日本", "語"], id="wide"),
        pytest.param("日本語", 5, 5, ["日本", "語"], id="wide-and-odd"),
        pytest.param("日本語", 1, 1, ["日", "本", "語"], id="wider-than-the-row"),
        pytest.param("日本。x", 4, 4, ["日", "本。", "x"], id="stop-begins-no-row"),
        pytest.param("ab 日本", 5, 5, ["ab 日", "本"], id="wide-after-a-blank"),
        pytest.param("日 abc", 5, 5, ["日", "abc"], id="blank-after-wide"),
        pytest.param("abce\u0301fg", 4, 4, ["abce\u0301", "fg"], id="mark-at-the-edge"),
        pytest.param("é" * 5, 3, 3, ["éée"[:2] + "é", "éé"], id="narrow-and-long"),
        pytest.param(FAMILY * 2, 6, 6, [FAMILY, FAMILY], id="emoji-part-by-part"),
    ],
)
def test_a_text_is_broken_at_words(
    text: str, first: int, rest: int, rows: list[str]
) -> None:
    """Links and characters of several code points stay whole."""
    assert fold(text, first, rest) == rows


@given(
    st.text(alphabet="ab  é日。\u0301\U0001f469\u200d:/h", max_size=60), st.integers(2, 30)
)
def test_no_row_is_wider_than_its_room_and_nothing_is_lost(text: str, room: int) -> None:
    """A break replaces one blank at most."""
    text = visible(text)
    rows = fold(text, room, room)
    at = 0
    for row in rows:
        assert columns(row) <= max(room, *map(columns, iter_graphemes(row)), 0)
        if row and text[at : at + len(row)] != row:
            at += 1
        assert text[at : at + len(row)] == row
        at += len(row) + (row == "")
    assert text[at:].strip(" ") == ""


@pytest.mark.parametrize(
    ("text", "width"),
    [
        pytest.param("abc", 3, id="ascii"),
        pytest.param("日本", 4, id="wide"),
        pytest.param(FAMILY, 6, id="drawn-part-by-part"),
        pytest.param("\u2764\ufe0f", 2, id="emoji-style"),
        pytest.param("e\u0301", 1, id="mark"),
    ],
)
def test_widths_are_rather_too_large(text: str, width: int) -> None:
    """A terminal may draw each part of an emoji."""
    assert columns(text) == width


def test_a_message_of_lines_is_split_and_of_too_many_the_rest_is_one() -> None:
    """Line ends of other systems count; many side by side are a number."""
    assert split_lines("one\r\n\ntwo\n") == ["one", "", "two", ""]
    lines = [str(number) for number in range(LINES_SHOWN)]
    assert split_lines("\n".join(lines)) == lines
    flood = "\n".join([*lines, "more", "x"]) + "\n" * 500 + "last"
    assert split_lines(flood) == [*lines, "502 more: more\nx<500 line ends>last"]


TABLE = "/say TEXT    send the text\n/q           leave\n"


def test_paragraphs_are_filled_and_tables_are_kept() -> None:
    """Descriptions stand under each other where there is room."""
    text = f"One two\nthree four.\n\n{TABLE}Then\nmore.\n"
    assert fill(text, 80) == f"One two three four.\n\n{TABLE}Then more.\n"
    assert fill(text, 26) == fill(text, 80)
    assert fill("/say TEXT    send text", 18) == "/say TEXT    send\n  text"
    assert fill("/a   one two", 10) == "/a   one\n     two"
    assert max(map(len, fill(text, 12).split("\n"))) <= 12


def test_a_line_of_a_table_begins_with_a_slash_and_has_a_gap() -> None:
    """Other lines are prose."""
    assert find_column("/q   leave") == 5
    assert [*map(find_column, ("/q leave", "a  b", ""))] == [0, 0, 0]


def test_a_long_grapheme_is_not_remembered() -> None:
    """Leading consonants of Hangul join without an end, and a peer may send many."""
    before = wrap._cached_width.cache_info().currsize
    assert fold("\u1100" * 5000, 20, 20) == ["\u1100" * 5000]
    assert wrap._cached_width.cache_info().currsize == before


@pytest.mark.parametrize("text", ["(" * 32768, '"' * 32768, "(" * 16000 + "a://"])
def test_brackets_cost_no_time(text: str) -> None:
    """A search for links does not go to the end of the text for each row."""
    begin = time.monotonic()
    wrap.fold(text, 18, 18)
    assert time.monotonic() - begin < 0.2


ALONE = " abc\u00e9素早茶「」。、ーがぎ日本語한국어\u042f\u0448\uff57\uff01々"
JOINED = "\u3030\u0301\u3099\u1161\U0001f3fd"


MARKED = " \u042f\u00e9\U0001f3fd"


@pytest.mark.parametrize("characters", [ALONE, ALONE + JOINED, MARKED])
def test_texts_of_characters_that_stand_alone_are_broken_like_all_others(
    monkeypatch: pytest.MonkeyPatch, characters: str
) -> None:
    """They need no search for graphemes, which takes ten times as long."""
    chance = random.Random(7)
    texts = ["".join(chance.choices(characters, k=each % 50 + 1)) for each in range(2000)]
    rooms = [(chance.randint(1, 30), chance.randint(1, 30)) for _ in texts]
    quick = [fold(text, *room) for text, room in zip(texts, rooms, strict=True)]
    monkeypatch.setattr(wrap, "_UNKNOWN", "")  # is in every text
    assert quick == [fold(text, *room) for text, room in zip(texts, rooms, strict=True)]


def test_as_many_widths_are_remembered_as_the_limit_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A peer could send each of a million characters once."""
    monkeypatch.setattr(wrap, "WIDTHS_LIMIT", 10)
    for code in range(0x4E00, 0x4E00 + 50):
        fold(chr(code) * 20, 10, 10)
    assert len(wrap._WIDTHS) <= 10
