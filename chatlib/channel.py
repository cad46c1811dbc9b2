"""How the bytes of a connection travel: in clear, or sealed with the keys of a ticket.

A `Connection` has exactly one channel, the same for life, and no byte passes between its
socket and its link but through it. A session and a link know nothing of it. `Sealed` stands
in `chatlib.sealed`, which alone imports `ssl`: who uses no ticket does not pay for it.

A channel has no socket and no clock: bytes are arguments, and nothing is waited for. After
an error it stays in error, and what comes behind it is dropped. The outcome does not depend
on how TCP cut the bytes into reads.
"""

from enum import Enum

from chatlib.errors import ChatError, Exit
from chatlib.protocol.events import Trace, silent
from chatlib.protocol.frames import NO_TICKET, Bye, Frame, Kind, Reason

HANDSHAKE = 0x16
"""The first byte of whoever uses a ticket: a TLS record of the handshake (RFC 8446, 5.1).
As the first byte of a frame it would begin a HELLO of more than 5632 bytes."""

FIRST_OF_TLS = (HANDSHAKE, 0x15)
"""The first byte of a TLS peer: a record of the handshake, or an alert (`0x15`)."""


class Fault(Enum):
    """What is wrong with the other end, as far as its bytes tell."""

    WRONG_TICKET = "wrong ticket"
    NO_TICKET = "no ticket"
    TICKET = "a ticket"
    FOREIGN = "another protocol"
    BROKEN = "changed on the way"


class ChannelError(ChatError):
    """The other end cannot be understood: it has no ticket, another one, or is no chat."""

    code = Exit.NOT_INVITED

    def __init__(self, fault: Fault, words: str) -> None:
        super().__init__(words)
        self.fault = fault


class NotInvitedError(ChatError):
    """The server's talk is private, and we have no ticket, or another one."""

    code = Exit.NOT_INVITED


class Channel:
    """The surface of both kinds of channel.

    `private` is whether the bytes are sealed. Until the channel is `established` the
    connection passes it nothing of the link. It is `waiting` while it has bytes of its own
    to be written, which `take` returns. `error` is what was found wrong, behind all bytes
    that `receive` has returned; from then on it is not established.
    """

    private = False
    established = True
    waiting = False
    error: ChannelError | None = None

    @property
    def refuses(self) -> bool:
        """Whether the other end has another ticket than ours, or only one of us has any."""
        return self.error is not None and self.error.fault is not Fault.BROKEN

    def receive(self, data: bytes) -> bytes:
        """Return what the link is to read of these bytes from the socket.

        No bytes are neither data nor the end of the stream, and no sign of life.
        """
        raise NotImplementedError

    def seal(self, data: bytes) -> bytes:
        """Return the bytes for the socket that carry these of the link."""
        raise NotImplementedError

    def take(self) -> bytes:
        """Return the bytes that the channel itself wants to be written, once."""
        raise NotImplementedError


class Clear(Channel):
    """A channel without a ticket: bytes pass as they are.

    Only the very first byte is looked at: a peer that uses a ticket is told in clear that
    there is none here, and the person of its program reads that.
    """

    def __init__(self, trace: Trace = silent) -> None:
        self._trace = trace
        # The first byte has come; what a peer that uses a ticket is told.
        self._begun = False
        self._answer = b""

    def receive(self, data: bytes) -> bytes:
        """Return the same bytes, unless the first one is that of a ticket's user."""
        if self._begun:
            return b"" if self.error else data
        self._begun = True
        # One byte is enough, so it makes no difference how the stream was cut.
        if data[0] != HANDSHAKE:
            return data
        # From here on nothing of the link is written, because nobody would understand it.
        self.established = False
        self.waiting = True
        self.error = ChannelError(
            Fault.TICKET, "it uses a ticket, and there is no ticket here"
        )
        self._trace("!", self.error, data)
        self._answer = refusal(NO_TICKET)
        return b""

    def seal(self, data: bytes) -> bytes:
        """Return the same bytes."""
        return data

    def take(self) -> bytes:
        """Return the refusal of a peer that uses a ticket, once."""
        self.waiting = False
        return self._answer


def refusal(words: str) -> bytes:
    """Return the BYE, in clear, by which an end without the peer's kind of channel refuses.

    Programs of every version show its words.
    """
    return Frame(Kind.BYE, 0, Bye(Reason.PROTOCOL, words).encode()).encode()
