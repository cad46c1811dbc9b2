"""Which characters may reach a screen, and how the others are shown instead.

A terminal obeys some characters instead of showing them: they move the cursor, change the
title, write the clipboard or turn the reading direction. Others show nothing at all, so
that a text can hide in them, or a name be imitated. Both kinds are made visible here,
except where people need them: inside an emoji, say, or between two Persian letters.

How it works: every character has a kind, one letter (`_Kinds`), so a text has a string of
kinds that is as long as the text. One pattern finds in it what must not be shown as it is
(`_make_pattern`). What a kind is follows from Unicode properties. Of these Python lacks
one, Default_Ignorable_Code_Point: its ranges stand here.

No I/O here; every module may import this one.
"""

import re
from bisect import bisect_right
from functools import cache
from unicodedata import category, east_asian_width

TAB_STOPS = 4
"""Columns from one tab stop to the next."""

BLANKS = 24
"""How many blanks may stand side by side: six levels of indentation. More of them could
fill a row of the screen, and what follows would look like a line of its own."""

MARKS = 8
"""How many marks a character may carry. No language needs more than six, and a stack of
hundreds covers the lines above it."""

JOINED = 6
"""So many emoji that are joined to one more are shown apart; a family has three."""

NAME_COLUMNS = 32
"""How wide a name may be on the screen."""

DEFAULT_IGNORABLE = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x061C, 0x061C),  # a mark of direction
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),  # Khmer inherent vowels
    (0x180B, 0x180F),  # Mongolian variation selectors, and the vowel separator
    (0x200B, 0x200F),  # zero width, joiners, marks of direction
    (0x202A, 0x202E),  # embedding and overriding a direction
    (0x2060, 0x206F),  # invisible operators, isolating a direction
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFA0, 0xFFA0),  # halfwidth Hangul filler
    (0xFFF0, 0xFFF8),  # unassigned
    (0x1BCA0, 0x1BCA3),  # shorthand
    (0x1D173, 0x1D17A),  # music
    (0xE0000, 0xE0FFF),  # tags, more variation selectors, unassigned
)
"""Characters that show nothing where they are not understood: the property
Default_Ignorable_Code_Point of DerivedCoreProperties.txt, the same from Unicode 14.0 to
16.0. It has a place for those of the future, so what is unassigned in it counts too."""

_IGNORABLE = tuple((first, last, "!") for first, last in DEFAULT_IGNORABLE)

# Controls, formats, private use, surrogates, line and paragraph separators. Cn, which is
# not assigned, is missing on purpose: in the Unicode of Python it may stand for a letter
# or an emoji that a newer terminal knows, and what shows nothing is in the ranges above.
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})

# What has a kind of its own. The kinds are explained where the pattern is made.
_ROLES = (
    (0x0023, 0x0023, "K"),
    (0x002A, 0x002A, "K"),
    (0x0030, 0x0039, "K"),
    # Vowels and final consonants of Hangul have no width of their own.
    (0x1161, 0x11FF, "M"),
    (0x180B, 0x180D, "g"),
    (0x180E, 0x180E, "v"),
    (0x180F, 0x180F, "g"),
    (0x200C, 0x200C, "N"),
    (0x200D, 0x200D, "J"),
    (0x203C, 0x203C, "S"),
    (0x2049, 0x2049, "S"),
    (0x20E3, 0x20E3, "Q"),
    (0x2139, 0x2139, "S"),
    (0x2194, 0x2194, "P"),
    # Braille without a dot is blank, but no space. No property tells that of a character,
    # and the other five of this kind are below.
    (0x2800, 0x2800, "!"),
    (0x3030, 0x3030, "S"),
    (0x3400, 0x4DBF, "H"),
    (0x4E00, 0x9FFF, "H"),
    (0xD7B0, 0xD7FB, "M"),
    (0xF900, 0xFAFF, "H"),
    (0xFE00, 0xFE0D, "W"),
    (0xFE0E, 0xFE0F, "V"),
    (0x13441, 0x13442, "!"),
    (0x16FE4, 0x16FE4, "!"),
    (0x1D159, 0x1D159, "!"),
    (0x1F3F4, 0x1F3F4, "F"),
    (0x20000, 0x3FFFD, "H"),
    (0xE0030, 0xE0039, "T"),
    (0xE0061, 0xE007A, "T"),
    (0xE007F, 0xE007F, "E"),
    (0xE0100, 0xE01EF, "I"),
)

