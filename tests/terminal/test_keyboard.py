"""The keyboard of the line editor: every key of the table, and no byte of a report.

The table is played in the editor, on a pty in this process, and by the decoder alone for
all the places where a slow line may cut a sequence.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterable

import pytest
from prompt_toolkit.key_binding.defaults import load_key_bindings
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys

from chatlib.terminal.keyboard import BURST, LINE_END_KEY, LONGEST, KeyDecoder
from harness.keys import keys
from harness.stage import PATIENCE
from tests.terminal.key_table import (
    CURSOR,
    LINE,
    REPORTS,
    RESULTS,
    ROWS,
    TERMINFO,
    Row,
    terminfo,
)
from tests.terminal.seat import Script, Seat

STANDING = " with the server | /help lists the commands"
BEGIN, END = "\x1b[200~", "\x1b[201~"

BEFORE = keys("Ctrl-G Ctrl-E Ctrl-U") + LINE + keys("Left") * (len(LINE) - CURSOR)
"""Keys that bring the table's line into the editor, whatever stands there."""

MARK = "\u00a7"
"""Typed behind every key of the table: it shows where the cursor is, and that it types."""

AT_ONCE = 16
"""Rows that are sent in one piece; a pty holds 4095 bytes."""


PARTS = 4
"""The table is played in so many tests, which can run at the same time."""


def is_of_history(row: Row) -> bool:
    """Return whether a row goes to another line, which has to be loaded first."""
    return row.does in ("up", "down")


def distinct(rows: Iterable[Row]) -> list[Row]:
    """Return the rows without those whose bytes another one has."""
    return list({row.sent: row for row in rows}.values())


def heard_after(row: Row) -> list[str]:
    """Return what is sent if a row is pressed in the line, then the mark and Enter."""
    if row.does == "send":
        return [LINE, MARK]
    if row.does.startswith("text "):
        return [f"{LINE[:CURSOR]}{row.does[5:]}{MARK}{LINE[CURSOR:]}"]
    return [RESULTS[row.does].replace("|", MARK)]


def plays_rows(seat: Seat, rows: list[Row], around: str = "{}") -> None:
    """Press the keys of rows, each in the table's line, and compare what is sent then.

    A long row is pressed by itself.
    """
    seat.opens()
    wrong: list[tuple[Row, list[str | None]]] = []

    def script() -> Script:
        yield seat.shows(">", STANDING)
        left = list(rows)
        while left:
            some = [left.pop(0)]
            while left and len(some) < AT_ONCE and len(left[0].sent) < 100:
                some.append(left.pop(0))
            expected = [line for row in some for line in heard_after(row)]
            seat.heard.clear()
            for row in some:
                seat.presses(f"{BEFORE}{around.format(row.sent)}{MARK}\r")
            yield lambda: len(seat.heard) >= len(expected)  # noqa: B023
            wrong.extend(differing(some, seat.heard))

    seat.plays(script())
    assert wrong == []


def differing(
    rows: list[Row], heard: list[str | None]
) -> list[tuple[Row, list[str | None]]]:
    """Return the rows after which something else was sent than the table says."""
    wrong, at = [], 0
    for row in rows:
        expected = heard_after(row)
        found = heard[at : at + len(expected)]
        at += len(expected)
        if found != expected:
            wrong.append((row, found))
    return wrong


# In the editor.


@pytest.mark.parametrize("part", range(PARTS))
def test_every_key_does_what_the_table_says_and_no_report_becomes_text(
    seat: Seat, part: int
) -> None:
    """Each in the middle of a line; what is typed before and behind it is sent."""
    rows = [row for row in distinct(ROWS) if not is_of_history(row)]
    plays_rows(seat, rows[part::PARTS])


def test_in_a_search_no_report_becomes_text(seat: Seat) -> None:
    """Ctrl-G afterwards brings the line back."""
    plays_rows(seat, distinct(REPORTS), keys("Ctrl-R") + "{}" + keys("Ctrl-G"))


