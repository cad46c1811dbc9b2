"""Edited: prompt_toolkit edits the line, on our own selector.

For a person at a real terminal. One Application lives as long as the talk; what arrives
is printed above the line being typed: the line is erased, the text written, the line
painted again, once for all that came together. The terminal's own scrollback stays.

Knows no protocol. Only `program` builds one, and imports it only then: asyncio and
prompt_toolkit take longer to load than all the rest.
"""

import asyncio
import os
import signal
import sys
import termios
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TextIO, cast

from prompt_toolkit import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import (
    CompleteEvent,
    WordCompleter,
    get_common_complete_suffix,
)
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition, is_searching
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import ConditionalContainer, HSplit, Layout, Window
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.widgets import SearchToolbar
from wcwidth import grapheme_boundary_before, iter_graphemes, wcswidth

from chatlib.loop import Loop
from chatlib.terminal import streams
from chatlib.terminal.guest import GuestLoop
from chatlib.terminal.history import LineHistory
from chatlib.terminal.streams import Screen
from chatlib.terminal.terminal import Terminal
from chatlib.terminal.visible import visible

NAME, ASIDE = "1;36", "2"
"""How a speaker's name and what is not the talk itself look (ECMA-48, SGR): bold cyan
and faint."""

COLOURS = 8
"""A terminal that has fewer gets none."""


