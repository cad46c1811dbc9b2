"""Mistakes in the link: frames in and out, ACKs, a new connection, the end."""

from tests.mutants.mutant import LINK_TESTS, Module, Mutant

_MESSAGES = (
    Mutant(
        "a message that is not UTF-8 is repaired",
        "Link._receive_text",
        ("body.decode()", 'body.decode("utf-8", "replace")'),
    ),
    Mutant(
        "words about a game that are not UTF-8 are repaired",
        "Link._receive_game",
        ('decode(body, f"GAME {number}")', 'body.decode("utf-8", "replace")'),
    ),
    Mutant(
        "a retransmitted message is shown again",
        "Link._receive_text",
        ("number != session.received + 1", "not 0 < number <= session.received + 1"),
    ),
    Mutant(
        "retransmitted words about a game are handled again",
        "Link._receive_game",
        ("number != session.received + 1", "not 0 < number <= session.received + 1"),
    ),
    Mutant(
        "a retransmitted message is not acknowledged",
        "Link._receive_again",
        ("self.replies.owe_ack(self.session.shown)", ""),
    ),
    Mutant(
        "a gap in the numbers is accepted",
        "Link._receive_text",
        ("number != session.received + 1", "number < session.received + 1"),
    ),
    Mutant(
        "a gap before words about a game is accepted",
        "Link._receive_game",
        ("number != session.received + 1", "number < session.received + 1"),
    ),
    Mutant(
        "a message behind a gap counts as retransmitted",
        "Link._receive_again",
        ("not 0 < number <= received", "number < 1"),
    ),
    Mutant(
        "a message out of turn is accepted",
        "Link._receive_text",
        ("not free and not session.peer_has_turn", "False"),
    ),
    Mutant(
        "a line of the peer does not use up its turn",
        "Link._receive_text",
        ("session.lead -= len(texts)", ""),
    ),
    Mutant(
        "a GAME from the peer uses up the peer's turn",
        "Link._receive_game",
        ("session.received = number", "session.received = number; session.lead -= 1"),
    ),
)

_RUNS = (
    Mutant(
        "a message that is not UTF-8 is repaired in a run",
        "Link._receive_run",
        ("body.decode()", 'body.decode("utf-8", "replace")'),
    ),
    Mutant(
        "a retransmitted message is shown again in a run",
        "Link._receive_run",
        ("following != number + 1", "following > number + 1"),
    ),
    Mutant(
        "a gap in the numbers is accepted in a run",
        "Link._receive_run",
        ("following != number + 1", "following < number + 1"),
    ),
    Mutant(
        "a message out of turn is accepted in a run",
        "Link._receive_text",
        ("free and self.waiting", "self.waiting"),
    ),
    Mutant(
        "a GAME in a run is shown as a message",
        "Link._receive_run",
        ("kind is not _TEXT", "kind not in (_TEXT, Kind.GAME)"),
    ),
    Mutant(
        "the messages of a run stay in the queue",
        "Link._receive_run",
        ("frames.popleft()", ""),
    ),
    Mutant(
        "the messages of a run are not counted",
        "Link._receive_text",
        (
            "number = self._receive_run(texts, number, len(body))",
            "self._receive_run(texts, number, len(body))",
        ),
    ),
    Mutant(
        "a run has no limit in messages",
        "Link._receive_run",
        ("len(texts) < RUN", "True"),
    ),
    Mutant(
        "a run has no limit in bytes",
        "Link._receive_run",
        ("size < RUN_BYTES", "True"),
    ),
    Mutant(
        "the bytes of a run are those of its first message",
        "Link._receive_run",
        ("size += name + len(body)", ""),
    ),
)

_TRACING = (
    Mutant(
        "the trace leaves out the frames of a run",
        "Link._receive_run",
        ("if self._trace is not silent: ...", ""),
    ),
    Mutant(
        "the trace leaves out the frames that are written",
        "Link._write",
        ("if self._trace is not silent: ...", ""),
    ),
    Mutant(
        "the trace leaves out the states",
        "Link._enter",
        ('self._trace("=", state.value, b"")', ""),
    ),
)

