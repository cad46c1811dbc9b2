"""The other half: strict turns, and every line sent as it is."""

import socket
import sys

connection = socket.socket()
connection.connect(("localhost", int(sys.argv[1])))
print("Type /q to quit")
while True:
    message = input(">")
    connection.send(message.encode())
    if message == "/q":
        break
    reply = connection.recv(4096).decode()
    if reply == "/q":
        break
    print(reply)
connection.close()
