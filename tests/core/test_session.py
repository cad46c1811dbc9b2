"""The rules of the talk, each from both ends, in memory.

`client` greets and talks first, `server` is greeted and listens first; the session does
not know these words, so what a test shows for one end holds for the other by the same
code, and the tests that could differ are written for both.
"""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.errors import LocalProtocolError, RemoteProtocolError, VersionError
from chatlib.protocol.frames import TEXT_LIMIT, Kind
from chatlib.protocol.session import (
    ACK_AT,
    GAMES_WINDOW,
    RUN,
    RUN_BYTES,
    WINDOW,
    WINDOW_BYTES,
    Event,
    Failed,
    Greeted,
    Hello,
    Left,
    Lost,
    Mode,
    Opened,
    Reason,
    Said,
    Session,
    State,
    Trace,
    silent,
)
from harness import wire
from tests.helpers import (
    SESSION_ID,
    deliver,
    feed_three_ways,
    make_client,
    make_pair,
    make_server,
)

Maker = Callable[[], Session]


def feed(session: Session, *data: bytes) -> list[Event]:
    """Give a session bytes from a peer that may lie; welcome a HELLO."""
    events: list[Event] = []
    for piece in data:
        session.receive_data(piece)
        for event in session.events():
            events.append(event)
            if isinstance(event, Greeted):
                session.welcome()
    return events


def sent(session: Session) -> list[tuple[int, int, bytes]]:
    """Give what the session has sent since it was asked last, as the harness reads it."""
    return wire.split(session.data_to_send())


def fails(session: Session, *data: bytes) -> RemoteProtocolError:
    """Feed bytes that break a rule; give the error after checking what follows it."""
    events = feed(session, *data)
    failure = events[-1]
    assert isinstance(failure, Failed), events
    assert session.state is State.FAILED
    assert feed(session, wire.text(1, "after"), wire.bye(1)) == []
    assert session.state is State.FAILED
    return failure.error


def open_client() -> Session:
    """Give a client's session that is open; its HELLO has been taken away."""
    client, _ = make_pair()
    return client


def open_server() -> Session:
    """Give a server's session that is open."""
    _, server = make_pair()
    return server


# Rule 1: the client speaks first, and says HELLO.


def test_the_client_says_hello_first_and_nothing_else_before_the_answer() -> None:
    """Its HELLO is all that it sends, and it cannot talk yet."""
    client = make_client()
    assert sent(client) == [(wire.HELLO, 0, b"CHAT\1" + SESSION_ID + b"\0client")]
    assert (client.state, client.has_turn()) == (State.GREETING, False)
    with pytest.raises(LocalProtocolError, match="GREETING"):
        client.say("too early")
    assert sent(client) == []


def test_the_server_says_nothing_before_it_is_greeted() -> None:
    """Not a byte: a stranger learns nothing by connecting."""
    server = make_server()
    assert sent(server) == []
    with pytest.raises(LocalProtocolError, match="GREETING"):
        server.welcome()


def test_the_server_answers_with_the_clients_session_id_and_its_own_mode() -> None:
    """The server decides the mode, the client follows it."""
    server = make_server()
    (event,) = feed(server, wire.hello("Ann", wire.ANY, b"s" * 16))
    assert event == Greeted(Hello(b"s" * 16, Mode.ANY, "Ann"))
    assert sent(server) == [(wire.HELLO, 0, b"CHAT\1" + b"s" * 16 + b"\1server")]
    assert server.state is State.OPEN
    assert server.peer == Hello(b"s" * 16, Mode.ANY, "Ann")


def test_the_client_is_open_when_the_server_has_answered() -> None:
    """And knows the server's name and mode."""
    client = make_client()
    (event,) = feed(client, wire.hello("Bob", wire.TURNS, SESSION_ID))
    assert event == Opened(Hello(SESSION_ID, Mode.TURNS, "Bob"))
    assert (client.state, client.has_turn()) == (State.OPEN, True)


@pytest.mark.parametrize("reason", [Reason.BUSY, Reason.UNKNOWN_SESSION])
def test_the_server_may_refuse_and_the_client_hears_why(reason: Reason) -> None:
    """A refusal is a goodbye like any other: both say BYE, nobody has failed."""
    client, server = make_client(), make_server()
    server.receive_data(client.data_to_send())
    for _ in server.events():
        server.refuse(reason, "somebody else")
    (event,) = deliver(server, client)
    assert event == Left(reason, "somebody else")
    (event,) = deliver(client, server)
    assert event == Left(Reason.QUIT, "")
    assert (client.state, server.state) == (State.CLOSED, State.CLOSED)


@pytest.mark.parametrize("first", [wire.text(1, "hi"), wire.frame(wire.ACK, 0)])
@pytest.mark.parametrize("make", [make_client, make_server])
def test_anything_else_first_is_refused_at_the_eighth_byte(
    make: Maker, first: bytes
) -> None:
    """From anyone, before the body is there."""
    session = make()
    assert feed(session, first[:7]) == []
    assert "before HELLO" in str(fails(session, first[7:8]))