_WRITING = (
    Mutant(
        "messages are written before both have said HELLO",
        "Link._send",
        ("self.state is _OPEN", "True"),
    ),
    Mutant(
        "in turns a message is written before the ACK that is due",
        "Link._send",
        ("self.session.mode is not _FREE", "False"),
    ),
    Mutant(
        "an ACK or PONG that is urgent goes behind a line",
        "Link._send",
        ("self.replies.urgent", "False"),
    ),
    Mutant(
        "an ACK waits behind many lines",
        "Link._send",
        ("len(messages) > 1", "False"),
    ),
    Mutant(
        "in free talk every message hurries the ACK",
        "Link._send",
        ("self.session.mode is not _FREE", "True"),
    ),
    Mutant(
        "bytes are handed to the connection twice",
        "Link.data_to_send",
        ("self._output.clear()", ""),
    ),
    Mutant(
        "the ACK that is owed goes behind our BYE",
        "Link._say_bye",
        ("self._write(self.replies.take(self.session.shown))", ""),
    ),
)

_WANTING = (
    Mutant(
        "the connection does not hear of the first ACK that is owed",
        "Replies.owe_ack",
        ("news or self.urgent", "self.urgent"),
    ),
    Mutant(
        "the connection does not hear of an ACK that cannot wait",
        "Replies.owe_ack",
        ("news or self.urgent", "news"),
    ),
    Mutant(
        "the connection hears of every ACK that joins one",
        "Link.shown",
        (
            """
            if self.replies.owe_ack(number):
                self.wants_to_send = True
            """,
            "self.replies.owe_ack(number); self.wants_to_send = True",
        ),
    ),
    Mutant(
        "the connection does not hear of the ACK for a retransmitted message",
        "Link._receive_again",
        ("self.wants_to_send = True", ""),
    ),
    Mutant(
        "the connection does not hear of a PING",
        "Link._receive_ping",
        ("self.wants_to_send = True", ""),
    ),
    Mutant(
        "the connection does not hear of frames that are written",
        "Link._write",
        ("self.wants_to_send = True", ""),
    ),
    Mutant(
        "the connection does not hear of a new state",
        "Link._enter",
        ("self.wants_to_send = True", ""),
    ),
    Mutant(
        "outside of a talk the connection does not look at the state after every read",
        "Link.data_to_send",
        ("self.wants_to_send = self.state is not _OPEN", "self.wants_to_send = False"),
    ),
)

_ACKNOWLEDGING = (
    Mutant(
        "an ACK of messages that were not sent is accepted",
        "Link._receive_ack",
        ("number > session.written", "False"),
    ),
    Mutant(
        "an ACK of messages that were not written is accepted",
        "Link._receive_ack",
        ("number > session.written", "number > session.sent"),
    ),
    Mutant(
        "a message is acknowledged before it is shown",
        "Link._receive_text",
        (
            "session.received = number",
            "session.received = session.shown = number; self.replies.owe_ack(number)",
        ),
    ),
    Mutant(
        "an ACK counts messages that wait to be shown",
        "Link.data_to_send",
        (
            "self.replies.take(self.session.shown)",
            "self.replies.take(self.session.received)",
        ),
    ),
    Mutant(
        "the ACK of many messages waits",
        "Replies.owe_ack",
        ("shown - self._acknowledged >= ACK_AT", "False"),
    ),
    Mutant(
        "the ACK of a few messages does not wait",
        "Replies.owe_ack",
        ("shown - self._acknowledged >= ACK_AT", "True"),
    ),
    Mutant(
        "after the ACK of many messages no ACK waits",
        "Replies.take",
        ("self._acknowledged = shown", ""),
    ),
    Mutant(
        "after an urgent answer no ACK waits",
        "Replies.take",
        (
            "self.ack, self.urgent, self._pong = False, False, None",
            "self.ack, self._pong = False, None",
        ),
    ),
    Mutant(
        "an ACK waits although BYE was said",
        "Link.data_to_send",
        (
            "hurry or self.replies.urgent or self.state is not _OPEN",
            "hurry or self.replies.urgent",
        ),
    ),
)

