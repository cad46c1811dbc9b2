"""The key of a private talk is nowhere to be read: no file, no log, no `ps`, no screen.

Both real programs at terminals of their own, with all logs on, in a home folder of the
test's. What is searched for is the secret in every form that it has on its way, and any
longer piece of one. The one place where it is allowed is the line of the server's screen
that shows the ticket, and the file of `--ticket`.
"""

import base64
import os
import re
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from chatlib.identity import derive
from chatlib.ticket import Ticket, derive_bytes, make_secret, parse
from harness.child import Child
from harness.stage import ROOT

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="what a process shows to others is read from /proc"
)

SECONDS = 15.0
"""How long a test waits for something that should happen soon."""

PIECE = 12
"""Characters of a form, side by side, that count as a leak: 60 bits of a key at least."""


# The secret in all its forms, and where it may be.


def forms(ticket: Ticket) -> dict[str, bytes]:
    """Return all that the key of a ticket is, or becomes, by name."""
    key = ticket.line.rpartition(":")[2].replace("-", "").encode()
    identity = derive(ticket.secret)
    found = {"key": key}
    for name, data in (
        ("secret", ticket.secret),
        ("server's seed", derive_bytes(ticket.secret, "chat1 server")),
        ("client's seed", derive_bytes(ticket.secret, "chat1 client")),
    ):
        found[f"{name}, raw"] = data
        found[f"{name}, hex"] = data.hex().encode()
        found[f"{name}, as Python shows it"] = repr(data)[2:-1].encode()
        # Within longer data the groups of base64 begin at any of three places.
        for shift in range(3):
            text = base64.b64encode(bytes(shift) + data)[4:-4]
            found[f"{name}, base64 {shift}"] = text
            found[f"{name}, base64url {shift}"] = text.translate(
                bytes.maketrans(b"+/", b"-_")
            )
    for name, end in (("server's", identity.server), ("client's", identity.client)):
        # What stands in front of the key is the same in every file of this kind.
        found[f"{name} PEM"] = end.key_pem.splitlines()[1].encode()[24:]
    return found


def find(data: bytes, *tickets: Ticket) -> list[str]:
    """Return the forms of which a piece is in the data, whatever divides it."""
    lines = re.sub(rb"[\r\n]", b"", data)
    letters = re.sub(rb"[-\s]", b"", data).lower()
    found = []
    for ticket in tickets:
        for name, form in forms(ticket).items():
            plain = name == "key" or name.endswith("hex")
            where = letters if plain else data if name.endswith("raw") else lines
            pieces = (form[at : at + PIECE] for at in range(0, len(form) - PIECE + 1, 4))
            if any(piece in where for piece in pieces):
                found.append(name)
    return found


def in_processes(*tickets: Ticket) -> tuple[list[str], set[int]]:
    """Return where a key is in what `ps` shows, or in an open file; and who was asked."""
    leaks, seen = [], set()
    for folder in Path("/proc").glob("[0-9]*"):
        for file in (folder / "cmdline", folder / "environ", *open_files(folder)):
            # It has ended, or is somebody else's.
            with suppress(OSError):
                leaks += [f"{file}: {form}" for form in find(file.read_bytes(), *tickets)]
                seen.add(int(folder.name))
    return leaks, seen


def open_files(process: Path) -> list[Path]:
    """Return the files that a process of these tests has open, also nameless ones."""
    try:
        is_ours = re.search(rb"\0chat[cd]\0", (process / "cmdline").read_bytes())
        return [each for each in (process / "fd").iterdir() if is_ours and each.is_file()]
    except OSError:
        return []


def in_files(folder: Path, *tickets: Ticket) -> list[str]:
    """Return where a key is in a folder: in a file, its name, or a link."""
    return [
        f"{path}: {form}"
        for path in folder.rglob("*")
        for form in find(
            os.fsencode(path) + (path.read_bytes() if path.is_file() else b""), *tickets
        )
    ]


# The search itself.


@pytest.fixture
def ticket() -> Ticket:
    """Return a ticket with a new secret."""
    return Ticket(("127.0.0.1",), 7777, make_secret())


