"""A program that dies at any moment, and a power cut that leaves anything of what it wrote.

A talk is played until the program with the journal makes one call of the system after the
other, and dies behind it. Then every disk that may be left is tried: a new program is
started on it, finds the other one again, and three more lines are said each way. What the
two screens were told decides, and not what the journal says.

Of the disks a part is tried here, and all of them with CHAT_WHOLE=1 (`make crashes`).
"""

import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count, groupby, islice
from typing import NamedTuple, TypeVar

import pytest

from chatlib.cipher import Cipher
from chatlib.past import LOST_TEXT
from chatlib.protocol.frames import Mode
from tests.simulation.crashes import PATH, Person, Program, Shown, exchange, meet
from tests.simulation.disk import CrashError, Files, ModelDisk
from tests.simulation.world import Verdict, judge

T = TypeVar("T")

WHOLE = bool(os.environ.get("CHAT_WHOLE"))

SEEDED = 300 if WHOLE else 20
"""Disks by chance for each crash, where too many writes are pending to try every subset:
of all cases together more than 10,000."""

EVERY = 1 if WHOLE else 29
"""Of so many disks one is tried."""


class Case(NamedTuple):
    """Which program has the journal, how the two take turns, and what it outlasts."""

    role: str
    mode: Mode
    sync: bool
    cipher: Cipher | None = None

    def __str__(self) -> str:
        seal = "-sealed" if self.cipher else ""
        return (
            f"{self.role}-{self.mode.name.lower()}-{'sync' if self.sync else 'kill'}{seal}"
        )


CASES = [
    Case(role, mode, sync)
    for role in ("client", "server")
    for mode in (Mode.TURNS, Mode.FREE)
    for sync in (True, False)
]
CASES.append(Case("client", Mode.FREE, True, Cipher(bytes(32))))

SYNCED = [case for case in CASES if case.sync]
UNSYNCED = [case for case in CASES if not case.sync]


class Crash(NamedTuple):
    """What is left when the program has died: its disk, its person, and the other one."""

    case: Case
    disk: ModelDisk
    person: Person
    other: Program


