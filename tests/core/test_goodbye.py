"""How a talk ends: goodbyes, losses, and what the person reads of them.

Two chats over a real connection, as in `tests/talks.py`.
"""

import signal
import socket
from collections import deque
from collections.abc import Callable

import pytest

from chatlib.chat import Chat
from chatlib.connection import (
    CLOSING_SECONDS,
    GOODBYE_SECONDS,
)
from chatlib.ending import LISTED
from chatlib.goodbye import STOP_SECONDS
from chatlib.loop import Loop
from chatlib.protocol.events import Opened
from chatlib.protocol.frames import Reason
from harness import wire
from tests.helpers import (
    SESSION_ID,
    Clock,
    make_client,
    move,
    socket_pair,
    until,
)
from tests.talks import (
    SEARCH_SECONDS,
    Person,
    Talk,
    meet,
)

# Goodbyes.


@pytest.mark.parametrize("leaver", ["client", "server"])
def test_q_ends_both_with_0(talk: Talk, leaver: str) -> None:
    """Whichever side has the turn."""
    first, second = talk.people if leaver == "client" else talk.people[::-1]
    first.types("/q so long")
    talk.until_over()
    assert first.ends == [(0, True)]
    assert second.ends == [(0, False)]
    assert first.notes.news()[-1] == "notify Goodbye: you left."
    assert (
        second.notes.news()[-1] == f"notify Goodbye: the {leaver} left. Last words: so long"
    )


def test_q_after_a_message_shows_the_message_first(talk: Talk) -> None:
    """Everything typed before `/q` arrives."""
    talk.client.types("last words", "/q")
    talk.until_over()
    assert "show last words" in talk.server.notes.news()
    assert talk.client.notes.news()[-1] == (
        "notify Goodbye: you left; your message was delivered."
    )


def test_both_may_leave_at_once(talk: Talk) -> None:
    """Neither waits for the other in vain, and each sees the other's last words."""
    talk.client.types("/q so long")
    talk.server.types("/q take care")
    talk.until_over()
    assert [person.ends for person in talk.people] == [[(0, True)], [(0, True)]]
    assert talk.client.notes.news()[-1] == "notify Goodbye: you left. Last words: take care"
    assert talk.server.notes.news()[-1] == "notify Goodbye: you left. Last words: so long"


def test_last_words_cannot_forge_lines(talk: Talk) -> None:
    """A line end in them stays inside the one notice, which the terminal makes visible."""
    talk.client.connection.leave(Reason.QUIT, "bye\nGoodbye: forged.")
    talk.until_over()
    assert (
        "notify Goodbye: the client left. Last words: bye\nGoodbye: forged."
        in talk.server.notes.news()
    )


def test_last_words_over_the_limit_are_cut_and_the_person_is_told(talk: Talk) -> None:
    """A goodbye carries 127 bytes of them."""
    words = "x" * 128
    talk.client.types(f"/q {words}")
    talk.until_over()
    assert f"notify Cut to 127 bytes: {words}" in talk.client.notes.news()
    assert talk.server.notes.news()[-1].endswith(f"Last words: {words[:127]}")


def test_last_words_cannot_pass_for_ours(talk: Talk) -> None:
    """They stand at the end of the line: everything after "Last words" is the peer's."""
    talk.client.types("one", "/q x; your 9 messages were delivered.")
    talk.until_over()
    assert talk.server.notes.news()[-1] == (
        "notify Goodbye: the client left. Last words: x; your 9 messages were delivered."
    )


def test_a_goodbye_that_is_answered_with_an_error_is_no_goodbye(talk: Talk) -> None:
    """The peer says that we broke the protocol: that counts, although we left first."""
    talk.client.types("/q")
    talk.server.connection.leave(Reason.PROTOCOL, "you broke it")
    talk.until_over()
    assert talk.client.ends == [(1, True)]
    assert talk.client.notes.news()[-1] == (
        "notify The chat was ended by the server. Last words: you broke it"
    )


def test_a_line_after_our_goodbye_is_given_back(talk: Talk) -> None:
    """At once: no turn will come for it."""
    talk.client.types("/q", "one more thing")
    assert "refuse Not sent, you have left: one more thing" in talk.client.notes.news()
    talk.until_over()


