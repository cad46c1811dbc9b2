"""Lines that begin with a slash: which commands there are, and what a line asks for.

Pure: text in, words out. What a command does is the chat's business.
"""

# A slash and not a colon or a point, because people know it from IRC.
SLASH = "/"
"""How a line begins that is a command and not a message."""

# One line each, in the order of use: how to leave, what to send, what to ask, games.
HELP = """\
/q [WORDS]    leave the chat, with a last word if you like
/say TEXT     send TEXT even if it is a move or begins with a slash; short: //TEXT
/unsend       take the last line back that is kept for later
/find WORDS   show the messages of this run that have these words
/status       show how the talk stands
/who          show who talks with whom
/play GAME    offer a game; /play alone takes one that is offered, or plays again
/decline      do not take it
/move MOVE    make a move; a line that is just a move of the game is one, too
/board        show the board again
/resign       give the game up
/admit        on the server: let in who asks for the seat of a client that was lost
/help         show these lines
Every other line is sent; in turns, one that comes too early waits until it is your turn."""

# In the order of HELP. NAMES is derived from it, and tests compare NAMES with HELP and
# with the commands that the chat handles.
COMPLETIONS = (
    *("/q", "/say ", "/unsend", "/find ", "/status", "/who"),
    *("/play ", "/decline", "/move ", "/board", "/resign", "/admit", "/help"),
)
"""What a line may begin with; a blank at the end where something has to follow."""

NAMES = frozenset(each.rstrip() for each in COMPLETIONS)

QUIT_WORDS = ("/quit", "/exit", "/bye", "/q!", "/q")
"""What else people type when they want to leave, in small letters."""


def parse(line: str) -> tuple[str, str] | None:
    """Return the name of a command and what follows it; None if there is no such command.

    `//TEXT` is short for `/say /TEXT`.
    """
    if line[:2] == "//":
        return "/say", line[1:]
    name, _, rest = line.partition(" ")
    return (name, rest) if name in NAMES else None


def explain_unknown(line: str) -> str:
    """Return a sentence about a line that begins like a command and is none."""
    # The first word alone: `/quit now` is meant like `/quit`.
    name = line.partition(" ")[0]
    meant = " Did you mean /q?" if name.lower() in QUIT_WORDS else ""
    return f"There is no command {name} (see /help); /{line} sends it as text.{meant}"
