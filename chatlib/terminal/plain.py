"""Plain: the kernel edits the line, the program reads it when it is whole.

For pipes, files, `TERM=dumb` and the assignment's classic look. What the kernel's
line editing costs is said in the README: text that arrives may split the line being
typed, and a typed line cannot be longer than 4095 bytes.

Knows no protocol. Only the two programs' common set-up (`program`) builds one.
"""

import os
import select
from codecs import utf_8_decode
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from itertools import repeat

from chatlib.errors import ScreenClosedError
from chatlib.loop import READ, Loop
from chatlib.terminal import streams
from chatlib.terminal.streams import Screen
from chatlib.terminal.terminal import Terminal
from chatlib.terminal.visible import is_plain, visible

READ_SIZE = 65536
"""Bytes per read of the keyboard, pipe or file."""

KERNEL_LINE = 4095
"""Bytes that the kernel keeps of a typed line (termios(3): 4096 with the line end)."""

LINE_LIMIT = 65536
"""Bytes that are kept of one line from a pipe: twice the longest message."""


class LineBuffer:
    """Split bytes into lines, holding at most LINE_LIMIT bytes of an unfinished one.

    A pure helper: `feed` bytes, get `(line, lost)` pairs, where `lost` counts the
    bytes that were over the limit. `held` is what has no line end yet.
    """

    def __init__(self) -> None:
        self.held = bytearray()
        self._lost = 0

    def feed(self, data: bytes) -> list[tuple[bytes, int]]:
        """Take the next bytes; return the lines that they complete."""
        if not self.held and data.endswith(b"\n") and len(data) <= LINE_LIMIT:
            return list(zip(data[:-1].split(b"\n"), repeat(0)))  # all of them are whole
        piece, *others = data.split(b"\n")
        self._keep(piece)
        if not others:
            return []
        *whole, rest = others
        lines = [self._finish(), *[_cut(each) for each in whole]]
        self._keep(rest)
        return lines

    def finish(self) -> list[tuple[bytes, int]]:
        """The input has ended: what has no line end is a line too."""
        return [self._finish()] if self.held else []

    def _keep(self, piece: bytes) -> None:
        room = LINE_LIMIT - len(self.held)
        self.held += piece[:room]
        self._lost += len(piece[room:])

    def _finish(self) -> tuple[bytes, int]:
        line, lost = bytes(self.held), self._lost
        self.held.clear()
        self._lost = 0
        return line, lost


def _cut(line: bytes) -> tuple[bytes, int]:
    """Cut a line at the limit; say how many bytes that cost."""
    return line[:LINE_LIMIT], max(0, len(line) - LINE_LIMIT)