class Edited(Terminal):
    """A screen with a line being edited at its bottom, and the keyboard for that line.

    stdout carries what is shown and the editor's own strokes, stderr the notices.
    Everything that is written passes `visible`, wherever it came from.

    `commands` are what Tab completes. `status` puts a line under the input that says
    how the talk stands; `history` keeps the lines for the next run.
    """

    interactive = True

    def __init__(
        self,
        loop: Loop,
        prompt: str,
        *,
        bell: bool = False,
        timestamps: bool = False,
        status: bool = True,
        history: bool = True,
        commands: Sequence[str] = (),
    ) -> None:
        self._loop = loop
        self._screen = Screen(loop)
        self._stamped = timestamps
        self._prompt = visible(prompt)
        self._rings = bell
        self._said: Callable[[deque[str]], None] = lambda line: None
        self._finished: Callable[[], None] = lambda: None
        self._asking = False
        self._standing = ""
        self._accepting = False  # a line is being passed on at this moment
        self._passing: list[str] = []  # those that were accepted with it and come next
        self._returned: list[str] = []  # those that were given back
        self._painted = False  # the line stands on the screen
        self._over = False  # there was an editor, and it does not come again
        self._untouched: list[Any] = []  # the terminal's settings before it came
        self._colours = _has_colours()
        self._tells_here = os.isatty(streams.STDERR)
        self._buffer = Buffer(
            multiline=False,
            accept_handler=self._accept,
            history=LineHistory() if history else InMemoryHistory(),
        )
        self._completer = WordCompleter(list(commands), sentence=True)
        self._choices = ""
        self._buffer.on_text_changed += self._forget_choices
        self._app = self._make_application(status)

    def start(
        self,
        said: Callable[[deque[str]], None],
        ended: Callable[[], None],
    ) -> None:
        """Wire the terminal: `said(line)` for each line, `ended()` after the last.

        Here each line is passed on by itself: nothing is to `pour`.
        """
        self._said = said
        self._finished = ended

    def run(self) -> None:
        """Edit lines until the loop is stopped.

        Should the editor end before (the terminal is gone), the loop goes on without.
        """
        self._loop.run(None if self._over else self._edit)

    @property
    def hung_up(self) -> bool:
        """Whether the terminal has been closed."""
        return streams.hung_up(streams.STDIN)

    def show(self, text: str) -> None:
        """Write a line of the conversation, or a banner; raises ScreenClosedError."""
        self._show(visible(text))

    def show_messages(self, speaker: str, texts: list[str]) -> None:
        """Write lines of the peer's; raises ScreenClosedError.

        The bell rings when no line is being typed: then nobody may be looking.
        """
        name = self._dye(NAME, f"{visible(speaker)}:") + " " if speaker else ""
        for text in texts:
            self._show(name + visible(text))
        if self._rings and not self._buffer.text:
            self._screen.show("\a")

    def notify(self, text: str) -> None:
        """Write a line about the chat that is not part of it: to stderr."""
        if self._tells_here:
            self._above(self._screen.tell, self._dye(ASIDE, visible(text)))
        else:
            self._screen.tell(f"{visible(text)}\n")

    def refuse(self, reason: str, text: str) -> None:
        """Say why a line could not be taken, and give it back to be changed."""
        if self._accepting:
            self._returned.append(text)
            self.notify(f"{reason}.")
        else:
            self.notify(f"{reason}: {text}")

    def refresh(self, asking: bool, mine: bool, standing: Callable[[], str]) -> None:
        """All has been done that there was: ask, if we are to, and say how it stands."""
        if asking:
            self._set_asking(True)
        self.show_status(standing)

    def show_status(self, standing: Callable[[], str]) -> None:
        """Put into the line under the input how the talk stands."""
        text = visible(standing())
        if text != self._standing:
            self._standing = text
            self._app.invalidate()

    def remove_prompt(self) -> None:
        """Ask no more. What is being typed stays, without a prompt."""
        self._set_asking(False)

    def echo(self, text: str) -> None:
        """Show a line that was typed before its time where it belongs: at the prompt."""
        self._show(self._prompt + visible(text))

    def begin_line(self) -> None:
        """Nothing to do: the key that did it has left no trace on the screen."""

    def resume(self) -> None:
        """We were stopped and go on: the shell has had the terminal in between."""
        if not self._app.is_running:
            return
        # Never left: the one that the Application has entered puts back what was before.
        self._app.input.raw_mode().__enter__()
        self._erase()
        self._app.invalidate()

    def discard_typed(self) -> None:
        """Give back the line that is being typed: whoever it was meant for has gone."""
        for line in self.take_unsent()[0]:
            self.notify(f"Never sent: {line}")

    def take_unsent(self) -> tuple[list[str], bool]:
        """Return the lines that were typed and not finished; there are never more.

        The empty ones are nobody's loss.
        """
        lines = [*filter(None, [*self._passing, *self._buffer.text.split("\n")])]
        self._passing = []
        self._buffer.reset()
        return lines, False

    def close(self) -> None:
        """Give the terminal back: nothing that was typed is left for the shell."""
        streams.forget_typed(streams.STDIN)

    # The editor.

    def _make_application(self, status: bool) -> Application[None]:
        search = SearchToolbar()
        line = Window(
            BufferControl(
                self._buffer,
                input_processors=[BeforeInput(self._lead)],
                search_buffer_control=search.control,
            ),
            wrap_lines=True,
            dont_extend_height=True,
        )
        standing = Window(FormattedTextControl(self._bottom), height=1, style="reverse")
        # In the last row of a window that has no other there is only the input.
        wanted = Condition(lambda: status and output.get_size().rows > 1)
        output = Vt100_Output.from_pty(
            cast(TextIO, _Strokes(self._screen)),
            os.environ.get("TERM"),
            None if self._colours else ColorDepth.DEPTH_1_BIT,
        )
        # Nobody asks the terminal where its cursor is: one that does not answer would
        # cost a second at every line.
        output.enable_cpr = False
        app: Application[None] = Application(
            Layout(HSplit([line, search, ConditionalContainer(standing, wanted)])),
            key_bindings=self._make_keys(),
            input=Vt100Input(sys.stdin),
            output=output,
            erase_when_done=True,
            include_default_pygments_style=False,
        )
        app.terminal_size_polling_interval = None  # SIGWINCH says so: no idle wake-ups
        app.after_render += self._note_painted
        return app

    def _make_keys(self) -> KeyBindings:
        keys = KeyBindings()
        empty = Condition(lambda: not self._buffer.text)
        # The keys mean what they mean to the kernel, for everybody in the foreground.
        keys.add("c-c", filter=~is_searching)(
            lambda event: signal.raise_signal(signal.SIGINT)
        )
        keys.add("c-z")(lambda event: os.kill(0, signal.SIGTSTP))
        keys.add("c-d", filter=empty)(lambda event: self._finished())
        # Nobody has asked for these; prompt_toolkit's own handler fails on some of them.
        keys.add(Keys.Vt100MouseEvent)(lambda event: None)
        keys.add("backspace")(_delete_before)
        keys.add("delete")(_delete_after)
        keys.add("c-d", filter=~empty)(_delete_after)
        for key in ("left", "c-b"):
            keys.add(key)(_go_left)
        for key in ("right", "c-f"):
            keys.add(key)(_go_right)
        keys.add("tab")(self._complete)
        return keys

    def _edit(self) -> None:
        """Run the Application, on an asyncio loop that is a guest on ours.

        Side effect: a stop by the terminal (SIGTSTP) is heard until our loop closes.
        """
        self._over = True
        with suppress(termios.error):
            self._untouched = termios.tcgetattr(streams.STDIN)
        if signal.getsignal(signal.SIGTSTP) != signal.SIG_IGN:
            self._loop.on_signals([signal.SIGTSTP], self._suspend, urgent=False)
        factory = partial(GuestLoop, self._loop, self._leave)
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.get_loop().set_exception_handler(self._blame)
            try:
                runner.run(self._run_application())
            except EOFError:
                self._finished()
        self._mark_pastes(False)

    async def _run_application(self) -> None:
        if self._loop.running:  # it may be over before the editor has begun
            await self._app.run_async(set_exception_handler=False, handle_sigint=False)

    def _leave(self) -> None:
        """Our loop has been stopped: let the Application end."""
        if self._app.is_running and not self._app.is_done:
            self._app.exit()

    def _blame(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """Let an error in asyncio's callbacks out of `run`, like one in ours."""
        error = context.get("exception") or RuntimeError(context.get("message"))

        def blame() -> None:
            raise cast(BaseException, error)

        self._loop.call_later(0, blame)

    def _suspend(self, number: int) -> None:
        """Give the terminal to the shell, stop, and take it back when we go on."""
        if not self._app.is_running:
            return
        self._app.renderer.erase()
        self._mark_pastes(False)
        with suppress(termios.error):
            termios.tcsetattr(streams.STDIN, termios.TCSANOW, self._untouched)
        handler = signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)  # here we stand until SIGCONT
        signal.signal(number, handler)
        self.resume()

    # What is typed.

    def _accept(self, buffer: Buffer) -> bool:
        """Pass on what was typed or pasted, a line at a time; True keeps what came back."""
        text = buffer.text.removesuffix("\n")
        buffer.reset(append_to_history=True)
        self._passing = text.split("\n")
        self._accepting = True
        try:
            while self._passing:  # until one ends the talk: the rest is taken back then
                self._pass_on(self._passing.pop(0))
        finally:
            self._accepting = False
        if self._returned:
            buffer.document = Document("\n".join(self._returned))
            self._returned = []
        return True

    def _pass_on(self, line: str) -> None:
        # What the keyboard sent and is not UTF-8 has come as lone surrogates.
        whole = line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if whole != line:
            self.notify("Your line is not all UTF-8: what is not was replaced by \ufffd.")
        if self._asking:
            self.echo(whole)
        self._asking = False
        self._said(deque((whole,)))

    def _complete(self, event: KeyPressEvent) -> None:
        """Complete at once: prompt_toolkit's own way lets the keys after it come first."""
        document = self._buffer.document
        found = list(self._completer.get_completions(document, CompleteEvent()))
        if len(found) == 1:
            self._buffer.apply_completion(found[0])
        elif found:
            self._buffer.insert_text(get_common_complete_suffix(document, found))
            self._choices = " " + "  ".join(each.text.rstrip() for each in found)

    def _forget_choices(self, buffer: Buffer) -> None:
        self._choices = ""

    # What is shown.

    def _show(self, text: str) -> None:
        before = self._dye(ASIDE, streams.stamp()) if self._stamped else ""
        self._above(self._screen.show, before + text)

    def _above(self, write: Callable[[str], None], text: str) -> None:
        """Write a line above the one being typed."""
        self._erase()
        write(f"{text}\n")
        self._app.invalidate()

    def _erase(self) -> None:
        """Take the line off the screen, if it is there; the next paint puts it back."""
        if self._painted:
            self._painted = False
            self._app.renderer.erase()
            # It ends the marking of what is pasted, until the next paint. A paste that
            # comes in between would be sent line by line.
            self._mark_pastes(True)

    def _mark_pastes(self, on: bool) -> None:
        """Have the terminal say where a paste begins and ends, or not."""
        output = self._app.output
        if on:
            output.enable_bracketed_paste()
        else:
            output.disable_bracketed_paste()
        output.flush()

    def _note_painted(self, app: Application[None]) -> None:
        self._painted = True

    def _set_asking(self, asking: bool) -> None:
        if asking != self._asking:
            self._asking = asking
            self._app.invalidate()

    def _lead(self) -> str:
        """What stands before the line being typed."""
        return self._prompt if self._asking else ""

    def _bottom(self) -> str:
        """What stands under it: how the talk stands, or what Tab would complete."""
        if self._choices:
            return self._choices
        parts = [*self._standing.split(" | "), "/help lists the commands"]
        # What does not fit is left out from the right, and no word is cut.
        width = self._app.output.get_size().columns - 1
        while len(parts) > 1 and wcswidth(" | ".join(parts)) > width:
            parts.pop()
        return f" {' | '.join(parts)}"

    def _dye(self, look: str, text: str) -> str:
        return f"\x1b[{look}m{text}\x1b[m" if self._colours and text else text


