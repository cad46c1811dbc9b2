"""The protocol on one connection, each rule from both ends, in memory.

`client` greets and talks first, `server` is greeted and listens first. What PING and PONG
do is in `test_pulse.py`, and what a session alone decides in `test_session.py`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.errors import LocalProtocolError, UnknownSessionError, VersionError
from chatlib.protocol.events import (
    Event,
    Failed,
    Greeted,
    Handled,
    Left,
    Lost,
    Opened,
    Played,
    Said,
    Trace,
    silent,
)
from chatlib.protocol.frames import TEXT_LIMIT, Hello, Kind, Mode, Reason
from chatlib.protocol.link import (
    ACK_AT,
    FRAMES,
    RUN,
    RUN_BYTES,
    STEP,
    Link,
    Replies,
    State,
)
from chatlib.protocol.pulse import PING_SECONDS
from chatlib.protocol.session import GAMES_WINDOW, WINDOW
from harness import wire
from tests.core.diagram import CALLS, draw
from tests.core.links import (
    Maker,
    both_ends,
    break_rule,
    close,
    feed,
    greeted_server,
    leave,
    lose,
    open_client,
    open_server,
    refusing_server,
    return_to,
    sent,
    spoil,
    standing,
)
from tests.helpers import (
    SESSION_ID,
    deliver,
    events_of,
    feed_three_ways,
    make_client,
    make_pair,
    make_server,
    remember,
)

both_new = pytest.mark.parametrize(
    "make_link", [make_client, make_server], ids=["client", "server"]
)
"""Run a test with a new link of either end."""

both_modes = pytest.mark.parametrize("mode", [Mode.TURNS, Mode.FREE], ids=["turns", "free"])


def kinds(link: Link) -> list[tuple[int, int]]:
    """Return kind and number of each frame that the link wants to send."""
    return [(kind, number) for kind, number, _ in sent(link)]


def plain(events: list[Event]) -> list[object]:
    """Return the events so that two lists can be compared: an error by its words."""
    return [str(each.error) if isinstance(each, Failed) else each for each in events]


# The tables of the rules.

SITUATIONS: dict[str, tuple[State, Callable[[], Link]]] = {
    "client GREETING": (State.GREETING, make_client),
    "server GREETING": (State.GREETING, make_server),
    "server DECIDING": (State.DECIDING, greeted_server),
    "server REFUSED": (State.REFUSED, refusing_server),
    "client OPEN": (State.OPEN, lambda: open_client(Mode.FREE)),
    "server OPEN": (State.OPEN, lambda: open_server(Mode.FREE)),
    "client CLOSING": (State.CLOSING, lambda: leave(open_client(Mode.FREE))),
    "server CLOSING": (State.CLOSING, lambda: leave(open_server(Mode.FREE))),
    "client CLOSED": (State.CLOSED, lambda: close(open_client(Mode.FREE))),
    "server CLOSED": (State.CLOSED, lambda: close(open_server(Mode.FREE))),
    "client LOST in the talk": (State.LOST, lambda: lose(open_client(Mode.FREE))),
    "server LOST in the talk": (State.LOST, lambda: lose(open_server(Mode.FREE))),
    "client LOST before it": (State.LOST, lambda: lose(make_client())),
    "server LOST before it": (State.LOST, lambda: lose(make_server())),
    "client FAILED in the talk": (State.FAILED, lambda: spoil(open_client(Mode.FREE))),
    "server FAILED in the talk": (State.FAILED, lambda: spoil(open_server(Mode.FREE))),
    "client FAILED before it": (State.FAILED, lambda: spoil(make_client())),
    "server FAILED before it": (State.FAILED, lambda: spoil(make_server())),
}
"""Each state, on each end that can be in it."""

DEAF = (State.LOST, State.FAILED)

VALID = {
    Kind.HELLO: wire.hello("peer", wire.FREE, SESSION_ID),
    Kind.TEXT: wire.text(1, "hi"),
    Kind.GAME: wire.frame(wire.GAME, 1, b"decline"),
    Kind.ACK: wire.frame(wire.ACK, 0),
    Kind.PING: wire.frame(wire.PING, 1),
    Kind.PONG: wire.frame(wire.PONG, 1),
    Kind.BYE: wire.bye(0),
}
"""A frame of each kind with which nothing is wrong but its time."""

situations = pytest.mark.parametrize("situation", SITUATIONS)


def bring(situation: str) -> Link:
    """Return a link that is in a situation."""
    state, make = SITUATIONS[situation]
    link = make()
    assert link.state is state
    link.data_to_send()
    link.pulse.pings = 1  # so that a PONG may come
    return link


def next_state(situation: str, kind: Kind) -> State | None:
    """Return the state that the table names for a frame; None where it has no row."""
    state, _ = SITUATIONS[situation]
    client = situation.startswith("client")
    for of, expected, _, following in FRAMES:
        if (of, expected) == (state, kind):
            return following[-1 if client else 0]
    return None


def refusal(situation: str, kind: Kind) -> str:
    """Return the words of the error for a frame without a row."""
    state, _ = SITUATIONS[situation]
    if state is State.GREETING:
        return f"{kind.name} before HELLO"  # by its header, before its body is stored
    if kind is Kind.HELLO:
        return "HELLO behind another frame"
    return f"{kind.name} in state {state.value}"


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
@situations
def test_a_frame_is_welcome_exactly_where_the_table_has_a_row(
    situation: str, kind: Kind
) -> None:
    """With a row the row's state is next, without one FAILED; however TCP cut the bytes.

    A link that is LOST or FAILED does not look at frames any more.
    """

    def receive(
        pieces: list[bytes],
    ) -> tuple[list[object], State, list[tuple[int, int, bytes]]]:
        link = bring(situation)
        events: list[Event] = []
        for piece in pieces:
            link.receive_data(piece)
            events += events_of(link)
        return plain(events), link.state, sent(link)

    frame = VALID[kind]
    events, state, written = outcome = receive([frame])
    before, _ = SITUATIONS[situation]
    if before in (State.REFUSED, State.CLOSING, State.CLOSED):
        assert written == []  # behind our BYE only ACKs may follow, and none is owed
    if before in DEAF:
        assert outcome == ([], before, [])
    elif situation == "server GREETING" and kind is Kind.BYE:
        # The table does not know the ends. Only the end that is answered may be refused,
        # and the other end's reader admits a HELLO alone.
        assert (events, state) == (["BYE before HELLO"], State.FAILED)
    elif following := next_state(situation, kind):
        assert state is following
        assert not [event for event in events if isinstance(event, str)]
    else:
        assert (events, state) == ([refusal(situation, kind)], State.FAILED)
    feed_three_ways(frame, receive)
    begun = wire.text(9, "the beginning of another frame")[:5]
    assert receive([frame + begun]) == outcome


WELCOME = {
    State.GREETING: "HELLO BYE",
    State.DECIDING: "",
    State.REFUSED: "BYE",
    State.OPEN: "TEXT GAME ACK PING PONG BYE",
    State.CLOSING: "TEXT GAME ACK PING PONG BYE",
    State.CLOSED: "ACK",
    State.LOST: "",
    State.FAILED: "",
}
"""Which frames are welcome, as `docs/protocol.md` has it."""


@pytest.mark.parametrize("state", State, ids=lambda state: state.value)
def test_the_table_has_the_rows_that_the_protocol_wants(state: State) -> None:
    """And no kind twice: the same frame cannot mean two things."""
    assert [kind.name for of, kind, *_ in FRAMES if of is state] == WELCOME[state].split()


ACTIONS: dict[str, Callable[[Link], object]] = {
    "welcome": lambda link: link.welcome(),
    "refuse": lambda link: link.refuse(Reason.BUSY, "later"),
    "leave": lambda link: link.leave(Reason.QUIT, ""),
    "say": lambda link: link.say(["x"]),
    "play": lambda link: link.play("decline"),
    "shown": lambda link: link.shown(1),
}
"""Every call that a person's side makes."""


@pytest.mark.parametrize("action", ACTIONS)
@situations
def test_a_call_is_possible_exactly_where_the_table_says(
    situation: str, action: str
) -> None:
    """Anywhere else it raises LocalProtocolError, and nothing has changed.

    A talk goes on while its connection is lost: what is said then is kept.
    """
    link = bring(situation)
    rows = [
        after
        for before, call, after in CALLS
        if (before, call) == (SITUATIONS[situation][0], action)
    ]
    in_talk = action in ("leave", "say", "play") and link.session.can_talk
    if rows:
        ACTIONS[action](link)
        assert [link.state] == rows
    elif in_talk:
        assert situation.endswith(("OPEN", "LOST in the talk"))
        ACTIONS[action](link)
        assert link.state is SITUATIONS[situation][0]
        assert remember(link.session) != remember(bring(situation).session)
    else:
        with pytest.raises(LocalProtocolError):
            ACTIONS[action](link)
        assert standing(link) == standing(bring(situation))


