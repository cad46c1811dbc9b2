"""A commitment that says nothing and cannot be changed."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.games.game import CheatingError
from chatlib.games.secret import Secret, open_commitment


@given(st.text())
def test_the_words_that_were_promised_open_the_secret(words: str) -> None:
    """Any words, blanks and line ends among them."""
    secret = Secret(words)
    assert open_commitment(secret.commitment, secret.opening) == secret.words


@given(st.text(), st.text())
def test_other_words_do_not(words: str, others: str) -> None:
    """Nor does another salt with the same words."""
    secret = Secret(words, "salt")
    assert open_commitment(secret.commitment, f"salt {secret.words}") == secret.words
    for opening in (f"salt {secret.words}{others}x", Secret(words).opening, others):
        with pytest.raises(CheatingError, match="changed what had been promised"):
            open_commitment(secret.commitment, opening)


@given(st.text(), st.text())
def test_a_promise_that_is_none_is_opened_by_nothing(commitment: str, opening: str) -> None:
    """Whatever the other end sends, there is no other error."""
    with pytest.raises(CheatingError):
        open_commitment(commitment, opening)


def test_the_promise_is_the_sha_256_of_salt_and_words() -> None:
    """So that a program in any language can check it."""
    commitment = hashlib.sha256("00ff höher".encode()).hexdigest()
    assert Secret("höher", "00ff").commitment == commitment


def test_the_same_words_are_promised_differently_each_time() -> None:
    """Who tries all words finds nothing: the salt has 16 random bytes."""
    secrets = [Secret("rock") for _ in range(100)]
    assert len({secret.commitment for secret in secrets}) == 100
    assert {len(secret.opening.split(" ")[0]) for secret in secrets} == {32}


def test_words_are_the_same_however_their_accents_are_composed() -> None:
    """What is promised decomposed is told composed."""
    secret = Secret("e\N{COMBINING ACUTE ACCENT}")
    assert open_commitment(secret.commitment, secret.opening) == "é"
