"""All suites, in the order in which they are run."""

from tests.bench import codec, growth, idle, pressure, programs, startup, testing, typing

SUITES = {
    each.name: each
    for each in (
        codec.DECODE,
        codec.ENCODE,
        programs.PROGRAMS,
        startup.STARTUP,
        idle.IDLE,
        idle.SILENCE,
        pressure.PRESSURE,
        growth.GROWTH,
        typing.BUSY,
        testing.TESTS,
    )
}

NAMED = (testing.TESTS.name,)
"""Run only when they are named: what they take says more of the machine than of us."""

SLOW = (idle.SILENCE.name,)
"""Not in a quick run: a dead path goes unnoticed for 20 seconds."""
