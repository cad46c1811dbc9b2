"""The keyboard of the line editor: what a terminal sends, as keys of prompt_toolkit.

A terminal sends text, keys, pastes and reports (of the mouse, of the focus, answers to the
questions of a program that ran before). prompt_toolkit inserts what it does not know into
the line, and some keys bring it into modes that nobody asks for here. So it gets what this
module knows: text, pastes and the keys of the tables. All other sequences are dropped.

Sequences are those of ECMA-48, xterm, rxvt, the Linux console and kitty. Only `edited`
imports this module.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import TextIO, cast

from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys

from chatlib.terminal import streams

KEY_SECONDS, REPORT_SECONDS = 0.5, 1.0
"""How long the next byte may take: after Escape, which may stand alone, and in the middle
of a report or a paste, which never ends by itself."""

CHUNK = 4096
"""Bytes read at a time; the kernel holds no more of a terminal."""

LONGEST = 64
"""Characters of an unfinished sequence that are kept; a longer one is no key."""

BURST = 32
"""Characters in one read that no hand has typed."""

ESCAPE, CONTROL_C, PASTE_BEGIN, PASTE_END = "\x1b", "\x03", "\x1b[200~", "\x1b[201~"

FOCUS_IN, FOCUS_OUT = "\x1b[I", "\x1b[O"
"""What a terminal sends when its window is looked at, and when another is."""

_REPORT = re.compile(r"\x1b\[(?:[IO]|[0-9]{1,9};[0-9]{1,9}R)")

# The tables.

WORD_BACK = Keys.F13
ALT_COMMANDS = {
    WORD_BACK: "backward-kill-word",
    Keys.F14: "capitalize-word",
    Keys.F15: "downcase-word",
    Keys.F16: "uppercase-word",
    Keys.F17: "yank-pop",
    Keys.F18: "yank-last-arg",
    Keys.F19: "beginning-of-history",
    Keys.F20: "end-of-history",
}
"""The commands of prompt_toolkit that have no key of their own, but Alt and a key.

