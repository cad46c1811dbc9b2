"""The plain terminal on real ptys, pipes and files: no line lost, no shell harmed."""

import errno
import os
import pty
import re
import select
import socket
import struct
import subprocess
import sys
import termios
from collections import deque
from pathlib import Path

import pytest

from chatlib.errors import ScreenClosedError
from chatlib.loop import READ, Loop
from chatlib.terminal import plain, streams
from chatlib.terminal.plain import KERNEL_LINE, LINE_LIMIT, LineBuffer, Plain
from chatlib.terminal.visible import visible
from tests.helpers import SECONDS, Person, Place, feed_three_ways, socket_pair, until

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.usefixtures("bounded")


class Listener:
    """The callbacks of a terminal; `heard` is what it passed on, its end as None."""

    def __init__(self) -> None:
        self.heard: list[str | None] = []

    def typed(self, lines: deque[str]) -> None:
        """Remove the first line and note it."""
        self.heard.append(lines.popleft())

    def input_ended(self) -> None:
        """Note the end of the input."""
        self.heard.append(None)


def start(
    loop: Loop, prompt: str = ">", *, accepting: bool = True, **options: bool
) -> tuple[Plain, Listener]:
    """Start a terminal on descriptors 0 to 2; return it with the callbacks it got."""
    terminal, listener = Plain(loop, prompt, **options), Listener()
    terminal.start(listener.typed, listener.input_ended)
    accept(terminal, accepting)
    return terminal, listener


def no_status() -> str:
    """Fail: the plain terminal has no place for a status."""
    raise AssertionError("the plain terminal asked for the status")


def accept(terminal: Plain, accepting: bool) -> None:
    """Have lines passed on or kept, without a prompt."""
    terminal.refresh(False, accepting, no_status)


def ask(terminal: Plain) -> None:
    """Have the prompt shown."""
    terminal.refresh(True, True, no_status)


def settle(loop: Loop) -> None:
    """Let the loop do what there is to do now, without waiting for more."""
    loop.call_later(0, lambda: None)
    loop.turn()


def hear(loop: Loop, listener: Listener) -> list[str | None]:
    """Turn the loop until something was passed on; return all that was."""
    until(loop, lambda: listener.heard)
    return listener.heard


def finish(loop: Loop, listener: Listener) -> list[str | None]:
    """Turn the loop until the end of the input was told; return all that was heard."""
    until(loop, lambda: None in listener.heard)
    return listener.heard


# Bytes to lines.


def split(pieces: list[bytes]) -> list[tuple[bytes, int]]:
    """Feed the pieces to a new buffer, then the end of the input."""
    buffer = LineBuffer()
    lines = [line for piece in pieces for line in buffer.feed(piece)]
    return lines + buffer.finish()


def test_lines_are_the_same_however_the_bytes_were_cut() -> None:
    """Empty lines are lines; what follows the last line end is one too."""
    feed_three_ways(b"one\n\ntwo\r\nthree", split)
    assert split([b"one\n\ntwo\r\nthree"]) == [
        (b"one", 0),
        (b"", 0),
        (b"two\r", 0),
        (b"three", 0),
    ]


def test_a_line_comes_with_its_line_end_and_not_before() -> None:
    """What is unfinished waits; what follows in the same read waits in its turn."""
    buffer = LineBuffer()
    assert buffer.feed(b"on") == []
    assert buffer.feed(b"e\ntw") == [(b"one", 0)]
    assert buffer.feed(b"o\n") == [(b"two", 0)]
    assert buffer.finish() == []


def test_an_input_that_ends_with_a_line_end_has_no_line_more() -> None:
    """The file of an editor and the output of `printf` have as many lines as they look."""
    assert split([b"one\n"]) == [(b"one", 0)]
    assert split([b"\n"]) == [(b"", 0)]
    assert split([]) == []


