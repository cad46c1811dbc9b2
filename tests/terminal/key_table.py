"""What terminals send for keys and as reports, and what the line editor has to do then.

Sources: the terminfo entries of ncurses 6.4 (`infocmp -x -1`), xterm's "Control Sequences"
and "modified keys", kitty's keyboard protocol, the manual of urxvt, console_codes(4).
What is expected is said in the words of `RESULTS`; what is behind `text ` is typed.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

LINE, CURSOR = "one two three", 7
"""The line that stands in the editor before every key, and the place of its cursor."""

RESULTS = {
    "nothing": "one two| three",
    "left": "one tw|o three",
    "right": "one two |three",
    "word left": "one |two three",
    "word right": "one two three|",
    "start": "|one two three",
    "end": "one two three|",
    "delete": "one two|three",
    "delete before": "one tw| three",
    "delete word": "one two|",
    "delete word before": "one | three",
    "delete line before": "| three",
    "upper": "one two THREE|",
    "lower": "one two three|",
    "capital": "one two Three|",
    "swap": "one tw o|three",
}
"""The line after each action, with the cursor; `up` and `down` go through the history."""


class Row(NamedTuple):
    """A key or a report: its name, what is sent, and what is to happen."""

    name: str
    sent: str
    does: str


# The keys of terminfo.

TERMINFO = {
    "xterm-256color": r"""
        kDC=\E[3;2~ kEND=\E[1;2F kHOM=\E[1;2H kIC=\E[2;2~ kLFT=\E[1;2D kNXT=\E[6;2~
        kPRV=\E[5;2~ kRIT=\E[1;2C ka1=\EOw ka3=\EOy kb2=\EOu kbeg=\EOE kbs=^? kc1=\EOq
        kc3=\EOs kcbt=\E[Z kcub1=\EOD kcud1=\EOB kcuf1=\EOC kcuu1=\EOA kdch1=\E[3~
        kend=\EOF kent=\EOM kf1=\EOP kf10=\E[21~ kf11=\E[23~ kf12=\E[24~ kf13=\E[1;2P
        kf14=\E[1;2Q kf15=\E[1;2R kf16=\E[1;2S kf17=\E[15;2~ kf18=\E[17;2~
        kf19=\E[18;2~ kf2=\EOQ kf20=\E[19;2~ kf21=\E[20;2~ kf22=\E[21;2~ kf23=\E[23;2~
        kf24=\E[24;2~ kf25=\E[1;5P kf26=\E[1;5Q kf27=\E[1;5R kf28=\E[1;5S
        kf29=\E[15;5~ kf3=\EOR kf30=\E[17;5~ kf31=\E[18;5~ kf32=\E[19;5~ kf33=\E[20;5~
        kf34=\E[21;5~ kf35=\E[23;5~ kf36=\E[24;5~ kf37=\E[1;6P kf38=\E[1;6Q
        kf39=\E[1;6R kf4=\EOS kf40=\E[1;6S kf41=\E[15;6~ kf42=\E[17;6~ kf43=\E[18;6~
        kf44=\E[19;6~ kf45=\E[20;6~ kf46=\E[21;6~ kf47=\E[23;6~ kf48=\E[24;6~
        kf49=\E[1;3P kf5=\E[15~ kf50=\E[1;3Q kf51=\E[1;3R kf52=\E[1;3S kf53=\E[15;3~
        kf54=\E[17;3~ kf55=\E[18;3~ kf56=\E[19;3~ kf57=\E[20;3~ kf58=\E[21;3~
        kf59=\E[23;3~ kf6=\E[17~ kf60=\E[24;3~ kf61=\E[1;4P kf62=\E[1;4Q kf63=\E[1;4R
        kf7=\E[18~ kf8=\E[19~ kf9=\E[20~ khome=\EOH kich1=\E[2~ kind=\E[1;2B
        kmous=\E[< knp=\E[6~ kpp=\E[5~ kri=\E[1;2A kDC3=\E[3;3~ kDC4=\E[3;4~
        kDC5=\E[3;5~ kDC6=\E[3;6~ kDC7=\E[3;7~ kDN=\E[1;2B kDN3=\E[1;3B kDN4=\E[1;4B
        kDN5=\E[1;5B kDN6=\E[1;6B kDN7=\E[1;7B kEND3=\E[1;3F kEND4=\E[1;4F
        kEND5=\E[1;5F kEND6=\E[1;6F kEND7=\E[1;7F kHOM3=\E[1;3H kHOM4=\E[1;4H
        kHOM5=\E[1;5H kHOM6=\E[1;6H kHOM7=\E[1;7H kIC3=\E[2;3~ kIC4=\E[2;4~
        kIC5=\E[2;5~ kIC6=\E[2;6~ kIC7=\E[2;7~ kLFT3=\E[1;3D kLFT4=\E[1;4D
        kLFT5=\E[1;5D kLFT6=\E[1;6D kLFT7=\E[1;7D kNXT3=\E[6;3~ kNXT4=\E[6;4~
        kNXT5=\E[6;5~ kNXT6=\E[6;6~ kNXT7=\E[6;7~ kPRV3=\E[5;3~ kPRV4=\E[5;4~
        kPRV5=\E[5;5~ kPRV6=\E[5;6~ kPRV7=\E[5;7~ kRIT3=\E[1;3C kRIT4=\E[1;4C
        kRIT5=\E[1;5C kRIT6=\E[1;6C kRIT7=\E[1;7C kUP=\E[1;2A kUP3=\E[1;3A
        kUP4=\E[1;4A kUP5=\E[1;5A kUP6=\E[1;6A kUP7=\E[1;7A ka2=\EOx kb1=\EOt kb3=\EOv
        kc2=\EOr kp5=\EOE kpADD=\EOk kpCMA=\EOl kpDIV=\EOo kpDOT=\EOn kpMUL=\EOj
        kpSUB=\EOm kpZRO=\EOp kxIN=\E[I kxOUT=\E[O
    """,
    "tmux-256color": r"""
        kDC=\E[3;2~ kEND=\E[1;2F kHOM=\E[1;2H kIC=\E[2;2~ kLFT=\E[1;2D kNXT=\E[6;2~
        kPRV=\E[5;2~ kRIT=\E[1;2C kbs=^? kcbt=\E[Z kcub1=\EOD kcud1=\EOB kcuf1=\EOC
        kcuu1=\EOA kdch1=\E[3~ kend=\E[4~ kf1=\EOP kf10=\E[21~ kf11=\E[23~ kf12=\E[24~
        kf13=\E[1;2P kf14=\E[1;2Q kf15=\E[1;2R kf16=\E[1;2S kf17=\E[15;2~
        kf18=\E[17;2~ kf19=\E[18;2~ kf2=\EOQ kf20=\E[19;2~ kf21=\E[20;2~ kf22=\E[21;2~
        kf23=\E[23;2~ kf24=\E[24;2~ kf25=\E[1;5P kf26=\E[1;5Q kf27=\E[1;5R
        kf28=\E[1;5S kf29=\E[15;5~ kf3=\EOR kf30=\E[17;5~ kf31=\E[18;5~ kf32=\E[19;5~
        kf33=\E[20;5~ kf34=\E[21;5~ kf35=\E[23;5~ kf36=\E[24;5~ kf37=\E[1;6P
        kf38=\E[1;6Q kf39=\E[1;6R kf4=\EOS kf40=\E[1;6S kf41=\E[15;6~ kf42=\E[17;6~
        kf43=\E[18;6~ kf44=\E[19;6~ kf45=\E[20;6~ kf46=\E[21;6~ kf47=\E[23;6~
        kf48=\E[24;6~ kf49=\E[1;3P kf5=\E[15~ kf50=\E[1;3Q kf51=\E[1;3R kf52=\E[1;3S
        kf53=\E[15;3~ kf54=\E[17;3~ kf55=\E[18;3~ kf56=\E[19;3~ kf57=\E[20;3~
        kf58=\E[21;3~ kf59=\E[23;3~ kf6=\E[17~ kf60=\E[24;3~ kf61=\E[1;4P kf62=\E[1;4Q
        kf63=\E[1;4R kf7=\E[18~ kf8=\E[19~ kf9=\E[20~ khome=\E[1~ kich1=\E[2~
        kind=\E[1;2B kmous=\E[M knp=\E[6~ kpp=\E[5~ kri=\E[1;2A kDC3=\E[3;3~
        kDC4=\E[3;4~ kDC5=\E[3;5~ kDC6=\E[3;6~ kDC7=\E[3;7~ kDN=\E[1;2B kDN3=\E[1;3B
        kDN4=\E[1;4B kDN5=\E[1;5B kDN6=\E[1;6B kDN7=\E[1;7B kEND3=\E[1;3F
        kEND4=\E[1;4F kEND5=\E[1;5F kEND6=\E[1;6F kEND7=\E[1;7F kHOM3=\E[1;3H
        kHOM4=\E[1;4H kHOM5=\E[1;5H kHOM6=\E[1;6H kHOM7=\E[1;7H kIC3=\E[2;3~
        kIC4=\E[2;4~ kIC5=\E[2;5~ kIC6=\E[2;6~ kIC7=\E[2;7~ kLFT3=\E[1;3D
        kLFT4=\E[1;4D kLFT5=\E[1;5D kLFT6=\E[1;6D kLFT7=\E[1;7D kNXT3=\E[6;3~
        kNXT4=\E[6;4~ kNXT5=\E[6;5~ kNXT6=\E[6;6~ kNXT7=\E[6;7~ kPRV3=\E[5;3~
        kPRV4=\E[5;4~ kPRV5=\E[5;5~ kPRV6=\E[5;6~ kPRV7=\E[5;7~ kRIT3=\E[1;3C
        kRIT4=\E[1;4C kRIT5=\E[1;5C kRIT6=\E[1;6C kRIT7=\E[1;7C kUP=\E[1;2A
        kUP3=\E[1;3A kUP4=\E[1;4A kUP5=\E[1;5A kUP6=\E[1;6A kUP7=\E[1;7A kxIN=\E[I
        kxOUT=\E[O
    """,
    "xterm-kitty": r"""
        kBEG=\E[1;2E kDC=\E[3;2~ kEND=\E[1;2F kHOM=\E[1;2H kIC=\E[2;2~ kLFT=\E[1;2D
        kNXT=\E[6;2~ kPRV=\E[5;2~ kRIT=\E[1;2C kbeg=\EOE kbs=^? kcbt=\E[Z kcub1=\EOD
        kcud1=\EOB kcuf1=\EOC kcuu1=\EOA kdch1=\E[3~ kend=\EOF kf1=\EOP kf10=\E[21~
        kf11=\E[23~ kf12=\E[24~ kf13=\E[1;2P kf14=\E[1;2Q kf15=\E[1;2R kf16=\E[1;2S
        kf17=\E[15;2~ kf18=\E[17;2~ kf19=\E[18;2~ kf2=\EOQ kf20=\E[19;2~ kf21=\E[20;2~
        kf22=\E[21;2~ kf23=\E[23;2~ kf24=\E[24;2~ kf25=\E[1;5P kf26=\E[1;5Q
        kf27=\E[1;5R kf28=\E[1;5S kf29=\E[15;5~ kf3=\EOR kf30=\E[17;5~ kf31=\E[18;5~
        kf32=\E[19;5~ kf33=\E[20;5~ kf34=\E[21;5~ kf35=\E[23;5~ kf36=\E[24;5~
        kf37=\E[1;6P kf38=\E[1;6Q kf39=\E[1;6R kf4=\EOS kf40=\E[1;6S kf41=\E[15;6~
        kf42=\E[17;6~ kf43=\E[18;6~ kf44=\E[19;6~ kf45=\E[20;6~ kf46=\E[21;6~
        kf47=\E[23;6~ kf48=\E[24;6~ kf49=\E[1;3P kf5=\E[15~ kf50=\E[1;3Q kf51=\E[1;3R
        kf52=\E[1;3S kf53=\E[15;3~ kf54=\E[17;3~ kf55=\E[18;3~ kf56=\E[19;3~
        kf57=\E[20;3~ kf58=\E[21;3~ kf59=\E[23;3~ kf6=\E[17~ kf60=\E[24;3~
        kf61=\E[1;4P kf62=\E[1;4Q kf63=\E[1;4R kf7=\E[18~ kf8=\E[19~ kf9=\E[20~
        khome=\EOH kich1=\E[2~ kind=\E[1;2B kmous=\E[< knp=\E[6~ kpp=\E[5~ kri=\E[1;2A
        kDC3=\E[3;3~ kDC4=\E[3;4~ kDC5=\E[3;5~ kDC6=\E[3;6~ kDC7=\E[3;7~ kDN=\E[1;2B
        kDN3=\E[1;3B kDN4=\E[1;4B kDN5=\E[1;5B kDN6=\E[1;6B kDN7=\E[1;7B kEND3=\E[1;3F
        kEND4=\E[1;4F kEND5=\E[1;5F kEND6=\E[1;6F kEND7=\E[1;7F kHOM3=\E[1;3H
        kHOM4=\E[1;4H kHOM5=\E[1;5H kHOM6=\E[1;6H kHOM7=\E[1;7H kIC3=\E[2;3~
        kIC4=\E[2;4~ kIC5=\E[2;5~ kIC6=\E[2;6~ kIC7=\E[2;7~ kLFT3=\E[1;3D
        kLFT4=\E[1;4D kLFT5=\E[1;5D kLFT6=\E[1;6D kLFT7=\E[1;7D kNXT3=\E[6;3~
        kNXT4=\E[6;4~ kNXT5=\E[6;5~ kNXT6=\E[6;6~ kNXT7=\E[6;7~ kPRV3=\E[5;3~
        kPRV4=\E[5;4~ kPRV5=\E[5;5~ kPRV6=\E[5;6~ kPRV7=\E[5;7~ kRIT3=\E[1;3C
        kRIT4=\E[1;4C kRIT5=\E[1;5C kRIT6=\E[1;6C kRIT7=\E[1;7C kUP=\E[1;2A
        kUP3=\E[1;3A kUP4=\E[1;4A kUP5=\E[1;5A kUP6=\E[1;6A kUP7=\E[1;7A kxIN=\E[I
        kxOUT=\E[O
    """,
    "linux": r"""
        kb2=\E[G kbs=^? kcbt=\E^I kcub1=\E[D kcud1=\E[B kcuf1=\E[C kcuu1=\E[A
        kdch1=\E[3~ kend=\E[4~ kf1=\E[[A kf10=\E[21~ kf11=\E[23~ kf12=\E[24~
        kf13=\E[25~ kf14=\E[26~ kf15=\E[28~ kf16=\E[29~ kf17=\E[31~ kf18=\E[32~
        kf19=\E[33~ kf2=\E[[B kf20=\E[34~ kf3=\E[[C kf4=\E[[D kf5=\E[[E kf6=\E[17~
        kf7=\E[18~ kf8=\E[19~ kf9=\E[20~ khome=\E[1~ kich1=\E[2~ kmous=\E[M knp=\E[6~
        kpp=\E[5~ kspd=^Z kcbt2=\E[Z
    """,
}
"""The keys of four terminals, as `infocmp -x -1` writes them."""

_KEYPAD = {
    **dict(
        zip(
            ["ka1", "ka2", "ka3", "kb1", "kb2", "kb3", "kc1", "kc2", "kc3"],
            "789456123",
            strict=True,
        )
    ),
    "kpADD": "+",
    "kpCMA": ",",
    "kpDIV": "/",
    "kpDOT": ".",
    "kpMUL": "*",
    "kpSUB": "-",
    "kpZRO": "0",
}
# The meaning of a capability's name, alone and with Ctrl or Alt (a number from 3 on).
_CAPABILITIES = {
    "kcub1 kLFT": ("left", "word left"),
    "kcuf1 kRIT": ("right", "word right"),
    "kcuu1 kri kUP": ("up", "up"),
    "kcud1 kind kDN": ("down", "down"),
    "khome kHOM": ("start", "start"),
    "kend kEND": ("end", "end"),
    "kdch1 kDC": ("delete", "delete word"),
    "kpp kPRV": ("up", "nothing"),
    "knp kNXT": ("down", "nothing"),
    "kbs": ("delete before", "nothing"),
    "kent": ("send", "nothing"),
}


def _capability(name: str, sent: str) -> str:
    """Return what a key of terminfo does."""
    if name in _KEYPAD and sent.startswith("\x1bO"):
        return f"text {_KEYPAD[name]}"
    for names, (alone, strong) in _CAPABILITIES.items():
        for each in names.split():
            if name == each or (name[:-1] == each and name[-1] == "2"):
                return alone
            if name[:-1] == each and name[-1] in "34567":
                return strong
    return "nothing"


def _unescape(text: str) -> str:
    """Return what infocmp's way of writing stands for."""
    text = text.replace("\\E", "\x1b").replace("^?", "\x7f")
    return re.sub(r"\^(.)", lambda match: chr(ord(match[1]) ^ 64), text)


def terminfo(terminal: str, capabilities: str) -> Iterator[Row]:
    """Yield the keys of a terminal from the text of infocmp.

    Left out are the beginning of a mouse report, Ctrl-Z, and what is no key (`kx`).
    """
    for name, text in re.findall(r"(k\w+)=(\S+?),?(?:\s|$)", capabilities):
        if name not in ("kmous", "kspd", "kx"):
            sent = _unescape(text)
            yield Row(f"{terminal} {name}", sent, _capability(name, sent))


# Keys with modifiers: the number that is sent is one more than their bits.

MODIFIERS = range(2, 17)


def _strong(modifiers: int) -> bool:
    """Return whether Alt, Ctrl or Meta is among them."""
    return bool((modifiers - 1) & ~1)


def _modified() -> Iterator[Row]:
    """Yield xterm's cursor, editing and function keys."""
    cursor = {
        "A": ("up", "up"),
        "B": ("down", "down"),
        "C": ("right", "word right"),
        "D": ("left", "word left"),
        "F": ("end", "end"),
        "H": ("start", "start"),
        **dict.fromkeys("EPQRS", ("nothing", "nothing")),
    }
    numbered = {
        **dict.fromkeys([*range(9, 27), 28, 29, *range(31, 36)], ("nothing", "nothing")),
        1: cursor["H"],
        7: cursor["H"],
        4: cursor["F"],
        8: cursor["F"],
        2: ("nothing", "nothing"),
        3: ("delete", "delete word"),
        5: ("up", "nothing"),
        6: ("down", "nothing"),
    }
    for key, meanings in cursor.items():
        yield Row(f"CSI {key}", f"\x1b[{key}", meanings[0])
        yield Row(f"SS3 {key}", f"\x1bO{key}", meanings[0])
        yield Row(f"Escape CSI {key}", f"\x1b\x1b[{key}", meanings[1])
        for number in MODIFIERS:
            does = meanings[_strong(number)]
            yield Row(f"CSI 1;{number} {key}", f"\x1b[1;{number}{key}", does)
            yield Row(f"SS3 {number} {key}", f"\x1bO{number}{key}", does)
    for key, meanings in numbered.items():
        yield Row(f"CSI {key} ~", f"\x1b[{key}~", meanings[0])
        for number in MODIFIERS:
            yield Row(
                f"CSI {key};{number} ~", f"\x1b[{key};{number}~", meanings[_strong(number)]
            )
    for name, text in zip("jklmnopqrstuvwxyX ", "*+,-./0123456789= ", strict=True):
        yield Row(f"keypad {text}", f"\x1bO{name}", f"text {text}")
        yield Row(f"Shift keypad {text}", f"\x1bO2{name}", f"text {text}")
        yield Row(f"Ctrl keypad {text}", f"\x1bO5{name}", "nothing")


_LETTERS = {
    "a": "start",
    "e": "end",
    "b": "left",
    "f": "right",
    "p": "up",
    "n": "down",
    "d": "delete",
    "h": "delete before",
    "k": "delete word",
    "u": "delete line before",
    "w": "delete word before",
    "j": "send",
    "m": "send",
    "t": "swap",
    "q": "nothing",
    "v": "nothing",
    "x": "nothing",
    "o": "send",
    "]": "nothing",
    "@": "nothing",
}
_ALT_LETTERS = {
    "b": "word left",
    "f": "word right",
    "d": "delete word",
    "u": "upper",
    "l": "lower",
    "c": "capital",
    "h": "nothing",
    "1": "nothing",
    "-": "nothing",
    "#": "nothing",
    "!": "nothing",
    "\\": "nothing",
    "*": "nothing",
    "é": "nothing",
}


def _characters() -> Iterator[Row]:
    """Yield keys as xterm (modifyOtherKeys) and kitty send them with modifiers."""
    for form in ("\x1b[27;{1};{0}~", "\x1b[{0};{1}u", "\x1b[{0};{1}:1u", "\x1b[{0};{1}:2u"):
        for letter, does in _LETTERS.items():
            yield Row(f"Ctrl {letter}", form.format(ord(letter), 5), does)
        for letter, does in _ALT_LETTERS.items():
            yield Row(f"Alt {letter}", form.format(ord(letter), 3), does)
        for number in MODIFIERS:
            strong = _strong(number)
            for code, plain, modified in (
                (13, "send", "send"),
                (127, "delete before", "delete word before"),
                (9, "nothing", "nothing"),
                (27, "nothing", "nothing"),
                (ord(" "), "text  ", "nothing"),
                (ord("Q"), "text Q", "nothing"),
                (ord("7"), "text 7", "nothing"),
                (0xE9, "text É", "nothing"),
            ):
                does = modified if strong else plain
                if code == 13 and (number - 1) & 3:  # Shift or Alt
                    does = "text \n"
                yield Row(f"{code} with {number}", form.format(code, number), does)
    yield from (
        Row("kitty a", "\x1b[97u", "text a"),
        Row("kitty A", "\x1b[97:65;2u", "text A"),
        Row("kitty a with its text", "\x1b[97;;229u", "text å"),
        Row("kitty with Caps Lock", "\x1b[97;65;65u", "text A"),
        Row("kitty with Num Lock", "\x1b[57404;129u", "text 5"),
        Row("kitty Ctrl on a Russian keyboard", "\x1b[1092::97;5u", "start"),
        Row("kitty release", "\x1b[97;1:3u", "nothing"),
        Row("kitty release of an arrow", "\x1b[1;1:3D", "nothing"),
        Row("kitty arrow repeated", "\x1b[1;1:2D", "left"),
        Row("kitty release of Delete", "\x1b[3;1:3~", "nothing"),
        Row("kitty no key", "\x1b[u", "nothing"),
        Row("kitty beyond Unicode", "\x1b[1114112u", "nothing"),
        Row("kitty a surrogate", "\x1b[55296u", "nothing"),
        Row("kitty keypad Enter", "\x1b[57414u", "send"),
        Row("kitty keypad Left", "\x1b[57417u", "left"),
        Row("kitty keypad Delete", "\x1b[57426;5u", "delete word"),
        *(Row(f"kitty {code}", f"\x1b[{code}u", "nothing") for code in range(57358, 57399)),
        *(Row(f"kitty {code}", f"\x1b[{code}u", "nothing") for code in range(57427, 57455)),
    )


# Single control characters, Alt as Escape, and what rxvt and others do in their own way.


def _plain() -> Iterator[Row]:
    for letter, does in _LETTERS.items():
        yield Row(f"Ctrl-{letter}", chr(ord(letter.upper()) ^ 64), does)
    for letter, does in _ALT_LETTERS.items():
        yield Row(f"Alt-{letter}", f"\x1b{letter}", does)
    # Not 0x1C: Ctrl-\\ ends the program, as Ctrl-C does; `test_doors` presses it.
    for code in (
        0x1D,
        0x1E,
        *range(0x80, 0x8F),
        *range(0x91, 0x98),
        0x99,
        0x9C,
    ):
        yield Row(f"U+{code:04X}", chr(code), "nothing")
    yield from (
        Row("Ctrl-Space", "\0", "nothing"),
        Row("Alt-Enter", "\x1b\r", "text \n"),
        Row("Alt-Enter as a line feed", "\x1b\n", "text \n"),
        Row("Alt-Backspace", "\x1b\x7f", "delete word before"),
        Row("Ctrl-Alt-H", "\x1b\b", "delete word before"),
        Row("Alt-B", "\x1bB", "word left"),
        Row("Tab", "\t", "nothing"),
        Row("Shift-Tab", "\x1b[Z", "nothing"),
        Row("Linux Shift-Tab", "\x1b\t", "nothing"),
        Row("keypad Enter", "\x1bOM", "send"),
        Row("keypad Tab", "\x1bOI", "nothing"),
        Row("8-bit Left", "\x9bD", "left"),
        Row("8-bit keypad", "\x8fp", "text 0"),
        Row("tmux Ctrl-Left", "\x1b[5D", "word left"),
        Row("rxvt Shift-Left", "\x1b[d", "left"),
        Row("rxvt Ctrl-Left", "\x1bOd", "word left"),
        Row("rxvt Shift-Delete", "\x1b[3$", "delete"),
        Row("rxvt Ctrl-Delete", "\x1b[3^", "delete word"),
        Row("rxvt Ctrl-Shift-Delete", "\x1b[3@", "delete word"),
        Row("rxvt Shift-F1", "\x1b[23$", "nothing"),
        Row("Linux F1", "\x1b[[A", "nothing"),
        Row("Windows Shift-Tab", "\x1b[~", "nothing"),
    )


# Reports.

_ST, _BEL = "\x1b\\", "\a"
_REPORTS = {
    "DA1": "[?64;1;2;6;9;15;16;17;18;21;22;28c",
    "DA2": "[>41;390;0c",
    "DA3": "P!|00000000" + _ST,
    "XTVERSION": "P>|XTerm(390)" + _ST,
    "DSR": "[0n",
    "DSR of the printer": "[?13n",
    "DSR of the locator": "[?53;1n",
    "DSR of colours": "[?997;1n",
    "CPR": "[24;80R",
    "CPR that looks like F3": "[1;2R",
    "DECXCPR": "[?24;80;1R",
    "DECRPM": "[?2026;2$y",
    "RM of ANSI": "[4;2$y",
    "DECRQSS": "P1$r0;4m" + _ST,
    "DECRQSS refused": "P0$r" + _ST,
    "DECCKSR": "P1!~ABCD" + _ST,
    "DECCIR": "P1$u1;1;1;@;@;@;0;2;@;BB%5" + _ST,
    "DECTABSR": "P2$u9/17/25" + _ST,
    "DECRQUPSS": "P0!u%5" + _ST,
    "DECREQTPARM": "[2;1;1;120;120;1;0x",
    "XTGETTCAP": "P1+r544E=787465726D" + _ST,
    "XTGETTCAP refused": "P0+r" + _ST,
    "XTSMGRAPHICS": "[?1;0;256S",
    "XTQMODKEYS": "[>4;2m",
    "XTQFMTKEYS": "[>4;0f",
    "OSC 4": "]4;1;rgb:cdcd/0000/0000" + _ST,
    "OSC 10": "]10;rgb:ffff/ffff/ffff" + _BEL,
    "OSC 11": "]11;rgb:0000/0000/0000" + _ST,
    "OSC 12": "]12;rgba:0000/0000/0000/ffff" + _BEL,
    "OSC 50": "]50;fixed" + _BEL,
    "OSC 52": "]52;c;L3ENCmhlbGw=" + _ST,
    "a long OSC 52": "]52;c;" + "QUJD" * 500 + _ST,
    "OSC 22": "]22;left_ptr" + _ST,
    "OSC 1337": "]1337;ReportCellSize=18.0;8.0" + _ST,
    "title": "]lünchen" + _ST,
    "icon label": "]Lxterm" + _ST,
    "window state": "[1t",
    "window position": "[3;10;20t",
    "window size": "[4;600;800t",
    "window size in characters": "[8;24;80t",
    "in-band resize": "[48;24;80;600;800t",
    "focus": "[I",
    "focus lost": "[O",
    "mouse of X10": "[M !!",
    "mouse of X10, far to the right": "[M \u0105\u0106",
    "mouse of urxvt": "[32;10;20M",
    "mouse of xterm": "[<0;10;20M",
    "mouse button released": "[<35;10;20m",
    "mouse of xterm, one place": "[t!!",
    "mouse of xterm, a selection": "[T!!!!!!",
    "locator": "[1;1;10;20;0&w",
    "kitty flags": "[?5u",
    "kitty graphics": "_Gi=31;OK" + _ST,
    "a paste that never began": "[201~",
    "APC": "_hello" + _ST,
    "PM": "^hello" + _ST,
    "SOS": "Xhello" + _ST,
    "a DCS of nobody": "Phello" + _ST,
    "an OSC of nobody": "]hello" + _ST,
    "two OSCs, the first without an end": "]11;rgb:0\x1b]11;rgb:0/0/0" + _ST,
    "a sequence with all characters": "[0123456789:;<=>? !\"#$%&'()*+,-./z",
    "a sequence without end": "[" + "1;" * 500 + "D",
    "a number without end": "[" + "1" * 5000 + "D",
    "an end of a string": "\\",
}

REPORTS = [Row(name, f"\x1b{sent}", "nothing") for name, sent in _REPORTS.items()]
"""What terminals send without a key."""

ROWS = [
    *(row for each in TERMINFO.items() for row in terminfo(*each)),
    *_modified(),
    *_characters(),
    *_plain(),
    *REPORTS,
]
"""The whole table."""
