"""Mistakes in the session: messages in and out, ACKs, a lost connection, the end."""

from tests.mutants.mutant import CHAT_TESTS, PROTOCOL_TESTS, Module, Mutant

_RECEIVING = (
    Mutant(
        "a message that is not UTF-8 is repaired",
        "Session._receive_text",
        ("body.decode()", 'body.decode("utf-8", "replace")'),
    ),
    Mutant(
        "a message that is not UTF-8 is repaired in a run",
        "Session.next_texts",
        ("body.decode()", 'body.decode("utf-8", "replace")'),
    ),
    Mutant(
        "a retransmitted message is shown again",
        "Session._receive_text",
        ("number != self.received + 1", "not 0 < number <= self.received + 1"),
    ),
    Mutant(
        "a retransmitted message is shown again in a run",
        "Session.next_texts",
        ("found != number", "found > number"),
    ),
    Mutant(
        "a retransmitted message is not acknowledged",
        "Session._receive_again",
        ("self.owes_ack = True", ""),
    ),
    Mutant(
        "a gap in the numbers is accepted",
        "Session._receive_text",
        ("number != self.received + 1", "number < self.received + 1"),
    ),
    Mutant(
        "a message behind a gap counts as retransmitted",
        "Session._receive_again",
        ("not 0 < number <= self.received", "number < 1"),
    ),
    Mutant(
        "a gap in the numbers is accepted in a run",
        "Session.next_texts",
        ("found != number", "found < number"),
    ),
    Mutant(
        "a GAME in a run is shown as a message",
        "Session.next_texts",
        ("kind is not _TEXT", "kind not in (_TEXT, Kind.GAME)"),
    ),
    Mutant(
        "the messages of a run stay in the queue",
        "Session.next_texts",
        ("for _ in texts: ...", ""),
    ),
    Mutant(
        "the messages of a run are not counted",
        "Session.next_texts",
        ("self.received += len(texts)", ""),
    ),
    Mutant(
        "a run has no limit in messages",
        "Session.next_texts",
        ("islice(frames, RUN)", "islice(frames, 99999)"),
    ),
    Mutant(
        "a run has no limit in bytes",
        "Session.next_texts",
        ("size >= RUN_BYTES", "False"),
    ),
    Mutant(
        "a message out of turn is accepted",
        "Session._receive_text",
        ("kind is _TEXT and self.mode is not _FREE and not self._peers_turn", "False"),
    ),
    Mutant(
        "a message out of turn is accepted in a run",
        "Session.next_texts",
        ("self.mode is not _FREE", "False"),
    ),
    Mutant(
        "the frames of a run are not traced",
        "Session.next_texts",
        ("self._trace is not silent", "False"),
    ),
    Mutant(
        "a GAME from the peer uses up the peer's turn",
        "Session._receive_text",
        ("self._games_received += 1", ""),
    ),
    Mutant(
        "a GAME of ours uses up our turn",
        "Session.play",
        ("self._games_sent += 1", ""),
    ),
    Mutant(
        "it is always our turn",
        "Session.has_turn",
        ("self._lead == (0 if self._talks_first else -1)", "True"),
    ),
)