def test_a_client_that_says_bye_first_is_refused() -> None:
    """Only who is answered may be answered with BYE."""
    assert "BYE before HELLO" in str(fails(make_server(), wire.bye(0)))


@pytest.mark.parametrize("make", [make_client, make_server])
@pytest.mark.parametrize("opening", [b"GET / HTTP/1.1", b"\x16\x03\x01\0\xa5\1\0\0"])
def test_other_protocols_are_refused_with_a_bye_that_says_why(
    make: Maker, opening: bytes
) -> None:
    """So that who debugs a client of his own can read it."""
    session = make()
    session.data_to_send()
    error = fails(session, opening)
    assert sent(session) == [(wire.BYE, 0, bytes([wire.PROTOCOL]) + str(error).encode())]


def test_another_version_is_refused_with_its_own_reason() -> None:
    """By both ends."""
    hello = bytearray(wire.hello("x", wire.TURNS, SESSION_ID))
    hello[12] = 2
    for session in (make_client(), make_server()):
        session.data_to_send()
        assert isinstance(fails(session, bytes(hello)), VersionError)
        assert sent(session)[0][2][0] == wire.VERSION


def test_a_hello_that_has_seen_messages_we_never_sent_is_refused() -> None:
    """It belongs to a session of somebody else's."""
    hello = wire.hello("x", wire.TURNS, SESSION_ID, 3)
    client, server = make_client(), make_server()
    client.data_to_send()
    assert "has seen 3 messages, 0 were sent" in str(fails(client, hello))
    assert sent(client)[0][2][0] == wire.UNKNOWN_SESSION
    server.receive_data(hello)
    assert [type(event) for event in server.events()] == [Greeted]
    assert server.seen == 3
    with pytest.raises(LocalProtocolError, match="has seen 3 messages, 0 were sent"):
        server.welcome()


@pytest.mark.parametrize(
    ("mode", "seen", "new"),
    [
        (Mode.ANY, 0, True),
        (Mode.TURNS, 0, False),
        (Mode.FREE, 0, False),
        (Mode.ANY, 1, False),
    ],
)
def test_who_knows_the_mode_or_has_seen_a_message_goes_on_with_a_talk(
    mode: Mode, seen: int, new: bool
) -> None:
    """And who has not said HELLO has not begun one."""
    server = make_server()
    assert not server.is_new
    server.receive_data(wire.hello(mode=mode, seen=seen))
    list(server.events())
    assert server.is_new is new


def test_the_answer_must_be_for_our_session_and_name_a_mode() -> None:
    """Otherwise it is not an answer to us."""
    error = fails(make_client(), wire.hello("x", wire.TURNS, b"?" * 16))
    assert "another session" in str(error)
    error = fails(make_client(), wire.hello("x", wire.ANY, SESSION_ID))
    assert "without a mode" in str(error)


@pytest.mark.parametrize("make", [open_client, open_server])
def test_a_second_hello_is_an_error(make: Maker) -> None:
    """On one connection one greets once."""
    error = fails(make(), wire.hello("x", wire.TURNS, SESSION_ID))
    assert str(error) == "HELLO in state OPEN"


def test_the_answer_to_hello_does_not_depend_on_how_tcp_cut_the_bytes() -> None:
    """A client in a hurry that sends HELLO and TEXT at once is served, cut or whole."""
    data = wire.hello() + wire.text(1, "hi")

    def serve(
        pieces: list[bytes],
    ) -> tuple[list[Event], list[tuple[int, int, bytes]], State]:
        server = make_server()
        return feed(server, *pieces), sent(server), server.state

    feed_three_ways(data, serve)


# Rule 3: numbers.


def test_messages_are_numbered_from_1_and_acknowledged_when_shown() -> None:
    """Not when they arrive: delivered means that it is on the screen."""
    client, server = make_pair()
    assert client.say("Hello") == 1
    assert deliver(client, server) == [Said(1, "Hello")]
    assert (server.received, server.confirmed) == (1, 0)
    assert sent(server) == []
    server.shown(1)
    assert (server.received, server.confirmed) == (1, 1)
    assert deliver(server, client) == []
    assert client.acknowledged == 1
    assert client.unacknowledged == {}


@pytest.mark.parametrize("number", [0, 2, 3, 2**32 - 1])
@pytest.mark.parametrize("make", [open_client, open_server])
def test_a_gap_is_an_error(make: Maker, number: int) -> None:
    """Something was lost, and it cannot be asked for again; 0 is nobody's number."""
    session = make()
    if make is open_client:
        session.say("first")
    assert f"TEXT {number} where 1 was next" == str(fails(session, wire.text(number, "x")))


def test_a_replay_is_acknowledged_again_and_not_shown() -> None:
    """On both ends, whosever turn it is: the peer may not know that it was shown."""
    client, server = make_pair()
    client.say("one")
    deliver(client, server)
    server.shown(1)
    server.data_to_send()
    assert feed(server, wire.text(1, "one"), wire.text(1, "another one")) == []
    assert sent(server) == [(wire.ACK, 1, b"")]
    assert (server.received, server.has_turn()) == (1, True)
    server.say("two")
    deliver(server, client)
    client.shown(1)
    client.data_to_send()
    assert feed(client, wire.text(1, "two")) == []
    assert sent(client) == [(wire.ACK, 1, b"")]