def test_the_search_finds_every_form_in_every_place(ticket: Ticket, tmp_path: Path) -> None:
    """What the other tests do not find would be found if it was there."""
    names = forms(ticket)
    for number, (name, form) in enumerate(names.items()):
        (tmp_path / str(number)).write_bytes(b"\xffnoise" + form + b"noise")
        assert any(leak.endswith(f": {name}") for leak in in_files(tmp_path, ticket)), name
        (tmp_path / str(number)).unlink()
    assert find(ticket.line.upper().encode(), ticket) == ["key"], "hyphens and case"
    assert find(ticket.line.encode()[:-50], ticket) == ["key"], "a part of it"
    assert "server's PEM" in find(derive(ticket.secret).server.key_pem.encode(), ticket)
    (tmp_path / ticket.line.rpartition(":")[2]).touch()
    assert in_files(tmp_path, ticket), "the name of a file"
    assert not find(b"".join(names.values()), replace(ticket, secret=make_secret()))


@pytest.mark.parametrize("place", ("an argument", "the environment", "a file in memory"))
def test_the_search_finds_what_a_process_shows(ticket: Ticket, place: str) -> None:
    """As `ps` does."""
    argument = ticket.line if place == "an argument" else "-"
    environment = {"T": ticket.secret.hex()} if place == "the environment" else {}
    file = os.memfd_create("chat")
    if place == "a file in memory":
        os.write(file, derive(ticket.secret).client.key_pem.encode())
    command = [sys.executable, "-c", "input()", "chatd", argument]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, env=environment, pass_fds=[file]
    ) as process:
        leaks, seen = in_processes(ticket)
        process.communicate(b"\n")
    os.close(file)
    assert process.pid in seen
    assert leaks and all(f"/proc/{process.pid}/" in leak for leak in leaks), leaks


# The programs.


class Window(Child):
    """A program at a terminal of its own."""

    def sees(self, text: str) -> None:
        """Wait for a text."""
        self._read_until(lambda: text.encode() in self.raw, f"{text!r} never came")

    def shows_ticket(self) -> Ticket:
        """Wait for the line that is a ticket, and return it."""
        ticket = re.compile(rb"\r\n(chat1:\S+)\r\n")
        self._read_until(lambda: bool(ticket.search(self.raw)), "no ticket came")
        (line,) = ticket.findall(self.raw)
        return parse(line.decode())

    def exits(self, code: int) -> None:
        """Wait for the end, and check the exit code."""
        self._read_until(lambda: self.drained, "it did not end")
        assert self.outcome() == code, self.raw.decode(errors="replace")

    def _read_until(self, met: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + SECONDS
        while not met():
            ready = select.select([self.fd], [], [], max(0, end - time.monotonic()))[0]
            shown = self.raw.decode(errors="replace")
            assert ready and not self.drained, f"{otherwise}:\n{shown}"
            self.read()


def allow_cores() -> None:
    """Let the program that is about to start leave a core."""
    limit = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (limit, limit))


class Scene:
    """A home folder, and the windows of the programs that run there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.windows: list[Window] = []
        (home / "tmp").mkdir()
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONFAULTHANDLER": "1",
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
        }

    def start(self, program: str, *options: str, **environment: str) -> Window:
        """Run a program with all its logs; `program` may be a path to its code."""
        command = [program] if "/" in program else ["-m", program]
        log = self.home / f"frames-{len(self.windows)}"
        window = Window(
            [sys.executable, *command, *options, "-vv", "--frame-log", str(log)],
            self.home,
            {**self._environment, **environment},
            (24, 200),  # a sentence is one row
            prepare=allow_cores,
        )
        self.windows.append(window)
        return window

    def serve(self, *options: str, program: str = "chatd") -> tuple[Window, Ticket]:
        """Run a private server; return it and its ticket, which it shows once."""
        place = ("--plain", "--mode", "free", "--host", "127.0.0.1", "--port", "0")
        server = self.start(program, *place, "--private", *options)
        return server, server.shows_ticket()

    def call(self, ticket: Ticket | str, *options: str, program: str = "chatc") -> Window:
        """Run a client that is given a ticket at its prompt."""
        client = self.start(program, "--private", *options)
        client.sees("Ticket: ")
        client.types(ticket if isinstance(ticket, str) else ticket.line)
        return client

    def search(self, *tickets: Ticket, running: Iterable[Window] = ()) -> None:
        """Fail where a key is in a file, in a process or on a screen."""
        leaks, seen = in_processes(*tickets)
        assert seen >= {window.process for window in running}
        leaks += in_files(self.home, *tickets)
        for number, window in enumerate(self.windows):
            shown = bytes(window.raw)
            for ticket in tickets:  # once, and only the server's own
                shown = shown.replace(b"\r\n%b\r\n" % ticket.line.encode(), b"\r\n", 1)
            leaks += [f"window {number}: {form}" for form in find(shown, *tickets)]
        assert not leaks, "\n".join(leaks)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Yield a scene, and end what runs in it."""
    scene = Scene(tmp_path)
    yield scene
    for window in scene.windows:
        window.close()


