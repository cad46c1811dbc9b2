"""What a terminal sends for a key, and when words are keys at all."""

import pytest

from harness.keys import keys


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Enter", "\r"),
        ("Tab", "\t"),
        ("Escape", "\x1b"),
        ("Backspace", "\x7f"),
        ("Delete", "\x1b[3~"),
        ("Up", "\x1b[A"),
        ("Down", "\x1b[B"),
        ("Right", "\x1b[C"),
        ("Left", "\x1b[D"),
        ("Home", "\x1b[H"),
        ("End", "\x1b[F"),
    ],
)
def test_a_key_has_a_name(name: str, sent: str) -> None:
    """It is the one that is printed on it; no other spelling is a key."""
    assert keys(name) == sent
    assert keys(name.lower()) == name.lower()


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Ctrl-A", "\x01"),
        ("Ctrl-a", "\x01"),
        ("Ctrl-Z", "\x1a"),
        ("Ctrl-[", "\x1b"),
        ("Ctrl-\\", "\x1c"),
        ("Ctrl-_", "\x1f"),
        ("Ctrl-?", "\x7f"),
        ("Alt-f", "\x1bf"),
        ("Alt-F", "\x1bF"),
        ("Alt-.", "\x1b."),
        ("Alt-ü", "\x1bü"),
    ],
)
def test_a_key_may_be_held_with_ctrl_or_alt(name: str, sent: str) -> None:
    """Ctrl makes a control character of a key, Alt puts an escape before it."""
    assert keys(name) == sent


def test_keys_in_a_row_are_sent_in_that_order() -> None:
    """One blank stands between two; nothing is sent for it."""
    assert keys("Ctrl-A Delete Left Left Alt-b Enter") == ("\x01\x1b[3~\x1b[D\x1b[D\x1bb\r")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "one two",
        "Enter your name",
        "Left  Left",
        "Left ",
        "Ctrl-",
        "Ctrl-AB",
        "ctrl-A",
        "Shift-A",
        "Alt-Enter",
        "日本",
        "\x1b[A",
    ],
)
def test_what_is_not_all_keys_is_typed_as_it_stands(text: str) -> None:
    """One word that is no key makes all of it a text."""
    assert keys(text) == text
