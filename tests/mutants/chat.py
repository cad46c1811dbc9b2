"""Mistakes in the chat: typed lines, messages on the screen, the end of a talk."""

from tests.mutants.mutant import CHAT_TESTS, Module, Mutant

_TYPED = (
    Mutant(
        "a typed line overtakes a line that was kept for later",
        "Chat.typed",
        ("line and self._drafts and self._has_turn()", "False"),
    ),
    Mutant(
        "a run of typed lines goes over a command",
        "Chat._is_message",
        ("line[:1] != SLASH", "True"),
    ),
    Mutant(
        "a run of typed lines goes over a move",
        "Chat._is_message",
        ("not self._is_move(line)", "True"),
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
        ("game is not None and self._question", "False"),
    ),
    Mutant(
        "a pipe is asked for a secret word",
        "Chat._ask_question",
        (
            "table is not None and self._terminal.interactive and not self.is_leaving",
            "table is not None and not self.is_leaving",
        ),
    ),
    Mutant(
        "a question that was put off is asked again at once",
        "Chat._ask_question",
        ("table and table.game is self._put_off", "False"),
    ),
    Mutant(
        "what cannot be a word is not given back",
        "Chat._answer",
        ('self._terminal.refuse(f"Not done, {error}", line)', "pass"),
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
        "one of the typed lines is sent twice",
        "Chat._send",
        ("range(count)", "range(count - 1)"),
    ),
    Mutant(
        "typed lines beyond what was sent are taken off",
        "Chat._send",
        ("range(count)", "range(len(lines))"),
    ),
    Mutant(
        "a text that cannot be sent now is refused",
        "Chat._explain",
        ("self._has_turn()", "True"),
    ),
    Mutant(
        "a person who leaves is told that a text was not sent for that reason",
        "Chat._explain",
        ("self._has_turn()", "self._has_turn() and not self.is_leaving"),
    ),
    Mutant(
        "any number of lines is kept for later",
        "Chat._keep",
        ("len(self._drafts) == DRAFTS_LIMIT", "False"),
    ),
    Mutant(
        "a line that is sent later is not echoed",
        "Chat.proceed",
        ("self._terminal.show_own(text)", ""),
    ),
)

_SHOWN = (
    Mutant(
        "an unacknowledged message is not listed at the end",
        "Chat._report_end",
        ('list_lines(self._terminal.notify, "Not confirmed", lost)', "pass"),
    ),
    Mutant(
        "a goodbye after which messages were not acknowledged counts as one",
        "Chat._report_end",
        ("lost and code is Exit.GOODBYE", "False"),
    ),
    Mutant(
        "a line that was never sent is not listed at the end",
        "Chat._finish",
        ('list_lines(self._terminal.notify, "Never sent", self._drafts)', "pass"),
    ),
    Mutant(
        "a message is acknowledged although the screen is closed",
        "Chat._show_messages",
        ("not self._screen_closed", "True"),
    ),
    Mutant(
        "a GAME is acknowledged although the screen is closed",
        "Chat._take_words",
        ("self._screen_closed or self._table is None", "self._table is None"),
    ),
    Mutant(
        "messages are acknowledged before they are on the screen",
        "Chat._show_messages",
        (
            """
            self._terminal.show_messages(self._speaker, said.texts)
            connection.link.shown(said.number)
            """,
            """
            connection.link.shown(said.number)
            self._terminal.show_messages(self._speaker, said.texts)
            """,
        ),
    ),
    Mutant(
        "only the first message of a run is acknowledged",
        "Chat._show_messages",
        ("said.number", "connection.link.session.shown + 1"),
    ),
    Mutant(
        "only the first message of a run is shown",
        "Chat._show_messages",
        (
            "self._terminal.show_messages(self._speaker, said.texts)",
            "self._terminal.show_messages(self._speaker, said.texts[:1])",
        ),
    ),
    Mutant(
        "words about a game are not acknowledged",
        "Chat._take_words",
        ("connection.link.shown(number)", ""),
    ),
    Mutant(
        "what the peer says is not found again",
        "Chat._show_messages",
        ("self._memory.add(self._peer_name, said.texts)", ""),
    ),
    Mutant(
        "the first line that is kept is taken back, and not the last",
        "Chat._unsend",
        ("self._drafts.pop()", "self._drafts.popleft()"),
    ),
    Mutant(
        "a line that was late is never delivered",
        "Chat._watch",
        ("watch.late or (session.kept and not watch.watching)", "session.kept"),
    ),
    Mutant(
        "what may be wrong is said although the peer is back",
        "Chat.resumed",
        ("self._advice.lift()", ""),
    ),
)

_TALK = (
    Mutant(
        "a peer that comes back is welcomed to a new talk",
        "Chat.resume",
        ("connection.welcome(self._connection.link.session)", "connection.welcome()"),
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
        ("if connection is not self._connection: ...", ""),
    ),
    Mutant(
        "a seat is kept for a client that has said nothing",
        "Chat.closed",
        (
            "self._host and self._is_nothing_said and (patient or self._is_refused)",
            "False",
        ),
    ),
    Mutant(
        "a client that refuses our HELLO ends the program",
        "Chat._is_refused",
        (
            "closed and self._verdict is not None and self._verdict[1] is Exit.LOST",
            "False",
        ),
    ),
    Mutant(
        "a client that breaks a rule at once is forgotten",
        "Chat._is_refused",
        (
            "closed and self._verdict is not None and self._verdict[1] is Exit.LOST",
            "self._verdict is not None and self._verdict[1] is Exit.LOST",
        ),
    ),
    Mutant(
        "our goodbye is forgotten with a client that has said nothing",
        "Chat._is_nothing_said",
        (
            "session is not None and not session.has_messages and not left",
            "session is not None and not session.has_messages",
        ),
        tests=(
            "tests/programs/test_listener.py::"
            "test_our_own_goodbye_before_the_first_message_is_not_forgotten",
        ),
    ),
    Mutant(
        "a quiet client is announced behind its first message",
        "Chat._show_messages",
        ("if self._banner: ...", ""),
    ),
    Mutant(
        "each loss of the connection is shown",
        "Chat._search",
        ("self._recovery.cut_is_told and not self.is_leaving", "not self.is_leaving"),
    ),
    Mutant(
        "in free talk a server leaves at the end of its input",
        "Chat.input_ended",
        ("unattended and self._mode is Mode.FREE", "False"),
    ),
    Mutant(
        "with --again a server ends with its input",
        "Chat._finish",
        ("not (self._host and self._host.stays)", "True"),
    ),
    Mutant(
        "every stranger is our own peer",
        "Chat.expects",
        (
            "self._connection.link.session.expects(greeting.hello, greeting.seen)",
            "True",
        ),
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
)

_NAMES = (
    Mutant(
        "a peer that comes back under another name is called by the old one",
        "Chat.resumed",
        ("self._note_name(connection.link.session)", ""),
    ),
    Mutant(
        "a game calls a peer that comes back by its old name",
        "Chat._note_name",
        ("self._table.peer = self._peer_name", "pass"),
    ),
    Mutant(
        "a name is shown as the peer has sent it",
        "_call",
        ("visible_name(session.peer.name)", "session.peer.name"),
    ),
    Mutant(
        "a peer that calls itself as we do has our name",
        "_call",
        ("name.casefold() == own.casefold()", "False"),
    ),
    Mutant(
        "a peer may be called like the person",
        "_call",
        ('name.casefold() == "you"', "False"),
    ),
)

MODULE = Module("chatlib/chat.py", CHAT_TESTS, (*_TYPED, *_SHOWN, *_TALK, *_NAMES))
