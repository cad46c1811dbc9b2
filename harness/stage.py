"""The stage: starts the programs, plays the steps, reads every stream all the time.

It learns the server's port from the server's banner and never by connecting: a trial
connection would occupy the only seat. It waits for what programs do, never for time to
pass; the one time limit is the patience with a step (`HARNESS_SECONDS`, default 10).
"""

import json
import os
import re
import select
import shlex
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from harness import tmux
from harness.child import ENTER
from harness.inputs import Inputs
from harness.keys import keys
from harness.phrases import look_up
from harness.player import PRIVATELY, Player, Stream
from harness.proxy import Proxy, is_order
from harness.readers import Readers
from harness.script import CLOCK, COLUMNS, PICTURE, ROWS, Script, Step
from harness.ticket import write_ticket
from harness.view import View

PATIENCE = float(os.environ.get("HARNESS_SECONDS", "10"))
"""Seconds after which a step that has not come true has failed."""

BANNER = re.compile(r"listening on:\s.*?\son\s+port:\s+(\d+)$", re.MULTILINE | re.DOTALL)
"""The line in which a server names its port; a narrow window breaks it at a blank."""

TICKET = re.compile(r"^chat1:\S+$", re.MULTILINE)
"""The line that a private server prints for its client."""

TICKET_PROMPT = "Ticket: "
"""What a client that is started with --private asks first, before it connects."""

ROOT = Path(__file__).resolve().parent.parent

WALL = ROOT / "harness" / "wall"
"""The module in it stops the clock that a program shows."""

NOON = datetime(2026, 11, 3, 12, 4, 7, tzinfo=UTC)
"""The time of day on every picture, unless its script says otherwise."""

NETWORK = "network"
"""The actor between the programs."""

PROGRAMS = {"server": "chatd", "client": "chatc"}

READER_PROMPT = "You say: "
"""What a program asks with that is started with --reader and without --prompt."""

Watcher = Callable[[str, str, str], None]
"""Called with each line as it appears: the actor, `<` or `!`, and the line."""


Camera = Callable[[str, "Stage"], None]
"""Called for each picture: its name, and the stage with all its windows."""


class Unmet(Exception):
    """A step that did not come true: which, and what was there instead."""

    def __init__(self, step: Step, reason: str) -> None:
        super().__init__(f"line {step.number}: {step.source}: {reason}")
        self.step = step
        self.reason = reason


