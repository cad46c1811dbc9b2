"""The protocol, without a socket, a clock or a terminal: bytes in, events out.

`docs/protocol.md` describes the wire on one page. Nothing in this package may
import `socket`, `selectors`, `os`, `sys` or `time`, so every rule can be tested in
memory, as fast as Python runs and the same way twice.
"""
