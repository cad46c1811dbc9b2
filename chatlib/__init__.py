"""Everything that the server and the client share.

The layers, lowest first; each may import only what stands above its own line
(`tests/test_layers.py` fails on anything else):

    errors              who erred, and the exit code that says so
    protocol.frames     what a frame is
    protocol.reader     bytes in, whole frames out
    protocol.session    the rules of the talk
    connection          a nonblocking socket and its session
    chat                what a typed line does, what an arriving message does
    program             what both programs do before and after the chat

Beside the ladder stand `loop` (one selector; knows no chat), `lifeline` (how long a lost
peer is looked for), `terminal` (knows no protocol), `framelog` and `settings` (know
neither). This package exports nothing itself.
"""

VERSION = "0.1.0"
"""The version of both programs; `pyproject.toml` reads it from here."""