def test_a_line_after_the_peers_goodbye_is_given_back(talk: Talk) -> None:
    """Before the connection is closed it is clear already that nobody will read it."""
    talk.server.types("/q")
    talk.until(lambda: talk.client.chat.is_leaving)
    talk.client.types("one more thing")
    assert "refuse Not sent, the server has left: one more thing" in (
        talk.client.notes.news()
    )
    talk.until_over()


def test_a_second_goodbye_changes_nothing(talk: Talk) -> None:
    """Neither /q again nor the end of the input."""
    talk.client.types("/q", "/q", "more")
    talk.client.chat.input_ended()
    talk.until_over()
    assert talk.client.ends == [(0, True)]
    assert "notify Goodbye: you left." in talk.client.notes.news()


def test_the_end_of_input_is_a_goodbye(talk: Talk) -> None:
    """Like `/q`."""
    talk.client.chat.input_ended()
    talk.until_over()
    assert [person.ends for person in talk.people] == [[(0, True)], [(0, False)]]


def test_before_the_peers_hello_a_goodbye_waits_for_it(loop: Loop) -> None:
    """Without an answer it is over as if nobody had come."""
    person = Person(loop)
    near, far = socket_pair()
    person.connect(near, make_client())
    person.chat.set_connection(person.connection)
    assert not person.chat.is_free
    person.types("/q")
    assert person.ends == []
    person.chat.set_connection(None)
    assert person.chat.is_free
    person.chat.fail("chatc: the server has gone", 3)
    assert person.ends == [(0, True)]
    assert person.notes.news() == ["notify Goodbye: you left before anybody came."]
    person.connection.close()
    far.close()


def test_a_talk_that_never_began_ends_with_the_reason_and_its_code() -> None:
    """Lines that were typed meanwhile are listed."""
    person = Person(Loop())
    person.types("Anybody?")
    person.notes.news()
    person.chat.fail("chatc: no server there", 3)
    assert person.ends == [(3, False)]
    assert person.notes.news() == [
        "notify chatc: no server there",
        "notify Never sent: Anybody?",
    ]


LEAVES: dict[str, tuple[Callable[[Chat], None], int]] = {
    "quit": (lambda chat: chat.typed(deque(["/q"])), 0),
    "end of input": (lambda chat: chat.input_ended(), 0),
    "signal": (lambda chat: chat.stop(signal.SIGTERM), 143),
}


@pytest.mark.parametrize(("leave", "code"), LEAVES.values(), ids=LEAVES)
def test_before_anybody_came_a_goodbye_ends_at_once(
    leave: Callable[[Chat], None], code: int
) -> None:
    """There is no peer to wait for; the lines that were typed are listed."""
    person = Person(Loop())
    person.chat.start()
    person.types("Anybody?")
    leave(person.chat)
    assert person.ends == [(code, True)]
    assert person.notes.news() == [
        "notify Kept for later, because there is nobody here yet: Anybody?",
        "notify Goodbye: you left before anybody came.",
        "notify Never sent: Anybody?",
    ]


@pytest.mark.parametrize(
    ("number", "how"),
    [
        (signal.SIGINT, "left"),
        (signal.SIGTERM, "was stopped"),
        (signal.SIGHUP, "closed the window"),
    ],
)
def test_a_signal_says_goodbye_and_ends_with_128_and_its_number(
    talk: Talk, number: signal.Signals, how: str
) -> None:
    """The other side is told what that means, and ends with 0."""
    talk.server.chat.stop(number)
    talk.until_over()
    assert talk.server.ends == [(128 + number, True)]
    assert talk.client.ends == [(0, False)]
    assert talk.client.notes.news()[-1] == (f"notify Goodbye: the server {how}.")
    assert talk.server.notes.news()[0] == (
        "begin line" if number == signal.SIGINT else "notify Goodbye: you left."
    )


def test_a_second_signal_does_not_wait_for_the_peer(talk: Talk) -> None:
    """Its number is the exit code."""
    talk.client.chat.stop(signal.SIGTERM)
    talk.client.chat.stop(signal.SIGINT)
    assert talk.client.ends == [(128 + signal.SIGINT, True)]
    assert talk.client.notes.news()[-1] == (
        "notify You left, but the server did not answer."
    )


def test_a_closed_terminal_counts_as_a_hang_up(talk: Talk) -> None:
    """Its end of input is no goodbye of the person; the signal that follows says less."""
    talk.client.notes.closed_by_person = True
    talk.client.chat.input_ended()
    talk.client.chat.stop(signal.SIGHUP)  # the signal itself comes a little later
    talk.until_over()
    assert [person.ends for person in talk.people] == [[(129, True)], [(0, False)]]
    assert talk.client.notes.news()[-1] == "notify Goodbye: you left."
    assert talk.server.notes.news()[-1].endswith("the client closed the window.")


