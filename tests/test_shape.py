"""The shape of the code: functions that fit on a screen, and mostly in ten lines."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


def functions() -> Iterator[tuple[str, int]]:
    """Name every function outside the tests, with its lines, docstring included."""
    for package in ("chatlib", "chatd", "chatc", "harness"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    assert node.end_lineno is not None
                    size = node.end_lineno - node.lineno + 1
                    yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", size


def test_the_median_function_has_at_most_ten_lines() -> None:
    """Small machines."""
    assert statistics.median(size for _, size in functions()) <= 10


def test_no_function_has_more_than_forty_lines() -> None:
    """What does not fit on a screen wants to be two things."""
    assert not [f"{name}: {size} lines" for name, size in functions() if size > 40]
