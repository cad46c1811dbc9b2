"""The plain terminal on real ptys, pipes and files."""

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


def no_status() -> tuple[str, ...]:
    """Fail: the plain terminal has no place for a status."""
    raise AssertionError("the plain terminal asked for the status")


def accept(terminal: Plain, accepting: bool) -> None:
    """Have lines passed on or kept, without a prompt."""
    terminal.refresh(False, accepting, no_status)


def ask(terminal: Plain) -> None:
    """Have the prompt shown."""
    terminal.refresh(True, True, no_status)


def turn_once(loop: Loop) -> None:
    """Turn the loop once without waiting."""
    loop.call_later(0, lambda: None)
    loop.turn()


def hear(loop: Loop, listener: Listener) -> list[str | None]:
    """Turn the loop until a line was passed on; return all that were."""
    until(loop, lambda: listener.heard)
    return listener.heard


def finish(loop: Loop, listener: Listener) -> list[str | None]:
    """Turn the loop until the end of the input was reported; return all that was heard."""
    until(loop, lambda: None in listener.heard)
    return listener.heard


# Bytes to lines.


def split(pieces: list[bytes]) -> list[tuple[bytes, int]]:
    """Feed the pieces to a new buffer, then finish; return all lines and what was lost."""
    buffer = LineBuffer()
    found: list[tuple[bytes, int]] = []
    for piece in [*pieces, b""]:
        lines = buffer.feed(piece) if piece else buffer.finish()
        found += [(line, 0 if index else buffer.lost) for index, line in enumerate(lines)]
    return found


def test_lines_are_the_same_however_the_bytes_are_cut() -> None:
    """An empty line is a line, and so is text after the last line end."""
    feed_three_ways(b"one\n\ntwo\r\nthree", split)
    assert split([b"one\n\ntwo\r\nthree"]) == [
        (b"one", 0),
        (b"", 0),
        (b"two\r", 0),
        (b"three", 0),
    ]


def test_a_line_is_returned_when_its_line_end_comes() -> None:
    """The beginning of the next line is held until its own line end comes."""
    buffer = LineBuffer()
    assert buffer.feed(b"on") == []
    assert buffer.feed(b"e\ntw") == [b"one"]
    assert buffer.feed(b"o\n") == [b"two"]
    assert buffer.finish() == []


def test_a_last_line_end_begins_no_further_line() -> None:
    """A file has as many lines as an editor shows."""
    assert split([b"one\n"]) == [(b"one", 0)]
    assert split([b"\n"]) == [(b"", 0)]
    assert split([]) == []


