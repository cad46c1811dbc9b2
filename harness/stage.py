"""The stage: starts the programs, plays the steps, keeps every stream drained.

It learns the server's port from the server's banner and never by connecting: a trial
connection would take the only seat. It waits for what programs do, never for time to
pass; the one time limit is the patience with a step (`HARNESS_SECONDS`, default 10).
"""

import json
import os
import re
import select
import selectors
import shlex
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.keys import keys
from harness.phrases import look_up
from harness.player import Painted, Player
from harness.proxy import Proxy, knows
from harness.script import Script, Step
from harness.view import View

PATIENCE = float(os.environ.get("HARNESS_SECONDS", "10"))
"""Seconds after which a step that has not come true has failed."""

BANNER = re.compile(r"listening on: .* on port: (\d+)$", re.MULTILINE)
"""Where a server says which port it has."""

ROOT = Path(__file__).resolve().parent.parent

NETWORK = "network"
"""The actor between the programs."""

PROGRAMS = {"server": "chatd", "client": "chatc"}

Watcher = Callable[[str, str, str], None]
"""Told each line as it appears: the actor, `<` or `!`, and the line."""


class Unmet(Exception):
    """A step that did not come true: which, and what was there instead."""

    def __init__(self, step: Step, reason: str) -> None:
        super().__init__(f"line {step.number}: {step.source}: {reason}")
        self.step = step
        self.reason = reason


