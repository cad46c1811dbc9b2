"""Mistakes in the chat: typed lines, lines of a pipe, messages on the screen."""

from tests.mutants.mutant import CHAT_TESTS, Module, Mutant

_TYPED = (
    Mutant(
        "a line of a pipe overtakes a line that was kept for later",
        "Chat.pour",
        (
            "self._drafts or self.leaving or (table and table.game)",
            "self.leaving or (table and table.game)",
        ),
    ),
    Mutant(
        "during a game a line of a pipe is never a move",
        "Chat.pour",
        (
            "self._drafts or self.leaving or (table and table.game)",
            "self._drafts or self.leaving",
        ),
    ),
    Mutant(
        "a command in a pipe is sent as text",
        "Chat.pour",
        ('takewhile(lambda line: line[:1] != "/", lines)', "lines"),
    ),
    Mutant(
        "the lines of a pipe are not written",
        "Chat.pour",
        ("connection.flush()", ""),
    ),
    Mutant(
        "a pipe is read although the window is full",
        "Chat.pour",
        ("self.settle()", ""),
    ),
    Mutant(
        "a line of a pipe is sent twice",
        "Chat.pour",
        ("range(taken)", "range(taken - 1)"),
    ),
    Mutant(
        "the first line of a pipe that cannot be sent is lost",
        "Chat.pour",
        ("range(taken)", "range(min(taken + 1, len(lines)))"),
    ),
    Mutant(
        "a text that cannot be sent now is refused",
        "Chat._explain",
        ("self._has_turn()", "True"),
    ),
    Mutant(
        "a person who leaves is told that a text was not sent for that reason",
        "Chat._explain",
        ("self._has_turn()", "self._has_turn() and not self.leaving"),
    ),
)

_SHOWN = (
    Mutant(
        "an unacknowledged message is not listed at the end",
        "Chat._conclude",
        ('self._terminal.notice(f"Not confirmed: {text}")', ""),
    ),
    Mutant(
        "a message is acknowledged although the screen is closed",
        "Chat._receive",
        ("if self._blind: return", ""),
        tests=(*CHAT_TESTS, "tests/core/test_program.py"),
    ),
    Mutant(
        "a GAME is acknowledged although the screen is closed",
        "Chat._watch",
        ("self._blind or self._table is None", "self._table is None"),
        tests=(*CHAT_TESTS, "tests/core/test_program.py"),
    ),
    Mutant(
        "messages are acknowledged before they are on the screen",
        "Chat._receive",
        (
            """
            self._terminal.message(self._speaker, texts)
            session.shown(session.received)
            """,
            """
            session.shown(session.received)
            self._terminal.message(self._speaker, texts)
            """,
        ),
    ),
    Mutant(
        "only the first message of a run is acknowledged",
        "Chat._receive",
        ("session.received", "session.confirmed + 1"),
    ),
    Mutant(
        "only the first message of a run is shown",
        "Chat._receive",
        (
            "self._terminal.message(self._speaker, texts)",
            "self._terminal.message(self._speaker, [text])",
        ),
    ),
    Mutant(
        "a silence is shown while the answer to a PING is not overdue",
        "Chat._standing",
        (
            "session.worried and "
            "self._connection.silence > PING_SECONDS + WORRY_SECONDS / 2",
            "session.worried or "
            "self._connection.silence > PING_SECONDS + WORRY_SECONDS / 2",
        ),
    ),
)

MODULE = Module("chatlib/chat.py", CHAT_TESTS, (*_TYPED, *_SHOWN))
