"""The committed screens: what both people see, picture for picture."""

from pathlib import Path

import pytest

from harness import screens
from harness.script import Script
from harness.stage import Stage, Unmet
from tests.conftest import perform

SCRIPTS = list(screens.scripts())

LIMIT = 3 << 20
"""Bytes of all pictures together."""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_screens(script: Script, tmp_path: Path) -> None:
    """Every window looks as committed; if not, a page shows old and new side by side."""

    def check(name: str, stage: Stage) -> None:
        path = screens.PICTURES / f"{name}.svg"
        old = path.read_text("utf-8") if path.exists() else ""
        about = f"{script.about} ({name})"
        try:
            stage.wait(lambda: screens.look(stage, about) == old, lambda: name)
        except Unmet:
            page = tmp_path / f"{name}.html"
            page.write_text(screens.compare(name, old, screens.look(stage, about)))
            pytest.fail(f"{name} looks otherwise; see {page}, or run `make docs`", False)

    terminal = script.terminals[0]
    with Stage(tmp_path, terminal=terminal, camera=check) as stage:
        perform(stage, script)


def test_every_picture_is_asked_for_once() -> None:
    """No picture is left over from a conversation that has changed."""
    asked = [name for script in SCRIPTS for name in screens.names(script)]
    assert sorted(asked) == sorted(path.stem for path in screens.PICTURES.glob("*.svg"))


def test_all_pictures_together_are_small() -> None:
    """They are cloned with the project."""
    sizes = [path.stat().st_size for path in screens.PICTURES.glob("*.svg")]
    assert sum(sizes) < LIMIT
