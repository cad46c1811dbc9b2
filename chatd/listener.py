"""Listen, seat one client, answer all others.

Every client that connects is a stranger until it has said HELLO. The first to do so gets
the seat. A later one is told "busy" in a frame of its own, and its bytes never reach the
chat.

What a stranger can cause as often as it likes is shown the first time and then now and
then, with a count (`chatlib.tally`); the frame log has every time.
"""

import errno
import socket
from collections import Counter, deque
from collections.abc import Collection
from functools import partial
from itertools import count
from math import ceil

from chatd.newstart import NewStart
from chatlib.addresses import Address, find_own, is_loopback, resolve
from chatlib.advice import command, option
from chatlib.chat import ADVICE_SECONDS, Host
from chatlib.connection import Connection, Owner, is_abandoned
from chatlib.errors import StartError, describe
from chatlib.loop import READ
from chatlib.program import Program
from chatlib.protocol.events import Event, Failed, Greeted, Lost, Trace
from chatlib.protocol.frames import Hello, Mode, Reason, busy_words
from chatlib.protocol.link import Link
from chatlib.protocol.session import Session
from chatlib.tally import Tally
from chatlib.terminal.visible import visible_name

STRANGERS_LIMIT = 16
"""Strangers at one time; for one more, the oldest has to go. A real client says HELLO at
once, so silent connections cannot keep it out."""

CLIENTS_TOLD = 3
"""Clients that may come and go without a message before not each of them is announced."""

EVERYWHERE = ("*", "::")
"""Hosts that mean every address of this machine, IPv4 and IPv6. The system's resolver takes
`*` for loopback, and `::` for IPv6 alone."""

RESERVED_SECONDS = 8.0
"""How long the seat is free only for who was let in by `/admit`. A client that waits for a
kept seat asks every 5 s or more often."""

ENDED_LIMIT = 16
"""Talks that have ended and are remembered: a client whose last ACK or BYE was lost returns
to one of them. It would be taken for a new one, and its messages shown twice."""

BACKLOG = 128
"""Connections that the kernel holds ready for us (listen(2)). Where there is no room it
drops the next SYN, and a client behind a crowd would try again only a second later."""

PAUSE_SECONDS = 1.0
"""How long nobody is accepted after the system ran out of descriptors."""

PORT_TRIES = 10
"""How often a free port is looked for that is free on every address of the host."""