def test_the_keys_of_the_terminals_that_are_installed_here(seat: Seat) -> None:
    """Their databases may be newer than the table."""
    if not shutil.which("infocmp"):
        pytest.skip("infocmp is not installed (Debian: ncurses-bin)")
    rows: list[Row] = []
    for name in TERMINFO:
        command = ["infocmp", "-x", "-1", name]
        told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        rows += terminfo(name, told)
    if not rows:
        pytest.skip("none of the terminals of the table is installed (ncurses-term)")
    plays_rows(seat, [row for row in distinct(rows) if not is_of_history(row)])


def test_keys_that_go_through_the_history(seat: Seat) -> None:
    """Each goes from an empty line to the one that was sent, or back."""
    terminal = seat.opens()

    def typed(line: str) -> None:
        seat.heard.append(line)
        terminal.refresh(True, True, lambda: ("with the server",))

    seat.typed = typed
    rows = [row for row in distinct(ROWS) if is_of_history(row)]

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("older\r")
        yield seat.shows("> you: older", ">", STANDING)
        for row in rows:
            seat.presses(row.sent if row.does == "up" else keys("Up"))
            yield seat.shows(">older", STANDING)
            seat.presses(row.sent if row.does == "down" else keys("Down"))
            yield seat.shows(">", STANDING)

    seat.plays(script())


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        pytest.param("\x1b<", "first|", id="Alt-<"),
        pytest.param("\x1b<\x1b>", "|", id="Alt->"),
        pytest.param("\x1b.", "two|", id="Alt-."),
        pytest.param("a b\x17\x19", "a b|", id="Ctrl-W Ctrl-Y"),
        pytest.param("a b\x17\x15\x19\x1by", "b|", id="Alt-Y"),
        pytest.param("ab\x17\x1f", "ab|", id="Ctrl-_"),
        pytest.param("ab\x0c", "ab|", id="Ctrl-L"),
        pytest.param("\x12fir\x1b[27u", "|", id="Ctrl-R, Escape"),
        pytest.param("\x12fir\r", "|first", id="Ctrl-R, Enter"),
        pytest.param(f"\x12fir{keys('Right')}", "|first", id="Ctrl-R, Right"),
        pytest.param(f"\x12FIR{keys('End')}", "first|", id="Ctrl-R, End"),
        pytest.param("\x12t\x12\x1b[27u", "|", id="Ctrl-R twice, Escape"),
        pytest.param("\x12t\x12\t", "firs|t", id="Ctrl-R twice, Tab"),
        pytest.param("\x12\r", "|", id="Ctrl-R, nothing, Enter"),
        pytest.param("\x12fir\x07", "|", id="Ctrl-R, Ctrl-G"),
        pytest.param("\x12fir\x03", "|", id="Ctrl-R, Ctrl-C"),
        pytest.param(f"\x12{BEGIN}fir{END}\r", "|first", id="Ctrl-R, paste"),
    ],
)
def test_commands_that_need_more_than_the_line(seat: Seat, sent: str, line: str) -> None:
    """Those of the history, of what was cut, and of the search."""
    terminal = seat.opens()

    def typed(text: str) -> None:
        seat.heard.append(text)
        terminal.refresh(True, True, lambda: ("with the server",))

    seat.typed = typed

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("first\rone two\r")
        yield seat.shows("> you: first", "> you: one two", ">", STANDING)
        seat.presses(sent)
        yield seat.shows(f">{line.replace('|', '')}", STANDING)
        seat.presses(f"{MARK}\r")
        yield lambda: seat.heard == ["first", "one two", line.replace("|", MARK)]

    seat.plays(script())


