"""All suites, in the order in which they are run."""

from tests.bench import codec, programs

SUITES = {each.name: each for each in (codec.DECODE, codec.ENCODE, programs.PROGRAMS)}
SLOW = ("tests", "silence")
"""Take longer than a quick run has; the first is run only when it is named."""
