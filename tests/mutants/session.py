"""Mistakes in the session: numbers, kept messages, the turn, the window, a new link."""

from tests.mutants.mutant import SESSION_TESTS, Module, Mutant

_TURNS = (
    Mutant(
        "it is always our turn",
        "Session.has_turn",
        ("self.lead == (0 if self.talks_first else -1)", "True"),
    ),
    Mutant(
        "it is never the peer's turn",
        "Session.peer_has_turn",
        ("self.lead == (1 if self.talks_first else 0)", "False"),
    ),
    Mutant(
        "a line of ours does not use up our turn",
        "Session.add_texts",
        ("self.lead += len(messages)", ""),
    ),
    Mutant(
        "a GAME of ours uses up our turn",
        "Session.add_words",
        ("self.games_sent += 1", "self.games_sent += 1; self.lead += 1"),
    ),
    Mutant(
        "lines are sent out of turn",
        "Session.add_texts",
        ("if not self.has_turn(): ...", ""),
    ),
    Mutant(
        "in turns more than one line is sent",
        "Session.add_texts",
        (
            "WINDOW - len(self.kept) if self.mode is _FREE else 1",
            "WINDOW - len(self.kept) if self.mode is _FREE else 2",
        ),
    ),
    Mutant(
        "a line is taken although we said goodbye",
        "Session.leave",
        ("self.can_talk = False", ""),
    ),
    Mutant(
        "a line is taken although the talk is over",
        "Session.end",
        ("self.can_talk = False", ""),
    ),
)

_WINDOW = (
    Mutant(
        "any number of messages may be unacknowledged",
        "Session.has_turn",
        ("len(self.kept) < WINDOW and self.kept_bytes < WINDOW_BYTES", "True"),
    ),
    Mutant(
        "any number of bytes may be unacknowledged",
        "Session.has_turn",
        ("self.kept_bytes < WINDOW_BYTES", "True"),
    ),
    Mutant(
        "any number of GAMEs may be unacknowledged",
        "Session.add_words",
        ("len(self.kept) >= WINDOW + GAMES_WINDOW", "False"),
    ),
    Mutant(
        "lines are sent beyond the window",
        "Session.add_texts",
        ("WINDOW - len(self.kept)", "WINDOW"),
    ),
    Mutant(
        "lines are sent beyond the window's bytes",
        "Session.add_texts",
        ("size >= WINDOW_BYTES", "False"),
    ),
    Mutant(
        "the bytes of the lines of one call are not added up",
        "Session.add_texts",
        ("size >= WINDOW_BYTES", "self.kept_bytes + len(body) >= WINDOW_BYTES"),
    ),
    Mutant(
        "the unacknowledged bytes are not added up",
        "Session.add_texts",
        ("self.kept_bytes = size", ""),
    ),
    Mutant(
        "the bytes of words about a game are not added up",
        "Session.add_words",
        ("self.kept_bytes += len(message[2])", ""),
    ),
    Mutant(
        "the bytes of an acknowledged message still count",
        "Session.acknowledge",
        ("self.kept_bytes -= len(body)", ""),
    ),
)

_MESSAGES = (
    Mutant(
        "lines are numbered beyond the last number",
        "Session.add_texts",
        ("if number > LAST_NUMBER - room: ...", ""),
    ),
    Mutant(
        "the last number is not used",
        "Session.add_texts",
        ("room = self._numbers_left()", "room = self._numbers_left() - 1"),
    ),
    Mutant(
        "words about a game are numbered beyond the last number",
        "Session.add_words",
        ("self._numbers_left()", ""),
    ),
    Mutant(
        "lines behind one that cannot be sent are sent",
        "Session.add_texts",
        ("if messages: break\nraise", "if messages: continue\nraise"),
    ),
    Mutant(
        "lines before one that cannot be sent are not sent",
        "Session.add_texts",
        ("if messages: ...", ""),
    ),
    Mutant(
        "all lines of one call have the same number",
        "Session.add_texts",
        ("(_TEXT, number, body)", "(_TEXT, self.sent + 1, body)"),
    ),
    Mutant(
        "the numbers of one call's lines are used again",
        "Session.add_texts",
        ("self.sent = number", "self.sent += 1"),
    ),
    Mutant(
        "words about a game may be as long as a line",
        "Session.add_words",
        ("encode_text(words, GAME_LIMIT)", "encode_text(words)"),
    ),
    Mutant(
        "words about a game count as a line",
        "Session.add_words",
        ("self.games_sent += 1", ""),
    ),
    Mutant(
        "words about a game count as a line that was not acknowledged",
        "Session.texts_kept",
        ("sum(kind is _TEXT for kind, _, _ in self.kept)", "len(self.kept)"),
    ),
    Mutant(
        "words about a game are listed as lines that did not arrive",
        "Session.unacknowledged",
        (
            "{number: body.decode() for kind, number, body in self.kept if kind is _TEXT}",
            "{number: body.decode() for _, number, body in self.kept}",
        ),
    ),
    Mutant(
        "an ACK covers one message only",
        "Session.acknowledge",
        (
            "range(self.acknowledged, number)",
            "range(self.acknowledged, min(number, self.acknowledged + 1))",
        ),
    ),
    Mutant(
        "an older ACK lowers the number of acknowledged messages",
        "Session.acknowledge",
        ("max(self.acknowledged, number)", "number"),
    ),
)