def test_who_leaves_between_two_talks_is_not_told_that_nobody_came(talk: Talk) -> None:
    """With `--again` the next talk has a chat of its own, and what was is remembered."""
    memory = talk.client.chat._memory
    talk.client.types("/q")
    talk.until_over()
    talk.client.notes.news()
    Chat(talk.client.notes, lambda *_: None, talk.client.recovery, memory).stop(2)
    assert talk.client.notes.news() == ["begin line", "notify Goodbye: you left."]


# Losses and errors.


def test_of_very_many_lines_the_first_are_listed_and_the_others_counted(
    free: Talk,
) -> None:
    """Otherwise they would push the sentence before them off the screen."""
    free.loop.forget(free.server.connection._socket.fileno())  # the server reads no more
    free.client.types(*map(str, range(2 * LISTED)))
    free.client.notes.news()
    free.server.connection._socket.close()
    free.until(lambda: bool(free.client.ends))
    told = free.client.notes.news()[1:]
    assert told[:LISTED] == [f"notify Not confirmed: {each}" for each in range(LISTED)]
    assert told[LISTED:] == [f"notify Not confirmed as well: {LISTED} more lines."]


def test_a_lost_connection_lists_the_messages_that_were_not_confirmed(talk: Talk) -> None:
    """By text; the exit code says that something was lost."""
    talk.loop.forget(talk.server.connection._socket.fileno())  # the server reads no more
    talk.client.types("Hello?")
    talk.server.connection._socket.close()
    talk.until(lambda: bool(talk.client.ends))
    assert talk.client.ends == [(1, False)]
    assert talk.client.notes.news() == [
        "notify The connection to the server was lost; your message was not confirmed.",
        "notify Not confirmed: Hello?",
    ]


def test_of_many_messages_those_that_were_not_confirmed_are_counted(free: Talk) -> None:
    """The delivered ones are not listed; the frame that was cut is described."""
    free.client.types("one")
    free.until(lambda: not free.client.session.kept)
    free.loop.forget(free.server.connection._socket.fileno())  # the server reads no more
    free.client.types("two", "three")
    free.client.notes.news()
    free.server.connection._socket.send(b"\0")
    free.server.connection._socket.shutdown(1)
    free.until(lambda: bool(free.client.ends))
    assert free.client.notes.news() == [
        "notify The connection to the server was lost: stream ends after 1 bytes, "
        "expected 8; 2 of your 3 messages were not confirmed.",
        "notify Not confirmed: two",
        "notify Not confirmed: three",
    ]


def test_a_peer_that_breaks_the_protocol_is_named(talk: Talk) -> None:
    """The chat ends with 1 on both sides."""
    talk.client.connection._pending += b"\xff" * 8
    talk.client.connection.flush()
    talk.until_over()
    assert talk.server.ends == [(1, False)]
    assert (
        "notify The protocol was broken by the client: unknown kind 255."
        in talk.server.notes.news()
    )
    assert talk.client.ends == [(1, False)]
    assert (
        "notify The chat was ended by the server. Last words: unknown kind 255"
        in talk.client.notes.news()
    )


# Leaving while the peer is searched for.


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [(("/q",), STOP_SECONDS), (("Hello", "/q"), GOODBYE_SECONDS)],
    ids=["nothing under way", "a message under way"],
)
def test_a_person_who_leaves_during_a_search_waits_no_longer_than_for_a_goodbye(
    lost: Talk, clock: Clock, lines: tuple[str, ...], seconds: float
) -> None:
    """And less where only the goodbye itself would be lost."""
    lost.client.types(*lines)
    move(lost.loop, clock, seconds - 0.001)
    assert lost.client.ends == []
    move(lost.loop, clock, 0.002)
    assert lost.client.ends == [(1, True)]
    sentence = "notify You left, but the server did not answer"
    assert any(line.startswith(sentence) for line in lost.client.notes.news())


def test_a_second_q_during_a_search_waits_a_moment_only(lost: Talk, clock: Clock) -> None:
    """Whatever is under way."""
    lost.client.types("Hello", "/q", "/q")
    move(lost.loop, clock, STOP_SECONDS)
    assert lost.client.ends == [(1, True)]


