"""`python3 -m harness`: play conversations visibly, or stand between two programs."""

import argparse
import selectors
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from rich.console import Console

import harness.proxy
from harness.proxy import Proxy, knows
from harness.report import TwoColumns, explain
from harness.script import TERMINALS, Script, ScriptError
from harness.stage import Stage, Unmet


def play(path: Path, piece: int, terminal: str, console: Console) -> bool:
    """Play one conversation visibly; returns whether all of it came true."""
    script = Script.read(path)
    if terminal not in script.terminals:
        (terminal,) = script.terminals  # there is only one that it is about
    console.rule(f"[bold]{script.name}")
    console.print(script.about, style="italic")
    with (
        tempfile.TemporaryDirectory(prefix="conversation-") as folder,
        Stage(Path(folder), piece, TwoColumns(console), terminal) as stage,
    ):
        try:
            stage.play(script)
        except Unmet as unmet:
            console.print(
                explain(script.name, unmet, stage, console.width),
                markup=False,
                highlight=False,
                style="red",
            )
            return False
    return True


def serve(listen: int, target: str, orders: Sequence[str]) -> int:
    """Stand between two programs until Ctrl-C; more orders are read from stdin."""
    host, _, port = target.rpartition(":")
    wrong = [order for order in orders if not knows(order)]
    if wrong or not port.isdecimal():
        print(f"harness: there is no {wrong or [target]}; see --help", file=sys.stderr)
        return 2
    with selectors.SelectSelector() as selector:
        proxy = Proxy(selector, port=listen)
        proxy.listen(int(port), host or "localhost")
        for order in orders:
            proxy.order(order)
        print(f"Network listening on port: {proxy.port}, to {target}", flush=True)
        selector.register(sys.stdin, selectors.EVENT_READ, partial(_obey, proxy, selector))
        with suppress(KeyboardInterrupt):
            while True:
                for key, _ in selector.select(proxy.pump()):
                    key.data()
        proxy.close()
    return 0


def _obey(proxy: Proxy, selector: selectors.BaseSelector) -> None:
    """Take an order from stdin; when it has ended, take no more."""
    line = sys.stdin.readline()
    if not line:
        selector.unregister(sys.stdin)
    elif not proxy.order(line.strip()):
        print(f"There is no order {line.strip()!r}; --help lists them.", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: 0 when all came true, 1 when not, 2 for a wrong call."""
    options = _parser().parse_args(arguments)
    if options.command == "proxy":
        return serve(options.listen, options.to, options.orders)
    console = Console(highlight=False)
    try:
        played = [
            play(path, options.piece, options.terminal, console) for path in options.files
        ]
    except (ScriptError, OSError) as error:
        print(f"harness: {error}", file=sys.stderr)
        return 2
    console.rule()
    console.print(f"{played.count(True)} passed, {played.count(False)} failed")
    return 0 if all(played) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="harness", description="Plays conversations; stands in for the network."
    )
    commands = parser.add_subparsers(required=True, dest="command")
    command = commands.add_parser("play", help="play conversation files")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE")
    command.add_argument(
        "--piece", type=int, default=0, metavar="N", help="deliver N bytes at a time"
    )
    command.add_argument(
        "--terminal", choices=TERMINALS, default="plain", help="what one sits at"
    )
    command = commands.add_parser(
        "proxy",
        help="be a network that misbehaves on command",
        description=harness.proxy.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--listen", type=int, default=0, metavar="PORT")
    command.add_argument("--to", required=True, metavar="HOST:PORT")
    command.add_argument("orders", nargs="*", metavar="ORDER", help="one is 'delays 0.1 s'")
    return parser


if __name__ == "__main__":
    sys.exit(main())
