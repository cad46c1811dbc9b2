"""The command `chatd`, also `python3 -m chatd`: the server."""

import gc
import signal
import sys
from collections.abc import Sequence

# During the imports below Ctrl-C would end in a traceback. The default action just ends
# the program; the loop replaces it later.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# All that the imports make stays. To look for garbage in it 24 times takes 1.2 ms; the
# program turns the collector on again when the talk can begin.
gc.disable()

from chatd.listener import Listener
from chatlib.program import Program, run

DESCRIPTION = "Wait for one client and talk with it."


def begin(program: Program) -> None:
    """Listen for a client; with `--again`, for one client after the other."""
    listener = Listener(program)
    listener.open()
    if program.settings.again:
        program.again = listener.wait_again


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server and return its exit code."""
    return run("chatd", "server", DESCRIPTION, begin, arguments)


if __name__ == "__main__":
    sys.exit(main())
