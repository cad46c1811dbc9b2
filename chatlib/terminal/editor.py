"""The line being edited, drawn at the bottom of the screen by prompt_toolkit.

Here the editor runs, stops for a shell and goes on, and its line is erased and painted
again where text comes above it. What is shown, and what becomes of a line, `edited` knows.
"""

import asyncio
import os
import signal
import termios
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any, TextIO, cast

from prompt_toolkit import Application
from prompt_toolkit.clipboard import Clipboard
from prompt_toolkit.data_structures import Point
from prompt_toolkit.input.vt100 import raw_mode
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import Layout
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from chatlib.loop import Deadline, Loop
from chatlib.terminal import streams
from chatlib.terminal.board import LastBoard
from chatlib.terminal.focus import FOCUS_OFF, FOCUS_ON, Focus
from chatlib.terminal.guest import GuestLoop
from chatlib.terminal.keyboard import FOCUS_OUT, Keyboard
from chatlib.terminal.reflow import Picture, Reflow, Resizes, take_picture
from chatlib.terminal.streams import Screen

ASK_POSITION = "\x1b[6n"

FAR = 9999
"""More columns than a window has. Moved back so far, the cursor is in the first."""


class Editor:
    """The line being edited, as a prompt_toolkit Application that is a guest on our loop.

    It runs at most once. `input_ended()` is called when the terminal is closed under it.
    `mark` is the line that stands before what came while the person looked elsewhere.
    """

    def __init__(
        self,
        loop: Loop,
        output: Vt100_Output,
        layout: Layout,
        keys: KeyBindings,
        clipboard: Clipboard,
        input_ended: Callable[[], None],
        mark: str = "",
    ) -> None:
        self._loop, self._output = loop, output
        self._input_ended = input_ended
        # The editor has begun; the line being edited stands on the screen.
        self._started = self._painted = False
        # The last board of a game, which the next one is to replace.
        self._board = LastBoard()
        # The terminal's settings, as they were before the editor.
        self._original: list[Any] = []
        # SIGTSTP came, and this program is to stop in the next turn: once for all of them.
        self._stopping = Deadline(loop, self._stop_alone)
        # What reads the keyboard again; None: it is read, and the terminal is ours.
        self._reading: AbstractContextManager[None] | None = None
        self.focus, self._mark = Focus(), mark
        self._reflow = Reflow()
        self._resizes = Resizes(loop, self._ask_position, self._repaint)
        keys.add("c-z")(lambda event: self._stop_group())
        self._app: Application[None] = _GatedApplication(
            self._may_paint,
            self._note_resize,
            layout,
            key_bindings=keys,
            clipboard=clipboard,
            input=_OwnKeyboard(self._set_patience, self._note_report),
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
        self._note_original()
        # Ignored, for example, where no shell could continue a stopped program.
        if signal.getsignal(signal.SIGTSTP) != signal.SIG_IGN:
            self._loop.on_signals(
                [signal.SIGTSTP], lambda _: self._stopping.limit(0), urgent=False
            )
        factory = partial(GuestLoop, self._loop, self._exit)
        try:
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.get_loop().set_exception_handler(self._raise_in_loop)
                try:
                    runner.run(self._run_application())
                except EOFError:
                    self._input_ended()
        finally:
            self._end_resizes()
            if not self._reading:
                self._set_modes(False)
                self._restore()

    def _note_original(self) -> None:
        """Note the settings that the terminal is to have when it is another program's."""
        with suppress(termios.error):
            self._original = termios.tcgetattr(streams.STDIN)

    def _restore(self) -> None:
        if self._original:  # the terminal was there
            streams.set_attributes(streams.STDIN, self._original)

    async def _run_application(self) -> None:
        if not self._loop.running:  # a signal has stopped it before the editor began
            return
        self._set_modes(True)
        try:
            await self._app.run_async(set_exception_handler=False, handle_sigint=False)
        finally:
            if self._reading:  # left to itself, it would read again when it is collected
                self._reading.__exit__(None, None, None)
                asyncio.get_running_loop().remove_reader(streams.STDIN)

    def _set_patience(self, seconds: float) -> None:
        """Set how long prompt_toolkit waits for the rest of what was typed."""
        self._app.ttimeoutlen = seconds

    def _exit(self) -> None:
        """End the Application, because our loop was stopped."""
        if self._app.is_running and not self._app.is_done:
            self._end_resizes()
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

    def _stop_group(self) -> None:
        """Stop all programs of the foreground for the shell, as the kernel does at Ctrl-Z.

        The shell takes the terminal as soon as one of them has stopped, perhaps the `make`
        that runs this program. So it is restored before.
        """
        if signal.getsignal(signal.SIGTSTP) == signal.SIG_IGN:
            os.kill(0, signal.SIGTSTP)
        else:
            self._stop(0, lambda: False)

    def _stop_alone(self) -> None:
        """Stop for a SIGTSTP from outside, unless SIGCONT has come already, too."""
        # A signal that waits may be the SIGCONT of an `fg`: it is heard first.
        if not self._stop(os.getpid(), lambda: self._loop.signal_waits):
            self._stopping.limit(0)

    def _stop(self, process: int, unless: Callable[[], bool]) -> bool:
        """Restore the terminal, stop, and resume when continued; 0 is the whole group.

        Return False for a stop that is put off, because of `unless()`.
        """
        if not self._app.is_running:
            return True
        self._release()
        stopped = streams.stop(process, unless)
        if stopped:
            # Without a shell nothing stops, and no SIGCONT comes. If it came, a signal that
            # ends the program may have come with it, and is heard first.
            self._loop.call_later(0, self.resume)
        return stopped

    def _release(self) -> None:
        """Leave the terminal to the shell: as it was, without the line."""
        if self._reading:
            return
        self._end_resizes()
        with streams.never_stopped():
            if streams.is_ours(streams.STDIN):
                self._app.renderer.erase()
                self._set_modes(False)
                self._restore()
            else:
                # The shell has written below the line, and set what it needs.
                self._output.write_raw(FOCUS_OFF)
                self._app.renderer.reset()
                self._output.flush()
        self._painted = False
        self._reading = self._app.input.detach()
        self._reading.__enter__()

    def resume(self) -> None:
        """Set the terminal to raw mode again, and paint the line again."""
        self._stopping.lift()
        if streams.is_ours(streams.STDIN):
            self._take()
        else:
            self._loop.call_later(0, self._await_foreground)

    def _await_foreground(self) -> None:
        """Let the kernel stop us until the terminal is ours, unless the program ends."""
        if not streams.ends_anywhere():
            self._take()

    def _take(self) -> None:
        """Use the terminal again, after a shell perhaps; stop until it is ours."""
        if not self._app.is_running:
            return
        self._board.forget()  # a shell has written below it
        if cooked := _is_cooked():
            self._note_original()
        lent = cooked or self._reading is not None
        # Not left again: the Application's own `raw_mode` restores the first settings.
        try:
            self._app.input.raw_mode().__enter__()
        except termios.error:
            return  # in the background, without a shell that could bring us back
        if self._reading:
            self._reading.__exit__(None, None, None)
            self._reading = None
        if lent:
            # What a shell has written stands below the line, if that is still there.
            self._painted = False
            self._app.renderer.reset()
            self._output.write_raw("\r")
        else:
            self._erase()
        self._set_modes(True)
        self.refresh()

    # Another size of the window.

    def _may_paint(self) -> bool:
        """Return whether the terminal is ours, and the line stands where it was painted."""
        self._look_at_size()
        return self._reading is None and not self._resizes.going_on

    def _look_at_size(self) -> None:
        """Note a resize whose SIGWINCH has not been handled: a message may come before."""
        if not self._painted or self._resizes.going_on:
            return
        size = self._app.renderer._last_size
        # There is none after the screen was cleared.
        if size and self._output.get_size() != size:
            self._note_resize()

    def _note_resize(self) -> None:
        """Paint the line again for another size, as soon as it does not change any more."""
        if self._reading or self._app.is_done:
            return
        here = self._painted and self._app.renderer.last_rendered_screen
        if self._resizes.going_on or (here and not self._picture().is_safe):
            self._resizes.begin()
        else:
            self._erase()
            self.refresh()

    def _ask_position(self) -> bool:
        """Ask where the cursor is, if that tells where the line is; return whether."""
        columns = self._output.get_size().columns
        if asked := self._reflow.must_ask(self._picture(), columns):
            self._output.write_raw(ASK_POSITION)
            self._output.flush()
        return asked

    def _repaint(self, asked: bool, at: int | None) -> None:
        """Erase the line, which the resize may have broken into more rows."""
        columns = self._output.get_size().columns
        height = self._reflow.height(self._picture(), columns, asked, at)
        self._app.renderer._cursor_pos = Point(columns, height)
        self._erase()
        self.refresh()

    def _end_resizes(self) -> None:
        """End a series of resizes before its time: the terminal is needed now.

        The window may have another size than it tells. So only rows are erased that are
        the line's at every width; others of its rows may stay above.
        """
        if self._resizes.going_on:
            self._resizes.stop()
            self._app.renderer._cursor_pos = Point(FAR, self._picture().height)
            self._erase()
            self.refresh()

    def _picture(self) -> Picture:
        renderer = self._app.renderer
        screen = renderer.last_rendered_screen
        assert screen, "a line was painted"
        return take_picture(screen.data_buffer, renderer._cursor_pos)

    # What the terminal reports.

    def _note_report(self, report: str) -> None:
        """Note where the cursor is, or whether the person looks at this window."""
        if report[-1] == "R":
            self._resizes.answer(int(report[:-1].split(";")[1]) - 1)
        else:
            self.focus.change(report == FOCUS_OUT)

    # Painting.

    def print_above(self, write: Callable[[str], None], text: str) -> None:
        """Call `write`, at once, for rows of text above the line being edited."""
        if self.focus.unmarked:
            self.focus.unmarked = False
            if self._mark:
                self.print_above(write, self._mark)
        if self._painted:  # the first text of this turn
            self._look_at_size()
            self._end_resizes()  # who sent it is told that it is shown
            self._erase()
        self._board.add(write, text)
        write(f"{text}\n")
        self.refresh()

    def print_board(self, write: Callable[[str], None], text: str, number: int) -> None:
        """Call `write` for a board; erase the last one first, if it is of the same game.

        What was written below that one is written again.
        """
        if self._painted:  # the first text of this turn
            self._look_at_size()
            self._end_resizes()  # who sent it is told that it is shown
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
            self._output.enable_bracketed_paste()
            self._output.flush()

    def _set_modes(self, on: bool) -> None:
        """Make the terminal mark pastes and report the focus, or make it stop that."""
        if on:
            self._output.enable_bracketed_paste()
        else:
            self._output.disable_bracketed_paste()
        self._output.write_raw(FOCUS_ON if on else FOCUS_OFF)
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


# What prompt_toolkit does otherwise.


class _GatedApplication(Application[None]):
    """An Application that paints only while it `may_paint`, and calls back for a resize."""

    def __init__(
        self,
        may_paint: Callable[[], bool],
        resized: Callable[[], None],
        layout: Layout,
        **options: Any,
    ) -> None:
        self._may_paint = may_paint
        self._resized = resized
        super().__init__(layout, **options)

    def _redraw(self, render_as_done: bool = False) -> None:
        if self._may_paint():
            super()._redraw(render_as_done)

    def _on_resize(self) -> None:
        self._resized()


class _OwnKeyboard(Keyboard):
    """A keyboard that does not touch the terminal while it is another program's."""

    def raw_mode(self) -> AbstractContextManager[None]:
        """Return what sets the terminal to raw mode, and restores it."""
        return _RawMode(streams.STDIN)


class _RawMode(raw_mode):
    def __exit__(self, *error: object) -> None:
        if self.attrs_before is not None:
            streams.set_attributes(self.fileno, self.attrs_before)


def _is_cooked() -> bool:
    """Return whether somebody has set the terminal back from raw mode."""
    with suppress(termios.error):
        return bool(termios.tcgetattr(streams.STDIN)[3] & termios.ICANON)
    return False


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
