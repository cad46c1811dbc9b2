"""A game in a chat: offers, moves, the question for a secret word.

Two chats over a real connection, as in `tests/talks.py`.
"""

from collections import deque

from chatlib.loop import Loop
from chatlib.protocol.frames import Mode
from chatlib.protocol.session import GAMES_WINDOW, WINDOW
from tests.helpers import (
    Clock,
    move,
)
from tests.talks import SEARCH_SECONDS, Person, Talk, start_game


def test_a_game_is_offered_accepted_played_shown_and_given_up(talk: Talk) -> None:
    """Moves take no turn of the talk; `/move` and the move alone do the same."""
    start_game(talk)
    assert talk.client.notes.asking  # for a move, and it has the turn of the talk too
    talk.client.types("5")
    talk.until(lambda: talk.server.notes.asking)  # for a move: it has no turn
    talk.server.notes.news()
    talk.server.types("/move  1 ")
    talk.until(lambda: talk.client.session.received == 2)
    board = [line for line in talk.server.notes.news() if line.startswith("show")]
    talk.server.types("/board")
    assert talk.server.notes.news()[: len(board)] == board
    talk.server.types("/resign")
    talk.until(lambda: talk.client.session.received == 3)
    score = "Score in tictactoe: you 1, the server 0"
    assert f"show The server gives up. {score}. /play plays again." in (
        talk.client.notes.news()
    )
    assert talk.client.session.has_turn()


WAITS = "refuse Not sent, a question waits for its answer"

QUESTION = "Your word (the server does not see it)>"


def test_the_word_of_hangman_is_asked_for_and_is_no_talk(free: Talk) -> None:
    """What is no word is given back, and so is what would be talk."""
    start_game(free, "hangman")
    assert (free.client.notes.question, free.server.notes.question) == (QUESTION, "")
    free.client.types("two words")
    assert free.client.notes.news()[-2] == (
        "refuse Not done, a word is 1 to 30 letters: two words"
    )
    for slip, back in (("/say by the way", "by the way"), ("//by", "//by")):
        free.client.types(slip)
        (refused,) = (line for line in free.client.notes.news() if line.startswith(WAITS))
        assert refused.endswith(f": {back}")
    assert free.client.notes.question == QUESTION
    free.client.types("banana")
    assert free.client.notes.question == ""
    free.until(
        lambda: (
            "show The client has set a word of 6 letters." in (free.server.notes.written)
        )
    )
    free.client.types("now we talk")
    free.until(lambda: free.server.session.received == free.client.session.sent)
    shown = free.server.notes.news()
    assert not any("banana" in line or "two words" in line for line in shown)
    assert [line for line in shown if "by the way" in line or "we talk" in line] == [
        "show client: now we talk",
    ]


def test_the_question_for_the_word_can_be_put_off_and_asked_again(free: Talk) -> None:
    """An empty line puts it off, and what is typed then is talk; `/move` asks again."""
    start_game(free, "hangman")
    free.client.types("")
    assert free.client.notes.question == ""
    assert any("Put off: " in line for line in free.client.notes.news())
    free.client.types("hello")
    free.until(lambda: "show client: hello" in free.server.notes.written)
    free.client.types("/move")
    assert free.client.notes.question == QUESTION
    free.client.types("", "/move banana")
    assert free.client.notes.question == ""
    assert "show You have set a word of 6 letters." in free.client.notes.news()
    free.client.types("/move")
    assert "notify Not done, it is not your move." in free.client.notes.news()


def test_a_question_ends_with_its_game(free: Talk) -> None:
    """When the peer resigns, the next line is talk again."""
    start_game(free, "hangman")
    free.server.types("/resign")
    free.until(lambda: free.client.notes.question == "")
    free.client.types("hello")
    free.until(lambda: "show client: hello" in free.server.notes.written)


def test_a_question_ends_with_its_talk(clock: Clock) -> None:
    """The next talk is with somebody else, and begins at the usual prompt."""
    talk = Talk(Loop(clock), search=SEARCH_SECONDS, mode=Mode.FREE)
    start_game(talk, "hangman")
    assert talk.client.notes.question == QUESTION
    talk.cut()
    move(talk.loop, clock, SEARCH_SECONDS)
    assert talk.client.notes.question == ""


