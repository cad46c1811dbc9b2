"""The two real programs, cut at each frame boundary and a byte on either side.

What the simulation shows for every byte is shown here for the places that matter, with
real sockets, real terminals and a real network in between that is cut.
"""

import json
from pathlib import Path

import pytest

from harness.script import Script
from harness.stage import Stage
from tests.conftest import perform

HELLO, TEXT, ACK, BYE = 36, 8, 8, 9
"""Bytes of a frame; those of a TEXT without its text."""

TALK = """\
client> Hello
server< Hello
server> How are you?
client< How are you?
client> Fine
server< Fine
server> Good
client< Good
client> /q
"""

UP = (HELLO, TEXT + 5, ACK, TEXT + 4, ACK, BYE)
DOWN = (HELLO, ACK, TEXT + 12, ACK, TEXT + 4, BYE)

SAID = ["Hello", "How are you?", "Fine", "Good"]

AGAIN_SECONDS = 1.0
"""How long the talk may be interrupted after the network is back."""


def boundaries(frames: tuple[int, ...]) -> list[int]:
    """Return the bytes up to each boundary of a frame, one less, and one more."""
    ends = [sum(frames[:count]) for count in range(1, len(frames) + 1)]
    return sorted({end + offset for end in [0, *ends] for offset in (-1, 0, 1)} - {-1})


PLACES = [
    *(("client>server", place) for place in boundaries(UP)),
    *(("server>client", place) for place in boundaries(DOWN)),
]


@pytest.mark.parametrize(("way", "place"), PLACES)
def test_a_talk_that_is_cut_goes_on_as_if_nothing_had_happened(
    way: str, place: int, tmp_path: Path
) -> None:
    """Every line is shown once and in order; every other cut is a reset."""
    how = " by RST" if place % 2 else ""
    with Stage(tmp_path) as stage:
        cut = f"network: cut {way} after {place} bytes{how}\n"
        # Whether the very last frame was received is not known to its sender.
        down = way == "server>client" and sum(DOWN) - BYE < place < sum(DOWN)
        unanswered = down or (way, place) == ("client>server", sum(UP))
        ends = f"client: exits {int(unanswered)}\nserver: exits 0"
        perform(stage, Script.parse(f"cut {way} {place}", cut + TALK + ends))
        for actor, shown in (("server", SAID[::2]), ("client", SAID[1::2])):
            lines = stage.players[actor].screen.lines
            assert [line for line in lines if line in SAID] == shown
        assert all(seconds < AGAIN_SECONDS for seconds in gaps(stage.log("client")))


def gaps(log: Path) -> list[float]:
    """Return the seconds between a loss and the next OPEN, from a frame log."""
    found, lost = [], None
    for record in map(json.loads, log.read_text("utf-8").splitlines()):
        if record["text"] == "LOST":
            lost = record["clock_ns"]
        elif record["text"] == "OPEN" and lost:
            found.append((record["clock_ns"] - lost) / 1e9)
            lost = None
    return found
