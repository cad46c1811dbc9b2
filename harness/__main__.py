"""`python3 -m harness`: play conversations, stand between two programs, referee a pair."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import harness.proxy
import harness.referee.command
from harness.proxy_command import serve
from harness.referee.command import run as referee
from harness.script import TERMINALS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0 if all came true, 1 if not, 2 for a wrong call."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        print(
            "\nharness: say which command, as in 'python3 -m harness play --help'",
            file=sys.stderr,
        )
        return 2
    if options.command == "proxy":
        return serve(options.listen, options.to, options.orders)
    try:  # only the proxy runs on the standard library alone
        if options.command == "referee":
            return referee(options)
        from harness.play_command import play_all
    except ModuleNotFoundError as error:
        print(
            f"harness: {error.name} is not installed: run 'pip install .[harness]' in the "
            "project's folder, or 'make demo' once and then '.venv/bin/python -m harness'",
            file=sys.stderr,
        )
        return 2
    return play_all(options.files, options.piece, options.terminal, options.private)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m harness",
        description="Play conversations, be a network, or referee a pair.",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    command = commands.add_parser("play", help="play conversation files")
    command.add_argument("files", nargs="+", type=Path, metavar="FILE")
    command.add_argument(
        "--piece", type=int, default=0, metavar="N", help="deliver N bytes at a time"
    )
    command.add_argument(
        "--terminal", choices=TERMINALS, default="plain", help="what one sits at"
    )
    command.add_argument("--private", action="store_true", help="in a private talk")
    command = commands.add_parser(
        "proxy",
        help="be a network that misbehaves on command",
        description=harness.proxy.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--listen", type=int, default=0, metavar="PORT")
    command.add_argument("--to", required=True, metavar="HOST:PORT")
    command.add_argument("orders", nargs="*", metavar="ORDER", help="one is 'delays 0.1 s'")
    command = commands.add_parser(
        "referee",
        help="say which rules anybody's two programs keep",
        description=harness.referee.command.DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    harness.referee.command.add_options(command)
    return parser


if __name__ == "__main__":
    sys.exit(main())
