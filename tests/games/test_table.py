"""Two tables joined in memory: offers, moves, the score, and all that a cheat can send."""

from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.errors import TableError
from chatlib.games.foreign import ForeignGame
from chatlib.games.game import BrokenGameError, Game, Installed, Outcome
from chatlib.games.hangman import Hangman
from chatlib.games.registry import BUILT_IN, find_game
from chatlib.games.secret import Secret
from chatlib.games.table import FOUL_LIMIT, NOTICES_LIMIT, WORDS_LIMIT, Table
from chatlib.games.tictactoe import TicTacToe

TICTACTOE_WON = "14253"
"""The moves of both by turns; the player who begins wins."""

TICTACTOE_DRAWN = "123547698"


class Side:
    """One end: its table, its words that are on their way, the lines that it has shown."""

    def __init__(self, peer: str, wins_ties: bool, in_words: bool = False) -> None:
        self.sent: deque[str] = deque()
        self.lines: list[str] = []
        self.boards: list[tuple[int, list[str]]] = []  # with the number of the game
        self.table = Table(
            find_game,
            self.sent.append,
            self.lines.append,
            lambda lines, number: self.boards.append((number, lines)),
            wins_ties=wins_ties,
            peer=peer,
            in_words=in_words,
        )

    @property
    def score(self) -> tuple[int, int, int]:
        """Games won, lost and drawn."""
        ended = Counter[Outcome]()
        for (_, outcome), count in self.table.scores.items():
            ended[outcome] += count
        return ended[Outcome.WON], ended[Outcome.LOST], ended[Outcome.DRAWN]

    @property
    def board(self) -> str:
        """The board of the game that is on."""
        assert self.table.game is not None
        return self.table.game.draw_board()

    def was_shown(self, line: str) -> bool:
        """Return whether a line was shown that contains this one."""
        return any(line in each for each in self.lines)