@situations
def test_the_end_of_the_stream_loses_a_link_exactly_where_the_table_says(
    situation: str,
) -> None:
    """When all is over it is expected, and after the end there is no second one."""
    link = bring(situation)
    before, _ = SITUATIONS[situation]
    link.receive_eof("reset by peer")
    over = link.session.over
    if (before, "receive_eof", State.LOST) in CALLS and not over:
        assert events_of(link) == [Lost("reset by peer")]
        assert link.state is State.LOST
        assert events_of(link) == []
    else:
        assert events_of(link) == []
        assert standing(link) == standing(bring(situation))


def test_every_row_of_the_tables_was_tried() -> None:
    """Every state is among the situations, and every call among the actions."""
    states = {state for state, _ in SITUATIONS.values()}
    assert states == set(State)
    assert {state for state, *_ in FRAMES} <= states
    assert {call for _, call, _ in CALLS} <= {*ACTIONS, "receive_eof"}
    assert set(VALID) == set(Kind)


def test_the_diagram_has_one_arrow_for_each_pair_of_states_and_every_label() -> None:
    """It is made of the tables, and what Mermaid cannot read is not in it."""
    lines = draw().splitlines()
    arrows = [line.strip().partition(":")[0] for line in lines if "-->" in line]
    assert len(arrows) == len(set(arrows))
    for state, kind, _, following in FRAMES:
        for after in following:
            leads = "" if after is state else f" --> {after.value}"
            start = f"{state.value}{leads}: "
            (line,) = [
                each
                for each in lines
                if each.strip().startswith(start) and kind.name in each
            ]
            assert line
    for state, call, after in CALLS:
        first = "unfinished" if call == "receive_eof" else state.value
        (line,) = [each for each in lines if f" {first} --> {after.value}:" in each]
        assert f"{call}()" in line
    assert not [line for line in lines if line.count(":") > 1 or ";" in line]


@situations
def test_three_states_are_final_and_all_but_one_want_attention(situation: str) -> None:
    """Outside of a talk the connection has to look at the state after every read."""
    link = bring(situation)
    state, _ = SITUATIONS[situation]
    assert link.finished == (state in (State.CLOSED, *DEAF))
    assert link.wants_to_send == (state is not State.OPEN)


@both_ends
def test_a_link_that_was_lost_wants_attention(open_link: Maker) -> None:
    """Nothing is to be written, but the connection has to stop."""
    link = open_link()
    link.data_to_send()
    assert not link.wants_to_send
    assert lose(link).wants_to_send


# HELLO.


def test_the_client_says_hello_first_and_nothing_else_before_the_answer() -> None:
    """Its HELLO is all that it sends, and it cannot talk yet."""
    client = make_client()
    assert client.wants_to_send
    assert sent(client) == [(wire.HELLO, 0, b"CHAT\1" + SESSION_ID + b"\0client")]
    assert not client.session.has_turn()
    with pytest.raises(LocalProtocolError):
        client.say(["too early"])
    assert sent(client) == []


def test_the_server_sends_nothing_before_it_was_greeted() -> None:
    """Not a byte: a stranger learns nothing by connecting."""
    server = make_server()
    assert not server.wants_to_send
    assert sent(server) == []


@both_modes
def test_the_server_answers_with_the_clients_session_id_and_its_own_mode(
    mode: Mode,
) -> None:
    """The server decides the mode."""
    server = make_server(mode=mode)
    (event,) = feed(server, wire.hello("Ann", wire.ANY, b"s" * 16))
    assert event == Greeted(Hello(b"s" * 16, Mode.ANY, "Ann"), 0)
    answer = b"CHAT\1" + b"s" * 16 + bytes([mode]) + b"server"
    assert sent(server) == [(wire.HELLO, 0, answer)]
    assert server.state is State.OPEN
    assert server.session.peer == Hello(b"s" * 16, Mode.ANY, "Ann")
    assert server.session.mode is mode


@both_modes
def test_the_client_is_open_when_the_server_has_answered(mode: Mode) -> None:
    """It knows the server's name, and follows the server's mode."""
    client = make_client()
    (event,) = feed(client, wire.hello("Bob", mode, SESSION_ID))
    assert event == Opened(Hello(SESSION_ID, mode, "Bob"))
    assert client.state is State.OPEN
    assert client.session.mode is mode
    assert client.session.has_turn()


@pytest.mark.parametrize(
    "reason", [Reason.BUSY, Reason.UNKNOWN_SESSION], ids=lambda reason: reason.name
)
def test_the_server_may_refuse_and_the_client_reports_why(reason: Reason) -> None:
    """A refusal is a goodbye like any other: both say BYE, and no end has failed."""
    client, server = make_client(), make_server()
    server.receive_data(client.data_to_send())
    assert [type(event) for event in events_of(server)] == [Greeted]
    server.refuse(reason, "somebody else")
    assert deliver(server, client) == [Left(reason, "somebody else")]
    assert deliver(client, server) == [Left(Reason.QUIT, "")]
    assert (client.state, server.state) == (State.CLOSED, State.CLOSED)
    assert client.session.over


def test_a_refused_client_may_have_sent_more_than_the_server_knows_of() -> None:
    """It comes back to a talk that the server has never had: its BYE counts that one's."""
    server = greeted_server(seen=2)
    server.refuse(Reason.UNKNOWN_SESSION, "")
    assert feed(server, wire.bye(3)) == [Left(Reason.QUIT, "")]
    assert server.state is State.CLOSED


@pytest.mark.parametrize("first", [wire.text(1, "hi"), wire.frame(wire.ACK, 0)])
@both_new
def test_anything_but_a_hello_is_refused_at_the_eighth_byte(
    make_link: Maker, first: bytes
) -> None:
    """Before its body is there."""
    link = make_link()
    assert feed(link, first[:7]) == []
    assert "before HELLO" in str(break_rule(link, first[7:8]))


@pytest.mark.parametrize(
    "opening",
    [b"GET / HTTP/1.1", b"\x16\x03\x01\0\xa5\1\0\0\xa1\3\3\0\0"],
    ids=["HTTP", "TLS"],
)
@both_new
def test_other_protocols_are_refused_with_a_bye_that_gives_the_reason(
    make_link: Maker, opening: bytes
) -> None:
    """Its words are for the person who debugs a client."""
    link = make_link()
    link.data_to_send()
    error = break_rule(link, opening)
    assert sent(link) == [(wire.BYE, 0, bytes([wire.PROTOCOL]) + str(error).encode())]


@both_new
def test_another_version_is_refused_with_its_own_reason(make_link: Maker) -> None:
    """So that a person reads which of the two programs is the older one."""
    hello = bytearray(wire.hello("x", wire.TURNS, SESSION_ID))
    hello[12] = 2
    link = make_link()
    link.data_to_send()
    assert isinstance(break_rule(link, bytes(hello)), VersionError)
    ((kind, _, body),) = sent(link)
    assert (kind, body[0]) == (wire.BYE, wire.VERSION)


@pytest.mark.parametrize(
    ("hello", "says"),
    [
        pytest.param(wire.hello("x", wire.TURNS, b"?" * 16), "another session", id="id"),
        pytest.param(wire.hello("x", wire.ANY, SESSION_ID), "without a mode", id="mode"),
        pytest.param(
            wire.hello("x", wire.TURNS, SESSION_ID, 3),
            "has seen 3 messages, 0 were sent",
            id="number",
        ),
    ],
)
def test_an_answer_that_does_not_fit_our_hello_is_an_error(hello: bytes, says: str) -> None:
    """It must be for our session, name a mode, and know no message that was never sent."""
    client = make_client()
    client.data_to_send()
    assert says in str(break_rule(client, hello))
    reason = wire.UNKNOWN_SESSION if "seen" in says else wire.PROTOCOL
    assert sent(client)[0][2][0] == reason


def test_a_hello_that_has_seen_messages_that_were_never_sent_is_not_welcomed() -> None:
    """The call raises, nothing has changed, and `refuse` is the answer."""
    server = greeted_server(seen=3)
    with pytest.raises(UnknownSessionError, match="has seen 3 messages, 0 were sent"):
        server.welcome()
    assert standing(server) == standing(greeted_server(seen=3))
    server.refuse(Reason.UNKNOWN_SESSION, "unknown")
    assert sent(server) == [(wire.BYE, 0, bytes([wire.UNKNOWN_SESSION]) + b"unknown")]


