"""Option, environment, file, default: the first that is there counts, or is to blame."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from chatlib import VERSION
from chatlib.errors import Exit, UsageError
from chatlib.settings import OPTIONS, Settings, read_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder and with an empty home, whoever runs the tests."""
    home = tmp_path / "home"
    here = tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    return home


def read(
    *arguments: str, program: str = "chatc", environment: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings of a program that is started like this, with nothing else set."""
    return read_settings(program, "A chat.", arguments, environment or {})


def write(path: str | Path, text: str) -> None:
    """Write a file of settings, and the folders on the way to it."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def sentence(
    *arguments: str, program: str = "chatc", environment: Mapping[str, str] | None = None
) -> str:
    """Read settings that make no sense; return what the person is told."""
    with pytest.raises(UsageError) as raised:
        read(*arguments, program=program, environment=environment)
    text = str(raised.value)
    assert raised.value.code == Exit.USAGE
    assert text.isprintable()
    assert not text.endswith(".")
    return text


# What counts.


def test_the_defaults_let_two_programs_find_each_other() -> None:
    """Without a word both mean the same host and port."""
    for program in ("chatd", "chatc"):
        settings = read(program=program)
        assert (settings.host, settings.port) == ("localhost", 7777)
        assert settings.name is None
        assert settings.prompt == ">"
        assert settings.plain is False
        assert settings.no_status is False
        assert settings.no_history is False
        assert settings.bell is False
        assert settings.timestamps is False
        assert settings.verbose == 0
        assert settings.frame_log is None


def test_each_program_has_settings_of_its_own() -> None:
    """Only a client waits for a server; only a server says how, and with how many."""
    server, client = read(program="chatd"), read(program="chatc")
    assert server.again is False
    assert server.mode == "turns"
    assert client.wait == 60.0
    assert not hasattr(server, "wait")
    assert not hasattr(client, "again")
    assert not hasattr(client, "mode")


def test_the_first_source_that_has_a_setting_counts(home: Path) -> None:
    """Option before environment before the file here before the file at home."""
    environment = {"CHAT_PORT": "3"}
    write(home / ".config/chat/chat.toml", "port = 5")
    assert read().port == 5
    write("chat.toml", "port = 4")
    assert read().port == 4
    assert read(environment=environment).port == 3
    assert read("--port", "2", environment=environment).port == 2


def test_every_setting_is_looked_for_by_itself() -> None:
    """One source may have the port and another the host."""
    write("chat.toml", 'host = "file"\nname = "file"\nprompt = "file"')
    environment = {"CHAT_NAME": "environment", "CHAT_PROMPT": "environment"}
    settings = read("--prompt", "option", environment=environment)
    assert (settings.host, settings.name, settings.prompt) == (
        "file",
        "environment",
        "option",
    )


def test_the_file_here_hides_the_file_at_home(home: Path) -> None:
    """One file is read, not two: what stands in a folder is all that counts there."""
    write(home / ".config/chat/chat.toml", "port = 5")
    write("chat.toml", 'host = "here"')
    assert read().port == 7777


def test_the_configuration_folder_can_be_elsewhere(home: Path, tmp_path: Path) -> None:
    """XDG_CONFIG_HOME says where; empty, it says nothing."""
    write(home / ".config/chat/chat.toml", "port = 5")
    write(tmp_path / "xdg/chat/chat.toml", "port = 6")
    assert read(environment={"XDG_CONFIG_HOME": str(tmp_path / "xdg")}).port == 6
    assert read(environment={"XDG_CONFIG_HOME": ""}).port == 5
    assert read(environment={"XDG_CONFIG_HOME": str(tmp_path / "nowhere")}).port == 7777


def test_another_file_can_be_named() -> None:
    """--config is read instead of chat.toml, not as well."""
    write("chat.toml", 'host = "here"')
    write("other.toml", "port = 4")
    settings = read("--config", "other.toml")
    assert (settings.host, settings.port) == ("localhost", 4)


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
    (("--prompt", ""), "", '""', "prompt", ""),
    (("--plain",), "yes", "true", "plain", True),
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
]
"""As an option, in the environment and in the file; the setting, and what it is then."""


def test_no_setting_is_left_out() -> None:
    """What is added to the programs is added to the table above."""
    assert {name for *_, name, _ in SETTINGS} == {option.name for option in OPTIONS}


