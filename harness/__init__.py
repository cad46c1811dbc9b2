"""Drive two programs that talk to each other through scripted conversations.

    script     a conversation file, read
    stage      the programs of a conversation: starts them, plays the steps, reads all
    player     one of them: its screen in lines, its stderr, its keyboard
    inputs     the lines that one of them gets from a pipe or a file
    child      a program on a terminal of its own: the base of every one that is driven
    view       the picture on that terminal, as a person sees it
    readers    everything that one owner reads, and the wait for what comes of it
    proxy      a network between two programs that misbehaves on command
    wire       a second, independent reading of the wire format
    report     the talk in two columns, and the report on what went wrong
    documents  the transcripts and tables of the documentation
    referee/   judges anybody's pair of programs

The harness imports nothing of the product: it sees what a person and a peer see. One
selector, no threads, no sleeping: every wait is for something that a program does.
"""
