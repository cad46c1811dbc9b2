"""A channel in clear: all bytes pass, and who uses a ticket is told that there is none."""

import pytest

from chatlib.channel import HANDSHAKE, Channel, Clear, Fault
from chatlib.protocol.frames import NO_TICKET, Bye, Reason
from tests.sealing import bye_in, feed, make_channel


def test_in_clear_everything_passes_as_it_is(size: int) -> None:
    """Also what looks like TLS, behind the first byte."""
    channel = Clear()
    data = b"\x00" + bytes((HANDSHAKE,)) * 20
    assert feed(channel, data, size) == data
    assert channel.seal(data) is data
    assert channel.established and not channel.private and channel.take() == b""


def test_who_uses_a_ticket_where_there_is_none_is_told_so_in_clear(size: int) -> None:
    """And finds by the first byte of that why."""
    channel, caller = Clear(), make_channel(server=False)
    assert feed(channel, caller.take(), size) == b""
    assert channel.error and channel.error.fault is Fault.TICKET
    assert not channel.established and channel.refuses
    assert feed(channel, b"more", size) == b""
    answer = channel.take()
    assert bye_in(answer) == Bye(Reason.PROTOCOL, NO_TICKET)
    assert feed(caller, answer, size) == b""
    assert caller.error and caller.error.fault is Fault.NO_TICKET


def test_a_client_in_clear_understands_a_server_that_needs_a_ticket() -> None:
    """It reads the BYE as any other; what the server sends is never sealed."""
    server = make_channel(server=True)
    server.receive(b"\x00")
    answer = server.take()
    assert Clear().receive(answer) == answer


def test_a_channel_of_neither_kind_carries_nothing() -> None:
    """Whoever forgets to say how bytes travel sends none, rather than in clear."""
    channel = Channel()
    with pytest.raises(NotImplementedError):
        channel.receive(b"x")
    with pytest.raises(NotImplementedError):
        channel.seal(b"x")
    with pytest.raises(NotImplementedError):
        channel.take()
