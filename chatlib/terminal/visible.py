"""What may reach a screen.

A terminal obeys some characters instead of showing them: they move the cursor,
change the title, write the clipboard, turn the reading direction or hide text.
No I/O here; anybody may import it.
"""

from unicodedata import category

# Controls, formats, surrogates, line and paragraph separators (Unicode categories).
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

# Zero-width non-joiner and joiner: formats too, but Persian, Indic scripts and family
# emoji cannot be written without them, and they move nothing.
_JOINERS = "\u200c\u200d"

_PLAIN = bytes(range(ord(" "), ord("~") + 1))

TAB_STOPS = 4


def visible(text: str) -> str:
    """Show every character that a terminal would obey in caret or `<U+...>` notation.

    ESC becomes `^[`, a line end `^J`, a right-to-left override `<U+202E>`; a tab
    becomes spaces. Everything else, emoji of tomorrow included, stays as it is.
    """
    if is_plain(text):
        return text
    return "".join(map(_show, text.expandtabs(TAB_STOPS)))


def is_plain(text: str) -> bool:
    """Whether a text needs nothing, as nearly all do: ASCII and no control character.

    Deleting what is harmless looks at 3 characters in a nanosecond; `str.isprintable`
    takes 2 ns for each.
    """
    return text.isascii() and not text.encode().translate(None, _PLAIN)


def _show(character: str) -> str:
    if category(character) not in _UNSAFE or character in _JOINERS:
        return character
    code = ord(character)
    # Caret notation: ^@ to ^_ and ^? for DEL, as `cat -v` and the kernel's echo do it.
    return "^" + chr(code ^ 64) if code < 128 else f"<U+{code:04X}>"
