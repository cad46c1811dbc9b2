"""Lines that begin with a slash: which commands there are, and what each of them does.

A command is a row in HELP, one in COMPLETIONS, and a method of `Commands`.
"""

from collections.abc import Callable

from chatlib.ending import LISTED, list_lines
from chatlib.memory import Memory
from chatlib.outbox import Outbox
from chatlib.playing import Playing
from chatlib.protocol.frames import FAREWELL_LIMIT
from chatlib.standing import Standing
from chatlib.terminal.terminal import Terminal

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
/decline      turn down the game that is offered
/move MOVE    make a move; a line that is just a move of the game is one, too
/board        show the board again
/resign       give the game up
/admit        on the server: let in who asks for the seat of a client that was lost
/help         show these lines
Every other line is sent; in turns, one that comes too early waits until it is your turn."""

# In the order of HELP. NAMES is derived from it, and tests compare NAMES with HELP and
# with _COMMANDS.
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


class Commands:
    """The commands of one chat: each acts on the part of the chat that it concerns.

    `leave(words)` is called for `/q`.
    """

    # What `/admit` does. Only a server sets it: a client has nobody to let in.
    admit: Callable[[], None] | None = None

    def __init__(
        self,
        terminal: Terminal,
        memory: Memory,
        outbox: Outbox,
        playing: Playing,
        standing: Standing,
        leave: Callable[[str], None],
    ) -> None:
        self._terminal = terminal
        self._memory = memory
        self._outbox = outbox
        self._playing = playing
        self._standing = standing
        self._leave = leave

    def run(self, line: str) -> None:
        """Do what a line asks for; explain a line that is no command."""
        found = parse(line)
        if found:
            name, rest = found
            _COMMANDS[name](self, rest)
        else:
            self._terminal.notify(explain_unknown(line))

    def _quit(self, words: str) -> None:
        if len(words.encode("utf-8", "replace")) > FAREWELL_LIMIT:
            self._terminal.notify(f"Cut to {FAREWELL_LIMIT} bytes: {words}")
        self._leave(words)

    def _say(self, text: str) -> None:
        if self._playing.question:
            # A slip of one key would show the peer what is hidden from it.
            reason = "Not sent, a question waits for its answer: just Enter puts it off"
            # As it was typed: `/word` alone would be a command that there is not.
            self._terminal.refuse(reason, f"/{text}" if text[:1] == SLASH else text)
        elif text:
            self._outbox.send_one(text)
        else:
            self._terminal.notify("Not sent, /say needs a text: /say TEXT")

    def _find(self, words: str) -> None:
        if not words.strip():
            self._terminal.notify("Not done, find what? /find WORDS")
            return
        if not self._terminal.interactive:
            self._terminal.notify("Not done, /find is for a keyboard.")
            return
        # The newest stand last, above the prompt, where the person looks.
        count, found = self._memory.find(words, LISTED)
        if not found:
            self._terminal.notify(f"No message of this run has: {words}")
            return
        if count > LISTED:
            self._terminal.notify(f"{count} messages have this, the last {LISTED} are:")
        for line in found:
            self._terminal.notify(line)

    def _show_people(self, rest: str) -> None:
        self._terminal.notify(self._standing.describe_people())

    def _show_standing(self, rest: str) -> None:
        for line in self._standing.describe_talk():
            self._terminal.notify(line)
        list_lines(self._terminal.notify, "Kept for later", self._outbox.drafts)

    def _help(self, rest: str) -> None:
        for line in HELP.split("\n"):
            self._terminal.notify(line)

    def _admit(self, rest: str) -> None:
        """Let in who asks for the seat of our lost peer, if this is the server."""
        if self.admit:
            self.admit()
        else:
            self._terminal.notify("Only the server can do that: it is the one that waits.")


_COMMANDS: dict[str, Callable[[Commands, str], None]] = {
    "/q": Commands._quit,
    "/say": Commands._say,
    "/play": lambda commands, name: commands._playing.offer(name),
    "/decline": lambda commands, _: commands._playing.act(lambda table: table.decline()),
    "/move": lambda commands, move: commands._playing.move(move.strip()),
    "/board": lambda commands, _: commands._playing.act(lambda table: table.show_board()),
    "/resign": lambda commands, _: commands._playing.act(lambda table: table.resign()),
    "/unsend": lambda commands, _: commands._outbox.unsend(),
    "/find": Commands._find,
    "/status": Commands._show_standing,
    "/who": Commands._show_people,
    "/admit": Commands._admit,
    "/help": Commands._help,
}
