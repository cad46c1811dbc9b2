"""Games of other packages: whatever their code does, the talk goes on.

No code of a package runs before the person at this end asks for the game. When it runs, an
exception, a wrong type, an answer that is too long or a call that does not return is a
failure of the game, and of nothing else. Its code is trusted as far as its user trusts the
package: what is caught here is a fault, and a peer that makes use of one.
"""

import os
import signal
from collections.abc import Callable
from importlib import import_module
from types import FrameType
from typing import TypeVar

from chatlib.games.game import (
    BrokenGameError,
    CheatingError,
    Game,
    IllegalMoveError,
    Installed,
    Outcome,
)

LOAD_SECONDS = 5.0
"""How long the import of a package may take, which its user has asked for."""

CALL_SECONDS = 1.0
"""How long a game may think about a move, while no key is heard."""

BOARD_LINES, BOARD_COLUMNS = 50, 200
"""The largest board: it fills a tall screen."""

LINE_LIMIT = 200
"""The longest hint or reason, in characters."""

WORDS_LIMIT, WORDS_BYTES = 16, 500
"""How much a move may send: so many words, each so long that it fits into a GAME frame."""

T = TypeVar("T")


class _TooSlowError(BaseException):
    """A call took too long. Not an Exception, which the code that is called may catch."""


class _UnfitError(Exception):
    """What a package's code returned is not what a game may return; the text says why."""


def run_limited(seconds: float, function: Callable[[], T]) -> T:
    """Return `function()`. Raises an exception out of it when it takes too long.

    Only code in Python is interrupted, and a call of the system, as `sleep` is.
    """
    running = True

    def interrupt(number: int, frame: FrameType | None) -> None:
        if running:
            raise _TooSlowError

    handler = signal.signal(signal.SIGALRM, interrupt)
    # It repeats: code that catches everything may catch the first one.
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        try:
            return function()
        finally:
            # An alarm from here on is late, and must not raise in the code below.
            running = False
    finally:
        # The loop has an alarm of its own, and it may be set. First the handler, so that
        # an alarm which is due at once finds it; None is one not installed from Python.
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler or signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, *timer)


class ForeignInstalled(Installed):
    """A game of another package, known by its entry point alone until it is loaded."""

    def __init__(self, name: str, value: str, package: str) -> None:
        self._name = name
        self._value = value
        self._package = package
        self._loaded: type[Game] | None = None

    def load(self) -> None:
        """Import the package, unless that was done."""
        self._load()

    def start(self, begins: bool, failed: Callable[[str], None]) -> Game:
        """Return a new game, behind a `ForeignGame`."""
        kind = self._load()

        def make() -> ForeignGame:
            return ForeignGame(
                kind(begins), kind.hint, lambda why: failed(self._blame(why))
            )

        return self._call(CALL_SECONDS, make)

    def _load(self) -> type[Game]:
        if self._loaded is None:
            self._loaded = self._call(LOAD_SECONDS, self._import)
        return self._loaded

    def _import(self) -> type[Game]:
        # As in `my_package.nim:Nim [extra]`.
        module, _, attributes = self._value.partition("[")[0].strip().partition(":")
        found: object = import_module(module)
        for attribute in attributes.split("."):
            found = getattr(found, attribute)
        if not (isinstance(found, type) and issubclass(found, Game)):
            raise _UnfitError("it is no game")
        return found

    def _call(self, seconds: float, function: Callable[[], T]) -> T:
        try:
            return call(seconds, function)
        except BrokenGameError as error:
            raise BrokenGameError(self._blame(str(error))) from None

    def _blame(self, why: str) -> str:
        """Return which package has failed, and how."""
        return f"the game {self._name} of the package {self._package} has failed ({why})"


def call(seconds: float, function: Callable[[], T], *allowed: type[BaseException]) -> T:
    """Return what a package's code returns; `allowed` are the exceptions that it may raise.

    Raises BrokenGameError for every other one, and when it takes too many seconds.
    """
    try:
        return run_limited(seconds, function)
    # Ctrl-C is the person's. A package that calls `sys.exit` ends its game alone.
    except KeyboardInterrupt:
        raise
    except allowed:
        raise
    except _UnfitError as error:
        why = str(error)
    except _TooSlowError:
        why = f"it did not come back within {seconds:g} s"
    except BaseException as error:
        why = _locate(error)
    raise BrokenGameError(why)


def _locate(error: BaseException) -> str:
    """Return the kind of an error and its place in the code.

    Its text is left out: it may quote the peer, who could write what looks like a notice.
    """
    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    if place is None:
        return type(error).__name__
    file = os.path.basename(place.tb_frame.f_code.co_filename)
    return f"{type(error).__name__} in {file}, line {place.tb_lineno}"


