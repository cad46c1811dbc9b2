"""The rules of `docs/protocol.md` as a table: one entry a case, for any implementation.

A case is one talk, seen from the wire. Its `side` is the one that is tested; the other one
is played by the steps, as bytes. Nothing here imports the product, and no step names a part
of it: `test_wire.py` runs the table against links in memory and against the two programs,
and somebody else's programs can be run against it in the same way.

    Send     the peer sends these bytes
    Gets     the side that is tested has sent exactly these frames since the last `Gets`
    Types    the person on that side types lines; they are sent as soon as the rules allow
    Leaves   that person leaves
    Shows    exactly these texts of the peer have been shown since the last `Shows`
    Silence  nothing comes for so many seconds
    Cut      the connection breaks: both sides read the end of the stream
    Connects a new connection: the peer opens it to a server, or a client to the peer

Steps act on the newest connection, unless they name another, the first being 0. Of several
ACKs in a row the last counts, because a side may acknowledge one by one or together.
"""

from collections.abc import Iterator
from typing import NamedTuple

from harness.wire import (
    ACK,
    ANY,
    BUSY,
    BYE,
    FREE,
    GAME,
    HELLO,
    PING,
    PONG,
    PROTOCOL,
    QUIT,
    STOPPED,
    TEXT,
    TURNS,
    UNKNOWN_SESSION,
    VERSION,
    bye,
    frame,
    hello,
    text,
)

SERVER, CLIENT = "server", "client"
"""The side that is tested."""

ID = b"0123456789abcdef"
"""The session id. A client chooses its own; there it stands for the id that it chose."""

OTHER_ID = b"fedcba9876543210"

LAST = 2**32 - 1
"""The highest number of a frame."""

# How a case ends.

OPEN = "the connection stands, and a PING is answered"
WAITING = "nothing was sent, and more bytes are awaited"
ERROR = "BYE with reason 5, and what follows is not handled"
ERROR_VERSION = "BYE with reason 3, and what follows is not handled"
ERROR_SESSION = "BYE with reason 4, and what follows is not handled"
ERROR_UNSAID = "an error behind the own BYE: nothing is sent or handled any more"
OVER = "the end of the stream is no loss: nobody is searched for"
LEFT = "nobody is searched for, and a BYE may be sent or not"
LOST = "the connection is lost: the talk may go on, on another one"
CLOSED = "this connection is closed without an answer"

REASONS = {ERROR: PROTOCOL, ERROR_VERSION: VERSION, ERROR_SESSION: UNKNOWN_SESSION}
"""The reason of the BYE that an error ends with."""


class Want(NamedTuple):
    """A frame that is expected.

    `detail` is the body of a TEXT or GAME, the mode in a HELLO or the reason in a BYE;
    `words` is a regular expression for the words of a BYE. None stands for anything.
    """

    kind: int
    number: int
    detail: int | bytes | None = None
    words: str | None = None


class Send(NamedTuple):
    """The peer sends these bytes, on a connection."""

    data: bytes
    on: int = -1


class Gets(NamedTuple):
    """The side that is tested has sent these frames, on a connection."""

    frames: tuple[Want, ...]
    on: int = -1


class Types(NamedTuple):
    """The person types lines."""

    lines: tuple[str, ...]


class Leaves(NamedTuple):
    """The person leaves."""


class Shows(NamedTuple):
    """These texts of the peer were shown."""

    texts: tuple[str, ...]


class Silence(NamedTuple):
    """Nothing comes for so many seconds."""

    seconds: float


class Cut(NamedTuple):
    """The newest connection breaks."""


class Connects(NamedTuple):
    """There is a new connection."""


Step = Send | Gets | Types | Leaves | Shows | Silence | Cut | Connects


class Case(NamedTuple):
    """A talk: the rule that it tests, the side, the server's mode, the steps, the end.

    Further bytes of the peer belong to connection `on`, where the end is looked at.
    """

    name: str
    rule: str
    side: str
    mode: int
    steps: tuple[Step, ...]
    end: str
    on: int = -1


# Short words for the table, which is formatted by hand: a case has few lines.

# fmt: off


def gets(*frames: Want, on: int = -1) -> Gets:
    """Return the step that expects these frames."""
    return Gets(frames, on)


def types(*lines: str) -> Types:
    """Return the step in which these lines are typed."""
    return Types(lines)