class _Strokes:
    """stdout for prompt_toolkit: a text stream that writes as all of us do."""

    encoding = "utf-8"

    def __init__(self, screen: Screen) -> None:
        self.write = screen.draw

    def flush(self) -> None:
        """Nothing is held back."""

    def fileno(self) -> int:
        """Where the size of the window is to be asked for."""
        return streams.STDOUT

    def isatty(self) -> bool:
        """Whoever chose this terminal has looked."""
        return True


def _has_colours() -> bool:
    """Whether there are colours to be had, and nobody has said no (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    try:
        import curses
    except ImportError:  # some Pythons are built without
        return True
    try:
        curses.setupterm(fd=streams.STDOUT)
    except curses.error:
        return True  # a terminal that the system does not know is a modern one
    return curses.tigetnum("colors") >= COLOURS


# Backspace, Delete and the arrows go by what a person sees as one character (Unicode
# Standard Annex 29), prompt_toolkit's own go by code points.


def _delete_before(event: KeyPressEvent) -> None:
    event.current_buffer.delete_before_cursor(_before(event.current_buffer.document))


def _delete_after(event: KeyPressEvent) -> None:
    event.current_buffer.delete(_after(event.current_buffer.document))


def _go_left(event: KeyPressEvent) -> None:
    event.current_buffer.cursor_position -= _before(event.current_buffer.document)


def _go_right(event: KeyPressEvent) -> None:
    event.current_buffer.cursor_position += _after(event.current_buffer.document)


def _before(document: Document) -> int:
    text = document.text_before_cursor
    return len(text) - grapheme_boundary_before(text, len(text)) if text else 0


def _after(document: Document) -> int:
    return len(next(iter_graphemes(document.text_after_cursor), ""))
