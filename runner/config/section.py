"""A checked section, read key by key with the type that the schema promised.

A type that is not as promised is a damaged cache or a bug of ours, never a mistake of the user: `Unbelievable`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from runner.model.references import Json

Kind = TypeVar("Kind")


class Unbelievable(ValueError):
    """What was kept as checked does not have the shape that the schema gives."""


class Section:
    """Reads one mapping. Absent keys give the default that is asked for."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Json) -> None:
        if not isinstance(keys, Mapping):
            raise Unbelievable("a section is no mapping")
        self._keys = keys

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def json(self, key: str) -> Json:
        """Whatever stands there."""
        return self._keys.get(key)

    def text(self, key: str, default: str = "") -> str:
        """A text."""
        value = self._keys.get(key)
        return default if value is None else _a(str, value)

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        value = self._keys.get(key)
        return default if value is None else _a(bool, value)

    def count(self, key: str, default: int = 0) -> int:
        """A whole number."""
        value = self._keys.get(key)
        return default if value is None else _a(int, value)

    def seconds(self, key: str) -> float | None:
        """A duration."""
        value = self._keys.get(key)
        return (
            None if value is None else float(_a(float, value) if isinstance(value, float) else _a(int, value))
        )

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(_a(str, item) for item in self._list(key))

    def counts(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers."""
        return tuple(_a(int, item) for item in self._list(key))

    def words(self, key: str) -> dict[str, str]:
        """A mapping of texts to texts."""
        section = self.section(key)
        return {name: section.text(name) for name in section.names()}

    def section(self, key: str) -> Section:
        """A section; an empty one when there is none."""
        return Section(self._keys.get(key) or {})

    def sections(self, key: str) -> tuple[Section, ...]:
        """A list of sections."""
        return tuple(Section(item) for item in self._list(key))

    def names(self) -> tuple[str, ...]:
        """The keys, as written."""
        return tuple(self._keys)

    def _list(self, key: str) -> list[Json]:
        value = self._keys.get(key)
        return [] if value is None else _a(list, value)


def _a(kind: type[Kind], value: Json) -> Kind:
    if not isinstance(value, kind):
        raise Unbelievable(f"{value!r} is no {kind.__name__}")
    return value
