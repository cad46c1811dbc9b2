"""Make the ticket of a private talk, or use the one that a file holds."""

import os
import socket
from collections.abc import Sequence

from chatlib.program import Program
from chatlib.settings import Settings
from chatlib.ticket import (
    Ticket,
    find_reachable_addresses,
    make_secret,
    read_ticket_file,
    write_ticket_file,
)

WORDS = "Private: give this line to the one person you want to talk with (it is the key):"
"""What stands before the ticket on the screen."""


def invite(program: Program, sockets: Sequence[socket.socket]) -> tuple[str, str]:
    """Let only the holder of a ticket in; return the lines that show the ticket."""
    ticket = make_ticket(program.settings, sockets)
    program.be_private(ticket.secret)
    return WORDS, ticket.line


def make_ticket(settings: Settings, sockets: Sequence[socket.socket]) -> Ticket:
    """Return the ticket of a server that listens at these sockets.

    A file keeps its secret from run to run, unless a new one is wanted; the addresses are
    those of now. Raises TicketError for a file that holds no ticket.
    """
    path = settings.ticket
    known = path is not None and not settings.new_ticket and os.path.lexists(path)
    secret = read_ticket_file(path).secret if path and known else make_secret()
    names = [sock.getsockname() for sock in sockets]
    ticket = Ticket(find_reachable_addresses(names), names[0][1], secret)
    if path is not None:
        write_ticket_file(path, ticket)
    return ticket
