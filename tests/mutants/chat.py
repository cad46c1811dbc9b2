"""Mistakes in the chat: typed lines, messages on the screen, the end of a talk."""

from tests.mutants.mutant import CHAT_TESTS, Module, Mutant

MODULE = Module(
    "chatlib/chat.py",
    CHAT_TESTS,
    (
        Mutant(
            "a typed line overtakes a line that was kept for later",
            "Chat.typed",
            ("line and self._outbox.drafts and self.peer.has_turn()", "False"),
        ),
        Mutant(
            "a run of typed lines goes over a command",
            "Chat._is_message",
            ("line[:1] != SLASH", "True"),
        ),
        Mutant(
            "a run of typed lines goes over a move",
            "Chat._is_message",
            ("not self._playing.is_move(line)", "True"),
        ),
        Mutant(
            "a command is sent as text",
            "Chat.typed",
            ("line[:1] == SLASH", "False"),
        ),
        Mutant(
            "during a game a typed line is never a move",
            "Chat.typed",
            ("game is not None and game.is_move(line)", "False"),
        ),
        Mutant(
            "the answer to a question goes out as talk",
            "Chat.typed",
            ("game is not None and self._playing.question", "False"),
        ),
        Mutant(
            "typed lines are sent one by one",
            "Chat.typed",
            (
                "takewhile(self._is_message, lines) if more else lines",
                "[line]",
            ),
        ),
        Mutant(
            "input is read although the window is full",
            "Chat.typed",
            ("self.proceed()", ""),
        ),
        Mutant(
            "a message is acknowledged although the screen is closed",
            "Chat._show_messages",
            ("not self._screen_closed", "True"),
        ),
        Mutant(
            "a GAME is acknowledged although the screen is closed",
            "Chat.handle",
            ("not self._screen_closed", "True"),
        ),
        Mutant(
            "messages are acknowledged before they are on the screen",
            "Chat._show_messages",
            (
                """
                self._terminal.show_messages(self.peer.speaker, texts)
                self._keeping.note_shown(number)
                connection.link.shown(number)
                """,
                """
                connection.link.shown(number)
                self._terminal.show_messages(self.peer.speaker, texts)
                self._keeping.note_shown(number)
                """,
            ),
        ),
        Mutant(
            "only the first message of a run is acknowledged",
            "Chat._show_messages",
            (
                "connection.link.shown(number)",
                "connection.link.shown(connection.link.session.shown + 1)",
            ),
        ),
        Mutant(
            "only the first message of a run is shown",
            "Chat._show_messages",
            (
                "self._terminal.show_messages(self.peer.speaker, texts)",
                "self._terminal.show_messages(self.peer.speaker, texts[:1])",
            ),
        ),
        Mutant(
            "what the peer says is not found again",
            "Chat._show_messages",
            ("self._memory.add(self.peer.name, said.texts)", ""),
        ),
        Mutant(
            "what may be wrong is said although the peer is back",
            "Chat.resumed",
            ("self._advice.lift()", ""),
        ),
        Mutant(
            "a peer that comes back is welcomed to a new talk",
            "Chat.resume",
            ("connection.welcome(self.peer.session)", "connection.welcome()"),
            tests=(
                "tests/programs/test_listener.py::"
                "test_a_client_that_comes_back_goes_on_with_its_talk",
            ),
        ),
        Mutant(
            "the old connection of a peer that comes back stays open",
            "Chat.resumed",
            ("before.close()", ""),
        ),
        Mutant(
            "the end of the old connection ends the talk",
            "Chat.closed",
            ("if connection is not self.peer.connection: ...", ""),
        ),
        Mutant(
            "a seat is kept for a client that has said nothing",
            "Chat.closed",
            (
                "self._host and self._goodbye.is_nothing_said"
                " and (patient or self._goodbye.is_refused)",
                "False",
            ),
        ),
        Mutant(
            "a quiet client is announced behind its first message",
            "Chat._show_messages",
            ("if self.peer.banner: ...", ""),
        ),
        Mutant(
            "a quiet client brings a prompt",
            "Chat.proceed",
            ("if peer.banner: ...", ""),
        ),
        Mutant(
            "a quiet client brings the hints",
            "Chat.proceed",
            (
                "not peer.hinted and not peer.banner and not farewell",
                "not peer.hinted and not farewell",
            ),
        ),
        Mutant(
            "each loss of the connection is shown",
            "Chat._search",
            ("self._recovery.cut_is_told and not self.is_leaving", "not self.is_leaving"),
        ),
        Mutant(
            "in free talk a server leaves at the end of its input",
            "Chat.input_ended",
            ("unattended and self.peer.mode is Mode.FREE", "False"),
        ),
        Mutant(
            "with --again a server ends with its input",
            "Chat._finish",
            ("not (self._host and self._host.stays)", "True"),
        ),
        Mutant(
            "a finished chat still refreshes the terminal",
            "Chat.proceed",
            ("if self._over: return", ""),
        ),
        Mutant(
            "a finished chat still takes typed lines",
            "Chat.typed",
            ("self._over", "False"),
        ),
        Mutant(
            "a line that is typed into a finished chat is lost in silence",
            "Chat.typed",
            ('self._terminal.notify(f"Never sent: {line}")', "pass"),
        ),
        Mutant(
            "a finished chat is ended again by a signal",
            "Chat.stop",
            ("if self._over: return", ""),
        ),
        Mutant(
            "a finished chat is ended again by the end of the input",
            "Chat.input_ended",
            ("if self._over: return", ""),
        ),
        Mutant(
            "a peer that comes back under another name is called by the old one",
            "Chat.resumed",
            ("self.peer.note_name()", ""),
        ),
    ),
)
