"""The chat as it is mostly handed in: one recv() is taken for one message."""

import socket
import sys

listener = socket.socket()
listener.bind(("localhost", int(sys.argv[1])))
listener.listen()
print("Server listening")
connection, address = listener.accept()
print("Connected by", address)
print("Waiting for message...")
while True:
    message = connection.recv(4096).decode()
    if message == "/q":
        break
    print(message)
    reply = input(">")
    connection.send(reply.encode())
    if reply == "/q":
        break
connection.close()
listener.close()
