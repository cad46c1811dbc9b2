"""One selector for everything that a program waits for.

Sockets, keyboard, timers and signals all end the same `select` call. So there is no
thread and no polling, and nothing runs while nothing happens. This module knows no chat;
every module may import it, and it imports nothing of the project.
"""

import errno
import os
import select
import selectors
import signal
import sys
from bisect import insort
from collections.abc import Callable, Iterable
from contextlib import suppress
from signal import SIGALRM
from time import monotonic
from types import FrameType

BLOCKED_SECONDS = 1.0
"""How long a blocking call outside the loop lasts at most once a signal has come, counted
from the signal or from the call's beginning."""

TURN_SECONDS = 0.02
"""How long the callbacks of one turn may go on with work that can wait for the next: a key
that is pressed meanwhile takes a few turns until it is seen on the screen."""

LONGEST_WAIT = 86400.0
"""Seconds that one turn waits at most: `poll` counts milliseconds in 32 bits, 24 days."""

READ = selectors.EVENT_READ
WRITE = selectors.EVENT_WRITE

# Not DefaultSelector: epoll refuses regular files and /dev/null, and kqueue refuses
# /dev/tty, so `chatc < file` would end in a PermissionError. For a handful of descriptors
# poll is as fast as epoll. On macOS poll refuses terminals, too: there it is select.
Selector = selectors.SelectSelector if sys.platform == "darwin" else selectors.PollSelector

_Handler = Callable[[int, FrameType | None], object] | int | None


class Timer:
    """A callback that the loop calls once, at `when` on its clock, unless cancelled."""

    __slots__ = ("_queue", "callback", "when")

    def __init__(
        self, when: float, callback: Callable[[], None], queue: "list[Timer]"
    ) -> None:
        self.when = when
        self.callback = callback
        # The loop's pending timers, of which this is one.
        self._queue = queue

    @property
    def pending(self) -> bool:
        """Whether the callback is still to be called."""
        return self in self._queue

    def cancel(self) -> None:
        """Remove the timer from the loop. Harmless after its callback was called."""
        if self.pending:
            self._queue.remove(self)


