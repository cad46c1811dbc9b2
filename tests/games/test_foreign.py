"""Games of other packages, and everything that their code can do wrong."""

import signal
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from chatlib.games import foreign
from chatlib.games.foreign import (
    BOARD_COLUMNS,
    BOARD_LINES,
    LINE_LIMIT,
    WORDS_BYTES,
    WORDS_LIMIT,
    ForeignInstalled,
    run_limited,
)
from chatlib.games.game import (
    BrokenGameError,
    CheatingError,
    Game,
    IllegalMoveError,
    Outcome,
)
from chatlib.protocol.frames import GAME_LIMIT


class Nim(Game):
    """A game that works, and whose parts a test replaces."""

    name = "nim"
    hint = "take some"

    @property
    def my_move(self) -> bool:
        """Whether this end begins."""
        return self.begins

    def is_move(self, line: str) -> bool:
        """Return whether it is a digit."""
        return line.isdecimal()

    def make_move(self, move: str) -> list[str]:
        """Win by taking nine; five may not be taken."""
        if move == "5":
            raise IllegalMoveError("not five" * LINE_LIMIT)
        self.outcome = Outcome.WON if move == "9" else None
        return [move]

    def receive(self, words: str) -> list[str]:
        """Find a cheat in `x`."""
        if words == "x":
            raise CheatingError("took an x" * LINE_LIMIT)
        return []

    def draw_board(self) -> str:
        """Draw a heap."""
        return "|||"


class Text(str):
    """A text with a method of its own."""

    def splitlines(self, keepends: bool = False) -> list[str]:
        """Fail."""
        raise ValueError("of a package")


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> type[Game]:
    """Return a copy of the game, which a test may change, and install it."""
    kind = type("Nim", (Nim,), {})
    monkeypatch.setattr(sys.modules[__name__], "installed_game", kind, raising=False)
    return kind


def installed(value: str = f"{__name__}:installed_game") -> ForeignInstalled:
    """Return the game as its entry point names it."""
    return ForeignInstalled("nim", value, "nim_package")


@pytest.fixture
def failures() -> list[str]:
    """Return where failures are reported to."""
    return []


@pytest.fixture
def start(kind: type[Game], failures: list[str]) -> Callable[[], Game]:
    """Return a function that begins the game."""
    return lambda: installed().start(True, failures.append)


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """Check that the alarm's handler is as it was afterwards."""
    handler = signal.getsignal(signal.SIGALRM)
    yield
    assert signal.getsignal(signal.SIGALRM) is handler


def test_a_game_that_works_is_played_as_it_is(
    start: Callable[[], Game], failures: list[str]
) -> None:
    """Both ends' moves, the board, the outcome, and what a game may raise, cut short."""
    game = start()
    assert game.begins and game.hint == "take some" and game.my_move
    assert game.board_is_current and game.draw_board() == "|||"
    assert game.is_move("5") and not game.is_move("five")
    with pytest.raises(IllegalMoveError, match="not five") as illegal:
        game.make_move("5")
    assert len(str(illegal.value)) == LINE_LIMIT
    with pytest.raises(CheatingError, match="took an x") as cheat:
        game.receive("x")
    assert len(str(cheat.value)) == LINE_LIMIT
    assert game.receive("1") == [] and game.outcome is None
    assert game.make_move("9") == ["9"] and game.outcome is Outcome.WON
    assert failures == []


def test_role_question_first_words_and_news_are_passed_on_cut_short(
    kind: type[Game], start: Callable[[], Game], failures: list[str]
) -> None:
    """News are passed on once, so that they are not shown again."""

    def make_move(game: Game, move: str) -> list[str]:
        game.news = "x" * 1000 if move == "1" else game.news
        return [move]

    for name, value in (
        ("role", property(lambda _: "r" * 1000)),
        ("question", property(lambda _: "q" * 1000)),
        ("first_words", lambda _: ["one", "two"]),
        ("make_move", make_move),
    ):
        setattr(kind, name, value)
    game = start()
    assert game.role == "r" * LINE_LIMIT and game.question == "q" * LINE_LIMIT
    assert game.first_words() == ["one", "two"]
    game.make_move("1")
    assert game.news == "x" * LINE_LIMIT
    game.make_move("2")
    assert game.news == "" and failures == []


