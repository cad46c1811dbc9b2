"""The layers of `chatlib/__init__.py`, held against every import in the tree."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PACKAGES = ("chatlib", "chatd", "chatc", "harness")

# What each module may import of the project. A module that is not named here fails.
ALLOWED = {
    "chatlib": set[str](),
    "chatlib.errors": set[str](),
    "chatlib.protocol": set[str](),
    "chatlib.protocol.frames": {"errors"},
    "chatlib.protocol.reader": {"errors", "protocol.frames"},
    "chatlib.protocol.events": {"errors", "protocol.frames"},
    "chatlib.protocol.session": {"errors", "protocol.frames"},
    "chatlib.protocol.pulse": {"protocol.frames"},
    "chatlib.protocol.link": {
        "errors",
        "protocol.events",
        "protocol.frames",
        "protocol.pulse",
        "protocol.reader",
        "protocol.session",
    },
    "chatlib.loop": set[str](),
    "chatlib.addresses": {"errors"},
    "chatlib.advice": set[str](),
    "chatlib.files": set[str](),
    "chatlib.cipher": set[str](),
    "chatlib.disk": {"files"},
    "chatlib.record": {"cipher", "protocol.frames"},
    "chatlib.past": {"protocol.frames", "protocol.session", "record"},
    "chatlib.journal": {
        "cipher",
        "disk",
        "errors",
        "past",
        "protocol.frames",
        "protocol.session",
        "record",
    },
    "chatlib.keeping": {"protocol.frames", "protocol.session"},
    "chatlib.journalling": {
        "errors",
        "files",
        "journal",
        "keeping",
        "past",
        "peer",
        "protocol.frames",
        "protocol.session",
    },
    "chatlib.resolver": {"addresses", "loop"},
    "chatlib.framelog": {"errors"},
    "chatlib.settings": {
        "",
        "advice",
        "errors",
        "files",
        "terminal.visible",
        "terminal.wrap",
    },
    "chatlib.terminal": set[str](),
    "chatlib.terminal.visible": set[str](),
    "chatlib.terminal.terminal": set[str](),
    "chatlib.terminal.streams": {"errors", "loop"},
    "chatlib.terminal.plain": {
        "errors",
        "loop",
        "terminal",
        "terminal.streams",
        "terminal.terminal",
        "terminal.visible",
    },
    "chatlib.terminal.wrap": set[str](),
    "chatlib.terminal.look": {"terminal.visible", "terminal.wrap"},
    "chatlib.terminal.reader": {
        "errors",
        "loop",
        "terminal.plain",
        "terminal.streams",
        "terminal.visible",
        "terminal.wrap",
    },
    "chatlib.terminal.guest": {"loop"},
    "chatlib.terminal.history": {"files"},
    "chatlib.terminal.keyboard": {"terminal", "terminal.streams"},
    "chatlib.terminal.line": set[str](),
    "chatlib.terminal.completion": set[str](),
    "chatlib.terminal.status": {"terminal.completion", "terminal.line"},
    "chatlib.terminal.bindings": {
        "terminal.completion",
        "terminal.keyboard",
        "terminal.line",
    },
    "chatlib.terminal.layout": {"terminal.line", "terminal.status"},
    "chatlib.terminal.board": set[str](),
    "chatlib.terminal.reflow": {"loop"},
    "chatlib.terminal.focus": set[str](),
    "chatlib.terminal.editor": {
        "terminal.board",
        "loop",
        "terminal",
        "terminal.focus",
        "terminal.guest",
        "terminal.keyboard",
        "terminal.reflow",
        "terminal.streams",
    },
    "chatlib.terminal.edited": {
        "loop",
        "terminal",
        "terminal.bindings",
        "terminal.completion",
        "terminal.editor",
        "terminal.focus",
        "terminal.history",
        "terminal.layout",
        "terminal.line",
        "terminal.look",
        "terminal.status",
        "terminal.streams",
        "terminal.terminal",
        "terminal.visible",
    },
    "chatlib.ticket": {"errors", "files"},
    "chatlib.identity": {"ticket"},
    "chatlib.channel": {"errors", "protocol.events", "protocol.frames"},
    "chatlib.invitation": {"errors", "terminal.streams", "ticket"},
    "chatlib.sealed": {"channel", "protocol.events", "protocol.frames"},
    "chatlib.connection": {
        "keeping",
        "channel",
        "errors",
        "loop",
        "protocol.events",
        "protocol.frames",
        "protocol.link",
        "protocol.pulse",
        "protocol.session",
    },
    "chatlib.recovery": {"loop", "tally"},
    "chatlib.tally": set[str](),
    "chatlib.games": set[str](),
    "chatlib.games.game": set[str](),
    "chatlib.games.secret": {"games.game"},
    "chatlib.games.tictactoe": {"games.game"},
    "chatlib.games.connectfour": {"games.game"},
    "chatlib.games.hangman": {"games.game", "games.secret"},
    "chatlib.games.battleship": {"games.game", "games.secret"},
    "chatlib.games.foreign": {"games.game"},
    "chatlib.games.registry": {
        "games.battleship",
        "games.connectfour",
        "games.foreign",
        "games.game",
        "games.hangman",
        "games.tictactoe",
    },
    "chatlib.games.table": {"errors", "games.game"},
    "chatlib.confirmation": {"loop", "protocol.session"},
    "chatlib.ending": set[str](),
    "chatlib.memory": set[str](),
    "chatlib.standing": {
        "confirmation",
        "connection",
        "loop",
        "protocol.frames",
        "protocol.pulse",
        "protocol.session",
    },
    "chatlib.peer": {
        "connection",
        "memory",
        "protocol.events",
        "protocol.frames",
        "protocol.session",
        "standing",
        "terminal.terminal",
        "terminal.visible",
    },
    "chatlib.goodbye": {
        "connection",
        "ending",
        "errors",
        "peer",
        "protocol.frames",
        "protocol.link",
        "recovery",
        "standing",
        "terminal.terminal",
    },
    "chatlib.outbox": {
        "keeping",
        "ending",
        "errors",
        "goodbye",
        "memory",
        "peer",
        "terminal.terminal",
    },
    "chatlib.playing": {
        "keeping",
        "connection",
        "errors",
        "games.game",
        "games.registry",
        "games.table",
        "goodbye",
        "peer",
        "terminal.terminal",
    },
    "chatlib.commands": {
        "ending",
        "memory",
        "outbox",
        "playing",
        "protocol.frames",
        "standing",
        "terminal.terminal",
    },
    "chatlib.chat": {
        "keeping",
        "commands",
        "connection",
        "ending",
        "errors",
        "goodbye",
        "loop",
        "memory",
        "outbox",
        "peer",
        "playing",
        "protocol.events",
        "protocol.frames",
        "protocol.link",
        "recovery",
        "standing",
        "terminal.terminal",
    },
    "chatlib.program": {
        "journal",
        "journalling",
        "keeping",
        "advice",
        "channel",
        "chat",
        "commands",
        "games.registry",
        "connection",
        "ending",
        "errors",
        "framelog",
        "loop",
        "memory",
        "protocol.events",
        "identity",
        "protocol.link",
        "recovery",
        "sealed",
        "settings",
        "terminal.edited",
        "terminal.plain",
        "terminal.reader",
        "terminal.streams",
        "terminal.terminal",
        "terminal.visible",
        "terminal.wrap",
    },
}

# prompt_toolkit needs an asyncio loop; these two let it have one that is a guest on ours.
EDITOR = ("chatlib.terminal.guest", "chatlib.terminal.editor", "chatlib.terminal.edited")
PROGRAM = {
    "addresses",
    "advice",
    "channel",
    "chat",
    "connection",
    "errors",
    "invitation",
    "loop",
    "program",
    "protocol.events",
    "protocol.frames",
    "protocol.link",
    "protocol.session",
    "resolver",
    "settings",
    "standing",
    "tally",
    "terminal.streams",
    "terminal.visible",
    "ticket",
}

# What the core must not touch: sockets, clocks, terminals.
WORLD = {"socket", "selectors", "select", "os", "sys", "time", "io", "signal", "threading"}


def modules(package: str) -> list[str]:
    """Name every module of a package."""
    names = []
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


MODULES = {name for package in PACKAGES for name in modules(package)}


def imports(module: str) -> Iterator[str]:
    """Name every module that a module imports, wherever in its text."""
    path = ROOT / module.replace(".", "/")
    package = path / "__init__.py"  # beside a module there may be a folder of its name
    path = package if package.exists() else path.with_suffix(".py")
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{module} has a relative import"
            # What is taken from a package may be one of its modules.
            taken = {f"{node.module}.{alias.name}" for alias in node.names}
            if not taken <= MODULES:
                yield node.module
            yield from taken & MODULES


def of_project(module: str) -> set[str]:
    """Name the project's own modules that a module imports."""
    ours = ("chatlib", "chatd", "chatc", "harness", "tests")
    return {name for name in imports(module) if name.split(".")[0] in ours}


