"""Who the other side is: its name, its return, and the first screen.

Two chats over a real connection, as in `tests/talks.py`.
"""

import pytest

from chatlib.chat import Chat
from chatlib.loop import Loop
from chatlib.protocol.events import Greeted
from chatlib.protocol.frames import Hello, Mode
from tests.helpers import (
    SESSION_ID,
    Clock,
    make_client,
)
from tests.talks import SEARCH_SECONDS, Person, Talk, edited, meet


def test_a_peer_without_a_name_has_a_name_all_the_same(loop: Loop) -> None:
    """Where names stand before texts, a line without one could pass for a banner."""
    talk = Talk(loop, mode=Mode.FREE, name="")
    talk.client.types("Hello")
    talk.until(lambda: "show the other side: Hello" in talk.server.notes.written)


def test_a_peer_that_returns_under_another_name_is_called_by_that(clock: Clock) -> None:
    """The person is told in the notice of its return, and only when it has changed."""
    talk = Talk(Loop(clock), mode=Mode.FREE, name="Ann", search=SEARCH_SECONDS)
    server = talk.server
    for name, notice in {
        "Bob|": "Connected with Ann again, now called Bob\u00a6.",
        "Bob\u00a6 ": "Connected with Bob\u00a6 again.",
        "": "Connected with Bob\u00a6 again, now called the other side.",
        "Cleo": "Connected with the other side again, now called Cleo.",
    }.items():
        talk.cut()
        talk.client.session.hello = Hello(SESSION_ID, Mode.ANY, name)
        server.notes.news()
        talk._connect(make_client(session=talk.client.session))
        talk.until(lambda: "again" in "".join(server.notes.written))
        assert server.notes.news() == [f"notify {notice}"]
    assert server.notes.status == "with Cleo"
    talk.client.types("Hello", "/play tictactoe")
    talk.until(lambda: "show Cleo: Hello" in server.notes.written)
    offer = "show Cleo offers a game of tictactoe: /play or /decline."
    talk.until(lambda: offer in server.notes.written)


def test_nobody_is_expected_before_the_talk_and_after_it(talk: Talk) -> None:
    """A HELLO that goes on with a talk is only our peer's while there is one."""
    hello = Greeted(Hello(SESSION_ID, Mode.TURNS, "client"), 0)
    assert not Person(talk.loop).chat.peer.expects(hello)
    assert talk.server.chat.peer.expects(hello)
    talk.client.types("/q")
    talk.until_over()
    assert not talk.server.chat.peer.expects(hello)


def test_a_talk_knows_its_own_id_alone(free: Talk) -> None:
    """Whatever number comes with it; before a talk none is known."""
    hello = Hello(SESSION_ID, Mode.ANY, "client")
    assert free.server.chat.peer.knows(Greeted(hello, 99))
    assert not free.server.chat.peer.knows(Greeted(hello._replace(session=b"?" * 16), 0))
    assert not Person(Loop()).chat.peer.knows(Greeted(hello, 0))


PEER_NAMES = {
    "a name": ("Ann", "Ann", "Ann"),
    "no name": ("", "the other side", "the other side"),
    "a blank": (" \u3000 ", "the other side", "the other side"),
    "the name of a role": ("client", "client", "the client"),
    "our own name": ("Server ", "the other Server", "the other Server"),
    "a word for us": ("You", "the other side", "the other side"),
    "a bar": ("Ann | your turn", "Ann \u00a6 your turn", "Ann \u00a6 your turn"),
    "spaces": (" Ann \t B", "Ann B", "Ann B"),
    "controls": ("\x1b[2J\u3164", "^[[2J<U+3164>", "^[[2J<U+3164>"),
    "too long": ("x" * 127, "x" * 31 + "\u2026", "x" * 31 + "\u2026"),
}
"""A peer's name for itself, and what it is called before lines and in sentences."""


@pytest.mark.parametrize(("name", "speaker", "called"), PEER_NAMES.values(), ids=PEER_NAMES)
def test_lines_notices_and_status_agree_on_the_name_of_the_peer(
    loop: Loop, name: str, speaker: str, called: str
) -> None:
    """ "server" and "client" are no names, but what the programs call themselves."""
    turns = Talk(loop, name=name).server
    assert turns.notes.status == f"with {called} | {called}'s turn"
    free = Talk(loop, mode=Mode.FREE, name=name)
    assert free.server.notes.status == f"with {called}"
    free.client.types("Hello", "/play tictactoe", "/q")
    free.until(lambda: free.server.ends)
    game, shown = f"{called} offers a game", free.server.notes.written
    assert f"show {speaker}: Hello" in shown
    assert any(line[5:].casefold().startswith(game.casefold()) for line in shown)
    assert shown[-1] == f"notify Goodbye: {called} left."


def test_the_first_screen_says_three_things(clock: Clock) -> None:
    """Who may write now, how to send, how to leave; and not what the plain one says."""
    talk = edited(clock)
    assert talk.client.notes.news() == [
        "show Connected",
        "show You may write now: Enter sends, /q leaves.",
        "ask",
    ]
    assert talk.server.notes.news() == [
        "show Connected",
        "show Waiting for message...",
        "show The client writes first: Enter sends, /q leaves.",
    ]
    talk.client.types("Hello")
    talk.until(lambda: talk.server.notes.asking)
    assert talk.server.notes.news() == ["show Hello", "ask"]


def test_the_first_screen_of_free_talk(clock: Clock) -> None:
    """Both may write."""
    talk = edited(clock, Mode.FREE)
    assert talk.client.notes.news()[1] == ("show Both may write: Enter sends, /q leaves.")


def test_a_later_talk_does_not_say_it_again(clock: Clock) -> None:
    """The memory is that of the program."""
    talk = edited(clock)
    memory = talk.client.chat._memory
    person = Person(talk.loop, edits=True)
    person.chat = Chat(person.notes, lambda *_: None, person.recovery, memory)
    with meet(talk.loop, person):
        assert person.notes.news() == ["show Connected", "ask"]
