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

from prompt_toolkit.output.vt100 import Vt100_Output

from chatlib.loop import Loop
from chatlib.terminal import streams
from chatlib.terminal.bindings import bind_keys
from chatlib.terminal.completion import Complete, Completion, no_words
from chatlib.terminal.editor import Editor, open_output
from chatlib.terminal.focus import LOOKED_AWAY, make_notification
from chatlib.terminal.history import open_history
from chatlib.terminal.layout import make_layout
from chatlib.terminal.line import Line
from chatlib.terminal.look import Look, Page, find_look
from chatlib.terminal.status import StatusLine
from chatlib.terminal.streams import Screen
from chatlib.terminal.terminal import Terminal
from chatlib.terminal.visible import visible

COLOURS_ASSUMED = 256
"""The colours of a terminal that the system does not know."""


class Edited(Terminal):
    """A screen with a line being edited at its bottom, and the keyboard for that line.

    The conversation and the line go to stdout, notices to stderr, all through `visible`.
    `name` stands before own lines, `look` is the name of a look, and without `wrap` the
    terminal breaks long lines, not we. Tab completes the `commands`, and behind a command
    what `complete` returns; `status` shows a status line under the input; `history` is the
    name under which typed lines are kept for the next run, "" for none.
    """

    interactive = True
    names_turns = True
    edits = True

    # Whether a typed line is a move in a game, and so no talk.
    _is_move: Callable[[str], bool] = staticmethod(lambda line: False)
    # What stands in place of the prompt; "" while the person is not asked anything else.
    _question = ""

    def __init__(
        self,
        loop: Loop,
        prompt: str,
        *,
        name: str = "",
        look: str = "default",
        wrap: bool = True,
        bell: bool = False,
        notification: bool = False,
        timestamps: bool = False,
        status: bool = True,
        history: str = "",
        commands: Sequence[str] = (),
        complete: Complete = no_words,
    ) -> None:
        self._screen = Screen(loop, keys_are_read=True)
        self._bell = bell
        # What makes the desktop tell of a message.
        self._notification = make_notification() if notification else ""
        # The usual prompt, and whether it or a question stands before the line.
        self._prompt, self._asking = visible(prompt), False
        self._notices_here = os.isatty(streams.STDERR)  # and not in a file (`2> file`)
        # What `start` sets; until then typed lines are dropped.
        self._typed: Callable[[deque[str]], None] = deque.clear
        self._input_ended: Callable[[], None] = lambda: None
        graphics = find_look(look, _count_colours())
        output = open_output(self._screen, bool(graphics.own))
        self._page = _make_page(graphics, name, output, wrap, timestamps)
        self.own_name = self._page.name
        self._line = Line(open_history(history), self._pass_on)
        self._completion = Completion(self._line.buffer, commands, complete)
        self._editor = self._make_editor(loop, output, status)

    def _make_editor(self, loop: Loop, output: Vt100_Output, status: bool) -> Editor:
        """Return the editor of the line, with its keys and, if wanted, a status line."""
        self._status = StatusLine(output, self._completion, self._line)
        layout = make_layout(self._line, self._get_prompt, self._status, output, status)
        keys = bind_keys(self._line, self._completion, self._put_off, self._end_input)
        mark = self._page.mark(LOOKED_AWAY)[:-1]
        clipboard = self._line.clipboard
        return Editor(loop, output, layout, keys, clipboard, self._end_input, mark)

    def start(
        self, typed: Callable[[deque[str]], None], input_ended: Callable[[], None]
    ) -> None:
        """Set the callbacks for input; `typed` gets one line at a time."""
        self._typed = typed
        self._input_ended = input_ended

    def know_moves(self, is_move: Callable[[str], bool]) -> None:
        """Set what tells whether a typed line is a move: that has no name before it."""
        self._is_move = is_move

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
        self._write(self._page.line(text))

    def show_messages(self, speaker: str, texts: list[str]) -> None:
        """Write messages of the peer to stdout; raises ScreenClosedError.

        The bell rings when the person looks elsewhere. Where the terminal does not tell,
        it rings when no line is being typed.
        """
        self._write(self._page.messages(speaker, texts))
        focus = self._editor.focus
        idle = not self._line.buffer.text
        if self._bell and (idle if focus.away is None else focus.away):
            self._screen.write("\a")
        if self._notification and focus.take_notification():
            self._screen.write(self._notification)

    def show_board(self, lines: list[str], number: int) -> None:
        """Write a board to stdout, in place of the last one of the same game if possible.

        Lines that were written below that one are then above the new one. Boards have no
        time before them. Raises ScreenClosedError.
        """
        rows = self._page.board(lines)
        self._editor.print_board(self._screen.write, rows[:-1], number)

    def notify(self, text: str) -> None:
        """Write a line to stderr, above the line being typed if that is on the terminal."""
        if self._notices_here:
            rows = self._page.notice(text)
            self._editor.print_above(self._screen.write_error, rows[:-1])
        else:
            self._screen.write_error(f"{visible(text)}\n")

    def show_pending(self, text: str, why: str) -> None:
        """Write a line that is kept for later, and why unless that is known."""
        if self._notices_here:
            # stderr as for every notice: stdout has the conversation, and this is not said.
            rows = self._page.pending(text, why)
            self._editor.print_above(self._screen.write_error, rows[:-1])
        else:
            self.notify(f"Kept for later, because {why} (/unsend takes it back): {text}")

    def refuse(self, reason: str, text: str) -> None:
        """Write why a line was refused; put it back into the editor if it came from there.

        A line that was typed before its time is not put back: the next one may be half
        typed. It is written after the reason.
        """
        if self._line.take_back(text):
            self.notify(f"{reason}.")
        else:
            self.notify(f"{reason}: {text}")

    def _write(self, rows: str) -> None:
        # The editor adds the last line end, and remembers the rows without it.
        self._editor.print_above(self._screen.write, rows[:-1])

    # The prompt and the status.

    def refresh(
        self, asking: bool, accepting: bool, describe: Callable[[], tuple[str, ...]]
    ) -> None:
        """Show the prompt if asked to, and the status; lines are accepted at any time."""
        if asking:
            self._set_asking(True)
        self.show_status(describe)

    def show_status(self, describe: Callable[[], tuple[str, ...]]) -> None:
        """Show the state of the conversation in the status line."""
        # The round trip in it changes often; an equal text is not worth a painting.
        parts = tuple(map(visible, describe()))
        if parts != self._status.parts:
            self._status.parts = parts
            self._editor.refresh()

    def ask(self, prompt: str) -> None:
        """Show this prompt instead of the usual one; "" ends that.

        The line being typed is set aside meanwhile.
        """
        self._question = visible(prompt)
        self._line.ask(secret=bool(prompt))
        self._editor.refresh()

    def return_text(self, text: str) -> None:
        """Put a line into the editor, before what is typed there."""
        self._line.put_back([text])

    def show_own(self, text: str) -> None:
        """Write a message of the person's own, behind its mark and name."""
        self._write(self._page.own(text))

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
        return self._line.take_unsent(), False

    def close(self) -> None:
        """Discard what was typed since the editor ended: a shell would read it."""
        streams.discard_typed(streams.STDIN)
        self._screen.close()

    def _pass_on(self, line: str) -> None:
        """Show a line that was sent, and pass it on."""
        self._completion.clear()
        # Typed bytes that are not UTF-8 are lone surrogates here.
        text = line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if text != line:
            self.notify("Your line is not all UTF-8: what is not was replaced by \ufffd.")
        # A command stands above its answer, whoever's turn it is.
        is_command = text[:1] == "/" and text[1:2] != "/"
        if (self._asking or is_command) and not self._question:
            self._write(self._page.typed(text, self._is_move(text)))
        # The prompt is answered: the chat has to ask again for the next line.
        self._asking = False
        self._typed(deque([text]))

    def _put_off(self) -> None:
        """Put a question off, and drop what is half typed: Escape was pressed."""
        self._line.reset()
        self._pass_on("")

    def _end_input(self) -> None:
        self._input_ended()


def _make_page(
    look: Look, name: str, output: Vt100_Output, wrap: bool, timestamps: bool
) -> Page:
    def width() -> int:
        # Asked for every message: the window may have got another size meanwhile.
        return output.get_size().columns

    return Page(look, name, width, wrap=wrap, timestamps=timestamps)


def _count_colours() -> int:
    """Return the colours of the terminal; 0 if NO_COLOR is set (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return 0
    try:
        import curses
    except ImportError:  # some Pythons are built without
        return COLOURS_ASSUMED
    try:
        curses.setupterm(fd=streams.STDOUT)
    except curses.error:
        return COLOURS_ASSUMED  # one that the system does not know is a modern one
    return curses.tigetnum("colors")
