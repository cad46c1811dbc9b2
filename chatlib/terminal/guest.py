"""An asyncio loop that waits through ours, for the line editor. Only `edited` imports it.

prompt_toolkit needs a running asyncio loop. asyncio waits in a selector, and the one it
gets here turns our loop once instead of waiting itself. So sockets, keyboard, timers and
signals still end in one `select` call, and no networking code depends on asyncio.
"""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from contextvars import copy_context
from functools import partial
from typing import Any

from chatlib.loop import LONGEST_WAIT, Loop


class GuestSelector(selectors.BaseSelector):
    """A selector for asyncio whose `select` turns our loop once.

    `on_stop()` is called at every `select` after our loop was stopped, so that the guest
    can end. An exception in a callback of our loop leaves through `select`, and so ends
    asyncio's loop too.
    """

    def __init__(self, loop: Loop, on_stop: Callable[[], None]) -> None:
        self._loop = loop
        self._on_stop = on_stop
        self._keys: dict[int, selectors.SelectorKey] = {}  # of asyncio's descriptors
        self._ready: list[tuple[selectors.SelectorKey, int]] = []  # found in this turn
        self._failed = False  # a callback of our loop raised

    # asyncio passes numbers only, though a selector may be given files too.

    def register(
        self, fileobj: object, events: int, data: object = None
    ) -> selectors.SelectorKey:
        """Watch a descriptor for asyncio."""
        assert isinstance(fileobj, int)
        key = selectors.SelectorKey(fileobj, fileobj, events, data)
        self._keys[fileobj] = key
        self._loop.watch(fileobj, events, partial(self._collect, key))
        return key

    def unregister(self, fileobj: object) -> selectors.SelectorKey:
        """Stop watching a descriptor; raises KeyError when it was not watched."""
        assert isinstance(fileobj, int)
        key = self._keys.pop(fileobj)
        self._loop.forget(fileobj)
        return key

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return what asyncio watches, by descriptor."""
        return self._keys

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        """Turn our loop once; return the descriptors that asyncio is to handle.

        Once our loop was stopped or a callback raised, this returns at once: ending its
        tasks, asyncio waits for no descriptor.
        """
        self._ready = []
        if self._loop.running and not self._failed:
            try:
                self._loop.turn(LONGEST_WAIT if timeout is None else timeout)
            except BaseException:
                self._failed = True
                raise
        # Called again until the guest has ended, which takes it a few turns.
        if not self._loop.running:
            self._on_stop()
        return self._ready

    def close(self) -> None:
        """Do nothing: asyncio closes its selector, but our loop goes on."""

    def _collect(self, key: selectors.SelectorKey, mask: int) -> None:
        self._ready.append((key, mask & key.events))


class GuestLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that leaves waiting and signals to our loop."""

    def __init__(self, loop: Loop, on_stop: Callable[[], None]) -> None:
        super().__init__(GuestSelector(loop, on_stop))
        self._loop = loop

    # A process has one wake-up descriptor for signals, and our loop has set it.

    def add_signal_handler(
        self, sig: int, callback: Callable[..., object], *arguments: object
    ) -> None:
        """Call `callback(*arguments)` when a signal arrives at our loop."""
        # As with asyncio's own handlers, the callback sees the context of this call.
        context = copy_context()

        def schedule(number: int) -> None:
            self.call_soon(callback, *arguments, context=context)

        # Not urgent: a write that blocks is not interrupted to handle a resize.
        self._loop.on_signals([sig], schedule, urgent=False)

    def remove_signal_handler(self, sig: int) -> bool:
        """Ignore a signal from now on."""
        self._loop.on_signals([sig], lambda number: None, urgent=False)
        return True
