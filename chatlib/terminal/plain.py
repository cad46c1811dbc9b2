"""Plain: a terminal whose lines the kernel edits; the program reads them when complete.

For pipes, files, `TERM=dumb` and the assignment's classic look. The README says what
the kernel's editing costs: text that arrives may split the line being typed, and a typed
line has at most 4095 bytes. Knows no protocol; only `program` builds one.
"""

import os
from codecs import BOM_UTF8, utf_8_decode
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

from chatlib.errors import ScreenClosedError
from chatlib.loop import READ, Loop, is_ready
from chatlib.terminal import streams
from chatlib.terminal.streams import Screen
from chatlib.terminal.terminal import Terminal
from chatlib.terminal.visible import is_shown_as_is, visible

READ_SIZE = 65536
"""Bytes per read of the keyboard, pipe or file."""

KERNEL_LINE = 4095
"""Bytes that the kernel keeps of a typed line (termios(3): 4096 with the line end)."""

LINE_LIMIT = 65536
"""Bytes that are kept of one line from a pipe: twice the longest message."""


class LineBuffer:
    """Split bytes into lines without their ends, keeping at most LINE_LIMIT bytes of each.

    Only the first line of a read can be over the limit, because only that one may have
    begun in reads before. `lost` is the number of bytes that were dropped from it.
    """

    def __init__(self) -> None:
        # The beginning of a line whose end has not come yet, and the bytes over the limit.
        self.held = bytearray()
        self._over = 0
        # The same of the first line that was returned last.
        self.lost = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Add one read of at most LINE_LIMIT bytes; return the lines that it completes."""
        lines = data.split(b"\n")
        rest = lines.pop()
        self.lost = 0
        if lines and self.held:
            self._hold(lines[0])
            lines[0] = self._release()
        if rest:
            self._hold(rest)
        return lines

    def finish(self) -> list[bytes]:
        """Return what is held as the last line, if anything is."""
        self.lost = 0
        return [self._release()] if self.held else []

    def _hold(self, piece: bytes) -> None:
        room = LINE_LIMIT - len(self.held)
        self.held += piece[:room]
        self._over += len(piece[room:])

    def _release(self) -> bytes:
        line, self.lost = bytes(self.held), self._over
        self.held.clear()
        self._over = 0
        return line


class Plain(Terminal):
    """A screen to which only complete lines are written, and a keyboard, pipe or file.

    Conversation and prompt go to stdout, notices to stderr, all through `visible`. Lines
    of a person are read at any time; a pipe or file is read only while lines are
    accepted, and has no prompt.
    """

    def __init__(
        self, loop: Loop, prompt: str, *, bell: bool = False, timestamps: bool = False
    ) -> None:
        self._loop = loop
        self._screen = Screen(loop)
        # The usual prompt, and that of the question that is asked now.
        self._usual = self._prompt = visible(prompt)
        # The prompt is on the screen, and its line is not finished.
        self._prompt_open = False
        # What is written after messages, to ring the bell.
        self._bell = "\a" if bell and os.isatty(streams.STDOUT) else ""
        # The time stands before each line.
        self._timestamps = timestamps
        # What `start` sets; until then typed lines are dropped.
        self._typed: Callable[[deque[str]], None] = deque.clear
        self._input_ended: Callable[[], None] = lambda: None
        self._fd, self.interactive = _open_keyboard()  # what is read, by a person or not
        self._buffer = LineBuffer()
        # Lines that were read and not passed on yet.
        self._lines: deque[str] = deque()
        # Lines are to be passed on.
        self._accepting = False
        # No line was read yet: a file may begin with a byte order mark.
        self._at_begin = True
        # All input was read.
        self._at_end = False
        # `input_ended` was called.
        self._end_reported = False
        # Reading the keyboard failed: its terminal was closed.
        self._read_failed = False

    def start(
        self, typed: Callable[[deque[str]], None], input_ended: Callable[[], None]
    ) -> None:
        """Set the callbacks for input; nothing is read before the first `refresh`.

        Each talk is told the end of the input, which may have come in an earlier one.
        """
        self._typed = typed
        self._input_ended = input_ended
        self._end_reported = False

    def run(self) -> None:
        """Wait for input and call back until the loop is stopped."""
        self._loop.run()

    @property
    def hung_up(self) -> bool:
        """Whether the terminal that a person sat at was closed."""
        return self._read_failed or (self.interactive and streams.hung_up(self._fd))

    # Output.

    def show(self, text: str) -> None:
        """Write a line to stdout; raises ScreenClosedError."""
        self._write_lines("", [text])

    def show_messages(self, speaker: str, texts: list[str]) -> None:
        """Write messages of the peer to stdout, and ring the bell; ScreenClosedError.

        The bell rings whether a line is being typed or not: only the kernel knows that.
        """
        self._write_lines(speaker, texts)
        if self._bell:
            self._screen.write(self._bell)

    def notify(self, text: str) -> None:
        """Write a line to stderr, and the prompt again below it if it was open.

        What was typed at the prompt stays in the kernel and will be read, but it cannot be
        shown again: the kernel does not tell what it holds.
        """
        open_above = self._prompt_open and os.isatty(streams.STDERR)
        before = "\n" if open_above else ""
        self._screen.write_error(f"{before}{visible(text)}\n")
        if open_above:
            self._prompt_open = False
            self._show_prompt()

    def show_pending(self, text: str, why: str) -> None:
        """Write to stderr that a line is kept for later, and why."""
        self.notify(f"Kept for later, because {why} (/unsend takes it back): {text}")

    def refuse(self, reason: str, text: str) -> None:
        """Write a refused line with the reason to stderr, where it can be copied from."""
        self.notify(f"{reason}: {text}")

    def _write_lines(self, speaker: str, texts: list[str]) -> None:
        """Write lines with one system call, under the prompt if it was open."""
        first = "\n" if self._prompt_open else ""
        self._prompt_open = False
        prefix = _prefix(speaker)
        if self._timestamps:
            prefix = f"{streams.stamp()}{prefix}"
        # One check for all texts together, and one write, make a run of messages cheap.
        lines = texts if is_shown_as_is("".join(texts)) else map(visible, texts)
        shown = f"\n{prefix}".join(lines)
        self._screen.write(f"{first}{prefix}{shown}\n")

    # The prompt.

    def refresh(
        self, asking: bool, accepting: bool, describe: Callable[[], tuple[str, ...]]
    ) -> None:
        """Show the prompt if asked to, and read lines or leave them in the pipe.

        A person's lines are read at any time, because one of them may be `/q`. There is no
        place for the status: `describe` is not called.
        """
        if self.interactive:
            if asking:
                self._show_prompt()
            accepting = True
        if accepting is not self._accepting:
            self._set_accepting(accepting)

    def ask(self, prompt: str) -> None:
        """Set what the prompt is; one that is open is written again, on a line below."""
        self._prompt = visible(prompt) or self._usual
        # What was typed at the old one is still in the kernel, and will be read.
        if self._prompt_open:
            self.begin_line()
            self._show_prompt()

    def show_own(self, text: str) -> None:
        """Write the prompt and a line behind it, as if it were typed now."""
        if self.interactive:
            self._show_prompt()
            self._prompt_open = False
            self._screen.write(f"{visible(text)}\n")

    def return_text(self, text: str) -> None:
        """Write a line that is not sent to stderr, where it can be copied from."""
        self.notify(f"Taken back: {text}")

    def remove_prompt(self) -> None:
        """End the line of the prompt, if it is open."""
        if self._prompt_open:
            self.begin_line()

    def begin_line(self) -> None:
        """Begin a new line: the kernel has echoed `^C` at the end of this one."""
        if self.interactive:
            self._prompt_open = False
            with suppress(ScreenClosedError):
                self._screen.write("\n")

    def resume(self) -> None:
        """Write the prompt again if it is open: a shell has written below it."""
        if self._prompt_open:
            # The kernel also continues a stopped program whose terminal was closed.
            with suppress(ScreenClosedError):
                self._screen.write(f"\r{self._prompt}")

    def _show_prompt(self) -> None:
        """Write the prompt for a person, unless it is open or a line waits to be read.

        The kernel has echoed such a line already, so its prompt would stand behind it. (A
        line that comes after this look and before the prompt still puts two side by side.)
        """
        if self.interactive and not self._prompt_open and not self._has_input():
            self._screen.write(self._prompt)
            self._prompt_open = True

    def _has_input(self) -> bool:
        return self._accepting and is_ready(self._fd, READ)

    # Input.

    def discard_typed(self) -> None:
        """Discard what a person has typed and not finished."""
        if self.interactive:
            streams.discard_typed(self._fd)

    def take_unsent(self) -> tuple[list[str], bool]:
        """Return the lines of a pipe that were not passed on, and whether more follow.

        At most two reads look at what the pipe holds: its end may be far away.
        """
        more = False
        if not self.interactive and not self._at_end:
            self._queue_lines(self._read_available())
            # Only a read can tell whether there is more: `select` reports the end, too.
            more = bool(self._read_available())
        if not self._at_end:
            self._queue_lines(b"")  # what has no line end is a line too
        lines, self._lines = [*filter(None, self._lines)], deque()
        return lines, more

    def close(self) -> None:
        """Stop reading, and discard what is half typed: a shell would read it."""
        self._accepting = False
        self._watch_input()
        self.remove_prompt()
        self.discard_typed()
        # A keyboard was opened by this class, stdin was not.
        if self._fd != streams.STDIN:
            os.close(self._fd)

    def _set_accepting(self, accepting: bool) -> None:
        """Pass lines on, or leave them where they are: in the queue and in the kernel."""
        self._accepting = accepting
        self._pass_on()
        self._watch_input()

    def _watch_input(self) -> None:
        if self._accepting and not self._at_end:
            self._loop.watch(self._fd, READ, self._read_input)
        else:
            self._loop.forget(self._fd)

    def _read_input(self, mask: int) -> None:
        """Read once: a second read of a pipe might block."""
        try:
            data = os.read(self._fd, READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""  # EIO: the terminal was closed
            self._read_failed = self.interactive
        if data and self.interactive:
            # The kernel has echoed the Enter behind the prompt.
            self._prompt_open = self._prompt_open and not data.endswith(b"\n")
        self._queue_lines(data)
        self._pass_on()

    def _read_available(self) -> bytes:
        """Return what one read finds without waiting; b"" for nothing, or the end."""
        try:
            return os.read(self._fd, READ_SIZE) if is_ready(self._fd, READ) else b""
        except OSError:  # stdin may be a connection that was reset
            return b""

    def _queue_lines(self, data: bytes) -> None:
        """Queue the lines that these bytes complete; b"" is the end of the input."""
        self._at_end = not data
        lines = self._buffer.feed(data) if data else self._buffer.finish()
        lost = self._buffer.lost
        if self._at_begin and lines:
            self._at_begin = False
            if not self.interactive:
                lines[0] = lines[0].removeprefix(BOM_UTF8)
        for line in lines:
            self._lines.append(self._decode(line.removesuffix(b"\r"), lost))
            lost = 0

    def _pass_on(self) -> None:
        """Call back for queued lines, then for the end, as long as lines are accepted.

        Every call may change whether they are.
        """
        while self._accepting and self._lines:
            self._typed(self._lines)
        if self._at_end:
            self._loop.forget(self._fd)  # at its end a pipe is readable for ever
            if self._accepting and not self._end_reported:
                self._end_reported = True
                self._input_ended()

    # From bytes to text.

    def _decode(self, line: bytes, lost: int) -> str:
        """Return a line as text, with a notice when some of it was lost."""
        if lost or len(line) == KERNEL_LINE:
            return self._decode_damaged(line, lost)
        try:
            return line.decode()
        except UnicodeDecodeError:
            return self._decode_damaged(line, lost)

    def _decode_damaged(self, line: bytes, lost: int) -> str:
        """Return a line that may have been cut or is not UTF-8; write notices of that."""
        full = self.interactive and len(line) == KERNEL_LINE
        if lost:
            self.notify(f"Your line was too long: its last {lost} bytes were dropped.")
        if full:
            self.notify(
                f"Your line is {KERNEL_LINE} bytes long, the most that a terminal takes: "
                "if you typed more, the kernel has cut it off."
            )
        try:
            # A line that was cut may end inside a character: then that is left out.
            return utf_8_decode(line, "strict", not (lost or full))[0]
        except UnicodeDecodeError:
            self.notify("Your line is not all UTF-8: what is not was replaced by \ufffd.")
            return line.decode("utf-8", "replace")


@lru_cache(maxsize=2)
def _prefix(speaker: str) -> str:
    """Return what stands before a message; cached, because speakers rarely change."""
    return f"{visible(speaker)}: " if speaker else ""


def _open_keyboard() -> tuple[int, bool]:
    """Return the descriptor to read from, and whether a person sits there.

    A terminal is opened again, nonblocking: Ctrl-C may discard a line after the selector
    has reported it. Descriptor 0 itself must stay blocking, because O_NONBLOCK belongs to
    the open file, which the shell and usually stdout share.
    """
    if not os.isatty(streams.STDIN):
        return streams.STDIN, False
    try:
        name = os.ttyname(streams.STDIN)
        # O_NOCTTY: a program without a controlling terminal must not get this one as such,
        # because closing it would then end the program (SIGHUP).
        return os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC), True
    except OSError:
        return streams.STDIN, True  # a terminal without a name here, as in some containers
