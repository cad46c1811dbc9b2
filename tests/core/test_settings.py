"""Option, environment, file, default: the first source that has a setting counts."""

import errno
import grp
import os
import pwd
import re
import signal
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from chatlib import VERSION
from chatlib.errors import Exit, UsageError
from chatlib.settings import (
    HARMLESS,
    OPTIONS,
    SIZE_LIMIT,
    VALUE_LIMIT,
    Settings,
    _columns,
    _is_private,
    read_settings,
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Run every test in an empty folder, with an empty home and files of its user alone."""
    home = tmp_path / "home"
    here = tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    before = os.umask(0o022)
    yield home
    os.umask(before)


def read(
    *arguments: str, program: str = "chatc", environment: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings of a program with these arguments and this environment only."""
    return read_settings(program, "A chat.", arguments, environment or {})


def write(path: str | Path, text: str) -> None:
    """Write a file of settings, and create the folders on the way to it."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def error_text(
    *arguments: str, program: str = "chatc", environment: Mapping[str, str] | None = None
) -> str:
    """Read wrong settings; return the text of the UsageError, which is one sentence."""
    with pytest.raises(UsageError) as raised:
        read(*arguments, program=program, environment=environment)
    text = str(raised.value)
    assert raised.value.code == Exit.USAGE
    assert text.isprintable()
    assert not text.endswith(".")
    return text


# Which source counts.


def test_the_defaults_let_two_programs_find_each_other() -> None:
    """Without any setting both programs use the same host and port."""
    for program in ("chatd", "chatc"):
        settings = read(program=program)
        assert (settings.host, settings.port) == ("localhost", 7777)
        assert settings.name is None
        assert settings.prompt == ">"
        assert settings.plain is False
        assert settings.reader is False
        assert settings.look == "default"
        assert settings.wrap is True
        assert settings.notify is False
        assert settings.no_status is False
        assert settings.no_history is False
        assert settings.bell is False
        assert settings.timestamps is False
        assert settings.verbose == 0
        assert settings.frame_log is None


def test_each_program_has_settings_of_its_own() -> None:
    """Only a client waits for a server; only a server has a mode and serves again."""
    server, client = read(program="chatd"), read(program="chatc")
    assert server.again is False
    assert server.mode == "turns"
    assert client.wait == 60.0
    assert not hasattr(server, "wait")
    assert not hasattr(client, "again")
    assert not hasattr(client, "mode")


def test_the_first_source_that_has_a_setting_counts(home: Path) -> None:
    """Option, then environment, then the file here, then the file at home."""
    environment = {"CHAT_PORT": "3"}
    write(home / ".config/chat/chat.toml", "port = 5")
    assert read().port == 5
    write("chat.toml", "port = 4")
    assert read().port == 4
    assert read(environment=environment).port == 3
    assert read("--port", "2", environment=environment).port == 2


def test_each_setting_is_looked_up_on_its_own(home: Path) -> None:
    """The port may come from one source and the host from another."""
    write(home / ".config/chat/chat.toml", 'host = "home"\nport = 1\nname = "home"')
    write("chat.toml", 'name = "here"\nprompt = "here"\nport = 2')
    environment = {"CHAT_NAME": "environment", "CHAT_PROMPT": "environment"}
    settings = read("--prompt", "option", environment=environment)
    assert (settings.host, settings.port, settings.name, settings.prompt) == (
        "home",
        2,
        "environment",
        "option",
    )


def test_xdg_config_home_names_the_configuration_folder(home: Path, tmp_path: Path) -> None:
    """Unless it is empty or relative: that would be another folder in each folder."""
    write("xdg/chat/chat.toml", "port = 7")
    assert read(environment={"XDG_CONFIG_HOME": "xdg"}).port == 7777
    write(home / ".config/chat/chat.toml", "port = 5")
    write(tmp_path / "xdg/chat/chat.toml", "port = 6")
    assert read(environment={"XDG_CONFIG_HOME": str(tmp_path / "xdg")}).port == 6
    assert read(environment={"XDG_CONFIG_HOME": ""}).port == 5
    assert read(environment={"XDG_CONFIG_HOME": str(tmp_path / "nowhere")}).port == 7777


def test_config_names_another_file() -> None:
    """It is read instead of chat.toml, not in addition."""
    write("chat.toml", 'name = "here"')
    write("other.toml", 'port = 4\nhost = "::1"')
    settings = read("--config", "other.toml")
    assert settings.name is None
    assert (settings.host, settings.port) == ("::1", 4)
    assert not settings.notices


def test_dev_null_stands_for_no_file(home: Path) -> None:
    """Neither the one here nor the one at home."""
    for path in (home / ".config/chat/chat.toml", "chat.toml"):
        write(path, "port = 4")
    assert read("--config", "/dev/null").port == 7777


def test_without_a_home_only_the_file_here_counts() -> None:
    """No file of the name ~/.config, and none in the root folder."""
    write("~/.config/chat/chat.toml", "port = 5")
    write("chat.toml", 'name = "here"')
    settings = read(environment={"HOME": ""})
    assert (settings.port, settings.name) == (7777, "here")


CHATD_ONLY = ("mode", "again", "keep", "new_ticket")

SETTINGS = [
    (("--host", "::1"), "::1", '"::1"', "host", "::1"),
    (("--port", "0"), "0", "0", "port", 0),
    (("--port", "65535"), "65535", "65535", "port", 65535),
    (("--mode", "free"), "free", '"free"', "mode", "free"),
    (("--mode", "turns"), "turns", '"turns"', "mode", "turns"),
    (("--again",), "yes", "true", "again", True),
    (("--wait", "2.5"), "2.5", "2.5", "wait", 2.5),
    (("--wait", "0"), "0", "0", "wait", 0.0),
    (("--name", "Zoë"), "Zoë", '"Zoë"', "name", "Zoë"),
    (("--name", "x" * 127), "x" * 127, f'"{"x" * 127}"', "name", "x" * 127),
    (("--prompt", "::"), "::", '"::"', "prompt", "::"),
    (("--plain",), "yes", "true", "plain", True),
    (("--reader",), "yes", "true", "reader", True),
    (("--look", "contrast"), "contrast", '"contrast"', "look", "contrast"),
    (("--look", "none"), "none", '"none"', "look", "none"),
    (("--wrap", "no"), "no", "false", "wrap", False),
    (("--notify",), "yes", "true", "notify", True),
    (("--no-status",), "yes", "true", "no_status", True),
    (("--no-history",), "yes", "true", "no_history", True),
    (("--bell",), "yes", "true", "bell", True),
    (("--timestamps",), "yes", "true", "timestamps", True),
    (("--retry", "2.5"), "2.5", "2.5", "retry", 2.5),
    (("--keep", "0"), "0", "0", "keep", 0.0),
    (("-v",), "1", "1", "verbose", 1),
    (("-vv",), "2", "2", "verbose", 2),
    (("--verbose", "--verbose"), "2", "2", "verbose", 2),
    (("--frame-log", "a/b"), "a/b", '"a/b"', "frame_log", "a/b"),
    (("--new-ticket",), "yes", "true", "new_ticket", True),
    (("--journal", "a/b"), "a/b", '"a/b"', "journal", "a/b"),
    (("--journal-sync", "--journal"), "yes", "true", "journal_sync", True),
    (("--forget", "--journal"), "yes", "true", "forget", True),
    (("--private",), "yes", "true", "private", True),
    (("--ticket", "a/b"), "a/b", '"a/b"', "ticket", "a/b"),
    (("--ticket", "-"), "-", '"-"', "ticket", "-"),
]
"""The option, the variable and the line of the file; the setting and its value."""


def test_the_table_above_has_every_setting() -> None:
    """A new setting must be added to it."""
    assert {name for *_, name, _ in SETTINGS} == {option.name for option in OPTIONS}


@pytest.mark.parametrize(
    ("option", "variable", "file", "name", "value"),
    SETTINGS,
    ids=["=".join(option)[:20] or name for option, *_, name, _ in SETTINGS],
)
def test_every_setting_can_come_from_every_source(
    option: Sequence[str], variable: str, file: str, name: str, value: object, home: Path
) -> None:
    """With the same value, of the same type."""
    write(home / ".config/chat/chat.toml", f"{name.replace('_', '-')} = {file}")
    program = "chatd" if name in CHATD_ONLY else "chatc"
    environment = _variable(name, variable)
    found = [
        getattr(settings, name)
        for settings in (
            read(*option, "--config", "/dev/null", program=program),
            read("--config", "/dev/null", program=program, environment=environment),
            read(program=program),
        )
    ]
    assert found == [value] * 3
    assert {type(each) for each in found} == {type(value)}


def _variable(name: str, value: str) -> dict[str, str]:
    return {f"CHAT_{name.upper()}": value}


@pytest.mark.parametrize("program", ["chatd", "chatc"])
@pytest.mark.parametrize("name", ["plain", "reader", "notify", "bell", "timestamps"])
def test_a_switch_can_be_turned_off_again(program: str, name: str, home: Path) -> None:
    """The environment turns off what the file turns on, in any usual word."""
    write(home / ".config/chat/chat.toml", f"{name} = true")

    def value(word: str) -> object:
        return getattr(read(program=program, environment=_variable(name, word)), name)

    for word in ("0", "false", "no", "False", "NO"):
        assert value(word) is False
    for word in ("1", "true", "yes", "Yes"):
        assert value(word) is True


def test_a_key_may_be_written_with_a_dash_or_an_underscore() -> None:
    """As on the command line, or as in most files."""
    for key in ("no-status", "no_status"):
        write("chat.toml", f"{key} = true")
        assert read().no_status is True


def test_an_empty_variable_counts_as_none() -> None:
    """Whoever starts programs for others cannot always leave one out."""
    write("chat.toml", 'prompt = "here"\nport = 4')
    settings = read(environment={option.variable: "" for option in OPTIONS})
    assert (settings.port, settings.prompt, settings.host) == (4, "here", "localhost")
    assert read("--prompt", "").prompt == ""


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("~/log", "/home/ann/log"),
        ("./~/log", "./~/log"),
        ("~ann/log", "~ann/log"),
        ("log~", "log~"),
        ("-", "/dev/stderr"),
        ("./-", "./-"),
    ],
)
def test_the_path_of_a_log_is_what_a_shell_makes_of_it(
    given: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From every source: some of them no shell has seen."""
    write("settings", f'frame-log = "{given}"')
    monkeypatch.setenv("HOME", "/home/ann")
    found = [
        read(f"--frame-log={given}").frame_log,
        read(environment={"CHAT_FRAME_LOG": given}).frame_log,
        read("--config", "settings").frame_log,
    ]
    assert found == [path] * 3


def test_the_path_of_a_file_is_not_empty_and_its_home_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Instead of a folder of the name ~, or a file in the root folder."""
    for flag in ("--frame-log", "--config"):
        text = error_text(f"{flag}=")
        assert text == f"{flag}: expected the path of a file, not ''"
    monkeypatch.setenv("HOME", "")
    for flag in ("--frame-log", "--config"):
        assert error_text(f"{flag}=~/x") == (
            f"{flag}: expected a path without ~, as no home folder is known, not '~/x'"
        )


# The file in the current folder.

ELSEWHERE = "use the option, the environment or the file of that name in ~/.config/chat"


def test_every_setting_is_harmless_or_not() -> None:
    """What a file in the current folder can do to somebody who did not look at it."""
    harmful = {"host", "frame_log", "again", "wait", "retry", "keep"}
    harmful |= {"private", "ticket", "new_ticket", "journal", "journal_sync", "forget"}
    assert {option.name for option in OPTIONS} == harmful | {*HARMLESS}


def test_a_file_here_sets_only_what_is_harmless() -> None:
    """Everything else costs one notice, and the program starts."""
    write("chat.toml", 'host = "evil.example"\nframe_log = "/x"\nwait = 0\nport = 4')
    settings = read()
    assert (settings.host, settings.frame_log, settings.wait) == ("localhost", None, 60)
    assert settings.port == 4
    assert settings.notices == [
        "chat.toml in this folder cannot set 'host' and 'frame-log' and 'wait': "
        + ELSEWHERE
    ]


def test_a_file_here_can_only_turn_the_history_off(home: Path) -> None:
    """Typed lines are kept nowhere if the user wants that."""
    write("chat.toml", "no_history = true")
    assert read().no_history is True
    write(home / ".config/chat/chat.toml", "no_history = true")
    for word in ("false", '"No"', "0"):
        write("chat.toml", f"no_history = {word}")
        settings = read()
        assert settings.no_history is True
        assert "'no-history'" in settings.notices[0]


def make_pipe(path: Path) -> None:
    """Put a named pipe there."""
    os.mkfifo(path)


def make_device(path: Path) -> None:
    """Put a link to a device without an end there."""
    path.symlink_to("/dev/zero")


def make_folder(path: Path) -> None:
    """Put a folder there."""
    path.mkdir()


def make_long(path: Path) -> None:
    """Put a file there that is longer than settings can be."""
    path.write_text("port = 4 #" + "x" * SIZE_LIMIT)


def make_writable_for_others(path: Path) -> None:
    """Let everybody write it."""
    path.write_text("port = 4")
    path.chmod(0o606)


def make_writable_for_a_group(path: Path) -> None:
    """Let a group write it that is not the user's own."""
    path.write_text("port = 4")
    path.chmod(0o660)


def make_link_round(path: Path) -> None:
    """Put a link to itself there."""
    path.symlink_to(path)


MENDS = "others may write it; 'chmod go-w chat.toml' mends that"

IGNORED: dict[Callable[[Path], None], str] = {
    make_pipe: "not a regular file",
    make_device: "not a regular file",
    make_folder: "Is a directory",
    make_long: f"longer than {SIZE_LIMIT} bytes",
    make_writable_for_others: MENDS,
    make_writable_for_a_group: MENDS,
    make_link_round: os.strerror(errno.ELOOP),
}


@pytest.fixture
def impatience() -> Iterator[None]:
    """End the tests if a file is waited for."""
    signal.alarm(5)
    yield
    signal.alarm(0)


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize(
    ("make", "reason"), IGNORED.items(), ids=[each.__name__ for each in IGNORED]
)
def test_a_file_here_that_cannot_count_costs_one_notice(
    make: Callable[[Path], None], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the program starts without it, at once."""
    monkeypatch.setattr("chatlib.settings._is_private", lambda group: False)
    make(Path("chat.toml"))
    settings = read()
    assert settings.port == 7777
    assert settings.notices == [f"chat.toml in this folder is ignored: {reason}"]


@pytest.mark.parametrize("status", ["lstat", "fstat"], ids=["link", "file"])
def test_a_file_here_that_belongs_to_somebody_else_is_ignored(
    status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a link: it would choose which of the user's own files is read."""
    write("chat.toml", "port = 4")
    real = getattr(os, status)

    def foreign(file: str | int) -> os.stat_result:
        fields = [*real(file)]
        fields[stat.ST_UID] += 1
        return os.stat_result(fields)

    monkeypatch.setattr(os, status, foreign)
    settings = read()
    assert settings.port == 7777
    assert settings.notices == [
        "chat.toml in this folder is ignored: "
        "it is not yours; '--config chat.toml' reads it all the same"
    ]


def test_a_file_here_may_be_written_by_the_users_own_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many systems make such a group for each user."""
    write("chat.toml", "port = 4")
    Path("chat.toml").chmod(0o664)
    group = Path("chat.toml").stat().st_gid
    monkeypatch.setattr("chatlib.settings._is_private", lambda each: each == group)
    settings = read()
    assert (settings.port, settings.notices) == (4, [])


@pytest.mark.parametrize(
    ("group", "members", "private"),
    [
        ("ann", [], True),
        ("ann", ["ann"], True),
        ("ann", ["ann", "bob"], False),
        ("staff", [], False),
    ],
)
def test_a_private_group_has_the_users_name_and_nobody_else(
    group: str, members: list[str], private: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is that of new files: another one of that name may be anybody's."""
    user = pwd.struct_passwd(("ann", "x", os.geteuid(), 1234, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda number: user)
    monkeypatch.setattr(
        grp, "getgrgid", lambda number: grp.struct_group((group, "x", number, members))
    )
    assert _is_private(1234) is private
    assert _is_private(1235) is False


def test_a_user_without_an_entry_has_no_private_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in many containers."""

    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert _is_private(1234) is False


def test_a_link_to_nothing_is_no_file() -> None:
    """As anywhere else."""
    Path("chat.toml").symlink_to("nowhere")
    assert read().notices == []


def test_the_file_at_home_counts_whole_also_if_it_is_here(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that is started in ~/.config/chat finds it twice."""
    write(home / ".config/chat/chat.toml", 'host = "::1"')
    monkeypatch.chdir(home / ".config/chat")
    settings = read()
    assert (settings.host, settings.notices) == ("::1", [])


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize("make", [make_pipe, make_device, make_long])
def test_a_file_of_the_user_that_cannot_be_read_is_an_error(
    make: Callable[[Path], None], home: Path
) -> None:
    """At once, whether it is named or found."""
    path = home / ".config/chat/chat.toml"
    path.parent.mkdir(parents=True)
    make(path)
    assert error_text() == f"{path}: {IGNORED[make]}"
    assert error_text("--config", str(path)) == f"{path}: {IGNORED[make]}"


# Wrong values, files and command lines.

BAD = {
    "port": ("http", "expected a whole number"),
    "wait": ("soon", "expected a number of seconds"),
    "name": ("x" * 128, "expected a name of 1 to 127 bytes"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("source", ["option", "environment", "file"])
def test_the_error_of_a_bad_value_names_its_source(
    name: str, source: str, home: Path
) -> None:
    """One sentence: where, what was expected, what was found."""
    value, expected = BAD[name]
    path = home / ".config/chat/chat.toml"
    read_from: dict[str, Callable[[], str]] = {
        "option": lambda: error_text(f"--{name}", value),
        "environment": lambda: error_text(environment=_variable(name, value)),
        "file": lambda: error_text(),
    }
    where = {
        "option": f"--{name}",
        "environment": f"CHAT_{name.upper()}",
        "file": f"{path}: {name}",
    }
    if source == "file":
        write(path, f'{name} = "{value}"')
    assert read_from[source]() == f"{where[source]}: {expected}, not {value!r}"


@pytest.mark.parametrize(
    "port", ["-1", "65536", "7" * 22], ids=["-1", "65536", "22-digits"]
)
def test_a_port_has_sixteen_bits(port: str) -> None:
    """Anything beyond is refused before the system sees it."""
    expected = f"expected a port from 0 to 65535, not {port!r}"
    assert error_text("--port", port) == f"--port: {expected}"
    assert error_text(environment={"CHAT_PORT": port}) == f"CHAT_PORT: {expected}"


@pytest.mark.parametrize("seconds", ["-1", "-0.5", "inf", "nan", "1e999"])
def test_seconds_are_finite_and_not_negative(seconds: str) -> None:
    """A program cannot be made to wait for ever by mistake."""
    text = error_text("--wait", seconds)
    assert text == f"--wait: expected a number of seconds, 0 or more, not {seconds!r}"


NO_NUMBERS = [
    "7_7",
    "\u0667\u0667",
    "\uff17",
    "²",
    " 7",
    "7\n",
    "0x7",
    "tcp://10.0.0.1:7777",
    "",
]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_number_has_the_digits_0_to_9_and_nothing_else(text: str) -> None:
    """Python's own converters take most of these."""
    assert error_text("--port", text) == f"--port: expected a whole number, not {text!r}"
    seconds = f"--wait: expected a number of seconds, not {text!r}"
    assert error_text("--wait", text) == seconds


def test_a_host_is_not_empty() -> None:
    """No name at all would stand for every address of the machine."""
    text = error_text("--host", "")
    assert text == "--host: expected the name or address of a host, not ''"


def test_a_long_value_is_not_repeated_as_a_whole() -> None:
    """An error is one sentence, and stays readable."""
    text = error_text("--port", "7" * 5000)
    assert text == f"--port: expected a whole number, not '{'7' * (VALUE_LIMIT - 1)}…"


@pytest.mark.parametrize("name", ["port", "wait", "host", "plain", "no_history"])
def test_a_number_that_python_cannot_print_is_an_error_too(name: str) -> None:
    """Hexadecimal digits are read without a limit, and written as decimals with one."""
    write("settings", f"{name} = 0x{'f' * 5000}")
    text = error_text("--config", "settings")
    assert text.startswith(f"settings: {name}: expected ")
    assert text.endswith(", not a number that long")


def test_a_switch_here_that_is_none_is_an_error() -> None:
    """Also if its value decides whether it counts."""
    write("chat.toml", "no_history = 17")
    assert error_text() == "chat.toml: no_history: expected yes, no, true or false, not 17"


@pytest.mark.parametrize("mode", ["", "Free", "any"], ids=["empty", "Free", "any"])
def test_a_mode_is_turns_or_free(mode: str) -> None:
    """No other word and no other spelling."""
    text = error_text("--mode", mode, program="chatd")
    assert text == f"--mode: expected turns or free, not {mode!r}"


def test_a_look_is_one_of_four() -> None:
    """The error names them."""
    expected = "expected default, contrast, colour-blind or none"
    assert error_text("--look", "dark") == f"--look: {expected}, not 'dark'"


@pytest.mark.parametrize("name", ["x" * 128, "é" * 64], ids=["128-bytes", "64-characters"])
def test_the_limit_of_a_name_counts_bytes(name: str) -> None:
    """As the name travels in HELLO, in UTF-8."""
    assert (
        error_text("--name", name)
        == f"--name: expected a name of 1 to 127 bytes, not {name!r}"
    )


@pytest.mark.parametrize(
    "name",
    [" ", "\u3000\u00a0", "\t", "Ann\x1b[2J", "Ann\u200b", "\u3164", "\udcff"],
    ids=ascii,
)
def test_a_name_is_one_that_can_be_seen(name: str) -> None:
    """The other side would see nothing, or a mark such as `<U+200B>`."""
    expected = "expected a name that can be seen, without control characters"
    assert error_text("--name", name) == f"--name: {expected}, not {name!r}"


WRONG_TYPES = {
    "port = true": "port: expected a whole number, not True",
    "port = 7777.0": "port: expected a whole number, not 7777.0",
    "port = [7777]": "port: expected a whole number, not [7777]",
    "verbose = true": "verbose: expected a whole number, not True",
    "wait = true": "wait: expected a number of seconds, not True",
    "host = 5": "host: expected text, not 5",
    "name = false": "name: expected text, not False",
    "prompt = 5": "prompt: expected text, not 5",
    'frame-log = "a\\u0000b"': "frame-log: expected text, not 'a\\x00b'",
    'plain = "perhaps"': "plain: expected yes, no, true or false, not 'perhaps'",
    "plain = 2": "plain: expected yes, no, true or false, not 2",
}
"""A line of the file, and the error behind the name of the file."""


@pytest.mark.parametrize(("line", "text"), WRONG_TYPES.items(), ids=WRONG_TYPES)
def test_a_value_of_the_wrong_type_in_the_file_is_refused(line: str, text: str) -> None:
    """TOML has types, and no value is converted to another."""
    write("settings", line)
    assert error_text("--config", "settings") == f"settings: {text}"


@pytest.mark.parametrize("value", ["-1", "x"], ids=["negative", "a-word"])
def test_a_level_of_verbosity_is_0_or_more(value: str) -> None:
    """From the environment, where `-v` is a number."""
    assert error_text(environment={"CHAT_VERBOSE": value}).startswith(
        "CHAT_VERBOSE: expected"
    )


def test_a_bad_value_in_a_source_that_does_not_count_is_ignored() -> None:
    """A typo in the environment is harmless for somebody who gives the option."""
    write("chat.toml", 'port = "nonsense"')
    assert read("--port", "1", environment={"CHAT_PORT": "nonsense"}).port == 1


def test_an_unknown_key_in_the_file_is_refused() -> None:
    """Otherwise a typo would have no effect and no error."""
    write("chat.toml", "prot = 7777")
    assert error_text() == "chat.toml: there is no setting 'prot'; --help lists them"
    write("chat.toml", "[server]\nport = 7777")
    assert error_text() == "chat.toml: there is no setting 'server'; --help lists them"


@pytest.mark.parametrize(
    ("program", "line"),
    [("chatd", 'wait = "soon"'), ("chatc", "again = 17")],
    ids=["chatd", "chatc"],
)
def test_a_setting_of_the_other_program_in_the_file_is_ignored(
    program: str, line: str
) -> None:
    """Both programs may share one file; not even its value is checked."""
    write("chat.toml", f"{line}\nport = 5")
    assert read(program=program).port == 5


def test_an_unknown_variable_in_the_environment_is_ignored() -> None:
    """The environment has the variables of many programs."""
    environment = {"CHAT_PROT": "1", "CHAT_AGAIN": "nonsense", "PORT": "1"}
    assert read(environment=environment).port == 7777


NOT_UTF_8 = r"chat\.toml: it is not in UTF-8; save it so"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"port 7777", r"chat\.toml: .*line 1.*"),
        (b'port = 1\nhost = "x', r"chat\.toml: .*"),
        (b'name = "\xff"', NOT_UTF_8),
        ("port = 1".encode("utf-16"), NOT_UTF_8),
        ("port = 1".encode("utf-16-le"), NOT_UTF_8),
    ],
    ids=["no-equals-sign", "open-string", "not-utf-8", "utf-16", "utf-16-without-mark"],
)
def test_the_error_of_a_malformed_file_names_file_and_reason(
    data: bytes, expected: str
) -> None:
    """With the line, where the parser knows it."""
    Path("chat.toml").write_bytes(data)
    assert re.fullmatch(expected, error_text())


def test_a_byte_order_mark_is_no_part_of_the_file() -> None:
    """Some editors begin every file with it."""
    Path("chat.toml").write_bytes(b"\xef\xbb\xbfport = 4")
    assert read().port == 4


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param("9" * 5000, "a number in it is too long", id="5000-digits"),
        pytest.param("[" * 5000, "it is nested too deep", id="5000-brackets"),
    ],
)
def test_a_file_that_breaks_the_parser_is_reported_in_one_sentence_too(
    value: str, reason: str
) -> None:
    """No file ends in a traceback."""
    write("chat.toml", f"port = {value}")
    assert error_text() == f"chat.toml: {reason}"