@pytest.mark.parametrize(("option", "variable", "file", "name", "value"), SETTINGS)
def test_every_setting_can_come_from_every_source(
    option: Sequence[str], variable: str, file: str, name: str, value: object
) -> None:
    """All three say the same and mean the same, type included."""
    write("chat.toml", f"{name.replace('_', '-')} = {file}")
    program = "chatd" if name in ("mode", "again", "keep") else "chatc"
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
@pytest.mark.parametrize("name", ["plain", "no_status", "no_history", "bell", "timestamps"])
def test_a_switch_can_be_turned_off_again(program: str, name: str) -> None:
    """What the file turns on, the environment turns off, in any usual word."""
    write("chat.toml", f"{name} = true")

    def value(word: str) -> object:
        return getattr(read(program=program, environment=_variable(name, word)), name)

    for word in ("0", "false", "no", "False", "NO"):
        assert value(word) is False
    for word in ("1", "true", "yes", "Yes"):
        assert value(word) is True


def test_a_key_may_be_written_with_a_dash_or_an_underscore() -> None:
    """As on the command line, or as in most files."""
    for key in ("frame-log", "frame_log"):
        write("chat.toml", f'{key} = "log"')
        assert read().frame_log == "log"


# What makes no sense.

BAD = {
    "host": ("", "expected the name or address of a host"),
    "port": ("http", "expected a whole number"),
    "wait": ("soon", "expected a number of seconds"),
    "name": ("", "expected 1 to 127 bytes"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("source", ["option", "environment", "file"])
def test_a_bad_value_is_blamed_on_its_source(name: str, source: str) -> None:
    """One sentence: where, what was expected, what was found."""
    value, expected = BAD[name]
    tell: dict[str, Callable[[], str]] = {
        "option": lambda: sentence(f"--{name}", value),
        "environment": lambda: sentence(environment=_variable(name, value)),
        "file": lambda: sentence(),
    }
    where = {
        "option": f"--{name}",
        "environment": f"CHAT_{name.upper()}",
        "file": f"chat.toml: {name}",
    }
    if source == "file":
        write("chat.toml", f'{name} = "{value}"')
    assert tell[source]() == f"{where[source]}: {expected}, not {value!r}"


@pytest.mark.parametrize("port", ["-1", "65536", "7777777777777777777777"])
def test_a_port_has_sixteen_bits(port: str) -> None:
    """Everything beyond is refused before the system is asked."""
    expected = f"expected a port from 0 to 65535, not {port!r}"
    assert sentence("--port", port) == f"--port: {expected}"
    assert sentence(environment={"CHAT_PORT": port}) == f"CHAT_PORT: {expected}"


@pytest.mark.parametrize("seconds", ["-1", "-0.5", "inf", "nan", "1e999"])
def test_seconds_are_a_time_that_passes(seconds: str) -> None:
    """Nobody can wait for ever by mistake, nor less than not at all."""
    told = sentence("--wait", seconds)
    assert told == f"--wait: expected a number of seconds, 0 or more, not {seconds!r}"


@pytest.mark.parametrize("mode", ["", "Free", "any"])
def test_a_mode_is_turns_or_free(mode: str) -> None:
    """There is no third, and no other spelling."""
    told = sentence("--mode", mode, program="chatd")
    assert told == f"--mode: expected turns or free, not {mode!r}"


@pytest.mark.parametrize("name", ["x" * 128, "é" * 64])
def test_a_name_is_limited_in_bytes(name: str) -> None:
    """As it travels, not as it is typed."""
    assert sentence("--name", name) == f"--name: expected 1 to 127 bytes, not {name!r}"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("port = true", "port: expected a whole number, not True"),
        ("port = 7777.0", "port: expected a whole number, not 7777.0"),
        ("port = [7777]", "port: expected a whole number, not [7777]"),
        ("verbose = true", "verbose: expected a whole number, not True"),
        ("wait = true", "wait: expected a number of seconds, not True"),
        ("host = 5", "host: expected text, not 5"),
        ("name = false", "name: expected text, not False"),
        ("prompt = 5", "prompt: expected text, not 5"),
        ('frame-log = "a\\u0000b"', "frame-log: expected text, not 'a\\x00b'"),
        ('plain = "perhaps"', "plain: expected true or false, not 'perhaps'"),
        ("plain = 2", "plain: expected true or false, not 2"),
    ],
)
def test_a_value_of_the_wrong_type_in_the_file_is_refused(line: str, told: str) -> None:
    """TOML has types; a value of another is not bent until it fits."""
    write("chat.toml", line)
    assert sentence() == f"chat.toml: {told}"


