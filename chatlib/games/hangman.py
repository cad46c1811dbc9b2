r"""Hangman: one sets a word, the other guesses its letters. Pure rules and text.

What the two ends tell each other:

    word PROMISE COUNT    the setter has chosen: a promise of the word, and its letters
    guess a               the guesser guesses a letter, or the whole word
    at 2 5                the setter's program answers where it stands: or `at`, nowhere
    was SALT WORD         in the end the word, which must fit promise and answers

The guesser's program checks all of it when the word is told: nobody can change the word
half way. Nobody can peek either: until then there is only the promise.
"""

from unicodedata import category, normalize

from chatlib.games.game import CheatingError, Game, IllegalMoveError, Outcome
from chatlib.games.secret import Secret, open_secret

LETTERS_LIMIT = 30
"""Letters of a word, so that it fits on a line."""

BYTES_LIMIT = 400
"""Bytes of them, with all marks, so that the word and its salt fit into a frame."""

MISSES_LIMIT = 7

FINAL, SIGMA = "\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}"

# What is there after so many misses: the whole drawing, and the parts that come one by one.
_GALLOWS = (
    "  +---+  ",
    "  |   |  ",
    "  |   O  ",
    r"  |  /|\ ",
    r"  |  / \ ",
    "  |      ",
    "=====    ",
)
_PARTS = ((1, 6), (2, 6), (3, 6), (3, 5), (3, 7), (4, 5), (4, 7))


def letters(word: str) -> list[str]:
    """Split a word into its letters: a base and the marks on it. [] if it is no word."""
    found: list[str] = []
    for character in normalize("NFC", word):
        kind = category(character)[0]
        if kind == "M" and found:
            found[-1] += character
        elif kind == "L":
            found.append(character)
        else:
            return []
    return found


def fold(letter: str) -> str:
    """Make a letter comparable: small, and a Greek sigma one wherever it stands."""
    return normalize("NFC", letter.lower()).replace(FINAL, SIGMA)