class Stage:
    """One conversation's programs, in a folder of their own.

    `piece` above 0 puts a proxy between them that delivers so many bytes at a time.
    `terminal` is the one that a person sits at: `plain` or `edited`.
    """

    def __init__(
        self,
        folder: Path,
        piece: int = 0,
        watcher: Watcher | None = None,
        terminal: str = "plain",
    ) -> None:
        self.players: dict[str, Player] = {}
        self.port = 0
        self.patience = PATIENCE
        self._folder = folder
        self._piece = piece
        self._proxied = piece > 0
        self.terminal = terminal
        self._watcher = watcher or (lambda actor, sign, line: None)
        # select waits in microseconds, epoll in milliseconds: the proxy needs the finer.
        self._selector = selectors.SelectSelector()
        self._proxy: Proxy | None = None
        self._reservation: socket.socket | None = None
        self._inputs: dict[str, list[str]] = {}
        self._step = Step(0, "stage", ":", "", "before the first line")

    def __enter__(self) -> "Stage":
        """Be closed at the end of a `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """End every program that still runs."""
        self.close()

    def play(self, script: Script) -> None:
        """Play all steps. Raises Unmet at the first that does not come true."""
        for step in script.steps:
            self._check(step)
        for step in script.steps:
            self._step = step
            _PLAYS[step.sign](self, step)

    def close(self) -> None:
        """End every program that still runs."""
        for player in self.players.values():
            player.close()
        if self._proxy:
            self._proxy.close()
        if self._reservation:
            self._reservation.close()
        self._selector.close()

    def frames(self, actor: str, count: int) -> list[str]:
        """Give the last frames of an actor's frame log, as it wrote them."""

        path = self.log(actor)
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [
            f"{each['sign']} {each['text']}" for each in map(json.loads, lines[-count:])
        ]

    def wait(self, condition: Callable[[], bool], reason: Callable[[], str]) -> None:
        """Keep every stream drained until the condition holds.

        Raises Unmet with `reason` when the patience is over.
        """
        deadline = time.monotonic() + self.patience
        while not condition():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise Unmet(self._step, f"{reason()} (waited {self.patience:g} s)")
            self._turn(remaining)

    @contextmanager
    def listening(self, fd: int) -> Iterator[None]:
        """Look at the condition of a `wait` again whenever `fd` has something, too."""
        self._selector.register(fd, selectors.EVENT_READ, lambda: None)
        try:
            yield
        finally:
            self._selector.unregister(fd)

    # One method per sign of a conversation file.

    def _see(self, step: Step) -> None:
        self._look(step, "screen")

    def _read_error(self, step: Step) -> None:
        self._look(step, "stderr")

    def _type_when_asked(self, step: Step) -> None:
        self._ask(step)
        self._type_now(step)

    def _type_now(self, step: Step) -> None:
        """Type, and see that it was read: what comes of the line is to stand after it."""
        player = self._seated(step)
        asked, lines = player.asks, len(player.screen.lines)
        player.types(self._fill(step.text, step.actor))

        def taken() -> bool:
            return len(player.screen.lines) > lines or player.screen.ended

        if not isinstance(player.screen, Painted):
            while not taken():  # the kernel echoes at once: nothing else is read before
                if not select.select([player.screen_fd], [], [], self.patience)[0]:
                    raise Unmet(step, f"{step.actor}'s terminal does not echo")
                self._hear(player, "<")
        elif asked:  # an editor shows the line when it has passed it on
            self.wait(taken, lambda: f"{step.actor}'s line is not taken")

    def _give(self, step: Step) -> None:
        self._inputs.setdefault(step.actor, []).append(step.text)

    def _happen(self, step: Step) -> None:
        if step.actor == NETWORK:
            self._network().order(step.text)
            return
        found = look_up(_EVENTS, step.text)
        assert found  # `_check` has seen to that
        event, match = found
        event(self, step, match)

    # The events.

    def _ask(self, step: Step, match: re.Match[str] | None = None) -> None:
        player = self._player(step.actor)
        self.wait(
            lambda: player.asks or player.ended,
            lambda: f"no prompt {player.prompt!r}, but {player.screen.unfinished!r}",
        )
        if player.ended:
            raise Unmet(step, f"{step.actor} has ended: {player.outcome()}")

    def _start(self, step: Step, match: re.Match[str]) -> None:
        arguments = shlex.split(match["arguments"] or "")
        old = self.players.pop(step.actor, None)
        if old:
            self._forget(old)
        self._begin(step.actor, arguments, match["source"])

    def _exit(self, step: Step, match: re.Match[str]) -> None:
        player = self._player(step.actor)
        self.wait(lambda: player.ended, lambda: f"{step.actor} is still running")
        if player.outcome() != match["code"]:
            raise Unmet(step, f"{step.actor} ended with {player.outcome()}")

    def _never_sees(self, step: Step, match: re.Match[str]) -> None:
        if match["text"] in self._player(step.actor).screen.text:
            raise Unmet(step, f"{step.actor} has seen it")

    def _signal(self, step: Step, match: re.Match[str]) -> None:
        names = {"kill": "SIGKILL", "stop": "SIGSTOP", "continue": "SIGCONT"}
        name = names.get(match["name"], match["name"])
        self._player(step.actor).signals(signal.Signals[name])

    def _press(self, step: Step, match: re.Match[str]) -> None:
        self._seated(step).presses(keys(match["keys"]))

    def _paste(self, step: Step, match: re.Match[str]) -> None:
        self._seated(step).pastes(match["text"])

    def _resize(self, step: Step, match: re.Match[str]) -> None:
        rows, columns = int(match["rows"]), int(match["columns"])
        self._seated(step).resizes(rows, columns)

    def _shows(self, step: Step, match: re.Match[str]) -> None:
        """Wait until a row of the window is this, as a person would see it."""
        pattern = _pattern(self._fill(match["text"], step.actor))
        self._wait_for_view(
            step,
            lambda view: any(map(pattern.fullmatch, view.rows)),
            lambda view: f"the screen shows {_quote(view.rows)}",
        )

    def _stands(self, step: Step, match: re.Match[str]) -> None:
        """Wait until the cursor stands behind this, which begins its row."""
        text = self._fill(match["text"], step.actor)
        self._wait_for_view(
            step,
            lambda view: view.before_cursor == text,
            lambda view: f"the cursor stands after {view.before_cursor!r}",
        )

    def _wait_for_view(
        self, step: Step, is_met: Callable[[View], bool], explain: Callable[[View], str]
    ) -> None:
        """Wait until the window looks like this, or will not change any more."""
        player = self._player(step.actor)
        self.wait(
            lambda: is_met(player.view) or player.screen.ended,
            lambda: explain(player.view),
        )
        if not is_met(player.view):
            raise Unmet(step, f"{explain(player.view)}, and {step.actor} has ended")

    def _hang_up(self, step: Step, match: re.Match[str]) -> None:
        player = self._seated(step)
        self._selector.unregister(player.screen_fd)
        player.hangs_up()

    # How it is done.

    def _look(self, step: Step, where: str) -> None:
        """Wait for a line on the screen or on stderr, or until there will be no more."""
        stream = self._player(step.actor).stream(where)
        pattern = _pattern(self._fill(step.text, step.actor))
        found = False

        def look() -> bool:
            nonlocal found
            found = stream.sees(pattern)
            return found or stream.ended

        def came() -> str:
            return f"after what was seen before, its {where} shows {_quote(stream.unseen)}"

        self.wait(look, came)
        if not found:
            raise Unmet(step, f"{came()}, and {step.actor} has ended")

    def _seated(self, step: Step) -> Player:
        """Give the actor, who must still have a terminal."""
        player = self._player(step.actor)
        if player.screen.ended:
            raise Unmet(step, f"{step.actor} has no terminal any more")
        return player

    def _player(self, name: str) -> Player:
        """Give the actor; one that is not on the stage yet comes on, the server first."""
        if name not in self.players:
            if name.startswith("client"):
                self._player("server")
            self._begin(name, [], None)
        return self.players[name]

    def _begin(self, actor: str, arguments: list[str], source: str | None) -> None:
        role = _role(actor)
        if role == "client" and not self.port:
            self._reserve()
        prompt = (
            arguments[arguments.index("--prompt") + 1] if "--prompt" in arguments else ">"
        )
        command = [sys.executable, "-m", PROGRAMS[role], *self._options(actor), *arguments]
        stdin = self._folder / f"{actor}.stdin" if source else None
        pour = self._prepare(stdin, self._input(actor), source == "a pipe")
        painted = self.terminal == "edited" and not source and "--plain" not in arguments
        player = Player(
            actor,
            command,
            self._folder,
            self._environment(),
            prompt,
            stdin,
            painted=painted,
        )
        pour()
        self.players[actor] = player
        self._attend(player)
        if actor == "server":
            self._learn_port(player)

    def _options(self, actor: str) -> list[str]:
        port = self.port
        if actor.startswith("client") and self._proxied:
            port = self._network().port
        terminal = ["--plain"] if self.terminal == "plain" else []
        return [*terminal, "--port", str(port), "--frame-log", str(self.log(actor))]

    def _network(self) -> Proxy:
        """Give the proxy; it is put in between when it is asked for first."""
        if self._proxy is None:
            self._proxy = Proxy(self._selector, self._piece)
            if "server" in self.players:
                self._proxy.listen(self.port)
        return self._proxy

    def _reserve(self) -> None:
        """Find a port for a client that starts before its server.

        The socket is bound and stays so, but does not listen: nobody else is given the
        port, a client is refused, and a server with SO_REUSEADDR may still bind it.
        """
        self._reservation = socket.socket()
        self._reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reservation.bind(("127.0.0.1", 0))
        self.port = self._reservation.getsockname()[1]

    def _learn_port(self, player: Player) -> None:
        """Read the server's port from its banner, unless it has failed to start."""
        self.wait(
            lambda: bool(BANNER.search(player.screen.text)) or player.ended,
            lambda: "the server does not say its port",
        )
        match = BANNER.search(player.screen.text)
        self.port = int(match[1]) if match else self.port
        if match and self._proxy:
            self._proxy.listen(self.port)

    def _prepare(self, path: Path | None, text: str, piped: bool) -> Callable[[], None]:
        """Make the program's stdin; returns what is to be done once it has started."""
        if path is None:
            return lambda: None
        path.unlink(missing_ok=True)
        if not piped:
            path.write_text(text, "utf-8")
            return lambda: None
        os.mkfifo(path)
        # Held open for writing, so that opening it does not make the program wait.
        pipe = os.open(path, os.O_RDWR)

        def pour() -> None:
            os.write(pipe, text.encode())
            os.close(pipe)

        return pour

    def _input(self, actor: str) -> str:
        return "".join(f"{line}\n" for line in self._inputs.pop(actor, []))

    def log(self, actor: str) -> Path:
        """Name the actor's frame log."""
        return self._folder / f"{actor}.frames"

    def _fill(self, text: str, actor: str) -> str:
        proxied = self._proxy is not None and actor.startswith("client")
        port = self._proxy.port if proxied and self._proxy else self.port
        return text.replace("{port}", str(port))

    def _environment(self) -> dict[str, str]:
        """Give the programs a world in which nothing of this machine's user counts."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "XDG_CONFIG_HOME": "/nonexistent",
            "XDG_STATE_HOME": str(self._folder),
        }

    def _check(self, step: Step) -> None:
        """Refuse a step that can never come true, before anything is started."""
        if step.actor == NETWORK:
            self._proxied = True
            if not knows(step.text):
                raise Unmet(step, "there is no such order: docs/testing.md lists them")
            return
        _check(step)

    def _attend(self, player: Player) -> None:
        """Read this player's streams whenever there is something."""
        read = selectors.EVENT_READ
        self._selector.register(player.screen_fd, read, lambda: self._hear(player, "<"))
        self._selector.register(player.errors_fd, read, lambda: self._hear(player, "!"))

    def _hear(self, player: Player, sign: str) -> None:
        if sign == "<":
            lines, stream, fd = player.read_screen(), player.screen, player.screen_fd
        else:
            lines, stream, fd = player.read_errors(), player.errors, player.errors_fd
        for line in lines:
            self._watcher(player.name, sign, line)
        if stream.ended:
            self._selector.unregister(fd)

    def _forget(self, player: Player) -> None:
        for fd, stream in (
            (player.screen_fd, player.screen),
            (player.errors_fd, player.errors),
        ):
            if not stream.ended:
                self._selector.unregister(fd)
        player.close()

    def _turn(self, seconds: float) -> None:
        """Wait for something to read, and read it; deliver what the proxy has due."""
        due = self._proxy.pump() if self._proxy else None
        timeout = seconds if due is None else min(seconds, due)
        for key, _ in self._selector.select(timeout):
            key.data()


