"""The table where two play: offer, accept, move, resign, score, and who begins.

A `Table` is one end's side of it, and pure: the player's wishes and the words of the other
end go in, words to send and lines to show come out. The words travel in GAME frames:

    offer NAME me|you    a game that the sender begins (me), or the receiver (you)
    accept, decline      the answer to an offer
    move WORDS           what the game has to send
    resign               the sender gives up
    foul REASON          the receiver's last move breaks the rules: the game is over

`foul` with the reason FAILED accuses nobody: the sender's own code of the game has failed.

Two offers may cross. Then the offer of the end that wins ties counts (the client). If both
are of the same game, the other end has thereby accepted it.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from chatlib.errors import TableError
from chatlib.games.game import (
    BrokenGameError,
    CheatingError,
    Game,
    IllegalMoveError,
    Installed,
    Outcome,
)

RESULTS = {
    Outcome.WON: "You have won",
    Outcome.LOST: "{peer} has won",
    Outcome.DRAWN: "A draw",
}

FOUL_LIMIT = 100
"""The characters of a foul that are sent: in any script they fit into a GAME frame."""

FAILED = "nobody did: the game failed at my end"
"""The reason of a foul that is none. Programs of the first release show it as it is."""

WORDS_LIMIT = 100
"""The characters of the peer's words that a notice shows."""

NOTICES_LIMIT = 10
"""The offers and mistakes of the peer that are shown one by one until this end's player
says /play or /decline; further ones are counted."""


