"""A mutant: one mistake, named by the function and the code that it changes.

A mutant looks like this:

    Mutant(
        "a header is read before it is whole",
        "FrameReader.feed",
        ("while start <= last: ...", "while start <= last + 1: ..."),
    )

The function is named as it is found from the module: `Class.method`, `function`, `Class`
for what stands in a class itself, `""` for what stands in the module itself. Functions and
classes inside it are not searched: they have names of their own.

The first text of a pair is an expression, a statement, or several statements in a row, and
must occur there exactly once; the second text replaces it, and an empty one removes it.
Where something occurs twice, quote more of it: a condition with its `if`, a statement with
its neighbour. A body `...` matches any body, and with it any `else`, unless that is quoted;
a body `...` in the second text is the one that the first text matched, in the same order.

Code is compared as the interpreter reads it: comments, layout and quotes do not matter.
"""

import ast
from collections.abc import Iterator, Sequence
from copy import deepcopy
from inspect import cleandoc
from typing import NamedTuple

SIMULATION_TESTS = (
    "tests/simulation/test_liars.py",
    "tests/simulation/test_time.py",
    "tests/simulation/test_cuts.py",
)
"""The tests of two ends that talk with each other in memory."""

LINK_TESTS = ("tests/core/test_link.py", "tests/core/test_pulse.py", *SIMULATION_TESTS)
"""The tests of the protocol on one connection."""

SESSION_TESTS = (
    "tests/core/test_session.py",
    "tests/core/test_link.py",
    *SIMULATION_TESTS,
)
"""The tests of what both ends remember of a talk."""

PULSE_TESTS = ("tests/core/test_pulse.py", "tests/simulation/test_time.py")
"""The tests of the silence of a peer."""

FRAME_TESTS = (
    "tests/core/test_frames.py",
    "tests/core/test_reader.py",
    "tests/core/test_session.py",
    "tests/core/test_link.py",
)
"""The tests of the bytes of a frame."""

CHAT_TESTS = (
    "tests/core/test_chat.py",
    "tests/core/test_peer.py",
    "tests/core/test_outbox.py",
    "tests/core/test_playing.py",
    "tests/core/test_goodbye.py",
)
"""The tests of a chat and its parts."""

CONNECTION_TESTS = ("tests/core/test_connection.py", *CHAT_TESTS)
"""The tests of a connection and of the chat on it."""

PROGRAM_TESTS = (
    "tests/core/test_program.py::"
    "test_with_again_the_next_talk_begins_unless_it_was_us_who_left",
    "tests/core/test_program.py::"
    "test_lines_that_were_never_sent_are_listed_and_cost_a_pipe_its_exit_code",
)
"""The tests of the end of a talk. All others of that file take half a minute."""

TERMINAL_TESTS = ("tests/terminal/test_plain.py",)
"""The tests of the plain terminal."""

_SCOPES = (ast.FunctionDef, ast.ClassDef)


class MutantError(Exception):
    """The code that a mutant names is not there, or not exactly once."""


class Mutant:
    """One mistake: what goes wrong, the function, and pairs of right and wrong code.

    The pairs are applied one after the other. `tests` are those that are to notice it,
    where they are not the ones that the module names.
    """

    def __init__(
        self,
        mistake: str,
        function: str,
        *edits: tuple[str, str],
        tests: tuple[str, ...] = (),
    ) -> None:
        self.mistake = mistake
        self.function = function
        self.edits = edits
        self.tests = tests

    def apply(self, source: str, file: str) -> str:
        """Return the module's text with the mistake in it, without its comments.

        Raises MutantError, which names the file, when the function or the code is not
        there exactly once.
        """
        tree = ast.parse(source)
        found = [node for name, node in _scopes(tree) if name == self.function]
        if len(found) != 1:
            raise MutantError(
                f"{file}: found {len(found)} functions or classes {self.function},"
                " must be one"
            )
        for right, wrong in self.edits:
            edit = _Edit(right, wrong)
            edit.apply(found[0])
            if edit.found != 1:
                where = f"{file}, {self.function or 'outside of functions and classes'}"
                raise MutantError(
                    f"{where}: found {edit.found} times, must be there once: {right}"
                )
        return ast.unparse(tree)