@pytest.mark.parametrize("number", [0, 2])
def test_only_a_message_that_waits_can_be_shown(number: int) -> None:
    """Acknowledging what never came, or nothing at all, is our own error."""
    _, server = make_pair()
    feed(server, wire.text(1, "x"))
    with pytest.raises(LocalProtocolError, match=f"message {number} is not waiting"):
        server.shown(number)
    server.shown(1)
    with pytest.raises(LocalProtocolError, match="message 1 is not waiting"):
        server.shown(1)


def test_a_text_that_is_not_utf_8_is_an_error_and_not_counted() -> None:
    """It is neither shown nor acknowledged."""
    server = open_server()
    assert "TEXT 1 is not UTF-8" in str(fails(server, wire.frame(wire.TEXT, 1, b"\xff")))
    assert server.received == 0


# Rule 4: kept until acknowledged.


def test_a_message_is_kept_until_its_ack() -> None:
    """With its text, so that it can be given back."""
    client, server = make_pair()
    client.say("one")
    assert client.unacknowledged == {1: "one"}
    deliver(client, server)
    assert client.unacknowledged == {1: "one"}
    server.shown(1)
    deliver(server, client)
    assert client.unacknowledged == {}


def test_an_ack_of_what_was_acknowledged_is_no_news() -> None:
    """Nor is an ACK of nothing."""
    client = open_client()
    client.say("one")
    client.data_to_send()
    acks = [wire.frame(wire.ACK, number) for number in (0, 1, 1, 0, 1)]
    assert feed(client, *acks) == []
    assert client.acknowledged == 1


@pytest.mark.parametrize("make", [open_client, open_server])
def test_an_ack_of_what_was_never_sent_is_an_error(make: Maker) -> None:
    """Otherwise a message to come would pass for delivered."""
    assert str(fails(make(), wire.frame(wire.ACK, 1))) == "ACK 1, only 0 were sent"


def test_an_ack_of_what_still_waits_with_us_is_an_error() -> None:
    """A peer that confirms what it never reads could have us store any amount of it."""
    client = free_client()
    client.say("on its way")
    client.data_to_send()
    client.say("not yet")
    assert str(fails(client, wire.frame(wire.ACK, 2))) == "ACK 2, only 1 were sent"


def test_half_a_frame_behind_an_error_is_forgotten() -> None:
    """Nobody waits for the rest of it."""
    server = open_server()
    fails(server, wire.text(2, "out of turn") + wire.text(3, "half")[:9])
    assert not server.unfinished


# Rule 6: goodbye.


@pytest.mark.parametrize("leaver", ["client", "server"])
def test_both_say_bye_and_are_done(leaver: str) -> None:
    """Whoever begins; the words arrive."""
    client, server = make_pair()
    first, second = (client, server) if leaver == "client" else (server, client)
    first.leave(Reason.QUIT, "see you")
    assert first.state is State.CLOSING
    assert deliver(first, second) == [Left(Reason.QUIT, "see you")]
    assert deliver(second, first) == [Left(Reason.QUIT, "")]
    assert (first.state, second.state) == (State.CLOSED, State.CLOSED)
    for session in (first, second):
        assert session.finished
        session.receive_eof()
        assert list(session.events()) == []


def test_both_may_say_bye_at_once() -> None:
    """Neither takes the other's for an answer that needs another."""
    client, server = make_pair()
    client.leave(Reason.QUIT, "")
    server.leave(Reason.STOPPED, "stopped by SIGTERM")
    from_client, from_server = client.data_to_send(), server.data_to_send()
    assert feed(client, from_server) == [Left(Reason.STOPPED, "stopped by SIGTERM")]
    assert feed(server, from_client) == [Left(Reason.QUIT, "")]
    assert (client.state, server.state) == (State.CLOSED, State.CLOSED)
    assert sent(client) == sent(server) == []


def test_a_message_under_way_when_bye_is_said_still_arrives() -> None:
    """It is shown and acknowledged, and the one who sent it learns that."""
    client, server = make_pair()
    client.say("wait")
    server.leave(Reason.QUIT, "")
    bye = server.data_to_send()
    assert deliver(client, server) == [Said(1, "wait")]
    server.shown(1)
    assert feed(client, bye) == [Left(Reason.QUIT, "")]
    assert client.state is State.CLOSED
    assert deliver(server, client) == []
    assert client.acknowledged == 1
    assert client.unacknowledged == {}


def test_a_message_and_bye_in_one_piece_both_count() -> None:
    """In their order, also when the piece is cut anywhere."""
    data = wire.text(1, "bye") + wire.bye(1, wire.QUIT, "see you")

    def serve(pieces: list[bytes]) -> tuple[list[Event], State]:
        _, server = make_pair()
        return feed(server, *pieces), server.state

    assert serve([data]) == (
        [Said(1, "bye"), Left(Reason.QUIT, "see you")],
        State.CLOSED,
    )
    feed_three_ways(data, serve)


