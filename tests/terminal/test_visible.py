"""`visible`: what a terminal would obey, or not show at all, is replaced; the rest kept.

`visible_name` is the same for names, which stand in one row with other words.
"""

import shutil
import subprocess
import time
from unicodedata import category

import pyte
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes, wcswidth
from wcwidth.table_vs16 import VS16_NARROW_TO_WIDE

from chatlib.terminal.visible import (
    _KINDS,
    BLANKS,
    DEFAULT_IGNORABLE,
    JOINED,
    MARKS,
    NAME_COLUMNS,
    visible,
    visible_name,
)
from tests.helpers import JOINERS, UNSAFE, is_ignorable, obeyed

# What shows nothing, or belongs to the character before it.
CLINGING = (
    "\u0300\u0301\u0489\u064b\u0940\u20e3\u1161\u11a8\u1160\u115f\u3164\uffa0\u2800\u034f"
    "\ufe00\ufe0e\ufe0f\U000e0100\U000e01ef\u180b\u180e\u180f\U000e0067\U000e007f\u2065\ufdd0"
    f"{JOINERS}"
)

# What such characters may follow, and blanks.
BEARING = (
    "aé0#\u2764\u2600\U0001f469\U0001f3fd\U0001f3f4\u2192"
    "\u203c\u2139\u8fbb\u0645\u0915\u094d\u1820 \u00a0"
)

# Of every category, so that the rare and dangerous ones come up as often as letters.
ANYTHING = st.lists(
    st.one_of(
        st.characters(),
        st.characters(categories=UNSAFE),
        st.characters(codec="ascii"),
        st.sampled_from(CLINGING),
        st.sampled_from(CLINGING).map(lambda each: each * 12),
        st.sampled_from(BEARING),
        st.just(" " * 13),
        st.sampled_from("\t\n\r\x1b\x7f\x9b\u2028\u202e\ud800"),
    )
).map("".join)


@settings(deadline=None)
@given(ANYTHING)
def test_the_result_has_no_character_that_a_terminal_obeys(text: str) -> None:
    """Nor one that shows nothing, except inside letters and emoji."""
    assert not obeyed(visible(text))


@settings(deadline=None)
@given(ANYTHING)
def test_a_second_pass_changes_nothing(text: str) -> None:
    """A line may pass `visible` twice on its way to the screen."""
    assert visible(visible(text)) == visible(text)


@settings(deadline=None)
@given(st.text(st.characters(codec="ascii", exclude_categories=UNSAFE)))
def test_printable_ascii_is_unchanged(text: str) -> None:
    """Carets and brackets are not escaped."""
    assert visible(text) == text


@settings(deadline=None)
@given(
    st.text(
        st.characters(exclude_categories=[*UNSAFE, "Mn", "Mc", "Me", "Zs"]).filter(
            lambda each: not is_ignorable(each) and each.isprintable()
        )
    )
)
def test_every_language_is_unchanged(text: str) -> None:
    """Letters and symbols; but a lone vowel of Hangul has nothing to stand on."""
    blank = "\u2800\U0001d159\U00013441\U00013442\U00016fe4"
    assume(not set(text) & set(blank) and not any(map(_is_medial, text)))
    assert visible(text) == text


def _is_medial(character: str) -> bool:
    return "\u1160" <= character <= "\u11ff" or "\ud7b0" <= character <= "\ud7fb"


@settings(deadline=None)
@given(ANYTHING, ANYTHING)
def test_a_line_cannot_become_two(before: str, after: str) -> None:
    """No line break of any kind survives, wherever it stands."""
    assert len(visible(f"{before}\n{after}").splitlines()) == 1


