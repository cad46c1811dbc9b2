"""The settings of both programs: command line, environment, file, defaults.

For each setting the first source that has it counts: the option, the environment variable
(`CHAT_PORT` for `--port`), `chat.toml` in the current folder, `chat.toml` in the user's
configuration folder, the default. So two programs that are started in one folder use the
same settings without being edited.

The current folder may be anybody's, and so may a file in it: it may come with an archive
or a repository. So it counts only if nobody but the user can write it, and only for what
is harmless: it names no host, no file, and not how long a program waits or serves. In
what folder it lies makes no difference: whoever may write there can replace the file, but
not with one that belongs to the user and says anything worse.

This module knows neither socket nor terminal. `program` reads the settings once and passes
to every other module what it needs.
"""

import argparse
import os
import stat
import sys
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress

from chatlib import VERSION
from chatlib.advice import command
from chatlib.errors import UsageError, describe
from chatlib.files import find_folder, find_home, open_regular, read_file, read_whole
from chatlib.terminal.visible import visible

FILE_NAME = "chat.toml"

SIZE_LIMIT = 1 << 16
"""Bytes of a file of settings. A longer one is something else."""

NOT_YOURS = f"it is not yours; '--config {FILE_NAME}' reads it all the same"

VALUE_LIMIT = 200
"""Characters of a wrong value that its error repeats."""

HARMLESS = (
    "port",
    "mode",
    "name",
    "prompt",
    "plain",
    "reader",
    "look",
    "wrap",
    "notify",
    "no_status",
    "no_history",
    "bell",
    "timestamps",
    "verbose",
)
"""What a file in the current folder may set; `no_history` it can only turn on."""

TICKET_PLACES = "give it at the prompt of --private, or in a file with --ticket FILE"
"""Where a ticket belongs, in words."""

LOOKS = ("default", "contrast", "colour-blind", "none")
"""The names of the looks that `terminal.look` knows."""

_Converter = Callable[[object], object]
"""Checks a value from any source and returns it in its type; raises ValueError."""


class Settings:
    """The settings of one program, every value checked; each is named as its option."""

    # What of the file in the current folder does not count, a sentence each.
    notices: Sequence[str] = ()

    # The names of the options that stand on the command line.
    given: Set[str] = frozenset()

    # Of both programs.
    host: str
    port: int
    name: str
    prompt: str
    plain: bool
    reader: bool  # for a screen reader: words, and nothing is painted
    look: str  # one of LOOKS
    wrap: bool  # at words, by us; else by the terminal
    notify: bool  # a notification of the desktop when a message comes
    no_status: bool
    no_history: bool
    bell: bool
    timestamps: bool
    verbose: int
    frame_log: str | None
    journal: str | None  # from which a restart goes on; "": the one in the state folder
    journal_sync: bool  # whether it outlives a power cut, too
    forget: bool  # whether the talk in it is forgotten
    private: bool  # only the holder of a ticket is talked with; with `ticket`, always
    ticket: str | None  # the file that it stands in; "-" is stdin's first line
    # Of chatc alone.
    wait: float  # seconds in which a server may still appear
    retry: float  # seconds for which a lost server is looked for
    # Of chatd alone.
    mode: str  # "turns" or "free"; the client follows
    keep: float  # seconds for which the seat of a lost client is kept
    again: bool  # whether the next client is awaited when one has left
    new_ticket: bool  # whether another secret is to stand in that file


class Option(
    namedtuple(
        "Option",
        ("name", "default", "convert", "help", "metavar", "program"),
        defaults=(None, None),
    )
):
    """One setting: its name, default, and what argparse needs to know.

    Without a `metavar` it is a switch. `program` names the only program that has the
    setting; None stands for both.
    """

    __slots__ = ()
    name: str
    default: object
    convert: _Converter
    help: str
    metavar: str | None
    program: str | None

    @property
    def flag(self) -> str:
        """The option as it is typed, such as --frame-log."""
        return _flag(self.name)

    @property
    def variable(self) -> str:
        """The environment variable, such as CHAT_FRAME_LOG."""
        return "CHAT_" + self.name.upper()


