"""What the keys of the line editor do, on a pty in this process."""

import os
import signal

import pytest

from harness.keys import keys
from tests.terminal.seat import Script, Seat

STANDING = " with the server | /help lists the commands"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def test_keys_that_delete_and_move_go_by_graphemes(seat: Seat) -> None:
    """Backspace, Delete, Ctrl-D and the arrows; at an end of the line they do nothing."""
    seat.opens()
    nothing = keys("Backspace Left Right Delete")

    def script() -> Script:
        yield seat.shows(">", STANDING)
        for pressed, heard in (
            (f"{nothing}a{FAMILY}{keys('Backspace')}z", "az"),
            (f"a{FAMILY}{keys('Left')}z", f"az{FAMILY}"),
            (f"{FAMILY}a{keys('Ctrl-A Right')}z", f"{FAMILY}za"),
            (f"{FAMILY}a{keys('Ctrl-A Delete')}z", "za"),
            (f"{FAMILY}a{keys('Ctrl-A Ctrl-D')}z", "za"),
        ):
            seat.presses(f"{pressed}\r")
            yield lambda: seat.heard[-1:] == [heard]  # noqa: B023

    seat.plays(script())


def test_ctrl_d_on_an_empty_line_ends_the_input(seat: Seat) -> None:
    """The editor itself goes on: the goodbye may take a while. A mouse does nothing."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("\x1b[M !!" + keys("Ctrl-D"))
        yield lambda: seat.heard == [None]
        terminal.show("Goodbye")
        yield seat.shows("- Goodbye", ">", STANDING)

    seat.plays(script())


def test_ctrl_c_is_a_signal(seat: Seat) -> None:
    """As the kernel makes it one; it leaves no trace on the screen."""
    seat.loop.on_signals([signal.SIGINT], lambda number: seat.heard.append("SIGINT"))
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(keys("Ctrl-C"))
        yield lambda: seat.heard == ["SIGINT"]
        terminal.begin_line()

    seat.plays(script())
    assert b"^C" not in seat.raw


def test_ctrl_c_is_no_signal_where_something_is_half_done(seat: Seat) -> None:
    """It leaves a search first, then it clears the line, and then it leaves."""
    seat.loop.on_signals([signal.SIGINT], lambda number: seat.heard.append("SIGINT"))
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("half" + keys("Ctrl-R"))
        yield lambda: "search:" in seat.rows
        seat.presses(keys("Ctrl-C"))
        yield seat.shows(">half", STANDING)
        seat.presses(keys("Ctrl-C"))
        yield seat.shows(">", " Dropped, Ctrl-Y brings it back")
        assert seat.heard == []
        seat.presses(keys("Ctrl-C"))
        yield lambda: seat.heard == ["SIGINT"]

    seat.plays(script())


def test_escape_puts_away_what_is_half_done_and_nothing_else(seat: Seat) -> None:
    """A search, the choices, a question, and a paste; a line stays."""
    terminal = seat.opens(commands=("/one ", "/two"))
    escape = "\x1b[27u"  # of kitty: it needs no pause behind it

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(f"{escape}half{keys('Ctrl-R')}")
        yield lambda: "search:" in seat.rows
        seat.presses(escape)
        yield seat.shows(">half", STANDING)
        seat.presses(f"{escape}{keys('Ctrl-U')}\t\t")
        yield seat.shows(">/", " /one  /two")
        seat.presses(escape)
        yield seat.shows(">/", STANDING)
        terminal.ask("word>")
        seat.presses(f"secret{escape}")
        yield lambda: seat.heard == [""]
        terminal.ask("")
        terminal.refresh(True, True, lambda: ("with the server",))
        yield seat.shows(">/", STANDING)
        seat.presses(keys("Ctrl-U"))
        yield seat.shows(">", STANDING)
        seat.presses(f"\x1b[200~a\rb\x1b[201~{escape}")
        yield seat.shows(">", " Dropped, Ctrl-Y brings it back")

    seat.plays(script())


def test_the_kernels_other_keys_are_signals_too(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-Z stops all processes of the foreground."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *to: sent.append(to))
    seat.loop.on_signals([signal.SIGQUIT], lambda number: seat.heard.append("SIGQUIT"))
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(keys("Ctrl-\\ Ctrl-Z"))
        yield lambda: seat.heard == ["SIGQUIT"] and sent == [(0, signal.SIGTSTP)]

    seat.plays(script())
