"""Tickets: the line that is handed over, and its file."""

import os
import random
import re
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from chatlib.errors import Exit, TicketError
from chatlib.ticket import (
    LINE_LIMIT,
    Ticket,
    derive_bytes,
    make_secret,
    parse,
    read_ticket_file,
    write_ticket_file,
)
from tests.vectors import read_vectors

SECRET = bytes(range(32))

TICKET = Ticket(("192.0.2.7", "fe80::1%eth0"), 7777, SECRET)

LINE = TICKET.line

VECTORS = read_vectors()

DAMAGED = 100_000 if os.environ.get("CHAT_WHOLE") else 3_000
"""Damaged lines that are tried."""

TYPED = "0123456789abcdefghijklmnopqrstuvwxyz.:,[]%"

hosts = some.one_of(some.ip_addresses(v=4), some.ip_addresses(v=6)).map(str)


@given(
    some.lists(hosts, min_size=1, max_size=4, unique=True),
    some.integers(1, 65535),
    some.binary(min_size=32, max_size=32),
)
def test_a_line_is_read_as_it_was_written(
    addresses: list[str], port: int, secret: bytes
) -> None:
    """Also with blanks, line ends and hyphens of a mail program, and in capitals."""
    ticket = Ticket(tuple(addresses), port, secret)
    assert parse(ticket.line) == ticket
    assert len(ticket.line) <= LINE_LIMIT
    place, _, key = ticket.line.rpartition(":")
    assert parse(f" {place}:{key.upper()}\r\n") == ticket
    assert parse(f"{place}:\n  {key.replace('-', '')}") == ticket


@pytest.mark.parametrize("vector", VECTORS["tickets"], ids=lambda each: each["line"][:30])
def test_a_ticket_is_what_the_vectors_say(vector: dict[str, Any]) -> None:
    """So another implementation agrees with this one."""
    ticket = parse(vector["line"])
    assert list(ticket.addresses) == vector["addresses"]
    assert ticket.port == vector["port"]
    assert ticket.secret.hex() == vector["secret"]
    assert ticket.line == vector["line"]
    for role in ("server", "client"):
        seed = derive_bytes(ticket.secret, f"chat1 {role}")
        assert seed.hex() == vector[f"{role}_seed"]


@pytest.mark.parametrize("vector", VECTORS["damaged"], ids=lambda each: each["told"])
def test_a_damaged_ticket_is_told_what_the_vectors_say(vector: dict[str, str]) -> None:
    """Each kind of mistake has its own words."""
    with pytest.raises(TicketError) as caught:
        parse(vector["line"])
    assert str(caught.value) == vector["told"]
    assert caught.value.code == Exit.USAGE


def test_one_wrong_character_is_located_wherever_it_is() -> None:
    """Each place, with several other characters; hyphens are not looked at."""
    chance = random.Random(1)
    places = [place for place in range(len(LINE)) if LINE[place] != "-"]
    for place in places:
        for other in chance.sample(TYPED, 2):
            line = LINE[:place] + other + LINE[place + 1 :]
            if line.lower() != LINE:
                assert f"mistyped near character {place + 1}" in refusal(line)


def test_a_missing_or_extra_character_is_located() -> None:
    """To within the neighbours that are alike, and a hyphen."""
    for place in range(len(LINE)):
        if LINE[place] == "-":
            continue
        told = refusal(LINE[:place] + LINE[place + 1 :])
        assert "a character is missing near" in told
        assert abs(nearest(told, place + 1) - place - 1) <= 2
        other = "w" if LINE[place] != "w" else "j"
        told = refusal(LINE[:place] + other + LINE[place:])
        assert "one character too many near" in told
        assert abs(nearest(told, place + 1) - place - 1) <= 1


def test_two_neighbours_in_the_wrong_order_are_noticed() -> None:
    """It is the commonest mistake of who types."""
    for place in range(len(LINE) - 1):
        line = f"{LINE[:place]}{LINE[place + 1]}{LINE[place]}{LINE[place + 2 :]}"
        if "-" not in line[place : place + 2] and line != LINE:
            told = refusal(line)
            assert "in the wrong order near" in told
            assert str(place + 1) in re.findall(r"\d+", told)
        elif line.replace("-", "") != LINE.replace("-", ""):
            assert refusal(line)


def test_a_character_in_the_place_of_a_hyphen_is_one_too_many() -> None:
    """A hyphen itself means nothing, so nothing is missing."""
    for place in range(len(LINE)):
        if LINE[place] == "-":
            told = refusal(f"{LINE[:place]}q{LINE[place + 1 :]}")
            assert "one character too many near" in told
            assert abs(nearest(told, place + 1) - place - 1) <= 2


def test_every_place_of_many_tickets_is_located() -> None:
    """Whatever the addresses, the port and the secret are."""
    chance = random.Random(3)
    for number in range(30):
        hosts = [f"192.0.2.{chance.randrange(256)}", f"2001:db8::{number + 1:x}"]
        ticket = Ticket((*hosts,), chance.randrange(1, 65536), chance.randbytes(32))
        places = [place for place, each in enumerate(ticket.line) if each != "-"]
        for place in chance.sample(places, 3):
            other = chance.choice(TYPED)
            line = ticket.line[:place] + other + ticket.line[place + 1 :]
            if line != ticket.line:
                told = refusal(line)
                assert f"mistyped near character {place + 1}" in told, line
                assert " or " not in told, line


