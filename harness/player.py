"""One program of a conversation: its screen in lines, its stderr, its keyboard.

What its terminal does is the base class's. What is added here:

* a line is a whole line, and the echo of what was typed begins with the prompt. A search
  for a pattern anywhere would find the echo of our own typing;
* stderr goes to a named pipe: stdout is then exactly what the program meant it to be.

A player is read by its stage, together with all others, and keeps what came.
"""

import codecs
import os
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from harness.child import COLUMNS, ENTER, ROWS, Child
from harness.view import View

PRIVATELY = re.compile(
    r", privately| The talk was private\.|(?<=[^ ]) privately| private(?= )| \| private\b"
)
"""What the programs add to their sentences in a private talk."""

OWN, OTHER, NOTICE = "> ", "  ", "- "
"""How a row begins on an edited terminal that the person has typed, and any other."""


class Stream:
    """What came from one descriptor: text, in lines, and how far it has been seen."""

    def __init__(self) -> None:
        self.lines: list[str] = []  # the whole lines so far
        self.unfinished = ""  # what stands after the last line end: a prompt, or nothing
        self.ended = False  # nothing more will come
        self.seen = 0  # lines that the script has been past
        self.private = False  # the talk is private, of which a script may say nothing
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._half = ""  # a CR, which may be the first half of a line end

    def feed(self, data: bytes) -> list[str]:
        """Add what was read; return the lines that it completes."""
        text = self._half + self._decode(data)
        self._half = "\r" if text.endswith("\r") else ""
        text = self.unfinished + text.removesuffix("\r").replace("\r\n", "\n")
        *lines, self.unfinished = text.split("\n")
        self.lines += lines
        return lines

    @property
    def text(self) -> str:
        """All that came, as text."""
        return "\n".join([*self.lines, self.unfinished])

    @property
    def unseen(self) -> list[str]:
        """The whole lines that the script has not been past."""
        return self.lines[self.seen :]

    def sees(self, pattern: re.Pattern[str]) -> bool:
        """Look for a whole line after the last one seen; go past it if it is there."""
        for index, line in enumerate(self.unseen):
            if any(map(pattern.fullmatch, self._readings(line))):
                self.seen += index + 1
                return True
        return False

    def _readings(self, line: str) -> list[str]:
        """Return the texts that a script may mean by a line, in clear or in private."""
        readings = self.readings(line)
        if self.private:
            readings += [PRIVATELY.sub("", each) for each in readings]
        return readings

    def readings(self, line: str) -> list[str]:
        """Return the texts that a script may mean by a line: here the line itself."""
        return [line]

    def asks(self, prompt: str) -> bool:
        """Whether the prompt is the last that came, and waits."""
        # What a carriage return has been written over is not on the screen any more; and
        # a prompt may have been answered by a line that was echoed before it.
        line = self.unfinished.rpartition("\r")[2]
        return bool(line) and not line.replace(prompt, "")


class Painted(Stream):
    """The lines above the cursor of a program that paints its screen.

    While the program paints, which it does with a hidden cursor, the lines are those of
    before. A program may paint over lines that it has shown, as over a board.
    """

    def __init__(self, view: View, prompt: str = ">") -> None:
        super().__init__()
        self._view = view  # its owner feeds it
        self._prompt = prompt

    def feed(self, data: bytes) -> list[str]:
        """Look at the view, which has been fed; return the lines that are new in it."""
        count = len(self.lines)
        if self._view.at_rest:
            before, self.lines = self.lines[: self.seen], self._view.lines
            # What was painted over since the script has been past it is new.
            while before != self.lines[: len(before)]:
                before.pop()
            self.seen = len(before)
            self.unfinished = self._view.row
        return self.lines[count:]

    def readings(self, line: str) -> list[str]:
        """Return a line as it stands, and what a plain terminal shows of it.

        That has no edge, and where turns alternate no name before a message. What the
        person has typed stands behind the prompt there, and so is no line that came.
        """
        edge, text = line[:2], line[2:]
        said = text.partition(": ")[2] or text
        if edge == OWN:
            return [line, self._prompt + text, self._prompt + said]
        if edge == NOTICE:
            return [line, text]
        return [line, text, said] if edge == OTHER else [line]

    def asks(self, prompt: str) -> bool:
        """Whether the cursor stands behind the prompt, and nothing else does."""
        view = self._view
        return view.at_rest and prompt.rstrip() == view.row and prompt == view.before_cursor


