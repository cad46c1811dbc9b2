"""Something hidden that cannot be changed: promised first, told later. Pure.

The promise is the SHA-256 of a random salt and the words (a commitment): it says nothing
about the words, and no other words fit it.
"""

import hashlib
import hmac
import secrets
from unicodedata import normalize

from chatlib.games.game import CheatingError

SALT_BYTES = 16
"""So many random bytes that nobody can try all words."""


class Secret:
    """Words that this end has promised; `salt` is a new one unless it is given."""

    def __init__(self, words: str, salt: str = "") -> None:
        self.words = normalize("NFC", words)
        self._salt = salt or secrets.token_hex(SALT_BYTES)

    @property
    def promise(self) -> str:
        """What to tell at once: 64 hexadecimal digits."""
        return _digest(self._salt, self.words)

    @property
    def proof(self) -> str:
        """What to tell in the end: the salt, a blank, the words."""
        return f"{self._salt} {self.words}"


def open_secret(promise: str, proof: str) -> str:
    """Give the words of the other end's secret. Raises CheatingError if they are others."""
    salt, _, words = proof.partition(" ")
    if not hmac.compare_digest(_digest(salt, words).encode(), promise.encode()):
        raise CheatingError("changed what had been promised")
    return words


def _digest(salt: str, words: str) -> str:
    return hashlib.sha256(f"{salt} {words}".encode()).hexdigest()