def shows(*texts: str) -> Shows:
    """Return the step that expects these texts on the screen."""
    return Shows(texts)


def game(number: int, words: str = "decline") -> bytes:
    """Return words about a game."""
    return frame(GAME, number, words.encode())


def ack(number: int) -> bytes:
    """Return an ACK."""
    return frame(ACK, number)


def acks(number: int) -> Gets:
    """Return the step that expects an ACK and nothing else."""
    return gets(Want(ACK, number))


def greets(
    number: int = 0, mode: int = ANY, session: bytes = ID, name: str = "Ann"
) -> Send:
    """Return the step in which the peer says HELLO."""
    return Send(hello(name, mode, session, number))


def raw_hello(body: bytes, length: int | None = None, flags: int = 0) -> bytes:
    """Return a HELLO with this body, whatever its header says of the length."""
    size = len(body) if length is None else length
    return size.to_bytes(2, "big") + bytes([HELLO, flags]) + bytes(4) + body


def opening(side: str, mode: int) -> tuple[Step, ...]:
    """Return the steps of a handshake."""
    if side == SERVER:
        return greets(), gets(Want(HELLO, 0, mode))
    return gets(Want(HELLO, 0, ANY)), greets(mode=mode)


def talk(
    side: str, name: str, rule: str, *steps: Step, end: str = OPEN, mode: int = FREE
) -> Case:
    """Return a case that begins with a handshake; in free mode, unless one is named."""
    return Case(name, rule, side, mode, (*opening(side, mode), *steps), end)


def both(
    name: str, rule: str, *steps: Step, end: str = OPEN, mode: int = FREE
) -> Iterator[Case]:
    """Yield such a case for each side."""
    for side in (SERVER, CLIENT):
        yield talk(side, name, rule, *steps, end=end, mode=mode)


def first(
    side: str, name: str, rule: str, *steps: Step, end: str = ERROR, mode: int = TURNS
) -> Case:
    """Return a case that begins with the peer's first frame."""
    before = () if side == SERVER else (gets(Want(HELLO, 0, ANY)),)
    return Case(name, rule, side, mode, (*before, *steps), end)


def both_first(
    name: str, rule: str, data: bytes, *, end: str = ERROR, mode: int = TURNS
) -> Iterator[Case]:
    """Yield such a case for each side."""
    for side in (SERVER, CLIENT):
        yield first(side, name, rule, Send(data), end=end, mode=mode)


GOODBYE = Want(BYE, 0, QUIT)

FIRST_FRAMES = {
    "TEXT": text(1, "x"),
    "GAME": game(1),
    "ACK": ack(0),
    "PING": frame(PING, 1),
    "PONG": frame(PONG, 1),
}


