"""Mistakes in the pulse: when to ask a silent peer, and when it counts as lost."""

from tests.mutants.mutant import PULSE_TESTS, Module, Mutant

MODULE = Module(
    "chatlib/protocol/pulse.py",
    PULSE_TESTS,
    (
        Mutant(
            "a silent connection is never lost",
            "Pulse.advise",
            ("silence >= 2 * PING_SECONDS", "silence >= 9 * PING_SECONDS"),
        ),
        Mutant(
            "a pause counts as a loss",
            "Pulse.advise",
            ("silence >= 2 * PING_SECONDS", "silence >= 0.7 * PING_SECONDS"),
        ),
        Mutant(
            "a peer is asked although bytes come",
            "Pulse.advise",
            (
                "(silence < PING_SECONDS and not urgent) or self.is_worrying",
                "self.is_worrying",
            ),
        ),
        Mutant(
            "one silence gets a PING at every look",
            "Pulse.advise",
            (
                "(silence < PING_SECONDS and not urgent) or self.is_worrying",
                "silence < PING_SECONDS and not urgent",
            ),
        ),
        Mutant(
            "a second silence gets no PING",
            "Pulse.is_worrying",
            (
                "self._asked is not None and self.heard <= self._asked",
                "self._asked is not None",
            ),
        ),
        Mutant(
            "all PINGs have the same number",
            "Pulse.advise",
            ("min(self.pings + 1, LAST_NUMBER)", "1"),
        ),
        Mutant(
            "a PING gets a number for which a header has no room",
            "Pulse.advise",
            ("min(self.pings + 1, LAST_NUMBER)", "self.pings + 1"),
        ),
        Mutant(
            "the PONG to an earlier PING is measured",
            "Pulse.receive_pong",
            ("self._asked is not None and number == self.pings", "self._asked is not None"),
        ),
        Mutant(
            "a PONG is measured twice",
            "Pulse.receive_pong",
            ("self._asked = None", ""),
        ),
        Mutant(
            "the silence that a person is shown stands still",
            "Pulse.seconds_left",
            (
                "min(self.heard + 2 * PING_SECONDS - now, WORRY_SECONDS)",
                "self.heard + 2 * PING_SECONDS - now",
            ),
        ),
        Mutant(
            "a peer counts as lost up to a second too late",
            "Pulse.seconds_left",
            (
                "min(self.heard + 2 * PING_SECONDS - now, WORRY_SECONDS)",
                "WORRY_SECONDS",
            ),
        ),
    ),
)
