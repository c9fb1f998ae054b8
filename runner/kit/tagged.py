"""Frozen records as JSON and back, by the names of their kinds: only kinds that were listed are ever made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from types import ModuleType
from typing import Any

from msgspec import NODEFAULT, Struct

from runner.kit.canonical import Json

_PLAIN = frozenset({str, int, float, bool, type(None)})


class Tagged:
    """`kinds`: the structs and enumerations that may stand in a record, at any depth. Fields that hold their
    default are left out; lists, tuples, sets, mappings with text as keys, dates and moments come back as they went."""

    def __init__(self, kinds: Iterable[type]) -> None:
        self._kinds = {kind.__name__: kind for kind in kinds}
        self._defaults = {
            kind: list(_defaults(kind)) for kind in self._kinds.values() if issubclass(kind, Struct)
        }

    @classmethod
    def of(cls, *modules: ModuleType) -> Tagged:
        """Of all structs and enumerations that `modules` define."""
        found = (each for module in modules for each in vars(module).values() if isinstance(each, type))
        own = {module.__name__ for module in modules}
        return cls(each for each in found if issubclass(each, (Struct, Enum)) and each.__module__ in own)

    def written(self, value: object) -> Json:
        """`value` as JSON. TypeError for a kind that was not listed."""
        if type(value) in _PLAIN:
            return value  # type: ignore[return-value]
        if isinstance(value, Struct):
            members: dict[str, Json] = {"@": self._named(value)}
            for name, default in self._defaults[type(value)]:
                if (member := getattr(value, name)) != default:
                    members[name] = member if type(member) in _PLAIN else self.written(member)
            return members
        match value:
            case Enum():
                return {"=": [self._named(value), str(value.value)]}
            case datetime():
                return {"moment": value.isoformat()}
            case date():
                return {"day": value.isoformat()}
            case tuple():
                return {"(": [self.written(each) for each in value]}
            case list():
                return [self.written(each) for each in value]
            case frozenset():
                return {"{": [self.written(each) for each in sorted(value)]}
            case Mapping():
                return {":": {str(key): self.written(each) for key, each in value.items()}}
            case _:
                raise TypeError(f"nothing is written of {type(value).__name__}")

    def read(self, written: Json) -> Any:
        """What was written. ValueError, TypeError or KeyError for anything else."""
        if isinstance(written, list):
            return [self.read(each) for each in written]
        if not isinstance(written, dict):
            return written
        if "@" in written:
            members = {key: self.read(each) for key, each in written.items() if key != "@"}
            return self._kinds[str(written["@"])](**members)
        ((mark, inner),) = written.items()
        return self._marked(mark, inner)

    def _marked(self, mark: str, inner: Any) -> object:
        match mark:
            case "=":
                name, value = inner
                return self._kinds[name](value)
            case "moment":
                return datetime.fromisoformat(inner)
            case "day":
                return date.fromisoformat(inner)
            case "(":
                return tuple(self.read(each) for each in inner)
            case "{":
                return frozenset(self.read(each) for each in inner)
            case ":":
                return {key: self.read(each) for key, each in inner.items()}
            case _:
                raise ValueError(f"nothing is marked {mark}")

    def _named(self, value: object) -> str:
        name = type(value).__name__
        if self._kinds.get(name) is not type(value):
            raise TypeError(f"{name} was not listed")
        return name


def _defaults(kind: type[Struct]) -> Iterable[tuple[str, object]]:
    """Each field with its default: NODEFAULT, which no value equals, where it has none."""
    names, given = kind.__struct_fields__, kind.__struct_defaults__
    for name, default in zip(names, (NODEFAULT,) * (len(names) - len(given)) + given, strict=True):
        yield name, getattr(default, "factory", lambda default=default: default)()