class Listener(Owner):
    """The listening sockets, and the strangers that have not said HELLO yet."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._settings = program.settings
        # One socket for each address of the host.
        self._sockets: list[socket.socket] = []
        # The strangers, the oldest first: it has to go when there are too many. Each with
        # its number in the order in which connections were accepted.
        self._strangers: dict[Connection, int] = {}
        self._numbers = count(1)
        # What is shown of a ticket, if there is one, and who uses it a second time.
        self._invitation: tuple[str, ...] = ()
        self._new_start = NewStart(
            program, self._strangers.__contains__, self._seat, self._begin_wait
        )
        # The number and the session of the connection that was seated last.
        self._seated = 0
        self._session: Session | None = None
        # The talk of the journal, until its client has come back.
        self._unfinished = program.keeping.make_session()
        # The ids of the last talks that nobody can return to.
        self._ended: deque[bytes] = deque(maxlen=ENDED_LIMIT)
        # The person knows of a second client, in this talk.
        self._person_knows = False
        # Who asked first for the seat of the client that is lost, and whether the person
        # has read it.
        self._asker, self._asker_is_told = "", False
        # Whom the person has let in, and until when nobody else is seated.
        self._admitted, self._admitted_until = "", 0.0
        # Connections that were refused, and clients that were seated since the last talk in
        # which a message was sent.
        self._refusals = Tally(program.loop.now)
        self._clients = Tally(program.loop.now, CLIENTS_TOLD)
        # The count of the last client, if it was announced when it was seated.
        self._announced = 0

    def open(self) -> None:
        """Bind and listen; the loop's first turn announces it. Raises StartError."""
        host, port = self._settings.host, self._settings.port
        everywhere = host in EVERYWHERE
        self._sockets = listen(every_address() if everywhere else resolve(host, port), port)
        if self._settings.private:
            from chatd.invitation import invite  # only for a private talk

            self._invitation = invite(self._program, self._sockets)
        self._program.loop.call_later(0, self._announce)
        self._program.chat.commands.admit = self.admit

    def wait_again(self) -> None:
        """Wait for the next client: the last talk is over, and the seat is free."""
        told = self._announced or (self._session and self._session.has_messages)
        self._begin_wait("Waiting for the next client." if told else "")

    def admit(self) -> None:
        """End the talk with the lost client, and wait for the one that asks for its seat.

        What was not confirmed is listed, as at the end of every talk. Without a lost client
        or an asker, a sentence says so.
        """
        chat, notify = self._program.chat, self._program.terminal.notify
        if not chat.is_searching:
            notify("Not now: /admit is for when you have lost the one you talk with.")
        elif chat.is_leaving:
            notify("Not now: this talk is ending already.")
        elif not self._asker:
            notify("Nobody else asks for the seat.")
        elif not self._asker_is_told:
            self._tell_asker()
        else:
            # The talk ends as with `--again`, whether or not that was chosen.
            again, self._program.again = self._program.again, self._wait_for_asker
            chat.is_given_up = True
            chat.stop_searching("you let somebody else in")
            self._program.again = again

    def _wait_for_asker(self) -> None:
        """Wait for whom the person has let in, and for a while for nobody else."""
        self._admitted = self._asker
        self._admitted_until = self._program.loop.now() + RESERVED_SECONDS
        self._begin_wait(f"The seat is free: waiting for somebody at {self._admitted}.")

    def _begin_wait(self, notice: str) -> None:
        """Forget the last talk but for its id, and begin the wait for a client."""
        self._person_knows = False
        self._asker = ""
        self._remember_talk()
        self._program.terminal.discard_typed()
        if notice:
            self._program.terminal.notify(notice)
        self._program.chat.commands.admit = self.admit
        self._program.chat.start()
        self._show_waiting()

    def _remember_talk(self) -> None:
        """Note a talk whose client may come back, although it will not be seated.

        Only one that was lost before the first message and without a goodbye is not noted:
        its client loses nothing when it is seated like a new one.
        """
        session = self._session
        if not session or not session.peer:
            return
        # A goodbye of the peer is there too: it was answered with one of ours.
        if session.has_messages or session.farewell or session.over:
            self._ended.append(session.peer.session)

    # For the connection of a stranger.

    def handle(self, connection: Connection, event: Event) -> None:
        """Seat or refuse a stranger that has said HELLO; report one that did not."""
        match event:
            case Greeted():
                self._answer(connection, event)
            case Failed(error):
                self._report(connection, str(error))
            case Lost() if connection.channel.refuses:
                self._report(connection, str(connection.channel.error))
            case Lost(detail) if detail:
                self._report(connection, detail)

    def closed(self, connection: Connection) -> None:
        """Forget a stranger that has gone."""
        del self._strangers[connection]

    # Accepting.

    def _announce(self) -> None:
        """Show host and port: from now on a client may connect."""
        host, port = self._settings.host, self._sockets[0].getsockname()[1]
        place = describe_everywhere(self._sockets) if host in EVERYWHERE else host
        self._program.terminal.show(f"Server listening on: {place} on port: {port}")
        for line in self._invitation:
            self._program.terminal.show(line)
        if not self._invitation and not is_local(self._sockets):
            private = option("private", "")
            self._program.terminal.notify(
                "Anybody who can reach this port can take the seat, and read the talk on "
                f"its way: {private} lets in only who has the ticket."
            )
        self._show_waiting()
        if self._program.terminal.edits:
            if not is_local(self._sockets):
                self._show_commands("The other side starts with")
            self._program.loop.call_later(ADVICE_SECONDS, self._advise)
        self._watch()

    def _show_waiting(self) -> None:
        since = self._program.memory.time_of_day()
        self._program.chat.standing.wait_for(f"nobody here yet, waiting since {since}")

    def _show_commands(self, what: str) -> None:
        """Show what the other person is to type, once for each of our addresses."""
        host, port = self._settings.host, str(self._sockets[0].getsockname()[1])
        hosts = (find_own() or [socket.gethostname()]) if host in EVERYWHERE else [host]
        for each in hosts:
            line = command("chatc", host=each, port=port)
            self._program.terminal.notify(f"{what}: {line}")
            what = "Or with"

    def _advise(self) -> None:
        """Show what may be wrong, and what to try, when nobody has connected."""
        if self._seated or not self._program.chat.is_free:
            return
        nobody = f"Nobody has connected for {ADVICE_SECONDS:g} s."
        if is_local(self._sockets):
            self._show_commands(f"{nobody} On this machine, the other side starts with")
            everywhere = option("host", "*")
            self._program.terminal.notify(
                f"From another machine nobody can connect: for that, add {everywhere}"
            )
        else:
            self._show_commands(
                f"{nobody} A firewall may be in between. The other side starts with"
            )

    def _watch(self) -> None:
        for sock in self._sockets:
            self._program.loop.watch(sock.fileno(), READ, partial(self._accept, sock))

    def _accept(self, sock: socket.socket, mask: int) -> None:
        """Accept whoever waits, as far as there is room for strangers, but one at least.

        A server that was stopped for a while has several connections of one client
        waiting, and only the newest counts: see `_let_back`.
        """
        while self._accept_one(sock) and len(self._strangers) < STRANGERS_LIMIT:
            pass

    def _accept_one(self, sock: socket.socket) -> bool:
        """Accept a connection; return whether there was one."""
        try:
            stranger, address = sock.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return False  # nobody waits, or the client has gone again
        except OSError:
            self._pause()
            return False
        self._make_room()
        connection = self._program.open_connection(
            stranger, address[:2], self, "ACCEPTED", self._make_link
        )
        self._strangers[connection] = next(self._numbers)
        return True

    def _make_room(self) -> None:
        """Close a stranger if there are too many, and its HELLO has not come."""
        if len(self._strangers) == STRANGERS_LIMIT:
            find_least(self._strangers).read()
        if len(self._strangers) == STRANGERS_LIMIT:
            find_least(self._strangers).close()

    def _make_link(self, trace: Trace) -> Link:
        """Return the link of a stranger, with a new talk: it may turn out to be another."""
        hello = Hello(b"", Mode[self._settings.mode.upper()], self._program.name)
        session = Session(hello, talks_first=False)
        return Link(session, greets_first=False, trace=trace)

    def _pause(self) -> None:
        """Accept nobody for a while: without descriptors `accept` would fail for ever."""
        for sock in self._sockets:
            self._program.loop.forget(sock.fileno())
        self._program.loop.call_later(PAUSE_SECONDS, self._watch)

    # Answering a HELLO.

    def _answer(self, connection: Connection, greeting: Greeted) -> None:
        """Seat the first client, let our own client back in, refuse all others."""
        # It has said HELLO in time. A refusal sets a deadline of its own.
        connection.lift_deadline()
        chat, unfinished = self._program.chat, self._unfinished
        if chat.peer.expects(greeting):
            self._let_back(connection)
        elif unfinished and unfinished.expects(greeting.hello, greeting.seen):
            self._seat(connection, unfinished)
        elif chat.peer.knows(greeting) or (unfinished and unfinished.knows(greeting.hello)):
            connection.refuse(Reason.UNKNOWN_SESSION, "the talk stands otherwise here")
        elif greeting.hello.session in self._ended:
            # No line on the screen: it is the end of a talk that was shown already.
            connection.refuse(Reason.UNKNOWN_SESSION, "the talk is over")
        elif not chat.is_free and self._program.private and greeting.is_new:
            self._new_start.answer(connection)
        elif unfinished or not chat.is_free:
            self._refuse(connection, greeting.hello)
        elif not greeting.is_new:
            self._dismiss(connection)
        elif seconds := self._seconds_reserved(connection, greeting.hello):
            connection.refuse(Reason.BUSY, busy_words(seconds))
        else:
            self._seat(connection)

    def _seat(self, connection: Connection, session: Session | None = None) -> None:
        """Begin a talk with a client, or go on with it, unless it has gone already."""
        if is_abandoned(connection):
            connection.close()
            return
        if self._session and self._session.has_messages:
            self._clients = Tally(self._program.loop.now, CLIENTS_TOLD)
        self._announced = self._clients.add()
        self._admitted_until = 0.0
        self._take(connection)
        connection.welcome(session)
        self._session, self._unfinished = connection.link.session, None
        again = self._program.again is not None
        host = Host(self._lose, again=again, quiet=not self._announced)
        private = ", privately" if connection.channel.private else ""
        banner = f"Connected by {connection.address}{private}"
        self._program.chat.begin(connection, banner, host)

    def _take(self, connection: Connection) -> None:
        """Note that a stranger is none any more, and which connection the talk has."""
        self._seated = self._strangers.pop(connection)
        self._session = connection.link.session

    def _lose(self, sentence: str) -> None:
        """Show that a client has gone before the first message, if it was announced."""
        self._remember_talk()
        if self._announced:
            often = self._announced > CLIENTS_TOLD
            so_far = f" ({self._announced} such clients so far)" if often else ""
            self._program.terminal.notify(f"{sentence}{so_far}")

    def _let_back(self, connection: Connection) -> None:
        """Go on with the talk on this connection, unless its client has a newer one.

        A client that gets no answer dials again, and each of its connections brings a
        HELLO, in whichever order they are read. Only the newest is in use.
        """
        number = self._strangers[connection]
        for other in reversed([*self._strangers]):
            if self._strangers.get(other, 0) > number:
                other.read()  # it may be ours as well; then the talk goes on there
        if self._seated > number or is_abandoned(connection):
            connection.close()
        elif self._strangers.get(connection):
            self._seated = self._strangers.pop(connection)
            self._asker = ""  # the seat is taken: nobody can be let in
            self._program.chat.resume(connection)

    def _refuse(self, connection: Connection, hello: Hello) -> None:
        """Refuse a second client as the seat is taken, and notify the person.

        A crowd at the door must not disturb: there is one notice in a talk, and one more
        each time that its client is lost.
        """
        chat = self._program.chat
        connection.refuse(Reason.BUSY, busy_words(chat.seconds_kept))
        if chat.is_searching:
            self._note_asker(describe_caller(connection, hello))
        elif not self._person_knows:
            self._person_knows = True
            self._program.terminal.notify(
                f"Another client, from {connection.address}, was told that you are busy."
            )

    def _note_asker(self, caller: str) -> None:
        """Note the first that asks for the seat of a lost client: it may be let in."""
        if self._asker or self._program.chat.is_leaving:
            return
        self._asker, self._asker_is_told = caller, False
        # A client that is lost again and again is not to fill the screen in this way.
        if self._program.recovery.cut_is_told:
            self._tell_asker()

    def _tell_asker(self) -> None:
        """Notify the person of who asks for the seat, and of what can be done."""
        self._asker_is_told = True
        self._program.terminal.notify(
            f"Somebody at {self._asker} asks for the seat: /admit lets them in, and ends "
            "the talk with the one you have lost."
        )

    def _seconds_reserved(self, connection: Connection, hello: Hello) -> int:
        """Return for how long the seat is kept for another client that was let in."""
        left = self._admitted_until - self._program.loop.now()
        if left <= 0 or describe_caller(connection, hello) == self._admitted:
            return 0
        return ceil(left)

    def _dismiss(self, connection: Connection) -> None:
        """Refuse a client that returns to a talk which this program does not know."""
        connection.refuse(Reason.UNKNOWN_SESSION, "the server does not know this talk")
        self._report(connection, "it goes on with a talk that this server does not know")

    def _report(self, connection: Connection, what: str) -> None:
        """Show what a stranger did wrong, now and then, unless the person is in a talk."""
        if not (self._program.chat.is_free or self._program.private):
            return
        count = self._refusals.add()
        if count:
            refused = f"{count} connections so far, the last " if count > 1 else ""
            self._program.terminal.notify(f"Refused {refused}{connection.address}: {what}.")


