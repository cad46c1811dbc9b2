"""Options, environment and file: the same for both programs.

For each setting the first of these that is there counts: the option, the environment
variable (`CHAT_PORT` for `--port`), `chat.toml` in the current folder or else in the
user's configuration folder, the default. So two programs that are started in one
folder agree without being edited.

Knows neither socket nor terminal. `program` reads the settings once; everybody else is
given what it needs.
"""

import argparse
import os
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from chatlib import VERSION
from chatlib.errors import UsageError, describe

FILE = "chat.toml"

_Parser = Callable[[object], object]


class Settings:
    """What the program was asked to do, every value checked."""

    host: str
    port: int
    name: str
    prompt: str
    plain: bool
    no_status: bool
    no_history: bool
    bell: bool
    timestamps: bool
    verbose: int
    frame_log: str | None
    wait: float
    """chatc: seconds to wait for a server that is not there yet."""
    mode: str
    """chatd: `turns` or `free`; the client follows."""
    retry: float
    """chatc: seconds to look for the server when the connection is lost."""
    keep: float
    """chatd: seconds to keep a lost client's seat."""
    again: bool
    """chatd: wait for the next client when one has left."""


class Option(namedtuple("Option", ("name", "default", "parse", "metavar", "only", "help"))):
    """One setting: `metavar` None makes it a switch; `only` names the program it is for."""

    __slots__ = ()
    name: str
    default: object
    parse: _Parser
    metavar: str | None
    only: str | None
    help: str

    @property
    def flag(self) -> str:
        """The option as it is typed."""
        return _flag(self.name)

    @property
    def variable(self) -> str:
        """The name of its environment variable."""
        return "CHAT_" + self.name.upper()


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("expected text")
    return value


def _host(value: object) -> str:
    if not _text(value):
        raise ValueError("expected the name or address of a host")
    return _text(value)


def _name(value: object) -> str:
    if len(_text(value).encode("utf-8", "replace")) not in range(1, 128):
        raise ValueError("expected 1 to 127 bytes")
    return _text(value)


def _port(value: object) -> int:
    port = _integer(value)
    if port not in range(65536):
        raise ValueError("expected a port from 0 to 65535")
    return port


def _mode(value: object) -> str:
    if value not in ("turns", "free"):
        raise ValueError("expected turns or free")
    return str(value)


def _level(value: object) -> int:
    level = _integer(value)
    if level < 0:
        raise ValueError("expected 0 or more")
    return level


def _seconds(value: object) -> float:
    try:
        seconds = float(str(value))
    except ValueError:
        raise ValueError("expected a number of seconds") from None
    if not 0 <= seconds < float("inf"):
        raise ValueError("expected a number of seconds, 0 or more")
    return seconds


def _switch(value: object) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    try:
        return words[str(value).lower()]
    except KeyError:
        raise ValueError("expected true or false") from None


def _integer(value: object) -> int:
    try:
        if isinstance(value, int | str) and not isinstance(value, bool):
            return int(value)
    except ValueError:
        pass
    raise ValueError("expected a whole number")


OPTIONS = (
    Option("host", "localhost", _host, "HOST", None, "name or address; default localhost"),
    Option("port", 7777, _port, "PORT", None, "default 7777; 0: chatd takes a free one"),
    Option(
        "mode", "turns", _mode, "MODE", "chatd", "turns (default), or free: at any time"
    ),
    Option("again", False, _switch, None, "chatd", "await the next client when one leaves"),
    Option(
        "wait", 60.0, _seconds, "SECONDS", "chatc", "for a server to appear; default 60"
    ),
    Option(
        "retry", 120.0, _seconds, "SECONDS", "chatc", "mend a lost connection; default 120"
    ),
    Option(
        "keep", 60.0, _seconds, "SECONDS", "chatd", "keep a lost client's seat; default 60"
    ),
    Option("name", None, _name, "NAME", None, "what the other side calls you"),
    Option("prompt", ">", _text, "TEXT", None, "what asks you for a message; default '>'"),
    Option("plain", False, _switch, None, None, "let the kernel edit the line"),
    Option("no_status", False, _switch, None, None, "no status line under the input"),
    Option("no_history", False, _switch, None, None, "keep no typed lines for next time"),
    Option("bell", False, _switch, None, None, "ring when a message comes"),
    Option("timestamps", False, _switch, None, None, "the time before each line"),
    Option("verbose", 0, _level, None, None, "log frames; -vv: reads and writes too"),
    Option("frame_log", None, _text, "FILE", None, "append every event to FILE, as JSON"),
)

