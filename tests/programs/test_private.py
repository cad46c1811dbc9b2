"""A private talk between real programs: who holds the ticket gets in, and nobody else."""

import json
import os
import pty
import select
import signal
import socket
import ssl
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from chatd.listener import STRANGERS_LIMIT
from chatd.newstart import ANSWER_SECONDS
from chatlib.identity import derive, make_context
from chatlib.ticket import Ticket, make_secret, parse
from harness import wire
from harness.script import Script
from harness.stage import ROOT, Stage
from tests.conftest import perform
from tests.programs.private import SECONDS, Talker, call, port_of, serve, start


def talk(client: Talker, server: Talker, *words: str) -> None:
    """Send a line each way, turn by turn."""
    for each in words:
        client.says(f"c {each}")
        server.sees(f"c {each}")
        server.says(f"s {each}")
        client.sees(f"s {each}")


def test_two_who_share_a_ticket_talk_privately() -> None:
    """Banner, /status and goodbye say so on both sides."""
    with serve() as (server, ticket), call(ticket) as client:
        banner = f"Connected to: 127.0.0.1 on port: {port_of(ticket)}, privately"
        assert client.sees("Connected to") == banner
        assert server.sees("Connected by").endswith(", privately")
        talk(client, server, "one", "two")
        client.says("/status")
        client.sees("Private: yes")
        client.says("/q")
        assert "private" in client.exits(0)
        assert "Goodbye: the client left; your 2 messages were delivered" in server.exits(0)
        assert "private" in server.shown.rpartition("Goodbye")[2]


def test_a_talk_in_clear_says_that_it_is_none() -> None:
    """So nobody has to guess."""
    with start("chatd", "--port", "0") as server:
        port = server.sees("on port").rpartition(" ")[2]
        with start("chatc", "--port", port) as client:
            client.sees("Connected to")
            client.says("/status", "/q")
            client.sees("Private: no")
            assert "privately" not in client.exits(0)


# Each wrong start has a sentence of its own, on both sides, and the exit code 5.


def other(ticket: str) -> str:
    """Return a ticket for the same place with another secret."""
    return replace(parse(ticket), secret=make_secret()).line


def test_another_ticket_than_the_servers() -> None:
    """Also an old one: the server goes on waiting for the right one."""
    with serve() as (server, ticket):
        with call(other(ticket)) as stranger:
            assert "has another ticket than yours" in stranger.exits(5)
        server.sees("it does not hold this ticket")
        with call(ticket) as client:
            client.says("/q")
            client.exits(0)
        server.exits(0)


def test_no_ticket_here_but_there() -> None:
    """The client is told to ask for one."""
    with serve() as (server, ticket):
        with start("chatc", "--port", str(port_of(ticket))) as stranger:
            assert "is private: ask for its ticket" in stranger.exits(5)
        server.sees("it uses no ticket")
        assert server.process.poll() is None


def test_a_ticket_here_but_none_there() -> None:
    """The client is told so, and the server too."""
    with start("chatd", "--host", "127.0.0.1", "--port", "0") as server:
        port = int(server.sees("on port").rpartition(" ")[2])
        with call(Ticket(("127.0.0.1",), port, make_secret()).line) as client:
            assert "uses no ticket" in client.exits(5)
        server.sees("it uses a ticket, and there is no ticket here")
        assert server.process.poll() is None


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Run something that gives each caller the same answer; yield a ticket for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reply() -> None:
            caller, _ = listener.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(answer)
                while caller.recv(4096):
                    pass

        thread = threading.Thread(target=reply, daemon=True)
        thread.start()
        yield Ticket(("127.0.0.1",), listener.getsockname()[1], make_secret()).line
        thread.join(SECONDS)


