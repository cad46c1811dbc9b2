"""Mistakes in the connection: the socket, its timers, its end."""

from tests.mutants.mutant import CHAT_TESTS, Module, Mutant

_WRITING = (
    Mutant(
        "the rest of a partial write is lost",
        "Connection._write",
        ("self._pending = data[count:]", 'self._pending = b""'),
    ),
    Mutant(
        "answers pile up while the kernel takes no bytes",
        "Connection.flush",
        ("if not self._pending: ...", "if True: ..."),
    ),
    Mutant(
        "a closed connection is flushed",
        "Connection.flush",
        ("if not self._open: return", ""),
    ),
    Mutant(
        "a closed connection goes on writing",
        "Connection.close",
        ("self._awaited = 0", ""),
    ),
)

_ACKNOWLEDGING = (
    Mutant(
        "an ACK waits for ever",
        "Connection.flush",
        ("if session.owes_ack and not self._ack_timer: ...", ""),
    ),
    Mutant(
        "the second ACK waits for ever",
        "Connection._acknowledge",
        ("self._ack_timer = None", ""),
    ),
    Mutant(
        "an ACK that has waited is not sent",
        "Connection._acknowledge",
        ("self.flush(hurry=True)", "self.flush()"),
    ),
    Mutant(
        "an ACK gets its timer only where nothing is written",
        "Connection.flush",
        (
            """
            if data: ...
            if session.owes_ack and not self._ack_timer: ...
            """,
            """
            if data: ...
            elif session.owes_ack and not self._ack_timer: ...
            """,
        ),
    ),
    Mutant(
        "an ACK gets its timer while nothing can be written",
        "Connection.flush",
        (
            """
            if not self._pending:
                data = session.data_to_send(hurry)
                if data: ...
                if session.owes_ack and not self._ack_timer: ...
            """,
            """
            if not self._pending:
                data = session.data_to_send(hurry)
                if data: ...
            if session.owes_ack and not self._ack_timer: ...
            """,
        ),
    ),
    Mutant(
        "the messages of one read are acknowledged when all are shown, however slowly",
        "Connection._report",
        ("session.waiting and self.silence > SLOW_SECONDS", "False"),
    ),
    Mutant(
        "pending bytes are not written while the screen is slow",
        "Connection._report",
        ("self.flush(hurry=True)", "self._pending or self.flush(hurry=True)"),
    ),
    Mutant(
        "after a read an ACK gets no timer",
        "Connection._report",
        (
            "unheard or session.urgent or session.output or session.state is not _OPEN",
            "session.urgent or session.output or session.state is not _OPEN",
        ),
    ),
    Mutant(
        "after a read urgent answers wait",
        "Connection._report",
        ("session.urgent", "False"),
    ),
    Mutant(
        "after a read output waits",
        "Connection._report",
        ("session.output", "False"),
    ),
)

_ENDING = (
    Mutant(
        "the socket is closed without reading to the end",
        "Connection._watch",
        ("self._half_close()", "self.close()"),
    ),
    Mutant(
        "after a read the end of the session is not noticed",
        "Connection._report",
        ("session.state is not _OPEN", "False"),
    ),
    Mutant(
        "a slow peer runs out of time in the middle of a goodbye",
        "Connection._wind_up",
        ("session.acknowledged > self._confirmed", "False"),
    ),
    Mutant(
        "the last ACK of a goodbye earns the peer no more time",
        "Connection._wind_up",
        (
            "session.state is State.CLOSING or session.state is State.CLOSED",
            "session.state is State.CLOSING",
        ),
    ),
    Mutant(
        "at the end of the stream the socket is closed before all events are handled",
        "Connection._watch",
        ("if not mask and not self.session.finished: return", ""),
    ),
    Mutant(
        "the end of the stream is not reported",
        "Connection._report",
        ("session.waiting or session.ends", "session.waiting"),
    ),
    Mutant(
        "after the owner has changed the session, the old one is asked for events",
        "Connection._report",
        (
            """
            session = self.session
            if session.waiting and self.silence > SLOW_SECONDS: ...
            """,
            "if session.waiting and self.silence > SLOW_SECONDS: ...",
        ),
    ),
)

_TIMING = (
    Mutant(
        "our slow screen counts as the peer's silence",
        "Connection._pass_time",
        ("self._read(READ)", ""),
    ),
    Mutant(
        "a frame inherits the timer of the frame before it",
        "Connection._time_frame",
        ("self._frame_timer and (whole or not begun)", "self._frame_timer and not begun"),
    ),
    Mutant(
        "a frame has less time where our screen is slow",
        "Connection._report",
        (
            "whole = bool(session.waiting)",
            """
            whole = bool(session.waiting)
            if self._frame_timer or session.unfinished:
                self._time_frame(whole)
                whole = False
            """,
        ),
    ),
)

MODULE = Module(
    "chatlib/connection.py",
    CHAT_TESTS,
    (*_WRITING, *_ACKNOWLEDGING, *_ENDING, *_TIMING),
)
