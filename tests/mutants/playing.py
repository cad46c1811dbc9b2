"""Mistakes in how a person plays."""

from tests.mutants.mutant import CHAT_TESTS, Module, Mutant

MODULE = Module(
    "chatlib/playing.py",
    CHAT_TESTS,
    (
        Mutant(
            "a pipe is asked for a secret word",
            "Playing.ask_question",
            (
                "self._terminal.interactive and not self._goodbye.is_leaving",
                "not self._goodbye.is_leaving",
            ),
        ),
        Mutant(
            "a question that was put off is asked again at once",
            "Playing.ask_question",
            ("table and table.game is self._put_off", "False"),
        ),
        Mutant(
            "what cannot be a word is not given back",
            "Playing.answer",
            ('self._terminal.refuse(f"Not done, {error}", line)', "pass"),
        ),
        Mutant(
            "words about a game are not acknowledged",
            "Playing.receive",
            ("connection.link.shown(number)", ""),
        ),
        Mutant(
            "a game calls a peer that comes back by its old name",
            "Playing.note_name",
            ("self.table.peer = self._peer.name", "pass"),
        ),
    ),
)