def handshakes() -> Iterator[Case]:
    """Yield the cases of R1: who may say what first, and what answers a HELLO."""
    for kind, data in FIRST_FRAMES.items():
        yield from both_first(f"{kind} before HELLO, its header", "R1.1", data[:8])
    yield first(SERVER, "BYE before HELLO", "R1.1", Send(bye(0)[:8]))
    part = text(1, "x")[:7]
    yield from both_first("seven bytes are no header", "R1.1", part, end=WAITING)
    yield from both_first("no byte comes", "R1.1", b"", end=WAITING)
    yield from both_first("HTTP", "R1.1", b"GET / HTTP/1.1\r\n\r\n")
    yield from both_first("zeros", "R1.1", bytes(64))
    yield from both("a second HELLO, its header", "R1.1", Send(hello()[:8]), end=ERROR)
    yield from both("the same HELLO again", "R1.1", greets(), end=ERROR)

    for wish, called in ((ANY, "none"), (TURNS, "turns"), (FREE, "free")):
        for mode, given in ((TURNS, "turns"), (FREE, "free")):
            yield first(
                SERVER,
                f"wished {called}, granted {given}",
                "R1.2",
                greets(mode=wish),
                gets(Want(HELLO, 0, mode)),
                end=OPEN,
                mode=mode,
            )
    yield first(CLIENT, "its first HELLO", "R1.2", end=WAITING)
    for mode, given in ((TURNS, "turns"), (FREE, "free")):
        yield first(CLIENT, f"granted {given}", "R1.3", greets(mode=mode), end=OPEN)
    yield first(CLIENT, "another session id", "R1.3", greets(0, TURNS, OTHER_ID))
    yield first(CLIENT, "no mode", "R1.3", greets(mode=ANY))
    yield first(
        SERVER, "an id of zeros", "R1.2", greets(session=bytes(16)),
        gets(Want(HELLO, 0, TURNS)), end=OPEN,
    )

    yield first(
        SERVER, "a talk that is not known", "R1.4", greets(1),
        gets(refused(UNKNOWN_SESSION)), Send(bye(0)), end=OVER,
    )
    yield first(
        SERVER, "the highest number that is not known", "R1.4", greets(LAST, FREE),
        gets(refused(UNKNOWN_SESSION)), end=WAITING,
    )
    for number in (0, 1, LAST):
        yield talk(
            SERVER, f"another id, number {number}, during a talk", "R1.4", Connects(),
            greets(number, session=OTHER_ID), gets(refused(BUSY, "a talk is on")),
            Send(bye(number)), end=OVER,
        )
    yield talk(
        SERVER, "the talk stands when others are refused", "R1.4", Connects(),
        greets(session=OTHER_ID), gets(refused(BUSY)), Send(bye(0)),
        Send(text(1, "x"), on=0), gets(Want(ACK, 1), on=0), shows("x"), end=OVER,
    )
    yield talk(
        SERVER, "its id, and more than was sent", "R1.4", types("x"), gets(said(1, "x")),
        Connects(), greets(2), gets(refused(UNKNOWN_SESSION)), Send(bye(0)), end=OVER,
    )
    yield talk(
        SERVER, "its id, and less than was acknowledged", "R1.4", types("x"),
        gets(said(1, "x")), Send(ack(1)), Connects(), greets(0),
        gets(refused(UNKNOWN_SESSION)), Send(bye(0)), end=OVER,
    )
    for mode in (ANY, TURNS, FREE):
        yield talk(
            SERVER, f"its id, whatever mode ({mode}) it wishes", "R1.4", Send(text(1, "x")),
            acks(1), Cut(), Connects(), greets(0, mode), gets(Want(HELLO, 1, FREE)),
        )
    yield talk(
        SERVER, "another id, while a seat is kept", "R1.6", Send(text(1, "x")), acks(1),
        Cut(), Connects(), greets(session=OTHER_ID),
        gets(refused(BUSY, "a seat is kept for (0|[1-9][0-9]{0,8}) s")), end=WAITING,
    )
    yield from refusals()


def refused(reason: int, words: str | None = None) -> Want:
    """Return the BYE of a server that refuses."""
    return Want(BYE, 0, reason, words)


def said(number: int, words: str) -> Want:
    """Return a TEXT that is expected."""
    return Want(TEXT, number, words.encode())


def refusals() -> Iterator[Case]:
    """Yield the cases of R1.5 to R1.7."""
    for reason in range(QUIT, STOPPED + 1):
        yield first(
            CLIENT, f"refused with reason {reason}", "R1.5", Send(bye(0, reason, "no")),
            gets(GOODBYE), end=OVER,
        )
        yield first(
            CLIENT, f"a refusal with reason {reason} that counts", "R1.5",
            Send(bye(1, reason, "no")),
        )
    for words in ("a seat is kept for 9 s", "a seat is kept for 099 s", "later", ""):
        yield first(
            CLIENT, f"busy: {words!r}", "R1.6", Send(bye(0, BUSY, words)), gets(GOODBYE),
            end=OVER,
        )
    unknown = (greets(1), gets(refused(UNKNOWN_SESSION)))
    for reason in range(QUIT, STOPPED + 1):
        yield first(
            SERVER, f"a refusal is answered with reason {reason}", "R1.5", *unknown,
            Send(bye(7, reason)), end=OVER,
        )
    for kind, data in {**FIRST_FRAMES, "HELLO": hello("Ann", ANY, ID)}.items():
        yield first(
            SERVER, f"a refusal is answered with {kind}", "R1.5", *unknown, Send(data),
            end=ERROR_UNSAID,
        )
    yield first(
        SERVER, "HELLO and TEXT at once", "R1.7",
        Send(hello("Ann", ANY, ID) + text(1, "x")),
        gets(Want(HELLO, 0, TURNS), Want(ACK, 1)), shows("x"), end=OPEN,
    )
    yield first(
        SERVER, "HELLO and an error at once", "R1.7",
        Send(hello("Ann", ANY, ID) + text(2, "x")),
        gets(Want(HELLO, 0, TURNS), Want(BYE, 0, PROTOCOL)), end=ERROR_UNSAID,
    )


