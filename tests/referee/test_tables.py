"""Tables become dataclasses and come back; a value that does not fit is named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest

from harness.referee.tables import TableError, build, change, leaves, table


class Colour(StrEnum):
    """A text of which there are only these."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Wheel:
    """A part, of which there may be several."""

    inches: float
    name: str = ""


@dataclass(frozen=True)
class Car:
    """One field of each type that a table may have."""

    name: str
    colour: Colour = Colour.RED
    gears: int = 5
    petrol: bool = True
    plate: str | None = None
    fuel: Literal["petrol", "diesel"] = "petrol"
    wheels: tuple[Wheel, ...] = ()
    spare: Wheel = field(default_factory=lambda: Wheel(14.0, "spare"))
    parts: Mapping[str, Wheel] = field(default_factory=dict)
    folder: Path = Path()


FULL = Car(
    "beetle",
    Colour.BLUE,
    4,
    False,
    "HH 1",
    "diesel",
    (Wheel(15.0), Wheel(16.5, "left")),
    Wheel(13.0),
    {"front": Wheel(1.0)},
    Path("/cars"),
)


def refused(value: object) -> TableError:
    """Return the error of a car that cannot be built."""
    with pytest.raises(TableError) as caught:
        build(Car, value)
    return caught.value


def test_a_table_with_every_field_comes_back_as_it_was() -> None:
    """All types of fields, in both directions."""
    assert build(Car, table(FULL)) == FULL


def test_a_field_with_its_default_is_left_out_and_filled_in() -> None:
    """Also the fields of a part that differs from the default of the whole."""
    assert table(Car("mini")) == {"name": "mini"}
    assert build(Car, {"name": "mini"}) == Car("mini")
    bare = Car("mini", spare=Wheel(14.0))
    assert table(bare) == {"name": "mini", "spare": {"inches": 14.0}}
    assert build(Car, table(bare)) == bare


def test_a_change_keeps_all_that_the_table_does_not_name() -> None:
    """Fields of a part too; a list is built anew."""
    changed = change(FULL, {"gears": 3, "spare": {"name": "x"}, "wheels": [{"inches": 2}]})
    assert (changed.name, changed.gears, changed.colour) == ("beetle", 3, Colour.BLUE)
    assert changed.spare == Wheel(13.0, "x")
    assert changed.wheels == (Wheel(2.0),)


def test_a_single_value_is_a_list_of_one_only_where_that_is_allowed() -> None:
    """A person who writes TOML may leave the brackets out; a program's JSON may not."""
    value = {"name": "mini", "wheels": {"inches": 1}}
    assert build(Car, value, lone=True).wheels == (Wheel(1.0),)
    assert change(FULL, {"wheels": {"inches": 1}}).wheels == (Wheel(1.0),)
    assert refused(value).problem == "list"


@pytest.mark.parametrize(
    ("value", "place", "problem"),
    [
        pytest.param(1, "it", "table", id="no-table"),
        pytest.param({"name": "x", "hue": 1}, "hue", "unknown", id="unknown-key"),
        pytest.param({}, "name", "missing", id="missing-key"),
        pytest.param({"name": 1}, "name", "str", id="no-text"),
        pytest.param({"name": "x", "plate": 1}, "plate", "str", id="no-text-or-none"),
        pytest.param({"name": "x", "gears": 1.5}, "gears", "int", id="no-whole-number"),
        pytest.param({"name": "x", "gears": True}, "gears", "int", id="bool-for-number"),
        pytest.param({"name": "x", "petrol": 1}, "petrol", "bool", id="no-bool"),
        pytest.param({"name": "x", "fuel": "air"}, "fuel", "choice", id="no-choice"),
        pytest.param({"name": "x", "colour": []}, "colour", "choice", id="no-enum"),
        pytest.param(
            {"name": "x", "wheels": [{}]}, "wheels[0].inches", "missing", id="in-list"
        ),
        pytest.param(
            {"name": "x", "spare": {"inches": ""}}, "spare.inches", "float", id="part"
        ),
        pytest.param({"name": "x", "parts": {"a": 1}}, "parts.a", "table", id="in-mapping"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_place(
    value: object, place: str, problem: str
) -> None:
    """The place is a path of keys and numbers, the problem one of few words."""
    error = refused(value)
    assert error.sentence({problem: "{place}"}, first=0) == place


def test_the_caller_puts_the_mistake_into_words() -> None:
    """With the key, its table, the value and what would have been right."""
    error = refused({"name": "x", "wheels": [{"inches": 1, "colour": "red"}]})
    words = {"unknown": "{parent} has {key!r} = {value!r}, not {wanted}"}
    assert (
        error.sentence(words, first=1) == "wheels[1] has 'colour' = 'red', not inches, name"
    )
    assert error.sentence(words).startswith("wheels has")


def test_every_leaf_has_its_place() -> None:
    """In parts, lists and mappings: a caller can hold rules of its own against each."""
    found: dict[tuple[str | int, ...], Any] = dict(leaves(FULL))
    assert found["gears",] == 4
    assert found["wheels", 1, "name"] == "left"
    assert found["parts", "front", "inches"] == 1.0
