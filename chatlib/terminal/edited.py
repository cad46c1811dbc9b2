"""Edited: a terminal whose lines prompt_toolkit edits, at the bottom of the screen.

For a person at a real terminal. Text that arrives is printed above the line being typed:
the line is erased, the text written, and the line painted again, once for all text of one
turn of the loop. The terminal's own scrollback stays.

Knows no protocol. Only `program` builds one, and imports it only then: asyncio and
prompt_toolkit take longer to load than all the rest.
"""

import os
from collections import deque
from collections.abc import Callable, Sequence

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.layout import ConditionalContainer, HSplit, Layout, Window
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.widgets import SearchToolbar

from chatlib.loop import Loop
from chatlib.terminal import streams
from chatlib.terminal.bindings import bind_keys
from chatlib.terminal.editor import Editor, open_output
from chatlib.terminal.history import LineHistory
from chatlib.terminal.status import StatusLine
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

    # What stands in place of the prompt; "" while the person is not asked anything else.
    # And the line that was being typed when the question came.
    _question = _aside = ""

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
        # The prompt, or the question that takes its place, stands before the line.
        self._asking = False
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
        output = open_output(self._screen, self._coloured)
        self._status = StatusLine(output, self._buffer, commands)
        status_fits = Condition(lambda: status and output.get_size().rows > 1)
        self._editor = Editor(
            loop,
            output,
            _make_layout(self._buffer, self._get_prompt, self._status.text, status_fits),
            bind_keys(self._buffer, self._status.complete, self._put_off, self._end_input),
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
        """Set the question that stands in place of the prompt; "" for none.

        The line being typed is set aside meanwhile. A half-typed answer is dropped with
        its question: as a line of talk it would tell what it was to hide.
        """
        question = visible(prompt)
        if question and not self._question:
            self._aside = self._buffer.text
            self._buffer.reset()
        elif self._question and not question:
            self._buffer.document, self._aside = Document(self._aside), ""
        self._question = question
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
        lines = [
            *filter(
                None, [*self._submitted, *f"{self._aside}\n{self._buffer.text}".split("\n")]
            )
        ]
        self._submitted.clear()
        self._buffer.reset()
        self._aside = ""
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
