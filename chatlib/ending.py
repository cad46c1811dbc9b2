"""How a talk ended, in sentences: who left and how, and what became of our messages.

Pure: words in, words out. What ends a talk is the chat's business.
"""

import re
import signal
from collections.abc import Callable, Collection
from itertools import islice

LISTED = 20
"""How many lines of one kind are listed at the end; of more there is a count. Otherwise a
pipe's 65,536 would push the goodbye off the screen."""

# On the wire they stay what they are: programs of all versions send and show them.
_STOPPED = r"stopped by (SIG[A-Z0-9]{2,12}|signal \d{1,3})"
"""What a program says that was ended by a signal: the words of BYE 6, for programs."""

_WAYS = {
    "stopped by SIGINT": "left",
    "stopped by SIGHUP": "closed the window",
    "stopped by SIGPIPE": "left, as nobody could read its screen any more",
    "its screen was closed": "left, as nobody could read its screen any more",
    "its screen cannot be written to": "left, as its screen cannot be written to",
    "its system failed": "had to leave, as its system failed",
}
"""What a person is told instead of those words, behind the name of who left."""


def name_stop(number: int) -> str:
    """Return the words for a program that was ended by this signal."""
    try:
        return f"stopped by {signal.Signals(number).name}"
    except ValueError:  # most real-time signals have no name
        return f"stopped by signal {number}"


def explain_stop(words: str) -> tuple[str, str]:
    """Return how somebody left, and what is left of the words that came with it.

    They are words of the peer: only those that a program says are translated.
    """
    # The whole text has to be one that is known. A peer could send words that only begin
    # so, and go on with a sentence that looks like one of ours.
    if words in _WAYS:
        return _WAYS[words], ""
    return ("was stopped", "") if re.fullmatch(_STOPPED, words) else ("left", words)


def describe_delivery(sent: int, lost: int) -> str:
    """Return what became of our messages, to follow how the talk ended."""
    if not sent:
        return ""
    if lost and sent == 1:
        return "; your message was not confirmed"
    # In numbers: the lines themselves are listed below the sentence.
    if lost:
        were = "was" if lost == 1 else "were"
        return f"; {lost} of your {sent} messages {were} not confirmed"
    return f"; your {'message was' if sent == 1 else f'{sent} messages were'} delivered"


def list_lines(notify: Callable[[str], None], what: str, lines: Collection[str]) -> None:
    """Show the first LISTED lines, each behind `what` became of it; count the others."""
    for text in islice(lines, LISTED):
        notify(f"{what}: {text}")
    more = len(lines) - LISTED
    if more > 0:
        notify(f"{what} as well: {more} more {'line' if more == 1 else 'lines'}.")
