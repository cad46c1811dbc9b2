"""The referee: runs anybody's pair of console programs and reports which rules they keep.

    python3 -m harness referee --server 'python3 server.py' --client 'python3 client.py'

It knows nothing of the product and nothing of a submission's wire format. It sees what a
person would see on two terminals, and bytes on their way in between.

Layers, each importing only what stands above it:

    tables, result, profile             plain data, and how it is read
    processes, isolation, relay         the world that a pair runs in
    terminal, moments, watch, prompts   one program; the time line; all programs, read
    pair                                both programs in one run
    bench, checks/                      what a check works with; every check
    rubric                              titles, points and help for the checks
    trial, workers, call, command       one submission, many of them, the command line
    proposal                            a profile, guessed from a run
    reports/                            each reads a result, and nothing else
"""
