"""A thousand talks with games, moves by chance, over a network that breaks all the time."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from chatlib.games.battleship import SQUARES, Battleship
from chatlib.games.connectfour import ConnectFour
from chatlib.games.game import Game, Outcome
from chatlib.games.hangman import Hangman, fold_letters, split_letters
from chatlib.games.registry import BUILT_IN, find_game
from chatlib.games.table import Table
from chatlib.games.tictactoe import TicTacToe
from chatlib.protocol.frames import Mode
from tests.simulation.test_chance import SIZES, form_habits
from tests.simulation.test_cuts import PERFECT
from tests.simulation.world import End, Verdict, World, judge

TALKS = 1000
PARTS = 4
"""So that they can run beside each other."""

WORDS = ("chat", "Straße", "λόγος", "日本", "Ёж")

MIRROR = {
    Outcome.WON: Outcome.LOST,
    Outcome.LOST: Outcome.WON,
    Outcome.DRAWN: Outcome.DRAWN,
}
"""How a game has ended for the other end."""

Chooser = Callable[[random.Random, Game], str]


def choose_square(dice: random.Random, game: Game) -> str:
    """Choose a free square of tic-tac-toe."""
    assert isinstance(game, TicTacToe)
    return str(
        1 + dice.choice([at for at, mark in enumerate(game.squares) if mark is None])
    )


def choose_column(dice: random.Random, game: Game) -> str:
    """Choose a column of connect four that is not full."""
    assert isinstance(game, ConnectFour)
    return str(1 + dice.choice([at for at in range(7) if game.squares[35 + at] is None]))


def choose_guess(dice: random.Random, game: Game) -> str:
    """Choose a word to set, or a guess that is a new one."""
    assert isinstance(game, Hangman)
    guessed = [fold_letters(guess) for guess in game.guesses]
    possible = [*WORDS, *split_letters("".join(WORDS))]
    return dice.choice([each for each in possible if fold_letters(each) not in guessed])


def choose_shot(dice: random.Random, game: Game) -> str:
    """Choose a square that was not shot at."""
    assert isinstance(game, Battleship)
    return SQUARES[dice.choice([at for at in range(64) if at not in game.fired])]


CHOOSERS: dict[str, Chooser] = {
    "tictactoe": choose_square,
    "connectfour": choose_column,
    "hangman": choose_guess,
    "battleship": choose_shot,
}


class Player:
    """A person at one end of a world, whose moves are chosen by chance."""

    def __init__(self, end: End, dice: random.Random, wins_ties: bool) -> None:
        self.end = end
        self.dice = dice
        self.lines: list[str] = []
        self.table = Table(
            find_game,
            end.tell,
            self.lines.append,
            lambda lines, number: None,
            wins_ties=wins_ties,
            peer="the other",
        )
        end.watch = self.table.receive

    @property
    def ended(self) -> int:
        """How many games have ended."""
        return self.table.scores.total()

    @property
    def stands(self) -> tuple[str, Counter[tuple[str, Outcome]]]:
        """The board, and the score."""
        return _draw(self.table.game), +self.table.scores

    def act(self) -> None:
        """Do something, if there is anything to do."""
        table = self.table
        if table.game:
            self._play(table.game)
        elif table.offer_received and self.dice.random() < 0.1:
            table.decline()
        elif table.offer_received and self.dice.random() < 0.9:
            table.play("")
        elif not table.offer_sent:
            table.play(self.dice.choice(list(BUILT_IN)))

    def _play(self, game: Game) -> None:
        if self.dice.random() < 0.02:
            self.table.resign()
        elif game.my_move:
            self.table.move(CHOOSERS[game.name](self.dice, game))


class Evening:
    """Two players, and the network between them."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.world = World(self.dice.choice((Mode.TURNS, Mode.FREE)))
        self.world.run()
        ends = (self.world.client, self.world.server)
        self.players = [Player(end, self.dice, end is ends[0]) for end in ends]
        self.boards: Counter[bool] = Counter()  # how often two boards were compared

    def play(self) -> None:
        """Play until some games have ended, and then to a quiet moment."""
        wanted = self.dice.randint(1, 3)
        while min(player.ended for player in self.players) < wanted:
            self._step()
        self.be_quiet()

    def _step(self) -> None:
        """Let a player or the network do something."""
        chance = self.dice.random()
        if chance < 0.4:
            self.dice.choice(self.players).act()
        elif chance < 0.8:
            self.world.move(self.dice.choice(("up", "down")), self.dice.choice(SIZES))
        elif chance < 0.84:
            self.world.cut(reset=self.dice.random() < 0.5, half=self.dice.random() < 0.3)
        elif chance < 0.9:
            self.world.reconnect()
        elif chance < 0.95:
            form_habits(self.world, self.dice)
            waiting = self.dice.choice(self.players).end.waiting
            waiting.extend(f"text {chance} {n}" for n in range(self.dice.randint(1, 4)))
        else:
            self.be_quiet()

    def be_quiet(self) -> None:
        """Let all that is on its way arrive; then both must see the same."""
        self.world.reconnect()
        self.world.run()
        (board, score), (other_board, other) = (player.stands for player in self.players)
        assert board == other_board
        assert score == Counter(
            {(name, MIRROR[each]): other[name, each] for name, each in other}
        )
        client, server = (player.table for player in self.players)
        assert (client.offer_received, server.offer_received) == (
            server.offer_sent,
            client.offer_sent,
        )
        self.boards[bool(board)] += 1

    @property
    def verdicts(self) -> list[Verdict]:
        """What became of the words about games: none may be missing, doubled or late."""
        client, server = self.world.client, self.world.server
        pairs = (client.told, server.watched), (server.told, client.watched)
        return [judge(_numbered(told), _numbered(watched)) for told, watched in pairs]


def _draw(game: Game | None) -> str:
    """Return the board as both ends see it, "" when no game is on."""
    if isinstance(game, Battleship):
        seas = (game.sea, game.received), (game.other_sea, game.fired)
        hits = [[f"{at} {sea[at]}" for at in shots] for sea, shots in seas]
        return str(hits if game.begins else hits[::-1])
    return game.draw_board() if game else ""


def _numbered(words: list[str]) -> list[str]:
    """Number words that were sent more than once, so that they can be told apart."""
    seen: Counter[str] = Counter()
    numbered = []
    for each in words:
        seen[each] += 1
        numbered.append(f"{each} ({seen[each]})")
    return numbered


@pytest.mark.parametrize("part", range(PARTS))
def test_both_boards_are_equal_whenever_nothing_is_on_its_way(part: int) -> None:
    """In 1,000 talks with up to three games each; a failure names the seed."""
    boards: Counter[bool] = Counter()
    for seed in range(part * TALKS // PARTS, (part + 1) * TALKS // PARTS):
        evening = Evening(seed)
        try:
            evening.play()
            assert evening.verdicts == list(PERFECT)
            assert evening.world.client.error is evening.world.server.error is None
            lines = [line for player in evening.players for line in player.lines]
            assert not [line for line in lines if "without a result" in line]
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        boards += evening.boards
    assert boards[True] > TALKS // PARTS, "there were hardly any boards to compare"


def test_every_game_is_played_here() -> None:
    """Each of our games has a chooser here that knows its moves."""
    assert set(CHOOSERS) == set(BUILT_IN)
