"""`visible`: characters that a terminal would obey are replaced, all others kept."""

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
def test_the_result_has_no_character_that_a_terminal_obeys(text: str) -> None:
    """No control, format, surrogate or separator, the two joiners excepted."""
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
@given(st.text(st.characters(exclude_categories=UNSAFE)))
def test_every_language_is_unchanged(text: str) -> None:
    """Letters, marks, symbols, spaces and unassigned code points."""
    assert visible(text) == text


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
    """Joiners move nothing, and unassigned code points may be the emoji of tomorrow."""
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\t", "    "), ("a\tb", "a   b"), ("abcd\te", "abcd    e"), ("ü\tb", "ü   b")],
    ids=["first-column", "second-column", "at-a-stop", "not-ascii"],
)
def test_a_tab_becomes_the_spaces_it_stands_for(text: str, shown: str) -> None:
    """Every fourth column is a stop."""
    assert visible(text) == shown