class Player(Child):
    """A program, started at once: its keyboard, its screen and how it ended.

    `stdin` None is the terminal's keyboard, else the file of that name. `folder` is where
    its files go; the program's name keeps players apart there. `painted` says that the
    program edits its line itself, and so paints its screen. `merged` leaves stderr on the
    terminal, where a person has it.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        prompt: str = ">",
        stdin: Path | None = None,
        *,
        painted: bool = False,
        merged: bool = False,
        size: tuple[int, int] = (ROWS, COLUMNS),
        private: bool = False,
    ) -> None:
        self.name = name
        self.prompt = prompt
        self.merged = merged
        pipe = None if merged else _make_pipe(folder / f"{name}.stderr")
        # Opened before the program opens the other end, so that neither waits.
        self.errors_fd = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK) if pipe else -1
        prepare = partial(_redirect, pipe, stdin)
        super().__init__(command, folder, environment, size, prepare=prepare)
        self.screen = Painted(self.view, prompt) if painted else Stream()
        # Merged, what is looked for on stderr is looked for on the screen.
        self.errors = self.screen if merged else Stream()
        self.screen.private = self.errors.private = private

    @property
    def asks(self) -> bool:
        """Whether the prompt stands on the screen and waits."""
        return self.screen.asks(self.prompt)

    @property
    def is_painted(self) -> bool:
        """Whether the program paints its screen."""
        return isinstance(self.screen, Painted)

    def read_screen(self) -> list[str]:
        """Read what is there from the terminal; return the lines that it completes."""
        data = self.read()
        self.screen.ended = self.drained
        return self.screen.feed(data)

    def read_errors(self) -> list[str]:
        """Read what is there from stderr; return the lines that it completes."""
        try:
            data = os.read(self.errors_fd, 65536)
        except BlockingIOError:
            return []
        self.errors.ended = not data
        return self.errors.feed(data)

    def pastes(self, text: str) -> None:
        """Paste, as a terminal does it: marked where the program has asked for that."""
        # A terminal sends a line end as the key that makes one.
        keys = text.replace("\n", ENTER)
        marked = self.view.pastes_in_brackets
        self.presses(f"\x1b[200~{keys}\x1b[201~" if marked else keys)

    def hangs_up(self) -> None:
        """Close the terminal, as closing its window would; nothing can be read after."""
        super().hangs_up()
        self.screen.ended = True

    @property
    def ended(self) -> bool:
        """Whether the program has gone and all that it wrote has been read."""
        return self.screen.ended and self.errors.ended

    def ending(self) -> str:
        """Wait for the end; return `0`, `1`, ... or `signal 9`."""
        code = self.outcome()
        return f"signal {-code}" if code < 0 else str(code)

    def close(self) -> None:
        """End the program if it still runs, and close its terminal and its pipe."""
        super().close()
        if not self.merged:
            os.close(self.errors_fd)


def _make_pipe(path: Path) -> Path:
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    return path


def _redirect(stderr: Path | None, stdin: Path | None) -> None:
    """Do in the child what a shell does for `2>stderr <stdin`.

    By name, because pexpect has closed all other descriptors by then. The child opens
    them before `spawn` returns: from then on a pipe has its reader.
    """
    if stderr:
        os.dup2(os.open(stderr, os.O_WRONLY), 2)
    if stdin:
        os.dup2(os.open(stdin, os.O_RDONLY), 0)
