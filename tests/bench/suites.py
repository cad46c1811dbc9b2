"""All suites, in the order in which they are run."""

from tests.bench import codec

SUITES = {each.name: each for each in (codec.DECODE, codec.ENCODE)}
SLOW = ("tests", "silence")
"""Take longer than a quick run has; the first is run only when it is named."""
