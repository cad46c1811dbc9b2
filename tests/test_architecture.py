"""What docs/architecture.md names is there: files, classes, methods, constants."""

import ast
import re
from collections.abc import Iterator

from harness.stage import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")

CODE = ("chatlib", "chatd", "chatc", "harness")


def names() -> Iterator[str]:
    """Yield `name`, and `Class.name`, for all that the code defines or a class uses."""
    for folder in CODE:
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    yield node.name
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id
            for holder in [each for each in tree.body if isinstance(each, ast.ClassDef)]:
                for node in ast.walk(holder):
                    if isinstance(node, ast.FunctionDef):
                        yield f"{holder.name}.{node.name}"
                    elif isinstance(node, ast.Attribute) and isinstance(
                        node.ctx, ast.Store
                    ):
                        yield f"{holder.name}.{node.attr}"


def test_every_file_that_the_page_names_exists() -> None:
    """Relative to the project, or to the package that both programs share."""
    paths = set(re.findall(r"`([\w/]+(?:\.py|\.toml|\.md|/))`", PAGE))
    assert len(paths) >= 15
    for path in paths:
        assert any((ROOT / base / path).exists() for base in ("", *CODE, "harness/referee"))


def test_every_member_that_the_page_names_exists() -> None:
    """As `Class.member`; one that was renamed would lead nobody anywhere."""
    wanted = set(re.findall(r"`([A-Z][a-z]\w*\.\w+)", PAGE))
    assert len(wanted) >= 20
    assert wanted <= set(names())


def test_every_constant_and_private_function_that_the_page_names_exists() -> None:
    """In capitals, or with an underscore before it."""
    wanted = set(re.findall(r"`(_[a-z_]+|[A-Z]{3,}_?[A-Z_]*)`", PAGE))
    assert {"FRAMES", "BODY_LENGTHS", "_body_fields"} <= wanted
    assert wanted <= set(names())
