"""What server and client share: messages, the keyboard, the turns, a small game."""

import os
import select
import struct
import sys

PROMPT = ">"
QUIT = "/q"
GUESS = "/guess"
GREETING = "chat 1"
LIMIT = 1 << 20  # bytes in a message: whoever announces more is no chat program
MOVES = list("123456789")
SECRET = "7"


def show(text, end="\n"):
    """Print at once, so that a prompt is there before we wait."""
    print(text, end=end, flush=True)


def send(connection, text):
    """Send a message: four bytes that say how many follow, then its text as UTF-8."""
    body = text.encode()
    connection.sendall(struct.pack("!I", len(body)) + body)


def receive(connection):
    """Receive a message, however the network has cut it."""
    (length,) = struct.unpack("!I", receive_exactly(connection, 4))
    if length > LIMIT:
        raise ConnectionError
    return receive_exactly(connection, length).decode("utf-8", "replace")


def receive_exactly(connection, count):
    """Receive so many bytes: one recv() may give fewer, and gives none at the end."""
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise ConnectionError
        data += piece
    return data


class Keyboard:
    """Gives what is typed a line at a time, also what is typed ahead."""

    def __init__(self):
        self.typed = b""

    def ask(self, connection, playing):
        """Prompt until there is a line that may be sent: in a game, a move."""
        while True:
            show(PROMPT, end="")
            line = self.read_line(connection)
            if not playing or line == QUIT or line in MOVES:
                return line
            show("A digit from 1 to 9, please.")

    def read_line(self, connection):
        """Wait for a line, or for the end of the connection; Ctrl-D quits."""
        while b"\n" not in self.typed:
            ready, _, _ = select.select([0, connection], [], [])
            if connection in ready:  # it is not the other's turn: this is the end
                raise ConnectionError
            piece = os.read(0, 65536)
            if not piece:
                return QUIT
            self.typed += piece
        line, _, self.typed = self.typed.partition(b"\n")
        return line.decode("utf-8", "replace")


def play(guess):
    """Answer a guess; whether the game goes on."""
    if guess == SECRET:
        show(f"{guess} is right: the game is over.")
        return False
    show(f"{guess} is too {'low' if guess < SECRET else 'high'}.")
    return True


def take_turns(connection, my_turn):
    """Talk, a line each, until somebody quits. OSError: the other side is gone."""
    keyboard = Keyboard()
    playing = False
    while True:
        if my_turn:
            text = keyboard.ask(connection, playing)
            send(connection, text)
        else:
            text = receive(connection)
        if text == QUIT:
            return
        if playing:
            playing = play(text)
        elif text == GUESS:
            playing = True
            show("A game: guess a digit from 1 to 9.")
        elif not my_turn:
            show(text)
        my_turn = not my_turn


def talk(connection, my_turn):
    """Talk to the end, and say how it came."""
    try:
        take_turns(connection, my_turn)
    except OSError:
        sys.exit("The other side is gone.")
    connection.close()
    show("Goodbye.")