def returns() -> Iterator[Case]:
    """Yield the cases of R2, R4 and R5: what a second connection goes on with."""
    for side in (SERVER, CLIENT):
        mine, theirs = types("a", "b"), Send(text(1, "x"))
        sent = (mine, gets(said(1, "a"), said(2, "b")))
        hears = (theirs, acks(1), Cut())

        def again(
            side: str, number: int, *wanted: Want, shown: int = 0, name: str = "Ann"
        ) -> tuple[Step, ...]:
            greeting = Want(HELLO, shown, FREE)
            if side == SERVER:
                return Connects(), greets(number, FREE, name=name), gets(greeting, *wanted)
            return (
                Connects(), gets(greeting), greets(number, FREE, name=name), gets(*wanted),
            )

        yield talk(
            side, "nothing arrived: all is sent again", "R4", *sent, Cut(),
            *again(side, 0, said(1, "a"), said(2, "b")),
        )
        yield talk(
            side, "HELLO acknowledges", "R2.1", *sent, Cut(), *again(side, 1, said(2, "b"))
        )
        yield talk(side, "HELLO acknowledges all", "R2.1", *sent, Cut(), *again(side, 2))
        yield talk(
            side, "what was acknowledged is not sent again", "R4", *sent, Send(ack(1)),
            Cut(), *again(side, 1, said(2, "b")),
        )
        yield talk(
            side, "HELLO has what was shown", "R2.1", *hears, *again(side, 0, shown=1),
            Send(text(1, "x")), acks(1), Send(text(2, "y")), acks(2), shows("x", "y"),
        )
        yield talk(
            side, "half a frame before the cut is forgotten", "R5.1", *hears[:2],
            Send(text(2, "half")[:9]), Cut(), *again(side, 0, shown=1),
            Send(text(2, "whole")), acks(2), shows("x", "whole"),
        )
        yield talk(
            side, "half a header before the cut is forgotten", "R5.1", *hears[:2],
            Send(text(2, "half")[:3]), Cut(), *again(side, 0, shown=1),
            Send(text(2, "whole")), acks(2), shows("x", "whole"),
        )
        yield talk(
            side, "back under another name", "R5.2", *hears,
            *again(side, 0, shown=1, name="Eve"), Send(text(2, "y")), acks(2),
            shows("x", "y"),
        )
        yield talk(
            side, "typed while there was no connection", "R5.4", *hears, types("a"),
            *again(side, 0, said(1, "a"), shown=1),
        )
        yield talk(
            side, "our goodbye is sent again", "R2.1", *hears[:2], Leaves(),
            gets(Want(BYE, 0, QUIT)), Cut(), *again(side, 0, GOODBYE, shown=1),
            Send(bye(1)), end=OVER,
        )
        yield talk(
            side, "a gap behind the cut", "R3.4", *hears, *again(side, 0, shown=1),
            Send(text(3, "y")), end=ERROR,
        )
        yield talk(
            side, "PINGs are counted anew", "R7.2", *hears[:2], Silence(10),
            gets(Want(PING, 1)), Cut(), *again(side, 0, shown=1), Silence(10),
            gets(Want(PING, 1)), Send(frame(PONG, 1)),
        )
    yield from clients_return()
    yield from servers_wait()


def clients_return() -> Iterator[Case]:
    """Yield what only a client meets when it returns."""
    sent = (types("a"), gets(said(1, "a")))
    cut = (*sent, Send(ack(1)), Cut(), Connects(), gets(Want(HELLO, 0, FREE)))
    lost = (*sent, Cut(), Connects(), gets(Want(HELLO, 0, FREE)))
    yield talk(
        CLIENT, "the server has forgotten a message", "R2.2", *cut, greets(0, FREE),
        end=ERROR_SESSION,
    )
    yield talk(
        CLIENT, "the server knows a message of another", "R2.2", *cut, greets(2, FREE),
        end=ERROR_SESSION,
    )
    yield first(
        CLIENT, "a new talk of which the server knows a message", "R2.2", greets(1, TURNS),
        end=ERROR_SESSION,
    )
    wrong = {
        "another mode than before": greets(0, TURNS),
        "no mode on return": greets(0, ANY),
        "another id on return": greets(0, FREE, OTHER_ID),
    }
    for called, step in wrong.items():
        yield talk(CLIENT, called, "R1.3", *lost, step, end=ERROR)
    for reason in (BUSY, UNKNOWN_SESSION, PROTOCOL, STOPPED):
        yield talk(
            CLIENT, f"refused with reason {reason} on return", "R1.5", *lost,
            Send(bye(0, reason)), gets(Want(BYE, 1, QUIT)), end=OVER,
        )
    yield Case(
        "cut before the first answer", "R5.2", CLIENT, FREE,
        (gets(Want(HELLO, 0, ANY)), greets(mode=FREE), Cut(), Connects(),
         gets(Want(HELLO, 0, FREE)), greets(0, FREE)), OPEN,
    )
    yield talk(
        CLIENT, "all was acknowledged, and only the answer to BYE is missing", "R6.5",
        *sent, Send(ack(1)), Leaves(), gets(Want(BYE, 1, QUIT)), Cut(), Connects(),
        gets(Want(HELLO, 0, FREE)), Send(bye(0, BUSY, "a talk is on")), end=LEFT,
    )


