"""`python -m tests.core.diagram`: the states of a link as a Mermaid diagram.

Made of two tables and of nothing else: FRAMES, by which a link runs, and CALLS below, which
a test compares with what a link does. The arrows to LOST and to FAILED are the same for all
other states, so those stand in one box.
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


def draw() -> str:
    """Return the diagram: a box with all states that can be left, and the two ends.

    Frames that leave a state as it is stand inside it.
    """
    leading = {ends: ", ".join(labels) for ends, labels in arrows().items()}
    inside = {state: labels for (state, after), labels in leading.items() if state == after}
    lines = [
        "stateDiagram-v2",
        "    direction LR",
        f'    state "any state but LOST and FAILED" as {BOX} {{',
        "        direction TB",
        f"        [*] --> {State.GREETING.value}",
        *(
            f"        {name}: {words}"
            for name, labels in inside.items()
            for words in (name, labels)
        ),
        *(
            f"        {before} --> {after}: {labels}"
            for (before, after), labels in leading.items()
            if before != after
        ),
        "    }",
        f"    {BOX} --> {State.LOST.value}: {EOF}()",
        f"    {BOX} --> {State.FAILED.value}: any other frame",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(draw())