class Module(NamedTuple):
    """A module of the product: its file, the tests that are near it, its mutants."""

    file: str
    tests: tuple[str, ...]
    mutants: tuple[Mutant, ...]


class _Edit:
    """Look for the right code below a node, put the wrong code there, and count."""

    def __init__(self, right: str, wrong: str) -> None:
        self.found = 0
        self._right = ast.parse(cleandoc(right)).body
        self._wrong: list[ast.stmt] = ast.parse(cleandoc(wrong)).body or [ast.Pass()]
        self._expressions = _expression(self._right), _expression(self._wrong)

    def apply(self, node: ast.AST) -> None:
        """Change what is below this node, but not in functions and classes there."""
        for name, value in ast.iter_fields(node):
            if isinstance(value, list):
                setattr(node, name, self._change_list(value))
            else:
                setattr(node, name, self._change(value))

    def _change(self, node: object) -> object:
        """Return what is to stand in the place of this node."""
        right, wrong = self._expressions
        if not isinstance(node, ast.AST) or isinstance(node, _SCOPES):
            return node
        if right and wrong and _matches(right, node, []):
            self.found += 1
            return deepcopy(wrong)
        self.apply(node)
        return node

    def _change_list(self, nodes: list[object]) -> list[object]:
        """Return what is to stand in the place of these, statements or whatever it is."""
        result: list[object] = []
        while nodes:
            size, kept = len(self._right), list[dict[str, object]]()
            if None in self._expressions and _matches(self._right, nodes[:size], kept):
                self.found += 1
                wrong = deepcopy(self._wrong)
                _fill(wrong, iter(kept))
                result += wrong
                nodes = nodes[size:]
            else:
                result.append(self._change(nodes[0]))
                nodes = nodes[1:]
        return result


def _expression(statements: Sequence[ast.stmt]) -> ast.expr | None:
    """Return the expression that these statements are, or None."""
    if len(statements) == 1 and isinstance(statements[0], ast.Expr):
        return statements[0].value
    return None


def _matches(right: object, found: object, kept: list[dict[str, object]]) -> bool:
    """Return whether two pieces of code are the same, positions in the file aside.

    What an open body matches is added to `kept`.
    """
    if type(right) is not type(found):
        return False
    if isinstance(right, list) and isinstance(found, list):
        return len(right) == len(found) and all(
            _matches(*pair, kept) for pair in zip(right, found, strict=True)
        )
    if not isinstance(right, ast.AST):
        return right == found
    open_fields = _open_fields(right)
    if open_fields:
        kept.append({name: getattr(found, name) for name in open_fields})
    return all(
        _matches(getattr(right, name), getattr(found, name), kept)
        for name in right._fields
        if name not in open_fields
    )


def _open_fields(node: ast.AST) -> list[str]:
    """Return which fields of a node match anything: a body `...`, an `else` not quoted."""
    fields = [name for name in ("body", "orelse") if _is_open(getattr(node, name, None))]
    return ["body", "orelse"] if fields and getattr(node, "orelse", 0) == [] else fields


def _is_open(body: object) -> bool:
    expression = _expression(body) if isinstance(body, list) else None
    return isinstance(expression, ast.Constant) and expression.value is Ellipsis


def _fill(wrong: object, kept: Iterator[dict[str, object]]) -> None:
    """Put what the open bodies of the right code matched into those of the wrong code."""
    if isinstance(wrong, list):
        for node in wrong:
            _fill(node, kept)
    elif isinstance(wrong, ast.AST):
        open_fields = _open_fields(wrong)
        if open_fields:
            filling = next(kept, None)
            if filling is None:
                raise MutantError(
                    "the wrong code has more bodies `...` than the right code"
                )
            for name, value in filling.items():
                if name in open_fields:
                    setattr(wrong, name, value)
        for name, value in ast.iter_fields(wrong):
            if name not in open_fields:
                _fill(value, kept)


def _scopes(node: ast.AST, name: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield a module, function or class, and those in it, with their qualified names."""
    yield name, node
    for child in _children(node):
        yield from _scopes(child, f"{name}.{child.name}" if name else child.name)


def _children(node: ast.AST) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Yield the functions and classes in a node, but not those in them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
            yield child
        else:
            yield from _children(child)