_WELCOMING = (
    Mutant(
        "HELLO counts the messages that were sent, not those that were shown",
        "Link.__init__",
        (
            "(Kind.HELLO, session.shown, hello.encode())",
            "(Kind.HELLO, session.sent, hello.encode())",
        ),
    ),
    Mutant(
        "the answer to HELLO does not count the messages that were shown",
        "Link.welcome",
        (
            "(Kind.HELLO, session.shown, hello.encode())",
            "(Kind.HELLO, 0, hello.encode())",
        ),
    ),
    Mutant(
        "a HELLO on a new connection does not count as an ACK",
        "Link.__init__",
        ("Replies(session.shown)", "Replies(0)"),
    ),
    Mutant(
        "the answer to a HELLO does not count as an ACK",
        "Link.welcome",
        ("self.replies = Replies(session.shown)", ""),
    ),
    Mutant(
        "a client that returns leaves the mode open",
        "Link.__init__",
        ("session.hello._replace(mode=session.mode)", "session.hello"),
    ),
    Mutant(
        "an answer for another session is accepted",
        "Link._receive_hello",
        ("hello.session != session.hello.session", "False"),
    ),
    Mutant(
        "an answer with another mode than before is accepted",
        "Link._receive_hello",
        ("session.peer and hello.mode is not session.mode", "False"),
    ),
    Mutant(
        "a stranger is noted in the session before it is welcome",
        "Link._receive_hello",
        (
            "self._hello, self._seen = hello, number",
            "self._hello, self._seen, self.session.peer = hello, number, hello",
        ),
    ),
    Mutant(
        "a link changes its session although the peer is not let back in",
        "Link.welcome",
        (
            """
            session.begin(self._hello, session.hello.mode, self._seen)
            self.session = session
            """,
            """
            self.session = session
            session.begin(self._hello, session.hello.mode, self._seen)
            """,
        ),
    ),
    Mutant(
        "a peer that is not let back in is sent a HELLO",
        "Link.welcome",
        (
            """
            session.begin(self._hello, session.hello.mode, self._seen)
            self.session = session
            self.replies = Replies(session.shown)
            hello = Hello(self._hello.session, session.mode, session.hello.name)
            self._write(((Kind.HELLO, session.shown, hello.encode()),))
            """,
            """
            hello = Hello(self._hello.session, session.hello.mode, session.hello.name)
            self._write(((Kind.HELLO, session.shown, hello.encode()),))
            session.begin(self._hello, session.hello.mode, self._seen)
            self.session = session
            self.replies = Replies(session.shown)
            """,
        ),
    ),
    Mutant(
        "a peer that comes back is taken into a new talk",
        "Link.welcome",
        ("session or self.session", "self.session"),
    ),
    Mutant(
        "a peer that comes back is welcome twice",
        "Link.welcome",
        ("_require(self.state is State.DECIDING, self.state)", ""),
    ),
)

_RESUMING = (
    Mutant(
        "nothing is retransmitted",
        "Link._open",
        ("self._write(self.session.kept)", ""),
    ),
    Mutant(
        "retransmitted messages are numbered from 1",
        "Link._open",
        (
            "self._write(self.session.kept)",
            """
            self._write(
                (kind, number, body)
                for number, (kind, _, body) in enumerate(self.session.kept, 1)
            )
            """,
        ),
    ),
    Mutant(
        "all retransmitted frames are TEXT",
        "Link._open",
        (
            "self._write(self.session.kept)",
            "self._write((_TEXT, number, body) for _, number, body in self.session.kept)",
        ),
    ),
    Mutant(
        "BYE is not said again on a new connection",
        "Link._open",
        ("if self.session.farewell: ...", ""),
    ),
    Mutant(
        "a connection that is lost is sent what was written before",
        "Link._end",
        ("self._output.clear()", ""),
    ),
    Mutant(
        "a connection that is lost is sent what was owed",
        "Link._end",
        ("self.replies = Replies(self.session.shown)", ""),
    ),
)