class Table:
    """The place where one end plays with the other.

    `find_game(name)` returns an installed game or None, `send(words)` sends words to the
    other end, `show(line)` shows a line to the player, and `show_board(lines, number)` the
    board of the game of this number, in place of its last one if possible. `peer` is what
    the other end is called, and `in_words` has boards said instead of drawn. `check_room()`
    raises TableError when a move cannot be sent.
    """

    def __init__(
        self,
        find_game: Callable[[str], Installed | None],
        send: Callable[[str], None],
        show: Callable[[str], None],
        show_board: Callable[[list[str], int], None],
        *,
        wins_ties: bool,
        peer: str,
        in_words: bool = False,
        check_room: Callable[[], None] = lambda: None,
    ) -> None:
        self._find_game = find_game
        self._check_room = check_room
        self._send = send
        self._show: Callable[[str], None] = lambda line: show(_capitalize(line))
        self._paint_board = show_board
        self._wins_ties, self._in_words = wins_ties, in_words
        # What the other end is called now; it may change when that comes back.
        self.peer = peer
        # The game that is on, and the name of the game in an offer without an answer.
        self.game: Game | None = None
        self.offer_sent: str | None = None
        self.offer_received: str | None = None
        # Whether this end begins the game in the offer that it received.
        self._begins_if_accepted = False
        # How many games have ended in each way, by the name of the game.
        self.scores: Counter[tuple[str, Outcome]] = Counter()
        # The name of the last game, or of that which is on, "" before the first one: /play
        # alone plays it again. And its number.
        self._last_name, self._number = "", 0
        # Whether this end begins the next game that it offers.
        self._begins_next = True
        # Whether a move of a game that has ended here may still arrive; and that game, if
        # this end has given it up and the peer may not have known.
        self._late_move_possible = False
        self._resigned_game: Game | None = None
        # The peer's offers and mistakes since this end's player said /play or /decline.
        self._unasked = 0

    # What the player wants. Each method raises TableError when it is not possible.

    @property
    def my_move(self) -> bool:
        """Whether this end's player is to move."""
        return self.game is not None and self.game.my_move

    @property
    def status(self) -> str:
        """Which game is on, who this player is in it, and whose move it is; "" for none."""
        # It is over when its own code fails in one of these calls.
        game = self.game
        if game is None:
            return ""
        mover = "your move" if game.my_move else f"{self.peer}'s move"
        parts = self._last_name, game.role, "" if game.outcome else mover
        return ", ".join(filter(None, parts))

    @property
    def question(self) -> str:
        """The prompt for a move that the peer must not see; "" where there is none."""
        question = self.game.question if self.game else ""
        return f"{question} ({self.peer} does not see it)>" if question else ""

    @property
    def needs_name(self) -> bool:
        """Whether `play` needs a name: no game is on, offered, or to be played again."""
        return not (self.game or self.offer_received or self.offer_sent or self._last_name)

    def play(self, name: str) -> None:
        """Offer a game; without a name accept the peer's offer, or play again."""
        self._unasked = 0
        if self.game:
            raise TableError("a game is on: /resign gives it up")
        if self.offer_received and name in ("", self.offer_received):
            self._accept_offer(self.offer_received)
            return
        name = name or self._last_name
        if not name:
            raise TableError("which game? /play NAME")
        installed = self._find_game(name)
        if installed is None:
            raise TableError(f"there is no game {name!r} here")
        # A second offer could cross the answer to the first, and the ends would disagree
        # about which game was accepted.
        if self.offer_sent:
            raise TableError(f"{self.peer} has not answered your last offer")
        try:
            installed.load()
        except BrokenGameError as error:
            raise TableError(str(error)) from None
        self._offer(name)

    def decline(self) -> None:
        """Decline the game that the peer has offered."""
        self._unasked = 0
        if not self.offer_received:
            raise TableError("no game is offered to you")
        self.offer_received = None
        self._send("decline")
        self._show("You decline the game.")

    def move(self, move: str) -> None:
        """Make a move in the game that is on."""
        game = self._require_game()
        try:
            self._check_room()  # a move that was made and not sent would end no more
            moves = game.make_move(move)
        except IllegalMoveError as error:
            raise TableError(str(error)) from None
        for words in moves:
            self._send(f"move {words}")
        self._show_move(game)

    def resign(self) -> None:
        """Resign from the game that is on."""
        game = self._require_game()
        self._send("resign")
        self._late_move_possible, self._resigned_game = True, game
        self._end_game(Outcome.LOST, "You give up")

    def show_board(self) -> None:
        """Show the board of the game that is on."""
        self._show_board_of(self._require_game())

    def _require_game(self) -> Game:
        if self.game is None:
            raise TableError("no game is on: /play NAME offers one")
        return self.game

    def _offer(self, name: str) -> None:
        # To offer another game is to decline the peer's.
        if self.offer_received:
            self._send("decline")
        self.offer_sent, self.offer_received = name, None
        self._send(f"offer {name} {'me' if self._begins_next else 'you'}")
        self._show(f"You offer a game of {name}.")

    def _accept_offer(self, name: str) -> None:
        installed = self._find_game(name)
        assert installed is not None
        try:
            # Only now: an offer alone runs no code of another package.
            installed.load()
        except BrokenGameError as error:
            self.offer_received = None
            self._send("decline")
            raise TableError(str(error)) from None
        self._send("accept")
        self._start_game(name, self._begins_if_accepted)

    # What the other end sent.

    def receive(self, words: str) -> None:
        """Handle the words of a GAME frame; a cheat is named, and nothing is raised."""
        verb, _, rest = words.partition(" ")
        handle = _HANDLERS.get(verb)
        if handle is None:
            self._call_foul(f"said {_quote(verb)}, which is no word of any game")
        else:
            handle(self, rest)

    def _receive_offer(self, rest: str) -> None:
        name, _, begins = rest.partition(" ")
        # The peer offers a game only after it knows that the last one is over.
        self._late_move_possible, self._resigned_game = False, None
        if self._find_game(name) is None or begins not in ("me", "you"):
            self._send("decline")
            self._notice(f"{self.peer} offers a game that is not here: {_quote(name)}.")
        elif self.game:
            # The offer was sent before the peer knew of the game that is on here.
            self._send("decline")
        elif self.offer_sent:
            self._receive_crossing_offer(name, begins == "you")
        else:
            offer = f"{self.peer} offers a game of {name}: /play or /decline."
            self._ask_player(name, begins == "you", offer)

    def _ask_player(self, name: str, begins: bool, offer: str) -> None:
        """Show the peer's offer, for the player to answer."""
        # The next /play accepts the offer that was shown last. So one that is not shown is
        # declined, and does not take the place of another.
        self.offer_received, self._begins_if_accepted = name, begins
        if not self._notice(offer):
            self.offer_received = None
            self._send("decline")

    def _receive_crossing_offer(self, name: str, begins: bool) -> None:
        """Decide which of two offers counts that have crossed."""
        same = name == self.offer_sent
        if self._wins_ties:
            # Of two games this end's stays offered, and the peer drops its own.
            if same:
                self._start_game(name, self._begins_next)
            return
        self.offer_sent = None
        if same:
            self._start_game(name, begins)
        else:
            offer = f"{self.peer} offers {name} at the same time: /play or /decline."
            self._ask_player(name, begins, offer)

    def _receive_accept(self, rest: str) -> None:
        if self.offer_sent:
            self._start_game(self.offer_sent, self._begins_next)
        else:
            self._call_foul("accepts a game that nobody has offered")

    def _receive_decline(self, rest: str) -> None:
        # It may be the answer to an offer that is void because two have crossed.
        if self.offer_sent:
            self.offer_sent = None
            self._show(f"{self.peer} declines the game.")

    def _receive_move(self, rest: str) -> None:
        # The game ends in one of these calls where its own code fails.
        game = self.game
        if game is None:
            self._receive_late_move(rest)
            return
        try:
            answers = game.receive(rest)
        except CheatingError as error:
            self._call_foul(str(error))
            return
        for answer in answers:
            self._send(f"move {answer}")
        self._show_move(game)

    def _receive_late_move(self, rest: str) -> None:
        """Handle a move of a game that is over here: it may have crossed a resignation.

        If it ended the game, it did so before the resignation arrived there, and both ends
        count that result. A move that has to be answered cannot have ended the game.
        """
        if not self._late_move_possible:
            self._call_foul("makes a move, and no game is on")
            return
        game = self._resigned_game
        with suppress(CheatingError):
            if game and not game.receive(rest) and game.outcome:
                self._resigned_game = None
                self.scores[self._last_name, Outcome.LOST] -= 1
                self._show_move(game)

    def _receive_resign(self, rest: str) -> None:
        if self.game:
            self._end_game(Outcome.WON, f"{self.peer} gives up")
        elif self._resigned_game:
            # The two resignations crossed, so the peer sees the same.
            self._resigned_game = None
            self.scores[self._last_name, Outcome.LOST] -= 1
            self._end_game(Outcome.DRAWN, "Both give up: a draw")

    def _receive_foul(self, rest: str) -> None:
        # A foul that crosses the end of the game has nothing left to end.
        if self.game:
            self.game = None
            if rest == FAILED:
                self._show(f"The game failed at {self.peer}'s end: no result.")
            else:
                # The peer's words come last and in quotes: they must not pass for ours.
                ends = f"{self.peer} ends the game without a result"
                self._show(f"{ends}, and says that you broke the rules: {_quote(rest)}")

    def _call_foul(self, what: str) -> None:
        """Name a cheat to the player and to the peer, and end the game without a result."""
        playing = self.game is not None
        self.game = self.offer_sent = self.offer_received = None
        # Moves that the peer sent before it reads of the foul are no second one.
        self._late_move_possible = True
        if playing:
            self._show(f"{self.peer} {_shorten(what)}: the game is over, without a result.")
        else:
            self._notice(f"{self.peer} {_shorten(what)}.")
        self._send(f"foul {what}"[:FOUL_LIMIT])

    # From the beginning of a game to its end.

    def _start_game(self, name: str, begins: bool) -> None:
        installed = self._find_game(name)
        assert installed is not None
        self.offer_sent = self.offer_received = None
        self._late_move_possible, self._resigned_game = False, None
        # The two begin by turns, whichever of them offers the next game.
        self._last_name, self._begins_next = name, not begins
        self._number += 1
        try:
            self.game = game = installed.start(begins, self._end_failed_game)
        except BrokenGameError as error:
            self._end_failed_game(str(error))
            return
        who = "you begin" if begins else f"{self.peer} begins"
        self._show(f"A game of {name}: {who}.")
        self._show(f"(How to move: {game.hint}.)")
        words = game.first_words()
        # When we are leaving nothing is sent, and that ends the game as well.
        with suppress(TableError):
            for each in words:
                self._send(f"move {each}")
        # Where both have to commit first, there is nothing to see yet.
        if game.board_is_current:
            self._show_board_of(game)

    def _end_failed_game(self, why: str) -> None:
        """End a game whose code has failed, at both ends and without a result."""
        if self._resigned_game:
            self._resigned_game = None  # it was over here: then its result stands
            return
        self.game = None
        # The peer may have made a move before it reads of this.
        self._late_move_possible = True
        self._show(f"The game is over, without a result: {why}.")
        with suppress(TableError):  # we are leaving, and that ends the game as well
            self._send(f"foul {FAILED}")

    def _end_game(self, outcome: Outcome, sentence: str) -> None:
        name = self._last_name
        self.scores[name, outcome] += 1
        self.game = None
        won, lost, drawn = (self.scores[name, each] for each in Outcome)
        score = f"Score in {name}: you {won}, {self.peer} {lost}"
        draws = f", {drawn} drawn" if drawn else ""
        self._show(f"{sentence}. {score}{draws}. /play plays again.")

    # What the player sees.

    def _show_move(self, game: Game) -> None:
        """Show the board after a move, and the result if that was the last one."""
        # A guess in hangman waits for its answer, which shows the board.
        if game.board_is_current:
            if game.news:
                # Not `format`: a name, or what was guessed, may have braces in it.
                self._show(f"{game.news.replace('{peer}', self.peer, 1)}.")
                game.news = ""
            self._show_board_of(game)
        if game.outcome:
            result = RESULTS[game.outcome].format(peer=self.peer)
            self._end_game(game.outcome, result)

    def _show_board_of(self, game: Game) -> None:
        # Without lines where the game's own code has failed.
        board = (game.say_board() if self._in_words else game.draw_board()).splitlines()
        if board:
            self._paint_board([*filter(None, [self.status]), *board], self._number)

    def _notice(self, line: str) -> bool:
        """Show what the peer did unasked; return whether it was shown.

        After NOTICES_LIMIT of them only a count is shown, at 100, 1000 and so on.
        """
        self._unasked += 1
        if self._unasked <= NOTICES_LIMIT:
            self._show(line)
            return True
        if str(self._unasked).strip("0") == "1":
            count = f"{self._unasked} offers or mistakes"
            self._show(f"{self.peer} has made {count}: they are not shown any more.")
        return False


def _capitalize(line: str) -> str:
    """Return a line as a sentence: a peer without a name is "the server"."""
    return f"T{line[1:]}" if line.startswith("the ") else line


def _shorten(words: str) -> str:
    """Return words on one line, without runs of blanks, cut to WORDS_LIMIT characters."""
    line = " ".join(words.split())
    return line if len(line) <= WORDS_LIMIT else f"{line[:WORDS_LIMIT]}..."


def _quote(words: str) -> str:
    """Return the peer's words for a notice, so that nobody takes them for ours."""
    return repr(_shorten(words))


# By the first of the words that a GAME frame carries.
_HANDLERS: dict[str, Callable[[Table, str], None]] = {
    "offer": Table._receive_offer,
    "accept": Table._receive_accept,
    "decline": Table._receive_decline,
    "move": Table._receive_move,
    "resign": Table._receive_resign,
    "foul": Table._receive_foul,
}
