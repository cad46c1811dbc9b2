"""What can go wrong, who erred, and the exit code that says so.

The lowest layer: it imports nothing of the project and anybody may import it.

    ChatError
    ├── UsageError              the command line, environment or file is wrong
    ├── StartError              the program cannot start its work
    ├── ScreenClosedError       nobody reads our stdout any more
    ├── TableError              what a player wants cannot be done now
    └── ProtocolError
        ├── LocalProtocolError  we erred: say so at the prompt and go on
        └── RemoteProtocolError they erred: tell them and end the connection
            ├── VersionError    they speak another version of the protocol
            └── UnknownSessionError    they speak of messages that we never sent

The text of each is one sentence in the words of the person who reads it,
lower case and without a full stop, so that it can follow a name and a colon.
"""

from enum import IntEnum
from signal import SIGPIPE


class Exit(IntEnum):
    """The exit codes of both programs; a signal `n` gives 128 + n (POSIX shells)."""

    GOODBYE = 0
    """Somebody said goodbye and everything was delivered."""
    LOST = 1
    """The connection was lost for good, or the peer broke the protocol."""
    USAGE = 2
    """The command line was wrong; argparse's own code for it."""
    START = 3
    """Port in use, no server there, no such host."""
    BUSY = 4
    """The server is talking with somebody else."""


class ChatError(Exception):
    """Anything that this project raises on purpose."""

    code: int = Exit.LOST
    """What a program that ends with this error exits with."""


class UsageError(ChatError):
    """An option, an environment variable or a line of `chat.toml` makes no sense."""

    code = Exit.USAGE


class StartError(ChatError):
    """The program cannot start: no such host, port in use, no server there."""

    code = Exit.START


class ScreenClosedError(ChatError):
    """Nobody reads our stdout any more, so nothing can be shown: `chatd | head -1`."""

    code = 128 + SIGPIPE


class TableError(ChatError):
    """What a player wants cannot be done now: say so and go on."""


class ProtocolError(ChatError):
    """A rule of the protocol was broken; which class says by whom."""


class LocalProtocolError(ProtocolError):
    """We were about to break a rule; nothing was sent and nothing has changed."""


class RemoteProtocolError(ProtocolError):
    """The peer broke a rule; nothing it sends from here on is looked at."""


class UnknownSessionError(RemoteProtocolError):
    """The peer speaks of messages that we never sent: its session is not one of ours."""


class VersionError(RemoteProtocolError):
    """The peer speaks another version of the protocol."""


def words(error: Exception) -> str:
    """Say what a system error is, without its number."""
    return getattr(error, "strerror", None) or str(error)