def test_a_file_named_by_config_must_exist() -> None:
    """chat.toml need not."""
    assert (
        error_text("--config", "missing.toml") == "missing.toml: No such file or directory"
    )
    assert read().port == 7777


def test_an_unreadable_file_is_an_error(home: Path) -> None:
    """To run without its settings would be worse."""
    path = home / ".config/chat/chat.toml"
    path.mkdir(parents=True)
    assert error_text() == f"{path}: Is a directory"
    assert error_text("--config", "a\0b") == "--config: expected text, not 'a\\x00b'"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--nonsense"], id="unknown"),
        pytest.param(["--por", "7777"], id="abbreviated"),
        pytest.param(["localhost"], id="positional"),
        pytest.param(["--port"], id="without-value"),
        pytest.param(["--plain=yes"], id="switch-with-value"),
        pytest.param(["--again"], id="of-the-other-program"),
    ],
)
def test_a_wrong_command_line_is_refused_with_a_pointer_to_help(
    arguments: list[str],
) -> None:
    """In one sentence and as an exception."""
    text = error_text(*arguments)
    assert arguments[0].split("=")[0] in text
    assert text.endswith("; 'chatc --help' lists what there is")


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("--wiat=3", "there is no option --wiat (did you mean --wait?); "),
        ("--timestamp", "there is no option --timestamp (did you mean --timestamps?); "),
        ("--colour=red", "there is no option --colour; "),
        ("--mode", "--mode is an option of chatd alone; "),
        ("--plain=yes", "--plain takes no value; "),
        ("--port", "--port needs a value; "),
        ("friend.example", "'friend.example' has no option before it, such as --host; "),
        ("7777", "'7777' has no option before it, such as --port; "),
    ],
)
def test_a_wrong_command_line_is_told_what_was_meant(argument: str, says: str) -> None:
    """With what to type instead, where that is known."""
    assert error_text(argument).startswith(says)


