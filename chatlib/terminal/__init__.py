"""The terminal of one person: lines typed, lines shown. Knows no protocol.

`terminal` says what a chat needs of a terminal. In `plain` the kernel edits the typed
line, in `edited` prompt_toolkit does. `visible` decides which characters reach a screen.
"""