class Room:
    """Both ends. What one sends reaches the other when it is delivered."""

    def __init__(self) -> None:
        self.ann, self.bob = Side("Bob", True), Side("Ann", False)

    def deliver(self) -> None:
        """Deliver everything, until nothing is on its way any more."""
        while self.ann.sent or self.bob.sent:
            for one, other in ((self.ann, self.bob), (self.bob, self.ann)):
                while one.sent:
                    other.table.receive(one.sent.popleft())

    def begin(self, name: str = "tictactoe") -> None:
        """Let Ann offer a game, and Bob accept it."""
        self.ann.table.play(name)
        self.deliver()
        self.bob.table.play("")
        self.deliver()

    def move(self, *moves: str) -> None:
        """Make some moves, each at the end whose move it is."""
        for move in moves:
            mover = self.ann if self.ann.table.my_move else self.bob
            mover.table.move(move)
            self.deliver()

    @property
    def scores(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """The score at Ann's end, and at Bob's."""
        return self.ann.score, self.bob.score


@pytest.fixture
def room() -> Room:
    """Return a room in which nothing has happened yet."""
    return Room()


def test_an_accepted_offer_starts_a_game_that_the_offering_end_begins(room: Room) -> None:
    """Both ends show the same board, and how to move."""
    room.begin()
    assert room.ann.table.my_move and not room.bob.table.my_move
    assert room.ann.board == room.bob.board
    assert room.ann.was_shown("A game of tictactoe: you begin.")
    assert room.bob.was_shown("Ann offers a game of tictactoe: /play or /decline.")
    assert room.bob.was_shown("A game of tictactoe: Ann begins.")
    assert room.bob.was_shown("a number takes that square")


def test_an_offer_can_be_accepted_by_the_name_of_its_game(room: Room) -> None:
    """As well as by /play alone."""
    room.ann.table.play("hangman")
    room.deliver()
    room.bob.table.play("hangman")
    room.deliver()
    assert isinstance(room.ann.table.game, Hangman)
    assert isinstance(room.bob.table.game, Hangman)


def test_an_offer_can_be_declined(room: Room) -> None:
    """Then no game is on, and another may be offered."""
    room.ann.table.play("tictactoe")
    room.deliver()
    room.bob.table.decline()
    room.deliver()
    assert room.ann.was_shown("Bob declines the game.")
    assert room.ann.table.needs_name and room.bob.table.needs_name
    room.begin("connectfour")
    assert room.ann.board == room.bob.board


def test_an_offer_of_another_game_declines_the_first(room: Room) -> None:
    """The first end may accept that one instead, whichever end it is."""
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


def test_a_second_offer_is_refused_before_the_answer_to_the_first(room: Room) -> None:
    """The answer to the first one might cross the second."""
    room.ann.table.play("tictactoe")
    for name in ("tictactoe", "hangman"):
        with pytest.raises(TableError, match="Bob has not answered your last offer"):
            room.ann.table.play(name)
    room.deliver()
    room.bob.table.play("")
    room.deliver()
    assert room.ann.board == room.bob.board


def test_two_crossing_offers_of_the_same_game_start_it(room: Room) -> None:
    """The end that wins ties begins."""
    room.bob.table.play("tictactoe")
    room.ann.table.play("tictactoe")
    room.deliver()
    assert room.ann.table.my_move and not room.bob.table.my_move
    room.move(*TICTACTOE_WON)
    assert room.scores == ((1, 0, 0), (0, 1, 0))


def test_of_two_crossing_offers_that_of_the_end_that_wins_ties_counts(room: Room) -> None:
    """The other end is asked to accept or decline it."""
    room.bob.table.play("hangman")
    room.ann.table.play("tictactoe")
    room.deliver()
    assert room.bob.was_shown("Ann offers tictactoe at the same time: /play or /decline.")
    assert room.ann.table.game is room.bob.table.game is None
    room.bob.table.play("")
    room.deliver()
    assert room.ann.board == room.bob.board and room.ann.table.my_move


def test_playing_again_swaps_the_end_that_begins(room: Room) -> None:
    """Whichever end offers the next game, four times in a row."""
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


def test_both_ends_show_the_score_of_all_games(room: Room) -> None:
    """Each from its own point of view."""
    room.begin()
    room.move(*TICTACTOE_WON)
    assert (
        room.ann.lines[-1]
        == "You have won. Score in tictactoe: you 1, Bob 0. /play plays again."
    )
    assert (
        room.bob.lines[-1]
        == "Ann has won. Score in tictactoe: you 0, Ann 1. /play plays again."
    )
    room.begin("")
    room.move(*TICTACTOE_DRAWN)
    assert room.ann.lines[-1] == (
        "A draw. Score in tictactoe: you 1, Bob 0, 1 drawn. /play plays again."
    )


def test_a_sentence_begins_with_a_capital_letter() -> None:
    """Also with a peer that is called `the server`."""
    side = Side("the server", True)
    side.table.receive("offer tictactoe me")
    assert side.lines == ["The server offers a game of tictactoe: /play or /decline."]


def test_a_player_who_resigns_has_lost(room: Room) -> None:
    """Whosever move it is; the other end begins the next game."""
    room.begin()
    room.move("5")
    room.ann.table.resign()
    room.deliver()
    assert room.scores == ((0, 1, 0), (1, 0, 0))
    assert room.bob.was_shown("Ann gives up. Score in tictactoe: you 1, Ann 0.")
    room.begin("")
    assert room.bob.table.my_move


def test_two_crossing_resignations_are_a_draw(room: Room) -> None:
    """On both ends, and the next game counts as usual."""
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
    """It was sent before its end knew of the resignation."""
    room.begin()
    room.move("5")
    room.bob.table.move("1")
    room.ann.table.resign()
    room.deliver()
    assert room.scores == ((0, 1, 0), (1, 0, 0))
    assert not room.ann.was_shown("Bob makes a move") and not room.bob.was_shown("rules")


def test_a_move_that_ends_the_game_counts_before_a_resignation_that_it_crosses(
    room: Room,
) -> None:
    """On both ends: here it is a draw."""
    room.begin()
    room.move(*TICTACTOE_DRAWN[:-1])
    room.ann.table.move(TICTACTOE_DRAWN[-1])
    room.bob.table.resign()
    room.deliver()
    assert room.scores == ((0, 0, 1), (0, 0, 1))
    assert room.bob.lines[-1].startswith("A draw.")


def test_a_guess_that_crosses_the_resignation_of_the_setter_does_not_count(
    room: Room,
) -> None:
    """The setter resigns before the seventh miss arrives, and has lost."""
    room.begin("hangman")
    room.move("a", *"bcdefg")
    room.bob.table.move("h")
    room.ann.table.resign()
    room.deliver()
    assert room.scores == ((0, 1, 0), (1, 0, 0))


def test_an_answered_last_guess_counts_before_a_resignation_that_it_crosses(
    room: Room,
) -> None:
    """The guesser resigns while the answer is on its way, and has won."""
    room.begin("hangman")
    room.move("a")
    room.bob.table.move("a")
    room.ann.table.receive(room.bob.sent.popleft())
    room.bob.table.resign()
    room.deliver()
    assert room.scores == ((0, 1, 0), (1, 0, 0))


def test_show_board_shows_the_same_board_again(room: Room) -> None:
    """Nothing is sent to the other end."""
    room.begin()
    room.move("5")
    board = [room.ann.table.status, *room.ann.board.split("\n")]
    assert room.ann.boards[-1] == (1, board)
    room.ann.lines.clear()
    room.ann.boards.clear()
    room.ann.table.show_board()
    assert room.ann.boards == [(1, board)]
    assert not room.ann.sent and not room.ann.lines


def test_an_illegal_move_is_refused_and_not_sent(room: Room) -> None:
    """The refusal has the reason, and the game goes on."""
    room.begin()
    room.move("5")
    for move, reason in (("5", "taken"), ("x", "a number from 1 to 9")):
        with pytest.raises(TableError, match=reason):
            room.bob.table.move(move)
    with pytest.raises(TableError, match="not your move"):
        room.ann.table.move("1")
    assert not room.ann.sent and not room.bob.sent
    room.move("1")
    assert room.ann.board == room.bob.board


def test_an_action_without_its_game_or_offer_is_refused(room: Room) -> None:
    """With the reason, and nothing is sent."""
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
    assert not room.ann.sent


def test_no_second_game_is_offered_or_accepted_during_a_game(room: Room) -> None:
    """An offer of the peer's is declined without a question."""
    room.begin()
    with pytest.raises(TableError, match="a game is on"):
        room.ann.table.play("hangman")
    room.bob.table.receive("offer hangman me")
    assert room.bob.sent.pop() == "decline"
    assert room.ann.board == room.bob.board


@pytest.mark.parametrize(
    "words",
    ["chess me", "tictactoe", "tictactoe them", "", "os me"],
    ids=["unknown", "without-who-begins", "who-begins-malformed", "empty", "a-module"],
)
def test_an_offer_of_an_unknown_game_is_declined(words: str, room: Room) -> None:
    """The player is told its name."""
    room.ann.table.receive(f"offer {words}")
    assert list(room.ann.sent) == ["decline"]
    assert room.ann.was_shown("Bob offers a game that is not here")
    assert room.ann.table.game is None
    assert room.ann.table.offer_received is None


# Floods: what a peer can do at the table while nobody plays.


def flood(room: Room, *sent: str) -> None:
    """Let Ann send these words 3,600 times."""
    for _ in range(3600):
        for words in sent:
            room.bob.table.receive(words)


@pytest.mark.parametrize(
    "words",
    ["offer x me", "offer tictactoe me", "castle e1", "accept"],
    ids=["unknown-game", "known-game", "unknown-word", "acceptance"],
)
def test_a_flood_of_offers_or_mistakes_is_counted(words: str, room: Room) -> None:
    """Ten lines, and one more at 100 and at 1000; all are answered."""
    flood(room, words)
    assert len(room.bob.lines) == NOTICES_LIMIT + 2
    assert room.bob.lines[-1] == (
        "Ann has made 1000 offers or mistakes: they are not shown any more."
    )


def test_an_offer_that_is_not_shown_is_declined(room: Room) -> None:
    """So /play never accepts another game than the one that was shown last."""
    flood(room, "offer hangman me", "offer tictactoe me")
    assert room.bob.sent[-1] == "decline"
    assert room.bob.table.offer_received is None


def test_after_an_action_of_the_player_offers_are_shown_again(room: Room) -> None:
    """The player has read what stands there."""
    flood(room, "offer x me")
    room.bob.sent.clear()
    with pytest.raises(TableError, match="no game is offered"):
        room.bob.table.decline()
    room.ann.table.play("tictactoe")
    room.deliver()
    assert room.bob.was_shown("Ann offers a game of tictactoe: /play or /decline.")
    assert room.bob.table.offer_received == "tictactoe"


def test_offers_and_mistakes_cost_no_more_than_lines(room: Room) -> None:
    """A tenth of a second for 3,600, where each once looked through every package."""
    room.bob.table.receive("offer x me")  # the look, which is done once
    begun = process_time()
    flood(room, "offer x me")
    assert process_time() - begun < 0.2


# Forgeries: what a peer says stands in quotes, short, and on one line.


@pytest.mark.parametrize("words", ["offer {} me", "{} x"], ids=["offer", "unknown-word"])
def test_a_peers_words_are_quoted_and_short(words: str, room: Room) -> None:
    """Neither blanks without an end nor a line end stand in a notice."""
    forged = (
        "chess.\N{NO-BREAK SPACE}" + "\N{IDEOGRAPHIC SPACE}" * 90 + "Goodbye:\nyou left" * 9
    )
    room.bob.table.receive(words.format(forged.replace(" ", "\t")))
    (line,) = room.bob.lines
    assert "'chess. Goodbye: you left" in line
    assert len(line) < WORDS_LIMIT + 60


def test_the_reason_of_a_foul_comes_last_and_in_quotes(room: Room) -> None:
    """It may be any words of the peer's."""
    room.begin()
    room.bob.table.receive("foul nothing. No result.   You have won. " + "x" * 400)
    assert room.bob.lines[-1] == (
        "Ann ends the game without a result, and says that you broke the rules: "
        f"'nothing. No result. You have won. {'x' * 66}...'"
    )


# A game whose code fails: one of another package.


class Careless(TicTacToe):
    """A game that fails when the peer has moved."""

    def receive(self, words: str) -> list[str]:
        """Fail."""
        raise ValueError(words)


class Broken(Installed):
    """An installed game that fails at one moment or another."""

    def __init__(self, moment: str) -> None:
        super().__init__(BUILT_IN["tictactoe"])
        self.moment = moment
        self.calls: list[str] = []
        self.fail: Callable[[], None] = pytest.fail

    def load(self) -> None:
        """Fail, if this is the moment."""
        self.calls.append("load")
        if self.moment == "load":
            raise BrokenGameError("the game nim of the package nim has failed")

    def start(self, begins: bool, failed: Callable[[str], None]) -> Game:
        """Fail, if this is the moment."""
        self.calls.append("start")
        if self.moment == "start":
            raise BrokenGameError("the game nim of the package nim has failed")
        self.fail = lambda: failed("the game nim of the package nim has failed")
        if self.moment == "receive":
            return ForeignGame(Careless(begins), "", lambda why: self.fail())
        return super().start(begins, failed)


def install(room: Room, moment: str) -> Broken:
    """Install the game at both ends, broken at Bob's."""
    broken = Broken(moment)
    room.ann.table._find_game = {"nim": Installed(BUILT_IN["tictactoe"])}.get
    room.bob.table._find_game = {"nim": broken}.get
    return broken


def mend(room: Room) -> None:
    """Let both have the usual games again."""
    room.ann.table._find_game = room.bob.table._find_game = find_game


def test_an_offer_loads_no_game(room: Room) -> None:
    """Only the player who accepts it does; to decline it loads nothing either."""
    broken = install(room, "never")
    room.ann.table.play("nim")
    room.deliver()
    assert room.bob.was_shown("Ann offers a game of nim") and broken.calls == []
    room.bob.table.decline()
    room.deliver()
    assert broken.calls == []
    room.begin("nim")
    assert broken.calls == ["load", "start"]


def test_a_game_that_cannot_be_loaded_is_not_offered(room: Room) -> None:
    """The player is told why, and the peer nothing."""
    install(room, "load")
    with pytest.raises(TableError, match="the game nim of the package nim has failed"):
        room.bob.table.play("nim")
    assert not room.bob.sent and room.bob.table.offer_sent is None


def test_a_game_that_cannot_be_loaded_is_declined(room: Room) -> None:
    """When the player has accepted it, and not before."""
    install(room, "load")
    room.ann.table.play("nim")
    room.deliver()
    with pytest.raises(TableError, match="the game nim of the package nim has failed"):
        room.bob.table.play("")
    room.deliver()
    assert room.ann.was_shown("Bob declines the game.")
    mend(room)
    assert_goes_on(room)


@pytest.mark.parametrize("moment", ["start", "receive", "later"])
def test_a_game_that_fails_is_over_at_both_ends_without_a_result(
    moment: str, room: Room
) -> None:
    """The player reads which package it was; the peer is accused of nothing."""
    broken = install(room, moment)
    room.begin("nim")
    if moment != "start":
        room.ann.table.move("5")
    if moment == "later":
        broken.fail()  # it crosses the move
    room.deliver()
    assert room.bob.lines[-1] == (
        "The game is over, without a result: the game nim of the package nim has failed."
    )
    assert room.ann.lines[-1] == "The game failed at Bob's end: no result."
    assert room.ann.table.game is None and room.bob.table.game is None
    assert room.scores == ((0, 0, 0), (0, 0, 0))
    assert not room.bob.was_shown("makes a move") and not room.ann.was_shown("rules")
    mend(room)
    assert_goes_on(room)


def test_a_failure_after_a_resignation_changes_nothing(room: Room) -> None:
    """The game was over, and its result stands."""
    broken = install(room, "later")
    room.begin("nim")
    room.ann.table.move("5")
    room.bob.table.resign()
    lines = len(room.bob.lines)
    broken.fail()
    room.deliver()
    assert len(room.bob.lines) == lines
    assert room.scores == ((1, 0, 0), (0, 1, 0))


def test_a_failure_that_cannot_be_told_to_the_peer_ends_the_game_here(room: Room) -> None:
    """The person is leaving, say: nothing is sent any more."""
    broken = install(room, "later")
    room.begin("nim")

    def refuse(words: str) -> None:
        raise TableError("the talk is over")

    room.bob.table._send = refuse
    broken.fail()
    assert room.bob.table.game is None


# Cheats. Bob is honest; what Ann sends does not come from her table.


def cheat(room: Room, *sent: str) -> str:
    """Let Ann send words past her own table; return the last line that Bob is shown."""
    for words in sent:
        room.bob.table.receive(words)
    return room.bob.lines[-1]


def assert_caught(room: Room, *sent: str, report: str) -> None:
    """Check that both are told of Ann's cheat, and that the two can play on."""
    line = cheat(room, *sent)
    assert line.startswith("Ann ") and report in line
    assert room.bob.table.game is None
    assert room.bob.score == (0, 0, 0)
    (foul,) = [words for words in room.bob.sent if words.startswith("foul ")]
    room.bob.sent.clear()  # Ann's table has sent nothing that is answered
    room.ann.table.receive(foul)
    assert room.ann.table.game is None
    if "game is over" in line:
        assert room.ann.was_shown(
            "Bob ends the game without a result, and says that you broke the rules: "
            f"{foul[5:]!r}"
        )
    assert_goes_on(room)


def assert_goes_on(room: Room) -> None:
    """Play another game to its end."""
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
def test_a_cheat_in_a_board_game_is_named_and_the_two_can_play_on(
    kind: str, room: Room
) -> None:
    """The game is over without a result."""
    sent, report = MOVES[kind]
    room.begin()
    if sent[-1] == "taken":
        room.move("1", "2")
        sent = ["move 1"]
    assert_caught(room, *sent, report=report)
    assert any("the game is over, without a result" in line for line in room.bob.lines)


def test_a_first_move_of_the_end_that_does_not_begin_is_caught(room: Room) -> None:
    """Here Ann's program is honest and Bob's is not."""
    room.begin()
    room.ann.table.receive("move 5")
    assert room.ann.lines[-1] == (
        "Bob moved out of turn: the game is over, without a result."
    )


@pytest.mark.parametrize(
    ("sent", "report"),
    [
        ("accept", "accepts a game that nobody has offered"),
        ("move 5", "makes a move, and no game is on"),
        ("claim victory", "said 'claim'"),
    ],
    ids=["accept", "move", "unknown-word"],
)
def test_a_cheat_without_a_game_is_named_too(sent: str, report: str, room: Room) -> None:
    """No result is mentioned where there was no game."""
    assert_caught(room, sent, report=report)
    assert not room.bob.was_shown("without a result")


@pytest.mark.parametrize("sent", ["decline", "resign", "foul nothing"])
def test_words_that_may_cross_the_end_of_a_game_are_ignored_without_one(
    sent: str, room: Room
) -> None:
    """Nothing is shown and nothing is answered."""
    room.bob.table.receive(sent)
    assert (room.bob.lines, list(room.bob.sent)) == ([], [])


def test_a_foul_fits_into_a_frame_whatever_the_cheat_was(room: Room) -> None:
    """100 characters of any script."""
    assert "said" in cheat(room, "日" * 170)
    (foul,) = room.bob.sent
    assert len(foul) == FOUL_LIMIT
    assert len(foul.encode()) <= 512


def test_moves_behind_a_cheat_are_ignored(
    room: Room,
) -> None:
    """They were on their way when it was caught: one cheat is named once."""
    room.begin()
    cheat(room, "move 10", "move 1", "move 2")
    assert sum("game is over" in line for line in room.bob.lines) == 1
    assert not room.bob.was_shown("makes a move")


def test_a_setter_who_changes_the_word_is_caught(room: Room) -> None:
    """Another word does not fit the commitment."""
    room.begin("hangman")
    commitment = Secret("hello", "salt").commitment
    room.bob.table.receive(f"move word {commitment} 5")
    room.bob.table.move("jelly")
    assert_caught(
        room,
        "move at 1 2 3 4 5",
        "move was salt jelly",
        report="changed what had been promised",
    )


@pytest.mark.parametrize(
    ("sent", "report"),
    [
        (["guess a", "guess A"], "guessed 'A', which is no new letter or word"),
        (["at 1"], "said 'at' where it makes no sense"),
    ],
    ids=["a-letter-twice", "an-answer"],
)
def test_a_guesser_who_cheats_is_caught(sent: list[str], report: str, room: Room) -> None:
    """It is Bob who sets the word here."""
    room.bob.table.play("hangman")
    room.deliver()
    room.ann.table.play("")
    room.deliver()
    room.bob.table.move("hello")
    room.deliver()
    assert_caught(room, *(f"move {words}" for words in sent), report=report)


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
"""Any words, among them many that make sense now and then."""

ACTS = st.sampled_from(["/play tictactoe", "/play hangman", "/play", "/resign", "a", "5"])
"""What the honest player does in between."""


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
def test_no_words_of_the_peer_raise_an_error(events: list[tuple[bool, str, str]]) -> None:
    """Between the actions of a player; and every answer fits into a frame."""
    side = Side("Bob", True)
    for sent, words, line in events:
        if sent:
            side.table.receive(words)
            continue
        with suppress(TableError):
            act(side.table, line)
    assert all(len(words.encode()) <= 512 for words in side.sent)


# Who is who, whose move it is, and what was played.


def test_each_end_is_told_who_it_is_and_whose_move_it_is(room: Room) -> None:
    """In a line that stands above the board, too."""
    assert room.ann.table.status == room.bob.table.status == ""
    room.begin()
    assert room.ann.table.status == "tictactoe, you are X, your move"
    assert room.bob.table.status == "tictactoe, you are O, Ann's move"
    assert room.bob.boards[-1] == (1, [room.bob.table.status, *room.bob.board.split("\n")])
    room.move("5")
    assert room.ann.table.status == "tictactoe, you are X, Bob's move"
    assert room.bob.table.status == "tictactoe, you are O, your move"


def test_each_move_of_the_other_end_has_its_word(room: Room) -> None:
    """The own one was just typed."""
    room.begin()
    room.ann.lines.clear()
    room.bob.lines.clear()
    room.move("5", "1")
    assert room.bob.lines == ["Ann plays 5."]
    assert room.ann.lines == ["Bob plays 1."]
    room.ann.table.show_board()
    assert room.ann.lines == ["Bob plays 1."]


def test_a_name_with_braces_is_shown_as_it_is(room: Room) -> None:
    """And the server's begins a sentence with a capital letter."""
    room.bob.table.peer, room.ann.table.peer = "{peer}", "the server"
    room.begin()
    room.move("5", "1")
    assert room.bob.was_shown("{peer} plays 5.")
    assert room.ann.was_shown("The server plays 1.")


def test_the_board_of_the_last_move_names_no_further_move(room: Room) -> None:
    """After it the game is over."""
    room.begin()
    room.move(*TICTACTOE_WON)
    assert room.ann.boards[-1][1][0] == "tictactoe, you are X"
    assert room.bob.boards[-1][1][0] == "tictactoe, you are O"


def test_boards_of_two_games_have_two_numbers(room: Room) -> None:
    """The terminal must not paint one over the other."""
    room.begin()
    room.move(*TICTACTOE_WON)
    room.begin()
    assert {number for number, _ in room.ann.boards} == {1, 2}


def test_the_setter_of_hangman_is_asked_for_the_word(room: Room) -> None:
    """With the name of who does not see it."""
    assert room.ann.table.question == ""
    room.begin("hangman")
    assert room.ann.table.question == "Your word (Bob does not see it)>"
    assert room.bob.table.question == ""
    room.move("banana")
    assert room.ann.table.question == ""
    assert room.bob.was_shown("Ann has set a word of 6 letters.")


def test_each_game_has_a_score_of_its_own(room: Room) -> None:
    """A win in one says nothing about another."""
    room.begin()
    room.move(*TICTACTOE_WON)
    room.begin("connectfour")
    room.ann.table.resign()
    room.deliver()
    score = "Score in connectfour: you 0, Bob 1. /play plays again."
    assert room.ann.lines[-1] == f"You give up. {score}"


def test_battleship_is_played_at_a_table(room: Room) -> None:
    """Both commit at its beginning, and then both see the board, once."""
    room.begin("battleship")
    assert len(room.ann.boards) == len(room.bob.boards) == 1
    room.move("a1", "b2")
    assert room.bob.was_shown("Ann shoots at a1: ") and room.bob.was_shown(
        "You shoot at b2"
    )
    room.bob.table.receive("move shot a1")
    assert room.bob.was_shown("Ann shot at a square that is none, or twice at one: ")


def test_first_words_that_cannot_be_sent_end_nothing(room: Room) -> None:
    """This end is leaving, which ends the game as well."""
    room.ann.table.play("battleship")
    room.deliver()

    def refuse(words: str) -> None:
        if words != "accept":
            raise TableError("you are leaving")

    room.bob.table._send = refuse
    room.bob.table.play("")
    assert room.bob.table.game is not None


def test_a_board_that_is_empty_is_not_shown(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a game has failed there is none."""
    room.begin()
    room.ann.boards.clear()
    monkeypatch.setattr(room.ann.table.game, "draw_board", lambda: "")
    room.ann.table.show_board()
    assert room.ann.boards == []


def test_where_boards_are_said_no_picture_is_shown(room: Room) -> None:
    """Each end chooses for itself."""
    room.ann = Side("Bob", True, in_words=True)
    room.begin()
    assert room.ann.boards[-1][1][1:] == [f"row {number}: empty" for number in (1, 2, 3)]
    assert "---+---+---" in room.bob.boards[-1][1]