def talk(server: Window, client: Window) -> None:
    """Send a line each way."""
    client.sees("Both may write")
    client.types("from-the-client")
    server.sees("< TEXT 1")
    server.types("from-the-server")
    client.sees("< TEXT 1")


# A talk that goes well.


def test_a_talk_leaves_nothing_of_its_key(scene: Scene) -> None:
    """Typed at the prompt: neither while it lasts nor behind it, on no side."""
    server, ticket = scene.serve()
    client = scene.call(ticket)
    talk(server, client)
    scene.search(ticket, running=(server, client))
    client.types("/status")
    client.sees("Private: yes")
    client.types("/q")
    client.exits(0)
    server.exits(0)
    scene.search(ticket)
    assert "from-the-client" in (scene.home / "frames-1").read_text("utf-8")


def test_a_ticket_in_a_file_is_in_that_file_alone(scene: Scene, tmp_path: Path) -> None:
    """Both programs name it; the server has made it."""
    file = scene.home / "ticket"
    server, ticket = scene.serve("--ticket", str(file))
    client = scene.start("chatc", "--ticket", str(file))
    talk(server, client)
    assert in_files(scene.home, ticket) == [f"{file}: key"]
    file.rename(aside := tmp_path.with_name(f"{tmp_path.name}-ticket"))
    scene.search(ticket, running=(server, client))
    client.types("/q")
    client.exits(0)
    server.exits(0)
    scene.search(ticket)
    aside.unlink()


def test_the_history_has_what_was_said_and_no_ticket(scene: Scene) -> None:
    """Nor does the up arrow bring it back."""
    server, ticket = scene.serve()
    client = scene.call(ticket)
    talk(server, client)
    client.types("/q")
    client.exits(0)
    server.exits(0)
    kept = (scene.home / ".local/state/chat/history-client").read_bytes()
    assert kept.count(b"\n+") == 2 and b"+from-the-client" in kept
    assert not find(kept, ticket)


# Talks that fail.


def test_a_wrong_ticket_is_told_without_either_key(scene: Scene) -> None:
    """Not that of the server, and not that of who was refused."""
    server, ticket = scene.serve()
    wrong = replace(ticket, secret=make_secret())
    client = scene.call(wrong)
    client.sees("has another ticket than yours")
    server.sees("it does not hold this ticket")
    scene.search(ticket, wrong, running=(server,))
    client.exits(5)
    server.signals(signal.SIGTERM)
    server.exits(128 + signal.SIGTERM)
    scene.search(ticket, wrong)


def test_a_mistyped_ticket_is_not_repeated(scene: Scene, ticket: Ticket) -> None:
    """Not even the part that was right, at the prompt or from a file."""
    line = ticket.line
    for damaged in (line[:-9], line[:-9] + "bbbb" + line[-5:], line[6:], line + line):
        scene.call(damaged).exits(2)
        file = scene.home / "damaged"
        file.write_text(f"{damaged}\n", "ascii")
        file.chmod(0o600)
        for program in ("chatc", "chatd"):
            scene.start(program, "--port", "0", "--ticket", str(file)).exits(2)
        file.unlink()
    scene.search(ticket)


@pytest.mark.parametrize("program", ("chatd", "chatc"))
def test_a_ticket_is_refused_where_others_can_read_it(
    scene: Scene, ticket: Ticket, program: str
) -> None:
    """As an argument and in the environment, with the reason, and is not repeated."""
    line = ticket.line
    why = "a ticket is a key, and {} can be read by others (ps shows it)"
    for options in ((line,), ("--ticket", line), (f"--ticket={line}",), ("--name", line)):
        window = scene.start(program, *options)
        window.sees(why.format("the command line"))
        window.exits(2)
    for name in ("CHAT_TICKET", "CHAT_PRIVATE", "CHAT_NAME"):
        window = scene.start(program, **{name: line})
        window.sees(why.format("the environment"))
        window.exits(2)
    scene.search(ticket)


@pytest.mark.parametrize("program", ("chatd", "chatc"))
def test_a_ticket_in_the_settings_file_is_refused(
    scene: Scene, ticket: Ticket, program: str
) -> None:
    """The setting names a file; a ticket in its place is not repeated, nor made a name."""
    file = scene.home / ".config/chat/chat.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'ticket = "{ticket.line}"\n', "ascii")
    window = scene.start(program, "--port", "0")
    window.sees("a ticket is a key")
    window.exits(2)
    file.unlink()
    scene.search(ticket)


