"""Two tables joined in memory: offers, moves, the score, and everything a cheat can do."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.errors import TableError
from chatlib.games.hangman import Hangman
from chatlib.games.registry import BUILT_IN
from chatlib.games.secret import Secret
from chatlib.games.table import FOUL_LIMIT, Table

TICTACTOE_WON = "14253"
"""Who begins wins; a move of each in turn."""

TICTACTOE_DRAWN = "123547698"


class Side:
    """One end: its table, what it has told that is still on its way, what was shown."""

    def __init__(self, peer: str, wins_ties: bool) -> None:
        self.told: deque[str] = deque()
        self.lines: list[str] = []
        self.table = Table(
            BUILT_IN.get,
            self.told.append,
            self.lines.append,
            wins_ties=wins_ties,
            peer=peer,
        )

    @property
    def score(self) -> tuple[int, int, int]:
        """Won, lost, drawn."""
        return self.table.won, self.table.lost, self.table.drawn

    @property
    def board(self) -> str:
        """The board of the game that is on."""
        assert self.table.game is not None
        return self.table.game.draw_board()

    def saw(self, line: str) -> bool:
        """Whether a line was shown that contains this."""
        return any(line in each for each in self.lines)


class Room:
    """Both ends; what one has told comes to the other when it is delivered."""

    def __init__(self) -> None:
        self.ann, self.bob = Side("Bob", True), Side("Ann", False)

    def deliver(self) -> None:
        """Carry everything, until nothing is on its way any more."""
        while self.ann.told or self.bob.told:
            for one, other in ((self.ann, self.bob), (self.bob, self.ann)):
                while one.told:
                    other.table.receive(one.told.popleft())

    def begin(self, name: str = "tictactoe") -> None:
        """Ann offers a game, Bob takes it."""
        self.ann.table.play(name)
        self.deliver()
        self.bob.table.play("")
        self.deliver()

    def move(self, *moves: str) -> None:
        """Make moves, each by whose it is."""
        for move in moves:
            mover = self.ann if self.ann.table.my_move else self.bob
            mover.table.move(move)
            self.deliver()

    @property
    def scores(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """Ann's, and Bob's."""
        return self.ann.score, self.bob.score


@pytest.fixture
def room() -> Room:
    """Give a room in which nothing has happened."""
    return Room()


def test_an_offer_that_is_accepted_is_a_game_and_who_offered_begins(room: Room) -> None:
    """Both see the same board, and how to move."""
    room.begin()
    assert room.ann.table.my_move and not room.bob.table.my_move
    assert room.ann.board == room.bob.board
    assert room.ann.saw("A game of tictactoe: you begin.")
    assert room.bob.saw("Ann offers a game of tictactoe: /play or /decline.")
    assert room.bob.saw("A game of tictactoe: Ann begins.")
    assert room.bob.saw("a number takes that square")


def test_an_offer_can_be_taken_by_its_name(room: Room) -> None:
    """As well as by /play alone."""
    room.ann.table.play("hangman")
    room.deliver()
    room.bob.table.play("hangman")
    room.deliver()
    assert isinstance(room.ann.table.game, Hangman)
    assert isinstance(room.bob.table.game, Hangman)


def test_an_offer_can_be_declined(room: Room) -> None:
    """Then nothing is on, and another may be offered."""
    room.ann.table.play("tictactoe")
    room.deliver()
    room.bob.table.decline()
    room.deliver()
    assert room.ann.saw("Bob declines the game.")
    assert room.ann.table.needs_name and room.bob.table.needs_name
    room.begin("connectfour")
    assert room.ann.board == room.bob.board


def test_an_offer_of_another_game_declines_the_first(room: Room) -> None:
    """Who offered first may take that one instead, whichever end it is."""
    for one, other in ((room.ann, room.bob), (room.bob, room.ann)):
        one.table.play("tictactoe")
        room.deliver()
        other.table.play("connectfour")
        room.deliver()
        one.table.play("")
        room.deliver()
        assert one.board == other.board
        assert one.table.game and one.table.game.is_move("7")
        one.table.resign()
        room.deliver()


def test_an_offer_waits_for_its_answer(room: Room) -> None:
    """A second one could be crossed by the answer to the first."""
    room.ann.table.play("tictactoe")
    for name in ("tictactoe", "hangman"):
        with pytest.raises(TableError, match="Bob has not answered your last offer"):
            room.ann.table.play(name)
    room.deliver()
    room.bob.table.play("")
    room.deliver()
    assert room.ann.board == room.bob.board


def test_two_offers_of_the_same_game_that_cross_are_a_game(room: Room) -> None:
    """The senior end begins."""
    room.bob.table.play("tictactoe")
    room.ann.table.play("tictactoe")
    room.deliver()
    assert room.ann.table.my_move and not room.bob.table.my_move
    room.move(*TICTACTOE_WON)
    assert room.scores == ((1, 0, 0), (0, 1, 0))


def test_of_two_games_that_are_offered_at_once_the_seniors_counts(room: Room) -> None:
    """The other end is asked for an answer."""
    room.bob.table.play("hangman")
    room.ann.table.play("tictactoe")
    room.deliver()
    assert room.bob.saw("Ann offers tictactoe at the same time: /play or /decline.")
    assert room.ann.table.game is room.bob.table.game is None
    room.bob.table.play("")
    room.deliver()
    assert room.ann.board == room.bob.board and room.ann.table.my_move


def test_play_again_swaps_who_begins(room: Room) -> None:
    """Whoever of them offers it, time and again."""
    room.begin()
    for number in range(1, 5):
        room.move(*TICTACTOE_DRAWN)
        one, other = (room.ann, room.bob) if number % 3 else (room.bob, room.ann)
        one.table.play("")
        room.deliver()
        other.table.play("")
        room.deliver()
        assert room.ann.table.my_move is (number % 2 == 0)
        assert room.bob.table.my_move is (number % 2 == 1)


def test_the_score_is_told_on_both_ends(room: Room) -> None:
    """It counts all games of the talk."""
    room.begin()
    room.move(*TICTACTOE_WON)
    assert room.ann.lines[-1] == "You have won. Score: you 1, Bob 0. /play plays again."
    assert room.bob.lines[-1] == "Ann has won. Score: you 0, Ann 1. /play plays again."
    room.begin("")
    room.move(*TICTACTOE_DRAWN)
    assert room.ann.lines[-1] == (
        "A draw. Score: you 1, Bob 0, 1 drawn. /play plays again."
    )


def test_a_sentence_begins_with_a_capital_letter() -> None:
    """Also where the other end is called `the server`."""
    side = Side("the server", True)
    side.table.receive("offer tictactoe me")
    assert side.lines == ["The server offers a game of tictactoe: /play or /decline."]


def test_who_resigns_has_lost(room: Room) -> None:
    """In the middle of a game, also when it is the other's move."""
    room.begin()
    room.move("5")
    room.ann.table.resign()
    room.deliver()
    assert room.scores == ((0, 1, 0), (1, 0, 0))
    assert room.bob.saw("Ann gives up. Score: you 1, Ann 0.")
    room.begin("")
    assert room.bob.table.my_move


