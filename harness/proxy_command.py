"""`python3 -m harness proxy`: a network between two programs that takes orders."""

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import harness.proxy
from harness.proxy import Proxy, is_order
from harness.readers import Readers

ORDERS = "\n".join(re.findall(r"^ {4}(\S.*)", harness.proxy.__doc__ or "", re.MULTILINE))
"""The orders as `--help` has them, without the words around; Ctrl-C ends the proxy."""


def serve(listen: int, target: str, orders: Sequence[str]) -> int:
    """Pass bytes on until Ctrl-C; return the exit code: 0, 2 for a wrong call, 3.

    More orders are read from stdin, a line each.
    """
    host, _, port = target.rpartition(":")
    wrong = [f"there is no order {order!r}" for order in orders if not is_order(order)]
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
    """Pass bytes on until Ctrl-C, and print what happens."""
    with Readers() as readers:
        proxy = Proxy(readers, port=listen, report=announce)
        proxy.listen(port, host)
        announce(f"Network listening on port: {proxy.port}, to {host}:{port}")
        for order in orders:
            proxy.order(order)
        readers.attend(sys.stdin.fileno(), partial(obey, proxy, readers, bytearray()))
        with suppress(KeyboardInterrupt):
            while True:
                readers.turn(proxy.pump())
        proxy.close()


def obey(proxy: Proxy, readers: Readers, half: bytearray) -> None:
    """Read orders from stdin and carry them out; at the end of stdin, read no more.

    `half` holds what came of a line that is not whole yet.
    """
    # Not by sys.stdin: it would buffer a second line, of which select then knows nothing.
    data = os.read(sys.stdin.fileno(), 65536)
    half += data or b"\n"
    *lines, half[:] = half.split(b"\n")
    for order in (line.decode("utf-8", "replace").strip() for line in lines):
        if order in ("help", "--help", "?"):
            announce(ORDERS)
        elif order and not proxy.order(order):
            announce(f"There is no order {order!r}; help lists them.")
    if not data:
        readers.forget(sys.stdin.fileno())


def announce(what: str) -> None:
    """Print a line at once, also into a pipe."""
    print(what, flush=True)
