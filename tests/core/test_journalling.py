"""What a program with a journal notes by itself, and what its next start finds."""

import stat
from pathlib import Path

import pytest

from chatlib.journal import Journal, JournalError
from chatlib.journalling import Journalling, find_path
from chatlib.protocol.frames import Bye, Hello, Mode, Reason
from chatlib.protocol.session import Session
from tests.helpers import SESSION_ID

TOLD: list[str] = []
"""What the person was told during a test."""


def start(path: Path, role: str = "client", *, forget: bool = False) -> Journalling:
    """Return what a program that is started keeps."""
    opened = lambda: Journal.open(str(path), role, warn=TOLD.append)  # noqa: E731
    return Journalling(opened, role, forget=forget)


def kill(journalling: Journalling) -> None:
    """Release the file as the system does when a program is killed."""
    journalling._journal._release()


def new_session() -> Session:
    """Return the session of a client that has met its server."""
    session = Session(Hello(SESSION_ID, Mode.ANY, "Ann"), talks_first=True)
    session.begin(Hello(SESSION_ID, Mode.FREE, "Bob"), Mode.FREE, 0)
    return session


def talk(path: Path) -> tuple[Journalling, Session]:
    """Return the talk of a client: two lines of each, one of its own confirmed."""
    keeping, session = start(path), new_session()
    keeping.note(session)
    session.add_texts(["one", "two"])
    keeping.note(session)
    session.acknowledge(1)
    keeping.note_showing(2, ["three", "four"])
    keeping.note_shown(2)
    keeping.note(session)
    return keeping, session


def test_a_killed_program_goes_on_with_what_it_had_said_and_shown(tmp_path: Path) -> None:
    """The session, the last lines, and no mark."""
    keeping, _ = talk(tmp_path / "file")
    kill(keeping)
    again = start(tmp_path / "file")
    session = again.make_session()
    assert session and session.restarted
    assert (session.sent, session.acknowledged, session.shown) == (2, 1, 2)
    assert dict(session.unacknowledged) == {2: "two"}
    first, *lines = again.describe_past()
    assert first.startswith("This talk with Bob was interrupted at 2")
    assert lines == ["you: one", "you: two", "Bob: three", "Bob: four"]
    assert again.describe_again(3, 1) == ""


def test_lines_that_nobody_knows_of_are_marked_once(tmp_path: Path) -> None:
    """The program died between the screen and its note."""
    keeping, _ = talk(tmp_path / "file")
    keeping.note_showing(4, ["five", "six"])
    kill(keeping)
    again = start(tmp_path / "file")
    mark = "may have been shown before the interruption:"
    assert again.describe_again(5, 3) == f"The next 2 lines {mark}"
    assert again.describe_again(4, 1) == f"The next line {mark}"
    assert again.describe_again(5, 1) == ""


def test_nothing_is_noted_before_the_other_side_has_answered(tmp_path: Path) -> None:
    """Until then it is not known which numbers are free."""
    keeping, _ = talk(tmp_path / "file")
    kill(keeping)
    again = start(tmp_path / "file")
    session = again.make_session()
    assert session
    size = (tmp_path / "file").stat().st_size
    again.note(session)
    assert (tmp_path / "file").stat().st_size == size
    # The peer has shown one message more than we remember.
    session.begin(Hello(SESSION_ID, Mode.FREE, "Bob"), Mode.FREE, 3)
    again.note(session)
    assert [number for _, number, _ in session.add_texts(["seven"])] == [4]
    again.note(session)
    kill(again)
    session = start(tmp_path / "file").make_session()
    assert session and dict(session.unacknowledged) == {4: "seven"}


def test_drafts_come_back_until_they_are_sent_or_taken_back(tmp_path: Path) -> None:
    """In the order in which they were typed; one that cannot be sent does not return."""
    keeping, session = talk(tmp_path / "file")
    for text in ("a", "b", "c", "d"):
        keeping.note_draft(text)
    keeping.note_unsent()
    keeping.note_sending_draft()
    session.add_texts(["a"])
    keeping.note(session)
    keeping.note_refused(["b", "c"])  # it was sent: nothing to note
    keeping.note_sending_draft()
    keeping.note_refused(["c"])
    kill(keeping)
    assert start(tmp_path / "file").drafts == ("c",)


def test_a_goodbye_that_was_not_heard_is_said_again(tmp_path: Path) -> None:
    """The person had left, and need not do so twice."""
    keeping, session = talk(tmp_path / "file")
    farewell = Bye(Reason.QUIT, "see you")
    session.leave(farewell)
    keeping.note(session)
    kill(keeping)
    assert start(tmp_path / "file").farewell == farewell


def test_a_talk_that_is_over_leaves_no_file_and_any_other_is_kept(tmp_path: Path) -> None:
    """With the sentence that says so."""
    keeping, _ = talk(tmp_path / "file")
    assert keeping.finish(over=False) == (
        f"The talk is kept in {tmp_path}/file: the same command goes on with it, and"
        " --forget begins a new one."
    )
    keeping = start(tmp_path / "file")
    assert keeping.make_session()
    assert keeping.finish(over=True) == ""
    assert not [*tmp_path.iterdir()]


def test_a_start_that_has_found_nobody_leaves_no_file(tmp_path: Path) -> None:
    """There is nothing to go on with."""
    assert start(tmp_path / "file").finish(over=False) == ""
    assert not [*tmp_path.iterdir()]


def test_a_talk_is_forgotten_on_demand(tmp_path: Path) -> None:
    """The file begins anew."""
    keeping, _ = talk(tmp_path / "file")
    kill(keeping)
    assert start(tmp_path / "file", forget=True).make_session() is None


def test_a_server_keeps_no_seat_for_a_talk_without_messages(tmp_path: Path) -> None:
    """As it does with a client that is lost before the first one."""
    for role, kept in (("server", False), ("client", True)):
        keeping = start(tmp_path / role, role)
        keeping.note(new_session())
        kill(keeping)
        assert bool(start(tmp_path / role, role).make_session()) == kept


def test_words_about_a_game_count_as_shown(tmp_path: Path) -> None:
    """They have a number like any line."""
    keeping, _ = talk(tmp_path / "file")
    keeping.note_played(3, "offer hangman")
    kill(keeping)
    session = start(tmp_path / "file").make_session()
    assert session and session.shown == 3


def test_without_a_name_the_file_is_in_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for each role, host and port; nobody else may look into the folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = Path(find_path("client", "a/b", 7777))
    assert path == tmp_path / "state/chat/journal-client-a_b-7777"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(JournalError, match=r"the folder .* of the journal"):
        find_path("client", "localhost", 7777)


def test_without_a_home_a_name_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written into the root folder."""
    monkeypatch.setenv("HOME", "")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    with pytest.raises(JournalError, match="name a file, as in --journal FILE"):
        find_path("client", "localhost", 7777)
