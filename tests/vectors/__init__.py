"""Test vectors: what another implementation of tickets has to agree with.

`tickets.json` is plain JSON, described in docs/private.md. It is made by

    python -m tests.vectors

which a change of the format must be followed by; nothing else changes it.
"""

import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("tickets.json")


def read_vectors() -> dict[str, Any]:
    """Return all vectors, by their kind."""
    vectors: dict[str, Any] = json.loads(PATH.read_text("utf-8"))
    return vectors
