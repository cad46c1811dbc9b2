"""The first inputs of `make fuzz`: four thousand, the same in every run."""

import pytest

from tests.core.fuzz import run


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_are_read_alike_and_control_no_terminal(seed: int) -> None:
    """However they are cut; and nothing but the peer's error is raised."""
    run(seed, 1000)