def test_under_make_the_pointer_to_help_is_one_of_makes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody who only ever typed `make` has a command `chatc`."""
    monkeypatch.setenv("CHAT_MAKE", "1")
    assert error_text("--speed").endswith(
        "; 'make run-client ARGS=--help' lists what there is"
    )


# --help and --version.


def test_version_prints_the_program_and_its_version(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And exits with 0."""
    with pytest.raises(SystemExit) as raised:
        read("--version", program="chatd")
    assert raised.value.code == 0
    assert capsys.readouterr().out == f"chatd {VERSION}\n"


@pytest.mark.parametrize(
    ("program", "other"), [("chatd", "chatc"), ("chatc", "chatd")], ids=["chatd", "chatc"]
)
def test_help_lists_every_option_of_the_program(
    program: str, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --config, --help and --version, and without the other program's own."""
    with pytest.raises(SystemExit) as raised:
        read_settings(program, "A chat.", ["--help"], {}, epilog="What else there is.\n\n")
    assert raised.value.code == 0
    text = capsys.readouterr().out
    flags = set(re.findall(r"(?<=  |, )--[a-z-]+", text))
    expected = {option.flag for option in OPTIONS if option.program != other}
    assert flags == expected | {"--help", "--version", "--config"}
    assert "A chat.\n" in text
    # What a file in the current folder may set.
    listed = re.search(r"only for (.+)\. --frame-log -", " ".join(text.split()))
    assert listed
    names = re.split(r", | and ", listed[1])
    assert tuple(name.replace("-", "_") for name in names) == HARMLESS
    assert "\nWhat else there is.\n" in text


@pytest.mark.parametrize("columns", ["60", "120"])
def test_help_is_as_wide_as_COLUMNS_says(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Less the two columns of argparse's own margin."""
    monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(SystemExit):
        read_settings("chatc", "A chat.", ["--help"], {})
    usage, _, _ = capsys.readouterr().out.partition("\n\n")
    width = max(map(len, usage.split("\n")))
    assert int(columns) - 25 < width <= int(columns) - 2


@pytest.mark.parametrize(
    ("size", "columns"), [(100, 100), (0, 80), (None, 80)], ids=["known", "unset", "none"]
)
@pytest.mark.parametrize(
    "variable",
    ["9" * 5000, "-7", "0", "", "wide"],
    ids=["5000-digits", "negative", "0", "empty", "a-word"],
)
def test_a_malformed_COLUMNS_is_ignored(
    variable: str, size: int | None, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the width of the terminal counts, or 80 where it is unknown."""

    def terminal_size(fd: int) -> os.terminal_size:
        if size is None:
            raise OSError("not a terminal")
        return os.terminal_size((size, 24))

    monkeypatch.setenv("COLUMNS", variable)
    monkeypatch.setattr(os, "get_terminal_size", terminal_size)
    assert _columns() == columns


# A host as people paste it.

PASTED = {
    "localhost:7000": ("localhost", 7000),
    "127.0.0.1:7000": ("127.0.0.1", 7000),
    "*:7000": ("*", 7000),
    "[::1]:7000": ("::1", 7000),
    "[fe80::1%eth0]:7000": ("fe80::1%eth0", 7000),
    "[::1]": ("::1", 7777),
    "::1": ("::1", 7777),
    "::": ("::", 7777),
    "2001:db8::7000": ("2001:db8::7000", 7777),
    "fe80::1%eth0": ("fe80::1%eth0", 7777),
}


@pytest.mark.parametrize("program", ["chatd", "chatc"])
@pytest.mark.parametrize("text", PASTED)
def test_a_host_may_come_with_brackets_and_a_port(program: str, text: str) -> None:
    """An address of IPv6 without brackets is one as a whole."""
    settings = read("--host", text, program=program)
    assert (settings.host, settings.port) == PASTED[text]


@pytest.mark.parametrize("text", [":7000", "[::1", "[localhost]:7000", "[]:7000", "[::1]x"])
def test_a_host_without_a_name_is_refused(text: str) -> None:
    """And brackets stand around an address of IPv6, or nowhere."""
    expected = "expected the name or address of a host"
    assert error_text("--host", text) == f"--host: {expected}, not {text!r}"


@pytest.mark.parametrize("port", ["", "http", "-1", "65536"])
def test_a_wrong_port_of_a_host_is_refused(port: str) -> None:
    """The sentence names the option that the port stands in."""
    assert error_text("--host", f"localhost:{port}").startswith("--host: expected a ")


def test_the_port_of_a_host_and_another_port_must_not_differ() -> None:
    """Where both come from the same source; the sentence names both."""
    assert read("--host", "[::1]:7000", "--port", "7000").port == 7000
    assert error_text("--host", "there:7000", "--port", "8000") == (
        "--host there:7000 and --port 8000 differ: leave one port out"
    )
    write("chat.toml", 'host = "there:7000"\nport = 7000')
    assert read("--config", "chat.toml").port == 7000


def test_the_port_of_a_host_counts_as_one_from_the_source_of_the_host() -> None:
    """It is stronger than those of weaker sources, and no more."""
    weaker = {"CHAT_PORT": "8000"}
    assert read("--host", "there:7000", environment=weaker).port == 7000
    weaker = {"CHAT_HOST": "there:7000"}
    assert read("--port", "8000", environment=weaker).port == 8000
    assert read(environment=weaker).port == 7000


def test_a_port_goes_with_its_host() -> None:
    """Where another host counts, the port of this one does not."""
    settings = read("--host", "here", environment={"CHAT_HOST": "there:7000"})
    assert (settings.host, settings.port) == ("here", 7777)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (("--forget",), "--forget is for a talk with a journal: add --journal"),
        (("--journal-sync",), "--journal-sync is for a talk with a journal: add --journal"),
        (("--journal", "--private"), "--journal would keep a private talk in clear"),
        (("--journal", "--again"), "--journal keeps one talk, and --again has many"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_journal_goes_only_with_what_it_can_keep(
    options: Sequence[str], error: str
) -> None:
    """One sentence for each, before anything is opened."""
    with pytest.raises(UsageError, match=error):
        read(*options, program="chatd")