@pytest.mark.parametrize("module", modules("chatlib"))
def test_a_shared_module_imports_only_what_stands_below_it(module: str) -> None:
    """Arrows go one way, and only those that are drawn in the table."""
    allowed = {f"chatlib.{name}" if name else "chatlib" for name in ALLOWED[module]}
    assert of_project(module) <= allowed


@pytest.mark.parametrize("module", [*modules("chatd"), *modules("chatc")])
def test_the_programs_never_import_each_other(module: str) -> None:
    """A program imports its own modules and the upper layers of the shared ones."""
    own = module.split(".")[0]
    allowed = {f"chatlib.{name}" for name in PROGRAM}
    others = {name for name in of_project(module) if name.split(".")[0] != own}
    assert others <= allowed


@pytest.mark.parametrize("module", modules("harness"))
def test_the_harness_imports_nothing_of_the_product(module: str) -> None:
    """It is a second pair of eyes only as long as it shares no code."""
    assert all(name.startswith("harness") for name in of_project(module))


@pytest.mark.parametrize("module", modules("chatlib/protocol"))
def test_the_protocol_has_no_socket_no_clock_no_terminal(module: str) -> None:
    """Bytes and events go in and out as arguments."""
    assert not WORLD & set(imports(module))


def test_no_threads_and_no_asyncio_in_the_product() -> None:
    """One selector for everything."""
    forbidden = {"threading", "asyncio", "multiprocessing", "concurrent.futures", "queue"}
    for package in ("chatlib", "chatd", "chatc"):
        for module in modules(package):
            found = forbidden & set(imports(module))
            assert found <= ({"asyncio"} if module in EDITOR else set()), module


@pytest.mark.parametrize("program", ["chatd", "chatc"])
def test_the_programs_run_on_the_standard_library_alone(program: str) -> None:
    """And read a command line without modules whose import costs more than one of ours."""
    code = (
        f"import sys, {program}.__main__ as program\n"
        "from chatlib.errors import UsageError\n"
        "from chatlib.settings import read_settings\n"
        f"try: read_settings({program!r}, '', ['--no-such-option'])\n"
        "except UsageError: pass\n"
        "heavy = {'asyncio', 'dataclasses', 'hashlib', 'json', 'locale', 'logging',"
        " 'prompt_toolkit', 'shutil', 'tomllib', 'typing', 'threading'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    # -S: without site-packages there is only the standard library.
    run = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert (run.stdout, run.stderr) == ("\n", "")


def test_no_imports_go_in_a_circle() -> None:
    """Wherever they stand in a module's text; CycleError names the circle."""
    graph = {name: of_project(name) & MODULES - {name} for name in MODULES}
    assert set(TopologicalSorter(graph).static_order()) == MODULES
