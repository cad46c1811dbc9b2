"""Nothing that a terminal would obey passes `visible`; everything else passes unchanged."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatlib.terminal.visible import visible
from tests.helpers import JOINERS, UNSAFE, obeyed

# Of every category, so that the rare and dangerous ones come up as often as letters.
ANYTHING = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=UNSAFE),
        st.characters(codec="ascii"),
        st.sampled_from(JOINERS + "\t\n\r\x1b\x7f\x9b\u2028\u202e\ud800"),
    )
)


@settings(deadline=None)
@given(ANYTHING)
def test_no_character_that_a_terminal_obeys_comes_out(text: str) -> None:
    """Controls, formats, surrogates and separators are gone, the two joiners excepted."""
    assert not obeyed(visible(text))


@settings(deadline=None)
@given(ANYTHING)
def test_what_is_visible_stays_as_it_is(text: str) -> None:
    """Showing what was shown changes nothing: a line may pass twice on its way."""
    assert visible(visible(text)) == visible(text)


@settings(deadline=None)
@given(st.text(st.characters(codec="ascii", exclude_categories=UNSAFE)))
def test_printable_ascii_is_unchanged(text: str) -> None:
    """Carets and brackets are not special."""
    assert visible(text) == text


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=UNSAFE)))
def test_every_language_is_unchanged(text: str) -> None:
    """Letters, marks, symbols, spaces, and what Unicode has not assigned yet."""
    assert visible(text) == text


@settings(deadline=None)
@given(ANYTHING, ANYTHING)
def test_a_line_cannot_become_two(before: str, after: str) -> None:
    """No line break of any kind survives, wherever it stands."""
    assert len(visible(f"{before}\n{after}").splitlines()) == 1


# The inputs of terminal.md, section 5: each goes through some other library unharmed.
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
def test_what_a_terminal_would_obey_is_shown_instead(hostile: str, shown: str) -> None:
    """ASCII in caret notation like `cat -v`, the rest by its code point."""
    assert visible(hostile) == shown
    assert visible(f"é{hostile}") == f"é{shown}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("日本語\u3000テスト", id="ideographic-space"),
        pytest.param("👩\u200d👩\u200d👧 👍🏽 🇩🇪", id="emoji"),
        pytest.param("\u0645\u06cc\u200c\u062e\u0648", id="zero-width-non-joiner"),
        pytest.param("e\u0301", id="combining"),
        pytest.param("\U0001fae9 \u0378", id="unassigned"),
        pytest.param("\u00a0\u2003", id="spaces"),
    ],
)
def test_what_languages_need_passes_unchanged(text: str) -> None:
    """Joiners move nothing, and the emoji of tomorrow are not this program's business."""
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\t", "    "), ("a\tb", "a   b"), ("abcd\te", "abcd    e"), ("ü\tb", "ü   b")],
)
def test_a_tab_becomes_the_spaces_it_stands_for(text: str, shown: str) -> None:
    """Every fourth column is a stop, as an editor would show it."""
    assert visible(text) == shown
