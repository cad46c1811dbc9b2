"""Which characters may reach a screen, and how the others are shown instead.

A terminal obeys some characters instead of showing them: they move the cursor,
change the title, write the clipboard, turn the reading direction or hide text.
No I/O here; every module may import this one.
"""

from unicodedata import category

# Controls, formats, surrogates, line and paragraph separators (Unicode categories).
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# Zero-width non-joiner and joiner are formats too, but Persian, Indic scripts and family
# emoji cannot be written without them, and they move nothing.
_JOINERS = "\u200c\u200d"

_PRINTABLE = bytes(range(ord(" "), ord("~") + 1))

TAB_STOPS = 4
"""Columns from one tab stop to the next."""


def visible(text: str) -> str:
    """Return the text with every character that a terminal would obey made visible.

    ESC becomes `^[`, a line end `^J`, a right-to-left override `<U+202E>`; a tab
    becomes spaces. All other characters, unassigned ones included, stay as they are.
    """
    if is_printable_ascii(text):
        return text
    return "".join(map(_escape, text.expandtabs(TAB_STOPS)))


def is_printable_ascii(text: str) -> bool:
    """Return whether a text is printable ASCII throughout, as nearly all texts are."""
    # Deleting the printable bytes is six times as fast as `str.isprintable`.
    return text.isascii() and not text.encode().translate(None, _PRINTABLE)


def _escape(character: str) -> str:
    if category(character) not in _OBEYED or character in _JOINERS:
        return character
    code = ord(character)
    # Caret notation: ^@ to ^_ and ^? for DEL, as `cat -v` and the kernel's echo do it.
    return "^" + chr(code ^ 64) if code < 128 else f"<U+{code:04X}>"
