"""Prepare `.venv` for the Makefile, and show meanwhile that something moves.

    python3 -I prepare.py run|dev|bench PYTHON

`run` is what the two programs need, `dev` the tools and tests, `bench` those who are
measured beside us; PYTHON is the interpreter, as make calls it. The file `.venv/run`,
`.venv/dev` or `.venv/bench` says that it is done. Where no `.venv` can be made, `run` says
so once and succeeds: the bare interpreter serves.

One process at a time does that: the others wait for the lock on `.venv.lock`.
"""

import fcntl
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

FOLDER = Path(".venv")
INTERPRETER = FOLDER / "bin" / "python"
LOG = FOLDER / "log"
WANTED = {"run": ".[private]", "dev": ".[dev]", "bench": ".[bench]"}

PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off")
NETWORK = ("--retries", "1", "--timeout", "10")


class Progress:
    """Show on stderr what is being done; at a terminal in one line that counts seconds.

    In a log each thing that is done is a line of its own, and its steps are left out.
    """

    def __init__(self) -> None:
        self._moves = os.isatty(2) and os.environ.get("TERM", "dumb") != "dumb"
        self._what = self._step = ""
        self._began = 0.0

    @contextmanager
    def show(self, what: str) -> Iterator[None]:
        """Show `what` for as long as the block runs; then the moving line is erased."""
        self._what, self._step, self._began = what, "", time.monotonic()
        if not self._moves:
            say(f"{what} ...")
            yield
            return
        signal.signal(signal.SIGALRM, lambda *_: self._paint())
        signal.setitimer(signal.ITIMER_REAL, 1, 1)
        try:
            self._paint()
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            _write("\r\033[K")

    def step(self, words: str) -> None:
        """Show the present step behind what is being done."""
        self._step = "".join(filter(str.isprintable, words)).strip()
        if self._moves:
            self._paint()

    def seconds(self) -> int:
        """Return how long it has taken so far."""
        return round(time.monotonic() - self._began)

    def _paint(self) -> None:
        line = f"make: {self._what}, {self.seconds()} s ... {self._step}"
        try:
            columns = os.get_terminal_size(2).columns or 80
        except OSError:  # the window is closed
            columns = 80
        # A full row would move the cursor to the next one, where \r erases nothing.
        _write("\r\033[K" + line[: columns - 1])


def say(words: str) -> None:
    """Write a line of make's."""
    _write(f"make: {words}\n")


def _write(text: str) -> None:
    # Not by print: a signal's handler must not enter the buffer that it has interrupted.
    with suppress(OSError):
        os.write(2, text.encode("utf-8", "replace"))


def main(target: str, python: str) -> int:
    """Prepare what a target of the Makefile wants; return the exit code."""
    try:
        lock = os.open(".venv.lock", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        FOLDER.mkdir(exist_ok=True)
        LOG.open("ab").close()
    except OSError:
        return leave_alone(target, python)
    progress = Progress()
    wait_for_turn(lock, progress)
    if is_done(FOLDER / target):
        return 0
    try:
        with progress.show("preparing .venv, once"):
            make_venv(python, progress)
            install(target, progress)
        say(f".venv is ready ({progress.seconds()} s).")
    except (OSError, subprocess.CalledProcessError) as error:
        INTERPRETER.unlink(missing_ok=True)
        if not explain(find_reason(error), target, python):
            return 1
    for name in {target, "run"}:
        (FOLDER / name).touch()
    return 0


def is_done(mark: Path) -> bool:
    """Return whether a mark is newer than the page that says what to install."""
    with suppress(FileNotFoundError):
        return mark.stat().st_mtime > Path("pyproject.toml").stat().st_mtime
    return False


def wait_for_turn(lock: int, progress: Progress) -> None:
    """Wait until no other process prepares; say so if that is not at once."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with progress.show("waiting for the other make, which prepares .venv"):
            fcntl.flock(lock, fcntl.LOCK_EX)


def make_venv(python: str, progress: Progress) -> None:
    """Make the folder with its own interpreter."""
    with LOG.open("wb") as log:
        run([*shlex.split(python), "-m", "venv", str(FOLDER)], log, progress)


def install(target: str, progress: Progress) -> None:
    """Install what the target wants."""
    with LOG.open("ab") as log:
        command = [str(INTERPRETER), *PIP, *NETWORK, "--editable", WANTED[target]]
        run(command, log, progress)


def run(command: list[str], log: BinaryIO, progress: Progress) -> None:
    """Run a command whose lines go into the log, and are steps.

    Raises CalledProcessError where it fails. It does not outlive this process.
    """
    # A configuration of pip that says `user = true` cannot hold in a .venv.
    environment = os.environ | {"PIP_USER": "0", "PYTHONUNBUFFERED": "1"}
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(
        command, stdin=null, stdout=pipe, stderr=subprocess.STDOUT, env=environment
    ) as child:
        assert child.stdout
        try:
            for line in child.stdout:
                log.write(line)
                progress.step(line.decode("utf-8", "replace"))
        except BaseException:
            child.kill()
            raise
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)


def find_reason(error: Exception) -> str:
    """Return why nothing was installed: the last error that pip has named in the log.

    Behind it there may be notes of pip's on where it has happened. A log without one, as
    that of venv, ends with the reason.
    """
    if isinstance(error, OSError):
        return f"{error.filename or FOLDER}: {error.strerror}"
    lines = [line.strip() for line in LOG.read_text("utf-8", "replace").splitlines()]
    errors = [line for line in lines if line.startswith("ERROR: ")]
    reasons = errors or [str(error), *filter(None, lines)]
    return reasons[-1].removeprefix("ERROR: ")


def explain(reason: str, target: str, python: str) -> bool:
    """Explain why nothing was installed; return whether the target can do without."""
    if target == "run":
        say(f"no .venv: {reason}")
        say(
            f"going on with {python}; for the line editor install python3-venv, "
            "or connect to the network, then 'make clean'."
        )
        return True
    say(f"cannot install the test packages: {reason}")
    say("install python3-venv and connect to the network (.venv/log has the details).")
    return False


def leave_alone(target: str, python: str) -> int:
    """Report that this folder cannot be written, if nobody else has made .venv there."""
    if target != "run":
        say("this folder cannot be written: the tests and tools need a copy that can be.")
        return 1
    if not os.access(INTERPRETER, os.X_OK):
        say(f"no .venv: this folder cannot be written; going on with {python}.")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        # Ended by the signal, not with a code: then make says "Interrupt".
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
