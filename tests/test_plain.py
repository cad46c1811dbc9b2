"""The plain terminal on real ptys, pipes and files: no line lost, no shell harmed."""

import errno
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from chatlib.errors import ScreenClosedError
from chatlib.loop import READ, Loop
from chatlib.terminal import plain, streams
from chatlib.terminal.plain import KERNEL_LINE, LINE_LIMIT, LineBuffer, Plain
from chatlib.terminal.streams import report
from tests.helpers import SECONDS, feed_three_ways, socket_pair, until

STANDARD = ("STDIN", "STDOUT", "STDERR")

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Fail where the code under test stands still: some of these bugs are just that."""

    def give_up(*_: object) -> None:
        raise TimeoutError("the terminal stood still")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 2 * SECONDS)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


Place = Callable[[str, int], None]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Give a function that puts a descriptor in the place of STDIN, STDOUT or STDERR.

    In the module's eyes only: 0 to 2 themselves belong to pytest, which changes them
    behind a test's back. What stood there is closed, and all is closed in the end.
    """
    placed: dict[str, int] = {}

    def place(name: str, fd: int) -> None:
        if name in placed:
            os.close(placed[name])
        placed[name] = fd
        monkeypatch.setattr(streams, name, fd)

    yield place
    for fd in placed.values():
        os.close(fd)


class Person:
    """Who sits at a terminal: types, and sees what is on the screen.

    Without a pty the person is a pipe: what it "types" comes in at stdin, and stdout
    and stderr are two more pipes.
    """

    def __init__(self, keyboard: int, screen: int, errors: int) -> None:
        self.keyboard = keyboard
        self.seen = {screen: b""}
        self.seen.setdefault(errors, b"")
        self.out, self.err = screen, errors

    def types(self, data: bytes) -> None:
        """Type; at a pty, until the kernel's echo of it can be seen."""
        before = len(self.seen[self.out])
        os.write(self.keyboard, data)
        if os.isatty(self.keyboard):
            self.sees(self.out, data.replace(b"\n", b"\r\n"), before)

    def leaves(self) -> None:
        """Close the keyboard: the end of a pipe, a terminal that is gone."""
        self.closes(self.keyboard)
        self.keyboard = -1

    def closes(self, fd: int) -> None:
        """Close one of the three for good."""
        os.close(fd)
        self.seen.pop(fd, None)

    @property
    def screen(self) -> str:
        """All that has been written to stdout, and at a pty to stderr too."""
        return self._all(self.out, streams.STDOUT)

    @property
    def errors(self) -> str:
        """All that has been written to stderr."""
        return self._all(self.err, streams.STDERR)

    def _all(self, fd: int, standard: int) -> str:
        """Take what is on its way, up to a mark that is sent after it."""
        mark = b"<#mark#>"
        os.write(standard, mark)
        self.sees(fd, mark)
        self.seen[fd] = self.seen[fd].replace(mark, b"")
        return self.seen[fd].decode().replace("\r\n", "\n")

    def sees(self, fd: int, expected: bytes, start: int = 0) -> None:
        """Read until these bytes have come, after so many others."""
        while expected not in self.seen[fd][start:]:
            assert select.select([fd], [], [], SECONDS)[0], self.seen[fd]
            self.seen[fd] += os.read(fd, 65536)

    def close(self) -> None:
        """Close what the test has left open."""
        for fd in {self.keyboard, *self.seen} - {-1}:
            os.close(fd)


@pytest.fixture
def person(place: Place) -> Iterator[Person]:
    """Seat a person at a pty, which is stdin, stdout and stderr."""
    master, slave = pty.openpty()
    person = Person(master, master, master)
    for name in STANDARD:
        place(name, os.dup(slave))
    os.close(slave)
    yield person
    person.close()


@pytest.fixture
def piped(place: Place) -> Iterator[Person]:
    """Put pipes in the place of stdin, stdout and stderr."""
    stdin, keyboard = os.pipe()
    screen, stdout = os.pipe()
    errors, stderr = os.pipe()
    person = Person(keyboard, screen, errors)
    for name, fd in zip(STANDARD, (stdin, stdout, stderr), strict=True):
        place(name, fd)
    yield person
    person.close()


class Listener:
    """Writes down what a terminal passes on."""

    def __init__(self) -> None:
        self.heard: list[str | None] = []

    def said(self, line: str) -> None:
        """Take a line."""
        self.heard.append(line)

    def ended(self) -> None:
        """Take the end, as None."""
        self.heard.append(None)


