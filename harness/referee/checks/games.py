"""Extra credit: a game in the middle of the talk, as the profile's script tells it.

One run shows the first four. What a game shows is not known here: a script's
steps have what must be seen, and what is typed then.
"""

import re
from collections.abc import Mapping, Sequence

from harness.referee.bench import Bench, Outcome, failed, not_run, passed
from harness.referee.checks import Register
from harness.referee.checks.required import judge_quit
from harness.referee.pair import Pair
from harness.referee.profile import Case, Step, other
from harness.referee.result import Layer

games = Register(Layer.EXTRA)
in_games = Register(Layer.ROBUSTNESS)


@games("game-starts", "connects", talks=True)
def game_starts(bench: Bench) -> Outcome:
    """A game starts."""
    return _judge_game(bench, "start")


@games("game-turns", "game-starts", talks=True)
def game_turns(bench: Bench) -> Outcome:
    """It takes turns."""
    return _judge_game(bench, "turns")


@games("game-bad-move", "game-starts", talks=True)
def game_bad_move(bench: Bench) -> Outcome:
    """A bad move is refused."""
    return _judge_game(bench, "bad_move")


@games("game-ends", "game-turns", talks=True)
def game_ends(bench: Bench) -> Outcome:
    """It ends, and the chat goes on."""
    return _judge_game(bench, "end")


@in_games("quit-in-game", "game-starts", "quit-client", "quit-server", talks=True)
def quit_in_game(bench: Bench) -> Outcome:
    """The quit word during a game ends the talk too."""
    with bench.run() as pair:
        missed = _pass_turn(bench, pair) or _play(pair, bench.profile.game.start)
        if missed:
            return not_run(f"the game did not start: {missed}")
        pair.watch.until_quiet()
        first, second = bench.profile.sides
        side = second if pair.asks(second) and not pair.asks(first) else first
        return judge_quit(bench, pair, side)


def _judge_game(bench: Bench, part: str) -> Outcome:
    if not bench.profile.game.start:
        return not_run("the profile has no game script")
    outcomes = bench.share("game", _play_game)
    return outcomes.get(part) or not_run("the game did not get so far")


def _play_game(bench: Bench) -> Mapping[str, Outcome]:
    game = bench.profile.game
    outcomes: dict[str, Outcome] = {}
    with bench.run() as pair:
        _pass_turn(bench, pair)
        for part in ("start", "turns", "bad_move", "end"):
            steps: Sequence[Step] = getattr(game, part)
            if not steps:
                outcomes[part] = not_run("the profile's script says nothing of it")
                continue
            missed = _play(pair, steps)
            if not missed and part == "end":
                missed = _chat_goes_on(pair)
            outcomes[part] = _fail(pair, missed) if missed else passed()
            if missed:
                break
    return outcomes


def _pass_turn(bench: Bench, pair: Pair) -> str:
    """Pass the turn to the side with which the script begins; return what was missed."""
    first = bench.profile.first
    if first == bench.first_wanted or pair.says(first, pair.line("a word before")):
        return ""
    return "a plain line before the game did not arrive"


def _fail(pair: Pair, missed: str) -> Outcome:
    return failed(
        f"the game does not do what the profile's script says: {missed}.",
        missed,
        pair.trouble() or pair.standings,
    )


def _play(pair: Pair, steps: Sequence[Step]) -> str:
    """Play steps; return what was missed, or nothing."""
    for step in steps:
        for _ in range(step.repeat):
            if step.until and _seen(pair, step.side, step.until):
                break
            missed = _play_step(pair, step)
            if missed:
                return missed
    return ""


def _play_step(pair: Pair, step: Step) -> str:
    """Wait for what a step or one of its cases expects, and type its answer."""
    cases = step.cases or (Case(step.expect, step.type),)
    wanted = " or ".join(repr(case.expect) for case in cases)
    pair.moments.wait(step.side, f"to show {wanted}")

    def found() -> Case | None:
        return next((each for each in cases if _seen(pair, step.side, each.expect)), None)

    pair.watch.until(lambda: found() is not None, pair.profile.limits.wait)
    case = found()
    if case is None:
        return f"the {step.side} should show {wanted}"
    if case.type is not None:
        pair.watch.until_quiet()  # a game may have a prompt of its own, or none
        pair.types(step.side, case.type)
    return ""


def _seen(pair: Pair, side: str, pattern: str) -> bool:
    return bool(re.search(pattern, pair.terminals[side].since))


def _chat_goes_on(pair: Pair) -> str:
    pair.watch.until_quiet()
    first, second = pair.profile.sides
    side = second if pair.asks(second) and not pair.asks(first) else first
    text = pair.line("a good game")
    if pair.says(side, text):
        return ""
    return f"after the game the {other(side)} should show {text!r}"
