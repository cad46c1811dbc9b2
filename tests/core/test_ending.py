"""How a talk ended, in sentences."""

import signal

import pytest

from chatlib.ending import LISTED, describe_delivery, explain_stop, list_lines, name_stop


@pytest.mark.parametrize(
    ("words", "how", "rest"),
    [
        ("stopped by SIGINT", "left", ""),
        ("stopped by SIGHUP", "closed the window", ""),
        ("stopped by SIGTERM", "was stopped", ""),
        ("stopped by SIGUSR1", "was stopped", ""),
        ("stopped by signal 40", "was stopped", ""),
        ("stopped by SIGPIPE", "left, as nobody could read its screen any more", ""),
        ("its screen was closed", "left, as nobody could read its screen any more", ""),
        ("its screen cannot be written to", "left, as its screen cannot be written to", ""),
        ("its system failed", "had to leave, as its system failed", ""),
        ("", "left", ""),
        ("stopped by SIGINT; your 9 messages were delivered", "left", None),
        ("stopped by SIGINT\n", "left", None),
        ("stopped by Bob", "left", None),
        ("so long", "left", None),
    ],
)
def test_the_words_of_a_stop_are_translated(words: str, how: str, rest: str | None) -> None:
    """All others stay the peer's."""
    assert explain_stop(words) == (how, words if rest is None else rest)


def test_every_stop_is_one_that_is_translated() -> None:
    """Whatever the signal."""
    for number in range(1, signal.NSIG):
        assert explain_stop(name_stop(number))[1] == ""
    assert name_stop(signal.SIGINT) == "stopped by SIGINT"
    assert name_stop(40) == "stopped by signal 40"


@pytest.mark.parametrize(
    ("sent", "lost", "sentence"),
    [
        (0, 0, ""),
        (1, 0, "; your message was delivered"),
        (4, 0, "; your 4 messages were delivered"),
        (1, 1, "; your message was not confirmed"),
        (4, 1, "; 1 of your 4 messages was not confirmed"),
        (4, 4, "; 4 of your 4 messages were not confirmed"),
    ],
)
def test_what_became_of_our_messages(sent: int, lost: int, sentence: str) -> None:
    """One is one."""
    assert describe_delivery(sent, lost) == sentence


@pytest.mark.parametrize(
    ("more", "rest"),
    [
        (0, []),
        (1, ["Kept for later as well: 1 more line."]),
        (81, ["Kept for later as well: 81 more lines."]),
    ],
)
def test_many_lines_are_counted(more: int, rest: list[str]) -> None:
    """Beyond those that are listed, behind the same words."""
    told: list[str] = []
    list_lines(told.append, "Kept for later", ["x"] * (LISTED + more))
    assert told == ["Kept for later: x"] * LISTED + rest
