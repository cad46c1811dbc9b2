"""`make mutants`: wrong versions of the code, each of which some test must notice.

A test that has never failed proves nothing. Each mutant is one small mistake that
somebody could make, put into a copy of the tree by replacing a text that occurs in it
exactly once; then the tests of its neighbourhood run and must fail. What survives is a
promise that no test holds.
"""

import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from harness.stage import ROOT

TREES = ("chatlib", "chatd", "chatc", "harness", "tests", "pyproject.toml")

UNWANTED = shutil.ignore_patterns("__pycache__")

CORE = (
    "tests/core/test_frames.py",
    "tests/core/test_reader.py",
    "tests/core/test_session.py",
    "tests/simulation/test_liars.py",
    "tests/simulation/test_time.py",
    "tests/simulation/test_cuts.py",
)

CONNECTION = (
    "tests/core/test_connection.py",
    "tests/core/test_chat.py",
    "tests/programs/test_listener.py",
)

TERMINAL = ("tests/terminal/test_plain.py",)

TOGETHER = 2
"""How many run at a time."""

SECONDS = 120
"""A mutant that makes the tests stand still has been noticed, too."""


class Mutant(NamedTuple):
    """One mistake: what it is, the file, the text, what stands there instead."""

    mistake: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...] = CORE


READER = "chatlib/protocol/reader.py"
FRAMES = "chatlib/protocol/frames.py"
SESSION = "chatlib/protocol/session.py"
SOCKET = "chatlib/connection.py"
CHAT = "chatlib/chat.py"
PLAIN = "chatlib/terminal/plain.py"

