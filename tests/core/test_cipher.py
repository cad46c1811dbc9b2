"""The keys of sealed journals: one for each ticket, salt and role."""

import json
import subprocess
import sys

from chatlib.cipher import SALT_BYTES, TAG_BYTES, Cipher
from harness.stage import ROOT

SECRET, SALT = bytes(range(32)), bytes(SALT_BYTES)


def test_each_secret_salt_and_role_has_a_key_of_its_own() -> None:
    """A value tells whether two keys are the same one."""
    keys = [
        Cipher(SECRET).derive(SALT, "server"),
        Cipher(SECRET).derive(SALT, "client"),
        Cipher(SECRET).derive(b"x" * SALT_BYTES, "server"),
        Cipher(bytes(32)).derive(SALT, "server"),
    ]
    assert len({key.check for key in keys}) == 4
    assert Cipher(SECRET).derive(SALT, "server").check == keys[0].check
    sealed = keys[0].seal(1, b"text", b"")
    assert [key.unseal(1, sealed, b"") for key in keys] == [b"text", None, None, None]
    assert len(sealed) == len(b"text") + TAG_BYTES


def test_a_key_is_the_same_in_every_version() -> None:
    """Otherwise no journal could be read by a later program."""
    key = Cipher(SECRET).derive(SALT, "client")
    assert key.check.hex() == "57d663771c0d995ecc31047019a53383"
    assert (
        key.seal(58, b"hello", b"head").hex()
        == "7800e875c8cf20a5cc05e2bff052b9e49588592bc3"
    )


def test_without_a_ticket_nothing_heavy_is_imported() -> None:
    """A journal alone needs the standard library only."""
    code = (
        "import sys, json, chatlib.journal;"
        "heavy = {'cryptography', 'hashlib', 'ssl'} & set(sys.modules);"
        "print(json.dumps([*heavy]))"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert (json.loads(run.stdout), run.stderr) == ([], "")
