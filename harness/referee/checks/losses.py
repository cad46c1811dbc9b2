"""Robustness: one side is not there, or not there any more.

The side that is left should end or say so. It must not show a traceback, must not spin,
and must not treat the end of a stream, at which recv() returns nothing, as an empty
message.
"""

import re
import signal

from harness.referee.bench import Bench, Outcome, failed, not_run, passed, tolerated
from harness.referee.checks import Register
from harness.referee.checks.required import talk_until
from harness.referee.pair import Pair
from harness.referee.profile import other
from harness.referee.result import Layer

losses = Register(Layer.ROBUSTNESS)

_WORD = re.compile(r"[^\W\d_]{2}")
"""An output that has a word in it counts as a sentence."""


@losses("client-first", "starts")
def client_first(bench: Bench) -> Outcome:
    """A client without a server waits for it, or ends with a sentence."""
    if bench.profile.order == "client":
        return not_run("the profile says that the client is started first")
    with bench.run(started=False) as pair:
        if not pair.start("client"):
            return not_run("the client cannot be started")
        client = pair.terminals["client"]
        pair.moments.wait("referee", "for the client to end or to rest")
        pair.watch.until(lambda: client.has_ended, 2.0)
        wrong = _judge_breakage(pair, "client", "without a server to connect to")
        if wrong:
            return wrong
        if not client.has_ended:
            return _judge_late_server(pair)
        if _WORD.search(client.text):
            return passed("the client ends with a sentence")
        return tolerated(
            "your client ends without a word when there is no server: a person cannot "
            "know why.",
            "a sentence that says that there is no server",
            f"the client {client.ending}, and shows nothing",
        )


def _judge_late_server(pair: Pair) -> Outcome:
    pair.moments.note("referee", ":", "starts the server")
    if pair.start("server") and pair.listens() and pair.connects():
        return passed("the client waits for its server, and finds it")
    return tolerated(
        "your client waits although there is no server, and does not find the one that "
        "comes later.",
        "the client ends, or connects to a server that comes later",
        pair.standings,
    )


@losses("server-killed", "connects", talks=True)
def server_killed(bench: Bench) -> Outcome:
    """The client ends or says so when its server is killed."""
    return _judge_killed(bench, "server")


@losses("client-killed", "connects", talks=True)
def client_killed(bench: Bench) -> Outcome:
    """The server ends or says so when its client is killed."""
    return _judge_killed(bench, "client")


def _judge_killed(bench: Bench, victim: str) -> Outcome:
    with bench.run() as pair:
        survivor = other(victim)
        talk_until(pair, victim)  # then the other side waits in recv()
        begun = len(pair.terminals[survivor].text)
        pair.moments.note(victim, ":", "is killed")
        pair.terminals[victim].signals(signal.SIGKILL)
        return _judge_survivor(pair, survivor, begun, f"after the {victim} was killed")


@losses("reset", "connects", talks=True)
def reset(bench: Bench) -> Outcome:
    """Both sides end or say so when the connection is reset."""
    if not bench.can_relay:
        return not_run(NO_RELAY)
    with bench.run(relayed=True) as pair:
        reader, writer = bench.profile.sides
        talk_until(pair, writer)
        begun = {side: len(pair.terminals[side].text) for side in (reader, writer)}
        assert pair.relay
        pair.moments.note("network", ":", "resets the connection, both ways")
        pair.relay.reset()
        outcome = _judge_survivor(pair, reader, begun[reader], "after a reset")
        if outcome.explanation or pair.terminals[writer].has_ended:
            return outcome if outcome.explanation else _judge_writer(pair, writer, outcome)
        # It may wait in input() and notice only now; or both have connected again.
        text = pair.line("is anybody there?")
        pair.types(writer, text)
        if not pair.terminals[reader].has_ended and pair.arrives(reader, text):
            return passed("both find each other again, and nothing is lost")
        return _judge_survivor(pair, writer, begun[writer], "after a reset")


def _judge_writer(pair: Pair, side: str, good: Outcome) -> Outcome:
    return _judge_breakage(pair, side, "after a reset") or good


def _judge_survivor(pair: Pair, side: str, begun: int, when: str) -> Outcome:
    """Judge how a side behaves that has lost its peer."""
    terminal = pair.terminals[side]
    pair.moments.wait(side, "to end or to say so")
    spins = pair.watch.spinning(side)
    pair.watch.until(
        lambda: terminal.has_ended or bool(_new_words(pair, side, begun)) or spins(),
        pair.profile.limits.wait,
    )
    pair.watch.until_quiet(0.5)
    wrong = _judge_breakage(pair, side, when)
    if wrong:
        return wrong
    if terminal.has_ended:
        return passed(f"the {side} {terminal.ending}")
    if _new_words(pair, side, begun):
        return passed(f"the {side} says so")
    expected = f"the {side} ends, or says that its peer is gone"
    if pair.asks(side) and len(terminal.text) > begun:
        return failed(
            f"{when} your {side} prompts on as if an empty message had come: recv() that "
            "gives nothing means that the peer will never send again.",
            expected,
            f"the {side} prompts",
        )
    return failed(
        f"{when} your {side} says nothing and waits for ever: recv() that gives nothing "
        "means that the peer will never send again.",
        expected,
        f"the {side} {pair.standing(side)}",
    )


def _judge_breakage(pair: Pair, side: str, when: str) -> Outcome | None:
    """Judge what nobody should see: a traceback, a crash, a program that spins."""
    expected = f"the {side} ends, waits, or says what is wrong"
    terminal = pair.terminals[side]
    if trouble := pair.trouble(side):
        return failed(
            f"{when} your {side} breaks off: connect(), send() and recv() raise an "
            "exception when the peer is not there, and nothing caught it.",
            expected,
            trouble,
        )
    if terminal.flooded or pair.watch.spins(side):
        return failed(
            f"{when} your {side} spins: at the end of a stream recv() gives nothing at "
            "once, again and again, and a loop around it never ends.",
            expected,
            "it prints without end" if terminal.flooded else "it uses the processor",
        )
    return None


def _new_words(pair: Pair, side: str, begun: int) -> str:
    """Return what a side shows since then that is no prompt and no empty message."""
    program = pair.profile.program(side)
    text = pair.terminals[side].text[begun:]
    text = re.sub(program.prompt or r"(?!)", "", text)
    empty = {_words_around(line) for line in pair.terminals[side].text[:begun].split("\n")}
    lines = [line.strip() for line in text.split("\n")]
    return " ".join(each for each in lines if each not in empty and _WORD.search(each))


def _words_around(line: str) -> str:
    """Return what stands around a message that was shown: an empty one looks like that."""
    return re.sub(r"a word before \d\d", "", line, flags=re.IGNORECASE).strip()


NO_RELAY = (
    "this system gives the pair no network of its own, and the client's command has no "
    "{port} through which something could be put in between"
)
"""Why a check that needs the relay is not run."""
