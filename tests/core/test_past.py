"""What a journal's records add up to, and that they can be made again."""

import random

from chatlib.past import HISTORY, STAMP, TIME, WORDS, Line, Past, make_record
from chatlib.protocol.frames import Bye, Hello, Kind, Mode, Reason
from chatlib.protocol.session import WINDOW, Count
from chatlib.record import DRAFTED, KEPT, PAST, THEIRS, Note

NAME = Hello(bytes(16), Mode.TURNS, "Ann")


def line(ours: bool, number: int, text: str = "text") -> Line:
    """Return a line with this number, before which there were no words about games."""
    return Line(ours, number, number, float(number), text.encode())


def copy(past: Past) -> Past:
    """Return the past that a new file contains."""
    other = Past()
    for record in past.records():
        other.apply(record)
    return other


def wander(past: Past, dice: random.Random) -> None:
    """Add a message or an ACK by chance."""
    chance = dice.random()
    if chance < 0.4:
        count, ours = past.sent, True
    else:
        count, ours = past.showing, False
    note = dice.choice((Note.TEXT, Note.TEXT, Note.GAME))
    texts = count.texts + (note is Note.TEXT)
    message = Line(ours, count.messages + 1, texts, 5.0, b"text")
    if chance < 0.7:
        past.apply(make_record(note, 0, message))
    elif chance < 0.8:
        number = dice.randint(past.acknowledged.messages, past.sent.messages)
        past.acknowledge(past.count_sent(number))
    elif chance < 0.9:
        count = past.showing
        past.apply((Note.ACK, 0, count.messages, STAMP.pack(count.texts, 0.0)))
    else:
        past.apply((Note.DRAFT, 0, 0, b"later" if chance < 0.97 else b""))


def test_a_new_file_contains_the_same_as_the_old_one() -> None:
    """After a thousand talks by chance; what is too old to be shown again aside."""
    for seed in range(1000):
        dice, past = random.Random(seed), Past()
        past.hello = past.peer = NAME
        past.farewell = Bye(Reason.QUIT, "see you")
        for _ in range(dice.randrange(80)):
            wander(past, dice)
        copied = copy(past)
        # Which of the lines is about to be shown is seen from the counts.
        past.history.extend(past.coming)
        past.coming.clear()
        assert vars(copied) == vars(past), f"seed {seed}"


def test_a_new_file_without_a_talk_contains_nothing() -> None:
    """But what counts nothing, and what was noted about a game."""
    past = Past()
    assert [note for note, _, _, _ in past.records()] == [Note.STATE, Note.STATE]
    past.apply((Note.ASIDE, 0, 0, b"salt"))
    assert vars(copy(past)) == vars(past)


def test_each_record_adds_what_it_tells() -> None:
    """And nothing else."""
    past = Past()
    assert not past.has_talk and not past.has_messages
    past.apply((Note.HELLO, 0, 0, NAME.encode()))
    past.apply((Note.HELLO, THEIRS, 0, NAME._replace(name="Bob").encode()))
    assert past.has_talk and past.peer and past.peer.name == "Bob"
    past.apply((Note.DRAFT, 0, 0, b"first"))
    past.apply((Note.DRAFT, 0, 0, b"second"))
    past.apply((Note.DRAFT, 0, 0, b""))
    past.apply(make_record(Note.TEXT, DRAFTED, line(True, 1, "first")))
    past.apply((Note.DRAFT, 0, 0, b""))
    assert past.has_messages and not past.drafts
    assert [each.text for each in past.history] == ["first"]
    past.apply((Note.ACK, THEIRS, 1, STAMP.pack(1, 0.0)))
    assert past.acknowledged == past.sent == Count(1, 1) and not past.kept
    past.apply((Note.TIME, 0, 0, TIME.pack(2.0)))
    past.apply(make_record(Note.TEXT, 0, line(False, 1)))
    assert past.when == 2.0, "a clock that goes back does not count"
    assert (past.showing, past.shown) == (Count(1, 1), Count(0, 0))
    past.apply((Note.ACK, 0, 1, STAMP.pack(1, 0.0)))
    assert past.shown == Count(1, 1)
    past.apply(make_record(Note.GAME, 0, Line(False, 2, 1, 3.0, b"play")))
    past.apply((Note.ASIDE, 0, 0, b"salt"))
    assert past.shown == Count(2, 1)
    assert [each.line.text for each in past.words] == ["play", "salt"]
    past.apply((Note.CLEARED, 0, 0, b""))
    past.apply((Note.BYE, 0, 1, Bye(Reason.QUIT, "bye").encode()))
    past.apply((Note.TIME, 0, 0, TIME.pack(77.0)))
    past.apply((Note.START, 0, 0, b"run"))
    assert past.farewell == Bye(Reason.QUIT, "bye") and not past.words
    assert (past.when, past.boot, past.stopped) == (77.0, b"run", False)
    past.apply((Note.STOP, 0, 0, b""))
    assert past.stopped