def test_bytes_over_the_limit_are_counted_line_by_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next line begins with nothing lost, however the bytes are cut."""
    monkeypatch.setattr(plain, "LINE_LIMIT", 4)

    def split_reads(pieces: list[bytes]) -> list[tuple[bytes, int]]:
        """One read is never longer than the limit."""
        return split(
            [each[at : at + 4] for each in pieces for at in range(0, len(each), 4)]
        )

    data = b"1234\n12345\n1234567\n12\n123456"
    feed_three_ways(data, split_reads)
    assert split_reads([data]) == [
        (b"1234", 0),
        (b"1234", 1),
        (b"1234", 3),
        (b"12", 0),
        (b"1234", 2),
    ]


def test_an_endless_line_does_not_fill_the_memory() -> None:
    """`chatc < /dev/zero` holds LINE_LIMIT bytes and counts the others."""
    buffer = LineBuffer()
    for _ in range(100):
        assert buffer.feed(b"x" * LINE_LIMIT) == []
    assert len(buffer.held) == LINE_LIMIT
    assert buffer.feed(b"\n") == [b"x" * LINE_LIMIT]
    assert buffer.lost == 99 * LINE_LIMIT


# A person at a terminal.


def test_a_line_is_passed_on_when_it_is_finished(person: Person, loop: Loop) -> None:
    """Until Enter the kernel keeps the line, and Backspace changes it."""
    terminal, listener = start(loop)
    assert terminal.interactive
    ask(terminal)
    person.types(b"hallo")
    turn_once(loop)
    assert listener.heard == []
    os.write(person.keyboard, b"\x7f\x7f\x7fllo\n")
    assert hear(loop, listener) == ["hallo"]
    terminal.close()


def test_the_prompt_is_shown_once_for_each_line(person: Person, loop: Loop) -> None:
    """Asking again changes nothing; after Enter the prompt is shown again."""
    terminal, listener = start(loop, "say> ")
    ask(terminal)
    ask(terminal)
    assert person.screen == "say> "
    person.types(b"one\n")
    until(loop, lambda: listener.heard)
    ask(terminal)
    assert person.screen == "say> one\nsay> "
    terminal.close()


def test_no_prompt_is_shown_behind_a_line_that_waits_to_be_read(
    person: Person, loop: Loop
) -> None:
    """The kernel has echoed that line already; the next one gets its prompt."""
    terminal, listener = start(loop)
    person.types(b"early\n")
    ask(terminal)
    assert person.screen == "early\n"
    assert hear(loop, listener) == ["early"]
    ask(terminal)
    assert person.screen == "early\n>"
    terminal.close()


def test_a_person_is_heard_although_no_line_is_accepted(person: Person, loop: Loop) -> None:
    """The line may be `/q`."""
    terminal, listener = start(loop, accepting=False)
    person.types(b"/q\n")
    assert hear(loop, listener) == ["/q"]
    terminal.close()


def test_a_message_at_an_open_prompt_begins_a_new_line(person: Person) -> None:
    """The prompt is shown again only when it is asked for."""
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
    """The kernel still holds what was typed, and it is sent with the rest of the line."""
    terminal, listener = start(loop)
    ask(terminal)
    person.types(b"half ")
    terminal.notify("By the way.")
    assert person.screen == ">half \nBy the way.\n>"
    person.types(b"a line\n")
    assert hear(loop, listener) == ["half a line"]
    terminal.close()


def test_a_question_takes_the_place_of_the_prompt(person: Person) -> None:
    """An open prompt is left behind; an empty question brings the usual one back."""
    terminal, _ = start(Loop())
    terminal.ask("Your \x1b[2Jword>")
    assert person.screen == ""
    ask(terminal)
    assert person.screen == "Your ^[[2Jword>"
    terminal.ask("")
    assert person.screen.endswith("word>\n>")
    terminal.close()


def test_a_board_is_written_line_by_line(person: Person) -> None:
    """Each time, and made visible: it may be that of a package."""
    terminal, _ = start(Loop())
    terminal.show_board(["a \a", "b"], 1)
    terminal.show_board(["a \a", "c"], 1)
    assert person.screen == "a ^G\nb\na ^G\nc\n"
    terminal.close()


def test_a_notice_without_an_open_prompt_shows_none(person: Person) -> None:
    """The prompt is shown again only where it was."""
    terminal, _ = start(Loop())
    terminal.notify("By the way.")
    assert person.screen == "By the way.\n"
    terminal.close()


def test_a_notice_in_a_file_leaves_the_prompt_alone(
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


def test_a_refused_line_is_written_after_the_reason(person: Person) -> None:
    """The person can copy it: the kernel cannot put it back at the prompt."""
    terminal, _ = start(Loop())
    ask(terminal)
    terminal.refuse("Not sent, it is too long", "hello")
    assert person.screen == ">\nNot sent, it is too long: hello\n>"
    terminal.close()


def test_the_bell_rings_after_messages_only(person: Person) -> None:
    """Neither a banner nor a notice rings it."""
    terminal, _ = start(Loop(), bell=True)
    terminal.show("Connected")
    terminal.show_messages("Ann", ["hello"])
    ask(terminal)
    terminal.notify("By the way.")
    assert person.screen == "Connected\nAnn: hello\n\a>\nBy the way.\n>"
    terminal.close()


def test_the_bell_is_silent_by_default(person: Person) -> None:
    """It rings only with the option."""
    terminal, _ = start(Loop())
    terminal.show_messages("", ["hello"])
    assert person.screen == "hello\n"
    terminal.close()


def test_no_bell_is_written_to_a_file(person: Person, place: Place, tmp_path: Path) -> None:
    """With `> file` its character would stand in the text."""
    place("STDOUT", os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT))
    terminal, _ = start(Loop(), bell=True)
    terminal.show_messages("", ["hello"])
    assert (tmp_path / "file").read_text() == "hello\n"
    terminal.close()


def test_the_time_stands_before_lines_of_the_conversation_only(person: Person) -> None:
    """It stands neither before the prompt nor before a notice."""
    terminal, _ = start(Loop(), timestamps=True)
    terminal.show("Connected")
    terminal.show_messages("Ann", ["hello"])
    terminal.show_own("early")
    terminal.notify("By the way.")
    ask(terminal)
    terminal.show_messages("", ["hello"])
    assert re.sub(r"\d\d:\d\d:\d\d ", "TIME ", person.screen) == (
        "TIME Connected\nTIME Ann: hello\n>early\nBy the way.\n>\nTIME hello\n"
    )
    terminal.close()


def test_an_echoed_line_stands_behind_the_prompt(person: Person) -> None:
    """The prompt is written first, unless it is open already."""
    terminal, _ = start(Loop())
    terminal.show_own("early")
    ask(terminal)
    terminal.show_own("earlier")
    ask(terminal)
    assert person.screen == ">early\n>earlier\n>"
    terminal.close()


def test_another_prompt_asks_until_the_usual_one_is_back(person: Person) -> None:
    """Each stands on a line of its own."""
    terminal, _ = start(Loop())
    ask(terminal)
    terminal.ask("Your word: ")
    ask(terminal)
    terminal.ask("")
    ask(terminal)
    assert person.screen == ">\nYour word: \n>"
    terminal.close()


def test_a_line_that_waits_or_comes_back_is_a_notice(piped: Person) -> None:
    """The kernel's editor takes no line, so it is to be copied."""
    terminal, _ = start(Loop())
    terminal.show_pending("hello", "it is not your turn")
    terminal.return_text("hello")
    assert piped.screen == ""
    assert piped.errors == (
        "Kept for later, because it is not your turn (/unsend takes it back): hello\n"
        "Taken back: hello\n"
    )
    terminal.close()