class Hangman(Game):
    """Who begins sets the word."""

    name = "hangman"
    hint = "who begins sets a word with /move WORD; a letter guesses it, /move WORD all"

    def __init__(self, begins: bool) -> None:
        super().__init__(begins)
        self._secret: Secret | None = None  # the setter's
        self._promise = ""  # as the guesser knows it
        self.shown: list[str | None] = []  # the letters that are known, in their places
        self.guesses: list[str] = []
        self.answers: list[list[int]] = []  # where each guess stands; [] for a miss
        self.word = ""  # once it was told

    @property
    def my_move(self) -> bool:
        """The setter moves once; the guesser when the last guess was answered."""
        if self.outcome is not None or self._decided:
            return False
        if self.begins:
            return self._secret is None
        return bool(self._promise) and len(self.guesses) == len(self.answers)

    @property
    def settled(self) -> bool:
        """Whether the last guess was answered, and the word told once that is due."""
        told = self.outcome is not None or not self._decided
        return told and len(self.guesses) == len(self.answers)

    def is_move(self, line: str) -> bool:
        """One letter, of the one who guesses; all else is talk."""
        return not self.begins and len(letters(line)) == 1

    def mine(self, move: str) -> list[str]:
        """Set the word, or guess."""
        if not self.my_move:
            raise IllegalMoveError("it is not your move")
        spelled = letters(move)
        word = "".join(spelled)
        if not 1 <= len(spelled) <= LETTERS_LIMIT:
            raise IllegalMoveError(f"a word is 1 to {LETTERS_LIMIT} letters")
        if len(word.encode()) > BYTES_LIMIT:
            raise IllegalMoveError("there are too many marks on the letters")
        if self.begins:
            return self._set_word(word)
        self._guess(word)
        return [f"guess {word}"]

    def theirs(self, told: str) -> list[str]:
        """Take what the other end tells, if it is its time to tell it."""
        verb, _, rest = told.partition(" ")
        if self.begins and verb == "guess" and self._secret and not self._decided:
            return self._answer(rest)
        if not self.begins:
            if verb == "word" and not self._promise:
                return self._take_promise(rest)
            if verb == "at" and len(self.guesses) > len(self.answers):
                return self._take_answer(rest)
            if verb == "was" and self._decided and not self.word:
                return self._check(rest)
        raise CheatingError(f"said {verb!r} where it makes no sense")

    def board(self) -> str:
        """Draw gallows and word side by side: what is known, what was guessed."""
        known = " ".join(letter or "_" for letter in self.shown) or "..."
        last = f", last {self.guesses[-1]}" if self.guesses else ""
        told = f"The word was {self.word}." if self.word else ""
        beside = ["", known, "", f"guessed: {' '.join(self.guesses)}{last}", told, "", ""]
        rows = zip(_draw(self.misses), beside, strict=True)
        return "\n".join(f"{left} {right}".rstrip() for left, right in rows)

    @property
    def misses(self) -> int:
        """How many guesses stood nowhere."""
        return self.answers.count([])

    @property
    def _decided(self) -> bool:
        """Whether all letters are known, or the man hangs."""
        return bool(self.shown) and (None not in self.shown or self.misses >= MISSES_LIMIT)

    # The setter.

    def _set_word(self, word: str) -> list[str]:
        self._secret = Secret(word)
        count = len(letters(word))
        self.shown = [None] * count
        return [f"word {self._secret.promise} {count}"]

    def _answer(self, guess: str) -> list[str]:
        """Answer a guess; if it was the last, tell the word."""
        assert self._secret
        count = len(letters(guess))
        if not 1 <= count <= LETTERS_LIMIT or self._has_guessed(guess):
            raise CheatingError(f"guessed {guess!r}, which is no new letter or word")
        self.guesses.append(guess)
        places = _places(self._secret.words, guess)
        self._note(places)
        told = [" ".join(["at", *map(str, places)])]
        if self._decided:
            self.word = self._secret.words
            self.outcome = Outcome.LOST if None not in self.shown else Outcome.WON
            told.append(f"was {self._secret.proof}")
        return told

    # The guesser.

    def _take_promise(self, rest: str) -> list[str]:
        promise, _, count = rest.partition(" ")
        if not promise or not count.isdecimal() or not 1 <= int(count) <= LETTERS_LIMIT:
            raise CheatingError("set a word that is none")
        self._promise = promise
        self.shown = [None] * int(count)
        return []

    def _guess(self, guess: str) -> None:
        if self._has_guessed(guess):
            raise IllegalMoveError(f"you have guessed {guess} before")
        self.guesses.append(guess)

    def _has_guessed(self, guess: str) -> bool:
        return fold_all(guess) in map(fold_all, self.guesses)

    def _take_answer(self, rest: str) -> list[str]:
        """Take the places of a guess; they are checked against the word in the end."""
        places = [int(each) if each.isdecimal() else 0 for each in rest.split()]
        guessed = len(letters(self.guesses[-1]))
        whole = guessed > 1 and places and len(places) != guessed
        if whole or not all(1 <= place <= len(self.shown) for place in places):
            raise CheatingError("answered with places that are none")
        self._note(places)
        return []

    def _note(self, places: list[int]) -> None:
        """Keep the answer to the last guess, and show the letters that it uncovers."""
        self.answers.append(places)
        guess = [fold(letter) for letter in letters(self.guesses[-1])]
        for index, place in enumerate(places):
            self.shown[place - 1] = guess[index if len(guess) > 1 else 0]

    def _check(self, proof: str) -> list[str]:
        """Hold the word against its promise and against every answer."""
        word = open_secret(self._promise, proof)
        spelled = letters(word)
        if len(spelled) != len(self.shown):
            raise CheatingError("told a word of another length")
        for guess, places in zip(self.guesses, self.answers, strict=True):
            if _places(word, guess) != places:
                raise CheatingError(f"answered wrong when {guess!r} was guessed")
        self.word = word
        self.outcome = Outcome.WON if None not in self.shown else Outcome.LOST
        return []


def fold_all(guess: str) -> str:
    """Make a letter or a word comparable."""
    return "".join(map(fold, letters(guess)))


def _places(word: str, guess: str) -> list[int]:
    """Say where a guess stands, counted from 1: a letter's places, all of them, or none."""
    spelled = [fold(letter) for letter in letters(word)]
    wanted = [fold(letter) for letter in letters(guess)]
    if len(wanted) > 1:
        return list(range(1, len(spelled) + 1)) if wanted == spelled else []
    return [place for place, letter in enumerate(spelled, 1) if [letter] == wanted]


def _draw(misses: int) -> list[str]:
    """Draw the gallows with what hangs there after so many misses."""
    rows = [list(row) for row in _GALLOWS]
    for row, column in _PARTS[misses:]:
        rows[row][column] = " "
    return ["".join(row) for row in rows]
