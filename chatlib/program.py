"""What both programs do before and after the chat.

Here everything is built and wired: settings, loop, terminal, frame log, chat, signals.
Here too every error becomes one sentence and an exit code. Only `chatd` and `chatc`
import this module.
"""

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count

from chatlib.advice import choose_exit_code
from chatlib.channel import Channel, Clear
from chatlib.chat import Chat
from chatlib.commands import COMPLETIONS, HELP
from chatlib.connection import HELLO_SECONDS, Connection, Owner
from chatlib.ending import list_lines
from chatlib.errors import ChatError, Exit, ScreenClosedError, StartError, describe
from chatlib.framelog import LEGEND, FrameLog
from chatlib.keeping import Keeping
from chatlib.loop import READ, Loop
from chatlib.memory import Memory
from chatlib.protocol.events import Trace, silent
from chatlib.protocol.link import Link
from chatlib.recovery import Recovery
from chatlib.settings import Settings, read_settings
from chatlib.terminal.plain import Plain
from chatlib.terminal.streams import (
    STDERR,
    STDIN,
    STDOUT,
    ignore_stops,
    is_pipe,
    open_missing_descriptors,
    report,
)
from chatlib.terminal.terminal import Terminal
from chatlib.terminal.visible import visible

SIGNALS = (
    *("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"),
    *("SIGVTALRM", "SIGPROF", "SIGXCPU", "SIGXFSZ", "SIGPIPE", "SIGABRT", "SIGTRAP"),
    *("SIGSYS", "SIGIO", "SIGPWR", "SIGSTKFLT", "SIGEMT"),
)
"""The signals that stop the chat, by name: by default each would end the process and leave
the terminal raw. Not each system has all of them.

SIGSEGV, SIGBUS, SIGFPE and SIGILL are left alone: after a fault of the interpreter itself
no handler of ours would ever be called, and the process would not end."""

REPORT_INDENT = 4
"""Columns before the rows after the first of an error, as before those of a notice."""

EPILOG = f"""\
Commands in the chat:

{HELP}

Signs in a frame log: {LEGEND}

Exit codes: 0 goodbye, 1 connection lost, 2 wrong call, 3 could not start, 4 server busy,
5 not invited: another ticket, or none, 128 + n ended by signal n.

"""


NO_CRYPTOGRAPHY = (
    "a private talk needs the package cryptography: install it with "
    f"'{os.path.basename(sys.executable)} -m pip install cryptography', or use make"
)
"""What a person is told who has a ticket and not what it needs."""


def open_terminal(loop: Loop, settings: Settings, role: str) -> Terminal:
    """Return the editor for a person at a real terminal, the plain one for all others.

    One for a screen reader comes before both, because only the person can know of it.
    `role` names the history of what is typed: each program has its own.
    """
    bell, timestamps = settings.bell, settings.timestamps
    if settings.reader:
        from chatlib.terminal.reader import Reader

        return Reader(loop, settings.prompt, bell=bell, timestamps=timestamps)
    if not settings.plain and _can_edit():
        try:
            from chatlib.terminal.edited import Edited  # 100 ms, only where it is used
        except ModuleNotFoundError as error:
            # Without the editor's own packages the kernel edits the line.
            if not str(error.name).startswith(("prompt_toolkit", "wcwidth")):
                raise
        else:
            return Edited(
                loop,
                settings.prompt,
                name=settings.name or "",
                look=settings.look,
                wrap=settings.wrap,
                bell=bell,
                notification=settings.notify,
                timestamps=timestamps,
                status=not settings.no_status,
                history="" if settings.no_history else role,
                commands=COMPLETIONS,
                complete=list_words,
            )
    return Plain(loop, settings.prompt, bell=bell, timestamps=timestamps)


def list_words(command: str) -> Sequence[str]:
    """Return the words that may follow a command, for Tab."""
    if command != "/play":
        return ()
    from chatlib.games.registry import game_names  # only where somebody wants to know

    return game_names()


def _can_edit() -> bool:
    """Whether a person sits at a terminal that can do more than print."""
    known = os.environ.get("TERM", "") not in ("", "dumb", "unknown")
    return known and os.isatty(STDIN) and os.isatty(STDOUT)


