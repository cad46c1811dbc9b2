"""What a terminal sends for a key (xterm's control sequences, DEC VT100 and VT220)."""

import re

NAMED = {
    "Enter": "\r",
    "Tab": "\t",
    "Escape": "\x1b",
    "Backspace": "\x7f",
    "Delete": "\x1b[3~",
    "Up": "\x1b[A",
    "Down": "\x1b[B",
    "Right": "\x1b[C",
    "Left": "\x1b[D",
    "Home": "\x1b[H",
    "End": "\x1b[F",
}

_MODIFIED = re.compile(r"(?P<modifier>Ctrl|Alt)-(?P<key>.)")


def keys(text: str) -> str:
    """Return what is sent for keys in a row (`Ctrl-A Left Left`).

    A text that is not made of key names alone is returned as it is.
    """
    sent = [_key(word) for word in text.split(" ")]
    return "".join(map(str, sent)) if None not in sent else text


def _key(word: str) -> str | None:
    match = _MODIFIED.fullmatch(word)
    if not match:
        return NAMED.get(word)
    if match["modifier"] == "Alt":
        return "\x1b" + match["key"]
    return chr(ord(match["key"].upper()) ^ 64)  # Ctrl-A is 1, Ctrl-[ is escape