def test_a_goodbye_during_a_search_is_said_when_the_peer_is_found(
    lost: Talk, clock: Clock
) -> None:
    """The message before it arrives first, and both end with 0."""
    lost.client.types("Hello", "/q so long")
    lost.mend()
    lost.until_over()
    assert [person.ends for person in lost.people] == [[(0, True)], [(0, False)]]
    assert lost.server.notes.news()[-3:] == [
        "notify Connected with the client again.",
        "show Hello",
        "notify Goodbye: the client left. Last words: so long",
    ]


def test_a_peer_that_comes_back_and_falls_silent_does_not_delay_a_goodbye(
    clock: Clock,
) -> None:
    """The time of a goodbye begins again when it comes back, once."""
    loop = Loop(clock)
    person = Person(loop, search=SEARCH_SECONDS)
    far = meet(loop, person)
    person.types("Hello")
    far.close()
    until(loop, lambda: person.chat.is_searching)
    person.types("/q")
    move(loop, clock, GOODBYE_SECONDS - 0.001)
    far = come_back(loop, person)
    move(loop, clock, GOODBYE_SECONDS - 0.001)
    assert person.ends == []
    move(loop, clock, 0.001)
    assert person.ends == [(1, True)]
    far.close()


def test_a_peer_that_left_and_comes_back_silent_does_not_delay_the_end(
    clock: Clock,
) -> None:
    """It came for a message that it had not acknowledged, and has 4.5 s for that."""
    loop = Loop(clock)
    person = Person(loop, search=SEARCH_SECONDS)
    far = meet(loop, person)
    person.types("Hello")
    far.sendall(wire.bye(0))
    far.shutdown(1)
    until(loop, lambda: person.chat.is_searching)
    again = come_back(loop, person)
    move(loop, clock, GOODBYE_SECONDS - 0.001)
    assert person.ends == []
    move(loop, clock, 0.002)
    assert person.ends == [(1, False)]
    far.close()
    again.close()


def test_a_connection_that_breaks_while_a_person_leaves_is_not_explained(
    clock: Clock,
) -> None:
    """The person has left: a search goes on in silence, for as long as a goodbye."""
    loop = Loop(clock)
    person = Person(loop, search=SEARCH_SECONDS)
    far = meet(loop, person)
    person.types("Hello", "/q")
    person.notes.news()
    far.close()
    until(loop, lambda: person.chat.is_searching)
    assert person.notes.news() == []
    move(loop, clock, GOODBYE_SECONDS)
    assert person.ends == [(1, True)]


def test_a_pipe_that_has_ended_searches_for_as_long_as_it_may(clock: Clock) -> None:
    """No person waits for it."""
    loop = Loop(clock)
    person = Person(loop, interactive=False, search=SEARCH_SECONDS)
    far = meet(loop, person)
    person.types("Hello")
    person.chat.input_ended()
    far.close()
    until(loop, lambda: person.chat.is_searching)
    move(loop, clock, SEARCH_SECONDS - 0.001)
    assert person.ends == []
    move(loop, clock, 0.001)
    assert person.ends == [(1, True)]


def test_a_person_waits_4_5_s_for_the_answer_to_a_goodbye(clock: Clock) -> None:
    """And a pipe as long as the peer may be silent."""
    for interactive, seconds in ((True, GOODBYE_SECONDS), (False, CLOSING_SECONDS)):
        loop = Loop(clock)
        person = Person(loop, interactive=interactive)
        far = meet(loop, person)
        person.types("/q")
        move(loop, clock, seconds - 0.001)
        assert person.ends == []
        move(loop, clock, 0.001)
        assert person.ends == [(1, True)]
        far.close()


@pytest.mark.parametrize("search", [0, SEARCH_SECONDS])
@pytest.mark.parametrize("cut", [False, True])
def test_a_peer_that_leaves_and_owes_an_ack_has_4_5_s_in_all(
    clock: Clock, search: float, cut: bool
) -> None:
    """Not again after its connection is lost, by the deadline or otherwise."""
    loop = Loop(clock)
    person = Person(loop, search=search)
    far = meet(loop, person)
    person.types("Hello")
    far.sendall(wire.bye(0))
    until(loop, lambda: person.chat.is_leaving)
    move(loop, clock, GOODBYE_SECONDS - 0.001)
    assert person.ends == []
    if cut and search:
        far.close()
        until(loop, lambda: person.chat.is_searching)
        assert person.ends == []
    move(loop, clock, 0.001)
    assert person.ends == [(1, False)]
    far.close()


