"""Every error has one exit code, one base and one sentence for the person."""

import re
import signal
import socket

import pytest

from chatlib import errors
from chatlib.errors import (
    ChatError,
    Exit,
    LocalProtocolError,
    ProtocolError,
    RemoteProtocolError,
    ScreenClosedError,
    ScreenFailedError,
    StartError,
    TableError,
    TicketError,
    UnknownSessionError,
    UsageError,
    VersionError,
    describe,
)

CODES = {
    UsageError: 2,
    TicketError: 2,
    StartError: 3,
    ScreenClosedError: 128 + signal.SIGPIPE,
    ScreenFailedError: 1,
    TableError: 1,
    LocalProtocolError: 1,
    RemoteProtocolError: 1,
    VersionError: 1,
    UnknownSessionError: 1,
}

BASES = {
    UsageError: ChatError,
    TicketError: ChatError,
    StartError: ChatError,
    ScreenClosedError: ChatError,
    ScreenFailedError: ScreenClosedError,
    TableError: ChatError,
    ProtocolError: ChatError,
    LocalProtocolError: ProtocolError,
    RemoteProtocolError: ProtocolError,
    VersionError: RemoteProtocolError,
    UnknownSessionError: RemoteProtocolError,
}


@pytest.mark.parametrize("error", CODES, ids=lambda error: error.__name__)
def test_a_program_that_ends_with_an_error_has_its_exit_code(
    error: type[ChatError],
) -> None:
    """The README lists these codes, and scripts test them."""
    assert error("why").code == CODES[error]


def test_the_exit_codes_are_those_of_the_readme() -> None:
    """0 goodbye, 1 lost, 2 usage, 3 could not start, 4 busy, 5 not invited."""
    codes = {code.name: code.value for code in Exit}
    assert codes == {
        "GOODBYE": 0,
        "LOST": 1,
        "USAGE": 2,
        "START": 3,
        "BUSY": 4,
        "NOT_INVITED": 5,
    }


@pytest.mark.parametrize("error", BASES, ids=lambda error: error.__name__)
def test_an_error_is_caught_as_its_base(error: type[ChatError]) -> None:
    """An error of ours is never caught as the peer's, nor the other way round."""
    assert error.__bases__ == (BASES[error],)


def test_the_tree_in_the_documentation_names_every_error() -> None:
    """A class that is missing there would be found by nobody."""
    assert errors.__doc__
    defined = {name for name in vars(errors) if name.endswith("Error")}
    assert defined == {each.__name__ for each in (ChatError, *BASES)}
    assert defined <= set(re.findall(r"\w+", errors.__doc__))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(
            ConnectionRefusedError(111, "Connection refused"),
            "Connection refused",
            id="of-the-system",
        ),
        pytest.param(
            socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
            "Name or service not known",
            id="of-the-resolver",
        ),
        pytest.param(OSError("timed out"), "timed out", id="of-the-system-without-number"),
        pytest.param(
            ValueError("embedded null byte"), "embedded null byte", id="of-python"
        ),
    ],
)
def test_an_error_is_described_without_its_number(error: Exception, text: str) -> None:
    """`[Errno 111]` means nothing to the person at the terminal."""
    assert describe(error) == text
