"""The editor on a terminal that is not always its own, and in a window of another size.

What is not shown on the screen is here, too: the terminal's settings, and its modes.
"""

import asyncio
import os
import shlex
import shutil
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatlib.terminal import streams
from chatlib.terminal.keyboard import Keyboard
from harness.keys import keys
from harness.readers import Readers
from harness.stage import PATIENCE
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
    open_shell,
    types_half,
)
from tests.terminal.seat import Script, Seat

PYTHON = sys.executable


# The shell that started us.


def stop(pane: Pane, how: str) -> None:
    """Stop the program on a terminal with the key or with a signal."""
    if how == "Ctrl-Z":
        pane.presses(keys(how))
    else:
        os.kill(announced(pane), signal.Signals[how])


@pytest.mark.parametrize("how", ["Ctrl-Z", "SIGTSTP", "SIGSTOP"])
def test_after_a_stop_and_fg_the_line_can_be_finished(
    desk: Desk, peer: Peer, shell: Pane, how: str
) -> None:
    """Meanwhile the shell has its own settings; `fg` paints line and status again."""
    raw = shell.attributes
    stop(shell, how)
    desk.until(lambda: shell.view.row == "$")
    shell.types("stty -a")
    desk.until(lambda: "isig" in " ".join(shell.lines) and shell.view.row == "$")
    told = " ".join(shell.lines).partition("$ stty -a")[2].split()
    assert {"icanon", "echo", "isig"} <= set(told)
    shell.types("fg")
    desk.until(lambda: shell.view.at_rest and shell.view.row == f">{HALF}")
    assert shell.rows[-1] == STANDING
    assert shell.attributes == raw
    peer.says("Still there?")
    desk.until(lambda: shell.shows("  server: Still there?", f">{HALF}"))
    shell.types(" and the rest")
    assert peer.hears() == f"{HALF} and the rest"
    desk.until(lambda: shell.shows(f"> you: {HALF} and the rest", ">"))


def settings(pane: Pane, part: int) -> int:
    """Return some of the flags of a terminal."""
    flags = pane.attributes[part]
    assert isinstance(flags, int)
    return flags


INPUT, LOCAL = 0, 3
"""Indices of the input flags and the local flags in the result of tcgetattr(3)."""


@pytest.mark.parametrize("how", ["Ctrl-Z", "SIGTSTP"])
@pytest.mark.parametrize(
    "part",
    [
        pytest.param(LOCAL, id="line editing"),
        pytest.param(INPUT, id="flow control"),
    ],
)
def test_a_stopped_program_has_restored_the_settings(
    desk: Desk, peer: Peer, how: str, part: int
) -> None:
    """The program itself does it, because not every shell does."""
    script = '"$@"; echo stopped; read; fg'
    client = desk.opens("bash", "-mc", script, "-", *ANNOUNCED, *CLIENT, *peer.place)
    peer.meets()
    desk.until(lambda: client.shows("- Both may write: Enter sends, /q leaves.", ">"))
    types_half(desk, client)
    stop(client, how)
    desk.until(lambda: "stopped" in client.lines)
    assert client.attributes[part] == client.untouched[part]
    client.presses("\r")
    desk.until(lambda: client.view.row == f">{HALF}")
    peer.leaves()
    desk.until(lambda: client.ended)
    assert client.lines[-2:] == [f"- Never sent: {HALF}", ""]
    assert client.attributes[part] == client.untouched[part]


@pytest.mark.parametrize("how", ["SIGTSTP", "SIGSTOP"])
def test_in_the_background_it_is_stopped_until_fg(
    desk: Desk, peer: Peer, shell: Pane, how: str
) -> None:
    """The kernel stops it for setting the terminal; after `fg` the line can be finished."""
    stop(shell, how)
    desk.until(lambda: shell.view.row == "$")
    shell.types("bg; wait %1; fg")
    desk.until(lambda: shell.view.row == f">{HALF}" or b"Traceback" in shell.raw)
    assert b"Traceback" not in shell.raw
    shell.types(" and the rest")
    assert peer.hears() == f"{HALF} and the rest"


