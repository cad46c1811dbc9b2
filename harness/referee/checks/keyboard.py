"""Robustness: what a person types who has not read the assignment."""

from harness.referee.bench import Bench, Outcome, failed, passed
from harness.referee.checks import Register
from harness.referee.checks.required import judge_quit, talk_until
from harness.referee.checks.segments import CHARACTERS
from harness.referee.pair import Pair
from harness.referee.profile import other
from harness.referee.result import Layer

keyboard = Register(Layer.ROBUSTNESS)


@keyboard("empty-line", "connects", talks=True)
def empty_line(bench: Bench) -> Outcome:
    """After an empty line the talk goes on."""
    with bench.run() as pair:
        first, second = bench.profile.sides
        talk_until(pair, first)
        pair.types(first, "")
        pair.moments.wait("referee", "for either side to ask")
        if bench.profile.style == "turns":
            pair.watch.until(lambda: pair.asks(first) or pair.asks(second), 1.0)
        pair.watch.until_quiet()
        # If it was sent, the other side has the turn.
        speaker = second if pair.asks(second) and not pair.asks(first) else first
        texts = [pair.line("after it"), pair.line("and on it goes")]
        if pair.says(speaker, texts[0]) and pair.says(other(speaker), texts[1]):
            return passed(f"the {speaker} has the turn after it, and the talk goes on")
        # Where prompts do not show the turns, the line was only typed ahead.
        pair.types(other(speaker), texts[1])
        if pair.arrives(speaker, texts[1]) and pair.arrives(other(speaker), texts[0]):
            return passed(f"the {other(speaker)} has the turn after it")
        return _fail_deadlock(pair, speaker, texts[0])


def _fail_deadlock(pair: Pair, side: str, text: str) -> Outcome:
    if trouble := pair.trouble():
        return failed("an empty line breaks a program off.", _GOES_ON, trouble)
    return failed(
        "after an empty line both sides wait for each other for ever: send() of no bytes "
        "sends nothing, so the other recv() never returns.",
        _GOES_ON,
        f"{text!r}, typed on the {side}'s side, does not arrive; {pair.standings}",
    )


_GOES_ON = "the empty line is sent, or the side prompts again; then the talk goes on"


@keyboard("non-ascii", "connects", talks=True)
def non_ascii(bench: Bench) -> Outcome:
    """Greek, an emoji and a combining mark arrive unchanged."""
    with bench.run() as pair:
        for side in bench.profile.sides:
            text = pair.line(CHARACTERS)
            if not pair.says(side, text):
                return failed(
                    f"characters beyond ASCII typed on the {side}'s side do not arrive as "
                    "they are: encode() and decode() must name the same encoding, UTF-8, "
                    "and a length must count bytes, not characters.",
                    f"the {other(side)} shows {text!r}",
                    pair.trouble() or repr(pair.terminals[other(side)].since.strip()),
                )
        # A length counted in characters leaves a rest, with which the next message begins.
        for side in bench.profile.sides:
            text = pair.line("plain again")
            if not pair.says(side, text):
                return failed(
                    "after characters beyond ASCII the talk is out of step: a length must "
                    "count bytes, not characters.",
                    f"the {other(side)} shows {text!r}",
                    pair.trouble() or pair.standings,
                )
        return passed("both ways")


@keyboard("quit-first", "quit-client", talks=True)
def quit_first(bench: Bench) -> Outcome:
    """The quit word works as the very first line."""
    with bench.run() as pair:
        first = bench.profile.first
        pair.await_prompt(first)
        return judge_quit(bench, pair, first)


@keyboard("quit-inside-word", "connects", talks=True)
def quit_inside_word(bench: Bench) -> Outcome:
    """A line that only contains the quit word is a message."""
    with bench.run() as pair:
        word = bench.profile.quit.word
        for side in bench.profile.sides:
            text = f"what does {word}uiet mean, or a{word}"
            if not pair.says(side, text):
                return failed(
                    f"a line that only contains {word} is not shown as a message: compare "
                    "the whole line with it, instead of looking for it inside.",
                    f"the {other(side)} shows {text!r}",
                    pair.standings,
                )
        return passed("it is a message, both ways")


@keyboard("type-ahead", "connects", talks=True)
def type_ahead(bench: Bench) -> Outcome:
    """Two lines typed ahead arrive as two messages, in order."""
    with bench.run() as pair:
        first, second = bench.profile.sides
        talk_until(pair, second)
        texts = [pair.line("typed ahead"), pair.line("and this too")]
        for text in texts:
            pair.types(first, text)
        for text in texts:
            if bench.profile.style == "turns":
                pair.watch.until_quiet()
                if pair.times_shown(second, text):
                    return _fail_out_of_turn(pair, first, second)
                pair.await_prompt(second)
                pair.types(second, pair.line("an answer"))
            if not pair.arrives(second, text):
                return _fail_lost(pair, second, text, texts)
        return passed("both arrive, in order")


def _fail_out_of_turn(pair: Pair, first: str, second: str) -> Outcome:
    return failed(
        f"a line typed ahead on the {first}'s side is sent before its turn.",
        "it waits until it is the turn of who typed it",
        f"the {second} shows it before it has answered",
    )


def _fail_lost(pair: Pair, side: str, text: str, texts: list[str]) -> Outcome:
    shown = pair.terminals[side].text
    glued = any(all(each in line for each in texts) for line in shown.split("\n"))
    why = (
        "both are shown as one message: the messages need an end that recv() can be held "
        "against."
        if glued
        else "it is lost, or the two sides wait for each other for ever."
    )
    return failed(
        f"a line typed ahead does not arrive as a message of its own: {why}",
        f"the {side} shows {text!r}",
        pair.trouble() or pair.standings,
    )
