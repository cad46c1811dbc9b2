"""The page in a real browser: what its script does, and that it stays within itself.

Chromium opens a small page of our own that holds the report in a frame, does there what a
person would do, and writes down what it finds. Where there is no Chromium these tests are
skipped; with CHAT_NEEDS_BROWSER set they fail instead.
"""

import html
import json
import os
import shutil
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest

from harness.referee.reports import WRITERS
from harness.referee.result import Class
from tests.referee.results import COURSE, everywhere

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# No first-run pages, no calls home, and no host can be found, not even by mistake.
FLAGS = (
    "--headless",
    "--no-sandbox",  # as root, and the page is our own
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--allow-file-access-from-files",  # for the frame
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
)

FRAME = """<!doctype html>
<body><iframe src="report.html{address}" width="{width}" height="800"></iframe>
<pre id="found"></pre>
<script>
"use strict";
document.querySelector("iframe").addEventListener("load", (event) => {{
  const page = event.target.contentDocument, window = event.target.contentWindow;
  const found = (() => {{ {script} }})();
  document.getElementById("found").textContent = JSON.stringify(found);
}});
</script>
"""

NAMES = '[...page.querySelectorAll("#class tbody th a")].map((each) => each.textContent)'


def chromium(folder: Path, *arguments: str) -> str:
    """Run Chromium without a window; return what it prints. Fail if the page logs."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None and os.environ.get("CHAT_NEEDS_BROWSER"):
        pytest.fail("no Chromium, but CHAT_NEEDS_BROWSER is set", pytrace=False)
    if browser is None:
        pytest.skip("no Chromium: apt-get install chromium")
    profile = folder / "profile"  # new and empty
    run = subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={profile}", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    shutil.rmtree(profile, ignore_errors=True)
    assert run.returncode == 0, run.stderr
    assert not [line for line in run.stderr.splitlines() if "CONSOLE" in line]
    return run.stdout


def look(
    folder: Path, result: Class, script: str, *, address: str = "", width: int = 1200
) -> Any:
    """Open a report in a frame, run a script on its `page`, and return its result."""
    (folder / "report.html").write_text(WRITERS["html"](result), "utf-8")
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(address=address, width=width, script=script), "utf-8")
    printed = chromium(folder, "--dump-dom", frame.as_uri())
    found = printed.split('<pre id="found">')[1].split("</pre>")[0]
    assert found, "the script in the frame did not come to its end"
    return json.loads(html.unescape(found))


def corner(folder: Path, *arguments: str) -> tuple[int, ...]:
    """Make a screenshot of the class; return the colour of its first pixel.

    The first pixel of a PNG has no neighbours, so that no filter has changed it.
    """
    (folder / "report.html").write_text(WRITERS["html"](COURSE), "utf-8")
    shot = folder / "shot.png"
    address = (folder / "report.html").as_uri()
    chromium(folder, f"--screenshot={shot}", "--window-size=900,700", *arguments, address)
    data, pixels, at = shot.read_bytes(), b"", 8
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        pixels += data[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += 12 + size
    return tuple(zlib.decompress(pixels)[1:4])


def test_a_click_on_a_columns_name_sorts_by_it(tmp_path: Path) -> None:
    """First what is usually wanted, then the other way round; the address keeps it."""
    found = look(
        tmp_path,
        COURSE,
        f"""
        const head = (name) => page.querySelector(`th[data-column="${{name}}"]`);
        const orders = [{NAMES}];
        for (const name of ["submission", "submission", "required", "long-6000"]) {{
          head(name).querySelector("button").click();
          orders.push({NAMES});
        }}
        const states = ["submission", "long-6000"].map((name) => head(name).ariaSort);
        return [orders, states, window.location.hash];
        """,
    )
    assert found == [
        [
            ["ada", "grace", "edsger", "alan"],
            ["ada", "alan", "edsger", "grace"],
            ["grace", "edsger", "alan", "ada"],
            ["ada", "grace", "edsger", "alan"],
            ["alan", "grace", "ada", "edsger"],  # no outcome, tolerated, passes
        ],
        ["none", "ascending"],
        "#by=long-6000,ascending",
    ]


def test_the_address_leads_to_an_order(tmp_path: Path) -> None:
    """An address with an order can be sent to somebody."""
    found = look(tmp_path, COURSE, f"return {NAMES};", address="#by=required,ascending")
    assert found == ["alan", "edsger", "grace", "ada"]


def test_a_cell_leads_to_its_evidence(tmp_path: Path) -> None:
    """The sections around it and its time line are unfolded, and nothing else."""
    found = look(
        tmp_path,
        COURSE,
        """
        const before = page.querySelectorAll("details[open]").length;
        const links = [...page.querySelectorAll("#class a")];
        const dead = links.filter((each) => !page.querySelector(each.hash)).length;
        window.location.hash = "#s2-six-lines";
        window.dispatchEvent(new window.HashChangeEvent("hashchange"));
        const open = [...page.querySelectorAll("details[open]")];
        const at = page.getElementById("s2-six-lines").getBoundingClientRect().top;
        return [before, links.length, dead, open.map((each) => each.className), at < 800];
        """,
    )
    assert found == [0, 4 + 3 * 36, 0, ["submission", "time", "repeat"], True]


def test_everything_can_be_unfolded_and_is_for_paper(tmp_path: Path) -> None:
    """A button unfolds it, and so does printing."""
    found = look(
        tmp_path,
        COURSE,
        """
        const folded = () => page.querySelectorAll("details:not([open])").length;
        const button = page.getElementById("unfold");
        const counts = [page.querySelectorAll("details").length, folded()];
        for (const each of [1, 2]) { button.click(); counts.push(folded()); }
        window.dispatchEvent(new window.Event("beforeprint"));
        return [...counts, folded()];
        """,
    )
    assert found == [12, 12, 0, 12, 0]


@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_fits_its_window(tmp_path: Path, width: int) -> None:
    """On a phone as well: only the class table scrolls sideways, within its own box."""
    found = look(
        tmp_path,
        COURSE,
        """
        page.getElementById("unfold").click();
        const root = page.documentElement, box = page.querySelector(".scroll");
        return [root.scrollWidth <= root.clientWidth, box.scrollWidth > box.clientWidth];
        """,
        width=width,
    )
    assert found == [True, True]


def test_nothing_that_a_program_printed_runs_or_loads(tmp_path: Path) -> None:
    """It is text, in the browser's own view; the policy has nothing to complain of."""
    hostile = (
        "</style></script><script>document.title='no'</script>"
        "<img src=http://192.0.2.1/x onerror=\"document.title='no'\">\x1b]0;no\x07"
        "'\" onmouseover=alert(1) {{ 7 * 7 }}"
    )
    found = look(
        tmp_path,
        everywhere(hostile),
        """
        const count = (name) => page.querySelectorAll(name).length;
        const told = page.querySelector("h2").textContent;
        const resources = window.performance.getEntriesByType("resource").length;
        const colour = window.getComputedStyle(page.body).backgroundColor;
        return [page.title, count("script"), count("img"), told, resources, colour];
        """,
    )
    shown = hostile.replace("\x1b", "\\x1b").replace("\x07", "\\x07")
    assert found == ["A class", 1, 0, shown, 0, "rgb(251, 250, 248)"]


def test_the_page_keeps_to_the_readers_scheme(tmp_path: Path) -> None:
    """Light on a light desktop, dark on a dark one."""
    assert min(corner(tmp_path)) > 230
    assert max(corner(tmp_path, "--blink-settings=preferredColorScheme=0")) < 40
