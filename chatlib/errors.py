"""The errors that this project raises, and the exit codes of both programs.

The lowest layer: this module imports nothing of the project, and every other module may
import it.

    ChatError
    ├── UsageError              a wrong option, environment variable or file
    ├── TicketError             a line is no ticket, or its file is not safe
    ├── StartError              the program cannot begin its work
    ├── ScreenClosedError       nothing reads our stdout any more
    │   └── ScreenFailedError   our stdout cannot be written to
    ├── TableError              what a player asked for is not possible now
    └── ProtocolError
        ├── LocalProtocolError  this end was about to break a rule
        └── RemoteProtocolError the peer broke a rule
            ├── VersionError    the peer speaks another version of the protocol
            └── UnknownSessionError    the peer counts messages that we never sent

The text of an error is printed behind a name and a colon, as in `chatc: there is no host
x`. So it is one sentence in lower case without a full stop, in the words of the person at
the terminal.
"""

from enum import IntEnum
from signal import SIGPIPE


class Exit(IntEnum):
    """The exit codes of both programs; after a signal it is 128 + its number (POSIX)."""

    # One of the two said goodbye, and every message was delivered.
    GOODBYE = 0
    # The connection was lost for good, or the peer broke the protocol.
    LOST = 1
    # The command line was wrong; 2 is argparse's own code for it.
    USAGE = 2
    # The port is in use, the host is unknown, or no server answers there.
    START = 3
    # The server is in a talk with another client.
    BUSY = 4
    # The ticket is missing, or it is not the one of the other end.
    NOT_INVITED = 5


class ChatError(Exception):
    """The base of every error that this project raises on purpose."""

    code: int = Exit.LOST  # the exit code of a program that ends with this error


class UsageError(ChatError):
    """An option, an environment variable or a line of `chat.toml` is wrong."""

    code = Exit.USAGE


class TicketError(ChatError):
    """A line is no ticket, or the file that it stands in is not safe."""

    code = Exit.USAGE


class StartError(ChatError):
    """The program cannot start: unknown host, port in use, no server there."""

    code = Exit.START


class ScreenClosedError(ChatError):
    """Nothing reads our stdout any more, as in `chatd | head -1`: nothing can be shown."""

    # A shell reports this code for a program that was killed by writing into such a pipe.
    code = 128 + SIGPIPE
    # What the peer is told.
    words = "its screen was closed"


class ScreenFailedError(ScreenClosedError):
    """Our stdout cannot be written to, as on a full disk: no signal stands for that."""

    code = Exit.LOST
    words = "its screen cannot be written to"


class TableError(ChatError):
    """What a player asked for is not possible now; the game and the chat go on."""


class ProtocolError(ChatError):
    """A rule of the protocol was broken; the subclass says by which end."""


class LocalProtocolError(ProtocolError):
    """This end was about to break a rule; nothing was sent and nothing has changed."""


class RemoteProtocolError(ProtocolError):
    """The peer broke a rule; nothing that it sends afterwards is read."""


class UnknownSessionError(RemoteProtocolError):
    """The peer counts messages that we never sent, so its session is not one of ours."""


class VersionError(RemoteProtocolError):
    """The peer speaks another version of the protocol."""


def describe(error: Exception) -> str:
    """Return the text of an error, a system error's without its number."""
    return getattr(error, "strerror", None) or str(error)