# Each of these passes some well-known library unchanged.
@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        pytest.param("\x1b[2Jgone", "^[[2Jgone", id="csi"),
        pytest.param("\x1b]52;c;cm0=\x07", "^[]52;c;cm0=^G", id="osc-52"),
        pytest.param("\x1b]0;title\x1b\\", "^[]0;title^[\\", id="title"),
        pytest.param("\u009b2J", "<U+009B>2J", id="8-bit-csi"),
        pytest.param("\x07", "^G", id="bel"),
        pytest.param("harmless\rroot# ", "harmless^Mroot# ", id="cr"),
        pytest.param("abc\b\b\bxyz", "abc^H^H^Hxyz", id="bs"),
        pytest.param("\u0085", "<U+0085>", id="nel"),
        pytest.param("\x7f", "^?", id="del"),
        pytest.param("\u2028", "<U+2028>", id="line-separator"),
        pytest.param("\u2029", "<U+2029>", id="paragraph-separator"),
        pytest.param("\u202egpj.exe", "<U+202E>gpj.exe", id="rlo"),
        pytest.param("\u2067", "<U+2067>", id="rli"),
        pytest.param("\u200f", "<U+200F>", id="rlm"),
        pytest.param("\ud800", "<U+D800>", id="lone-surrogate"),
        pytest.param("\ufeff", "<U+FEFF>", id="bom"),
        pytest.param("\U000e0041", "<U+E0041>", id="tag"),
        pytest.param("\0", "^@", id="nul"),
        pytest.param("\n", "^J", id="newline"),
        pytest.param("\x1f", "^_", id="last-control"),
    ],
)
def test_control_characters_are_shown_in_a_notation(hostile: str, shown: str) -> None:
    """ASCII in caret notation like `cat -v`, other characters by their code point."""
    assert visible(hostile) == shown
    assert visible(f"é{hostile}") == f"é{shown}"


# Each of these shows nothing, or not what it is, in some terminal.
@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        pytest.param("\u115f\u1160", "<U+115F><U+1160>", id="hangul-fillers"),
        pytest.param("\u3164\uffa0", "<U+3164><U+FFA0>", id="more-hangul-fillers"),
        pytest.param("\u2800", "<U+2800>", id="blank-braille"),
        pytest.param("\U00013441", "<U+13441>", id="blank-hieroglyph"),
        pytest.param("\u034f", "<U+034F>", id="grapheme-joiner"),
        pytest.param("\ufe0f\ufe00", "<U+FE0F><U+FE00>", id="selectors-alone"),
        pytest.param("\u2764\ufe0f\ufe0f", "\u2764\ufe0f<U+FE0F>", id="one-selector-more"),
        pytest.param("a\U000e0100", "a<U+E0100>", id="ideographic-selector-alone"),
        pytest.param("1\ufe0f", "1<U+FE0F>", id="half-a-keycap"),
        pytest.param("\ue000\U0010fffd", "<U+E000><U+10FFFD>", id="private-use"),
        pytest.param(
            "\u2065\ufff0\U000e0fff", "<U+2065><U+FFF0><U+E0FFF>", id="unassigned"
        ),
        pytest.param("\ufdd0\U0001fffe", "<U+FDD0><U+1FFFE>", id="noncharacters"),
        pytest.param("pay\u200dpal\u200c", "pay<U+200D>pal<U+200C>", id="latin-joiners"),
        pytest.param("\uab33\u200dx", "\uab33<U+200D>x", id="extended-latin-joiner"),
        pytest.param("\u0645\u200c\u200c", "\u0645\u200c<U+200C>", id="two-joiners"),
        pytest.param("👩\u200d", "👩<U+200D>", id="joiner-without-a-second-emoji"),
        pytest.param("‼\u200d☀", "‼<U+200D>☀", id="joiner-after-a-mark"),
        pytest.param("🏴\U000e0067", "🏴<U+E0067>", id="flag-without-an-end"),
        pytest.param(
            "🏴" + "\U000e0067" * 7 + "\U000e007f",
            "🏴" + "<U+E0067>" * 7 + "<U+E007F>",
            id="more-tags-than-a-flag-has",
        ),
        pytest.param("a\u180b\u180e", "a<U+180B><U+180E>", id="mongolian-alone"),
        pytest.param("\u17b4", "<U+17B4>", id="khmer-inherent-vowel"),
    ],
)
def test_what_shows_nothing_is_shown_by_its_code_point(hidden: str, shown: str) -> None:
    """Text could hide in it, or a name look like another one."""
    assert visible(f"é{hidden}z") == f"é{shown}z"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("日本語\u3000テスト", id="ideographic-space"),
        pytest.param("👩\u200d👩\u200d👧\u200d👦 👍🏽 🇩🇪", id="emoji"),
        pytest.param(
            "👩🏽\u200d❤\ufe0f\u200d💋\u200d👨🏿 👁\ufe0f\u200d🗨\ufe0f", id="joined-emoji"
        ),
        pytest.param(
            "🏴\u200d☠\ufe0f 🙂\u200d\u2194\ufe0f 🧑🏽\u200d🚀", id="more-joined-emoji"
        ),
        pytest.param(
            "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", id="flag"
        ),
        pytest.param("1\ufe0f\u20e3 #\ufe0f\u20e3", id="keycaps"),
        pytest.param("☎\ufe0e \u2139\ufe0f ‼\ufe0f ©\ufe0f", id="styles-of-symbols"),
        pytest.param(
            "辻\U000e0100 葛\ufe00 \U00020b9f\U000e0100", id="ideographic-variants"
        ),
        pytest.param("\u0645\u06cc\u200c\u062e\u0648", id="zero-width-non-joiner"),
        pytest.param("\u0d28\u0d4d\u200d \u0915\u094d\u200c\u0937", id="indic-joiners"),
        pytest.param("\u1820\u180b\u1828\u180e\u1820 \u1820\u180b\u180e", id="mongolian"),
        pytest.param("\u1112\u1161\u11ab\u1100\u1173\u11af", id="decomposed-hangul"),
        pytest.param("e\u0301", id="combining"),
        pytest.param("\u05d1\u05bc\u05b0\u0591 \u0e17\u0e35\u0e48", id="hebrew-and-thai"),
        pytest.param("\U0001fae9 \u0378", id="unassigned"),
        pytest.param("\U0001facc\ufe0f \U0001facc\u200d\U0001facc", id="emoji-to-come"),
        pytest.param("\u00a0\u2003", id="spaces"),
        pytest.param(" " * BLANKS + "é", id="indentation"),
        pytest.param("{" + " " * BLANKS + "}", id="ascii-indentation"),
    ],
)
def test_what_languages_need_passes_unchanged(text: str) -> None:
    """Joiners and selectors have their places; unassigned may be the emoji of tomorrow."""
    assert visible(text) == text