def test_started_in_the_background_it_is_stopped_until_fg(desk: Desk) -> None:
    """The banner may come before; the line to be edited comes with `fg`."""
    shell = open_shell(desk)
    shell.types(f"{PYTHON} -m chatd --port 0 &")
    desk.until(lambda: b"listening on" in shell.raw)
    shell.types("wait %1; fg")
    desk.until(lambda: " nobody here yet" in shell.rows[-1] or b"Traceback" in shell.raw)
    assert b"Traceback" not in shell.raw
    shell.types("/q")
    desk.until(lambda: shell.shows("- Goodbye: you left before anybody came.", "$"))


def test_without_a_shell_ctrl_z_stops_nothing(desk: Desk, peer: Peer) -> None:
    """In a window of its own the program could not be continued."""
    client = open_client(desk, peer)
    types_half(desk, client)
    painted = len(client.raw)
    client.presses(keys("Ctrl-Z"))
    desk.until(lambda: HALF.encode() in client.raw[painted:])
    client.types(" and the rest")
    assert peer.hears() == f"{HALF} and the rest"


def open_under(desk: Desk, peer: Peer, folder: Path, runner: str) -> Pane:
    """Start a shell, in it a client under a runner, and type half a line."""
    client = shlex.join([*CLIENT, *peer.place])
    (folder / "rules").write_text(f"run:\n\t@{client}\n")
    command = {
        "make": f"make -f {folder}/rules run",
        "sh": shlex.join(["sh", "-c", f"{client}; true"]),
        "make in sh": shlex.join(["sh", "-c", f"make -f {folder}/rules run; true"]),
        "plain": client,
    }
    pane = open_shell(desk)
    pane.types(command[runner])
    peer.meets()
    desk.until(lambda: pane.shows("- Both may write: Enter sends, /q leaves.", ">"))
    types_half(desk, pane)
    return pane


@pytest.mark.parametrize("runner", ["make", "sh", "make in sh", "plain"])
@pytest.mark.parametrize("again", ["fg", "bg; sleep 0.1; fg", "stty tostop; fg"])
def test_under_any_parent_ctrl_z_and_fg_work(
    desk: Desk, peer: Peer, tmp_path: Path, runner: str, again: str
) -> None:
    """The shell takes the terminal as soon as the first of the group has stopped."""
    shell = open_under(desk, peer, tmp_path, runner)
    for _ in range(2):
        shell.presses(keys("Ctrl-Z"))
        desk.until(lambda: shell.view.row == "$")
        shell.types(again)
        desk.until(lambda: shell.view.at_rest and shell.view.row == f">{HALF}")
        assert not settings(shell, LOCAL) & (termios.ICANON | termios.ECHO)
    shell.types(" and the rest")
    assert peer.hears() == f"{HALF} and the rest"


def test_the_group_may_be_stopped_from_outside(
    desk: Desk, peer: Peer, tmp_path: Path
) -> None:
    """Then make may have stopped first, and the terminal is the shell's already."""
    shell = open_under(desk, peer, tmp_path, "make")
    for _ in range(3):
        os.killpg(os.tcgetpgrp(shell.fd), signal.SIGTSTP)
        desk.until(lambda: shell.view.row == "$")
        shell.types("fg")
        desk.until(lambda: shell.view.at_rest and shell.view.row == f">{HALF}")
    shell.types(" and the rest")
    assert peer.hears() == f"{HALF} and the rest"


@pytest.fixture
def windows(tmp_path: Path) -> Iterator[dict[str, list[str]]]:
    """Return commands that run another one, which follows, on a terminal of their own."""
    (tmp_path / "tmux.conf").write_text("set -g status off\nset -g escape-time 0\n")
    tmux = ["tmux", "-S", f"{tmp_path}/tmux", "-f", f"{tmp_path}/tmux.conf"]
    run = 'script -qc "$(printf " %q" "$@")" /dev/null'
    yield {"script": ["bash", "-c", run, "-"], "tmux": [*tmux, "new-session"]}
    if shutil.which("tmux"):
        subprocess.run([*tmux, "kill-server"], capture_output=True, check=False)


