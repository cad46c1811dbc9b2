"""Conversation files: the meaning of each line, and the error for one that has none."""

from pathlib import Path

import pytest

from harness.script import Script, ScriptError, Step


def step(line: str) -> Step:
    """Read a single line."""
    (step,) = Script.parse("test", line).steps
    return step


@pytest.mark.parametrize(
    ("line", "actor", "sign", "text"),
    [
        ("server< Hello", "server", "<", "Hello"),
        ("client> Hello", "client", ">", "Hello"),
        ("client>> Hello", "client", ">>", "Hello"),
        ("client! It went wrong", "client", "!", "It went wrong"),
        ("client| a line of a file", "client", "|", "a line of a file"),
        ("server: exits 0", "server", ":", "exits 0"),
        ("client2: starts", "client2", ":", "starts"),
        ("client> ", "client", ">", ""),
        ("client>", "client", ">", ""),
        ("client>  two spaces ", "client", ">", " two spaces "),
        ("client> a > b: c # d", "client", ">", "a > b: c # d"),
    ],
)
def test_a_line_is_an_actor_a_sign_and_a_text(
    line: str, actor: str, sign: str, text: str
) -> None:
    """One space after the sign belongs to it, every other to the text."""
    assert step(line) == Step(1, actor, sign, text, line)


@pytest.mark.parametrize(
    ("text", "means"),
    [
        (r"\e[2J", "\x1b[2J"),
        (r"\x1b\a\t", "\x1b\a\t"),
        (r"\u202e", "\u202e"),
        (r"a\\b", r"a\b"),
        (r"one\ntwo\r", "one\ntwo\r"),
        (r"one\\ntwo", r"one\ntwo"),
        ("{4 xy}", "xyxyxyxy"),
        ("{2  }.", "  ."),
        ("{port} {any} {}", "{port} {any} {}"),
    ],
)
def test_escapes_and_repeats_are_resolved(text: str, means: str) -> None:
    """{port} and {any} are left for the stage."""
    assert step(f"client> {text}").text == means


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("server Hello", "test:1: expected an actor, one of < ! >> > | :, text:"),
        ("# one\n\nclient< fine\nclient? Hello", "test:4: expected an actor"),
        ("Server< Hello", "test:1: expected an actor"),
        ("client> \\q", r"test:1: unknown escape \\q"),
        ("# nothing\n\n", "test: no step in it"),
        ("terminal: edited", "test: no step in it"),
        ("terminal: vt52\nclient> Hello", "test: a terminal is one of plain edited"),
        ("terminal:\nclient> Hello", "test: a terminal is one of plain edited"),
    ],
)
def test_an_error_has_the_number_of_its_line(text: str, says: str) -> None:
    """The error comes before anything is played."""
    with pytest.raises(ScriptError, match=says):
        Script.parse("test", text)


@pytest.mark.parametrize(
    ("line", "terminals"),
    [
        ("# nothing is said of it", ("plain", "edited")),
        ("terminal: plain", ("plain",)),
        ("terminal: edited", ("edited",)),
    ],
)
def test_a_conversation_may_be_about_one_terminal(
    line: str, terminals: tuple[str, ...]
) -> None:
    """The line with the terminal is no step; without it the conversation is for both."""
    script = Script.parse("test", f"{line}\nclient> Hello")
    assert script.terminals == terminals
    assert [step.source for step in script.steps] == ["client> Hello"]


def test_the_comment_at_the_top_describes_the_conversation(tmp_path: Path) -> None:
    """It becomes one line; later comments are left out."""
    path = tmp_path / "greeting.chat"
    path.write_text("# They greet\n#   each other.\nclient> Hello\n# not this\n", "utf-8")
    script = Script.read(path)
    assert (script.name, script.about) == ("greeting", "They greet each other.")
    assert [step.number for step in script.steps] == [3]
