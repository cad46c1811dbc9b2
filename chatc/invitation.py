"""Ask for the ticket of a private talk, before anything is connected.

It is read from a file, from the first line of stdin, or from the keyboard with the echo
off: never from the command line or the environment, which other users of the machine see.
"""

import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from chatc.place import Place
from chatlib.errors import UsageError
from chatlib.program import Program
from chatlib.settings import Settings
from chatlib.terminal.streams import STDIN
from chatlib.ticket import Ticket, parse, read_ticket_file

PROMPT = "Ticket: "

LINE_LIMIT = 4096
"""Bytes of a line at most: what a terminal passes on, and more than any ticket has."""

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""The signals that end the program at the prompt, and must leave the echo as it was."""


def accept(program: Program) -> Place:
    """Let only the server of a ticket be talked with; return where it is."""
    ticket = read_ticket(program.settings)
    program.be_private(ticket.secret)
    return Place(ticket.addresses, ticket.port)


def read_ticket(settings: Settings) -> Ticket:
    """Return the ticket that the person gives.

    Raises TicketError for what is no ticket, and UsageError where none is given.
    """
    if settings.ticket not in (None, "-"):
        return read_ticket_file(settings.ticket)
    line = ask() if settings.ticket is None and os.isatty(STDIN) else read_line()
    if not line.strip():
        raise UsageError("no ticket was given: it is the line that chatd --private shows")
    return parse(line)


def ask() -> str:
    """Return a line that is typed or pasted, and not shown."""
    sys.stdout.write(PROMPT)
    sys.stdout.flush()
    with _without_echo():
        line = read_line()
    sys.stdout.write("\n")  # the Enter was not shown either
    sys.stdout.flush()
    return line


def read_line() -> str:
    """Return the first line of stdin, and leave all behind it to the chat."""
    line = bytearray()
    while len(line) < LINE_LIMIT and (byte := os.read(STDIN, 1)) not in (b"", b"\n"):
        line += byte
    return line.decode("utf-8", "replace")


@contextmanager
def _without_echo() -> Iterator[None]:
    """Turn the terminal's echo off, and on again however this ends."""
    before = termios.tcgetattr(STDIN)
    silent = termios.tcgetattr(STDIN)
    silent[3] &= ~termios.ECHO
    handlers = {number: signal.signal(number, _end) for number in _ENDINGS}
    # TCSAFLUSH would drop what was pasted before the prompt appeared.
    try:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, silent)
        yield
    finally:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
