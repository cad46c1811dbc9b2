"""One selector: every callback is called in order, and nothing else wakes the program."""

import fcntl
import math
import os
import resource
import selectors
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from chatlib.errors import ScreenClosedError
from chatlib.loop import READ, TURN_SECONDS, WRITE, Deadline, Loop, is_ready
from tests.helpers import SECONDS, Clock, bounded_turn, move, patience, socket_pair, until


@pytest.fixture
def handlers() -> Iterator[None]:
    """Restore the process's signal handlers after the test."""
    numbers = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def ready_pipe() -> tuple[int, int]:
    """Return a pipe that has a byte to read."""
    reader, writer = os.pipe()
    os.write(writer, b"x")
    return reader, writer


def refuse(*_: object) -> None:
    """Fail when it is called: a callback that must not be."""
    raise AssertionError("nobody asked for this call")


# Descriptors.


def test_a_callback_gets_the_events_that_its_descriptor_is_ready_for(loop: Loop) -> None:
    """Reading, writing, or both in one call."""
    near, far = socket_pair()
    masks: list[int] = []
    with near, far:
        loop.watch(near.fileno(), READ | WRITE, masks.append)
        bounded_turn(loop)
        far.send(b"x")
        until(loop, lambda: masks[-1] == READ | WRITE)
    assert masks[0] == WRITE


def test_watching_again_replaces_events_and_callback(loop: Loop) -> None:
    """A descriptor is watched once, with the arguments of the last call."""
    near, far = socket_pair()
    masks: list[int] = []
    with near, far:
        loop.watch(near.fileno(), WRITE, refuse)
        loop.watch(near.fileno(), READ, masks.append)
        far.send(b"x")
        until(loop, lambda: masks)
    assert masks == [READ]


