"""PING, PONG and silence, on a clock that stands still until it is moved."""

import pytest

from chatlib.protocol.events import Lost
from chatlib.protocol.frames import Mode
from chatlib.protocol.link import State
from chatlib.protocol.pulse import PING_SECONDS, WORRY_SECONDS, Advice, Pulse
from harness import wire
from tests.core.links import (
    Maker,
    both_ends,
    break_rule,
    close,
    feed,
    leave,
    lose,
    open_client,
    open_server,
    return_to,
    sent,
)
from tests.helpers import SESSION_ID, deliver, events_of, make_server

START = 1000.0
"""When the peer was last heard, in most of these tests."""


def heard_pulse() -> Pulse:
    """Return the pulse of a peer that was heard at START."""
    pulse = Pulse()
    pulse.heard = START
    return pulse


def pinged_pulse() -> Pulse:
    """Return the pulse of a peer that was silent and has been sent a PING."""
    pulse = heard_pulse()
    assert pulse.advise(START + PING_SECONDS) is Advice.PING
    return pulse


# What a pulse advises.


def test_nothing_is_asked_before_ten_seconds_of_silence() -> None:
    """The peer is sent a PING after PING_SECONDS, and not a moment earlier."""
    pulse = heard_pulse()
    assert pulse.advise(START) is Advice.WAIT
    assert pulse.advise(START + PING_SECONDS - 0.001) is Advice.WAIT
    assert pulse.pings == 0
    assert not pulse.is_worrying
    assert pulse.advise(START + PING_SECONDS) is Advice.PING
    assert pulse.pings == 1
    assert pulse.is_worrying


def test_a_silent_peer_is_sent_one_ping_only() -> None:
    """However often the silence is looked at."""
    pulse = pinged_pulse()
    for seconds in (0, 0.5, 5, 9.999):
        assert pulse.advise(START + PING_SECONDS + seconds) is Advice.WAIT
    assert pulse.pings == 1


def test_a_peer_counts_as_lost_after_twenty_seconds_of_silence() -> None:
    """Not a moment earlier; and it stays lost."""
    pulse = pinged_pulse()
    assert pulse.advise(START + 2 * PING_SECONDS - 0.001) is Advice.WAIT
    assert pulse.advise(START + 2 * PING_SECONDS) is Advice.LOST
    assert pulse.advise(START + 1000) is Advice.LOST


def test_a_peer_counts_as_lost_even_if_the_silence_was_never_looked_at() -> None:
    """A program that was stopped for a minute does not begin with a PING."""
    pulse = heard_pulse()
    assert pulse.advise(START + 60) is Advice.LOST
    assert pulse.pings == 0


def test_any_byte_is_a_sign_of_life() -> None:
    """The PING need not be answered; the next silence gets a PING of its own."""
    pulse = pinged_pulse()
    pulse.heard = START + 15
    assert not pulse.is_worrying
    assert pulse.advise(START + 24) is Advice.WAIT
    assert pulse.advise(START + 25) is Advice.PING
    assert pulse.pings == 2


def test_a_second_silence_gets_its_ping_although_nobody_looked_in_between() -> None:
    """A program that was stopped for a while asks before it counts the peer as lost."""
    pulse = pinged_pulse()
    pulse.heard = START + 11
    assert pulse.advise(START + 11 + PING_SECONDS) is Advice.PING


# The round trip.


def test_the_round_trip_is_the_time_from_the_ping_to_its_pong() -> None:
    """Until there was one, it is not known; the last one counts."""
    pulse = pinged_pulse()
    assert pulse.round_trip is None
    pulse.heard = START + PING_SECONDS + 0.25
    pulse.receive_pong(1)
    assert pulse.round_trip == pytest.approx(0.25)
    assert not pulse.is_worrying
    assert pulse.advise(pulse.heard + PING_SECONDS) is Advice.PING
    pulse.heard += PING_SECONDS + 0.5
    pulse.receive_pong(2)
    assert pulse.round_trip == pytest.approx(0.5)


