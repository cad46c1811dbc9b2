"""A proposal for a profile: run the pair, type marker lines, and look at what comes.

It is printed as TOML for a person to read and change. Nothing is scored by it: a guess
that nobody has looked at would turn one wrong line into a wrong grade.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

from harness.referee import isolation
from harness.referee.bench import Bench
from harness.referee.pair import Pair, Unreached
from harness.referee.profile import SIDES, Profile, ProfileError, other
from harness.referee.trial import find_commands, prepare


def propose(profile: Profile, folder: Path, say: Callable[[str], None] = print) -> int:
    """Run the pair and print a profile; return 0, or 3 if it could not be run."""
    try:
        profile = find_commands(profile, folder)
        prepare(profile, folder)
    except ProfileError as error:
        say(f"# {error}")
        return 3
    bench = Bench(profile, folder, "both", isolated=isolation.isolate())
    try:
        with bench.run(started=False) as pair:
            lines, first = _observe(pair)
        with bench.run(started=False) as pair:
            lines += ["", *_describe_goodbye(pair, first)]
    except Unreached as unreached:
        say(f"# nothing could be guessed: {unreached}")
        return 3
    for line in lines:
        say(line)
    return 0


def _start(pair: Pair) -> None:
    """Start both and wait until they are quiet. Raises Unreached."""
    for side in SIDES:
        if not pair.start(side) or (side == "server" and not pair.listens()):
            said = pair.terminals[side].last_lines if side in pair.terminals else ()
            raise Unreached(f"the {side} {pair.standing(side)}; it shows {list(said)}")
    if not pair.connects():
        raise Unreached("the client did not reach the server")
    pair.watch.until_quiet()


def _observe(pair: Pair) -> tuple[list[str], str]:
    """Look at prompts, type marker lines; return the profile's lines and the first side."""
    _start(pair)
    prompts = {side: _prompt_at_end(pair.terminals[side].text) for side in SIDES}
    first = next((side for side in ("client", "server") if prompts[side]), "client")
    shows = {}
    for side in (first, other(first)):
        shows[other(side)] = _type_marker(pair, side, prompts)
    free = _may_speak_again(pair, first)
    table = [
        "# A guess, made by running the pair once: read it, change it, then referee by it.",
        f'style = "{"free" if free else "turns"}"',
        f'first = "{first}"',
        f"port = {pair.port}" if not pair.profile.port_is_free else "# port: as told",
    ]
    for side in SIDES:
        table += ["", *_describe_program(pair, side, prompts[side], shows[side])]
    return table, first


def _type_marker(pair: Pair, side: str, prompts: dict[str, str]) -> str:
    """Type a marker; return how the other side shows it, and learn its prompt."""
    text, peer = pair.line("Marker Line"), other(side)
    pair.types(side, text)
    terminal = pair.terminals[peer]
    pair.watch.until(
        lambda: text.lower() in terminal.text.lower(), pair.profile.limits.wait
    )
    pair.watch.until_quiet()
    lines = terminal.text.split("\n")
    found = [line for line in lines if text.lower() in line.lower()]
    after = terminal.text[terminal.text.lower().rfind(text.lower()) + len(text) :]
    if found and after:
        prompts[peer] = prompts[peer] or _prompt_at_end(after.partition("\n")[2])
    return _pattern_around(found[0], text, prompts[peer]) if found else ""


def _pattern_around(line: str, text: str, prompt: str) -> str:
    """Return a line with `{text}` in place of the marker, without the prompt before it."""
    start = line.lower().index(text.lower())
    before = line[:start].removeprefix(prompt.strip("\n")).lstrip()
    same = line[start : start + len(text)] == text
    return f"{before}{{text}}" + ("" if same else "\tlower")


def _may_speak_again(pair: Pair, side: str) -> bool:
    """Return whether a second line gets through with no answer to the first."""
    for _ in range(2):
        text = pair.line("Marker Line")
        pair.types(side, text)
        pair.watch.until_quiet()
    return text.lower() in pair.terminals[other(side)].text.lower()


def _prompt_at_end(text: str) -> str:
    """Return what looks like a prompt at the end of an output."""
    last = text.rpartition("\n")[2]
    return last if last.strip() else ""


def _describe_program(pair: Pair, side: str, prompt: str, shows: str) -> list[str]:
    lines = [f"[{side}]", f"command = {_quoted(pair.profile.program(side).command)}"]
    if prompt:
        lines.append(f"prompt = {_quoted(_expression(prompt))}  # seen: {prompt!r}")
    else:
        lines.append('prompt = ""  # none was seen; one that ends its line is not, either')
    pattern, _, transform = shows.partition("\t")
    if not shows:
        lines.append('# shows: the marker line was not seen here; the default is "{text}"')
    else:
        lines.append(f"shows = {_quoted(pattern)}")
    if transform:
        lines.append(f"transform = {_quoted(transform)}")
    return lines


def _describe_goodbye(pair: Pair, side: str) -> list[str]:
    """Type the quit word after a line each way; return lines on which program ends."""
    _start(pair)
    for speaker in (side, other(side)):
        pair.types(speaker, pair.line("Marker Line"))
        pair.watch.until_quiet()
    word = pair.profile.quit.word
    pair.types(side, word)
    pair.watch.until(lambda: all(each.has_ended for each in pair.terminals.values()), 2.0)
    return [
        "[quit]",
        f"word = {_quoted(word)}",
        f"# After it, typed on the {side}'s side: {pair.standings}.",
        '# ends = "both"  # or "typist"; without it the term\'s text says who must end',
        "",
        "# Not seen by a guess: games, exit codes, what a second client gets.",
    ]


def _expression(prompt: str) -> str:
    return re.escape(prompt.rstrip()).replace(r"\ ", " ") + r" *\n?"


def _quoted(text: str) -> str:
    """Return a TOML string; its basic form is that of JSON."""
    return json.dumps(text, ensure_ascii=False)