def test_watching_again_for_the_same_events_replaces_the_callback_only(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The selector, whose `modify` takes 5 us, is left alone."""
    reader, writer = ready_pipe()
    masks: list[int] = []
    loop.watch(reader, READ, refuse)
    monkeypatch.setattr(loop._selector, "modify", refuse)
    loop.watch(reader, READ, masks.append)
    bounded_turn(loop)
    assert masks == [READ]
    loop.forget(reader)
    os.close(reader)
    os.close(writer)


def test_a_forgotten_descriptor_is_never_called(loop: Loop) -> None:
    """The loop does not wake up for it either, and it can be watched again."""
    reader, writer = ready_pipe()
    loop.watch(reader, READ, refuse)
    loop.forget(reader)
    called: list[str] = []
    loop.call_later(0.01, lambda: called.append("timer"))
    loop.turn()
    assert called == ["timer"]
    loop.watch(reader, READ, lambda _: called.append("descriptor"))
    bounded_turn(loop)
    assert called == ["timer", "descriptor"]
    loop.forget(reader)
    os.close(reader)
    os.close(writer)


def test_forgetting_an_unwatched_descriptor_is_harmless(loop: Loop) -> None:
    """Code that closes a descriptor need not know whether it is watched."""
    loop.forget(0)
    loop.forget(12345)
    assert not loop._selector.get_map()


def test_a_callback_may_forget_a_descriptor_that_is_ready_in_the_same_turn(
    loop: Loop,
) -> None:
    """A descriptor that an earlier callback has closed is not called any more."""
    pipes = [ready_pipe(), ready_pipe()]
    called: list[int] = []

    def drop_the_other(me: int, other: int) -> None:
        called.append(me)
        loop.forget(other)
        os.close(other)

    first, second = pipes[0][0], pipes[1][0]
    loop.watch(first, READ, lambda _: drop_the_other(first, second))
    loop.watch(second, READ, lambda _: drop_the_other(second, first))
    bounded_turn(loop)
    assert len(called) == 1
    os.close(called[0])
    for _, writer in pipes:
        os.close(writer)


def test_every_ready_descriptor_is_called_in_one_turn(loop: Loop) -> None:
    """A busy descriptor does not starve another."""
    pipes = [ready_pipe() for _ in range(3)]
    called: list[int] = []
    for reader, _ in pipes:
        loop.watch(reader, READ, partial(lambda fd, _: called.append(fd), reader))
    bounded_turn(loop)
    assert sorted(called) == sorted(reader for reader, _ in pipes)
    for pipe in pipes:
        os.close(pipe[0])
        os.close(pipe[1])


@pytest.mark.parametrize("name", ["file", os.devnull], ids=["file", "dev-null"])
def test_files_and_dev_null_can_be_watched(loop: Loop, name: str, tmp_path: Path) -> None:
    """Both may be stdin, epoll refuses both, and both are ready at once."""
    (tmp_path / "file").write_text("x")
    fd = os.open(tmp_path / name, os.O_RDONLY)
    masks: list[int] = []
    loop.watch(fd, READ, masks.append)
    bounded_turn(loop)
    assert masks == [READ]
    os.close(fd)


@pytest.mark.parametrize("asked", [READ, WRITE], ids=["read", "write"])
def test_a_hang_up_is_reported_as_the_event_that_was_asked_for(
    loop: Loop, asked: int
) -> None:
    """POLLHUP and POLLERR never reach a callback."""
    reader, writer = os.pipe()
    fd, other = (reader, writer) if asked == READ else (writer, reader)
    os.close(other)
    masks: list[int] = []
    loop.watch(fd, asked, masks.append)
    bounded_turn(loop)
    assert masks == [asked]
    loop.forget(fd)
    os.close(fd)


# Timers.


def test_timers_are_called_in_the_order_they_are_due() -> None:
    """The order in which they were set does not matter."""
    clock = Clock()
    loop = Loop(clock)
    called: list[str] = []
    loop.call_later(2, lambda: called.append("late"))
    loop.call_later(1, lambda: called.append("early"))
    clock.now += 2
    loop.turn()
    assert called == ["early", "late"]


def test_timers_due_at_one_moment_are_called_in_the_order_they_were_set() -> None:
    """Twenty of them, all in 1 s."""
    clock = Clock()
    loop = Loop(clock)
    called: list[int] = []
    for number in range(20):
        loop.call_later(1, partial(called.append, number))
    clock.now += 1
    loop.turn()
    assert called == list(range(20))


def test_a_timer_is_called_once_and_not_before_its_time() -> None:
    """Not a millisecond early, and not again in the next turn."""
    clock = Clock()
    loop = Loop(clock)
    called: list[float] = []
    loop.call_later(10, lambda: called.append(clock.now))
    # This one is due now, so that the turns below do not wait for the other.
    loop.call_later(0, lambda: None)
    clock.now += 9.999
    loop.turn()
    assert called == []
    clock.now = 1010.0
    loop.turn()
    loop.call_later(0, lambda: None)
    loop.turn()
    assert called == [1010.0]


def test_a_cancelled_timer_is_neither_called_nor_waited_for() -> None:
    """The loop's wait has no limit then."""
    clock = Clock()
    loop = Loop(clock)
    timer = loop.call_later(1, refuse)
    assert timer.pending
    timer.cancel()
    assert not timer.pending
    assert patience(loop) is None
    clock.now += 2
    loop.call_later(0, lambda: None)
    loop.turn()


def test_cancelling_twice_or_too_late_is_harmless() -> None:
    """Code that keeps a timer need not know whether it is over."""
    loop = Loop(Clock())
    called: list[str] = []
    timer = loop.call_later(0, lambda: called.append("once"))
    loop.turn()
    assert not timer.pending
    timer.cancel()
    timer.cancel()
    assert called == ["once"]


def test_a_timer_may_cancel_another_that_is_due_in_the_same_turn() -> None:
    """The cancelled one is not called."""
    loop = Loop(Clock())
    loop.call_later(0, lambda: other.cancel())
    other = loop.call_later(0, refuse)
    loop.turn()
    assert not other.pending


def test_a_timer_may_set_another() -> None:
    """As a reconnection with growing pauses does."""
    clock = Clock()
    loop = Loop(clock)
    called: list[float] = []

    def again() -> None:
        called.append(clock.now)
        loop.call_later(2, again)

    loop.call_later(1, again)
    for _ in range(5):
        clock.now += 1
        loop.call_later(0, lambda: None)
        loop.turn()
    assert called == [1001.0, 1003.0, 1005.0]


def test_a_timer_that_sets_itself_again_does_not_keep_a_turn_from_ending(
    loop: Loop,
) -> None:
    """Not even on a clock that stands still meanwhile: descriptors are served between."""
    standing = Loop(Clock())
    called: list[str] = []

    def again() -> None:
        called.append("timer")
        standing.call_later(0, again)

    reader, writer = ready_pipe()
    standing.watch(reader, READ, lambda _: called.append("descriptor"))
    again()
    standing.turn()
    standing.turn()
    assert called == ["timer", "descriptor", "timer", "descriptor", "timer"]
    for fd in (reader, writer):
        os.close(fd)


def test_a_timer_that_becomes_due_during_a_turn_is_called_in_the_next() -> None:
    """So work that is put off to the next turn is not done in this one."""
    clock = Clock()
    loop = Loop(clock)
    called: list[str] = []
    reader, writer = ready_pipe()

    def work(_: int) -> None:
        loop.forget(reader)
        clock.now += 1
        assert clock.now > loop.turn_ends
        loop.call_later(0, lambda: called.append("next turn"))

    loop.watch(reader, READ, work)
    loop.turn()
    assert called == []
    loop.turn()
    assert called == ["next turn"]
    for fd in (reader, writer):
        os.close(fd)


def test_a_turn_has_its_time_from_the_end_of_its_wait() -> None:
    """The wait itself counts for nothing."""
    clock = Clock()
    loop = Loop(clock)
    clock.now += 100
    loop.turn(0)
    assert loop.turn_ends == clock.now + TURN_SECONDS


@pytest.mark.parametrize("seconds", [3e6, 1e18, math.inf])
def test_a_timer_may_be_due_in_any_number_of_seconds(loop: Loop, seconds: float) -> None:
    """`poll` takes 24 days at most, and `--keep` any number."""
    reader, writer = ready_pipe()
    loop.watch(reader, READ, lambda _: loop.forget(reader))
    late = loop.call_later(seconds, refuse)
    loop.turn()
    assert loop._callbacks == {}
    assert late.pending
    for fd in (reader, writer):
        os.close(fd)


@pytest.mark.parametrize("kind", [selectors.PollSelector, selectors.SelectSelector])
def test_whether_a_descriptor_is_ready_can_be_asked_with_either_call(
    monkeypatch: pytest.MonkeyPatch, kind: type[selectors.BaseSelector]
) -> None:
    """Where `poll` refuses terminals, as on macOS, it is `select`."""
    monkeypatch.setattr("chatlib.loop.Selector", kind)
    reader, writer = os.pipe()
    assert not is_ready(reader, READ)
    assert is_ready(writer, WRITE)
    os.close(writer)
    assert is_ready(reader, READ, None)  # the end is something to read
    os.close(reader)


def test_whether_a_descriptor_is_ready_can_be_asked_above_1023() -> None:
    """A program inherits what its parent leaves open. `select.select` would raise."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2048, hard), hard))
    reader, writer = os.pipe()
    high = fcntl.fcntl(reader, fcntl.F_DUPFD_CLOEXEC, 1500)
    try:
        assert not is_ready(high, READ)
        assert not is_ready(high, READ, 0.001)
        os.write(writer, b"x")
        assert is_ready(high, READ)
        assert is_ready(high, READ, None)
        assert is_ready(writer, WRITE)
    finally:
        for fd in (reader, writer, high):
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_turn_waits_until_the_next_timer_is_due() -> None:
    """For ever without a timer, and not at all for one that is late."""
    clock = Clock()
    loop = Loop(clock)
    assert patience(loop) is None
    loop.call_later(7, lambda: None)
    loop.call_later(3, lambda: None)
    assert patience(loop) == 3
    clock.now += 1
    assert patience(loop) == 2
    clock.now += 100
    began = time.monotonic()
    loop.turn()
    assert time.monotonic() - began < SECONDS


def test_a_timer_is_called_although_a_descriptor_is_always_ready(loop: Loop) -> None:
    """A peer that never stops sending cannot put off its own deadline."""
    reader, writer = ready_pipe()
    called: list[str] = []
    loop.watch(reader, READ, lambda _: None)
    loop.call_later(0.001, lambda: called.append("due"))
    until(loop, lambda: called)
    assert called == ["due"]
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("timeout", [0, 0.01], ids=["none", "10-ms"])
def test_a_turn_waits_no_longer_than_its_timeout(loop: Loop, timeout: float) -> None:
    """A timer that is due later stays pending."""
    reader, writer = os.pipe()
    loop.watch(reader, READ, refuse)
    late = loop.call_later(SECONDS, refuse)
    begin = time.monotonic()
    loop.turn(timeout)
    assert timeout <= time.monotonic() - begin < SECONDS
    assert late.pending
    loop.forget(reader)
    os.close(reader)
    os.close(writer)


def test_a_turn_ends_before_its_timeout_when_something_happens(loop: Loop) -> None:
    """For a timer that is due, and for a descriptor that is ready."""
    called: list[str] = []
    begin = time.monotonic()
    loop.call_later(0.01, lambda: called.append("timer"))
    loop.turn(SECONDS)
    reader, writer = ready_pipe()
    loop.watch(reader, READ, lambda _: called.append("descriptor"))
    loop.turn(SECONDS)
    assert called == ["timer", "descriptor"]
    assert time.monotonic() - begin < SECONDS
    loop.forget(reader)
    os.close(reader)
    os.close(writer)


def test_the_loop_sleeps_while_nothing_happens(loop: Loop) -> None:
    """One wait and one turn, up to the only timer."""
    reader, writer = os.pipe()
    near, far = socket_pair()
    loop.watch(reader, READ, refuse)
    loop.watch(near.fileno(), READ, refuse)
    called: list[float] = []
    loop.call_later(0.05, lambda: called.append(time.monotonic()))
    begin = time.monotonic()
    cpu = time.process_time()
    loop.turn()
    assert len(called) == 1
    assert called[0] - begin >= 0.05
    # A loop that polls would have used 0.05 s of CPU time.
    assert time.process_time() - cpu < 0.03
    near.close()
    far.close()
    os.close(reader)
    os.close(writer)


# Deadlines.


@pytest.mark.parametrize(
    "limits",
    [(1, 5), (5, 1), (5, 1, 3, 1)],
    ids=["first", "second", "in-the-middle-and-last"],
)
def test_the_nearest_limit_of_a_deadline_counts(
    limits: tuple[int, ...],
) -> None:
    """In whichever order they are set; the callback is called once, on time."""
    clock = Clock()
    loop = Loop(clock)
    called: list[float] = []
    deadline = Deadline(loop, lambda: called.append(clock.now))
    for seconds in limits:
        deadline.limit(seconds)
    move(loop, clock, 0.75)
    assert called == []
    move(loop, clock, 0.25)
    assert called == [1001.0]
    assert patience(loop) is None  # the later limits are gone
    move(loop, clock, 10)
    assert called == [1001.0]


def test_setting_a_limit_again_does_not_put_a_deadline_off() -> None:
    """The first limit of five seconds counts, although four more follow."""
    clock = Clock()
    loop = Loop(clock)
    called: list[float] = []
    deadline = Deadline(loop, lambda: called.append(clock.now))
    for _ in range(5):
        deadline.limit(5)
        move(loop, clock, 1)
    assert called == [1005.0]


def test_a_deadline_can_be_lifted_and_set_again() -> None:
    """Before and after its callback was called."""
    clock = Clock()
    loop = Loop(clock)
    called: list[float] = []
    deadline = Deadline(loop, lambda: called.append(clock.now))
    deadline.lift()  # harmless without a limit
    deadline.limit(1)
    deadline.lift()
    assert patience(loop) is None
    move(loop, clock, 5)
    assert called == []
    for _ in range(2):
        deadline.limit(10)
        move(loop, clock, 10)
    assert called == [1015.0, 1025.0]


# Run and stop.


def test_no_callback_is_called_after_stop_in_the_same_turn(loop: Loop) -> None:
    """What is ready or due then waits for the next turn."""
    readers = [ready_pipe() for _ in range(2)]
    called: list[str] = []

    def stop(_: int) -> None:
        called.append("descriptor")
        loop.stop()

    for reader, _ in readers:
        loop.watch(reader, READ, stop)
    loop.call_later(0, lambda: called.append("timer"))
    loop.run()
    assert called == ["descriptor"]
    loop.turn()
    assert called == ["descriptor", "descriptor"]
    for fds in readers:
        for fd in fds:
            loop.forget(fd)
            os.close(fd)
    loop.turn()
    assert called[2:] == ["timer"]


def test_a_loop_is_running_from_run_to_stop(loop: Loop) -> None:
    """It can run again; a single turn does not count as running."""
    seen: list[bool] = []

    def stop() -> None:
        seen.append(loop.running)
        loop.stop()
        seen.append(loop.running)

    assert not loop.running
    for drive in (loop.run, loop.run, loop.turn):
        loop.call_later(0, stop)
        drive()
        assert not loop.running
    assert seen == [True, False, True, False, False, False]


def test_a_guest_turns_the_loop_until_stop(loop: Loop) -> None:
    """`run` makes no turn of its own meanwhile, and returns when the guest does."""
    called: list[str] = []

    def guest() -> None:
        called.append("guest")
        while loop.running:
            loop.turn(SECONDS)
        called.append("left")

    loop.call_later(0, lambda: called.append("timer"))
    loop.call_later(0.01, loop.stop)
    loop.call_later(0.01, refuse)  # after the stop
    loop.run(guest)
    assert called == ["guest", "timer", "left"]


def test_the_loop_runs_on_when_its_guest_returns_early(loop: Loop) -> None:
    """The guest is called once, and the loop then turns by itself."""
    called: list[str] = []
    loop.call_later(0, lambda: called.append("timer"))
    loop.call_later(0, loop.stop)
    loop.run(lambda: called.append("guest"))
    assert called == ["guest", "timer"]


def test_an_error_in_a_turn_of_the_guest_comes_out_of_run(loop: Loop) -> None:
    """A closed screen ends the program in whichever loop it is noticed."""

    def fail() -> None:
        raise ScreenClosedError("nobody reads it")

    loop.call_later(0, fail)
    loop.call_later(SECONDS, loop.stop)  # in case nothing is raised
    with pytest.raises(ScreenClosedError):
        loop.run(lambda: loop.turn(SECONDS))


# Signals.


def test_a_signal_ends_the_wait_and_its_callback_is_called_from_the_loop(
    handlers: None, loop: Loop
) -> None:
    """In a turn, where any code may run, and not in the handler."""
    heard: list[int] = []
    loop.on_signals([signal.SIGUSR1], heard.append)
    signal.raise_signal(signal.SIGUSR1)
    assert heard == []
    until(loop, lambda: heard)
    assert heard == [signal.SIGUSR1]


def test_a_signal_wakes_a_loop_that_is_waiting(handlers: None, loop: Loop) -> None:
    """The interpreter alone would restart the select (PEP 475)."""
    heard: list[int] = []
    loop.on_signals([signal.SIGALRM], heard.append)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    bounded_turn(loop)
    assert heard == [signal.SIGALRM]


def test_a_signal_that_is_not_urgent_sets_no_alarm(handlers: None, loop: Loop) -> None:
    """And an alarm of ours that comes too late, when nothing blocks, does nothing."""
    heard: list[int] = []
    loop.on_signals([signal.SIGUSR1], heard.append, urgent=False)
    loop.blocked = True
    signal.raise_signal(signal.SIGUSR1)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    loop.blocked = False
    signal.raise_signal(signal.SIGALRM)
    until(loop, lambda: heard)
    assert heard == [signal.SIGUSR1]


@pytest.mark.parametrize("first", ["the call", "the signal"])
def test_after_a_signal_no_call_blocks_for_long(
    handlers: None, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Here a write to a full pipe; the callback is called before it, or after it."""
    loop = Loop()
    monkeypatch.setattr("chatlib.loop.BLOCKED_SECONDS", 0.02)
    heard: list[int] = []
    loop.on_signals([signal.SIGUSR1], heard.append)
    reader, writer = os.pipe()
    # Should no signal interrupt the write, it fails when its reader is closed.
    rescue = threading.Timer(SECONDS, os.close, [reader])
    rescue.start()
    if first == "the signal":
        os.kill(os.getpid(), signal.SIGUSR1)
        until(loop, lambda: heard)
    loop.blocked = True
    if first == "the call":
        os.kill(os.getpid(), signal.SIGUSR1)
    with pytest.raises(InterruptedError):
        while True:
            os.write(writer, bytes(65536))
    loop.blocked = False
    until(loop, lambda: heard)
    loop.close()
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)  # the alarm is off
    rescue.cancel()
    os.close(reader)
    os.close(writer)


