"""The line being edited: what Enter and other keys make of one line and of many."""

import pytest

from chatlib.terminal.edited import Edited
from harness.keys import keys
from tests.terminal.seat import Script, Seat

STANDING = " with the server | /help lists the commands"
DROPPED = " Dropped, Ctrl-Y brings it back"
WHOLE = " 2 lines, one message: Enter sends, Esc drops it"
NO_ANSWER = " 2 lines, but an answer is one: Ctrl-C drops them"
APART = " 2 lines: Enter sends, Esc drops them | Ctrl-O sends one message"
ALT_ENTER = "\x1b\r"
ESCAPE = "\x1b[27u"  # of kitty: it needs no pause behind it


def paste(text: str) -> str:
    """Return what a terminal sends for a paste."""
    return f"\x1b[200~{text}\x1b[201~"


@pytest.fixture
def terminal(seat: Seat) -> Edited:
    """Return a terminal whose chat asks again after each line."""
    terminal = seat.opens()

    def typed(line: str) -> None:
        seat.heard.append(line)
        terminal.refresh(True, True, lambda: ("with the server",))

    seat.typed = typed
    return terminal


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        pytest.param("one\r", ["one"], id="a line"),
        pytest.param(paste("one\rtwo\r") + "\r", ["one", "two"], id="a paste"),
        pytest.param(paste("one\n") + "\r", ["one"], id="a paste of one line"),
        pytest.param(paste("one\r \r\rtwo") + "\r", ["one", "two"], id="with blank lines"),
        pytest.param(paste("a\r\r b\r") + keys("Ctrl-O"), ["a\n\n b"], id="Ctrl-O"),
        pytest.param(paste("/usr\rb") + keys("Ctrl-O"), ["//usr\nb"], id="of a path"),
        pytest.param("/help" + keys("Ctrl-O"), ["/help"], id="Ctrl-O with one line"),
        pytest.param(f"a{ALT_ENTER}b\r", ["a\nb"], id="Alt-Enter"),
        pytest.param(f"a{ALT_ENTER}{paste('b' + chr(13) + 'c')}\r", ["a\nb\nc"], id="both"),
        pytest.param(
            f"a{ALT_ENTER}{keys('Backspace')}{paste('b' + chr(13) + 'c')}\r",
            ["ab", "c"],
            id="a line end that was deleted",
        ),
        pytest.param("  \r", [""], id="blanks"),
        pytest.param(f" {ALT_ENTER} \r", [""], id="blanks in two lines"),
        pytest.param(f" {ALT_ENTER} {keys('Ctrl-O')}", [""], id="blanks with Ctrl-O"),
        pytest.param("  one \r", ["  one "], id="blanks around"),
    ],
)
def test_what_is_sent(seat: Seat, sent: str, heard: list[str]) -> None:
    """Each line of a paste by itself, and together what is to be one message."""

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(sent)
        yield lambda: seat.heard == heard

    seat.plays(script())


@pytest.mark.usefixtures("terminal")
def test_a_message_of_many_lines_is_one_again_when_it_is_recalled(seat: Seat) -> None:
    """Whether it was made by Alt-Enter or by Ctrl-O; a paste of lines is lines again."""

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(f"a{ALT_ENTER}b")
        yield seat.shows(">a", "b", WHOLE)
        seat.presses("\r")
        yield lambda: seat.heard == ["a\nb"]
        seat.presses(paste("c\rd"))
        yield lambda: seat.rows[-1] == APART
        seat.presses(keys("Ctrl-O"))
        yield lambda: seat.heard == ["a\nb", "c\nd"]
        seat.presses(paste("e\rf\r") + "\r")
        yield seat.shows("> you: e", "> you: f", ">", STANDING)
        for shown, hint in (("e", APART), ("c", WHOLE), ("a", WHOLE)):
            seat.presses(keys("Up"))
            yield lambda: seat.rows[-3:-1][0] == f">{shown}" and seat.rows[-1] == hint  # noqa: B023
            seat.presses(keys("Up"))
        seat.presses("\r")
        yield lambda: seat.heard[4:] == ["a\nb"]

    seat.plays(script())


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("key", [keys("Ctrl-C"), ESCAPE], ids=["Ctrl-C", "Escape"])
def test_a_paste_can_be_dropped_and_had_back(seat: Seat, key: str) -> None:
    """What was one message is one again."""

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(paste("a\rb"))
        yield seat.shows(">a", "b", APART)
        seat.presses(key)
        yield seat.shows(">", DROPPED)
        seat.presses(keys("Ctrl-Y"))
        yield seat.shows(">a", "b", APART)
        seat.presses(f"{ALT_ENTER}c{key}")
        yield seat.shows(">", DROPPED)
        seat.presses(f"{keys('Ctrl-Y')}\r")
        yield lambda: seat.heard == ["a\nb\nc"]

    seat.plays(script())


