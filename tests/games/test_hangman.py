"""Hangman: the setter and the guesser driven against each other, in any alphabet."""

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.games.game import CheatingError, IllegalMoveError, Outcome
from chatlib.games.hangman import (
    LETTERS_LIMIT,
    MISSES_LIMIT,
    SIGMA,
    Hangman,
    fold_letter,
    split_letters,
)

WON, LOST = Outcome.WON, Outcome.LOST

LETTER = st.builds(
    "".join,
    st.tuples(
        st.characters(categories=["L"]),
        st.text(st.characters(categories=["M"]), max_size=2),
    ),
)
"""A letter of any script, with marks on it or without."""

WORD = st.lists(LETTER, min_size=1, max_size=12).map("".join).filter(split_letters)

COMMON = st.text(f"abcdeéßς{SIGMA}Σİiäöü", min_size=1, max_size=6)
"""Words that are guessed now and then."""


def ends() -> tuple[Hangman, Hangman]:
    """Give a setter and a guesser."""
    return Hangman(True), Hangman(False)


def exchange(mover: Hangman, other: Hangman, move: str) -> None:
    """Make a move and carry all that is told to and fro; both then see the same."""
    for told in mover.make_move(move):
        for answer in other.receive(told):
            assert mover.receive(answer) == []
    assert mover.draw_board() == other.draw_board()


def begin(word: str) -> tuple[Hangman, Hangman]:
    """Give a setter who has set this word, and a guesser who knows that."""
    setter, guesser = ends()
    exchange(setter, guesser, word)
    return setter, guesser


def play(word: str, *guesses: str) -> tuple[Hangman, Hangman]:
    """Play with this word and these guesses."""
    setter, guesser = begin(word)
    for guess in guesses:
        exchange(guesser, setter, guess)
    return setter, guesser


def missing(count: int) -> list[str]:
    """Give so many letters that are in no word of these tests."""
    return list("qwyxzvkj"[:count])


@given(st.one_of(WORD, COMMON), st.data())
def test_whatever_is_guessed_both_boards_are_equal_and_the_word_is_told(
    word: str, data: st.DataObject
) -> None:
    """Words in any script; in the end one has won and the other has lost."""
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
    """Say whether a letter was guessed in this form or another."""
    return fold_letter(letter) in [fold_letter(guess) for guess in guesser.guesses]


@given(LETTER.filter(lambda letter: len(split_letters(letter)) == 1))
def test_a_letter_is_folded_once_and_stays_a_letter(letter: str) -> None:
    """Folding again changes nothing, however the letter was composed."""
    (composed,) = split_letters(letter)
    folded = fold_letter(composed)
    assert fold_letter(folded) == folded == normalize("NFC", folded)
    assert split_letters(folded) == [folded]
    for form in ("NFC", "NFD"):
        assert [fold_letter(each) for each in split_letters(normalize(form, letter))] == [
            folded
        ]


@given(st.text())
def test_any_text_can_be_asked_for_its_letters(text: str) -> None:
    """It is a word, whose letters make it up, or it has none."""
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
)
def test_letters_that_differ_only_in_size_or_form_are_one(one: str, other: str) -> None:
    """Guessed in one form they are found in the other."""
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
)
def test_letters_with_other_marks_are_others(one: str, other: str) -> None:
    """A miss."""
    _, guesser = play(one, other)
    assert guesser.misses == 1


def test_a_word_is_found_by_its_letters() -> None:
    """Every place of a letter is uncovered at once; the last one wins."""
    setter, guesser = play("Straße", "s", "t", "r", "a", "ß")
    assert "s t r a ß _" in guesser.draw_board()
    assert guesser.my_move
    exchange(guesser, setter, "E")
    assert (setter.outcome, guesser.outcome) == (LOST, WON)
    assert "The word was Straße." in setter.draw_board()


def test_a_letter_stands_wherever_it_is() -> None:
    """All places of it are shown."""
    _, guesser = play("banana", "a")
    assert "_ a _ a _ a" in guesser.draw_board()


