"""What happened in a run, and when: the time line that a verdict rests on."""

import time
from dataclasses import dataclass

from harness.referee.result import Moment

WIDTH = 240
"""Characters of a line that a time line shows."""


@dataclass
class _Event:
    """One thing that happened. Output that comes in several reads is one event."""

    seconds: float
    actor: str
    sign: str
    text: str


class Moments:
    """The time line of one run, which begins when this is made.

    The signs are those of `result.Moment`: `>` typed, `<` shown, `:` happened, `?` waited
    for.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._events: list[_Event] = []

    def note(self, actor: str, sign: str, text: str) -> None:
        """Add something that happened just now."""
        seconds = time.monotonic() - self._began
        self._events.append(_Event(seconds, actor, sign, text))

    def wait(self, actor: str, what: str) -> None:
        """Add what is waited for from now on, such as "for the connection"."""
        self.note(actor, "?", what)

    def show(self, actor: str, text: str) -> None:
        """Add output, to the last event if that is output of the same actor."""
        last = self._events[-1] if self._events else None
        if last and (last.actor, last.sign) == (actor, "<"):
            last.text += text
        else:
            self.note(actor, "<", text)

    def all(self) -> tuple[Moment, ...]:
        """Return the time line, with a moment for every line that was shown."""
        return tuple(
            Moment(round(each.seconds, 3), each.actor, each.sign, shorten(text))
            for each in self._events
            for text in (each.text.split("\n") if each.sign == "<" else [each.text])
            if text or each.sign != "<"
        )


def shorten(text: str) -> str:
    """Cut a long line in the middle, and put the number of cut characters there."""
    if len(text) <= WIDTH:
        return text
    half = WIDTH // 3
    return f"{text[:half]} ... {len(text) - 2 * half} characters ... {text[-half:]}"