def describe_caller(connection: Connection, hello: Hello) -> str:
    """Return the host that a client calls from, and the name that it gives itself.

    The host comes first, so that no name can be read as one.
    """
    host = host_of(connection)
    name = visible_name(hello.name)
    return host if name in ("", "client") else f"{host} (named '{name}')"


def host_of(connection: Connection) -> str:
    """Return the host that a client calls from."""
    assert isinstance(connection.address, tuple)
    return str(connection.address[0])


def every_address() -> list[Address]:
    """Return what binds every address of this machine, of both kinds."""
    return [(socket.AF_INET, ("0.0.0.0", 0)), (socket.AF_INET6, ("::", 0))]


def find_least(strangers: Collection[Connection]) -> Connection:
    """Return the oldest stranger of the host with the most, a holder's as the last.

    So a crowd pushes out its own, and no handshake that takes long on a slow way.
    """
    hosts = Counter(map(host_of, strangers))
    # `min` returns the first of equals.
    return min(
        strangers, key=lambda each: (each.channel.established, -hosts[host_of(each)])
    )


def is_local(sockets: list[socket.socket]) -> bool:
    """Return whether only programs on this machine can connect to these."""
    return all(is_loopback(sock.getsockname()[0]) for sock in sockets)


def describe_everywhere(sockets: list[socket.socket]) -> str:
    """Return which addresses these are, with the name of this machine."""
    both = any(sock.family == socket.AF_INET6 for sock in sockets)
    kind = "all addresses" if both else "all IPv4 addresses"
    return f"{kind} of {socket.gethostname()}"


