"""Phrases: which words mean what, for orders and events. Imports nothing."""

import re
from collections.abc import Iterable
from typing import TypeVar

Meaning = TypeVar("Meaning")


def look_up(
    phrases: Iterable[tuple[str, Meaning]], text: str
) -> tuple[Meaning, re.Match[str]] | None:
    """Give what the first phrase means that is the whole text, and what it has found.

    A phrase is a regular expression, its groups what the meaning needs to know.
    """
    for pattern, meaning in phrases:
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match:
            return meaning, match
    return None
