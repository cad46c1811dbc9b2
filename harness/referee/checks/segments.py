"""Robustness: TCP is a stream of bytes, and a message may come in any number of pieces.

Long lines go straight from one program to the other. Where a message is cut, joined or
changed on its way, a relay does it, which knows nothing of the pair's framing: it looks
for the text itself among the bytes.
"""

from collections.abc import Callable
from functools import partial

from harness.referee.bench import Bench, Outcome, failed, not_run, passed, tolerated
from harness.referee.checks import Register
from harness.referee.checks.losses import NO_RELAY
from harness.referee.pair import Pair, Unreached
from harness.referee.profile import other
from harness.referee.relay import Relay, Stream
from harness.referee.result import Layer

segments = Register(Layer.ROBUSTNESS)

CHARACTERS = "ωμέγα 😀 naïve e\u0301 日本"
"""Two, three and four bytes a character, and a mark that combines with the one before.

There are no capitals: what a program does to these is for other checks to find."""


def _judge_long(bench: Bench, size: int) -> Outcome:
    """A long line arrives whole, as one message, and the talk goes on."""
    with bench.run() as pair:
        first, second = bench.profile.sides
        pair.await_prompt(first)
        pair.terminals[first].lift_line_limit()
        text = "".join(f"{number:05}." for number in range(size // 6 + 1))[:size]
        if pair.says(first, text):
            return _judge_next_lines(pair, second, f"{size} bytes arrive as one message")
        if pair.trouble():
            return failed(
                f"a line of {size} bytes breaks a program off.",
                f"the {second} shows all {size} bytes",
                pair.trouble(),
            )
        return _judge_refusal(pair, first, size) or _judge_cut(pair, second, text)


for _size in (1500, 4096, 5000, 6000):
    segments(f"long-{_size}", "connects", talks=True)(partial(_judge_long, size=_size))


def _judge_refusal(pair: Pair, side: str, size: int) -> Outcome | None:
    """Judge a line that was refused in words before it was sent; None: it was not."""
    said = pair.answer(side)
    shown = pair.terminals[other(side)].since
    if not (said and pair.asks(side)) or "00000.00001." in shown:
        return None
    if not pair.says(side, pair.line("a shorter one")):
        return None
    what = f"a line of {size} bytes is refused in words, and a shorter one arrives"
    longest = pair.profile.longest
    if longest and size > longest:
        return passed(what)
    return tolerated(
        f"{what}: nothing is lost, but TCP itself has no such limit.",
        f"the {other(side)} shows all {size} bytes",
        said[-200:],
    )


def _judge_cut(pair: Pair, side: str, text: str) -> Outcome:
    """Judge a long message by how much of it was shown, and whether as one."""
    shown = pair.terminals[side].text
    # Whole numbers only: one that was cut off at the end may be any two digits.
    numbers = [number for number in text.split(".") if len(number) == 5]
    came = [number for number in numbers if number in shown]
    expected = f"the {side} shows all {len(text)} bytes as one message"
    if came and came[-1] == numbers[-1]:
        return failed(
            "your program shows the long message in pieces: one recv() gives what has "
            "come so far, up to its limit, and not one message.",
            expected,
            "all of it, but not as one message",
        )
    return failed(
        "your program loses the rest of a long message, or takes it for the next one: "
        "one recv(4096) gives at most 4096 bytes, often fewer, and never one message.",
        expected,
        f"about {len(came) * 6} of {len(text)} bytes by then",
    )


@segments("split", "connects", talks=True)
def split(bench: Bench) -> Outcome:
    """A message that comes in two segments is shown once, whole."""
    return _judge_two_segments(
        bench, "a message in two segments", lambda text: len(text) // 2
    )


@segments("split-character", "connects", "non-ascii", talks=True)
def split_character(bench: Bench) -> Outcome:
    """A character that is cut between two segments is shown whole."""
    # The first letter has two bytes: the cut is between them.
    return _judge_two_segments(bench, CHARACTERS, lambda text: 1)


def _judge_two_segments(bench: Bench, words: str, cut: Callable[[bytes], int]) -> Outcome:
    """Deliver a message in two segments, each way; `cut` returns where it is cut."""
    if not bench.can_relay:
        return not_run(NO_RELAY)
    with bench.run(relayed=True) as pair:
        for side in bench.profile.sides:
            text = pair.line(words)
            stream = _catch(pair, side, text)
            at = stream.held.find(text.encode())
            # Where the text does not travel as it is typed, any place is as good.
            middle = at + cut(text.encode()) if at >= 0 else len(stream.held) // 2
            _deliver_in_two(pair, side, stream, middle)
            if not pair.arrives(other(side), text):
                return _fail_as_two(pair, other(side), text)
        return _judge_next_lines(
            pair, bench.profile.first, "shown once and whole, both ways"
        )


def _deliver_in_two(pair: Pair, side: str, stream: Stream, middle: int) -> None:
    """Pass on the first piece, wait until it has been read, and pass on the rest."""
    relay = _relay(pair)
    pair.moments.note("network", ":", f"delivers {middle} bytes of {len(stream.held)}")
    stream.pass_on(middle)
    pair.watch.until(lambda: relay.has_been_read(side), 1.0)
    pair.watch.until_quiet()
    pair.moments.note("network", ":", f"delivers the other {len(stream.held)} bytes")
    stream.release()


def _fail_as_two(pair: Pair, side: str, text: str) -> Outcome:
    expected = f"the {side} shows {text!r} once, whole"
    if trouble := pair.trouble():
        return failed(
            "a message that comes in two segments breaks a program off: decode() may be "
            "called only when all bytes of the message are there.",
            expected,
            trouble,
        )
    return failed(
        f"your {side} showed the message as two because one recv() is not one message: "
        "TCP delivers bytes, in pieces of any size; only a length or a separator says "
        "where a message ends.",
        expected,
        f"{pair.terminals[side].since.strip()!r}",
    )


@segments("joined", "connects", talks=True)
def joined(bench: Bench) -> Outcome:
    """Two messages that come in one segment are shown as two."""
    if bench.profile.style == "turns":
        return not_run("in strict turns only one message is ever under way")
    if not bench.can_relay:
        return not_run(NO_RELAY)
    with bench.run(relayed=True) as pair:
        for side in bench.profile.sides:
            peer, stream = other(side), _relay(pair).hold(side)
            texts = [pair.line("one message"), pair.line("another message")]
            for text in texts:
                pair.types(side, text)
                held = partial(_has_come, stream, text)
                if not pair.watch.until(held, bench.profile.limits.wait):
                    raise Unreached("the second message is not sent before an answer")
            pair.moments.note("network", ":", "delivers both messages in one segment")
            stream.release()
            arrived = [pair.arrives(peer, text) for text in texts]
            lines = pair.terminals[peer].text.split("\n")
            glued = any(all(text in line for text in texts) for line in lines)
            if glued or not all(arrived):
                return failed(
                    f"your {peer} shows two messages as one: both were there when recv() "
                    "was called, and it gives all that is there, not one message.",
                    "two messages",
                    "both in one line" if glued else "not both",
                )
        return passed("two messages, both ways")


@segments("invalid-utf8", "connects", talks=True)
def invalid_utf8(bench: Bench) -> Outcome:
    """Bytes that are no UTF-8 crash nothing."""
    if not bench.can_relay:
        return not_run(NO_RELAY)
    outcomes = [_judge_spoilt(bench, side) for side in bench.profile.sides]
    return next((each for each in outcomes if each.explanation), outcomes[0])


def _judge_spoilt(bench: Bench, side: str) -> Outcome:
    with bench.run(relayed=True) as pair:
        peer = other(side)
        if side != bench.profile.first:
            pair.says(peer, pair.line("a word before"))
        text = pair.line("some letters are spoilt")
        stream = _catch(pair, side, text)
        at = stream.held.find(text.encode())
        if at < 0:
            return not_run("the text does not travel as it is typed")
        stream.held[at + 5] = 0xFF
        pair.moments.note("network", ":", "changes a byte of the text to 0xFF")
        begun = len(pair.terminals[peer].text)
        stream.release()
        pair.watch.until(
            lambda: (
                len(pair.terminals[peer].text) > begun or pair.terminals[peer].has_ended
            ),
            bench.profile.limits.wait,
        )
        pair.watch.until_quiet()
        return _judge_unbroken(pair, peer, begun)


def _judge_unbroken(pair: Pair, side: str, begun: int) -> Outcome:
    terminal = pair.terminals[side]
    expected = "no crash, no traceback, no endless loop"
    if trouble := pair.trouble():
        return failed(
            "a byte that is no UTF-8 breaks a program off: decode() raises "
            "UnicodeDecodeError unless it is told what to do instead.",
            expected,
            trouble,
        )
    if pair.watch.spins(side):
        return failed(f"your {side} spins after it.", expected, "it spins")
    if len(terminal.text) == begun:
        return tolerated(
            f"your {side} says nothing about a message that it cannot read.",
            expected,
            pair.standings,
        )
    return passed(pair.standings)


def _relay(pair: Pair) -> Relay:
    assert pair.relay
    return pair.relay


def _catch(pair: Pair, side: str, text: str) -> Stream:
    """Type a line and hold its bytes in the relay. Raises Unreached."""
    stream = _relay(pair).hold(side)
    pair.await_prompt(side)
    pair.types(side, text)
    pair.watch.until(partial(_has_come, stream, text), pair.profile.limits.wait)
    pair.watch.until_quiet()
    if not stream.held:
        raise Unreached(f"the {side} sends nothing of the line typed there")
    return stream


def _has_come(stream: Stream, text: str) -> bool:
    return text.encode() in stream.held


def _judge_next_lines(pair: Pair, side: str, seen: str) -> Outcome:
    """Judge whether a line each way still arrives, beginning with a side."""
    for speaker in (side, other(side)):
        text = pair.line("and on it goes")
        if not pair.says(speaker, text):
            return failed(
                f"after it the talk is out of step: the next line typed on the {speaker}'s "
                "side does not arrive, because part of the message before is still "
                "unread or was taken for it.",
                f"the {other(speaker)} shows {text!r}",
                pair.trouble() or pair.standings,
            )
    return passed(seen)
