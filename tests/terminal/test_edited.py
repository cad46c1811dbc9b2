"""The edited terminal: in real programs on real terminals, and alone in this process.

The conversation files of the harness cover ordinary use. Here are the bytes that reach
the terminal, its settings afterwards, and the shell that started the program.
"""

import curses
import os
import re
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from chatlib.terminal import streams
from harness import wire
from harness.child import ROWS
from harness.keys import keys
from harness.stage import PATIENCE
from tests.helpers import Place
from tests.processes import counted, threads
from tests.terminal.pane import (
    ANNOUNCED,
    CLIENT,
    HALF,
    STANDING,
    Desk,
    Pane,
    Peer,
    announced,
    open_client,
    types_half,
)
from tests.terminal.seat import Script, Seat

PYTHON = sys.executable


def open_server(desk: Desk, *arguments: str) -> tuple[Pane, str]:
    """Start an edited server; return its terminal and its port."""
    options = ("--port", "0", "--mode", "free", "--keep", "0")
    pane = desk.opens(PYTHON, "-m", "chatd", *options, *arguments)
    desk.until(lambda: re.search(rb"on port: \d+\r\n", pane.raw), "the banner")
    return pane, pane.raw.split(b"on port: ")[1].split()[0].decode()


# What arrives while a line is being typed.


def test_a_message_is_shown_above_the_line_being_typed(desk: Desk, peer: Peer) -> None:
    """The line, its cursor and the status under it stay as they are."""
    client = open_client(desk, peer)
    types_half(desk, client, "half a line")
    client.presses(keys("Left Left"))
    desk.until(lambda: client.view.before_cursor == ">half a li")
    peer.says("hi")
    desk.until(lambda: client.shows("  server: hi", ">half a line"))
    assert client.rows[-3:] == ["  server: hi", ">half a line", STANDING]
    assert client.view.before_cursor == ">half a li"
    client.presses("ttle \r")
    assert peer.hears() == "half a little ne"


def test_no_key_ever_strays_into_a_message(desk: Desk, peer: Peer) -> None:
    """200 keys and messages come at the same moments: no key is echoed into a message."""
    client = open_client(desk, peer)
    raw = client.attributes
    for number in range(200):
        peer.says(f"m{number}")
        client.presses("\r" if number % 20 == 19 else "x")
        typed = ">" + "x" * ((number + 1) % 20)
        desk.until(lambda: f"m{number}\r".encode() in client.raw)  # noqa: B023
        desk.until(lambda: client.shows(typed))  # noqa: B023
        assert client.attributes == raw
    said = [line for line in client.lines[2:-1] if line.startswith("  server: ")]
    assert said == [f"  server: m{number}" for number in range(200)]
    lines = [line for line in client.lines[2:-1] if not line.startswith("  server: ")]
    assert lines == ["> you: " + "x" * 19] * 10


def test_during_a_burst_of_messages_a_key_is_echoed_within_a_second(
    desk: Desk, tmp_path: Path
) -> None:
    """All 20,000 messages stand in the terminal's scrollback, in order."""
    lines = [f"line {number}" for number in range(20_000)]
    (tmp_path / "lines").write_text("\n".join(lines))
    server, port = open_server(desk)
    desk.opens("bash", "-c", 'exec "$@" < lines', "-", *CLIENT, "--port", port)
    desk.until(lambda: b"line 0\r" in server.raw)
    before, begin = len(server.raw), time.monotonic()
    server.presses("#")
    desk.until(lambda: b"#" in server.raw[before:])
    assert time.monotonic() - begin < 1
    assert b"line 19999\r" not in server.raw
    desk.until(lambda: server.ended)
    said = [line for line in server.lines if line.startswith("  client: ")]
    assert said == [f"  client: {line}" for line in lines]


def test_after_a_resize_the_whole_line_is_shown(desk: Desk, peer: Peer) -> None:
    """In a narrower, a wider and a lower window, with nothing of the old picture left."""
    client = open_client(desk, peer)
    line = "".join(map(chr, range(ord("0"), ord("v"))))  # 70 characters, all different
    types_half(desk, client, line)
    for rows, columns in ((24, 40), (24, 100), (5, 40), (24, 80)):
        client.resizes(rows, columns)
        picture = [f">{line}"[at : at + columns] for at in range(0, 71, columns)]
        picture.append(STANDING if len(STANDING) <= columns else " with the server")
        desk.until(lambda: client.view.at_rest and client.rows[-len(picture) :] == picture)  # noqa: B023
    client.types("!")
    assert peer.hears() == f"{line}!"
    desk.until(
        lambda: client.shows(
            "- Both may write: Enter sends, /q leaves.", f"> you: {line}!", ">"
        )
    )


# What is written to the terminal.

SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|.)", re.DOTALL)
HARMLESS = re.compile(rb"\x1b\[(?:[0-9;]*[ABCDHJKm]|\?(?:1|7|12|25|1004|2004)[hl])")
"""Move, erase, colour; cursor keys, wrapping, blinking and hidden cursor, reports of the
focus, paste marks."""


def sequences(pane: Pane) -> set[bytes]:
    """Return every escape sequence that was written to a terminal."""
    return set(SEQUENCE.findall(pane.raw))


def test_only_harmless_escape_sequences_are_written(desk: Desk, peer: Peer) -> None:
    """No query of the cursor, which would cost a second; no title, no alternate screen."""
    client = open_client(desk, peer)
    client.presses("/\t\t")
    desk.until(lambda: any(row.startswith(" /q  /say  ") for row in client.rows))
    client.presses(keys("Ctrl-U") + "\x1b[200~one\rtwo\x1b[201~\r")
    assert (peer.hears(), peer.hears()) == ("one", "two")
    client.resizes(10, 40)
    peer.says("\x1b]0;title\x07\x1b[?1049h\x1b[6n")
    desk.until(lambda: client.shows("  server: ^[]0;title^G^[[?1049h^[[6n", ">"))
    client.types("/q")
    assert peer.hears() == "<>"
    peer.leaves()
    desk.until(lambda: client.ended)
    assert client.view.title == ""
    assert {each for each in sequences(client) if not HARMLESS.fullmatch(each)} == set()


