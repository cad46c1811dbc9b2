"""Edited: a terminal whose lines prompt_toolkit edits, at the bottom of the screen.

For a person at a real terminal. Text that arrives is printed above the line being typed:
the line is erased, the text written, and the line painted again, once for all text of one
turn of the loop. The terminal's own scrollback stays.

Knows no protocol. Only `program` builds one, and imports it only then: asyncio and
prompt_toolkit take longer to load than all the rest.
"""

import asyncio
import os
import signal
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
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.layout import ConditionalContainer, HSplit, Layout, Window
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.widgets import SearchToolbar
from wcwidth import grapheme_boundary_before, iter_graphemes, wcswidth

from chatlib.loop import Loop
from chatlib.terminal import streams
from chatlib.terminal.board import LastBoard
from chatlib.terminal.guest import GuestLoop
from chatlib.terminal.history import LineHistory
from chatlib.terminal.keyboard import ALT_COMMANDS, Keyboard
from chatlib.terminal.streams import Screen
from chatlib.terminal.terminal import Terminal
from chatlib.terminal.visible import visible

NAME, NOTICE = "1;36", "2"
"""The looks of a speaker's name and of notices and times: bold cyan and faint (SGR)."""

COLOURS = 8
"""The least number of colours of a terminal on which colours are used."""