class Loop:
    """Wait for descriptors, timers and signals, and call the callback of each.

    `clock` returns seconds that never go back; a test passes one of its own.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        # The loop's clock, for every module that needs the time.
        self.now = clock
        # Whether a call outside the loop may be blocking right now; None once it has
        # lasted for half of BLOCKED_SECONDS after a signal.
        self.blocked: bool | None = False
        # When a callback of this turn is to leave the rest of its work to the next one.
        self.turn_ends = 0.0
        # `run` was called, and `stop` was not called since.
        self._running = False
        # Whether `stop` was called in this turn.
        self._stopped = False
        self._selector = Selector()
        # What to call for each descriptor that is watched.
        self._callbacks: dict[int, Callable[[int], None]] = {}
        # The pending timers, the next one first. A sorted list and not a heap: there are
        # few of them, and a cancelled one leaves at once and fills no memory.
        self._timers: list[Timer] = []
        self._signal_callbacks: dict[int, Callable[[int], None]] = {}
        # The pipe that signals are written into: its reading and its writing end.
        self._signal_pipe: tuple[int, int] | None = None
        # An urgent signal has come: no call may block for long any more.
        self._ending = False
        # The handlers that were there before, for `close` to restore.
        self._previous_handlers: dict[int, _Handler] = {}

    # Descriptors.

    def watch(self, fd: int, events: int, callback: Callable[[int], None]) -> None:
        """Call `callback(events)` whenever `fd` is ready for one of `events`.

        For a descriptor that is watched already, both arguments replace the earlier ones.
        """
        if fd not in self._callbacks:
            self._selector.register(fd, events)
        # Most calls change the callback alone, and `modify` would take 5 us for nothing.
        elif events != self._selector.get_key(fd).events:
            self._selector.modify(fd, events)
        self._callbacks[fd] = callback

    def forget(self, fd: int) -> None:
        """Stop watching `fd`. Harmless when it is not watched."""
        if self._callbacks.pop(fd, None):
            self._selector.unregister(fd)

    # Timers.

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once, `seconds` from now; return its timer."""
        timer = Timer(self.now() + seconds, callback, self._timers)
        insort(self._timers, timer, key=_due_time)
        return timer

    def _call_due_timers(self, now: float) -> None:
        # The due ones are chosen once: a callback that asks for a call in 0 seconds gets it
        # in the next turn, so that it cannot keep this one from ending.
        for timer in [each for each in self._timers if each.when <= now]:
            # An earlier callback of this turn may have cancelled it.
            if timer.pending and not self._stopped:
                timer.cancel()
                timer.callback()

    # Signals.

    def on_signals(
        self,
        numbers: Iterable[int],
        callback: Callable[[int], None],
        *,
        urgent: bool = True,
    ) -> None:
        """Call `callback(number)` from the loop when one of these signals arrives.

        Replaces the process's handlers until `close`, that of SIGALRM too. After an urgent
        signal no call outside the loop blocks for longer than BLOCKED_SECONDS, neither the
        one that it finds nor a later one: it ends with an InterruptedError.
        """
        self._open_signal_pipe()
        for number in numbers:
            self._signal_callbacks[number] = callback
            handler = self._note_signal if urgent else _do_nothing
            self._previous_handlers.setdefault(number, signal.signal(number, handler))
        previous = signal.signal(SIGALRM, self._interrupt_blocked_call)
        self._previous_handlers.setdefault(SIGALRM, previous)

    def _open_signal_pipe(self) -> None:
        """Let the interpreter write the number of every signal into a watched pipe.

        Without it a signal would not end a `select` that waits: the interpreter calls the
        handler and then restarts the `select` (PEP 475).
        """
        if self._signal_pipe is not None:
            return
        reader, writer = self._signal_pipe = os.pipe()
        for fd in self._signal_pipe:
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self.watch(reader, READ, lambda _: self._read_signals(reader))

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        # The callback is called by the loop, which reads the pipe. Here only the alarm is
        # set that ends a call that is blocking. It repeats until `close`: what is written
        # after the signal, as the goodbye, may block too.
        if not self._ending:
            self._ending = True
            signal.setitimer(signal.ITIMER_REAL, BLOCKED_SECONDS / 2, BLOCKED_SECONDS / 2)

    def _interrupt_blocked_call(self, number: int, frame: FrameType | None) -> None:
        """Raise InterruptedError out of a call that was blocking at the last alarm, too.

        An alarm that the loop has not set does nothing.
        """
        if self._ending and self.blocked is None:
            raise InterruptedError(errno.EINTR, "nobody reads it")
        if self.blocked:
            self.blocked = None

    @property
    def signal_waits(self) -> bool:
        """Whether a signal has come whose callback is still to be called."""
        return self._signal_pipe is not None and is_ready(self._signal_pipe[0], READ)

    def _read_signals(self, reader: int) -> None:
        with suppress(BlockingIOError):
            numbers = os.read(reader, 4096)
            # A handler interrupts another one, and writes first: the order tells nothing.
            # SIGCONT is last, so that no stop that is over is taken for one to come.
            for number in sorted(numbers, key=lambda each: each == signal.SIGCONT):
                # The pipe has the numbers of signals that others handle, too.
                callback = self._signal_callbacks.get(number)
                if callback:
                    callback(number)

    # Running.

    @property
    def running(self) -> bool:
        """Whether `run` was called, and `stop` not yet."""
        return self._running

    def run(self, guest: Callable[[], None] | None = None) -> None:
        """Wait and call callbacks until `stop` is called.

        A `guest` is the loop of a library. It calls `turn` as long as this loop is
        `running`; if it returns earlier, this loop goes on without it.
        """
        self._running = True
        if guest:
            guest()
        while self._running:
            self.turn()

    def stop(self) -> None:
        """Let `run` return; the callbacks that are due in this turn wait for the next."""
        self._running = False
        self._stopped = True

    def turn(self, timeout: float = LONGEST_WAIT) -> None:
        """Wait once, until a timer is due or `timeout` seconds are over; call callbacks.

        A callback that finds `now()` past `turn_ends` leaves what can wait to the next
        turn (`call_later(0, ...)`), so that keyboard and signals are heard in between.
        """
        self._stopped = False
        timers = self._timers
        if timers:
            # Below 0 for a timer that is late; the selector does not wait then.
            due = timers[0].when - self.now()
            timeout = due if due < timeout else timeout
        ready = self._selector.select(timeout)
        began = self.now()
        self.turn_ends = began + TURN_SECONDS
        for key, events in ready:
            # An earlier callback of this turn may have forgotten the descriptor.
            callback = self._callbacks.get(key.fd)
            if callback and not self._stopped:
                callback(events)
        # What became due since then is called in the next turn, which does not wait.
        if timers and timers[0].when <= began:
            self._call_due_timers(began)

    def close(self) -> None:
        """Close selector and signal pipe, and restore the process's signal handlers."""
        if self._ending:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._previous_handlers.items():
            # None is a handler that was not installed from Python.
            signal.signal(number, handler or signal.SIG_DFL)
        if self._signal_pipe:
            signal.set_wakeup_fd(-1)
            for fd in self._signal_pipe:
                os.close(fd)
        self._selector.close()


def is_ready(fd: int, event: int, seconds: float | None = 0.0) -> bool:
    """Return whether `fd` is ready for READ or WRITE, after at most so many seconds.

    None waits without an end, unless a handler of a signal raises. `poll` knows descriptors
    above 1023, and `select` does not.
    """
    if Selector is selectors.SelectSelector:
        reading, writing = ([fd], []) if event == READ else ([], [fd])
        return any(select.select(reading, writing, [], seconds))
    poll = select.poll()
    poll.register(fd, select.POLLIN if event == READ else select.POLLOUT)
    return bool(poll.poll(None if seconds is None else 1000 * seconds))


class Deadline:
    """A callback that is called after a number of seconds which can only become fewer."""

    def __init__(self, loop: Loop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback = callback
        # The last timer that was set, pending or over.
        self._timer: Timer | None = None

    def limit(self, seconds: float) -> None:
        """Call the callback in at most so many seconds; an earlier limit stays."""
        timer = self._timer
        if timer and timer.pending and timer.when <= self._loop.now() + seconds:
            return
        self.lift()
        self._timer = self._loop.call_later(seconds, self._callback)

    def lift(self) -> None:
        """Cancel the callback until the next limit. Harmless when there is none."""
        if self._timer:
            self._timer.cancel()


def _due_time(timer: Timer) -> float:
    return timer.when


def _do_nothing(number: int, frame: FrameType | None) -> None:
    """Stand in for a handler: without one the interpreter writes nothing to the pipe."""
