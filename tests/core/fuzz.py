"""`make fuzz`: random bytes for the reader and the filter of the screen.

For any bytes: read whole and byte by byte they give the same frames and the same error;
nothing but a RemoteProtocolError is ever raised; and no text in them can control a
terminal, or hide from a person. `check` is also a target for a coverage-guided fuzzer,
such as atheris with `atheris.Setup(sys.argv, check)`.
"""

import random
import sys
import time
from collections.abc import Sequence

from chatlib.errors import RemoteProtocolError
from chatlib.protocol.frames import Bye, Frame, Hello, Kind, decode
from chatlib.protocol.reader import FrameReader
from chatlib.terminal.visible import NAME_COLUMNS, visible, visible_name
from harness import wire
from tests.helpers import obeyed

SEEDS = (
    wire.hello("Ann", session=bytes(range(16))),
    wire.text(1, "Grüß Gott"),
    wire.text(
        2, "👩\u200d🚀 \u0645\u200c\u062e\u0301 辻\U000e0100 1\ufe0f\u20e3 \u3164\u2800"
    ),
    wire.frame(wire.ACK, 7),
    wire.frame(wire.PING, 1),
    wire.bye(3, wire.QUIT, "see you"),
)


def check(data: bytes) -> None:
    """Check the promises above for some bytes. Raises AssertionError."""
    whole = read([data])
    assert read([bytes([byte]) for byte in data]) == whole
    for frame in whole[0]:
        assert str(frame).isprintable()
        show(frame)


def read(pieces: Sequence[bytes]) -> tuple[list[Frame], str]:
    """Feed the pieces; return the frames, and the text of the error, "" without one."""
    reader = FrameReader()
    for piece in pieces:
        reader.feed(piece)
    return [Frame(*frame) for frame in reader.frames], str(reader.error or "")


def show(frame: Frame) -> None:
    """Decode the text of a frame, and check what the filter of the screen leaves of it."""
    try:
        if frame.kind is Kind.TEXT:
            text = decode(frame.body, "TEXT")
        elif frame.kind is Kind.HELLO:
            text = Hello.decode(frame.body).name
            check_name(visible_name(text))
        elif frame.kind is Kind.BYE:
            text = Bye.decode(frame.body).text
        else:
            return
    except RemoteProtocolError:
        return
    shown = visible(text)
    assert not obeyed(shown)
    assert visible(shown) == shown


def check_name(shown: str) -> None:
    """Check what is shown of a name."""
    assert not obeyed(shown)
    assert visible(shown) == shown == shown.strip()
    assert "|" not in shown
    assert len(shown) <= NAME_COLUMNS


def mutate(dice: random.Random) -> bytes:
    """Return bytes that are nearly right: only those get past the header."""
    data = bytearray(b"".join(dice.choices(SEEDS, k=dice.randint(1, 4))))
    for _ in range(dice.randint(0, 4)):
        place = dice.randrange(len(data))
        match dice.randrange(4):
            case 0:
                data[place] = dice.randrange(256)
            case 1:
                del data[place : place + dice.randint(1, 8)]
            case 2:
                data[place:place] = dice.randbytes(dice.randint(1, 8))
            case _:
                data[place] ^= 1 << dice.randrange(8)
        data = data or bytearray(1)
    return bytes(data)


def run(seed: int, count: int) -> None:
    """Check `count` inputs; the same seed makes the same inputs again."""
    dice = random.Random(seed)
    for _ in range(count):
        check(mutate(dice))


def main() -> int:
    """Fuzz for so many seconds, with a new seed for every thousand inputs."""
    deadline = time.monotonic() + float(sys.argv[1] if len(sys.argv) > 1 else 60)
    count = 0
    while time.monotonic() < deadline:
        seed = random.SystemRandom().randrange(1 << 32)
        try:
            run(seed, 1000)
        except Exception:
            print(f"seed {seed}", file=sys.stderr)
            raise
        count += 1000
    print(f"{count} inputs, nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