Keys that no terminal can send through this module stand for them: prompt_toolkit's own
pairs (Escape, then the key) would wait for a second key after every Escape."""

LINE_END_KEY = Keys.F21
"""The key that types a line end: Alt-Enter, and Shift-Enter where a terminal reports it."""

_ALT: dict[str, Keys] = {
    "\r": LINE_END_KEY,
    "\n": LINE_END_KEY,
    "b": Keys.ControlLeft,
    "f": Keys.ControlRight,
    "d": Keys.ControlDelete,
    "\x7f": WORD_BACK,
    "\x08": WORD_BACK,
    "c": Keys.F14,
    "l": Keys.F15,
    "u": Keys.F16,
    "y": Keys.F17,
    ".": Keys.F18,
    "<": Keys.F19,
    ">": Keys.F20,
}
# Not here are keys that begin a mode or a pair (Ctrl-Space, Ctrl-Q, Ctrl-V, Ctrl-X,
# Ctrl-]).
_CONTROL: dict[str, Keys] = {
    **{chr(ord(letter) - 96): Keys(f"c-{letter}") for letter in "abcdefghiklmnoprstuwyz"},
    "\n": Keys.ControlM,
    "\x1b": Keys.Escape,
    "\x1c": Keys.ControlBackslash,
    "\x1f": Keys.ControlUnderscore,
    "\x7f": Keys.Backspace,
}
_CURSOR: dict[str, Keys] = {
    "A": Keys.Up,
    "B": Keys.Down,
    "C": Keys.Right,
    "D": Keys.Left,
    "F": Keys.End,
    "H": Keys.Home,
}
_NUMBERED: dict[int, Keys] = {
    1: Keys.Home,
    3: Keys.Delete,
    4: Keys.End,
    5: Keys.PageUp,
    6: Keys.PageDown,
    7: Keys.Home,
    8: Keys.End,
}
# What a key does together with Ctrl, Alt or Meta; others do what they do alone.
_STRONG: dict[Keys, Keys | None] = {
    Keys.Right: Keys.ControlRight,
    Keys.Left: Keys.ControlLeft,
    Keys.Home: Keys.ControlHome,
    Keys.End: Keys.ControlEnd,
    Keys.Delete: Keys.ControlDelete,
    Keys.Backspace: WORD_BACK,
    Keys.PageUp: None,
    Keys.PageDown: None,
    Keys.Tab: None,
}
# The keypad in application mode (SS3), and kitty's numbers of its keys (CSI u).
_KEYPAD: dict[str, Keys | str] = {
    **dict(zip(" X" + "jklmnopqrstuvwxy", " =" + "*+,-./0123456789", strict=True)),
    "I": Keys.Tab,
    "M": Keys.ControlM,
}
_KITTY: dict[int, Keys | str] = {
    9: Keys.Tab,
    13: Keys.ControlM,
    27: Keys.Escape,
    8: Keys.Backspace,
    127: Keys.Backspace,
    **{57399 + at: char for at, char in enumerate("0123456789./*-+")},
    57414: Keys.ControlM,
    57415: "=",
    57416: ",",
    57417: Keys.Left,
    57418: Keys.Right,
    57419: Keys.Up,
    57420: Keys.Down,
    57421: Keys.PageUp,
    57422: Keys.PageDown,
    57423: Keys.Home,
    57424: Keys.End,
    57426: Keys.Delete,
}
# Modifiers, as bits; the locks (64 and 128) count for nothing.
_SHIFT, _ALT_BIT, _CTRL, _STRONGER = 1, 2, 4, 2 | 4 | 8 | 16 | 32
# rxvt has them in the last character.
_RXVT = {"$": _SHIFT, "^": _CTRL, "@": _CTRL | _SHIFT}

# What is sent, cut into pieces. A control character inside a sequence ends it, and is a
# key of its own: whatever was lost on the way, Ctrl-C and Enter are heard.
# Only Enter right behind Escape is another key, Alt-Enter.

_CSI, _SS3 = r"\x1b?(?:\x1b\[|\x9b)", r"\x1b?(?:\x1bO|\x8f)"
# OSC, DCS and APC, as far as terminals answer with them. `Alt-]` and a word is none.
_STRING = r"(?:(?:\x1b\]|\x9d)[0-9lL]|(?:\x1bP|\x90)[!$+0-?]|(?:\x1b_|\x9f)G)"
_BODY = r"[^\x00-\x1f\x9c]*"
# Reports of the mouse whose coordinates are characters: X10, and xterm's of a selection.
_MOUSE = r"(?: M[^\x00-\x1f]{3} | t[^\x00-\x1f]{2} | T[^\x00-\x1f]{6} )"
_HALF = r"(?: M[^\x00-\x1f]{0,2} | t[^\x00-\x1f]? | T[^\x00-\x1f]{0,5} )"
_RXVT_SHIFT = r"[0-9]{1,2}\$"
_SEQUENCE = rf"""
      (?P<rest> (?: \x1b\x1b? | (?:\x1b[]P_]|[\x90\x9d\x9f]) | {_STRING}{_BODY}\x1b?
                  | {_CSI}(?: \[ | {_HALF} | (?!{_RXVT_SHIFT}) [ -?]* )
                  | {_SS3}[0-9;]* ) \Z)
    | (?P<control_sequence> {_CSI}
        (?: \[[ -~] | {_MOUSE} | {_RXVT_SHIFT}    # the first: F1 of the Linux console
          | [ -?]+[@-~] | [@-LN-SU-Z\\-su-~]      # what is regular
          | (?: \[ | {_HALF} | [ -?]* ) (?=[^ -~]) ))  # what is broken off
    | (?P<keypad> {_SS3}[0-9;]* [ A-Za-z]?)
    | (?P<string> {_STRING}{_BODY} (?: \x07 | \x1b\\ | \x9c )?
                | (?:\x1b[]PX^_]|[\x90\x98\x9d-\x9f]){_BODY} (?: \x1b\\ | \x9c ))
    | (?P<alt> \x1b[\x08\t\n\r -\x7f\xa0-\U0010ffff])
    | (?P<other> [\x1b\x80-\x9f])
    """
_NUMBERS = rf"({_CSI}|{_SS3})([0-9;:]*)([ -~])"
_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f]+")
_INTRODUCERS = {ESCAPE, *map(chr, range(0x80, 0xA0))}


class Keyboard(Vt100Input):
    """stdin as an input of prompt_toolkit.

    `set_patience(seconds)` is called after every read. If nothing more comes for so long,
    prompt_toolkit calls `flush_keys`. `reported` is called with each report of the focus
    or of the cursor's place.
    """

    def __init__(
        self, set_patience: Callable[[float], None], reported: Callable[[str], None]
    ) -> None:
        super().__init__(cast(TextIO, KeyStream()))
        self._set_patience = set_patience
        self._decoder = KeyDecoder(reported)

    def read_keys(self) -> list[KeyPress]:
        """Read what was typed and return it, without what may still be unfinished."""
        presses = self._decoder.read(self.stdin_reader.read(CHUNK))
        self._set_patience(self._decoder.patience)
        return presses

    def flush_keys(self) -> list[KeyPress]:
        """Return what was unfinished: nothing followed in time."""
        return self._decoder.flush()


class KeyStream:
    """stdin as prompt_toolkit looks at it; the keyboard is UTF-8, like all else here."""

    encoding = "utf-8"

    def fileno(self) -> int:
        """Return the descriptor that is read."""
        return streams.STDIN

    def isatty(self) -> bool:
        """Return True: `program` chooses the editor only where stdin is a terminal."""
        return True


class KeyDecoder:
    """Text from a terminal in, keys out.

    A paste is one key, whose data is the pasted text. No control character acts in it.
    `reported` is called with what is no key: FOCUS_IN, FOCUS_OUT and the cursor's place.
    """

    def __init__(self, reported: Callable[[str], None] = lambda report: None) -> None:
        self._reported = reported
        # The beginning of a sequence or, in a paste, of its end mark.
        self._rest = ""
        # What was pasted so far, if a paste has begun.
        self._paste: list[str] | None = None
        # The end mark of the last paste has not come in time.
        self._torn = False

    @property
    def patience(self) -> float:
        """How long the next character may take, in seconds."""
        begun = self._paste is not None or len(self._rest) > len("\x1b[")
        return REPORT_SECONDS if begun else KEY_SECONDS

    def read(self, data: str) -> list[KeyPress]:
        """Return the keys in the next piece of text."""
        presses: list[KeyPress] = []
        if self._torn and data:
            # The rest of a paste that was held up must not act: it may have line ends.
            if PASTE_END in data or len(data) >= BURST:
                self._paste = []
            self._torn = False
        while data:
            read = self._read_keys if self._paste is None else self._read_paste
            data = read(data, presses)
        return presses

    def flush(self) -> list[KeyPress]:
        """Return what can be made of an unfinished paste or sequence, and forget it."""
        presses: list[KeyPress] = []
        if self._paste is not None:
            self._torn = True
            self._end_paste(presses)
        elif self._rest and not self._rest.strip(ESCAPE):
            presses.append(KeyPress(Keys.Escape, ""))
        self._rest = ""
        return presses

    def _read_keys(self, data: str, presses: list[KeyPress]) -> str:
        """Append the keys before the next paste to `presses`; return what is behind."""
        data = self._rest + data
        self._rest = ""
        at = 0
        while at < len(data) and self._paste is None:
            if text := _TEXT.match(data, at):
                at = text.end()
                presses += _press(text[0])
            elif data[at] not in _INTRODUCERS:
                presses += _press(_CONTROL.get(data[at]))
                at += 1
            else:
                at = self._read_escape(data, at, presses)
        return data[at:]

    def _read_escape(self, data: str, at: int, presses: list[KeyPress]) -> int:
        """Read what begins with Escape or an 8-bit control; return where it ends."""
        piece = _compile_sequence().match(data, at)
        assert piece, "every control character begins some sequence"
        if piece[0] == PASTE_BEGIN:
            self._paste = []
        elif piece["rest"]:
            self._rest = _shorten(piece[0])
        else:
            if piece[0][-1] in "IOR" and _REPORT.fullmatch(piece[0]):
                self._reported(piece[0])
            presses += _press(_read_piece(piece))
        return piece.end()

    def _read_paste(self, data: str, presses: list[KeyPress]) -> str:
        """Collect pasted text; append the key of the whole paste when it has ended."""
        assert self._paste is not None
        # A read that is Ctrl-C alone is the person, who wants to drop it.
        if not data.strip(CONTROL_C):
            self._end_paste(presses)
            return data
        text, mark, behind = (self._rest + data).partition(PASTE_END)
        # The mark may come in two pieces.
        cut = len(text) if mark else max(0, len(text) - len(PASTE_END) + 1)
        self._paste.append(text[:cut])
        self._rest = text[cut:]
        if mark:
            self._end_paste(presses)
        return behind

    def _end_paste(self, presses: list[KeyPress]) -> None:
        text = "".join([*(self._paste or ()), self._rest])
        presses.append(KeyPress(Keys.BracketedPaste, text))
        self._paste, self._rest = None, ""


def _shorten(rest: str) -> str:
    """Return an unfinished sequence without the middle, whose meaning does not matter."""
    if len(rest) <= LONGEST:
        return rest
    return rest[:LONGEST] + (ESCAPE if rest.endswith(ESCAPE) else "")


def _press(key: Keys | str | None) -> list[KeyPress]:
    """Return a press for a key, or for every character of a text."""
    # With empty data nothing is inserted for a key that is not bound.
    if isinstance(key, Keys):
        return [KeyPress(key, "")]
    return [KeyPress(char, char) for char in key or ""]


@cache
def _compile_sequence() -> re.Pattern[str]:
    """Return the compiled pattern: at the first use, it takes 2 ms."""
    return re.compile(_SEQUENCE, re.VERBOSE)


def _read_piece(piece: re.Match[str]) -> Keys | str | None:
    """Return the key that a whole sequence stands for, text, or None."""
    sent = piece[0]
    if piece["alt"]:
        return _ALT.get(sent[1].lower())
    if piece["string"] or len(sent) > LONGEST:
        return None
    numbers = re.fullmatch(_NUMBERS, sent)
    return _read_sequence(*numbers.groups()) if numbers else None


def _read_sequence(begin: str, body: str, final: str) -> Keys | str | None:
    """Return the key that a sequence with numbers stands for, or None.

    Numbers are separated by semicolons and have parts, separated by colons: the key, the
    modifiers plus one with the event (kitty: 3 is the release), and text or another key.
    """
    numbers = [[int(part or 0) for part in each.split(":")] for each in body.split(";")]
    key, *others = numbers
    modifiers, *event = others[0] if others else [0]
    if event == [3] or len(others) > 2:
        return None
    modifiers = max(modifiers - 1, 0)
    if begin.startswith("\x1b\x1b"):  # rxvt and PuTTY send Escape before it for Alt
        modifiers |= _ALT_BIT
    if begin[-1] in "O\x8f":
        return _read_keypad(final, modifiers | max(key[0] - 1, 0))
    last = others[1] if len(others) == 2 else []
    if final == "u":
        return _read_character(key, modifiers, last)
    if final == "~" and key == [27] and last:
        return _read_character(last, modifiers, [])
    return None if last else _read_key(key[0], final, modifiers)


def _read_key(number: int, final: str, modifiers: int) -> Keys | str | None:
    """Return the cursor or editing key of a control sequence, or None."""
    if final in _CURSOR:
        # Old terminals have the modifiers in the place of the 1.
        return _modify(_CURSOR[final], modifiers | max(number - 1, 0))
    if final in "abcd":
        return _modify(_CURSOR[final.upper()], _SHIFT)
    if final == "~" or final in _RXVT:
        return _modify(_NUMBERED.get(number), modifiers | _RXVT.get(final, 0))
    return None


def _read_keypad(final: str, modifiers: int) -> Keys | str | None:
    """Return what a key of the keypad, or a cursor key in application mode, stands for."""
    if final in _CURSOR:
        return _modify(_CURSOR[final], modifiers)
    if final in "abcd":
        return _modify(_CURSOR[final.upper()], _CTRL)
    return _modify(_KEYPAD.get(final), modifiers)


def _read_character(codes: list[int], modifiers: int, text: list[int]) -> Keys | str | None:
    """Return what a key means that is named by its code points.

    They are the key's, the one with Shift, and the one of the same key on a keyboard for
    English. `text` is what the terminal says that it types.
    """
    code, shifted, base = [*codes, 0, 0][:3]
    if code in _KITTY:
        return _modify(_KITTY[code], modifiers)
    if modifiers & _CTRL:
        char = _char(base or code).upper()
        # The capital of some letters is two.
        plain = len(char) == 1 and "A" <= char <= "_"
        return _CONTROL.get(chr(ord(char) - 64)) if plain else None
    if modifiers & _ALT_BIT:
        return _ALT.get(_char(code).lower())
    if modifiers & _STRONGER:
        return None
    if text:
        return "".join(map(_char, text))
    if modifiers & _SHIFT:
        return _char(shifted) or _char(code).upper()
    return _char(code)


def _modify(key: Keys | str | None, modifiers: int) -> Keys | str | None:
    """Return what a key means with modifiers; one that types does nothing with Ctrl."""
    if key == Keys.Tab and modifiers & _SHIFT:
        return None
    if key == Keys.ControlM and modifiers & (_SHIFT | _ALT_BIT):
        return LINE_END_KEY
    if key is None or not modifiers & _STRONGER:
        return key
    return _STRONG.get(key, key) if isinstance(key, Keys) else None


def _char(code: int) -> str:
    """Return the printable character of a code point, or nothing."""
    return chr(code) if code <= 0x10FFFF and chr(code).isprintable() else ""