@pytest.mark.usefixtures("terminal")
def test_ctrl_c_clears_a_line(seat: Seat) -> None:
    """As in every shell; Escape does not."""

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(f"half{ESCAPE}")
        yield seat.shows(">half", STANDING)
        seat.presses(keys("Ctrl-C"))
        yield seat.shows(">", DROPPED)
        seat.presses("x")
        yield seat.shows(">x", STANDING)
        seat.presses(keys("Backspace Ctrl-Y"))
        yield seat.shows(">half", STANDING)

    seat.plays(script())
    assert seat.heard == []


def test_what_was_sent_and_recalled_is_not_unsent(seat: Seat, terminal: Edited) -> None:
    """What was typed before is, and what was changed of it."""

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(paste("one\rtwo") + "\r")
        yield seat.shows("> you: one", "> you: two", ">", STANDING)
        seat.presses("typed" + keys("Up"))
        yield lambda: seat.rows[-1] == APART
        terminal.discard_typed()
        yield seat.shows("- Never sent: typed", ">", STANDING)
        seat.presses(keys("Up") + "!")
        yield lambda: seat.rows[-2] == "two!"
        assert terminal.take_unsent() == (["two!"], False)
        assert terminal.take_unsent() == ([], False)

    seat.plays(script())


def test_what_equals_a_line_of_the_history_is_unsent_all_the_same(
    seat: Seat, terminal: Edited
) -> None:
    """It was typed, and not sent a second time. Blanks are no text."""

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("yes\r")
        yield seat.shows("> you: yes", ">", STANDING)
        seat.presses("yes")
        yield seat.shows("> you: yes", ">yes", STANDING)
        assert terminal.take_unsent() == (["yes"], False)
        seat.presses("  .")
        yield seat.shows(">  .", STANDING)
        seat.presses(keys("Backspace"))
        yield seat.shows(">", STANDING)
        assert terminal.take_unsent() == ([], False)

    seat.plays(script())


def test_refused_lines_come_back_before_what_is_typed(seat: Seat) -> None:
    """A message of many lines stays one."""
    terminal = seat.opens()
    seat.typed = lambda line: terminal.refuse("Not sent", line)

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(f"a{ALT_ENTER}b\r")
        yield seat.shows("- Not sent.", "a", "b", WHOLE)
        seat.typed = seat.heard.append
        seat.presses("!\r")
        yield lambda: seat.heard == ["a", "b!"]
        terminal.return_text("one")
        yield seat.shows("one", STANDING)
        terminal.return_text("zero")
        yield seat.shows("zero", "one", APART)
        terminal.refuse("Not sent", "early")
        yield seat.shows("- Not sent: early", "zero", "one", APART)

    seat.plays(script())


def test_a_secret_answer_is_in_no_history(seat: Seat, terminal: Edited) -> None:
    """Before and after it, lines are kept as usual."""

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("before\r")
        yield seat.shows("> you: before", ">", STANDING)
        terminal.ask("word>")
        seat.presses("secret\r")
        yield lambda: seat.heard == ["before", "secret"]
        terminal.ask("")
        yield seat.shows("> you: before", ">", STANDING)
        # prompt_toolkit reads the history again after every line, a little later.
        yield lambda: len(terminal._line.buffer._working_lines) > 1
        seat.presses(keys("Up"))
        yield seat.shows(">before", STANDING)

    seat.plays(script())


