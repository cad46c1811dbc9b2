"""Mistakes on the way to the server: how long a kept seat is waited for, and how often."""

from tests.mutants.mutant import Module, Mutant

MODULE = Module(
    "chatc/connector.py",
    ("tests/programs/test_connector.py",),
    (
        Mutant(
            "without --wait a kept seat is waited for",
            "Connector.__init__",
            (
                "KeptSeat(program.loop.now, willing=settings.wait > 0)",
                "KeptSeat(program.loop.now, willing=True)",
            ),
        ),
        Mutant(
            "a server may extend the wait for its seat",
            "KeptSeat.wait",
            ("if not self.awaited: ...", "if True: ..."),
        ),
        Mutant(
            "a kept seat is waited for without end",
            "KeptSeat.may_come",
            ("not self.awaited or self._now() < self._end", "True"),
        ),
        Mutant(
            "a server that keeps a seat for 0 s is asked without a pause",
            "KeptSeat.wait",
            ("max(min(self._look, self.seconds), FIRST_LOOK)", "self.seconds"),
        ),
        Mutant(
            "a kept seat is asked for when it is free and not before",
            "KeptSeat.wait",
            ("min(self._look, self.seconds)", "self.seconds"),
        ),
        Mutant(
            "a kept seat is waited for as long as the server says",
            "KeptSeat.wait",
            ("min(self.seconds + SEAT_MARGIN, SEAT_LONGEST)", "self.seconds + SEAT_MARGIN"),
        ),
        Mutant(
            "a kept seat is asked for late",
            "KeptSeat.wait",
            ("min(self._look, self.seconds)", "self._look"),
        ),
        Mutant(
            "the looks at a kept seat get no rarer",
            "KeptSeat.wait",
            ("min(self._look + FIRST_LOOK, LAST_LOOK)", "FIRST_LOOK"),
        ),
        Mutant(
            "--wait ends the wait for a kept seat",
            "Connector._lose_patience",
            ("self._greeting or self._seat.awaited", "self._greeting"),
        ),
        Mutant(
            "the talk that was refused is gone on with",
            "Connector._wait_for_seat",
            ("self._session = self._make_session()", ""),
        ),
        Mutant(
            "who leaves waits for a kept seat",
            "Connector.closed",
            ("self._seat.may_come and not leaving", "self._seat.may_come"),
        ),
        Mutant(
            "the person reads at each look that a seat is kept",
            "Connector._wait_for_seat",
            ("not self._seat.awaited", "True"),
        ),
        Mutant(
            "a talk that is on is waited for like a kept seat",
            "Connector.handle",
            (
                "seat_seconds(text) if busy else None",
                "seat_seconds(text) or 1 if busy else None",
            ),
        ),
    ),
)