_SENDING = (
    Mutant(
        "any number of messages may be unacknowledged",
        "Session.has_turn",
        ("len(self._kept) < WINDOW and self._outstanding < WINDOW_BYTES", "True"),
    ),
    Mutant(
        "any number of bytes may be unacknowledged",
        "Session.has_turn",
        ("self._outstanding < WINDOW_BYTES", "True"),
    ),
    Mutant(
        "any number of GAMEs may be unacknowledged",
        "Session.play",
        ("len(self._kept) >= WINDOW + GAMES_WINDOW", "False"),
    ),
    Mutant(
        "a run is sent beyond the window",
        "Session.say_all",
        ("WINDOW - len(self._kept)", "WINDOW"),
    ),
    Mutant(
        "a run is sent beyond the window's bytes",
        "Session.say_all",
        ("size >= WINDOW_BYTES", "False"),
    ),
    Mutant(
        "the bytes of a run are not added up",
        "Session.say_all",
        ("size += len(body)", ""),
    ),
    Mutant(
        "the unacknowledged bytes are not added up",
        "Session._keep",
        ("self._outstanding += len(body)", ""),
    ),
    Mutant(
        "the bytes of an acknowledged message still count",
        "Session._receive_ack",
        ("self._outstanding -= len(body)", ""),
    ),
    Mutant(
        "an empty message is sent in a run",
        "Session.say_all",
        ("0 < len(body) <= TEXT_LIMIT", "len(body) <= TEXT_LIMIT"),
    ),
    Mutant(
        "a message over the limit is sent in a run",
        "Session.say_all",
        ("not 0 < len(body) <= TEXT_LIMIT", "not body"),
    ),
    Mutant(
        "in a run the limit of a message counts characters, not bytes",
        "Session.say_all",
        ("0 < len(body) <= TEXT_LIMIT", "0 < len(text) <= TEXT_LIMIT"),
    ),
    Mutant(
        "a run goes on behind a message that cannot be sent",
        "Session.say_all",
        ("break", "continue"),
    ),
    Mutant(
        "text that is not valid Unicode raises an error out of a run",
        "Session.say_all",
        ("UnicodeEncodeError", "UnicodeDecodeError"),
    ),
    Mutant(
        "a run is sent out of turn",
        "Session.say_all",
        ("room if self.has_turn() else 0", "max(0, room)"),
    ),
    Mutant(
        "in turns a run may have more than one message",
        "Session.say_all",
        (
            "WINDOW - len(self._kept) if self.mode is _FREE else 1",
            "WINDOW - len(self._kept) if self.mode is _FREE else 2",
        ),
    ),
    Mutant(
        "a run is written before both have said HELLO",
        "Session._keep_all",
        ("self.state is _OPEN", "True"),
    ),
    Mutant(
        "a run is written before the ACK that is due",
        "Session._write_run",
        ("self._pay()", ""),
    ),
    Mutant(
        "a message is written before the ACK that is due",
        "Session._keep",
        ("self.owes_ack and self.mode is not _FREE", "False"),
    ),
)

_ACKNOWLEDGING = (
    Mutant(
        "an ACK of messages that were not sent is accepted",
        "Session._receive_ack",
        ("number > self._handed", "False"),
    ),
    Mutant(
        "an ACK of messages that were not written is accepted",
        "Session._receive_ack",
        ("number > self._handed", "number > self.sent"),
    ),
    Mutant(
        "an ACK covers one message only",
        "Session._receive_ack",
        (
            "range(self.acknowledged, number)",
            "range(self.acknowledged, min(number, self.acknowledged + 1))",
        ),
    ),
    Mutant(
        "an older ACK lowers the number of acknowledged messages",
        "Session._receive_ack",
        ("number > self.acknowledged", "True"),
    ),
    Mutant(
        "a message is acknowledged before it is shown",
        "Session._receive_text",
        ("self.received = number", "self.received = self.confirmed = number"),
    ),
    Mutant(
        "a run is acknowledged before it is shown",
        "Session.next_texts",
        (
            "self.received += len(texts)",
            """
            self.received += len(texts)
            self.confirmed, self.owes_ack = self.received, bool(texts)
            """,
        ),
    ),
    Mutant(
        "the ACK of many messages waits",
        "Session.shown",
        ("number - self._told >= ACK_AT", "False"),
    ),
    Mutant(
        "the ACK of a few messages does not wait",
        "Session.shown",
        ("number - self._told >= ACK_AT", "True"),
    ),
    Mutant(
        "after the ACK of many messages no ACK waits",
        "Session._pay",
        ("self._told = self.confirmed", ""),
    ),
    Mutant(
        "after an urgent answer no ACK waits",
        "Session._pay",
        ("self.urgent = False", ""),
        tests=(*PROTOCOL_TESTS, *CHAT_TESTS),
    ),
    Mutant(
        "an ACK waits although BYE was said",
        "Session.data_to_send",
        ("self.state is not _OPEN", "False"),
        tests=(*PROTOCOL_TESTS, *CHAT_TESTS),
    ),
)

