"""`make fuzz`: random bytes for what the peer's bytes meet first, reader and screen filter.

For any bytes: fed whole and byte by byte they give the same frames and the same error;
nothing but a RemoteProtocolError is ever raised; and no text that comes out of them is
obeyed by a terminal. `check` is also what a coverage-guided fuzzer wants: atheris, say,
with `atheris.Setup(sys.argv, check)`.
"""

import random
import sys
import time
from collections.abc import Sequence

from chatlib.errors import RemoteProtocolError
from chatlib.protocol.frames import Bye, Frame, Hello, Kind
from chatlib.protocol.reader import FrameReader
from chatlib.terminal.visible import visible
from harness import wire
from tests.helpers import obeyed

SEEDS = (
    wire.hello("Ann", session=bytes(range(16))),
    wire.text(1, "Grüß Gott"),
    wire.frame(wire.ACK, 7),
    wire.frame(wire.PING, 1),
    wire.bye(3, wire.QUIT, "see you"),
)


def check(data: bytes) -> None:
    """Hold everything above against some bytes."""
    whole = read([data])
    assert read([bytes([byte]) for byte in data]) == whole
    for frame in whole[0]:
        assert str(frame).isprintable()
        show(frame)


def read(pieces: Sequence[bytes]) -> tuple[list[Frame], str]:
    """Feed the pieces; give the frames, and the error that ended them."""
    reader = FrameReader()
    frames: list[Frame] = []
    try:
        for piece in pieces:
            reader.feed(piece)
            frames.extend(reader)
    except RemoteProtocolError as error:
        return frames, str(error)
    return frames, ""


def show(frame: Frame) -> None:
    """Read what a frame says, and see that it may be shown."""
    try:
        if frame.kind is Kind.TEXT:
            text = frame.text
        elif frame.kind is Kind.HELLO:
            text = Hello.decode(frame.body).name
        elif frame.kind is Kind.BYE:
            text = Bye.decode(frame.body).text
        else:
            return
    except RemoteProtocolError:
        return
    assert not obeyed(visible(text))


def mutate(dice: random.Random) -> bytes:
    """Make bytes that are nearly right: those get furthest in."""
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
    """Check so many inputs; a failure can be had again with the seed."""
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