_RESUMING = (
    Mutant(
        "messages that the peer has shown are retransmitted, too",
        "Session.begin",
        ("self.acknowledge(seen)", ""),
    ),
    Mutant(
        "messages are counted anew on a new connection",
        "Session.begin",
        (
            "self.peer, self.mode = peer, mode",
            "self.peer, self.mode, self.received, self.shown = peer, mode, 0, 0",
        ),
    ),
    Mutant(
        "a peer of another session is taken for ours",
        "Session.knows",
        ("hello.session == self.peer.session", "True"),
    ),
    Mutant(
        "a peer that has shown more than was sent is taken for ours",
        "Session.expects",
        ("self.acknowledged <= seen <= self.sent", "self.acknowledged <= seen"),
    ),
    Mutant(
        "a peer that has forgotten what it acknowledged is taken for ours",
        "Session.expects",
        ("self.acknowledged <= seen <= self.sent", "seen <= self.sent"),
    ),
    Mutant(
        "a peer is let back into a talk that is over",
        "Session.expects",
        ("not self.over", "True"),
    ),
    Mutant(
        "to ask whether a stranger is our peer changes the talk",
        "Session.knows",
        (
            "hello.session == self.peer.session",
            "bool(setattr(self, 'peer', hello) or hello.session == self.peer.session)",
        ),
    ),
    Mutant(
        "a peer that names another mode is not let back in",
        "Session.expects",
        ("not self.over", "not self.over and hello.mode is self.mode"),
    ),
    Mutant(
        "a talk that is over is not known any more",
        "Session.knows",
        ("self.peer is not None", "self.peer is not None and not self.over"),
    ),
    Mutant(
        "a talk in which only the peer has spoken has no messages",
        "Session.has_messages",
        ("self.sent or self.received", "self.sent"),
    ),
    Mutant(
        "a talk in which only we have spoken has no messages",
        "Session.has_messages",
        ("self.sent or self.received", "self.received"),
    ),
    Mutant(
        "a server that forgets acknowledged messages is accepted",
        "Session.begin",
        ("seen < self.acknowledged", "False"),
    ),
    Mutant(
        "a peer that has shown more than was sent is accepted",
        "Session.begin",
        ("seen > self.sent", "False"),
    ),
    Mutant(
        "a HELLO with an impossible number changes the talk before it is refused",
        "Session.begin",
        (
            "if seen > self.sent: ...",
            """
            self.peer, self.mode = peer, mode
            if seen > self.sent: ...
            """,
        ),
    ),
    Mutant(
        "an ACK of what a HELLO has seen may look like an error",
        "Session.begin",
        ("self.written = max(self.written, seen)", ""),
    ),
    Mutant(
        "after our goodbye a new connection lets us talk again",
        "Session.begin",
        ("self.farewell is None and not self.over", "not self.over"),
    ),
    Mutant(
        "a new connection begins a talk again that is over",
        "Session.begin",
        ("self.farewell is None and not self.over", "self.farewell is None"),
    ),
)

_RESTART = (
    Mutant(
        "a message gets a number before the peer has said HELLO",
        "Session.restored",
        ("session.restarted = True", "session.restarted = session.can_talk = True"),
    ),
    Mutant(
        "a number that the peer knows from before a restart is used again",
        "Session._recall",
        ("self.sent = self.acknowledged = seen", "self.acknowledged = seen"),
    ),
    Mutant(
        "a peer that remembers more than we do is not expected after a restart",
        "Session.expects",
        ("known or forgotten", "known"),
    ),
    Mutant(
        "a restarted end believes any number for ever",
        "Session.begin",
        ("self.restarted = False", ""),
    ),
    Mutant(
        "a line that was forgotten leaves it our turn",
        "Session._recall",
        ("self.lead += lines", ""),
    ),
)

MODULE = Module(
    "chatlib/protocol/session.py",
    SESSION_TESTS,
    (*_TURNS, *_WINDOW, *_MESSAGES, *_RESUMING, *_RESTART),
)