MUTANTS = (
    # The reader.
    Mutant(
        "a header is read before it is whole",
        READER,
        "while start <= last:",
        "while start <= last + 1:",
    ),
    Mutant(
        "a body counts as whole a byte too early",
        READER,
        "if after > end:",
        "if after > end + 1:",
    ),
    Mutant(
        "what is left after a frame is forgotten",
        READER,
        "if start < end:",
        "if 0 == start < end:",
    ),
    Mutant(
        "after an error the reader goes on",
        READER,
        "        if self.error:\n            return\n",
        "",
    ),
    Mutant(
        "what follows an error is stored",
        READER,
        "            self.error = error\n            return\n",
        "            self.error = error\n",
    ),
    Mutant(
        "any kind may come first",
        READER,
        "self._headers = _HeaderCache(first_kinds)",
        "self._headers = _HeaderCache(Kind)",
    ),
    Mutant(
        "what may come first may come only",
        READER,
        "        self._lengths = BODY_LENGTHS\n",
        "",
    ),
    Mutant(
        "a frame that has begun is looked at with every byte",
        READER,
        "            self._needed = size if start <= last else _SIZE\n",
        "            self._needed = 0\n",
    ),
    Mutant(
        "a header is remembered unchecked",
        READER,
        "        check_header(length, kind, flags, self._lengths)\n",
        "",
    ),
    Mutant(
        "a header is remembered before it is checked",
        READER,
        "        check_header(length, kind, flags, self._lengths)\n"
        "        self._lengths = BODY_LENGTHS\n"
        "        found = Kind(kind), _SIZE + length\n",
        "        found = Kind(kind) if kind in list(Kind) else kind, _SIZE + length\n"
        "        self[start] = found\n"
        "        check_header(length, kind, flags, self._lengths)\n"
        "        self._lengths = BODY_LENGTHS\n",
    ),
    Mutant(
        "a remembered header may have other flags",
        READER,
        "kind, size = headers[word]",
        "kind, size = headers[word & ~1 if word & ~1 in headers else word]",
    ),
    Mutant(
        "every header is remembered",
        READER,
        "if length <= CACHED_LENGTH_LIMIT:",
        "if True:",
    ),
    # The frames.
    Mutant("flags are not looked at", FRAMES, "    if flags:\n", "    if False:\n"),
    Mutant(
        "a length may be over the limit", FRAMES, "if length not in allowed:", "if False:"
    ),
    Mutant(
        "the limit counts characters",
        FRAMES,
        "if len(body) > limit:",
        "if len(text) > limit:",
    ),
    Mutant("numbers are little endian", FRAMES, 'Struct("!HBBI")', 'Struct("<HBBI")'),
    Mutant(
        "a name that is not UTF-8 is repaired",
        FRAMES,
        "        return body.decode()\n    except UnicodeDecodeError as error:",
        '        return body.decode("utf-8", "replace")\n    except ValueError as error:',
    ),
    # The session takes messages, one by one and in a run.
    Mutant(
        "a text that is not UTF-8 is repaired",
        SESSION,
        "            text = body.decode()\n",
        '            text = body.decode("utf-8", "replace")\n',
    ),
    Mutant(
        "a text that is not UTF-8 is repaired in a run",
        SESSION,
        "texts.append(body.decode())",
        'texts.append(body.decode("utf-8", "replace"))',
    ),
    Mutant(
        "a replay is shown again",
        SESSION,
        "        if number != self.received + 1:\n",
        "        if not 0 < number <= self.received + 1:\n",
    ),
    Mutant(
        "a replay is shown again in a run",
        SESSION,
        "if kind is not _TEXT or found != number or",
        "if kind is not _TEXT or found > number or",
    ),
    Mutant(
        "a replay is not acknowledged",
        SESSION,
        "        self.owes_ack = True\n\n    def _receive_ack",
        "\n    def _receive_ack",
    ),
    Mutant(
        "a gap is passed over",
        SESSION,
        "        if number != self.received + 1:\n",
        "        if number < self.received + 1:\n",
    ),
    Mutant(
        "a gap is taken for a replay",
        SESSION,
        "if not 0 < number <= self.received:",
        "if number < 1:",
    ),
    Mutant(
        "a gap is passed over in a run",
        SESSION,
        "if kind is not _TEXT or found != number or",
        "if kind is not _TEXT or found < number or",
    ),
    Mutant(
        "what is told about a game is shown in a run",
        SESSION,
        "if kind is not _TEXT or found != number or",
        "if kind not in (_TEXT, Kind.GAME) or found != number or",
    ),
    Mutant(
        "a message of a run is told again",
        SESSION,
        "        for _ in texts:\n            frames.popleft()\n",
        "",
    ),
    Mutant(
        "the messages of a run are not counted",
        SESSION,
        "        self.received += len(texts)\n",
        "",
    ),
    Mutant(
        "turns are not looked at",
        SESSION,
        "if kind is _TEXT and self.mode is not _FREE and not self._peers_turn:",
        "if False:",
    ),
    Mutant(
        "turns are not looked at in a run",
        SESSION,
        "if not frames or self.mode is not _FREE or self._trace is not silent:",
        "if not frames or self._trace is not silent:",
    ),
    Mutant(
        "a run is not traced",
        SESSION,
        "if not frames or self.mode is not _FREE or self._trace is not silent:",
        "if not frames or self.mode is not _FREE:",
    ),
    Mutant(
        "a game takes the other's turn",
        SESSION,
        "            self._games_received += 1\n",
        "",
    ),
    Mutant(
        "a game takes one's own turn",
        SESSION,
        "        self._games_sent += 1\n",
        "",
    ),
    Mutant(
        "it is always one's own turn",
        SESSION,
        "return self._lead == (0 if self._talks_first else -1)",
        "return True",
    ),
    # The session says messages, one by one and in a run.
    Mutant(
        "the window is not looked at",
        SESSION,
        "return len(self._kept) < WINDOW and self._outstanding < WINDOW_BYTES",
        "return True",
    ),
    Mutant(
        "the bytes on their way are not looked at",
        SESSION,
        "return len(self._kept) < WINDOW and self._outstanding < WINDOW_BYTES",
        "return len(self._kept) < WINDOW",
    ),
    Mutant(
        "games may fill the memory",
        SESSION,
        "if len(self._kept) >= WINDOW + GAMES_WINDOW:",
        "if False:",
    ),
    Mutant(
        "a run goes over the window",
        SESSION,
        "room = WINDOW - len(self._kept) if",
        "room = WINDOW if",
    ),
    Mutant(
        "a run goes over the bytes that may be on their way",
        SESSION,
        "if not 0 < len(body) <= TEXT_LIMIT or size >= WINDOW_BYTES:",
        "if not 0 < len(body) <= TEXT_LIMIT:",
    ),
    Mutant(
        "the bytes of a run are not added up",
        SESSION,
        "                bodies.append(body)\n                size += len(body)\n",
        "                bodies.append(body)\n",
    ),
    Mutant(
        "the bytes on their way are not added up",
        SESSION,
        "        self._outstanding += len(body)\n        if self",
        "        if self",
    ),
    Mutant(
        "what was confirmed still counts as on its way",
        SESSION,
        "            self._outstanding -= len(body)\n",
        "",
    ),
    Mutant(
        "an empty message goes in a run",
        SESSION,
        "if not 0 < len(body) <= TEXT_LIMIT or",
        "if not len(body) <= TEXT_LIMIT or",
    ),
    Mutant(
        "a message over the limit goes in a run",
        SESSION,
        "if not 0 < len(body) <= TEXT_LIMIT or",
        "if not body or",
    ),
    Mutant(
        "the limit counts characters in a run",
        SESSION,
        "if not 0 < len(body) <= TEXT_LIMIT or",
        "if not 0 < len(text) <= TEXT_LIMIT or",
    ),
    Mutant(
        "what cannot be said is passed over in a run",
        SESSION,
        "size >= WINDOW_BYTES:\n                    break\n",
        "size >= WINDOW_BYTES:\n                    continue\n",
    ),
    Mutant(
        "what is no Unicode is raised out of a run",
        SESSION,
        "        except UnicodeEncodeError:\n            pass  # left to `say`\n",
        "        except UnicodeDecodeError:\n            pass\n",
    ),
    Mutant(
        "a run is said out of turn",
        SESSION,
        "islice(texts, room if self.has_turn() else 0)",
        "islice(texts, max(0, room))",
    ),
    Mutant(
        "in turns a whole run is said",
        SESSION,
        "if self.mode is _FREE else 1\n",
        "if self.mode is _FREE else 2\n",
    ),
    Mutant(
        "a run goes out before the talk is open",
        SESSION,
        "        if self.state is _OPEN:\n            self._write_run(",
        "        if True:\n            self._write_run(",
    ),
    Mutant(
        "a run overtakes the ACK that is owed",
        SESSION,
        "        self._pay()\n        if self._trace is silent:\n",
        "        if self._trace is silent:\n",
    ),
    Mutant(
        "a single message overtakes the ACK that is owed",
        SESSION,
        "if self.owes_ack and self.mode is not _FREE:",
        "if False:",
    ),
    # ACKs.
    Mutant(
        "an ACK of the unsent is taken",
        SESSION,
        'if number > self._handed:\n            raise RemoteProtocolError(f"ACK',
        'if False:\n            raise RemoteProtocolError(f"ACK',
    ),
    Mutant(
        "an ACK covers one message only",
        SESSION,
        "for _ in range(self.acknowledged, number):",
        "for _ in range(self.acknowledged, min(number, self.acknowledged + 1)):",
    ),
    Mutant(
        "an older ACK takes the news back",
        SESSION,
        "        if number > self.acknowledged:\n            self.acknowledged = number",
        "        self.acknowledged = number",
    ),
    Mutant(
        "acknowledged before it is shown",
        SESSION,
        "        self.received = number\n",
        "        self.received = self.confirmed = number\n",
    ),
    Mutant(
        "a run is acknowledged when it is taken",
        SESSION,
        "        self.received += len(texts)\n",
        "        self.received += len(texts)\n"
        "        self.confirmed, self.owes_ack = self.received, bool(texts)\n",
    ),
    Mutant(
        "the ACK of many messages waits",
        SESSION,
        "if number - self._told >= ACK_AT:",
        "if False:",
    ),
    Mutant(
        "the ACK of a few messages does not wait",
        SESSION,
        "if number - self._told >= ACK_AT:",
        "if True:",
    ),
    Mutant(
        "after many messages no ACK waits any more",
        SESSION,
        "            self._told = self.confirmed\n            self._send",
        "            self._send",
    ),
    Mutant(
        "an ACK waits although the talk is over",
        SESSION,
        "if hurry or self.urgent or self.state is not _OPEN:",
        "if hurry or self.urgent:",
        (*CORE, *CONNECTION),
    ),
    Mutant(
        "an ACK waits for ever",
        SOCKET,
        "            if session.owes_ack and not self._ack_timer:\n"
        "                self._ack_timer = "
        "self._loop.call_later(ACK_SECONDS, self._acknowledge)\n",
        "",
        CONNECTION,
    ),
    Mutant(
        "the second ACK waits for ever",
        SOCKET,
        "        self._ack_timer = None\n        self.flush(hurry=True)",
        "        self.flush(hurry=True)",
        CONNECTION,
    ),
    Mutant(
        "an ACK has waited, and is not sent",
        SOCKET,
        "        self._ack_timer = None\n        self.flush(hurry=True)",
        "        self._ack_timer = None\n        self.flush()",
        CONNECTION,
    ),
    # The connection is lost and comes back.
    Mutant(
        "HELLO says what was sent, not what was shown",
        SESSION,
        "mode=self.mode)\n        self._send(Kind.HELLO, self.confirmed, hello.encode())",
        "mode=self.mode)\n        self._send(Kind.HELLO, self.sent, hello.encode())",
    ),
    Mutant(
        "the server's HELLO says nothing of what it has shown",
        SESSION,
        "self._send(Kind.HELLO, self.confirmed, hello.encode())\n        self._open()",
        "self._send(Kind.HELLO, 0, hello.encode())\n        self._open()",
    ),
    Mutant(
        "nothing is sent again",
        SESSION,
        "        if self._kept:\n            kinds",
        "        if False:\n            kinds",
    ),
    Mutant(
        "what is sent again is numbered anew",
        SESSION,
        "self._write_run(kinds, numbers[0], bodies)",
        "self._write_run(kinds, 1, bodies)",
    ),
    Mutant(
        "all is sent again, also what was seen",
        SESSION,
        "        self._receive_ack(_ACK, self.seen)\n",
        "",
    ),
    Mutant(
        "the goodbye is not said again",
        SESSION,
        "        if self._farewell:\n            self._say_bye(self._farewell)\n",
        "",
    ),
    Mutant(
        "counters begin anew with a connection",
        SESSION,
        "        self._stand(State.GREETING)\n        self._reader = reader",
        "        self._stand(State.GREETING)\n        self.confirmed = self.received = 0\n"
        "        self._reader = reader",
    ),
    Mutant(
        "what was not written goes out on the next connection",
        SESSION,
        "        self.output = bytearray()",
        '        self.output = getattr(self, "output", bytearray())',
    ),
    Mutant(
        "half a frame is kept for the next connection",
        SESSION,
        "        self._begin(FrameReader(_FIRST[self._greets_first]), trace)\n"
        "        self._greet()\n",
        "        self._begin(self._reader, trace)\n        self._greet()\n",
    ),
    Mutant(
        "any session comes back",
        SESSION,
        "and peer.session == self.peer.session",
        "and True",
    ),
    Mutant(
        "who has seen too much comes back",
        SESSION,
        "self.acknowledged <= stranger.seen <= self.sent",
        "self.acknowledged <= stranger.seen",
    ),
    Mutant(
        "a server that has forgotten us is believed",
        SESSION,
        "if self.seen < self.acknowledged:",
        "if False:",
    ),
    # The end, and silence.
    Mutant(
        "the end of the stream is a goodbye",
        SESSION,
        "        if not self._done:",
        "        if False:",
    ),
    Mutant(
        "what is unconfirmed at the end is no loss",
        SESSION,
        "(self.state is State.CLOSED and not self._kept)",
        "self.state is State.CLOSED",
    ),
    Mutant(
        "a BYE may skip messages",
        SESSION,
        "if number != self.received and counts:",
        "if False:",
    ),
    Mutant(
        "BYE is not answered",
        SESSION,
        "        if not self._said_bye:\n            self._farewell",
        "        if False:\n            self._farewell",
    ),
    Mutant(
        "a PING is not answered",
        SESSION,
        "self._owes_pong = number",
        "pass",
    ),
    Mutant(
        "a silent peer is not asked",
        SESSION,
        "elif self._pinged is None:",
        "elif False:",
    ),
    Mutant(
        "a dead peer is waited for",
        SESSION,
        "if silence >= 2 * PING_SECONDS:",
        "if silence >= 9 * PING_SECONDS:",
    ),
    Mutant(
        "a pause is a loss",
        SESSION,
        "if silence >= 2 * PING_SECONDS:",
        "if silence >= 0.7 * PING_SECONDS:",
    ),
    Mutant(
        "after an error the session goes on",
        SESSION,
        "self._listens = state is not State.LOST and state is not State.FAILED",
        "self._listens = True",
    ),
    Mutant(
        "what came before an error is kept",
        SESSION,
        "        self.waiting.clear()  # nothing is looked at any more\n",
        "",
    ),
    # The socket.
    Mutant(
        "the rest of a partial write is lost",
        SOCKET,
        "        self._pending = data[count:]\n",
        '        self._pending = b""\n',
        CONNECTION,
    ),
    Mutant(
        "what is owed piles up while the kernel takes nothing",
        SOCKET,
        "        if not self._pending:\n            data",
        "        if True:\n            data",
        CONNECTION,
    ),
    Mutant(
        "the socket is closed without reading to the end",
        SOCKET,
        "not self._pending:\n            self._half_close()",
        "not self._pending:\n            self.close()",
        CONNECTION,
    ),
    # The chat, and the pipe that pours into it.
    Mutant(
        "an unconfirmed message is not listed",
        CHAT,
        '            self._terminal.notice(f"Not confirmed: {text}")',
        "            pass",
        CONNECTION,
    ),
    Mutant(
        "acknowledged although the screen is closed",
        CHAT,
        "        if self._blind:\n            return\n",
        "",
        (*CONNECTION, "tests/core/test_program.py"),
    ),
    Mutant(
        "what was told about a game is acknowledged although the screen is closed",
        CHAT,
        "if self._blind or self._table is None:",
        "if self._table is None:",
        (*CONNECTION, "tests/core/test_program.py"),
    ),
    Mutant(
        "a run is acknowledged before it is shown",
        CHAT,
        "        self._terminal.message(self._speaker, texts)\n"
        "        session.shown(session.received)\n",
        "        session.shown(session.received)\n"
        "        self._terminal.message(self._speaker, texts)\n",
        CONNECTION,
    ),
    Mutant(
        "only the first of a run is acknowledged",
        CHAT,
        "session.shown(session.received)",
        "session.shown(session.confirmed + 1)",
        CONNECTION,
    ),
    Mutant(
        "only the first of a run is shown",
        CHAT,
        "self._terminal.message(self._speaker, texts)",
        "self._terminal.message(self._speaker, [text])",
        CONNECTION,
    ),
    Mutant(
        "what is poured overtakes what was typed early",
        CHAT,
        "occupied = self._drafts or self.leaving",
        "occupied = self.leaving",
        CONNECTION,
    ),
    Mutant(
        "what is poured during a game is no move",
        CHAT,
        "self.leaving or (table and table.game)",
        "self.leaving",
        CONNECTION,
    ),
    Mutant(
        "a command that is poured is sent as text",
        CHAT,
        'messages = takewhile(lambda line: line[:1] != "/", lines)',
        "messages = lines",
        CONNECTION,
    ),
    Mutant(
        "what is poured is not sent",
        CHAT,
        "        if taken:\n            connection.flush()\n",
        "        if taken:\n",
        CONNECTION,
    ),
    Mutant(
        "a pipe is read on although the window is full",
        CHAT,
        "            connection.flush()\n            self.settle()\n",
        "            connection.flush()\n",
        CONNECTION,
    ),
    Mutant(
        "what was poured comes again",
        CHAT,
        "for _ in range(taken):  # before",
        "for _ in range(taken - 1):  # before",
        CONNECTION,
    ),
    Mutant(
        "the first that could not be poured is lost",
        CHAT,
        "for _ in range(taken):  # before",
        "for _ in range(min(taken + 1, len(lines))):  # before",
        CONNECTION,
    ),
    Mutant(
        "a run is as long as what was read",
        SESSION,
        "size, waiting = 0, islice(frames, RUN)",
        "size, waiting = 0, islice(frames, 99999)",
    ),
    Mutant(
        "a run has any number of bytes",
        SESSION,
        "found != number or size >= RUN_BYTES:",
        "found != number:",
    ),
    Mutant(
        "all of a read is shown before any is acknowledged",
        SOCKET,
        "if session.waiting and self.silence > SLOW_SECONDS:",
        "if False:",
        CONNECTION,
    ),
    Mutant(
        "a slow screen is given up in the middle of a goodbye",
        SOCKET,
        "session.acknowledged > self._confirmed:",
        "False:",
        CONNECTION,
    ),
    Mutant(
        "our own slowness is the peer's silence",
        SOCKET,
        "            self._read(READ)  # a slow",
        "            pass  # a slow",
        CONNECTION,
    ),
    Mutant(
        "lines are passed on although nobody listens",
        PLAIN,
        "while self._listening and self._lines:",
        "while self._lines:",
        TERMINAL,
    ),
    Mutant(
        "only the first of a run has a name",
        PLAIN,
        'shown = f"\\n{before}".join(lines)',
        'shown = "\\n".join(lines)',
        TERMINAL,
    ),
    Mutant(
        "only the first of a run has a time",
        PLAIN,
        '            before = f"{streams.stamp()}{before}"',
        '            before, lead = _label(speaker), f"{lead}{streams.stamp()}"',
        TERMINAL,
    ),
    Mutant(
        "a run is shown as it came",
        PLAIN,
        'lines = texts if is_plain("".join(texts)) else map(visible, texts)',
        "lines = texts",
        TERMINAL,
    ),
    Mutant(
        "of a run the last message decides what is visible",
        PLAIN,
        'is_plain("".join(texts))',
        "is_plain(texts[-1])",
        TERMINAL,
    ),
    Mutant(
        "a read of whole lines forgets the piece before it",
        PLAIN,
        'if not self.held and data.endswith(b"\\n")',
        'if data.endswith(b"\\n")',
        TERMINAL,
    ),
    Mutant(
        "in a read of whole lines one may be too long",
        PLAIN,
        'data.endswith(b"\\n") and len(data) <= LINE_LIMIT:',
        'data.endswith(b"\\n"):',
        TERMINAL,
    ),
    Mutant(
        "a line that was typed forgets the piece before it",
        PLAIN,
        " and not self._buffer.held:",
        ":",
        TERMINAL,
    ),
    Mutant(
        "an ACK is begun to wait for only where nothing is written",
        SOCKET,
        "                self._write(data)\n            if session.owes_ack and not",
        "                self._write(data)\n            elif session.owes_ack and not",
        CONNECTION,
    ),
    Mutant(
        "while the screen is slow, what waits for the kernel is not tried again",
        SOCKET,
        "self.flush(hurry=True)  # the screen is slow",
        "self._pending or self.flush(hurry=True)  # the screen is slow",
        CONNECTION,
    ),
    Mutant(
        "an ACK is waited for while nothing can be written",
        SOCKET,
        "            if session.owes_ack and not self._ack_timer:\n                self",
        "        if session.owes_ack and not self._ack_timer:\n                self",
        CONNECTION,
    ),
    Mutant(
        "the last ACK of a goodbye comes too late to count",
        SOCKET,
        "session.state is State.CLOSING or session.state is State.CLOSED",
        "session.state is State.CLOSING",
        CONNECTION,
    ),
    Mutant(
        "who has read the end closes before all of it was told",
        SOCKET,
        "        if not mask and not self.session.finished:\n            return",
        "        if False:\n            return",
        CONNECTION,
    ),
    Mutant(
        "a silence is worried about while it is asked whether there is one",
        CHAT,
        "session.worried and self._connection.silence >",
        "session.worried or self._connection.silence >",
        CONNECTION,
    ),
    Mutant(
        "a PONG waits for something else to be said",
        SESSION,
        "            self._owes_pong = number\n            self.urgent = True\n",
        "            self._owes_pong = number\n",
        (*CORE, *CONNECTION),
    ),
    Mutant(
        "once it could not wait, no ACK waits any more",
        SESSION,
        "        self.urgent = False\n        if self.owes_ack:",
        "        if self.owes_ack:",
        (*CORE, *CONNECTION),
    ),
    Mutant(
        "what cannot be a frame is not told",
        SESSION,
        "            if self._reader.error:\n                self.ends = True\n",
        "",
        (*CORE, *CONNECTION),
    ),
    Mutant(
        "what could not be a frame is forgotten where a session takes over",
        SESSION,
        "self.ends = reader.error is not None",
        "self.ends = False",
        (*CORE, *CONNECTION),
    ),
    Mutant(
        "the end of the stream is not told",
        SOCKET,
        "while (session.waiting or session.ends) and",
        "while session.waiting and",
        CONNECTION,
    ),
    Mutant(
        "behind an answer with another session the old one is asked",
        SOCKET,
        "            session = self.session  # to an event",
        "            # to an event",
        CONNECTION,
    ),
    Mutant(
        "after a read no ACK is begun to wait for",
        SOCKET,
        "if unheard or session.urgent",
        "if session.urgent",
        CONNECTION,
    ),
    Mutant(
        "after a read what cannot wait does",
        SOCKET,
        "if unheard or session.urgent or session.output",
        "if unheard or session.output",
        CONNECTION,
    ),
    Mutant(
        "after a read what is to be said waits",
        SOCKET,
        "or session.urgent or session.output or",
        "or session.urgent or",
        CONNECTION,
    ),
    Mutant(
        "after a read nobody sees that the talk is over",
        SOCKET,
        " or session.output or session.state is not _OPEN:",
        " or session.output:",
        CONNECTION,
    ),
    Mutant(
        "a frame has the time of the one before",
        SOCKET,
        "if self._frame_timer and (whole or not begun):",
        "if self._frame_timer and not begun:",
        CONNECTION,
    ),
    Mutant(
        "a closed connection is written to",
        SOCKET,
        "            if not self._open:\n                return\n            self._wind",
        "            self._wind",
        CONNECTION,
    ),
    Mutant(
        "a line overtakes those that wait",
        PLAIN,
        "if end and not rest and not self._lines and",
        "if end and not rest and",
        TERMINAL,
    ),
    Mutant(
        "what cannot be sent now is refused",
        CHAT,
        "        if self._has_turn():  # so it is the text\n",
        "        if True:\n",
        CONNECTION,
    ),
    Mutant(
        "a frame has less time where our screen is slow",
        SOCKET,
        "        whole = bool(session.waiting)\n",
        "        whole = bool(session.waiting)\n"
        "        if self._frame_timer or session.unfinished:\n"
        "            self._time_frame(whole)\n"
        "            whole = False\n",
        CONNECTION,
    ),
    Mutant(
        "a connection that is closed writes on",
        SOCKET,
        "        self._awaited = 0\n        self._loop.forget",
        "        self._loop.forget",
        CONNECTION,
    ),
    Mutant(
        "a single line keeps the line end of Windows",
        PLAIN,
        'self._decode(line.removesuffix(b"\\r"), 0)',
        "self._decode(line, 0)",
        TERMINAL,
    ),
    Mutant(
        "who leaves is told that this is why a text was not sent",
        CHAT,
        "        if self._has_turn():  # so it is the text\n",
        "        if self._has_turn() and not self.leaving:\n",
        CONNECTION,
    ),
    Mutant(
        "half a frame is kept behind an error",
        SESSION,
        "        self.unfinished.clear()\n",
        "",
    ),
    Mutant(
        "what was never handed over may be confirmed",
        SESSION,
        "if number > self._handed:",
        "if number > self.sent:",
    ),
)