@pytest.mark.parametrize("reason", [wire.QUIT, wire.STOPPED, wire.PROTOCOL])
@pytest.mark.parametrize("first", ["ours", "the peer's"])
def test_after_both_goodbyes_a_person_waits_a_moment(
    clock: Clock, first: str, reason: int
) -> None:
    """Whoever said the first one and why: only the end of the stream is to come."""
    loop = Loop(clock)
    person = Person(loop, search=SEARCH_SECONDS)
    far = meet(loop, person)
    if first == "ours":
        person.types("/q")
    far.sendall(wire.bye(0, reason))
    until(loop, lambda: person.session.over)
    until(loop, lambda: person.connection.link.finished)
    move(loop, clock, STOP_SECONDS - 0.001)
    assert person.ends == []
    move(loop, clock, 0.002)
    assert person.ends == [(reason == wire.PROTOCOL, first == "ours")]
    far.close()


def test_a_signal_during_a_search_waits_a_moment_and_a_second_one_not_at_all(
    clock: Clock,
) -> None:
    """The exit code is that of the last signal."""
    for numbers in ((signal.SIGTERM,), (signal.SIGTERM, signal.SIGINT)):
        talk = Talk(Loop(clock), search=SEARCH_SECONDS)
        talk.cut()
        talk.client.types("under way")
        for number in numbers:
            assert talk.client.ends == []
            talk.client.chat.stop(number)
        if len(numbers) == 1:
            move(talk.loop, clock, STOP_SECONDS)
        assert talk.client.ends == [(128 + numbers[-1], True)]


def test_a_signal_keeps_its_short_time_when_the_peer_is_found(
    lost: Talk, clock: Clock
) -> None:
    """A peer that comes back does not extend it."""
    lost.client.chat.stop(signal.SIGTERM)
    move(lost.loop, clock, STOP_SECONDS - 0.001)
    lost.server.chat.stop_searching()  # it is there no more
    near, far = socket_pair()
    lost.client.connect(near, make_client(session=lost.client.session))
    far.sendall(wire.hello("server", wire.TURNS, SESSION_ID))
    lost.until(lambda: not lost.client.chat.is_searching)
    move(lost.loop, clock, 0.001)
    assert lost.client.ends == [(128 + signal.SIGTERM, True)]
    far.close()


def test_where_no_server_listens_any_more_a_goodbye_is_answered(lost: Talk) -> None:
    """The server has left too, unless a message is still to be delivered."""
    chat = lost.client.chat
    assert not chat.note_server_gone()  # it may be there again in a moment
    lost.client.types("Hello", "/q")
    assert not chat.note_server_gone()  # the message may still arrive
    lost.client.session.acknowledge(1)
    assert chat.note_server_gone()
    assert lost.client.ends == [(0, True)]
    assert lost.client.notes.news()[-1] == (
        "notify Goodbye: you left; your message was delivered."
    )


def test_where_the_server_has_said_goodbye_nobody_needs_to_listen(clock: Clock) -> None:
    """Its goodbye counts, although messages of ours were not confirmed."""
    loop = Loop(clock)
    person = Person(loop, search=SEARCH_SECONDS)
    far = meet(loop, person)
    person.types("Hello")
    far.sendall(wire.bye(0, wire.QUIT, "so long"))
    far.shutdown(1)
    until(loop, lambda: person.chat.is_searching)
    assert person.chat.note_server_gone()
    assert person.ends == [(1, False)]
    assert person.notes.news()[-2:] == [
        "notify Goodbye: the server left; your message was not confirmed."
        " Last words: so long",
        "notify Not confirmed: Hello",
    ]
    far.close()


def test_events_of_a_handshake_are_no_events_of_a_talk(talk: Talk) -> None:
    """The chat leaves them to the owner before it."""
    talk.client.chat.handle(talk.client.connection, Opened(talk.server.session.hello))
    assert talk.client.notes.news() == []
    assert talk.client.session.has_turn()


def come_back(loop: Loop, person: Person) -> socket.socket:
    """Let the person's client connect again; return the server's end, which says HELLO."""
    near, far = socket_pair()
    person.connect(near, make_client(session=person.session))
    far.sendall(wire.hello("server", wire.FREE, SESSION_ID))
    until(loop, lambda: not person.chat.is_searching)
    return far