def test_lines_end_with_carriage_return_and_line_feed(desk: Desk, peer: Peer) -> None:
    """A recording of the terminal stays readable."""
    client = open_client(desk, peer)
    client.types("hello")
    assert peer.hears() == "hello"
    peer.says("hi")
    desk.until(lambda: client.shows("> you: hello", "  server: hi", ">"))
    assert b"hello\r\n" in client.raw
    assert b" hi\r\n" in client.raw


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        pytest.param({}, True, id="default"),
        pytest.param({"NO_COLOR": ""}, True, id="NO_COLOR-empty"),
        pytest.param({"NO_COLOR": "1"}, False, id="NO_COLOR-set"),
        pytest.param({"TERM": "vt100"}, False, id="vt100"),
        pytest.param({"TERM": "xterm"}, True, id="xterm"),
        pytest.param({"TERM": "never-heard-of"}, True, id="unknown-terminal"),
    ],
)
def test_names_are_coloured_where_the_terminal_can_and_no_color_is_unset(
    desk: Desk, peer: Peer, environment: dict[str, str], coloured: bool
) -> None:
    """An empty NO_COLOR counts as unset."""
    client = open_client(desk, peer, **environment)
    client.types("/nonsense")
    desk.until(lambda: b"//nonsense" in client.raw)
    peer.says("hi")
    desk.until(lambda: client.shows("  server: hi", ">"))
    dyes = {each for each in sequences(client) if re.search(rb"[;\[][349]\d[;m]", each)}
    assert dyes == ({b"\x1b[1;36m", b"\x1b[1;32m"} if coloured else set())


def test_the_bell_rings_at_a_message_while_no_line_is_typed(desk: Desk, peer: Peer) -> None:
    """Only with `--bell`."""
    client = open_client(desk, peer, "--bell")
    rung: list[int] = []
    for typed in ("", "x", ""):
        client.presses(keys("Ctrl-U") + typed)
        desk.until(lambda: client.shows(f">{typed}"))  # noqa: B023
        peer.says("hi")
        desk.until(lambda: client.raw.count(b" hi\r\n") > len(rung))
        desk.until(lambda: client.shows("  server: hi", f">{typed}"))  # noqa: B023
        rung.append(client.raw.count(b"\a"))
    assert rung == [1, 1, 2]


def test_without_the_option_no_bell_rings(desk: Desk, peer: Peer) -> None:
    """Neither at a message nor at a key that has nothing to delete."""
    client = open_client(desk, peer)
    peer.says("hi")
    client.presses(keys("Backspace Delete Left Right Up Down") + "there")
    desk.until(lambda: client.shows("  server: hi", ">there"))
    assert b"\a" not in client.raw


def test_a_message_of_many_lines_goes_and_comes_with_its_line_ends(
    desk: Desk, peer: Peer
) -> None:
    """It is one message on the way, and its further lines stand under the first."""
    client = open_client(desk, peer)
    client.presses("\x1b[200~one\r two\x1b[201~" + keys("Ctrl-O"))
    assert peer.hears() == "one\n two"
    peer.says("three\nserver: four")
    rows = ("> you: one", "        two", "  server: three", "          server: four", ">")
    desk.until(lambda: client.shows(*rows))


def test_what_was_delivered_is_never_reported_as_unsent(desk: Desk, peer: Peer) -> None:
    """Not even when it is recalled, and stands in the line at the goodbye."""
    client = open_client(desk, peer)
    client.presses("\x1b[200~one\rtwo\x1b[201~\r")
    assert (peer.hears(), peer.hears()) == ("one", "two")
    desk.until(lambda: client.shows("> you: two", ">"))
    client.presses("typed" + keys("Up"))
    desk.until(lambda: client.shows(">one", "two"))
    peer.leaves()
    desk.until(lambda: client.ended)
    assert b"Never sent: typed" in client.raw
    assert b"Never sent: one" not in client.raw


def test_with_timestamps_the_time_stands_before_each_minute(desk: Desk, peer: Peer) -> None:
    """Before the peer's lines and before one's own."""
    client = desk.opens(*CLIENT, *peer.place, "--timestamps")
    peer.meets()
    desk.until(lambda: client.shows(">"))
    client.types("hello")
    assert peer.hears() == "hello"
    peer.says("hi")
    desk.until(lambda: b" hi\r\n" in client.raw and client.shows(">"))
    said = client.lines[:-1]
    assert re.fullmatch(r"\d\d:\d\d - Connected to: .+", said[0])
    assert [line[6:] for line in said[-2:]] == ["> you: hello", "  server: hi"]
    # All but the first of a minute have a blank instead.
    assert sum(line[:6] == " " * 6 for line in said) >= len(said) - 2


# What the keyboard sends.

FAMILY, FLAG, WAVE, ACCENT = (
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1e9\U0001f1ea",
    "\U0001f44b\U0001f3fd",
    "e\u0301",
)


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(FAMILY, id="family"),
        pytest.param(FLAG, id="flag"),
        pytest.param(WAVE, id="skin-tone"),
        pytest.param(ACCENT, id="accent"),
        pytest.param("日", id="wide"),
    ],
)
def test_a_grapheme_is_deleted_and_passed_as_one_character(
    desk: Desk, peer: Peer, one: str
) -> None:
    """By Backspace, Delete and the arrows, however many code points it has."""
    client = open_client(desk, peer)
    for pressed, heard in (
        (f"a{one}{one}z", f"a{one}{one}z"),
        (f"a{one}{one}{keys('Backspace')}z", f"a{one}z"),
        (f"a{one}{one}{keys('Left')}z", f"a{one}z{one}"),
        (f"a{one}{one}{keys('Left Left Delete')}z", f"az{one}"),
        (f"a{one}{one}{keys('Ctrl-A Right Right')}z", f"a{one}z{one}"),
    ):
        client.types(pressed)
        assert peer.hears() == heard