# Converters. The command line and the environment have strings only, and TOML has types:
# a value of another type than expected is refused and not bent until it fits.


def _to_text(value: object) -> str:
    # No path and no host name may contain a null byte: the system would cut it there.
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("expected text")
    return value


def _to_host(value: object) -> str:
    host, _ = _split_host(_to_text(value))
    # An empty name would be resolved to "all addresses of this machine".
    if not host or host[0] == "[":
        raise ValueError("expected the name or address of a host")
    return host


def _split_host(text: str) -> tuple[str, str | None]:
    """Return host and port of what people paste: host:port, [::1]:port, [::1], ::1."""
    host, colon, port = text.rpartition(":")
    if text[-1:] == "]":
        host, colon, port = text, "", ""
    if host[:1] == "[" and host[-1:] == "]" and ":" in host:
        return host[1:-1], port if colon else None
    # Without brackets an address with more than one colon is one of IPv6 as a whole.
    return (text, None) if not colon or ":" in host else (host, port)


def _to_path(value: object) -> str:
    path = _to_text(value)
    # A shell does this for `--frame-log ~/x`, and neither for `--frame-log=~/x` nor in a
    # file or a variable that no shell has set.
    if path == "~" or path.startswith("~/"):
        home = find_home()
        if home is None:
            raise ValueError("expected a path without ~, as no home folder is known")
        path = home + path[1:]
    if not path:
        raise ValueError("expected the path of a file")
    return path


def _to_log(value: object) -> str:
    # As in other programs `-` is no file. It is not stdout, which has the conversation.
    return "/dev/stderr" if value == "-" else _to_path(value)


def _to_journal(value: object) -> str:
    # "yes" in a file of settings is what the option alone is on the command line.
    return "" if value is True or value == "" else _to_path(value)


def _to_ticket(value: object) -> str:
    # Not a ValueError, whose sentence would repeat the key.
    if isinstance(value, str) and "chat1:" in value:
        raise UsageError(f"a ticket is a key, and no part of the settings: {TICKET_PLACES}")
    return "-" if value == "-" else _to_path(value)


def _to_name(value: object) -> str:
    # The limit of a name in HELLO, which counts bytes; see `protocol.frames`.
    if len(_to_text(value).encode("utf-8", "replace")) not in range(1, 128):
        raise ValueError("expected a name of 1 to 127 bytes")
    name = " ".join(_to_text(value).split())
    # The other side would call us "the other side", or by marks such as <U+200B>.
    if not name or visible(name) != name:
        raise ValueError("expected a name that can be seen, without control characters")
    return _to_text(value)


def _to_port(value: object) -> int:
    port = _to_integer(value)
    if port not in range(65536):
        raise ValueError("expected a port from 0 to 65535")
    return port


def _to_mode(value: object) -> str:
    if value not in ("turns", "free"):
        raise ValueError("expected turns or free")
    return str(value)


def _to_look(value: object) -> str:
    if value not in LOOKS:
        raise ValueError(f"expected {', '.join(LOOKS[:-1])} or {LOOKS[-1]}")
    return str(value)


def _to_level(value: object) -> int:
    level = _to_integer(value)
    if level < 0:
        raise ValueError("expected 0 or more")
    return level


def _to_seconds(value: object) -> float:
    try:
        seconds = float(_digits(str(value)))
    except ValueError:
        raise ValueError("expected a number of seconds") from None
    # False for "nan", too. "inf" is refused because no system call waits that long.
    if not 0 <= seconds < float("inf"):
        raise ValueError("expected a number of seconds, 0 or more")
    return seconds


def _to_switch(value: object) -> bool:
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    try:
        return words[str(value).lower()]
    except (KeyError, ValueError):  # ValueError: a number of thousands of digits
        raise ValueError("expected yes, no, true or false") from None


def _to_integer(value: object) -> int:
    try:
        # In Python a bool is an int, but `port = true` is a mistake.
        if isinstance(value, int | str) and not isinstance(value, bool):
            return value if isinstance(value, int) else int(_digits(value))
    except ValueError:
        pass
    raise ValueError("expected a whole number")


