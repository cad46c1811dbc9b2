"""asyncio as a guest: one `select` serves both loops, and ours works on afterwards."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from functools import partial

import pytest

from chatlib.loop import READ, Loop
from chatlib.terminal.guest import GuestLoop, GuestSelector
from tests.helpers import SECONDS, until

Main = Callable[[], Coroutine[None, None, None]]


@pytest.fixture(autouse=True)
def bounded(loop: Loop) -> None:
    """Raise TimeoutError where our loop waits in vain; `host` does so for asyncio's."""

    def give_up() -> None:
        raise TimeoutError("it never happened")

    loop.call_later(SECONDS, give_up)


@pytest.fixture
def pipes() -> Iterator[list[tuple[int, int]]]:
    """Return two pipes with a byte in each, as (reader, writer)."""
    pipes = [os.pipe(), os.pipe()]
    for reader, writer in pipes:
        os.set_blocking(reader, False)  # a second read raises instead of blocking
        os.write(writer, b"x")
    yield pipes
    for ends in pipes:
        for fd in ends:
            os.close(fd)


def host(loop: Loop, main: Main, on_stop: Callable[[], None] = lambda: None) -> None:
    """Run a coroutine on an asyncio loop that is a guest on ours, until it ends."""

    async def in_time() -> None:
        async with asyncio.timeout(SECONDS):
            await main()

    def guest() -> None:
        with asyncio.Runner(loop_factory=partial(GuestLoop, loop, on_stop)) as runner:
            runner.run(in_time())
        loop.stop()

    loop.run(guest)


async def wait_for_ever() -> None:
    """Wait for what only a cancellation ends."""
    await asyncio.get_running_loop().create_future()


# One select for both.