def exit_program(*arguments: object) -> object:
    """Do what a script does at its end."""
    sys.exit(3)


def recurse(*arguments: object) -> object:
    """Call itself without an end."""
    return recurse(*arguments)


def loop_for_ever(*arguments: object) -> object:
    """Never return, and catch every exception that it may."""
    while True:
        try:
            time.sleep(0.001)
        except Exception:
            continue


def parse(*arguments: object) -> object:
    """Fail as a careless game does."""
    return int("x")


FAULTS: dict[str, tuple[Callable[..., object], str]] = {
    "a-careless-game": (parse, "ValueError in test_foreign.py, line "),
    "exit": (exit_program, "SystemExit in test_foreign.py"),
    "recursion": (recurse, "RecursionError in test_foreign.py"),
    "endless": (loop_for_ever, "it did not come back within 0.05 s"),
}

CALLS: dict[str, tuple[Callable[[Game], object], object]] = {
    "make_move": (lambda game: game.make_move("1"), []),
    "receive": (lambda game: game.receive("1"), []),
    "draw_board": (lambda game: game.draw_board(), ""),
    "say_board": (lambda game: game.say_board(), ""),
    "is_move": (lambda game: game.is_move("1"), False),
    "my_move": (lambda game: game.my_move, False),
    "board_is_current": (lambda game: game.board_is_current, False),
    "role": (lambda game: game.role, ""),
    "question": (lambda game: game.question, ""),
    "first_words": (lambda game: game.first_words(), []),
}


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_reported_once_and_raises_nothing(
    method: str,
    fault: str,
    kind: type[Game],
    start: Callable[[], Game],
    failures: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the package and the place; after that its code is not called any more."""
    function, report = FAULTS[fault]
    property_of_it = isinstance(getattr(Nim, method), property)
    setattr(kind, method, property(function) if property_of_it else function)
    game = start()
    use, otherwise = CALLS[method]
    if fault == "endless":
        monkeypatch.setattr(foreign, "CALL_SECONDS", 0.05)
    assert use(game) == otherwise
    for each, nothing in CALLS.values():
        assert each(game) == nothing
    (failure,) = failures
    assert f"the game nim of the package nim_package has failed ({report}" in failure


UNFIT = {
    "a-text": ("make_move", "123", "no short list"),
    "an-endless-generator": ("receive", iter(lambda: "x", ""), "no short list"),
    "many-words": ("make_move", ["x"] * (WORDS_LIMIT + 1), "no short list"),
    "long-words": ("receive", ["x" * (WORDS_BYTES + 1)], "words that are too long"),
    "numbers": ("make_move", [5], "no text"),
    "half-a-character": ("make_move", ["\ud800"], "UnicodeEncodeError"),
    "a-board-of-bytes": ("draw_board", b"|||", "no text"),
    "a-high-board": ("draw_board", "\n" * (BOARD_LINES + 1), "board that is too large"),
    "a-wide-board": ("draw_board", "x" * (BOARD_COLUMNS + 1), "board that is too large"),
    "a-role-of-bytes": ("role", property(lambda _: b"x"), "no text"),
    "many-first-words": ("first_words", ["x"] * (WORDS_LIMIT + 1), "no short list"),
    "a-huge-board": ("draw_board", "x\n" * 1_000_000, "board that is too large"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_an_answer_of_the_wrong_type_or_size_is_a_fault(
    case: str, kind: type[Game], start: Callable[[], Game], failures: list[str]
) -> None:
    """It is neither sent nor drawn."""
    method, answer, report = UNFIT[case]
    setattr(kind, method, answer if isinstance(answer, property) else lambda *_: answer)
    game = start()
    use, otherwise = CALLS[method]
    assert use(game) == otherwise
    assert report in failures[0]


def test_a_text_is_used_without_the_methods_of_its_class(
    kind: type[Game], start: Callable[[], Game], failures: list[str]
) -> None:
    """They are a package's code, too."""
    setattr(kind, "draw_board", lambda _: Text("|||"))  # noqa: B010
    assert type(start().draw_board()) is str
    assert failures == []


def test_an_outcome_that_is_none_is_a_fault(
    kind: type[Game], start: Callable[[], Game], failures: list[str]
) -> None:
    """The game has no result then."""

    def win(game: Game, move: str) -> list[str]:
        game.outcome = "won"  # type: ignore[assignment]
        return []

    setattr(kind, "make_move", win)  # noqa: B010
    game = start()
    assert game.make_move("1") == [] and game.outcome is None
    assert "no outcome" in failures[0]


@pytest.mark.parametrize(
    ("attribute", "value", "report"),
    [
        ("__init__", parse, "ValueError in test_foreign.py"),
        ("__init__", exit_program, "SystemExit"),
        ("__new__", lambda *_: 5, "something that is no game"),
        ("hint", 5, "no text"),
    ],
    ids=["error", "exit", "another-object", "a-hint-that-is-none"],
)
def test_a_game_that_cannot_begin_is_a_fault(
    attribute: str, value: object, report: str, kind: type[Game], start: Callable[[], Game]
) -> None:
    """This one is raised, since there is no game yet."""
    setattr(kind, attribute, value)
    with pytest.raises(BrokenGameError, match=report):
        start()


@pytest.mark.parametrize(
    ("value", "report"),
    [
        ("there_is_no_such_module:Game", "ModuleNotFoundError"),
        (f"{__name__}:there_is_no_such_class", "AttributeError"),
        (f"{__name__}:FAULTS", "it is no game"),
        (f"{__name__}:Text [extra]", "it is no game"),
    ],
    ids=["module", "class", "dictionary", "another-class"],
)
def test_a_package_that_cannot_be_loaded_is_a_fault(value: str, report: str) -> None:
    """The report names it, and the kind of the error."""
    with pytest.raises(BrokenGameError) as error:
        installed(value).load()
    assert str(error.value).startswith(
        f"the game nim of the package nim_package has failed ({report}"
    )


@pytest.mark.usefixtures("kind")
def test_a_package_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time costs nothing."""
    game = installed()
    game.load()
    monkeypatch.delattr(sys.modules[__name__], "installed_game")
    game.load()
    assert game.start(True, pytest.fail).hint == "take some"


def test_an_interrupt_is_the_persons(kind: type[Game], start: Callable[[], Game]) -> None:
    """It ends the program, and not only the game."""

    def interrupt(*_: object) -> list[str]:
        raise KeyboardInterrupt

    setattr(kind, "make_move", interrupt)  # noqa: B010
    with pytest.raises(KeyboardInterrupt):
        start().make_move("1")


def test_an_error_without_a_place_is_named_by_its_kind() -> None:
    """It was never raised."""
    assert foreign._locate(ValueError()) == "ValueError"


def test_an_alarm_that_was_set_before_is_set_again() -> None:
    """It is the loop's, which interrupts a blocked call with it."""
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1000)
        assert run_limited(1, lambda: 5) == 5
        assert 900 < signal.getitimer(signal.ITIMER_REAL)[0] <= 1000
        signal.raise_signal(signal.SIGALRM)
        assert heard == [signal.SIGALRM]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_an_alarm_that_comes_too_late_does_nothing() -> None:
    """The call has returned in the meantime."""
    handler = run_limited(1, lambda: signal.getsignal(signal.SIGALRM))
    assert callable(handler)
    assert handler(signal.SIGALRM, None) is None


def test_the_words_of_a_game_fit_into_a_frame() -> None:
    """With the verb before them."""
    assert WORDS_BYTES + len("move ") <= GAME_LIMIT