class Stage:
    """One conversation's programs, in a folder of their own.

    `piece` above 0 puts a proxy between them that delivers so many bytes at a time.
    `terminal` is the one that a person sits at: `plain` or `edited`. `camera` is called for
    every picture that the conversation asks for; with one, stderr stays on the terminal.
    `private` gives all programs one ticket, in a file.
    """

    def __init__(
        self,
        folder: Path,
        piece: int = 0,
        watcher: Watcher | None = None,
        terminal: str = "plain",
        camera: Camera | None = None,
        *,
        private: bool = False,
    ) -> None:
        self.players: dict[str, Player] = {}  # by actor
        self.port = 0  # the server's; 0: not known yet
        self.patience = PATIENCE
        self.terminal = terminal
        self.inputs = Inputs(folder)
        self.folder = folder
        self._piece = piece
        self._proxied = piece > 0  # whether clients are to call the proxy
        self._camera = camera
        self._private = private
        self._starts = count()  # no program is to draw the numbers of another
        self._size: Callable[[str], tuple[int, int]] = lambda actor: (ROWS, COLUMNS)
        self._watcher = watcher or (lambda actor, sign, line: None)
        self._readers = Readers()
        self._proxy: Proxy | None = None  # made when it is wanted first
        self._reservation: socket.socket | None = None  # keeps a port for a later server
        self._step = Step(0, "stage", ":", "", "before the first line")  # being played

    def __enter__(self) -> "Stage":
        """Be closed at the end of a `with`."""
        return self

    def __exit__(self, *_: object) -> None:
        """End every program that still runs."""
        self.close()

    def play(self, script: Script) -> None:
        """Play all steps. Raises Unmet at the first that does not come true."""
        self._size = script.size
        if self._private and not script.sizes:
            # The status line has a word more, and is to have room for all others.
            self._size = lambda actor: (ROWS, COLUMNS + len(" | private"))
        for step in script.steps:
            _check(step)
            self._proxied |= step.actor == NETWORK
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
        self._readers.close()

    # Waiting.

    def wait(self, condition: Callable[[], bool], reason: Callable[[], str]) -> None:
        """Read every stream until the condition holds.

        Raises Unmet with `reason` when the patience is over.
        """
        if not self._readers.until(condition, self.patience, self._turn):
            raise Unmet(self._step, f"{reason()} (waited {self.patience:g} s)")

    def rest(self, seconds: float) -> None:
        """Read every stream until nothing has come for so many seconds."""
        before = -1
        while before != (now := sum(len(each.raw) for each in self.players.values())):
            before = now
            self._readers.until(lambda: False, seconds, self._turn)

    @contextmanager
    def listening(self, fd: int) -> Iterator[None]:
        """Look at the condition of a `wait` again whenever `fd` has something, too."""
        self._readers.attend(fd, lambda: None)
        try:
            yield
        finally:
            self._readers.forget(fd)

    def _turn(self, seconds: float) -> None:
        """Wait for something to read, and read it; deliver what the proxy has due."""
        due = self._proxy.pump() if self._proxy else None
        self._readers.turn(seconds if due is None else min(seconds, due))

    # The programs.

    def player(self, actor: str) -> Player:
        """Return the actor's program; start it if it has not been, the server first."""
        if actor not in self.players:
            if actor.startswith("client"):
                self.player("server")
            self.start(actor, [], None)
        return self.players[actor]

    def seated(self, step: Step) -> Player:
        """Return the program of a step's actor, which must still have a terminal."""
        player = self.player(step.actor)
        if player.screen.ended:
            raise Unmet(step, f"{step.actor} has no terminal any more")
        return player

    def start(self, actor: str, arguments: list[str], source: str | None) -> None:
        """Start an actor's program, after the end of one that it has already.

        `source` is `a pipe` or `a file` as its stdin; None: the terminal's keyboard.
        """
        if actor in self.players:
            self._end(self.players.pop(actor))
        if _role(actor) in ("client", tmux.ACTOR) and not self.port:
            self._reserve()
        player = self._spawn(actor, arguments, source)
        self.players[actor] = player
        self._readers.attend(player.fd, lambda: self.hear(player))
        if not player.merged:
            self._readers.attend(player.errors_fd, lambda: self._hear_errors(player))
        if actor == "server":
            self._learn_port(player)
        elif "--private" in arguments and not source:
            self._pass_ticket(player)

    def _spawn(self, actor: str, arguments: list[str], source: str | None) -> Player:
        prompt = READER_PROMPT if "--reader" in arguments else ">"
        if "--prompt" in arguments:
            prompt = arguments[arguments.index("--prompt") + 1]
        command = [*self._command(actor), *arguments]
        stdin, fill = self.inputs.prepare(actor, source) if source else (None, None)
        painted = self.terminal == "edited" and not source and "--plain" not in arguments
        player = Player(
            actor,
            command,
            self.folder,
            self._environment(actor),
            prompt,
            stdin,
            painted=painted,
            merged=self._camera is not None,
            size=self._size(actor),
            private=self._private,
        )
        if fill:
            fill()
        return player

    def _command(self, actor: str) -> list[str]:
        if actor == tmux.ACTOR:
            return tmux.command(self.folder, self.port)
        program = [sys.executable, "-m", PROGRAMS[_role(actor)]]
        terminal = ["--plain"] if self.terminal == "plain" else []
        called = actor.startswith("client") and self._proxied
        port = self.network().port if called else self.port
        frames = ["--frame-log", str(self.log(actor))]
        return [*program, *terminal, "--port", str(port), *frames, *self._key()]

    def _key(self) -> list[str]:
        """Return the options that make a talk private; write the ticket the first time."""
        if not self._private:
            return []
        path = self.folder / "ticket"
        if not path.exists():
            write_ticket(path, ["127.0.0.1"], 1)  # both are told another port
        return ["--ticket", str(path), "--host", "localhost"]

    def _environment(self, actor: str) -> dict[str, str]:
        """Return an environment in which nothing of this machine's user counts."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        clock = self.folder / "clock"
        if self._camera and not clock.exists():
            self.set_clock(NOON)
        # What is drawn must be the same at any time of day.
        wall = f"{WALL}{os.pathsep}" if self._camera else ""
        return {
            **kept,
            "PYTHONPATH": f"{wall}{ROOT}",
            "HARNESS_CLOCK": str(clock),
            "HARNESS_CHANCE": f"{actor} {next(self._starts)}",
            "PYTHONDONTWRITEBYTECODE": "",
            "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
            "XDG_CONFIG_HOME": "/nonexistent",
            "XDG_STATE_HOME": str(self.folder),
            # Then a line is one line to the view, which knows what the terminal wraps. In
            # a picture it is as a person sees it.
            "CHAT_WRAP": "yes" if self._camera else "no",
        }

    def hear(self, player: Player) -> None:
        """Read what is there from a player's screen."""
        for line in player.read_screen():
            self._watcher(player.name, "<", line)
        if player.screen.ended:
            self.forget(player)

    def forget(self, player: Player) -> None:
        """Read a player's screen no more."""
        self._readers.forget(player.fd)

    def _hear_errors(self, player: Player) -> None:
        for line in player.read_errors():
            self._watcher(player.name, "!", line)
        if player.errors.ended:
            self._readers.forget(player.errors_fd)

    def _end(self, player: Player) -> None:
        if not player.screen.ended:
            self.forget(player)
        if not (player.merged or player.errors.ended):
            self._readers.forget(player.errors_fd)
        player.close()

    def set_clock(self, when: datetime) -> None:
        """Set the time of day that programs show while there is a camera."""
        # Renamed, because a program may be reading.
        new = self.folder / "clock.new"
        new.write_text(f"{when.timestamp():.0f}")
        new.rename(self.folder / "clock")

    def take_picture(self, name: str) -> None:
        """Let the camera look at the windows as they are, if there is one."""
        if self._camera:
            self._camera(name, self)

    # The network.

    def network(self) -> Proxy:
        """Return the proxy; make it if this is the first time that it is wanted."""
        if self._proxy is None:
            self._proxy = Proxy(self._readers, self._piece)
            if "server" in self.players:
                self._proxy.listen(self.port)
        return self._proxy

    def _reserve(self) -> None:
        """Find a port for a client that starts before its server.

        The socket is bound and stays so, but does not listen: nobody else gets the port,
        a client is refused, and a server with SO_REUSEADDR may still bind it.
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

    def _pass_ticket(self, player: Player) -> None:
        """Type the server's ticket when the client asks for it."""
        server = self.players.get("server")
        match = TICKET.search(server.screen.text) if server else None
        if not match:
            raise Unmet(self._step, "no server has shown a ticket")
        self.wait(
            lambda: player.screen.unfinished == TICKET_PROMPT or player.ended,
            lambda: f"no prompt {TICKET_PROMPT!r}, but {player.screen.unfinished!r}",
        )
        player.presses(match[0] + ENTER)

    def rows(self, view: View) -> list[str]:
        """Return the rows of a window, as they are in a talk in clear."""
        if not self._private:
            return view.rows
        return [PRIVATELY.sub("", row) for row in view.rows]

    def fill(self, text: str, actor: str) -> str:
        """Replace {port} by the port that the actor knows the server by."""
        proxied = self._proxy is not None and actor.startswith("client")
        port = self._proxy.port if proxied and self._proxy else self.port
        return text.replace("{port}", str(port))

    # The frame logs.

    def log(self, actor: str) -> Path:
        """Return the path of the actor's frame log."""
        return self.folder / f"{actor}.frames"

    def frames(self, actor: str, count: int) -> list[str]:
        """Return the last frames of an actor's frame log, as it wrote them."""
        path = self.log(actor)
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [
            f"{each['sign']} {each['text']}" for each in map(json.loads, lines[-count:])
        ]