def open_window(
    desk: Desk, windows: dict[str, list[str]], window: str, *command: str
) -> Pane:
    """Start a command in a window of its own."""
    if not shutil.which(window):
        pytest.skip(f"there is no {window} here")
    return desk.opens(*windows[window], *command, INPUTRC="/dev/null")


@pytest.mark.parametrize("window", ["script", "tmux"])
def test_with_a_shell_in_another_window_ctrl_z_and_fg_work(
    desk: Desk, peer: Peer, windows: dict[str, list[str]], window: str
) -> None:
    """That is a terminal in a terminal; the key is for the inner one."""
    bash = ("env", "PS1=$ ", "bash", "--norc", "--noprofile", "-i")
    shell = open_window(desk, windows, window, *bash)
    desk.until(lambda: shell.view.row == "$", "the shell")
    shell.types(shlex.join([*CLIENT, *peer.place]))
    peer.meets()
    desk.until(lambda: shell.view.row == ">", "the prompt")
    types_half(desk, shell)
    for _ in range(2):
        shell.presses(keys("Ctrl-Z"))
        desk.until(lambda: shell.view.row == "$", "the stop")
        shell.types("fg")
        desk.until(lambda: shell.view.at_rest and shell.view.row == f">{HALF}", "the line")
    shell.types(" and the rest")
    assert peer.hears() == f"{HALF} and the rest"


@pytest.mark.parametrize("window", ["script", "tmux"])
def test_alone_in_another_window_ctrl_z_stops_nothing(
    desk: Desk, peer: Peer, windows: dict[str, list[str]], window: str
) -> None:
    """No shell is there that could continue it, and those outside do not stop either."""
    client = open_window(desk, windows, window, *CLIENT, *peer.place)
    peer.meets()
    desk.until(lambda: client.view.row == ">", "the prompt")
    types_half(desk, client)
    client.presses(keys("Ctrl-Z") + " and the rest")
    desk.until(lambda: client.view.row == f">{HALF} and the rest", "the rest")
    client.presses("\r")
    assert peer.hears() == f"{HALF} and the rest"


def test_a_window_resized_while_it_was_stopped_shows_the_line(
    desk: Desk, peer: Peer, shell: Pane
) -> None:
    """No SIGWINCH tells of it: the shell has the terminal."""
    shell.presses(keys("Ctrl-Z"))
    desk.until(lambda: shell.view.row == "$")
    shell.resizes(24, 8)
    shell.types("fg")
    desk.until(lambda: shell.view.at_rest and shell.rows[-3:-1] == [">rm -rf", "half"])


@pytest.mark.parametrize("mode", ["stty -tostop", "stty tostop"])
def test_a_stopped_program_can_be_ended_from_the_shell(
    desk: Desk, peer: Peer, shell: Pane, mode: str
) -> None:
    """It says goodbye in the background, and the shell's terminal stays as it is."""
    shell.presses(keys("Ctrl-Z"))
    desk.until(lambda: shell.view.row == "$")
    shell.types(mode)
    desk.until(lambda: shell.lines[-2:] == [f"$ {mode}", "$"])
    shell.types("kill %1; wait; echo code=$?")
    assert peer.hears() == "<stopped by SIGTERM>"
    peer.leaves()
    desk.until(lambda: b"code=" in shell.raw.split(b"echo code")[-1])
    shell.types("stty -a")
    desk.until(lambda: "isig" in " ".join(shell.lines))
    assert "-echo " not in shell.lines


