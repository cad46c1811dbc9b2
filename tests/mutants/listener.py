"""Mistakes at the door: which client gets the seat, and what strangers may write."""

from tests.mutants.mutant import Module, Mutant

MODULE = Module(
    "chatd/listener.py",
    ("tests/programs/test_listener.py",),
    (
        Mutant(
            "an older connection of a client displaces a newer one",
            "Listener._let_back",
            (
                "self._seated > number or is_abandoned(connection)",
                "is_abandoned(connection)",
            ),
        ),
        Mutant(
            "a connection that its client has closed is taken",
            "Listener._let_back",
            ("self._seated > number or is_abandoned(connection)", "self._seated > number"),
        ),
        Mutant(
            "of several connections of a client the first one is taken",
            "Listener._let_back",
            ("other.read()", "pass"),
        ),
        Mutant(
            "a client that has gone already is announced",
            "Listener._seat",
            ("is_abandoned(connection)", "False"),
        ),
        Mutant(
            "of the connections that wait one is accepted in each turn",
            "Listener._accept",
            ("self._accept_one(sock) and len(self._strangers) < STRANGERS_LIMIT", "not 1"),
        ),
        Mutant(
            "a HELLO that waits to be read is closed unread",
            "Listener._make_room",
            ("find_least(self._strangers).read()", "pass"),
        ),
        Mutant(
            "our talk with an impossible number is told busy",
            "Listener._answer",
            ("chat.peer.knows(greeting)", "False"),
        ),
        Mutant(
            "a client that was given up is seated as a new one",
            "Listener._answer",
            ("greeting.hello.session in self._ended", "False"),
        ),
        Mutant(
            "a client whose goodbye was not answered is seated as a new one",
            "Listener._remember_talk",
            (
                "session.has_messages or session.farewell or session.over",
                "session.has_messages or session.over",
            ),
        ),
        Mutant(
            "a client that broke a rule at once is seated as a new one",
            "Listener._remember_talk",
            (
                "session.has_messages or session.farewell or session.over",
                "session.has_messages or session.farewell",
            ),
        ),
        Mutant(
            "a client that returns after its message was shown is seated as a new one",
            "Listener._remember_talk",
            (
                "session.has_messages or session.farewell or session.over",
                "session.farewell or session.over",
            ),
        ),
        Mutant(
            "a client that was lost before the first message cannot come back",
            "Listener._remember_talk",
            ("session.has_messages or session.farewell or session.over", "True"),
        ),
        Mutant(
            "a client that says the talk is another one is seated again",
            "Listener._lose",
            ("self._remember_talk()", "pass"),
        ),
        Mutant(
            "each stranger that was refused is shown",
            "Listener._report",
            ("self._refusals.add()", "1"),
        ),
        Mutant(
            "each client that says nothing is announced",
            "Listener._seat",
            ("self._clients.add()", "1"),
        ),
        Mutant(
            "a crowd during a talk is reported one by one",
            "Listener._refuse",
            ("not self._person_knows", "True"),
        ),
        Mutant(
            "each that asks for a kept seat is shown",
            "Listener._note_asker",
            ("self._asker or self._program.chat.is_leaving", "False"),
        ),
        Mutant(
            "who asks is shown however often the client is lost",
            "Listener._note_asker",
            ("self._program.recovery.cut_is_told", "True"),
        ),
        Mutant(
            "somebody is let in who was not named",
            "Listener.admit",
            ("not self._asker_is_told", "False"),
        ),
        Mutant(
            "/admit ends a talk in which nobody is lost",
            "Listener.admit",
            ("not chat.is_searching", "chat.is_free"),
        ),
        Mutant(
            "/admit ends a lost talk although nobody asks",
            "Listener.admit",
            ("not self._asker", "False"),
        ),
        Mutant(
            "/admit after /q goes on waiting",
            "Listener.admit",
            ("chat.is_leaving", "False"),
        ),
        Mutant(
            "/admit makes a server wait again for ever",
            "Listener.admit",
            ("self._program.again = again", ""),
        ),
        Mutant(
            "who asked is let in after the lost client came back",
            "Listener._let_back",
            ('self._asker = ""', ""),
        ),
        Mutant(
            "a third one takes the seat of who was let in",
            "Listener._seconds_reserved",
            ("left <= 0 or describe_caller(connection, hello) == self._admitted", "True"),
        ),
        Mutant(
            "who was let in waits like all others",
            "Listener._seconds_reserved",
            (
                "left <= 0 or describe_caller(connection, hello) == self._admitted",
                "left <= 0",
            ),
        ),
        Mutant(
            "a seat stays reserved after it was taken",
            "Listener._seat",
            ("self._admitted_until = 0.0", ""),
        ),
        Mutant(
            "a client whose talk was ended is told busy during the next",
            "Listener._answer",
            (
                "greeting.hello.session in self._ended",
                "chat.is_free and greeting.hello.session in self._ended",
            ),
        ),
        Mutant(
            "the name of who asks is shown as it came",
            "describe_caller",
            ("visible_name(hello.name)", "hello.name"),
        ),
    ),
)