# One function for each sign of a conversation file.


def _see(stage: Stage, step: Step) -> None:
    _look(stage, step, stage.player(step.actor).screen, "screen")


def _see_error(stage: Stage, step: Step) -> None:
    _look(stage, step, stage.player(step.actor).errors, "stderr")


def _look(stage: Stage, step: Step, stream: Stream, where: str) -> None:
    """Wait for a line on the screen or on stderr, or until there will be no more."""
    pattern = _pattern(stage.fill(step.text, step.actor))
    found = False

    def look() -> bool:
        nonlocal found
        found = stream.sees(pattern)
        return found or stream.ended

    def came() -> str:
        return f"after what was seen before, its {where} shows {_quote(stream.unseen)}"

    stage.wait(look, came)
    if not found:
        raise Unmet(step, f"{came()}, and {step.actor} has ended")


def _type_when_asked(stage: Stage, step: Step) -> None:
    _ask(stage, step)
    _type_now(stage, step)


def _type_now(stage: Stage, step: Step) -> None:
    """Type, and wait until it was read: what comes of the line is to stand after it."""
    player = stage.seated(step)
    asked, lines = player.asks, len(player.screen.lines)
    player.types(stage.fill(step.text, step.actor))

    def was_read() -> bool:
        return len(player.screen.lines) > lines or player.screen.ended

    if not player.is_painted:
        while not was_read():  # the kernel echoes at once: nothing else is read before
            if not select.select([player.fd], [], [], stage.patience)[0]:
                raise Unmet(step, f"{step.actor}'s terminal does not echo")
            stage.hear(player)
    elif asked:  # an editor shows the line when it has passed it on
        stage.wait(was_read, lambda: f"{step.actor}'s line is not taken")