def servers_wait() -> Iterator[Case]:
    """Yield what only a server meets: several connections, and a seat."""
    heard = (Send(text(1, "x")), acks(1))
    yield talk(
        SERVER, "a new connection replaces one that looks alive", "R5.3", *heard,
        Connects(), greets(0, FREE), gets(Want(HELLO, 1, FREE)), Send(text(2, "y")),
        acks(2), shows("x", "y"),
    )
    yield talk(
        SERVER, "the replaced connection is closed", "R5.3", *heard, Connects(),
        greets(0, FREE), gets(Want(HELLO, 1, FREE)), end=CLOSED,
    )._replace(on=0)
    late = (
        *heard, Connects(), Connects(), greets(0, FREE), gets(Want(HELLO, 1, FREE)),
        Send(hello("Ann", FREE, ID, 0), on=1),
    )
    older = talk(SERVER, "a late HELLO on an older connection", "R5.3", *late, end=CLOSED)
    yield older._replace(on=1)
    yield talk(SERVER, "a late HELLO displaces nothing", "R5.3", *late)
    yield talk(
        SERVER, "before the first message no seat is kept", "R5.4", Cut(), Connects(),
        greets(session=OTHER_ID), gets(Want(HELLO, 0, FREE)),
    )
    yield talk(
        SERVER, "before the first message its client is like a new one", "R5.4", Cut(),
        Connects(), greets(0, FREE), gets(Want(HELLO, 0, FREE)),
    )
    yield talk(
        SERVER, "before the first message no other number fits", "R5.4", Cut(), Connects(),
        greets(1, FREE), gets(refused(UNKNOWN_SESSION)), end=WAITING,
    )
    for reason in (VERSION, UNKNOWN_SESSION, PROTOCOL):
        yield talk(
            SERVER, f"BYE {reason} before the first message frees the server", "R6.1",
            Send(bye(0, reason)), gets(GOODBYE), Cut(), Connects(),
            greets(session=OTHER_ID), gets(Want(HELLO, 0, FREE)),
        )
    yield talk(
        SERVER, "a message of its own keeps the seat", "R5.4", types("a"),
        gets(said(1, "a")), Cut(), Connects(), greets(session=OTHER_ID),
        gets(refused(BUSY)), end=WAITING,
    )


NOT_UTF_8 = {
    "a byte": b"\xff",
    "half a character": "ü".encode()[:1],
    "a surrogate": b"\xed\xa0\x80",
    "an overlong form": b"\xc0\x80",
    "beyond Unicode": b"\xf4\x90\x80\x80",
}