@pytest.mark.parametrize("value", ["-1", "x"])
def test_a_level_of_verbosity_is_0_or_more(value: str) -> None:
    """Less than nothing cannot be logged."""
    assert sentence(environment={"CHAT_VERBOSE": value}).startswith(
        "CHAT_VERBOSE: expected"
    )


def test_a_value_that_does_not_count_is_not_looked_at() -> None:
    """A typo in the environment is no obstacle to who says it right on the line."""
    write("chat.toml", 'port = "nonsense"')
    assert read("--port", "1", environment={"CHAT_PORT": "nonsense"}).port == 1


def test_a_key_that_is_no_setting_is_refused() -> None:
    """A typo in the file would otherwise be silence."""
    write("chat.toml", "prot = 7777")
    assert sentence() == "chat.toml: there is no setting 'prot'"
    write("chat.toml", "[server]\nport = 7777")
    assert sentence() == "chat.toml: there is no setting 'server'"


@pytest.mark.parametrize(
    ("program", "line"), [("chatd", 'wait = "soon"'), ("chatc", "again = 17")]
)
def test_the_other_programs_key_is_its_own_business(program: str, line: str) -> None:
    """Both share the file, so each leaves alone what is the other's."""
    write("chat.toml", f"{line}\nport = 5")
    assert read(program=program).port == 5


def test_a_variable_that_is_no_setting_is_left_alone() -> None:
    """The environment belongs to many programs."""
    environment = {"CHAT_PROT": "1", "CHAT_AGAIN": "nonsense", "PORT": "1"}
    assert read(environment=environment).port == 7777


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"port 7777", r"chat\.toml: .*line 1.*"),
        (b'port = 1\nhost = "x', r"chat\.toml: .*"),
        (b'name = "\xff"', r"chat\.toml: .*utf-8.*"),
    ],
)
def test_a_file_that_is_not_toml_is_named_with_the_reason(text: bytes, told: str) -> None:
    """The place in the file too, where there is one."""
    Path("chat.toml").write_bytes(text)
    assert re.fullmatch(told, sentence())


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("9" * 5000, id="more-digits-than-an-int-takes"),
        pytest.param("[" * 5000, id="deeper-than-the-parser-can-go"),
    ],
)
def test_a_file_that_breaks_the_parser_is_one_sentence_too(value: str) -> None:
    """No file, however strange, ends in a traceback."""
    write("chat.toml", f"port = {value}")
    assert sentence().startswith("chat.toml: ")


def test_a_file_that_was_named_must_be_there() -> None:
    """The one that is only looked for need not be."""
    assert sentence("--config", "missing.toml") == "missing.toml: No such file or directory"
    assert read().port == 7777


def test_a_file_that_is_there_must_be_readable(home: Path) -> None:
    """Wherever it is: a setting that is silently left out would be worse."""
    path = home / ".config/chat/chat.toml"
    path.mkdir(parents=True)
    assert sentence() == f"{path}: Is a directory"
    Path("chat.toml").mkdir()
    assert sentence() == "chat.toml: Is a directory"


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
def test_a_wrong_command_line_is_told_where_the_right_one_is(arguments: list[str]) -> None:
    """argparse's own words, but as one sentence and an exception."""
    told = sentence(*arguments)
    assert arguments[0].split("=")[0] in told
    assert told.endswith("; 'chatc --help' lists what there is")


# What only prints.


def test_version_is_the_programs_and_the_projects(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`chatd --version` says both and is no error."""
    with pytest.raises(SystemExit) as raised:
        read("--version", program="chatd")
    assert raised.value.code == 0
    assert capsys.readouterr().out == f"chatd {VERSION}\n"


@pytest.mark.parametrize(("program", "other"), [("chatd", "chatc"), ("chatc", "chatd")])
def test_help_lists_every_option_of_the_program(
    program: str, other: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the two that are not settings, and without the other program's own."""
    with pytest.raises(SystemExit) as raised:
        read_settings(program, "A chat.", ["--help"], {}, epilog="What else there is.\n\n")
    assert raised.value.code == 0
    told = capsys.readouterr().out
    flags = set(re.findall(r"(?<=  |, )--[a-z-]+", told))
    expected = {option.flag for option in OPTIONS if option.only != other}
    assert flags == expected | {"--help", "--version", "--config"}
    assert "A chat.\n" in told
    assert "\nWhat else there is.\n" in told


@pytest.mark.parametrize("columns", ["9" * 5000, "-7", "0", "", "wide"])
def test_a_width_that_is_none_is_not_taken(
    columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the terminal's own counts, or 80."""
    monkeypatch.setenv("COLUMNS", columns)
    assert read_settings("chatd", "", [], {"HOME": "/"})