def test_removing_the_prompt_ends_its_line(person: Person) -> None:
    """Without an open prompt nothing is written."""
    terminal, _ = start(Loop())
    terminal.remove_prompt()
    ask(terminal)
    terminal.remove_prompt()
    terminal.remove_prompt()
    terminal.show("Goodbye")
    assert person.screen == ">\nGoodbye\n"
    terminal.close()


def test_after_ctrl_c_a_new_line_begins(person: Person) -> None:
    """The kernel has echoed `^C` wherever the cursor was."""
    terminal, _ = start(Loop())
    ask(terminal)
    os.write(streams.STDOUT, b"^C")
    terminal.begin_line()
    ask(terminal)
    assert person.screen == ">^C\n>"
    terminal.close()


def test_control_characters_are_made_visible_in_every_text(person: Person) -> None:
    """In messages, names and notices, in the prompt, and in the person's own line."""
    hostile = "\x1b]0;title\x07\n\u202e"
    terminal, _ = start(Loop(), f"{hostile}>")
    terminal.show(hostile)
    terminal.show_messages(hostile, [hostile])
    terminal.notify(hostile)
    terminal.refuse(hostile, hostile)
    terminal.show_own(hostile)
    ask(terminal)
    terminal.notify(hostile)
    shown = "^[]0;title^G^J<U+202E>"
    assert person.screen == (
        f"{shown}\n{shown}: {shown}\n{shown}\n{shown}: {shown}\n"
        f"{shown}>{shown}\n{shown}>\n{shown}\n{shown}>"
    )
    terminal.close()


def test_ctrl_d_ends_the_input_but_is_no_hang_up(person: Person, loop: Loop) -> None:
    """The screen can still be written to."""
    terminal, listener = start(loop)
    os.write(person.keyboard, b"\x04")
    assert finish(loop, listener) == [None]
    assert not terminal.hung_up
    terminal.close()


