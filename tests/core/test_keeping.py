"""Without a journal nothing outlives the program, and nothing of a journal is loaded."""

import subprocess
import sys

from chatlib.keeping import Keeping
from chatlib.protocol.frames import Hello, Mode
from chatlib.protocol.session import Session
from harness.stage import ROOT
from tests.helpers import SESSION_ID


def test_nothing_is_kept() -> None:
    """Whatever is noted, no talk goes on, and nobody is told of one."""
    keeping = Keeping()
    session = Session(Hello(SESSION_ID, Mode.ANY, "Ann"), talks_first=True)
    keeping.note(session)
    keeping.note_showing(1, ["one"])
    keeping.note_shown(1)
    keeping.note_played(2, "offer hangman")
    keeping.note_draft("two")
    keeping.note_sending_draft()
    keeping.note_refused(["two"])
    keeping.note_unsent()
    keeping.begin_anew()
    keeping.close()
    assert keeping.make_session() is None
    assert not keeping.lasts and not keeping.drafts and not keeping.farewell
    assert keeping.describe_past() == []
    assert keeping.describe_again(1, 1) == ""
    assert keeping.finish(over=False) == ""


def test_the_programs_load_no_journal_unless_it_is_wanted() -> None:
    """Who uses none does not wait for its import."""
    code = (
        "import sys, chatd.__main__, chatc.__main__; "
        "print([name for name in sys.modules if 'journal' in name or 'past' in name])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout == "[]\n"
