"""Who captures a private talk reads no word of it; who has its key log reads all of it.

The capture is made by dumpcap on loopback and read by tshark, as an engineer would. It
takes root; where there is none, or no tshark, these tests are skipped, and with
CHAT_NEEDS_TSHARK set they fail instead.
"""

import json
import os
import re
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chatlib.ticket import parse
from harness import wire
from tests.programs.private import SECONDS, Talker, call, port_of, serve, start
from tests.programs.test_secrets import find

SAID = (
    "from the client: Zaunkönig",
    "from the server: Kohlmeise",
    "a long line " + "Rohrdommel " * 2500,
    "the last one 日本",
)
"""What the two say, in turn. The third needs two records of TLS."""

WORDS = ("Zaunkönig", "Kohlmeise", "Rohrdommel", "日本", "Ann-Sophie", "Bertram")
"""What would be recognised: words of each line, and both names."""


def do_without(why: str) -> None:
    """Skip the test, or fail where a capture is demanded."""
    if os.environ.get("CHAT_NEEDS_TSHARK"):
        pytest.fail(f"CHAT_NEEDS_TSHARK is set, but {why}", pytrace=False)
    pytest.skip(why)


class Capture:
    """What passes at a port of loopback, as a file of pcapng."""

    def __init__(self, port: int, file: Path) -> None:
        self.file = file
        self._port = port
        command = ["dumpcap", "-i", "lo", "-f", f"port {port}", "-w", "-"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._process.stdout and self._process.stderr
        self._data = b""
        said = b""
        # What this line says is true from when it is written: the device is open.
        while b"File:" not in said:
            if not (more := self._process.stderr.readline()):
                do_without(f"dumpcap cannot capture: {said.decode(errors='replace')}")
            said += more

    def finish(self) -> bytes:
        """Wait for all that has passed until now; write the file, and return it."""
        mark = os.urandom(16)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(mark, ("127.0.0.1", self._port))
        assert self._process.stdout
        end = time.monotonic() + SECONDS
        while mark not in self._data:
            left = max(0, end - time.monotonic())
            assert select.select([self._process.stdout], [], [], left)[0], "no mark came"
            self._data += os.read(self._process.stdout.fileno(), 1 << 16)
        self._process.terminate()
        self._data += self._process.communicate(timeout=SECONDS)[0]
        self.file.write_bytes(self._data)
        return self._data

    def close(self) -> None:
        """End it if it still runs."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def capturing(port: int, folder: Path) -> Iterator[Capture]:
    """Capture what passes at a port of loopback."""
    for tool in ("dumpcap", "tshark"):
        if not shutil.which(tool):
            do_without(f"{tool} is not installed")
    capture = Capture(port, folder / "capture.pcapng")
    try:
        yield capture
    finally:
        capture.close()


def converse(client: Talker, server: Talker) -> None:
    """Let each line be typed in its turn, and leave."""
    pair = (client, server)
    for number, line in enumerate(SAID):
        pair[number % 2].says(line)
        pair[1 - number % 2].sees(line)
    client.says("/q")
    client.exits(0)
    server.exits(0)


def follow(file: Path, port: int, *options: str) -> tuple[bytes, bytes]:
    """Return what tshark finds inside TLS: sent by the client, and by the server."""
    command = ["tshark", "-r", str(file), "-d", f"tcp.port=={port},tls", *options]
    run = subprocess.run(
        [*command, "-q", "-z", "follow,tls,raw,0"], capture_output=True, timeout=4 * SECONDS
    )
    assert run.returncode == 0, run.stderr.decode()
    shown = run.stdout.decode("ascii")
    # Node 0 is at the left margin, node 1 behind a tab.
    margin = "" if re.search(rf"^Node 1: .*:{port}$", shown, re.MULTILINE) else "\t"
    lines = re.findall(r"^(\t?)([0-9a-f]{2,})$", shown, re.MULTILINE)
    return (
        bytes.fromhex("".join(data for indent, data in lines if indent == margin)),
        bytes.fromhex("".join(data for indent, data in lines if indent != margin)),
    )


def written(log: Path, sign: str) -> list[str]:
    """Return the frames that a frame log says were sent, or received."""
    events = map(json.loads, log.read_text("utf-8").splitlines())
    return [event["raw"] for event in events if event["sign"] == sign]


def test_a_capture_of_a_talk_in_clear_has_every_word(tmp_path: Path) -> None:
    """So the capture is one, and these words would be found."""
    options = ("--plain", "--name", "Bertram", "--port", "0", "--host", "127.0.0.1")
    with start("chatd", *options) as server:
        port = int(server.sees("on port").rpartition(" ")[2])
        with (
            capturing(port, tmp_path) as capture,
            start("chatc", "--name", "Ann-Sophie", "--port", str(port)) as client,
        ):
            converse(client, server)
            data = capture.finish()
    assert [word for word in WORDS if word.encode() not in data] == []


def test_a_capture_of_a_private_talk_has_no_word(tmp_path: Path) -> None:
    """No line, no name, no certificate, nothing of the key; tshark sees TLS 1.3 alone."""
    with serve("--name", "Bertram") as (server, ticket):
        port = port_of(ticket)
        with (
            capturing(port, tmp_path) as capture,
            call(ticket, "--name", "Ann-Sophie") as client,
        ):
            converse(client, server)
            data = capture.finish()
    assert len(data) > len("".join(SAID)), "the talk is in it"
    assert [word for word in WORDS if word.encode() in data] == []
    for each in (b"CHAT", b"chat server", b"chat client"):
        assert each not in data
    assert find(data, parse(ticket)) == []
    assert follow(capture.file, port) == (b"", b"")


def test_the_key_log_opens_the_capture(tmp_path: Path) -> None:
    """As Wireshark needs it: the frames inside are those of the frame log, every one."""
    keys, log = tmp_path / "keys", tmp_path / "frames"
    with serve("--name", "Bertram") as (server, ticket):
        port = port_of(ticket)
        options = ("--name", "Ann-Sophie", "--frame-log", str(log))
        with (
            capturing(port, tmp_path) as capture,
            call(ticket, *options, SSLKEYLOGFILE=str(keys)) as client,
        ):
            converse(client, server)
            capture.finish()
    sent, received = follow(capture.file, port, "-o", f"tls.keylog_file:{keys}")
    texts = [
        [body.decode() for kind, _, body in wire.split(data) if kind == wire.TEXT]
        for data in (sent, received)
    ]
    assert texts == [list(SAID[::2]), list(SAID[1::2])]
    assert sent.hex() == "".join(written(log, ">"))
    assert received.hex() == "".join(written(log, "<"))
