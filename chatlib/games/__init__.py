"""Games for two, in the middle of a talk.

`game` says what a game is; `tictactoe`, `connectfour` and `hangman` are the games that
come with the programs; `secret` helps where a player hides something for a while;
`registry` finds a game by its name, those of other packages too; `foreign` keeps what such
a package does wrong from the talk; `table` is where one end plays with the other: offer,
accept, move, resign, score.

All of it is pure: words in, words out. No socket, no terminal, and no clock, except for the
alarm with which `foreign` ends a call that does not return.
"""