def test_control_keys_go_by_graphemes_too(desk: Desk, peer: Peer) -> None:
    """Ctrl-B and Ctrl-F are arrows, Ctrl-H is Backspace, Ctrl-D in a line is Delete."""
    client = open_client(desk, peer)
    for pressed, heard in (
        (f"a{FAMILY}{keys('Ctrl-H')}z", "az"),
        (f"a{FAMILY}{keys('Ctrl-B')}z", f"az{FAMILY}"),
        (f"{FAMILY}a{keys('Ctrl-A Ctrl-F')}z", f"{FAMILY}za"),
        (f"{FAMILY}a{keys('Ctrl-A Ctrl-D')}z", "za"),
    ):
        client.types(pressed)
        assert peer.hears() == heard


def test_typed_bytes_that_are_not_utf_8_are_reported_and_replaced(
    desk: Desk, peer: Peer
) -> None:
    """A keyboard with another encoding does not end the program."""
    client = open_client(desk, peer)
    client.presses(b"a\xff\xfeb\r")
    assert peer.hears() == "a\ufffd\ufffdb"
    notice = "- Your line is not all UTF-8: what is not was replaced by \ufffd."
    desk.until(lambda: client.shows(notice, "> you: a\ufffd\ufffdb", ">"))


def test_what_is_typed_before_the_editor_begins_is_not_lost(desk: Desk, peer: Peer) -> None:
    """A finished line is sent; an unfinished one stands at the prompt."""
    client = desk.opens(*CLIENT, *peer.place)
    client.presses("whole\rhalf")
    peer.meets()
    assert peer.hears() == "whole"
    desk.until(lambda: client.shows("> you: whole", ">half"))


def test_ctrl_s_does_not_stop_the_output(desk: Desk, peer: Peer) -> None:
    """It begins a search; messages are shown all the same."""
    client = open_client(desk, peer)
    client.presses(keys("Ctrl-S"))
    peer.says("hi")
    desk.until(lambda: "  server: hi" in client.lines)
    client.presses(keys("Ctrl-G") + "on\r")
    assert peer.hears() == "on"


def test_unexpected_key_sequences_do_nothing(desk: Desk, peer: Peer) -> None:
    """Reports of mouse, focus and cursor, the end of a paste that never began."""
    client = open_client(desk, peer)
    for sent in "[M !!", "[M~!!", "[<0;5;5M", "[5;5R", "[I", "[201~", "[15~", "OP":
        client.presses(f"\x1b{sent}")
    client.presses(keys("Ctrl-U") + "on\r")
    assert peer.hears() == "on"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "ascii"])
def test_the_keyboard_is_utf_8_whatever_the_locale_says(
    desk: Desk, peer: Peer, encoding: str
) -> None:
    """As with `--plain`, and as all that is written is."""
    client = open_client(desk, peer, PYTHONIOENCODING=encoding)
    types_half(desk, client, "h\u00e9llo \u65e5")
    client.presses("\r")
    assert peer.hears() == "h\u00e9llo \u65e5"


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        pytest.param("\0", "whole5x", id="Ctrl-Space"),
        pytest.param("\x1b[1;2D", "whol5xe", id="Shift-Left"),
        pytest.param("\x1b[1;6H", "5xwhole", id="Ctrl-Shift-Home"),
        pytest.param("\x18(", "whole(5x", id="Ctrl-X"),
        pytest.param("\x11\x05", "whole5x", id="Ctrl-Q"),
        pytest.param("\x1b2", "whole5x", id="Alt-2"),
        pytest.param("\x1d", "whole5x", id="Ctrl-]"),
    ],
)
def test_no_key_makes_the_editor_deaf(
    desk: Desk, peer: Peer, sent: str, heard: str
) -> None:
    """prompt_toolkit selects text, records keys or awaits another one after these."""
    client = open_client(desk, peer)
    client.presses(f"whole{sent}5x\r")
    assert peer.hears() == heard
    client.types("/q")
    assert peer.hears() == "<>"


@pytest.mark.parametrize(
    ("key", "goodbye"),
    [
        pytest.param("Ctrl-C Ctrl-C", "stopped by SIGINT", id="Ctrl-C"),
        pytest.param("Ctrl-U Ctrl-D", "", id="Ctrl-D"),
    ],
)
def test_a_paste_without_its_end_mark_can_be_left(
    desk: Desk, peer: Peer, key: str, goodbye: str
) -> None:
    """After a second its text stands in the line, and all keys are heard again."""
    client = open_client(desk, peer)
    client.presses("\x1b[200~abc")
    desk.until(lambda: client.shows(">abc"))
    client.presses(keys(key))
    assert peer.hears() == f"<{goodbye}>"


def test_tab_completes_before_an_enter_in_the_same_read(desk: Desk, peer: Peer) -> None:
    """On a slow line both come in one piece."""
    client = open_client(desk, peer)
    client.presses("/h\t\r")
    desk.until(lambda: b"//" in client.raw, "the help, or that there is no such command")
    assert "> /help" in client.lines
    peer.says("hi")
    desk.until(lambda: "  server: hi" in client.lines and client.view.row)
    assert client.view.row == ">"


# The shell that started us.

