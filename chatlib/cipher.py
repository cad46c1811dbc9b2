"""The cipher of a journal: who has the file and not the ticket reads nothing of the talk.

A `Cipher` belongs to a ticket. From the 32 bytes of the ticket, the random salt of one
file and the role of its program it derives a `Key`, which is used for that file alone. A
record is sealed under the place in the file where it begins. As a file is only ever
appended to, by the one program that made it, no place is used twice with the same key.

`cryptography` is imported when a key is derived, which takes 0.1 s, and not before.
"""

SALT_BYTES = 16
"""The length of a salt: two of 128 random bits are never equal by chance."""

CHECK_BYTES = 16
"""The length of the value by which a wrong ticket is found."""

KEY_BYTES = 32

TAG_BYTES = 16
"""How many bytes longer a sealed text is."""


class Key:
    """The key of one file. `check` tells whether two keys are equal, and no more."""

    def __init__(self, key: bytes, check: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        self.check = check
        self._aead = ChaCha20Poly1305(key)

    def seal(self, place: int, text: bytes, header: bytes) -> bytes:
        """Return the text, encrypted; a change of it or of the header will be noticed.

        `place` must never be the same for two texts.
        """
        return self._aead.encrypt(place.to_bytes(12, "big"), text, header)

    def unseal(self, place: int, sealed: bytes, header: bytes) -> bytes | None:
        """Return the text, or None if it was sealed otherwise."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._aead.decrypt(place.to_bytes(12, "big"), sealed, header)
        except InvalidTag:
            return None


class Cipher:
    """The keys that a ticket's secret leads to: 32 random bytes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def derive(self, salt: bytes, role: str) -> Key:
        """Return the key of the file with this salt, for the program with this role."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        label = f"chat journal of the {role}".encode()
        size = KEY_BYTES + CHECK_BYTES
        bits = HKDF(SHA256(), size, salt, label).derive(self._secret)
        return Key(bits[:KEY_BYTES], bits[KEY_BYTES:])
