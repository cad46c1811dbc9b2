"""A commitment: words that are hidden now, revealed later, and cannot change in between.

The commitment is the SHA-256 of a random salt and the words. It says nothing about them;
salt and words together open it, and no other words do.

The hashing is imported where it is used: it takes 4 MiB, and an offer of the peer's, which
imports the games, must not cost that.
"""

import os
from unicodedata import normalize

from chatlib.games.game import CheatingError

# With 128 random bits nobody can find the words by trying all there are.
SALT_BYTES = 16


class Secret:
    """Words that this end hides, with a new salt unless one is given."""

    def __init__(self, words: str, salt: str = "") -> None:
        # Composed, so that the same accents are the same bytes on every keyboard.
        self.words = normalize("NFC", words)
        self._salt = salt or os.urandom(SALT_BYTES).hex()

    @property
    def commitment(self) -> str:
        """What to send at once: 64 hexadecimal digits."""
        return _digest(self._salt, self.words)

    @property
    def opening(self) -> str:
        """What to send in the end: the salt, a blank, the words."""
        return f"{self._salt} {self.words}"


def open_commitment(commitment: str, opening: str) -> str:
    """Return the words in an opening. Raises CheatingError if it does not fit."""
    from hmac import compare_digest

    salt, _, words = opening.partition(" ")
    # As bytes: `compare_digest` refuses a str that is not ASCII, and a peer may send one.
    if not compare_digest(_digest(salt, words).encode(), commitment.encode()):
        raise CheatingError("changed what had been promised")
    return words


def _digest(salt: str, words: str) -> str:
    from hashlib import sha256

    return sha256(f"{salt} {words}".encode()).hexdigest()