def test_when_both_resign_at_once_it_is_a_draw(room: Room) -> None:
    """On both ends, and the next game is one."""
    room.begin()
    room.ann.table.resign()
    room.bob.table.resign()
    room.deliver()
    assert room.scores == ((0, 0, 1), (0, 0, 1))
    room.begin("")
    room.bob.table.resign()
    room.deliver()
    assert room.scores == ((1, 0, 1), (0, 1, 1))


def test_a_move_that_crosses_a_resignation_is_no_cheat(room: Room) -> None:
    """It was made before the other end knew."""
    room.begin()
    room.move("5")
    room.bob.table.move("1")
    room.ann.table.resign()
    room.deliver()
    assert room.scores == ((0, 1, 0), (1, 0, 0))
    assert not room.ann.saw("Bob makes a move") and not room.bob.saw("rules")


def test_a_move_that_ends_the_game_counts_before_a_resignation(room: Room) -> None:
    """What looks so on one end looks so on the other: here a draw."""
    room.begin()
    room.move(*TICTACTOE_DRAWN[:-1])
    room.ann.table.move(TICTACTOE_DRAWN[-1])
    room.bob.table.resign()
    room.deliver()
    assert room.scores == ((0, 0, 1), (0, 0, 1))
    assert room.bob.lines[-1].startswith("A draw.")


def test_a_guess_that_is_answered_too_late_is_not_counted(room: Room) -> None:
    """The setter had given up before it knew of the guess that would have hanged."""
    room.begin("hangman")
    room.move("a", *"bcdefg")
    room.bob.table.move("h")
    room.ann.table.resign()
    room.deliver()
    assert room.scores == ((0, 1, 0), (1, 0, 0))


