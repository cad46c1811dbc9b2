"""What one run of a program remembers: the messages of its talks, and what was explained.

The messages are those of both sides, for `/find`. Only the last ones are kept, in few
objects: one entry is all that was shown, or sent, in one go.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable

LIMIT_BYTES = 1 << 20
"""How much is remembered: bytes of text and ENTRY_BYTES for each entry."""

ENTRY_BYTES = 200
"""What one entry takes beside its text."""

DAY_SECONDS = 86400.0
"""From so many seconds on a time without its date would be read as one of today."""

FOREVER_SECONDS = 100 * 365 * DAY_SECONDS
"""Whoever waits that long waits for ever; some of these times are in no calendar."""

LINES_FOUND = 3
"""How many lines are shown of a message that was found."""

BETWEEN = "\0"
"""What stands between the messages of one entry: nobody types it, and a message of the peer
that has it is found in pieces."""


class Memory:
    """The last messages with their times, and the sentences that are shown once a run.

    `clock` returns the seconds since 1970, for the times.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        # When, who, and the texts with BETWEEN between them, as bytes: a string of its
        # own for each short line would take six times the memory of the text.
        self._entries: deque[tuple[float, str, bytes]] = deque()
        # Bytes of all entries, counted as LIMIT_BYTES says.
        self._size = 0
        # A talk was held, however it ended.
        self.talked = False
        # What `is_first` was asked for.
        self._explained: set[str] = set()

    def add(self, speaker: str, texts: Iterable[str]) -> None:
        """Remember messages of one side, and forget the oldest beyond the limit."""
        # One pass in C, however many lines a read has brought. What is no text (a lone
        # surrogate) is remembered as a question mark, as it is sent.
        data = BETWEEN.join(texts).encode("utf-8", "replace")
        self._entries.append((self._clock(), speaker, data))
        self._size += len(data) + ENTRY_BYTES
        while self._size > LIMIT_BYTES:
            self._size -= len(self._entries.popleft()[2]) + ENTRY_BYTES

    def find(self, words: str, most: int) -> tuple[int, list[str]]:
        """Return how many messages have all these words, in any case, and the last of them.

        At most `most` messages, the newest last, each as one line or more.
        """
        # Everything is decoded again for each search: that takes some milliseconds, and an
        # index would cost every line something that few people ever ask for.
        wanted = words.casefold().split()
        count, last = 0, deque[tuple[float, str, str]](maxlen=most)
        for when, speaker, data in self._entries:
            texts = data.decode()
            if all(word in texts.casefold() for word in wanted):
                for text in texts.split(BETWEEN):
                    if all(word in text.casefold() for word in wanted):
                        count += 1
                        last.append((when, speaker, text))
        return count, [line for message in last for line in _show(*message)]

    def time_of_day(self, seconds: float = 0) -> str:
        """Return the local time in so many seconds, as people read it behind "until".

        From DAY_SECONDS on it has its date; from FOREVER_SECONDS on it is "you leave".
        """
        if seconds >= FOREVER_SECONDS:
            return "you leave"
        form = "%H:%M:%S" if seconds < DAY_SECONDS else "%Y-%m-%d %H:%M"
        return time.strftime(form, time.localtime(self._clock() + seconds))

    def is_first(self, what: str) -> bool:
        """Return whether this was not asked before: then it is explained to the person."""
        first = what not in self._explained
        self._explained.add(what)
        return first


def _show(when: float, speaker: str, text: str) -> list[str]:
    """Return the first lines of a message, with its time and speaker, and a count."""
    first, *others = text.split("\n")
    shown = others[: LINES_FOUND - 1]
    more = len(others) - len(shown)
    # Not at the left edge: there a line of the peer's could pass for another message.
    count = [f"  ({more} more {'line' if more == 1 else 'lines'})"] if more else []
    start = time.strftime("%H:%M", time.localtime(when))
    return [f"{start} {speaker}: {first}", *(f"  {line}" for line in shown), *count]