def test_ctrl_d_inside_a_line_ends_nothing(person: Person, loop: Loop) -> None:
    """The kernel passes the beginning of the line on; the rest follows."""
    terminal, listener = start(loop)
    person.types(b"half")
    os.write(person.keyboard, b"\x04")
    until(loop, lambda: terminal._buffer.held)
    assert listener.heard == []
    person.types(b" a line\n")
    assert hear(loop, listener) == ["half a line"]
    terminal.close()


def test_a_line_does_not_overtake_queued_lines(piped: Person, loop: Loop) -> None:
    """An error in the callback for the first left the second in the queue."""
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


def test_a_closed_terminal_ends_the_input_and_has_hung_up(
    person: Person, loop: Loop
) -> None:
    """Writing raises ScreenClosedError; a notice and closing raise nothing."""
    terminal, listener = start(loop)
    person.leaves()
    assert finish(loop, listener) == [None]
    assert terminal.hung_up
    with pytest.raises(ScreenClosedError):
        terminal.show("hello")
    terminal.notify("hello")
    terminal.close()


def test_a_line_that_the_kernel_may_have_cut_is_reported(
    person: Person, loop: Loop
) -> None:
    """Of 4096 bytes and more the kernel keeps 4095 and reports nothing."""
    _switch_echo_off()
    terminal, listener = start(loop)
    os.write(person.keyboard, b"x" * KERNEL_LINE + b"END\n")
    assert hear(loop, listener) == ["x" * KERNEL_LINE]
    assert "Your line is 4095 bytes long" in person.screen
    terminal.close()


def test_a_line_one_byte_shorter_is_not_reported(person: Person, loop: Loop) -> None:
    """4094 bytes have certainly not been cut."""
    _switch_echo_off()
    terminal, listener = start(loop)
    os.write(person.keyboard, b"x" * (KERNEL_LINE - 1) + b"\n")
    assert hear(loop, listener) == ["x" * (KERNEL_LINE - 1)]
    assert person.screen == ""
    terminal.close()


def _switch_echo_off() -> None:
    """Make the kernel echo nothing: 4095 bytes of echo would fill the pty."""
    attributes = termios.tcgetattr(streams.STDIN)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(streams.STDIN, termios.TCSANOW, attributes)


def test_typed_bytes_that_are_not_utf_8_are_reported_and_replaced(
    person: Person, loop: Loop
) -> None:
    """A paste in another encoding does not end the program."""
    terminal, listener = start(loop)
    os.write(person.keyboard, b"a\xff\xfeb\n")
    assert hear(loop, listener) == ["a\ufffd\ufffdb"]
    # As bytes: the kernel's echo of what was typed is no UTF-8 either.
    notice = "Your line is not all UTF-8: what is not was replaced by \ufffd."
    person.sees(person.out, notice.encode())
    terminal.close()


def test_a_line_discarded_before_the_read_does_not_block_it(
    person: Person, loop: Loop
) -> None:
    """Ctrl-C discards a finished line after the selector has reported it."""
    terminal, listener = start(loop)
    person.types(b"gone\n")
    assert select.select([terminal._fd], [], [], SECONDS)[0]
    termios.tcflush(terminal._fd, termios.TCIFLUSH)
    terminal._read_input(READ)
    assert listener.heard == []
    person.types(b"there\n")
    assert hear(loop, listener) == ["there"]
    terminal.close()


def test_the_standard_descriptors_stay_blocking(person: Person, loop: Loop) -> None:
    """During the program and after it: they share O_NONBLOCK with the shell."""
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
terminal.refresh(True, True, tuple)
loop.run()
terminal.close()
"""


def test_the_next_program_of_a_script_can_read_stdin() -> None:
    """`chatc; cat` in a script: no shell sets stdin to blocking again there."""
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
    """It would stand at the shell's prompt, one Enter away from being run."""
    terminal, _ = start(Loop())
    ask(terminal)
    person.types(b"rm -rf half")
    terminal.close()
    assert person.screen == ">rm -rf half\n"
    person.types(b"ls\n")
    assert os.read(streams.STDIN, 100) == b"ls\n"


def test_a_discarded_line_is_not_part_of_the_next(person: Person, loop: Loop) -> None:
    """The next peer does not get a line that was begun for the last one."""
    terminal, listener = start(loop)
    person.types(b"for your eyes on")
    terminal.discard_typed()
    person.types(b"hello\n")
    assert hear(loop, listener) == ["hello"]
    terminal.close()


