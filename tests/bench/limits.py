"""The figures that must be reached. Each stands here, once, with its name."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.bench.floods import FLOODS
from tests.bench.results import Figure, Results, Spread, spread
from tests.bench.table import markdown, plain, ranged

PING_WAKE_UPS = 4
"""How often a program wakes up for one PING: to send it, for the answer, and the other
way round when the peer asks."""

TICK_MS = 10
"""A tick of the kernel's clock: less CPU than that is shown as 0 by every tool."""


class Limit(NamedTuple):
    """A figure, and what its median must be at least, at most, or between."""

    what: str
    figure: Figure
    least: float | None = None
    most: float | None = None
    goal: str = ""
    """What one would like it to be, where that has not been reached."""

    @property
    def bounds(self) -> str:
        """Return what is demanded, in words."""
        parts = [f">= {self.least:g}"] if self.least is not None else []
        parts += [f"<= {self.most:g}"] if self.most is not None else []
        parts += [f"goal {self.goal}"] if self.goal else []
        return ", ".join(parts)

    def holds(self, value: float) -> bool:
        """Whether a value is within the limit."""
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )


def _faster(suite: str, metric: str, than: str) -> Figure:
    """How many times as fast as somebody else we are, by the times that both took."""
    return Figure(suite, than, metric, ("ours", metric))


def _beside(suite: str, metric: str, other: str) -> Figure:
    """What part of somebody else's figure ours is."""
    return Figure(suite, "ours", metric, (other, metric))


LIMITS = (
    Limit(
        "decode 64-byte messages in 64 KiB chunks, x websockets",
        _faster("decode", "64 B", "websockets"),
        least=8,
    ),
    Limit(
        "decode 64-byte messages byte by byte, x websockets",
        _faster("decode", "64 B, byte by byte", "websockets"),
        least=2,
    ),
    Limit(
        "decode byte by byte, ns per byte: 4096-byte messages / 64-byte messages",
        Figure("decode", "ours", "4096 B, byte by byte", ("ours", "64 B, byte by byte")),
        least=0.8,
        most=1.2,
    ),
    Limit(
        "encode 64-byte messages, x websockets",
        _faster("encode", "64 B", "websockets"),
        least=8,
    ),
    Limit(
        "typed until printed, and back, p50 / nc",
        _beside("programs", "back p50", "nc"),
        most=2.8,
        goal="<= 1.5",
    ),
    Limit(
        "typed until printed, and back, p50 / websockets chat",
        _beside("programs", "back p50", "websockets"),
        most=0.4,
    ),
    Limit(
        "bulk lines a second, x websockets chat",
        _beside("programs", "lines/s", "websockets"),
        least=6,
    ),
    Limit(
        "'listening' printed / the interpreter with three imports",
        Figure("startup", "'listening'", "ms", ("socket, selectors, argparse", "ms")),
        most=1.5,
    ),
    Limit("first prompt, edited, ms", Figure("startup", "prompt, edited", "ms"), most=200),
    Limit(
        "wake-ups while waiting for a client",
        Figure("idle", "server, waiting", "wake-ups"),
        most=0,
    ),
    *(
        Limit(
            f"{what}, {program}, {terminal}",
            Figure("idle", f"{program}, {terminal}", metric),
            most=most,
        )
        for terminal in ("plain", "edited")
        for program in ("server", "client")
        for what, metric, most in (
            ("wake-ups beyond the PINGs", "beyond PINGs", 0),
            ("CPU ms while idle", "CPU ms", TICK_MS),
            ("threads", "threads", 1),
        )
    ),
    Limit(
        "memory of the server with a client, plain, MiB",
        Figure("idle", "server, plain", "MiB"),
        most=16,
    ),
    *(
        Limit(
            f"memory grown by at the {mark} message, {program}, MiB",
            Figure("growth", "64 B", f"{program} grown MiB {mark}"),
            most=4,
        )
        for program in ("server", "client")
        for mark in ("100,000th", "1,000,000th")
    ),
    *(
        Limit(
            f"time of a 64-byte message, {mark} / 1,000th",
            Figure("growth", "64 B", mark, ("64 B", "1,000th")),
            most=1.1,
        )
        for mark in ("100,000th", "1,000,000th")
    ),
    *(
        Limit(
            f"memory grown by, {peer}, MiB", Figure("pressure", peer, "grown MiB"), most=4
        )
        for peer in ("peer that never reads", "peer that reads slowly")
    ),
    *(
        Limit(
            f"a key under {kind}: worst, ms",
            Figure("floods", f"a key under {kind}", "worst"),
            most=200,
        )
        for kind in FLOODS
    ),
    *(
        Limit(
            f"until the {actor} notices a dead path, s",
            Figure("silence", actor, "s"),
            most=20.1,
        )
        for actor in ("server", "client")
    ),
    Limit("damaged lines while one types", Figure("busy", "chatd", "damaged"), most=0),
    Limit("sent to shown while one types, p50, ms", Figure("busy", "chatd", "p50"), most=5),
)


class Verdict(NamedTuple):
    """A limit, what was measured, and whether that is within it."""

    limit: Limit
    found: Spread
    kept: bool


def judge(results: Results) -> Iterator[Verdict]:
    """Compare what was measured with its limits; leave out what was not measured."""
    for limit in LIMITS:
        values = limit.figure.values(results)
        if values:
            found = spread(values)
            yield Verdict(limit, found, limit.holds(found.median))


def show(results: Results) -> str:
    """Write the verdicts as a table."""
    rows = [
        [limit.what, _measured(limit, found), limit.bounds, "yes" if kept else "NO"]
        for limit, found, kept in judge(results)
    ]
    return "## limits\n\n" + markdown(["what", "measured", "limit", "kept"], rows) + "\n"


def _measured(limit: Limit, found: Spread) -> str:
    return ranged(found) if limit.figure.under else plain(found.median)