class Plain(Terminal):
    """A screen that only ever gets whole lines, and a keyboard that gives them.

    stdout carries what is shown and the prompt, stderr the notices. Everything that
    is written passes `visible`, wherever it came from.

    `interactive` says whether a person sits at stdin: then there is a prompt, and
    lines are read at any time; a pipe or file is read only while `listen` is on.
    """

    def __init__(
        self, loop: Loop, prompt: str, *, bell: bool = False, timestamps: bool = False
    ) -> None:
        self._loop = loop
        self._screen = Screen(loop)
        self._stamped = timestamps
        self._bell = "\a" if bell and os.isatty(streams.STDOUT) else ""
        self._prompt = visible(prompt)
        self._said: Callable[[deque[str]], None] = lambda line: None
        self._finished: Callable[[], None] = lambda: None
        self._fd, self.interactive = _open_keyboard()
        self._buffer = LineBuffer()
        self._lines: deque[str] = deque()
        self._listening = False
        self._ended = False  # no more input will come
        self._told = False  # and that has been said
        self._gone = False
        self._asking = False  # the prompt is on the screen, its line is not finished

    def start(
        self,
        said: Callable[[deque[str]], None],
        ended: Callable[[], None],
    ) -> None:
        """Wire the terminal: `said(line)` for each line, `ended()` after the last.

        `pour(lines)` is asked first: it takes off as many as it can at once, and says how
        many those were.
        """
        self._said = said
        self._finished = ended

    def listen(self, on: bool) -> None:
        """Let lines through, or keep them where they are: in the pipe, in the kernel."""
        if on == self._listening:
            return
        self._listening = on
        if on:
            self._deliver()
        self._watch()

    @property
    def hung_up(self) -> bool:
        """Whether the terminal that a person sat at has been closed."""
        self._gone = self._gone or (self.interactive and streams.hung_up(self._fd))
        return self._gone

    def show(self, text: str) -> None:
        """Write a line of the conversation, or a banner; raises ScreenClosedError."""
        self.show_messages("", [text], bell=False)

    def show_messages(self, speaker: str, texts: list[str], bell: bool = True) -> None:
        """Write lines of the peer's, in one go; raises ScreenClosedError.

        They come under the prompt, if one was waiting. The bell rings for them: whether a
        line is being typed only the kernel knows.
        """
        lead = "\n" if self._asking else ""
        self._asking = False
        before = _label(speaker)
        if self._stamped:
            before = f"{streams.stamp()}{before}"
        lines = texts if is_plain("".join(texts)) else map(visible, texts)
        shown = f"\n{before}".join(lines)
        self._screen.show(f"{lead}{before}{shown}\n")
        if bell and self._bell:
            self._screen.show(self._bell)

    def refuse(self, reason: str, text: str) -> None:
        """Say why a line could not be taken, and give it back to be read at least."""
        self.notify(f"{reason}: {text}")

    def refresh(self, asking: bool, mine: bool, standing: Callable[[], str]) -> None:
        """All has been done that there was: put up the prompt, if we are to ask.

        Lines of a person are read at any time, for `/q`; of a pipe when the turn is
        `mine`. There is no place here for how the talk stands: nobody asks for it.
        """
        if self.interactive:
            if asking:
                self.ask()
            mine = True
        if mine is not self._listening:
            self.listen(mine)

    def show_status(self, standing: Callable[[], str]) -> None:
        """Nothing to do: see `settle`."""

    def run(self) -> None:
        """Wait and call until the loop is stopped."""
        self._loop.run()

    def notify(self, text: str) -> None:
        """Write a line about the chat that is not part of it: to stderr.

        It goes on a line of its own and the prompt, if one was waiting, comes again
        under it: the kernel still holds what was typed there, but nobody can ask it
        for that text, so it cannot be shown again.
        """
        asking = self._asking and os.isatty(streams.STDERR)
        self._screen.tell(f"\n{visible(text)}\n" if asking else f"{visible(text)}\n")
        if asking:
            self._asking = False
            self.ask()

    def ask(self) -> None:
        """Put up the prompt, where there is a person to see it.

        Not when a line is waiting to be read: the kernel has shown it already, and the
        prompt that it answers would stand behind it. (A line that comes between this
        look and the prompt is too quick for us: then two prompts stand side by side.)
        """
        if self.interactive and not self._asking and not self._line_waits():
            self._screen.show(self._prompt)
            self._asking = True

    def remove_prompt(self) -> None:
        """Ask no more: what follows begins on a line of its own."""
        if self._asking:
            self._break_line()

    def echo(self, text: str) -> None:
        """Show a line that was typed before its time where it belongs: at the prompt."""
        if self.interactive:
            self.ask()
            self._asking = False
            self._screen.show(f"{visible(text)}\n")

    def begin_line(self) -> None:
        """The kernel has just echoed `^C` into the line: what follows begins a new one."""
        if self.interactive:
            self._break_line()

    def resume(self) -> None:
        """We were stopped and go on: the shell has written in between, so ask again."""
        if self._asking:
            # A hang-up continues who was stopped, too; then nobody sees this.
            with suppress(ScreenClosedError):
                self._screen.show(f"\r{self._prompt}")

    def discard_typed(self) -> None:
        """Drop the line that is being typed: whoever it was meant for has gone."""
        if self.interactive:
            streams.forget_typed(self._fd)

    def take_unsent(self) -> tuple[list[str], bool]:
        """Return the lines of a pipe or file that were never wanted, and if more follow.

        The empty ones are nobody's loss. What waits in the kernel is looked at, but not
        read to its end, which may be far.
        """
        more = False
        if not self.interactive and not self._ended:
            self._take(self._read_waiting())
            more = bool(self._read_waiting())
        if not self._ended:
            self._take(b"")  # what has no line end is a line too
        lines, self._lines = [*filter(None, self._lines)], deque()
        return lines, more

    def _read_waiting(self) -> bytes:
        """Read once what is there already; b"" for nothing, or the end."""
        try:
            ready = select.select([self._fd], [], [], 0)[0]
            return os.read(self._fd, READ_SIZE) if ready else b""
        except OSError:
            return b""

    def close(self) -> None:
        """Give the terminal back: nothing half-typed is left for the shell."""
        if self._listening:
            self.listen(False)
        self.remove_prompt()
        self.discard_typed()
        if self._fd != streams.STDIN:
            os.close(self._fd)

    def _break_line(self) -> None:
        self._asking = False
        with suppress(ScreenClosedError):
            self._screen.show("\n")

    def _line_waits(self) -> bool:
        return self._listening and bool(select.select([self._fd], [], [], 0)[0])

    def _watch(self) -> None:
        if self._listening and not self._ended:
            self._loop.watch(self._fd, READ, self._readable)
        else:
            self._loop.forget(self._fd)

    def _readable(self, mask: int) -> None:
        """Read once: a second read might find nothing and, on a pipe, stand still."""
        try:
            data = os.read(self._fd, READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""  # EIO: the terminal is being closed
            self._gone = self.interactive
        if data and self.interactive:
            self._asking = self._asking and not data.endswith(b"\n")
        line, end, rest = data.partition(b"\n")
        if end and not rest and not self._lines and not self._buffer.held:
            # One line, as nearly always where somebody types: it need not queue, and is
            # not over the limit, for one read is not.
            self._said(deque((self._decode(line.removesuffix(b"\r"), 0),)))
        else:
            self._take(data)
            self._deliver()

    def _take(self, data: bytes) -> None:
        """Queue the lines that this completes, as text; no data is the end of the input."""
        self._ended = not data
        lines = self._buffer.feed(data) if data else self._buffer.finish()
        for line, lost in lines:
            self._lines.append(self._decode(line.removesuffix(b"\r"), lost))

    def _decode(self, line: bytes, lost: int) -> str:
        """Turn a line into text."""
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return self._mend(line, lost)
        return self._mend(line, lost) if lost or len(line) == KERNEL_LINE else text

    def _mend(self, line: bytes, lost: int) -> str:
        """Turn a line into text of which something may have been lost; say what was."""
        full = self.interactive and len(line) == KERNEL_LINE
        if lost:
            self.notify(f"Your line was too long: its last {lost} bytes were dropped.")
        if full:
            self.notify(
                f"Your line is {KERNEL_LINE} bytes long, the most that a terminal takes: "
                "if you typed more, the kernel has cut it off."
            )
        try:
            # Of a line that was cut, the last character may be cut too: it is left out.
            return utf_8_decode(line, "strict", not (lost or full))[0]
        except UnicodeDecodeError:
            self.notify("Your line is not all UTF-8: what is not was replaced by \ufffd.")
            return line.decode("utf-8", "replace")

    def _deliver(self) -> None:
        """Pass lines on for as long as they are wanted: each may change that."""
        while self._listening and self._lines:
            self._said(self._lines)
        if self._ended:
            self._end()

    def _end(self) -> None:
        """No more input will come: tell that, once, when all of it has been taken."""
        if self._listening and not self._told:
            self._told = True
            self._finished()
        self._watch()


@lru_cache(maxsize=2)
def _label(speaker: str) -> str:
    """What stands before a line: it is the same for every one of the peer's."""
    return f"{visible(speaker)}: " if speaker else ""


def _open_keyboard() -> tuple[int, bool]:
    """Find the descriptor to read from, and whether a person sits there.

    For a terminal it is a description of our own: O_NONBLOCK belongs to the
    description, and the one behind fd 0 is shared with the shell that started us and
    usually with stdout, which would then fail with EAGAIN too. Nonblocking it must be:
    a Ctrl-C may empty the line between readiness and read.
    """
    if not os.isatty(streams.STDIN):
        return streams.STDIN, False
    try:
        name = os.ttyname(streams.STDIN)
        return os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC), True
    except OSError:
        return streams.STDIN, True  # a terminal without a name here, as in some containers
