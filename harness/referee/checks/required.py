"""What the assignment asks: a talk of six lines in turns, a goodbye on each side.

One run shows most of it, and several checks share its outcomes. These runs have no relay
in between, so that it can never be to blame.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from harness.referee.bench import (
    Bench,
    Outcome,
    does_not_apply,
    failed,
    not_run,
    passed,
)
from harness.referee.checks import Register
from harness.referee.pair import Pair, Unreached, resume, stop
from harness.referee.profile import SIDES, other
from harness.referee.result import Layer, Verdict

required = Register(Layer.REQUIRED)

PROMPT_SHOWN = 40
"""Characters of what may be a prompt that an explanation repeats."""

LINES = (
    "Hello there",
    "How ARE you?",
    "  An indented line,  with two blanks",
    "  So is this,  Punctuation; and (Brackets)",
    "A line with 0123456789 + - * / = % in it",
    "That is all, Thank you!",
)
"""Typed in turns. Each way there are capitals, and blanks that might be lost."""


@required("starts")
def starts(bench: Bench) -> Outcome:
    """The server starts and listens."""
    return _talk(bench)["starts"]


@required("connects", "starts")
def connects(bench: Bench) -> Outcome:
    """The client starts and connects to the server."""
    return _talk(bench)["connects"]


@required("prompts-first", "connects")
def prompts_first(bench: Bench) -> Outcome:
    """The right side asks for the first line, and only that one."""
    return _talk(bench)["prompts-first"]


@required("six-lines", "connects")
def six_lines(bench: Bench) -> Outcome:
    """Six lines arrive unchanged, each once, in order."""
    return _talk(bench)["six-lines"]


@required("turns", "connects")
def turns(bench: Bench) -> Outcome:
    """After each line just one side asks, the right one, once."""
    return _talk(bench)["turns"]


@required("quit-client", "connects", talks=True)
def quit_client(bench: Bench) -> Outcome:
    """The quit word on the client's side ends the talk."""
    return _quit(bench, "client")["quit"]


@required("quit-server", "connects", talks=True)
def quit_server(bench: Bench) -> Outcome:
    """The quit word on the server's side ends the talk."""
    return _quit(bench, "server")["quit"]


@required("clean-exit", "connects", talks=True)
def clean_exit(bench: Bench) -> Outcome:
    """After a goodbye both exit cleanly and leave nothing behind."""
    outcomes = [_quit(bench, side)["clean"] for side in ("client", "server")]
    bad = [each for each in outcomes if each.verdict is Verdict.FAIL]
    unseen = [each for each in outcomes if each.verdict is Verdict.NOT_RUN]
    if bad:
        return bad[0]
    return unseen[0] if len(unseen) == len(outcomes) else passed()


@required("no-traceback", "starts")
def no_traceback(bench: Bench) -> Outcome:
    """No traceback is seen in anything that the assignment asks for."""
    _talk(bench)
    if not bench.trouble and bench.can_talk:
        _quit(bench, "client")
        _quit(bench, "server")
    if bench.trouble:
        return failed(
            "one of your programs ends by an exception that nothing caught; its last line "
            "says which.",
            "no traceback on either screen",
            bench.trouble,
        )
    return passed()


@required("restart", "connects", talks=True)
def restart(bench: Bench) -> Outcome:
    """The server can be started again at once after it has quit first."""
    with bench.run() as pair:
        talk_until(pair, "server")
        client, server = pair.terminals["client"], pair.terminals["server"]
        # The end that closes first keeps the port in TIME_WAIT: that must be the server.
        stop(client)
        pair.types("server", bench.profile.quit.word)
        pair.watch.until(lambda: server.has_ended, 1.0)
        resume(client)
        if not pair.watch.until(lambda: server.has_ended, bench.profile.quit.within):
            return not_run("the server did not end by the quit word")
        pair.watch.until(lambda: client.has_ended, 0.5)
        client.kill()
        pair.moments.note("referee", ":", "starts the server again at once")
        if pair.start("server") and pair.listens():
            bench.reuses_port = True
            return passed("the server listens again")
        return failed(
            "your server cannot be started again for a minute: who closes a connection "
            "first keeps its port in TIME_WAIT, and bind() refuses such a port unless "
            "SO_REUSEADDR is set before.",
            "the server listens again at once",
            f"the server {pair.standing('server')}: {_last_line(pair, 'server')}",
        )


# One run for the first five checks.


def _talk(bench: Bench) -> Mapping[str, Outcome]:
    return bench.share("talk", _play_talk)


def _play_talk(bench: Bench) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    with bench.run(started=False) as pair:
        outcomes["starts"] = _judge_start(pair)
        if outcomes["starts"].verdict is Verdict.PASS:
            outcomes["connects"] = _judge_connection(pair)
            if outcomes["connects"].verdict is Verdict.PASS:
                outcomes["prompts-first"] = _judge_first_prompt(bench, pair)
                outcomes["six-lines"], outcomes["turns"] = _judge_lines(bench, pair)
        bench.trouble = bench.trouble or pair.trouble()
    return outcomes


