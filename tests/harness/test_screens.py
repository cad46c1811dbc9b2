"""The committed screens: what both people see, picture for picture."""

from pathlib import Path
from shutil import which

import pytest

from harness import screens, tmux
from harness.script import Script
from harness.stage import Stage
from tests.conftest import perform

SCRIPTS = list(screens.scripts())

LIMIT = 3 << 20
"""Bytes of all pictures together."""

LEAST = 60
"""How many pictures there are at least."""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_screens(script: Script, tmp_path: Path) -> None:
    """Every window looks as committed; if not, a page shows old and new side by side."""
    if any(step.actor == tmux.ACTOR for step in script.steps) and not which("tmux"):
        pytest.skip("there is no tmux here")

    def check(name: str, stage: Stage) -> None:
        page = screens.check(name, stage, f"{script.about} ({name})", tmp_path)
        if page:
            pytest.fail(f"{name} looks otherwise; see {page}, or run `make docs`", False)

    with Stage(tmp_path, terminal=script.terminals[0], camera=check) as stage:
        perform(stage, script)


def test_a_picture_that_differs_makes_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One character is enough: the page has the committed picture and the new one."""
    monkeypatch.setattr(screens, "PICTURES", tmp_path)
    pages: list[Path | None] = []

    def check(name: str, stage: Stage) -> None:
        stage.patience = 0.2
        right = screens.look(stage, "about")
        for picture in (right, right.replace("Helo", "Hello")):
            (tmp_path / f"{name}.svg").write_text(picture, "utf-8")
            pages.append(screens.check(name, stage, "about", tmp_path))

    script = Script.parse(
        "test",
        "terminal: edited\n"
        "server: starts with --mode free --no-status\n"
        "client: presses Helo\n"
        "client: the screen shows >Helo\n"
        "picture: typo\n",
    )
    with Stage(tmp_path, terminal="edited", camera=check) as stage:
        perform(stage, script)
        now = screens.look(stage, "about")
    same, page = pages
    assert same is None
    assert page
    text = page.read_text("utf-8")
    old = now.replace("Helo", "Hello")
    assert "<h1>typo</h1>" in text
    assert text.index(screens.encode(old)) < text.index(screens.encode(now))


def test_a_picture_that_is_not_there_makes_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new picture is to be looked at before it is committed."""
    monkeypatch.setattr(screens, "PICTURES", tmp_path / "nothing here")
    with Stage(tmp_path, camera=lambda name, stage: None) as stage:
        stage.player("server")
        stage.patience = 0
        page = screens.check("new", stage, "about", tmp_path)
    assert page
    assert page.exists()


def test_every_picture_is_asked_for_once() -> None:
    """No picture is left over from a conversation that has changed."""
    asked = [name for script in SCRIPTS for name in screens.names(script)]
    assert sorted(asked) == sorted(path.stem for path in screens.PICTURES.glob("*.svg"))


def test_there_are_many_small_pictures() -> None:
    """They are cloned with the project, and need nothing else to be seen."""
    pictures = [path.read_text("utf-8") for path in screens.PICTURES.glob("*.svg")]
    assert len(pictures) >= LEAST
    assert sum(len(picture.encode()) for picture in pictures) < LIMIT
    for picture in pictures:
        assert "<script" not in picture
        assert "href" not in picture
        assert "url(" not in picture