def test_the_bytes_over_the_limit_are_counted_however_they_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The count is of one line: the next begins with nothing lost."""
    monkeypatch.setattr(plain, "LINE_LIMIT", 4)
    data = b"1234\n12345\n1234567\n12\n123456"
    feed_three_ways(data, split)
    assert split([data]) == [
        (b"1234", 0),
        (b"1234", 1),
        (b"1234", 3),
        (b"12", 0),
        (b"1234", 2),
    ]


def test_an_endless_line_does_not_fill_the_memory() -> None:
    """`chatc < /dev/zero` is a person's mistake, not the machine's end."""
    buffer = LineBuffer()
    for _ in range(100):
        assert buffer.feed(b"x" * LINE_LIMIT) == []
    assert len(buffer.held) == LINE_LIMIT
    assert buffer.feed(b"\n") == [(b"x" * LINE_LIMIT, 99 * LINE_LIMIT)]


# A person at a terminal.


def test_a_line_is_passed_on_when_it_is_finished(person: Person, loop: Loop) -> None:
    """Until Enter the kernel keeps it, and Backspace works."""
    terminal, listener = start(loop)
    assert terminal.interactive
    ask(terminal)
    person.types(b"hallo")
    settle(loop)
    assert listener.heard == []
    os.write(person.keyboard, b"\x7f\x7f\x7fllo\n")
    assert hear(loop, listener) == ["hallo"]
    terminal.close()


def test_the_prompt_is_there_once_until_it_is_answered(person: Person, loop: Loop) -> None:
    """Asking again changes nothing; after Enter there is a new question."""
    terminal, listener = start(loop, "say> ")
    ask(terminal)
    ask(terminal)
    assert person.screen == "say> "
    person.types(b"one\n")
    until(loop, lambda: listener.heard)
    ask(terminal)
    assert person.screen == "say> one\nsay> "
    terminal.close()


def test_a_message_at_an_open_prompt_begins_a_line_of_its_own(person: Person) -> None:
    """The prompt comes again when it is asked for, not by itself."""
    terminal, _ = start(Loop())
    terminal.show("first")
    ask(terminal)
    terminal.show("second")
    terminal.show("third")
    assert person.screen == "first\n>\nsecond\nthird\n"
    ask(terminal)
    assert person.screen == "first\n>\nsecond\nthird\n>"
    terminal.close()


def test_a_notice_at_an_open_prompt_repeats_the_prompt(person: Person, loop: Loop) -> None:
    """The kernel still holds what was typed: it is sent with the rest of the line."""
    terminal, listener = start(loop)
    ask(terminal)
    person.types(b"half ")
    terminal.notify("By the way.")
    assert person.screen == ">half \nBy the way.\n>"
    person.types(b"a line\n")
    assert hear(loop, listener) == ["half a line"]
    terminal.close()


def test_a_notice_without_a_prompt_asks_nothing(person: Person) -> None:
    """It is not a question."""
    terminal, _ = start(Loop())
    terminal.notify("By the way.")
    assert person.screen == "By the way.\n"
    terminal.close()


def test_a_notice_that_goes_elsewhere_leaves_the_prompt_alone(
    person: Person, place: Place, tmp_path: Path
) -> None:
    """With `2> file` nothing is written between the prompt and what is typed."""
    place("STDERR", os.open(tmp_path / "errors", os.O_WRONLY | os.O_CREAT))
    terminal, _ = start(Loop())
    ask(terminal)
    terminal.notify("By the way.")
    assert person.screen == ">"
    assert (tmp_path / "errors").read_text() == "By the way.\n"
    terminal.close()


def test_a_line_that_is_refused_is_given_back_to_be_read(person: Person) -> None:
    """The kernel lets nobody put it back to where it was typed."""
    terminal, _ = start(Loop())
    ask(terminal)
    terminal.refuse("Not sent, it is too long", "hello")
    assert person.screen == ">\nNot sent, it is too long: hello\n>"
    terminal.close()


def test_the_bell_rings_at_a_message_and_at_nothing_else(person: Person) -> None:
    """For who has asked for it, whatever is being typed."""
    terminal, _ = start(Loop(), bell=True)
    terminal.show("Connected")
    terminal.show_messages("Ann", ["hello"])
    ask(terminal)
    terminal.notify("By the way.")
    assert person.screen == "Connected\nAnn: hello\n\a>\nBy the way.\n>"
    terminal.close()


def test_without_being_asked_for_the_bell_does_not_ring(person: Person) -> None:
    """Silence is what most people want."""
    terminal, _ = start(Loop())
    terminal.show_messages("", ["hello"])
    assert person.screen == "hello\n"
    terminal.close()


def test_the_bell_does_not_ring_in_a_file(
    person: Person, place: Place, tmp_path: Path
) -> None:
    """With `> file` nobody would hear it, and it would stand in the text."""
    place("STDOUT", os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT))
    terminal, _ = start(Loop(), bell=True)
    terminal.show_messages("", ["hello"])
    assert (tmp_path / "file").read_text() == "hello\n"
    terminal.close()


def test_the_time_stands_before_what_is_said_and_nowhere_else(person: Person) -> None:
    """Neither before the prompt nor before what is about the chat."""
    terminal, _ = start(Loop(), timestamps=True)
    terminal.show("Connected")
    terminal.show_messages("Ann", ["hello"])
    terminal.echo("early")
    terminal.notify("By the way.")
    ask(terminal)
    terminal.show_messages("", ["hello"])
    assert re.sub(r"\d\d:\d\d:\d\d ", "TIME ", person.screen) == (
        "TIME Connected\nTIME Ann: hello\n>early\nBy the way.\n>\nTIME hello\n"
    )
    terminal.close()


def test_a_line_typed_early_is_shown_at_the_prompt(person: Person) -> None:
    """As if it were typed now; also where the prompt stands already."""
    terminal, _ = start(Loop())
    terminal.echo("early")
    ask(terminal)
    terminal.echo("earlier")
    ask(terminal)
    assert person.screen == ">early\n>earlier\n>"
    terminal.close()


def test_after_a_withdrawn_prompt_a_new_line_begins(person: Person) -> None:
    """Only where there was one."""
    terminal, _ = start(Loop())
    terminal.remove_prompt()
    ask(terminal)
    terminal.remove_prompt()
    terminal.remove_prompt()
    terminal.show("Goodbye")
    assert person.screen == ">\nGoodbye\n"
    terminal.close()


def test_after_an_interrupt_a_new_line_begins(person: Person) -> None:
    """The kernel has echoed `^C` wherever the cursor was."""
    terminal, _ = start(Loop())
    ask(terminal)
    os.write(streams.STDOUT, b"^C")
    terminal.begin_line()
    ask(terminal)
    assert person.screen == ">^C\n>"
    terminal.close()


def test_nothing_that_a_terminal_obeys_reaches_it(person: Person) -> None:
    """Neither from the peer nor from the settings nor from the person's own line."""
    hostile = "\x1b]0;title\x07\n\u202e"
    terminal, _ = start(Loop(), f"{hostile}>")
    terminal.show(hostile)
    terminal.show_messages(hostile, [hostile])
    terminal.notify(hostile)
    terminal.refuse(hostile, hostile)
    terminal.echo(hostile)
    ask(terminal)
    terminal.notify(hostile)
    shown = "^[]0;title^G^J<U+202E>"
    assert person.screen == (
        f"{shown}\n{shown}: {shown}\n{shown}\n{shown}: {shown}\n"
        f"{shown}>{shown}\n{shown}>\n{shown}\n{shown}>"
    )
    terminal.close()


