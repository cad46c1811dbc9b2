"""A ticket is read from a file or from stdin, and nothing behind its line is taken."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chatlib import invitation
from chatlib.errors import TicketError
from chatlib.invitation import FIRST_LINE, read_line, read_ticket
from chatlib.ticket import LINE_LIMIT, Ticket, write_ticket_file

TICKET = Ticket(("192.0.2.7",), 7777, bytes(range(32)))

Stdin = Callable[[bytes], int]
"""Puts these bytes, and no more, into stdin; returns the descriptor it is now."""


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stdin]:
    """Put bytes into stdin in place of a person."""
    opened: list[int] = []

    def put(data: bytes) -> int:
        reader, writer = os.pipe()
        opened.append(reader)
        os.write(writer, data)
        os.close(writer)
        monkeypatch.setattr(invitation, "STDIN", reader)
        return reader

    yield put
    for fd in opened:
        os.close(fd)


def test_a_ticket_is_read_from_a_file_of_its_user(tmp_path: Path) -> None:
    """As it was written."""
    path = str(tmp_path / "ticket")
    write_ticket_file(path, TICKET)
    assert read_ticket(path) == TICKET


def test_a_file_that_is_missing_is_left_to_the_program(tmp_path: Path) -> None:
    """A server makes it."""
    with pytest.raises(FileNotFoundError):
        read_ticket(str(tmp_path / "ticket"))


@pytest.mark.parametrize("rest", [b"", b"\n", b"\nhello\nworld\n"])
def test_the_first_line_of_stdin_is_the_ticket_and_the_rest_is_the_chat(
    typed: Stdin, rest: bytes
) -> None:
    """Not a byte of what is to be said is lost."""
    stdin = typed(TICKET.line.encode() + rest)
    assert read_ticket(FIRST_LINE) == TICKET
    assert os.read(stdin, 100) == rest[1:]


@pytest.mark.parametrize("data", [b"", b"\n", b" \t\r\n", b"\nhello\n"])
def test_where_no_line_is_given_the_user_learns_which_one_it_is(
    typed: Stdin, data: bytes
) -> None:
    """An empty line is none."""
    typed(data)
    with pytest.raises(TicketError, match=r"no ticket was given: .* chatd --private"):
        read_line()


def test_a_line_without_an_end_is_not_read_for_ever(
    typed: Stdin,
) -> None:
    """What is too long for a ticket is refused as soon as it is."""
    stdin = typed(b"x" * (LINE_LIMIT + 50))
    assert len(read_line()) == LINE_LIMIT + 1
    assert len(os.read(stdin, 100)) == 49


def test_bytes_that_are_no_text_make_no_ticket(typed: Stdin) -> None:
    """They are refused in words, and not with a traceback."""
    typed(TICKET.line.encode() + b"\xc3\n")
    with pytest.raises(TicketError, match="this is not a ticket"):
        read_ticket(FIRST_LINE)