def start(loop: Loop, prompt: str = ">", *, listen: bool = True) -> tuple[Plain, Listener]:
    """Build a terminal at whatever stands at descriptors 0 to 2."""
    terminal, listener = Plain(loop, prompt), Listener()
    terminal.start(listener.said, listener.ended)
    terminal.listen(listen)
    return terminal, listener


def settle(loop: Loop) -> None:
    """Let the loop do what there is to do now, without waiting for more."""
    loop.call_later(0, lambda: None)
    loop.turn()


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
    assert len(buffer._line) == LINE_LIMIT
    assert buffer.feed(b"\n") == [(b"x" * LINE_LIMIT, 99 * LINE_LIMIT)]


# A person at a terminal.


def test_a_line_is_passed_on_when_it_is_finished(person: Person) -> None:
    """Until Enter the kernel keeps it, and Backspace works."""
    loop = Loop()
    terminal, listener = start(loop)
    assert terminal.interactive
    terminal.ask()
    person.types(b"hallo")
    settle(loop)
    assert listener.heard == []
    os.write(person.keyboard, b"\x7f\x7f\x7fllo\n")
    until(loop, lambda: listener.heard)
    assert listener.heard == ["hallo"]
    terminal.close()


def test_the_prompt_is_there_once_until_it_is_answered(person: Person) -> None:
    """Asking again changes nothing; after Enter there is a new question."""
    loop = Loop()
    terminal, listener = start(loop, "say> ")
    terminal.ask()
    terminal.ask()
    assert person.screen == "say> "
    person.types(b"one\n")
    until(loop, lambda: listener.heard)
    terminal.ask()
    assert person.screen == "say> one\nsay> "
    terminal.close()


def test_a_message_at_an_open_prompt_begins_a_line_of_its_own(person: Person) -> None:
    """The prompt comes again when it is asked for, not by itself."""
    terminal, _ = start(Loop())
    terminal.show("first")
    terminal.ask()
    terminal.show("second")
    terminal.show("third")
    assert person.screen == "first\n>\nsecond\nthird\n"
    terminal.ask()
    assert person.screen == "first\n>\nsecond\nthird\n>"
    terminal.close()


def test_a_notice_at_an_open_prompt_repeats_the_prompt(person: Person) -> None:
    """The kernel still holds what was typed: it is sent with the rest of the line."""
    loop = Loop()
    terminal, listener = start(loop)
    terminal.ask()
    person.types(b"half ")
    terminal.notice("By the way.")
    assert person.screen == ">half \nBy the way.\n>"
    person.types(b"a line\n")
    until(loop, lambda: listener.heard)
    assert listener.heard == ["half a line"]
    terminal.close()


def test_a_notice_without_a_prompt_asks_nothing(person: Person) -> None:
    """It is not a question."""
    terminal, _ = start(Loop())
    terminal.notice("By the way.")
    assert person.screen == "By the way.\n"
    terminal.close()


def test_a_notice_that_goes_elsewhere_leaves_the_prompt_alone(
    person: Person, place: Place, tmp_path: Path
) -> None:
    """With `2> file` nothing is written between the prompt and what is typed."""
    place("STDERR", os.open(tmp_path / "errors", os.O_WRONLY | os.O_CREAT))
    terminal, _ = start(Loop())
    terminal.ask()
    terminal.notice("By the way.")
    assert person.screen == ">"
    assert (tmp_path / "errors").read_text() == "By the way.\n"
    terminal.close()


def test_a_line_typed_early_is_shown_at_the_prompt(person: Person) -> None:
    """As if it were typed now; also where the prompt stands already."""
    terminal, _ = start(Loop())
    terminal.echo("early")
    terminal.ask()
    terminal.echo("earlier")
    terminal.ask()
    assert person.screen == ">early\n>earlier\n>"
    terminal.close()


def test_after_a_withdrawn_prompt_a_new_line_begins(person: Person) -> None:
    """Only where there was one."""
    terminal, _ = start(Loop())
    terminal.withdraw()
    terminal.ask()
    terminal.withdraw()
    terminal.withdraw()
    terminal.show("Goodbye")
    assert person.screen == ">\nGoodbye\n"
    terminal.close()


