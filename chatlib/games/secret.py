"""A commitment: words that are hidden now, revealed later, and cannot change in between.

The commitment of a `Secret` is the SHA-256 of a random salt and the words. It says nothing
about them; salt and words together open it, and no other words do.

`Secrets` is a list of words with one commitment, the root of a Merkle tree, of which each
can be opened alone: the opening has the hash beside each one on the way to the root.

The hashing is imported where it is used: it takes 4 MiB, and an offer of the peer's, which
imports the games, must not cost that.
"""

import os
from collections.abc import Sequence
from unicodedata import normalize

from chatlib.games.game import CheatingError

# With 128 random bits nobody can find the words by trying all there are.
SALT_BYTES = 16


class Secret:
    """Words that this end hides, with a new salt unless one is given."""

    def __init__(self, words: str, salt: str = "") -> None:
        # Composed, so that the same accents are the same bytes on every keyboard.
        self.words = normalize("NFC", words)
        self._salt = salt or make_salt()

    @property
    def commitment(self) -> str:
        """What to send at once: 64 hexadecimal digits."""
        return digest(self._salt, self.words)

    @property
    def opening(self) -> str:
        """What to send in the end: the salt, a blank, the words."""
        return f"{self._salt} {self.words}"


class Secrets:
    """Words that this end hides together; there are 2, 4, 8 ... of them.

    All salts follow from a seed that `make_salt` has returned: it opens all of them.
    """

    def __init__(self, words: Sequence[str], seed: str) -> None:
        self._secrets = [
            Secret(each, digest(seed, f"salt {number}")[: 2 * SALT_BYTES])
            for number, each in enumerate(words)
        ]
        # The rows of the tree, from the commitments of the words up to the root.
        self._rows = [[secret.commitment for secret in self._secrets]]
        while len(row := self._rows[-1]) > 1:
            pairs = zip(row[::2], row[1::2], strict=True)
            self._rows.append([digest(left, right) for left, right in pairs])

    @property
    def commitment(self) -> str:
        """What to send at once: 64 hexadecimal digits."""
        return self._rows[-1][0]

    def open(self, number: int) -> str:
        """Return the opening of one: the hashes beside its way to the root, salt, words."""
        # The one beside a node of a tree has the number that differs in the last bit.
        path = [row[number >> up ^ 1] for up, row in enumerate(self._rows[:-1])]
        return " ".join([*path, self._secrets[number].opening])


def open_one(commitment: str, number: int, count: int, opening: str) -> str:
    """Return the words of one of `count` Secrets. Raises CheatingError as below."""
    # A shorter path would pass off two hashes of the tree as words.
    height = count.bit_length() - 1
    *path, rest = opening.split(" ", height)
    salt, _, words = rest.partition(" ")
    node = digest(salt, words)
    for up, beside in enumerate(path):
        # Of each pair the one with the even number is the left one.
        pair = (beside, node) if number >> up & 1 else (node, beside)
        node = digest(*pair)
    if len(path) != height or node != commitment:
        raise CheatingError("changed what had been promised")
    return words


def open_commitment(commitment: str, opening: str) -> str:
    """Return the words in an opening. Raises CheatingError if it does not fit."""
    from hmac import compare_digest

    salt, _, words = opening.partition(" ")
    # As bytes: `compare_digest` refuses a str that is not ASCII, and a peer may send one.
    if not compare_digest(digest(salt, words).encode(), commitment.encode()):
        raise CheatingError("changed what had been promised")
    return words


def make_salt() -> str:
    """Return random bytes that nobody can guess, as hexadecimal digits."""
    return os.urandom(SALT_BYTES).hex()


def digest(salt: str, words: str) -> str:
    """Return the SHA-256 of a salt, a blank and words, as 64 hexadecimal digits."""
    from hashlib import sha256

    return sha256(f"{salt} {words}".encode()).hexdigest()