def kept(terminal: Edited) -> list[str]:
    """Return the history, oldest first."""
    return terminal._line.buffer.history.get_strings()


def test_a_refused_answer_is_in_no_history(seat: Seat) -> None:
    """It comes back to the question, and the draft after it, into no history either."""
    terminal = seat.opens()

    def typed(line: str) -> None:
        seat.heard.append(line)
        if " " in line:
            terminal.refuse("Not done", line)
        else:
            terminal.ask("")
        terminal.refresh(True, True, lambda: ("with the server",))

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("draft")
        yield seat.shows(">draft", STANDING)
        terminal.ask("word>")
        seat.presses("ice cream\r")
        yield seat.shows("- Not done.", "word>ice cream", STANDING)
        assert kept(terminal) == []
        seat.presses(keys("Ctrl-C") + "cream\r")
        yield seat.shows(">draft", STANDING)
        assert seat.heard == ["ice cream", "cream"]

    seat.typed = typed
    seat.plays(script())
    assert kept(terminal) == []


@pytest.mark.usefixtures("terminal")
def test_a_line_is_kept_once(seat: Seat, terminal: Edited) -> None:
    """A paste is kept as it is recalled: without the line end behind it."""

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(paste("one\rtwo\r") + "\rthree\rthree\r")
        yield lambda: seat.heard == ["one", "two", "three", "three"]

    seat.plays(script())
    assert kept(terminal) == ["one\ntwo", "three"]


@pytest.mark.parametrize("key", ["\r", keys("Ctrl-O")], ids=["Enter", "Ctrl-O"])
@pytest.mark.parametrize("text", ["banana\rit is yellow", "/b\rc"], ids=["word", "path"])
def test_many_lines_are_no_answer(seat: Seat, text: str, key: str) -> None:
    """They stay where they are: the second would go out as talk."""
    terminal = seat.opens()
    first, last = text.split("\r")

    def typed(line: str) -> None:
        seat.heard.append(line)
        terminal.ask("")
        terminal.refresh(True, True, lambda: ("with the server",))

    def script() -> Script:
        yield seat.shows(">", STANDING)
        terminal.ask("word>")
        seat.presses(paste(text) + key + "!")
        yield seat.shows(f"word>{first}", f"{last}!", NO_ANSWER)
        assert seat.heard == []
        seat.presses(keys("Ctrl-C"))
        yield seat.shows("word>", DROPPED)
        seat.presses(paste("banana\r") + key)
        yield seat.shows(">", STANDING)
        assert seat.heard == ["banana"]

    seat.typed = typed
    seat.plays(script())
    assert kept(terminal) == []


@pytest.mark.parametrize("after", ["", "next>"], ids=["talk", "another question"])
@pytest.mark.parametrize("early", [True, False], ids=["refused first", "asked first"])
def test_a_refused_answer_is_dropped_with_its_question(
    seat: Seat, after: str, early: bool
) -> None:
    """It would be talk, or an answer to something else; nor is it shown."""
    terminal = seat.opens()

    def typed(line: str) -> None:
        if early:
            terminal.refuse("Not done", line)
        terminal.ask(after)
        if not early:
            terminal.refuse("Not done", line)
        terminal.refresh(True, True, lambda: ("with the server",))

    def script() -> Script:
        yield seat.shows(">", STANDING)
        terminal.ask("word>")
        seat.presses("secret\r")
        yield seat.shows("- Not done.", after or ">", STANDING)

    seat.typed = typed
    seat.plays(script())
    assert kept(terminal) == []


@pytest.mark.parametrize("early", [True, False], ids=["refused first", "asked first"])
def test_refused_talk_is_no_answer_to_a_question_that_comes(
    seat: Seat, early: bool
) -> None:
    """It is set aside, or shown."""
    terminal = seat.opens()

    def typed(line: str) -> None:
        if early:
            terminal.refuse("Not sent", line)
        terminal.ask("word>")
        if not early:
            terminal.refuse("Not sent", line)
        terminal.refresh(True, True, lambda: ("with the server",))

    def script() -> Script:
        notice = "- Not sent." if early else "- Not sent: talk"
        yield seat.shows(">", STANDING)
        seat.presses("talk\r")
        yield seat.shows(notice, "word>", STANDING)
        terminal.ask("")
        yield seat.shows(notice, ">talk" if early else ">", STANDING)

    seat.typed = typed
    seat.plays(script())