def test_every_symbol_with_an_emoji_style_may_have_one() -> None:
    """Of all characters that have two, by another library's table of Unicode."""
    for ranges in VS16_NARROW_TO_WIDE.values():
        for first, last in ranges:
            for code in range(first, last + 1):
                end = "\u20e3" if code < 128 else ""
                text = f"{chr(code)}\ufe0f{end}"
                assert visible(text) == text, hex(code)


def test_the_ranges_of_the_property_are_those_of_perl() -> None:
    """Perl has the property that Python lacks."""
    perl = shutil.which("perl")
    if perl is None:
        pytest.skip("no perl here: its table is what ours is compared with")
    script = r"""no warnings; for (0 .. 0x10FFFF) {
        print "$_\n" if chr($_) =~ /\p{Default_Ignorable_Code_Point}/ }"""
    found = subprocess.run([perl, "-e", script], capture_output=True, text=True, timeout=20)
    ours = [
        str(code) for first, last in DEFAULT_IGNORABLE for code in range(first, last + 1)
    ]
    assert found.stdout.split() == ours


# Too much of what is fine otherwise.


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("hi" + " " * 60 + "server: x", "hi<60 spaces>server: x", id="ascii"),
        pytest.param(" " * (BLANKS + 1), "<25 spaces>", id="one-more"),
        pytest.param("é" + "\u00a0\u3000 \u2003" * 7, "é<28 spaces>", id="of-all-kinds"),
        pytest.param("\t" * 7 + "x", "<28 spaces>x", id="tabs"),
    ],
)
def test_a_long_run_of_blanks_is_counted(text: str, shown: str) -> None:
    """What follows blanks up to the end of a row would look like another line."""
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("e" + "\u0301" * 8, "e" + "\u0301" * 8, id="as-many-as-allowed"),
        pytest.param(
            "e" + "\u0301" * 300 + "f", "e" + "\u0301" * 8 + "<292 marks>f", id="many"
        ),
        pytest.param(
            "\u1100" + "\u1161" * 10, "\u1100" + "\u1161" * 8 + "<2 marks>", id="hangul"
        ),
        pytest.param(
            "\u0645" + "\u064b\u200c" * 9, "\u0645\u064b<17 marks>", id="with-joiners"
        ),
        pytest.param("a" + "\ufe0f" * 9, "a<9 marks>", id="selectors"),
    ],
)
def test_marks_beyond_what_a_character_may_carry_are_counted(text: str, shown: str) -> None:
    """A stack of hundreds would cover the lines above."""
    assert visible(text) == shown


def test_a_chain_of_joined_emoji_has_an_end() -> None:
    """A terminal may draw all of it in two columns."""
    assert visible("👩" + "\u200d👩" * (JOINED - 1)) == "👩" + "\u200d👩" * (JOINED - 1)
    assert visible("👩" + "\u200d👩" * JOINED) == "👩" + "<U+200D>👩" * JOINED


