"""The command `chatc`, also `python3 -m chatc`: the client."""

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

from chatc.connector import Connector
from chatlib.program import Program, run

DESCRIPTION = "Connect to a server and talk with it."


def begin(program: Program) -> None:
    """Start to connect to the server."""
    if not program.settings.private:
        Connector(program).start()
        return
    from chatc.invitation import accept  # only for a private talk

    Connector(program, accept(program)).start()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the client and return its exit code."""
    return run("chatc", "client", DESCRIPTION, begin, arguments)


if __name__ == "__main__":
    sys.exit(main())