def _digits(text: str) -> str:
    # Python's own converters also take "7_777", " 7 " and the digits of every script.
    if not text.isascii() or "_" in text or text != text.strip():
        raise ValueError("not a number")
    return text


# In the order of `--help`. A line of help has 24 columns for the option and the rest of 80
# for its text.
OPTIONS = (
    Option("host", "localhost", _to_host, "name or address; default localhost", "HOST"),
    Option("port", 7777, _to_port, "default 7777; 0 at chatd: a free one", "PORT"),
    Option(
        "mode", "turns", _to_mode, "turns (default), or free: at any time", "MODE", "chatd"
    ),
    Option(
        "again", False, _to_switch, "await the next client when one leaves", None, "chatd"
    ),
    Option(
        "wait", 60, _to_seconds, "for a server to appear; default 60", "SECONDS", "chatc"
    ),
    Option(
        "retry", 120, _to_seconds, "mend a lost connection; default 120", "SECONDS", "chatc"
    ),
    Option(
        "keep", 60, _to_seconds, "keep a lost client's seat; default 60", "SECONDS", "chatd"
    ),
    Option(
        "journal",
        None,
        _to_journal,
        "go on with the talk after a crash, from FILE",
        "[FILE]",
    ),
    Option("journal_sync", False, _to_switch, "and after a power cut; slower"),
    Option("forget", False, _to_switch, "forget the talk in the journal"),
    Option("private", False, _to_switch, "only who holds a ticket can talk, and read"),
    Option("ticket", None, _to_ticket, "the ticket is in FILE; -: it is piped in", "FILE"),
    Option("new_ticket", False, _to_switch, "put another ticket into FILE", None, "chatd"),
    Option("name", None, _to_name, "what the other side calls you", "NAME"),
    Option("prompt", ">", _to_text, "what asks you for a message; default '>'", "TEXT"),
    Option("plain", False, _to_switch, "no editor: the terminal edits the line"),
    Option("reader", False, _to_switch, "for a screen reader: words, nothing painted"),
    Option("look", "default", _to_look, "contrast, colour-blind, none; or default", "NAME"),
    Option("wrap", True, _to_switch, "'no': the terminal breaks rows, not words", "YES|NO"),
    Option("notify", False, _to_switch, "tell the desktop when a message comes"),
    Option("no_status", False, _to_switch, "no status line under the input"),
    Option("no_history", False, _to_switch, "keep no typed lines for next time"),
    Option("bell", False, _to_switch, "ring when a message comes"),
    Option("timestamps", False, _to_switch, "show at what time the lines came"),
    Option("verbose", 0, _to_level, "log frames; -vv: reads and writes too"),
    Option("frame_log", None, _to_log, "append every event to FILE, as JSON", "FILE"),
)

# What `--help` ends with.
_SOURCES = """\
Every option can also stand in the environment (CHAT_PORT=7000) or in the file
~/.config/chat/chat.toml (port = 7000). A chat.toml in the current folder comes before
that file, if you alone may write it, and only for port, mode, name, prompt, plain,
reader, look, wrap, notify, no-status, no-history, bell, timestamps and verbose.
--frame-log - is stderr."""


# Reading and merging.


def read_settings(
    program: str,
    description: str,
    arguments: Sequence[str] | None = None,
    environment: Mapping[str, str] = os.environ,
    epilog: str = "",
) -> Settings:
    """Read command line, environment and file of `chatd` or `chatc`.

    `arguments` None stands for those of the process. `description` and `epilog` are shown
    before and after the options in `--help`. Raises UsageError; `--help` and `--version`
    print and raise SystemExit(0), as argparse does.
    """
    # The other program's own options are unknown on the command line, as any typo.
    options = [option for option in OPTIONS if option.program in (None, program)]
    parser = _make_parser(program, description, epilog, options)
    _refuse_tickets(arguments, environment)
    given = vars(_parse(parser, arguments))
    path = given.pop("config")
    notices: list[str] = []
    if path is None:
        files = _read_files(options, environment, notices)
    else:
        path = str(_convert(_to_path, path, "--config"))
        files = [_read_file(path, required=True)]
    sources = [
        {name: (value, _flag(name)) for name, value in given.items() if value is not None},
        _read_environment(options, environment),
        *files,
    ]
    settings = _merge(options, sources)
    settings.notices = notices
    settings.given = _separate_port(sources[:1])[0].keys()
    # Who names a ticket wants no talk in clear.
    settings.private |= settings.ticket is not None or "new_ticket" in settings.given
    _check_journal(settings)
    return settings