def test_ctrl_d_ends_the_input_but_the_terminal_stays(person: Person, loop: Loop) -> None:
    """The person has left; the screen has not."""
    terminal, listener = start(loop)
    os.write(person.keyboard, b"\x04")
    assert finish(loop, listener) == [None]
    assert not terminal.hung_up
    terminal.close()


def test_ctrl_d_in_a_line_does_not_end_it(person: Person, loop: Loop) -> None:
    """The first hands over what is there; only one on an empty line ends the input."""
    terminal, listener = start(loop)
    person.types(b"half")
    os.write(person.keyboard, b"\x04")
    until(loop, lambda: terminal._buffer.held)
    assert listener.heard == []
    person.types(b" a line\n")
    assert hear(loop, listener) == ["half a line"]
    terminal.close()


def test_a_line_does_not_overtake_those_that_wait(piped: Person, loop: Loop) -> None:
    """The first could not be answered, because the screen was closed; all are in order."""
    terminal, listener = Plain(loop, ">"), Listener()

    def fail(lines: deque[str]) -> None:
        listener.typed(lines)
        if listener.heard == ["one"]:
            raise ScreenClosedError("the screen was closed")

    terminal.start(fail, listener.input_ended)
    accept(terminal, True)
    piped.types(b"one\ntwo\n")
    with pytest.raises(ScreenClosedError):
        until(loop, lambda: len(listener.heard) == 2)
    piped.types(b"three\n")
    until(loop, lambda: "three" in listener.heard)
    assert listener.heard == ["one", "two", "three"]
    terminal.close()


def test_a_terminal_that_was_closed_is_an_end_and_is_gone(
    person: Person, loop: Loop
) -> None:
    """What a closed window leaves behind: EIO or nothing at all, never a traceback."""
    terminal, listener = start(loop)
    person.leaves()
    assert finish(loop, listener) == [None]
    assert terminal.hung_up
    with pytest.raises(ScreenClosedError):
        terminal.show("hello")
    terminal.notify("hello")
    terminal.close()


