"""Prompts at the end of what a program has shown, by the profile's regular expression."""

import re
from collections.abc import Iterator

REACH = 200
"""Characters from the end of a text in which a prompt is looked for."""


def count(prompt: str, text: str) -> int:
    """Count the prompts in a row at the end of a text; an empty pattern finds none."""
    return sum(1 for _ in _cut(prompt, text))


def remove(prompt: str, text: str) -> str:
    """Return a text without the prompts and blanks at its end, or blanks at its start."""
    for shorter in _cut(prompt, text):
        text = shorter
    return text.strip()


def _cut(prompt: str, text: str) -> Iterator[str]:
    """Yield the text without its last prompt, then without the last two, and so on."""
    if not prompt:
        return
    at_end = re.compile(rf"(?:{prompt})\s*\Z")
    while match := _last(at_end, text):
        text = text[: match.start()]
        yield text


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Find the shortest match that ends the text; an empty one does not count."""
    # A search from the left would find several prompts in a row as one.
    for start in range(len(text) - 1, max(-1, len(text) - REACH - 1), -1):
        match = pattern.match(text, start)
        if match and match.group().strip():
            return match
    return None
