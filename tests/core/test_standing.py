"""How a talk stands, in words: what the tests of the chat do not ask."""

import pytest

from chatlib.connection import Connection
from chatlib.loop import Loop
from chatlib.protocol.frames import Mode
from chatlib.standing import Standing, View, capital, milliseconds, place
from tests.helpers import Clock, make_pair, socket_pair


class Talk:
    """A standing talk, seen by the client."""

    def __init__(self, mode: Mode = Mode.TURNS) -> None:
        self.clock = Clock()
        self.loop = Loop(self.clock)
        link, self.other = make_pair(mode=mode)
        near, self.far = socket_pair()
        self.connection = Connection(self.loop, near, ("192.0.2.7", 7001), link, None)  # type: ignore[arg-type]
        self.state: dict[str, object] = {}
        self.standing = Standing(self.loop, self.view, lambda describe: None)
        self.standing.since, self.standing.until = "12:00:00", "12:01:00"

    def view(self) -> View:
        """Return the talk now: an ordinary one, unless `state` says more."""
        view = View("Bob", self.connection, "", False, "", 0)
        return view._replace(**self.state)

    def parts(self, **state: object) -> str:
        """Return the status line."""
        self.state = state
        return " | ".join(self.standing.describe())


@pytest.mark.parametrize(
    ("mode", "state", "parts"),
    [
        (Mode.TURNS, {}, "with Bob | your turn"),
        (Mode.FREE, {}, "with Bob"),
        (Mode.TURNS, {"move": "your move"}, "with Bob | your move"),
        (Mode.TURNS, {"leaving": True, "move": "your move"}, "with Bob | leaving"),
        (Mode.FREE, {"drafts": 1}, "with Bob | 1 line kept for later"),
        (Mode.FREE, {"drafts": 2}, "with Bob | 2 lines kept for later"),
        (
            Mode.FREE,
            {"lost": "trying again"},
            "connection lost | trying again until 12:01:00",
        ),
    ],
)
def test_the_parts_of_the_status_line(
    mode: Mode, state: dict[str, object], parts: str
) -> None:
    """The most important first."""
    assert Talk(mode).parts(**state) == parts


def test_without_a_peer_there_is_only_the_absence() -> None:
    """As a part, and as a sentence."""
    standing = Standing(Loop(), lambda: None, lambda describe: None)
    assert standing.describe() == ("nobody here yet",)
    assert standing.describe_people() == "Nobody here yet."
    assert standing.describe_talk() == ["Nobody here yet."]


def test_lines_that_are_not_confirmed_are_told_where_that_matters() -> None:
    """After a second, without a connection, and when one leaves."""
    talk = Talk(Mode.FREE)
    session = talk.connection.link.session
    session.add_texts(["one", "two"])
    assert talk.parts() == "with Bob"
    assert talk.parts(leaving=True) == "with Bob | leaving | 2 lines not confirmed"
    assert talk.parts(lost="waiting").endswith(" | 2 lines not confirmed")
    watch = talk.standing.confirmation
    watch.late, watch.seconds = True, 3
    assert talk.parts() == "with Bob | 2 lines not confirmed for 3 s"
    assert talk.standing.describe_talk()[-1] == "Not confirmed: 2 lines for 3 s."
    session.acknowledge(2)
    watch.late, watch.delivered = False, True
    assert talk.parts() == "with Bob | delivered"
    assert talk.standing.describe_talk()[-1] == "Not confirmed: nothing."


def test_a_silence_is_told_when_a_ping_is_not_answered() -> None:
    """And it is longer than usual."""
    talk = Talk(Mode.FREE)
    link = talk.connection.link
    link.pulse.heard = talk.clock.now
    talk.clock.now += 10
    link.pass_time(talk.clock.now)
    assert talk.parts() == "with Bob"  # the PING was just sent
    talk.clock.now += 1
    assert talk.parts() == "with Bob | nothing heard for 11 s"
    link.pulse.heard = talk.clock.now
    assert talk.parts() == "with Bob"
    talk.clock.now += 11
    assert talk.parts() == "with Bob"  # it was not asked yet


@pytest.mark.parametrize(
    ("seconds", "part"), [(None, ""), (0.19, ""), (0.2, " | round trip 200 ms")]
)
def test_a_round_trip_is_a_part_when_it_is_felt(seconds: float | None, part: str) -> None:
    """And not while the connection is lost."""
    talk = Talk(Mode.FREE)
    talk.connection.link.pulse.round_trip = seconds
    assert talk.parts() == f"with Bob{part}"
    assert "round trip" not in talk.parts(lost="waiting")


def test_the_whole_is_told_in_sentences() -> None:
    """Once the round trip is known, too."""
    talk = Talk()
    talk.connection.link.pulse.round_trip = 0.0149
    talk.state = {"lost": "trying again"}
    assert talk.standing.describe_talk() == [
        "With Bob at 192.0.2.7 port 7001, since 12:00:00. "
        "The connection is lost: trying again until 12:01:00.",
        "Mode: turns, it is your turn.",
        "Private: no. Who can read the network can read this talk.",
        "Round trip: 15 ms.",
        "Not confirmed: nothing.",
    ]
    talk.connection.link.session.add_texts(["Hello"])
    talk.connection.link.pulse.round_trip = None
    talk.state = {}
    sentences = talk.standing.describe_talk()
    assert sentences[1] == "Mode: turns, it is Bob's turn."
    assert sentences[3] == "Round trip: measured after 10 s of silence."
    talk.state = {"leaving": True}
    assert talk.standing.describe_talk()[1] == "Leaving: nothing more is sent."
    assert Talk(Mode.FREE).standing.describe_talk()[1] == (
        "Mode: free, both may write at any time."
    )


@pytest.mark.parametrize(("name", "called"), [("Ann", "Ann"), ("client", "the client")])
def test_both_names_are_told(name: str, called: str) -> None:
    """Ours is the one that the other side sees."""
    talk = Talk()
    session = talk.connection.link.session
    session.hello = session.hello._replace(name=name)
    assert talk.standing.describe_people() == (
        f"You are {called}, and talk with Bob at 192.0.2.7 port 7001."
    )


def test_words_for_places_times_and_beginnings() -> None:
    """Small things that all of them use."""
    talk = Talk()
    assert place(talk.connection) == "192.0.2.7 port 7001"
    talk.connection.address = "localhost port 7777"
    assert place(talk.connection) == "localhost port 7777"
    assert [milliseconds(each) for each in (0.0009, 0.00149, 1.234)] == [
        "below 1 ms",
        "1.5 ms",
        "1200 ms",
    ]
    assert capital("the client") == "The client"
    assert capital("") == ""