def _judge_start(pair: Pair) -> Outcome:
    if pair.profile.order == "client":
        pair.start("client")
    if pair.start("server") and pair.listens():
        return passed(f"listens on port {pair.port}")
    if "server" in pair.terminals and pair.listeners():
        return failed(
            f"your server listens on another port than on {pair.port}, which it was told.",
            f"it listens on port {pair.port}",
            f"it listens on port {pair.listeners()[0].local}",
        )
    if _asks_something(pair):
        return failed(
            "your server waits for an answer before it listens: if it is to ask something, "
            "the profile has to say in `questions` what is typed then.",
            "the server's process has a socket that listens",
            f"the server {pair.standing('server')} behind: {_last_line(pair, 'server')}",
        )
    return failed(
        "your server never came to listen(): nobody can connect to it.",
        "the server's process has a socket that listens",
        f"the server {pair.standing('server')}: {_last_line(pair, 'server')}",
    )


def _asks_something(pair: Pair) -> bool:
    """Return whether the server has shown half a line, and waits behind it."""
    server = pair.terminals.get("server")
    if server is None or server.has_ended:
        return False
    return bool(server.text) and not server.text.endswith("\n")


def _judge_connection(pair: Pair) -> Outcome:
    started = pair.profile.order == "client" or pair.start("client")
    if started and pair.connects():
        return passed(f"connected to port {pair.port}")
    return failed(
        "your client never had a connection that your server had accepted: see that "
        "both use the same port, and that the server calls accept().",
        f"an established connection to port {pair.port}",
        f"the client {pair.standing('client')}: {_last_line(pair, 'client')}",
    )


def _judge_first_prompt(bench: Bench, pair: Pair) -> Outcome:
    first, second = bench.first_wanted, other(bench.first_wanted)
    if pair.profile.style == "free":
        pair.watch.until_quiet()
        return does_not_apply("in a free talk anybody may begin")
    if not pair.profile.program(first).prompt:
        pair.watch.until_quiet()
        return does_not_apply("the profile says that there is no prompt to see")
    expected = f"the {first} prompts, the {second} waits"
    pair.watch.until(lambda: pair.asks(first), pair.profile.limits.wait)
    right = pair.asks(first)
    pair.watch.until_quiet()
    if right and not pair.asks(second):
        return passed(expected)
    if not right and pair.asks(second):
        # One rule is broken; all others are checked with the turns as they are.
        bench.profile = pair.profile = replace(bench.profile, first=second)
    wrong = "both sides prompt at once" if right else f"the {first} does not prompt"
    other_prompt = "" if right else _find_other_prompt(pair, first)
    return failed(
        other_prompt
        or f"{wrong}: the {first} has the first turn, and the {second} must be in recv() "
        "then, not in input().",
        expected,
        pair.standings,
    )


def _judge_lines(bench: Bench, pair: Pair) -> tuple[Outcome, Outcome]:
    """Type all lines in turns; return the outcome of the lines, and of the turns."""
    texts, wrong = [], ""
    broken: Outcome | None = None
    for number, words in enumerate(LINES):
        side = pair.profile.sides[number % 2]
        text = pair.line(words)
        texts.append((side, text))
        if not pair.says(side, text) and not _came_partly(pair, other(side), text):
            lost = _fail_lost(pair, side, text)
            return lost, broken or not_run("a line did not arrive, and nobody had a turn")
        bench.can_talk = bench.can_talk or number == 1
        pair.watch.until_quiet()
        if number < 2 and not pair.watch.is_stuck:  # each side has had a turn
            bench.busy |= frozenset(each for each in SIDES if pair.watch.spins(each, 0.15))
        broken = broken or _judge_turn(pair, other(side))
    for side, text in texts:
        wrong = wrong or _describe_change(pair, other(side), text)
    lines = passed("six lines, unchanged") if not wrong else _fail_changed(wrong)
    return lines, broken or passed("six turns")


def _came_partly(pair: Pair, side: str, text: str) -> bool:
    """Return whether a part of a text was shown: its number, which no other has."""
    return text[-2:] in pair.terminals[side].text


def _describe_change(pair: Pair, side: str, text: str) -> str:
    """Return how a text has changed on its way; empty: it has not."""
    count = pair.times_shown(side, text)
    if count == 1:
        return ""
    shown = [line for line in pair.terminals[side].text.split("\n") if text[-2:] in line]
    if count:
        return f"the {side} shows {text!r} {count} times"
    return f"instead of {text!r} the {side} shows {shown[0] if shown else 'nothing'!r}"


def _fail_changed(wrong: str) -> Outcome:
    return failed(
        "a line does not arrive as it was typed: a message must be shown with its blanks "
        "and capitals, and once.",
        "six lines, unchanged, each once",
        wrong,
    )


def _fail_lost(pair: Pair, side: str, text: str) -> Outcome:
    peer = other(side)
    return failed(
        f"the line {text!r} typed on the {side}'s side is not shown by the {peer}: either "
        "it was never sent, or the other side was not in recv() when it should have been.",
        f"the {peer} shows {text!r}",
        pair.standings,
    )


def _find_other_prompt(pair: Pair, side: str) -> str:
    """Return a sentence about what may be the prompt of a side that seems to have none.

    Empty where its screen ends with a whole line, as that of a program which waits.
    """
    end = pair.terminals[side].since.rpartition("\n")[2]
    if not end.strip():
        return ""
    return (
        f"the {side}'s screen ends with {end[-PROMPT_SHOWN:]!r}, which is no prompt that "
        "the profile names: if it is the prompt, this is no fault of the pair. --guess "
        "writes a profile, --profile judges with it."
    )


def _judge_turn(pair: Pair, turn: str) -> Outcome | None:
    """Judge the prompts: there must be one, on the side whose turn it is."""
    if pair.profile.style == "free":
        return does_not_apply("in a free talk there are no turns")
    if not pair.profile.program(turn).prompt:
        return does_not_apply("the profile says that there is no prompt to see")
    count, other_count = pair.prompts(turn), pair.prompts(other(turn))
    if count == 1 and not other_count:
        return None
    wrong = f"the {turn} prompts {count} times"
    if other_count:
        wrong = f"the {other(turn)} prompts while it is the {turn}'s turn"
    elif not count:
        wrong = f"the {turn} does not prompt although it is its turn"
    nothing = not count and not other_count
    return failed(
        (_find_other_prompt(pair, turn) if nothing else "")
        or f"{wrong}: each side must do input(), send(), recv(), show, and so on, one "
        "after the other.",
        f"one prompt, on the {turn}'s side",
        pair.standings,
    )


# A goodbye on each side.


def _quit(bench: Bench, side: str) -> Mapping[str, Outcome]:
    return bench.share(f"quit-{side}", partial(_play_quit, side=side))


def _play_quit(bench: Bench, side: str) -> dict[str, Outcome]:
    with bench.run() as pair:
        try:
            talk_until(pair, side)
            outcome = judge_quit(bench, pair, side)
        except Unreached as unreached:
            outcome = not_run(str(unreached))
        clean = _judge_exit(bench, pair, side, outcome)
        bench.trouble = bench.trouble or pair.trouble()
    return {"quit": outcome, "clean": clean}


def talk_until(pair: Pair, side: str) -> None:
    """Type a line each way, or as many as it takes until a side has the turn."""
    first, second = pair.profile.sides
    for speaker in (first, second, first)[: 2 if side == first else 3]:
        if not pair.says(speaker, pair.line("a word before")):
            raise Unreached(f"a plain line typed on the {speaker}'s side did not arrive")
    pair.await_prompt(side)


def judge_quit(bench: Bench, pair: Pair, side: str) -> Outcome:
    """Type the quit word, and judge which programs end: both must, or that side's."""
    quit = bench.profile.quit
    must = ("client", "server") if bench.quit_ends == "both" else (side,)
    pair.types(side, quit.word)
    pair.moments.wait("referee", f"for {' and '.join(must)} to end")
    terminals = [pair.terminals[each] for each in must]
    if pair.watch.until(lambda: all(each.has_ended for each in terminals), quit.within):
        return passed(pair.standings)
    left = [each for each in must if not pair.terminals[each].has_ended]
    if left == [other(side)]:
        why = (
            f"the {side} ends and the {left[0]} does not: it must tell its peer before it "
            "goes, or the peer must take the end of the stream (recv() gives nothing) "
            "for a goodbye."
        )
    else:
        why = (
            f"{quit.word} typed on the {side}'s side does not end the {left[0]}: look at "
            "what was typed before it is sent as a message."
        )
    return failed(why, f"{' and '.join(must)} end within {quit.within:g} s", pair.standings)


def _judge_exit(bench: Bench, pair: Pair, side: str, outcome: Outcome) -> Outcome:
    """Judge how the programs that ended have ended."""
    ended = [each for each in pair.terminals.values() if each.has_ended]
    if not ended:
        return not_run("neither program ended")
    for terminal in ended:
        codes = bench.profile.program(terminal.actor).codes
        if terminal.exit_code is None or (codes and terminal.exit_code not in codes):
            return failed(
                f"after {bench.profile.quit.word} on the {side}'s side the "
                f"{terminal.actor} ends as one that failed: {terminal.ending}.",
                f"exit code {' or '.join(map(str, codes)) or 'of its own'}",
                pair.standings,
            )
    for terminal in pair.terminals.values():
        if outcome.verdict is Verdict.FAIL and pair.watch.spins(terminal.actor):
            return failed(
                f"after {bench.profile.quit.word} the {terminal.actor} spins: recv() "
                "gives nothing at the end of a stream, at once, again and again.",
                "programs that have ended, or wait",
                f"the {terminal.actor} uses the processor all the time",
            )
    left = pair.leftovers()
    if left:
        return failed(
            "something that your program started still runs after it has ended.",
            "nothing left running",
            f"{len(left)} process(es) left",
        )
    return passed(pair.standings)


def _last_line(pair: Pair, side: str) -> str:
    terminal = pair.terminals.get(side)
    return terminal.last_lines[-1] if terminal else "its command cannot be run"
