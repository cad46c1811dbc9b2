"""The base class of the terminals: every method can be called, and does nothing."""

import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest

from chatlib.terminal.plain import Plain
from chatlib.terminal.terminal import Terminal
from tests.helpers import Person

ROOT = Path(__file__).parent.parent.parent

HEAVY = ("typing", "dataclasses", "json", "asyncio", "logging", "threading", "shutil")
"""Modules that a program does without at its start, because loading them takes time."""


def fail(*_: object) -> str:
    """Fail: a terminal without a keyboard calls nothing back."""
    raise AssertionError("the terminal called back")


def describe() -> tuple[str, ...]:
    """Fail like `fail`, with the signature of a description."""
    fail()
    return ()


def take(lines: deque[str]) -> None:
    """Fail like `fail`, with the signature of a callback for lines."""
    fail(lines)


def end() -> None:
    """Fail like `fail`, with the signature of a callback for the end."""
    fail()


def test_no_person_sits_at_it() -> None:
    """So it is asked for nothing, and cannot have been closed."""
    assert not Terminal().interactive
    assert not Terminal().hung_up


def test_every_method_may_be_called_and_writes_nothing(piped: Person) -> None:
    """In the order in which a chat calls them; no callback is made."""
    terminal = Terminal()
    terminal.start(take, end)
    terminal.refresh(True, True, describe)
    terminal.run()
    terminal.show("hello")
    terminal.show_messages("Ann", ["hello"])
    terminal.show_board(["X | O"], 1)
    terminal.ask("Your word>")
    terminal.notify("By the way.")
    terminal.refuse("Not sent", "hello")
    terminal.show_status(describe)
    terminal.show_own("hello")
    terminal.show_pending("hello", "it is not your turn")
    terminal.return_text("hello")
    terminal.remove_prompt()
    terminal.begin_line()
    terminal.resume()
    terminal.discard_typed()
    terminal.close()
    assert (piped.screen, piped.errors) == ("", "")


def test_no_line_is_unsent() -> None:
    """None was typed, and none follows."""
    assert Terminal().take_unsent() == ([], False)


@pytest.mark.parametrize("name", sorted(set(vars(Plain)) - set(vars(Terminal))))
def test_a_terminal_has_no_public_method_that_the_base_class_lacks(name: str) -> None:
    """A chat can rely on the base class alone."""
    assert name.startswith("_")


def test_loading_it_loads_nothing_heavy() -> None:
    """In a process of its own, because this one has loaded everything."""
    code = (
        "import sys, chatlib.terminal.terminal\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    loaded = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path[:0] = [{str(ROOT)!r}]; {code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout == "\n"