class Edited(Terminal):
    """A screen with a line being edited at its bottom, and the keyboard for that line.

    The conversation and the line go to stdout, notices to stderr, all through `visible`.
    `commands` are the words that Tab completes; `status` shows a status line under the
    input; `history` keeps the typed lines for the next run.
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
        self._screen = Screen(loop)
        self._prompt = visible(prompt)
        # The prompt stands before the line, or the question that takes its place.
        self._asking = False
        self._question = ""
        # What the person wants of every message: a sound, and the time before it.
        self._bell, self._timestamps = bell, timestamps
        self._coloured = _has_colours()
        # Notices go to this terminal, and not elsewhere (`2> file`).
        self._notices_here = os.isatty(streams.STDERR)
        # What `start` sets; until then typed lines are dropped.
        self._typed: Callable[[deque[str]], None] = deque.clear
        self._input_ended: Callable[[], None] = lambda: None
        # The lines of one Enter are being passed on; those that are still to come, and
        # those that were refused and go back into the editor.
        self._submitting = False
        self._submitted: deque[str] = deque()
        self._refused: list[str] = []
        past = LineHistory() if history else InMemoryHistory()
        self._buffer = Buffer(multiline=False, accept_handler=self._submit, history=past)
        output = _open_output(self._screen, self._coloured)
        self._status = StatusLine(output, self._buffer, commands)
        status_fits = Condition(lambda: status and output.get_size().rows > 1)
        keys = self._status.complete, self._put_off, self._end_input
        self._editor = Editor(
            loop,
            output,
            _make_layout(self._buffer, self._get_prompt, self._status.text, status_fits),
            _bind_keys(self._buffer, *keys),
            self._end_input,
        )

    def start(
        self, typed: Callable[[deque[str]], None], input_ended: Callable[[], None]
    ) -> None:
        """Set the callbacks for input; `typed` gets one line at a time."""
        self._typed = typed
        self._input_ended = input_ended

    def run(self) -> None:
        """Edit lines and call back until the loop is stopped."""
        self._editor.run()

    @property
    def hung_up(self) -> bool:
        """Whether the terminal was closed."""
        return streams.hung_up(streams.STDIN)

    # Output.

    def show(self, text: str) -> None:
        """Write a line to stdout; raises ScreenClosedError."""
        self._write_line(visible(text))

    def show_messages(self, speaker: str, texts: list[str]) -> None:
        """Write messages of the peer to stdout; raises ScreenClosedError.

        The bell rings when no line is being typed: the person may be looking elsewhere.
        """
        name = self._colour(NAME, f"{visible(speaker)}:") + " " if speaker else ""
        for text in texts:
            self._write_line(name + visible(text))
        if self._bell and not self._buffer.text:
            self._screen.write("\a")

    def show_board(self, lines: list[str], number: int) -> None:
        """Write a board to stdout, in place of the last one of the same game if possible.

        Lines that were written below that one are then above the new one. Boards have no
        time before them. Raises ScreenClosedError.
        """
        text = "\n".join(map(visible, lines))
        self._editor.print_board(self._screen.write, text, number)

    def notify(self, text: str) -> None:
        """Write a line to stderr, above the line being typed if that is on the terminal."""
        if self._notices_here:
            faint = self._colour(NOTICE, visible(text))
            self._editor.print_above(self._screen.write_error, faint)
        else:
            self._screen.write_error(f"{visible(text)}\n")

    def refuse(self, reason: str, text: str) -> None:
        """Write why a line was refused; put it back into the editor if it came from there.

        A line that was typed before its time is not put back: the next one may be half
        typed. It is written after the reason.
        """
        if self._submitting:
            self._refused.append(text)
            self.notify(f"{reason}.")
        else:
            self.notify(f"{reason}: {text}")

    def _write_line(self, text: str) -> None:
        time = self._colour(NOTICE, streams.stamp()) if self._timestamps else ""
        self._editor.print_above(self._screen.write, time + text)

    def _colour(self, look: str, text: str) -> str:
        return f"\x1b[{look}m{text}\x1b[m" if self._coloured and text else text

    # The prompt and the status.

    def refresh(self, asking: bool, accepting: bool, describe: Callable[[], str]) -> None:
        """Show the prompt if asked to, and the status; lines are accepted at any time."""
        if asking:
            self._set_asking(True)
        self.show_status(describe)

    def show_status(self, describe: Callable[[], str]) -> None:
        """Show the state of the conversation in the status line."""
        # The round trip in it changes often; an equal text is not worth a painting.
        description = visible(describe())
        if description != self._status.description:
            self._status.description = description
            self._editor.refresh()

    def ask(self, prompt: str) -> None:
        """Set the question that stands in place of the prompt; "" for none."""
        self._question = visible(prompt)
        self._editor.refresh()

    def echo(self, text: str) -> None:
        """Write a line behind the prompt, as if it were typed now."""
        self._write_line(self._prompt + visible(text))

    def remove_prompt(self) -> None:
        """Remove the prompt; a line being typed stays, without it."""
        self._set_asking(False)

    def resume(self) -> None:
        """Set the terminal to raw mode again, and paint the line again."""
        self._editor.resume()

    def _set_asking(self, asking: bool) -> None:
        if asking != self._asking:
            self._asking = asking
            self._editor.refresh()

    def _get_prompt(self) -> str:
        return (self._question or self._prompt) if self._asking else ""

    # Input.

    def discard_typed(self) -> None:
        """Remove the line being typed from the editor, and write it to stderr."""
        for line in self.take_unsent()[0]:
            self.notify(f"Never sent: {line}")

    def take_unsent(self) -> tuple[list[str], bool]:
        """Return pasted lines that were not passed on, and the one being typed.

        No more follow: the second value is always False.
        """
        lines = [*filter(None, [*self._submitted, *self._buffer.text.split("\n")])]
        self._submitted.clear()
        self._buffer.reset()
        return lines, False

    def close(self) -> None:
        """Discard what was typed since the editor ended: a shell would read it."""
        streams.discard_typed(streams.STDIN)

    def _submit(self, buffer: Buffer) -> bool:
        """Pass on typed or pasted lines one by one; refused ones go back into the editor.

        Returns True, so that prompt_toolkit leaves the buffer as it is.
        """
        text = buffer.text.removesuffix("\n")
        # The answer to a question is a secret.
        buffer.reset(append_to_history=not self._question)
        self._submitted.extend(text.split("\n"))
        self._submitting = True
        try:
            # A line that ends the conversation empties the queue through `take_unsent`.
            while self._submitted:
                self._pass_on(self._submitted.popleft())
        finally:
            self._submitting = False
        if self._refused:
            buffer.document = Document("\n".join(self._refused))
            self._refused = []
        return True

    def _pass_on(self, line: str) -> None:
        # Typed bytes that are not UTF-8 are lone surrogates here.
        text = line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if text != line:
            self.notify("Your line is not all UTF-8: what is not was replaced by \ufffd.")
        if self._asking and not self._question:
            self.echo(text)
        # The prompt is answered: the chat has to ask again for the next line.
        self._asking = False
        self._typed(deque([text]))

    def _put_off(self) -> None:
        """Put a question off, and drop what is half typed: Escape was pressed."""
        if self._question:
            self._buffer.reset()
            self._pass_on("")

    def _end_input(self) -> None:
        self._input_ended()


class StatusLine:
    """The line under the input: the state of the conversation, or what Tab may complete."""

    def __init__(
        self, output: Vt100_Output, buffer: Buffer, commands: Sequence[str]
    ) -> None:
        # The state of the conversation, its parts between " | ".
        self.description = ""
        # The commands that begin with what is typed, after Tab.
        self._choices = ""
        # What knows the width of the window.
        self._output = output
        self._buffer = buffer
        self._completer = WordCompleter(list(commands), sentence=True)
        buffer.on_text_changed += self._clear_choices

    def text(self) -> str:
        """Return what fits into the window; parts are left out from the right, whole."""
        if self._choices:
            return self._choices
        parts = [*self.description.split(" | "), "/help lists the commands"]
        width = self._output.get_size().columns - 1
        while len(parts) > 1 and wcswidth(" | ".join(parts)) > width:
            parts.pop()
        return f" {' | '.join(parts)}"

    def complete(self, event: KeyPressEvent) -> None:
        """Complete the command in the buffer as far as it is unique; list the choices.

        At once: prompt_toolkit's own way completes after keys that came behind Tab.
        """
        document = self._buffer.document
        found = list(self._completer.get_completions(document, CompleteEvent()))
        if len(found) == 1:
            self._buffer.apply_completion(found[0])
        elif found:
            self._buffer.insert_text(get_common_complete_suffix(document, found))
            self._choices = " " + "  ".join(each.text.rstrip() for each in found)

    def _clear_choices(self, buffer: Buffer) -> None:
        self._choices = ""


class Editor:
    """The line being edited, as a prompt_toolkit Application that is a guest on our loop.

    It runs at most once. `input_ended()` is called when the terminal is closed under it.
    """

    def __init__(
        self,
        loop: Loop,
        output: Vt100_Output,
        layout: Layout,
        keys: KeyBindings,
        input_ended: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._output = output
        self._input_ended = input_ended
        self._started = False
        # The line being edited stands on the screen.
        self._painted = False
        # The last board of a game, which the next one is to replace.
        self._board = LastBoard()
        # The terminal's settings, as they were before the editor.
        self._original: list[Any] = []
        self._app: Application[None] = Application(
            layout,
            key_bindings=keys,
            input=Keyboard(self._set_patience),
            output=output,
            erase_when_done=True,
            include_default_pygments_style=False,
        )
        # The size of the window is polled twice a second by default; SIGWINCH is enough.
        self._app.terminal_size_polling_interval = None
        self._app.after_render += self._note_painted

    # Running.

    def run(self) -> None:
        """Edit until our loop is stopped; if the editor ends first, the loop goes on."""
        self._loop.run(None if self._started else self._edit)

    def _edit(self) -> None:
        """Run the Application on an asyncio loop that is a guest on ours.

        Side effect: from here on SIGTSTP is handled, until our loop is closed.
        """
        self._started = True
        with suppress(termios.error):
            self._original = termios.tcgetattr(streams.STDIN)
        # Ignored, for example, where no shell could continue a stopped program.
        if signal.getsignal(signal.SIGTSTP) != signal.SIG_IGN:
            self._loop.on_signals([signal.SIGTSTP], self._suspend, urgent=False)
        factory = partial(GuestLoop, self._loop, self._exit)
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.get_loop().set_exception_handler(self._raise_in_loop)
            try:
                runner.run(self._run_application())
            except EOFError:
                self._input_ended()
        self._mark_pastes(False)

    async def _run_application(self) -> None:
        if self._loop.running:  # a signal may have stopped it before the editor began
            await self._app.run_async(set_exception_handler=False, handle_sigint=False)

    def _set_patience(self, seconds: float) -> None:
        """Set how long prompt_toolkit waits for the rest of what was typed."""
        self._app.ttimeoutlen = seconds

    def _exit(self) -> None:
        """End the Application, because our loop was stopped."""
        if self._app.is_running and not self._app.is_done:
            self._app.exit()

    def _raise_in_loop(
        self, loop: asyncio.AbstractEventLoop, context: dict[str, object]
    ) -> None:
        """Raise an error of an asyncio callback out of `run`, as one of ours would be."""
        error = context.get("exception") or RuntimeError(context.get("message"))

        def fail() -> None:
            raise cast(BaseException, error)

        self._loop.call_later(0, fail)

    # Stopping and continuing.

    def _suspend(self, number: int) -> None:
        """Restore the terminal for the shell, stop, and resume when continued."""
        if not self._app.is_running:
            return
        self._app.renderer.erase()
        self._mark_pastes(False)
        with suppress(termios.error):
            termios.tcsetattr(streams.STDIN, termios.TCSANOW, self._original)
        handler = signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)  # returns after SIGCONT
        signal.signal(number, handler)
        self.resume()

    def resume(self) -> None:
        """Set the terminal to raw mode again, and paint the line again."""
        if not self._app.is_running:
            return
        self._board.forget()  # a shell has written below it
        # Not left again: the Application's own `raw_mode` restores the first settings.
        self._app.input.raw_mode().__enter__()
        self._erase()
        self.refresh()

    # Painting.

    def print_above(self, write: Callable[[str], None], text: str) -> None:
        """Call `write` for a line of text above the line being edited."""
        self._erase()
        self._board.add(write, text)
        write(f"{text}\n")
        self.refresh()

    def print_board(self, write: Callable[[str], None], text: str, number: int) -> None:
        """Call `write` for a board; erase the last one first, if it is of the same game.

        What was written below that one is written again.
        """
        self._erase()
        size = self._size
        rows, below = self._board.lift(number, size)
        if rows:
            self._output.cursor_up(rows)
            self._output.erase_down()
            self._output.flush()
        for write_again, each in below:
            write_again(f"{each}\n")
        self._board.place(number, text, size)
        write(f"{text}\n")
        self.refresh()

    def refresh(self) -> None:
        """Paint the line again before the next wait."""
        self._app.invalidate()

    def _erase(self) -> None:
        """Remove the line from the screen, if it is there, until it is painted again."""
        if self._painted:
            self._painted = False
            self._app.renderer.erase()
            # Erasing also ends the marking of pastes. Without marks a paste that comes
            # before the next painting would be sent line by line.
            self._mark_pastes(True)

    def _mark_pastes(self, on: bool) -> None:
        """Make the terminal mark where a paste begins and ends, or make it stop that."""
        if on:
            self._output.enable_bracketed_paste()
        else:
            self._output.disable_bracketed_paste()
        self._output.flush()

    def _note_painted(self, app: Application[None]) -> None:
        self._painted = True
        screen = app.renderer.last_rendered_screen
        self._board.note_painting(screen.height if screen else 0, self._size)

    @property
    def _size(self) -> tuple[int, int]:
        """The columns and rows of the window."""
        size = self._output.get_size()
        return size.columns, size.rows


# What the editor is made of.


class PaintStream:
    """stdout as the text stream that prompt_toolkit paints on; nothing is buffered."""

    encoding = "utf-8"

    def __init__(self, screen: Screen) -> None:
        self.write = screen.paint

    def flush(self) -> None:
        """Do nothing: every text is written at once."""

    def fileno(self) -> int:
        """Return the descriptor whose window size counts."""
        return streams.STDOUT

    def isatty(self) -> bool:
        """Return True: `program` chooses this terminal only where stdout is one."""
        return True


def _open_output(screen: Screen, coloured: bool) -> Vt100_Output:
    output = Vt100_Output.from_pty(
        cast(TextIO, PaintStream(screen)),
        os.environ.get("TERM"),
        None if coloured else ColorDepth.DEPTH_1_BIT,
    )
    # Asking where the cursor is would delay every line by a second on a terminal that
    # does not answer.
    output.enable_cpr = False
    return output


def _has_colours() -> bool:
    """Return whether the terminal has colours and NO_COLOR is not set (no-color.org)."""
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


def _make_layout(
    buffer: Buffer,
    prompt: Callable[[], str],
    status: Callable[[], str],
    status_fits: Condition,
) -> Layout:
    search = SearchToolbar()
    line = Window(
        BufferControl(
            buffer,
            input_processors=[BeforeInput(prompt)],
            search_buffer_control=search.control,
        ),
        wrap_lines=True,
        dont_extend_height=True,
    )
    under = Window(FormattedTextControl(status), height=1, style="reverse")
    return Layout(HSplit([line, search, ConditionalContainer(under, status_fits)]))


# Keys.


def _bind_keys(
    buffer: Buffer,
    complete: Callable[[KeyPressEvent], None],
    put_off: Callable[[], None],
    input_ended: Callable[[], None],
) -> KeyBindings:
    keys = KeyBindings()
    empty = Condition(lambda: not buffer.text)
    # The kernel's meaning of these keys: a signal to all processes of the foreground.
    keys.add("c-c", filter=~is_searching)(lambda event: signal.raise_signal(signal.SIGINT))
    keys.add("c-z")(lambda event: os.kill(0, signal.SIGTSTP))
    keys.add("c-d", filter=empty)(lambda event: input_ended())
    # Without this the key after Escape would be taken for a part of it.
    keys.add("escape", filter=~is_searching, eager=True)(lambda event: put_off())
    for stand_in, command in ALT_COMMANDS.items():
        keys.add(stand_in)(get_by_name(command))
    keys.add("backspace")(_delete_before)
    keys.add("delete")(_delete_after)
    keys.add("c-d", filter=~empty)(_delete_after)
    for key in ("left", "c-b"):
        keys.add(key)(_go_left)
    for key in ("right", "c-f"):
        keys.add(key)(_go_right)
    keys.add("tab")(complete)
    return keys


# Backspace, Delete and the arrows go by graphemes, which a person sees as one character
# (Unicode Standard Annex 29); prompt_toolkit's own functions go by code points.


def _delete_before(event: KeyPressEvent) -> None:
    buffer = event.current_buffer
    buffer.delete_before_cursor(_length_before(buffer.document))


def _delete_after(event: KeyPressEvent) -> None:
    buffer = event.current_buffer
    buffer.delete(_length_after(buffer.document))


def _go_left(event: KeyPressEvent) -> None:
    buffer = event.current_buffer
    buffer.cursor_position -= _length_before(buffer.document)


def _go_right(event: KeyPressEvent) -> None:
    buffer = event.current_buffer
    buffer.cursor_position += _length_after(buffer.document)


def _length_before(document: Document) -> int:
    """Return the code points of the grapheme before the cursor."""
    text = document.text_before_cursor
    return len(text) - grapheme_boundary_before(text, len(text)) if text else 0


def _length_after(document: Document) -> int:
    """Return the code points of the grapheme after the cursor."""
    return len(next(iter_graphemes(document.text_after_cursor), ""))