def test_a_call_that_has_just_begun_is_not_interrupted(
    handlers: None, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alarm has to find it twice; another call may have begun in between."""
    monkeypatch.setattr("chatlib.loop.BLOCKED_SECONDS", 2000)
    loop.on_signals([signal.SIGUSR1], lambda number: None)
    signal.raise_signal(signal.SIGUSR1)
    for _ in range(3):
        loop.blocked = True
        signal.raise_signal(signal.SIGALRM)
    with pytest.raises(InterruptedError):
        signal.raise_signal(signal.SIGALRM)
    loop.blocked = False
    signal.raise_signal(signal.SIGALRM)


def test_several_signals_at_once_are_all_reported_in_order(
    handlers: None, loop: Loop
) -> None:
    """Also when the same one arrives twice."""
    heard: list[str] = []
    loop.on_signals([signal.SIGUSR1], lambda number: heard.append(f"first {number}"))
    loop.on_signals([signal.SIGUSR2], lambda number: heard.append(f"second {number}"))
    sent = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR1)
    for number in sent:
        signal.raise_signal(number)
    until(loop, lambda: len(heard) == 3)
    assert heard == [
        f"first {int(signal.SIGUSR1)}",
        f"second {int(signal.SIGUSR2)}",
        f"first {int(signal.SIGUSR1)}",
    ]


def test_sigcont_is_reported_after_the_signals_of_the_same_moment(
    handlers: None, loop: Loop
) -> None:
    """The order of handlers is by chance, and who stops must not miss a SIGCONT."""
    heard: list[int] = []
    loop.on_signals([signal.SIGCONT, signal.SIGUSR1], heard.append)
    assert not loop.signal_waits
    signal.raise_signal(signal.SIGCONT)
    signal.raise_signal(signal.SIGUSR1)
    assert loop.signal_waits
    until(loop, lambda: heard)
    assert heard == [signal.SIGUSR1, signal.SIGCONT]
    assert not loop.signal_waits


def test_before_signals_are_asked_for_none_waits(loop: Loop) -> None:
    """Nothing is opened for them."""
    assert not loop.signal_waits


def test_a_signal_with_a_handler_of_another_module_is_ignored(
    handlers: None, loop: Loop
) -> None:
    """Its number arrives in the pipe as well."""
    heard: list[int] = []
    signal.signal(signal.SIGUSR2, lambda *_: None)
    loop.on_signals([signal.SIGUSR1], heard.append)
    signal.raise_signal(signal.SIGUSR2)
    signal.raise_signal(signal.SIGUSR1)
    until(loop, lambda: heard)
    assert heard == [signal.SIGUSR1]


def test_close_closes_the_signal_pipe(handlers: None) -> None:
    """No descriptor stays open, and the interpreter writes into none."""
    loop = Loop()
    loop.on_signals([signal.SIGUSR1], refuse)
    pipe = loop._signal_pipe
    assert pipe is not None
    loop.close()
    for fd in pipe:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)
    assert signal.set_wakeup_fd(-1) == -1


def test_close_restores_the_handlers_from_before_the_loop(handlers: None) -> None:
    """Also where the loop replaced its own handler in between."""
    heard: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    loop = Loop()
    loop.on_signals([signal.SIGUSR1], refuse)
    loop.on_signals([signal.SIGUSR1], refuse)  # our first handler must not be restored
    loop.close()
    # Called and not sent: the default action of SIGUSR1 would end the whole test run.
    handler = signal.getsignal(signal.SIGUSR1)
    assert callable(handler), f"SIGUSR1 was left at {handler!r}"
    handler(signal.SIGUSR1, None)
    assert heard == [signal.SIGUSR1]


def test_close_restores_the_default_action_of_a_signal(handlers: None) -> None:
    """After it SIGTERM ends the process again."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    loop = Loop()
    loop.on_signals([signal.SIGTERM], refuse)
    loop.close()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_loop_without_signals_changes_nothing_in_the_process() -> None:
    """Descriptors and timers need neither a handler nor the wakeup descriptor."""
    with tempfile.TemporaryFile() as file:
        os.set_blocking(file.fileno(), False)
        signal.set_wakeup_fd(file.fileno())
        loop = Loop()
        loop.call_later(0, lambda: None)
        loop.turn()
        loop.close()
        assert signal.set_wakeup_fd(-1) == file.fileno()


def test_cancelled_timers_fill_no_memory() -> None:
    """A peer can make us set and cancel any number of them."""
    loop = Loop(Clock())
    kept = [loop.call_later(10, lambda: None) for _ in range(10)]
    for _ in range(10_000):
        loop.call_later(10, lambda: None).cancel()
    assert loop._timers == kept
    assert all(timer.pending for timer in kept)
    loop.close()
