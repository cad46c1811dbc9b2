"""The ticket that a person gives to a program: from a file, or as stdin's first line."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatlib.errors import TicketError
from chatlib.invitation import FIRST_LINE, read_line, read_ticket
from chatlib.ticket import LINE_LIMIT, Ticket, write_ticket_file

TICKET = Ticket(("192.0.2.7",), 7777, bytes(range(32)))


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """Yield both ends of a pipe: stdin, and where somebody writes."""
    near, far = os.pipe()
    monkeypatch.setattr("chatlib.invitation.STDIN", near)
    yield near, far
    for fd in (near, far):
        os.close(fd)


def test_a_ticket_is_read_from_its_file(tmp_path: Path) -> None:
    """By its name; a file that is not there is for the caller to judge."""
    path = str(tmp_path / "ticket")
    with pytest.raises(FileNotFoundError):
        read_ticket(path)
    write_ticket_file(path, TICKET)
    assert read_ticket(path) == TICKET


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CR LF"])
def test_the_first_line_is_taken_and_no_byte_more(
    pipe: tuple[int, int], end: bytes
) -> None:
    """All behind it is talk."""
    os.write(pipe[1], TICKET.line.encode() + end + b"Hello\n")
    assert read_ticket(FIRST_LINE) == TICKET
    assert os.read(pipe[0], 100) == b"Hello\n"


def test_a_line_without_an_end_is_read_to_the_end_of_the_input(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As `printf` leaves it."""
    path = tmp_path / "input"
    path.write_text(TICKET.line)
    with path.open("rb") as file:
        monkeypatch.setattr("chatlib.invitation.STDIN", file.fileno())
        assert read_ticket(FIRST_LINE) == TICKET


@pytest.mark.parametrize("line", [b"\n", b"  \r\n"], ids=["empty", "blank"])
def test_no_ticket_is_told_where_one_is_to_be_had(
    pipe: tuple[int, int], line: bytes
) -> None:
    """The person may never have seen one."""
    os.write(pipe[1], line)
    with pytest.raises(TicketError, match="the line that chatd --private shows"):
        read_line()


def test_a_line_that_never_ends_is_not_read_for_ever(pipe: tuple[int, int]) -> None:
    """One character more than a ticket may have is enough to know."""
    os.write(pipe[1], b"x" * 4 * LINE_LIMIT)
    with pytest.raises(TicketError, match="not a ticket"):
        read_ticket(FIRST_LINE)
    assert len(os.read(pipe[0], 65536)) == 3 * LINE_LIMIT - 1


def test_bytes_that_are_no_text_are_no_ticket(pipe: tuple[int, int]) -> None:
    """They are told as any other mistake."""
    os.write(pipe[1], b"\xff" * 60 + b"\n")
    with pytest.raises(TicketError, match="not a ticket"):
        read_ticket(FIRST_LINE)