def test_a_guess_that_found_the_word_counts_before_a_resignation(room: Room) -> None:
    """The guesser gave up while the answer was on its way."""
    room.begin("hangman")
    room.move("a")
    room.bob.table.move("a")
    room.ann.table.receive(room.bob.told.popleft())
    room.bob.table.resign()
    room.deliver()
    assert room.scores == ((0, 1, 0), (1, 0, 0))


def test_the_board_is_shown_again(room: Room) -> None:
    """Line for line as it was; nothing is told to the other end."""
    room.begin()
    room.move("5")
    room.ann.lines.clear()
    room.ann.table.show_board()
    assert room.ann.lines == room.ann.board.split("\n")
    assert not room.ann.told


def test_a_bad_move_is_refused_and_told_to_nobody(room: Room) -> None:
    """With the reason; the game goes on."""
    room.begin()
    room.move("5")
    for move, reason in (("5", "taken"), ("x", "a number from 1 to 9")):
        with pytest.raises(TableError, match=reason):
            room.bob.table.move(move)
    with pytest.raises(TableError, match="not your move"):
        room.ann.table.move("1")
    assert not room.ann.told and not room.bob.told
    room.move("1")
    assert room.ann.board == room.bob.board


def test_what_needs_a_game_or_an_offer_is_refused_without(room: Room) -> None:
    """Each with its reason, and nothing is told."""
    table = room.ann.table
    for act in (table.resign, table.show_board, lambda: table.move("5")):
        with pytest.raises(TableError, match="no game is on"):
            act()
    with pytest.raises(TableError, match="no game is offered"):
        table.decline()
    with pytest.raises(TableError, match="which game"):
        table.play("")
    with pytest.raises(TableError, match="there is no game 'chess'"):
        table.play("chess")
    assert not room.ann.told


def test_no_second_game_during_a_game(room: Room) -> None:
    """Neither offered, nor taken from the other end."""
    room.begin()
    with pytest.raises(TableError, match="a game is on"):
        room.ann.table.play("hangman")
    room.bob.table.receive("offer hangman me")
    assert room.bob.told.pop() == "decline"
    assert room.ann.board == room.bob.board


@pytest.mark.parametrize("words", ["chess me", "tictactoe", "tictactoe them", "", "os me"])
def test_an_offer_of_what_is_not_here_is_declined(words: str, room: Room) -> None:
    """And said."""
    room.ann.table.receive(f"offer {words}")
    assert list(room.ann.told) == ["decline"]
    assert room.ann.saw("Bob offers a game that is not here")
    assert room.ann.table.game is None
    assert room.ann.table.offer_received is None


# Cheats. Bob is honest; what Ann tells did not come from a table.


def cheat(room: Room, *told: str) -> str:
    """Let Ann tell this past her own table; give what Bob is shown last."""
    for words in told:
        room.bob.table.receive(words)
    return room.bob.lines[-1]


def assert_caught(room: Room, *told: str, named: str) -> None:
    """See that Bob is told what Ann did, Ann too, and that the talk goes on."""
    line = cheat(room, *told)
    assert line.startswith("Ann ") and named in line
    assert room.bob.table.game is None
    assert room.bob.score == (0, 0, 0)
    (foul,) = [words for words in room.bob.told if words.startswith("foul ")]
    room.bob.told.clear()  # Ann's table has told nothing: an answer would surprise it
    room.ann.table.receive(foul)
    assert room.ann.table.game is None
    if "game is over" in line:
        assert room.ann.saw(f"Bob says that you broke the rules: {foul[5:]}. No result.")
    assert_goes_on(room)


def assert_goes_on(room: Room) -> None:
    """Play another game to its end, as if nothing had happened."""
    room.begin("tictactoe")
    room.move(*TICTACTOE_WON)
    assert sorted(room.scores) == [(0, 1, 0), (1, 0, 0)]


MOVES = {
    "twice": (["move 1", "move 2"], "moved out of turn"),
    "a square that is taken": (["move 1", "taken"], "square 1 is taken"),
    "a move that is none": (["move 10"], "made a move that is none"),
    "nothing": (["move "], "made a move that is none"),
    "a win": (["move 1", "won"], "said 'won', which is no word of any game"),
    "an unknown word": (["castle e1"], "said 'castle'"),
    "no word": ([""], "said ''"),
    "an acceptance": (["accept"], "accepts a game that nobody has offered"),
}