@pytest.mark.parametrize("number", [0, 1, 3])
def test_only_the_pong_for_the_last_ping_is_measured(number: int) -> None:
    """An earlier PONG came too late, and any other number was never asked."""
    pulse = pinged_pulse()
    pulse.heard = START + 11
    assert pulse.advise(START + 12) is Advice.WAIT
    assert pulse.advise(START + 11 + PING_SECONDS) is Advice.PING
    pulse.heard = START + 11 + PING_SECONDS + 1
    pulse.receive_pong(number)
    assert pulse.round_trip is None


def test_a_pong_is_measured_once() -> None:
    """The same PONG again, later, is no slower round trip."""
    pulse = pinged_pulse()
    pulse.heard = START + PING_SECONDS + 0.25
    pulse.receive_pong(1)
    pulse.heard += 5
    pulse.receive_pong(1)
    assert pulse.round_trip == pytest.approx(0.25)


# When to look again.


@pytest.mark.parametrize(
    ("after", "seconds"),
    [(0, PING_SECONDS), (4, PING_SECONDS - 4), (PING_SECONDS, 0), (25, 0)],
)
def test_the_silence_is_looked_at_when_a_ping_may_be_due(
    after: float, seconds: float
) -> None:
    """Never after a negative time."""
    assert heard_pulse().seconds_left(START + after) == seconds


@pytest.mark.parametrize(
    ("after", "seconds"),
    [(PING_SECONDS, WORRY_SECONDS), (15, WORRY_SECONDS), (19.5, 0.5), (20, 0), (25, 0)],
)
def test_a_silence_that_worries_is_looked_at_every_second(
    after: float, seconds: float
) -> None:
    """So that the person can be shown how long it lasts; until the peer counts as lost."""
    assert pinged_pulse().seconds_left(START + after) == seconds


# On a link.


@both_ends
def test_a_link_sends_a_ping_into_the_silence_and_measures_the_pong(
    open_link: Maker,
) -> None:
    """The PING goes out, numbered 1, and the time of its PONG is that of the read."""
    link = open_link()
    link.pass_time(PING_SECONDS - 0.001)
    assert sent(link) == []
    link.pass_time(PING_SECONDS)
    assert link.wants_to_send
    assert sent(link) == [(wire.PING, 1, b"")]
    link.receive_data(wire.frame(wire.PONG, 1), PING_SECONDS + 0.25)
    assert events_of(link) == []
    assert link.pulse.round_trip == pytest.approx(0.25)


@both_ends
def test_a_link_whose_peer_stays_silent_is_lost(open_link: Maker) -> None:
    """After twenty seconds, and the event says how long nothing was heard."""
    link = open_link()
    link.pass_time(PING_SECONDS)
    link.pass_time(2 * PING_SECONDS - 0.001)
    assert events_of(link) == []
    link.pass_time(2 * PING_SECONDS)
    assert events_of(link) == [Lost("nothing was heard for 20 s")]
    assert link.state is State.LOST


@both_ends
def test_a_ping_is_answered_at_once_with_its_own_number(open_link: Maker) -> None:
    """Several in one read get one PONG, for the last: the answers must fill no memory."""
    link = open_link()
    pings = [wire.frame(wire.PING, number) for number in (7, 8, 9)]
    assert feed(link, b"".join(pings)) == []
    assert link.wants_to_send
    assert link.data_to_send(hurry=False) == wire.frame(wire.PONG, 9)
    assert link.data_to_send() == b""


def test_two_links_ask_and_answer_each_other() -> None:
    """Each end has a round trip of its own, and neither is lost."""
    client, server = open_client(), open_server()
    for link, other in ((client, server), (server, client)):
        link.pass_time(PING_SECONDS)
        deliver(link, other)
        deliver(other, link)
        assert link.pulse.round_trip is not None
        assert link.state is State.OPEN


