"""The shape of the code: how long, how wide, and how it is explained."""

import ast
import re
import statistics
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

PACKAGES = ("chatlib", "chatd", "chatc", "harness")

METHODS = 30
"""The most methods that a class may have."""

ATTRIBUTES = 20
"""The most attributes that a class may set."""

FIGURATIVE = re.compile(r"(Give|Say|Hold|Take|Tell)\b")
"""Verbs that hide what a function does: it returns, sends, writes, keeps or reads."""

COMMENTS = 0.08
"""The least part of the lines of `chatlib`, blank ones aside, that are comments."""


def files(*packages: str) -> list[Path]:
    """Return the files of some packages."""
    return [path for name in packages for path in sorted((ROOT / name).rglob("*.py"))]


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """Yield every node of the code outside the tests, with the file that it is in."""
    for path in files(*PACKAGES):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            yield path.relative_to(ROOT).as_posix(), node


def functions() -> Iterator[tuple[str, int]]:
    """Yield the name of every function, and its lines, the docstring included."""
    for file, node in nodes():
        if isinstance(node, ast.FunctionDef):
            assert node.end_lineno is not None
            yield f"{file}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def wide_classes() -> dict[str, str]:
    """Return every class that has too many methods or attributes, with their numbers."""
    wide = {}
    for file, node in nodes():
        if isinstance(node, ast.ClassDef):
            methods = sum(isinstance(each, ast.FunctionDef) for each in node.body)
            count = len(attributes(node))
            if methods > METHODS or count > ATTRIBUTES:
                wide[f"{file} {node.name}"] = f"{methods} methods, {count} attributes"
    return wide


def attributes(node: ast.ClassDef) -> set[str]:
    """Return the names that a class stores as `self.name`."""
    return {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute)
        and isinstance(each.ctx, ast.Store)
        and isinstance(each.value, ast.Name)
        and each.value.id == "self"
    }


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield every docstring, those of constants included, with the place where it is."""
    for file, node in nodes():
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            text = node.value.value
            if isinstance(text, str):
                yield f"{file}:{node.lineno}", text


def comment_lines(path: Path) -> int:
    """Return how many lines of a file are comments and nothing else."""
    with path.open("rb") as file:
        return sum(
            token.type == tokenize.COMMENT and token.line.lstrip().startswith("#")
            for token in tokenize.tokenize(file.readline)
        )


def test_the_median_function_has_at_most_ten_lines() -> None:
    """A short function has a name for what it does."""
    assert statistics.median(size for _, size in functions()) <= 10


def test_no_function_has_more_than_forty_lines() -> None:
    """A function that does not fit on a screen does two things."""
    long = [f"{name}: {size} lines" for name, size in functions() if size > 40]
    assert not long, "\n".join(long)


def test_no_class_has_more_than_thirty_methods_or_twenty_attributes() -> None:
    """A class that is wider has two lifetimes in it."""
    wide = [f"{name}: {numbers}" for name, numbers in wide_classes().items()]
    assert not wide, "\n".join(wide)


def test_no_docstring_begins_with_a_figurative_verb() -> None:
    """A stranger is to know what the function does, not what it is like."""
    found = [
        f"{place}: {text.splitlines()[0]}"
        for place, text in docstrings()
        if FIGURATIVE.match(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_hides_code_from_the_interpreter(package: str) -> None:
    """A type that only the type checker sees can be a base class, or a string."""
    found = [
        path.relative_to(ROOT).as_posix()
        for path in files(package)
        if "TYPE_CHECKING = False" in path.read_text("utf-8")
    ]
    assert not found, "\n".join(found)


def test_eight_percent_of_the_shared_code_are_comments() -> None:
    """Blank lines do not count, nor do comments behind code."""
    lines = comments = 0
    for path in files("chatlib"):
        lines += sum(1 for line in path.read_text("utf-8").splitlines() if line.strip())
        comments += comment_lines(path)
    assert comments / lines >= COMMENTS, f"{comments} of {lines} lines"
