"""Everything that the server and the client share.

The layers, lowest first; each may import only what stands above its own line
(`tests/test_layers.py` fails on anything else):

    errors              who erred, and the exit code that says so
    protocol.frames     what a frame is
    protocol.reader     bytes in, whole frames out
    protocol.events     what a link reports
    protocol.session    what one end remembers of a talk
    protocol.pulse      silence, PING and round trip
    protocol.link       the rules of one connection: bytes in, events out
    connection          a nonblocking socket and its link
    standing, peer      how a talk stands in words, who the other side is
    goodbye             how a talk ends
    outbox, playing     what is sent, or kept for later; games
    commands            lines that begin with a slash
    chat                what a typed line does, what an arriving message does
    program             what both programs do before and after the chat

Beside the ladder stand `loop` (one selector; knows no chat), `recovery` (how long a lost
peer is searched for), `terminal` (knows no protocol), `games` (rules only), `tally`
(which notices are too many), `advice` (what a person may type, in make's words under
make), `framelog`, `settings`, `addresses`, `keeping` (what outlives the program: nothing)
and, only where it is wanted, `journalling` in its place with `journal` (and `record`,
`past`, `disk` and `cipher`: a file from which the talk goes on). How they work together
is described in `docs/architecture.md`. This package itself exports nothing.
"""

VERSION = "0.1.0"
"""The version of both programs; `pyproject.toml` reads it from here."""