@both_ends
def test_a_ping_that_crosses_our_goodbye_is_not_answered(open_link: Maker) -> None:
    """After a BYE only ACKs may follow."""
    link = leave(open_link())
    assert feed(link, wire.frame(wire.PING, 1)) == []
    assert link.data_to_send() == b""


@both_ends
def test_a_pong_that_comes_twice_changes_nothing(open_link: Maker) -> None:
    """Its PING was sent, and somebody answered it with more than one PONG."""
    link = open_link()
    link.pass_time(PING_SECONDS)
    link.receive_data(wire.frame(wire.PONG, 1), PING_SECONDS + 0.25)
    assert events_of(link) == []
    link.receive_data(wire.frame(wire.PONG, 1), PING_SECONDS + 3)
    assert events_of(link) == []
    assert link.pulse.round_trip == pytest.approx(0.25)


@pytest.mark.parametrize("asked", [0, 1])
@both_ends
def test_pong_0_is_an_error(open_link: Maker, asked: int) -> None:
    """PINGs are numbered from 1, so it answers none."""
    link = open_link()
    link.pulse.pings = asked
    error = break_rule(link, wire.frame(wire.PONG, 0))
    assert str(error) == f"PONG 0, only {asked} were asked"


@both_ends
def test_the_highest_number_of_a_ping_is_used_again(open_link: Maker) -> None:
    """A header has room for no higher one; each PONG is measured all the same."""
    link = open_link()
    link.pulse.pings = 2**32 - 2
    for start in (0.0, 100.0):
        link.pulse.heard = start
        link.pass_time(start + PING_SECONDS)
        assert sent(link) == [(wire.PING, 2**32 - 1, b"")]
        link.receive_data(wire.frame(wire.PONG, 2**32 - 1), start + PING_SECONDS + 0.5)
        assert events_of(link) == []
        assert link.pulse.round_trip == pytest.approx(0.5)


@both_ends
def test_a_pong_to_a_ping_that_was_never_sent_is_an_error(open_link: Maker) -> None:
    """Nobody can answer a question before it is asked."""
    link = open_link()
    assert str(break_rule(link, wire.frame(wire.PONG, 1))) == "PONG 1, only 0 were asked"
    link = open_link()
    link.pass_time(PING_SECONDS)
    assert str(break_rule(link, wire.frame(wire.PONG, 2))) == "PONG 2, only 1 were asked"


def test_pings_are_numbered_from_1_on_every_link() -> None:
    """A client that comes back, and the server that lets it in, count anew."""
    client, server = open_client(Mode.FREE), open_server(Mode.FREE)
    for link in (client, server):
        link.pass_time(PING_SECONDS)
        assert sent(link) == [(wire.PING, 1, b"")]
        lose(link)
    client = return_to(client.session)
    feed(client, wire.hello("server", wire.FREE, SESSION_ID))
    stranger = make_server()
    stranger.receive_data(wire.hello("client", wire.FREE, SESSION_ID))
    assert len(events_of(stranger)) == 1
    stranger.welcome(server.session)
    stranger.data_to_send()
    for link in (client, stranger):
        assert link.pulse.round_trip is None
        link.pass_time(PING_SECONDS)
        assert sent(link) == [(wire.PING, 1, b"")]


@both_ends
def test_no_ping_is_sent_outside_of_a_talk(open_link: Maker) -> None:
    """Other deadlines hold before it and after it; the time is looked at now and then."""
    for link in (make_server(), leave(open_link()), close(open_link()), lose(open_link())):
        link.pass_time(10 * PING_SECONDS)
        assert sent(link) == []
        assert events_of(link) == []
        assert link.seconds_left(10 * PING_SECONDS) == PING_SECONDS


@both_ends
def test_an_open_link_knows_when_to_look_at_the_silence(open_link: Maker) -> None:
    """When a PING may be due; and every second while a PONG is awaited."""
    link = open_link()
    assert link.seconds_left(4) == PING_SECONDS - 4
    link.pass_time(PING_SECONDS)
    assert link.seconds_left(PING_SECONDS) == WORRY_SECONDS
