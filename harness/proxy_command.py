"""Stands between two programs as a network that obeys: `python3 -m harness proxy`."""

import selectors
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from harness.proxy import Proxy, knows


def serve(listen: int, target: str, orders: Sequence[str]) -> int:
    """Stand there until Ctrl-C; more orders are read from stdin. 2 for a wrong call."""
    host, _, port = target.rpartition(":")
    wrong = [f"there is no order {order!r}" for order in orders if not knows(order)]
    wrong += [] if port.isdecimal() else [f"{target!r} is not HOST:PORT"]
    if wrong:
        print(f"harness: {'; '.join(wrong)}: see --help", file=sys.stderr)
        return 2
    try:
        run(listen, host or "localhost", int(port), orders)
    except OSError as error:
        print(f"harness: cannot listen on port {listen}: {error.strerror}", file=sys.stderr)
        return 3
    return 0


def run(listen: int, host: str, port: int, orders: Sequence[str]) -> None:
    """Carry bytes until Ctrl-C, and say what happens."""
    with selectors.SelectSelector() as selector:
        proxy = Proxy(selector, port=listen, told=say)
        proxy.listen(port, host)
        say(f"Network listening on port: {proxy.port}, to {host}:{port}")
        for order in orders:
            proxy.order(order)
        selector.register(sys.stdin, selectors.EVENT_READ, partial(obey, proxy, selector))
        with suppress(KeyboardInterrupt):
            while True:
                for key, _ in selector.select(proxy.pump()):
                    key.data()
        proxy.close()


def obey(proxy: Proxy, selector: selectors.BaseSelector) -> None:
    """Take an order from stdin; when it has ended, take no more."""
    line = sys.stdin.readline()
    order = line.strip()
    if not line:
        selector.unregister(sys.stdin)
    elif order and not proxy.order(order):
        say(f"There is no order {order!r}; --help lists them.")


def say(what: str) -> None:
    """Tell who watches."""
    print(what, flush=True)