class ForeignGame(Game):
    """A game of another package, whose failure is reported once and ends it.

    No method raises anything but what a game may raise. After a failure it is nobody's
    move and nothing is drawn.
    """

    def __init__(self, game: object, hint: object, failed: Callable[[str], None]) -> None:
        if not isinstance(game, Game):
            raise _UnfitError("it made something that is no game")
        super().__init__(game.begins)
        self.hint = _check_text(hint)[:LINE_LIMIT]
        self._game = game
        self._report = failed
        self._broken = False

    @property
    def my_move(self) -> bool:
        """Whether it is this end's player that the game waits for."""
        return self._ask(lambda: bool(self._game.my_move), False)

    @property
    def role(self) -> str:
        """What this player is, cut to LINE_LIMIT."""
        return self._ask(lambda: _check_text(self._game.role)[:LINE_LIMIT], "")

    @property
    def question(self) -> str:
        """What this player is asked for, cut to LINE_LIMIT."""
        return self._ask(lambda: _check_text(self._game.question)[:LINE_LIMIT], "")

    @property
    def board_is_current(self) -> bool:
        """Whether the board may be shown; after a failure there is none."""
        return self._ask(lambda: bool(self._game.board_is_current), False)

    def first_words(self) -> list[str]:
        """Return what to send as soon as the game has begun."""
        return self._ask(lambda: _check_words(self._game.first_words()), [])

    def is_move(self, line: str) -> bool:
        """Return whether a typed line is a move."""
        return self._ask(lambda: bool(self._game.is_move(line)), False)

    def make_move(self, move: str) -> list[str]:
        """Make this player's move; return what to send."""
        return self._ask(lambda: self._pass(self._game.make_move, move), [])

    def receive(self, words: str) -> list[str]:
        """Handle what the other end sent; return what to answer."""
        return self._ask(lambda: self._pass(self._game.receive, words), [])

    def draw_board(self) -> str:
        """Return the board, "" after a failure."""
        return self._ask(lambda: _check_board(self._game.draw_board()), "")

    def say_board(self) -> str:
        """Return the board in words, "" after a failure."""
        return self._ask(lambda: _check_board(self._game.say_board()), "")

    def _ask(self, function: Callable[[], T], otherwise: T) -> T:
        """Return what the package's code returns; `otherwise` when it has failed."""
        if self._broken:
            return otherwise

        def ask() -> tuple[T, Outcome | None]:
            answer = function()
            return answer, _check_outcome(self._game.outcome)

        try:
            answer, self.outcome = call(CALL_SECONDS, ask, IllegalMoveError, CheatingError)
            return answer
        except BrokenGameError as error:
            self._broken, self.outcome = True, None
            self._report(str(error))
            return otherwise

    def _pass(self, method: Callable[[str], object], words: str) -> list[str]:
        """Return what the game sends, with the text of an exception made a short one."""
        try:
            sent = _check_words(method(words))
            self.news = _check_text(self._game.news)[:LINE_LIMIT]
            self._game.news = ""  # each is shown once
            return sent
        except (IllegalMoveError, CheatingError) as error:
            kind = (
                IllegalMoveError if isinstance(error, IllegalMoveError) else CheatingError
            )
            raise kind(str(error)[:LINE_LIMIT]) from None


# What a package's code returned, which may be anything.


def _check_text(text: object) -> str:
    if not isinstance(text, str):
        raise _UnfitError("it returned something that is no text")
    # Of a subclass only the characters, and none of its methods.
    return str.__str__(text)


def _check_outcome(outcome: object) -> Outcome | None:
    if outcome is None or isinstance(outcome, Outcome):
        return outcome
    raise _UnfitError("it ended with something that is no outcome")


def _check_board(board: object) -> str:
    text = _check_text(board)
    if len(text) > BOARD_LINES * BOARD_COLUMNS:
        raise _UnfitError("it drew a board that is too large")
    lines = text.splitlines()
    if len(lines) > BOARD_LINES or any(len(line) > BOARD_COLUMNS for line in lines):
        raise _UnfitError("it drew a board that is too large")
    return text


def _check_words(sent: object) -> list[str]:
    if not isinstance(sent, list) or len(sent) > WORDS_LIMIT:
        raise _UnfitError("it sends something that is no short list")
    words = [_check_text(each) for each in sent]
    if any(len(each.encode()) > WORDS_BYTES for each in words):
        raise _UnfitError("it sends words that are too long")
    return words
