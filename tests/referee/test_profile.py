"""The referee's profiles: defaults that fit most, and refusals in one sentence."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from harness.referee.profile import Class, Profile, ProfileError, Program, parse, read
from harness.referee.workers import Job


def course(text: str) -> Class:
    """Read a profile from a text."""
    return parse(tomllib.loads(text))


def test_by_default_the_client_speaks_first_in_strict_turns() -> None:
    """These are the defaults: most submissions do that."""
    profile = course("").profile
    assert (profile.style, profile.sides, profile.quit.word) == (
        "turns",
        ("client", "server"),
        "/q",
    )


def test_a_key_changes_only_what_it_names() -> None:
    """All else stays as it was, in the same table too."""
    changed = course('[server]\nprompt = "Server: "').profile
    assert changed.server == replace(Profile().server, prompt="Server: ")
    assert changed.client == Profile().client


def test_a_submission_of_its_own_kind_has_a_table() -> None:
    """The table has what differs from the rest of the class."""
    told = course('quit.word = "bye"\n[submission.ann]\nstyle = "free"')
    assert (told.of("ann").style, told.of("ann").quit.word) == ("free", "bye")
    assert told.of("bob").style == "turns"


def test_steps_of_a_game_are_tables_in_a_list() -> None:
    """With `cases`, the answer depends on what is seen."""
    (step,) = course(
        "[[game.start]]\nside = 'server'\ncases = [{expect = 'a', type = 'b'}]"
    ).profile.game.start
    assert (step.side, step.cases[0].type, step.type) == ("server", "b", None)


def test_what_is_shown_may_be_changed_by_the_program() -> None:
    """The profile has a pattern around the text, and a transform of it."""
    program = Program(shows="Client: {text}", transform="lower")
    assert program.shown("Hello") == "Client: hello"


MISTAKES = [
    ("colour = 1", "no key colour"),
    ("[server]\ncolour = 1", "no key server.colour"),
    ('port = "7777"', "port wants a whole number"),
    ("style = 'both'", "use one of turns, free"),
    ("[server]\nshows = 'Client:'", "server.shows has no {text}"),
    ("[server]\nprompt = '('", "no regular expression"),
    ("server = 1", "server wants a table"),
    ("[submission]\nann = 1", "it wants a table"),
    ("[[game.start]]\nexpect = '['", "no regular expression"),
    ("limits.wait = true", "limits.wait wants a number"),
    ("[[game.start]]\nside = 'clent'", "a game's side is 'clent'"),
]
"""A profile, and what its error says."""


@pytest.mark.parametrize(("text", "words"), MISTAKES, ids=[each for _, each in MISTAKES])
def test_a_mistake_is_refused_in_one_sentence(text: str, words: str) -> None:
    """The sentence has the key, and what could stand there instead."""
    with pytest.raises(ProfileError) as caught:
        course(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_toml_is_refused_with_its_name(tmp_path: Path) -> None:
    """The sentence has the name of the file."""
    path = tmp_path / "class.toml"
    path.write_text("port = = 1")
    with pytest.raises(ProfileError, match=r"class.toml is not TOML"):
        read(path)


def test_a_job_reaches_its_worker_unchanged() -> None:
    """With all of the profile: its defaults and its game."""
    text = "limits.wait = 2\n[[game.end]]\nexpect = 'x'\n[[game.end]]\ntype = ''"
    job = Job("ann", Path("/ann"), course(text).profile, "", "2023", ("split",))
    assert Job.from_json(job.to_json()) == job