@pytest.mark.parametrize("mark", ["\u0301", "\u064b", "\u20e3", "\u1161"])
def test_a_mark_at_the_start_stands_on_a_circle(mark: str) -> None:
    """It would be drawn over the name before it."""
    assert visible(f"{mark}x") == f"\u25cc{mark}x"


@settings(deadline=None)
@given(ANYTHING)
def test_no_part_of_the_result_is_without_a_width(text: str) -> None:
    """Every grapheme takes a column at least, and carries no more than it may."""
    for grapheme in iter_graphemes(visible(text)):
        assert wcswidth(grapheme) > 0 or _is_medial(grapheme[0]), ascii(grapheme)
        marks = [each for each in grapheme if category(each)[0] == "M"]
        assert len(marks) <= (MARKS + 1) * (JOINED + 1)


@settings(deadline=None)
@given(ANYTHING)
def test_no_row_can_be_filled_with_blanks(text: str) -> None:
    """Wherever they stand, and whatever was between them."""
    shown = "".join(" " if category(each) == "Zs" else each for each in visible(text))
    assert " " * (BLANKS + 1) not in shown


@settings(deadline=None, max_examples=50)
@given(ANYTHING)
def test_a_terminal_shows_the_result_in_as_many_rows_as_it_has_columns_for(
    text: str,
) -> None:
    """The row above is never drawn on."""
    screen = pyte.Screen(40, 60)
    stream = pyte.Stream(screen)
    stream.feed(f"above\r\nAnn: {visible(text[:60])}")
    assert screen.display[0].rstrip() == "above"
    assert screen.display[1].startswith("Ann: ")
    assert screen.title == ""


@pytest.mark.parametrize(
    "piece",
    [
        "\t\x1b",
        "a\ufe0f",
        "é\x1b",
        "e" + "\u0301" * 9,
        "\u200d",
        "👩\u200d",
        "é" + " " * 25,
    ],
    ids=ascii,
)
def test_the_longest_text_takes_no_time_that_a_person_could_notice(piece: str) -> None:
    """A key that is pressed meanwhile is answered within 0.2 s."""
    text = piece * (32768 // len(piece.encode()))
    visible(text)
    before = time.process_time()
    visible(text)
    assert time.process_time() - before < 0.1


def test_what_is_remembered_of_characters_has_a_limit() -> None:
    """A peer could send all that there are."""
    every = "".join(map(chr, range(0x10000, 0x12000)))
    assert visible(every) == visible(every)
    assert len(_KINDS) <= 4096


# Names.


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("Ann", "Ann", id="plain"),
        pytest.param("Zoë 👩\u200d🚀", "Zoë 👩\u200d🚀", id="emoji"),
        pytest.param("  Ann \t\n B ", "Ann B", id="spaces"),
        pytest.param("Ann | your turn", "Ann \u00a6 your turn", id="bar"),
        pytest.param(" \u00a0\u3000", "", id="blank"),
        pytest.param("\u3164", "<U+3164>", id="invisible"),
        pytest.param("\x1b[2J", "^[[2J", id="control"),
        pytest.param("x" * NAME_COLUMNS, "x" * NAME_COLUMNS, id="just-fits"),
        pytest.param("x" * 127, "x" * (NAME_COLUMNS - 1) + "\u2026", id="long"),
        pytest.param("日" * 42, "日" * 15 + "\u2026", id="wide"),
        pytest.param(
            "x" * 28 + "👩\u200d👩\u200d👩", "x" * 28 + "👩\u2026", id="cut-emoji"
        ),
    ],
)
def test_a_name_is_shown_in_one_row(name: str, shown: str) -> None:
    """It cannot be blank, nor forge the bars of the status line, nor fill a row."""
    assert visible_name(name) == shown


@settings(deadline=None)
@given(ANYTHING)
def test_any_name_is_bounded_and_shown_again_as_it_is(name: str) -> None:
    """It passes `visible` again on its way to the screen, as a part of a sentence."""
    shown = visible_name(name)
    assert visible_name(shown) == shown == visible(shown) == shown.strip()
    assert "|" not in shown
    assert wcswidth(shown) <= NAME_COLUMNS


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\t", "    "), ("a\tb", "a   b"), ("abcd\te", "abcd    e"), ("ü\tb", "ü   b")],
    ids=["first-column", "second-column", "at-a-stop", "not-ascii"],
)
def test_a_tab_becomes_the_spaces_it_stands_for(text: str, shown: str) -> None:
    """Every fourth column is a stop."""
    assert visible(text) == shown