@pytest.mark.parametrize("make", [open_client, open_server])
def test_nothing_can_be_said_after_bye(make: Maker) -> None:
    """Not by us."""
    session = make()
    session.leave(Reason.QUIT, "")
    for call in (lambda: session.say("x"), lambda: session.leave(Reason.QUIT, "")):
        with pytest.raises(LocalProtocolError, match="CLOSING"):
            call()


def test_a_peer_that_talks_after_its_bye_has_failed() -> None:
    """Only ACKs may follow a BYE."""
    client, server = make_pair()
    client.leave(Reason.QUIT, "")
    deliver(client, server)
    assert str(fails(server, wire.text(1, "x"))) == "TEXT in state CLOSED"
    # Both have said BYE already: there is nothing left to tell it.
    assert [kind for kind, _, _ in sent(server)] == [wire.BYE]


@pytest.mark.parametrize("make", [open_client, open_server])
def test_a_bye_that_counts_other_messages_is_an_error(make: Maker) -> None:
    """It would hide that some were lost."""
    assert str(fails(make(), wire.bye(5))) == "BYE after 5 messages, 0 came"


@pytest.mark.parametrize("cut", range(1, 13))
@pytest.mark.parametrize("make", [open_client, open_server])
def test_an_end_inside_a_frame_is_a_lost_connection_that_counts(
    make: Maker, cut: int
) -> None:
    """At every byte of the frame."""
    session = make()
    feed(session, wire.text(1, "hello")[:cut])
    expected = 8 if cut < 8 else 13
    session.receive_eof()
    assert list(session.events()) == [
        Lost(f"stream ends after {cut} bytes, expected {expected}")
    ]
    assert session.state is State.LOST


def test_an_end_without_bye_is_never_a_goodbye() -> None:
    """Neither before nor during the talk, nor while waiting for the answer."""
    leaving = open_client()
    leaving.leave(Reason.QUIT, "")
    for session in (make_client(), make_server(), open_client(), open_server(), leaving):
        session.receive_eof()
        assert list(session.events()) == [Lost("")]
        assert session.state is State.LOST
        assert list(session.events()) == []


def test_what_came_before_the_end_is_handed_out_first() -> None:
    """The last message is not lost with the connection."""
    server = open_server()
    server.receive_data(wire.text(1, "last"))
    server.receive_eof()
    assert list(server.events()) == [Said(1, "last"), Lost("")]


# Rule 8: turns.


def test_turns_alternate_by_counting_messages() -> None:
    """The client may when both have sent equally many, the server when one behind."""
    client, server = make_pair()
    for count in range(1, 4):
        assert (client.has_turn(), server.has_turn()) == (True, False)
        assert client.say("ping") == count
        assert (client.has_turn(), server.has_turn()) == (False, False)
        deliver(client, server)
        assert (client.has_turn(), server.has_turn()) == (False, True)
        assert server.say("pong") == count
        deliver(server, client)


def test_talking_out_of_turn_is_refused_and_changes_nothing() -> None:
    """On our own side."""
    client, server = make_pair()
    with pytest.raises(LocalProtocolError, match="not your turn"):
        server.say("me first")
    client.say("Hello")
    with pytest.raises(LocalProtocolError, match="not your turn"):
        client.say("and another thing")
    assert (client.sent, server.sent) == (1, 0)
    assert sent(server) == []


def test_a_peer_that_talks_out_of_turn_has_failed() -> None:
    """From both ends: the server at the beginning, the client twice in a row."""
    assert str(fails(open_client(), wire.text(1, "x"))) == "TEXT 1 out of turn"
    error = fails(open_server(), wire.text(1, "x"), wire.text(2, "y"))
    assert str(error) == "TEXT 2 out of turn"


@pytest.mark.parametrize("text", ["", "x" * 32769])
def test_a_message_that_cannot_be_sent_leaves_it_our_turn(text: str) -> None:
    """The number is not used up either."""
    client = open_client()
    with pytest.raises(LocalProtocolError):
        client.say(text)
    assert client.has_turn()
    assert client.say("shorter") == 1


# Free talk.


def test_the_client_follows_the_servers_mode() -> None:
    """The server decides, and its HELLO says so."""
    for mode in (Mode.TURNS, Mode.FREE):
        client, server = make_pair(mode=mode)
        assert (client.mode, server.mode) == (mode, mode)


def test_in_free_talk_both_may_say_anything_at_any_time() -> None:
    """Several messages in a row, from both at once; each side numbers its own."""
    client, server = make_pair(mode=Mode.FREE)
    assert [server.say("one"), server.say("two"), client.say("uno")] == [1, 2, 1]
    assert deliver(server, client) == [Said(1, "one"), Said(2, "two")]
    client.shown(2)
    assert deliver(client, server) == [Said(1, "uno")]
    assert server.unacknowledged == {}
    assert (client.has_turn(), server.has_turn()) == (True, True)


def test_in_free_talk_no_more_is_sent_than_is_confirmed_in_time() -> None:
    """So many messages may be under way; an ACK makes room again."""
    client, server = make_pair(mode=Mode.FREE)
    for number in range(1, WINDOW + 1):
        assert client.say(f"message {number}") == number
    assert not client.has_turn()
    with pytest.raises(LocalProtocolError, match=f"{WINDOW} messages are not"):
        client.say("one too many")
    assert len(deliver(client, server)) == WINDOW
    server.shown(10)
    assert deliver(server, client) == []
    assert client.acknowledged == 10
    assert client.has_turn()
    assert client.say("the next") == WINDOW + 1


