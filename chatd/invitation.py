"""Make the ticket of a private talk, or use the one that a file holds."""

import socket
from collections.abc import Sequence

from chatlib.addresses import find_all, is_loopback
from chatlib.advice import option
from chatlib.errors import UsageError
from chatlib.invitation import FIRST_LINE, read_ticket
from chatlib.program import Program
from chatlib.settings import Settings
from chatlib.ticket import Ticket, make_secret, write_ticket_file

WORDS = "Private: give this line to the one person you want to talk with (it is the key):"
"""What stands before the ticket on the screen."""

_ALL = ("0.0.0.0", "::")
"""What a socket is bound to that listens at every address of the machine."""


ADDRESSES_SHOWN = 4
"""Addresses in a ticket that this program makes; one that it reads may have more."""


def invite(program: Program, sockets: Sequence[socket.socket]) -> tuple[str, str]:
    """Let only the holder of a ticket in; return the lines that show the ticket."""
    names = [sock.getsockname() for sock in sockets]
    addresses = find_reachable([_describe(name) for name in names])
    secret = _read_secret(program.settings)
    ticket = Ticket(addresses, names[0][1], secret or make_secret())
    if not secret and program.settings.ticket is not None:
        write_ticket_file(program.settings.ticket, ticket)
    program.be_private(ticket.secret)
    if all(map(is_loopback, addresses)):
        program.terminal.notify(
            "This ticket works on this machine only: "
            f"a partner on another machine needs {option('host', '*')}."
        )
    return WORDS, ticket.line


def find_reachable(bound: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses that enter a ticket, for a server that is bound to these.

    An address that was chosen enters it as it is. For every address of the machine stand
    those at which others may reach it (`find_all`), the likeliest first, a few at most: a
    ticket may have to be typed. Without a network that is loopback.
    """
    found = [each for each in bound if each not in _ALL]
    if len(found) < len(bound):
        families = [":" in each for each in bound if each in _ALL]
        found += [each for each in find_all() if (":" in each) in families]
    return tuple(dict.fromkeys(found))[:ADDRESSES_SHOWN] or ("127.0.0.1",)


def _describe(name: tuple[str, int] | tuple[str, int, int, int]) -> str:
    """Return a socket's own address; one that is good on one wire names its interface."""
    address, scope = name[0], name[3] if len(name) > 3 else 0
    if not scope or "%" in address:
        return address
    return f"{address}%{socket.if_indextoname(scope)}"


def _read_secret(settings: Settings) -> bytes:
    """Return the secret in the ticket's file; none where a new one is to be made.

    Raises TicketError for a file that holds no ticket, or is not safe.
    """
    if settings.new_ticket and settings.ticket in (None, FIRST_LINE):
        raise UsageError("--new-ticket needs the file that it is to write: --ticket FILE")
    if settings.ticket is None or settings.new_ticket:
        return b""
    try:
        return read_ticket(settings.ticket).secret
    except FileNotFoundError:
        return b""