_PLAYS: dict[str, Callable[[Stage, Step], None]] = {
    "<": Stage._see,
    "!": Stage._read_error,
    ">": Stage._type_when_asked,
    ">>": Stage._type_now,
    "|": Stage._give,
    ":": Stage._happen,
}

_Event = Callable[[Stage, Step, re.Match[str]], None]

_EVENTS: tuple[tuple[str, _Event], ...] = (
    (
        r"starts(?: from (?P<source>a pipe|a file))?(?: with (?P<arguments>.+))?",
        Stage._start,
    ),
    (r"asks", Stage._ask),
    (r"exits (?P<code>\d+)", Stage._exit),
    (r"ends by (?P<code>signal \d+)", Stage._exit),
    (r"never sees (?P<text>.+)", Stage._never_sees),
    (r"(?:gets )?(?P<name>kill|stop|continue|SIG[A-Z]+)", Stage._signal),
    (r"presses (?P<keys>.+)", Stage._press),
    (r"pastes (?P<text>.+)", Stage._paste),
    (r"resizes to (?P<columns>\d+) x (?P<rows>\d+)", Stage._resize),
    (r"the screen shows (?P<text>.+)", Stage._shows),
    (r"the cursor stands after (?P<text>.+)", Stage._stands),
    (r"hangs up", Stage._hang_up),
)


def _role(actor: str) -> str:
    return actor.rstrip("0123456789")


def _check(step: Step) -> None:
    if _role(step.actor) not in PROGRAMS:
        raise Unmet(step, f"there is no program for {step.actor}: server or client")
    if step.sign == ":" and not look_up(_EVENTS, step.text):
        raise Unmet(step, "there is no such event: docs/testing.md lists them")


def _pattern(text: str) -> re.Pattern[str]:
    """Make a whole line's pattern: everything literal but `{any}`."""
    return re.compile(".*".join(map(re.escape, text.split("{any}"))))


def _quote(lines: list[str]) -> str:
    return ", ".join(repr(line) for line in lines if line) or "nothing"