def test_ctrl_c_ends_a_program_whose_screen_takes_nothing(desk: Desk, peer: Peer) -> None:
    """As on the plain terminal: a window may be frozen, and read nothing for ever."""
    client = open_client(desk, peer)
    for _ in range(100):
        peer.says("x" * 1000)
    readers = Readers()
    waits = readers.until(
        lambda: settings(client, LOCAL) & termios.ISIG, PATIENCE, lambda _: None
    )
    readers.close()
    assert waits, "the program did not come to wait for its screen"
    client.presses(keys("Ctrl-C"))
    assert peer.hears() == "<stopped by SIGINT>"
    peer.leaves()
    desk.until(lambda: client.ended)
    assert client.attributes == client.untouched


# Modes of the terminal.


def switched(pane: Pane, mode: int) -> bool:
    """Return whether a private mode of the terminal was switched on last."""
    return pane.raw.rfind(b"\x1b[?%dh" % mode) > pane.raw.rfind(b"\x1b[?%dl" % mode)


@pytest.mark.parametrize("mode", [1004, 2004])
def test_modes_are_off_while_a_shell_has_the_terminal(
    desk: Desk, peer: Peer, shell: Pane, mode: int
) -> None:
    """And after the end."""
    assert switched(shell, mode)
    shell.presses(keys("Ctrl-Z"))
    desk.until(lambda: shell.view.row == "$")
    before = shell.raw.rfind(b"Stopped")
    assert b"\x1b[?%dl" % mode in shell.raw[:before]
    assert b"\x1b[?1004h" not in shell.raw[before:]
    shell.types("fg")
    desk.until(lambda: shell.view.row == f">{HALF}" and switched(shell, mode))
    peer.leaves()
    desk.until(lambda: shell.shows(f"- Never sent: {HALF}", "$"))
    assert not switched(shell, 1004)


# Looking elsewhere.

IN, OUT = "\x1b[I", "\x1b[O"


def test_what_came_while_one_looked_away_is_marked_once(seat: Seat) -> None:
    """Once for each absence, and only if something came."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(OUT + IN + "a")
        yield seat.shows(">a", STANDING)
        terminal.show_messages("server", ["one"])
        seat.presses(OUT + "b")
        yield seat.shows("  server: one", ">ab", STANDING)
        terminal.show_messages("server", ["two", "three"])
        seat.presses(IN + OUT + "c")
        yield seat.shows(
            "  server: one", MARK, "  server: two", "  server: three", ">abc", STANDING
        )
        terminal.notify("four")
        yield seat.shows("  server: three", MARK, "- four", ">abc", STANDING)

    seat.plays(script())


MARK = "- since you looked away:"


def test_the_bell_rings_only_for_who_looks_away_where_that_is_known(seat: Seat) -> None:
    """The desktop is told once for each absence, in fixed words."""
    terminal = seat.opens(bell=True, notification=True)
    told = b"\x1b]777;notify;chat;A message has come.\x1b\\"

    def script() -> Script:
        yield seat.shows(">", STANDING)
        terminal.show_messages("server", ["one"])
        yield lambda: seat.raw.count(b"\a") == 1
        typed = ""
        for sent, bells, notes in ((IN, 1, 0), (OUT, 2, 1), ("x", 3, 1), (IN + OUT, 4, 2)):
            seat.presses(f"{sent}.")
            typed += "." if len(sent) > 1 else "x."
            yield seat.shows(">" + typed, STANDING)
            terminal.show_messages("server", ["more"])
            yield lambda: seat.raw.count(b"\a") == bells  # noqa: B023
            assert seat.raw.count(told) == notes

    seat.plays(script())


# In this process: stopping.


def test_ctrl_z_restores_the_terminal_and_resuming_takes_it_again(
    seat: Seat, stops: list[list[object]]
) -> None:
    """The line that was being typed is painted again."""
    original = termios.tcgetattr(streams.STDIN)
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses("half")
        yield seat.shows(">half", STANDING)
        seat.presses(keys("Ctrl-Z"))
        yield lambda: stops
        yield seat.shows(">half", STANDING)
        assert termios.tcgetattr(streams.STDIN) != original

    seat.plays(script())
    assert stops == [original]


@pytest.mark.parametrize("continued", [False, True])
def test_a_stop_from_outside_that_is_over_already_does_not_stop(
    seat: Seat, stops: list[list[object]], continued: bool
) -> None:
    """SIGTSTP and SIGCONT are seen together."""
    original = termios.tcgetattr(streams.STDIN)
    terminal = seat.opens()
    seat.loop.on_signals([signal.SIGCONT], lambda number: terminal.resume())

    def script() -> Script:
        yield seat.shows(">", STANDING)
        signal.raise_signal(signal.SIGTSTP)
        if continued:
            signal.raise_signal(signal.SIGCONT)
        seat.presses("on")
        yield seat.shows(">on", STANDING)

    seat.plays(script())
    assert stops == ([] if continued else [original])


def test_several_stops_from_outside_are_one(seat: Seat, stops: list[list[object]]) -> None:
    """So that one SIGCONT ends them all."""
    terminal = seat.opens()
    seat.loop.on_signals([signal.SIGCONT], lambda number: terminal.resume())

    def script() -> Script:
        yield seat.shows(">", STANDING)
        for number in (signal.SIGTSTP, signal.SIGTSTP, signal.SIGCONT):
            signal.raise_signal(number)
        seat.presses("on")
        yield seat.shows(">on", STANDING)

    seat.plays(script())
    assert stops == []
    assert signal.getsignal(signal.SIGTSTP) != signal.SIG_DFL


def test_a_stop_waits_for_a_signal_that_has_come(
    seat: Seat, stops: list[list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be the SIGCONT of an `fg`, and is that here."""
    terminal = seat.opens()
    seat.loop.on_signals([signal.SIGCONT], lambda number: terminal.resume())
    looks = []

    def stop(process: int, unless: Callable[[], bool]) -> bool:
        signal.raise_signal(signal.SIGCONT)
        looks.append(unless())
        return not looks[-1]

    monkeypatch.setattr(streams, "stop", stop)

    def script() -> Script:
        yield seat.shows(">", STANDING)
        signal.raise_signal(signal.SIGTSTP)
        yield lambda: looks
        seat.presses("on")
        yield seat.shows(">on", STANDING)

    seat.plays(script())
    assert looks == [True]


