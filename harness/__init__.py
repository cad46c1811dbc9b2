"""Drive two programs that talk to each other through scripted conversations.

    script    reads a conversation file
    player    one program on a terminal of its own (pexpect), and all of pexpect's traps
    stage     starts the programs, plays the steps, keeps every stream drained
    proxy     a network between them that delivers a byte at a time
    report    what a person reads: two columns, and what went wrong
    wire      a second, independent reading of the wire format

The harness imports nothing of the product: it sees what a person and a peer see. One
selector, no threads, no sleeping: every wait is for something that a program does.
"""