def test_escape_alone_is_no_part_of_the_next_key(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once its time is over; it leaves a search."""
    monkeypatch.setattr("chatlib.terminal.keyboard.KEY_SECONDS", 0.01)
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(keys("Ctrl-R"))
        yield lambda: any("search" in row for row in seat.rows)
        seat.presses(keys("Escape"))
        yield lambda: not any("search" in row for row in seat.rows)
        later = seat.loop.now() + 0.1
        seat.presses(keys("Escape"))
        yield lambda: seat.loop.now() > later
        seat.presses("b\r")
        yield lambda: seat.heard == ["b"]

    seat.plays(script())


# Pastes in the editor.


def test_a_paste_without_its_end_mark_ends_with_a_pause(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text stands in the line, and keys are heard again."""
    monkeypatch.setattr("chatlib.terminal.keyboard.REPORT_SECONDS", 0.05)
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(f"{BEGIN}abc")
        yield seat.shows(">abc", STANDING)
        seat.presses("d\r")
        yield lambda: seat.heard == ["abcd"]
        seat.presses(keys("Ctrl-D"))
        yield lambda: seat.heard == ["abcd", None]

    seat.plays(script())


def test_ctrl_c_is_heard_at_once_in_a_paste_without_its_end_mark(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was pasted until then is dropped, as every line is; a second one leaves."""
    seat.loop.on_signals([signal.SIGINT], lambda number: seat.heard.append("SIGINT"))
    monkeypatch.setattr("chatlib.terminal.keyboard.REPORT_SECONDS", 2 * PATIENCE)
    read: list[str] = []
    decode_one = KeyDecoder.read

    def note(decoder: KeyDecoder, data: str) -> list[KeyPress]:
        read.append(data)
        return decode_one(decoder, data)

    monkeypatch.setattr(KeyDecoder, "read", note)
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(f"{BEGIN}abc")
        yield lambda: read == [f"{BEGIN}abc"]
        seat.presses(keys("Ctrl-C"))
        yield seat.shows(">", " Dropped, Ctrl-Y brings it back")
        seat.presses(keys("Ctrl-C"))
        yield lambda: seat.heard == ["SIGINT"]

    seat.plays(script())


# The decoder alone.

Decoded = list[tuple[str, str]]

IN_ONE_PIECE = ("APC", "PM", "SOS", "a DCS of nobody", "an OSC of nobody")
"""Rows that are Alt and a key as long as their end has not come with them."""


def decode(*pieces: str) -> Decoded:
    """Return the keys in pieces that come one after the other, without a pause."""
    decoder = KeyDecoder()
    return [pressed(press) for piece in pieces for press in decoder.read(piece)]


def pressed(press: KeyPress) -> tuple[str, str]:
    """Return the name of a key, and the text that it brings."""
    return (press.key, press.data)


def beginnings(row: Row) -> list[str]:
    """Return what may have come of a row, if not all."""
    return [row.sent[:at] for at in range(1, min(len(row.sent), LONGEST + 2))]


SLOW = [row for row in distinct(ROWS) if row.name not in IN_ONE_PIECE]


def test_a_sequence_may_be_cut_anywhere() -> None:
    """In two pieces, and in as many as it has characters."""
    for row in SLOW:
        whole = decode(row.sent, "x")
        assert decode(*row.sent, "x") == whole, row
        for begin in beginnings(row):
            assert decode(begin, row.sent[len(begin) :] + "x") == whole, (row, begin)


def test_an_unfinished_sequence_never_takes_ctrl_c_or_enter() -> None:
    """Nor a character that is typed after a pause."""
    for row in SLOW:
        for begin in beginnings(row):
            for control, key in (("\x03", Keys.ControlC), ("\r", Keys.ControlM)):
                # Escape and Enter together are Alt-Enter.
                alt = begin[-1] == "\x1b" and control == "\r"
                expected = LINE_END_KEY if alt else key
                assert decode(begin, control)[-1] == (expected, ""), (row, begin)
            decoder = KeyDecoder()
            decoder.read(begin)
            decoder.flush()
            typed = [*map(pressed, decoder.read("x\r"))]
            assert typed == [("x", "x"), (Keys.ControlM, "")], (row, begin)


def test_an_8_bit_terminal_has_the_same_keys() -> None:
    """CSI, SS3, DCS, OSC and the rest have one character for `Escape [` and so on."""
    short = {"\x1b[": "\x9b", "\x1bO": "\x8f", "\x1bP": "\x90", "\x1b]": "\x9d"}
    for row in SLOW:
        sent = row.sent.removesuffix("\x1b\\")
        if sent[:2] in short:
            other = short[sent[:2]] + sent[2:] + ("\x9c" if sent != row.sent else "")
            assert decode(other) == decode(row.sent), row


def test_in_a_paste_no_key_acts() -> None:
    """The whole paste is one key, with all that is in it."""
    for row in ROWS:
        if row.sent != END:
            expected = [(Keys.BracketedPaste, f"a{row.sent}"), ("b", "b")]
            assert decode(f"{BEGIN}a{row.sent}{END}b") == expected, row
            if row.sent != "\x03":
                assert decode(BEGIN, "a", row.sent, f"{END}b") == expected, row


def test_the_end_mark_of_a_paste_may_be_cut_anywhere() -> None:
    """What looks like its beginning is text."""
    sent = f"a\x1b[20b{END}c"
    for at in range(len(sent)):
        found = decode(BEGIN, sent[:at], sent[at:])
        assert found == [(Keys.BracketedPaste, "a\x1b[20b"), ("c", "c")]


@pytest.mark.parametrize(
    ("late", "found"),
    [
        pytest.param(f"\r{END}x", [(Keys.BracketedPaste, "\r"), ("x", "x")], id="end"),
        pytest.param("\r" * BURST, [], id="burst"),
        pytest.param("\r", [(Keys.ControlM, "")], id="key"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_the_rest_of_a_paste_that_was_held_up_does_not_act(
    late: str, found: Decoded
) -> None:
    """It is told from keys by its end mark, and by its length."""
    decoder = KeyDecoder()
    decoder.read(f"{BEGIN}abc")
    assert [*map(pressed, decoder.flush())] == [(Keys.BracketedPaste, "abc")]
    assert [*map(pressed, decoder.read(late))] == found


def test_a_large_paste_is_collected_piece_by_piece() -> None:
    """Each piece is looked at once: 4 MiB in 1024 pieces take no second."""
    piece = "x" * 4093 + "\x1b[A"
    begin = time.monotonic()
    assert decode(BEGIN, *[piece] * 1024, END) == [(Keys.BracketedPaste, piece * 1024)]
    assert time.monotonic() - begin < 1


def test_how_long_the_decoder_waits() -> None:
    """Briefly for what may be Escape or Alt and a key, longer in a report or a paste."""
    for sent, seconds in (
        ("", 0.5),
        ("\x1b", 0.5),
        ("\x1b[", 0.5),
        ("\x1b[1", 1.0),
        ("\x1b]1", 1.0),
        (BEGIN, 1.0),
        (f"{BEGIN}{END}", 0.5),
    ):
        decoder = KeyDecoder()
        decoder.read(sent)
        assert decoder.patience == seconds, sent


def test_of_a_report_without_end_only_the_beginning_is_kept() -> None:
    """Otherwise the 8 MB would be looked at 2000 times, which takes seconds."""
    decoder = KeyDecoder()
    begin = time.monotonic()
    for piece in ("\x1b]52;c;", *["QUJD" * 1000] * 2000):
        assert decoder.read(piece) == []
    assert [*map(pressed, decoder.read("\x1b\\x"))] == [("x", "x")]
    assert time.monotonic() - begin < 1


def test_no_key_of_the_tables_begins_a_pair_of_keys() -> None:
    """prompt_toolkit would wait for the second, and take it.

    Escape has a binding of ours before it, Ctrl-C begins pairs in a selection alone.
    """
    bindings = load_key_bindings()
    found = {press for row in SLOW for press, _ in decode(row.sent) if len(press) > 1}
    pairs = {key for key in found if bindings.get_bindings_starting_with_keys((key,))}
    assert pairs <= {Keys.Escape, Keys.ControlC}
    assert not found & {f"c-{key}" for key in "@qvx]^"}


def test_a_letter_with_two_capitals_is_no_key_with_ctrl() -> None:
    """As the German sharp s, in both forms in which terminals send it."""
    assert decode("\x1b[223;5u", "\x1b[27;5;223~", "x") == [("x", "x")]