def test_a_client_that_does_not_wait_for_the_answer_is_served_all_the_same() -> None:
    """HELLO and TEXT at once, however TCP cut them: the answer comes before the TEXT."""
    data = wire.hello() + wire.text(1, "hi")

    def serve(
        pieces: list[bytes],
    ) -> tuple[list[Event], list[tuple[int, int, bytes]], State]:
        server = make_server()
        return feed(server, *pieces), sent(server), server.state

    events, _, state = serve([data])
    assert (events[1:], state) == ([Said(1, ["hi"])], State.OPEN)
    feed_three_ways(data, serve)


# Messages, their numbers and their ACKs.


@both_modes
def test_a_message_is_acknowledged_when_it_was_shown(mode: Mode) -> None:
    """Not when it arrives: delivered means that it is on the screen."""
    client, server = make_pair(mode=mode)
    assert client.say(["Hello"]) == 1
    assert deliver(client, server) == [Said(1, ["Hello"])]
    assert (server.session.received, server.session.shown) == (1, 0)
    assert sent(server) == []
    server.shown(1)
    assert server.session.shown == 1
    assert deliver(server, client) == []
    assert client.session.acknowledged == 1
    assert client.session.unacknowledged == {}


@pytest.mark.parametrize("number", [0, 2, 3, 2**32 - 1])
@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.GAME], ids=lambda kind: kind.name)
@both_ends
def test_a_gap_is_an_error(open_link: Maker, kind: Kind, number: int) -> None:
    """A message is missing and cannot be asked for again; 0 is no message's number."""
    error = break_rule(open_link(Mode.FREE), wire.frame(kind, number, b"x"))
    assert str(error) == f"{kind.name} {number} where 1 was next"


@both_modes
def test_a_message_that_is_sent_again_is_acknowledged_again_and_not_shown(
    mode: Mode,
) -> None:
    """On both ends, whosever turn it is: the peer may not know that it was shown."""
    client, server = make_pair(mode=mode)
    client.say(["one"])
    deliver(client, server)
    server.shown(1)
    server.data_to_send()
    assert feed(server, wire.text(1, "one"), wire.text(1, "another one")) == []
    assert server.wants_to_send
    assert sent(server) == [(wire.ACK, 1, b"")]
    assert (server.session.received, server.session.has_turn()) == (1, True)
    server.say(["two"])
    deliver(server, client)
    client.shown(1)
    client.data_to_send()
    assert feed(client, wire.text(1, "two")) == []
    assert sent(client) == [(wire.ACK, 1, b"")]


@both_ends
def test_words_about_a_game_that_are_sent_again_are_only_acknowledged(
    open_link: Maker,
) -> None:
    """A move that came twice is made once."""
    link = open_link(Mode.FREE)
    words = wire.frame(wire.GAME, 1, b"decline")
    assert feed(link, words) == [Played(1, "decline")]
    link.shown(1)
    link.data_to_send()
    assert feed(link, words) == []
    assert sent(link) == [(wire.ACK, 1, b"")]


@pytest.mark.parametrize("number", [0, 2])
@both_ends
def test_only_a_message_that_waits_can_be_shown(open_link: Maker, number: int) -> None:
    """To acknowledge a message that never came, or was acknowledged, is our own error."""
    link = open_link(Mode.FREE)
    feed(link, wire.text(1, "x"))
    with pytest.raises(LocalProtocolError, match=f"message {number} is not waiting"):
        link.shown(number)
    assert sent(link) == []
    link.shown(1)
    with pytest.raises(LocalProtocolError, match="message 1 is not waiting"):
        link.shown(1)


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.GAME], ids=lambda kind: kind.name)
@both_ends
def test_a_message_that_is_not_utf_8_is_an_error_and_not_counted(
    open_link: Maker, kind: Kind
) -> None:
    """It is neither shown nor acknowledged."""
    link = open_link(Mode.FREE)
    error = break_rule(link, wire.frame(kind, 1, b"\xff"))
    assert str(error) == f"{kind.name} 1 is not UTF-8 at byte 0"
    assert link.session.received == 0
    assert [kind for kind, _ in kinds(link)] == [wire.BYE]


@both_ends
def test_a_message_is_written_once_and_kept_until_its_ack(open_link: Maker) -> None:
    """`say` returns how many lines were sent, and `play` nothing."""
    link = open_link(Mode.FREE)
    assert link.say(["one", "two"]) == 2
    link.play("accept")
    assert link.wants_to_send
    assert sent(link) == [
        (wire.TEXT, 1, b"one"),
        (wire.TEXT, 2, b"two"),
        (wire.GAME, 3, b"accept"),
    ]
    assert not link.wants_to_send
    assert link.data_to_send() == b""
    assert link.session.unacknowledged == {1: "one", 2: "two"}
    assert feed(link, wire.frame(wire.ACK, 3)) == []
    assert not link.session.kept


@both_ends
def test_an_ack_of_what_was_acknowledged_is_no_news(open_link: Maker) -> None:
    """Nor is an ACK of nothing."""
    link = open_link(Mode.FREE)
    link.say(["one"])
    link.data_to_send()
    acks = [wire.frame(wire.ACK, number) for number in (0, 1, 1, 0, 1)]
    assert feed(link, *acks) == []
    assert link.session.acknowledged == 1
    assert sent(link) == []


@both_ends
def test_an_ack_of_what_was_never_sent_is_an_error(open_link: Maker) -> None:
    """Otherwise a message to come would pass for delivered."""
    assert (
        str(break_rule(open_link(), wire.frame(wire.ACK, 1))) == "ACK 1, only 0 were sent"
    )


@both_ends
def test_an_ack_of_what_was_not_handed_to_the_connection_is_an_error(
    open_link: Maker,
) -> None:
    """A peer that acknowledges what it never reads could have us store any amount."""
    link = open_link(Mode.FREE)
    link.say(["on its way"])
    link.data_to_send()
    link.say(["not yet"])
    assert str(break_rule(link, wire.frame(wire.ACK, 2))) == "ACK 2, only 1 were sent"


@both_ends
def test_one_ack_answers_for_all_that_was_shown(open_link: Maker) -> None:
    """It goes out before our goodbye at the latest."""
    link = open_link(Mode.FREE)
    feed(link, *(wire.text(number, "x") for number in (1, 2, 3)))
    for number in (1, 2, 3):
        link.shown(number)
    link.say(["uno"])
    link.leave(Reason.QUIT, "")
    assert kinds(link) == [(wire.TEXT, 1), (wire.ACK, 3), (wire.BYE, 1)]


# Turns and games.


def test_in_turns_the_two_alternate() -> None:
    """A line of the one gives the other the turn."""
    client, server = make_pair()
    for count in range(1, 4):
        assert (client.session.has_turn(), server.session.has_turn()) == (True, False)
        assert client.say(["ping"]) == 1
        assert client.session.sent == count
        assert deliver(client, server) == [Said(count, ["ping"])]
        assert (client.session.has_turn(), server.session.has_turn()) == (False, True)
        assert server.say(["pong"]) == 1
        assert deliver(server, client) == [Said(count, ["pong"])]


def test_a_peer_that_talks_out_of_turn_breaks_the_protocol() -> None:
    """On both ends: the server at the beginning, the client twice in a row."""
    assert str(break_rule(open_client(), wire.text(1, "x"))) == "TEXT 1 out of turn"
    error = break_rule(open_server(), wire.text(1, "x"), wire.text(2, "y"))
    assert str(error) == "TEXT 2 out of turn"


def test_a_line_out_of_turn_or_that_cannot_be_sent_is_not_sent() -> None:
    """The call raises, on either end, and nothing has changed."""
    client, server = make_pair()
    with pytest.raises(LocalProtocolError, match="not your turn"):
        server.say(["me first"])
    for text in ("", "x" * (TEXT_LIMIT + 1)):
        with pytest.raises(LocalProtocolError, match="the message is"):
            client.say([text])
    assert client.say(["Hello"]) == 1
    with pytest.raises(LocalProtocolError, match="not your turn"):
        client.say(["and another thing"])
    assert sent(client) == [(wire.TEXT, 1, b"Hello")]
    assert sent(server) == []


