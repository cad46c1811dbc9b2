"""The server of a chat for two: python3 server.py PORT."""

import socket
import sys

from chat import GREETING, receive, send, show, talk


def listen(port):
    """Give a socket that listens, also where a connection of the last run lingers."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("localhost", port))
    listener.listen()
    return listener


def welcome(listener):
    """Wait for a chat client; a port scan or a browser does not greet as one."""
    while True:
        connection, _ = listener.accept()
        connection.settimeout(5)
        try:
            if receive(connection) == GREETING:
                send(connection, GREETING)
                connection.settimeout(None)
                return connection
        except OSError:
            pass
        connection.close()


def main():
    """Talk to the first client; whoever comes later is refused."""
    port = int(sys.argv[1])
    try:
        listener = listen(port)
    except OSError as error:
        sys.exit(f"Port {port}: {error.strerror}.")
    show(f"Waiting for a client on port {port}.")
    connection = welcome(listener)
    listener.close()
    show("A client is here and speaks first. /q quits, /guess plays.")
    talk(connection, my_turn=False)


main()
