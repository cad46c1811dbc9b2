"""The watch on our messages that the peer has not confirmed: how long the oldest waits.

There are timers only while a message waits, and a few seconds after. Nothing is done for a
line that is confirmed at once, beyond one timer a second.
"""

from collections.abc import Callable

from chatlib.loop import Loop, Timer
from chatlib.protocol.session import Session

LATE_SECONDS = 1.0
"""After how long the person is shown that a message waits."""

NEWS_SECONDS = 5.0
"""How long it is shown that a late message was confirmed after all."""


class Confirmation:
    """Since when the oldest message of a talk is known to wait for its ACK.

    `changed()` is called when the person is to be shown something else. `note` is called
    after every line.
    """

    def __init__(self, loop: Loop, changed: Callable[[], None]) -> None:
        self._loop = loop
        self._changed = changed
        # The timer is set for a message.
        self.watching = False
        # That message has waited for LATE_SECONDS or longer: this many seconds.
        self.late = False
        self.seconds = 0
        # Lines that were late have been confirmed, just now, and nothing has come since:
        # the number of the last message that had come then.
        self.delivered = False
        self._received = 0
        # There were lines among what was late, and not only moves in a game.
        self._lines_late = False
        # The number of the message, and when it was first seen to wait.
        # Where nothing was watched yet, no number is below it.
        self._number = 0
        self._since = 0.0
        self._timer: Timer | None = None

    def note(self, session: Session) -> None:
        """Note since when messages wait to be confirmed, and when they are."""
        if self.late or (session.kept and not self.watching):
            self._look(session)
        elif self.delivered and session.received != self._received:
            self.delivered = False

    def _look(self, session: Session) -> None:
        """Begin to watch the oldest message that waits, or note that it is confirmed."""
        # Only the oldest is watched. It is confirmed before all others, so no message can
        # wait longer than it, and a busy talk needs no timer for each line.
        waits = session.acknowledged < self._number
        if self.watching and waits:
            return
        # With more behind it, "delivered" would be read as if it were of all. These are
        # late, too: a status that does not say so for a second would only flicker.
        self.delivered = self.late and self._lines_late and not session.kept
        self._received = session.received
        self.late = self.late and bool(session.kept)
        self.seconds = 0
        if session.kept:
            self._number = session.acknowledged + 1
            self._since = self._loop.now()
            self._set(LATE_SECONDS, lambda: self._check(session))
        else:
            self._set(NEWS_SECONDS, self._forget_news)
        self.watching = bool(session.kept)

    def end(self) -> None:
        """Watch no longer: the talk is over."""
        # What was not confirmed is listed at the end of the talk, by the chat.
        self.watching = self.late = self.delivered = False
        if self._timer:
            self._timer.cancel()

    def _set(self, seconds: float, callback: Callable[[], None]) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, callback)

    def _check(self, session: Session) -> None:
        """Look whether the message waits still; show for how long, ever more rarely."""
        if session.acknowledged >= self._number:
            self.watching = False
            # The rest was sent later, nobody knows when: its time begins now.
            if session.kept:
                self._look(session)
            return
        self.late = True
        self._lines_late = session.texts_kept > 0
        self.seconds = round(self._loop.now() - self._since)
        # A status line that is painted every second for an hour would keep a laptop awake.
        pause = 1 if self.seconds < 10 else 10 if self.seconds < 60 else 60
        self._set(pause, lambda: self._check(session))
        self._changed()

    def _forget_news(self) -> None:
        self.delivered = False
        self._changed()