def _add_input(stage: Stage, step: Step) -> None:
    stage.inputs.add(step.actor, step.text)


def _happen(stage: Stage, step: Step) -> None:
    if step.actor == NETWORK:
        stage.network().order(step.text)
        return
    if step.actor == PICTURE:
        stage.take_picture(step.text)
        return
    if step.actor == CLOCK:
        stage.set_clock(_parse_time(step))
        return
    found = look_up(_EVENTS, step.text)
    assert found  # `_check` has refused all others
    event, match = found
    event(stage, step, match)


_PLAYS: dict[str, Callable[[Stage, Step], None]] = {
    "<": _see,
    "!": _see_error,
    ">": _type_when_asked,
    ">>": _type_now,
    "|": _add_input,
    ":": _happen,
}


# One function for each event.


def _ask(stage: Stage, step: Step, match: re.Match[str] | None = None) -> None:
    player = stage.player(step.actor)
    stage.wait(
        lambda: player.asks or player.ended,
        lambda: f"no prompt {player.prompt!r}, but {player.screen.unfinished!r}",
    )
    if player.ended:
        raise Unmet(step, f"{step.actor} has ended: {player.ending()}")


def _start(stage: Stage, step: Step, match: re.Match[str]) -> None:
    stage.start(step.actor, shlex.split(match["arguments"] or ""), match["source"])


def _exit(stage: Stage, step: Step, match: re.Match[str]) -> None:
    player = stage.player(step.actor)
    stage.wait(lambda: player.ended, lambda: f"{step.actor} is still running")
    if player.ending() != match["code"]:
        raise Unmet(step, f"{step.actor} ended with {player.ending()}")


def _never_sees(stage: Stage, step: Step, match: re.Match[str]) -> None:
    if match["text"] in stage.player(step.actor).screen.text:
        raise Unmet(step, f"{step.actor} has seen it")


def _signal(stage: Stage, step: Step, match: re.Match[str]) -> None:
    names = {"kill": "SIGKILL", "stop": "SIGSTOP", "continue": "SIGCONT"}
    name = names.get(match["name"], match["name"])
    stage.player(step.actor).signals(signal.Signals[name])


def _press(stage: Stage, step: Step, match: re.Match[str]) -> None:
    stage.seated(step).presses(keys(match["keys"]))