LEADS_ON = '"$@"; echo "code=$?"; exec cat'
"""A script that goes on after the chat; unlike an interactive shell it restores nothing."""

MISTAKEN = """
import sys
from chatc.__main__ import main
from chatlib.chat import Chat
def handle(*_):
    raise RuntimeError("a mistake of ours")
Chat.handle = handle
sys.exit(main())
"""


def leave(door: str, server: Pane, client: Pane) -> None:
    """End the conversation in one of the ways that there are."""
    match door:
        case "/q":
            client.presses(keys("Ctrl-U") + f"/q\r{HALF}")
        case "Ctrl-C":
            client.presses(keys("Ctrl-C Ctrl-C"))
        case "Ctrl-D":
            client.presses(keys("Ctrl-U Ctrl-D") + HALF)
        case "the other's /q":
            server.types("/q")
        case "the other's death":
            server.signals(signal.SIGKILL)
        case "a mistake of ours":
            server.types("hi")
        case name:
            os.kill(announced(client), signal.Signals[name])


@pytest.mark.parametrize(
    ("door", "code"),
    [
        ("/q", 0),
        ("Ctrl-C", 130),
        ("Ctrl-D", 0),
        ("SIGINT", 130),
        ("SIGTERM", 143),
        ("SIGHUP", 129),
        ("the other's /q", 0),
        ("the other's death", 1),
        ("a mistake of ours", 1),
    ],
)
def test_however_the_program_ends_the_terminal_is_as_before(
    desk: Desk, door: str, code: int
) -> None:
    """Its settings are restored, and the next program reads no half-typed text."""
    server, port = open_server(desk)
    command = (PYTHON, "-c", MISTAKEN) if "mistake" in door else CLIENT
    client = desk.opens("bash", "-c", LEADS_ON, "-", *ANNOUNCED, *command, "--port", port)
    desk.until(lambda: client.shows("- Both may write: Enter sends, /q leaves.", ">"))
    types_half(desk, client)
    assert client.attributes != client.untouched
    leave(door, server, client)
    desk.until(lambda: f"code={code}" in client.lines, "the end")
    assert client.attributes == client.untouched
    client.types("whole")
    desk.until(lambda: client.shows(f"code={code}", "whole", "whole", ""))
    assert re.findall(rb"\x1b\[\?2004[hl]", client.raw)[-1] == b"\x1b[?2004l"
    if door != "the other's death":
        desk.until(lambda: server.ended)
        assert server.attributes == server.untouched
        assert server.outcome() == (1 if "mistake" in door else 0)


SLOW = """
import signal, sys
from chatc.__main__ import main
from chatlib.program import Program
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
close = Program.close
def close_slowly(program):
    print("closing", flush=True)
    signal.sigwait({signal.SIGUSR1})
    close(program)
Program.close = close_slowly
sys.exit(main())
"""


def test_text_typed_after_the_editor_ended_is_discarded(desk: Desk, peer: Peer) -> None:
    """The program has not ended yet, and the kernel holds the text."""
    command = (*ANNOUNCED, PYTHON, "-c", SLOW, *peer.place)
    client = desk.opens("bash", "-c", LEADS_ON, "-", *command)
    peer.meets()
    desk.until(lambda: client.shows(">"))
    peer.leaves()
    desk.until(lambda: client.shows("closing", ""))
    client.presses(HALF)
    desk.until(lambda: client.shows("closing", HALF))
    os.kill(announced(client), signal.SIGUSR1)
    desk.until(lambda: b"code=0" in client.raw)
    client.types("whole")
    desk.until(lambda: client.shows("whole", "whole", ""))


def test_all_descriptors_are_blocking_afterwards(desk: Desk, peer: Peer) -> None:
    """They share O_NONBLOCK with the shell, and a script does not reset it."""
    look = f"{PYTHON} -c 'import os; print(*map(os.get_blocking, range(3)))'"
    client = desk.opens("bash", "-c", f'"$@"; {look}', "-", *CLIENT, *peer.place)
    peer.meets()
    desk.until(lambda: client.shows(">"))
    peer.leaves()
    desk.until(lambda: client.shows("- Goodbye: the server left.", "True True True", ""))


def test_half_a_line_is_reported_and_not_left_for_the_shell(
    desk: Desk, peer: Peer, shell: Pane
) -> None:
    """It is written as never sent; nothing stands at the shell's prompt."""
    peer.leaves()
    desk.until(
        lambda: shell.shows("- Goodbye: the server left.", f"- Never sent: {HALF}", "$")
    )
    shell.types("echo whole")
    desk.until(lambda: shell.shows("$ echo whole", "whole", "$"))


def test_lines_pasted_behind_a_goodbye_are_reported_as_never_sent(
    desk: Desk,
) -> None:
    """A server without a client ends at once, before they are passed on."""
    server = desk.opens(PYTHON, "-m", "chatd", "--port", "0")
    desk.until(lambda: any("nobody here yet" in row for row in server.rows))
    server.presses("\x1b[200~one\r/q\rtwo\rthree\x1b[201~\r")
    desk.until(lambda: server.ended)
    given_back = [line for line in server.lines if line.startswith("- Never sent: ")]
    assert given_back == ["- Never sent: one", "- Never sent: two", "- Never sent: three"]


# Programs that end early, and a terminal that is closed first.

HURRIED = """
import signal, sys
from chatd.__main__ import main
from chatlib.chat import Chat
start = Chat.start
def start_late(chat):
    signal.raise_signal(signal.SIGTERM)
    start(chat)
Chat.start = start_late
sys.exit(main())
"""