def messages() -> Iterator[Case]:
    """Yield the cases of R3: numbers and ACKs."""
    yield from both("the first message", "R3.2", Send(text(1, "x")), acks(1), shows("x"))
    yield from both(
        "three messages", "R3.2", Send(text(1, "a") + text(2, "b") + text(3, "c")), acks(3),
        shows("a", "b", "c"),
    )
    longest = "x" * 32768
    yield from both("the longest", "R3.2", Send(text(1, longest)), acks(1), shows(longest))
    yield from both(
        "games count with the texts", "R3.1", Send(game(1) + text(2, "x")), acks(2),
        shows("x"),
    )
    yield from both("the longest words", "R9", Send(game(1, "x" * 512)[:-1]), end=WAITING)
    for number in (0, 2, LAST):
        yield from both(f"TEXT {number} first", "R3.4", Send(text(number, "x")), end=ERROR)
        yield from both(f"GAME {number} first", "R3.4", Send(game(number)), end=ERROR)
    heard = (Send(text(1, "x")), acks(1))
    replays = {
        "the same": text(1, "x"),
        "with other content": text(1, "something else"),
        "not in UTF-8": frame(TEXT, 1, b"\xff"),
        "as a GAME": game(1),
    }
    for called, data in replays.items():
        yield from both(f"again, {called}", "R3.3", *heard, Send(data), acks(1), shows("x"))
    yield from both("TEXT 0 later", "R3.4", *heard, Send(text(0, "x")), end=ERROR)
    yield from both("TEXT 3 behind 1", "R3.4", *heard, Send(text(3, "x")), end=ERROR)
    yield from both(
        "a message behind one that came again", "R3.3", *heard,
        Send(text(1, "x") + text(2, "y")), acks(2), shows("x", "y"),
    )
    for called, body in NOT_UTF_8.items():
        for kind, of in ((TEXT, "TEXT"), (GAME, "GAME")):
            yield from both(
                f"{of} with {called}", "R10.3", Send(frame(kind, 1, body)), end=ERROR
            )

    yield from both("ACK of nothing", "R3.6", Send(ack(0)))
    yield from both("ACK of what was not sent", "R3.6", Send(ack(1)), end=ERROR)
    sent = (types("a", "b"), gets(said(1, "a"), said(2, "b")))
    yield from both("ACK of the last", "R3.6", *sent, Send(ack(2)))
    old = Send(ack(2) + ack(2) + ack(1) + ack(0))
    yield from both("ACKs that repeat or are lower", "R3.6", *sent, old)
    yield from both("ACK of more than was sent", "R3.6", *sent, Send(ack(3)), end=ERROR)
    yield from both("ACK of the highest number", "R3.6", *sent, Send(ack(LAST)), end=ERROR)


def goodbyes() -> Iterator[Case]:
    """Yield the cases of R6."""
    heard = (Send(text(1, "a") + text(2, "b")), acks(2))
    left = (Leaves(), gets(GOODBYE))
    for reason in (QUIT, STOPPED):
        yield from both(
            f"BYE {reason} with nothing said", "R6.1", Send(bye(0, reason)), gets(GOODBYE),
            end=OVER,
        )
        yield from both(
            f"BYE {reason} behind two messages", "R6.3", *heard, Send(bye(2, reason)),
            gets(GOODBYE), end=OVER,
        )
        for number in (0, 1, 3, LAST):
            yield from both(
                f"BYE {reason} that counts {number} of 2", "R6.3", *heard,
                Send(bye(number, reason)), end=ERROR,
            )
    for number in (2, 3, LAST):
        yield from both(
            f"BYE 5 that counts {number} of 2", "R6.3", *heard, Send(bye(number, PROTOCOL)),
            gets(GOODBYE), end=OVER,
        )
    for number in (0, 1):
        yield from both(
            f"BYE 5 that counts {number} of 2", "R6.3", *heard, Send(bye(number, PROTOCOL)),
            end=ERROR,
        )
    yield from both("BYE 2 in a talk", "R6.3", Send(bye(0, BUSY)), end=ERROR)
    for reason in (VERSION, UNKNOWN_SESSION):
        yield talk(
            CLIENT, f"BYE {reason} in a talk", "R6.3", Send(bye(0, reason)), end=ERROR
        )
        for number in (0, 9):
            yield talk(
                SERVER, f"BYE {reason} that counts {number}", "R6.3",
                Send(bye(number, reason)), gets(GOODBYE), end=OVER,
            )
    yield from both(
        "no talk goes on behind BYE 5", "R6.2", types("a"), gets(said(1, "a")),
        Send(bye(0, PROTOCOL)), gets(Want(BYE, 1, QUIT)), end=OVER,
    )
    yield from both(
        "BYE with a message not acknowledged", "R6.4", types("a"), gets(said(1, "a")),
        Send(bye(0)), gets(Want(BYE, 1, QUIT)), end=LOST,
    )
    yield from both(
        "the last ACK behind both BYEs", "R6.4", types("a"), gets(said(1, "a")),
        Send(bye(0)), gets(Want(BYE, 1, QUIT)), Send(ack(1)), end=OVER,
    )
    yield from both("we leave", "R6.1", *left, Send(bye(0)), end=OVER)
    yield from both(
        "what crosses our BYE is shown", "R6.1", *left, Send(text(1, "x")), acks(1),
        shows("x"), Send(bye(1)), end=OVER,
    )
    yield from both(
        "a wrong BYE behind ours", "R6.3", *left, Send(bye(1)), end=ERROR_UNSAID
    )
    yield from both("BYE 5 behind our BYE", "R6.2", *left, Send(bye(0, PROTOCOL)), end=OVER)
    yield from both("an end without the peer's BYE", "R6.4", *left, end=LOST)
    yield from both("an end without any BYE", "R6.4", *heard, end=LOST)
    done = (Send(bye(0)), gets(GOODBYE))
    behind = {**FIRST_FRAMES, "BYE": bye(0), "HELLO": hello("Ann", FREE, ID)}
    for kind, data in behind.items():
        end = OVER if kind == "ACK" else ERROR_UNSAID
        yield from both(f"{kind} behind both BYEs", "R6.2", *done, Send(data), end=end)
    yield from both("the longest words of a BYE", "R6.1", Send(bye(0, QUIT, "x" * 127)),
                    gets(GOODBYE), end=OVER)