def _paste(stage: Stage, step: Step, match: re.Match[str]) -> None:
    stage.seated(step).pastes(match["text"])


def _resize(stage: Stage, step: Step, match: re.Match[str]) -> None:
    stage.seated(step).resizes(int(match["rows"]), int(match["columns"]))


def _show(stage: Stage, step: Step, match: re.Match[str]) -> None:
    """Wait until a row of the window is this, as a person would see it."""
    pattern = _pattern(stage.fill(match["text"], step.actor))
    _wait_for_view(
        stage,
        step,
        lambda view: any(map(pattern.fullmatch, stage.rows(view))),
        lambda view: f"the screen shows {_quote(view.rows)}",
    )


def _stand(stage: Stage, step: Step, match: re.Match[str]) -> None:
    """Wait until the cursor stands behind this, which begins its row."""
    text = stage.fill(match["text"], step.actor)
    _wait_for_view(
        stage,
        step,
        lambda view: view.before_cursor == text,
        lambda view: f"the cursor stands after {view.before_cursor!r}",
    )


def _wait_for_view(
    stage: Stage,
    step: Step,
    is_met: Callable[[View], bool],
    explain: Callable[[View], str],
) -> None:
    """Wait until the window looks like this, or will not change any more."""
    player = stage.player(step.actor)
    stage.wait(
        lambda: is_met(player.view) or player.screen.ended,
        lambda: explain(player.view),
    )
    if not is_met(player.view):
        raise Unmet(step, f"{explain(player.view)}, and {step.actor} has ended")


def _hang_up(stage: Stage, step: Step, match: re.Match[str]) -> None:
    player = stage.seated(step)
    stage.forget(player)
    player.hangs_up()


_Event = Callable[[Stage, Step, re.Match[str]], None]

_EVENTS: tuple[tuple[str, _Event], ...] = (
    (r"starts(?: from (?P<source>a pipe|a file))?(?: with (?P<arguments>.+))?", _start),
    (r"asks", _ask),
    (r"exits (?P<code>\d+)", _exit),
    (r"ends by (?P<code>signal \d+)", _exit),
    (r"never sees (?P<text>.+)", _never_sees),
    (r"(?:gets )?(?P<name>kill|stop|continue|SIG[A-Z]+)", _signal),
    (r"presses (?P<keys>.+)", _press),
    (r"pastes (?P<text>.+)", _paste),
    (r"resizes to (?P<columns>\d+) x (?P<rows>\d+)", _resize),
    (r"the screen shows (?P<text>.+)", _show),
    (r"the cursor stands after (?P<text>.+)", _stand),
    (r"hangs up", _hang_up),
)


def _check(step: Step) -> None:
    """Refuse a step that can never come true, before anything is started."""
    if step.actor == NETWORK:
        if not is_order(step.text):
            raise Unmet(step, "there is no such order: docs/testing.md lists them")
    elif step.actor == PICTURE:
        if not re.fullmatch(r"[a-z0-9-]+", step.text):
            raise Unmet(step, "a picture's name is of small letters, digits and -")
    elif step.actor == CLOCK:
        _parse_time(step)
    elif _role(step.actor) not in PROGRAMS and step.actor != tmux.ACTOR:
        raise Unmet(step, f"there is no program for {step.actor}: server or client")
    elif step.sign == ":" and not look_up(_EVENTS, step.text):
        raise Unmet(step, "there is no such event: docs/testing.md lists them")


def _parse_time(step: Step) -> datetime:
    try:
        return datetime.fromisoformat(step.text).replace(tzinfo=UTC)
    except ValueError as error:
        raise Unmet(step, "a clock is set to YYYY-MM-DD HH:MM") from error


def _role(actor: str) -> str:
    return actor.rstrip("0123456789")


def _pattern(text: str) -> re.Pattern[str]:
    """Return a whole line's pattern: everything literal but `{any}`."""
    return re.compile(".*".join(map(re.escape, text.split("{any}"))))


def _quote(lines: list[str]) -> str:
    return ", ".join(repr(line) for line in lines if line) or "nothing"