def test_one_select_serves_our_descriptors_and_asyncios(
    loop: Loop, pipes: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ready descriptors of both loops are reported after the same wait, in one thread."""
    waits = 0
    heard: dict[str, int] = {}
    select = loop._selector.select
    threads = threading.active_count()

    def count(timeout: float | None = None) -> object:
        nonlocal waits
        waits += 1
        return select(timeout)

    monkeypatch.setattr(loop._selector, "select", count)

    async def main() -> None:
        done = asyncio.get_running_loop().create_future()

        def hear(name: str, fd: int) -> None:
            heard[name] = waits
            os.read(fd, 1)
            if len(heard) == 2:
                done.set_result(None)

        (ours, _), (theirs, _) = pipes
        loop.watch(ours, READ, lambda _: hear("ours", ours))
        asyncio.get_running_loop().add_reader(theirs, hear, "theirs", theirs)
        await done
        assert threading.active_count() == threads

    host(loop, main)
    assert heard["ours"] == heard["theirs"]


def test_a_timer_of_asyncio_ends_a_wait_of_our_loop(loop: Loop) -> None:
    """Our loop has no timer of its own that is due before."""

    async def main() -> None:
        await asyncio.sleep(0.01)

    host(loop, main)


def test_a_timer_of_our_loop_ends_a_wait_of_asyncio(loop: Loop) -> None:
    """asyncio has no timer and no descriptor."""

    async def main() -> None:
        done = asyncio.get_running_loop().create_future()
        loop.call_later(0.01, lambda: done.set_result(None))
        await done

    host(loop, main)


def test_reading_and_writing_are_reported_separately(
    loop: Loop, pipes: list[tuple[int, int]]
) -> None:
    """asyncio may watch a descriptor for both, and later for one of them only."""
    heard: list[str] = []

    async def main() -> None:
        guest = asyncio.get_running_loop()
        (reader, _), (_, writer) = pipes
        guest.add_reader(reader, heard.append, "readable")
        guest.add_writer(writer, heard.append, "writable")
        guest.add_reader(writer, heard.append, "never")
        while not {"readable", "writable"} <= set(heard):
            await asyncio.sleep(0)
        assert guest.remove_writer(writer)
        assert guest.remove_reader(reader)
        heard.clear()
        for _ in range(3):
            await asyncio.sleep(0)

    host(loop, main)
    assert heard == []


def test_a_descriptor_is_listed_while_it_is_watched(loop: Loop) -> None:
    """Unregistering it twice raises KeyError, as with any selector."""
    selector = GuestSelector(loop, lambda: None)
    reader, writer = os.pipe()
    key = selector.register(reader, READ, "data")
    assert (key.fd, key.events, key.data) == (reader, READ, "data")
    assert selector.get_key(reader) == key
    assert selector.unregister(reader) == key
    assert not selector.get_map()
    with pytest.raises(KeyError):
        selector.unregister(reader)
    os.close(reader)
    os.close(writer)


# How it ends.


def test_an_error_in_our_callback_leaves_run_after_the_guest_cleaned_up(
    loop: Loop,
) -> None:
    """Other callbacks of ours that are due are called in the next turn of our loop."""
    called: list[str] = []

    def fail() -> None:
        raise RuntimeError("a mistake of ours")

    async def main() -> None:
        loop.call_later(0, fail)
        loop.call_later(0, lambda: called.append("ours"))
        try:
            await wait_for_ever()
        finally:
            await asyncio.sleep(0)  # cleaning up may take some turns
            called.append("cleaned up")

    with pytest.raises(RuntimeError, match="a mistake of ours"):
        host(loop, main)
    assert called == ["cleaned up"]
    loop.turn()
    assert called == ["cleaned up", "ours"]


def test_stopping_our_loop_calls_on_stop(loop: Loop) -> None:
    """From then on nothing is waited for: the guest ends although nothing more happens."""
    ending: list[asyncio.Future[None]] = []

    def on_stop() -> None:
        if ending and not ending[0].done():
            ending[0].set_result(None)

    async def main() -> None:
        ending.append(asyncio.get_running_loop().create_future())
        loop.call_later(0, loop.stop)
        await ending[0]

    host(loop, main, on_stop)
    assert not loop.running


def test_after_a_stop_no_callback_of_ours_is_called(
    loop: Loop, pipes: list[tuple[int, int]]
) -> None:
    """A descriptor that is ready is reported in the next turn of our loop."""
    called: list[int] = []

    async def main() -> None:
        loop.stop()
        loop.watch(pipes[0][0], READ, called.append)
        for _ in range(3):
            await asyncio.sleep(0)

    host(loop, main)
    assert called == []
    loop.turn()
    assert called == [READ]


def test_our_loop_works_on_after_the_guest_has_ended(
    loop: Loop, pipes: list[tuple[int, int]]
) -> None:
    """asyncio closes its selector; ours stays open, without asyncio's descriptors."""

    async def main() -> None:
        asyncio.get_running_loop().add_reader(pipes[0][0], lambda: None)

    host(loop, main)
    assert not [fd for fd in loop._callbacks if fd != pipes[0][0]]
    heard: list[int] = []
    loop.watch(pipes[1][0], READ, heard.append)
    until(loop, lambda: heard)
    assert heard == [READ]


def test_a_guest_that_ends_first_leaves_our_loop_running(
    loop: Loop, pipes: list[tuple[int, int]]
) -> None:
    """The loop goes on to the goodbye without an editor."""
    heard: list[str] = []

    def guest() -> None:
        with asyncio.Runner(loop_factory=partial(GuestLoop, loop, lambda: None)) as runner:
            runner.run(asyncio.sleep(0))
        heard.append("the guest has gone")
        loop.watch(pipes[0][0], READ, hear)

    def hear(mask: int) -> None:
        heard.append("ours")
        loop.stop()

    loop.run(guest)
    assert heard == ["the guest has gone", "ours"]


# Signals.


def test_signals_of_the_guest_come_through_our_loop(loop: Loop) -> None:
    """The wake-up descriptor stays ours, and our signals are still reported."""
    heard: list[str] = []
    loop.on_signals([signal.SIGUSR1], lambda number: heard.append("ours"))
    assert loop._signal_pipe is not None

    async def main() -> None:
        guest = asyncio.get_running_loop()
        guest.add_signal_handler(signal.SIGUSR2, heard.append, "theirs")
        signal.raise_signal(signal.SIGUSR2)
        signal.raise_signal(signal.SIGUSR1)
        while len(heard) < 2:
            await asyncio.sleep(0)
        assert guest.remove_signal_handler(signal.SIGUSR2)
        signal.raise_signal(signal.SIGUSR2)
        signal.raise_signal(signal.SIGUSR1)
        while len(heard) < 3:
            await asyncio.sleep(0)

    host(loop, main)
    assert sorted(heard) == ["ours", "ours", "theirs"]
    wakeup = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(wakeup)
    assert wakeup == loop._signal_pipe[1]


def test_a_signal_ends_the_wait_of_a_guest(loop: Loop) -> None:
    """Without the wake-up descriptor the interpreter restarts a `select` (PEP 475)."""
    heard: list[int] = []

    async def main() -> None:
        done = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGUSR2, lambda: done.set_result(None)
        )
        # From outside the loop: nothing that it knows of is due.
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGUSR2)).start()
        await done
        heard.append(signal.SIGUSR2)

    host(loop, main)
    assert heard == [signal.SIGUSR2]