def test_a_line_that_the_kernel_may_have_cut_is_noticed(person: Person, loop: Loop) -> None:
    """Of 4096 bytes and more it keeps 4095, without a word (terminal.md, trap 4)."""
    _no_echo()
    terminal, listener = start(loop)
    os.write(person.keyboard, b"x" * KERNEL_LINE + b"END\n")
    assert hear(loop, listener) == ["x" * KERNEL_LINE]
    assert "Your line is 4095 bytes long" in person.screen
    terminal.close()


def test_a_line_that_just_fits_is_not_suspected(person: Person, loop: Loop) -> None:
    """One byte less has certainly not been cut."""
    _no_echo()
    terminal, listener = start(loop)
    os.write(person.keyboard, b"x" * (KERNEL_LINE - 1) + b"\n")
    assert hear(loop, listener) == ["x" * (KERNEL_LINE - 1)]
    assert person.screen == ""
    terminal.close()


def _no_echo() -> None:
    """Let the kernel not echo: four thousand letters are a test of something else."""
    attributes = termios.tcgetattr(streams.STDIN)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(streams.STDIN, termios.TCSANOW, attributes)


def test_typed_bytes_that_are_not_utf_8_are_noticed_and_replaced(
    person: Person, loop: Loop
) -> None:
    """A paste from another time must not end the program (terminal.md, trap 15)."""
    terminal, listener = start(loop)
    os.write(person.keyboard, b"a\xff\xfeb\n")
    assert hear(loop, listener) == ["a\ufffd\ufffdb"]
    # As bytes: the kernel's echo of what was typed is no UTF-8 either.
    notice = "Your line is not all UTF-8: what is not was replaced by \ufffd."
    person.sees(person.out, notice.encode())
    terminal.close()


def test_a_keyboard_that_was_emptied_after_it_was_ready_is_not_waited_for(
    person: Person, loop: Loop
) -> None:
    """Ctrl-C throws the finished line away just before it is read (terminal.md, trap 6)."""
    terminal, listener = start(loop)
    person.types(b"gone\n")
    assert select.select([terminal._fd], [], [], SECONDS)[0]
    termios.tcflush(terminal._fd, termios.TCIFLUSH)
    terminal._read_input(READ)
    assert listener.heard == []
    person.types(b"there\n")
    assert hear(loop, listener) == ["there"]
    terminal.close()


def test_the_shells_descriptors_stay_blocking(person: Person, loop: Loop) -> None:
    """During the program and after it: O_NONBLOCK is shared (terminal.md, trap 5)."""
    terminal, listener = start(loop)
    person.types(b"one\n")
    until(loop, lambda: listener.heard)
    assert all(map(os.get_blocking, (streams.STDIN, streams.STDOUT, streams.STDERR)))
    terminal.close()
    assert all(map(os.get_blocking, (streams.STDIN, streams.STDOUT, streams.STDERR)))


READS_A_LINE = """
from chatlib.loop import Loop
from chatlib.terminal.plain import Plain
loop = Loop()
terminal = Plain(loop, ">")
def typed(lines):
    terminal.show(f"heard {lines.popleft()}")
    loop.stop()
terminal.start(typed, loop.stop)
terminal.refresh(True, True, str)
loop.run()
terminal.close()
"""


