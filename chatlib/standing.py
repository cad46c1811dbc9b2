"""How a talk stands, in words: the status line, `/status` and `/who`.

Pure: a view of the talk goes in, words come out.
"""

from typing import NamedTuple

from chatlib.connection import Connection
from chatlib.protocol.frames import Mode
from chatlib.protocol.pulse import PING_SECONDS, WORRY_SECONDS
from chatlib.protocol.session import Session

SLOW_SECONDS = 0.2
"""The status line shows a round trip from here on: below it nobody notices one, and it
changes with every PING."""


class View(NamedTuple):
    """A talk at one moment, as one of the two sees it.

    `delay` is for how many seconds our oldest message waits to be confirmed, 0 if it does
    not; `delivered` whether one that did was confirmed just now. `lost` says what is done
    while the connection is lost, and until when; it is empty during the talk.
    """

    peer: str
    connection: Connection
    since: str
    lost: str = ""
    leaving: bool = False
    move: str = ""
    drafts: int = 0
    delay: int = 0
    delivered: bool = False


def describe_parts(view: View) -> tuple[str, ...]:
    """Return the parts of the status line, the most important first."""
    session = view.connection.link.session
    if view.lost:
        parts = [f"connection to {view.peer} lost, {view.lost}"]
    else:
        parts = [f"with {view.peer}", *_describe_silence(view.connection)]
    if view.leaving:
        parts.append("leaving")
    elif view.move:
        parts.append(view.move)
    elif session.mode is Mode.TURNS:
        parts.append("your turn" if session.has_turn() else f"{view.peer}'s turn")
    parts += _describe_lines(view)
    round_trip = view.connection.link.pulse.round_trip
    if round_trip is not None and round_trip >= SLOW_SECONDS and not view.lost:
        parts.append(f"round trip {milliseconds(round_trip)}")
    return tuple(parts)


def _describe_silence(connection: Connection) -> list[str]:
    """Return for how long nothing was heard, if that is longer than usual."""
    silence = connection.silence
    # Not while a PONG is simply on its way: that would be painted at every PING.
    overdue = silence > PING_SECONDS + WORRY_SECONDS / 2
    if overdue and connection.link.pulse.is_worrying:
        return [f"nothing heard for {silence:.0f} s"]
    return []


def _describe_lines(view: View) -> list[str]:
    """Return what became of our lines: not confirmed, confirmed late, kept for later."""
    parts = []
    waiting = view.connection.link.session.texts_kept
    # A line on its way is nothing to tell of, for the first second of a talk.
    if waiting and (view.delay or view.lost or view.leaving):
        parts.append(f"{count_lines(waiting)} not confirmed{_for(view.delay)}")
    elif view.delivered:
        parts.append("delivered")
    if view.drafts:
        parts.append(f"{count_lines(view.drafts)} kept for later")
    return parts


def describe_people(view: View) -> str:
    """Return who talks with whom: the answer to `/who`."""
    own = view.connection.link.session.hello.name
    return f"You are {own}. You talk with {view.peer}, at {place(view.connection)}."


def describe_talk(view: View) -> list[str]:
    """Return sentences about the talk: the answer to `/status`."""
    session = view.connection.link.session
    with_whom = f"With {view.peer}, at {place(view.connection)}, since {view.since}."
    if view.lost:
        with_whom += f" The connection is lost, {view.lost}."
    trip = view.connection.link.pulse.round_trip
    waiting = session.texts_kept
    return [
        with_whom,
        _describe_mode(view, session),
        "Private: no, for now. Who can read the network can read this talk.",
        f"Round trip: {milliseconds(trip)}."
        if trip is not None
        else "Round trip: not measured yet, the first quiet moment shows it.",
        f"Not confirmed: {count_lines(waiting)}{_for(view.delay)}."
        if waiting
        else "Not confirmed: nothing.",
    ]


def _describe_mode(view: View, session: Session) -> str:
    if view.leaving:
        return "Leaving: nothing more is sent."
    if session.mode is Mode.FREE:
        return "Mode: free, both may write at any time."
    turn = "it is your turn" if session.has_turn() else f"it is {view.peer}'s turn"
    return f"Mode: turns, {turn}."


def place(connection: Connection) -> str:
    """Return the peer's address in words."""
    match connection.address:
        case (host, port):
            return f"{host} port {port}"
        case address:
            return str(address)


def milliseconds(seconds: float) -> str:
    """Return a time to two figures: with more it would be painted again at every PONG."""
    return f"{float(f'{1000 * seconds:.2g}'):g} ms" if seconds >= 0.001 else "below 1 ms"


def count_lines(count: int) -> str:
    """Return a number of lines in words."""
    return "1 line" if count == 1 else f"{count} lines"


def _for(seconds: int) -> str:
    return f" for {seconds} s" if seconds else ""
