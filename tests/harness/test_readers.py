"""Everything that one owner reads: callbacks, and a wait that ends in time."""

import os
from collections.abc import Iterator

import pytest

from harness.readers import Readers


@pytest.fixture
def readers() -> Iterator[Readers]:
    """Return readers that are closed after the test."""
    with Readers() as readers:
        yield readers


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return both ends of a pipe."""
    ends = os.pipe()
    yield ends
    for fd in ends:
        os.close(fd)


def test_a_turn_calls_the_reader_of_what_has_come(
    readers: Readers, pipe: tuple[int, int]
) -> None:
    """It returns whether anything had come."""
    read: list[bytes] = []
    readers.attend(pipe[0], lambda: read.append(os.read(pipe[0], 9)))
    assert not readers.turn(0)
    os.write(pipe[1], b"there")
    assert readers.turn(5)
    assert read == [b"there"]


def test_a_forgotten_descriptor_is_not_read(
    readers: Readers, pipe: tuple[int, int]
) -> None:
    """One that was never attended can be forgotten, too."""
    readers.attend(pipe[0], lambda: pytest.fail("it was read"))
    readers.forget(pipe[0])
    readers.forget(pipe[1])
    os.write(pipe[1], b"there")
    assert not readers.turn(0)


def test_a_wait_reads_until_its_condition_holds(
    readers: Readers, pipe: tuple[int, int]
) -> None:
    """A condition that holds already costs no turn."""
    read: list[bytes] = []
    readers.attend(pipe[0], lambda: read.append(os.read(pipe[0], 1)))
    os.write(pipe[1], b"abc")
    assert readers.until(lambda: b"b" in read, 5)
    assert read == [b"a", b"b"]
    assert readers.until(lambda: True, 0, lambda left: pytest.fail("it took a turn"))


def test_a_wait_ends_when_its_time_is_over(readers: Readers) -> None:
    """It returns that the condition does not hold."""
    assert not readers.until(lambda: False, 0.01)


def test_a_wait_takes_the_turns_of_its_owner(readers: Readers) -> None:
    """Each gets the seconds that are left."""
    left: list[float] = []
    assert readers.until(lambda: len(left) == 3, 5, left.append)
    assert 5 >= left[0] >= left[1] >= left[2] > 0