def test_in_free_talk_long_messages_fill_the_window_sooner() -> None:
    """1 MiB may be under way, whatever it is made of; an ACK makes room again."""
    client, server = make_pair(mode=Mode.FREE)
    longest = "ü" * (TEXT_LIMIT // 2)
    count = WINDOW_BYTES // TEXT_LIMIT
    for _ in range(count):
        client.say(longest)
    with pytest.raises(LocalProtocolError, match=f"{count} messages are not confirmed yet"):
        client.say("one too many")
    deliver(client, server)
    server.shown(1)
    assert deliver(server, client) == []
    assert client.acknowledged == 1
    assert client.has_turn()


def test_one_ack_covers_all_that_was_shown() -> None:
    """And goes out before our goodbye at the latest."""
    client, server = make_pair(mode=Mode.FREE)
    for text in ("one", "two", "three"):
        client.say(text)
    deliver(client, server)
    for number in (1, 2, 3):
        server.shown(number)
    server.say("uno")
    server.leave(Reason.QUIT, "")
    kinds = [(kind, number) for kind, number, _ in sent(server)]
    assert kinds == [(wire.TEXT, 1), (wire.ACK, 3), (wire.BYE, 1)]


# Runs: many messages in one call, which must be the same as one call for each.

FREE_TEXTS = ["one", "für zwei", "🙂" * 3, "four"]

CANNOT_BE_SAID = ["", "x" * (TEXT_LIMIT + 1), "ü" * (TEXT_LIMIT // 2 + 1), "half \ud800"]


def free_client(trace: Trace = silent, mode: Mode = Mode.FREE) -> Session:
    """Give a client's session that is open; its HELLO has been taken away."""
    client, server = make_client(trace), make_server(mode=mode)
    deliver(client, server)
    deliver(server, client)
    return client


def standing(session: Session) -> tuple[object, ...]:
    """Say how a session stands, with all that it would write."""
    return (
        (session.state, session.sent, session.received, session.confirmed),
        (session.texts_sent, session._lead),
        (session.texts_unconfirmed, session.unconfirmed, session.has_turn()),
        dict(session.unacknowledged),
        session.data_to_send(),
    )


def say_each(session: Session, texts: list[str]) -> int:
    """Say these one by one as far as that is possible; return how many those were."""
    for count, text in enumerate(texts):
        try:
            session.say(text)
        except LocalProtocolError:
            return count
    return len(texts)


@pytest.mark.parametrize(
    ("texts", "mode", "count"),
    [
        (FREE_TEXTS, Mode.FREE, 4),
        (FREE_TEXTS, Mode.TURNS, 1),
        (["x" * TEXT_LIMIT, "x"], Mode.FREE, 2),
        *((["one", text, "two"], Mode.FREE, 1) for text in CANNOT_BE_SAID),
        (["x"] * (WINDOW + 2), Mode.FREE, WINDOW),
        (["x", *["x" * TEXT_LIMIT] * 40], Mode.FREE, 1 + WINDOW_BYTES // TEXT_LIMIT),
    ],
)
@pytest.mark.parametrize("trace", [silent, lambda sign, what, raw: None])
def test_as_many_are_said_at_once_as_one_by_one(
    texts: list[str], mode: Mode, count: int, trace: Trace
) -> None:
    """The same messages, numbers and bytes; what is none, or has no room, stays."""
    at_once, each = free_client(trace, mode), free_client(trace, mode)
    assert at_once.say_all(texts) == say_each(each, texts) == count
    assert standing(at_once) == standing(each)
    assert at_once.say_all(texts) == say_each(each, texts)
    assert standing(at_once) == standing(each)


@pytest.mark.parametrize("before", [1, WINDOW - 1, WINDOW, WINDOW + 1])
def test_what_is_under_way_already_leaves_less_room_for_a_run(before: int) -> None:
    """Games count too, and may be more than the window; an ACK makes room again."""
    client = free_client()
    for _ in range(before):
        client.play("decline")
    room = max(0, WINDOW - before)
    assert client.say_all(["x"] * 2 * WINDOW) == room
    client.data_to_send()
    feed(client, wire.frame(wire.ACK, 3 + max(0, before - WINDOW)))
    assert client.say_all(["x"] * 2 * WINDOW) == 3


def test_the_bytes_of_a_run_count_until_they_are_confirmed() -> None:
    """Each of them, and none of them twice."""
    client = free_client()
    longest = ["x" * TEXT_LIMIT] * (WINDOW_BYTES // TEXT_LIMIT)
    for number in range(1, 4):
        assert client.say_all(longest) == len(longest)
        assert client.say_all(["x"]) == 0
        client.data_to_send()
        feed(client, wire.frame(wire.ACK, number * len(longest)))


def test_no_run_is_said_before_the_talk_or_after_the_goodbye() -> None:
    """Nothing is taken from whoever offers it."""
    leaving = free_client()
    leaving.leave(Reason.QUIT, "")
    for session in (make_client(), make_server(), leaving):
        session.data_to_send()
        lines = iter(FREE_TEXTS)
        assert session.say_all(lines) == 0
        assert list(lines) == FREE_TEXTS
        assert session.data_to_send() == b""


def test_what_is_owed_is_said_before_a_run() -> None:
    """The ACK and the PONG do not wait behind a thousand messages."""
    client = free_client()
    feed(client, wire.text(1, "x"), wire.frame(wire.PING, 7))
    client.shown(1)
    client.say_all(["one", "two"])
    kinds = [(kind, number) for kind, number, _ in sent(client)]
    assert set(kinds[:2]) == {(wire.ACK, 1), (wire.PONG, 7)}
    assert kinds[2:] == [(wire.TEXT, 1), (wire.TEXT, 2)]


@pytest.mark.parametrize("trace", [silent, lambda sign, what, raw: None])
def test_what_is_said_while_the_connection_is_lost_is_sent_when_it_is_back(
    trace: Trace,
) -> None:
    """From the first that was not seen on, each of its own kind and number.

    Not before the HELLO is answered: nobody knows what was seen until then.
    """
    client = free_client()
    client.say_all(["one", "two"])
    client.play("decline")
    client.data_to_send()
    client.receive_eof()
    assert list(client.events()) == [Lost("")]
    assert client.say_all(["four", "five"]) == 2
    client.play("offer tictactoe me")
    client.resume(trace)
    assert client.say_all(["seven", "eight"]) == 2
    assert client.say("nine") == 9
    assert [kind for kind, _, _ in sent(client)] == [wire.HELLO]
    feed(client, wire.hello("server", wire.FREE, SESSION_ID, 1))
    assert sent(client) == [
        (wire.TEXT, 2, b"two"),
        (wire.GAME, 3, b"decline"),
        (wire.TEXT, 4, b"four"),
        (wire.TEXT, 5, b"five"),
        (wire.GAME, 6, b"offer tictactoe me"),
        (wire.TEXT, 7, b"seven"),
        (wire.TEXT, 8, b"eight"),
        (wire.TEXT, 9, b"nine"),
    ]


def take(session: Session, data: bytes, *, at_once: bool) -> list[object]:
    """Show what comes, the messages that come together at once or one by one.

    Returns the texts, and the other events; an error by its words.
    """
    told: list[object] = []
    session.receive_data(data)
    for event in session.events():
        if isinstance(event, Said):
            told += [event.text, *(session.next_texts() if at_once else [])]
            session.shown(session.received)
        else:
            told.append(str(event.error) if isinstance(event, Failed) else event)
    return told


THREE = wire.text(1, "one") + wire.text(2, "für zwei") + wire.text(3, "🙂")


@pytest.mark.parametrize(
    ("behind", "count"),
    [
        (b"", 0),
        (wire.text(4, "four")[:-1], 0),
        (wire.text(4, "four"), 1),
        (wire.text(5, "a gap"), 1),
        (wire.text(3, "a replay") + wire.text(4, "four"), 1),
        (wire.text(0, "nobody's number"), 1),
        (wire.frame(wire.TEXT, 4, b"half \xc3") + wire.text(5, "five"), 1),
        (wire.frame(wire.GAME, 4, b"decline") + wire.text(5, "five"), 2),
        (wire.frame(wire.ACK, 1) + wire.text(4, "four"), 1),
        (wire.frame(wire.PING, 1) + wire.text(4, "four"), 1),
        (wire.bye(3, wire.QUIT, "so long"), 1),
        (wire.bye(3) + wire.text(4, "after the goodbye"), 2),
        (b"\xff" * 8, 1),
    ],
)
def test_a_run_ends_before_whatever_is_not_simply_the_next_message(
    behind: bytes, count: int
) -> None:
    """That is judged, told and answered as if all had come one by one."""
    at_once, each = free_client(), free_client()
    for session in (at_once, each):
        session.say_all(["mine", "too"])
        session.data_to_send()
    told = take(at_once, THREE + behind, at_once=True)
    assert told == take(each, THREE + behind, at_once=False)
    assert len(told) == 3 + count
    assert standing(at_once) == standing(each)


def test_a_run_is_not_acknowledged_before_it_is_shown() -> None:
    """That it was taken is no reason."""
    client = free_client()
    client.receive_data(THREE)
    assert client.next_event() == Said(1, "one")
    assert client.next_texts() == ["für zwei", "🙂"]
    assert not client.waiting
    assert client.next_texts() == []
    assert (client.received, client.confirmed, client.data_to_send()) == (3, 0, b"")
    client.shown(3)
    assert sent(client) == [(wire.ACK, 3, b"")]


def test_in_turns_there_are_no_runs() -> None:
    """Who says two things at once is out of turn, however they are taken."""
    server = open_server()
    server.receive_data(wire.text(1, "one") + wire.text(2, "and another thing"))
    assert server.next_event() == Said(1, "one")
    assert server.next_texts() == []
    assert "TEXT 2 out of turn" in str(server.next_event())


def test_who_traces_is_told_of_every_message_of_a_run() -> None:
    """A log has a line for each, one way and the other."""
    lines: list[str] = []
    client = free_client(lambda sign, what, raw: lines.append(f"{sign} {what}"))
    lines.clear()
    assert take(client, THREE, at_once=True) == ["one", "für zwei", "🙂"]
    client.say_all(["uno", "dos"])
    assert [line for line in lines if line[0] in "<>"] == [
        "< TEXT 1 'one' [3 bytes]",
        "< TEXT 2 'für zwei' [9 bytes]",
        "< TEXT 3 '🙂' [4 bytes]",
        "> ACK 3 [0 bytes]",
        "> TEXT 1 'uno' [3 bytes]",
        "> TEXT 2 'dos' [3 bytes]",
    ]


def test_a_run_is_never_longer_than_a_slow_screen_can_bear() -> None:
    """Neither in messages nor in bytes; the rest is the next event's."""
    client = free_client()
    client.receive_data(b"".join(wire.text(number, "x") for number in range(1, 2 * RUN)))
    assert isinstance(client.next_event(), Said)
    assert len(client.next_texts()) == RUN
    assert isinstance(client.next_event(), Said)
    client = free_client()
    long = "x" * (RUN_BYTES // 2)
    client.receive_data(b"".join(wire.text(number, long) for number in range(1, 9)))
    assert isinstance(client.next_event(), Said)
    assert client.next_texts() == [long, long]


# When an ACK is to be written.


def test_the_ack_of_a_few_messages_may_wait_and_that_of_many_not() -> None:
    """A message takes none along; once it is sent, it is counted anew."""
    client = free_client()
    feed(client, *(wire.text(number, "x") for number in range(1, 3 * ACK_AT)))
    for number in range(1, ACK_AT):
        client.shown(number)
        assert client.data_to_send(hurry=False) == b""
    client.shown(ACK_AT)
    assert client.data_to_send(hurry=False) == wire.frame(wire.ACK, ACK_AT)
    client.shown(2 * ACK_AT - 1)
    assert client.data_to_send(hurry=False) == b""
    client.say("not with it")
    assert client.data_to_send(hurry=False) == wire.text(1, "not with it")
    client.shown(2 * ACK_AT)
    assert client.data_to_send(hurry=False) == wire.frame(wire.ACK, 2 * ACK_AT)


def test_in_turns_an_answer_confirms_what_it_answers() -> None:
    """Should the connection be lost right behind it, nothing is in doubt that was seen."""
    server = open_server()
    feed(server, wire.text(1, "question"))
    server.shown(1)
    server.say("answer")
    assert server.data_to_send() == wire.frame(wire.ACK, 1) + wire.text(1, "answer")


def test_a_replay_alone_is_no_reason_to_hurry() -> None:
    """Its ACK may wait like that of any few."""
    client = free_client()
    feed(client, wire.text(1, "x"))
    client.shown(1)
    client.data_to_send()
    feed(client, wire.text(1, "x"))
    assert client.owes_ack
    assert client.data_to_send(hurry=False) == b""
    assert client.data_to_send() == wire.frame(wire.ACK, 1)


def test_a_pong_and_the_ack_behind_a_goodbye_do_not_wait() -> None:
    """The one is being timed, and behind the other the stream is about to end."""
    client = free_client()
    feed(client, wire.frame(wire.PING, 1))
    assert client.data_to_send(hurry=False) == wire.frame(wire.PONG, 1)
    client.leave(Reason.QUIT, "")
    client.data_to_send()
    feed(client, wire.text(1, "still under way"))
    assert client.data_to_send(hurry=False) == b""
    client.shown(1)
    assert client.data_to_send(hurry=False) == wire.frame(wire.ACK, 1)
    feed(client, wire.text(1, "still under way"))
    assert client.data_to_send(hurry=False) == wire.frame(wire.ACK, 1)


# The laws of the core.


def test_after_an_error_the_session_stays_in_error() -> None:
    """Whatever comes then is not looked at, and every call is refused."""
    server = open_server()
    fails(server, b"\xff" * 8)
    server.receive_data(b"x" * 100_000)
    server.receive_eof()
    assert list(server.events()) == []
    for call in (
        lambda: server.say("x"),
        lambda: server.leave(Reason.QUIT, ""),
        server.welcome,
        lambda: server.refuse(Reason.BUSY, ""),
    ):
        with pytest.raises(LocalProtocolError, match="FAILED"):
            call()


def test_a_trace_shows_a_frame_that_arrives_in_three_pieces() -> None:
    """Reading the log is enough to see how."""
    lines: list[str] = []
    client = make_client()
    server = make_server(lambda sign, what, raw: lines.append(f"{sign} {what}"))
    deliver(client, server)
    client.data_to_send()
    lines.clear()
    frame = wire.text(1, "hello")
    feed(server, frame[:3], frame[3:10], frame[10:])
    server.shown(1)
    server.data_to_send()
    assert lines == [
        "~ read 3 bytes: header 3 of 8",
        "~ read 7 bytes: TEXT 1, body 2 of 5",
        "~ read 3 bytes: 1 frame",
        "< TEXT 1 'hello' [5 bytes]",
        "> ACK 1 [0 bytes]",
    ]


def test_a_trace_has_the_raw_bytes_of_every_frame() -> None:
    """Received, sent and read."""
    traced: list[tuple[str, bytes]] = []
    server = make_server(lambda sign, what, raw: traced.append((sign, raw)))
    hello = wire.hello()
    feed(server, hello)
    answer = server.data_to_send()
    assert traced == [
        ("~", hello),
        ("<", hello),
        ("=", b""),
        (">", answer),
        ("=", b""),
    ]


_FRAMES = st.one_of(
    st.builds(wire.text, st.integers(0, 4), st.text(min_size=1, max_size=5)),
    st.builds(lambda number: wire.frame(wire.ACK, number), st.integers(0, 3)),
    st.builds(wire.bye, st.integers(0, 3), st.integers(0, 7)),
    st.just(wire.hello("x", wire.TURNS, SESSION_ID)),
    st.binary(min_size=1, max_size=9),
)


@given(st.lists(_FRAMES, max_size=8), st.booleans(), st.booleans())
def test_whatever_a_peer_sends_a_session_never_raises(
    frames: list[bytes], greets: bool, ends: bool
) -> None:
    """It fails at most, and cut byte by byte it does exactly the same."""
    data = b"".join(frames)

    def play(pieces: list[bytes]) -> tuple[list[object], bytes, State]:
        session = make_client() if greets else make_server()
        events: list[object] = []
        for piece in pieces:
            events += feed(session, piece)
        if ends:
            session.receive_eof()
            events += feed(session, b"")
        shown = [str(e.error) if isinstance(e, Failed) else e for e in events]
        return shown, session.data_to_send(), session.state

    assert play([data]) == play([bytes([byte]) for byte in data])


def test_kinds_that_are_not_spoken_yet_are_unknown() -> None:
    """PING, PONG and GAME have their numbers kept, and that is all."""
    for kind in {3, 5, 6} - set(Kind):
        assert f"unknown kind {kind}" == str(fails(open_server(), wire.frame(kind, 0)))


def test_a_peer_that_has_failed_fills_no_memory() -> None:
    """What it sends while it may still read why is thrown away at once."""
    server = open_server()
    server.receive_data(wire.frame(wire.PONG, 99) + wire.text(1, "waits behind it"))
    assert [type(event) for event in server.events()] == [Failed]
    for number in range(100):
        server.receive_data(wire.text(number, "more"))
    assert not server._reader.frames
    assert not list(server.events())


def test_a_peer_that_plays_and_does_not_read_fills_no_memory() -> None:
    """There is an end to what is told about games, too."""
    server = open_server()
    most = WINDOW + GAMES_WINDOW
    for _ in range(most):
        server.play("decline")
    with pytest.raises(LocalProtocolError, match=f"{most} messages are not"):
        server.play("decline")


def test_what_is_told_about_a_game_takes_no_turn() -> None:
    """Whoever has the talking turn keeps it; the numbers are those of the messages."""
    client, server = make_pair()
    assert server.play("offer tictactoe me") == 1
    assert client.has_turn()
    assert client.say("Hello") == 1
    assert client.play("accept") == 2
    deliver(server, client)
    assert [type(event).__name__ for event in deliver(client, server)] == ["Said", "Played"]
    assert server.has_turn()
    assert client.unacknowledged == {1: "Hello"}


def test_who_was_refused_has_nothing_more_to_say() -> None:
    """But a BYE in answer: a stranger that talks on is not listened to any more."""
    server = make_server()
    server.receive_data(wire.hello())
    assert [type(event) for event in server.events()] == [Greeted]
    server.refuse(Reason.BUSY, "later")
    assert server.state is State.REFUSED
    server.receive_data(wire.frame(wire.PING, 1))
    assert [type(event) for event in server.events()] == [Failed]


def test_who_was_refused_may_have_sent_more_than_we_know_of() -> None:
    """It comes back to a talk that we have never had: its BYE counts that one's."""
    server = make_server()
    server.receive_data(wire.hello(seen=2))
    list(server.events())
    server.refuse(Reason.UNKNOWN_SESSION, "")
    server.receive_data(wire.bye(3))
    assert list(server.events()) == [Left(Reason.QUIT, "")]
    assert server.state is State.CLOSED


def test_nobody_plays_before_the_talk_or_after_it() -> None:
    """As nobody talks then."""
    with pytest.raises(LocalProtocolError, match="not possible in state GREETING"):
        make_client().play("offer tictactoe me")


def test_a_ping_that_crosses_a_goodbye_is_not_answered() -> None:
    """After a BYE only ACKs may follow."""
    server = open_server()
    server.leave(Reason.QUIT, "")
    server.data_to_send()
    server.receive_data(wire.frame(wire.PING, 1))
    assert not list(server.events())
    assert server.data_to_send() == b""


def test_a_pong_that_nobody_waits_for_is_nothing() -> None:
    """It may have been overtaken by something else that was a sign of life."""
    server = open_server()
    server.receive_data(wire.frame(wire.PONG, 0))
    assert not list(server.events())
    assert server.round_trip is None
