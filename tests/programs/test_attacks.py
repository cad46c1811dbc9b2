"""A private talk under attack: nobody is let in, and no line of the real pair is lost.

`make attacks` makes every attack; here each kind is tried a few times.
"""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("cryptography")
pytest.importorskip("tlslite")

from chatlib.identity import derive, make_context
from chatlib.ticket import parse
from harness import wire
from harness.script import Script
from harness.stage import Stage
from tests.conftest import perform
from tests.programs.attacker import Attack, all_attacks, flipped, read_all

WHOLE = bool(os.environ.get("CHAT_WHOLE"))

SAMPLE = 17
"""Of the attacks each so many-th is tried, unless all are: a prime number, so that it
takes of each kind."""

EACH = 25
"""Attacks between two lines of the real pair."""


class Talk:
    """A private talk between both real programs, and what each has said."""

    def __init__(self, stage: Stage, first: str = "") -> None:
        self.stage = stage
        self.lines = 0
        if first:
            self.play(first)
        self.play("server: starts with --mode free --keep 60")
        self.play("client: starts\nclient: asks\nserver: asks")
        self.secret = parse((stage.folder / "ticket").read_text("ascii")).secret

    def play(self, text: str) -> None:
        """Play lines of a conversation."""
        perform(self.stage, Script.parse("the test", text))

    def say(self) -> None:
        """Let each side say a line, which the other side shows."""
        self.lines += 1
        self.play(
            f"client>> up {self.lines}\nserver< client: up {self.lines}\n"
            f"server>> down {self.lines}\nclient< server: down {self.lines}"
        )

    def end(self) -> None:
        """Leave by /q; check that each line was shown once and in order."""
        self.play("client> /q\nclient: exits 0\nserver: exits 0")
        for name, word in (("server", "client: up"), ("client", "server: down")):
            screen = self.stage.players[name].screen.lines
            shown = [line for line in screen if line.startswith(word)]
            assert shown == [f"{word} {number + 1}" for number in range(self.lines)]


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    """A private talk that has begun, in which nobody is to see a traceback."""
    with Stage(tmp_path, private=True) as stage:
        yield Talk(stage)
        for player in stage.players.values():
            assert "Traceback" not in player.screen.text + player.errors.text


def test_no_attack_is_let_in_and_no_line_is_lost(talk: Talk) -> None:
    """Whatever is sent, the server never says HELLO to it and closes within 5 s."""
    attacks = list(all_attacks(talk.secret, talk.stage.port))
    assert len(attacks) > 1000
    tried = attacks if WHOLE else attacks[::SAMPLE]
    for number, attack in enumerate(tried):
        assert_refused(attack, talk.stage.port)
        if number % EACH == 0:
            talk.say()
    talk.end()
    notices = talk.stage.players["server"].errors.lines
    assert len(notices) < 12, notices  # counted, and not one line each
    print(f"{len(tried)} attacks, 0 let in, {2 * talk.lines} lines, 0 lost")


def test_two_hundred_intruders_at_one_time_do_not_disturb_the_talk(talk: Talk) -> None:
    """Half of them without a ticket, half with another one and silent after it."""
    other = make_context(derive(flipped(talk.secret, 7)), server=False)
    hello = wrapped_hello(other)
    intruders = []
    for number in range(200):
        intruder = socket.create_connection(("127.0.0.1", talk.stage.port))
        intruder.sendall(hello if number % 2 else wire.hello("mallory"))
        intruders.append(intruder)
        if number % EACH == 0:
            talk.say()
    answers = [read_all(intruder) for intruder in intruders]
    assert not [answer for answer in answers if is_hello(answer)]
    talk.end()


@pytest.mark.parametrize("way", ["client>server", "server>client"])
def test_a_bit_changed_on_the_way_costs_a_connection_and_no_line(
    tmp_path: Path, way: str
) -> None:
    """Each record, wherever it is damaged: the two find each other again by themselves."""
    with Stage(tmp_path, private=True) as stage:
        talk = Talk(stage, "network: delivers as it comes")
        talk.say()
        # Behind the length in a record's header (RFC 8446, 5.2): one that is too long is
        # noticed only by silence, as tests/simulation shows.
        for place in (0, 1, 5, 6, 9, 20):
            talk.play(f"network: damages {way} after {place} bytes")
            talk.say()
            talk.play("server! Connected with the client again.")
        talk.end()


def assert_refused(attack: Attack, port: int) -> None:
    """Check that the server has said nothing but no."""
    answer = attack.run(port)
    assert not is_hello(answer), f"{attack.name} was let in: {answer!r}"


def is_hello(answer: bytes) -> bool:
    """Return whether a server that says this has begun a talk."""
    return re.search(rb"CHAT[\x01-\x05]", answer) is not None


def wrapped_hello(context: object) -> bytes:
    """Return the first bytes that a client with this ticket sends."""
    import ssl

    assert isinstance(context, ssl.SSLContext)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()