def test_seven_misses_hang_the_man() -> None:
    """Six do not; what is drawn grows with each."""
    setter, guesser = play("hello", *missing(MISSES_LIMIT - 1))
    drawings = {
        play("hello", *missing(count))[0].draw_board() for count in range(MISSES_LIMIT)
    }
    assert (guesser.outcome, len(drawings)) == (None, MISSES_LIMIT)
    exchange(guesser, setter, missing(MISSES_LIMIT)[-1])
    assert (setter.outcome, guesser.outcome) == (WON, LOST)
    assert "The word was hello." in guesser.draw_board()


def test_the_whole_word_can_be_guessed() -> None:
    """In small letters and large ones alike; it wins at once."""
    setter, guesser = play("Hello", "l", "hELLO")
    assert (setter.outcome, guesser.outcome) == (LOST, WON)


@pytest.mark.parametrize("guess", ["help", "hallo", "helloo", "hellohello"])
def test_a_wrong_word_is_one_miss(guess: str) -> None:
    """Of whatever length; none of its letters is told."""
    _, guesser = play("hello", guess)
    assert (guesser.misses, guesser.uncovered) == (1, [None] * 5)


@pytest.mark.parametrize(("first", "again"), [("a", "A"), ("ς", "Σ"), ("Word", "wORD")])
def test_what_was_guessed_before_is_refused(first: str, again: str) -> None:
    """In any form; it costs nothing, and from the other end it is a cheat."""
    setter, guesser = play("hello", first)
    before = guesser.draw_board()
    with pytest.raises(IllegalMoveError, match="you have guessed"):
        guesser.make_move(again)
    assert (guesser.draw_board(), guesser.my_move) == (before, True)
    with pytest.raises(CheatingError, match="no new letter or word"):
        setter.receive(f"guess {again}")


BAD = ["", " ", "two words", "a1", "42", "x-ray", "\N{COMBINING CARON}a", "a\n", "🙂"]


@pytest.mark.parametrize("word", [*BAD, "x" * (LETTERS_LIMIT + 1)])
def test_what_is_no_word_cannot_be_set_or_guessed(word: str) -> None:
    """Only letters, and not too many; the other end may not do it, either."""
    with pytest.raises(IllegalMoveError, match="1 to 30 letters"):
        Hangman(True).make_move(word)
    setter, guesser = begin("hello")
    with pytest.raises(IllegalMoveError, match="1 to 30 letters"):
        guesser.make_move(word)
    with pytest.raises(CheatingError, match="no new letter or word"):
        setter.receive(f"guess {word}")


def test_thirty_letters_are_not_too_many() -> None:
    """The longest word that fits."""
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
def test_nothing_that_is_told_is_too_long_for_a_frame(word: str) -> None:
    """512 bytes; `move ` comes before it."""
    setter, guesser = begin(word)
    (guess,) = guesser.make_move(word)
    told = [guess, *setter.receive(guess)]
    assert max(len(f"move {each}".encode()) for each in told) <= 512


def test_who_moves_when() -> None:
    """The setter once, and then nothing; the guesser when there is a word."""
    setter, guesser = ends()
    assert (setter.my_move, guesser.my_move) == (True, False)
    exchange(setter, guesser, "hello")
    assert (setter.my_move, guesser.my_move) == (False, True)
    with pytest.raises(IllegalMoveError, match="not your move"):
        setter.make_move("other")
    guesser.make_move("h")
    with pytest.raises(IllegalMoveError, match="not your move"):
        guesser.make_move("e")


def test_a_line_is_a_guess_only_when_it_is_one_letter_of_the_guesser() -> None:
    """Everything else is talk, and all that the setter types."""
    setter, guesser = begin("hello")
    assert guesser.is_move("e") and guesser.is_move("e\N{COMBINING ACUTE ACCENT}")
    assert not any(map(guesser.is_move, ["", "hello", "1", "?", "/"]))
    assert not setter.is_move("e")


def test_nothing_that_is_told_before_the_end_contains_the_word() -> None:
    """Only a promise of it, which is another one each time."""
    first, second = (Hangman(True).make_move("hello") for _ in range(2))
    assert "hello" not in first[0]
    assert first != second
