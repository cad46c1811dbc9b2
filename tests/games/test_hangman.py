"""Hangman: the setter and the guesser played against each other, in any alphabet."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.games.game import CheatingError, IllegalMoveError, Outcome
from chatlib.games.hangman import (
    BYTES_LIMIT,
    LETTERS_LIMIT,
    MISSES_LIMIT,
    SIGMA,
    Hangman,
    fold_letter,
    split_letters,
)
from chatlib.games.secret import Secret

WON, LOST = Outcome.WON, Outcome.LOST

LETTER = st.builds(
    "".join,
    st.tuples(
        st.characters(categories=["L"]),
        st.text(st.characters(categories=["M"]), max_size=2),
    ),
)
"""A letter of any script, with or without marks on it."""

WORD = st.lists(LETTER, min_size=1, max_size=12).map("".join).filter(split_letters)

COMMON = st.text(f"abcdeéßς{SIGMA}Σİiäöü", min_size=1, max_size=6)
"""Words that are likely to share letters."""


def ends() -> tuple[Hangman, Hangman]:
    """Return a setter and a guesser."""
    return Hangman(True), Hangman(False)


def exchange(mover: Hangman, other: Hangman, move: str) -> None:
    """Make a move and deliver everything that follows; both boards are then equal."""
    for sent in mover.make_move(move):
        for answer in other.receive(sent):
            assert mover.receive(answer) == []
    assert mover.draw_board() == other.draw_board()


def begin(word: str) -> tuple[Hangman, Hangman]:
    """Return a setter who has set this word, and a guesser who has its commitment."""
    setter, guesser = ends()
    exchange(setter, guesser, word)
    return setter, guesser


def play(word: str, *guesses: str) -> tuple[Hangman, Hangman]:
    """Play with this word and these guesses; return the setter and the guesser."""
    setter, guesser = begin(word)
    for guess in guesses:
        exchange(guesser, setter, guess)
    return setter, guesser


def letters_not_there(count: int) -> list[str]:
    """Return so many letters that are in no word of these tests."""
    return list("qwyxzvkj"[:count])


@given(st.one_of(WORD, COMMON), st.data())
def test_for_any_guesses_both_boards_are_equal_and_the_word_is_revealed(
    word: str, data: st.DataObject
) -> None:
    """Words of any script; at the end one has won and the other has lost."""
    setter, guesser = begin(word)
    own = st.sampled_from(split_letters(word))
    guesses = st.one_of(own, own, LETTER, WORD, COMMON, st.just(word))
    while guesser.outcome is None:
        guess = data.draw(guesses)
        try:
            exchange(guesser, setter, guess)
        except IllegalMoveError:
            assert guesser.my_move
            unused = [
                each for each in split_letters(word) if not has_guessed(guesser, each)
            ]
            exchange(guesser, setter, unused[0])
    assert guesser.word == setter.word == normalize("NFC", word)
    assert {setter.outcome, guesser.outcome} == {WON, LOST}
    assert (guesser.outcome is LOST) == (guesser.misses == MISSES_LIMIT)
    assert not setter.my_move and not guesser.my_move


def has_guessed(guesser: Hangman, letter: str) -> bool:
    """Return whether a letter was guessed, in this form or another."""
    return fold_letter(letter) in [fold_letter(guess) for guess in guesser.guesses]


@given(LETTER.filter(lambda letter: len(split_letters(letter)) == 1))
def test_a_folded_letter_is_a_letter_and_folds_to_itself(letter: str) -> None:
    """However it was composed."""
    (composed,) = split_letters(letter)
    folded = fold_letter(composed)
    assert fold_letter(folded) == folded == normalize("NFC", folded)
    assert split_letters(folded) == [folded]
    for form in ("NFC", "NFD"):
        assert [fold_letter(each) for each in split_letters(normalize(form, letter))] == [
            folded
        ]


@given(st.text())
def test_any_text_can_be_split_into_letters(text: str) -> None:
    """Together they are the text, or there are none."""
    assert "".join(split_letters(text)) in ("", normalize("NFC", text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A", "a"),
        ("ẞ", "ß"),
        ("Σ", SIGMA),
        ("ς", SIGMA),
        ("Σ", "ς"),
        ("é", "E\N{COMBINING ACUTE ACCENT}"),
        ("İ", "i\N{COMBINING DOT ABOVE}"),
        ("\N{LATIN SMALL LETTER J WITH CARON}", "J\N{COMBINING CARON}"),
        ("Ж", "ж"),
        ("\N{LATIN CAPITAL LETTER D WITH SMALL LETTER Z}", "\N{LATIN SMALL LETTER DZ}"),
    ],
    ids=[
        "A-a",
        "sharp-s",
        "capital-and-small-sigma",
        "final-and-small-sigma",
        "capital-and-final-sigma",
        "e-acute-composed-and-not",
        "dotted-I",
        "j-caron-composed-and-not",
        "cyrillic",
        "title-case-dz",
    ],
)
def test_letters_that_differ_in_case_or_composition_are_equal(one: str, other: str) -> None:
    """A guess of one form finds the other."""
    setter, guesser = play(one, other)
    assert (setter.outcome, guesser.outcome) == (LOST, WON)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ß", "s"),
        ("İ", "\N{LATIN SMALL LETTER DOTLESS I}"),
        ("é", "e"),
        ("й", "и"),
        ("ä", "a"),
    ],
    ids=["sharp-s", "dotless-i", "e-acute", "short-i", "a-diaeresis"],
)
def test_letters_that_differ_in_their_marks_are_different(one: str, other: str) -> None:
    """A guess of one is a miss."""
    _, guesser = play(one, other)
    assert guesser.misses == 1


def test_the_guesser_wins_with_the_last_letter_of_the_word() -> None:
    """Both boards then show the word."""
    setter, guesser = play("Straße", "s", "t", "r", "a", "ß")
    assert "s t r a ß _" in guesser.draw_board()
    assert guesser.my_move
    exchange(guesser, setter, "E")
    assert (setter.outcome, guesser.outcome) == (LOST, WON)
    assert "The word was Straße." in setter.draw_board()


def test_a_letter_is_uncovered_in_all_its_places() -> None:
    """With one guess."""
    _, guesser = play("banana", "a")
    assert "_ a _ a _ a" in guesser.draw_board()


def test_the_board_can_be_said_in_words() -> None:
    """Without a gallows: how many guesses were wrong, and the word when it is known."""
    setter, guesser = play("banana", "a", "x")
    said = "word: blank, a, blank, a, blank, a\nguessed: a, x\nwrong: 1 of 7"
    assert guesser.say_board() == setter.say_board() == said
    exchange(guesser, setter, "banana")
    assert guesser.say_board().endswith("\nThe word was banana.")


def test_the_guesser_loses_at_the_seventh_miss() -> None:
    """Not at the sixth; each miss adds to the drawing."""
    setter, guesser = play("hello", *letters_not_there(MISSES_LIMIT - 1))
    drawings = {
        play("hello", *letters_not_there(count))[0].draw_board()
        for count in range(MISSES_LIMIT)
    }
    assert (guesser.outcome, len(drawings)) == (None, MISSES_LIMIT)
    exchange(guesser, setter, letters_not_there(MISSES_LIMIT)[-1])
    assert (setter.outcome, guesser.outcome) == (WON, LOST)
    assert "The word was hello." in guesser.draw_board()


def test_the_whole_word_can_be_guessed() -> None:
    """In upper or lower case; it wins at once."""
    setter, guesser = play("Hello", "l", "hELLO")
    assert (setter.outcome, guesser.outcome) == (LOST, WON)


@pytest.mark.parametrize("guess", ["help", "hallo", "helloo", "hellohello"])
def test_a_wrong_word_is_one_miss(guess: str) -> None:
    """Of whatever length; none of its letters is uncovered."""
    _, guesser = play("hello", guess)
    assert (guesser.misses, guesser.uncovered) == (1, [None] * 5)


@pytest.mark.parametrize(
    ("first", "again"),
    [("a", "A"), ("ς", "Σ"), ("Word", "wORD")],
    ids=["letter", "sigma", "word"],
)
def test_a_repeated_guess_is_refused(first: str, again: str) -> None:
    """In any form, and it costs nothing; from the other end it is a cheat."""
    setter, guesser = play("hello", first)
    before = guesser.draw_board()
    with pytest.raises(IllegalMoveError, match="you have guessed"):
        guesser.make_move(again)
    assert (guesser.draw_board(), guesser.my_move) == (before, True)
    with pytest.raises(CheatingError, match="no new letter or word"):
        setter.receive(f"guess {again}")


NO_WORDS = {
    "nothing": "",
    "blank": " ",
    "two-words": "two words",
    "letter-and-digit": "a1",
    "number": "42",
    "hyphen": "x-ray",
    "mark-without-letter": "\N{COMBINING CARON}a",
    "line-end": "a\n",
    "emoji": "🙂",
    "31-letters": "x" * (LETTERS_LIMIT + 1),
}


@pytest.mark.parametrize("word", NO_WORDS.values(), ids=NO_WORDS)
def test_a_malformed_word_can_be_neither_set_nor_guessed(word: str) -> None:
    """A word has 1 to 30 letters and nothing else; the other end may not send another."""
    with pytest.raises(IllegalMoveError, match="1 to 30 letters"):
        Hangman(True).make_move(word)
    setter, guesser = begin("hello")
    with pytest.raises(IllegalMoveError, match="1 to 30 letters"):
        guesser.make_move(word)
    with pytest.raises(CheatingError, match="no new letter or word"):
        setter.receive(f"guess {word}")


def test_a_word_may_have_thirty_letters() -> None:
    """Of three bytes each."""
    setter, _ = play("日" * LETTERS_LIMIT, "日")
    assert setter.outcome is LOST


def test_a_word_that_would_not_fit_into_a_frame_is_refused() -> None:
    """A letter may have marks, but not hundreds of them."""
    word = "a" + "\N{COMBINING CARON}" * 300
    setter, guesser = ends()
    with pytest.raises(IllegalMoveError, match="too many marks"):
        setter.make_move(word)
    exchange(setter, guesser, "hello")
    with pytest.raises(IllegalMoveError, match="too many marks"):
        guesser.make_move(word)


@given(WORD)
def test_everything_that_is_sent_fits_into_a_frame(word: str) -> None:
    """512 bytes, `move ` before it included."""
    setter, guesser = begin(word)
    (guess,) = guesser.make_move(word)
    sent = [guess, *setter.receive(guess)]
    assert max(len(f"move {each}".encode()) for each in sent) <= 512


def test_the_setter_moves_once_and_the_guesser_after_each_answer() -> None:
    """The guesser has to wait for the word first."""
    setter, guesser = ends()
    assert (setter.my_move, guesser.my_move) == (True, False)
    exchange(setter, guesser, "hello")
    assert (setter.my_move, guesser.my_move) == (False, True)
    with pytest.raises(IllegalMoveError, match="not your move"):
        setter.make_move("other")
    guesser.make_move("h")
    with pytest.raises(IllegalMoveError, match="not your move"):
        guesser.make_move("e")


def test_a_line_is_a_move_only_if_it_is_one_letter_typed_by_the_guesser() -> None:
    """All other lines are talk, and all lines of the setter."""
    setter, guesser = begin("hello")
    assert guesser.is_move("e") and guesser.is_move("e\N{COMBINING ACUTE ACCENT}")
    assert not any(map(guesser.is_move, ["", "hello", "1", "?", "/"]))
    assert not setter.is_move("e")


def test_the_commitment_does_not_contain_the_word() -> None:
    """And differs each time for the same word."""
    first, second = (Hangman(True).make_move("hello") for _ in range(2))
    assert "hello" not in first[0]
    assert first != second


@pytest.mark.parametrize("guess", ["x", "h", "hello"], ids=["miss", "hit", "word"])
def test_the_board_is_current_unless_an_answer_is_on_its_way(guess: str) -> None:
    """A guess waits for its places, and the last one for the word, too."""
    setter, guesser = begin("hello")
    (words,) = guesser.make_move(guess)
    assert not guesser.board_is_current
    for answer in setter.receive(words):
        assert setter.board_is_current
        assert not guesser.board_is_current
        guesser.receive(answer)
    assert guesser.board_is_current


# A setter who cheats: what it sends here does not come from its program.

HELLO = Secret("hello", "salt")


def guesser_of_hello(count: int = 5) -> Hangman:
    """Return a guesser who was sent the commitment to `hello`, and a number of letters."""
    guesser = Hangman(False)
    assert guesser.receive(f"word {HELLO.commitment} {count}") == []
    return guesser


def answer(guesser: Hangman, guess: str, places: str) -> None:
    """Let the guesser guess, and answer with these places."""
    guesser.make_move(guess)
    assert guesser.receive(f"at {places}".rstrip()) == []


def test_an_honest_setter_is_believed() -> None:
    """The checks find nothing where nothing is wrong."""
    guesser = guesser_of_hello()
    for guess, places in (("h", "1"), ("x", ""), ("hello", "1 2 3 4 5")):
        answer(guesser, guess, places)
    assert guesser.receive(f"was {HELLO.opening}") == []
    assert (guesser.word, guesser.outcome) == ("hello", WON)


def test_a_setter_who_changes_the_word_is_caught() -> None:
    """Another word does not fit the commitment."""
    guesser = guesser_of_hello()
    answer(guesser, "jelly", "1 2 3 4 5")
    with pytest.raises(CheatingError, match=r"^changed what had been promised$"):
        guesser.receive("was salt jelly")
    assert (guesser.word, guesser.outcome) == ("", None)


@pytest.mark.parametrize(
    ("guess", "places"),
    [("l", "3"), ("l", ""), ("x", "1"), ("l", "4 3"), ("e", "1 2")],
    ids=["one-too-few", "none", "one-that-is-none", "wrong-order", "one-too-many"],
)
def test_a_setter_who_answered_wrong_is_caught_when_the_word_is_revealed(
    guess: str, places: str
) -> None:
    """The answer before the last, so that the game went on."""
    guesser = guesser_of_hello()
    answer(guesser, guess, places)
    answer(guesser, "hello", "1 2 3 4 5")
    with pytest.raises(
        CheatingError, match=rf"^answered wrong when '{guess}' was guessed$"
    ):
        guesser.receive(f"was {HELLO.opening}")


@pytest.mark.parametrize(
    ("guess", "places"),
    [
        ("h", "0"),
        ("h", "6"),
        ("h", "-1"),
        ("h", "x"),
        ("h", "1 x"),
        ("h", "\N{ARABIC-INDIC DIGIT NINE}"),
        ("h", "1" * 400),
        ("hello", "1 2"),
    ],
    ids=[
        "0",
        "6",
        "negative",
        "a-letter",
        "one-right-one-wrong",
        "an-arabic-digit",
        "400-digits",
        "a-word-in-some-places",
    ],
)
def test_impossible_places_are_caught_at_once(guess: str, places: str) -> None:
    """A word of five letters has the places 1 to 5, and a whole word stands in all."""
    guesser = guesser_of_hello()
    guesser.make_move(guess)
    with pytest.raises(CheatingError, match=r"^answered with places that are none$"):
        guesser.receive(f"at {places}")


def test_a_revealed_word_of_another_length_is_caught() -> None:
    """It was announced with four letters."""
    guesser = guesser_of_hello(count=4)
    answer(guesser, "abcd", "1 2 3 4")
    with pytest.raises(CheatingError, match=r"^told a word of another length$"):
        guesser.receive(f"was {HELLO.opening}")


@pytest.mark.parametrize(
    "rest",
    ["", "c", "c 0", "c 31", "c x", "c 5 5", " 5"],
    ids=["nothing", "no-count", "0", "31", "a-letter", "two-counts", "no-commitment"],
)
def test_a_malformed_commitment_is_caught(rest: str) -> None:
    """It has to be one word and a number from 1 to 30."""
    with pytest.raises(CheatingError, match=r"^set a word that is none$"):
        Hangman(False).receive(f"word {rest}")


@pytest.mark.parametrize(
    "words",
    ["was salt hello", "word again 5", "at 1", "guess a", "hello", ""],
    ids=["word-too-early", "second-commitment", "answer", "guess", "unknown", "empty"],
)
def test_words_that_a_setter_may_not_send_now_are_caught(words: str) -> None:
    """The commitment has arrived, and no guess was made."""
    verb = words.partition(" ")[0]
    with pytest.raises(CheatingError, match=rf"^said '{verb}' where it makes no sense$"):
        guesser_of_hello().receive(words)


# A guesser who cheats.


@pytest.mark.parametrize(
    "words",
    ["guess a", "at 1", "was salt hello", "word commitment 5", ""],
    ids=["guess", "answer", "word", "commitment", "empty"],
)
def test_no_guess_is_possible_before_there_is_a_word(words: str) -> None:
    """Nor does a guesser send what the setter does."""
    verb = words.partition(" ")[0]
    with pytest.raises(CheatingError, match=rf"^said '{verb}' where it makes no sense$"):
        Hangman(True).receive(words)


def test_no_guess_is_possible_after_the_end() -> None:
    """The word is known then."""
    setter, _ = play("hello", "hello")
    with pytest.raises(CheatingError, match=r"^said 'guess' where it makes no sense$"):
        setter.receive("guess x")


@pytest.mark.parametrize(
    "words",
    ["at 1", "was salt hello", "word commitment 5"],
    ids=["answer", "word", "commitment"],
)
def test_a_guesser_who_sends_words_of_the_setter_is_caught(words: str) -> None:
    """Only guesses are due from it."""
    setter, _ = begin("hello")
    verb = words.partition(" ")[0]
    with pytest.raises(CheatingError, match=rf"^said '{verb}' where it makes no sense$"):
        setter.receive(words)


ACUTE = "\N{COMBINING ACUTE ACCENT}"


def test_too_many_marks_on_a_letter_of_the_peers_are_a_cheat() -> None:
    """Neither a guess nor the word covers the lines above it with them."""
    word = "x" + ACUTE * (BYTES_LIMIT // 2)
    setter, _ = begin("hello")
    with pytest.raises(CheatingError, match="no new letter or word"):
        setter.receive(f"guess {word}")
    secret = Secret(word)
    guesser = Hangman(False)
    guesser.receive(f"word {secret.commitment} 1")
    guesser.make_move("x")
    guesser.receive("at 1")
    with pytest.raises(CheatingError, match="told a word of another length"):
        guesser.receive(f"was {secret.opening}")


def test_the_setter_is_asked_for_the_word_until_it_is_set() -> None:
    """The guesser is asked for nothing: a guess is no secret."""
    setter, guesser = ends()
    assert (setter.question, guesser.question) == ("Your word", "")
    assert (setter.role, guesser.role) == ("you set the word", "you guess the word")
    exchange(setter, guesser, "a")
    assert setter.question == guesser.question == ""
    assert setter.news == "You have set a word of 1 letter"
    assert guesser.news == "{peer} has set a word of 1 letter"


def test_each_guess_is_news_at_the_setters_end() -> None:
    """At the guesser's it was just typed."""
    setter, guesser = begin("banana")
    assert setter.news == "You have set a word of 6 letters"
    exchange(guesser, setter, "n")
    assert (setter.news, guesser.news) == ("{peer} guesses n", "")