def test_who_leaves_is_asked_nothing(free: Talk) -> None:
    """The question is taken away with the prompt."""
    start_game(free, "hangman")
    free.client.types("/q")
    assert free.client.notes.question == ""
    free.until_over()


def test_a_pipe_is_asked_nothing(pipes: Talk) -> None:
    """Its lines are sent as ever: a script says `/move WORD`."""
    start_game(pipes, "hangman")
    assert pipes.client.notes.question == ""
    pipes.client.types("hello", "/move banana")
    pipes.until(
        lambda: (
            "show The client has set a word of 6 letters." in (pipes.server.notes.written)
        )
    )
    assert "show client: hello" in pipes.server.notes.written


def test_in_a_game_the_status_says_whose_move_it_is(talk: Talk) -> None:
    """And not whose turn it is to talk."""
    start_game(talk)
    status = "tictactoe, you are X, your move"
    assert talk.client.notes.status == f"with the server | {status}"
    talk.client.types("5")
    assert talk.client.notes.status.endswith("tictactoe, you are X, the server's move")
    talk.client.types("/resign")
    assert talk.client.notes.status.startswith("with the server | your turn")


def test_an_offer_can_be_declined(talk: Talk) -> None:
    """And both sides see it."""
    talk.client.types("/play tictactoe")
    talk.until(lambda: talk.server.session.received == 1)
    talk.server.types("/decline")
    talk.until(lambda: "show The server declines the game." in talk.client.notes.written)
    assert "show You decline the game." in talk.server.notes.news()


def test_without_a_name_play_lists_the_games(talk: Talk) -> None:
    """Unless there is a game to accept or to play again."""
    talk.client.types("/play")
    assert talk.client.notes.news() == [
        "notify There are these games: tictactoe, hangman, connectfour, battleship.",
        "notify Not done, which game? /play NAME.",
        "ask",
    ]


def test_nobody_plays_before_the_talk_or_after_a_goodbye(loop: Loop, talk: Talk) -> None:
    """There is nobody to play with."""
    person = Person(loop)
    person.types("/play tictactoe")
    talk.client.types("/q", "/board")
    for each in (person, talk.client):
        assert "notify Not now: there is nobody to play with." in each.notes.news()


def test_words_about_a_game_that_find_no_room_are_explained(free: Talk) -> None:
    """A peer that acknowledges nothing does not fill our memory with them."""
    lines = deque(["x"] * WINDOW)
    free.client.connection.link.say(lines)
    for _ in range(GAMES_WINDOW):
        free.client.connection.link.play("x")
    free.client.notes.news()
    free.client.types("/play tictactoe")
    assert free.client.notes.news()[0] == (
        f"notify Not done, {WINDOW + GAMES_WINDOW} messages are not confirmed yet."
    )


def test_a_move_that_finds_no_room_is_not_made(free: Talk) -> None:
    """Both ends would wait for each other's move without an end."""
    start_game(free)
    lines = deque(["x"] * WINDOW)
    free.client.connection.link.say(lines)
    for _ in range(GAMES_WINDOW):
        free.client.connection.link.play("x")
    free.client.notes.news()
    free.client.types("5")
    assert free.client.notes.news()[0] == (
        f"notify Not done, {WINDOW + GAMES_WINDOW} messages are not confirmed yet."
    )
    assert free.client.chat._playing.table and free.client.chat._playing.table.my_move


def test_words_about_a_game_are_acknowledged_while_we_leave(talk: Talk) -> None:
    """The answer of the table to them cannot be sent any more; that harms nothing."""
    talk.server.types("/q")
    talk.client.connection.play("offer nonsense me")
    talk.client.types("last words")
    talk.until_over()
    assert [person.ends[0][0] for person in talk.people] == [0, 0]
    assert talk.client.notes.news()[-1] == (
        "notify Goodbye: the server left; your message was delivered."
    )