def signs_of_life() -> Iterator[Case]:
    """Yield the cases of R7."""
    for number in (0, 1, LAST):
        yield from both(
            f"PING {number}", "R7.3", Send(frame(PING, number)), gets(Want(PONG, number))
        )
    yield from both("PING behind our BYE", "R7.3", Leaves(), gets(GOODBYE),
                    Send(frame(PING, 1)), gets(), Send(bye(0)), end=OVER)
    yield from both("PONG that nobody asked for", "R7.3", Send(frame(PONG, 1)), end=ERROR)
    yield from both("PONG 0 that nobody asked for", "R7.3", Send(frame(PONG, 0)), end=ERROR)
    asked = (Silence(10), gets(Want(PING, 1)))
    pong = Send(frame(PONG, 1))
    yield from both("ten seconds of silence", "R7.1", *asked, pong)
    yield from both("PONG twice", "R7.3", *asked, pong, pong)
    yield from both("PONG 0 to PING 1", "R7.3", *asked, Send(frame(PONG, 0)), end=ERROR)
    yield from both("PONG 2 to PING 1", "R7.3", *asked, Send(frame(PONG, 2)), end=ERROR)
    alive = (Silence(1), Send(ack(0)), Silence(10), gets(Want(PING, 2)))
    yield from both("a late PONG", "R7.3", *asked, *alive, pong)
    yield from both("twenty seconds of silence", "R7.1", *asked, Silence(10), end=LOST)


def turns() -> Iterator[Case]:
    """Yield the cases of R8."""
    yield talk(
        SERVER, "the client begins", "R8.1", Send(text(1, "x")), acks(1), types("y"),
        gets(said(1, "y")), mode=TURNS,
    )
    yield talk(
        SERVER, "the server waits for its turn", "R8.1", types("y"), gets(),
        Send(text(1, "x")), gets(Want(ACK, 1), said(1, "y")), mode=TURNS,
    )
    yield talk(
        SERVER, "the client speaks twice", "R8.1", Send(text(1, "x")), acks(1),
        Send(text(2, "x")), end=ERROR, mode=TURNS,
    )
    yield talk(
        SERVER, "a retransmission takes no turn", "R8.1", Send(text(1, "x")), acks(1),
        Send(text(1, "x")), acks(1), types("y"), gets(said(1, "y")), mode=TURNS,
    )
    yield talk(
        CLIENT, "the server begins", "R8.1", Send(text(1, "x")), end=ERROR, mode=TURNS
    )
    yield talk(
        CLIENT, "the server answers", "R8.1", types("a"), gets(said(1, "a")),
        Send(ack(1) + text(1, "x")), acks(1), shows("x"), mode=TURNS,
    )
    yield talk(
        CLIENT, "the server answers twice", "R8.1", types("a"), gets(said(1, "a")),
        Send(text(1, "x")), acks(1), Send(text(2, "x")), end=ERROR, mode=TURNS,
    )
    yield talk(
        CLIENT, "the client waits for its turn", "R8.1", types("a", "b"),
        gets(said(1, "a")), Send(ack(1) + text(1, "x")),
        gets(Want(ACK, 1), said(2, "b")), mode=TURNS,
    )
    for side in (SERVER, CLIENT):
        yield talk(
            side, "games take no turn", "R9", Send(game(1) + game(2)), acks(2), mode=TURNS
        )
    lines = [str(number) for number in range(1, 2050)]
    window = [said(number, line) for number, line in enumerate(lines[:2048], 1)]
    yield from both(
        "2048 messages await their ACK", "R8.2", types(*lines), gets(*window), Send(ack(1)),
        gets(said(2049, "2049")),
    )
    long = ["x" * 32768] * 33
    yield from both(
        "1 MiB awaits its ACK", "R8.2", types(*long),
        gets(*[said(number, long[0]) for number in range(1, 33)]), Send(ack(1)),
        gets(said(33, long[0])),
    )


