"""The referee: runs anybody's pair of console programs and says which rules they keep.

    python3 -m harness referee --server 'python3 server.py' --client 'python3 client.py'

It knows nothing of the product and nothing of a submission's wire format: what it sees
is what a person would see on two terminals, and bytes on their way in between.

Layers, each importing only what stands above it: `result` (what was found), `profile`
and `rubric` (what was asked), `isolation`, `terminal` and `relay` (the world that a pair
runs in), `pair` (both programs in it), `checks`, `trial` (all checks of one
submission, and of a class), and beside them `reports`, which read a `result` alone.
"""
