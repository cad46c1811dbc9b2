"""Mistakes in the connection: the socket, its timers, its end."""

from tests.mutants.mutant import CONNECTION_TESTS, Module, Mutant

_WRITING = (
    Mutant(
        "the rest of a partial write is lost",
        "Connection._write",
        ("self._pending = data[count:]", 'self._pending = b""'),
    ),
    Mutant(
        "what is said is not written",
        "Connection.say",
        ("self.flush()", ""),
    ),
    Mutant(
        "words about a game are not written",
        "Connection.play",
        ("self.flush()", ""),
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
    Mutant(
        "while bytes are pending the loop does not watch for writing",
        "Connection.flush",
        ("self._pending or not ordinary", "not ordinary"),
    ),
    Mutant(
        "when all is written the loop goes on watching for writing",
        "Connection.flush",
        ("self._pending or not ordinary", "self._pending"),
    ),
    Mutant(
        "pending bytes wait for ever",
        "Connection.flush",
        (
            "link.state is _OPEN and self._awaited == READ and channel.established",
            "link.state is _OPEN and channel.established",
        ),
    ),
)

_ACKNOWLEDGING = (
    Mutant(
        "an ACK waits for ever",
        "Connection.flush",
        ("if link.replies.ack and not self._ack_timer: ...", ""),
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
            if channel.established and (data := link.data_to_send(hurry)): ...
            if link.replies.ack and not self._ack_timer: ...
            """,
            """
            if channel.established and (data := link.data_to_send(hurry)): ...
            elif link.replies.ack and not self._ack_timer: ...
            """,
        ),
    ),
    Mutant(
        "an ACK gets its timer while nothing can be written",
        "Connection.flush",
        (
            """
            if not self._pending:
                if channel.established and (data := link.data_to_send(hurry)): ...
                if link.replies.ack and not self._ack_timer: ...
            """,
            """
            if not self._pending:
                if channel.established and (data := link.data_to_send(hurry)): ...
            if link.replies.ack and not self._ack_timer: ...
            """,
        ),
    ),
    Mutant(
        "all frames of one read are handled in one turn, however slowly",
        "Connection._report",
        ("whole > 1 and loop.now() >= loop.turn_ends and link.waiting", "False"),
    ),
    Mutant(
        "where the screen is slow the ACK of what it showed waits",
        "Connection._report",
        ("self.flush(hurry=late)", "self.flush()"),
    ),
    Mutant(
        "a frame that became whole keeps its timer while it waits to be handled",
        "Connection._pause",
        ("if self._frame_timer: ...", ""),
    ),
    Mutant(
        "a read goes on while frames of the last one are waiting",
        "Connection._read",
        ("if self._resume_timer: return", ""),
    ),
    Mutant(
        "the silence is judged while frames are waiting",
        "Connection._check_pulse",
        ("if self._resume_timer: return", ""),
    ),
    Mutant(
        "the time that our screen took counts as silence of the peer",
        "Connection._resume",
        ("self.link.pulse.heard = self._loop.now()", ""),
    ),
    Mutant(
        "after a failed write the stream goes on",
        "Connection._write",
        ("if self._write_error: return", ""),
    ),
    Mutant(
        "after a failed write a peer may send for ever",
        "Connection._end_writing",
        ("self.set_deadline(DISMISSAL_SECONDS)", ""),
    ),
    Mutant(
        "after a failed write nothing more is read",
        "Connection._end_writing",
        ("self._resume_soon()", "self.give_up(why)"),
    ),
    Mutant(
        "after a read nothing is sent",
        "Connection._report",
        ("if link.wants_to_send: ...", ""),
    ),
)

_ENDING = (
    Mutant(
        "the socket is closed without reading to the end",
        "Connection._watch",
        ("self._half_close()", "self.close()"),
    ),
    Mutant(
        "a slow peer runs out of time in the middle of a goodbye",
        "Connection._limit_goodbye",
        ("link.session.acknowledged > self._progress", "False"),
    ),
    Mutant(
        "the last ACK of a goodbye earns the peer no more time",
        "Connection._limit_goodbye",
        (
            "link.state is State.CLOSING or link.state is State.CLOSED",
            "link.state is State.CLOSING",
        ),
    ),
    Mutant(
        "everything that the peer sends behind our BYE earns it more time",
        "Connection._limit_goodbye",
        ("parting and link.session.acknowledged > self._progress", "parting"),
    ),
    Mutant(
        "a peer that leaves may take as long as it likes",
        "Connection._limit_goodbye",
        ("if limit is not None: ...", ""),
    ),
    Mutant(
        "at the end of the stream the socket is closed before all events are handled",
        "Connection._watch",
        ("if not mask and (not finished or self._resume_timer): return", ""),
    ),
    Mutant(
        "the end of the stream is not reported",
        "Connection._read",
        ("self.link.receive_eof()", ""),
    ),
    Mutant(
        "a connection that is closed in an event reports the events behind it",
        "Connection._report",
        (
            """
            self.owner.handle(self, event)
            if not self._open: return
            """,
            "self.owner.handle(self, event)",
        ),
    ),
    Mutant(
        "a connection that is closed by a read is told to go on",
        "Connection._report",
        (
            """
            if link.wants_to_send:
                self.flush(hurry=late)
                if not self._open: return
            """,
            "if link.wants_to_send: self.flush(hurry=late)",
        ),
    ),
    Mutant(
        "a socket that is closed leaves its timers behind",
        "Connection.close",
        ("timer.cancel()", "pass"),
    ),
)

_TIMING = (
    Mutant(
        "our slow screen counts as the peer's silence",
        "Connection._check_pulse",
        ("self._read(READ)", ""),
    ),
    Mutant(
        "the silence of the peer is looked at once",
        "Connection._report",
        ("if not self._pulse_timer: ...", ""),
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
            "link, loop = self.link, self._loop",
            """
            link, loop = self.link, self._loop
            if self._frame_timer or link.unfinished:
                self._time_frame(whole)
                whole = 0
            """,
        ),
    ),
)

_SEALING = tuple(
    Mutant(mistake, function, edit, tests=("tests/core/test_sealed_connection.py",))
    for mistake, function, edit in (
        (
            "HELLO is sent before the handshake is over",
            "Connection.flush",
            (
                "channel.established and (data := link.data_to_send(hurry))",
                "(data := link.data_to_send(hurry))",
            ),
        ),
        (
            "what the link sends is not sealed",
            "Connection.flush",
            ("channel.seal(data)", "data"),
        ),
        (
            "a part of a record is a sign of life",
            "Connection._read",
            (
                "if plain := channel.receive(data): ...",
                "plain = channel.receive(data)\nif True: ...",
            ),
        ),
        (
            "the handshake is written with the next line only",
            "Connection.flush",
            ("if channel.waiting and not self._pending: ...", ""),
        ),
        (
            "what the channel has to say overtakes what waits to be written",
            "Connection.flush",
            ("channel.waiting and not self._pending", "channel.waiting"),
        ),
        (
            "a peer whose channel has failed may stay",
            "Connection._read",
            ("self.set_deadline(DISMISSAL_SECONDS)", ""),
        ),
        (
            "nobody is told why the channel has failed",
            "Connection._read",
            ("str(channel.error)", '""'),
        ),
    )
)

MODULE = Module(
    "chatlib/connection.py",
    CONNECTION_TESTS,
    (*_WRITING, *_ACKNOWLEDGING, *_ENDING, *_TIMING, *_SEALING),
)
