"""Lines that begin with a slash: which commands there are, and what a line asks for.

Pure: text in, words out. What a command does is the chat's business.
"""

# A slash and not a colon or a point, because people know it from IRC.
SLASH = "/"
"""How a line begins that is a command and not a message."""

HELP = """\
/q [WORDS]    leave the chat, with a last word if you like
/say TEXT     send TEXT, also when it is a move or begins with a slash; //TEXT sends /TEXT
/play GAME    offer a game; /play alone takes one that is offered, or plays again
/decline      do not take it
/move MOVE    make a move; what is just a move of the game is one anyway
/board        show the board again
/resign       give the game up
/admit        on the server: let in who asks for the seat of a client that was lost
/help         show these lines
Everything else is sent as it is; where you take turns, when it is yours."""

# In the order of HELP. NAMES is derived from it, and tests compare NAMES with HELP and
# with the commands that the chat handles.
COMPLETIONS = (
    *("/q", "/say ", "/play ", "/decline", "/move ", "/board", "/resign", "/admit"),
    "/help",
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
    name = line.partition(" ")[0]
    meant = " Did you mean /q?" if name.lower() in QUIT_WORDS else ""
    return f"There is no command {name} (see /help); /{line} sends it as text.{meant}"
