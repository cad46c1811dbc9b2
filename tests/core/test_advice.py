"""The words of advice and the exit code, under make and without it."""

import os

import pytest

from chatlib.advice import VARIABLE, choose_exit_code, command, is_under_make, option

MAKE = {VARIABLE: "1"}


@pytest.mark.parametrize("value", ["", "0", "yes", "11"])
def test_only_1_means_make(value: str) -> None:
    """The Makefile sets nothing else."""
    assert not is_under_make({VARIABLE: value})
    assert not is_under_make({})
    assert is_under_make(MAKE)


@pytest.mark.parametrize(
    ("program", "options", "bare", "make"),
    [
        ("chatd", {}, "chatd", "make run-server"),
        ("chatc", {}, "chatc", "make run-client"),
        ("chatd", {"port": "7001"}, "chatd --port 7001", "make run-server PORT=7001"),
        (
            "chatc",
            {"host": "192.0.2.7", "port": "1"},
            "chatc --host 192.0.2.7 --port 1",
            "make run-client HOST=192.0.2.7 PORT=1",
        ),
        (
            "chatd",
            {"mode": "free", "again": "", "frame_log": "a b"},
            "chatd --mode free --again --frame-log 'a b'",
            """make run-server MODE=free ARGS='--again --frame-log '"'"'a b'"'"''""",
        ),
    ],
)
def test_advice_is_in_the_words_that_one_types(
    program: str, options: dict[str, str], bare: str, make: str
) -> None:
    """Options that make has no variable for go into ARGS, quoted once more."""
    assert command(program, {}, **options) == bare
    assert command(program, MAKE, **options) == make


@pytest.mark.parametrize(
    ("key", "value", "bare", "make"),
    [
        ("port", "7001", "--port 7001", "PORT=7001"),
        ("name", "Ann B", "--name 'Ann B'", """ARGS='--name '"'"'Ann B'"'"''"""),
        ("again", "", "--again", "ARGS=--again"),
    ],
)
def test_one_option_can_be_added(key: str, value: str, bare: str, make: str) -> None:
    """To whatever command a person has typed."""
    assert option(key, value, {}) == bare
    assert option(key, value, MAKE) == make


@pytest.mark.parametrize("terminals", [{0, 1}, {0}, {1}, set()])
def test_a_person_who_runs_make_gets_no_code_that_make_would_write_about(
    terminals: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal with both stdin and stdout; a script gets the code."""
    monkeypatch.setattr(os, "isatty", lambda number: number in terminals)
    assert choose_exit_code(130, {}) == 130
    assert choose_exit_code(130, MAKE) == (0 if terminals == {0, 1} else 130)