def test_a_signal_before_the_editor_begins_starts_no_editor(desk: Desk) -> None:
    """The terminal's settings are not touched."""
    server = desk.opens(PYTHON, "-c", HURRIED, "--port", "0")
    desk.until(lambda: server.ended)
    assert server.outcome() == 128 + signal.SIGTERM
    assert server.lines == ["- Goodbye: you left before anybody came.", ""]
    assert b"\x1b[?2004h" not in server.raw
    assert server.attributes == server.untouched


def test_a_client_that_leaves_at_once_ends_the_conversation(desk: Desk) -> None:
    """HELLO and goodbye come in one piece."""
    server, port = open_server(desk)
    with socket.create_connection(("127.0.0.1", int(port)), PATIENCE) as client:
        client.sendall(wire.hello() + wire.bye(0))
        client.shutdown(socket.SHUT_WR)
        desk.until(lambda: server.ended)
    assert server.outcome() == 0
    assert server.lines[-2:] == ["- Goodbye: the client left.", ""]
    assert server.attributes == server.untouched


def test_a_closed_terminal_does_not_delay_the_goodbye(desk: Desk, peer: Peer) -> None:
    """The editor has ended, and the loop goes on without it."""
    client = open_client(desk, peer)
    types_half(desk, client)
    client.hangs_up()
    assert peer.hears() == "<stopped by SIGHUP>"
    peer.leaves()
    assert client.outcome() == 128 + signal.SIGHUP


# Threads, modules and other streams.


@counted
def test_there_is_one_thread(desk: Desk, peer: Peer) -> None:
    """Neither completion nor history starts another."""
    client = open_client(desk, peer)
    client.presses("/\t\t")
    desk.until(lambda: any(row.startswith(" /q  /say  ") for row in client.rows))
    assert threads(client.process) == 1


TELLS_ITS_MODULES = """
import sys
from chatc.__main__ import main
code = main()
print("modules:", *sorted({"asyncio", "prompt_toolkit"} & set(sys.modules)))
sys.exit(code)
"""

CANNOT_IMPORT = """
import sys
from chatc.__main__ import main
sys.modules[sys.argv.pop(1)] = None
sys.exit(main())
"""


def talk_plainly(desk: Desk, peer: Peer, client: Pane) -> None:
    """Exchange two messages, leave, and assert that no escape sequence was written."""
    peer.meets()
    desk.until(lambda: client.shows("Enter message to send...", ">"))
    client.types("hello")
    assert peer.hears() == "hello"
    peer.says("hi")
    desk.until(lambda: client.shows(">hello", ">", "server: hi", ">"))
    client.types("/q")
    assert peer.hears() == "<>"
    peer.leaves()
    desk.until(lambda: client.ended)
    assert client.outcome() == 0
    assert b"\x1b" not in client.raw


@pytest.mark.parametrize(
    ("lead", "arguments", "environment"),
    [
        pytest.param((), (), {"TERM": "dumb"}, id="dumb"),
        pytest.param((), (), {"TERM": "unknown"}, id="unknown"),
        pytest.param((), (), {"TERM": None}, id="no TERM"),
        pytest.param((), ("--plain",), {}, id="--plain"),
        pytest.param(("bash", "-c", '"$@" | cat', "-"), (), {}, id="pipe"),
    ],
)
def test_where_editing_is_impossible_the_plain_terminal_is_used(
    desk: Desk,
    peer: Peer,
    lead: tuple[str, ...],
    arguments: tuple[str, ...],
    environment: dict[str, str | None],
) -> None:
    """Then neither asyncio nor prompt_toolkit is loaded."""
    command = (*lead, PYTHON, "-c", TELLS_ITS_MODULES, *peer.place, *arguments)
    client = desk.opens(*command, **environment)
    talk_plainly(desk, peer, client)
    assert "modules:" in client.lines


@pytest.mark.parametrize("module", ["prompt_toolkit", "wcwidth"])
def test_without_the_editors_modules_the_plain_terminal_is_used(
    desk: Desk, peer: Peer, module: str
) -> None:
    """They need not be installed."""
    client = desk.opens(PYTHON, "-c", CANNOT_IMPORT, module, *peer.place)
    talk_plainly(desk, peer, client)


def test_notices_in_a_file_have_no_escape_sequences(
    desk: Desk, peer: Peer, tmp_path: Path
) -> None:
    """With `2> file`: neither the line being typed nor a colour is written there."""
    script = f'"$@" 2> {tmp_path}/notices'
    client = desk.opens("bash", "-c", script, "-", *CLIENT, *peer.place)
    peer.meets()
    desk.until(lambda: client.shows(">"))
    client.types("/nonsense")
    desk.until(lambda: client.shows("> /nonsense", ">"))
    told = "There is no command /nonsense (see /help); //nonsense sends it as text.\n"
    assert (tmp_path / "notices").read_text() == told


# In this process: what happens between the callbacks, case by case.


def test_a_typed_line_is_echoed_at_the_prompt_and_passed_on(seat: Seat) -> None:
    """The line above stays as a part of the conversation; the prompt is asked for anew."""
    terminal = seat.opens()
    assert terminal.interactive
    assert not terminal.hung_up

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("hello\r")
        yield lambda: seat.heard == ["hello"]
        yield seat.shows("> you: hello", "", STANDING)
        terminal.refresh(True, True, lambda: ("with the server",))
        yield seat.shows("> you: hello", ">", STANDING)

    seat.plays(script())


def test_each_line_of_a_paste_is_echoed_and_passed_on_by_itself(seat: Seat) -> None:
    """One Enter submits them all, in order; the prompt stands before the first alone."""
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("\x1b[200~one\rtwo\rthree\r\x1b[201~\r")
        yield lambda: seat.heard == ["one", "two", "three"]

    seat.plays(script())
    assert b"one\r\n" in seat.raw
    assert b"two\r\n" not in seat.raw