def test_an_open_prompt_is_written_again_after_a_stop(person: Person) -> None:
    """A shell has written below it; without an open prompt nothing is written."""
    terminal, _ = start(Loop())
    terminal.resume()
    ask(terminal)
    os.write(streams.STDOUT, b"\n[1]+  Stopped\n$ fg\nchatc\n")
    terminal.resume()
    assert person.screen == ">\n[1]+  Stopped\n$ fg\nchatc\n\r>"
    terminal.close()


def test_closing_closes_the_keyboard_and_stops_watching_it(
    person: Person, loop: Loop
) -> None:
    """The loop may run on for the goodbye."""
    terminal, _ = start(loop)
    keyboard = terminal._fd
    terminal.close()
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        os.fstat(keyboard)
    assert not loop._selector.get_map()


def test_a_terminal_without_a_name_is_read_through_stdin(
    person: Person, monkeypatch: pytest.MonkeyPatch, loop: Loop
) -> None:
    """As in some containers; descriptor 0 is then neither changed nor closed."""

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


def test_a_pipe_gets_no_prompt(piped: Person) -> None:
    """Only the conversation is written, without prompt, echo or extra line ends."""
    terminal, _ = start(Loop())
    assert not terminal.interactive
    assert not terminal.hung_up
    ask(terminal)
    terminal.show_own("early")
    terminal.begin_line()
    terminal.remove_prompt()
    terminal.show("hello")
    assert piped.screen == "hello\n"
    terminal.close()


def test_a_person_gets_the_prompt_even_in_a_file(
    person: Person, place: Place, tmp_path: Path
) -> None:
    """`chatc > file` writes the prompt too: it depends on stdin alone."""
    place("STDOUT", os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT))
    terminal, _ = start(Loop())
    ask(terminal)
    assert (tmp_path / "file").read_text() == ">"
    terminal.close()


def test_conversation_and_notices_go_to_different_streams(piped: Person) -> None:
    """Lines of the conversation go to stdout, notices to stderr."""
    terminal, _ = start(Loop())
    terminal.show("hello")
    terminal.notify("By the way.")
    assert piped.screen == "hello\n"
    assert piped.errors == "By the way.\n"
    terminal.close()


def test_a_message_stands_behind_its_speaker_if_there_is_one(piped: Person) -> None:
    """Without a speaker the line is the text alone."""
    terminal, _ = start(Loop())
    terminal.show_messages("Ann", ["hello"])
    terminal.show_messages("", ["hello"])
    assert piped.screen == "Ann: hello\nhello\n"
    terminal.close()


@pytest.mark.parametrize(
    "bad",
    ["\x1b[2J", "two\nlines", "\u202e", "\t"],
    ids=["escape", "line-end", "direction", "tab"],
)
def test_each_of_many_messages_has_its_own_line_speaker_and_time(
    piped: Person, bad: str
) -> None:
    """One control character makes no difference, in whichever message it stands."""
    for place in range(3):
        terminal, _ = start(Loop(), timestamps=True)
        texts = ["one", "two", "three"]
        texts[place] = bad
        before = len(piped.screen)
        terminal.show_messages("Ann", texts)
        shown = re.sub(r"\d\d:\d\d:\d\d", "TIME", piped.screen[before:])
        assert shown == "".join(f"TIME Ann: {visible(text)}\n" for text in texts)
        terminal.close()


def test_a_refused_line_of_a_pipe_goes_to_stderr(piped: Person) -> None:
    """On one line with the reason."""
    terminal, _ = start(Loop())
    terminal.refuse("Not sent", "hello")
    assert (piped.screen, piped.errors) == ("", "Not sent: hello\n")
    terminal.close()


def test_the_status_is_not_written(piped: Person) -> None:
    """`describe` is not even called."""
    terminal, _ = start(Loop())
    terminal.show_status(no_status)
    assert (piped.screen, piped.errors) == ("", "")
    terminal.close()


