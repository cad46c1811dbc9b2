"""What outlives the program: nothing, unless the person wants a journal.

A connection and the parts of a chat report to a `Keeping` what must not be lost. This one
keeps nothing, and costs next to nothing. With `--journal` one of `journalling` takes its
place.
"""

from collections.abc import Iterable, Sequence

from chatlib.protocol.frames import Bye
from chatlib.protocol.session import Session


class Keeping:
    """A memory that forgets everything."""

    # Whether what is reported outlives the program.
    lasts = False
    # Lines that were typed before their time, and were not sent when the program died.
    drafts: Sequence[str] = ()
    # Our goodbye in a talk that goes on: it was said, and not heard.
    farewell: Bye | None = None

    def make_session(self) -> Session | None:
        """Return the talk that is to go on; None if there is none."""
        return None

    def describe_past(self) -> list[str]:
        """Return what to show of the talk that goes on; nothing if there is none."""
        return []

    def note(self, session: Session) -> None:
        """Note what the talk has gained; called before any bytes of it are sent."""

    def note_showing(self, number: int, texts: Sequence[str]) -> None:
        """Note lines of the peer that are about to be shown; `number` is the last one's."""

    def note_shown(self, number: int) -> None:
        """Note that the peer's lines up to `number` are on the screen."""

    def note_played(self, number: int, words: str) -> None:
        """Note words of the peer about a game, before anything is made of them."""

    def note_draft(self, text: str) -> None:
        """Note a line that was typed before its time."""

    def note_unsent(self) -> None:
        """Note that the newest draft was returned to the person."""

    def note_sending_draft(self) -> None:
        """Note that the oldest draft is the next line to be sent."""

    def note_refused(self, drafts: Iterable[str]) -> None:
        """Note that the oldest draft could not be sent; these are left."""

    def describe_again(self, number: int, count: int) -> str:
        """Return the mark of `count` lines up to `number`, if they may have been shown."""
        return ""

    def finish(self, over: bool) -> str:
        """Forget a talk that is over, and keep any other; return a sentence about it."""
        return ""

    def begin_anew(self) -> None:
        """Forget the talk: the person has ended it, and another one follows."""

    def close(self) -> None:
        """Release what is kept for the next start."""
