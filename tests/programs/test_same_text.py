"""The same talk on both terminals, over any network, in any width: the same words.

What must be equal is what the two people have said to each other: every message of either
side, in order, in the scrollback of both. A line that the terminal or the program has
broken is put together again; blanks are left out, because a row that ends at a blank does
not show it. Marks, names, colours, prompts, notices and boards are no part of it: they are
what makes the terminals differ.

What does not begin as a message is none, and what is none cannot go on with one.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.player import Player
from harness.script import Script
from harness.stage import Stage
from tests.conftest import perform

ANN, BOB = "Ann", "Bob"
"""The names of the server's and of the client's person."""

COLUMNS = (40, 80, 200)

ROWS = 12
"""So low that most of a talk has scrolled off the top."""

PLACES = [(terminal, columns) for terminal in ("plain", "edited") for columns in COLUMNS]
"""Where a person may sit."""

DELIVERIES = ("direct", "proxy", "pieces")
"""How bytes come: as TCP brings them, through a proxy, and three at a time."""

PIECE = 3

BLANKS = re.compile(r"\s+")


def bare(text: str) -> str:
    """Return a text without its blanks."""
    return BLANKS.sub("", text)


# Talks.


@dataclass(frozen=True)
class Said:
    """A message: who has said it, and how it was typed if not as a line."""

    who: str
    text: str
    steps: tuple[str, ...] | None = None

    @property
    def typed(self) -> tuple[str, ...]:
        """The steps that type it."""
        if self.steps is not None:
            return self.steps
        # The harness knows escapes; a text here has none.
        line = self.text.replace("\\", "\\\\")
        return (f"{'server' if self.who == ANN else 'client'}> {line}",)


@dataclass(frozen=True)
class Talk:
    """Messages, and between them steps of another kind."""

    name: str
    parts: tuple[Said | str, ...]
    deliveries: tuple[str, ...] = DELIVERIES

    def said(self, who: str) -> list[str]:
        """Return all that one of the two has said, without blanks."""
        said = [part for part in self.parts if isinstance(part, Said)]
        return [bare(each.text) for each in said if each.who == who]

    def lines(self, who: str) -> list[str]:
        """Return all that one of the two has typed as a line, when asked for one."""
        said = [part for part in self.parts if isinstance(part, Said)]
        return [bare(each.text) for each in said if each.who == who and each.steps is None]

    def moves(self, who: str) -> list[str]:
        """Return the moves that one of the two has typed."""
        prompt = "server> " if who == ANN else "client> "
        steps = [part for part in self.parts if isinstance(part, str)]
        return [each.removeprefix(prompt) for each in steps if each.startswith(prompt)]


def make_talk(name: str, *said: tuple[str, str]) -> Talk:
    """Return a talk of nothing but lines: who types each, and what."""
    return Talk(name, tuple(Said(who, text) for who, text in said))


LONG = (
    "This is a sentence of many words that no window of 40 columns can show in a row, and "
    "that one of 80 columns breaks as well, in another place than the first of them."
)
LINK = "https://example.org/" + "/".join(f"part{number}" for number in range(20))

TALK = make_talk(
    "talk",
    (BOB, "Hello"),
    (ANN, "Good evening. How are you?"),
    (BOB, LONG),
    (ANN, f"See {LINK} and tell me"),
    (BOB, "> a line that begins like a prompt, and - one like a notice"),
    (ANN, f"{BOB}: is what a peer might write to seem to be somebody else"),
    (BOB, "漢字かな交じり文は空白なしで長く続くので、どこでも行を折ることができます。" * 3),
    (ANN, "e\u0301a\u0300o\u0302 👩\u200d👩\u200d👧 🇫🇷 नमस्ते ❤\ufe0f"),
    (BOB, "x" * 300),
    *((ANN, f"line {number}") for number in range(20)),
    (BOB, "The last one."),
)

PASTE = Talk(
    "paste",
    (
        "server: asks",
        "client: asks",
        Said(BOB, "one", ()),
        Said(BOB, f"two: {LONG}", ()),
        Said(
            BOB,
            "three",
            (f"client: pastes one\\ntwo: {LONG}\\nthree", "client: presses Enter"),
        ),
        Said(ANN, "I have it"),
    ),
)

GAME = Talk(
    "game",
    (
        Said(BOB, "Shall we play?"),
        "server> /play tictactoe",
        "client< {any}offers a game of tictactoe{any}",
        "client> /play",
        "server< {any}7 | 8 | 9{any}",
        "server> 5",
        "client< {any}(X){any}",
        Said(BOB, "A good beginning."),
        "client> 1",
        "server< {any}(O){any}",
        Said(ANN, "7", ("server> /say 7",)),
        "server> /resign",
        Said(BOB, "That was quick."),
    ),
)

LOSS = Talk(
    "loss",
    (
        Said(BOB, "Before"),
        "network: cut client>server after 20 bytes",
        Said(BOB, LONG),
        Said(ANN, "After"),
        "network: refuses",
        "network: cut by RST",
        "client! {any}lost{any}",
        Said(BOB, "Typed in between", ("client>> Typed in between", "network: admits")),
        Said(ANN, "Welcome back"),
    ),
    ("proxy",),
)

ALPHABET = [
    *("a", "it", "word", "another", "Straße", "naïve", "don't", "-", "...", "(so)", "100%"),
    *("漢字", "かな交じり", "한국어", "你好世界", "\uff57\uff49\uff44\uff45", "\uff0c"),
    *("e\u0301", "a\u0308o\u0302", "n\u0303", "नमस्ते", "ไทย", "שלום", "مرحبا"),
    *("👩\u200d👩\u200d👧", "👍🏽", "🇫🇷", "❤\ufe0f", "🙂", "1\ufe0f\u20e3"),
    *("https://example.org/a/rather/long/path?with=an&answer=42#here", "x" * 45),
    *(">", "~", "> you:", "Ann:", "- Bob:", "|", "\\", "\\n", "<b>", "^C"),
]
"""What random texts are made of."""


def make_random(seed: int, count: int = 14) -> Talk:
    """Return a talk of random texts."""
    source = random.Random(seed)
    said = []
    for number in range(count):
        # It begins with a number, so that it is no command, and none is like another.
        words = [f"{number})", *source.choices(ALPHABET, k=source.choice((1, 4, 12, 40)))]
        joint = source.choice((" ", " ", "  ", ""))
        said.append((source.choice((ANN, BOB)), joint.join(words)))
    return make_talk(f"random-{seed}", *said)


# What a person reads.


class Reader:
    """A person at a terminal of this kind, who talks with a peer of this name."""

    def __init__(self, player: Player, terminal: str, peer: str) -> None:
        self._player = player
        self._plain = terminal == "plain"
        self._peer = peer

    def wait_for(self, stage: Stage, text: str) -> None:
        """Wait until the last that the peer has said is this."""
        last = bare(text)
        stage.wait(
            lambda: self.read()[0][-1:] == [last],
            lambda: f"{text!r} is not there: {self._rows()}",
        )

    def check(self, talk: Talk, who: str) -> None:
        """Compare what stands in the scrollback with what was said.

        A plain terminal's kernel echoes a paste while the program writes prompts: only
        lines that were typed stand there whole. On the edited one own moves in a game may
        be among the own messages.
        """
        came, went = self.read()
        assert came == talk.said(self._peer)
        if self._plain:
            assert is_within(talk.lines(who), went)
        else:
            assert [each for each in went if each not in talk.moves(who)] == talk.said(who)

    def read(self) -> tuple[list[str], list[str]]:
        """Return what the peer has said, and what the person has."""
        return self._read_plain() if self._plain else self._read_edited()

    def _rows(self) -> list[str]:
        view = self._player.view
        return [*view.lines, view.row]

    def _read_plain(self) -> tuple[list[str], list[str]]:
        """Read the lines; any may have been typed, behind the prompt or ahead of it."""
        lines, name = self._rows(), f"{self._peer}: "
        came = [line.removeprefix(name) for line in lines if line.startswith(name)]
        return [*map(bare, came)], [
            bare(line.removeprefix(">").removeprefix("/say ")) for line in lines
        ]

    def _read_edited(self) -> tuple[list[str], list[str]]:
        """Read the rows: a mark and a name begin a message, and a deeper indent goes on."""
        messages: dict[str, list[str]] = {self._peer: [], "": []}
        last: list[str] | None = None  # the messages that the next row may go on with
        for row in self._rows():
            begin = re.match(rf"  ({self._peer}): (.*)|> (?:Ann: |Bob: |/say )(.*)", row)
            if begin:
                last = messages[begin[1] or ""]
                last.append(begin[2] or begin[3] or "")
            elif not row.startswith(" " * 3):
                last = None
            elif last:
                last[-1] += row
        return [*map(bare, messages[self._peer])], [*map(bare, messages[""])]


def is_within(texts: list[str], lines: list[str]) -> bool:
    """Return whether all texts are among the lines, in their order."""
    rest = iter(lines)
    return all(text in rest for text in texts)


def cases(talk: Talk, times: int = 1) -> Iterator[object]:
    """Yield a talk with each person in each place, and each place with some deliveries."""
    for turn in range(times):
        for number, place in enumerate(PLACES):
            other = PLACES[(number * 5 + 3 + turn) % len(PLACES)]
            delivery = talk.deliveries[(number + turn) % len(talk.deliveries)]
            name = f"{talk.name}-{place[0]}{place[1]}-{other[0]}{other[1]}-{delivery}"
            yield pytest.param(talk, place, other, delivery, id=name)


@pytest.mark.parametrize(
    ("talk", "server", "client", "delivery"),
    [
        case
        for talk, times in [
            *((TALK, 2), (PASTE, 1), (GAME, 1), (LOSS, 1)),
            *((make_random(seed), 1) for seed in (1, 2)),
        ]
        for case in cases(talk, times)
    ],
)
def test_the_same_text_everywhere(
    talk: Talk,
    server: tuple[str, int],
    client: tuple[str, int],
    delivery: str,
    tmp_path: Path,
) -> None:
    """Both scrollbacks have every message of both sides, whole and in order."""
    options = {"plain": "--plain", "edited": "--wrap yes"}
    start = (
        f"window: server {server[1]} x {ROWS}\n"
        f"window: client {client[1]} x {ROWS}\n"
        f"server: starts with --mode free --name {ANN} {options[server[0]]}\n"
        f"{'network: delivers as it comes' * (delivery == 'proxy')}\n"
        f"client: starts with --name {BOB} {options[client[0]]}\n"
    )
    piece = PIECE if delivery == "pieces" else 0
    with Stage(tmp_path, piece, terminal="edited") as stage:
        play(stage, start)
        ann = Reader(stage.players["server"], server[0], BOB)
        bob = Reader(stage.players["client"], client[0], ANN)
        for part in talk.parts:
            if isinstance(part, str):
                play(stage, part)
                continue
            for step in part.typed:
                play(stage, step)
            if part.typed:
                (bob if part.who == ANN else ann).wait_for(stage, part.text)
        play(stage, "client> /q\nclient: exits 0\nserver: exits 0\n")
        ann.check(talk, ANN)
        bob.check(talk, BOB)


def play(stage: Stage, steps: str) -> None:
    """Play steps of the talk that goes on."""
    perform(stage, Script.parse("the talk", steps))
