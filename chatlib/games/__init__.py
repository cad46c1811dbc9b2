"""Games for two, in the middle of a talk.

`game` says what a game is; `tictactoe`, `connectfour` and `hangman` are the games that
come with the programs; `secret` helps where a player hides something for a while;
`registry` finds a game by its name, those of other packages too; `table` is where one end
plays with the other: offer, accept, move, resign, score.

All of it is pure: words in, words out. No socket, no terminal, no clock.
"""
