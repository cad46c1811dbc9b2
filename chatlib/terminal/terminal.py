"""The interface between a chat and a terminal, as a base class.

`Plain` and `Edited` are its two implementations. Imports nothing that takes time to
load: both programs load it at every start.
"""

from collections import deque
from collections.abc import Callable


class Terminal:
    """A terminal on which nothing is typed and nothing is shown.

    Every method does nothing; a subclass overrides those for which it has a use. `start`
    is called first, then `run`, which calls back until the loop is stopped; `close` is
    called last. Methods that write to stdout raise ScreenClosedError when it is closed.
    """

    interactive = False
    """Whether a person sits at stdin, and not a pipe or a file."""

    own_name = "you"
    """What the person is called before own lines."""

    names_turns = False
    """Whether the speaker's name stands before messages also where turns alternate."""
    says_boards = False
    """Whether the board of a game is to be said in words instead of drawn."""
    edits = False
    """Whether lines are edited here: there is a status line, and notices never come between
    what is being typed."""

    # Input.

    def start(
        self, typed: Callable[[deque[str]], None], input_ended: Callable[[], None]
    ) -> None:
        """Set the callbacks for input.

        `typed(lines)` removes at least one line from the front of the deque. It is called
        again for the lines that are left, as long as lines are accepted (see `refresh`).
        `input_ended()` is called when no line will follow: Ctrl-D, the end of a file, a
        terminal that was closed.
        """

    def run(self) -> None:
        """Wait for input and call back until the loop is stopped."""

    @property
    def hung_up(self) -> bool:
        """Whether the terminal that a person sat at was closed."""
        return False

    def know_moves(self, is_move: Callable[[str], bool]) -> None:
        """Set what tells whether a typed line is a move: that has no name before it."""

    # Output.

    def show(self, text: str) -> None:
        """Show a line of the conversation, or a banner."""

    def show_messages(self, speaker: str, texts: list[str]) -> None:
        """Show messages of the peer, each after the name of the speaker.

        Without a speaker ("") each is the text alone. A text may hold line ends.
        """

    def show_own(self, text: str) -> None:
        """Show a message of the person that was typed before the prompt was there."""

    def show_pending(self, text: str, why: str) -> None:
        """Show that a typed line is kept for later, `because` of what `why` says."""

    def show_board(self, lines: list[str], number: int) -> None:
        """Show the board of a game, as `show` does for each of its lines.

        `number` is that of the game: of the same one a newer board may replace the last.
        """
        for line in lines:
            self.show(line)

    def notify(self, text: str) -> None:
        """Write a line about the chat to stderr."""

    def refuse(self, reason: str, text: str) -> None:
        """Show why a typed line was not accepted, and return the line to the person."""

    # The prompt and the status.

    def refresh(
        self, asking: bool, accepting: bool, describe: Callable[[], tuple[str, ...]]
    ) -> None:
        """Bring prompt, keyboard and status up to date.

        Called when all events of one read, or one typed line, have been handled. `asking`
        is whether the prompt is to be shown, `accepting` whether lines of a pipe are to be
        read, and `describe()` returns the parts of the state of the conversation.
        """

    def ask(self, prompt: str) -> None:
        """Ask with another prompt than the usual one; "" is the usual one.

        What is typed there is meant for nobody else: it is passed on like any line, but
        not shown again, and not kept in the history. To put the question off, the person
        types an empty line.
        """

    def show_status(self, describe: Callable[[], tuple[str, ...]]) -> None:
        """Show the state of the conversation, where there is a place for it."""

    def return_text(self, text: str) -> None:
        """Return a line to the person, to be changed and sent again."""

    def remove_prompt(self) -> None:
        """Stop asking; the next output begins on a line of its own."""

    def begin_line(self) -> None:
        """Begin a new line on the screen, because Ctrl-C left `^C` on this one."""

    def resume(self) -> None:
        """Restore prompt and settings after SIGCONT: a shell used the terminal before."""

    # The end of a conversation, and of the program.

    def discard_typed(self) -> None:
        """Discard the line that is being typed, because its reader has left."""

    def take_unsent(self) -> tuple[list[str], bool]:
        """Return the lines that were never passed on, and whether more follow them.

        Empty lines are left out: they would not have been sent anyway.
        """
        return [], False

    def close(self) -> None:
        """Restore the terminal for the next program."""