def listen(addresses: list[Address], port: int) -> list[socket.socket]:
    """Listen on every address that this machine has, all on one port.

    Port 0 takes one that is free on all of them. Raises StartError.
    """
    for _ in range(PORT_TRIES):
        sockets: list[socket.socket] = []
        try:
            for family, (host, _, *scope) in addresses:
                taken = sockets[0].getsockname()[1] if sockets else port
                sockets += _listen_at(family, (host, taken, *scope))
        except OSError as error:
            _close(sockets)
            if error.errno != errno.EADDRINUSE or port:
                raise StartError(_explain(error, port)) from None
            continue
        if sockets:
            return sockets
        here = option("host", "localhost")
        raise StartError(
            f"a server listens only on its own machine, and the host is another: try {here}"
        )
    some = option("port", "7777")
    raise StartError(f"no port is free on every address: choose one, as in {some}")


def _listen_at(family: int, address: tuple[str | int | bytes, ...]) -> list[socket.socket]:
    """Listen on one address; on none when this machine does not have it."""
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return []  # no IPv6 in this kernel
    try:
        # Lets a server start again while connections of the last one are in TIME_WAIT.
        # It helps only if the last one had set it too.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRNOTAVAIL:
            return []
        raise
    return [sock]


def _close(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def _explain(error: OSError, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            other = option("port", str(port + 1 if port < 65535 else port - 1))
            stop = f"port {port} is in use: stop the other program"
            return f"{stop} or add {other} to both commands"
        case errno.EACCES:
            other = option("port", "7777")
            return (
                f"port {port} is kept for the system: choose one above 1023, as in {other}"
            )
        case _:
            return f"cannot listen on port {port}: {describe(error)}"