def test_after_a_stop_from_outside_the_terminal_is_raw_again(seat: Seat) -> None:
    """SIGSTOP cannot be handled: the shell has set the terminal for itself meanwhile."""
    original = termios.tcgetattr(streams.STDIN)
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        raw = termios.tcgetattr(streams.STDIN)
        termios.tcsetattr(streams.STDIN, termios.TCSANOW, original)
        terminal.resume()
        assert termios.tcgetattr(streams.STDIN) == raw
        seat.presses("on\r")
        yield lambda: seat.heard == ["on"]

    seat.plays(script())
    assert b"^M" not in seat.raw


def test_settings_that_were_changed_meanwhile_are_kept(seat: Seat) -> None:
    """The terminal is left as the shell has set it last."""
    changed = termios.tcgetattr(streams.STDIN)
    changed[LOCAL] |= termios.TOSTOP
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        termios.tcsetattr(streams.STDIN, termios.TCSANOW, changed)
        terminal.resume()
        seat.presses("on")
        yield seat.shows(">on", STANDING)

    seat.plays(script())
    assert termios.tcgetattr(streams.STDIN) == changed


@pytest.mark.parametrize("answer", ["\x1b[9;11R", ""], ids=["broken", "silent"])
def test_a_long_line_is_painted_again_when_the_size_stays(seat: Seat, answer: str) -> None:
    """The cursor's place is asked for; what is typed meanwhile is painted afterwards."""
    seat.opens()
    line = "x" * 49

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(line)
        yield seat.shows(f">{line}", STANDING)
        termios.tcsetwinsize(streams.STDOUT, (24, 40))
        signal.raise_signal(signal.SIGWINCH)
        seat.presses("meanwhile")
        yield lambda: b"\x1b[6n" in seat.raw
        assert b"mean" not in seat.raw
        seat.presses(answer)
        yield lambda: b"mean" in seat.raw.split(b"\x1b[6n")[1]

    seat.plays(script())
    assert (b"\x1b[A" in seat.raw.split(b"\x1b[6n")[1].split(b"mean")[0]) == bool(answer)