# Scripts in which a joiner after a letter changes how that is written: Arabic and its
# neighbours, those of India and around it, Mongolian, and their kin beyond U+FFFF.
_JOINING = (
    (0x0600, 0x0DFF, "A"),
    (0x0F00, 0x109F, "A"),
    (0x1700, 0x181F, "A"),
    (0x1820, 0x18AA, "G"),
    (0x18AB, 0x18AF, "A"),
    (0x1900, 0x1C7F, "A"),
    (0x1CD0, 0x1CFF, "A"),
    (0xA800, 0xAB2F, "A"),
    (0xABC0, 0xABFF, "A"),
    (0x10A00, 0x10AFF, "A"),
    (0x10D00, 0x11FFF, "A"),
    (0x1E900, 0x1E95F, "A"),
)

# Where emoji are added every year: they look unassigned to an older Unicode.
_EMOJI_TO_COME = range(0x1F000, 0x1FB00)

# So many kinds are remembered; a peer could send each of a million characters once.
_KINDS_LIMIT = 4096

_CODES = 0x110000
_JOINER, _EMOJI_STYLE = "\u200d", "\ufe0f"
_PRINTABLE = bytes(range(ord(" "), ord("~") + 1))
_TOO_BLANK = " " * (BLANKS + 1)


def visible(text: str) -> str:
    """Return the text with everything made visible that is obeyed, or shows nothing.

    ESC becomes `^[`, a line end `^J`, a right-to-left override `<U+202E>`; a tab becomes
    spaces. Of blanks or marks that are too many the number is shown: `<60 spaces>`. What
    people need to write a language or an emoji stays as it is.
    """
    if is_shown_as_is(text):
        return text
    text = text.expandtabs(TAB_STOPS)
    kinds = text.translate(_KINDS)
    if kinds[0] in "MmQ":
        # It would be drawn over what stands before the text, such as a name.
        text, kinds = f"\u25cc{text}", f"S{kinds}"
    shown: list[str] = []
    done = 0
    for found in _make_pattern().finditer(kinds):
        start, end = found.span()
        shown += text[done:start], _replace(text[start:end], found[0], found.lastgroup)
        done = end
    return "".join([*shown, text[done:]]) if done else text


def visible_name(name: str) -> str:
    """Return a name as it is shown to people, in one row; "" if there is nothing to see.

    A bar becomes a broken bar, because bars separate the parts of the status line.
    """
    shown = visible(" ".join(name.split())).replace("|", "\u00a6")
    if columns(shown) <= NAME_COLUMNS:
        return shown
    shown = shown[:NAME_COLUMNS]
    while columns(shown) >= NAME_COLUMNS or visible(f"{shown}\u2026") != f"{shown}\u2026":
        shown = shown[:-1]  # in the second case an emoji was cut apart
    return f"{shown}\u2026"


def columns(text: str) -> int:
    """Return how wide a text may be on the screen: rather more than less.

    Some terminals draw an emoji of several parts as one, and others part by part.
    """
    return len(text) if text.isascii() else sum(map(_count_columns, text))


def is_shown_as_is(text: str) -> bool:
    """Return whether a text needs no change for a reason that nearly all texts have.

    It is printable ASCII throughout, without a long run of blanks.
    """
    # Deleting the printable bytes is six times as fast as `str.isprintable`.
    return (
        text.isascii()
        and not text.encode().translate(None, _PRINTABLE)
        and _TOO_BLANK not in text
    )


# The kinds.


class _Kinds(dict[int, str]):
    """The kind of each code point; found when it is first asked for."""

    def __missing__(self, code: int) -> str:
        if len(self) >= _KINDS_LIMIT:
            self.clear()
        kind = self[code] = _find_kind(code)
        return kind


_KINDS = _Kinds()


def _find_kind(code: int) -> str:
    role = _find_in(_ROLES, code)
    if role:
        return role
    unicode_category = category(chr(code))
    if unicode_category == "Zs":
        return "_"
    # The last two code points of every plane, and 32 more, are no characters at all.
    if (
        unicode_category in _HIDDEN
        or code & 0xFFFE == 0xFFFE
        or 0xFDD0 <= code <= 0xFDEF
        or _find_in(_IGNORABLE, code)
    ):
        return "!"
    return _find_kind_of_visible(code, unicode_category)


