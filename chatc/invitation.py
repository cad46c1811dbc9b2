"""Ask for the ticket of a private talk, before anything is connected."""

import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from chatc.place import Place
from chatlib.advice import choose_exit_code
from chatlib.errors import TicketError, describe
from chatlib.invitation import FIRST_LINE, read_line, read_ticket
from chatlib.loop import READ, is_ready
from chatlib.program import Program
from chatlib.terminal.streams import STDIN
from chatlib.ticket import Ticket, parse

PROMPT = "Ticket: "

ROWS_LIMIT = 20
"""Rows at most behind the first that a ticket is pasted in."""

_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""The signals that end the program at the prompt, and must leave the echo as it was."""


def accept(program: Program) -> Place:
    """Let only the server of a ticket be talked with; return where it is.

    A host or a port on the command line stand in the place of the ticket's: it may be
    reached through a tunnel. Raises TicketError.
    """
    settings = program.settings
    ticket = find_ticket(settings.ticket)
    program.be_private(ticket.secret)
    hosts = (settings.host,) if "host" in settings.given else ticket.addresses
    port = settings.port if "port" in settings.given else ticket.port
    return Place(hosts, port)


def find_ticket(path: str | None) -> Ticket:
    """Return the ticket in this file, or the one that is typed, pasted or piped."""
    if path is None and os.isatty(STDIN):
        return ask()
    try:
        return read_ticket(path or FIRST_LINE)
    except OSError as error:
        raise TicketError(f"{path}: {describe(error)}") from None


def ask() -> Ticket:
    """Return the ticket that is typed or pasted, and not shown. Raises TicketError."""
    with _without_echo():
        _show(PROMPT)
        try:
            return _read_rows()
        except TicketError:
            # What was pasted behind a wrong line may be the rest of a key: the shell would
            # run it, and keep it in its history.
            termios.tcflush(STDIN, termios.TCIFLUSH)
            raise
        finally:
            _show("\n")  # the Enter was not shown either


def _read_rows() -> Ticket:
    """Return the ticket in the first row, or in the rows that were pasted with it.

    A ticket that was copied out of a narrow window, or of a letter, has line ends in it.
    Raises TicketError, for the first row.
    """
    line = read_line()
    try:
        return parse(line)
    except TicketError as error:
        for _ in range(ROWS_LIMIT):
            if is_ready(STDIN, READ):
                with suppress(TicketError):
                    line += read_line()
                    return parse(line)
        raise error from None


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


@contextmanager
def _without_echo() -> Iterator[None]:
    """Turn the terminal's echo off, and on again however this ends."""
    before, silent = termios.tcgetattr(STDIN), termios.tcgetattr(STDIN)
    silent[3] &= ~termios.ECHO
    handlers = {number: signal.signal(number, _end) for number in _ENDINGS}
    try:
        # Not TCSAFLUSH: it would drop what was pasted before the prompt appeared.
        termios.tcsetattr(STDIN, termios.TCSADRAIN, silent)
        yield
    finally:
        termios.tcsetattr(STDIN, termios.TCSADRAIN, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _end(number: int, frame: FrameType | None) -> None:
    """End the program as a shell reports a signal, after the echo is on again."""
    _show("\n")
    raise SystemExit(choose_exit_code(128 + number))
