"""The front end in docs/architecture.md is a server that the real client can use."""

import re
import subprocess
import sys
from pathlib import Path

from harness.stage import ROOT

PAGE = ROOT / "docs" / "architecture.md"

LISTEN = """
from socket import create_server

with create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    client, _ = listener.accept()
    with client:
        echo(client)
"""

CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_the_documented_server_echoes_what_the_client_says(tmp_path: Path) -> None:
    """Every line comes back, the last one before the goodbye too, and both end well."""
    (code,) = CODE.findall(PAGE.read_text("utf-8"))
    program = tmp_path / "echo.py"
    program.write_text(code + LISTEN, "utf-8")
    with subprocess.Popen(
        [sys.executable, program],
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout
        port = server.stdout.readline().strip()
        client = subprocess.run(
            [sys.executable, "-m", "chatc", "--host", "127.0.0.1", "--port", port],
            cwd=ROOT,
            input="hello\nand again\n",
            capture_output=True,
            text=True,
            timeout=20,
        )
        assert client.stdout.splitlines()[-2:] == ["echo: hello", "echo: and again"]
        assert client.returncode == 0, client.stderr
        assert server.wait(20) == 0


def test_the_documented_server_fits_on_half_a_screen() -> None:
    """Fifteen lines of code below the imports, as the page promises."""
    (code,) = CODE.findall(PAGE.read_text("utf-8"))
    body = code[code.index("def ") :]
    assert len([line for line in body.splitlines() if line.strip()]) <= 15
