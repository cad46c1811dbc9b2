"""The stage: a wrong expectation must fail, with the right words.

A harness that cannot fail proves nothing, so most of these tests are failures.
"""

import time
from pathlib import Path

import pytest

from harness.player import Painted
from harness.report import explain, printable, shorten
from harness.script import TERMINALS, Script
from harness.stage import Stage, Unmet


def fails(
    tmp_path: Path,
    lines: str,
    patience: float = 0.5,
    *,
    before: str = "",
    terminal: str = "plain",
) -> tuple[Unmet, str]:
    """Play lines that must fail; return what failed and the whole report.

    The lines `before` them must come true, with the usual patience.
    """
    script = Script.parse("wrong", lines)
    with Stage(tmp_path, terminal=terminal) as stage:
        if before:
            stage.play(Script.parse("right", before))
        stage.patience = patience
        with pytest.raises(Unmet) as caught:
            stage.play(script)
        return caught.value, explain(script.name, caught.value, stage)


TALK = "client< Enter message to send...\nserver< Waiting for message...\n"

ASKED = "server< {any}\nclient: asks\n"


def test_a_line_that_does_not_come_is_a_failure_that_shows_what_came(
    tmp_path: Path,
) -> None:
    """With the line of the file, what was expected, what came, and both screens."""
    unmet, report = fails(
        tmp_path,
        "# A talk.\n" + TALK + "client> Hello\nserver< Hullo\nserver> Hi\n",
    )
    assert unmet.step.number == 5
    for words in (
        "wrong, line 5, was not met:",
        "    server< Hullo",
        "after what was seen before, its screen shows 'Hello'",
        "(waited 0.5 s)",
        "Server listening on: localhost",
        "Connected to: localhost on port:",
        ">Hello",
        "last frames:",
        "< TEXT 1 'Hello' [5 bytes]",
        "> TEXT 1 'Hello' [5 bytes]",
        "> ACK 1 [0 bytes]",
    ):
        assert words in report
    # Side by side: the table's head names both on one line, the server on the left.
    head = next(
        line for line in report.splitlines() if "server" in line and "client" in line
    )
    assert head.index("server") < head.index("client")


def test_a_line_that_was_seen_before_does_not_come_again(tmp_path: Path) -> None:
    """Each `<` looks only at the lines after the last one seen."""
    unmet, _ = fails(tmp_path, "client> Hello\nserver< Hello\nserver< Hello")
    assert unmet.step.number == 3


def test_an_echo_is_not_taken_for_the_answer_of_the_peer(tmp_path: Path) -> None:
    """A typed line stands behind its prompt, a received one does not."""
    unmet, _ = fails(tmp_path, TALK + "client> Hello\nclient< Hello")
    assert unmet.step.source == "client< Hello"
    assert "'>Hello'" in unmet.reason


@pytest.mark.parametrize("text", ["Hell", "Hello ", "hello", "H.llo", "Hello{any} "])
def test_a_line_must_be_the_whole_line(tmp_path: Path, text: str) -> None:
    """A part of it, a pattern or another spelling does not match."""
    unmet, _ = fails(tmp_path, TALK + f"client> Hello\nserver< {text}")
    assert "'Hello'" in unmet.reason


def test_a_program_that_has_ended_is_not_waited_for(tmp_path: Path) -> None:
    """The failure comes at once, and the reason is in it."""
    began = time.monotonic()
    unmet, report = fails(tmp_path, "server>> /q\nserver< Never", patience=20)
    assert time.monotonic() - began < 10
    assert "server has ended" in unmet.reason
    assert "stderr: Goodbye: you left before anybody came." in report


def test_a_line_is_typed_only_at_a_prompt(tmp_path: Path) -> None:
    """`>` waits for the prompt: here it is not the server's turn."""
    unmet, _ = fails(tmp_path, TALK + "server> Me first")
    assert "no prompt '>', but ''" in unmet.reason
    unmet, _ = fails(tmp_path, "server>> /q\nserver: exits 0\nserver> Hello")
    assert "server has ended: 0" in unmet.reason


NO_EVENT = "there is no such event: docs/testing.md"


WRONG = [
    ("server>> /q\nserver: exits 0", "server: exits 1", "server ended with 0"),
    (
        "server< {any}\nserver: kill\nserver: ends by signal 9",
        "server: exits 0",
        "server ended with signal 9",
    ),
    ("server< {any}", "server: exits 0", "server is still running (waited 0.5 s)"),
    ("client> Hello\nserver< Hello", "server: never sees ell", "server has seen it"),
    ("server: starts with --port 99999", "server< {any}", "server has ended"),
    ("", "server: explodes", NO_EVENT),
    ("", "waiter< Hello", "there is no program for waiter: server or client"),
    ("server< {any}", "server! Nothing", "its stderr shows nothing (waited 0.5 s)"),
    ("server< {any}", "server: asks", "no prompt '>', but '' (waited 0.5 s)"),
    (ASKED, "client: the screen shows >x", ", '>'"),
    (ASKED, "client: the cursor stands after >x", "the cursor stands after '>' (wait"),
    (
        ASKED + "client: presses x\nclient: the screen shows >x",
        "client: the screen shows >y",
        "'>x'",
    ),
    (
        ASKED + "client: presses xy\nclient: presses Backspace\n"
        "client: the screen shows >x",
        "client: the screen shows >xy",
        "'>x'",
    ),
    (
        ASKED + "client: pastes x\nclient: the screen shows >x",
        "client: the screen shows >y",
        "'>x'",
    ),
    ("", "client: presses", NO_EVENT),
    ("", "client: pastes", NO_EVENT),
    ("", "client: resizes to 40", NO_EVENT),
    ("", "client: the screen shows", NO_EVENT),
    ("", "client: the cursor stands", NO_EVENT),
]
"""What has come true, the line that must fail after it, and what the failure says."""