@pytest.mark.parametrize("kind", MOVES)
def test_a_cheat_on_a_board_is_named_and_the_talk_goes_on(kind: str, room: Room) -> None:
    """The game is over without a result."""
    told, named = MOVES[kind]
    room.begin()
    if told[-1] == "taken":
        room.move("1", "2")
        told = ["move 1"]
    assert_caught(room, *told, named=named)
    assert any("the game is over, without a result" in line for line in room.bob.lines)


def test_who_moves_when_the_other_begins_is_caught(room: Room) -> None:
    """It is Ann's program that is honest here, and Bob's that is not."""
    room.begin()
    room.ann.table.receive("move 5")
    assert room.ann.lines[-1] == (
        "Bob moved out of turn: the game is over, without a result."
    )


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ("accept", "accepts a game that nobody has offered"),
        ("move 5", "makes a move, and no game is on"),
        ("claim victory", "said 'claim'"),
    ],
)
def test_a_cheat_without_a_game_is_named_too(told: str, named: str, room: Room) -> None:
    """No result is spoken of where there was no game."""
    assert_caught(room, told, named=named)
    assert not room.bob.saw("without a result")


@pytest.mark.parametrize("told", ["decline", "resign", "foul nothing"])
def test_what_changes_nothing_without_a_game_is_passed_over(told: str, room: Room) -> None:
    """It may have crossed the end of one."""
    room.bob.table.receive(told)
    assert (room.bob.lines, list(room.bob.told)) == ([], [])


def test_a_cheat_is_named_whatever_its_words_are(room: Room) -> None:
    """And what it is told fits into a frame."""
    assert "said" in cheat(room, "日" * 170)
    (foul,) = room.bob.told
    assert len(foul) == FOUL_LIMIT
    assert len(foul.encode()) <= 512


def test_a_move_that_was_on_its_way_when_a_cheat_was_caught_is_passed_over(
    room: Room,
) -> None:
    """One cheat is named once."""
    room.begin()
    cheat(room, "move 10", "move 1", "move 2")
    assert sum("game is over" in line for line in room.bob.lines) == 1
    assert not room.bob.saw("makes a move")


class Setter:
    """An Ann that sets `hello` in hangman, and tells Bob what a test wants."""

    def __init__(self, room: Room) -> None:
        self.secret = Secret("hello", "salt")
        self.room = room
        room.begin("hangman")

    def word(self, count: int = 5) -> None:
        """Tell the promise."""
        self.tell(f"move word {self.secret.commitment} {count}")

    def tell(self, words: str) -> None:
        """Tell anything."""
        self.room.bob.table.receive(words)

    def answer(self, guess: str, places: str) -> None:
        """Let Bob guess, and answer it."""
        self.room.bob.table.move(guess)
        self.tell(f"move at {places}".rstrip())


@pytest.fixture
def setter(room: Room) -> Setter:
    """Give a setter who has not set the word yet."""
    return Setter(room)


def test_an_honest_setter_is_believed(setter: Setter) -> None:
    """The check itself finds nothing where nothing is wrong."""
    setter.word()
    for guess, places in (("h", "1"), ("x", ""), ("hello", "1 2 3 4 5")):
        setter.answer(guess, places)
    setter.tell(f"move was {setter.secret.opening}")
    assert setter.room.bob.score == (1, 0, 0)


def test_who_changes_the_word_is_caught(setter: Setter) -> None:
    """Another word does not fit the promise."""
    setter.word()
    setter.answer("jelly", "1 2 3 4 5")
    assert_caught(
        setter.room, "move was salt jelly", named="changed what had been promised"
    )


@pytest.mark.parametrize(
    ("guess", "places"), [("l", "3"), ("l", ""), ("x", "1"), ("l", "4 3"), ("e", "1 2")]
)
def test_who_answers_wrong_is_caught_when_the_word_is_told(
    guess: str, places: str, setter: Setter
) -> None:
    """At the latest: a wrong place, one too few, one too many."""
    setter.word()
    setter.answer(guess, places)
    setter.answer("hello", "1 2 3 4 5")
    named = f"answered wrong when '{guess}' was guessed"
    assert_caught(setter.room, f"move was {setter.secret.opening}", named=named)


