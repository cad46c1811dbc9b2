"""Which lines are commands, and what each of them asks for."""

import pytest

from chatlib.commands import COMPLETIONS, HELP, NAMES, QUIT_WORDS, explain_unknown, parse


@pytest.mark.parametrize(
    ("line", "name", "rest"),
    [
        ("/q", "/q", ""),
        ("/q so long", "/q", "so long"),
        ("/say Hello", "/say", "Hello"),
        ("/say  two spaces ", "/say", " two spaces "),
        ("/say ", "/say", ""),
        ("/play tictactoe", "/play", "tictactoe"),
        ("/decline", "/decline", ""),
        ("/move 5", "/move", "5"),
        ("/board", "/board", ""),
        ("/resign", "/resign", ""),
        ("/admit", "/admit", ""),
        ("/help", "/help", ""),
    ],
)
def test_a_command_is_a_name_and_what_follows_the_first_space(
    line: str, name: str, rest: str
) -> None:
    """Further spaces belong to what follows."""
    assert parse(line) == (name, rest)


@pytest.mark.parametrize(
    ("line", "text"),
    [("//q", "/q"), ("//", "/"), ("///", "//"), ("// x", "/ x"), ("//say x", "/say x")],
)
def test_two_slashes_send_the_line_with_one(line: str, text: str) -> None:
    """Whatever follows, also the name of a command."""
    assert parse(line) == ("/say", text)


@pytest.mark.parametrize(
    "line", ["/", "/Q", "/quit", "/q!", "/qq", "/ q", "/say\tx", "/plays"]
)
def test_a_line_with_one_slash_and_no_name_of_a_command_is_none(line: str) -> None:
    """The name has to be exact, and a space ends it."""
    assert parse(line) is None


def test_an_unknown_command_is_explained_with_the_way_to_send_it() -> None:
    """The whole line is in it, after one more slash."""
    assert explain_unknown("/etc is a folder") == (
        "There is no command /etc (see /help); //etc is a folder sends it as text."
    )


@pytest.mark.parametrize("line", ["/quit", "/EXIT now", "/Bye", "/q!", "/Q"])
def test_another_word_for_leaving_is_explained_with_q(line: str) -> None:
    """In small letters and in capitals."""
    assert explain_unknown(line).endswith(" sends it as text. Did you mean /q?")


def test_no_other_word_for_leaving_is_a_command() -> None:
    """The last of them is `/q` itself: it is explained in capitals only."""
    unknown = [word for word in QUIT_WORDS if parse(word) is None]
    assert [*unknown, "/q"] == [*QUIT_WORDS]


def test_every_command_is_in_the_help_and_can_be_completed() -> None:
    """And the help names no other; a line of it is a command and what it does."""
    lines = HELP.split("\n")[:-1]
    assert [line.split()[0] for line in lines] == [each.rstrip() for each in COMPLETIONS]
    assert {each.rstrip() for each in COMPLETIONS} == NAMES


def test_a_completion_ends_with_a_blank_where_something_has_to_follow() -> None:
    """The help shows what: a word in capitals, without brackets."""
    for completion, line in zip(COMPLETIONS, HELP.split("\n"), strict=False):
        following = line[len(completion.rstrip()) :][:9].strip()
        assert completion.endswith(" ") == (following.isalpha() and following.isupper())
