"""The checks: `required` is what the assignment asks, `games` its extra credit, and all
other modules what a real network and a real person do.

Each module registers its checks, `all` joins them, and `trial` runs them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from harness.referee.bench import Bench, Outcome
from harness.referee.result import Layer

Play = Callable[[Bench], Outcome]


@dataclass(frozen=True)
class Check:
    """One check: its name, what it needs, and the function that runs it."""

    name: str
    play: Play
    layer: Layer
    needs: tuple[str, ...] = ()  # checks that must not have failed
    talks: bool = False  # whether plain lines must get through, each way

    @property
    def about(self) -> str:
        """Its docstring's first line."""
        return (self.play.__doc__ or self.name).splitlines()[0]


class Register:
    """The checks of one layer."""

    def __init__(self, layer: Layer) -> None:
        self.checks: list[Check] = []
        self._layer = layer

    def __call__(
        self, name: str, *needs: str, talks: bool = False
    ) -> Callable[[Play], Play]:
        """Register the function below under a name, with what it needs."""

        def register(play: Play) -> Play:
            self.checks.append(Check(name, play, self._layer, needs, talks))
            return play

        return register
