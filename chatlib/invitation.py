"""Read the ticket that a person gives to either program, from a file or from stdin.

Never from the command line or the environment: other users of the machine see those.
"""

import os

from chatlib.errors import TicketError
from chatlib.terminal.streams import STDIN
from chatlib.ticket import LINE_LIMIT, Ticket, parse, read_ticket_file

FIRST_LINE = "-"
"""The name that stands for the first line of stdin."""


def read_ticket(path: str) -> Ticket:
    """Return the ticket in a file, or in the first line of stdin.

    Raises TicketError for what is no ticket or not safe, and FileNotFoundError.
    """
    return parse(read_line()) if path == FIRST_LINE else read_ticket_file(path)


def read_line() -> str:
    """Return the first line of stdin, and leave all behind it to the chat.

    Raises TicketError where there is none.
    """
    # Bytes and not text: where a character is cut in two is for `parse` to say.
    line = bytearray()
    # One byte at a time: what was read too far could not be put back.
    while len(line) <= LINE_LIMIT and (byte := os.read(STDIN, 1)) not in (b"", b"\n"):
        line += byte
    if not line.strip():
        raise TicketError("no ticket was given: it is the line that chatd --private shows")
    return line.decode("utf-8", "replace")
