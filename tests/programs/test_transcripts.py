"""The assignment sheet's transcripts, byte for byte, on real terminals."""

import re
from pathlib import Path

import pytest

from harness.script import Script
from harness.stage import Stage

FOLDER = Path(__file__).parent.parent.parent / "harness" / "conversations"

SERVER = """\
Server listening on: localhost on port: 7777
Connected by ('127.0.0.1', 60441)
Waiting for message...
Hello
Type /q to quit
Enter message to send...
>How are you?
Good. You?
>Good
Bye
>Bye
"""

CLIENT = """\
Connected to: localhost on port: 7777
Type /q to quit
Enter message to send...
>Hello
How are you?
>Good. You?
Good
>Bye
Bye
>/q
"""


HINTS = ("Type /q to quit", "Enter message to send...")


@pytest.mark.parametrize("piece", [0, 1], ids=["whole", "byte-by-byte"])
def test_stdout_is_the_assignment_sheet_byte_for_byte(piece: int, tmp_path: Path) -> None:
    """Only the ports differ, and stderr has one line that says how the chat ended."""
    with Stage(tmp_path, piece) as stage:
        stage.play(Script.read(FOLDER / "assignment.chat"))
        server, client = stage.players["server"], stage.players["client"]
        caller = server.screen.lines[1].rpartition(" ")[2].rstrip(")")
        called = client.screen.lines[0].rpartition(" ")[2]
        expected = SERVER.replace("7777", str(stage.port)).replace("60441", caller)
        assert bytes(server.raw) == expected.replace("\n", "\r\n").encode()
        expected = CLIENT.replace("7777", called)
        assert bytes(client.raw) == expected.replace("\n", "\r\n").encode()
        assert [len(player.errors.lines) for player in (server, client)] == [1, 1]


def guided(transcript: list[str], place: int, beginning: str) -> list[str]:
    """Return a transcript without its hints, but with the sentence that is in their place.

    The assignment sheet's form is that of the plain terminal.
    """
    left = [line for line in transcript if line not in HINTS]
    return [
        *left[:place],
        f"{beginning} Enter sends, /q leaves.",
        *left[place:],
    ]


def test_on_the_edited_terminal_the_screen_reads_the_same(tmp_path: Path) -> None:
    """After all prompts have come and gone, but for edges and what a new user is told."""
    lines = (FOLDER / "assignment.chat").read_text("utf-8").splitlines()
    kept = [line for line in lines if "plain" not in line and not line.endswith(HINTS)]
    with Stage(tmp_path, terminal="edited") as stage:
        stage.play(Script.parse("assignment", "\n".join(kept)))
        server, client = stage.players["server"], stage.players["client"]
        caller = server.screen.lines[1].rpartition(" ")[2].rstrip(")")
        port = str(stage.port)
        expected = SERVER.replace("7777", port).replace("60441", caller).splitlines()
        whole = CLIENT.replace("7777", port).splitlines()
        for player, texts in (
            (server, guided(expected, 3, "The client writes first:")),
            (client, guided(whole, 1, "You may write now:")),
        ):
            for line, shown in zip(texts, player.view.lines, strict=True):
                assert line in player.screen.readings(shown)
        assert [server.view.row, client.view.row] == ["", ""]


def test_every_byte_was_delivered_on_its_own(tmp_path: Path) -> None:
    """The frame log of the run byte by byte has no read of more than one byte."""
    with Stage(tmp_path, 1) as stage:
        stage.play(Script.read(FOLDER / "assignment.chat"))
        for actor in ("server", "client"):
            frames = stage.frames(actor, 10_000)
            reads = [line for line in frames if re.match(r"~ read \d+ bytes", line)]
            single = [line for line in reads if line.startswith("~ read 1 bytes")]
            assert len(reads) > 100
            assert single == reads, actor
            assert "~ read 1 bytes: header 3 of 8" in single