def talk(
    program: Program, other: Program, rounds: int, mode: Mode, games: bool = True
) -> None:
    """Let both say something in each round, and play; in free talk in runs, too."""
    meet(program, other)
    pair = sorted((program, other), key=lambda each: each.role)
    for number in range(rounds):
        for speaker in pair:
            lines = 1 if mode is Mode.TURNS else 1 + number % 3
            texts = [f"{speaker.role} {number}.{at}" for at in range(lines)]
            speaker.say(texts)
            if mode is Mode.FREE:
                speaker.say([f"{speaker.role} {number}, before anything came"])
            # In free talk both have something on the way, and ACKs wait for each other.
            if mode is Mode.TURNS or number % 2:
                exchange(program, other, hurry=mode is Mode.TURNS)
        if games and number % 2:
            pair[number // 2 % 2].play(f"word {number}")
        exchange(program, other)


def opposite(
    case: Case, person: Person | None = None, disk: ModelDisk | None = None
) -> Program:
    """Start the other program, which has no journal or one on this disk."""
    role = "server" if case.role == "client" else "client"
    return Program(role, person or Person(), case.mode, disk, case.sync)


def crash(
    case: Case, at: int, rounds: int, leaver: str = "", other: Program | None = None
) -> tuple[ModelDisk, Program, Program] | None:
    """Play a talk until call number `at`; None if it ends before."""
    disk, person, other = ModelDisk(), Person(), other or opposite(case)
    disk.crash_at = at
    program = None
    try:
        program = start(case, person, disk)
        talk(program, other, rounds, case.mode)
        if leaver:
            (program if leaver == case.role else other).leave()
            exchange(program, other)
    except CrashError:
        return disk, program or Program(case.role, person, case.mode), other
    return None


def crashes(case: Case, rounds: int = 3, leaver: str = "") -> Iterator[Crash]:
    """Yield what is left behind each call, with and without the bytes on their way."""
    for at in count(1):
        for delivered in (False, True):
            found = crash(case, at, rounds, leaver)
            if not found:
                return
            disk, program, other = found
            if delivered:
                other.receive(program.outbox)
            other.lose()
            yield Crash(case, disk, program.person, other.survive())
            if not program.outbox:
                break


def restart(left: Crash, files: Files, boot: bytes) -> tuple[Program, Program]:
    """Start the program on a disk, for the same person, and let the two meet."""
    person, other = left.person.copy(), left.other.survive()
    person.see_it_die()
    program = start(left.case, person, ModelDisk(files, boot, salt=left.disk.calls))
    meet(program, other)
    return program, other


def start(case: Case, person: Person, disk: ModelDisk) -> Program:
    """Start the program with the journal on a disk."""
    return Program(case.role, person, case.mode, disk, case.sync, case.cipher)


def verdict(said: list[str], unsure: set[str], screen: list[Shown]) -> Verdict:
    """Return what became of what was said; what is marked may have been shown before."""
    seen = set[str]()
    shown = list[str]()
    for line in screen:
        if not (line.marked and line.text in seen):
            shown.append(line.text)
        seen.add(line.text)
    return judge([text for text in said if text in seen or text not in unsure], shown)


def assert_whole(program: Program, other: Program) -> None:
    """Check that nothing is lost, doubled or late, and that at most one run is marked."""
    assert not program.error and not other.error, (program.error, other.error)
    assert_told(program.person, other.person)


def assert_told(one: Person, other: Person) -> None:
    """Check what the two screens show of what the two have said."""
    for writer, reader in ((one, other), (other, one)):
        found = verdict(writer.said, writer.unsure, reader.screen)
        assert found == Verdict(), (writer.said, writer.unsure, reader.screen)
        played = [Shown(words, False) for words in reader.played]
        found = verdict(writer.told, writer.unsure, played)
        assert found == Verdict(), (writer.told, writer.unsure, reader.played)
    for person in (one, other):
        runs = [marked for marked, _ in groupby(line.marked for line in person.screen)]
        assert sum(runs) <= 1, person.screen


def assert_honest(one: Program, other: Program) -> None:
    """Check that what counts as delivered was shown, or played, on the other side."""
    for writer, reader in ((one, other), (other, one)):
        seen = {line.text for line in reader.person.screen} | {*reader.person.played}
        assert writer.session.acknowledged <= len(seen)


def speak(program: Program, other: Program, name: str) -> None:
    """Let both say three lines more."""
    talkers = sorted((program, other), key=lambda each: not each.session.has_turn())
    for number in range(3):
        for speaker in talkers:
            speaker.say([f"{name} of {speaker.role}: {number}"])
            exchange(program, other)


def try_disk(left: Crash, files: Files, boot: bytes) -> None:
    """Start again on a disk, talk, die, start again, and talk again: nothing is missing."""
    program, other = restart(left, files, boot)
    assert_whole(program, other)
    assert_honest(program, other)
    speak(program, other, "after")
    assert_whole(program, other)
    lines = len(program.person.screen)
    assert program.disk
    other.lose()
    again = start(left.case, program.person, ModelDisk(program.disk.files(), boot, salt=-1))
    meet(again, other)
    assert len(again.person.screen) == lines, "nothing is shown again"
    speak(again, other, "again")
    assert_whole(again, other)


def try_unsynced(left: Crash, files: Files) -> str:
    """Start again on a disk that was never synced; return what has become of the talk."""
    program, other = restart(left, files, b"2")
    if program.error or other.error:
        # The journal has forgotten lines that this screen had shown.
        before = start(left.case, Person(), ModelDisk(files)).session.shown
        showed = len({line.text for line in left.person.screen}) + len(left.person.played)
        assert before < showed, (before, program.error, other.error)
        return "parted"
    lost = [
        text
        for text in program.person.said
        if not any(line.text == text for line in other.person.screen)
    ]
    unsynced = b"".join(data for _, _, data in left.disk.pending)
    assert all(text.encode() in unsynced for text in lost)
    program.person.unsure |= {*lost}
    # Each that has one behind it is replaced, so that the number is used.
    replaced = [line for line in other.person.screen if line.text == LOST_TEXT]
    assert len(replaced) <= len(lost)
    other.person.screen = [line for line in other.person.screen if line.text != LOST_TEXT]
    assert_whole(program, other)
    speak(program, other, "after")
    assert_whole(program, other)
    return "lost" if lost else "whole"


def repairs(left: Crash, files: Files, dice: random.Random) -> Iterator[Files]:
    """Yield what is left when a start on a disk is killed, or loses power, at each call."""
    for at in count(1):
        disk = ModelDisk(files, b"2", salt=at)
        disk.crash_at = at
        try:
            start(left.case, Person(), disk)
        except CrashError:
            yield disk.files()
            yield from disks(left._replace(disk=disk), dice)
        else:
            return


def writes(case: Case, rounds: int) -> Iterator[tuple[Crash, bytes]]:
    """Yield what a long talk would leave if it died in each write, and what is written."""
    found = list[tuple[Crash, bytes]]()
    disk, person, other = ModelDisk(), Person(), opposite(case)

    def remember(data: bytes) -> None:
        files = ModelDisk(disk.files(), disk.boot)
        found.append((Crash(case, files, person.copy(), other.survive()), data))

    program = start(case, person, disk)
    disk.before_write = remember
    talk(program, other, rounds, case.mode)
    yield from found


def sample(all_of_them: Iterable[T], dice: random.Random) -> Iterator[T]:
    """Yield a part of them, spread evenly; all with CHAT_WHOLE=1."""
    return islice(all_of_them, dice.randrange(EVERY), None, EVERY)


def disks(left: Crash, dice: random.Random) -> Iterator[Files]:
    """Yield all disks that a power cut may leave."""
    yield from left.disk.torn()
    yield from left.disk.subsets(SEEDED, dice)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_program_that_is_killed_anywhere_loses_and_doubles_nothing(case: Case) -> None:
    """Behind every call, and in the middle of every write; without any sync, too."""
    dice, tried = random.Random(str(case)), 0
    for left in crashes(case):
        for files in sample((left.disk.files(), *left.disk.cut_short()), dice):
            tried += 1
            try_disk(left, files, left.disk.boot)
    assert tried > 400 / EVERY


@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_programs_are_killed_and_find_each_other_again(case: Case) -> None:
    """Behind every call of one of them; both have a journal."""
    for at in count(1):
        found = crash(case, at, 3, other=opposite(case, disk=ModelDisk(salt=5)))
        if not found:
            break
        disk, program, other = found
        assert other.disk
        program.person.see_it_die()
        again = start(case, program.person, ModelDisk(disk.files(), salt=at))
        back = opposite(case, other.person, ModelDisk(other.disk.files(), salt=-at))
        meet(again, back)
        assert_whole(again, back)
        assert_honest(again, back)
        speak(again, back, "after")
        assert_whole(again, back)
    assert at > 20


@pytest.mark.parametrize("case", SYNCED, ids=str)
def test_a_power_cut_anywhere_loses_and_doubles_nothing_with_sync(case: Case) -> None:
    """Whatever is left of what was written last."""
    dice, tried = random.Random(str(case)), 0
    for left in crashes(case):
        for files in sample(disks(left, dice), dice):
            tried += 1
            try_disk(left, files, b"2")
    assert tried > 1000 / EVERY


@pytest.mark.parametrize("case", UNSYNCED, ids=str)
def test_a_power_cut_without_sync_loses_no_more_than_is_documented(case: Case) -> None:
    """Lines of ours that the other side has not shown; or the talk cannot go on."""
    dice, ends = random.Random(str(case)), Counter[str]()
    for left in crashes(case, rounds=5):
        for files in sample(disks(left, dice), dice):
            ends[try_unsynced(left, files)] += 1
    assert {"whole", "lost", "parted"} <= ends.keys(), ends


@pytest.mark.parametrize("case", SYNCED, ids=str)
def test_a_crash_while_a_damaged_journal_is_repaired_loses_nothing(case: Case) -> None:
    """Killed again behind each call of the start, and with the power cut there, too."""
    dice, tried = random.Random(str(case)), 0
    for left in islice(crashes(case), 10, None):
        torn = list(left.disk.torn())
        if not torn:
            continue
        first = dice.choice(torn)
        for files in sample(repairs(left, first, dice), dice):
            tried += 1
            try_disk(left, files, b"3")
            broken = [name for name in files if "broken" in name]
            assert not broken or files[broken[0]] == first[PATH], "it is kept as it was"
    assert tried > 200 / EVERY


@pytest.mark.parametrize("case", SYNCED, ids=str)
def test_a_damaged_file_is_kept_however_its_repair_is_interrupted(case: Case) -> None:
    """By a kill or a power cut behind any call."""
    dice, tried = random.Random(str(case)), 0
    left = max(crashes(case), key=lambda left: len(left.disk.files().get(PATH, b"")))
    damaged = left.disk.files()[PATH] + b"torn"
    for files in repairs(left, {PATH: damaged}, dice):
        tried += 1
        assert damaged in files.values()
    assert tried > 50


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_journal_of_200_records_is_cut_at_every_byte(case: Case) -> None:
    """In the middle of every write: the other side has then confirmed what it has."""
    dice, tried = random.Random(str(case)), 0
    lefts = list(writes(case, rounds=45))
    for left, data in lefts:
        size = len(left.disk.names[PATH].content)
        for length in sample(range(len(data)), dice):
            tried += 1
            files = left.disk.files()
            files[PATH] += data[:length]
            program, other = restart(left, files, left.disk.boot)
            assert_whole(program, other)
            assert_honest(program, other)
    assert len(lefts) >= 200 and size > 6000 and tried > 6000 // EVERY


@pytest.mark.parametrize("case", UNSYNCED, ids=str)
def test_a_long_journal_that_was_never_synced_is_cut_at_every_byte(case: Case) -> None:
    """The other side has then confirmed all: what is lost is what is documented."""
    disk, other = ModelDisk(), opposite(case)
    program = start(case, Person(), disk)
    talk(program, other, 30, case.mode, games=False)
    other.lose()
    left = Crash(case, disk, program.person, other.survive())
    content, ends = disk.files()[PATH], Counter[str]()
    for size in sample(range(len(disk.names[PATH].safe), len(content)), random.Random(1)):
        ends[try_unsynced(left, {PATH: content[:size]})] += 1
    assert ends["parted"] and not ends["lost"], "the other side had shown all that was lost"


@pytest.mark.parametrize("role", ["client", "server"])
@pytest.mark.parametrize("leaver", ["client", "server"])
def test_a_program_that_is_killed_in_its_goodbye_loses_nothing(
    role: str, leaver: str
) -> None:
    """And when both have said goodbye, there is no journal any more."""
    case = Case(role, Mode.FREE, True)
    for left in crashes(case, 1, leaver):
        for files in (left.disk.files(), *left.disk.cut_short()):
            if left.other.session.over or PATH not in files:
                # One of them has forgotten the talk: all was said, and was shown.
                left.person.see_it_die()
                assert_told(left.person, left.other.person)
                continue
            program, other = restart(left, files, left.disk.boot)
            if program.session.can_talk:
                program.leave()
                exchange(program, other)
            assert_whole(program, other)
            assert program.disk and PATH not in program.disk.files()
