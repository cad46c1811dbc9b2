r"""Hangman: one player sets a word, the other guesses its letters. Pure rules and text.

What the two ends send each other:

    word COMMITMENT COUNT  the setter has chosen a word of so many letters
    guess a                the guesser guesses a letter, or the whole word
    at 2 5                 the setter's program answers with the places of it; or `at`, none
    was SALT WORD          at the end the word, which must fit commitment and answers

The guesser's program checks all of it when the word is revealed, so the setter cannot
change the word in the meantime. The guesser cannot see it either: until then there is only
the commitment (see `secret`).
"""

from unicodedata import category, normalize

from chatlib.games.game import CheatingError, Game, IllegalMoveError, Outcome
from chatlib.games.secret import Secret, open_commitment

LETTERS_LIMIT = 30
"""The letters of the longest word, so that it fits on a line of the screen."""

BYTES_LIMIT = 400
"""The bytes of a word with all marks on its letters: with its salt it fits into a frame."""

MISSES_LIMIT = 7
"""The wrong guesses after which the guesser has lost."""

FINAL, SIGMA = "\N{GREEK SMALL LETTER FINAL SIGMA}", "\N{GREEK SMALL LETTER SIGMA}"

# The whole drawing, and the row and column of each part that one more miss adds.
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


# Letters, in any script.


def split_letters(word: str) -> list[str]:
    """Return the letters of a word, each with the marks on it; [] if it is no word."""
    found: list[str] = []
    for character in normalize("NFC", word):
        kind = category(character)[0]
        # Not every letter with a mark has a code point of its own, even when composed.
        if kind == "M" and found:
            found[-1] += character
        elif kind == "L":
            found.append(character)
        else:
            return []
    return found


def fold_letter(letter: str) -> str:
    """Return a letter in the form in which two are compared: lower case, composed."""
    # Of the two lower-case sigmas one stands at the end of a word: to guess one is to
    # guess the other. Lower-casing may decompose, as it does for a dotted capital I.
    return normalize("NFC", letter.lower()).replace(FINAL, SIGMA)


def fold_letters(guess: str) -> str:
    """Return a letter or a word in the form in which two are compared."""
    return "".join(map(fold_letter, split_letters(guess)))


def _fits(word: str) -> bool:
    """Return whether there are not too many marks on the letters of a word."""
    return len(word.encode()) <= BYTES_LIMIT


