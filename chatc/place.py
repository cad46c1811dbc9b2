"""Where the server is, in words and in addresses: one host, or all hosts of a ticket."""

import socket
from collections.abc import Sequence
from contextlib import suppress

from chatlib.advice import command
from chatlib.channel import ChannelError, Fault, NotInvitedError
from chatlib.errors import ChatError, RemoteProtocolError


class Place:
    """The hosts and the port of one server, and which of the hosts is connected."""

    def __init__(self, hosts: Sequence[str], port: int) -> None:
        self.hosts = hosts
        self.port = port
        # The host in words; all of them while none is connected.
        self.host = " or ".join(hosts)
        # The address that is connected, and why one of them was not our server's.
        self.peer: tuple[str | int | bytes, ...] = ()
        self.refusal: ChatError | None = None

    def __str__(self) -> str:
        """Return host and port in words."""
        return f"{self.host} port {self.port}"

    def note_connected(self, sock: socket.socket) -> None:
        """Note the address that this socket is connected to."""
        with suppress(OSError):  # reset already
            self.peer = sock.getpeername()[:2]
        if len(self.hosts) > 1:
            self.host = str(self.peer[0])

    def note_refusal(self, error: ChannelError) -> None:
        """Note that the address which is connected belongs to somebody else."""
        self.refusal = self._explain(error)
        self.host = " or ".join(self.hosts)

    def _explain(self, error: ChannelError) -> ChatError:
        """Return the error for a server with another ticket, or none, or for no server."""
        match error.fault:
            case Fault.WRONG_TICKET:
                what = (
                    f"{self} has another ticket than yours: ask for the line that it shows "
                    "now, as a new ticket replaces the old one"
                )
            case Fault.NO_TICKET:
                private = command("chatd", private="")
                what = (
                    f"{self} uses no ticket: ask for one from {private}, or connect "
                    "without; then anybody in between can read the talk"
                )
            case Fault.TICKET:
                what = f"{self} uses a ticket: ask for it, and add --private"
            case _:
                what = f"{self} does not speak this protocol: {error}"
                return RemoteProtocolError(what)
        return NotInvitedError(what)