_RESUMING = (
    Mutant(
        "HELLO counts the messages that were sent, not those that were shown",
        "Session._greet",
        ("self.confirmed", "self.sent"),
    ),
    Mutant(
        "the answer to HELLO does not count the messages that were shown",
        "Session.welcome",
        ("self.confirmed", "0"),
    ),
    Mutant(
        "nothing is retransmitted",
        "Session._open",
        ("if self._kept: ...", "if False: ..."),
    ),
    Mutant(
        "retransmitted messages are numbered from 1",
        "Session._open",
        ("numbers[0]", "1"),
    ),
    Mutant(
        "messages that the peer has shown are retransmitted, too",
        "Session._open",
        ("self._receive_ack(_ACK, self.seen)", ""),
    ),
    Mutant(
        "BYE is not said again on a new connection",
        "Session._open",
        ("if self._farewell: ...", ""),
    ),
    Mutant(
        "messages are counted anew on a new connection",
        "Session._begin",
        (
            "self._stand(State.GREETING)",
            "self._stand(State.GREETING); self.confirmed = self.received = 0",
        ),
    ),
    Mutant(
        "bytes that were not written go out on the next connection",
        "Session._begin",
        ("bytearray()", 'getattr(self, "output", bytearray())'),
    ),
    Mutant(
        "half a frame is kept for the next connection",
        "Session.resume",
        ("FrameReader(_FIRST[self._greets_first])", "self._reader"),
    ),
    Mutant(
        "a peer of another session is taken for ours",
        "Session.is_awaited",
        ("peer.session == self.peer.session", "True"),
    ),
    Mutant(
        "a peer that has shown more than was sent is taken for ours",
        "Session.is_awaited",
        (
            "self.acknowledged <= stranger.seen <= self.sent",
            "self.acknowledged <= stranger.seen",
        ),
    ),
    Mutant(
        "a server that forgets acknowledged messages is accepted",
        "Session._receive_hello",
        ("self.seen < self.acknowledged", "False"),
    ),
    Mutant(
        "an error of the reader is forgotten where a session takes over",
        "Session._begin",
        ("reader.error is not None", "False"),
        tests=(*PROTOCOL_TESTS, *CHAT_TESTS),
    ),
)

_ENDING = (
    Mutant(
        "the end of the stream counts as BYE",
        "Session._end",
        ("not self._done", "False"),
    ),
    Mutant(
        "unacknowledged messages at the end count as delivered",
        "Session._done",
        ("self.state is State.CLOSED and not self._kept", "self.state is State.CLOSED"),
    ),
    Mutant(
        "a BYE may leave out messages",
        "Session._receive_bye",
        ("number != self.received and counts", "False"),
    ),
    Mutant(
        "BYE is not answered",
        "Session._receive_bye",
        ("not self._said_bye", "False"),
    ),
    Mutant(
        "a PING is not answered",
        "Session._receive_ping",
        ("self._owes_pong = number", ""),
    ),
    Mutant(
        "a PONG waits for another frame",
        "Session._receive_ping",
        ("self.urgent = True", ""),
        tests=(*PROTOCOL_TESTS, *CHAT_TESTS),
    ),
    Mutant(
        "a silent peer is sent no PING",
        "Session.pass_time",
        ("if self._pinged is None: ...", "if False: ..."),
    ),
    Mutant(
        "a silent connection is never lost",
        "Session.pass_time",
        ("silence >= 2 * PING_SECONDS", "silence >= 9 * PING_SECONDS"),
    ),
    Mutant(
        "a pause counts as a loss",
        "Session.pass_time",
        ("silence >= 2 * PING_SECONDS", "silence >= 0.7 * PING_SECONDS"),
    ),
    Mutant(
        "the session goes on after an error",
        "Session._stand",
        ("state is not State.LOST and state is not State.FAILED", "True"),
    ),
    Mutant(
        "frames that came before an error stay in the queue",
        "Session._fail",
        ("self.waiting.clear()", ""),
    ),
    Mutant(
        "half a frame is kept after an error",
        "Session._fail",
        ("self.unfinished.clear()", ""),
    ),
    Mutant(
        "an error of the reader is not reported",
        "Session.receive_data",
        ("if self._reader.error: ...", ""),
        tests=(*PROTOCOL_TESTS, *CHAT_TESTS),
    ),
)

MODULE = Module(
    "chatlib/protocol/session.py",
    PROTOCOL_TESTS,
    (*_RECEIVING, *_SENDING, *_ACKNOWLEDGING, *_RESUMING, *_ENDING),
)
