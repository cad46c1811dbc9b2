"""A commitment says nothing about the words, and no other words open it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.games.game import CheatingError
from chatlib.games.secret import Secret, open_commitment


@given(st.text())
def test_the_opening_of_a_secret_opens_its_commitment(words: str) -> None:
    """For any words, with blanks and line ends among them."""
    secret = Secret(words)
    assert open_commitment(secret.commitment, secret.opening) == secret.words


@given(st.text(), st.text())
def test_other_words_do_not_open_a_commitment(words: str, others: str) -> None:
    """Nor does another salt with the same words."""
    secret = Secret(words, "salt")
    assert open_commitment(secret.commitment, f"salt {secret.words}") == secret.words
    for opening in (f"salt {secret.words}{others}x", Secret(words).opening, others):
        with pytest.raises(CheatingError, match="changed what had been promised"):
            open_commitment(secret.commitment, opening)


@given(st.text(), st.text())
def test_a_malformed_commitment_or_opening_is_a_cheat(
    commitment: str, opening: str
) -> None:
    """Whatever the other end sends, no other error is raised."""
    with pytest.raises(CheatingError):
        open_commitment(commitment, opening)


def test_the_commitment_is_the_sha_256_of_salt_and_words() -> None:
    """So a program in any language can check it."""
    commitment = hashlib.sha256("00ff höher".encode()).hexdigest()
    assert Secret("höher", "00ff").commitment == commitment


def test_two_commitments_to_the_same_words_differ() -> None:
    """The salt has 16 random bytes, so trying all words finds nothing."""
    secrets = [Secret("rock") for _ in range(100)]
    assert len({secret.commitment for secret in secrets}) == 100
    assert {len(secret.opening.split(" ")[0]) for secret in secrets} == {32}


def test_words_are_composed_before_they_are_committed_to() -> None:
    """Decomposed accents are revealed composed."""
    secret = Secret("e\N{COMBINING ACUTE ACCENT}")
    assert open_commitment(secret.commitment, secret.opening) == "é"
