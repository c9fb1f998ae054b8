"""Whether a record holds what its types say: for what somebody else wrote, before anything is made of it."""

from __future__ import annotations

import types
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, ForwardRef, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

_JSON = (type(None), bool, int, float, str, list, dict)


def misfit(value: object, wanted: Any) -> str:
    """Where `value` is not of the type `wanted`, as a path of members (`targets[3].plan`); empty where it fits.

    Structs, enumerations, moments (with a zone), plain types, unions, and sequences, sets and mappings of them are
    looked into; a name that stands for itself (`Json`) counts as JSON.
    """
    if isinstance(wanted, (str, ForwardRef)):
        return "" if isinstance(value, _JSON) else "."
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (Union, types.UnionType):
        found = [misfit(value, each) for each in inner]
        return "" if "" in found else max(found, key=len)
    if origin is None:
        return _misfit_plain(value, wanted)
    if not isinstance(value, origin) or isinstance(value, str):
        return "."
    if issubclass(origin, Mapping):
        assert isinstance(value, Mapping)
        return _first(
            (f"[{key!r:.40}]", misfit(key, inner[0]) or misfit(each, inner[1])) for key, each in value.items()
        )
    assert isinstance(value, Collection)
    kinds = _each_of(value, inner) if issubclass(origin, Sequence) else [inner[0]] * len(value)
    if len(kinds) != len(value):
        return "."
    return _first(
        (f"[{number}]", misfit(each, kind))
        for number, (each, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _misfit_plain(value: object, wanted: Any) -> str:
    if wanted is Any or wanted is object:
        return ""
    if wanted is None:
        return "" if value is None else "."
    kinds = (float, int) if wanted is float else wanted
    if not isinstance(value, kinds) or (isinstance(value, bool) and wanted is not bool):
        return "."
    if isinstance(value, datetime) and value.tzinfo is None:
        return "."
    if not isinstance(value, Struct):
        return ""
    members = _members(type(value))
    return _first((f".{name}", misfit(getattr(value, name), kind)) for name, kind in members.items())


@cache
def _members(kind: type[Struct]) -> Mapping[str, Any]:
    return {name: each for name, each in get_type_hints(kind).items() if name in kind.__struct_fields__}


def _each_of(value: Collection[object], inner: tuple[Any, ...]) -> Sequence[Any]:
    """The type of each member of a sequence: all alike, or as many as a tuple's type has."""
    if len(inner) == 1 or inner[-1] is Ellipsis:
        return [inner[0]] * len(value)
    return inner


def _first(places: Iterable[tuple[str, str]]) -> str:
    """The first place that has something deeper in it."""
    return next((place + deeper.removesuffix(".") for place, deeper in places if deeper), "")
