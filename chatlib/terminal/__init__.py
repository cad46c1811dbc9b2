"""The person's side: lines typed, lines shown. Knows no protocol.

`plain` lets the kernel edit the line; `visible` decides what may reach a screen.
"""