@pytest.mark.parametrize("terminal", TERMINALS)
@pytest.mark.parametrize(
    ("before", "line", "says"), WRONG, ids=[line for _, line, _ in WRONG]
)
def test_every_event_can_fail(
    tmp_path: Path, before: str, line: str, says: str, terminal: str
) -> None:
    """The reason is in the failure, on both terminals."""
    unmet, _ = fails(tmp_path, line, before=before, terminal=terminal)
    assert says in unmet.reason


@pytest.mark.parametrize(
    ("before", "line", "says"),
    [
        pytest.param(
            "client: resizes to 20 x 5\nclient: presses {30 x}\n"
            "client: the screen shows {11 x}",
            "client: the screen shows >{30 x}",
            f"'>{19 * 'x'}', '{11 * 'x'}'",
            id="wrapped-line",
        ),
        pytest.param(
            "client: presses xy\nclient: presses Left\nclient: the cursor stands after >x",
            "client: the cursor stands after >xy",
            "the cursor stands after '>x' (waited 0.5 s)",
            id="moved-cursor",
        ),
        pytest.param(
            "client: stop",
            "client> Hello",
            "client's line is not taken (waited 0.5 s)",
            id="stopped-editor",
        ),
    ],
)
def test_what_only_an_editor_does_can_fail_too(
    tmp_path: Path, before: str, line: str, says: str
) -> None:
    """It redraws for a resize, knows arrows, and shows a line once it was passed on."""
    unmet, _ = fails(tmp_path, line, before=ASKED + before, terminal="edited")
    assert says in unmet.reason


@pytest.mark.parametrize("terminal", TERMINALS)
def test_the_same_lines_come_true_at_both_terminals(tmp_path: Path, terminal: str) -> None:
    """Typing, erasing, pasting and resizing look the same."""
    lines = r"""
        client: asks
        client: presses one
        client: the cursor stands after >one
        client: presses Backspace Backspace Backspace
        client: the cursor stands after >
        client: pastes two
        client: the screen shows >two
        client: resizes to 60 x 20
        client: presses Enter
        server< two
        server> Three
        client< Three
        client> /q
        client: exits 0
        server: exits 0
    """
    script = Script.parse("both", "\n".join(map(str.strip, lines.splitlines())))
    with Stage(tmp_path, terminal=terminal) as stage:
        stage.play(script)
        last = {"plain": ["Three", ">/q"], "edited": ["  server: Three", "> /q"]}
        assert stage.players["client"].screen.lines[-2:] == last[terminal]


@pytest.mark.parametrize(
    ("terminal", "line", "edits"),
    [
        ("edited", "server: starts", True),
        ("plain", "server: starts", False),
        ("edited", "server: starts with --plain", False),
        ("edited", "server: starts from a pipe", False),
        ("edited", "server: starts from a file", False),
    ],
)
def test_a_program_on_the_edited_terminal_has_an_editor(
    tmp_path: Path, terminal: str, line: str, edits: bool
) -> None:
    """Its screen is painted; with --plain, or from a pipe or file, there is no editor."""
    script = Script.parse("editor", f"{line}\nclient: asks\nclient> Hello\nserver< Hello")
    with Stage(tmp_path, terminal=terminal) as stage:
        stage.play(script)
        server = stage.players["server"]
        assert isinstance(server.screen, Painted) == edits
        # Off for a moment between two paintings.
        stage.wait(lambda: server.view.pastes_in_brackets == edits, lambda: "no editor")


def test_what_programs_print_cannot_harm_the_reader_of_a_report(tmp_path: Path) -> None:
    """Control characters are escaped, long lines shortened in the middle."""
    hostile = "\x1b[2J\x9b1m\u202e\u2028\r\n"
    assert printable(f"a{hostile}ü") == r"a\x1b[2J\x9b1m\u202e\u2028\r\nü"
    assert shorten("x" * 9000).count("x") == 240
    _, report = fails(tmp_path, TALK + "client> {2000 x}\nserver< {9000 y}")
    assert {each for each in report if not each.isprintable()} == {"\n"}
    assert "characters ..." in " ".join(report.split())
    assert len(report) < 10_000


def test_when_the_stage_closes_no_program_is_left(tmp_path: Path) -> None:
    """Not even one that was stopped."""
    with Stage(tmp_path) as stage:
        stage.play(Script.parse("left", TALK + "client: stop"))
        processes = [player.process for player in stage.players.values()]
    assert len(processes) == 2
    assert not [process for process in processes if Path(f"/proc/{process}").exists()]


def test_a_reserved_port_refuses_a_client_and_admits_a_server(tmp_path: Path) -> None:
    """So a client can start first, and nobody else gets the port meanwhile."""
    with Stage(tmp_path) as stage:
        stage.play(Script.parse("first", "client: starts\nclient! No server{any}"))
        reserved = stage.port
        stage.play(Script.parse("then", "server: starts\nclient< Connected{any}"))
        assert stage.port == reserved
