"""A commitment says nothing about the words, and no other words open it."""

import hashlib
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlib.games.game import CheatingError
from chatlib.games.secret import Secret, Secrets, make_salt, open_commitment, open_one


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


# Many secrets with one commitment.

LISTS = st.integers(1, 5).flatmap(
    lambda height: st.lists(st.text(), min_size=2**height, max_size=2**height)
)
"""2, 4, 8, 16 or 32 words."""


@given(LISTS, st.data())
def test_each_of_many_secrets_is_opened_alone(
    words: list[str], data: st.DataObject
) -> None:
    """Its opening says which words stand at that number, and fits no other."""
    secrets = Secrets(words, "seed")
    number = data.draw(st.integers(0, len(words) - 1))
    opening = secrets.open(number)
    assert open_one(secrets.commitment, number, len(words), opening) == normalize(
        "NFC", words[number]
    )
    with pytest.raises(CheatingError, match="changed what had been promised"):
        open_one(secrets.commitment, number ^ 1, len(words), opening)
    with pytest.raises(CheatingError):
        open_one(secrets.commitment, number, len(words), f"{opening}x")


@given(st.text(), st.integers(0, 63), st.text())
def test_a_malformed_opening_of_one_is_a_cheat(
    commitment: str, number: int, opening: str
) -> None:
    """Whatever the other end sends, no other error is raised."""
    with pytest.raises(CheatingError):
        open_one(commitment, number, 64, opening)


def test_a_node_of_the_tree_is_no_secret() -> None:
    """A path that is too short would open it, as if two hashes were words."""
    secrets = Secrets(["a", "b", "c", "d"], "seed")
    left, right = (Secrets(each, "x").commitment for each in ("ab", "cd"))
    assert len(left) == len(right) == 64
    nodes = secrets._rows[1]
    with pytest.raises(CheatingError):
        open_one(secrets.commitment, 0, 4, " ".join(nodes))


def test_the_seed_opens_all_and_the_same_seed_hides_the_same() -> None:
    """Another seed, or other words, have another commitment."""
    secrets = Secrets("abcd", "seed")
    assert Secrets("abcd", "seed").commitment == secrets.commitment
    assert Secrets("abcd", "seeds").commitment != secrets.commitment
    assert Secrets("abce", "seed").commitment != secrets.commitment


def test_no_two_salts_of_a_list_are_equal() -> None:
    """Equal words have different hashes beside each other."""
    assert len(set(Secrets("0" * 64, make_salt())._rows[0])) == 64