_PLACES = """\
Every option can also stand in the environment (CHAT_PORT=7000) or in chat.toml
(port = 7000), in the current folder or in ~/.config/chat."""


def read_settings(
    program: str,
    description: str,
    arguments: Sequence[str] | None = None,
    environment: Mapping[str, str] = os.environ,
    epilog: str = "",
) -> Settings:
    """Read command line, environment and file for `chatd` or `chatc`.

    `arguments` None means those of the process. `description` and `epilog` stand before
    and after the options in `--help`. Raises UsageError; `--help` and
    `--version` print and raise SystemExit(0), as argparse does.
    """
    options = [option for option in OPTIONS if option.only in (None, program)]
    parser = _parser(program, description, epilog, options)
    given = vars(parser.parse_args(arguments))
    path = given.pop("config")
    sources = [
        {name: (value, _flag(name)) for name, value in given.items() if value is not None},
        _from_environment(options, environment),
        _from_file(_find_file(environment) if path is None else path, path is not None),
    ]
    return _choose(options, sources)


_Source = Mapping[str, tuple[object, str]]
"""Settings by name: the value, and how to name the place it came from in an error."""


def _choose(options: Iterable[Option], sources: Iterable[_Source]) -> Settings:
    settings = Settings()
    for option in options:
        found = [source[option.name] for source in sources if option.name in source]
        value = _check(option, *found[0]) if found else option.default
        setattr(settings, option.name, value)
    return settings


def _check(option: Option, value: object, where: str) -> object:
    try:
        return option.parse(value)
    except ValueError as error:
        raise UsageError(f"{where}: {error}, not {value!r}") from None


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


class _ArgumentParser(argparse.ArgumentParser):
    """argparse, with errors as exceptions in one sentence."""

    def error(self, message: str) -> "NoReturn":
        raise UsageError(f"{message}; '{self.prog} --help' lists what there is")


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """argparse's, which at every option would ask `shutil` how wide the terminal is.

    That import takes 3 ms, a tenth of our start-up.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """Say how wide the terminal is, as `shutil.get_terminal_size` does."""
    with suppress(ValueError):
        columns = int(os.environ.get("COLUMNS", ""))
        if columns > 0:
            return columns
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80  # no terminal


def _parser(
    program: str, description: str, epilog: str, options: Iterable[Option]
) -> argparse.ArgumentParser:
    parser = _ArgumentParser(
        prog=program,
        description=description,
        epilog=f"{epilog}{_PLACES}",
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    for option in options:
        if option.name == "verbose":
            parser.add_argument("-v", option.flag, action="count", help=option.help)
        elif option.metavar is None:
            parser.add_argument(
                option.flag, action="store_const", const=True, help=option.help
            )
        else:
            parser.add_argument(option.flag, metavar=option.metavar, help=option.help)
    parser.add_argument("--config", metavar="FILE", help="read FILE, not chat.toml")
    parser.add_argument("--version", action="version", version=f"{program} {VERSION}")
    return parser


def _from_environment(options: Iterable[Option], environment: Mapping[str, str]) -> _Source:
    return {
        option.name: (environment[option.variable], option.variable)
        for option in options
        if option.variable in environment
    }


def _find_file(environment: Mapping[str, str]) -> str:
    """Name `chat.toml` here, or else the one in the user's configuration folder."""
    if os.path.exists(FILE):
        return FILE
    home = environment.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return os.path.join(home, "chat", FILE)


def _from_file(path: str, required: bool) -> _Source:
    """Read a TOML file; the settings of the other program may stand in it too."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        if not required and isinstance(error, FileNotFoundError | NotADirectoryError):
            return {}
        raise UsageError(f"{path}: {describe(error)}") from None
    values = _parse_file(path, data)
    known = {option.name for option in OPTIONS}
    for key in values:
        if key.replace("-", "_") not in known:
            raise UsageError(f"{path}: there is no setting {key!r}")
    return {key.replace("-", "_"): (values[key], f"{path}: {key}") for key in values}


def _parse_file(path: str, data: bytes) -> dict[str, object]:
    import tomllib  # 9 ms that only those pay who have such a file

    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, or absurd
        raise UsageError(f"{path}: {error}") from None


TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn
