"""hypothesis looks for a talk that goes wrong, and shrinks it to its few decisive steps."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chatlib.protocol.frames import Mode
from chatlib.protocol.link import State
from tests.simulation.test_cuts import PERFECT, assert_settled, finish
from tests.simulation.world import End, World

WAYS = st.sampled_from(("up", "down"))
ENDS = st.sampled_from(("client", "server"))


class TalkMachine(RuleBasedStateMachine):
    """All that two people and a network can do, in any order."""

    @initialize(mode=st.sampled_from((Mode.TURNS, Mode.FREE)))
    def begin(self, mode: Mode) -> None:
        """Start a talk."""
        self.world = World(mode)
        self.count = 0

    @rule(end=ENDS, lines=st.integers(1, 3))
    def say(self, end: str, lines: int) -> None:
        """Let a person type lines, which are said as soon as they may be."""
        for _ in range(lines):
            self.count += 1
            getattr(self.world, end).waiting.append(f"{end} {self.count}")

    @rule(end=ENDS, burst=st.integers(0, 3), stepwise=st.booleans())
    def form_habit(self, end: str, burst: int, stepwise: bool) -> None:
        """Let an end say lines in runs, or acknowledge one by one, from now on."""
        person: End = getattr(self.world, end)
        person.burst, person.stepwise = burst, stepwise

    @rule(way=WAYS, count=st.integers(1, 60))
    def move(self, way: str, count: int) -> None:
        """Deliver some bytes."""
        self.world.move(way, count)

    @rule(reset=st.booleans(), half=st.booleans())
    def cut(self, reset: bool, half: bool) -> None:
        """Break the connection."""
        self.world.cut(reset=reset, half=half)

    @rule()
    def reconnect(self) -> None:
        """Let the client connect again."""
        self.world.reconnect()

    @rule(seconds=st.sampled_from((1.0, 8.0, 10.0, 20.0)))
    def pass_time(self, seconds: float) -> None:
        """Let time go by."""
        self.world.pass_time(seconds)

    @rule(end=ENDS)
    def leave(self, end: str) -> None:
        """Let a person type /q."""
        getattr(self.world, end).leaving = True

    @invariant()
    def nobody_breaks_a_rule(self) -> None:
        """Check that two ends which keep the rules never report an error of the other."""
        assert self.world.client.error is None
        assert self.world.server.error is None

    @invariant()
    def nothing_is_shown_twice_or_out_of_order(self) -> None:
        """Check that what is shown is always the beginning of what was said."""
        for end, other in (
            (self.world.client, self.world.server),
            (self.world.server, self.world.client),
        ):
            assert other.shown == end.said[: len(other.shown)]
            # Only messages that were shown are acknowledged.
            assert end.session.acknowledged <= len(other.shown)

    def teardown(self) -> None:
        """Check that in the end all that was said is shown, and both have said goodbye."""
        world = self.world
        if State.FAILED in (world.client.link.state, world.server.link.state):
            return
        world.client.leaving = True
        for end in (world.client, world.server):
            end.waiting.clear()
        finish(world)
        assert world.verdicts == PERFECT
        assert_settled(world)


TalkMachine.TestCase.settings = settings(
    max_examples=300, stateful_step_count=40, deadline=None
)

TestTalk = TalkMachine.TestCase
