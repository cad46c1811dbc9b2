"""The harness tests itself: a wrong expectation must fail, with the right words.

A harness that cannot fail proves nothing, so most of these tests are failures.
"""

import time
from pathlib import Path

import pytest

from harness.report import explain, printable, shorten
from harness.script import Script
from harness.stage import Stage, Unmet


def fails(tmp_path: Path, lines: str, patience: float = 0.5) -> tuple[Unmet, str]:
    """Play lines that must fail; give what failed and the whole report."""
    script = Script.parse("wrong", lines)
    with Stage(tmp_path) as stage:
        stage.patience = patience
        with pytest.raises(Unmet) as caught:
            stage.play(script)
        return caught.value, explain(script.name, caught.value, stage)


TALK = "client< Enter message to send...\nserver< Waiting for message...\n"


def test_a_line_that_does_not_come_is_a_failure_that_shows_what_came(
    tmp_path: Path,
) -> None:
    """Which line of which file, what was awaited, what was there, and both sides."""
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
    """Each `<` looks only at what comes after the last."""
    unmet, _ = fails(tmp_path, "client> Hello\nserver< Hello\nserver< Hello")
    assert unmet.step.number == 3


def test_ones_own_echo_is_not_the_others_answer(tmp_path: Path) -> None:
    """A typed line stands behind its prompt; it is not what the peer said."""
    unmet, _ = fails(tmp_path, TALK + "client> Hello\nclient< Hello")
    assert unmet.step.source == "client< Hello"
    assert "'>Hello'" in unmet.reason


@pytest.mark.parametrize("text", ["Hell", "Hello ", "hello", "H.llo", "Hello{any} "])
def test_a_line_must_be_the_whole_line(tmp_path: Path, text: str) -> None:
    """Not a part of it, no pattern, no other spelling."""
    unmet, _ = fails(tmp_path, TALK + f"client> Hello\nserver< {text}")
    assert "'Hello'" in unmet.reason


def test_a_program_that_has_ended_is_not_waited_for(tmp_path: Path) -> None:
    """The failure comes at once and says so."""
    began = time.monotonic()
    unmet, report = fails(tmp_path, "server>> /q\nserver< Never", patience=20)
    assert time.monotonic() - began < 10
    assert "server has ended" in unmet.reason
    assert "stderr: Goodbye: you left before anybody came." in report


def test_nobody_types_where_nobody_asks(tmp_path: Path) -> None:
    """`>` waits for the prompt: here it is not the server's turn."""
    unmet, _ = fails(tmp_path, TALK + "server> Me first")
    assert "no prompt '>', but ''" in unmet.reason
    unmet, _ = fails(tmp_path, "server>> /q\nserver: exits 0\nserver> Hello")
    assert "server has ended: 0" in unmet.reason


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("server>> /q\nserver: exits 1", "server ended with 0"),
        ("server< {any}\nserver: kill\nserver: exits 0", "server ended with signal 9"),
        ("server< {any}\nserver: exits 0", "server is still running (waited 0.5 s)"),
        ("client> Hello\nserver< Hello\nserver: never sees ell", "server has seen it"),
        ("server: starts with --port 99999", "the server does not say its port"),
        ("server< {any}\nserver: explodes", "there is no such event: docs/testing.md"),
        ("waiter< Hello", "there is no program for waiter: server or client"),
        ("server! Nothing of the kind", "its stderr shows nothing (waited 0.5 s)"),
    ],
)
def test_every_event_can_fail(tmp_path: Path, lines: str, says: str) -> None:
    """And says why."""
    if "99999" in lines:  # the wrong port is the server's to refuse: it ends, and so do we
        unmet, _ = fails(tmp_path, lines + "\nserver< Server listening{any}")
        assert "server has ended" in unmet.reason
    else:
        unmet, _ = fails(tmp_path, lines)
        assert says in unmet.reason


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
    """Whatever state it was in, a stopped one too."""
    with Stage(tmp_path) as stage:
        stage.play(Script.parse("left", TALK + "client: stop"))
        processes = [player.process for player in stage.players.values()]
    assert len(processes) == 2
    assert not [process for process in processes if Path(f"/proc/{process}").exists()]


def test_a_reserved_port_refuses_a_client_and_admits_a_server(tmp_path: Path) -> None:
    """So a client can start first, and nobody else is given the port in between."""
    with Stage(tmp_path) as stage:
        stage.play(Script.parse("first", "client: starts\nclient! No server{any}"))
        reserved = stage.port
        stage.play(Script.parse("then", "server: starts\nclient< Connected{any}"))
        assert stage.port == reserved