def test_an_asking_chat_has_every_pasted_line_at_the_prompt(seat: Seat) -> None:
    """Where the callback asks again after each line, each stands behind a prompt."""
    terminal = seat.opens()

    def typed(line: str) -> None:
        seat.heard.append(line)
        terminal.refresh(True, True, lambda: ("with the server",))

    seat.typed = typed

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("\x1b[200~one\rtwo\x1b[201~\r")
        yield seat.shows("> you: one", "> you: two", ">", STANDING)

    seat.plays(script())


def test_without_a_prompt_commands_alone_are_shown(seat: Seat) -> None:
    """What else is typed then waits, and a notice shows it."""
    terminal = seat.opens()
    terminal.remove_prompt()

    def script() -> Script:
        yield seat.shows("", STANDING)
        seat.presses("hello\r//bin\r/help\r")
        yield lambda: seat.heard == ["hello", "//bin", "/help"]
        yield seat.shows("> /help", "", STANDING)

    seat.plays(script())
    assert seat.rows[0] == "> /help"


def test_a_message_of_many_lines_is_shown_with_its_line_ends(seat: Seat) -> None:
    """The prompt stands before the first."""
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("\x1b[200~one\r two\x1b[201~" + keys("Ctrl-O"))
        yield seat.shows("> you: one", "        two", "", STANDING)

    seat.plays(script())
    assert seat.heard == ["one\n two"]


def test_a_refused_line_comes_back_into_the_editor(seat: Seat) -> None:
    """With the reason above it, ready to be changed; other lines of the paste go."""
    terminal = seat.opens()

    def typed(line: str) -> None:
        if line == "long":
            terminal.refuse("Not sent, it is too long", line)
        else:
            seat.heard.append(line)

    seat.typed = typed

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("\x1b[200~long\rshort\x1b[201~\r")
        yield seat.shows("- Not sent, it is too long.", "long", STANDING)
        seat.presses("er\r")
        yield lambda: seat.heard == ["short", "longer"]

    seat.plays(script())


BOARD = ["you are X", " 1 | 2"]
SHOWN = [f"  {line}" for line in BOARD]


def test_a_board_takes_the_place_of_the_last_one(seat: Seat) -> None:
    """What was written below that is above it then; the line being typed stays."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        terminal.show_board(BOARD, 1)
        yield seat.shows(*SHOWN, ">", STANDING)
        seat.presses("half")
        terminal.show_messages("Bob", ["hi"])
        terminal.notify("By the way.")
        yield seat.shows(*SHOWN, "  Bob: hi", "- By the way.", ">half", STANDING)
        terminal.show_board(["you are X", " O | 2"], 1)
        yield seat.shows(
            "  Bob: hi", "- By the way.", "  you are X", "   O | 2", ">half", STANDING
        )
        assert seat.rows[0] == "  Bob: hi"
        terminal.show_board(["you are O", " 1 | \x1b[2J"], 2)
        yield seat.shows("   O | 2", "  you are O", "   1 | ^[[2J", ">half", STANDING)

    seat.plays(script())


def test_boards_before_the_line_is_painted_take_each_others_place(seat: Seat) -> None:
    """Two in one turn of the loop, as when two moves come in one read."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        terminal.show_board(BOARD, 1)
        terminal.show("Bob plays 1.")
        terminal.show_board(["you are X", " O | 2"], 1)
        yield seat.shows("- Bob plays 1.", "  you are X", "   O | 2", ">", STANDING)
        assert seat.rows[0] == "- Bob plays 1."

    seat.plays(script())


def test_a_board_that_has_left_the_window_stays_in_the_scrollback(seat: Seat) -> None:
    """The next one is written like any text."""
    terminal = seat.opens()
    talk = [f"line {number}" for number in range(ROWS)]
    shown = [f"- {line}" for line in talk]

    def script() -> Script:
        yield seat.shows(">", STANDING)
        terminal.show_board(BOARD, 1)
        for line in talk:
            terminal.show(line)
        terminal.show_board(BOARD, 1)
        yield seat.shows(*shown[4:], *SHOWN, ">", STANDING)

    seat.plays(script())
    assert seat.view.lines[:-2] == [*SHOWN, *shown, *SHOWN][: len(seat.view.lines) - 2]


def test_after_a_resize_or_a_stop_no_board_is_painted_over(seat: Seat) -> None:
    """A shell, or the terminal itself, may have moved everything."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        terminal.show_board(BOARD, 1)
        yield seat.shows(*SHOWN, ">", STANDING)
        terminal.resume()
        terminal.show_board(BOARD, 1)
        yield seat.shows(*SHOWN, *SHOWN, ">", STANDING)

    seat.plays(script())


def test_what_is_typed_at_a_question_is_neither_shown_nor_kept(seat: Seat) -> None:
    """It is passed on alone; afterwards the usual prompt stands there again."""
    terminal = seat.opens(history="client")

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("hello\r")
        yield lambda: seat.heard == ["hello"]
        terminal.ask("Your \aword>")
        terminal.refresh(True, True, lambda: ("with the server",))
        yield seat.shows("> you: hello", "Your ^Gword>", STANDING)
        seat.presses("banana\r")
        yield lambda: seat.heard == ["hello", "banana"]
        terminal.ask("")
        terminal.refresh(True, True, lambda: ("with the server",))
        yield seat.shows("> you: hello", ">", STANDING)
        seat.presses(keys("Up"))
        yield seat.shows("> you: hello", ">hello", STANDING)

    seat.plays(script())


def test_the_line_being_typed_is_set_aside_for_a_question(seat: Seat) -> None:
    """It is neither the answer nor lost, and a half-typed answer does not become talk."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("half")
        yield seat.shows(">half", STANDING)
        terminal.ask("Your word>")
        terminal.ask("Your word>")
        yield seat.shows("Your word>", STANDING)
        seat.presses("kiw")
        yield seat.shows("Your word>kiw", STANDING)
        terminal.ask("")
        yield seat.shows(">half", STANDING)
        terminal.ask("Your word>")

    seat.plays(script())
    assert terminal.take_unsent() == (["half"], False)
    assert terminal.take_unsent() == ([], False)


