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
    "tests/test_frames.py",
    "tests/test_reader.py",
    "tests/test_session.py",
    "tests/simulation/test_liars.py",
    "tests/simulation/test_time.py",
    "tests/simulation/test_cuts.py",
)

CONNECTION = ("tests/test_connection.py", "tests/test_chat.py", "tests/test_listener.py")

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


SESSION = "chatlib/protocol/session.py"
READER = "chatlib/protocol/reader.py"
FRAMES = "chatlib/protocol/frames.py"
SOCKET = "chatlib/connection.py"
CHAT = "chatlib/chat.py"

MUTANTS = (
    Mutant(
        "a header is read before it is whole",
        READER,
        "while end - start >= HEADER.size:",
        "while end - start >= HEADER.size - 1:",
    ),
    Mutant(
        "a body counts as whole a byte too early",
        READER,
        "if body + length > end:",
        "if body + length > end + 1:",
    ),
    Mutant(
        "what is left after a frame is forgotten",
        READER,
        "        self._needed = HEADER.size\n        return buffer[start:]",
        '        self._needed = HEADER.size\n        return b""',
    ),
    Mutant(
        "after an error the reader goes on",
        READER,
        "        if self._error:\n            return\n",
        "",
    ),
    Mutant(
        "any kind may come first",
        READER,
        "self._lengths: Mapping[int, range] = {kind: LENGTHS[kind] for kind in first}",
        "self._lengths: Mapping[int, range] = LENGTHS",
    ),
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
        "invalid UTF-8 is repaired",
        FRAMES,
        "        return body.decode()\n    except UnicodeDecodeError as error:",
        '        return body.decode("utf-8", "replace")\n    except ValueError as error:',
    ),
    Mutant(
        "a replay is shown again",
        SESSION,
        "if 0 < frame.number <= self.received:",
        "if False:",
    ),
    Mutant(
        "a replay is not acknowledged",
        SESSION,
        "self._owes_ack = True  # a replay: shown once, told again",
        "pass",
    ),
    Mutant(
        "a gap is passed over",
        SESSION,
        "if frame.number != self.received + 1:",
        "if frame.number < self.received + 1:",
    ),
    Mutant(
        "turns are not looked at",
        SESSION,
        "if frame.kind is Kind.TEXT and not self._peers_turn:",
        "if False:",
    ),
    Mutant(
        "a game takes the talking turn",
        SESSION,
        "        self.texts_received += 1\n        return Said",
        "        return Said",
    ),
    Mutant(
        "it is always one's own turn",
        SESSION,
        "return self.texts_received - self.texts_sent == (0 if self._talks_first else 1)",
        "return True",
    ),
    Mutant(
        "an ACK of the unsent is taken",
        SESSION,
        'if frame.number > self.sent:\n            raise RemoteProtocolError(f"ACK',
        'if False:\n            raise RemoteProtocolError(f"ACK',
    ),
    Mutant(
        "an ACK covers one message only",
        SESSION,
        "while self._kept and (first := next(iter(self._kept))) <= number:",
        "if self._kept and (first := next(iter(self._kept))) <= number:",
    ),
    Mutant(
        "acknowledged before it is shown",
        SESSION,
        "        self.received = frame.number\n",
        "        self.received = self.confirmed = frame.number\n",
    ),
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
        "        for frame in self._kept.values():\n            self._write(frame)\n",
        "",
    ),
    Mutant(
        "all is sent again, also what was seen",
        SESSION,
        "        self._forget(self.seen)\n        self._enter(State.OPEN)",
        "        self._enter(State.OPEN)",
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
        "        self.state = State.GREETING\n        self._reader = reader",
        "        self.state = State.GREETING\n        self.confirmed = self.received = 0\n"
        "        self._reader = reader",
    ),
    Mutant(
        "what was not written goes out on the next connection",
        SESSION,
        "        self._output = bytearray()\n",
        '        self._output = getattr(self, "_output", bytearray())\n',
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
    Mutant(
        "the end of the stream is a goodbye",
        SESSION,
        "        if self._ended and not self._done:",
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
        "if frame.number != self.received and counts:",
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
        "self._owes_pong = frame.number",
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
        "return self.state not in (State.LOST, State.FAILED)",
        "return True",
    ),
    Mutant(
        "the window is not looked at",
        SESSION,
        "return len(self._kept) < WINDOW and self._outstanding < WINDOW_BYTES",
        "return True",
    ),
    Mutant(
        "the rest of a partial write is lost",
        SOCKET,
        "        del self._pending[:count]\n",
        "        self._pending.clear()\n",
        CONNECTION,
    ),
    Mutant(
        "the socket is closed without reading to the end",
        SOCKET,
        "not self._pending:\n            self._half_close()",
        "not self._pending:\n            self.close()",
        CONNECTION,
    ),
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
        (*CONNECTION, "tests/test_program.py"),
    ),
)


def survives(mutant: Mutant) -> bool:
    """Put the mistake into a copy of the tree; whether its tests pass all the same."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        for name in TREES:
            source, target = ROOT / name, Path(folder) / name
            if source.is_dir():
                shutil.copytree(
                    source, target, ignore=shutil.ignore_patterns("__pycache__")
                )
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
    assert run.returncode in (0, 1), run.stdout.decode()
    return run.returncode == 0


def main() -> int:
    """Try all mutants; 0 when none has survived."""
    with ThreadPoolExecutor(TOGETHER) as pool:
        survived = list(pool.map(survives, MUTANTS))
    table = Table("mistake", "where", "noticed")
    for mutant, alive in zip(MUTANTS, survived, strict=True):
        table.add_row(mutant.mistake, mutant.file, "[bold red]no" if alive else "yes")
    console = Console()
    console.print(table)
    console.print(f"{survived.count(False)} of {len(MUTANTS)} mutants noticed")
    return 1 if any(survived) else 0


if __name__ == "__main__":
    sys.exit(main())
