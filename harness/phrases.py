"""Phrases: which words mean what, for orders and events. Imports nothing."""

import re
from collections.abc import Iterable
from typing import TypeVar

Meaning = TypeVar("Meaning")


def look_up(
    phrases: Iterable[tuple[str, Meaning]], text: str
) -> tuple[Meaning, re.Match[str]] | None:
    """Return the meaning of the first phrase that matches the whole text, and the match.

    A phrase is a regular expression; its groups are the arguments of the meaning.
    """
    for pattern, meaning in phrases:
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match:
            return meaning, match
    return None