def test_messages_up_to_a_number_are_counted() -> None:
    """Those that are kept, for an ACK that does not cover all."""
    past = Past()
    for number in (1, 2, 3):
        past.add_message(Note.TEXT, 0, line(True, number))
    assert past.count_sent(2) == Count(2, 2)
    assert past.count_sent(3) == Count(3, 3)


def test_a_message_that_is_acknowledged_already_is_not_kept() -> None:
    """Whatever a damaged file says."""
    past = Past()
    past.acknowledge(Count(2, 2))
    past.add_message(Note.TEXT, 0, line(True, 1))
    assert not past.kept and past.sent == Count(2, 2)


def test_lines_after_which_nothing_was_shown_come_again() -> None:
    """Only what was perhaps shown is uncertain; after a power cut that is not known."""
    for stopped, boot, uncertain in (
        (True, b"2", 1),
        (False, b"1", 3),
        (False, b"2", 1 + WINDOW),
        (False, b"", 1 + WINDOW),
    ):
        past = Past()
        for number in (1, 2, 3):
            past.add_message(Note.TEXT, 0, line(False, number))
        past.apply((Note.ACK, 0, 1, STAMP.pack(1, 0.0)))
        past.boot, past.stopped = b"1", stopped
        # In a new file they may stand among the old lines.
        compacted = copy(past)
        compacted.boot, compacted.stopped = b"1", stopped
        for each in (past, compacted):
            each.settle(boot)
            assert each.uncertain == uncertain
            assert [old.number for old in each.history] == [1]


def test_in_a_new_file_nothing_is_uncertain() -> None:
    """The first lines of a talk were never on a screen before."""
    past = Past()
    past.settle(b"this run of the machine")
    assert past.uncertain == 0


def test_a_session_is_made_of_what_is_known() -> None:
    """Its talk goes on with the next HELLO."""
    past = Past()
    past.hello = past.peer = NAME
    past.add_message(Note.TEXT, 0, line(True, 1, "a"))
    past.settle(b"")
    session = past.make_session(talks_first=False)
    assert [*session.kept] == [(Kind.TEXT, 1, b"a")]
    assert (session.hello, session.peer, session.mode) == (NAME, NAME, Mode.TURNS)


def test_only_the_last_lines_and_words_are_kept() -> None:
    """So that a long talk costs no memory."""
    past = Past()
    for number in range(1, 5000):
        past.add_message(Note.TEXT, 0, line(True, number))
        past.acknowledge(past.sent)
        past.add_message(Note.GAME, PAST, line(False, number))
    assert (len(past.history), len(past.words)) == (HISTORY, WORDS)


def test_records_of_unknown_kinds_are_ignored() -> None:
    """As a later version of the same format may have them."""
    past = Past()
    past.apply((0x55, 0, 0, b"what"))
    assert vars(past) == vars(Past())


def test_messages_that_were_counted_before_change_no_count() -> None:
    """They are there to be shown, or to be sent, again."""
    past = Past()
    past.apply(make_record(Note.TEXT, PAST, line(True, 5)))
    past.apply(make_record(Note.TEXT, PAST, line(False, 6)))
    assert (past.sent, past.showing, len(past.history)) == (Count(0, 0), Count(0, 0), 2)
    past.apply(make_record(Note.TEXT, KEPT, line(True, 7)))
    assert len(past.history) == 2 and len(past.kept) == 1


def test_the_other_side_saying_goodbye_is_no_goodbye_of_ours() -> None:
    """We have not left because of it."""
    past = Past()
    past.apply((Note.BYE, THEIRS, 0, Bye(Reason.QUIT, "").encode()))
    assert past.farewell is None


def test_lines_of_a_run_that_are_not_shown_do_not_count() -> None:
    """A slow screen shows a run in pieces."""
    past = Past()
    for number in (1, 2, 3):
        past.add_message(Note.TEXT, 0, line(False, number))
    assert past.count_shown(2) == Count(2, 2)
    past.apply((Note.ACK, 0, 2, STAMP.pack(2, 0.0)))
    assert [each.number for each in past.history] == [1, 2]
    past.settle(b"")
    assert [each.number for each in past.history] == [1, 2]


def test_holes_are_filled_with_messages_of_the_same_kind() -> None:
    """As far as that is known by the lines that were counted behind them."""
    past = Past()
    past.add_message(Note.TEXT, 0, Line(True, 2, 1, 0.0, b"a"))  # 1 was about a game
    past.add_message(Note.TEXT, 0, Line(True, 4, 3, 0.0, b"b"))  # 3 was a line
    past.sent = Count(6, 4)  # one of 5 and 6 was a line
    past.settle(b"")
    assert [(note, entry.number) for note, entry in past.kept] == [
        (Note.GAME, 1),
        (Note.TEXT, 2),
        (Note.TEXT, 3),
        (Note.TEXT, 4),
        (Note.TEXT, 5),
        (Note.GAME, 6),
    ]
    assert past.lost == 4
