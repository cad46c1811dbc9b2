"""The line being edited, drawn at the bottom of the screen by prompt_toolkit.

Here the editor runs, stops for a shell and goes on, and its line is erased and painted
again where text comes above it. What is shown, and what becomes of a line, `edited` knows.
"""

import asyncio
import os
import signal
import termios
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TextIO, cast

from prompt_toolkit import Application
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import Layout
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from chatlib.loop import Loop
from chatlib.terminal import streams
from chatlib.terminal.board import LastBoard
from chatlib.terminal.guest import GuestLoop
from chatlib.terminal.keyboard import Keyboard
from chatlib.terminal.streams import Screen


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
        """Call `write` for rows of text above the line being edited."""
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
        # The cursor can only be moved back over rows that are certain to be in the window.
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


# What it paints on.


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


def open_output(screen: Screen, coloured: bool) -> Vt100_Output:
    """Return what prompt_toolkit paints through; without `coloured` in one colour."""
    output = Vt100_Output.from_pty(
        cast(TextIO, PaintStream(screen)),
        os.environ.get("TERM"),
        None if coloured else ColorDepth.DEPTH_1_BIT,
    )
    # Asking where the cursor is would delay every line by a second on a terminal that
    # does not answer.
    output.enable_cpr = False
    return output
