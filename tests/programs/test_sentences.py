"""All sentences for people, in one list: each new one is looked at before it is shown.

`sentences.txt` has every text of two words or more in the code of the programs, `{}` for
what is put into it. `python -m tests.programs.test_sentences` writes it anew; what has
changed in it is to be read as a person reads it who has never seen the code.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.stage import ROOT

LIST = Path(__file__).with_name("sentences.txt")

PACKAGES = ("chatlib", "chatd", "chatc")

NO_SENTENCES = {"visible.py", "keyboard.py", "framelog.py", "bindings.py"}
"""Modules whose texts are patterns, names of keys, or for who reads a frame log."""

WORDS = re.compile(r"[A-Za-z]{2,}[^A-Za-z]* [^A-Za-z]*[A-Za-z]{2,}")

JARGON = re.compile(
    r"\bSIG[A-Z]+|\bEOF\b|\b[Ee]rrno\b|\bE[A-Z]{4,}\b|\bstd(in|out|err)\b|\bnull\b|"
    r"\bexception\b|\btraceback\b|\bsocket\b|\bfd\b|\bNone\b"
)
"""Words that a person need not know."""

NOT_SHOWN = re.compile(r"stopped by (SIG|signal)|--frame-log - is|%H")
"""What looks like jargon and is none: the words of a BYE, which are translated."""

SHOWN_BY = {"notify", "show"}
"""Methods whose argument is a whole line that a person reads."""

CLASSIC = {
    "Server listening on: {} on port: {}",
    "Waiting for message...",
    "Connected by {}",
    "Connected to: {} on port: {}",
}
"""Lines of the assignment sheet, which end as they like."""


def template(node: ast.expr) -> str:
    """Return a text with `{}` for each part that is not fixed."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr(parts):
            return "".join(map(template, parts))
        case _:
            return "{}"


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module in their order, without docstrings."""
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.Expr(ast.Constant(str())):
                continue  # a docstring
            case ast.Constant(str()) | ast.JoinedStr():
                yield template(node)
                inner = [
                    each for each in ast.walk(node) if isinstance(each, ast.FormattedValue)
                ]
                for each in inner:
                    yield from texts(each.value)
            case _:
                yield from texts(node)


def modules() -> list[Path]:
    """Return every module that may hold a sentence."""
    paths = [path for each in PACKAGES for path in sorted((ROOT / each).rglob("*.py"))]
    return [path for path in paths if path.name not in NO_SENTENCES]


def parse(path: Path) -> ast.Module:
    """Return the code of a module."""
    return ast.parse(path.read_text("utf-8"))


def sentences() -> list[str]:
    """Return all texts, each once a module, behind the module's name."""
    lines: list[str] = []
    for path in modules():
        # One text is a program: what the resolver's process runs.
        found = [text for text in texts(parse(path)) if not text.startswith("import ")]
        rows = dict.fromkeys(row for text in found for row in text.split("\n"))
        lines += [f"{path.relative_to(ROOT)}: {row}" for row in rows if WORDS.search(row)]
    return lines


def shown() -> Iterator[str]:
    """Yield every whole line that is passed to the screen where it is written."""
    for path in modules():
        for node in ast.walk(parse(path)):
            match node:
                case ast.Call(ast.Attribute(attr=name), [text]) if name in SHOWN_BY:
                    if WORDS.search(template(text)):
                        yield template(text)


def test_every_sentence_is_in_the_list() -> None:
    """A new one, or one that has changed, is to be looked at and added."""
    listed = LIST.read_text("utf-8").splitlines()
    now = sentences()
    new = [line for line in now if line not in listed]
    old = [line for line in listed if line not in now]
    how = "look at them, then: python -m tests.programs.test_sentences"
    assert (new, old) == ([], []), how
    assert listed == now, how


@pytest.mark.parametrize("text", sorted(set(shown())))
def test_a_notice_is_a_sentence(text: str) -> None:
    """It begins with a capital or a name, and ends with a period or what can be typed."""
    assert re.match(r"[A-Z{/]", text), text
    assert text in CLASSIC or re.search(r"[.}:]$|/[a-z]+( [A-Z]+)?$", text), text


def test_no_sentence_has_words_that_only_programmers_know() -> None:
    """Nor two colons side by side, nor a number of an error."""
    for line in sentences():
        _, _, text = line.partition(": ")
        if not NOT_SHOWN.search(text):
            assert not JARGON.search(text), line
            assert "::" not in text.replace("::1", "") and ": :" not in text, line


def test_the_rules_would_notice() -> None:
    """The words that were once shown."""
    assert JARGON.search("Last words: killed by SIGINT")
    assert JARGON.search("[Errno 104] reset")
    assert not re.match(r"[A-Z{/]", "connection lost")


if __name__ == "__main__":
    LIST.write_text("".join(f"{line}\n" for line in sentences()), "utf-8")