def wrong_headers() -> Iterator[Case]:
    """Yield the cases of R10.1: what is judged when the header has arrived."""
    for kind in (0, 8, 255):
        yield from both(f"kind {kind}", "R10.1", Send(frame(kind, 1)), end=ERROR)
    for flags in (1, 0x80):
        header = bytearray(text(1, "x")[:8])
        header[3] = flags
        yield from both(f"flags {flags}", "R10.1", Send(bytes(header)), end=ERROR)
    lengths = {
        "TEXT": (TEXT, (0, 32769, 65535)),
        "GAME": (GAME, (0, 513)),
        "ACK": (ACK, (1,)),
        "PING": (PING, (1,)),
        "PONG": (PONG, (1,)),
        "BYE": (BYE, (0, 129)),
    }
    for called, (kind, wrong) in lengths.items():
        for length in wrong:
            header = bytearray(length.to_bytes(2, "big") + bytes([kind, 0]) + bytes(4))
            yield from both(
                f"{called} of {length} bytes", "R10.1", Send(bytes(header)), end=ERROR
            )
    for reason in (0, 7, 255):
        yield from both(f"BYE {reason}", "R10.3", Send(bye(0, reason)), end=ERROR)
    words = Send(frame(BYE, 0, b"\1\xff"))
    yield from both("words of a BYE that are not UTF-8", "R10.3", words, end=ERROR)


def hellos() -> Iterator[Case]:
    """Yield the cases of R10.2: in which order a HELLO is judged."""
    start, rest = b"CHAT\x01" + ID, bytes([TURNS])
    for length in (5, 21, 22, 149, 150, 32768):
        body = b"CHAT\x02"
        yield from both_first(
            f"version 2 in {length} bytes", "R10.2", raw_hello(body, length),
            end=ERROR_VERSION,
        )
    for version in (0, 255):
        body = b"CHAT" + bytes([version])
        yield from both_first(
            f"version {version}", "R10.2", raw_hello(body, 22), end=ERROR_VERSION
        )
    for length in (0, 4, 32769):
        yield from both_first(f"HELLO of {length} bytes", "R10.2", raw_hello(b"", length))
    for length in (5, 21, 150, 32768):
        yield from both_first(
            f"version 1 in {length} bytes", "R10.2", raw_hello(b"CHAT\x01", length)
        )
    others = {
        "another magic, another version": raw_hello(b"CHAS\x02", 22),
        "another magic, any length": raw_hello(b"chat\x01", 9999),
        "flags in a HELLO": raw_hello(b"", 22, flags=1),
        "flags, and another version": raw_hello(b"CHAT\x02", 22, flags=1),
        "a name that is not UTF-8": raw_hello(start + rest + b"\xff"),
        "mode 3": raw_hello(start + b"\3"),
        "mode 255": raw_hello(start + b"\xff"),
    }
    for called, data in others.items():
        yield from both_first(called, "R10.2", data)
    yield from both_first(
        "four bytes of a HELLO's body", "R10.2", raw_hello(b"CHAS", 22), end=WAITING
    )
    names = {"no": b"", "the longest": b"x" * 127, "a hostile": b"\x1b[2J\n"}
    for called, name in names.items():
        greeting = Send(raw_hello(start + rest + name))
        answer = gets(Want(HELLO, 0, TURNS))
        yield first(SERVER, f"{called} name", "R10.5", greeting, answer, end=OPEN)
        yield first(CLIENT, f"{called} name", "R10.5", greeting, end=OPEN)


def cases() -> Iterator[Case]:
    """Yield every case of the table."""
    yield from handshakes()
    yield from returns()
    yield from messages()
    yield from goodbyes()
    yield from signs_of_life()
    yield from turns()
    yield from wrong_headers()
    yield from hellos()


CASES = tuple(cases())
"""The table."""
