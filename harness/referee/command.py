"""`python3 -m harness referee`: its options, and the exit code."""

import argparse
import sys
from pathlib import Path

DESCRIPTION = """\
Run two programs that talk to each other, and say which rules of the assignment they keep.

    referee --server 'python3 server.py' --client 'python3 client.py'
    referee --profile class.toml --html class.html submissions/*
    referee --guess --server 'python3 server.py' --client 'python3 client.py'

In the commands {python} is an interpreter and {port} a free port. Exit code: 0 when no
required check failed, 1 when one did, 2 for a wrong call, 3 when nothing could be run.
"""

FORMATS = ("markdown", "html", "junit", "csv", "json", "gradescope")
"""The options that write a report to a file; reports.WRITERS has the same names."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the referee's options to a parser. This needs the standard library alone."""
    parser.add_argument(
        "submissions",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help="a submission, with both programs in it; without any: --server and --client",
    )
    parser.add_argument(
        "--server", default="", metavar="COMMAND", help="how the server is started"
    )
    parser.add_argument(
        "--client", default="", metavar="COMMAND", help="how the client is started"
    )
    parser.add_argument("--profile", type=Path, metavar="FILE", help="what pairs are like")
    parser.add_argument("--rubric", type=Path, metavar="FILE", help="points and words")
    parser.add_argument("--term", default="", help="whose text of the assignment holds")
    parser.add_argument(
        "-j", "--jobs", type=int, default=1, metavar="N", help="judge N at a time"
    )
    parser.add_argument(
        "--only", default=None, metavar="CHECK,...", help="these checks, and what they need"
    )
    parser.add_argument(
        "--guess", action="store_true", help="propose a profile; nothing is scored"
    )
    parser.add_argument(
        "--transcripts", action="store_true", help="show the time line of what failed"
    )
    parser.add_argument(
        "--shared", action="store_true", help="use this machine's network, one at a time"
    )
    for name in FORMATS:
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"write {name}")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Do what the command line asks; return the exit code."""
    from harness.referee import call  # it needs the packages of [harness]

    try:
        return call.run(options)
    except KeyboardInterrupt:
        return 130  # as in a shell for a program that Ctrl-C has ended
    except call.WrongCall as error:
        print(f"harness: {error}", file=sys.stderr)
        return 2