class Hangman(Game):
    """Hangman, as one end sees it. The player who begins is the setter."""

    name = "hangman"
    hint = (
        "who begins types a word that the other does not see; the other types a letter to"
        " guess it, or /move WORD for the whole word"
    )

    def __init__(self, begins: bool) -> None:
        super().__init__(begins)
        # What both ends know: the letter in each place, None while it is covered; the
        # letters and words that were guessed; the places of each guess, [] for a miss.
        self.uncovered: list[str | None] = []
        self.guesses: list[str] = []
        self.answers: list[list[int]] = []
        # The secret word; "" until it is revealed.
        self.word = ""
        # What only one of them has: the setter the word, the guesser the commitment to it.
        self._secret: Secret | None = None
        self._commitment = ""

    # What the table asks of every game.

    @property
    def my_move(self) -> bool:
        """Whether the setter has no word yet, or the guesser waits for no answer."""
        if self.outcome is not None or self._is_decided:
            return False
        if self.begins:
            return self._secret is None
        return bool(self._commitment) and len(self.guesses) == len(self.answers)

    @property
    def role(self) -> str:
        """Who of the two has the word."""
        return "you set the word" if self.begins else "you guess the word"

    @property
    def question(self) -> str:
        """The word, which a line of talk would tell the other player."""
        # Only once: after the word is set the setter talks, and the guesser moves.
        return "Your word" if self.begins and self.my_move else ""

    @property
    def board_is_current(self) -> bool:
        """Whether the last guess was answered, and the word revealed where it is due."""
        revealed = self.outcome is not None or not self._is_decided
        return revealed and len(self.guesses) == len(self.answers)

    def is_move(self, line: str) -> bool:
        """Return whether a line is one letter, typed by the guesser."""
        # A whole word may well be talk: it is guessed with /move.
        return not self.begins and len(split_letters(line)) == 1

    def make_move(self, move: str) -> list[str]:
        """Set the word, or guess a letter or the word."""
        if not self.my_move:
            raise IllegalMoveError("it is not your move")
        letters = split_letters(move)
        word = "".join(letters)
        if not 1 <= len(letters) <= LETTERS_LIMIT:
            raise IllegalMoveError(f"a word is 1 to {LETTERS_LIMIT} letters")
        if not _fits(word):
            raise IllegalMoveError("there are too many marks on the letters")
        return self._set_word(word) if self.begins else self._guess(word)

    def receive(self, words: str) -> list[str]:
        """Handle what the other end sent, where it is due."""
        verb, _, rest = words.partition(" ")
        if self.begins:
            if verb == "guess" and self._secret and not self._is_decided:
                return self._receive_guess(rest)
        elif verb == "word" and not self._commitment:
            return self._receive_commitment(rest)
        elif verb == "at" and len(self.guesses) > len(self.answers):
            return self._receive_places(rest)
        elif verb == "was" and self._is_decided and not self.word:
            return self._receive_word(rest)
        raise CheatingError(f"said {verb!r} where it makes no sense")

    def draw_board(self) -> str:
        """Return the gallows, and beside it the letters and the guesses so far."""
        letters = " ".join(letter or "_" for letter in self.uncovered) or "..."
        last = f", last {self.guesses[-1]}" if self.guesses else ""
        word = f"The word was {self.word}." if self.word else ""
        beside = ["", letters, "", f"guessed: {' '.join(self.guesses)}{last}", word, "", ""]
        rows = zip(_draw_gallows(self.misses), beside, strict=True)
        return "\n".join(f"{left} {right}".rstrip() for left, right in rows)

    def say_board(self) -> str:
        """Return in words what is known of the word, and how near the end is."""
        letters = ", ".join(letter or "blank" for letter in self.uncovered)
        said = [f"word: {letters or 'not told yet'}"]
        if self.guesses:
            said.append(f"guessed: {', '.join(self.guesses)}")
        said.append(f"wrong: {self.misses} of {MISSES_LIMIT}")
        return "\n".join([*said, f"The word was {self.word}."] if self.word else said)

    # What both ends work out from the answers.

    @property
    def misses(self) -> int:
        """The number of wrong guesses."""
        return self.answers.count([])

    @property
    def _is_decided(self) -> bool:
        """Whether all letters are uncovered, or there were too many misses."""
        return bool(self.uncovered) and (
            None not in self.uncovered or self.misses >= MISSES_LIMIT
        )

    def _was_guessed(self, guess: str) -> bool:
        return fold_letters(guess) in map(fold_letters, self.guesses)

    def _add_answer(self, places: list[int]) -> None:
        """Add the places of the last guess, and uncover the letters there."""
        self.answers.append(places)
        guess = [fold_letter(letter) for letter in split_letters(self.guesses[-1])]
        # A guessed word has a letter for each place, a letter is the same in all of them.
        for index, place in enumerate(places):
            self.uncovered[place - 1] = guess[index if len(guess) > 1 else 0]

    # The setter's end.

    def _set_word(self, word: str) -> list[str]:
        self._secret = Secret(word)
        count = len(split_letters(word))
        self.uncovered = [None] * count
        self.news = f"You have set a word of {_count_letters(count)}"
        return [f"word {self._secret.commitment} {count}"]

    def _receive_guess(self, guess: str) -> list[str]:
        """Answer a guess, and reveal the word if it was the last."""
        assert self._secret
        # The guesser's program refuses such a guess, too.
        fits = 1 <= len(split_letters(guess)) <= LETTERS_LIMIT and _fits(guess)
        if not fits or self._was_guessed(guess):
            raise CheatingError(f"guessed {guess!r}, which is no new letter or word")
        self.guesses.append(guess)
        self.news = f"{{peer}} guesses {guess}"
        places = _find_places(self._secret.words, guess)
        self._add_answer(places)
        answers = [" ".join(["at", *map(str, places)])]
        if self._is_decided:
            self.word = self._secret.words
            self.outcome = Outcome.LOST if None not in self.uncovered else Outcome.WON
            answers.append(f"was {self._secret.opening}")
        return answers

    # The guesser's end.

    def _guess(self, guess: str) -> list[str]:
        if self._was_guessed(guess):
            raise IllegalMoveError(f"you have guessed {guess} before")
        self.guesses.append(guess)
        self.news = ""  # the player has just typed it
        return [f"guess {guess}"]

    def _receive_commitment(self, rest: str) -> list[str]:
        commitment, _, count = rest.partition(" ")
        if not commitment or not count.isdecimal() or not 1 <= int(count) <= LETTERS_LIMIT:
            raise CheatingError("set a word that is none")
        self._commitment = commitment
        self.uncovered = [None] * int(count)
        self.news = f"{{peer}} has set a word of {_count_letters(int(count))}"
        return []

    def _receive_places(self, rest: str) -> list[str]:
        """Uncover the places of the last guess; they are checked with the word."""
        # 0 is no place: it stands for whatever is no number.
        places = [int(each) if each.isdecimal() else 0 for each in rest.split()]
        guessed = len(split_letters(self.guesses[-1]))
        # The whole word stands in all places or in none.
        partial = guessed > 1 and places and len(places) != guessed
        if partial or not all(1 <= place <= len(self.uncovered) for place in places):
            raise CheatingError("answered with places that are none")
        self._add_answer(places)
        return []

    def _receive_word(self, opening: str) -> list[str]:
        """Check the revealed word against the commitment and against every answer."""
        word = open_commitment(self._commitment, opening)
        if len(split_letters(word)) != len(self.uncovered) or not _fits(word):
            raise CheatingError("told a word of another length")
        # The commitment fits a setter who answered for another word all the time.
        for guess, places in zip(self.guesses, self.answers, strict=True):
            if _find_places(word, guess) != places:
                raise CheatingError(f"answered wrong when {guess!r} was guessed")
        self.word = word
        self.outcome = Outcome.WON if None not in self.uncovered else Outcome.LOST
        return []


def _count_letters(count: int) -> str:
    return "1 letter" if count == 1 else f"{count} letters"


def _find_places(word: str, guess: str) -> list[int]:
    """Return the places of a guess in a word, counted from 1; [] if it is not there."""
    letters = [fold_letter(letter) for letter in split_letters(word)]
    guessed = [fold_letter(letter) for letter in split_letters(guess)]
    if len(guessed) > 1:
        return list(range(1, len(letters) + 1)) if guessed == letters else []
    return [place for place, letter in enumerate(letters, 1) if [letter] == guessed]


def _draw_gallows(misses: int) -> list[str]:
    """Return the rows of the drawing after so many misses."""
    rows = [list(row) for row in _GALLOWS]
    for row, column in _PARTS[misses:]:
        rows[row][column] = " "
    return ["".join(row) for row in rows]
