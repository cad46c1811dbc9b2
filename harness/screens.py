"""The committed screens: conversations played for their pictures.

The files of `harness/screens` are conversations with `picture: NAME` lines. `make docs`
writes each picture to `docs/screens/NAME.svg`; a test plays the same files and waits until
the windows look as committed. Where they never do, `compare` writes a page with the old
picture and the new one side by side.
"""

import base64
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

from harness.picture import draw
from harness.script import Script
from harness.stage import ROOT, Camera, Stage, Unmet

FOLDER = ROOT / "harness" / "screens"
PICTURES = ROOT / "docs" / "screens"

REST_SECONDS = 0.3
"""How long no window may change before it is drawn for the first time."""


def scripts() -> Iterator[Script]:
    """Return every conversation that is played for its pictures."""
    return map(Script.read, sorted(FOLDER.glob("*.chat")))


def names(script: Script) -> list[str]:
    """Return the names of the pictures that a conversation asks for."""
    return [step.text for step in script.steps if step.actor == "picture"]


def look(stage: Stage, about: str) -> str:
    """Return a picture of every window of a stage, the server's on the left."""
    players = sorted(stage.players.items(), key=lambda each: not each[0].startswith("s"))
    return draw([(name, player.view) for name, player in players], about)


def perform(script: Script, camera: Camera) -> None:
    """Play a conversation on edited or plain terminals, with a camera. Raises Unmet."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Stage(Path(folder), terminal=script.terminals[0], camera=camera) as stage,
    ):
        stage.play(script)


def renew() -> list[Path]:
    """Write every picture anew, and remove those that no conversation asks for."""
    PICTURES.mkdir(exist_ok=True)
    written: list[Path] = []

    for script in scripts():

        def keep(name: str, stage: Stage, script: Script = script) -> None:
            stage.rest(REST_SECONDS)
            path = PICTURES / f"{name}.svg"
            path.write_text(look(stage, f"{script.about} ({name})"), "utf-8")
            written.append(path)

        perform(script, keep)
    for path in set(PICTURES.glob("*.svg")) - set(written):
        path.unlink()
    return written


def check(name: str, stage: Stage, about: str, folder: Path) -> Path | None:
    """Wait until the windows look as committed; if they never do, return a page of both."""
    path = PICTURES / f"{name}.svg"
    old = path.read_text("utf-8") if path.exists() else ""
    try:
        stage.wait(lambda: look(stage, about) == old, lambda: name)
    except Unmet:
        page = folder / f"{name}.html"
        page.write_text(compare(name, old, look(stage, about)), "utf-8")
        return page
    return None


def compare(name: str, old: str, new: str) -> str:
    """Return a page with the committed picture and the one of today side by side."""
    pictures = "".join(
        f"<figure><figcaption>{title}</figcaption>"
        f'<img alt="" src="data:image/svg+xml;base64,{encode(picture)}"></figure>'
        for title, picture in (("committed", old), ("today", new))
    )
    return (
        '<!doctype html><meta charset="utf-8"><meta name="color-scheme" '
        f'content="light dark"><title>{escape(name)}</title>'
        "<style>body{display:flex;gap:1em;font-family:sans-serif;flex-wrap:wrap}"
        f"img{{max-width:46vw}}</style><h1>{escape(name)}</h1>{pictures}\n"
    )


def encode(picture: str) -> str:
    """Return a picture as it stands in a page's `data:` address."""
    return base64.b64encode(picture.encode()).decode()