def test_in_the_background_nothing_is_set(
    seat: Seat, stops: list[list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shell has the terminal already when SIGTSTP is seen."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        raw = termios.tcgetattr(streams.STDIN)
        monkeypatch.setattr(streams, "is_ours", lambda fd: False)
        monkeypatch.setattr(streams, "ends_anywhere", lambda: True)
        signal.raise_signal(signal.SIGTSTP)
        yield lambda: stops
        assert stops == [raw]
        terminal.resume()
        signal.raise_signal(signal.SIGWINCH)
        signal.raise_signal(signal.SIGTSTP)
        yield lambda: len(stops) == 2
        monkeypatch.setattr(streams, "ends_anywhere", lambda: False)
        terminal.resume()
        yield seat.shows(">", STANDING)

    seat.plays(script())


def test_an_editor_that_ends_in_the_background_reads_nothing_more(
    seat: Seat, stops: list[list[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would read again is over, and does not come when its memory is collected."""
    over: list[bool] = []
    detach = Keyboard.detach

    @contextmanager
    def noted(keyboard: Keyboard) -> Iterator[None]:
        with detach(keyboard):
            yield
        over.append(True)

    monkeypatch.setattr(Keyboard, "detach", noted)
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        monkeypatch.setattr(streams, "is_ours", lambda fd: False)
        monkeypatch.setattr(streams, "ends_anywhere", lambda: True)
        seat.presses(keys("Ctrl-Z"))
        yield lambda: stops

    seat.plays(script())
    assert over == [True]
    seat.presses("more\r")
    seat.loop.turn(0)
    assert seat.heard == []


def test_where_stopping_is_ignored_the_editor_goes_on(
    seat: Seat, stops: list[list[object]]
) -> None:
    """As in a window without a shell."""
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.presses(keys("Ctrl-Z") + "on\r")
        yield lambda: seat.heard == ["on"]

    seat.plays(script())
    assert stops == []


# In this process: how the editor begins and ends.


def test_a_terminal_that_is_closed_ends_the_input_but_not_the_loop(
    seat: Seat, stops: list[list[object]]
) -> None:
    """A later run is without the editor, and a stop has nothing to restore."""
    terminal = seat.opens()

    def script() -> Script:
        yield seat.shows(">", STANDING)
        seat.hangs_up()
        yield lambda: seat.heard == [None]
        signal.raise_signal(signal.SIGTSTP)
        yield lambda: True
        terminal.resume()
        assert terminal.hung_up

    seat.plays(script())
    seat.plays(iter([lambda: True]))
    assert stops == []


def test_a_terminal_that_is_closed_before_the_editor_begins_is_an_end(seat: Seat) -> None:
    """Its settings cannot be read any more, and need not be restored."""
    seat.opens()
    seat.person.leaves()

    def script() -> Script:
        yield lambda: seat.heard == [None]

    seat.plays(script())


def test_a_loop_that_is_stopped_before_the_editor_begins_starts_none(seat: Seat) -> None:
    """Nothing is painted, and the terminal's settings stay."""
    seat.opens()
    seat.plays(iter(()))
    assert b"with the server" not in seat.person.screen.encode()


@pytest.mark.parametrize("with_error", [True, False], ids=["exception", "message"])
def test_an_error_in_a_callback_of_asyncio_comes_out_of_run(
    seat: Seat, with_error: bool
) -> None:
    """As one in a callback of ours does, and not as a line in a log."""
    seat.opens()

    def fail() -> None:
        raise RuntimeError("a mistake")

    def script() -> Script:
        yield seat.shows(">", STANDING)
        if with_error:
            asyncio.get_running_loop().call_soon(fail)
        else:
            asyncio.get_running_loop().call_exception_handler({"message": "a mistake"})
        yield lambda: False

    with pytest.raises(RuntimeError, match="a mistake"):
        seat.plays(script())