def test_after_an_interrupt_a_new_line_begins(person: Person) -> None:
    """The kernel has echoed `^C` wherever the cursor was."""
    terminal, _ = start(Loop())
    terminal.ask()
    os.write(streams.STDOUT, b"^C")
    terminal.interrupt()
    terminal.ask()
    assert person.screen == ">^C\n>"
    terminal.close()


def test_nothing_that_a_terminal_obeys_reaches_it(person: Person) -> None:
    """Neither from the peer nor from the settings nor from the person's own line."""
    hostile = "\x1b]0;title\x07\n\u202e"
    terminal, _ = start(Loop(), f"{hostile}>")
    terminal.show(hostile)
    terminal.notice(hostile)
    terminal.echo(hostile)
    terminal.ask()
    terminal.notice(hostile)
    shown = "^[]0;title^G^J<U+202E>"
    assert person.screen == (
        f"{shown}\n{shown}\n{shown}>{shown}\n{shown}>\n{shown}\n{shown}>"
    )
    terminal.close()


def test_ctrl_d_ends_the_input_but_the_terminal_stays(person: Person) -> None:
    """The person has left; the screen has not."""
    loop = Loop()
    terminal, listener = start(loop)
    os.write(person.keyboard, b"\x04")
    assert finish(loop, listener) == [None]
    assert not terminal.gone
    terminal.close()


def test_ctrl_d_in_a_line_does_not_end_it(person: Person) -> None:
    """The first hands over what is there; only one on an empty line ends the input."""
    loop = Loop()
    terminal, listener = start(loop)
    person.types(b"half")
    os.write(person.keyboard, b"\x04")
    until(loop, lambda: terminal._buffer._line)
    assert listener.heard == []
    person.types(b" a line\n")
    until(loop, lambda: listener.heard)
    assert listener.heard == ["half a line"]
    terminal.close()


def test_a_terminal_that_was_closed_is_an_end_and_is_gone(person: Person) -> None:
    """What a closed window leaves behind: EIO or nothing at all, never a traceback."""
    loop = Loop()
    terminal, listener = start(loop)
    person.leaves()
    assert finish(loop, listener) == [None]
    assert terminal.gone
    with pytest.raises(ScreenClosedError):
        terminal.show("hello")
    terminal.notice("hello")
    terminal.close()


def test_a_line_that_the_kernel_may_have_cut_is_noticed(person: Person) -> None:
    """Of 4096 bytes and more it keeps 4095, without a word (terminal.md, trap 4)."""
    _no_echo()
    loop = Loop()
    terminal, listener = start(loop)
    os.write(person.keyboard, b"x" * KERNEL_LINE + b"END\n")
    until(loop, lambda: listener.heard)
    assert listener.heard == ["x" * KERNEL_LINE]
    assert "Your line is 4095 bytes long" in person.screen
    terminal.close()


def test_a_line_that_just_fits_is_not_suspected(person: Person) -> None:
    """One byte less has certainly not been cut."""
    _no_echo()
    loop = Loop()
    terminal, listener = start(loop)
    os.write(person.keyboard, b"x" * (KERNEL_LINE - 1) + b"\n")
    until(loop, lambda: listener.heard)
    assert listener.heard == ["x" * (KERNEL_LINE - 1)]
    assert person.screen == ""
    terminal.close()


def _no_echo() -> None:
    """Let the kernel not echo: four thousand letters are a test of something else."""
    attributes = termios.tcgetattr(streams.STDIN)
    attributes[3] &= ~termios.ECHO
    termios.tcsetattr(streams.STDIN, termios.TCSANOW, attributes)


def test_typed_bytes_that_are_not_utf_8_are_noticed_and_replaced(person: Person) -> None:
    """A paste from another time must not end the program (terminal.md, trap 15)."""
    loop = Loop()
    terminal, listener = start(loop)
    os.write(person.keyboard, b"a\xff\xfeb\n")
    until(loop, lambda: listener.heard)
    assert listener.heard == ["a\ufffd\ufffdb"]
    # As bytes: the kernel's echo of what was typed is no UTF-8 either.
    notice = "Your line is not all UTF-8: what is not was replaced by \ufffd."
    person.sees(person.out, notice.encode())
    terminal.close()


