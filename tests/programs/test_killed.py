"""A program is killed at any moment: every line that counts as delivered was shown.

Every other line is listed by text: none is lost in silence.
"""

import random
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from harness.stage import PATIENCE, ROOT

LINES = [f"{'.' * 1000} line {number:03}" for number in range(300)]
"""So long that a pipe holds a part of them: nobody is done before the moment comes."""

MOMENTS = 50

SHOWN = re.compile(r"\.+ line \d{3}$", re.MULTILINE)
"""A whole line."""


@contextmanager
def start(program: str, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a program on pipes, and kill it at the end should it still run."""
    process = subprocess.Popen(
        [sys.executable, "-m", program, *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("victim", ["chatd", "chatc"])
@pytest.mark.parametrize("moment", range(MOMENTS))
def test_every_line_that_counts_as_delivered_was_shown_and_the_rest_is_listed(
    victim: str, moment: int
) -> None:
    """The moment is random, and the same in every run of the test."""
    count = random.Random(moment).randrange(len(LINES))
    with ExitStack() as stack:
        options = ("--mode", "free", "--port", "0", "--keep", "0")
        server = stack.enter_context(start("chatd", *options))
        assert server.stdout
        port = server.stdout.readline().split()[-1]
        client = stack.enter_context(start("chatc", "--port", port, "--retry", "0"))
        pair = (server, client) if victim == "chatd" else (client, server)
        shown, told = kill(*pair, count)
    unconfirmed, waiting = listed("Not confirmed", told)
    never, unsent = listed("Never sent", told)
    delivered = LINES[: len(LINES) - waiting - unsent]
    assert unconfirmed == LINES[len(delivered) :][: len(unconfirmed)]
    assert never == LINES[len(delivered) + waiting :][: len(never)]
    assert waiting or unsent or count > len(LINES) // 2, "it was all over before"
    assert shown[: len(delivered)] == delivered
    assert shown == LINES[: len(shown)]
    assert len(shown) > count or not count


def listed(what: str, told: str) -> tuple[list[str], int]:
    """Return the lines that notices list behind these words, and how many there are."""
    lines = re.findall(rf"^{what}: (.*)$", told, re.MULTILINE)
    others = re.findall(rf"^{what} as well: (\d+) more lines?\.$", told, re.MULTILINE)
    return lines, len(lines) + sum(map(int, others))


def kill(
    victim: "subprocess.Popen[str]", survivor: "subprocess.Popen[str]", count: int
) -> tuple[list[str], str]:
    """Let the survivor send all lines, and kill the victim when it has shown `count`.

    Returns the lines that the victim has shown, and the survivor's notices.
    """
    assert survivor.stdin and victim.stdout
    survivor.stdin.write("".join(f"{line}\n" for line in LINES))
    survivor.stdin.flush()
    shown: list[str] = []
    while len(shown) <= count:
        shown += SHOWN.findall(victim.stdout.readline())
    victim.kill()
    shown += SHOWN.findall(victim.stdout.read())
    _, told = survivor.communicate(timeout=PATIENCE)
    return shown, told
