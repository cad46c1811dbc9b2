"""No message of a peer can control a screen, on either terminal.

A raw peer sends to a real `chatd` on a real terminal. Its output is checked twice: as
bytes, in which every control must be one that paints our line, and as a picture.
"""

import random
import re
import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import wire
from harness.script import Script
from harness.stage import Stage
from tests.helpers import obeyed

# The effect on a terminal that obeys: what is sent, and what must be shown.
CORPUS = {
    "bell, backspace, carriage return": ("\a\b\rforged", "^G^H^Mforged"),
    "every other C0": ("\x00\x01\v\f\x0e\x0f\x1a", "^@^A^K^L^N^O^Z"),
    "delete": ("\x7f", "^?"),
    "C1: control sequence, string, next line": (
        "\x9b2J\x9d0;x\x9c\x85\x90",
        "<U+009B>2J<U+009D>0;x<U+009C><U+0085><U+0090>",
    ),
    "move and erase": ("\x1b[H\x1b[2J\x1b[1A", "^[[H^[[2J^[[1A"),
    "reset, alternate screen": ("\x1bc\x1b[?1049h", "^[c^[[?1049h"),
    "window title": ("\x1b]0;owned\a\x1b]2;owned\x1b\\", "^[]0;owned^G^[]2;owned^[\\"),
    "clipboard": ("\x1b]52;c;cm0gLXJm\a", "^[]52;c;cm0gLXJm^G"),
    "device control": ('\x1bP$q"p\x1b\\', '^[P$q"p^[\\'),
    "answers that would be typed": ("\x1b[6n\x1b[c\x05", "^[[6n^[[c^E"),
    "hidden text": ("\x1b[8msecret\x1b[0m", "^[[8msecret^[[0m"),
    "a forged line": ("hi\nserver: I owe you", "hi^Jserver: I owe you"),
    "direction": ("\u202eabc\u202c\u2066\u2069", "<U+202E>abc<U+202C><U+2066><U+2069>"),
    "marks of direction": ("\u200e\u200f\u061c", "<U+200E><U+200F><U+061C>"),
    "without width": ("a\u200bb\u2060c\ufeffd", "a<U+200B>b<U+2060>c<U+FEFF>d"),
    "line and paragraph": ("a\u2028b\u2029c", "a<U+2028>b<U+2029>c"),
    "tags": ("\U000e0001\U000e0041", "<U+E0001><U+E0041>"),
    "fillers and blanks": ("a\u3164b\u2800c\u1160d", "a<U+3164>b<U+2800>c<U+1160>d"),
    "selectors that select nothing": ("a\ufe0fb\U000e0100", "a<U+FE0F>b<U+E0100>"),
    "private use": ("a\ue0b0b", "a<U+E0B0>b"),
    "a second line": (f"hi{' ' * 60}server: I owe you", "hi<60 spaces>server: I owe you"),
    "marks over other lines": (f"e{chr(0x301) * 300}f", f"e{chr(0x301) * 8}<292 marks>f"),
    "soft hyphen": ("a\u00adb", "a<U+00AD>b"),
}

# The sequences that paint a line: move, erase, look, and five modes.
PAINTING = re.compile(
    r"\x1b\[[0-9]*[ABCDJK]|\x1b\[[0-9;]*m|\x1b\[\?(?:1|7|12|25|1004|2004)[hl]|\r*\n|\r|\x08"
)

COUNT = 20_000