@pytest.mark.parametrize("places", ["0", "6", "-1", "x", "1 x", "1 2", "٩", "1" * 400])
def test_places_that_are_none_are_caught_at_once(places: str, setter: Setter) -> None:
    """Also a whole word that stands in some places only."""
    setter.word()
    guess = "hello" if places == "1 2" else "h"
    setter.room.bob.table.move(guess)
    named = "answered with places that are none"
    assert_caught(setter.room, f"move at {places}", named=named)


def test_a_word_of_another_length_is_caught(setter: Setter) -> None:
    """Told in the end, or promised."""
    setter.word(count=4)
    setter.answer("abcd", "1 2 3 4")
    named = "told a word of another length"
    assert_caught(setter.room, f"move was {setter.secret.opening}", named=named)


@pytest.mark.parametrize(
    "rest", ["", "promise", "promise 0", "promise 31", "promise x", "promise 5 5", " 5"]
)
def test_a_word_that_is_none_is_caught(rest: str, setter: Setter) -> None:
    """Without a promise, too long, or not counted."""
    assert_caught(setter.room, f"move word {rest}", named="set a word that is none")


@pytest.mark.parametrize(
    "told", ["was salt hello", "word again 5", "at 1", "guess a", "hello", ""]
)
def test_what_a_setter_may_not_say_now_is_caught(told: str, setter: Setter) -> None:
    """The word too early, twice, an answer without a question, a guess."""
    setter.word()
    verb = told.partition(" ")[0]
    assert_caught(
        setter.room, f"move {told}", named=f"said '{verb}' where it makes no sense"
    )


def guessers() -> Iterator[tuple[list[str], str]]:
    """List what a guesser may try, and how it is named."""
    no_new = "which is no new letter or word"
    yield ["move guess a", "move guess a"], no_new
    yield ["move guess a", "move guess A"], no_new
    yield [f"move guess {'x' * 31}"], no_new
    yield ["move guess "], no_new
    yield ["move guess 1"], no_new
    yield ["move at 1"], "said 'at' where it makes no sense"
    yield ["move was salt hello"], "said 'was' where it makes no sense"
    yield ["move word promise 5"], "said 'word' where it makes no sense"


@pytest.mark.parametrize(("told", "named"), list(guessers()))
def test_a_guesser_who_cheats_is_caught(told: list[str], named: str, room: Room) -> None:
    """It is Bob who sets the word here."""
    room.bob.table.play("hangman")
    room.deliver()
    room.ann.table.play("")
    room.deliver()
    room.bob.table.move("hello")
    room.deliver()
    assert_caught(room, *told, named=named)


def test_a_guess_before_there_is_a_word_is_caught(room: Room) -> None:
    """There is nothing to guess yet."""
    room.begin("hangman")
    room.ann.table.receive("move guess a")
    assert room.ann.saw("Bob said 'guess' where it makes no sense")


WORDS = st.one_of(
    st.text(max_size=50),
    st.sampled_from(["accept", "decline", "resign", "foul x", "move 5", "move 1"]),
    st.builds(
        "offer {} {}".format,
        st.sampled_from([*BUILT_IN, "chess"]),
        st.sampled_from(["me", "you"]),
    ),
    st.builds(
        "move {} {}".format,
        st.sampled_from(["guess", "at", "word", "was", "word promise"]),
        st.one_of(st.text(max_size=20), st.sampled_from(["a", "1", "5", "salt a"])),
    ),
)
"""Anything, and what makes sense now and then."""

ACTS = st.sampled_from(["/play tictactoe", "/play hangman", "/play", "/resign", "a", "5"])
"""What the honest person does in between."""


def act(table: Table, line: str) -> None:
    """Do what a typed line says."""
    command, _, rest = line.partition(" ")
    if command == "/play":
        table.play(rest)
    elif command == "/resign":
        table.resign()
    else:
        table.move(line)


@given(st.lists(st.tuples(st.booleans(), WORDS, ACTS), max_size=30))
def test_whatever_is_told_nothing_is_raised(events: list[tuple[bool, str, str]]) -> None:
    """And what is answered fits into a frame; one end alone, with a person at it."""
    side = Side("Bob", True)
    for told, words, line in events:
        if told:
            side.table.receive(words)
            continue
        with suppress(TableError):
            act(side.table, line)
    assert all(len(words.encode()) <= 512 for words in side.told)