_ENDING = (
    Mutant(
        "the end of the stream counts as BYE",
        "Link._end",
        ("not self._ended or not listening or self.session.over", "True"),
    ),
    Mutant(
        "unacknowledged messages at the end count as delivered",
        "Link._receive_bye",
        ("refusal or not session.kept or bye.reason not in _LEAVING", "True"),
    ),
    Mutant(
        "the first ACK behind both goodbyes counts as the last",
        "Link._receive_ack",
        ("self.state is State.CLOSED and not session.kept", "self.state is State.CLOSED"),
    ),
    Mutant(
        "the last ACK behind both goodbyes does not end the talk",
        "Link._receive_ack",
        ("self.state is State.CLOSED and not session.kept", "False"),
    ),
    Mutant(
        "a BYE may leave out messages",
        "_check_bye",
        ("wrong = number != received", "wrong = False"),
    ),
    Mutant(
        "a BYE may count fewer messages than came",
        "_check_bye",
        ("wrong = number != received", "wrong = number > received"),
    ),
    Mutant(
        "a BYE that names an error may count less than came",
        "_check_bye",
        ("wrong = number < received", "wrong = False"),
    ),
    Mutant(
        "a BYE that names an error must have retransmitted all",
        "_check_bye",
        ("wrong = number < received", "wrong = number != received"),
    ),
    Mutant(
        "a BYE that knows another talk counts ours",
        "_check_bye",
        ("wrong = False", "wrong = number < received"),
    ),
    Mutant(
        "a client may be busy",
        "_check_bye",
        ("reason in refusing", "refusing"),
    ),
    Mutant(
        "a server that answered with HELLO may refuse",
        "Link._receive_bye",
        ("() if self._greets_first else _FROM_CLIENTS", "_FROM_CLIENTS"),
    ),
    Mutant(
        "a client may not refuse the HELLO of its server",
        "Link._receive_bye",
        ("() if self._greets_first else _FROM_CLIENTS", "()"),
    ),
    Mutant(
        "a refusal may count messages",
        "Link._receive_bye",
        ("self.state is State.GREETING and number", "False"),
    ),
    Mutant(
        "the answer to a refusal may count no messages",
        "Link._receive_bye",
        ("self.state is State.GREETING and number", "number"),
    ),
    Mutant(
        "a client returns to a talk that was refused",
        "Link._receive_bye",
        (
            "refusal or not session.kept or bye.reason not in _LEAVING",
            "not session.kept or bye.reason in (Reason.PROTOCOL, Reason.VERSION)",
        ),
    ),
    Mutant(
        "a talk that was broken goes on",
        "Link._receive_bye",
        (
            "refusal or not session.kept or bye.reason not in _LEAVING",
            "refusal or not session.kept",
        ),
    ),
    Mutant(
        "a refusal counts messages",
        "Link.refuse",
        (
            "(Kind.BYE, 0, Bye(reason, text).encode())",
            "(Kind.BYE, self._seen, Bye(reason, text).encode())",
        ),
    ),
    Mutant(
        "BYE is not answered",
        "Link._receive_bye",
        ("self.state not in _SAID_BYE", "False"),
    ),
    Mutant(
        "a goodbye does not wait for the next connection",
        "Link.leave",
        ("session.leave(farewell)", "session.can_talk = False"),
    ),
    Mutant(
        "a link listens after an error",
        "Link.receive_data",
        ("self.state is not _LOST and self.state is not _FAILED", "True"),
    ),
    Mutant(
        "a talk goes on after an error",
        "Link._fail",
        ("self.session.end()", ""),
    ),
    Mutant(
        "frames that came before an error stay in the queue",
        "Link._fail",
        ("self.waiting.clear()", ""),
    ),
    Mutant(
        "half a frame is kept after an error",
        "Link._fail",
        ("self.unfinished.clear()", ""),
    ),
    Mutant(
        "an error of the reader is not reported",
        "Link.next_event",
        ("self._ended or self._reader.error", "self._ended"),
    ),
    Mutant(
        "an error of the reader is reported before the frames that came before it",
        "Link.next_event",
        ("while frames: ...", "while frames and not self._reader.error: ..."),
    ),
)

_SILENCE = (
    Mutant(
        "a PING is not answered",
        "Replies.owe_pong",
        ("self._pong = number", ""),
    ),
    Mutant(
        "a PONG waits for another frame",
        "Replies.owe_pong",
        ("self.urgent = True", ""),
    ),
    Mutant(
        "a PING is answered behind our BYE",
        "Link._receive_ping",
        ("self.state is _OPEN", "True"),
    ),
    Mutant(
        "a PONG to a PING that was never sent is accepted",
        "Link._receive_pong",
        ("0 < number <= self.pulse.pings", "0 < number"),
    ),
    Mutant(
        "PONG 0 is accepted",
        "Link._receive_pong",
        ("0 < number <= self.pulse.pings", "number <= self.pulse.pings"),
    ),
    Mutant(
        "a silent peer is sent no PING",
        "Link.pass_time",
        ("advice is Advice.PING", "False"),
    ),
    Mutant(
        "a peer that is silent for too long is not lost",
        "Link.pass_time",
        ("advice is Advice.LOST", "False"),
    ),
    Mutant(
        "bytes that come are no sign of life",
        "Link.receive_data",
        ("self.pulse.heard = now", ""),
    ),
)

MODULE = Module(
    "chatlib/protocol/link.py",
    LINK_TESTS,
    (
        *_MESSAGES,
        *_RUNS,
        *_TRACING,
        *_WRITING,
        *_WANTING,
        *_ACKNOWLEDGING,
        *_WELCOMING,
        *_RESUMING,
        *_ENDING,
        *_SILENCE,
    ),
)