class Peer:
    """A client made of bytes, which sends any text."""

    def __init__(self, port: int, name: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.sendall(wire.hello(name))
        assert wire.receive(self._socket)[0] == wire.HELLO
        self._sent = 0
        self._shown = 0

    def says(self, stage: Stage, texts: list[str]) -> None:
        """Send messages, and wait until all have been shown and acknowledged.

        The program's output is read meanwhile: otherwise the program would block.
        """
        frames = [wire.text(self._sent + n, text) for n, text in enumerate(texts, 1)]
        self._sent += len(texts)
        data = b"".join(frames)
        self._socket.setblocking(False)
        heard = b""

        def told() -> bool:
            nonlocal data, heard
            if data and select.select([], [self._socket], [], 0)[1]:
                data = data[self._socket.send(data) :]
            if select.select([self._socket], [], [], 0)[0]:
                heard += self._socket.recv(65536)
                heard, self._shown = _acknowledged(heard, self._shown)
            return self._shown == self._sent

        with stage.listening(self._socket.fileno()):
            stage.wait(told, lambda: f"{self._shown} of {self._sent} are shown")
        self._socket.setblocking(True)

    def leaves(self) -> None:
        """Send a goodbye and close the connection."""
        self._socket.sendall(wire.bye(self._sent))
        self._socket.close()


def _acknowledged(data: bytes, number: int) -> tuple[bytes, int]:
    """Remove whole ACKs from the front; return the rest and the last number."""
    while len(data) >= 8:
        assert data[2] == wire.ACK
        number = int.from_bytes(data[4:8], "big")
        data = data[8:]
    return data, number


def random_text(dice: random.Random) -> str:
    """Return a text in which dangerous characters are as frequent as letters."""
    return "".join(dice.choice(KINDS)(dice) for _ in range(dice.randint(1, 40)))


def _any(dice: random.Random) -> str:
    code = dice.randrange(0x110000 - 0x800)
    return chr(code if code < 0xD800 else code + 0x800)


_UNSEEN = ("\u200d", "\ufe0f", "\u3164", "\u0301" * 12, " " * 26)

KINDS = (
    _any,
    lambda dice: chr(dice.randrange(128)),
    lambda dice: chr(dice.randrange(32)),
    lambda dice: chr(dice.randrange(0x7F, 0xA0)),
    lambda dice: chr(dice.randrange(0x2000, 0x2070)),
    lambda dice: dice.choice(_UNSEEN),
    lambda dice: dice.choice(("\x1b[", "\x1b]0;", "\x1bP", "\x9b", "\r", "\n", "\u202e")),
)


@pytest.fixture(params=["plain", "edited"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Return a stage with a server in free talk."""
    with Stage(tmp_path, terminal=request.param) as stage:
        stage.play(Script.parse("safety", "server: starts with --mode free"))
        yield stage


def test_a_sequence_that_a_terminal_obeys_is_shown_as_text(stage: Stage) -> None:
    """Each text of the corpus stands on one line, in caret or `<U+...>` notation."""
    peer = Peer(stage.port, "\x1b[2J\u202e")
    peer.says(stage, [sent for sent, _ in CORPUS.values()])
    for what, (_, shown) in CORPUS.items():
        line = f"server< ^[[2J<U+202E>: {shown}".replace("\\", "\\\\")
        if stage.terminal == "edited" and what == "a forged line":
            # A message of two lines: its second stands under its text, not at the edge.
            line = f"server< ^[[2J<U+202E>: hi\nserver< {' ' * 15}server: I owe you"
        stage.play(Script.parse(what, line))
    server = stage.players["server"]
    assert server.view.title == ""
    assert_only_paint_sequences(server.raw.decode())
    peer.leaves()


def test_no_random_text_writes_a_control_character(stage: Stage) -> None:
    """Of 20,000 random texts none brings a control character to the terminal."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # pytest shows it when the test fails
    dice = random.Random(seed)
    texts = [random_text(dice) for _ in range(COUNT)]
    stage.patience = 60
    server = stage.players["server"]
    peer = Peer(stage.port, "peer")
    peer.says(stage, texts)
    peer.leaves()
    stage.play(Script.parse("safety", "server: exits 0"))
    shown = server.raw.decode()
    assert_only_paint_sequences(shown)
    assert shown.count("peer:") >= COUNT
    assert server.view.title == ""


def assert_only_paint_sequences(written: str) -> None:
    """Assert that all controls that were written are those that paint our line."""
    found = obeyed(PAINTING.sub("", written))
    assert not found, sorted(found)
