"""All suites, in the order in which they are run."""

from tests.bench import (
    codec,
    floods,
    growth,
    idle,
    pressure,
    private,
    programs,
    startup,
    testing,
    typing,
    versions,
)

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
        private.PRIVATE_TALK,
        floods.FLOODED,
        growth.GROWTH,
        typing.BUSY,
        testing.TESTS,
        versions.VERSIONS,
    )
}

NAMED = (testing.TESTS.name, versions.VERSIONS.name)
"""Run only when they are named: one measures the machine more than us, the other needs an
older checkout."""

SLOW = (idle.SILENCE.name,)
"""Not in a quick run: a dead path goes unnoticed for 20 seconds."""