def test_words_about_a_game_take_no_turn() -> None:
    """The numbers are those of the lines; the turn stays where it was."""
    client, server = make_pair()
    server.play("offer tictactoe me")
    assert client.session.has_turn()
    client.say(["Hello"])
    client.play("accept")
    assert deliver(server, client) == [Played(1, "offer tictactoe me")]
    assert deliver(client, server) == [Said(1, ["Hello"]), Played(2, "accept")]
    assert server.session.has_turn()
    for link, number in ((client, 1), (server, 2)):
        link.shown(number)
        assert sent(link) == [(wire.ACK, number, b"")]


@both_ends
def test_a_peer_that_plays_and_does_not_read_fills_no_memory(open_link: Maker) -> None:
    """There is an end to the words about games that wait."""
    link = open_link()
    for _ in range(WINDOW + GAMES_WINDOW):
        link.play("decline")
    with pytest.raises(LocalProtocolError, match="messages are not confirmed yet"):
        link.play("decline")


# Goodbye.


@both_ends
def test_both_say_bye_and_are_done(open_link: Maker) -> None:
    """Whichever end begins; its words arrive, and the end of the stream is no loss."""
    first = open_link()
    second = open_server() if first.session.talks_first else open_client()
    first.leave(Reason.QUIT, "see you")
    assert first.state is State.CLOSING
    assert not first.finished
    assert deliver(first, second) == [Left(Reason.QUIT, "see you")]
    assert deliver(second, first) == [Left(Reason.QUIT, "")]
    for link in (first, second):
        assert link.state is State.CLOSED
        assert link.session.over
        link.receive_eof()
        assert events_of(link) == []


def test_both_may_say_bye_at_once() -> None:
    """Neither takes the other's for a question that wants an answer."""
    client, server = make_pair()
    client.leave(Reason.QUIT, "")
    server.leave(Reason.STOPPED, "stopped by SIGTERM")
    from_client, from_server = client.data_to_send(), server.data_to_send()
    assert feed(client, from_server) == [Left(Reason.STOPPED, "stopped by SIGTERM")]
    assert feed(server, from_client) == [Left(Reason.QUIT, "")]
    assert (client.state, server.state) == (State.CLOSED, State.CLOSED)
    assert sent(client) == sent(server) == []


@both_ends
def test_a_message_on_its_way_when_we_say_bye_still_arrives(open_link: Maker) -> None:
    """It is shown and acknowledged, and the peer learns that behind both goodbyes."""
    link = leave(open_link(Mode.FREE))
    assert feed(link, wire.text(1, "wait")) == [Said(1, ["wait"])]
    link.shown(1)
    assert feed(link, wire.bye(1)) == [Left(Reason.QUIT, "")]
    assert link.state is State.CLOSED
    assert sent(link) == [(wire.ACK, 1, b"")]


@both_ends
def test_a_talk_is_over_when_the_last_message_was_acknowledged(open_link: Maker) -> None:
    """After both goodbyes an ACK may still come; until then the talk is not over."""
    link = open_link(Mode.FREE)
    link.say(["one", "two"])
    link = leave(link)
    feed(link, wire.bye(0))
    assert link.state is State.CLOSED
    for number, over in ((0, False), (1, False), (2, True)):
        feed(link, wire.frame(wire.ACK, number))
        assert link.session.over is over
    link.receive_eof()
    assert events_of(link) == []


@both_ends
def test_a_stream_that_ends_before_the_last_ack_is_lost(open_link: Maker) -> None:
    """Also after both goodbyes: nobody knows whether the message was shown."""
    link = open_link(Mode.FREE)
    link.say(["one"])
    feed(leave(link), wire.bye(0))
    assert link.state is State.CLOSED
    assert lose(link).state is State.LOST
    assert not link.session.over


@both_ends
def test_a_message_and_bye_in_one_read_both_count(open_link: Maker) -> None:
    """In their order, however TCP cut them; what follows the goodbye is an error."""
    data = wire.text(1, "bye") + wire.bye(1, wire.QUIT, "see you")

    def serve(pieces: list[bytes]) -> tuple[list[object], State, bytes]:
        link = open_link(Mode.FREE)
        return plain(feed(link, *pieces)), link.state, link.data_to_send()

    told = [Said(1, ["bye"]), Left(Reason.QUIT, "see you")]
    assert serve([data])[:2] == (told, State.CLOSED)
    feed_three_ways(data, serve)
    feed_three_ways(data + wire.text(2, "x"), serve)
    late = serve([data + wire.text(2, "x")])
    assert late[:2] == ([*told, "TEXT in state CLOSED"], State.FAILED)


@both_ends
def test_nothing_can_be_said_after_our_goodbye(open_link: Maker) -> None:
    """Every call raises, and nothing is sent."""
    link = leave(open_link(Mode.FREE))
    for action in ("say", "play", "leave"):
        with pytest.raises(LocalProtocolError):
            ACTIONS[action](link)
    assert sent(link) == []


@both_ends
def test_a_peer_that_talks_after_both_goodbyes_gets_no_second_bye(open_link: Maker) -> None:
    """Only ACKs may follow a BYE, and it was told all there is to tell."""
    link = open_link(Mode.FREE)
    feed(link, wire.bye(0))
    assert str(break_rule(link, wire.text(1, "x"))) == "TEXT in state CLOSED"
    assert [kind for kind, _ in kinds(link)] == [wire.BYE]


@pytest.mark.parametrize(
    "reason", [Reason.QUIT, Reason.STOPPED], ids=lambda reason: reason.name
)
@both_ends
def test_a_bye_that_counts_other_messages_is_an_error(
    open_link: Maker, reason: Reason
) -> None:
    """It would hide that some were lost; also behind our own BYE."""
    for link in (open_link(), leave(open_link())):
        error = break_rule(link, wire.bye(5, reason))
        assert str(error) == "BYE after 5 messages, 0 came"


def heard_two(open_link: Maker) -> Link:
    """Return an open link in free talk to which two messages have come."""
    link = open_link(Mode.FREE)
    feed(link, wire.text(1, "one") + wire.text(2, "two"))
    return link


@pytest.mark.parametrize("number", [2, 3, 2**32 - 1])
@both_ends
def test_a_bye_that_names_an_error_of_ours_may_count_more_than_came(
    open_link: Maker, number: int
) -> None:
    """Its sender may have found the error before it had retransmitted all."""
    for link in (heard_two(open_link), leave(heard_two(open_link))):
        bye = wire.bye(number, wire.PROTOCOL, "you erred")
        assert feed(link, bye) == [Left(Reason.PROTOCOL, "you erred")]


@pytest.mark.parametrize("number", [0, 1])
@both_ends
def test_a_bye_that_names_an_error_of_ours_counts_no_less_than_came(
    open_link: Maker, number: int
) -> None:
    """Its sender has sent what has come."""
    for link in (heard_two(open_link), leave(heard_two(open_link))):
        error = break_rule(link, wire.bye(number, wire.PROTOCOL))
        assert str(error) == f"BYE after {number} messages, 2 came"


@pytest.mark.parametrize("number", [0, 2, 3])
@pytest.mark.parametrize(
    "reason", [Reason.VERSION, Reason.UNKNOWN_SESSION], ids=lambda reason: reason.name
)
def test_a_client_may_find_that_the_server_counts_another_talk(
    reason: Reason, number: int
) -> None:
    """Then the number in its BYE is that of the other talk, and is not judged."""
    for server in (heard_two(open_server), leave(heard_two(open_server))):
        assert feed(server, wire.bye(number, reason, "no")) == [Left(reason, "no")]


@pytest.mark.parametrize(
    ("open_link", "reason"),
    [
        (open_client, Reason.BUSY),
        (open_client, Reason.VERSION),
        (open_client, Reason.UNKNOWN_SESSION),
        (open_server, Reason.BUSY),
    ],
)
def test_in_a_talk_nobody_is_refused(open_link: Maker, reason: Reason) -> None:
    """Only a server is busy, and it has answered with HELLO already."""
    for link in (open_link(), leave(open_link())):
        assert str(break_rule(link, wire.bye(0, reason))) == f"BYE {reason.name} in a talk"


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
@pytest.mark.parametrize("returning", [False, True], ids=["new", "returning"])
def test_a_refusal_counts_no_messages(reason: Reason, returning: bool) -> None:
    """Any other number but 0 is an error, whatever the reason."""
    client = make_client()
    if returning:
        client = return_to(cut_pair()[0].session)
    error = break_rule(client, wire.bye(1, reason))
    assert str(error) == "BYE 1 where no talk was, expected 0"
    assert client.session.over


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
@pytest.mark.parametrize("number", [0, 7])
def test_the_answer_to_a_refusal_is_not_judged(reason: Reason, number: int) -> None:
    """The server does not know the talk that its client counts."""
    server = refusing_server()
    assert feed(server, wire.bye(number, reason)) == [Left(reason, "")]


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
@both_ends
def test_every_bye_is_answered_with_reason_1(open_link: Maker, reason: Reason) -> None:
    """Also one that names an error; unless a BYE was sent before."""
    allowed = {Reason.QUIT, Reason.STOPPED, Reason.PROTOCOL}
    if open_link is open_server:
        allowed |= {Reason.VERSION, Reason.UNKNOWN_SESSION}
    if reason in allowed:
        link = open_link()
        feed(link, wire.bye(0, reason, "so"))
        assert sent(link) == [(wire.BYE, 0, b"\1")]
        link = leave(open_link())
        feed(link, wire.bye(0, reason, "so"))
        assert sent(link) == []


@pytest.mark.parametrize(
    ("reason", "over"),
    [(Reason.QUIT, False), (Reason.STOPPED, False), (Reason.PROTOCOL, True)],
    ids=["quit", "stopped", "protocol error"],
)
@both_ends
def test_a_talk_that_was_broken_does_not_go_on(
    open_link: Maker, reason: Reason, over: bool
) -> None:
    """Behind an ordinary goodbye the last ACKs may still be fetched; here none comes."""
    link = open_link(Mode.FREE)
    link.say(["not acknowledged"])
    link.data_to_send()
    feed(link, wire.bye(0, reason))
    assert link.session.over is over
    link.receive_eof()
    assert events_of(link) == ([] if over else [Lost("")])
    assert link.session.unacknowledged == {1: "not acknowledged"}


# The end of the stream.


@pytest.mark.parametrize("cut", range(1, 13))
@both_ends
def test_a_stream_that_ends_inside_a_frame_counts_the_bytes(
    open_link: Maker, cut: int
) -> None:
    """At every byte of the frame: the event says how many came of how many."""
    link = open_link(Mode.FREE)
    feed(link, wire.text(1, "hello")[:cut])
    assert len(link.unfinished) == cut
    link.receive_eof("not this")
    expected = 8 if cut < 8 else 13
    assert events_of(link) == [Lost(f"stream ends after {cut} bytes, expected {expected}")]
    assert link.state is State.LOST


@both_ends
def test_what_came_before_the_end_is_reported_first(open_link: Maker) -> None:
    """The last message is not lost with the connection, nor a last error."""
    link = open_link(Mode.FREE)
    link.receive_data(wire.text(1, "last"))
    link.receive_eof("reset by peer")
    assert events_of(link) == [Said(1, ["last"]), Lost("reset by peer")]
    link = open_link(Mode.FREE)
    link.receive_data(wire.text(1, "last") + b"\xff" * 8)
    link.receive_eof()
    assert plain(events_of(link)) == [Said(1, ["last"]), "unknown kind 255"]
    assert link.state is State.FAILED


@both_ends
def test_a_lost_link_sends_nothing_that_it_still_owed(open_link: Maker) -> None:
    """The next link sends the messages again, and its HELLO acknowledges."""
    link = open_link(Mode.FREE)
    feed(link, wire.text(1, "x"), wire.frame(wire.PING, 1))
    link.shown(1)
    link.say(["never written"])
    lose(link)
    assert link.data_to_send() == b""
    assert link.session.written == 0
    assert link.session.unacknowledged == {1: "never written"}


@both_ends
def test_a_lost_link_sends_no_ack_and_no_pong(open_link: Maker) -> None:
    """Answers that were owed and not written are owed no longer."""
    link = open_link(Mode.FREE)
    feed(link, wire.text(1, "x"), wire.frame(wire.PING, 1))
    link.shown(1)
    lose(link)
    assert link.data_to_send() == b""


@both_ends
def test_a_lost_link_looks_at_nothing_that_still_comes(open_link: Maker) -> None:
    """Neither bytes nor a second end."""
    link = lose(open_link(Mode.FREE))
    assert link.receive_data(wire.text(1, "x")) == 0
    link.receive_eof("again")
    assert events_of(link) == []
    assert link.session.received == 0


# Runs: many messages in one event, the same as one event for each.

THREE = wire.text(1, "one") + wire.text(2, "für zwei") + wire.text(3, "🙂")


def talking_link(trace: Trace = silent) -> Link:
    """Return an open link in free talk that has sent two messages."""
    link = open_client(Mode.FREE, trace)
    link.say(["mine", "too"])
    link.data_to_send()
    return link


def show(link: Link, events: Iterator[Event]) -> list[object]:
    """Show what the events bring; return the texts one by one, and the other events."""
    told: list[object] = []
    for event in events:
        if isinstance(event, Said):
            told += event.texts
            link.shown(event.number)
        else:
            told += plain([event])
    return told


def take(link: Link, data: bytes) -> list[object]:
    """Receive all in one read, so that messages come in runs, and show them."""
    link.receive_data(data)
    return show(link, iter(link.next_event, None))


def take_bytewise(link: Link, data: bytes) -> list[object]:
    """Receive a byte at a time, so that each message is an event of its own."""
    told: list[object] = []
    for byte in data:
        told += take(link, bytes([byte]))
    return told


@pytest.mark.parametrize(
    ("behind", "count"),
    [
        pytest.param(b"", 0, id="nothing"),
        pytest.param(wire.text(4, "four")[:-1], 0, id="half a message"),
        pytest.param(wire.text(4, "four"), 1, id="the next message"),
        pytest.param(wire.text(5, "a gap"), 1, id="a gap"),
        pytest.param(wire.text(3, "again") + wire.text(4, "four"), 1, id="a message again"),
        pytest.param(wire.text(0, "no number"), 1, id="number 0"),
        pytest.param(
            wire.frame(wire.TEXT, 4, b"half \xc3") + wire.text(5, "five"), 1, id="not UTF-8"
        ),
        pytest.param(
            wire.frame(wire.GAME, 4, b"decline") + wire.text(5, "five"), 2, id="a game"
        ),
        pytest.param(wire.frame(wire.ACK, 1) + wire.text(4, "four"), 1, id="an ACK"),
        pytest.param(wire.frame(wire.PING, 1) + wire.text(4, "four"), 1, id="a PING"),
        pytest.param(wire.bye(3, wire.QUIT, "so long"), 1, id="a goodbye"),
        pytest.param(wire.bye(3) + wire.text(4, "late"), 2, id="a message after it"),
        pytest.param(b"\xff" * 8, 1, id="no frame"),
    ],
)
@pytest.mark.parametrize("trace", [silent, lambda *_: None], ids=["silent", "traced"])
def test_a_run_ends_before_anything_but_the_next_message(
    trace: Trace, behind: bytes, count: int
) -> None:
    """That is judged, reported and answered as if each had come alone."""
    together, alone = talking_link(trace), talking_link()
    told = take(together, THREE + behind)
    assert told == take_bytewise(alone, THREE + behind)
    assert len(told) == 3 + count
    assert standing(together) == standing(alone)


@both_ends
def test_a_run_is_one_event_and_acknowledged_when_it_was_shown(open_link: Maker) -> None:
    """Not because it was reported."""
    link = open_link(Mode.FREE)
    assert link.receive_data(THREE) == 3
    assert link.next_event() == Said(3, ["one", "für zwei", "🙂"])
    assert link.next_event() is None
    assert (link.session.received, link.session.shown) == (3, 0)
    assert link.data_to_send() == b""
    link.shown(3)
    assert sent(link) == [(wire.ACK, 3, b"")]


def test_in_turns_there_are_no_runs() -> None:
    """A peer that says two things at once is out of turn, also in one read."""
    server = open_server()
    server.receive_data(wire.text(1, "one") + wire.text(2, "and another thing"))
    assert plain(events_of(server)) == [Said(1, ["one"]), "TEXT 2 out of turn"]


def test_no_run_is_longer_than_a_slow_screen_can_bear() -> None:
    """Neither in messages nor in bytes; the rest is the next event's."""
    link = open_client(Mode.FREE)
    data = b"".join(wire.text(number, "x") for number in range(1, 2 * RUN + 2))
    assert link.receive_data(data) == 2 * RUN + 1
    assert events_of(link) == [
        Said(RUN, ["x"] * RUN),
        Said(2 * RUN, ["x"] * RUN),
        Said(2 * RUN + 1, ["x"]),
    ]
    link = open_client(Mode.FREE)
    half = "x" * (RUN_BYTES // 2)
    link.receive_data(b"".join(wire.text(number, half) for number in range(1, 4)))
    assert events_of(link) == [Said(2, [half, half]), Said(3, [half])]
    link = open_client(Mode.FREE)
    link.receive_data(wire.text(1, "x" * TEXT_LIMIT) + wire.text(2, "y"))
    assert events_of(link) == [Said(1, ["x" * TEXT_LIMIT]), Said(2, ["y"])]


def test_the_name_before_each_line_counts_for_a_slow_screen() -> None:
    """One-byte lines under the longest name are 128 times as long there."""
    link = make_server(mode=Mode.FREE)
    link.receive_data(wire.hello("n" * 127))
    assert isinstance(link.next_event(), Greeted)
    link.welcome()
    link.receive_data(b"".join(wire.text(each, "x") for each in range(1, RUN + 1)))
    first = link.next_event()
    assert isinstance(first, Said)
    assert len(first.texts) == RUN_BYTES // 128 + 1


def test_a_read_returns_how_many_frames_are_whole() -> None:
    """Those of earlier reads that were not handled count too."""
    link = open_client(Mode.FREE)
    assert link.receive_data(wire.text(1, "one")[:9]) == 0
    assert link.receive_data(wire.text(1, "one")[9:]) == 1
    assert link.receive_data(wire.text(2, "two")) == 2
    assert events_of(link) == [Said(2, ["one", "two"])]
    assert link.receive_data(b"") == 0


# When an ACK is sent.


@both_ends
def test_the_ack_of_a_few_messages_may_wait_and_that_of_many_may_not(
    open_link: Maker,
) -> None:
    """In free talk a message takes none along; once it is sent, it is counted anew."""
    link = open_link(Mode.FREE)
    feed(link, *(wire.text(number, "x") for number in range(1, 3 * ACK_AT)))
    for number in range(1, ACK_AT):
        link.shown(number)
        assert link.data_to_send(hurry=False) == b""
    link.shown(ACK_AT)
    assert link.data_to_send(hurry=False) == wire.frame(wire.ACK, ACK_AT)
    link.shown(2 * ACK_AT - 1)
    assert link.data_to_send(hurry=False) == b""
    link.say(["not with it"])
    assert link.data_to_send(hurry=False) == wire.text(1, "not with it")
    link.shown(2 * ACK_AT)
    assert link.data_to_send(hurry=False) == wire.frame(wire.ACK, 2 * ACK_AT)


@both_ends
def test_a_link_wants_to_send_when_an_ack_is_owed_or_urgent(open_link: Maker) -> None:
    """An ACK that only joins one that waits already needs no attention."""
    link = open_link(Mode.FREE)
    feed(link, *(wire.text(number, "x") for number in range(1, ACK_AT + 1)))
    link.data_to_send()
    assert not link.wants_to_send
    link.shown(1)
    assert link.wants_to_send
    link.data_to_send(hurry=False)
    assert link.replies.ack
    link.shown(2)
    assert not link.wants_to_send
    link.shown(ACK_AT)
    assert link.wants_to_send
    link.data_to_send(hurry=False)
    assert not link.replies.ack


def test_in_turns_an_answer_acknowledges_what_it_answers() -> None:
    """Should the connection be lost behind it, no message is in doubt that was shown.

    On both ends; in front of words about a game too.
    """
    server = open_server()
    feed(server, wire.text(1, "question"))
    server.shown(1)
    server.say(["answer"])
    answer = wire.frame(wire.ACK, 1) + wire.text(1, "answer")
    assert server.data_to_send(hurry=False) == answer
    client = open_client()
    client.say(["question"])
    feed(client, wire.text(1, "answer"))
    client.data_to_send()
    client.shown(1)
    client.play("decline")
    answer = wire.frame(wire.ACK, 1) + wire.frame(wire.GAME, 2, b"decline")
    assert client.data_to_send(hurry=False) == answer


@both_ends
def test_the_ack_of_a_message_that_came_again_may_wait(open_link: Maker) -> None:
    """Like that of any few."""
    link = open_link(Mode.FREE)
    feed(link, wire.text(1, "x"))
    link.shown(1)
    link.data_to_send()
    feed(link, wire.text(1, "x"))
    assert link.replies.ack
    assert link.wants_to_send
    assert link.data_to_send(hurry=False) == b""
    assert link.data_to_send() == wire.frame(wire.ACK, 1)


@both_ends
def test_a_pong_and_an_ack_behind_a_goodbye_do_not_wait(open_link: Maker) -> None:
    """The one is being timed, and behind the other the stream is about to end."""
    link = open_link(Mode.FREE)
    feed(link, wire.frame(wire.PING, 1))
    assert link.data_to_send(hurry=False) == wire.frame(wire.PONG, 1)
    leave(link)
    feed(link, wire.text(1, "still on its way"))
    assert link.data_to_send(hurry=False) == b""
    link.shown(1)
    assert link.data_to_send(hurry=False) == wire.frame(wire.ACK, 1)
    feed(link, wire.text(1, "still on its way"))
    assert link.data_to_send(hurry=False) == wire.frame(wire.ACK, 1)


@both_ends
def test_ack_and_pong_that_are_owed_go_out_together_and_once(open_link: Maker) -> None:
    """A PONG takes the ACK along that waits; after that nothing is owed."""
    link = open_link(Mode.FREE)
    feed(link, wire.text(1, "x"))
    link.shown(1)
    feed(link, wire.frame(wire.PING, 7))
    assert link.data_to_send(hurry=False) == (
        wire.frame(wire.ACK, 1) + wire.frame(wire.PONG, 7)
    )
    assert link.data_to_send() == b""


def test_replies_are_one_ack_and_one_pong_however_many_are_owed() -> None:
    """A peer that sends and never reads must fill no memory with the answers."""
    replies = Replies(10)
    assert replies.take(10) == []
    assert replies.owe_ack(11)
    for number in range(12, 10 + ACK_AT):
        assert not replies.owe_ack(number)
    assert not replies.urgent
    assert replies.owe_ack(10 + ACK_AT)
    assert replies.urgent
    for number in (1, 2, 0):
        replies.owe_pong(number)
    assert replies.take(10 + ACK_AT) == [
        (Kind.ACK, 10 + ACK_AT, b""),
        (Kind.PONG, 0, b""),
    ]
    assert (replies.ack, replies.urgent) == (False, False)
    assert replies.take(10 + ACK_AT) == []


# A new link and an old session: the connection broke, and the talk goes on.


def cut_pair(mode: Mode = Mode.FREE) -> tuple[Link, Link]:
    """Return a client and a server whose connection was lost behind three messages each.

    The first two are shown and acknowledged, the third was on its way.
    """
    client, server = make_pair(mode=mode)
    for _ in range(2):
        for speaker, hearer in ((client, server), (server, client)):
            speaker.say(["shown"])
            deliver(speaker, hearer)
            hearer.shown(hearer.session.received)
            deliver(hearer, speaker)
    for link in (client, server):
        if mode is Mode.FREE:
            link.say(["on its way"])
            link.data_to_send()
        lose(link)
    return client, server


def let_in(server: Link, hello: bytes) -> Link:
    """Return the link of a server that lets a client back in to the old session."""
    link = make_server()
    link.receive_data(hello)
    assert isinstance(link.next_event(), Greeted)
    link.welcome(server.session)
    return link


def test_a_returning_client_says_how_much_it_has_shown_and_names_the_mode() -> None:
    """The HELLO of the new link acknowledges; the numbers stay."""
    old, _ = cut_pair()
    client = make_client(session=old.session)
    assert client.session is old.session
    hello = b"CHAT\1" + SESSION_ID + b"\2client"
    assert sent(client) == [(wire.HELLO, 2, hello)]
    assert feed(client, wire.hello("server", wire.FREE, SESSION_ID, 3)) == [
        Opened(Hello(SESSION_ID, Mode.FREE, "server"))
    ]
    assert client.session.acknowledged == 3
    assert sent(client) == []
    assert client.say(["the fourth"]) == 1
    assert sent(client) == [(wire.TEXT, 4, b"the fourth")]


def test_a_server_answers_a_returning_client_with_the_old_session() -> None:
    """It says how much it has shown, and sends what the client lacks."""
    _, old = cut_pair()
    server = let_in(old, wire.hello("client", wire.FREE, SESSION_ID, 2))
    assert server.session is old.session
    assert server.state is State.OPEN
    hello = b"CHAT\1" + SESSION_ID + b"\2server"
    assert sent(server) == [(wire.HELLO, 2, hello), (wire.TEXT, 3, b"on its way")]
    assert server.session.acknowledged == 2


@both_modes
def test_what_is_said_while_the_connection_is_lost_is_sent_by_the_next_link(
    mode: Mode,
) -> None:
    """On either end, each message with its own kind and number, and the goodbye behind.

    Not before HELLO was answered: until then nobody knows what was seen.
    """
    client, server = cut_pair(mode)
    client.play("offer tictactoe me")
    assert client.say(["after the cut"]) == 1
    server.play("decline")
    back = make_client(session=client.session)
    back.play("resign")
    back.leave(Reason.QUIT, "tired")
    if mode is Mode.FREE:
        server.say(["here too"])
    server.leave(Reason.STOPPED, "")
    hello = back.data_to_send()
    assert [kind for kind, _, _ in wire.split(hello)] == [wire.HELLO]
    seat = let_in(server, hello)
    assert (seat.state, back.state) == (State.CLOSING, State.GREETING)
    third = ["on its way"] if mode is Mode.FREE else []
    number = 3 + len(third)
    more = [Said(number + 1, ["here too"])] if mode is Mode.FREE else []
    told = deliver(seat, back)
    assert told == [
        Opened(Hello(SESSION_ID, mode, "server")),
        *(Said(3, [text]) for text in third),
        Played(number, "decline"),
        *more,
        Left(Reason.STOPPED, ""),
    ]
    told = deliver(back, seat)
    assert told == [
        *(Said(3, [text]) for text in third),
        Played(number, "offer tictactoe me"),
        Said(number + 1, ["after the cut"]),
        Played(number + 2, "resign"),
        Left(Reason.QUIT, "tired"),
    ]


@pytest.mark.parametrize(
    ("hello", "says"),
    [
        pytest.param(
            wire.hello("s", wire.TURNS, SESSION_ID, 2),
            "another mode than before: turns, not free",
            id="mode",
        ),
        pytest.param(
            wire.hello("s", wire.FREE, SESSION_ID, 1), "2 were confirmed", id="too little"
        ),
        pytest.param(
            wire.hello("s", wire.FREE, SESSION_ID, 4), "3 were sent", id="too much"
        ),
    ],
)
def test_a_server_that_has_forgotten_the_talk_fails(hello: bytes, says: str) -> None:
    """It was started anew, or is another; the talk is over, and what it lacks is known."""
    client = return_to(cut_pair()[0].session)
    assert says in str(break_rule(client, hello))
    assert client.session.over
    assert client.session.unacknowledged == {3: "on its way"}


def test_a_hello_changes_no_session_before_it_is_welcomed() -> None:
    """Whose session it joins is decided by `welcome`."""
    assert remember(greeted_server().session) == remember(make_server().session)


@pytest.mark.parametrize(("seen", "says"), [(4, "3 were sent"), (1, "2 were confirmed")])
def test_a_client_with_an_impossible_number_is_not_let_back_in(
    seen: int, says: str
) -> None:
    """The call raises; neither the old session nor the new link has changed."""
    _, old = cut_pair()
    before = remember(old.session)
    link = greeted_server(seen)
    own = link.session
    with pytest.raises(UnknownSessionError, match=says):
        link.welcome(old.session)
    assert remember(old.session) == before
    assert link.session is own
    assert (link.state, sent(link)) == (State.DECIDING, [])
    link.refuse(Reason.UNKNOWN_SESSION, "")
    assert kinds(link) == [(wire.BYE, 0)]
    assert remember(old.session) == before


@pytest.mark.parametrize(
    "reason",
    [Reason.BUSY, Reason.UNKNOWN_SESSION, Reason.STOPPED],
    ids=lambda reason: reason.name,
)
def test_a_returning_client_may_be_refused(reason: Reason) -> None:
    """It can talk no more, and what was not acknowledged is still known.

    The number in a refusal counts no messages of this talk.
    """
    client = return_to(cut_pair()[0].session)
    assert feed(client, wire.bye(0, reason, "no")) == [Left(reason, "no")]
    assert kinds(client) == [(wire.BYE, 3)]
    assert not client.session.can_talk
    assert client.session.over
    assert client.session.unacknowledged == {3: "on its way"}


def test_a_message_that_the_old_link_never_wrote_goes_out_behind_the_hello() -> None:
    """A server that believes in the old connection may have written it there: once only."""
    old = open_server(Mode.FREE)
    old.say(["still in the output"])
    assert old.state is State.OPEN
    server = let_in(old, wire.hello("client", wire.FREE, SESSION_ID))
    assert [kind for kind, _ in kinds(server)] == [wire.HELLO, wire.TEXT]


@pytest.mark.parametrize(
    ("behind", "says"),
    [
        pytest.param(wire.text(5, "x"), "TEXT 5 where 3 was next", id="a gap"),
        pytest.param(b"\xff" * 8, "unknown kind 255", id="no frame"),
    ],
)
def test_what_follows_the_hello_of_a_returning_client_is_judged_by_the_old_session(
    behind: bytes, says: str
) -> None:
    """Also when it came in the same read, and cannot be a frame."""
    _, old = cut_pair()
    server = let_in(old, wire.hello("client", wire.FREE, SESSION_ID, 3) + behind)
    assert plain(events_of(server)) == [says]
    assert old.session.over


def test_the_hello_of_a_new_link_counts_as_an_ack() -> None:
    """So the next ACK that cannot wait is due so many messages later, on either end."""
    client, server = open_client(Mode.FREE), open_server(Mode.FREE)
    messages = [wire.text(number, "x") for number in range(1, 3 * ACK_AT)]
    for link in (client, server):
        feed(link, *messages[:ACK_AT])
        link.shown(ACK_AT - 1)
        lose(link)
    client = return_to(client.session)
    feed(client, wire.hello("server", wire.FREE, SESSION_ID))
    server = let_in(server, wire.hello("client", wire.FREE, SESSION_ID))
    server.data_to_send()
    for link in (client, server):
        feed(link, *messages[ACK_AT:])
        link.shown(2 * ACK_AT - 2)
        assert link.data_to_send(hurry=False) == b""
        link.shown(2 * ACK_AT - 1)
        assert link.data_to_send(hurry=False) == wire.frame(wire.ACK, 2 * ACK_AT - 1)


# Traces.


def test_a_trace_shows_a_frame_that_arrives_in_three_pieces() -> None:
    """A person reads in the log how TCP cut it."""
    lines: list[str] = []
    server = open_server(trace=lambda sign, what, raw: lines.append(f"{sign} {what}"))
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


def test_a_trace_has_the_raw_bytes_of_every_frame_and_read() -> None:
    """And every state that the link enters."""
    traced: list[tuple[str, str, bytes]] = []
    server = make_server(lambda sign, what, raw: traced.append((sign, str(what), raw)))
    hello = wire.hello(session=SESSION_ID)
    feed(server, hello)
    answer = server.data_to_send()
    feed(server, b"\xff" * 8)
    bye = server.data_to_send()
    assert traced == [
        ("~", "read 36 bytes: 1 frame", hello),
        ("<", "HELLO 0 00010203 any 'client' [28 bytes]", hello),
        ("=", "DECIDING", b""),
        (">", "HELLO 0 00010203 turns 'server' [28 bytes]", answer),
        ("=", "OPEN", b""),
        ("~", "read 8 bytes", b"\xff" * 8),
        ("!", "unknown kind 255", b""),
        (">", "BYE 0 protocol 'unknown kind 255' [17 bytes]", bye),
        ("=", "CLOSING", b""),
        ("=", "FAILED", b""),
    ]


def test_a_trace_shows_every_message_of_a_run() -> None:
    """A line for each, one way and the other."""
    lines: list[str] = []
    link = open_client(Mode.FREE, lambda sign, what, raw: lines.append(f"{sign} {what}"))
    lines.clear()
    assert take(link, THREE) == ["one", "für zwei", "🙂"]
    link.data_to_send()
    link.say(["uno", "dos"])
    assert lines == [
        "~ read 40 bytes: 3 frames",
        "< TEXT 1 'one' [3 bytes]",
        "< TEXT 2 'für zwei' [9 bytes]",
        "< TEXT 3 '🙂' [4 bytes]",
        "> ACK 3 [0 bytes]",
        "> TEXT 1 'uno' [3 bytes]",
        "> TEXT 2 'dos' [3 bytes]",
    ]


def test_a_trace_shows_what_a_new_link_sends_again() -> None:
    """A line for each message that the peer has not seen."""
    old = open_client(Mode.FREE)
    old.say(["one", "two"])
    lose(old)
    lines: list[str] = []
    client = make_client(
        lambda sign, what, raw: lines.append(f"{sign} {what}"), session=old.session
    )
    feed(client, wire.hello("server", wire.FREE, SESSION_ID))
    assert lines[0] == "> HELLO 0 00010203 free 'client' [28 bytes]"
    assert lines[-2:] == ["> TEXT 1 'one' [3 bytes]", "> TEXT 2 'two' [3 bytes]"]


# The laws of the core.


@both_ends
def test_after_an_error_a_link_stays_in_error(open_link: Maker) -> None:
    """What comes then is not looked at and not stored, and every call is refused."""
    link = open_link(Mode.FREE)
    break_rule(link, wire.frame(wire.PONG, 99) + wire.text(1, "behind it"))
    link.data_to_send()
    for number in range(100):
        assert link.receive_data(wire.text(number, "more")) == 0
    link.receive_data(b"x" * 100_000)
    link.receive_eof()
    assert events_of(link) == []
    assert not link.unfinished
    for action in ("welcome", "refuse", "leave", "say", "play"):
        with pytest.raises(LocalProtocolError):
            ACTIONS[action](link)
    assert link.data_to_send() == b""
    assert link.session.over


@both_ends
def test_half_a_frame_behind_an_error_is_forgotten(open_link: Maker) -> None:
    """Nothing waits for the rest of it."""
    link = open_link(Mode.FREE)
    break_rule(link, wire.text(2, "a gap") + wire.text(3, "half")[:9])
    assert not link.unfinished


@both_ends
def test_an_ack_that_is_owed_goes_out_before_the_bye_that_names_an_error(
    open_link: Maker,
) -> None:
    """What was shown was delivered, whatever came behind it."""
    link = open_link(Mode.FREE)
    feed(link, wire.text(1, "x"))
    link.shown(1)
    break_rule(link, wire.text(3, "a gap"))
    assert kinds(link) == [(wire.ACK, 1), (wire.BYE, 0)]


@both_ends
def test_time_passes_on_an_open_link_only(open_link: Maker) -> None:
    """It is an argument, and so is the time of a read: the core has no clock."""
    link = open_link()
    link.receive_data(wire.frame(wire.PING, 1), 5)
    assert events_of(link) == []
    assert link.wants_to_send
    assert kinds(link) == [(wire.PONG, 1)]
    assert link.seconds_left(6) == PING_SECONDS - 1
    link.pass_time(6)
    assert sent(link) == []
    link.pass_time(5 + PING_SECONDS)
    assert kinds(link) == [(wire.PING, 1)]
    link.receive_data(wire.frame(wire.PONG, 1), 6 + PING_SECONDS)
    assert events_of(link) == []
    assert link.pulse.round_trip == 1
    link.pass_time(6 + 3 * PING_SECONDS)
    assert events_of(link) == [Lost("nothing was heard for 20 s")]
    for other in (link, leave(open_link())):
        other.pass_time(100)
        assert sent(other) == []
        assert events_of(other) == []
        assert other.seconds_left(100) == PING_SECONDS


_FRAMES = st.one_of(
    st.builds(wire.text, st.integers(0, 4), st.text(min_size=1, max_size=5)),
    st.builds(lambda number: wire.frame(wire.GAME, number, b"decline"), st.integers(0, 4)),
    st.builds(lambda number: wire.frame(wire.ACK, number), st.integers(0, 3)),
    st.builds(lambda number: wire.frame(wire.PING, number), st.integers(0, 3)),
    st.builds(lambda number: wire.frame(wire.PONG, number), st.integers(0, 1)),
    st.builds(wire.bye, st.integers(0, 3), st.integers(0, 7)),
    st.builds(
        wire.hello, st.just("x"), st.integers(0, 3), st.just(SESSION_ID), st.integers(0, 1)
    ),
    st.binary(min_size=1, max_size=9),
)


class Outcome(NamedTuple):
    """All that came of some bytes."""

    events: list[object]
    shown: list[object]
    """The same, with the texts of a run one by one: how long it is depends on the cuts."""
    standing: tuple[object, ...]
    unfinished: bytes


def play(data: bytes, piece: int, *, greets: bool, ends: bool, trace: Trace) -> Outcome:
    """Feed a new link in pieces of some length, and return all that came of it."""
    link = make_client(trace) if greets else make_server(trace, mode=Mode.FREE)
    events: list[Event] = []
    shown: list[object] = []
    for start in range(0, len(data) + 1, piece):
        link.receive_data(data[start : start + piece])
        if ends and start + piece > len(data):
            link.receive_eof()
        while event := link.next_event():
            events.append(event)
            shown += show(link, iter((event,)))
            if isinstance(event, Greeted):
                answer(link, event)
    return Outcome(plain(events), shown, standing(link), bytes(link.unfinished))


def answer(link: Link, greeting: Greeted) -> None:
    """Welcome a client that begins a talk, and refuse any other."""
    if greeting.seen:
        link.refuse(Reason.UNKNOWN_SESSION, "")
    else:
        link.welcome()


@given(st.lists(_FRAMES, max_size=8), st.booleans(), st.booleans())
def test_a_link_never_raises_and_does_the_same_however_tcp_cut_the_bytes(
    frames: list[bytes], greets: bool, ends: bool
) -> None:
    """Whatever the peer sends, the link fails at most."""
    for data in with_and_without_hello(frames, greets=greets):
        whole = play(data, len(data) + 1, greets=greets, ends=ends, trace=silent)
        cut = play(data, 1, greets=greets, ends=ends, trace=silent)
        assert cut[1:] == whole[1:]


@given(st.lists(_FRAMES, max_size=8), st.booleans(), st.integers(1, 400))
def test_a_traced_link_reports_the_very_same_events_as_a_silent_one(
    frames: list[bytes], greets: bool, piece: int
) -> None:
    """Runs are as long, the answers are the same, and the trace shows every frame."""
    for data in with_and_without_hello(frames, greets=greets):
        ways: dict[str, bytearray] = defaultdict(bytearray)
        outcome = play(data, piece, greets=greets, ends=False, trace=record(ways))
        assert outcome == play(data, piece, greets=greets, ends=False, trace=silent)
        assert ways[">"] == outcome.standing[-1]
        assert data.startswith(ways["<"])
        if not [event for event in outcome.events if isinstance(event, str)]:
            assert ways["<"] + outcome.unfinished == data


def record(ways: dict[str, bytearray]) -> Trace:
    """Return a trace that joins the bytes of all frames, by the sign of their way."""

    def trace(sign: str, what: object, raw: bytes) -> None:
        ways[sign] += raw

    return trace


def with_and_without_hello(frames: list[bytes], *, greets: bool) -> list[bytes]:
    """Return these frames as a stream, and once more behind a valid HELLO."""
    hello = wire.hello("peer", wire.FREE if greets else wire.ANY, SESSION_ID)
    return [b"".join(frames), b"".join([hello, *frames])]


def test_what_is_owed_and_urgent_goes_before_a_line() -> None:
    """A PONG, and an ACK that goes with it, wait behind nothing."""
    client = open_client(Mode.FREE)
    feed(client, wire.text(1, "x"), wire.frame(wire.PING, 7))
    client.shown(1)
    client.say(["one"])
    assert [frame[:2] for frame in sent(client)] == [
        (wire.ACK, 1),
        (wire.PONG, 7),
        (wire.TEXT, 1),
    ]


def test_an_ack_does_not_wait_behind_many_lines() -> None:
    """In free talk it goes before a run of them, and behind a single one it waits."""
    client = open_client(Mode.FREE)
    feed(client, wire.text(1, "x"))
    client.shown(1)
    client.say(["one"])
    assert [frame[:2] for frame in wire.split(client.data_to_send(hurry=False))] == [
        (wire.TEXT, 1)
    ]
    client.say(["two", "three"])
    assert [frame[:2] for frame in wire.split(client.data_to_send(hurry=False))] == [
        (wire.ACK, 1),
        (wire.TEXT, 2),
        (wire.TEXT, 3),
    ]


def test_frames_without_an_event_are_counted_so_that_the_caller_can_pause() -> None:
    """16 at once: behind them it may look at its clock. The last need no pause."""
    _, server = make_pair()
    server.receive_data(b"".join(wire.frame(wire.PING, each) for each in range(40)))
    assert len(server.waiting) == 40
    assert server.next_event() == Handled(STEP)
    assert len(server.waiting) == 24
    assert server.next_event() == Handled(STEP)
    assert server.next_event() is None
    assert len(server.waiting) == 0
    server.receive_data(b"".join(wire.frame(wire.PING, each) for each in range(STEP)))
    assert server.next_event() is None
    assert server.data_to_send() == wire.frame(wire.PONG, STEP - 1)
