"""What Tab completes, and what it lists."""

from collections.abc import Sequence

import pytest

from harness.keys import keys
from tests.terminal.seat import Script, Seat

STANDING = " with the server | /help lists the commands"
COMMANDS = ("/q", "/say ", "/play ", "/decline", "/move ")


def words(command: str) -> Sequence[str]:
    """Return the words that may follow a command."""
    return ("tictactoe", "hangman", "tag") if command == "/play" else ()


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [
        pytest.param("/pl", "/play |", id="unique"),
        pytest.param("/play", "/play |", id="complete"),
        pytest.param("/q", "/q|", id="without a word behind it"),
        pytest.param("/play h", "/play hangman|", id="a word"),
        pytest.param("/play t", "/play t|", id="two words"),
        pytest.param("/play ti", "/play tictactoe|", id="one of them"),
        pytest.param("/play x", "/play x|", id="no such word"),
        pytest.param("/move t", "/move t|", id="a command without known words"),
        pytest.param("/fly t", "/fly t|", id="no command"),
        pytest.param("play t", "play t|", id="a message"),
        pytest.param("x", "x|", id="no beginning"),
        pytest.param("", "/|", id="nothing"),
    ],
)
def test_what_the_first_tab_makes_of_a_line(seat: Seat, typed: str, becomes: str) -> None:
    """It inserts what is certain, and lists nothing."""
    seat.opens(commands=COMMANDS, complete=words)

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(f"{typed}\t|")
        yield seat.shows(f">{becomes}", STANDING)

    seat.plays(script())


def test_the_second_tab_lists_the_choices(seat: Seat) -> None:
    """They stand in the status line until the next key that does something."""
    seat.opens(commands=COMMANDS, complete=words)

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("\t\t")
        yield seat.shows(">/", " /q  /say  /play  /decline  /move")
        seat.presses("p\t\t")
        yield seat.shows(">/play", " tictactoe  hangman  tag")
        seat.presses("t")
        yield seat.shows(">/play t", STANDING)
        seat.presses("\t\t")
        yield seat.shows(">/play t", " tictactoe  tag")
        seat.presses("\x1b[27u")
        yield seat.shows(">/play t", STANDING)
        seat.presses("\t\t" + keys("Left"))
        yield seat.shows(">/play t", STANDING)
        seat.presses(keys("End") + "a\t\t")
        yield seat.shows(">/play tag", STANDING)
        seat.presses("\r")
        yield lambda: seat.heard == ["/play tag"]

    seat.plays(script())


def test_without_words_commands_alone_are_completed(seat: Seat) -> None:
    """Behind them Tab does nothing."""
    seat.opens(commands=COMMANDS)

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("/pl\tt\t\t")
        yield seat.shows(">/play t", STANDING)

    seat.plays(script())