@pytest.mark.parametrize("whole", [True, False], ids=["one message", "lines"])
def test_a_line_is_set_aside_for_a_secret_answer(
    seat: Seat, terminal: Edited, whole: bool
) -> None:
    """It comes back, and a half-typed answer is dropped; Escape puts the question off."""
    hint = WHOLE if whole else APART

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(f"a{ALT_ENTER}b" if whole else paste("a\rb"))
        yield seat.shows(">a", "b", hint)
        terminal.ask("word>")
        terminal.ask("your word>")
        yield seat.shows("your word>", STANDING)
        seat.presses(f"sec{ESCAPE}")
        yield lambda: seat.heard == [""]
        seat.presses("ret")
        yield seat.shows("your word>ret", STANDING)
        terminal.ask("")
        terminal.ask("")
        yield seat.shows(">a", "b", hint)
        terminal.ask("word>")
        assert terminal.take_unsent() == (["a", "b"], False)
        terminal.ask("")
        yield seat.shows(">", STANDING)

    seat.plays(script())


def test_a_line_may_be_discarded_during_a_search(seat: Seat, terminal: Edited) -> None:
    """Then leaving the search brings nothing back."""

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("one\r")
        yield seat.shows("> you: one", ">", STANDING)
        seat.presses(f"half{keys('Ctrl-R')}one{keys('Ctrl-R')}")
        yield lambda: "search: one" in seat.rows
        terminal.discard_typed()
        seat.presses(ESCAPE)
        yield seat.shows("- Never sent: half", ">", STANDING)

    seat.plays(script())


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("sent", "line"),
    [
        pytest.param(f"\x12t{ESCAPE}", "ha|lf", id="left"),
        pytest.param(f"\x12t\x12\x12{ESCAPE}", "ha|lf", id="left later"),
        pytest.param(f"\x12{ESCAPE}", "ha|lf", id="left at once"),
        pytest.param("\x12\x12\r", "ha|lf", id="no words"),
        pytest.param("\x12x\r", "ha|lf", id="no match"),
        pytest.param("\x12t\r", "one |two", id="Enter"),
        pytest.param(f"\x12t{keys('Right')}", "one |two", id="Right"),
        pytest.param("\x12T\t", "one |two", id="Tab"),
        pytest.param("\x12t\x12\r", "firs|t", id="the next"),
        pytest.param(f"\x12t{keys('Up')}\r", "firs|t", id="Up"),
        pytest.param(f"\x12t{keys('End')}", "one two|", id="End"),
        pytest.param("\x12t\x05", "one two|", id="Ctrl-E"),
    ],
)
def test_what_a_search_makes_of_the_line(seat: Seat, sent: str, line: str) -> None:
    """Left, it brings back the line and the cursor in it."""

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("first\rone two\r")
        yield seat.shows("> you: first", "> you: one two", ">", STANDING)
        seat.presses(f"half{keys('Left Left')}{sent}|\r")
        yield lambda: seat.heard == ["first", "one two", line]

    seat.plays(script())


@pytest.mark.parametrize(
    ("begun", "ended", "line"),
    [("\x12f", "\x03x", "x"), ("a\x1b\rb", "x", "a\nbx")],
    ids=["a search", "a message of many lines"],
)
def test_keys_right_behind_enter_are_for_the_new_line(
    seat: Seat, begun: str, ended: str, line: str
) -> None:
    """Its history is loaded behind them, and moves no place."""

    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("zero\r")
        yield lambda: seat.heard == ["zero"]
        seat.presses(f"first\r{begun}")
        yield lambda: seat.heard == ["zero", "first"]
        seat.presses(f"{ended}\r")
        yield lambda: seat.heard == ["zero", "first", line]

    seat.plays(script())
