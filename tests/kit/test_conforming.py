"""A record that somebody else wrote holds what its types say, or is told where it does not."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Union

import pytest
from msgspec import Struct

from runner.kit.conforming import misfit

Value = Union[None, bool, int, float, str, "list[Value]", "dict[str, Value]"]


class Colour(StrEnum):
    RED = "red"


class Leaf(Struct, frozen=True, kw_only=True):
    name: str
    at: datetime | None = None
    value: Value = None


class Root(Struct, frozen=True, kw_only=True):
    number: int
    share: float = 0.0
    colour: Colour = Colour.RED
    leaves: tuple[Leaf, ...] = ()
    pair: tuple[str, int] = ("a", 1)
    words: frozenset[str] = frozenset()
    by_name: Mapping[str, tuple[int, ...]] = {}


NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOUND = Root(
    number=1,
    share=1,
    leaves=(Leaf(name="x", at=NOW, value={"a": [1, None, {"b": "c"}]}), Leaf(name="y")),
    words=frozenset({"w"}),
    by_name={"a": (1, 2)},
)


def test_what_its_types_say_fits() -> None:
    assert misfit(SOUND, Root) == ""


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"number": "1"}, ".number"),
        ({"number": True}, ".number"),
        ({"number": None}, ".number"),
        ({"share": "0.5"}, ".share"),
        ({"colour": "red"}, ".colour"),
        ({"leaves": [Leaf(name="x")]}, ".leaves"),
        ({"leaves": "xy"}, ".leaves"),
        ({"leaves": (Leaf(name="x"), Leaf(name=7))}, ".leaves[1].name"),  # type: ignore[arg-type]
        ({"leaves": (Leaf(name="x", at=NOW.replace(tzinfo=None)),)}, ".leaves[0].at"),
        ({"leaves": (Leaf(name="x", value=Colour),)}, ".leaves[0].value"),  # type: ignore[arg-type]
        ({"leaves": (SOUND,)}, ".leaves[0]"),
        ({"pair": ("a", 1, 2)}, ".pair"),
        ({"pair": ("a", "b")}, ".pair[1]"),
        ({"words": frozenset({1})}, ".words[0]"),
        ({"by_name": {"a": (1, "2")}}, ".by_name['a'][1]"),
        ({"by_name": [("a", (1,))]}, ".by_name"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(members: dict[str, Any], place: str) -> None:
    given = {name: getattr(SOUND, name) for name in Root.__struct_fields__}
    assert misfit(Root(**{**given, **members}), Root) == place


def test_another_record_does_not_fit() -> None:
    assert misfit(Leaf(name="x"), Root) == "."
