"""The client of a chat for two: python3 client.py PORT."""

import socket
import sys

from chat import GREETING, receive, send, show, talk


def connect(port):
    """Connect, greet, and wait to be greeted."""
    connection = socket.create_connection(("localhost", port))
    send(connection, GREETING)
    if receive(connection) != GREETING:
        raise ConnectionError
    return connection


def main():
    """Speak first."""
    port = int(sys.argv[1])
    try:
        connection = connect(port)
    except OSError:
        sys.exit(f"No free chat server on port {port}: start one first.")
    show("Connected. You speak first. /q quits, /guess plays.")
    talk(connection, my_turn=True)


main()
