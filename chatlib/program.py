"""What both programs do before and after the chat.

The one place where everything is built and wired: settings, loop, terminal, frame log,
chat, signals; and where every error becomes one sentence and an exit code. Only
`chatd` and `chatc` import it.
"""

import gc
import os
import signal
import socket
from collections.abc import Callable, Sequence
from itertools import count

from chatlib.chat import COMMANDS, HELP, Chat
from chatlib.connection import HELLO_SECONDS, Connection
from chatlib.errors import ChatError, Exit, ScreenClosedError, describe
from chatlib.framelog import LEGEND, FrameLog
from chatlib.lifeline import Lifeline
from chatlib.loop import READ, Loop
from chatlib.protocol.session import Session, Trace, silent
from chatlib.settings import Settings, read_settings
from chatlib.terminal.plain import Plain
from chatlib.terminal.streams import (
    STDIN,
    STDOUT,
    is_pipe,
    open_missing_descriptors,
    report,
)
from chatlib.terminal.visible import visible

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

EPILOG = f"""\
Commands in the chat:

{HELP}

Signs in a frame log: {LEGEND}

Exit codes: 0 goodbye, 1 connection lost, 2 wrong call, 3 could not start, 4 server busy,
128 + n ended by signal n.

"""


def open_terminal(loop: Loop, settings: Settings) -> "Plain | Edited":
    """Give a person at a real terminal the editor, everybody else the plain one."""
    bell, timestamps = settings.bell, settings.timestamps
    if settings.plain or not _can_edit():
        return Plain(loop, settings.prompt, bell=bell, timestamps=timestamps)
    try:
        from chatlib.terminal.edited import Edited  # 100 ms that only those pay
    except ModuleNotFoundError as error:
        if not str(error.name).startswith(("prompt_toolkit", "wcwidth")):
            raise
        return Plain(loop, settings.prompt, bell=bell, timestamps=timestamps)
    return Edited(
        loop,
        settings.prompt,
        bell=bell,
        timestamps=timestamps,
        status=not settings.no_status,
        history=not settings.no_history,
        commands=COMMANDS,
    )


def _can_edit() -> bool:
    """Whether a person sits at a terminal that can do more than print."""
    known = os.environ.get("TERM", "") not in ("", "dumb", "unknown")
    return known and os.isatty(STDIN) and os.isatty(STDOUT)


class Program:
    """The parts that a server and a client are made of.

    `command` is the program's name in its error messages. `role` is `server` or
    `client`: the word in logs, and this side's name unless the settings have another.
    """

    def __init__(
        self, command: str, role: str, settings: Settings, loop: Loop | None = None
    ) -> None:
        self.command = command
        self.settings = settings
        self.name = settings.name or role
        self.loop = loop or Loop()
        self.terminal = open_terminal(self.loop, settings)
        if role == "server":  # who has been lost knows the way back
            self.lifeline = Lifeline(self.loop, settings.keep, "waiting for it")
        else:
            self.lifeline = Lifeline(self.loop, settings.retry)
        self.chat = Chat(self.terminal, self.over, self.lifeline)
        self.code: int | None = None
        tell = self.terminal.notice
        self._log = FrameLog(role, settings.verbose, settings.frame_log, tell)
        self._numbers = count(1)
        self._again: Callable[[], None] | None = None

    def meet(
        self,
        sock: socket.socket,
        address: object,
        owner: "Owner",
        how: str,
        begin: Callable[[Trace], Session],
    ) -> Connection:
        """Make a connection whose peer has the time of a HELLO; say ours, if we are first.

        `how` it came to be is a word for the frame log; `begin` gives its session.
        """
        number = next(self._numbers)
        trace = self._log.make_trace(number) if self._log.enabled else silent
        trace("=", f"{how} {address}", b"")
        connection = Connection(self.loop, sock, address, begin(trace), owner, trace)
        connection.expire_in(HELLO_SECONDS)
        connection.flush()
        return connection

    def repeat(self, again: Callable[[], None] | None) -> None:
        """Call `again` instead of ending when the other side has ended the talk."""
        self._again = again

    def over(self, code: int, by_me: bool) -> None:
        """End the program with this exit code, or begin again."""
        if self._again and not by_me:
            self._again()
        else:
            left, more = self.terminal.take_back()
            for line in left:
                self.terminal.notice(f"Never sent: {line}")
            if more:
                self.terminal.notice("Never sent either: what came after that.")
            # A person sees what is given back; a script can only look at the code.
            lost = bool(left or more) and not self.terminal.interactive
            self.code = code or (Exit.LOST if lost else Exit.GOODBYE)
            self.loop.stop()

    def fail(self, error: ChatError) -> None:
        """End the program with a sentence, from within the loop: there was no talk."""
        self.chat.give_up(f"{self.command}: {error}", error.code)

    def run(self) -> int:
        """Talk until it is over; returns the exit code."""
        # A signal that our starter ignores (nohup, a script's background job) stays so.
        heeded = [each for each in SIGNALS if signal.getsignal(each) != signal.SIG_IGN]
        self.loop.on_signals(heeded, self.chat.stop)
        resume = self.terminal.resume
        self.loop.on_signals([signal.SIGCONT], lambda _: resume(), urgent=False)
        # Who wants the terminal in the background is stopped in tcsetattr, and is to go
        # on with it afterwards.
        signal.siginterrupt(signal.SIGCONT, False)
        if is_pipe(STDOUT):
            self.loop.watch(STDOUT, READ, self._lose_reader)
        self.chat.start()
        # What was made until now stays: the collector, which comes every 700 objects, need
        # not look at it again. That is 4 % of the time of a line.
        gc.freeze()
        while self.code is None:
            try:
                self.terminal.run()
            except ScreenClosedError as error:
                if self.chat.lose_screen():
                    self.terminal.withdraw()
                    self.terminal.notice(f"{self.command}: {error}")
                # A signal that was behind it is heard first: then that is the reason.
                self.loop.call_later(0, self.chat.leave_blind)
        return self.code

    def _lose_reader(self, mask: int) -> None:
        """Nobody reads stdout any more: nothing else can happen at our end of a pipe."""
        self.loop.forget(STDOUT)
        raise ScreenClosedError("the screen was closed (Broken pipe)")

    def close(self) -> None:
        """Give back terminal, log and signals."""
        self.terminal.close()
        self._log.close()
        self.loop.close()


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
    try:
        settings = read_settings(name, description, arguments, epilog=EPILOG)
        program = Program(name, role, settings)
        try:
            begin(program)
            return program.run()
        finally:
            program.close()
    except ChatError as error:
        report(f"{name}: {visible(str(error))}")
        return error.code
    except OSError as error:  # no descriptor or no memory left, even to begin with
        report(f"{name}: {visible(describe(error))}")
        return Exit.START


TYPE_CHECKING = False  # see `connection`
if TYPE_CHECKING:
    from chatlib.connection import Owner
    from chatlib.terminal.edited import Edited
