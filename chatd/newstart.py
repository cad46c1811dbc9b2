"""Decide who has the seat when the holder of the ticket starts its program anew.

A window was closed, or a program killed: its person starts it again, and the new program
does not know the talk. In a private talk nobody else can be the caller, so it need not wait
until the old seat's time is over.
"""

from collections.abc import Callable

from chatlib.connection import Connection
from chatlib.program import Program
from chatlib.protocol.frames import TICKET_IN_USE, Reason, new_start_words

ANSWER_SECONDS = 2.0
"""How long the old program may take to answer a PING when its ticket is used again."""

STARTED_ANEW = "has started anew"
"""What the other person did, in words."""


class NewStart:
    """What becomes of a second program with the ticket while the seat is taken.

    `is_waiting(connection)` returns whether it still waits for the answer to its HELLO;
    `seat` and `begin_wait` are the listener's.
    """

    def __init__(
        self,
        program: Program,
        is_waiting: Callable[[Connection], bool],
        seat: Callable[[Connection], None],
        begin_wait: Callable[[str], None],
    ) -> None:
        self._program = program
        self._is_waiting = is_waiting
        self._seat = seat
        self._begin_wait = begin_wait

    def answer(self, connection: Connection) -> None:
        """End the talk for a new program, as soon as the old one is known to be gone.

        As long as the old program answers, the new one is refused: the person has both,
        and sees in which of them the talk is.
        """
        chat = self._program.chat
        if chat.is_leaving or chat.is_searching:
            self._decide(connection, alive=chat.is_leaving)
            return
        old, asked = chat.peer.connection, self._program.loop.now()
        assert old is not None
        old.link.pass_time(asked, urgent=True)
        old.flush()
        self._program.loop.call_later(
            ANSWER_SECONDS,
            lambda: self._decide(connection, alive=self._was_heard(old, asked)),
        )

    def _was_heard(self, old: Connection, asked: float) -> bool:
        """Return whether the program in the talk has been heard since it was asked."""
        old.read()  # its answer may wait there, where we ourselves were stopped for a while
        # On another connection by now, it has come back, or a still newer one has the seat.
        moved = self._program.chat.peer.connection is not old
        return moved or old.link.pulse.heard >= asked

    def _decide(self, connection: Connection, alive: bool) -> None:
        """Seat, refuse or prepare for the new program, as things stand by now."""
        chat = self._program.chat
        if not self._is_waiting(connection):
            return
        if chat.is_free:
            self._seat(connection)
        elif chat.is_leaving or (alive and not chat.is_searching):
            connection.refuse(Reason.BUSY, TICKET_IN_USE)
        else:
            self._replace(connection)

    def _replace(self, connection: Connection) -> None:
        """End the talk with the old program, and let the new one call for the seat."""
        chat = self._program.chat
        session = chat.peer.session
        lines = session.texts_sent - session.lead
        # The talk ends as with `--again`, whether or not that was chosen.
        again, self._program.again = self._program.again, self._wait
        if not chat.is_searching and chat.peer.connection:
            chat.peer.connection.give_up("it was silent")
        if not self._program.chat.is_free:
            chat.stop_searching(f"its person {STARTED_ANEW}")
        self._program.again = again
        connection.refuse(Reason.BUSY, new_start_words(lines))

    def _wait(self) -> None:
        self._begin_wait(f"The other side {STARTED_ANEW}: this is a new talk.")