def test_an_answer_that_was_dropped_does_not_come_back_in_the_talk(seat: Seat) -> None:
    """Ctrl-Y brings it back at the question; in the talk it brings back what was talk."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("talk")
        yield seat.shows(">talk", STANDING)
        seat.presses(keys("Ctrl-U"))
        yield seat.shows(">", STANDING)
        terminal.ask("Your word>")
        yield seat.shows("Your word>", STANDING)
        seat.presses("kiwi")
        yield seat.shows("Your word>kiwi", STANDING)
        seat.presses(keys("Ctrl-C"))
        yield lambda: seat.rows[-2:-1] == ["Your word>"]
        seat.presses(keys("Ctrl-Y"))
        yield seat.shows("Your word>kiwi", STANDING)
        seat.presses(keys("Ctrl-C"))
        yield lambda: seat.rows[-2:-1] == ["Your word>"]
        terminal.ask("")
        yield seat.shows(">", STANDING)
        seat.presses(keys("Ctrl-Y") + ".")
        yield seat.shows(">talk.", STANDING)
        terminal.ask("Another word>")
        yield seat.shows("Another word>", STANDING)
        seat.presses(keys("Ctrl-Y") + ".")
        yield seat.shows("Another word>.", STANDING)

    seat.plays(script())


def test_escape_puts_a_question_off(seat: Seat) -> None:
    """As an empty line does; what is half typed is dropped. Elsewhere it does nothing."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("half")
        yield seat.shows(">half", STANDING)
        terminal.ask("Your word>")
        yield seat.shows("Your word>", STANDING)
        seat.presses("kiw")
        yield seat.shows("Your word>kiw", STANDING)
        seat.presses(keys("Escape"))
        yield lambda: seat.heard == [""]
        yield seat.shows("", STANDING)

    seat.plays(script())


def test_a_line_refused_later_is_shown_with_the_reason(seat: Seat) -> None:
    """It does not disturb the line that is being typed by then."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("half")
        yield seat.shows(">half", STANDING)
        terminal.refuse("Not sent", "early")
        yield seat.shows("- Not sent: early", ">half", STANDING)

    seat.plays(script())


def test_lines_of_a_paste_behind_a_goodbye_are_unsent(seat: Seat) -> None:
    """`take_unsent` empties the queue: none of them is passed on any more."""
    terminal = seat.opens()
    unsent: list[tuple[list[str], bool]] = []

    def typed(line: str) -> None:
        seat.heard.append(line)
        unsent.append(terminal.take_unsent())

    seat.typed = typed

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("\x1b[200~/q\rone\r\rtwo\x1b[201~\r")
        yield lambda: unsent

    seat.plays(script())
    assert seat.heard == ["/q"]
    assert unsent == [(["one", "two"], False)]


def test_discarding_the_typed_line_writes_it_to_the_person(seat: Seat) -> None:
    """The editor is empty afterwards; what the kernel holds at the close is dropped."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("half")
        yield seat.shows(">half", STANDING)
        terminal.discard_typed()
        yield seat.shows("- Never sent: half", ">", STANDING)

    seat.plays(script())
    seat.presses("rest\n")
    terminal.close()
    os.set_blocking(streams.STDIN, False)
    with pytest.raises(BlockingIOError):
        os.read(streams.STDIN, 100)


def test_typed_bytes_that_are_not_utf_8_are_replaced_in_the_line(seat: Seat) -> None:
    """The person is told, and the line goes on with U+FFFD in their place."""
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(b"a\xff\xfeb\r")
        yield lambda: seat.heard == ["a\ufffd\ufffdb"]

    seat.plays(script())
    assert b"Your line is not all UTF-8" in seat.raw


