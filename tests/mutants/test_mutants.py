"""The mutants fit the code as it is; `make mutants` proves that tests notice them."""

import ast
from collections import Counter

import pytest

from harness.stage import ROOT
from tests.mutants.__main__ import load
from tests.mutants.mutant import Module, Mutant

MODULES = load()

ALL = [(module, mutant) for module in MODULES.values() for mutant in module.mutants]

SENTENCES = [mutant.mistake for _, mutant in ALL]


def source(module: Module) -> str:
    """Return the text of a module of the product."""
    return (ROOT / module.file).read_text("utf-8")


@pytest.mark.parametrize(("module", "mutant"), ALL, ids=SENTENCES)
def test_a_mutant_is_python_and_differs_from_the_code(
    module: Module, mutant: Mutant
) -> None:
    """Its code is found exactly once, too: `apply` demands that."""
    wrong = mutant.apply(source(module), module.file)
    compile(wrong, module.file, "exec")
    assert wrong != ast.unparse(ast.parse(source(module)))


@pytest.mark.parametrize("name", MODULES)
def test_code_without_a_mistake_survives_the_way_it_is_written(name: str) -> None:
    """Otherwise a test might fail because of that, and not because of the mistake."""
    tree = ast.parse(source(MODULES[name]))
    assert ast.dump(ast.parse(ast.unparse(tree))) == ast.dump(tree)


@pytest.mark.parametrize("name", MODULES)
def test_a_file_of_mutants_has_the_name_of_its_module(name: str) -> None:
    """So that `python -m tests.mutants reader` needs no explanation."""
    assert (ROOT / MODULES[name].file).stem == name


def test_the_tests_that_are_to_notice_a_mutant_exist() -> None:
    """With a missing file pytest fails whatever the code does."""
    for module, mutant in ALL:
        for name in (*module.tests, *mutant.tests):
            file, _, _ = name.partition("::")
            assert (ROOT / file).is_file()


def test_no_two_mutants_have_the_same_sentence() -> None:
    """The table names a mutant by its sentence."""
    assert len(SENTENCES) == len(set(SENTENCES))


def test_no_two_mutants_make_the_same_mistake() -> None:
    """The second would prove nothing."""
    results = Counter(
        (module.file, mutant.apply(source(module), module.file)) for module, mutant in ALL
    )
    assert max(results.values()) == 1
