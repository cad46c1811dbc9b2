"""What changes where `make` has started the program: the words of advice, the exit code.

The run targets of the Makefile set CHAT_MAKE=1 in the program's environment. It is no
setting: nobody has to know of it, and only the functions of this module read it.
"""

import os
from collections.abc import Iterable, Mapping

VARIABLE = "CHAT_MAKE"
"""Set to 1 by the Makefile's run targets; any other value is as good as none."""

_TARGETS = {"chatd": "run-server", "chatc": "run-client"}

_OF_MAKE = ("host", "port", "mode", "private")
"""The options that have a variable of make's own; all others go into ARGS."""


def is_under_make(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether a run target of the Makefile has started this program."""
    # Asked each time, and not kept: it is asked once or twice in a run.
    return environment.get(VARIABLE) == "1"


def command(
    program: str, environment: Mapping[str, str] = os.environ, **options: str
) -> str:
    """Return what a person types to start `chatd` or `chatc` with these options.

    `command("chatd", port="7001")` is `chatd --port 7001`, and `make run-server PORT=7001`
    for a person who has used make. An option without a value, such as `again=""`, is a
    switch. The text can be typed into a shell as it stands.
    """
    from shlex import quote  # 0.4 ms, only where there is something to advise

    def join(keys: Iterable[str]) -> str:
        pairs = [["--" + key.replace("_", "-"), quote(options[key])] for key in keys]
        return " ".join(
            option if value == "''" else f"{option} {value}" for option, value in pairs
        )

    # Without make the options stand in the order in which they are given here.
    if not is_under_make(environment):
        return f"{program} {join(options)}".rstrip()
    words = [f"make {_TARGETS[program]}"]
    words += [
        f"{key.upper()}={quote(options[key] or '1')}" for key in _OF_MAKE if key in options
    ]
    rest = join(key for key in options if key not in _OF_MAKE)
    return " ".join([*words, f"ARGS={quote(rest)}"] if rest else words)


def option(key: str, value: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return what a person adds to the command: `--port 7001`, or make's `PORT=7001`."""
    return command("chatd", environment, **{key: value}).removeprefix(
        command("chatd", environment) + " "
    )


def choose_exit_code(code: int, environment: Mapping[str, str] = os.environ) -> int:
    """Return the code to end with: 0 for a person who runs make at a terminal.

    Under any other code make writes `make: *** [run-client] Error 130` below the goodbye.
    A person has read the goodbye; a script looks at the code, and it gets it.
    """
    # Both: a script may have a terminal for one of the two.
    if is_under_make(environment) and os.isatty(0) and os.isatty(1):
        return 0
    return code