def test_an_early_line_is_shown_at_a_prompt_and_a_removed_prompt_is_gone(
    seat: Seat,
) -> None:
    """What is being typed stays where it is."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("half")
        yield seat.shows(">half", STANDING)
        terminal.show_own("early")
        yield seat.shows("> you: early", ">half", STANDING)
        terminal.remove_prompt()
        terminal.remove_prompt()
        yield seat.shows("> you: early", "half", STANDING)

    seat.plays(script())


def test_names_are_bold_cyan_and_notices_faint(seat: Seat) -> None:
    """A message without a speaker has no colour, and the bell rings on an empty line."""
    terminal = seat.opens(bell=True)

    def script() -> Script:
        yield seat.shows(">", STANDING)
        terminal.show("banner")
        terminal.show_messages("Ann", ["one", "two"])
        terminal.show_messages("", ["three"])
        terminal.notify("By the way.")
        seat.presses("x")
        yield seat.shows(
            "  Ann: one", "  Ann: two", "  three", "- By the way.", ">x", STANDING
        )
        terminal.show_messages("Ann", ["four"])
        yield seat.shows("  Ann: four", ">x", STANDING)

    seat.plays(script())
    assert seat.raw.count(b"\x1b[1;36mAnn:\x1b[m ") == 3
    assert b"\x1b[2mBy the way.\x1b[m" in seat.raw
    assert seat.raw.count(b"\a") == 2


def test_with_timestamps_the_faint_time_stands_before_a_line(seat: Seat) -> None:
    """A blank stands before the next of the same minute, here a notice."""
    terminal = seat.opens(timestamps=True)

    def script() -> Script:
        terminal.show("hello")
        terminal.notify("By the way.")
        yield seat.shows("      - By the way.", ">", STANDING)

    seat.plays(script())
    assert re.search(rb"\x1b\[2m\d\d:\d\d \x1b\[m- hello\r\n", seat.raw)
    assert b"      \x1b[2m- \x1b[m\x1b[2mBy the way." in seat.raw


def test_notices_in_a_file_are_text_alone(seat: Seat, place: Place, tmp_path: Path) -> None:
    """With `2> file` the line being typed is not painted anew for them."""
    place("STDERR", os.open(tmp_path / "notices", os.O_WRONLY | os.O_CREAT))
    terminal = seat.opens()
    terminal.notify("By the way.\x07")
    assert (tmp_path / "notices").read_text() == "By the way.^G\n"


def test_a_kept_line_is_no_message(seat: Seat) -> None:
    """It has a mark of its own, and the reason stands above it once."""
    terminal = seat.opens(look="none")

    def script() -> Script:
        yield seat.shows(">", STANDING)
        terminal.show_pending("one", "it is not your turn")
        terminal.show_pending("two", "it is not your turn")
        why = "- Kept for later, because it is not your turn:"
        yield seat.shows(why, "~ one", "~ two", ">", STANDING)

    seat.plays(script())
    assert b"\x1b[2m" not in seat.raw


def test_with_notices_in_a_file_a_kept_line_is_there(
    seat: Seat, place: Place, tmp_path: Path
) -> None:
    """With its reason, as from a plain terminal."""
    place("STDERR", os.open(tmp_path / "notices", os.O_WRONLY | os.O_CREAT))
    seat.opens().show_pending("one", "of that")
    assert (tmp_path / "notices").read_text() == (
        "Kept for later, because of that (/unsend takes it back): one\n"
    )


def test_a_typed_move_is_not_shown_as_a_message(seat: Seat) -> None:
    """No name stands before it; before messages stands the one that /find shows, too."""
    terminal = seat.opens(name="Ann")
    assert terminal.own_name == "Ann"
    terminal.know_moves(lambda line: line == "5")

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("5\r")
        yield lambda: seat.heard == ["5"]
        terminal.refresh(True, True, lambda: ("with the server",))
        seat.presses("6\r")
        yield seat.shows("> 5", "> Ann: 6", "", STANDING)

    seat.plays(script())


def test_a_line_that_comes_back_stands_before_what_is_typed(seat: Seat) -> None:
    """As two lines, which one Enter sends."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        terminal.return_text("one")
        yield seat.shows(">one", STANDING)
        terminal.return_text("zero")
        seat.presses("\r")
        yield lambda: seat.heard == ["zero", "one"]

    seat.plays(script())


def test_messages_are_broken_at_the_width_of_the_window(seat: Seat) -> None:
    """Of that moment: a window that was made narrower counts for the next message."""
    terminal = seat.opens(name="Bob")

    def script() -> Script:
        yield seat.shows(">", STANDING)
        text = "many words that do not fit into one row of this window of eighty columns"
        terminal.show_messages("Ann", [f"{text} at all"])
        rows = ("  Ann: " + text, "       at all")
        yield seat.shows(*rows, ">", STANDING)
        terminal.show_own(f"{text} at all")
        yield seat.shows("> Bob: " + text, "       at all", ">", STANDING)

    seat.plays(script())


def raise_curses_error(fd: int) -> None:
    """Fail as curses does on a terminal that it does not know."""
    raise curses.error("could not find terminal")


@pytest.mark.parametrize(
    ("case", "coloured"),
    [
        pytest.param("NO_COLOR=1", False, id="NO_COLOR"),
        pytest.param("no curses", True, id="without-curses"),
        pytest.param("unknown", True, id="unknown-terminal"),
        pytest.param("2 colours", False, id="two-colours"),
    ],
)
def test_colours_are_used_unless_forbidden_or_known_to_be_missing(
    seat: Seat, monkeypatch: pytest.MonkeyPatch, case: str, coloured: bool
) -> None:
    """NO_COLOR forbids them; a terminal unknown to curses has colours."""
    match case:
        case "NO_COLOR=1":
            monkeypatch.setenv("NO_COLOR", "1")
        case "no curses":
            monkeypatch.setitem(sys.modules, "curses", None)
        case "unknown":
            monkeypatch.setattr(curses, "setupterm", raise_curses_error)
        case _:
            monkeypatch.setattr(curses, "tigetnum", lambda name: 2)
    terminal = seat.opens()

    def script() -> Script:
        terminal.show_messages("Ann", ["hi"])
        yield seat.shows("  Ann: hi", ">", STANDING)

    seat.plays(script())
    assert (b"\x1b[1;36m" in seat.raw) is coloured


# In this process: the status line.


def test_the_status_line_follows_the_conversation(seat: Seat) -> None:
    """It is painted again when the description has changed, and only then."""
    terminal = seat.opens()
    painted: list[int] = []

    def script() -> Script:
        yield seat.shows(">", STANDING)
        terminal.show_status(lambda: ("waiting\x07", "3 unread"))
        yield seat.shows(">", " waiting^G | 3 unread | /help lists the commands")
        painted.append(len(seat.raw))
        terminal.refresh(False, True, lambda: ("waiting\x07", "3 unread"))
        later = time.monotonic() + 0.05
        yield lambda: time.monotonic() > later
        assert len(seat.raw) == painted[0]

    seat.plays(script())


# In this process: stopping and going on.


def test_typed_lines_are_in_the_history_of_the_next_terminal(seat: Seat) -> None:
    """Up brings them back."""
    seat.opens(history="client")

    def types() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("hello\r")
        yield lambda: seat.heard == ["hello"]

    def goes_up() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(keys("Up"))
        yield seat.shows(">hello", STANDING)

    seat.plays(types())
    seat.opens(history="client")
    seat.plays(goes_up())