class Program:
    """The parts that a server or a client is made of, for as long as the process runs.

    `command` is the program's name in its error messages. `role` is `server` or `client`:
    the word for this side in the frame log, and its name for the peer without `--name`.
    """

    def __init__(
        self, command: str, role: str, settings: Settings, loop: Loop | None = None
    ) -> None:
        self.command = command
        self.settings = settings
        # What the peer calls us.
        self.name = settings.name or role
        self.loop = loop or Loop()
        self.terminal = open_terminal(self.loop, settings, role)
        # The exit code, once the program is to end.
        self.code: int | None = None
        self._role = role
        self._log = FrameLog(
            role, settings.verbose, settings.frame_log, self.terminal.notify
        )
        # The number of the next connection, for the log.
        self._numbers = count(1)
        # Nobody can read stdout any more.
        self._screen_closed = False
        # How often a call to the system has failed where nobody expected it.
        self._failures = 0
        # With --again: called instead of ending, when the peer has ended the talk.
        self.again: Callable[[], None] | None = None
        # What the bytes of a new connection go through, and whether it seals them.
        self._make_channel: Callable[[Trace], Channel] = Clear
        self.private = False
        # What is remembered from talk to talk.
        self.memory = Memory()
        # What outlives this run, and the talk of the last one that goes on.
        self.keeping = self._open_journal()
        self.new_chat()
        # In the first turn of the loop, as all that the programs show at their start.
        self.loop.call_later(0, self._show_past)

    def _open_journal(self) -> Keeping:
        """Return what outlives this run: nothing without a journal. Raises JournalError."""
        settings, role = self.settings, self._role
        if settings.journal is None:
            return Keeping()
        # Only for a talk with a journal.
        from chatlib.journal import Journal
        from chatlib.journalling import Journalling, find_path

        path = settings.journal or find_path(role, settings.host, settings.port)
        warn, sync = self.terminal.notify, settings.journal_sync
        return Journalling(
            lambda: Journal.open(path, role, warn=warn, sync=sync),
            role,
            forget=settings.forget,
        )

    def _show_past(self) -> None:
        """Show the last lines of a talk that goes on."""
        for line in self.keeping.describe_past():
            # From here on it is not true any more that nobody has come.
            self.memory.talked = True
            self.terminal.notify(line)

    # One talk, and perhaps the next.

    def new_chat(self) -> None:
        """Make the chat for the next talk, with a recovery of its own."""
        # The client calls again. The server keeps the seat: it would not know whom to call.
        if self._role == "server":
            self.recovery = Recovery(self.loop, self.settings.keep, "waiting for it")
        else:
            self.recovery = Recovery(self.loop, self.settings.retry, "trying again")
        self.chat = Chat(
            self.terminal, self.end_talk, self.recovery, self.memory, self.keeping
        )

    def end_talk(self, code: int, by_us: bool) -> None:
        """End the program with this exit code, or begin the next talk."""
        if self.again and not by_us:
            self.keeping.begin_anew()
            self.new_chat()
            self.again()
            return
        lines, more = self.terminal.take_unsent()
        list_lines(self.terminal.notify, "Never sent", lines)
        if more:
            self.terminal.notify("Never sent either: the rest of the input.")
        # A person sees what is given back; a script can only look at the code.
        unsent = bool(lines or more) and not self.terminal.interactive
        self.code = code or (Exit.LOST if unsent else Exit.GOODBYE)
        self.loop.stop()

    def fail(self, error: ChatError) -> None:
        """End the program with a sentence, from within the loop: there was no talk."""
        self.chat.fail(f"{self.command}: {error}", error.code)

    def open_connection(
        self,
        sock: socket.socket,
        address: object,
        owner: Owner,
        verb: str,
        make_link: Callable[[Trace], Link],
    ) -> Connection:
        """Make a connection whose peer has HELLO_SECONDS to say HELLO.

        `verb` says in the frame log how it came to be. If the link greets first, our
        HELLO is sent.
        """
        number = next(self._numbers)
        trace = self._log.make_trace(number) if self._log.enabled else silent
        trace("=", f"{verb} {address}", b"")
        link, channel = make_link(trace), self._make_channel(trace)
        connection = Connection(self.loop, sock, address, link, owner, trace, channel)
        connection.keeping = self.keeping
        connection.set_deadline(HELLO_SECONDS)
        connection.flush()
        return connection

    def be_private(self, secret: bytes) -> None:
        """Seal every connection from now on, with keys made out of a ticket's secret."""
        # 20 ms for `ssl` and 20 for the keys, paid only for a private talk.
        try:
            from chatlib.identity import derive, make_context
            from chatlib.sealed import Sealed
        except ModuleNotFoundError as error:
            if not str(error.name).startswith("cryptography"):
                raise
            raise StartError(NO_CRYPTOGRAPHY) from None
        server = self._role == "server"
        try:
            context = make_context(derive(secret), server=server)
        except OSError as error:
            why = f"SSLKEYLOGFILE names a file that cannot be written: {describe(error)}"
            raise StartError(why) from None
        # One context for all connections: to make it takes longer than a handshake.
        self._make_channel = lambda trace: Sealed(context, server=server, trace=trace)
        self.private = True
        if context.keylog_filename:
            self.terminal.notify(
                f"The keys of this talk are written to {context.keylog_filename}, as "
                "SSLKEYLOGFILE is set: whoever reads that file can read the talk."
            )

    # The process.

    def run(self) -> int:
        """Talk until it is over; return the exit code."""
        self._handle_signals()
        if is_pipe(STDOUT):
            self.loop.watch(STDOUT, READ, self._lose_reader)
        self.chat.start()
        # The garbage collector runs every 700 objects and need not look at what was made
        # until now. That saves 4 % of the time of a line.
        gc.freeze()
        gc.enable()  # `__main__` has turned it off for the imports
        while self.code is None:
            try:
                self.terminal.run()
            except ScreenClosedError as error:
                self._close_screen(error)
            except OSError as error:
                self._break_off(error)
        return self.code

    def _handle_signals(self) -> None:
        """Stop the chat at a signal, and restore the terminal after a pause."""
        # A signal that our parent ignores (nohup, a script's background job) stays so.
        # Python itself ignores SIGPIPE and SIGXFSZ: there the write fails instead.
        heeded = [each for each in _stopping() if signal.getsignal(each) != signal.SIG_IGN]
        self.loop.on_signals(heeded, self._stop)
        resume = self.terminal.resume
        self.loop.on_signals([signal.SIGCONT], lambda _: resume(), urgent=False)
        # A process in the background is stopped inside tcsetattr; after SIGCONT that call
        # is to go on instead of failing with EINTR.
        signal.siginterrupt(signal.SIGCONT, False)

    def _stop(self, number: int) -> None:
        """End the program because of a signal."""
        # A shell also ends a stopped job: it is continued for that in the background.
        ignore_stops()
        self.chat.stop(number)

    def _close_screen(self, error: ScreenClosedError) -> None:
        """Show nothing more, and end the program as soon as signals have been heard."""
        # The chat of the next talk may find the same screen: then it is no news.
        self.chat.close_screen()
        if not self._screen_closed:
            self._screen_closed = True
            self.terminal.remove_prompt()
            self.terminal.notify(f"{self.command}: {error}")
        # A signal that came at the same time is handled first: then that is the reason.
        code, words = error.code, error.words
        self.loop.call_later(0, lambda: self.chat.leave_without_screen(code, words))

    def _break_off(self, error: OSError) -> None:
        """End the talk because the system failed us; raise the error where there is none.

        Should it fail again, nothing is waited for any more.
        """
        self._failures += 1
        if self.chat.is_free:
            raise error
        if self._failures > 1:
            self.chat.stop_searching()
            return
        self.terminal.remove_prompt()
        sentence = f"{self.command}: the chat cannot go on: {describe(error)}"
        self.terminal.notify(sentence)
        self.chat.break_off(Exit.LOST, "its system failed")

    def _lose_reader(self, mask: int) -> None:
        """Handle that nobody reads our stdout: nothing else makes our end readable."""
        self.loop.forget(STDOUT)
        raise ScreenClosedError("the screen was closed (Broken pipe)")

    def close(self) -> None:
        """Release the terminal, the log and the signals."""
        self.terminal.close()
        self.keeping.close()
        self._log.close()
        self.loop.close()


