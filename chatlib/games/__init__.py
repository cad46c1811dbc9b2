"""Games for two, in the middle of a talk.

`game` says what a game is; `tictactoe`, `connectfour` and `hangman` are some; `secret`
helps where something is hidden for a while; `registry` finds them, those of other packages
too; `table` is where two play: offer, accept, move, resign, score.

All pure: words in, words out. No socket, no terminal, no clock.
"""