def survives(mutant: Mutant) -> bool:
    """Put the mistake into a copy of the tree; whether its tests pass all the same."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        for name in TREES:
            source, target = ROOT / name, Path(folder) / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=UNWANTED)
            else:
                shutil.copy(source, target)
        path = Path(folder) / mutant.file
        text = path.read_text("utf-8")
        assert text.count(mutant.right) == 1, f"not there, or not once: {mutant.right!r}"
        path.write_text(text.replace(mutant.right, mutant.wrong), "utf-8")
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        try:
            run = subprocess.run(
                [*command, *mutant.tests], cwd=folder, capture_output=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return False
    assert run.returncode in (0, 1), (
        f"{mutant.mistake}: {run.returncode}\n{run.stdout.decode()}"
    )
    return run.returncode == 0


def main(words: str = "") -> int:
    """Try all mutants whose mistake has these words in it; 0 when none has survived."""
    mutants = [mutant for mutant in MUTANTS if words in mutant.mistake]
    with ThreadPoolExecutor(TOGETHER) as pool:
        survived = list(pool.map(survives, mutants))
    table = Table("mistake", "where", "noticed")
    for mutant, alive in zip(mutants, survived, strict=True):
        table.add_row(mutant.mistake, mutant.file, "[bold red]no" if alive else "yes")
    console = Console()
    console.print(table)
    console.print(f"{survived.count(False)} of {len(mutants)} mutants noticed")
    return 1 if any(survived) else 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
