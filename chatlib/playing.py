"""The games of a chat: the table, the question for a secret, and the way of a move.

The table itself is pure (`games/table.py`). Here it is joined with the terminal and the
connection, and what cannot be done becomes a sentence.
"""

from collections.abc import Callable
from contextlib import suppress

from chatlib.connection import Connection
from chatlib.errors import LocalProtocolError, TableError
from chatlib.games.game import Game, Installed
from chatlib.games.table import Table
from chatlib.goodbye import Goodbye
from chatlib.keeping import Keeping
from chatlib.peer import Peer
from chatlib.terminal.terminal import Terminal

NO_GAMES = "a talk with a journal has no games: they would not outlive this program"
"""Why nothing is played where one of the two has a journal."""


class Playing:
    """The person as a player: at one table with the peer, once both have met."""

    def __init__(
        self, terminal: Terminal, peer: Peer, goodbye: Goodbye, keeping: Keeping
    ) -> None:
        self._terminal = terminal
        self._peer = peer
        self._goodbye = goodbye
        self._keeping = keeping
        self.table: Table | None = None
        # The prompt of a game's question: the next line is its answer, and no talk.
        self.question = ""
        # The game whose question was put off.
        self._put_off: Game | None = None

    def sit_down(self) -> None:
        """Set up the table for the peer that has come."""
        self.table = Table(
            _find_game,
            self._send_words,
            self._terminal.show,
            self._terminal.show_board,
            wins_ties=self._peer.session.talks_first,
            peer=self._peer.name,
            in_words=self._terminal.says_boards,
            check_room=self._check_room,
        )

    def note_name(self) -> None:
        """Call the peer by its present name."""
        if self.table:
            self.table.peer = self._peer.name

    def is_move(self, line: str) -> bool:
        """Return whether a line is a move of the game that is on."""
        game = self.table.game if self.table else None
        return game is not None and game.is_move(line)

    def act(self, act: Callable[[Table], None]) -> None:
        """Do something at the table; explain what cannot be done."""
        if self.table is None or self._goodbye.farewell:
            self._terminal.notify("Not now: there is nobody to play with.")
            return
        if self._keeping.lasts:
            self._terminal.notify(f"Not done, {NO_GAMES}.")
            return
        try:
            act(self.table)
        except TableError as error:
            self._terminal.notify(f"Not done, {error}.")

    def ask_question(self) -> None:
        """Ask a person what the other end must not see, unless that was put off."""
        table = self.table
        # A script that is written for pipes sends the word with /move.
        wanted = self._terminal.interactive and not self._goodbye.is_leaving
        question = table.question if table and wanted else ""
        if table and table.game is self._put_off:
            question = ""
        self._ask(question)

    def stop_asking(self) -> None:
        """Ask nothing more: the next talk has another person to keep it from."""
        self._ask("")

    def _ask(self, question: str) -> None:
        if question != self.question:
            self.question = question
            self._terminal.ask(question)

    def answer(self, line: str) -> None:
        """Make a move of what was typed at the question; an empty line puts that off."""
        assert self.table is not None
        # Not as `act` does it: what cannot be a word goes back to the prompt.
        if line:
            try:
                self.table.move(line)
            except TableError as error:
                self._terminal.refuse(f"Not done, {error}", line)
        else:
            self._put_off = self.table.game
            self._terminal.notify(
                "Put off: what you type now is talk; /move asks again, /move WORD answers."
            )

    def move(self, move: str) -> None:
        """Make a move; without one ask again what was put off."""
        # With an answer it is a move like any other, whether that was put off or not.
        table = self.table
        if table and table.question and table.game is self._put_off and not move:
            self._put_off = None
        else:
            self.act(lambda table: table.move(move))

    def offer(self, name: str) -> None:
        """Offer a game, accept one, or play again; see `Table.play`."""
        if not name and self.table and self.table.needs_name:
            from chatlib.games.registry import game_names

            self._terminal.notify(f"There are these games: {', '.join(game_names())}.")
        self.act(lambda table: table.play(name.strip()))

    def _check_room(self) -> None:
        """Raise TableError when no move can be sent: then none may be made."""
        session = self._peer.session
        if not session.has_room_for_move:
            raise TableError(f"{len(session.kept)} messages are not confirmed yet")

    def _send_words(self, words: str) -> None:
        """Send words about a game. Raises TableError when that cannot be."""
        assert self._peer.connection is not None
        # A quiet client is announced by what is done first, and that may be an offer.
        self._peer.announce()
        try:
            self._peer.connection.play(words)
        except LocalProtocolError as error:
            raise TableError(str(error)) from None

    def receive(self, connection: Connection, number: int, words: str) -> None:
        """Pass the peer's words about a game to the table, then acknowledge them."""
        # Nobody plays before the talk has begun.
        if self.table is None:
            return
        self._peer.announce()
        self._keeping.note_played(number, words)
        with suppress(TableError):  # we are leaving, so the table's answer is not sent
            # The words are noted, and no board is made of them: none could be lost.
            if self._keeping.lasts:
                self._decline(words)
            else:
                self.table.receive(words)
        connection.link.shown(number)

    def _decline(self, words: str) -> None:
        """Answer the peer, who knows nothing of our journal, and offers a game."""
        if words.partition(" ")[0] == "offer":
            self._send_words("decline")
            self._terminal.notify(f"{self._peer.name} offers a game: {NO_GAMES}.")


def _find_game(name: str) -> Installed | None:
    """Find a game by its name; that imports our own games, and no other package."""
    from chatlib.games.registry import find_game

    return find_game(name)