def _check_journal(settings: Settings) -> None:
    """Raise UsageError for what a journal does not go with, or what needs one."""
    if settings.journal is None:
        # In a file or a variable they are a wish for the talks that have a journal.
        for name in settings.given & {"journal_sync", "forget"}:
            raise UsageError(f"{_flag(name)} is for a talk with a journal: add --journal")
        return
    # The texts would lie on the disk as they are, for whoever gets the file. That is not
    # what somebody expects who has asked for a private talk.
    if settings.private:
        raise UsageError(
            "--journal would keep a private talk in clear on the disk: leave one of the two"
        )
    if getattr(settings, "again", False):
        raise UsageError("--journal keeps one talk, and --again has many: leave one out")


def _refuse_tickets(
    arguments: Sequence[str] | None, environment: Mapping[str, str]
) -> None:
    """Raise UsageError for a ticket where other users of this machine can read it.

    The error does not repeat it.
    """
    # Before anything is parsed: an error of the parser repeats what it does not know.
    words = sys.argv[1:] if arguments is None else arguments
    # Other variables are none of ours; a shell may have the ticket in one of its own.
    variables = [name for name in environment if name.startswith("CHAT_")]
    places = {
        "the command line": any("chat1:" in word for word in words),
        "the environment": any("chat1:" in environment[name] for name in variables),
    }
    for place, found in places.items():
        if found:
            raise UsageError(
                f"a ticket is a key, and {place} can be read by others (ps shows it): "
                + TICKET_PLACES
            )


_Source = Mapping[str, tuple[object, str]]
"""Values by setting; each with the place that it came from, as an error names it."""


def _merge(options: Iterable[Option], sources: Iterable[_Source]) -> Settings:
    """Return the settings: each from the first of the sources that has it."""
    settings = Settings()
    sources = _separate_port(sources)
    for option in options:
        found = [source[option.name] for source in sources if option.name in source]
        # A value that does not count is not converted: a typo in the file is harmless for
        # somebody who gives the option.
        value = _convert(option.convert, *found[0]) if found else option.default
        setattr(settings, option.name, value)
    return settings


def _separate_port(sources: Iterable[_Source]) -> list[_Source]:
    """Return the sources, where the port in a host such as localhost:7777 is a port.

    Only the host that counts is looked at: its port comes from the same source. Raises
    UsageError when that source has another port as well.
    """
    separated = [*sources]
    for index, source in enumerate(separated):
        if "host" in source:
            host, place = source["host"]
            port = _split_host(host)[1] if isinstance(host, str) else None
            if port is not None:
                other, where = source.get("port", (port, place))
                if str(other) != port:
                    both = f"{place} {host} and {where} {other}"
                    raise UsageError(f"{both} differ: leave one port out")
                separated[index] = {**source, "port": (port, place)}
            break
    return separated


def _convert(convert: _Converter, value: object, place: str) -> object:
    """Return a value in its type. Raises UsageError, which names where it came from."""
    try:
        return convert(value)
    except ValueError as error:
        raise UsageError(f"{place}: {error}, not {_shorten(value)}") from None


def _shorten(value: object) -> str:
    """Return a wrong value as its error repeats it."""
    try:
        text = repr(value)
    except ValueError:  # hexadecimal, and longer than Python converts to decimal
        return "a number that long"
    return text if len(text) <= VALUE_LIMIT else f"{text[:VALUE_LIMIT]}…"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


