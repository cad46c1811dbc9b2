"""Robustness: others on the same machine, and nobody at all."""

import socket
from contextlib import suppress

from harness.referee import processes
from harness.referee.bench import Bench, Outcome, failed, not_run, passed, tolerated
from harness.referee.checks import Register
from harness.referee.pair import Pair
from harness.referee.profile import other
from harness.referee.result import Layer

strangers = Register(Layer.ROBUSTNESS)

IDLE_SECONDS = 2.0

IDLE_SHARE = 0.01
"""Share of the time for which a program that has nothing to do may run."""

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: browser\r\n\r\n"


@strangers("second-client", "connects", talks=True)
def second_client(bench: Bench) -> Outcome:
    """A second client neither disturbs the talk nor hears any of it."""
    with bench.run() as pair:
        if not _exchange(pair):
            return not_run("the talk before it did not work")
        # A relay would accept for a server that does not listen any more.
        if bench.can_relay and pair.listeners():
            pair.stand_between()
        pair.start("client", "client2")
        pair.watch.until_quiet()
        if not _exchange(pair):
            return failed(
                "a second client disturbs the talk of the first: the server must go on "
                "with the connection that it has.",
                "the first two talk on",
                pair.trouble("server", "client") or pair.standings,
            )
        if _overhears(pair):
            return failed(
                "a second client hears what the first two say.",
                "nothing of the talk reaches it",
                "what the server says is sent to the second client, too",
            )
        if trouble := pair.trouble("server", "client"):
            return failed(
                "a second client breaks a program off.", "the first two talk on", trouble
            )
        return _judge_newcomer(pair)


def _judge_newcomer(pair: Pair) -> Outcome:
    """Judge what the second client itself does when it is refused."""
    if pair.watch.spins("client2"):
        return failed(
            "the second client spins: it tries again and again without a pause.",
            "it ends, is told, or waits",
            "the second client uses the processor",
        )
    if trouble := pair.trouble("client2"):
        return tolerated(
            "the talk goes on, but the second client breaks off with a traceback.",
            "it ends, is told, or waits",
            trouble,
        )
    return passed(f"the talk goes on; the second client {pair.standing('client2')}")


@strangers("port-scan", "connects", talks=True)
def port_scan(bench: Bench) -> Outcome:
    """Somebody who connects and goes again leaves the server in order."""
    if bench.profile.order == "client":
        return not_run("the profile says that the client is started first")
    with bench.run(started=False) as pair:
        if not (pair.start("server") and pair.listens()):
            return not_run("the server did not start")
        pair.moments.note("network", ":", "somebody connects and closes at once")
        stranger = _connect(pair)
        if stranger:
            stranger.close()
        pair.watch.until_quiet()
        server = pair.terminals["server"]
        if trouble := pair.trouble("server"):
            return failed(
                "a connection that closes at once breaks the server off.",
                "the server can still be used, or ends with a sentence",
                trouble,
            )
        if server.has_ended:
            return tolerated(
                "your server takes somebody who looked at its port for its client, and "
                "ends with it.",
                "the server waits for the next one",
                f"the server {server.ending}",
            )
        return _judge_next_client(pair)


def _overhears(pair: Pair) -> bool:
    """Return whether a part of the talk came to the second client, or to its socket."""
    # What is sent to it may come after what the first client hears.
    pair.watch.until_quiet()
    stream = pair.relay.streams.get("server") if pair.relay else None
    heard = pair.terminals["client2"].text.encode() + (stream.record if stream else b"")
    return b"undisturbed" in heard


def _judge_next_client(pair: Pair) -> Outcome:
    if pair.start("client") and pair.connects(pair.profile.limits.wait) and _exchange(pair):
        return passed("the client that comes next is served")
    if pair.terminals["server"].has_ended and not pair.trouble("server"):
        return tolerated(
            "your server takes somebody who looked at its port for its client, and ends.",
            "the server waits for the next one",
            pair.standings,
        )
    return failed(
        "your server has used its one accept() for somebody who looked at its port, and "
        "the real client is never served: if recv() gives nothing, accept() again or end.",
        "the server can still be used, or ends with a sentence",
        pair.trouble() or pair.standings,
    )


@strangers("http-request", "connects", talks=True)
def http_request(bench: Bench) -> Outcome:
    """A browser's request during the talk changes nothing."""
    with bench.run() as pair:
        if not _exchange(pair):
            return not_run("the talk before it did not work")
        pair.moments.note("network", ":", "a browser connects and asks for a page")
        browser = _connect(pair)
        if browser:
            with suppress(OSError):
                browser.sendall(REQUEST)
        pair.watch.until_quiet()
        if browser:
            browser.close()
        pair.watch.until_quiet()
        expected = "the talk goes on, and nothing of the request is shown as a message"
        if not _exchange(pair) or pair.trouble():
            return failed(
                "a browser's request to the server's port ends or disturbs the talk: "
                "the server must go on with the connection that it has.",
                expected,
                pair.trouble() or pair.standings,
            )
        for side in ("server", "client"):
            if "GET /" in pair.terminals[side].text:
                return failed(
                    f"your {side} shows a stranger's bytes as if its peer had said them.",
                    expected,
                    f"the {side} shows the request",
                )
        return passed(expected)


@strangers("idle", "connects", talks=True)
def idle(bench: Bench) -> Outcome:
    """Two programs that wait use no processor and print nothing."""
    with bench.run() as pair:
        if not _exchange(pair):
            return not_run("the talk before it did not work")
        pair.watch.until_quiet()
        before = _measure(pair)
        pair.moments.wait("referee", f"for {IDLE_SECONDS:g} s, and nothing is to happen")
        pair.watch.pause(IDLE_SECONDS)
        for side, (seconds, length) in _measure(pair).items():
            share = (seconds - before[side][0]) / IDLE_SECONDS
            if share > IDLE_SHARE:
                return failed(
                    f"your {side} runs although nothing happens: recv() and input() wait "
                    "by themselves; a loop that asks again and again only costs.",
                    f"at most {IDLE_SHARE:.0%} of the time",
                    f"the {side} runs {share:.0%} of the time",
                )
            if length != before[side][1]:
                return failed(
                    f"your {side} prints although nothing happens.",
                    "no output",
                    repr(pair.terminals[side].last_lines[-1]),
                )
        return passed("no output, and no work")


def _connect(pair: Pair) -> socket.socket | None:
    """Connect to the server as a stranger; return None if it does not accept."""
    with suppress(OSError):
        return socket.create_connection(("127.0.0.1", pair.port), 1.0)
    return None


def _exchange(pair: Pair) -> bool:
    """Type a line each way, the first speaker's first; return whether both arrived."""
    first = pair.profile.first
    return all(pair.says(side, pair.line("undisturbed")) for side in (first, other(first)))


def _measure(pair: Pair) -> dict[str, tuple[float, int]]:
    """Return how many seconds each has run so far, and how much it has shown."""
    return {
        side: (processes.seconds_used(each.family), len(each.text))
        for side, each in pair.terminals.items()
    }
