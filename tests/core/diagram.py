"""`python -m tests.core.diagram`: the states of a link as a Mermaid diagram.

Made of two tables and of nothing else: FRAMES, by which a link runs, and CALLS below, which
a test compares with what a link does.
Every state that the end of the stream leads from to LOST stands in one box, because the
arrow to LOST, and that for a frame without a row, is the same for all of them.
"""

from collections import defaultdict

from chatlib.protocol.link import FRAMES, State

CALLS: tuple[tuple[State, str, State], ...] = (
    (State.DECIDING, "welcome", State.OPEN),
    (State.DECIDING, "refuse", State.REFUSED),
    (State.OPEN, "leave", State.CLOSING),
    *(
        (state, "receive_eof", State.LOST)
        for state in (
            State.GREETING,
            State.DECIDING,
            State.REFUSED,
            State.OPEN,
            State.CLOSING,
            State.CLOSED,
        )
    ),
)
"""Which call changes the state, and to which. A talk that we have left already goes from
`welcome`, and from the HELLO that answers ours, straight on to CLOSING. After both
goodbyes the end of the stream loses only messages that were not acknowledged; when all
were, it is expected, and the link stays CLOSED."""

BOX = "unfinished"
"""The name of the box; Mermaid wants one."""

EOF = "receive_eof"

Arrows = dict[tuple[str, str], list[str]]
"""The labels of the arrow from one state to another."""


def arrows() -> Arrows:
    """Return one arrow for each pair of states, with all that leads along it."""
    found: Arrows = defaultdict(list)
    for state, kind, _, following in FRAMES:
        ends = ("server", "client") if len(following) == 2 else ("",)
        for end, after in zip(ends, following, strict=True):
            label = f"{kind.name} at the {end}" if end else kind.name
            found[state.value, after.value].append(label)
    for state, call, after in CALLS:
        if call != EOF:
            found[state.value, after.value].append(f"{call}()")
    return found


def boxed() -> list[State]:
    """Return the states from which the end of the stream leads to LOST."""
    return [state for state, call, after in CALLS if (call, after) == (EOF, State.LOST)]


def last() -> list[State]:
    """Return the states from which no row of a table leads to another state."""
    left = {before for before, after in arrows() if before != after}
    left |= {state.value for state in boxed()}
    return [state for state in State if state.value not in left]


def draw() -> str:
    """Return the diagram."""
    inside = boxed()
    failing = [state.value for state, *_ in FRAMES if state not in inside]
    lines = [
        "stateDiagram-v2",
        f"    state {BOX} {{",
        *(f"        {state.value}" for state in inside),
        "    }",
        f"    [*] --> {State.GREETING.value}",
        *(
            f"    {before} --> {after}: {', '.join(labels)}"
            for (before, after), labels in arrows().items()
        ),
        f"    {BOX} --> {State.LOST.value}: {EOF}()",
        *(
            f"    {name} --> {State.FAILED.value}: any other frame"
            for name in dict.fromkeys((BOX, *failing))
        ),
        *(f"    {state.value} --> [*]" for state in last()),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(draw())
