"""How rows look: marks, names, colours, times; and that no text can look like another's."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.terminal.look import (
    NOTICE,
    OTHER,
    OWN,
    PENDING,
    Look,
    Page,
    find_look,
    paint,
)
from tests.helpers import UNSAFE

PLAIN = Look()


def page(width: int = 40, name: str = "Bob", look: Look = PLAIN, **options: bool) -> Page:
    """Return a page of so many columns."""
    return Page(look, name, lambda: width, **options)


def test_marks_tell_whose_a_row_is() -> None:
    """Own lines have a name too; what is kept for later has a mark of its own."""
    bob = page()
    assert bob.messages("Ann", ["hi", "there"]) == "  Ann: hi\n  Ann: there\n"
    assert bob.messages("", ["hi"]) == "  hi\n"
    assert bob.own("hi") == "> Bob: hi\n"
    assert bob.typed("hi") == "> Bob: hi\n"
    assert bob.typed("/help") == "> /help\n"
    assert bob.typed("") == "> \n"
    assert bob.notice("Ann left.") == "- Ann left.\n"
    assert bob.line("X | O") == "- X | O\n"
    assert bob.board([" X", " O"]) == "   X\n   O\n"
    assert page(name="").own("hi") == "> you: hi\n"


def test_why_lines_are_kept_is_shown_once_for_a_run() -> None:
    """Again after a message of one's own, and when the reason is another one."""
    bob = page()
    why = "- Kept for later, because it is not your turn:\n"
    wide = page(width=80)
    assert wide.pending("one", "it is not your turn") == f"{why}~ one\n"
    assert wide.pending("two", "it is not your turn") == "~ two\n"
    wide.own("one")
    assert wide.pending("two", "it is not your turn") == f"{why}~ two\n"
    assert bob.pending("x", "of y") == "- Kept for later, because of y:\n~ x\n"


def test_rows_stand_under_the_text() -> None:
    """Of a long message, of one with many lines, of a notice and of a table."""
    bob = page(width=20)
    assert bob.messages("Ann", ["one two three four"]) == (
        "  Ann: one two three\n       four\n"
    )
    assert bob.messages("Ann", ["a\n\n  b"]) == "  Ann: a\n\n         b\n"
    assert bob.own("one two three four") == "> Bob: one two three\n       four\n"
    assert bob.notice("one two three four five") == "- one two three four\n    five\n"
    assert bob.notice("/q   leave, if you like") == "- /q   leave, if you\n       like\n"
    assert bob.notice("/say TEXT   send text") == "- /say TEXT   send\n    text\n"


def test_a_long_name_in_a_narrow_window_is_broken_with_the_text() -> None:
    """Rows after the first are indented all the same."""
    assert page(width=20).messages("A" * 15, ["one two three"]) == (
        f"  {'A' * 15}:\n    one two three\n"
    )
    assert page(width=20).messages("A" * 15, ["x\ny"]) == (f"  {'A' * 15}: x\n    y\n")


def test_without_wrapping_the_terminal_breaks_rows() -> None:
    """Line ends of the message stay."""
    bob = page(width=20, wrap=False)
    text = "one two three four five"
    assert bob.messages("Ann", [text, f"{text}\nb"]) == (
        f"  Ann: {text}\n  Ann: {text}\n       b\n"
    )


LONG = "one two three"


@pytest.mark.parametrize(
    ("name", "colours", "look"),
    [
        pytest.param("default", 8, Look("1;36", "1;32", "2"), id="default"),
        pytest.param("contrast", 8, Look("1;7", "1;4", ""), id="contrast"),
        pytest.param("colour-blind", 8, Look("1;34", "1;33", "2"), id="eight"),
        pytest.param("colour-blind", 16, Look("1;94", "1;33", "2"), id="sixteen"),
        pytest.param("none", 256, Look(), id="none"),
        pytest.param("default", 2, Look(), id="no-colours"),
    ],
)
def test_looks_differ_in_colours_alone(name: str, colours: int, look: Look) -> None:
    """Own names are never painted as the peer's, nor either as notices."""
    assert find_look(name, colours) == look
    assert look == Look() or len(set(look)) == 3


def test_every_row_has_its_own_colour() -> None:
    """A row that is copied or scrolled to does not need the row above it."""
    bob = page(width=9, look=find_look("default", 8))
    assert bob.notice(LONG) == (
        "\x1b[2m- \x1b[m\x1b[2mone two\x1b[m\n    \x1b[2mthree\x1b[m\n"
    )
    assert page(look=find_look("contrast", 8)).messages("Ann", ["hi"]) == (
        "  \x1b[1;7mAnn:\x1b[m hi\n"
    )
    assert page(look=find_look("default", 8)).own("hi") == "\x1b[1;32m> Bob:\x1b[m hi\n"
    assert paint("1", "") == ""


def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that sets the time of day."""

    def set_time(text: str) -> None:
        moment = time.strptime(text, "%Y-%m-%d %H:%M")
        monkeypatch.setattr(time, "localtime", lambda: moment)

    return set_time


def test_a_time_stands_once_before_a_minute_and_a_date_before_a_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows after the first have a blank of the same width."""
    now = clock(monkeypatch)
    now("2026-11-28 23:58")
    bob = page(timestamps=True)
    assert bob.messages("Ann", ["a", "b\nc"]) == (
        "23:58   Ann: a\n        Ann: b\n             c\n"
    )
    assert bob.own("d") == "      > Bob: d\n"
    now("2026-11-28 23:59")
    assert bob.notice("e") == "23:59 - e\n"
    now("2026-11-29 23:59")
    assert bob.line("f") == "      - 29 November 2026, Sunday\n23:59 - f\n"


HOSTILE = st.text(
    alphabet=st.one_of(
        st.sampled_from("> -~you:\n\r\t a日\u0301"),
        st.characters(categories=UNSAFE),
        st.characters(),
    ),
    max_size=80,
)


@given(HOSTILE, st.sampled_from(["Ann", "> you", "- x", "日" * 16]), st.integers(20, 100))
def test_no_text_of_the_peer_begins_at_the_left_edge(
    text: str, name: str, width: int
) -> None:
    """So none can look like an own line, a notice or a line that is kept."""
    for row in page(width).messages(name, [text]).removesuffix("\n").split("\n"):
        assert row.startswith(OTHER) or not row
        assert row[:2] not in (OWN, PENDING, NOTICE)


def test_a_flood_of_line_ends_is_a_bounded_number_of_rows() -> None:
    """The conversation stays on the screen's last pages."""
    assert page(width=80).messages("Ann", ["\n" * 32_000]).count("\n") < 110


def test_words_of_the_peer_in_a_notice_look_like_no_message() -> None:
    """Their line ends begin no row, and no row of a notice begins where messages stand."""
    bob = page(width=40)
    shown = bob.notice("Ann left. Last words: bye\nBob: I sign this long contract here")
    assert "bye^JBob:" in shown
    assert all(row.startswith(("- ", "    ")) for row in shown.splitlines())


def test_a_name_of_more_than_half_a_window_keeps_its_colour() -> None:
    """What is said behind it is not coloured, and its rows are those without a colour."""
    red = Look(own="31", peer="31")
    rows = page(width=20, look=red).messages("Bartholomew", ["one two three"])
    assert rows == f"  {paint(red.peer, 'Bartholomew:')} one\n    two three\n"
    own = page(width=20, name="Bartholomew", look=red).own("one two three")
    assert own.startswith(f"{paint(red.own, '> Bartholomew:')} one\n")
