"""The table where two play: offer, accept, move, resign, score, and who begins.

One end's side of it, pure: what the person wants and what the other end tells go in, words
for both come out. What travels, each in a GAME frame of its own:

    offer NAME me|you    a game, and who is to begin
    accept, decline      the answer
    move WORDS           what the game has to tell
    resign               I give up
    foul REASON          your last move breaks the rules: the game is over

Two offers may cross. Then that of the `wins_ties` end counts (the client's), and the other
end has accepted it, if both are of the same game.
"""

from collections.abc import Callable
from contextlib import suppress

from chatlib.errors import TableError
from chatlib.games.game import CheatingError, Game, IllegalMoveError, Outcome

RESULTS = {
    Outcome.WON: "You have won",
    Outcome.LOST: "{peer} has won",
    Outcome.DRAWN: "A draw",
}


FOUL_LIMIT = 100
"""Characters of what a cheat is told: in any script they fit into a frame."""


class Table:
    """Where one end plays with the other.

    `find` gives the game of a name, or None; `tell(words)` sends them to the other end;
    `show(line)` shows a line to the person; `peer` is how the other end is called.
    """

    def __init__(
        self,
        find: Callable[[str], type[Game] | None],
        tell: Callable[[str], None],
        show: Callable[[str], None],
        *,
        wins_ties: bool,
        peer: str,
    ) -> None:
        self.game: Game | None = None
        self.offered: str | None = None  # by us, and not answered
        self.asked: str | None = None  # by the other end, and not answered
        self.won = self.lost = self.drawn = 0
        self._find = find
        self._tell = tell
        self._write = show
        self._wins_ties = wins_ties
        self._peer = peer
        self._begins = True  # whether we begin the next game that we offer
        self._asked_begins = False  # whether we begin the one that we are asked for
        self._last = ""  # the game that was played last
        self._settled = True  # no move of an ended game can be on its way any more
        self._given_up: Game | None = None  # by us; the other end may not know it yet

    # What the person wants. Each raises TableError when it cannot be.

    @property
    def my_move(self) -> bool:
        """Whether this end's player is to move."""
        return self.game is not None and self.game.my_move

    @property
    def idle(self) -> bool:
        """Whether nothing is on, offered or to be played again."""
        return not (self.game or self.asked or self.offered or self._last)

    def play(self, name: str) -> None:
        """Offer a game; without a name take the one that is offered, or play again."""
        if self.game:
            raise TableError("a game is on: /resign gives it up")
        if self.asked and name in ("", self.asked):
            self._accept()
            return
        name = name or self._last
        if not name:
            raise TableError("which game? /play NAME")
        if self._find(name) is None:
            raise TableError(f"there is no game {name!r} here")
        if self.offered:
            raise TableError(f"{self._peer} has not answered your last offer")
        if self.asked:
            self._tell("decline")
        self.offered, self.asked = name, None
        self._tell(f"offer {name} {'me' if self._begins else 'you'}")
        self._show(f"You offer a game of {name}.")

    def decline(self) -> None:
        """Do not take the game that is offered."""
        if not self.asked:
            raise TableError("no game is offered to you")
        self.asked = None
        self._tell("decline")
        self._show("You decline the game.")

    def move(self, move: str) -> None:
        """Make a move in the game that is on."""
        game = self._playing()
        try:
            told = game.mine(move)
        except IllegalMoveError as error:
            raise TableError(str(error)) from None
        for words in told:
            self._tell(f"move {words}")
        self._draw(game)

    def resign(self) -> None:
        """Give up the game."""
        game = self._playing()
        self._tell("resign")
        self._settled, self._given_up = False, game
        self._end(Outcome.LOST, "You give up")

    def board(self) -> None:
        """Show the board again."""
        self._show_board(self._playing())

    def _playing(self) -> Game:
        if self.game is None:
            raise TableError("no game is on: /play NAME offers one")
        return self.game

    # What the other end tells.

    def receive(self, words: str) -> None:
        """Take what the other end tells. Raises nothing: it is named what is wrong."""
        verb, _, rest = words.partition(" ")
        handle = _VERBS.get(verb)
        if handle is None:
            self._catch(f"said {verb!r}, which is no word of any game")
        else:
            handle(self, rest)

    def _receive_offer(self, rest: str) -> None:
        name, _, begins = rest.partition(" ")
        self._settled, self._given_up = True, None
        if self._find(name) is None or begins not in ("me", "you"):
            self._tell("decline")
            self._show(f"{self._peer} offers a game that is not here: {name}.")
        elif self.game:
            self._tell("decline")  # ours began when it had not heard of that
        elif self.offered:
            self._cross(name, begins == "you")
        else:
            self.asked, self._asked_begins = name, begins == "you"
            self._show(f"{self._peer} offers a game of {name}: /play or /decline.")

    def _cross(self, name: str, begins: bool) -> None:
        """Both have offered at once: the wins_ties's offer counts on both ends."""
        same = name == self.offered
        if self._wins_ties:
            if same:
                self._start(name, self._begins)
            return  # otherwise ours stands, and theirs is void
        self.offered = None
        if same:
            self._start(name, begins)
        else:
            self.asked, self._asked_begins = name, begins
            self._show(f"{self._peer} offers {name} at the same time: /play or /decline.")

    def _receive_accept(self, rest: str) -> None:
        if self.offered:
            self._start(self.offered, self._begins)
        else:
            self._catch("accepts a game that nobody has offered")

    def _receive_decline(self, rest: str) -> None:
        if self.offered:
            self.offered = None
            self._show(f"{self._peer} declines the game.")

    def _receive_move(self, rest: str) -> None:
        if self.game is None:
            self._receive_late(rest)
            return
        try:
            answers = self.game.theirs(rest)
        except CheatingError as error:
            self._catch(str(error))
            return
        for answer in answers:
            self._tell(f"move {answer}")
        self._draw(self.game)

    def _receive_late(self, rest: str) -> None:
        """Take a move where no game is on: it may have been on its way when we gave up.

        If it ended the game, it did so before we gave up, and so it looks on the other
        end, too. One that has to be answered cannot have ended it.
        """
        if self._settled:
            self._catch("makes a move, and no game is on")
        game = self._given_up
        with suppress(CheatingError):
            if game and not game.theirs(rest) and game.outcome:
                self._given_up = None
                self.lost -= 1
                self._draw(game)

    def _receive_resign(self, rest: str) -> None:
        if self.game:
            self._end(Outcome.WON, f"{self._peer} gives up")
        elif self._given_up:  # at the same moment: so it looks on the other end, too
            self._given_up = None
            self.lost -= 1
            self._end(Outcome.DRAWN, "Both give up: a draw")

    def _receive_foul(self, rest: str) -> None:
        if self.game:
            self._stop()
            self._show(f"{self._peer} says that you broke the rules: {rest}. No result.")

    # How it is done.

    def _accept(self) -> None:
        assert self.asked
        self._tell("accept")
        self._start(self.asked, self._asked_begins)

    def _start(self, name: str, begins: bool) -> None:
        kind = self._find(name)
        assert kind is not None
        self.offered = self.asked = None
        self._settled, self._given_up = True, None
        self._last, self._begins = name, not begins  # next time the other begins
        self.game = kind(begins)
        who = "you begin" if begins else f"{self._peer} begins"
        self._show(f"A game of {name}: {who}.")
        self._show(f"(How to move: {kind.hint}.)")
        self._show_board(self.game)

    def _draw(self, game: Game) -> None:
        """Show the board after a move, and how the game ended, if it has."""
        if game.settled:
            self._show_board(game)
        if game.outcome:
            result = RESULTS[game.outcome].format(peer=self._peer)
            self._end(game.outcome, result)

    def _show(self, line: str) -> None:
        """Show a line; one that begins with who the other end is, as a sentence does."""
        self._write(f"T{line[1:]}" if line.startswith("the ") else line)

    def _show_board(self, game: Game) -> None:
        for line in game.board().split("\n"):
            self._show(line)

    def _end(self, outcome: Outcome, sentence: str) -> None:
        self.won += outcome is Outcome.WON
        self.lost += outcome is Outcome.LOST
        self.drawn += outcome is Outcome.DRAWN
        self._stop()
        score = f"you {self.won}, {self._peer} {self.lost}"
        draws = f", {self.drawn} drawn" if self.drawn else ""
        self._show(f"{sentence}. Score: {score}{draws}. /play plays again.")

    def _catch(self, what: str) -> None:
        """The other end has cheated: name it, tell it, and play no more of this game."""
        playing = self.game is not None
        self._stop()
        self._settled = False
        self.offered = self.asked = None
        ending = ": the game is over, without a result" if playing else ""
        self._show(f"{self._peer} {what}{ending}.")
        self._tell(f"foul {what}"[:FOUL_LIMIT])

    def _stop(self) -> None:
        self.game = None


_VERBS: dict[str, Callable[[Table, str], None]] = {
    "offer": Table._receive_offer,
    "accept": Table._receive_accept,
    "decline": Table._receive_decline,
    "move": Table._receive_move,
    "resign": Table._receive_resign,
    "foul": Table._receive_foul,
}