def _stopping() -> list[int]:
    """Return the numbers of the SIGNALS that this system has, and the real-time ones."""
    named = [int(getattr(signal, each)) for each in SIGNALS if hasattr(signal, each)]
    if sys.platform == "darwin":
        named.remove(signal.SIGIO)  # there it is ignored by default
    first, last = getattr(signal, "SIGRTMIN", 1), getattr(signal, "SIGRTMAX", 0)
    return [*named, *range(first, last + 1)]


def run(
    name: str,
    role: str,
    description: str,
    begin: Callable[[Program], None],
    arguments: Sequence[str] | None,
) -> int:
    """Run `chatd` or `chatc` from its command line to its exit code.

    `begin` starts what the two do differently: listening, or connecting.
    """
    open_missing_descriptors()
    return choose_exit_code(_run(name, role, description, begin, arguments))


def _run(
    name: str,
    role: str,
    description: str,
    begin: Callable[[Program], None],
    arguments: Sequence[str] | None,
) -> int:
    """Do as `run` does; every error has become a sentence and a code."""
    try:
        settings = read_settings(name, description, arguments, epilog=EPILOG)
        for notice in settings.notices:
            _report(name, notice)
        program = Program(name, role, settings)
        try:
            begin(program)
            return program.run()
        finally:
            program.close()
    except ChatError as error:
        _report(name, str(error))
        return error.code
    except OSError as error:  # no descriptor or no memory left, even to begin with
        _report(name, describe(error))
        return Exit.START


def _report(name: str, sentence: str) -> None:
    """Write a sentence to stderr without a terminal of ours; a real one breaks at words."""
    from chatlib.terminal.wrap import fold  # 1 ms, only where something is wrong

    text = f"{name}: {visible(sentence)}"
    # Where there is no editor there may be no table of wide characters either.
    with suppress(OSError, ModuleNotFoundError):
        width = os.get_terminal_size(STDERR).columns
        if width > REPORT_INDENT:
            rows = fold(text, width, width - REPORT_INDENT)
            text = f"\n{' ' * REPORT_INDENT}".join(rows)
    report(text)
