"""A talk with a journal: what happens is noted in time, and a restart goes on with it.

The session is the truth. Before each write `note` compares it with what was noted last, so
that no caller has to remember to report. `journal` has the order of writes.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from chatlib.errors import describe
from chatlib.files import find_folder
from chatlib.journal import Journal, JournalError
from chatlib.keeping import Keeping
from chatlib.past import Past
from chatlib.peer import call
from chatlib.protocol.frames import Hello
from chatlib.protocol.session import WINDOW, Session

LINES_SHOWN = 10
"""Lines of the talk that a restart shows again, at most."""


class Journalling(Keeping):
    """The memory of one program in a file, which `opened()` opens: see `Journal.open`.

    With `forget` the talk in it is forgotten. Raises JournalError.
    """

    lasts = True

    def __init__(
        self, opened: Callable[[], tuple[Journal, Past]], role: str, *, forget: bool
    ) -> None:
        self._opened = opened
        self._role = role
        self._open()
        if forget:
            self.begin_anew()

    def _open(self) -> None:
        self._journal, past = self._opened()
        self._past = past
        self.drafts = tuple(past.drafts)
        # A server that has neither sent nor shown a message seats its client like a new
        # one, so that nobody else is kept out.
        client = self._role == "client"
        # Its client sends all that was not confirmed, and finds nothing missing.
        self._goes_on = past.has_talk and (client or past.has_messages)
        # What was noted last of the session.
        self._peer: Hello | None = None
        self._sent = past.sent.messages
        self._acknowledged = past.acknowledged.messages
        self._farewell = self.farewell = past.farewell if self._goes_on else None
        # How many of the messages that are noted next were drafts.
        self._from_drafts = 0
        # Up to which number the peer's lines may have been shown before, and whether that
        # is a bound only: the machine itself had stopped.
        self._uncertain = past.uncertain
        self._is_bound = past.uncertain == past.shown.messages + WINDOW

    # The talk before this start.

    def make_session(self) -> Session | None:
        """Return the talk that is to go on, as it was noted; None if there is none."""
        if not self._goes_on:
            return None
        return self._past.make_session(talks_first=self._role == "client")

    def describe_past(self) -> list[str]:
        """Return since when the talk was interrupted, and its last lines."""
        past, session = self._past, self.make_session()
        if session is None:
            return []
        name, speaker = call(session)
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(past.when))
        first = f"This talk with {name} was interrupted at {since}, and goes on"
        last = [*past.history][-LINES_SHOWN:]
        lines = [f"{'you' if line.ours else speaker}: {line.text}" for line in last]
        return [f"{first}; its last lines:" if lines else f"{first}.", *lines]

    def describe_again(self, number: int, count: int) -> str:
        """Return the mark of `count` lines up to `number`, if they may have been shown."""
        again = min(number, self._uncertain) - (number - count)
        if again <= 0:
            return ""
        what = "The next line" if again == 1 else f"The next {again} lines"
        return f"{what} may have been shown before the interruption:"

    # What happens.

    def note(self, session: Session) -> None:
        """Note what the talk has gained, and wait for the disk where that is wanted."""
        if session.peer is None or session.restarted:
            return  # a stranger, or nobody has answered since the start
        journal = self._journal
        # Each HELLO makes a new one: so the first call of a connection is known. It comes
        # before a message of ours can have a number that the journal does not know, so
        # what was sent beyond that number was sent before the restart, and lost.
        if session.peer is not self._peer:
            self._peer = session.peer
            journal.note_talk(session)
            self._sent = max(self._sent, session.sent if self._goes_on else 0)
            self._goes_on = True
        if session.sent > self._sent:
            self._note_sent(session)
        if session.farewell and not self._farewell:
            self._farewell = session.farewell
            journal.note_farewell(session.farewell)
        if session.acknowledged > self._acknowledged:
            self._acknowledged = session.acknowledged
            journal.note_acknowledged(session.acknowledged)
        journal.commit()

    def _note_sent(self, session: Session) -> None:
        count = session.sent - self._sent
        # From the end, because up to some thousand older ones may wait to be confirmed.
        new = [*islice(reversed(session.kept), count)]
        new.reverse()
        self._sent = session.sent
        drafts, self._from_drafts = self._from_drafts, 0
        self._journal.note_sent(new, drafts)

    def note_showing(self, number: int, texts: Sequence[str]) -> None:
        """Note lines of the peer that are about to be shown; `number` is the last one's."""
        self._journal.note_showing(number, texts)

    def note_shown(self, number: int) -> None:
        """Note that the peer's lines up to `number` are on the screen."""
        self._journal.note_shown(number)
        # What a restart was sent again has come in one go; a later line is new.
        if self._is_bound:
            self._uncertain = 0

    def note_played(self, number: int, words: str) -> None:
        """Note words of the peer about a game, before anything is made of them."""
        self._journal.note_played(number, words)
        self._journal.note_cleared()

    def note_draft(self, text: str) -> None:
        """Note a line that was typed before its time."""
        self._journal.note_draft(text)

    def note_unsent(self) -> None:
        """Note that the newest draft was returned to the person."""
        self._journal.note_unsent()

    def note_sending_draft(self) -> None:
        """Note that the oldest draft is the next line to be sent."""
        self._from_drafts = 1

    def note_refused(self, drafts: Iterable[str]) -> None:
        """Note that the oldest draft could not be sent; these are left."""
        if not self._from_drafts:
            return
        self._from_drafts = 0
        left = [*drafts]
        # There is no record for the oldest alone: all are noted again.
        for _ in range(len(left) + 1):
            self._journal.note_unsent()
        for text in left:
            self._journal.note_draft(text)

    # The end.

    def finish(self, over: bool) -> str:
        """Remove the journal of a talk that is over, and keep any other."""
        # Also a file without a talk: a start that has found nobody leaves nothing behind.
        if over or not (self._goes_on or self._past.drafts):
            self._journal.end()
            return ""
        # Then the person was told so, and nothing can be promised.
        lost = self._journal.failed
        self._journal.note_time()
        self._journal.close()
        if lost:
            return ""
        return (
            f"The talk is kept in {self._journal.path}: the same command goes on with it,"
            " and --forget begins a new one."
        )

    def begin_anew(self) -> None:
        """Forget the talk: the person has ended it, and another one follows."""
        self._journal.end()
        self._open()

    def close(self) -> None:
        """Release the journal, and keep it for the next start."""
        self._journal.close()


def find_path(role: str, host: str, port: int) -> str:
    """Return the file of a journal that has no name of its own; make its folder.

    It lies in the user's state folder. Raises JournalError.
    """
    folder = find_folder("XDG_STATE_HOME", ".local/state")
    if folder is None:
        raise JournalError("no home folder is known: name a file, as in --journal FILE")
    folder = os.path.join(folder, "chat")
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
    except OSError as error:
        raise JournalError(
            f"the folder {folder} of the journal: {describe(error)}"
        ) from None
    place = host.replace(os.sep, "_")
    return os.path.join(folder, f"journal-{role}-{place}-{port}")
