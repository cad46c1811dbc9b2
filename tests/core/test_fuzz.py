"""A few thousand inputs of `make fuzz`, always the same."""

import pytest

from tests.core.fuzz import run


@pytest.mark.parametrize("seed", range(4))
def test_no_bytes_do_anything_but_what_they_should(seed: int) -> None:
    """Whole as byte by byte, no error but the peer's, nothing that a terminal obeys."""
    run(seed, 1000)