def test_run_passes_lines_on_until_the_loop_is_stopped(piped: Person, loop: Loop) -> None:
    """Lines that come while it waits are passed on too."""
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


def test_a_pipe_is_not_read_before_lines_are_accepted(piped: Person, loop: Loop) -> None:
    """Its lines wait in the kernel until there is a peer."""
    terminal, listener = start(loop, accepting=False)
    piped.types(b"early\n")
    turn_once(loop)
    assert listener.heard == []
    assert select.select([streams.STDIN], [], [], 0)[0]
    accept(terminal, True)
    assert hear(loop, listener) == ["early"]
    terminal.close()


def test_the_end_is_reported_once_after_all_lines(piped: Person, loop: Loop) -> None:
    """The last line may lack its line end. A pipe at its end is watched no longer."""
    terminal, listener = start(loop)
    piped.types(b"one\n\nthree")
    piped.leaves()
    assert finish(loop, listener) == ["one", "", "three", None]
    # A pipe at its end is ready for ever: watching it on would be an idle program's CPU.
    assert not loop._selector.get_map()
    accept(terminal, False)
    accept(terminal, True)
    turn_once(loop)
    assert listener.heard == ["one", "", "three", None]
    terminal.close()


def test_a_byte_order_mark_at_the_begin_of_a_pipe_is_no_text(
    piped: Person, loop: Loop
) -> None:
    """`/q` behind it is a command. Anywhere else it is a character."""
    terminal, listener = start(loop)
    piped.types(b"\xef\xbb\xbf/q\n\xef\xbb\xbfx\n")
    piped.leaves()
    assert finish(loop, listener) == ["/q", "\ufeffx", None]
    terminal.close()


def test_a_byte_order_mark_that_a_person_types_is_text(person: Person, loop: Loop) -> None:
    """A terminal has no begin where a mark could stand."""
    terminal, listener = start(loop)
    person.types("\ufeffx\n".encode())
    assert hear(loop, listener) == ["\ufeffx"]
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
        turn_once(loop)
        assert listener.heard == expected
    terminal.close()


def test_lines_are_kept_from_the_moment_they_are_not_accepted(
    piped: Person, loop: Loop
) -> None:
    """Those of the same read are queued, and the end is reported after the last."""
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
        turn_once(loop)
        assert listener.heard == ["one", "two", "three"][:count]
    accept(terminal, True)
    assert finish(loop, listener) == ["one", "two", "three", None]
    terminal.close()


def test_accepting_again_inside_a_callback_keeps_the_order(
    piped: Person, loop: Loop
) -> None:
    """A turn may pass to the peer and back within one callback."""
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


def test_the_end_is_reported_only_while_lines_are_accepted(
    piped: Person, loop: Loop
) -> None:
    """The last message may still be under way when the file is at its end."""
    terminal, listener = start(loop)
    piped.types(b"one\n")
    until(loop, lambda: listener.heard)
    accept(terminal, False)
    piped.leaves()
    turn_once(loop)
    assert listener.heard == ["one"]
    accept(terminal, True)
    assert finish(loop, listener) == ["one", None]
    terminal.close()


def test_cr_lf_is_a_line_end(piped: Person, loop: Loop) -> None:
    """A CR inside a line stays in it."""
    terminal, listener = start(loop)
    piped.types(b"one\r\n\r\nt\rwo\r")
    piped.leaves()
    assert finish(loop, listener) == ["one", "", "t\rwo", None]
    terminal.close()


def test_cr_lf_ends_a_line_that_is_read_alone(piped: Person, loop: Loop) -> None:
    """One read brings exactly one line."""
    terminal, listener = start(loop)
    piped.types(b"one\r\n")
    assert hear(loop, listener) == ["one"]
    terminal.close()


def test_piped_bytes_that_are_not_utf_8_are_reported_and_replaced(
    piped: Person, loop: Loop
) -> None:
    """Every other line is passed on unchanged."""
    terminal, listener = start(loop)
    piped.types("für dich\n".encode() + b"f\xfcr dich\n")
    piped.leaves()
    assert finish(loop, listener) == ["für dich", "f\ufffdr dich", None]
    assert piped.errors.count("not all UTF-8") == 1
    terminal.close()