ANSWERS = {
    "a middlebox that talks HTTP": (
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "does not speak this protocol: it speaks another language, perhaps HTTP",
        1,
    ),
    "a TLS alert": (
        b"\x15\x03\x03\x00\x02\x02\x28",
        "does not speak this protocol: it does not speak as a ticket asks",
        1,
    ),
    "a refusal of our certificate": (
        b"\x15\x03\x03\x00\x02\x02\x30",
        "has another ticket than yours",
        5,
    ),
    "noise": (os.urandom(1).replace(b"\x16", b"\xff") * 99, "", 1),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_what_answers_is_no_chat_server(answer: str) -> None:
    """It is tried once, and the sentence says what it may be."""
    data, says, code = ANSWERS[answer]
    if answer == "noise":
        data, says = b"\xff" * 99, "it speaks another language"
    with answering(data) as ticket, call(ticket) as client:
        assert says in client.exits(code)


def test_nobody_listens_where_the_ticket_says() -> None:
    """All addresses are named, and what may be in between; another server is no help."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ticket = Ticket(("127.0.0.1", "127.0.0.2"), port, make_secret()).line
    with call(ticket, "--wait", "0") as client:
        shown = client.exits(3)
    assert f"127.0.0.1 or 127.0.0.2 port {port} (Connection refused)" in shown
    assert "a firewall may be in between" in shown and "chatd" not in shown


def test_every_address_of_a_ticket_is_tried() -> None:
    """Nobody listens at the first, and somebody else's server at the second."""
    with serve() as (server, ticket), ExitStack() as stack:
        port = port_of(ticket)
        strange = socket.create_server(("127.0.0.3", port))
        stack.enter_context(closing(strange))

        def answer() -> None:
            caller, _ = strange.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                caller.recv(4096)

        threading.Thread(target=answer, daemon=True).start()
        hosts = ("127.0.0.2", "127.0.0.3", "127.0.0.1")
        with call(replace(parse(ticket), addresses=hosts).line) as client:
            client.sees(f"Connected to: 127.0.0.1 on port: {port}, privately")
            talk(client, server, "there")
            client.says("/q")
            client.exits(0)


# Taking the seat again.


def test_who_starts_anew_gets_the_seat_of_its_killed_program_at_once() -> None:
    """Both screens say so; the server lists what was not confirmed."""
    with serve("--mode", "free") as (server, ticket):
        with call(ticket) as client:
            client.says("one", "two")
            server.sees("two")
        server.sees("was lost")
        server.says("are you there?")
        with call(ticket) as again:
            again.sees("Connected to")
            again.sees("This is a new start: 2 lines of yours had arrived")
            server.sees("has started anew")
            server.sees("Not confirmed: are you there?")
            server.sees("The other side has started anew: this is a new talk.")
            again.says("three", "/q")
            server.sees("three")
            again.exits(0)
        server.exits(0)


def test_while_the_first_lives_the_second_is_told_that_the_ticket_is_in_use() -> None:
    """And the talk goes on."""
    with serve() as (server, ticket), call(ticket) as client:
        talk(client, server, "one")
        with call(ticket) as second:
            assert "this ticket is in use" in second.exits(4)
        talk(client, server, "two")
        client.says("/q")
        client.exits(0)
        server.exits(0)
    assert "anew" not in server.shown


def test_a_program_that_stands_still_loses_the_seat_to_a_new_start() -> None:
    """It is asked, and does not answer within two seconds."""
    with serve("--mode", "free") as (server, ticket), call(ticket) as client:
        talk(client, server, "one")
        client.stand_still()
        with call(ticket) as again:
            again.sees("This is a new start: 1 line of yours had arrived")
            again.says("here I am", "/q")
            server.sees("here I am")
            again.exits(0)
        server.exits(0)


def test_a_second_new_start_leaves_the_talk_of_the_first_alone() -> None:
    """It was asked for the program that stood still, which has lost the seat meanwhile."""
    with serve("--mode", "free", "-v") as (server, ticket), ExitStack() as stack:
        silent = stack.enter_context(call(ticket))
        talk(silent, server, "one")
        silent.stand_still()
        again = stack.enter_context(call(ticket))
        server.sees("< HELLO")
        third = stack.enter_context(call(ticket))
        server.sees("< HELLO")
        again.sees("Connected to")
        assert "this ticket is in use" in third.exits(4)
        talk(again, server, "two")
        again.says("/q")
        again.exits(0)
        server.exits(0)


def test_a_server_that_stood_still_itself_blames_nobody_for_that() -> None:
    """The answer came in time, and was read late."""
    with serve("--mode", "free", "-v") as (server, ticket), call(ticket) as client:
        talk(client, server, "one")
        client.stand_still()
        with call(ticket) as second:
            server.sees("> PING")
            server.stand_still()
            client.go_on()
            time.sleep(ANSWER_SECONDS + 0.2)  # while the server's own clock goes on
            server.go_on()
            assert "this ticket is in use" in second.exits(4)
        talk(client, server, "two")
        client.says("/q")
        client.exits(0)
        server.exits(0)


def test_a_crowd_of_strangers_does_not_push_out_who_starts_anew() -> None:
    """It has shown the ticket, and they have not."""
    with serve("--mode", "free", "-v") as (server, ticket), ExitStack() as stack:
        silent = stack.enter_context(call(ticket))
        talk(silent, server, "one")
        silent.stand_still()
        again = stack.enter_context(call(ticket, "--wait", "0"))
        server.sees("< HELLO")
        for _ in range(3 * STRANGERS_LIMIT):
            place = ("127.0.0.1", port_of(ticket))
            stack.enter_context(socket.create_connection(place, SECONDS))
        again.sees("Connected to")
        talk(again, server, "two")
        again.says("/q")
        again.exits(0)
        server.exits(0)


# Strangers.


def test_strangers_neither_take_the_seat_nor_end_the_wait() -> None:
    """Each is told once what is missing, and closed; there is one notice."""
    with serve() as (server, ticket):
        for _ in range(30):
            with socket.create_connection(("127.0.0.1", port_of(ticket)), SECONDS) as sock:
                sock.sendall(wire.hello() + wire.bye(0))
                kind, _, body = wire.receive(sock)
                assert (kind, body[0]) == (wire.BYE, wire.PROTOCOL)
                assert b"this talk is private" in body
                assert sock.recv(1) == b""
        with call(ticket) as client:
            talk(client, server, "hello")
            client.says("/q")
            client.exits(0)
        assert server.exits(0).count("Refused") == 2, "the first and the tenth"


def test_a_crowd_of_another_host_does_not_push_out_a_slow_handshake() -> None:
    """It pushes out its own: a ticket is shown only after a way there and back."""
    with serve() as (_, ticket), ExitStack() as stack:
        place = ("127.0.0.1", port_of(ticket))
        slow = stack.enter_context(socket.create_connection(place, SECONDS))
        for _ in range(3 * STRANGERS_LIMIT):
            crowd = socket.create_connection(place, SECONDS, ("127.0.0.2", 0))
            stack.enter_context(crowd)
        context = make_context(derive(parse(ticket).secret), server=False)
        with context.wrap_socket(slow) as holder:
            holder.sendall(wire.hello())
            assert wire.receive(holder)[0] == wire.HELLO


def test_two_hundred_intruders_during_a_talk_lose_nothing(tmp_path: Path) -> None:
    """With another ticket, without, or with noise: none is let in, none is in the way."""
    log = tmp_path / "log"
    with serve("--mode", "free", "--frame-log", str(log)) as (server, ticket):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        place = ("127.0.0.1", port_of(ticket))
        with call(ticket, "--name", "Ann") as client:
            client.sees("Connected to")
            for number in range(200):
                with socket.create_connection(place, SECONDS) as sock:
                    intrude(sock, number, context)
                if number % 10 == 0:
                    client.says(f"line {number}")
                    server.sees(f"Ann: line {number}")
            client.says("/q")
            client.exits(0)
        shown = server.exits(0)
    assert shown.count("Ann: line") == 20
    assert shown.count("Connected by") == 1
    assert shown.count("Refused") <= 3, "one, ten, a hundred"
    assert log.read_text("utf-8").count("ACCEPTED") == 201


def intrude(sock: socket.socket, number: int, context: ssl.SSLContext) -> None:
    """Try to get in, in one of four ways, until the server closes."""
    match number % 4:
        case 0:
            with pytest.raises((ssl.SSLError, OSError)), context.wrap_socket(sock) as tls:
                tls.sendall(wire.hello())
                if not tls.recv(4096):
                    raise OSError
        case 1:
            sock.sendall(wire.hello())
            assert wire.receive(sock)[0] == wire.BYE
        case 2:
            sock.sendall(b"\x16\x03\x01\x00\x20" + os.urandom(32))
            sock.recv(4096)
        case _:
            sock.sendall(os.urandom(100))
            sock.recv(4096)


def test_who_stands_in_a_dead_servers_place_is_sent_nothing() -> None:
    """It has a ticket of its own; the client goes on looking for the real one."""
    with serve("--mode", "free") as (server, ticket), call(ticket) as client:
        client.says("one")
        server.sees("one")
        server.process.kill()
        server.process.wait()
        client.says("a secret")
        options = ("--port", str(port_of(ticket)), "--mode", "free", "-vv")
        with start("chatd", "--private", "--host", "127.0.0.1", *options) as impostor:
            client.sees("is not who you talked with")
            client.process.send_signal(signal.SIGTERM)
            client.sees("Not confirmed: a secret")
            client.exits(128 + signal.SIGTERM)
            impostor.process.send_signal(signal.SIGTERM)
            assert "a secret" not in impostor.exits(128 + signal.SIGTERM)


def test_who_knows_the_session_id_does_not_take_over_a_kept_seat(tmp_path: Path) -> None:
    """Neither in clear nor with a ticket of its own; the holder finds the seat kept."""
    log = tmp_path / "log"
    with serve("--mode", "free", "--frame-log", str(log)) as (server, ticket):
        with call(ticket) as client:
            client.says("one")
            server.sees("one")
        server.sees("was lost")
        events = map(json.loads, log.read_text("utf-8").splitlines())
        hello = next(event["raw"] for event in events if event["sign"] == "<")
        session = bytes.fromhex(hello)[13:29]
        server.says("a secret")
        forged = wire.hello("client", session=session)
        place = ("127.0.0.1", port_of(ticket))
        with socket.create_connection(place, SECONDS) as sock:
            sock.sendall(forged)
            assert wire.receive(sock)[0] == wire.BYE
            assert sock.recv(1) == b""
        thief = make_context(derive(make_secret()), server=False)
        thief.verify_mode = ssl.CERT_NONE
        answer = b""
        with (
            socket.create_connection(place, SECONDS) as sock,
            suppress(ssl.SSLError, ConnectionError),
            thief.wrap_socket(sock) as tls,
        ):
            tls.sendall(forged)
            answer = tls.recv(4096)
        assert answer == b""
        with call(ticket) as again:
            again.sees("This is a new start")
            server.sees("Not confirmed: a secret")
            again.says("/q")
            again.exits(0)


@contextmanager
def relaying(port: int) -> Iterator[tuple[int, list[bytes]]]:
    """Stand in front of a server, with a ticket of one's own, and verify nobody.

    Yields the port, and what either end is heard to say.
    """
    identity, heard = derive(make_secret()), list[bytes]()

    def hear(sock: socket.socket, server: bool) -> None:
        context = make_context(identity, server=server)
        context.verify_mode = ssl.CERT_NONE
        with (
            suppress(ssl.SSLError, ConnectionError),
            context.wrap_socket(sock, server_side=server) as tls,
        ):
            if not server:
                tls.sendall(wire.hello())
            heard.append(tls.recv(4096))

    def relay() -> None:
        caller, _ = listener.accept()
        with caller, socket.create_connection(("127.0.0.1", port), SECONDS) as called:
            hear(caller, server=True)
            hear(called, server=False)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=relay, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_a_relay_with_a_ticket_of_its_own_hears_nothing_from_either_side() -> None:
    """The client refuses it, and so does the server, which goes on waiting."""
    with serve() as (server, ticket):
        with relaying(port_of(ticket)) as (port, heard):
            with call(replace(parse(ticket), port=port).line) as client:
                assert "has another ticket than yours" in client.exits(5)
            server.sees("it does not hold this ticket")
        assert b"".join(heard) == b""
        with call(ticket) as client:
            client.says("/q")
            client.exits(0)


# What else is said.


def test_a_key_log_is_said_on_the_screen(tmp_path: Path) -> None:
    """Whoever reads that file can read the talk."""
    keys = tmp_path / "keys"
    with (
        serve(SSLKEYLOGFILE=str(keys)) as (server, ticket),
        call(ticket, SSLKEYLOGFILE=str(keys)) as client,
    ):
        assert str(keys) in client.sees("The keys of this talk are written to")
        client.says("/q")
        client.exits(0)
        assert "The keys of this talk are written to" in server.exits(0)
    assert "CLIENT_TRAFFIC_SECRET_0" in keys.read_text("ascii")


def test_a_frame_log_shows_the_same_frames_and_both_counts() -> None:
    """As in clear, and beside each read how many bytes came sealed."""
    free = serve("--mode", "free")
    with free as (server, ticket), call(ticket, "-vv") as client:
        client.says("hello", "/q")
        shown = client.exits(0)
        server.exits(0)
    assert "> TEXT 1 'hello' [5 bytes]" in shown
    assert "~ sealed 13 bytes: 35 outside" in shown
    assert "~ wrote 35 bytes" in shown
    assert "inside" in shown


def test_who_uses_no_ticket_imports_nothing_for_it() -> None:
    """Neither `ssl` nor `cryptography`, on either side."""
    for program in ("chatd", "chatc"):
        command = [sys.executable, "-X", "importtime", "-m", program, "--port", "x"]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 2
        imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
        assert "chatlib.channel" in imported
        heavy = {"ssl", "_ssl", "cryptography", "chatlib.sealed", "chatlib.ticket"}
        assert not imported & heavy


# The prompt.


@contextmanager
def at_terminal(
    *options: str, **environment: str
) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """Run a client at a pty; yield the person's end of it, and the process."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "chatc", "--plain", *options]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    try:
        yield master, process
    finally:
        process.kill()
        process.wait()
        os.close(slave)
        os.close(master)


def read_until(terminal: int, text: bytes, seen: bytes = b"") -> bytes:
    """Read a terminal until it shows a text; return all of it."""
    while text not in seen:
        assert select.select([terminal], [], [], SECONDS)[0], seen
        seen += os.read(terminal, 4096)
    return seen


def echoes(terminal: int) -> bool:
    """Return whether a terminal shows what is typed."""
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def test_a_ticket_is_typed_at_a_prompt_and_not_shown() -> None:
    """Neither echoed nor repeated; then the terminal is as it was."""
    with serve() as (server, ticket), at_terminal("--private") as (terminal, client):
        seen = read_until(terminal, b"Ticket: ")
        assert not echoes(terminal)
        os.write(terminal, ticket.encode() + b"\n")
        seen = read_until(terminal, b"privately", seen)
        assert ticket[-20:].encode() not in seen
        assert echoes(terminal)
        os.write(terminal, b"/q\n")
        assert client.wait(SECONDS) == 0
        server.exits(0)


def test_a_ticket_may_be_pasted_in_the_rows_of_a_narrow_window() -> None:
    """As an edited terminal breaks it, with its mark and blanks."""
    with serve() as (server, ticket), at_terminal("--private") as (terminal, client):
        read_until(terminal, b"Ticket: ")
        rows = [ticket[at : at + 30] for at in range(0, len(ticket), 30)]
        os.write(terminal, ("- " + "\n  ".join(rows) + "\n").encode())
        seen = read_until(terminal, b"privately")
        assert rows[-1].encode() not in seen
        os.write(terminal, b"/q\n")
        assert client.wait(SECONDS) == 0
        server.exits(0)


def test_the_rest_of_a_wrong_ticket_is_left_to_no_shell() -> None:
    """It is dropped from the terminal's input."""
    with at_terminal("--private") as (terminal, client):
        read_until(terminal, b"Ticket: ")
        os.write(terminal, b"chat1:127.0.0.1:7777:qqqq\nthe rest\n" + b"more\n" * 30)
        assert client.wait(SECONDS) == 2
        assert b"the rest" not in read_until(terminal, b"chatc: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_the_prompt_leaves_the_echo_on(number: int) -> None:
    """As a shell expects it, with the code of the signal and no traceback."""
    with at_terminal("--private") as (terminal, client):
        seen = read_until(terminal, b"Ticket: ")
        client.send_signal(number)
        assert client.wait(SECONDS) == 128 + number
        assert echoes(terminal)
        assert b"Traceback" not in seen


def test_ctrl_c_at_the_prompt_leaves_no_line_of_make() -> None:
    """Make writes one under every code but 0."""
    with at_terminal("--private", CHAT_MAKE="1") as (terminal, client):
        read_until(terminal, b"Ticket: ")
        client.send_signal(signal.SIGINT)
        assert client.wait(SECONDS) == 0
        assert echoes(terminal)


MISTYPED = {
    "no ticket at all": ("hello", "this is not a ticket"),
    "nothing": ("", "no ticket was given"),
}


@pytest.mark.parametrize("typed", MISTYPED)
def test_what_is_no_ticket_is_refused_at_once(typed: str) -> None:
    """Before anything is connected."""
    line, says = MISTYPED[typed]
    with call(line) as client:
        assert says in client.exits(2)


def test_a_typing_error_is_refused_with_its_place() -> None:
    """And the line is not repeated."""
    line = Ticket(("127.0.0.1",), 7777, make_secret()).line
    wrong = line[:-1] + ("q" if line[-1] != "q" else "p")
    with call(wrong) as client:
        shown = client.exits(2)
    assert f"mistyped near character {len(line)}" in shown
    assert wrong[-20:] not in shown


@pytest.mark.parametrize("program", ["chatd", "chatc"])
def test_a_ticket_on_the_command_line_or_in_the_environment_is_refused(
    program: str,
) -> None:
    """`ps` would show it; and the sentence does not repeat it."""
    line = Ticket(("127.0.0.1",), 7777, make_secret()).line
    for options in (
        (line,),
        ("--ticket", line),
        ("--private", line),
        (f"--ticket={line}",),
    ):
        with start(program, *options) as talker:
            shown = talker.exits(2)
        assert "ps shows it" in shown and line[-20:] not in shown
    with start(program, CHAT_TICKET=line) as talker:
        shown = talker.exits(2)
    assert "the environment can be read by others" in shown and line[-20:] not in shown


def test_a_ticket_in_a_file_of_settings_is_refused(tmp_path: Path) -> None:
    """The setting names a file; the sentence does not repeat the key."""
    line = Ticket(("127.0.0.1",), 7777, make_secret()).line
    path = tmp_path / "chat.toml"
    path.write_text(f'ticket = "{line}"')
    for program in ("chatd", "chatc"):
        with start(program, "--config", str(path)) as talker:
            shown = talker.exits(2)
        assert "no part of the settings" in shown and line[-20:] not in shown


def test_a_file_keeps_the_ticket_from_run_to_run(tmp_path: Path) -> None:
    """`--new-ticket` replaces it; then an old one is another ticket."""
    path = tmp_path / "ticket"
    file = ("--ticket", str(path))
    with serve(*file) as (_, first):
        assert path.stat().st_mode & 0o777 == 0o600
    old = tmp_path / "old"
    old.write_bytes(path.read_bytes())
    old.chmod(0o600)
    with serve(*file) as (server, second):
        assert parse(second).secret == parse(first).secret
        port = str(port_of(second))
        with start("chatc", *file, "--host", "localhost", "--port", port) as client:
            client.sees("Connected to: localhost")
            client.says("/q")
            client.exits(0)
        server.exits(0)
    with serve(*file, "--new-ticket") as (_, third):
        assert parse(third).secret != parse(first).secret
        options = (
            "--ticket",
            str(old),
            "--host",
            "localhost",
            "--port",
            str(port_of(third)),
        )
        with start("chatc", *options) as client:
            assert "another ticket than yours" in client.exits(5)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """With what to type."""
    path = tmp_path / "ticket"
    with serve("--ticket", str(path)):
        pass
    path.chmod(0o644)
    for program in ("chatd", "chatc"):
        with start(program, "--port", "0", "--ticket", str(path)) as talker:
            assert f"chmod 600 {path}" in talker.exits(2)


def test_a_cut_costs_a_private_talk_nothing(tmp_path: Path) -> None:
    """The two find each other again by themselves, sealed, and no line is lost."""
    with Stage(tmp_path, private=True) as stage:
        script = (
            "server: starts with --mode free\nnetwork: delivers 7 bytes at a time\n"
            "client: starts\nclient> one\nserver< client: one\n"
            "network: cut\nserver! Connected with the client again.\n"
            "client> two\nserver< client: two\n"
            "network: cut by RST\nserver> three\nclient< server: three\n"
            "client> /q\nclient: exits 0\nserver: exits 0"
        )
        perform(stage, Script.parse("the test", script))