def _find_kind_of_visible(code: int, unicode_category: str) -> str:
    if code < 128:
        return "."
    if unicode_category == "So" or 0x1F3FB <= code <= 0x1F3FF:
        return "P"
    if unicode_category == "Cn":
        return "P" if code in _EMOJI_TO_COME else "."
    joining = unicode_category[0] in "LM" and _find_in(_JOINING, code)
    if unicode_category[0] == "M":
        return "m" if joining else "M"
    if joining:
        return joining
    return "S" if unicode_category[0] == "S" else "."


def _find_in(ranges: tuple[tuple[int, int, str], ...], code: int) -> str:
    """Return the kind of the range that has this code point, or ""."""
    place = bisect_right(ranges, (code, _CODES)) - 1
    return ranges[place][2] if place >= 0 and code <= ranges[place][1] else ""


# What is found, and how it is shown.


@cache
def _make_pattern() -> re.Pattern[str]:
    """Return the pattern that finds in a string of kinds what is not shown as it is.

    Made when the first text needs it: most programs that run see none.
    """
    # A lookbehind stands after the character that it is about and sees that one, too: so
    # every alternative begins with a letter, and most places are passed over quickly.
    return re.compile(
        # More blanks than may stand side by side.
        rf"(?P<blanks>_{{{BLANKS + 1},}})"
        # A flag of a region: a black flag, tags, the end. It is kept.
        r"|(?P<flag>FT{3,6}E)"
        # More marks (Mm) than a character may carry. Whatever else has no width counts,
        # too, or a joiner here and there would hide how many they are.
        rf"|(?P<marks>[MmQJNVWIgv]{{{MARKS + 1},}})"
        # More emoji in one than anybody draws.
        rf"|(?P<chain>(?:J[PF]P?V?){{{JOINED},}})"
        # What is never shown as it is, and tags without a flag.
        r"|(?P<hidden>[!TE]+"
        # The selectors of text and emoji style: after an emoji or a symbol (PFS), or
        # between a digit (K) and the frame of a key (Q).
        r"|V(?<![PFS]V)(?!(?<=KV)Q)"
        # Other selectors: after a symbol or a Han character (H); after the latter alone.
        r"|W(?<![SH]W)|I(?<!HI)"
        # The joiner: between two emoji, or after a letter or mark (AGm) of a script that
        # needs it; the non-joiner only there.
        r"|J(?<![AGm]J)(?!(?:(?<=[PF]J)|(?<=[PF]VJ))[PF])|N(?<![AGm]N)"
        # Mongolian selectors and the vowel separator: after a Mongolian letter (G).
        r"|g(?<!Gg)|v(?<!Gv)(?<!Ggv))"
    )


def _replace(text: str, kinds: str, what: str | None) -> str:
    """Return what is shown instead of a piece of text that the pattern has found."""
    match what:
        case "blanks":
            return f"<{len(text)} spaces>"
        case "marks":
            carried = len(kinds) - len(kinds.lstrip("MmQ"))
            carried = min(carried, MARKS)
            return f"{text[:carried]}<{len(text) - carried} marks>"
        case "chain":
            return text.replace(_JOINER, _escape(_JOINER))
        case "flag":
            return text
    return "".join(map(_escape, text))


def _escape(character: str) -> str:
    code = ord(character)
    # Caret notation: ^@ to ^_ and ^? for DEL, as `cat -v` and the kernel's echo do it.
    return "^" + chr(code ^ 64) if code < 128 else f"<U+{code:04X}>"


# Columns.


def _count_columns(character: str) -> int:
    # An emoji that is not assigned yet is wide, too, on a terminal that knows it.
    if east_asian_width(character) in "WF" or ord(character) in _EMOJI_TO_COME:
        return 2
    # Marks and joiners have no place of their own. The selector of emoji style has: it
    # makes the narrow symbol before it wide.
    nothing = category(character) in ("Mn", "Me", "Cf") and character != _EMOJI_STYLE
    return 0 if nothing else 1
