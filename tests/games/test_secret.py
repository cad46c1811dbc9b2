"""A promise that says nothing and cannot be changed."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.games.game import CheatingError
from chatlib.games.secret import Secret, open_secret


@given(st.text())
def test_the_words_that_were_promised_open_the_secret(words: str) -> None:
    """Any words, blanks and line ends among them."""
    secret = Secret(words)
    assert open_secret(secret.promise, secret.proof) == secret.words


@given(st.text(), st.text())
def test_other_words_do_not(words: str, others: str) -> None:
    """Nor does another salt with the same words."""
    secret = Secret(words, "salt")
    assert open_secret(secret.promise, f"salt {secret.words}") == secret.words
    for proof in (f"salt {secret.words}{others}x", Secret(words).proof, others):
        with pytest.raises(CheatingError, match="changed what had been promised"):
            open_secret(secret.promise, proof)


@given(st.text(), st.text())
def test_a_promise_that_is_none_is_opened_by_nothing(promise: str, proof: str) -> None:
    """Whatever the other end sends, there is no other error."""
    with pytest.raises(CheatingError):
        open_secret(promise, proof)


def test_the_promise_is_the_sha_256_of_salt_and_words() -> None:
    """So that a program in any language can check it."""
    promise = hashlib.sha256("00ff höher".encode()).hexdigest()
    assert Secret("höher", "00ff").promise == promise


def test_the_same_words_are_promised_differently_each_time() -> None:
    """Who tries all words finds nothing: the salt has 16 random bytes."""
    secrets = [Secret("rock") for _ in range(100)]
    assert len({secret.promise for secret in secrets}) == 100
    assert {len(secret.proof.split(" ")[0]) for secret in secrets} == {32}


def test_words_are_the_same_however_their_accents_are_composed() -> None:
    """What is promised decomposed is told composed."""
    secret = Secret("e\N{COMBINING ACUTE ACCENT}")
    assert open_secret(secret.promise, secret.proof) == "é"
