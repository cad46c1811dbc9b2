"""asyncio as a guest on our loop, for the line editor that wants it.

prompt_toolkit needs a running asyncio loop. Ours stays the only one that waits: asyncio
gets a selector that turns our loop once and keeps for itself what concerns its own
descriptors. Sockets, keyboard, timers and signals still end in one `select` call.

No networking code ever sees this. Only `edited` imports it.
"""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from contextvars import copy_context
from functools import partial

from chatlib.loop import Loop


class GuestSelector(selectors.BaseSelector):
    """Our loop, as asyncio sees it: what it watches itself, and `select`.

    `stopped()` is called when our loop has been stopped, until the guest ends. What a
    callback of ours raises goes out through `select`, and so out of asyncio.
    """

    def __init__(self, loop: Loop, stopped: Callable[[], None]) -> None:
        self._loop = loop
        self._stopped = stopped
        self._keys: dict[int, selectors.SelectorKey] = {}
        self._ready: list[tuple[selectors.SelectorKey, int]] = []
        self._failed = False

    def register(
        self, fileobj: "FileDescriptorLike", events: int, data: object = None
    ) -> selectors.SelectorKey:
        """Watch a descriptor for asyncio."""
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = selectors.SelectorKey(fileobj, fd, events, data)
        self._keys[fd] = key
        self._loop.watch(fd, events, partial(self._collect, key))
        return key

    def unregister(self, fileobj: "FileDescriptorLike") -> selectors.SelectorKey:
        """Watch it no longer; raises KeyError when it was not watched."""
        fd = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = self._keys.pop(fd)
        self._loop.forget(fd)
        return key

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        """Turn our loop once; return what asyncio is to handle.

        Once our loop has stopped, or failed, nothing is waited for: what asyncio has to
        do then, to end its tasks, needs no descriptor.
        """
        self._ready = []
        if self._loop.running and not self._failed:
            self._turn(timeout)
        if not self._loop.running:
            self._stopped()
        return self._ready

    def get_map(self) -> Mapping["FileDescriptorLike", selectors.SelectorKey]:
        """Give what asyncio watches, by descriptor."""
        return self._keys  # type: ignore[return-value]  # asyncio asks by number only

    def close(self) -> None:
        """Do nothing: asyncio closes the selector it ran on, but ours lives on."""

    def _turn(self, timeout: float | None) -> None:
        try:
            self._loop.turn(None if timeout is None else max(0.0, timeout))
        except BaseException:
            self._failed = True
            raise

    def _collect(self, key: selectors.SelectorKey, mask: int) -> None:
        self._ready.append((key, mask & key.events))


class GuestLoop(asyncio.SelectorEventLoop):
    """An asyncio loop that leaves waiting and signals to ours."""

    def __init__(self, loop: Loop, stopped: Callable[[], None]) -> None:
        super().__init__(GuestSelector(loop, stopped))
        self._loop = loop

    def add_signal_handler(
        self, sig: int, callback: Callable[..., object], *arguments: object
    ) -> None:
        """Hear of a signal through our loop: there is one wake-up pipe in a process."""
        context = copy_context()

        def hear(number: int) -> None:
            self.call_soon(callback, *arguments, context=context)

        self._loop.on_signals([sig], hear, urgent=False)

    def remove_signal_handler(self, sig: int) -> bool:
        """Hear of it no longer."""
        self._loop.on_signals([sig], lambda number: None, urgent=False)
        return True


TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike
