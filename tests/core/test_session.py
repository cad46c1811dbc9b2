"""What both ends remember of a talk: numbers, kept messages, the turn, the window.

No link and no bytes: these tests call a session as a link does. `hear` stands in for the
link that receives the peer's lines.
"""

from collections.abc import Iterable

import pytest

from chatlib.errors import LocalProtocolError, UnknownSessionError
from chatlib.protocol.frames import (
    GAME_LIMIT,
    LAST_NUMBER,
    TEXT_LIMIT,
    Bye,
    Hello,
    Kind,
    Mode,
    Reason,
)
from chatlib.protocol.session import (
    GAMES_WINDOW,
    MOVE_WORDS,
    WINDOW,
    WINDOW_BYTES,
    Count,
    Session,
)
from tests.helpers import SESSION_ID, remember

PEER = Hello(SESSION_ID, Mode.ANY, "peer")

LONGEST = "x" * TEXT_LIMIT
FULL = WINDOW_BYTES // TEXT_LIMIT
"""So many of the longest messages fill the window."""


def new_session(*, talks_first: bool = True) -> Session:
    """Return the session of an end that has not said HELLO."""
    return Session(Hello(SESSION_ID, Mode.ANY, "me"), talks_first=talks_first)


def begun_session(mode: Mode = Mode.FREE, *, talks_first: bool = True) -> Session:
    """Return the session of an end whose talk has begun."""
    session = new_session(talks_first=talks_first)
    session.begin(PEER, mode, 0)
    return session


def hear(session: Session, count: int = 1) -> None:
    """Receive so many lines from the peer."""
    session.received += count
    session.lead -= count


both_ends = pytest.mark.parametrize(
    "talks_first", [True, False], ids=["the end that talks first", "the other end"]
)


# Beginning.


@both_ends
def test_nothing_can_be_said_before_both_have_said_hello(talks_first: bool) -> None:
    """The mode is not known yet, and so it is no end's turn."""
    session = new_session(talks_first=talks_first)
    assert (session.mode, session.peer) == (Mode.ANY, None)
    assert not session.can_talk
    assert not session.has_turn()
    with pytest.raises(LocalProtocolError, match="there is nobody here yet"):
        session.add_texts(["too early"])
    assert remember(session) == remember(new_session(talks_first=talks_first))


@both_ends
@pytest.mark.parametrize("mode", [Mode.TURNS, Mode.FREE], ids=["turns", "free"])
def test_when_both_have_said_hello_the_mode_and_the_peer_are_known(
    mode: Mode, talks_first: bool
) -> None:
    """And the two may talk."""
    session = begun_session(mode, talks_first=talks_first)
    assert (session.mode, session.peer) == (mode, PEER)
    assert session.can_talk
    assert not session.over


def test_what_the_peer_last_said_of_itself_counts() -> None:
    """It may come back by another name."""
    session = begun_session()
    session.begin(PEER._replace(name="Ann"), Mode.FREE, 0)
    assert session.peer == PEER._replace(name="Ann")


def test_the_messages_that_a_returning_peer_has_seen_are_acknowledged() -> None:
    """Its HELLO is an ACK; what it has not seen is kept."""
    session = begun_session()
    session.add_texts(["one", "two", "three"])
    session.written = 3
    session.begin(PEER, Mode.FREE, 2)
    assert session.acknowledged == 2
    assert session.unacknowledged == {3: "three"}


def test_a_message_that_the_peer_has_seen_counts_as_written() -> None:
    """Also one that no connection was known to have taken, and never fewer than before."""
    session = begun_session()
    session.add_texts(["one", "two", "three"])
    assert session.written == 0
    session.begin(PEER, Mode.FREE, 2)
    assert session.written == 2
    session.written = 3
    session.begin(PEER, Mode.FREE, 2)
    assert session.written == 3


@pytest.mark.parametrize(
    ("seen", "says"),
    [
        pytest.param(4, "HELLO has seen 4 messages, 3 were sent", id="more than sent"),
        pytest.param(
            1, "HELLO has seen 1 messages, 2 were confirmed", id="less than acknowledged"
        ),
    ],
)
@both_ends
def test_a_hello_with_an_impossible_number_means_another_talk(
    talks_first: bool, seen: int, says: str
) -> None:
    """It is refused, and nothing has changed."""
    session = begun_session(talks_first=talks_first)
    session.add_texts(["one", "two", "three"])
    session.acknowledge(2)
    before = remember(session)
    with pytest.raises(UnknownSessionError) as raised:
        session.begin(PEER._replace(name="Eve"), Mode.TURNS, seen)
    assert str(raised.value) == says
    assert remember(session) == before


# Going on with another connection.


@pytest.mark.parametrize("seen", [2, 3])
def test_the_peer_that_knows_the_id_and_a_possible_number_is_expected(seen: int) -> None:
    """It has seen what it acknowledged, or also what was on its way."""
    session = begun_session()
    session.add_texts(["one", "two", "three"])
    session.acknowledge(2)
    assert session.expects(PEER, seen)


@pytest.mark.parametrize(
    ("hello", "seen"),
    [
        pytest.param(PEER._replace(session=b"?" * 16), 2, id="another id"),
        pytest.param(PEER, 1, id="less than it has acknowledged"),
        pytest.param(PEER, 4, id="more than was sent"),
    ],
)
def test_any_other_peer_is_not_expected(hello: Hello, seen: int) -> None:
    """Asking changes nothing."""
    session = begun_session()
    session.add_texts(["one", "two", "three"])
    session.acknowledge(2)
    before = remember(session)
    assert not session.expects(hello, seen)
    assert remember(session) == before


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name)
def test_the_mode_in_the_hello_of_a_returning_peer_is_not_looked_at(mode: Mode) -> None:
    """It is a wish, and the mode of a talk never changes."""
    session = begun_session(Mode.FREE)
    assert session.expects(PEER._replace(mode=mode), 0)


def test_a_peer_that_is_not_expected_may_be_known() -> None:
    """Its id is that of the talk, and its number or its time is wrong."""
    session = begun_session()
    session.add_texts(["one"])
    assert session.knows(PEER)
    assert not session.expects(PEER, 2)
    session.end()
    assert session.knows(PEER)
    assert not session.knows(PEER._replace(session=b"?" * 16))
    assert not new_session().knows(PEER)


def test_a_talk_has_messages_as_soon_as_either_end_has_sent_one() -> None:
    """Whether or not it was acknowledged."""
    session = begun_session()
    assert not session.has_messages
    session.add_words("offer tictactoe me")
    assert session.has_messages
    session = begun_session()
    hear(session)
    assert session.has_messages


def test_nobody_is_expected_before_a_talk_and_after_it() -> None:
    """There is nothing to come back to."""
    assert not new_session().expects(PEER, 0)
    session = begun_session()
    session.over = True
    assert not session.expects(PEER, 0)


def test_a_peer_is_expected_after_our_goodbye_too() -> None:
    """It has to be told, and what it said before is still to be shown."""
    session = begun_session()
    session.farewell = Bye(Reason.QUIT, "")
    assert session.expects(PEER, 0)


@pytest.mark.parametrize("ended", ["we left", "it is over"])
def test_a_new_connection_takes_no_goodbye_back(ended: str) -> None:
    """What was sent before is sent again, and nothing new can be said."""
    session = begun_session()
    if ended == "we left":
        session.leave(Bye(Reason.QUIT, ""))
    else:
        session.end()
    session.begin(PEER, Mode.FREE, 0)
    assert not session.can_talk
    assert not session.has_turn()


# Whether we may send.


@pytest.mark.parametrize("mode", [Mode.TURNS, Mode.FREE], ids=["turns", "free"])
@pytest.mark.parametrize("ended", ["we left", "it is over"])
def test_nothing_can_be_said_after_the_end(mode: Mode, ended: str) -> None:
    """Neither behind our goodbye nor when the talk is over."""
    session = begun_session(mode)
    if ended == "we left":
        session.leave(Bye(Reason.QUIT, ""))
    else:
        session.end()
    assert not session.can_talk
    assert not session.has_turn()
    assert session.obstacle == "the talk is over"
    with pytest.raises(LocalProtocolError, match="the talk is over"):
        session.add_texts(["too late"])
    assert session.sent == 0


def test_in_turns_the_two_ends_alternate() -> None:
    """The one may when both have sent equally many, the other when it is one behind."""
    first = begun_session(Mode.TURNS)
    other = begun_session(Mode.TURNS, talks_first=False)
    for _ in range(3):
        assert (first.has_turn(), other.has_turn()) == (True, False)
        assert (first.peer_has_turn, other.peer_has_turn) == (False, True)
        first.add_texts(["ping"])
        # While a line is on its way, neither may; the receiver must expect it.
        assert (first.has_turn(), other.has_turn()) == (False, False)
        assert (first.peer_has_turn, other.peer_has_turn) == (True, True)
        hear(other)
        assert (first.has_turn(), other.has_turn()) == (False, True)
        assert (first.peer_has_turn, other.peer_has_turn) == (True, False)
        other.add_texts(["pong"])
        hear(first)


@both_ends
def test_a_line_out_of_turn_is_refused_and_changes_nothing(talks_first: bool) -> None:
    """At the beginning for the one end, behind its first line for the other."""
    session = begun_session(Mode.TURNS, talks_first=talks_first)
    if talks_first:
        session.add_texts(["Hello"])
    before = remember(session)
    with pytest.raises(LocalProtocolError, match="it is not your turn"):
        session.add_texts(["and another thing"])
    assert remember(session) == before


@both_ends
def test_words_about_a_game_take_no_turn(talks_first: bool) -> None:
    """They are numbered with the lines, and the turn stays where it was."""
    session = begun_session(Mode.TURNS, talks_first=talks_first)
    turn = session.has_turn(), session.peer_has_turn
    assert session.add_words("offer tictactoe me") == (Kind.GAME, 1, b"offer tictactoe me")
    session.received += 1  # words of the peer
    assert (session.has_turn(), session.peer_has_turn) == turn
    if not talks_first:
        hear(session)
    assert session.add_texts(["Hello"]) == [(Kind.TEXT, 2, b"Hello")]


@both_ends
def test_in_free_talk_either_end_may_talk_at_any_time(talks_first: bool) -> None:
    """Several lines in a row, whatever the peer has said."""
    session = begun_session(talks_first=talks_first)
    session.add_texts(["one", "two"])
    assert session.has_turn()
    hear(session, 5)
    assert session.has_turn()
    assert session.add_texts(["three"]) == [(Kind.TEXT, 3, b"three")]


# The window of free talk.


def test_no_more_messages_wait_for_their_ack_than_the_window_has_room_for() -> None:
    """A peer that reads nothing must cost no memory; an ACK makes room again."""
    session = begun_session()
    assert len(session.add_texts(["x"] * (WINDOW + 1))) == WINDOW
    assert not session.has_turn()
    assert session.obstacle == f"{WINDOW} messages are not confirmed yet"
    with pytest.raises(LocalProtocolError, match=f"{WINDOW} messages are not"):
        session.add_texts(["one too many"])
    session.acknowledge(10)
    assert session.has_turn()
    assert len(session.add_texts(["x"] * 20)) == 10


def test_long_messages_fill_the_window_sooner() -> None:
    """1 MiB of text may wait, and the last message may go beyond it."""
    session = begun_session()
    assert len(session.add_texts(["x", *[LONGEST] * (FULL + 1)])) == 1 + FULL
    assert session.kept_bytes == 1 + WINDOW_BYTES
    with pytest.raises(LocalProtocolError, match=f"{1 + FULL} messages are not"):
        session.add_texts(["one too many"])
    session.acknowledge(1)
    assert not session.has_turn()
    session.acknowledge(2)
    assert len(session.add_texts([LONGEST] * 3)) == 1


def test_the_bytes_of_a_message_count_until_its_ack_and_only_once() -> None:
    """The window empties and fills as often as one likes; bytes count, not characters."""
    session = begun_session()
    longest = ["ü" * (TEXT_LIMIT // 2)] * FULL
    for number in range(1, 4):
        assert len(session.add_texts(longest)) == FULL
        assert not session.has_turn()
        session.acknowledge(number * FULL)
        assert session.kept_bytes == 0


@pytest.mark.parametrize("before", [1, WINDOW - 1, WINDOW, WINDOW + 1])
def test_words_about_a_game_take_room_in_the_window(before: int) -> None:
    """They may be more than the window; lines have the room that is left."""
    session = begun_session()
    for _ in range(before):
        session.add_words("decline")
    room = max(0, WINDOW - before)
    if room:
        assert len(session.add_texts(["x"] * 2 * WINDOW)) == room
    assert not session.has_turn()
    session.acknowledge(3 + max(0, before - WINDOW))
    assert len(session.add_texts(["x"] * 2 * WINDOW)) == 3


@pytest.mark.parametrize("mode", [Mode.TURNS, Mode.FREE], ids=["turns", "free"])
def test_there_is_a_limit_to_the_words_about_games_that_wait(mode: Mode) -> None:
    """A peer that plays and does not read must cost no memory either."""
    session = begun_session(mode)
    most = WINDOW + GAMES_WINDOW
    for _ in range(most):
        session.add_words("decline")
    before = remember(session)
    with pytest.raises(LocalProtocolError, match=f"{most} messages are not confirmed yet"):
        session.add_words("decline")
    assert remember(session) == before
    session.acknowledge(1)
    session.add_words("decline")


def test_a_move_needs_room_for_all_its_messages() -> None:
    """Otherwise it would be made at one end only."""
    session = begun_session(Mode.FREE)
    for _ in range(WINDOW + GAMES_WINDOW - MOVE_WORDS):
        session.add_words("decline")
    assert session.has_room_for_move
    session.add_words("decline")
    assert not session.has_room_for_move
    session.acknowledge(1)
    assert session.has_room_for_move
    session.sent = LAST_NUMBER - MOVE_WORDS + 1
    assert not session.has_room_for_move


# Numbers.


@both_ends
def test_messages_are_numbered_from_1_and_never_twice(talks_first: bool) -> None:
    """Lines and words about games together, also while nobody is connected."""
    session = begun_session(talks_first=talks_first)
    assert session.add_texts(["one", "two"]) == [
        (Kind.TEXT, 1, b"one"),
        (Kind.TEXT, 2, b"two"),
    ]
    assert session.add_words("accept") == (Kind.GAME, 3, b"accept")
    session.begin(PEER, Mode.FREE, 2)
    assert session.add_texts(["für vier"]) == [(Kind.TEXT, 4, "für vier".encode())]
    assert session.sent == 4


CANNOT_BE_SENT = {
    "empty": "",
    "too long": "x" * (TEXT_LIMIT + 1),
    "too long in bytes": "ü" * (TEXT_LIMIT // 2 + 1),
    "half a surrogate pair": "half \ud800",
}

cannot_be_sent = pytest.mark.parametrize(
    "text", CANNOT_BE_SENT.values(), ids=CANNOT_BE_SENT.keys()
)


@cannot_be_sent
@pytest.mark.parametrize("mode", [Mode.TURNS, Mode.FREE], ids=["turns", "free"])
def test_a_line_that_cannot_be_sent_leaves_it_our_turn(mode: Mode, text: str) -> None:
    """Nothing has changed, and its number is not used up."""
    session = begun_session(mode)
    with pytest.raises(LocalProtocolError, match="the message is"):
        session.add_texts([text, "not reached"])
    assert remember(session) == remember(begun_session(mode))
    assert session.has_turn()
    assert session.add_texts(["better"]) == [(Kind.TEXT, 1, b"better")]


@cannot_be_sent
def test_lines_are_taken_up_to_the_first_that_cannot_be_sent(text: str) -> None:
    """That one is the first of the next call, which says what is wrong with it."""
    session = begun_session()
    assert len(session.add_texts(["one", "two", text, "four"])) == 2
    assert session.sent == 2
    with pytest.raises(LocalProtocolError, match="the message is"):
        session.add_texts([text, "four"])
    assert session.unacknowledged == {1: "one", 2: "two"}


def test_no_line_at_all_is_no_error() -> None:
    """Nothing is sent, and nothing has changed."""
    session = begun_session()
    assert session.add_texts([]) == []
    assert remember(session) == remember(begun_session())


@pytest.mark.parametrize(
    "words",
    ["", "x" * (GAME_LIMIT + 1), "\ud800"],
    ids=["empty", "too long", "half a pair"],
)
def test_words_about_a_game_that_cannot_be_sent_change_nothing(words: str) -> None:
    """Their limit is lower than that of a line."""
    session = begun_session()
    with pytest.raises(LocalProtocolError, match="the message is"):
        session.add_words(words)
    assert remember(session) == remember(begun_session())


def add_one_by_one(session: Session, texts: Iterable[str]) -> int:
    """Add lines one at a time, up to the first that may not be sent; return how many."""
    count = 0
    for text in texts:
        try:
            session.add_texts([text])
        except LocalProtocolError:
            break
        count += 1
    return count


def add_together(session: Session, texts: Iterable[str]) -> int:
    """Add lines in one call; return how many were taken."""
    try:
        return len(session.add_texts(texts))
    except LocalProtocolError:
        return 0


FOUR = ["one", "für zwei", "🙂" * 3, "four"]


@pytest.mark.parametrize(
    ("texts", "mode", "count"),
    [
        pytest.param(FOUR, Mode.FREE, 4, id="free talk"),
        pytest.param(FOUR, Mode.TURNS, 1, id="turns"),
        pytest.param([LONGEST, "x"], Mode.FREE, 2, id="a long line"),
        *(
            pytest.param(["one", text, "two"], Mode.FREE, 1, id=f"the second is {what}")
            for what, text in CANNOT_BE_SENT.items()
        ),
        pytest.param(["x"] * (WINDOW + 2), Mode.FREE, WINDOW, id="too many"),
        pytest.param(["x", *[LONGEST] * 40], Mode.FREE, 1 + FULL, id="too many bytes"),
    ],
)
def test_lines_in_one_call_are_the_same_as_one_call_for_each(
    texts: list[str], mode: Mode, count: int
) -> None:
    """The same messages with the same numbers; and the same ones have to wait."""
    together, one_by_one = begun_session(mode), begun_session(mode)
    for start in (0, count):
        rest = texts[start:]
        taken = add_together(together, rest)
        assert taken == add_one_by_one(one_by_one, rest)
        assert taken == (0 if start else count)
        assert remember(together) == remember(one_by_one)


# Kept until acknowledged.


def test_a_message_is_kept_with_its_text_until_its_ack() -> None:
    """So that it can be sent again, and be listed at the end."""
    session = begun_session()
    messages = [*session.add_texts(["one", "für zwei"]), session.add_words("accept")]
    assert list(session.kept) == messages
    assert session.kept_bytes == sum(len(body) for _, _, body in messages)
    session.acknowledge(1)
    assert list(session.kept) == messages[1:]
    assert session.unacknowledged == {2: "für zwei"}
    session.acknowledge(3)
    assert (list(session.kept), session.kept_bytes) == ([], 0)
    assert session.acknowledged == 3


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_ack_of_what_was_acknowledged_already_is_no_news(number: int) -> None:
    """Nor is one of less."""
    session = begun_session()
    session.add_texts(["one", "two", "three"])
    session.acknowledge(2)
    before = remember(session)
    session.acknowledge(number)
    assert remember(session) == before


def test_lines_and_words_about_games_are_counted_apart() -> None:
    """The person is told about the lines."""
    session = begun_session()
    session.add_texts(["one"])
    session.add_words("offer tictactoe me")
    session.add_texts(["three", "four"])
    assert (session.sent, session.texts_sent, session.texts_kept) == (4, 3, 3)
    assert session.unacknowledged == {1: "one", 3: "three", 4: "four"}
    session.acknowledge(3)
    assert (session.sent, session.texts_sent, session.texts_kept) == (4, 3, 1)
    assert session.unacknowledged == {4: "four"}


# The last number.


@pytest.mark.parametrize("left", [1, 2, 3])
def test_lines_are_taken_as_long_as_there_are_numbers(left: int) -> None:
    """No number is used twice, and none is higher than a header has room for."""
    session = begun_session()
    session.sent = LAST_NUMBER - left
    messages = session.add_texts(["x"] * 3)
    assert [number for _, number, _ in messages] == [
        *range(LAST_NUMBER - left + 1, LAST_NUMBER + 1)
    ]
    before = remember(session)
    with pytest.raises(LocalProtocolError, match="no number left"):
        session.add_texts(["one more"])
    with pytest.raises(LocalProtocolError, match="no number left"):
        session.add_words("decline")
    assert remember(session) == before
    assert session.can_talk  # so that it can still be left


@pytest.mark.parametrize("left", [0, 1])
@both_ends
def test_in_turns_the_last_number_is_the_end_too(talks_first: bool, left: int) -> None:
    """The last line is sent, and the next one is refused."""
    session = begun_session(Mode.TURNS, talks_first=talks_first)
    session.lead = 0 if talks_first else -1
    session.sent = LAST_NUMBER - left
    if left:
        assert session.add_texts(["x"]) == [(Kind.TEXT, LAST_NUMBER, b"x")]
        hear(session)
    with pytest.raises(LocalProtocolError, match="no number left"):
        session.add_texts(["x"])


def test_words_about_a_game_may_take_the_last_number() -> None:
    """They are counted with the lines."""
    session = begun_session()
    session.sent = LAST_NUMBER - 1
    assert session.add_words("decline") == (Kind.GAME, LAST_NUMBER, b"decline")


# A program that was restarted.


def restored_session(
    mode: Mode = Mode.FREE, sent: int = 4, theirs: int = 3, *, talks_first: bool = True
) -> Session:
    """Return the session of a restarted end; its last two messages are kept."""
    return Session.restored(
        Hello(SESSION_ID, mode, "me"),
        PEER._replace(mode=mode),
        talks_first=talks_first,
        ours=Count(sent, sent),
        theirs=Count(theirs, theirs),
        kept=[(Kind.TEXT, sent - 1, b"a"), (Kind.TEXT, sent, b"b")],
    )


def test_a_restored_session_knows_what_it_knew_before() -> None:
    """And expects its peer, with any number that it may have seen."""
    session = begun_session()
    session.add_texts(["1", "2", "a", "b"])
    session.acknowledge(2)
    hear(session, 3)
    session.shown, session.written = 3, 4
    session.hello = session.hello._replace(mode=Mode.FREE)
    session.peer = PEER._replace(mode=Mode.FREE)
    restored = {**remember(restored_session()), "restarted": False, "can_talk": True}
    assert restored == remember(session)


def test_no_message_gets_a_number_before_the_peer_has_said_hello() -> None:
    """It may have shown one with that number: it would show no other."""
    session = restored_session()
    assert not session.has_turn()
    with pytest.raises(LocalProtocolError):
        session.add_texts(["new"])
    session.begin(PEER, Mode.FREE, 6)
    assert session.add_texts(["new"]) == [(Kind.TEXT, 7, b"new")]


def test_a_goodbye_outlives_a_restart() -> None:
    """Nothing more is said, and the next connection sends it again."""
    farewell = Bye(Reason.QUIT, "see you")
    session = Session.restored(
        PEER, PEER, talks_first=True, ours=Count(0, 0), theirs=Count(0, 0), kept=(),
        farewell=farewell,
    )  # fmt: skip
    session.begin(PEER, Mode.FREE, 0)
    assert session.farewell == farewell and not session.can_talk


@pytest.mark.parametrize("seen", [2, 3, 4, 5, 4000, LAST_NUMBER])
def test_a_restored_session_expects_a_peer_that_has_seen_more(seen: int) -> None:
    """Until it has met it: then everything is known again."""
    session = restored_session()
    assert session.expects(PEER, seen)
    session.begin(PEER, Mode.FREE, seen)
    assert session.expects(PEER, seen) and not session.expects(PEER, seen + 5)
    assert session.sent == max(seen, 4) and len(session.kept) == max(0, 4 - seen)
    assert session.texts_sent == session.sent
    assert session.kept_bytes == len(session.kept)


def test_a_restored_session_does_not_expect_a_peer_that_has_forgotten() -> None:
    """Its messages before that are not kept any more."""
    session = restored_session()
    assert not session.expects(PEER, 1)
    with pytest.raises(UnknownSessionError):
        session.begin(PEER, Mode.FREE, 1)


@both_ends
@pytest.mark.parametrize("missing", [1, 3])
def test_a_forgotten_line_has_used_our_turn(talks_first: bool, missing: int) -> None:
    """In turns no more than one can be forgotten: it was shown, so it is the peer's."""
    theirs = 4 if talks_first else 5
    session = restored_session(Mode.TURNS, 4, theirs, talks_first=talks_first)
    session.begin(PEER, Mode.TURNS, 4 + missing)
    assert session.peer_has_turn and not session.has_turn()
    assert session.texts_sent == 5


@both_ends
def test_a_line_that_is_forgotten_before_the_last_answer_gives_us_the_turn(
    talks_first: bool,
) -> None:
    """The peer has answered it, so it is known that it was a line."""
    theirs = 5 if talks_first else 6
    session = restored_session(Mode.TURNS, 4, theirs, talks_first=talks_first)
    session.begin(PEER, Mode.TURNS, 5)
    assert session.has_turn() and session.texts_sent == 5