def test_the_next_program_of_a_script_can_read() -> None:
    """Interactive shells mend a nonblocking stdin; `chatc; cat` in a script does not."""
    master, slave = pty.openpty()
    person = Person(master, master, master)
    shell = subprocess.Popen(
        ["sh", "-c", '"$0" -c "$1"; echo next; cat', sys.executable, READS_A_LINE],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        person.sees(master, b">")
        person.types(b"one\n")
        person.sees(master, b"heard one\r\nnext\r\n")
        before = len(person.seen[master])
        person.types(b"two\n")
        # Once echoed, once from `cat`.
        person.sees(master, b"two\r\ntwo\r\n", before)
        os.write(master, b"\x04")
        assert shell.wait(SECONDS) == 0
    finally:
        shell.kill()
        shell.wait()
        os.close(slave)
        person.close()


def test_nothing_half_typed_is_left_for_the_shell(person: Person) -> None:
    """It would stand at the next prompt, one Enter away (terminal.md, trap 10)."""
    terminal, _ = start(Loop())
    ask(terminal)
    person.types(b"rm -rf half")
    terminal.close()
    assert person.screen == ">rm -rf half\n"
    person.types(b"ls\n")
    assert os.read(streams.STDIN, 100) == b"ls\n"


def test_a_line_that_was_begun_for_somebody_who_has_gone_is_forgotten(
    person: Person, loop: Loop
) -> None:
    """The next guest gets a line of its own, not the end of another's."""
    terminal, listener = start(loop)
    person.types(b"for your eyes on")
    terminal.discard_typed()
    person.types(b"hello\n")
    assert hear(loop, listener) == ["hello"]
    terminal.close()


def test_who_was_stopped_is_asked_again(person: Person) -> None:
    """The shell has written in between; where no question was open, none is put."""
    terminal, _ = start(Loop())
    terminal.resume()
    ask(terminal)
    os.write(streams.STDOUT, b"\n[1]+  Stopped\n$ fg\nchatc\n")
    terminal.resume()
    assert person.screen == ">\n[1]+  Stopped\n$ fg\nchatc\n\r>"
    terminal.close()


def test_the_keyboard_is_closed_and_no_longer_watched(person: Person, loop: Loop) -> None:
    """A loop that goes on for the goodbye has nothing to do with it."""
    terminal, _ = start(loop)
    keyboard = terminal._fd
    terminal.close()
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        os.fstat(keyboard)
    assert not loop._selector.get_map()


def test_a_terminal_without_a_name_is_used_as_it_is(
    person: Person, monkeypatch: pytest.MonkeyPatch, loop: Loop
) -> None:
    """In some containers fd 0 is all that there is: it is neither changed nor closed."""

    def fail(_: int) -> str:
        raise OSError(errno.ENODEV, "no name")

    monkeypatch.setattr(os, "ttyname", fail)
    terminal, listener = start(loop)
    assert terminal.interactive
    person.types(b"one\n")
    assert hear(loop, listener) == ["one"]
    terminal.close()
    assert os.isatty(streams.STDIN)
    assert os.get_blocking(streams.STDIN)


# Pipes and files.


def test_there_is_a_prompt_only_where_a_person_sits(piped: Person) -> None:
    """A pipe gets the conversation and nothing else."""
    terminal, _ = start(Loop())
    assert not terminal.interactive
    assert not terminal.hung_up
    ask(terminal)
    terminal.echo("early")
    terminal.begin_line()
    terminal.remove_prompt()
    terminal.show("hello")
    assert piped.screen == "hello\n"
    terminal.close()


def test_a_prompt_needs_a_keyboard_and_not_a_screen(
    person: Person, place: Place, tmp_path: Path
) -> None:
    """`chatc > file` asks the person all the same."""
    place("STDOUT", os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT))
    terminal, _ = start(Loop())
    ask(terminal)
    assert (tmp_path / "file").read_text() == ">"
    terminal.close()


def test_the_conversation_and_the_notices_do_not_mix(piped: Person) -> None:
    """stdout for the one, stderr for the other."""
    terminal, _ = start(Loop())
    terminal.show("hello")
    terminal.notify("By the way.")
    assert piped.screen == "hello\n"
    assert piped.errors == "By the way.\n"
    terminal.close()


def test_a_speaker_is_named_where_there_is_one(piped: Person) -> None:
    """Where turns alternate there is none: then a line is as it was typed."""
    terminal, _ = start(Loop())
    terminal.show_messages("Ann", ["hello"])
    terminal.show_messages("", ["hello"])
    assert piped.screen == "Ann: hello\nhello\n"
    terminal.close()


@pytest.mark.parametrize("bad", ["\x1b[2J", "two\nlines", "\u202e", "\t"])
def test_of_many_messages_each_has_its_line_its_speaker_and_its_time(
    piped: Person, bad: str
) -> None:
    """And a single one that a terminal would obey is made visible, wherever it stands."""
    for place in range(3):
        terminal, _ = start(Loop(), timestamps=True)
        texts = ["one", "two", "three"]
        texts[place] = bad
        before = len(piped.screen)
        terminal.show_messages("Ann", texts)
        shown = re.sub(r"\d\d:\d\d:\d\d", "TIME", piped.screen[before:])
        assert shown == "".join(f"TIME Ann: {visible(text)}\n" for text in texts)
        terminal.close()