# Talks that crash.


CRASH = """\
import importlib, sys

def fail(*arguments, **more):
    raise RuntimeError("forced")

where, function, program = {where!r}, {function!r}, {program!r}
owner = importlib.import_module(where)
*path, name = function.split(".")
for each in path:
    owner = getattr(owner, each)
setattr(owner, name, fail)
sys.exit(importlib.import_module(program + ".__main__").main())
"""


def make_crash(folder: Path, program: str, where: str, function: str) -> str:
    """Write a program that is one of ours, but for a function that fails; return it."""
    file = folder / f"{program}.crash"
    file.write_text(CRASH.format(where=where, function=function, program=program), "utf-8")
    return str(file)


AT_THE_KEY = (
    ("chatlib.ticket", "derive_bytes"),
    ("chatlib.identity", "derive"),
    ("chatlib.identity", "make_context"),
)


@pytest.mark.parametrize(("where", "function"), AT_THE_KEY)
def test_an_error_while_the_keys_are_made_shows_none(
    scene: Scene, ticket: Ticket, where: str, function: str
) -> None:
    """The traceback of a fault of ours goes through all functions that know the secret."""
    file = scene.home / "ticket"
    for program in ("chatd", "chatc"):
        file.write_text(f"{ticket.line}\n", "ascii")
        file.chmod(0o600)
        crash = make_crash(scene.home, program, where, function)
        window = scene.start(crash, "--ticket", str(file), "--port", "0")
        window.sees("RuntimeError: forced")
        window.exits(1)
        file.unlink()
        scene.search(ticket)


def test_an_error_during_the_talk_shows_no_key(scene: Scene) -> None:
    """On the side that fails, and on the other one."""
    crash = make_crash(scene.home, "chatd", "chatlib.terminal.plain", "Plain.show_messages")
    server, ticket = scene.serve(program=crash)
    client = scene.call(ticket)
    client.sees("Both may write")
    client.types("from-the-client")
    server.sees("forced")
    scene.search(ticket, running=(client,))
    server.exits(1)
    client.types("/q")
    scene.search(ticket)


# What a killed program leaves.


def read_environment(core: bytes, start: int, end: int) -> bytes:
    """Return what the core of a 64-bit program has at these addresses."""
    table, size, count = (
        *struct.unpack_from("<Q", core, 32),
        *struct.unpack_from("<HH", core, 54),
    )
    for number in range(count):
        kind, _, offset, address, _, length = struct.unpack_from(
            "<IIQQQQ", core, table + number * size
        )
        if kind == 1 and address <= start and end <= address + length:
            return core[offset + start - address : offset + end - address]
    raise AssertionError("the environment is not in the core")


def find_environment(process: int) -> tuple[int, int]:
    """Return where a process has its arguments and its environment (proc(5))."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return int(fields[45]), int(fields[48])


def crash(window: Window, folder: Path) -> bytes:
    """End a program as a fault of the interpreter would; return its core."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text("utf-8").strip()
    if pattern.startswith(("|", "/")) or "%" in pattern:
        if not shutil.which("gcore"):
            pytest.skip(f"cores go to {pattern!r}, and there is no gcore")
        command = ["gcore", "-o", str(folder / "core"), str(window.process)]
        subprocess.run(command, check=True, capture_output=True, timeout=4 * SECONDS)
    window.signals(signal.SIGSEGV)
    window.exits(-signal.SIGSEGV)
    cores = list(folder.glob("core*"))
    if not cores:
        pytest.skip("no core may be written here (ulimit -H -c)")
    core = cores[0].read_bytes()
    for each in cores:
        each.unlink()
    return core


@pytest.mark.parametrize("victim", ("chatd", "chatc"))
def test_a_crash_shows_the_key_in_no_log_and_no_environment(
    scene: Scene, victim: str
) -> None:
    """The core's heap has it, as SECURITY.md says: there the keys are in use."""
    server, ticket = scene.serve()
    client = scene.call(ticket)
    talk(server, client)
    killed = server if victim == "chatd" else client
    place = find_environment(killed.process)
    core = crash(killed, scene.home)
    killed.sees("Segmentation fault")
    scene.search(ticket)
    block = read_environment(core, *place)
    assert b"PYTHONFAULTHANDLER=1\0" in block and b"--frame-log\0" in block
    assert not find(block, ticket)
    assert any(form in core for form in forms(ticket).values()), "SECURITY.md is wrong"
