"""A peer that sends without an end does not keep a program from hearing its own person."""

import pytest

from tests.bench.floods import worst

SECONDS = 0.5
"""How long an answer may take. The bench demands 0.2, on a machine with nothing else to do;
where a whole read is handled in one go, these take longer."""


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("edited -vv", "one-byte lines"),
        ("edited", "offers"),
        ("plain -vv", "PINGs"),
        ("plain", "32 KiB lines"),
    ],
)
def test_a_command_is_answered_while_a_peer_sends_without_an_end(
    way: str, kind: str
) -> None:
    """Whatever it sends, and also where each frame is logged on the same terminal."""
    assert worst(way, kind, 2) < SECONDS