# The command line.


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """The help of argparse, in the width of the terminal.

    argparse makes a formatter for every option, and its own imports `shutil` to ask for
    that width: 3 ms, a tenth of the start of a program.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        # argparse leaves these texts as they are, because they have a table in them.
        from chatlib.terminal.wrap import fill

        return fill(text, width)


def _columns() -> int:
    """Return the width of the terminal, from the places where `shutil` looks for it."""
    with suppress(ValueError):
        columns = int(os.environ.get("COLUMNS", ""))
        if columns > 0:
            return columns
    try:
        # A terminal whose size nobody has set reports 0 columns.
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80  # stdout is no terminal


def _make_parser(
    program: str, description: str, epilog: str, options: Iterable[Option]
) -> argparse.ArgumentParser:
    # argparse looks for a translation of its words, and imports `locale` for that: 0.8 ms.
    # There is none, and ours are English anyway.
    vars(argparse)["_"] = str
    parser = argparse.ArgumentParser(
        prog=program,
        description=description,
        epilog=f"{epilog}{_SOURCES}",
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
        exit_on_error=False,
    )
    # Values stay strings and have no default here, so that every source is converted by
    # the same code and "not given" can be seen.
    for option in options:
        if option.name == "verbose":
            parser.add_argument("-v", option.flag, action="count", help=option.help)
        elif option.metavar is None:
            parser.add_argument(
                option.flag, action="store_const", const=True, help=option.help
            )
        elif option.metavar[0] == "[":
            parser.add_argument(
                option.flag,
                metavar=option.metavar[1:-1],
                nargs="?",
                const="",
                help=option.help,
            )
        else:
            parser.add_argument(option.flag, metavar=option.metavar, help=option.help)
    parser.add_argument("--config", metavar="FILE", help="read FILE, not chat.toml")
    parser.add_argument("--version", action="version", version=f"{program} {VERSION}")
    return parser


def _parse(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None
) -> argparse.Namespace:
    """Return the options that were given, and None for the others. Raises UsageError."""
    try:
        # Not `parse_args`: in Python 3.11 it prints and exits for an unknown argument,
        # even with `exit_on_error=False`.
        given, unknown = parser.parse_known_args(arguments)
        if not unknown:
            return given
        error = _explain_unknown(unknown[0].partition("=")[0], parser.prog)
    except argparse.ArgumentError as refusal:
        needs = "takes no" if str(refusal.message).startswith("ignored") else "needs a"
        error = f"{refusal.argument_name} {needs} value"
    how = command(parser.prog, help="")
    raise UsageError(f"{error}; '{how}' lists what there is") from None


def _explain_unknown(word: str, program: str) -> str:
    """Return what is wrong with a word that is no option of this program."""
    if not word.startswith("-"):
        usual = "--port" if word.isdecimal() else "--host"
        return f"{_shorten(word)} has no option before it, such as {usual}"
    for option in OPTIONS:
        if option.flag == word:
            return f"{word} is an option of {option.program} alone"
    from difflib import get_close_matches  # only for who has mistyped

    flags = [option.flag for option in OPTIONS if option.program in (None, program)]
    close = get_close_matches(word, flags, 1, 0.75)
    return f"there is no option {word}" + (f" (did you mean {close[0]}?)" if close else "")


# The environment and the files.


def _read_environment(options: Iterable[Option], environment: Mapping[str, str]) -> _Source:
    # An empty variable is none: whoever starts programs for others cannot always unset one.
    return {
        option.name: (environment[option.variable], option.variable)
        for option in options
        if environment.get(option.variable)
    }


def _read_files(
    options: Iterable[Option], environment: Mapping[str, str], notices: list[str]
) -> list[_Source]:
    """Read `chat.toml` in the current folder and in the user's configuration folder."""
    folder = find_folder("XDG_CONFIG_HOME", ".config", environment)
    if folder is None:
        return [_read_here(options, notices)]
    own = os.path.join(folder, "chat", FILE_NAME)
    with suppress(OSError):  # one of the two is not there
        if os.path.samefile(FILE_NAME, own):
            return [_read_file(own)]
    return [_read_here(options, notices), _read_file(own)]


