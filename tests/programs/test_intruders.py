"""Hundreds of strangers connect: no talk is disturbed, and nobody is kept out."""

import os
import select
import socket
import statistics
import time
from collections.abc import Callable

from harness import wire
from harness.stage import PATIENCE, Stage
from tests.conftest import Play

COUNT = 200

COUNT_REFUSED = 150

GONE_SECONDS = 5.5
"""A stranger that sends nothing has five seconds."""

OPENINGS: tuple[Callable[[], bytes], ...] = (
    lambda: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    lambda: b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    lambda: b"SSH-2.0-OpenSSH_9.2\r\n",
    lambda: b"",  # a scan
    lambda: os.urandom(100),
    lambda: wire.hello()[:5],
    lambda: wire.hello("chatc"),
    lambda: wire.hello("chatc", wire.ANY, b"?" * 16, 1),
    lambda: wire.hello("chatc", wire.FREE),
    lambda: wire.hello("chatc") + wire.text(1, "Let me in!") + wire.bye(1),
)


def test_two_hundred_strangers_neither_disturb_nor_delay_a_talk(play: Play) -> None:
    """Each is answered or closed in time; no line is lost or late."""
    stage = play("server: starts with --mode free\nclient: asks\nserver: asks")
    quiet = [say(play, stage, f"quiet {number}") for number in range(20)]
    strangers = []
    busy = []
    for number in range(COUNT):
        opening = OPENINGS[number % len(OPENINGS)]()
        stranger = socket.create_connection(("127.0.0.1", stage.port), PATIENCE)
        stranger.sendall(opening)
        strangers.append((time.monotonic(), stranger))
        if number % 4 == 0:
            busy.append(say(play, stage, f"busy {number}"))
    for came, stranger in strangers:
        assert_gone(stranger, came + GONE_SECONDS)
    assert statistics.median(busy) < statistics.median(quiet) + 0.01
    play("client> /q\nclient: exits 0\nserver: exits 0")
    lines = [line for line in stage.players["server"].screen.lines if "client:" in line]
    assert len(lines) == len(quiet) + len(busy)


def test_three_hundred_strangers_do_not_fill_the_screen_of_a_person_who_waits(
    play: Play,
) -> None:
    """Each second one is seated and goes without a word; a real client gets in at once."""
    stage = play("server< Server listening on: localhost on port: {port}")
    for number in range(2 * COUNT_REFUSED):
        with socket.create_connection(("127.0.0.1", stage.port), PATIENCE) as stranger:
            stranger.sendall(wire.hello() if number % 2 else b"GET / HTTP/1.1\r\n\r\n")
            assert wire.receive(stranger)[0] == (wire.HELLO if number % 2 else wire.BYE)
    began = time.monotonic()
    play("client> Hello\nserver< Hello\nserver> Hi\nclient< Hi")
    assert time.monotonic() - began < GONE_SECONDS
    play("client> /q\nclient: exits 0\nserver: exits 0")
    server = stage.players["server"]
    assert len([line for line in server.errors.lines if "Refused" in line]) == 3
    assert len([line for line in server.errors.lines if "was lost" in line]) == 5
    assert len([line for line in server.screen.lines if "Connected by" in line]) == 6


def say(play: Play, stage: Stage, text: str) -> float:
    """Type a line at the client; return the seconds until the server shows it."""
    began = time.perf_counter()
    play(f"client>> {text}\nserver< client: {text}")
    return time.perf_counter() - began


def assert_gone(stranger: socket.socket, deadline: float) -> None:
    """Check that the connection is closed in time, whatever is sent before."""
    with stranger:
        while True:
            assert select.select([stranger], [], [], max(0, deadline - time.monotonic()))[0]
            try:
                if not stranger.recv(4096):
                    return
            except ConnectionResetError:
                return