def test_a_refused_line_of_a_pipe_stands_among_the_notices(piped: Person) -> None:
    """With the reason, on one line."""
    terminal, _ = start(Loop())
    terminal.refuse("Not sent", "hello")
    assert (piped.screen, piped.errors) == ("", "Not sent: hello\n")
    terminal.close()


def test_how_the_talk_stands_is_written_nowhere(piped: Person) -> None:
    """There is no place for it."""
    terminal, _ = start(Loop())
    terminal.show_status(no_status)
    assert (piped.screen, piped.errors) == ("", "")
    terminal.close()


def test_run_passes_lines_on_until_the_loop_is_stopped(piped: Person, loop: Loop) -> None:
    """Also those that come only while it waits."""
    terminal, listener = start(loop, accepting=False)

    def typed(lines: deque[str]) -> None:
        listener.typed(lines)
        if listener.heard == ["one"]:
            piped.types(b"two\n")
        else:
            loop.stop()

    terminal.start(typed, listener.input_ended)
    accept(terminal, True)
    piped.types(b"one\n")
    terminal.run()
    assert listener.heard == ["one", "two"]
    terminal.close()


def test_a_pipe_is_not_read_before_anybody_listens(piped: Person, loop: Loop) -> None:
    """Its lines wait in the kernel until there is a peer (terminal.md, trap 9)."""
    terminal, listener = start(loop, accepting=False)
    piped.types(b"early\n")
    settle(loop)
    assert listener.heard == []
    assert select.select([streams.STDIN], [], [], 0)[0]
    accept(terminal, True)
    assert hear(loop, listener) == ["early"]
    terminal.close()


def test_all_lines_arrive_the_last_without_line_end_too(piped: Person, loop: Loop) -> None:
    """And then the end is told, once."""
    terminal, listener = start(loop)
    piped.types(b"one\n\nthree")
    piped.leaves()
    assert finish(loop, listener) == ["one", "", "three", None]
    # A pipe at its end is ready for ever: watching it on would be an idle program's CPU.
    assert not loop._selector.get_map()
    accept(terminal, False)
    accept(terminal, True)
    settle(loop)
    assert listener.heard == ["one", "", "three", None]
    terminal.close()


