"""When a silent peer is asked for a sign of life, and when it counts as lost.

A link asks only while it is open. The rules of this file:

* any byte from the peer is a sign of life, so nothing is asked while bytes come;
* after PING_SECONDS of silence the peer is sent one PING, and no second one before the
  silence is broken;
* after PING_SECONDS more the connection counts as lost, whatever TCP says: a cable that
  was pulled out is silent for ever;
* the time from a PING to its PONG is the round trip.

A pulse belongs to one link. It sends nothing and waits for nothing: it is given the time,
in seconds on a clock that never goes back, and says what the link is to do.
"""

from enum import Enum

from chatlib.protocol.frames import LAST_NUMBER

PING_SECONDS = 10.0
"""Silence after which the peer is sent a PING; after twice as long it counts as lost."""

WORRY_SECONDS = 1.0
"""How often the silence is looked at while a PONG is awaited, so that it can be shown."""


class Advice(Enum):
    """What a link is to do about the silence of its peer."""

    WAIT = "wait"
    PING = "ping"
    LOST = "lost"


class Pulse:
    """The silence of one peer, the PINGs that it was sent, and the last round trip."""

    def __init__(self) -> None:
        # When bytes last came; the first are a HELLO.
        self.heard = 0.0
        # PINGs that were sent: the number of the last, which stays at the highest.
        self.pings = 0
        # Seconds, of the last PING that was answered.
        self.round_trip: float | None = None
        # When the PING was sent whose PONG is awaited.
        self._asked: float | None = None

    def advise(self, now: float, urgent: bool = False) -> Advice:
        """Return what the silence up to now asks for; a PING is counted as sent.

        With `urgent` a PING is due whatever the silence.
        """
        silence = now - self.heard
        if silence >= 2 * PING_SECONDS:
            return Advice.LOST
        # A second PING would move the time from which its answer is awaited.
        if (silence < PING_SECONDS and not urgent) or self.is_worrying:
            return Advice.WAIT
        self._asked = now
        self.pings = min(self.pings + 1, LAST_NUMBER)
        return Advice.PING

    def receive_pong(self, number: int) -> None:
        """Measure the round trip, if this PONG answers the last PING.

        The PONG came with the bytes that were last heard, so its time is theirs.
        """
        if self._asked is not None and number == self.pings:
            self.round_trip = self.heard - self._asked
            self._asked = None

    @property
    def is_worrying(self) -> bool:
        """Whether a PING was sent and nothing has been heard since."""
        return self._asked is not None and self.heard <= self._asked

    def seconds_left(self, now: float) -> float:
        """Return after how many seconds `advise` may have something new to answer."""
        if not self.is_worrying:
            return max(0.0, self.heard + PING_SECONDS - now)
        # Looked at more often than must be, because the person is shown the silence.
        return max(0.0, min(self.heard + 2 * PING_SECONDS - now, WORRY_SECONDS))
