"""One selector for everything that a program waits for.

Sockets, keyboard, timers and signals all end in the same `select` call, so there is
no thread, no polling, and nothing wakes up while nothing happens. This module knows
no chat; anybody may import it, and it imports nothing of the project.
"""

import errno
import os
import selectors
import signal
import sys
from bisect import insort
from collections.abc import Callable, Iterable
from contextlib import suppress
from signal import SIGALRM
from time import monotonic
from types import FrameType

STUCK_SECONDS = 1.0
"""How long a signal waits for a program that waits for somebody else."""

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE

# Not DefaultSelector: epoll refuses regular files and /dev/null, and kqueue refuses
# /dev/tty, so `chatc < file` would end in a PermissionError. For a handful of
# descriptors poll is as fast as epoll. Of macOS's poll, terminals are not to be had.
if sys.platform == "darwin":
    Selector = selectors.SelectSelector
else:
    Selector = selectors.PollSelector

_Handler = Callable[[int, FrameType | None], object] | int | None


class Timer:
    """A call that is due at `when` on the loop's clock, unless it is cancelled.

    `queue` is the loop's: those that are pending, the next one first.
    """

    __slots__ = ("_queue", "callback", "when")

    def __init__(
        self, when: float, callback: Callable[[], None], queue: "list[Timer]"
    ) -> None:
        self.when = when
        self.callback = callback
        self._queue = queue

    @property
    def pending(self) -> bool:
        """Whether the call is still to come."""
        return self in self._queue

    def cancel(self) -> None:
        """Forget the call. Harmless when it is over already."""
        if self.pending:
            self._queue.remove(self)


class Loop:
    """Wait for descriptors, timers and signals, and call who asked.

    `clock` gives seconds that never go back; tests pass one of their own. `now` is that
    clock, for everybody.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.now = clock
        self._selector = Selector()
        self._callbacks: dict[int, Callable[[int], None]] = {}  # of what is watched
        self._timers: list[Timer] = []  # those that are pending, the next one first
        self._signals: dict[int, Callable[[int], None]] = {}
        self._handlers: dict[int, _Handler] = {}  # those that were there before ours
        self._wakeup: tuple[int, int] | None = None
        self._running = False
        self._stopped = False  # in this turn
        self.stuck = False
        self._unheard = False  # a signal has come that the loop has not been told of

    def watch(self, fd: int, events: int, callback: Callable[[int], None]) -> None:
        """Call `callback(mask)` whenever `fd` is ready for one of `events`.

        For a descriptor that is watched already, both are replaced.
        """
        if fd not in self._callbacks:
            self._selector.register(fd, events)
        elif events != self._selector.get_key(fd).events:  # the same again costs 5 us
            self._selector.modify(fd, events)
        self._callbacks[fd] = callback

    def forget(self, fd: int) -> None:
        """Stop watching `fd`. Harmless when it is not watched."""
        if self._callbacks.pop(fd, None):
            self._selector.unregister(fd)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once, `seconds` from now."""
        timer = Timer(self.now() + seconds, callback, self._timers)
        # A list in order and not a heap: there are few, and what was cancelled is gone.
        insort(self._timers, timer, key=_when)
        return timer

    def on_signals(
        self,
        numbers: Iterable[int],
        callback: Callable[[int], None],
        *,
        urgent: bool = True,
    ) -> None:
        """Call `callback(number)` from the loop when one of these signals arrives.

        Side effect: replaces the process's handlers until `close`. The interpreter
        writes the signal's number into a pipe that the selector watches; without that
        a signal would not end a `select` that waits (PEP 475 restarts it).

        Who sets `stuck` while it waits outside the loop, for a reader that may never
        read, gets an InterruptedError there when an urgent signal has not been heard
        for STUCK_SECONDS. SIGALRM is used for that.
        """
        if self._wakeup is None:
            self._wakeup = os.pipe()
            for fd in self._wakeup:
                os.set_blocking(fd, False)
            signal.set_wakeup_fd(self._wakeup[1], warn_on_full_buffer=False)
            self.watch(self._wakeup[0], READ, self._read_signals)
        for number in numbers:
            self._signals[number] = callback
            before = signal.signal(number, self._handle if urgent else _ignore)
            self._handlers.setdefault(number, before)
        self._handlers.setdefault(SIGALRM, signal.signal(SIGALRM, self._interrupt))

    @property
    def running(self) -> bool:
        """Whether `run` has begun and `stop` has not been called since."""
        return self._running

    def run(self, guest: Callable[[], None] | None = None) -> None:
        """Wait and call until `stop`.

        A `guest` is a loop of somebody else's that calls `turn` for as long as we are
        `running`; should it end earlier, we go on without it.
        """
        self._running = True
        if guest:
            guest()
        while self._running:
            self.turn()

    def stop(self) -> None:
        """Let `run` return; what else is due in this turn stays due."""
        self._running = False
        self._stopped = True

    def turn(self, limit: float | None = None) -> None:
        """Wait once, until a timer is due or `limit` seconds are over; make the calls."""
        self._stopped = False
        timers = self._timers
        if timers:
            due = timers[0].when - self.now()  # below 0 when it is late: nobody waits then
            limit = due if limit is None or due < limit else limit
        for key, mask in self._selector.select(limit):
            # An earlier callback of this turn may have forgotten the descriptor.
            callback = self._callbacks.get(key.fd)
            if callback and not self._stopped:
                callback(mask)
        if timers and timers[0].when <= self.now():
            self._call_due()

    def close(self) -> None:
        """Give back the selector, the signals' pipe and the signals themselves."""
        for number, handler in self._handlers.items():
            signal.signal(number, handler or signal.SIG_DFL)
        if self._wakeup:
            signal.set_wakeup_fd(-1)
            for fd in self._wakeup:
                os.close(fd)
        self._selector.close()

    def _call_due(self) -> None:
        now = self.now()  # once: what is asked for now and at once is due next turn
        while self._timers and self._timers[0].when <= now and not self._stopped:
            self._timers.pop(0).callback()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Note that there is something to hear; the pipe is what tells the loop."""
        self._unheard = True
        if self.stuck:
            signal.setitimer(signal.ITIMER_REAL, STUCK_SECONDS, STUCK_SECONDS)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Get out who is stuck, if the loop has not heard the signal yet."""
        if self._unheard and self.stuck:
            raise InterruptedError(errno.EINTR, "nobody reads it")

    def _read_signals(self, mask: int) -> None:
        assert self._wakeup is not None
        if self._unheard:
            self._unheard = False
            signal.setitimer(signal.ITIMER_REAL, 0)
        with suppress(BlockingIOError):
            for number in os.read(self._wakeup[0], 4096):
                callback = self._signals.get(number)
                if callback:
                    callback(number)


class Deadline:
    """A call that is due in at most so many seconds: its end only ever comes nearer."""

    def __init__(self, loop: Loop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        self._timer: Timer | None = None

    def limit(self, seconds: float) -> None:
        """Call in at most so many seconds; an earlier end stands."""
        timer = self._timer
        if timer and timer.pending and timer.when <= self._loop.now() + seconds:
            return
        self.lift()
        self._timer = self._loop.call_later(seconds, self._callback)

    def lift(self) -> None:
        """Call no more, up to the next limit. Harmless when there is none."""
        if self._timer:
            self._timer.cancel()


def _when(timer: Timer) -> float:
    return timer.when


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing; but without a handler no byte is written into the pipe."""