def test_a_line_that_is_long_and_wrong_is_refused_soon() -> None:
    """It is somebody's clipboard, who waits for an answer."""
    began = time.process_time()
    refusal((LINE[:20] + "1" * LINE_LIMIT)[: LINE_LIMIT - len(LINE)] + LINE[20:])
    assert time.process_time() - began < 3


def test_no_damaged_line_passes_for_a_ticket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to five characters are changed, left out or put in; where is not looked for."""
    monkeypatch.setattr("chatlib.ticket._explain", lambda line, places: "")
    chance = random.Random(2)
    for _ in range(DAMAGED):
        line = [*LINE]
        for _ in range(chance.randint(1, 5)):
            place = chance.randrange(len(line))
            line[place] = chance.choice(("", chance.choice(TYPED), line[place] + "q"))
        text = "".join(line)
        if text.replace("-", "") != LINE.replace("-", ""):
            assert refusal(text)


@settings(deadline=None)  # a long line is searched for its mistake
@given(some.text(max_size=500))
def test_any_text_is_a_ticket_or_refused(text: str) -> None:
    """No other error is raised, whatever somebody pastes."""
    for line in (text, LINE + text, LINE[:20] + text, LINE[: -len(text) or None] + text):
        try:
            parse(line)
        except TicketError as error:
            assert "\n" not in str(error)


def test_a_ticket_shows_its_secret_nowhere_but_in_its_line() -> None:
    """Not where it is printed by mistake, nor in an error."""
    shown = f"{TICKET!r} {TICKET} {TICKET:}"
    assert shown == " ".join(
        ["Ticket(addresses=('192.0.2.7', 'fe80::1%eth0'), port=7777)"] * 3
    )
    assert LINE.rpartition(":")[2][:9] not in refusal(LINE[:-1])


def test_secrets_differ() -> None:
    """They come from the system."""
    assert len({make_secret() for _ in range(100)}) == 100
    assert {len(make_secret()) for _ in range(100)} == {32}


# Its file.


def test_a_ticket_file_is_the_users_alone(tmp_path: Path) -> None:
    """Whatever the umask is, and what stood there before."""
    path = tmp_path / "ticket"
    path.write_text("old")
    path.chmod(0o644)
    write_ticket_file(str(path), TICKET)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == f"{LINE}\n"
    assert read_ticket_file(str(path)) == TICKET
    assert [each.name for each in tmp_path.iterdir()] == ["ticket"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o602, 0o660])
def test_a_file_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    """Who could read it gets in; who could write it chooses with whom one talks."""
    path = tmp_path / "ticket"
    write_ticket_file(str(path), TICKET)
    path.chmod(mode)
    with pytest.raises(TicketError, match=r"others may read .*chmod 600"):
        read_ticket_file(str(path))


def test_a_link_a_pipe_and_a_folder_are_refused(tmp_path: Path) -> None:
    """Without waiting for anybody."""
    write_ticket_file(str(tmp_path / "ticket"), TICKET)
    link, pipe, folder = tmp_path / "link", tmp_path / "pipe", tmp_path / "folder"
    link.symlink_to(tmp_path / "ticket")
    os.mkfifo(pipe, 0o600)
    folder.mkdir(0o700)
    for path, why in ((link, "is a link"), (pipe, "regular"), (folder, "directory")):
        with pytest.raises(TicketError, match=why):
            read_ticket_file(str(path))
        with pytest.raises(TicketError, match="no regular file"):
            write_ticket_file(str(path), TICKET)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_somebody_elses_file_is_refused(tmp_path: Path) -> None:
    """Its owner would choose with whom one talks."""
    path = tmp_path / "ticket"
    write_ticket_file(str(path), TICKET)
    os.chown(path, 65534, 65534)
    with pytest.raises(TicketError, match="is not yours"):
        read_ticket_file(str(path))


def test_a_ticket_in_several_rows_of_its_file_is_one(tmp_path: Path) -> None:
    """As an editor or a letter has broken it."""
    path = tmp_path / "ticket"
    path.write_text(f"{LINE[:40]}\n    {LINE[40:]}\n")
    path.chmod(0o600)
    assert read_ticket_file(str(path)) == TICKET


def test_a_file_without_a_ticket_is_named(tmp_path: Path) -> None:
    """The sentence says which file, and what is wrong with the line."""
    path = tmp_path / "ticket"
    for content, why in (
        (LINE[:-1], "missing near"),
        ("", "not a ticket"),
        ("x" * 999, "long"),
    ):
        path.write_text(content)
        path.chmod(0o600)
        with pytest.raises(TicketError, match=f"{path}: .*{why}"):
            read_ticket_file(str(path))
    with pytest.raises(FileNotFoundError):
        read_ticket_file(str(tmp_path / "none"))


def refusal(line: str) -> str:
    """Return what is said of a line that is no ticket."""
    with pytest.raises(TicketError) as caught:
        parse(line)
    return str(caught.value)


def nearest(told: str, place: int) -> int:
    """Return the place in a sentence that is nearest to this one."""
    return min(map(int, re.findall(r"\d+", told)), key=lambda each: abs(each - place))