def _read_here(options: Iterable[Option], notices: list[str]) -> _Source:
    """Read what is harmless in the file here, if it counts; add a notice for the rest."""
    try:
        data = _read_own(FILE_NAME)
    except FileNotFoundError:
        return {}
    except OSError as error:
        notices.append(f"{FILE_NAME} in this folder is ignored: {describe(error)}")
        return {}
    source = _parse_file(FILE_NAME, data)
    known = {option.name for option in options}
    refused = [name for name in source if name in known and not _is_harmless(name, source)]
    if refused:
        notices.append(
            f"{FILE_NAME} in this folder cannot set {' and '.join(map(_quote, refused))}: "
            "use the option, the environment or the file of that name in ~/.config/chat"
        )
    return {name: source[name] for name in source if name not in refused}


def _read_own(path: str) -> bytes:
    """Return the content of a file that only the user may write. Raises OSError."""
    # A link, too: somebody else's link chooses which of the user's files is read.
    if os.lstat(path).st_uid != os.geteuid():
        raise PermissionError(NOT_YOURS)
    fd = open_regular(path, os.O_RDONLY)
    try:
        status = os.fstat(fd)
        if status.st_uid != os.geteuid():
            raise PermissionError(NOT_YOURS)
        shared = status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid)
        if shared or status.st_mode & stat.S_IWOTH:
            raise PermissionError(f"others may write it; 'chmod go-w {path}' mends that")
        return read_whole(fd, SIZE_LIMIT, path)
    finally:
        os.close(fd)


def _is_private(group: int) -> bool:
    """Return whether a group is the user's own: it has that name and no other member.

    Many systems make such a group for each user, and let it write all new files.
    """
    import grp
    import pwd

    try:
        user, entry = pwd.getpwuid(os.geteuid()), grp.getgrgid(group)
    except KeyError:
        return False
    alone = {*entry.gr_mem} <= {user.pw_name}
    return alone and (user.pw_gid, user.pw_name) == (group, entry.gr_name)


def _is_harmless(name: str, source: _Source) -> bool:
    if name == "no_history":
        # Lines that the user wants to be kept nowhere are not kept.
        with suppress(ValueError):  # it is no switch, which `_merge` says
            return _to_switch(source[name][0])
    return name in HARMLESS


def _quote(name: str) -> str:
    return repr(name.replace("_", "-"))


def _read_file(path: str, required: bool = False) -> _Source:
    """Read a file of the user's. Raises UsageError; a missing one is empty if it may be."""
    try:
        return _parse_file(path, read_file(path, SIZE_LIMIT))
    except (OSError, ValueError) as error:  # ValueError: the path has a null byte
        if not required and isinstance(error, FileNotFoundError | NotADirectoryError):
            return {}
        raise UsageError(f"{path}: {describe(error)}") from None


def _parse_file(path: str, data: bytes) -> _Source:
    """Return the settings in the content of a file. Raises UsageError."""
    values = _parse_toml(path, data)
    # Both programs may share one file, so it may have the settings of the other one.
    known = {option.name for option in OPTIONS}
    for key in values:
        if key.replace("-", "_") not in known:
            raise UsageError(f"{path}: there is no setting {key!r}; --help lists them")
    return {key.replace("-", "_"): (values[key], f"{path}: {key}") for key in values}


def _parse_toml(path: str, data: bytes) -> dict[str, object]:
    import tomllib  # its import takes 9 ms, which only a user of such a file pays

    try:
        if b"\0" in data:  # UTF-16 without a byte order mark
            raise UnicodeError
        # "sig": some editors put a byte order mark before the text.
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeError:
        reason = "it is not in UTF-8; save it so"
    except tomllib.TOMLDecodeError as error:
        reason = str(error)
    except RecursionError:
        reason = "it is nested too deep"
    except ValueError:  # more digits than Python converts
        reason = "a number in it is too long"
    raise UsageError(f"{path}: {reason}")