def test_a_keyboard_that_was_emptied_after_it_was_ready_is_not_waited_for(
    person: Person,
) -> None:
    """Ctrl-C throws the finished line away just before it is read (terminal.md, trap 6)."""
    loop = Loop()
    terminal, listener = start(loop)
    person.types(b"gone\n")
    assert select.select([terminal._fd], [], [], SECONDS)[0]
    termios.tcflush(terminal._fd, termios.TCIFLUSH)
    terminal._readable(READ)
    assert listener.heard == []
    person.types(b"there\n")
    until(loop, lambda: listener.heard)
    assert listener.heard == ["there"]
    terminal.close()


def test_the_shells_descriptors_stay_blocking(person: Person) -> None:
    """During the program and after it: O_NONBLOCK is shared (terminal.md, trap 5)."""
    loop = Loop()
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
terminal.start(lambda line: (terminal.show(f"heard {line}"), loop.stop()), loop.stop)
terminal.listen(True)
terminal.ask()
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
    terminal.ask()
    person.types(b"rm -rf half")
    terminal.close()
    assert person.screen == ">rm -rf half\n"
    person.types(b"ls\n")
    assert os.read(streams.STDIN, 100) == b"ls\n"


def test_a_line_that_was_begun_for_somebody_who_has_gone_is_forgotten(
    person: Person,
) -> None:
    """The next guest gets a line of its own, not the end of another's."""
    loop = Loop()
    terminal, listener = start(loop)
    person.types(b"for your eyes on")
    terminal.forget_typed()
    person.types(b"hello\n")
    until(loop, lambda: listener.heard)
    assert listener.heard == ["hello"]
    terminal.close()


def test_who_was_stopped_is_asked_again(person: Person) -> None:
    """The shell has written in between; where no question was open, none is put."""
    terminal, _ = start(Loop())
    terminal.resume()
    terminal.ask()
    os.write(streams.STDOUT, b"\n[1]+  Stopped\n$ fg\nchatc\n")
    terminal.resume()
    assert person.screen == ">\n[1]+  Stopped\n$ fg\nchatc\n\r>"
    terminal.close()


def test_the_keyboard_is_closed_and_no_longer_watched(person: Person) -> None:
    """A loop that goes on for the goodbye has nothing to do with it."""
    loop = Loop()
    terminal, _ = start(loop)
    keyboard = terminal._fd
    terminal.close()
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        os.fstat(keyboard)
    assert not loop._selector.get_map()


def test_a_terminal_without_a_name_is_used_as_it_is(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In some containers fd 0 is all that there is: it is neither changed nor closed."""

    def fail(_: int) -> str:
        raise OSError(errno.ENODEV, "no name")

    monkeypatch.setattr(os, "ttyname", fail)
    loop = Loop()
    terminal, listener = start(loop)
    assert terminal.interactive
    person.types(b"one\n")
    until(loop, lambda: listener.heard)
    assert listener.heard == ["one"]
    terminal.close()
    assert os.isatty(streams.STDIN)
    assert os.get_blocking(streams.STDIN)


# Pipes and files.


def test_there_is_a_prompt_only_where_a_person_sits(piped: Person) -> None:
    """A pipe gets the conversation and nothing else."""
    terminal, _ = start(Loop())
    assert not terminal.interactive
    assert not terminal.gone
    terminal.ask()
    terminal.echo("early")
    terminal.interrupt()
    terminal.withdraw()
    terminal.show("hello")
    assert piped.screen == "hello\n"
    terminal.close()


def test_a_prompt_needs_a_keyboard_and_not_a_screen(
    person: Person, place: Place, tmp_path: Path
) -> None:
    """`chatc > file` asks the person all the same."""
    place("STDOUT", os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT))
    terminal, _ = start(Loop())
    terminal.ask()
    assert (tmp_path / "file").read_text() == ">"
    terminal.close()


def test_the_conversation_and_the_notices_do_not_mix(piped: Person) -> None:
    """stdout for the one, stderr for the other."""
    terminal, _ = start(Loop())
    terminal.show("hello")
    terminal.notice("By the way.")
    assert piped.screen == "hello\n"
    assert piped.errors == "By the way.\n"
    terminal.close()


def test_a_pipe_is_not_read_before_anybody_listens(piped: Person) -> None:
    """Its lines wait in the kernel until there is a peer (terminal.md, trap 9)."""
    loop = Loop()
    terminal, listener = start(loop, listen=False)
    piped.types(b"early\n")
    settle(loop)
    assert listener.heard == []
    assert select.select([streams.STDIN], [], [], 0)[0]
    terminal.listen(True)
    until(loop, lambda: listener.heard)
    assert listener.heard == ["early"]
    terminal.close()


def test_all_lines_arrive_the_last_without_line_end_too(piped: Person) -> None:
    """And then the end is told, once."""
    loop = Loop()
    terminal, listener = start(loop)
    piped.types(b"one\n\nthree")
    piped.leaves()
    assert finish(loop, listener) == ["one", "", "three", None]
    # A pipe at its end is ready for ever: watching it on would be an idle program's CPU.
    assert not loop._selector.get_map()
    terminal.listen(False)
    terminal.listen(True)
    settle(loop)
    assert listener.heard == ["one", "", "three", None]
    terminal.close()


def test_listening_no_more_stops_at_once_and_loses_no_line(piped: Person) -> None:
    """What was read in one piece is handed out one line a turn, the end after the last."""
    loop = Loop()
    terminal, listener = start(loop, listen=False)

    def said(line: str) -> None:
        listener.said(line)
        terminal.listen(False)

    terminal.start(said, listener.ended)
    piped.types(b"one\ntwo\nthree")
    piped.leaves()
    for count in range(1, 4):
        terminal.listen(True)
        until(loop, lambda: len(listener.heard) >= count)  # noqa: B023
        settle(loop)
        assert listener.heard == ["one", "two", "three"][:count]
    terminal.listen(True)
    assert finish(loop, listener) == ["one", "two", "three", None]
    terminal.close()


def test_listening_again_inside_a_line_keeps_the_order(piped: Person) -> None:
    """A turn that comes back at once may switch off and on within one call."""
    loop = Loop()
    terminal, listener = start(loop, listen=False)

    def said(line: str) -> None:
        listener.said(line)
        terminal.listen(False)
        terminal.listen(True)

    terminal.start(said, listener.ended)
    terminal.listen(True)
    piped.types(b"".join(b"%d\n" % number for number in range(50)))
    piped.leaves()
    assert finish(loop, listener) == [*map(str, range(50)), None]
    terminal.close()


def test_the_end_is_not_told_to_who_does_not_listen(piped: Person) -> None:
    """The last line may still be under way when the file is at its end."""
    loop = Loop()
    terminal, listener = start(loop)
    piped.types(b"one\n")
    until(loop, lambda: listener.heard)
    terminal.listen(False)
    piped.leaves()
    settle(loop)
    assert listener.heard == ["one"]
    terminal.listen(True)
    assert finish(loop, listener) == ["one", None]
    terminal.close()


def test_a_line_end_of_windows_is_a_line_end(piped: Person) -> None:
    """CR LF is not shown as `^M`; a CR inside a line is the line's own."""
    loop = Loop()
    terminal, listener = start(loop)
    piped.types(b"one\r\n\r\nt\rwo\r")
    piped.leaves()
    assert finish(loop, listener) == ["one", "", "t\rwo", None]
    terminal.close()


def test_piped_bytes_that_are_not_utf_8_are_noticed_and_replaced(piped: Person) -> None:
    """Every other line comes through as it is."""
    loop = Loop()
    terminal, listener = start(loop)
    piped.types("für dich\n".encode() + b"f\xfcr dich\n")
    piped.leaves()
    assert finish(loop, listener) == ["für dich", "f\ufffdr dich", None]
    assert piped.errors.count("not all UTF-8") == 1
    terminal.close()


def test_a_character_cut_by_two_reads_is_whole(piped: Person) -> None:
    """Bytes become text only when the line is there."""
    loop = Loop()
    terminal, listener = start(loop)
    first, second = "日".encode()[:1], "日".encode()[1:]
    piped.types(first)
    until(loop, lambda: terminal._buffer._line)
    piped.types(second + b"\n")
    until(loop, lambda: listener.heard)
    assert listener.heard == ["日"]
    assert piped.errors == ""
    terminal.close()


def test_a_line_over_the_limit_is_cut_and_counted(
    piped: Person, place: Place, tmp_path: Path
) -> None:
    """A pipe has no kernel that cuts; 4095 bytes are nothing special there."""
    (tmp_path / "file").write_bytes(
        b"x" * KERNEL_LINE + b"\n" + b"x" * (LINE_LIMIT + 10) + b"\nshort\n"
    )
    place("STDIN", os.open(tmp_path / "file", os.O_RDONLY))
    loop = Loop()
    terminal, listener = start(loop)
    heard = finish(loop, listener)
    assert heard == ["x" * KERNEL_LINE, "x" * LINE_LIMIT, "short", None]
    assert piped.errors == "Your line was too long: its last 10 bytes were dropped.\n"
    terminal.close()


def test_a_line_cut_inside_a_character_is_not_blamed_for_it(
    piped: Person, place: Place, tmp_path: Path
) -> None:
    """The line was UTF-8; that it was too long is what the person has to know."""
    (tmp_path / "file").write_text("日" * (LINE_LIMIT // 3 + 1) + "\n")
    place("STDIN", os.open(tmp_path / "file", os.O_RDONLY))
    loop = Loop()
    terminal, listener = start(loop)
    finish(loop, listener)
    assert listener.heard == ["日" * (LINE_LIMIT // 3), None]
    assert "too long" in piped.errors
    assert "UTF-8" not in piped.errors
    terminal.close()


def test_a_file_is_read_to_its_end(piped: Person, place: Place, tmp_path: Path) -> None:
    """epoll would refuse it (terminal.md, trap 7)."""
    (tmp_path / "file").write_text("one\ntwo")
    place("STDIN", os.open(tmp_path / "file", os.O_RDONLY))
    loop = Loop()
    terminal, listener = start(loop)
    assert finish(loop, listener) == ["one", "two", None]
    terminal.close()


def test_dev_null_is_an_end_at_once(piped: Person, place: Place) -> None:
    """epoll would refuse it too, and it is a terminal nowhere."""
    place("STDIN", os.open(os.devnull, os.O_RDWR))
    loop = Loop()
    terminal, listener = start(loop)
    assert not terminal.interactive
    assert finish(loop, listener) == [None]
    terminal.close()


def test_an_input_that_cannot_be_read_has_ended(piped: Person, place: Place) -> None:
    """Whoever started us may have given us a socket, and its peer may be killed.

    That is the end of the input; no terminal has been closed.
    """
    near, far = socket_pair()
    place("STDIN", near.detach())
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    far.close()
    loop = Loop()
    terminal, listener = start(loop)
    assert finish(loop, listener) == [None]
    assert not terminal.gone
    terminal.close()


@pytest.mark.parametrize("line_end", ["\n", ""])
def test_lines_that_nobody_wanted_are_given_back_once(piped: Person, line_end: str) -> None:
    """So that the person learns what was never sent, the last line included."""
    loop = Loop()
    terminal, listener = start(loop, listen=False)

    def said(line: str) -> None:
        listener.said(line)
        terminal.listen(False)

    terminal.start(said, listener.ended)
    terminal.listen(True)
    piped.types(f"one\ntwo\nthree{line_end}".encode())
    until(loop, lambda: listener.heard)
    assert terminal.take_back() == (["two", "three"], False)
    assert terminal.take_back() == ([], False)
    assert listener.heard == ["one"]
    terminal.close()


def test_a_pipe_is_left_as_it_was(piped: Person) -> None:
    """It belongs to the shell: neither closed nor made nonblocking, nor read too far."""
    loop = Loop()
    terminal, listener = start(loop)
    piped.types(b"one\n")
    until(loop, lambda: listener.heard)
    terminal.close()
    piped.types(b"two\n")
    assert os.read(streams.STDIN, 100) == b"two\n"
    assert os.get_blocking(streams.STDIN)
    assert not loop._selector.get_map()


def test_a_pipe_that_somebody_made_nonblocking_is_waited_for(piped: Person) -> None:
    """The one who wrote the script may share it with a program that did so."""
    os.set_blocking(streams.STDIN, False)
    loop = Loop()
    terminal, listener = start(loop)
    terminal._readable(READ)
    assert listener.heard == []
    piped.types(b"one\n")
    until(loop, lambda: listener.heard)
    assert listener.heard == ["one"]
    terminal.close()


# Screens that do not take what is written.


def test_a_closed_stdout_is_told_to_who_writes(piped: Person) -> None:
    """`chatd | head -1`: the shell's code for it is 128 + SIGPIPE."""
    terminal, _ = start(Loop())
    piped.closes(piped.out)
    with pytest.raises(ScreenClosedError) as raised:
        terminal.show("hello")
    assert str(raised.value) == "the screen was closed (Broken pipe)"
    assert raised.value.code == 128 + signal.SIGPIPE
    terminal.close()


def test_a_prompt_on_a_closed_stdout_can_still_be_withdrawn(
    person: Person, place: Place
) -> None:
    """A program that ends because of it must be able to end."""
    place("STDOUT", os.open("/dev/full", os.O_WRONLY))
    terminal, _ = start(Loop())
    with pytest.raises(ScreenClosedError):
        terminal.ask()
    terminal.withdraw()
    terminal.close()


def test_a_closed_stderr_is_no_reason_to_stop(piped: Person) -> None:
    """Nobody is left to be told; the conversation goes on."""
    terminal, _ = start(Loop())
    piped.closes(piped.err)
    terminal.notice("By the way.")
    report("chatd: the port is in use")
    terminal.show("hello")
    assert piped.screen == "hello\n"
    terminal.close()


def test_a_screen_that_stood_still_once_is_not_written_to_again(
    piped: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal got us out of one write; the next would have to be got out of again."""
    written: list[str] = []

    def interrupt(fd: int, text: str) -> None:
        written.append(text)
        raise InterruptedError(errno.EINTR, "nobody reads it")

    terminal, _ = start(Loop())
    monkeypatch.setattr(streams, "_write", interrupt)
    for _ in range(2):
        with pytest.raises(ScreenClosedError, match="nobody reads it"):
            terminal.show("hello")
    terminal.notice("Goodbye.")
    assert written == ["hello\n"]
    terminal.close()


def test_waiting_for_a_nonblocking_stdout_costs_nothing(piped: Person) -> None:
    """It is waited for with `select`, not by trying again and again."""
    os.set_blocking(streams.STDOUT, False)
    with suppress(BlockingIOError):
        while True:
            os.write(streams.STDOUT, b"-" * 65536)
    loop = Loop()
    loop.on_signals([signal.SIGUSR1], lambda number: None)
    terminal, _ = start(loop)
    waker = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    waker.start()
    before = time.thread_time()
    with pytest.raises(ScreenClosedError):  # a second after the signal, and a tenth
        terminal.show("hello")
    assert time.thread_time() - before < 0.3
    waker.join()
    terminal.close()
    loop.close()


def test_a_nonblocking_stdout_is_waited_for(piped: Person) -> None:
    """Whoever shares it may have made it so; not a byte of a long line is lost."""
    os.set_blocking(streams.STDOUT, False)
    # Full already, so that the very first write finds no room.
    filled = 0
    with suppress(BlockingIOError):
        while True:
            filled += os.write(streams.STDOUT, b"-" * 65536)
    text = "x" * 2_000_000
    received = bytearray()

    def read_all() -> None:
        while len(received) < filled + len(text) + 1:
            received.extend(os.read(piped.out, 65536))

    terminal, _ = start(Loop())
    reader = threading.Thread(target=read_all, daemon=True)
    reader.start()
    terminal.show(text)
    reader.join(SECONDS)
    assert bytes(received[filled:]) == text.encode() + b"\n"
    terminal.close()


OPENS_THE_MISSING = """
import os, socket, sys
from chatlib.terminal.streams import open_missing_descriptors
open_missing_descriptors()
null = os.stat(os.devnull).st_rdev
found = [os.fstat(fd).st_rdev == null for fd in range(3)]
found.append(socket.socket().fileno() > 2)
os.write(int(sys.argv[1]), repr(found).encode())
"""


@pytest.mark.parametrize(
    ("closed", "is_null"),
    [
        ("<&-", [True, False, False]),
        (">&- 2>&-", [False, True, True]),
        ("<&- >&- 2>&-", [True, True, True]),
        ("", [False, False, False]),
    ],
)
def test_missing_descriptors_are_opened_before_a_socket_gets_them(
    closed: str, is_null: list[bool]
) -> None:
    """What is there stays; what is not is /dev/null (terminal.md, trap 8)."""
    reader, writer = os.pipe()
    command = f'exec "$0" -c "$1" {writer} {closed}'
    shell = subprocess.run(
        ["sh", "-c", command, sys.executable, OPENS_THE_MISSING],
        stdin=subprocess.PIPE,
        capture_output=True,
        pass_fds=[writer],
        cwd=ROOT,
        timeout=SECONDS,
        check=True,
    )
    os.close(writer)
    assert os.read(reader, 1000).decode() == repr([*is_null, True]), shell.stderr
    os.close(reader)