def test_all_lines_of_a_read_are_offered_until_every_one_is_taken(
    piped: Person, loop: Loop
) -> None:
    """The callback may take several at once, and is called again for the rest."""
    terminal, listener = start(loop, accepting=False)
    offered: list[list[str]] = []

    def typed(lines: deque[str]) -> None:
        offered.append([*lines])
        listener.heard += [lines.popleft() for _ in range(len(lines) // 2 or 1)]

    terminal.start(typed, listener.input_ended)
    piped.types(b"1\n2\n3\n4\n5\n6\n")
    piped.leaves()
    accept(terminal, True)
    assert finish(loop, listener) == [*"123456", None]
    assert offered == [[*"123456"], [*"456"], [*"56"], ["6"]]
    terminal.close()


def test_a_callback_that_took_several_lines_may_stop_the_rest(
    piped: Person, loop: Loop
) -> None:
    """The rest is offered when lines are accepted again, and the end after the last."""
    terminal, listener = start(loop, accepting=False)

    def typed(lines: deque[str]) -> None:
        listener.heard += [lines.popleft() for _ in range(min(2, len(lines)))]
        accept(terminal, False)

    terminal.start(typed, listener.input_ended)
    piped.types(b"1\n2\n3\n4\n5\n")
    piped.leaves()
    everything = [*"12345", None]
    for count in (2, 4, 5, 6):
        expected = everything[:count]
        accept(terminal, True)
        until(loop, lambda: listener.heard == expected)  # noqa: B023
        settle(loop)
        assert listener.heard == expected
    terminal.close()


def test_listening_no_more_stops_at_once_and_loses_no_line(
    piped: Person, loop: Loop
) -> None:
    """What was read in one piece is handed out one line a turn, the end after the last."""
    terminal, listener = start(loop, accepting=False)

    def typed(lines: deque[str]) -> None:
        listener.typed(lines)
        accept(terminal, False)

    terminal.start(typed, listener.input_ended)
    piped.types(b"one\ntwo\nthree")
    piped.leaves()
    for count in range(1, 4):
        accept(terminal, True)
        until(loop, lambda: len(listener.heard) >= count)  # noqa: B023
        settle(loop)
        assert listener.heard == ["one", "two", "three"][:count]
    accept(terminal, True)
    assert finish(loop, listener) == ["one", "two", "three", None]
    terminal.close()


def test_listening_again_inside_a_line_keeps_the_order(piped: Person, loop: Loop) -> None:
    """A turn that comes back at once may switch off and on within one call."""
    terminal, listener = start(loop, accepting=False)

    def typed(lines: deque[str]) -> None:
        listener.typed(lines)
        accept(terminal, False)
        accept(terminal, True)

    terminal.start(typed, listener.input_ended)
    accept(terminal, True)
    piped.types(b"".join(b"%d\n" % number for number in range(50)))
    piped.leaves()
    assert finish(loop, listener) == [*map(str, range(50)), None]
    terminal.close()


def test_the_end_is_not_told_to_who_does_not_listen(piped: Person, loop: Loop) -> None:
    """The last line may still be under way when the file is at its end."""
    terminal, listener = start(loop)
    piped.types(b"one\n")
    until(loop, lambda: listener.heard)
    accept(terminal, False)
    piped.leaves()
    settle(loop)
    assert listener.heard == ["one"]
    accept(terminal, True)
    assert finish(loop, listener) == ["one", None]
    terminal.close()


def test_a_line_end_of_windows_is_a_line_end(piped: Person, loop: Loop) -> None:
    """CR LF is not shown as `^M`; a CR inside a line is the line's own."""
    terminal, listener = start(loop)
    piped.types(b"one\r\n\r\nt\rwo\r")
    piped.leaves()
    assert finish(loop, listener) == ["one", "", "t\rwo", None]
    terminal.close()


def test_a_single_line_of_windows_is_one_too(piped: Person, loop: Loop) -> None:
    """Where it is all that one read brings."""
    terminal, listener = start(loop)
    piped.types(b"one\r\n")
    assert hear(loop, listener) == ["one"]
    terminal.close()


def test_piped_bytes_that_are_not_utf_8_are_noticed_and_replaced(
    piped: Person, loop: Loop
) -> None:
    """Every other line comes through as it is."""
    terminal, listener = start(loop)
    piped.types("für dich\n".encode() + b"f\xfcr dich\n")
    piped.leaves()
    assert finish(loop, listener) == ["für dich", "f\ufffdr dich", None]
    assert piped.errors.count("not all UTF-8") == 1
    terminal.close()


def test_a_character_cut_by_two_reads_is_whole(piped: Person, loop: Loop) -> None:
    """Bytes become text only when the line is there."""
    terminal, listener = start(loop)
    first, second = "日".encode()[:1], "日".encode()[1:]
    piped.types(first)
    until(loop, lambda: terminal._buffer.held)
    piped.types(second + b"\n")
    assert hear(loop, listener) == ["日"]
    assert piped.errors == ""
    terminal.close()


def test_a_line_over_the_limit_is_cut_and_counted(
    piped: Person, place: Place, tmp_path: Path, loop: Loop
) -> None:
    """A pipe has no kernel that cuts; 4095 bytes are nothing special there."""
    (tmp_path / "file").write_bytes(
        b"x" * KERNEL_LINE + b"\n" + b"x" * (LINE_LIMIT + 10) + b"\nshort\n"
    )
    place("STDIN", os.open(tmp_path / "file", os.O_RDONLY))
    terminal, listener = start(loop)
    heard = finish(loop, listener)
    assert heard == ["x" * KERNEL_LINE, "x" * LINE_LIMIT, "short", None]
    assert piped.errors == "Your line was too long: its last 10 bytes were dropped.\n"
    terminal.close()


def test_a_line_cut_inside_a_character_is_not_blamed_for_it(
    piped: Person, place: Place, tmp_path: Path, loop: Loop
) -> None:
    """The line was UTF-8; that it was too long is what the person has to know."""
    (tmp_path / "file").write_text("日" * (LINE_LIMIT // 3 + 1) + "\n")
    place("STDIN", os.open(tmp_path / "file", os.O_RDONLY))
    terminal, listener = start(loop)
    finish(loop, listener)
    assert listener.heard == ["日" * (LINE_LIMIT // 3), None]
    assert "too long" in piped.errors
    assert "UTF-8" not in piped.errors
    terminal.close()


def test_a_file_is_read_to_its_end(
    piped: Person, place: Place, tmp_path: Path, loop: Loop
) -> None:
    """epoll would refuse it (terminal.md, trap 7)."""
    (tmp_path / "file").write_text("one\ntwo")
    place("STDIN", os.open(tmp_path / "file", os.O_RDONLY))
    terminal, listener = start(loop)
    assert finish(loop, listener) == ["one", "two", None]
    terminal.close()


def test_dev_null_is_an_end_at_once(piped: Person, place: Place, loop: Loop) -> None:
    """epoll would refuse it too, and it is a terminal nowhere."""
    place("STDIN", os.open(os.devnull, os.O_RDWR))
    terminal, listener = start(loop)
    assert not terminal.interactive
    assert finish(loop, listener) == [None]
    terminal.close()


def test_an_input_that_cannot_be_read_has_ended(
    piped: Person, place: Place, loop: Loop
) -> None:
    """Whoever started us may have given us a socket, and its peer may be killed.

    That is the end of the input; no terminal has been closed.
    """
    near, far = socket_pair()
    place("STDIN", near.detach())
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    terminal, listener = start(loop)
    assert finish(loop, listener) == [None]
    assert not terminal.hung_up
    terminal.close()


@pytest.mark.parametrize("line_end", ["\n", ""])
def test_lines_that_nobody_wanted_are_given_back_once(
    piped: Person, line_end: str, loop: Loop
) -> None:
    """So that the person learns what was never sent, the last line included.

    An empty line is nothing that could have been sent.
    """
    terminal, listener = start(loop, accepting=False)

    def typed(lines: deque[str]) -> None:
        listener.typed(lines)
        accept(terminal, False)

    terminal.start(typed, listener.input_ended)
    accept(terminal, True)
    piped.types(f"one\n\ntwo\nthree{line_end}".encode())
    until(loop, lambda: listener.heard)
    assert terminal.take_unsent() == (["two", "three"], False)
    assert terminal.take_unsent() == ([], False)
    assert listener.heard == ["one"]
    terminal.close()


def test_of_a_long_pipe_no_more_than_two_reads_are_unsent(
    piped: Person, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines of the first are returned, and that more follow; its end may be far."""
    monkeypatch.setattr(plain, "READ_SIZE", 8)
    terminal, _ = start(loop, accepting=False)
    piped.types(b"one\ntwo\nthree\nfour\n")
    assert terminal.take_unsent() == (["one", "two"], True)
    assert os.read(streams.STDIN, 100) == b"ur\n"
    terminal.close()


def test_an_input_that_cannot_be_read_has_nothing_unsent(
    piped: Person, place: Place, loop: Loop
) -> None:
    """A connection that was reset in place of stdin raises an error at every read."""
    near, far = socket_pair()
    place("STDIN", near.detach())
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    terminal, _ = start(loop, accepting=False)
    assert terminal.take_unsent() == ([], False)
    terminal.close()


def test_a_half_typed_line_of_a_person_is_unsent_too(person: Person, loop: Loop) -> None:
    """Ctrl-D in a line has passed it to the program, but it was never finished."""
    terminal, _ = start(loop)
    person.types(b"half")
    os.write(person.keyboard, b"\x04")
    until(loop, lambda: terminal._buffer.held)
    assert terminal.take_unsent() == (["half"], False)
    terminal.close()


def test_a_pipe_is_left_as_it_was(piped: Person, loop: Loop) -> None:
    """It belongs to the shell: neither closed nor made nonblocking, nor read too far."""
    terminal, listener = start(loop)
    piped.types(b"one\n")
    until(loop, lambda: listener.heard)
    terminal.close()
    piped.types(b"two\n")
    assert os.read(streams.STDIN, 100) == b"two\n"
    assert os.get_blocking(streams.STDIN)
    assert not loop._selector.get_map()


def test_a_pipe_that_somebody_made_nonblocking_is_waited_for(
    piped: Person, loop: Loop
) -> None:
    """The one who wrote the script may share it with a program that did so."""
    os.set_blocking(streams.STDIN, False)
    terminal, listener = start(loop)
    terminal._read_input(READ)
    assert listener.heard == []
    piped.types(b"one\n")
    assert hear(loop, listener) == ["one"]
    terminal.close()


# Screens that do not take what is written.


def test_a_prompt_on_a_closed_stdout_can_still_be_withdrawn(
    person: Person, place: Place
) -> None:
    """A program that ends because of it must be able to end."""
    place("STDOUT", os.open("/dev/full", os.O_WRONLY))
    terminal, _ = start(Loop())
    with pytest.raises(ScreenClosedError):
        ask(terminal)
    terminal.remove_prompt()
    terminal.close()