def test_a_character_cut_by_two_reads_is_whole(piped: Person, loop: Loop) -> None:
    """Bytes are decoded when the line is complete."""
    terminal, listener = start(loop)
    first, second = "日".encode()[:1], "日".encode()[1:]
    piped.types(first)
    until(loop, lambda: terminal._buffer.held)
    piped.types(second + b"\n")
    assert hear(loop, listener) == ["日"]
    assert piped.errors == ""
    terminal.close()


def test_a_line_over_the_limit_is_cut_and_reported(
    piped: Person, place: Place, tmp_path: Path, loop: Loop
) -> None:
    """The kernel's limit of 4095 bytes does not matter in a file."""
    (tmp_path / "file").write_bytes(
        b"x" * KERNEL_LINE + b"\n" + b"x" * (LINE_LIMIT + 10) + b"\nshort\n"
    )
    place("STDIN", os.open(tmp_path / "file", os.O_RDONLY))
    terminal, listener = start(loop)
    heard = finish(loop, listener)
    assert heard == ["x" * KERNEL_LINE, "x" * LINE_LIMIT, "short", None]
    assert piped.errors == "Your line was too long: its last 10 bytes were dropped.\n"
    terminal.close()


def test_a_line_cut_inside_a_character_is_reported_as_too_long_only(
    piped: Person, place: Place, tmp_path: Path, loop: Loop
) -> None:
    """It was UTF-8 before it was cut."""
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
    """epoll would refuse a file."""
    (tmp_path / "file").write_text("one\ntwo")
    place("STDIN", os.open(tmp_path / "file", os.O_RDONLY))
    terminal, listener = start(loop)
    assert finish(loop, listener) == ["one", "two", None]
    terminal.close()


def test_dev_null_ends_the_input_at_once(piped: Person, place: Place, loop: Loop) -> None:
    """epoll would refuse it too, and it is no terminal."""
    place("STDIN", os.open(os.devnull, os.O_RDWR))
    terminal, listener = start(loop)
    assert not terminal.interactive
    assert finish(loop, listener) == [None]
    terminal.close()


def test_an_input_that_cannot_be_read_has_ended(
    piped: Person, place: Place, loop: Loop
) -> None:
    """stdin may be a socket whose connection is reset. That is no hang-up: there is no
    terminal.
    """
    near, far = socket_pair()
    place("STDIN", near.detach())
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    terminal, listener = start(loop)
    assert finish(loop, listener) == [None]
    assert not terminal.hung_up
    terminal.close()


@pytest.mark.parametrize("line_end", ["\n", ""], ids=["line-end", "no-line-end"])
def test_unsent_lines_are_returned_once(piped: Person, line_end: str, loop: Loop) -> None:
    """The last line included, the empty ones not: they would not have been sent."""
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


def test_a_pipe_is_neither_closed_nor_made_nonblocking(piped: Person, loop: Loop) -> None:
    """It belongs to the shell, and the next program reads what comes then."""
    terminal, listener = start(loop)
    piped.types(b"one\n")
    until(loop, lambda: listener.heard)
    terminal.close()
    piped.types(b"two\n")
    assert os.read(streams.STDIN, 100) == b"two\n"
    assert os.get_blocking(streams.STDIN)
    assert not loop._selector.get_map()


def test_a_nonblocking_pipe_is_waited_for(piped: Person, loop: Loop) -> None:
    """Another program of a script may have made it so."""
    os.set_blocking(streams.STDIN, False)
    terminal, listener = start(loop)
    terminal._read_input(READ)
    assert listener.heard == []
    piped.types(b"one\n")
    assert hear(loop, listener) == ["one"]
    terminal.close()


# Screens that do not take what is written.


def test_a_prompt_on_a_closed_stdout_can_be_removed(person: Person, place: Place) -> None:
    """A program that ends because of the closed stdout still removes its prompt."""
    place("STDOUT", os.open("/dev/full", os.O_WRONLY))
    terminal, _ = start(Loop())
    with pytest.raises(ScreenClosedError):
        ask(terminal)
    terminal.remove_prompt()
    terminal.close()
