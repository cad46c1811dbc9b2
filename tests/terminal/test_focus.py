"""Whether the person looks at this window, and how the desktop is told of a message."""

import pytest

from chatlib.terminal.focus import Focus, make_notification

NINE = "\x1b]9;A message has come.\x1b\\"
MANY = "\x1b]777;notify;chat;A message has come.\x1b\\"
WRAPPED = "\x1bPtmux;\x1b\x1b]9;A message has come.\x1b\x1b\\\x1b\\"


def test_each_absence_is_told_once() -> None:
    """By the mark and by the desktop; never before the terminal reports anything."""
    focus = Focus()
    assert focus.away is None
    assert not focus.unmarked
    for _ in range(2):
        focus.change(True)
        assert focus.away
        assert focus.unmarked
        assert (focus.take_notification(), focus.take_notification()) == (True, False)
    focus.change(True)
    focus.change(False)
    assert not focus.away
    assert not focus.unmarked
    assert not focus.take_notification()


@pytest.mark.parametrize(
    ("environment", "sequence"),
    [
        ({}, MANY),
        ({"TERM_PROGRAM": "iTerm.app"}, NINE),
        ({"KITTY_WINDOW_ID": "1"}, NINE),
        ({"KITTY_WINDOW_ID": "1", "TMUX": "/tmp/tmux"}, WRAPPED),
    ],
)
def test_a_notification_is_written_as_the_terminal_knows_it(
    environment: dict[str, str], sequence: str
) -> None:
    """Through tmux it is passed on, wrapped."""
    assert make_notification(environment) == sequence
